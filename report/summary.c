/* SPDX-License-Identifier: MIT */
/* Facts derived from a result, shared by the renderers that people read. */
#include <report/summary.h>

#include <report/format.h>
#include <report/migration.h>
#include <sim/assert.h>

/* Differences below this are called equal: half a percent. */
#define EQUAL_PPM ((uint64_t)5000)
/* A shift of accesses below this is not worth a sentence: one percent of all accesses. */
#define SHIFT_PPM ((uint64_t)10000)
/* Costs of migrations below this share of a run's time have no digits of their own. */
#define COST_LEAST_PPM ((uint64_t)1000)
/* Inputs named in the title. */
#define TITLE_INPUTS_MAX 2u

uint64_t
nsim_run_node_access_count(const NsimResult *result, const NsimRunResult *run, uint32_t node)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < result->accessor_count; i++)
        sum = nsim_add_saturated(sum, run->accessors[i].node_access_count[node]);
    return sum;
}

uint64_t
nsim_run_node_share_ppm(const NsimResult *result, const NsimRunResult *run, uint32_t node)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < result->node_count; i++)
        all = nsim_add_saturated(all, nsim_run_node_access_count(result, run, i));
    return nsim_share_ppm(nsim_run_node_access_count(result, run, node), all);
}

uint64_t
nsim_run_access_bytes(const NsimRunResult *run)
{
    uint64_t bytes;
    return __builtin_mul_overflow(run->access_count, NSIM_LINE_BYTES, &bytes) ? UINT64_MAX : bytes;
}

const char *
nsim_bound_name(NsimBoundKind kind)
{
    static const char *const names[] = {
        [NSIM_BOUND_COMPUTE] = "compute", [NSIM_BOUND_LATENCY] = "latency", [NSIM_BOUND_RESOURCE] = "resource",
        [NSIM_BOUND_SYNC] = "barrier",    [NSIM_BOUND_KERNEL] = "kernel",   [NSIM_BOUND_BLOCKED] = "blocked"};
    nsim_assert(kind < G_N_ELEMENTS(names));
    return names[kind];
}

char *
nsim_run_bound_words(const NsimRunResult *run)
{
    static const char *const words[] = {[NSIM_BOUND_COMPUTE] = "compute",
                                        [NSIM_BOUND_LATENCY] = "latency",
                                        [NSIM_BOUND_SYNC] = "barriers",
                                        [NSIM_BOUND_KERNEL] = "kernel",
                                        [NSIM_BOUND_BLOCKED] = "blocked"};
    const unsigned percent = (run->bound_ppm + 5000u) / 10000u;
    if (run->access_count == 0 && run->runtime_ps == 0)
        return g_strdup("-");
    if (run->bound != NSIM_BOUND_RESOURCE)
        return g_strdup_printf("%s %u %%", words[run->bound], percent);
    g_autofree char *name = nsim_text_clean(run->bound_by);
    g_autofree char *fitted = nsim_text_fit(name, 12);
    /* All of it takes at most 18 columns. */
    return g_strdup_printf("%s %u %%%s", fitted, percent, nsim_text_columns(fitted) <= 7 ? " busy" : "");
}

const char *
nsim_bound_explanation(NsimBoundKind kind)
{
    static const char *const explanations[] = {
        [NSIM_BOUND_COMPUTE] = "compute: the program's own instructions; faster memory helps little",
        [NSIM_BOUND_LATENCY] =
            "latency: threads waited for answers, nothing was near its limit; nearer memory helps, bandwidth does not",
        [NSIM_BOUND_RESOURCE] = "a name: this node or link was at its limit; moving traffic elsewhere helps",
        [NSIM_BOUND_SYNC] = "barriers: threads waited for slower threads",
        [NSIM_BOUND_KERNEL] = "kernel: page faults and other kernel work",
        [NSIM_BOUND_BLOCKED] = "blocked: threads waited for pages that were being moved",
    };
    nsim_assert(kind < G_N_ELEMENTS(explanations));
    return explanations[kind];
}

uint32_t
nsim_result_best(const NsimResult *result)
{
    uint32_t best = 0;
    bool found = false;
    nsim_assert(result->run_count > 0);
    for (uint32_t i = 0; i < result->run_count; i++) {
        if (result->runs[i].future)
            continue;
        if (!found || result->runs[i].speedup_ppm > result->runs[best].speedup_ppm)
            best = i;
        found = true;
    }
    return best;
}

uint32_t
nsim_result_incomplete_count(const NsimResult *result)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < result->run_count; i++)
        count += result->runs[i].complete ? 0 : 1;
    return count;
}

char *
nsim_result_title(const NsimResult *result)
{
    GString *title = g_string_new(NULL);
    for (uint32_t i = 0; i < result->input_count && i < TITLE_INPUTS_MAX; i++) {
        g_autofree char *name = nsim_text_clean(result->inputs[i].name);
        g_string_append_printf(title, "%s%s", i ? " + " : "", name);
    }
    if (result->input_count > TITLE_INPUTS_MAX)
        g_string_append_printf(title, " + %u more", result->input_count - TITLE_INPUTS_MAX);
    g_autofree char *machine = nsim_text_clean(result->machine);
    g_autofree char *config = nsim_text_clean(result->config);
    g_string_append_printf(title, "%s%s (%s), seed %" G_GUINT64_FORMAT, title->len ? " on " : "",
                           *machine ? machine : "unnamed machine", config, result->seed);
    return g_string_free(title, FALSE);
}

static void
append_accesses(GString *out, const NsimRunResult *run)
{
    nsim_format_si(out, run->access_count);
    g_string_append(out, run->access_count == 1 ? " access (" : " accesses (");
    nsim_format_bytes(out, nsim_run_access_bytes(run));
    g_string_append_c(out, ')');
}

char *
nsim_result_subtitle(const NsimResult *result)
{
    if (result->run_count == 0)
        return g_strdup("no runs");
    GString *text = g_string_new(NULL);
    const NsimRunResult *low = &result->runs[0], *high = low;
    for (uint32_t i = 1; i < result->run_count; i++) {
        low = result->runs[i].access_count < low->access_count ? &result->runs[i] : low;
        high = result->runs[i].access_count > high->access_count ? &result->runs[i] : high;
    }
    g_string_append_printf(text, "%u %s, ", result->run_count, result->run_count == 1 ? "policy" : "policies");
    if (low != high) {
        append_accesses(text, low);
        g_string_append(text, " to ");
    }
    append_accesses(text, high);
    if (result->run_count > 1) {
        g_autofree char *label = nsim_text_clean(result->runs[0].label);
        g_string_append_printf(text, "%s; baseline: %s", low == high ? " each" : "", label);
    }
    return g_string_free(text, FALSE);
}

static void
append_percent(GString *out, uint64_t ppm)
{
    nsim_format_decimal(out, ppm, 4, ppm < 100000 ? 1 : 0);
    g_string_append(out, " %");
}

/* "; 48 % of the accesses go to DRAM2 instead of CXL1": the largest shift of accesses between two runs. */
static void
append_shift(GString *out, const NsimResult *result, const NsimRunResult *from, const NsimRunResult *to)
{
    uint32_t loser = 0, winner = 0;
    uint64_t loss = 0, gain = 0;
    for (uint32_t i = 0; i < result->node_count; i++) {
        const uint64_t before = nsim_run_node_share_ppm(result, from, i);
        const uint64_t after = nsim_run_node_share_ppm(result, to, i);
        if (before > after && before - after > loss) {
            loss = before - after;
            loser = i;
        } else if (after > before && after - before > gain) {
            gain = after - before;
            winner = i;
        }
    }
    if (MIN(loss, gain) < SHIFT_PPM)
        return;
    g_autofree char *loser_id = nsim_text_clean(to->nodes[loser].id);
    g_autofree char *winner_id = nsim_text_clean(to->nodes[winner].id);
    g_string_append(out, ": ");
    append_percent(out, MIN(loss, gain));
    g_string_append_printf(out, " of all accesses go to %s instead of %s", winner_id, loser_id);
}

static void
append_single(GString *out, const NsimResult *result, const char *label)
{
    const NsimRunResult *run = &result->runs[0];
    uint32_t busiest = 0;
    uint64_t share = 0;
    for (uint32_t i = 0; i < result->node_count; i++) {
        const uint64_t ppm = nsim_run_node_share_ppm(result, run, i);
        if (ppm > share) {
            share = ppm;
            busiest = i;
        }
    }
    if (share == 0) {
        g_string_append_printf(out, "%s: no access reached a node.", label);
        return;
    }
    g_autofree char *id = nsim_text_clean(run->nodes[busiest].id);
    g_string_append_printf(out, "Under %s ", label);
    append_percent(out, share);
    g_string_append_printf(out, " of the accesses go to %s. Name more policies with --policy to compare.", id);
}

/* " It moved 1.23 GB; the work for that adds up to 2.1 % of its runtime." Cores work side by side: it may exceed 100 %.
 */
static void
append_moved(GString *out, const NsimRunResult *run)
{
    const uint64_t ppm = nsim_share_ppm(nsim_migration_cost_ps(&run->migration), run->runtime_ps);
    if (run->migration.bytes == 0)
        return;
    g_string_append(out, " It moved ");
    nsim_format_bytes(out, run->migration.bytes);
    g_string_append(out, "; the work for that adds up to ");
    if (ppm < COST_LEAST_PPM)
        g_string_append(out, "less than 0.1 %");
    else
        append_percent(out, ppm);
    g_string_append(out, " of its runtime.");
}

/* What the runs that know the future say about the room that is left. */
static void
append_limit(GString *out, const NsimResult *result, const NsimRunResult *best)
{
    const NsimRunResult *limit = NULL;
    for (uint32_t i = 0; i < result->run_count; i++)
        if (result->runs[i].future && (!limit || result->runs[i].speedup_ppm > limit->speedup_ppm))
            limit = &result->runs[i];
    if (!limit || limit == best || limit == &result->runs[0])
        return;
    g_autofree char *label = nsim_text_clean(limit->label);
    g_string_append_printf(out, " %s, which knows the trace in advance, reaches ", label);
    nsim_format_decimal(out, limit->speedup_ppm, 6, 2);
    g_string_append(out, "x.");
}

char *
nsim_result_conclusion(const NsimResult *result)
{
    if (result->run_count == 0)
        return g_strdup("Nothing was run.");
    GString *out = g_string_new(NULL);
    const NsimRunResult *base = &result->runs[0], *best = &result->runs[nsim_result_best(result)];
    g_autofree char *base_label = nsim_text_clean(base->label);
    g_autofree char *best_label = nsim_text_clean(best->label);
    const bool incomplete = nsim_result_incomplete_count(result) > 0;

    bool any = false;
    for (uint32_t i = 0; i < result->run_count; i++)
        any = any || result->runs[i].access_count > 0;

    if (!any) {
        g_string_append(out, "No access was made: there is nothing to compare.");
    } else if (result->run_count == 1) {
        append_single(out, result, base_label);
    } else if (incomplete) {
        g_string_append(out, "Not all work was done: the figures cover what was, and do not compare.");
    } else if (best->speedup_ppm <= NSIM_PPM + EQUAL_PPM) {
        g_string_append_printf(out, "No policy is more than half a percent faster than %s.", base_label);
        append_limit(out, result, best);
    } else {
        g_string_append_printf(out, "%s is ", best_label);
        nsim_format_decimal(out, best->speedup_ppm, 6, 2);
        g_string_append_printf(out, "x as fast as %s", base_label);
        append_shift(out, result, base, best);
        g_string_append_c(out, '.');
        append_moved(out, best);
        append_limit(out, result, best);
    }
    return g_string_free(out, FALSE);
}
