/* SPDX-License-Identifier: MIT */
/*
 * Goal: all the texts that damo and the tracers write give the same snapshots, damage is told with its line, and the
 * accesses drawn from them are as many as the rates say, inside the ranges, and always the same. Method: records by
 * hand.
 */
#include "test-import-binary.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <traces/import/damo-reader.h>
#include <traces/trace.h>

#include <CUnit/CUnit.h>

const char *
damo_json_sample(void)
{
    return "[\n"
           "    {\n"
           "        \"kdamond_idx\": 0, \"context_idx\": 0,\n"
           "        \"intervals\": {\"sample_us\": \"5000\", \"aggr_us\": \"50000\", \"ops_update_us\": \"1000000\",\n"
           "            \"intervals_goal\": {\"access_bp\": \"0.000000\", \"aggrs\": \"0\"}},\n"
           "        \"scheme_idx\": null, \"target_id\": 18446623438842320000, \"scheme_filters\": [],\n"
           "        \"snapshots\": [\n"
           "            {\"start_time\": \"1000000000\", \"end_time\": \"1051000000\", \"regions\": [\n"
           "                {\"start\": \"4,294,967,296\", \"end\": \"4,295,000,064\",\n"
           "                 \"nr_accesses\": {\"samples\": 5, \"percent\": null},\n"
           "                 \"age\": {\"usec\": null, \"aggr_intervals\": \"12\"}, \"probe_hits\": []},\n"
           "                {\"start\": \"8,589,934,592\", \"end\": \"8,589,938,688\",\n"
           "                 \"nr_accesses\": {\"samples\": null, \"percent\": 30}, \"age\": null}],\n"
           "             \"total_bytes\": \"36864\", \"damos_stats\": null, \"sample_interval_us\": null},\n"
           "            {\"start_time\": \"1051000000\", \"end_time\": \"1101000000\", \"regions\": [\n"
           "                {\"start\": \"4,294,967,296\", \"end\": \"4,295,000,064\",\n"
           "                 \"nr_accesses\": {\"samples\": 90, \"percent\": null}}],\n"
           "             \"sample_interval_us\": \"10000000\"},\n"
           "            {\"start_time\": \"1101000000\", \"end_time\": \"1201000000\", \"regions\": [\n"
           "                {\"start\": \"0\", \"end\": \"0\", \"nr_accesses\": {\"samples\": -1, \"percent\": null},\n"
           "                 \"age\": {\"usec\": null, \"aggr_intervals\": -1}}]}],\n"
           "        \"data_source\": \"unknown\"\n"
           "    },\n"
           "    {\"intervals\": null, \"target_id\": null, \"snapshots\": [\n"
           "        {\"start_time\": 5, \"end_time\": 100000005, \"regions\": [{\"start\": 4096, \"end\": 12288, "
           "\"nr_accesses\": 20}]}]}\n"
           "]\n";
}

const char *
damo_perf_sample(void)
{
    return "kdamond.0  4452 [000] 82877.315633: damon:damon_aggregated: target_id=18446623435582458880 nr_regions=2 "
           "4294967296-4295000064: 10 3\n"
           "kdamond.0  4452 [000] 82877.315634: damon:damon_aggregated: target_id=18446623435582458880 nr_regions=2 "
           "8589934592-8589938688: 0 4\n"
           "kdamond.0  4452 [000] 82877.415633: damon:damon_aggregated: target_id=18446623435582458880 nr_regions=1 "
           "4294967296-4295000064: 20 4\n"
           "kdamond.0  4452 [000] 82877.415700: damon:damon_monitor_intervals_tune: sample_us=10000\n"
           "kdamond.0  4452 [000] 82877.615633: damon:damon_aggregated: target_id=18446623435582458880 nr_regions=1 "
           "4294967296-4295000064: 10 5\n"
           "kdamond.0  4452 [000] 82877.715633: damon:damon_aggregated: target_id=9 nr_regions=1 4096-8192: 3\n";
}

const char *
damo_trace_cmd_sample(void)
{
    return "cpus=8\n"
           "       kdamond.0-4452  [000] 82877.315633: damon_aggregated:     target_id=0 nr_regions=1 4096-8192: 1 3\n"
           "       kdamond.0-4452  [000] .....  82877.365633: damon_aggregated: target_id=0 nr_regions=1 4096-8192: 2 "
           "3\n"
           "       kdamond.0-4452  [000] 82877.415633: damon_aggregated: target_id=0 nr_regions=1 0-0: -1 -1\n";
}

/* All snapshots as text: "TARGET START-END/SAMPLE:" and " ADDRESS+BYTES=PPM" for each range. */
static char *
snapshots_text(const char *source, uint32_t samples_max)
{
    g_autoptr(NsimInput) input = nsim_input_new_from_memory(source, strlen(source));
    g_autoptr(NsimDamoRates) trace = nsim_damo_rates_new();
    g_autoptr(GError) error = NULL;
    const NsimDamoOptions options = {"t", samples_max};
    GString *text = g_string_new(NULL);
    if (!nsim_damo_records_read(input, &options, nsim_damo_rates_add, trace, &error)) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        g_string_assign(text, error->message);
        return g_string_free(text, FALSE);
    }
    for (uint32_t i = 0; i < nsim_damo_rates_snapshot_count(trace); i++) {
        const NsimDamoSnapshot snapshot = nsim_damo_rates_snapshot(trace, i);
        g_string_append_printf(text, "%u %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT ":",
                               snapshot.target, snapshot.start_ns, snapshot.end_ns, snapshot.sample_ns);
        for (uint32_t j = 0; j < snapshot.range_count; j++)
            g_string_append_printf(text, " %" G_GINT64_MODIFIER "x+%" G_GUINT64_FORMAT "=%u",
                                   snapshot.ranges[j].address, snapshot.ranges[j].bytes,
                                   snapshot.ranges[j].accessed_ppm);
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}

static void
json(void)
{
    g_autofree char *text = snapshots_text(damo_json_sample(), 0);
    expect_text(text, "0 1000000000-1051000000/5100000: 100000000+32768=500000 200000000+4096=300000\n"
                      "0 1051000000-1101000000/10000000: 100000000+32768=1000000\n"
                      "1 5-100000005/5000000: 1000+8192=1000000\n");
    g_autofree char *coarse = snapshots_text(damo_json_sample(), 200);
    CU_ASSERT_TRUE(g_str_has_prefix(coarse, "0 1000000000-1051000000/255000: 100000000+32768=25000 "));
    CU_ASSERT_TRUE(nsim_damo_probe((const uint8_t *)damo_json_sample(), strlen(damo_json_sample())));
}

static void
perf(void)
{
    g_autofree char *text = snapshots_text(damo_perf_sample(), 0);
    expect_text(text, "0 82877215633000-82877315633000/5000000: 100000000+32768=500000 200000000+4096=0\n"
                      "0 82877315633000-82877415633000/5000000: 100000000+32768=1000000\n"
                      "0 82877415633000-82877615633000/10000000: 100000000+32768=500000\n"
                      "1 82877615633000-82877715633000/10000000: 1000+4096=300000\n");
    CU_ASSERT_TRUE(nsim_damo_probe((const uint8_t *)damo_perf_sample(), strlen(damo_perf_sample())));
}

/* The end's mark tells how long the one snapshot was, and is none itself. */
static void
trace_cmd(void)
{
    const char *source = damo_trace_cmd_sample();
    g_autofree char *damaged = snapshots_text(source, 0);
    CU_ASSERT_PTR_NOT_NULL(damaged);
    expect_text(damaged, "0 82877265633000-82877315633000/2500000: 1000+4096=50000\n"
                         "0 82877315633000-82877365633000/2500000: 1000+4096=100000\n");
    CU_ASSERT_TRUE(nsim_damo_probe((const uint8_t *)source, strlen(source)));
}

typedef struct {
    const char *source, *message;
} Damage;

#define LINE "k 1 [0] 5.1: damon:damon_aggregated: target_id="

static void
damage(void)
{
    static const Damage cases[] = {
        {LINE "1 nr_regions=1 5-4: 1 1\n", "t:1: range from 5 to 4: it ends before it starts"},
        {LINE "1 nr_regions=1 4-5: 1 x\n", "t:1: 'damon_aggregated: target_id=1 nr_regions=1 4-5: 1 x' is not "
                                           "\"target_id=N nr_regions=N START-END: ACCESSES AGE\""},
        {"\n" LINE "1 regions=1\n", "t:2: 'damon_aggregated: target_id=1 regions=1' is not \"target_id=N nr_regions=N "
                                    "START-END: ACCESSES AGE\""},
        {"k damon_aggregated: target_id=1 nr_regions=1 4-5: 1 1\n",
         "t:1: no time in front of the event (\"SECONDS.FRACTION:\")"},
        {LINE "1 nr_regions=1 4-5: 1 1\nk 1 [0] 4.9: damon:damon_aggregated: target_id=1 nr_regions=1 4-5: 1 1\n",
         "t:2: time goes back: lines must be in the order of time"},
        {"k 5.1: damon:damon_monitor_intervals_tune: sample_us=x\n", "t:1: sample_us is not a number of microseconds"},
        {"[{\"snapshots\": [{\"start_time\": \"1 s\"",
         "t:1: start_time '1 s' is not a plain number (let damo write raw "
         "numbers: --raw_number)"},
        {"[{\"snapshots\":\n[{\"start_time\": 5, \"end_time\": 4, \"regions\": []}]}]",
         "t:2: snapshot from 5 to 4 ns: it ends before it starts"},
        {"[{\"snapshots\": [{\"regions\": [{\"start\": 5, \"end\": 4}]}]}]",
         "t:1: range from 5 to 4: it ends before it starts"},
        {"[{\"snapshots\": 5}]", "t:1: '5' where '[' should be"},
        {"[{\"snapshots\": [{\"regions\": [{\"start\": 99999999999999999999",
         "t:1: start '99999999999999999999' is not a "
         "plain number (let damo write raw numbers: "
         "--raw_number)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = snapshots_text(cases[i].source, 0);
        expect_text(text, cases[i].message);
    }
}

/* Lines that perf lost: a snapshot ends where another target's begins. */
static void
lost_lines(void)
{
    g_autofree char *text =
        snapshots_text(LINE "1 nr_regions=3 4096-8192: 20 1\n" LINE "2 nr_regions=1 4096-8192: 20 1\n", 0);
    expect_text(text, "0 5000000000-5100000000/5000000: 1000+4096=1000000\n"
                      "1 5000000000-5100000000/5000000: 1000+4096=1000000\n");
}

typedef struct {
    uint64_t reads[2]; /* of the ranges below 2^33, and from there */
    uint64_t outside;
} Drawn;

/* Two ranges of 64 and 16 pages, in use in all and half of the checks of 100 ms. */
#define TWO_RANGES                                                                                                     \
    "[{\"target_id\": 1, \"snapshots\": [{\"start_time\": 0, \"end_time\": 100000000, \"regions\": ["                  \
    "{\"start\": 4294967296, \"end\": 4295229440, \"nr_accesses\": 20},"                                               \
    "{\"start\": 8589934592, \"end\": 8590000128, \"nr_accesses\": 10}]}]}]"

static Drawn
count_drawn(NsimTrace *trace)
{
    Drawn drawn = {{0, 0}, 0};
    g_autoptr(GError) error = NULL;
    const NsimTraceInfo *info = nsim_trace_info(trace);
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, 0, NSIM_FRAME_SHIFT, &error);
    while (nsim_trace_cursor_fill(cursor, &error) && cursor->filled > 0)
        for (; cursor->next < cursor->filled; cursor->next++) {
            const NsimBurst *burst = &cursor->bursts[cursor->next];
            const uint64_t address = (info->frames[burst->page] << NSIM_FRAME_SHIFT) + ((uint64_t)burst->line << 6);
            const uint64_t base = UINT64_C(1) << (address >> 33 != 0 ? 33 : 32);
            drawn.reads[address >> 33 != 0] += burst->count;
            drawn.outside +=
                address < base || address + 64 * burst->count > base + (address >> 33 != 0 ? 16u : 64u) * 4096;
        }
    CU_ASSERT_PTR_NULL(error);
    return drawn;
}

static char *
import_two_ranges(uint64_t gap_ps, const char *output)
{
    g_autofree char *path = save_scratch("two.json", TWO_RANGES, strlen(TWO_RANGES));
    g_autofree char *to = scratch_path(output);
    const char *const paths[] = {path, NULL};
    g_autoptr(GError) error = NULL;
    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.inputs = paths;
    options.output = to;
    options.gap_ps = gap_ps;
    CU_ASSERT_TRUE_FATAL(nsim_import_trace(&options, NULL, &error));
    return g_steal_pointer(&to);
}

/* 64 pages * 20 + 16 * 10 = 1440 reads by default, ten times as many with a tenth of the gap. */
static void
draws(void)
{
    g_autofree char *first = import_two_ranges(UINT64_MAX, "first"), *second = import_two_ranges(UINT64_MAX, "second");
    g_autofree char *dense = import_two_ranges(500000000, "dense"), *a = NULL, *b = NULL;
    g_autoptr(GError) error = NULL;
    gsize a_bytes = 0, b_bytes = 0;
    CU_ASSERT_TRUE(g_file_get_contents(first, &a, &a_bytes, NULL) && g_file_get_contents(second, &b, &b_bytes, NULL));
    CU_ASSERT_TRUE(a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0);
    g_autoptr(NsimTrace) trace = nsim_trace_open(first, &error), other = nsim_trace_open(dense, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    const Drawn drawn = count_drawn(trace), more = count_drawn(other);
    CU_ASSERT_EQUAL(drawn.reads[0] + drawn.reads[1], 1440);
    CU_ASSERT_EQUAL(more.reads[0] + more.reads[1], 14400);
    CU_ASSERT_EQUAL(drawn.outside + more.outside, 0);
    /* An eighth of them; the standard deviation of their number is 40. */
    CU_ASSERT_TRUE(more.reads[1] > 1600 - 4 * 40 && more.reads[1] < 1600 + 4 * 40);
    /* Spread over the interval: the last one is one read's time before its end. */
    const uint64_t total_ps = nsim_trace_info(trace)->threads[0].gap_total;
    CU_ASSERT_TRUE(total_ps > UINT64_C(99900000000) && total_ps < UINT64_C(100000000000));
    g_remove(first);
    g_remove(second);
    g_remove(dense);
}

static void
conversion(void)
{
    const char *one =
        "[{\"target_id\": 1, \"regions\": 0, \"snapshots\": [{\"start_time\": 7, \"end_time\": 100000007, "
        "\"regions\": [{\"start\": 4096, \"end\": 4160, \"nr_accesses\": 2}]}]}]";
    g_autoptr(GByteArray) bytes = g_byte_array_new(), large = g_byte_array_new();
    put_text(bytes, one);
    g_autofree char *text = import_bytes(&(ImportCase){0}, "t", bytes);
    expect_text(text, "picoseconds\nthread target 0\nr 1000 x1 +0\npause 11\nr 1000 x1 +2755359744\n");
    g_autofree char *fewer =
        import_bytes(&(ImportCase){.columns = "samples=4", .gap_ps = UINT64_C(50000000000)}, "t", bytes);
    expect_text(fewer, "picoseconds\nthread target 0\nr 1000 x1 +0\n");
    g_autofree char *refused = import_bytes(&(ImportCase){.columns = "samples=0"}, "t", bytes);
    expect_text(refused, "error: columns 'samples=0': damo takes samples=N with N from 1 to 1000000");
    put_text(
        large,
        "[{\"target_id\": 1, \"snapshots\": [{\"start_time\": 0, \"end_time\": 100000000, \"regions\": [{\"start\": 0, "
        "\"end\": 1099511627776, \"nr_accesses\": 20}]}]}]");
    g_autofree char *many = import_bytes(&(ImportCase){0}, "t", large);
    CU_ASSERT_TRUE(
        g_str_has_suffix(many, ": a snapshot of 100000 us gives more than 2^28 reads: say with --gap how long it is "
                               "from read to read of a page in use"));
}

bool
test_damo_register(void)
{
    CU_pSuite suite = CU_add_suite("damo", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "json", json) != NULL && CU_add_test(suite, "perf", perf) != NULL &&
           CU_add_test(suite, "trace-cmd", trace_cmd) != NULL && CU_add_test(suite, "damage", damage) != NULL &&
           CU_add_test(suite, "lost lines", lost_lines) != NULL && CU_add_test(suite, "draws", draws) != NULL &&
           CU_add_test(suite, "conversion", conversion) != NULL;
}
