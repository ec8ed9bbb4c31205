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
describes(void)
{
    static const NsimDamoRange ranges[] = {{0x100000, 6 << 10, 0},
                                           {0x200000, 1 << 10, 99999},
                                           {0x300000, 1 << 10, 100000},
                                           {0x400000, 1 << 10, 899999},
                                           {0x500000, 1 << 10, 1000000}};
    g_autoptr(NsimDamoRates) trace = nsim_damo_rates_new();
    g_autofree char *empty = nsim_damo_rates_describe(trace);
    expect_text(empty, "rate trace without a snapshot\n");
    const NsimDamoSnapshot a = {0, 1000000000, 1100000000, 5000000, 5, ranges};
    const NsimDamoSnapshot b = {1, 1100000000, 1300000000, 5000000, 1, ranges};
    CU_ASSERT_TRUE(nsim_damo_rates_add(trace, &a, NULL));
    CU_ASSERT_TRUE(nsim_damo_rates_add(trace, &b, NULL));
    g_autofree char *text = nsim_damo_rates_describe(trace);
    expect_text(text,
                "rate trace: 2 snapshots of 2 targets over 300 ms, 150000 us each on average\n"
                "ranges: 1 to 5 a snapshot, 8 KiB on average, from 0x100000 to 0x5003ff\n"
                "in use: 13.1 % of the bytes at a time\n"
                "bytes by how often they were found in use: never 75.0 %, up to 10 % of checks 6.2 %, up to 50 % of "
                "checks 6.2 %, up to 90 % of checks 6.2 %, up to 100 % of checks 6.2 %\n");
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
           CU_add_test(suite, "describes", describes) != NULL && CU_add_test(suite, "limits", limits) != NULL;
}
