/* SPDX-License-Identifier: MIT */
/*
 * Texts of DynamoRIO's memory tracers, one kind in a file:
 *
 *     drmemtrace's view tool (clients/drcachesim/tools/view.cpp, 9.0 to 11.3; the older layout "RECORD: T<tid> ..."
 * too): RECORD INSTRUCTIONS: TID read          8 byte(s) @ 0xADDRESS by PC 0xADDRESS the sample memtrace_simple
 * (api/samples/memtrace_simple.c), a file for each thread: 0xADDRESS: BYTES, r|w|OPCODE the sample memtrace_x86 built
 * for text (api/samples/memtrace_x86.c), a file for each thread: 0xPC,r|w,BYTES,0xADDRESS
 *
 * The clock counts instructions of the thread itself: ifetch lines; opcode lines of memtrace_simple, which has only
 * those that touch memory; every line of memtrace_x86. New windows of a view become marks. Left out: time stamps
 * (microseconds of a program slowed down by tracing), prefetches, flushes, and all other markers.
 */
#include <traces/import/formats.h>
#include <traces/import/lines.h>

#define INSTRUCTIONS_PER_S UINT64_C(3000000000)
/* Windows that get a mark with their number; the marks of a trace are limited. */
#define WINDOWS_NUMBERED 10000u

typedef enum { LINE_WRONG, LINE_PASS, LINE_INSTRUCTION, LINE_READ, LINE_WRITE, LINE_WINDOW } Kind;

typedef struct {
    Kind kind;
    bool is_view, own; /* own: certainly of these tools */
    bool is_step;      /* a read or write that stands for an instruction, too */
    uint64_t tid, address, bytes, window;
} Line;

typedef struct {
    NsimImport *import;
    NsimInput *input;
    uint64_t window;
    char *name; /* of the thread, where a file is one */
} Reader;

static Kind
parse_marker(const char *at, const char *end, Line *ret)
{
    return nsim_text_take_word(&at, end, "<marker: window ") && nsim_text_take_decimal(&at, end, &ret->window)
               ? LINE_WINDOW
               : LINE_PASS;
}

/* The bytes of an instruction that did not fit the line before. */
static bool
is_code(const char *at, const char *end)
{
    const char *word;
    size_t length;
    while (nsim_text_take_token(&at, end, &word, &length))
        if (length != 2 || nsim_text_hex_digit(word[0]) > 15 || nsim_text_hex_digit(word[1]) > 15)
            return false;
    return true;
}

/* NAME BYTES byte(s) @ 0xADDRESS ... */
static Kind
parse_record(const char *at, const char *end, Line *ret)
{
    const char *start = at, *name;
    size_t length;
    if (!nsim_text_take_token(&at, end, &name, &length))
        return LINE_PASS;
    at = nsim_text_skip_blanks(at, end);
    if (!nsim_text_take_decimal(&at, end, &ret->bytes) || !nsim_text_take_word(&at, end, " byte(s) @ 0x") ||
        !nsim_text_take_hex(&at, end, &ret->address) || (at < end && *at != ' '))
        return is_code(start, end) ? LINE_PASS : LINE_WRONG;
    ret->own = true;
    return nsim_text_equal(name, length, "read")     ? LINE_READ
           : nsim_text_equal(name, length, "write")  ? LINE_WRITE
           : nsim_text_equal(name, length, "ifetch") ? LINE_INSTRUCTION
                                                     : LINE_PASS;
}

/* [RECORD [INSTRUCTIONS]]: [T]TID DETAILS */
static Kind
parse_view(const char *at, const char *end, Line *ret)
{
    uint64_t number;
    if (!nsim_text_take_decimal(&at, end, &number))
        return LINE_WRONG;
    if (nsim_text_take_blanks(&at, end) && !nsim_text_take_decimal(&at, end, &number))
        return nsim_text_take_word(&at, end, ": total instructions") ? LINE_PASS : LINE_WRONG;
    if (!nsim_text_take_word(&at, end, ":") || !nsim_text_take_blanks(&at, end))
        return LINE_WRONG;
    (void)nsim_text_take_word(&at, end, "T");
    if (!nsim_text_take_decimal(&at, end, &ret->tid) || (at < end && !nsim_text_take_blanks(&at, end)))
        return LINE_WRONG;
    ret->is_view = true;
    if (at == end || *at != '<')
        return parse_record(at, end, ret);
    ret->own = end - at >= 8 && memcmp(at, "<marker:", 8) == 0;
    return parse_marker(at, end, ret);
}

/* 0xADDRESS: BYTES, r|w|OPCODE  or  0xPC,r|w,BYTES,0xADDRESS */
static Kind
parse_sample(const char *at, const char *end, Line *ret)
{
    uint64_t first;
    at += 2;
    if (!nsim_text_take_hex(&at, end, &first) || end - at < 4)
        return LINE_WRONG;
    if (*at == ',') {
        const char op = at[1];
        at += 2;
        ret->is_step = true;
        ret->own = true;
        return (op == 'r' || op == 'w') && nsim_text_take_word(&at, end, ",") &&
                       nsim_text_take_decimal(&at, end, &ret->bytes) && nsim_text_take_word(&at, end, ",0x") &&
                       nsim_text_take_hex(&at, end, &ret->address) && at == end
                   ? (op == 'w' ? LINE_WRITE : LINE_READ)
                   : LINE_WRONG;
    }
    if (!nsim_text_take_word(&at, end, ":") || !nsim_text_take_blanks(&at, end) ||
        !nsim_text_take_decimal(&at, end, &ret->bytes) || !nsim_text_take_word(&at, end, ", ") || at == end)
        return LINE_WRONG;
    ret->address = first;
    ret->own = true;
    return end - at > 1 ? LINE_INSTRUCTION : *at == 'r' ? LINE_READ : *at == 'w' ? LINE_WRITE : LINE_WRONG;
}

static Kind
parse_message(const char *at, const char *end, Line *ret)
{
    static const char *const own[] = {"Output format:",
                                      "<record#",
                                      "<--record#",
                                      "View tool results:",
                                      "Format: <data address>: <data size>",
                                      "Format: <instr address>,"};
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++) {
        const char *here = at;
        if (nsim_text_take_word(&here, end, own[i])) {
            ret->own = i > 0; /* the first is anybody's */
            return LINE_PASS;
        }
    }
    for (; at < end; at++)
        if (*at != '-')
            return LINE_WRONG;
    return LINE_PASS;
}

static Kind
parse(const char *line, size_t length, Line *ret)
{
    const char *end = line + length, *at = nsim_text_skip_blanks(line, end);
    memset(ret, 0, sizeof *ret);
    if (end - at > 2 && at[0] == '0' && at[1] == 'x')
        ret->kind = parse_sample(at, end, ret);
    else if (at < end && *at >= '0' && *at <= '9')
        ret->kind = parse_view(at, end, ret);
    else
        ret->kind = parse_message(at, end, ret);
    return ret->kind;
}

static NsimLineKind
judge(const char *line, size_t length)
{
    Line parsed;
    return parse(line, length, &parsed) == LINE_WRONG ? NSIM_LINE_FOREIGN
           : parsed.own                               ? NSIM_LINE_OWN
                                                      : NSIM_LINE_NEUTRAL;
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    return nsim_lines_probe(head, bytes, judge);
}

static void
pass_window(Reader *reader, uint32_t thread, uint64_t window)
{
    if (window == reader->window)
        return;
    reader->window = window;
    g_autofree char *name =
        window < WINDOWS_NUMBERED ? g_strdup_printf("window %" G_GUINT64_FORMAT, window) : g_strdup("window");
    nsim_import_mark(reader->import, thread, name);
}

static bool
take(void *context, const char *text, size_t length, GError **error)
{
    Reader *reader = context;
    NsimImport *import = reader->import;
    Line line;
    switch (parse(text, length, &line)) {
    case LINE_WRONG:
        return nsim_import_bad_line(import, reader->input, error,
                                    "'%.*s' is not a line of DynamoRIO's (\"N N: TID read 8 byte(s) @ 0xADDRESS\", "
                                    "\"0xADDRESS: BYTES, r\" or \"0xPC,r,BYTES,0xADDRESS\")",
                                    NSIM_LINE_SHOWN(text, length));
    case LINE_PASS:
        nsim_import_skip(import);
        return true;
    default:
        break;
    }
    const uint32_t thread = nsim_import_thread(import, line.tid, line.is_view ? NULL : reader->name);
    nsim_import_record(import);
    if (line.kind == LINE_WINDOW) {
        pass_window(reader, thread, line.window);
        return true;
    }
    if (line.kind == LINE_INSTRUCTION || line.is_step)
        nsim_import_advance(import, thread, 16);
    if (line.kind != LINE_INSTRUCTION)
        nsim_import_access(import, thread, line.kind == LINE_WRITE ? NSIM_OP_WRITE : NSIM_OP_READ, line.address,
                           line.bytes);
    return true;
}

static bool
read_drmemtrace_text(NsimImport *import, NsimInput *input, GError **error)
{
    const NsimImportHeader header = {.unit = NSIM_GAP_INSTRUCTIONS,
                                     .instructions_per_s = INSTRUCTIONS_PER_S,
                                     .capture = "text of DynamoRIO's drmemtrace or memtrace: every load and store; the "
                                                "clock counts each thread's own instructions"};
    g_autofree char *name = g_strdup_printf("thread %u", nsim_import_input_number(import));
    Reader reader = {.import = import, .input = input, .name = name};
    return nsim_import_begin(import, &header, error) && nsim_lines_read(import, input, take, &reader, error);
}

const NsimTraceFormat nsim_trace_format_drmemtrace_text = {
    .name = "drmemtrace-text",
    .summary = "text of DynamoRIO's view tool and of its memtrace samples",
    .probe = probe,
    .read = read_drmemtrace_text,
};
