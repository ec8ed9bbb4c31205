/* SPDX-License-Identifier: MIT */
/* numasim trace: what a trace holds, whether it is sound, and synthetic ones. */
#include <cli/cli.h>

#include <traces/info.h>

/* ---- info, check ----------------------------------------------------------------------------------------------------
 */

static const GOptionEntry no_entries[] = {G_OPTION_ENTRY_NULL};

/* Do `each` to every trace named; the first failure ends it. */
static int
for_each_trace(int argc, char **argv, bool (*each)(NsimTrace *trace, bool scan, GError **error), bool scan)
{
    for (int i = 1; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        if (!nsim_cli_input_check(argv[i], &error))
            return nsim_cli_fail(error);
        g_autoptr(NsimTrace) trace = nsim_trace_open(argv[i], &error);
        if (!trace || !each(trace, scan, &error))
            return nsim_cli_fail(error);
    }
    return NSIM_EXIT_OK;
}

static bool
print_info(NsimTrace *trace, bool scan, GError **error)
{
    g_autofree char *text = nsim_trace_describe(trace, scan, error);
    return text && nsim_cli_output_write(NULL, text, error);
}

static int
info(int argc, char **argv)
{
    gboolean scan = FALSE;
    const GOptionEntry entries[] = {{"scan", 0, 0, G_OPTION_ARG_NONE, &scan,
                                     "also read every record: lines and pages of each region, passes of each mark",
                                     NULL},
                                    G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace info",
                                 .synopsis = "[--scan] FILE...",
                                 .summary = "Print what a trace holds: program, threads, regions, totals.",
                                 .entries = entries};
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, G_MAXINT, &status))
        return status;
    return for_each_trace(argc, argv, print_info, scan);
}

static bool
check_trace(NsimTrace *trace, bool scan, GError **error)
{
    (void)scan;
    if (!nsim_trace_check(trace, error))
        return false;
    g_autofree char *text = g_strdup_printf("%s: ok\n", nsim_trace_path(trace));
    return nsim_cli_output_write(NULL, text, error);
}

static int
check(int argc, char **argv)
{
    static const NsimCommand command = {.name = "numasim trace check",
                                        .synopsis = "FILE...",
                                        .summary = "Verify every checksum and every record.",
                                        .entries = no_entries};
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, G_MAXINT, &status))
        return status;
    return for_each_trace(argc, argv, check_trace, true);
}

static const NsimCommand trace = {.name = "numasim trace",
                                  .synopsis = "capture|import|info|check|generate ...",
                                  .summary = "Record programs, import the traces of other tools, look at traces.",
                                  .entries = no_entries,
                                  .epilogue = "Commands:\n"
                                              "  capture -o FILE -- ...  run a program and record its accesses\n"
                                              "  import -o FILE INPUT    make a trace from one that another tool made\n"
                                              "  info FILE...            print what a trace holds\n"
                                              "  check FILE...           verify every checksum and every record\n"
                                              "  generate -o FILE        make a synthetic trace\n"
                                              "\n'numasim trace COMMAND --help' has each command's options.\n"};

int
nsim_cmd_trace(int argc, char **argv)
{
    static const NsimSubcommand commands[] = {{"capture", nsim_cli_trace_capture},
                                              {"import", nsim_cli_trace_import},
                                              {"info", info},
                                              {"check", check},
                                              {"generate", nsim_cli_trace_generate},
                                              {NULL, NULL}};
    return nsim_cli_dispatch(&trace, commands, argc, argv);
}
