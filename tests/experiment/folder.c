/* SPDX-License-Identifier: MIT */
/* Files of an experiment, made and taken away. */
#include "folder.h"

#include <glib/gstdio.h>

#include <CUnit/CUnit.h>

Folder *
folder_new(void)
{
    Folder *folder = g_new0(Folder, 1);
    folder->path = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder->path);
    return folder;
}

void
folder_free(Folder *folder)
{
    GDir *dir = g_dir_open(folder->path, 0, NULL);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = folder_file(folder, name);
        g_unlink(path);
    }
    if (dir != NULL)
        g_dir_close(dir);
    g_rmdir(folder->path);
    g_free(folder->path);
    g_free(folder);
}

char *
folder_file(const Folder *folder, const char *name)
{
    return g_build_filename(folder->path, name, NULL);
}

void
folder_write(const Folder *folder, const char *name, const char *text)
{
    g_autofree char *path = folder_file(folder, name);
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
}

void
folder_write_trace(const Folder *folder, const char *name, uint32_t threads)
{
    g_autofree char *path = folder_file(folder, name);
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pattern = NSIM_GENERATE_UNIFORM;
    options.threads = threads;
    options.pages = 64;
    options.records = 1000 * (uint64_t)threads;
    options.write_ppm = 200000;
    options.shared = true;
    CU_ASSERT_TRUE_FATAL(nsim_trace_generate(path, &options, NULL));
}

NsimExperiment *
folder_read(const Folder *folder, const NsimExperimentOptions *options, GError **error)
{
    g_autofree char *path = folder_file(folder, "config.yaml");
    NsimExperimentOptions all = { 0 };
    if (options != NULL)
        all = *options;
    all.config_path = path;
    return nsim_experiment_new(&all, error);
}
