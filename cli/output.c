/* SPDX-License-Identifier: MIT */
/* Results out, files in. Every write is checked: a report cut short by a full disk must not look like a report. */
#include <cli/cli.h>

#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK ((size_t)64 << 10)

G_DEFINE_QUARK(nsim - cli - error - quark, nsim_cli_error)

bool
nsim_cli_output_is_stdout(const char *path)
{
    return !path || g_str_equal(path, "-");
}

static bool
fail(GError **error, NsimCliError code, const char *what, const char *path, int number)
{
    g_set_error(error, NSIM_CLI_ERROR, (gint)code, "cannot %s '%s': %s", what, path, g_strerror(number));
    return false;
}

/* Returns 0 or an errno. */
static int
write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

/* The file that `path` leads to through symbolic links, which stay what they are; a missing one is itself. */
static char *
resolve(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = g_strdup(real ? real : path);
    free(real);
    return copy;
}

bool
nsim_cli_output_check(const char *path, GError **error)
{
    GStatBuf status;
    if (nsim_cli_output_is_stdout(path))
        return true;
    g_autofree char *target = resolve(path);
    if (g_stat(target, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return fail(error, NSIM_CLI_ERROR_OUTPUT, "write", path, EISDIR);
        if (!S_ISREG(status.st_mode))
            return g_access(target, W_OK) == 0 || fail(error, NSIM_CLI_ERROR_OUTPUT, "write", path, errno);
    }
    g_autofree char *folder = g_path_get_dirname(target);
    return g_access(folder, W_OK | X_OK) == 0 || fail(error, NSIM_CLI_ERROR_OUTPUT, "write", path, errno);
}

static int
write_in_place(const char *path, const char *text)
{
    const int fd = g_open(path, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    const int number = write_all(fd, text, strlen(text));
    return close(fd) < 0 && number == 0 ? errno : number;
}

/* Through a temporary file beside the target. `mode` is the old file's, or 0 for a new file. */
static int
write_whole(const char *target, const char *text, mode_t mode)
{
    g_autofree char *folder = g_path_get_dirname(target);
    g_autofree char *name = g_path_get_basename(target);
    g_autofree char *temporary = g_strdup_printf("%s/.%s.XXXXXX", folder, name);
    const int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    int number = write_all(fd, text, strlen(text));
    if (number == 0 && mode != 0 && fchmod(fd, mode) < 0)
        number = errno;
    if (number == 0 && fsync(fd) < 0)
        number = errno;
    if (close(fd) < 0 && number == 0)
        number = errno;
    if (number == 0 && g_rename(temporary, target) < 0)
        number = errno;
    if (number != 0)
        g_unlink(temporary);
    return number;
}

bool
nsim_cli_output_write(const char *path, const char *text, GError **error)
{
    GStatBuf status;
    int number;
    if (nsim_cli_output_is_stdout(path)) {
        number = write_all(STDOUT_FILENO, text, strlen(text));
        if (number == 0)
            return true;
        g_set_error(error, NSIM_CLI_ERROR, NSIM_CLI_ERROR_OUTPUT, "cannot write standard output: %s",
                    g_strerror(number));
        return false;
    }
    g_autofree char *target = resolve(path);
    const bool exists = g_stat(target, &status) == 0;
    if (exists && !S_ISREG(status.st_mode))
        number = write_in_place(target, text);
    else
        number = write_whole(target, text, exists ? status.st_mode & 07777 : 0);
    return number == 0 || fail(error, NSIM_CLI_ERROR_OUTPUT, "write", path, number);
}

int
nsim_cli_output_finish(const char *path, const char *text)
{
    g_autoptr(GError) error = NULL;
    return nsim_cli_output_write(path, text, &error) ? NSIM_EXIT_OK : nsim_cli_fail(error);
}

bool
nsim_cli_input_check(const char *path, GError **error)
{
    GStatBuf status;
    if (g_stat(path, &status) < 0 || g_access(path, R_OK) < 0)
        return fail(error, NSIM_CLI_ERROR_INPUT, "read", path, errno);
    return !S_ISDIR(status.st_mode) || fail(error, NSIM_CLI_ERROR_INPUT, "read", path, EISDIR);
}

char *
nsim_cli_input_read(const char *path, size_t most, size_t *ret_length, GError **error)
{
    const bool standard = g_str_equal(path, "-");
    const int fd = standard ? STDIN_FILENO : g_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) {
        fail(error, NSIM_CLI_ERROR_INPUT, "read", path, errno);
        return NULL;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *chunk = g_malloc(READ_CHUNK);
    int number = 0;
    for (;;) {
        const ssize_t got = read(fd, chunk, READ_CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        number = got < 0 ? errno : text->len + (size_t)MAX(got, 0) > most ? EFBIG : 0;
        if (got <= 0 || number != 0)
            break;
        g_string_append_len(text, chunk, got);
    }
    if (!standard)
        close(fd);
    if (number != 0) {
        fail(error, NSIM_CLI_ERROR_INPUT, "read", standard ? "standard input" : path, number);
        return NULL;
    }
    if (ret_length)
        *ret_length = text->len;
    return g_string_free(g_steal_pointer(&text), FALSE);
}
