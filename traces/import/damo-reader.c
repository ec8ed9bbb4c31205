/* SPDX-License-Identifier: MIT */
/* The two readers of damo-reader.h. Both gather ranges in a draft and hand it on when the snapshot is complete. */
#include <traces/import/damo-reader.h>

#include <stdarg.h>
#include <traces/import/json-stream.h>
#include <traces/import/text.h>
#include <traces/trace.h>

#define DEFAULT_SAMPLES UINT64_C(20)
#define DEFAULT_INTERVAL_NS UINT64_C(100000000)
/* Other events may come before the first one of ours. */
#define PROBE_LINES 2000u
/* Of a key or number: longer ones are none that are looked for. */
#define WORD_BYTES 64u

static const char aggregated[] = "damon_aggregated:";
static const char tune[] = "damon_monitor_intervals_tune:";

/* One range as it was read; samples -1: not said. */
typedef struct {
    uint64_t start, end;
    int64_t samples, percent;
} Draft;

typedef struct {
    const NsimDamoOptions *options;
    NsimDamoSink sink;
    void *context;
    GArray *ranges; /* of NsimDamoRange, reused */
} Output;

/* What checks in the interval there were. */
static uint64_t
samples_of(const Output *output, uint64_t interval_ns, uint64_t sample_ns)
{
    if (output->options->samples_max > 0)
        return output->options->samples_max;
    return sample_ns > 0 ? MAX(interval_ns / sample_ns, 1) : DEFAULT_SAMPLES;
}

static uint32_t
ppm_of(const Draft *draft, uint64_t samples)
{
    uint64_t ppm = 0;
    if (draft->samples > 0)
        ppm = MIN((uint64_t)draft->samples, samples) * NSIM_DAMO_RATES_PPM / samples;
    else if (draft->samples < 0 && draft->percent > 0)
        ppm = MIN((uint64_t)draft->percent, 100) * (NSIM_DAMO_RATES_PPM / 100);
    return (uint32_t)ppm;
}

/* `sample_ns` 0: not known. Snapshots without ranges, and damo's mark of an end, a range of no bytes, are dropped. */
static bool
hand_on(Output *output, uint32_t target, uint64_t start_ns, uint64_t end_ns, uint64_t sample_ns, const GArray *drafts,
        GError **error)
{
    const uint64_t interval_ns = end_ns - start_ns, samples = samples_of(output, interval_ns, sample_ns);
    g_array_set_size(output->ranges, 0);
    for (guint i = 0; i < drafts->len; i++) {
        const Draft *draft = &g_array_index(drafts, Draft, i);
        const NsimDamoRange range = {draft->start, draft->end - draft->start, ppm_of(draft, samples)};
        if (range.bytes > 0)
            g_array_append_val(output->ranges, range);
    }
    if (output->ranges->len == 0 || interval_ns == 0)
        return true;
    const NsimDamoSnapshot snapshot = {.target = target,
                                       .start_ns = start_ns,
                                       .end_ns = end_ns,
                                       .sample_ns = MAX(interval_ns / samples, 1),
                                       .range_count = output->ranges->len,
                                       .ranges = (const NsimDamoRange *)(const void *)output->ranges->data};
    return output->sink(output->context, &snapshot, error);
}

static bool bad(const Output *output, uint64_t line, GError **error, const char *format, ...) G_GNUC_PRINTF(4, 5);

static bool
bad(const Output *output, uint64_t line, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT, "%s:%" G_GUINT64_FORMAT ": %s",
                output->options->path, line, what);
    return false;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

typedef struct {
    Output *output;
    NsimJsonStream json;
    uint32_t target;
    uint64_t sample_ns, aggregation_ns; /* of the record; 0: not said */
    /* of the snapshot */
    uint64_t start_ns, end_ns, own_sample_ns;
    GArray *drafts;
} JsonReader;

/* A number, or a text of one, with commas between the digits; or null. False with `error`. */
static bool
read_number(JsonReader *reader, const char *key, bool *ret_is_null, int64_t *ret_number, GError **error)
{
    char word[WORD_BYTES];
    uint64_t value = 0;
    if (!nsim_json_stream_scalar(&reader->json, word, sizeof word, error))
        return false;
    *ret_is_null = strcmp(word, "null") == 0;
    if (*ret_is_null)
        return true;
    const bool negative = word[0] == '-';
    bool good = word[negative] != '\0';
    for (const char *at = word + negative; *at != '\0' && good; at++) {
        if (*at == ',')
            continue;
        good = *at >= '0' && *at <= '9' && !__builtin_mul_overflow(value, 10u, &value) &&
               !__builtin_add_overflow(value, (uint64_t)(*at - '0'), &value);
    }
    if (!good || (negative && value > INT64_MAX))
        return bad(reader->output, reader->json.line, error,
                   "%s '%s' is not a plain number (let damo write raw numbers: --raw_number)", key, word);
    *ret_number = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* A number that is not negative; null leaves it as it is. */
static bool
read_count(JsonReader *reader, const char *key, uint64_t *number, GError **error)
{
    int64_t value = 0;
    bool is_null;
    if (!read_number(reader, key, &is_null, &value, error))
        return false;
    if (!is_null)
        *number = (uint64_t)value; /* what is written without a sign may use all 64 bits */
    return true;
}

static bool
read_accesses(JsonReader *reader, Draft *draft, GError **error)
{
    char key[WORD_BYTES];
    bool is_null;
    if (!nsim_json_stream_is_next(&reader->json, '{', error))
        return *error == NULL && read_number(reader, "nr_accesses", &is_null, &draft->samples, error);
    for (bool first = true; nsim_json_stream_key(&reader->json, &first, key, sizeof key, error);) {
        int64_t *number = strcmp(key, "samples") == 0   ? &draft->samples
                          : strcmp(key, "percent") == 0 ? &draft->percent
                                                        : NULL;
        if (number != NULL ? !read_number(reader, key, &is_null, number, error)
                           : !nsim_json_stream_skip(&reader->json, error))
            return false;
    }
    return *error == NULL;
}

static bool
read_region(JsonReader *reader, GError **error)
{
    Draft draft = {.samples = -1, .percent = -1};
    char key[WORD_BYTES];
    for (bool first = true; nsim_json_stream_key(&reader->json, &first, key, sizeof key, error);) {
        bool good;
        if (strcmp(key, "start") == 0)
            good = read_count(reader, key, &draft.start, error);
        else if (strcmp(key, "end") == 0)
            good = read_count(reader, key, &draft.end, error);
        else if (strcmp(key, "nr_accesses") == 0)
            good = read_accesses(reader, &draft, error);
        else
            good = nsim_json_stream_skip(&reader->json, error);
        if (!good)
            return false;
    }
    if (*error != NULL)
        return false;
    if (draft.end < draft.start)
        return bad(reader->output, reader->json.line, error,
                   "range from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT ": it ends before it starts", draft.start,
                   draft.end);
    if (reader->drafts->len >= NSIM_DAMO_RANGES_MAX)
        return bad(reader->output, reader->json.line, error, "more than %u ranges in a snapshot", NSIM_DAMO_RANGES_MAX);
    g_array_append_val(reader->drafts, draft);
    return true;
}

typedef bool (*ReadElement)(JsonReader *reader, GError **error);

static bool
read_list(JsonReader *reader, ReadElement read, GError **error)
{
    for (bool first = true; nsim_json_stream_element(&reader->json, &first, error);)
        if (!read(reader, error))
            return false;
    return *error == NULL;
}

static bool
read_snapshot(JsonReader *reader, GError **error)
{
    char key[WORD_BYTES];
    reader->start_ns = reader->end_ns = reader->own_sample_ns = 0;
    g_array_set_size(reader->drafts, 0);
    for (bool first = true; nsim_json_stream_key(&reader->json, &first, key, sizeof key, error);) {
        bool good;
        if (strcmp(key, "start_time") == 0)
            good = read_count(reader, key, &reader->start_ns, error);
        else if (strcmp(key, "end_time") == 0)
            good = read_count(reader, key, &reader->end_ns, error);
        else if (strcmp(key, "sample_interval_us") == 0) /* is written in nanoseconds, whatever its name says */
            good = read_count(reader, key, &reader->own_sample_ns, error);
        else if (strcmp(key, "regions") == 0)
            good = read_list(reader, read_region, error);
        else
            good = nsim_json_stream_skip(&reader->json, error);
        if (!good)
            return false;
    }
    if (*error != NULL)
        return false;
    if (reader->end_ns < reader->start_ns)
        return bad(reader->output, reader->json.line, error,
                   "snapshot from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " ns: it ends before it starts",
                   reader->start_ns, reader->end_ns);
    uint64_t sample_ns = reader->own_sample_ns;
    /* An interval is never exactly as long as it should be: count what was configured. */
    if (sample_ns == 0 && reader->sample_ns > 0 && reader->aggregation_ns >= reader->sample_ns) {
        const uint64_t samples = reader->aggregation_ns / reader->sample_ns;
        sample_ns = MAX((reader->end_ns - reader->start_ns) / samples, 1);
    }
    return hand_on(reader->output, reader->target, reader->start_ns, reader->end_ns, sample_ns, reader->drafts, error);
}

static bool
read_intervals(JsonReader *reader, GError **error)
{
    char key[WORD_BYTES];
    uint64_t sample_us = 0, aggregation_us = 0;
    if (!nsim_json_stream_is_next(&reader->json, '{', error))
        return *error == NULL && nsim_json_stream_skip(&reader->json, error);
    for (bool first = true; nsim_json_stream_key(&reader->json, &first, key, sizeof key, error);) {
        bool good;
        if (strcmp(key, "sample_us") == 0)
            good = read_count(reader, key, &sample_us, error);
        else if (strcmp(key, "aggr_us") == 0)
            good = read_count(reader, key, &aggregation_us, error);
        else
            good = nsim_json_stream_skip(&reader->json, error);
        if (!good)
            return false;
    }
    if (*error != NULL)
        return false;
    if (__builtin_mul_overflow(sample_us, 1000u, &reader->sample_ns) ||
        __builtin_mul_overflow(aggregation_us, 1000u, &reader->aggregation_ns))
        return bad(reader->output, reader->json.line, error, "interval of more than 2^64 ns");
    return true;
}

static bool
read_record(JsonReader *reader, GError **error)
{
    char key[WORD_BYTES];
    reader->sample_ns = reader->aggregation_ns = 0;
    for (bool first = true; nsim_json_stream_key(&reader->json, &first, key, sizeof key, error);) {
        bool good;
        if (strcmp(key, "intervals") == 0)
            good = read_intervals(reader, error);
        else if (strcmp(key, "snapshots") == 0)
            good = read_list(reader, read_snapshot, error);
        else
            good = nsim_json_stream_skip(&reader->json, error);
        if (!good)
            return false;
    }
    if (*error != NULL)
        return false;
    if (++reader->target > NSIM_DAMO_TARGETS_MAX)
        return bad(reader->output, reader->json.line, error, "more than %u records", NSIM_DAMO_TARGETS_MAX);
    return true;
}

static bool
read_json(NsimInput *input, Output *output, GError **error)
{
    g_autoptr(GArray) drafts = g_array_new(FALSE, FALSE, sizeof(Draft));
    JsonReader reader = {.output = output, .drafts = drafts};
    nsim_json_stream_init(&reader.json, input, output->options->path);
    return read_list(&reader, read_record, error) && nsim_json_stream_end(&reader.json, error);
}

/* ---- Text ------------------------------------------------------------------------------------------------------ */

typedef struct {
    uint64_t id, last_end_ns;
    bool has_last;
    GArray *pending; /* of Draft: the first snapshot, until the second tells how long it was; NULL: handed on */
    uint64_t pending_sample_ns;
} Target;

typedef struct {
    Output *output;
    NsimInput *input;
    GArray *targets; /* of Target */
    guint target;    /* of the open snapshot */
    GArray *drafts;  /* of the open snapshot; none: no snapshot is open */
    uint64_t end_ns, region_count;
    uint64_t sample_ns; /* 0: not said */
} TextReader;

/* "SECONDS.FRACTION": up to nine digits of fraction count. */
static bool
take_time(const char **at, const char *end, uint64_t *ret_ns)
{
    uint64_t seconds, fraction = 0;
    unsigned digits = 0;
    if (!nsim_text_take_decimal(at, end, &seconds) || !nsim_text_take_word(at, end, "."))
        return false;
    for (; *at < end && (unsigned)(unsigned char)**at - '0' < 10u; (*at)++)
        if (digits < 9) {
            fraction = fraction * 10 + ((unsigned)(unsigned char)**at - '0');
            digits++;
        }
    for (; digits < 9; digits++)
        fraction *= 10;
    return !__builtin_mul_overflow(seconds, UINT64_C(1000000000), ret_ns) &&
           !__builtin_add_overflow(*ret_ns, fraction, ret_ns);
}

/* Where `word` is in the line, or NULL. */
static const char *
find(const char *line, size_t length, const char *word)
{
    return memmem(line, length, word, strlen(word));
}

/* The time is the word before the event, which may be written "damon:damon_aggregated:"; a colon ends it. */
static bool
time_before(const char *line, const char *event, uint64_t *ret_ns)
{
    const char *end = event;
    if (end - line >= 6 && memcmp(end - 6, "damon:", 6) == 0)
        end -= 6;
    while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (end == line || end[-1] != ':')
        return false;
    const char *at = --end;
    while (at > line && at[-1] != ' ' && at[-1] != '\t')
        at--;
    return take_time(&at, end, ret_ns) && at == end;
}

static bool
take_signed(const char **at, const char *end, int64_t *ret_number)
{
    uint64_t value;
    const bool negative = nsim_text_take_word(at, end, "-");
    if (!nsim_text_take_decimal(at, end, &value) || value > INT64_MAX)
        return false;
    *ret_number = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* "target_id=ID nr_regions=N START-END: ACCESSES[ AGE]"; trace-cmd aligns with blanks in front. */
static bool
parse_range(const char *at, const char *end, uint64_t *ret_id, uint64_t *ret_count, Draft *ret_draft)
{
    int64_t age;
    ret_draft->percent = -1;
    at = nsim_text_skip_blanks(at, end);
    if (!nsim_text_take_word(&at, end, "target_id=") || !nsim_text_take_decimal(&at, end, ret_id) ||
        !nsim_text_take_word(&at, end, " nr_regions=") || !nsim_text_take_decimal(&at, end, ret_count) ||
        !nsim_text_take_word(&at, end, " ") || !nsim_text_take_decimal(&at, end, &ret_draft->start) ||
        !nsim_text_take_word(&at, end, "-") || !nsim_text_take_decimal(&at, end, &ret_draft->end) ||
        !nsim_text_take_word(&at, end, ": ") || !take_signed(&at, end, &ret_draft->samples))
        return false;
    /* The first kernels have no age, later ones may have more behind it. */
    at = nsim_text_skip_blanks(at, end);
    return at == end || take_signed(&at, end, &age) || nsim_text_take_word(&at, end, "None");
}

static bool
hand_on_text(TextReader *reader, const Target *target, uint64_t start_ns, uint64_t end_ns, uint64_t sample_ns,
             const GArray *drafts, GError **error)
{
    const guint number = (guint)(target - (const Target *)(const void *)reader->targets->data);
    return hand_on(reader->output, number, start_ns, end_ns, sample_ns, drafts, error);
}

/* The first snapshot of a target, now that its length is known. */
static bool
hand_on_pending(TextReader *reader, Target *target, uint64_t interval_ns, GError **error)
{
    g_autoptr(GArray) drafts = g_steal_pointer(&target->pending);
    if (drafts == NULL)
        return true;
    const uint64_t end_ns = target->last_end_ns;
    return hand_on_text(reader, target, end_ns - MIN(interval_ns, end_ns), end_ns, target->pending_sample_ns, drafts,
                        error);
}

static bool
close_snapshot(TextReader *reader, GError **error)
{
    Target *target = &g_array_index(reader->targets, Target, reader->target);
    if (reader->drafts->len == 0)
        return true;
    if (!target->has_last) {
        target->pending = g_array_copy(reader->drafts);
        target->pending_sample_ns = reader->sample_ns;
    } else {
        const uint64_t interval_ns = reader->end_ns - target->last_end_ns;
        if (!hand_on_pending(reader, target, interval_ns, error) ||
            !hand_on_text(reader, target, target->last_end_ns, reader->end_ns, reader->sample_ns, reader->drafts,
                          error))
            return false;
    }
    target->has_last = true;
    target->last_end_ns = reader->end_ns;
    g_array_set_size(reader->drafts, 0);
    return true;
}

/* The number of the target with this id, or G_MAXUINT when there are too many. */
static guint
target_of(TextReader *reader, uint64_t id)
{
    for (guint i = 0; i < reader->targets->len; i++)
        if (g_array_index(reader->targets, Target, i).id == id)
            return i;
    if (reader->targets->len >= NSIM_DAMO_TARGETS_MAX)
        return G_MAXUINT;
    const Target target = {.id = id};
    g_array_append_val(reader->targets, target);
    return reader->targets->len - 1;
}

static bool
read_range(TextReader *reader, const char *line, size_t length, const char *event, GError **error)
{
    const uint64_t number = nsim_input_line_number(reader->input);
    uint64_t id, count, end_ns;
    Draft draft;
    if (!time_before(line, event, &end_ns))
        return bad(reader->output, number, error, "no time in front of the event (\"SECONDS.FRACTION:\")");
    if (!parse_range(event + strlen(aggregated), line + length, &id, &count, &draft))
        return bad(reader->output, number, error, "'%.*s' is not \"target_id=N nr_regions=N START-END: ACCESSES AGE\"",
                   (int)MIN(line + length - event, 100), event);
    if (draft.end < draft.start)
        return bad(reader->output, number, error,
                   "range from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT ": it ends before it starts", draft.start,
                   draft.end);
    const guint target = target_of(reader, id);
    if (target == G_MAXUINT)
        return bad(reader->output, number, error, "more than %u targets", NSIM_DAMO_TARGETS_MAX);
    /* Lines can be lost: another target's also ends a snapshot. */
    if (target != reader->target && !close_snapshot(reader, error))
        return false;
    reader->target = target;
    if (reader->drafts->len == 0) {
        const Target *known = &g_array_index(reader->targets, Target, target);
        if (known->has_last && end_ns < known->last_end_ns)
            return bad(reader->output, number, error, "time goes back: lines must be in the order of time");
        reader->end_ns = end_ns;
        reader->region_count = count;
    }
    if (reader->drafts->len >= NSIM_DAMO_RANGES_MAX)
        return bad(reader->output, number, error, "more than %u ranges in a snapshot", NSIM_DAMO_RANGES_MAX);
    g_array_append_val(reader->drafts, draft);
    return reader->drafts->len < reader->region_count || close_snapshot(reader, error);
}

static bool
read_tune(TextReader *reader, const char *at, const char *end, GError **error)
{
    uint64_t sample_us;
    at = nsim_text_skip_blanks(at, end);
    if (!nsim_text_take_word(&at, end, "sample_us=") || !nsim_text_take_decimal(&at, end, &sample_us) ||
        __builtin_mul_overflow(sample_us, 1000u, &reader->sample_ns))
        return bad(reader->output, nsim_input_line_number(reader->input), error,
                   "sample_us is not a number of microseconds");
    return true;
}

static bool
read_lines(TextReader *reader, GError **error)
{
    const char *line;
    size_t length;
    while (nsim_input_line(reader->input, &line, &length, error)) {
        const char *event = find(line, length, aggregated);
        const char *tuned = event == NULL ? find(line, length, tune) : NULL;
        if (event != NULL && !read_range(reader, line, length, event, error))
            return false;
        if (tuned != NULL && !read_tune(reader, tuned + strlen(tune), line + length, error))
            return false;
    }
    if (*error != NULL || !close_snapshot(reader, error))
        return false;
    for (guint i = 0; i < reader->targets->len; i++)
        if (!hand_on_pending(reader, &g_array_index(reader->targets, Target, i), DEFAULT_INTERVAL_NS, error))
            return false;
    return true;
}

static void
clear_target(gpointer target)
{
    g_clear_pointer(&((Target *)target)->pending, g_array_unref);
}

static bool
read_text(NsimInput *input, Output *output, GError **error)
{
    g_autoptr(GArray) targets = g_array_new(FALSE, FALSE, sizeof(Target));
    g_autoptr(GArray) drafts = g_array_new(FALSE, FALSE, sizeof(Draft));
    g_array_set_clear_func(targets, clear_target);
    TextReader reader = {.output = output, .input = input, .targets = targets, .drafts = drafts};
    return read_lines(&reader, error);
}

/* ---- Which of them --------------------------------------------------------------------------------------------- */

static bool
is_json(const uint8_t *head, size_t bytes)
{
    size_t at = 0;
    while (at < bytes && strchr(" \t\r\n", head[at]) != NULL && head[at] != '\0')
        at++;
    return at < bytes && head[at] == '[';
}

bool
nsim_damo_probe(const uint8_t *head, size_t bytes)
{
    const char *at = (const char *)head, *end = at + bytes;
    if (bytes == 0)
        return false;
    if (is_json(head, bytes))
        return find(at, bytes, "\"target_id\"") != NULL && find(at, bytes, "\"snapshots\"") != NULL &&
               find(at, bytes, "\"regions\"") != NULL;
    for (unsigned i = 0; i < PROBE_LINES && at < end; i++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        uint64_t ns;
        if (next == NULL)
            break;
        const char *event = find(at, (size_t)(next - at), aggregated);
        if (event != NULL)
            return time_before(at, event, &ns);
        at = next + 1;
    }
    return false;
}

bool
nsim_damo_records_read(NsimInput *input, const NsimDamoOptions *options, NsimDamoSink sink, void *context, GError **error)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(NsimDamoRange));
    g_autoptr(GError) problem = NULL;
    Output output = {options, sink, context, ranges};
    (void)nsim_input_more(input, 1024, &problem);
    bool good = problem == NULL;
    if (good)
        good = is_json(input->at, (size_t)(input->end - input->at)) ? read_json(input, &output, &problem)
                                                                    : read_text(input, &output, &problem);
    if (problem != NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return good;
}
