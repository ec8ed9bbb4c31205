/* SPDX-License-Identifier: MIT */
/* The coalescer of coalescer.h. */
#include "coalescer.h"

#include <string.h>

void
nsim_coalescer_init(NsimCoalescer *coalescer, NsimCoalescerSink sink, void *context)
{
    memset(coalescer, 0, sizeof *coalescer);
    coalescer->sink = sink;
    coalescer->context = context;
    coalescer->hashes[nsim_coalescer_hash(0)] = NSIM_COALESCER_STREAMS;
}

void
nsim_coalescer_add(NsimCoalescer *coalescer, NsimOp op, uint64_t line, uint64_t now_16ths)
{
    NsimRun run;
    if (nsim_coalescer_take(coalescer, op, line, now_16ths, &run))
        coalescer->sink(coalescer->context, &run);
}

uint64_t
nsim_coalescer_flush(NsimCoalescer *coalescer, uint64_t now_16ths)
{
    NsimRun run;
    if (coalescer->run.count > 0) {
        nsim_coalescer_end_run(coalescer, &run);
        coalescer->sink(coalescer->context, &run);
    }
    const uint64_t gap = (now_16ths - coalescer->told_16ths) / 16;
    coalescer->told_16ths += gap * 16;
    return gap;
}
