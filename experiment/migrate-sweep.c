/* SPDX-License-Identifier: MIT */
/* Runs the cells of a sweep, several at a time. Cells share nothing that changes, and each has a place for its outcome.
 */
#include <experiment/migrate-plan.h>

/* How often progress is told. */
#define TICK_US ((gint64)100 * 1000)

typedef struct {
    const NsimMigratePlan *plan;
    GCancellable *cancel;
    NsimMigrateOutcome *outcomes;
    GMutex mutex;
    GCond changed;
    uint32_t finished; /* cells run or skipped */
    uint32_t failed_cell;
    GError *error; /* of the first cell in order that failed, so that it does not depend on who was faster */
} Sweep;

static NsimMigrateCell
cell_of(const NsimMigratePlan *plan, uint32_t index)
{
    const NsimMigrateRow *row = &plan->rows[index / plan->column_count];
    const NsimMigrateColumn *column = &plan->columns[index % plan->column_count];
    NsimMigrateCell cell = {.machine = plan->machine,
                            .source = plan->source,
                            .destination = plan->destination,
                            .initiator = plan->initiator,
                            .folio_bytes = column->folio_bytes,
                            .folio_count = column->folio_count,
                            .load_ppm = row->load_ppm,
                            .config = plan->mover,
                            .seed = plan->seed};
    cell.config.copier = row->copier;
    cell.config.spread = row->spread;
    if (row->workers > 0)
        cell.config.threads = cell.config.channels = row->workers;
    return cell;
}

static void
keep_error(Sweep *sweep, uint32_t index, GError *error)
{
    if (sweep->error != NULL && sweep->failed_cell < index) {
        g_error_free(error);
        return;
    }
    g_clear_error(&sweep->error);
    sweep->error = error;
    sweep->failed_cell = index;
}

static void
run_cell(gpointer data, gpointer user_data)
{
    Sweep *sweep = user_data;
    const uint32_t index = GPOINTER_TO_UINT(data) - 1;
    GError *error = NULL;
    NsimMigrateOutcome outcome = {0};
    if (!g_cancellable_is_cancelled(sweep->cancel)) {
        const NsimMigrateCell cell = cell_of(sweep->plan, index);
        outcome.done = nsim_migrate_run(&cell, &outcome.result, &error);
    }
    g_mutex_lock(&sweep->mutex);
    sweep->outcomes[index] = outcome;
    sweep->finished++;
    if (error != NULL)
        keep_error(sweep, index, error);
    g_cond_signal(&sweep->changed);
    g_mutex_unlock(&sweep->mutex);
}

static void
wait_for(Sweep *sweep, uint32_t count, NsimMigrateProgressFunc progress, void *user_data)
{
    g_mutex_lock(&sweep->mutex);
    while (sweep->finished < count) {
        const gint64 until_us = g_get_monotonic_time() + TICK_US;
        const uint32_t finished = sweep->finished;
        while (sweep->finished == finished && g_cond_wait_until(&sweep->changed, &sweep->mutex, until_us)) {
        }
        const uint32_t now = sweep->finished;
        g_mutex_unlock(&sweep->mutex);
        if (progress != NULL)
            progress(now, count, user_data);
        g_mutex_lock(&sweep->mutex);
    }
    g_mutex_unlock(&sweep->mutex);
}

/* Indices of the cells to run, each once, in order. */
static GArray *
choose_cells(const NsimMigratePlan *plan, bool figures_only)
{
    const uint32_t count = plan->row_count * plan->column_count;
    g_autofree bool *wanted = g_new0(bool, count);
    GArray *cells = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (guint i = 0; i < plan->figures->len; i++)
        wanted[g_array_index(plan->figures, NsimMigrateFigure, i).cell] = true;
    for (uint32_t i = 0; i < count; i++) {
        if (wanted[i] || !figures_only)
            g_array_append_val(cells, i);
    }
    return cells;
}

NsimMigrateOutcome *
nsim_migrate_plan_run(const NsimMigratePlan *plan, bool figures_only, unsigned jobs, NsimMigrateProgressFunc progress,
                      void *user_data, GCancellable *cancel, GError **error)
{
    g_autoptr(GArray) cells = choose_cells(plan, figures_only);
    g_autofree NsimMigrateOutcome *outcomes = g_new0(NsimMigrateOutcome, (size_t)plan->row_count * plan->column_count);
    Sweep sweep = {.plan = plan, .cancel = cancel, .outcomes = outcomes};
    GThreadPool *pool =
        g_thread_pool_new(run_cell, &sweep, (gint)(jobs == 0 ? g_get_num_processors() : jobs), TRUE, error);
    if (pool == NULL)
        return NULL;
    g_mutex_init(&sweep.mutex);
    g_cond_init(&sweep.changed);
    for (guint i = 0; i < cells->len; i++)
        g_thread_pool_push(pool, GUINT_TO_POINTER(g_array_index(cells, uint32_t, i) + 1), NULL);
    wait_for(&sweep, cells->len, progress, user_data);
    g_thread_pool_free(pool, FALSE, TRUE);
    g_mutex_clear(&sweep.mutex);
    g_cond_clear(&sweep.changed);
    if (sweep.error == NULL)
        return g_steal_pointer(&outcomes);
    g_propagate_error(error, sweep.error);
    return NULL;
}
