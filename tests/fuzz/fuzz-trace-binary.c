/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the importers of binary formats and of DAMON's records: any bytes are a trace or an error with a
 * message, and a trace that comes out is sound. The first byte chooses the format; one more than there are lets the
 * content choose.
 */
#include <traces/import/formats.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A few bytes can stand for many accesses, rightly; past this many nothing new is found. */
#define ACCESSES_MAX 100000u

/* What the input's bytes are, as a file in memory. */
static int
file_of(const uint8_t *data, size_t size, char *path, size_t path_bytes)
{
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    g_snprintf(path, path_bytes, "/proc/self/fd/%d", fd);
    return fd;
}

static void
check_trace(const char *path, const NsimImportResult *result)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    if (trace == NULL || !nsim_trace_check(trace, &error)) {
        fprintf(stderr, "%s\n", error != NULL ? error->message : "unsound, but without a message");
        abort();
    }
    const NsimTraceInfo *info = nsim_trace_info(trace);
    if (info->thread_count != result->thread_count || result->access_count == 0 ||
        result->access_count != result->read_count + result->write_count)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const NsimTraceFormat *const formats[] = {
        &nsim_trace_format_champsim, &nsim_trace_format_champsim_cloudsuite,
        &nsim_trace_format_damo,     &nsim_trace_format_drmemtrace,
        &nsim_trace_format_nsys,     &nsim_trace_format_oracle_general};
    char input[64];
    if (size == 0)
        return 0;
    const size_t chosen = data[0] % (G_N_ELEMENTS(formats) + 1);
    const int fd = file_of(data + 1, size - 1, input, sizeof input);
    g_autofree char *name = g_strdup_printf("numasim-fuzz-%ld.trace", (long)getpid());
    g_autofree char *output = g_build_filename(g_get_tmp_dir(), name, NULL);
    const char *const inputs[] = {input, NULL};
    g_autoptr(GError) error = NULL;
    NsimImportOptions options;
    NsimImportResult result;
    nsim_import_options_init(&options);
    options.from = chosen < G_N_ELEMENTS(formats) ? formats[chosen]->name : NULL;
    options.inputs = inputs;
    options.output = output;
    options.level = 0;
    options.access_max = ACCESSES_MAX;
    const bool good = nsim_import_trace(&options, &result, &error);
    if (good == (error != NULL) || (error != NULL && error->message[0] == '\0'))
        abort();
    if (good)
        check_trace(output, &result);
    unlink(output);
    close(fd);
    return 0;
}
