/* SPDX-License-Identifier: MIT */
/*
 * Machines people already have: `numactl -H` text and hwloc XML become a YAML description. What the source does not say
 * (bandwidths, latencies behind a SLIT, windows) is filled with defaults, each marked "assumed" in a comment beside it
 * and listed under `assumed:`, which `numasim topo show` prints.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { NSIM_IMPORT_AUTO, NSIM_IMPORT_NUMACTL, NSIM_IMPORT_HWLOC } NsimImportFormat;

/* The YAML text of the machine in `text`, which errors call `name`. (transfer full) */
char *nsim_import_machine(const char *text, size_t length, const char *name, NsimImportFormat format, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
