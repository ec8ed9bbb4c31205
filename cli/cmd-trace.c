/* SPDX-License-Identifier: MIT */
/* numasim trace: what a trace holds, whether it is sound, and synthetic ones. */
#include <cli/cli.h>

#include <models/quantity.h>
#include <traces/generate.h>
#include <traces/info.h>

#include <math.h>

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

/* ---- generate -------------------------------------------------------------------------------------------------------
 */

typedef struct {
    char *pattern, *threads, *footprint, *records, *lines, *stride, *theta, *writes, *gap, *line_gap, *barrier_every,
        *level, *seed, *output;
    gboolean shared, private;
} GenerateTexts;

static void
generate_texts_clear(GenerateTexts *texts)
{
    g_free(texts->pattern);
    g_free(texts->threads);
    g_free(texts->footprint);
    g_free(texts->records);
    g_free(texts->lines);
    g_free(texts->stride);
    g_free(texts->theta);
    g_free(texts->writes);
    g_free(texts->gap);
    g_free(texts->line_gap);
    g_free(texts->barrier_every);
    g_free(texts->level);
    g_free(texts->seed);
    g_free(texts->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GenerateTexts, generate_texts_clear)

/* One option whose value is a quantity: where it goes and what it may be. */
typedef struct {
    const char *option, *text; /* NULL text: keep what is there */
    NsimQuantityKind kind;
    uint64_t most;
    uint64_t *value;
} Quantity;

static bool
read_quantities(const NsimCommand *command, const Quantity *quantities, size_t count, int *ret_status)
{
    for (size_t i = 0; i < count; i++) {
        const Quantity *quantity = &quantities[i];
        g_autofree char *problem = NULL;
        if (!quantity->text)
            continue;
        if (!nsim_quantity_parse(quantity->text, quantity->kind, quantity->value, &problem)) {
            *ret_status = nsim_command_misuse(command, "wrong value '%s' for --%s: %s", quantity->text,
                                              quantity->option, problem);
            return false;
        }
        if (*quantity->value > quantity->most) {
            g_autofree char *most = nsim_quantity_format(quantity->most, quantity->kind);
            *ret_status = nsim_command_misuse(command, "value '%s' for --%s is too large; the most is %s",
                                              quantity->text, quantity->option, most);
            return false;
        }
    }
    return true;
}

static bool
read_pattern(const NsimCommand *command, const char *text, NsimGeneratePattern *ret, int *ret_status)
{
    g_autofree char *allowed = nsim_cli_join_words(nsim_generate_pattern_names);
    for (unsigned i = 0; text && i < NSIM_GENERATE_PATTERNS; i++) {
        if (g_str_equal(text, nsim_generate_pattern_names[i])) {
            *ret = (NsimGeneratePattern)i;
            return true;
        }
    }
    if (!text)
        return true;
    *ret_status = nsim_command_misuse(command, "unknown pattern '%s' for --pattern; allowed: %s", text, allowed);
    return false;
}

static bool
read_theta(const NsimCommand *command, const char *text, double *ret, int *ret_status)
{
    char *end;
    if (!text)
        return true;
    const double value = g_ascii_strtod(text, &end);
    if (*text && !*end && isfinite(value)) {
        *ret = value;
        return true;
    }
    *ret_status = nsim_command_misuse(command, "wrong number '%s' for --theta", text);
    return false;
}

/* Into `options`, which hold the defaults. */
static bool
read_generate(const NsimCommand *command, const GenerateTexts *texts, NsimGenerateOptions *options, int *ret_status)
{
    uint64_t threads = options->threads, lines = options->burst_lines, writes = options->write_ppm;
    uint64_t footprint = 0, stride = 0, line_gap_ps = 0, level = (uint64_t)options->level;
    const Quantity quantities[] = {
        {"threads", texts->threads, NSIM_QUANTITY_COUNT, NSIM_TRACE_THREADS_MAX, &threads},
        {"footprint", texts->footprint, NSIM_QUANTITY_BYTES, NSIM_GENERATE_PAGES_MAX * NSIM_GENERATE_PAGE_BYTES,
         &footprint},
        {"records", texts->records, NSIM_QUANTITY_COUNT, UINT64_MAX, &options->records},
        {"lines", texts->lines, NSIM_QUANTITY_COUNT, NSIM_TRACE_RUN_LINES_MAX, &lines},
        {"stride", texts->stride, NSIM_QUANTITY_BYTES, UINT64_MAX, &stride},
        {"writes", texts->writes, NSIM_QUANTITY_RATIO, 1000000, &writes},
        {"gap", texts->gap, NSIM_QUANTITY_TIME, UINT64_MAX, &options->gap},
        {"line-gap", texts->line_gap, NSIM_QUANTITY_TIME, 65535 / 16, &line_gap_ps},
        {"barrier-every", texts->barrier_every, NSIM_QUANTITY_COUNT, UINT64_MAX, &options->barrier_every},
        {"level", texts->level, NSIM_QUANTITY_COUNT, 19, &level},
        {"seed", texts->seed, NSIM_QUANTITY_COUNT, UINT64_MAX, &options->seed},
    };
    options->gap_unit = NSIM_GAP_PS;
    if (!read_pattern(command, texts->pattern, &options->pattern, ret_status) ||
        !read_theta(command, texts->theta, &options->theta, ret_status) ||
        !read_quantities(command, quantities, G_N_ELEMENTS(quantities), ret_status))
        return false;
    if (stride % NSIM_LINE_BYTES) {
        *ret_status =
            nsim_command_misuse(command, "wrong value '%s' for --stride: it must be a multiple of 64B", texts->stride);
        return false;
    }
    options->threads = (uint32_t)threads;
    options->burst_lines = (uint32_t)lines;
    options->write_ppm = (uint32_t)writes;
    options->level = (int)level;
    options->step = texts->line_gap ? (uint32_t)(line_gap_ps * 16) : options->step;
    options->pages =
        texts->footprint ? (footprint + NSIM_GENERATE_PAGE_BYTES - 1) / NSIM_GENERATE_PAGE_BYTES : options->pages;
    options->stride_lines = texts->stride ? stride / NSIM_LINE_BYTES : options->stride_lines;
    options->shared = texts->shared ? true : texts->private ? false : options->shared;
    return true;
}

static int
generate(int argc, char **argv)
{
    g_auto(GenerateTexts) texts = {0};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &texts.output, "write the trace to FILE (needed)", "FILE"},
        {"pattern", 0, 0, G_OPTION_ARG_FILENAME, &texts.pattern,
         "zipf (default), uniform, sequential, stride or chase (each run waits for the one before)", "PATTERN"},
        {"threads", 0, 0, G_OPTION_ARG_FILENAME, &texts.threads, "threads (default 1)", "N"},
        {"footprint", 0, 0, G_OPTION_ARG_FILENAME, &texts.footprint,
         "memory of all threads together (default 4MiB), rounded up to 4KiB", "BYTES"},
        {"records", 0, 0, G_OPTION_ARG_FILENAME, &texts.records, "runs of lines of all threads together (default 1M)",
         "N"},
        {"lines", 0, 0, G_OPTION_ARG_FILENAME, &texts.lines, "cache lines of a run (default 1)", "N"},
        {"stride", 0, 0, G_OPTION_ARG_FILENAME, &texts.stride, "stride: distance of run starts", "BYTES"},
        {"theta", 0, 0, G_OPTION_ARG_FILENAME, &texts.theta, "zipf: skew (default 0.99)", "X"},
        {"writes", 0, 0, G_OPTION_ARG_FILENAME, &texts.writes, "share of runs that write (default 0%)", "RATIO"},
        {"gap", 0, 0, G_OPTION_ARG_FILENAME, &texts.gap, "compute before each run (default 1ns)", "TIME"},
        {"line-gap", 0, 0, G_OPTION_ARG_FILENAME, &texts.line_gap, "compute between lines of a run (default 0ns)",
         "TIME"},
        {"shared", 0, 0, G_OPTION_ARG_NONE, &texts.shared, "all threads use the whole footprint", NULL},
        {"private", 0, 0, G_OPTION_ARG_NONE, &texts.private, "each thread has an equal part of the footprint", NULL},
        {"barrier-every", 0, 0, G_OPTION_ARG_FILENAME, &texts.barrier_every,
         "all threads meet after so many of their runs (default: never)", "N"},
        {"level", 0, 0, G_OPTION_ARG_FILENAME, &texts.level, "zstd level, 0 stores uncompressed", "N"},
        {"seed", 0, 0, G_OPTION_ARG_FILENAME, &texts.seed, "of the random stream", "N"},
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace generate",
                                 .synopsis = "-o FILE [OPTION]...",
                                 .summary = "Make a synthetic trace. The same options give the same file everywhere.",
                                 .entries = entries};
    g_autoptr(GError) error = NULL;
    NsimGenerateOptions options;
    int status;
    nsim_generate_options_init(&options);
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 0, 0, &status) ||
        !read_generate(&command, &texts, &options, &status))
        return status;
    if (!texts.output || nsim_cli_output_is_stdout(texts.output))
        return nsim_command_misuse(&command, "name the file to write with -o FILE");
    if (texts.shared && texts.private)
        return nsim_command_misuse(&command, "--shared and --private contradict each other");
    if (nsim_trace_generate(texts.output, &options, &error))
        return NSIM_EXIT_OK;
    /* Here a limit is one that an option exceeds. */
    status = nsim_cli_fail(error);
    return status == NSIM_EXIT_DATA ? NSIM_EXIT_USAGE : status;
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
                                              {"generate", generate},
                                              {NULL, NULL}};
    return nsim_cli_dispatch(&trace, commands, argc, argv);
}
