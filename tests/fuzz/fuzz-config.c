/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of whole experiments: any text is an experiment or an error; an experiment that is accepted can be
 * described and runs to a result or an error; a result can be rendered. Beside the config lie a small trace, t.trace,
 * and a machine, m.yaml; texts that name files elsewhere are not followed. Inputs of even length run for 1 us of
 * simulated time, the others as long as they say. Experiments that are large for the host are described, not run.
 */
#include <experiment/plan.h>
#include <report/render.h>
#include <traces/generate.h>

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bounds on what is run. */
enum { CORES_MAX = 64, NODES_MAX = 16, RUNS_MAX = 8, FRAMES_MAX = 8, ROWS_MAX = 10000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char machine_text[] =
    "machine:\n"
    "  nodes:\n"
    "    - {id: NEAR, kind: dram, capacity: 2MiB, latency: 100ns, read: 20GB/s, write: 20GB/s, at: CPU}\n"
    "    - {id: FAR, kind: cxl, capacity: 64MiB, latency: 250ns, read: 10GB/s, write: 10GB/s, at: CPU}\n"
    "  accessors:\n"
    "    - {id: CPU, cores: 4, clock: 2GHz, window: {random: 10, stream: 20}, fault: {minor: 700ns, hint: 1us}}\n"
    "    - {id: GPU, kind: gpu, cores: 2}\n"
    "  links:\n"
    "    - {id: L, between: [CPU, GPU], bandwidth: 30GB/s, latency: 100ns}\n";

/* ---- The folder with the files --------------------------------------------------------------------------------- */

static struct {
    char *path, *config, *machine, *trace;
} folder;

static void
folder_remove(void)
{
    (void)g_remove(folder.config);
    (void)g_remove(folder.machine);
    (void)g_remove(folder.trace);
    (void)g_rmdir(folder.path);
    g_free(folder.config);
    g_free(folder.machine);
    g_free(folder.trace);
    g_free(folder.path);
}

static void
write_file(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "we");
    if (file == NULL || fwrite(text, 1, length, file) != length || fclose(file) != 0) {
        perror(path);
        abort();
    }
}

static void
folder_make(void)
{
    NsimGenerateOptions options;
    folder.path = g_dir_make_tmp("numasim-fuzz-XXXXXX", NULL);
    if (folder.path == NULL)
        abort();
    folder.config = g_build_filename(folder.path, "config.yaml", NULL);
    folder.machine = g_build_filename(folder.path, "m.yaml", NULL);
    folder.trace = g_build_filename(folder.path, "t.trace", NULL);
    atexit(folder_remove);

    write_file(folder.machine, machine_text, strlen(machine_text));
    nsim_generate_options_init(&options);
    options.threads = 2;
    options.pages = 1024;
    options.records = 400;
    options.burst_lines = 4;
    options.write_ppm = 200000;
    options.barrier_every = 50;
    options.shared = true;
    options.level = 0;
    if (!nsim_trace_generate(folder.trace, &options, NULL))
        abort();
}

/* ---- One input --------------------------------------------------------------------------------------------------- */

/* Whether the text leads out of the folder: a path begins somewhere in it. A '/' after a letter is that of a rate. */
static bool
leads_away(const char *text)
{
    for (const char *slash = strchr(text, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        if (slash == text || !g_ascii_isalpha(slash[-1]))
            return true;
    }
    return false;
}

static bool
any_leads_away(const NsimValue *value)
{
    const char *text = nsim_value_text(value);
    for (uint32_t i = 0; text == NULL && i < nsim_value_count(value); i++) {
        if (any_leads_away(nsim_value_item(value, i)))
            return true;
    }
    return text != NULL && leads_away(text);
}

/* Documents that are wrong lead nowhere. */
static bool
stays_here(const uint8_t *data, size_t size)
{
    g_autoptr(NsimDocument) document = nsim_document_parse((const char *)data, size, "fuzz", NULL);
    return document == NULL || !any_leads_away(nsim_document_root(document));
}

static bool
small_enough(const NsimExperiment *plan)
{
    uint32_t cores = 0;
    uint64_t frames = 0;
    for (uint32_t a = 0; a < plan->machine->accessor_count; a++)
        cores += plan->machine->accessors[a].core_count;
    for (uint32_t w = 0; w < plan->workload_count; w++)
        frames += nsim_trace_info(plan->workloads[w].trace)->frame_count;
    return cores <= CORES_MAX && plan->machine->node_count <= NODES_MAX && plan->policy_count <= RUNS_MAX &&
           frames <= FRAMES_MAX;
}

static void
run(NsimExperiment *experiment)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimResult) result = nsim_experiment_run(experiment, 1, NULL, NULL, NULL, &error);
    if ((result == NULL) != (error != NULL))
        abort();
    if (result == NULL)
        return;
    for (const NsimRenderer *renderer = nsim_renderers; renderer->name != NULL; renderer++) {
        g_autofree char *report = renderer->render(result);
        if (*report == '\0' || !g_utf8_validate(report, -1, NULL))
            abort();
    }
    g_autofree char *timeline = nsim_render_timeline(result);
    if (*timeline == '\0')
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    if (folder.path == NULL)
        folder_make();
    if (!stays_here(data, size))
        return 0;
    write_file(folder.config, (const char *)data, size);
    const NsimExperimentOptions options = { .config_path = folder.config, .until_ps = size % 2 == 0 ? NSIM_US : 0 };
    g_autoptr(NsimExperiment) experiment = nsim_experiment_new(&options, &error);
    if ((experiment == NULL) != (error != NULL) || (error != NULL && *error->message == '\0'))
        abort();
    if (experiment == NULL)
        return 0;
    g_autofree char *text = nsim_experiment_describe(experiment);
    if (*text == '\0')
        abort();
    /* Rows of a timeline are work that does not come from the trace. */
    const bool few_rows = experiment->timeline_ps == 0 || experiment->until_ps / experiment->timeline_ps < ROWS_MAX;
    if (small_enough(experiment) && few_rows)
        run(experiment);
    return 0;
}
