/* SPDX-License-Identifier: MIT */
/* Files that appear complete or not at all: see output.h. */

#include <traces/output.h>
#include <traces/trace.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 18, NAME_TRIES = 1000 };

struct _NsimOutput {
    char *path;      /* as the caller named it, for messages */
    char *target;    /* where it ends: `path` with symbolic links followed */
    char *temporary; /* NULL: written directly */
    int fd;
    GError *error; /* the first */
    uint64_t offset;
    size_t filled;
    uint8_t buffer[BUFFER_BYTES];
};

static void
keep_errno(NsimOutput *output, const char *what, int number)
{
    if (output->error == NULL)
        output->error = g_error_new(NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: cannot %s at byte %" PRIu64 ": %s",
                                    output->path, what, output->offset, g_strerror(number));
}

/* Create the temporary file. Names differ by process and count, so that two writers of one path do not meet. */
static int
create_temporary(NsimOutput *output)
{
    for (unsigned try = 0; try < NAME_TRIES; try++) {
        g_autofree char *name = g_strdup_printf("%s.%ld-%u.tmp", output->target, (long)getpid(), try);
        const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            output->temporary = g_steal_pointer(&name);
            return fd;
        }
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

NsimOutput *
nsim_output_new(const char *path, GError **error)
{
    NsimOutput *output = g_new0(NsimOutput, 1);
    struct stat status;
    output->path = g_strdup(path);
    const bool exists = stat(path, &status) == 0;
    if (exists && !S_ISREG(status.st_mode)) {
        output->fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        char *target = exists ? realpath(path, NULL) : NULL;
        output->target = g_strdup(target != NULL ? target : path);
        free(target);
        output->fd = create_temporary(output);
    }
    if (output->fd < 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: cannot create: %s", path, g_strerror(errno));
        nsim_output_abandon(output);
        return NULL;
    }
    return output;
}

static void
flush(NsimOutput *output)
{
    for (size_t at = 0; at < output->filled && output->error == NULL;) {
        const ssize_t written = write(output->fd, output->buffer + at, output->filled - at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            keep_errno(output, "write", errno);
        else
            at += (size_t)written;
    }
    output->filled = 0;
}

void
nsim_output_write(NsimOutput *output, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    while (bytes > 0 && output->error == NULL) {
        const size_t room = BUFFER_BYTES - output->filled;
        const size_t take = bytes < room ? bytes : room;
        memcpy(output->buffer + output->filled, at, take);
        output->filled += take;
        output->offset += take;
        at += take;
        bytes -= take;
        if (output->filled == BUFFER_BYTES)
            flush(output);
    }
}

uint64_t
nsim_output_offset(const NsimOutput *output)
{
    return output->offset;
}

bool
nsim_output_failed(const NsimOutput *output)
{
    return output->error != NULL;
}

bool
nsim_output_close(NsimOutput *output, GError **error)
{
    flush(output);
    /* Some file systems only say here that the disk is full. */
    if (close(output->fd) < 0 && errno != EINTR)
        keep_errno(output, "close", errno);
    output->fd = -1;
    if (output->error == NULL && output->temporary != NULL) {
        if (rename(output->temporary, output->target) < 0)
            keep_errno(output, "rename", errno);
        else
            g_clear_pointer(&output->temporary, g_free);
    }
    const bool ok = output->error == NULL;
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&output->error));
    nsim_output_abandon(output);
    return ok;
}

void
nsim_output_abandon(NsimOutput *output)
{
    if (output == NULL)
        return;
    if (output->fd >= 0)
        close(output->fd);
    if (output->temporary != NULL)
        unlink(output->temporary);
    g_clear_error(&output->error);
    g_free(output->temporary);
    g_free(output->target);
    g_free(output->path);
    g_free(output);
}
