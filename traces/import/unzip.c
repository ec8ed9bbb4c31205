/* SPDX-License-Identifier: MIT */
/* The states between two files of a zip archive. GLib inflates, liblzma has the sum. */
#include <traces/import/unzip.h>

#include <gio/gio.h>
#include <lzma.h>
#include <string.h>

#define LOCAL_SIGNATURE UINT32_C(0x04034b50)
#define DIRECTORY_SIGNATURE UINT32_C(0x02014b50)
#define END_SIGNATURE UINT32_C(0x06054b50)
#define END64_SIGNATURE UINT32_C(0x06064b50)
#define DESCRIPTOR_SIGNATURE UINT32_C(0x08074b50)
#define LOCAL_BYTES 30u
/* Signature, sum, two sizes of 4 bytes, and the next signature; the sizes have 8 bytes if that is not one. */
#define DESCRIPTOR_BYTES 16u
#define FLAG_ENCRYPTED 0x1u
#define FLAG_DESCRIPTOR 0x8u
#define METHOD_STORED 0u
#define METHOD_DEFLATED 8u

typedef enum { STATE_HEADER, STATE_NAME, STATE_DATA, STATE_DESCRIPTOR, STATE_LONG_DESCRIPTOR, STATE_ENDED } State;

struct _NsimUnzip {
    State state;
    GConverter *inflater;
    uint8_t held[LOCAL_BYTES]; /* of a header or descriptor that the input's end may have cut */
    size_t held_bytes;
    uint64_t left; /* of the name and what is behind it, or of stored data */
    uint16_t flags, method;
    uint32_t sum, expected_sum;
};

static uint32_t
u32_at(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return GUINT32_FROM_LE(value);
}

static uint16_t
u16_at(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

bool
nsim_unzip_probe(const uint8_t *head, size_t bytes)
{
    if (bytes < LOCAL_BYTES || u32_at(head) != LOCAL_SIGNATURE)
        return false;
    const uint16_t version = u16_at(head + 4), method = u16_at(head + 8);
    return version <= 63 && (method == METHOD_STORED || method == METHOD_DEFLATED) && u16_at(head + 26) > 0;
}

NsimUnzip *
nsim_unzip_new(void)
{
    NsimUnzip *unzip = g_new0(NsimUnzip, 1);
    unzip->inflater = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_RAW));
    return unzip;
}

void
nsim_unzip_free(NsimUnzip *unzip)
{
    if (unzip == NULL)
        return;
    g_clear_object(&unzip->inflater);
    g_free(unzip);
}

/* Gather `bytes`. False: the input has not so many yet. */
static bool
hold(NsimUnzip *unzip, size_t bytes, const uint8_t **from, const uint8_t *from_end)
{
    const size_t taken = MIN(bytes - MIN(bytes, unzip->held_bytes), (size_t)(from_end - *from));
    memcpy(unzip->held + unzip->held_bytes, *from, taken);
    unzip->held_bytes += taken;
    *from += taken;
    return unzip->held_bytes >= bytes;
}

static bool
read_header(NsimUnzip *unzip, const uint8_t **from, const uint8_t *from_end, bool last, const char **ret_problem)
{
    const bool has_signature = hold(unzip, 4, from, from_end);
    const uint32_t signature = has_signature ? u32_at(unzip->held) : 0;
    if (has_signature &&
        (signature == DIRECTORY_SIGNATURE || signature == END_SIGNATURE || signature == END64_SIGNATURE)) {
        unzip->state = STATE_ENDED;
        return true;
    }
    if (has_signature && signature != LOCAL_SIGNATURE) {
        *ret_problem = "no header of a file where one should be";
        return false;
    }
    if (!has_signature || !hold(unzip, LOCAL_BYTES, from, from_end)) {
        *ret_problem = last ? "the archive ends too early" : NULL;
        return !last;
    }
    unzip->flags = u16_at(unzip->held + 6);
    unzip->method = u16_at(unzip->held + 8);
    unzip->expected_sum = u32_at(unzip->held + 14);
    unzip->left = (uint64_t)u16_at(unzip->held + 26) + u16_at(unzip->held + 28);
    if (unzip->flags & FLAG_ENCRYPTED)
        *ret_problem = "a file is encrypted";
    else if (unzip->method != METHOD_STORED && unzip->method != METHOD_DEFLATED)
        *ret_problem = "a file is neither stored nor deflated";
    else if (unzip->method == METHOD_STORED &&
             ((unzip->flags & FLAG_DESCRIPTOR) != 0 || u32_at(unzip->held + 18) == UINT32_MAX))
        *ret_problem = "a stored file does not tell its size";
    unzip->state = STATE_NAME;
    return *ret_problem == NULL;
}

static void
skip_name(NsimUnzip *unzip, const uint8_t **from, const uint8_t *from_end)
{
    const uint64_t skipped = MIN(unzip->left, (uint64_t)(from_end - *from));
    *from += skipped;
    unzip->left -= skipped;
    if (unzip->left > 0)
        return;
    unzip->left = u32_at(unzip->held + 18);
    unzip->sum = 0;
    g_converter_reset(unzip->inflater);
    unzip->state = STATE_DATA;
}

/* After the data: is it what was packed? */
static bool
end_data(NsimUnzip *unzip, const char **ret_problem)
{
    unzip->held_bytes = 0;
    unzip->state = unzip->flags & FLAG_DESCRIPTOR ? STATE_DESCRIPTOR : STATE_HEADER;
    if ((unzip->flags & FLAG_DESCRIPTOR) == 0 && unzip->sum != unzip->expected_sum)
        *ret_problem = "a file has a wrong sum";
    return *ret_problem == NULL;
}

static bool
read_stored(NsimUnzip *unzip, const uint8_t **from, const uint8_t *from_end, bool last, uint8_t **to, uint8_t *to_end,
            const char **ret_problem)
{
    if (unzip->left > 0 && last && *from == from_end) {
        *ret_problem = "the archive ends too early";
        return false;
    }
    const size_t room = MIN((size_t)(to_end - *to), (size_t)(from_end - *from));
    const size_t bytes = (size_t)MIN(unzip->left, (uint64_t)room);
    memcpy(*to, *from, bytes);
    unzip->sum = lzma_crc32(*to, bytes, unzip->sum);
    *from += bytes;
    *to += bytes;
    unzip->left -= bytes;
    return unzip->left > 0 || end_data(unzip, ret_problem);
}

static bool
read_deflated(NsimUnzip *unzip, const uint8_t **from, const uint8_t *from_end, bool last, uint8_t **to, uint8_t *to_end,
              const char **ret_problem)
{
    gsize used = 0, made = 0;
    g_autoptr(GError) problem = NULL;
    const GConverterResult result =
        g_converter_convert(unzip->inflater, *from, (gsize)(from_end - *from), *to, (gsize)(to_end - *to),
                            last ? G_CONVERTER_INPUT_AT_END : G_CONVERTER_NO_FLAGS, &used, &made, &problem);
    if (result == G_CONVERTER_ERROR) {
        if (!last && g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT))
            return true;
        *ret_problem = "a file cannot be inflated";
        return false;
    }
    unzip->sum = lzma_crc32(*to, made, unzip->sum);
    *from += used;
    *to += made;
    return result != G_CONVERTER_FINISHED || end_data(unzip, ret_problem);
}

/* Sum and sizes behind data whose size was not known in front of it. */
static bool
read_descriptor(NsimUnzip *unzip, const uint8_t **from, const uint8_t *from_end, bool last, const char **ret_problem)
{
    const size_t bytes = unzip->state == STATE_LONG_DESCRIPTOR ? DESCRIPTOR_BYTES + 12 : DESCRIPTOR_BYTES + 4;
    if (!hold(unzip, bytes, from, from_end)) {
        *ret_problem = last ? "the archive ends too early" : NULL;
        return !last;
    }
    const uint32_t next = u32_at(unzip->held + bytes - 4);
    if (u32_at(unzip->held) != DESCRIPTOR_SIGNATURE || u32_at(unzip->held + 4) != unzip->sum) {
        *ret_problem = "a file has a wrong sum";
        return false;
    }
    if (next != LOCAL_SIGNATURE && next != DIRECTORY_SIGNATURE && unzip->state == STATE_DESCRIPTOR) {
        unzip->state = STATE_LONG_DESCRIPTOR;
        return true;
    }
    memmove(unzip->held, unzip->held + bytes - 4, 4);
    unzip->held_bytes = 4;
    unzip->state = STATE_HEADER;
    return true;
}

bool
nsim_unzip_step(NsimUnzip *unzip, const uint8_t **from, const uint8_t *from_end, bool last, uint8_t **to,
                uint8_t *to_end, bool *ret_ended, const char **ret_problem)
{
    *ret_problem = NULL;
    *ret_ended = false;
    switch (unzip->state) {
    case STATE_HEADER:
        if (!read_header(unzip, from, from_end, last, ret_problem))
            return false;
        break;
    case STATE_NAME:
        skip_name(unzip, from, from_end);
        break;
    case STATE_DATA:
        if (unzip->method == METHOD_STORED)
            return read_stored(unzip, from, from_end, last, to, to_end, ret_problem);
        return read_deflated(unzip, from, from_end, last, to, to_end, ret_problem);
    case STATE_DESCRIPTOR:
    case STATE_LONG_DESCRIPTOR:
        return read_descriptor(unzip, from, from_end, last, ret_problem);
    case STATE_ENDED:
        *from = from_end;
        *ret_ended = true;
        break;
    }
    if (last && *from == from_end && unzip->state != STATE_ENDED && unzip->state != STATE_DATA) {
        *ret_problem = "the archive ends too early";
        return false;
    }
    return true;
}
