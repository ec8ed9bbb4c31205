/* SPDX-License-Identifier: MIT */
/*
 * Goal: schemes are tried on regions in the kernel's order: priorities, what is left of the quota, where the last
 * window ended, filters. Method: a few regions by hand, and every try written down.
 */
#include "test-damos.h"

#include <mm/damon/ops-space.h>
#include <mm/damon/walk.h>

#include <CUnit/CUnit.h>
#include <stdio.h>

#define PAGE ((uint64_t)4096)

typedef struct {
    NsimDamonContext *context;
    NsimDamonPlan *plan;
    NsimDamos schemes[2];
    NsimDamosWalk walk;
    NsimDamosRules rules;
    NsimMm mm; /* goals are not used */
    GString *tries;
} Bench;

/* `count` regions of ten pages one after the other, idle and ten intervals old. */
static void
open_bench(Bench *bench, uint32_t count, const NsimDamosRules *rules)
{
    static NsimDamonSpaceOps ops;
    const NsimDamonSetup setup = {.attrs = nsim_damon_attrs_default(),
                                  .rules = nsim_damon_rules_v7_2,
                                  .min_region_bytes = PAGE,
                                  .ops = &nsim_damon_ops_fvaddr,
                                  .ops_state = &ops,
                                  .seed = 1,
                                  .stream = "walk"};
    *bench = (Bench){.rules = *rules, .tries = g_string_new(NULL)};
    bench->context = nsim_damon_context_new(&setup, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bench->context);
    NsimDamonTarget *target = nsim_damon_add_target(bench->context, NULL);
    for (uint32_t i = 0; i < count; i++) {
        nsim_damon_target_append(target, i * 10 * PAGE, (i + 1) * 10 * PAGE);
        target->regions[i].age = 10;
    }
    bench->context->size_limit = UINT64_MAX;
    bench->plan = nsim_damon_plan_new();
    NsimKdamondPlan *kdamond = nsim_kdamond_plan_new();
    g_ptr_array_add(bench->plan->kdamonds, kdamond);
    g_ptr_array_add(kdamond->contexts, nsim_damon_context_plan_new());
    bench->walk = (NsimDamosWalk){.context = bench->context,
                                  .schemes = bench->schemes,
                                  .rules = &bench->rules,
                                  .cuts = g_array_new(FALSE, FALSE, sizeof(uint64_t))};
}

static NsimDamosPlan *
add_scheme(Bench *bench, NsimDamosAction action, uint64_t quota_pages)
{
    NsimKdamondPlan *kdamond = g_ptr_array_index(bench->plan->kdamonds, 0);
    NsimDamonContextPlan *context = g_ptr_array_index(kdamond->contexts, 0);
    NsimDamosPlan *plan = nsim_damos_plan_new(action);
    plan->quota_bytes = quota_pages * PAGE;
    plan->quota_interval_ps = NSIM_S;
    plan->weight_rate = plan->weight_age = 1;
    g_ptr_array_add(context->schemes, plan);
    nsim_damos_init(&bench->schemes[bench->walk.scheme_count++], plan, bench->context);
    return plan;
}

static void
close_bench(Bench *bench)
{
    for (uint32_t s = 0; s < bench->walk.scheme_count; s++)
        nsim_damos_clear(&bench->schemes[s]);
    nsim_damon_plan_free(bench->plan);
    nsim_damon_context_free(bench->context);
    g_array_unref(bench->walk.cuts);
    g_string_free(bench->tries, TRUE);
}

/* One walk at `now_ps`: tries as "scheme:first page-end page", everything applied. */
static const char *
walk(Bench *bench, NsimTime now_ps)
{
    NsimDamosTry try;
    bench->context->passed_samples += 20;
    g_string_truncate(bench->tries, 0);
    for (uint32_t s = 0; s < bench->walk.scheme_count; s++)
        nsim_damos_adjust_quota(&bench->schemes[s], bench->context, &bench->rules, &bench->mm, now_ps);
    nsim_damos_walk_begin(&bench->walk);
    while (nsim_damos_walk_next(&bench->walk, &try)) {
        g_string_append_printf(bench->tries, "%s%u:%u-%u", bench->tries->len > 0 ? " " : "", try.scheme_number,
                               (unsigned)(try.start / PAGE), (unsigned)(try.end / PAGE));
        nsim_damos_walk_tried(&bench->walk, &try, try.end - try.start, try.end - try.start, NSIM_US);
    }
    CU_ASSERT_TRUE(nsim_damon_target_is_sound(&bench->context->targets[0], PAGE, 20));
    return bench->tries->str;
}

/* Windows of 15 pages over 40: each goes on where the one before ended; the last region's turn begins anew. */
static void
test_resume(void)
{
    Bench bench;
    open_bench(&bench, 4, &nsim_damos_rules_v7_2);
    add_scheme(&bench, NSIM_DAMOS_MIGRATE_COLD, 15);
    bench.schemes[0].pattern.nr_max = 0;
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "0:0-10 0:10-15");
    CU_ASSERT_EQUAL(bench.context->targets[0].regions[0].age, 0);
    CU_ASSERT_EQUAL(bench.schemes[0].stats.sz_tried, 15 * PAGE);
    /* The window is not over: nothing more. */
    CU_ASSERT_STRING_EQUAL(walk(&bench, NSIM_S / 2), "");
    /* Only ages of ten are wanted first; 25 pages are left of them. */
    CU_ASSERT_STRING_EQUAL(walk(&bench, NSIM_S), "0:15-20 0:20-30");
    CU_ASSERT_EQUAL(bench.schemes[0].stats.qt_exceeds, 1);
    /* The last region only ends the round, and what lies before is behind the mark. */
    CU_ASSERT_STRING_EQUAL(walk(&bench, 2 * NSIM_S), "");
    /* Ages were reset: the oldest is left for this window, then as many of the others as fit. */
    CU_ASSERT_STRING_EQUAL(walk(&bench, 3 * NSIM_S), "0:0-10 0:10-15");
    CU_ASSERT_EQUAL(bench.schemes[0].stats.nr_snapshots, 5);
    close_bench(&bench);
}

/* The best regions first, however high their addresses are. */
static void
test_priority(void)
{
    Bench bench;
    open_bench(&bench, 4, &nsim_damos_rules_v7_2);
    NsimDamonRegion *regions = bench.context->targets[0].regions;
    for (uint32_t i = 0; i < 4; i++) {
        regions[i].nr_accesses = i * 5;
        regions[i].nr_accesses_bp = i * 50000;
    }
    add_scheme(&bench, NSIM_DAMOS_MIGRATE_HOT, 20);
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "0:20-30 0:30-40");
    close_bench(&bench);
    open_bench(&bench, 4, &nsim_damos_rules_v7_2);
    bench.context->targets[0].regions[2].age = 3000;
    add_scheme(&bench, NSIM_DAMOS_MIGRATE_COLD, 10);
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "0:20-30");
    close_bench(&bench);
}

/* Two schemes see each region in turn; one that ran resets the age, so that the other's bound on ages fails. */
static void
test_two_schemes(void)
{
    Bench bench;
    open_bench(&bench, 3, &nsim_damos_rules_v7_2);
    add_scheme(&bench, NSIM_DAMOS_STAT, 0);
    add_scheme(&bench, NSIM_DAMOS_MIGRATE_COLD, 0);
    bench.schemes[1].pattern.age_min = 10;
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "0:0-10 1:0-10 0:10-20 1:10-20 0:20-30 1:20-30");
    CU_ASSERT_STRING_EQUAL(walk(&bench, NSIM_S), "0:0-10 0:10-20 0:20-30");
    close_bench(&bench);
}

/* An address filter cuts a region in three; nothing was done to the outer ones, and all are alike again at the end. */
static void
test_slices(void)
{
    Bench bench;
    const NsimDamosFilterPlan filter = {
        .kind = NSIM_FILTER_ADDR, .matching = true, .allow = true, .start = 3 * PAGE, .end = 6 * PAGE};
    open_bench(&bench, 1, &nsim_damos_rules_v7_2);
    NsimDamosPlan *plan = add_scheme(&bench, NSIM_DAMOS_STAT, 0);
    g_array_append_val(plan->filters, filter);
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "0:3-6");
    CU_ASSERT_EQUAL(bench.context->targets[0].count, 1);
    bench.rules.merge_slices = false;
    CU_ASSERT_STRING_EQUAL(walk(&bench, NSIM_S), "0:3-6");
    CU_ASSERT_EQUAL(bench.context->targets[0].count, 3);
    close_bench(&bench);
}

/* Due each apply interval in samples; 0: each sample; a limit on snapshots ends a scheme. */
static void
test_cadence(void)
{
    Bench bench;
    open_bench(&bench, 1, &nsim_damos_rules_v7_2);
    NsimDamosPlan *plan = add_scheme(&bench, NSIM_DAMOS_STAT, 0);
    CU_ASSERT_EQUAL(bench.schemes[0].next_apply, 20);
    plan->apply_interval_ps = 2 * NSIM_MS;
    nsim_damos_schedule(&bench.schemes[0], bench.context);
    CU_ASSERT_EQUAL(bench.schemes[0].next_apply, 0);
    plan->apply_interval_ps = 203 * NSIM_MS;
    plan->max_nr_snapshots = 2;
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "0:0-10");
    CU_ASSERT_EQUAL(bench.schemes[0].next_apply, 60);
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "");
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "0:0-10");
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "");
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "");
    CU_ASSERT_EQUAL(bench.schemes[0].stats.nr_snapshots, 2);
    close_bench(&bench);
}

/* Less than a page is left of a quota: tried, says the kernel, and does nothing; the age stays. */
static void
test_remainder(void)
{
    Bench bench;
    open_bench(&bench, 2, &nsim_damos_rules_v6_12);
    NsimDamosPlan *plan = add_scheme(&bench, NSIM_DAMOS_MIGRATE_COLD, 10);
    plan->quota_bytes += 100;
    bench.schemes[0].quota = (NsimDamosQuota){.begun = true, .size_bytes = plan->quota_bytes};
    CU_ASSERT_STRING_EQUAL(walk(&bench, 0), "0:0-10");
    CU_ASSERT_EQUAL(bench.schemes[0].stats.nr_tried, 2);
    CU_ASSERT_EQUAL(bench.context->targets[0].regions[1].age, 10);
    close_bench(&bench);
}

bool
test_walk_register(void)
{
    CU_pSuite suite = CU_add_suite("damos: walk", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "resume", test_resume) != NULL &&
           CU_add_test(suite, "priority", test_priority) != NULL &&
           CU_add_test(suite, "two schemes", test_two_schemes) != NULL &&
           CU_add_test(suite, "slices", test_slices) != NULL && CU_add_test(suite, "cadence", test_cadence) != NULL &&
           CU_add_test(suite, "remainder", test_remainder) != NULL;
}
