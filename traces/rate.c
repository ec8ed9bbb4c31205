/* SPDX-License-Identifier: MIT */
/* The reader of rate traces. Every line is checked; messages have its number. */
#include <traces/rate-private.h>

#include <inttypes.h>
#include <sim/assert.h>
#include <traces/import/input.h>
#include <traces/import/text.h>

const char *const nsim_rate_texture_names[NSIM_RATE_TEXTURES + 1] = {"uniform", "sequential", NULL};

struct _NsimRateReader {
    NsimInput *input;
    char *path;
    NsimRateInfo info;
    char *program, *capture;
    GPtrArray *threads; /* of names */
    GArray *regions;    /* of NsimTraceRegion */
    GArray *ranges;     /* of the present interval */
    NsimTime start_ps, end_ps;
    bool pending, ended; /* pending: the next interval's line has been read */
    NsimTime next_start_ps, next_end_ps;
};

/* ---- Lines ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *at, *end;
} Line;

static bool
bad(NsimRateReader *reader, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool
bad(NsimRateReader *reader, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT, "%s:%" PRIu64 ": %s", reader->path,
                nsim_input_line_number(reader->input), what);
    return false;
}

/* The next line that means something. False at the end, or with `error`. */
static bool
next_line(NsimRateReader *reader, Line *ret_line, GError **error)
{
    const char *text;
    size_t length;
    while (nsim_input_line(reader->input, &text, &length, error)) {
        ret_line->end = text + length;
        ret_line->at = nsim_text_skip_blanks(text, ret_line->end);
        if (ret_line->at < ret_line->end && *ret_line->at != '#')
            return true;
    }
    return false;
}

/* A word, and the blanks behind it. False: the line is over. */
static bool
take_word(Line *line, const char **ret_word, size_t *ret_length)
{
    const char *begin = line->at;
    while (line->at < line->end && *line->at != ' ' && *line->at != '\t')
        line->at++;
    *ret_word = begin;
    *ret_length = (size_t)(line->at - begin);
    line->at = nsim_text_skip_blanks(line->at, line->end);
    return *ret_length > 0;
}

static bool
is_word(const char *word, size_t length, const char *wanted)
{
    return length == strlen(wanted) && memcmp(word, wanted, length) == 0;
}

/* A whole word that is a number. */
static bool
take_number(NsimRateReader *reader, Line *line, const char *what, bool hexadecimal, uint64_t most, uint64_t *ret_value,
            GError **error)
{
    const char *word;
    size_t length;
    if (!take_word(line, &word, &length))
        return bad(reader, error, "%s is missing", what);
    const char *at = word, *end = word + length;
    const bool good = hexadecimal ? nsim_text_take_word(&at, end, "0x") && nsim_text_take_hex(&at, end, ret_value)
                                  : nsim_text_take_decimal(&at, end, ret_value);
    if (!good || at != end || *ret_value > most)
        return bad(reader, error, "%s: '%.*s' (%s up to %" PRIu64 ")", what, (int)MIN(length, 40), word,
                   hexadecimal ? "0x and hexadecimal digits," : "a whole number", most);
    return true;
}

/* Nanoseconds with up to three decimals. */
static bool
take_time(NsimRateReader *reader, Line *line, const char *what, NsimTime *ret_ps, GError **error)
{
    const char *word;
    size_t length;
    uint64_t whole = 0, part = 0;
    if (!take_word(line, &word, &length))
        return bad(reader, error, "%s is missing", what);
    const char *at = word, *end = word + length;
    bool good = nsim_text_take_decimal(&at, end, &whole);
    if (good && at < end && *at == '.') {
        const char *digits = ++at;
        good = nsim_text_take_decimal(&at, end, &part) && at - digits <= 3;
        for (long i = at - digits; i < 3; i++)
            part *= 10;
    }
    if (!good || at != end || whole >= NSIM_RATE_TIME_MAX_PS / 1000)
        return bad(reader, error, "%s: '%.*s' (nanoseconds with up to three decimals, below 106 days)", what,
                   (int)MIN(length, 40), word);
    *ret_ps = whole * 1000 + part;
    return true;
}

static bool
end_of_line(NsimRateReader *reader, const Line *line, GError **error)
{
    return line->at == line->end || bad(reader, error, "'%.*s' is too much on this line",
                                        (int)MIN(line->end - line->at, 40), line->at);
}

/* ---- The header ------------------------------------------------------------------------------------------------- */

static char *
rest_of_line(const Line *line)
{
    g_autofree char *text = g_strndup(line->at, MIN((size_t)(line->end - line->at), NSIM_TRACE_TEXT_MAX));
    g_strchomp(text);
    return g_utf8_make_valid(text, -1);
}

static bool
read_text(NsimRateReader *reader, const Line *line, const char *key, char **text, GError **error)
{
    if (*text != NULL)
        return bad(reader, error, "a second '%s'", key);
    *text = rest_of_line(line);
    return true;
}

static bool
read_region(NsimRateReader *reader, Line *line, GError **error)
{
    NsimTraceRegion region = {0};
    uint64_t end;
    if (reader->regions->len >= NSIM_RATE_REGIONS_MAX)
        return bad(reader, error, "more than %u regions", NSIM_RATE_REGIONS_MAX);
    if (!take_number(reader, line, "begin", true, UINT64_MAX, &region.address, error) ||
        !take_number(reader, line, "end", true, UINT64_MAX, &end, error))
        return false;
    if (end <= region.address)
        return bad(reader, error, "the region ends at or before its begin");
    region.bytes = end - region.address;
    for (guint i = 0; i < reader->regions->len; i++) {
        const NsimTraceRegion *other = &g_array_index(reader->regions, NsimTraceRegion, i);
        if (region.address < other->address + other->bytes && other->address < end)
            return bad(reader, error, "the region overlaps '%s'", other->name);
    }
    region.name = rest_of_line(line);
    g_array_append_val(reader->regions, region);
    return true;
}

static bool
read_thread(NsimRateReader *reader, const Line *line, GError **error)
{
    if (reader->threads->len >= NSIM_TRACE_THREADS_MAX)
        return bad(reader, error, "more than %u threads", NSIM_TRACE_THREADS_MAX);
    g_ptr_array_add(reader->threads, rest_of_line(line));
    return true;
}

static bool
read_interval(NsimRateReader *reader, Line *line, GError **error)
{
    if (!take_time(reader, line, "start", &reader->next_start_ps, error) ||
        !take_time(reader, line, "end", &reader->next_end_ps, error) || !end_of_line(reader, line, error))
        return false;
    if (reader->next_end_ps <= reader->next_start_ps)
        return bad(reader, error, "the interval ends at or before its start");
    if (reader->next_start_ps < reader->end_ps)
        return bad(reader, error, "the interval starts before the end of the one before");
    reader->pending = true;
    return true;
}

static bool
read_magic(NsimRateReader *reader, GError **error)
{
    Line line;
    const char *word;
    size_t length;
    uint64_t version;
    g_autoptr(GError) problem = NULL;
    if (!next_line(reader, &line, &problem) || !take_word(&line, &word, &length) ||
        !is_word(word, length, NSIM_RATE_MAGIC)) {
        if (problem != NULL)
            g_propagate_error(error, g_steal_pointer(&problem));
        else
            g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT,
                        "%s: not a rate trace: it does not begin with '" NSIM_RATE_MAGIC " %u'", reader->path,
                        NSIM_RATE_VERSION);
        return false;
    }
    if (!take_number(reader, &line, "version", false, UINT64_MAX, &version, error) ||
        !end_of_line(reader, &line, error))
        return false;
    if (version != NSIM_RATE_VERSION) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT,
                    "%s: rate trace version %" PRIu64 " is not known, this program reads version %u", reader->path,
                    version, NSIM_RATE_VERSION);
        return false;
    }
    return true;
}

static bool
read_header_line(NsimRateReader *reader, Line *line, GError **error)
{
    const char *word;
    size_t length;
    (void)take_word(line, &word, &length);
    if (is_word(word, length, "program"))
        return read_text(reader, line, "program", &reader->program, error);
    if (is_word(word, length, "capture"))
        return read_text(reader, line, "capture", &reader->capture, error);
    if (is_word(word, length, "thread"))
        return read_thread(reader, line, error);
    if (is_word(word, length, "region"))
        return read_region(reader, line, error);
    if (!is_word(word, length, "interval"))
        return bad(reader, error, "unknown '%.*s' (one of program, capture, thread, region, interval)",
                   (int)MIN(length, 40), word);
    if (reader->threads->len == 0)
        return bad(reader, error, "an interval before any thread");
    return read_interval(reader, line, error);
}

static bool
read_header(NsimRateReader *reader, GError **error)
{
    g_autoptr(GError) problem = NULL;
    Line line;
    if (!read_magic(reader, error))
        return false;
    while (!reader->pending && next_line(reader, &line, &problem))
        if (!read_header_line(reader, &line, error))
            return false;
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (reader->threads->len == 0)
        return bad(reader, error, "no thread");
    reader->info = (NsimRateInfo){.program = reader->program != NULL ? reader->program : "",
                                  .capture = reader->capture != NULL ? reader->capture : "",
                                  .thread_count = reader->threads->len,
                                  .region_count = reader->regions->len,
                                  .threads = (const char *const *)reader->threads->pdata,
                                  .regions = (const NsimTraceRegion *)(void *)reader->regions->data};
    return true;
}

/* ---- Intervals --------------------------------------------------------------------------------------------------- */

const char *
nsim_rate_range_problem(const NsimRateRange *last, const NsimRateRange *next, uint32_t thread_count)
{
    if (next->thread >= thread_count)
        return "no such thread";
    if (next->bytes == 0 || next->bytes > UINT64_MAX - next->address)
        return "the range ends at or before its begin";
    if (next->reads_per_s > NSIM_RATE_PER_S_MAX || next->writes_per_s > NSIM_RATE_PER_S_MAX)
        return "more than 10^12 lines a second";
    if (next->touched_ppm > 1000000)
        return "more than 1000000 millionths are touched";
    if (next->texture >= NSIM_RATE_TEXTURES)
        return "no such texture";
    if (last != NULL && next->thread < last->thread)
        return "a lower thread than the range before: ranges go by thread and address";
    if (last != NULL && next->thread == last->thread && next->address < last->address + last->bytes)
        return "the range begins before the end of the one before";
    return NULL;
}

static bool
take_texture(NsimRateReader *reader, Line *line, uint32_t *ret_texture, GError **error)
{
    const char *word;
    size_t length;
    (void)take_word(line, &word, &length);
    for (uint32_t i = 0; i < NSIM_RATE_TEXTURES; i++) {
        if (is_word(word, length, nsim_rate_texture_names[i])) {
            *ret_texture = i;
            return true;
        }
    }
    return bad(reader, error, "texture: '%.*s' (one of uniform, sequential)", (int)MIN(length, 40), word);
}

static bool
read_range(NsimRateReader *reader, Line *line, GError **error)
{
    NsimRateRange range = {0};
    uint64_t thread, end, touched;
    if (!take_number(reader, line, "thread", false, reader->info.thread_count - 1, &thread, error) ||
        !take_number(reader, line, "begin", true, UINT64_MAX, &range.address, error) ||
        !take_number(reader, line, "end", true, UINT64_MAX, &end, error) ||
        !take_number(reader, line, "reads per second", false, NSIM_RATE_PER_S_MAX, &range.reads_per_s, error) ||
        !take_number(reader, line, "writes per second", false, NSIM_RATE_PER_S_MAX, &range.writes_per_s, error) ||
        !take_number(reader, line, "touched", false, 1000000, &touched, error) ||
        !take_texture(reader, line, &range.texture, error) || !end_of_line(reader, line, error))
        return false;
    range.thread = (uint32_t)thread;
    range.touched_ppm = (uint32_t)touched;
    range.bytes = end > range.address ? end - range.address : 0;
    const guint count = reader->ranges->len;
    if (count >= NSIM_RATE_RANGES_MAX)
        return bad(reader, error, "more than %u ranges in an interval", NSIM_RATE_RANGES_MAX);
    const char *problem =
        nsim_rate_range_problem(count > 0 ? &g_array_index(reader->ranges, NsimRateRange, count - 1) : NULL, &range,
                                reader->info.thread_count);
    if (problem != NULL)
        return bad(reader, error, "%s", problem);
    g_array_append_val(reader->ranges, range);
    return true;
}

bool
nsim_rate_next(NsimRateReader *reader, NsimRateInterval *ret_interval, GError **error)
{
    g_autoptr(GError) problem = NULL;
    Line line;
    if (!reader->pending)
        return false;
    reader->pending = false;
    reader->start_ps = reader->next_start_ps;
    reader->end_ps = reader->next_end_ps;
    g_array_set_size(reader->ranges, 0);
    while (!reader->pending && next_line(reader, &line, &problem)) {
        const char *word;
        size_t length;
        (void)take_word(&line, &word, &length);
        const bool good = is_word(word, length, "range")      ? read_range(reader, &line, error)
                          : is_word(word, length, "interval") ? read_interval(reader, &line, error)
                                                              : bad(reader, error, "unknown '%.*s' (range or interval)",
                                                                    (int)MIN(length, 40), word);
        if (!good)
            return false;
    }
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    *ret_interval = (NsimRateInterval){.start_ps = reader->start_ps,
                                       .end_ps = reader->end_ps,
                                       .range_count = reader->ranges->len,
                                       .ranges = (const NsimRateRange *)(void *)reader->ranges->data};
    return true;
}

/* ---- Life ---------------------------------------------------------------------------------------------------------- */

static void
clear_region(gpointer region)
{
    g_free(((NsimTraceRegion *)region)->name);
}

static NsimRateReader *
new_reader(NsimInput *input, const char *path, GError **error)
{
    NsimRateReader *reader = g_new0(NsimRateReader, 1);
    reader->input = input;
    reader->path = g_strdup(path);
    reader->threads = g_ptr_array_new_with_free_func(g_free);
    reader->regions = g_array_new(FALSE, FALSE, sizeof(NsimTraceRegion));
    g_array_set_clear_func(reader->regions, clear_region);
    reader->ranges = g_array_new(FALSE, FALSE, sizeof(NsimRateRange));
    if (!read_header(reader, error)) {
        nsim_rate_close(reader);
        return NULL;
    }
    return reader;
}

NsimRateReader *
nsim_rate_open(const char *path, GError **error)
{
    NsimInput *input = nsim_input_open(path, error);
    return input == NULL ? NULL : new_reader(input, path, error);
}

NsimRateReader *
nsim_rate_open_memory(const void *data, size_t bytes, GError **error)
{
    return new_reader(nsim_input_new_from_memory(data, bytes), "data", error);
}

void
nsim_rate_close(NsimRateReader *reader)
{
    if (reader == NULL)
        return;
    nsim_input_free(reader->input);
    g_ptr_array_unref(reader->threads);
    g_array_unref(reader->regions);
    g_array_unref(reader->ranges);
    g_free(reader->program);
    g_free(reader->capture);
    g_free(reader->path);
    g_free(reader);
}

const NsimRateInfo *
nsim_rate_info(const NsimRateReader *reader)
{
    return &reader->info;
}

bool
nsim_rate_probe(const uint8_t *head, size_t bytes)
{
    static const char magic[] = NSIM_RATE_MAGIC " ";
    return bytes >= sizeof magic - 1 && memcmp(head, magic, sizeof magic - 1) == 0;
}
