/* SPDX-License-Identifier: MIT */
/* `published:` of a migration experiment: what somebody measured in some cells, and comparing with it. */
#include <experiment/migrate-plan.h>

#include <models/quantity.h>
#include <sim/time.h>

#include <string.h>

static const char *const published_keys[] = {"source", "unit", "role", "tolerance", "rows", NULL};
static const char *const row_keys[] = {"copier", "workers", "spread", "load", "role", "tolerance", "values", NULL};
static const char *const units[] = {[NSIM_FIGURE_RATE] = "GB/s", [NSIM_FIGURE_COPY_SHARE] = "copy share", NULL};
static const char *const roles[] = {"predicted", "calibrated", NULL};

/* What holds for figures unless their row says otherwise. */
typedef struct {
    NsimFigureKind kind;
    bool calibrated, has_tolerance;
    uint64_t tolerance_ppm;
} Terms;

static bool
read_terms(const NsimValue *map, Terms *terms, GError **error)
{
    uint32_t role = terms->calibrated;
    if (!nsim_value_read_enum(map, "role", false, roles, &role, error) ||
        !nsim_value_read_ratio(map, "tolerance", false, &terms->tolerance_ppm, error))
        return false;
    terms->calibrated = role != 0;
    terms->has_tolerance = terms->has_tolerance || nsim_value_get(map, "tolerance") != NULL;
    return true;
}

/* ---- Finding the cell ------------------------------------------------------------------------------------------- */

/* One value of a list that names a row. */
static bool
read_coordinate(const NsimValue *map, const char *key, NsimMigrateAxis axis, uint64_t *ret, GError **error)
{
    const NsimValue *value = nsim_value_get(map, key);
    if (value == NULL)
        return true;
    const char *text = nsim_value_text(value);
    g_autofree char *problem = text == NULL ? g_strdup("wants one value") : nsim_migrate_axis_parse(axis, text, ret);
    return problem == NULL || nsim_value_error(value, error, "'%s': %s", key, problem);
}

/* The row that a map names; UINT32_MAX: there is none. */
static bool
find_row(const NsimMigratePlan *plan, const NsimValue *map, uint32_t *ret, GError **error)
{
    uint64_t copier = NSIM_COPIER_CPU, workers = UINT64_MAX, spread = UINT64_MAX, load = UINT64_MAX;
    if (!read_coordinate(map, "copier", NSIM_AXIS_COPIER, &copier, error) ||
        !read_coordinate(map, "workers", NSIM_AXIS_WORKERS, &workers, error) ||
        !read_coordinate(map, "spread", NSIM_AXIS_SPREAD, &spread, error) ||
        !read_coordinate(map, "load", NSIM_AXIS_LOAD, &load, error))
        return false;
    *ret = UINT32_MAX;
    for (uint32_t r = 0; r < plan->row_count && *ret == UINT32_MAX; r++) {
        const NsimMigrateRow *row = &plan->rows[r];
        if (row->copier == (NsimCopierKind)copier && (workers == UINT64_MAX || row->workers == workers) &&
            (spread == UINT64_MAX || row->spread == spread) && (load == UINT64_MAX || row->load_ppm == load))
            *ret = r;
    }
    return true;
}

/* A key of `values`: the label of a column as it is without options of the command line. */
static char *
parse_column(const char *key, uint64_t *ret_folio, uint64_t *ret_count)
{
    const char *cross = strchr(key, 'x');
    *ret_folio = *ret_count = 0;
    if (cross != NULL) {
        g_autofree char *count = g_strndup(key, (size_t)(cross - key));
        char *problem = nsim_migrate_axis_parse(NSIM_AXIS_COUNT, count, ret_count);
        return problem != NULL ? problem : nsim_migrate_axis_parse(NSIM_AXIS_FOLIO, cross + 1, ret_folio);
    }
    return strchr(key, 'B') != NULL ? nsim_migrate_axis_parse(NSIM_AXIS_FOLIO, key, ret_folio)
                                    : nsim_migrate_axis_parse(NSIM_AXIS_COUNT, key, ret_count);
}

static uint32_t
find_column(const NsimMigratePlan *plan, uint64_t folio, uint64_t count)
{
    for (uint32_t c = 0; c < plan->column_count; c++) {
        if ((folio == 0 || plan->columns[c].folio_bytes == folio) &&
            (count == 0 || plan->columns[c].folio_count == count))
            return c;
    }
    return UINT32_MAX;
}

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

static bool
read_figure(const NsimValue *value, const char *key, NsimMigrateFigure *figure, GError **error)
{
    const NsimQuantityKind kind = figure->kind == NSIM_FIGURE_RATE ? NSIM_QUANTITY_RATE : NSIM_QUANTITY_RATIO;
    const char *text = nsim_value_text(value);
    if (text == NULL)
        return nsim_value_error(value, error, "'%s' wants one value", key);
    figure->at_most = *text == '<';
    g_autofree char *problem = NULL;
    if (!nsim_quantity_parse(figure->at_most ? text + 1 : text, kind, &figure->value, &problem))
        return nsim_value_error(value, error, "'%s': %s", key, problem);
    return figure->value > 0 || nsim_value_error(value, error, "'%s' must be above 0", key);
}

static bool
read_values(NsimMigratePlan *plan, const NsimValue *values, const Terms *terms, uint32_t row, bool partial,
            GError **error)
{
    if (values == NULL || nsim_value_kind(values) != NSIM_VALUE_MAP)
        return nsim_value_error(values, error, "'values' must be a map, FOLIO or COUNT: FIGURE");
    for (uint32_t i = 0; i < nsim_value_count(values); i++) {
        uint64_t folio, count;
        const char *key = nsim_value_key(values, i);
        g_autofree char *problem = parse_column(key, &folio, &count);
        NsimMigrateFigure figure = {.kind = terms->kind,
                                    .calibrated = terms->calibrated,
                                    .has_tolerance = terms->has_tolerance,
                                    .tolerance_ppm = terms->tolerance_ppm};
        if (problem != NULL)
            return nsim_value_key_error(values, i, error, "%s", problem);
        if (!read_figure(nsim_value_item(values, i), key, &figure, error))
            return false;
        const uint32_t column = find_column(plan, folio, count);
        if (row == UINT32_MAX || column == UINT32_MAX) {
            if (partial)
                continue;
            return nsim_value_key_error(values, i, error, "'%s' is no column of the sweep", key);
        }
        figure.cell = row * plan->column_count + column;
        g_array_append_val(plan->figures, figure);
    }
    return true;
}

static bool
read_row(NsimMigratePlan *plan, const NsimValue *map, Terms terms, bool partial, GError **error)
{
    uint32_t row;
    if (!nsim_value_check_map(map, "a row", row_keys, error) || !read_terms(map, &terms, error) ||
        !find_row(plan, map, &row, error))
        return false;
    if (row == UINT32_MAX && !partial)
        return nsim_value_error(map, error, "no row of the sweep has this copier, 'workers', 'spread' and 'load'");
    if (nsim_value_get(map, "values") == NULL)
        return nsim_value_error(map, error, "'values' is missing");
    return read_values(plan, nsim_value_get(map, "values"), &terms, row, partial, error);
}

bool
nsim_migrate_plan_read_published(NsimMigratePlan *plan, const NsimValue *map, bool partial, GError **error)
{
    Terms terms = {0};
    const char *source = NULL;
    uint32_t unit = NSIM_FIGURE_RATE;
    if (!nsim_value_check_map(map, "published", published_keys, error) ||
        !nsim_value_read_text(map, "source", true, &source, error) ||
        !nsim_value_read_enum(map, "unit", false, units, &unit, error) || !read_terms(map, &terms, error))
        return false;
    terms.kind = (NsimFigureKind)unit;
    plan->published_source = g_strdup(source);
    const NsimValue *rows = nsim_value_get(map, "rows");
    if (rows == NULL || nsim_value_kind(rows) != NSIM_VALUE_LIST)
        return nsim_value_error(rows != NULL ? rows : map, error, "'rows' must be a list of maps");
    for (uint32_t i = 0; i < nsim_value_count(rows); i++) {
        if (!read_row(plan, nsim_value_item(rows, i), terms, partial, error))
            return false;
    }
    return true;
}

/* ---- Comparing -------------------------------------------------------------------------------------------------- */

/* Signed, in parts per million: simulated / published - 1, or for shares the difference. */
static int64_t
error_of(const NsimMigrateFigure *figure, uint64_t simulated)
{
    const bool above = simulated >= figure->value;
    const uint64_t distance = above ? simulated - figure->value : figure->value - simulated;
    if (figure->at_most && !above)
        return 0;
    const uint64_t ppm = figure->kind == NSIM_FIGURE_RATE ? nsim_mul_div(distance, 1000000, figure->value) : distance;
    return above ? (int64_t)MIN(ppm, (uint64_t)INT64_MAX) : -(int64_t)MIN(ppm, (uint64_t)INT64_MAX);
}

NsimMigrateComparison
nsim_migrate_compare(const NsimMigrateFigure *figure, const NsimMigrateOutcome *outcomes)
{
    const NsimMigrateOutcome *outcome = &outcomes[figure->cell];
    NsimMigrateComparison comparison = {.done = outcome->done};
    if (!outcome->done)
        return comparison;
    comparison.simulated =
        figure->kind == NSIM_FIGURE_RATE ? outcome->result.bytes_per_s : outcome->result.copy_share_ppm;
    comparison.error_ppm = error_of(figure, comparison.simulated);
    const uint64_t size = (uint64_t)(comparison.error_ppm < 0 ? -comparison.error_ppm : comparison.error_ppm);
    comparison.within = !figure->has_tolerance || size <= figure->tolerance_ppm;
    return comparison;
}

uint32_t
nsim_migrate_count_outside(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    uint32_t count = 0;
    for (guint i = 0; i < plan->figures->len; i++)
        count += !nsim_migrate_compare(&g_array_index(plan->figures, NsimMigrateFigure, i), outcomes).within;
    return count;
}
