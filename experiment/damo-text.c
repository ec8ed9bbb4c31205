/* SPDX-License-Identifier: MIT */
/* Numbers as damo shows them. */
#include <experiment/damo-text.h>

#include <report/format.h>
#include <string.h>

char *
nsim_damo_text_number(uint64_t number)
{
    g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, number);
    GString *text = g_string_new(NULL);
    const size_t length = strlen(digits);
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            g_string_append_c(text, ',');
        g_string_append_c(text, digits[i]);
    }
    return g_string_free(text, FALSE);
}

char *
nsim_damo_text_size(uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes == UINT64_MAX)
        return g_strdup("max");
    for (unsigned u = G_N_ELEMENTS(units); u > 0; u--) {
        const unsigned shift = 10 * u;
        const uint64_t rest = bytes & ((UINT64_C(1) << shift) - 1);
        /* Just one of a unit damo shows in the next smaller one. */
        if (bytes <= UINT64_C(1) << shift)
            continue;
        /* Three decimals must say all of it. */
        const unsigned __int128 thousandths = (unsigned __int128)rest * 1000;
        if ((thousandths & ((UINT64_C(1) << shift) - 1)) != 0)
            break;
        return g_strdup_printf("%" G_GUINT64_FORMAT ".%03u %s", bytes >> shift, (unsigned)(thousandths >> shift),
                               units[u - 1]);
    }
    g_autofree char *number = nsim_damo_text_number(bytes);
    return g_strconcat(number, " B", NULL);
}

char *
nsim_damo_text_short_size(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned u = 0;
    if (bytes == UINT64_MAX)
        return g_strdup("max");
    while (u + 1 < G_N_ELEMENTS(units) && bytes >> (10 * u) >= 10000)
        u++;
    if ((bytes & ((UINT64_C(1) << (10 * u)) - 1)) != 0)
        return g_strdup_printf("about %" G_GUINT64_FORMAT " %s", bytes >> (10 * u), units[u]);
    for (; u + 1 < G_N_ELEMENTS(units) && bytes > 0 && (bytes & ((UINT64_C(1) << (10 * (u + 1))) - 1)) == 0; u++)
        ;
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s", bytes >> (10 * u), units[u]);
}

char *
nsim_damo_text_time(uint64_t ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"d", UINT64_C(86400000000000)},
                 {"h", UINT64_C(3600000000000)},
                 {"m", UINT64_C(60000000000)},
                 {"s", UINT64_C(1000000000)},
                 {"ms", 1000000},
                 {"us", 1000},
                 {"ns", 1}};
    if (ns == UINT64_MAX)
        return g_strdup("max");
    GString *text = g_string_new(ns == 0 ? "0 ns" : NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (ns / units[i].ns > 0)
            g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " %s", text->len > 0 ? " " : "", ns / units[i].ns,
                                   units[i].name);
        ns %= units[i].ns;
    }
    return g_string_free(text, FALSE);
}

char *
nsim_damo_text_ps(NsimTime time_ps)
{
    return nsim_damo_text_time(time_ps == NSIM_TIME_MAX ? UINT64_MAX : time_ps / NSIM_NS);
}

char *
nsim_damo_text_percent(uint64_t value, unsigned scale)
{
    GString *text = g_string_new(NULL);
    nsim_format_exact(text, value, scale);
    g_string_append(text, " %");
    return g_string_free(text, FALSE);
}
