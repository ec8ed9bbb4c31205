/* SPDX-License-Identifier: MIT */
/*
 * The core side of the policy contract (include/numasim/policy.h): one run's memory, its policy, and the execution of
 * the policy's decisions. Mechanisms do; the policy decides.
 */
#pragma once

#include <mm/mover.h>
#include <mm/sampler.h>
#include <mm/space.h>
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
} NsimVmstat;

typedef struct {
    NsimHost host; /* first: the policy's handle */
    const NsimMachine *machine;
    NsimMemory *memory;
    NsimSpace **spaces;
    uint32_t space_count;
    NsimEventQueue *events;
    NsimMover *mover;         /* NULL: pages stay where they are, and a policy that moves some fails the run */
    const NsimFuture *future; /* NULL unless the policy may see it */
    NsimTime now_ps;
    NsimVmstat vmstat;
    char *failure; /* why the run cannot go on, or NULL */
    /* The thread whose fault the policy is handling (NSIM_THREAD_NONE: none), its core, and when the fault itself is done. */
    uint32_t fault_thread, fault_core;
    NsimAccessorId fault_accessor;
    NsimTime fault_done_ps;
    /* private */
    const NsimPolicyClass *policy;
    void *instance;
    uint64_t *counters;
    NsimRandom random;
    bool in_pressure;
    NsimSampler sampler;
    const NsimFabric *fabric; /* NULL: there are no counters of nodes, routes and resources */
} NsimMm;

/* Have `mover` (borrowed) carry out the policy's moves; outcomes go to the policy. */
void nsim_mm_set_mover(NsimMm *mm, NsimMover *mover);

/* Everything is borrowed except what `free` frees: the object itself. */
NsimMm *nsim_mm_new(const NsimMachine *machine, NsimMemory *memory, NsimSpace **spaces, uint32_t space_count,
                    NsimEventQueue *events, uint64_t seed);
void nsim_mm_free(NsimMm *mm);

/* Attach a policy with its parsed options; false with `error` when it refuses them. */
bool nsim_mm_attach(NsimMm *mm, const NsimPolicyClass *policy, const void *config, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void nsim_mm_detach(NsimMm *mm);
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
 * Load every named region of a space (all of it when none has a name) on behalf of `accessor`, as a loader does that writes
 * it front to back.
 */
bool nsim_mm_load(NsimMm *mm, NsimSpaceId space, NsimAccessorId accessor);
