/* SPDX-License-Identifier: MIT */
/*
 * Writing a trace from events of another one, which is what the tools have in common: whatever lines are left out, the
 * compute of each thread is kept, because gaps are the difference of the thread's clock to what was written before.
 */
#pragma once

#include <traces/tool-order.h>

typedef struct _NsimRewrite NsimRewrite;

/* The clock of what is written, as a multiple of the clock of the events. */
typedef struct {
    uint64_t numerator, denominator;
} NsimClockScale;
#define NSIM_CLOCK_SAME ((NsimClockScale){1, 1})

/*
 * A writer of `path` and room for `slots` threads, each to be named by nsim_rewrite_thread(). Texts are those of
 * `options`. (transfer full)
 */
NsimRewrite *nsim_rewrite_new(const char *path, const NsimTraceWriterOptions *options, uint32_t slots,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/*
 * The same for a trace with unit, rate, program, filter and filtered flag of `info`, and for capture `what` before what
 * `info` has. `level` is of compression.
 */
NsimRewrite *nsim_rewrite_new_like(const char *path, const NsimTraceInfo *info, const char *what, int level,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* (transfer none) */
NsimTraceWriter *nsim_rewrite_writer(NsimRewrite *rewrite);

/* The thread of the new trace that `slot` writes to. */
void nsim_rewrite_thread(NsimRewrite *rewrite, uint32_t slot, const char *name, NsimClockScale scale);
/* Compute up to `clock` (the thread's own) is not part of the new trace. */
void nsim_rewrite_begin(NsimRewrite *rewrite, uint32_t slot, NsimClock clock);

/* Lines first .. first + count - 1 of the event, moved by `shift` lines (modulo 2^64). */
void nsim_rewrite_lines(NsimRewrite *rewrite, uint32_t slot, const NsimTraceEvent *event, uint32_t first,
                        uint32_t count, uint64_t shift);
/* A mark or barrier at the event's time, by its number in the new trace. */
void nsim_rewrite_control(NsimRewrite *rewrite, uint32_t slot, const NsimTraceEvent *event, uint32_t number);

/* Copy marks, and regions and barriers as they are. */
void nsim_rewrite_copy_marks(NsimRewrite *rewrite, const NsimTraceInfo *info);
void nsim_rewrite_copy_tables(NsimRewrite *rewrite, const NsimTraceInfo *info);
/* The new number of a mark that was copied: two of one name become one. */
uint32_t nsim_rewrite_mark_number(const NsimRewrite *rewrite, uint32_t mark);
/* A mark or barrier of tables that were copied. */
void nsim_rewrite_copy_control(NsimRewrite *rewrite, uint32_t slot, const NsimTraceEvent *event);

/* Both take the rewrite; close as nsim_trace_writer_close(). NULL may be abandoned. */
bool nsim_rewrite_close(NsimRewrite *rewrite, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_rewrite_abandon(NsimRewrite *rewrite);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimRewrite, nsim_rewrite_abandon)

/* ---- Places ---------------------------------------------------------------------------------------------------- */

/* Frames of 2 MiB (address >> 21) from first to last. */
typedef struct {
    uint64_t first, last;
} NsimTraceSpan;

/* What a trace touches or names, ascending, with at least a frame between two spans. Of NsimTraceSpan. (transfer full)
 */
GArray *nsim_trace_find_spans(const NsimTraceInfo *info);
/* Sort spans, and join those that touch or overlap. */
void nsim_trace_tidy_spans(GArray *spans);
