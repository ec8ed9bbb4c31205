/* SPDX-License-Identifier: MIT */
/*
 * fail: a policy that gives up after a number of fault batches. Tests use it to see that a failed run is reported well.
 */
#include <numasim/policy.h>

typedef struct {
    uint64_t after;
} FailConfig;

typedef struct {
    uint64_t left;
} Fail;

static const NsimOption fail_options[] = {
    { .key = "after",
      .type = NSIM_OPTION_INT,
      .offset = offsetof(FailConfig, after),
      .default_text = "0",
      .help = "batches of faults to let pass before failing",
      .source = "none" },
};

static void *
fail_attach(NsimHost *host, const void *config, GError **error)
{
    const FailConfig *options = config;
    Fail *self = g_new0(Fail, 1);
    (void)host, (void)error;
    self->left = options->after;
    return self;
}

static void
fail_detach(void *self, NsimHost *host)
{
    (void)host;
    g_free(self);
}

static void
fail_faults(void *instance, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    Fail *self = instance;
    (void)faults, (void)count;
    if (self->left == 0)
        nsim_fail(host, "failing as asked by option 'after'");
    else
        self->left--;
}

static const NsimPolicyClass fail_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "fail",
    .summary = "give up after some fault batches (for tests)",
    .source = "none",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = fail_options,
    .option_count = G_N_ELEMENTS(fail_options),
    .config_size = sizeof(FailConfig),
    .attach = fail_attach,
    .detach = fail_detach,
    .faults = fail_faults,
};

NSIM_POLICY_EXPORT(fail, fail_class);
