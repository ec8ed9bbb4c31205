/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of migration experiments: any text is one or an error; small ones that are accepted run to a result,
 * which can be rendered. Texts whose machine stands in another file are left out.
 */
#include <experiment/migrate-plan.h>

#include <stdlib.h>

/* Bounds on what is run. */
enum { CORES_MAX = 64, NODES_MAX = 16, CELLS_MAX = 12, FOLIOS_MAX = 1024, BYTES_MAX = 8 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
small_enough(const NsimMigratePlan *plan)
{
    uint32_t cores = 0;
    for (uint32_t a = 0; a < plan->machine->accessor_count; a++)
        cores += plan->machine->accessors[a].core_count;
    for (uint32_t c = 0; c < plan->column_count; c++) {
        if (plan->columns[c].folio_count > FOLIOS_MAX ||
            plan->columns[c].folio_count * plan->columns[c].folio_bytes > BYTES_MAX)
            return false;
    }
    for (uint32_t r = 0; r < plan->row_count; r++) {
        /* Readers at speed beside a slow copy are work without end. */
        if (plan->rows[r].load_ppm > 0)
            return false;
    }
    return cores <= CORES_MAX && plan->machine->node_count <= NODES_MAX &&
           plan->row_count * plan->column_count <= CELLS_MAX;
}

static void
run(const NsimMigratePlan *plan)
{
    g_autoptr(GError) error = NULL;
    g_autofree NsimMigrateOutcome *outcomes = nsim_migrate_plan_run(plan, false, 1, NULL, NULL, NULL, &error);
    if ((outcomes == NULL) != (error != NULL))
        abort();
    for (unsigned format = NSIM_MIGRATE_TEXT; outcomes != NULL && format <= NSIM_MIGRATE_JSON; format++) {
        g_autofree char *text = nsim_migrate_render(plan, outcomes, (NsimMigrateFormat)format);
        g_autofree char *compared =
            plan->figures->len == 0 ? NULL : nsim_migrate_render_comparison(plan, outcomes, (NsimMigrateFormat)format);
        if (*text == '\0' || !g_utf8_validate(text, -1, NULL) ||
            (compared != NULL && !g_utf8_validate(compared, -1, NULL)))
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDocument) document = nsim_document_parse((const char *)data, size, "fuzz", NULL);
    const NsimValue *machine = document == NULL ? NULL : nsim_value_get(nsim_document_root(document), "machine");
    if (document == NULL ||
        (machine != NULL && (nsim_value_kind(machine) == NSIM_VALUE_SCALAR || nsim_value_get(machine, "like") != NULL)))
        return 0;
    const NsimMigrateOptions options = {.config_path = "fuzz"};
    g_autoptr(NsimMigratePlan) plan = nsim_migrate_plan_from_document(document, &options, &error);
    if ((plan == NULL) != (error != NULL) || (error != NULL && *error->message == '\0'))
        abort();
    if (plan != NULL && small_enough(plan))
        run(plan);
    return 0;
}
