/* SPDX-License-Identifier: MIT */
/* State of a replay, shared by its hot loop (replay.c) and everything that happens rarely (the others). */
#pragma once

#include <experiment/replay.h>

/* A burst issues in pieces of at most this many lines: larger ones reserve too far ahead of other accessors. */
#define CHUNK_LINES 16u

/* Lines in flight that were issued together: the first completes at `time_ps`, the others `spacing_ps` after each other. */
typedef struct {
    NsimTime time_ps;
    uint32_t lines, spacing_ps;
} Piece;

/*
 * Pieces in flight over one kind of route, in order of completion. The times of the first two stand apart in the core's
 * lane_heads and lane_seconds, NSIM_TIME_MAX when there are not so many: the next head is then known without a look into
 * the ring. A sentinel that never completes follows the last piece.
 */
typedef struct {
    Piece *ring; /* mask + 1 long */
    uint32_t mask, first, end;
    NsimTime last_ps;
} Lane;

/* Lanes are searched in groups of this many; unused ones never win. */
#define LANE_GROUP 4u

/* A core: one window of outstanding lines, one stream of computation. */
typedef struct {
    NsimTime slot_ps;     /* completion of the last line, or first line of a piece, that left the window */
    uint32_t outstanding; /* lines in the window */
    uint32_t lane_room;   /* a multiple of LANE_GROUP */
    NsimTime *lane_heads, *lane_seconds; /* completions of the first and second piece of each lane */
    Lane *lanes;
    NsimFabricRoute *routes; /* of its accessor: [node * NSIM_DIRS + dir] */
    uint16_t *lane_of;       /* same index; NO_LANE until used */
    uint32_t window[2];      /* random, streaming */
    NsimTime heads_inline[LANE_GROUP], seconds_inline[LANE_GROUP];
    Lane lanes_inline[LANE_GROUP];
    NsimTime cpu_free_ps; /* end of the computation done so far; only for cores that threads share */
    struct NsimTlb *tlb;  /* nullable */
    uint32_t lane_count;  /* in use */
    uint32_t ring_mask;
    uint32_t thread_count;
    uint32_t number; /* of its accessor's cores */
    NsimAccessorId accessor;
} __attribute__((aligned(64))) Core;

#define NO_LANE 0xffffu

typedef struct {
    /* used by every record */
    const NsimBurst *next, *end; /* next: the burst being issued, or to be looked at */
    Core *core;
    NsimSpace *space;
    uint64_t gap_mult;
    NsimTime base_ps;      /* what the next gap counts from */
    NsimTime ready_ps;     /* when the next chunk could issue, slots permitting */
    NsimTime done_ps;      /* completion of everything issued so far */
    NsimTime last_done_ps; /* completion of the previous chunk */
    NsimTime stall_ps;
    uint32_t limit;  /* window lines for the burst */
    uint32_t issued; /* lines of the burst issued so far */
    bool plain;      /* begun, and not special: the common path */
    bool begun;      /* `next` has been looked at: ready_ps and limit are its own */
    bool special;    /* shares its core, has a cache model in front or a TLB: the general path */
    bool told; /* special for the sake of a story alone */
    bool shared, cached, ended;
    bool blocked;  /* waits for the mover; ready_ps is then NSIM_TIME_MAX */
    bool faulting; /* blocked by its own fault's moves: kernel work, not waiting */
    /* rarely used */
    NsimTime gap_ps; /* compute before the next chunk; shared cores redo ready_ps from it */
    NsimTime start_ps, kernel_ps, barrier_ps, blocked_ps;
    NsimTime blocked_since_ps;
    NsimBurstSource source;
    uint64_t burst_count, hit_count; /* hits in the cache model */
    uint32_t number, workload;
    NsimSpaceId space_id;
    NsimAccessorId accessor;
    uint32_t mark; /* the last one passed, UINT32_MAX: none */
    NsimTime mark_ps;
    /* Sleep. */
    NsimTime sleep_ps;   /* gaps this long are sleep; NSIM_TIME_MAX: none */
    NsimTime planned_ps; /* when the thread would be here if only its gaps took time */
    NsimTime idle_ps;    /* slept */
    /* CPU time: what was used until `cpu_from_ps`, when the sums of this thread began. */
    NsimTime cpu_before_ps, cpu_from_ps;
    const NsimBurst *batch_end; /* `end` comes before it where a record is to be sampled */
    uint64_t sample_left;       /* lines until then, from the record looked at last on; 0: none is */
    bool sample_due;            /* the last record before `end` is sampled */
    NsimPage refault; /* 1 + the page that had no memory yet: its fault goes on when it is touched again */
} __attribute__((aligned(64))) Thread;

/* Threads waiting at one barrier group. */
typedef struct {
    uint32_t members, arrived;
    NsimTime latest_ps;
    uint32_t *waiting; /* thread indices, `members` long at most */
    NsimTime *arrival_ps;
} Barrier;

/* Leaf or inner node of the tournament: the earliest key below it. */
typedef struct {
    NsimTime key_ps;
    uint64_t thread;
} Contender;

struct _NsimReplay {
    NsimReplayOptions options;
    NsimReplayStats stats;
    NsimServer *servers; /* the fabric's */
    Thread *threads;
    Core *cores;
    uint32_t core_count;
    Contender *tree; /* 1-based; leaves from leaf_count on */
    uint32_t leaf_count;
    NsimTime horizon_ps; /* something other than an access is due */
    bool stop;
    struct NsimCache **caches; /* by accessor; NULL without */
    Barrier **barriers; /* by workload */
    /* By workload and mark; NULL: the mark begins none (nsim_trace_mark_is_block()). */
    NsimReplayOperation ***operations;
    uint32_t running;   /* threads not ended */
    GError *error;
};

/* replay-records.c */

/* The run ends with this error, which is taken. */
void replay_fail(NsimReplay *replay, GError *error);
/* The run ends when the hot loop comes back. */
void replay_stop(NsimReplay *replay);
/* A thread begins (1) or ends (-1): pressure is measured against those there are. */
void replay_count_thread(NsimReplay *replay, const Thread *thread, NsimTime now_ps, int change);
/* A control record. True: the thread goes on; false: it is blocked, stopped or failed. */
bool replay_control(NsimReplay *replay, Thread *thread, const NsimBurst *burst);
/* The thread has a burst in hand: it may sleep in the gap before it. Only for threads that do sleep. */
void replay_pace(Thread *thread);
/* More bursts. False: none (thread->ended) or failed (replay->error, replay->stop). */
bool replay_refill(NsimReplay *replay, Thread *thread);

/* replay-page.c */

/* A page that is absent, armed or has copies, met by `burst`. Returns the node to go to, or NSIM_NODE_NONE when the access
 * must be tried again when thread->ready_ps comes. */
NsimNodeId replay_slow_page(NsimReplay *replay, Thread *thread, const NsimBurst *burst, NsimTime t_ps, uint16_t state);
/* The next line of a burst of an unfiltered trace through its accessor's cache model. False: its page was not ready. */
bool replay_issue_cached(NsimReplay *replay, Thread *thread, NsimTime t_ps);

/* The key of a page's translation in a TLB: a huge page has one entry. */
static inline uint64_t
replay_translation(const Thread *thread, NsimPage page)
{
    const uint64_t space = (uint64_t)thread->space_id << 40;
    if (nsim_space_is_huge(thread->space, page))
        return space | (uint64_t)1 << 39 | page >> thread->space->frame_page_shift;
    return space | page;
}

/* The bits of `touched` that an access by a core with a TLB sets in a page's state. */
uint16_t replay_walked(const Thread *thread, NsimPage page, uint16_t state, uint16_t touched);
/* The kernel takes a core's time. */
void replay_steal(NsimReplay *replay, NsimAccessorId accessor, uint32_t core, NsimTime ps);
/* The same, as NsimStealFunc. */
void replay_steal_time(void *context, NsimAccessorId accessor, uint32_t core, NsimTime ps);
/* A thread that was blocked goes on: NsimWakeFunc. */
void replay_wake_thread(void *context, uint32_t number, NsimTime now_ps);

/* replay-run.c */

/* Something is due at or before t_ps: curve nodes, events, the end. */
void replay_service(NsimReplay *replay, NsimTime t_ps);
/* What policies may know of a thread: NsimTasks. */
void replay_tell_task(const void *context, uint32_t task, NsimTime now_ps, NsimTaskInfo *ret);
uint64_t replay_tell_records(const void *context, uint32_t task);

/* replay-new.c */

/* First use of a route by a core. */
uint32_t replay_add_lane(NsimReplay *replay, Core *core, uint32_t route);

/* replay-sample.c */

/* Let the thread's records end at the next one to be sampled. */
void replay_cut(NsimReplay *replay, Thread *thread);
/* The thread's records have ended. If the last one was to be sampled, do it; true: there are more in the batch. */
bool replay_sample(NsimReplay *replay, Thread *thread);
/* A line has missed the cache model. */
void replay_sample_line(NsimReplay *replay, Thread *thread, const NsimBurst *burst, uint32_t line);

/* replay.c */

/* Set a thread's key and bring the tournament up to date. */
void replay_set_key(NsimReplay *replay, uint32_t thread, NsimTime key_ps);
void replay_loop(NsimReplay *replay);
/* Issue one line of `burst` at t. False: its page was not ready. */
bool replay_issue_line(NsimReplay *replay, Thread *thread, const NsimBurst *burst, NsimTime t_ps);
