/* SPDX-License-Identifier: MIT */
/* The writer of rate traces: lines of text, through zstd when the name ends in .zst. */
#include <traces/rate-private.h>

#include <inttypes.h>
#include <sim/assert.h>
#include <traces/output.h>
#include <zstd.h>

/* Text is handed on in pieces of this size. */
#define PIECE_BYTES ((size_t)1 << 16)
#define ZSTD_LEVEL 3

struct _NsimRateWriter {
    NsimOutput *output;
    GString *text;
    ZSTD_CCtx *zstd; /* NULL: plain */
    uint8_t *packed;
    size_t packed_room;
    uint32_t thread_count;
    bool begun;
    NsimTime end_ps;
};

/* Hand on what there is; `last` ends the file. */
static void
flush(NsimRateWriter *writer, bool last)
{
    if (writer->zstd == NULL) {
        nsim_output_write(writer->output, writer->text->str, writer->text->len);
    } else {
        ZSTD_inBuffer in = {writer->text->str, writer->text->len, 0};
        size_t left;
        do {
            ZSTD_outBuffer out = {writer->packed, writer->packed_room, 0};
            left = ZSTD_compressStream2(writer->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
            nsim_assert(!ZSTD_isError(left));
            nsim_output_write(writer->output, writer->packed, out.pos);
        } while (in.pos < in.size || (last && left > 0));
    }
    g_string_truncate(writer->text, 0);
}

/* One line of readable text. */
static void
append_text(GString *to, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    const gsize begin = to->len;
    g_string_append_len(to, valid, (gssize)MIN(strlen(valid), NSIM_TRACE_TEXT_MAX));
    for (gsize i = begin; i < to->len; i++)
        if ((unsigned char)to->str[i] < ' ')
            to->str[i] = ' ';
    g_string_append_c(to, '\n');
}

NsimRateWriter *
nsim_rate_writer_new(const char *path, const char *program, const char *capture, GError **error)
{
    NsimOutput *output = nsim_output_new(path, error);
    if (output == NULL)
        return NULL;
    NsimRateWriter *writer = g_new0(NsimRateWriter, 1);
    writer->output = output;
    writer->text = g_string_sized_new(PIECE_BYTES * 2);
    if (g_str_has_suffix(path, ".zst")) {
        writer->zstd = ZSTD_createCCtx();
        nsim_assert(writer->zstd != NULL);
        ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
        ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1);
        writer->packed_room = ZSTD_CStreamOutSize();
        writer->packed = g_malloc(writer->packed_room);
    }
    g_string_append_printf(writer->text, NSIM_RATE_MAGIC " %u\n", NSIM_RATE_VERSION);
    if (program != NULL) {
        g_string_append(writer->text, "program   ");
        append_text(writer->text, program);
    }
    if (capture != NULL) {
        g_string_append(writer->text, "capture   ");
        append_text(writer->text, capture);
    }
    return writer;
}

uint32_t
nsim_rate_writer_add_thread(NsimRateWriter *writer, const char *name)
{
    nsim_assert(!writer->begun && writer->thread_count < NSIM_TRACE_THREADS_MAX);
    g_string_append(writer->text, "thread    ");
    append_text(writer->text, name);
    return writer->thread_count++;
}

void
nsim_rate_writer_add_region(NsimRateWriter *writer, const char *name, uint64_t address, uint64_t bytes)
{
    nsim_assert(!writer->begun && bytes > 0 && bytes <= UINT64_MAX - address);
    g_string_append_printf(writer->text, "region    0x%" PRIx64 " 0x%" PRIx64 " ", address, address + bytes);
    append_text(writer->text, name);
}

static void
append_time(GString *text, NsimTime time_ps)
{
    g_string_append_printf(text, " %" PRIu64, time_ps / 1000);
    if (time_ps % 1000 != 0)
        g_string_append_printf(text, ".%03u", (unsigned)(time_ps % 1000));
}

void
nsim_rate_writer_interval(NsimRateWriter *writer, const NsimRateInterval *interval)
{
    nsim_assert(interval->end_ps > interval->start_ps && interval->start_ps >= writer->end_ps);
    nsim_assert(interval->range_count <= NSIM_RATE_RANGES_MAX && interval->end_ps <= NSIM_RATE_TIME_MAX_PS);
    writer->begun = true;
    writer->end_ps = interval->end_ps;
    g_string_append(writer->text, "interval ");
    append_time(writer->text, interval->start_ps);
    append_time(writer->text, interval->end_ps);
    g_string_append_c(writer->text, '\n');
    for (uint32_t i = 0; i < interval->range_count; i++) {
        const NsimRateRange *range = &interval->ranges[i];
        nsim_assert(nsim_rate_range_problem(i > 0 ? range - 1 : NULL, range, writer->thread_count) == NULL);
        g_string_append_printf(writer->text, "range     %u 0x%" PRIx64 " 0x%" PRIx64 " %" PRIu64 " %" PRIu64 " %u %s\n",
                               range->thread, range->address, range->address + range->bytes, range->reads_per_s,
                               range->writes_per_s, range->touched_ppm, nsim_rate_texture_names[range->texture]);
        if (writer->text->len >= PIECE_BYTES)
            flush(writer, false);
    }
}

static void
free_writer(NsimRateWriter *writer)
{
    ZSTD_freeCCtx(writer->zstd);
    g_free(writer->packed);
    g_string_free(writer->text, TRUE);
    g_free(writer);
}

bool
nsim_rate_writer_close(NsimRateWriter *writer, GError **error)
{
    flush(writer, true);
    const bool good = nsim_output_close(writer->output, error);
    free_writer(writer);
    return good;
}

void
nsim_rate_writer_abandon(NsimRateWriter *writer)
{
    if (writer == NULL)
        return;
    nsim_output_abandon(writer->output);
    free_writer(writer);
}
