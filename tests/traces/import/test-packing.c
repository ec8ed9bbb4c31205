/* SPDX-License-Identifier: MIT */
/*
 * Goal: zip archives and zlib streams are read like the files in them, also in small pieces, and damage is told.
 * Method: the same lines packed in each way; every byte of an archive changed once.
 */
#include "test-import-binary.h"

#include <string.h>

#include <CUnit/CUnit.h>

/* Some hundred KiB that do not compress to nothing. */
static GByteArray *
some_bytes(void)
{
    GByteArray *bytes = g_byte_array_new();
    uint64_t state = 1;
    for (unsigned i = 0; i < 50000; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        put(bytes, 8, i % 3 == 0 ? state : i);
    }
    return bytes;
}

/* What an input gives, or its message. */
static GByteArray *
read_all(const GByteArray *bytes, char **ret_message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = save_scratch("packed", bytes->data, bytes->len);
    g_autoptr(NsimInput) input = nsim_input_open(path, &error);
    GByteArray *all = g_byte_array_new();
    while (input != NULL && (nsim_input_more(input, 1, &error) || input->at < input->end)) {
        g_byte_array_append(all, input->at, (guint)(input->end - input->at));
        input->at = input->end;
        if (error != NULL)
            break;
    }
    *ret_message = error != NULL ? g_strdup(strstr(error->message, "packed: ") + strlen("packed: ")) : NULL;
    return all;
}

static void
expect_same(const GByteArray *packed, const GByteArray *plain)
{
    g_autofree char *message = NULL;
    g_autoptr(GByteArray) got = read_all(packed, &message);
    CU_ASSERT_PTR_NULL(message);
    CU_ASSERT_EQUAL_FATAL(got->len, plain->len);
    CU_ASSERT_EQUAL(memcmp(got->data, plain->data, plain->len), 0);
    g_autoptr(NsimInput) input = nsim_input_new_from_memory(packed->data, packed->len);
    (void)nsim_input_more(input, 1 << 20, NULL);
    CU_ASSERT_EQUAL_FATAL((size_t)(input->end - input->at), plain->len);
    CU_ASSERT_EQUAL(memcmp(input->at, plain->data, plain->len), 0);
}

static void
whole(void)
{
    g_autoptr(GByteArray) plain = some_bytes();
    g_autoptr(GByteArray) zlib = deflated(plain, G_ZLIB_COMPRESSOR_FORMAT_ZLIB),
                          gzip = deflated(plain, G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autoptr(GByteArray) zip = zipped(plain, false, false), described = zipped(plain, false, true);
    g_autoptr(GByteArray) stored = zipped(plain, true, false);
    expect_same(zlib, plain);
    expect_same(gzip, plain);
    expect_same(zip, plain);
    expect_same(described, plain);
    expect_same(stored, plain);
}

/* Two bytes are not enough of a mark. */
static void
not_zlib(void)
{
    g_autoptr(GByteArray) bytes = some_bytes();
    bytes->data[0] = 0x78;
    bytes->data[1] = 0x9c;
    g_autofree char *message = NULL;
    g_autoptr(GByteArray) got = read_all(bytes, &message);
    CU_ASSERT_PTR_NULL(message);
    CU_ASSERT_EQUAL(got->len, bytes->len);
}

static void
cut_off(void)
{
    g_autoptr(GByteArray) plain = some_bytes();
    GByteArray *packed[] = {deflated(plain, G_ZLIB_COMPRESSOR_FORMAT_ZLIB), zipped(plain, false, false),
                            zipped(plain, true, false), zipped(plain, false, true)};
    for (size_t i = 0; i < G_N_ELEMENTS(packed); i++) {
        for (guint left = 100000; left > 40; left = left * 3 / 4) {
            g_autofree char *message = NULL;
            g_byte_array_set_size(packed[i], left);
            g_autoptr(GByteArray) got = read_all(packed[i], &message);
            CU_ASSERT_PTR_NOT_NULL_FATAL(message);
            CU_ASSERT_TRUE(got->len < plain->len);
            CU_ASSERT_TRUE(g_str_has_prefix(message, i == 0 ? "damaged zlib data near" : "damaged zip data near"));
        }
        g_byte_array_unref(packed[i]);
    }
}

static void
changed(void)
{
    g_autoptr(GByteArray) plain = some_bytes();
    g_byte_array_set_size(plain, 300);
    g_autoptr(GByteArray) zip = zipped(plain, false, true);
    const size_t directory = zip->len - strlen("directory") - 4;
    unsigned silent = 0;
    for (size_t i = 30; i < directory; i++) {
        g_autofree char *message = NULL;
        zip->data[i] ^= 0x10;
        g_autoptr(GByteArray) got = read_all(zip, &message);
        silent += message == NULL && (got->len != plain->len || memcmp(got->data, plain->data, got->len) != 0);
        zip->data[i] ^= 0x10;
    }
    CU_ASSERT_EQUAL(silent, 0);
    zip->data[6] |= 1;
    g_autofree char *message = NULL;
    g_autoptr(GByteArray) got = read_all(zip, &message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    CU_ASSERT_STRING_EQUAL(message, "damaged zip data near byte 30 of the file: a file is encrypted");
    CU_ASSERT_EQUAL(got->len, 0);
}

bool
test_packing_register(void)
{
    CU_pSuite suite = CU_add_suite("packing", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "whole", whole) != NULL &&
           CU_add_test(suite, "not zlib", not_zlib) != NULL && CU_add_test(suite, "cut off", cut_off) != NULL &&
           CU_add_test(suite, "changed", changed) != NULL;
}
