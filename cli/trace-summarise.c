/* SPDX-License-Identifier: MIT */
/* numasim trace summarise: from bursts to rates. */
#include <cli/cli.h>

#include <traces/tool-summarise.h>

/* Shorter intervals would hold single accesses; longer ones are longer than any trace. */
#define INTERVAL_MIN_PS UINT64_C(1000000)
#define INTERVAL_MAX_PS (UINT64_C(3600) * 1000000000000)

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
    uint64_t tolerance_ppm = options.tolerance_ppm;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, 1, &status) ||
        !nsim_command_quantity(&command, "interval", interval, NSIM_QUANTITY_TIME, INTERVAL_MIN_PS, INTERVAL_MAX_PS,
                               &options.interval_ps, &status) ||
        !nsim_command_quantity(&command, "tolerance", tolerance, NSIM_QUANTITY_RATIO, 0, 1000000, &tolerance_ppm, &status))
        return status;
    options.tolerance_ppm = (uint32_t)tolerance_ppm;
    if (nsim_cli_output_is_stdout(output))
        return nsim_command_misuse(&command, "name the file to write with -o FILE");
    return summarise(argv[1], output, &options);
}
