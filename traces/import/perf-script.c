/* SPDX-License-Identifier: MIT */
/*
 * Memory samples printed by `perf script` (Linux tools/perf/builtin-script.c, process_event() and what it calls, 6.1 to
 * 6.16), a line each, with the fields in perf's own order whatever the order after -F:
 *
 *     COMM PID/TID [CPU] SECONDS.FRACTION: PERIOD EVENT: ADDRESS DATA_SRC |OP ...|BLK ... WEIGHT IP SYMBOL (FILE)
 * PHYSICAL
 *
 * Needed are TID, EVENT and ADDRESS (PHYSICAL with --columns phys); without a time there is a gap from sample to
 * sample. Loads and stores are told apart by the operation in data_src (include/uapi/linux/perf_event.h,
 * PERF_MEM_OP_*), else by the event's name: one with "store" in it is a store, all others are loads.
 *
 * Each sample becomes one access of one cache line at its time. It stands for PERIOD events, which are not made up: the
 * trace has the places and their shares, and is as much too thin as perf's period says. Samples without an address,
 * prefetches, call chains, comments and other records are passed over. Left out: weights, data source beyond the
 * operation.
 */
#include <traces/import/formats.h>
#include <traces/import/lines.h>

#define PS_PER_S UINT64_C(1000000000000)
/* Width of an address; one that is an instruction's has a blank before it (%16lx, " %16lx"). */
#define ADDRESS_WIDTH 16
#define COMM_BYTES 64u

enum { OP_LOAD = 2, OP_STORE = 4, OP_ALL = 31 };

typedef struct {
    const char *comm;
    size_t comm_length;
    uint64_t tid, address, physical;
    NsimInstant time;
    bool has_time, has_address, has_physical, padded, reads, writes; /* padded: as perf does it */
} Sample;

typedef enum { LINE_WRONG, LINE_PASS, LINE_SAMPLE } Kind;

typedef struct {
    NsimImport *import;
    NsimInput *input;
    bool begun, has_time, physical;
    uint64_t gap_16ths, last_tid;
    uint32_t last_thread;
} Reader;

/* Where the event's name ends, at the colon that a blank follows; NULL: nowhere. `ret_name` is its begin. */
static const char *
find_event(const char *at, const char *end, const char **ret_name)
{
    const char *name = at;
    for (; at + 1 < end; at++) {
        if (*at == ':' && (at[1] == ' ' || at[1] == '\t')) {
            *ret_name = name;
            return at;
        }
        if (*at == ' ' || *at == '\t')
            name = at + 1;
    }
    return NULL;
}

/* "PID/TID" or "TID" at the end of the text before `end`, and the name before that. */
static bool
parse_thread(const char *begin, const char *end, Sample *ret)
{
    while (end > begin && end[-1] == ' ')
        end--;
    const char *at = end;
    while (at > begin && (g_ascii_isdigit(at[-1]) || at[-1] == '/' || (at[-1] == '-' && at + 1 < end)))
        at--;
    const char *comm_end = at, *slash = memchr(at, '/', (size_t)(end - at));
    if (slash != NULL)
        at = slash + 1;
    if (!nsim_text_take_decimal(&at, end, &ret->tid) || at != end || (comm_end > begin && comm_end[-1] != ' '))
        return false;
    begin = nsim_text_skip_blanks(begin, comm_end);
    while (comm_end > begin && comm_end[-1] == ' ')
        comm_end--;
    ret->comm = begin;
    ret->comm_length = (size_t)(comm_end - begin);
    return true;
}

/* "SECONDS.FRACTION:" as a word; what is before and after it. */
static bool
find_time(const char *begin, const char *end, Sample *ret, const char **ret_before, const char **ret_after)
{
    for (const char *at = begin; (at = memchr(at, '.', (size_t)(end - at))) != NULL; at++) {
        const char *start = at;
        while (start > begin && g_ascii_isdigit(start[-1]))
            start--;
        *ret_before = start;
        if (start < at && start > begin && start[-1] == ' ' &&
            nsim_text_take_instant(&start, end, PS_PER_S, &ret->time) && start > at && start < end && *start == ':') {
            *ret_after = start + 1;
            return true;
        }
    }
    return false;
}

/* All before the event: COMM, PID/TID, [CPU], TIME:, in that order, of which only the thread must be there. */
static bool
parse_start(const char *begin, const char *end, Sample *ret)
{
    const char *before = end, *after;
    uint64_t number;
    ret->has_time = find_time(begin, end, ret, &before, &after);
    if (!ret->has_time) { /* a period may follow the thread or the CPU */
        const char *close = memrchr(begin, ']', (size_t)(end - begin));
        if (close != NULL) {
            before = close + 1;
        } else if (!parse_thread(begin, end, ret)) {
            return false;
        } else {
            const char *rest = ret->comm + ret->comm_length, *at = rest;
            /* "COMM TID PERIOD": the first of two numbers is the thread. */
            while (at > begin && (g_ascii_isdigit(at[-1]) || at[-1] == '/'))
                at--;
            return at == rest || (at > begin && at[-1] != ' ') || parse_thread(begin, rest, ret);
        }
    }
    while (before > begin && before[-1] == ' ')
        before--;
    if (before > begin && before[-1] == ']') {
        const char *open = memrchr(begin, '[', (size_t)(before - begin));
        if (open == NULL)
            return false;
        const char *at = open + 1;
        if (!nsim_text_take_decimal(&at, before, &number) || at + 1 != before)
            return false;
        before = open;
    }
    return parse_thread(begin, before, ret);
}

static bool
contains(const char *text, const char *end, const char *word)
{
    return memmem(text, (size_t)(end - text), word, strlen(word)) != NULL;
}

static bool
parse_event(const char *name, const char *end, const char *line_end, Sample *ret)
{
    const char *at = end + 1, *field = at + 1, *source;
    uint64_t value;
    ret->has_address = ret->has_physical = ret->padded = false;
    ret->reads = !contains(name, end, "store") && !contains(name, end, "STORE");
    ret->writes = !ret->reads;
    at = nsim_text_skip_blanks(at, line_end);
    const char *digits = at;
    if (at == line_end)
        return true;
    if (!nsim_text_take_hex(&at, line_end, &ret->address) || (at < line_end && *at != ' '))
        return false;
    source = memmem(at, (size_t)(line_end - at), " |OP ", 5);
    ret->padded = at - field == ADDRESS_WIDTH;
    /* An instruction's address is one blank further right; a lone data_src is no address either. */
    ret->has_address = !(at - field == ADDRESS_WIDTH + 1 && digits > field) && source != at;
    if (source != NULL) {
        const char *word = source;
        while (word > field && word[-1] != ' ')
            word--;
        if (!nsim_text_take_hex(&word, source, &value) || word != source)
            return false;
        if ((value & (OP_LOAD | OP_STORE)) != 0) {
            ret->reads = (value & OP_LOAD) != 0;
            ret->writes = (value & OP_STORE) != 0;
        } else if ((value & OP_ALL) > 1) { /* a prefetch, an instruction fetch */
            ret->reads = ret->writes = false;
        }
    }
    const char *last = line_end;
    while (last > at && last[-1] == ' ')
        last--;
    line_end = last;
    while (last > at && last[-1] != ' ')
        last--;
    ret->has_physical = last > at && nsim_text_take_hex(&last, line_end, &ret->physical) && last == line_end;
    return true;
}

/* A line of a call chain, or its physical address by itself. */
static bool
is_chain(const char *line, const char *end)
{
    const char *at = nsim_text_skip_blanks(line, end);
    uint64_t address;
    return at > line && nsim_text_take_hex(&at, end, &address) && (at == end || *at == ' ');
}

static Kind
parse(const char *line, size_t length, Sample *ret)
{
    const char *end = line + length, *name, *colon;
    if (length == 0 || line[0] == '#')
        return LINE_PASS;
    /* The time ends with a colon and a blank too: the event is the next. */
    colon = find_event(line, end, &name);
    if (colon != NULL && colon > name && g_ascii_isdigit(*name) && memchr(name, '.', (size_t)(colon - name)) != NULL) {
        const char *at = name;
        NsimInstant time;
        if (nsim_text_take_instant(&at, colon, PS_PER_S, &time) && at == colon)
            colon = find_event(colon + 1, end, &name);
    }
    if (colon == NULL || colon == name || !parse_start(line, name, ret) || !parse_event(name, colon, end, ret))
        return is_chain(line, end) ? LINE_PASS : LINE_WRONG;
    return LINE_SAMPLE;
}

static NsimLineKind
judge(const char *line, size_t length)
{
    Sample sample;
    const Kind kind = parse(line, length, &sample);
    return kind == LINE_WRONG                                       ? NSIM_LINE_FOREIGN
           : kind == LINE_PASS                                      ? NSIM_LINE_NEUTRAL
           : sample.has_time && sample.has_address && sample.padded ? NSIM_LINE_OWN
                                                                    : NSIM_LINE_LIKELY;
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    return nsim_lines_probe(head, bytes, judge);
}

static bool
begin(Reader *reader, const Sample *sample, GError **error)
{
    g_autofree char *clock =
        sample->has_time
            ? g_strdup("the clock is perf's time")
            : g_strdup_printf("without times: %" G_GUINT64_FORMAT " ps from sample to sample", reader->gap_16ths / 16);
    g_autofree char *capture = g_strdup_printf(
        "samples of perf, %s addresses, each of which stands for as many accesses as its period says; %s",
        reader->physical ? "physical" : "virtual", clock);
    const NsimImportHeader header = {.unit = NSIM_GAP_PS, .capture = capture, .filter = "sampling by perf"};
    reader->begun = true;
    reader->has_time = sample->has_time;
    return nsim_import_begin(reader->import, &header, error);
}

static uint32_t
thread_of(Reader *reader, const Sample *sample)
{
    char name[COMM_BYTES + 24];
    if (sample->tid == reader->last_tid && reader->last_thread != UINT32_MAX)
        return reader->last_thread;
    g_snprintf(name, sizeof name, "%.*s%s%" G_GUINT64_FORMAT, (int)MIN(sample->comm_length, COMM_BYTES), sample->comm,
               sample->comm_length > 0 ? " " : "thread ", sample->tid);
    reader->last_tid = sample->tid;
    reader->last_thread = nsim_import_thread(reader->import, sample->tid, name);
    return reader->last_thread;
}

static bool
take_sample(Reader *reader, const Sample *sample, GError **error)
{
    const uint64_t address = reader->physical ? sample->physical : sample->address;
    uint64_t now_16ths;
    if (!reader->begun && !begin(reader, sample, error))
        return false;
    if (sample->has_time != reader->has_time)
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "this sample has %s time, those before have %s", sample->has_time ? "a" : "no",
                                    sample->has_time ? "none" : "one");
    if (reader->physical ? !sample->has_physical : !sample->has_address)
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "this sample has no %s: record with %s and print with -F +%s",
                                    reader->physical ? "physical address" : "address of data",
                                    reader->physical ? "--phys-data" : "-d", reader->physical ? "phys_addr" : "addr");
    if (address == 0 || (!sample->reads && !sample->writes)) {
        nsim_import_skip(reader->import);
        return true;
    }
    const uint32_t thread = thread_of(reader, sample);
    nsim_import_record(reader->import);
    if (!reader->has_time) {
        nsim_import_advance(reader->import, thread, reader->gap_16ths);
    } else if (nsim_lines_clock_16ths(reader->import, &sample->time, &now_16ths)) {
        nsim_import_set_clock(reader->import, thread, now_16ths);
    } else {
        return nsim_import_bad_line(reader->import, reader->input, error, "time of more than 13 days after the first");
    }
    if (sample->reads)
        nsim_import_access(reader->import, thread, NSIM_OP_READ, address, 1);
    if (sample->writes)
        nsim_import_access(reader->import, thread, NSIM_OP_WRITE, address, 1);
    return true;
}

static bool
take(void *context, const char *text, size_t length, GError **error)
{
    Reader *reader = context;
    Sample sample;
    switch (parse(text, length, &sample)) {
    case LINE_SAMPLE:
        return take_sample(reader, &sample, error);
    case LINE_PASS:
        nsim_import_skip(reader->import);
        return true;
    case LINE_WRONG:
        break;
    }
    return nsim_import_bad_line(reader->import, reader->input, error,
                                "'%.*s' is not a sample of perf script's (\"COMM TID [CPU] TIME: PERIOD EVENT: ADDRESS "
                                "...\")",
                                NSIM_LINE_SHOWN(text, length));
}

static bool
read_perf_script(NsimImport *import, NsimInput *input, GError **error)
{
    const char *columns = nsim_import_options(import)->columns;
    Reader reader = {
        .import = import, .input = input, .gap_16ths = nsim_lines_gap_16ths(import), .last_thread = UINT32_MAX};
    if (columns != NULL && strcmp(columns, "addr") != 0 && strcmp(columns, "phys") != 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    "columns '%s': of perf script's the import can take 'addr' or 'phys' as the address", columns);
        return false;
    }
    reader.physical = columns != NULL && strcmp(columns, "phys") == 0;
    return nsim_lines_read(import, input, take, &reader, error);
}

static const char *const endings[] = {".perf.txt", ".perf-script", NULL};

const NsimTraceFormat nsim_trace_format_perf_script = {
    .name = "perf-script",
    .summary = "memory samples printed by perf script",
    .endings = endings,
    .probe = probe,
    .read = read_perf_script,
};
