/* SPDX-License-Identifier: MIT */
/* A sweep of migrations as text, CSV, JSON and data for a plot; and published figures beside simulated ones. */
#include <experiment/migrate-plan.h>

#include <models/quantity.h>
#include <numasim/version.h>
#include <report/csv.h>
#include <report/format.h>
#include <report/json.h>
#include <report/table.h>

#include <string.h>

#define COLUMNS_MAX 80u
/* GB/s of bytes/s: 10^9. */
#define GB_SCALE 9u
#define US_SCALE 6u
#define PERCENT_SCALE 4u

static const char *const phases[NSIM_PHASES] = {"isolate", "unmap", "flush", "copy", "remap", "release", "wait"};
static const char *const initiators[] = {"user", "kernel"};

static const NsimMigrateOutcome *
outcome_at(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, uint32_t row, uint32_t column)
{
    return &outcomes[(size_t)row * plan->column_count + column];
}

static bool
is_complete(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    for (uint32_t i = 0; i < plan->row_count * plan->column_count; i++) {
        if (!outcomes[i].done)
            return false;
    }
    return true;
}

/* ---- Text ------------------------------------------------------------------------------------------------------- */

/* One table: what it is called, and one number of a cell. */
typedef struct {
    const char *heading;
    uint64_t (*get)(const NsimMigrateResult *result);
    unsigned scale, digits;
} Quantity;

static uint64_t
get_rate(const NsimMigrateResult *result)
{
    return result->bytes_per_s;
}

static uint64_t
get_copy_share(const NsimMigrateResult *result)
{
    return result->copy_share_ppm;
}

static uint64_t
get_away_first(const NsimMigrateResult *result)
{
    return result->away_first_ps;
}

static uint64_t
get_away_max(const NsimMigrateResult *result)
{
    return result->away_max_ps;
}

static const Quantity quantities[] = {
    {"GB/s", get_rate, GB_SCALE, 2},
    {"copy share, %", get_copy_share, PERCENT_SCALE, 1},
    {"shortest away, us", get_away_first, US_SCALE, 1},
    {"longest away, us", get_away_max, US_SCALE, 1},
};

static char *
format_cell(const NsimMigrateOutcome *outcome, const Quantity *quantity)
{
    GString *text = g_string_new(NULL);
    if (outcome->done) {
        /* Five digits are enough: more of them would break the table. */
        const uint64_t value = quantity->get(&outcome->result);
        uint64_t large = 10000;
        for (unsigned i = 0; i < quantity->scale; i++)
            large *= 10;
        nsim_format_decimal(text, value, quantity->scale, value >= large ? 0 : quantity->digits);
    } else {
        g_string_append_c(text, '-');
    }
    return g_string_free(text, FALSE);
}

/* Columns [from, until) of a table. */
static void
append_table(GString *out, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, const Quantity *quantity,
             uint32_t from, uint32_t until)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    nsim_table_column(table, "", quantity->heading, false);
    for (uint32_t c = from; c < until; c++)
        nsim_table_column(table, "", plan->columns[c].label, true);
    for (uint32_t r = 0; r < plan->row_count; r++) {
        nsim_table_row(table, false);
        nsim_table_cell(table, plan->rows[r].label);
        for (uint32_t c = from; c < until; c++)
            nsim_table_take_cell(table, format_cell(outcome_at(plan, outcomes, r, c), quantity));
    }
    nsim_table_render(table, out, false);
}

/* The columns that fit a line beside the labels, with every number as wide as the widest. */
static uint32_t
columns_a_line(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, const Quantity *quantity)
{
    size_t first = strlen(quantity->heading), widest = 0;
    for (uint32_t r = 0; r < plan->row_count; r++)
        first = MAX(first, strlen(plan->rows[r].label));
    for (uint32_t c = 0; c < plan->column_count; c++) {
        widest = MAX(widest, strlen(plan->columns[c].label));
        for (uint32_t r = 0; r < plan->row_count; r++) {
            g_autofree char *text = format_cell(outcome_at(plan, outcomes, r, c), quantity);
            widest = MAX(widest, strlen(text));
        }
    }
    return first + 2 + widest > COLUMNS_MAX ? 1 : (uint32_t)((COLUMNS_MAX - first) / (widest + 2));
}

static void
append_tables(GString *out, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    for (size_t q = 0; q < G_N_ELEMENTS(quantities); q++) {
        const uint32_t step = columns_a_line(plan, outcomes, &quantities[q]);
        for (uint32_t from = 0; from < plan->column_count; from += step) {
            append_table(out, plan, outcomes, &quantities[q], from, MIN(from + step, plan->column_count));
            g_string_append_c(out, '\n');
        }
    }
}

static void
append_wrapped(GString *out, const char *text)
{
    g_autofree char *clean = nsim_text_clean(text);
    nsim_text_wrap(out, clean, 0, COLUMNS_MAX);
}

static void
append_heading(GString *out, const NsimMigratePlan *plan)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *total = nsim_quantity_format(plan->total_bytes, NSIM_QUANTITY_BYTES);
    g_string_append_printf(line, "%s to %s on %s", plan->machine->nodes[plan->source].id,
                           plan->machine->nodes[plan->destination].id, plan->machine->name);
    if (plan->config_name != NULL)
        g_string_append_printf(line, " (%s)", plan->config_name);
    g_string_append_printf(line, ", %s, costs of %s, ",
                           plan->initiator == NSIM_MIGRATE_USER ? "one move_pages()"
                                                                : "one migrate_pages() of the kernel",
                           plan->machine->migration.preset);
    if (plan->axes[NSIM_AXIS_COUNT]->len == 0)
        g_string_append_printf(line, "%s in all", total);
    else if (plan->axes[NSIM_AXIS_COUNT]->len == 1)
        g_string_append_printf(line, "%" G_GUINT64_FORMAT " folios", plan->columns[0].folio_count);
    else if (plan->axes[NSIM_AXIS_FOLIO]->len == 1) {
        g_autofree char *folio = nsim_quantity_format(plan->columns[0].folio_bytes, NSIM_QUANTITY_BYTES);
        g_string_append_printf(line, "folios of %s, by number", folio);
    } else {
        g_string_append(line, "by number and size of folios");
    }
    g_string_append_printf(line, ", seed %" G_GUINT64_FORMAT, plan->seed);
    append_wrapped(out, line->str);
    for (uint32_t i = 0; i < NSIM_MOVE_OPTION_COUNT; i++) {
        if (plan->mover_texts[i] != NULL)
            g_string_append_printf(out, "%s=%s\n", nsim_mover_options[i].key, plan->mover_texts[i]);
    }
    g_string_append_c(out, '\n');
}

/* ---- The conclusion --------------------------------------------------------------------------------------------- */

/* The fastest row of a load at a column, auto apart; UINT32_MAX: nothing is done. */
static uint32_t
find_best(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, uint32_t column, uint32_t load_ppm)
{
    uint32_t best = UINT32_MAX;
    uint64_t most = 0;
    for (uint32_t r = 0; r < plan->row_count; r++) {
        const NsimMigrateOutcome *outcome = outcome_at(plan, outcomes, r, column);
        if (plan->rows[r].copier == NSIM_COPIER_AUTO || plan->rows[r].load_ppm != load_ppm || !outcome->done ||
            (best != UINT32_MAX && outcome->result.bytes_per_s <= most))
            continue;
        best = r;
        most = outcome->result.bytes_per_s;
    }
    return best;
}

static uint32_t
find_cpu(const NsimMigratePlan *plan, uint32_t load_ppm)
{
    for (uint32_t r = 0; r < plan->row_count; r++) {
        if (plan->rows[r].copier == NSIM_COPIER_CPU && plan->rows[r].load_ppm == load_ppm)
            return r;
    }
    return UINT32_MAX;
}

/* ", 2.31 to 5.90 times cpu": over columns [from, until). */
static void
append_gain(GString *line, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, uint32_t row, uint32_t from,
            uint32_t until)
{
    const uint32_t cpu = find_cpu(plan, plan->rows[row].load_ppm);
    uint64_t low = UINT64_MAX, high = 0;
    if (cpu == UINT32_MAX || cpu == row)
        return;
    for (uint32_t c = from; c < until; c++) {
        const NsimMigrateOutcome *mine = outcome_at(plan, outcomes, row, c), *own = outcome_at(plan, outcomes, cpu, c);
        if (!own->done || own->result.bytes_per_s == 0)
            return;
        const uint64_t times = nsim_share_ppm(mine->result.bytes_per_s, own->result.bytes_per_s);
        low = MIN(low, times);
        high = MAX(high, times);
    }
    g_string_append(line, " (");
    nsim_format_decimal(line, low, 6, 1);
    if (until - from > 1) {
        g_string_append(line, " to ");
        nsim_format_decimal(line, high, 6, 1);
    }
    g_string_append(line, " times the core's own copying)");
}

/* "Fastest: cpu at 4KiB; dma x16 from 16KiB to 2MiB (2.3 to 5.9 times ...)." */
static void
append_fastest(GString *out, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, uint32_t load_ppm)
{
    g_autoptr(GString) line = g_string_new("Fastest");
    const char *separator = ": ";
    if (plan->axes[NSIM_AXIS_LOAD]->len > 1) {
        g_autofree char *load = nsim_quantity_format(load_ppm, NSIM_QUANTITY_RATIO);
        g_string_append_printf(line, " at a load of %s", load);
    }
    for (uint32_t from = 0, until; from < plan->column_count; from = until) {
        const uint32_t best = find_best(plan, outcomes, from, load_ppm);
        for (until = from + 1; until < plan->column_count; until++) {
            if (find_best(plan, outcomes, until, load_ppm) != best)
                break;
        }
        if (best == UINT32_MAX)
            continue;
        g_string_append_printf(line, "%s%s", separator, plan->rows[best].label);
        if (until - from == 1)
            g_string_append_printf(line, " at %s", plan->columns[from].label);
        else
            g_string_append_printf(line, " from %s to %s", plan->columns[from].label, plan->columns[until - 1].label);
        append_gain(line, plan, outcomes, best, from, until);
        separator = "; ";
    }
    g_string_append_c(line, '.');
    append_wrapped(out, line->str);
}

/* How far auto is behind the best of the copiers it chooses from, at worst. */
static void
append_auto(GString *out, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, uint32_t row)
{
    uint64_t worst = UINT64_MAX;
    uint32_t worst_column = 0;
    for (uint32_t c = 0; c < plan->column_count; c++) {
        const NsimMigrateOutcome *mine = outcome_at(plan, outcomes, row, c);
        uint64_t best = 0;
        for (uint32_t r = 0; r < plan->row_count; r++) {
            const NsimMigrateRow *other = &plan->rows[r];
            if (other->copier != NSIM_COPIER_AUTO && other->load_ppm == plan->rows[row].load_ppm &&
                (other->workers == 0 || other->workers == plan->rows[row].workers) &&
                (other->copier != NSIM_COPIER_MTCPU || other->spread == plan->rows[row].spread))
                best = MAX(best, outcome_at(plan, outcomes, r, c)->result.bytes_per_s);
        }
        const uint64_t share = nsim_share_ppm(mine->result.bytes_per_s, best);
        if (mine->done && best > 0 && share < worst) {
            worst = share;
            worst_column = c;
        }
    }
    if (worst == UINT64_MAX)
        return;
    g_autoptr(GString) line = g_string_new(plan->rows[row].label);
    g_string_append(line, " reaches ");
    nsim_format_decimal(line, worst, PERCENT_SCALE, 1);
    g_string_append_printf(line, " %% of the best fixed copier with as many workers at least (at %s).",
                           plan->columns[worst_column].label);
    append_wrapped(out, line->str);
}

static void
append_conclusion(GString *out, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    for (guint l = 0; l < plan->axes[NSIM_AXIS_LOAD]->len; l++)
        append_fastest(out, plan, outcomes, (uint32_t)g_array_index(plan->axes[NSIM_AXIS_LOAD], uint64_t, l));
    for (uint32_t r = 0; r < plan->row_count; r++) {
        if (plan->rows[r].copier == NSIM_COPIER_AUTO)
            append_auto(out, plan, outcomes, r);
    }
    if (!is_complete(plan, outcomes))
        append_wrapped(out, "Interrupted: cells with a dash were not measured.");
}

static char *
render_text(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    GString *out = g_string_new(NULL);
    append_heading(out, plan);
    append_tables(out, plan, outcomes);
    append_conclusion(out, plan, outcomes);
    return g_string_free(out, FALSE);
}

/* ---- CSV -------------------------------------------------------------------------------------------------------- */

static void
csv_head(NsimCsv *csv)
{
    static const char *const names[] = {"machine",       "from",         "to",           "initiator",   "copier",
                                        "workers",       "spread",       "load",         "folio_bytes", "folio_count",
                                        "time_ns",       "moved_bytes",  "failed_pages", "bytes_per_s", "copy_share",
                                        "away_first_ns", "away_mean_ns", "away_max_ns"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        nsim_csv_text(csv, names[i]);
    for (unsigned p = 0; p < NSIM_PHASES; p++)
        nsim_csv_printf(csv, "%s_ns", phases[p]);
    for (unsigned c = 0; c < NSIM_COPIER_AUTO; c++)
        nsim_csv_printf(csv, "%s_copied_bytes", nsim_copier_names[c]);
    nsim_csv_end_line(csv);
}

static void
csv_cell(NsimCsv *csv, const NsimMigratePlan *plan, uint32_t row_index, uint32_t column_index,
         const NsimMigrateResult *result)
{
    const NsimMigrateRow *row = &plan->rows[row_index];
    const NsimMigrateColumn *column = &plan->columns[column_index];
    nsim_csv_text(csv, plan->machine->name);
    nsim_csv_text(csv, plan->machine->nodes[plan->source].id);
    nsim_csv_text(csv, plan->machine->nodes[plan->destination].id);
    nsim_csv_text(csv, initiators[plan->initiator]);
    nsim_csv_text(csv, nsim_copier_names[row->copier]);
    nsim_csv_uint(csv, row->workers);
    nsim_csv_text(csv, nsim_spread_names[row->spread]);
    nsim_csv_ratio(csv, row->load_ppm);
    nsim_csv_uint(csv, column->folio_bytes);
    nsim_csv_uint(csv, column->folio_count);
    nsim_csv_ns(csv, result->time_ps);
    nsim_csv_uint(csv, result->moved_bytes);
    nsim_csv_uint(csv, result->failed_pages);
    nsim_csv_uint(csv, result->bytes_per_s);
    nsim_csv_ratio(csv, result->copy_share_ppm);
    nsim_csv_ns(csv, result->away_first_ps);
    nsim_csv_ns(csv, result->away_mean_ps);
    nsim_csv_ns(csv, result->away_max_ps);
    for (unsigned p = 0; p < NSIM_PHASES; p++)
        nsim_csv_ns(csv, result->cost_ps[p]);
    for (unsigned c = 0; c < NSIM_COPIER_AUTO; c++)
        nsim_csv_uint(csv, result->copied_bytes[c]);
    nsim_csv_end_line(csv);
}

static char *
render_csv(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    NsimCsv csv = {.out = g_string_new(NULL)};
    csv_head(&csv);
    for (uint32_t r = 0; r < plan->row_count; r++) {
        for (uint32_t c = 0; c < plan->column_count; c++) {
            const NsimMigrateOutcome *outcome = outcome_at(plan, outcomes, r, c);
            if (outcome->done)
                csv_cell(&csv, plan, r, c, &outcome->result);
        }
    }
    return g_string_free(csv.out, FALSE);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

static void
json_head(NsimJson *json, const NsimMigratePlan *plan, bool complete)
{
    nsim_json_object(json, NULL);
    nsim_json_string(json, "schema", "numasim-migrate-1");
    nsim_json_object_inline(json, "numasim");
    nsim_json_string(json, "version", NSIM_VERSION);
    nsim_json_end(json);
    if (plan->config_name != NULL)
        nsim_json_string(json, "config", plan->config_name);
    nsim_json_string(json, "machine", plan->machine->name);
    nsim_json_string(json, "from", plan->machine->nodes[plan->source].id);
    nsim_json_string(json, "to", plan->machine->nodes[plan->destination].id);
    nsim_json_string(json, "initiator", initiators[plan->initiator]);
    nsim_json_string(json, "costs", plan->machine->migration.preset);
    nsim_json_uint(json, "seed", plan->seed);
    nsim_json_bool(json, "complete", complete);
    nsim_json_object_inline(json, "options");
    for (uint32_t i = 0; i < NSIM_MOVE_OPTION_COUNT; i++) {
        if (plan->mover_texts[i] != NULL)
            nsim_json_string(json, nsim_mover_options[i].key, plan->mover_texts[i]);
    }
    nsim_json_end(json);
}

/* What says which cell it is. */
static void
json_place(NsimJson *json, const NsimMigratePlan *plan, uint32_t row_index, uint32_t column_index)
{
    const NsimMigrateRow *row = &plan->rows[row_index];
    nsim_json_string(json, "copier", nsim_copier_names[row->copier]);
    nsim_json_uint(json, "workers", row->workers);
    nsim_json_string(json, "spread", nsim_spread_names[row->spread]);
    nsim_json_ratio(json, "load", row->load_ppm);
    nsim_json_uint(json, "folio_bytes", plan->columns[column_index].folio_bytes);
    nsim_json_uint(json, "folio_count", plan->columns[column_index].folio_count);
}

static void
json_result(NsimJson *json, const NsimMigrateResult *result)
{
    nsim_json_ns(json, "time_ns", result->time_ps);
    nsim_json_uint(json, "moved_bytes", result->moved_bytes);
    nsim_json_uint(json, "failed_pages", result->failed_pages);
    nsim_json_uint(json, "bytes_per_s", result->bytes_per_s);
    nsim_json_ratio(json, "copy_share", result->copy_share_ppm);
    nsim_json_object_inline(json, "away_ns");
    nsim_json_ns(json, "first", result->away_first_ps);
    nsim_json_ns(json, "mean", result->away_mean_ps);
    nsim_json_ns(json, "max", result->away_max_ps);
    nsim_json_end(json);
    nsim_json_object_inline(json, "cost_ns");
    for (unsigned p = 0; p < NSIM_PHASES; p++)
        nsim_json_ns(json, phases[p], result->cost_ps[p]);
    nsim_json_end(json);
    nsim_json_object_inline(json, "copied_bytes");
    for (unsigned c = 0; c < NSIM_COPIER_AUTO; c++)
        nsim_json_uint(json, nsim_copier_names[c], result->copied_bytes[c]);
    nsim_json_end(json);
}

static char *
render_json(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    NsimJson json;
    GString *out = g_string_new(NULL);
    nsim_json_init(&json, out);
    json_head(&json, plan, is_complete(plan, outcomes));
    nsim_json_array(&json, "cells");
    for (uint32_t r = 0; r < plan->row_count; r++) {
        for (uint32_t c = 0; c < plan->column_count; c++) {
            const NsimMigrateOutcome *outcome = outcome_at(plan, outcomes, r, c);
            if (!outcome->done)
                continue;
            nsim_json_object(&json, NULL);
            json_place(&json, plan, r, c);
            json_result(&json, &outcome->result);
            nsim_json_end(&json);
        }
    }
    nsim_json_end(&json);
    nsim_json_end(&json);
    return g_string_free(out, FALSE);
}

char *
nsim_migrate_render(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, NsimMigrateFormat format)
{
    switch (format) {
    case NSIM_MIGRATE_CSV:
        return render_csv(plan, outcomes);
    case NSIM_MIGRATE_JSON:
        return render_json(plan, outcomes);
    case NSIM_MIGRATE_TEXT:
    default:
        return render_text(plan, outcomes);
    }
}

char *
nsim_migrate_render_plot(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    GString *out = g_string_new(NULL);
    const bool by_size = plan->axes[NSIM_AXIS_FOLIO]->len > 1;
    for (uint32_t c = 0; c < plan->column_count; c++) {
        const NsimMigrateColumn *column = &plan->columns[c];
        g_string_append_printf(out, "%" G_GUINT64_FORMAT " %s", by_size ? column->folio_bytes : column->folio_count,
                               column->label);
        for (uint32_t r = 0; r < plan->row_count; r++) {
            g_autofree char *cell = format_cell(outcome_at(plan, outcomes, r, c), &quantities[0]);
            g_string_append_printf(out, " %s", cell);
        }
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

/* ---- Beside published figures ----------------------------------------------------------------------------------- */

typedef struct {
    const NsimMigrateFigure *figure;
    NsimMigrateComparison comparison;
    uint32_t row, column;
} Pair;

static Pair
pair_at(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, guint i)
{
    const NsimMigrateFigure *figure = &g_array_index(plan->figures, NsimMigrateFigure, i);
    return (Pair){.figure = figure,
                  .comparison = nsim_migrate_compare(figure, outcomes),
                  .row = figure->cell / plan->column_count,
                  .column = figure->cell % plan->column_count};
}

static char *
figure_text(const NsimMigrateFigure *figure, uint64_t value, bool published)
{
    GString *text = g_string_new(published && figure->at_most ? "<" : "");
    if (figure->kind == NSIM_FIGURE_RATE)
        nsim_format_decimal(text, value, GB_SCALE, 2);
    else
        nsim_format_decimal(text, value, PERCENT_SCALE, 1);
    return g_string_free(text, FALSE);
}

/* "+3.1 %", "-0.5 pt" */
static char *
error_text(const Pair *pair)
{
    const int64_t error = pair->comparison.error_ppm;
    GString *text = g_string_new(error < 0 ? "-" : "+");
    nsim_format_decimal(text, (uint64_t)(error < 0 ? -error : error), PERCENT_SCALE, 1);
    g_string_append(text, pair->figure->kind == NSIM_FIGURE_RATE ? " %" : " pt");
    return g_string_free(text, FALSE);
}

static char *
verdict_text(const Pair *pair)
{
    if (!pair->figure->has_tolerance)
        return g_strdup("");
    g_autofree char *tolerance = nsim_quantity_format(pair->figure->tolerance_ppm, NSIM_QUANTITY_RATIO);
    return g_strdup_printf("%s %s", pair->comparison.within ? "within" : "OUTSIDE", tolerance);
}

static void
append_pairs(GString *out, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    g_autoptr(NsimTable) table = nsim_table_new();
    const NsimMigrateFigure *first = &g_array_index(plan->figures, NsimMigrateFigure, 0);
    const char *unit = first->kind == NSIM_FIGURE_RATE ? "GB/s" : "copy share, %";
    nsim_table_column(table, "", "copier", false);
    nsim_table_column(table, "", plan->axes[NSIM_AXIS_COUNT]->len > 1 ? "folios" : "folio", true);
    nsim_table_column(table, unit, "published", true);
    nsim_table_column(table, "", "simulated", true);
    nsim_table_column(table, "", "error", true);
    nsim_table_column(table, "", "role", false);
    nsim_table_column(table, "", "tolerance", false);
    for (guint i = 0; i < plan->figures->len; i++) {
        const Pair pair = pair_at(plan, outcomes, i);
        nsim_table_row(table, false);
        nsim_table_cell(table, plan->rows[pair.row].label);
        nsim_table_cell(table, plan->columns[pair.column].label);
        nsim_table_take_cell(table, figure_text(pair.figure, pair.figure->value, true));
        nsim_table_take_cell(table, pair.comparison.done ? figure_text(pair.figure, pair.comparison.simulated, false)
                                                         : g_strdup("-"));
        nsim_table_take_cell(table, pair.comparison.done ? error_text(&pair) : g_strdup("-"));
        nsim_table_cell(table, pair.figure->calibrated ? "calibrated" : "predicted");
        nsim_table_take_cell(table, verdict_text(&pair));
    }
    nsim_table_render(table, out, false);
}

/* Mean error of the figures of a role, whatever its sign. */
static void
append_mean(GString *out, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, bool calibrated)
{
    uint64_t sum = 0, count = 0, limited = 0, outside = 0;
    for (guint i = 0; i < plan->figures->len; i++) {
        const Pair pair = pair_at(plan, outcomes, i);
        if (pair.figure->calibrated != calibrated || !pair.comparison.done)
            continue;
        const int64_t error = pair.comparison.error_ppm;
        sum += (uint64_t)(error < 0 ? -error : error);
        count++;
        limited += pair.figure->has_tolerance;
        outside += !pair.comparison.within;
    }
    if (count == 0)
        return;
    g_string_append_printf(out, "%s: %" G_GUINT64_FORMAT " figure%s, mean error ",
                           calibrated ? "calibrated" : "predicted", count, count == 1 ? "" : "s");
    nsim_format_decimal(out, sum / count, PERCENT_SCALE, 1);
    g_string_append(out,
                    g_array_index(plan->figures, NsimMigrateFigure, 0).kind == NSIM_FIGURE_RATE ? " %" : " points");
    if (limited > 0)
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " within their tolerance",
                               limited - outside, limited);
    g_string_append_c(out, '\n');
}

static char *
compare_text(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    GString *out = g_string_new(NULL);
    append_heading(out, plan);
    if (plan->description != NULL)
        append_wrapped(out, plan->description);
    g_autofree char *source = g_strdup_printf("Published: %s", plan->published_source);
    append_wrapped(out, source);
    g_string_append_c(out, '\n');
    append_pairs(out, plan, outcomes);
    g_string_append_c(out, '\n');
    append_mean(out, plan, outcomes, true);
    append_mean(out, plan, outcomes, false);
    return g_string_free(out, FALSE);
}

static char *
compare_csv(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    static const char *const names[] = {"copier",      "workers",   "spread",    "load",      "folio_bytes",
                                        "folio_count", "unit",      "published", "simulated", "error",
                                        "role",        "tolerance", "within"};
    NsimCsv csv = {.out = g_string_new(NULL)};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        nsim_csv_text(&csv, names[i]);
    nsim_csv_end_line(&csv);
    for (guint i = 0; i < plan->figures->len; i++) {
        const Pair pair = pair_at(plan, outcomes, i);
        const NsimMigrateRow *row = &plan->rows[pair.row];
        if (!pair.comparison.done)
            continue;
        g_autofree char *published = figure_text(pair.figure, pair.figure->value, true);
        g_autofree char *simulated = figure_text(pair.figure, pair.comparison.simulated, false);
        g_autofree char *error = error_text(&pair);
        nsim_csv_text(&csv, nsim_copier_names[row->copier]);
        nsim_csv_uint(&csv, row->workers);
        nsim_csv_text(&csv, nsim_spread_names[row->spread]);
        nsim_csv_ratio(&csv, row->load_ppm);
        nsim_csv_uint(&csv, plan->columns[pair.column].folio_bytes);
        nsim_csv_uint(&csv, plan->columns[pair.column].folio_count);
        nsim_csv_text(&csv, pair.figure->kind == NSIM_FIGURE_RATE ? "GB/s" : "%");
        nsim_csv_text(&csv, published);
        nsim_csv_text(&csv, simulated);
        nsim_csv_text(&csv, error);
        nsim_csv_text(&csv, pair.figure->calibrated ? "calibrated" : "predicted");
        if (pair.figure->has_tolerance)
            nsim_csv_ratio(&csv, pair.figure->tolerance_ppm);
        else
            nsim_csv_empty(&csv);
        nsim_csv_text(&csv, !pair.figure->has_tolerance ? "" : pair.comparison.within ? "yes" : "no");
        nsim_csv_end_line(&csv);
    }
    return g_string_free(csv.out, FALSE);
}

static void
json_pair(NsimJson *json, const NsimMigratePlan *plan, const Pair *pair)
{
    const NsimMigrateFigure *figure = pair->figure;
    const int64_t error = pair->comparison.error_ppm;
    nsim_json_object(json, NULL);
    json_place(json, plan, pair->row, pair->column);
    if (figure->kind == NSIM_FIGURE_RATE) {
        nsim_json_uint(json, "published_bytes_per_s", figure->value);
        nsim_json_uint(json, "simulated_bytes_per_s", pair->comparison.simulated);
    } else {
        nsim_json_ratio(json, "published_copy_share", figure->value);
        nsim_json_ratio(json, "simulated_copy_share", pair->comparison.simulated);
    }
    nsim_json_bool(json, "published_at_most", figure->at_most);
    /* JSON ratios here have no sign of their own. */
    nsim_json_ratio(json, "error_size", (uint64_t)(error < 0 ? -error : error));
    nsim_json_string(json, "role", figure->calibrated ? "calibrated" : "predicted");
    if (figure->has_tolerance) {
        nsim_json_ratio(json, "tolerance", figure->tolerance_ppm);
        nsim_json_bool(json, "within", pair->comparison.within);
    }
    nsim_json_end(json);
}

static char *
compare_json(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    NsimJson json;
    GString *out = g_string_new(NULL);
    bool complete = true;
    for (guint i = 0; i < plan->figures->len; i++)
        complete = complete && pair_at(plan, outcomes, i).comparison.done;
    nsim_json_init(&json, out);
    json_head(&json, plan, complete);
    nsim_json_string(&json, "published", plan->published_source);
    nsim_json_array(&json, "figures");
    for (guint i = 0; i < plan->figures->len; i++) {
        const Pair pair = pair_at(plan, outcomes, i);
        if (pair.comparison.done)
            json_pair(&json, plan, &pair);
    }
    nsim_json_end(&json);
    nsim_json_end(&json);
    return g_string_free(out, FALSE);
}

char *
nsim_migrate_render_comparison(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes,
                               NsimMigrateFormat format)
{
    switch (format) {
    case NSIM_MIGRATE_CSV:
        return compare_csv(plan, outcomes);
    case NSIM_MIGRATE_JSON:
        return compare_json(plan, outcomes);
    case NSIM_MIGRATE_TEXT:
    default:
        return compare_text(plan, outcomes);
    }
}
