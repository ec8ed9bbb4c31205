/* SPDX-License-Identifier: MIT */
/* Kernels as kernel.h says. */
#include <traces/qemu/kernel.h>
#include <traces/trace.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

/* The boot protocol's header: its name, and where the version's text is, counted from 0x200. */
#define MAGIC_AT 0x202
#define MAGIC "HdrS"
#define VERSION_AT 0x20e
#define VERSION_BASE 0x200
/* What is before the kernel proper: at most 64 sectors and the first one. */
#define SETUP_BYTES (65u * 512u)
#define VERSION_MAX 64u

char *
nsim_kernel_version(const char *path, GError **error)
{
    g_autofree char *setup = g_malloc0(SETUP_BYTES + 1);
    FILE *file = g_fopen(path, "re");
    if (file == NULL) {
        const int number = errno;
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(number), "cannot read the kernel '%s': %s", path,
                    g_strerror(number));
        return NULL;
    }
    const size_t got = fread(setup, 1, SETUP_BYTES, file);
    fclose(file);
    if (got < VERSION_AT + 2 || memcmp(setup + MAGIC_AT, MAGIC, strlen(MAGIC)) != 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT,
                    "'%s' is no kernel for x86; a bzImage is needed, as /boot/vmlinuz-* is", path);
        return NULL;
    }
    const size_t at = VERSION_BASE + (size_t)((uint8_t)setup[VERSION_AT] | (uint8_t)setup[VERSION_AT + 1] << 8);
    char *version = g_strndup(at > VERSION_BASE && at < got ? setup + at : "", VERSION_MAX);
    version[strcspn(version, " ")] = '\0';
    for (char *character = version; *character != '\0'; character++)
        if (!g_ascii_isgraph(*character))
            *character = '?';
    if (*version != '\0')
        return version;
    g_free(version);
    return g_strdup("unknown");
}

char *
nsim_kernel_newest(const char *folder)
{
    static const char prefix[] = "vmlinuz-";
    g_autofree char *newest = NULL;
    GDir *names = g_dir_open(folder, 0, NULL);
    if (names == NULL)
        return NULL;
    for (const char *name; (name = g_dir_read_name(names)) != NULL;)
        if (g_str_has_prefix(name, prefix) && (newest == NULL || strverscmp(name, newest) > 0)) {
            g_free(newest);
            newest = g_strdup(name);
        }
    g_dir_close(names);
    return newest != NULL ? g_build_filename(folder, newest, NULL) : NULL;
}
