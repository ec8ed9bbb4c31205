/* SPDX-License-Identifier: MIT */
/*
 * Caches in front of memory: a set-associative, write-back, write-allocate last-level cache with true LRU for traces that
 * were not filtered at capture, and a set-associative LRU TLB of base pages.
 *
 * Left out: inclusion, prefetch into the cache, sharing between accessors (coherence), TLB entries of huge pages apart
 * from the others.
 */
#pragma once

#include <numasim/types.h>

typedef struct NsimCache NsimCache;
typedef struct NsimTlb NsimTlb;

/* `bytes` = sets * ways * 64 with a power-of-two number of sets: rounded down to one. */
NsimCache *nsim_cache_new(uint64_t bytes, uint32_t ways);
void nsim_cache_free(NsimCache *cache);

typedef struct {
    bool hit;
    bool wrote_back;      /* a dirty line was evicted */
    uint64_t victim_line; /* which */
} NsimCacheOutcome;

/* Touch a line (any 62-bit key). */
NsimCacheOutcome nsim_cache_access(NsimCache *cache, uint64_t line, bool write);

/* `walk_ps` is what a miss adds to the access. */
NsimTlb *nsim_tlb_new(uint32_t entries, uint32_t ways, NsimTime walk_ps);
void nsim_tlb_free(NsimTlb *tlb);
/* What address translation adds to an access of `page`. */
NsimTime nsim_tlb_access(NsimTlb *tlb, uint64_t page);
/* Does it hold the page's translation? Nothing is touched. */
bool nsim_tlb_holds(const NsimTlb *tlb, uint64_t page);
/* The page's mapping has changed. */
void nsim_tlb_drop(NsimTlb *tlb, uint64_t page);
