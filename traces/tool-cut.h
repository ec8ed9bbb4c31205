/* SPDX-License-Identifier: MIT */
/* Cutting a part out of a trace: of its clock, of the records, of its threads, of its regions. */
#pragma once

#include <traces/tool-order.h>

typedef struct {
    /* By the clock of traces/tool-order.h, at the declared rate: from_ps <= clock < to_ps. */
    uint64_t from_ps, to_ps;
    /*
     * Or from and to the `pass`-th time, from 1, that any thread passes the mark. NULL: no mark. They take the place of
     * the times.
     */
    const char *from_mark, *to_mark;
    uint64_t from_pass, to_pass;
    /* Records of each thread by their number as stored, control records included: from <= number < to. */
    uint64_t from_record, to_record;
    /* Which threads and regions; NULL: all. */
    const bool *threads; /* one for each thread of the trace */
    const bool *regions; /* one for each region */
    int level;           /* of compression */
} NsimCutOptions;

/* All of the trace. */
void nsim_cut_options_init(NsimCutOptions *options);

/*
 * Write what lies in all of these to `path`. A run is cut at lines. The compute of what is left out of a thread in
 * between is kept; what comes before the part is not, nor after a thread's last record in it. A barrier is kept as
 * often as all threads that are kept and reach it do so in the part, with their number as members; with less than two
 * it is left out. NSIM_TRACE_ERROR_LIMIT when nothing lies in the part, or a mark is not passed so often. `tick` may be
 * NULL.
 */
bool nsim_trace_cut(const char *path, NsimTrace *trace, const NsimCutOptions *options, const NsimTraceTick *tick,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
