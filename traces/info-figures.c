/* SPDX-License-Identifier: MIT */
/* The tables of `numasim trace info --scan`: info-scan.h says what the figures mean. */
#include <traces/info-private.h>

#include <inttypes.h>

#define PS_PER_S UINT64_C(1000000000000)

void
nsim_append_time(GString *text, uint64_t ps)
{
    static const struct {
        const char *name;
        uint64_t ps;
    } units[] = {{"s", PS_PER_S}, {"ms", PS_PER_S / 1000}, {"us", PS_PER_S / 1000000}, {"ns", 1000}, {"ps", 1}};
    unsigned unit = 0;
    if (ps == 0) {
        g_string_append(text, "0 s");
        return;
    }
    while (unit + 1 < G_N_ELEMENTS(units) && ps < units[unit].ps)
        unit++;
    nsim_append_ratio(text, ps, units[unit].ps, 1);
    g_string_append_printf(text, " %s", units[unit].name);
}

static void
append_column(GString *text, unsigned width, void (*append)(GString *text, uint64_t value), uint64_t value)
{
    g_autoptr(GString) cell = g_string_new(NULL);
    append(cell, value);
    g_string_append_printf(text, " %*s", (int)width, cell->str);
}

static void
append_share_column(GString *text, unsigned width, uint64_t part, uint64_t whole)
{
    g_autoptr(GString) cell = g_string_new(NULL);
    if (whole == 0)
        g_string_append_c(cell, '-');
    else
        nsim_append_ratio(cell, part, whole, 100);
    g_string_append_printf(text, " %*s", (int)width, cell->str);
}

static uint64_t
region_sum(const NsimScanRegion *region)
{
    return region->lines[NSIM_OP_READ] + region->lines[NSIM_OP_WRITE] + region->lines[NSIM_OP_RFO];
}

static void
append_totals(GString *text, const NsimTraceScan *scan)
{
    g_string_append(text, "\nclock      ");
    nsim_append_time(text, scan->duration_ps);
    g_string_append(text, " of compute and waiting at barriers, memory taking no time");
    if (scan->duration_ps > 0) {
        const unsigned __int128 rate =
            (unsigned __int128)nsim_line_bytes(scan->lines) * PS_PER_S / scan->duration_ps; /* bytes a second */
        g_string_append(text, ": asks for ");
        nsim_append_ratio(text, rate > UINT64_MAX ? UINT64_MAX : (uint64_t)rate, 1000000000, 1);
        g_string_append(text, " GB/s");
    }
    g_string_append(text, "\nstreams    ");
    nsim_append_ratio(text, scan->stream_lines, scan->lines, 100);
    g_string_append_printf(text, " %% of lines are in runs of %u or more or in prefetchable ones\n",
                           NSIM_SCAN_STREAM_LINES);
    g_string_append(text, "run lines  mean ");
    nsim_append_ratio(text, scan->lines, scan->run_count, 1);
    g_string_append_printf(
        text, "; half of the lines are in runs of %" PRIu64 " or more, 90 %% in runs of %" PRIu64 " or more\n",
        nsim_histogram_quantile(scan->run_lines, 500000), nsim_histogram_quantile(scan->run_lines, 100000));
    g_string_append(text, "reuse      ");
    nsim_append_ratio(text, scan->reuse_bytes->count, scan->sampled_count, 100);
    g_string_append(text, " % of lines were touched before");
    if (scan->reuse_bytes->count > 0) {
        g_string_append(text, "; an LRU cache of ");
        nsim_append_size(text, nsim_trace_reuse_quantile(scan->reuse_bytes, 500000));
        g_string_append(text, " would hold half of them, of ");
        nsim_append_size(text, nsim_trace_reuse_quantile(scan->reuse_bytes, 900000));
        g_string_append(text, " 90 %");
    }
    g_string_append_printf(text,
                           "\nsample     1 line in %" PRIu64 ", %" PRIu64 " lines: reuse, again, shared and once\n",
                           UINT64_C(1) << scan->sample_shift, scan->sampled_lines);
}

static void
append_slices(GString *text, const NsimTraceScan *scan)
{
    uint64_t begin = 0, so_far = 0;
    g_string_append_printf(text, "\nworking set over time (4 KiB pages)\n  %12s %12s %14s %8s %11s %11s %11s\n", "from",
                           "to", "lines", "read %", "touched", "new", "so far");
    for (unsigned i = 0; i < NSIM_SCAN_SLICES; i++) {
        const NsimScanSlice *slice = &scan->slices[i];
        const uint64_t lines = slice->lines[0] + slice->lines[1] + slice->lines[2];
        so_far += slice->new_pages;
        g_string_append_c(text, ' ');
        append_column(text, 12, nsim_append_time, begin);
        append_column(text, 12, nsim_append_time, slice->end_ps);
        g_string_append_printf(text, " %14" PRIu64, lines);
        append_share_column(text, 8, slice->lines[NSIM_OP_READ], lines);
        nsim_append_size_column(text, slice->pages << 12);
        nsim_append_size_column(text, slice->new_pages << 12);
        nsim_append_size_column(text, so_far << 12);
        g_string_append_c(text, '\n');
        begin = slice->end_ps;
    }
}

static void
append_thread_use(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    g_string_append_printf(text, "\nthreads (their lines)\n  %6s %8s %9s %10s  name\n", "number", "share %",
                           "streams %", "mean run");
    for (uint32_t i = 0; i < MIN(info->thread_count, NSIM_INFO_ROWS_MAX); i++) {
        const NsimScanThread *thread = &scan->threads[i];
        g_autoptr(GString) mean = g_string_new(NULL);
        nsim_append_ratio(mean, thread->lines, thread->run_count, 1);
        g_string_append_printf(text, "  %6" PRIu32, i);
        append_share_column(text, 8, thread->lines, scan->lines);
        append_share_column(text, 9, thread->stream_lines, thread->lines);
        g_string_append_printf(text, " %10s  %s\n", mean->str, info->threads[i].name);
    }
    nsim_append_more(text, info->thread_count, "threads");
}

static void
append_region_row(GString *text, const NsimScanRegion *region, const NsimTraceScan *scan, const char *name)
{
    const uint64_t lines = region_sum(region);
    const NsimHistogram *reuse = region->reuse_bytes;
    g_string_append_c(text, ' ');
    append_share_column(text, 8, lines, scan->lines);
    append_share_column(text, 9, region->stream_lines, lines);
    append_share_column(text, 8, region->sampled_count - region->sampled_lines, region->sampled_count);
    append_share_column(text, 8, region->sampled_shared, region->sampled_lines);
    append_share_column(text, 9, region->sampled_written, region->sampled_lines);
    if (reuse != NULL && reuse->count > 0) {
        nsim_append_size_column(text, nsim_trace_reuse_quantile(reuse, 500000));
        nsim_append_size_column(text, nsim_trace_reuse_quantile(reuse, 900000));
    } else {
        g_string_append_printf(text, " %11s %11s", "-", "-");
    }
    g_string_append_printf(text, "  %s\n", name);
}

static void
append_region_behaviour(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    g_string_append_printf(text,
                           "\nregions (again, reuse: touched before, and the LRU cache for half and 90 %% of that;\n"
                           "         shared, written: share of the different lines)\n"
                           "  %8s %9s %8s %8s %9s %11s %11s  name\n",
                           "share %", "streams %", "again %", "shared %", "written %", "reuse p50", "reuse p90");
    for (uint32_t i = 0; i < MIN(info->region_count, NSIM_INFO_ROWS_MAX); i++)
        append_region_row(text, &scan->regions[i], scan, info->regions[i].name);
    nsim_append_more(text, info->region_count, "regions");
    if (region_sum(&scan->regions[info->region_count]) > 0)
        append_region_row(text, &scan->regions[info->region_count], scan, "(no region)");
}

/* What the passes of one mark do to each region. */
static void
append_passes(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan, uint32_t mark_number)
{
    const NsimScanMark *mark = &scan->marks[mark_number];
    g_string_append_printf(text, "\nfrom mark '%s' to the next mark: %" PRIu64 " %s, ", info->marks[mark_number],
                           mark->passes, mark->passes == 1 ? "pass" : "passes");
    nsim_append_size(text, nsim_line_bytes(mark->lines / mark->passes));
    g_string_append(text, " and ");
    nsim_append_time(text, mark->ps / mark->passes);
    g_string_append_printf(text,
                           " each\n  (lines of a pass; once: first touch of the line in its pass)\n"
                           "  %12s %12s %12s %12s %12s %8s %11s  region\n",
                           "mean", "first", "last", "least", "most", "once %", "bytes");
    for (uint32_t i = 0; i <= scan->pass_regions; i++) {
        const NsimScanPass *pass = &scan->passes[(size_t)mark_number * (scan->pass_regions + 1) + i];
        if (pass->total == 0)
            continue;
        g_string_append_printf(text, "  %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64,
                               pass->total / mark->passes, pass->first, pass->last, pass->least, pass->most);
        append_share_column(text, 8, pass->sampled_first, pass->sampled_count);
        nsim_append_size_column(text, nsim_line_bytes(pass->total / mark->passes));
        g_string_append_printf(text, "  %s\n", i < scan->pass_regions ? info->regions[i].name : "(elsewhere)");
    }
}

static void
append_heat(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    static const unsigned percents[] = {1, 10, 50};
    g_string_append(text, "\nhottest ranges (neighbours in units of ");
    nsim_append_size(text, scan->grain_bytes);
    g_string_append_printf(text,
                           " with at least half of the hottest one's lines)\n  %-18s %11s %14s %8s %14s  region\n",
                           "address", "size", "lines", "share %", "lines a unit");
    for (uint32_t i = 0; i < scan->range_count; i++) {
        const NsimScanRange *range = &scan->ranges[i];
        g_string_append_printf(text, "  0x%016" PRIx64, range->address);
        nsim_append_size_column(text, range->bytes);
        g_string_append_printf(text, " %14" PRIu64, range->lines);
        append_share_column(text, 8, range->lines, scan->lines);
        g_string_append_printf(text, " %14" PRIu64 "  %s\n", range->lines / (range->bytes / scan->grain_bytes),
                               range->region < info->region_count ? info->regions[range->region].name : "(no region)");
    }
    g_string_append(text, "  share of lines in the hottest");
    for (unsigned i = 0; i < G_N_ELEMENTS(percents); i++) {
        g_string_append_printf(text, "%s %u %% of the units ", i > 0 ? "," : "", percents[i]);
        nsim_append_ratio(text, scan->heat[i], scan->lines, 100);
        g_string_append(text, " %");
    }
    g_string_append_c(text, '\n');
}

void
nsim_append_figures(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    append_totals(text, scan);
    append_slices(text, scan);
    append_thread_use(text, info, scan);
    append_region_behaviour(text, info, scan);
    for (uint32_t i = 0; i < scan->pass_marks; i++)
        if (scan->marks[i].passes > 0 && scan->marks[i].lines > 0)
            append_passes(text, info, scan, i);
    append_heat(text, info, scan);
}
