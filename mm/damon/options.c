/* SPDX-License-Identifier: MIT */
/* What is the same for all kdamonds of a run. */
#include <mm/damon/options.h>

#include <mm/damon/cores.h>
#include <mm/damon/feed.h>

#include <string.h>

#define FIELD(name) offsetof(NsimDamonOptions, name)

enum { RULES_6_12, RULES_7_2 };
enum { REPORTS_INTENT, REPORTS_RFC };

static const char *const rules[] = {[RULES_6_12] = "6.12", [RULES_7_2] = "7.2", NULL};
static const char *const faults[] = {"shared", "exclusive", NULL};
static const char *const reports[] = {[REPORTS_INTENT] = "intent", [REPORTS_RFC] = "rfc", NULL};

#define TIME_ROW(key_text, field, default_value, help_text, source_text)                                               \
    {                                                                                                                  \
        .key = key_text, .type = NSIM_OPTION_TIME, .offset = FIELD(field), .max = NSIM_MS,                             \
        .default_text = default_value, .help = help_text, .source = source_text                                        \
    }

const NsimOption nsim_damon_options[NSIM_DAMON_OPTION_COUNT] = {
    {.key = "damo",
     .type = NSIM_OPTION_DAMON,
     .offset = FIELD(damo),
     .default_text = "",
     .help = "kdamonds that run beside the policy, which starts none of its own: a damo command line or kdamonds file",
     .source = "on a machine, too, DAMON runs beside NUMA balancing"},
    {.key = "monitor",
     .type = NSIM_OPTION_ENUM,
     .offset = FIELD(monitor),
     .choices = nsim_damon_primitive_names,
     .default_text = "page_table",
     .help = "what sees accesses, for kdamonds that do not name it: accessed bits, provoked faults, hardware samples",
     .source = "page_table: Linux; page_fault: access reports RFC v3 (2025-12-08); hw_sample: R2 RFC (2026-05-16)"},
    {.key = "damon_feed",
     .type = NSIM_OPTION_STRING,
     .offset = FIELD(feed),
     .default_text = "",
     .help = "values for user_input goals, e.g. '0s:5000,1s:12000', 'pages:WORKLOAD@NODE', 'served:NODE', 'records:WORKLOAD'",
     .source = "what a script around damo tune would write; numasim-damon(7)"},
    {.key = "damon_core",
     .type = NSIM_OPTION_STRING,
     .offset = FIELD(core),
     .default_text = "",
     .help = "CPUs that kdamonds run on: one for all, or one for each, 'any' for the idlest near its memory",
     .source = "a thread may be pinned by taskset; free otherwise"},
    {.key = "damon_rules",
     .type = NSIM_OPTION_ENUM,
     .offset = FIELD(rules),
     .choices = rules,
     .default_text = "7.2",
     .help = "the kernel version whose rules of monitoring and schemes apply",
     .source = "Linux mm/damon/core.c; docs/damon.md and docs/damos.md say what differs"},
    {.key = "damon_reports",
     .type = NSIM_OPTION_ENUM,
     .offset = FIELD(reports),
     .choices = reports,
     .default_text = "intent",
     .help = "access reports as they were meant, or with the filters and the buffer of the patches' code",
     .source = "access reports RFC v3 (2025-12-08)"},
    {.key = "damon_faults",
     .type = NSIM_OPTION_ENUM,
     .offset = FIELD(faults),
     .choices = faults,
     .default_text = "shared",
     .help = "faults on armed pages are told to kdamonds and to the policy, or to whoever armed the page",
     .source = "the patches share them; making them exclusive was discussed at LSFMM 2026"},
    TIME_ROW("damon_region", costs.region_ps, "20ns", "CPU time of a kdamond for a region that a scheme looks at",
             "assumed"),
    TIME_ROW("damon_step", costs.step_ps, "40ns", "CPU time of a scheme's walk for a page with nothing behind it",
             "published for empty page-frame numbers"),
    TIME_ROW("damon_folio", costs.folio_ps, "100ns", "CPU time of a scheme's walk for finding a folio", "assumed"),
    TIME_ROW("damon_young", costs.young_ps, "1us", "CPU time of testing a folio's accessed bits for a filter",
             "assumed"),
    TIME_ROW("monitor_arm", arm_ps, "1.5us", "CPU time of a kdamond for arming a page, or disarming it", "assumed"),
    TIME_ROW("monitor_drain", drain_ps, "100ns",
             "CPU time of a kdamond for an access report; with damon_reports=rfc 2ns for each region", "assumed"),
    {.key = "monitor_period",
     .type = NSIM_OPTION_INT,
     .offset = FIELD(period),
     .min = 1,
     .max = UINT32_MAX,
     .default_text = "1000",
     .help = "lines of a thread from one hardware sample to the next, for kdamonds on hw_sample",
     .source = "assumed"},
    {.key = "monitor_buffer",
     .type = NSIM_OPTION_INT,
     .offset = FIELD(buffer),
     .min = 1,
     .max = 65536,
     .default_text = "1",
     .help = "hardware samples that a core gathers before it is interrupted",
     .source = "IBS interrupts for every sample (unverified)"},
    TIME_ROW("monitor_sample_cost", sample_ps, "200ns", "time of the core that each hardware sample takes", "assumed"),
    TIME_ROW("monitor_interrupt_cost", interrupt_ps, "1us", "time of the core that each such interrupt takes",
             "assumed: entry and exit of an NMI"),
};

NsimDamonOptions
nsim_damon_options_default(void)
{
    const NsimSampling *sampling = &nsim_damon_sampling_default;
    return (NsimDamonOptions){.damo = "",
                              .monitor = NSIM_PRIMITIVE_PAGE_TABLE,
                              .feed = "",
                              .core = "",
                              .rules = RULES_7_2,
                              .reports = REPORTS_INTENT,
                              .costs = nsim_damos_costs_default,
                              .arm_ps = nsim_damon_report_rules_default.arm_ps,
                              .period = sampling->period_lines,
                              .buffer = sampling->buffer,
                              .sample_ps = sampling->sample_ps,
                              .interrupt_ps = sampling->interrupt_ps};
}

char *
nsim_damon_options_problem(const NsimDamonOptions *options, const char *key)
{
    g_autoptr(GError) error = NULL;
    if (strcmp(key, "damon_feed") == 0 && *options->feed != '\0') {
        g_autoptr(NsimDamonFeeds) feeds = nsim_damon_feeds_read(options->feed, &error);
        return feeds != NULL ? NULL : g_strdup(error->message);
    }
    if (strcmp(key, "damon_core") == 0 && *options->core != '\0') {
        g_autoptr(GArray) cores = nsim_damon_cores_read(options->core, &error);
        return cores != NULL ? NULL : g_strdup(error->message);
    }
    return NULL;
}

NsimKdamondConfig
nsim_damon_options_config(const NsimDamonOptions *options)
{
    NsimKdamondConfig config = nsim_kdamond_config_default();
    if (options->rules == RULES_6_12) {
        config.rules = nsim_damon_rules_v6_12;
        config.scheme_rules = nsim_damos_rules_v6_12;
    }
    if (options->reports == REPORTS_RFC)
        config.report_rules = nsim_damon_report_rules_rfc;
    config.report_rules.arm_ps = options->arm_ps;
    if (options->drain_ps > 0)
        config.report_rules.drain_ps = options->drain_ps;
    config.report_rules.exclusive = options->faults == 1;
    config.costs = options->costs;
    config.feed = options->feed;
    config.core = options->core;
    config.primitive = options->monitor;
    config.sampling.period_lines = options->period;
    config.sampling.buffer = (uint32_t)options->buffer;
    config.sampling.sample_ps = options->sample_ps;
    config.sampling.interrupt_ps = options->interrupt_ps;
    return config;
}
