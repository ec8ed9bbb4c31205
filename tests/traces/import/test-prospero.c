/* SPDX-License-Identifier: MIT */
/* SST Prospero: text and binary give the same; damage. */
#include "test-import.h"

#define CLOCK "clock instructions 3000000000\n"

static void
test_text(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    expect_file(&options, "prospero.txt",
                CLOCK "thread thread 0\n0 read 7fff00000000\n3 write 7fff00000040\n7 read 402000\n");
    options.from = "prospero";
    options.instructions_per_s = 7;
    expect_text(&options, "5 w 63 2\r\n\n4 r 0 0\n", "clock instructions 7\nthread thread 0\n0 write 0 x2\n0 read 0\n");
    expect_text(&options, "5 R 64 4\n6 X 64 4\n",
                "error: in:2: '6 X 64 4' is not a record of Prospero's (\"CYCLE R ADDRESS BYTES\" or W, decimal)\n");
    expect_text(&options, "5 R 0x40 4\n",
                "error: in:1: '5 R 0x40 4' is not a record of Prospero's (\"CYCLE R ADDRESS BYTES\" or W, decimal)\n");
    expect_text(&options, "5 R 64\n",
                "error: in:1: '5 R 64' is not a record of Prospero's (\"CYCLE R ADDRESS BYTES\" or W, decimal)\n");
    expect_text(&options, "0 R 64 1\n1152921504606846976 R 64 1\n",
                "error: in:2: cycle 1152921504606846976 is more than 2^60 after the first\n");
    expect_text(&options, "0 R 64 1073741825\n",
                "error: in: record 1 at byte 18: access of 1073741825 bytes: more than 1 GiB\n");
}

static void
put_record(GByteArray *file, uint64_t cycle, char op, uint64_t address, uint32_t bytes)
{
    cycle = GUINT64_TO_LE(cycle);
    address = GUINT64_TO_LE(address);
    bytes = GUINT32_TO_LE(bytes);
    g_byte_array_append(file, (const guint8 *)&cycle, 8);
    g_byte_array_append(file, (const guint8 *)&op, 1);
    g_byte_array_append(file, (const guint8 *)&address, 8);
    g_byte_array_append(file, (const guint8 *)&bytes, 4);
}

static void
test_binary(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    g_autofree char *path = corpus_path("prospero-binary.bin"), *data = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    gsize bytes;
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &data, &bytes, NULL));
    /* As the text of the same records. */
    for (unsigned i = 0; i < 40; i++)
        g_string_append_printf(text, "%u %c %" G_GUINT64_FORMAT " 8\n", 5000 + 3 * i, i % 4 == 3 ? 'W' : 'R',
                               UINT64_C(0x7ffe00000000) + 64 * i);
    options.from = "prospero";
    g_autofree char *expected = import_bytes(&options, text->str, text->len);
    CU_ASSERT_PTR_NOT_NULL(strstr(expected, "0+48 read 7ffe00000000 x3\n"));
    options.from = NULL;
    expect_file(&options, "prospero-binary.bin", expected);

    options.from = "prospero-binary";
    g_autofree char *cut = import_bytes(&options, data, bytes - 1);
    CU_ASSERT_STRING_EQUAL(cut,
                           "error: in: record 39 at byte 819: the file ends in the middle of a record of 21 bytes\n");
    g_autoptr(GByteArray) wrong = g_byte_array_new();
    put_record(wrong, 1, 'r', 64, 4);
    put_record(wrong, 2, 'X', 64, 4);
    g_autofree char *op = import_bytes(&options, wrong->data, wrong->len);
    CU_ASSERT_STRING_EQUAL(op, "error: in: record 2 at byte 21: operation 0x58 (allowed are 'R' and 'W')\n");
    g_byte_array_set_size(wrong, 21);
    put_record(wrong, UINT64_MAX, 'W', 64, 4);
    g_autofree char *late = import_bytes(&options, wrong->data, wrong->len);
    CU_ASSERT_STRING_EQUAL(
        late, "error: in: record 2 at byte 21: cycle 18446744073709551615 is more than 2^60 after the first\n");
}

bool
test_prospero_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/prospero", NULL, NULL);
    return suite && CU_add_test(suite, "text", test_text) && CU_add_test(suite, "binary", test_binary);
}
