/* SPDX-License-Identifier: MIT */
/* Runs of numasim as engine.h says. */
#include "engine.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#define NS_PER_US 1000.0
#define LAST_NS 1e9

/*
 * The guest's machine, by what its firmware says of it. The loader is no processor: it gives pages their first place on
 * the far node, for runs that begin there.
 */
static const char config_format[] = "machine:\n"
                                    "  nodes:\n"
                                    "    - {id: D, kind: dram, capacity: 384MiB, latency: 80ns, read: 100GB/s, at: C}\n"
                                    "    - {id: X, kind: cxl, capacity: 512MiB, latency: 50ns, read: 30GB/s, at: L}\n"
                                    "  accessors:\n"
                                    "    - {id: C, cores: 2, window: {random: 10}, fault: {minor: 1us, hint: 2us}}\n"
                                    "    - {id: L, kind: device, window: {random: 10}}\n"
                                    "  links:\n"
                                    "    - {id: U, between: [C, L], bandwidth: 100GB/s, latency: 200ns}\n"
                                    "  migration: {start: %" G_GUINT64_FORMAT "ns}\n"
                                    "workloads:\n"
                                    "  - {name: area, trace: accesses.trace, threads: C, initial: {by: %s}%s}\n"
                                    "policies: [%s]\n";

static json_t *
spawn(const char *folder, GError **error)
{
    const char *program = g_getenv("NUMASIM");
    g_autofree char *output = NULL, *complaints = NULL;
    char *arguments[] = {(char *)(program != NULL ? program : "numasim"),
                         (char *)"--config",
                         (char *)"config.yaml",
                         (char *)"--format",
                         (char *)"json",
                         (char *)"--timeline",
                         (char *)"timeline.csv",
                         NULL};
    json_error_t problem;
    int status;
    if (!g_spawn_sync(folder, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &complaints, &status, error))
        return NULL;
    if (!g_spawn_check_wait_status(status, error)) {
        g_prefix_error(error, "%s: ", g_strchomp(complaints));
        return NULL;
    }
    json_t *report = json_loads(output, 0, &problem);
    if (report == NULL)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "a report that is none: %s", problem.text);
    return report;
}

static void
remove_folder(const char *folder)
{
    static const char *const names[] = {"accesses.trace", "config.yaml", "timeline.csv"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

json_t *
engine_run(const Run *run, const TraceOptions *accesses, const EngineOptions *options, GError **error)
{
    g_autofree char *folder = g_dir_make_tmp("numasim-kernel-XXXXXX", error);
    if (folder == NULL)
        return NULL;
    g_autofree char *trace = g_build_filename(folder, "accesses.trace", NULL);
    g_autofree char *path = g_build_filename(folder, "config.yaml", NULL);
    g_autofree char *config =
        g_strdup_printf(config_format, options->move_ns, run->far ? "L" : "C",
                        run->kind == RUN_BALANCING ? ", sleep: " TRACE_SLEEP : "", options->policies);
    json_t *report = NULL;
    if (trace_write(trace, run, accesses, error) && g_file_set_contents(path, config, -1, error))
        report = spawn(folder, error);
    remove_folder(folder);
    return report;
}

/* ---- The report ----------------------------------------------------------------------------------------------------
 */

static json_t *
first_run(json_t *report)
{
    return json_array_get(json_object_get(report, "runs"), 0);
}

double
engine_number(json_t *report, const char *outer, const char *inner)
{
    return json_number_value(json_object_get(json_object_get(first_run(report), outer), inner));
}

double
engine_quota_bytes(json_t *report)
{
    json_t *kdamonds = json_object_get(json_object_get(first_run(report), "damon"), "kdamonds");
    json_t *schemes = json_object_get(json_array_get(kdamonds, 0), "schemes");
    return json_number_value(json_object_get(json_array_get(schemes, 0), "effective_bytes"));
}

static json_t *
timeline(json_t *report, const char *column)
{
    return json_object_get(json_object_get(first_run(report), "timeline"), column);
}

double
engine_moved(json_t *report, uint64_t time_us)
{
    json_t *times = timeline(report, "time_ns"), *bytes = timeline(report, "migrated_bytes");
    double moved = 0;
    for (size_t i = 0; i < json_array_size(bytes); i++)
        if (json_number_value(json_array_get(times, i)) <= (double)time_us * NS_PER_US)
            moved += json_number_value(json_array_get(bytes, i));
    return moved / RUN_PAGE_BYTES;
}

uint64_t
engine_first_move_us(json_t *report)
{
    json_t *times = timeline(report, "time_ns"), *bytes = timeline(report, "migrated_bytes");
    for (size_t i = 0; i < json_array_size(bytes); i++)
        if (json_number_value(json_array_get(bytes, i)) > 0)
            return (uint64_t)(json_number_value(json_array_get(times, i)) / NS_PER_US);
    return 0;
}

double
engine_near_share(json_t *report, uint64_t time_us)
{
    json_t *times = timeline(report, "time_ns"), *nodes = timeline(report, "nodes");
    json_t *bytes = timeline(report, "migrated_bytes");
    json_t *near = json_object_get(json_object_get(nodes, "D"), "read_bytes");
    json_t *far = json_object_get(json_object_get(nodes, "X"), "read_bytes");
    const size_t count = json_array_size(times);
    const double last_ns = count > 0 ? json_number_value(json_array_get(times, count - 1)) : 0;
    const double end_ns = MIN(last_ns, (double)time_us * NS_PER_US);
    double near_bytes = 0, all_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const double time_ns = json_number_value(json_array_get(times, i));
        if (time_ns <= end_ns - LAST_NS || time_ns > end_ns)
            continue;
        /* A core that copies a page reads where it was, and for ownership where it goes. */
        const double copied = json_number_value(json_array_get(bytes, i));
        near_bytes += json_number_value(json_array_get(near, i)) - copied;
        all_bytes +=
            json_number_value(json_array_get(near, i)) + json_number_value(json_array_get(far, i)) - 2 * copied;
    }
    return all_bytes > 0 ? near_bytes / all_bytes : 0;
}
