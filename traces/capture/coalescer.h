/* SPDX-License-Identifier: MIT */
/*
 * Merges one thread's cache-line transfers into runs of consecutive lines, in order.
 *
 * A run grows while transfers of one kind follow each other line by line; any other transfer, a mark or a barrier ends
 * it. The clock is in 1/16 instructions and absolute, so rounding a run's mean step loses nothing: the next gap makes
 * it up. Left out: the spacing of the lines inside a run (the trace has its mean), and dependence of one access on
 * another.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <traces/trace.h>

/* Streams that a thread is taken to follow at the same time, as hardware prefetchers do. */
#define NSIM_COALESCER_STREAMS 16u
#define NSIM_COALESCER_HASHES 512u
/* The longest step a run can say. */
#define NSIM_COALESCER_STEP_MAX_16THS 65535u
/* A run of this many lines is a stream by itself. */
#define NSIM_COALESCER_STREAM_LINES 4u

typedef void (*NsimCoalescerSink)(void *context, const NsimRun *run);

typedef struct {
    NsimCoalescerSink sink;
    void *context;
    NsimRun run;          /* count 0: none open */
    uint64_t first_16ths; /* clock at the open run's first and last line */
    uint64_t last_16ths;
    uint64_t told_16ths;                      /* clock up to which gaps and steps were handed on */
    uint64_t streams[NSIM_COALESCER_STREAMS]; /* (next line << 3) | op of recent runs; 0 = none */
    uint8_t hashes[NSIM_COALESCER_HASHES];    /* how many of them have this hash: mostly none has the one wanted */
    unsigned oldest;
} NsimCoalescer;

void nsim_coalescer_init(NsimCoalescer *coalescer, NsimCoalescerSink sink, void *context);
/* By the golden ratio (Knuth, TAOCP vol. 3, 6.4). */
static inline unsigned
nsim_coalescer_hash(uint64_t stream)
{
    return (unsigned)(stream * UINT64_C(0x9E3779B97F4A7C15) >> 32) % NSIM_COALESCER_HASHES;
}

/* Does a run that begins here go on where a recent one ended? Remembers where this one ends. */
static inline bool
nsim_coalescer_continues(NsimCoalescer *coalescer, uint64_t begin, uint64_t end)
{
    unsigned at = NSIM_COALESCER_STREAMS;
    if (coalescer->hashes[nsim_coalescer_hash(begin)] > 0)
        for (at = 0; at < NSIM_COALESCER_STREAMS && coalescer->streams[at] != begin; at++) {
        }
    const bool continues = at < NSIM_COALESCER_STREAMS;
    if (!continues) {
        at = coalescer->oldest;
        coalescer->oldest = (coalescer->oldest + 1) % NSIM_COALESCER_STREAMS;
    }
    coalescer->hashes[nsim_coalescer_hash(coalescer->streams[at])]--;
    coalescer->hashes[nsim_coalescer_hash(end)]++;
    coalescer->streams[at] = end;
    return continues;
}

/* End the open run, which there must be: `ret_run` is as the trace has it. */
static inline void
nsim_coalescer_end_run(NsimCoalescer *coalescer, NsimRun *ret_run)
{
    const NsimRun *run = &coalescer->run;
    const uint64_t line = run->line, gap = (coalescer->first_16ths - coalescer->told_16ths) / 16;
    const uint32_t count = run->count;
    const uint8_t op = run->op;
    uint64_t told_16ths = coalescer->told_16ths + gap * 16;
    uint32_t step = 0;
    bool is_stream = false;
    if (count > 1) {
        step = (uint32_t)((coalescer->last_16ths - coalescer->first_16ths) / (count - 1));
        told_16ths += (uint64_t)step * (count - 1);
    }
    /* Write-backs are the cache's doing: no prefetcher follows them. */
    if (op != NSIM_OP_WRITE) {
        is_stream = nsim_coalescer_continues(coalescer, line << 3 | op, (line + count) << 3 | op);
        is_stream |= count >= NSIM_COALESCER_STREAM_LINES;
    }
    coalescer->told_16ths = told_16ths;
    coalescer->run.count = 0;
    ret_run->line = line;
    ret_run->count = count;
    ret_run->gap = gap;
    ret_run->step = step;
    ret_run->op = op;
    ret_run->flags = is_stream ? NSIM_BURST_PREFETCHABLE : 0;
}

/*
 * One line, at a time not before the last one's. True: that has ended a run, which is in `ret_run` and not given to the
 * sink. For those who take runs many at a time.
 */
static inline bool
nsim_coalescer_take(NsimCoalescer *coalescer, NsimOp op, uint64_t line, uint64_t now_16ths, NsimRun *ret_run)
{
    NsimRun *run = &coalescer->run;
    if (run->count > 0 && run->op == op && line == run->line + run->count && run->count < NSIM_TRACE_RUN_LINES_MAX &&
        now_16ths - coalescer->last_16ths <= NSIM_COALESCER_STEP_MAX_16THS) {
        run->count++;
        coalescer->last_16ths = now_16ths;
        return false;
    }
    const bool ended = run->count > 0;
    if (ended)
        nsim_coalescer_end_run(coalescer, ret_run);
    run->line = line;
    run->count = 1;
    run->op = (uint8_t)op;
    coalescer->first_16ths = coalescer->last_16ths = now_16ths;
    return ended;
}

/* The same, with the run that ends going to the sink. */
void nsim_coalescer_add(NsimCoalescer *coalescer, NsimOp op, uint64_t line, uint64_t now_16ths);
/* End the open run. Returns the instructions between the last line handed on and `now`, for a control record. */
uint64_t nsim_coalescer_flush(NsimCoalescer *coalescer, uint64_t now_16ths);
