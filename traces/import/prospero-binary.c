/* SPDX-License-Identifier: MIT */
/*
 * Binary traces of SST Prospero (sst-elements, src/sst/elements/prospero: prosbinaryreader.cc, prosbingzreader.cc and
 * tracetool/sstmemtrace.cc, SST 14): records of 21 bytes without header or padding,
 *
 *     u64 cycle; char 'R' or 'W'; u64 address; u32 bytes
 *
 * in the byte order of the machine that wrote them, taken as little-endian; Prospero's compressed form is the same,
 * gzipped. Meaning and clock as of prospero.c: cycles are instructions, a file is a thread.
 */
#include <traces/import/formats.h>

#define RECORD_BYTES 21u
#define INSTRUCTIONS_PER_S UINT64_C(3000000000)
/* So many records in a row are no accident. */
#define SURE_RECORDS 32u
/* No instruction of today's touches more with one operand but the state savers: a page. */
#define PROBE_BYTES_MAX 4096u
#define PIECE_RECORDS 65536u

typedef struct {
    uint64_t instructions, address;
    uint32_t bytes;
    uint8_t op;
} Record;

static inline Record
record_at(const uint8_t *at)
{
    Record record;
    memcpy(&record.instructions, at, 8);
    record.op = at[8];
    memcpy(&record.address, at + 9, 8);
    memcpy(&record.bytes, at + 17, 4);
    record.instructions = GUINT64_FROM_LE(record.instructions);
    record.address = GUINT64_FROM_LE(record.address);
    record.bytes = GUINT32_FROM_LE(record.bytes);
    return record;
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    const size_t count = bytes / RECORD_BYTES;
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        const Record record = record_at(head + i * RECORD_BYTES);
        if ((record.op != 'R' && record.op != 'W') || record.instructions < last || record.address >> 57 != 0 ||
            record.bytes == 0 || record.bytes > PROBE_BYTES_MAX)
            return NSIM_MATCH_NO;
        last = record.instructions;
    }
    return count >= SURE_RECORDS ? NSIM_MATCH_SURE : count > 0 ? NSIM_MATCH_POSSIBLE : NSIM_MATCH_NO;
}

static bool
read_piece(NsimImport *import, NsimInput *input, uint32_t thread, size_t count, GError **error)
{
    for (size_t i = 0; i < count; i++, input->at += RECORD_BYTES) {
        const Record record = record_at(input->at);
        const uint64_t origin = nsim_import_origin(import, record.instructions);
        const uint64_t now = record.instructions > origin ? record.instructions - origin : 0;
        nsim_import_record(import);
        if (G_UNLIKELY((record.op & 0xdf) != 'R' && (record.op & 0xdf) != 'W'))
            return nsim_import_bad(import, input, error, "operation 0x%02x (allowed are 'R' and 'W')", record.op);
        if (G_UNLIKELY(now >> 60 != 0))
            return nsim_import_bad(import, input, error,
                                   "cycle %" G_GUINT64_FORMAT " is more than 2^60 after the first",
                                   record.instructions);
        nsim_import_set_clock(import, thread, now * 16);
        nsim_import_access(import, thread, (record.op & 0xdf) == 'W' ? NSIM_OP_WRITE : NSIM_OP_READ, record.address,
                           record.bytes);
    }
    return true;
}

static bool
read_prospero_binary(NsimImport *import, NsimInput *input, GError **error)
{
    const NsimImportHeader header = {.unit = NSIM_GAP_INSTRUCTIONS,
                                     .instructions_per_s = INSTRUCTIONS_PER_S,
                                     .capture = "SST Prospero binary trace: every load and store of a thread for each "
                                                "file; the clock counts instructions"};
    if (!nsim_import_begin(import, &header, error))
        return false;
    g_autofree char *name = g_strdup_printf("thread %u", nsim_import_input_number(import));
    const uint32_t thread = nsim_import_thread(import, 0, name);
    for (;;) {
        (void)nsim_input_more(input, RECORD_BYTES, error);
        if (*error != NULL)
            return false;
        const size_t count = MIN((size_t)(input->end - input->at) / RECORD_BYTES, PIECE_RECORDS);
        if (count == 0)
            break;
        if (!read_piece(import, input, thread, count, error) || !nsim_import_go_on(import, input, error))
            return false;
    }
    if (input->at < input->end)
        return nsim_import_bad(import, input, error, "the file ends in the middle of a record of %u bytes",
                               RECORD_BYTES);
    return true;
}

static const char *const endings[] = {"-bin.trace", "-gz.trace", NULL};

const NsimTraceFormat nsim_trace_format_prospero_binary = {
    .name = "prospero-binary",
    .summary = "binary of SST Prospero's trace tool, 21-byte records",
    .endings = endings,
    .probe = probe,
    .read = read_prospero_binary,
};
