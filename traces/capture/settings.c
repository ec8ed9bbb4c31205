/* SPDX-License-Identifier: MIT */
/* The environment's options: see settings.h. */
#include "settings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <traces/burst.h>

#define VALUE_BYTES_MAX 64u

#define CACHE_BYTES_MAX ((uint64_t)1 << 36)
#define SETS_MAX ((uint64_t)1 << 24)
#define WAYS_MAX 64u
#define CACHES_MAX 16u
#define THREADS_MAX 4096u
#define LEVEL_MAX 19u
#define RATE_MAX 1000000000000000u
/* The least instructions an access may stand for, and the most. */
#define INSTRUCTIONS_MIN_256THS 1u
#define INSTRUCTIONS_MAX_256THS (1000u * 256)

static bool fail(char *message, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool
fail(char *message, size_t bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, bytes, format, arguments);
    va_end(arguments);
    return false;
}

void
nsim_settings_init(NsimSettings *settings)
{
    *settings = (NsimSettings){.cache_bytes = (uint64_t)32 << 20,
                               .ways = 16,
                               .caches = 1,
                               .threads_per_cache = 1,
                               .instructions_per_s = 3000000000u,
                               .instructions_256ths = NSIM_SETTINGS_INSTRUCTIONS_256THS,
                               .level = 3};
}

/* A number of digits only at *at, at most `most`; advances. */
static bool
take_integer(const char **at, uint64_t most, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        const unsigned digit = (unsigned)(**at - '0');
        if (value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = value;
    return true;
}

static bool
parse_integer(const char *text, uint64_t least, uint64_t most, uint64_t *ret_value)
{
    return take_integer(&text, most, ret_value) && *text == '\0' && *ret_value >= least;
}

/* Bytes with their unit: "32MiB". */
static bool
parse_bytes(const char *text, uint64_t most, uint64_t *ret_value)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"B", 1},     {"KiB", 1024},   {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024},
                 {"kB", 1000}, {"MB", 1000000}, {"GB", 1000000000}};
    uint64_t value;
    if (!take_integer(&text, most, &value) || value == 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(text, units[i].name) == 0 && value <= most / units[i].bytes) {
            *ret_value = value * units[i].bytes;
            return true;
        }
    return false;
}

/* A decimal number such as "3.25" or "3e9", in 256ths. */
static bool
parse_decimal_256ths(const char *text, uint64_t most_256ths, uint64_t *ret_value)
{
    uint64_t whole, millionths = 0, exponent = 0;
    if (!take_integer(&text, (uint64_t)1 << 40, &whole))
        return false;
    if (*text == '.') {
        uint64_t unit = 100000;
        if (*++text < '0' || *text > '9')
            return false;
        for (; *text >= '0' && *text <= '9'; text++, unit /= 10)
            millionths += unit * (unsigned)(*text - '0'); /* digits beyond the sixth say nothing here */
    }
    if (*text == 'e' && (text++, !take_integer(&text, 15, &exponent)))
        return false;
    if (*text != '\0')
        return false;
    unsigned __int128 value = (unsigned __int128)whole * 1000000 + millionths;
    for (; exponent > 0; exponent--)
        value *= 10;
    value = value * 256 / 1000000;
    if (value > most_256ths)
        return false;
    *ret_value = (uint64_t)value;
    return true;
}

/* One KEY=VALUE. False with `*ret_allowed`: the values there are; NULL there: no such key. */
static bool
set_one(NsimSettings *settings, const char *key, const char *value, const char **ret_allowed)
{
    uint64_t number = 0;
    bool ok;
    if (strcmp(key, "cache") == 0) {
        *ret_allowed = "4KiB to 64GiB, with a unit";
        ok = parse_bytes(value, CACHE_BYTES_MAX, &settings->cache_bytes);
    } else if (strcmp(key, "ways") == 0) {
        *ret_allowed = "1 to 64";
        ok = parse_integer(value, 1, WAYS_MAX, &number);
        settings->ways = (uint32_t)number;
    } else if (strcmp(key, "caches") == 0) {
        *ret_allowed = "1 to 16";
        ok = parse_integer(value, 1, CACHES_MAX, &number);
        settings->caches = (uint32_t)number;
    } else if (strcmp(key, "threads-per-cache") == 0) {
        *ret_allowed = "1 to 4096";
        ok = parse_integer(value, 1, THREADS_MAX, &number);
        settings->threads_per_cache = (uint32_t)number;
    } else if (strcmp(key, "rate") == 0) {
        *ret_allowed = "instructions a second, 1 to 1e15";
        ok = parse_decimal_256ths(value, RATE_MAX * 256, &number) && number >= 256;
        settings->instructions_per_s = number / 256;
    } else if (strcmp(key, "instructions-per-access") == 0) {
        *ret_allowed = "0.004 to 1000";
        ok = parse_decimal_256ths(value, INSTRUCTIONS_MAX_256THS, &number) && number >= INSTRUCTIONS_MIN_256THS;
        settings->instructions_256ths = (uint32_t)number;
    } else if (strcmp(key, "max-bytes") == 0) {
        *ret_allowed = "1B or more, with a unit";
        ok = parse_bytes(value, INT64_MAX, &settings->bytes_max);
    } else if (strcmp(key, "level") == 0) {
        *ret_allowed = "0 to 19";
        ok = parse_integer(value, 0, LEVEL_MAX, &number);
        settings->level = (int)number;
    } else if (strcmp(key, "start") == 0) {
        *ret_allowed = "auto or manual";
        ok = strcmp(value, "auto") == 0 || strcmp(value, "manual") == 0;
        settings->manual = strcmp(value, "manual") == 0;
    } else {
        *ret_allowed = NULL;
        ok = false;
    }
    return ok;
}

static bool
check_cache(const NsimSettings *settings, char *message, size_t bytes)
{
    const uint64_t sets = settings->cache_bytes / NSIM_LINE_BYTES / settings->ways;
    if (sets >= 1 && sets <= SETS_MAX && (sets & (sets - 1)) == 0 &&
        sets * settings->ways * NSIM_LINE_BYTES == settings->cache_bytes)
        return true;
    return fail(message, bytes,
                "a cache of %" PRIu64 " bytes with %" PRIu32
                " ways has no power of two of sets of 64-byte lines (cache / ways / 64: 1 to 2^24)",
                settings->cache_bytes, settings->ways);
}

bool
nsim_settings_parse(NsimSettings *settings, const char *text, char *message, size_t message_bytes)
{
    while (text && *text != '\0') {
        const char *end = strchrnul(text, ',');
        const char *equals = memchr(text, '=', (size_t)(end - text));
        char key[VALUE_BYTES_MAX], value[VALUE_BYTES_MAX];
        const char *allowed = NULL;
        const int length = end - text < 100 ? (int)(end - text) : 100;
        if (!equals)
            return fail(message, message_bytes, "\"%.*s\" is not of the form key=value", length, text);
        if ((size_t)(equals - text) >= sizeof key || (size_t)(end - equals) > sizeof value)
            return fail(message, message_bytes, "option too long: \"%.*s\"", length, text);
        snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
        snprintf(value, sizeof value, "%.*s", (int)(end - equals - 1), equals + 1);
        if (!set_one(settings, key, value, &allowed)) {
            if (allowed)
                return fail(message, message_bytes, "%s is \"%s\" (allowed: %s)", key, value, allowed);
            return fail(message, message_bytes,
                        "unknown option \"%s\" (allowed: cache, ways, caches, threads-per-cache, rate, "
                        "instructions-per-access, max-bytes, level, start)",
                        key);
        }
        text = *end == ',' ? end + 1 : end;
    }
    return check_cache(settings, message, message_bytes);
}

bool
nsim_settings_expand(const char *pattern, long process, char *path)
{
    size_t at = 0;
    for (; *pattern != '\0'; pattern++) {
        if (at + 24 >= NSIM_SETTINGS_PATH_MAX)
            return false;
        if (pattern[0] == '%' && pattern[1] == 'p') {
            at += (size_t)snprintf(path + at, NSIM_SETTINGS_PATH_MAX - at, "%ld", process);
            pattern++;
        } else {
            path[at++] = *pattern;
            pattern += pattern[0] == '%' && pattern[1] == '%';
        }
    }
    path[at] = '\0';
    return true;
}
