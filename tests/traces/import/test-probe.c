/* SPDX-License-Identifier: MIT */
/*
 * Each file of the corpus is surely of one format at most, and of the right one; whatever the other formats' probes
 * think of it, the file is read as that. Files without a format of their own need --from or an ending.
 */
#include "test-import.h"

#include <traces/import/lines.h>

static const struct {
    const char *file, *format; /* NULL: not sure */
} files[] = {{"accesses.csv", "csv"},
             {"dramsim3.txt", "dramsim3"},
             {"memtrace-simple.txt", "drmemtrace-text"},
             {"memtrace-x86.txt", "drmemtrace-text"},
             {"nvbit-old.txt", "nvbit"},
             {"nvbit.txt", "nvbit"},
             {"objects.csv", "libcachesim-csv"},
             {"perf-default.txt", "perf-script"},
             {"perf-script.txt", "perf-script"},
             {"prospero-1.txt", "prospero"},
             {"prospero-binary.bin", "prospero-binary"},
             {"prospero.txt", "prospero"},
             {"ramulator-loadstore.txt", "ramulator"},
             {"ramulator-memory.txt", "ramulator"},
             {"ramulator-vector.txt", NULL},
             {"ramulator.cputrace", NULL},
             {"uvm-batches.txt", "uvm-log"},
             {"uvm-faults.txt", "uvm-log"},
             {"uvm-kernel-log.txt", "uvm-log"},
             {"view.txt", "drmemtrace-text"}};

static void
test_corpus(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = corpus_path(files[i].file), *data = NULL;
        gsize bytes;
        CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &data, &bytes, NULL));
        for (const NsimTraceFormat *const *format = nsim_trace_formats; *format != NULL; format++) {
            if ((*format)->probe == NULL)
                continue;
            const bool sure = (*format)->probe((const uint8_t *)data, bytes) == NSIM_MATCH_SURE;
            const bool right = files[i].format != NULL && strcmp((*format)->name, files[i].format) == 0;
            CU_ASSERT_EQUAL(sure, right);
            if (sure != right)
                g_printerr("%s: %s is %s\n", files[i].file, (*format)->name, sure ? "sure" : "not sure");
        }
    }
}

/* So that no file escapes the test above. */
static void
test_corpus_is_listed(void)
{
    g_autofree char *directory = corpus_path("");
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
        bool listed = false;
        for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
            listed |= strcmp(files[i].file, name) == 0;
        CU_ASSERT_TRUE(listed);
        if (!listed)
            g_printerr("%s: not listed\n", name);
    }
}

/* Of a directory there is nothing to see; zeros and noise are nothing. */
static void
test_nothing(void)
{
    g_autofree uint8_t *zeros = g_malloc0(NSIM_IMPORT_HEAD_BYTES), *noise = g_malloc(NSIM_IMPORT_HEAD_BYTES);
    for (uint32_t i = 0; i < NSIM_IMPORT_HEAD_BYTES; i++)
        noise[i] = (uint8_t)((i + 1) * UINT32_C(2654435761) >> 24);
    for (const NsimTraceFormat *const *format = nsim_trace_formats; *format != NULL; format++) {
        if ((*format)->probe == NULL)
            continue;
        CU_ASSERT_NOT_EQUAL((*format)->probe(NULL, 0), NSIM_MATCH_SURE);
        CU_ASSERT_NOT_EQUAL((*format)->probe(zeros, NSIM_IMPORT_HEAD_BYTES), NSIM_MATCH_SURE);
        CU_ASSERT_NOT_EQUAL((*format)->probe(noise, NSIM_IMPORT_HEAD_BYTES), NSIM_MATCH_SURE);
    }
}

static const NsimTraceFormat *
guess(const char *text, const char *name)
{
    return nsim_trace_format_guess((const uint8_t *)text, strlen(text), name);
}

static void
test_endings(void)
{
    CU_ASSERT_PTR_EQUAL(guess("3 20734016\n", "a.cputrace"), &nsim_trace_format_ramulator);
    CU_ASSERT_PTR_EQUAL(guess("3 20734016\n", "a.cputrace.gz"), &nsim_trace_format_ramulator);
    CU_ASSERT_PTR_NULL(guess("3 20734016\n", "a.txt"));
    CU_ASSERT_PTR_EQUAL(guess("1;2;3\n", "a.csv"), &nsim_trace_format_csv);
    CU_ASSERT_PTR_NULL(guess("1;2;3\n", "a.txt"));
    CU_ASSERT_PTR_EQUAL(guess("ls 12 page-faults: 7f001000 \n", "a.perf.txt"), &nsim_trace_format_perf_script);
    /* Texts of DAMON's tracepoints have the same shape as samples and are none. */
    CU_ASSERT_PTR_NOT_EQUAL(guess("kdamond.0  4611 [002] 1234.567890: damon:damon_aggregated: target_id=0 nr_regions=1 "
                                  "4096-8192: 3 1\n",
                                  "a.perf.txt"),
                            &nsim_trace_format_perf_script);
}

bool
test_probe_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/formats", NULL, NULL);
    return suite && CU_add_test(suite, "corpus", test_corpus) &&
           CU_add_test(suite, "corpus is listed", test_corpus_is_listed) &&
           CU_add_test(suite, "nothing", test_nothing) && CU_add_test(suite, "endings", test_endings);
}
