/* SPDX-License-Identifier: MIT */
/*
 * Traps of DAMOS, each from the kernel's rules of 6.12 to 7.2 or from what was seen on real machines.
 */
#include <experiment/damo-trap.h>

#include <experiment/damo-ramp.h>
#include <experiment/damo-say.h>
#include <experiment/damo-text.h>

/* Rates are cut off to whole samples. */
static void
check_rate(const NsimDamonContextPlan *context, const NsimDamosRate *rate, const char *which, GPtrArray *warnings)
{
    const uint64_t window = nsim_damo_window_samples(&context->attrs);
    if (rate->samples || rate->value > UINT64_MAX / window || rate->value * window % 1000000 == 0)
        return;
    g_autofree char *percent = nsim_damo_text_percent(rate->value, 4);
    nsim_damo_say(warnings,
                  "the %s access rate, %s of %" G_GUINT64_FORMAT
                  " samples, is no whole number: it is cut off to %" G_GUINT64_FORMAT,
                  which, percent, window, nsim_damo_rate_samples(rate, window));
}

static void
check_pattern(const NsimDamonContextPlan *context, const NsimDamosPlan *scheme, GPtrArray *warnings)
{
    const uint64_t window = nsim_damo_window_samples(&context->attrs);
    const NsimTime aggr_ps = context->attrs.aggr_ps;
    check_rate(context, &scheme->rate_min, "least", warnings);
    if (scheme->rate_max.value != NSIM_DAMON_MAX)
        check_rate(context, &scheme->rate_max, "largest", warnings);
    if (scheme->rate_min.value > 0 && nsim_damo_rate_samples(&scheme->rate_min, window) == 0)
        nsim_damo_say(warnings, "the least access rate becomes 0 samples: memory that is never accessed matches, too");
    if (nsim_damo_rate_samples(&scheme->rate_min, window) > nsim_damo_rate_samples(&scheme->rate_max, window) ||
        scheme->bytes_min > scheme->bytes_max ||
        nsim_damo_age_intervals(&scheme->age_min, aggr_ps) > nsim_damo_age_intervals(&scheme->age_max, aggr_ps))
        nsim_damo_say(warnings, "a least value is above its largest one: no region matches");
    if (nsim_damo_rate_samples(&scheme->rate_min, window) > window && scheme->rate_min.value != NSIM_DAMON_MAX)
        nsim_damo_say(warnings, "the least access rate is above 100 %%: no region matches");
    if (scheme->age_min.value > 0 && nsim_damo_age_intervals(&scheme->age_min, aggr_ps) == 0)
        nsim_damo_say(warnings, "the least age is shorter than an aggregation interval and becomes 0");
    if (context->attrs.goal.aggrs > 0 && !scheme->age_min.intervals && scheme->age_min.value > 0)
        nsim_damo_say(
            warnings,
            "ages become numbers of aggregation intervals with the intervals of the moment they are committed; "
            "when these tune themselves, the same numbers stand for other times");
}

/* Actions that an address space lacks do nothing. */
static void
check_action(const NsimDamonContextPlan *context, const NsimDamosPlan *scheme, GPtrArray *warnings)
{
    static const bool physical[NSIM_DAMOS_ACTIONS] = {
        [NSIM_DAMOS_PAGEOUT] = true,     [NSIM_DAMOS_LRU_PRIO] = true,     [NSIM_DAMOS_LRU_DEPRIO] = true,
        [NSIM_DAMOS_MIGRATE_HOT] = true, [NSIM_DAMOS_MIGRATE_COLD] = true, [NSIM_DAMOS_STAT] = true};
    const bool is_physical = context->ops == NSIM_DAMON_PADDR;
    const bool is_lru = scheme->action == NSIM_DAMOS_LRU_PRIO || scheme->action == NSIM_DAMOS_LRU_DEPRIO;
    if (context->ops == NSIM_DAMON_NAMED)
        return; /* the plug-in says */
    if (is_physical ? !physical[scheme->action] : is_lru)
        nsim_damo_say(warnings, "%s has no action %s: nothing is done", nsim_damon_ops_name(context),
                      nsim_damos_action_names[scheme->action]);
    if (is_physical && scheme->dests->len > 0)
        nsim_damo_say(warnings, "paddr ignores several destinations: %s",
                      scheme->target_nid >= 0 ? "all goes to the one target node"
                                              : "without a single node nothing moves");
    if (is_physical && scheme->action == NSIM_DAMOS_PAGEOUT)
        nsim_damo_say(warnings,
                      "pageout in paddr rejects young pages even without a filter, and swaps out: it does not demote");
}

static void
check_window(const NsimDamonContextPlan *context, const NsimDamosPlan *scheme, GPtrArray *warnings)
{
    const NsimDamonAttrs *attrs = &context->attrs;
    const bool has_quota = scheme->quota_bytes > 0 || scheme->quota_ms > 0 || scheme->goals->len > 0;
    const NsimTime longest_ps = attrs->goal.aggrs > 0 ? attrs->goal.max_sample_ps : attrs->sample_ps;
    const NsimTime apply_ps = scheme->apply_interval_ps > 0 ? scheme->apply_interval_ps : attrs->aggr_ps;
    g_autofree char *longest = nsim_damo_text_ps(longest_ps);
    g_autofree char *apply = nsim_damo_text_ps(apply_ps);
    if (has_quota && scheme->quota_interval_ps == NSIM_TIME_MAX)
        nsim_damo_say(warnings, "the quota has no interval: what it allows, it allows once");
    else if (has_quota && apply_ps > scheme->quota_interval_ps)
        nsim_damo_say(warnings, "a window ends only when the scheme runs: it is as long as the apply interval, %s",
                      apply);
    if (scheme->apply_interval_ps > 0 && longest_ps > scheme->apply_interval_ps)
        nsim_damo_say(
            warnings,
            "the sampling interval may be longer than the apply interval: at %s the scheme runs, and a window "
            "of its quota lasts, one sample",
            longest);
    if (!has_quota && nsim_damo_migrates(scheme))
        nsim_damo_say(warnings,
                      "there is no quota: one application may move all that matches, and the kdamond samples nothing "
                      "meanwhile");
}

/* What the feedback loop makes of a goal. */
static void
check_goal(const NsimDamonContextPlan *context, const NsimDamosPlan *scheme, const NsimDamosGoalPlan *goal,
           GPtrArray *warnings)
{
    const uint64_t bytes = nsim_damo_quota_bytes(scheme);
    if (goal->target == 0)
        nsim_damo_say(warnings, "a goal of 0 is reached at once");
    if (goal->metric == NSIM_GOAL_NODE_ELIGIBLE_MEM_BP && context->ops != NSIM_DAMON_PADDR)
        nsim_damo_say(warnings, "node_eligible_mem_bp is for paddr only");
    if (scheme->tuner != NSIM_TUNER_CONSIST || !nsim_damo_metric_is_share(goal->metric) || goal->target == 0)
        return;
    const uint64_t score_max = 10000u * UINT64_C(10000) / goal->target;
    g_autofree char *twice = nsim_damo_text_percent(2 * MIN(goal->target, 10000), 2);
    if (score_max >= 20000)
        nsim_damo_say(warnings,
                      "at %s, twice the goal, the quota falls to 1 byte at once, and takes %" G_GUINT64_FORMAT
                      " windows or more to move a page again",
                      twice, nsim_damo_ramp_up(0, NSIM_DAMO_PAGE_BYTES));
    else if (score_max > 10000 && bytes >= NSIM_DAMO_PAGE_BYTES && nsim_damo_ramp_down(score_max, bytes) > 20) {
        g_autofree char *windows = nsim_damo_text_number(nsim_damo_ramp_down(score_max, bytes));
        g_autofree char *share = nsim_damo_text_percent(score_max - 10000, 2);
        nsim_damo_say(
            warnings,
            "the goal can be exceeded by %s at most, so a grown quota hardly shrinks: %s windows down to less "
            "than a page; what ends the moves is a full node",
            share, windows);
    }
}

static void
check_ramp(const NsimDamosPlan *scheme, GPtrArray *warnings)
{
    uint64_t milliseconds = scheme->quota_interval_ps / NSIM_MS;
    if (scheme->goals->len == 0 || scheme->tuner != NSIM_TUNER_CONSIST || scheme->quota_interval_ps == NSIM_TIME_MAX)
        return;
    milliseconds *= nsim_damo_ramp_up(0, NSIM_DAMO_PAGE_BYTES);
    g_autofree char *time = nsim_damo_text_time(MIN(milliseconds, UINT64_MAX / 1000000) * 1000000);
    nsim_damo_say(warnings,
                  "the quota starts below a page: nothing moves in the first %" G_GUINT64_FORMAT " windows (%s)",
                  nsim_damo_ramp_up(0, NSIM_DAMO_PAGE_BYTES) - 1, time);
}

static void
check_filters(const NsimDamosPlan *scheme, GPtrArray *warnings)
{
    const NsimDamosFilterPlan *idle = NULL;
    for (uint32_t i = 0; i < scheme->filters->len; i++) {
        const NsimDamosFilterPlan *filter = &g_array_index(scheme->filters, NsimDamosFilterPlan, i);
        if (!filter->allow || !nsim_damo_passes_by_default(scheme, nsim_damo_filter_is_core(filter)))
            continue;
        /* An allow filter says something only if a later one could still reject what it matches. */
        idle = idle == NULL ? filter : idle;
    }
    if (idle == NULL)
        return;
    g_autofree char *words = nsim_damo_filter_words(idle);
    nsim_damo_say(warnings,
                  "\"allow %s\" keeps nothing out: what no filter matches passes, because the last filter rejects",
                  words);
}

void
nsim_damo_find_traps(const NsimDamonContextPlan *context, const NsimDamosPlan *scheme, GPtrArray *warnings)
{
    check_action(context, scheme, warnings);
    check_pattern(context, scheme, warnings);
    check_window(context, scheme, warnings);
    check_ramp(scheme, warnings);
    for (uint32_t i = 0; i < scheme->goals->len; i++)
        check_goal(context, scheme, &g_array_index(scheme->goals, NsimDamosGoalPlan, i), warnings);
    check_filters(scheme, warnings);
}
