/* SPDX-License-Identifier: MIT */
/* numasim policies: what policies there are, and what each one takes and counts. */
#include <cli/cli.h>

int
nsim_cmd_policies(int argc, char **argv)
{
    g_auto(GStrv) plugins = NULL;
    const GOptionEntry entries[] = {{"plugin", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &plugins,
                                     "also load this policy plug-in (may be repeated)", "PATH"},
                                    G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim policies",
                                 .synopsis = "[--plugin PATH]... [NAME]",
                                 .summary = "List the placement policies, or describe one: options and counters.",
                                 .entries = entries};
    g_autoptr(GError) error = NULL;
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 0, 1, &status))
        return status;
    const char *const *paths = (const char *const *)plugins;
    g_autofree char *text =
        argc == 1 ? nsim_policies_list(paths, &error) : nsim_policies_describe(argv[1], paths, &error);
    return text ? nsim_cli_output_finish(NULL, text) : nsim_cli_fail(error);
}
