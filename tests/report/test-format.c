/* SPDX-License-Identifier: MIT */
/*
 * Goal: numbers and words come out the same everywhere and rounded as documented.
 * Method: tables of values around every limit of rounding, prefix and width.
 */
#include "test-report.h"

#include <CUnit/CUnit.h>

#include <report/format.h>

#include <string.h>

static void
test_decimal(void)
{
    static const struct {
        uint64_t value;
        unsigned scale, digits;
        const char *expected;
    } cases[] = {{0, 0, 0, "0"},
                 {0, 6, 2, "0.00"},
                 {1234567, 6, 6, "1.234567"},
                 {1234567, 6, 2, "1.23"},
                 {1235000, 6, 2, "1.24"},
                 {1234999, 6, 2, "1.23"},
                 {999999, 6, 2, "1.00"},
                 {500000, 6, 0, "1"},
                 {499999, 6, 0, "0"},
                 {5, 0, 3, "5.000"},
                 {12, 1, 3, "1.200"},
                 {UINT64_MAX, 3, 3, "18446744073709551.615"},
                 {UINT64_MAX, 3, 0, "18446744073709552"},
                 {UINT64_MAX, 18, 1, "18.4"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        nsim_format_decimal(out, cases[i].value, cases[i].scale, cases[i].digits);
        CU_ASSERT_STRING_EQUAL(out->str, cases[i].expected);
    }
}

static void
test_exact(void)
{
    static const struct {
        uint64_t value;
        const char *expected;
    } cases[] = {{0, "0"},
                 {1, "0.001"},
                 {10, "0.01"},
                 {100, "0.1"},
                 {1000, "1"},
                 {85500, "85.5"},
                 {UINT64_MAX, "18446744073709551.615"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        nsim_format_exact(out, cases[i].value, 3);
        CU_ASSERT_STRING_EQUAL(out->str, cases[i].expected);
    }
}

static void
test_si(void)
{
    static const struct {
        uint64_t value;
        const char *expected;
    } cases[] = {{0, "0"},
                 {9999, "9999"},
                 {10000, "10.0 k"},
                 {12345, "12.3 k"},
                 {99949, "99.9 k"},
                 {99950, "100 k"},
                 {999499, "999 k"},
                 {999500, "1.00 M"},
                 {9994999, "9.99 M"},
                 {9995000, "10.0 M"},
                 {1234567890, "1.23 G"},
                 {UINT64_MAX, "18.4 E"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        nsim_format_si(out, cases[i].value);
        CU_ASSERT_STRING_EQUAL(out->str, cases[i].expected);
        /* Bytes are the same with a unit: after a space, or after the prefix. */
        g_autofree char *expected = g_strconcat(cases[i].expected, cases[i].value < 10000 ? " B" : "B", NULL);
        g_string_truncate(out, 0);
        nsim_format_bytes(out, cases[i].value);
        CU_ASSERT_STRING_EQUAL(out->str, expected);
    }
}

static void
test_time_scale(void)
{
    static const struct {
        NsimTime low_ps, high_ps;
        unsigned digits_max;
        const char *unit;
        unsigned digits;
        const char *high_text;
    } cases[] = {{0, 0, 3, "ns", 3, "0.000"},
                 {85300, 85300, 3, "ns", 2, "85.30"},
                 {85300, 85300, 1, "ns", 1, "85.3"},
                 {1394 * NSIM_MS, 3221 * NSIM_MS, 3, "s", 3, "3.221"},
                 {999 * NSIM_MS, 3221 * NSIM_MS, 3, "ms", 1, "3221.0"},
                 {1, 50 * NSIM_MS, 3, "us", 2, "50000.00"},
                 {1, 12345678901 * NSIM_NS, 3, "ms", 2, "12345.68"},
                 {NSIM_TIME_MAX, NSIM_TIME_MAX, 3, "s", 0, "18446744"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const NsimTimeScale scale = nsim_time_scale(cases[i].low_ps, cases[i].high_ps, cases[i].digits_max);
        g_autofree char *text = nsim_time_in_scale(cases[i].high_ps, &scale);
        CU_ASSERT_STRING_EQUAL(scale.unit, cases[i].unit);
        CU_ASSERT_EQUAL(scale.digits, cases[i].digits);
        CU_ASSERT_STRING_EQUAL(text, cases[i].high_text);
    }
}

/* Whatever the range, a time in a table stays within 8 characters. */
static void
test_time_width(void)
{
    for (unsigned low = 0; low < 64; low++) {
        for (unsigned high = low; high < 64; high++) {
            const NsimTime low_ps = UINT64_C(1) << low, high_ps = (UINT64_C(1) << high) - 1 + (UINT64_C(1) << high);
            const NsimTimeScale scale = nsim_time_scale(low_ps, high_ps, 3);
            g_autofree char *text = nsim_time_in_scale(high_ps, &scale);
            CU_ASSERT(strlen(text) <= 8);
        }
    }
}

static void
test_shares(void)
{
    CU_ASSERT_EQUAL(nsim_share_ppm(0, 0), 0);
    CU_ASSERT_EQUAL(nsim_share_ppm(1, 3), 333333);
    CU_ASSERT_EQUAL(nsim_share_ppm(UINT64_MAX, UINT64_MAX), 1000000);
    CU_ASSERT_EQUAL(nsim_add_saturated(UINT64_MAX, 1), UINT64_MAX);
    CU_ASSERT_EQUAL(nsim_add_saturated(2, 3), 5);
}

static void
test_clean(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {{NULL, ""},
                 {"plain", "plain"},
                 {"a\033[31mb\n\t\x7f", "a?[31mb???"},
                 {"gr\xc3\xb6\xc3\x9f"
                  "e",
                  "gr\xc3\xb6\xc3\x9f"
                  "e"},
                 {"bad\xff!", "bad\xef\xbf\xbd!"},
                 {"\xc2\x9b", "?"}}; /* a C1 control character */
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *clean = nsim_text_clean(cases[i].text);
        CU_ASSERT_STRING_EQUAL(clean, cases[i].expected);
    }
}

static void
test_fit(void)
{
    static const struct {
        const char *text;
        unsigned columns;
        const char *expected;
    } cases[] = {{"short", 5, "short"},
                 {"shorts", 5, "sh..s"},
                 {"weighted-interleave-auto", 12, "weigh..-auto"},
                 /* Two columns each: there is never half a character. */
                 {"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87", 7, "\xe4\xb8\xad..\xe6\x96\x87"},
                 {"\xe4\xb8\xad\xe6\x96\x87", 5, "\xe4\xb8\xad\xe6\x96\x87"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *fitted = nsim_text_fit(cases[i].text, cases[i].columns);
        CU_ASSERT_STRING_EQUAL(fitted, cases[i].expected);
        CU_ASSERT(nsim_text_columns(fitted) <= cases[i].columns);
    }
    CU_ASSERT_EQUAL(nsim_text_columns("e\xcc\x81"), 1); /* a combining accent takes no column */
}

static void
test_wrap(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    nsim_text_wrap(out, "one two three four", 2, 9);
    CU_ASSERT_STRING_EQUAL(out->str, "one two\n  three\n  four\n");
    g_string_truncate(out, 0);
    nsim_text_wrap(out, "averylongwordthatcannotbecut next", 0, 10);
    CU_ASSERT_STRING_EQUAL(out->str, "averylongwordthatcannotbecut\nnext\n");
}

bool
test_format_register(void)
{
    CU_pSuite suite = CU_add_suite("format", NULL, NULL);
    return suite && CU_add_test(suite, "decimals", test_decimal) && CU_add_test(suite, "exact decimals", test_exact) &&
           CU_add_test(suite, "decimal prefixes", test_si) && CU_add_test(suite, "units of times", test_time_scale) &&
           CU_add_test(suite, "width of times", test_time_width) && CU_add_test(suite, "shares", test_shares) &&
           CU_add_test(suite, "cleaning", test_clean) && CU_add_test(suite, "fitting", test_fit) &&
           CU_add_test(suite, "wrapping", test_wrap);
}
