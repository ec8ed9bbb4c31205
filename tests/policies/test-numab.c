/* SPDX-License-Identifier: MIT */
/*
 * Goal: NUMA balancing's memory tiering does what a recorded kernel did (Linux 6.12 in an emulated guest): when it
 * scans, how faults come in after that, what share of the pages goes up. Method: the recorded workload again, and the
 * figures of the recording; the cost of a promotion is set so that it takes the CPU time that it took there.
 */
#include "paced.h"
#include "test-tiering.h"

#include <stdio.h>

#include <CUnit/CUnit.h>

enum { UPDATES, FAULTS };

#define PROBE_PS (4 * NSIM_MS)
#define SECONDS 5u

typedef struct {
    Rig *rig;
    const Paced *paced;
    NsimTime scan_ps, scan_cpu_ps; /* when the first scan was seen */
    uint64_t updates;
    uint64_t faults[SECONDS];
    NsimTime cpu_ps[SECONDS];
    uint32_t cold, hot; /* near two seconds after the scan */
    uint32_t second;
} Probe;

static void probe_later(Probe *probe, NsimTime now_ps);

static void
look(Probe *probe, NsimTime now_ps)
{
    const uint64_t *counters = nsim_mm_counters(probe->rig->mm);
    NsimTaskInfo info;
    CU_ASSERT_TRUE_FATAL(nsim_task_info(&probe->rig->mm->host, 0, &info));
    if (probe->scan_ps == 0 && counters[UPDATES] > 0) {
        probe->scan_ps = now_ps;
        probe->scan_cpu_ps = info.cpu_ps;
        probe->updates = counters[UPDATES];
    }
    if (probe->scan_ps == 0 || now_ps < probe->scan_ps + (probe->second + 1) * NSIM_S)
        return;
    probe->faults[probe->second] = counters[FAULTS];
    probe->cpu_ps[probe->second] = info.cpu_ps;
    if (++probe->second == 2) {
        const uint32_t first = paced_hot_first(probe->paced, probe->scan_ps);
        probe->cold = paced_near(probe->rig, first, false);
        probe->hot = paced_near(probe->rig, first, true);
    }
}

static void
run_probe(void *context, uint64_t now_ps)
{
    Probe *probe = context;
    look(probe, now_ps);
    if (probe->second < SECONDS)
        probe_later(probe, now_ps + PROBE_PS);
}

static void
probe_later(Probe *probe, NsimTime when_ps)
{
    const NsimEvent event = {.time_ps = when_ps, .run = run_probe, .context = probe, .argument = when_ps};
    nsim_event_queue_push(probe->rig->events, &event);
}

/* A recording and what it found. */
typedef struct {
    const char *name;
    Paced paced;
    NsimTime start_ps;          /* of a move: sets what a promotion costs */
    uint32_t faults_k[SECONDS]; /* thousands of faults so far, 1 to 5 s after the scan; 0: not to be compared */
    uint32_t cold_permille;     /* promoted by the scan */
    uint32_t busy_ms;           /* CPU time in the first second after it; 0: not recorded */
} Recording;

static void
replay(const Recording *recording)
{
    Paced paced = recording->paced;
    g_autoptr(Rig) rig = paced_rig(&paced, 2 * NSIM_US, recording->start_ps);
    g_autoptr(NsimPlugins) plugins = nsim_plugins_new(NULL, NULL);
    g_autoptr(NsimPolicySpec) spec = rig_attach(rig, plugins, "numab");
    CU_ASSERT_PTR_NOT_NULL(spec);
    paced_place(rig);
    Probe probe = {.rig = rig, .paced = &paced};
    probe_later(&probe, PROBE_PS);
    (void)rig_run(rig);
    printf("\n    %s: scan at %u ms, %u ms of CPU time; faults", recording->name, (unsigned)(probe.scan_ps / NSIM_MS),
           (unsigned)(probe.scan_cpu_ps / NSIM_MS));
    for (uint32_t s = 0; s < SECONDS; s++)
        printf(" %u", (unsigned)probe.faults[s]);
    printf("; near %u hot, %u cold; busy %u ms in the first second", probe.hot, probe.cold,
           (unsigned)((probe.cpu_ps[0] - probe.scan_cpu_ps) / NSIM_MS));

    CU_ASSERT_EQUAL(probe.updates, PACED_PAGES); /* all in one go */
    CU_ASSERT(probe.scan_cpu_ps > 1500 * NSIM_MS && probe.scan_cpu_ps < 1540 * NSIM_MS);
    for (uint32_t s = 0; s < SECONDS; s++) {
        if (recording->faults_k[s] > 0)
            RIG_ASSERT_NEAR(probe.faults[s], recording->faults_k[s] * 1000.0, 80000);
    }
    CU_ASSERT_EQUAL(probe.hot, PACED_HOT_PAGES);
    const uint32_t permille = probe.cold * 1000 / (PACED_PAGES - PACED_HOT_PAGES);
    CU_ASSERT(permille + 80 > recording->cold_permille && permille < recording->cold_permille + 80);
    if (recording->busy_ms > 0)
        RIG_ASSERT_NEAR((probe.cpu_ps[0] - probe.scan_cpu_ps) / NSIM_MS, recording->busy_ms, 150000);
    nsim_mm_detach(rig->mm);
}

/* 5e5 accesses a second, busy 6 % of the time. */
static void
test_slow(void)
{
    static const Recording recording = {
        .name = "5e5/s",
        .paced = {.per_tick = 500, .gap_ps = 120000, .before_ps = 780 * NSIM_MS, .until_ps = 20 * NSIM_S},
        .start_ps = 10 * NSIM_US,
        .faults_k = {37, 53, 60, 63, 65},
        .cold_permille = 520,
        .busy_ms = 690};
    replay(&recording);
}

/* 2e6 accesses a second, busy 12 % of the time. */
static void
test_fast(void)
{
    static const Recording recording = {
        .name = "2e6/s",
        .paced = {.per_tick = 2000, .gap_ps = 60000, .before_ps = 600 * NSIM_MS, .until_ps = 15 * NSIM_S},
        .start_ps = 10 * NSIM_US,
        .faults_k = {53, 65, 65, 65, 65},
        .cold_permille = 790,
        .busy_ms = 970};
    replay(&recording);
}

/* Another tenth of the area is hot every 10 s. */
static void
test_moving(void)
{
    static const Recording recording = {.name = "5e5/s, moving",
                                        .paced = {.per_tick = 500,
                                                  .gap_ps = 120000,
                                                  .before_ps = 780 * NSIM_MS,
                                                  .until_ps = 20 * NSIM_S,
                                                  .window_ps = 10 * NSIM_S},
                                        .start_ps = 10 * NSIM_US,
                                        .faults_k = {37, 54, 60, 63, 65},
                                        .cold_permille = 504};
    replay(&recording);
}

/* ---- Mode 1 -------------------------------------------------------------------------------------------------------
 */

/* Two sockets. */
static const char sockets[] =
    "nodes:\n"
    "  - {id: D0, kind: dram, capacity: 64MiB, read: 64TB/s, at: C0, latency: 50ns}\n"
    "  - {id: D1, kind: dram, capacity: 64MiB, read: 64TB/s, at: C1, latency: 50ns}\n"
    "accessors: [{id: C0, cores: 4, window: {random: 10}}, {id: C1, cores: 4, window: {random: 10}}]\n"
    "links: [{id: L, between: [C0, C1], bandwidth: 64TB/s, latency: 50ns}]\n";

#define QUICK "scan_delay=1ms,scan_period_min=1ms,scan_period_max=4ms,tick=100us,scan_size=1MiB"

static uint32_t
count_on(const Rig *rig, NsimPage page, uint32_t count, NsimNodeId node)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        found += (nsim_space_state(rig->space, page + i) & NSIM_PAGE_NODE) == node;
    return found;
}

static Rig *
sockets_rig(void)
{
    const NsimMoverConfig config = nsim_mover_config_default();
    Rig *rig = rig_new(sockets, 512);
    rig_give_mover(rig, &config);
    return rig;
}

/* Each CPU's own pages begin on the other's node and come home; tiering finds nothing to do where all is one tier. */
static void
test_private(void)
{
    for (int mode = 1; mode <= 3; mode++) {
        g_autoptr(Rig) rig = sockets_rig();
        g_autoptr(NsimPlugins) plugins = nsim_plugins_new(NULL, NULL);
        g_autofree char *text = g_strdup_printf("numab:mode=%d," QUICK, mode);
        g_autoptr(NsimPolicySpec) spec = rig_attach(rig, plugins, text);
        CU_ASSERT_PTR_NOT_NULL(spec);
        Toucher touchers[] = {{.first = 0, .count = 64, .until_ps = 20 * NSIM_MS},
                              {.first = 64, .count = 64, .until_ps = 20 * NSIM_MS}};
        rig_place(rig, 0, 64, 1);
        rig_place(rig, 64, 64, 0);
        rig_add_func(rig, 0, toucher_next, &touchers[0]);
        rig_add_func(rig, 1, toucher_next, &touchers[1])->core = 0;
        (void)rig_run(rig);
        const uint64_t *counters = nsim_mm_counters(rig->mm);
        CU_ASSERT_EQUAL(count_on(rig, 0, 64, 0), mode == 2 ? 0 : 64);
        CU_ASSERT_EQUAL(count_on(rig, 64, 64, 1), mode == 2 ? 0 : 64);
        CU_ASSERT_EQUAL(counters[3], mode == 2 ? 0 : 128);
        CU_ASSERT_EQUAL(counters[4], 0);
        CU_ASSERT(mode == 2 ? counters[UPDATES] == 0 : counters[UPDATES] >= 128);
        nsim_mm_detach(rig->mm);
    }
}

/* Pages that one CPU used and another one takes over stay at the first fault of the new one, and go at the second. */
static void
test_two_stages(void)
{
    g_autoptr(Rig) rig = sockets_rig();
    g_autoptr(NsimPlugins) plugins = nsim_plugins_new(NULL, NULL);
    g_autoptr(NsimPolicySpec) spec = rig_attach(rig, plugins, "numab:mode=1," QUICK);
    CU_ASSERT_PTR_NOT_NULL(spec);
    Toucher touchers[] = {{.first = 0, .count = 64, .until_ps = 20 * NSIM_MS},
                          {.first = 0, .count = 64, .from_ps = 20 * NSIM_MS, .until_ps = 60 * NSIM_MS}};
    rig_place(rig, 0, 64, 0);
    rig_add_func(rig, 0, toucher_next, &touchers[0]);
    rig_add_func(rig, 1, toucher_next, &touchers[1])->core = 0;
    (void)rig_run(rig);
    const uint64_t *counters = nsim_mm_counters(rig->mm);
    CU_ASSERT_EQUAL(count_on(rig, 0, 64, 1), 64);
    CU_ASSERT_EQUAL(counters[3], 64);
    /* Faults that were not local: one that moved nothing and one that did, for each page. */
    CU_ASSERT_EQUAL(counters[FAULTS] - counters[2], 128);
    nsim_mm_detach(rig->mm);
}

bool
test_numab_register(void)
{
    CU_pSuite suite = CU_add_suite("numab", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "recorded, 5e5/s", test_slow) != NULL &&
           CU_add_test(suite, "recorded, 2e6/s", test_fast) != NULL &&
           CU_add_test(suite, "recorded, moving", test_moving) != NULL &&
           CU_add_test(suite, "mode 1: private pages", test_private) != NULL &&
           CU_add_test(suite, "mode 1: two stages", test_two_stages) != NULL;
}
