/* SPDX-License-Identifier: MIT */
/* numasim trace info and check: what a trace holds and does, and whether it is sound. */
#include <cli/cli.h>
#include <cli/trace-fit.h>

#include <report/format.h>
#include <report/json.h>
#include <traces/import/input.h>
#include <traces/info.h>
#include <traces/rate.h>

#include <inttypes.h>

/* ---- JSON ----------------------------------------------------------------------------------------------------------
 */

static void
put_lines(NsimJson *json, const uint64_t *lines)
{
    nsim_json_uint(json, "read_lines", lines[NSIM_OP_READ]);
    nsim_json_uint(json, "write_lines", lines[NSIM_OP_WRITE]);
    nsim_json_uint(json, "rfo_lines", lines[NSIM_OP_RFO]);
}

static void
put_reuse(NsimJson *json, const NsimHistogram *histogram)
{
    nsim_json_object_inline(json, "reuse_bytes");
    nsim_json_uint(json, "count", histogram->count);
    nsim_json_uint(json, "p50", nsim_trace_reuse_quantile(histogram, 500000));
    nsim_json_uint(json, "p90", nsim_trace_reuse_quantile(histogram, 900000));
    nsim_json_uint(json, "max", histogram->max);
    nsim_json_end(json);
}

static void
put_histogram(NsimJson *json, const char *key, const NsimHistogram *histogram)
{
    nsim_json_object_inline(json, key);
    nsim_json_uint(json, "count", histogram->count);
    nsim_json_uint(json, "p50", nsim_histogram_quantile(histogram, 500000));
    nsim_json_uint(json, "p90", nsim_histogram_quantile(histogram, 900000));
    nsim_json_uint(json, "max", histogram->max);
    nsim_json_end(json);
}

static void
put_threads(NsimJson *json, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    nsim_json_array(json, "threads");
    for (uint32_t i = 0; i < info->thread_count; i++) {
        const NsimTraceThread *thread = &info->threads[i];
        const uint64_t lines[] = {thread->read_lines, thread->write_lines, thread->rfo_lines};
        nsim_json_object_inline(json, NULL);
        nsim_json_string(json, "name", thread->name);
        nsim_json_uint(json, "records", thread->burst_count);
        put_lines(json, lines);
        nsim_json_uint(json, "gap_total", thread->gap_total);
        if (scan != NULL) {
            nsim_json_uint(json, "runs", scan->threads[i].run_count);
            nsim_json_uint(json, "stream_lines", scan->threads[i].stream_lines);
        }
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
put_region(NsimJson *json, const NsimTraceRegion *region, const NsimScanRegion *use)
{
    nsim_json_object(json, NULL);
    if (region != NULL) {
        nsim_json_string(json, "name", region->name);
        nsim_json_uint(json, "address", region->address);
        nsim_json_uint(json, "bytes", region->bytes);
    }
    if (use != NULL) {
        nsim_json_uint(json, "touched_bytes", use->touched_pages << 12);
        put_lines(json, use->lines);
        nsim_json_uint(json, "stream_lines", use->stream_lines);
        nsim_json_uint(json, "sampled", use->sampled_count);
        nsim_json_uint(json, "sampled_lines", use->sampled_lines);
        nsim_json_uint(json, "sampled_shared_lines", use->sampled_shared);
        nsim_json_uint(json, "sampled_written_lines", use->sampled_written);
        if (use->reuse_bytes != NULL)
            put_reuse(json, use->reuse_bytes);
    }
    nsim_json_end(json);
}

static void
put_regions(NsimJson *json, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    nsim_json_array(json, "regions");
    for (uint32_t i = 0; i < info->region_count; i++)
        put_region(json, &info->regions[i], scan != NULL ? &scan->regions[i] : NULL);
    if (scan != NULL && scan->regions[info->region_count].touched_pages > 0)
        put_region(json, NULL, &scan->regions[info->region_count]);
    nsim_json_end(json);
}

static void
put_passes(NsimJson *json, const NsimTraceInfo *info, const NsimTraceScan *scan, uint32_t number)
{
    const NsimScanMark *mark = &scan->marks[number];
    nsim_json_uint(json, "passes", mark->passes);
    nsim_json_uint(json, "lines", mark->lines);
    nsim_json_uint(json, "pass_lines_min", mark->least);
    nsim_json_uint(json, "pass_lines_max", mark->most);
    nsim_json_ns(json, "time_ns", mark->ps);
    nsim_json_array(json, "regions");
    for (uint32_t i = 0; i <= scan->pass_regions; i++) {
        const NsimScanPass *pass = &scan->passes[(size_t)number * (scan->pass_regions + 1) + i];
        if (pass->total == 0)
            continue;
        nsim_json_object_inline(json, NULL);
        if (i < scan->pass_regions)
            nsim_json_string(json, "name", info->regions[i].name);
        nsim_json_uint(json, "lines", pass->total);
        nsim_json_uint(json, "first", pass->first);
        nsim_json_uint(json, "last", pass->last);
        nsim_json_uint(json, "min", pass->least);
        nsim_json_uint(json, "max", pass->most);
        nsim_json_uint(json, "sampled", pass->sampled_count);
        nsim_json_uint(json, "sampled_first", pass->sampled_first);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
put_marks(NsimJson *json, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    nsim_json_array(json, "marks");
    for (uint32_t i = 0; i < info->mark_count; i++) {
        nsim_json_object(json, NULL);
        nsim_json_string(json, "name", info->marks[i]);
        if (scan != NULL)
            nsim_json_uint(json, "records", scan->marks[i].records);
        if (scan != NULL && i < scan->pass_marks && !nsim_trace_mark_is_block(info->marks[i]))
            put_passes(json, info, scan, i);
        nsim_json_end(json);
    }
    nsim_json_end(json);
    nsim_json_array_inline(json, "barrier_members");
    for (uint32_t i = 0; i < info->barrier_count; i++)
        nsim_json_uint(json, NULL, info->barriers[i]);
    nsim_json_end(json);
}

static void
put_slices(NsimJson *json, const NsimTraceScan *scan)
{
    nsim_json_array(json, "working_set");
    for (unsigned i = 0; i < NSIM_SCAN_SLICES; i++) {
        nsim_json_object_inline(json, NULL);
        nsim_json_ns(json, "end_ns", scan->slices[i].end_ps);
        put_lines(json, scan->slices[i].lines);
        nsim_json_uint(json, "touched_bytes", scan->slices[i].pages << 12);
        nsim_json_uint(json, "new_bytes", scan->slices[i].new_pages << 12);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
put_scan(NsimJson *json, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    nsim_json_object(json, "scan");
    nsim_json_ns(json, "duration_ns", scan->duration_ps);
    nsim_json_uint(json, "touched_bytes", scan->touched_pages << 12);
    nsim_json_uint(json, "lines", scan->lines);
    nsim_json_uint(json, "stream_lines", scan->stream_lines);
    nsim_json_uint(json, "runs", scan->run_count);
    nsim_json_uint(json, "dependent_runs", scan->dependent_count);
    nsim_json_uint(json, "prefetchable_runs", scan->prefetchable_count);
    put_histogram(json, "run_lines", scan->run_lines);
    nsim_json_uint(json, "sample_one_in", UINT64_C(1) << scan->sample_shift);
    nsim_json_uint(json, "sampled", scan->sampled_count);
    nsim_json_uint(json, "sampled_lines", scan->sampled_lines);
    nsim_json_uint(json, "sampled_shared_lines", scan->sampled_shared);
    put_reuse(json, scan->reuse_bytes);
    put_slices(json, scan);
    nsim_json_array(json, "hottest");
    for (uint32_t i = 0; i < scan->range_count; i++) {
        const NsimScanRange *range = &scan->ranges[i];
        nsim_json_object_inline(json, NULL);
        nsim_json_uint(json, "address", range->address);
        nsim_json_uint(json, "bytes", range->bytes);
        nsim_json_uint(json, "lines", range->lines);
        if (range->region < info->region_count)
            nsim_json_string(json, "region", info->regions[range->region].name);
        nsim_json_end(json);
    }
    nsim_json_end(json);
    nsim_json_uint(json, "unit_bytes", scan->grain_bytes);
    nsim_json_uint(json, "hottest_1_percent_lines", scan->heat[0]);
    nsim_json_uint(json, "hottest_10_percent_lines", scan->heat[1]);
    nsim_json_uint(json, "hottest_50_percent_lines", scan->heat[2]);
    nsim_json_end(json);
}

/* Touched pages if they are known, else whole frames. */
static uint64_t
footprint_bytes(const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    return scan != NULL ? scan->touched_pages << 12 : (uint64_t)info->frame_count << NSIM_FRAME_SHIFT;
}

static void
put_trace(NsimJson *json, const NsimTrace *trace, const NsimTraceScan *scan)
{
    const NsimTraceInfo *info = nsim_trace_info(trace);
    const uint64_t lines[] = {info->read_lines, info->write_lines, info->rfo_lines};
    nsim_json_object(json, NULL);
    nsim_json_string(json, "file", nsim_trace_path(trace));
    nsim_json_uint(json, "version", info->version);
    nsim_json_uint(json, "file_bytes", info->file_bytes);
    nsim_json_string(json, "program", info->program);
    nsim_json_string(json, "capture", info->capture);
    nsim_json_string(json, "filter", info->filter);
    nsim_json_bool(json, "filtered", info->filtered);
    nsim_json_string(json, "gap_unit", info->gap_unit == NSIM_GAP_PS ? "ps" : "instructions");
    nsim_json_uint(json, "gap_per_s", info->gap_per_s);
    nsim_json_uint(json, "frames", info->frame_count);
    nsim_json_uint(json, "footprint_bytes", footprint_bytes(info, scan));
    nsim_json_uint(json, "records", info->burst_count);
    put_lines(json, lines);
    put_threads(json, info, scan);
    put_regions(json, info, scan);
    put_marks(json, info, scan);
    if (scan != NULL)
        put_scan(json, info, scan);
    nsim_json_end(json);
}

/* ---- info ----------------------------------------------------------------------------------------------------------
 */

/* (transfer full) */
static NsimTrace *
open_trace(const char *path, GError **error)
{
    return nsim_cli_input_check(path, error) ? nsim_trace_open(path, error) : NULL;
}

static NsimTraceScan *
scan_trace(NsimTrace *trace, GError **error)
{
    g_autoptr(NsimTraceJob) job = nsim_trace_job_new("scanning");
    return nsim_trace_scan(trace, nsim_trace_job_tick(job), error);
}

/* Rate traces may be packed: what counts is how the text begins. */
static bool
is_rate_trace(const char *path)
{
    g_autoptr(NsimInput) input = nsim_cli_input_check(path, NULL) ? nsim_input_open(path, NULL) : NULL;
    return input != NULL && (nsim_input_more(input, 64, NULL), true) &&
           nsim_rate_probe(input->at, (size_t)(input->end - input->at));
}

/* What is said only after reading every record is said at once where that takes a moment. */
#define SCAN_UNASKED_BYTES ((uint64_t)16 << 20)

/* As text each trace is printed as soon as it is known; as JSON all are one document. */
static int
print_info(int argc, char **argv, bool wants_scan, bool wants_quick, bool wants_json)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(NsimShippedMachines) machines = nsim_shipped_machines_load();
    NsimJson json;
    nsim_json_init(&json, out);
    if (wants_json) {
        nsim_json_object(&json, NULL);
        nsim_json_string(&json, "schema", "numasim-trace-info-1");
        nsim_json_array(&json, "traces");
    }
    for (int i = 1; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        if (!wants_json && is_rate_trace(argv[i])) {
            g_autofree char *rates = nsim_rate_describe(argv[i], &error);
            if (rates == NULL || !nsim_cli_output_write(NULL, rates, &error))
                return nsim_cli_fail(error);
            continue;
        }
        g_autoptr(NsimTrace) trace = open_trace(argv[i], &error);
        const bool scans = trace != NULL && (wants_scan || (!wants_quick && nsim_trace_info(trace)->file_bytes <=
                                                                                SCAN_UNASKED_BYTES));
        g_autoptr(NsimTraceScan) scan = scans ? scan_trace(trace, &error) : NULL;
        if (error != NULL)
            return nsim_cli_fail(error);
        if (wants_json) {
            put_trace(&json, trace, scan);
            continue;
        }
        g_autofree char *description = nsim_trace_describe_scan(trace, scan);
        g_autoptr(GString) text = g_string_new(description);
        nsim_shipped_machines_describe(machines, footprint_bytes(nsim_trace_info(trace), scan), text);
        if (!nsim_cli_output_write(NULL, text->str, &error))
            return nsim_cli_fail(error);
    }
    if (!wants_json)
        return NSIM_EXIT_OK;
    nsim_json_end(&json);
    nsim_shipped_machines_put(machines, &json);
    nsim_json_end(&json);
    g_string_append_c(out, '\n');
    return nsim_cli_output_finish(NULL, out->str);
}

int
nsim_cmd_trace_info(int argc, char **argv)
{
    gboolean scan = FALSE, quick = FALSE;
    g_autofree char *format = NULL;
    const GOptionEntry entries[] = {
        {"scan", 0, 0, G_OPTION_ARG_NONE, &scan,
         "read every record, however many: working set, streams, reuse, regions, passes between marks, hottest ranges "
         "(without it files of up to 16MiB)",
         NULL},
        {"quick", 0, 0, G_OPTION_ARG_NONE, &quick, "read header and tables only", NULL},
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &format, "text (default) or json", "FORMAT"},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace info",
                                 .synopsis = "[--scan|--quick] [--format FORMAT] FILE...",
                                 .summary = "Print what a trace holds, program, threads, regions, totals, and what it "
                                            "does.",
                                 .entries = entries};
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, G_MAXINT, &status))
        return status;
    const bool json = g_strcmp0(format, "json") == 0;
    if (format != NULL && !json && !g_str_equal(format, "text"))
        return nsim_command_misuse(&command, "unknown format '%s' for --format; allowed: text, json", format);
    if (scan && quick)
        return nsim_command_misuse(&command, "--scan and --quick contradict each other");
    return print_info(argc, argv, scan, quick, json);
}

/* ---- check ---------------------------------------------------------------------------------------------------------
 */

int
nsim_cmd_trace_check(int argc, char **argv)
{
    static const GOptionEntry no_entries[] = {G_OPTION_ENTRY_NULL};
    static const NsimCommand command = {.name = "numasim trace check",
                                        .synopsis = "FILE...",
                                        .summary = "Verify every checksum and every record.",
                                        .entries = no_entries};
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, G_MAXINT, &status))
        return status;
    for (int i = 1; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NsimTrace) trace = open_trace(argv[i], &error);
        if (trace == NULL || !nsim_trace_check(trace, &error))
            return nsim_cli_fail(error);
        g_autofree char *text = g_strdup_printf("%s: ok\n", argv[i]);
        if (!nsim_cli_output_write(NULL, text, &error))
            return nsim_cli_fail(error);
    }
    return NSIM_EXIT_OK;
}
