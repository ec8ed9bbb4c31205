/* SPDX-License-Identifier: MIT */
/*
 * Numbers with units, exact: a decimal number is an integer over a power of ten, scaled by the unit in 128 bits and
 * rounded half up once. Nothing passes through a double, so the same text is the same value on every machine.
 */
#include <models/quantity.h>

#include <sim/assert.h>
#include <string.h>

typedef unsigned __int128 Wide;

/* 10^18 times the largest unit (an hour, 3.6e15 ps) fits 128 bits with room to spare. */
#define FRACTION_DIGITS_MAX 18u
/* How much of a refused text a message repeats. */
#define SHOWN_BYTES_MAX 64

#define KI ((uint64_t)1 << 10)
#define MI ((uint64_t)1 << 20)
#define GI ((uint64_t)1 << 30)
#define TI ((uint64_t)1 << 40)
#define K ((uint64_t)1000)
#define M (1000 * K)
#define G (1000 * M)
#define T (1000 * G)

typedef struct {
    const char *name;
    uint64_t factor;
} Unit;

/* Ascending where nsim_quantity_format() chooses from them. */
static const Unit time_units[] = {{"ps", 1}, {"ns", K},       {"us", M},          {"ms", G},
                                  {"s", T},  {"min", 60 * T}, {"h", 60 * 60 * T}, {NULL, 0}};
static const Unit bytes_units[] = {{"B", 1},    {"kB", K},   {"MB", M},   {"GB", G},   {"TB", T},
                                   {"KiB", KI}, {"MiB", MI}, {"GiB", GI}, {"TiB", TI}, {NULL, 0}};
static const Unit rate_units[] = {{"B/s", 1},    {"kB/s", K},   {"MB/s", M},   {"GB/s", G},   {"TB/s", T},
                                  {"KiB/s", KI}, {"MiB/s", MI}, {"GiB/s", GI}, {"TiB/s", TI}, {NULL, 0}};
static const Unit frequency_units[] = {{"Hz", 1}, {"kHz", K}, {"MHz", M}, {"GHz", G}, {NULL, 0}};
static const Unit ratio_units[] = {{"", M}, {"%", 10 * K}, {NULL, 0}};
static const Unit count_units[] = {{"", 1}, {"k", K}, {"M", M}, {"G", G}, {NULL, 0}};

typedef struct {
    const char *noun;    /* what a message calls the quantity */
    const char *allowed; /* the units, as a message lists them */
    const Unit *units;
} Kind;

static const Kind kinds[] = {
    [NSIM_QUANTITY_TIME] = {"a time", "ps, ns, us, ms, s, min or h", time_units},
    [NSIM_QUANTITY_BYTES] = {"a size", "B, kB, MB, GB, TB, KiB, MiB, GiB or TiB", bytes_units},
    [NSIM_QUANTITY_RATE] = {"a rate", "B/s, kB/s, MB/s, GB/s, TB/s, KiB/s, MiB/s, GiB/s or TiB/s", rate_units},
    [NSIM_QUANTITY_FREQUENCY] = {"a frequency", "Hz, kHz, MHz or GHz", frequency_units},
    [NSIM_QUANTITY_RATIO] = {"a ratio", "% or none (5% or 0.05)", ratio_units},
    [NSIM_QUANTITY_COUNT] = {"a whole number", "none, k, M or G", count_units},
};

const char *
nsim_quantity_units(NsimQuantityKind kind)
{
    return kinds[kind].allowed;
}

/* "TEXT", shortened. */
static char *
shown(const char *text)
{
    const bool long_text = strlen(text) > SHOWN_BYTES_MAX;
    return g_strdup_printf("\"%.*s%s\"", SHOWN_BYTES_MAX, text, long_text ? "..." : "");
}

static bool
problem(const char *text, const Kind *kind, const char *what, char **ret_problem)
{
    g_autofree char *found = shown(text);
    *ret_problem = g_strdup_printf("%s %s; write %s with unit %s", found, what, kind->noun, kind->allowed);
    return false;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at `*text` onto `*value`; false when they do not fit 64 bits. Advances `*text`. */
static bool
read_digits(const char **text, uint64_t *value, uint32_t *ret_count)
{
    *ret_count = 0;
    for (; is_digit(**text); (*text)++, (*ret_count)++) {
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(**text - '0'), value))
            return false;
    }
    return true;
}

static const Unit *
find_unit(const Kind *kind, const char *name)
{
    for (const Unit *unit = kind->units; unit->name; unit++) {
        if (strcmp(unit->name, name) == 0)
            return unit;
    }
    return NULL;
}

bool
nsim_quantity_parse(const char *text, NsimQuantityKind kind_id, uint64_t *ret, char **ret_problem)
{
    const Kind *kind = &kinds[kind_id];
    const char *at = text;
    uint64_t whole = 0, fraction = 0, scale = 1;
    uint32_t whole_digits, fraction_digits = 0;
    if (*at == '-' && is_digit(at[1]))
        return problem(text, kind, "is negative", ret_problem);
    if (!read_digits(&at, &whole, &whole_digits))
        return problem(text, kind, "is too large", ret_problem);
    if (whole_digits == 0)
        return problem(text, kind, "does not begin with a digit", ret_problem);
    if (*at == '.') {
        at++;
        const char *end = at + strspn(at, "0123456789");
        if (end == at || (size_t)(end - at) > FRACTION_DIGITS_MAX)
            return problem(text, kind, "needs 1 to 18 digits after the point", ret_problem);
        const bool fits = read_digits(&at, &fraction, &fraction_digits);
        nsim_assert(fits);
    }
    while (*at == ' ')
        at++;
    const Unit *unit = find_unit(kind, at);
    if (!unit)
        return problem(text, kind, *at == '\0' ? "has no unit" : "has an unknown unit", ret_problem);
    for (uint32_t i = 0; i < fraction_digits; i++)
        scale *= 10;
    const Wide part = (Wide)fraction * unit->factor;
    if (kind_id == NSIM_QUANTITY_COUNT && part % scale != 0)
        return problem(text, kind, "is not a whole number", ret_problem);
    const Wide value = (Wide)whole * unit->factor + (part + scale / 2) / scale;
    if (value > UINT64_MAX)
        return problem(text, kind, "is too large", ret_problem);
    *ret = (uint64_t)value;
    return true;
}

/* value / factor with three significant digits, trailing zeros dropped; whole numbers from 100 on stay whole. */
static char *
format_scaled(uint64_t value, const Unit *unit)
{
    uint64_t decimals = 1; /* 10^digits after the point */
    if (value / unit->factor < 10)
        decimals = 100;
    else if (value / unit->factor < 100)
        decimals = 10;
    const Wide scaled = ((Wide)value * decimals + unit->factor / 2) / unit->factor;
    const uint64_t whole = (uint64_t)(scaled / decimals);
    uint64_t rest = (uint64_t)(scaled % decimals);
    if (rest == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT "%s", whole, unit->name);
    int digits = decimals == 100 ? 2 : 1;
    if (rest % 10 == 0 && digits == 2) {
        rest /= 10;
        digits = 1;
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT ".%0*" G_GUINT64_FORMAT "%s", whole, digits, rest, unit->name);
}

char *
nsim_quantity_format(uint64_t value, NsimQuantityKind kind)
{
    /* Sizes read best in powers of two, everything else in powers of ten. Minutes and hours are not written. */
    static const Unit sizes[] = {{"B", 1}, {"KiB", KI}, {"MiB", MI}, {"GiB", GI}, {"TiB", TI}};
    const Unit *units = kind == NSIM_QUANTITY_BYTES ? sizes : kinds[kind].units;
    uint32_t last = 4;
    if (kind == NSIM_QUANTITY_RATIO)
        return format_scaled(value, &ratio_units[1]);
    if (kind == NSIM_QUANTITY_COUNT)
        return g_strdup_printf("%" G_GUINT64_FORMAT, value);
    if (kind == NSIM_QUANTITY_FREQUENCY)
        last = 3;
    uint32_t i = 0;
    /* The next unit also when rounding would reach it: 999.6ns is 1us. */
    while (i < last && (Wide)value + units[i].factor / 2 >= units[i + 1].factor)
        i++;
    return format_scaled(value, &units[i]);
}
