/* SPDX-License-Identifier: MIT */
/* Several traces as one: the threads of all of them, on one clock that begins at 0 for each. */
#pragma once

#include <traces/tool-order.h>

/* As many threads as a trace may have. */
#define NSIM_MERGE_TRACES_MAX NSIM_TRACE_THREADS_MAX

typedef struct {
    /*
     * The traces are of one address space: nothing is moved, and regions that are in several of them must be the same.
     * Otherwise each trace has an address space of its own, and one that would overlap those before it is moved up by
     * the least multiple of 2^47 bytes (the span of a process on x86-64) with which it does not.
     */
    bool same_space;
    int level; /* of compression */
} NsimMergeOptions;

/*
 * Write `count` traces as one to `path`. `labels` has a short name of each; names of threads, regions and marks that
 * several traces use get it as a prefix, "label:name". Gaps are converted to the unit and rate of the first trace. All
 * must be filtered or none. NSIM_TRACE_ERROR_LIMIT when they cannot be merged. `tick` may be NULL; it counts each trace
 * by itself.
 */
bool nsim_trace_merge(const char *path, NsimTrace *const *traces, const char *const *labels, uint32_t count,
                      const NsimMergeOptions *options, const NsimTraceTick *tick,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
