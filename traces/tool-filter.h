/* SPDX-License-Identifier: MIT */
/* Putting a trace through caches: what is left is what reaches memory. */
#pragma once

#include <traces/tool-cache.h>
#include <traces/tool-order.h>

typedef struct {
    NsimCacheLevel levels[NSIM_CACHE_LEVELS_MAX]; /* the one next to the threads first */
    uint32_t level_count;
    /*
     * The trace may be filtered already: its writes are then dirty lines from a cache above, and its reads for
     * ownership leave lines clean, as that cache will write them back.
     */
    bool again;
    int level; /* of compression */
} NsimFilterOptions;

/*
 * Write what is left to `path`. Threads access the caches in the order of their clocks, line by line, caches empty at
 * first. Lines of one kind that follow each other become one run (traces/capture/coalescer.h), prefetchable as seen
 * from behind the caches; a run is dependent when all before it, back to the last one that is left, were. Compute
 * stays, up to a thread's last record. Dirty lines in the caches at the end stay there. NSIM_TRACE_ERROR_LIMIT for
 * caches that cannot be, or a trace that is filtered already without `again`. `tick` may be NULL.
 */
bool nsim_trace_filter(const char *path, NsimTrace *trace, const NsimFilterOptions *options, const NsimTraceTick *tick,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
