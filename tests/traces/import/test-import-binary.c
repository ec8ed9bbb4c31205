/* SPDX-License-Identifier: MIT */
/*
 * Tests of the binary import formats: registers the suites and turns the number of failures into the exit status. With
 * --write-corpus DIRECTORY FUZZ-DIRECTORY it writes the files of the corpora anew instead.
 */
#include "test-import-binary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

static void
write_file(const char *directory, const char *name, const GByteArray *bytes)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;
    g_mkdir_with_parents(folder, 0777);
    if (!g_file_set_contents(path, (const char *)bytes->data, bytes->len, &error))
        g_error("%s", error->message);
}

/* One file of the corpus; in the fuzz target's the first byte is the format's number there. */
static void
write_both(char **directories, const char *name, unsigned format, const GByteArray *bytes)
{
    g_autoptr(GByteArray) chosen = g_byte_array_new();
    g_autofree char *flat = g_strdelimit(g_strdup(name), "/", '-');
    const uint8_t first = (uint8_t)format;
    write_file(directories[0], name, bytes);
    g_byte_array_append(chosen, &first, 1);
    g_byte_array_append(chosen, bytes->data, bytes->len);
    write_file(directories[1], flat, chosen);
}

static int
write_corpus(char **directories)
{
    g_autoptr(GByteArray) champsim = champsim_sample(), cloudsuite = cloudsuite_sample(),
                          oracle = oracle_general_sample();
    g_autoptr(GByteArray) first = drmemtrace_sample(0), second = drmemtrace_sample(1);
    g_autoptr(GByteArray) packed_first = deflated(first, G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autoptr(GByteArray) packed_second = zipped(second, false, true);
    g_autoptr(GByteArray) json = g_byte_array_new(), perf = g_byte_array_new(), trace_cmd = g_byte_array_new();
    put_text(json, damo_json_sample());
    put_text(perf, damo_perf_sample());
    put_text(trace_cmd, damo_trace_cmd_sample());
    g_autoptr(GByteArray) packed_json = deflated(json, G_ZLIB_COMPRESSOR_FORMAT_ZLIB);
    g_autofree char *database = g_build_filename(directories[1], "nsys", NULL);
    g_autofree char *data = NULL;
    gsize bytes = 0;

    write_both(directories, "champsim.champsimtrace", 0, champsim);
    write_both(directories, "champsim.cloudsuite", 1, cloudsuite);
    write_both(directories, "damo.json", 2, json);
    write_both(directories, "damo.data", 2, packed_json);
    write_both(directories, "damo-perf.txt", 2, perf);
    write_both(directories, "damo-trace-cmd.txt", 2, trace_cmd);
    write_both(directories, "drmemtrace.app.100.dir/trace/drmemtrace.app.100.1.trace.gz", 3, packed_first);
    write_both(directories, "drmemtrace.app.100.dir/trace/drmemtrace.app.101.1.trace.zip", 3, packed_second);
    write_both(directories, "requests.oracleGeneral", 5, oracle);

    /* A database is larger than the others: only fuzzing has one on disk. */
    nsys_sample(database);
    if (!g_file_get_contents(database, &data, &bytes, NULL))
        return EXIT_FAILURE;
    g_autoptr(GByteArray) chosen = g_byte_array_new();
    put(chosen, 1, 4);
    g_byte_array_append(chosen, (const uint8_t *)data, (guint)bytes);
    write_file(directories[1], "nsys", chosen);
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--write-corpus") == 0)
        return write_corpus(argv + 2);
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    const bool registered = test_packing_register() && test_json_stream_register() && test_objects_register() &&
                            test_champsim_register() && test_oracle_general_register() && test_drmemtrace_register() &&
                            test_nsys_register() && test_damo_rates_register() && test_damo_register() &&
                            test_corpus_register();
    bool passed = false;
    if (registered) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        /* The runner's own result says only that it could run: count what failed. */
        passed =
            CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 && CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    remove_scratch();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
