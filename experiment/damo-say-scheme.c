/* SPDX-License-Identifier: MIT */
/* Sentences on one scheme. */
#include <experiment/damo-say.h>

#include <experiment/damo-ramp.h>
#include <experiment/damo-text.h>
#include <string.h>

/* ---- Which regions ------------------------------------------------------------------------------------------------
 */

/* "at least 1 access of 20 samples (5 %)" */
static char *
rate_words(const NsimDamosPlan *scheme, uint64_t window)
{
    const uint64_t low = nsim_damo_rate_samples(&scheme->rate_min, window);
    const uint64_t high = nsim_damo_rate_samples(&scheme->rate_max, window);
    g_autofree char *percent = scheme->rate_min.samples || scheme->rate_min.value == 0
                                   ? g_strdup("")
                                   : nsim_damo_text_percent(scheme->rate_min.value, 4);
    g_autofree char *from =
        *percent == '\0' ? g_strdup("") : g_strdup_printf(" (%s of %" G_GUINT64_FORMAT ")", percent, window);
    if (low == 0 && high >= window)
        return g_strdup("accessed as often as may be");
    if (high == 0)
        return g_strdup_printf("not seen accessed in any of %" G_GUINT64_FORMAT " samples", window);
    if (high >= window)
        return g_strdup_printf("seen accessed in at least %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " samples%s",
                               low, window, from);
    return g_strdup_printf("seen accessed in %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                           " samples",
                           low, high, window);
}

static char *
intervals_words(const NsimDamosAge *age, NsimTime aggr_ps)
{
    g_autofree char *number = nsim_damo_text_number(nsim_damo_age_intervals(age, aggr_ps));
    g_autofree char *time =
        age->intervals ? NULL
                       : nsim_damo_text_ps(age->value > UINT64_MAX / NSIM_US ? NSIM_TIME_MAX : age->value * NSIM_US);
    return time == NULL ? g_strdup_printf("%s aggregation intervals", number)
                        : g_strdup_printf("%s (%s aggregation intervals)", time, number);
}

static char *
age_words(const NsimDamosPlan *scheme, NsimTime aggr_ps)
{
    g_autofree char *low = intervals_words(&scheme->age_min, aggr_ps),
                    *high = intervals_words(&scheme->age_max, aggr_ps);
    const bool has_low = scheme->age_min.value > 0, has_high = scheme->age_max.value != NSIM_DAMON_MAX;
    if (has_low && has_high)
        return g_strdup_printf(", unchanged for %s to %s", low, high);
    if (has_low)
        return g_strdup_printf(", unchanged for at least %s", low);
    return has_high ? g_strdup_printf(", unchanged for at most %s", high) : g_strdup("");
}

static char *
size_words(const NsimDamosPlan *scheme)
{
    g_autofree char *low = nsim_damo_text_short_size(scheme->bytes_min),
                    *high = nsim_damo_text_short_size(scheme->bytes_max);
    if (scheme->bytes_min == 0 && scheme->bytes_max == NSIM_DAMON_MAX)
        return g_strdup("");
    if (scheme->bytes_max == NSIM_DAMON_MAX)
        return g_strdup_printf(" of at least %s", low);
    return g_strdup_printf(" of %s to %s", low, high);
}

static char *
action_words(const NsimDamosPlan *scheme)
{
    GString *text = g_string_new(nsim_damos_action_names[scheme->action]);
    if (scheme->target_nid >= 0)
        g_string_append_printf(text, " to node %d", scheme->target_nid);
    for (uint32_t i = 0; i < scheme->dests->len && i < 16; i++) {
        const NsimDamosDest *dest = &g_array_index(scheme->dests, NsimDamosDest, i);
        g_string_append_printf(text, "%s node %d (weight %u)", i > 0 ? "," : " over", dest->nid, dest->weight);
    }
    return g_string_free(text, FALSE);
}

static void
say_pattern(const NsimDamonContextPlan *context, const NsimDamosPlan *scheme, GPtrArray *says)
{
    const uint64_t window = nsim_damo_window_samples(&context->attrs);
    g_autofree char *action = action_words(scheme), *size = size_words(scheme), *rate = rate_words(scheme, window);
    g_autofree char *age = age_words(scheme, context->attrs.aggr_ps);
    g_autofree char *apply =
        nsim_damo_text_ps(scheme->apply_interval_ps > 0 ? scheme->apply_interval_ps : context->attrs.aggr_ps);
    nsim_damo_say(says, "%s: every %s, regions%s %s%s.", action, apply, size, rate, age);
}

/* ---- How much, in which order -------------------------------------------------------------------------------------
 */

static void
say_order(const NsimDamosPlan *scheme, GPtrArray *says)
{
    static const bool hot[NSIM_DAMOS_ACTIONS] = {[NSIM_DAMOS_LRU_PRIO] = true, [NSIM_DAMOS_MIGRATE_HOT] = true};
    static const bool cold[NSIM_DAMOS_ACTIONS] = {
        [NSIM_DAMOS_PAGEOUT] = true, [NSIM_DAMOS_LRU_DEPRIO] = true, [NSIM_DAMOS_MIGRATE_COLD] = true};
    const char *first = hot[scheme->action] ? "hottest" : "coldest";
    if (!hot[scheme->action] && !cold[scheme->action])
        nsim_damo_say(says, "In the order of addresses: this action has no priorities.");
    else if (scheme->weight_rate == 0 && scheme->weight_age == 0)
        nsim_damo_say(
            says,
            "In the order of addresses: the weights of access rate and age are 0, so that all regions rank alike.");
    else
        nsim_damo_say(
            says, "The %s first, by access rate and age with weights %u and %u; the weight of sizes (%u) is not used.",
            first, scheme->weight_rate, scheme->weight_age, scheme->weight_size);
}

static void
say_quota(const NsimDamosPlan *scheme, GPtrArray *says)
{
    g_autofree char *window = nsim_damo_text_ps(scheme->quota_interval_ps);
    g_autofree char *size = nsim_damo_text_short_size(scheme->quota_bytes),
                    *bytes = nsim_damo_text_number(scheme->quota_bytes);
    g_autofree char *guess = nsim_damo_text_short_size(nsim_damo_quota_bytes(scheme));
    const bool endless = scheme->quota_interval_ps == NSIM_TIME_MAX;
    if (scheme->quota_bytes == 0 && scheme->quota_ms == 0 && scheme->goals->len == 0) {
        nsim_damo_say(says, "No quota: all that matches, each time.");
        return;
    }
    if (scheme->quota_bytes > 0)
        nsim_damo_say(says, "At most %s (%s bytes) %s%s.", size, bytes, endless ? "in all" : "in a window of ",
                      endless ? "" : window);
    if (scheme->quota_ms > 0)
        nsim_damo_say(says,
                      "At most %" G_GUINT64_FORMAT
                      " ms of the kdamond's time %s%s: what that moves is measured; the kernel's "
                      "first guess makes it %s.",
                      scheme->quota_ms, endless ? "in all" : "in a window of ", endless ? "" : window, guess);
    say_order(scheme, says);
}

/* ---- Goals ----------------------------------------------------------------------------------------------------------
 */

static char *
goal_words(const NsimDamosGoalPlan *goal)
{
    static const char *const things[NSIM_GOAL_METRICS] = {
        [NSIM_GOAL_USER_INPUT] = "the value that is set by hand is",
        [NSIM_GOAL_SOME_MEM_PSI_US] = "tasks wait for memory in a window for",
        [NSIM_GOAL_NODE_MEM_USED_BP] = "used memory of",
        [NSIM_GOAL_NODE_MEM_FREE_BP] = "free memory of",
        [NSIM_GOAL_NODE_MEMCG_USED_BP] = "memory of the group on",
        [NSIM_GOAL_NODE_MEMCG_FREE_BP] = "memory not of the group on",
        [NSIM_GOAL_ACTIVE_MEM_BP] = "active memory is",
        [NSIM_GOAL_INACTIVE_MEM_BP] = "inactive memory is",
        [NSIM_GOAL_NODE_ELIGIBLE_MEM_BP] = "of the memory that matches the scheme, the share on",
    };
    GString *text = g_string_new(things[goal->metric]);
    g_autofree char *value = nsim_damo_metric_is_share(goal->metric) ? nsim_damo_text_percent(goal->target, 2)
                             : goal->metric == NSIM_GOAL_USER_INPUT
                                 ? nsim_damo_text_number(goal->target)
                                 : nsim_damo_text_ps(MIN(goal->target, UINT64_MAX / NSIM_US) * NSIM_US);
    if (goal->nid >= 0)
        g_string_append_printf(text, " node %d is", goal->nid);
    g_string_append_printf(text, " %s", value);
    if (goal->memcg != NULL)
        g_string_append_printf(text, " (group %s)", goal->memcg);
    return g_string_free(text, FALSE);
}

/* "12 and 28" windows at a score. */
static void
append_ramp(GString *text, const char *what, uint64_t score, uint64_t bytes)
{
    g_autofree char *first = nsim_damo_text_number(nsim_damo_ramp_up(score, NSIM_DAMO_PAGE_BYTES));
    g_string_append_printf(text, "%s%s: %s", text->len > 0 ? "; " : "", what, first);
    if (bytes >= NSIM_DAMO_PAGE_BYTES) {
        g_autofree char *full = nsim_damo_text_number(nsim_damo_ramp_up(score, bytes));
        g_string_append_printf(text, " and %s", full);
    }
}

static void
say_ramp(const NsimDamosPlan *scheme, GPtrArray *says)
{
    const uint64_t bytes = nsim_damo_quota_bytes(scheme);
    g_autofree char *quota = nsim_damo_text_short_size(bytes);
    g_autoptr(GString) text = g_string_new(NULL);
    append_ramp(text, "with nothing of the goal reached", 0, bytes);
    append_ramp(text, "half of it", 5000, bytes);
    append_ramp(text, "90 %", 9000, bytes);
    append_ramp(text, "99 %", 9900, bytes);
    nsim_damo_say(says,
                  "The quota starts at 1 byte and grows by the share that is missing. Windows until a page of 4 KiB "
                  "may move%s%s: %s.",
                  bytes >= NSIM_DAMO_PAGE_BYTES ? ", and until all of " : "",
                  bytes >= NSIM_DAMO_PAGE_BYTES ? quota : "", text->str);
}

static void
say_goals(const NsimDamosPlan *scheme, GPtrArray *says)
{
    for (uint32_t i = 0; i < scheme->goals->len; i++) {
        g_autofree char *words = goal_words(&g_array_index(scheme->goals, NsimDamosGoalPlan, i));
        nsim_damo_say(says, "Goal: %s.", words);
    }
    if (scheme->goals->len > 1)
        nsim_damo_say(says, "Of the goals the one that is reached best counts.");
    if (scheme->goals->len > 0 && scheme->tuner == NSIM_TUNER_TEMPORAL)
        nsim_damo_say(says, "Tuner temporal: the whole quota while the goal is not reached, nothing when it is.");
    else if (scheme->goals->len > 0)
        say_ramp(scheme, says);
}

/* ---- Filters and watermarks
 * ------------------------------------------------------------------------------------------ */

bool
nsim_damo_filter_is_core(const NsimDamosFilterPlan *filter)
{
    return filter->kind == NSIM_FILTER_ADDR || filter->kind == NSIM_FILTER_TARGET;
}

bool
nsim_damo_passes_by_default(const NsimDamosPlan *scheme, bool core)
{
    bool passes = true;
    for (uint32_t i = 0; i < scheme->filters->len; i++) {
        const NsimDamosFilterPlan *filter = &g_array_index(scheme->filters, NsimDamosFilterPlan, i);
        if (core && !nsim_damo_filter_is_core(filter))
            return true; /* the operations' filters have the last word */
        if (core == nsim_damo_filter_is_core(filter))
            passes = !filter->allow;
    }
    return passes;
}

char *
nsim_damo_filter_words(const NsimDamosFilterPlan *filter)
{
    static const char *const pages[NSIM_FILTERS] = {
        [NSIM_FILTER_ANON] = "anonymous",       [NSIM_FILTER_ACTIVE] = "active",
        [NSIM_FILTER_MEMCG] = "of group",       [NSIM_FILTER_YOUNG] = "young (accessed since the last look)",
        [NSIM_FILTER_UNMAPPED] = "unmapped",    [NSIM_FILTER_HUGEPAGE_SIZE] = "in folios of",
        [NSIM_FILTER_ADDR] = "at addresses of", [NSIM_FILTER_TARGET] = "of target"};
    GString *text = g_string_new("pages that are ");
    g_string_append_printf(text, "%s%s", filter->matching ? "" : "not ", pages[filter->kind]);
    if (filter->memcg != NULL)
        g_string_append_printf(text, " %s", filter->memcg);
    if (filter->kind == NSIM_FILTER_TARGET)
        g_string_append_printf(text, " %u", filter->target);
    if (filter->kind == NSIM_FILTER_ADDR || filter->kind == NSIM_FILTER_HUGEPAGE_SIZE) {
        g_autofree char *start = nsim_damo_text_short_size(filter->start),
                        *end = nsim_damo_text_short_size(filter->end);
        g_string_append_printf(text, " %s to %s", start, end);
    }
    return g_string_free(text, FALSE);
}

static void
say_filters(const NsimDamosPlan *scheme, bool core, GPtrArray *says)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (uint32_t i = 0; i < scheme->filters->len; i++) {
        const NsimDamosFilterPlan *filter = &g_array_index(scheme->filters, NsimDamosFilterPlan, i);
        g_autofree char *words = nsim_damo_filter_words(filter);
        if (nsim_damo_filter_is_core(filter) == core)
            g_string_append_printf(text, "%s%s %s", text->len > 0 ? ", then " : "", filter->allow ? "allow" : "reject",
                                   words);
    }
    if (text->len > 0)
        nsim_damo_say(says, "%s: %s. What none matches %s.", core ? "Filters of regions" : "Filters of pages",
                      text->str, nsim_damo_passes_by_default(scheme, core) ? "passes" : "is left alone");
}

static void
say_limits(const NsimDamosPlan *scheme, GPtrArray *says)
{
    g_autofree char *wait = nsim_damo_text_ps(scheme->watermark_interval_ps);
    g_autofree char *high = nsim_damo_text_percent(scheme->watermark_high, 1);
    g_autofree char *mid = nsim_damo_text_percent(scheme->watermark_mid, 1);
    g_autofree char *low = nsim_damo_text_percent(scheme->watermark_low, 1);
    if (scheme->watermark != NSIM_WMARK_NONE)
        nsim_damo_say(
            says,
            "It sleeps when free memory is above %s or below %s, and wakes when it is below %s; asleep it looks every "
            "%s.",
            high, low, mid, wait);
    if (scheme->max_nr_snapshots > 0)
        nsim_damo_say(says, "It ends after %" G_GUINT64_FORMAT " applications.", scheme->max_nr_snapshots);
}

void
nsim_damo_say_scheme(const NsimDamonContextPlan *context, const NsimDamosPlan *scheme, GPtrArray *says)
{
    say_pattern(context, scheme, says);
    say_quota(scheme, says);
    say_goals(scheme, says);
    say_filters(scheme, true, says);
    say_filters(scheme, false, says);
    say_limits(scheme, says);
}
