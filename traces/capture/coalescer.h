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
    unsigned oldest;
} NsimCoalescer;

void nsim_coalescer_init(NsimCoalescer *coalescer, NsimCoalescerSink sink, void *context);
/* One line, at a time not before the last one's. */
void nsim_coalescer_add(NsimCoalescer *coalescer, NsimOp op, uint64_t line, uint64_t now_16ths);
/* End the open run. Returns the instructions between the last line handed on and `now`, for a control record. */
uint64_t nsim_coalescer_flush(NsimCoalescer *coalescer, uint64_t now_16ths);
