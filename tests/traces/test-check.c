/* SPDX-License-Identifier: MIT */
/*
 * Goal: check finds what open does not look at. Method: totals changed under right checksums; barriers that would never
 * open.
 */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <string.h>
#include <traces/format.h>

static void
check_fails(const char *path, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_FALSE(nsim_trace_check(trace, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT));
    if (error != NULL && strstr(error->message, words) == NULL) {
        g_printerr("'%s' does not say '%s'\n", error->message, words);
        CU_FAIL("wrong message");
    }
}

static void
test_totals(void)
{
    /* Thread 1's entry in the trailer of the small trace begins 110 bytes after the trailer does. */
    static const char *const words[] = {"lines read, the", "lines written", "lines read for ownership", "gap units"};
    g_autofree char *path = test_path("totals.trace");
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        test_write_small(path, 0);
        g_autoptr(GByteArray) file = test_load(path);
        const uint64_t trailer = nsim_get_64(file->data + file->len - NSIM_FORMAT_FOOTER_BYTES + 24);
        uint8_t *total = file->data + trailer + 110 + 8 + 8 * i;
        nsim_put_64(total, nsim_get_64(total) + 1);
        test_reseal(file);
        test_save(path, file->data, file->len);
        check_fails(path, words[i]);
        check_fails(path, "thread 1 has");
    }
    g_remove(path);
}

/* Three threads that pass a barrier of `members` so many times each. */
static void
write_barriers(const char *path, uint32_t members, const uint32_t passes[3])
{
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_PS};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    const uint32_t barrier = nsim_trace_writer_add_barrier(writer, members);
    for (uint32_t i = 0; i < 3; i++) {
        nsim_trace_writer_add_thread(writer, "t");
        for (uint32_t j = 0; j < passes[i]; j++)
            nsim_trace_writer_barrier(writer, i, barrier, 10);
    }
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
}

static void
test_barriers(void)
{
    g_autofree char *path = test_path("barriers.trace");
    write_barriers(path, 3, (const uint32_t[]){5, 5, 4});
    check_fails(path, "barrier 0 is reached 5 times by thread 0, 4 times by thread 2");
    write_barriers(path, 3, (const uint32_t[]){5, 0, 5});
    check_fails(path, "barrier 0 is reached by 2 threads, it has 3 members");
    write_barriers(path, 1, (const uint32_t[]){5, 0, 5});
    check_fails(path, "barrier 0 is reached by 2 threads, it has 1 members");
    static const uint32_t good[][3] = {{5, 0, 5}, {0, 0, 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        write_barriers(path, 2, good[i]);
        g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
        CU_ASSERT_TRUE(nsim_trace_check(trace, &error));
        CU_ASSERT_EQUAL(nsim_trace_info(trace)->threads[0].gap_total, good[i][0] * 10);
        CU_ASSERT_EQUAL(nsim_trace_info(trace)->frame_count, 0);
    }
    g_remove(path);
}

bool
test_check_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/check", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "totals", test_totals) != NULL &&
           CU_add_test(suite, "barriers", test_barriers) != NULL;
}
