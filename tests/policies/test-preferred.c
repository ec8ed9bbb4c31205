/* SPDX-License-Identifier: MIT */
/* Goal: preferred uses its nodes while they have room, then the default order. Method: small nodes; by hand. */
#include "test-policies.h"

#include <CUnit/CUnit.h>

static void
test_one(void)
{
    Stage stage;
    stage_open_simple(&stage, 1, 1, 3, "preferred:nodes=D1"); /* 256 pages each */
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 512, 0));
    stage_expect(&stage, 254, "1100"); /* full: then as by default, nearest to C0 */
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 512, 256, 0));
    stage_expect(&stage, 510, "0022");
    CU_ASSERT_EQUAL(stage.box.mm->vmstat.numa_hit, 512);
    CU_ASSERT_EQUAL(stage.box.mm->vmstat.numa_miss, 256);
    CU_ASSERT_FALSE(box_touch(&stage.box, 0, 768, 1, 0));
    stage_close(&stage);
}

static void
test_many(void)
{
    Stage stage;
    stage_open_simple(&stage, 1, 1, 3, "preferred:nodes=D0+X");
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 300, 1));
    stage_expect(&stage, 254, "2200"); /* nearest to C1 first, not in the order named */
    CU_ASSERT_TRUE(box_touch(&stage.box, 0, 300, 300, 1));
    stage_expect(&stage, 510, "0011");
    stage_close(&stage);
}

bool
test_preferred_register(void)
{
    CU_pSuite suite = CU_add_suite("preferred", NULL, NULL);
    return suite && CU_add_test(suite, "one node", test_one) && CU_add_test(suite, "several nodes", test_many);
}
