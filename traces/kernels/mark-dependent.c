/* SPDX-License-Identifier: MIT */
/*
 * Copies a trace and marks the reads of one region as dependent: each may begin only when the thread's record before it
 * has completed. A capture sees addresses and not which load made them; so this says what is known of the kernel, that
 * it goes through the region from link to link.
 *
 *     mark-dependent TRACE REGION OUTPUT
 */
#include <stdio.h>
#include <string.h>

#include <traces/trace.h>

static const NsimTraceRegion *
find_region(const NsimTraceInfo *info, const char *name)
{
    for (uint32_t i = 0; i < info->region_count; i++)
        if (strcmp(info->regions[i].name, name) == 0)
            return &info->regions[i];
    return NULL;
}

static void
copy_burst(NsimTraceWriter *writer, const NsimTraceInfo *info, const NsimTraceRegion *region, uint32_t thread,
           const NsimBurst *burst, uint64_t gap)
{
    if (burst->op == NSIM_OP_MARK) {
        nsim_trace_writer_mark(writer, thread, nsim_trace_writer_add_mark(writer, info->marks[burst->page]), gap);
        return;
    }
    if (burst->op == NSIM_OP_BARRIER) {
        nsim_trace_writer_barrier(writer, thread, burst->page, gap);
        return;
    }
    NsimRun run = {.line = info->frames[burst->page] * NSIM_FRAME_LINES + burst->line,
                   .count = burst->count,
                   .gap = gap,
                   .step = burst->step,
                   .op = burst->op,
                   .flags = burst->flags};
    if (burst->op == NSIM_OP_READ && (run.line << NSIM_LINE_SHIFT) - region->address < region->bytes)
        run.flags = NSIM_BURST_DEPENDENT;
    nsim_trace_writer_run(writer, thread, &run);
}

static bool
copy_thread(NsimTrace *trace, uint32_t thread, const NsimTraceRegion *region, NsimTraceWriter *writer, GError **error)
{
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, NSIM_FRAME_SHIFT, error);
    uint64_t pause = 0;
    while (cursor && nsim_trace_cursor_fill(cursor, error)) {
        if (cursor->next == cursor->filled)
            return true;
        for (; cursor->next < cursor->filled; cursor->next++) {
            const NsimBurst *burst = &cursor->bursts[cursor->next];
            if (burst->op == NSIM_OP_PAUSE) {
                pause += ((uint64_t)burst->page << 32) + burst->gap;
                continue;
            }
            copy_burst(writer, nsim_trace_info(trace), region, thread, burst, pause + burst->gap);
            pause = 0;
        }
    }
    return false;
}

static bool
copy(NsimTrace *trace, const char *name, const char *path, GError **error)
{
    const NsimTraceInfo *info = nsim_trace_info(trace);
    const NsimTraceRegion *region = find_region(info, name);
    if (!region) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT, "no region \"%s\"", name);
        return false;
    }
    g_autofree char *capture = g_strdup_printf("%s; reads of %s marked dependent", info->capture, name);
    const NsimTraceWriterOptions options = {.gap_unit = info->gap_unit,
                                            .gap_per_s = info->gap_per_s,
                                            .program = info->program,
                                            .capture = capture,
                                            .filter = info->filter,
                                            .filtered = info->filtered,
                                            .level = 19};
    g_autoptr(NsimTraceWriter) writer = nsim_trace_writer_new(path, &options, error);
    if (!writer)
        return false;
    for (uint32_t i = 0; i < info->region_count; i++)
        nsim_trace_writer_add_region(writer, info->regions[i].name, info->regions[i].address, info->regions[i].bytes);
    for (uint32_t i = 0; i < info->mark_count; i++)
        nsim_trace_writer_add_mark(writer, info->marks[i]);
    for (uint32_t i = 0; i < info->barrier_count; i++)
        nsim_trace_writer_add_barrier(writer, info->barriers[i]);
    for (uint32_t i = 0; i < info->thread_count; i++) {
        const uint32_t thread = nsim_trace_writer_add_thread(writer, info->threads[i].name);
        if (!copy_thread(trace, thread, region, writer, error))
            return false;
    }
    return nsim_trace_writer_close(g_steal_pointer(&writer), error);
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: mark-dependent TRACE REGION OUTPUT\n");
        return 2;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(argv[1], &error);
    if (!trace || !copy(trace, argv[2], argv[3], &error)) {
        fprintf(stderr, "mark-dependent: %s\n", error->message);
        return 3;
    }
    return 0;
}
