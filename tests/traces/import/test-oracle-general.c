/* SPDX-License-Identifier: MIT */
/*
 * Goal: requests become reads of whole objects at places that stay, at the file's times or the user's gaps; damage is
 * told with its place. Method: records put together by hand.
 */
#include "test-import-binary.h"

#include <traces/import/objects.h>

#include <CUnit/CUnit.h>

static void
put_request(GByteArray *bytes, uint32_t seconds, uint64_t object, uint32_t size, int64_t next)
{
    put(bytes, 4, seconds);
    put(bytes, 8, object);
    put(bytes, 4, size);
    put(bytes, 8, (uint64_t)next);
}

/* Objects 7, 9, 7 again, 9 grown, then 16 others; next requests are counted from 1. */
GByteArray *
oracle_general_sample(void)
{
    GByteArray *bytes = g_byte_array_new();
    put_request(bytes, 5000, 7, 100, 3);
    put_request(bytes, 5000, 9, 64, 4);
    put_request(bytes, 5001, 7, 50, -1);
    put_request(bytes, 5001, 9, 65, INT64_MAX);
    for (unsigned i = 0; i < 16; i++)
        put_request(bytes, 5002, UINT64_C(0xffff000000000000) + i, 1, -1);
    return bytes;
}

static void
places(void)
{
    g_autoptr(GByteArray) bytes = oracle_general_sample();
    g_byte_array_set_size(bytes, 5 * 24);
    g_autofree char *text = import_bytes(&(ImportCase){.from = "oracle-general"}, "t", bytes);
    /*
     * Two lines, one line behind them, the first again, two new ones, one. A second is 232 * 2^32 + 3567587328 ps, of
     * which the run of three has used a step of 500 ps twice.
     */
    expect_text(text, "picoseconds\n"
                      "region objects 80000000000 384\n"
                      "thread requests\n"
                      "r 80000000000 x3 +0\n"
                      "pause 232\n"
                      "r 80000000000 x1 +3567586328\n"
                      "r 800000000c0 x2 +1000\n"
                      "pause 232\n"
                      "r 80000000140 x1 +3567586328\n");
}

static void
gap_replaces_the_clock(void)
{
    g_autoptr(GByteArray) bytes = oracle_general_sample();
    g_byte_array_set_size(bytes, 3 * 24);
    g_autofree char *text = import_bytes(&(ImportCase){.from = "oracle-general", .gap_ps = 250}, "t", bytes);
    expect_text(text, "picoseconds\n"
                      "region objects 80000000000 192\n"
                      "thread requests\n"
                      "r 80000000000 x3 +0\n"
                      "r 80000000000 x1 +250\n");
}

static void
numbers_as_addresses(void)
{
    g_autoptr(GByteArray) bytes = oracle_general_sample();
    g_byte_array_set_size(bytes, 2 * 24);
    const ImportCase how = {.from = "oracle-general", .columns = "address=id:512"};
    g_autofree char *text = import_bytes(&how, "t", bytes);
    expect_text(text, "picoseconds\nthread requests\nr e00 x2 +0\nr 1200 x1 +1000\n");
    g_autoptr(GByteArray) large = g_byte_array_new();
    put_request(large, 1, UINT64_MAX, 1, -1);
    g_autofree char *beyond = import_bytes(&how, "t", large);
    expect_text(beyond,
                "error: t: record 1 at byte 0: object 18446744073709551615 of 1 bytes: its number times the unit "
                "exceeds 2^64 (address=id:BYTES with --columns takes numbers as addresses)");
    static const char *const wrong[] = {"address=id:0", "address=id:", "address=id:512x", "time=1",
                                        "address=id:1073741825"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *refused =
            import_bytes(&(ImportCase){.from = "oracle-general", .columns = wrong[i]}, "t", bytes);
        g_autofree char *message = g_strdup_printf(
            "error: columns '%s': oracle-general takes address=id:BYTES with 1 to 2^30 bytes", wrong[i]);
        expect_text(refused, message);
    }
}

static void
two_inputs(void)
{
    g_autoptr(GByteArray) bytes = oracle_general_sample();
    g_byte_array_set_size(bytes, 24);
    g_autofree char *path = save_scratch("a", bytes->data, bytes->len);
    const char *const paths[] = {path, path, NULL};
    g_autofree char *text = import_text(&(ImportCase){.from = "oracle-general"}, paths, NULL);
    expect_text(text, "picoseconds\n"
                      "region objects 80000000000 128\nregion objects 100000000000 128\n"
                      "thread requests\nr 80000000000 x2 +0\n"
                      "thread requests\nr 100000000000 x2 +0\n");
}

static void
damage(void)
{
    const ImportCase how = {.from = "oracle-general"};
    g_autoptr(GByteArray) back = g_byte_array_new(), late = g_byte_array_new(), next = g_byte_array_new();
    put_request(back, 100, 1, 1, -1);
    put_request(back, 99, 1, 1, -1);
    g_autofree char *first = import_bytes(&how, "t", back);
    expect_text(first, "error: t: record 2 at byte 24: second 99 after second 100: requests are in the order of time");
    g_autofree char *paced = import_bytes(&(ImportCase){.from = "oracle-general", .gap_ps = 1}, "t", back);
    CU_ASSERT_TRUE(g_str_has_prefix(paced, "picoseconds"));
    put_request(late, 0, 1, 1, -1);
    put_request(late, 1123201, 1, 1, -1);
    g_autofree char *second = import_bytes(&how, "t", late);
    expect_text(second,
                "error: t: record 2 at byte 24: second 1123201, the first is 0: a trace is at most 13 days long; "
                "give the time from request to request with --gap");
    g_autofree char *slow = import_bytes(&(ImportCase){.from = "oracle-general", .gap_ps = UINT64_MAX - 1}, "t", late);
    CU_ASSERT_TRUE(g_str_has_prefix(slow, "picoseconds"));
    put_request(late, 1123202, 1, 1, -1);
    g_autofree char *slower =
        import_bytes(&(ImportCase){.from = "oracle-general", .gap_ps = UINT64_MAX - 1}, "t", late);
    expect_text(slower, "error: t: record 3 at byte 48: a trace is at most 13 days long: give a shorter --gap");
    put_request(next, 0, 1, 1, -2);
    g_autofree char *third = import_bytes(&how, "t", next);
    expect_text(third, "error: t: record 1 at byte 0: next request -2 (-1 or more)");
    g_byte_array_set_size(back, 30);
    g_autofree char *fourth = import_bytes(&how, "t", back);
    expect_text(fourth, "error: t: record 2 at byte 24: the file ends in the middle of a record of 24 bytes");
}

static void
detection(void)
{
    g_autoptr(GByteArray) bytes = oracle_general_sample();
    CU_ASSERT_EQUAL(nsim_trace_format_oracle_general.probe(bytes->data, bytes->len), NSIM_MATCH_SURE);
    bytes->data[16] = 5; /* the next request of the first is said to be that of another object */
    CU_ASSERT_EQUAL(nsim_trace_format_oracle_general.probe(bytes->data, bytes->len), NSIM_MATCH_NO);
    bytes->data[16] = 2; /* counted from 0 */
    CU_ASSERT_EQUAL(nsim_trace_format_oracle_general.probe(bytes->data, bytes->len), NSIM_MATCH_SURE);
    g_byte_array_set_size(bytes, 5 * 24);
    CU_ASSERT_EQUAL(nsim_trace_format_oracle_general.probe(bytes->data, bytes->len), NSIM_MATCH_POSSIBLE);
}

bool
test_oracle_general_register(void)
{
    CU_pSuite suite = CU_add_suite("oracle-general", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "places", places) != NULL &&
           CU_add_test(suite, "gap replaces the clock", gap_replaces_the_clock) != NULL &&
           CU_add_test(suite, "numbers as addresses", numbers_as_addresses) != NULL &&
           CU_add_test(suite, "two inputs", two_inputs) != NULL && CU_add_test(suite, "damage", damage) != NULL &&
           CU_add_test(suite, "detection", detection) != NULL;
}
