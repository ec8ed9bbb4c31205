/* SPDX-License-Identifier: MIT */
/* 16-byte records: raw and filtered files, several threads, damage. */
#include "test-core.h"

#include <CUnit/CUnit.h>

static void
put(GByteArray *data, uint64_t address, uint32_t instructions, uint8_t op, uint8_t log2_bytes, uint16_t thread)
{
    uint8_t record[16];
    for (unsigned i = 0; i < 8; i++)
        record[i] = (uint8_t)(address >> 8 * i);
    for (unsigned i = 0; i < 4; i++)
        record[8 + i] = (uint8_t)(instructions >> 8 * i);
    record[12] = op;
    record[13] = log2_bytes;
    record[14] = (uint8_t)thread;
    record[15] = (uint8_t)(thread >> 8);
    g_byte_array_append(data, record, sizeof record);
}

static void
expect(GByteArray *data, size_t bytes, const char *expected)
{
    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.from = "records16";
    g_autofree char *found = import_as_text("r.bin", data->data, bytes, &options);
    CU_ASSERT_STRING_EQUAL(found, expected);
}

static void
test_filtered(void)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    put(data, 0x7f0000001000, 10, 0, 6, 0);
    put(data, 0x7f0000001040, 10, 0, 6, 0);
    put(data, 0x555000000000, 7, 2, 6, 1);
    put(data, 0x7f0000200000, 0, 1, 6, 0);
    put(data, 0x555000000040, 4000000000, 2, 6, 1);
    expect(data, data->len,
           "0 10+160 read 7f0000001000 x2\n"
           "0 0+0 write 7f0000200000 x1\n"
           "1 7+0 rfo 555000000000 x1\n"
           "1 4000000000+0 rfo 555000000040 x1 stream\n"
           "filter a last-level cache that the file does not describe\n");
    expect(data, data->len - 1,
           "error: r.bin: record 4 at byte 64: the file ends in the middle of a record of 16 bytes");
    data->data[16 + 12] = 3;
    expect(data, data->len,
           "error: r.bin: record 2 at byte 16: operation 3, log2 of bytes 6, thread 0 (0 to 2, 0 to 6, below 4096)");
}

static void
test_raw(void)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    put(data, 0x103c, 1, 0, 3, 5);
    put(data, 0x2000, 2, 1, 0, 5);
    expect(data, data->len, "0 1+0 read 1000 x2\n0 2+0 write 2000 x1\n");
    put(data, 0x2000, 2, 2, 0, 5);
    expect(data, data->len,
           "error: r.bin: record 3 at byte 32: operation 2, log2 of bytes 0, thread 5 (0 to 1, 0 to 6, below 4096)");
}

bool
test_records16_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/records16", NULL, NULL);
    return suite && CU_add_test(suite, "filtered", test_filtered) && CU_add_test(suite, "raw", test_raw);
}
