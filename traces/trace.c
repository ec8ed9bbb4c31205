/* SPDX-License-Identifier: MIT */
/* An open trace: its life, its file, its digest. What the file says is parsed in parse.c. */

#include <traces/trace-private.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(nsim - trace - error - quark, nsim_trace_error)

bool
nsim_trace_fail(const NsimTrace *trace, NsimTraceError code, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, NSIM_TRACE_ERROR, (int)code, "%s: %s", trace->path, text);
    return false;
}

bool
nsim_trace_read_at(const NsimTrace *trace, void *buffer, size_t bytes, uint64_t offset, GError **error)
{
    uint8_t *at = buffer;
    while (bytes > 0) {
        const ssize_t got = pread(trace->fd, at, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "cannot read at byte %" PRIu64 ": %s", offset,
                                   g_strerror(errno));
        if (got == 0)
            return nsim_trace_fail(trace, NSIM_TRACE_ERROR_CORRUPT, error,
                                   "truncated: ends at byte %" PRIu64 ", %zu bytes more are needed", offset, bytes);
        at += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return true;
}

NsimTrace *
nsim_trace_open_fd(int fd, const char *name, bool verify_checksums, GError **error)
{
    g_autoptr(NsimTrace) trace = g_new0(NsimTrace, 1);
    trace->reference_count = 1;
    trace->fd = fd;
    trace->path = g_strdup(name);
    trace->verify_checksums = verify_checksums;
    g_mutex_init(&trace->lock);

    struct stat status;
    if (fstat(fd, &status) < 0) {
        nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "cannot examine: %s", g_strerror(errno));
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "not a regular file: traces are read out of order");
        return NULL;
    }
    trace->info.file_bytes = (uint64_t)status.st_size;
    if (!nsim_trace_parse(trace, error))
        return NULL;
    return g_steal_pointer(&trace);
}

NsimTrace *
nsim_trace_open(const char *path, GError **error)
{
    g_return_val_if_fail(path != NULL, NULL);
    /* O_NONBLOCK: opening a pipe nobody writes to must not wait. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: cannot open: %s", path, g_strerror(errno));
        return NULL;
    }
    return nsim_trace_open_fd(fd, path, true, error);
}

NsimTrace *
nsim_trace_ref(NsimTrace *trace)
{
    g_return_val_if_fail(trace != NULL, NULL);
    g_atomic_int_inc(&trace->reference_count);
    return trace;
}

static void
free_info(NsimTraceInfo *info)
{
    for (uint32_t i = 0; info->threads != NULL && i < info->thread_count; i++)
        g_free(info->threads[i].name);
    for (uint32_t i = 0; info->regions != NULL && i < info->region_count; i++)
        g_free(info->regions[i].name);
    for (uint32_t i = 0; info->marks != NULL && i < info->mark_count; i++)
        g_free(info->marks[i]);
    g_free((void *)info->threads);
    g_free((void *)info->regions);
    g_free((void *)info->marks);
    g_free((void *)info->barriers);
    g_free((void *)info->frames);
    g_free(info->program);
    g_free(info->capture);
    g_free(info->filter);
}

void
nsim_trace_unref(NsimTrace *trace)
{
    if (trace == NULL || !g_atomic_int_dec_and_test(&trace->reference_count))
        return;
    if (trace->fd >= 0)
        close(trace->fd);
    free_info(&trace->info);
    g_free(trace->thread_index);
    g_free(trace->frame_map);
    g_free(trace->sha256);
    g_free(trace->path);
    g_mutex_clear(&trace->lock);
    g_free(trace);
}

bool
nsim_trace_mark_is_block(const char *name)
{
    static const char word[] = "block";
    const size_t length = sizeof word - 1;
    const char *colon = strrchr(name, ':');
    if (colon == NULL || colon[1] == '\0' || colon[1 + strspn(colon + 1, "0123456789")] != '\0' ||
        (size_t)(colon - name) < length || memcmp(colon - length, word, length) != 0)
        return false;
    return colon - length == name || colon[-(ptrdiff_t)length - 1] == ':';
}

const NsimTraceInfo *
nsim_trace_info(const NsimTrace *trace)
{
    g_return_val_if_fail(trace != NULL, NULL);
    return &trace->info;
}

const char *
nsim_trace_path(const NsimTrace *trace)
{
    g_return_val_if_fail(trace != NULL, NULL);
    return trace->path;
}

/* (transfer full) */
static char *
compute_sha256(const NsimTrace *trace, GError **error)
{
    enum { PIECE_BYTES = 1 << 16 };
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree uint8_t *piece = g_malloc(PIECE_BYTES);
    for (uint64_t at = 0; at < trace->info.file_bytes;) {
        const size_t bytes = (size_t)MIN((uint64_t)PIECE_BYTES, trace->info.file_bytes - at);
        if (!nsim_trace_read_at(trace, piece, bytes, at, error))
            return NULL;
        g_checksum_update(checksum, piece, (gssize)bytes);
        at += bytes;
    }
    return g_strdup(g_checksum_get_string(checksum));
}

char *
nsim_trace_sha256(NsimTrace *trace, GError **error)
{
    g_return_val_if_fail(trace != NULL, NULL);
    g_mutex_lock(&trace->lock);
    if (trace->sha256 == NULL)
        trace->sha256 = compute_sha256(trace, error);
    char *digest = g_strdup(trace->sha256);
    g_mutex_unlock(&trace->lock);
    return digest;
}
