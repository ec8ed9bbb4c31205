/* SPDX-License-Identifier: MIT */
/*
 * Burst replay: threads of traces run through cores with windows, address spaces and the fabric, in exact time order.
 *
 * docs/replay.md has the model: order of steps, windows, chunks, faults, barriers, what is left out.
 */
#pragma once

#include <gio/gio.h>
#include <mm/host.h>
#include <models/fabric.h>
#include <sim/histogram.h>
#include <traces/trace.h>

typedef struct _NsimReplay NsimReplay;

/* Where the bursts of a thread come from. A trace cursor is one; tests and benches bring their own arrays. */
typedef struct {
    const NsimBurst *bursts;
    uint32_t next, filled;
    /* More: as nsim_trace_cursor_fill(). NULL: there is no more than what is filled. */
    bool (*fill)(void *context, const NsimBurst **ret_bursts, uint32_t *ret_count, GError **error);
    void *context;
} NsimBurstSource;

/* One software thread. */
typedef struct {
    NsimBurstSource source;
    NsimSpaceId space;
    NsimAccessorId accessor;
    uint32_t core;     /* of the accessor; threads of one core share its window and take turns computing */
    uint32_t workload; /* barriers and marks are per workload */
    uint32_t number;   /* in its workload */
    NsimTime start_ps;
    /* Gap units to picoseconds: ps = gap * mult / 2^16. */
    uint64_t gap_mult;
    bool filtered; /* the trace is already behind a cache: the accessor's own is skipped */
    NsimTime sleep_ps; /* gaps at least this long are sleep until a timer; 0: none */
} NsimReplayThread;

typedef struct {
    uint32_t barrier_count, mark_count;
    const uint32_t *barriers;  /* members of each group */
    char *const *marks;
} NsimReplayWorkload;

typedef struct {
    const NsimMachine *machine;
    NsimMm *mm;             /* memory, spaces, policy */
    NsimFabric *fabric;
    NsimEventQueue *events;
    NsimCpus *cpus;         /* nullable, as long as mm has no mover */
    const NsimReplayWorkload *workloads;
    uint32_t workload_count;
    const NsimReplayThread *threads;
    uint32_t thread_count;
    NsimTime until_ps;  /* NSIM_TIME_MAX: to the end */
    NsimTime warmup_ps; /* statistics begin here */
    GCancellable *cancel;       /* nullable */
    uint64_t *progress_lines;   /* nullable: lines taken from the traces so far, updated atomically */
    NsimStory *story;           /* nullable: is told of accesses; results stay what they are */
} NsimReplayOptions;

typedef struct {
    NsimTime end_ps;    /* last completion */
    uint64_t access_count;
    NsimTime stall_ps, kernel_ps, barrier_ps, blocked_ps, idle_ps, compute_ps; /* summed over its threads */
    uint32_t thread_count;
} NsimReplayAccessor;

typedef struct {
    uint32_t workload, mark; /* the operation begins at this mark and ends at the thread's next mark */
    NsimHistogram times;
} NsimReplayOperation;

/* What a replay found; valid until the replay is freed. */
typedef struct {
    NsimTime begin_ps, end_ps; /* of the statistics */
    bool complete;             /* false: cancelled */
    uint64_t access_count, burst_count;
    NsimHistogram latency;
    NsimReplayAccessor *accessors;    /* machine->accessor_count long */
    NsimReplayOperation **operations; /* NULL-terminated, in the order of (workload, mark), without marks of blocks */
} NsimReplayStats;

/* The source of a trace cursor; the cursor stays the caller's. */
NsimBurstSource nsim_burst_source_of_cursor(NsimTraceCursor *cursor);

NsimReplay *nsim_replay_new(const NsimReplayOptions *options);
void nsim_replay_free(NsimReplay *replay);
/*
 * Run to the end of the work, `until`, or cancellation. False with `error`: a damaged trace, a barrier nobody else
 * reaches (NSIM_TRACE_ERROR), or mm->failure.
 */
bool nsim_replay_run(NsimReplay *replay, GError **error) G_GNUC_WARN_UNUSED_RESULT;
const NsimReplayStats *nsim_replay_stats(const NsimReplay *replay);
/* Statistics so far, for timelines: accesses, and the sum of their latencies. */
void nsim_replay_peek(const NsimReplay *replay, uint64_t *ret_access_count, uint64_t *ret_latency_sum_ps);
