/* SPDX-License-Identifier: MIT */
/*
 * The table of damo's options, and the words of a command line sorted by it. As with damo, an option may be cut short
 * as long as it stays unique, and `--option=value` is one value.
 */
#include <mm/damon/damo-options.h>

#include <models/document.h>
#include <string.h>

#define ANY UINT32_MAX

typedef struct {
    const char *name;
    char letter;
    NsimDamoOption option;
    uint32_t least, most; /* values */
    const char *values;   /* in words, for messages */
} OptionRow;

static const OptionRow rows[] = {
    {"--ops", 0, NSIM_DAMO_OPS, 1, 1, "vaddr, fvaddr or paddr"},
    {"--sample", 's', NSIM_DAMO_SAMPLE, 1, 1, "a sampling interval"},
    {"--aggr", 'a', NSIM_DAMO_AGGR, 1, 1, "an aggregation interval"},
    {"--updr", 'u', NSIM_DAMO_UPDR, 1, 1, "an update interval"},
    {"--minr", 'n', NSIM_DAMO_MINR, 1, 1, "the least number of regions"},
    {"--maxr", 'm', NSIM_DAMO_MAXR, 1, 1, "the largest number of regions"},
    {"--monitoring_intervals", 0, NSIM_DAMO_INTERVALS, 3, 3, "sampling, aggregation and update interval"},
    {"--monitoring_intervals_goal", 0, NSIM_DAMO_INTERVALS_GOAL, 4, 4,
     "accesses in 1/10000 or percent, aggregation intervals, least and largest sampling interval"},
    {"--monitoring_nr_regions_range", 0, NSIM_DAMO_NR_REGIONS, 2, 2, "least and largest number of regions"},
    {"--sample_primitives", 0, NSIM_DAMO_SAMPLE_PRIMITIVES, 1, 1, "page_table, page_fault or hw_sample"},
    {"--target_pid", 0, NSIM_DAMO_TARGET_PID, 1, 1, "a workload's name or number"},
    {"--regions", 'r', NSIM_DAMO_REGIONS, 1, 1, "\"START-END ...\""},
    {"--numa_node", 0, NSIM_DAMO_NUMA_NODE, 1, ANY, "numbers of nodes"},
    {"--damos_action", 0, NSIM_DAMO_ACTION, 1, ANY,
     "an action, for migrate_* with a node, or with pairs of node and weight"},
    {"--damos_sz_region", 0, NSIM_DAMO_SZ_REGION, 2, 2, "least and largest size"},
    {"--damos_access_rate", 0, NSIM_DAMO_ACCESS_RATE, 2, 2, "least and largest access rate"},
    {"--damos_age", 0, NSIM_DAMO_AGE, 2, 2, "least and largest age"},
    {"--damos_apply_interval", 0, NSIM_DAMO_APPLY_INTERVAL, 1, 1, "a time"},
    {"--damos_quotas", 0, NSIM_DAMO_QUOTAS, 1, 6, "time, size, interval and weights of size, access rate and age"},
    {"--damos_quota_interval", 0, NSIM_DAMO_QUOTA_INTERVAL, 1, 1, "a time"},
    {"--damos_quota_time", 0, NSIM_DAMO_QUOTA_TIME, 1, 1, "a time"},
    {"--damos_quota_space", 0, NSIM_DAMO_QUOTA_SPACE, 1, 1, "a size"},
    {"--damos_quota_weights", 0, NSIM_DAMO_QUOTA_WEIGHTS, 3, 3, "weights of size, access rate and age"},
    {"--damos_quota_goal_tuner", 0, NSIM_DAMO_QUOTA_GOAL_TUNER, 1, 1, "consist or temporal"},
    {"--damos_wmarks", 0, NSIM_DAMO_WMARKS, 5, 5, "metric, interval, and high, mid and low in 1/1000 or percent"},
    {"--damos_max_nr_snapshots", 0, NSIM_DAMO_MAX_NR_SNAPSHOTS, 1, 1, "a number"},
    {"--damos_quota_goal", 0, NSIM_DAMO_QUOTA_GOAL, 2, 4, "metric, target value, and a node or current value"},
    {"--damos_filter", 0, NSIM_DAMO_FILTER, 1, ANY,
     "allow or reject, none if what does not match is meant, and a type"},
    {"--damos_nr_quota_goals", 0, NSIM_DAMO_NR_QUOTA_GOALS, 1, ANY, "goals of each scheme"},
    {"--damos_nr_filters", 0, NSIM_DAMO_NR_FILTERS, 1, ANY, "filters of each scheme"},
    {"--nr_targets", 0, NSIM_DAMO_NR_TARGETS, 1, ANY, "targets of each context"},
    {"--nr_schemes", 0, NSIM_DAMO_NR_SCHEMES, 1, ANY, "schemes of each context"},
    {"--nr_ctxs", 0, NSIM_DAMO_NR_CTXS, 1, ANY, "contexts of each kdamond"},
    {"--monitoring_intervals_autotune", 0, NSIM_DAMO_AUTOTUNE, 0, 0, ""},
    {"--sample_filter", 0, NSIM_DAMO_SAMPLE_FILTER, 2, ANY,
     "allow or reject, and cpu, threads or write with their numbers"},
    {"--nr_sample_filters", 0, NSIM_DAMO_NR_SAMPLE_FILTERS, 1, ANY, "sample filters of each context"},
    {"--exp_ops_use_reports", 0, NSIM_DAMO_EXP_USE_REPORTS, 1, 1, "y or n"},
    {"--exp_ops_write_only", 0, NSIM_DAMO_EXP_WRITE_ONLY, 1, 1, "y or n"},
    {"--exp_ops_cpus", 0, NSIM_DAMO_EXP_CPUS, 1, ANY, "numbers of CPUs"},
    {"--exp_ops_tids", 0, NSIM_DAMO_EXP_TIDS, 1, ANY, "numbers of threads"},
    {"--ops_addr_unit", 0, NSIM_DAMO_ADDR_UNIT, 1, 1, "1"},
    {"--kdamonds", 0, NSIM_DAMO_KDAMONDS, 1, 1, "the text of a kdamonds file"},
    {"--schemes", 0, NSIM_DAMO_SCHEMES, 1, 1, "a list of schemes as in a kdamonds file"},
    {"--debug_damon", 0, NSIM_DAMO_NO_EFFECT, 0, 0, ""},
    {"--raw", 0, NSIM_DAMO_NO_EFFECT, 0, 0, ""},
    {"--omit_defaults", 0, NSIM_DAMO_NO_EFFECT, 0, 0, ""},
    {"--format", 0, NSIM_DAMO_NO_EFFECT_VALUE, 1, 1, "json, yaml or report"},
    {"--damon_interface_DEPRECATED", 0, NSIM_DAMO_NO_EFFECT_VALUE, 1, 1, "sysfs, debugfs or auto"},
};

void
nsim_damo_uses_clear(NsimDamoUses *uses)
{
    for (uint32_t i = 0; i < NSIM_DAMO_OPTIONS; i++)
        g_clear_pointer(&uses->uses[i], g_array_unref);
}

const char *
nsim_damo_option_name(NsimDamoOption option)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].option == option)
            return rows[i].name;
    return "";
}

/* "-1" is a value. */
static bool
is_option(const NsimDamoWord *word)
{
    return word->text[0] == '-' && word->text[1] != '\0' && !g_ascii_isdigit(word->text[1]);
}

static bool
unknown_option(const NsimDamoWords *words, const NsimDamoWord *word, const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(rows) + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        names[i] = rows[i].name;
    const char *near = nsim_nearest_word(name, names);
    if (near != NULL)
        return nsim_damo_word_error(words, word, error, "unknown option '%s'; did you mean '%s'?", name, near);
    g_autofree char *all = g_strjoinv(" ", (char **)(uintptr_t)names);
    return nsim_damo_word_error(words, word, error, "unknown option '%s'; those of damo start that are known here: %s",
                                name, all);
}

static const OptionRow *
find_exact(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* The row that a long option means: its name, or the only one that begins like this. NULL with `error`. */
static const OptionRow *
find_long(const NsimDamoWords *words, const NsimDamoWord *word, const char *name, GError **error)
{
    const OptionRow *found = find_exact(name);
    for (size_t i = 0; found == NULL && i < G_N_ELEMENTS(rows); i++) {
        if (strlen(name) < 3 || !g_str_has_prefix(rows[i].name, name))
            continue;
        found = &rows[i];
        for (i++; i < G_N_ELEMENTS(rows); i++) {
            if (!g_str_has_prefix(rows[i].name, name))
                continue;
            nsim_damo_word_error(words, word, error, "'%s' is short for both '%s' and '%s'", name, found->name,
                                 rows[i].name);
            return NULL;
        }
    }
    if (found == NULL)
        unknown_option(words, word, name, error);
    return found;
}

static const OptionRow *
find_short(const NsimDamoWords *words, const NsimDamoWord *word, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].letter != 0 && rows[i].letter == word->text[1])
            return &rows[i];
    unknown_option(words, word, word->text, error);
    return NULL;
}

/*
 * The row of an option. A value in the same word (--sample=5ms, -s5ms) is cut off it and left in `word->text`, which
 * `*ret_glued` says.
 */
static const OptionRow *
find_row(const NsimDamoWords *words, NsimDamoWord *word, bool *ret_glued, GError **error)
{
    const bool is_long = word->text[1] == '-';
    const char *equals = is_long ? strchr(word->text, '=') : NULL;
    g_autofree char *name = equals != NULL ? g_strndup(word->text, (gsize)(equals - word->text)) : g_strdup(word->text);
    const OptionRow *row = is_long ? find_long(words, word, name, error) : find_short(words, word, error);
    if (row == NULL)
        return NULL;
    const char *value = equals != NULL ? equals + 1 : (!is_long && word->text[2] != '\0') ? word->text + 2 : NULL;
    *ret_glued = value != NULL;
    if (value != NULL) {
        char *text = g_strdup(value);
        g_free(word->text);
        word->text = text;
    }
    return row;
}

static bool
too_few(const NsimDamoWords *words, const OptionRow *row, const NsimDamoUse *use, GError **error)
{
    if (row->most == 0)
        return nsim_damo_word_error(words, use->option, error, "'%s' takes no value", row->name);
    g_autofree char *number =
        row->least == row->most ? g_strdup_printf("%u", row->least) : g_strdup_printf("at least %u", row->least);
    return nsim_damo_word_error(words, use->option, error, "'%s' wants %s value%s (%s), found %u", row->name, number,
                                row->least == 1 ? "" : "s", row->values, use->count);
}

/* The option at `*i` and its values; `*i` goes behind them. */
static bool
collect_option(const NsimDamoWords *words, uint32_t *i, NsimDamoUses *uses, GError **error)
{
    bool glued;
    NsimDamoWord *word = &words->items[*i];
    const OptionRow *row = find_row(words, word, &glued, error);
    if (row == NULL)
        return false;
    NsimDamoUse use = {word, glued ? word : word + 1, glued ? 1 : 0};
    (*i)++;
    for (; !glued && *i < words->count && use.count < row->most && !is_option(&words->items[*i]); (*i)++)
        use.count++;
    if (use.count < row->least || use.count > row->most)
        return too_few(words, row, &use, error);
    g_array_append_val(uses->uses[row->option], use);
    return true;
}

bool
nsim_damo_uses_collect(const NsimDamoWords *words, uint32_t first, NsimDamoUses *ret, GError **error)
{
    g_auto(NsimDamoUses) uses = {.words = words};
    for (uint32_t i = 0; i < NSIM_DAMO_OPTIONS; i++)
        uses.uses[i] = g_array_new(FALSE, FALSE, sizeof(NsimDamoUse));
    for (uint32_t i = first; i < words->count;) {
        NsimDamoWord *word = &words->items[i];
        if (is_option(word)) {
            if (!collect_option(words, &i, &uses, error))
                return false;
            continue;
        }
        if (uses.target != NULL)
            return nsim_damo_word_error(words, word, error, "'%s' is no option, and '%s' is the target already",
                                        word->text, uses.target->text);
        uses.target = word;
        i++;
    }
    *ret = uses;
    uses = (NsimDamoUses){0};
    return true;
}
