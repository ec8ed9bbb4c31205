/* SPDX-License-Identifier: MIT */
/* numasim trace: its sub-commands, each in a file of its own. */
#include <cli/cli.h>

static const NsimSubcommand commands[] = {{"capture", nsim_cmd_trace_capture},
                                          {"import", nsim_cmd_trace_import},
                                          {"info", nsim_cmd_trace_info},
                                          {"check", nsim_cmd_trace_check},
                                          {"cut", nsim_cmd_trace_cut},
                                          {"filter", nsim_cmd_trace_filter},
                                          {"sample", nsim_cmd_trace_sample},
                                          {"merge", nsim_cmd_trace_merge},
                                          {"summarise", nsim_cmd_trace_summarise},
                                          {"anonymise", nsim_cmd_trace_anonymise},
                                          {"export", nsim_cmd_trace_export},
                                          {"generate", nsim_cmd_trace_generate},
                                          {NULL, NULL}};

static const GOptionEntry no_entries[] = {G_OPTION_ENTRY_NULL};

static const NsimCommand trace = {
    .name = "numasim trace",
    .synopsis = "COMMAND ...",
    .summary = "Record programs, import the traces of other tools, look at traces, and make new ones from them.",
    .entries = no_entries,
    .epilogue = "Commands:\n"
                "  capture -o FILE -- ...  run a program and record its accesses\n"
                "  import -o FILE INPUT    make a trace from one that another tool made\n"
                "  info FILE...            print what a trace holds\n"
                "  check FILE...           verify every checksum and every record\n"
                "  cut -o FILE IN          take a part: of the time, records, threads, regions\n"
                "  filter -o FILE IN       put a trace through caches\n"
                "  sample -o FILE IN       take a part of the pages\n"
                "  merge -o FILE IN...     put several traces together on one clock\n"
                "  summarise -o FILE IN    how often what is touched: a rate trace\n"
                "  anonymise -o FILE IN    take names and places out\n"
                "  export -o FILE IN       write another format: csv, lackey, oracleGeneral\n"
                "  generate -o FILE        make a synthetic trace\n"
                "\n'numasim trace COMMAND --help' has each command's options.\n"};

int
nsim_cmd_trace(int argc, char **argv)
{
    return nsim_cli_dispatch(&trace, commands, argc, argv);
}
