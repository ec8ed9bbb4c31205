/* SPDX-License-Identifier: MIT */
/* Plans of DAMON: names, defaults, and freeing. Source and what is left out: plan.h. */
#include <mm/damon/plan.h>

#include <sim/time.h>
#include <string.h>

const char *const nsim_damon_ops_names[] = {"vaddr", "fvaddr", "paddr", NULL};
const char *const nsim_damos_action_names[] = {"willneed",    "cold",         "pageout",  "hugepage",
                                               "nohugepage",  "collapse",     "lru_prio", "lru_deprio",
                                               "migrate_hot", "migrate_cold", "stat",     NULL};
const char *const nsim_damos_metric_names[] = {
    "user_input",         "some_mem_psi_us", "node_mem_used_bp", "node_mem_free_bp",     "node_memcg_used_bp",
    "node_memcg_free_bp", "active_mem_bp",   "inactive_mem_bp",  "node_eligible_mem_bp", NULL};
const char *const nsim_damos_tuner_names[] = {"consist", "temporal", NULL};
const char *const nsim_damos_filter_names[] = {"anon",     "active", "memcg",  "young", "hugepage_size",
                                               "unmapped", "addr",   "target", NULL};
const char *const nsim_damon_primitive_names[] = {"page_table", "page_fault", "hw_sample", NULL};
const char *const nsim_damos_watermark_names[] = {"none", "free_mem_rate", NULL};

#define OPS_NAME_BYTES_MAX 63u

const char *
nsim_damon_ops_name(const NsimDamonContextPlan *context)
{
    return context->ops == NSIM_DAMON_NAMED ? context->ops_name : nsim_damon_ops_names[context->ops];
}

bool
nsim_damon_is_ops_name(const char *name)
{
    static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    const size_t length = strlen(name);
    return length <= OPS_NAME_BYTES_MAX && g_ascii_islower(*name) && strspn(name, others) == length;
}

bool
nsim_damon_set_ops(NsimDamonContextPlan *context, const char *text)
{
    const bool named = g_str_has_prefix(text, NSIM_DAMON_PLUGIN_PREFIX);
    uint32_t ops = named ? NSIM_DAMON_NAMED : 0;
    while (ops < NSIM_DAMON_OPS_KINDS && strcmp(nsim_damon_ops_names[ops], text) != 0)
        ops++;
    if (named ? !nsim_damon_is_ops_name(text + strlen(NSIM_DAMON_PLUGIN_PREFIX)) : ops == NSIM_DAMON_OPS_KINDS)
        return false;
    g_free(context->ops_name);
    context->ops_name = named ? g_strdup(text) : NULL;
    context->ops = ops;
    return true;
}

static void
goal_clear(gpointer data)
{
    g_free(((NsimDamosGoalPlan *)data)->memcg);
}

static void
filter_clear(gpointer data)
{
    g_free(((NsimDamosFilterPlan *)data)->memcg);
}

static void
scheme_free(gpointer data)
{
    NsimDamosPlan *plan = data;
    g_array_unref(plan->dests);
    g_array_unref(plan->goals);
    g_array_unref(plan->filters);
    g_free(plan);
}

static void
target_free(gpointer data)
{
    NsimDamonTargetPlan *plan = data;
    g_free(plan->workload);
    g_array_unref(plan->ranges);
    g_free(plan);
}

static void
sample_filter_free(gpointer data)
{
    NsimSampleFilterPlan *plan = data;
    g_array_unref(plan->numbers);
    g_free(plan);
}

static void
context_free(gpointer data)
{
    NsimDamonContextPlan *plan = data;
    g_ptr_array_unref(plan->targets);
    g_ptr_array_unref(plan->schemes);
    g_ptr_array_unref(plan->sample_filters);
    g_free(plan->ops_name);
    g_free(plan);
}

void
nsim_kdamond_plan_free(NsimKdamondPlan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->contexts);
    g_free(plan);
}

static void
kdamond_free(gpointer data)
{
    nsim_kdamond_plan_free(data);
}

NsimDamonPlan *
nsim_damon_plan_new(void)
{
    NsimDamonPlan *plan = g_new0(NsimDamonPlan, 1);
    plan->kdamonds = g_ptr_array_new_with_free_func(kdamond_free);
    return plan;
}

NsimKdamondPlan *
nsim_kdamond_plan_new(void)
{
    NsimKdamondPlan *plan = g_new0(NsimKdamondPlan, 1);
    plan->core = -1;
    plan->contexts = g_ptr_array_new_with_free_func(context_free);
    return plan;
}

NsimDamonContextPlan *
nsim_damon_context_plan_new(void)
{
    NsimDamonContextPlan *plan = g_new0(NsimDamonContextPlan, 1);
    plan->ops = NSIM_DAMON_PADDR;
    plan->attrs = nsim_damon_attrs_default();
    plan->attrs.ops_update_ps = NSIM_S; /* the tool's, not the kernel's */
    plan->targets = g_ptr_array_new_with_free_func(target_free);
    plan->schemes = g_ptr_array_new_with_free_func(scheme_free);
    plan->sample_filters = g_ptr_array_new_with_free_func(sample_filter_free);
    return plan;
}

NsimDamonTargetPlan *
nsim_damon_target_plan_new(void)
{
    NsimDamonTargetPlan *plan = g_new0(NsimDamonTargetPlan, 1);
    plan->nid = -1;
    plan->ranges = g_array_new(FALSE, FALSE, sizeof(NsimDamonRange));
    return plan;
}

NsimDamosPlan *
nsim_damos_plan_new(NsimDamosAction action)
{
    NsimDamosPlan *plan = g_new0(NsimDamosPlan, 1);
    plan->action = action;
    plan->target_nid = -1;
    plan->bytes_max = plan->rate_max.value = plan->age_max.value = NSIM_DAMON_MAX;
    plan->quota_interval_ps = NSIM_TIME_MAX;
    plan->dests = g_array_new(FALSE, FALSE, sizeof(NsimDamosDest));
    plan->goals = g_array_new(FALSE, FALSE, sizeof(NsimDamosGoalPlan));
    plan->filters = g_array_new(FALSE, FALSE, sizeof(NsimDamosFilterPlan));
    g_array_set_clear_func(plan->goals, goal_clear);
    g_array_set_clear_func(plan->filters, filter_clear);
    return plan;
}

NsimSampleFilterPlan *
nsim_sample_filter_plan_new(NsimSampleFilterKind kind)
{
    NsimSampleFilterPlan *plan = g_new0(NsimSampleFilterPlan, 1);
    plan->kind = kind;
    plan->matching = plan->allow = true;
    plan->numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    return plan;
}

void
nsim_damon_plan_free(NsimDamonPlan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->kdamonds);
    g_free(plan);
}
