/* SPDX-License-Identifier: MIT */
/*
 * Plain sequences of 16-byte little-endian records, as small capture plug-ins write them, without a header:
 *
 *     u64 address; u32 instructions of this thread since its previous record (saturates); u8 operation;
 *     u8 log2 of the bytes; u16 thread
 *
 * Operation: 0 a load, 1 a store; in files that hold misses of a last-level cache (every record is a whole aligned line
 * of 64 bytes) 0 a line filled for a load, 1 a dirty line written back, 2 a line filled for a store. Which of the two a
 * file is shows in its first records.
 */
#include <traces/import/formats.h>

#define RECORD_BYTES 16u
#define INSTRUCTIONS_PER_S UINT64_C(3000000000)
#define LINE_LOG2 6u
#define THREADS_MAX 4096u
/* So many records in a row are no accident. */
#define SURE_RECORDS 64u
#define PIECE_RECORDS 65536u

typedef struct {
    uint64_t address;
    uint32_t instructions;
    uint8_t op, log2_bytes;
    uint16_t thread;
} Record;

static inline Record
record_at(const uint8_t *at)
{
    Record record;
    _Static_assert(sizeof record == RECORD_BYTES, "read as it is stored");
    memcpy(&record, at, sizeof record);
    record.address = GUINT64_FROM_LE(record.address);
    record.instructions = GUINT32_FROM_LE(record.instructions);
    record.thread = GUINT16_FROM_LE(record.thread);
    return record;
}

static inline bool
is_sound(const Record *record)
{
    return record->op <= 2 && record->log2_bytes <= LINE_LOG2 && record->thread < THREADS_MAX;
}

/* Do the first records look like whole lines? */
static bool
is_filtered(const uint8_t *head, size_t bytes)
{
    for (size_t at = 0; at + RECORD_BYTES <= bytes; at += RECORD_BYTES) {
        const Record record = record_at(head + at);
        if (record.log2_bytes != LINE_LOG2 || record.address % NSIM_LINE_BYTES != 0)
            return false;
    }
    return true;
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    const size_t count = bytes / RECORD_BYTES;
    for (size_t i = 0; i < count; i++) {
        const Record record = record_at(head + i * RECORD_BYTES);
        if (!is_sound(&record) || record.address == 0 || record.address >> 57 != 0)
            return NSIM_MATCH_NO;
    }
    return count >= SURE_RECORDS ? NSIM_MATCH_SURE : count > 0 ? NSIM_MATCH_POSSIBLE : NSIM_MATCH_NO;
}

static inline bool
is_allowed(const Record *record, bool filtered)
{
    return is_sound(record) && (filtered || record->op != NSIM_OP_RFO);
}

/* From the next records those that one thread has in a row, at most a batch. None: the first is damaged. */
static size_t
gather(const uint8_t *at, size_t count, bool filtered, NsimImportAccess *batch)
{
    const uint16_t thread = record_at(at).thread;
    size_t i;
    for (i = 0; i < MIN(count, NSIM_IMPORT_BATCH); i++) {
        const Record record = record_at(at + i * RECORD_BYTES);
        if (!is_allowed(&record, filtered) || record.thread != thread)
            break;
        batch[i].advance_16ths = (uint64_t)record.instructions * 16;
        batch[i].address = record.address;
        batch[i].bytes = 1u << record.log2_bytes;
        batch[i].op = record.op;
    }
    return i;
}

static bool
read_piece(NsimImport *import, NsimInput *input, size_t count, bool filtered, GError **error)
{
    NsimImportAccess batch[NSIM_IMPORT_BATCH];
    size_t taken;
    for (; count > 0; count -= taken, input->at += taken * RECORD_BYTES) {
        const Record record = record_at(input->at);
        taken = gather(input->at, count, filtered, batch);
        if (G_UNLIKELY(taken == 0)) {
            nsim_import_record(import);
            return nsim_import_bad(import, input, error,
                                   "operation %u, log2 of bytes %u, thread %u (0 to %u, 0 to %u, below %u)", record.op,
                                   record.log2_bytes, record.thread, filtered ? 2 : 1, LINE_LOG2, THREADS_MAX);
        }
        nsim_import_records(import, taken, 0);
        nsim_import_accesses(import, nsim_import_thread(import, record.thread, NULL), batch, taken);
    }
    return true;
}

static bool
read_records(NsimImport *import, NsimInput *input, GError **error)
{
    (void)nsim_input_more(input, NSIM_IMPORT_HEAD_BYTES, error);
    if (*error != NULL)
        return false;
    const bool filtered = is_filtered(input->at, MIN((size_t)(input->end - input->at), NSIM_IMPORT_HEAD_BYTES));
    const NsimImportHeader header = {.unit = NSIM_GAP_INSTRUCTIONS,
                                     .instructions_per_s = INSTRUCTIONS_PER_S,
                                     .capture =
                                         "16-byte records of all threads in order; the clock counts instructions",
                                     .filter = filtered ? "a last-level cache that the file does not describe" : NULL};
    if (!nsim_import_begin(import, &header, error))
        return false;
    for (;;) {
        (void)nsim_input_more(input, RECORD_BYTES, error);
        if (*error != NULL)
            return false;
        const size_t count = MIN((size_t)(input->end - input->at) / RECORD_BYTES, PIECE_RECORDS);
        if (count == 0)
            break;
        if (!read_piece(import, input, count, filtered, error) || !nsim_import_go_on(import, input, error))
            return false;
    }
    if (input->at < input->end)
        return nsim_import_bad(import, input, error, "the file ends in the middle of a record of %u bytes",
                               RECORD_BYTES);
    return true;
}

static const char *const endings[] = {".rec16", ".llc.bin", "-llc.bin", NULL};

const NsimTraceFormat nsim_trace_format_records16 = {
    .name = "records16",
    .summary = "16-byte binary records: address, instructions, operation, size, thread",
    .endings = endings,
    .probe = probe,
    .read = read_records,
};
