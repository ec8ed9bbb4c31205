/* SPDX-License-Identifier: MIT */
/* Reading a sweep of migrations: `migrate:` and `migration:` of a config, options of the command line, defaults. */
#include <experiment/migrate-plan.h>

#include <experiment/experiment.h>
#include <experiment/policy-spec.h>
#include <models/quantity.h>

#include <string.h>

#define SEED_DEFAULT 1u
/* Large enough for the call's fixed cost not to show, small enough for a sweep to take seconds. */
#define TOTAL_DEFAULT ((uint64_t)256 << 20)
#define COUNT_MAX ((uint64_t)1 << 32)
#define WORKERS_MAX 1024u

static const char *const initiators[] = {[NSIM_MIGRATE_USER] = "user", [NSIM_MIGRATE_KERNEL] = "kernel", NULL};
static const char *const axis_keys[] = {[NSIM_AXIS_FOLIO] = "folio",
                                        [NSIM_AXIS_COUNT] = "count",
                                        [NSIM_AXIS_COPIER] = "copier",
                                        [NSIM_AXIS_WORKERS] = "workers",
                                        [NSIM_AXIS_SPREAD] = "spread",
                                        [NSIM_AXIS_LOAD] = "load",
                                        NULL};
static const char *const top_keys[] = {"description", "machine", "migrate", "migration", "published", NULL};
static const char *const migrate_keys[] = {"from",   "to",      "initiator", "total", "folio", "count",
                                           "copier", "workers", "spread",    "load",  "seed",  NULL};
/* Options that the sweep sets cell by cell, and where to give them. */
static const struct {
    const char *key, *instead;
} swept[] = {
    {"copier", "copier"}, {"copier_by_reason", "copier"}, {"copy_threads", "workers"}, {"copy_channels", "workers"}};

/* ---- Life ------------------------------------------------------------------------------------------------------- */

static NsimMigratePlan *
plan_new(void)
{
    NsimMigratePlan *plan = g_new0(NsimMigratePlan, 1);
    plan->source = plan->destination = NSIM_NODE_NONE;
    plan->seed = SEED_DEFAULT;
    plan->figures = g_array_new(FALSE, FALSE, sizeof(NsimMigrateFigure));
    for (unsigned axis = 0; axis < NSIM_AXES; axis++)
        plan->axes[axis] = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return plan;
}

void
nsim_migrate_plan_free(NsimMigratePlan *plan)
{
    if (plan == NULL)
        return;
    for (uint32_t i = 0; i < plan->row_count; i++)
        g_free(plan->rows[i].label);
    for (uint32_t i = 0; i < plan->column_count; i++)
        g_free(plan->columns[i].label);
    for (uint32_t i = 0; i < NSIM_MOVE_OPTION_COUNT; i++)
        g_free(plan->mover_texts[i]);
    for (unsigned axis = 0; axis < NSIM_AXES; axis++)
        g_array_unref(plan->axes[axis]);
    g_array_unref(plan->figures);
    nsim_machine_unref(plan->machine);
    g_free(plan->rows);
    g_free(plan->columns);
    g_free(plan->config_name);
    g_free(plan->description);
    g_free(plan->published_source);
    g_free(plan);
}

static bool G_GNUC_PRINTF(2, 3) usage_error(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, text);
    return false;
}

/* ---- Lists ------------------------------------------------------------------------------------------------------ */

static uint64_t
axis_at(const NsimMigratePlan *plan, NsimMigrateAxis axis, guint i)
{
    return g_array_index(plan->axes[axis], uint64_t, i);
}

static char *
parse_word(const char *const *words, const char *text, uint64_t *ret)
{
    for (uint32_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *ret = i;
            return NULL;
        }
    }
    g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)words);
    return g_strdup_printf("'%s' is not one of %s", text, all);
}

static char *
parse_quantity(const char *text, NsimQuantityKind kind, uint64_t least, uint64_t most, uint64_t *ret)
{
    char *problem = NULL;
    uint64_t value;
    if (!nsim_quantity_parse(text, kind, &value, &problem))
        return problem;
    if (value < least || value > most) {
        g_autofree char *low = nsim_quantity_format(least, kind), *high = nsim_quantity_format(most, kind);
        return g_strdup_printf("'%s' is out of range; allowed: %s to %s", text, low, high);
    }
    *ret = value;
    return NULL;
}

static char *
parse_folio(const char *text, uint64_t *ret)
{
    uint64_t bytes;
    char *problem = parse_quantity(text, NSIM_QUANTITY_BYTES, 4096, NSIM_MIGRATE_FOLIO_MAX, &bytes);
    if (problem != NULL)
        return problem;
    if ((bytes & (bytes - 1)) != 0)
        return g_strdup_printf("'%s' is not a power of two; a folio has 4KiB, 8KiB, ... or 2MiB", text);
    *ret = bytes;
    return NULL;
}

char *
nsim_migrate_axis_parse(NsimMigrateAxis axis, const char *text, uint64_t *ret)
{
    switch (axis) {
    case NSIM_AXIS_FOLIO:
        return parse_folio(text, ret);
    case NSIM_AXIS_COUNT:
        return parse_quantity(text, NSIM_QUANTITY_COUNT, 1, COUNT_MAX, ret);
    case NSIM_AXIS_COPIER:
        return parse_word(nsim_copier_names, text, ret);
    case NSIM_AXIS_WORKERS:
        return parse_quantity(text, NSIM_QUANTITY_COUNT, 1, WORKERS_MAX, ret);
    case NSIM_AXIS_SPREAD:
        return parse_word(nsim_spread_names, text, ret);
    case NSIM_AXIS_LOAD:
        return parse_quantity(text, NSIM_QUANTITY_RATIO, 0, 1000000, ret);
    case NSIM_AXES:
    default:
        return g_strdup("no such list");
    }
}

/* NULL, or what is wrong with one more value. (transfer full) */
static char *
axis_add(NsimMigratePlan *plan, NsimMigrateAxis axis, const char *text)
{
    uint64_t value;
    char *problem = nsim_migrate_axis_parse(axis, text, &value);
    if (problem != NULL)
        return problem;
    for (guint i = 0; i < plan->axes[axis]->len; i++) {
        if (axis_at(plan, axis, i) == value)
            return g_strdup_printf("'%s' is there twice", text);
    }
    if (plan->axes[axis]->len >= NSIM_MIGRATE_AXIS_MAX)
        return g_strdup_printf("more than %u values (NSIM_MIGRATE_AXIS_MAX)", NSIM_MIGRATE_AXIS_MAX);
    g_array_append_val(plan->axes[axis], value);
    return NULL;
}

static bool
axis_read_item(NsimMigratePlan *plan, NsimMigrateAxis axis, const NsimValue *value, GError **error)
{
    const char *text = nsim_value_text(value);
    g_autofree char *problem = text == NULL ? g_strdup("wants values or a list of values") : axis_add(plan, axis, text);
    return problem == NULL || nsim_value_error(value, error, "'%s': %s", axis_keys[axis], problem);
}

/* A value, or a list of some. */
static bool
axis_read(NsimMigratePlan *plan, NsimMigrateAxis axis, const NsimValue *value, GError **error)
{
    if (value == NULL)
        return true;
    if (nsim_value_kind(value) != NSIM_VALUE_LIST)
        return axis_read_item(plan, axis, value, error);
    if (nsim_value_count(value) == 0)
        return nsim_value_error(value, error, "'%s' is an empty list", axis_keys[axis]);
    for (uint32_t i = 0; i < nsim_value_count(value); i++) {
        if (!axis_read_item(plan, axis, nsim_value_item(value, i), error))
            return false;
    }
    return true;
}

/* A list with commas replaces what the config has. */
static bool
axis_override(NsimMigratePlan *plan, NsimMigrateAxis axis, const char *texts, GError **error)
{
    if (texts == NULL)
        return true;
    g_auto(GStrv) items = g_strsplit(texts, ",", -1);
    g_array_set_size(plan->axes[axis], 0);
    for (char **item = items; *item != NULL; item++) {
        g_autofree char *problem = axis_add(plan, axis, g_strstrip(*item));
        if (problem != NULL)
            return usage_error(error, "wrong value for --%s: %s", axis_keys[axis], problem);
    }
    return items[0] != NULL || usage_error(error, "--%s has no value", axis_keys[axis]);
}

static void
axis_default(NsimMigratePlan *plan, NsimMigrateAxis axis, uint64_t value)
{
    g_array_append_val(plan->axes[axis], value);
}

/* ---- The mover's options ---------------------------------------------------------------------------------------- */

/* NULL, or what is wrong. (transfer full) */
static char *
set_option(NsimMigratePlan *plan, const char *key, const char *text)
{
    const char *keys[NSIM_MOVE_OPTION_COUNT + 1] = {NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(swept); i++) {
        if (strcmp(swept[i].key, key) == 0)
            return g_strdup_printf("'%s' is set for each cell; give '%s' of the sweep", key, swept[i].instead);
    }
    for (uint32_t i = 0; i < NSIM_MOVE_OPTION_COUNT; i++) {
        NsimMoverConfig scratch;
        keys[i] = nsim_mover_options[i].key;
        if (strcmp(keys[i], key) != 0)
            continue;
        g_free(plan->mover_texts[i]);
        plan->mover_texts[i] = g_strdup(text);
        g_autofree char *problem = nsim_option_store(&nsim_mover_options[i], plan->mover_texts[i], &scratch);
        return problem == NULL ? NULL : g_strdup_printf("'%s': %s", key, problem);
    }
    const char *near = nsim_nearest_word(key, keys);
    if (near != NULL)
        return g_strdup_printf("unknown option '%s'; did you mean '%s'?", key, near);
    return g_strdup_printf("unknown option '%s'; 'numasim policies migration' lists them", key);
}

static bool
read_options(NsimMigratePlan *plan, const NsimValue *map, GError **error)
{
    if (map == NULL)
        return true;
    if (nsim_value_kind(map) != NSIM_VALUE_MAP)
        return nsim_value_error(map, error, "'migration' must be a map of options");
    for (uint32_t i = 0; i < nsim_value_count(map); i++) {
        const NsimValue *value = nsim_value_item(map, i);
        const char *key = nsim_value_key(map, i);
        if (nsim_value_text(value) == NULL)
            return nsim_value_error(value, error, "'%s' wants one value", key);
        g_autofree char *problem = set_option(plan, key, nsim_value_text(value));
        if (problem != NULL)
            return nsim_value_key_error(map, i, error, "%s", problem);
    }
    return true;
}

static bool
override_options(NsimMigratePlan *plan, const char *const *settings, GError **error)
{
    for (; settings != NULL && *settings != NULL; settings++) {
        const char *equals = strchr(*settings, '=');
        if (equals == NULL)
            return usage_error(error, "wrong value '%s' for --set: it is not KEY=VALUE", *settings);
        g_autofree char *key = g_strndup(*settings, (size_t)(equals - *settings));
        g_autofree char *problem = set_option(plan, key, equals + 1);
        if (problem != NULL)
            return usage_error(error, "wrong value for --set: %s", problem);
    }
    return true;
}

static bool
resolve_options(NsimMigratePlan *plan, GError **error)
{
    plan->mover = nsim_mover_config_default();
    for (uint32_t i = 0; i < NSIM_MOVE_OPTION_COUNT; i++) {
        g_autofree char *problem = plan->mover_texts[i] == NULL
                                       ? NULL
                                       : nsim_option_store(&nsim_mover_options[i], plan->mover_texts[i], &plan->mover);
        if (problem != NULL)
            return usage_error(error, "'%s': %s", nsim_mover_options[i].key, problem);
    }
    return true;
}

/* ---- The config ------------------------------------------------------------------------------------------------- */

static char *
node_names(const NsimMachine *machine)
{
    GString *all = g_string_new(NULL);
    for (uint32_t n = 0; n < machine->node_count; n++)
        g_string_append_printf(all, "%s%s", n > 0 ? ", " : "", machine->nodes[n].id);
    return g_string_free(all, FALSE);
}

static bool
read_node(const NsimMigratePlan *plan, const NsimValue *map, const char *key, NsimNodeId *ret, GError **error)
{
    const char *text = NULL;
    if (nsim_value_get(map, key) == NULL)
        return true;
    if (!nsim_value_read_text(map, key, true, &text, error))
        return false;
    *ret = nsim_machine_find_node(plan->machine, text);
    if (*ret != NSIM_NODE_NONE)
        return true;
    g_autofree char *all = node_names(plan->machine);
    return nsim_value_error(nsim_value_get(map, key), error, "no node '%s'; the machine has %s", text, all);
}

static bool
read_migrate(NsimMigratePlan *plan, const NsimValue *map, GError **error)
{
    uint32_t initiator = NSIM_MIGRATE_USER;
    if (!nsim_value_check_map(map, "migrate", migrate_keys, error) ||
        !read_node(plan, map, "from", &plan->source, error) || !read_node(plan, map, "to", &plan->destination, error) ||
        !nsim_value_read_enum(map, "initiator", false, initiators, &initiator, error) ||
        !nsim_value_read_bytes(map, "total", false, &plan->total_bytes, error) ||
        !nsim_value_read_count(map, "seed", false, 0, UINT64_MAX, &plan->seed, error))
        return false;
    plan->initiator = (NsimMigrateInitiator)initiator;
    const NsimValue *total = nsim_value_get(map, "total");
    if (total != NULL && nsim_value_get(map, "count") != NULL)
        return nsim_value_error(total, error, "'total' and 'count' both say how much is moved; give one");
    if (total != NULL && plan->total_bytes == 0)
        return nsim_value_error(total, error, "'total' must be above 0");
    for (unsigned axis = 0; axis < NSIM_AXES; axis++) {
        if (!axis_read(plan, (NsimMigrateAxis)axis, nsim_value_get(map, axis_keys[axis]), error))
            return false;
    }
    return true;
}

static bool
read_config(NsimMigratePlan *plan, const NsimDocument *document, const char *path, GError **error)
{
    const NsimValue *root = nsim_document_root(document), *machine, *migrate;
    const char *description = NULL;
    g_autofree char *folder = g_path_get_dirname(path);
    if (!nsim_value_check_map(root, "a migration experiment", top_keys, error) ||
        !nsim_value_read_text(root, "description", false, &description, error))
        return false;
    machine = nsim_value_get(root, "machine");
    migrate = nsim_value_get(root, "migrate");
    if (machine == NULL || migrate == NULL)
        return nsim_value_error(root, error, "'%s' is missing", machine == NULL ? "machine" : "migrate");
    plan->description = g_strdup(description);
    plan->config_name = g_path_get_basename(path);
    plan->machine = nsim_machine_from_value(machine, folder, error);
    return plan->machine != NULL && read_migrate(plan, migrate, error) &&
           read_options(plan, nsim_value_get(root, "migration"), error);
}

/* ---- Options ---------------------------------------------------------------------------------------------------- */

static bool
override_node(const NsimMigratePlan *plan, const char *option, const char *text, NsimNodeId *node, GError **error)
{
    if (text != NULL)
        *node = nsim_machine_find_node(plan->machine, text);
    if (*node != NSIM_NODE_NONE)
        return true;
    g_autofree char *all = node_names(plan->machine);
    if (text == NULL)
        return usage_error(error, "no --%s NODE is given; the machine has %s", option, all);
    return usage_error(error, "unknown node '%s' for --%s; the machine has %s", text, option, all);
}

static bool
override_total(NsimMigratePlan *plan, const NsimMigrateOptions *options, GError **error)
{
    if (options->total != NULL && options->axis_texts[NSIM_AXIS_COUNT] != NULL)
        return usage_error(error, "--total and --count both say how much is moved; give one");
    if (options->total != NULL) {
        g_autofree char *problem =
            parse_quantity(options->total, NSIM_QUANTITY_BYTES, 1, NSIM_MIGRATE_BYTES_MAX, &plan->total_bytes);
        if (problem != NULL)
            return usage_error(error, "wrong value for --total: %s", problem);
        g_array_set_size(plan->axes[NSIM_AXIS_COUNT], 0);
    }
    return true;
}

static bool
apply_options(NsimMigratePlan *plan, const NsimMigrateOptions *options, GError **error)
{
    uint64_t initiator = plan->initiator;
    if (!override_node(plan, "from", options->from, &plan->source, error) ||
        !override_node(plan, "to", options->to, &plan->destination, error) || !override_total(plan, options, error) ||
        !override_options(plan, options->settings, error))
        return false;
    g_autofree char *problem =
        options->initiator == NULL ? NULL : parse_word(initiators, options->initiator, &initiator);
    if (problem != NULL)
        return usage_error(error, "wrong value for --initiator: %s", problem);
    plan->initiator = (NsimMigrateInitiator)initiator;
    if (options->seed_given)
        plan->seed = options->seed;
    for (unsigned axis = 0; axis < NSIM_AXES; axis++) {
        if (!axis_override(plan, (NsimMigrateAxis)axis, options->axis_texts[axis], error))
            return false;
    }
    return true;
}

/* ---- Defaults and checks ----------------------------------------------------------------------------------------- */

/* The engine that the mover would take: the one asked for, or the first that reaches both nodes. UINT32_MAX: none. */
static uint32_t
find_engine(const NsimMigratePlan *plan)
{
    const NsimMachine *machine = plan->machine;
    const bool named = plan->mover.engine != NULL && *plan->mover.engine != '\0';
    for (uint32_t e = 0; e < machine->engine_count; e++) {
        if ((!named || strcmp(machine->engines[e].id, plan->mover.engine) == 0) &&
            nsim_machine_engine_route(machine, e, plan->source, NSIM_DIR_READ)->reachable &&
            nsim_machine_engine_route(machine, e, plan->destination, NSIM_DIR_WRITE)->reachable)
            return e;
    }
    return UINT32_MAX;
}

static uint64_t
core_total(const NsimMachine *machine)
{
    uint64_t cores = 0;
    for (uint32_t a = 0; a < machine->accessor_count; a++)
        cores += machine->accessors[a].kind == NSIM_ACCESSOR_CPU ? machine->accessors[a].core_count : 0;
    return cores;
}

/* The sizes of published tables: every power of two would not fit a page. */
static void
fill_folios(NsimMigratePlan *plan)
{
    const uint64_t page_bytes = (uint64_t)1 << plan->machine->page_shift;
    if (plan->axes[NSIM_AXIS_FOLIO]->len > 0)
        return;
    for (uint64_t bytes = page_bytes; bytes <= NSIM_MIGRATE_FOLIO_MAX; bytes *= 2) {
        if (bytes == page_bytes || (bytes != 8 << 10 && bytes != 32 << 10))
            axis_default(plan, NSIM_AXIS_FOLIO, bytes);
    }
}

/* 1, 4 and 16, as far as there are cores and channels. */
static void
fill_workers(NsimMigratePlan *plan, uint32_t engine)
{
    const uint64_t channels = engine == UINT32_MAX ? UINT64_MAX : plan->machine->engines[engine].channel_count;
    const uint64_t most = MAX(MIN(core_total(plan->machine), channels), (uint64_t)1);
    if (plan->axes[NSIM_AXIS_WORKERS]->len > 0)
        return;
    for (uint64_t workers = 1; workers <= MIN(most, (uint64_t)16); workers *= 4)
        axis_default(plan, NSIM_AXIS_WORKERS, workers);
}

/* What nobody gave. */
static void
fill_axes(NsimMigratePlan *plan)
{
    const uint32_t engine = find_engine(plan);
    fill_folios(plan);
    fill_workers(plan, engine);
    if (plan->axes[NSIM_AXIS_COPIER]->len == 0) {
        axis_default(plan, NSIM_AXIS_COPIER, NSIM_COPIER_CPU);
        axis_default(plan, NSIM_AXIS_COPIER, NSIM_COPIER_MTCPU);
        if (engine != UINT32_MAX)
            axis_default(plan, NSIM_AXIS_COPIER, NSIM_COPIER_DMA);
    }
    if (plan->axes[NSIM_AXIS_LOAD]->len == 0)
        axis_default(plan, NSIM_AXIS_LOAD, 0);
    if (plan->total_bytes == 0)
        plan->total_bytes = TOTAL_DEFAULT;
}

static bool
has_copier(const NsimMigratePlan *plan, NsimCopierKind copier)
{
    for (guint i = 0; i < plan->axes[NSIM_AXIS_COPIER]->len; i++) {
        if (axis_at(plan, NSIM_AXIS_COPIER, i) == (uint64_t)copier)
            return true;
    }
    return false;
}

static uint64_t
axis_max(const NsimMigratePlan *plan, NsimMigrateAxis axis)
{
    uint64_t most = 0;
    for (guint i = 0; i < plan->axes[axis]->len; i++)
        most = MAX(most, axis_at(plan, axis, i));
    return most;
}

/* A row that promises more workers than there are would show the figures of fewer. */
static bool
check_workers(const NsimMigratePlan *plan, GError **error)
{
    const NsimMachine *machine = plan->machine;
    const uint64_t most = axis_max(plan, NSIM_AXIS_WORKERS), cores = core_total(machine);
    const uint32_t engine = find_engine(plan);
    if (has_copier(plan, NSIM_COPIER_MTCPU) && most > cores)
        return usage_error(
            error, "machine '%s' has %" G_GUINT64_FORMAT " CPU cores; %" G_GUINT64_FORMAT " workers are asked for",
            machine->name, cores, most);
    if (!has_copier(plan, NSIM_COPIER_DMA))
        return true;
    if (engine == UINT32_MAX)
        return usage_error(
            error, "the dma copier needs a copy engine that reaches both nodes, and machine '%s' has none%s",
            machine->name, machine->engine_count == 0 ? "; see 'copy_engines' in numasim-config(5)" : "");
    if (most > machine->engines[engine].channel_count)
        return usage_error(error, "copy engine '%s' has %u channels; %" G_GUINT64_FORMAT " workers are asked for",
                           machine->engines[engine].id, machine->engines[engine].channel_count, most);
    return true;
}

static bool
check_engine_name(const NsimMigratePlan *plan, GError **error)
{
    const NsimMachine *machine = plan->machine;
    g_autoptr(GString) all = g_string_new(NULL);
    if (plan->mover.engine == NULL || *plan->mover.engine == '\0' ||
        nsim_machine_find_engine(machine, plan->mover.engine) != UINT32_MAX)
        return true;
    for (uint32_t e = 0; e < machine->engine_count; e++)
        g_string_append_printf(all, "%s%s", e > 0 ? ", " : "", machine->engines[e].id);
    return usage_error(error, "no copy engine '%s'; the machine has %s", plan->mover.engine,
                       all->len > 0 ? all->str : "none");
}

static bool
check_folios(const NsimMigratePlan *plan, GError **error)
{
    const NsimMachine *machine = plan->machine;
    const uint64_t page_bytes = (uint64_t)1 << machine->page_shift;
    const uint64_t room =
        MIN(machine->nodes[plan->source].capacity_bytes, machine->nodes[plan->destination].capacity_bytes);
    for (uint32_t i = 0; i < plan->column_count; i++) {
        const NsimMigrateColumn *column = &plan->columns[i];
        g_autofree char *folio = nsim_quantity_format(column->folio_bytes, NSIM_QUANTITY_BYTES);
        if (column->folio_bytes < page_bytes) {
            g_autofree char *page = nsim_quantity_format(page_bytes, NSIM_QUANTITY_BYTES);
            return usage_error(error, "a folio of %s is smaller than the machine's page, %s", folio, page);
        }
        if (column->folio_count > NSIM_MIGRATE_BYTES_MAX / column->folio_bytes)
            return usage_error(error, "%" G_GUINT64_FORMAT " folios of %s are more than 64GiB", column->folio_count,
                               folio);
        if (column->folio_count * column->folio_bytes > room)
            return usage_error(error, "%" G_GUINT64_FORMAT " folios of %s do not fit into both nodes",
                               column->folio_count, folio);
    }
    return true;
}

/* ---- Rows and columns ------------------------------------------------------------------------------------------- */

static bool
varies(const NsimMigratePlan *plan, NsimMigrateAxis axis)
{
    return plan->axes[axis]->len > 1;
}

static char *
row_label(const NsimMigratePlan *plan, const NsimMigrateRow *row, bool has_spread)
{
    GString *label = g_string_new(nsim_copier_names[row->copier]);
    if (row->workers > 0)
        g_string_append_printf(label, " x%u", row->workers);
    if (has_spread && varies(plan, NSIM_AXIS_SPREAD))
        g_string_append_printf(label, " %s", nsim_spread_names[row->spread]);
    if (varies(plan, NSIM_AXIS_LOAD)) {
        g_autofree char *load = nsim_quantity_format(row->load_ppm, NSIM_QUANTITY_RATIO);
        g_string_append_printf(label, " @%s", load);
    }
    return g_string_free(label, FALSE);
}

static void
add_row(NsimMigratePlan *plan, GArray *rows, NsimCopierKind copier, guint workers, guint spread, guint load)
{
    const bool has_workers = copier != NSIM_COPIER_CPU;
    const bool has_spread = copier == NSIM_COPIER_MTCPU || copier == NSIM_COPIER_AUTO;
    const bool given = has_spread && plan->axes[NSIM_AXIS_SPREAD]->len > 0;
    /* What a copier ignores makes no more rows of it. */
    if ((!has_workers && workers > 0) || (!has_spread && spread > 0))
        return;
    NsimMigrateRow row = {.copier = copier,
                          .workers = has_workers ? (uint32_t)axis_at(plan, NSIM_AXIS_WORKERS, workers) : 0,
                          .spread = given ? (uint32_t)axis_at(plan, NSIM_AXIS_SPREAD, spread) : plan->mover.spread,
                          .load_ppm = (uint32_t)axis_at(plan, NSIM_AXIS_LOAD, load)};
    row.label = row_label(plan, &row, has_spread);
    g_array_append_val(rows, row);
}

static void
make_rows(NsimMigratePlan *plan)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(NsimMigrateRow));
    const guint spread_count = MAX(plan->axes[NSIM_AXIS_SPREAD]->len, 1u);
    for (guint load = 0; load < plan->axes[NSIM_AXIS_LOAD]->len; load++)
        for (guint copier = 0; copier < plan->axes[NSIM_AXIS_COPIER]->len; copier++)
            for (guint spread = 0; spread < spread_count; spread++)
                for (guint workers = 0; workers < plan->axes[NSIM_AXIS_WORKERS]->len; workers++)
                    add_row(plan, rows, (NsimCopierKind)axis_at(plan, NSIM_AXIS_COPIER, copier), workers, spread, load);
    plan->row_count = rows->len;
    plan->rows = (NsimMigrateRow *)(void *)g_array_free(rows, FALSE);
}

static void
make_columns(NsimMigratePlan *plan)
{
    const guint counts = plan->axes[NSIM_AXIS_COUNT]->len, folios = plan->axes[NSIM_AXIS_FOLIO]->len;
    plan->columns = g_new0(NsimMigrateColumn, (size_t)folios * MAX(counts, 1u));
    for (guint f = 0; f < folios; f++) {
        for (guint c = 0; c < MAX(counts, 1u); c++) {
            NsimMigrateColumn *column = &plan->columns[plan->column_count++];
            column->folio_bytes = axis_at(plan, NSIM_AXIS_FOLIO, f);
            column->folio_count = counts > 0 ? axis_at(plan, NSIM_AXIS_COUNT, c)
                                             : MAX(plan->total_bytes / column->folio_bytes, (uint64_t)1);
            g_autofree char *size = nsim_quantity_format(column->folio_bytes, NSIM_QUANTITY_BYTES);
            if (counts <= 1)
                column->label = g_steal_pointer(&size);
            else if (folios == 1)
                column->label = g_strdup_printf("%" G_GUINT64_FORMAT, column->folio_count);
            else
                column->label = g_strdup_printf("%" G_GUINT64_FORMAT "x%s", column->folio_count, size);
        }
    }
}

static bool
build(NsimMigratePlan *plan, GError **error)
{
    if (plan->source == plan->destination)
        return usage_error(error, "source and destination are the same node, '%s'",
                           plan->machine->nodes[plan->source].id);
    if (!resolve_options(plan, error) || !check_engine_name(plan, error))
        return false;
    fill_axes(plan);
    make_columns(plan);
    if (!check_folios(plan, error) || !check_workers(plan, error))
        return false;
    make_rows(plan);
    if ((uint64_t)plan->row_count * plan->column_count > NSIM_MIGRATE_CELLS_MAX)
        return usage_error(error, "%" G_GUINT64_FORMAT " cells are more than %u (NSIM_MIGRATE_CELLS_MAX)",
                           (uint64_t)plan->row_count * plan->column_count, NSIM_MIGRATE_CELLS_MAX);
    return true;
}

/* Do options change which cells there are? */
static bool
is_partial(const NsimMigrateOptions *options)
{
    bool partial = options->total != NULL;
    for (unsigned axis = 0; axis < NSIM_AXES; axis++)
        partial = partial || options->axis_texts[axis] != NULL;
    return partial;
}

static bool
read_all(NsimMigratePlan *plan, const NsimMigrateOptions *options, const NsimDocument *document, GError **error)
{
    if (document != NULL && !read_config(plan, document, options->config_path, error))
        return false;
    if (document == NULL) {
        plan->machine = nsim_machine_load(options->machine_path, error);
        if (plan->machine == NULL)
            return false;
    }
    if (!apply_options(plan, options, error) || !build(plan, error))
        return false;
    const NsimValue *published = document == NULL ? NULL : nsim_value_get(nsim_document_root(document), "published");
    return published == NULL || nsim_migrate_plan_read_published(plan, published, is_partial(options), error);
}

NsimMigratePlan *
nsim_migrate_plan_from_document(const NsimDocument *document, const NsimMigrateOptions *options, GError **error)
{
    g_autoptr(NsimMigratePlan) plan = plan_new();
    return read_all(plan, options, document, error) ? g_steal_pointer(&plan) : NULL;
}

NsimMigratePlan *
nsim_migrate_plan_new(const NsimMigrateOptions *options, GError **error)
{
    g_autoptr(NsimDocument) document = NULL;
    if (options->config_path != NULL) {
        document = nsim_document_load(options->config_path, error);
        if (document == NULL)
            return NULL;
    }
    return nsim_migrate_plan_from_document(document, options, error);
}
