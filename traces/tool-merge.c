/* SPDX-License-Identifier: MIT */
/* The merger of tool-merge.h. Traces are written one after the other: their threads share nothing but the clock. */
#include <traces/tool-merge.h>

#include <traces/info-scan.h>
#include <traces/rewrite.h>
#include <traces/trace-private.h>

#include <inttypes.h>

#define PS_PER_S UINT64_C(1000000000000)
#define SPACE_SHIFT 47
/* Addresses have 64 bits. */
#define SPACES (UINT64_C(1) << (64 - SPACE_SHIFT))
#define SPACE_LINES (UINT64_C(1) << (SPACE_SHIFT - NSIM_LINE_SHIFT))

typedef struct {
    NsimTrace *const *traces;
    const char *const *labels;
    uint32_t count;
    const NsimMergeOptions *options;
    const NsimTraceTick *tick;
    GHashTable *thread_names, *region_names, *mark_names; /* name -> number of traces that use it; never iterated */
    GArray *used;                                         /* of NsimTraceSpan: frames of the traces before, ascending */
    NsimRewrite *rewrite;
    uint32_t slot; /* of the present trace's first thread */
} Merge;

/* ---- Names --------------------------------------------------------------------------------------------------- */

/* Count each name once a trace. */
static void
count_name(GHashTable *names, GHashTable *own, const char *name)
{
    if (!g_hash_table_add(own, (gpointer)name))
        return;
    const unsigned uses = GPOINTER_TO_UINT(g_hash_table_lookup(names, name));
    g_hash_table_insert(names, (gpointer)name, GUINT_TO_POINTER(uses + 1));
}

static void
count_names(Merge *merge, const NsimTraceInfo *info)
{
    GHashTable *own = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t i = 0; i < info->thread_count; i++)
        count_name(merge->thread_names, own, info->threads[i].name);
    g_hash_table_remove_all(own);
    for (uint32_t i = 0; i < info->region_count; i++)
        count_name(merge->region_names, own, info->regions[i].name);
    g_hash_table_remove_all(own);
    for (uint32_t i = 0; i < info->mark_count; i++)
        count_name(merge->mark_names, own, info->marks[i]);
    g_hash_table_unref(own);
}

/* (transfer full) */
static char *
new_name(GHashTable *names, const char *label, const char *name)
{
    if (GPOINTER_TO_UINT(g_hash_table_lookup(names, name)) > 1)
        return g_strdup_printf("%s:%s", label, name);
    return g_strdup(name);
}

/* ---- Places -------------------------------------------------------------------------------------------------- */

/* Do the spans of `b`, moved up by `shift` frames, overlap those of `a`? */
static bool
overlaps(const GArray *a, const GArray *b, uint64_t shift)
{
    for (guint i = 0, j = 0; i < a->len && j < b->len;) {
        const NsimTraceSpan x = g_array_index(a, NsimTraceSpan, i), y = g_array_index(b, NsimTraceSpan, j);
        if (x.last < y.first + shift)
            i++;
        else if (y.last + shift < x.first)
            j++;
        else
            return true;
    }
    return false;
}

/* How many lines up the trace is moved. Its place counts as used from then on. */
static bool
find_place(Merge *merge, uint32_t number, uint64_t *ret_lines, GError **error)
{
    const uint64_t frames = UINT64_C(1) << (SPACE_SHIFT - NSIM_FRAME_SHIFT), end = UINT64_C(1)
                                                                                   << (64 - NSIM_FRAME_SHIFT);
    g_autoptr(GArray) spans = nsim_trace_find_spans(nsim_trace_info(merge->traces[number]));
    uint64_t space = 0;
    *ret_lines = 0;
    if (merge->options->same_space || spans->len == 0)
        return true;
    /* The last frame is left free, so that regions end below 2^64. */
    const uint64_t last = g_array_index(spans, NsimTraceSpan, spans->len - 1).last;
    while (space < SPACES && (space == 0 || last + space * frames < end - 1) &&
           overlaps(merge->used, spans, space * frames))
        space++;
    if (space == SPACES || (space > 0 && last + space * frames >= end - 1))
        return nsim_trace_fail(merge->traces[number], NSIM_TRACE_ERROR_LIMIT, error,
                               "no room for its addresses up to %#" PRIx64 " above those of the traces before it",
                               last << NSIM_FRAME_SHIFT);
    for (guint i = 0; i < spans->len; i++) {
        const NsimTraceSpan span = g_array_index(spans, NsimTraceSpan, i);
        const NsimTraceSpan moved = {span.first + space * frames, span.last + space * frames};
        g_array_append_val(merge->used, moved);
    }
    nsim_trace_tidy_spans(merge->used);
    *ret_lines = space * SPACE_LINES;
    return true;
}

/* ---- Tables -------------------------------------------------------------------------------------------------- */

/* From the unit and rate of `from` to those of `to`. */
static NsimClockScale
find_scale(const NsimTraceInfo *from, const NsimTraceInfo *to)
{
    const uint64_t from_rate = from->gap_unit == NSIM_GAP_PS ? PS_PER_S : from->gap_per_s;
    const uint64_t to_rate = to->gap_unit == NSIM_GAP_PS ? PS_PER_S : to->gap_per_s;
    return (NsimClockScale){.numerator = to_rate, .denominator = from_rate};
}

/* In one address space a region that was there before is not added again. */
static bool
is_known_region(const Merge *merge, uint32_t number, const NsimTraceRegion *region)
{
    for (uint32_t i = 0; merge->options->same_space && i < number; i++) {
        const NsimTraceInfo *info = nsim_trace_info(merge->traces[i]);
        uint32_t j = nsim_trace_region_from(info, region->address >> NSIM_LINE_SHIFT);
        for (; j < info->region_count && info->regions[j].address <= region->address; j++)
            if (info->regions[j].address == region->address && info->regions[j].bytes == region->bytes &&
                g_str_equal(info->regions[j].name, region->name))
                return true;
    }
    return false;
}

/* Add threads, regions, marks and barriers of a trace. `marks` and `barriers` get their new numbers. */
static void
add_tables(Merge *merge, uint32_t number, uint64_t shift_lines, uint32_t *marks, uint32_t *barriers)
{
    const NsimTraceInfo *info = nsim_trace_info(merge->traces[number]);
    const NsimClockScale scale = find_scale(info, nsim_trace_info(merge->traces[0]));
    const char *label = merge->labels[number];
    NsimTraceWriter *writer = nsim_rewrite_writer(merge->rewrite);
    for (uint32_t i = 0; i < info->thread_count; i++) {
        g_autofree char *name = new_name(merge->thread_names, label, info->threads[i].name);
        nsim_rewrite_thread(merge->rewrite, merge->slot + i, name, scale);
    }
    for (uint32_t i = 0; i < info->region_count; i++) {
        const NsimTraceRegion *region = &info->regions[i];
        g_autofree char *name =
            merge->options->same_space ? g_strdup(region->name) : new_name(merge->region_names, label, region->name);
        if (!is_known_region(merge, number, region))
            nsim_trace_writer_add_region(writer, name, region->address + (shift_lines << NSIM_LINE_SHIFT),
                                         region->bytes);
    }
    for (uint32_t i = 0; i < info->mark_count; i++) {
        g_autofree char *name = new_name(merge->mark_names, label, info->marks[i]);
        marks[i] = nsim_trace_writer_add_mark(writer, name);
    }
    for (uint32_t i = 0; i < info->barrier_count; i++)
        barriers[i] = nsim_trace_writer_add_barrier(writer, info->barriers[i]);
}

/* ---- Records ------------------------------------------------------------------------------------------------- */

static bool
add_events(Merge *merge, uint32_t number, uint64_t shift_lines, const uint32_t *marks, const uint32_t *barriers,
           GError **error)
{
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(merge->traces[number], UINT32_MAX, merge->tick, error);
    if (order == NULL)
        return false;
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL || nsim_trace_writer_failed(nsim_rewrite_writer(merge->rewrite)))
            return true;
        const uint32_t slot = merge->slot + event->thread;
        if (event->count > 0)
            nsim_rewrite_lines(merge->rewrite, slot, event, 0, event->count, shift_lines);
        else
            nsim_rewrite_control(merge->rewrite, slot, event,
                                 event->op == NSIM_OP_MARK ? marks[event->operand] : barriers[event->operand]);
    }
}

static bool
add_trace(Merge *merge, uint32_t number, GError **error)
{
    const NsimTraceInfo *info = nsim_trace_info(merge->traces[number]);
    g_autofree uint32_t *marks = g_new0(uint32_t, (size_t)info->mark_count + 1);
    g_autofree uint32_t *barriers = g_new0(uint32_t, (size_t)info->barrier_count + 1);
    uint64_t shift_lines = 0;
    if (!find_place(merge, number, &shift_lines, error))
        return false;
    add_tables(merge, number, shift_lines, marks, barriers);
    /* A writer that has failed has no threads to write to; close() says why. */
    if (nsim_trace_writer_failed(nsim_rewrite_writer(merge->rewrite)))
        return true;
    if (!add_events(merge, number, shift_lines, marks, barriers, error))
        return false;
    merge->slot += info->thread_count;
    return true;
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

/* A text of all traces: as it is when all agree, else with labels. (transfer full) */
static char *
join_texts(const Merge *merge, size_t offset)
{
    GString *text = g_string_new(NULL);
    const char *first = *(char *const *)((const char *)nsim_trace_info(merge->traces[0]) + offset);
    bool agree = true;
    for (uint32_t i = 0; i < merge->count && text->len < NSIM_TRACE_TEXT_MAX; i++) {
        const char *own = *(char *const *)((const char *)nsim_trace_info(merge->traces[i]) + offset);
        agree = agree && g_str_equal(own, first);
        g_string_append_printf(text, "%s%s: %s", i > 0 ? "; " : "", merge->labels[i], own);
    }
    if (agree)
        g_string_assign(text, first);
    return g_string_free(text, FALSE);
}

static bool
begin(Merge *merge, const char *path, GError **error)
{
    const NsimTraceInfo *first = nsim_trace_info(merge->traces[0]);
    uint32_t threads = 0;
    for (uint32_t i = 0; i < merge->count; i++) {
        const NsimTraceInfo *info = nsim_trace_info(merge->traces[i]);
        if (info->filtered != first->filtered)
            return nsim_trace_fail(
                merge->traces[i], NSIM_TRACE_ERROR_LIMIT, error, "is %s, and '%s' is %s: they cannot be one trace",
                info->filtered ? "filtered by a cache" : "not filtered", nsim_trace_path(merge->traces[0]),
                first->filtered ? "filtered by a cache" : "not filtered");
        threads += info->thread_count;
        if (threads > NSIM_TRACE_THREADS_MAX)
            return nsim_trace_fail(merge->traces[i], NSIM_TRACE_ERROR_LIMIT, error,
                                   "with it there are more than %u threads", NSIM_TRACE_THREADS_MAX);
        count_names(merge, info);
    }
    g_autofree char *program = join_texts(merge, G_STRUCT_OFFSET(NsimTraceInfo, program));
    g_autofree char *capture = join_texts(merge, G_STRUCT_OFFSET(NsimTraceInfo, capture));
    g_autofree char *filter = join_texts(merge, G_STRUCT_OFFSET(NsimTraceInfo, filter));
    g_autofree char *what = g_strdup_printf("merged %" PRIu32 " traces%s: %s", merge->count,
                                            merge->options->same_space ? " of one address space" : "", capture);
    const NsimTraceWriterOptions options = {.gap_unit = first->gap_unit,
                                            .gap_per_s = first->gap_per_s,
                                            .program = program,
                                            .capture = what,
                                            .filter = filter,
                                            .filtered = first->filtered,
                                            .level = merge->options->level};
    merge->rewrite = nsim_rewrite_new(path, &options, threads, error);
    return merge->rewrite != NULL;
}

bool
nsim_trace_merge(const char *path, NsimTrace *const *traces, const char *const *labels, uint32_t count,
                 const NsimMergeOptions *options, const NsimTraceTick *tick, GError **error)
{
    g_return_val_if_fail(path != NULL && traces != NULL && labels != NULL && count > 0, false);
    Merge merge = {.traces = traces, .labels = labels, .count = count, .options = options, .tick = tick};
    merge.thread_names = g_hash_table_new(g_str_hash, g_str_equal);
    merge.region_names = g_hash_table_new(g_str_hash, g_str_equal);
    merge.mark_names = g_hash_table_new(g_str_hash, g_str_equal);
    merge.used = g_array_new(FALSE, FALSE, sizeof(NsimTraceSpan));
    bool ok = begin(&merge, path, error);
    for (uint32_t i = 0; ok && i < count; i++)
        ok = add_trace(&merge, i, error);
    if (ok)
        ok = nsim_rewrite_close(g_steal_pointer(&merge.rewrite), error);
    nsim_rewrite_abandon(merge.rewrite);
    g_hash_table_unref(merge.thread_names);
    g_hash_table_unref(merge.region_names);
    g_hash_table_unref(merge.mark_names);
    g_array_unref(merge.used);
    return ok;
}
