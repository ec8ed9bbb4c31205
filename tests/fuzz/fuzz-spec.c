/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the specifications of `trace generate`: any text is an error with a message, or a specification that the
 * generator takes. Nothing is generated: that takes as long as the text says.
 */
#include <cli/trace-generate.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const NsimSpecOverrides overrides = {0};
    char path[64];
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    g_snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimSpecFile) file = nsim_spec_file_load(path, &overrides, &error);
    if ((file == NULL) != (error != NULL) || (error != NULL && error->message[0] == '\0'))
        abort();
    if (file != NULL) {
        const NsimGenerateSpec spec = nsim_spec_file_spec(file);
        if (spec.threads < 1 || spec.threads > NSIM_TRACE_THREADS_MAX || spec.phase_count == 0)
            abort();
    }
    close(fd);
    return 0;
}
