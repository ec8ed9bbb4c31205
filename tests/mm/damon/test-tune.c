/* SPDX-License-Identifier: MIT */
/*
 * Goal: the feedback loop and the intervals it gives follow the kernel's arithmetic. Method: tables derived by hand
 * from the rules, and the sequences that a real kernel showed (Linux 6.12.117 in an emulated two-node guest, own
 * recording).
 */
#include "test-damon.h"

#include <mm/damon/tune.h>

#include <CUnit/CUnit.h>
#include <glib.h>

static void
test_multipliers(void)
{
    static const uint64_t table[][2] = {{0, 20000},    {2500, 17500},  {5000, 15000},     {7500, 12500},
                                        {9000, 11000}, {10000, 10000}, {11000, 9500},     {15000, 7500},
                                        {19999, 5000}, {20000, 5000},  {UINT64_MAX, 5000}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        CU_ASSERT_EQUAL(nsim_damon_interval_multiplier_bp(table[i][0]), table[i][1]);
}

/* Effective quota in bytes at a constant score of 5000, as recorded: 1 1 2 3 5 7 11 17. */
static void
test_feed_sequence(void)
{
    static const uint64_t bytes[] = {1, 1, 2, 3, 5, 7, 11, 17};
    uint64_t value = 10000;
    for (size_t i = 0; i < G_N_ELEMENTS(bytes); i++) {
        CU_ASSERT_EQUAL(value / 10000, bytes[i]);
        value = nsim_damon_next_input(value, 5000);
    }
    /* Scores 12000, 9000, 10000 changed it by 0.8, 1.1 and not at all. */
    CU_ASSERT_EQUAL(nsim_damon_next_input(1000000, 12000), 800000);
    CU_ASSERT_EQUAL(nsim_damon_next_input(1000000, 9000), 1100000);
    CU_ASSERT_EQUAL(nsim_damon_next_input(1000000, 10000), 1000000);
}

/* From 1 byte to 64 MiB: 26 times with nothing achieved, 45 times with half. */
static uint32_t
windows_to(uint64_t bytes, uint64_t score)
{
    uint32_t count = 0;
    for (uint64_t value = 10000; value / 10000 < bytes; count++)
        value = nsim_damon_next_input(value, score);
    return count;
}

static void
test_feed_bounds(void)
{
    CU_ASSERT_EQUAL(windows_to((uint64_t)64 << 20, 0), 26);
    CU_ASSERT_EQUAL(windows_to((uint64_t)64 << 20, 5000), 45);
    CU_ASSERT_EQUAL(nsim_damon_next_input(10001, 15000), 10000);
    CU_ASSERT_EQUAL(nsim_damon_next_input(UINT64_MAX / 2 + 1, 0), UINT64_MAX);
    CU_ASSERT_EQUAL(nsim_damon_next_input(UINT64_MAX, 1), UINT64_MAX);
}

static void
test_score(void)
{
    CU_ASSERT_EQUAL(nsim_damon_access_score(400, 10000, 400), 10000);
    CU_ASSERT_EQUAL(nsim_damon_access_score(0, 10000, 400), 0);
    CU_ASSERT_EQUAL(nsim_damon_access_score(3, 10, 0), 30000);
    CU_ASSERT_EQUAL(nsim_damon_access_score((uint64_t)20 << 46, (uint64_t)20 << 46, 400), 250000);
}

static void
test_tuned_sample(void)
{
    const NsimDamonGoal goal = {400, 3, 5 * NSIM_MS, 10 * NSIM_S};
    CU_ASSERT_EQUAL(nsim_damon_tuned_sample_ps(&goal, 5 * NSIM_MS, 0), 10 * NSIM_MS);
    CU_ASSERT_EQUAL(nsim_damon_tuned_sample_ps(&goal, 8 * NSIM_S, 0), 10 * NSIM_S);
    CU_ASSERT_EQUAL(nsim_damon_tuned_sample_ps(&goal, 6 * NSIM_MS, 30000), 5 * NSIM_MS);
    /* Microseconds are truncated: 5001 x 9500 / 10000 = 4750.95, within bounds; 7777 x 0.95 = 7388.15. */
    CU_ASSERT_EQUAL(nsim_damon_tuned_sample_ps(&goal, 7777 * NSIM_US, 11000), 7388 * NSIM_US);
}

bool
test_tune_register(void)
{
    CU_pSuite suite = CU_add_suite("damon: tuning", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "multipliers", test_multipliers) != NULL &&
           CU_add_test(suite, "feed: recorded sequence", test_feed_sequence) != NULL &&
           CU_add_test(suite, "feed: bounds", test_feed_bounds) != NULL &&
           CU_add_test(suite, "score", test_score) != NULL &&
           CU_add_test(suite, "sampling interval", test_tuned_sample) != NULL;
}
