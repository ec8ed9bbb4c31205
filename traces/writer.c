/* SPDX-License-Identifier: MIT */
/*
 * The trace writer (docs/trace-format.md). Records of each thread are collected until they fill a block; blocks are
 * written as they fill, so a trace is never held in memory: a writer holds at most one block's records a thread, 16
 * bytes a touched frame, and 24 bytes a block written.
 */

#include <traces/encode.h>
#include <traces/output.h>
#include <traces/xxh64.h>

#include <sim/assert.h>
#include <inttypes.h>
#include <zstd.h>

/* Room for a thread's records at first; doubled as they come, so that short threads stay small. */
#define RECORDS_FIRST 64u
#define FRAMES_FIRST 1024u
#define NO_FRAME UINT32_MAX
#define RUN_FLAGS (NSIM_BURST_DEPENDENT | NSIM_BURST_PREFETCHABLE)

typedef struct {
    uint64_t offset, first_record;
    uint32_t bytes, records;
} IndexEntry;

typedef struct {
    char *name;
    uint64_t lines[NSIM_OP_RFO + 1]; /* by NsimOp */
    uint64_t gap_total;              /* and sixteenths of a unit beyond it */
    uint32_t gap_sixteenths;
    uint64_t written; /* records in blocks already written */
    GArray *index;    /* of IndexEntry */
    NsimTraceRecord *records;
    uint32_t filled, room;
    /* The last frame this thread touched; UINT64_MAX: none. */
    uint64_t frame_address;
    uint32_t frame;
} Thread;

struct _NsimTraceWriter {
    char *path;
    NsimOutput *output;
    NsimBlockEncoder *encoder;
    NsimTraceWriterOptions options; /* the texts are ours */
    GError *error;                  /* the first, for close() */
    GPtrArray *threads;             /* of Thread */
    GArray *regions;                /* of NsimTraceRegion */
    GPtrArray *marks;
    GHashTable *mark_numbers; /* name -> number + 1; looked up, never iterated */
    GArray *barriers;         /* of uint32_t */
    GArray *frames;           /* of uint64_t: addresses by number */
    /*
     * Frames' numbers by their addresses: open addressing, a power of two of slots, at most half of them used, the
     * others NO_FRAME. Addresses are looked up in `frames`: slots are asked for at random, and so are kept small.
     */
    uint32_t *slots;
    uint32_t slot_bits;
};

static void keep_error(NsimTraceWriter *writer, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
keep_error(NsimTraceWriter *writer, const char *format, ...)
{
    if (writer->error != NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    writer->error = g_error_new(NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s: %s", writer->path, text);
}

bool
nsim_trace_writer_failed(const NsimTraceWriter *writer)
{
    return writer->error != NULL || nsim_output_failed(writer->output);
}

/* ---- Life ---------------------------------------------------------------------------------------------------- */

/*
 * A text as the format wants it: UTF-8 without control characters, within the limit. A captured program may have any
 * bytes in its name, and that must not cost the capture.
 */
static char *
clean_text(const char *text)
{
    char *clean = g_utf8_make_valid(text == NULL ? "" : text, -1);
    for (char *at = clean; *at != '\0'; at = g_utf8_next_char(at)) {
        if (!g_unichar_iscntrl(g_utf8_get_char(at)))
            continue;
        for (char *end = g_utf8_next_char(at); at < end - 1; at++) /* control characters beyond ASCII have 2 bytes */
            *at = ' ';
        *at = ' ';
    }
    if (strlen(clean) > NSIM_TRACE_TEXT_MAX) {
        const char *end = g_utf8_find_prev_char(clean, clean + NSIM_TRACE_TEXT_MAX + 1);
        clean[end - clean] = '\0';
    }
    return clean;
}

static void
free_thread(gpointer data)
{
    Thread *thread = data;
    g_free(thread->name);
    g_array_unref(thread->index);
    g_free(thread->records);
    g_free(thread);
}

static void
clear_region(gpointer data)
{
    g_free(((NsimTraceRegion *)data)->name);
}

static void
put_header(NsimTraceWriter *writer)
{
    uint8_t header[NSIM_FORMAT_HEADER_BYTES] = {0};
    memcpy(header, NSIM_FORMAT_MAGIC, NSIM_FORMAT_MAGIC_BYTES);
    nsim_put_32(header + 8, NSIM_FORMAT_VERSION);
    nsim_put_32(header + 12, NSIM_FORMAT_HEADER_BYTES);
    nsim_put_32(header + 16, writer->options.gap_unit);
    nsim_put_32(header + 20, writer->options.filtered ? NSIM_FORMAT_FILTERED : 0);
    nsim_put_64(header + 24, writer->options.gap_unit == NSIM_GAP_INSTRUCTIONS ? writer->options.gap_per_s : 0);
    header[32] = NSIM_LINE_SHIFT;
    header[33] = NSIM_FRAME_SHIFT;
    nsim_put_32(header + 36, NSIM_FORMAT_BLOCK_RECORDS);
    nsim_put_64(header + 56, nsim_xxh64(header, 56, 0));
    nsim_output_write(writer->output, header, sizeof header);
}

static void
clear_slots(NsimTraceWriter *writer)
{
    for (size_t i = 0; i < (size_t)1 << writer->slot_bits; i++)
        writer->slots[i] = NO_FRAME;
}

NsimTraceWriter *
nsim_trace_writer_new(const char *path, const NsimTraceWriterOptions *options, GError **error)
{
    g_return_val_if_fail(path != NULL && options != NULL, NULL);
    if (options->gap_unit == NSIM_GAP_INSTRUCTIONS && options->gap_per_s == 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    "%s: gaps in instructions need a declared rate above 0", path);
        return NULL;
    }
    if (options->level < 0 || options->level > ZSTD_maxCLevel()) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s: compression level %d is outside 0..%d", path,
                    options->level, ZSTD_maxCLevel());
        return NULL;
    }
    NsimOutput *output = nsim_output_new(path, error);
    if (output == NULL)
        return NULL;
    NsimTraceWriter *writer = g_new0(NsimTraceWriter, 1);
    writer->path = g_strdup(path);
    writer->output = output;
    writer->options = *options;
    writer->options.program = clean_text(options->program);
    writer->options.capture = clean_text(options->capture);
    writer->options.filter = clean_text(options->filter == NULL ? "none" : options->filter);
    writer->threads = g_ptr_array_new_with_free_func(free_thread);
    writer->regions = g_array_new(FALSE, TRUE, sizeof(NsimTraceRegion));
    g_array_set_clear_func(writer->regions, clear_region);
    writer->marks = g_ptr_array_new_with_free_func(g_free);
    writer->mark_numbers = g_hash_table_new(g_str_hash, g_str_equal);
    writer->barriers = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    writer->frames = g_array_new(FALSE, TRUE, sizeof(uint64_t));
    writer->slot_bits = 11;
    writer->slots = g_new(uint32_t, (size_t)1 << writer->slot_bits);
    clear_slots(writer);
    writer->encoder = nsim_block_encoder_new(options->level);
    if (writer->encoder == NULL) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: no memory to compress", path);
        nsim_trace_writer_abandon(writer);
        return NULL;
    }
    put_header(writer);
    return writer;
}

void
nsim_trace_writer_abandon(NsimTraceWriter *writer)
{
    if (writer == NULL)
        return;
    nsim_output_abandon(writer->output);
    nsim_block_encoder_free(writer->encoder);
    g_free((char *)writer->options.program);
    g_free((char *)writer->options.capture);
    g_free((char *)writer->options.filter);
    g_ptr_array_unref(writer->threads);
    g_array_unref(writer->regions);
    g_hash_table_unref(writer->mark_numbers);
    g_ptr_array_unref(writer->marks);
    g_array_unref(writer->barriers);
    g_array_unref(writer->frames);
    g_free(writer->slots);
    g_clear_error(&writer->error);
    g_free(writer->path);
    g_free(writer);
}

/* ---- Tables -------------------------------------------------------------------------------------------------- */

uint32_t
nsim_trace_writer_add_thread(NsimTraceWriter *writer, const char *name)
{
    if (writer->threads->len == NSIM_TRACE_THREADS_MAX)
        keep_error(writer, "more than %u threads", NSIM_TRACE_THREADS_MAX);
    if (writer->error != NULL)
        return 0;
    Thread *thread = g_new0(Thread, 1);
    thread->name = clean_text(name);
    thread->index = g_array_new(FALSE, FALSE, sizeof(IndexEntry));
    thread->frame_address = UINT64_MAX;
    g_ptr_array_add(writer->threads, thread);
    return writer->threads->len - 1;
}

void
nsim_trace_writer_rename_thread(NsimTraceWriter *writer, uint32_t number, const char *name)
{
    if (writer->error != NULL)
        return;
    nsim_assert(number < writer->threads->len);
    Thread *thread = g_ptr_array_index(writer->threads, number);
    g_free(thread->name);
    thread->name = clean_text(name);
}

void
nsim_trace_writer_set_capture(NsimTraceWriter *writer, const char *capture)
{
    g_free((char *)writer->options.capture);
    writer->options.capture = clean_text(capture);
}

void
nsim_trace_writer_add_region(NsimTraceWriter *writer, const char *name, uint64_t address, uint64_t bytes)
{
    if (bytes == 0) /* names nothing */
        return;
    g_autofree char *clean = clean_text(name);
    if (writer->regions->len == NSIM_TRACE_REGIONS_MAX)
        keep_error(writer, "more than %u regions", NSIM_TRACE_REGIONS_MAX);
    else if (bytes > UINT64_MAX - address)
        keep_error(writer, "region '%s' (%" PRIu64 " bytes at %#" PRIx64 ") passes the end of the address space", clean,
                   bytes, address);
    if (writer->error != NULL)
        return;
    const NsimTraceRegion region = {.name = g_steal_pointer(&clean), .address = address, .bytes = bytes};
    g_array_append_val(writer->regions, region);
}

uint32_t
nsim_trace_writer_add_mark(NsimTraceWriter *writer, const char *name)
{
    g_autofree char *clean = clean_text(name);
    const uint32_t known = GPOINTER_TO_UINT(g_hash_table_lookup(writer->mark_numbers, clean));
    if (known > 0)
        return known - 1;
    if (writer->marks->len == NSIM_TRACE_MARKS_MAX)
        keep_error(writer, "more than %u marks", NSIM_TRACE_MARKS_MAX);
    if (writer->error != NULL)
        return 0;
    g_ptr_array_add(writer->marks, clean);
    g_hash_table_insert(writer->mark_numbers, g_steal_pointer(&clean), GUINT_TO_POINTER(writer->marks->len));
    return writer->marks->len - 1;
}

uint32_t
nsim_trace_writer_add_barrier(NsimTraceWriter *writer, uint32_t members)
{
    if (writer->barriers->len == NSIM_TRACE_BARRIERS_MAX)
        keep_error(writer, "more than %u barriers", NSIM_TRACE_BARRIERS_MAX);
    if (writer->error != NULL)
        return 0;
    g_array_append_val(writer->barriers, members);
    return writer->barriers->len - 1;
}

/* ---- Frames -------------------------------------------------------------------------------------------------- */

static inline uint32_t *
find_slot(const NsimTraceWriter *writer, uint64_t address)
{
    const uint32_t mask = (UINT32_C(1) << writer->slot_bits) - 1;
    const uint64_t *addresses = (const uint64_t *)(const void *)writer->frames->data;
    /* Multiplicative hashing by the golden ratio (Knuth, TAOCP vol. 3, 6.4). */
    uint32_t at = (uint32_t)(address * UINT64_C(0x9E3779B97F4A7C15) >> (64 - writer->slot_bits));
    while (writer->slots[at] != NO_FRAME && addresses[writer->slots[at]] != address)
        at = (at + 1) & mask;
    return &writer->slots[at];
}

static void
grow_slots(NsimTraceWriter *writer)
{
    writer->slot_bits++;
    writer->slots = g_renew(uint32_t, writer->slots, (size_t)1 << writer->slot_bits);
    clear_slots(writer);
    for (uint32_t i = 0; i < writer->frames->len; i++)
        *find_slot(writer, g_array_index(writer->frames, uint64_t, i)) = i;
}

/* A number for the frame at `address` (in frames), which has `slot`. NO_FRAME, with the error kept, past the limit. */
static G_GNUC_NO_INLINE uint32_t
add_frame(NsimTraceWriter *writer, uint32_t *slot, uint64_t address)
{
    const uint32_t number = writer->frames->len;
    if (number == NSIM_TRACE_FRAMES_MAX) {
        keep_error(writer, "more than %u frames of 2 MiB are touched", NSIM_TRACE_FRAMES_MAX);
        return NO_FRAME;
    }
    *slot = number;
    g_array_append_val(writer->frames, address);
    if (writer->frames->len > UINT32_C(1) << (writer->slot_bits - 1))
        grow_slots(writer);
    return number;
}

/* The thread goes on in the frame at `address`. False past the limit. */
static inline bool
enter_frame(NsimTraceWriter *writer, Thread *thread, uint64_t address)
{
    if (address == thread->frame_address)
        return true;
    uint32_t *slot = find_slot(writer, address);
    thread->frame = G_LIKELY(*slot != NO_FRAME) ? *slot : add_frame(writer, slot, address);
    thread->frame_address = address;
    return thread->frame != NO_FRAME;
}

/* ---- Records ------------------------------------------------------------------------------------------------- */

/* Write the records of a thread. */
static void
flush_thread(NsimTraceWriter *writer, uint32_t number)
{
    Thread *thread = g_ptr_array_index(writer->threads, number);
    for (uint32_t done = 0; done < thread->filled && !nsim_trace_writer_failed(writer);) {
        const uint8_t *block;
        IndexEntry entry = {.offset = nsim_output_offset(writer->output), .first_record = thread->written};
        entry.records = nsim_block_encode(writer->encoder, number, thread->written, thread->records + done,
                                          thread->filled - done, &block, &entry.bytes);
        nsim_output_write(writer->output, block, entry.bytes);
        g_array_append_val(thread->index, entry);
        thread->written += entry.records;
        done += entry.records;
    }
    thread->filled = 0;
}

/* Make room for a record when there is none. */
static G_GNUC_NO_INLINE void
make_room(NsimTraceWriter *writer, uint32_t number, Thread *thread)
{
    if (thread->room == NSIM_FORMAT_BLOCK_RECORDS) {
        flush_thread(writer, number);
    } else {
        thread->room = thread->room == 0 ? RECORDS_FIRST : thread->room * 2;
        thread->records = g_renew(NsimTraceRecord, thread->records, thread->room);
    }
}

/*
 * The next record of a thread, for the caller to fill in. It is written to where it stays: to copy a record that has
 * just been put together from its fields makes a processor wait for them.
 */
static inline NsimTraceRecord *
append(NsimTraceWriter *writer, uint32_t number, Thread *thread)
{
    if (G_UNLIKELY(thread->filled == thread->room))
        make_room(writer, number, thread);
    return &thread->records[thread->filled++];
}

static void
too_much_compute(NsimTraceWriter *writer, const Thread *thread)
{
    keep_error(writer, "compute of thread '%s' exceeds 2^64 gap units", thread->name);
}

/* Count compute, in sixteenths beyond whole units. */
static void
count_gap(NsimTraceWriter *writer, Thread *thread, uint64_t gap, uint64_t sixteenths)
{
    sixteenths += thread->gap_sixteenths;
    thread->gap_sixteenths = (uint32_t)(sixteenths % 16);
    uint64_t total;
    if (__builtin_add_overflow(gap, sixteenths / 16, &total) ||
        __builtin_add_overflow(thread->gap_total, total, &thread->gap_total))
        too_much_compute(writer, thread);
}

/* What of a gap does not fit a record becomes a pause; returns the rest. */
static uint32_t
put_pause(NsimTraceWriter *writer, uint32_t number, Thread *thread, uint64_t gap)
{
    if (G_UNLIKELY(gap > UINT32_MAX))
        *append(writer, number, thread) = (NsimTraceRecord){.frame = (uint32_t)(gap >> 32), .kind = NSIM_OP_PAUSE};
    return (uint32_t)gap;
}

static Thread *
thread_of(const NsimTraceWriter *writer, uint32_t number)
{
    nsim_assert(number < writer->threads->len);
    return g_ptr_array_index(writer->threads, number);
}

static bool
check_run(NsimTraceWriter *writer, const Thread *thread, const NsimRun *run)
{
    const uint64_t lines = UINT64_C(1) << NSIM_FORMAT_LINE_BITS;
    if (G_LIKELY(run->count >= 1 && run->count <= NSIM_TRACE_RUN_LINES_MAX && run->line < lines &&
                 run->count <= lines - run->line && run->step <= UINT16_MAX && run->op <= NSIM_OP_RFO &&
                 (run->flags & ~RUN_FLAGS) == 0))
        return true;
    keep_error(writer,
               "thread '%s', after record %" PRIu64 ": impossible run: %" PRIu32 " lines (1..%u) from line %#" PRIx64
               " (below 2^%d), step %" PRIu32 " (0..65535), operation %u (0..2), flags %#x",
               thread->name, thread->written + thread->filled, run->count, NSIM_TRACE_RUN_LINES_MAX, run->line,
               NSIM_FORMAT_LINE_BITS, run->step, run->op, run->flags);
    return false;
}

/* A run, or what of it lies in the thread's present frame. */
static inline void
put_piece(NsimTraceWriter *writer, uint32_t number, Thread *thread, const NsimRun *run, uint32_t line, uint32_t count,
          uint64_t gap, unsigned flags)
{
    const uint32_t step = count == 1 ? 0 : run->step; /* means nothing for one line */
    const uint32_t record_gap = put_pause(writer, number, thread, gap);
    NsimTraceRecord *record = append(writer, number, thread);
    record->frame = thread->frame;
    record->line = (uint16_t)line;
    record->count = (uint16_t)count;
    record->gap = record_gap;
    record->step = (uint16_t)step;
    record->kind = (uint8_t)(run->op | flags << NSIM_KIND_FLAGS_SHIFT);
    record->unused = 0;
    count_gap(writer, thread, gap, (uint64_t)(count - 1) * step);
}

/* Any run, which may have several frames or be impossible. */
static G_GNUC_NO_INLINE void
put_run(NsimTraceWriter *writer, uint32_t number, Thread *thread, const NsimRun *run)
{
    if (!check_run(writer, thread, run))
        return;
    uint64_t line = run->line;
    uint32_t left = run->count, carry = 0;
    uint64_t gap = run->gap; /* of the piece, as its records have it */
    unsigned flags = run->flags;
    thread->lines[run->op] += run->count;
    for (;;) {
        const uint32_t in_frame = (uint32_t)line & (NSIM_FRAME_LINES - 1);
        const uint32_t count = MIN(left, NSIM_FRAME_LINES - in_frame);
        if (!enter_frame(writer, thread, line >> NSIM_FRAME_LINES_SHIFT))
            return;
        put_piece(writer, number, thread, run, in_frame, count, gap, flags);
        left -= count;
        if (left == 0)
            return;
        /* The rest begins one step after this piece's last line; sixteenths are carried to the next piece. */
        line += count;
        carry += run->step;
        gap = carry / 16;
        carry %= 16;
        flags &= ~(unsigned)NSIM_BURST_DEPENDENT;
    }
}

/* Most often a run is a single line: a random program has nothing else, and shall not pay for what others need. */
static inline bool
is_single_line(const NsimRun *run)
{
    const uint64_t unusual = (run->count ^ 1) | run->line >> NSIM_FORMAT_LINE_BITS | run->gap >> 32 | run->step >> 16 |
                             (run->flags & ~(unsigned)RUN_FLAGS);
    return unusual == 0 && run->op <= NSIM_OP_RFO;
}

static inline void
put_single_line(NsimTraceWriter *writer, uint32_t number, Thread *thread, const NsimRun *run)
{
    if (!enter_frame(writer, thread, run->line >> NSIM_FRAME_LINES_SHIFT))
        return;
    NsimTraceRecord *record = append(writer, number, thread);
    record->frame = thread->frame;
    record->line = (uint16_t)(run->line & (NSIM_FRAME_LINES - 1));
    record->count = 1;
    record->gap = (uint32_t)run->gap;
    record->step = 0;
    record->kind = (uint8_t)(run->op | run->flags << NSIM_KIND_FLAGS_SHIFT);
    record->unused = 0;
    thread->lines[run->op]++;
    if (G_UNLIKELY(__builtin_add_overflow(thread->gap_total, run->gap, &thread->gap_total)))
        too_much_compute(writer, thread);
}

void
nsim_trace_writer_runs(NsimTraceWriter *writer, uint32_t number, const NsimRun *runs, size_t count)
{
    if (G_UNLIKELY(writer->error != NULL))
        return;
    Thread *thread = thread_of(writer, number);
    for (size_t i = 0; i < count && G_LIKELY(writer->error == NULL); i++) {
        if (is_single_line(&runs[i]))
            put_single_line(writer, number, thread, &runs[i]);
        else
            put_run(writer, number, thread, &runs[i]);
    }
}

void
nsim_trace_writer_run(NsimTraceWriter *writer, uint32_t number, const NsimRun *run)
{
    nsim_trace_writer_runs(writer, number, run, 1);
}

uint64_t
nsim_trace_writer_line_count(const NsimTraceWriter *writer, NsimOp op)
{
    uint64_t lines = 0;
    nsim_assert(op <= NSIM_OP_RFO);
    for (uint32_t i = 0; i < writer->threads->len; i++)
        lines += thread_of(writer, i)->lines[op];
    return lines;
}

static void
put_control(NsimTraceWriter *writer, uint32_t number, NsimOp op, uint32_t operand, uint64_t gap)
{
    if (writer->error != NULL)
        return;
    Thread *thread = thread_of(writer, number);
    count_gap(writer, thread, gap, 0);
    const uint32_t rest = put_pause(writer, number, thread, gap);
    *append(writer, number, thread) = (NsimTraceRecord){.frame = operand, .gap = rest, .kind = (uint8_t)op};
}

void
nsim_trace_writer_mark(NsimTraceWriter *writer, uint32_t thread, uint32_t mark, uint64_t gap)
{
    nsim_assert(writer->error != NULL || mark < writer->marks->len);
    put_control(writer, thread, NSIM_OP_MARK, mark, gap);
}

void
nsim_trace_writer_barrier(NsimTraceWriter *writer, uint32_t thread, uint32_t barrier, uint64_t gap)
{
    nsim_assert(writer->error != NULL || barrier < writer->barriers->len);
    put_control(writer, thread, NSIM_OP_BARRIER, barrier, gap);
}

/* ---- Close --------------------------------------------------------------------------------------------------- */

static int
compare_regions(gconstpointer a, gconstpointer b)
{
    const uint64_t x = ((const NsimTraceRegion *)a)->address, y = ((const NsimTraceRegion *)b)->address;
    return (x > y) - (x < y);
}

static void
check_tables(NsimTraceWriter *writer)
{
    g_array_sort(writer->regions, compare_regions);
    for (uint32_t i = 1; i < writer->regions->len; i++) {
        const NsimTraceRegion *before = &g_array_index(writer->regions, NsimTraceRegion, i - 1);
        const NsimTraceRegion *region = &g_array_index(writer->regions, NsimTraceRegion, i);
        if (region->address - before->address < before->bytes)
            keep_error(writer,
                       "regions '%s' (%" PRIu64 " bytes at %#" PRIx64 ") and '%s' (%" PRIu64 " bytes at %#" PRIx64
                       ") overlap",
                       before->name, before->bytes, before->address, region->name, region->bytes, region->address);
    }
    for (uint32_t i = 0; i < writer->barriers->len; i++) {
        const uint32_t members = g_array_index(writer->barriers, uint32_t, i);
        if (members < 1 || members > writer->threads->len)
            keep_error(writer, "barrier %" PRIu32 " has %" PRIu32 " members, the trace has %u threads", i, members,
                       writer->threads->len);
    }
}

static void
put_index(NsimTraceWriter *writer, NsimXxh64 *hash)
{
    nsim_xxh64_init(hash, 0);
    for (uint32_t i = 0; i < writer->threads->len; i++) {
        const Thread *thread = g_ptr_array_index(writer->threads, i);
        for (uint32_t j = 0; j < thread->index->len; j++) {
            const IndexEntry *entry = &g_array_index(thread->index, IndexEntry, j);
            uint8_t bytes[NSIM_FORMAT_INDEX_ENTRY_BYTES];
            nsim_put_64(bytes, entry->offset);
            nsim_put_32(bytes + 8, entry->bytes);
            nsim_put_32(bytes + 12, entry->records);
            nsim_put_64(bytes + 16, entry->first_record);
            nsim_xxh64_update(hash, bytes, sizeof bytes);
            nsim_output_write(writer->output, bytes, sizeof bytes);
        }
    }
}

/* The trailer goes to the file and to its checksum. */
typedef struct {
    NsimOutput *output;
    NsimXxh64 hash;
} Trailer;

static void
put_bytes(Trailer *trailer, const void *data, size_t bytes)
{
    nsim_xxh64_update(&trailer->hash, data, bytes);
    nsim_output_write(trailer->output, data, bytes);
}

static void
put_number_32(Trailer *trailer, uint32_t value)
{
    uint8_t bytes[4];
    nsim_put_32(bytes, value);
    put_bytes(trailer, bytes, sizeof bytes);
}

static void
put_number_64(Trailer *trailer, uint64_t value)
{
    uint8_t bytes[8];
    nsim_put_64(bytes, value);
    put_bytes(trailer, bytes, sizeof bytes);
}

static void
put_text(Trailer *trailer, const char *text)
{
    const size_t length = strlen(text);
    put_number_32(trailer, (uint32_t)length);
    put_bytes(trailer, text, length);
}

static void
put_trailer(const NsimTraceWriter *writer, Trailer *trailer)
{
    nsim_xxh64_init(&trailer->hash, 0);
    trailer->output = writer->output;
    put_number_32(trailer, writer->threads->len);
    put_number_32(trailer, writer->regions->len);
    put_number_32(trailer, writer->marks->len);
    put_number_32(trailer, writer->barriers->len);
    put_number_32(trailer, writer->frames->len);
    put_number_32(trailer, 0);
    put_text(trailer, writer->options.program);
    put_text(trailer, writer->options.capture);
    put_text(trailer, writer->options.filter);
    for (uint32_t i = 0; i < writer->threads->len; i++) {
        const Thread *thread = g_ptr_array_index(writer->threads, i);
        put_number_64(trailer, thread->written);
        put_number_64(trailer, thread->lines[NSIM_OP_READ]);
        put_number_64(trailer, thread->lines[NSIM_OP_WRITE]);
        put_number_64(trailer, thread->lines[NSIM_OP_RFO]);
        put_number_64(trailer, thread->gap_total);
        put_number_64(trailer, thread->index->len);
        put_text(trailer, thread->name);
    }
    for (uint32_t i = 0; i < writer->regions->len; i++) {
        const NsimTraceRegion *region = &g_array_index(writer->regions, NsimTraceRegion, i);
        put_number_64(trailer, region->address);
        put_number_64(trailer, region->bytes);
        put_text(trailer, region->name);
    }
    for (uint32_t i = 0; i < writer->marks->len; i++)
        put_text(trailer, g_ptr_array_index(writer->marks, i));
    for (uint32_t i = 0; i < writer->barriers->len; i++)
        put_number_32(trailer, g_array_index(writer->barriers, uint32_t, i));
    for (uint32_t i = 0; i < writer->frames->len; i++)
        put_number_64(trailer, g_array_index(writer->frames, uint64_t, i));
}

static void
put_end(NsimTraceWriter *writer)
{
    NsimXxh64 index_hash;
    Trailer trailer;
    uint8_t footer[NSIM_FORMAT_FOOTER_BYTES] = {0};
    const uint64_t index_offset = nsim_output_offset(writer->output);
    put_index(writer, &index_hash);
    const uint64_t trailer_offset = nsim_output_offset(writer->output);
    put_trailer(writer, &trailer);
    memcpy(footer, NSIM_FORMAT_FOOTER_MAGIC, NSIM_FORMAT_MAGIC_BYTES);
    nsim_put_64(footer + 8, index_offset);
    nsim_put_64(footer + 16, trailer_offset - index_offset);
    nsim_put_64(footer + 24, trailer_offset);
    nsim_put_64(footer + 32, nsim_output_offset(writer->output) - trailer_offset);
    nsim_put_64(footer + 40, nsim_xxh64_final(&index_hash));
    nsim_put_64(footer + 48, nsim_xxh64_final(&trailer.hash));
    nsim_put_64(footer + 56, nsim_xxh64(footer, 56, 0));
    nsim_output_write(writer->output, footer, sizeof footer);
}

bool
nsim_trace_writer_close(NsimTraceWriter *writer, GError **error)
{
    g_return_val_if_fail(writer != NULL, false);
    for (uint32_t i = 0; i < writer->threads->len && writer->error == NULL; i++)
        flush_thread(writer, i);
    if (writer->error == NULL)
        check_tables(writer);
    bool ok = writer->error == NULL;
    if (ok) {
        put_end(writer);
        ok = nsim_output_close(g_steal_pointer(&writer->output), error);
    } else {
        g_propagate_error(error, g_steal_pointer(&writer->error));
    }
    nsim_trace_writer_abandon(writer);
    return ok;
}
