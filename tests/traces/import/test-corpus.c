/* SPDX-License-Identifier: MIT */
/*
 * Goal: each file of the binary formats' corpus is of one format and of no other, by its content alone, and imports.
 * Method: all probes see all files.
 */
#include "test-import-binary.h"

#include <string.h>

#include <CUnit/CUnit.h>

typedef struct {
    const char *name, *format;
    uint64_t records, accesses;
} File;

static const File files[] = {
    {"champsim.champsimtrace", "champsim", 20, 11},
    {"champsim.cloudsuite", "champsim-cloudsuite", 20, 11},
    {"damo.json", "damo", 3, 123},
    {"damo.data", "damo", 3, 123},
    {"damo-perf.txt", "damo", 4, 323},
    {"damo-trace-cmd.txt", "damo", 2, 3},
    {"drmemtrace.app.100.dir/trace/drmemtrace.app.100.1.trace.gz", "drmemtrace", 20, 3},
    {"drmemtrace.app.100.dir/trace/drmemtrace.app.101.1.trace.zip", "drmemtrace", 20, 3},
    {"requests.oracleGeneral", "oracle-general", 20, 20},
};

static char *
corpus_path(const char *name)
{
    const char *srcdir = g_getenv("srcdir");
    return g_build_filename(srcdir != NULL ? srcdir : ".", "tests/traces/import/corpus", name, NULL);
}

static void
one_probe_each(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = corpus_path(files[i].name);
        g_autoptr(GError) error = NULL;
        g_autoptr(NsimInput) input = nsim_input_open(path, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(input);
        (void)nsim_input_more(input, NSIM_IMPORT_HEAD_BYTES, &error);
        CU_ASSERT_PTR_NULL(error);
        for (const NsimTraceFormat *const *format = nsim_trace_formats; *format != NULL; format++) {
            if ((*format)->probe == NULL)
                continue;
            const bool sure = (*format)->probe(input->at, (size_t)(input->end - input->at)) == NSIM_MATCH_SURE;
            if (sure != (strcmp((*format)->name, files[i].format) == 0))
                g_printerr("%s: %s is %ssure\n", files[i].name, (*format)->name, sure ? "" : "not ");
            CU_ASSERT_EQUAL(sure, strcmp((*format)->name, files[i].format) == 0);
        }
    }
}

static void
imports(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = corpus_path(files[i].name);
        const char *const paths[] = {path, NULL};
        NsimImportResult result = {0};
        g_autofree char *text = import_text(&(ImportCase){0}, paths, &result);
        CU_ASSERT_FALSE(g_str_has_prefix(text, "error"));
        CU_ASSERT_PTR_NOT_NULL_FATAL(result.format);
        CU_ASSERT_STRING_EQUAL(result.format, files[i].format);
        CU_ASSERT_EQUAL(result.record_count, files[i].records);
        CU_ASSERT_EQUAL(result.access_count, files[i].accesses);
    }
    g_autofree char *folder = corpus_path("drmemtrace.app.100.dir");
    const char *const paths[] = {folder, NULL};
    NsimImportResult result = {0};
    g_autofree char *text = import_text(&(ImportCase){0}, paths, &result);
    CU_ASSERT_PTR_NOT_NULL(text);
    CU_ASSERT_EQUAL(result.thread_count, 2);
    CU_ASSERT_EQUAL(result.access_count, 6);
}

/* No probe is sure of nothing, of noise, of zeros, or reads beyond what it is given. */
static void
nothing(void)
{
    g_autofree uint8_t *noise = g_malloc(NSIM_IMPORT_HEAD_BYTES), *zeros = g_malloc0(NSIM_IMPORT_HEAD_BYTES);
    uint64_t state = 1;
    for (size_t i = 0; i < NSIM_IMPORT_HEAD_BYTES; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        noise[i] = (uint8_t)(state >> 56);
    }
    for (const NsimTraceFormat *const *format = nsim_trace_formats; *format != NULL; format++) {
        if ((*format)->probe == NULL)
            continue;
        CU_ASSERT_NOT_EQUAL((*format)->probe(NULL, 0), NSIM_MATCH_SURE);
        CU_ASSERT_NOT_EQUAL((*format)->probe(noise, NSIM_IMPORT_HEAD_BYTES), NSIM_MATCH_SURE);
        CU_ASSERT_NOT_EQUAL((*format)->probe(zeros, NSIM_IMPORT_HEAD_BYTES), NSIM_MATCH_SURE);
        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
            g_autofree char *path = corpus_path(files[i].name), *data = NULL;
            gsize bytes = 0;
            CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &data, &bytes, NULL));
            for (gsize left = 1; left < MIN(bytes, 200); left++) {
                g_autofree uint8_t *exact = g_memdup2(data, left); /* so that a sanitizer sees a byte too far */
                (void)(*format)->probe(exact, left);
            }
        }
    }
}

bool
test_corpus_register(void)
{
    CU_pSuite suite = CU_add_suite("corpus", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "one probe each", one_probe_each) != NULL &&
           CU_add_test(suite, "imports", imports) != NULL && CU_add_test(suite, "nothing", nothing) != NULL;
}
