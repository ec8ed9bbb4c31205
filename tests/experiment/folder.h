/* SPDX-License-Identifier: MIT */
/* A temporary folder with an experiment's files, which goes away with everything in it. */
#pragma once

#include <experiment/experiment.h>
#include <traces/generate.h>

typedef struct {
    char *path;
} Folder;

Folder *folder_new(void);
void folder_free(Folder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Folder, folder_free)

void folder_write(const Folder *folder, const char *name, const char *text);
/* Private uniform traffic: `threads` threads of 1000 records each, a fifth of them writes, over 64 pages. */
void folder_write_trace(const Folder *folder, const char *name, uint32_t threads);
/* Paths in the folder. (transfer full) */
char *folder_file(const Folder *folder, const char *name);
/* Read the experiment `config.yaml`; `options` (nullable) has everything but its path. */
NsimExperiment *folder_read(const Folder *folder, const NsimExperimentOptions *options, GError **error);
