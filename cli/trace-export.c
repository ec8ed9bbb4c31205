/* SPDX-License-Identifier: MIT */
/* numasim trace export: traces in formats that other programs read. */
#include <cli/cli.h>

#include <models/quantity.h>
#include <traces/tool-export.h>

#include <errno.h>
#include <unistd.h>

static bool
write_stdout(const void *data, size_t bytes, G_GNUC_UNUSED void *user_data, GError **error)
{
    const char *at = data;
    while (bytes > 0) {
        const ssize_t written = write(STDOUT_FILENO, at, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            g_set_error(error, NSIM_CLI_ERROR, NSIM_CLI_ERROR_OUTPUT, "cannot write standard output: %s",
                        g_strerror(errno));
            return false;
        }
        at += written;
        bytes -= (size_t)written;
    }
    return true;
}

static int export(const char *output, NsimExportOptions *options, const char *input)
{
    g_autoptr(GError) error = NULL;
    if (!nsim_cli_input_check(input, &error))
        return nsim_cli_fail(error);
    g_autoptr(NsimTrace) trace = nsim_trace_open(input, &error);
    if (trace == NULL)
        return nsim_cli_fail(error);
    const bool to_stdout = nsim_cli_output_is_stdout(output);
    g_autofree char *folder = to_stdout ? NULL : g_path_get_dirname(output);
    /* The temporary file goes where there must be room for as much anyway. */
    options->directory = folder;
    g_autoptr(NsimTraceJob) job = nsim_trace_job_new("exporting");
    const bool ok = to_stdout ? nsim_trace_export(trace, options, write_stdout, NULL, nsim_trace_job_tick(job), &error)
                              : nsim_trace_export_file(trace, options, output, nsim_trace_job_tick(job), &error);
    g_clear_pointer(&job, nsim_trace_job_free);
    return ok ? NSIM_EXIT_OK : nsim_cli_fail(error);
}

int
nsim_cmd_trace_export(int argc, char **argv)
{
    g_autofree char *output = NULL, *format = NULL, *object = NULL;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "write to FILE (needed); - is standard output", "FILE"},
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &format, "csv, lackey or oracleGeneral (needed)", "FORMAT"},
        {"object", 0, 0, G_OPTION_ARG_FILENAME, &object,
         "oracleGeneral: objects of so many bytes, 64B (default) to 2MiB", "BYTES"},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace export",
                                 .synopsis = "-o FILE --to FORMAT [OPTION]... IN",
                                 .summary = "Write a trace in a format that other programs read.",
                                 .entries = entries};
    NsimExportOptions options = {.object_bytes = NSIM_LINE_BYTES};
    g_autofree char *problem = NULL;
    uint64_t bytes = NSIM_LINE_BYTES;
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, 1, &status))
        return status;
    if (output == NULL)
        return nsim_command_misuse(&command, "name the file to write with -o FILE");
    while (options.format < NSIM_EXPORT_FORMATS && g_strcmp0(format, nsim_export_format_names[options.format]) != 0)
        options.format++;
    if (options.format == NSIM_EXPORT_FORMATS) {
        g_autofree char *allowed = nsim_cli_join_words(nsim_export_format_names);
        return nsim_command_misuse(&command, "%s '%s' for --to; allowed: %s",
                                   format == NULL ? "no format" : "unknown format", format == NULL ? "" : format,
                                   allowed);
    }
    if (object != NULL && !nsim_quantity_parse(object, NSIM_QUANTITY_BYTES, &bytes, &problem))
        return nsim_command_misuse(&command, "wrong value '%s' for --object: %s", object, problem);
    if (bytes < NSIM_LINE_BYTES || bytes > 2u << 20 || (bytes & (bytes - 1)) != 0)
        return nsim_command_misuse(&command, "wrong value '%s' for --object: a power of two from 64B to 2MiB", object);
    options.object_bytes = (uint32_t)bytes;
    return export(output, &options, argv[1]);
}
