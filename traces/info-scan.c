/* SPDX-License-Identifier: MIT */
/* The scan of info-scan.h. */
#include <traces/info-scan.h>

#include <traces/format.h>
#include <traces/reuse.h>
#include <traces/trace-private.h>

#include <inttypes.h>

#define PAGE_LINES_SHIFT 6 /* of the 4 KiB pages that are counted */
#define FRAME_PAGES (NSIM_FRAME_LINES >> PAGE_LINES_SHIFT)
/* Sampled lines, about, at most: far more than SHARDS needs for errors below 1 %. */
#define SAMPLE_LINES_SHIFT 16u
/* Traces of up to so many frames have a counter for each page. */
#define PAGE_COUNTERS_FRAMES 16384u

/* What is known of a sampled line. */
typedef struct {
    uint32_t pass; /* serial number of the last pass that touched it */
    uint16_t thread;
    bool shared, written;
} Line;

typedef struct {
    NsimTrace *trace;
    const NsimTraceInfo *info;
    NsimTraceScan *scan;
    uint64_t *touched; /* a bit for each 4 KiB page of each dense frame */
    uint64_t *in_slice;
    uint64_t *heat;      /* lines of each grain */
    unsigned heat_shift; /* lines of a grain */
    NsimReuse *reuse;
    GArray *lines; /* of Line, by the sample's entries */
    /* Slices. */
    uint32_t slice;
    NsimClock end;
    /* The pass that goes on. */
    uint32_t mark; /* pass_marks or above: none with a table */
    uint32_t pass; /* serial number, from 1 */
    NsimClock pass_begin;
    uint64_t pass_lines;
    uint64_t region_lines[NSIM_SCAN_REGIONS + 1];
    uint64_t *thread_passes; /* thread x pass_marks */
    bool *is_block;          /* of the first pass_marks marks */
} Work;

/* ---- Regions ------------------------------------------------------------------------------------------------- */

uint32_t
nsim_trace_region_from(const NsimTraceInfo *info, uint64_t line)
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

uint64_t
nsim_trace_region_lines(const NsimTraceInfo *info, uint64_t line, uint64_t count, uint32_t *ret_region)
{
    const uint32_t region = nsim_trace_region_from(info, line);
    uint64_t room = count;
    *ret_region = region;
    if (region < info->region_count) {
        const NsimTraceRegion *found = &info->regions[region];
        const uint64_t first = found->address >> NSIM_LINE_SHIFT;
        if (line < first) { /* before it: in none */
            room = first - line;
            *ret_region = info->region_count;
        } else {
            room = ((found->address + found->bytes - 1) >> NSIM_LINE_SHIFT) - line + 1;
        }
    }
    return MIN(room, count);
}

/* ---- Pages and slices ---------------------------------------------------------------------------------------- */

/* Mark the run's pages, 64 at a time. */
static void
note_pages(Work *work, NsimScanRegion *region, uint32_t frame, uint32_t first_line, uint32_t count)
{
    NsimScanSlice *slice = &work->scan->slices[work->slice];
    const uint64_t base = (uint64_t)frame * FRAME_PAGES;
    const uint64_t end = base + ((first_line + count - 1) >> PAGE_LINES_SHIFT) + 1;
    for (uint64_t page = base + (first_line >> PAGE_LINES_SHIFT); page < end;) {
        const uint64_t pages = MIN(end - page, 64 - page % 64);
        const uint64_t bits = UINT64_MAX >> (64 - pages) << page % 64;
        const uint64_t fresh = (uint64_t)__builtin_popcountll(bits & ~work->touched[page / 64]);
        slice->pages += (uint64_t)__builtin_popcountll(bits & ~work->in_slice[page / 64]);
        slice->new_pages += fresh;
        work->scan->touched_pages += fresh;
        region->touched_pages += fresh;
        work->touched[page / 64] |= bits;
        work->in_slice[page / 64] |= bits;
        page += pages;
    }
}

static void
note_heat(Work *work, uint32_t frame, uint32_t first_line, uint32_t count)
{
    const uint32_t grain_lines = UINT32_C(1) << work->heat_shift;
    uint64_t *heat = work->heat + ((uint64_t)frame << (NSIM_FRAME_LINES_SHIFT - work->heat_shift));
    for (uint32_t line = first_line; count > 0;) {
        const uint32_t lines = MIN(count, grain_lines - (line & (grain_lines - 1)));
        heat[line >> work->heat_shift] += lines;
        line += lines;
        count -= lines;
    }
}

/* The slice that a clock lies in begins, if it has not. */
static void
enter_slice(Work *work, NsimClock clock)
{
    while (work->slice + 1 < NSIM_SCAN_SLICES && clock >= work->end * (work->slice + 1) / NSIM_SCAN_SLICES) {
        work->slice++;
        memset(work->in_slice, 0, ((size_t)work->info->frame_count * FRAME_PAGES / 64 + 1) * sizeof work->in_slice[0]);
    }
}

/* ---- Passes -------------------------------------------------------------------------------------------------- */

static void
end_pass(Work *work, NsimClock clock)
{
    NsimTraceScan *scan = work->scan;
    if (work->mark < scan->pass_marks) {
        NsimScanMark *mark = &scan->marks[work->mark];
        mark->least = mark->passes == 1 ? work->pass_lines : MIN(mark->least, work->pass_lines);
        mark->most = MAX(mark->most, work->pass_lines);
        mark->lines += work->pass_lines;
        mark->ps += nsim_clock_to_ps(work->info, clock - work->pass_begin);
        for (uint32_t i = 0; i <= scan->pass_regions; i++) {
            NsimScanPass *pass = &scan->passes[(size_t)work->mark * (scan->pass_regions + 1) + i];
            const uint64_t lines = work->region_lines[i];
            if (mark->passes == 1) {
                pass->first = pass->least = lines;
            } else {
                pass->rises += lines > pass->last;
                pass->changes += lines != pass->last;
                pass->least = MIN(pass->least, lines);
            }
            pass->most = MAX(pass->most, lines);
            pass->last = lines;
            pass->total += lines;
        }
    }
    memset(work->region_lines, 0, sizeof work->region_lines);
    work->pass_lines = 0;
    work->pass_begin = clock;
    work->pass += work->pass < UINT32_MAX;
}

static void
note_mark(Work *work, const NsimTraceEvent *event)
{
    NsimTraceScan *scan = work->scan;
    NsimScanMark *mark = &scan->marks[event->operand];
    mark->records++;
    if (event->operand >= scan->pass_marks || work->is_block[event->operand])
        return;
    /* The first thread to come this far begins the pass for all. */
    uint64_t *passed = &work->thread_passes[(size_t)event->thread * scan->pass_marks + event->operand];
    if (++*passed <= mark->passes)
        return;
    end_pass(work, event->clock);
    work->mark = event->operand;
    mark->passes++;
}

/* ---- The sample ---------------------------------------------------------------------------------------------- */

static void
note_sampled(Work *work, const NsimTraceEvent *event, uint32_t region_number, uint64_t line)
{
    NsimTraceScan *scan = work->scan;
    NsimScanRegion *region = &scan->regions[region_number];
    const NsimReuseTouch touch = nsim_reuse_touch(work->reuse, line);
    scan->sampled_count++;
    region->sampled_count++;
    if (touch.first) {
        const Line fresh = {.thread = (uint16_t)event->thread};
        g_array_append_val(work->lines, fresh);
        scan->sampled_lines++;
        region->sampled_lines++;
    } else {
        const uint64_t bytes =
            touch.distance > UINT64_MAX / NSIM_LINE_BYTES ? UINT64_MAX : touch.distance * NSIM_LINE_BYTES;
        nsim_histogram_record(scan->reuse_bytes, bytes, 1);
        if (region->reuse_bytes != NULL)
            nsim_histogram_record(region->reuse_bytes, bytes, 1);
    }
    Line *known = &g_array_index(work->lines, Line, touch.entry);
    if (!known->shared && known->thread != event->thread) {
        known->shared = true;
        scan->sampled_shared++;
        region->sampled_shared++;
    }
    if (!known->written && event->op != NSIM_OP_READ) {
        known->written = true;
        region->sampled_written++;
    }
    if (work->mark < scan->pass_marks) {
        const uint32_t column = MIN(region_number, scan->pass_regions);
        NsimScanPass *pass = &scan->passes[(size_t)work->mark * (scan->pass_regions + 1) + column];
        pass->sampled_count++;
        pass->sampled_first += known->pass != work->pass;
    }
    known->pass = work->pass;
}

/* ---- Runs ---------------------------------------------------------------------------------------------------- */

/* Lines of a run that lie in one region. */
static void
note_lines(Work *work, const NsimTraceEvent *event, uint32_t region_number, uint32_t first, uint32_t count,
           bool is_stream)
{
    NsimTraceScan *scan = work->scan;
    NsimScanRegion *region = &scan->regions[region_number];
    const uint32_t column = MIN(region_number, scan->pass_regions);
    region->lines[event->op] += count;
    region->stream_lines += is_stream ? count : 0;
    work->region_lines[column] += count;
    note_pages(work, region, event->frame, event->frame_line + first, count);
    note_heat(work, event->frame, event->frame_line + first, count);
    for (uint32_t i = 0; i < count; i++)
        if (nsim_reuse_wants(event->line + first + i, scan->sample_shift))
            note_sampled(work, event, region_number, event->line + first + i);
}

static void
note_run(Work *work, const NsimTraceEvent *event)
{
    NsimTraceScan *scan = work->scan;
    NsimScanThread *thread = &scan->threads[event->thread];
    const bool prefetchable = (event->flags & NSIM_BURST_PREFETCHABLE) != 0;
    const bool is_stream = prefetchable || event->count >= NSIM_SCAN_STREAM_LINES;
    scan->longest_run_lines = MAX(scan->longest_run_lines, event->count);
    scan->dependent_count += (event->flags & NSIM_BURST_DEPENDENT) != 0;
    scan->prefetchable_count += prefetchable;
    scan->run_count++;
    scan->lines += event->count;
    scan->stream_lines += is_stream ? event->count : 0;
    nsim_histogram_record(scan->run_lines, event->count, event->count);
    thread->run_count++;
    thread->lines += event->count;
    thread->stream_lines += is_stream ? event->count : 0;
    work->pass_lines += event->count;
    enter_slice(work, event->clock);
    scan->slices[work->slice].lines[event->op] += event->count;
    for (uint32_t done = 0; done < event->count;) {
        uint32_t region;
        const uint32_t count =
            (uint32_t)nsim_trace_region_lines(work->info, event->line + done, event->count - done, &region);
        note_lines(work, event, region, done, count, is_stream);
        done += count;
    }
}

/* ---- Heat ---------------------------------------------------------------------------------------------------- */

static int
compare_down(gconstpointer a, gconstpointer b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

/* Ranges of neighbouring grains with at least half of the hottest one's lines: the NSIM_SCAN_RANGES with most lines. */
static void
find_ranges(Work *work, uint64_t hottest)
{
    NsimTraceScan *scan = work->scan;
    const unsigned frame_shift = NSIM_FRAME_LINES_SHIFT - work->heat_shift; /* grains of a frame */
    const uint64_t grains = (uint64_t)work->info->frame_count << frame_shift;
    NsimScanRange range = {0};
    for (uint64_t i = 0; i <= grains; i++) {
        const bool hot = i < grains && work->heat[i] > 0 && work->heat[i] >= hottest - hottest / 2;
        const uint64_t address = i < grains ? (work->info->frames[i >> frame_shift] << NSIM_FRAME_SHIFT) +
                                                  (i & ((UINT64_C(1) << frame_shift) - 1)) * scan->grain_bytes
                                            : 0;
        if (hot && range.bytes > 0 && address == range.address + range.bytes) {
            range.bytes += scan->grain_bytes;
            range.lines += work->heat[i];
            continue;
        }
        if (range.bytes > 0) { /* it ends: insert it, most lines first, lower addresses first among equals */
            uint32_t at = MIN(scan->range_count, NSIM_SCAN_RANGES - 1);
            if (scan->range_count < NSIM_SCAN_RANGES || scan->ranges[at].lines < range.lines) {
                for (; at > 0 && scan->ranges[at - 1].lines < range.lines; at--)
                    scan->ranges[at] = scan->ranges[at - 1];
                scan->ranges[at] = range;
                scan->range_count = MIN(scan->range_count + 1, NSIM_SCAN_RANGES);
            }
        }
        range = hot ? (NsimScanRange){address, scan->grain_bytes, work->heat[i], 0} : (NsimScanRange){0};
    }
    for (uint32_t i = 0; i < scan->range_count; i++)
        nsim_trace_region_lines(work->info, scan->ranges[i].address >> NSIM_LINE_SHIFT, 1, &scan->ranges[i].region);
}

/* After which the counters are sorted, and no more by address. */
static void
finish_heat(Work *work)
{
    static const unsigned percents[] = {1, 10, 50};
    NsimTraceScan *scan = work->scan;
    const size_t grains = (size_t)work->info->frame_count << (NSIM_FRAME_LINES_SHIFT - work->heat_shift);
    uint64_t hottest = 0;
    for (size_t i = 0; i < grains; i++)
        hottest = MAX(hottest, work->heat[i]);
    find_ranges(work, hottest);
    size_t touched = 0;
    for (size_t i = 0; i < grains; i++)
        if (work->heat[i] > 0)
            work->heat[touched++] = work->heat[i];
    qsort(work->heat, touched, sizeof work->heat[0], compare_down);
    scan->grain_count = touched;
    for (unsigned i = 0; i < G_N_ELEMENTS(percents); i++)
        for (size_t j = 0; j < (touched * percents[i] + 99) / 100; j++)
            scan->heat[i] += work->heat[j];
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

/* Where the clock ends. Without barriers the thread table knows. */
static bool
find_end(Work *work, const NsimTraceTick *tick, GError **error)
{
    if (work->info->barrier_count == 0) {
        for (uint32_t i = 0; i < work->info->thread_count; i++)
            work->end = MAX(work->end, (NsimClock)work->info->threads[i].gap_total * 16);
        return true;
    }
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(work->trace, UINT32_MAX, tick, error);
    const NsimTraceEvent *event = NULL;
    do {
        if (order == NULL || !nsim_trace_order_next(order, &event, error))
            return false;
    } while (event != NULL);
    work->end = nsim_trace_order_end(order);
    return true;
}

static bool
read_all(Work *work, const NsimTraceTick *tick, GError **error)
{
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(work->trace, UINT32_MAX, tick, error);
    if (order == NULL)
        return false;
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL)
            break;
        if (event->count > 0)
            note_run(work, event);
        else if (event->op == NSIM_OP_MARK)
            note_mark(work, event);
    }
    work->end = nsim_trace_order_end(order);
    end_pass(work, work->end);
    return true;
}

/* So many marks, from the first on, as have the first NSIM_SCAN_MARKS that begin operations. */
static uint32_t
count_pass_marks(const NsimTraceInfo *info, bool is_block[NSIM_SCAN_MARK_NUMBERS])
{
    uint32_t number = 0;
    for (uint32_t found = 0; number < MIN(info->mark_count, NSIM_SCAN_MARK_NUMBERS) && found < NSIM_SCAN_MARKS;
         number++) {
        is_block[number] = nsim_trace_mark_is_block(info->marks[number]);
        found += !is_block[number];
    }
    return number;
}

/* Everything whose size depends on the trace. */
static bool
allocate(Work *work, GError **error)
{
    const NsimTraceInfo *info = work->info;
    NsimTraceScan *scan = work->scan;
    const size_t words = (size_t)info->frame_count * FRAME_PAGES / 64 + 1;
    work->heat_shift = info->frame_count <= PAGE_COUNTERS_FRAMES ? PAGE_LINES_SHIFT : NSIM_FRAME_LINES_SHIFT;
    scan->grain_bytes = UINT64_C(64) << work->heat_shift;
    while ((uint64_t)info->frame_count << NSIM_FRAME_LINES_SHIFT >> scan->sample_shift > UINT64_C(1)
                                                                                             << SAMPLE_LINES_SHIFT)
        scan->sample_shift++;
    scan->regions = g_new0(NsimScanRegion, (size_t)info->region_count + 1);
    scan->threads = g_new0(NsimScanThread, (size_t)info->thread_count + 1);
    scan->marks = g_new0(NsimScanMark, (size_t)info->mark_count + 1);
    work->is_block = g_new0(bool, NSIM_SCAN_MARK_NUMBERS);
    scan->pass_marks = count_pass_marks(info, work->is_block);
    scan->pass_regions = MIN(info->region_count, NSIM_SCAN_REGIONS);
    scan->passes = g_new0(NsimScanPass, (size_t)(scan->pass_marks + 1) * (scan->pass_regions + 1));
    scan->run_lines = g_new0(NsimHistogram, 1);
    scan->reuse_bytes = g_new0(NsimHistogram, 1);
    for (uint32_t i = 0; i < scan->pass_regions; i++)
        scan->regions[i].reuse_bytes = g_new0(NsimHistogram, 1);
    work->mark = UINT32_MAX;
    work->pass = 1;
    work->thread_passes = g_new0(uint64_t, (size_t)info->thread_count * scan->pass_marks + 1);
    work->lines = g_array_new(FALSE, FALSE, sizeof(Line));
    work->reuse = nsim_reuse_new(scan->sample_shift);
    work->touched = g_try_new0(uint64_t, words);
    work->in_slice = g_try_new0(uint64_t, words);
    work->heat = g_try_new0(uint64_t, ((size_t)info->frame_count << (NSIM_FRAME_LINES_SHIFT - work->heat_shift)) + 1);
    return (work->touched != NULL && work->in_slice != NULL && work->heat != NULL) ||
           nsim_trace_fail(work->trace, NSIM_TRACE_ERROR_IO, error,
                           "no memory to count the pages of %" PRIu32 " frames", info->frame_count);
}

static void
clear_work(Work *work)
{
    g_free(work->touched);
    g_free(work->in_slice);
    g_free(work->heat);
    g_free(work->thread_passes);
    g_free(work->is_block);
    nsim_reuse_free(work->reuse);
    if (work->lines != NULL)
        g_array_unref(work->lines);
}

NsimTraceScan *
nsim_trace_scan(NsimTrace *trace, const NsimTraceTick *tick, GError **error)
{
    g_return_val_if_fail(trace != NULL, NULL);
    g_autoptr(NsimTraceScan) scan = g_new0(NsimTraceScan, 1);
    Work work = {.trace = trace, .info = nsim_trace_info(trace), .scan = scan};
    const bool ok = allocate(&work, error) && find_end(&work, tick, error) && read_all(&work, tick, error);
    if (ok) {
        finish_heat(&work);
        scan->duration_ps = nsim_clock_to_ps(work.info, work.end);
        for (unsigned i = 0; i < NSIM_SCAN_SLICES; i++)
            scan->slices[i].end_ps = nsim_clock_to_ps(work.info, work.end * (i + 1) / NSIM_SCAN_SLICES);
    }
    clear_work(&work);
    return ok ? g_steal_pointer(&scan) : NULL;
}

uint64_t
nsim_trace_reuse_quantile(const NsimHistogram *reuse_bytes, uint32_t ppm)
{
    return nsim_histogram_quantile(reuse_bytes, ppm) / NSIM_LINE_BYTES * NSIM_LINE_BYTES;
}

void
nsim_trace_scan_free(NsimTraceScan *scan)
{
    if (scan == NULL)
        return;
    for (uint32_t i = 0; scan->regions != NULL && i < scan->pass_regions; i++)
        g_free(scan->regions[i].reuse_bytes);
    g_free(scan->regions);
    g_free(scan->threads);
    g_free(scan->marks);
    g_free(scan->passes);
    g_free(scan->run_lines);
    g_free(scan->reuse_bytes);
    g_free(scan);
}
