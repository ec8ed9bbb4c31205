/* SPDX-License-Identifier: MIT */
/*
 * Requests that know the next request for the same object. Three steps over a temporary file without a name: requests
 * are written forward; then, read backward, each finds when its object comes next and notes itself; then they are
 * handed on forward. A table of all objects may be too large for memory, so the middle step is done for some frames
 * at a time, as often as needed.
 */
#include <traces/tool-oracle.h>

#include <traces/format.h>
#include <traces/trace-private.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <unistd.h>

#define PS_PER_S UINT64_C(1000000000000)
#define RECORD_BYTES 24u
#define CHUNK_RECORDS ((size_t)64 << 10)
#define TABLE_ENTRIES (UINT64_C(1) << 25) /* of 8 bytes */

typedef struct {
    NsimTrace *trace;
    const NsimTraceInfo *info;
    int fd;
    unsigned object_shift; /* lines of an object */
    uint32_t object_bytes;
    uint64_t count; /* requests */
    uint8_t *chunk; /* CHUNK_RECORDS records; the object is its number among those of dense frames */
    size_t filled;
} Oracle;

/* All of the chunk at a place in the file. */
static bool
write_chunk(Oracle *oracle, uint64_t first_record, size_t records, GError **error)
{
    size_t bytes = records * RECORD_BYTES;
    const uint8_t *at = oracle->chunk;
    off_t offset = (off_t)(first_record * RECORD_BYTES);
    while (bytes > 0) {
        const ssize_t put = pwrite(oracle->fd, at, bytes, offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return nsim_trace_fail(oracle->trace, NSIM_TRACE_ERROR_IO, error, "cannot write a temporary file: %s",
                                   g_strerror(errno));
        at += put;
        offset += put;
        bytes -= (size_t)put;
    }
    return true;
}

static bool
read_chunk(Oracle *oracle, uint64_t first_record, size_t records, GError **error)
{
    size_t bytes = records * RECORD_BYTES;
    uint8_t *at = oracle->chunk;
    off_t offset = (off_t)(first_record * RECORD_BYTES);
    while (bytes > 0) {
        const ssize_t got = pread(oracle->fd, at, bytes, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return nsim_trace_fail(oracle->trace, NSIM_TRACE_ERROR_IO, error, "cannot read a temporary file: %s",
                                   got < 0 ? g_strerror(errno) : "it has become shorter");
        at += got;
        offset += got;
        bytes -= (size_t)got;
    }
    return true;
}

/* ---- Forward: requests --------------------------------------------------------------------------------------- */

static bool
put_request(Oracle *oracle, uint32_t seconds, uint64_t object, GError **error)
{
    uint8_t *record = oracle->chunk + oracle->filled * RECORD_BYTES;
    nsim_put_32(record, seconds);
    nsim_put_64(record + 4, object);
    nsim_put_32(record + 12, oracle->object_bytes);
    nsim_put_64(record + 16, UINT64_MAX);
    oracle->count++;
    if (++oracle->filled < CHUNK_RECORDS)
        return true;
    oracle->filled = 0;
    return write_chunk(oracle, oracle->count - CHUNK_RECORDS, CHUNK_RECORDS, error);
}

static bool
put_run(Oracle *oracle, const NsimTraceEvent *event, GError **error)
{
    const uint64_t ps = nsim_clock_to_ps(oracle->info, event->clock);
    const uint32_t seconds = (uint32_t)MIN(ps / PS_PER_S, (uint64_t)UINT32_MAX);
    const uint64_t base = (uint64_t)event->frame << (NSIM_FRAME_LINES_SHIFT - oracle->object_shift);
    const uint64_t last = (event->frame_line + event->count - 1) >> oracle->object_shift;
    for (uint64_t object = event->frame_line >> oracle->object_shift; object <= last; object++)
        if (!put_request(oracle, seconds, base + object, error))
            return false;
    return true;
}

static bool
write_requests(Oracle *oracle, const NsimTraceTick *tick, GError **error)
{
    /* Lines of several threads in exact order; larger objects would be asked for once a line. */
    const uint32_t piece_lines = oracle->object_shift == 0 && oracle->info->thread_count > 1 ? 1 : UINT32_MAX;
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(oracle->trace, piece_lines, tick, error);
    if (order == NULL)
        return false;
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL)
            return write_chunk(oracle, oracle->count - oracle->filled, oracle->filled, error);
        if (event->count > 0 && !put_run(oracle, event, error))
            return false;
    }
}

/* ---- Backward: when the object comes next -------------------------------------------------------------------- */

/* For objects first .. first + count - 1, with a table of the number of each one's next request. */
static bool
find_next(Oracle *oracle, uint64_t first, uint64_t count, uint64_t *table, const NsimTraceTick *tick, GError **error)
{
    memset(table, 0, count * sizeof table[0]);
    for (uint64_t end = oracle->count; end > 0;) {
        const size_t records = (size_t)MIN(end, CHUNK_RECORDS);
        if (tick != NULL && tick->func != NULL &&
            !tick->func(oracle->count - end, oracle->count, tick->user_data, error))
            return false;
        if (!read_chunk(oracle, end - records, records, error))
            return false;
        for (size_t i = records; i-- > 0;) {
            uint8_t *record = oracle->chunk + i * RECORD_BYTES;
            const uint64_t object = nsim_get_64(record + 4) - first;
            if (object >= count)
                continue;
            if (table[object] != 0)
                nsim_put_64(record + 16, table[object]);
            table[object] = end - records + i + 1;
        }
        if (!write_chunk(oracle, end - records, records, error))
            return false;
        end -= records;
    }
    return true;
}

static bool
find_all_next(Oracle *oracle, const NsimTraceTick *tick, GError **error)
{
    const uint64_t objects = (uint64_t)oracle->info->frame_count << (NSIM_FRAME_LINES_SHIFT - oracle->object_shift);
    g_autofree uint64_t *table = g_try_new(uint64_t, MIN(objects, TABLE_ENTRIES) + 1);
    if (table == NULL)
        return nsim_trace_fail(oracle->trace, NSIM_TRACE_ERROR_IO, error, "no memory for a table of objects");
    for (uint64_t first = 0; first < objects; first += TABLE_ENTRIES)
        if (!find_next(oracle, first, MIN(objects - first, TABLE_ENTRIES), table, tick, error))
            return false;
    return true;
}

/* ---- Forward: out -------------------------------------------------------------------------------------------- */

static bool
hand_on(Oracle *oracle, NsimExportFunc sink, void *user_data, GError **error)
{
    const unsigned frame_shift = NSIM_FRAME_LINES_SHIFT - oracle->object_shift; /* objects of a frame */
    for (uint64_t at = 0; at < oracle->count;) {
        const size_t records = (size_t)MIN(oracle->count - at, CHUNK_RECORDS);
        if (!read_chunk(oracle, at, records, error))
            return false;
        for (size_t i = 0; i < records; i++) {
            uint8_t *record = oracle->chunk + i * RECORD_BYTES + 4;
            const uint64_t object = nsim_get_64(record), in_frame = object & ((UINT64_C(1) << frame_shift) - 1);
            nsim_put_64(record, (oracle->info->frames[object >> frame_shift] << NSIM_FRAME_SHIFT) +
                                    in_frame * oracle->object_bytes);
        }
        if (!sink(oracle->chunk, records * RECORD_BYTES, user_data, error))
            return false;
        at += records;
    }
    return true;
}

static int
open_temporary(const char *directory)
{
    g_autofree char *path = g_build_filename(directory != NULL ? directory : g_get_tmp_dir(), "numasim-XXXXXX", NULL);
    const int fd = g_mkstemp(path);
    if (fd >= 0)
        g_unlink(path);
    return fd;
}

bool
nsim_export_oracle(NsimTrace *trace, const NsimExportOptions *options, NsimExportFunc sink, void *user_data,
                   const NsimTraceTick *tick, GError **error)
{
    const uint32_t bytes = options->object_bytes;
    if (bytes < NSIM_LINE_BYTES || bytes > UINT32_C(1) << NSIM_FRAME_SHIFT || (bytes & (bytes - 1)) != 0)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_LIMIT, error,
                               "objects of %" PRIu32 " bytes; a power of two from 64 to 2097152 is allowed", bytes);
    Oracle oracle = {.trace = trace, .info = nsim_trace_info(trace), .object_bytes = bytes};
    oracle.object_shift = (unsigned)__builtin_ctz(bytes) - NSIM_LINE_SHIFT;
    oracle.fd = open_temporary(options->directory);
    if (oracle.fd < 0)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "cannot make a temporary file: %s",
                               g_strerror(errno));
    oracle.chunk = g_malloc(CHUNK_RECORDS * RECORD_BYTES);
    const bool ok = write_requests(&oracle, tick, error) && find_all_next(&oracle, tick, error) &&
                    hand_on(&oracle, sink, user_data, error);
    g_free(oracle.chunk);
    close(oracle.fd);
    return ok;
}
