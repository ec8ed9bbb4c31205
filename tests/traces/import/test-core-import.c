/* SPDX-License-Identifier: MIT */
/* What all formats share: finding the format, the cache in front, several inputs, limits, a full disk. */
#include "test-core.h"

#include <CUnit/CUnit.h>
#include <traces/capture/filter.h>
#include <traces/import/formats.h>

static void
test_finding(void)
{
    static const char lackey[] = "I  1000,1\n L 2000,8\n";
    static const char *const formats_first = "error: thing: its content does not tell what it is: name its format with --from (";
    g_autofree char *found = import_as_text("thing", lackey, sizeof lackey - 1, NULL);
    CU_ASSERT_STRING_EQUAL(found, "0 1+0 read 2000 x1\n");
    g_autofree char *unknown = import_as_text("thing", "what?\n", 6, NULL);
    CU_ASSERT_TRUE(g_str_has_prefix(unknown, formats_first));
    g_autofree char *empty = import_as_text("thing", "", 0, NULL);
    CU_ASSERT_TRUE(g_str_has_prefix(empty, formats_first));

    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.from = "nonsense";
    g_autofree char *wrong = import_as_text("thing", lackey, sizeof lackey - 1, &options);
    CU_ASSERT_TRUE(g_str_has_prefix(wrong, "error: unknown trace format 'nonsense' (one of "));

    const char *const standard[] = {"-", NULL};
    nsim_import_options_init(&options);
    options.inputs = standard;
    g_autofree char *blind = import_as_text("thing", "", 0, &options);
    CU_ASSERT_STRING_EQUAL(blind, "error: standard input cannot be looked at twice: name its format with --from");
}

static void
count_line(void *context, NsimOp op, uint64_t line)
{
    g_string_append_printf(context, "%u:%" G_GINT64_MODIFIER "x ", op, line);
}

static void
test_cache(void)
{
    /* Through a cache of four lines in two sets: the same lines in the same order as the filter alone lets through. */
    g_autoptr(GString) text = g_string_new(NULL), expected = g_string_new(NULL), got = g_string_new(NULL);
    NsimFilter *filter = nsim_filter_new(1, 2, 2, count_line);
    for (uint64_t i = 0; i < 400; i++) {
        const uint64_t line = i * i % 37;
        g_string_append_printf(text, "I  0,1\n %c %" G_GINT64_MODIFIER "x,4\n", i % 5 == 0 ? 'S' : 'L', line * 64);
        nsim_filter_access(filter, 0, line, i % 5 == 0, expected);
    }
    nsim_filter_free(filter);
    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.cache_bytes = 256;
    options.cache_ways = 2;
    g_autofree char *found = import_as_text("c", text->str, text->len, &options);
    g_auto(GStrv) lines = g_strsplit(found, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL && g_ascii_isdigit(lines[i][0]); i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);
        const unsigned op = strcmp(words[2], "read") == 0 ? 0 : strcmp(words[2], "write") == 0 ? 1 : 2;
        const uint64_t first = g_ascii_strtoull(words[3], NULL, 16) / 64;
        for (uint64_t k = 0; k < g_ascii_strtoull(words[4] + 1, NULL, 10); k++)
            g_string_append_printf(got, "%u:%" G_GINT64_MODIFIER "x ", op, first + k);
    }
    CU_ASSERT_STRING_EQUAL(got->str, expected->str);
    CU_ASSERT_PTR_NOT_NULL(strstr(found, "filter llc 0KiB 2-way lru"));

    options.cache_bytes = 300;
    g_autofree char *odd = import_as_text("c", text->str, text->len, &options);
    CU_ASSERT_STRING_EQUAL(odd, "error: cache of 300 bytes with 2 ways: allowed are 1 to 64 ways and a power of two of sets up "
                                "to 2^24, 64-byte lines");
    options.cache_bytes = 256;
    options.filtered = "an L3";
    g_autofree char *twice = import_as_text("c", text->str, text->len, &options);
    CU_ASSERT_STRING_EQUAL(twice, "error: c: holds misses of a cache already (an L3): a cache in front of it would be wrong");
}

static void
test_several_inputs(void)
{
    scratch_save("a", " L 1000,8\n", 10);
    scratch_save("b", "I  0,1\n S 2000,8\n", 17);
    g_autofree char *a = scratch_path("a"), *b = scratch_path("b");
    const char *const inputs[] = {a, b, NULL};
    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.inputs = inputs;
    g_autofree char *found = import_as_text("other", "", 0, &options);
    CU_ASSERT_STRING_EQUAL(found, "0 0+0 read 1000 x1\n1 1+0 write 2000 x1\n");
}

static void
test_limits(void)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    for (unsigned i = 0; i <= NSIM_TRACE_THREADS_MAX; i++) {
        const uint8_t record[16] = {0, 0x10, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, (uint8_t)i, (uint8_t)(i >> 8)};
        g_byte_array_append(data, record, sizeof record);
    }
    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.from = "records16";
    g_autofree char *found = import_as_text("t", data->data, data->len, &options);
    CU_ASSERT_STRING_EQUAL(found, "error: t: record 4097 at byte 65536: operation 0, log2 of bytes 3, thread 4096 (0 to 1, 0 to "
                                  "6, below 4096)");
    static const char text[] = " L 1000,8\n";
    g_autofree char *input = scratch_path("d");
    const char *const inputs[] = {input, NULL};
    scratch_save("d", text, sizeof text - 1);
    nsim_import_options_init(&options);
    options.inputs = inputs;
    options.output = "/nowhere/at/all.trace";
    g_autoptr(GError) error = NULL;
    CU_ASSERT_FALSE(nsim_import_trace(&options, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
    g_clear_error(&error);
    options.output = "/dev/full";
    CU_ASSERT_FALSE(nsim_import_trace(&options, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
}

/* Each format is found by no other's name, and names are in order. */
static void
test_table(void)
{
    const char *last = "";
    for (const NsimTraceFormat *const *format = nsim_trace_formats; *format != NULL; format++) {
        CU_ASSERT_TRUE(strcmp(last, (*format)->name) < 0);
        CU_ASSERT_PTR_EQUAL(nsim_trace_format_find((*format)->name, NULL, NULL), *format);
        CU_ASSERT_TRUE((*format)->summary != NULL && (*format)->read != NULL);
        last = (*format)->name;
    }
}

bool
test_core_import_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/import", NULL, NULL);
    return suite && CU_add_test(suite, "finding the format", test_finding) &&
           CU_add_test(suite, "a cache in front", test_cache) &&
           CU_add_test(suite, "several inputs", test_several_inputs) &&
           CU_add_test(suite, "limits and failures", test_limits) && CU_add_test(suite, "the table", test_table);
}
