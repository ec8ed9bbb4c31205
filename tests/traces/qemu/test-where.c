/* SPDX-License-Identifier: MIT */
/* Places as the user writes them. Goal: each form means what the manual says, all else is refused with a reason. */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <traces/qemu/recorder.h>

static void
test_forms(void)
{
    static const struct {
        const char *text;
        int kind;
        const char *symbol;
        uint64_t address, nth, count;
    } cases[] = {
        {"main", NSIM_WHERE_SYMBOL, "main", 0, 1, 0},           {"main@7", NSIM_WHERE_SYMBOL, "main", 0, 7, 0},
        {"odd@name@2", NSIM_WHERE_SYMBOL, "odd@name", 0, 2, 0}, {"0x1f", NSIM_WHERE_ADDRESS, NULL, 0x1f, 1, 0},
        {"0xABC@3", NSIM_WHERE_ADDRESS, NULL, 0xabc, 3, 0},     {"+5", NSIM_WHERE_COUNT, NULL, 0, 1, 5},
        {"+3M", NSIM_WHERE_COUNT, NULL, 0, 1, 3000000},         {"+18G", NSIM_WHERE_COUNT, NULL, 0, 1, 18000000000},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        NsimWhere where;
        char *problem = NULL;
        CU_ASSERT_TRUE_FATAL(nsim_where_parse(cases[i].text, &where, &problem));
        CU_ASSERT_EQUAL((int)where.kind, cases[i].kind);
        CU_ASSERT_EQUAL(g_strcmp0(where.symbol, cases[i].symbol), 0);
        CU_ASSERT_EQUAL(where.address, cases[i].address);
        CU_ASSERT_EQUAL(where.nth, cases[i].nth);
        CU_ASSERT_EQUAL(where.count, cases[i].count);
        nsim_where_clear(&where);
    }
}

static void
test_refused(void)
{
    static const char *const cases[] = {"",
                                        "@",
                                        "@1",
                                        "a@",
                                        "a@0",
                                        "a@x",
                                        "a@-1",
                                        "0x",
                                        "0xg",
                                        "0x0",
                                        "+",
                                        "+0",
                                        "+k",
                                        "+1T",
                                        "+-1",
                                        "+18446744073709551615k",
                                        "0x1@",
                                        "+1@2",
                                        "0x10000000000000000"};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        NsimWhere where;
        g_autofree char *problem = NULL;
        CU_ASSERT_FALSE(nsim_where_parse(cases[i], &where, &problem));
        CU_ASSERT_PTR_NOT_NULL(problem);
    }
}

bool
test_where_register(void)
{
    CU_pSuite suite = CU_add_suite("where", NULL, NULL);
    return suite && CU_add_test(suite, "forms", test_forms) && CU_add_test(suite, "refused", test_refused);
}
