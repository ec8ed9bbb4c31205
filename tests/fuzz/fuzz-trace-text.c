/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the importers of text: the first byte says which format, the rest is the file. Any bytes are a trace
 * that passes its own check or an error with a message. The first line of a csv may be "#columns ..." for the option.
 */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <traces/import/formats.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const formats[] = {"csv",    "dramsim3",    "drmemtrace-text", "lackey",          "libcachesim-csv",
                                      "nvbit",  "perf-script", "prospero",        "prospero-binary", "ramulator",
                                      "uvm-log"};

/* The text after "#columns " in the first line, for the formats that have it. (transfer full) */
static char *
columns_of(const uint8_t *data, size_t size)
{
    static const char word[] = "#columns ";
    const uint8_t *end = memchr(data, '\n', size);
    if (end == NULL || size < sizeof word || memcmp(data, word, sizeof word - 1) != 0 || end < data + sizeof word - 1)
        return NULL;
    return g_strndup((const char *)data + sizeof word - 1, (size_t)(end - data) - (sizeof word - 1));
}

static void
check_trace(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    if (trace == NULL || !nsim_trace_check(trace, &error))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    g_autofree char *path = g_strdup_printf("%s/fuzz-text-%d.trace", g_get_tmp_dir(), (int)getpid());
    const char *const inputs[] = {"in", NULL};
    g_autofree char *columns = columns_of(data + 1, size - 1);
    g_autoptr(GError) error = NULL;
    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.from = formats[data[0] % G_N_ELEMENTS(formats)];
    options.inputs = inputs;
    options.output = path;
    options.columns = columns;
    options.level = 0;
    /* Whatever the format, every probe must bear the bytes. */
    (void)nsim_trace_format_guess(data + 1, size - 1, "in");
    const bool good = nsim_import_memory(&options, data + 1, size - 1, NULL, &error);
    if (good != (error == NULL) || (error != NULL && error->message[0] == '\0'))
        abort();
    if (good)
        check_trace(path);
    if (good != (g_unlink(path) == 0))
        abort();
    return 0;
}
