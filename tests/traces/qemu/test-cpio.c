/* SPDX-License-Identifier: MIT */
/*
 * Archives for the kernel. Goal: what is put in is there, once, and laid out as the format says. Method: a second
 * reader, which knows the layout and nothing of the writer.
 */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <traces/qemu/cpio.h>

#define HEADER_BYTES 110u

typedef struct {
    char *bytes;
    size_t size, at;
} Archive;

typedef struct {
    unsigned mode;
    size_t size;
    const char *name, *content;
} Entry;

static unsigned
read_field(const Archive *archive, unsigned number)
{
    char text[9] = "";
    memcpy(text, archive->bytes + archive->at + 6 + 8 * number, 8);
    return (unsigned)strtoul(text, NULL, 16);
}

/* False at the end. */
static bool
read_entry(Archive *archive, Entry *ret)
{
    CU_ASSERT_EQUAL(archive->at % 4, 0);
    CU_ASSERT_FATAL(archive->size - archive->at >= HEADER_BYTES);
    CU_ASSERT_NSTRING_EQUAL(archive->bytes + archive->at, "070701", 6);
    ret->mode = read_field(archive, 1);
    ret->size = read_field(archive, 6);
    ret->name = archive->bytes + archive->at + HEADER_BYTES;
    const size_t name_bytes = read_field(archive, 11);
    CU_ASSERT_EQUAL(name_bytes, strlen(ret->name) + 1);
    const size_t content = (archive->at + HEADER_BYTES + name_bytes + 3) / 4 * 4;
    ret->content = archive->bytes + content;
    archive->at = (content + ret->size + 3) / 4 * 4;
    CU_ASSERT_FATAL(archive->at <= archive->size);
    return strcmp(ret->name, "TRAILER!!!") != 0;
}

static Archive
load(int fd)
{
    struct stat status;
    CU_ASSERT_EQUAL_FATAL(fstat(fd, &status), 0);
    Archive archive = {.size = (size_t)status.st_size, .bytes = g_malloc0((size_t)status.st_size + 1)};
    CU_ASSERT_EQUAL_FATAL(pread(fd, archive.bytes, archive.size, 0), (ssize_t)archive.size);
    close(fd);
    return archive;
}

static int
make_fd(void)
{
    const int fd = memfd_create("test", 0);
    CU_ASSERT_FATAL(fd >= 0);
    return fd;
}

static void
test_content(void)
{
    const char *source = test_path("cpio-source");
    test_write_file(source, "content", 7);
    g_chmod(source, 0750);
    const int fd = make_fd();
    NsimCpio *cpio = nsim_cpio_new(fd, 1 << 20);
    CU_ASSERT_TRUE(nsim_cpio_add_folder(cpio, "/a//b/", NULL));
    CU_ASSERT_TRUE(nsim_cpio_add_file(cpio, "/a/c/file", source, NULL));
    CU_ASSERT_TRUE(nsim_cpio_add_bytes(cpio, "/a/c/file", 0600, "other", 5, NULL)); /* the first counts */
    CU_ASSERT_TRUE(nsim_cpio_add_link(cpio, "/link", "a/b", NULL));
    CU_ASSERT_TRUE(nsim_cpio_add_bytes(cpio, "/empty", 0600, "", 0, NULL));
    CU_ASSERT_TRUE(nsim_cpio_end(cpio, NULL));
    nsim_cpio_free(cpio);
    static const struct {
        const char *name;
        unsigned mode;
        const char *content;
    } expected[] = {{"a", S_IFDIR | 0755, ""},       {"a/b", S_IFDIR | 0755, ""},
                    {"a/c", S_IFDIR | 0755, ""},     {"a/c/file", S_IFREG | 0750, "content"},
                    {"link", S_IFLNK | 0777, "a/b"}, {"empty", S_IFREG | 0600, ""}};
    Archive archive = load(fd);
    Entry entry;
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        CU_ASSERT_TRUE_FATAL(read_entry(&archive, &entry));
        CU_ASSERT_STRING_EQUAL(entry.name, expected[i].name);
        CU_ASSERT_EQUAL(entry.mode, expected[i].mode);
        CU_ASSERT_EQUAL_FATAL(entry.size, strlen(expected[i].content));
        CU_ASSERT_NSTRING_EQUAL(entry.content, expected[i].content, entry.size);
    }
    CU_ASSERT_FALSE(read_entry(&archive, &entry));
    CU_ASSERT_EQUAL(archive.at, archive.size);
    g_free(archive.bytes);
}

static void
test_refused(void)
{
    g_autoptr(GError) error = NULL;
    const int fd = make_fd();
    g_autoptr(NsimCpio) cpio = nsim_cpio_new(fd, 300);
    CU_ASSERT_FALSE(nsim_cpio_add_file(cpio, "/x", "/no/such/file", &error));
    CU_ASSERT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
    g_clear_error(&error);
    CU_ASSERT_FALSE(nsim_cpio_add_file(cpio, "/y", "/dev/null", &error));
    CU_ASSERT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_INVAL));
    g_clear_error(&error);
    char much[300] = "";
    CU_ASSERT_FALSE(nsim_cpio_add_bytes(cpio, "/z", 0600, much, sizeof much, &error));
    CU_ASSERT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC));
    close(fd);
}

bool
test_cpio_register(void)
{
    CU_pSuite suite = CU_add_suite("cpio", NULL, NULL);
    return suite && CU_add_test(suite, "content", test_content) && CU_add_test(suite, "refused", test_refused);
}
