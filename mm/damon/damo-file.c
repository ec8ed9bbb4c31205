/* SPDX-License-Identifier: MIT */
/*
 * A plan from a kdamonds file: what `damo args damon --format json` (or yaml) writes, with or without --raw and
 * --omit_defaults, what `damo report damon` dumps, and what people write by hand in the same form.
 *
 * JSON is read as YAML, which it is a part of, so that errors have positions. `damo args damon --raw` writes some times
 * in nanoseconds under keys that say milliseconds; that a file is such is seen by its ratios, "400.000000". A target
 * may have the key `numa_node`, ours, because ranges of addresses are a machine's own.
 */
#include <mm/damon/damo-file.h>

#include <string.h>

static const char *const root_keys[] = {"kdamonds", NULL};
static const char *const kdamond_keys[] = {"state", "pid", "refresh_ms", "contexts", NULL};
static const char *const context_keys[] = {"ops",    "addr_unit",      "targets", "intervals", "nr_regions",
                                           "probes", "sample_control", "pause",   "schemes",   NULL};
static const char *const target_keys[] = {"pid", "obsolete", "regions", "numa_node", NULL};
static const char *const intervals_keys[] = {"sample_us", "aggr_us", "ops_update_us", "intervals_goal", NULL};
static const char *const goal_keys[] = {"access_bp", "aggrs", "min_sample_us", "max_sample_us", NULL};
static const char *const nr_regions_keys[] = {"min", "max", NULL};
static const char *const sample_keys[] = {"primitives_enabled", "sample_filters", NULL};
static const char *const primitive_keys[] = {"page_table", "page_fault", "page_faults", "hw_sample", NULL};
static const char *const sample_filter_keys[] = {"filter_type", "matching", "allow", "cpumask", "tid_arr", NULL};

/* Digits, a point and six digits, as damo's raw ratios are. */
static bool
is_raw_ratio(const char *text)
{
    const char *point = strchr(text, '.');
    if (point == NULL || point == text || strlen(point) != 7)
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if (c != point && !g_ascii_isdigit(*c))
            return false;
    return true;
}

static bool
has_raw_ratio(const NsimValue *value)
{
    if (nsim_value_kind(value) == NSIM_VALUE_SCALAR)
        return is_raw_ratio(nsim_value_text(value));
    for (uint32_t i = 0; i < nsim_value_count(value); i++)
        if (has_raw_ratio(nsim_value_item(value, i)))
            return true;
    return false;
}

/* ---- Targets -------------------------------------------------------------------------------------------------- */

static bool
read_regions(const NsimValue *list, GArray *ranges, GError **error)
{
    for (uint32_t i = 0; i < nsim_value_count(list); i++) {
        const NsimValue *item = nsim_value_item(list, i);
        NsimDamonRange range = {0};
        if (!nsim_damo_file_range(item, &range.start, &range.end, error))
            return false;
        if (range.start >= range.end ||
            (ranges->len > 0 && g_array_index(ranges, NsimDamonRange, ranges->len - 1).end > range.start))
            return nsim_value_error(item, error, "regions must ascend, without one in another and not empty");
        g_array_append_val(ranges, range);
    }
    return true;
}

static bool
read_target(const NsimValue *value, NsimDamonContextPlan *context, GError **error)
{
    const NsimValue *regions, *pid, *node;
    uint32_t nid = 0;
    if (!nsim_value_check_map(value, "a target", target_keys, error) ||
        !nsim_damo_file_child(value, "pid", NSIM_VALUE_SCALAR, &pid, error) ||
        !nsim_damo_file_child(value, "numa_node", NSIM_VALUE_SCALAR, &node, error) ||
        !nsim_damo_file_count(value, "numa_node", INT32_MAX, &nid, error) ||
        !nsim_damo_file_child(value, "regions", NSIM_VALUE_LIST, &regions, error))
        return false;
    NsimDamonTargetPlan *target = nsim_damon_target_plan_new();
    g_ptr_array_add(context->targets, target);
    if (pid != NULL && context->ops != NSIM_DAMON_PADDR)
        target->workload = g_strdup(nsim_value_text(pid));
    if (node != NULL)
        target->nid = (int32_t)nid;
    return regions == NULL || read_regions(regions, target->ranges, error);
}

static bool
read_targets(const NsimValue *map, NsimDamonContextPlan *context, GError **error)
{
    const NsimValue *list;
    if (!nsim_damo_file_child(map, "targets", NSIM_VALUE_LIST, &list, error))
        return false;
    for (uint32_t i = 0; list != NULL && i < nsim_value_count(list); i++)
        if (!read_target(nsim_value_item(list, i), context, error))
            return false;
    if (context->targets->len == 0)
        g_ptr_array_add(context->targets, nsim_damon_target_plan_new());
    return true;
}

/* ---- Attributes ------------------------------------------------------------------------------------------------- */

static bool
read_goal(const NsimValue *map, NsimDamonGoal *goal, GError **error)
{
    const NsimValue *value;
    if (!nsim_damo_file_child(map, "intervals_goal", NSIM_VALUE_MAP, &value, error))
        return false;
    return value == NULL || (nsim_value_check_map(value, "intervals_goal", goal_keys, error) &&
                             nsim_damo_file_unit(value, "access_bp", NSIM_DAMO_BP, &goal->access_bp, error) &&
                             nsim_damo_file_unit(value, "aggrs", NSIM_DAMO_NUMBER, &goal->aggrs, error) &&
                             nsim_damo_file_time(value, "min_sample_us", NSIM_DAMO_US, &goal->min_sample_ps, error) &&
                             nsim_damo_file_time(value, "max_sample_us", NSIM_DAMO_US, &goal->max_sample_ps, error));
}

static bool
read_attrs(const NsimValue *map, NsimDamonAttrs *attrs, GError **error)
{
    const NsimValue *intervals, *nr_regions;
    g_autoptr(GError) refused = NULL;
    if (!nsim_damo_file_child(map, "intervals", NSIM_VALUE_MAP, &intervals, error) ||
        !nsim_damo_file_child(map, "nr_regions", NSIM_VALUE_MAP, &nr_regions, error))
        return false;
    if (intervals != NULL &&
        (!nsim_value_check_map(intervals, "intervals", intervals_keys, error) ||
         !nsim_damo_file_time(intervals, "sample_us", NSIM_DAMO_US, &attrs->sample_ps, error) ||
         !nsim_damo_file_time(intervals, "aggr_us", NSIM_DAMO_US, &attrs->aggr_ps, error) ||
         !nsim_damo_file_time(intervals, "ops_update_us", NSIM_DAMO_US, &attrs->ops_update_ps, error) ||
         !read_goal(intervals, &attrs->goal, error)))
        return false;
    if (nr_regions != NULL && (!nsim_value_check_map(nr_regions, "nr_regions", nr_regions_keys, error) ||
                               !nsim_damo_file_count(nr_regions, "min", UINT32_MAX, &attrs->min_nr_regions, error) ||
                               !nsim_damo_file_count(nr_regions, "max", UINT32_MAX, &attrs->max_nr_regions, error)))
        return false;
    const NsimTime longest_ps = MAX(MAX(attrs->aggr_ps, attrs->ops_update_ps), attrs->goal.max_sample_ps);
    if (longest_ps == NSIM_TIME_MAX)
        return nsim_value_error(intervals, error, "an interval is too long");
    return nsim_damon_attrs_check(attrs, &refused) || nsim_value_error(map, error, "%s", refused->message);
}

/* ---- Sample control --------------------------------------------------------------------------------------------- */

static bool
read_primitives(const NsimValue *value, NsimDamonContextPlan *context, GError **error)
{
    bool table = false, fault = false, faults = false, hardware = false;
    if (!nsim_value_check_map(value, "primitives_enabled", primitive_keys, error) ||
        !nsim_damo_file_bool(value, "page_table", &table, error) ||
        !nsim_damo_file_bool(value, "page_fault", &fault, error) ||
        !nsim_damo_file_bool(value, "page_faults", &faults, error) ||
        !nsim_damo_file_bool(value, "hw_sample", &hardware, error))
        return false;
    if (table + (fault || faults) + hardware != 1)
        return nsim_value_error(value, error, "exactly one of the primitives must be true");
    context->primitive_given = true;
    context->primitive = table      ? NSIM_PRIMITIVE_PAGE_TABLE
                         : hardware ? NSIM_PRIMITIVE_HW_SAMPLE
                                    : NSIM_PRIMITIVE_PAGE_FAULT;
    return true;
}

/* A text "0-4,7", or a list of numbers. */
static bool
read_numbers(const NsimValue *map, const char *key, GArray *numbers, GError **error)
{
    const NsimValue *value = nsim_damo_file_get(map, key);
    if (value == NULL)
        return nsim_value_error(map, error, "'%s' is missing", key);
    const bool is_list = nsim_value_kind(value) == NSIM_VALUE_LIST;
    for (uint32_t i = 0; i < (is_list ? nsim_value_count(value) : 1); i++) {
        const NsimValue *item = is_list ? nsim_value_item(value, i) : value;
        const char *text = nsim_value_text(item);
        if (text == NULL || !nsim_damo_numbers_parse(text, numbers))
            return nsim_value_error(item, error, "'%s' wants a list of numbers such as 0-3,5", key);
    }
    return true;
}

static bool
read_sample_filter(const NsimValue *value, NsimDamonContextPlan *context, GError **error)
{
    static const char *const kinds[] = {"cpumask", "threads", "write", NULL};
    uint32_t kind = UINT32_MAX;
    if (!nsim_value_check_map(value, "a sample filter", sample_filter_keys, error) ||
        !nsim_damo_file_name(value, "filter_type", kinds, &kind, error))
        return false;
    if (kind == UINT32_MAX)
        return nsim_value_error(value, error, "'filter_type' is missing: cpumask, threads or write");
    NsimSampleFilterPlan *filter = nsim_sample_filter_plan_new(kind);
    g_ptr_array_add(context->sample_filters, filter);
    return nsim_damo_file_bool(value, "matching", &filter->matching, error) &&
           nsim_damo_file_bool(value, "allow", &filter->allow, error) &&
           (kind == NSIM_SAMPLE_WRITE ||
            read_numbers(value, kind == NSIM_SAMPLE_CPU ? "cpumask" : "tid_arr", filter->numbers, error));
}

static bool
read_sample_control(const NsimValue *map, NsimDamonContextPlan *context, GError **error)
{
    const NsimValue *control, *primitives, *filters;
    if (!nsim_damo_file_child(map, "sample_control", NSIM_VALUE_MAP, &control, error))
        return false;
    if (control == NULL)
        return true;
    if (!nsim_value_check_map(control, "sample_control", sample_keys, error) ||
        !nsim_damo_file_child(control, "primitives_enabled", NSIM_VALUE_MAP, &primitives, error) ||
        !nsim_damo_file_child(control, "sample_filters", NSIM_VALUE_LIST, &filters, error) ||
        (primitives != NULL && !read_primitives(primitives, context, error)))
        return false;
    for (uint32_t i = 0; filters != NULL && i < nsim_value_count(filters); i++)
        if (!read_sample_filter(nsim_value_item(filters, i), context, error))
            return false;
    return true;
}

/* ---- Contexts and kdamonds -------------------------------------------------------------------------------------- */

static bool
read_scheme_list(const NsimDamoFile *file, const NsimValue *list, GPtrArray *schemes, GError **error)
{
    if (nsim_value_count(list) > NSIM_DAMO_SCHEMES_MAX)
        return nsim_value_error(list, error, "more than %u schemes", NSIM_DAMO_SCHEMES_MAX);
    for (uint32_t i = 0; i < nsim_value_count(list); i++)
        if (!nsim_damo_file_scheme(file, nsim_value_item(list, i), schemes, error))
            return false;
    return true;
}

static bool
read_ops(const NsimValue *value, NsimDamonContextPlan *context, GError **error)
{
    const NsimValue *ops = nsim_damo_file_get(value, "ops");
    const char *text = ops == NULL ? NULL : nsim_value_text(ops);
    return (text != NULL && nsim_damon_set_ops(context, text)) ||
           nsim_damo_file_name(value, "ops", nsim_damon_ops_names, &context->ops, error);
}

static bool
read_context(const NsimDamoFile *file, const NsimValue *value, NsimDamonContextPlan *context, GError **error)
{
    const NsimValue *schemes;
    uint64_t unit = 1;
    bool pause = false;
    if (!nsim_value_check_map(value, "a context", context_keys, error) ||
        !read_ops(value, context, error) ||
        !nsim_damo_file_unit(value, "addr_unit", NSIM_DAMO_SIZE, &unit, error) ||
        !nsim_damo_file_bool(value, "pause", &pause, error) || !read_targets(value, context, error) ||
        !read_attrs(value, &context->attrs, error) || !read_sample_control(value, context, error) ||
        !nsim_damo_file_child(value, "schemes", NSIM_VALUE_LIST, &schemes, error))
        return false;
    if (unit != 1)
        return nsim_value_error(nsim_value_get(value, "addr_unit"), error, "addresses are in bytes here: expected 1");
    if (pause)
        return nsim_value_error(nsim_value_get(value, "pause"), error, "a context that is paused does nothing");
    return schemes == NULL || read_scheme_list(file, schemes, context->schemes, error);
}

static bool
read_kdamond(const NsimDamoFile *file, const NsimValue *value, NsimDamonPlan *plan, GError **error)
{
    const NsimValue *contexts;
    if (!nsim_value_check_map(value, "a kdamond", kdamond_keys, error) ||
        !nsim_damo_file_child(value, "contexts", NSIM_VALUE_LIST, &contexts, error))
        return false;
    if (contexts == NULL || nsim_value_count(contexts) != 1)
        return nsim_value_error(contexts != NULL ? contexts : value, error,
                                "a kdamond has %u contexts here, and Linux allows exactly one",
                                contexts == NULL ? 0 : nsim_value_count(contexts));
    NsimKdamondPlan *kdamond = nsim_kdamond_plan_new();
    NsimDamonContextPlan *context = nsim_damon_context_plan_new();
    g_ptr_array_add(plan->kdamonds, kdamond);
    g_ptr_array_add(kdamond->contexts, context);
    return read_context(file, nsim_value_item(contexts, 0), context, error);
}

NsimDamonPlan *
nsim_damo_file_read(const char *text, const char *name, GError **error)
{
    const NsimValue *list;
    g_autoptr(NsimDocument) document = nsim_document_parse(text, strlen(text), name, error);
    if (document == NULL)
        return NULL;
    const NsimValue *root = nsim_document_root(document);
    const NsimDamoFile file = {.raw = has_raw_ratio(root)};
    if (!nsim_value_check_map(root, "a kdamonds file", root_keys, error) ||
        !nsim_damo_file_child(root, "kdamonds", NSIM_VALUE_LIST, &list, error))
        return NULL;
    if (list == NULL || nsim_value_count(list) == 0 || nsim_value_count(list) > NSIM_DAMO_CONTEXTS_MAX) {
        nsim_value_error(list != NULL ? list : root, error, "'kdamonds' wants a list of 1 to %u",
                         NSIM_DAMO_CONTEXTS_MAX);
        return NULL;
    }
    g_autoptr(NsimDamonPlan) plan = nsim_damon_plan_new();
    for (uint32_t i = 0; i < nsim_value_count(list); i++)
        if (!read_kdamond(&file, nsim_value_item(list, i), plan, error))
            return NULL;
    return g_steal_pointer(&plan);
}

bool
nsim_damo_file_read_schemes(const char *text, const char *name, GPtrArray *schemes, GError **error)
{
    g_autoptr(NsimDocument) document = nsim_document_parse(text, strlen(text), name, error);
    if (document == NULL)
        return false;
    const NsimValue *root = nsim_document_root(document);
    const NsimDamoFile file = {.raw = has_raw_ratio(root)};
    if (nsim_value_kind(root) != NSIM_VALUE_LIST)
        return nsim_value_error(root, error, "expected a list of schemes");
    return read_scheme_list(&file, root, schemes, error);
}
