/* SPDX-License-Identifier: MIT */
/* Reading and decompressing a file piece by piece. GLib undoes gzip, zlib and zip, liblzma xz, libzstd zstd. */
#include <traces/import/input.h>

#include <errno.h>
#include <gio/gio.h>
#include <lzma.h>
#include <sys/stat.h>
#include <traces/import/unzip.h>
#include <traces/trace.h>
#include <unistd.h>
#include <zstd.h>

#include <fcntl.h>

/* Room for the longest line and for a piece to decompress into after it. */
#define BUFFER_BYTES (2 * NSIM_INPUT_LINE_MAX)
#define FILE_BYTES ((size_t)1 << 16)
/* What is filled at a time when less is asked for: it stays in a processor's cache until it is read. */
#define PIECE_BYTES ((size_t)1 << 18)
/* What xz may take to decompress: its highest preset needs 65 MiB. */
#define XZ_MEMORY_MAX ((uint64_t)256 << 20)

typedef enum { PACKING_NONE, PACKING_GZIP, PACKING_ZLIB, PACKING_ZIP, PACKING_XZ, PACKING_ZSTD } Packing;

typedef struct {
    NsimInput public;
    char *path;
    int fd; /* -1: the data are in memory */
    uint8_t *buffer;
    uint64_t buffer_offset; /* in the decompressed data, of the buffer's first byte */
    uint64_t line_number;
    /* the file, as it is on disk */
    uint8_t *file_buffer;
    const uint8_t *file_at, *file_end;
    uint64_t file_done, file_total;
    bool file_ended, ended, inside; /* inside: in the middle of a gzip member or zstd frame */
    Packing packing;
    GConverter *gzip; /* or zlib */
    NsimUnzip *zip;
    lzma_stream xz;
    ZSTD_DCtx *zstd;
} Input;

/* ---- The file ------------------------------------------------------------------------------------------------- */

/* Read on, up to `bytes` to `data`. */
static bool
read_file(Input *input, uint8_t *data, size_t bytes, size_t *ret_bytes, GError **error)
{
    ssize_t got;
    do
        got = read(input->fd, data, bytes);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: cannot read: %s", input->path,
                    g_strerror(errno));
        return false;
    }
    input->file_done += (uint64_t)got;
    input->file_ended = got == 0;
    *ret_bytes = (size_t)got;
    return true;
}

static bool
fill_file(Input *input, GError **error)
{
    size_t got;
    if (input->file_at < input->file_end || input->file_ended)
        return true;
    if (!read_file(input, input->file_buffer, FILE_BYTES, &got, error))
        return false;
    input->file_at = input->file_buffer;
    input->file_end = input->file_buffer + got;
    return true;
}

static bool
corrupt(const Input *input, const char *what, const char *why, GError **error)
{
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT,
                "%s: damaged %s data near byte %" G_GUINT64_FORMAT " of the file: %s", input->path, what,
                input->file_done - (uint64_t)(input->file_end - input->file_at), why);
    return false;
}

/* ---- Decompression: as much as fits `*at` .. `end`; nothing more comes when input->ended ----------------------- */

static bool
unpack_gzip(Input *input, uint8_t **at, uint8_t *end, GError **error)
{
    gsize used = 0, made = 0;
    g_autoptr(GError) problem = NULL;
    /* Members follow each other, as `cat a.gz b.gz` makes them; zeros after the last are padding. */
    if (!input->inside) {
        while (input->file_at < input->file_end && *input->file_at == 0)
            input->file_at++;
        if (input->file_at == input->file_end) {
            input->ended = input->file_ended;
            return true;
        }
        g_converter_reset(input->gzip);
        input->inside = true;
    }
    const GConverterResult result = g_converter_convert(
        input->gzip, input->file_at, (gsize)(input->file_end - input->file_at), *at, (gsize)(end - *at),
        input->file_ended ? G_CONVERTER_INPUT_AT_END : G_CONVERTER_NO_FLAGS, &used, &made, &problem);
    input->file_at += used;
    *at += made;
    if (result == G_CONVERTER_FINISHED)
        input->inside = false;
    else if (result == G_CONVERTER_ERROR && g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) &&
             !input->file_ended)
        return true;
    else if (result == G_CONVERTER_ERROR)
        return corrupt(input, "gzip", problem->message, error);
    return true;
}

static bool
unpack_xz(Input *input, uint8_t **at, uint8_t *end, GError **error)
{
    lzma_stream *xz = &input->xz;
    xz->next_in = input->file_at;
    xz->avail_in = (size_t)(input->file_end - input->file_at);
    xz->next_out = *at;
    xz->avail_out = (size_t)(end - *at);
    const lzma_ret result = lzma_code(xz, input->file_ended ? LZMA_FINISH : LZMA_RUN);
    input->file_at = xz->next_in;
    *at = xz->next_out;
    if (result == LZMA_STREAM_END)
        input->ended = true;
    else if (result == LZMA_MEMLIMIT_ERROR)
        return corrupt(input, "xz", "needs more than 256 MiB to decompress", error);
    else if (result == LZMA_BUF_ERROR && input->file_ended)
        return corrupt(input, "xz", "the file ends too early", error);
    else if (result != LZMA_OK && result != LZMA_BUF_ERROR)
        return corrupt(input, "xz", "cannot be decompressed", error);
    return true;
}

static bool
unpack_zstd(Input *input, uint8_t **at, uint8_t *end, GError **error)
{
    const bool last = input->file_at == input->file_end && input->file_ended;
    ZSTD_inBuffer in = {input->file_at, (size_t)(input->file_end - input->file_at), 0};
    ZSTD_outBuffer out = {*at, (size_t)(end - *at), 0};
    if (last && !input->inside) {
        input->ended = true;
        return true;
    }
    const size_t result = ZSTD_decompressStream(input->zstd, &out, &in);
    input->file_at += in.pos;
    *at += out.pos;
    if (ZSTD_isError(result))
        return corrupt(input, "zstd", ZSTD_getErrorName(result), error);
    input->inside = result != 0;
    if (last && out.pos == 0 && input->inside)
        return corrupt(input, "zstd", "the file ends too early", error);
    return true;
}

/* One stream; what is behind it is not ours. */
static bool
unpack_zlib(Input *input, uint8_t **at, uint8_t *end, GError **error)
{
    gsize used = 0, made = 0;
    g_autoptr(GError) problem = NULL;
    const GConverterResult result = g_converter_convert(
        input->gzip, input->file_at, (gsize)(input->file_end - input->file_at), *at, (gsize)(end - *at),
        input->file_ended ? G_CONVERTER_INPUT_AT_END : G_CONVERTER_NO_FLAGS, &used, &made, &problem);
    input->file_at += used;
    *at += made;
    if (result == G_CONVERTER_FINISHED)
        input->ended = true;
    else if (result == G_CONVERTER_ERROR &&
             (input->file_ended || !g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT)))
        return corrupt(input, "zlib", problem->message, error);
    return true;
}

static bool
unpack_zip(Input *input, uint8_t **at, uint8_t *end, GError **error)
{
    const char *problem;
    if (!nsim_unzip_step(input->zip, &input->file_at, input->file_end, input->file_ended, at, end, &input->ended,
                         &problem))
        return corrupt(input, "zip", problem, error);
    /* Behind the last file there is only the directory. */
    input->file_ended |= input->ended;
    return true;
}

/* What the first look at the file has read is copied, the rest read to where it is wanted. */
static bool
unpack_plain(Input *input, uint8_t **at, uint8_t *end, GError **error)
{
    const size_t bytes = MIN((size_t)(end - *at), (size_t)(input->file_end - input->file_at));
    if (bytes > 0)
        memcpy(*at, input->file_at, bytes);
    input->file_at += bytes;
    *at += bytes;
    if (*at < end && !input->file_ended) {
        size_t got;
        if (!read_file(input, *at, (size_t)(end - *at), &got, error))
            return false;
        *at += got;
    }
    input->ended = input->file_ended && input->file_at == input->file_end;
    return true;
}

static bool
unpack(Input *input, uint8_t **at, uint8_t *end, GError **error)
{
    switch (input->packing) {
    case PACKING_GZIP:
        return unpack_gzip(input, at, end, error);
    case PACKING_ZLIB:
        return unpack_zlib(input, at, end, error);
    case PACKING_ZIP:
        return unpack_zip(input, at, end, error);
    case PACKING_XZ:
        return unpack_xz(input, at, end, error);
    case PACKING_ZSTD:
        return unpack_zstd(input, at, end, error);
    case PACKING_NONE:
        break;
    }
    return unpack_plain(input, at, end, error);
}

/*
 * A zlib stream has no more of a mark than two bytes, which other files may begin with: what follows must be possible
 * to inflate too.
 */
static bool
is_zlib(const uint8_t *head, size_t bytes)
{
    uint8_t scratch[4096];
    gsize used = 0, made = 0;
    if (bytes < 8 || head[0] != 0x78 || (head[1] != 0x01 && head[1] != 0x5e && head[1] != 0x9c && head[1] != 0xda))
        return false;
    g_autoptr(GConverter) zlib = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB));
    for (size_t at = 0, total = 0; at < bytes && total < FILE_BYTES; at += used, total += made) {
        g_autoptr(GError) problem = NULL;
        const GConverterResult result = g_converter_convert(zlib, head + at, bytes - at, scratch, sizeof scratch,
                                                            G_CONVERTER_NO_FLAGS, &used, &made, &problem);
        if (result == G_CONVERTER_FINISHED)
            return true;
        if (result == G_CONVERTER_ERROR)
            return total > 0 && g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
    }
    return true;
}

static Packing
packing_of(const uint8_t *head, size_t bytes)
{
    if (bytes >= 2 && head[0] == 0x1f && head[1] == 0x8b)
        return PACKING_GZIP;
    if (bytes >= 6 && memcmp(head,
                             "\xfd"
                             "7zXZ\0",
                             6) == 0)
        return PACKING_XZ;
    if (bytes >= 4 && memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
        return PACKING_ZSTD;
    if (nsim_unzip_probe(head, bytes))
        return PACKING_ZIP;
    if (is_zlib(head, bytes))
        return PACKING_ZLIB;
    return PACKING_NONE;
}

static bool
start_unpacking(Input *input, GError **error)
{
    bool ready = true;
    input->packing = packing_of(input->file_at, (size_t)(input->file_end - input->file_at));
    if (input->packing == PACKING_GZIP)
        input->gzip = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    else if (input->packing == PACKING_ZLIB)
        input->gzip = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB));
    else if (input->packing == PACKING_ZIP)
        input->zip = nsim_unzip_new();
    else if (input->packing == PACKING_XZ)
        ready = lzma_stream_decoder(&input->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK;
    else if (input->packing == PACKING_ZSTD)
        ready = (input->zstd = ZSTD_createDCtx()) != NULL;
    if (!ready)
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: no memory to decompress", input->path);
    return ready;
}

/* ---- The buffer ------------------------------------------------------------------------------------------------ */

bool
nsim_input_more(NsimInput *public, size_t bytes, GError **error)
{
    Input *input = (Input *)public;
    size_t held = (size_t)(public->end - public->at);
    if (held >= bytes)
        return true;
    if (input->ended)
        return false;
    /* Only after the end of a large piece, so it costs little. */
    input->buffer_offset += (uint64_t)(public->at - input->buffer);
    memmove(input->buffer, public->at, held);
    uint8_t *at = input->buffer + held, *end = input->buffer + MAX(bytes, PIECE_BYTES);
    bool good = true;
    while (good && !input->ended && at < end)
        good = (input->packing == PACKING_NONE || fill_file(input, error)) && unpack(input, &at, end, error);
    /* After damage nothing more comes, not even what was right before it: the import is over. */
    public->at = good ? input->buffer : at;
    public->end = at;
    held = (size_t)(public->end - public->at);
    input->ended |= !good;
    return held >= bytes;
}

bool
nsim_input_line(NsimInput *public, const char **ret_line, size_t *ret_length, GError **error)
{
    Input *input = (Input *)public;
    const uint8_t *end = memchr(public->at, '\n', (size_t)(public->end - public->at));
    if (end == NULL) {
        g_autoptr(GError) problem = NULL;
        const bool more = nsim_input_more(public, NSIM_INPUT_LINE_MAX, &problem);
        if (problem != NULL) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        if (public->at == public->end)
            return false;
        const size_t room = MIN((size_t)(public->end - public->at), NSIM_INPUT_LINE_MAX);
        end = memchr(public->at, '\n', room);
        if (end == NULL && more) {
            g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT,
                        "%s:%" G_GUINT64_FORMAT ": line of more than %u bytes: not a text of a known kind", input->path,
                        input->line_number + 1, NSIM_INPUT_LINE_MAX);
            return false;
        }
    }
    const uint8_t *next = end == NULL ? public->end : end + 1;
    const uint8_t *last = end == NULL ? public->end : end;
    if (last > public->at && last[-1] == '\r')
        last--;
    *ret_line = (const char *)public->at;
    *ret_length = (size_t)(last - public->at);
    public->at = next;
    input->line_number++;
    return true;
}

uint64_t
nsim_input_offset(const NsimInput *public)
{
    const Input *input = (const Input *)public;
    return input->buffer_offset + (uint64_t)(public->at - input->buffer);
}

uint64_t
nsim_input_line_number(const NsimInput *public)
{
    return ((const Input *)public)->line_number;
}

void
nsim_input_progress(const NsimInput *public, uint64_t *ret_done, uint64_t *ret_total)
{
    const Input *input = (const Input *)public;
    *ret_done = input->file_done;
    *ret_total = input->file_total;
}

/* ---- Life ------------------------------------------------------------------------------------------------------ */

static Input *
new_input(const char *path, int fd)
{
    Input *input = g_new0(Input, 1);
    input->path = g_strdup(path);
    input->fd = fd;
    input->buffer = g_malloc(BUFFER_BYTES);
    input->public.at = input->public.end = input->buffer;
    input->xz = (lzma_stream)LZMA_STREAM_INIT;
    return input;
}

NsimInput *
nsim_input_open(const char *path, GError **error)
{
    const bool standard = strcmp(path, "-") == 0;
    const int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        const int problem = fd < 0 ? errno : EISDIR;
        if (fd >= 0)
            close(fd);
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: cannot open: %s",
                    standard ? "standard input" : path, g_strerror(problem));
        return NULL;
    }
    Input *input = new_input(standard ? "standard input" : path, fd);
    input->file_total = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    input->file_buffer = g_malloc(FILE_BYTES);
    if (!fill_file(input, error) || !start_unpacking(input, error)) {
        nsim_input_free(&input->public);
        return NULL;
    }
    return &input->public;
}

NsimInput *
nsim_input_new_from_memory(const void *data, size_t bytes)
{
    Input *input = new_input("data", -1);
    input->file_at = data;
    input->file_end = input->file_at + bytes;
    input->file_done = input->file_total = bytes;
    input->file_ended = true;
    if (!start_unpacking(input, NULL))
        input->ended = true;
    return &input->public;
}

void
nsim_input_free(NsimInput *public)
{
    Input *input = (Input *)public;
    if (input == NULL)
        return;
    g_clear_object(&input->gzip);
    nsim_unzip_free(input->zip);
    lzma_end(&input->xz);
    ZSTD_freeDCtx(input->zstd);
    if (input->fd >= 0)
        close(input->fd);
    g_free(input->file_buffer);
    g_free(input->buffer);
    g_free(input->path);
    g_free(input);
}
