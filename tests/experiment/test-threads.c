/* SPDX-License-Identifier: MIT */
/* Control records, threads that share cores, and what begins and ends a replay: barriers, marks, pauses, until, warm-up. */
#include "rig.h"
#include "test-experiment.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

/* Latency 100 ns; a line keeps the node busy for 1 ps, so that records 1 ps apart do not meet. */
static const char machine[] = "nodes: [{id: N, kind: dram, capacity: 64MiB, latency: 100ns, read: 64TB/s, at: C}]\n"
                              "accessors: [{id: C, cores: 8, window: {random: 10}}]\n";
#define LATENCY_PS ((NsimTime)100000)

static Rig *
new_rig(void)
{
    Rig *rig = rig_new(machine, 8);
    rig_place(rig, 0, 8, 0);
    return rig;
}

static NsimBurst
line(uint32_t gap)
{
    return (NsimBurst){ .count = 1, .gap = gap };
}

static NsimBurst
control(NsimOp op, uint32_t operand, uint32_t gap)
{
    return (NsimBurst){ .page = operand, .op = (uint8_t)op, .gap = gap };
}

/* ---- Barriers --------------------------------------------------------------------------------------------------- */

static void
test_barrier(void)
{
    static const uint32_t members[] = { 3 };
    g_autoptr(Rig) rig = new_rig();
    rig->workload = (NsimReplayWorkload){ .barrier_count = 1, .barriers = members };
    for (uint32_t t = 0; t < 3; t++) {
        const NsimBurst bursts[] = { line(1000 * (t + 1)), control(NSIM_OP_BARRIER, 0, 0), line(10 * (t + 1)) };
        rig_add(rig, 0, bursts, 3);
    }
    const NsimReplayStats *stats = rig_run(rig);
    /* Their loads are back at 101, 102 and 103 ns; all go on at 103 ns and load again, 10, 20 and 30 ps later. */
    CU_ASSERT_EQUAL(stats->end_ps, 103000 + 30 + LATENCY_PS);
    CU_ASSERT_EQUAL(stats->accessors[0].barrier_ps, 2000 + 1000);
    CU_ASSERT_EQUAL(stats->access_count, 6);
    CU_ASSERT_EQUAL(stats->burst_count, 9);
}

/* The gap of the barrier record counts; a group can meet again and again, others do not wait. */
static void
test_barrier_again(void)
{
    static const uint32_t members[] = { 2, 1 };
    g_autoptr(Rig) rig = new_rig();
    rig->workload = (NsimReplayWorkload){ .barrier_count = 2, .barriers = members };
    const NsimBurst fast[] = { control(NSIM_OP_BARRIER, 0, 10), control(NSIM_OP_BARRIER, 0, 10), line(1) };
    const NsimBurst slow[] = { control(NSIM_OP_BARRIER, 0, 500), control(NSIM_OP_BARRIER, 1, 0),
                               control(NSIM_OP_BARRIER, 0, 700), line(2) };
    const NsimBurst other[] = { line(3) };
    rig_add(rig, 0, fast, 3);
    rig_add(rig, 0, slow, 4);
    rig_add(rig, 0, other, 1);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->end_ps, 1200 + 2 + LATENCY_PS);
    CU_ASSERT_EQUAL(stats->accessors[0].barrier_ps, 490 + 690);
}

/* Each workload has its own groups: the two members of each meet each other only. */
static void
test_barrier_missing(void)
{
    static const uint32_t members[] = { 2 };
    g_autoptr(Rig) rig = new_rig();
    rig->workload = (NsimReplayWorkload){ .barrier_count = 1, .barriers = members };
    const NsimBurst waits[] = { control(NSIM_OP_BARRIER, 0, 10), line(1) };
    const NsimBurst leaves[] = { line(1) };
    rig_add(rig, 0, leaves, 1);
    rig_add(rig, 0, waits, 2);
    g_autofree char *message = rig_run_failing(rig);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "thread 1 waits at a barrier that other threads of its trace never reach"));
}

/* ---- Marks and pauses ------------------------------------------------------------------------------------------- */

static void
test_marks(void)
{
    static char first[] = "first", second[] = "second", *marks[] = { first, second };
    g_autoptr(Rig) rig = new_rig();
    rig->workload = (NsimReplayWorkload){ .mark_count = 2, .marks = marks };
    const NsimBurst bursts[] = { control(NSIM_OP_MARK, 0, 0),    line(1000),
                                 control(NSIM_OP_MARK, 0, 0),    control(NSIM_OP_MARK, 1, 200000),
                                 control(NSIM_OP_MARK, 0, 5000), line(0) };
    rig_add(rig, 0, bursts, G_N_ELEMENTS(bursts));
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stats->operations[0]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stats->operations[1]);
    CU_ASSERT_PTR_NULL(stats->operations[2]);
    /* An operation ends when its loads are back: at 101 ns. The next mark comes when 1 + 200 ns are computed. */
    CU_ASSERT_EQUAL(stats->operations[0]->times.count, 2);
    CU_ASSERT_EQUAL(stats->operations[0]->times.sum_low, 101000 + (201000 - 101000));
    CU_ASSERT_EQUAL(stats->operations[1]->mark, 1);
    CU_ASSERT_EQUAL(stats->operations[1]->times.count, 1);
    CU_ASSERT_EQUAL(stats->operations[1]->times.sum_low, 5000);
    CU_ASSERT_EQUAL(stats->end_ps, 206000 + LATENCY_PS);
}

/* The number of a block neither begins an operation nor ends one. */
static void
test_block_marks(void)
{
    static char kernel[] = "kernel:a", block[] = "block:7", end[] = "end", *marks[] = { block, kernel, end };
    g_autoptr(Rig) rig = new_rig();
    rig->workload = (NsimReplayWorkload){ .mark_count = 3, .marks = marks };
    const NsimBurst bursts[] = { control(NSIM_OP_MARK, 0, 500), control(NSIM_OP_MARK, 1, 500),
                                 control(NSIM_OP_MARK, 0, 2000), control(NSIM_OP_MARK, 2, 3000) };
    rig_add(rig, 0, bursts, G_N_ELEMENTS(bursts));
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stats->operations[0]);
    CU_ASSERT_EQUAL(stats->operations[0]->mark, 1);
    CU_ASSERT_EQUAL(stats->operations[0]->times.count, 1);
    CU_ASSERT_EQUAL(stats->operations[0]->times.sum_low, 5000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stats->operations[1]);
    CU_ASSERT_EQUAL(stats->operations[1]->mark, 2);
    CU_ASSERT_EQUAL(stats->operations[1]->times.count, 0);
    CU_ASSERT_PTR_NULL(stats->operations[2]);
}

static void
test_pause(void)
{
    g_autoptr(Rig) rig = new_rig();
    const NsimBurst bursts[] = { control(NSIM_OP_PAUSE, 3, 7), line(1) };
    rig_add(rig, 0, bursts, 2);
    CU_ASSERT_EQUAL(rig_run(rig)->end_ps, ((NsimTime)3 << 32) + 8 + LATENCY_PS);

    g_autoptr(Rig) last = new_rig();
    rig_add(last, 0, bursts, 1);
    CU_ASSERT_EQUAL(rig_run(last)->end_ps, ((NsimTime)3 << 32) + 7);

    g_autoptr(Rig) endless = new_rig();
    const NsimBurst pauses[] = { control(NSIM_OP_PAUSE, UINT32_MAX, 0), control(NSIM_OP_PAUSE, UINT32_MAX, 0) };
    rig_add(endless, 0, pauses, 2);
    g_autofree char *message = rig_run_failing(endless);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "106 days"));
}

/* ---- Several threads --------------------------------------------------------------------------------------------- */

/* Repeats a record. */
typedef struct {
    uint64_t left;
    NsimBurst burst;
    GCancellable *cancel; /* triggered when half is taken */
    uint64_t half;
} Repeat;

static bool
next_repeat(void *context, NsimBurst *ret)
{
    Repeat *repeat = context;
    if (repeat->left == 0)
        return false;
    if (repeat->cancel != NULL && repeat->left == repeat->half)
        g_cancellable_cancel(repeat->cancel);
    repeat->left--;
    *ret = repeat->burst;
    return true;
}

/* Two threads on one core compute in turn; on two cores side by side. */
static void
test_shared_core_computes(void)
{
    for (uint32_t shared = 0; shared < 2; shared++) {
        g_autoptr(Rig) rig = new_rig();
        Repeat repeats[2];
        for (uint32_t t = 0; t < 2; t++) {
            repeats[t] = (Repeat){ .left = 1000, .burst = line(20000 + t) };
            rig_add_func(rig, 0, next_repeat, &repeats[t])->core = shared ? 0 : t;
        }
        const NsimTime expected_ps = shared ? 1000 * (NsimTime)40001 : 1000 * (NsimTime)20001;
        CU_ASSERT_EQUAL(rig_run(rig)->end_ps, expected_ps + LATENCY_PS);
    }
}

/* Two threads on one core share its window: together they are as fast as one, on two cores twice as fast. */
static void
test_shared_core_window(void)
{
    for (uint32_t shared = 0; shared < 2; shared++) {
        g_autoptr(Rig) rig = new_rig();
        Repeat repeats[2];
        for (uint32_t t = 0; t < 2; t++) {
            repeats[t] = (Repeat){ .left = 20000, .burst = line(1) };
            rig_add_func(rig, 0, next_repeat, &repeats[t])->core = shared ? 0 : t;
        }
        (void)rig_run(rig);
        RIG_ASSERT_NEAR(rig_rate(rig), (shared ? 10 : 20) * 64e12 / (double)LATENCY_PS, 1000);
    }
}

static void
test_start(void)
{
    g_autoptr(Rig) rig = new_rig();
    const NsimBurst bursts[] = { line(5) };
    rig_add(rig, 0, bursts, 1)->start_ps = 7000;
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->end_ps, 7005 + LATENCY_PS);
    CU_ASSERT_EQUAL(stats->accessors[0].compute_ps, 5 + LATENCY_PS);
}

/* ---- Begin and end ------------------------------------------------------------------------------------------------ */

static void
test_until(void)
{
    g_autoptr(Rig) rig = new_rig();
    Repeat repeat = { .left = 100000, .burst = line(1000) };
    rig_add_func(rig, 0, next_repeat, &repeat);
    rig->workload = (NsimReplayWorkload){ 0 };
    rig->until_ps = 500500;
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->access_count, 50);
    CU_ASSERT_EQUAL(stats->burst_count, 50);
    CU_ASSERT_EQUAL(stats->end_ps, 500500);
    CU_ASSERT_TRUE(stats->complete);
}

/* After the warm-up, the same counts as a run that is as much shorter. */
static void
test_warmup(void)
{
    g_autoptr(Rig) rig = new_rig();
    Repeat repeat = { .left = 5000, .burst = line(20000) };
    rig_add_func(rig, 0, next_repeat, &repeat);
    rig->warmup_ps = 3000 * (NsimTime)20000 + 1;
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->begin_ps, rig->warmup_ps);
    CU_ASSERT_EQUAL(stats->end_ps, 5000 * (NsimTime)20000 + LATENCY_PS);
    CU_ASSERT_EQUAL(stats->access_count, 2000);
    CU_ASSERT_EQUAL(stats->burst_count, 2000);
    CU_ASSERT_EQUAL(stats->latency.count, 2000);
    CU_ASSERT_EQUAL(stats->accessors[0].access_count, 2000);
    CU_ASSERT_EQUAL(stats->accessors[0].compute_ps, stats->end_ps - stats->begin_ps);
    CU_ASSERT_EQUAL(rig_node_lines(rig, 0, NSIM_DIR_READ), 2000);
}

/* Cancelled half-way: what was done is valid, and marked as a part. */
static void
test_cancel(void)
{
    g_autoptr(Rig) rig = new_rig();
    rig->cancel = g_cancellable_new();
    Repeat repeat = { .left = 100000, .burst = line(1000), .cancel = rig->cancel, .half = 50000 };
    rig_add_func(rig, 0, next_repeat, &repeat);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_FALSE(stats->complete);
    CU_ASSERT_TRUE(stats->access_count > 0 && stats->access_count < 100000);
    CU_ASSERT_EQUAL(stats->access_count, rig_node_lines(rig, 0, NSIM_DIR_READ));
    CU_ASSERT_EQUAL(stats->access_count, stats->burst_count);
}

static void
test_progress(void)
{
    g_autoptr(Rig) rig = new_rig();
    Repeat repeat = { .left = 5000, .burst = { .count = 3 } };
    rig_add_func(rig, 0, next_repeat, &repeat);
    (void)rig_run(rig);
    CU_ASSERT_EQUAL(rig->progress_lines, 15000);
    uint64_t accesses, latency_sum_ps;
    nsim_replay_peek(rig->replay, &accesses, &latency_sum_ps);
    CU_ASSERT_EQUAL(accesses, 15000);
    CU_ASSERT_EQUAL(latency_sum_ps, nsim_replay_stats(rig->replay)->latency.sum_low);
}

/* No threads, and threads without records. */
static void
test_nothing(void)
{
    g_autoptr(Rig) empty = new_rig();
    CU_ASSERT_EQUAL(rig_run(empty)->end_ps, 0);
    g_autoptr(Rig) silent = new_rig();
    const NsimBurst none = { 0 };
    rig_add(silent, 0, &none, 0)->start_ps = 9;
    const NsimReplayStats *stats = rig_run(silent);
    CU_ASSERT_EQUAL(stats->access_count, 0);
    CU_ASSERT_EQUAL(stats->burst_count, 0);
    CU_ASSERT_TRUE(stats->complete);
}

bool
test_threads_register(void)
{
    CU_pSuite suite = CU_add_suite("threads", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "a barrier", test_barrier) != NULL &&
           CU_add_test(suite, "barriers in turn", test_barrier_again) != NULL &&
           CU_add_test(suite, "a barrier that is never full", test_barrier_missing) != NULL &&
           CU_add_test(suite, "marks make operations", test_marks) != NULL &&
           CU_add_test(suite, "marks of blocks", test_block_marks) != NULL &&
           CU_add_test(suite, "pauses", test_pause) != NULL &&
           CU_add_test(suite, "computation on a shared core", test_shared_core_computes) != NULL &&
           CU_add_test(suite, "the window of a shared core", test_shared_core_window) != NULL &&
           CU_add_test(suite, "threads start", test_start) != NULL && CU_add_test(suite, "until", test_until) != NULL &&
           CU_add_test(suite, "warm-up", test_warmup) != NULL && CU_add_test(suite, "cancelling", test_cancel) != NULL &&
           CU_add_test(suite, "progress", test_progress) != NULL && CU_add_test(suite, "nothing to do", test_nothing) != NULL;
}
