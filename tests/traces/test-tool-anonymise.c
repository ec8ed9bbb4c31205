/* SPDX-License-Identifier: MIT */
/* Goal: nothing of names and places is left, and all of the structure. Method: records and scans before and after. */
#include "test-tools.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <string.h>
#include <traces/info-scan.h>
#include <traces/tool-anonymise.h>

static const TestToolShape shape = {3, 4, 300, 60, 8, true, false};

static NsimTrace *
anonymise(NsimTrace *trace, bool shuffle, uint64_t seed)
{
    g_autofree char *path = test_path("anonymous.trace");
    g_autoptr(GError) error = NULL;
    const NsimAnonymiseOptions options = {.shuffle = shuffle, .seed = seed, .level = 0};
    if (!nsim_trace_anonymise(path, trace, &options, NULL, &error)) {
        g_printerr("%s\n", error->message);
        CU_FAIL("cannot be anonymised");
        return NULL;
    }
    /* None of its texts is anywhere in the file. */
    static const char *const texts[] = {"secret", "alpha", "beta", "gamma", "round"};
    g_autoptr(GByteArray) file = test_load(path);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        CU_ASSERT_PTR_NULL(memmem(file->data, file->len, texts[i], strlen(texts[i])));
    return test_tool_open(path);
}

/* Everything of the records but the frames; each frame goes to one place, and no two to the same. */
static void
check_records(NsimTrace *before, NsimTrace *after, bool in_order)
{
    g_autoptr(GHashTable) places = g_hash_table_new(NULL, NULL), taken = g_hash_table_new(NULL, NULL);
    uint32_t wrong = 0;
    CU_ASSERT_EQUAL_FATAL(nsim_trace_info(before)->thread_count, nsim_trace_info(after)->thread_count);
    for (uint32_t thread = 0; thread < shape.threads; thread++) {
        g_autoptr(GArray) x = test_tool_records(before, thread);
        g_autoptr(GArray) y = test_tool_records(after, thread);
        CU_ASSERT_EQUAL_FATAL(x->len, y->len);
        for (guint i = 0; i < x->len; i++) {
            const TestRecord *p = &g_array_index(x, TestRecord, i), *q = &g_array_index(y, TestRecord, i);
            wrong += p->op != q->op || p->gap != q->gap || p->step != q->step || p->count != q->count ||
                     p->flags != q->flags || p->operand != q->operand || p->line % 32768 != q->line % 32768;
            if (p->count == 0)
                continue;
            const uint64_t from = p->line / 32768, to = q->line / 32768;
            gpointer known = g_hash_table_lookup(places, GSIZE_TO_POINTER(from));
            wrong += known != NULL && GPOINTER_TO_SIZE(known) != to;
            if (known == NULL)
                wrong += !g_hash_table_add(taken, GSIZE_TO_POINTER(to));
            g_hash_table_insert(places, GSIZE_TO_POINTER(from), GSIZE_TO_POINTER(to));
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    if (!in_order)
        return;
    /* The dense frames are then the same. */
    for (uint32_t i = 0; i < nsim_trace_info(before)->frame_count; i++) {
        gpointer to = g_hash_table_lookup(places, GSIZE_TO_POINTER(nsim_trace_info(before)->frames[i]));
        CU_ASSERT_EQUAL(GPOINTER_TO_SIZE(to), nsim_trace_info(after)->frames[i]);
    }
}

static uint64_t
region_sum(const NsimScanRegion *region)
{
    return region->lines[0] + region->lines[1] + region->lines[2];
}

static void
test_structure(void)
{
    for (unsigned shuffle = 0; shuffle < 2; shuffle++) {
        g_autoptr(NsimTrace) trace = test_tool_trace("open.trace", &shape);
        g_autoptr(NsimTrace) found = anonymise(trace, shuffle == 1, 77);
        const NsimTraceInfo *info = nsim_trace_info(found);
        check_records(trace, found, shuffle == 0);
        CU_ASSERT_EQUAL_FATAL(info->region_count, 3);
        CU_ASSERT_STRING_EQUAL(info->regions[0].name, "r0");
        CU_ASSERT_STRING_EQUAL(info->threads[2].name, "t2");
        CU_ASSERT_STRING_EQUAL(info->marks[0], "m0");
        CU_ASSERT_EQUAL(info->barriers[0], 3);
        g_autoptr(NsimTraceScan) x = nsim_trace_scan(trace, NULL, NULL);
        g_autoptr(NsimTraceScan) y = nsim_trace_scan(found, NULL, NULL);
        CU_ASSERT_EQUAL(x->touched_pages, y->touched_pages);
        CU_ASSERT_EQUAL(x->stream_lines, y->stream_lines);
        CU_ASSERT_EQUAL(x->duration_ps, y->duration_ps);
        CU_ASSERT_EQUAL(x->heat[1], y->heat[1]);
        /* Regions keep their sizes and what is done to them, in some order. */
        uint64_t found_regions = 0;
        for (unsigned i = 0; i < 3; i++)
            for (unsigned j = 0; j < 3; j++)
                if (nsim_trace_info(trace)->regions[i].bytes == info->regions[j].bytes)
                    found_regions += region_sum(&x->regions[i]) == region_sum(&y->regions[j]) &&
                                     x->regions[i].touched_pages == y->regions[j].touched_pages;
        CU_ASSERT_EQUAL(found_regions, 3);
    }
}

/* Traces of the same records at other places become the same file. */
static void
test_places(void)
{
    g_autofree char *path = test_path("placed.trace");
    GByteArray *files[2] = {NULL, NULL};
    for (unsigned i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        const NsimTraceWriterOptions texts = {.gap_unit = NSIM_GAP_PS};
        NsimTraceWriter *writer = nsim_trace_writer_new(path, &texts, &error);
        const uint64_t far = i == 0 ? 0 : UINT64_C(0xffff800000000000); /* kernel addresses */
        nsim_trace_writer_add_thread(writer, "t");
        nsim_trace_writer_add_region(writer, "low", 4096, 100);
        nsim_trace_writer_add_region(writer, "high", far + (UINT64_C(1) << 40), UINT64_C(1) << 30);
        for (uint64_t j = 0; j < 100; j++) {
            const NsimRun low = {.line = 64, .count = 1},
                          high = {.line = (far + (UINT64_C(1) << 40) + j * 5000000) >> 6, .count = 3};
            nsim_trace_writer_run(writer, 0, &low);
            nsim_trace_writer_run(writer, 0, &high);
        }
        CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
        g_autoptr(NsimTrace) trace = test_tool_open(path);
        const NsimAnonymiseOptions options = {.level = 1};
        CU_ASSERT_TRUE(nsim_trace_anonymise(path, trace, &options, NULL, &error));
        files[i] = test_load(path);
        g_remove(path);
    }
    CU_ASSERT_EQUAL_FATAL(files[0]->len, files[1]->len);
    CU_ASSERT_EQUAL(memcmp(files[0]->data, files[1]->data, files[0]->len), 0);
    g_byte_array_unref(files[0]);
    g_byte_array_unref(files[1]);
}

static void
test_seeds(void)
{
    g_autoptr(NsimTrace) trace = test_tool_trace("open.trace", &shape);
    g_autoptr(NsimTrace) a = anonymise(trace, true, 1);
    g_autoptr(NsimTrace) same = anonymise(trace, true, 1);
    g_autoptr(NsimTrace) b = anonymise(trace, true, 2);
    CU_ASSERT_TRUE(test_tool_same(a, same));
    CU_ASSERT_FALSE(test_tool_same(a, b));
}

bool
test_tool_anonymise_register(void)
{
    CU_pSuite suite = CU_add_suite("tool-anonymise", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "structure", test_structure) != NULL &&
           CU_add_test(suite, "places", test_places) != NULL && CU_add_test(suite, "seeds", test_seeds) != NULL;
}
