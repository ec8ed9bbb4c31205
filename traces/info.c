/* SPDX-License-Identifier: MIT */
/*
 * The text of `numasim trace info`. Sizes are printed by integer arithmetic, so that the text is the same everywhere.
 * A line belongs to the first region that has one of its bytes.
 */

#include <traces/info.h>
#include <traces/trace-private.h>

#include <inttypes.h>

/* Longer tables are cut: nobody reads the 4096th thread. */
#define ROWS_MAX 64u
#define PAGE_LINES_SHIFT 6 /* of the 4 KiB pages that are counted */
#define FRAME_PAGES (NSIM_FRAME_LINES >> PAGE_LINES_SHIFT)

typedef struct {
    uint64_t lines[3]; /* by NsimOp */
    uint64_t touched_pages;
} RegionUse;

/* What a scan finds. */
typedef struct {
    RegionUse *regions; /* and one more for what lies outside all of them */
    uint64_t *mark_passes;
    uint64_t *touched; /* a bit for each 4 KiB page of each dense frame */
    uint64_t touched_pages;
    uint64_t longest_run_lines;
    uint64_t dependent_count, prefetchable_count; /* runs */
} Scan;

static void
append_size(GString *text, uint64_t bytes)
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
static void
append_ratio(GString *text, uint64_t part, uint64_t whole, unsigned scale)
{
    const unsigned __int128 hundredths = whole == 0 ? 0 : ((unsigned __int128)part * scale * 100 + whole / 2) / whole;
    g_string_append_printf(text, "%" PRIu64 ".%02u", (uint64_t)(hundredths / 100), (unsigned)(hundredths % 100));
}

static uint64_t
sum_saturated(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static uint64_t
line_bytes(uint64_t lines)
{
    return lines > UINT64_MAX / NSIM_LINE_BYTES ? UINT64_MAX : lines * NSIM_LINE_BYTES;
}

/* ---- The scan ------------------------------------------------------------------------------------------------ */

/* The first region that ends at or after virtual line `line`; region_count when none. */
static uint32_t
region_from(const NsimTraceInfo *info, uint64_t line)
{
    uint32_t low = 0, high = info->region_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const NsimTraceRegion *region = &info->regions[middle];
        if ((region->address + region->bytes - 1) >> NSIM_LINE_SHIFT < line)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Mark the run's pages, 64 at a time. */
static void
note_pages(Scan *scan, RegionUse *use, uint32_t frame, uint32_t first_line, uint32_t count)
{
    const uint64_t base = (uint64_t)frame * FRAME_PAGES;
    const uint64_t end = base + ((first_line + count - 1) >> PAGE_LINES_SHIFT) + 1;
    for (uint64_t page = base + (first_line >> PAGE_LINES_SHIFT); page < end;) {
        const uint64_t pages = MIN(end - page, 64 - page % 64);
        const uint64_t bits = UINT64_MAX >> (64 - pages) << page % 64;
        const uint64_t fresh = bits & ~scan->touched[page / 64];
        const uint64_t fresh_pages = (uint64_t)__builtin_popcountll(fresh);
        scan->touched[page / 64] |= bits;
        scan->touched_pages += fresh_pages;
        use->touched_pages += fresh_pages;
        page += pages;
    }
}

static void
note_run(const NsimTraceInfo *info, Scan *scan, const NsimBurst *burst)
{
    uint32_t left = burst->count, in_frame = burst->line;
    scan->longest_run_lines = MAX(scan->longest_run_lines, left);
    scan->dependent_count += (burst->flags & NSIM_BURST_DEPENDENT) != 0;
    scan->prefetchable_count += (burst->flags & NSIM_BURST_PREFETCHABLE) != 0;
    while (left > 0) {
        const uint64_t line = (info->frames[burst->page] << NSIM_FRAME_LINES_SHIFT) + in_frame;
        uint32_t region = region_from(info, line);
        uint64_t room = left;
        if (region < info->region_count) {
            const NsimTraceRegion *found = &info->regions[region];
            const uint64_t first = found->address >> NSIM_LINE_SHIFT;
            if (line < first) { /* before it: in none */
                room = first - line;
                region = info->region_count;
            } else {
                room = ((found->address + found->bytes - 1) >> NSIM_LINE_SHIFT) - line + 1;
            }
        }
        const uint32_t count = (uint32_t)MIN(room, (uint64_t)left);
        scan->regions[region].lines[burst->op] += count;
        note_pages(scan, &scan->regions[region], burst->page, in_frame, count);
        in_frame += count;
        left -= count;
    }
}

static bool
scan_thread(NsimTrace *trace, uint32_t thread, Scan *scan, GError **error)
{
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, NSIM_FRAME_SHIFT, error);
    if (cursor == NULL)
        return false;
    for (;;) {
        if (!nsim_trace_cursor_fill(cursor, error))
            return false;
        if (cursor->filled == 0)
            return true;
        for (uint32_t i = 0; i < cursor->filled; i++) {
            const NsimBurst *burst = &cursor->bursts[i];
            if (!NSIM_OP_IS_CONTROL(burst->op))
                note_run(&trace->info, scan, burst);
            else if (burst->op == NSIM_OP_MARK)
                scan->mark_passes[burst->page]++;
        }
    }
}

static void
clear_scan(Scan *scan)
{
    g_free(scan->regions);
    g_free(scan->mark_passes);
    g_free(scan->touched);
}

static bool
scan_trace(NsimTrace *trace, Scan *scan, GError **error)
{
    const NsimTraceInfo *info = &trace->info;
    scan->regions = g_new0(RegionUse, (size_t)info->region_count + 1);
    scan->mark_passes = g_new0(uint64_t, (size_t)info->mark_count + 1);
    scan->touched = g_try_new0(uint64_t, (size_t)info->frame_count * FRAME_PAGES / 64 + 1);
    if (scan->touched == NULL)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "no memory to count the pages of %" PRIu32 " frames",
                               info->frame_count);
    for (uint32_t i = 0; i < info->thread_count; i++)
        if (!scan_thread(trace, i, scan, error))
            return false;
    return true;
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
    const uint64_t lines = sum_saturated(sum_saturated(info->read_lines, info->write_lines), info->rfo_lines);
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
    append_size(text, (uint64_t)info->frame_count << NSIM_FRAME_SHIFT);
    g_string_append_printf(text, "\nrecords    %" PRIu64 ", ", info->burst_count);
    append_ratio(text, info->file_bytes, info->burst_count, 1);
    g_string_append_printf(text, " bytes each\nlines      %" PRIu64 " (", lines);
    append_size(text, line_bytes(lines));
    g_string_append(text, "): ");
    append_ratio(text, info->read_lines, lines, 100);
    g_string_append(text, " % read, ");
    append_ratio(text, info->write_lines, lines, 100);
    g_string_append(text, " % written, ");
    append_ratio(text, info->rfo_lines, lines, 100);
    g_string_append(text, " % read for ownership\n");
}

static void
append_scan(GString *text, const Scan *scan)
{
    g_string_append_printf(text, "touched    %" PRIu64 " pages of 4 KiB, ", scan->touched_pages);
    append_size(text, scan->touched_pages << 12);
    g_string_append_printf(text,
                           "\nruns       longest %" PRIu64 " lines; %" PRIu64 " dependent, %" PRIu64 " prefetchable\n",
                           scan->longest_run_lines, scan->dependent_count, scan->prefetchable_count);
}

static void
append_more(GString *text, uint32_t count, const char *what)
{
    if (count > ROWS_MAX)
        g_string_append_printf(text, "  ... and %" PRIu32 " %s more\n", count - ROWS_MAX, what);
}

static void
append_marks(GString *text, const NsimTraceInfo *info, const Scan *scan)
{
    if (info->mark_count > 0)
        g_string_append(text, scan != NULL ? "\nmarks (passes)\n" : "\nmarks\n");
    for (uint32_t i = 0; i < MIN(info->mark_count, ROWS_MAX); i++) {
        g_string_append_printf(text, "  %s", info->marks[i]);
        if (scan != NULL)
            g_string_append_printf(text, " (%" PRIu64 ")", scan->mark_passes[i]);
        g_string_append_c(text, '\n');
    }
    append_more(text, info->mark_count, "marks");
    if (info->barrier_count > 0)
        g_string_append(text, "\nbarriers\n");
    for (uint32_t i = 0; i < MIN(info->barrier_count, ROWS_MAX); i++)
        g_string_append_printf(text, "  %" PRIu32 " of %" PRIu32 " threads\n", i, info->barriers[i]);
    append_more(text, info->barrier_count, "barriers");
}

static void
append_threads(GString *text, const NsimTraceInfo *info)
{
    g_string_append_printf(text, "\nthreads\n  %6s %12s %14s %14s %14s %20s  %s\n", "number", "records", "read lines",
                           "written", "for ownership", "compute (gap units)", "name");
    for (uint32_t i = 0; i < MIN(info->thread_count, ROWS_MAX); i++) {
        const NsimTraceThread *thread = &info->threads[i];
        g_string_append_printf(
            text, "  %6" PRIu32 " %12" PRIu64 " %14" PRIu64 " %14" PRIu64 " %14" PRIu64 " %20" PRIu64 "  %s\n", i,
            thread->burst_count, thread->read_lines, thread->write_lines, thread->rfo_lines, thread->gap_total,
            thread->name);
    }
    append_more(text, info->thread_count, "threads");
}

static void
append_size_column(GString *text, uint64_t bytes)
{
    g_autoptr(GString) size = g_string_new(NULL);
    append_size(size, bytes);
    g_string_append_printf(text, " %11s", size->str);
}

static void
append_region_use(GString *text, const RegionUse *use)
{
    g_string_append_printf(text, " %14" PRIu64 " %14" PRIu64 " %14" PRIu64, use->lines[NSIM_OP_READ],
                           use->lines[NSIM_OP_WRITE], use->lines[NSIM_OP_RFO]);
}

static void
append_regions(GString *text, const NsimTraceInfo *info, const Scan *scan)
{
    if (info->region_count == 0 && scan == NULL)
        return;
    g_string_append_printf(text, "\nregions (touched: in %s)\n  %-18s %11s %11s",
                           scan != NULL ? "4 KiB pages" : "2 MiB frames", "address", "size", "touched");
    if (scan != NULL)
        g_string_append_printf(text, " %14s %14s %14s", "read lines", "written", "for ownership");
    g_string_append(text, "  name\n");
    for (uint32_t i = 0; i < MIN(info->region_count, ROWS_MAX); i++) {
        const NsimTraceRegion *region = &info->regions[i];
        g_string_append_printf(text, "  0x%016" PRIx64, region->address);
        append_size_column(text, region->bytes);
        append_size_column(text, scan != NULL ? scan->regions[i].touched_pages << 12 : touched_bytes(info, region));
        if (scan != NULL)
            append_region_use(text, &scan->regions[i]);
        g_string_append_printf(text, "  %s\n", region->name);
    }
    append_more(text, info->region_count, "regions");
    if (scan != NULL && scan->regions[info->region_count].touched_pages > 0) {
        g_string_append_printf(text, "  %-18s %11s", "elsewhere", "");
        append_size_column(text, scan->regions[info->region_count].touched_pages << 12);
        append_region_use(text, &scan->regions[info->region_count]);
        g_string_append(text, "  (no region)\n");
    }
}

char *
nsim_trace_describe(NsimTrace *trace, bool scan, GError **error)
{
    g_return_val_if_fail(trace != NULL, NULL);
    const NsimTraceInfo *info = &trace->info;
    Scan found = {0};
    if (scan && !scan_trace(trace, &found, error)) {
        clear_scan(&found);
        return NULL;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    append_head(text, trace);
    if (scan)
        append_scan(text, &found);
    append_threads(text, info);
    append_regions(text, info, scan ? &found : NULL);
    append_marks(text, info, scan ? &found : NULL);
    clear_scan(&found);
    return g_strdup(text->str);
}
