/* SPDX-License-Identifier: MIT */
/* From the kdamonds of a run to what the report says of them. */
#include <experiment/damon-result.h>

#include <sim/time.h>

#define PPM ((uint64_t)1000000)

static const NsimDamonContextPlan *
context_plan(const NsimKdamond *kdamond)
{
    return g_ptr_array_index(nsim_kdamond_plan(kdamond)->contexts, 0);
}

/* The id of the node that users know by a number, or the number. */
static void
append_node(GString *text, const NsimMachine *machine, int32_t nid)
{
    const NsimNodeId node = nsim_damon_node(machine, nid);
    if (node == NSIM_NODE_NONE)
        g_string_append_printf(text, "%d", nid);
    else
        g_string_append(text, machine->nodes[node].id);
}

static void
append_ranges(GString *text, const GArray *ranges)
{
    for (guint i = 0; i < ranges->len; i++) {
        const NsimDamonRange *range = &g_array_index(ranges, NsimDamonRange, i);
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, i > 0 ? " " : "", range->start,
                               range->end);
    }
}

/* What a kdamond watches. (transfer full) */
static char *
watches_text(const NsimMm *mm, const NsimKdamond *kdamond)
{
    GString *text = g_string_new(NULL);
    const GPtrArray *targets = context_plan(kdamond)->targets;
    for (guint t = 0; t < targets->len; t++) {
        const NsimDamonTargetPlan *target = g_ptr_array_index(targets, t);
        NsimSpaceId id;
        const NsimSpace *space = nsim_kdamond_space(kdamond, t, &id);
        if (t > 0)
            g_string_append(text, ", ");
        if (space != NULL)
            g_string_append_printf(text, "%s%s", space->workload, target->ranges->len > 0 ? " " : "");
        if (target->ranges->len > 0)
            append_ranges(text, target->ranges);
        else if (context_plan(kdamond)->ops == NSIM_DAMON_NAMED)
            g_string_append(text, target->workload != NULL ? target->workload : context_plan(kdamond)->ops_name);
        else if (space == NULL && target->nid >= 0)
            append_node(text, mm->machine, target->nid);
        else if (space == NULL)
            g_string_append(text, "all memory");
    }
    return g_string_free(text, FALSE);
}

/* Where an action moves pages to. (transfer full) */
static char *
destination_text(const NsimMm *mm, const NsimDamosPlan *plan)
{
    GString *text = g_string_new(NULL);
    if (plan->target_nid >= 0)
        append_node(text, mm->machine, plan->target_nid);
    for (guint d = 0; d < plan->dests->len; d++) {
        const NsimDamosDest *dest = &g_array_index(plan->dests, NsimDamosDest, d);
        g_string_append(text, d > 0 ? " " : "");
        append_node(text, mm->machine, dest->nid);
        g_string_append_printf(text, ":%u", dest->weight);
    }
    return g_string_free(text, FALSE);
}

static void
fill_goal(NsimDamonGoalResult *result, const NsimMm *mm, const NsimDamosGoalPlan *plan, const NsimDamosGoal *goal)
{
    GString *metric = g_string_new(nsim_damos_metric_names[plan->metric]);
    if (plan->nid >= 0 && strstr(metric->str, "node_") == metric->str) {
        g_string_append_c(metric, ' ');
        append_node(metric, mm->machine, plan->nid);
    }
    if (plan->memcg != NULL)
        g_string_append_printf(metric, " %s", plan->memcg);
    *result =
        (NsimDamonGoalResult){.metric = g_string_free(metric, FALSE),
                              .target = plan->target,
                              .current = goal->current,
                              .score = plan->target == 0 ? 0 : nsim_damos_goal_score(goal->current, plan->target)};
}

static void
fill_scheme(NsimDamonSchemeResult *result, const NsimMm *mm, const NsimDamos *scheme)
{
    const NsimDamosPlan *plan = scheme->plan;
    const NsimDamosStats *stats = &scheme->stats;
    *result = (NsimDamonSchemeResult){.action = g_strdup(nsim_damos_action_names[plan->action]),
                                      .destination = destination_text(mm, plan),
                                      .nr_tried = stats->nr_tried,
                                      .sz_tried = stats->sz_tried,
                                      .nr_applied = stats->nr_applied,
                                      .sz_applied = stats->sz_applied,
                                      .sz_ops_filter_passed = stats->sz_ops_filter_passed,
                                      .qt_exceeds = stats->qt_exceeds,
                                      .nr_snapshots = stats->nr_snapshots,
                                      .has_quota = nsim_damos_quota_is_set(plan),
                                      .effective_bytes = scheme->quota.size_bytes,
                                      .goals = g_new0(NsimDamonGoalResult, plan->goals->len + 1),
                                      .goal_count = plan->goals->len};
    for (guint g = 0; g < plan->goals->len; g++)
        fill_goal(&result->goals[g], mm, &g_array_index(plan->goals, NsimDamosGoalPlan, g), &scheme->goals[g]);
}

static void
fill_kdamond(NsimKdamondResult *result, const NsimMm *mm, const NsimKdamond *kdamond, NsimTime end_ps)
{
    const NsimDamonContextPlan *plan = context_plan(kdamond);
    const NsimDamonContext *context = nsim_kdamond_context(kdamond);
    const NsimKdamondStats *stats = nsim_kdamond_stats(kdamond);
    *result = (NsimKdamondResult){.number = nsim_kdamond_number(kdamond),
                                  .ops = g_strdup(nsim_damon_ops_name(plan)),
                                  .primitive = g_strdup(nsim_damon_primitive_names[plan->primitive]),
                                  .watches = watches_text(mm, kdamond),
                                  .sample_ps = context->attrs.sample_ps,
                                  .sample_min_ps = stats->sample_min_ps,
                                  .sample_max_ps = stats->sample_max_ps,
                                  .aggr_ps = context->attrs.aggr_ps,
                                  .aggr_min_ps = stats->aggr_min_ps,
                                  .aggr_max_ps = stats->aggr_max_ps,
                                  .regions = nsim_damon_nr_regions(context),
                                  .regions_mean = stats->samples == 0 ? 0 : stats->checked_regions / stats->samples,
                                  .samples = stats->samples,
                                  .aggregations = stats->aggregations,
                                  .cpu_ps = stats->cpu_ps,
                                  .cpu_ppm = end_ps == 0 ? 0 : nsim_mul_div(stats->cpu_ps, PPM, end_ps),
                                  .migrating_ps = stats->migrating_ps,
                                  .schemes = g_new0(NsimDamonSchemeResult, nsim_kdamond_scheme_count(kdamond) + 1),
                                  .scheme_count = nsim_kdamond_scheme_count(kdamond)};
    for (uint32_t s = 0; s < result->scheme_count; s++)
        fill_scheme(&result->schemes[s], mm, nsim_kdamond_scheme(kdamond, s));
}

NsimDamonResult *
nsim_damon_result_new(const NsimMm *mm, NsimTime end_ps)
{
    const uint32_t count = mm->damon == NULL ? 0 : nsim_damon_session_count(mm->damon);
    if (count == 0)
        return NULL;
    NsimDamonResult *result = g_new0(NsimDamonResult, 1);
    result->args = g_strdup(nsim_damon_session_args(mm->damon));
    result->kdamonds = g_new0(NsimKdamondResult, count);
    result->kdamond_count = count;
    for (uint32_t k = 0; k < count; k++)
        fill_kdamond(&result->kdamonds[k], mm, nsim_damon_session_at(mm->damon, k), end_ps);
    return result;
}
