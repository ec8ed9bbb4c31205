/* SPDX-License-Identifier: MIT */
/* Schemes of DAMOS: pattern, cadence, watermarks, and the measuring of goals. Source: scheme.h. */
#include <mm/damon/scheme.h>

#include <mm/damon/filter.h>
#include <mm/damon/priority.h>

#include <gio/gio.h>

#define BP 10000u
#define PPM 1000000u

/* ---- Plans -------------------------------------------------------------------------------------------------- */

static bool
node_exists(const NsimMachine *machine, int32_t nid, const char *what, GError **error)
{
    if (nsim_damon_node(machine, nid) != NSIM_NODE_NONE)
        return true;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s names node %d, which the machine does not have",
                what, nid);
    return false;
}

static bool
check_goal(const NsimDamosGoalPlan *goal, const NsimMachine *machine, GError **error)
{
    const bool of_node = goal->metric >= NSIM_GOAL_NODE_MEM_USED_BP && goal->metric != NSIM_GOAL_ACTIVE_MEM_BP &&
                         goal->metric != NSIM_GOAL_INACTIVE_MEM_BP;
    if (goal->target == 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "the target of quota goal %s must be above 0",
                    nsim_damos_metric_names[goal->metric]);
        return false;
    }
    return !of_node || node_exists(machine, goal->nid, nsim_damos_metric_names[goal->metric], error);
}

bool
nsim_damos_check(const NsimDamosPlan *plan, const NsimMachine *machine, GError **error)
{
    const char *name = nsim_damos_action_names[plan->action];
    const bool migrates = plan->action == NSIM_DAMOS_MIGRATE_HOT || plan->action == NSIM_DAMOS_MIGRATE_COLD;
    if (migrates && plan->dests->len == 0 && !node_exists(machine, plan->target_nid, name, error))
        return false;
    for (guint i = 0; i < plan->dests->len; i++) {
        if (!node_exists(machine, g_array_index(plan->dests, NsimDamosDest, i).nid, name, error))
            return false;
    }
    for (guint i = 0; i < plan->goals->len; i++) {
        if (!check_goal(&g_array_index(plan->goals, NsimDamosGoalPlan, i), machine, error))
            return false;
    }
    return true;
}

/* ---- Pattern ------------------------------------------------------------------------------------------------ */

static uint32_t
bounded(unsigned __int128 value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static uint32_t
rate_in_samples(const NsimDamosRate *rate, uint32_t aggr_samples)
{
    if (rate->samples || rate->value == NSIM_DAMON_MAX)
        return bounded(rate->value);
    return bounded((unsigned __int128)rate->value * aggr_samples / PPM);
}

static uint32_t
age_in_intervals(const NsimDamosAge *age, NsimTime aggr_ps)
{
    if (age->intervals || age->value == NSIM_DAMON_MAX)
        return bounded(age->value);
    return bounded(age->value / (aggr_ps / NSIM_US));
}

NsimDamosPattern
nsim_damos_pattern(const NsimDamosPlan *plan, const NsimDamonAttrs *attrs)
{
    const uint32_t aggr_samples = (uint32_t)(attrs->aggr_ps / attrs->sample_ps);
    return (NsimDamosPattern){.bytes_min = plan->bytes_min,
                              .bytes_max = plan->bytes_max,
                              .nr_min = rate_in_samples(&plan->rate_min, aggr_samples),
                              .nr_max = rate_in_samples(&plan->rate_max, aggr_samples),
                              .age_min = age_in_intervals(&plan->age_min, attrs->aggr_ps),
                              .age_max = age_in_intervals(&plan->age_max, attrs->aggr_ps)};
}

bool
nsim_damos_matches(const NsimDamosPattern *pattern, const NsimDamonRegion *region)
{
    const uint64_t bytes = nsim_damon_region_bytes(region);
    const uint32_t nr = region->nr_accesses_bp / BP;
    return pattern->bytes_min <= bytes && bytes <= pattern->bytes_max && pattern->nr_min <= nr &&
           nr <= pattern->nr_max && pattern->age_min <= region->age && region->age <= pattern->age_max;
}

/* ---- Life --------------------------------------------------------------------------------------------------- */

void
nsim_damos_schedule(NsimDamos *scheme, const NsimDamonContext *context)
{
    const NsimTime interval_ps =
        scheme->plan->apply_interval_ps > 0 ? scheme->plan->apply_interval_ps : context->attrs.aggr_ps;
    scheme->next_apply = context->passed_samples + interval_ps / context->attrs.sample_ps;
}

static void
adopt(NsimDamos *scheme, const NsimDamosPlan *plan, const NsimDamonContext *context)
{
    scheme->plan = plan;
    scheme->active = true;
    scheme->pattern = nsim_damos_pattern(plan, &context->attrs);
    g_free(scheme->goals);
    scheme->goals = g_new0(NsimDamosGoal, plan->goals->len + 1);
    for (guint i = 0; i < plan->goals->len; i++)
        scheme->goals[i].current = g_array_index(plan->goals, NsimDamosGoalPlan, i).current;
    nsim_damos_schedule(scheme, context);
}

void
nsim_damos_init(NsimDamos *scheme, const NsimDamosPlan *plan, const NsimDamonContext *context)
{
    *scheme = (NsimDamos){0};
    adopt(scheme, plan, context);
}

void
nsim_damos_clear(NsimDamos *scheme)
{
    g_clear_pointer(&scheme->goals, g_free);
}

void
nsim_damos_commit(NsimDamos *scheme, const NsimDamosPlan *plan, const NsimDamonContext *context)
{
    adopt(scheme, plan, context);
}

bool
nsim_damos_is_due(const NsimDamos *scheme, const NsimDamonContext *context)
{
    const uint64_t max = scheme->plan->max_nr_snapshots;
    return scheme->active && context->passed_samples >= scheme->next_apply &&
           (max == 0 || scheme->stats.nr_snapshots < max);
}

NsimTime
nsim_damos_look_at_watermarks(NsimDamos *scheme, uint64_t free_permil)
{
    const NsimDamosPlan *plan = scheme->plan;
    if (plan->watermark == NSIM_WMARK_NONE)
        return 0;
    const bool outside = free_permil > plan->watermark_high || free_permil < plan->watermark_low;
    scheme->active = !outside && (scheme->active || free_permil < plan->watermark_mid);
    return scheme->active ? 0 : plan->watermark_interval_ps;
}

/* ---- Quota -------------------------------------------------------------------------------------------------- */

typedef struct {
    const NsimDamos *scheme;
    const NsimDamonContext *context;
    const NsimMm *mm;
} Matching;

/* Folios in a range of physical addresses, by base pages. */
static void
count_folios(const NsimFrames *frames, uint64_t from, uint64_t to, NsimNodeId node, NsimDamosEligible *sum)
{
    for (uint64_t f = from; f < MIN(to, nsim_frames_end(frames)); f++) {
        if (!nsim_frames_used(frames, (uint32_t)f))
            continue;
        sum->all++;
        sum->on_node += nsim_frames_node(frames, (uint32_t)f) == node;
    }
}

static NsimDamosEligible
eligible(void *data, NsimNodeId node)
{
    const Matching *matching = data;
    const unsigned shift = matching->mm->machine->page_shift;
    NsimDamosEligible sum = {0, 0};
    for (uint32_t t = 0; matching->mm->frames != NULL && t < matching->context->target_count; t++) {
        const NsimDamonTarget *target = &matching->context->targets[t];
        for (uint32_t i = 0; i < target->count; i++) {
            const NsimDamonRegion *region = &target->regions[i];
            if (nsim_damos_matches(&matching->scheme->pattern, region))
                count_folios(matching->mm->frames, region->start >> shift, region->end >> shift, node, &sum);
        }
    }
    return sum;
}

/* The highest score is the least that a quota is made to grow. */
static uint64_t
measure_goals(NsimDamos *scheme, const NsimDamonContext *context, NsimMm *mm)
{
    Matching matching = {scheme, context, mm};
    const NsimDamosGoalWorld world = {.mm = mm, .eligible = eligible, .data = &matching};
    uint64_t highest = 0;
    for (guint i = 0; i < scheme->plan->goals->len; i++) {
        const NsimDamosGoalPlan *plan = &g_array_index(scheme->plan->goals, NsimDamosGoalPlan, i);
        nsim_damos_goal_measure(&scheme->goals[i], plan, &world);
        highest = MAX(highest, nsim_damos_goal_score(scheme->goals[i].current, plan->target));
    }
    return highest;
}

uint32_t
nsim_damos_adjust_quota(NsimDamos *scheme, NsimDamonContext *context, const NsimDamosRules *rules, NsimMm *mm,
                        NsimTime now_ps)
{
    NsimDamosQuota *quota = &scheme->quota;
    uint32_t scored = 0;
    if (!nsim_damos_quota_is_set(scheme->plan))
        return 0;
    if (nsim_damos_quota_is_over(quota, scheme->plan, now_ps)) {
        const uint64_t score = quota->begun || rules->first_window ? measure_goals(scheme, context, mm) : 0;
        nsim_damos_quota_begin(quota, scheme->plan, rules, score, context->min_region_bytes, now_ps);
        scheme->stats.qt_exceeds = quota->exceeded;
    }
    nsim_damos_quota_forget_scores(quota);
    for (uint32_t t = 0; t < context->target_count; t++) {
        NsimDamonTarget *target = &context->targets[t];
        for (uint32_t i = 0; i < target->count; i++) {
            if (!nsim_damos_matches(&scheme->pattern, &target->regions[i]) ||
                nsim_damos_filter_region(scheme->plan, target, i, t, context->min_region_bytes) == NSIM_DAMOS_REJECT)
                continue;
            nsim_damos_quota_count(quota, nsim_damos_score(scheme->plan, context, &target->regions[i]),
                                   nsim_damon_region_bytes(&target->regions[i]));
            scored++;
        }
    }
    nsim_damos_quota_set_min_score(quota);
    return scored;
}
