/* SPDX-License-Identifier: MIT */
/*
 * Goal: TPP promotes what is on an active list when it faults and nothing else, and demotes until its own watermark is
 * free. Method: the paced workload with short periods; a small fast node full of pages that nobody touches.
 */
#include "paced.h"
#include "test-tiering.h"

#include <CUnit/CUnit.h>

enum { UPDATES, FAULTS, SAMPLED, CANDIDATES, SUCCESS, ACTIVATED, NO_ROOM };

#define PROBE_PS NSIM_MS

typedef struct {
    const Rig *rig;
    uint64_t updates, activated; /* when the first page went up */
    NsimTime until_ps;
} Probe;

static void
look(void *context, uint64_t now_ps)
{
    Probe *probe = context;
    const uint64_t *counters = nsim_mm_counters(probe->rig->mm);
    if (counters[SUCCESS] > 0 && probe->updates == 0) {
        probe->updates = counters[UPDATES];
        probe->activated = counters[ACTIVATED];
    }
    if (now_ps >= probe->until_ps)
        return;
    const NsimEvent event = {
        .time_ps = now_ps + PROBE_PS, .run = look, .context = probe, .argument = now_ps + PROBE_PS};
    nsim_event_queue_push(probe->rig->events, &event);
}

/* The first fault activates, the second promotes: nothing goes up before pages are armed for the second time. */
static void
test_second_fault(void)
{
    Paced paced = {.per_tick = 500, .gap_ps = 1000000, .until_ps = 2500 * NSIM_MS};
    g_autoptr(Rig) rig = paced_rig(&paced, 2 * NSIM_US, 3 * NSIM_US);
    g_autoptr(NsimPlugins) plugins = nsim_plugins_new(NULL, NULL);
    g_autoptr(NsimPolicySpec) spec =
        rig_attach(rig, plugins, "tpp:scan_delay=100ms,scan_period_min=200ms,scan_period_max=800ms");
    CU_ASSERT_PTR_NOT_NULL(spec);
    paced_place(rig);
    Probe probe = {.rig = rig, .until_ps = paced.until_ps};
    look(&probe, 0);
    (void)rig_run(rig);
    const uint64_t *counters = nsim_mm_counters(rig->mm);
    CU_ASSERT(probe.updates > PACED_PAGES);
    CU_ASSERT(probe.activated >= PACED_HOT_PAGES);
    CU_ASSERT_EQUAL(paced_near(rig, PACED_HOT_FIRST, true), PACED_HOT_PAGES);
    CU_ASSERT_EQUAL(counters[SAMPLED], counters[FAULTS]); /* nothing else is armed */
    CU_ASSERT_EQUAL(counters[SAMPLED], counters[ACTIVATED] + counters[CANDIDATES]);
    CU_ASSERT(counters[CANDIDATES] - counters[SUCCESS] <= 1); /* one may be on its way at the end */
    CU_ASSERT_EQUAL(counters[NO_ROOM], 0);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig->mover)->promoted_pages, counters[SUCCESS]);
    nsim_mm_detach(rig->mm);
}

/* 2000 of 2048 pages of the fast node are cold, 1000 hot ones are on the slow node: they change places, and 10 % stay
 * free. */
static void
test_demotion(void)
{
    static const char machine[] = "nodes:\n"
                                  "  - {id: D, kind: dram, capacity: 8MiB, latency: 80ns, read: 100GB/s, at: C}\n"
                                  "  - {id: X, kind: cxl, capacity: 64MiB, latency: 250ns, read: 30GB/s, at: C}\n"
                                  "accessors: [{id: C, cores: 2, window: {random: 10}}]\n";
    const NsimMoverConfig config = nsim_mover_config_default();
    g_autoptr(Rig) rig = rig_new(machine, 3000);
    g_autoptr(NsimPlugins) plugins = nsim_plugins_new(NULL, NULL);
    rig_give_mover(rig, &config);
    g_autoptr(NsimPolicySpec) spec = rig_attach(rig, plugins,
                                                "tpp:demote_scale_factor=10%,scan_delay=1ms,scan_period_min=5ms,"
                                                "scan_period_max=10ms,tick=1ms,scan_size=16MiB");
    CU_ASSERT_PTR_NOT_NULL(spec);
    rig_place(rig, 0, 2000, 0);
    rig_place(rig, 2000, 1000, 1);
    Toucher toucher = {.first = 2000, .count = 1000, .until_ps = 400 * NSIM_MS};
    rig_add_func(rig, 0, toucher_next, &toucher);
    (void)rig_run(rig);
    uint32_t near = 0;
    for (uint32_t p = 2000; p < 3000; p++)
        near += (nsim_space_state(rig->space, p) & NSIM_PAGE_NODE) == 0;
    const NsimMoverStats *stats = nsim_mover_stats(rig->mover);
    CU_ASSERT_EQUAL(near, 1000);
    CU_ASSERT(nsim_memory_free_pages(rig->memory, 0) >= 204);
    CU_ASSERT_EQUAL(2000 + stats->promoted_pages - stats->demoted_pages, rig->memory->nodes[0].used_pages);
    CU_ASSERT_EQUAL(stats->promoted_pages, nsim_mm_counters(rig->mm)[SUCCESS]);
    CU_ASSERT_EQUAL(rig->memory->nodes[0].used_pages + rig->memory->nodes[1].used_pages, 3000);
    nsim_mm_detach(rig->mm);
}

bool
test_tpp_register(void)
{
    CU_pSuite suite = CU_add_suite("tpp", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "the second fault", test_second_fault) != NULL &&
           CU_add_test(suite, "demotion", test_demotion) != NULL;
}
