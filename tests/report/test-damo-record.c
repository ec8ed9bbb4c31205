/* SPDX-License-Identifier: MIT */
/*
 * Goal: a record of DAMON's snapshots is one that damo's readers understand. Method: records of several targets, with
 * and without tuning, are read back by the importer of damo's files, plain and compressed, and compared with what went
 * in; the text of a small one is written out by hand.
 */
#include <report/damo-record.h>
#include <traces/import/damo-reader.h>

#include <CUnit/Basic.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SNAPSHOTS 300u
#define REGIONS 40u

static const NsimDamoRecordSource plain = {.sample_us = 5000, .aggr_us = 100000, .ops_update_us = 1000000};
static const NsimDamoRecordSource tuned = {.kdamond = 1,
                                           .target = 1,
                                           .sample_us = 5000,
                                           .aggr_us = 100000,
                                           .ops_update_us = 1000000,
                                           .goal_bp = 400,
                                           .goal_aggrs = 3,
                                           .goal_min_us = 5000,
                                           .goal_max_us = 10000000};

static NsimDamoRecordRegion
region_of(uint32_t snapshot, uint32_t i)
{
    const uint64_t start = (UINT64_C(1) << 40) + (uint64_t)i * 8192 + snapshot % 3 * 4096;
    return (NsimDamoRecordRegion){start, start + 4096, (snapshot + i) % 21, snapshot};
}

/* Target 1 is tuned: the sampling interval of snapshot s is 5 ms for even s, 10 ms for odd s. */
static NsimDamoRecord *
fill(void)
{
    NsimDamoRecord *record = nsim_damo_record_new();
    for (uint32_t s = 0; s < SNAPSHOTS; s++) {
        NsimDamoRecordRegion regions[REGIONS];
        for (uint32_t i = 0; i < REGIONS; i++)
            regions[i] = region_of(s, i);
        NsimDamoRecordSnapshot snapshot = {UINT64_C(100000000) * s, UINT64_C(100000000) * (s + 1), 5000, regions,
                                           REGIONS,
                                           NULL};
        CU_ASSERT_TRUE(nsim_damo_record_add_snapshot(record, &plain, &snapshot));
        snapshot.sample_us = s % 2 == 0 ? 5000 : 10000;
        snapshot.start_ns = UINT64_C(1000000000) * s;
        snapshot.end_ns = snapshot.start_ns + snapshot.sample_us * 20000;
        CU_ASSERT_TRUE(nsim_damo_record_add_snapshot(record, &tuned, &snapshot));
    }
    return record;
}

static void
check_snapshot(const NsimDamoSnapshot *found, uint32_t s)
{
    const bool is_tuned = found->target == 1;
    CU_ASSERT_EQUAL(found->start_ns, (is_tuned ? UINT64_C(1000000000) : UINT64_C(100000000)) * s);
    CU_ASSERT_EQUAL(found->sample_ns, is_tuned && s % 2 == 1 ? 10000000 : 5000000);
    CU_ASSERT_EQUAL(found->end_ns - found->start_ns, 20 * found->sample_ns);
    CU_ASSERT_EQUAL_FATAL(found->range_count, REGIONS);
    for (uint32_t i = 0; i < REGIONS; i++) {
        const NsimDamoRecordRegion region = region_of(s, i);
        CU_ASSERT_EQUAL(found->ranges[i].address, region.start);
        CU_ASSERT_EQUAL(found->ranges[i].bytes, region.end - region.start);
        CU_ASSERT_EQUAL(found->ranges[i].accessed_ppm, region.nr_accesses * 50000);
    }
}

/* Write, read with the importer, compare. */
static void
check_round_trip(bool compressed)
{
    g_autoptr(NsimDamoRecord) record = fill();
    g_autoptr(GBytes) bytes = nsim_damo_record_bytes(record, compressed);
    g_autofree char *path = NULL;
    const int fd = g_file_open_tmp("numasim-XXXXXX", &path, NULL);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    close(fd);
    CU_ASSERT_TRUE_FATAL(
        g_file_set_contents(path, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes), NULL));
    g_autoptr(NsimInput) input = nsim_input_open(path, NULL);
    g_autoptr(NsimDamoRates) rates = nsim_damo_rates_new();
    g_autoptr(GError) error = NULL;
    const NsimDamoOptions options = {"record", 0};
    CU_ASSERT_TRUE(nsim_damo_records_read(input, &options, nsim_damo_rates_add, rates, &error));
    CU_ASSERT_EQUAL_FATAL(nsim_damo_rates_snapshot_count(rates), 2 * SNAPSHOTS);
    for (uint32_t i = 0; i < 2 * SNAPSHOTS; i++) {
        const NsimDamoSnapshot found = nsim_damo_rates_snapshot(rates, i);
        CU_ASSERT_EQUAL(found.target, i / SNAPSHOTS);
        check_snapshot(&found, i % SNAPSHOTS);
    }
    g_unlink(path);
}

static void
test_plain(void)
{
    check_round_trip(false);
}

static void
test_compressed(void)
{
    check_round_trip(true);
    g_autoptr(NsimDamoRecord) record = fill();
    g_autoptr(GBytes) large = nsim_damo_record_bytes(record, false), small = nsim_damo_record_bytes(record, true);
    CU_ASSERT_TRUE(g_bytes_get_size(small) < g_bytes_get_size(large) / 10);
    CU_ASSERT_EQUAL(((const uint8_t *)g_bytes_get_data(small, NULL))[0], 0x78); /* zlib, not gzip */
}

static void
test_text(void)
{
    static const char expected[] =
        "[{\"kdamond_idx\": 0, \"context_idx\": 0, \"intervals\": {\"sample_us\": \"5000\", \"aggr_us\": \"100000\", "
        "\"ops_update_us\": \"1000000\", \"intervals_goal\": {\"access_bp\": \"0.000000\", \"aggrs\": \"0\", "
        "\"min_sample_us\": \"0\", \"max_sample_us\": \"0\"}}, \"scheme_idx\": null, \"target_id\": 0, "
        "\"scheme_filters\": [], "
        "\"snapshots\": [\n{\"start_time\": \"1000000000\", \"end_time\": \"1100000000\", \"regions\": [{\"start\": "
        "\"4,294,967,296\", \"end\": \"4,299,161,600\", \"nr_accesses\": {\"samples\": 7, \"percent\": null}, \"age\": "
        "{\"usec\": null, \"aggr_intervals\": \"12\"}, \"probe_hits\": [], \"sz_filter_passed\": \"0 B\"}], "
        "\"total_bytes\": "
        "\"4194304\", \"damos_stats\": null, \"sample_interval_us\": null}], \"data_source\": \"unknown\"}]\n";
    static const NsimDamoRecordRegion region = {UINT64_C(4294967296), UINT64_C(4299161600), 7, 12};
    static const NsimDamoRecordSnapshot snapshot = {1000000000, 1100000000, 5000, &region, 1, NULL};
    g_autoptr(NsimDamoRecord) record = nsim_damo_record_new();
    CU_ASSERT_TRUE(nsim_damo_record_add_snapshot(record, &plain, &snapshot));
    g_autoptr(GBytes) bytes = nsim_damo_record_bytes(record, false);
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    CU_ASSERT_STRING_EQUAL(text, expected);
    g_autoptr(NsimDamoRecord) nothing = nsim_damo_record_new();
    g_autoptr(GBytes) empty = nsim_damo_record_bytes(nothing, false);
    CU_ASSERT_EQUAL(g_bytes_get_size(empty), 3);
    CU_ASSERT_EQUAL(nsim_damo_record_dropped(record), 0);
}

int
main(void)
{
    bool passed = false;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_pSuite suite = CU_add_suite("records of damo", NULL, NULL);
    if (suite != NULL && CU_add_test(suite, "text", test_text) != NULL &&
        CU_add_test(suite, "plain", test_plain) != NULL && CU_add_test(suite, "compressed", test_compressed) != NULL) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        passed =
            CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 && CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
