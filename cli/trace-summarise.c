/* SPDX-License-Identifier: MIT */
/* numasim trace summarise: from bursts to rates. */
#include <cli/cli.h>

#include <models/quantity.h>
#include <traces/tool-summarise.h>

/* Shorter intervals would hold single accesses; longer ones are longer than any trace. */
#define INTERVAL_MIN_PS UINT64_C(1000000)
#define INTERVAL_MAX_PS (UINT64_C(3600) * 1000000000000)

static bool
read_options(const NsimCommand *command, const char *interval, const char *tolerance, NsimSummariseOptions *options,
             int *ret_status)
{
    g_autofree char *problem = NULL;
    uint64_t ppm = options->tolerance_ppm;
    if (interval != NULL && !nsim_quantity_parse(interval, NSIM_QUANTITY_TIME, &options->interval_ps, &problem)) {
        *ret_status = nsim_command_misuse(command, "wrong value '%s' for --interval: %s", interval, problem);
        return false;
    }
    if (options->interval_ps < INTERVAL_MIN_PS || options->interval_ps > INTERVAL_MAX_PS) {
        *ret_status = nsim_command_misuse(command, "value '%s' for --interval is outside 1us to 1h", interval);
        return false;
    }
    if (tolerance != NULL && !nsim_quantity_parse(tolerance, NSIM_QUANTITY_RATIO, &ppm, &problem)) {
        *ret_status = nsim_command_misuse(command, "wrong value '%s' for --tolerance: %s", tolerance, problem);
        return false;
    }
    if (ppm > 1000000) {
        *ret_status = nsim_command_misuse(command, "value '%s' for --tolerance is above 100%%", tolerance);
        return false;
    }
    options->tolerance_ppm = (uint32_t)ppm;
    return true;
}

static int
summarise(const char *path, const char *output, const NsimSummariseOptions *options)
{
    g_autoptr(GError) error = NULL;
    NsimSummariseResult result;
    if (!nsim_cli_input_check(path, &error))
        return nsim_cli_fail(error);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    if (trace == NULL)
        return nsim_cli_fail(error);
    g_autoptr(NsimTraceJob) job = nsim_trace_job_new("summarising");
    if (!nsim_trace_summarise(trace, output, options, nsim_trace_job_tick(job), &result, &error))
        return nsim_cli_fail(error);
    return NSIM_EXIT_OK;
}

int
nsim_cmd_trace_summarise(int argc, char **argv)
{
    g_autofree char *output = NULL, *interval = NULL, *tolerance = NULL;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "write the rate trace to FILE (needed)", "FILE"},
        {"interval", 0, 0, G_OPTION_ARG_FILENAME, &interval, "length of an interval (default 100ms)", "TIME"},
        {"tolerance", 0, 0, G_OPTION_ARG_FILENAME, &tolerance,
         "frames of 2 MiB side by side become one range when their lines differ by at most this (default 10%)",
         "RATIO"},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace summarise",
                                 .synopsis = "-o FILE [OPTION]... IN",
                                 .summary = "Say how often each thread touched which ranges of memory, by time.",
                                 .entries = entries};
    NsimSummariseOptions options;
    int status;
    nsim_summarise_options_init(&options);
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, 1, &status) ||
        !read_options(&command, interval, tolerance, &options, &status))
        return status;
    if (nsim_cli_output_is_stdout(output))
        return nsim_command_misuse(&command, "name the file to write with -o FILE");
    return summarise(argv[1], output, &options);
}
