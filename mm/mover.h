/* SPDX-License-Identifier: MIT */
/*
 * The mover: all movement of pages, whoever decided it.
 *
 * A request names a run of pages and where they go. Requests of a queue are worked off in order by that queue's kernel
 * thread; requests taken in a fault are worked off by the faulting thread, which waits. Work is cut into batches, and a
 * batch goes through the kernel's steps (mm/migrate.c): isolate; unmap, folio by folio, putting migration entries;
 * flush TLBs; copy; remap, folio by folio; release. Whoever touches a page between its unmapping and its remapping
 * waits. docs/migration.md has the order of steps, the formulas and what is left out.
 *
 * Every cost is booked by step and by payer (mm/payers.h). Time is taken from the cores that do the work (mm/cpus.h),
 * and copies cross the machine like everybody's lines (mm/stream.h).
 */
#pragma once

#include <mm/cpus.h>
#include <mm/payers.h>
#include <mm/space.h>
#include <mm/story.h>
#include <mm/stream.h>
#include <numasim/policy.h>
#include <sim/histogram.h>
#include <sim/random.h>

/* How folios are copied and remapped within a batch. */
typedef enum {
    NSIM_FLOW_AUTO,  /* FOLIO for the cpu copier, BATCH for the others, which need it */
    NSIM_FLOW_FOLIO, /* each folio is copied and remapped before the next one (stock kernel) */
    NSIM_FLOW_BATCH  /* the whole batch is copied, then remapped */
} NsimFlow;

/* How many copy workers. */
typedef enum {
    NSIM_SCALE_FIXED,    /* so many */
    NSIM_SCALE_BYTES,    /* one for each `thread_bytes` of the batch, `threads` at most */
    NSIM_SCALE_LOAD,     /* as many idle cores as there are, `threads` at most, one at least */
    NSIM_SCALE_BANDWIDTH /* while one more is predicted to gain `gain` at least, `threads` at most */
} NsimScale;

/* Keys that every policy takes, and the config's `migration:`; rows in mover-options.c. */
typedef struct {
    uint32_t copier;       /* NsimCopierKind */
    const char *by_reason; /* "promotion=dma demotion=mtcpu" */
    uint64_t threads;
    uint32_t spread; /* NsimSpread */
    uint32_t scale;  /* NsimScale */
    uint64_t thread_bytes;
    uint64_t gain_ppm;
    const char *engine; /* "": any that reaches both nodes */
    uint64_t channels;  /* 0: all of them */
    bool nt;            /* non-temporal stores: the destination's lines are not fetched */
    uint32_t flow;      /* NsimFlow */
    uint64_t batch_pages;
    bool transactional;
    uint64_t transaction_retries;
    uint32_t attribution;                           /* NsimAttribution */
    uint64_t locked_ppm, pinned_ppm, writeback_ppm; /* of a folio, at each attempt */
    NsimTime ping_pong_ps;
    /* page replacement, which is on when one of the first two is given or a policy asks for it */
    bool reclaim_on;
    NsimReclaimConfig reclaim;
} NsimMoverConfig;

/* Names as users write them, by NsimCopierKind and by NsimSpread; NULL at the end. */
extern const char *const nsim_copier_names[], *const nsim_spread_names[];

#define NSIM_MOVER_OPTION_COUNT 31u
/* Of them, those about how pages are moved; the others are about page replacement. */
#define NSIM_MOVE_OPTION_COUNT 19u
extern const NsimOption nsim_mover_options[NSIM_MOVER_OPTION_COUNT];

/* The defaults of the rows. */
NsimMoverConfig nsim_mover_config_default(void);
/* Copiers by reason from `by_reason`, others `copier`. NULL, or what is wrong. (transfer full) */
char *nsim_mover_read_reasons(const NsimMoverConfig *config, NsimCopierKind ret_copiers[NSIM_REASONS]);

typedef struct {
    uint64_t pages, promoted_pages, demoted_pages, failed_pages, ping_pong_pages;
    uint64_t failed_by_cause[NSIM_CAUSES];
    uint64_t retried_pages, shadow_pages, exchanged_pages;
    uint64_t copied_bytes[NSIM_COPIERS];
    /* vmstat */
    uint64_t thp_success, thp_fail, thp_split;
    uint64_t collapse_alloc, collapse_alloc_failed;
    uint64_t shootdowns; /* CPUs interrupted to flush their TLBs */
    uint64_t batches;
} NsimMoverStats;

typedef struct _NsimMover NsimMover;

/* A thread that waited for a page, or for its own requests, goes on at `now_ps`. */
typedef void (*NsimWakeFunc)(void *context, uint32_t thread, NsimTime now_ps);
/* A request is done. */
typedef void (*NsimDoneFunc)(void *context, const NsimOutcome *outcome);

typedef struct {
    const NsimMachine *machine;
    NsimFabric *fabric;
    NsimMemory *memory;
    NsimSpace **spaces;
    const uint32_t *space_groups;          /* by space; NSIM_GROUP_NONE */
    const NsimAccessorId *space_accessors; /* by space: the accessor most of its threads run on */
    uint32_t space_count;
    NsimEventQueue *events;
    NsimCpus *cpus;
    NsimPayers *payers;
    NsimMoverConfig config; /* strings borrowed */
    uint64_t seed;
} NsimMoverSetup;

/* Everything in `setup` is borrowed and outlives the mover. (transfer full) */
NsimMover *nsim_mover_new(const NsimMoverSetup *setup);
void nsim_mover_free(NsimMover *mover);
void nsim_mover_listen_wake(NsimMover *mover, NsimWakeFunc wake, void *context);
void nsim_mover_listen_done(NsimMover *mover, NsimDoneFunc done, void *context);
/* Let it tell a story (borrowed; NULL: none). */
void nsim_mover_set_story(NsimMover *mover, NsimStory *story);
/* Which cores run threads of a space: they are interrupted when its TLB entries go. */
void nsim_mover_set_mask(NsimMover *mover, NsimSpaceId space, uint32_t core);

/* Who asks. */
typedef struct {
    uint32_t thread; /* of the replay: it works the request off and waits; NSIM_THREAD_NONE: the queue's kernel thread
                        does */
    uint32_t core;   /* the thread's */
    const char *payer;
    NsimDoneFunc done; /* nullable: is told of the outcome instead of the mover's listener */
    void *done_context;
} NsimInitiator;

#define NSIM_THREAD_NONE UINT32_MAX

/*
 * Of a request, beside the flags of the contract: whole frames become one unit of movement each, copied into new memory on
 * the decision's node (MADV_COLLAPSE). Frames without memory or with a page on a disk are passed over, as are those that
 * are one unit already.
 */
#define NSIM_MOVE_COLLAPSE (1u << 31)

/*
 * Take a request. Returns its token (never 0). The decision is sound (checked by the caller). It begins at `now_ps` or
 * when those before it in its queue are done.
 */
uint64_t nsim_mover_request(NsimMover *mover, const NsimDecision *decision, const NsimInitiator *initiator,
                            NsimTime now_ps);
/* What has not begun of a request is not done any more. False: there is no such request now. */
bool nsim_mover_cancel(NsimMover *mover, uint64_t token);
/* Name the kernel thread of a policy's queue (1 and up), and where it runs: NSIM_CORE_NONE lets it choose for each batch. */
void nsim_mover_name_queue(NsimMover *mover, uint32_t queue, const char *name, uint32_t core);
/* Pages by node that moves leave free (min watermarks); borrowed, NULL: none. */
void nsim_mover_set_reserves(NsimMover *mover, const uint64_t *pages);
/* A kernel thread that no policy has: its queue, NSIM_QUEUES_MAX or above. */
uint32_t nsim_mover_add_thread(NsimMover *mover, const char *name);
/* What the mover was made of. */
const NsimMoverSetup *nsim_mover_setup(const NsimMover *mover);
/* The kernel thread of a queue (1 and up) does other work than moving. Returns when it is done. */
NsimTime nsim_mover_kernel_work(NsimMover *mover, uint32_t queue, NsimTime now_ps, NsimTime ps);
/* Pages asked for and not yet done in a queue. */
uint64_t nsim_mover_pending(const NsimMover *mover, uint32_t queue);

/*
 * A thread touches a page that is being moved: it waits. Its wake-up ends that. For a request of its own that the
 * thread has just made, `nsim_mover_waits` says so.
 */
void nsim_mover_block(NsimMover *mover, NsimSpaceId space, NsimPage page, uint32_t thread, NsimTime now_ps);
bool nsim_mover_waits(const NsimMover *mover, uint32_t thread);
/* Is work under way or waiting? */
bool nsim_mover_busy(const NsimMover *mover);

/* Nothing but events happens before this time: streams need not ask in between. */
void nsim_mover_set_ahead(NsimMover *mover, NsimTime ahead_ps);

const NsimMoverStats *nsim_mover_stats(const NsimMover *mover);
/* Times accesses waited for pages under migration. */
const NsimHistogram *nsim_mover_blocked(const NsimMover *mover);
/* Times folios were unmapped: how long an access can wait at most. */
const NsimHistogram *nsim_mover_away(const NsimMover *mover);
void nsim_mover_forget(NsimMover *mover);
/* Pages that moves under way have taken on a node as their destination. O(folios under way). */
uint64_t nsim_mover_taken(const NsimMover *mover, NsimNodeId node);
/* Drop what is under way, as if it had not begun: pages stay where they were. For the end of a run. */
void nsim_mover_stop(NsimMover *mover);

/*
 * Kernel work beside migrations, which is not in the migrations' books. `interrupt` takes `ps` of a core from `now_ps` on.
 * `flush` shoots down TLB entries of `pages` changed page-table entries of a space on behalf of a core: other cores that run
 * its threads lose the time of an interrupt. Returns what the asking core waits.
 */
void nsim_mover_interrupt(NsimMover *mover, NsimAccessorId accessor, uint32_t core, NsimTime ps, NsimTime now_ps);
NsimTime nsim_mover_flush(NsimMover *mover, NsimSpaceId space, uint64_t pages, NsimAccessorId accessor, uint32_t core,
                          NsimTime now_ps);
