/* SPDX-License-Identifier: MIT */
/* Options, help and complaints, the same for every command. */
#include <cli/cli.h>

#include <models/document.h>
#include <numasim/policy.h>
#include <report/format.h>
#include <traces/trace.h>

#include <stdio.h>
#include <string.h>

/* Columns of help. */
#define OPTION_COLUMN 26u
#define HELP_COLUMNS 80u

/* ---- Messages ------------------------------------------------------------------------------------------------------
 */

static void G_GNUC_PRINTF(1, 0) complain_v(const char *format, va_list arguments)
{
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    fprintf(stderr, "numasim: %s\n", valid);
}

void
nsim_cli_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain_v(format, arguments);
    va_end(arguments);
}

bool
nsim_command_quantity(const NsimCommand *command, const char *option, const char *text, NsimQuantityKind kind,
                      uint64_t least, uint64_t most, uint64_t *value, int *ret_status)
{
    g_autofree char *problem = NULL;
    uint64_t read;
    if (!text)
        return true;
    if (!nsim_quantity_parse(text, kind, &read, &problem)) {
        *ret_status = nsim_command_misuse(command, "wrong value '%s' for --%s: %s", text, option, problem);
        return false;
    }
    if (read < least || read > most) {
        g_autofree char *limit = nsim_quantity_format(read < least ? least : most, kind);
        *ret_status = nsim_command_misuse(command,
                                          read < least ? "value '%s' for --%s is too small; the least is %s"
                                                       : "value '%s' for --%s is too large; the most is %s",
                                          text, option, limit);
        return false;
    }
    *value = read;
    return true;
}

int
nsim_command_misuse(const NsimCommand *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain_v(format, arguments);
    va_end(arguments);
    fprintf(stderr, "Try '%s --help'.\n", command->name);
    return NSIM_EXIT_USAGE;
}

static int
exit_status(const GError *error)
{
    if (error->domain == NSIM_CONFIG_ERROR || error->domain == NSIM_POLICY_ERROR)
        return NSIM_EXIT_USAGE;
    if (error->domain == NSIM_TRACE_ERROR)
        return error->code == NSIM_TRACE_ERROR_IO ? NSIM_EXIT_FAILED : NSIM_EXIT_DATA;
    if (g_error_matches(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE) ||
        g_error_matches(error, NSIM_CLI_ERROR, NSIM_CLI_ERROR_INPUT))
        return NSIM_EXIT_USAGE;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return NSIM_EXIT_INTERRUPTED;
    return NSIM_EXIT_FAILED;
}

int
nsim_cli_fail(const GError *error)
{
    nsim_cli_complain("%s", error->message);
    return exit_status(error);
}

char *
nsim_cli_join_words(const char *const *words)
{
    return g_strjoinv(", ", (char **)words);
}

/* ---- Options -------------------------------------------------------------------------------------------------------
 */

static void
append_option_help(GString *out, const GOptionEntry *entry)
{
    g_autoptr(GString) line = g_string_new("  ");
    if (entry->short_name)
        g_string_append_printf(line, "-%c, ", entry->short_name);
    g_string_append_printf(line, "--%s%s%s", entry->long_name, entry->arg_description ? " " : "",
                           entry->arg_description ? entry->arg_description : "");
    if (line->len > OPTION_COLUMN - 2) {
        g_string_append_printf(out, "%s\n", line->str);
        g_string_truncate(line, 0);
    }
    g_string_append_printf(line, "%*s%s", (int)(OPTION_COLUMN - line->len), "", entry->description);
    nsim_text_wrap(out, line->str, OPTION_COLUMN, HELP_COLUMNS);
}

static int
print_help(const NsimCommand *command)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, "Usage: %s %s\n", command->name, command->synopsis);
    nsim_text_wrap(out, command->summary, 0, HELP_COLUMNS);
    g_string_append(out, "\nOptions:\n");
    for (const GOptionEntry *entry = command->entries; entry->long_name; entry++)
        append_option_help(out, entry);
    const GOptionEntry help = {.long_name = "help", .short_name = 'h', .description = "print this help"};
    append_option_help(out, &help);
    if (command->epilogue)
        g_string_append_printf(out, "\n%s", command->epilogue);
    return nsim_cli_output_finish(NULL, out->str);
}

/* Complain of the option in `argument`, "--name" or "--name=value" or "-x", which no entry has. */
static int
refuse_option(const NsimCommand *command, const char *argument)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *name = argument + strspn(argument, "-");
    g_autofree char *bare = g_strndup(name, strcspn(name, "="));
    for (const GOptionEntry *entry = command->entries; entry->long_name; entry++)
        g_ptr_array_add(names, (gpointer)entry->long_name);
    g_ptr_array_add(names, NULL);
    const char *nearest = nsim_nearest_word(bare, (const char *const *)names->pdata);
    g_autofree char *shown = g_strndup(argument, strcspn(argument, "="));
    if (nearest)
        return nsim_command_misuse(command, "unknown option '%s'; did you mean '--%s'?", shown, nearest);
    return nsim_command_misuse(command, "unknown option '%s'", shown);
}

bool
nsim_command_parse(const NsimCommand *command, int *argc, char ***argv, int *ret_status)
{
    gboolean help = FALSE;
    const GOptionEntry help_entry[] = {{"help", 'h', 0, G_OPTION_ARG_NONE, &help, "", NULL}, G_OPTION_ENTRY_NULL};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    /* GOption's own help exits by itself and does not look whether printing worked. */
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_ignore_unknown_options(context, TRUE);
    g_option_context_add_main_entries(context, command->entries, NULL);
    g_option_context_add_main_entries(context, help_entry, NULL);
    if (!g_option_context_parse(context, argc, argv, &error)) {
        g_autofree char *message = g_strdup(error->message);
        message[0] = g_ascii_tolower(message[0]);
        *ret_status = nsim_command_misuse(command, "%s", message);
        return false;
    }
    if (help) {
        *ret_status = print_help(command);
        return false;
    }
    for (int i = 1; i < *argc; i++) {
        const char *argument = (*argv)[i];
        if (g_str_equal(argument, "--")) {
            memmove(&(*argv)[i], &(*argv)[i + 1], (size_t)(*argc - i) * sizeof(char *));
            (*argc)--;
            break;
        }
        if (argument[0] == '-' && argument[1] != '\0') {
            *ret_status = refuse_option(command, argument);
            return false;
        }
    }
    return true;
}

bool
nsim_command_operands(const NsimCommand *command, int argc, char **argv, int least, int most, int *ret_status)
{
    if (argc - 1 < least) {
        *ret_status = nsim_command_misuse(command, "something is missing: %s %s", command->name, command->synopsis);
        return false;
    }
    if (argc - 1 > most) {
        *ret_status = nsim_command_misuse(command, "unexpected argument '%s'", argv[most + 1]);
        return false;
    }
    return true;
}

/* ---- Sub-commands --------------------------------------------------------------------------------------------------
 */

const NsimSubcommand *
nsim_cli_find_subcommand(const NsimSubcommand *commands, const char *name)
{
    for (; commands->name; commands++)
        if (g_str_equal(commands->name, name))
            return commands;
    return NULL;
}

static char **
subcommand_names(const NsimSubcommand *commands)
{
    GPtrArray *names = g_ptr_array_new();
    for (; commands->name; commands++)
        g_ptr_array_add(names, g_strdup(commands->name));
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

int
nsim_cli_refuse_subcommand(const char *program, const NsimSubcommand *commands, const char *name)
{
    const NsimCommand command = {.name = program};
    g_auto(GStrv) names = subcommand_names(commands);
    const char *nearest = nsim_nearest_word(name, (const char *const *)names);
    g_autofree char *allowed = nsim_cli_join_words((const char *const *)names);
    if (nearest)
        return nsim_command_misuse(&command, "unknown command '%s'; did you mean '%s'? There are: %s", name, nearest,
                                   allowed);
    return nsim_command_misuse(&command, "unknown command '%s'; there are: %s", name, allowed);
}

int
nsim_cli_dispatch(const NsimCommand *group, const NsimSubcommand *commands, int argc, char **argv)
{
    int status;
    if (argc >= 2 && argv[1][0] != '-') {
        const NsimSubcommand *command = nsim_cli_find_subcommand(commands, argv[1]);
        return command ? command->run(argc - 1, argv + 1) : nsim_cli_refuse_subcommand(group->name, commands, argv[1]);
    }
    if (!nsim_command_parse(group, &argc, &argv, &status))
        return status;
    g_auto(GStrv) names = subcommand_names(commands);
    g_autofree char *allowed = nsim_cli_join_words((const char *const *)names);
    return nsim_command_misuse(group, "a command is missing; there are: %s", allowed);
}
