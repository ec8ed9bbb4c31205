/* SPDX-License-Identifier: MIT */
/*
 * The coalescer. Goal: runs hold exactly the lines that went in, in order, and no time is lost. Method: cases worked
 * out by hand, and a random stream whose runs are taken apart again.
 */
#include "test-capture.h"

#include <string.h>

#include <CUnit/Basic.h>
#include <glib.h>

#include <traces/capture/coalescer.h>

static void
keep_run(void *context, const NsimRun *run)
{
    g_array_append_vals(context, run, 1);
}

static const NsimRun *
run_at(const GArray *runs, guint i)
{
    return &g_array_index(runs, NsimRun, i);
}

static void
test_merges(void)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(NsimRun));
    NsimCoalescer coalescer;
    nsim_coalescer_init(&coalescer, keep_run, runs);
    nsim_coalescer_add(&coalescer, NSIM_OP_READ, 10, 160);
    nsim_coalescer_add(&coalescer, NSIM_OP_READ, 11, 200);
    nsim_coalescer_add(&coalescer, NSIM_OP_READ, 12, 241); /* 81 / 2 sixteenths a step, rounded down to 40 */
    nsim_coalescer_add(&coalescer, NSIM_OP_RFO, 13, 400);  /* another kind */
    nsim_coalescer_add(&coalescer, NSIM_OP_RFO, 13, 416);  /* the same line again is not the next line */
    nsim_coalescer_add(&coalescer, NSIM_OP_RFO, 12, 416);  /* nor is the line before */
    CU_ASSERT_EQUAL(nsim_coalescer_flush(&coalescer, 480), 4);
    CU_ASSERT_EQUAL_FATAL(runs->len, 4);
    CU_ASSERT_EQUAL(run_at(runs, 0)->line, 10);
    CU_ASSERT_EQUAL(run_at(runs, 0)->count, 3);
    CU_ASSERT_EQUAL(run_at(runs, 0)->gap, 10);
    CU_ASSERT_EQUAL(run_at(runs, 0)->step, 40);
    CU_ASSERT_EQUAL(run_at(runs, 0)->op, NSIM_OP_READ);
    CU_ASSERT_EQUAL(run_at(runs, 1)->line, 13);
    CU_ASSERT_EQUAL(run_at(runs, 1)->op, NSIM_OP_RFO);
    CU_ASSERT_EQUAL(run_at(runs, 1)->gap, 10); /* 400 - 240 */
    CU_ASSERT_EQUAL(run_at(runs, 1)->step, 0);
    CU_ASSERT_EQUAL(run_at(runs, 2)->gap, 1);
    CU_ASSERT_EQUAL(run_at(runs, 3)->gap, 0);
    /* With nothing open, a flush tells the time and nothing else. */
    CU_ASSERT_EQUAL(nsim_coalescer_flush(&coalescer, 480), 0);
    CU_ASSERT_EQUAL(nsim_coalescer_flush(&coalescer, 500), 1);
    CU_ASSERT_EQUAL(runs->len, 4);
}

static void
test_limits(void)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(NsimRun));
    NsimCoalescer coalescer;
    nsim_coalescer_init(&coalescer, keep_run, runs);
    /* A step of 65535/16 is the longest. */
    nsim_coalescer_add(&coalescer, NSIM_OP_READ, 1, 0);
    nsim_coalescer_add(&coalescer, NSIM_OP_READ, 2, 65535);
    nsim_coalescer_add(&coalescer, NSIM_OP_READ, 3, 65535 + 65536);
    nsim_coalescer_flush(&coalescer, 200000);
    CU_ASSERT_EQUAL_FATAL(runs->len, 2);
    CU_ASSERT_EQUAL(run_at(runs, 0)->count, 2);
    CU_ASSERT_EQUAL(run_at(runs, 0)->step, 65535);
    CU_ASSERT_EQUAL(run_at(runs, 1)->gap, 4096);
    /* A run holds so many lines and no more. */
    g_array_set_size(runs, 0);
    for (uint64_t i = 0; i < NSIM_TRACE_RUN_LINES_MAX + 5; i++)
        nsim_coalescer_add(&coalescer, NSIM_OP_READ, 1000 + i, 200000);
    nsim_coalescer_flush(&coalescer, 200000);
    CU_ASSERT_EQUAL_FATAL(runs->len, 2);
    CU_ASSERT_EQUAL(run_at(runs, 0)->count, NSIM_TRACE_RUN_LINES_MAX);
    CU_ASSERT_EQUAL(run_at(runs, 1)->count, 5);
}

/* One run of `count` lines from `line`, ended by a transfer elsewhere. */
static uint8_t
flags_of(NsimCoalescer *coalescer, GArray *runs, NsimOp op, uint64_t line, uint32_t count)
{
    nsim_coalescer_flush(coalescer, 0);
    g_array_set_size(runs, 0);
    for (uint32_t i = 0; i < count; i++)
        nsim_coalescer_add(coalescer, op, line + i, 0);
    nsim_coalescer_flush(coalescer, 0);
    return runs->len == 1 ? run_at(runs, 0)->flags : 0xff;
}

static void
test_streams(void)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(NsimRun));
    NsimCoalescer coalescer;
    nsim_coalescer_init(&coalescer, keep_run, runs);
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_READ, 100, 3), 0);
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_READ, 200, 4), NSIM_BURST_PREFETCHABLE);
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_READ, 103, 1), NSIM_BURST_PREFETCHABLE);
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_READ, 104, 1), NSIM_BURST_PREFETCHABLE);
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_RFO, 105, 1), 0); /* of another kind */
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_READ, 104, 1), 0);
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_WRITE, 300, 100), 0);
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_WRITE, 400, 1), 0);
    /* Only so many streams are followed: the oldest is forgotten. */
    for (uint64_t i = 0; i < NSIM_COALESCER_STREAMS; i++)
        CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_READ, 1000 * (i + 1), 1), 0);
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_READ, 204, 1), 0);
    CU_ASSERT_EQUAL(flags_of(&coalescer, runs, NSIM_OP_READ, 16001, 1), NSIM_BURST_PREFETCHABLE);
}

static void
test_random_stream(void)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(NsimRun));
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    NsimCoalescer coalescer;
    nsim_coalescer_init(&coalescer, keep_run, runs);
    uint64_t state = 99, now = 0, line = 5000;
    static const NsimOp ops[] = {NSIM_OP_READ, NSIM_OP_READ, NSIM_OP_READ, NSIM_OP_RFO, NSIM_OP_WRITE};
    NsimOp op = NSIM_OP_READ;
    for (unsigned i = 0; i < 100000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        now += (state >> 40) % 700 * ((state >> 32) % 100 == 0 ? 1000 : 1);
        line = (state >> 60) < 12 ? line + 1 : 5000 + (state >> 20) % 100000;
        op = (state >> 50) % 10 == 0 ? ops[(state >> 55) % 5] : op;
        nsim_coalescer_add(&coalescer, op, line, now);
        const uint64_t entry = line << 3 | op;
        g_array_append_val(lines, entry);
    }
    const uint64_t rest = nsim_coalescer_flush(&coalescer, now);
    uint64_t told_16ths = rest * 16;
    guint at = 0;
    unsigned differences = 0;
    for (guint i = 0; i < runs->len; i++) {
        const NsimRun *run = run_at(runs, i);
        told_16ths += run->gap * 16 + (uint64_t)run->step * (run->count - 1);
        for (uint32_t k = 0; k < run->count; k++, at++)
            differences += at >= lines->len || g_array_index(lines, uint64_t, at) != ((run->line + k) << 3 | run->op);
        differences += told_16ths - rest * 16 > now;
    }
    CU_ASSERT_EQUAL(differences, 0);
    CU_ASSERT_EQUAL(at, lines->len);
    CU_ASSERT(runs->len < lines->len / 2);
    CU_ASSERT(now - told_16ths < 16);
}

bool
test_coalescer_register(void)
{
    CU_pSuite suite = CU_add_suite("coalescer", NULL, NULL);
    return suite && CU_add_test(suite, "merges consecutive lines", test_merges) &&
           CU_add_test(suite, "limits of a run", test_limits) && CU_add_test(suite, "streams", test_streams) &&
           CU_add_test(suite, "a random stream taken apart", test_random_stream);
}
