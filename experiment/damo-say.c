/* SPDX-License-Identifier: MIT */
/* Sentences on contexts, and on goals that meet on a node. */
#include <experiment/damo-say.h>

#include <experiment/damo-ramp.h>
#include <experiment/damo-text.h>
#include <sim/time.h>

/* "node 0, 8 KiB at 4096" and the like of one target. */
static void
append_target(GString *text, const NsimDamonContextPlan *context, uint32_t t)
{
    const NsimDamonTargetPlan *target = g_ptr_array_index(context->targets, t);
    if (context->ops != NSIM_DAMON_PADDR && target->workload != NULL)
        g_string_append_printf(text, "workload %s", target->workload);
    else if (context->ops != NSIM_DAMON_PADDR)
        g_string_append_printf(text, "workload number %u", t);
    else if (target->ranges->len == 0 && target->nid >= 0)
        g_string_append_printf(text, "node %d", target->nid);
    else if (target->ranges->len == 0)
        g_string_append(text, "all nodes");
    for (uint32_t i = 0; i < target->ranges->len && i < 4; i++) {
        const NsimDamonRange *range = &g_array_index(target->ranges, NsimDamonRange, i);
        g_autofree char *size = nsim_damo_text_short_size(range->end - range->start);
        g_string_append_printf(text, "%s%s at 0x%" G_GINT64_MODIFIER "x", text->len > 0 ? ", " : "", size,
                               range->start);
    }
    if (target->ranges->len > 4)
        g_string_append_printf(text, " and %u more", target->ranges->len - 4);
}

static void
say_targets(const NsimDamonContextPlan *context, uint32_t kdamond, GPtrArray *says)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *update = nsim_damo_text_ps(context->attrs.ops_update_ps);
    for (uint32_t t = 0; t < context->targets->len && t < 8; t++) {
        g_autoptr(GString) one = g_string_new(NULL);
        append_target(one, context, t);
        g_string_append_printf(text, "%s%s", t > 0 ? "; " : "", one->str);
    }
    if (context->targets->len > 8)
        g_string_append_printf(text, "; and %u more", context->targets->len - 8);
    if (context->ops == NSIM_DAMON_NAMED)
        nsim_damo_say(says,
                      "kdamond.%u watches with the operations %s, which a policy's plug-in has to bring: built in are "
                      "vaddr, fvaddr and paddr.",
                      kdamond, context->ops_name);
    else if (context->ops == NSIM_DAMON_PADDR)
        nsim_damo_say(says, "kdamond.%u watches physical memory: %s.", kdamond, text->str);
    else if (context->ops == NSIM_DAMON_FVADDR)
        nsim_damo_say(says, "kdamond.%u watches fixed virtual addresses: %s.", kdamond, text->str);
    else
        nsim_damo_say(
            says, "kdamond.%u watches virtual addresses: %s; all mappings but the two widest gaps, read anew every %s.",
            kdamond, text->str, update);
}

/* Two checks of each region a sampling interval: clear and test. */
static char *
checks_text(uint32_t regions, NsimTime sample_ps)
{
    const uint64_t per_1000s = nsim_mul_div((uint64_t)regions * 2, 1000 * NSIM_S, MAX(sample_ps, NSIM_US));
    g_autofree char *whole = nsim_damo_text_number(per_1000s / 1000);
    return per_1000s >= 10000 || per_1000s % 1000 == 0
               ? g_steal_pointer(&whole)
               : g_strdup_printf("%s.%" G_GUINT64_FORMAT, whole, per_1000s % 1000 / 100);
}

static void
say_rhythm(const NsimDamonAttrs *attrs, GPtrArray *says)
{
    g_autofree char *sample = nsim_damo_text_ps(attrs->sample_ps), *aggr = nsim_damo_text_ps(attrs->aggr_ps);
    g_autofree char *least = checks_text(attrs->min_nr_regions, attrs->sample_ps);
    g_autofree char *most = checks_text(attrs->max_nr_regions, attrs->sample_ps);
    nsim_damo_say(
        says,
        "Every %s it looks at one page of each of %u to %u regions, and every %s it adds up %" G_GUINT64_FORMAT
        " samples. That costs %s to %s checks a second (clear and test), whatever the size of memory.",
        sample, attrs->min_nr_regions, attrs->max_nr_regions, aggr, nsim_damo_window_samples(attrs), least, most);
}

static void
say_tuning(const NsimDamonAttrs *attrs, GPtrArray *says)
{
    const NsimDamonGoal *goal = &attrs->goal;
    const uint64_t samples = nsim_damo_window_samples(attrs) * goal->aggrs;
    if (goal->aggrs == 0)
        return;
    NsimTime sample_ps = MAX(attrs->sample_ps, NSIM_US), idle_ps = 0;
    uint32_t steps = 0;
    for (; sample_ps < goal->max_sample_ps; steps++) {
        idle_ps = nsim_time_add_saturated(idle_ps, nsim_mul_div(sample_ps, samples, 1));
        sample_ps = sample_ps > goal->max_sample_ps / 2 ? goal->max_sample_ps : 2 * sample_ps;
    }
    g_autofree char *share = nsim_damo_text_percent(goal->access_bp, 2), *low = nsim_damo_text_ps(goal->min_sample_ps);
    g_autofree char *high = nsim_damo_text_ps(goal->max_sample_ps), *idle = nsim_damo_text_ps(idle_ps);
    g_autofree char *aggr = nsim_damo_text_ps(nsim_mul_div(goal->max_sample_ps, nsim_damo_window_samples(attrs), 1));
    g_autofree char *react = nsim_damo_text_ps(nsim_mul_div(goal->max_sample_ps, samples, 1));
    g_autofree char *least = checks_text(attrs->min_nr_regions, goal->max_sample_ps);
    g_autofree char *most = checks_text(attrs->max_nr_regions, goal->max_sample_ps);
    nsim_damo_say(
        says,
        "The intervals tune themselves every %" G_GUINT64_FORMAT
        " aggregation intervals, sampling between %s and %s, so that %s "
        "of all bytes and samples are seen as accessed. Idle memory gets to %s in %u steps, %s; then it is %s to %s "
        "checks a second, an aggregation interval is %s and the next change of intervals %s.",
        goal->aggrs, low, high, share, high, steps, idle, least, most, aggr, react);
}

static void
append_sample_filter(GString *text, const NsimSampleFilterPlan *filter)
{
    static const char *const kinds[] = {"CPUs", "threads", "writes"};
    g_string_append_printf(text, "%s %s%s", filter->allow ? "allow" : "reject", filter->matching ? "" : "what is not ",
                           kinds[filter->kind]);
    for (uint32_t i = 0; i < filter->numbers->len && i < 8; i++)
        g_string_append_printf(text, "%s%u", i > 0 ? "," : " ", g_array_index(filter->numbers, uint32_t, i));
    if (filter->numbers->len > 8)
        g_string_append(text, ",...");
}

static void
say_primitive(const NsimDamonContextPlan *context, GPtrArray *says)
{
    static const char *const primitives[] = {
        "accessed bits of page tables, which do not know who accessed, nor whether it wrote",
        "page faults that it provokes, which know who accessed and whether it wrote",
        "hardware samples, which know who accessed and whether it wrote"};
    g_autoptr(GString) text = g_string_new(NULL);
    for (uint32_t i = 0; i < context->sample_filters->len; i++) {
        const NsimSampleFilterPlan *filter = g_ptr_array_index(context->sample_filters, i);
        g_string_append(text, i > 0 ? ", then " : "");
        append_sample_filter(text, filter);
        if (i + 1 == context->sample_filters->len)
            g_string_append_printf(text, "; the first that matches decides, and what none matches is %s",
                                   filter->allow ? "rejected" : "allowed");
    }
    if (context->primitive != NSIM_PRIMITIVE_PAGE_TABLE || text->len > 0)
        nsim_damo_say(says, "It sees %s.", primitives[context->primitive]);
    if (text->len > 0)
        nsim_damo_say(says, "Of these reports count: %s.", text->str);
}

void
nsim_damo_say_context(const NsimDamonContextPlan *context, uint32_t kdamond, GPtrArray *says)
{
    say_targets(context, kdamond, says);
    say_rhythm(&context->attrs, says);
    say_tuning(&context->attrs, says);
    say_primitive(context, says);
}

/* ---- Goals that meet ----------------------------------------------------------------------------------------------
 */

typedef struct {
    uint32_t kdamond, scheme;
    int32_t nid;
    uint64_t bp;
} Edge;

/* The goals with this metric, in the order of the plan. */
static GArray *
collect_edges(const NsimDamonPlan *plan, NsimDamosGoalMetric metric)
{
    GArray *edges = g_array_new(FALSE, FALSE, sizeof(Edge));
    for (uint32_t k = 0; k < plan->kdamonds->len; k++) {
        const NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, k);
        const NsimDamonContextPlan *context = g_ptr_array_index(kdamond->contexts, 0);
        for (uint32_t s = 0; s < context->schemes->len; s++) {
            const NsimDamosPlan *scheme = g_ptr_array_index(context->schemes, s);
            for (uint32_t g = 0; g < scheme->goals->len && edges->len < 256; g++) {
                const NsimDamosGoalPlan *goal = &g_array_index(scheme->goals, NsimDamosGoalPlan, g);
                const Edge edge = {k, s, goal->nid, goal->target};
                if (goal->metric == metric && goal->target <= 10000)
                    g_array_append_val(edges, edge);
            }
        }
    }
    return edges;
}

static void
say_band(const Edge *frees, const Edge *fills, GPtrArray *says)
{
    const uint64_t fills_to_free = 10000 - fills->bp;
    g_autofree char *high = nsim_damo_text_percent(MAX(frees->bp, fills_to_free), 2);
    g_autofree char *low = nsim_damo_text_percent(MIN(frees->bp, fills_to_free), 2);
    if (frees->bp > fills_to_free)
        nsim_damo_say(
            says,
            "Node %d: scheme %u of kdamond.%u frees it until %s is free, scheme %u of kdamond.%u fills it until %s is "
            "free. Between %s and %s free both run, and exchange pages.",
            frees->nid, frees->scheme, frees->kdamond, high, fills->scheme, fills->kdamond, low, low, high);
    else if (frees->bp < fills_to_free)
        nsim_damo_say(
            says,
            "Node %d: scheme %u of kdamond.%u frees it until %s is free, scheme %u of kdamond.%u fills it until %s is "
            "free. Between %s and %s free neither has reason to run: once there, nothing is exchanged.",
            frees->nid, frees->scheme, frees->kdamond, low, fills->scheme, fills->kdamond, high, low, high);
    else
        nsim_damo_say(
            says, "Node %d: scheme %u of kdamond.%u frees it and scheme %u of kdamond.%u fills it to the same %s free.",
            frees->nid, frees->scheme, frees->kdamond, fills->scheme, fills->kdamond, low);
}

static const NsimDamonContextPlan *
first_context(const NsimKdamondPlan *kdamond)
{
    return g_ptr_array_index(kdamond->contexts, 0);
}

/* Is there a target of physical memory that names a part of it, or that does not? */
static bool
has_target(const NsimDamonContextPlan *context, bool part)
{
    for (uint32_t t = 0; context->ops == NSIM_DAMON_PADDR && t < context->targets->len; t++) {
        const NsimDamonTargetPlan *target = g_ptr_array_index(context->targets, t);
        if ((target->nid >= 0 || target->ranges->len > 0) == part)
            return true;
    }
    return false;
}

/* Targets take options in the order in which both are given, so that one option for two of them is the first one's. */
static void
say_unplaced(const NsimDamonPlan *plan, GPtrArray *says)
{
    bool part = false;
    for (uint32_t k = 0; k < plan->kdamonds->len; k++)
        part = part || has_target(first_context(g_ptr_array_index(plan->kdamonds, k)), true);
    for (uint32_t k = 0; part && k < plan->kdamonds->len; k++) {
        if (has_target(first_context(g_ptr_array_index(plan->kdamonds, k)), false))
            nsim_damo_say(
                says,
                "kdamond.%u watches all memory, while another target is given a part of it: the first --numa_node or "
                "--regions belongs to the first target, the second to the second.",
                k);
    }
}

void
nsim_damo_say_nodes(const NsimDamonPlan *plan, GPtrArray *says)
{
    say_unplaced(plan, says);
    g_autoptr(GArray) frees = collect_edges(plan, NSIM_GOAL_NODE_MEM_FREE_BP);
    g_autoptr(GArray) fills = collect_edges(plan, NSIM_GOAL_NODE_MEM_USED_BP);
    for (uint32_t i = 0; i < frees->len; i++)
        for (uint32_t j = 0; j < fills->len; j++)
            if (g_array_index(frees, Edge, i).nid == g_array_index(fills, Edge, j).nid)
                say_band(&g_array_index(frees, Edge, i), &g_array_index(fills, Edge, j), says);
}
