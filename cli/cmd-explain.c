/* SPDX-License-Identifier: MIT */
/* numasim explain: the story of a page, a range or all moves of one run. */
#include <cli/cli.h>

#include <experiment/explain.h>
#include <mm/damon/damo.h>
#include <traces/trace.h>

#define LIMIT_EVENTS 100u
#define LIMIT_MOVES 5u

typedef struct {
    char *config, *page, *range, *region, *from, *until, *limit, *format, *output;
    char **traces, **policies, **damo, **plugins;
    gboolean decisions;
    NsimExplainView view;
    bool json;
} ExplainOptions;

static void
explain_options_clear(ExplainOptions *options)
{
    g_free(options->config);
    g_free(options->page);
    g_free(options->range);
    g_free(options->region);
    g_free(options->from);
    g_free(options->until);
    g_free(options->limit);
    g_free(options->format);
    g_free(options->output);
    g_strfreev(options->traces);
    g_strfreev(options->policies);
    g_strfreev(options->damo);
    g_strfreev(options->plugins);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ExplainOptions, explain_options_clear)

static bool
wants_pages(const ExplainOptions *options)
{
    return options->page || options->range || options->region;
}

/* One thing to tell of, and one policy to run. */
static bool
check_choice(const NsimCommand *command, const ExplainOptions *options, int *ret_status)
{
    const int asked =
        (options->page != NULL) + (options->range != NULL) + (options->region != NULL) + (options->decisions != FALSE);
    const unsigned policies =
        (options->policies ? g_strv_length(options->policies) : 0) + (options->damo ? g_strv_length(options->damo) : 0);
    const char *texts[] = {options->page, options->range, options->region};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i] && !g_utf8_validate(texts[i], -1, NULL)) {
            *ret_status = nsim_command_misuse(command, "'%s' is not UTF-8", texts[i]);
            return false;
        }
    }
    if (!options->config)
        *ret_status = nsim_command_misuse(command, "no --config FILE is given: there is nothing to run");
    else if (asked > 1)
        *ret_status = nsim_command_misuse(command, "--page, --range, --region and --decisions exclude each other");
    else if (policies > 1)
        *ret_status =
            nsim_command_misuse(command, "a story has one policy: %u are given with --policy and --damo", policies);
    else
        return true;
    return false;
}

static bool
read_view(const NsimCommand *command, ExplainOptions *options, int *ret_status)
{
    NsimExplainView *view = &options->view;
    view->until_ps = NSIM_TIME_MAX;
    view->limit = wants_pages(options) ? LIMIT_EVENTS : LIMIT_MOVES;
    options->json = g_strcmp0(options->format, "json") == 0;
    if (options->format && !options->json && !g_str_equal(options->format, "text")) {
        *ret_status =
            nsim_command_misuse(command, "unknown format '%s' for --format; allowed: text, json", options->format);
        return false;
    }
    if (!nsim_command_quantity(command, "from", options->from, NSIM_QUANTITY_TIME, 0, NSIM_TIME_MAX, &view->from_ps,
                               ret_status) ||
        !nsim_command_quantity(command, "until", options->until, NSIM_QUANTITY_TIME, 1, NSIM_TIME_MAX, &view->until_ps,
                               ret_status) ||
        !nsim_command_quantity(command, "limit", options->limit, NSIM_QUANTITY_COUNT, 1, NSIM_STORY_EVENTS_MAX,
                               &view->limit, ret_status))
        return false;
    if (view->from_ps <= view->until_ps)
        return true;
    *ret_status = nsim_command_misuse(command, "--from %s is later than --until %s", options->from, options->until);
    return false;
}

static bool
read_inputs(const NsimCommand *command, const ExplainOptions *options, int *ret_status)
{
    g_autoptr(GError) error = NULL;
    for (char **policy = options->policies; policy && *policy; policy++) {
        if (!g_utf8_validate(*policy, -1, NULL)) {
            *ret_status = nsim_command_misuse(command, "--policy '%s' is not UTF-8", *policy);
            return false;
        }
    }
    bool good = true;
    for (char **trace = options->traces; good && trace && *trace; trace++)
        good = nsim_cli_input_check(*trace, &error);
    for (char **damo = options->damo; good && damo && *damo; damo++) {
        if (!g_file_test(*damo, G_FILE_TEST_IS_REGULAR))
            continue;
        char *read = nsim_damo_load(*damo, &error);
        good = read != NULL;
        if (good) {
            g_free(*damo);
            *damo = read;
        }
    }
    good = good && nsim_cli_output_check(options->output, &error);
    if (!good)
        *ret_status = nsim_cli_fail(error);
    return good;
}

static int
tell(const ExplainOptions *options, NsimExperiment *experiment)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    const NsimExplainWhat what = {.page = options->page, .range = options->range, .region = options->region};
    NsimInterrupt *interrupt = nsim_interrupt_new(cancel);
    g_autoptr(NsimExplanation) explanation = nsim_explain_run(experiment, &what, cancel, &error);
    nsim_interrupt_free(interrupt);
    if (!explanation)
        return nsim_cli_fail(error);
    for (guint i = 0; i < explanation->warnings->len; i++)
        nsim_cli_complain("warning: %s", (const char *)g_ptr_array_index(explanation->warnings, i));
    if (!explanation->complete)
        nsim_cli_complain("interrupted: the story ends there");
    g_autofree char *text =
        options->json ? nsim_explain_json(explanation, &options->view) : nsim_explain_text(explanation, &options->view);
    const int status = nsim_cli_output_finish(options->output, text);
    return status == NSIM_EXIT_OK && !explanation->complete ? NSIM_EXIT_INTERRUPTED : status;
}

static int
run(const ExplainOptions *options)
{
    const NsimExperimentOptions experiment_options = {.config_path = options->config,
                                                      .traces = (const char *const *)options->traces,
                                                      .policies = (const char *const *)options->policies,
                                                      .damo = (const char *const *)options->damo,
                                                      .damo_only = options->damo != NULL && options->policies == NULL,
                                                      .until_ps = options->until ? options->view.until_ps : 0,
                                                      .plugins = (const char *const *)options->plugins};
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimExperiment) experiment = nsim_experiment_new(&experiment_options, &error);
    if (experiment)
        return tell(options, experiment);
    const int status = nsim_cli_fail(error);
    return g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO) ? NSIM_EXIT_USAGE : status;
}

int
nsim_cmd_explain(int argc, char **argv)
{
    g_auto(ExplainOptions) options = {0};
    const GOptionEntry entries[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &options.config, "the experiment: machine, workloads, policies",
         "FILE"},
        {"trace", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.traces,
         "replaces the trace of the next workload of the config (may be repeated)", "FILE"},
        {"policy", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.policies,
         "NAME or NAME:key=value,...: run this one, not the config's", "POLICY"},
        {"damo", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.damo,
         "run DAMON as this damo command line or file says, not the config's policies", "ARGS"},
        {"plugin", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.plugins,
         "load a policy from a shared object (may be repeated)", "PATH"},
        {"page", 0, 0, G_OPTION_ARG_FILENAME, &options.page, "tell of the page at [WORKLOAD:]ADDRESS", "PAGE"},
        {"range", 0, 0, G_OPTION_ARG_FILENAME, &options.range, "tell of the pages at [WORKLOAD:]START-END", "RANGE"},
        {"region", 0, 0, G_OPTION_ARG_FILENAME, &options.region, "tell of the pages of [WORKLOAD:]NAME", "REGION"},
        {"decisions", 0, 0, G_OPTION_ARG_NONE, &options.decisions,
         "tell which moves cost most, were most useful and most useless (default)", NULL},
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &options.from, "leave out what comes before this simulated time", "TIME"},
        {"until", 0, 0, G_OPTION_ARG_FILENAME, &options.until, "end the run at this simulated time", "TIME"},
        {"limit", 0, 0, G_OPTION_ARG_FILENAME, &options.limit,
         "events at most (default 100); moves of each list (default 5)", "N"},
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &options.format, "text (default) or json", "FORMAT"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "write to FILE", "FILE"},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim explain",
                                 .synopsis = "--config FILE [OPTION]...",
                                 .summary =
                                     "Run one policy and tell what happened to a page, a range or a region, why, "
                                     "what it cost and what it saved.",
                                 .entries = entries};
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 0, 0, &status) || !check_choice(&command, &options, &status) ||
        !read_view(&command, &options, &status) || !read_inputs(&command, &options, &status))
        return status;
    return run(&options);
}
