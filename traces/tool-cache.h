/* SPDX-License-Identifier: MIT */
/*
 * Caches of several levels, private to threads or shared by some, for putting a trace through.
 *
 * Every level is set-associative, write-back and write-allocate, with LRU or tree-PLRU replacement. A line that misses
 * is put into all levels on its way; what one level evicts dirty is written to the next, which takes it without
 * fetching it; evictions of a lower level leave upper ones alone (neither inclusive nor exclusive). Caches of different
 * threads are kept coherent as in traces/capture/filter.h, with which one level of LRU agrees line by line: a line that
 * another cache holds comes from there; if it is dirty, a load makes it be written back, a store takes it over (the
 * MESIF protocol: Goodman and Hum, 2009). Tree-PLRU: one bit for each inner node of a binary tree over the ways points
 * away from the half that was used last (Al-Zoubi, Milenkovic and Milenkovic, ACM-SE'04). Left out: prefetching,
 * hashed or sliced sets, victim caches, time.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>
#include <traces/burst.h>

#define NSIM_CACHE_LEVELS_MAX 4u
#define NSIM_CACHE_WAYS_MAX 64u
#define NSIM_CACHE_LINE_MAX 4096u
/* Lines of all caches together: 16 bytes of memory for each. */
#define NSIM_CACHE_LINES_MAX (UINT64_C(1) << 25)

typedef enum { NSIM_CACHE_LRU, NSIM_CACHE_PLRU } NsimCachePolicy;

typedef struct {
    uint64_t bytes;
    uint32_t ways;       /* 1 to 64; with PLRU a power of two */
    uint32_t line_bytes; /* a power of two, 64 to 4096, the same at all levels */
    uint32_t threads;    /* neighbouring threads that share one; 0: all of them */
    NsimCachePolicy policy;
} NsimCacheLevel;

typedef struct _NsimCaches NsimCaches;

/* A line of 64 bytes goes to memory (WRITE) or comes from it (READ, RFO) on behalf of the access that goes on. */
typedef void (*NsimCacheSink)(void *context, NsimOp op, uint64_t line);

/* What is wrong with the levels, or NULL. (transfer full) */
char *nsim_caches_check(const NsimCacheLevel *levels, uint32_t count, uint32_t thread_count);
/* Level 0 is the one next to the thread. The levels are sound. NULL when memory cannot be had. (transfer full) */
NsimCaches *nsim_caches_new(const NsimCacheLevel *levels, uint32_t count, uint32_t thread_count, NsimCacheSink sink);
void nsim_caches_free(NsimCaches *caches);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimCaches, nsim_caches_free)

typedef enum {
    NSIM_CACHE_LOAD,
    NSIM_CACHE_STORE,
    NSIM_CACHE_OWN /* a fill for a store in a cache above: it alone has the line then, and will write it back */
} NsimCacheAccess;

/* An access of a thread. */
void nsim_caches_access(NsimCaches *caches, uint32_t thread, uint64_t line, NsimCacheAccess access, void *context);
/* A dirty line comes from a cache above, which has it no more. */
void nsim_caches_write_back(NsimCaches *caches, uint32_t thread, uint64_t line, void *context);
