/* SPDX-License-Identifier: MIT */
/* A kdamond's insides: the thread (kdamond.c) and what its targets are made of (kdamond-targets.c). */
#pragma once

#include <mm/damon/kdamond.h>

typedef enum { START, PREPARE, IDLE, OBSERVE, ACT, MIGRATE, CONCLUDE, OVER } State;

/* The try under way. */
typedef struct {
    NsimDamosTry what;
    NsimDamosWork work;
    NsimTime began_ps;
    uint32_t waiting; /* moves that the mover has not answered for */
    uint64_t moved_pages;
} Attempt;

struct _NsimKdamond {
    NsimKdamondSetup setup;
    NsimKdamondPlan *plan, *pending; /* pending: parameters to be taken over; NULL */
    NsimDamonContext *context;
    NsimDamos *schemes;
    uint64_t *last_folios; /* by scheme */
    uint32_t scheme_count;
    NsimDamonSpaceOps space_ops; /* the operations' own: one of the two pairs */
    NsimDamonSpaceTarget *space_targets;
    NsimDamonPhysicalOps physical_ops;
    NsimDamonPhysicalTarget *physical_targets;
    NsimDamonPluginOps plugin_ops;
    NsimDamonTargetInfo *plugin_targets;
    NsimDamonRange *node_ranges; /* of targets that are nodes */
    NsimDamonReporter reporter;  /* with access reports as the primitive: around the operations */
    NsimDamonOps reporter_ops;
    uint32_t queue, core;
    NsimNodeId home; /* core without a choice of the plan's: one near this node */
    NsimPayer payer;
    char *name;
    State state;
    uint64_t event; /* pending, or EVENT_NONE */
    NsimDamosWalk walk;
    Attempt attempt;
    NsimKdamondStats stats;
};

static inline const NsimDamonContextPlan *
kdamond_context_plan(const NsimKdamondPlan *plan)
{
    return g_ptr_array_index(plan->contexts, 0);
}

/* kdamond-targets.c */

/* What physical addresses need; false with `error` when it is too late for that. */
bool kdamond_need_frames(NsimMm *mm, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The targets of the plan. False with `error` when one names what there is not. */
bool kdamond_add_targets(NsimKdamond *kdamond, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Ranges that a new plan gives the targets: regions in them stay. */
void kdamond_adopt_ranges(NsimKdamond *kdamond);
