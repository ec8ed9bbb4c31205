/* SPDX-License-Identifier: MIT */
/*
 * A machine with kdamonds at work, for tests: memory, one workload, a mover, the event queue, and accesses drawn from a
 * known pattern. Nothing replays: accessed bits are set as a workload would.
 */
#pragma once

#include "../box.h"

#include <mm/damon/session.h>

typedef struct {
    Box box;
    NsimFabric *fabric;
    NsimCpus *cpus;
    NsimPayers *payers;
    NsimMover *mover;
    NsimMoverConfig mover_config; /* set before rig_start() */
    NsimDamonSession *session;
    uint32_t space_groups[BOX_SPACES_MAX]; /* none; 0 before rig_start(): the group "g" */
    NsimAccessorId space_accessors[BOX_SPACES_MAX];
    /* accesses: `accesses_per_tick` each millisecond, nine tenths of them to hot pages */
    NsimRandom random;
    NsimPage hot_first;
    uint64_t hot_pages, accesses_per_tick;
    NsimTime move_ps;        /* the next hot window comes after so long; 0: never */
    const uint32_t *windows; /* which, in units of hot_pages */
    uint32_t window_count;
} Rig;

/*
 * What a page more costs to move in the guest with which kernels were recorded (docs/kernel-judge.md): 7.7 us of
 * kdamond's CPU time (476 ms for 61440 pages), where it would be 2.0 here. Calibrated.
 */
#define RIG_GUEST_MOVE_PS (5700 * NSIM_NS)

/* Two nodes, 0 of `near_mib` and 1 of `far_mib` MiB, a disk, three cores; a space of `frames` frames. */
void rig_open(Rig *rig, unsigned near_mib, unsigned far_mib, uint64_t frames, uint32_t unit_pages);
/* The core with a mover. No page has memory yet. */
void rig_start(Rig *rig);
/* Ends in the middle of whatever happens; audits the books. */
void rig_close(Rig *rig);

/* Begin to access. */
void rig_access(Rig *rig);
void rig_run(Rig *rig, NsimTime until_ps);
/* Pages of [first, first + count) on a node. */
uint64_t rig_count(const Rig *rig, NsimPage first, uint64_t count, NsimNodeId node);

/* A plan of one kdamond with one context; `*ret` is the context's. (transfer full) */
NsimDamonPlan *rig_plan(NsimDamonContextPlan **ret);
/* One more kdamond in the plan. */
NsimDamonContextPlan *rig_plan_add(NsimDamonPlan *plan);
/* A target of a context, and a scheme. */
NsimDamonTargetPlan *rig_add_target(NsimDamonContextPlan *context);
NsimDamosPlan *rig_add_scheme(NsimDamonContextPlan *context, NsimDamosAction action, int32_t nid);
/* Start the plan, which must be sound; takes it. */
void rig_damon(Rig *rig, NsimDamonPlan *plan);
