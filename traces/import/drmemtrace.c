/* SPDX-License-Identifier: MIT */
/*
 * Post-processed offline traces of DynamoRIO's drmemtrace (DynamoRIO 11, clients/drcachesim/common/trace_entry.h,
 * versions 2 to 7): a file for each thread, or for each core, named drmemtrace.*.trace with .gz, .zip, .zst or .xz
 * behind it, in a directory that raw2trace made; the directory, its trace/ folder, or files of it are inputs. Packed
 * little-endian records of 12 bytes, of 8 from 32-bit programs:
 *
 *     u16 type; u16 size, or kind of marker; u64 (u32) address, or value of the marker
 *
 * The first is a header with the version, the last a footer. Time: markers hold microseconds, and between them each
 * instruction takes 1 / rate. A program runs several times slower while it is recorded, and so do these times: with a
 * rate of the user's the clock counts instructions only.
 *
 * Left out: software prefetches, flushes, instruction fetches and encodings, system calls' and functions' values, and
 * virtual-to-physical pairs.
 */
#include <traces/import/formats.h>

#define INSTRUCTIONS_PER_S UINT64_C(3000000000)
#define PIECE_RECORDS 65536u
#define VERSION_MIN 2u
#define VERSION_MAX 7u
#define SHARDS_MAX NSIM_TRACE_THREADS_MAX
/* Header, version, file type, thread, process, line and chunk and page size, time: never more before the first one. */
#define HEAD_RECORDS 64u
#define US_PS UINT64_C(1000000)

/* Of trace_type_t. */
enum {
    TYPE_READ = 0,
    TYPE_WRITE = 1,
    TYPE_INSTR = 10,
    TYPE_INSTR_RETURN = 16,
    TYPE_INSTR_BUNDLE = 17,
    TYPE_THREAD = 22,
    TYPE_PID = 24,
    TYPE_HEADER = 25,
    TYPE_FOOTER = 26,
    TYPE_MARKER = 28,
    TYPE_INSTR_NO_FETCH = 29,
    TYPE_INSTR_MAYBE_FETCH = 30,
    TYPE_INSTR_SYSENTER = 31,
    TYPE_INSTR_TAKEN_JUMP = 48,
    TYPE_INSTR_UNTAKEN_JUMP = 49,
    TYPE_COUNT = 50
};

/* Of trace_marker_type_t. */
enum { MARKER_TIMESTAMP = 2, MARKER_FILETYPE = 9, MARKER_VERSION = 12, MARKER_WINDOW_ID = 14 };

/* Of offline_file_type_t. */
enum { FILE_INSTRUCTION_ONLY = 0x4, FILE_DATA_FILTERED = 0x101, FILE_CORE_SHARDED = 0x10000 };

typedef struct {
    uint16_t type, size;
    uint64_t value;
} Record;

/* What the first records of a shard say. */
typedef struct {
    unsigned record_bytes; /* 0: not a shard */
    uint64_t version, file_type, timestamp_us;
    bool has_timestamp;
} Head;

typedef struct {
    unsigned record_bytes;
    bool core_sharded, counts_instructions;
    bool has_thread, ended; /* ended: the last record was a footer */
    uint32_t thread;
    uint64_t origin_us, last_us;
    uint64_t instruction_16ths; /* of the clock's unit */
    uint64_t window;
} Shard;

static inline Record
record_at(const uint8_t *at, unsigned record_bytes)
{
    Record record = {0};
    uint32_t narrow;
    memcpy(&record.type, at, 2);
    memcpy(&record.size, at + 2, 2);
    record.type = GUINT16_FROM_LE(record.type);
    record.size = GUINT16_FROM_LE(record.size);
    if (record_bytes == 12) {
        memcpy(&record.value, at + 4, 8);
        record.value = GUINT64_FROM_LE(record.value);
    } else {
        memcpy(&narrow, at + 4, 4);
        record.value = GUINT32_FROM_LE(narrow);
    }
    return record;
}

/* ---- The beginning --------------------------------------------------------------------------------------------- */

/* The second record tells how long the first one was: only types that can follow a header are taken. */
static unsigned
record_bytes_of(const uint8_t *head, size_t bytes)
{
    static const unsigned sizes[] = {8, 12};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (bytes < 2 * (size_t)sizes[i])
            continue;
        const Record first = record_at(head, sizes[i]), second = record_at(head + sizes[i], sizes[i]);
        if (first.type == TYPE_HEADER && first.size == 0 && first.value <= UINT16_MAX &&
            (second.type == TYPE_MARKER || second.type == TYPE_THREAD || second.type == TYPE_PID))
            return sizes[i];
    }
    return 0;
}

static Head
read_head(const uint8_t *head, size_t bytes)
{
    Head found = {.record_bytes = record_bytes_of(head, bytes)};
    if (found.record_bytes == 0)
        return found;
    found.version = record_at(head, found.record_bytes).value;
    for (size_t i = 1; i < HEAD_RECORDS && (i + 1) * found.record_bytes <= bytes && !found.has_timestamp; i++) {
        const Record record = record_at(head + i * found.record_bytes, found.record_bytes);
        if (record.type != TYPE_MARKER)
            continue;
        if (record.size == MARKER_FILETYPE)
            found.file_type = record.value;
        if (record.size == MARKER_TIMESTAMP) {
            found.timestamp_us = record.value;
            found.has_timestamp = true;
        }
    }
    return found;
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    if (bytes == 0)
        return NSIM_MATCH_POSSIBLE; /* a directory: its name decides */
    const Head found = read_head(head, bytes);
    if (found.record_bytes == 0 || found.version < VERSION_MIN || found.version > VERSION_MAX)
        return NSIM_MATCH_NO;
    for (size_t i = 0; i < HEAD_RECORDS && (i + 1) * found.record_bytes <= bytes; i++)
        if (record_at(head + i * found.record_bytes, found.record_bytes).type >= TYPE_COUNT)
            return NSIM_MATCH_NO;
    return NSIM_MATCH_SURE;
}

/* ---- Records --------------------------------------------------------------------------------------------------- */

static bool
read_timestamp(NsimImport *import, NsimInput *input, Shard *shard, uint64_t us, GError **error)
{
    uint64_t now_16ths;
    if (shard->counts_instructions || us <= shard->origin_us)
        return true;
    if (G_UNLIKELY(__builtin_mul_overflow(us - shard->origin_us, US_PS * 16, &now_16ths)))
        return nsim_import_bad(import, input, error,
                               "time %" G_GUINT64_FORMAT " us, the trace begins at %" G_GUINT64_FORMAT
                               " us: a trace is at most 13 days long",
                               us, shard->origin_us);
    /* A chunk repeats the last time, which the instructions since then are beyond: no step back. */
    if (us != shard->last_us)
        nsim_import_set_clock(import, shard->thread, now_16ths);
    shard->last_us = us;
    return true;
}

static bool
read_marker(NsimImport *import, NsimInput *input, Shard *shard, const Record *record, GError **error)
{
    switch (record->size) {
    case MARKER_TIMESTAMP:
        return !shard->has_thread || read_timestamp(import, input, shard, record->value, error);
    case MARKER_FILETYPE:
        if (record->value & FILE_INSTRUCTION_ONLY)
            return nsim_import_bad(import, input, error,
                                   "a trace of instructions only: there are no data accesses in it");
        return true;
    case MARKER_VERSION:
        if (record->value < VERSION_MIN || record->value > VERSION_MAX)
            return nsim_import_bad(import, input, error, "version %" G_GUINT64_FORMAT " (%u to %u)", record->value,
                                   VERSION_MIN, VERSION_MAX);
        return true;
    case MARKER_WINDOW_ID:
        if (shard->has_thread && record->value != shard->window) {
            shard->window = record->value;
            nsim_import_mark(import, shard->thread, "window");
        }
        return true;
    default:
        return true;
    }
}

/* Everything but accesses and instructions, which are many. */
static bool
read_rare(NsimImport *import, NsimInput *input, Shard *shard, const Record *record, GError **error)
{
    switch (record->type) {
    case TYPE_THREAD:
        if (!shard->core_sharded) {
            shard->thread = nsim_import_thread(import, record->value, NULL);
            shard->has_thread = true;
        }
        return true;
    case TYPE_HEADER:
        if (record->value < VERSION_MIN || record->value > VERSION_MAX)
            return nsim_import_bad(import, input, error, "header with version %" G_GUINT64_FORMAT " (%u to %u)",
                                   record->value, VERSION_MIN, VERSION_MAX);
        return true;
    case TYPE_MARKER:
        return read_marker(import, input, shard, record, error);
    case TYPE_INSTR_BUNDLE:
        if (shard->has_thread)
            nsim_import_advance(import, shard->thread, record->size * shard->instruction_16ths);
        return true;
    default:
        if (record->type < TYPE_COUNT)
            return true;
        return nsim_import_bad(import, input, error, "type %u (0 to %u)", record->type, TYPE_COUNT - 1);
    }
}

static inline bool
is_instruction(unsigned type)
{
    return (type >= TYPE_INSTR && type <= TYPE_INSTR_RETURN) || type == TYPE_INSTR_SYSENTER ||
           type == TYPE_INSTR_TAKEN_JUMP || type == TYPE_INSTR_UNTAKEN_JUMP || type == TYPE_INSTR_NO_FETCH ||
           type == TYPE_INSTR_MAYBE_FETCH;
}

/* What was read of a piece and not told to the import yet. */
typedef struct {
    NsimImportAccess accesses[NSIM_IMPORT_BATCH];
    size_t access_count;
    uint64_t record_count;  /* the accesses and the instructions between them */
    uint64_t advance_16ths; /* after the last access */
} Batch;

static void
tell(NsimImport *import, const Shard *shard, Batch *batch)
{
    nsim_import_records(import, batch->record_count, batch->record_count - batch->access_count);
    if (batch->access_count > 0)
        nsim_import_accesses(import, shard->thread, batch->accesses, batch->access_count);
    if (batch->advance_16ths > 0)
        nsim_import_advance(import, shard->thread, batch->advance_16ths);
    batch->access_count = 0;
    batch->record_count = batch->advance_16ths = 0;
}

/* Goes through accesses and instructions, up to the first other record or the end. */
static void
gather(NsimImport *import, NsimInput *input, const Shard *shard, const uint8_t *end, Batch *batch)
{
    /* One of no bytes only tells where the next access was made. */
    const uint64_t instruction_16ths = shard->has_thread ? shard->instruction_16ths : 0;
    for (; input->at < end; input->at += shard->record_bytes) {
        const Record record = record_at(input->at, shard->record_bytes);
        if (record.type <= TYPE_WRITE) {
            if (G_UNLIKELY(!shard->has_thread))
                break;
            if (batch->access_count == NSIM_IMPORT_BATCH)
                tell(import, shard, batch);
            NsimImportAccess *access = &batch->accesses[batch->access_count++];
            access->advance_16ths = batch->advance_16ths;
            access->address = record.value;
            access->bytes = record.size;
            access->op = record.type == TYPE_READ ? NSIM_OP_READ : NSIM_OP_WRITE;
            batch->advance_16ths = 0;
        } else if (is_instruction(record.type)) {
            batch->advance_16ths += record.size > 0 ? instruction_16ths : 0;
        } else {
            break;
        }
        batch->record_count++;
    }
    tell(import, shard, batch);
}

static bool
read_piece(NsimImport *import, NsimInput *input, Shard *shard, size_t count, GError **error)
{
    Batch batch;
    const uint8_t *end = input->at + count * shard->record_bytes;
    batch.access_count = 0;
    batch.record_count = batch.advance_16ths = 0;
    for (; input->at < end; input->at += shard->record_bytes) {
        shard->ended = false;
        gather(import, input, shard, end, &batch);
        if (input->at == end)
            break;
        const Record record = record_at(input->at, shard->record_bytes);
        if (record.type <= TYPE_WRITE) {
            nsim_import_record(import);
            return nsim_import_bad(import, input, error, "an access before the thread's number");
        }
        nsim_import_skip(import);
        if (!read_rare(import, input, shard, &record, error))
            return false;
        shard->ended = record.type == TYPE_FOOTER;
    }
    return true;
}

static bool
read_records(NsimImport *import, NsimInput *input, Shard *shard, GError **error)
{
    for (;;) {
        (void)nsim_input_more(input, shard->record_bytes, error);
        if (*error != NULL)
            return false;
        const size_t count = MIN((size_t)(input->end - input->at) / shard->record_bytes, PIECE_RECORDS);
        if (count == 0)
            break;
        if (!read_piece(import, input, shard, count, error) || !nsim_import_go_on(import, input, error))
            return false;
    }
    if (input->at < input->end) {
        nsim_import_record(import);
        return nsim_import_bad(import, input, error, "the file ends in the middle of a record of %u bytes",
                               shard->record_bytes);
    }
    if (!shard->ended)
        return nsim_import_bad(import, input, error, "the file ends without a footer: it was cut off");
    return true;
}

/* ---- Shards ---------------------------------------------------------------------------------------------------- */

static bool
begin(NsimImport *import, const Head *head, GError **error)
{
    const bool counts = nsim_import_options(import)->instructions_per_s > 0;
    g_autoptr(GString) capture = g_string_new("DynamoRIO drmemtrace: every load and store; the clock ");
    g_string_append(capture, counts ? "counts instructions"
                                    : "is that of the recording, which slows a program, with 3 instructions a "
                                      "nanosecond between its stamps");
    if (head->file_type & FILE_DATA_FILTERED)
        g_string_append(capture, "; filtered by a small cache while it was recorded");
    const NsimImportHeader header = {.unit = counts ? NSIM_GAP_INSTRUCTIONS : NSIM_GAP_PS,
                                     .instructions_per_s = INSTRUCTIONS_PER_S,
                                     .capture = capture->str};
    return nsim_import_begin(import, &header, error);
}

/* `number`: of the shard in its input. */
static bool
read_shard(NsimImport *import, NsimInput *input, uint32_t number, GError **error)
{
    (void)nsim_input_more(input, NSIM_IMPORT_HEAD_BYTES, error);
    if (*error != NULL)
        return false;
    const Head head = read_head(input->at, MIN((size_t)(input->end - input->at), NSIM_IMPORT_HEAD_BYTES));
    if (head.record_bytes == 0)
        return nsim_import_bad(
            import, input, error,
            "not a drmemtrace file: no header record of version %u to %u (a raw trace must go through "
            "raw2trace first)",
            VERSION_MIN, VERSION_MAX);
    if (!begin(import, &head, error))
        return false;
    const bool counts = nsim_import_options(import)->instructions_per_s > 0;
    Shard shard = {.record_bytes = head.record_bytes,
                   .core_sharded = (head.file_type & FILE_CORE_SHARDED) != 0,
                   .counts_instructions = counts,
                   .origin_us = head.has_timestamp ? nsim_import_origin(import, head.timestamp_us) : 0,
                   .instruction_16ths = counts ? 16 : UINT64_C(1000000000000) * 16 / INSTRUCTIONS_PER_S,
                   .window = 0};
    if (shard.core_sharded) {
        g_autofree char *name = g_strdup_printf("core %u", nsim_import_input_number(import) + number);
        /* Not the number of any thread. */
        shard.thread = nsim_import_thread(import, UINT64_MAX - number, name);
        shard.has_thread = true;
    }
    return read_records(import, input, &shard, error);
}

static bool
is_shard_name(const char *name)
{
    static const char *const endings[] = {".trace", ".trace.gz", ".trace.zip", ".trace.zst", ".trace.xz", NULL};
    for (const char *const *ending = endings; *ending != NULL; ending++)
        if (g_str_has_suffix(name, *ending))
            return true;
    return false;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the shards in a directory, in order. NULL with `error`. */
static GPtrArray *
list_shards(const char *path, GError **error)
{
    g_autoptr(GError) problem = NULL;
    GDir *directory = g_dir_open(path, 0, &problem);
    if (directory == NULL) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: cannot open: %s", path, problem->message);
        return NULL;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name = g_dir_read_name(directory); name != NULL; name = g_dir_read_name(directory))
        if (is_shard_name(name) && names->len <= SHARDS_MAX)
            g_ptr_array_add(names, g_strdup(name));
    g_dir_close(directory);
    g_ptr_array_sort(names, compare_names);
    if (names->len == 0 || names->len > SHARDS_MAX) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT,
                    names->len == 0
                        ? "%s: no drmemtrace files (*.trace, *.trace.gz, *.trace.zip ...) in it (at most %u)"
                        : "%s: more drmemtrace files than %u",
                    path, SHARDS_MAX);
        return NULL;
    }
    return g_steal_pointer(&names);
}

/* All threads' clocks count from the earliest one's first time. */
static bool
find_origin(NsimImport *import, const char *path, const GPtrArray *names, GError **error)
{
    uint64_t first_us = UINT64_MAX;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *full = g_build_filename(path, g_ptr_array_index(names, i), NULL);
        g_autoptr(NsimInput) input = nsim_input_open(full, error);
        if (input == NULL)
            return false;
        (void)nsim_input_more(input, NSIM_IMPORT_HEAD_BYTES, error);
        if (*error != NULL)
            return false;
        const Head head = read_head(input->at, (size_t)(input->end - input->at));
        if (head.record_bytes != 0 && head.has_timestamp)
            first_us = MIN(first_us, head.timestamp_us);
    }
    if (first_us != UINT64_MAX)
        (void)nsim_import_origin(import, first_us);
    return true;
}

static bool
read_directory(NsimImport *import, const char *path, GError **error)
{
    /* raw2trace puts them into this folder, beside raw/. */
    g_autofree char *inner = g_build_filename(path, "trace", NULL);
    const bool has_inner = g_file_test(inner, G_FILE_TEST_IS_DIR);
    const char *folder = has_inner ? inner : path;
    g_autoptr(GPtrArray) names = list_shards(folder, error);
    if (names == NULL || !find_origin(import, folder, names, error))
        return false;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *name = g_build_filename(has_inner ? "trace" : "", g_ptr_array_index(names, i), NULL);
        g_autofree char *full = g_build_filename(path, name, NULL);
        g_autoptr(NsimInput) input = nsim_input_open(full, error);
        nsim_import_set_file(import, name);
        if (input == NULL || !read_shard(import, input, i, error))
            return false;
    }
    nsim_import_set_file(import, NULL);
    return true;
}

static bool
read_drmemtrace(NsimImport *import, NsimInput *none, GError **error)
{
    const char *path = nsim_import_path(import);
    (void)none;
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return read_directory(import, path, error);
    g_autoptr(NsimInput) input = nsim_input_open(path, error);
    return input != NULL && read_shard(import, input, 0, error);
}

static const char *const endings[] = {".dir", "trace", NULL};

const NsimTraceFormat nsim_trace_format_drmemtrace = {
    .name = "drmemtrace",
    .summary = "DynamoRIO drmemtrace: post-processed files, or the directory of them",
    .endings = endings,
    .probe = probe,
    .read = read_drmemtrace,
    .by_path = true,
};
