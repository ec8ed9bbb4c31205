/* SPDX-License-Identifier: MIT */
/*
 * A sweep of migration measurements: which lists of folios are moved, and by which copiers. Read from a YAML
 * experiment, from options, or both; with the figures that somebody published for some of the cells, to compare with.
 *
 * docs/numasim-migrate.1 documents every key.
 */
#pragma once

#include <experiment/migrate.h>
#include <gio/gio.h>

/* Documented limits. */
#define NSIM_MIGRATE_CELLS_MAX 4096u
#define NSIM_MIGRATE_AXIS_MAX 64u /* values of one list */
#define NSIM_MIGRATE_FOLIO_MAX ((uint64_t)2 << 20)

/* What can be a list. */
typedef enum {
    NSIM_AXIS_FOLIO,   /* bytes */
    NSIM_AXIS_COUNT,   /* folios; empty: as many as make the total */
    NSIM_AXIS_COPIER,  /* NsimCopierKind */
    NSIM_AXIS_WORKERS, /* threads of mtcpu, channels of dma, both for auto; cpu ignores it */
    NSIM_AXIS_SPREAD,  /* NsimSpread; for mtcpu and auto. Empty: as the mover's options have it */
    NSIM_AXIS_LOAD,    /* parts per million */
    NSIM_AXES
} NsimMigrateAxis;

/* What the command line says; NULL and false mean "as the config has it", or the default. */
typedef struct {
    const char *config_path;  /* a migration experiment, or ... */
    const char *machine_path; /* ... a machine, `from` and `to` */
    const char *from, *to;
    const char *initiator;             /* "user" or "kernel" */
    const char *axis_texts[NSIM_AXES]; /* lists with commas */
    const char *total;                 /* bytes */
    const char *const *settings;       /* NULL-terminated KEY=VALUE, rows of nsim_mover_options */
    bool seed_given;
    uint64_t seed;
} NsimMigrateOptions;

/* A row of the sweep: who copies, beside what. */
typedef struct {
    NsimCopierKind copier;
    uint32_t workers; /* 0: the copier has none */
    uint32_t spread;  /* NsimSpread */
    uint32_t load_ppm;
    char *label; /* what tells it from the other rows: "mtcpu x4" */
} NsimMigrateRow;

/* A column: what is moved. */
typedef struct {
    uint64_t folio_bytes, folio_count;
    char *label; /* "4KiB", "512", or "512x4KiB" when both sizes and counts vary */
} NsimMigrateColumn;

typedef enum { NSIM_FIGURE_RATE, NSIM_FIGURE_COPY_SHARE } NsimFigureKind;

/* A published figure of one cell. */
typedef struct {
    uint32_t cell;
    NsimFigureKind kind;
    uint64_t value;  /* bytes/s, or parts per million */
    bool at_most;    /* published as "less than" */
    bool calibrated; /* a parameter of the machine was set by it, or by one of the same series */
    bool has_tolerance;
    uint64_t tolerance_ppm; /* of the value; for shares: of the whole */
} NsimMigrateFigure;

typedef struct {
    char *config_name;      /* without folders; NULL: options alone */
    char *description;      /* nullable */
    char *published_source; /* nullable */
    NsimMachine *machine;
    NsimNodeId source, destination;
    NsimMigrateInitiator initiator;
    uint64_t total_bytes;
    uint64_t seed;
    char *mover_texts[NSIM_MOVE_OPTION_COUNT]; /* options that were given; NULL: not */
    NsimMoverConfig mover;                      /* these and the defaults; strings belong to mover_texts */
    GArray *axes[NSIM_AXES];                    /* uint64_t */
    NsimMigrateRow *rows;
    NsimMigrateColumn *columns;
    uint32_t row_count, column_count;
    GArray *figures; /* NsimMigrateFigure, in the order of the file */
} NsimMigratePlan;

/*
 * Read and check a sweep. Errors: NSIM_CONFIG_ERROR with file:line:column, NSIM_EXPERIMENT_ERROR_USAGE for options.
 * Published figures of cells that options take out of the sweep are left out. (transfer full)
 */
NsimMigratePlan *nsim_migrate_plan_new(const NsimMigrateOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/*
 * The same of a document that is read already (NULL: there is none); options->config_path says where it stands. (transfer
 * full)
 */
NsimMigratePlan *nsim_migrate_plan_from_document(const NsimDocument *document, const NsimMigrateOptions *options,
                                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_migrate_plan_free(NsimMigratePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimMigratePlan, nsim_migrate_plan_free)

/* One value of a list, as text. NULL, or what is wrong. (transfer full) */
char *nsim_migrate_axis_parse(NsimMigrateAxis axis, const char *text, uint64_t *ret);

/* Read `published:` into plan->figures; rows and columns are known. `partial`: cells that are not there are no errors.
 */
bool nsim_migrate_plan_read_published(NsimMigratePlan *plan, const NsimValue *map, bool partial,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- Running --------------------------------------------------------------------------------------------------- */

typedef struct {
    bool done;
    NsimMigrateResult result;
} NsimMigrateOutcome;

/* So many of the cells are measured. Called from the thread that called run(), a few times a second. */
typedef void (*NsimMigrateProgressFunc)(uint32_t done, uint32_t count, void *user_data);

/*
 * Measure every cell, or with `figures_only` those that have published figures, `jobs` at a time (0: as many as the
 * host has cores). Triggering `cancel` ends it after the cells that are under way; the others stay undone. Outcomes are
 * row-major, outcomes[row * column_count + column], and do not depend on `jobs`. (transfer full)
 */
NsimMigrateOutcome *nsim_migrate_plan_run(const NsimMigratePlan *plan, bool figures_only, unsigned jobs,
                                          NsimMigrateProgressFunc progress, void *user_data, GCancellable *cancel,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- Showing --------------------------------------------------------------------------------------------------- */

typedef enum { NSIM_MIGRATE_TEXT, NSIM_MIGRATE_CSV, NSIM_MIGRATE_JSON } NsimMigrateFormat;

/* The cells. (transfer full) */
char *nsim_migrate_render(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, NsimMigrateFormat format);
/* Rates as columns for gnuplot: folio bytes or count, then one column a row of the sweep. (transfer full) */
char *nsim_migrate_render_plot(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes);

/* A figure beside what was simulated. */
typedef struct {
    uint64_t simulated; /* in the figure's unit */
    int64_t error_ppm;  /* simulated over published - 1; for shares: the difference */
    bool done, within;  /* within the tolerance, or there is none */
} NsimMigrateComparison;

NsimMigrateComparison nsim_migrate_compare(const NsimMigrateFigure *figure, const NsimMigrateOutcome *outcomes);
/* Figures with a tolerance that are outside, or not done. */
uint32_t nsim_migrate_count_outside(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes);
/* Published figures beside simulated ones. (transfer full) */
char *nsim_migrate_render_comparison(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes,
                                     NsimMigrateFormat format);
