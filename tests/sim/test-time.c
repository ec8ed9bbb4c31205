/* SPDX-License-Identifier: MIT */
/*
 * Goal: checked arithmetic on time reports overflow and rounds once. Method: cases computed by hand at the limits, and
 * the identity value = quotient * denominator + remainder on random operands.
 */
#include "test-sim.h"

#include <CUnit/CUnit.h>

#include <sim/random.h>
#include <sim/time.h>

static void
test_checked(void)
{
    NsimTime result = 7;
    CU_ASSERT_TRUE(nsim_time_add(3, 4, &result));
    CU_ASSERT_EQUAL(result, 7);
    CU_ASSERT_TRUE(nsim_time_add(NSIM_TIME_MAX - 1, 1, &result));
    CU_ASSERT_EQUAL(result, NSIM_TIME_MAX);
    result = 7;
    CU_ASSERT_FALSE(nsim_time_add(NSIM_TIME_MAX, 1, &result));
    CU_ASSERT_FALSE(nsim_time_sub(3, 4, &result));
    CU_ASSERT_FALSE(nsim_time_mul(NSIM_TIME_MAX / 2, 3, &result));
    CU_ASSERT_EQUAL(result, 7);
    CU_ASSERT_TRUE(nsim_time_sub(4, 4, &result));
    CU_ASSERT_EQUAL(result, 0);
    CU_ASSERT_TRUE(nsim_time_mul(NSIM_US, 1000, &result));
    CU_ASSERT_EQUAL(result, NSIM_MS);
    CU_ASSERT_EQUAL(nsim_time_add_saturated(NSIM_TIME_MAX - 2, 1), NSIM_TIME_MAX - 1);
    CU_ASSERT_EQUAL(nsim_time_add_saturated(NSIM_TIME_MAX - 2, 5), NSIM_TIME_MAX);
}

static void
test_transfer(void)
{
    /* One line at 4 TB/s, at 38.4 GB/s (1666.67), at 1 B/s; a terabyte at 1 B/s does not fit. */
    CU_ASSERT_EQUAL(nsim_time_of_transfer(64, 4000000000000u), 16);
    CU_ASSERT_EQUAL(nsim_time_of_transfer(64, 38400000000u), 1667);
    CU_ASSERT_EQUAL(nsim_time_of_transfer(64, 1), 64 * NSIM_S);
    CU_ASSERT_EQUAL(nsim_time_of_transfer(1000000000000u, 1), NSIM_TIME_MAX);
    CU_ASSERT_EQUAL(nsim_time_of_transfer(0, 1), 0);
    CU_ASSERT_EQUAL(nsim_time_of_transfer(UINT64_MAX, 0), 0);
    CU_ASSERT_EQUAL(nsim_time_of_transfer(UINT64_MAX, UINT64_MAX), NSIM_S);
}

static void
test_mul_div(void)
{
    /* Half rounds up, less rounds down. */
    CU_ASSERT_EQUAL(nsim_mul_div(5, 1, 2), 3);
    CU_ASSERT_EQUAL(nsim_mul_div(4, 1, 3), 1);
    CU_ASSERT_EQUAL(nsim_mul_div(5, 1, 3), 2);
    CU_ASSERT_EQUAL(nsim_mul_div(UINT64_MAX, UINT64_MAX, UINT64_MAX), UINT64_MAX);
    CU_ASSERT_EQUAL(nsim_mul_div(UINT64_MAX, 2, 1), UINT64_MAX);
    CU_ASSERT_EQUAL(nsim_mul_div(UINT64_MAX, 1, 2), (uint64_t)1 << 63);

    NsimRandom random;
    nsim_random_init(&random, 1, "mul-div");
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        const uint64_t value = nsim_random_u64(&random) >> nsim_random_below(&random, 64);
        const uint64_t numerator = nsim_random_u64(&random) >> nsim_random_below(&random, 64);
        const uint64_t denominator = 1 + (nsim_random_u64(&random) >> nsim_random_below(&random, 63) >> 1);
        const unsigned __int128 product = (unsigned __int128)value * numerator;
        const uint64_t got = nsim_mul_div(value, numerator, denominator);
        const unsigned __int128 whole = product / denominator;
        const uint64_t rest = (uint64_t)(product % denominator);
        const unsigned __int128 expected = whole + (rest >= denominator - rest ? 1 : 0);
        wrong += got != (expected > UINT64_MAX ? UINT64_MAX : (uint64_t)expected);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

bool
test_time_register(void)
{
    CU_pSuite suite = CU_add_suite("sim/time", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "checked arithmetic", test_checked) != NULL &&
           CU_add_test(suite, "time of a transfer", test_transfer) != NULL &&
           CU_add_test(suite, "multiply and divide", test_mul_div) != NULL;
}
