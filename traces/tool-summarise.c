/* SPDX-License-Identifier: MIT */
/* The tables of one interval, and how they become ranges. */
#include <traces/tool-summarise.h>

#include <inttypes.h>
#include <sim/assert.h>
#include <stdlib.h>

#define PAGE_SHIFT 12
#define PAGE_LINES_SHIFT (PAGE_SHIFT - NSIM_LINE_SHIFT)
#define FRAME_PAGES (1u << (NSIM_FRAME_SHIFT - PAGE_SHIFT))
/* Pieces of runs: what crosses the end of an interval by less is counted where it begins. */
#define PIECE_LINES 64u
#define SLOT_BITS_FIRST 10u
#define PS_PER_S UINT64_C(1000000000000)
#define INTERVAL_MIN_PS UINT64_C(1000000)

/* What one thread did to one frame. */
typedef struct {
    uint64_t frame; /* virtual address >> 21 */
    uint64_t reads, writes, streamed; /* lines; streamed: those of prefetchable runs */
    uint64_t touched[FRAME_PAGES / 64]; /* a bit for each page */
    uint32_t thread;
} Use;

typedef struct {
    NsimTrace *trace;
    const NsimSummariseOptions *options;
    NsimRateWriter *writer;
    NsimSummariseResult result;
    Use *uses;
    uint32_t use_count, use_room;
    uint32_t *slots; /* open addressing: number of the use + 1, 0 when free */
    unsigned slot_bits;
    uint32_t last_use; /* of the event before, UINT32_MAX: none */
    GArray *ranges;
} Summary;

/* ---- The table ---------------------------------------------------------------------------------------------------- */

static uint32_t *
find_slot(const Summary *summary, uint32_t thread, uint64_t frame)
{
    const uint64_t hash = (frame ^ (uint64_t)thread << 44) * UINT64_C(0x9e3779b97f4a7c15);
    const uint32_t mask = (1u << summary->slot_bits) - 1;
    for (uint32_t i = (uint32_t)(hash >> (64 - summary->slot_bits));; i = (i + 1) & mask) {
        uint32_t *slot = &summary->slots[i];
        if (*slot == 0 || (summary->uses[*slot - 1].thread == thread && summary->uses[*slot - 1].frame == frame))
            return slot;
    }
}

static void
grow(Summary *summary)
{
    summary->use_room = summary->use_room == 0 ? 1u << (SLOT_BITS_FIRST - 1) : summary->use_room * 2;
    summary->slot_bits = summary->slot_bits == 0 ? SLOT_BITS_FIRST : summary->slot_bits + 1;
    summary->uses = g_renew(Use, summary->uses, summary->use_room);
    g_free(summary->slots);
    summary->slots = g_new0(uint32_t, (size_t)1 << summary->slot_bits);
    for (uint32_t i = 0; i < summary->use_count; i++)
        *find_slot(summary, summary->uses[i].thread, summary->uses[i].frame) = i + 1;
}

/* NULL: more than may be. */
static Use *
use_of(Summary *summary, uint32_t thread, uint64_t frame)
{
    if (summary->last_use != UINT32_MAX) {
        Use *last = &summary->uses[summary->last_use];
        if (last->thread == thread && last->frame == frame)
            return last;
    }
    if (summary->use_count == summary->use_room)
        grow(summary);
    uint32_t *slot = find_slot(summary, thread, frame);
    if (*slot == 0) {
        if (summary->use_count == NSIM_RATE_RANGES_MAX)
            return NULL;
        summary->uses[summary->use_count] = (Use){.frame = frame, .thread = thread};
        *slot = ++summary->use_count;
    }
    summary->last_use = *slot - 1;
    return &summary->uses[summary->last_use];
}

static bool
count_event(Summary *summary, const NsimTraceEvent *event)
{
    uint64_t line = event->line;
    uint32_t left = event->count;
    while (left > 0) {
        const uint32_t in_frame = (uint32_t)(line & (NSIM_FRAME_LINES - 1));
        const uint32_t count = MIN(left, NSIM_FRAME_LINES - in_frame);
        Use *use = use_of(summary, event->thread, line >> (NSIM_FRAME_SHIFT - NSIM_LINE_SHIFT));
        if (use == NULL)
            return false;
        *(event->op == NSIM_OP_READ ? &use->reads : &use->writes) += count;
        use->streamed += (event->flags & NSIM_BURST_PREFETCHABLE) != 0 ? count : 0;
        for (uint32_t page = in_frame >> PAGE_LINES_SHIFT; page <= (in_frame + count - 1) >> PAGE_LINES_SHIFT; page++)
            use->touched[page / 64] |= UINT64_C(1) << page % 64;
        line += count;
        left -= count;
    }
    summary->result.line_count += event->count;
    return true;
}

/* ---- Ranges ------------------------------------------------------------------------------------------------------- */

static int
compare_uses(const void *a, const void *b)
{
    const Use *left = a, *right = b;
    if (left->thread != right->thread)
        return left->thread < right->thread ? -1 : 1;
    return left->frame < right->frame ? -1 : left->frame > right->frame;
}

static uint32_t
texture_of(const Use *use)
{
    /* Four fifths in streams: what is between them is the edges. */
    return use->streamed >= (use->reads + use->writes) / 5 * 4 && use->streamed > 0 ? NSIM_RATE_SEQUENTIAL
                                                                                     : NSIM_RATE_UNIFORM;
}

static bool
alike(uint64_t a, uint64_t b, uint32_t tolerance_ppm)
{
    const uint64_t more = MAX(a, b), less = MIN(a, b);
    return (unsigned __int128)(more - less) * 1000000 <= (unsigned __int128)more * tolerance_ppm;
}

static bool
belong_together(const Use *first, const Use *second, uint32_t tolerance_ppm)
{
    return first->thread == second->thread && first->frame + 1 == second->frame &&
           texture_of(first) == texture_of(second) && alike(first->reads, second->reads, tolerance_ppm) &&
           alike(first->writes, second->writes, tolerance_ppm);
}

static uint32_t
first_page(const Use *use)
{
    uint32_t word = 0;
    while (use->touched[word] == 0)
        word++;
    return word * 64 + (uint32_t)__builtin_ctzll(use->touched[word]);
}

static uint32_t
last_page(const Use *use)
{
    uint32_t word = FRAME_PAGES / 64 - 1;
    while (use->touched[word] == 0)
        word--;
    return word * 64 + 63 - (uint32_t)__builtin_clzll(use->touched[word]);
}

/* Lines a second, rounded; not zero when there was one. */
static uint64_t
rate_of(uint64_t lines, NsimTime time_ps)
{
    const unsigned __int128 rate = ((unsigned __int128)lines * PS_PER_S + time_ps / 2) / time_ps;
    return rate > NSIM_RATE_PER_S_MAX ? NSIM_RATE_PER_S_MAX : rate == 0 && lines > 0 ? 1 : (uint64_t)rate;
}

/* One range of uses[from .. to). */
static void
add_range(Summary *summary, uint32_t from, uint32_t to, NsimTime time_ps)
{
    const Use *uses = summary->uses;
    const uint64_t first = uses[from].frame * FRAME_PAGES + first_page(&uses[from]);
    const uint64_t last = uses[to - 1].frame * FRAME_PAGES + last_page(&uses[to - 1]);
    uint64_t reads = 0, writes = 0, touched = 0;
    for (uint32_t i = from; i < to; i++) {
        reads += uses[i].reads;
        writes += uses[i].writes;
        for (uint32_t word = 0; word < FRAME_PAGES / 64; word++)
            touched += (uint64_t)__builtin_popcountll(uses[i].touched[word]);
    }
    const uint64_t pages = last - first + 1;
    NsimRateRange range = {.address = first << PAGE_SHIFT,
                           .bytes = pages << PAGE_SHIFT,
                           .reads_per_s = rate_of(reads, time_ps),
                           .writes_per_s = rate_of(writes, time_ps),
                           .touched_ppm = (uint32_t)(touched * 1000000 / pages),
                           .thread = uses[from].thread,
                           .texture = texture_of(&uses[from])};
    /* The last page of all addresses has no end that can be written. */
    if (range.bytes > UINT64_MAX - range.address)
        range.bytes--;
    g_array_append_val(summary->ranges, range);
}

static void
end_interval(Summary *summary, NsimTime start_ps, NsimTime end_ps)
{
    qsort(summary->uses, summary->use_count, sizeof(Use), compare_uses);
    g_array_set_size(summary->ranges, 0);
    for (uint32_t from = 0, to; from < summary->use_count; from = to) {
        for (to = from + 1; to < summary->use_count; to++)
            if (!belong_together(&summary->uses[to - 1], &summary->uses[to], summary->options->tolerance_ppm))
                break;
        add_range(summary, from, to, end_ps - start_ps);
    }
    const NsimRateInterval interval = {start_ps, end_ps, summary->ranges->len,
                                       (const NsimRateRange *)(void *)summary->ranges->data};
    if (interval.range_count > 0) {
        nsim_rate_writer_interval(summary->writer, &interval);
        summary->result.interval_count++;
        summary->result.range_count += interval.range_count;
    }
    summary->use_count = 0;
    summary->last_use = UINT32_MAX;
    if (summary->slot_bits > 0)
        memset(summary->slots, 0, sizeof *summary->slots << summary->slot_bits);
}

/* ---- The whole ------------------------------------------------------------------------------------------------------ */

static void
write_header(Summary *summary)
{
    const NsimTraceInfo *info = nsim_trace_info(summary->trace);
    for (uint32_t t = 0; t < info->thread_count; t++)
        nsim_rate_writer_add_thread(summary->writer, info->threads[t].name);
    for (uint32_t r = 0; r < MIN(info->region_count, NSIM_RATE_REGIONS_MAX); r++)
        nsim_rate_writer_add_region(summary->writer, info->regions[r].name, info->regions[r].address,
                                    info->regions[r].bytes);
}

static bool
too_many(const Summary *summary, NsimTime start_ps, GError **error)
{
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                "%s: the interval at %" PRIu64 " ns touches more than %u frames of 2 MiB, counted for each thread: make "
                "intervals shorter",
                nsim_trace_path(summary->trace), start_ps / 1000, NSIM_RATE_RANGES_MAX);
    return false;
}

static bool
read_all(Summary *summary, const NsimTraceTick *tick, GError **error)
{
    const NsimTraceInfo *info = nsim_trace_info(summary->trace);
    const NsimTime interval_ps = summary->options->interval_ps;
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(summary->trace, PIECE_LINES, tick, error);
    const NsimTraceEvent *event;
    NsimTime start_ps = 0;
    NsimClock end = nsim_clock_from_ps(info, interval_ps);
    if (order == NULL)
        return false;
    for (;;) {
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL)
            break;
        if (event->clock >= end) {
            const NsimTime now_ps = nsim_clock_to_ps(info, event->clock);
            end_interval(summary, start_ps, start_ps + interval_ps);
            start_ps = now_ps / interval_ps * interval_ps;
            end = nsim_clock_from_ps(info, start_ps + interval_ps);
            if (start_ps > NSIM_TIME_MAX / 2 - 2 * interval_ps) {
                g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s: goes on for more than 106 days",
                            nsim_trace_path(summary->trace));
                return false;
            }
        }
        if (event->count > 0 && !count_event(summary, event))
            return too_many(summary, start_ps, error);
    }
    /* The last one ends with the trace; a trace without time still has rates. */
    const NsimTime last_ps = nsim_clock_to_ps(info, nsim_trace_order_end(order));
    end_interval(summary, start_ps, MIN(MAX(last_ps, start_ps + INTERVAL_MIN_PS), start_ps + interval_ps));
    return true;
}

void
nsim_summarise_options_init(NsimSummariseOptions *options)
{
    *options = (NsimSummariseOptions){.interval_ps = UINT64_C(100000000000), .tolerance_ppm = 100000};
}

bool
nsim_trace_summarise(NsimTrace *trace, const char *path, const NsimSummariseOptions *options, const NsimTraceTick *tick,
                     NsimSummariseResult *ret_result, GError **error)
{
    Summary summary = {.trace = trace, .options = options, .last_use = UINT32_MAX};
    const NsimTraceInfo *info = nsim_trace_info(trace);
    nsim_assert(options->interval_ps >= INTERVAL_MIN_PS && options->tolerance_ppm <= 1000000);
    g_autofree char *capture = g_strdup_printf("summarised in intervals of %" PRIu64 " us; %s",
                                               options->interval_ps / 1000000, info->capture);
    summary.writer = nsim_rate_writer_new(path, info->program, capture, error);
    if (summary.writer == NULL)
        return false;
    summary.ranges = g_array_new(FALSE, FALSE, sizeof(NsimRateRange));
    write_header(&summary);
    bool good = read_all(&summary, tick, error);
    if (good)
        good = nsim_rate_writer_close(g_steal_pointer(&summary.writer), error);
    nsim_rate_writer_abandon(summary.writer);
    g_array_unref(summary.ranges);
    g_free(summary.uses);
    g_free(summary.slots);
    *ret_result = summary.result;
    return good;
}
