/* SPDX-License-Identifier: MIT */
/*
 * Operations that a plug-in brings (numasim/damon.h), as operations of a context. Answers are checked: one that is not
 * sound ends the run as failed and counts as nothing.
 */
#pragma once

#include <mm/damon/context.h>
#include <mm/host.h>

/* Operations that are registered. */
typedef struct {
    NsimDamonOpsClass class; /* a copy; what the plug-in does not know of is absent */
    char *name;
    void *data; /* the plug-in's */
    NsimDamonOps ops;
} NsimDamonPlugin;

/* The `ops_state` of a context; handles of its targets are NsimDamonTargetInfo. */
typedef struct {
    NsimMm *mm;
    const NsimDamonPlugin *plugin;
    uint32_t kdamond;
} NsimDamonPluginOps;

/* NULL with `error` where the class is not sound or `others` (NsimDamonPlugin *) have its name. (transfer full) */
NsimDamonPlugin *nsim_damon_plugin_new(const GPtrArray *others, const NsimDamonOpsClass *class, void *data,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_damon_plugin_free(NsimDamonPlugin *plugin);
/* Those of "plugin:NAME". NULL with `error`, which lists what there is. */
const NsimDamonPlugin *nsim_damon_plugin_find(const GPtrArray *plugins, const char *text, GError **error);
