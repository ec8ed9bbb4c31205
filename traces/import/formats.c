/* SPDX-License-Identifier: MIT */
/* The table of formats. A file's content decides before the end of its name, and a name given by the user before both. */
#include <traces/import/formats.h>

const NsimTraceFormat *const nsim_trace_formats[] = {
    &nsim_trace_format_champsim,
    &nsim_trace_format_champsim_cloudsuite,
    &nsim_trace_format_csv,
    &nsim_trace_format_damo,
    &nsim_trace_format_dramsim3,
    &nsim_trace_format_drmemtrace,
    &nsim_trace_format_drmemtrace_text,
    &nsim_trace_format_lackey,
    &nsim_trace_format_libcachesim_csv,
    &nsim_trace_format_nsys,
    &nsim_trace_format_nvbit,
    &nsim_trace_format_oracle_general,
    &nsim_trace_format_perf_script,
    &nsim_trace_format_prospero,
    &nsim_trace_format_prospero_binary,
    &nsim_trace_format_ramulator,
    &nsim_trace_format_records16,
    &nsim_trace_format_uvm_log,
    NULL,
};

/* Ends that say only how a file is compressed. */
static const char *const packings[] = {".gz", ".xz", ".zip", ".zst", NULL};

static bool
has_ending(const NsimTraceFormat *format, const char *name)
{
    for (const char *const *ending = format->endings; ending != NULL && *ending != NULL; ending++)
        if (g_str_has_suffix(name, *ending))
            return true;
    return false;
}

const NsimTraceFormat *
nsim_trace_format_guess(const uint8_t *head, size_t bytes, const char *path)
{
    const NsimTraceFormat *possible = NULL;
    unsigned possible_count = 0;
    g_autofree char *name = path != NULL ? g_path_get_basename(path) : g_strdup("");
    for (const char *const *packing = packings; *packing != NULL; packing++)
        if (g_str_has_suffix(name, *packing))
            name[strlen(name) - strlen(*packing)] = '\0';

    for (const NsimTraceFormat *const *format = nsim_trace_formats; *format != NULL; format++) {
        const NsimMatch match = (*format)->probe != NULL ? (*format)->probe(head, bytes) : NSIM_MATCH_POSSIBLE;
        if (match == NSIM_MATCH_SURE)
            return *format;
        if (match == NSIM_MATCH_POSSIBLE && has_ending(*format, name)) {
            possible = *format;
            possible_count++;
        }
    }
    return possible_count == 1 ? possible : NULL;
}

static char *
all_names(void)
{
    GString *names = g_string_new(NULL);
    for (const NsimTraceFormat *const *format = nsim_trace_formats; *format != NULL; format++)
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", (*format)->name);
    return g_string_free(names, FALSE);
}

static const NsimTraceFormat *
find_by_name(const char *name, GError **error)
{
    for (const NsimTraceFormat *const *format = nsim_trace_formats; *format != NULL; format++)
        if (strcmp((*format)->name, name) == 0)
            return *format;
    g_autofree char *names = all_names();
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "unknown trace format '%s' (one of %s)", name, names);
    return NULL;
}

const NsimTraceFormat *
nsim_trace_format_find(const char *name, const char *path, GError **error)
{
    if (name != NULL)
        return find_by_name(name, error);
    if (strcmp(path, "-") == 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    "standard input cannot be looked at twice: name its format with --from");
        return NULL;
    }
    const NsimTraceFormat *format;
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        format = nsim_trace_format_guess(NULL, 0, path);
    } else {
        g_autoptr(GError) problem = NULL;
        g_autoptr(NsimInput) input = nsim_input_open(path, &problem);
        if (input != NULL)
            (void)nsim_input_more(input, NSIM_IMPORT_HEAD_BYTES, &problem);
        if (problem != NULL) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
        format = nsim_trace_format_guess(input->at, MIN((size_t)(input->end - input->at), NSIM_IMPORT_HEAD_BYTES), path);
    }
    if (format == NULL) {
        g_autofree char *names = all_names();
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT,
                    "%s: its content does not tell what it is: name its format with --from (%s)", path, names);
    }
    return format;
}
