/* SPDX-License-Identifier: MIT */
/*
 * A small plug-in that test-plugins.c builds in many variants. Each -D changes one thing: NAME, ABI, SIZE, ATTACH,
 * DETACH, SUMMARY, SOURCE, LICENCE, CAPS, OPTIONS, OPTION_COUNT, CONFIG_SIZE, COUNTERS, COUNTER_COUNT, NO_EXPORT,
 * NULL_CLASS.
 */
#include <numasim/policy.h>

#ifndef NAME
#define NAME "small"
#endif
#ifndef ABI
#define ABI NSIM_ABI_VERSION
#endif
#ifndef SIZE
#define SIZE sizeof(NsimPolicyClass)
#endif
#ifndef ATTACH
#define ATTACH small_attach
#endif
#ifndef DETACH
#define DETACH small_detach
#endif
#ifndef SUMMARY
#define SUMMARY "small"
#endif
#ifndef SOURCE
#define SOURCE "none"
#endif
#ifndef LICENCE
#define LICENCE "MIT"
#endif
#ifndef CAPS
#define CAPS NSIM_CAP_DETERMINISTIC
#endif
#ifndef CONFIG_SIZE
#define CONFIG_SIZE sizeof(Config)
#endif
#ifndef ROW
#define ROW { .key = "wait", .type = NSIM_OPTION_TIME, .default_text = "1ms", .help = "h", .source = "s" }
#endif
#ifndef COUNTER
#define COUNTER { .key = "seen", .unit = "pages", .help = "h" }
#endif
#ifndef OPTION_TABLE
#define OPTION_TABLE rows
#endif
#ifndef OPTION_COUNT
#define OPTION_COUNT G_N_ELEMENTS(rows)
#endif
#ifndef COUNTER_TABLE
#define COUNTER_TABLE counters
#endif
#ifndef COUNTER_COUNT
#define COUNTER_COUNT G_N_ELEMENTS(counters)
#endif

typedef struct {
    NsimTime wait_ps;
} Config;

const NsimOption rows[] = { ROW };
const NsimCounter counters[] = { COUNTER };

void *small_attach(NsimHost *host, const void *config, GError **error);
void small_detach(void *self, NsimHost *host);
void small_timer(void *self, NsimHost *host, uint64_t cookie);
extern const NsimPolicyClass small_class;

void *
small_attach(NsimHost *host, const void *config, GError **error)
{
    (void)config, (void)error;
    nsim_counters(host)[0] = ((const Config *)config)->wait_ps;
    return (void *)(uintptr_t)&small_class;
}

void
small_detach(void *self, NsimHost *host)
{
    (void)self, (void)host;
}

void
small_timer(void *self, NsimHost *host, uint64_t cookie)
{
    (void)self, (void)host, (void)cookie;
}

const NsimPolicyClass small_class = {
    .abi_version = ABI,
    .struct_size = SIZE,
    .name = NAME,
    .summary = SUMMARY,
    .source = SOURCE,
    .licence = LICENCE,
    .caps = CAPS,
    .options = OPTION_TABLE,
    .option_count = OPTION_COUNT,
    .config_size = CONFIG_SIZE,
    .counters = COUNTER_TABLE,
    .counter_count = COUNTER_COUNT,
    .attach = ATTACH,
    .detach = DETACH,
    .timer = small_timer,
};

#ifdef NULL_CLASS
const NsimPolicyClass *const nsim_plugin_policy = NULL;
#elif !defined NO_EXPORT
NSIM_POLICY_EXPORT(small, small_class);
#endif
