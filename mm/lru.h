/* SPDX-License-Identifier: MIT */
/*
 * LRU lists: which folios of a node have been used lately, as the kernel's page replacement knows it (mm/vmscan.c,
 * mm/swap.c of Linux 6.x in outline).
 *
 * Each node has, for each group of workloads and for those in none, four lists: active and inactive, of anonymous and
 * of file pages. New folios of either kind begin at the head of the inactive list. A scan takes folios from the tail
 * and looks at the accessed bits:
 *
 *     referenced now, and it was so before (REFERENCED) or more than once now   ->  to the active list
 *     referenced now                                                            ->  REFERENCED, back to the head
 *     not referenced                                                            ->  may be reclaimed
 *
 * The active list is shortened from its tail while the inactive one is low: inactive x ratio < active, where ratio is
 * sqrt(10 x GiB of both), at least 1. Pages of regions whose name begins with '/' or with "file:" are file pages.
 *
 * Left out: multi-generational LRU, refault distances (workingset), mlock, per-CPU batches, shared mappings, executable
 * pages.
 */
#pragma once

#include <mm/frames.h>
#include <mm/story.h>

typedef enum {
    NSIM_LRU_INACTIVE_ANON,
    NSIM_LRU_ACTIVE_ANON,
    NSIM_LRU_INACTIVE_FILE,
    NSIM_LRU_ACTIVE_FILE,
    NSIM_LRU_LISTS
} NsimLruList;

/* The lists of one node and group. */
typedef struct {
    uint32_t heads[NSIM_LRU_LISTS], tails[NSIM_LRU_LISTS]; /* frames, NSIM_FRAME_NONE */
    uint64_t pages[NSIM_LRU_LISTS];                        /* base pages */
} NsimLruVec;

typedef struct {
    NsimFrames *frames;
    NsimSpace *const *spaces;
    uint32_t space_count;
    const uint32_t *space_groups; /* by space: below group_count, or anything else: none */
    uint32_t node_count, group_count;
    NsimLruVec *vecs;                         /* [group * node_count + node]; group_count: those in no group */
    uint64_t *resident;                       /* by group, group_count: pages in memory, isolated ones too */
    uint64_t activated, deactivated, rotated; /* pages, ever */
    NsimStory *story;                         /* NULL: nobody watches */
} NsimLru;

/*
 * Lists of all folios there will be; listens to `frames`. Borrows everything. `space_groups` may be NULL. (transfer
 * full)
 */
NsimLru *nsim_lru_new(NsimFrames *frames, NsimSpace *const *spaces, uint32_t space_count, const uint32_t *space_groups,
                      uint32_t group_count);
void nsim_lru_free(NsimLru *lru);

/* The group whose lists a space's pages are in: group_count for none. */
uint32_t nsim_lru_group_of(const NsimLru *lru, NsimSpaceId space);
static inline NsimLruVec *
nsim_lru_vec(const NsimLru *lru, uint32_t group, NsimNodeId node)
{
    return &lru->vecs[(size_t)group * lru->node_count + node];
}
/* Base pages on a list of a node, over all groups. */
uint64_t nsim_lru_pages(const NsimLru *lru, NsimNodeId node, NsimLruList list);
/* Does a region of this name map a file? */
bool nsim_lru_name_is_file(const char *name);

/* Of the folio that `frame` is in. False: it was so already, or the folio is isolated. */
bool nsim_lru_activate(NsimLru *lru, uint32_t frame);
bool nsim_lru_deactivate(NsimLru *lru, uint32_t frame);
/* Take a folio (its head) off its list; false when somebody else has. Put one back at the head of the list of its
 * flags. */
bool nsim_lru_isolate(NsimLru *lru, uint32_t head);
void nsim_lru_put_back(NsimLru *lru, uint32_t head);

/* Test and clear the accessed bits of a folio (head): how many mappings had it set, counting PG_young as one. */
uint32_t nsim_lru_referenced(NsimLru *lru, uint32_t head);
bool nsim_lru_inactive_is_low(const NsimLru *lru, const NsimLruVec *vec, bool file);
/* Scan about `pages` base pages from the tail of an active list: they become inactive. Returns pages scanned. */
uint64_t nsim_lru_shrink_active(NsimLru *lru, NsimLruVec *vec, bool file, uint64_t pages);
/*
 * Scan about `pages` base pages from the tail of an inactive list. Heads of folios that may be reclaimed are isolated
 * and appended to `victims` (uint32_t). Folios under migration are passed over. Returns pages scanned.
 */
uint64_t nsim_lru_shrink_inactive(NsimLru *lru, NsimLruVec *vec, bool file, uint64_t pages, GArray *victims);

/* Walk all lists and compare with sizes and flags (asserts). O(folios). */
void nsim_lru_audit(const NsimLru *lru);
