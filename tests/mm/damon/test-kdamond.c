/* SPDX-License-Identifier: MIT */
/*
 * Goal: a kdamond senses and acts one after the other, pays for it, moves what its schemes ask for and takes new
 * parameters. Method: closed forms on a small machine.
 */
#include "test-damos.h"

#include "rig.h"

#include <mm/damon/action.h>

#include <CUnit/CUnit.h>

#define MIB ((uint64_t)1 << 20)
#define PAGE ((uint64_t)4096)
/* Where box_add() puts a space. */
#define BASE ((uint64_t)0x80000 << 21)

/* The whole space as one range of fixed virtual addresses, with a scheme for everything. */
static NsimDamosPlan *
fixed_plan(NsimDamonPlan **ret, const Rig *rig, NsimDamosAction action, int32_t nid)
{
    NsimDamonContextPlan *context;
    *ret = rig_plan(&context);
    context->ops = NSIM_DAMON_FVADDR;
    const NsimDamonRange range = {BASE, BASE + rig->box.spaces[0]->page_count * PAGE};
    g_array_append_val(rig_add_target(context)->ranges, range);
    return rig_add_scheme(context, action, nid);
}

static void
place(Rig *rig, NsimNodeId node)
{
    (void)nsim_space_place(rig->box.spaces[0], 0, rig->box.spaces[0]->page_count, node);
}

/* 64 MiB are moved when the first aggregation ends: no sample is taken meanwhile. */
static void
test_serial(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 256, 256, 32, 1);
    rig_start(&rig);
    place(&rig, 0);
    fixed_plan(&plan, &rig, NSIM_DAMOS_MIGRATE_COLD, 1);
    rig_damon(&rig, plan);
    const NsimKdamond *kdamond = nsim_damon_session_at(rig.session, 0);
    const NsimKdamondStats *stats = nsim_kdamond_stats(kdamond);
    NsimTime began_ps = 0, ended_ps = 0;
    for (NsimTime now_ps = 0; ended_ps == 0 && now_ps < NSIM_S; now_ps += 100 * NSIM_US) {
        rig_run(&rig, now_ps);
        if (nsim_kdamond_is_migrating(kdamond)) {
            began_ps = began_ps == 0 ? now_ps : began_ps;
            CU_ASSERT_EQUAL(stats->samples, 20);
        } else if (began_ps > 0) {
            ended_ps = now_ps;
        }
    }
    CU_ASSERT_TRUE(began_ps > 100 * NSIM_MS && began_ps < 102 * NSIM_MS);
    CU_ASSERT_TRUE(ended_ps > began_ps + 20 * NSIM_MS);
    CU_ASSERT_EQUAL(rig_count(&rig, 0, 16384, 1), 16384);
    CU_ASSERT_TRUE(stats->migrating_ps + 100 * NSIM_US >= ended_ps - began_ps);
    const NsimDamosStats *scheme = &nsim_kdamond_scheme(kdamond, 0)->stats;
    CU_ASSERT_EQUAL(scheme->sz_tried, 64 * MIB);
    CU_ASSERT_EQUAL(scheme->sz_applied, 64 * MIB);
    /* Twenty samples later, not sooner, the next aggregation is complete. */
    rig_run(&rig, began_ps + 105 * NSIM_MS);
    CU_ASSERT_EQUAL(stats->aggregations, 1);
    rig_run(&rig, ended_ps + 105 * NSIM_MS);
    CU_ASSERT_EQUAL(stats->aggregations, 2);
    rig_close(&rig);
}

/* Ten regions: clear and test, 400 ns each, of ten regions in each sample, taken from the core that was asked for. */
static void
test_cpu(void)
{
    Rig rig;
    NsimDamonContextPlan *context;
    rig_open(&rig, 256, 256, 20, 1);
    rig_start(&rig);
    place(&rig, 0);
    NsimDamonPlan *plan = rig_plan(&context);
    ((NsimKdamondPlan *)g_ptr_array_index(plan->kdamonds, 0))->core = 2;
    context->ops = NSIM_DAMON_VADDR;
    context->attrs.min_nr_regions = 10;
    context->attrs.max_nr_regions = 10;
    rig_add_target(context);
    rig_damon(&rig, plan);
    rig_run(&rig, NSIM_S);
    const NsimKdamondStats *stats = nsim_kdamond_stats(nsim_damon_session_at(rig.session, 0));
    /* 10 us to read the mappings at the start, and when a second has passed. */
    CU_ASSERT_EQUAL(stats->samples, 199);
    CU_ASSERT_EQUAL(stats->cpu_ps, 10 * NSIM_US + (stats->samples + 200) * 10 * 400 * NSIM_NS);
    CU_ASSERT_EQUAL(rig.cpus->cores[2].kernel_ps, stats->cpu_ps);
    CU_ASSERT_EQUAL(rig.cpus->cores[0].kernel_ps + rig.cpus->cores[1].kernel_ps, 0);
    const NsimPayer payer = nsim_payers_find(rig.payers, "kdamond.0");
    CU_ASSERT_EQUAL(g_array_index(rig.payers->watched_ps, NsimTime, payer), stats->cpu_ps);
    rig_close(&rig);
}

/* Weights 1:0, then 3:1, then 1:1: a quarter of the pages moves each time, and the same ones again never. */
static void
test_weights(void)
{
    static const uint32_t weights[][2] = {{1, 0}, {3, 1}, {1, 1}, {1, 1}, {0, 0}};
    static const uint64_t far[] = {0, 1024, 2048, 2048, 2048}, moved[] = {0, 1024, 1024, 0, 0};
    Rig rig;
    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    place(&rig, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(weights); i++) {
        NsimDamonPlan *plan;
        NsimDamosPlan *scheme = fixed_plan(&plan, &rig, NSIM_DAMOS_MIGRATE_HOT, -1);
        const NsimDamosDest dests[] = {{0, weights[i][0]}, {1, weights[i][1]}};
        const uint64_t before = nsim_mover_stats(rig.mover)->pages;
        g_array_append_vals(scheme->dests, dests, 2);
        rig_damon(&rig, plan);
        rig_run(&rig, (i + 1) * NSIM_S);
        CU_ASSERT_EQUAL(rig_count(&rig, 0, 4096, 1), far[i]);
        CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->pages - before, moved[i]);
    }
    /* From 3:1 to 1:1 the pages with index 1 modulo 4 go over. */
    CU_ASSERT_EQUAL(nsim_space_state(rig.box.spaces[0], 1) & NSIM_PAGE_NODE, 1);
    CU_ASSERT_EQUAL(nsim_space_state(rig.box.spaces[0], 2) & NSIM_PAGE_NODE, 0);
    rig_close(&rig);
}

/* A full destination: pages stay, nobody is told, the quota is charged and the age begins anew. */
static void
test_full_destination(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 64, 4, 4, 1);
    rig_start(&rig);
    place(&rig, 0);
    NsimDamosPlan *scheme = fixed_plan(&plan, &rig, NSIM_DAMOS_MIGRATE_COLD, 1);
    scheme->quota_bytes = 8 * MIB;
    rig_damon(&rig, plan);
    rig_run(&rig, 900 * NSIM_MS);
    const NsimDamos *at = nsim_kdamond_scheme(nsim_damon_session_at(rig.session, 0), 0);
    CU_ASSERT_EQUAL(at->stats.sz_tried, 8 * MIB);
    CU_ASSERT_EQUAL(at->stats.sz_applied, 4 * MIB);
    CU_ASSERT_EQUAL(at->quota.charged_bytes, 8 * MIB);
    CU_ASSERT_EQUAL(rig_count(&rig, 0, 2048, 1), 1024);
    rig_close(&rig);
}

/* A young folio is rejected once, and its bits are cleared by the look: the next time it goes. */
static void
test_young(void)
{
    const NsimDamosFilterPlan filter = {.kind = NSIM_FILTER_YOUNG, .matching = true, .allow = false};
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    place(&rig, 0);
    NsimDamosPlan *scheme = fixed_plan(&plan, &rig, NSIM_DAMOS_MIGRATE_COLD, 1);
    g_array_append_val(scheme->filters, filter);
    rig_damon(&rig, plan);
    rig_run(&rig, 150 * NSIM_MS);
    const NsimDamosStats *stats = &nsim_kdamond_scheme(nsim_damon_session_at(rig.session, 0), 0)->stats;
    /* All are young from being placed, but for those that samples looked at. */
    const uint64_t first = rig_count(&rig, 0, 4096, 1);
    CU_ASSERT_TRUE(first <= 20 * 20);
    CU_ASSERT_EQUAL(stats->sz_tried, 16 * MIB);
    CU_ASSERT_EQUAL(stats->sz_ops_filter_passed, first * PAGE);
    rig_run(&rig, 350 * NSIM_MS);
    CU_ASSERT_EQUAL(rig_count(&rig, 0, 4096, 1), 4096);
    rig_close(&rig);
}

/* 1 ms of time in each second: after the guess of 4 MiB a millisecond, as many bytes as the measured pace is good for.
 */
static void
test_time_quota(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 256, 256, 64, 1);
    rig_start(&rig);
    place(&rig, 0);
    NsimDamosPlan *scheme = fixed_plan(&plan, &rig, NSIM_DAMOS_MIGRATE_COLD, 1);
    scheme->quota_ms = 1;
    rig_damon(&rig, plan);
    rig_run(&rig, 500 * NSIM_MS);
    const NsimKdamond *kdamond = nsim_damon_session_at(rig.session, 0);
    const NsimDamosQuota *quota = &nsim_kdamond_scheme(kdamond, 0)->quota;
    CU_ASSERT_EQUAL(quota->size_bytes, 4 * MIB);
    CU_ASSERT_EQUAL(quota->charged_bytes, 4 * MIB);
    const uint64_t pace = 4 * MIB * 1000000 / (quota->total_ps / NSIM_NS);
    CU_ASSERT_EQUAL(quota->total_ps, nsim_kdamond_stats(kdamond)->migrating_ps);
    rig_run(&rig, 1500 * NSIM_MS);
    CU_ASSERT_EQUAL(quota->size_bytes, MAX(pace, PAGE));
    CU_ASSERT_EQUAL(nsim_kdamond_scheme(kdamond, 0)->stats.sz_tried, 4 * MIB + pace / PAGE * PAGE);
    rig_close(&rig);
}

/* Schemes that wait for little free memory: no samples; a commit lets them go. */
static void
test_watermarks(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    place(&rig, 0);
    for (uint32_t i = 0; i < 2; i++) {
        NsimDamosPlan *scheme = fixed_plan(&plan, &rig, NSIM_DAMOS_STAT, -1);
        scheme->watermark = i == 0 ? NSIM_WMARK_FREE_MEM_RATE : NSIM_WMARK_NONE;
        scheme->watermark_interval_ps = 30 * NSIM_MS;
        scheme->watermark_high = 500;
        scheme->watermark_mid = 400;
        rig_damon(&rig, plan);
        rig_run(&rig, (i + 1) * 300 * NSIM_MS);
        const uint64_t samples = nsim_kdamond_stats(nsim_damon_session_at(rig.session, 0))->samples;
        CU_ASSERT_TRUE(i == 0 ? samples == 0 : samples > 50 && samples < 61);
    }
    rig_close(&rig);
}

typedef struct {
    uint32_t aggregated, tried, applied, tuned;
} Heard;

static void
hear_aggregated(void *data, const NsimKdamond *kdamond, uint32_t target, NsimTime now_ps)
{
    (void)kdamond, (void)target, (void)now_ps;
    ((Heard *)data)->aggregated++;
}

static void
hear_try(void *data, const NsimKdamond *kdamond, const NsimDamosTry *try, NsimTime now_ps)
{
    (void)kdamond, (void)try, (void)now_ps;
    ((Heard *)data)->tried++;
}

static void
hear_applied(void *data, const NsimKdamond *kdamond, uint32_t scheme, NsimTime now_ps)
{
    (void)kdamond, (void)scheme, (void)now_ps;
    ((Heard *)data)->applied++;
}

static void
hear_tuned(void *data, const NsimKdamond *kdamond, NsimTime now_ps)
{
    (void)kdamond, (void)now_ps;
    ((Heard *)data)->tuned++;
}

/* What tracepoints say; idle memory doubles its interval after three aggregations, and deadlines begin anew. */
static void
test_listener(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    Heard heard = {0};
    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    place(&rig, 0);
    nsim_damon_session_listen(rig.session, &(NsimDamonListener){.aggregated = hear_aggregated,
                                                                .before_apply = hear_try,
                                                                .applied = hear_applied,
                                                                .tuned = hear_tuned,
                                                                .data = &heard});
    fixed_plan(&plan, &rig, NSIM_DAMOS_STAT, -1);
    NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, 0);
    ((NsimDamonContextPlan *)g_ptr_array_index(kdamond->contexts, 0))->attrs.goal =
        (NsimDamonGoal){400, 3, 5 * NSIM_MS, 10 * NSIM_S};
    rig_damon(&rig, plan);
    rig_run(&rig, 420 * NSIM_MS);
    CU_ASSERT_EQUAL(heard.tuned, 1);
    CU_ASSERT_EQUAL(heard.aggregated, 3);
    CU_ASSERT_EQUAL(heard.applied, 3);
    CU_ASSERT_TRUE(heard.tried >= 3);
    rig_run(&rig, 550 * NSIM_MS);
    CU_ASSERT_EQUAL(heard.applied, 4);
    CU_ASSERT_EQUAL(nsim_kdamond_context(nsim_damon_session_at(rig.session, 0))->attrs.sample_ps, 10 * NSIM_MS);
    rig_close(&rig);
}

/* What the kernel refuses, and changes of shape; nothing runs or changes then. */
static void
test_refusals(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    for (uint32_t i = 0; i < 8; i++) {
        g_autoptr(GError) error = NULL;
        NsimDamosPlan *scheme = fixed_plan(&plan, &rig, NSIM_DAMOS_MIGRATE_COLD, 1);
        NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, 0);
        NsimDamonContextPlan *context = g_ptr_array_index(kdamond->contexts, 0);
        if (i == 0)
            scheme->action = NSIM_DAMOS_LRU_PRIO;
        else if (i == 1)
            scheme->target_nid = 7;
        else if (i == 2)
            context->attrs.min_nr_regions = 2;
        else if (i == 3)
            kdamond->core = 3;
        else if (i == 4)
            g_ptr_array_add(kdamond->contexts, nsim_damon_context_plan_new());
        else if (i == 5)
            ((NsimDamonTargetPlan *)g_ptr_array_index(context->targets, 0))->workload = g_strdup("nobody");
        else if (i == 6)
            g_array_index(((NsimDamonTargetPlan *)g_ptr_array_index(context->targets, 0))->ranges, NsimDamonRange, 0)
                .end = UINT64_MAX;
        else
            g_ptr_array_set_size(context->targets, 0);
        CU_ASSERT_FALSE(nsim_damon_session_run(rig.session, plan, &error));
        CU_ASSERT_PTR_NOT_NULL(error);
        CU_ASSERT_EQUAL(nsim_damon_session_count(rig.session), 0);
    }
    fixed_plan(&plan, &rig, NSIM_DAMOS_STAT, -1);
    rig_damon(&rig, plan);
    for (uint32_t i = 0; i < 3; i++) {
        g_autoptr(GError) error = NULL;
        fixed_plan(&plan, &rig, NSIM_DAMOS_STAT, -1);
        NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, 0);
        NsimDamonContextPlan *context = g_ptr_array_index(kdamond->contexts, 0);
        if (i == 0)
            (void)rig_plan_add(plan);
        else if (i == 1)
            (void)rig_add_target(context);
        else
            ((NsimDamonTargetPlan *)g_ptr_array_index(context->targets, 0))->workload = g_strdup("v");
        CU_ASSERT_FALSE(nsim_damon_session_run(rig.session, plan, &error));
        CU_ASSERT_PTR_NOT_NULL(error);
    }
    rig_run(&rig, 200 * NSIM_MS);
    rig_close(&rig);
}

/* Physical memory of the slow node: what is in use is found and fetched, whatever its virtual address. */
static void
test_physical(void)
{
    Rig rig;
    NsimDamonContextPlan *context;
    rig_open(&rig, 64, 64, 8, 512);
    rig_start(&rig);
    NsimDamonPlan *plan = rig_plan(&context);
    rig_add_target(context)->nid = 1;
    rig_add_scheme(context, NSIM_DAMOS_MIGRATE_HOT, 0);
    rig_damon(&rig, plan);
    place(&rig, 1);
    rig_run(&rig, 400 * NSIM_MS);
    const NsimKdamond *kdamond = nsim_damon_session_at(rig.session, 0);
    CU_ASSERT_EQUAL(rig_count(&rig, 0, 4096, 0), 4096);
    CU_ASSERT_EQUAL(nsim_damon_target_bytes(&nsim_kdamond_context(kdamond)->targets[0]), 64 * MIB);
    const NsimDamosStats *stats = &nsim_kdamond_scheme(kdamond, 0)->stats;
    CU_ASSERT_EQUAL(stats->sz_applied, 16 * MIB);
    /* Regions that cut a huge folio do not move it twice, and numbers without a page cost 40 ns each. */
    CU_ASSERT_TRUE(stats->sz_tried >= 64 * MIB);
    CU_ASSERT_TRUE(nsim_kdamond_stats(kdamond)->cpu_ps > (64 - 16) * MIB / PAGE * 40 * NSIM_NS);
    nsim_frames_audit(rig.box.mm->frames);
    rig_close(&rig);
}

/* Sampling where nobody has memory is idle; memory that there is already cannot be numbered any more. */
static void
test_physical_idle(void)
{
    Rig rig;
    NsimDamonContextPlan *context;
    g_autoptr(GError) error = NULL;
    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    NsimDamonPlan *plan = rig_plan(&context);
    rig_add_target(context);
    rig_damon(&rig, plan);
    rig_run(&rig, 500 * NSIM_MS);
    const NsimDamonContext *at = nsim_kdamond_context(nsim_damon_session_at(rig.session, 0));
    CU_ASSERT_EQUAL(at->max_nr_accesses, 0);
    CU_ASSERT_EQUAL(nsim_damon_target_bytes(&at->targets[0]), 128 * MIB);
    rig_close(&rig);

    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    place(&rig, 0);
    plan = rig_plan(&context);
    rig_add_target(context);
    CU_ASSERT_FALSE(nsim_damon_session_run(rig.session, plan, &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    rig_close(&rig);
}

/* Run one scheme over node 0, where 16 MiB are, until it has been applied once. */
static void
run_action(Rig *rig, NsimDamosAction action, bool busy)
{
    const NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    NsimDamonContextPlan *context;
    rig_open(rig, 64, 64, 8, 1);
    rig_start(rig);
    CU_ASSERT_TRUE_FATAL(nsim_mm_reclaim(rig->box.mm, &config, NULL));
    NsimDamonPlan *plan = rig_plan(&context);
    rig_add_target(context)->nid = 0;
    rig_add_scheme(context, action, -1);
    rig_damon(rig, plan);
    place(rig, 0);
    nsim_space_make_old(rig->box.spaces[0], 0, 4096);
    if (busy)
        nsim_space_change(rig->box.spaces[0], 0, 2048, 0, NSIM_PAGE_ACCESSED);
    rig_run(rig, 190 * NSIM_MS);
}

static uint64_t
active_pages(const Rig *rig)
{
    return nsim_lru_pages(nsim_reclaim_lru(rig->box.mm->reclaim), 0, NSIM_LRU_ACTIVE_ANON);
}

static void
close_action(Rig *rig)
{
    nsim_reclaim_stop(rig->box.mm->reclaim);
    rig_close(rig);
}

/* Folios change lists; what is not young goes out to the disk, and what is stays by a filter that nobody asked for. */
static void
test_lists(void)
{
    Rig rig;
    run_action(&rig, NSIM_DAMOS_LRU_PRIO, false);
    const NsimDamosStats *stats = &nsim_kdamond_scheme(nsim_damon_session_at(rig.session, 0), 0)->stats;
    CU_ASSERT_EQUAL(active_pages(&rig), 4096);
    CU_ASSERT_EQUAL(stats->sz_applied, 16 * MIB);
    CU_ASSERT_EQUAL(stats->sz_tried, 64 * MIB);
    close_action(&rig);
    run_action(&rig, NSIM_DAMOS_LRU_DEPRIO, false);
    CU_ASSERT_EQUAL(active_pages(&rig), 0);
    close_action(&rig);
}

static void
test_pageout(void)
{
    Rig rig;
    run_action(&rig, NSIM_DAMOS_PAGEOUT, true);
    const NsimDamosStats *stats = &nsim_kdamond_scheme(nsim_damon_session_at(rig.session, 0), 0)->stats;
    /* But for young ones that samples looked at. */
    CU_ASSERT_TRUE(stats->sz_ops_filter_passed >= 8 * MIB && stats->sz_ops_filter_passed < 10 * MIB);
    CU_ASSERT_EQUAL(stats->sz_applied, stats->sz_ops_filter_passed);
    CU_ASSERT_EQUAL(rig_count(&rig, 2048, 2048, 0), 0);
    CU_ASSERT_TRUE(rig_count(&rig, 0, 2048, 0) > 1500);
    close_action(&rig);
}

/* ---- Goals ------------------------------------------------------------------------------------------------------ */

static uint64_t
measure(const Rig *rig, NsimDamosGoalMetric metric, int32_t nid, const char *group)
{
    g_autofree char *name = g_strdup(group);
    const NsimDamosGoalPlan plan = {.metric = metric, .nid = nid, .memcg = name, .target = 1};
    const NsimDamosGoalWorld world = {.mm = rig->box.mm};
    NsimDamosGoal goal = {.current = 77};
    nsim_damos_goal_measure(&goal, &plan, &world);
    return goal.current;
}

/* 16 of 64 MiB on node 0, all of them of group g. */
static void
test_metrics(void)
{
    Rig rig;
    rig_open(&rig, 64, 64, 8, 1);
    rig.space_groups[0] = 0;
    rig_start(&rig);
    place(&rig, 0);
    (void)nsim_space_change(rig.box.spaces[0], 5, 1, 0, NSIM_PAGE_DIRTY);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_USER_INPUT, 0, NULL), 77);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_NODE_MEM_USED_BP, 0, NULL), 2500);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_NODE_MEM_FREE_BP, 0, NULL), 7500);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_NODE_MEM_USED_BP, 1, NULL), 0);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_NODE_MEMCG_USED_BP, 0, "g"), 2500);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_NODE_MEMCG_FREE_BP, 0, "g"), 7500);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_NODE_MEMCG_USED_BP, 0, "nobody"), 0);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_NODE_MEMCG_FREE_BP, 0, "nobody"), 10000);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_SOME_MEM_PSI_US, 0, NULL), 0);
    rig_close(&rig);
    run_action(&rig, NSIM_DAMOS_LRU_PRIO, false);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_ACTIVE_MEM_BP, 0, NULL), 10000);
    CU_ASSERT_EQUAL(measure(&rig, NSIM_GOAL_INACTIVE_MEM_BP, 0, NULL), 0);
    close_action(&rig);
}

/* 12 MiB of what matches are on node 0, 4 MiB on node 1. */
static void
test_eligible(void)
{
    const NsimDamosGoalPlan goal = {.metric = NSIM_GOAL_NODE_ELIGIBLE_MEM_BP, .nid = 0, .target = 10000};
    Rig rig;
    NsimDamonContextPlan *context;
    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    NsimDamonPlan *plan = rig_plan(&context);
    (void)rig_add_target(context);
    NsimDamosPlan *scheme = rig_add_scheme(context, NSIM_DAMOS_STAT, -1);
    g_array_append_val(scheme->goals, goal);
    rig_damon(&rig, plan);
    (void)nsim_space_place(rig.box.spaces[0], 0, 3072, 0);
    (void)nsim_space_place(rig.box.spaces[0], 3072, 1024, 1);
    rig_run(&rig, 150 * NSIM_MS);
    const NsimDamos *at = nsim_kdamond_scheme(nsim_damon_session_at(rig.session, 0), 0);
    CU_ASSERT_EQUAL(at->goals[0].current, 7500);
    /* A score of 7500: a quarter more than a byte. */
    CU_ASSERT_EQUAL(at->quota.tuned_bp, 12500);
    rig_close(&rig);
}

/* ---- A policy that uses it ------------------------------------------------------------------------------------- */

/* The command line of the talk, with quotas that a short test can reach. */
#define SEED_TEXT                                                                                                      \
    "damo start \\\n"                                                                                                  \
    "  --numa_node 0 --monitoring_intervals_goal 4%% 3 5ms 10s \\\n"                                                   \
    "    --damos_action migrate_cold 1 --damos_access_rate 0%% 0%% --damos_apply_interval 1s \\\n"                     \
    "    --damos_quota_interval 1s --damos_quota_space 200MB \\\n"                                                     \
    "    --damos_quota_goal node_mem_free_bp 0.5%% 0 --damos_filter reject young \\\n"                                 \
    "  --numa_node 1 --monitoring_intervals_goal 4%% 3 5ms 10s \\\n"                                                   \
    "    --damos_action migrate_hot 0 --damos_access_rate 5%% max --damos_apply_interval %s \\\n"                      \
    "    --damos_quota_interval 1s --damos_quota_space 200MB \\\n"                                                     \
    "    --damos_quota_goal node_mem_used_bp 99.7%% 0 --damos_filter allow young \\\n"                                 \
    "  --damos_nr_quota_goals 1 1 --damos_nr_filters 1 1 --nr_targets 1 1 --nr_schemes 1 1 --nr_ctxs 1 1\n"

typedef struct {
    uint32_t snapshots[2];
    uint64_t bytes[2];
    bool physical, sound;
} Policy;

static Policy policy;

static void *
policy_attach(NsimHost *host, const void *config, GError **error)
{
    g_autofree char *text = g_strdup_printf(SEED_TEXT, "1s");
    (void)config;
    policy = (Policy){.sound = true};
    return nsim_damon(host, text, error) ? &policy : NULL;
}

static void
policy_detach(void *self, NsimHost *host)
{
    (void)self, (void)host;
}

static void
policy_regions(void *self, NsimHost *host, const NsimSnapshot *snapshot)
{
    Policy *at = self;
    at->snapshots[snapshot->kdamond]++;
    at->bytes[snapshot->kdamond] = 0;
    at->sound &= snapshot->space == NSIM_SPACE_NONE && snapshot->target == 0 && snapshot->aggr_samples == 20 &&
                 snapshot->time_ps <= nsim_now(host) && snapshot->region_count > 0;
    for (uint32_t i = 0; i < snapshot->region_count; i++) {
        const NsimSnapshotRegion *region = &snapshot->regions[i];
        NsimSpaceId space;
        NsimPage page;
        at->bytes[snapshot->kdamond] += region->end - region->start;
        at->sound &= region->nr_accesses <= snapshot->aggr_samples;
        at->physical |= nsim_physical(host, region->start, &space, &page) && space == 0 && page < 4096;
    }
}

/* Two kdamonds from a text; snapshots come in; the text again, with another interval, changes what there is. */
static void
test_policy(void)
{
    const NsimPolicyClass class = {.abi_version = NSIM_ABI_VERSION,
                                   .struct_size = sizeof class,
                                   .name = "seed",
                                   .attach = policy_attach,
                                   .detach = policy_detach,
                                   .regions = policy_regions};
    g_autofree char *text = g_strdup_printf(SEED_TEXT, "2s");
    g_autoptr(GError) error = NULL;
    Rig rig;
    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    CU_ASSERT_TRUE_FATAL(nsim_mm_attach(rig.box.mm, &class, NULL, &error));
    place(&rig, 1);
    rig_run(&rig, 2 * NSIM_S);
    CU_ASSERT_TRUE(policy.sound && policy.physical);
    CU_ASSERT_TRUE(policy.snapshots[0] > 5 && policy.snapshots[1] > 5);
    CU_ASSERT_EQUAL(policy.bytes[0], 64 * MIB);
    CU_ASSERT_EQUAL(policy.bytes[1], 64 * MIB);
    NsimHost *host = &rig.box.mm->host;
    CU_ASSERT_FALSE(nsim_damon_feed(host, 0, 0, 0, 1));
    CU_ASSERT_FALSE(nsim_damon_feed(host, 2, 0, 0, 1));
    CU_ASSERT_TRUE(nsim_damon(host, text, &error));
    CU_ASSERT_FALSE(nsim_damon(host, "damo start --numa_node 0", &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    rig_run(&rig, 3 * NSIM_S);
    const NsimDamos *scheme = nsim_kdamond_scheme(nsim_damon_session_at(rig.session, 1), 0);
    CU_ASSERT_EQUAL(scheme->plan->apply_interval_ps, 2 * NSIM_S);
    CU_ASSERT_EQUAL(scheme->pattern.nr_min, 1);
    CU_ASSERT_TRUE(scheme->quota.begun);
    rig_close(&rig);
}

/* Pages that went out come back before anybody touches them: no fault, and each read once. */
static void
test_willneed(void)
{
    const NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 64, 64, 8, 1);
    rig_start(&rig);
    CU_ASSERT_TRUE_FATAL(nsim_mm_reclaim(rig.box.mm, &config, NULL));
    place(&rig, 0);
    CU_ASSERT_EQUAL(nsim_reclaim_page_out(rig.box.mm->reclaim, 0, 100, 1000, "w", 0), 1000);
    rig_run(&rig, 500 * NSIM_MS);
    CU_ASSERT_EQUAL(rig_count(&rig, 100, 1000, 0), 0);
    fixed_plan(&plan, &rig, NSIM_DAMOS_WILLNEED, -1);
    rig_damon(&rig, plan);
    rig_run(&rig, 1500 * NSIM_MS);
    const NsimReclaimStats *stats = nsim_reclaim_stats(rig.box.mm->reclaim);
    CU_ASSERT_EQUAL(rig_count(&rig, 0, 4096, 0), 4096);
    CU_ASSERT_EQUAL(stats->pswpout, 1000);
    CU_ASSERT_EQUAL(stats->pswpin, 1000);
    CU_ASSERT_EQUAL(stats->pgmajfault, 0);
    close_action(&rig);
}

/* ---- Huge pages -------------------------------------------------------------------------------------------------- */

#define FRAME 512u

/* A range so long that regions are longer than huge pages. */
static void
collapse_plan(NsimDamonPlan **ret)
{
    NsimDamonContextPlan *context;
    *ret = rig_plan(&context);
    context->ops = NSIM_DAMON_FVADDR;
    const NsimDamonRange range = {BASE, BASE + 512 * MIB};
    g_array_append_val(rig_add_target(context)->ranges, range);
    (void)rig_add_scheme(context, NSIM_DAMOS_COLLAPSE, -1);
}

static const NsimMoverStats *
mover_stats(const Rig *rig)
{
    return nsim_mover_stats(rig->mover);
}

/*
 * Four frames: pages on both nodes with holes, all on node 1, none, and one page. Each that has a page becomes a huge
 * page where most of it was; nothing is done twice.
 */
static void
test_collapse(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 64, 64, 4, 1);
    rig_start(&rig);
    CU_ASSERT_TRUE_FATAL(nsim_mm_need_frames(rig.box.mm, NULL));
    NsimSpace *space = rig.box.spaces[0];
    (void)nsim_space_place(space, 0, 300, 0);
    (void)nsim_space_place(space, 350, 100, 1);
    (void)nsim_space_place(space, FRAME, FRAME, 1);
    (void)nsim_space_place(space, 3 * FRAME + 17, 1, 1);
    collapse_plan(&plan);
    rig_damon(&rig, plan);
    rig_run(&rig, NSIM_S);
    CU_ASSERT_TRUE(nsim_space_is_huge(space, 0) && nsim_space_is_huge(space, FRAME));
    CU_ASSERT_TRUE(!nsim_space_is_huge(space, 2 * FRAME) && nsim_space_is_huge(space, 3 * FRAME));
    CU_ASSERT_EQUAL(rig_count(&rig, 0, FRAME, 0), FRAME);
    CU_ASSERT_EQUAL(rig_count(&rig, FRAME, 3 * FRAME, 1), 2 * FRAME);
    CU_ASSERT_EQUAL(space->resident_count, 3 * FRAME);
    CU_ASSERT_EQUAL(mover_stats(&rig)->collapse_alloc, 3);
    CU_ASSERT_EQUAL(mover_stats(&rig)->collapse_alloc_failed, 0);
    /* No migration, whatever the pages' nodes were. */
    CU_ASSERT_EQUAL(mover_stats(&rig)->pages, 0);
    const NsimDamos *scheme = nsim_kdamond_scheme(nsim_damon_session_at(rig.session, 0), 0);
    CU_ASSERT_TRUE(scheme->stats.nr_tried > 3);
    CU_ASSERT_EQUAL(scheme->stats.sz_applied, 3 * FRAME * PAGE);
    nsim_frames_audit(rig.box.mm->frames);
    rig_close(&rig);
}

/* What one frame of `present` pages on node 0 takes, the kernel's steps one after the other, but for the copy. */
static NsimTime
collapse_steps(const Rig *rig, uint32_t present)
{
    const NsimMigrationCosts *costs = &rig->box.machine->migration;
    return costs->wake_ps + costs->start_ps + present * (costs->isolate_ps + costs->unmap_entry_ps) +
           costs->unmap_folio_ps + costs->move_ps + costs->remap_entry_ps + present * costs->release_ps;
}

static void
test_collapse_cost(void)
{
    static const uint32_t present[] = {64, 512};
    NsimTime copied_ps[2];
    for (size_t i = 0; i < G_N_ELEMENTS(present); i++) {
        Rig rig;
        NsimDamonPlan *plan;
        rig_open(&rig, 64, 64, 1, 1);
        rig_start(&rig);
        (void)nsim_space_place(rig.box.spaces[0], 0, present[i], 0);
        collapse_plan(&plan);
        rig_damon(&rig, plan);
        rig_run(&rig, NSIM_S);
        const NsimKdamondStats *stats = nsim_kdamond_stats(nsim_damon_session_at(rig.session, 0));
        CU_ASSERT_TRUE(nsim_space_is_huge(rig.box.spaces[0], 0));
        CU_ASSERT_TRUE_FATAL(stats->migrating_ps > collapse_steps(&rig, present[i]));
        copied_ps[i] = stats->migrating_ps - collapse_steps(&rig, present[i]);
        rig_close(&rig);
    }
    /* The rest is the copy: by the page, and at least the time that 4 KiB take to be read at 100 GB/s. */
    CU_ASSERT_TRUE(copied_ps[0] >= present[0] * 40 * NSIM_NS);
    CU_ASSERT_TRUE(copied_ps[1] > copied_ps[0] * 7 && copied_ps[1] < copied_ps[0] * 9);
}

/* Without room for a whole huge page all stays as it is. */
static void
test_collapse_failed(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 4, 64, 3, 1);
    rig_start(&rig);
    NsimSpace *space = rig.box.spaces[0];
    (void)nsim_space_place(space, 0, 3 * FRAME - 500, 0); /* 1036 of 1024 pages: node 0 is full */
    const uint64_t near = rig_count(&rig, 0, 3 * FRAME, 0);
    collapse_plan(&plan);
    rig_damon(&rig, plan);
    rig_run(&rig, NSIM_S);
    CU_ASSERT_EQUAL(rig_count(&rig, 0, 3 * FRAME, 0), near);
    CU_ASSERT_EQUAL(space->resident_count, near);
    CU_ASSERT_EQUAL(mover_stats(&rig)->collapse_alloc, 0);
    CU_ASSERT_TRUE(mover_stats(&rig)->collapse_alloc_failed >= 2);
    for (NsimPage page = 0; page < 3 * FRAME; page++)
        CU_ASSERT_EQUAL(nsim_space_state(space, page) & NSIM_PAGE_MOVING, 0);
    CU_ASSERT_EQUAL(nsim_kdamond_scheme(nsim_damon_session_at(rig.session, 0), 0)->stats.sz_applied, 0);
    rig_close(&rig);
}

bool
test_kdamond_register(void)
{
    CU_pSuite suite = CU_add_suite("damos: kdamonds", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "serial", test_serial) != NULL &&
           CU_add_test(suite, "CPU time", test_cpu) != NULL && CU_add_test(suite, "weights", test_weights) != NULL &&
           CU_add_test(suite, "full destination", test_full_destination) != NULL &&
           CU_add_test(suite, "young", test_young) != NULL &&
           CU_add_test(suite, "time quota", test_time_quota) != NULL &&
           CU_add_test(suite, "watermarks", test_watermarks) != NULL &&
           CU_add_test(suite, "listener", test_listener) != NULL &&
           CU_add_test(suite, "refusals", test_refusals) != NULL &&
           CU_add_test(suite, "physical addresses", test_physical) != NULL &&
           CU_add_test(suite, "physical addresses: idle", test_physical_idle) != NULL &&
           CU_add_test(suite, "lists", test_lists) != NULL && CU_add_test(suite, "pageout", test_pageout) != NULL &&
           CU_add_test(suite, "metrics", test_metrics) != NULL &&
           CU_add_test(suite, "eligible memory", test_eligible) != NULL &&
           CU_add_test(suite, "a policy", test_policy) != NULL &&
           CU_add_test(suite, "willneed", test_willneed) != NULL &&
           CU_add_test(suite, "collapse", test_collapse) != NULL &&
           CU_add_test(suite, "what collapsing costs", test_collapse_cost) != NULL &&
           CU_add_test(suite, "collapse without room", test_collapse_failed) != NULL;
}
