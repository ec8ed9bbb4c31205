/* SPDX-License-Identifier: MIT */
/*
 * local: a page goes to the node nearest to the accessor that first uses it in the trace, as when a program is written
 * so that each thread initialises its own data. The loader places nothing; the first use of each page pays a fault.
 * When the nearest node is full, the next nearest. MPOL_LOCAL with parallel first touch.
 */
#include <numasim/policy.h>

static char instance;

static void *
local_attach(NsimHost *host, const void *config, GError **error)
{
    (void)host, (void)config, (void)error;
    return &instance;
}

static void
local_detach(void *self, NsimHost *host)
{
    (void)self, (void)host;
}

static const NsimPolicyClass local_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "local",
    .summary = "each page on the node nearest to its first user in the trace, as with parallel initialisation",
    .source = "Linux mm/mempolicy.c (MPOL_LOCAL), v6.16",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC | NSIM_CAP_LAZY,
    .attach = local_attach,
    .detach = local_detach,
    /* No `faults`: the core's default is exactly this once the loader is out of the way. */
};

NSIM_POLICY_EXPORT(local, local_class);
