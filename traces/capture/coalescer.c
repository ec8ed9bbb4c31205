/* SPDX-License-Identifier: MIT */
/* The coalescer of coalescer.h. */
#include "coalescer.h"

#include <string.h>

/* The longest step a run can say. */
#define STEP_MAX_16THS 65535u

void
nsim_coalescer_init(NsimCoalescer *coalescer, NsimCoalescerSink sink, void *context)
{
    memset(coalescer, 0, sizeof *coalescer);
    coalescer->sink = sink;
    coalescer->context = context;
}

/* Does a run that begins here go on where a recent one ended? Remembers where this one ends. */
static bool
continues_stream(NsimCoalescer *coalescer, const NsimRun *run)
{
    const uint64_t begin = run->line << 3 | run->op, end = (run->line + run->count) << 3 | run->op;
    for (unsigned i = 0; i < NSIM_COALESCER_STREAMS; i++) {
        if (coalescer->streams[i] == begin) {
            coalescer->streams[i] = end;
            return true;
        }
    }
    coalescer->streams[coalescer->oldest] = end;
    coalescer->oldest = (coalescer->oldest + 1) % NSIM_COALESCER_STREAMS;
    return false;
}

static void
close_run(NsimCoalescer *coalescer)
{
    NsimRun *run = &coalescer->run;
    if (run->count == 0)
        return;
    run->gap = (coalescer->first_16ths - coalescer->told_16ths) / 16;
    coalescer->told_16ths += run->gap * 16;
    if (run->count > 1) {
        run->step = (uint32_t)((coalescer->last_16ths - coalescer->first_16ths) / (run->count - 1));
        coalescer->told_16ths += (uint64_t)run->step * (run->count - 1);
    }
    /* Write-backs are the cache's doing: no prefetcher follows them. */
    if (run->op != NSIM_OP_WRITE) {
        const bool continues = continues_stream(coalescer, run);
        if (continues || run->count >= NSIM_COALESCER_STREAM_LINES)
            run->flags |= NSIM_BURST_PREFETCHABLE;
    }
    coalescer->sink(coalescer->context, run);
    memset(run, 0, sizeof *run);
}

void
nsim_coalescer_add(NsimCoalescer *coalescer, NsimOp op, uint64_t line, uint64_t now_16ths)
{
    NsimRun *run = &coalescer->run;
    if (run->count > 0 && run->op == op && line == run->line + run->count && run->count < NSIM_TRACE_RUN_LINES_MAX &&
        now_16ths - coalescer->last_16ths <= STEP_MAX_16THS) {
        run->count++;
        coalescer->last_16ths = now_16ths;
        return;
    }
    close_run(coalescer);
    run->line = line;
    run->count = 1;
    run->op = (uint8_t)op;
    coalescer->first_16ths = coalescer->last_16ths = now_16ths;
}

uint64_t
nsim_coalescer_flush(NsimCoalescer *coalescer, uint64_t now_16ths)
{
    close_run(coalescer);
    const uint64_t gap = (now_16ths - coalescer->told_16ths) / 16;
    coalescer->told_16ths += gap * 16;
    return gap;
}
