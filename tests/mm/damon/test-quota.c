/* SPDX-License-Identifier: MIT */
/*
 * Goal: thresholds, priorities, quotas and tuners of schemes follow the kernel's integer arithmetic. Method: tables
 * worked out by hand from the rules, and closed forms of the feedback.
 */
#include "test-damos.h"

#include <mm/damon/priority.h>
#include <mm/damon/scheme.h>

#include <CUnit/CUnit.h>

#define MIB ((uint64_t)1 << 20)
#define PAGE ((uint64_t)4096)

static NsimDamosPlan *
plan_new(NsimDamosAction action)
{
    NsimDamosPlan *plan = nsim_damos_plan_new(action);
    plan->quota_interval_ps = NSIM_S;
    return plan;
}

/* Frees it the way plans are freed. */
static void
plan_drop(NsimDamosPlan *plan)
{
    NsimDamonContextPlan *context = nsim_damon_context_plan_new();
    NsimKdamondPlan *kdamond = nsim_kdamond_plan_new();
    g_ptr_array_add(context->schemes, plan);
    g_ptr_array_add(kdamond->contexts, context);
    nsim_kdamond_plan_free(kdamond);
}

static void
add_goal(NsimDamosPlan *plan)
{
    const NsimDamosGoalPlan goal = {.metric = NSIM_GOAL_USER_INPUT, .target = 10000};
    g_array_append_val(plan->goals, goal);
}

/* 5 % of 20 samples is 1; times are truncated to aggregation intervals; "max" stays out of reach. */
static void
test_pattern(void)
{
    NsimDamonAttrs attrs = nsim_damon_attrs_default();
    NsimDamosPlan *plan = plan_new(NSIM_DAMOS_STAT);
    plan->rate_min.value = 50000;
    plan->rate_max.value = 999999;
    plan->age_min.value = 199999;
    plan->age_max.value = NSIM_DAMON_MAX;
    NsimDamosPattern pattern = nsim_damos_pattern(plan, &attrs);
    CU_ASSERT_EQUAL(pattern.nr_min, 1);
    CU_ASSERT_EQUAL(pattern.nr_max, 19);
    CU_ASSERT_EQUAL(pattern.age_min, 1);
    CU_ASSERT_EQUAL(pattern.age_max, UINT32_MAX);
    plan->rate_min = (NsimDamosRate){7, true};
    plan->age_min = (NsimDamosAge){9, true};
    attrs.aggr_ps = 50 * NSIM_MS;
    pattern = nsim_damos_pattern(plan, &attrs);
    CU_ASSERT_EQUAL(pattern.nr_min, 7);
    CU_ASSERT_EQUAL(pattern.nr_max, 9);
    CU_ASSERT_EQUAL(pattern.age_min, 9);
    plan_drop(plan);

    /* The moving sum counts in whole accesses, and all bounds are included. */
    const NsimDamosPattern bounds = {.bytes_min = PAGE, .bytes_max = 2 * PAGE, .nr_min = 1, .nr_max = 2, .age_max = 5};
    NsimDamonRegion region = {.end = 2 * PAGE, .nr_accesses_bp = 29999, .age = 5};
    CU_ASSERT_TRUE(nsim_damos_matches(&bounds, &region));
    region.nr_accesses_bp = 30000;
    CU_ASSERT_FALSE(nsim_damos_matches(&bounds, &region));
    region.nr_accesses_bp = 9999;
    CU_ASSERT_FALSE(nsim_damos_matches(&bounds, &region));
    region = (NsimDamonRegion){.end = 2 * PAGE, .nr_accesses_bp = 10000, .age = 6};
    CU_ASSERT_FALSE(nsim_damos_matches(&bounds, &region));
    region = (NsimDamonRegion){.end = 3 * PAGE, .nr_accesses_bp = 10000, .age = 5};
    CU_ASSERT_FALSE(nsim_damos_matches(&bounds, &region));
}

/* Rows: accesses of 20; columns: age 0, 1, 8, 60, 600, 3600 s; weights 1:1. */
static void
test_scores(void)
{
    static const uint32_t counts[] = {0, 1, 5, 20}, ages_s[] = {0, 1, 8, 60, 600, 3600};
    static const uint32_t table[4][6] = {
        {24, 23, 20, 19, 16, 14}, {26, 27, 29, 31, 34, 35}, {36, 37, 39, 41, 44, 45}, {74, 74, 77, 78, 81, 83}};
    for (size_t c = 0; c < G_N_ELEMENTS(counts); c++) {
        for (size_t a = 0; a < G_N_ELEMENTS(ages_s); a++) {
            const NsimDamonRegion region = {.nr_accesses = counts[c], .age = ages_s[a] * 10};
            CU_ASSERT_EQUAL(nsim_damos_hot_score(&region, 20, 100 * NSIM_MS, 1, 1), table[c][a]);
        }
    }
    const NsimDamonRegion busy = {.nr_accesses = 20, .age = 100}, idle = {.age = 100};
    /* Without weights nothing is preferred; all of one weight is that one. */
    CU_ASSERT_EQUAL(nsim_damos_hot_score(&busy, 20, 100 * NSIM_MS, 0, 0), 0);
    CU_ASSERT_EQUAL(nsim_damos_hot_score(&busy, 20, 100 * NSIM_MS, 100, 0), 99);
    CU_ASSERT_EQUAL(nsim_damos_hot_score(&idle, 20, 100 * NSIM_MS, 100, 0), 0);
}

/* Bytes of the window at a constant score: windows until they reach `bytes`, from a cold start. */
static uint32_t
windows_up(const NsimDamosPlan *plan, uint64_t score, uint64_t bytes)
{
    NsimDamosQuota quota = {0};
    uint32_t count = 0;
    while (quota.size_bytes < bytes)
        nsim_damos_quota_begin(&quota, plan, &nsim_damos_rules_v7_2, score, PAGE, count++ * NSIM_S);
    return count;
}

static uint32_t
windows_down(const NsimDamosPlan *plan, uint64_t score)
{
    NsimDamosQuota quota = {.begun = true, .tuned_bp = 200 * MIB * 10000, .size_bytes = 200 * MIB};
    uint32_t count = 0;
    while (quota.size_bytes >= PAGE)
        nsim_damos_quota_begin(&quota, plan, &nsim_damos_rules_v7_2, score, PAGE, count++ * NSIM_S);
    return count;
}

static void
test_ramp(void)
{
    static const uint64_t scores[] = {0, 5000, 8000, 9000, 9500, 9900, 9970};
    static const uint32_t to_page[] = {12, 21, 46, 88, 171, 837, 2783}, to_cap[] = {28, 48, 106, 202, 393, 1927, 6403};
    static const uint64_t over[] = {10010, 10030, 10100, 11000, 15000, 19900, 20000};
    static const uint32_t down[] = {10839, 3610, 1079, 103, 16, 3, 1};
    NsimDamosPlan *plan = plan_new(NSIM_DAMOS_MIGRATE_HOT);
    add_goal(plan);
    plan->quota_bytes = 200 * MIB;
    for (size_t i = 0; i < G_N_ELEMENTS(scores); i++) {
        CU_ASSERT_EQUAL(windows_up(plan, scores[i], PAGE), to_page[i]);
        CU_ASSERT_EQUAL(windows_up(plan, scores[i], 200 * MIB), to_cap[i]);
        CU_ASSERT_EQUAL(windows_down(plan, over[i]), down[i]);
    }
    /* 2, 4, 8 bytes ... and the tuner goes on where the size quota holds the window: it winds up. */
    NsimDamosQuota quota = {0};
    for (uint32_t w = 1; w <= 40; w++) {
        nsim_damos_quota_begin(&quota, plan, &nsim_damos_rules_v7_2, 0, PAGE, w * NSIM_S);
        CU_ASSERT_EQUAL(quota.size_bytes, MIN((uint64_t)1 << w, 200 * MIB));
    }
    CU_ASSERT_EQUAL(quota.tuned_bp, ((uint64_t)10000 << 40));
    plan_drop(plan);
}

static void
test_temporal(void)
{
    NsimDamosPlan *plan = plan_new(NSIM_DAMOS_MIGRATE_HOT);
    add_goal(plan);
    plan->tuner = NSIM_TUNER_TEMPORAL;
    plan->quota_bytes = 64 * MIB;
    NsimDamosQuota quota = {0};
    nsim_damos_quota_begin(&quota, plan, &nsim_damos_rules_v7_2, 9999, PAGE, 0);
    CU_ASSERT_EQUAL(quota.size_bytes, 64 * MIB);
    nsim_damos_quota_begin(&quota, plan, &nsim_damos_rules_v7_2, 10000, PAGE, NSIM_S);
    CU_ASSERT_EQUAL(quota.size_bytes, 0);
    /* A met goal stops the scheme; kernels up to 7.1 take 0 for no quota at all. */
    NsimDamosRules old = nsim_damos_rules_v7_2;
    old.zero_is_full = old.least_region = false;
    CU_ASSERT_TRUE(nsim_damos_quota_is_full(&quota, plan, &nsim_damos_rules_v7_2, PAGE));
    CU_ASSERT_FALSE(nsim_damos_quota_is_full(&quota, plan, &old, PAGE));
    CU_ASSERT_EQUAL(nsim_damos_quota_clip(&quota, plan, &old, MIB, PAGE), MIB);
    plan->quota_bytes = 0;
    nsim_damos_quota_begin(&quota, plan, &nsim_damos_rules_v7_2, 0, PAGE, 2 * NSIM_S);
    CU_ASSERT_EQUAL(quota.size_bytes, UINT64_MAX / 10000);
    plan_drop(plan);
}

/* 4 MiB a millisecond is assumed until something was charged; then the pace of all windows counts. */
static void
test_time(void)
{
    NsimDamosPlan *plan = plan_new(NSIM_DAMOS_PAGEOUT);
    const NsimDamosRules *rules = &nsim_damos_rules_v7_2;
    plan->quota_ms = 10;
    NsimDamosQuota quota = {0};
    nsim_damos_quota_begin(&quota, plan, rules, 0, PAGE, 0);
    CU_ASSERT_EQUAL(quota.size_bytes, 40 * MIB);
    nsim_damos_quota_charge(&quota, plan, rules, 40 * MIB, 0, 20 * NSIM_MS, 0, 0);
    CU_ASSERT_FALSE(nsim_damos_quota_is_over(&quota, plan, NSIM_S - 1));
    CU_ASSERT_TRUE(nsim_damos_quota_is_over(&quota, plan, NSIM_S));
    nsim_damos_quota_begin(&quota, plan, rules, 0, PAGE, NSIM_S);
    CU_ASSERT_EQUAL(quota.exceeded, 1);
    /* 2 MiB a millisecond, in whole bytes of 1e6 / ns. */
    CU_ASSERT_EQUAL(quota.size_bytes, 10 * (40 * MIB * 1000000 / 20000000));
    plan->quota_bytes = 3 * MIB;
    nsim_damos_quota_begin(&quota, plan, rules, 0, PAGE, 2 * NSIM_S);
    CU_ASSERT_EQUAL(quota.size_bytes, 3 * MIB);
    CU_ASSERT_EQUAL(quota.exceeded, 1);
    /* So slow that not a page fits: newer kernels allow one. */
    nsim_damos_quota_charge(&quota, plan, rules, PAGE, 0, 1000000 * NSIM_S, 0, 0);
    nsim_damos_quota_begin(&quota, plan, rules, 0, PAGE, 3 * NSIM_S);
    CU_ASSERT_EQUAL(quota.size_bytes, PAGE);
    nsim_damos_quota_begin(&quota, plan, &nsim_damos_rules_v6_12, 0, PAGE, 4 * NSIM_S);
    CU_ASSERT_EQUAL(quota.size_bytes, 0);
    plan_drop(plan);
}

/* Up to which score a window reaches, and what it is charged. */
static void
test_charges(void)
{
    NsimDamosPlan *plan = plan_new(NSIM_DAMOS_MIGRATE_COLD);
    const NsimDamosRules *rules = &nsim_damos_rules_v7_2;
    plan->quota_bytes = 10 * PAGE + 5;
    NsimDamosQuota quota = {0};
    nsim_damos_quota_begin(&quota, plan, rules, 0, PAGE, 0);
    nsim_damos_quota_count(&quota, 80, 4 * PAGE);
    nsim_damos_quota_count(&quota, 70, 6 * PAGE);
    nsim_damos_quota_count(&quota, 60, 6 * PAGE);
    nsim_damos_quota_set_min_score(&quota);
    CU_ASSERT_EQUAL(quota.min_score, 60);
    quota.size_bytes = 10 * PAGE;
    nsim_damos_quota_set_min_score(&quota);
    CU_ASSERT_EQUAL(quota.min_score, 70);
    quota.size_bytes = 17 * PAGE;
    nsim_damos_quota_set_min_score(&quota);
    CU_ASSERT_EQUAL(quota.min_score, 0);

    quota.size_bytes = 10 * PAGE + 5;
    nsim_damos_quota_charge(&quota, plan, rules, 8 * PAGE, PAGE, NSIM_US, 3, 77 * PAGE);
    CU_ASSERT_EQUAL(quota.charged_bytes, 8 * PAGE);
    CU_ASSERT_FALSE(quota.resume.set);
    CU_ASSERT_EQUAL(nsim_damos_quota_clip(&quota, plan, rules, 2 * PAGE, PAGE), 2 * PAGE);
    CU_ASSERT_EQUAL(nsim_damos_quota_clip(&quota, plan, rules, 3 * PAGE, PAGE), 2 * PAGE);
    /* Half of what failed: 1 + 7 x 1 / 2 pages, of 3 that there are. */
    plan->fail_charge_num = 1;
    plan->fail_charge_denom = 2;
    nsim_damos_quota_charge(&quota, plan, rules, 2 * PAGE, PAGE, NSIM_US, 3, 80 * PAGE);
    CU_ASSERT_EQUAL(quota.charged_bytes, 9 * PAGE + PAGE / 2);
    /* Less than a page is left: used up now, but not in older kernels. */
    CU_ASSERT_TRUE(nsim_damos_quota_is_full(&quota, plan, rules, PAGE));
    CU_ASSERT_FALSE(nsim_damos_quota_is_full(&quota, plan, &nsim_damos_rules_v6_12, PAGE));
    CU_ASSERT_EQUAL(nsim_damos_quota_clip(&quota, plan, &nsim_damos_rules_v6_12, PAGE, PAGE), 0);
    nsim_damos_quota_charge(&quota, plan, &nsim_damos_rules_v6_12, PAGE, 0, NSIM_US, 3, 81 * PAGE);
    CU_ASSERT_TRUE(quota.resume.set);
    CU_ASSERT_EQUAL(quota.resume.target, 3);
    CU_ASSERT_EQUAL(quota.resume.address, 81 * PAGE);
    plan_drop(plan);
}

/* Old kernels learn the size when the first window ends. */
static void
test_first_window(void)
{
    NsimDamosPlan *plan = plan_new(NSIM_DAMOS_MIGRATE_COLD);
    plan->quota_bytes = MIB;
    NsimDamosQuota quota = {0};
    nsim_damos_quota_begin(&quota, plan, &nsim_damos_rules_v6_12, 0, PAGE, 7 * NSIM_S);
    CU_ASSERT_EQUAL(quota.size_bytes, 0);
    CU_ASSERT_FALSE(nsim_damos_quota_limits(&quota, plan, &nsim_damos_rules_v6_12));
    nsim_damos_quota_charge(&quota, plan, &nsim_damos_rules_v6_12, 9 * MIB, 0, NSIM_US, 0, 0);
    CU_ASSERT_FALSE(nsim_damos_quota_is_over(&quota, plan, 8 * NSIM_S - 1));
    nsim_damos_quota_begin(&quota, plan, &nsim_damos_rules_v6_12, 0, PAGE, 8 * NSIM_S);
    CU_ASSERT_EQUAL(quota.size_bytes, MIB);
    CU_ASSERT_EQUAL(quota.exceeded, 0);
    CU_ASSERT_EQUAL(quota.charged_bytes, 0);
    plan_drop(plan);
}

static void
test_watermarks(void)
{
    NsimDamosPlan *plan = plan_new(NSIM_DAMOS_PAGEOUT);
    plan->watermark = NSIM_WMARK_FREE_MEM_RATE;
    plan->watermark_interval_ps = NSIM_S;
    plan->watermark_high = 500;
    plan->watermark_mid = 400;
    plan->watermark_low = 100;
    NsimDamos scheme = {.plan = plan, .active = true};
    static const struct {
        uint64_t permil;
        bool active;
    } steps[] = {{500, true}, {501, false}, {500, false}, {400, false}, {399, true}, {450, true},
                 {100, true}, {99, false},  {100, true},  {600, false}, {99, false}, {399, true}};
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        CU_ASSERT_EQUAL(nsim_damos_look_at_watermarks(&scheme, steps[i].permil), steps[i].active ? 0 : NSIM_S);
        CU_ASSERT_EQUAL(scheme.active, steps[i].active);
    }
    plan_drop(plan);
}

bool
test_quota_register(void)
{
    CU_pSuite suite = CU_add_suite("damos: quotas", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "pattern", test_pattern) != NULL &&
           CU_add_test(suite, "scores", test_scores) != NULL && CU_add_test(suite, "ramp", test_ramp) != NULL &&
           CU_add_test(suite, "temporal tuner", test_temporal) != NULL &&
           CU_add_test(suite, "time", test_time) != NULL && CU_add_test(suite, "charges", test_charges) != NULL &&
           CU_add_test(suite, "first window", test_first_window) != NULL &&
           CU_add_test(suite, "watermarks", test_watermarks) != NULL;
}
