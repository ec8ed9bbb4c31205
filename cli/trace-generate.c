/* SPDX-License-Identifier: MIT */
/* numasim trace generate: one pattern from options, phases and mixtures from a file. */
#include <cli/trace-generate.h>

#include <math.h>
#include <string.h>

/* ---- Options -------------------------------------------------------------------------------------------------------
 */

GOptionEntry *
nsim_generate_entries(NsimGenerateQuantity *quantities, size_t count, const GOptionEntry *others)
{
    size_t other_count = 0;
    while (others[other_count].long_name)
        other_count++;
    GOptionEntry *entries = g_new0(GOptionEntry, count + other_count + 1);
    memcpy(entries, others, other_count * sizeof *entries);
    for (size_t i = 0; i < count; i++)
        entries[other_count + i] = (GOptionEntry){.long_name = quantities[i].name,
                                                  .arg = G_OPTION_ARG_FILENAME,
                                                  .arg_data = &quantities[i].text,
                                                  .description = quantities[i].help,
                                                  .arg_description = quantities[i].unit};
    return entries;
}

bool
nsim_generate_read_quantities(const NsimCommand *command, const NsimGenerateQuantity *quantities, size_t count,
                              int *ret_status)
{
    for (size_t i = 0; i < count; i++) {
        const NsimGenerateQuantity *quantity = &quantities[i];
        if (!nsim_command_quantity(command, quantity->name, quantity->text, quantity->kind, 0, quantity->most,
                                   quantity->value, ret_status))
            return false;
    }
    return true;
}

void
nsim_generate_clear_quantities(NsimGenerateQuantity *quantities, size_t count)
{
    for (size_t i = 0; i < count; i++)
        g_clear_pointer(&quantities[i].text, g_free);
}

bool
nsim_generate_check_output(const NsimCommand *command, const char *output, int *ret_status)
{
    if (output && !nsim_cli_output_is_stdout(output))
        return true;
    *ret_status = nsim_command_misuse(command, "name the file to write with -o FILE");
    return false;
}

bool
nsim_generate_parse_theta(const char *text, double *ret)
{
    char *end;
    const double value = g_ascii_strtod(text, &end);
    if (!*text || *end || !isfinite(value))
        return false;
    *ret = value;
    return true;
}

/* ---- Patterns ------------------------------------------------------------------------------------------------------
 */

enum {
    THREADS,
    FOOTPRINT,
    RECORDS,
    LINES,
    STRIDE,
    WRITES,
    GAP,
    LINE_GAP,
    HOT,
    HOT_SHARE,
    MOVE_EVERY,
    BARRIER_EVERY,
    LEVEL,
    SEED,
    QUANTITIES
};

/* What is given as text beside the quantities. */
typedef struct {
    char *pattern, *theta, *move, *spec, *output;
    gboolean shared, private;
} Texts;

static void
texts_clear(Texts *texts)
{
    g_free(texts->pattern);
    g_free(texts->theta);
    g_free(texts->move);
    g_free(texts->spec);
    g_free(texts->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Texts, texts_clear)

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

static uint64_t
to_pages(uint64_t bytes)
{
    return bytes / NSIM_GENERATE_PAGE_BYTES + (bytes % NSIM_GENERATE_PAGE_BYTES > 0);
}

static bool
read_move(const NsimCommand *command, const char *text, uint64_t *ret_pages, int *ret_status)
{
    g_autofree char *problem = NULL;
    uint64_t bytes;
    *ret_pages = NSIM_GENERATE_JUMP;
    if (!text || g_str_equal(text, "jump"))
        return true;
    if (!nsim_quantity_parse(text, NSIM_QUANTITY_BYTES, &bytes, &problem)) {
        *ret_status = nsim_command_misuse(command, "wrong value '%s' for --move: %s, or jump", text, problem);
        return false;
    }
    *ret_pages = to_pages(bytes);
    return true;
}

/* What the quantities do not hold as it is. Into `options`, which hold the defaults. */
static bool
read_rest(const NsimCommand *command, const Texts *texts, const NsimGenerateQuantity *quantities,
          NsimGenerateOptions *options, int *ret_status)
{
    const uint64_t stride = *quantities[STRIDE].value;
    if (!read_pattern(command, texts->pattern, &options->pattern, ret_status) ||
        !read_move(command, texts->move, &options->move_pages, ret_status))
        return false;
    if (texts->theta && !nsim_generate_parse_theta(texts->theta, &options->theta)) {
        *ret_status = nsim_command_misuse(command, "wrong number '%s' for --theta", texts->theta);
        return false;
    }
    if (stride % NSIM_LINE_BYTES) {
        *ret_status = nsim_command_misuse(command, "wrong value '%s' for --stride: it must be a multiple of 64B",
                                          quantities[STRIDE].text);
        return false;
    }
    if (texts->shared && texts->private) {
        *ret_status = nsim_command_misuse(command, "--shared and --private contradict each other");
        return false;
    }
    options->threads = (uint32_t)*quantities[THREADS].value;
    options->burst_lines = (uint32_t)*quantities[LINES].value;
    options->write_ppm = (uint32_t)*quantities[WRITES].value;
    options->hot_ppm = (uint32_t)*quantities[HOT_SHARE].value;
    options->step = (uint32_t)(*quantities[LINE_GAP].value * 16);
    options->pages = to_pages(*quantities[FOOTPRINT].value);
    options->stride_lines = stride / NSIM_LINE_BYTES;
    options->shared = texts->shared;
    const uint64_t range_pages = options->shared ? options->pages : options->pages / MAX(options->threads, 1);
    options->hot_pages = quantities[HOT].text ? to_pages(*quantities[HOT].value) : MAX(range_pages / 8, 1);
    return true;
}

/* A pattern that the options name. */
static int
generate_pattern(const NsimCommand *command, const Texts *texts, const NsimGenerateQuantity *quantities)
{
    g_autoptr(GError) error = NULL;
    NsimGenerateWatch watch;
    NsimGenerateOptions options;
    int status;
    nsim_generate_options_init(&options);
    if (!read_rest(command, texts, quantities, &options, &status))
        return status;
    options.records = *quantities[RECORDS].value;
    options.gap = *quantities[GAP].value;
    options.move_every = *quantities[MOVE_EVERY].value;
    options.barrier_every = *quantities[BARRIER_EVERY].value;
    options.level = (int)*quantities[LEVEL].value;
    options.seed = *quantities[SEED].value;
    options.tick = nsim_generate_watch_tick;
    options.tick_data = &watch;
    nsim_generate_watch_begin(&watch, "runs");
    nsim_trace_generate(texts->output, &options, &error);
    return nsim_generate_watch_end(&watch, error);
}

static const uint64_t *
given(const NsimGenerateQuantity *quantity)
{
    return quantity->text ? quantity->value : NULL;
}

/* Phases and mixtures from a file. */
static int
generate_spec(const NsimCommand *command, const Texts *texts, const NsimGenerateQuantity *quantities)
{
    static const int pattern_only[] = {FOOTPRINT, LINES, STRIDE, WRITES, GAP, LINE_GAP, HOT, HOT_SHARE, MOVE_EVERY};
    const char *stray = texts->pattern   ? "pattern"
                        : texts->theta   ? "theta"
                        : texts->move    ? "move"
                        : texts->shared  ? "shared"
                        : texts->private ? "private"
                                         : NULL;
    for (size_t i = 0; !stray && i < G_N_ELEMENTS(pattern_only); i++)
        stray = quantities[pattern_only[i]].text ? quantities[pattern_only[i]].name : NULL;
    if (stray)
        return nsim_command_misuse(command, "--%s belongs into the file when there is --spec", stray);
    g_autoptr(GError) error = NULL;
    const NsimSpecOverrides overrides = {.threads = given(&quantities[THREADS]),
                                         .records = given(&quantities[RECORDS]),
                                         .barrier_every = given(&quantities[BARRIER_EVERY]),
                                         .seed = given(&quantities[SEED])};
    if (!nsim_cli_input_check(texts->spec, &error))
        return nsim_cli_fail(error);
    g_autoptr(NsimSpecFile) file = nsim_spec_file_load(texts->spec, &overrides, &error);
    if (!file)
        return nsim_cli_fail(error);
    NsimGenerateSpec spec = nsim_spec_file_spec(file);
    NsimGenerateWatch watch;
    spec.level = (int)*quantities[LEVEL].value;
    spec.tick = nsim_generate_watch_tick;
    spec.tick_data = &watch;
    nsim_generate_watch_begin(&watch, "runs");
    nsim_trace_generate_spec(texts->output, &spec, &error);
    return nsim_generate_watch_end(&watch, error);
}

static int
generate(int argc, char **argv, Texts *texts, NsimGenerateQuantity *quantities)
{
    const GOptionEntry others[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &texts->output, "write the trace to FILE (needed)", "FILE"},
        {"pattern", 0, 0, G_OPTION_ARG_FILENAME, &texts->pattern,
         "zipf (default), uniform, sequential, stride, chase (each run waits for the one before) or hotset", "PATTERN"},
        {"theta", 0, 0, G_OPTION_ARG_FILENAME, &texts->theta, "zipf: skew (default 0.99)", "X"},
        {"move", 0, 0, G_OPTION_ARG_FILENAME, &texts->move,
         "hotset: how far the window moves, or jump: to a new place at random (default)", "BYTES"},
        {"shared", 0, 0, G_OPTION_ARG_NONE, &texts->shared, "all threads use the whole footprint", NULL},
        {"private", 0, 0, G_OPTION_ARG_NONE, &texts->private, "each thread has an equal part of the footprint", NULL},
        {"spec", 0, 0, G_OPTION_ARG_FILENAME, &texts->spec, "phases and mixtures of patterns from a YAML file", "FILE"},
        G_OPTION_ENTRY_NULL};
    g_autofree GOptionEntry *entries = nsim_generate_entries(quantities, QUANTITIES, others);
    const NsimCommand command = {
        .name = "numasim trace generate",
        .synopsis = "[transformer] -o FILE [OPTION]...",
        .summary = "Make a synthetic trace. The same options give the same file everywhere.",
        .entries = entries,
        .epilogue = "'numasim trace generate transformer --help' has the options of a model's traces.\n"};
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 0, 0, &status) ||
        !nsim_generate_read_quantities(&command, quantities, QUANTITIES, &status) ||
        !nsim_generate_check_output(&command, texts->output, &status))
        return status;
    return texts->spec ? generate_spec(&command, texts, quantities) : generate_pattern(&command, texts, quantities);
}

int
nsim_cmd_trace_generate(int argc, char **argv)
{
    if (argc > 1 && g_str_equal(argv[1], "transformer"))
        return nsim_cmd_trace_generate_transformer(argc - 1, argv + 1);
    NsimGenerateOptions defaults;
    nsim_generate_options_init(&defaults);
    uint64_t values[QUANTITIES] = {[THREADS] = defaults.threads,
                                   [FOOTPRINT] = defaults.pages * NSIM_GENERATE_PAGE_BYTES,
                                   [RECORDS] = defaults.records,
                                   [LINES] = defaults.burst_lines,
                                   [STRIDE] = defaults.stride_lines * NSIM_LINE_BYTES,
                                   [GAP] = defaults.gap,
                                   [HOT_SHARE] = defaults.hot_ppm,
                                   [LEVEL] = (uint64_t)defaults.level,
                                   [SEED] = defaults.seed};
    const uint64_t bytes_most = NSIM_GENERATE_PAGES_MAX * NSIM_GENERATE_PAGE_BYTES;
    NsimGenerateQuantity quantities[QUANTITIES] = {
        [THREADS] = {"threads", NSIM_QUANTITY_COUNT, NSIM_TRACE_THREADS_MAX, NULL, "N", "threads (default 1)", NULL},
        [FOOTPRINT] = {"footprint", NSIM_QUANTITY_BYTES, bytes_most, NULL, "BYTES",
                       "memory of all threads together (default 4MiB), rounded up to 4KiB", NULL},
        [RECORDS] = {"records", NSIM_QUANTITY_COUNT, UINT64_MAX, NULL, "N",
                     "runs of lines of all threads together (default 1M)", NULL},
        [LINES] = {"lines", NSIM_QUANTITY_COUNT, NSIM_TRACE_RUN_LINES_MAX, NULL, "N",
                   "cache lines of a run (default 1)", NULL},
        [STRIDE] = {"stride", NSIM_QUANTITY_BYTES, UINT64_MAX, NULL, "BYTES", "stride: distance of run starts", NULL},
        [WRITES] = {"writes", NSIM_QUANTITY_RATIO, 1000000, NULL, "RATIO", "share of runs that write (default 0%)",
                    NULL},
        [GAP] = {"gap", NSIM_QUANTITY_TIME, UINT64_MAX, NULL, "TIME", "compute before each run (default 1ns)", NULL},
        [LINE_GAP] = {"line-gap", NSIM_QUANTITY_TIME, 65535 / 16, NULL, "TIME",
                      "compute between lines of a run (default 0ns)", NULL},
        [HOT] = {"hot", NSIM_QUANTITY_BYTES, bytes_most, NULL, "BYTES",
                 "hotset: size of the window (default an eighth of a thread's range)", NULL},
        [HOT_SHARE] = {"hot-share", NSIM_QUANTITY_RATIO, 1000000, NULL, "RATIO",
                       "hotset: share of the runs that lie in it (default 90%)", NULL},
        [MOVE_EVERY] = {"move-every", NSIM_QUANTITY_COUNT, UINT64_MAX, NULL, "N",
                        "hotset: a thread's runs before the window moves (default: never)", NULL},
        [BARRIER_EVERY] = {"barrier-every", NSIM_QUANTITY_COUNT, UINT64_MAX, NULL, "N",
                           "all threads meet after so many of their runs (default: never)", NULL},
        [LEVEL] = {"level", NSIM_QUANTITY_COUNT, 19, NULL, "N", "zstd level, 0 stores uncompressed", NULL},
        [SEED] = {"seed", NSIM_QUANTITY_COUNT, UINT64_MAX, NULL, "N", "of the random stream", NULL},
    };
    g_auto(Texts) texts = {0};
    for (unsigned i = 0; i < QUANTITIES; i++)
        quantities[i].value = &values[i];
    const int status = generate(argc, argv, &texts, quantities);
    nsim_generate_clear_quantities(quantities, QUANTITIES);
    return status;
}
