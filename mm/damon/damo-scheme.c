/* SPDX-License-Identifier: MIT */
/* A scheme from --damos_*: action, access pattern, quota, watermarks, goals and filters. */
#include <mm/damon/damo-private.h>

#include <string.h>

static bool
is_migration(uint32_t action)
{
    return action == NSIM_DAMOS_MIGRATE_HOT || action == NSIM_DAMOS_MIGRATE_COLD;
}

static bool
read_nid(const NsimDamoWords *words, const NsimDamoWord *word, int32_t *ret, GError **error)
{
    uint64_t nid;
    if (!nsim_damo_word_count(words, word, INT32_MAX, "node", &nid, error))
        return false;
    *ret = (int32_t)nid;
    return true;
}

/* "migrate_hot 0 3 1 1": pairs of node and weight. */
static bool
read_dests(const NsimDamoWords *words, const NsimDamoUse *use, NsimDamosPlan *scheme, GError **error)
{
    if (use->count % 2 == 0)
        return nsim_damo_word_error(words, use->option, error,
                                    "'%s %s' wants one node, or pairs of node and weight; found %u values",
                                    use->option->text, use->values[0].text, use->count - 1);
    for (uint32_t i = 1; i < use->count; i += 2) {
        NsimDamosDest dest;
        uint64_t weight;
        if (!read_nid(words, &use->values[i], &dest.nid, error) ||
            !nsim_damo_word_count(words, &use->values[i + 1], UINT32_MAX, "weight", &weight, error))
            return false;
        dest.weight = (uint32_t)weight;
        g_array_append_val(scheme->dests, dest);
    }
    return true;
}

static bool
read_action(const NsimDamoUses *uses, uint32_t i, NsimDamosPlan *scheme, GError **error)
{
    const NsimDamoWords *words = uses->words;
    const NsimDamoUse *use = nsim_damo_uses_get(uses, NSIM_DAMO_ACTION, i);
    if (!nsim_damo_word_name(words, use->values, nsim_damos_action_names, "action", &scheme->action, error))
        return false;
    if (!is_migration(scheme->action))
        return use->count == 1 || nsim_damo_word_error(words, &use->values[1], error, "'%s' takes no '%s'",
                                                       use->values[0].text, use->values[1].text);
    if (use->count == 1)
        return nsim_damo_word_error(words, use->values, error, "'%s' wants the number of a node behind it",
                                    use->values[0].text);
    return use->count == 2 ? read_nid(words, &use->values[1], &scheme->target_nid, error)
                           : read_dests(words, use, scheme, error);
}

/* Two values in one unit. `use` NULL: both stay. */
static bool
read_pair(const NsimDamoWords *words, const NsimDamoUse *use, NsimDamoUnit unit, const char *what, uint64_t *least,
          uint64_t *most, GError **error)
{
    return use == NULL || (nsim_damo_word_unit(words, &use->values[0], unit, what, least, error) &&
                           nsim_damo_word_unit(words, &use->values[1], unit, what, most, error));
}

static bool
read_pattern(const NsimDamoUses *uses, uint32_t i, NsimDamosPlan *scheme, GError **error)
{
    const NsimDamoWords *words = uses->words;
    return read_pair(words, nsim_damo_uses_get(uses, NSIM_DAMO_SZ_REGION, i), NSIM_DAMO_SIZE, "size of regions",
                     &scheme->bytes_min, &scheme->bytes_max, error) &&
           read_pair(words, nsim_damo_uses_get(uses, NSIM_DAMO_ACCESS_RATE, i), NSIM_DAMO_PERCENT, "access rate",
                     &scheme->rate_min.value, &scheme->rate_max.value, error) &&
           read_pair(words, nsim_damo_uses_get(uses, NSIM_DAMO_AGE, i), NSIM_DAMO_US, "age", &scheme->age_min.value,
                     &scheme->age_max.value, error);
}

static bool
read_weight(const NsimDamoWords *words, const NsimDamoWord *word, uint32_t *ret, GError **error)
{
    uint64_t weight;
    if (!nsim_damo_word_unit(words, word, NSIM_DAMO_PERMIL, "weight", &weight, error))
        return false;
    *ret = (uint32_t)MIN(weight, UINT32_MAX);
    return true;
}

static bool
read_weights(const NsimDamoWords *words, const NsimDamoWord *values, uint32_t count, NsimDamosPlan *scheme,
             GError **error)
{
    uint32_t *const weights[] = {&scheme->weight_size, &scheme->weight_rate, &scheme->weight_age};
    for (uint32_t i = 0; i < count; i++)
        if (!read_weight(words, &values[i], weights[i], error))
            return false;
    return true;
}

static bool
read_window(const NsimDamoWords *words, const NsimDamoWord *word, NsimDamosPlan *scheme, GError **error)
{
    uint64_t ms;
    if (!nsim_damo_word_unit(words, word, NSIM_DAMO_MS, "quota interval", &ms, error))
        return false;
    if (__builtin_mul_overflow(ms, NSIM_MS, &scheme->quota_interval_ps))
        scheme->quota_interval_ps = NSIM_TIME_MAX;
    return true;
}

/* --damos_quotas: all of it in one option; what is left out is 0, the window "max". */
static bool
read_quotas(const NsimDamoWords *words, const NsimDamoUse *use, NsimDamosPlan *scheme, GError **error)
{
    return nsim_damo_word_unit(words, &use->values[0], NSIM_DAMO_MS, "quota of time", &scheme->quota_ms, error) &&
           (use->count < 2 || nsim_damo_word_unit(words, &use->values[1], NSIM_DAMO_SIZE, "quota of space",
                                                  &scheme->quota_bytes, error)) &&
           (use->count < 3 || read_window(words, &use->values[2], scheme, error)) &&
           (use->count < 4 || read_weights(words, &use->values[3], use->count - 3, scheme, error));
}

/* An option of a quota's parts that has no interval is one that damo drops silently. */
static bool
check_parts(const NsimDamoUses *uses, uint32_t i, GError **error)
{
    static const NsimDamoOption parts[] = {NSIM_DAMO_QUOTA_TIME, NSIM_DAMO_QUOTA_SPACE, NSIM_DAMO_QUOTA_WEIGHTS};
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++) {
        const NsimDamoUse *use = nsim_damo_uses_get(uses, parts[p], i);
        if (use != NULL)
            return nsim_damo_word_error(uses->words, use->option, error,
                                        "'%s' of scheme %u has no --damos_quota_interval, without which damo drops it",
                                        nsim_damo_option_name(parts[p]), i);
    }
    return true;
}

static bool
read_quota(const NsimDamoUses *uses, uint32_t i, NsimDamosPlan *scheme, GError **error)
{
    const NsimDamoWords *words = uses->words;
    const NsimDamoUse *window = nsim_damo_uses_get(uses, NSIM_DAMO_QUOTA_INTERVAL, i);
    const NsimDamoUse *all = nsim_damo_uses_get(uses, NSIM_DAMO_QUOTAS, i);
    const NsimDamoUse *time = nsim_damo_uses_get(uses, NSIM_DAMO_QUOTA_TIME, i);
    const NsimDamoUse *space = nsim_damo_uses_get(uses, NSIM_DAMO_QUOTA_SPACE, i);
    const NsimDamoUse *weights = nsim_damo_uses_get(uses, NSIM_DAMO_QUOTA_WEIGHTS, i);
    if (all != NULL)
        return read_quotas(words, all, scheme, error);
    if (window == NULL)
        return check_parts(uses, i, error);
    scheme->weight_size = scheme->weight_rate = scheme->weight_age = 1;
    return read_window(words, window->values, scheme, error) &&
           (time == NULL ||
            nsim_damo_word_unit(words, time->values, NSIM_DAMO_MS, "quota of time", &scheme->quota_ms, error)) &&
           (space == NULL ||
            nsim_damo_word_unit(words, space->values, NSIM_DAMO_SIZE, "quota of space", &scheme->quota_bytes, error)) &&
           (weights == NULL || read_weights(words, weights->values, 3, scheme, error));
}

static bool
read_watermarks(const NsimDamoUses *uses, uint32_t i, NsimDamosPlan *scheme, GError **error)
{
    const NsimDamoUse *use = nsim_damo_uses_get(uses, NSIM_DAMO_WMARKS, i);
    uint32_t *const marks[] = {&scheme->watermark_high, &scheme->watermark_mid, &scheme->watermark_low};
    uint64_t us;
    if (use == NULL)
        return true;
    if (!nsim_damo_word_name(uses->words, &use->values[0], nsim_damos_watermark_names, "metric", &scheme->watermark,
                             error) ||
        !nsim_damo_word_unit(uses->words, &use->values[1], NSIM_DAMO_US, "interval", &us, error))
        return false;
    scheme->watermark_interval_ps = nsim_damo_us(us);
    for (uint32_t m = 0; m < 3; m++) {
        uint64_t permil;
        if (!nsim_damo_word_unit(uses->words, &use->values[2 + m], NSIM_DAMO_PERMIL, "watermark", &permil, error))
            return false;
        *marks[m] = (uint32_t)MIN(permil, UINT32_MAX);
    }
    return true;
}

bool
nsim_damo_scheme_read(const NsimDamoUses *uses, uint32_t i, NsimDamosPlan *scheme, GError **error)
{
    const NsimDamoWords *words = uses->words;
    const NsimDamoUse *apply = nsim_damo_uses_get(uses, NSIM_DAMO_APPLY_INTERVAL, i);
    const NsimDamoUse *tuner = nsim_damo_uses_get(uses, NSIM_DAMO_QUOTA_GOAL_TUNER, i);
    const NsimDamoUse *snapshots = nsim_damo_uses_get(uses, NSIM_DAMO_MAX_NR_SNAPSHOTS, i);
    uint64_t us = 0;
    if (!read_action(uses, i, scheme, error) || !read_pattern(uses, i, scheme, error) ||
        !read_quota(uses, i, scheme, error) || !read_watermarks(uses, i, scheme, error) ||
        (apply != NULL && !nsim_damo_word_unit(words, apply->values, NSIM_DAMO_US, "apply interval", &us, error)) ||
        (tuner != NULL &&
         !nsim_damo_word_name(words, tuner->values, nsim_damos_tuner_names, "tuner", &scheme->tuner, error)) ||
        (snapshots != NULL && !nsim_damo_word_unit(words, snapshots->values, NSIM_DAMO_NUMBER, "number of snapshots",
                                                   &scheme->max_nr_snapshots, error)))
        return false;
    scheme->apply_interval_ps = nsim_damo_us(us);
    return true;
}

/* ---- Goals ------------------------------------------------------------------------------------------------------ */

/* What follows the target value: a node, a node and a group, or the current value. */
static bool
read_goal_rest(const NsimDamoWords *words, const NsimDamoUse *use, NsimDamosGoalPlan *goal, GError **error)
{
    const bool has_memcg = nsim_damo_metric_has_memcg(goal->metric);
    const uint32_t rest = nsim_damo_metric_has_nid(goal->metric) ? 1 + has_memcg : goal->metric == NSIM_GOAL_USER_INPUT;
    if (use->count != 2 + rest)
        return nsim_damo_word_error(words, use->option, error,
                                    "goal '%s' wants a target value%s, found %u values behind it", use->values[0].text,
                                    has_memcg                                ? ", a node and a memory cgroup"
                                    : nsim_damo_metric_has_nid(goal->metric) ? " and a node"
                                    : rest > 0                               ? " and the current value"
                                                                             : "",
                                    use->count - 1);
    if (rest == 0)
        return true;
    if (goal->metric == NSIM_GOAL_USER_INPUT)
        return nsim_damo_word_unit(words, &use->values[2], NSIM_DAMO_NUMBER, "current value", &goal->current, error);
    if (!read_nid(words, &use->values[2], &goal->nid, error))
        return false;
    if (has_memcg)
        goal->memcg = nsim_damo_group_name(use->values[3].text);
    return true;
}

bool
nsim_damo_scheme_add_goal(const NsimDamoUses *uses, const NsimDamoUse *use, NsimDamosPlan *scheme, GError **error)
{
    NsimDamosGoalPlan goal = {.nid = -1};
    if (!nsim_damo_word_name(uses->words, &use->values[0], nsim_damos_metric_names, "metric", &goal.metric, error) ||
        !nsim_damo_word_unit(uses->words, &use->values[1], nsim_damo_metric_unit(goal.metric), "target value",
                             &goal.target, error) ||
        !read_goal_rest(uses->words, use, &goal, error))
        return false;
    g_array_append_val(scheme->goals, goal);
    return true;
}

/* ---- Filters ---------------------------------------------------------------------------------------------------- */

/* The words of an option, taken one by one. */
typedef struct {
    const NsimDamoWords *words;
    const NsimDamoUse *use;
    uint32_t at;
} Taker;

static const NsimDamoWord *
peek(const Taker *taker)
{
    return taker->at < taker->use->count ? &taker->use->values[taker->at] : NULL;
}

/* -1: no verdict; else whether it allows. */
static int
verdict_of(const NsimDamoWord *word)
{
    static const char *const names[] = {"reject", "deny", "block", "allow", "pass", NULL};
    const int index = word == NULL ? -1 : nsim_damo_index_of(names, word->text);
    return index < 0 ? -1 : index >= 3;
}

static bool
need_words(const Taker *taker, uint32_t count, const char *what, GError **error)
{
    return taker->at + count <= taker->use->count ||
           nsim_damo_word_error(taker->words, taker->use->option, error, "filter wants %s, found nothing", what);
}

/* What a filter's type wants behind it. */
static bool
take_filter_values(Taker *taker, NsimDamosFilterPlan *filter, GError **error)
{
    const bool is_range = filter->kind == NSIM_FILTER_ADDR || filter->kind == NSIM_FILTER_HUGEPAGE_SIZE;
    const NsimDamoWord *values = peek(taker);
    if (is_range) {
        if (!need_words(taker, 2, "two sizes or addresses", error))
            return false;
        for (uint32_t i = 0; i < 2; i++)
            if (!nsim_damo_address_parse(values[i].text, i == 0 ? &filter->start : &filter->end))
                return nsim_damo_word_error(taker->words, &values[i], error, "'%s' is not %s", values[i].text,
                                            nsim_damo_unit_allowed(NSIM_DAMO_SIZE));
        taker->at += 2;
    } else if (filter->kind == NSIM_FILTER_TARGET) {
        uint64_t target;
        if (!need_words(taker, 1, "the number of a target", error) ||
            !nsim_damo_word_count(taker->words, values, UINT32_MAX, "target", &target, error))
            return false;
        filter->target = (uint32_t)target;
        taker->at++;
    } else if (filter->kind == NSIM_FILTER_MEMCG) {
        if (!need_words(taker, 1, "a memory cgroup", error))
            return false;
        filter->memcg = nsim_damo_group_name(values->text);
        taker->at++;
    }
    return true;
}

/* `type matching|nomatching [values] [allow|reject]`, the form before damo 2.6.4. */
static bool
take_old_filter(Taker *taker, NsimDamosFilterPlan *filter, GError **error)
{
    filter->matching = strcmp(taker->use->values[1].text, "matching") == 0;
    taker->at = 2;
    if (!take_filter_values(taker, filter, error))
        return false;
    const int verdict = verdict_of(peek(taker));
    filter->allow = verdict == 1;
    taker->at += verdict >= 0;
    return taker->at == taker->use->count ||
           nsim_damo_word_error(taker->words, peek(taker), error, "'%s' is too much: a filter in the old form is alone",
                                peek(taker)->text);
}

static bool
take_new_filter(Taker *taker, NsimDamosFilterPlan *filter, GError **error)
{
    const int verdict = verdict_of(peek(taker));
    filter->allow = verdict == 1;
    taker->at += verdict >= 0;
    const NsimDamoWord *word = peek(taker);
    filter->matching = word == NULL || strcmp(word->text, "none") != 0;
    taker->at += !filter->matching;
    return need_words(taker, 1, "a type", error) &&
           nsim_damo_word_name(taker->words, peek(taker), nsim_damos_filter_names, "type of filter", &filter->kind,
                               error) &&
           (taker->at++, take_filter_values(taker, filter, error));
}

static bool
is_old_form(const NsimDamoUse *use)
{
    static const char *const forms[] = {"matching", "nomatching", NULL};
    return use->count >= 2 && nsim_damo_index_of(forms, use->values[1].text) >= 0;
}

bool
nsim_damo_scheme_add_filters(const NsimDamoUses *uses, const NsimDamoUse *use, NsimDamosPlan *scheme, GError **error)
{
    Taker taker = {uses->words, use, 0};
    const bool old = is_old_form(use);
    while (taker.at < use->count) {
        NsimDamosFilterPlan filter = {0};
        const bool good = !old ? take_new_filter(&taker, &filter, error)
                               : nsim_damo_word_name(uses->words, &use->values[0], nsim_damos_filter_names,
                                                     "type of filter", &filter.kind, error) &&
                                     take_old_filter(&taker, &filter, error);
        if (!good) {
            g_free(filter.memcg);
            return false;
        }
        g_array_append_val(scheme->filters, filter);
    }
    return true;
}
