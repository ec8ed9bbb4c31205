/* SPDX-License-Identifier: MIT */
/* Reclaim's insides: scans and whoever does them (reclaim.c), pages on their way to and from disks (swap.c). */
#pragma once

#include <mm/mover-private.h>
#include <mm/reclaim.h>

#define GROUP_ANY UINT32_MAX

typedef enum {
    WALK_KSWAPD,
    WALK_DIRECT,
    WALK_ORPHAN /* nobody waits for what is under way: it is freed with the last of it */
} WalkKind;

/* Somebody who reclaims. */
typedef struct {
    NsimReclaim *reclaim;
    WalkKind kind;
    NsimNodeId node;  /* of it alone; NSIM_NODE_NONE: of all */
    uint32_t group;   /* of it alone; GROUP_ANY: of all */
    bool no_demotion; /* pages have to leave memory */
    int by;           /* NSIM_BY_KSWAPD, NSIM_BY_DIRECT */
    int priority;     /* a scan looks at 1 / 2^priority of each list */
    uint64_t *left;   /* by list of the lru's vecs: to be scanned in this pass */
    uint64_t pass_reclaimed, reclaimed;
    uint32_t outstanding; /* moves and writes under way */
    bool running;         /* kswapd */
    bool waiting;         /* a thread: reclaim has to wake it */
    uint32_t thread, core, queue;
    uint32_t failures;    /* kswapd: runs that found nothing, one after the other */
    uint32_t stall_group; /* of the thread */
    bool stalled;         /* the thread counts as held up */
    NsimPayer payer;
} Walk;

/* Pages on their way to or from a disk, all of one node and disk. */
typedef struct {
    NsimReclaim *reclaim;
    Walk *walk; /* nullable: whoever waits for it */
    NsimNodeId from, to;
    bool in;
    uint32_t thread; /* in: who waits */
    GArray *runs;    /* Run */
    GArray *pieces;  /* NsimPiece */
    NsimWindow window;
    NsimStream stream;
    NsimTime began_ps;
} Transfer;

typedef struct {
    NsimSpaceId space;
    NsimPage page;
    uint32_t count;
} Run;

struct _NsimReclaim {
    NsimReclaimSetup setup;
    NsimReclaimConfig config;
    NsimLru *lru;
    NsimTiers *tiers;
    NsimPressure pressure;
    NsimMarks *marks;   /* by node */
    uint64_t *reserves; /* by node: its min mark, for the mover */
    Walk **kswapds;     /* by node; NULL for disks and nodes no CPU reaches */
    GHashTable *direct; /* thread -> Walk */
    GHashTable *tokens; /* request -> Walk */
    GPtrArray *transfers;
    GPtrArray *orphans; /* Walk */
    NsimReclaimStats stats;
};

/* DEF_PRIORITY, SWAP_CLUSTER_MAX and MAX_RECLAIM_RETRIES of the kernel. */
#define PRIORITY_FIRST 12
#define CLUSTER_PAGES 32u
#define FAILURES_MAX 16u
/* kswapd looks at the clock, and may lose the CPU, after so many pages that gave nothing. */
#define SCAN_PAGES_MAX 1024u

static inline const NsimMoverSetup *
world_of(const NsimReclaim *reclaim)
{
    return &reclaim->setup.mover->setup;
}

static inline uint64_t
free_pages(const NsimReclaim *reclaim, NsimNodeId node)
{
    return nsim_memory_free_pages(reclaim->setup.memory, node);
}

static inline bool
is_disk(const NsimReclaim *reclaim, uint32_t node)
{
    return reclaim->setup.machine->nodes[node].kind == NSIM_NODE_DISK;
}

/* value x numerator / denominator, cut off as the kernel does. */
static inline uint64_t
part_of(uint64_t value, uint64_t numerator, uint64_t denominator)
{
    return (uint64_t)((unsigned __int128)value * numerator / denominator);
}

/* reclaim-marks.c */

/* Of every node, from its size and the configuration. */
void reclaim_set_marks(NsimReclaim *reclaim);
/* Until when kswapd works. */
uint64_t reclaim_goal(const NsimMarks *marks);

/* reclaim-scan.c */

Walk *walk_new(NsimReclaim *reclaim, WalkKind kind, NsimNodeId node);
void walk_free(gpointer data);
/* From the first priority on again. */
void walk_begin(Walk *walk);
/*
 * Scan until there are victims, a pass after the other, ever more of the lists. False: there is nothing left to do;
 * `ret_scanned` is what was looked at.
 */
bool walk_find_victims(Walk *walk, uint64_t budget, GArray *victims, uint64_t *ret_scanned);
/* Set victims on their way. Returns when the reclaimer's own part of it is over. */
NsimTime walk_send_off(Walk *walk, const GArray *victims, NsimTime now_ps);
/* Before time begins: no cost, no waiting. */
uint64_t walk_send_at_once(Walk *walk, const GArray *victims);
/* Isolated folios of these pages go back to their lists. */
void put_back_range(NsimReclaim *reclaim, NsimSpaceId space, NsimPage page, uint64_t count);

/* reclaim.c */

/* Pages went for good. */
void walk_count(Walk *walk, uint64_t pages);
/* Something of a walk is done: `pages` went. It goes on with the last. */
void walk_done(Walk *walk, uint64_t pages, NsimTime now_ps);

/* swap.c */

/* The disk nearest to a node's CPU with room for `pages`, or NSIM_NODE_NONE. */
NsimNodeId swap_disk(const NsimReclaim *reclaim, NsimNodeId node, uint64_t pages);
/*
 * Write folios (heads, isolated, of `node`) out to `disk`, which has room for them; the walk waits for it. CPU time is
 * charged to the walk's payer from `now_ps` on. Returns when that is over.
 */
NsimTime swap_out(Walk *walk, const uint32_t *heads, uint32_t count, NsimNodeId node, NsimNodeId disk, NsimTime now_ps);
/* The same at once. */
void swap_at_once(NsimReclaim *reclaim, uint32_t head, NsimNodeId disk);
void transfer_abort(Transfer *transfer);
void transfer_free(Transfer *transfer);
