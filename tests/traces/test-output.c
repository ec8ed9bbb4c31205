/* SPDX-License-Identifier: MIT */
/* Goal: a file appears complete or not at all. Method: look at the scratch directory after each way to end. */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <traces/output.h>
#include <unistd.h>

static void
test_close(void)
{
    g_autofree char *path = test_path("output");
    g_autoptr(GError) error = NULL;
    const unsigned before = test_file_count();
    NsimOutput *output = nsim_output_new(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(output);
    g_autoptr(GByteArray) expected = g_byte_array_new();
    for (uint32_t i = 0; i < 100000; i++) {
        nsim_output_write(output, &i, sizeof i);
        g_byte_array_append(expected, (const guint8 *)&i, sizeof i);
    }
    CU_ASSERT_EQUAL(nsim_output_offset(output), 400000);
    CU_ASSERT_FALSE(g_file_test(path, G_FILE_TEST_EXISTS));
    CU_ASSERT_TRUE(nsim_output_close(output, &error));
    CU_ASSERT_EQUAL(test_file_count(), before + 1);
    g_autoptr(GByteArray) found = test_load(path);
    CU_ASSERT_EQUAL_FATAL(found->len, expected->len);
    CU_ASSERT_EQUAL(memcmp(found->data, expected->data, found->len), 0);
    g_remove(path);
}

static void
test_abandon(void)
{
    g_autofree char *path = test_path("old");
    const unsigned before = test_file_count();
    test_save(path, "old", 3);
    NsimOutput *output = nsim_output_new(path, NULL);
    NsimOutput *other = nsim_output_new(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(output);
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    nsim_output_write(output, "new", 3);
    CU_ASSERT_EQUAL(test_file_count(), before + 3);
    nsim_output_abandon(output);
    nsim_output_abandon(other);
    CU_ASSERT_EQUAL(test_file_count(), before + 1);
    g_autoptr(GByteArray) kept = test_load(path);
    CU_ASSERT_TRUE(kept->len == 3 && memcmp(kept->data, "old", 3) == 0);
    g_remove(path);
}

static void
test_link(void)
{
    /* A symbolic link stays one; the file behind it is replaced. */
    g_autofree char *path = test_path("target"), *link = test_path("link");
    test_save(path, "old", 3);
    CU_ASSERT_EQUAL_FATAL(symlink(path, link), 0);
    NsimOutput *output = nsim_output_new(link, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(output);
    nsim_output_write(output, "newer", 5);
    CU_ASSERT_TRUE(nsim_output_close(output, NULL));
    CU_ASSERT_TRUE(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    g_autoptr(GByteArray) found = test_load(path);
    CU_ASSERT_TRUE(found->len == 5 && memcmp(found->data, "newer", 5) == 0);
    g_remove(link);
    g_remove(path);
}

static void
test_errors(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = test_path("missing/output");
    CU_ASSERT_PTR_NULL(nsim_output_new(path, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, path));
    g_clear_error(&error);
    CU_ASSERT_PTR_NULL(nsim_output_new(test_directory(), &error)); /* a directory */
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
}

static void
test_full(void)
{
    /* /dev/full, where there is one, is a disk without room. */
    struct stat status;
    if (stat("/dev/full", &status) != 0 || !S_ISCHR(status.st_mode))
        return;
    g_autoptr(GError) error = NULL;
    const uint8_t bytes[1000] = {0};
    NsimOutput *output = nsim_output_new("/dev/full", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(output);
    nsim_output_write(output, bytes, sizeof bytes);
    CU_ASSERT_FALSE(nsim_output_failed(output)); /* still in the buffer */
    for (int i = 0; i < 1000; i++)
        nsim_output_write(output, bytes, sizeof bytes);
    CU_ASSERT_TRUE(nsim_output_failed(output));
    CU_ASSERT_FALSE(nsim_output_close(output, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "/dev/full"));
}

bool
test_output_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/output", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "written, then renamed", test_close) != NULL &&
           CU_add_test(suite, "abandoned without a trace", test_abandon) != NULL &&
           CU_add_test(suite, "through a symbolic link", test_link) != NULL &&
           CU_add_test(suite, "impossible paths", test_errors) != NULL &&
           CU_add_test(suite, "full disk", test_full) != NULL;
}
