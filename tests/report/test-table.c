/* SPDX-License-Identifier: MIT */
/* Goal: columns line up whatever the cells hold, and no line ends in blanks. Method: expected text. */
#include "test-report.h"

#include <CUnit/CUnit.h>

#include <report/table.h>

#include <string.h>

static void
test_alignment(void)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", "name", false);
    nsim_table_column(table, "latency", "ns", true);
    nsim_table_column(table, "", "note", false);
    nsim_table_row(table, false);
    nsim_table_cell(table, "gr\xc3\xb6\xc3\x9f");
    nsim_table_cell(table, "1.5");
    nsim_table_cell(table, "short");
    nsim_table_row(table, true);
    nsim_table_cell(table, "\xe4\xb8\xad\xe6\x96\x87!");
    nsim_table_take_cell(table, g_strdup("123456.0"));
    g_autoptr(GString) out = g_string_new(NULL);
    nsim_table_render(table, out, false);
    CU_ASSERT_STRING_EQUAL(out->str, "        latency\n"
                                     "name         ns  note\n"
                                     "----------------------\n"
                                     "gr\xc3\xb6\xc3\x9f        1.5  short\n"
                                     "\xe4\xb8\xad\xe6\x96\x87!  123456.0\n");
    g_string_truncate(out, 0);
    nsim_table_render(table, out, true);
    CU_ASSERT_PTR_NOT_NULL(strstr(out->str, "\n\033[1m\xe4\xb8\xad\xe6\x96\x87!  123456.0\033[0m\n"));
    CU_ASSERT_PTR_NULL(strstr(out->str, "\033[1mgr"));
}

/* A heading line without words is left out, and so is every row of a table without rows. */
static void
test_empty(void)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    g_autoptr(GString) out = g_string_new(NULL);
    nsim_table_column(table, "", "name", false);
    nsim_table_column(table, "", "value", true);
    nsim_table_render(table, out, false);
    CU_ASSERT_STRING_EQUAL(out->str, "name  value\n-----------\n");
    nsim_table_free(NULL);
}

bool
test_table_register(void)
{
    CU_pSuite suite = CU_add_suite("table", NULL, NULL);
    return suite && CU_add_test(suite, "alignment", test_alignment) && CU_add_test(suite, "empty", test_empty);
}
