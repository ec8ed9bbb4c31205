/* SPDX-License-Identifier: MIT */
/*
 * The last-level caches in front of a capture: set-associative, exact LRU, write-back, write-allocate, 64-byte lines,
 * kept coherent with each other by invalidation.
 *
 * What reaches memory: a line fetched for a load (READ), a line fetched for a store (RFO), a dirty line written back
 * (WRITE). A line that another cache holds comes from there and not from memory; when it is dirty there, a load makes
 * it be written back, and a store takes it over dirty (the MESIF protocol: Goodman and Hum, "MESIF: A Two-Hop Cache
 * Coherency Protocol for Point-to-Point Interconnects", 2009). Everything is told to the sink in order, on behalf of
 * the access that caused it. Left out: private caches in front (every access renews a line's age, as in an inclusive
 * hierarchy with perfect hints), prefetching, hashed or sliced sets, the time that a transfer between caches takes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <traces/burst.h>

typedef struct _NsimFilter NsimFilter;

/* A line goes to or comes from memory on behalf of an access of the caller's. */
typedef void (*NsimFilterSink)(void *context, NsimOp op, uint64_t line);

/* `sets` is a power of two, `ways` 1 to 64, `caches` 1 to 16. NULL when memory cannot be had. (transfer full) */
NsimFilter *nsim_filter_new(uint32_t caches, uint32_t sets, uint32_t ways, NsimFilterSink sink);
void nsim_filter_free(NsimFilter *filter);
/* An access to `line` through `cache`; `context` goes to the sink. */
void nsim_filter_access(NsimFilter *filter, uint32_t cache, uint64_t line, bool is_write, void *context);
