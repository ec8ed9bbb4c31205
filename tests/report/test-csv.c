/* SPDX-License-Identifier: MIT */
/* Goal: fields are quoted when they must be and only then. Method: expected text. */
#include "test-report.h"

#include <CUnit/CUnit.h>

#include <report/csv.h>

static void
test_quoting(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {{"plain", "plain\n"},
                 {"with space", "with space\n"},
                 {"a,b", "\"a,b\"\n"},
                 {"say \"x\"", "\"say \"\"x\"\"\"\n"},
                 {"two\nlines", "\"two\nlines\"\n"},
                 {"\r", "\"\r\"\n"},
                 {"", "\n"},
                 {NULL, "\n"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        NsimCsv csv = {.out = g_string_new(NULL)};
        nsim_csv_text(&csv, cases[i].text);
        nsim_csv_end_line(&csv);
        CU_ASSERT_STRING_EQUAL(csv.out->str, cases[i].expected);
        g_string_free(csv.out, TRUE);
    }
}

static void
test_line(void)
{
    NsimCsv csv = {.out = g_string_new(NULL)};
    nsim_csv_printf(&csv, "%s.%d", "a,b", 1);
    nsim_csv_uint(&csv, UINT64_MAX);
    nsim_csv_empty(&csv);
    nsim_csv_ns(&csv, 1001);
    nsim_csv_ratio(&csv, 970000);
    nsim_csv_end_line(&csv);
    nsim_csv_uint(&csv, 1);
    nsim_csv_end_line(&csv);
    CU_ASSERT_STRING_EQUAL(csv.out->str, "\"a,b.1\",18446744073709551615,,1.001,0.970000\n1\n");
    g_string_free(csv.out, TRUE);
}

bool
test_csv_register(void)
{
    CU_pSuite suite = CU_add_suite("csv", NULL, NULL);
    return suite && CU_add_test(suite, "quoting", test_quoting) && CU_add_test(suite, "a line", test_line);
}
