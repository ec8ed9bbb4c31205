/* SPDX-License-Identifier: MIT */
/*
 * A kdamond: the kernel thread of a DAMON context. It senses and acts one after the other, so that the time it takes to
 * migrate stretches its sampling.
 *
 * A state machine on the event queue. Each state does its work at once, takes the CPU time for it from a core, and
 * names the state that follows and when:
 *
 *     START -> PREPARE -> (sampling interval) -> OBSERVE -> ACT -> CONCLUDE -> PREPARE
 *                 \-> IDLE while all schemes are inactive            \-> MIGRATE, until the mover is done -> ACT
 *
 * Source: kdamond_fn() in Linux mm/damon/core.c, 6.12 to 7.2, written anew. Left out: stopping one by hand, several
 * contexts in one kdamond (nor does the kernel have them).
 */
#pragma once

#include <mm/damon/action.h>
#include <mm/damon/ops-paddr.h>
#include <mm/damon/ops-plugin.h>
#include <mm/damon/ops-space.h>
#include <mm/damon/report.h>
#include <mm/damon/walk.h>

typedef struct _NsimKdamond NsimKdamond;

/* Who wants to know what kdamonds do. Nullable each. */
typedef struct {
    /* An aggregation is complete: the regions of a target, merged and not yet reset (damon_aggregated). */
    void (*aggregated)(void *data, const NsimKdamond *kdamond, uint32_t target, NsimTime now_ps);
    /* A scheme is going to be tried on a region (damos_before_apply). */
    void (*before_apply)(void *data, const NsimKdamond *kdamond, const NsimDamosTry *try, NsimTime now_ps);
    /* A scheme has been applied to all regions (damos_stat_after_apply_interval). */
    void (*applied)(void *data, const NsimKdamond *kdamond, uint32_t scheme, NsimTime now_ps);
    /* The intervals changed (damon_monitor_intervals_tune). */
    void (*tuned)(void *data, const NsimKdamond *kdamond, NsimTime now_ps);
    void *data;
    /* A scheme that is due looks at a region. */
    void (*considered)(void *data, const NsimKdamond *kdamond, const NsimDamos *scheme, uint32_t target,
                       const NsimDamonRegion *region, NsimDamosConsidered what);
    /* A folio of a region that the action is tried on. */
    void (*folio)(void *data, const NsimKdamond *kdamond, const NsimDamonFolio *folio, NsimDamosFolioFate fate);
} NsimDamonListener;

typedef struct {
    NsimTime cpu_ps;       /* sampling, scoring, walks: without migrating */
    NsimTime migrating_ps; /* waited for the mover */
    uint64_t samples, aggregations;
    uint64_t checked_regions; /* regions sampled, in all samples */
    NsimTime sample_min_ps, sample_max_ps, aggr_min_ps, aggr_max_ps; /* intervals that there were */
} NsimKdamondStats;

/* What may be set for all kdamonds of a run. */
typedef struct {
    NsimDamonRules rules;
    NsimDamosRules scheme_rules;
    NsimDamosCosts costs;
    NsimDamonReportRules report_rules;
    uint32_t primitive;    /* NsimDamonPrimitive of kdamonds that do not name one */
    NsimSampling sampling; /* hardware sampling for `hw_sample`, of all accessors, unless the policy has turned it on */
    const char *feed;      /* values for `user_input` goals (feed.h); NULL or "": none. Borrowed, as the next */
    const char *core;      /* cores for plans that name none (cores.h); NULL or "": any */
} NsimKdamondConfig;

/* Linux 7.2; access reports as they were meant; accessed bits. */
NsimKdamondConfig nsim_kdamond_config_default(void);

typedef struct {
    NsimMm *mm; /* with a mover; it and all else is borrowed */
    uint32_t number;
    const NsimKdamondConfig *config;
    const GPtrArray *plugins; /* NsimDamonPlugin *: operations that texts may name */
    const NsimDamonListener *listeners;
    const uint32_t *listener_count;
    uint32_t *shared_split_count;
    const NsimDamonFeeds *const *feeds; /* of `user_input` goals; what it points at may be NULL */
    uint64_t seed;
} NsimKdamondSetup;

/* Takes the plan, in any case. It begins to work at mm->now_ps. NULL with `error` for what the kernel would refuse. */
NsimKdamond *nsim_kdamond_new(const NsimKdamondSetup *setup, NsimKdamondPlan *plan,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* At any time, in the middle of its work as well. */
void nsim_kdamond_free(NsimKdamond *kdamond);

/* May these become its parameters? False with `error`: other targets than there are, or what the kernel would refuse.
 */
bool nsim_kdamond_check(const NsimKdamond *kdamond, const NsimKdamondPlan *plan,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* New parameters that nsim_kdamond_check() has seen; they take effect after the sample under way. Takes the plan. */
void nsim_kdamond_commit(NsimKdamond *kdamond, NsimKdamondPlan *plan);

/* Set the current value of a `user_input` goal. False: there is no such one. */
bool nsim_kdamond_feed(NsimKdamond *kdamond, uint32_t scheme, uint32_t goal, uint64_t value);

/* Somebody saw an access. Kdamonds that live on accessed bits do not listen. */
void nsim_kdamond_report(NsimKdamond *kdamond, const NsimDamonReport *report);
/* Does it arm pages? */
bool nsim_kdamond_arms(const NsimKdamond *kdamond);
/* Did it arm this page for the sample under way? */
bool nsim_kdamond_armed(const NsimKdamond *kdamond, NsimSpaceId space, NsimPage page);

/* Does it live on hardware samples? */
bool nsim_kdamond_samples(const NsimKdamond *kdamond);

uint32_t nsim_kdamond_number(const NsimKdamond *kdamond);
const NsimDamonContext *nsim_kdamond_context(const NsimKdamond *kdamond);
const NsimKdamondPlan *nsim_kdamond_plan(const NsimKdamond *kdamond);
const NsimKdamondStats *nsim_kdamond_stats(const NsimKdamond *kdamond);
uint32_t nsim_kdamond_scheme_count(const NsimKdamond *kdamond);
const NsimDamos *nsim_kdamond_scheme(const NsimKdamond *kdamond, uint32_t scheme);
/* "kdamond.0" */
const char *nsim_kdamond_name(const NsimKdamond *kdamond);
/* The space of a target; NULL with physical addresses. */
const NsimSpace *nsim_kdamond_space(const NsimKdamond *kdamond, uint32_t target, NsimSpaceId *ret_id);
/* Are its operations a plug-in's? */
bool nsim_kdamond_is_named(const NsimKdamond *kdamond);
/* Is it migrating, that is, not sampling? */
bool nsim_kdamond_is_migrating(const NsimKdamond *kdamond);
/* Did all of its targets die? */
bool nsim_kdamond_is_over(const NsimKdamond *kdamond);
