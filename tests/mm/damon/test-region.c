/* SPDX-License-Identifier: MIT */
/*
 * Goal: merging, ageing, splitting and counting follow the kernel's rules to the integer. Method: examples worked out
 * by hand, and invariants over many random steps.
 */
#include "test-damon.h"

#include <mm/damon/region.h>

#include <CUnit/CUnit.h>

#define PAGE ((uint64_t)4096)
#define RULES (&nsim_damon_rules_v7_2)
#define NO_LIMIT UINT64_MAX

/* A region of `pages` pages behind the others. */
static void
add(NsimDamonTarget *target, uint64_t pages, uint32_t nr_accesses, uint32_t last_nr_accesses, uint32_t age)
{
    const uint64_t start = target->count == 0 ? 0 : target->regions[target->count - 1].end;
    nsim_damon_target_append(target, start, start + pages * PAGE);
    NsimDamonRegion *region = &target->regions[target->count - 1];
    region->nr_accesses = nr_accesses;
    region->last_nr_accesses = last_nr_accesses;
    region->age = age;
}

/* ---- Ageing and merging --------------------------------------------------------------------------------------- */

static uint32_t
age_after(uint32_t nr_accesses, uint32_t last, uint32_t threshold, const NsimDamonRules *rules)
{
    NsimDamonTarget target = {0};
    add(&target, 1, nr_accesses, last, 7);
    nsim_damon_target_merge(&target, threshold, NO_LIMIT, rules);
    const uint32_t age = target.regions[0].age;
    nsim_damon_target_clear(&target);
    return age;
}

static void
test_age(void)
{
    static const NsimDamonRules old = {0};
    CU_ASSERT_EQUAL(age_after(10, 8, 2, RULES), 8);
    CU_ASSERT_EQUAL(age_after(8, 10, 2, RULES), 8);
    CU_ASSERT_EQUAL(age_after(11, 8, 2, RULES), 0);
    CU_ASSERT_EQUAL(age_after(0, 0, 0, RULES), 8);
    /* From or to zero is a change, however small. */
    CU_ASSERT_EQUAL(age_after(0, 1, 2, RULES), 0);
    CU_ASSERT_EQUAL(age_after(1, 0, 2, RULES), 0);
    CU_ASSERT_EQUAL(age_after(0, 1, 2, &old), 8);
}

static void
test_merge_means(void)
{
    NsimDamonTarget target = {0};
    add(&target, 3, 4, 5, 9);
    add(&target, 1, 2, 2, 1);
    nsim_damon_target_merge(&target, 2, NO_LIMIT, RULES);
    CU_ASSERT_EQUAL_FATAL(target.count, 1);
    const NsimDamonRegion *region = &target.regions[0];
    CU_ASSERT_EQUAL(region->end, 4 * PAGE);
    CU_ASSERT_EQUAL(region->nr_accesses, 3); /* (3 x 4 + 1 x 2) / 4 = 3.5 */
    CU_ASSERT_EQUAL(region->nr_accesses_bp, 30000);
    CU_ASSERT_EQUAL(region->age, 8); /* (3 x 10 + 1 x 2) / 4 */
    CU_ASSERT_EQUAL(region->last_nr_accesses, 5);
    nsim_damon_target_clear(&target);
}

/* Each region meets what was merged so far: a chain may reach further than the threshold, or stop short of it. */
static void
test_merge_chain(void)
{
    NsimDamonTarget target = {0};
    add(&target, 1, 4, 4, 0);
    add(&target, 1, 2, 2, 0);
    add(&target, 1, 1, 1, 0);
    add(&target, 1, 5, 5, 0);
    nsim_damon_target_merge(&target, 2, NO_LIMIT, RULES);
    /* 4 + 2 -> 3; 3 x 2 + 1 -> 7 / 3 = 2; 5 differs by 3. */
    CU_ASSERT_EQUAL_FATAL(target.count, 2);
    CU_ASSERT_EQUAL(target.regions[0].nr_accesses, 2);
    CU_ASSERT_EQUAL(target.regions[1].nr_accesses, 5);
    nsim_damon_target_clear(&target);
}

static void
test_merge_bounds(void)
{
    NsimDamonTarget target = {0};
    add(&target, 2, 0, 0, 0);
    add(&target, 2, 0, 0, 0);
    add(&target, 1, 0, 0, 0);
    nsim_damon_target_append(&target, 6 * PAGE, 7 * PAGE);
    nsim_damon_target_merge(&target, 0, 4 * PAGE, RULES);
    /* 2 + 2 pages are within the limit, a fifth is not, and what follows a gap never joins. */
    CU_ASSERT_EQUAL_FATAL(target.count, 3);
    CU_ASSERT_EQUAL(target.regions[0].end, 4 * PAGE);
    CU_ASSERT_EQUAL(target.regions[1].end, 5 * PAGE);
    CU_ASSERT_EQUAL(target.regions[2].start, 6 * PAGE);
    nsim_damon_target_clear(&target);
}

/* ---- Splitting ------------------------------------------------------------------------------------------------ */

static void
test_split(void)
{
    NsimDamonTarget target = {0};
    NsimRandom random, copy;
    nsim_random_init(&random, 1, "split");
    copy = random;
    add(&target, 100, 6, 5, 3);
    target.regions[0].nr_accesses_bp = 60000;
    add(&target, 2, 1, 1, 1);
    nsim_damon_target_split(&target, 3, PAGE, &random);
    const uint64_t first = 100 * (1 + nsim_random_below(&copy, 9)) / 10;
    const uint64_t second = first * (1 + nsim_random_below(&copy, 9)) / 10;
    /* The second cut is made in the left part; two pages are too few to be cut. */
    CU_ASSERT_EQUAL_FATAL(target.count, 4);
    CU_ASSERT_EQUAL(target.regions[0].end, second * PAGE);
    CU_ASSERT_EQUAL(target.regions[1].end, first * PAGE);
    CU_ASSERT_EQUAL(target.regions[2].end, 100 * PAGE);
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(target.regions[i].nr_accesses, 6);
        CU_ASSERT_EQUAL(target.regions[i].last_nr_accesses, 5);
        CU_ASSERT_EQUAL(target.regions[i].nr_accesses_bp, 60000);
        CU_ASSERT_EQUAL(target.regions[i].age, 3);
    }
    CU_ASSERT_EQUAL(nsim_damon_target_bytes(&target), 102 * PAGE);
    nsim_damon_target_clear(&target);
}

/* Three pages: a cut at one to three tenths would leave nothing on the left and is not made. */
static void
test_split_small(void)
{
    NsimRandom random;
    uint32_t cut[4] = {0};
    nsim_random_init(&random, 2, "split");
    for (uint32_t n = 0; n < 9000; n++) {
        NsimDamonTarget target = {0};
        add(&target, 3, 0, 0, 0);
        nsim_damon_target_split(&target, 2, PAGE, &random);
        cut[target.count == 1 ? 0 : target.regions[0].end / PAGE]++;
        nsim_damon_target_clear(&target);
    }
    for (uint32_t i = 0; i < 3; i++)
        CU_ASSERT_TRUE(cut[i] > 2800 && cut[i] < 3200);
}

/* Sizes of a recorded start: three areas, pieces of a tenth of their bytes. */
static void
test_split_evenly(void)
{
    NsimDamonTarget target = {0};
    const NsimDamonRange areas[] = {
        {0, 851824640}, {0x40000000, 0x40000000 + 273977344}, {0x80000000, 0x80000000 + 135168}};
    nsim_damon_target_set_ranges(&target, areas, 3, PAGE);
    nsim_damon_target_split_evenly(&target, nsim_damon_target_bytes(&target) / 10, PAGE);
    CU_ASSERT_EQUAL_FATAL(target.count, 10);
    CU_ASSERT_EQUAL(target.regions[0].end, 121688064);
    CU_ASSERT_EQUAL(target.regions[5].end, 730128384);
    CU_ASSERT_EQUAL(target.regions[6].end, 851824640);
    CU_ASSERT_EQUAL(target.regions[7].end - 0x40000000, 136986624);
    CU_ASSERT_EQUAL(target.regions[8].end - 0x40000000, 273977344);
    nsim_damon_target_clear(&target);
}

static void
test_limit(void)
{
    NsimDamonTarget target = {0};
    add(&target, 10, 0, 0, 0);
    nsim_damon_target_limit(&target, 4 * PAGE);
    CU_ASSERT_EQUAL_FATAL(target.count, 3);
    CU_ASSERT_EQUAL(target.regions[1].start, 4 * PAGE);
    CU_ASSERT_EQUAL(target.regions[2].start, 8 * PAGE);
    nsim_damon_target_clear(&target);
}

static void
test_set_ranges(void)
{
    NsimDamonTarget target = {0};
    add(&target, 4, 3, 0, 0);
    add(&target, 4, 5, 0, 0);
    add(&target, 4, 7, 0, 0);
    const NsimDamonRange ranges[] = {{6 * PAGE + 1, 20 * PAGE}, {30 * PAGE, 31 * PAGE}};
    nsim_damon_target_set_ranges(&target, ranges, 2, PAGE);
    CU_ASSERT_EQUAL_FATAL(target.count, 3);
    CU_ASSERT_EQUAL(target.regions[0].start, 6 * PAGE);
    CU_ASSERT_EQUAL(target.regions[0].nr_accesses, 5);
    CU_ASSERT_EQUAL(target.regions[1].end, 20 * PAGE);
    CU_ASSERT_EQUAL(target.regions[2].start, 30 * PAGE);
    CU_ASSERT_EQUAL(target.regions[2].nr_accesses, 0);
    nsim_damon_target_clear(&target);
}

/* ---- Counting ------------------------------------------------------------------------------------------------- */

static void
test_moving_sum(void)
{
    NsimDamonTarget target = {0};
    add(&target, 1, 0, 10, 0);
    NsimDamonRegion *region = &target.regions[0];
    region->nr_accesses_bp = 100000;
    nsim_damon_region_count(region, false, 20, RULES);
    CU_ASSERT_EQUAL(region->nr_accesses_bp, 95000);
    nsim_damon_region_count(region, true, 20, RULES);
    CU_ASSERT_EQUAL(region->nr_accesses_bp, 100000);
    for (uint32_t i = 2; i < 20; i++)
        nsim_damon_region_count(region, i < 8, 20, RULES);
    CU_ASSERT_EQUAL(region->nr_accesses, 7);
    CU_ASSERT_EQUAL(region->nr_accesses_bp, 70000);
    nsim_damon_target_reset(&target);
    CU_ASSERT_EQUAL(region->nr_accesses, 0);
    CU_ASSERT_EQUAL(region->last_nr_accesses, 7);
    CU_ASSERT_EQUAL(region->nr_accesses_bp, 70000);
    nsim_damon_target_clear(&target);
}

static void
test_moving_sum_underflow(void)
{
    NsimDamonRegion clamped = {.last_nr_accesses = 20, .nr_accesses_bp = 4000}, wraps = clamped;
    nsim_damon_region_count(&clamped, false, 20, &nsim_damon_rules_v7_2);
    nsim_damon_region_count(&wraps, false, 20, &nsim_damon_rules_v6_12);
    CU_ASSERT_EQUAL(clamped.nr_accesses_bp, 0);
    CU_ASSERT_EQUAL(wraps.nr_accesses_bp, UINT32_MAX - 5999);
}

/* ---- Invariants ----------------------------------------------------------------------------------------------- */

static void
test_invariants(void)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        NsimDamonTarget target = {0};
        NsimRandom random;
        nsim_random_init(&random, seed, "invariants");
        add(&target, 1 + nsim_random_below(&random, 5000), 0, 0, 0);
        nsim_damon_target_append(&target, 6000 * PAGE, 6007 * PAGE);
        const uint64_t bytes = nsim_damon_target_bytes(&target);
        for (uint32_t step = 0; step < 200; step++) {
            for (uint32_t i = 0; i < target.count; i++) {
                for (uint32_t sample = 0; sample < 20; sample++)
                    nsim_damon_region_count(&target.regions[i], nsim_random_below(&random, 3) == 0, 20, RULES);
            }
            nsim_damon_target_merge(&target, (uint32_t)nsim_random_below(&random, 6), bytes / 3, RULES);
            CU_ASSERT_TRUE(nsim_damon_target_is_sound(&target, PAGE, 20));
            nsim_damon_target_reset(&target);
            if (target.count < 200)
                nsim_damon_target_split(&target, 2 + (uint32_t)nsim_random_below(&random, 2), PAGE, &random);
            CU_ASSERT_TRUE(nsim_damon_target_is_sound(&target, PAGE, 20));
            CU_ASSERT_EQUAL(nsim_damon_target_bytes(&target), bytes);
        }
        nsim_damon_target_clear(&target);
    }
}

bool
test_region_register(void)
{
    CU_pSuite suite = CU_add_suite("damon: regions", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "age", test_age) != NULL &&
           CU_add_test(suite, "merging: means", test_merge_means) != NULL &&
           CU_add_test(suite, "merging: chain", test_merge_chain) != NULL &&
           CU_add_test(suite, "merging: bounds", test_merge_bounds) != NULL &&
           CU_add_test(suite, "splitting", test_split) != NULL &&
           CU_add_test(suite, "splitting: small regions", test_split_small) != NULL &&
           CU_add_test(suite, "splitting: evenly", test_split_evenly) != NULL &&
           CU_add_test(suite, "splitting: limit", test_limit) != NULL &&
           CU_add_test(suite, "ranges", test_set_ranges) != NULL &&
           CU_add_test(suite, "moving sum", test_moving_sum) != NULL &&
           CU_add_test(suite, "moving sum: underflow", test_moving_sum_underflow) != NULL &&
           CU_add_test(suite, "invariants", test_invariants) != NULL;
}
