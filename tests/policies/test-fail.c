/* SPDX-License-Identifier: MIT */
/* Goal: fail gives up after the batches it was told. Method: count the faults it lets pass. */
#include "test-policies.h"

#include <CUnit/CUnit.h>

static void
test_after(void)
{
    static const struct {
        const char *text;
        uint32_t passes;
    } cases[] = { { "fail", 0 }, { "fail:after=0", 0 }, { "fail:after=3", 3 } };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Stage stage;
        stage_open_simple(&stage, 1, 1, 1, cases[i].text);
        for (uint32_t k = 0; k < cases[i].passes; k++)
            CU_ASSERT_TRUE(box_touch(&stage.box, 0, k, 1, 0));
        CU_ASSERT_PTR_NULL(stage.box.mm->failure);
        CU_ASSERT_FALSE(box_touch(&stage.box, 0, 100, 1, 0));
        CU_ASSERT_STRING_EQUAL(stage.box.mm->failure, "policy 'fail': failing as asked by option 'after'");
        CU_ASSERT_EQUAL(stage.box.spaces[0]->resident_count, cases[i].passes); /* a failed run places no more */
        stage_close(&stage);
    }
}

bool
test_fail_register(void)
{
    CU_pSuite suite = CU_add_suite("fail", NULL, NULL);
    return suite && CU_add_test(suite, "after some batches", test_after);
}
