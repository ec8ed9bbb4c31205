/* SPDX-License-Identifier: MIT */
/*
 * Goal: threads sleep and are charged as docs/replay.md says, policies see their CPU time, and scans cost what they
 * should. Method: a few records by hand, closed forms, events in between that ask and charge.
 */
#include "rig.h"
#include "test-experiment.h"

#include <string.h>

#include <CUnit/CUnit.h>

/* Latency 100 ns; a line keeps a node busy for 1 ps. */
static const char machine[] = "nodes:\n"
                              "  - {id: N, kind: dram, capacity: 64MiB, latency: 100ns, read: 64TB/s, at: C}\n"
                              "  - {id: F, kind: dram, capacity: 64MiB, latency: 100ns, read: 64TB/s, at: C}\n"
                              "accessors: [{id: C, cores: 8, window: {random: 10}, fault: {minor: 1us, hint: 2us}}]\n";
#define LATENCY_PS ((NsimTime)100000)

static Rig *
new_rig(void)
{
    const NsimMoverConfig config = nsim_mover_config_default();
    Rig *rig = rig_new(machine, 8);
    rig_place(rig, 0, 4, 0);
    rig_place(rig, 4, 3, 1); /* page 7 has no memory */
    rig_give_mover(rig, &config);
    return rig;
}

/* Threads wait for their loads, so that what they do has one time. */
static NsimBurst
line(uint32_t page, NsimTime gap_ps)
{
    return (NsimBurst){.page = page, .count = 1, .gap = (uint32_t)gap_ps, .flags = NSIM_BURST_DEPENDENT};
}

static NsimTaskInfo
info_of(const Rig *rig, uint32_t task)
{
    NsimTaskInfo info;
    CU_ASSERT_TRUE_FATAL(nsim_task_info(&rig->mm->host, task, &info));
    return info;
}

static void
at(Rig *rig, NsimTime time_ps, NsimEventFunc run)
{
    const NsimEvent event = {.time_ps = time_ps, .priority = NSIM_PRIORITY_POLICY, .run = run, .context = rig};
    nsim_event_queue_push(rig->events, &event);
}

/* ---- Sleep ------------------------------------------------------------------------------------------------------ */

/* Ten ticks of one load: each sleep is shorter by the load that came before. */
static void
test_sleep(void)
{
    g_autoptr(Rig) rig = new_rig();
    NsimBurst bursts[10];
    for (int i = 0; i < 10; i++)
        bursts[i] = line(0, NSIM_MS);
    rig_add(rig, 0, bursts, 10)->sleep_ps = 50 * NSIM_US;
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->end_ps, 10 * NSIM_MS + LATENCY_PS);
    CU_ASSERT_EQUAL(stats->accessors[0].idle_ps, 10 * NSIM_MS - 9 * LATENCY_PS);
    CU_ASSERT_EQUAL(info_of(rig, 0).cpu_ps, 9 * LATENCY_PS);
    CU_ASSERT_EQUAL(stats->accessors[0].compute_ps + stats->accessors[0].stall_ps, 10 * LATENCY_PS);
}

/* Without it the same gaps are computing; with a larger limit too. */
static void
test_no_sleep(void)
{
    for (int i = 0; i < 2; i++) {
        g_autoptr(Rig) rig = new_rig();
        const NsimBurst bursts[] = {line(0, NSIM_MS), line(0, NSIM_MS)};
        rig_add(rig, 0, bursts, 2)->sleep_ps = i == 0 ? 0 : NSIM_MS + 1;
        const NsimReplayStats *stats = rig_run(rig);
        CU_ASSERT_EQUAL(stats->end_ps, 2 * NSIM_MS + 2 * LATENCY_PS);
        CU_ASSERT_EQUAL(stats->accessors[0].idle_ps, 0);
        CU_ASSERT_EQUAL(info_of(rig, 0).cpu_ps, 2 * NSIM_MS + LATENCY_PS);
    }
}

static void
charge_much(void *context, uint64_t argument)
{
    Rig *rig = context;
    (void)argument;
    CU_ASSERT_EQUAL(info_of(rig, 0).cpu_ps, 0);
    CU_ASSERT_TRUE(nsim_charge(&rig->mm->host, 0, 2500 * NSIM_US));
    CU_ASSERT_FALSE(nsim_charge(&rig->mm->host, 1, NSIM_US));
}

/* Kernel work of 2.5 ms while it sleeps: it is awake at 3.5 ms, does the second tick at once and goes on from there. */
static void
test_late(void)
{
    g_autoptr(Rig) rig = new_rig();
    const NsimBurst bursts[] = {line(0, NSIM_MS), line(0, NSIM_MS), line(0, NSIM_MS)};
    rig_add(rig, 0, bursts, 3)->sleep_ps = 50 * NSIM_US;
    at(rig, 500 * NSIM_US, charge_much);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->end_ps, 4500 * NSIM_US + 2 * LATENCY_PS);
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, 2500 * NSIM_US);
    CU_ASSERT_EQUAL(info_of(rig, 0).cpu_ps, 2500 * NSIM_US + 2 * LATENCY_PS);
    CU_ASSERT_TRUE(info_of(rig, 0).ended);
}

/* ---- What policies see ------------------------------------------------------------------------------------------ */

static void
look(void *context, uint64_t argument)
{
    Rig *rig = context;
    (void)argument;
    const NsimTaskInfo first = info_of(rig, 0), second = info_of(rig, 1);
    CU_ASSERT_EQUAL(nsim_task_count(&rig->mm->host), 2);
    CU_ASSERT_EQUAL(first.cpu_ps, 100 * NSIM_US); /* at the barrier since */
    CU_ASSERT_FALSE(first.runnable);
    CU_ASSERT_FALSE(first.ended);
    CU_ASSERT_EQUAL(second.cpu_ps, 150 * NSIM_US); /* computes, began 50 us later */
    CU_ASSERT_TRUE(second.runnable);
    CU_ASSERT_EQUAL(second.start_ps, 50 * NSIM_US);
    CU_ASSERT_EQUAL(second.thread, 1);
    CU_ASSERT_EQUAL(second.core, 1);
    CU_ASSERT_FALSE(nsim_charge(&rig->mm->host, 0, NSIM_US));
}

static void
test_cpu_time(void)
{
    static const uint32_t members[] = {2};
    for (int warmup = 0; warmup < 2; warmup++) {
        g_autoptr(Rig) rig = new_rig();
        rig->workload = (NsimReplayWorkload){.barrier_count = 1, .barriers = members};
        rig->warmup_ps = warmup ? 120 * NSIM_US : 0;
        const NsimBurst waits[] = {{.op = NSIM_OP_BARRIER, .gap = 100 * NSIM_US}, line(0, 0)};
        const NsimBurst works[] = {{.op = NSIM_OP_BARRIER, .gap = 10 * NSIM_US}, line(0, 200 * NSIM_US)};
        rig_add(rig, 0, waits, 2);
        rig_add(rig, 0, works, 2)->start_ps = 50 * NSIM_US;
        rig->workload.barriers = (const uint32_t[]){2};
        NsimTaskInfo unknown;
        CU_ASSERT_FALSE(nsim_task_info(&rig->mm->host, 0, &unknown));
        (void)rig_run(rig);
        CU_ASSERT_EQUAL(info_of(rig, 0).cpu_ps, 100 * NSIM_US);
        CU_ASSERT_EQUAL(info_of(rig, 1).cpu_ps, 10 * NSIM_US + 200 * NSIM_US);
    }
}

static void
test_cpu_time_now(void)
{
    static const uint32_t members[] = {2};
    g_autoptr(Rig) rig = new_rig();
    rig->workload = (NsimReplayWorkload){.barrier_count = 1, .barriers = members};
    const NsimBurst waits[] = {{.op = NSIM_OP_BARRIER, .gap = 100 * NSIM_US}, line(0, 0)};
    const NsimBurst works[] = {line(0, 300 * NSIM_US), {.op = NSIM_OP_BARRIER}};
    rig_add(rig, 0, waits, 2);
    rig_add(rig, 0, works, 2)->start_ps = 50 * NSIM_US;
    at(rig, 200 * NSIM_US, look);
    (void)rig_run(rig);
}

/* ---- Scans ------------------------------------------------------------------------------------------------------ */

typedef struct {
    NsimTime cost_ps;
    bool armed[8];
} Scanned;

static Scanned scanned;

static void
scan(void *context, uint64_t argument)
{
    Rig *rig = context;
    (void)argument;
    static const bool nodes[] = {false, true};
    NsimScan what = {.task = 1,
                     .page = 1,
                     .count = 7,
                     .nodes = nodes,
                     .page_ps = 10 * NSIM_NS,
                     .change_ps = 50 * NSIM_NS,
                     .ret_armed = scanned.armed};
    CU_ASSERT_EQUAL(nsim_scan(&rig->mm->host, &what, &scanned.cost_ps), 3);
    /* Once more: they are armed already, nothing is flushed. */
    NsimTime again_ps = 0;
    what.ret_armed = NULL;
    CU_ASSERT_EQUAL(nsim_scan(&rig->mm->host, &what, &again_ps), 0);
    CU_ASSERT_EQUAL(again_ps, 6 * 10 * NSIM_NS);
}

/* Six pages are there, three of them on the node asked for; two other CPUs are interrupted. */
static void
test_scan(void)
{
    g_autoptr(Rig) rig = new_rig();
    const NsimBurst bursts[] = {line(0, NSIM_MS)};
    for (int t = 0; t < 3; t++)
        rig_add(rig, 0, bursts, 1);
    at(rig, 500 * NSIM_US, scan);
    const NsimReplayStats *stats = rig_run(rig);
    const NsimMigrationCosts *costs = &rig->machine->migration;
    const NsimTime flush_ps = costs->flush_base_ps + 2 * costs->flush_target_ps + 3 * costs->flush_page_ps;
    CU_ASSERT_EQUAL(scanned.cost_ps, 6 * 10 * NSIM_NS + 3 * 50 * NSIM_NS + flush_ps);
    CU_ASSERT_EQUAL(memcmp(scanned.armed, (const bool[]){0, 0, 0, 1, 1, 1, 0}, 7), 0);
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, scanned.cost_ps + 60 * NSIM_NS + 2 * costs->flush_stolen_ps);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig->mover)->shootdowns, 2);
    CU_ASSERT_EQUAL(nsim_space_state(rig->space, 4) & NSIM_PAGE_ARMED, NSIM_PAGE_ARMED);
    CU_ASSERT_EQUAL(nsim_space_state(rig->space, 3) & NSIM_PAGE_ARMED, 0);
}

static void
scan_badly(void *context, uint64_t argument)
{
    Rig *rig = context;
    NsimScan what = {.task = argument == 0 ? 9 : 0, .page = argument == 1 ? 6 : 0, .count = 3};
    if (argument == 1)
        what.page = rig->space->page_count - 2;
    CU_ASSERT_EQUAL(nsim_scan(&rig->mm->host, &what, NULL), 0);
}

static void
test_scan_refused(void)
{
    for (uint64_t i = 0; i < 2; i++) {
        g_autoptr(Rig) rig = new_rig();
        const NsimBurst bursts[] = {line(0, NSIM_MS)};
        rig_add(rig, 0, bursts, 1);
        const NsimEvent event = {.time_ps = 1, .run = scan_badly, .context = rig, .argument = i};
        nsim_event_queue_push(rig->events, &event);
        g_autofree char *message = rig_run_failing(rig);
        CU_ASSERT_PTR_NOT_NULL(strstr(message, i == 0 ? "a task that does not exist" : "pages that do not exist"));
    }
}

/* ---- Charges in a fault -------------------------------------------------------------------------------------------
 */

static void *
attach(NsimHost *host, const void *config, GError **error)
{
    (void)config, (void)error;
    CU_ASSERT_EQUAL(nsim_task_count(host), 0);
    return host;
}

static void
detach(void *self, NsimHost *host)
{
    (void)self, (void)host;
}

static void
on_faults(void *self, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    (void)self, (void)count;
    if (faults->kind == NSIM_FAULT_HINT)
        CU_ASSERT_TRUE(nsim_charge(host, 0, 7 * NSIM_US));
}

static void
test_charge_in_fault(void)
{
    static const NsimPolicyClass class = {.abi_version = NSIM_ABI_VERSION,
                                          .struct_size = sizeof class,
                                          .name = "charges",
                                          .attach = attach,
                                          .detach = detach,
                                          .faults = on_faults};
    g_autoptr(Rig) rig = new_rig();
    const NsimBurst bursts[] = {line(0, 0), line(1, 0)};
    rig_add(rig, 0, bursts, 2);
    CU_ASSERT_TRUE_FATAL(nsim_mm_attach(rig->mm, &class, NULL, NULL));
    CU_ASSERT_EQUAL(nsim_arm(&rig->mm->host, 0, 1, 1), 1);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, 9 * NSIM_US); /* 2 us are the fault's own */
    CU_ASSERT_EQUAL(stats->end_ps, 2 * LATENCY_PS + 9 * NSIM_US);
}

bool
test_tasks_register(void)
{
    CU_pSuite suite = CU_add_suite("tasks", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "sleep", test_sleep) != NULL &&
           CU_add_test(suite, "no sleep", test_no_sleep) != NULL &&
           CU_add_test(suite, "late for a timer", test_late) != NULL &&
           CU_add_test(suite, "CPU time", test_cpu_time) != NULL &&
           CU_add_test(suite, "CPU time now", test_cpu_time_now) != NULL &&
           CU_add_test(suite, "a scan", test_scan) != NULL &&
           CU_add_test(suite, "scans refused", test_scan_refused) != NULL &&
           CU_add_test(suite, "a charge in a fault", test_charge_in_fault) != NULL;
}
