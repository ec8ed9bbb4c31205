/* SPDX-License-Identifier: MIT */
/*
 * Sample control of a command line: the primitive, and which reports count. `--sample_primitives` once is for all
 * contexts, else one for each; filters are for all contexts unless `--nr_sample_filters` (ours) shares them out.
 *
 * Source: the spelling of the talk at LPC 2025 (--sample_filter), and damo's experimental --exp_ops_*, mid-2026, whose
 * conditions must all hold.
 */
#include <mm/damon/damo-private.h>

#include <string.h>

/* Numbers in one filter: more CPUs or threads than a machine has. */
#define NUMBERS_MAX 65536u

/* By NsimSampleFilterKind, two names each. */
static const char *const filter_names[] = {"cpu", "cpumask", "threads", "tid", "write", "writes", NULL};

static int
compare_numbers(gconstpointer a, gconstpointer b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void
sort_unique(GArray *numbers)
{
    uint32_t kept = 0;
    g_array_sort(numbers, compare_numbers);
    for (uint32_t i = 0; i < numbers->len; i++)
        if (i == 0 || g_array_index(numbers, uint32_t, i) != g_array_index(numbers, uint32_t, kept - 1))
            g_array_index(numbers, uint32_t, kept++) = g_array_index(numbers, uint32_t, i);
    g_array_set_size(numbers, kept);
}

static bool
parse_span(const char *text, GArray *numbers)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 3);
    const uint32_t count = g_strv_length(ends);
    uint64_t first, last;
    if (count < 1 || count > 2 || !g_ascii_string_to_unsigned(ends[0], 10, 0, UINT32_MAX - 1, &first, NULL) ||
        !g_ascii_string_to_unsigned(ends[count - 1], 10, first, UINT32_MAX - 1, &last, NULL) ||
        last - first + numbers->len >= NUMBERS_MAX)
        return false;
    for (uint64_t number = first; number <= last; number++) {
        const uint32_t narrow = (uint32_t)number;
        g_array_append_val(numbers, narrow);
    }
    return true;
}

bool
nsim_damo_numbers_parse(const char *text, GArray *numbers)
{
    g_auto(GStrv) spans = g_strsplit_set(text, ", \t\n", -1);
    for (char **span = spans; *span != NULL; span++)
        if (**span != '\0' && !parse_span(*span, numbers))
            return false;
    sort_unique(numbers);
    return numbers->len > 0;
}

static bool
read_numbers(const NsimDamoWords *words, const NsimDamoWord *values, uint32_t count, NsimSampleFilterPlan *filter,
             GError **error)
{
    for (uint32_t i = 0; i < count; i++)
        if (!nsim_damo_numbers_parse(values[i].text, filter->numbers))
            return nsim_damo_word_error(words, &values[i], error,
                                        "'%s' is not a list of at most %u numbers such as 0-3,5", values[i].text,
                                        NUMBERS_MAX);
    return true;
}

/* allow|reject [none] cpu|threads|write [numbers] */
static bool
read_filter(const NsimDamoWords *words, const NsimDamoUse *use, NsimDamonContextPlan *plan, GError **error)
{
    static const char *const verdicts[] = {"reject", "allow", NULL};
    uint32_t verdict, kind, at = 1;
    if (!nsim_damo_word_name(words, &use->values[0], verdicts, "verdict", &verdict, error))
        return false;
    const bool none = strcmp(use->values[at].text, "none") == 0;
    at += none;
    if (at >= use->count)
        return nsim_damo_word_error(words, use->option, error, "filter wants a type: cpu, threads or write");
    if (!nsim_damo_word_name(words, &use->values[at++], filter_names, "type of filter", &kind, error))
        return false;
    NsimSampleFilterPlan *filter = nsim_sample_filter_plan_new(kind / 2);
    g_ptr_array_add(plan->sample_filters, filter);
    filter->matching = !none;
    filter->allow = verdict == 1;
    if ((at < use->count) == (filter->kind == NSIM_SAMPLE_WRITE))
        return nsim_damo_word_error(words, &use->values[at - 1], error, "filter '%s' %s", use->values[at - 1].text,
                                    filter->kind == NSIM_SAMPLE_WRITE ? "takes no numbers" : "wants numbers");
    return read_numbers(words, &use->values[at], use->count - at, filter, error);
}

/* A condition that must hold: what does not match it is rejected. */
static bool
add_condition(const NsimDamoUses *uses, NsimDamoOption option, NsimSampleFilterKind kind, NsimDamonContextPlan *plan,
              GError **error)
{
    const NsimDamoUse *use = nsim_damo_uses_get(uses, option, 0);
    bool on = true;
    if (use == NULL)
        return true;
    if (kind == NSIM_SAMPLE_WRITE && !nsim_damo_word_bool(uses->words, use->values, &on, error))
        return false;
    if (!on)
        return true;
    NsimSampleFilterPlan *filter = nsim_sample_filter_plan_new(kind);
    g_ptr_array_add(plan->sample_filters, filter);
    filter->matching = filter->allow = false;
    return kind == NSIM_SAMPLE_WRITE || read_numbers(uses->words, use->values, use->count, filter, error);
}

static bool
read_primitive(const NsimDamoUses *uses, uint32_t context, NsimDamonContextPlan *plan, GError **error)
{
    const uint32_t count = nsim_damo_uses_count(uses, NSIM_DAMO_SAMPLE_PRIMITIVES);
    const NsimDamoUse *use = nsim_damo_uses_get(uses, NSIM_DAMO_SAMPLE_PRIMITIVES, count == 1 ? 0 : context);
    const NsimDamoUse *reports = nsim_damo_uses_get(uses, NSIM_DAMO_EXP_USE_REPORTS, 0);
    bool on = false;
    if (reports != NULL && !nsim_damo_word_bool(uses->words, reports->values, &on, error))
        return false;
    if (on)
        plan->primitive = NSIM_PRIMITIVE_PAGE_FAULT;
    plan->primitive_given = on || use != NULL;
    return use == NULL ||
           nsim_damo_word_name(uses->words, use->values, nsim_damon_primitive_names, "primitive", &plan->primitive, error);
}

bool
nsim_damo_sample_read(const NsimDamoUses *uses, uint32_t context, uint32_t first_filter, uint32_t filter_count,
                      NsimDamonContextPlan *plan, GError **error)
{
    if (!read_primitive(uses, context, plan, error))
        return false;
    for (uint32_t i = 0; i < filter_count; i++)
        if (!read_filter(uses->words, nsim_damo_uses_get(uses, NSIM_DAMO_SAMPLE_FILTER, first_filter + i), plan, error))
            return false;
    return add_condition(uses, NSIM_DAMO_EXP_CPUS, NSIM_SAMPLE_CPU, plan, error) &&
           add_condition(uses, NSIM_DAMO_EXP_TIDS, NSIM_SAMPLE_THREADS, plan, error) &&
           add_condition(uses, NSIM_DAMO_EXP_WRITE_ONLY, NSIM_SAMPLE_WRITE, plan, error);
}
