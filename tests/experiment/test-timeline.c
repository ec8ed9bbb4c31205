/* SPDX-License-Identifier: MIT */
/* Timelines: rows at equal distances that add up to the run's totals, with and without a warm-up. */
#include "folder.h"
#include "test-experiment.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#define CONFIG                                                                                                          \
    "machine:\n"                                                                                                        \
    "  nodes:\n"                                                                                                        \
    "    - {id: N, kind: dram, capacity: 16MiB, latency: 100ns, read: 10GB/s, at: C}\n"                                 \
    "    - {id: F, kind: cxl, capacity: 16MiB, latency: 300ns, read: 5GB/s}\n"                                          \
    "  links:\n"                                                                                                        \
    "    - {id: L, kind: cxl, between: [C, F], bandwidth: 8GB/s, latency: 50ns, request: 8B, response: 4B}\n"           \
    "  accessors: [{id: C, cores: 4, clock: 2GHz}]\n"                                                                   \
    "policies: [interleave]\n"                                                                                          \
    "workloads: [{trace: t.trace, initial: {by: C}}]\n"

static NsimResult *
run_config(const char *settings)
{
    g_autoptr(Folder) folder = folder_new();
    g_autofree char *config = g_strconcat(CONFIG, settings, NULL);
    g_autoptr(GError) error = NULL;
    folder_write(folder, "config.yaml", config);
    folder_write_trace(folder, "t.trace", 4);
    g_autoptr(NsimExperiment) experiment = folder_read(folder, NULL, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(experiment);
    NsimResult *result = nsim_experiment_run(experiment, 1, NULL, NULL, NULL, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(result);
    return result;
}

/* Rows end at multiples of the interval after `begin_ps`, the last one with the run; their sums are the totals. */
static void
check_rows(const NsimResult *result, NsimTime begin_ps, NsimTime interval_ps)
{
    const NsimRunResult *run = &result->runs[0];
    const NsimTime end_ps = begin_ps + run->runtime_ps;
    uint64_t accesses = 0, node_bytes[2][2] = { 0 }, forward = 0, reverse = 0, latency_ps = 0;
    for (uint32_t i = 0; i < run->timeline_count; i++) {
        const NsimTimelineRow *row = &run->timeline[i];
        CU_ASSERT_EQUAL(row->time_ps, i + 1 < run->timeline_count ? (begin_ps / interval_ps + i + 1) * interval_ps : end_ps);
        accesses += row->access_count;
        latency_ps += row->access_count * row->latency_mean_ps;
        for (uint32_t n = 0; n < 2; n++) {
            node_bytes[n][0] += row->node_read_bytes[n];
            node_bytes[n][1] += row->node_write_bytes[n];
        }
        forward += row->link_forward_bytes[0];
        reverse += row->link_reverse_bytes[0];
    }
    CU_ASSERT_EQUAL(run->timeline_count, (end_ps - 1) / interval_ps + 1 - begin_ps / interval_ps);
    CU_ASSERT_EQUAL(accesses, run->access_count);
    for (uint32_t n = 0; n < 2; n++) {
        CU_ASSERT_EQUAL(node_bytes[n][0], run->nodes[n].read_bytes);
        CU_ASSERT_EQUAL(node_bytes[n][1], run->nodes[n].write_bytes);
    }
    CU_ASSERT_EQUAL(forward, run->links[0].forward_bytes);
    CU_ASSERT_EQUAL(reverse, run->links[0].reverse_bytes);
    CU_ASSERT_TRUE(forward > 0 && reverse > 0);
    /* Means are rounded down in each row. */
    const uint64_t mean_ps = latency_ps / accesses;
    CU_ASSERT_TRUE(mean_ps <= run->latency.mean_ps && run->latency.mean_ps - mean_ps <= 1);
}

static void
test_sums(void)
{
    g_autoptr(NsimResult) fine = run_config("report: {timeline: 500ns}\n");
    CU_ASSERT_TRUE(fine->runs[0].timeline_count > 10);
    CU_ASSERT_EQUAL(fine->timeline_interval_ps, 500 * NSIM_NS);
    CU_ASSERT_EQUAL(fine->runs[0].access_count, 4000);
    check_rows(fine, 0, 500 * NSIM_NS);
    g_autoptr(NsimResult) coarse = run_config("report: {timeline: 5000h}\n");
    CU_ASSERT_EQUAL(coarse->runs[0].timeline_count, 1);
    check_rows(coarse, 0, (NsimTime)5000 * 3600 * NSIM_S);
}

/* A warm-up inside an interval, short before the end of one, and at it. */
static void
test_warmup(void)
{
    static const NsimTime warmups_ps[] = { 1600 * NSIM_NS, 2999 * NSIM_NS, 3000 * NSIM_NS };
    for (size_t i = 0; i < G_N_ELEMENTS(warmups_ps); i++) {
        g_autofree char *settings = g_strdup_printf("run: {warmup: %" G_GUINT64_FORMAT "ps}\nreport: {timeline: 1us}\n",
                                                    warmups_ps[i]);
        g_autoptr(NsimResult) result = run_config(settings);
        CU_ASSERT_TRUE(result->runs[0].access_count > 0 && result->runs[0].access_count < 4000);
        CU_ASSERT_EQUAL(result->warning_count, 0);
        check_rows(result, warmups_ps[i], NSIM_US);
    }
}

static void
test_until(void)
{
    g_autoptr(NsimResult) result = run_config("run: {until: 2500ns}\nreport: {timeline: 1us}\n");
    CU_ASSERT_EQUAL(result->runs[0].timeline_count, 3);
    check_rows(result, 0, NSIM_US);
}

/* The work is done before the statistics were to begin: they are of all of it, and a warning says so. */
static void
test_warmup_too_long(void)
{
    g_autoptr(NsimResult) result = run_config("run: {warmup: 1s}\nreport: {timeline: 2s}\n");
    CU_ASSERT_EQUAL_FATAL(result->warning_count, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(result->warnings[0], "ended before its warm-up"));
    CU_ASSERT_EQUAL(result->runs[0].access_count, 4000);
    check_rows(result, 0, 2 * NSIM_S);
}

static void
test_none(void)
{
    g_autoptr(NsimResult) result = run_config("");
    CU_ASSERT_EQUAL(result->timeline_interval_ps, 0);
    CU_ASSERT_EQUAL(result->runs[0].timeline_count, 0);
}

bool
test_timeline_register(void)
{
    CU_pSuite suite = CU_add_suite("timelines", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "rows add up", test_sums) != NULL &&
           CU_add_test(suite, "warm-up", test_warmup) != NULL && CU_add_test(suite, "until", test_until) != NULL &&
           CU_add_test(suite, "a warm-up longer than the run", test_warmup_too_long) != NULL &&
           CU_add_test(suite, "no timeline", test_none) != NULL;
}
