/* SPDX-License-Identifier: MIT */
/*
 * Memory traces of DRAMsim3 (umd-memsys/DRAMsim3, README and src/common.cc, version 1.0.0): a line for each request,
 *
 *     0xADDRESS READ|WRITE CYCLE
 *
 * also with the names of DRAMSim2's k6 traces (P_MEM_RD, P_MEM_WR, P_FETCH, BOFF). Requests are cache lines at the
 * memory controller, behind all caches, of one stream. The cycle is of the memory's clock, whose frequency is in
 * DRAMsim3's own configuration (tCK) and not in the trace. Left out: P_FETCH, as instruction fetches are.
 */
#include <traces/import/formats.h>
#include <traces/import/lines.h>

/* tCK 0.625 ns: DDR4-3200, the configuration that DRAMsim3's README runs. */
#define CYCLES_PER_S UINT64_C(1600000000)
#define PS_PER_S UINT64_C(1000000000000)

typedef enum { REQUEST_READ, REQUEST_WRITE, REQUEST_FETCH } Request;

typedef struct {
    uint64_t address, cycle;
    Request request;
} Line;

typedef struct {
    NsimImport *import;
    NsimInput *input;
    uint64_t cycles_per_s;
    uint64_t cycle_ps; /* 0: not a whole number */
    uint32_t thread;
} Reader;

static bool
parse_request(const char *word, size_t length, Request *ret)
{
    static const struct {
        const char word[12];
        Request request;
    } words[] = {{"READ", REQUEST_READ},     {"WRITE", REQUEST_WRITE},   {"read", REQUEST_READ},
                 {"write", REQUEST_WRITE},   {"P_MEM_RD", REQUEST_READ}, {"P_MEM_WR", REQUEST_WRITE},
                 {"P_FETCH", REQUEST_FETCH}, {"BOFF", REQUEST_WRITE}};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (nsim_text_equal(word, length, words[i].word)) {
            *ret = words[i].request;
            return true;
        }
    }
    return false;
}

static bool
parse(const char *line, size_t length, Line *ret)
{
    const char *at = line, *end = line + length, *word;
    size_t word_length;
    at = nsim_text_skip_blanks(at, end);
    if (end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
        at += 2;
    return nsim_text_take_hex(&at, end, &ret->address) && nsim_text_take_blanks(&at, end) &&
           nsim_text_take_token(&at, end, &word, &word_length) && parse_request(word, word_length, &ret->request) &&
           nsim_text_take_blanks(&at, end) && nsim_text_take_decimal(&at, end, &ret->cycle) &&
           nsim_text_skip_blanks(at, end) == end;
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
                                    "'%.*s' is not a request of DRAMsim3's (\"0xADDRESS READ CYCLE\" or WRITE)",
                                    NSIM_LINE_SHOWN(text, length));
    if (line.request == REQUEST_FETCH) {
        nsim_import_skip(reader->import);
        return true;
    }
    const uint64_t origin = nsim_import_origin(reader->import, line.cycle);
    const uint64_t cycles = line.cycle > origin ? line.cycle - origin : 0;
    const unsigned __int128 now_ps = reader->cycle_ps > 0 ? (unsigned __int128)cycles * reader->cycle_ps
                                                          : (unsigned __int128)cycles * PS_PER_S / reader->cycles_per_s;
    if (now_ps >> 60 != 0)
        return nsim_import_bad_line(reader->import, reader->input, error,
                                    "cycle %" G_GUINT64_FORMAT
                                    " is more than 13 days after the first, at %" G_GUINT64_FORMAT " cycles per second",
                                    line.cycle, reader->cycles_per_s);
    nsim_import_record(reader->import);
    nsim_import_set_clock(reader->import, reader->thread, (uint64_t)now_ps * 16);
    nsim_import_access(reader->import, reader->thread, line.request == REQUEST_WRITE ? NSIM_OP_WRITE : NSIM_OP_READ,
                       line.address, 1);
    return true;
}

static bool
read_dramsim3(NsimImport *import, NsimInput *input, GError **error)
{
    const uint64_t rate = nsim_import_options(import)->instructions_per_s;
    Reader reader = {.import = import, .input = input, .cycles_per_s = rate > 0 ? rate : CYCLES_PER_S};
    reader.cycle_ps = PS_PER_S % reader.cycles_per_s == 0 ? PS_PER_S / reader.cycles_per_s : 0;
    g_autofree char *capture = g_strdup_printf(
        "DRAMsim3 trace: requests at a memory controller; the clock is its cycles, taken as %" G_GUINT64_FORMAT
        " per second",
        reader.cycles_per_s);
    const NsimImportHeader header = {
        .unit = NSIM_GAP_PS, .capture = capture, .filter = "the caches in front of the memory controller"};
    if (!nsim_import_begin(import, &header, error))
        return false;
    g_autofree char *name = g_strdup_printf("stream %u", nsim_import_input_number(import));
    reader.thread = nsim_import_thread(import, 0, name);
    return nsim_lines_read(import, input, take, &reader, error);
}

const NsimTraceFormat nsim_trace_format_dramsim3 = {
    .name = "dramsim3",
    .summary = "memory trace of DRAMsim3 and DRAMSim2: 0xADDRESS READ|WRITE CYCLE",
    .probe = probe,
    .read = read_dramsim3,
};
