/* SPDX-License-Identifier: MIT */
/*
 * A plan from the options of a damo command line.
 *
 * As damo has it: the i-th use of an option belongs to the i-th context, target or scheme, wherever it stands; what has
 * no use of its own takes the default; --nr_targets, --nr_schemes and --nr_ctxs say how many of each go together. Ours:
 * where damo would start something else than what is written (a quota without its interval, goals without a quota) or
 * what Linux refuses (two contexts in a kdamond), that is an error here.
 */
#include <mm/damon/damo-private.h>

#include <string.h>

#define DEFAULT_GOAL_BP 400u
#define DEFAULT_GOAL_AGGRS 3u

/* ---- Contexts ------------------------------------------------------------------------------------------------- */

/* An interval of microseconds. `option` was perhaps not used for this context: then `*time` stays. */
static bool
read_interval(const NsimDamoWords *words, const NsimDamoWord *word, const char *what, NsimTime *time, GError **error)
{
    uint64_t us;
    if (!nsim_damo_word_unit(words, word, NSIM_DAMO_US, what, &us, error))
        return false;
    if (nsim_damo_us(us) == NSIM_TIME_MAX)
        return nsim_damo_word_error(words, word, error, "%s '%s' is too long", what, word->text);
    *time = nsim_damo_us(us);
    return true;
}

static bool
read_region_count(const NsimDamoWords *words, const NsimDamoWord *word, uint32_t *count, GError **error)
{
    uint64_t value;
    if (!nsim_damo_word_count(words, word, UINT32_MAX, "number of regions", &value, error))
        return false;
    *count = (uint32_t)value;
    return true;
}

static bool
read_intervals(const NsimDamoUses *uses, uint32_t c, NsimDamonAttrs *attrs, GError **error)
{
    static const NsimDamoOption options[] = {NSIM_DAMO_SAMPLE, NSIM_DAMO_AGGR, NSIM_DAMO_UPDR};
    static const char *const names[] = {"sampling interval", "aggregation interval", "update interval"};
    NsimTime *const times[] = {&attrs->sample_ps, &attrs->aggr_ps, &attrs->ops_update_ps};
    const NsimDamoUse *all = nsim_damo_uses_get(uses, NSIM_DAMO_INTERVALS, c);
    for (uint32_t i = 0; i < G_N_ELEMENTS(options); i++) {
        const NsimDamoUse *one = nsim_damo_uses_get(uses, options[i], c);
        const NsimDamoWord *word = one != NULL ? one->values : all != NULL ? &all->values[i] : NULL;
        if (word != NULL && !read_interval(uses->words, word, names[i], times[i], error))
            return false;
    }
    return true;
}

static bool
read_region_counts(const NsimDamoUses *uses, uint32_t c, NsimDamonAttrs *attrs, GError **error)
{
    static const NsimDamoOption options[] = {NSIM_DAMO_MINR, NSIM_DAMO_MAXR};
    uint32_t *const counts[] = {&attrs->min_nr_regions, &attrs->max_nr_regions};
    const NsimDamoUse *all = nsim_damo_uses_get(uses, NSIM_DAMO_NR_REGIONS, c);
    for (uint32_t i = 0; i < G_N_ELEMENTS(options); i++) {
        const NsimDamoUse *one = nsim_damo_uses_get(uses, options[i], c);
        const NsimDamoWord *word = one != NULL ? one->values : all != NULL ? &all->values[i] : NULL;
        if (word != NULL && !read_region_count(uses->words, word, counts[i], error))
            return false;
    }
    return true;
}

static bool
read_intervals_goal(const NsimDamoUses *uses, uint32_t c, NsimDamonGoal *goal, GError **error)
{
    const NsimDamoUse *use = nsim_damo_uses_get(uses, NSIM_DAMO_INTERVALS_GOAL, c);
    if (use == NULL) {
        if (nsim_damo_uses_count(uses, NSIM_DAMO_AUTOTUNE) > 0)
            *goal = (NsimDamonGoal){DEFAULT_GOAL_BP, DEFAULT_GOAL_AGGRS, 5 * NSIM_MS, 10 * NSIM_S};
        return true;
    }
    return nsim_damo_word_unit(uses->words, &use->values[0], NSIM_DAMO_BP, "goal of accesses", &goal->access_bp,
                               error) &&
           nsim_damo_word_count(uses->words, &use->values[1], UINT32_MAX, "number of aggregation intervals",
                                &goal->aggrs, error) &&
           read_interval(uses->words, &use->values[2], "least sampling interval", &goal->min_sample_ps, error) &&
           read_interval(uses->words, &use->values[3], "largest sampling interval", &goal->max_sample_ps, error);
}

/* The word that names an attribute best, for an error about all of them. */
static const NsimDamoWord *
attribute_word(const NsimDamoUses *uses, uint32_t c)
{
    for (uint32_t option = NSIM_DAMO_SAMPLE; option <= NSIM_DAMO_NR_REGIONS; option++) {
        const NsimDamoUse *use = nsim_damo_uses_get(uses, option, c);
        if (use != NULL)
            return use->option;
    }
    return NULL;
}

static bool
read_ops(const NsimDamoUses *uses, uint32_t c, bool has_pid, NsimDamonContextPlan *context, GError **error)
{
    const NsimDamoUse *use = nsim_damo_uses_get(uses, NSIM_DAMO_OPS, c);
    if (use != NULL)
        return nsim_damon_set_ops(context, use->values->text) ||
               nsim_damo_word_name(uses->words, use->values, nsim_damon_ops_names, "operations", &context->ops, error);
    context->ops = has_pid ? NSIM_DAMON_VADDR : NSIM_DAMON_PADDR;
    if (uses->target == NULL)
        return true;
    const int explicit = nsim_damo_index_of(nsim_damon_ops_names, uses->target->text);
    if (explicit >= 0)
        context->ops = (uint32_t) explicit;
    else
        context->ops = nsim_damo_uses_count(uses, NSIM_DAMO_REGIONS) > 0 ? NSIM_DAMON_FVADDR : NSIM_DAMON_VADDR;
    return true;
}

static bool
read_context(const NsimDamoUses *uses, uint32_t c, bool has_pid, NsimDamonContextPlan *context, GError **error)
{
    g_autoptr(GError) refused = NULL;
    if (!read_ops(uses, c, has_pid, context, error) || !read_intervals(uses, c, &context->attrs, error) ||
        !read_region_counts(uses, c, &context->attrs, error) ||
        !read_intervals_goal(uses, c, &context->attrs.goal, error))
        return false;
    return nsim_damon_attrs_check(&context->attrs, &refused) ||
           nsim_damo_word_error(uses->words, attribute_word(uses, c), error, "context %u: %s", c, refused->message);
}

/* ---- Targets -------------------------------------------------------------------------------------------------- */

/* "$(pidof NAME)" as NAME. (transfer full) */
static char *
workload_of(const char *pid)
{
    static const char *const commands[] = {"$(pidof ", "$(pgrep "};
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (!g_str_has_prefix(pid, commands[i]) || !g_str_has_suffix(pid, ")"))
            continue;
        char *name = g_strdup(pid + strlen(commands[i]));
        name[strlen(name) - 1] = '\0';
        return g_strstrip(name);
    }
    return g_strdup(pid);
}

static bool
read_range(const NsimDamoWords *words, const NsimDamoWord *word, const char *text, GArray *ranges, GError **error)
{
    NsimDamonRange range;
    g_auto(GStrv) ends = g_strsplit(text, "-", 3);
    if (g_strv_length(ends) != 2 || !nsim_damo_address_parse(ends[0], &range.start) ||
        !nsim_damo_address_parse(ends[1], &range.end))
        return nsim_damo_word_error(words, word, error, "region '%s' is not START-END, addresses in bytes", text);
    if (range.start >= range.end)
        return nsim_damo_word_error(words, word, error, "region '%s' does not end behind its start", text);
    if (ranges->len > 0 && g_array_index(ranges, NsimDamonRange, ranges->len - 1).end > range.start)
        return nsim_damo_word_error(words, word, error, "region '%s' does not come behind the one before it", text);
    g_array_append_val(ranges, range);
    return true;
}

static bool
read_ranges(const NsimDamoWords *words, const NsimDamoWord *word, GArray *ranges, GError **error)
{
    g_auto(GStrv) texts = g_strsplit_set(word->text, " \t\r\n", -1);
    for (char **text = texts; *text != NULL; text++)
        if (**text != '\0' && !read_range(words, word, *text, ranges, error))
            return false;
    return true;
}

/* The nodes of one --numa_node: a target each, which DAMON watches as it would one target of both. */
static bool
add_nodes(const NsimDamoWords *words, const NsimDamoUse *use, GPtrArray *targets, GError **error)
{
    for (uint32_t i = 0; i < use->count; i++) {
        uint64_t nid;
        if (!nsim_damo_word_count(words, &use->values[i], INT32_MAX, "node", &nid, error))
            return false;
        NsimDamonTargetPlan *target = nsim_damon_target_plan_new();
        target->nid = (int32_t)nid;
        g_ptr_array_add(targets, target);
    }
    return true;
}

static bool
read_target(const NsimDamoUses *uses, uint32_t t, NsimDamonContextPlan *context, GError **error)
{
    const NsimDamoUse *pid = nsim_damo_uses_get(uses, NSIM_DAMO_TARGET_PID, t);
    const NsimDamoUse *regions = nsim_damo_uses_get(uses, NSIM_DAMO_REGIONS, t);
    const NsimDamoUse *nodes = nsim_damo_uses_get(uses, NSIM_DAMO_NUMA_NODE, t);
    if ((context->ops == NSIM_DAMON_PADDR || context->ops == NSIM_DAMON_NAMED) && nodes != NULL && regions == NULL)
        return add_nodes(uses->words, nodes, context->targets, error);
    NsimDamonTargetPlan *target = nsim_damon_target_plan_new();
    g_ptr_array_add(context->targets, target);
    const NsimDamoWord *word = pid != NULL ? pid->values : t == 0 ? uses->target : NULL;
    if (context->ops != NSIM_DAMON_PADDR && word != NULL && nsim_damo_index_of(nsim_damon_ops_names, word->text) < 0)
        target->workload = workload_of(word->text);
    if (target->workload != NULL && nsim_damo_is_null(target->workload))
        return nsim_damo_word_error(uses->words, word, error, "'%s' is no name of a workload", word->text);
    if (regions != NULL)
        return read_ranges(uses->words, regions->values, target->ranges, error);
    return context->ops != NSIM_DAMON_FVADDR ||
           nsim_damo_word_error(uses->words, NULL, error, "target %u of fvaddr has no --regions", t);
}

/* ---- How they go together --------------------------------------------------------------------------------------- */

/* The counts of an --nr_* option: there must be `count` of them (0: any number), with the sum `total`. */
static bool
read_shares(const NsimDamoUses *uses, NsimDamoOption option, uint32_t count, uint32_t total, const char *what,
            GArray *ret, GError **error)
{
    const NsimDamoUse *use = nsim_damo_uses_get(uses, option, nsim_damo_uses_count(uses, option) - 1);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < use->count; i++) {
        uint64_t share;
        if (!nsim_damo_word_count(uses->words, &use->values[i], NSIM_DAMO_SCHEMES_MAX, "number", &share, error))
            return false;
        const uint32_t narrow = (uint32_t)share;
        g_array_append_val(ret, narrow);
        sum += share;
    }
    if (sum != total)
        return nsim_damo_word_error(uses->words, use->option, error,
                                    "'%s' adds up to %" G_GUINT64_FORMAT ", but there %s %u %s", use->option->text, sum,
                                    total == 1 ? "is" : "are", total, what);
    if (count > 0 && use->count != count)
        return nsim_damo_word_error(uses->words, use->option, error, "'%s' has %u values, expected %u",
                                    use->option->text, use->count, count);
    return true;
}

/* The same, where it may be left out when there is one place for all. */
static bool
shares_of(const NsimDamoUses *uses, NsimDamoOption option, uint32_t count, uint32_t total, const char *what,
          GArray *ret, GError **error)
{
    if (nsim_damo_uses_count(uses, option) > 0)
        return read_shares(uses, option, count, total, what, ret, error);
    if (count != 1 && total > 0)
        return nsim_damo_word_error(uses->words, NULL, error,
                                    "'%s' is missing: it says how the %u %s are shared among %u",
                                    nsim_damo_option_name(option), total, what, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t share = i == 0 ? total : 0;
        g_array_append_val(ret, share);
    }
    return true;
}

static uint32_t
value_count(const NsimDamoUses *uses, NsimDamoOption option)
{
    const uint32_t count = nsim_damo_uses_count(uses, option);
    return count == 0 ? 0 : nsim_damo_uses_get(uses, option, count - 1)->count;
}

static uint32_t
count_contexts(const NsimDamoUses *uses)
{
    uint32_t count = MAX(1, MAX(value_count(uses, NSIM_DAMO_NR_TARGETS), value_count(uses, NSIM_DAMO_NR_SCHEMES)));
    for (uint32_t option = 0; option <= NSIM_DAMO_LAST_OF_CONTEXT; option++)
        if (option != NSIM_DAMO_SAMPLE_PRIMITIVES)
            count = MAX(count, nsim_damo_uses_count(uses, option));
    return count;
}

static uint32_t
count_targets(const NsimDamoUses *uses, uint32_t context_count)
{
    uint32_t count = context_count;
    for (uint32_t option = NSIM_DAMO_LAST_OF_CONTEXT + 1; option <= NSIM_DAMO_LAST_OF_TARGET; option++)
        count = MAX(count, nsim_damo_uses_count(uses, option));
    return count;
}

/* Filters of reports: all of them to each context, or so many each. */
static bool
add_sampling(const NsimDamoUses *uses, GPtrArray *contexts, GError **error)
{
    g_autoptr(GArray) shares = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const uint32_t total = nsim_damo_uses_count(uses, NSIM_DAMO_SAMPLE_FILTER);
    const bool shared = nsim_damo_uses_count(uses, NSIM_DAMO_NR_SAMPLE_FILTERS) > 0;
    if (shared &&
        !read_shares(uses, NSIM_DAMO_NR_SAMPLE_FILTERS, contexts->len, total, "sample filters", shares, error))
        return false;
    for (uint32_t c = 0, first = 0; c < contexts->len; c++) {
        const uint32_t count = shared ? g_array_index(shares, uint32_t, c) : total;
        if (!nsim_damo_sample_read(uses, c, first, count, g_ptr_array_index(contexts, c), error))
            return false;
        first += shared ? count : 0;
    }
    return true;
}

static bool
add_contexts(const NsimDamoUses *uses, GPtrArray *contexts, uint32_t context_count, GError **error)
{
    g_autoptr(GArray) shares = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const uint32_t target_count = count_targets(uses, context_count);
    if (!shares_of(uses, NSIM_DAMO_NR_TARGETS, context_count, target_count, "targets", shares, error))
        return false;
    for (uint32_t c = 0, t = 0; c < context_count; c++) {
        const uint32_t end = t + g_array_index(shares, uint32_t, c);
        const bool has_pid = t < end && nsim_damo_uses_get(uses, NSIM_DAMO_TARGET_PID, t) != NULL;
        NsimDamonContextPlan *context = g_ptr_array_index(contexts, c);
        if (!read_context(uses, c, has_pid, context, error))
            return false;
        for (; t < end; t++)
            if (!read_target(uses, t, context, error))
                return false;
    }
    return add_sampling(uses, contexts, error);
}

/* ---- Schemes -------------------------------------------------------------------------------------------------- */

/* Every option of schemes has at most one use for each of them. */
static bool
check_scheme_options(const NsimDamoUses *uses, uint32_t scheme_count, GError **error)
{
    for (uint32_t option = NSIM_DAMO_LAST_OF_TARGET + 1; option <= NSIM_DAMO_NR_FILTERS; option++) {
        const NsimDamoUse *use = nsim_damo_uses_get(uses, option, 0);
        if (use != NULL && scheme_count == 0)
            return nsim_damo_word_error(uses->words, use->option, error, "'%s' without --damos_action",
                                        use->option->text);
        if (option < NSIM_DAMO_QUOTA_GOAL && nsim_damo_uses_count(uses, option) > scheme_count)
            return nsim_damo_word_error(uses->words, nsim_damo_uses_get(uses, option, scheme_count)->option, error,
                                        "'%s' is used %u times, but there %s %u --damos_action",
                                        nsim_damo_option_name(option), nsim_damo_uses_count(uses, option),
                                        scheme_count == 1 ? "is" : "are", scheme_count);
    }
    const NsimDamoUse *quotas = nsim_damo_uses_get(uses, NSIM_DAMO_QUOTAS, 0);
    if (quotas != NULL && nsim_damo_uses_count(uses, NSIM_DAMO_QUOTA_INTERVAL) > 0)
        return nsim_damo_word_error(uses->words, quotas->option, error,
                                    "--damos_quotas and --damos_quota_interval exclude each other");
    return true;
}

/* Hand `option`s out to the schemes, each with `add`. */
static bool
add_shared(const NsimDamoUses *uses, GPtrArray *schemes, NsimDamoOption option, NsimDamoOption shares_option,
           bool (*add)(const NsimDamoUses *uses, const NsimDamoUse *use, NsimDamosPlan *scheme, GError **error),
           GError **error)
{
    g_autoptr(GArray) shares = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const uint32_t total = nsim_damo_uses_count(uses, option);
    if (!shares_of(uses, shares_option, schemes->len, total, nsim_damo_option_name(option), shares, error))
        return false;
    for (uint32_t s = 0, used = 0; s < schemes->len; s++)
        for (uint32_t i = 0; i < g_array_index(shares, uint32_t, s); i++, used++)
            if (!add(uses, nsim_damo_uses_get(uses, option, used), g_ptr_array_index(schemes, s), error))
                return false;
    return true;
}

static bool
check_goals(const NsimDamoUses *uses, const GPtrArray *schemes, GError **error)
{
    for (uint32_t s = 0; s < schemes->len; s++) {
        const NsimDamosPlan *scheme = g_ptr_array_index(schemes, s);
        const NsimDamoUse *all = nsim_damo_uses_get(uses, NSIM_DAMO_QUOTAS, s);
        if (scheme->goals->len > 0 && nsim_damo_uses_get(uses, NSIM_DAMO_QUOTA_INTERVAL, s) == NULL &&
            (all == NULL || all->count < 3))
            return nsim_damo_word_error(uses->words, nsim_damo_uses_get(uses, NSIM_DAMO_QUOTA_GOAL, 0)->option, error,
                                        "scheme %u has a goal, but no --damos_quota_interval", s);
    }
    return true;
}

static bool
read_schemes(const NsimDamoUses *uses, GPtrArray *schemes, GError **error)
{
    const uint32_t count = nsim_damo_uses_count(uses, NSIM_DAMO_ACTION);
    const NsimDamoUse *text = nsim_damo_uses_get(uses, NSIM_DAMO_SCHEMES, 0);
    if (!check_scheme_options(uses, count, error))
        return false;
    if (text != NULL && count == 0)
        return nsim_damo_file_read_schemes(text->values->text, "--schemes", schemes, error);
    for (uint32_t s = 0; s < count; s++) {
        NsimDamosPlan *scheme = nsim_damos_plan_new(NSIM_DAMOS_STAT);
        g_ptr_array_add(schemes, scheme);
        if (!nsim_damo_scheme_read(uses, s, scheme, error))
            return false;
    }
    return count == 0 ||
           (add_shared(uses, schemes, NSIM_DAMO_QUOTA_GOAL, NSIM_DAMO_NR_QUOTA_GOALS, nsim_damo_scheme_add_goal,
                       error) &&
            add_shared(uses, schemes, NSIM_DAMO_FILTER, NSIM_DAMO_NR_FILTERS, nsim_damo_scheme_add_filters, error) &&
            check_goals(uses, schemes, error));
}

/* All schemes are read into the first context, and those of the others then go to them. */
static bool
add_schemes(const NsimDamoUses *uses, GPtrArray *contexts, GError **error)
{
    NsimDamonContextPlan *first = g_ptr_array_index(contexts, 0);
    g_autoptr(GArray) shares = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    if (!read_schemes(uses, first->schemes, error) ||
        !shares_of(uses, NSIM_DAMO_NR_SCHEMES, contexts->len, first->schemes->len, "schemes", shares, error))
        return false;
    for (uint32_t c = 1; c < contexts->len; c++) {
        NsimDamonContextPlan *context = g_ptr_array_index(contexts, c);
        for (uint32_t i = 0; i < g_array_index(shares, uint32_t, c); i++)
            g_ptr_array_add(context->schemes,
                            g_ptr_array_steal_index(first->schemes, g_array_index(shares, uint32_t, 0)));
    }
    return true;
}

/* ---- All of it -------------------------------------------------------------------------------------------------- */

/* One context for each kdamond is what Linux has. */
static bool
check_kdamonds(const NsimDamoUses *uses, uint32_t context_count, GError **error)
{
    g_autoptr(GArray) shares = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    if (nsim_damo_uses_count(uses, NSIM_DAMO_NR_CTXS) == 0)
        return context_count == 1 ||
               nsim_damo_word_error(
                   uses->words, NULL, error,
                   "'--nr_ctxs' is missing: without it damo puts the %u contexts into one kdamond, and Linux "
                   "allows one; give 1 for each",
                   context_count);
    if (!read_shares(uses, NSIM_DAMO_NR_CTXS, 0, context_count, "contexts", shares, error))
        return false;
    for (uint32_t i = 0; i < shares->len; i++)
        if (g_array_index(shares, uint32_t, i) != 1)
            return nsim_damo_word_error(uses->words, &nsim_damo_uses_get(uses, NSIM_DAMO_NR_CTXS, 0)->values[i], error,
                                        "kdamond %u has %u contexts, and Linux allows exactly one", i,
                                        g_array_index(shares, uint32_t, i));
    return true;
}

static bool
check_once(const NsimDamoUses *uses, GError **error)
{
    for (uint32_t option = NSIM_DAMO_NR_QUOTA_GOALS; option <= NSIM_DAMO_NR_CTXS; option++)
        if (nsim_damo_uses_count(uses, option) > 1)
            return nsim_damo_word_error(uses->words, nsim_damo_uses_get(uses, option, 1)->option, error,
                                        "'%s' is given twice", nsim_damo_option_name(option));
    const NsimDamoUse *unit = nsim_damo_uses_get(uses, NSIM_DAMO_ADDR_UNIT, 0);
    uint64_t bytes = 1;
    if (unit != NULL &&
        !nsim_damo_word_unit(uses->words, unit->values, NSIM_DAMO_SIZE, "unit of addresses", &bytes, error))
        return false;
    return bytes == 1 ||
           nsim_damo_word_error(uses->words, unit->values, error, "addresses are in bytes here: expected 1");
}

NsimDamonPlan *
nsim_damo_args_read(const NsimDamoWords *words, uint32_t first, GError **error)
{
    g_auto(NsimDamoUses) uses = {0};
    if (!nsim_damo_uses_collect(words, first, &uses, error) || !check_once(&uses, error))
        return NULL;
    const NsimDamoUse *kdamonds = nsim_damo_uses_get(&uses, NSIM_DAMO_KDAMONDS, 0);
    if (kdamonds != NULL)
        return nsim_damo_file_read(kdamonds->values->text, "--kdamonds", error);
    const uint32_t count = count_contexts(&uses);
    if (count > NSIM_DAMO_CONTEXTS_MAX || nsim_damo_uses_count(&uses, NSIM_DAMO_ACTION) > NSIM_DAMO_SCHEMES_MAX) {
        nsim_damo_word_error(words, NULL, error, "more than %u contexts or %u schemes", NSIM_DAMO_CONTEXTS_MAX,
                             NSIM_DAMO_SCHEMES_MAX);
        return NULL;
    }
    g_autoptr(NsimDamonPlan) plan = nsim_damon_plan_new();
    g_autoptr(GPtrArray) contexts = g_ptr_array_new();
    for (uint32_t c = 0; c < count; c++) {
        NsimKdamondPlan *kdamond = nsim_kdamond_plan_new();
        NsimDamonContextPlan *context = nsim_damon_context_plan_new();
        g_ptr_array_add(plan->kdamonds, kdamond);
        g_ptr_array_add(kdamond->contexts, context);
        g_ptr_array_add(contexts, context);
    }
    if (!check_kdamonds(&uses, count, error) || !add_contexts(&uses, contexts, count, error) ||
        !add_schemes(&uses, contexts, error))
        return NULL;
    return g_steal_pointer(&plan);
}
