/* SPDX-License-Identifier: MIT */
/* The two forms of an explanation: the same sentences, in JSON with the numbers that they were made of. */
#include <experiment/damo-explain.h>

#include <experiment/damo-ramp.h>
#include <experiment/damo-say.h>
#include <experiment/damo-trap.h>
#include <report/format.h>
#include <report/json.h>

#define COLUMNS 100u

static const uint64_t scores[] = {0, 5000, 8000, 9000, 9500, 9900};

static const NsimDamonContextPlan *
context_of(const NsimDamonPlan *plan, uint32_t k)
{
    const NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, k);
    return g_ptr_array_index(kdamond->contexts, 0);
}

/* Sentences behind `lead`, one paragraph, wrapped. */
static void
append_paragraph(GString *out, const char *lead, const GPtrArray *says, unsigned indent)
{
    g_autoptr(GString) text = g_string_new(lead);
    for (uint32_t i = 0; i < says->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", (const char *)g_ptr_array_index(says, i));
    g_autofree char *clean = nsim_text_clean(text->str);
    if (says->len > 0)
        nsim_text_wrap(out, clean, indent, COLUMNS);
}

static void
append_each(GString *out, const char *lead, const GPtrArray *says, unsigned indent)
{
    for (uint32_t i = 0; i < says->len; i++) {
        g_autofree char *line = g_strconcat(lead, g_ptr_array_index(says, i), NULL);
        g_autofree char *clean = nsim_text_clean(line);
        nsim_text_wrap(out, clean, indent, COLUMNS);
    }
}

static void
explain_scheme(GString *out, const NsimDamonContextPlan *context, uint32_t s)
{
    const NsimDamosPlan *scheme = g_ptr_array_index(context->schemes, s);
    g_autoptr(GPtrArray) says = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *lead = g_strdup_printf("  scheme %u  ", s);
    nsim_damo_say_scheme(context, scheme, says);
    nsim_damo_find_traps(context, scheme, warnings);
    append_paragraph(out, lead, says, 12);
    append_each(out, "    warning: ", warnings, 13);
}

char *
nsim_damo_explain_text(const NsimDamonPlan *plan)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(g_free);
    for (uint32_t k = 0; k < plan->kdamonds->len; k++) {
        const NsimDamonContextPlan *context = context_of(plan, k);
        g_autoptr(GPtrArray) says = g_ptr_array_new_with_free_func(g_free);
        nsim_damo_say_context(context, k, says);
        g_string_append(out, k > 0 ? "\n" : "");
        append_paragraph(out, "", says, 2);
        for (uint32_t s = 0; s < context->schemes->len; s++)
            explain_scheme(out, context, s);
        if (context->schemes->len == 0)
            g_string_append(out, "  no scheme: memory is only watched\n");
    }
    nsim_damo_say_nodes(plan, nodes);
    g_string_append(out, nodes->len > 0 ? "\n" : "");
    append_each(out, "", nodes, 0);
    return g_string_free(out, FALSE);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void
put_sentences(NsimJson *json, const char *key, const GPtrArray *says)
{
    nsim_json_array(json, key);
    for (uint32_t i = 0; i < says->len; i++)
        nsim_json_string(json, NULL, g_ptr_array_index(says, i));
    nsim_json_end(json);
}

/* NSIM_DAMON_MAX as null: no bound. */
static void
put_bound(NsimJson *json, const char *key, uint64_t value)
{
    if (value == NSIM_DAMON_MAX)
        nsim_json_null(json, key);
    else
        nsim_json_uint(json, key, value);
}

static void
put_ramp(NsimJson *json, const NsimDamosPlan *scheme)
{
    const uint64_t bytes = nsim_damo_quota_bytes(scheme);
    nsim_json_array(json, "ramp");
    for (size_t i = 0; i < G_N_ELEMENTS(scores); i++) {
        nsim_json_object_inline(json, NULL);
        nsim_json_uint(json, "score", scores[i]);
        put_bound(json, "first_page_windows", nsim_damo_ramp_up(scores[i], NSIM_DAMO_PAGE_BYTES));
        if (bytes > 0)
            put_bound(json, "full_windows", nsim_damo_ramp_up(scores[i], bytes));
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
put_goals(NsimJson *json, const NsimDamosPlan *scheme)
{
    nsim_json_array(json, "goals");
    for (uint32_t i = 0; i < scheme->goals->len; i++) {
        const NsimDamosGoalPlan *goal = &g_array_index(scheme->goals, NsimDamosGoalPlan, i);
        nsim_json_object_inline(json, NULL);
        nsim_json_string(json, "metric", nsim_damos_metric_names[goal->metric]);
        if (goal->nid >= 0)
            nsim_json_uint(json, "nid", (uint64_t)goal->nid);
        if (goal->memcg != NULL)
            nsim_json_string(json, "group", goal->memcg);
        nsim_json_uint(json, "target", goal->target);
        nsim_json_end(json);
    }
    nsim_json_end(json);
    if (scheme->goals->len > 0) {
        nsim_json_string(json, "tuner", nsim_damos_tuner_names[scheme->tuner]);
        if (scheme->tuner == NSIM_TUNER_CONSIST)
            put_ramp(json, scheme);
    }
}

static void
put_scheme(NsimJson *json, const NsimDamonContextPlan *context, const NsimDamosPlan *scheme)
{
    const uint64_t window = nsim_damo_window_samples(&context->attrs);
    g_autoptr(GPtrArray) says = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    nsim_json_object(json, NULL);
    nsim_json_string(json, "action", nsim_damos_action_names[scheme->action]);
    put_bound(json, "bytes_min", scheme->bytes_min);
    put_bound(json, "bytes_max", scheme->bytes_max);
    put_bound(json, "samples_min", nsim_damo_rate_samples(&scheme->rate_min, window));
    put_bound(json, "samples_max", nsim_damo_rate_samples(&scheme->rate_max, window));
    put_bound(json, "age_intervals_min", nsim_damo_age_intervals(&scheme->age_min, context->attrs.aggr_ps));
    put_bound(json, "age_intervals_max", nsim_damo_age_intervals(&scheme->age_max, context->attrs.aggr_ps));
    nsim_json_uint(json, "apply_us",
                   (scheme->apply_interval_ps > 0 ? scheme->apply_interval_ps : context->attrs.aggr_ps) / NSIM_US);
    nsim_json_uint(json, "quota_bytes", scheme->quota_bytes);
    nsim_json_uint(json, "quota_ms", scheme->quota_ms);
    put_bound(json, "quota_window_ms",
              scheme->quota_interval_ps == NSIM_TIME_MAX ? NSIM_DAMON_MAX : scheme->quota_interval_ps / NSIM_MS);
    put_goals(json, scheme);
    nsim_json_bool(json, "unmatched_pages_pass", nsim_damo_passes_by_default(scheme, false));
    nsim_damo_say_scheme(context, scheme, says);
    nsim_damo_find_traps(context, scheme, warnings);
    put_sentences(json, "says", says);
    put_sentences(json, "warnings", warnings);
    nsim_json_end(json);
}

static void
put_context(NsimJson *json, const NsimDamonContextPlan *context, uint32_t k)
{
    const NsimDamonAttrs *attrs = &context->attrs;
    g_autoptr(GPtrArray) says = g_ptr_array_new_with_free_func(g_free);
    nsim_json_object(json, NULL);
    nsim_json_string(json, "ops", nsim_damon_ops_name(context));
    nsim_json_uint(json, "sample_us", attrs->sample_ps / NSIM_US);
    nsim_json_uint(json, "aggr_us", attrs->aggr_ps / NSIM_US);
    nsim_json_uint(json, "samples", nsim_damo_window_samples(attrs));
    nsim_json_uint(json, "regions_min", attrs->min_nr_regions);
    nsim_json_uint(json, "regions_max", attrs->max_nr_regions);
    nsim_damo_say_context(context, k, says);
    put_sentences(json, "says", says);
    nsim_json_array(json, "schemes");
    for (uint32_t s = 0; s < context->schemes->len; s++)
        put_scheme(json, context, g_ptr_array_index(context->schemes, s));
    nsim_json_end(json);
    nsim_json_end(json);
}

char *
nsim_damo_explain_json(const NsimDamonPlan *plan)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(g_free);
    NsimJson json;
    nsim_json_init(&json, out);
    nsim_json_object(&json, NULL);
    nsim_json_string(&json, "schema", "numasim-damo-explain-1");
    nsim_json_array(&json, "kdamonds");
    for (uint32_t k = 0; k < plan->kdamonds->len; k++)
        put_context(&json, context_of(plan, k), k);
    nsim_json_end(&json);
    nsim_damo_say_nodes(plan, nodes);
    put_sentences(&json, "nodes", nodes);
    nsim_json_end(&json);
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}
