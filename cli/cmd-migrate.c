/* SPDX-License-Identifier: MIT */
/* numasim migrate: what moving folios from a node to another costs, by copier and by size, and what was published. */
#include <cli/cli.h>

#include <cli/migrate.h>

#include <unistd.h>

#define JOBS_MAX 1024u

static const char synopsis[] = "--config FILE [OPTION]...\n"
                               "       numasim migrate --machine FILE --from NODE --to NODE [OPTION]...";
static const char summary[] =
    "Move folios from a node to another as the kernel does, with nothing else on the machine but, "
    "if asked for, traffic: throughput, share of copying, and how long folios are away, for "
    "each copier and folio size.";
static const char epilogue[] = "Lists have commas. 'numasim policies migration' has the keys of --set.\n"
                               "\n"
                               "Example: numasim migrate --machine configs/machines/zen3-ptdma.yaml \\\n"
                               "                         --from DRAM1 --to DRAM0 --folio 4KiB,2MiB --workers 1,8\n";

typedef struct {
    NsimMigrateOptions sweep;
    char *format_text, *seed_text, *jobs_text, *output, *plot;
    char *axis_texts[NSIM_AXES];
    char *config, *machine, *from, *to, *initiator, *total;
    char **settings;
    gboolean compare, check, quiet;

    NsimMigrateFormat format;
    uint64_t jobs;
} MigrateOptions;

static void
migrate_options_clear(MigrateOptions *options)
{
    for (unsigned axis = 0; axis < NSIM_AXES; axis++)
        g_free(options->axis_texts[axis]);
    g_free(options->format_text);
    g_free(options->seed_text);
    g_free(options->jobs_text);
    g_free(options->output);
    g_free(options->plot);
    g_free(options->config);
    g_free(options->machine);
    g_free(options->from);
    g_free(options->to);
    g_free(options->initiator);
    g_free(options->total);
    g_strfreev(options->settings);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MigrateOptions, migrate_options_clear)

/* ---- Options ----------------------------------------------------------------------------------------------------- */

static bool
read_number(const NsimCommand *command, const char *option, const char *text, uint64_t least, uint64_t most,
            uint64_t *ret, int *ret_status)
{
    guint64 value;
    if (text == NULL)
        return true;
    if (g_ascii_string_to_unsigned(text, 10, least, most, &value, NULL)) {
        *ret = value;
        return true;
    }
    *ret_status =
        nsim_command_misuse(command, "wrong number '%s' for --%s; allowed: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                            text, option, least, most);
    return false;
}

static bool
read_format(const NsimCommand *command, MigrateOptions *options, int *ret_status)
{
    static const char *const names[] = {
        [NSIM_MIGRATE_TEXT] = "text", [NSIM_MIGRATE_CSV] = "csv", [NSIM_MIGRATE_JSON] = "json", NULL};
    for (unsigned i = 0; options->format_text != NULL && names[i] != NULL; i++) {
        if (g_str_equal(names[i], options->format_text)) {
            options->format = (NsimMigrateFormat)i;
            return true;
        }
    }
    if (options->format_text == NULL)
        return true;
    *ret_status = nsim_command_misuse(command, "unknown format '%s' for --format; allowed: text, csv, json",
                                      options->format_text);
    return false;
}

static bool
read_options(const NsimCommand *command, MigrateOptions *options, int *ret_status)
{
    const char *problem = NULL;
    if (options->config == NULL && options->machine == NULL)
        problem = "neither --config FILE nor --machine FILE is given: there is nothing to migrate on";
    else if (options->config != NULL && options->machine != NULL)
        problem = "--config names a machine already; give --config or --machine";
    else if ((options->compare || options->check) && options->config == NULL)
        problem = "--compare and --check need --config FILE with published figures";
    else if (options->plot != NULL && (options->compare || options->check))
        problem = "--plot draws the whole sweep; --compare and --check measure only what was published";
    else if (options->plot != NULL && g_strcmp0(options->plot, options->output) == 0)
        problem = "--plot and --output name the same file";
    if (problem != NULL) {
        *ret_status = nsim_command_misuse(command, "%s", problem);
        return false;
    }
    options->sweep = (NsimMigrateOptions){.config_path = options->config,
                                          .machine_path = options->machine,
                                          .from = options->from,
                                          .to = options->to,
                                          .initiator = options->initiator,
                                          .total = options->total,
                                          .settings = (const char *const *)options->settings,
                                          .seed_given = options->seed_text != NULL};
    for (unsigned axis = 0; axis < NSIM_AXES; axis++)
        options->sweep.axis_texts[axis] = options->axis_texts[axis];
    return read_format(command, options, ret_status) &&
           read_number(command, "seed", options->seed_text, 0, UINT64_MAX, &options->sweep.seed, ret_status) &&
           read_number(command, "jobs", options->jobs_text, 1, JOBS_MAX, &options->jobs, ret_status);
}

/* ---- The sweep --------------------------------------------------------------------------------------------------- */

static void
show_progress(uint32_t done, uint32_t count, void *user_data)
{
    nsim_progress_line_steps(user_data, done, count, "cells");
}

static bool
wants_progress(const MigrateOptions *options)
{
    return !options->quiet && isatty(STDERR_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

static int
write_results(const MigrateOptions *options, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    g_autoptr(GError) error = NULL;
    const bool compare = options->compare || options->check;
    g_autofree char *text = compare ? nsim_migrate_render_comparison(plan, outcomes, options->format)
                                    : nsim_migrate_render(plan, outcomes, options->format);
    const int status = nsim_cli_output_finish(options->output, text);
    if (status != NSIM_EXIT_OK || options->plot == NULL)
        return status;
    return nsim_migrate_plot(plan, outcomes, options->plot, &error) ? NSIM_EXIT_OK : nsim_cli_fail(error);
}

/* What --check is for: figures outside their tolerance are a failure. */
static int
judge(const MigrateOptions *options, const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes)
{
    const uint32_t outside = options->check ? nsim_migrate_count_outside(plan, outcomes) : 0;
    if (outside == 0)
        return NSIM_EXIT_OK;
    nsim_cli_complain("%u of %u published figures are outside their tolerance", outside, plan->figures->len);
    return NSIM_EXIT_FAILED;
}

static int
run_sweep(const MigrateOptions *options, const NsimMigratePlan *plan)
{
    const bool compare = options->compare || options->check;
    g_autoptr(GError) error = NULL;
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    NsimInterrupt *interrupt = nsim_interrupt_new(cancel);
    NsimProgressLine *line = wants_progress(options) ? nsim_progress_line_new() : NULL;
    g_autofree NsimMigrateOutcome *outcomes = nsim_migrate_plan_run(
        plan, compare, (unsigned)options->jobs, line != NULL ? show_progress : NULL, line, cancel, &error);
    nsim_progress_line_free(line);
    nsim_interrupt_free(interrupt);
    if (outcomes == NULL)
        return nsim_cli_fail(error);
    const bool interrupted = g_cancellable_is_cancelled(cancel);
    if (interrupted)
        nsim_cli_complain("interrupted: cells that were not reached are missing");
    const int status = write_results(options, plan, outcomes);
    if (status != NSIM_EXIT_OK)
        return status;
    return interrupted ? NSIM_EXIT_INTERRUPTED : judge(options, plan, outcomes);
}

static int
migrate(const NsimCommand *command, const MigrateOptions *options)
{
    g_autoptr(GError) error = NULL;
    if (!nsim_cli_output_check(options->output, &error) ||
        (options->plot != NULL && !nsim_migrate_plot_check(options->plot, &error)))
        return nsim_cli_fail(error);
    g_autoptr(NsimMigratePlan) plan = nsim_migrate_plan_new(&options->sweep, &error);
    if (plan == NULL)
        return nsim_cli_fail(error);
    if ((options->compare || options->check) && plan->figures->len == 0)
        return nsim_command_misuse(command, "nothing to compare: '%s' has no published figure of these cells",
                                   options->config);
    return run_sweep(options, plan);
}

int
nsim_cmd_migrate(int argc, char **argv)
{
    g_auto(MigrateOptions) options = {0};
    const GOptionEntry entries[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &options.config,
         "a migration experiment: machine, sweep, published figures", "FILE"},
        {"machine", 0, 0, G_OPTION_ARG_FILENAME, &options.machine, "instead of it: a machine, with --from and --to",
         "FILE"},
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &options.from, "the node where folios are", "NODE"},
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &options.to, "the node where they go", "NODE"},
        {"folio", 0, 0, G_OPTION_ARG_FILENAME, &options.axis_texts[NSIM_AXIS_FOLIO],
         "folio sizes, powers of two up to 2MiB (default: 4KiB, 16KiB, 64KiB ... 2MiB)", "SIZES"},
        {"count", 0, 0, G_OPTION_ARG_FILENAME, &options.axis_texts[NSIM_AXIS_COUNT], "numbers of folios", "NUMBERS"},
        {"total", 0, 0, G_OPTION_ARG_FILENAME, &options.total,
         "instead of it: as many folios as make this size (default: 256MiB)", "SIZE"},
        {"copier", 0, 0, G_OPTION_ARG_FILENAME, &options.axis_texts[NSIM_AXIS_COPIER],
         "cpu, mtcpu, dma, auto (default: cpu, mtcpu, and dma where there is an engine)", "COPIERS"},
        {"workers", 0, 0, G_OPTION_ARG_FILENAME, &options.axis_texts[NSIM_AXIS_WORKERS],
         "threads of mtcpu, channels of dma, both of auto (default: 1,4,16)", "NUMBERS"},
        {"spread", 0, 0, G_OPTION_ARG_FILENAME, &options.axis_texts[NSIM_AXIS_SPREAD],
         "where threads run: clusters, fill, source, destination, idle", "SPREADS"},
        {"load", 0, 0, G_OPTION_ARG_FILENAME, &options.axis_texts[NSIM_AXIS_LOAD],
         "CPUs near the destination read the source at this share of what their way carries (default: 0%)", "SHARES"},
        {"initiator", 0, 0, G_OPTION_ARG_FILENAME, &options.initiator,
         "user (default): one move_pages() call; kernel: the kernel's migrate_pages()", "WHO"},
        {"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.settings,
         "a migration option, e.g. batch_pages=262144 (may be repeated)", "KEY=VALUE"},
        {"seed", 0, 0, G_OPTION_ARG_FILENAME, &options.seed_text, "of the random streams", "N"},
        {"compare", 0, 0, G_OPTION_ARG_NONE, &options.compare, "print published figures beside simulated ones", NULL},
        {"check", 0, 0, G_OPTION_ARG_NONE, &options.check, "the same, and fail when one is outside its tolerance",
         NULL},
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &options.format_text, "text (default), csv or json", "FORMAT"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "write to FILE instead of standard output", "FILE"},
        {"plot", 0, 0, G_OPTION_ARG_FILENAME, &options.plot, "also draw throughput, by gnuplot: FILE.png or FILE.svg",
         "FILE"},
        {"jobs", 'j', 0, G_OPTION_ARG_FILENAME, &options.jobs_text,
         "cells measured at the same time (default: one for each core); never changes a result", "N"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "no progress", NULL},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {
        .name = "numasim migrate", .synopsis = synopsis, .summary = summary, .entries = entries, .epilogue = epilogue};
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 0, 0, &status) || !read_options(&command, &options, &status))
        return status;
    return migrate(&command, &options);
}
