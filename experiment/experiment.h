/* SPDX-License-Identifier: MIT */
/*
 * An experiment: a machine x workloads x policies, read from YAML and the command line, run once for each policy.
 *
 * docs/numasim-config.5 documents every key.
 */
#pragma once

#include <gio/gio.h>
#include <models/machine.h>
#include <report/result.h>

#define NSIM_EXPERIMENT_ERROR (nsim_experiment_error_quark())
GQuark nsim_experiment_error_quark(void);

typedef enum {
    NSIM_EXPERIMENT_ERROR_USAGE,  /* an option or a policy is wrong (exit status 2) */
    NSIM_EXPERIMENT_ERROR_RUN     /* the run failed: a policy gave up, memory ran out (1) */
} NsimExperimentError;

/* What the command line says; NULL, 0 and false mean "as the config has it". */
typedef struct {
    const char *config_path;
    const char *const *traces;   /* NULL-terminated paths; replace the workloads' traces, in order */
    const char *const *policies; /* NULL-terminated "NAME[:key=value,...]"; the first is the baseline */
    const char *const *damo;     /* NULL-terminated texts for DAMON; each adds a run to the policies */
    const char *const *plugins;  /* NULL-terminated paths of shared objects */
    bool seed_given;
    uint64_t seed;
    NsimTime until_ps;             /* 0: to the end of the work */
    NsimTime timeline_interval_ps; /* 0: none unless the config asks */
    bool timeline;                 /* a timeline is wanted: a default interval if none is given */
    bool host_stats;
    const char *damo_record; /* file for what kdamonds see, which is kept in the results */
    const char *damo_schemes; /* ... for what schemes are tried on */
    bool damo_only;   /* `damo` replaces the policies of the config */
} NsimExperimentOptions;

typedef struct _NsimExperiment NsimExperiment;

/* Snapshot of a running experiment, for a progress line. */
typedef struct {
    uint32_t runs_done, run_count;
    uint64_t accesses_done, accesses_total; /* over all runs */
} NsimProgress;

/* Called from the thread that called run(), a few times a second. */
typedef void (*NsimProgressFunc)(const NsimProgress *progress, void *user_data);

/* Read config, machine, traces' headers and policies, and check all of it. (transfer full) */
NsimExperiment *nsim_experiment_new(const NsimExperimentOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_experiment_free(NsimExperiment *experiment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimExperiment, nsim_experiment_free)

/*
 * Run every policy, `jobs` at a time (0: as many as the host has cores). Triggering `cancel` ends all runs soon; their
 * partial results are valid and marked incomplete. The result does not depend on `jobs`. (transfer full)
 */
NsimResult *nsim_experiment_run(NsimExperiment *experiment, unsigned jobs, NsimProgressFunc progress, void *user_data,
                                GCancellable *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The file for what kdamonds see, of the command line or the config; NULL: none. */
const char *nsim_experiment_damo_record(const NsimExperiment *experiment);
/* The same for what schemes are tried on. */
const char *nsim_experiment_damo_schemes(const NsimExperiment *experiment);
const NsimMachine *nsim_experiment_machine(const NsimExperiment *experiment);
/* What --check-config prints: workloads, policies with their options, run settings. (transfer full) */
char *nsim_experiment_describe(const NsimExperiment *experiment);

/* ---- The policies there are ------------------------------------------------------------------------------------ */

/* One row a policy: name and summary. (transfer full) */
char *nsim_policies_list(const char *const *plugins, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Summary, source, options with unit, range and default, counters. (transfer full) */
char *nsim_policies_describe(const char *name, const char *const *plugins, GError **error) G_GNUC_WARN_UNUSED_RESULT;
