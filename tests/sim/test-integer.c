/* SPDX-License-Identifier: MIT */
/* Goal: roots and searches hold at their limits. Method: the definition, on small and extreme values. */
#include "test-sim.h"

#include <CUnit/CUnit.h>

#include <sim/integer.h>

static void
test_square_root(void)
{
    for (uint64_t value = 0; value < 1000; value++) {
        const uint64_t root = nsim_square_root(value);
        CU_ASSERT_TRUE(root * root <= value && (root + 1) * (root + 1) > value);
    }
    CU_ASSERT_EQUAL(nsim_square_root(UINT64_MAX), UINT32_MAX);
    CU_ASSERT_EQUAL(nsim_square_root((uint64_t)UINT32_MAX * UINT32_MAX), UINT32_MAX);
    CU_ASSERT_EQUAL(nsim_square_root((uint64_t)UINT32_MAX * UINT32_MAX - 1), UINT32_MAX - 1);
}

static void
test_lower_bound(void)
{
    static const uint64_t values[] = {2, 4, 4, 7, UINT64_MAX};
    static const uint64_t wanted[] = {0, 2, 3, 4, 5, 7, 8, UINT64_MAX}, found[] = {0, 0, 1, 1, 3, 3, 4, 4};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        CU_ASSERT_EQUAL(nsim_lower_bound(values, 5, wanted[i]), found[i]);
    CU_ASSERT_EQUAL(nsim_lower_bound(values, 4, 8), 4);
    CU_ASSERT_EQUAL(nsim_lower_bound(NULL, 0, 1), 0);
}

bool
test_integer_register(void)
{
    CU_pSuite suite = CU_add_suite("sim/integer", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "square root", test_square_root) != NULL &&
           CU_add_test(suite, "lower bound", test_lower_bound) != NULL;
}
