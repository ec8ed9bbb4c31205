/* SPDX-License-Identifier: MIT */
/*
 * The text of `valgrind --tool=lackey --trace-mem=yes` (Valgrind manual, section "Lackey"): a line for each instruction
 * (`I  ADDRESS,SIZE`), load (` L `), store (` S `) and modify (` M `), in hexadecimal and decimal; other tools' messages
 * (`==PID==`, `--PID--`) between them. One thread: lackey does not tell threads apart.
 */
#include <traces/import/formats.h>
#include <traces/import/text.h>

#define INSTRUCTIONS_PER_S UINT64_C(3000000000)
#define GO_ON_LINES 65536u

typedef struct {
    char kind; /* I, L, S or M */
    uint64_t address, bytes;
} LackeyLine;

static bool
parse(const char *line, size_t length, LackeyLine *ret)
{
    const char *at = line, *end = line + length;
    if (length < 5 || (at[0] == 'I' ? at[1] != ' ' : at[0] != ' ') || at[2] != ' ')
        return false;
    ret->kind = at[0] == 'I' ? 'I' : at[1];
    if (ret->kind != 'I' && ret->kind != 'L' && ret->kind != 'S' && ret->kind != 'M')
        return false;
    at += 3;
    return nsim_text_take_hex(&at, end, &ret->address) && nsim_text_take_word(&at, end, ",") &&
           nsim_text_take_decimal(&at, end, &ret->bytes) && at == end;
}

static bool
is_message(const char *line, size_t length)
{
    return length == 0 || (length >= 2 && (memcmp(line, "==", 2) == 0 || memcmp(line, "--", 2) == 0));
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    const char *at = (const char *)head, *end = at + bytes;
    unsigned found = 0;
    for (unsigned i = 0; i < 1000 && at < end; i++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        LackeyLine line;
        if (next == NULL)
            break; /* cut by the end of what there is to see */
        const size_t length = (size_t)(next - at) - (next > at && next[-1] == '\r');
        if (parse(at, length, &line))
            found++;
        else if (!is_message(at, length))
            return NSIM_MATCH_NO;
        at = next + 1;
    }
    return found > 0 ? NSIM_MATCH_SURE : NSIM_MATCH_NO;
}

static bool
read_lackey(NsimImport *import, NsimInput *input, GError **error)
{
    const NsimImportHeader header = {.unit = NSIM_GAP_INSTRUCTIONS,
                                     .instructions_per_s = INSTRUCTIONS_PER_S,
                                     .capture = "valgrind lackey: every load and store, one thread; the clock counts "
                                                "instructions"};
    g_autoptr(GError) problem = NULL;
    const char *text;
    size_t length;
    if (!nsim_import_begin(import, &header, error))
        return false;
    const uint32_t thread = nsim_import_thread(import, 0, "main");
    while (nsim_input_line(input, &text, &length, &problem)) {
        LackeyLine line;
        if (!parse(text, length, &line)) {
            if (!is_message(text, length))
                return nsim_import_bad_line(import, input, error,
                                            "'%.*s' is not a line of lackey's (\"I  ADDRESS,SIZE\", \" L \", \" S \" or "
                                            "\" M \")",
                                            (int)MIN(length, 60), text);
            nsim_import_skip(import);
            continue;
        }
        nsim_import_record(import);
        if (line.kind == 'I') {
            nsim_import_advance(import, thread, 16);
        } else {
            if (line.kind != 'S')
                nsim_import_access(import, thread, NSIM_OP_READ, line.address, line.bytes);
            if (line.kind != 'L')
                nsim_import_access(import, thread, NSIM_OP_WRITE, line.address, line.bytes);
        }
        if (nsim_input_line_number(input) % GO_ON_LINES == 0 && !nsim_import_go_on(import, input, error))
            return false;
    }
    if (problem != NULL)
        g_propagate_error(error, g_steal_pointer(&problem));
    return *error == NULL;
}

const NsimTraceFormat nsim_trace_format_lackey = {
    .name = "lackey",
    .summary = "text of valgrind --tool=lackey --trace-mem=yes",
    .probe = probe,
    .read = read_lackey,
};
