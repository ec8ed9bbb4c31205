/* SPDX-License-Identifier: MIT */
/* Goal: results are freed whole, half-built or not at all; summaries are those of the histogram. Method: sanitizers. */
#include "test-report.h"

#include "sample.h"

#include <CUnit/CUnit.h>

static void
test_free(void)
{
    nsim_result_free(NULL);
    nsim_result_free(nsim_result_new());
    NsimResult *result = sample_new(8);
    sample_add_timeline(result, 2);
    sample_add_migrations(result, 3);
    nsim_result_free(result);

    /* Counts set, arrays not there yet: what a failure halfway leaves. */
    result = nsim_result_new();
    result->run_count = 2;
    result->node_count = result->link_count = result->accessor_count = 3;
    result->warning_count = result->input_count = 4;
    nsim_result_free(result);
    result = nsim_result_new();
    result->run_count = 2;
    result->runs = g_new0(NsimRunResult, 2);
    result->runs[1].operation_count = result->runs[1].timeline_count = 5;
    result->runs[1].option_count = result->runs[1].vmstat_count = 5;
    result->runs[1].migration.charged_count = result->runs[1].group_count = 5;
    result->node_count = 3;
    nsim_result_free(result);
    CU_PASS("no memory error");
}

static void
test_summary(void)
{
    g_autofree NsimHistogram *histogram = g_new0(NsimHistogram, 1);
    NsimLatencySummary summary = nsim_latency_summary(histogram);
    CU_ASSERT_EQUAL(summary.mean_ps, 0);
    CU_ASSERT_EQUAL(summary.p50_ps, 0);
    CU_ASSERT_EQUAL(summary.max_ps, 0);
    /* Below 64 every value has a bucket of its own: quantiles are exact. */
    for (uint64_t value = 1; value <= 50; value++)
        nsim_histogram_record(histogram, value, 2);
    summary = nsim_latency_summary(histogram);
    CU_ASSERT_EQUAL(summary.mean_ps, 25);
    CU_ASSERT(summary.p50_ps == 25 || summary.p50_ps == 26);
    CU_ASSERT(summary.p90_ps == 45 || summary.p90_ps == 46);
    CU_ASSERT_EQUAL(summary.p99_ps, 50);
    CU_ASSERT_EQUAL(summary.max_ps, 50);
}

bool
test_result_register(void)
{
    CU_pSuite suite = CU_add_suite("result", NULL, NULL);
    return suite && CU_add_test(suite, "freeing", test_free) && CU_add_test(suite, "latency summary", test_summary);
}
