/* SPDX-License-Identifier: MIT */
/* Keys in the order of damo's own output (mid-2026), so that both can be compared by eye and by diff. */
#include <experiment/damo-json.h>

#include <experiment/damo-text.h>
#include <report/json.h>

/* A member with a text that is freed. */
static void
put(NsimJson *json, const char *key, char *text)
{
    nsim_json_string(json, key, text);
    g_free(text);
}

static void
put_or_null(NsimJson *json, const char *key, const char *text)
{
    if (text != NULL)
        nsim_json_string(json, key, text);
    else
        nsim_json_null(json, key);
}

/* A group as the path that damo wants; NULL: null. */
static void
put_group(NsimJson *json, const char *key, const char *group)
{
    g_autofree char *path = group == NULL ? NULL : g_strconcat("/", group, NULL);
    put_or_null(json, key, path);
}

/* Damo shows "max" as this many percent. */
static char *
rate_text(const NsimDamosRate *rate)
{
    if (rate->value == NSIM_DAMON_MAX)
        return g_strdup("18,446,744,073,709,551,615 %");
    return rate->samples ? g_strdup_printf("%" G_GUINT64_FORMAT " samples", rate->value)
                         : nsim_damo_text_percent(rate->value, 4);
}

static char *
age_text(const NsimDamosAge *age)
{
    uint64_t ns;
    if (age->value == NSIM_DAMON_MAX)
        return g_strdup("max");
    if (age->intervals)
        return g_strdup_printf("%" G_GUINT64_FORMAT " aggr_intervals", age->value);
    return nsim_damo_text_time(__builtin_mul_overflow(age->value, 1000u, &ns) ? UINT64_MAX : ns);
}

static char *
ms_text(uint64_t ms)
{
    uint64_t ns;
    return nsim_damo_text_time(__builtin_mul_overflow(ms, 1000000u, &ns) ? UINT64_MAX : ns);
}

/* ---- Schemes ---------------------------------------------------------------------------------------------------- */

static void
put_destinations(NsimJson *json, const NsimDamosPlan *scheme)
{
    nsim_json_array_inline(json, "dests");
    for (uint32_t i = 0; i < scheme->dests->len; i++) {
        const NsimDamosDest *dest = &g_array_index(scheme->dests, NsimDamosDest, i);
        nsim_json_object(json, NULL);
        nsim_json_uint(json, "id", (uint64_t)dest->nid);
        nsim_json_uint(json, "weight", dest->weight);
        nsim_json_end(json);
    }
    nsim_json_end(json);
    if (scheme->action != NSIM_DAMOS_MIGRATE_HOT && scheme->action != NSIM_DAMOS_MIGRATE_COLD)
        return;
    if (scheme->target_nid >= 0)
        nsim_json_uint(json, "target_nid", (uint64_t)scheme->target_nid);
    else
        nsim_json_null(json, "target_nid");
}

static void
put_pattern(NsimJson *json, const NsimDamosPlan *scheme)
{
    nsim_json_object(json, "access_pattern");
    nsim_json_object_inline(json, "sz_bytes");
    put(json, "min", nsim_damo_text_size(scheme->bytes_min));
    put(json, "max", nsim_damo_text_size(scheme->bytes_max));
    nsim_json_end(json);
    nsim_json_object_inline(json, "nr_accesses");
    put(json, "min", rate_text(&scheme->rate_min));
    put(json, "max", rate_text(&scheme->rate_max));
    nsim_json_end(json);
    nsim_json_object_inline(json, "age");
    put(json, "min", age_text(&scheme->age_min));
    put(json, "max", age_text(&scheme->age_max));
    nsim_json_end(json);
    nsim_json_end(json);
}

static void
put_goal(NsimJson *json, const NsimDamosGoalPlan *goal)
{
    nsim_json_object_inline(json, NULL);
    nsim_json_string(json, "metric", nsim_damos_metric_names[goal->metric]);
    if (goal->nid >= 0)
        put(json, "nid", nsim_damo_text_number((uint64_t)goal->nid));
    else
        nsim_json_null(json, "nid");
    put_group(json, "memcg_path", goal->memcg);
    put(json, "target_value", nsim_damo_text_number(goal->target));
    put(json, "current_value", nsim_damo_text_number(goal->current));
    nsim_json_end(json);
}

static void
put_quota(NsimJson *json, const NsimDamosPlan *scheme)
{
    nsim_json_object(json, "quotas");
    put(json, "time_ms", ms_text(scheme->quota_ms));
    put(json, "sz_bytes", nsim_damo_text_size(scheme->quota_bytes));
    put(json, "reset_interval_ms", nsim_damo_text_ps(scheme->quota_interval_ps));
    put(json, "fail_charge_num", nsim_damo_text_number(scheme->fail_charge_num));
    put(json, "fail_charge_denom", nsim_damo_text_number(scheme->fail_charge_denom));
    nsim_json_array(json, "goals");
    for (uint32_t i = 0; i < scheme->goals->len; i++)
        put_goal(json, &g_array_index(scheme->goals, NsimDamosGoalPlan, i));
    nsim_json_end(json);
    nsim_json_string(json, "goal_tuner", nsim_damos_tuner_names[scheme->tuner]);
    nsim_json_string(json, "effective_sz_bytes", "0 B");
    nsim_json_object_inline(json, "weights");
    put(json, "sz_permil", nsim_damo_text_percent(scheme->weight_size, 1));
    put(json, "nr_accesses_permil", nsim_damo_text_percent(scheme->weight_rate, 1));
    put(json, "age_permil", nsim_damo_text_percent(scheme->weight_age, 1));
    nsim_json_end(json);
    nsim_json_end(json);
}

static void
put_watermarks(NsimJson *json, const NsimDamosPlan *scheme)
{
    nsim_json_object_inline(json, "watermarks");
    nsim_json_string(json, "metric", nsim_damos_watermark_names[scheme->watermark]);
    put(json, "interval_us", nsim_damo_text_ps(scheme->watermark_interval_ps));
    put(json, "high_permil", nsim_damo_text_percent(scheme->watermark_high, 1));
    put(json, "mid_permil", nsim_damo_text_percent(scheme->watermark_mid, 1));
    put(json, "low_permil", nsim_damo_text_percent(scheme->watermark_low, 1));
    nsim_json_end(json);
}

static void
put_addresses(NsimJson *json, const NsimDamosFilterPlan *filter)
{
    if (filter->kind != NSIM_FILTER_ADDR) {
        nsim_json_null(json, "address_range");
        return;
    }
    nsim_json_object(json, "address_range");
    put(json, "start", nsim_damo_text_number(filter->start));
    put(json, "end", nsim_damo_text_number(filter->end));
    nsim_json_end(json);
}

static void
put_page_sizes(NsimJson *json, const NsimDamosFilterPlan *filter)
{
    if (filter->kind != NSIM_FILTER_HUGEPAGE_SIZE) {
        nsim_json_null(json, "hugepage_size");
        return;
    }
    nsim_json_array(json, "hugepage_size");
    put(json, NULL, nsim_damo_text_size(filter->start));
    put(json, NULL, nsim_damo_text_size(filter->end));
    nsim_json_end(json);
}

static void
put_filter(NsimJson *json, const NsimDamosFilterPlan *filter)
{
    nsim_json_object_inline(json, NULL);
    nsim_json_string(json, "filter_type", nsim_damos_filter_names[filter->kind]);
    nsim_json_bool(json, "matching", filter->matching);
    nsim_json_bool(json, "allow", filter->allow);
    put_group(json, "memcg_path", filter->memcg);
    put_addresses(json, filter);
    if (filter->kind == NSIM_FILTER_TARGET)
        put(json, "damon_target_idx", nsim_damo_text_number(filter->target));
    else
        nsim_json_null(json, "damon_target_idx");
    put_page_sizes(json, filter);
    nsim_json_end(json);
}

static void
put_scheme(NsimJson *json, const NsimDamosPlan *scheme)
{
    nsim_json_object(json, NULL);
    nsim_json_string(json, "action", nsim_damos_action_names[scheme->action]);
    put_destinations(json, scheme);
    put_pattern(json, scheme);
    put(json, "apply_interval_us", nsim_damo_text_ps(scheme->apply_interval_ps));
    put_quota(json, scheme);
    put_watermarks(json, scheme);
    nsim_json_array(json, "filters");
    for (uint32_t i = 0; i < scheme->filters->len; i++)
        put_filter(json, &g_array_index(scheme->filters, NsimDamosFilterPlan, i));
    nsim_json_end(json);
    if (scheme->max_nr_snapshots > 0)
        put(json, "max_nr_snapshots", nsim_damo_text_number(scheme->max_nr_snapshots));
    nsim_json_end(json);
}

/* ---- Contexts --------------------------------------------------------------------------------------------------- */

static void
put_target(NsimJson *json, const NsimDamonTargetPlan *target)
{
    nsim_json_object(json, NULL);
    put_or_null(json, "pid", target->workload);
    nsim_json_bool(json, "obsolete", false);
    nsim_json_array(json, "regions");
    for (uint32_t i = 0; i < target->ranges->len; i++) {
        const NsimDamonRange *range = &g_array_index(target->ranges, NsimDamonRange, i);
        nsim_json_object_inline(json, NULL);
        put(json, "start", nsim_damo_text_number(range->start));
        put(json, "end", nsim_damo_text_number(range->end));
        nsim_json_end(json);
    }
    nsim_json_end(json);
    if (target->nid >= 0)
        nsim_json_uint(json, "numa_node", (uint64_t)target->nid);
    nsim_json_end(json);
}

static void
put_attrs(NsimJson *json, const NsimDamonAttrs *attrs)
{
    nsim_json_object(json, "intervals");
    put(json, "sample_us", nsim_damo_text_ps(attrs->sample_ps));
    put(json, "aggr_us", nsim_damo_text_ps(attrs->aggr_ps));
    put(json, "ops_update_us", nsim_damo_text_ps(attrs->ops_update_ps));
    nsim_json_object_inline(json, "intervals_goal");
    put(json, "access_bp", nsim_damo_text_percent(attrs->goal.access_bp, 2));
    put(json, "aggrs", nsim_damo_text_number(attrs->goal.aggrs));
    put(json, "min_sample_us", nsim_damo_text_ps(attrs->goal.min_sample_ps));
    put(json, "max_sample_us", nsim_damo_text_ps(attrs->goal.max_sample_ps));
    nsim_json_end(json);
    nsim_json_end(json);
    nsim_json_object_inline(json, "nr_regions");
    put(json, "min", nsim_damo_text_number(attrs->min_nr_regions));
    put(json, "max", nsim_damo_text_number(attrs->max_nr_regions));
    nsim_json_end(json);
}

static void
put_sample_filter(NsimJson *json, const NsimSampleFilterPlan *filter)
{
    static const char *const kinds[] = {"cpumask", "threads", "write"};
    GString *cpus = g_string_new(NULL);
    nsim_json_object_inline(json, NULL);
    nsim_json_string(json, "filter_type", kinds[filter->kind]);
    nsim_json_bool(json, "matching", filter->matching);
    nsim_json_bool(json, "allow", filter->allow);
    for (uint32_t i = 0; i < filter->numbers->len; i++)
        g_string_append_printf(cpus, "%s%u", i > 0 ? "," : "", g_array_index(filter->numbers, uint32_t, i));
    put_or_null(json, "cpumask", filter->kind == NSIM_SAMPLE_CPU ? cpus->str : NULL);
    g_string_free(cpus, TRUE);
    if (filter->kind == NSIM_SAMPLE_THREADS) {
        nsim_json_array(json, "tid_arr");
        for (uint32_t i = 0; i < filter->numbers->len; i++)
            nsim_json_uint(json, NULL, g_array_index(filter->numbers, uint32_t, i));
        nsim_json_end(json);
    } else {
        nsim_json_null(json, "tid_arr");
    }
    nsim_json_end(json);
}

static void
put_sample_control(NsimJson *json, const NsimDamonContextPlan *context)
{
    nsim_json_object(json, "sample_control");
    nsim_json_object_inline(json, "primitives_enabled");
    nsim_json_bool(json, "page_table", context->primitive == NSIM_PRIMITIVE_PAGE_TABLE);
    nsim_json_bool(json, "page_fault", context->primitive == NSIM_PRIMITIVE_PAGE_FAULT);
    if (context->primitive == NSIM_PRIMITIVE_HW_SAMPLE)
        nsim_json_bool(json, "hw_sample", true);
    nsim_json_end(json);
    nsim_json_array(json, "sample_filters");
    for (uint32_t i = 0; i < context->sample_filters->len; i++)
        put_sample_filter(json, g_ptr_array_index(context->sample_filters, i));
    nsim_json_end(json);
    nsim_json_end(json);
}

static void
put_context(NsimJson *json, const NsimDamonContextPlan *context)
{
    nsim_json_object(json, NULL);
    nsim_json_string(json, "ops", nsim_damon_ops_name(context));
    nsim_json_string(json, "addr_unit", "1 B");
    nsim_json_array(json, "targets");
    for (uint32_t i = 0; i < context->targets->len; i++)
        put_target(json, g_ptr_array_index(context->targets, i));
    nsim_json_end(json);
    put_attrs(json, &context->attrs);
    nsim_json_array(json, "probes");
    nsim_json_end(json);
    put_sample_control(json, context);
    nsim_json_bool(json, "pause", false);
    nsim_json_array(json, "schemes");
    for (uint32_t i = 0; i < context->schemes->len; i++)
        put_scheme(json, g_ptr_array_index(context->schemes, i));
    nsim_json_end(json);
    nsim_json_end(json);
}

char *
nsim_damo_args_json(const NsimDamonPlan *plan)
{
    GString *out = g_string_new(NULL);
    NsimJson json;
    nsim_json_init(&json, out);
    nsim_json_object(&json, NULL);
    nsim_json_array(&json, "kdamonds");
    for (uint32_t k = 0; k < plan->kdamonds->len; k++) {
        const NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, k);
        nsim_json_object(&json, NULL);
        nsim_json_uint(&json, "refresh_ms", 0);
        nsim_json_array(&json, "contexts");
        for (uint32_t c = 0; c < kdamond->contexts->len; c++)
            put_context(&json, g_ptr_array_index(kdamond->contexts, c));
        nsim_json_end(&json);
        nsim_json_end(&json);
    }
    nsim_json_end(&json);
    nsim_json_end(&json);
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}
