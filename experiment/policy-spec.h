/* SPDX-License-Identifier: MIT */
/* A policy as asked for: its class, its label and its options, parsed into the struct the plug-in wants. */
#pragma once

#include <experiment/plugins.h>
#include <mm/damon/options.h>
#include <mm/mover.h>
#include <models/document.h>

typedef struct {
    const NsimPolicyClass *class;
    char *label;
    char **texts;  /* one for each option row: what was given or the default; NULL when neither */
    void *config;  /* class->config_size bytes (at least 1) */
    GPtrArray *paths; /* char *: files that options name, as found */
    char *mover_texts[NSIM_MOVER_OPTION_COUNT]; /* migration options that were given; NULL: not */
    NsimMoverConfig mover; /* these, the config's and the defaults (experiment/migration.h) */
    char *damon_texts[NSIM_DAMON_OPTION_COUNT]; /* options of kdamonds that were given; NULL: not */
    NsimDamonOptions damon; /* these and the defaults */
} NsimPolicySpec;

/* From the command line: NAME[:key=value,...]; values with commas are double-quoted. (transfer full) */
NsimPolicySpec *nsim_policy_spec_parse(const NsimPlugins *plugins, const char *text, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* From the config in folder `base_dir`: a name, a text as above, or a map {name, label, key: value}. (transfer full) */
NsimPolicySpec *nsim_policy_spec_from_value(const NsimPlugins *plugins, const NsimValue *value, const char *base_dir,
                                            GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* The policy `damon` labelled "damo", with `text`, which errors call `name`. (transfer full) */
NsimPolicySpec *nsim_policy_spec_damo(const NsimPlugins *plugins, const char *text, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void nsim_policy_spec_free(NsimPolicySpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimPolicySpec, nsim_policy_spec_free)

/* Store `text` as the option's value in the struct at `config`. NULL, or what is wrong. (transfer full) */
char *nsim_option_store(const NsimOption *option, const char *text, void *config);
/* An option as `numasim policies NAME` shows it. */
void nsim_option_append(GString *text, const NsimOption *option);
/* Range, unit and default of an option row in words. (transfer full) */
char *nsim_option_describe(const NsimOption *option);
