/* SPDX-License-Identifier: MIT */
/* numasim damo: what a damo command line means, in words or as a kdamonds file. */
#include <cli/cli.h>

#include <experiment/damo-explain.h>
#include <experiment/damo-json.h>
#include <mm/damon/damo.h>

#include <string.h>

/*
 * Where damo's words begin: behind our own options, which come first. Its options look like ours, so nothing behind is
 * looked at. `values` names those of ours that take a value, `flags` those that take none.
 */
static int
first_word(int argc, char **argv, const char *const *values, const char *const *flags)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
        bool takes_value = false, known = g_strv_contains(flags, argv[i]);
        for (const char *const *value = values; *value; value++) {
            const size_t length = strlen(*value);
            takes_value |= g_str_equal(argv[i], *value);
            known |= strncmp(argv[i], *value, length) == 0 && (argv[i][length] == '=' || takes_value);
        }
        if (!known)
            break;
        i += takes_value;
    }
    return MIN(i, argc);
}

/* One argument is a text, the name of a file, or "-"; several are the words of a command line. (transfer full) */
static char *
read_text(int count, char **words, GError **error)
{
    if (count == 1 && g_str_equal(words[0], "-"))
        return nsim_cli_input_read("-", NSIM_DAMO_TEXT_MAX, NULL, error);
    if (count == 1)
        return g_file_test(words[0], G_FILE_TEST_IS_REGULAR) ? nsim_damo_load(words[0], error) : g_strdup(words[0]);
    GString *text = g_string_new(NULL);
    for (int i = 0; i < count; i++) {
        g_autofree char *quoted = g_shell_quote(words[i]);
        const bool plain = strpbrk(words[i], " \t\r\n'\"\\#`$") == NULL && words[i][0] != '\0';
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", plain ? words[i] : quoted);
    }
    return g_string_free(text, FALSE);
}

/* Our options, then damo's words as a plan; NULL: return `*ret_status`. */
static NsimDamonPlan *
read_plan(const NsimCommand *command, const char *const *values, const char *const *flags, int argc, char **argv,
          int *ret_status)
{
    g_autoptr(GError) error = NULL;
    const int first = first_word(argc, argv, values, flags);
    int own_count = first;
    g_autofree char **own = g_new0(char *, (size_t)first + 1);
    char **own_arguments = own;
    memcpy(own, argv, (size_t)first * sizeof *own);
    if (!nsim_command_parse(command, &own_count, &own_arguments, ret_status))
        return NULL;
    if (first == argc) {
        *ret_status = nsim_command_misuse(command, "something is missing: %s %s", command->name, command->synopsis);
        return NULL;
    }
    g_autofree char *text = read_text(argc - first, argv + first, &error);
    NsimDamonPlan *plan = text ? nsim_damo_read(text, &error) : NULL;
    if (!plan)
        *ret_status = nsim_cli_fail(error);
    return plan;
}

static const char epilogue[] = "ARGS is a damo command line: in one argument, or as it stands behind the options\n"
                               "of this command. One argument may also be the name of a file with a command line\n"
                               "or with kdamonds in JSON or YAML, or '-' for standard input.\n";

static int
explain(int argc, char **argv)
{
    static const char *const values[] = {"--format", "--output", "-o", NULL}, *const flags[] = {"--help", "-h", NULL};
    g_autofree char *format = NULL, *output = NULL;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &format, "text (default) or json", "FORMAT"},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "write to FILE", "FILE"},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim damo explain",
                                 .synopsis = "[OPTION]... ARGS...",
                                 .summary = "Say in words what a damo command line does, and what it does not.",
                                 .entries = entries,
                                 .epilogue = epilogue};
    int status;
    g_autoptr(NsimDamonPlan) plan = read_plan(&command, values, flags, argc, argv, &status);
    if (!plan)
        return status;
    const bool json = g_strcmp0(format, "json") == 0;
    if (format && !json && !g_str_equal(format, "text"))
        return nsim_command_misuse(&command, "unknown format '%s' for --format; allowed: text, json", format);
    g_autofree char *text = json ? nsim_damo_explain_json(plan) : nsim_damo_explain_text(plan);
    return nsim_cli_output_finish(output, text);
}

static const char *const args_values[] = {"--format", "--out", "--output", "-o", NULL};
static const char *const args_flags[] = {"--help", "-h", "--raw", NULL};

/*
 * `args damon`, as damo has it: the word goes, and options that are about output, which may stand among damo's own,
 * come first. (transfer container)
 */
static char **
output_options_first(int argc, char **argv)
{
    GPtrArray *first = g_ptr_array_new(), *rest = g_ptr_array_new();
    for (int i = 0; i < argc; i++) {
        g_autofree char *name = g_strndup(argv[i], strcspn(argv[i], "="));
        const bool value = g_strv_contains(args_values, name), alone = value && g_str_equal(name, argv[i]);
        if (rest->len == 0 && i > 0 && g_str_equal(argv[i], "damon"))
            continue;
        g_ptr_array_add(i == 0 || value || g_strv_contains(args_flags, argv[i]) ? first : rest, argv[i]);
        if (alone && i + 1 < argc)
            g_ptr_array_add(first, argv[++i]);
    }
    g_ptr_array_extend_and_steal(first, rest);
    g_ptr_array_add(first, NULL);
    return (char **)g_ptr_array_free(first, FALSE);
}

static int
args(int argc, char **argv)
{
    g_autofree char *output = NULL, *format = NULL;
    gboolean raw = FALSE;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &format, "json (default) or yaml", "FORMAT"},
        {"raw", 0, 0, G_OPTION_ARG_NONE, &raw, "plain numbers, as damo writes them for programs", NULL},
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "write to FILE", "FILE"},
        {"out", 0, 0, G_OPTION_ARG_FILENAME, &output, "the same, as damo calls it", "FILE"},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim damo args",
                                 .synopsis = "[damon] [OPTION]... ARGS...",
                                 .summary = "Print a damo command line as a kdamonds file, as 'damo args damon' does.",
                                 .entries = entries,
                                 .epilogue = epilogue};
    int status;
    g_autofree char **sorted = output_options_first(argc, argv);
    g_autoptr(NsimDamonPlan) plan =
        read_plan(&command, args_values, args_flags, (int)g_strv_length(sorted), sorted, &status);
    if (!plan)
        return status;
    const bool yaml = g_strcmp0(format, "yaml") == 0;
    if (format && !yaml && !g_str_equal(format, "json"))
        return nsim_command_misuse(&command, "unknown format '%s' for --format; allowed: json, yaml%s", format,
                                   g_str_equal(format, "report") ? "; 'numasim damo explain' has it in words" : "");
    g_autofree char *text = yaml ? nsim_damo_args_yaml(plan, raw) : nsim_damo_args_json(plan, raw);
    return nsim_cli_output_finish(output, text);
}

static const GOptionEntry no_entries[] = {G_OPTION_ENTRY_NULL};

static const NsimCommand damo = {.name = "numasim damo",
                                 .synopsis = "explain|args ...",
                                 .summary = "Look at command lines of damo, the user's tool of DAMON.",
                                 .entries = no_entries,
                                 .epilogue =
                                     "Commands:\n"
                                     "  explain ARGS...         say what it does, how fast, and where the traps are\n"
                                     "  args ARGS...            print it as a kdamonds file, JSON or YAML\n"
                                     "\n'numasim damo COMMAND --help' has each command's options.\n"};

int
nsim_cmd_damo(int argc, char **argv)
{
    static const NsimSubcommand commands[] = {{"explain", explain}, {"args", args}, {NULL, NULL}};
    return nsim_cli_dispatch(&damo, commands, argc, argv);
}
