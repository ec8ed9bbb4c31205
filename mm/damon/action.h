/* SPDX-License-Identifier: MIT */
/*
 * What a DAMOS action does to a region: walks its folios, asks the filters of operations, and either does its work or
 * makes a list of moves for the mover.
 *
 * Source: damon_pa_apply_scheme(), damon_va_apply_scheme() and what they call in Linux mm/damon/, 6.12 to 7.2, written
 * anew. Pages that go out, and LRU lists, are reclaim's (mm/reclaim.h): without it there are none. Left out: waiting
 * for pages that go out; collapsing base pages to a huge one; reading ahead what will be needed (willneed is taken and
 * has no effect). Advice on huge pages is mm/huge.h's.
 */
#pragma once

#include <mm/damon/context.h>
#include <mm/damon/plan.h>
#include <mm/host.h>

/* CPU times of the walk; what migrating takes is the mover's. */
typedef struct {
    NsimTime step_ps;   /* a page-frame number or page-table entry with nothing behind it */
    NsimTime folio_ps;  /* finding a folio and taking a reference to it */
    NsimTime young_ps;  /* testing, and clearing, its accessed bits for a filter: a walk over its mappings */
    NsimTime region_ps; /* a region looked at by a scheme, or scored */
} NsimDamosCosts;

/* 40 ns a step (published for empty numbers); the others are assumed. */
extern const NsimDamosCosts nsim_damos_costs_default;

/* Pages to be moved, in one piece. */
typedef struct {
    NsimSpaceId space;
    NsimNodeId node;
    NsimPage page;
    uint32_t count;
    uint32_t flags; /* of the mover's request */
} NsimDamosMove;

typedef struct {
    GArray *moves;          /* NsimDamosMove, appended to */
    uint64_t passed_bytes;  /* went through the filters of operations */
    uint64_t applied_bytes; /* done already; moves are not */
    NsimTime cpu_ps;
} NsimDamosWork;

/* What became of a folio of a region that a scheme tried its action on. */
typedef enum {
    NSIM_DAMOS_FOLIO_FILTERED, /* by a filter of operations */
    NSIM_DAMOS_FOLIO_THERE,    /* it is where it should go */
    NSIM_DAMOS_FOLIO_DONE      /* or to be moved */
} NsimDamosFolioFate;

/* Where and on whose behalf. */
typedef struct {
    NsimMm *mm;
    const NsimDamonContext *context;
    const NsimDamosPlan *plan;
    const NsimDamosCosts *costs;
    uint64_t *last_folio; /* the one that the scheme dealt with last, plus one: a huge one may lie in several regions */
    const char *payer;    /* of pages that go out */
    NsimTime now_ps;
    void (*folio)(void *data, const NsimDamonFolio *folio, NsimDamosFolioFate fate); /* nullable */
    void *data;
} NsimDamosActor;

/* May these operations do the plan's action? False with a message, as the kernel refuses it. */
bool nsim_damos_action_check(const NsimDamosPlan *plan, const NsimDamonOps *ops,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Walk over [start, end) of a target. */
void nsim_damos_act(const NsimDamosActor *actor, const NsimDamonTarget *target, uint64_t start, uint64_t end,
                    NsimDamosWork *work);

/*
 * The node of a page by weights: its index in its mapping, in folios, modulo the sum of all weights falls to a node.
 * `mapping`: where the mapping begins. NSIM_NODE_NONE: all weights are 0.
 */
NsimNodeId nsim_damos_slot(const NsimMachine *machine, const GArray *dests, uint64_t mapping, uint64_t address,
                           unsigned folio_shift);
