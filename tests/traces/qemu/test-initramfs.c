/* SPDX-License-Identifier: MIT */
/* The guest's first file system. Goal: the program, what goes along and the orders are in it; what is missing is named.
 */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <traces/qemu/initramfs.h>

/* All of the archive; texts in it are found by their bytes. */
static char *
load(int fd, size_t *ret_bytes)
{
    struct stat status;
    CU_ASSERT_EQUAL_FATAL(fstat(fd, &status), 0);
    char *bytes = g_malloc0((size_t)status.st_size + 1);
    CU_ASSERT_EQUAL_FATAL(pread(fd, bytes, (size_t)status.st_size, 0), status.st_size);
    close(fd);
    *ret_bytes = (size_t)status.st_size;
    return bytes;
}

static bool
contains(const char *bytes, size_t size, const char *what, size_t what_bytes)
{
    return memmem(bytes, size, what, what_bytes) != NULL;
}

static void
test_made(void)
{
    uint8_t *elf = NULL;
    const size_t elf_bytes = test_make_elf(true, false, &elf);
    const char *program = test_path("initramfs-program"), *data = test_path("initramfs-data");
    g_autofree char *folder = g_path_get_dirname(program);
    test_write_file(program, elf, elf_bytes);
    test_write_file(data, "contents of the data", 20);
    char *arguments[] = {(char *)"prog", (char *)"initramfs-data", (char *)"none", NULL};
    char *environment[] = {(char *)"NAME=VALUE", NULL};
    const NsimInitramfsOptions options = {.init = program,
                                          .program = program,
                                          .arguments = arguments,
                                          .folder = folder,
                                          .environment = environment,
                                          .node_count = 2,
                                          .most_bytes = 1 << 20};
    g_autoptr(GError) error = NULL;
    const int fd = nsim_initramfs_make(&options, &error);
    CU_ASSERT_PTR_NULL(error);
    CU_ASSERT_FATAL(fd >= 0);
    size_t size;
    g_autofree char *bytes = load(fd, &size);
    static const char tail[] = "\0"
                               "3\0prog\0initramfs-data\0none\0\0NAME=VALUE";
    g_autofree char *head = g_strdup_printf("2%c%s%c%s", 0, folder, 0, program);
    CU_ASSERT_TRUE(contains(bytes, size, head, strlen(folder) + strlen(program) + 3));
    CU_ASSERT_TRUE(contains(bytes, size, tail, sizeof tail));
    CU_ASSERT_TRUE(contains(bytes, size, "000081ed", 8)); /* the first program can be executed */
    CU_ASSERT_TRUE(contains(bytes, size, "contents of the data", 20));
    CU_ASSERT_TRUE(contains(bytes, size, program + 1, strlen(program)));
    CU_ASSERT_TRUE(contains(bytes, size, (const char *)elf, elf_bytes));
    g_free(elf);
}

static void
test_refused(void)
{
    char *arguments[] = {(char *)"prog", NULL};
    char *none[] = {NULL}, *includes[] = {(char *)"/no/such/file", NULL};
    NsimInitramfsOptions options = {.init = "/no/init",
                                    .program = "/no/program",
                                    .arguments = arguments,
                                    .folder = "/",
                                    .environment = none,
                                    .most_bytes = 1 << 20};
    g_autoptr(GError) error = NULL;
    CU_ASSERT_EQUAL(nsim_initramfs_make(&options, &error), -1);
    CU_ASSERT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
    g_clear_error(&error);
    options.init = "/proc/self/exe";
    options.most_bytes = 1000;
    CU_ASSERT_EQUAL(nsim_initramfs_make(&options, &error), -1);
    CU_ASSERT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC));
    g_clear_error(&error);
    const char *program = test_path("initramfs-empty");
    test_write_file(program, "", 0);
    options = (NsimInitramfsOptions){.init = program,
                                     .program = program,
                                     .arguments = arguments,
                                     .folder = "/",
                                     .environment = none,
                                     .includes = includes,
                                     .most_bytes = 1 << 20};
    CU_ASSERT_EQUAL(nsim_initramfs_make(&options, &error), -1);
    CU_ASSERT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "/no/such/file"));
}

bool
test_initramfs_register(void)
{
    CU_pSuite suite = CU_add_suite("initramfs", NULL, NULL);
    return suite && CU_add_test(suite, "made", test_made) && CU_add_test(suite, "refused", test_refused);
}
