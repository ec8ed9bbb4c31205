/* SPDX-License-Identifier: MIT */
/*
 * The core side of the policy contract (include/numasim/policy.h): one run's memory, its policy, and the execution of
 * the policy's decisions. Mechanisms do; the policy decides.
 */
#pragma once

#include <mm/frames.h>
#include <mm/mover.h>
#include <mm/reclaim.h>
#include <mm/sampler.h>
#include <mm/space.h>
#include <mm/story.h>
#include <sim/event-queue.h>
#include <sim/random.h>

/* What a policy with NSIM_CAP_FUTURE may know: lines of each page by accessor over the whole trace. */
typedef struct {
    uint32_t accessor_count, space_count;
    /* reads[space * accessor_count + accessor][page]; NULL where an accessor touches nothing of a space */
    uint32_t **reads, **writes;
    NsimTime *gap_ps;          /* by accessor: longest compute of one thread */
    uint32_t *window_lines;    /* by accessor: what its busy cores can have outstanding */
} NsimFuture;

/* Counters with the kernel's names (vmstat) as this run defines them; docs/numasim-results.5. */
typedef struct {
    uint64_t pgfault;          /* faults taken by accessors */
    uint64_t numa_hit;         /* pages that got the node they were meant for */
    uint64_t numa_miss;        /* pages that fell back to another node */
    uint64_t numa_hint_faults; /* armed pages touched */
    bool thp_shown;            /* somebody has given advice on huge pages (mm/huge.h): the next two count then */
    uint64_t thp_fault_alloc, thp_fault_fallback;
} NsimVmstat;

/* The threads of the workloads; whoever runs them says what they do. */
typedef struct {
    uint32_t count;
    /* Everything but the size; the task is below `count`. */
    void (*info)(const void *context, uint32_t task, NsimTime now_ps, NsimTaskInfo *ret);
    /* Records of its trace that it has done since statistics began. */
    uint64_t (*records)(const void *context, uint32_t task);
    const void *context;
} NsimTasks;

typedef struct {
    NsimHost host; /* first: the policy's handle */
    const NsimMachine *machine;
    NsimMemory *memory;
    NsimSpace **spaces;
    uint32_t space_count;
    NsimEventQueue *events;
    NsimMover *mover;         /* NULL: pages stay where they are, and a policy that moves some fails the run */
    NsimFrames *frames;       /* NULL: nothing needs them */
    struct _NsimDamonSession *damon; /* NULL: nobody asked for DAMON */
    uint64_t seed;                   /* of all random streams of the run */
    NsimReclaim *reclaim;     /* NULL: nodes fill up to the last page */
    const NsimFuture *future; /* NULL unless the policy may see it */
    NsimTime now_ps;
    NsimVmstat vmstat;
    char *failure; /* why the run cannot go on, or NULL */
    /* The thread whose fault the policy is handling (NSIM_THREAD_NONE: none), its core, and when the fault itself is done. */
    uint32_t fault_thread, fault_core;
    NsimAccessorId fault_accessor;
    NsimTime fault_done_ps;
    NsimTime fault_reclaim_ps; /* its own reclaim's share of the faulting thread's time, and what the policy charged */
    NsimTasks tasks;          /* none before the workloads begin */
    const NsimPolicyClass *policy; /* NULL: none */
    void *instance;                /* the policy's; NULL: not attached */
    /* private */
    NsimHostOps ops;
    uint64_t *counters;
    NsimRandom random;
    bool in_pressure;
    NsimSampler sampler;
    const NsimFabric *fabric; /* NULL: there are no counters of nodes, routes and resources */
    NsimStory *story;         /* NULL: nobody watches */
} NsimMm;

/* Have `mover` (borrowed) carry out the policy's moves; outcomes go to the policy. */
void nsim_mm_set_mover(NsimMm *mm, NsimMover *mover);

/* Let the run tell a story (borrowed), with its mover and its lists. Before the policy is attached. */
void nsim_mm_set_story(NsimMm *mm, NsimStory *story);

/* Everything is borrowed except what `free` frees: the object itself. */
NsimMm *nsim_mm_new(const NsimMachine *machine, NsimMemory *memory, NsimSpace **spaces, uint32_t space_count,
                    NsimEventQueue *events, uint64_t seed);
void nsim_mm_free(NsimMm *mm);

/* Attach a policy with its parsed options; false with `error` when it refuses them. */
bool nsim_mm_attach(NsimMm *mm, const NsimPolicyClass *policy, const void *config, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void nsim_mm_detach(NsimMm *mm);
/* From now on there are mm->frames. In an `attach`, before any page is placed; false with `error`: see nsim_frames_new(). */
bool nsim_mm_need_frames(NsimMm *mm, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Time that some thread was held up by a lack of memory so far (PSI); 0 without reclaim. */
NsimTime nsim_mm_stall_ps(const NsimMm *mm);
/* Turn reclaim on, or change how it goes on: as nsim_reclaim(). Needs a mover. */
bool nsim_mm_reclaim(NsimMm *mm, const NsimReclaimConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One for each counter row of the policy, in order. */
const uint64_t *nsim_mm_counters(const NsimMm *mm);

/*
 * Pages were touched: ask the policy, then place what it left as the kernel's default policy does (nearest node of the
 * toucher first, then in the order of distance). False when memory has run out everywhere: mm->failure says so.
 */
bool nsim_mm_fault(NsimMm *mm, const NsimFault *faults, uint32_t count);

/* Samples for the policy, at mm->now_ps. */
void nsim_mm_samples(NsimMm *mm, const NsimSample *samples, uint32_t count);

/*
 * The thread in a fault (fault_thread and what belongs to it) touched a page on a disk: find memory for it and read it
 * from fault_done_ps on. Whether the thread waits then, nsim_mm_waits() says. False: as above.
 */
bool nsim_mm_page_in(NsimMm *mm, NsimSpaceId space, NsimPage page);
/*
 * Read a page that is on a disk, from `from_ps` on, before anybody touches it (MADV_WILLNEED). False: it is not there, or no
 * node has room above its low mark.
 */
bool nsim_mm_read_ahead(NsimMm *mm, NsimSpaceId space, NsimPage page, NsimTime from_ps);
/* Does the thread whose fault was just handled wait for its moves, or for reclaim? It is woken then. */
bool nsim_mm_waits(NsimMm *mm, uint32_t thread);

/*
 * Load every named region of a space (all of it when none has a name) on behalf of `accessor`, as a loader does that writes
 * it front to back.
 */
bool nsim_mm_load(NsimMm *mm, NsimSpaceId space, NsimAccessorId accessor);
