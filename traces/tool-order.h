/* SPDX-License-Identifier: MIT */
/*
 * All threads of a trace as one sequence, in the order of their clocks: what the tools and the scan read.
 *
 * A thread's clock is its compute (gaps and steps) plus its waiting at barriers: a barrier is passed by all its members
 * when the last of them arrives. Memory takes no time, so this is the order on a machine with infinitely fast memory;
 * at equal clocks the lower thread comes first. Barriers that cannot be satisfied (`numasim trace check` refuses them)
 * are let go when no thread can move, so that any trace is read to its end.
 */
#pragma once

#include <traces/trace.h>

/* Sixteenths of a gap unit, which is what steps count in. 128 bits: gaps alone may come to 2^64 units. */
typedef unsigned __int128 NsimClock;

/* A run or a piece of one, a mark, or a barrier. Pauses are part of the gap. */
typedef struct {
    uint32_t thread;
    uint8_t op, flags;
    uint16_t step;
    bool first;          /* the run's first piece; true for marks and barriers */
    uint32_t count;      /* lines; 0: a mark or a barrier */
    uint32_t operand;    /* number of the mark or barrier */
    uint32_t frame;      /* dense, of the first line */
    uint32_t frame_line; /* first line in the frame */
    uint64_t line;       /* virtual: byte address >> 6 */
    uint64_t record;     /* number in its thread as stored */
    NsimClock before;    /* the thread's compute up to the end of what came before */
    NsimClock own;       /* the thread's compute up to the first line */
    NsimClock arrival;   /* its clock then: compute and waiting */
    NsimClock clock;     /* the same; at a barrier, when all members have come */
} NsimTraceEvent;

/*
 * Called now and then with the lines read so far and in all. False ends the work; `error` says why. NULL functions
 * are not called.
 */
typedef bool (*NsimTraceTickFunc)(uint64_t done, uint64_t total, void *user_data, GError **error);
typedef struct {
    NsimTraceTickFunc func;
    void *user_data;
} NsimTraceTick;

typedef struct _NsimTraceOrder NsimTraceOrder;

/*
 * From the beginning. Pieces have at most `piece_lines` lines; with UINT32_MAX runs are whole, with 1 the lines of all
 * threads come in exact order. `tick` may be NULL. (transfer full)
 */
NsimTraceOrder *nsim_trace_order_new(NsimTrace *trace, uint32_t piece_lines, const NsimTraceTick *tick,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_trace_order_free(NsimTraceOrder *order);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimTraceOrder, nsim_trace_order_free)

/* The next event, valid until the next call; NULL at the end. False with `error` as nsim_trace_cursor_fill() has it. */
bool nsim_trace_order_next(NsimTraceOrder *order, const NsimTraceEvent **ret_event,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Clock at the end of the last event: how long the trace takes. */
NsimClock nsim_trace_order_end(const NsimTraceOrder *order);

/* Sixteenths of a gap unit to picoseconds at the declared rate and back, rounded down; UINT64_MAX when too large. */
uint64_t nsim_clock_to_ps(const NsimTraceInfo *info, NsimClock clock);
NsimClock nsim_clock_from_ps(const NsimTraceInfo *info, uint64_t ps);
