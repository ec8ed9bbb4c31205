/* SPDX-License-Identifier: MIT */
/* Goal: a rate trace keeps what it was given and says what it is. Method: a few snapshots by hand. */
#include "test-import-binary.h"

#include <string.h>
#include <traces/import/damo-rates.h>
#include <traces/trace.h>

#include <CUnit/CUnit.h>

static void
keeps(void)
{
    static const NsimDamoRange first[] = {{0x10000, 0x4000, 0}, {0x20000, 0x8000, 500000}},
                               second[] = {{0x10000, 0x1000, 7}};
    g_autoptr(NsimDamoRates) trace = nsim_damo_rates_new();
    g_autoptr(GError) error = NULL;
    const NsimDamoSnapshot a = {0, 100, 200, 5, 2, first}, b = {3, 150, 250, 10, 1, second};
    CU_ASSERT_TRUE(nsim_damo_rates_add(trace, &a, &error));
    CU_ASSERT_TRUE(nsim_damo_rates_add(trace, &b, &error));
    CU_ASSERT_EQUAL_FATAL(nsim_damo_rates_snapshot_count(trace), 2);
    const NsimDamoSnapshot x = nsim_damo_rates_snapshot(trace, 0), y = nsim_damo_rates_snapshot(trace, 1);
    CU_ASSERT_EQUAL(x.range_count, 2);
    CU_ASSERT_EQUAL(memcmp(x.ranges, first, sizeof first), 0);
    CU_ASSERT_EQUAL(x.start_ns, 100);
    CU_ASSERT_EQUAL(y.target, 3);
    CU_ASSERT_EQUAL(y.sample_ns, 10);
    CU_ASSERT_EQUAL(y.end_ns, 250);
    CU_ASSERT_EQUAL(memcmp(y.ranges, second, sizeof second), 0);
}

static void
limits(void)
{
    g_autoptr(NsimDamoRates) trace = nsim_damo_rates_new();
    g_autoptr(GError) error = NULL;
    const NsimDamoSnapshot snapshot = {.end_ns = 1, .sample_ns = 1, .range_count = NSIM_DAMO_RATES_RANGES_MAX + 1};
    CU_ASSERT_FALSE(nsim_damo_rates_add(trace, &snapshot, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
    CU_ASSERT_EQUAL(nsim_damo_rates_snapshot_count(trace), 0);
}

bool
test_damo_rates_register(void)
{
    CU_pSuite suite = CU_add_suite("damo-rates", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "keeps", keeps) != NULL &&
           CU_add_test(suite, "limits", limits) != NULL;
}
