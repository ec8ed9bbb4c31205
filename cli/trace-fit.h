/* SPDX-License-Identifier: MIT */
/*
 * Whether a trace fits the machines that come with the program: the share of their memories that its footprint takes.
 * Left out: the page size of a machine, which rounds a footprint up.
 */
#pragma once

#include <report/json.h>

typedef struct _NsimShippedMachines NsimShippedMachines;

/*
 * The descriptions in configs/machines, above the program in a source tree, else where they are installed, or in the
 * folder that NUMASIM_MACHINES names; in the order of their names. Those that cannot be read are left out. (transfer
 * full)
 */
NsimShippedMachines *nsim_shipped_machines_load(void);
void nsim_shipped_machines_free(NsimShippedMachines *machines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimShippedMachines, nsim_shipped_machines_free)

/* A table after an empty line; nothing when there are no machines. */
void nsim_shipped_machines_describe(const NsimShippedMachines *machines, uint64_t footprint_bytes, GString *out);
/* An array "machines" in the open object. */
void nsim_shipped_machines_put(const NsimShippedMachines *machines, NsimJson *json);
