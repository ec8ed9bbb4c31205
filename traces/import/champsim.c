/* SPDX-License-Identifier: MIT */
/*
 * Traces of ChampSim (ChampSim, inc/trace_instruction.h and tracer/pin, 2023): a little-endian record for each
 * instruction, without a header, as its tracers write them before they are compressed:
 *
 *     champsim, 64 bytes                    champsim-cloudsuite, 96 bytes
 *      0  u64 instruction pointer            0  u64 instruction pointer
 *      8  u8  is a branch                    8  u8  is a branch
 *      9  u8  branch taken                   9  u8  branch taken
 *     10  u8  registers written [2]         10  u8  registers written [4]
 *     12  u8  registers read [4]            14  u8  registers read [4]
 *     16  u64 addresses written [2]         24  u64 addresses written [4]
 *     32  u64 addresses read [4]            56  u64 addresses read [4]
 *                                           88  u8  address space [2]
 *
 * Address 0 stands for none. The clock counts records. Left out: instruction pointers and registers, address spaces (a
 * file of several has them on top of each other), the sizes of accesses, which are not recorded: each is one byte.
 */
#include <traces/import/formats.h>

#define INSTRUCTIONS_PER_S UINT64_C(3000000000)
#define PIECE_RECORDS 65536u
/* So many records in a row are no accident. */
#define SURE_RECORDS 16u
/* No instruction of x86, which the tracers are for, is longer. */
#define INSTRUCTION_BYTES_MAX 15u
/* Nothing is mapped below: Linux keeps the first page free. */
#define ADDRESS_MIN 4096u
/* Canonical addresses of five-level paging. */
#define ADDRESS_BITS 57u

typedef struct {
    uint32_t bytes;
    uint32_t written_at, written_count;
    uint32_t read_at, read_count;
    uint32_t padding_at, padding_count; /* bytes that no tracer sets */
} Layout;

static const Layout plain = {.bytes = 64, .written_at = 16, .written_count = 2, .read_at = 32, .read_count = 4};
static const Layout cloudsuite = {.bytes = 96,
                                  .written_at = 24,
                                  .written_count = 4,
                                  .read_at = 56,
                                  .read_count = 4,
                                  .padding_at = 90,
                                  .padding_count = 6};

static inline uint64_t
u64_at(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return GUINT64_FROM_LE(value);
}

static bool
is_address(uint64_t address)
{
    const uint64_t top = address >> (ADDRESS_BITS - 1);
    return address >= ADDRESS_MIN && (top == 0 || top == UINT64_MAX >> (ADDRESS_BITS - 1));
}

static bool
are_addresses(const uint8_t *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (u64_at(at + 8 * i) != 0 && !is_address(u64_at(at + 8 * i)))
            return false;
    return true;
}

static bool
looks_sound(const Layout *layout, const uint8_t *at)
{
    if (at[8] > 1 || at[9] > at[8] || !is_address(u64_at(at)))
        return false;
    for (uint32_t i = 0; i < layout->padding_count; i++)
        if (at[layout->padding_at + i] != 0)
            return false;
    return are_addresses(at + layout->written_at, layout->written_count) &&
           are_addresses(at + layout->read_at, layout->read_count);
}

/* Every record must look sound, and most must be followed by the instruction behind them in memory. */
static NsimMatch
probe_layout(const Layout *layout, const uint8_t *head, size_t bytes)
{
    const size_t count = bytes / layout->bytes;
    size_t in_order = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = head + i * layout->bytes;
        if (!looks_sound(layout, at))
            return NSIM_MATCH_NO;
        if (i > 0) {
            const uint64_t step = u64_at(at) - u64_at(at - layout->bytes);
            in_order += step >= 1 && step <= INSTRUCTION_BYTES_MAX;
        }
    }
    if (count == 0)
        return NSIM_MATCH_NO;
    return count >= SURE_RECORDS && in_order >= count / 2 ? NSIM_MATCH_SURE : NSIM_MATCH_POSSIBLE;
}

static NsimMatch
probe_plain(const uint8_t *head, size_t bytes)
{
    return probe_layout(&plain, head, bytes);
}

static NsimMatch
probe_cloudsuite(const uint8_t *head, size_t bytes)
{
    return probe_layout(&cloudsuite, head, bytes);
}

static bool
read_piece(NsimImport *import, NsimInput *input, const Layout *layout, uint32_t thread, size_t count, GError **error)
{
    for (size_t i = 0; i < count; i++, input->at += layout->bytes) {
        const uint8_t *at = input->at;
        bool touched = false;
        if (G_UNLIKELY(at[8] > 1 || at[9] > 1)) {
            nsim_import_record(import);
            return nsim_import_bad(import, input, error, "branch %u, taken %u (0 or 1, 0 or 1)", at[8], at[9]);
        }
        nsim_import_advance(import, thread, 16);
        for (uint32_t j = 0; j < layout->read_count; j++) {
            const uint64_t address = u64_at(at + layout->read_at + 8 * j);
            if (address != 0) {
                nsim_import_access(import, thread, NSIM_OP_READ, address, 1);
                touched = true;
            }
        }
        for (uint32_t j = 0; j < layout->written_count; j++) {
            const uint64_t address = u64_at(at + layout->written_at + 8 * j);
            if (address != 0) {
                nsim_import_access(import, thread, NSIM_OP_WRITE, address, 1);
                touched = true;
            }
        }
        if (touched)
            nsim_import_record(import);
        else
            nsim_import_skip(import);
    }
    return true;
}

static bool
read_layout(NsimImport *import, NsimInput *input, const Layout *layout, GError **error)
{
    const NsimImportHeader header = {.unit = NSIM_GAP_INSTRUCTIONS,
                                     .instructions_per_s = INSTRUCTIONS_PER_S,
                                     .capture =
                                         "ChampSim tracer: every instruction of one core, sizes not recorded; the "
                                         "clock counts instructions"};
    if (!nsim_import_begin(import, &header, error))
        return false;
    g_autofree char *name = g_strdup_printf("core %u", nsim_import_input_number(import));
    const uint32_t thread = nsim_import_thread(import, 0, name);
    for (;;) {
        (void)nsim_input_more(input, layout->bytes, error);
        if (*error != NULL)
            return false;
        const size_t count = MIN((size_t)(input->end - input->at) / layout->bytes, PIECE_RECORDS);
        if (count == 0)
            break;
        if (!read_piece(import, input, layout, thread, count, error) || !nsim_import_go_on(import, input, error))
            return false;
    }
    if (input->at < input->end) {
        nsim_import_record(import);
        return nsim_import_bad(import, input, error, "the file ends in the middle of a record of %u bytes",
                               layout->bytes);
    }
    return true;
}

static bool
read_plain(NsimImport *import, NsimInput *input, GError **error)
{
    return read_layout(import, input, &plain, error);
}

static bool
read_cloudsuite(NsimImport *import, NsimInput *input, GError **error)
{
    return read_layout(import, input, &cloudsuite, error);
}

static const char *const plain_endings[] = {".champsim", ".champsimtrace", ".champsim.trace", NULL};
static const char *const cloudsuite_endings[] = {".cloudsuite", NULL};

const NsimTraceFormat nsim_trace_format_champsim = {
    .name = "champsim",
    .summary = "ChampSim traces: 64 bytes an instruction",
    .endings = plain_endings,
    .probe = probe_plain,
    .read = read_plain,
};

const NsimTraceFormat nsim_trace_format_champsim_cloudsuite = {
    .name = "champsim-cloudsuite",
    .summary = "ChampSim traces of CloudSuite: 96 bytes an instruction",
    .endings = cloudsuite_endings,
    .probe = probe_cloudsuite,
    .read = read_cloudsuite,
};
