/* SPDX-License-Identifier: MIT */
/*
 * Output of the tool mem_trace of NVIDIA's NVBit (NVlabs/NVBit, tools/mem_trace/mem_trace.cu, 1.0 to 1.7): a line for
 * each memory instruction of a warp with the addresses of its 32 lanes, 0 for one that takes no part,
 *
 *     MEMTRACE: CTX 0xN - grid_launch_id N - CTA X,Y,Z - warp N - OPCODE - 0xADDRESS 0xADDRESS ...
 *     CTA X,Y,Z - warp N - OPCODE - 0xADDRESS ...                                            (the oldest versions)
 *     MEMTRACE: CTX 0xN - LAUNCH - Kernel pc 0xN - Kernel name NAME - grid launch id N - grid size X,Y,Z - ...
 *
 * among what the program itself prints, which is passed over. An instruction becomes an access of each 64-byte line
 * that its lanes touch, in the order of the lanes. The tool does not say which SM ran a thread block, so block N of a
 * grid is taken to run on SM N modulo 80, as many as a V100 has: a thread of the trace is an SM. There is no clock: a
 * warp instruction takes its SM the same time always, and kernels follow each other, as the tool makes them do; a mark
 * "kernel N" on each SM says where. Left out: shared, local and constant memory, whose addresses are not places in
 * memory; which warp it was.
 */
#include <traces/import/formats.h>
#include <traces/import/lines.h>

#define SMS 80u
#define LANES 32u
/* 16 bytes a lane at most, so two lines. */
#define LINES_MAX (2 * LANES)
/* Kernels that get a mark with their number; the marks of a trace are limited. */
#define KERNELS_NUMBERED 10000u
#define DIMENSION_MAX UINT64_C(0x7fffffff)
/* Launches whose sizes are remembered. */
#define GRIDS 16u
/* How much of a program's own output may come first. */
#define PROBE_LINES 10000u

typedef enum { LINE_OTHER, LINE_WRONG, LINE_LAUNCH, LINE_ACCESS } Kind;

typedef struct {
    uint64_t launch, cta[3], grid[3];
    bool has_launch, has_grid, is_old;
    const char *opcode;
    size_t opcode_length;
    unsigned lane_count;
    uint64_t lanes[LANES];
} Line;

typedef struct {
    uint64_t launch, width, height; /* height 0: not known */
} Grid;

typedef struct {
    NsimImport *import;
    NsimInput *input;
    uint64_t gap_16ths;
    uint64_t launch; /* the present one */
    bool has_launch;
    Grid grids[GRIDS]; /* of recent launches: their lines may come before the last accesses of the launch before */
    uint64_t now_16ths[SMS], begin_16ths; /* clocks; begin of the present launch */
    uint64_t marked[SMS];                 /* launch whose mark the SM has passed, + 1 */
} Reader;

static bool
take_triple(const char **at, const char *end, uint64_t *ret)
{
    for (unsigned i = 0; i < 3; i++)
        if ((i > 0 && !nsim_text_take_word(at, end, ",")) || !nsim_text_take_decimal(at, end, &ret[i]) ||
            ret[i] > DIMENSION_MAX)
            return false;
    return true;
}

/* "X,Y,Z - warp N - OPCODE - 0xADDRESS ..." */
static Kind
parse_access(const char *at, const char *end, Line *ret)
{
    uint64_t warp;
    if (!take_triple(&at, end, ret->cta) || !nsim_text_take_word(&at, end, " - warp ") ||
        !nsim_text_take_decimal(&at, end, &warp) || !nsim_text_take_word(&at, end, " - ") ||
        !nsim_text_take_token(&at, end, &ret->opcode, &ret->opcode_length) || !nsim_text_take_word(&at, end, " - "))
        return LINE_WRONG;
    for (;;) {
        at = nsim_text_skip_blanks(at, end);
        if (at == end)
            return ret->lane_count > 0 ? LINE_ACCESS : LINE_WRONG;
        if (ret->lane_count == LANES || !nsim_text_take_word(&at, end, "0x") ||
            !nsim_text_take_hex(&at, end, &ret->lanes[ret->lane_count]) || (at < end && *at != ' '))
            return LINE_WRONG;
        ret->lane_count++;
    }
}

/* The last `word` in the line: names of kernels come before it and may hold anything. */
static const char *
after_last(const char *at, const char *end, const char *word)
{
    const size_t length = strlen(word);
    const char *found = NULL;
    while ((at = memmem(at, (size_t)(end - at), word, length)) != NULL)
        found = at += length;
    return found;
}

static Kind
parse_launch(const char *at, const char *end, Line *ret)
{
    const char *id = after_last(at, end, " - grid launch id "), *size = after_last(at, end, " - grid size ");
    ret->has_launch = id != NULL && nsim_text_take_decimal(&id, end, &ret->launch);
    ret->has_grid = size != NULL && take_triple(&size, end, ret->grid);
    return ret->has_launch || (id == NULL && ret->has_grid) ? LINE_LAUNCH : LINE_WRONG;
}

static Kind
parse(const char *line, size_t length, Line *ret)
{
    const char *at = line, *end = line + length;
    uint64_t context;
    ret->has_launch = ret->has_grid = ret->is_old = false;
    ret->lane_count = 0;
    if (!nsim_text_take_word(&at, end, "MEMTRACE: ")) {
        ret->is_old = true;
        if (nsim_text_take_word(&at, end, "CTA "))
            return parse_access(at, end, ret);
        return nsim_text_take_word(&at, end, "Kernel ") && parse_launch(at, end, ret) == LINE_LAUNCH ? LINE_LAUNCH
                                                                                                     : LINE_OTHER;
    }
    if (!nsim_text_take_word(&at, end, "CTX 0x")) /* "STARTING CONTEXT", when it is to be verbose */
        return LINE_OTHER;
    if (!nsim_text_take_hex(&at, end, &context) || !nsim_text_take_word(&at, end, " - "))
        return LINE_WRONG;
    if (nsim_text_take_word(&at, end, "LAUNCH"))
        return parse_launch(at, end, ret);
    if (!nsim_text_take_word(&at, end, "grid_launch_id ") || !nsim_text_take_decimal(&at, end, &ret->launch) ||
        !nsim_text_take_word(&at, end, " - CTA "))
        return LINE_WRONG;
    ret->has_launch = true;
    return parse_access(at, end, ret);
}

/* One line of the tool's is proof enough, for a program may print anything before it. */
static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    const char *at = (const char *)head, *end = at + bytes, *next;
    for (unsigned i = 0; i < PROBE_LINES && at < end && (next = memchr(at, '\n', (size_t)(end - at))) != NULL;
         i++, at = next + 1) {
        Line line;
        const Kind kind = parse(at, (size_t)(next - at) - (next > at && next[-1] == '\r'), &line);
        if (kind == LINE_WRONG)
            return NSIM_MATCH_NO;
        if (kind == LINE_ACCESS || (kind == LINE_LAUNCH && !line.is_old))
            return NSIM_MATCH_SURE;
    }
    return NSIM_MATCH_NO;
}

/* Bytes that one lane touches, by the opcode's suffixes (CUDA Binary Utilities, instruction set reference). */
static uint64_t
lane_bytes(const char *opcode, size_t length)
{
    static const struct {
        const char *suffix;
        uint64_t bytes;
    } sizes[] = {{"128", 16}, {"64", 8}, {"U16", 2}, {"S16", 2}, {"U8", 1}, {"S8", 1}, {"F64", 8}};
    const char *at = opcode, *end = opcode + length;
    while ((at = memchr(at, '.', (size_t)(end - at))) != NULL) {
        const char *suffix = ++at;
        while (at < end && *at != '.')
            at++;
        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
            if (nsim_text_equal(suffix, (size_t)(at - suffix), sizes[i].suffix))
                return sizes[i].bytes;
    }
    return 4;
}

/* What an instruction does to global memory: bit 0 reads, bit 1 writes. */
static unsigned
directions(const char *opcode, size_t length)
{
    static const struct {
        const char *stem;
        unsigned directions;
    } stems[] = {{"LDG", 1},  {"LD", 1},    {"LDGSTS", 1}, {"STG", 2}, {"ST", 2},
                 {"ATOM", 3}, {"ATOMG", 3}, {"RED", 3},    {"REDG", 3}};
    const char *dot = memchr(opcode, '.', length);
    const size_t stem = dot != NULL ? (size_t)(dot - opcode) : length;
    for (size_t i = 0; i < G_N_ELEMENTS(stems); i++)
        if (nsim_text_equal(opcode, stem, stems[i].stem))
            return stems[i].directions;
    return 0;
}

static void
enter_launch(Reader *reader, uint64_t launch)
{
    if (reader->has_launch && reader->launch == launch)
        return;
    /* It begins when all before it are over. */
    for (unsigned i = 0; i < SMS; i++)
        reader->begin_16ths = MAX(reader->begin_16ths, reader->now_16ths[i]);
    reader->has_launch = true;
    reader->launch = launch;
}

static uint32_t
enter_sm(Reader *reader, unsigned sm)
{
    char name[16];
    g_snprintf(name, sizeof name, "sm %u", sm);
    const uint32_t thread = nsim_import_thread(reader->import, sm, name);
    if (reader->marked[sm] != reader->launch + 1) {
        g_autofree char *mark = reader->launch < KERNELS_NUMBERED
                                    ? g_strdup_printf("kernel %" G_GUINT64_FORMAT, reader->launch)
                                    : g_strdup("kernel");
        reader->marked[sm] = reader->launch + 1;
        reader->now_16ths[sm] = reader->begin_16ths;
        nsim_import_set_clock(reader->import, thread, reader->begin_16ths);
        nsim_import_mark(reader->import, thread, mark);
    }
    return thread;
}

static unsigned
lines_of(const Line *line, uint64_t bytes, uint64_t *ret_lines)
{
    unsigned count = 0;
    for (unsigned i = 0; i < line->lane_count; i++) {
        const uint64_t address = line->lanes[i];
        if (address == 0)
            continue;
        const uint64_t end = bytes - 1 > UINT64_MAX - address ? UINT64_MAX : address + bytes - 1;
        for (uint64_t at = address >> NSIM_LINE_SHIFT; at <= end >> NSIM_LINE_SHIFT; at++) {
            unsigned found = count; /* the last ones first: lanes mostly follow each other */
            while (found > 0 && ret_lines[found - 1] != at)
                found--;
            if (found == 0)
                ret_lines[count++] = at;
        }
    }
    return count;
}

static unsigned
sm_of(const Reader *reader, const uint64_t *cta)
{
    const Grid *grid = &reader->grids[reader->launch % GRIDS];
    const bool known = grid->height > 0 && grid->launch == reader->launch;
    const uint64_t width = known ? grid->width : 1, height = known ? grid->height : 1;
    return (unsigned)((cta[0] + width * (cta[1] + height * cta[2])) % SMS);
}

static void
take_access(Reader *reader, const Line *line)
{
    const unsigned way = directions(line->opcode, line->opcode_length);
    uint64_t lines[LINES_MAX];
    if (line->has_launch || !reader->has_launch)
        enter_launch(reader, line->launch);
    const unsigned count = way != 0 ? lines_of(line, lane_bytes(line->opcode, line->opcode_length), lines) : 0;
    if (count == 0) {
        nsim_import_skip(reader->import);
        return;
    }
    const unsigned sm = sm_of(reader, line->cta);
    const uint32_t thread = enter_sm(reader, sm);
    nsim_import_record(reader->import);
    nsim_import_advance(reader->import, thread, reader->gap_16ths);
    reader->now_16ths[sm] += reader->gap_16ths;
    for (unsigned direction = 0; direction < 2; direction++)
        for (unsigned i = 0; (way & 1u << direction) != 0 && i < count; i++)
            nsim_import_access(reader->import, thread, direction == 0 ? NSIM_OP_READ : NSIM_OP_WRITE,
                               lines[i] << NSIM_LINE_SHIFT, NSIM_LINE_BYTES);
}

static void
take_launch(Reader *reader, const Line *line)
{
    const uint64_t launch = line->has_launch ? line->launch : reader->has_launch ? reader->launch + 1 : 0;
    if (line->has_grid)
        reader->grids[launch % GRIDS] = (Grid){launch, line->grid[0], line->grid[1]};
    if (!line->has_launch) /* then accesses do not say theirs */
        enter_launch(reader, launch);
    nsim_import_record(reader->import);
}

static bool
take(void *context, const char *text, size_t length, GError **error)
{
    Reader *reader = context;
    Line line = {.launch = 0};
    switch (parse(text, length, &line)) {
    case LINE_ACCESS:
        take_access(reader, &line);
        return true;
    case LINE_LAUNCH:
        take_launch(reader, &line);
        return true;
    case LINE_OTHER:
        nsim_import_skip(reader->import);
        return true;
    case LINE_WRONG:
        break;
    }
    return nsim_import_bad_line(
        reader->import, reader->input, error,
        "'%.*s' is not a line of mem_trace's (\"MEMTRACE: CTX 0xN - grid_launch_id N - CTA X,Y,Z - "
        "warp N - OPCODE - \" and up to 32 addresses, or \" - LAUNCH - \")",
        NSIM_LINE_SHOWN(text, length));
}

static bool
read_nvbit(NsimImport *import, NsimInput *input, GError **error)
{
    g_autofree Reader *reader = g_new0(Reader, 1);
    reader->import = import;
    reader->input = input;
    reader->gap_16ths = nsim_lines_gap_16ths(import);
    g_autofree char *capture = g_strdup_printf(
        "NVBit mem_trace: lines touched by each warp instruction, thread blocks dealt out to %u SMs; it has no clock: "
        "%" G_GUINT64_FORMAT " ps for each instruction of an SM",
        SMS, reader->gap_16ths / 16);
    const NsimImportHeader header = {.unit = NSIM_GAP_PS, .capture = capture};
    return nsim_import_begin(import, &header, error) && nsim_lines_read(import, input, take, reader, error);
}

const NsimTraceFormat nsim_trace_format_nvbit = {
    .name = "nvbit",
    .summary = "output of NVBit's mem_trace: addresses of GPU warps",
    .probe = probe,
    .read = read_nvbit,
};
