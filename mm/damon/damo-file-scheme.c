/* SPDX-License-Identifier: MIT */
/* A scheme of a kdamonds file. What is left out, and how raw files are told: damo-file.c. */
#include <mm/damon/damo-file.h>

#include <string.h>

static const char *const scheme_keys[] = {
    "action",     "dests", "target_nid",       "access_pattern", "apply_interval_us", "quotas", "filters",
    "watermarks", "stats", "max_nr_snapshots", "tried_bytes",    "tried_regions",     NULL};
static const char *const dest_keys[] = {"id", "nid", "weight", NULL};
static const char *const pattern_keys[] = {"sz_bytes", "nr_accesses", "age", NULL};
static const char *const pair_keys[] = {"min", "max", NULL};
static const char *const quota_keys[] = {"time_ms",           "sz_bytes", "reset_interval_ms", "fail_charge_num",
                                         "fail_charge_denom", "goals",    "goal_tuner",        "effective_sz_bytes",
                                         "weights",           NULL};
static const char *const weight_keys[] = {"sz_permil", "nr_accesses_permil", "age_permil", NULL};
static const char *const goal_keys[] = {"metric", "nid", "memcg_path", "target_value", "current_value", NULL};
static const char *const watermark_keys[] = {"metric", "interval_us", "high_permil", "mid_permil", "low_permil", NULL};
static const char *const filter_keys[] = {"filter_type",   "matching",         "allow",         "memcg_path",
                                          "address_range", "damon_target_idx", "hugepage_size", NULL};
static const char *const stats_snapshots = "max_nr_snapshots";

static bool
check(const NsimValue *map, const char *what, const char *const *keys, GError **error)
{
    return map == NULL || nsim_value_check_map(map, what, keys, error);
}

/* ---- Where to --------------------------------------------------------------------------------------------------- */

static bool
read_dest(const NsimValue *value, NsimDamosPlan *scheme, GError **error)
{
    uint32_t nid = UINT32_MAX, weight = 0;
    if (!nsim_value_check_map(value, "a destination", dest_keys, error) ||
        !nsim_damo_file_count(value, "nid", INT32_MAX, &nid, error) ||
        !nsim_damo_file_count(value, "id", INT32_MAX, &nid, error) ||
        !nsim_damo_file_count(value, "weight", UINT32_MAX, &weight, error))
        return false;
    if (nid == UINT32_MAX)
        return nsim_value_error(value, error, "a destination wants 'id', the number of a node");
    const NsimDamosDest dest = {(int32_t)nid, weight};
    g_array_append_val(scheme->dests, dest);
    return true;
}

static bool
read_destinations(const NsimValue *value, NsimDamosPlan *scheme, GError **error)
{
    const NsimValue *dests;
    uint32_t nid = UINT32_MAX;
    const bool migrates = scheme->action == NSIM_DAMOS_MIGRATE_HOT || scheme->action == NSIM_DAMOS_MIGRATE_COLD;
    if (!nsim_damo_file_child(value, "dests", NSIM_VALUE_LIST, &dests, error))
        return false;
    /* damo itself writes -1 where an action has no node. */
    if (migrates && !nsim_damo_file_count(value, "target_nid", INT32_MAX, &nid, error))
        return false;
    scheme->target_nid = nid == UINT32_MAX ? -1 : (int32_t)nid;
    for (uint32_t i = 0; dests != NULL && i < nsim_value_count(dests); i++)
        if (!read_dest(nsim_value_item(dests, i), scheme, error))
            return false;
    return !migrates || nid != UINT32_MAX || scheme->dests->len > 0 ||
           nsim_value_error(value, error, "'%s' wants 'target_nid' or 'dests'",
                            nsim_damos_action_names[scheme->action]);
}

/* ---- Access pattern --------------------------------------------------------------------------------------------- */

/* "5 samples" without its word into `*ret`; false: `text` is not such. */
static bool
counted_in(const char *text, const char *word, uint64_t *ret)
{
    if (!g_str_has_suffix(text, word))
        return false;
    g_autofree char *number = g_strndup(text, strlen(text) - strlen(word));
    return nsim_damo_unit_parse(g_strstrip(number), NSIM_DAMO_NUMBER, ret);
}

static bool
read_rate(const NsimValue *map, const char *key, NsimDamosRate *rate, GError **error)
{
    const NsimValue *value = map == NULL ? NULL : nsim_damo_file_get(map, key);
    if (value == NULL)
        return true;
    rate->samples = nsim_value_text(value) != NULL && counted_in(nsim_value_text(value), "samples", &rate->value);
    return rate->samples || nsim_damo_file_unit(map, key, NSIM_DAMO_PERCENT, &rate->value, error);
}

static bool
read_age(const NsimDamoFile *file, const NsimValue *map, const char *key, NsimDamosAge *age, GError **error)
{
    const NsimValue *value = map == NULL ? NULL : nsim_damo_file_get(map, key);
    if (value == NULL)
        return true;
    age->intervals =
        nsim_value_text(value) != NULL && counted_in(nsim_value_text(value), "aggr_intervals", &age->value);
    if (age->intervals)
        return true;
    if (!nsim_damo_file_unit(map, key, file->raw ? NSIM_DAMO_NS : NSIM_DAMO_US, &age->value, error))
        return false;
    if (file->raw && age->value != NSIM_DAMON_MAX)
        age->value /= 1000;
    return true;
}

static bool
read_pattern(const NsimDamoFile *file, const NsimValue *value, NsimDamosPlan *scheme, GError **error)
{
    const NsimValue *pattern, *size, *rate, *age;
    if (!nsim_damo_file_child(value, "access_pattern", NSIM_VALUE_MAP, &pattern, error))
        return false;
    if (pattern == NULL)
        return true;
    if (!check(pattern, "access_pattern", pattern_keys, error) ||
        !nsim_damo_file_child(pattern, "sz_bytes", NSIM_VALUE_MAP, &size, error) ||
        !nsim_damo_file_child(pattern, "nr_accesses", NSIM_VALUE_MAP, &rate, error) ||
        !nsim_damo_file_child(pattern, "age", NSIM_VALUE_MAP, &age, error) ||
        !check(size, "sz_bytes", pair_keys, error) || !check(rate, "nr_accesses", pair_keys, error) ||
        !check(age, "age", pair_keys, error))
        return false;
    if (size != NULL && (!nsim_damo_file_unit(size, "min", NSIM_DAMO_SIZE, &scheme->bytes_min, error) ||
                         !nsim_damo_file_unit(size, "max", NSIM_DAMO_SIZE, &scheme->bytes_max, error)))
        return false;
    return read_rate(rate, "min", &scheme->rate_min, error) && read_rate(rate, "max", &scheme->rate_max, error) &&
           read_age(file, age, "min", &scheme->age_min, error) && read_age(file, age, "max", &scheme->age_max, error);
}

/* ---- Quota ------------------------------------------------------------------------------------------------------ */

static bool
read_permil(const NsimValue *map, const char *key, uint32_t *ret, GError **error)
{
    uint64_t permil = *ret;
    if (!nsim_damo_file_unit(map, key, NSIM_DAMO_PERMIL, &permil, error))
        return false;
    *ret = (uint32_t)MIN(permil, UINT32_MAX);
    return true;
}

/* Metric, node and group; the group is the caller's to free also on failure. */
static bool
read_goal_place(const NsimValue *value, NsimDamosGoalPlan *goal, GError **error)
{
    const NsimValue *path;
    uint32_t nid = UINT32_MAX;
    if (!nsim_value_check_map(value, "a goal", goal_keys, error) ||
        !nsim_damo_file_name(value, "metric", nsim_damos_metric_names, &goal->metric, error))
        return false;
    if (goal->metric == NSIM_GOAL_METRICS)
        return nsim_value_error(value, error, "a goal wants 'metric'");
    if (nsim_damo_metric_has_nid(goal->metric)) {
        if (!nsim_damo_file_count(value, "nid", INT32_MAX, &nid, error))
            return false;
        if (nid == UINT32_MAX)
            return nsim_value_error(value, error, "'%s' wants 'nid'", nsim_damos_metric_names[goal->metric]);
        goal->nid = (int32_t)nid;
    }
    if (!nsim_damo_metric_has_memcg(goal->metric))
        return true;
    if (!nsim_damo_file_child(value, "memcg_path", NSIM_VALUE_SCALAR, &path, error))
        return false;
    if (path == NULL)
        return nsim_value_error(value, error, "'%s' wants 'memcg_path'", nsim_damos_metric_names[goal->metric]);
    goal->memcg = nsim_damo_group_name(nsim_value_text(path));
    return true;
}

static bool
read_goal(const NsimValue *value, NsimDamosPlan *scheme, GError **error)
{
    NsimDamosGoalPlan goal = {.metric = NSIM_GOAL_METRICS, .nid = -1};
    if (!read_goal_place(value, &goal, error) ||
        !nsim_damo_file_unit(value, "target_value", nsim_damo_metric_unit(goal.metric), &goal.target, error) ||
        !nsim_damo_file_unit(value, "current_value", nsim_damo_metric_unit(goal.metric), &goal.current, error)) {
        g_free(goal.memcg);
        return false;
    }
    g_array_append_val(scheme->goals, goal);
    return true;
}

static bool
read_weights(const NsimValue *quota, NsimDamosPlan *scheme, GError **error)
{
    const NsimValue *weights;
    if (!nsim_damo_file_child(quota, "weights", NSIM_VALUE_MAP, &weights, error))
        return false;
    return weights == NULL || (check(weights, "weights", weight_keys, error) &&
                               read_permil(weights, "sz_permil", &scheme->weight_size, error) &&
                               read_permil(weights, "nr_accesses_permil", &scheme->weight_rate, error) &&
                               read_permil(weights, "age_permil", &scheme->weight_age, error));
}

/* What the kernel's interface cannot say. */
static void
cut_off(NsimTime *time_ps, NsimTime unit)
{
    if (*time_ps != NSIM_TIME_MAX)
        *time_ps -= *time_ps % unit;
}

static bool
read_quota_numbers(const NsimDamoFile *file, const NsimValue *quota, NsimDamosPlan *scheme, GError **error)
{
    const NsimDamoUnit unit = file->raw ? NSIM_DAMO_NS : NSIM_DAMO_MS;
    if (!nsim_damo_file_unit(quota, "time_ms", unit, &scheme->quota_ms, error) ||
        !nsim_damo_file_time(quota, "reset_interval_ms", unit, &scheme->quota_interval_ps, error) ||
        !nsim_damo_file_unit(quota, "sz_bytes", NSIM_DAMO_SIZE, &scheme->quota_bytes, error) ||
        !nsim_damo_file_count(quota, "fail_charge_num", UINT32_MAX, &scheme->fail_charge_num, error) ||
        !nsim_damo_file_count(quota, "fail_charge_denom", UINT32_MAX, &scheme->fail_charge_denom, error) ||
        !nsim_damo_file_name(quota, "goal_tuner", nsim_damos_tuner_names, &scheme->tuner, error))
        return false;
    if (file->raw && scheme->quota_ms != NSIM_DAMON_MAX)
        scheme->quota_ms /= 1000000;
    cut_off(&scheme->quota_interval_ps, NSIM_MS);
    return true;
}

static bool
read_quota(const NsimDamoFile *file, const NsimValue *value, NsimDamosPlan *scheme, GError **error)
{
    const NsimValue *quota, *goals;
    if (!nsim_damo_file_child(value, "quotas", NSIM_VALUE_MAP, &quota, error))
        return false;
    if (quota == NULL)
        return true;
    if (!check(quota, "quotas", quota_keys, error) || !read_quota_numbers(file, quota, scheme, error) ||
        !read_weights(quota, scheme, error) || !nsim_damo_file_child(quota, "goals", NSIM_VALUE_LIST, &goals, error))
        return false;
    for (uint32_t i = 0; goals != NULL && i < nsim_value_count(goals); i++)
        if (!read_goal(nsim_value_item(goals, i), scheme, error))
            return false;
    return true;
}

/* ---- Watermarks and filters ---------------------------------------------------------------------------------------
 */

static bool
read_watermarks(const NsimDamoFile *file, const NsimValue *value, NsimDamosPlan *scheme, GError **error)
{
    const NsimValue *marks;
    if (!nsim_damo_file_child(value, "watermarks", NSIM_VALUE_MAP, &marks, error))
        return false;
    if (marks == NULL)
        return true;
    if (!check(marks, "watermarks", watermark_keys, error) ||
        !nsim_damo_file_name(marks, "metric", nsim_damos_watermark_names, &scheme->watermark, error) ||
        !nsim_damo_file_time(marks, "interval_us", file->raw ? NSIM_DAMO_NS : NSIM_DAMO_US,
                             &scheme->watermark_interval_ps, error) ||
        !read_permil(marks, "high_permil", &scheme->watermark_high, error) ||
        !read_permil(marks, "mid_permil", &scheme->watermark_mid, error) ||
        !read_permil(marks, "low_permil", &scheme->watermark_low, error))
        return false;
    cut_off(&scheme->watermark_interval_ps, NSIM_US);
    return true;
}

/* The key that a type of filter takes its values from. */
static bool
read_filter_values(const NsimValue *value, NsimDamosFilterPlan *filter, GError **error)
{
    static const char *const keys[NSIM_FILTERS] = {[NSIM_FILTER_MEMCG] = "memcg_path",
                                                   [NSIM_FILTER_HUGEPAGE_SIZE] = "hugepage_size",
                                                   [NSIM_FILTER_ADDR] = "address_range",
                                                   [NSIM_FILTER_TARGET] = "damon_target_idx"};
    const char *key = keys[filter->kind];
    const NsimValue *item = key == NULL ? NULL : nsim_damo_file_get(value, key);
    if (key == NULL)
        return true;
    if (item == NULL)
        return nsim_value_error(value, error, "a filter of type '%s' wants '%s'", nsim_damos_filter_names[filter->kind],
                                key);
    if (filter->kind == NSIM_FILTER_TARGET)
        return nsim_damo_file_count(value, key, UINT32_MAX, &filter->target, error);
    if (filter->kind != NSIM_FILTER_MEMCG)
        return nsim_damo_file_range(item, &filter->start, &filter->end, error);
    if (nsim_value_text(item) == NULL)
        return nsim_value_error(item, error, "'memcg_path' wants one value");
    filter->memcg = nsim_damo_group_name(nsim_value_text(item));
    return true;
}

/* Without `allow` a filter rejects, as in files from before there were others. */
static bool
read_filter(const NsimValue *value, NsimDamosPlan *scheme, GError **error)
{
    NsimDamosFilterPlan filter = {.kind = NSIM_FILTERS, .matching = true};
    if (!nsim_value_check_map(value, "a filter", filter_keys, error) ||
        !nsim_damo_file_name(value, "filter_type", nsim_damos_filter_names, &filter.kind, error) ||
        !nsim_damo_file_bool(value, "matching", &filter.matching, error) ||
        !nsim_damo_file_bool(value, "allow", &filter.allow, error))
        return false;
    if (filter.kind == NSIM_FILTERS)
        return nsim_value_error(value, error, "a filter wants 'filter_type'");
    if (!read_filter_values(value, &filter, error))
        return false;
    g_array_append_val(scheme->filters, filter);
    return true;
}

static bool
read_filters(const NsimValue *value, NsimDamosPlan *scheme, GError **error)
{
    const NsimValue *list;
    if (!nsim_damo_file_child(value, "filters", NSIM_VALUE_LIST, &list, error))
        return false;
    for (uint32_t i = 0; list != NULL && i < nsim_value_count(list); i++)
        if (!read_filter(nsim_value_item(list, i), scheme, error))
            return false;
    return true;
}

bool
nsim_damo_file_scheme(const NsimDamoFile *file, const NsimValue *value, GPtrArray *schemes, GError **error)
{
    const NsimValue *stats;
    NsimDamosPlan *scheme = nsim_damos_plan_new(NSIM_DAMOS_STAT);
    g_ptr_array_add(schemes, scheme);
    if (!nsim_value_check_map(value, "a scheme", scheme_keys, error) ||
        !nsim_damo_file_name(value, "action", nsim_damos_action_names, &scheme->action, error) ||
        !read_destinations(value, scheme, error) || !read_pattern(file, value, scheme, error) ||
        !nsim_damo_file_time(value, "apply_interval_us", NSIM_DAMO_US, &scheme->apply_interval_ps, error) ||
        !read_quota(file, value, scheme, error) || !read_watermarks(file, value, scheme, error) ||
        !read_filters(value, scheme, error) ||
        !nsim_damo_file_unit(value, stats_snapshots, NSIM_DAMO_NUMBER, &scheme->max_nr_snapshots, error) ||
        !nsim_damo_file_child(value, "stats", NSIM_VALUE_MAP, &stats, error))
        return false;
    return stats == NULL ||
           nsim_damo_file_unit(stats, stats_snapshots, NSIM_DAMO_NUMBER, &scheme->max_nr_snapshots, error);
}
