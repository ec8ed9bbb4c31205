/* SPDX-License-Identifier: MIT */
/* Input: every packing gives the same bytes and lines; damage, long lines and odd ends are noticed. */
#include "test-core.h"

#include <CUnit/CUnit.h>
#include <gio/gio.h>
#include <lzma.h>
#include <sim/random.h>
#include <zstd.h>

typedef enum { PLAIN, GZIP, XZ, ZSTD, PACKINGS } Packing;

static GByteArray *
pack_gzip(const void *data, size_t bytes)
{
    g_autoptr(GConverter) gzip = G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6));
    g_autoptr(GOutputStream) memory = g_memory_output_stream_new_resizable();
    g_autoptr(GOutputStream) stream = g_converter_output_stream_new(memory, gzip);
    CU_ASSERT_TRUE_FATAL(g_output_stream_write_all(stream, data, bytes, NULL, NULL, NULL));
    CU_ASSERT_TRUE_FATAL(g_output_stream_close(stream, NULL, NULL));
    GByteArray *packed = g_byte_array_new();
    g_byte_array_append(packed, g_memory_output_stream_get_data(G_MEMORY_OUTPUT_STREAM(memory)),
                        (guint)g_memory_output_stream_get_data_size(G_MEMORY_OUTPUT_STREAM(memory)));
    return packed;
}

static GByteArray *
pack(Packing packing, const void *data, size_t bytes)
{
    if (packing == GZIP)
        return pack_gzip(data, bytes);
    const size_t room = bytes + bytes / 2 + 1024;
    GByteArray *packed = g_byte_array_sized_new((guint)room);
    size_t used = 0;
    g_byte_array_set_size(packed, (guint)room);
    if (packing == PLAIN) {
        memcpy(packed->data, data, bytes);
        used = bytes;
    } else if (packing == XZ) {
        CU_ASSERT_EQUAL_FATAL(
            lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, data, bytes, packed->data, &used, room), LZMA_OK);
    } else {
        used = ZSTD_compress(packed->data, room, data, bytes, 3);
        CU_ASSERT_FALSE_FATAL(ZSTD_isError(used));
    }
    g_byte_array_set_size(packed, (guint)used);
    return packed;
}

/* Lines of many lengths, hard to compress; `*ret_lines` of them. */
static GString *
make_text(unsigned *ret_lines)
{
    GString *text = g_string_new(NULL);
    NsimRandom random;
    nsim_random_init(&random, 1, "lines");
    for (*ret_lines = 0; text->len < 5000000; (*ret_lines)++) {
        for (uint64_t i = nsim_random_below(&random, 2000); i > 0; i--)
            g_string_append_c(text, (char)(' ' + nsim_random_below(&random, 64)));
        g_string_append(text, *ret_lines % 3 == 0 ? "\r\n" : "\n");
    }
    return text;
}

static void
test_lines(void)
{
    unsigned line_count;
    g_autoptr(GString) text = make_text(&line_count);
    for (Packing packing = PLAIN; packing < PACKINGS; packing++) {
        g_autoptr(GByteArray) packed = pack(packing, text->str, text->len);
        g_autofree char *path = scratch_path("lines");
        g_autoptr(GError) error = NULL;
        scratch_save("lines", packed->data, packed->len);
        g_autoptr(NsimInput) input = nsim_input_open(path, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(input);
        const char *expected = text->str, *line;
        size_t length;
        bool same = true;
        while (nsim_input_line(input, &line, &length, &error)) {
            same &= memcmp(line, expected, length) == 0 && (expected[length] == '\n' || expected[length] == '\r');
            expected = strchr(expected, '\n') + 1;
            same &= nsim_input_offset(input) == (uint64_t)(expected - text->str);
        }
        uint64_t done, total;
        nsim_input_progress(input, &done, &total);
        CU_ASSERT_TRUE(same);
        CU_ASSERT_PTR_NULL(error);
        CU_ASSERT_EQUAL(nsim_input_line_number(input), line_count);
        CU_ASSERT_TRUE(done == packed->len && total == packed->len);
    }
}

static void
test_members(void)
{
    for (Packing packing = GZIP; packing < PACKINGS; packing++) {
        g_autoptr(GByteArray) first = pack(packing, "one\ntw", 6);
        g_autoptr(GByteArray) second = pack(packing, "o\nthree", 7);
        g_byte_array_append(first, second->data, second->len);
        g_autoptr(NsimInput) input = nsim_input_new_from_memory(first->data, first->len);
        g_autoptr(GString) joined = g_string_new(NULL);
        const char *line;
        size_t length;
        while (nsim_input_line(input, &line, &length, NULL))
            g_string_append_printf(joined, "[%.*s]", (int)length, line);
        CU_ASSERT_STRING_EQUAL(joined->str, "[one][two][three]");
    }
}

static void
test_damage(void)
{
    unsigned line_count;
    g_autoptr(GString) text = make_text(&line_count);
    for (Packing packing = GZIP; packing < PACKINGS; packing++) {
        g_autoptr(GByteArray) packed = pack(packing, text->str, 300000);
        for (unsigned way = 0; way < 3; way++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(GByteArray) damaged = g_byte_array_new();
            g_byte_array_append(damaged, packed->data, way == 0 ? packed->len / 2 : packed->len - (way == 1));
            if (way == 2)
                damaged->data[packed->len / 3] ^= 0x55;
            scratch_save("damaged", damaged->data, damaged->len);
            g_autofree char *path = scratch_path("damaged");
            g_autoptr(NsimInput) input = nsim_input_open(path, &error);
            CU_ASSERT_PTR_NOT_NULL_FATAL(input);
            const char *line;
            size_t length;
            unsigned lines = 0;
            while (nsim_input_line(input, &line, &length, &error))
                lines++;
            /* A single flipped bit in zstd data without a checksum may still be data. */
            if (way == 2 && packing == ZSTD && error == NULL)
                continue;
            CU_ASSERT_PTR_NOT_NULL_FATAL(error);
            CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT));
            CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "damaged"));
            /* And it stays over. */
            CU_ASSERT_FALSE(nsim_input_line(input, &line, &length, NULL));
        }
    }
}

static void
test_odd(void)
{
    static const char empty[1] = "";
    const char *line;
    size_t length;
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimInput) nothing = nsim_input_new_from_memory(empty, 0);
    CU_ASSERT_FALSE(nsim_input_line(nothing, &line, &length, &error));
    CU_ASSERT_PTR_NULL(error);

    g_autofree char *longest = g_malloc(NSIM_INPUT_LINE_MAX + 2);
    memset(longest, 'x', NSIM_INPUT_LINE_MAX + 2);
    g_autoptr(NsimInput) too_long = nsim_input_new_from_memory(longest, NSIM_INPUT_LINE_MAX + 2);
    CU_ASSERT_FALSE(nsim_input_line(too_long, &line, &length, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_STRING_EQUAL(error->message, "data:1: line of more than 1048576 bytes: not a text of a known kind");
    g_clear_error(&error);
    longest[NSIM_INPUT_LINE_MAX - 1] = '\n';
    g_autoptr(NsimInput) just = nsim_input_new_from_memory(longest, NSIM_INPUT_LINE_MAX + 2);
    CU_ASSERT_TRUE(nsim_input_line(just, &line, &length, &error));
    CU_ASSERT_EQUAL(length, NSIM_INPUT_LINE_MAX - 1);
    CU_ASSERT_TRUE(nsim_input_line(just, &line, &length, &error));
    CU_ASSERT_EQUAL(length, 2);

    CU_ASSERT_PTR_NULL(nsim_input_open("/nowhere/at/all", &error));
    CU_ASSERT_STRING_EQUAL(error->message, "/nowhere/at/all: cannot open: No such file or directory");
    g_clear_error(&error);
    CU_ASSERT_PTR_NULL(nsim_input_open("/", &error));
    CU_ASSERT_STRING_EQUAL(error->message, "/: cannot open: Is a directory");
}

bool
test_input_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/input", NULL, NULL);
    return suite && CU_add_test(suite, "lines of every packing", test_lines) &&
           CU_add_test(suite, "members one after the other", test_members) &&
           CU_add_test(suite, "damage", test_damage) && CU_add_test(suite, "odd inputs", test_odd);
}
