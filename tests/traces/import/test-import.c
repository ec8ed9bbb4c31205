/* SPDX-License-Identifier: MIT */
/* Unit tests of the text formats: registers the suites and turns the number of failures into the exit status. */
#include "test-import.h"

#include <CUnit/Basic.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdlib.h>

static char *output_path;

NsimImportOptions
options_of(const char *from, const char *columns)
{
    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.from = from;
    options.columns = columns;
    return options;
}

char *
corpus_path(const char *name)
{
    const char *srcdir = g_getenv("srcdir");
    return g_build_filename(srcdir != NULL ? srcdir : ".", "tests/traces/import/corpus/text", name, NULL);
}

static void
append_record(GString *text, const NsimTraceInfo *info, const NsimBurst *burst)
{
    static const char *const ops[] = {"read", "write", "rfo", "?", "pause", "barrier", "mark", "?"};
    g_string_append_printf(text, "%u", burst->gap);
    if (burst->step > 0)
        g_string_append_printf(text, "+%u", burst->step);
    g_string_append_printf(text, " %s", ops[burst->op]);
    if (burst->op == NSIM_OP_MARK)
        g_string_append_printf(text, " %s", info->marks[burst->page]);
    else if (NSIM_OP_IS_CONTROL(burst->op))
        g_string_append_printf(text, " %u", burst->page);
    else
        g_string_append_printf(text, " %" PRIx64,
                               (info->frames[burst->page] << NSIM_FRAME_SHIFT) + ((uint64_t)burst->line << 6));
    if (burst->count > 1)
        g_string_append_printf(text, " x%u", burst->count);
    g_string_append_c(text, '\n');
}

static char *
trace_as_text(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_TRUE(nsim_trace_check(trace, &error));
    const NsimTraceInfo *info = nsim_trace_info(trace);
    GString *text = g_string_new(info->gap_unit == NSIM_GAP_PS ? "clock ps\n" : "clock instructions ");
    if (info->gap_unit != NSIM_GAP_PS)
        g_string_append_printf(text, "%" PRIu64 "\n", info->gap_per_s);
    if (info->filtered)
        g_string_append_printf(text, "filter %s\n", info->filter);
    for (uint32_t t = 0; t < info->thread_count; t++) {
        g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, t, NSIM_FRAME_SHIFT, &error);
        g_string_append_printf(text, "thread %s\n", info->threads[t].name);
        while (nsim_trace_cursor_fill(cursor, &error) && cursor->filled > cursor->next)
            for (; cursor->next < cursor->filled; cursor->next++)
                append_record(text, info, &cursor->bursts[cursor->next]);
        CU_ASSERT_PTR_NULL(error);
    }
    for (uint32_t r = 0; r < info->region_count; r++)
        g_string_append_printf(text, "region %" PRIx64 "+%" PRIx64 " %s\n", info->regions[r].address,
                               info->regions[r].bytes, info->regions[r].name);
    return g_string_free(text, FALSE);
}

static char *
outcome(bool good, GError *error)
{
    if (good) {
        CU_ASSERT_PTR_NULL(error);
        char *text = trace_as_text(output_path);
        g_remove(output_path);
        return text;
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_FALSE(g_file_test(output_path, G_FILE_TEST_EXISTS));
    return g_strconcat("error: ", error->message, "\n", NULL);
}

char *
import_bytes(const NsimImportOptions *options, const void *data, size_t bytes)
{
    const char *const inputs[] = {"in", NULL};
    NsimImportOptions own = *options;
    g_autoptr(GError) error = NULL;
    own.inputs = inputs;
    own.output = output_path;
    const bool good = nsim_import_memory(&own, data, bytes, NULL, &error);
    return outcome(good, error);
}

static void
compare(const char *found, const char *expected)
{
    CU_ASSERT_STRING_EQUAL(found, expected);
    if (strcmp(found, expected) != 0)
        g_printerr("found:\n%s\nexpected:\n%s\n", found, expected);
}

void
expect_text(const NsimImportOptions *options, const char *text, const char *expected)
{
    g_autofree char *found = import_bytes(options, text, strlen(text));
    compare(found, expected);
}

void
expect_file(const NsimImportOptions *options, const char *name, const char *expected)
{
    g_autofree char *path = corpus_path(name);
    const char *const inputs[] = {path, NULL};
    NsimImportOptions own = *options;
    g_autoptr(GError) error = NULL;
    own.inputs = inputs;
    own.output = output_path;
    const bool good = nsim_import_trace(&own, NULL, &error);
    g_autofree char *found = outcome(good, error);
    compare(found, expected);
}

void
expect_capture(const NsimImportOptions *options, const char *text, const char *expected)
{
    const char *const inputs[] = {"in", NULL};
    NsimImportOptions own = *options;
    g_autoptr(GError) error = NULL;
    own.inputs = inputs;
    own.output = output_path;
    CU_ASSERT_TRUE_FATAL(nsim_import_memory(&own, text, strlen(text), NULL, &error));
    g_autoptr(NsimTrace) trace = nsim_trace_open(output_path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    compare(nsim_trace_info(trace)->capture, expected);
    g_remove(output_path);
}

int
main(void)
{
    g_autofree char *directory = g_dir_make_tmp("numasim-text-XXXXXX", NULL);
    if (directory == NULL || CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    output_path = g_build_filename(directory, "out.trace", NULL);
    const bool registered = test_lines_register() && test_probe_register() && test_csv_register() &&
                            test_dramsim3_register() && test_drmemtrace_text_register() &&
                            test_libcachesim_csv_register() && test_nvbit_register() && test_perf_script_register() &&
                            test_prospero_register() && test_ramulator_register() && test_uvm_log_register();
    bool passed = false;
    if (registered) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        passed =
            CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 && CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    /* Fails, and the test with it, when anything was left behind. */
    passed = g_rmdir(directory) == 0 && passed;
    g_free(output_path);
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
