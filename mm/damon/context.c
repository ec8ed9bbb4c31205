/* SPDX-License-Identifier: MIT */
/*
 * The monitoring loop of a kdamond: sample, aggregate, tune, reset, split, update.
 *
 * Source: kdamond_fn(), kdamond_merge_regions(), kdamond_split_regions(), damon_set_attrs() in Linux mm/damon/core.c,
 * rules of 6.12 to 7.2, written anew. Left out: see context.h.
 */
#include <mm/damon/context.h>

#include <gio/gio.h>
#include <sim/assert.h>
#include <sim/time.h>

#define BP 10000u
/* The kernel's lower bound of min_nr_regions: fewer could not hold three areas of an address space. */
#define LEAST_NR_REGIONS 3u
/* Counts that differ by less than this share of the largest count are alike. */
#define MERGE_SHARE 10u

NsimDamonAttrs
nsim_damon_attrs_default(void)
{
    return (NsimDamonAttrs){.sample_ps = 5 * NSIM_MS,
                            .aggr_ps = 100 * NSIM_MS,
                            .ops_update_ps = 60 * NSIM_S,
                            .min_nr_regions = 10,
                            .max_nr_regions = 1000};
}

static bool
refuse(GError **error, const char *message)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, message);
    return false;
}

bool
nsim_damon_attrs_check(const NsimDamonAttrs *attrs, GError **error)
{
    const NsimDamonGoal *goal = &attrs->goal;
    if (attrs->min_nr_regions < LEAST_NR_REGIONS || attrs->min_nr_regions > attrs->max_nr_regions)
        return refuse(error, "DAMON needs at least 3 regions, and no more at least than at most");
    if (attrs->sample_ps == 0 || attrs->sample_ps > attrs->aggr_ps)
        return refuse(error, "the sampling interval of DAMON must be above 0 and not above the aggregation interval");
    if (attrs->sample_ps % NSIM_US != 0 || attrs->aggr_ps % NSIM_US != 0 || attrs->ops_update_ps % NSIM_US != 0 ||
        goal->min_sample_ps % NSIM_US != 0 || goal->max_sample_ps % NSIM_US != 0)
        return refuse(error, "intervals of DAMON are whole microseconds");
    if (attrs->aggr_ps / attrs->sample_ps > UINT32_MAX / BP)
        return refuse(error, "an aggregation interval of DAMON has too many samples");
    if (goal->aggrs > 0 && (goal->min_sample_ps > attrs->sample_ps || attrs->sample_ps > goal->max_sample_ps))
        return refuse(error, "the sampling interval of DAMON is outside the bounds of its tuning");
    return true;
}

/* ---- Life --------------------------------------------------------------------------------------------------- */

NsimDamonContext *
nsim_damon_context_new(const NsimDamonSetup *setup, GError **error)
{
    if (!nsim_damon_attrs_check(&setup->attrs, error))
        return NULL;
    if (setup->min_region_bytes == 0 || (setup->min_region_bytes & (setup->min_region_bytes - 1)) != 0) {
        refuse(error, "the smallest region of DAMON is not a power of two");
        return NULL;
    }
    NsimDamonContext *context = g_new0(NsimDamonContext, 1);
    context->attrs = setup->attrs;
    context->rules = setup->rules;
    context->min_region_bytes = setup->min_region_bytes;
    context->ops = setup->ops;
    context->ops_state = setup->ops_state;
    context->hooks = setup->hooks;
    context->split_count = setup->shared_split_count != NULL ? setup->shared_split_count : &context->own_split_count;
    context->aggr_samples = (uint32_t)(setup->attrs.aggr_ps / setup->attrs.sample_ps);
    nsim_random_init(&context->random, setup->seed, setup->stream);
    return context;
}

void
nsim_damon_context_free(NsimDamonContext *context)
{
    if (context == NULL)
        return;
    for (uint32_t t = 0; t < context->target_count; t++)
        nsim_damon_target_clear(&context->targets[t]);
    g_free(context->targets);
    g_free(context);
}

NsimDamonTarget *
nsim_damon_add_target(NsimDamonContext *context, void *handle)
{
    nsim_assert(context->passed_samples == 0);
    context->targets = g_renew(NsimDamonTarget, context->targets, context->target_count + 1);
    NsimDamonTarget *target = &context->targets[context->target_count++];
    *target = (NsimDamonTarget){.handle = handle};
    return target;
}

/* ---- Sizes and deadlines ------------------------------------------------------------------------------------ */

uint32_t
nsim_damon_nr_regions(const NsimDamonContext *context)
{
    uint32_t count = 0;
    for (uint32_t t = 0; t < context->target_count; t++)
        count += context->targets[t].count;
    return count;
}

uint64_t
nsim_damon_size_limit(const NsimDamonContext *context)
{
    uint64_t bytes = 0;
    for (uint32_t t = 0; t < context->target_count; t++)
        bytes += nsim_damon_target_bytes(&context->targets[t]);
    const uint64_t unit = context->min_region_bytes, limit = MAX(bytes / context->attrs.min_nr_regions, unit);
    return context->rules.initial_split ? (limit + unit - 1) / unit * unit : limit;
}

static uint64_t
update_samples(const NsimDamonContext *context)
{
    return context->attrs.ops_update_ps / context->attrs.sample_ps;
}

static uint64_t
tune_samples(const NsimDamonContext *context)
{
    return context->aggr_samples * context->attrs.goal.aggrs;
}

NsimTime
nsim_damon_start(NsimDamonContext *context, NsimTime now_ps)
{
    NsimTime cost_ps = 0;
    nsim_assert(context->passed_samples == 0);
    context->next_aggregation = context->aggr_samples;
    context->next_ops_update = update_samples(context);
    context->next_tune = tune_samples(context);
    if (context->ops->init != NULL)
        cost_ps = context->ops->init(context->ops_state, context, now_ps);
    context->size_limit = nsim_damon_size_limit(context);
    if (context->rules.initial_split) {
        for (uint32_t t = 0; t < context->target_count; t++)
            nsim_damon_target_limit(&context->targets[t], context->size_limit);
    }
    return nsim_time_add_saturated(now_ps, cost_ps);
}

/* ---- Attributes --------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t samples_before, samples_after;
    NsimTime aggr_before_ps, aggr_after_ps;
} Rescale;

static uint32_t
rescaled(uint32_t value, uint64_t numerator, uint64_t denominator)
{
    const unsigned __int128 result = (unsigned __int128)value * numerator / denominator;
    return result > UINT32_MAX ? UINT32_MAX : (uint32_t)result;
}

/* Ages count aggregation intervals, counts are out of their samples: both keep their meaning. */
static void
rescale_region(NsimDamonRegion *region, const Rescale *by, bool aggregating)
{
    if (aggregating) {
        /* What this interval has counted so far was sampled at another pace. */
        region->last_nr_accesses = rescaled(region->last_nr_accesses, by->samples_after, by->samples_before);
        region->nr_accesses_bp = region->last_nr_accesses * BP;
        region->nr_accesses = 0;
    } else {
        region->nr_accesses = rescaled(region->nr_accesses, by->samples_after, by->samples_before);
        region->nr_accesses_bp = region->nr_accesses * BP;
    }
    region->age = rescaled(region->age, by->aggr_before_ps, by->aggr_after_ps);
}

static void
adopt_attrs(NsimDamonContext *context, const NsimDamonAttrs *attrs)
{
    const bool aggregating = context->passed_samples < context->next_aggregation;
    const Rescale by = {.samples_before = context->aggr_samples,
                        .samples_after = (uint32_t)(attrs->aggr_ps / attrs->sample_ps),
                        .aggr_before_ps = context->attrs.aggr_ps,
                        .aggr_after_ps = attrs->aggr_ps};
    context->attrs = *attrs;
    context->aggr_samples = by.samples_after;
    context->next_aggregation = context->passed_samples + context->aggr_samples;
    context->next_ops_update = context->passed_samples + update_samples(context);
    for (uint32_t t = 0; t < context->target_count; t++) {
        for (uint32_t i = 0; i < context->targets[t].count; i++)
            rescale_region(&context->targets[t].regions[i], &by, aggregating);
    }
    if (context->hooks.retimed != NULL)
        context->hooks.retimed(context->hooks.data, context);
}

bool
nsim_damon_set_attrs(NsimDamonContext *context, const NsimDamonAttrs *attrs, GError **error)
{
    if (!nsim_damon_attrs_check(attrs, error))
        return false;
    adopt_attrs(context, attrs);
    context->next_tune = context->passed_samples + tune_samples(context);
    return true;
}

/* The share of byte-samples seen accessed, against the goal; ages change with the intervals, counts do not. */
static void
tune(NsimDamonContext *context)
{
    uint64_t observed = 0, maximum = 0;
    for (uint32_t t = 0; t < context->target_count; t++) {
        for (uint32_t i = 0; i < context->targets[t].count; i++) {
            const NsimDamonRegion *region = &context->targets[t].regions[i];
            observed += nsim_damon_region_bytes(region) * region->nr_accesses;
            maximum += nsim_damon_region_bytes(region) * context->aggr_samples;
        }
    }
    NsimDamonAttrs attrs = context->attrs;
    const uint64_t score = nsim_damon_access_score(observed, maximum, attrs.goal.access_bp);
    context->next_tune += tune_samples(context);
    if (nsim_damon_interval_multiplier_bp(score) == BP)
        return;
    attrs.sample_ps = nsim_damon_tuned_sample_ps(&attrs.goal, attrs.sample_ps, score);
    attrs.aggr_ps = attrs.sample_ps * context->aggr_samples;
    context->tunings++;
    adopt_attrs(context, &attrs);
}

/* ---- The loop ----------------------------------------------------------------------------------------------- */

bool
nsim_damon_is_over(const NsimDamonContext *context)
{
    if (context->ops->target_valid == NULL)
        return false;
    for (uint32_t t = 0; t < context->target_count; t++) {
        if (context->ops->target_valid(context->ops_state, &context->targets[t]))
            return false;
    }
    return true;
}

NsimTime
nsim_damon_prepare(NsimDamonContext *context, NsimTime now_ps)
{
    if (nsim_damon_is_over(context))
        return NSIM_TIME_MAX;
    const NsimTime cost_ps = context->ops->prepare(context->ops_state, context, now_ps);
    return nsim_time_add_saturated(now_ps, cost_ps + context->attrs.sample_ps);
}

/* Merge; with too many regions left again and again, twice as tolerant each time. Each pass ages every region. */
static void
merge(NsimDamonContext *context)
{
    uint32_t count = 0, threshold = context->max_nr_accesses / MERGE_SHARE;
    context->merge_threshold = threshold;
    do {
        for (uint32_t t = 0; t < context->target_count; t++)
            nsim_damon_target_merge(&context->targets[t], threshold, context->size_limit, &context->rules);
        count = nsim_damon_nr_regions(context);
        threshold = MAX(1, threshold * 2);
    } while (count > context->attrs.max_nr_regions && threshold / 2 < context->aggr_samples);
}

/* A count that did not change since the last split may hide a busy middle: three pieces find it. */
static void
split(NsimDamonContext *context)
{
    const uint32_t count = nsim_damon_nr_regions(context), max = context->attrs.max_nr_regions;
    if (count > max / 2)
        return;
    const uint32_t pieces = *context->split_count == count && count < max / 3 ? 3 : 2;
    for (uint32_t t = 0; t < context->target_count; t++)
        nsim_damon_target_split(&context->targets[t], pieces, context->min_region_bytes, &context->random);
    *context->split_count = count;
}

static void
end_aggregation(NsimDamonContext *context, NsimTime now_ps)
{
    /* Tuning replaces the deadlines; the next aggregation counts from this one all the same. */
    const uint64_t boundary = context->next_aggregation;
    if (context->attrs.goal.aggrs > 0 && context->passed_samples >= context->next_tune)
        tune(context);
    context->next_aggregation = boundary + context->aggr_samples;
    context->aggregations++;
    if (context->hooks.aggregated != NULL)
        context->hooks.aggregated(context->hooks.data, context, now_ps);
    for (uint32_t t = 0; t < context->target_count; t++)
        nsim_damon_target_reset(&context->targets[t]);
    split(context);
}

static bool
aggregation_is_complete(const NsimDamonContext *context)
{
    return context->passed_samples >= context->next_aggregation;
}

NsimTime
nsim_damon_observe(NsimDamonContext *context, NsimTime now_ps)
{
    context->passed_samples++;
    now_ps += context->ops->check(context->ops_state, context, now_ps, &context->max_nr_accesses);
    if (aggregation_is_complete(context))
        merge(context);
    return now_ps;
}

NsimTime
nsim_damon_conclude(NsimDamonContext *context, NsimTime now_ps)
{
    if (aggregation_is_complete(context))
        end_aggregation(context, now_ps);
    if (context->passed_samples >= context->next_ops_update) {
        context->next_ops_update += update_samples(context);
        if (context->ops->update != NULL)
            now_ps += context->ops->update(context->ops_state, context, now_ps);
        context->size_limit = nsim_damon_size_limit(context);
    }
    return now_ps;
}
