/* SPDX-License-Identifier: MIT */
/*
 * Reclaim: where memory comes from when a node has none left (mm/vmscan.c and mm/page_alloc.c of Linux 6.x in outline).
 *
 * Each node has watermarks. An allocation tries its nodes in order, first while they stay above low, then, after waking
 * their kswapds, while they stay above min; then the faulting thread reclaims itself. kswapd of a node works until the
 * node is above high. Both scan LRU lists (mm/lru.h) and demote what was not used to the next tier (mm/tiers.h) through
 * the mover, or else swap it out to a disk node (mm/swap.c). Groups with a limit are reclaimed from when they reach it.
 * docs/reclaim.md has the order of steps, the formulas and what is left out.
 *
 * Moves and writes take their time; whoever reclaims goes on when those of its last scan are done.
 */
#pragma once

#include <mm/lru.h>
#include <mm/mover.h>
#include <mm/pressure.h>
#include <mm/tiers.h>

/* Base pages. promo and demote are 0 where they are not used. */
typedef struct {
    uint64_t min, low, high, promo, demote;
} NsimMarks;

/* Counters with the kernel's names; pages unless said otherwise. */
typedef struct {
    uint64_t pgscan[2], pgsteal[2], pgdemote[2]; /* [NSIM_BY_KSWAPD], [NSIM_BY_DIRECT] */
    uint64_t pswpin, pswpout;
    uint64_t pgmajfault, allocstall, pageoutrun; /* times */
} NsimReclaimStats;
enum { NSIM_BY_KSWAPD, NSIM_BY_DIRECT };

typedef struct _NsimReclaim NsimReclaim;

typedef struct {
    const NsimMachine *machine;
    NsimMemory *memory;
    NsimFrames *frames;
    NsimMover *mover;
} NsimReclaimSetup;

/* Everything is borrowed; groups, spaces, cores and events are the mover's. (transfer full) */
NsimReclaim *nsim_reclaim_new(const NsimReclaimSetup *setup, const NsimReclaimConfig *config);
void nsim_reclaim_free(NsimReclaim *reclaim);
/* Go on like this. */
void nsim_reclaim_configure(NsimReclaim *reclaim, const NsimReclaimConfig *config);
const NsimReclaimConfig *nsim_reclaim_config(const NsimReclaim *reclaim);

NsimLru *nsim_reclaim_lru(const NsimReclaim *reclaim);
const NsimTiers *nsim_reclaim_tiers(const NsimReclaim *reclaim);
NsimPressure *nsim_reclaim_pressure(NsimReclaim *reclaim);
const NsimMarks *nsim_reclaim_marks(const NsimReclaim *reclaim, NsimNodeId node);
const NsimReclaimStats *nsim_reclaim_stats(const NsimReclaim *reclaim);
/* Forget counters, as when statistics begin. */
void nsim_reclaim_forget(NsimReclaim *reclaim, NsimTime now_ps);

/* Where pages of a node go now: its first target with room, or a slower node that has. NSIM_NODE_NONE: nowhere. */
NsimNodeId nsim_reclaim_demotion_node(const NsimReclaim *reclaim, NsimNodeId node, uint64_t pages);
/* Pages that a space's group may still take; UINT64_MAX without a limit. */
uint64_t nsim_reclaim_room(const NsimReclaim *reclaim, NsimSpaceId space);

/* A node lacks memory: wake its kswapd unless it is above its goal, or has given up. */
void nsim_reclaim_wake(NsimReclaim *reclaim, NsimNodeId node, NsimTime now_ps);
/* TPP: is the node below its demotion watermark? Then wake its kswapd. */
void nsim_reclaim_allocated(NsimReclaim *reclaim, NsimNodeId node, NsimTime now_ps);

/* Who lacks `need` pages. */
typedef struct {
    uint32_t thread, core;
    NsimAccessorId accessor;
    NsimSpaceId space;
    uint64_t need;
} NsimNeed;

typedef enum {
    NSIM_RECLAIM_WAIT,    /* the thread waits until it is woken, and tries again */
    NSIM_RECLAIM_FREED,   /* something is free now: it tries again at once */
    NSIM_RECLAIM_GAVE_UP, /* there is nothing left that could go */
} NsimReclaimAnswer;

/*
 * A thread found no memory at `now_ps`: it reclaims. `ret_ps` is what its scans took. nsim_reclaim_satisfied() when it
 * has got what it needs, or fails for good.
 */
NsimReclaimAnswer nsim_reclaim_direct(NsimReclaim *reclaim, const NsimNeed *need, NsimTime now_ps, NsimTime *ret_ps);
void nsim_reclaim_satisfied(NsimReclaim *reclaim, uint32_t thread, NsimTime now_ps);
/* The thread goes on: it is not held up any more, unless it finds no memory again. */
void nsim_reclaim_woken(NsimReclaim *reclaim, uint32_t thread, NsimTime now_ps);
/* Does the thread wait for reclaim (and not for the mover)? From now on it is woken. */
bool nsim_reclaim_waits(NsimReclaim *reclaim, uint32_t thread);
/*
 * The same before time begins, while a workload is loaded: pages are where they go at once, and nothing is counted.
 * Returns pages freed.
 */
uint64_t nsim_reclaim_at_once(NsimReclaim *reclaim, NsimSpaceId space, uint64_t need);

/* An outcome of the mover: true when the request was reclaim's own. */
bool nsim_reclaim_done(NsimReclaim *reclaim, const NsimOutcome *outcome);

/*
 * Swap out folios that begin among pages [page, page + count), accessed or not, at the cost of `payer` (a name). They
 * are not demoted. Returns pages that are under way or gone.
 */
uint64_t nsim_reclaim_page_out(NsimReclaim *reclaim, NsimSpaceId space, NsimPage page, uint64_t count,
                               const char *payer, NsimTime now_ps);
/* Is there a CPU that can read pages from a disk to a node? */
bool nsim_reclaim_can_page_in(const NsimReclaim *reclaim, NsimNodeId disk, NsimNodeId node);
/*
 * A thread touched a page on a disk, and memory for it is taken on `node`: read it from `from_ps` on. The thread waits
 * until it is woken; so does everybody who touches the page.
 */
void nsim_reclaim_page_in(NsimReclaim *reclaim, NsimSpaceId space, NsimPage page, NsimNodeId node, uint32_t thread,
                          NsimTime from_ps);
/* The same without anybody who waits for it: read ahead of a touch. */
void nsim_reclaim_read_ahead(NsimReclaim *reclaim, NsimSpaceId space, NsimPage page, NsimNodeId node, NsimTime from_ps);
/* Undo what is under way, as if it had not begun. For the end of a run, with nsim_mover_stop(). */
void nsim_reclaim_stop(NsimReclaim *reclaim);
/* Pages that input and output under way have taken on a node. */
uint64_t nsim_reclaim_taken(const NsimReclaim *reclaim, NsimNodeId node);
