/* SPDX-License-Identifier: MIT */
/* Traces as trace.h says. */
#include "trace.h"

#include "accesses.h"

#include <traces/trace.h>

#define AREA UINT64_C(0x7f0000000000)
#define PS_PER_US UINT64_C(1000000)
#define PS_PER_NS UINT64_C(1000)
#define TICK_PS (1000 * PS_PER_US)
/* Of the program, behind the area. */
#define OWN_PAGES 64u

typedef struct {
    NsimTraceWriter *writer;
    Access access;
    uint64_t gap_ps;
} Output;

static void
put_access(Output *output, uint32_t hot_first, uint64_t gap_ps)
{
    uint32_t line;
    const uint32_t page = access_next(&output->access, hot_first, &line);
    const NsimRun run = {.line = AREA / ACCESS_LINE_BYTES + (uint64_t)page * ACCESS_LINES + line,
                         .count = 1,
                         .gap = gap_ps,
                         .op = NSIM_OP_READ};
    nsim_trace_writer_run(output->writer, 0, &run);
}

/*
 * Every page once, in order, and time passes. The program has memory of its own: what NUMA balancing scans is a little
 * more than the area.
 */
static void
put_filling(Output *output, uint64_t us)
{
    const uint64_t gap_ps = us * PS_PER_US / (RUN_AREA_PAGES + OWN_PAGES);
    for (uint32_t page = 0; page < RUN_AREA_PAGES + OWN_PAGES; page++) {
        const NsimRun run = {.line = AREA / ACCESS_LINE_BYTES + (uint64_t)page * ACCESS_LINES,
                             .count = 1,
                             .gap = gap_ps,
                             .op = NSIM_OP_READ};
        nsim_trace_writer_run(output->writer, 0, &run);
    }
}

static void
put_ticks(Output *output, uint64_t us)
{
    const Run *run = output->access.run;
    const uint32_t count = run->accesses_per_s / ACCESS_TICKS_PER_S;
    uint64_t done_ps = 0;
    for (uint64_t at_ps = TICK_PS; at_ps <= us * PS_PER_US; at_ps += TICK_PS) {
        const uint64_t begin_ps = at_ps + access_jitter_ns(&output->access) * PS_PER_NS;
        const uint32_t hot_first = run_hot_first(run, at_ps / PS_PER_US);
        uint64_t gap_ps = begin_ps > done_ps ? begin_ps - done_ps : output->gap_ps;
        for (uint32_t i = 0; i < count; i++) {
            put_access(output, hot_first, gap_ps);
            done_ps += gap_ps;
            gap_ps = output->gap_ps;
        }
    }
}

static void
name_tenths(NsimTraceWriter *writer)
{
    for (uint32_t tenth = 0; tenth < RUN_TENTHS; tenth++) {
        g_autofree char *name = g_strdup_printf("tenth%u", tenth);
        const uint32_t first = tenth * RUN_TENTH_PAGES;
        const uint32_t end = tenth + 1 < RUN_TENTHS ? first + RUN_TENTH_PAGES : RUN_AREA_PAGES;
        nsim_trace_writer_add_region(writer, name, AREA + (uint64_t)first * RUN_PAGE_BYTES,
                                     (uint64_t)(end - first) * RUN_PAGE_BYTES);
    }
    nsim_trace_writer_add_region(writer, "program", AREA + (uint64_t)RUN_AREA_PAGES * RUN_PAGE_BYTES,
                                 (uint64_t)OWN_PAGES * RUN_PAGE_BYTES);
}

bool
trace_write(const char *path, const Run *run, const TraceOptions *options, GError **error)
{
    const NsimTraceWriterOptions writing = {
        .gap_unit = NSIM_GAP_PS, .program = "tests/kernel", .capture = run->name, .filtered = true, .filter = "none"};
    Output output = {.writer = nsim_trace_writer_new(path, &writing, error),
                     .access = access_begin(run, options->seed),
                     .gap_ps = options->gap_ps};
    if (output.writer == NULL)
        return false;
    nsim_trace_writer_add_thread(output.writer, "program");
    name_tenths(output.writer);
    put_filling(&output, options->before_us);
    put_ticks(&output, options->us);
    return nsim_trace_writer_close(output.writer, error);
}
