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
    nsim_damon_session_listen(rig.session,
                              &(NsimDamonListener){hear_aggregated, hear_try, hear_applied, hear_tuned, &heard});
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
    for (uint32_t i = 0; i < 7; i++) {
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
        else
            g_ptr_array_set_size(context->targets, 0);
        CU_ASSERT_FALSE(nsim_damon_session_run(rig.session, plan, &error));
        CU_ASSERT_PTR_NOT_NULL(error);
        CU_ASSERT_EQUAL(nsim_damon_session_count(rig.session), 0);
    }
    fixed_plan(&plan, &rig, NSIM_DAMOS_STAT, -1);
    rig_damon(&rig, plan);
    for (uint32_t i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        fixed_plan(&plan, &rig, NSIM_DAMOS_STAT, -1);
        NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, 0);
        if (i == 0)
            (void)rig_plan_add(plan);
        else
            (void)rig_add_target(g_ptr_array_index(kdamond->contexts, 0));
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
           CU_add_test(suite, "physical addresses: idle", test_physical_idle) != NULL;
}
