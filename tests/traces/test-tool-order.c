/* SPDX-License-Identifier: MIT */
/*
 * Goal: all threads' records come once, in the order of clocks that know barriers. Method: conditions that any such
 * order meets, on sound random traces; and random scripts with barriers that nobody can pass.
 */
#include "test-tools.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>

enum { THREADS = 5, ROUNDS = 7 };

static void
check_order(NsimTrace *trace, uint32_t piece_lines)
{
    const NsimTraceInfo *info = nsim_trace_info(trace);
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(trace, piece_lines, NULL, &error);
    NsimClock last = 0, arrived[ROUNDS + 1] = {0}, passed[ROUNDS + 1] = {0}, own[THREADS] = {0};
    uint32_t rounds[THREADS] = {0}, wrong = 0;
    uint64_t lines = 0, bursts = 0;
    const NsimTraceEvent *event = NULL;
    while (nsim_trace_order_next(order, &event, &error) && event != NULL) {
        wrong += event->clock < last || event->own < event->before || event->clock < event->arrival;
        wrong += event->before != own[event->thread] || event->count > piece_lines;
        last = event->clock;
        lines += event->count;
        bursts += event->first;
        own[event->thread] = event->own + (event->count > 1 ? (NsimClock)(event->count - 1) * event->step : 0);
        if (event->op != NSIM_OP_BARRIER) {
            /* Nobody goes on before all have come. */
            wrong += rounds[event->thread] > 0 && event->clock < passed[rounds[event->thread] - 1];
            continue;
        }
        const uint32_t round = rounds[event->thread]++;
        arrived[round] = MAX(arrived[round], event->arrival);
        wrong += passed[round] != 0 && passed[round] != event->clock;
        passed[round] = event->clock;
    }
    CU_ASSERT_PTR_NULL(error);
    for (uint32_t i = 0; i < THREADS; i++)
        wrong += rounds[i] != ROUNDS;
    for (uint32_t i = 0; i < ROUNDS; i++)
        wrong += passed[i] != arrived[i];
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(lines, info->read_lines + info->write_lines + info->rfo_lines);
    CU_ASSERT_EQUAL(bursts, info->burst_count);
    CU_ASSERT_TRUE(nsim_trace_order_end(order) >= last);
}

static void
test_barriers(void)
{
    const TestToolShape shape = {THREADS, ROUNDS, 60, 40, 1, true, false};
    g_autoptr(NsimTrace) trace = test_tool_trace("order.trace", &shape);
    check_order(trace, UINT32_MAX);
    check_order(trace, 7);
    check_order(trace, 1);
}

/* Barriers that cannot be passed do not stop it, and what comes is complete. */
static void
test_unsound(void)
{
    const TestScriptShape shape = {4, 3, 3, 40, 70000, 20, 300000, 200000, 800};
    g_autofree char *path = test_path("unsound.trace");
    for (uint64_t seed = 0; seed < 8; seed++) {
        g_autoptr(GError) error = NULL;
        NsimRandom random;
        nsim_random_init(&random, seed, "order");
        g_autoptr(GArray) script = test_script(&random, &shape);
        CU_ASSERT_TRUE_FATAL(test_write_script(path, script, &shape, 0));
        g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
        const NsimTraceInfo *info = nsim_trace_info(trace);
        g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(trace, UINT32_MAX, NULL, &error);
        uint64_t lines = 0, steps = 0;
        const NsimTraceEvent *event = NULL;
        while (nsim_trace_order_next(order, &event, &error) && event != NULL) {
            lines += event->count;
            steps++;
        }
        CU_ASSERT_PTR_NULL(error);
        CU_ASSERT_EQUAL(lines, info->read_lines + info->write_lines + info->rfo_lines);
        CU_ASSERT_TRUE(steps >= script->len);
        g_remove(path);
    }
}

static void
test_units(void)
{
    const NsimTraceInfo ps = {.gap_unit = NSIM_GAP_PS};
    const NsimTraceInfo slow = {.gap_unit = NSIM_GAP_INSTRUCTIONS, .gap_per_s = 3};
    const NsimTraceInfo fast = {.gap_unit = NSIM_GAP_INSTRUCTIONS, .gap_per_s = UINT64_MAX};
    CU_ASSERT_EQUAL(nsim_clock_to_ps(&ps, 16 * 5 + 15), 5);
    CU_ASSERT_EQUAL(nsim_clock_to_ps(&ps, (NsimClock)UINT64_MAX * 32), UINT64_MAX);
    CU_ASSERT_EQUAL(nsim_clock_to_ps(&slow, 16), UINT64_C(333333333333));
    CU_ASSERT_EQUAL(nsim_clock_to_ps(&slow, (NsimClock)UINT64_MAX * 16), UINT64_MAX);
    CU_ASSERT_EQUAL(nsim_clock_to_ps(&fast, (NsimClock)UINT64_MAX * 16), UINT64_C(1000000000000));
    CU_ASSERT_EQUAL(nsim_clock_from_ps(&slow, UINT64_C(2000000000000)), 6 * 16);
    CU_ASSERT_EQUAL(nsim_clock_from_ps(&ps, UINT64_MAX), (NsimClock)UINT64_MAX * 16);
    CU_ASSERT_TRUE(nsim_clock_from_ps(&fast, UINT64_MAX) > (NsimClock)UINT64_MAX * UINT64_C(1000000));
}

bool
test_tool_order_register(void)
{
    CU_pSuite suite = CU_add_suite("tool-order", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "clocks and barriers", test_barriers) != NULL &&
           CU_add_test(suite, "barriers that cannot be passed", test_unsound) != NULL &&
           CU_add_test(suite, "units", test_units) != NULL;
}
