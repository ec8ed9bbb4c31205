/* SPDX-License-Identifier: MIT */
/* Unit tests of the import's core: registers the suites and turns the number of failures into the exit status. */
#include "test-core.h"

#include <CUnit/Basic.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdlib.h>

static char *directory;

char *
scratch_path(const char *name)
{
    if (directory == NULL)
        directory = g_dir_make_tmp("numasim-import-XXXXXX", NULL);
    return g_build_filename(directory, name, NULL);
}

void
scratch_save(const char *name, const void *data, size_t bytes)
{
    g_autofree char *path = scratch_path(name);
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, data, (gssize)bytes, NULL));
}

unsigned
scratch_count(void)
{
    unsigned count = 0;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    while (g_dir_read_name(dir) != NULL)
        count++;
    return count;
}

void
scratch_remove(void)
{
    if (directory == NULL)
        return;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
        g_autofree char *path = scratch_path(name);
        g_remove(path);
    }
    g_rmdir(directory);
    g_clear_pointer(&directory, g_free);
}

static void
append_record(GString *text, const NsimTraceInfo *info, uint32_t thread, const NsimBurst *burst)
{
    static const char *const ops[] = {"read", "write", "rfo", "?", "pause", "barrier", "mark", "?"};
    g_string_append_printf(text, "%u %u+%u %s", thread, burst->gap, burst->step, ops[burst->op]);
    if (NSIM_OP_IS_CONTROL(burst->op))
        g_string_append_printf(text, " %u\n", burst->page);
    else
        g_string_append_printf(text, " %" PRIx64 " x%u%s\n",
                               (info->frames[burst->page] << NSIM_FRAME_SHIFT) + ((uint64_t)burst->line << 6),
                               burst->count, (burst->flags & NSIM_BURST_PREFETCHABLE) != 0 ? " stream" : "");
}

static char *
trace_as_text(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_TRUE(nsim_trace_check(trace, &error));
    const NsimTraceInfo *info = nsim_trace_info(trace);
    GString *text = g_string_new(NULL);
    for (uint32_t t = 0; t < info->thread_count; t++) {
        g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, t, NSIM_FRAME_SHIFT, &error);
        while (nsim_trace_cursor_fill(cursor, &error) && cursor->filled > cursor->next) {
            for (; cursor->next < cursor->filled; cursor->next++)
                append_record(text, info, t, &cursor->bursts[cursor->next]);
        }
        CU_ASSERT_PTR_NULL(error);
    }
    for (uint32_t r = 0; r < info->region_count; r++)
        g_string_append_printf(text, "region %" PRIx64 "+%" PRIx64 " %s\n", info->regions[r].address,
                               info->regions[r].bytes, info->regions[r].name);
    if (info->filtered)
        g_string_append_printf(text, "filter %s\n", info->filter);
    return g_string_free(text, FALSE);
}

char *
import_as_text(const char *name, const void *data, size_t bytes, const NsimImportOptions *changes)
{
    g_autofree char *input = scratch_path(name), *output = scratch_path("out.trace");
    const char *const inputs[] = {input, NULL};
    g_autoptr(GError) error = NULL;
    NsimImportOptions options;
    nsim_import_options_init(&options);
    if (changes != NULL)
        options = *changes;
    if (options.inputs == NULL)
        options.inputs = inputs;
    options.output = output;
    scratch_save(name, data, bytes);
    const unsigned before = scratch_count();
    char *text;
    if (nsim_import_trace(&options, NULL, &error)) {
        CU_ASSERT_PTR_NULL(error);
        text = trace_as_text(output);
        g_remove(output);
    } else {
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        g_autoptr(GString) message = g_string_new(error->message);
        g_autofree char *prefix = g_strconcat(directory, "/", NULL);
        g_string_replace(message, prefix, "", 0);
        text = g_strconcat("error: ", message->str, NULL);
    }
    CU_ASSERT_EQUAL(scratch_count(), before); /* nothing half-written */
    return text;
}

int
main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    const bool registered = test_input_register() && test_core_import_register() && test_lackey_register() &&
                            test_records16_register() && test_rate_register();
    bool passed = false;
    if (registered) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        passed = CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 && CU_get_number_of_tests_run() > 0;
    }
    scratch_remove();
    CU_cleanup_registry();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
