/* SPDX-License-Identifier: MIT */
/* Archives as cpio.h says. */
#include <traces/qemu/cpio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Headers with their names, and contents, begin at multiples of so many bytes. */
#define ALIGN_BYTES 4u
#define COPY_BYTES (1u << 20)
#define FILE_BYTES_MAX ((UINT64_C(1) << 32) - 1)
#define PERMISSIONS 07777u

struct _NsimCpio {
    int fd;
    uint64_t written, most_bytes;
    uint32_t inode;
    GHashTable *names; /* of what is there; looked up, never iterated */
};

NsimCpio *
nsim_cpio_new(int fd, uint64_t most_bytes)
{
    NsimCpio *cpio = g_new0(NsimCpio, 1);
    cpio->fd = fd;
    cpio->most_bytes = most_bytes;
    cpio->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return cpio;
}

void
nsim_cpio_free(NsimCpio *cpio)
{
    if (cpio == NULL)
        return;
    g_hash_table_unref(cpio->names);
    g_free(cpio);
}

static bool
fail(GError **error, int number, const char *what)
{
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(number), "%s: %s", what, g_strerror(number));
    return false;
}

static bool
put(NsimCpio *cpio, const void *bytes, size_t count, GError **error)
{
    if (count > cpio->most_bytes - cpio->written) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
                    "the program and its files are more than the guest's memory holds");
        return false;
    }
    cpio->written += count;
    for (const char *at = bytes; count > 0;) {
        const ssize_t done = write(cpio->fd, at, count);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail(error, done < 0 ? errno : ENOSPC, "the guest's first file system");
        at += done;
        count -= (size_t)done;
    }
    return true;
}

static bool
pad(NsimCpio *cpio, GError **error)
{
    static const char zeros[ALIGN_BYTES];
    return put(cpio, zeros, (ALIGN_BYTES - cpio->written % ALIGN_BYTES) % ALIGN_BYTES, error);
}

static bool
put_header(NsimCpio *cpio, const char *name, uint32_t mode, uint64_t bytes, GError **error)
{
    const unsigned links = S_ISDIR(mode) ? 2 : 1;
    /* Magic; inode, mode, user, group, links, time, bytes, device's and own numbers, the name's bytes, checksum. */
    g_autofree char *header =
        g_strdup_printf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ++cpio->inode, mode, 0u, 0u,
                        links, 0u, (unsigned)bytes, 0u, 0u, 0u, 0u, (unsigned)strlen(name) + 1, 0u);
    return put(cpio, header, strlen(header), error) && put(cpio, name, strlen(name) + 1, error) && pad(cpio, error);
}

/* Without the slashes before a path; false: there is such a name. */
static bool
take_name(NsimCpio *cpio, const char **name)
{
    *name += strspn(*name, "/");
    return **name != '\0' && g_hash_table_add(cpio->names, g_strdup(*name));
}

bool
nsim_cpio_add_folder(NsimCpio *cpio, const char *name, GError **error)
{
    g_autofree char *whole = g_canonicalize_filename(name, "/");
    char *path = whole + strspn(whole, "/");
    for (char *end = path; *end != '\0';) {
        end += strcspn(end, "/");
        const char kept = *end;
        const char *folder = path;
        *end = '\0';
        if (take_name(cpio, &folder) && !put_header(cpio, folder, S_IFDIR | 0755, 0, error))
            return false;
        *end = kept;
        end += strspn(end, "/");
    }
    return true;
}

static bool
add_parent(NsimCpio *cpio, const char *name, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(name);
    return nsim_cpio_add_folder(cpio, folder, error);
}

static bool
add(NsimCpio *cpio, const char *name, uint32_t mode, const void *bytes, size_t count, GError **error)
{
    if (!add_parent(cpio, name, error))
        return false;
    if (!take_name(cpio, &name))
        return true;
    return put_header(cpio, name, mode, count, error) && put(cpio, bytes, count, error) && pad(cpio, error);
}

bool
nsim_cpio_add_link(NsimCpio *cpio, const char *name, const char *target, GError **error)
{
    return add(cpio, name, S_IFLNK | 0777, target, strlen(target), error);
}

bool
nsim_cpio_add_bytes(NsimCpio *cpio, const char *name, uint32_t mode, const void *bytes, size_t count, GError **error)
{
    return add(cpio, name, S_IFREG | (mode & PERMISSIONS), bytes, count, error);
}

/* `bytes` of a file, which may have become shorter. */
static bool
copy(NsimCpio *cpio, int fd, uint64_t bytes, const char *source, GError **error)
{
    g_autofree char *buffer = g_malloc(COPY_BYTES);
    while (bytes > 0) {
        const ssize_t got = read(fd, buffer, MIN(bytes, COPY_BYTES));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return fail(error, got < 0 ? errno : EIO, source);
        if (!put(cpio, buffer, (size_t)got, error))
            return false;
        bytes -= (uint64_t)got;
    }
    return pad(cpio, error);
}

bool
nsim_cpio_add_file(NsimCpio *cpio, const char *name, const char *source, GError **error)
{
    struct stat status;
    if (!add_parent(cpio, name, error))
        return false;
    if (!take_name(cpio, &name))
        return true;
    /* Not blocking: what was a file may be a pipe by now. */
    const int fd = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(error, errno, source);
    bool ok = false;
    if (fstat(fd, &status) < 0)
        fail(error, errno, source);
    else if (!S_ISREG(status.st_mode))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: not a regular file", source);
    else if ((uint64_t)status.st_size > FILE_BYTES_MAX)
        fail(error, EFBIG, source);
    else
        ok = put_header(cpio, name, S_IFREG | (status.st_mode & PERMISSIONS), (uint64_t)status.st_size, error) &&
             copy(cpio, fd, (uint64_t)status.st_size, source, error);
    close(fd);
    return ok;
}

bool
nsim_cpio_end(NsimCpio *cpio, GError **error)
{
    return put_header(cpio, "TRAILER!!!", 0, 0, error);
}
