/* SPDX-License-Identifier: MIT */
/* One run: the plan's workloads on its machine under one policy. */
#pragma once

#include <experiment/future.h>
#include <mm/story.h>

typedef struct {
    const NsimExperiment *plan;
    const NsimPolicySpec *spec;
    const NsimFuture *future;   /* nullable; given to policies that may see it */
    GCancellable *cancel;
    uint64_t *progress_lines;   /* updated atomically */
    const NsimStoryRange *watch; /* nullable: tell the story of these pages, or of all moves */
    /* out */
    NsimRunResult *result;
    GPtrArray *warnings; /* char * */
    NsimStory *story;    /* with `watch`, in any case of success */
    GError *error;
} NsimRunJob;

/* Run and fill `result`, or set `error`. Safe from several host threads on one plan. */
void nsim_run(NsimRunJob *run);
