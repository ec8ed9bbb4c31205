/* SPDX-License-Identifier: MIT */
/* numasim trace import: from the traces of other tools to the native format. */
#include <cli/cli.h>

#include <report/format.h>
#include <traces/import/import.h>

#define HELP_COLUMNS 80u
#define FORMAT_COLUMN 20u

typedef struct {
    char *output, *from, *rate, *gap, *columns, *cache, *ways, *filtered, *program, *level;
    gboolean quiet;
    char **inputs;
} ImportTexts;

static void
import_texts_clear(ImportTexts *texts)
{
    char **all[] = {&texts->output,  &texts->from, &texts->rate,     &texts->gap,     &texts->columns,
                    &texts->cache,   &texts->ways, &texts->filtered, &texts->program, &texts->level};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        g_free(*all[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImportTexts, import_texts_clear)

static bool
read_options(const NsimCommand *command, const ImportTexts *texts, NsimImportOptions *options, int *ret_status)
{
    uint64_t ways = options->cache_ways, level = (uint64_t)options->level;
    options->from = texts->from;
    options->output = texts->output;
    options->columns = texts->columns;
    options->filtered = texts->filtered;
    options->program = texts->program;
    if (!nsim_command_quantity(command, "rate", texts->rate, NSIM_QUANTITY_COUNT, 0, UINT64_C(1000000000000),
                       &options->instructions_per_s, ret_status) ||
        !nsim_command_quantity(command, "gap", texts->gap, NSIM_QUANTITY_TIME, 0, UINT64_C(1000000000000), &options->gap_ps,
                       ret_status) ||
        !nsim_command_quantity(command, "cache", texts->cache, NSIM_QUANTITY_BYTES, 0, UINT64_C(1) << 36, &options->cache_bytes,
                       ret_status) ||
        !nsim_command_quantity(command, "ways", texts->ways, NSIM_QUANTITY_COUNT, 0, 64, &ways, ret_status) ||
        !nsim_command_quantity(command, "level", texts->level, NSIM_QUANTITY_COUNT, 0, 19, &level, ret_status))
        return false;
    options->cache_ways = (uint32_t)ways;
    options->level = (int)level;
    return true;
}

static void
show_progress(void *context, uint64_t done_bytes, uint64_t total_bytes, uint64_t access_count)
{
    const NsimProgressAmount amount = {
        .done = done_bytes, .total = total_bytes, .count = access_count, .what = "accesses"};
    nsim_progress_line_amount(context, &amount);
}

/* What was found, for the person at the terminal. */
static void
summarise(const NsimImportResult *result, const char *output)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (result->is_rate) {
        nsim_cli_complain("%s: rate trace; 'numasim trace info %s' says what is in it", result->format, output);
        return;
    }
    g_string_append_printf(text, "%s: %" G_GUINT64_FORMAT " records", result->format, result->record_count);
    if (result->skipped_count > 0)
        g_string_append_printf(text, " (%" G_GUINT64_FORMAT " without an access)", result->skipped_count);
    g_string_append_printf(text,
                           ", %" G_GUINT64_FORMAT " reads and %" G_GUINT64_FORMAT " writes by %u thread%s; %s: %"
                           G_GUINT64_FORMAT " lines",
                           result->read_count, result->write_count, result->thread_count,
                           result->thread_count == 1 ? "" : "s", output,
                           result->line_count[0] + result->line_count[1] + result->line_count[2]);
    nsim_cli_complain("%s", text->str);
    if (result->backward_count > 0)
        nsim_cli_complain("%" G_GUINT64_FORMAT " records were earlier than the one before of their thread and were taken "
                          "as simultaneous",
                          result->backward_count);
    if (!result->filtered)
        nsim_cli_complain("these are loads and stores, not misses: give the machine's accessors a cache, or import with "
                          "--cache 32MiB to keep what a last-level cache lets through");
}

static char *
formats_text(void)
{
    GString *text = g_string_new(NULL);
    nsim_text_wrap(text,
                   "Formats, found out from the content or the end of the name where --from does not say; gz, xz and zst "
                   "files are read as they are:",
                   0, HELP_COLUMNS);
    for (const NsimTraceFormat *const *format = nsim_trace_formats; *format != NULL; format++) {
        g_autofree char *line =
            g_strdup_printf("  %-*s%s", (int)FORMAT_COLUMN - 2, (*format)->name, (*format)->summary);
        nsim_text_wrap(text, line, FORMAT_COLUMN, HELP_COLUMNS);
    }
    return g_string_free(text, FALSE);
}

int
nsim_cmd_trace_import(int argc, char **argv)
{
    g_auto(ImportTexts) texts = {0};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &texts.output, "write the trace to FILE (needed)", "FILE"},
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &texts.from, "the format of the input (default: found out)", "FORMAT"},
        {"cache", 0, 0, G_OPTION_ARG_FILENAME, &texts.cache,
         "keep only what misses a last-level cache of this size, shared by all threads", "BYTES"},
        {"ways", 0, 0, G_OPTION_ARG_FILENAME, &texts.ways, "its associativity (default 16)", "N"},
        {"filtered", 0, 0, G_OPTION_ARG_FILENAME, &texts.filtered,
         "the input holds misses of this cache already, in words", "TEXT"},
        {"rate", 0, 0, G_OPTION_ARG_FILENAME, &texts.rate,
         "instructions per second to declare, where the clock counts instructions", "N"},
        {"gap", 0, 0, G_OPTION_ARG_FILENAME, &texts.gap, "time from access to access, where there is no clock", "TIME"},
        {"columns", 0, 0, G_OPTION_ARG_FILENAME, &texts.columns, "what csv's columns are, and other formats' own words", "LIST"},
        {"program", 0, 0, G_OPTION_ARG_FILENAME, &texts.program, "what was captured, for the trace's header", "TEXT"},
        {"level", 0, 0, G_OPTION_ARG_FILENAME, &texts.level, "zstd level, 0 stores uncompressed (default 3)", "N"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &texts.quiet, "say nothing but errors", NULL},
        G_OPTION_ENTRY_NULL};
    g_autofree char *formats = formats_text();
    const NsimCommand command = {.name = "numasim trace import",
                                 .synopsis = "-o FILE [OPTION]... INPUT...",
                                 .summary = "Make a trace from one that another tool made.",
                                 .entries = entries,
                                 .epilogue = formats};
    g_autoptr(GError) error = NULL;
    NsimImportOptions options;
    NsimImportResult result;
    int status;
    nsim_import_options_init(&options);
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 1, NSIM_TRACE_THREADS_MAX, &status) ||
        !read_options(&command, &texts, &options, &status))
        return status;
    if (texts.output == NULL || nsim_cli_output_is_stdout(texts.output))
        return nsim_command_misuse(&command, "name the file to write with -o FILE");
    options.inputs = (const char *const *)argv + 1;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "-") != 0 && !g_file_test(argv[i], G_FILE_TEST_IS_DIR) && !nsim_cli_input_check(argv[i], &error))
            return nsim_cli_fail(error);
    NsimProgressLine *line = texts.quiet ? NULL : nsim_progress_line_new_on_terminal();
    options.progress = line != NULL ? show_progress : NULL;
    options.progress_context = line;
    const bool good = nsim_import_trace(&options, &result, &error);
    nsim_progress_line_free(line);
    if (!good) {
        /* A limit here is one that an option exceeds. */
        status = nsim_cli_fail(error);
        return g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT) ? NSIM_EXIT_USAGE : status;
    }
    if (!texts.quiet)
        summarise(&result, texts.output);
    return NSIM_EXIT_OK;
}
