/* SPDX-License-Identifier: MIT */
/* Fields of a line of text that is not terminated: each function moves `at` beyond what it took. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline const char *
nsim_text_skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/* The value of a hexadecimal digit, or more than 15. */
static inline unsigned
nsim_text_hex_digit(char digit)
{
    /* One more than the value, for '0' to 'f': digits of addresses are random, and so would be a branch. */
    static const uint8_t values[] = {1, 2,  3,  4,  5,  6,  7, 8, 9, 10, 0, 0, 0, 0, 0, 0, 0, 11, 12, 13, 14, 15, 16,
                                     0, 0,  0,  0,  0,  0,  0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0,  0,  0,  0,  0,  0,
                                     0, 0,  0,  11, 12, 13, 14, 15, 16};
    const unsigned at = (unsigned)(unsigned char)digit - '0';
    return at < sizeof values ? (values[at] - 1u) & 31u : 31;
}

/* Hexadecimal digits, without prefix. False: none, or more than 64 bits. */
static inline bool
nsim_text_take_hex(const char **at, const char *end, uint64_t *ret_value)
{
    const char *here = *at;
    uint64_t value = 0;
    unsigned digit;
    while (here < end && *here == '0')
        here++;
    const char *last = end - here > 16 ? here + 16 : end;
    for (; here < last && (digit = nsim_text_hex_digit(*here)) < 16; here++)
        value = value << 4 | digit;
    if (here == *at || (here == last && here < end && nsim_text_hex_digit(*here) < 16))
        return false;
    *at = here;
    *ret_value = value;
    return true;
}

/* Decimal digits. False: none, or more than 64 bits. */
static inline bool
nsim_text_take_decimal(const char **at, const char *end, uint64_t *ret_value)
{
    const char *here = *at;
    uint64_t value = 0;
    for (; here < end && (unsigned)(unsigned char)*here - '0' < 10u; here++) {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (unsigned)(unsigned char)*here - '0', &value))
            return false;
    }
    if (here == *at)
        return false;
    *at = here;
    *ret_value = value;
    return true;
}

/* A number, hexadecimal when it begins with 0x. */
static inline bool
nsim_text_take_number(const char **at, const char *end, uint64_t *ret_value)
{
    if (end - *at > 2 && (*at)[0] == '0' && ((*at)[1] == 'x' || (*at)[1] == 'X')) {
        const char *here = *at + 2;
        if (!nsim_text_take_hex(&here, end, ret_value))
            return false;
        *at = here;
        return true;
    }
    return nsim_text_take_decimal(at, end, ret_value);
}

/* Does the text go on with `word`? Takes it if so. */
static inline bool
nsim_text_take_word(const char **at, const char *end, const char *word)
{
    const size_t length = strlen(word);
    if ((size_t)(end - *at) < length || memcmp(*at, word, length) != 0)
        return false;
    *at += length;
    return true;
}

/* The next run of characters that are not blanks. False at the end of the line. */
static inline bool
nsim_text_take_token(const char **at, const char *end, const char **ret_token, size_t *ret_length)
{
    const char *here = nsim_text_skip_blanks(*at, end);
    *ret_token = here;
    while (here < end && *here != ' ' && *here != '\t')
        here++;
    *ret_length = (size_t)(here - *ret_token);
    *at = here;
    return *ret_length > 0;
}

/* Blanks, at least one. */
static inline bool
nsim_text_take_blanks(const char **at, const char *end)
{
    const char *here = nsim_text_skip_blanks(*at, end);
    const bool some = here > *at;
    *at = here;
    return some;
}

/* Are these `length` bytes `word`, which is not empty? */
static inline bool
nsim_text_equal(const char *text, size_t length, const char *word)
{
    return length > 0 && *text == *word && strlen(word) == length && memcmp(text, word, length) == 0;
}
