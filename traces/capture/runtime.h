/* SPDX-License-Identifier: MIT */
/* What the call-outs and the rest of the capture runtime share. Not for captured programs: they see capture.h. */
#pragma once

#include <pthread.h>

/* The real declarations, and not the replacements of memcpy() and its like. */
#undef NSIM_CAPTURE
#define NSIM_CAPTURE
#define NSIM_CAPTURE_RUNTIME

#include <traces/capture/automatic.h>
#include <traces/capture/capture.h>
#include <traces/capture/coalescer.h>
#include <traces/capture/filter.h>

/* Mapped regions lie here: far from what Linux gives to programs by itself, and outside what sanitizers reserve. */
#define NSIM_CAPTURE_BASE ((uint64_t)0x200000000000)
#define NSIM_CAPTURE_SPAN ((uint64_t)0x200000000000)

/* A long access counts as one for each 32 bytes begun, the widest access of the instruction set captured. */
#define NSIM_CAPTURE_ACCESS_BYTES 32u

typedef enum { NSIM_CAPTURE_ABSENT, NSIM_CAPTURE_READY, NSIM_CAPTURE_WAITING, NSIM_CAPTURE_GONE } NsimCaptureState;

typedef struct {
    uint64_t now_256ths;  /* the clock: instructions since the thread joined */
    uint64_t rate_256ths; /* instructions an access stands for */
    uint64_t turn_end_256ths;
    uint64_t last;         /* line << 1 | dirty of the access before, this turn; ~0: none */
    uint64_t access_count; /* since the work changed */
    uint64_t elsewhere_count, run_count;
    uint64_t lines[3]; /* by NsimOp */
    uint64_t work_access_count[NSIM_CAPTURE_WORKS_MAX];
    NsimCoalescer coalescer;
    unsigned index, cache, work, barrier;
    NsimCaptureState state;
    pthread_cond_t turn;
} NsimCaptureThread;

/* The calling thread, NULL when it is not captured. */
extern __thread NsimCaptureThread *nsim_capture_self;

/* An access that is not to the line of the one before. */
void nsim_capture_touch(NsimCaptureThread *thread, uint64_t address, uint64_t bytes, bool is_write);
/* Let the next thread run, and return when it is this one's turn again. */
void nsim_capture_turn(NsimCaptureThread *thread);

static inline void
nsim_capture_access(uint64_t address, uint64_t bytes, bool is_write)
{
    NsimCaptureThread *thread = nsim_capture_self;
    if (!thread) {
        if (atomic_load_explicit(&nsim_auto_on, memory_order_relaxed))
            nsim_auto_access(address, bytes, is_write);
        return;
    }
    const uint64_t line = address >> NSIM_LINE_SHIFT, end = (address + bytes - 1) >> NSIM_LINE_SHIFT;
    const uint64_t accesses =
        bytes <= NSIM_CAPTURE_ACCESS_BYTES ? 1 : (bytes + NSIM_CAPTURE_ACCESS_BYTES - 1) / NSIM_CAPTURE_ACCESS_BYTES;
    thread->now_256ths += thread->rate_256ths * accesses;
    thread->access_count += accesses;
    if (line != end || (thread->last | !is_write) != (line << 1 | 1))
        nsim_capture_touch(thread, address, bytes, is_write);
    if (thread->now_256ths >= thread->turn_end_256ths)
        nsim_capture_turn(thread);
}
