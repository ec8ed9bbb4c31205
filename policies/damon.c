/* SPDX-License-Identifier: MIT */
/*
 * damon: kdamonds as a damo command line or a kdamonds file has them. Monitoring, schemes, quotas and migrations are
 * the core's mechanism (docs/damon.md), as they are the kernel's; this policy only starts them. Pages are placed as by
 * default.
 */
#include <numasim/policy.h>

typedef struct {
    const char *args;
} DamonConfig;

static char instance;

static const NsimOption damon_options[] = {
    {.key = "args",
     .type = NSIM_OPTION_DAMON,
     .offset = offsetof(DamonConfig, args),
     .default_text = "start",
     .help = "what DAMON does: a damo command line, or the text of a kdamonds file; in a config {file: FILE} reads one",
     .source = "damo start without options: all memory is watched at the tool's intervals, and nothing moves"},
};

static void *
damon_attach(NsimHost *host, const void *config, GError **error)
{
    const DamonConfig *damon = config;
    return nsim_damon(host, damon->args, error) ? &instance : NULL;
}

static void
damon_detach(void *self, NsimHost *host)
{
    (void)self, (void)host;
}

static const NsimPolicyClass damon_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "damon",
    .summary = "kdamonds with schemes that move pages, from a damo command line or a kdamonds file",
    .source = "Linux mm/damon, v6.12 to v7.2; the damo tool, mid-2026",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .option_count = G_N_ELEMENTS(damon_options),
    .options = damon_options,
    .config_size = sizeof(DamonConfig),
    .attach = damon_attach,
    .detach = damon_detach,
};

NSIM_POLICY_EXPORT(damon, damon_class);
