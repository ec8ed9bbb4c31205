/* SPDX-License-Identifier: MIT */
/* The anonymiser of tool-anonymise.h. */
#include <traces/tool-anonymise.h>

#include <inttypes.h>
#include <sim/random.h>
#include <traces/rewrite.h>
#include <traces/trace-private.h>

/* In frames: 4 GiB, above what a program of 32 bits has, so that nobody takes the addresses for real ones. */
#define FIRST_FRAME (UINT64_C(1) << (32 - NSIM_FRAME_SHIFT))
/* Classes of frames beside the regions'. */
#define OUTSIDE UINT32_MAX
#define MIXED (UINT32_MAX - 1)

typedef struct {
    const NsimTraceInfo *info;
    const NsimAnonymiseOptions *options;
    NsimRandom random;
    GArray *spans;      /* of NsimTraceSpan */
    uint64_t *span_to;  /* first frame of each span in the new trace */
    uint64_t *frame_to; /* of each dense frame */
} Anonymise;

/* Where a region was, and is. */
typedef struct {
    uint64_t address, bytes;
} Region;

/* ---- Places -------------------------------------------------------------------------------------------------- */

/* The span that has a frame. */
static guint
span_of(const Anonymise *work, uint64_t frame)
{
    guint low = 0, high = work->spans->len - 1;
    while (low < high) {
        const guint middle = low + (high - low) / 2;
        if (g_array_index(work->spans, NsimTraceSpan, middle).last < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t
moved_frame(const Anonymise *work, uint64_t frame)
{
    const guint span = span_of(work, frame);
    return work->span_to[span] + (frame - g_array_index(work->spans, NsimTraceSpan, span).first);
}

/* Put the spans one after the other. */
static void
place_spans(Anonymise *work)
{
    const guint count = work->spans->len;
    g_autofree guint *order = g_new(guint, (size_t)count + 1);
    uint64_t next = FIRST_FRAME;
    for (guint i = 0; i < count; i++)
        order[i] = i;
    for (guint i = count; work->options->shuffle && i > 1; i--) {
        const guint j = (guint)nsim_random_below(&work->random, i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
    for (guint i = 0; i < count; i++) {
        const NsimTraceSpan span = g_array_index(work->spans, NsimTraceSpan, order[i]);
        work->span_to[order[i]] = next;
        next += span.last - span.first + 2;
    }
}

/* The region that has all of a frame, OUTSIDE or MIXED. `*region` is the first that may, and goes up. */
static uint32_t
class_of(const NsimTraceInfo *info, uint64_t frame, uint32_t *region)
{
    const uint64_t first = frame << NSIM_FRAME_SHIFT, last = first + ((UINT64_C(1) << NSIM_FRAME_SHIFT) - 1);
    while (*region < info->region_count && info->regions[*region].address + (info->regions[*region].bytes - 1) < first)
        (*region)++;
    if (*region == info->region_count || info->regions[*region].address > last)
        return OUTSIDE;
    const NsimTraceRegion *found = &info->regions[*region];
    return found->address <= first && found->address + (found->bytes - 1) >= last ? *region : MIXED;
}

/* Touched frames of one region, or of the space between two, change places among themselves. */
static void
shuffle_frames(Anonymise *work)
{
    const NsimTraceInfo *info = work->info;
    uint32_t region = 0;
    for (uint32_t begin = 0; begin < info->frame_count;) {
        const uint32_t class = class_of(info, info->frames[begin], &region);
        const guint span = span_of(work, info->frames[begin]);
        uint32_t end = begin + 1;
        while (end < info->frame_count && span_of(work, info->frames[end]) == span &&
               class_of(info, info->frames[end], &region) == class)
            end++;
        for (uint32_t i = end - begin; class != MIXED && i > 1; i--) {
            uint64_t *frames = work->frame_to + begin;
            const uint32_t j = (uint32_t)nsim_random_below(&work->random, i);
            const uint64_t kept = frames[i - 1];
            frames[i - 1] = frames[j];
            frames[j] = kept;
        }
        begin = end;
    }
}

/* ---- Tables -------------------------------------------------------------------------------------------------- */

static int
compare_regions(gconstpointer a, gconstpointer b)
{
    const uint64_t x = ((const Region *)a)->address, y = ((const Region *)b)->address;
    return (x > y) - (x < y);
}

static void
add_tables(const Anonymise *work, NsimRewrite *rewrite)
{
    const NsimTraceInfo *info = work->info;
    NsimTraceWriter *writer = nsim_rewrite_writer(rewrite);
    for (uint32_t i = 0; i < info->thread_count; i++) {
        g_autofree char *name = g_strdup_printf("t%" PRIu32, i);
        nsim_rewrite_thread(rewrite, i, name, NSIM_CLOCK_SAME);
    }
    g_autoptr(GArray) regions = g_array_new(FALSE, FALSE, sizeof(Region));
    for (uint32_t i = 0; i < info->region_count; i++) {
        const uint64_t address = info->regions[i].address, in_frame = address & ((UINT64_C(1) << NSIM_FRAME_SHIFT) - 1);
        const Region region = {(moved_frame(work, address >> NSIM_FRAME_SHIFT) << NSIM_FRAME_SHIFT) + in_frame,
                               info->regions[i].bytes};
        g_array_append_val(regions, region);
    }
    g_array_sort(regions, compare_regions);
    for (guint i = 0; i < regions->len; i++) {
        const Region *region = &g_array_index(regions, Region, i);
        g_autofree char *name = g_strdup_printf("r%u", i);
        nsim_trace_writer_add_region(writer, name, region->address, region->bytes);
    }
    for (uint32_t i = 0; i < info->mark_count; i++) {
        /* Numbers of blocks tell nothing, and what they are must stay known. */
        g_autofree char *name = g_strdup_printf("m%" PRIu32, i);
        nsim_trace_writer_add_mark(writer, nsim_trace_mark_is_block(info->marks[i]) ? info->marks[i] : name);
    }
    for (uint32_t i = 0; i < info->barrier_count; i++)
        nsim_trace_writer_add_barrier(writer, info->barriers[i]);
}

/* ---- Records ------------------------------------------------------------------------------------------------- */

static bool
copy_events(const Anonymise *work, NsimTrace *trace, NsimRewrite *rewrite, const NsimTraceTick *tick, GError **error)
{
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(trace, UINT32_MAX, tick, error);
    if (order == NULL)
        return false;
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL || nsim_trace_writer_failed(nsim_rewrite_writer(rewrite)))
            return true;
        if (event->count > 0)
            nsim_rewrite_lines(rewrite, event->thread, event, 0, event->count,
                               (work->frame_to[event->frame] - work->info->frames[event->frame])
                                   << (NSIM_FRAME_SHIFT - NSIM_LINE_SHIFT));
        else
            nsim_rewrite_control(rewrite, event->thread, event, event->operand);
    }
}

bool
nsim_trace_anonymise(const char *path, NsimTrace *trace, const NsimAnonymiseOptions *options, const NsimTraceTick *tick,
                     GError **error)
{
    g_return_val_if_fail(path != NULL && trace != NULL && options != NULL, false);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    const NsimTraceWriterOptions texts = {.gap_unit = info->gap_unit,
                                          .gap_per_s = info->gap_per_s,
                                          .program = "anonymised",
                                          .capture =
                                              options->shuffle ? "anonymised, 2 MiB frames shuffled" : "anonymised",
                                          .filter = info->filtered ? "a cache" : NULL,
                                          .filtered = info->filtered,
                                          .level = options->level};
    g_autoptr(GArray) spans = nsim_trace_find_spans(info);
    g_autofree uint64_t *span_to = g_new0(uint64_t, (size_t)spans->len + 1);
    g_autofree uint64_t *frame_to = g_try_new0(uint64_t, (size_t)info->frame_count + 1);
    Anonymise work = {.info = info, .options = options, .spans = spans, .span_to = span_to, .frame_to = frame_to};
    if (frame_to == NULL)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "no memory for %" PRIu32 " frames",
                               info->frame_count);
    nsim_random_init(&work.random, options->seed, "anonymise");
    place_spans(&work);
    for (uint32_t i = 0; i < info->frame_count; i++)
        frame_to[i] = moved_frame(&work, info->frames[i]);
    if (options->shuffle)
        shuffle_frames(&work);
    g_autoptr(NsimRewrite) rewrite = nsim_rewrite_new(path, &texts, info->thread_count, error);
    if (rewrite == NULL)
        return false;
    add_tables(&work, rewrite);
    return copy_events(&work, trace, rewrite, tick, error) && nsim_rewrite_close(g_steal_pointer(&rewrite), error);
}
