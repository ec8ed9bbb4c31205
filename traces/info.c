/* SPDX-License-Identifier: MIT */
/*
 * The text of `numasim trace info`: what header and trailer say, and the tables that a scan fills. What else a scan
 * finds is in info-figures.c and info-words.c. Sizes are printed by integer arithmetic, so that the text is the same
 * everywhere.
 */

#include <traces/info.h>

#include <traces/info-private.h>
#include <traces/trace-private.h>

#include <inttypes.h>

void
nsim_append_size(GString *text, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    uint64_t scale = 1;
    while (unit + 1 < G_N_ELEMENTS(units) && bytes / scale >= 1024) {
        scale *= 1024;
        unit++;
    }
    if (unit == 0) {
        g_string_append_printf(text, "%" PRIu64 " B", bytes);
        return;
    }
    uint64_t whole = bytes / scale, hundredths = (bytes % scale * 100 + scale / 2) / scale;
    if (scale > UINT64_MAX / 100) /* EiB and PiB: the product above might not fit */
        hundredths = bytes % scale / (scale / 100);
    if (hundredths >= 100) {
        whole++;
        hundredths -= 100;
    }
    g_string_append_printf(text, "%" PRIu64 ".%02" PRIu64 " %s", whole, hundredths, units[unit]);
}

/* "12.34" for a part of a whole, rounded. */
void
nsim_append_ratio(GString *text, uint64_t part, uint64_t whole, unsigned scale)
{
    const unsigned __int128 hundredths = whole == 0 ? 0 : ((unsigned __int128)part * scale * 100 + whole / 2) / whole;
    g_string_append_printf(text, "%" PRIu64 ".%02u", (uint64_t)(hundredths / 100), (unsigned)(hundredths % 100));
}

uint64_t
nsim_sum_saturated(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

uint64_t
nsim_line_bytes(uint64_t lines)
{
    return lines > UINT64_MAX / NSIM_LINE_BYTES ? UINT64_MAX : lines * NSIM_LINE_BYTES;
}

/* ---- The text ------------------------------------------------------------------------------------------------ */

/* Bytes of the frames, clipped to the region, that are touched. */
static uint64_t
touched_bytes(const NsimTraceInfo *info, const NsimTraceRegion *region)
{
    uint64_t bytes = 0;
    const uint64_t region_end = region->address + region->bytes;
    uint32_t low = 0, high = info->frame_count;
    while (low < high) { /* the first frame that may overlap */
        const uint32_t middle = low + (high - low) / 2;
        if (info->frames[middle] < region->address >> NSIM_FRAME_SHIFT)
            low = middle + 1;
        else
            high = middle;
    }
    for (uint32_t i = low; i < info->frame_count && info->frames[i] <= (region_end - 1) >> NSIM_FRAME_SHIFT; i++) {
        const uint64_t first = info->frames[i] << NSIM_FRAME_SHIFT;
        const uint64_t last = first + ((UINT64_C(1) << NSIM_FRAME_SHIFT) - 1); /* inclusive: the end may be 2^64 */
        bytes += MIN(last, region_end - 1) - MAX(first, region->address) + 1;
    }
    return bytes;
}

static void
append_head(GString *text, const NsimTrace *trace)
{
    const NsimTraceInfo *info = &trace->info;
    const uint64_t lines = nsim_sum_saturated(nsim_sum_saturated(info->read_lines, info->write_lines), info->rfo_lines);
    g_string_append_printf(text, "format     numasim trace, version %" PRIu32 ", %" PRIu64 " bytes\n", info->version,
                           info->file_bytes);
    g_string_append_printf(text, "program    %s\n", info->program);
    g_string_append_printf(text, "capture    %s\n", info->capture);
    g_string_append_printf(text, "filter     %s%s\n", info->filter,
                           info->filtered ? " (records are misses of a last-level cache)" : "");
    if (info->gap_unit == NSIM_GAP_PS)
        g_string_append(text, "gaps       picoseconds\n");
    else
        g_string_append_printf(text, "gaps       instructions, declared rate %" PRIu64 " per second\n",
                               info->gap_per_s);
    g_string_append_printf(text, "footprint  %" PRIu32 " frames of 2 MiB, ", info->frame_count);
    nsim_append_size(text, (uint64_t)info->frame_count << NSIM_FRAME_SHIFT);
    g_string_append_printf(text, "\nrecords    %" PRIu64 ", ", info->burst_count);
    nsim_append_ratio(text, info->file_bytes, info->burst_count, 1);
    g_string_append_printf(text, " bytes each\nlines      %" PRIu64 " (", lines);
    nsim_append_size(text, nsim_line_bytes(lines));
    g_string_append(text, "): ");
    nsim_append_ratio(text, info->read_lines, lines, 100);
    g_string_append(text, " % read, ");
    nsim_append_ratio(text, info->write_lines, lines, 100);
    g_string_append(text, " % written, ");
    nsim_append_ratio(text, info->rfo_lines, lines, 100);
    g_string_append(text, " % read for ownership\n");
}

static void
append_scan(GString *text, const NsimTraceScan *scan)
{
    g_string_append_printf(text, "touched    %" PRIu64 " pages of 4 KiB, ", scan->touched_pages);
    nsim_append_size(text, scan->touched_pages << 12);
    g_string_append_printf(text,
                           "\nruns       longest %" PRIu64 " lines; %" PRIu64 " dependent, %" PRIu64 " prefetchable\n",
                           scan->longest_run_lines, scan->dependent_count, scan->prefetchable_count);
}

void
nsim_append_more(GString *text, uint32_t count, const char *what)
{
    if (count > NSIM_INFO_ROWS_MAX)
        g_string_append_printf(text, "  ... and %" PRIu32 " %s more\n", count - NSIM_INFO_ROWS_MAX, what);
}

static void
append_marks(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    if (info->mark_count > 0)
        g_string_append(text, scan != NULL ? "\nmarks (passes)\n" : "\nmarks\n");
    uint32_t shown = 0, block_count = 0;
    uint64_t block_passes = 0;
    for (uint32_t i = 0; i < info->mark_count; i++) {
        const uint64_t passes = scan != NULL ? scan->marks[i].records : 0;
        if (nsim_trace_mark_is_block(info->marks[i])) {
            block_count++;
            block_passes += passes;
        } else if (shown++ < NSIM_INFO_ROWS_MAX) {
            g_string_append_printf(text, scan != NULL ? "  %s (%" PRIu64 ")\n" : "  %s\n", info->marks[i], passes);
        }
    }
    nsim_append_more(text, shown, "marks");
    if (block_count > 0)
        g_string_append_printf(text,
                               scan != NULL ? "  block:N of %" PRIu32 " thread blocks (%" PRIu64 ")\n"
                                            : "  block:N of %" PRIu32 " thread blocks\n",
                               block_count, block_passes);
    if (info->barrier_count > 0)
        g_string_append(text, "\nbarriers\n");
    for (uint32_t i = 0; i < MIN(info->barrier_count, NSIM_INFO_ROWS_MAX); i++)
        g_string_append_printf(text, "  %" PRIu32 " of %" PRIu32 " threads\n", i, info->barriers[i]);
    nsim_append_more(text, info->barrier_count, "barriers");
}

static void
append_threads(GString *text, const NsimTraceInfo *info)
{
    g_string_append_printf(text, "\nthreads\n  %6s %12s %14s %14s %14s %20s  %s\n", "number", "records", "read lines",
                           "written", "for ownership", "compute (gap units)", "name");
    for (uint32_t i = 0; i < MIN(info->thread_count, NSIM_INFO_ROWS_MAX); i++) {
        const NsimTraceThread *thread = &info->threads[i];
        g_string_append_printf(
            text, "  %6" PRIu32 " %12" PRIu64 " %14" PRIu64 " %14" PRIu64 " %14" PRIu64 " %20" PRIu64 "  %s\n", i,
            thread->burst_count, thread->read_lines, thread->write_lines, thread->rfo_lines, thread->gap_total,
            thread->name);
    }
    nsim_append_more(text, info->thread_count, "threads");
}

void
nsim_append_size_column(GString *text, uint64_t bytes)
{
    g_autoptr(GString) size = g_string_new(NULL);
    nsim_append_size(size, bytes);
    g_string_append_printf(text, " %11s", size->str);
}

static void
append_region_use(GString *text, const NsimScanRegion *use)
{
    g_string_append_printf(text, " %14" PRIu64 " %14" PRIu64 " %14" PRIu64, use->lines[NSIM_OP_READ],
                           use->lines[NSIM_OP_WRITE], use->lines[NSIM_OP_RFO]);
}

static void
append_regions(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan)
{
    if (info->region_count == 0 && scan == NULL)
        return;
    g_string_append_printf(text, "\nregions (touched: in %s)\n  %-18s %11s %11s",
                           scan != NULL ? "4 KiB pages" : "2 MiB frames", "address", "size", "touched");
    if (scan != NULL)
        g_string_append_printf(text, " %14s %14s %14s", "read lines", "written", "for ownership");
    g_string_append(text, "  name\n");
    for (uint32_t i = 0; i < MIN(info->region_count, NSIM_INFO_ROWS_MAX); i++) {
        const NsimTraceRegion *region = &info->regions[i];
        g_string_append_printf(text, "  0x%016" PRIx64, region->address);
        nsim_append_size_column(text, region->bytes);
        nsim_append_size_column(text,
                                scan != NULL ? scan->regions[i].touched_pages << 12 : touched_bytes(info, region));
        if (scan != NULL)
            append_region_use(text, &scan->regions[i]);
        g_string_append_printf(text, "  %s\n", region->name);
    }
    nsim_append_more(text, info->region_count, "regions");
    if (scan != NULL && scan->regions[info->region_count].touched_pages > 0) {
        g_string_append_printf(text, "  %-18s %11s", "elsewhere", "");
        nsim_append_size_column(text, scan->regions[info->region_count].touched_pages << 12);
        append_region_use(text, &scan->regions[info->region_count]);
        g_string_append(text, "  (no region)\n");
    }
}

char *
nsim_trace_describe_scan(const NsimTrace *trace, const NsimTraceScan *scan)
{
    g_return_val_if_fail(trace != NULL, NULL);
    const NsimTraceInfo *info = &trace->info;
    GString *text = g_string_new(NULL);
    append_head(text, trace);
    if (scan != NULL)
        append_scan(text, scan);
    append_threads(text, info);
    append_regions(text, info, scan);
    append_marks(text, info, scan);
    if (scan != NULL) {
        nsim_append_figures(text, info, scan);
        nsim_append_words(text, info, scan);
    }
    return g_string_free(text, FALSE);
}

char *
nsim_trace_describe(NsimTrace *trace, bool scan, GError **error)
{
    g_return_val_if_fail(trace != NULL, NULL);
    if (!scan)
        return nsim_trace_describe_scan(trace, NULL);
    g_autoptr(NsimTraceScan) found = nsim_trace_scan(trace, NULL, error);
    return found != NULL ? nsim_trace_describe_scan(trace, found) : NULL;
}
