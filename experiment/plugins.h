/* SPDX-License-Identifier: MIT */
/* The policies a run can use: the built-in table and shared objects given by --plugin. */
#pragma once

#include <glib.h>
#include <numasim/policy.h>

typedef struct _NsimPlugins NsimPlugins;

/* Load and check every path (NULL-terminated, nullable). Errors name the path, the reason and the fix. (transfer full) */
NsimPlugins *nsim_plugins_new(const char *const *paths, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_plugins_free(NsimPlugins *plugins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimPlugins, nsim_plugins_free)

uint32_t nsim_plugins_count(const NsimPlugins *plugins);
const NsimPolicyClass *nsim_plugins_get(const NsimPlugins *plugins, uint32_t i);
/* NULL with `error` that lists the names and suggests the nearest. */
const NsimPolicyClass *nsim_plugins_find(const NsimPlugins *plugins, const char *name, GError **error);
