/* SPDX-License-Identifier: MIT */
/* An experiment as read and checked: what runs on what. Never changed once built; shared by all runs. */
#pragma once

#include <experiment/experiment.h>
#include <experiment/policy-spec.h>
#include <traces/trace.h>

/* Documented limits. */
#define NSIM_WORKLOADS_MAX 64u
#define NSIM_POLICIES_MAX 256u
/* Latest start of a workload: leaves it most of simulated time, which ends after 106 days. */
#define NSIM_START_HOURS_MAX 720u

typedef struct {
    char *name;
    NsimTrace *trace;
    char *trace_name; /* as given */
    NsimAccessorId *accessors; /* by thread */
    uint32_t *cores;           /* by thread: core of its accessor */
    bool loaded;               /* its regions are touched before it begins ... */
    NsimAccessorId loader;     /* ... by this accessor */
    uint32_t unit_pages;
    NsimTime start_ps;
    NsimTime sleep_ps; /* gaps at least this long are sleep; 0: none */
    uint32_t group; /* NSIM_GROUP_NONE */
} NsimWorkload;

struct _NsimExperiment {
    char *config_name;
    NsimMachine *machine;
    NsimPlugins *plugins;
    NsimWorkload *workloads;
    uint32_t workload_count;
    NsimPolicySpec **policies;
    uint32_t policy_count;
    char *migration_texts[NSIM_MOVER_OPTION_COUNT]; /* of `migration:`; NULL: not given */
    NsimGroup *groups; /* names and budgets */
    uint32_t group_count;
    uint64_t seed;
    NsimTime until_ps;  /* NSIM_TIME_MAX: to the end of the work */
    NsimTime warmup_ps;
    NsimTime timeline_ps; /* 0: none */
    bool host_stats;
    char *damo_record; /* file for what kdamonds see; NULL: none */
    char *damo_schemes; /* ... for what schemes are tried on, with their statistics; NULL: none */
    GPtrArray *warnings; /* char * */
};

/* Read the config and the options into a new experiment. (transfer full) */
NsimExperiment *nsim_plan_read(const NsimExperimentOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Read `workloads:` (nullable) and the traces of the command line. */
bool nsim_plan_read_workloads(NsimExperiment *plan, const NsimValue *list, const char *base_dir,
                              const char *const *traces, GError **error) G_GNUC_WARN_UNUSED_RESULT;
