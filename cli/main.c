/* SPDX-License-Identifier: MIT */
/* The program: `numasim --config ...` runs an experiment, `numasim COMMAND ...` does everything else. */
#include <cli/cli.h>

static const NsimSubcommand commands[] = {
    { "trace", nsim_cmd_trace },
    { "topo", nsim_cmd_topo },
    { "policies", nsim_cmd_policies },
    { "migrate", nsim_cmd_migrate },
    { "damo", nsim_cmd_damo },
    { "explain", nsim_cmd_explain },
    { NULL, NULL },
};

int
main(int argc, char **argv)
{
    nsim_cli_log_init();
    if (argc < 2 || argv[1][0] == '-')
        return nsim_cmd_run(argc, argv);
    const NsimSubcommand *command = nsim_cli_find_subcommand(commands, argv[1]);
    if (command != NULL)
        return command->run(argc - 1, argv + 1);
    if (g_file_test(argv[1], G_FILE_TEST_IS_REGULAR))
        nsim_cli_complain("to run the file '%s' write: numasim --config %s", argv[1], argv[1]);
    return nsim_cli_refuse_subcommand("numasim", commands, argv[1]);
}
