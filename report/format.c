/* SPDX-License-Identifier: MIT */
/* Numbers and words as text, in integers only. */
#include <report/format.h>

#include <sim/assert.h>
#include <sim/time.h>

#include <string.h>

#define DECIMALS_MAX 18u
/* Characters a time in a table takes, the point included. */
#define WIDTH_MAX 8u

static const uint64_t powers[DECIMALS_MAX + 1] = {1u,
                                                  10u,
                                                  100u,
                                                  1000u,
                                                  10000u,
                                                  100000u,
                                                  1000000u,
                                                  10000000u,
                                                  100000000u,
                                                  1000000000u,
                                                  10000000000u,
                                                  100000000000u,
                                                  1000000000000u,
                                                  10000000000000u,
                                                  100000000000000u,
                                                  1000000000000000u,
                                                  10000000000000000u,
                                                  100000000000000000u,
                                                  1000000000000000000u};

void
nsim_format_decimal(GString *out, uint64_t value, unsigned scale, unsigned digits)
{
    nsim_assert(scale <= DECIMALS_MAX && digits <= DECIMALS_MAX);
    uint64_t whole = value / powers[scale], rest = value % powers[scale];
    if (digits < scale) {
        const uint64_t cut = powers[scale - digits];
        rest = rest / cut + (rest % cut >= cut / 2 ? 1 : 0);
        if (rest == powers[digits]) {
            rest = 0;
            whole++;
        }
    } else {
        rest *= powers[digits - scale];
    }
    g_string_append_printf(out, "%" G_GUINT64_FORMAT, whole);
    if (digits > 0)
        g_string_append_printf(out, ".%0*" G_GUINT64_FORMAT, (int)digits, rest);
}

void
nsim_format_exact(GString *out, uint64_t value, unsigned scale)
{
    nsim_assert(scale <= DECIMALS_MAX);
    while (scale > 0 && value % 10 == 0) {
        value /= 10;
        scale--;
    }
    nsim_format_decimal(out, value, scale, scale);
}

void
nsim_format_si(GString *out, uint64_t value)
{
    static const char *const prefixes[] = {"", " k", " M", " G", " T", " P", " E"};
    if (value < powers[4]) {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, value);
        return;
    }
    for (unsigned step = 1;; step++) {
        /* The thousandth part of the prefix: 9995 of them round to "10.0", one digit less after the point. */
        const unsigned __int128 unit = powers[3 * step - 3];
        const unsigned digits = value < 9995 * unit ? 2 : value < 99950 * unit ? 1 : 0;
        if (value < 999500 * unit || step + 1 == G_N_ELEMENTS(prefixes)) {
            nsim_format_decimal(out, value, 3 * step, digits);
            g_string_append(out, prefixes[step]);
            return;
        }
    }
}

void
nsim_format_bytes(GString *out, uint64_t bytes)
{
    nsim_format_si(out, bytes);
    g_string_append(out, bytes < powers[4] ? " B" : "B");
}

NsimTimeScale
nsim_time_scale(NsimTime low_ps, NsimTime high_ps, unsigned digits_max)
{
    static const NsimTimeScale units[] = {{"ns", 3, 0}, {"us", 6, 0}, {"ms", 9, 0}, {"s", 12, 0}};
    const unsigned last = G_N_ELEMENTS(units) - 1;
    unsigned chosen = 0;
    while (chosen < last && low_ps >= powers[units[chosen + 1].scale])
        chosen++;
    /* Seven digits before the point are the most that a reader compares at a glance. */
    while (chosen < last && high_ps / powers[units[chosen].scale] >= powers[7])
        chosen++;
    NsimTimeScale scale = units[chosen];
    const uint64_t low = low_ps / powers[scale.scale], high = high_ps / powers[scale.scale];
    scale.digits = MIN(low < 10 ? 3u : low < 100 ? 2u : low < 1000 ? 1u : 0u, digits_max);
    while (scale.digits > 0 && high >= powers[WIDTH_MAX - 1 - scale.digits])
        scale.digits--;
    return scale;
}

char *
nsim_time_in_scale(NsimTime time_ps, const NsimTimeScale *scale)
{
    GString *text = g_string_new(NULL);
    nsim_format_decimal(text, time_ps, scale->scale, scale->digits);
    return g_string_free(text, FALSE);
}

uint64_t
nsim_add_saturated(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

uint64_t
nsim_share_ppm(uint64_t part, uint64_t whole)
{
    return whole ? nsim_mul_div(part, NSIM_PPM, whole) : 0;
}

char *
nsim_text_clean(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    GString *out = g_string_new(NULL);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        const gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(out, g_unichar_iscntrl(c) ? (gunichar)'?' : c);
    }
    return g_string_free(out, FALSE);
}

static unsigned
character_columns(gunichar c)
{
    return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

unsigned
nsim_text_columns(const char *text)
{
    unsigned columns = 0;
    for (const char *p = text; *p; p = g_utf8_next_char(p))
        columns += character_columns(g_utf8_get_char(p));
    return columns;
}

char *
nsim_text_fit(const char *text, unsigned columns)
{
    static const char gap[] = "..";
    nsim_assert(columns >= 5);
    if (nsim_text_columns(text) <= columns)
        return g_strdup(text);
    const unsigned tail_columns = (columns - 2) / 2, head_columns = columns - 2 - tail_columns;
    const char *head = text, *tail = text + strlen(text);
    for (unsigned used = 0; *head; head = g_utf8_next_char(head)) {
        used += character_columns(g_utf8_get_char(head));
        if (used > head_columns)
            break;
    }
    for (unsigned used = 0; tail > head;) {
        const char *before = g_utf8_prev_char(tail);
        used += character_columns(g_utf8_get_char(before));
        if (used > tail_columns)
            break;
        tail = before;
    }
    return g_strdup_printf("%.*s%s%s", (int)(head - text), text, gap, tail);
}

void
nsim_text_wrap(GString *out, const char *text, unsigned indent, unsigned columns)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    unsigned used = 0;
    for (char **word = words; *word; word++) {
        const unsigned width = nsim_text_columns(*word);
        if (word > words && used + 1 + width > columns) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            used = indent;
        } else if (word > words) {
            g_string_append_c(out, ' ');
            used++;
        }
        g_string_append(out, *word);
        used += width;
    }
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}
