/* SPDX-License-Identifier: MIT */
/*
 * first-touch: a page goes to the node nearest to whoever touches it first, loader included; when that node is full, to
 * the next nearest. Linux's default policy (mm/mempolicy.c, MPOL_DEFAULT; zonelist order in mm/page_alloc.c), and the
 * usual reason why data that one thread loads ends up on one socket.
 */
#include <numasim/policy.h>

static char instance;

static void *
first_touch_attach(NsimHost *host, const void *config, GError **error)
{
    (void)host, (void)config, (void)error;
    return &instance;
}

static void
first_touch_detach(void *self, NsimHost *host)
{
    (void)self, (void)host;
}

static void
first_touch_faults(void *self, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    (void)self;
    for (uint32_t i = 0; i < count; i++) {
        const NsimFault *fault = &faults[i];
        if (fault->kind == NSIM_FAULT_HINT)
            continue;
        (void)nsim_place(host, fault->space, fault->page, fault->count, nsim_node_by_rank(host, fault->accessor, 0),
                         fault->accessor, NSIM_PLACE_FALLBACK);
    }
}

static const NsimPolicyClass first_touch_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "first-touch",
    .summary = "each page on the node nearest to whoever touches it first, loader included; Linux's default",
    .source = "Linux mm/mempolicy.c (MPOL_DEFAULT) and mm/page_alloc.c (zonelists), v6.16",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .attach = first_touch_attach,
    .detach = first_touch_detach,
    .faults = first_touch_faults,
};

NSIM_POLICY_EXPORT(first_touch, first_touch_class);
