/* SPDX-License-Identifier: MIT */
/* numasim topo: machines as the simulator sees them, and descriptions made from real ones. */
#include <cli/cli.h>

#include <models/import.h>

/* hwloc's XML of the largest machines is a few MiB. */
#define IMPORT_BYTES_MAX ((size_t)64 << 20)

static int
show(int argc, char **argv)
{
    gboolean routes = FALSE;
    const GOptionEntry entries[] = {
        {"routes", 0, 0, G_OPTION_ARG_NONE, &routes, "also print what each access crosses on its way", NULL},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {
        .name = "numasim topo show",
        .synopsis = "[--routes] FILE",
        .summary = "Print the machine of a machine or experiment file: latency and bandwidth of every "
                   "accessor to every node, nodes, links, and values the file leaves to defaults.",
        .entries = entries};
    g_autoptr(GError) error = NULL;
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, 1, &status))
        return status;
    g_autoptr(NsimMachine) machine = nsim_machine_load(argv[1], &error);
    if (!machine)
        return nsim_cli_fail(error);
    g_autofree char *text = nsim_machine_describe(machine, routes);
    return nsim_cli_output_finish(NULL, text);
}

static int
import(int argc, char **argv)
{
    static const char *const formats[] = {
        [NSIM_IMPORT_AUTO] = "auto", [NSIM_IMPORT_NUMACTL] = "numactl", [NSIM_IMPORT_HWLOC] = "hwloc", NULL};
    g_autofree char *from = NULL, *output = NULL;
    const GOptionEntry entries[] = {
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &from, "what FILE is: auto (default), numactl or hwloc", "FORMAT"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "write to FILE instead of standard output", "FILE"},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {
        .name = "numasim topo import",
        .synopsis = "[--from FORMAT] [-o OUT] FILE",
        .summary = "Turn the output of 'numactl -H' or hwloc's XML ('lstopo --of xml') into a machine "
                   "description. FILE '-' is standard input.",
        .entries = entries};
    g_autoptr(GError) error = NULL;
    int status;
    unsigned format = NSIM_IMPORT_AUTO;
    size_t length;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, 1, &status))
        return status;
    while (from && formats[format] && !g_str_equal(formats[format], from))
        format++;
    if (!formats[format])
        return nsim_command_misuse(&command, "unknown format '%s' for --from; allowed: auto, numactl, hwloc", from);
    g_autofree char *text = nsim_cli_input_read(argv[1], IMPORT_BYTES_MAX, &length, &error);
    if (!text)
        return nsim_cli_fail(error);
    g_autofree char *yaml = nsim_import_machine(text, length, argv[1], (NsimImportFormat)format, &error);
    if (!yaml) {
        nsim_cli_complain("%s", error->message);
        return NSIM_EXIT_DATA;
    }
    return nsim_cli_output_finish(output, yaml);
}

static const GOptionEntry no_entries[] = {G_OPTION_ENTRY_NULL};

static const NsimCommand topo = {.name = "numasim topo",
                                 .synopsis = "show|import ...",
                                 .summary = "Look at machines and make their descriptions.",
                                 .entries = no_entries,
                                 .epilogue =
                                     "Commands:\n"
                                     "  show FILE               print the machine: latencies, bandwidths, routes\n"
                                     "  import FILE             make a description from 'numactl -H' or hwloc XML\n"
                                     "\n'numasim topo COMMAND --help' has each command's options.\n"};

int
nsim_cmd_topo(int argc, char **argv)
{
    static const NsimSubcommand commands[] = {{"show", show}, {"import", import}, {NULL, NULL}};
    return nsim_cli_dispatch(&topo, commands, argc, argv);
}
