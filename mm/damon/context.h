/* SPDX-License-Identifier: MIT */
/*
 * A DAMON context: targets, attributes, and the monitoring loop of its kdamond, one half-step at a time.
 *
 * Source: kdamond_fn() and what it calls in Linux mm/damon/core.c, rules of 6.12 to 7.2, written anew. Whoever drives
 * the loop owns the clock (kdamond.c): prepare, a sampling interval later observe, then schemes, then conclude. Nothing
 * here schedules events or charges a core; each step returns a time that has its work in it. Left out: pausing.
 */
#pragma once

#include <mm/damon/ops.h>
#include <mm/damon/tune.h>

typedef struct {
    /* Whole microseconds, as the kernel keeps them; sample <= aggr. All periods count samples, not time. */
    NsimTime sample_ps, aggr_ps, ops_update_ps;
    uint32_t min_nr_regions, max_nr_regions; /* 3 <= min <= max */
    NsimDamonGoal goal;
} NsimDamonAttrs;

/* The kernel's defaults: 5 ms, 100 ms, 60 s, 10 to 1000 regions, no tuning. */
NsimDamonAttrs nsim_damon_attrs_default(void);

typedef struct {
    /* An aggregation is complete: regions are merged, aged and not yet reset, as `damon_aggregated` records them. */
    void (*aggregated)(void *data, NsimDamonContext *context, NsimTime now_ps);
    /* The intervals changed: deadlines that count samples begin anew. Nullable, as the other one is. */
    void (*retimed)(void *data, NsimDamonContext *context);
    void *data;
} NsimDamonHooks;

typedef struct {
    NsimDamonAttrs attrs;
    NsimDamonRules rules;
    uint64_t min_region_bytes; /* a power of two: the base page as a rule */
    const NsimDamonOps *ops;   /* borrowed */
    void *ops_state;           /* borrowed */
    NsimDamonHooks hooks;
    /* The region count of the last split, one for all contexts of a kernel; borrowed. NULL: the context's own. */
    uint32_t *shared_split_count;
    uint64_t seed;
    const char *stream; /* name of the random stream, unique among contexts */
} NsimDamonSetup;

/* Everything is readable for operations and listeners; only context.c writes, except the regions' samples. */
struct _NsimDamonContext {
    NsimDamonAttrs attrs;
    NsimDamonRules rules;
    uint64_t min_region_bytes;
    NsimDamonTarget *targets;
    uint32_t target_count;
    uint32_t aggr_samples; /* samples of an aggregation interval: the largest count */
    /* in samples since the start */
    uint64_t passed_samples, next_aggregation, next_ops_update, next_tune;
    uint64_t aggregations, tunings; /* so far */
    uint64_t size_limit;            /* bytes: regions do not merge beyond it */
    uint32_t max_nr_accesses;       /* of the last check */
    uint32_t merge_threshold;       /* of the last aggregation, first pass */
    /* private */
    const NsimDamonOps *ops;
    void *ops_state;
    NsimDamonHooks hooks;
    NsimRandom random;
    uint32_t own_split_count;
    uint32_t *split_count;
};

/* False with a message when the kernel would refuse them (EINVAL). */
bool nsim_damon_attrs_check(const NsimDamonAttrs *attrs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* NULL with `error` for attributes that the kernel would refuse. (transfer full) */
NsimDamonContext *nsim_damon_context_new(const NsimDamonSetup *setup, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_damon_context_free(NsimDamonContext *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimDamonContext, nsim_damon_context_free)

/* A further target, without regions. Before the start only. (transfer none), valid until the next one is added */
NsimDamonTarget *nsim_damon_add_target(NsimDamonContext *context, void *handle);

/* What comes before the loop: first regions and deadlines. Returns when to call nsim_damon_prepare(). */
NsimTime nsim_damon_start(NsimDamonContext *context, NsimTime now_ps);
/* Can none of the targets be monitored any more? */
bool nsim_damon_is_over(const NsimDamonContext *context);
/* Choose pages and forget their accesses. Returns when to look at them; NSIM_TIME_MAX: all targets died. */
NsimTime nsim_damon_prepare(NsimDamonContext *context, NsimTime now_ps);
/* One sampling interval later: count; merge, if an aggregation is complete. Schemes act after that. */
NsimTime nsim_damon_observe(NsimDamonContext *context, NsimTime now_ps);
/* What ends the step: tuning, reset, splitting, following mappings, where due. Returns when to prepare again. */
NsimTime nsim_damon_conclude(NsimDamonContext *context, NsimTime now_ps);
/* Both, without schemes. */
static inline NsimTime
nsim_damon_check(NsimDamonContext *context, NsimTime now_ps)
{
    return nsim_damon_conclude(context, nsim_damon_observe(context, now_ps));
}

/* Change attributes between steps: counts and ages are converted, deadlines begin anew. */
bool nsim_damon_set_attrs(NsimDamonContext *context, const NsimDamonAttrs *attrs,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For operations: a page of the region at random, and the result of looking at it. */
static inline void
nsim_damon_choose(NsimDamonContext *context, NsimDamonRegion *region)
{
    region->sampling_address = region->start + nsim_random_below(&context->random, nsim_damon_region_bytes(region));
}

static inline void
nsim_damon_count(const NsimDamonContext *context, NsimDamonRegion *region, bool hit)
{
    nsim_damon_region_count(region, hit, context->aggr_samples, &context->rules);
}

uint32_t nsim_damon_nr_regions(const NsimDamonContext *context);
/* Bytes of all targets over the least number of regions, at least the smallest region. */
uint64_t nsim_damon_size_limit(const NsimDamonContext *context);
