/* SPDX-License-Identifier: MIT */
/* Kernel images. Goal: the version is read where the boot protocol puts it, and nothing else passes for a kernel. */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include <traces/qemu/kernel.h>
#include <traces/trace.h>

enum { IMAGE_BYTES = 4096, VERSION_AT = 0x400 };

/* An image whose version's text is at `at`; 0: it has none. */
static const char *
make_image(const char *name, unsigned at, const char *version)
{
    char image[IMAGE_BYTES] = "";
    const unsigned offset = at == 0 ? 0 : at - 0x200;
    memcpy(image + 0x202, "HdrS", 4);
    image[0x20e] = (char)(offset & 0xff);
    image[0x20f] = (char)(offset >> 8);
    if (at != 0 && at + strlen(version) < sizeof image)
        memcpy(image + at, version, strlen(version));
    const char *path = test_path(name);
    test_write_file(path, image, sizeof image);
    return path;
}

static void
check_version(unsigned at, const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *version = nsim_kernel_version(make_image("kernel", at, text), &error);
    CU_ASSERT_PTR_NULL(error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(version);
    CU_ASSERT_STRING_EQUAL(version, expected);
}

static void
test_version(void)
{
    check_version(VERSION_AT, "6.12.1-amd64 (builder) #1", "6.12.1-amd64");
    check_version(VERSION_AT, "6.\tx", "6.?x");
    check_version(VERSION_AT, " ", "unknown");
    check_version(0, "", "unknown");
    check_version(0xffff, "", "unknown");
}

static void
test_refused(void)
{
    static const unsigned char short_image[] = {0};
    const char *path = test_path("no-kernel");
    g_autoptr(GError) error = NULL;
    test_write_file(path, short_image, sizeof short_image);
    CU_ASSERT_PTR_NULL(nsim_kernel_version(path, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT));
    g_clear_error(&error);
    CU_ASSERT_PTR_NULL(nsim_kernel_version("/no/such/kernel", &error));
    CU_ASSERT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
}

static void
test_newest(void)
{
    g_autofree char *folder = g_path_get_dirname(test_path("vmlinuz-6.9.1"));
    test_write_file(test_path("vmlinuz-6.9.1"), "", 0);
    test_write_file(test_path("vmlinuz-6.12.0"), "", 0);
    test_write_file(test_path("vmlinuz-6.1.99"), "", 0);
    g_autofree char *newest = nsim_kernel_newest(folder);
    CU_ASSERT_PTR_NOT_NULL_FATAL(newest);
    CU_ASSERT_TRUE(g_str_has_suffix(newest, "/vmlinuz-6.12.0"));
    CU_ASSERT_PTR_NULL(nsim_kernel_newest("/no/such/folder"));
}

bool
test_kernel_register(void)
{
    CU_pSuite suite = CU_add_suite("kernel", NULL, NULL);
    return suite && CU_add_test(suite, "version", test_version) && CU_add_test(suite, "refused", test_refused) &&
           CU_add_test(suite, "newest", test_newest);
}
