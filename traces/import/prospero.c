/* SPDX-License-Identifier: MIT */
/*
 * Text traces of SST Prospero (sst-elements, src/sst/elements/prospero: prostextreader.cc and tracetool/sstmemtrace.cc,
 * SST 14): a line for each load or store,
 *
 *     CYCLE R|W ADDRESS BYTES
 *
 * in decimal. The trace tool writes a file for each thread, `sstprospero-THREAD-PART.trace`; what it writes as cycle is
 * the number of instructions that the thread has executed, so that is what the clock counts. All inputs of an import
 * count from the first record of the first one. A thread in several parts becomes several threads unless the parts are
 * put together first.
 */
#include <traces/import/formats.h>
#include <traces/import/lines.h>

#define INSTRUCTIONS_PER_S UINT64_C(3000000000)

typedef struct {
    uint64_t instructions, address, bytes;
    bool is_write;
} Line;

typedef struct {
    NsimImport *import;
    NsimInput *input;
    uint32_t thread;
} Reader;

static bool
parse(const char *line, size_t length, Line *ret)
{
    const char *at = nsim_text_skip_blanks(line, line + length), *end = line + length;
    if (!nsim_text_take_decimal(&at, end, &ret->instructions) || !nsim_text_take_blanks(&at, end) || at == end)
        return false;
    const char op = (char)(*at++ & ~0x20);
    ret->is_write = op == 'W';
    return (op == 'R' || op == 'W') && nsim_text_take_blanks(&at, end) &&
           nsim_text_take_decimal(&at, end, &ret->address) && nsim_text_take_blanks(&at, end) &&
           nsim_text_take_decimal(&at, end, &ret->bytes) && nsim_text_skip_blanks(at, end) == end;
}

static bool
is_own(const char *line, size_t length)
{
    Line parsed;
    return parse(line, length, &parsed);
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    return nsim_lines_probe_own(head, bytes, is_own);
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
    if (!parse(text, length, &line))
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "'%.*s' is not a record of Prospero's (\"CYCLE R ADDRESS BYTES\" or W, decimal)",
                                    NSIM_LINE_SHOWN(text, length));
    const uint64_t origin = nsim_import_origin(reader->import, line.instructions);
    const uint64_t now = line.instructions > origin ? line.instructions - origin : 0;
    if (now >> 60 != 0)
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "cycle %" G_GUINT64_FORMAT " is more than 2^60 after the first", line.instructions);
    nsim_import_record(reader->import);
    nsim_import_set_clock(reader->import, reader->thread, now * 16);
    nsim_import_access(reader->import, reader->thread, line.is_write ? NSIM_OP_WRITE : NSIM_OP_READ, line.address,
                       line.bytes);
    return true;
}

static bool
read_prospero(NsimImport *import, NsimInput *input, GError **error)
{
    const NsimImportHeader header = {.unit = NSIM_GAP_INSTRUCTIONS,
                                     .instructions_per_s = INSTRUCTIONS_PER_S,
                                     .capture =
                                         "SST Prospero text trace: every load and store of a thread for each file; "
                                         "the clock counts instructions"};
    Reader reader = {.import = import, .input = input};
    if (!nsim_import_begin(import, &header, error))
        return false;
    g_autofree char *name = g_strdup_printf("thread %u", nsim_import_input_number(import));
    reader.thread = nsim_import_thread(import, 0, name);
    return nsim_lines_read(import, input, take, &reader, error);
}

const NsimTraceFormat nsim_trace_format_prospero = {
    .name = "prospero",
    .summary = "text of SST Prospero's trace tool: CYCLE R|W ADDRESS BYTES",
    .probe = probe,
    .read = read_prospero,
};
