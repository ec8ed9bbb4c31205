/* SPDX-License-Identifier: MIT */
/*
 * Traces of Ramulator (CMU-SAFARI/ramulator, README) and Ramulator 2 (CMU-SAFARI/ramulator2, src/frontend, 2.0
 * and 2.1), one of these kinds in a file:
 *
 *     0xADDRESS R|W              memory trace: requests at the memory controller, in hexadecimal with or without 0x
 *     BUBBLES READ [WRITEBACK]   CPU trace (Ramulator 2: SimpleO3): instructions without memory access, the address of
 * a load and of the dirty line that it drives out of the last-level cache; decimal, or hexadecimal with 0x LD|ST
 * ADDRESS              load/store trace of Ramulator 2 R|W N,N,N...               read/write trace of Ramulator 2:
 * coordinates inside DRAM, which are no addresses: refused
 *
 * CPU traces have a clock of instructions; the others have none. Whether a CPU trace has been through a cache shows in
 * write-backs among its first lines.
 */
#include <traces/import/formats.h>
#include <traces/import/lines.h>

#define INSTRUCTIONS_PER_S UINT64_C(3000000000)

typedef enum { KIND_NONE, KIND_MEMORY, KIND_CPU, KIND_LOAD_STORE, KIND_VECTOR } Kind;

typedef struct {
    Kind kind;
    bool is_write, has_writeback, has_prefix;
    uint64_t bubbles, address, writeback;
} Line;

typedef struct {
    NsimImport *import;
    NsimInput *input;
    Kind kind; /* of the first line; NONE: not begun */
    bool writebacks;
    uint32_t thread;
    uint64_t gap_16ths;
} Reader;

static Kind
parse_load_store(const char *at, const char *end, Line *ret)
{
    ret->is_write = at[0] == 'S';
    at += 2;
    return nsim_text_take_blanks(&at, end) && nsim_text_take_number(&at, end, &ret->address) &&
                   nsim_text_skip_blanks(at, end) == end
               ? KIND_LOAD_STORE
               : KIND_NONE;
}

static Kind
parse_cpu(const char *at, const char *end, Line *ret)
{
    if (!nsim_text_take_decimal(&at, end, &ret->bubbles) || !nsim_text_take_blanks(&at, end) ||
        !nsim_text_take_number(&at, end, &ret->address))
        return KIND_NONE;
    ret->has_writeback = nsim_text_take_blanks(&at, end) && nsim_text_take_number(&at, end, &ret->writeback);
    return nsim_text_skip_blanks(at, end) == end ? KIND_CPU : KIND_NONE;
}

static Kind
parse_memory(const char *at, const char *end, Line *ret)
{
    ret->has_prefix = end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
    at += ret->has_prefix ? 2 : 0;
    if (!nsim_text_take_hex(&at, end, &ret->address) || !nsim_text_take_blanks(&at, end) || at == end)
        return KIND_NONE;
    ret->is_write = *at == 'W';
    return (*at == 'R' || *at == 'W') && nsim_text_skip_blanks(at + 1, end) == end ? KIND_MEMORY : KIND_NONE;
}

static Kind
parse(const char *line, size_t length, Line *ret)
{
    const char *end = line + length, *at = nsim_text_skip_blanks(line, end);
    ret->has_writeback = false;
    if (end - at >= 3 && ((at[0] == 'L' && at[1] == 'D') || (at[0] == 'S' && at[1] == 'T')))
        return ret->kind = parse_load_store(at, end, ret);
    if (end - at >= 3 && (at[0] == 'R' || at[0] == 'W') && at[1] == ' ' && memchr(at, ',', (size_t)(end - at)) != NULL)
        return ret->kind = KIND_VECTOR;
    ret->kind = parse_cpu(at, end, ret);
    if (ret->kind == KIND_NONE)
        ret->kind = parse_memory(at, end, ret);
    return ret->kind;
}

static NsimLineKind
judge(const char *line, size_t length)
{
    Line parsed;
    if (length == 0)
        return NSIM_LINE_NEUTRAL;
    switch (parse(line, length, &parsed)) {
    case KIND_MEMORY:
        return parsed.has_prefix ? NSIM_LINE_OWN : NSIM_LINE_LIKELY;
    case KIND_LOAD_STORE:
        return NSIM_LINE_OWN;
    case KIND_CPU:
        return NSIM_LINE_LIKELY;
    case KIND_NONE:
    case KIND_VECTOR:
        break;
    }
    return NSIM_LINE_FOREIGN;
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    return nsim_lines_probe(head, bytes, judge);
}

static bool
has_writebacks(const char *at, const char *end)
{
    const char *next;
    Line line;
    for (; (next = memchr(at, '\n', (size_t)(end - at))) != NULL; at = next + 1)
        if (parse(at, (size_t)(next - at) - (next > at && next[-1] == '\r'), &line) == KIND_CPU && line.has_writeback)
            return true;
    return parse(at, (size_t)(end - at), &line) == KIND_CPU && line.has_writeback;
}

static bool
begin(Reader *reader, Kind kind, GError **error)
{
    g_autofree char *capture = NULL;
    NsimImportHeader header = {.unit = NSIM_GAP_PS};
    if (kind == KIND_CPU) {
        capture = g_strdup("Ramulator CPU trace of one core; the clock counts instructions");
        header.unit = NSIM_GAP_INSTRUCTIONS;
        header.instructions_per_s = INSTRUCTIONS_PER_S;
        header.filter = reader->writebacks ? "the last-level cache whose write-backs the file has" : NULL;
    } else {
        capture = g_strdup_printf("Ramulator %s trace; it has no clock: %" G_GUINT64_FORMAT " ps for each access",
                                  kind == KIND_MEMORY ? "memory" : "load/store", reader->gap_16ths / 16);
        header.filter = kind == KIND_MEMORY ? "the caches in front of the memory controller" : NULL;
    }
    header.capture = capture;
    if (!nsim_import_begin(reader->import, &header, error))
        return false;
    g_autofree char *name = g_strdup_printf("core %u", nsim_import_input_number(reader->import));
    reader->thread = nsim_import_thread(reader->import, 0, name);
    reader->kind = kind;
    return true;
}

static bool
refuse(const Reader *reader, const Line *line, const char *text, size_t length, GError **error)
{
    if (line->kind == KIND_NONE)
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "'%.*s' is not a line of Ramulator's (\"0xADDRESS R\" or W, \"BUBBLES ADDRESS "
                                    "[WRITEBACK]\", \"LD ADDRESS\" or ST)",
                                    NSIM_LINE_SHOWN(text, length));
    if (line->kind == KIND_VECTOR)
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "'%.*s' says where in DRAM and not which address: such traces cannot be imported",
                                    NSIM_LINE_SHOWN(text, length));
    return nsim_import_bad_line(reader->import, reader->input, error,
                                "'%.*s' is of another kind of trace than the lines before it",
                                NSIM_LINE_SHOWN(text, length));
}

static bool
take(void *context, const char *text, size_t length, GError **error)
{
    Reader *reader = context;
    Line line;
    if (length == 0) {
        nsim_import_skip(reader->import);
        return true;
    }
    if (parse(text, length, &line) == KIND_NONE || line.kind == KIND_VECTOR ||
        (reader->kind != KIND_NONE && line.kind != reader->kind))
        return refuse(reader, &line, text, length, error);
    if (reader->kind == KIND_NONE && !begin(reader, line.kind, error))
        return false;
    nsim_import_record(reader->import);
    if (line.kind == KIND_CPU) {
        if (line.bubbles >> 60 != 0)
            return nsim_import_bad_line(reader->import, reader->input, error,
                                        "%" G_GUINT64_FORMAT " instructions are more than 2^60", line.bubbles);
        nsim_import_advance(reader->import, reader->thread, (line.bubbles + 1) * 16);
        nsim_import_access(reader->import, reader->thread, NSIM_OP_READ, line.address, 1);
        if (line.has_writeback)
            nsim_import_access(reader->import, reader->thread, NSIM_OP_WRITE, line.writeback, 1);
    } else {
        nsim_import_advance(reader->import, reader->thread, reader->gap_16ths);
        nsim_import_access(reader->import, reader->thread, line.is_write ? NSIM_OP_WRITE : NSIM_OP_READ, line.address,
                           1);
    }
    return true;
}

static bool
read_ramulator(NsimImport *import, NsimInput *input, GError **error)
{
    Reader reader = {.import = import, .input = input, .gap_16ths = nsim_lines_gap_16ths(import)};
    (void)nsim_input_more(input, NSIM_IMPORT_HEAD_BYTES, error);
    if (*error != NULL)
        return false;
    const size_t head_bytes = MIN((size_t)(input->end - input->at), NSIM_IMPORT_HEAD_BYTES);
    reader.writebacks = has_writebacks((const char *)input->at, (const char *)input->at + head_bytes);
    return nsim_lines_read(import, input, take, &reader, error);
}

static const char *const endings[] = {".cputrace", ".ramulator", NULL};

const NsimTraceFormat nsim_trace_format_ramulator = {
    .name = "ramulator",
    .summary = "memory, CPU and load/store traces of Ramulator 1 and 2",
    .endings = endings,
    .probe = probe,
    .read = read_ramulator,
};
