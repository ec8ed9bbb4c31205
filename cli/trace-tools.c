/* SPDX-License-Identifier: MIT */
/* numasim trace cut, filter, sample, merge and anonymise: new traces from traces. */
#include <cli/cli.h>

#include <traces/tool-anonymise.h>
#include <traces/tool-cut.h>
#include <traces/tool-filter.h>
#include <traces/tool-merge.h>
#include <traces/tool-sample.h>

#include <stdio.h>
#include <string.h>

#define LEVEL_DEFAULT 3

/* ---- What the commands share ---------------------------------------------------------------------------------------
 */

static bool
read_level(const NsimCommand *command, const char *text, int *ret, int *ret_status)
{
    uint64_t level = LEVEL_DEFAULT;
    if (!nsim_command_quantity(command, "level", text, NSIM_QUANTITY_COUNT, 0, 19, &level, ret_status))
        return false;
    *ret = (int)level;
    return true;
}

/* Parse options and operands, and ask for an output. */
static bool
begin_command(const NsimCommand *command, int *argc, char ***argv, int most, char *const *output, int *ret_status)
{
    if (!nsim_command_parse(command, argc, argv, ret_status) ||
        !nsim_command_operands(command, *argc, *argv, 1, most, ret_status))
        return false;
    if (!nsim_cli_output_is_stdout(*output))
        return true;
    *ret_status = nsim_command_misuse(command, "name the file to write with -o FILE");
    return false;
}

/* (transfer full) */
static NsimTrace *
open_trace(const char *path, GError **error)
{
    return nsim_cli_input_check(path, error) ? nsim_trace_open(path, error) : NULL;
}

/* Of a trace that could be opened a limit is one that an option exceeds. */
static int
finish(bool ok, const GError *error)
{
    if (ok)
        return NSIM_EXIT_OK;
    const int status = nsim_cli_fail(error);
    return g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT) ? NSIM_EXIT_USAGE : status;
}

#define OUTPUT_ENTRY(output)                                                                                           \
    {                                                                                                                  \
        "output", 'o', 0, G_OPTION_ARG_FILENAME, output, "write the trace to FILE (needed)", "FILE"                    \
    }
#define LEVEL_ENTRY(level)                                                                                             \
    {                                                                                                                  \
        "level", 0, 0, G_OPTION_ARG_FILENAME, level, "zstd level (default 3), 0 stores uncompressed", "N"              \
    }

/* ---- cut -----------------------------------------------------------------------------------------------------------
 */

typedef struct {
    char *output, *from, *to, *from_mark, *to_mark, *records, *threads, *regions, *level;
} CutTexts;

static void
clear_cut_texts(CutTexts *texts)
{
    char **const all[] = {&texts->output,  &texts->from,    &texts->to,      &texts->from_mark, &texts->to_mark,
                          &texts->records, &texts->threads, &texts->regions, &texts->level};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        g_free(*all[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CutTexts, clear_cut_texts)

/* "token@3": the third time. The name replaces `text`. */
static bool
read_mark(const NsimCommand *command, const char *option, char *text, uint64_t *ret_pass, int *ret_status)
{
    char *at = text != NULL ? strrchr(text, '@') : NULL;
    if (at == NULL)
        return true;
    if (!nsim_command_quantity(command, option, at + 1, NSIM_QUANTITY_COUNT, 0, UINT64_MAX, ret_pass, ret_status))
        return false;
    if (*ret_pass == 0) {
        *ret_status =
            nsim_command_misuse(command, "wrong value '%s' for --%s: passes are counted from 1", text, option);
        return false;
    }
    *at = '\0';
    return true;
}

/* "1000-2000", "1000-" or "-2000": from, and up to but without. */
static bool
read_records(const NsimCommand *command, const char *text, NsimCutOptions *options, int *ret_status)
{
    if (text == NULL)
        return true;
    const char *dash = strchr(text, '-');
    g_autofree char *from = dash != NULL && dash > text ? g_strndup(text, (gsize)(dash - text)) : NULL;
    if (dash == NULL) {
        *ret_status =
            nsim_command_misuse(command, "wrong value '%s' for --records: FROM-TO, FROM- or -TO is allowed", text);
        return false;
    }
    return nsim_command_quantity(command, "records", from, NSIM_QUANTITY_COUNT, 0, UINT64_MAX, &options->from_record,
                         ret_status) &&
           nsim_command_quantity(command, "records", dash[1] != '\0' ? dash + 1 : NULL, NSIM_QUANTITY_COUNT, 0, UINT64_MAX,
                         &options->to_record, ret_status);
}

/* "0,2-3" into a flag for each thread; NULL when wrong. */
static bool *
read_threads(const NsimCommand *command, const char *text, uint32_t count, int *ret_status)
{
    g_autofree bool *chosen = g_new0(bool, (size_t)count + 1);
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (size_t i = 0; parts[i] != NULL; i++) {
        uint64_t first, last;
        char *dash = strchr(parts[i], '-');
        if (dash != NULL)
            *dash = '\0';
        if (!g_ascii_string_to_unsigned(parts[i], 10, 0, UINT32_MAX, &first, NULL) ||
            (dash != NULL && !g_ascii_string_to_unsigned(dash + 1, 10, 0, UINT32_MAX, &last, NULL))) {
            *ret_status = nsim_command_misuse(
                command, "wrong value '%s' for --threads: numbers and ranges are allowed, as in 0,2-3", text);
            return NULL;
        }
        last = dash != NULL ? last : first;
        if (last >= count || first > last) {
            *ret_status =
                nsim_command_misuse(command, "wrong value '%s' for --threads: the trace has 0 to %u", text, count - 1);
            return NULL;
        }
        for (uint64_t j = first; j <= last; j++)
            chosen[j] = true;
    }
    return g_steal_pointer(&chosen);
}

/* "weights,kv-cache" into a flag for each region; NULL when wrong. */
static bool *
read_regions(const NsimCommand *command, const char *text, const NsimTraceInfo *info, int *ret_status)
{
    g_autofree bool *chosen = g_new0(bool, (size_t)info->region_count + 1);
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (size_t i = 0; parts[i] != NULL; i++) {
        bool found = false;
        for (uint32_t j = 0; j < info->region_count; j++) {
            if (g_str_equal(info->regions[j].name, parts[i]))
                chosen[j] = found = true;
        }
        if (found)
            continue;
        g_autoptr(GString) names = g_string_new(NULL);
        for (uint32_t j = 0; j < MIN(info->region_count, 32u); j++)
            g_string_append_printf(names, "%s%s", j > 0 ? ", " : "", info->regions[j].name);
        *ret_status = nsim_command_misuse(command, "unknown region '%s' for --regions; there are: %s", parts[i],
                                          info->region_count > 0 ? names->str : "none");
        return NULL;
    }
    return g_steal_pointer(&chosen);
}

static int
cut_trace(const NsimCommand *command, CutTexts *texts, NsimCutOptions *options, const char *input)
{
    int status;
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = open_trace(input, &error);
    if (trace == NULL)
        return nsim_cli_fail(error);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    g_autofree bool *threads =
        texts->threads != NULL ? read_threads(command, texts->threads, info->thread_count, &status) : NULL;
    if (texts->threads != NULL && threads == NULL)
        return status;
    g_autofree bool *regions = texts->regions != NULL ? read_regions(command, texts->regions, info, &status) : NULL;
    if (texts->regions != NULL && regions == NULL)
        return status;
    options->threads = threads;
    options->regions = regions;
    g_autoptr(NsimTraceJob) job = nsim_trace_job_new("cutting");
    const bool ok = nsim_trace_cut(texts->output, trace, options, nsim_trace_job_tick(job), &error);
    g_clear_pointer(&job, nsim_trace_job_free);
    return finish(ok, error);
}

int
nsim_cmd_trace_cut(int argc, char **argv)
{
    g_auto(CutTexts) texts = {0};
    const GOptionEntry entries[] = {
        OUTPUT_ENTRY(&texts.output),
        {"from", 0, 0, G_OPTION_ARG_FILENAME, &texts.from, "from this clock on, at the declared rate", "TIME"},
        {"to", 0, 0, G_OPTION_ARG_FILENAME, &texts.to, "to before this clock", "TIME"},
        {"from-mark", 0, 0, G_OPTION_ARG_FILENAME, &texts.from_mark,
         "from the N-th time that MARK is passed (default 1)", "MARK[@N]"},
        {"to-mark", 0, 0, G_OPTION_ARG_FILENAME, &texts.to_mark, "to before the N-th time that MARK is passed",
         "MARK[@N]"},
        {"records", 0, 0, G_OPTION_ARG_FILENAME, &texts.records, "of each thread, from one number to before another",
         "FROM-TO"},
        {"threads", 0, 0, G_OPTION_ARG_FILENAME, &texts.threads, "only these threads, as in 0,2-3", "LIST"},
        {"regions", 0, 0, G_OPTION_ARG_FILENAME, &texts.regions, "only lines in these regions", "NAME,..."},
        LEVEL_ENTRY(&texts.level),
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace cut",
                                 .synopsis = "-o FILE [OPTION]... IN",
                                 .summary = "Take a part of a trace: what lies in all of the limits given.",
                                 .entries = entries};
    NsimCutOptions options;
    int status;
    nsim_cut_options_init(&options);
    if (!begin_command(&command, &argc, &argv, 1, &texts.output, &status) ||
        !nsim_command_quantity(&command, "from", texts.from, NSIM_QUANTITY_TIME, 0, UINT64_MAX, &options.from_ps, &status) ||
        !nsim_command_quantity(&command, "to", texts.to, NSIM_QUANTITY_TIME, 0, UINT64_MAX, &options.to_ps, &status) ||
        !read_mark(&command, "from-mark", texts.from_mark, &options.from_pass, &status) ||
        !read_mark(&command, "to-mark", texts.to_mark, &options.to_pass, &status) ||
        !read_records(&command, texts.records, &options, &status) ||
        !read_level(&command, texts.level, &options.level, &status))
        return status;
    if ((texts.from != NULL && texts.from_mark != NULL) || (texts.to != NULL && texts.to_mark != NULL))
        return nsim_command_misuse(&command, "a time and a mark for the same end contradict each other");
    options.from_mark = texts.from_mark;
    options.to_mark = texts.to_mark;
    return cut_trace(&command, &texts, &options, argv[1]);
}

/* ---- filter --------------------------------------------------------------------------------------------------------
 */

static bool
read_cache_key(const NsimCommand *command, const char *key, const char *value, NsimCacheLevel *level, int *ret_status)
{
    uint64_t number = 0;
    if (g_str_equal(key, "policy")) {
        if (g_str_equal(value, "lru") || g_str_equal(value, "plru")) {
            level->policy = g_str_equal(value, "lru") ? NSIM_CACHE_LRU : NSIM_CACHE_PLRU;
            return true;
        }
        *ret_status = nsim_command_misuse(command, "unknown policy '%s' for --cache; allowed: lru, plru", value);
        return false;
    }
    const bool is_line = g_str_equal(key, "line");
    if (!is_line && !g_str_equal(key, "ways") && !g_str_equal(key, "threads")) {
        *ret_status =
            nsim_command_misuse(command, "unknown key '%s' for --cache; allowed: ways, line, policy, threads", key);
        return false;
    }
    if (!nsim_command_quantity(command, "cache", value, is_line ? NSIM_QUANTITY_BYTES : NSIM_QUANTITY_COUNT, 0, UINT32_MAX,
                       &number, ret_status))
        return false;
    *(is_line ? &level->line_bytes : g_str_equal(key, "ways") ? &level->ways : &level->threads) = (uint32_t)number;
    return true;
}

/* "32MiB,ways=16,line=64B,policy=lru,threads=4" */
static bool
read_cache(const NsimCommand *command, const char *text, NsimCacheLevel *level, int *ret_status)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    *level = (NsimCacheLevel){.ways = 16, .line_bytes = NSIM_LINE_BYTES, .policy = NSIM_CACHE_LRU};
    if (parts[0] == NULL) {
        *ret_status = nsim_command_misuse(command, "wrong value '' for --cache: SIZE[,KEY=VALUE]... is allowed");
        return false;
    }
    if (!nsim_command_quantity(command, "cache", parts[0], NSIM_QUANTITY_BYTES, 0, UINT64_MAX, &level->bytes, ret_status))
        return false;
    for (size_t i = 1; parts[i] != NULL; i++) {
        char *equals = strchr(parts[i], '=');
        if (equals == NULL) {
            *ret_status =
                nsim_command_misuse(command, "wrong value '%s' for --cache: SIZE[,KEY=VALUE]... is allowed", text);
            return false;
        }
        *equals = '\0';
        if (!read_cache_key(command, parts[i], equals + 1, level, ret_status))
            return false;
    }
    return true;
}

static int
filter_trace(const char *output, const NsimFilterOptions *options, const char *input)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = open_trace(input, &error);
    if (trace == NULL)
        return nsim_cli_fail(error);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    if (info->filtered && !options->again) {
        nsim_cli_complain("'%s' is filtered already (%s); --force-again puts what is left through more caches", input,
                          info->filter);
        return NSIM_EXIT_USAGE;
    }
    g_autoptr(NsimTraceJob) job = nsim_trace_job_new("filtering");
    const bool ok = nsim_trace_filter(output, trace, options, nsim_trace_job_tick(job), &error);
    g_clear_pointer(&job, nsim_trace_job_free);
    return finish(ok, error);
}

int
nsim_cmd_trace_filter(int argc, char **argv)
{
    g_autofree char *output = NULL, *level = NULL;
    g_auto(GStrv) caches = NULL;
    gboolean again = FALSE;
    const GOptionEntry entries[] = {
        OUTPUT_ENTRY(&output),
        {"cache", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &caches,
         "a level, the one next to the threads first (needed); keys: ways (default 16), line (64B), policy (lru or "
         "plru), threads (how many share one; default all)",
         "SIZE[,KEY=VALUE]..."},
        {"force-again", 0, 0, G_OPTION_ARG_NONE, &again, "also a trace that a cache has filtered already", NULL},
        LEVEL_ENTRY(&level),
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace filter",
                                 .synopsis = "-o FILE --cache SIZE[,KEY=VALUE]... [OPTION]... IN",
                                 .summary = "Put a trace through caches: what is left is what reaches memory.",
                                 .entries = entries};
    NsimFilterOptions options = {0};
    int status;
    if (!begin_command(&command, &argc, &argv, 1, &output, &status) ||
        !read_level(&command, level, &options.level, &status))
        return status;
    if (caches == NULL)
        return nsim_command_misuse(&command, "name at least one cache with --cache");
    for (; caches[options.level_count] != NULL; options.level_count++) {
        if (options.level_count == NSIM_CACHE_LEVELS_MAX)
            return nsim_command_misuse(&command, "more than %u caches", NSIM_CACHE_LEVELS_MAX);
        if (!read_cache(&command, caches[options.level_count], &options.levels[options.level_count], &status))
            return status;
    }
    options.again = again;
    return filter_trace(output, &options, argv[1]);
}

/* ---- sample --------------------------------------------------------------------------------------------------------
 */

static int
sample_trace(const char *output, const NsimSampleOptions *options, const char *input)
{
    NsimSampleReport report;
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = open_trace(input, &error);
    if (trace == NULL)
        return nsim_cli_fail(error);
    g_autoptr(NsimTraceJob) job = nsim_trace_job_new("sampling");
    const bool ok = nsim_trace_sample(output, trace, options, nsim_trace_job_tick(job), &report, &error);
    g_clear_pointer(&job, nsim_trace_job_free);
    if (!ok)
        return finish(ok, error);
    g_autofree char *described = nsim_sample_report_describe(&report);
    g_autofree char *line = g_strconcat(described, "\n", NULL);
    return nsim_cli_output_finish(NULL, line);
}

int
nsim_cmd_trace_sample(int argc, char **argv)
{
    g_autofree char *output = NULL, *rate = NULL, *page = NULL, *seed = NULL, *level = NULL;
    const GOptionEntry entries[] = {
        OUTPUT_ENTRY(&output),
        {"rate", 0, 0, G_OPTION_ARG_FILENAME, &rate, "share of the pages that is kept (needed), as in 5%", "RATIO"},
        {"page", 0, 0, G_OPTION_ARG_FILENAME, &page, "of so many bytes: 4KiB (default) to 2MiB", "BYTES"},
        {"seed", 0, 0, G_OPTION_ARG_FILENAME, &seed, "another seed chooses other pages", "N"},
        LEVEL_ENTRY(&level),
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace sample",
                                 .synopsis = "-o FILE --rate RATIO [OPTION]... IN",
                                 .summary = "Take a part of the pages, with all that happens to them, and print the "
                                            "error that this introduces.",
                                 .entries = entries};
    NsimSampleOptions options = {0};
    uint64_t rate_ppm = 0, page_bytes = 4096;
    int status;
    if (!begin_command(&command, &argc, &argv, 1, &output, &status) ||
        !nsim_command_quantity(&command, "rate", rate, NSIM_QUANTITY_RATIO, 0, NSIM_SAMPLE_ALL, &rate_ppm, &status) ||
        !nsim_command_quantity(&command, "page", page, NSIM_QUANTITY_BYTES, 0, 2u << 20, &page_bytes, &status) ||
        !nsim_command_quantity(&command, "seed", seed, NSIM_QUANTITY_COUNT, 0, UINT64_MAX, &options.seed, &status) ||
        !read_level(&command, level, &options.level, &status))
        return status;
    if (rate_ppm == 0)
        return nsim_command_misuse(&command, "name the share of the pages to keep with --rate, above 0");
    if (page_bytes < 4096 || (page_bytes & (page_bytes - 1)) != 0)
        return nsim_command_misuse(&command, "wrong value '%s' for --page: a power of two from 4KiB to 2MiB", page);
    options.rate_ppm = (uint32_t)rate_ppm;
    options.page_shift = (unsigned)__builtin_ctzll(page_bytes);
    return sample_trace(output, &options, argv[1]);
}

/* ---- merge ---------------------------------------------------------------------------------------------------------
 */

/* The file's name without folder and ending; with a number when an earlier one has it. (transfer full) */
static char *
make_label(const char *path, const GPtrArray *before)
{
    g_autofree char *base = g_path_get_basename(path);
    char *dot = strrchr(base, '.');
    if (dot != NULL && dot != base)
        *dot = '\0';
    for (guint i = 0; i < before->len; i++)
        if (g_str_equal(g_ptr_array_index(before, i), base))
            return g_strdup_printf("%s.%u", base, before->len);
    return g_strdup(base);
}

static int
merge_traces(const char *output, const NsimMergeOptions *options, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) traces = g_ptr_array_new_with_free_func((GDestroyNotify)nsim_trace_unref);
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
    for (int i = 1; i < argc; i++) {
        NsimTrace *trace = open_trace(argv[i], &error);
        if (trace == NULL)
            return nsim_cli_fail(error);
        g_ptr_array_add(traces, trace);
        g_ptr_array_add(labels, make_label(argv[i], labels));
    }
    g_autoptr(NsimTraceJob) job = nsim_trace_job_new("merging");
    const bool ok = nsim_trace_merge(output, (NsimTrace *const *)traces->pdata, (const char *const *)labels->pdata,
                                     traces->len, options, nsim_trace_job_tick(job), &error);
    g_clear_pointer(&job, nsim_trace_job_free);
    return finish(ok, error);
}

int
nsim_cmd_trace_merge(int argc, char **argv)
{
    g_autofree char *output = NULL, *level = NULL;
    gboolean same_space = FALSE;
    const GOptionEntry entries[] = {OUTPUT_ENTRY(&output),
                                    {"same-space", 0, 0, G_OPTION_ARG_NONE, &same_space,
                                     "the traces are of one address space: leave overlapping ones where they are",
                                     NULL},
                                    LEVEL_ENTRY(&level),
                                    G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace merge",
                                 .synopsis = "-o FILE [OPTION]... IN...",
                                 .summary = "Put the threads of several traces into one, all beginning at once.",
                                 .entries = entries};
    NsimMergeOptions options = {0};
    int status;
    if (!begin_command(&command, &argc, &argv, NSIM_MERGE_TRACES_MAX, &output, &status) ||
        !read_level(&command, level, &options.level, &status))
        return status;
    options.same_space = same_space;
    return merge_traces(output, &options, argc, argv);
}

/* ---- anonymise -----------------------------------------------------------------------------------------------------
 */

int
nsim_cmd_trace_anonymise(int argc, char **argv)
{
    g_autofree char *output = NULL, *seed = NULL, *level = NULL;
    const GOptionEntry entries[] = {
        OUTPUT_ENTRY(&output),
        {"shuffle", 0, 0, G_OPTION_ARG_FILENAME, &seed,
         "also shuffle regions that are apart, and the 2 MiB frames of a region; keep the seed to yourself", "SEED"},
        LEVEL_ENTRY(&level),
        G_OPTION_ENTRY_NULL};
    const NsimCommand command = {.name = "numasim trace anonymise",
                                 .synopsis = "-o FILE [OPTION]... IN",
                                 .summary = "Take names and places out of a trace; pages and neighbourhood stay.",
                                 .entries = entries};
    NsimAnonymiseOptions options = {0};
    int status;
    if (!begin_command(&command, &argc, &argv, 1, &output, &status) ||
        !nsim_command_quantity(&command, "shuffle", seed, NSIM_QUANTITY_COUNT, 0, UINT64_MAX, &options.seed, &status) ||
        !read_level(&command, level, &options.level, &status))
        return status;
    options.shuffle = seed != NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = open_trace(argv[1], &error);
    if (trace == NULL)
        return nsim_cli_fail(error);
    g_autoptr(NsimTraceJob) job = nsim_trace_job_new("anonymising");
    const bool ok = nsim_trace_anonymise(output, trace, &options, nsim_trace_job_tick(job), &error);
    g_clear_pointer(&job, nsim_trace_job_free);
    return finish(ok, error);
}
