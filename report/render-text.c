/* SPDX-License-Identifier: MIT */
/*
 * The report as a person reads it: what was run, one row a policy, where the accesses went, how busy the machine was,
 * what was moved and who paid for it, how long operations took, and the conclusion in words. At most 80 columns; the
 * JSON report has what is left out here.
 */
#include <report/render.h>

#include <report/damon-table.h>
#include <report/format.h>
#include <report/migration.h>
#include <report/summary.h>
#include <report/table.h>

#define COLUMNS 80u
#define LABEL_COLUMNS 20u
#define ID_COLUMNS 14u
#define GAP 2u
/* The narrowest column of percentages: "100.0". */
#define PERCENT_COLUMNS 5u
/* The widest figure of migrations, and thus the sum of those that have no column of their own. */
#define FIGURE_COLUMNS 8u
/* Up to this many nodes each have a column; of more, the ones used most. */
#define SHARE_NODES_MAX 6u
#define SHARE_NODES_TOP 4u
/* Nodes and links no policy keeps busier than this are left out. */
#define BUSY_PPM 10000u
#define OPERATIONS_MAX 4u
/* Beyond this factor the two runs have little to do with each other, and the column stays narrow. */
#define SPEEDUP_SHOWN_MAX 99999u

typedef struct {
    GString *out;
    const NsimResult *result;
    bool colour;
    uint32_t best;
    unsigned label_columns; /* that the widest label takes */
} Text;

/* What a column of a table of percentages shows. */
typedef struct {
    char *heading;
    uint64_t weight;  /* decides who stays when there is no room for all */
    unsigned columns; /* that its heading and its widest cell take */
    uint32_t index;   /* of the node, or of the link counted on from the nodes; of the payer; of the cause */
    bool chosen;
} Candidate;

static void
candidate_clear(gpointer data)
{
    g_free(((Candidate *)data)->heading);
}

static char *
run_label(const NsimRunResult *run)
{
    g_autofree char *clean = nsim_text_clean(run->label);
    g_autofree char *marked = g_strconcat(clean, run->complete ? NULL : "*", NULL);
    return nsim_text_fit(marked, LABEL_COLUMNS);
}

static void
add_run_row(const Text *text, NsimTable *table, uint32_t run)
{
    nsim_table_row(table, text->result->run_count > 1 && run == text->best);
    nsim_table_take_cell(table, run_label(&text->result->runs[run]));
}

/* "12.3", "-" for nothing at all. */
static char *
percent_text(uint64_t ppm, bool any)
{
    if (!any)
        return g_strdup("-");
    GString *cell = g_string_new(NULL);
    nsim_format_decimal(cell, ppm, 4, 1);
    return g_string_free(cell, FALSE);
}

static char *
speedup_text(uint64_t ppm)
{
    if (ppm >= SPEEDUP_SHOWN_MAX * NSIM_PPM)
        return g_strdup_printf(">%u", SPEEDUP_SHOWN_MAX);
    GString *cell = g_string_new(NULL);
    nsim_format_decimal(cell, ppm, 6, 2);
    return g_string_free(cell, FALSE);
}

/* ---- One row a policy ------------------------------------------------------------------------------------------ */

static NsimTimeScale
scale_of_times(const NsimTime *times_ps, uint32_t count, unsigned digits_max)
{
    NsimTime low = NSIM_TIME_MAX, high = 0;
    for (uint32_t i = 0; i < count; i++) {
        low = times_ps[i] > 0 ? MIN(low, times_ps[i]) : low;
        high = MAX(high, times_ps[i]);
    }
    return nsim_time_scale(MIN(low, high), high, digits_max);
}

static void
append_policies(Text *text)
{
    const NsimResult *result = text->result;
    g_autofree NsimTime *runtimes = g_new0(NsimTime, result->run_count);
    g_autofree NsimTime *latencies = g_new0(NsimTime, 2 * (size_t)result->run_count);
    for (uint32_t i = 0; i < result->run_count; i++) {
        runtimes[i] = result->runs[i].runtime_ps;
        latencies[2 * i] = result->runs[i].latency.mean_ps;
        latencies[2 * i + 1] = result->runs[i].latency.p99_ps;
    }
    const NsimTimeScale runtime = scale_of_times(runtimes, result->run_count, 3);
    const NsimTimeScale latency = scale_of_times(latencies, 2 * result->run_count, 1);
    g_autofree char *mean_heading = g_strdup_printf("mean %s", latency.unit);
    g_autofree char *p99_heading = g_strdup_printf("p99 %s", latency.unit);

    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", "policy", false);
    nsim_table_column(table, "runtime", runtime.unit, true);
    nsim_table_column(table, "speed-up", "x", true);
    nsim_table_column(table, "latency", mean_heading, true);
    nsim_table_column(table, "latency", p99_heading, true);
    nsim_table_column(table, "", "limited by", false);
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimRunResult *run = &result->runs[i];
        add_run_row(text, table, i);
        nsim_table_take_cell(table, nsim_time_in_scale(run->runtime_ps, &runtime));
        nsim_table_take_cell(table, speedup_text(run->speedup_ppm));
        nsim_table_take_cell(table, nsim_time_in_scale(run->latency.mean_ps, &latency));
        nsim_table_take_cell(table, nsim_time_in_scale(run->latency.p99_ps, &latency));
        nsim_table_take_cell(table, nsim_run_bound_words(run));
    }
    nsim_table_render(table, text->out, text->colour);
}

/* ---- Tables of percentages: nodes and links ---------------------------------------------------------------------- */

/*
 * Choose, by weight, as many candidates as fit into `room` columns, and no more than `limit`. Returns how many were
 * left out.
 */
static uint32_t
choose_candidates(GArray *candidates, unsigned room, uint32_t limit)
{
    uint32_t chosen = 0;
    while (chosen < candidates->len && chosen < limit) {
        Candidate *heaviest = NULL;
        for (guint i = 0; i < candidates->len; i++) {
            Candidate *candidate = &g_array_index(candidates, Candidate, i);
            if (!candidate->chosen && (!heaviest || candidate->weight > heaviest->weight))
                heaviest = candidate;
        }
        if (heaviest->columns + GAP > room)
            break;
        room -= heaviest->columns + GAP;
        heaviest->chosen = true;
        chosen++;
    }
    return candidates->len - chosen;
}

/*
 * Choose all candidates if they fit and are no more than `all_max`; else as many, but no more than `some_max`, as leave
 * room for a column of `rest_columns` for the rest. True: all.
 */
static bool
choose_with_rest(GArray *candidates, unsigned room, uint32_t all_max, uint32_t some_max, unsigned rest_columns)
{
    if (choose_candidates(candidates, room, all_max) == 0)
        return true;
    for (guint i = 0; i < candidates->len; i++)
        g_array_index(candidates, Candidate, i).chosen = false;
    choose_candidates(candidates, room - rest_columns - GAP, some_max);
    return false;
}

static void
add_candidate(GArray *candidates, const char *id, unsigned cell_columns, uint64_t weight, uint32_t index)
{
    g_autofree char *clean = nsim_text_clean(id);
    Candidate candidate = {.heading = nsim_text_fit(clean, ID_COLUMNS), .weight = weight, .index = index};
    candidate.columns = MAX(nsim_text_columns(candidate.heading), cell_columns);
    g_array_append_val(candidates, candidate);
}

static GArray *
candidates_new(void)
{
    GArray *candidates = g_array_new(FALSE, TRUE, sizeof(Candidate));
    g_array_set_clear_func(candidates, candidate_clear);
    return candidates;
}

static unsigned
room_beside(const Text *text, const char *heading)
{
    return COLUMNS - MAX(text->label_columns, nsim_text_columns(heading));
}

static void
append_shares(Text *text)
{
    static const char heading[] = "share of accesses, %";
    const NsimResult *result = text->result;
    g_autoptr(GArray) candidates = candidates_new();
    for (uint32_t node = 0; node < result->node_count; node++) {
        uint64_t weight = 0;
        for (uint32_t i = 0; i < result->run_count; i++)
            weight = nsim_add_saturated(weight, nsim_run_node_access_count(result, &result->runs[i], node));
        add_candidate(candidates, result->runs[0].nodes[node].id, PERCENT_COLUMNS, weight, node);
    }
    const bool all =
        choose_with_rest(candidates, room_beside(text, heading), SHARE_NODES_MAX, SHARE_NODES_TOP, PERCENT_COLUMNS);

    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", heading, false);
    for (guint i = 0; i < candidates->len; i++)
        if (g_array_index(candidates, Candidate, i).chosen)
            nsim_table_column(table, "", g_array_index(candidates, Candidate, i).heading, true);
    if (!all)
        nsim_table_column(table, "", "other", true);
    for (uint32_t i = 0; i < result->run_count; i++) {
        uint64_t other = 0;
        add_run_row(text, table, i);
        for (guint c = 0; c < candidates->len; c++) {
            const Candidate *candidate = &g_array_index(candidates, Candidate, c);
            const uint64_t share = nsim_run_node_share_ppm(result, &result->runs[i], candidate->index);
            if (candidate->chosen)
                nsim_table_take_cell(
                    table, percent_text(share, nsim_run_node_access_count(result, &result->runs[i], candidate->index)));
            else
                other = nsim_add_saturated(other, share);
        }
        if (!all)
            nsim_table_take_cell(table, percent_text(other, other > 0));
    }
    g_string_append_c(text->out, '\n');
    nsim_table_render(table, text->out, text->colour);
}

/* Utilisation of a node, or of a link whose index counts on from the nodes. */
static uint32_t
place_utilisation(const NsimResult *result, const NsimRunResult *run, uint32_t place)
{
    return place < result->node_count ? run->nodes[place].utilisation_ppm
                                      : run->links[place - result->node_count].utilisation_ppm;
}

static const char *
place_id(const NsimResult *result, uint32_t place)
{
    const NsimRunResult *run = &result->runs[0];
    return place < result->node_count ? run->nodes[place].id : run->links[place - result->node_count].id;
}

static GArray *
busy_candidates(const NsimResult *result)
{
    GArray *candidates = candidates_new();
    for (uint32_t place = 0; place < result->node_count + result->link_count; place++) {
        uint32_t highest = 0;
        for (uint32_t i = 0; i < result->run_count; i++)
            highest = MAX(highest, place_utilisation(result, &result->runs[i], place));
        if (highest > BUSY_PPM)
            add_candidate(candidates, place_id(result, place), PERCENT_COLUMNS, highest, place);
    }
    return candidates;
}

static void
append_busy(Text *text)
{
    static const char heading[] = "busy, %";
    const NsimResult *result = text->result;
    g_autoptr(GArray) candidates = busy_candidates(result);
    if (candidates->len == 0)
        return;
    const uint32_t left_out = choose_candidates(candidates, room_beside(text, heading), UINT32_MAX);
    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", heading, false);
    bool node_seen = false, link_seen = false;
    for (guint i = 0; i < candidates->len; i++) {
        const Candidate *candidate = &g_array_index(candidates, Candidate, i);
        if (!candidate->chosen)
            continue;
        const bool is_link = candidate->index >= result->node_count;
        bool *seen = is_link ? &link_seen : &node_seen;
        nsim_table_column(table, *seen ? "" : is_link ? "links:" : "nodes:", candidate->heading, true);
        *seen = true;
    }
    for (uint32_t i = 0; i < result->run_count; i++) {
        add_run_row(text, table, i);
        for (guint c = 0; c < candidates->len; c++) {
            const Candidate *candidate = &g_array_index(candidates, Candidate, c);
            const uint32_t ppm = place_utilisation(result, &result->runs[i], candidate->index);
            if (candidate->chosen)
                nsim_table_take_cell(table, percent_text(ppm, ppm > 0));
        }
    }
    g_string_append_c(text->out, '\n');
    nsim_table_render(table, text->out, text->colour);
    if (left_out)
        g_string_append_printf(text->out, "(%u less busy %s not shown)\n", left_out, left_out == 1 ? "one" : "ones");
}

/* ---- Migrations ------------------------------------------------------------------------------------------------- */

static void
render_after_gap(Text *text, const NsimTable *table)
{
    g_string_append_c(text->out, '\n');
    nsim_table_render(table, text->out, text->colour);
}

/* "12.3 k", "-" for 0. */
static char *
count_text(uint64_t count)
{
    if (count == 0)
        return g_strdup("-");
    GString *cell = g_string_new(NULL);
    nsim_format_si(cell, count);
    return g_string_free(cell, FALSE);
}

static char *
bytes_text(uint64_t bytes)
{
    if (bytes == 0)
        return g_strdup("-");
    GString *cell = g_string_new(NULL);
    nsim_format_bytes(cell, bytes);
    return g_string_free(cell, FALSE);
}

static char *
cost_text(NsimTime cost_ps, const NsimTimeScale *scale)
{
    return cost_ps > 0 ? nsim_time_in_scale(cost_ps, scale) : g_strdup("-");
}

static NsimTimeScale
scale_of_costs(const NsimResult *result)
{
    g_autofree NsimTime *costs = g_new0(NsimTime, result->run_count);
    for (uint32_t i = 0; i < result->run_count; i++)
        costs[i] = nsim_migration_cost_ps(&result->runs[i].migration);
    return scale_of_times(costs, result->run_count, 3);
}

static void
append_moves(Text *text, const NsimTimeScale *scale)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", "migrations", false);
    nsim_table_column(table, "moved", "bytes", true);
    nsim_table_column(table, "promoted", "pages", true);
    nsim_table_column(table, "demoted", "pages", true);
    nsim_table_column(table, "failed", "pages", true);
    nsim_table_column(table, "ping-pong", "pages", true);
    nsim_table_column(table, "cost", scale->unit, true);
    for (uint32_t i = 0; i < text->result->run_count; i++) {
        const NsimMigrationResult *migration = &text->result->runs[i].migration;
        if (!nsim_run_has_migration(&text->result->runs[i]))
            continue;
        add_run_row(text, table, i);
        nsim_table_take_cell(table, bytes_text(migration->bytes));
        nsim_table_take_cell(table, count_text(migration->promoted_pages));
        nsim_table_take_cell(table, count_text(migration->demoted_pages));
        nsim_table_take_cell(table, count_text(migration->failed_pages));
        nsim_table_take_cell(table, count_text(migration->ping_pong_pages));
        nsim_table_take_cell(table, cost_text(nsim_migration_cost_ps(migration), scale));
    }
    render_after_gap(text, table);
}

/* A table of figures of one kind: runs are rows, and as many candidates as fit are columns. */
typedef struct {
    const char *heading;
    uint64_t (*value)(const NsimRunResult *run, const GPtrArray *names, uint32_t index);
    const char *(*name)(const GPtrArray *names, uint32_t index);
    uint32_t count;
    const GPtrArray *names;     /* that `value` and `name` look up */
    const NsimTimeScale *scale; /* of times; NULL: numbers */
} Figures;

static char *
figure_text(const Figures *figures, uint64_t value)
{
    return figures->scale ? cost_text(value, figures->scale) : count_text(value);
}

static void
add_figure_row(const Text *text, NsimTable *table, const Figures *figures, const GArray *candidates, uint32_t run,
               bool all)
{
    uint64_t other = 0;
    add_run_row(text, table, run);
    for (guint c = 0; c < candidates->len; c++) {
        const Candidate *candidate = &g_array_index(candidates, Candidate, c);
        const uint64_t value = figures->value(&text->result->runs[run], figures->names, candidate->index);
        if (candidate->chosen)
            nsim_table_take_cell(table, figure_text(figures, value));
        else
            other = nsim_add_saturated(other, value);
    }
    if (!all)
        nsim_table_take_cell(table, figure_text(figures, other));
}

/* The figures that are not all zero. */
static GArray *
figure_candidates(const NsimResult *result, const Figures *figures)
{
    GArray *candidates = candidates_new();
    for (uint32_t index = 0; index < figures->count; index++) {
        uint64_t weight = 0;
        unsigned columns = 0;
        for (uint32_t i = 0; i < result->run_count; i++) {
            const uint64_t value = figures->value(&result->runs[i], figures->names, index);
            g_autofree char *cell = figure_text(figures, value);
            weight = nsim_add_saturated(weight, value);
            columns = MAX(columns, nsim_text_columns(cell));
        }
        if (weight > 0)
            add_candidate(candidates, figures->name(figures->names, index), columns, weight, index);
    }
    return candidates;
}

static bool
has_figures(const NsimRunResult *run, const Figures *figures)
{
    for (uint32_t index = 0; index < figures->count; index++)
        if (figures->value(run, figures->names, index) > 0)
            return true;
    return false;
}

static void
append_figures(Text *text, const Figures *figures)
{
    const NsimResult *result = text->result;
    g_autoptr(GArray) candidates = figure_candidates(result, figures);
    if (candidates->len == 0)
        return;
    const unsigned room = room_beside(text, figures->heading);
    const bool all = choose_with_rest(candidates, room, UINT32_MAX, UINT32_MAX, FIGURE_COLUMNS);
    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", figures->heading, false);
    for (guint i = 0; i < candidates->len; i++)
        if (g_array_index(candidates, Candidate, i).chosen)
            nsim_table_column(table, "", g_array_index(candidates, Candidate, i).heading, true);
    if (!all)
        nsim_table_column(table, "", "other", true);
    for (uint32_t i = 0; i < result->run_count; i++)
        if (has_figures(&result->runs[i], figures))
            add_figure_row(text, table, figures, candidates, i, all);
    render_after_gap(text, table);
}

static uint64_t
failed_pages(const NsimRunResult *run, const GPtrArray *names, uint32_t index)
{
    (void)names;
    return run->migration.failed_by_cause[index];
}

static const char *
cause_name(const GPtrArray *names, uint32_t index)
{
    (void)names;
    return nsim_cause_name((NsimCause)index);
}

static uint64_t
charged_ps(const NsimRunResult *run, const GPtrArray *names, uint32_t index)
{
    return nsim_migration_charged_ps(&run->migration, g_ptr_array_index(names, index));
}

static const char *
payer_name(const GPtrArray *names, uint32_t index)
{
    return g_ptr_array_index(names, index);
}

static void
append_payers(Text *text, const NsimTimeScale *scale)
{
    g_autoptr(GPtrArray) payers = nsim_result_payers(text->result);
    g_autofree char *heading = g_strdup_printf("who paid for migrations, %s", scale->unit);
    const Figures figures = {.heading = heading,
                             .value = charged_ps,
                             .name = payer_name,
                             .count = payers->len,
                             .names = payers,
                             .scale = scale};
    append_figures(text, &figures);
}

/* The steps take 78 columns, cells included: they need no choice. */
static void
append_steps(Text *text)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    bool any = false;
    nsim_table_column(table, "", "migration time by step, %", false);
    for (NsimPhase phase = 0; phase < NSIM_PHASES; phase++)
        nsim_table_column(table, "", nsim_phase_name(phase), true);
    for (uint32_t i = 0; i < text->result->run_count; i++) {
        const NsimMigrationResult *migration = &text->result->runs[i].migration;
        const NsimTime whole = nsim_migration_cost_ps(migration);
        if (whole == 0)
            continue;
        any = true;
        add_run_row(text, table, i);
        for (NsimPhase phase = 0; phase < NSIM_PHASES; phase++) {
            const NsimTime part = migration->cost_ps[phase];
            nsim_table_take_cell(table, percent_text(nsim_share_ppm(part, whole), part > 0));
        }
    }
    if (any)
        render_after_gap(text, table);
}

static void
append_waits(Text *text)
{
    const NsimResult *result = text->result;
    g_autofree NsimTime *times = g_new0(NsimTime, 2 * (size_t)result->run_count);
    bool any = false;
    for (uint32_t i = 0; i < result->run_count; i++) {
        if (result->runs[i].blocked_count == 0)
            continue;
        any = true;
        times[2 * i] = result->runs[i].blocked.mean_ps;
        times[2 * i + 1] = result->runs[i].blocked.p99_ps;
    }
    if (!any)
        return;
    const NsimTimeScale scale = scale_of_times(times, 2 * result->run_count, 3);
    g_autofree char *heading = g_strdup_printf("waits for migrations, %s", scale.unit);
    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", heading, false);
    nsim_table_column(table, "", "accesses", true);
    nsim_table_column(table, "", "mean", true);
    nsim_table_column(table, "", "p99", true);
    for (uint32_t i = 0; i < result->run_count; i++) {
        if (result->runs[i].blocked_count == 0)
            continue;
        add_run_row(text, table, i);
        nsim_table_take_cell(table, count_text(result->runs[i].blocked_count));
        nsim_table_take_cell(table, nsim_time_in_scale(times[2 * i], &scale));
        nsim_table_take_cell(table, nsim_time_in_scale(times[2 * i + 1], &scale));
    }
    render_after_gap(text, table);
}

static void
append_migrations(Text *text)
{
    if (!nsim_result_has_migration(text->result))
        return;
    static const Figures failures = {
        .heading = "pages not moved", .value = failed_pages, .name = cause_name, .count = NSIM_CAUSES};
    const NsimTimeScale scale = scale_of_costs(text->result);
    append_moves(text, &scale);
    append_figures(text, &failures);
    append_payers(text, &scale);
    append_steps(text);
    append_waits(text);
}

/* ---- Operations, counters, notes --------------------------------------------------------------------------------- */

static const NsimOperationResult *
find_operation(const NsimRunResult *run, const char *name)
{
    for (uint32_t i = 0; i < run->operation_count; i++)
        if (g_str_equal(run->operations[i].name, name))
            return &run->operations[i];
    return NULL;
}

static void
append_operation(Text *text, const char *name)
{
    const NsimResult *result = text->result;
    NsimTime low = NSIM_TIME_MAX, high = 0;
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimOperationResult *operation = find_operation(&result->runs[i], name);
        if (!operation)
            continue;
        low = operation->time.mean_ps > 0 ? MIN(low, operation->time.mean_ps) : low;
        high = MAX(high, operation->time.max_ps);
    }
    const NsimTimeScale scale = nsim_time_scale(MIN(low, high), high, 3);
    g_autofree char *clean = nsim_text_clean(name);
    g_autofree char *title = g_strdup_printf("time per %s, %s", clean, scale.unit);
    g_autofree char *heading = nsim_text_fit(title, 30);
    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", heading, false);
    nsim_table_column(table, "", "count", true);
    nsim_table_column(table, "", "mean", true);
    nsim_table_column(table, "", "p50", true);
    nsim_table_column(table, "", "p99", true);
    nsim_table_column(table, "", "max", true);
    for (uint32_t i = 0; i < result->run_count; i++) {
        const NsimOperationResult *operation = find_operation(&result->runs[i], name);
        if (!operation)
            continue;
        GString *count = g_string_new(NULL);
        nsim_format_si(count, operation->count);
        add_run_row(text, table, i);
        nsim_table_take_cell(table, g_string_free(count, FALSE));
        nsim_table_take_cell(table, nsim_time_in_scale(operation->time.mean_ps, &scale));
        nsim_table_take_cell(table, nsim_time_in_scale(operation->time.p50_ps, &scale));
        nsim_table_take_cell(table, nsim_time_in_scale(operation->time.p99_ps, &scale));
        nsim_table_take_cell(table, nsim_time_in_scale(operation->time.max_ps, &scale));
    }
    g_string_append_c(text->out, '\n');
    nsim_table_render(table, text->out, text->colour);
}

/* The operations of the baseline stand for all: every run replays the same trace. */
static void
append_operations(Text *text)
{
    const NsimRunResult *run = &text->result->runs[0];
    for (uint32_t i = 0; i < run->operation_count && i < OPERATIONS_MAX; i++)
        append_operation(text, run->operations[i].name);
    if (run->operation_count > OPERATIONS_MAX)
        g_string_append_printf(text->out, "(%u more kinds of operation not shown)\n",
                               run->operation_count - OPERATIONS_MAX);
}

static void
append_policy_stats(Text *text)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    bool any = false;
    nsim_table_column(table, "", "counted by the policy", false);
    nsim_table_column(table, "", "counter", false);
    nsim_table_column(table, "", "value", true);
    nsim_table_column(table, "", "unit", false);
    for (uint32_t i = 0; i < text->result->run_count; i++) {
        const NsimRunResult *run = &text->result->runs[i];
        for (uint32_t k = 0; k < run->policy_stat_count; k++) {
            const NsimCounterResult *counter = &run->policy_stats[k];
            g_autofree char *key = nsim_text_clean(counter->key);
            g_autofree char *unit = nsim_text_clean(counter->unit);
            if (counter->value == 0)
                continue;
            GString *value = g_string_new(NULL);
            nsim_format_si(value, counter->value);
            add_run_row(text, table, i);
            nsim_table_take_cell(table, nsim_text_fit(key, 28));
            nsim_table_take_cell(table, g_string_free(value, FALSE));
            nsim_table_take_cell(table, nsim_text_fit(unit, 10));
            any = true;
        }
    }
    if (!any)
        return;
    g_string_append_c(text->out, '\n');
    nsim_table_render(table, text->out, text->colour);
}

/* Each word of the "limited by" column that occurs is explained once. */
static void
append_explanations(Text *text)
{
    bool any = false;
    for (NsimBoundKind kind = NSIM_BOUND_COMPUTE; kind <= NSIM_BOUND_BLOCKED; kind++) {
        for (uint32_t i = 0; i < text->result->run_count; i++) {
            const NsimRunResult *run = &text->result->runs[i];
            if (run->bound != kind || run->access_count == 0)
                continue;
            if (!any)
                g_string_append(text->out, "limited by (% of the time):\n");
            any = true;
            g_string_append(text->out, "  ");
            nsim_text_wrap(text->out, nsim_bound_explanation(kind), 4, COLUMNS - 2);
            break;
        }
    }
}

static void
append_notes(Text *text)
{
    const NsimResult *result = text->result;
    g_autofree char *conclusion = nsim_result_conclusion(result);
    g_string_append_c(text->out, '\n');
    append_explanations(text);
    if (nsim_result_incomplete_count(result) > 0)
        g_string_append(text->out, "*: stopped before the end of its work\n");
    if (result->warning_count > 0)
        g_string_append_printf(text->out, "%u %s on standard error\n", result->warning_count,
                               result->warning_count == 1 ? "warning" : "warnings");
    g_string_append_c(text->out, '\n');
    nsim_text_wrap(text->out, conclusion, 0, COLUMNS);
}

char *
nsim_render_text_styled(const NsimResult *result, bool colour)
{
    Text text = {.out = g_string_new(NULL), .result = result, .colour = colour};
    g_autofree char *title = nsim_result_title(result);
    g_autofree char *subtitle = nsim_result_subtitle(result);
    nsim_text_wrap(text.out, title, 2, COLUMNS);
    nsim_text_wrap(text.out, subtitle, 2, COLUMNS);
    if (result->run_count > 0) {
        text.best = nsim_result_best(result);
        for (uint32_t i = 0; i < result->run_count; i++) {
            g_autofree char *label = run_label(&result->runs[i]);
            text.label_columns = MAX(text.label_columns, nsim_text_columns(label));
        }
        g_string_append_c(text.out, '\n');
        append_policies(&text);
        append_shares(&text);
        append_busy(&text);
        append_migrations(&text);
        nsim_damon_append_text(text.out, result, colour);
        append_operations(&text);
        append_policy_stats(&text);
        append_notes(&text);
    }
    return g_string_free(text.out, FALSE);
}

char *
nsim_render_text(const NsimResult *result)
{
    return nsim_render_text_styled(result, false);
}
