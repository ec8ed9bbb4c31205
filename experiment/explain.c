/* SPDX-License-Identifier: MIT */
/* From what the user names to pages, one run with a story, and what moves came to. */
#include <experiment/explain.h>

#include <experiment/plan.h>
#include <experiment/run.h>
#include <sim/integer.h>
#include <sim/time.h>
#include <string.h>

/* Mappings that an error message names. */
#define MAPPINGS_NAMED 6u

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool
refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, text);
    return false;
}

/* ---- From names to pages --------------------------------------------------------------------------------------------
 */

static const NsimTraceInfo *
info_of(const NsimExperiment *plan, uint32_t workload)
{
    return nsim_trace_info(plan->workloads[workload].trace);
}

/* The first page at `address` or behind it, as nsim_space_page_at() counts; the number of pages: there is none. */
static uint64_t
page_at(const NsimExperiment *plan, uint32_t workload, uint64_t address)
{
    const NsimTraceInfo *info = info_of(plan, workload);
    const unsigned frame_shift = 21 - plan->machine->page_shift;
    const uint64_t wanted = address >> 21;
    const uint64_t low = nsim_lower_bound(info->frames, info->frame_count, wanted);
    const uint64_t offset = (address >> plan->machine->page_shift) & (((uint64_t)1 << frame_shift) - 1);
    const bool inside = low < info->frame_count && info->frames[low] == wanted;
    return (low << frame_shift) + (inside ? offset : 0);
}

static void
add_mapping(GString *text, uint32_t *count, uint64_t start, uint64_t end, const char *name)
{
    if (++*count > MAPPINGS_NAMED)
        return;
    g_string_append_printf(text, "%s0x%" G_GINT64_MODIFIER "x-0x%" G_GINT64_MODIFIER "x", *count > 1 ? ", " : "", start,
                           end);
    if (*name != '\0')
        g_string_append_printf(text, " (%s)", name);
}

/* "workload 'a' has 0x1000-0x2000 (heap), ..." */
static void
describe_mappings(const NsimExperiment *plan, uint32_t workload, GString *text)
{
    const NsimTraceInfo *info = info_of(plan, workload);
    uint32_t count = 0;
    g_string_append_printf(text, "workload '%s' has ", plan->workloads[workload].name);
    for (uint32_t r = 0; r < info->region_count; r++)
        add_mapping(text, &count, info->regions[r].address, info->regions[r].address + info->regions[r].bytes,
                    info->regions[r].name);
    /* Without names: what is touched, in runs of frames. */
    for (uint32_t f = 0; info->region_count == 0 && f < info->frame_count;) {
        uint32_t end = f + 1;
        while (end < info->frame_count && info->frames[end] == info->frames[end - 1] + 1)
            end++;
        add_mapping(text, &count, info->frames[f] << 21, (info->frames[end - 1] + 1) << 21, "");
        f = end;
    }
    if (count > MAPPINGS_NAMED)
        g_string_append_printf(text, " and %u more", count - MAPPINGS_NAMED);
    if (count == 0)
        g_string_append(text, "no memory");
}

/* Pages of [start, end) in a workload; 0: none. */
static uint64_t
pages_in(const NsimExperiment *plan, uint32_t workload, uint64_t start, uint64_t end, uint64_t *ret_first)
{
    const uint64_t page_bytes = (uint64_t)1 << plan->machine->page_shift;
    const uint64_t first = page_at(plan, workload, start);
    const uint64_t last = end > UINT64_MAX - page_bytes ? UINT64_MAX : end + page_bytes - 1;
    const uint64_t past = page_at(plan, workload, last);
    *ret_first = first;
    return past > first ? past - first : 0;
}

/* "[WORKLOAD:]REST": the workload (count: not said) and the rest. */
static bool
split_workload(const NsimExperiment *plan, const char *text, uint32_t *ret_workload, const char **ret_rest,
               GError **error)
{
    const char *colon = strrchr(text, ':');
    *ret_workload = plan->workload_count;
    *ret_rest = text;
    if (colon == NULL)
        return true;
    g_autofree char *name = g_strndup(text, (gsize)(colon - text));
    g_autoptr(GString) known = g_string_new(NULL);
    *ret_rest = colon + 1;
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        g_string_append_printf(known, "%s%s", w > 0 ? ", " : "", plan->workloads[w].name);
        if (strcmp(plan->workloads[w].name, name) == 0)
            *ret_workload = w;
    }
    return *ret_workload < plan->workload_count ||
           refuse(error, "there is no workload '%s'; there are: %s", name, known->str);
}

static bool
read_address(const char *text, size_t length, uint64_t *ret, GError **error)
{
    g_autofree char *digits = g_strndup(text, length);
    const bool hex = g_str_has_prefix(digits, "0x") || g_str_has_prefix(digits, "0X");
    guint64 value;
    if (g_ascii_string_to_unsigned(hex ? digits + 2 : digits, hex ? 16 : 10, 0, G_MAXUINT64, &value, NULL)) {
        *ret = value;
        return true;
    }
    return refuse(error, "'%s' is no address: write it in digits, or as 0x and hexadecimal digits", digits);
}

/* The pages of [start, end) in the workload, or in the only one that has some. */
static bool
find_pages(const NsimExperiment *plan, uint32_t workload, uint64_t start, uint64_t end, const char *text,
           NsimStoryRange *ret, GError **error)
{
    const bool said = workload < plan->workload_count;
    uint32_t found = 0;
    g_autoptr(GString) mappings = g_string_new(NULL);
    for (uint32_t w = said ? workload : 0; w < (said ? workload + 1 : plan->workload_count); w++) {
        uint64_t first;
        const uint64_t count = pages_in(plan, w, start, end, &first);
        if (mappings->len > 0)
            g_string_append(mappings, "; ");
        describe_mappings(plan, w, mappings);
        if (count == 0)
            continue;
        found++;
        *ret = (NsimStoryRange){.space = (NsimSpaceId)w, .first = (NsimPage)first, .count = count};
    }
    if (found == 0)
        return refuse(error, "the program touches nothing at %s: %s", text, mappings->str);
    return found == 1 || refuse(error, "several workloads have %s: write WORKLOAD:%s; %s", text, text, mappings->str);
}

static bool
find_page(const NsimExperiment *plan, const char *text, NsimStoryRange *ret, GError **error)
{
    uint32_t workload;
    uint64_t address;
    const char *rest;
    if (!split_workload(plan, text, &workload, &rest, error) || !read_address(rest, strlen(rest), &address, error))
        return false;
    const uint64_t page = address >> plan->machine->page_shift << plan->machine->page_shift;
    return find_pages(plan, workload, page, page + 1, rest, ret, error);
}

static bool
find_range(const NsimExperiment *plan, const char *text, NsimStoryRange *ret, GError **error)
{
    uint32_t workload;
    uint64_t start, end;
    const char *rest;
    if (!split_workload(plan, text, &workload, &rest, error))
        return false;
    const char *dash = strchr(rest, '-');
    if (dash == NULL)
        return refuse(error, "'%s' is no range: write START-END", rest);
    if (!read_address(rest, (size_t)(dash - rest), &start, error) ||
        !read_address(dash + 1, strlen(dash + 1), &end, error))
        return false;
    if (start >= end)
        return refuse(error, "range '%s' does not end behind its start", rest);
    return find_pages(plan, workload, start, end, rest, ret, error);
}

static bool
find_region(const NsimExperiment *plan, const char *text, NsimStoryRange *ret, GError **error)
{
    const NsimTraceRegion *found = NULL;
    uint32_t found_in = 0;
    g_autoptr(GString) mappings = g_string_new(NULL);
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        const NsimTraceInfo *info = info_of(plan, w);
        const size_t length = strlen(plan->workloads[w].name);
        const bool own = strncmp(text, plan->workloads[w].name, length) == 0 && text[length] == ':';
        if (mappings->len > 0)
            g_string_append(mappings, "; ");
        describe_mappings(plan, w, mappings);
        for (uint32_t r = 0; r < info->region_count; r++) {
            if (strcmp(info->regions[r].name, text) != 0 &&
                !(own && strcmp(info->regions[r].name, text + length + 1) == 0))
                continue;
            if (found != NULL && found_in != w)
                return refuse(error, "several workloads have a region '%s': write WORKLOAD:%s", text, text);
            found = found == NULL ? &info->regions[r] : found;
            found_in = w;
        }
    }
    if (found == NULL)
        return refuse(error, "there is no region '%s': %s", text, mappings->str);
    return find_pages(plan, found_in, found->address, found->address + found->bytes, text, ret, error);
}

static bool
find_target(const NsimExperiment *plan, const NsimExplainWhat *what, NsimExplanation *explanation, GError **error)
{
    if (what->page != NULL) {
        explanation->target = g_strdup_printf("page %s", what->page);
        return find_page(plan, what->page, &explanation->range, error);
    }
    if (what->range != NULL) {
        explanation->target = g_strdup_printf("range %s", what->range);
        return find_range(plan, what->range, &explanation->range, error);
    }
    if (what->region != NULL) {
        explanation->target = g_strdup_printf("region %s", what->region);
        return find_region(plan, what->region, &explanation->range, error);
    }
    return true;
}

static bool
one_policy(const NsimExperiment *plan, GError **error)
{
    g_autoptr(GString) labels = g_string_new(NULL);
    for (uint32_t p = 0; p < plan->policy_count; p++)
        g_string_append_printf(labels, "%s%s", p > 0 ? ", " : "", plan->policies[p]->label);
    return plan->policy_count == 1 ||
           refuse(error, "a story has one policy, and there are %u (%s): choose one with --policy or --damo",
                  plan->policy_count, labels->str);
}

/* ---- Running --------------------------------------------------------------------------------------------------------
 */

static NsimResult *
result_for(const NsimExperiment *plan)
{
    NsimResult *result = nsim_result_new();
    result->node_count = plan->machine->node_count;
    result->accessor_count = plan->machine->accessor_count;
    result->link_count = plan->machine->link_count;
    result->run_count = 1;
    result->runs = g_new0(NsimRunResult, 1);
    return result;
}

NsimExplanation *
nsim_explain_run(NsimExperiment *plan, const NsimExplainWhat *what, GCancellable *cancel, GError **error)
{
    g_autoptr(NsimExplanation) explanation = g_new0(NsimExplanation, 1);
    uint64_t lines = 0;
    NsimFuture *future = NULL;
    explanation->plan = plan;
    explanation->warnings = g_ptr_array_new_with_free_func(g_free);
    if (!one_policy(plan, error) || !find_target(plan, what, explanation, error))
        return NULL;
    if ((plan->policies[0]->class->caps & NSIM_CAP_FUTURE) != 0 &&
        (future = nsim_future_new(plan, cancel, error)) == NULL)
        return NULL;
    g_autoptr(NsimResult) result = result_for(plan);
    NsimRunJob run = {.plan = plan,
                      .spec = plan->policies[0],
                      .future = future,
                      .cancel = cancel,
                      .progress_lines = &lines,
                      .watch = &explanation->range,
                      .result = &result->runs[0],
                      .warnings = explanation->warnings};
    nsim_run(&run);
    nsim_future_free(future);
    if (run.error != NULL) {
        g_propagate_error(error, run.error);
        return NULL;
    }
    explanation->story = run.story;
    explanation->label = g_strdup(plan->policies[0]->label);
    explanation->runtime_ps = result->runs[0].runtime_ps;
    explanation->complete = result->runs[0].complete;
    return g_steal_pointer(&explanation);
}

void
nsim_explanation_free(NsimExplanation *explanation)
{
    if (explanation == NULL)
        return;
    nsim_story_free(explanation->story);
    g_free(explanation->label);
    g_free(explanation->target);
    g_ptr_array_unref(explanation->warnings);
    g_free(explanation);
}

/* ---- What moves came to
 * ------------------------------------------------------------------------------------------------ */

/* What `lines` accesses save when they go to `to` instead of `from`. False: one of the routes does not exist. */
static bool
add_saving(const NsimMachine *machine, NsimAccessorId accessor, const NsimStoryEvent *event, NsimDir dir,
           uint64_t lines, __int128 *sum_ps)
{
    const NsimRoute *from = nsim_machine_route(machine, accessor, event->from, dir);
    const NsimRoute *to = nsim_machine_route(machine, accessor, event->to, dir);
    if (lines == 0)
        return true;
    *sum_ps += ((__int128)from->fixed_ps - to->fixed_ps) * lines;
    return from->reachable && to->reachable && machine->nodes[event->from].kind != NSIM_NODE_DISK &&
           machine->nodes[event->to].kind != NSIM_NODE_DISK;
}

NsimTime
nsim_explain_cost(const NsimStoryEvent *event)
{
    NsimTime cost_ps = 0;
    for (int phase = 0; phase < NSIM_PHASES; phase++)
        cost_ps = nsim_time_add_saturated(cost_ps, event->move.cost_ps[phase]);
    return cost_ps;
}

NsimExplainBalance
nsim_explain_balance(const NsimExplanation *explanation, const NsimStoryEvent *event)
{
    const NsimMachine *machine = explanation->plan->machine;
    const NsimStoryCount *counts = nsim_story_counts(explanation->story, event);
    NsimExplainBalance balance = {.cost_ps = nsim_time_add_saturated(event->wait_ps, nsim_explain_cost(event)),
                                  .compared = true};
    __int128 saved_ps = 0;
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        const NsimAccessorId accessor = (NsimAccessorId)a;
        balance.reads += counts[a].reads;
        balance.writes += counts[a].writes;
        balance.compared &= add_saving(machine, accessor, event, NSIM_DIR_READ, counts[a].reads, &saved_ps);
        balance.compared &= add_saving(machine, accessor, event, NSIM_DIR_WRITE, counts[a].writes, &saved_ps);
    }
    balance.saved_ps = !balance.compared ? 0 : (int64_t)CLAMP(saved_ps, -(__int128)INT64_MAX, (__int128)INT64_MAX);
    return balance;
}

typedef struct {
    guint index;
    __int128 key; /* largest first */
} Ranked;

static gint
compare(gconstpointer left, gconstpointer right)
{
    const Ranked *a = left, *b = right;
    return a->key != b->key ? (a->key < b->key ? 1 : -1) : a->index < b->index ? -1 : 1;
}

/* Useless: what never paid, worst first. */
static bool
belongs(const NsimExplanation *explanation, NsimExplainList list, const NsimStoryEvent *event, __int128 *ret_key)
{
    if (event->kind != (list == NSIM_EXPLAIN_FAILED ? NSIM_STORY_FAILED : NSIM_STORY_MOVED))
        return false;
    if (list == NSIM_EXPLAIN_FAILED) {
        *ret_key = ((__int128)nsim_explain_cost(event) << 63) + (__int128)MIN(event->count, INT64_MAX);
        return true;
    }
    const NsimExplainBalance balance = nsim_explain_balance(explanation, event);
    const __int128 gain_ps = (__int128)balance.saved_ps - balance.cost_ps;
    *ret_key = list == NSIM_EXPLAIN_COSTLY   ? (__int128)balance.cost_ps
               : list == NSIM_EXPLAIN_USEFUL ? gain_ps
                                             : -gain_ps;
    return list == NSIM_EXPLAIN_COSTLY || *ret_key > 0;
}

GArray *
nsim_explain_list(const NsimExplanation *explanation, NsimExplainList list, const NsimExplainView *view)
{
    g_autoptr(GArray) ranked = g_array_new(FALSE, FALSE, sizeof(Ranked));
    GArray *indices = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint i = 0; i < explanation->story->events->len; i++) {
        const NsimStoryEvent *event = nsim_story_at(explanation->story, i);
        Ranked row = {.index = i};
        const NsimTime end_ps = event->kind == NSIM_STORY_FAILED ? event->last_ps : event->time_ps;
        if (end_ps >= view->from_ps && event->time_ps <= view->until_ps && belongs(explanation, list, event, &row.key))
            g_array_append_val(ranked, row);
    }
    g_array_sort(ranked, compare);
    for (guint i = 0; i < ranked->len && i < view->limit; i++)
        g_array_append_val(indices, g_array_index(ranked, Ranked, i).index);
    return indices;
}

/* ---- Words
 * --------------------------------------------------------------------------------------------------------------- */

const char *const nsim_explain_kinds[NSIM_STORY_KINDS] = {
    [NSIM_STORY_PLACED] = "placed", [NSIM_STORY_ASKED] = "asked", [NSIM_STORY_MOVED] = "moved",
    [NSIM_STORY_FAILED] = "failed", [NSIM_STORY_ARMED] = "armed", [NSIM_STORY_HINT] = "hint_fault",
    [NSIM_STORY_LISTED] = "listed", [NSIM_STORY_SEEN] = "seen",   [NSIM_STORY_SCHEME] = "scheme"};

const char *const nsim_explain_fates[NSIM_FATES] = {[NSIM_FATE_INACTIVE] = "inactive",
                                                    [NSIM_FATE_SIZE] = "size",
                                                    [NSIM_FATE_RARE] = "accessed_too_little",
                                                    [NSIM_FATE_FREQUENT] = "accessed_too_much",
                                                    [NSIM_FATE_YOUNG] = "too_young",
                                                    [NSIM_FATE_OLD] = "too_old",
                                                    [NSIM_FATE_FULL] = "quota_used_up",
                                                    [NSIM_FATE_CHARGED] = "before_window",
                                                    [NSIM_FATE_SCORE] = "score",
                                                    [NSIM_FATE_CLIPPED] = "quota_too_small",
                                                    [NSIM_FATE_CORE_FILTER] = "region_filter",
                                                    [NSIM_FATE_FOLIO_FILTER] = "page_filter",
                                                    [NSIM_FATE_TRIED] = "no_memory",
                                                    [NSIM_FATE_THERE] = "already_there",
                                                    [NSIM_FATE_DONE] = "done"};

const char *const nsim_explain_listed[NSIM_LISTED_CHOSEN + 1] = {[NSIM_LISTED_ACTIVATED] = "activated",
                                                                 [NSIM_LISTED_DEACTIVATED] = "deactivated",
                                                                 [NSIM_LISTED_KEPT] = "kept",
                                                                 [NSIM_LISTED_CHOSEN] = "chosen"};

const char *const nsim_explain_reasons[NSIM_REASONS] = {
    [NSIM_REASON_POLICY] = "policy",   [NSIM_REASON_PROMOTION] = "promotion", [NSIM_REASON_DEMOTION] = "demotion",
    [NSIM_REASON_HARVEST] = "harvest", [NSIM_REASON_SWAP] = "swap",           [NSIM_REASON_REBALANCE] = "rebalance",
    [NSIM_REASON_SYSCALL] = "syscall"};
