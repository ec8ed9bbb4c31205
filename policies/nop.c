/* SPDX-License-Identifier: MIT */
/* nop: decides nothing. Pages go where the core's default puts them; measures the simulator itself. */
#include <numasim/policy.h>

static char instance;

static void *
nop_attach(NsimHost *host, const void *config, GError **error)
{
    (void)host, (void)config, (void)error;
    return &instance;
}

static void
nop_detach(void *self, NsimHost *host)
{
    (void)self, (void)host;
}

static const NsimPolicyClass nop_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "nop",
    .summary = "decide nothing: the core's default placement, and the simulator's own speed",
    .source = "none",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .attach = nop_attach,
    .detach = nop_detach,
};

NSIM_POLICY_EXPORT(nop, nop_class);
