/* SPDX-License-Identifier: MIT */
/* The rewriter of rewrite.h. */
#include <traces/rewrite.h>

#include <sim/assert.h>

typedef struct {
    uint32_t thread; /* of the writer */
    bool named;
    NsimClockScale scale;
    NsimClock told; /* clock, in the new trace's sixteenths, up to which gaps and steps were written */
} Slot;

struct _NsimRewrite {
    NsimTraceWriter *writer;
    uint32_t *marks; /* new numbers of the marks that were copied */
    uint32_t slot_count;
    Slot slots[];
};

NsimRewrite *
nsim_rewrite_new(const char *path, const NsimTraceWriterOptions *options, uint32_t slots, GError **error)
{
    NsimTraceWriter *writer = nsim_trace_writer_new(path, options, error);
    if (writer == NULL)
        return NULL;
    NsimRewrite *rewrite = g_malloc0(sizeof *rewrite + slots * sizeof rewrite->slots[0]);
    rewrite->writer = writer;
    rewrite->slot_count = slots;
    return rewrite;
}

NsimRewrite *
nsim_rewrite_new_like(const char *path, const NsimTraceInfo *info, const char *what, int level, GError **error)
{
    g_autofree char *capture = g_strdup_printf("%s: %s", what, info->capture);
    const NsimTraceWriterOptions options = {.gap_unit = info->gap_unit,
                                            .gap_per_s = info->gap_per_s,
                                            .program = info->program,
                                            .capture = capture,
                                            .filter = info->filter,
                                            .filtered = info->filtered,
                                            .level = level};
    return nsim_rewrite_new(path, &options, info->thread_count, error);
}

NsimTraceWriter *
nsim_rewrite_writer(NsimRewrite *rewrite)
{
    return rewrite->writer;
}

void
nsim_rewrite_thread(NsimRewrite *rewrite, uint32_t slot, const char *name, NsimClockScale scale)
{
    nsim_assert(slot < rewrite->slot_count && !rewrite->slots[slot].named);
    rewrite->slots[slot] =
        (Slot){.thread = nsim_trace_writer_add_thread(rewrite->writer, name), .named = true, .scale = scale};
}

/* value x numerator / denominator, rounded down, without overflow for what a trace can hold. */
static NsimClock
scaled(const Slot *slot, NsimClock value)
{
    const NsimClockScale scale = slot->scale;
    if (scale.numerator == scale.denominator)
        return value;
    const NsimClock whole = value / scale.denominator, rest = value % scale.denominator;
    return whole * scale.numerator + rest * scale.numerator / scale.denominator;
}

void
nsim_rewrite_begin(NsimRewrite *rewrite, uint32_t slot, NsimClock clock)
{
    Slot *at = &rewrite->slots[slot];
    at->told = scaled(at, clock);
}

/* Whole gap units between what was written and `clock`; they count as written. */
static uint64_t
take_gap(Slot *slot, NsimClock clock)
{
    const NsimClock gap = clock > slot->told ? (clock - slot->told) / 16 : 0;
    slot->told += gap * 16;
    return gap > UINT64_MAX ? UINT64_MAX : (uint64_t)gap;
}

void
nsim_rewrite_lines(NsimRewrite *rewrite, uint32_t number, const NsimTraceEvent *event, uint32_t first, uint32_t count,
                   uint64_t shift)
{
    Slot *slot = &rewrite->slots[number];
    nsim_assert(slot->named && count >= 1 && first + count <= event->count);
    NsimRun run = {.line = event->line + first + shift, .count = count, .op = event->op, .flags = event->flags};
    if (first > 0 || !event->first)
        run.flags &= (uint8_t)~NSIM_BURST_DEPENDENT;
    const NsimClock start = event->own + (NsimClock)first * event->step;
    const NsimClock step = count > 1 ? scaled(slot, event->step) : 0;
    if (step <= UINT16_MAX) {
        run.gap = take_gap(slot, scaled(slot, start));
        run.step = (uint32_t)step;
        slot->told += (NsimClock)(count - 1) * step;
        nsim_trace_writer_run(rewrite->writer, slot->thread, &run);
        return;
    }
    /* In the new unit the lines are further apart than a run can say: line by line. */
    run.count = 1;
    for (uint32_t i = 0; i < count; i++) {
        run.gap = take_gap(slot, scaled(slot, start + (NsimClock)i * event->step));
        nsim_trace_writer_run(rewrite->writer, slot->thread, &run);
        run.line++;
        run.flags &= (uint8_t)~NSIM_BURST_DEPENDENT;
    }
}

void
nsim_rewrite_control(NsimRewrite *rewrite, uint32_t number, const NsimTraceEvent *event, uint32_t operand)
{
    Slot *slot = &rewrite->slots[number];
    nsim_assert(slot->named);
    const uint64_t gap = take_gap(slot, scaled(slot, event->own));
    if (event->op == NSIM_OP_MARK)
        nsim_trace_writer_mark(rewrite->writer, slot->thread, operand, gap);
    else
        nsim_trace_writer_barrier(rewrite->writer, slot->thread, operand, gap);
}

void
nsim_rewrite_copy_marks(NsimRewrite *rewrite, const NsimTraceInfo *info)
{
    nsim_assert(rewrite->marks == NULL);
    rewrite->marks = g_new0(uint32_t, (size_t)info->mark_count + 1);
    for (uint32_t i = 0; i < info->mark_count; i++)
        rewrite->marks[i] = nsim_trace_writer_add_mark(rewrite->writer, info->marks[i]);
}

void
nsim_rewrite_copy_tables(NsimRewrite *rewrite, const NsimTraceInfo *info)
{
    nsim_rewrite_copy_marks(rewrite, info);
    for (uint32_t i = 0; i < info->region_count; i++) {
        const NsimTraceRegion *region = &info->regions[i];
        nsim_trace_writer_add_region(rewrite->writer, region->name, region->address, region->bytes);
    }
    for (uint32_t i = 0; i < info->barrier_count; i++)
        nsim_trace_writer_add_barrier(rewrite->writer, info->barriers[i]);
}

uint32_t
nsim_rewrite_mark_number(const NsimRewrite *rewrite, uint32_t mark)
{
    return rewrite->marks[mark];
}

void
nsim_rewrite_copy_control(NsimRewrite *rewrite, uint32_t slot, const NsimTraceEvent *event)
{
    nsim_rewrite_control(rewrite, slot, event,
                         event->op == NSIM_OP_MARK ? rewrite->marks[event->operand] : event->operand);
}

bool
nsim_rewrite_close(NsimRewrite *rewrite, GError **error)
{
    const bool ok = nsim_trace_writer_close(g_steal_pointer(&rewrite->writer), error);
    nsim_rewrite_abandon(rewrite);
    return ok;
}

void
nsim_rewrite_abandon(NsimRewrite *rewrite)
{
    if (rewrite == NULL)
        return;
    nsim_trace_writer_abandon(rewrite->writer);
    g_free(rewrite->marks);
    g_free(rewrite);
}

/* ---- Places -------------------------------------------------------------------------------------------------- */

static int
compare_spans(gconstpointer a, gconstpointer b)
{
    const uint64_t x = ((const NsimTraceSpan *)a)->first, y = ((const NsimTraceSpan *)b)->first;
    return (x > y) - (x < y);
}

void
nsim_trace_tidy_spans(GArray *spans)
{
    guint kept = 0;
    g_array_sort(spans, compare_spans);
    for (guint i = 0; i < spans->len; i++) {
        const NsimTraceSpan span = g_array_index(spans, NsimTraceSpan, i);
        NsimTraceSpan *before = kept > 0 ? &g_array_index(spans, NsimTraceSpan, kept - 1) : NULL;
        if (before != NULL && span.first <= before->last + 1)
            before->last = MAX(before->last, span.last);
        else
            g_array_index(spans, NsimTraceSpan, kept++) = span;
    }
    g_array_set_size(spans, kept);
}

GArray *
nsim_trace_find_spans(const NsimTraceInfo *info)
{
    GArray *spans = g_array_new(FALSE, FALSE, sizeof(NsimTraceSpan));
    for (uint32_t i = 0; i < info->frame_count; i++) {
        const NsimTraceSpan span = {info->frames[i], info->frames[i]};
        NsimTraceSpan *before = spans->len > 0 ? &g_array_index(spans, NsimTraceSpan, spans->len - 1) : NULL;
        if (before != NULL && before->last + 1 == span.first)
            before->last = span.last;
        else
            g_array_append_val(spans, span);
    }
    for (uint32_t i = 0; i < info->region_count; i++) {
        const NsimTraceRegion *region = &info->regions[i];
        const NsimTraceSpan span = {region->address >> NSIM_FRAME_SHIFT,
                                    (region->address + region->bytes - 1) >> NSIM_FRAME_SHIFT};
        g_array_append_val(spans, span);
    }
    nsim_trace_tidy_spans(spans);
    return spans;
}
