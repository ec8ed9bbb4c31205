/* SPDX-License-Identifier: MIT */
/* The mover's insides: requests and tasks (mover.c), the steps of a batch (mover-batch.c), copiers (copy.c). */
#pragma once

#include <mm/mover.h>

typedef struct {
    uint64_t token;
    NsimDecision decision;
    NsimPage next, end; /* pages not yet put into a batch */
    uint32_t folios;    /* of it under way */
    uint64_t moved_pages, failed_pages, skipped_pages;
    NsimCause cause; /* of the first failure */
    NsimPayer payer;
    bool cancelled;
    bool listed;       /* on its task's list */
    NsimDoneFunc done; /* nullable */
    void *done_context;
    NsimTime asked_ps;
} Request;

typedef enum {
    FOLIO_WAITING,  /* isolated */
    FOLIO_UNMAPPED, /* has its destination; accesses wait */
    FOLIO_MOVED,
    FOLIO_FAILED,
    FOLIO_LEFT /* over for a try alone */
} FolioState;

typedef struct {
    Request *request; /* until the folio is settled */
    uint64_t token;   /* of the request */
    NsimPage page;
    NsimPage partner; /* exchange: its first page */
    uint32_t pages, entries;
    NsimNodeId source, destination;
    uint8_t state;        /* FolioState */
    uint8_t cause;        /* NsimCause of the last attempt */
    uint8_t tries;        /* transactional copies */
    NsimTime unmapped_ps; /* accesses wait from then on */
    bool shadow;          /* the destination still holds its content */
    bool collapse;        /* base pages that become one huge page; `entries` of them have memory, most on `source` */
} Folio;

/* Somebody who migrates: a kernel thread with a queue, or a thread in a fault. */
typedef struct {
    NsimMover *mover;
    char *name;
    NsimPayer payer;
    uint32_t queue;       /* 0: in a fault */
    uint32_t thread;      /* that waits for the task to end; NSIM_THREAD_NONE */
    uint32_t pinned_core; /* NSIM_CORE_NONE: chosen for each batch */
    uint32_t core;
    GQueue requests;       /* Request *: not wholly put into a batch yet */
    bool busy, fresh_list; /* fresh_list: the next batch begins a list */
    /* the batch */
    NsimSpaceId space;
    uint32_t group;
    NsimPayer initiator;
    GArray *folios;    /* Folio */
    GArray *leftovers; /* Folio: tried alone after their batch */
    guint at;          /* folio of the step */
    uint32_t pass, pass_max;
    bool sync, alone, transactional, exchange, batch_flow, full;
    NsimCopierKind copier, chosen; /* as configured; for this batch */
    struct NsimCopy *copy;         /* under way */
    NsimTime began_ps;
    uint64_t batch;                 /* its number */
    NsimTime spent_ps[NSIM_PHASES]; /* on it */
} Task;

typedef struct {
    NsimSpaceId space;
    NsimPage page;
    uint32_t thread;
    NsimTime since_ps;
} Waiter;

struct _NsimMover {
    NsimMoverSetup setup;
    const NsimMigrationCosts *costs;
    NsimCopierKind copiers[NSIM_REASONS];
    NsimWakeFunc wake; /* nullable, and so is done */
    NsimDoneFunc done;
    void *wake_context, *done_context;
    NsimStreamWorld world;
    NsimTime ahead_ps;
    NsimRandom random;
    GPtrArray *queues;    /* Task *, by queue - 1 */
    GPtrArray *threads;   /* Task *, by queue - NSIM_QUEUES_MAX: the kernel's own */
    GPtrArray *faults;    /* Task *, of threads */
    GHashTable *requests; /* token -> Request */
    GArray *waiters;      /* Waiter */
    GHashTable *left;     /* unit and node it left -> when */
    GArray **masks;       /* by space: uint32_t cores */
    const uint64_t *reserves; /* by node, nullable */
    uint64_t last_token;
    bool cancels; /* some request was cancelled */
    NsimPayer root, worker;
    NsimPayer *accessor_payers;
    struct NsimEngineState *engines; /* by engine of the machine */
    NsimMoverStats stats;
    NsimHistogram blocked, away;
    uint64_t last_batch;
    NsimStory *story; /* NULL: nobody watches */
};

/* mover.c */

/* Book a step's time: `natural` is whoever's core it was. */
void mover_charge(Task *task, NsimPayer natural, NsimPhase phase, NsimTime ps);
/* Work of the task's own core from `from_ps` on, booked. Returns when it ends. */
NsimTime mover_work(Task *task, NsimPhase phase, NsimTime from_ps, NsimTime ps);
void mover_at(NsimMover *mover, NsimTime when_ps, NsimEventFunc run, void *context);
/* The pages [page, page + count) may be touched again. */
void mover_unblock(NsimMover *mover, NsimSpaceId space, NsimPage page, uint64_t count, NsimTime now_ps);
/* What has not begun of a request fails. */
void mover_give_up(NsimMover *mover, Request *request, NsimCause cause);
/* A folio has come to an end. */
void mover_settle(Task *task, Folio *folio, NsimTime now_ps);
/* What a story wants to know of the task's work on a request; borrowed from both. */
NsimStoryMove mover_story(const Task *task, const Request *request);
/* Does the folio's move bring it nearer to whoever it is for? */
bool mover_is_promotion(const NsimMover *mover, NsimSpaceId space, const Folio *folio);
/* The batch is over. */
void mover_batch_done(Task *task, NsimTime now_ps);

/* mover-batch.c */

/* Put folios of the task's next requests into a batch and begin. False: there are none (left). */
bool batch_begin(Task *task, NsimTime now_ps);
/* Try the next folio that its batch left over, alone. False: there is none. */
bool batch_leftover(Task *task, NsimTime now_ps);
/* Undo what is under way. */
void batch_abort(Task *task);

/* mover-flush.c: shootdown for the task, booked on it; returns when it is over. */
NsimTime flush_shoot_down(Task *task, uint64_t base_pages, uint64_t huge_folios, NsimTime now_ps);

/* copy.c */

typedef void (*NsimCopyDone)(Task *task, NsimTime now_ps);
/*
 * Copy `pieces` (copied) by `kind` on behalf of the task from `now_ps` on, booking what it costs; `done` is called when
 * all has arrived and the task's core goes on.
 */
void copy_start(Task *task, const NsimPiece *pieces, uint32_t count, NsimCopierKind kind, NsimTime now_ps,
                NsimCopyDone done);
void copy_free(struct NsimCopy *copy);
/*
 * Which copier would finish first now. With `gap_ps` above 0 the core itself may also remap after each piece, which
 * takes so long: whether it would better do that.
 */
NsimCopierKind copy_choose(Task *task, const NsimPiece *pieces, uint32_t count, NsimTime gap_ps, NsimTime now_ps,
                           bool *ret_by_piece);
/* How many workers the config asks for. */
uint32_t copy_workers(Task *task, const NsimPiece *pieces, uint32_t count, NsimTime now_ps, uint32_t *ret_cores);

struct NsimEngineState *copy_engines_new(NsimMover *mover);
void copy_engines_free(NsimMover *mover);

/*
 * copy-predict.c: predicted times of copying `pieces` from now on: by the task's own core, with a gap for other work
 * after each piece; by workers on `cores`, handing out included; by an engine.
 */
NsimTime predict_own(const Task *task, const NsimPiece *pieces, uint32_t count, NsimTime gap_ps);
NsimTime predict_cpu(const Task *task, const NsimPiece *pieces, uint32_t count, const uint32_t *cores,
                     uint32_t core_count);
NsimTime predict_dma(const Task *task, const NsimPiece *pieces, uint32_t count, uint32_t engine, uint32_t channels,
                     NsimTime queue_ps);
