/* SPDX-License-Identifier: MIT */
/* The main job: run one experiment, compare its policies, report. */
#include <cli/cli.h>

#include <mm/damon/damo.h>
#include <models/quantity.h>
#include <numasim/version.h>
#include <report/render.h>
#include <traces/trace.h>

#include <unistd.h>

#define JOBS_MAX 1024u

static const char run_synopsis[] = "--config FILE [OPTION]...\n"
                                   "       numasim trace|topo|policies|migrate|damo|explain ...";
static const char run_summary[] = "Replay memory accesses on a modelled machine, once for each placement policy, and "
                                  "say what each policy costs and gains.";
static const char run_epilogue[] = "Commands:\n"
                                   "  trace info|check|generate ...   look at traces and make synthetic ones\n"
                                   "  topo show|import ...            look at machines and make descriptions of them\n"
                                   "  policies [NAME]                 list the policies, or describe one\n"
                                   "  migrate ...                     what moving pages costs, by copier and size\n"
                                   "  damo explain|args ...           what a damo command line means\n"
                                   "  explain --config FILE ...       what happened to a page, why, and what it cost\n"
                                   "\n"
                                   "Exit status: 0 ok, 1 the run failed, 2 wrong usage or configuration, 3 bad input\n"
                                   "data, 130 interrupted (the report of what was done is written first).\n"
                                   "\n"
                                   "Example: numasim --config configs/topo.yaml --trace traces/llama.trace \\\n"
                                   "                 --policy first-touch --policy interleave:nodes=DRAM1+DRAM2\n";

typedef enum { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER } ProgressMode;

/* The options as given, then as understood. */
typedef struct {
    char *config, *seed_text, *until_text, *format_text, *output, *timeline, *jobs_text, *progress_text, *damo_record,
        *damo_schemes;
    char **traces, **policies, **damo, **plugins;
    gboolean host_stats, quiet, check_config, version;

    const NsimRenderer *renderer;
    bool seed_given;
    uint64_t seed;
    uint64_t jobs;
    NsimTime until_ps;
    ProgressMode progress;
} RunOptions;

static void
run_options_clear(RunOptions *options)
{
    g_free(options->config);
    g_free(options->seed_text);
    g_free(options->until_text);
    g_free(options->format_text);
    g_free(options->output);
    g_free(options->timeline);
    g_free(options->jobs_text);
    g_free(options->progress_text);
    g_free(options->damo_record);
    g_free(options->damo_schemes);
    g_strfreev(options->traces);
    g_strfreev(options->policies);
    g_strfreev(options->damo);
    g_strfreev(options->plugins);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RunOptions, run_options_clear)

/* ---- Options: from text to values ----------------------------------------------------------------------------------
 */

static bool
read_number(const NsimCommand *command, const char *option, const char *text, uint64_t least, uint64_t most,
            uint64_t *ret, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    guint64 value;
    if (g_ascii_string_to_unsigned(text, 10, least, most, &value, &error)) {
        *ret = value;
        return true;
    }
    *ret_status =
        nsim_command_misuse(command, "wrong number '%s' for --%s; allowed: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                            text, option, least, most);
    return false;
}

static bool
read_format(const NsimCommand *command, RunOptions *options, int *ret_status)
{
    const char *names[8] = {NULL};
    options->renderer = options->format_text ? nsim_renderer_find(options->format_text) : &nsim_renderers[0];
    if (options->renderer)
        return true;
    for (size_t i = 0; nsim_renderers[i].name && i + 1 < G_N_ELEMENTS(names); i++)
        names[i] = nsim_renderers[i].name;
    g_autofree char *allowed = nsim_cli_join_words(names);
    *ret_status =
        nsim_command_misuse(command, "unknown format '%s' for --format; allowed: %s", options->format_text, allowed);
    return false;
}

static bool
read_progress(const NsimCommand *command, RunOptions *options, int *ret_status)
{
    static const char *const modes[] = {
        [PROGRESS_AUTO] = "auto", [PROGRESS_ALWAYS] = "always", [PROGRESS_NEVER] = "never", NULL};
    for (unsigned i = 0; options->progress_text && modes[i]; i++) {
        if (g_str_equal(options->progress_text, modes[i])) {
            options->progress = (ProgressMode)i;
            return true;
        }
    }
    if (!options->progress_text)
        return true;
    *ret_status = nsim_command_misuse(command, "unknown value '%s' for --progress; allowed: auto, always, never",
                                      options->progress_text);
    return false;
}

static bool
read_until(const NsimCommand *command, RunOptions *options, int *ret_status)
{
    g_autofree char *problem = NULL;
    if (!options->until_text)
        return true;
    if (!nsim_quantity_parse(options->until_text, NSIM_QUANTITY_TIME, &options->until_ps, &problem)) {
        *ret_status = nsim_command_misuse(command, "wrong time '%s' for --until: %s", options->until_text, problem);
        return false;
    }
    if (options->until_ps == 0) {
        *ret_status =
            nsim_command_misuse(command, "wrong time '%s' for --until: it must be above 0", options->until_text);
        return false;
    }
    return true;
}

/* The name of a file instead of a text becomes the file's text. */
static bool
read_damo_file(char **text, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    if (!g_file_test(*text, G_FILE_TEST_IS_REGULAR))
        return true;
    char *read = nsim_damo_load(*text, &error);
    if (!read) {
        *ret_status = nsim_cli_fail(error);
        return false;
    }
    g_free(*text);
    *text = read;
    return true;
}

/* Texts that reach the report must be UTF-8; files named on the command line must be there. */
static bool
check_inputs(const NsimCommand *command, const RunOptions *options, int *ret_status)
{
    for (char **policy = options->policies; policy && *policy; policy++) {
        if (!g_utf8_validate(*policy, -1, NULL)) {
            *ret_status = nsim_command_misuse(command, "--policy '%s' is not UTF-8", *policy);
            return false;
        }
    }
    for (char **trace = options->traces; trace && *trace; trace++) {
        g_autoptr(GError) error = NULL;
        if (!nsim_cli_input_check(*trace, &error)) {
            *ret_status = nsim_cli_fail(error);
            return false;
        }
    }
    for (char **damo = options->damo; damo && *damo; damo++)
        if (!read_damo_file(damo, ret_status))
            return false;
    if (options->timeline && nsim_cli_output_is_stdout(options->timeline) &&
        nsim_cli_output_is_stdout(options->output)) {
        *ret_status = nsim_command_misuse(command, "--timeline and the report cannot both go to standard output; "
                                                   "name a file with --output or --timeline");
        return false;
    }
    if (options->timeline && options->output && g_str_equal(options->timeline, options->output)) {
        *ret_status = nsim_command_misuse(command, "--timeline and --output name the same file '%s'", options->output);
        return false;
    }
    return true;
}

static bool
read_options(const NsimCommand *command, RunOptions *options, int *ret_status)
{
    if (!options->config) {
        *ret_status = nsim_command_misuse(command, "no --config FILE is given: there is nothing to run");
        return false;
    }
    options->seed_given = options->seed_text != NULL;
    if (options->seed_text &&
        !read_number(command, "seed", options->seed_text, 0, UINT64_MAX, &options->seed, ret_status))
        return false;
    if (options->jobs_text &&
        !read_number(command, "jobs", options->jobs_text, 1, JOBS_MAX, &options->jobs, ret_status))
        return false;
    return read_format(command, options, ret_status) && read_progress(command, options, ret_status) &&
           read_until(command, options, ret_status) && check_inputs(command, options, ret_status);
}

/* ---- The run -------------------------------------------------------------------------------------------------------
 */

static bool
wants_progress(const RunOptions *options)
{
    if (options->progress == PROGRESS_AUTO)
        return !options->quiet && isatty(STDERR_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    return options->progress == PROGRESS_ALWAYS;
}

/* Colour only where a person looks, and not where that person asked for none (no-color.org). */
static bool
wants_colour(const RunOptions *options)
{
    const char *refused = g_getenv("NO_COLOR");
    return nsim_cli_output_is_stdout(options->output) && isatty(STDOUT_FILENO) && (!refused || !*refused) &&
           g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

/* Of the run that is `number` among those that have such a record, from 1. */
static bool
write_damo_record(const RunOptions *options, const char *file, const char *label, const NsimDamoRecord *record,
                  unsigned number, GError **error)
{
    g_autofree char *path = number == 1 ? g_strdup(file) : g_strdup_printf("%s.%u", file, number);
    g_autoptr(GBytes) bytes = nsim_damo_record_bytes(record, !g_str_has_suffix(file, ".json"));
    if (nsim_damo_record_dropped(record) > 0 && !options->quiet)
        nsim_cli_complain("warning: run '%s': '%s' ends after %u regions", label, path, NSIM_DAMO_RECORD_REGIONS_MAX);
    return g_file_set_contents(path, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes), error);
}

/* What kdamonds saw of all runs, or what their schemes were tried on. */
static int
write_damo_records(const RunOptions *options, const char *file, bool schemes, const NsimResult *result)
{
    g_autoptr(GError) error = NULL;
    unsigned number = 0;
    for (uint32_t i = 0; file && i < result->run_count; i++) {
        const NsimRunResult *run = &result->runs[i];
        const NsimDamoRecord *record = schemes ? run->damo_schemes : run->damo_record;
        if (record && !write_damo_record(options, file, run->label, record, ++number, &error)) {
            nsim_cli_complain("%s", error->message);
            return NSIM_EXIT_FAILED;
        }
    }
    if (file && number == 0 && !options->quiet)
        nsim_cli_complain("warning: no %s: '%s' is not written",
                          schemes ? "scheme was applied" : "kdamond has finished an aggregation interval", file);
    return NSIM_EXIT_OK;
}

static int
write_results(const RunOptions *options, const NsimExperiment *experiment, const NsimResult *result)
{
    const char *seen = nsim_experiment_damo_record(experiment), *tried = nsim_experiment_damo_schemes(experiment);
    g_autofree char *report = options->renderer->render == nsim_render_text
                                  ? nsim_render_text_styled(result, wants_colour(options))
                                  : options->renderer->render(result);
    int status = nsim_cli_output_finish(options->output, report);
    if (status == NSIM_EXIT_OK)
        status = write_damo_records(options, seen, false, result);
    if (status == NSIM_EXIT_OK)
        status = write_damo_records(options, tried, true, result);
    if (status != NSIM_EXIT_OK || !options->timeline)
        return status;
    g_autofree char *timeline = nsim_render_timeline(result);
    return nsim_cli_output_finish(options->timeline, timeline);
}

static bool
is_complete(const NsimResult *result)
{
    for (uint32_t i = 0; i < result->run_count; i++)
        if (!result->runs[i].complete)
            return false;
    return true;
}

static int
run_experiment(const RunOptions *options, NsimExperiment *experiment)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    const char *seen = nsim_experiment_damo_record(experiment), *tried = nsim_experiment_damo_schemes(experiment);
    if (!nsim_cli_output_check(options->output, &error) || !nsim_cli_output_check(options->timeline, &error) ||
        (seen && !nsim_cli_output_check(seen, &error)) || (tried && !nsim_cli_output_check(tried, &error)))
        return nsim_cli_fail(error);

    NsimInterrupt *interrupt = nsim_interrupt_new(cancel);
    NsimProgressLine *line = wants_progress(options) ? nsim_progress_line_new() : NULL;
    g_autoptr(NsimResult) result = nsim_experiment_run(experiment, (unsigned)options->jobs,
                                                       line ? nsim_progress_line_update : NULL, line, cancel, &error);
    nsim_progress_line_free(line);
    nsim_interrupt_free(interrupt);
    if (!result)
        return nsim_cli_fail(error);

    for (uint32_t i = 0; !options->quiet && i < result->warning_count; i++)
        nsim_cli_complain("warning: %s", result->warnings[i]);
    const bool interrupted = g_cancellable_is_cancelled(cancel) && !is_complete(result);
    if (interrupted)
        nsim_cli_complain("interrupted: the report covers what was done until then");
    const int status = write_results(options, experiment, result);
    return status == NSIM_EXIT_OK && interrupted ? NSIM_EXIT_INTERRUPTED : status;
}

static int
run(const RunOptions *options)
{
    const NsimExperimentOptions experiment_options = {.config_path = options->config,
                                                      .traces = (const char *const *)options->traces,
                                                      .policies = (const char *const *)options->policies,
                                                      .damo = (const char *const *)options->damo,
                                                      .plugins = (const char *const *)options->plugins,
                                                      .seed_given = options->seed_given,
                                                      .seed = options->seed,
                                                      .until_ps = options->until_ps,
                                                      .timeline = options->timeline != NULL,
                                                      .host_stats = options->host_stats,
                                                      .damo_record = options->damo_record,
                                                      .damo_schemes = options->damo_schemes};
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimExperiment) experiment = nsim_experiment_new(&experiment_options, &error);
    if (!experiment) {
        const int status = nsim_cli_fail(error);
        /* Before anything runs, a trace that cannot be opened is a wrong name in the config. */
        return g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO) ? NSIM_EXIT_USAGE : status;
    }
    if (!options->check_config)
        return run_experiment(options, experiment);
    g_autofree char *text = nsim_experiment_describe(experiment);
    return nsim_cli_output_finish(options->output, text);
}

int
nsim_cmd_run(int argc, char **argv)
{
    g_auto(RunOptions) options = {0};
    const GOptionEntry entries[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &options.config, "the experiment: machine, workloads, policies",
         "FILE"},
        {"trace", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.traces,
         "replaces the trace of the next workload of the config (may be repeated)", "FILE"},
        {"policy", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.policies,
         "NAME or NAME:key=value,...: replaces the policies of the config; repeat it to compare, the first is the "
         "baseline",
         "POLICY"},
        {"damo", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.damo,
         "adds a run with DAMON to the policies: a damo command line as one argument, or a file with one or with "
         "kdamonds (may be repeated)",
         "ARGS"},
        {"damo-record", 0, 0, G_OPTION_ARG_FILENAME, &options.damo_record,
         "also write what kdamonds saw, as damo record does: plain JSON if FILE ends in .json, else compressed; further "
         "runs with kdamonds go to FILE.2 and so on",
         "FILE"},
        {"damo-schemes", 0, 0, G_OPTION_ARG_FILENAME, &options.damo_schemes,
         "also write the regions that schemes were tried on, with the schemes' statistics, in the same form",
         "FILE"},
        {"plugin", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.plugins,
         "load a policy from a shared object (may be repeated)", "PATH"},
        {"seed", 0, 0, G_OPTION_ARG_FILENAME, &options.seed_text, "of the random streams", "N"},
        {"until", 0, 0, G_OPTION_ARG_FILENAME, &options.until_text, "end at this simulated time, e.g. 50ms", "TIME"},
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &options.format_text, "text (default), json, csv or html", "FORMAT"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "write the report to FILE", "FILE"},
        {"timeline", 0, 0, G_OPTION_ARG_FILENAME, &options.timeline,
         "also write what happened over simulated time, as CSV", "FILE"},
        {"jobs", 'j', 0, G_OPTION_ARG_FILENAME, &options.jobs_text,
         "policies run at the same time (default: one for each core); never changes a result", "N"},
        {"host-stats", 0, 0, G_OPTION_ARG_NONE, &options.host_stats,
         "add what the run took on this computer to the report", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "no warnings and no progress", NULL},
        {"progress", 0, 0, G_OPTION_ARG_FILENAME, &options.progress_text,
         "auto (default: on a terminal), always or never", "WHEN"},
        {"check-config", 0, 0, G_OPTION_ARG_NONE, &options.check_config,
         "read and check everything, print what would run, and stop", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options.version, "print the version", NULL},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim",
                                 .synopsis = run_synopsis,
                                 .summary = run_summary,
                                 .entries = entries,
                                 .epilogue = run_epilogue};
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status))
        return status;
    if (options.version)
        return nsim_cli_output_finish(NULL, "numasim " NSIM_VERSION "\n");
    if (!nsim_command_operands(&command, argc, argv, 0, 0, &status) || !read_options(&command, &options, &status))
        return status;
    return run(&options);
}
