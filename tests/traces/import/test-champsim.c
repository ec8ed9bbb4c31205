/* SPDX-License-Identifier: MIT */
/*
 * Goal: ChampSim's two layouts come out with every access in order, and damage is told with its place. Method: records
 * put together by hand from the documented offsets.
 */
#include "test-import-binary.h"

#include <CUnit/CUnit.h>

#define HEAP UINT64_C(0x7f0000000000)

/* Record `i`: a load from line i; every fourth a branch, every fifth a store to line 100 + i as well. */
static void
put_record(GByteArray *bytes, unsigned i, unsigned written, unsigned padding)
{
    put(bytes, 8, 0x401000 + 4 * i);
    put(bytes, 1, i % 4 == 0);
    put(bytes, 1, i % 8 == 0);
    for (unsigned j = 0; j < written + 4; j++)
        put(bytes, 1, j);
    while (bytes->len % 8 != 0)
        put(bytes, 1, 0);
    for (unsigned j = 0; j < written; j++)
        put(bytes, 8, j == 0 && i % 5 == 4 ? HEAP + 64 * (100 + i) + 8 : 0);
    for (unsigned j = 0; j < 4; j++)
        put(bytes, 8, j == 1 && i % 3 == 0 ? HEAP + 64 * i : 0);
    put(bytes, padding, 0);
}

GByteArray *
champsim_sample(void)
{
    GByteArray *bytes = g_byte_array_new();
    for (unsigned i = 0; i < 20; i++)
        put_record(bytes, i, 2, 0);
    return bytes;
}

GByteArray *
cloudsuite_sample(void)
{
    GByteArray *bytes = g_byte_array_new();
    for (unsigned i = 0; i < 20; i++)
        put_record(bytes, i, 4, 8);
    return bytes;
}

static const char expected[] = "instructions 3000000000\n"
                               "thread core 0\n"
                               "r 7f0000000000 x1 +1\n"
                               "r 7f00000000c0 x1 +3\n"
                               "w 7f0000001a00 x1 +1\n"
                               "r 7f0000000180 x1 +2\n"
                               "r 7f0000000240 x1 +3\n"
                               "w 7f0000001b40 x1 +0\n"
                               "r 7f0000000300 x1 +3\n"
                               "w 7f0000001c80 x1 +2\n"
                               "r 7f00000003c0 x1 +1\n"
                               "r 7f0000000480 x1 +3\n"
                               "w 7f0000001dc0 x1 +1\n";

static void
both_layouts(void)
{
    g_autoptr(GByteArray) plain = champsim_sample(), cloudsuite = cloudsuite_sample();
    CU_ASSERT_EQUAL(plain->len, 20 * 64);
    CU_ASSERT_EQUAL(cloudsuite->len, 20 * 96);
    g_autofree char *found = import_bytes(&(ImportCase){0}, "t", plain);
    expect_text(found, expected);
    g_autofree char *also = import_bytes(&(ImportCase){0}, "t", cloudsuite);
    expect_text(also, expected);
    g_autofree char *named = import_bytes(&(ImportCase){.from = "champsim", .instructions_per_s = 5}, "t", plain);
    CU_ASSERT_TRUE(g_str_has_prefix(named, "instructions 5\n"));
}

static void
two_cores(void)
{
    g_autoptr(GByteArray) bytes = champsim_sample();
    g_byte_array_set_size(bytes, 64);
    g_autofree char *path = save_scratch("a.champsimtrace", bytes->data, bytes->len);
    const char *const paths[] = {path, path, NULL};
    NsimImportResult result;
    g_autofree char *text = import_text(&(ImportCase){0}, paths, &result);
    expect_text(text, "instructions 3000000000\n"
                      "thread core 0\nr 7f0000000000 x1 +1\n"
                      "thread core 1\nr 7f0000000000 x1 +1\n");
    CU_ASSERT_EQUAL(result.record_count, 2);
    CU_ASSERT_EQUAL(result.skipped_count, 0);
}

static void
counts(void)
{
    g_autoptr(GByteArray) bytes = champsim_sample();
    g_autofree char *path = save_scratch("a", bytes->data, bytes->len);
    const char *const paths[] = {path, NULL};
    NsimImportResult result;
    g_autofree char *text = import_text(&(ImportCase){0}, paths, &result);
    CU_ASSERT_PTR_NOT_NULL(text);
    CU_ASSERT_EQUAL(result.record_count, 20);
    CU_ASSERT_EQUAL(result.read_count, 7);
    CU_ASSERT_EQUAL(result.write_count, 4);
    CU_ASSERT_EQUAL(result.skipped_count, 10);
    CU_ASSERT_EQUAL(result.thread_count, 1);
    CU_ASSERT_FALSE(result.filtered);
}

static void
damage(void)
{
    g_autoptr(GByteArray) bytes = champsim_sample();
    bytes->data[3 * 64 + 8] = 2;
    g_autofree char *branch = import_bytes(&(ImportCase){.from = "champsim"}, "t", bytes);
    expect_text(branch, "error: t: record 4 at byte 192: branch 2, taken 0 (0 or 1, 0 or 1)");
    bytes->data[3 * 64 + 8] = 0;
    g_byte_array_set_size(bytes, 5 * 64 + 7);
    g_autofree char *cut = import_bytes(&(ImportCase){.from = "champsim"}, "t", bytes);
    expect_text(cut, "error: t: record 6 at byte 320: the file ends in the middle of a record of 64 bytes");
    g_byte_array_set_size(bytes, 2 * 64);
    g_byte_array_remove_range(bytes, 0, 64);
    g_autofree char *nothing = import_bytes(&(ImportCase){.from = "champsim"}, "t", bytes);
    expect_text(nothing, "error: t: no memory accesses in it, read as champsim");
}

/* Few records could be anything: then the name decides. */
static void
detection(void)
{
    g_autoptr(GByteArray) bytes = champsim_sample();
    g_byte_array_set_size(bytes, 15 * 64);
    CU_ASSERT_EQUAL(nsim_trace_format_champsim.probe(bytes->data, bytes->len), NSIM_MATCH_POSSIBLE);
    g_autofree char *text = import_bytes(&(ImportCase){0}, "x.champsimtrace", bytes);
    CU_ASSERT_TRUE(g_str_has_prefix(text, "instructions"));
    bytes->data[9] = 1;
    bytes->data[8] = 0; /* taken, but no branch */
    CU_ASSERT_EQUAL(nsim_trace_format_champsim.probe(bytes->data, bytes->len), NSIM_MATCH_NO);
}

bool
test_champsim_register(void)
{
    CU_pSuite suite = CU_add_suite("champsim", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "both layouts", both_layouts) != NULL &&
           CU_add_test(suite, "two cores", two_cores) != NULL && CU_add_test(suite, "counts", counts) != NULL &&
           CU_add_test(suite, "damage", damage) != NULL && CU_add_test(suite, "detection", detection) != NULL;
}
