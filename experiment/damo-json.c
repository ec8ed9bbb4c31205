/* SPDX-License-Identifier: MIT */
/* Keys in the order of damo's own output (mid-2026), so that both can be compared by eye and by diff. */
#include <experiment/damo-json.h>

#include <experiment/damo-text.h>
#include <report/json.h>

#define MAX_TEXT "18446744073709551615"

typedef struct {
    NsimJson json;
    bool raw; /* numbers for programs, as damo's --raw has them */
} Writer;

/* A member with a text that is freed. */
static void
put(Writer *out, const char *key, char *text)
{
    nsim_json_string(&out->json, key, text);
    g_free(text);
}

static void
put_or_null(Writer *out, const char *key, const char *text)
{
    if (text != NULL)
        nsim_json_string(&out->json, key, text);
    else
        nsim_json_null(&out->json, key);
}

/* ---- Numbers ---------------------------------------------------------------------------------------------------- */

static char *
digits(uint64_t number)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT, number);
}

static void
put_number(Writer *out, const char *key, uint64_t number)
{
    put(out, key, out->raw ? digits(number) : nsim_damo_text_number(number));
}

static void
put_size(Writer *out, const char *key, uint64_t bytes)
{
    put(out, key, out->raw ? digits(bytes) : nsim_damo_text_size(bytes));
}

/* `value` / 10^scale percent; raw in units of the value. */
static void
put_ratio(Writer *out, const char *key, uint64_t value, unsigned scale)
{
    put(out, key,
        out->raw ? g_strdup_printf("%" G_GUINT64_FORMAT ".000000", value) : nsim_damo_text_percent(value, scale));
}

/*
 * Raw, some of damo's keys have nanoseconds whatever their names say: then `unit_ns` is the unit that damo keeps, of
 * which its largest number is "max". 0: microseconds, as the key says.
 */
static void
put_time(Writer *out, const char *key, NsimTime time_ps, unsigned unit_ns)
{
    if (!out->raw)
        put(out, key, nsim_damo_text_ps(time_ps));
    else if (time_ps == NSIM_TIME_MAX)
        put(out, key, g_strdup_printf(MAX_TEXT "%s", unit_ns == 0 ? "" : unit_ns == 1000 ? "000" : "000000"));
    else
        put(out, key, digits(time_ps / (unit_ns > 0 ? NSIM_NS : NSIM_US)));
}

/* Damo shows "max" as this many percent; raw is only without the commas. */
static void
put_rate(Writer *out, const char *key, const NsimDamosRate *rate)
{
    const uint64_t ppm = rate->value;
    if (ppm == NSIM_DAMON_MAX)
        put(out, key, g_strdup(out->raw ? MAX_TEXT " %" : "18,446,744,073,709,551,615 %"));
    else if (rate->samples)
        put(out, key, g_strdup_printf("%" G_GUINT64_FORMAT " samples", ppm));
    else if (out->raw && ppm % 10000 == 0)
        put(out, key, g_strdup_printf("%" G_GUINT64_FORMAT " %%", ppm / 10000));
    else
        put(out, key, nsim_damo_text_percent(ppm, 4));
}

static void
put_age(Writer *out, const char *key, const NsimDamosAge *age)
{
    uint64_t ns;
    const bool over = __builtin_mul_overflow(age->value, 1000u, &ns);
    if (age->value == NSIM_DAMON_MAX)
        put(out, key, g_strdup(out->raw ? MAX_TEXT "000" : "max"));
    else if (age->intervals)
        put(out, key, g_strdup_printf("%" G_GUINT64_FORMAT " aggr_intervals", age->value));
    else if (out->raw)
        put(out, key, g_strdup_printf("%" G_GUINT64_FORMAT "%s", age->value, age->value > 0 ? "000" : ""));
    else
        put(out, key, nsim_damo_text_time(over ? UINT64_MAX : ns));
}

static void
put_ms(Writer *out, const char *key, uint64_t ms)
{
    uint64_t ns;
    const bool over = __builtin_mul_overflow(ms, 1000000u, &ns);
    if (out->raw)
        put(out, key, g_strdup_printf("%" G_GUINT64_FORMAT "%s", ms, ms > 0 ? "000000" : ""));
    else
        put(out, key, nsim_damo_text_time(over ? UINT64_MAX : ns));
}

/* ---- Groups ------------------------------------------------------------------------------------------------------ */

/* A group as the path that damo wants; NULL: null. */
static void
put_group(Writer *out, const char *key, const char *group)
{
    g_autofree char *path = group == NULL ? NULL : g_strconcat("/", group, NULL);
    put_or_null(out, key, path);
}

/* ---- Schemes ---------------------------------------------------------------------------------------------------- */

static void
put_destinations(Writer *out, const NsimDamosPlan *scheme)
{
    nsim_json_array_inline(&out->json, "dests");
    for (uint32_t i = 0; i < scheme->dests->len; i++) {
        const NsimDamosDest *dest = &g_array_index(scheme->dests, NsimDamosDest, i);
        nsim_json_object(&out->json, NULL);
        nsim_json_uint(&out->json, "id", (uint64_t)dest->nid);
        nsim_json_uint(&out->json, "weight", dest->weight);
        nsim_json_end(&out->json);
    }
    nsim_json_end(&out->json);
    if (scheme->action != NSIM_DAMOS_MIGRATE_HOT && scheme->action != NSIM_DAMOS_MIGRATE_COLD)
        return;
    if (scheme->target_nid >= 0)
        nsim_json_uint(&out->json, "target_nid", (uint64_t)scheme->target_nid);
    else
        nsim_json_null(&out->json, "target_nid");
}

static void
put_pattern(Writer *out, const NsimDamosPlan *scheme)
{
    nsim_json_object(&out->json, "access_pattern");
    nsim_json_object_inline(&out->json, "sz_bytes");
    put_size(out, "min", scheme->bytes_min);
    put_size(out, "max", scheme->bytes_max);
    nsim_json_end(&out->json);
    nsim_json_object_inline(&out->json, "nr_accesses");
    put_rate(out, "min", &scheme->rate_min);
    put_rate(out, "max", &scheme->rate_max);
    nsim_json_end(&out->json);
    nsim_json_object_inline(&out->json, "age");
    put_age(out, "min", &scheme->age_min);
    put_age(out, "max", &scheme->age_max);
    nsim_json_end(&out->json);
    nsim_json_end(&out->json);
}

static void
put_goal(Writer *out, const NsimDamosGoalPlan *goal)
{
    nsim_json_object_inline(&out->json, NULL);
    nsim_json_string(&out->json, "metric", nsim_damos_metric_names[goal->metric]);
    if (goal->nid >= 0)
        put_number(out, "nid", (uint64_t)goal->nid);
    else
        nsim_json_null(&out->json, "nid");
    put_group(out, "memcg_path", goal->memcg);
    put_number(out, "target_value", goal->target);
    put_number(out, "current_value", goal->current);
    nsim_json_end(&out->json);
}

static void
put_quota(Writer *out, const NsimDamosPlan *scheme)
{
    nsim_json_object(&out->json, "quotas");
    put_ms(out, "time_ms", scheme->quota_ms);
    put_size(out, "sz_bytes", scheme->quota_bytes);
    put_time(out, "reset_interval_ms", scheme->quota_interval_ps, 1000000);
    put_number(out, "fail_charge_num", scheme->fail_charge_num);
    put_number(out, "fail_charge_denom", scheme->fail_charge_denom);
    nsim_json_array(&out->json, "goals");
    for (uint32_t i = 0; i < scheme->goals->len; i++)
        put_goal(out, &g_array_index(scheme->goals, NsimDamosGoalPlan, i));
    nsim_json_end(&out->json);
    nsim_json_string(&out->json, "goal_tuner", nsim_damos_tuner_names[scheme->tuner]);
    put_size(out, "effective_sz_bytes", 0);
    nsim_json_object_inline(&out->json, "weights");
    put_ratio(out, "sz_permil", scheme->weight_size, 1);
    put_ratio(out, "nr_accesses_permil", scheme->weight_rate, 1);
    put_ratio(out, "age_permil", scheme->weight_age, 1);
    nsim_json_end(&out->json);
    nsim_json_end(&out->json);
}

static void
put_watermarks(Writer *out, const NsimDamosPlan *scheme)
{
    nsim_json_object_inline(&out->json, "watermarks");
    nsim_json_string(&out->json, "metric", nsim_damos_watermark_names[scheme->watermark]);
    put_time(out, "interval_us", scheme->watermark_interval_ps, 1000);
    put_ratio(out, "high_permil", scheme->watermark_high, 1);
    put_ratio(out, "mid_permil", scheme->watermark_mid, 1);
    put_ratio(out, "low_permil", scheme->watermark_low, 1);
    nsim_json_end(&out->json);
}

static void
put_addresses(Writer *out, const NsimDamosFilterPlan *filter)
{
    if (filter->kind != NSIM_FILTER_ADDR) {
        nsim_json_null(&out->json, "address_range");
        return;
    }
    nsim_json_object(&out->json, "address_range");
    put_number(out, "start", filter->start);
    put_number(out, "end", filter->end);
    nsim_json_end(&out->json);
}

static void
put_page_sizes(Writer *out, const NsimDamosFilterPlan *filter)
{
    if (filter->kind != NSIM_FILTER_HUGEPAGE_SIZE) {
        nsim_json_null(&out->json, "hugepage_size");
        return;
    }
    nsim_json_array(&out->json, "hugepage_size");
    put_size(out, NULL, filter->start);
    put_size(out, NULL, filter->end);
    nsim_json_end(&out->json);
}

static void
put_filter(Writer *out, const NsimDamosFilterPlan *filter)
{
    nsim_json_object_inline(&out->json, NULL);
    nsim_json_string(&out->json, "filter_type", nsim_damos_filter_names[filter->kind]);
    nsim_json_bool(&out->json, "matching", filter->matching);
    nsim_json_bool(&out->json, "allow", filter->allow);
    put_group(out, "memcg_path", filter->memcg);
    put_addresses(out, filter);
    if (filter->kind == NSIM_FILTER_TARGET)
        put_number(out, "damon_target_idx", filter->target);
    else
        nsim_json_null(&out->json, "damon_target_idx");
    put_page_sizes(out, filter);
    nsim_json_end(&out->json);
}

static void
put_scheme(Writer *out, const NsimDamosPlan *scheme)
{
    nsim_json_object(&out->json, NULL);
    nsim_json_string(&out->json, "action", nsim_damos_action_names[scheme->action]);
    put_destinations(out, scheme);
    put_pattern(out, scheme);
    put_time(out, "apply_interval_us", scheme->apply_interval_ps, 0);
    put_quota(out, scheme);
    put_watermarks(out, scheme);
    nsim_json_array(&out->json, "filters");
    for (uint32_t i = 0; i < scheme->filters->len; i++)
        put_filter(out, &g_array_index(scheme->filters, NsimDamosFilterPlan, i));
    nsim_json_end(&out->json);
    if (scheme->max_nr_snapshots > 0)
        put_number(out, "max_nr_snapshots", scheme->max_nr_snapshots);
    nsim_json_end(&out->json);
}

/* ---- Contexts --------------------------------------------------------------------------------------------------- */

static void
put_target(Writer *out, const NsimDamonTargetPlan *target)
{
    nsim_json_object(&out->json, NULL);
    put_or_null(out, "pid", target->workload);
    nsim_json_bool(&out->json, "obsolete", false);
    nsim_json_array(&out->json, "regions");
    for (uint32_t i = 0; i < target->ranges->len; i++) {
        const NsimDamonRange *range = &g_array_index(target->ranges, NsimDamonRange, i);
        nsim_json_object_inline(&out->json, NULL);
        put_number(out, "start", range->start);
        put_number(out, "end", range->end);
        nsim_json_end(&out->json);
    }
    nsim_json_end(&out->json);
    if (target->nid >= 0)
        nsim_json_uint(&out->json, "numa_node", (uint64_t)target->nid);
    nsim_json_end(&out->json);
}

static void
put_attrs(Writer *out, const NsimDamonAttrs *attrs)
{
    nsim_json_object(&out->json, "intervals");
    put_time(out, "sample_us", attrs->sample_ps, 0);
    put_time(out, "aggr_us", attrs->aggr_ps, 0);
    put_time(out, "ops_update_us", attrs->ops_update_ps, 0);
    nsim_json_object_inline(&out->json, "intervals_goal");
    put_ratio(out, "access_bp", attrs->goal.access_bp, 2);
    put_number(out, "aggrs", attrs->goal.aggrs);
    put_time(out, "min_sample_us", attrs->goal.min_sample_ps, 0);
    put_time(out, "max_sample_us", attrs->goal.max_sample_ps, 0);
    nsim_json_end(&out->json);
    nsim_json_end(&out->json);
    nsim_json_object_inline(&out->json, "nr_regions");
    put_number(out, "min", attrs->min_nr_regions);
    put_number(out, "max", attrs->max_nr_regions);
    nsim_json_end(&out->json);
}

static void
put_sample_filter(Writer *out, const NsimSampleFilterPlan *filter)
{
    static const char *const kinds[] = {"cpumask", "threads", "write"};
    GString *cpus = g_string_new(NULL);
    nsim_json_object_inline(&out->json, NULL);
    nsim_json_string(&out->json, "filter_type", kinds[filter->kind]);
    nsim_json_bool(&out->json, "matching", filter->matching);
    nsim_json_bool(&out->json, "allow", filter->allow);
    for (uint32_t i = 0; i < filter->numbers->len; i++)
        g_string_append_printf(cpus, "%s%u", i > 0 ? "," : "", g_array_index(filter->numbers, uint32_t, i));
    put_or_null(out, "cpumask", filter->kind == NSIM_SAMPLE_CPU ? cpus->str : NULL);
    g_string_free(cpus, TRUE);
    if (filter->kind == NSIM_SAMPLE_THREADS) {
        nsim_json_array(&out->json, "tid_arr");
        for (uint32_t i = 0; i < filter->numbers->len; i++)
            nsim_json_uint(&out->json, NULL, g_array_index(filter->numbers, uint32_t, i));
        nsim_json_end(&out->json);
    } else {
        nsim_json_null(&out->json, "tid_arr");
    }
    nsim_json_end(&out->json);
}

static void
put_sample_control(Writer *out, const NsimDamonContextPlan *context)
{
    nsim_json_object(&out->json, "sample_control");
    nsim_json_object_inline(&out->json, "primitives_enabled");
    nsim_json_bool(&out->json, "page_table", context->primitive == NSIM_PRIMITIVE_PAGE_TABLE);
    nsim_json_bool(&out->json, "page_fault", context->primitive == NSIM_PRIMITIVE_PAGE_FAULT);
    if (context->primitive == NSIM_PRIMITIVE_HW_SAMPLE)
        nsim_json_bool(&out->json, "hw_sample", true);
    nsim_json_end(&out->json);
    nsim_json_array(&out->json, "sample_filters");
    for (uint32_t i = 0; i < context->sample_filters->len; i++)
        put_sample_filter(out, g_ptr_array_index(context->sample_filters, i));
    nsim_json_end(&out->json);
    nsim_json_end(&out->json);
}

static void
put_context(Writer *out, const NsimDamonContextPlan *context)
{
    nsim_json_object(&out->json, NULL);
    nsim_json_string(&out->json, "ops", nsim_damon_ops_name(context));
    put_size(out, "addr_unit", 1);
    nsim_json_array(&out->json, "targets");
    for (uint32_t i = 0; i < context->targets->len; i++)
        put_target(out, g_ptr_array_index(context->targets, i));
    nsim_json_end(&out->json);
    put_attrs(out, &context->attrs);
    nsim_json_array(&out->json, "probes");
    nsim_json_end(&out->json);
    put_sample_control(out, context);
    nsim_json_bool(&out->json, "pause", false);
    nsim_json_array(&out->json, "schemes");
    for (uint32_t i = 0; i < context->schemes->len; i++)
        put_scheme(out, g_ptr_array_index(context->schemes, i));
    nsim_json_end(&out->json);
    nsim_json_end(&out->json);
}

char *
nsim_damo_args_json(const NsimDamonPlan *plan, bool raw)
{
    GString *text = g_string_new(NULL);
    Writer out = {.raw = raw};
    nsim_json_init(&out.json, text);
    nsim_json_object(&out.json, NULL);
    nsim_json_array(&out.json, "kdamonds");
    for (uint32_t k = 0; k < plan->kdamonds->len; k++) {
        const NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, k);
        nsim_json_object(&out.json, NULL);
        nsim_json_uint(&out.json, "refresh_ms", 0);
        nsim_json_array(&out.json, "contexts");
        for (uint32_t c = 0; c < kdamond->contexts->len; c++)
            put_context(&out, g_ptr_array_index(kdamond->contexts, c));
        nsim_json_end(&out.json);
        nsim_json_end(&out.json);
    }
    nsim_json_end(&out.json);
    nsim_json_end(&out.json);
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

char *
nsim_damo_filters_json(const NsimDamosPlan *scheme)
{
    GString *text = g_string_new(NULL);
    Writer out = {.raw = true};
    nsim_json_init(&out.json, text);
    nsim_json_array_inline(&out.json, NULL);
    for (uint32_t i = 0; i < scheme->filters->len; i++)
        put_filter(&out, &g_array_index(scheme->filters, NsimDamosFilterPlan, i));
    nsim_json_end(&out.json);
    return g_string_free(text, FALSE);
}
