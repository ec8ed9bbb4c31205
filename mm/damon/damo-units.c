/* SPDX-License-Identifier: MIT */
/* Numbers of damo. Source and what is left out: damo-units.h. */
#include <mm/damon/damo-units.h>

#include <string.h>

#define FRACTION_DIGITS 9u
#define FRACTION_UNIT UINT64_C(1000000000)

typedef unsigned __int128 Wide;

/* A decimal number: whole part, and nine digits behind the point. */
typedef struct {
    uint64_t whole, fraction;
} Decimal;

typedef struct {
    const char *suffix;
    uint64_t factor;
} Suffix;

static const Suffix size_suffixes[] = {
    {"", 1},
    {"B", 1},
    {"K", UINT64_C(1) << 10},
    {"KB", UINT64_C(1) << 10},
    {"KiB", UINT64_C(1) << 10},
    {"M", UINT64_C(1) << 20},
    {"MB", UINT64_C(1) << 20},
    {"MiB", UINT64_C(1) << 20},
    {"G", UINT64_C(1) << 30},
    {"GB", UINT64_C(1) << 30},
    {"GiB", UINT64_C(1) << 30},
    {"T", UINT64_C(1) << 40},
    {"TB", UINT64_C(1) << 40},
    {"TiB", UINT64_C(1) << 40},
    {"P", UINT64_C(1) << 50},
    {"PB", UINT64_C(1) << 50},
    {"PiB", UINT64_C(1) << 50},
    {"E", UINT64_C(1) << 60},
    {"EB", UINT64_C(1) << 60},
    {"EiB", UINT64_C(1) << 60},
};
/* In nanoseconds. */
static const Suffix time_suffixes[] = {
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", UINT64_C(1000000000)},
    {"m", UINT64_C(60000000000)},
    {"h", UINT64_C(3600000000000)},
    {"d", UINT64_C(86400000000000)},
};

static uint64_t
saturate(Wide value)
{
    return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

static uint64_t
scale(const Decimal *decimal, uint64_t factor)
{
    return saturate((Wide)decimal->whole * factor + (Wide)decimal->fraction * factor / FRACTION_UNIT);
}

/* Digits, commas between them, and a fraction. False: there are none at `*at`. */
static bool
take_decimal(const char **at, Decimal *ret)
{
    const char *c = *at;
    Decimal decimal = {0};
    bool any = false;
    for (; g_ascii_isdigit(*c) || (any && *c == ',' && g_ascii_isdigit(c[1])); c++) {
        if (*c == ',')
            continue;
        any = true;
        decimal.whole = saturate((Wide)decimal.whole * 10 + (unsigned)(*c - '0'));
    }
    if (*c == '.' && (any || g_ascii_isdigit(c[1]))) {
        uint64_t unit = FRACTION_UNIT;
        any = true;
        for (c++; g_ascii_isdigit(*c); c++) {
            unit /= 10;
            decimal.fraction += unit * (unsigned)(*c - '0');
        }
    }
    *at = c;
    *ret = decimal;
    return any;
}

static void
skip_blanks(const char **at)
{
    while (g_ascii_isspace(**at))
        (*at)++;
}

static bool
find_suffix(const Suffix *suffixes, size_t count, const char *text, size_t length, uint64_t *ret_factor)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(suffixes[i].suffix) != length || memcmp(suffixes[i].suffix, text, length) != 0)
            continue;
        *ret_factor = suffixes[i].factor;
        return true;
    }
    return false;
}

/* The letters at `*at`, with blanks on both sides of them. */
static size_t
take_letters(const char **at, const char **ret_letters)
{
    skip_blanks(at);
    *ret_letters = *at;
    while (g_ascii_isalpha(**at))
        (*at)++;
    const size_t length = (size_t)(*at - *ret_letters);
    skip_blanks(at);
    return length;
}

static bool
parse_size(const char *at, uint64_t *ret)
{
    Decimal decimal;
    const char *letters;
    uint64_t factor;
    if (!take_decimal(&at, &decimal))
        return false;
    const size_t length = take_letters(&at, &letters);
    if (*at != '\0' || !find_suffix(size_suffixes, G_N_ELEMENTS(size_suffixes), letters, length, &factor))
        return false;
    *ret = scale(&decimal, factor);
    return true;
}

/* `base_ns`: what a bare number counts, and what the result is cut off to. */
static bool
parse_time(const char *at, uint64_t base_ns, uint64_t *ret)
{
    Wide sum_ns = 0;
    for (bool first = true; first || *at != '\0'; first = false) {
        Decimal decimal;
        const char *letters;
        uint64_t factor;
        if (!take_decimal(&at, &decimal))
            return false;
        const size_t length = take_letters(&at, &letters);
        if (length == 0 && first && *at == '\0') {
            *ret = scale(&decimal, 1); /* a fraction of the base unit is cut off */
            return true;
        }
        if (!find_suffix(time_suffixes, G_N_ELEMENTS(time_suffixes), letters, length, &factor))
            return false;
        sum_ns = MIN(sum_ns + scale(&decimal, factor), (Wide)UINT64_MAX * 2);
    }
    *ret = sum_ns >= UINT64_MAX ? UINT64_MAX : (uint64_t)sum_ns / base_ns;
    return true;
}

/* `percent` and `bare`: what 1 % and 1 count. */
static bool
parse_ratio(const char *at, uint64_t percent, uint64_t bare, uint64_t *ret)
{
    Decimal decimal;
    if (!take_decimal(&at, &decimal))
        return false;
    skip_blanks(&at);
    const bool is_percent = *at == '%';
    at += is_percent;
    skip_blanks(&at);
    *ret = scale(&decimal, is_percent ? percent : bare);
    return *at == '\0';
}

bool
nsim_damo_unit_parse(const char *text, NsimDamoUnit unit, uint64_t *ret)
{
    Decimal decimal;
    skip_blanks(&text);
    if (strcmp(text, "max") == 0 || strcmp(text, "min") == 0) {
        *ret = text[1] == 'a' ? UINT64_MAX : 0;
        return true;
    }
    switch (unit) {
    case NSIM_DAMO_SIZE:
        return parse_size(text, ret);
    case NSIM_DAMO_NS:
        return parse_time(text, 1, ret);
    case NSIM_DAMO_US:
        return parse_time(text, 1000, ret);
    case NSIM_DAMO_MS:
        return parse_time(text, 1000000, ret);
    case NSIM_DAMO_BP:
        return parse_ratio(text, 100, 1, ret);
    case NSIM_DAMO_PERMIL:
        return parse_ratio(text, 10, 1, ret);
    case NSIM_DAMO_PERCENT:
        return parse_ratio(text, 10000, 10000, ret);
    case NSIM_DAMO_NUMBER:
    case NSIM_DAMO_UNITS:
        break;
    }
    if (!take_decimal(&text, &decimal))
        return false;
    skip_blanks(&text);
    *ret = decimal.whole;
    return *text == '\0';
}

const char *
nsim_damo_unit_allowed(NsimDamoUnit unit)
{
    static const char *const allowed[NSIM_DAMO_UNITS] = {
        [NSIM_DAMO_NUMBER] = "a number, min or max",
        [NSIM_DAMO_SIZE] = "a size: bytes, or with B, K, M, G, T, P or E (KB and KiB are K: 1024), min or max",
        [NSIM_DAMO_NS] = "a time: nanoseconds, or with ns, us, ms, s, m, h or d, min or max",
        [NSIM_DAMO_US] = "a time: microseconds, or with ns, us, ms, s, m, h or d, min or max",
        [NSIM_DAMO_MS] = "a time: milliseconds, or with ns, us, ms, s, m, h or d, min or max",
        [NSIM_DAMO_BP] = "a ratio: 1/10000, or with %, min or max",
        [NSIM_DAMO_PERMIL] = "a ratio: 1/1000, or with %, min or max",
        [NSIM_DAMO_PERCENT] = "a ratio: percent with or without %, min or max",
    };
    return allowed[unit];
}

bool
nsim_damo_address_parse(const char *text, uint64_t *ret)
{
    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
        return nsim_damo_unit_parse(text, NSIM_DAMO_SIZE, ret);
    return g_ascii_string_to_unsigned(text + 2, 16, 0, UINT64_MAX, ret, NULL);
}
