/* SPDX-License-Identifier: MIT */
/* The first file system of initramfs.h. */
#include <traces/qemu/cpio.h>
#include <traces/qemu/elf.h>
#include <traces/qemu/initramfs.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Folders in folders; links are not followed, so there is no circle. */
#define DEPTH_MAX 64u

/* ---- Libraries ------------------------------------------------------------------------------------------------- */

/* What the loader says of one library: "NAME => PATH (0xADDRESS)", "PATH (0xADDRESS)" or "NAME => not found". */
static bool
add_library(NsimCpio *cpio, const char *program, char *line, const char *folder, GError **error)
{
    const char *arrow = strstr(line, " => ");
    char *path = arrow != NULL ? line + (arrow - line) + 4 : line;
    if (arrow != NULL && g_str_has_prefix(path, "not found")) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "'%s' needs the library '%.*s', which is not there",
                    program, (int)(arrow - line), line);
        return false;
    }
    char *address = strstr(path, " (0x");
    if (address != NULL)
        *address = '\0';
    /* What the kernel brings has no path. */
    if (strchr(path, '/') == NULL)
        return true;
    g_autofree char *file = g_canonicalize_filename(path, folder);
    return nsim_cpio_add_file(cpio, file, file, error);
}

/*
 * The libraries of a program, by its own loader: only that knows all the places. It runs as a program of ours here, and
 * the program itself does not.
 */
static bool
add_libraries(NsimCpio *cpio, const char *program, const char *loader, const char *folder, GError **error)
{
    g_autofree char *output = NULL;
    char *words[] = {(char *)loader, (char *)"--list", (char *)program, NULL};
    if (!nsim_cpio_add_file(cpio, loader, loader, error))
        return false;
    if (!g_spawn_sync(folder, words, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &output, NULL, NULL, error))
        return false;
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (!add_library(cpio, program, g_strstrip(*line), folder, error))
            return false;
    return true;
}

/* ---- Files ----------------------------------------------------------------------------------------------------- */

/* A file; of a program, its libraries too. */
static bool
add_file(NsimCpio *cpio, const char *path, const char *folder, GError **error)
{
    if (!nsim_cpio_add_file(cpio, path, path, error))
        return false;
    g_autoptr(NsimElf) elf = nsim_elf_open(path, NULL);
    g_autofree char *loader = elf != NULL ? nsim_elf_dup_interpreter(elf) : NULL;
    return loader == NULL || !g_path_is_absolute(loader) || add_libraries(cpio, path, loader, folder, error);
}

static bool add_tree(NsimCpio *cpio, const char *path, unsigned depth, GError **error);

static bool
add_entries(NsimCpio *cpio, const char *path, unsigned depth, GError **error)
{
    GDir *entries = g_dir_open(path, 0, error);
    bool ok = entries != NULL;
    for (const char *name; ok && (name = g_dir_read_name(entries)) != NULL;) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        ok = add_tree(cpio, entry, depth + 1, error);
    }
    if (entries != NULL)
        g_dir_close(entries);
    return ok;
}

static bool
add_tree(NsimCpio *cpio, const char *path, unsigned depth, GError **error)
{
    if (depth > 0 && g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
        g_autofree char *target = g_file_read_link(path, error);
        return target != NULL && nsim_cpio_add_link(cpio, path, target, error);
    }
    if (!g_file_test(path, G_FILE_TEST_IS_DIR))
        return depth > 0 && !g_file_test(path, G_FILE_TEST_IS_REGULAR) ? true
                                                                       : nsim_cpio_add_file(cpio, path, path, error);
    if (depth > DEPTH_MAX) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: more than %u folders in each other", path, DEPTH_MAX);
        return false;
    }
    return nsim_cpio_add_folder(cpio, path, error) && add_entries(cpio, path, depth, error);
}

static bool
add_includes(NsimCpio *cpio, const NsimInitramfsOptions *options, GError **error)
{
    for (char *const *name = options->includes; name != NULL && *name != NULL; name++) {
        g_autofree char *path = g_canonicalize_filename(*name, options->folder);
        if (!(g_file_test(path, G_FILE_TEST_IS_DIR) ? add_tree(cpio, path, 0, error)
                                                    : add_file(cpio, path, options->folder, error)))
            return false;
    }
    for (char *const *name = options->arguments + 1; *name != NULL; name++) {
        g_autofree char *path = g_canonicalize_filename(*name, options->folder);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR) && !add_file(cpio, path, options->folder, error))
            return false;
    }
    return true;
}

/* ---- All of it ------------------------------------------------------------------------------------------------- */

/* As guest/init.c reads them. */
static bool
add_orders(NsimCpio *cpio, const NsimInitramfsOptions *options, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "%u%c%s%c%s%c%u%c", options->node_count, 0, options->folder, 0, options->program, 0,
                           g_strv_length((char **)options->arguments), 0);
    for (char *const *word = options->arguments; *word != NULL; word++)
        g_string_append_len(text, *word, (gssize)strlen(*word) + 1);
    g_string_append_c(text, '\0');
    for (char *const *word = options->environment; *word != NULL; word++)
        g_string_append_len(text, *word, (gssize)strlen(*word) + 1);
    return nsim_cpio_add_bytes(cpio, "/.numasim/run", 0600, text->str, text->len, error);
}

/* Where it is installed it is data; the guest has to execute it. */
static bool
add_init(NsimCpio *cpio, const char *path, GError **error)
{
    g_autofree char *bytes = NULL;
    gsize count;
    return g_file_get_contents(path, &bytes, &count, error) &&
           nsim_cpio_add_bytes(cpio, "/init", 0755, bytes, count, error);
}

static bool
fill(NsimCpio *cpio, const NsimInitramfsOptions *options, GError **error)
{
    static const char *const folders[] = {"/dev", "/proc", "/sys", "/tmp"};
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
        if (!nsim_cpio_add_folder(cpio, folders[i], error))
            return false;
    return add_init(cpio, options->init, error) && add_orders(cpio, options, error) &&
           nsim_cpio_add_folder(cpio, options->folder, error) &&
           add_file(cpio, options->program, options->folder, error) && add_includes(cpio, options, error) &&
           nsim_cpio_end(cpio, error);
}

int
nsim_initramfs_make(const NsimInitramfsOptions *options, GError **error)
{
    const int fd = memfd_create("numasim-initramfs", 0);
    if (fd < 0) {
        const int number = errno;
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(number), "no memory for a file system: %s",
                    g_strerror(number));
        return -1;
    }
    g_autoptr(NsimCpio) cpio = nsim_cpio_new(fd, options->most_bytes);
    if (fill(cpio, options, error))
        return fd;
    close(fd);
    return -1;
}
