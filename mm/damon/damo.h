/* SPDX-License-Identifier: MIT */
/*
 * Texts for DAMON as its users have them: a damo command line with its line breaks, or a kdamonds file, JSON or YAML.
 *
 * Source: options, units and formats of the damo tool as of mid-2026 (USAGE.md and the output of `damo args damon`).
 * Rules of ours, where a simulator has no such thing: a pid is a workload (its name, or its number from 0 in the order
 * of the experiment), `$(pidof NAME)` is that name; the path of a memory cgroup is a group's name, without `/` in
 * front. Left out: names of files in the text (the caller reads files), --ops_addr_unit other than 1, probes.
 */
#pragma once

#include <mm/damon/plan.h>

/* Longer texts, and lists that would make longer plans, are refused. */
#define NSIM_DAMO_TEXT_MAX (1u << 20)
#define NSIM_DAMO_SCHEMES_MAX 4096u
#define NSIM_DAMO_CONTEXTS_MAX 256u

/*
 * A text that begins with `{` or has `kdamonds:` at the start of a line is a kdamonds file, all else a command line.
 * NULL with `error` (NSIM_CONFIG_ERROR): where in the text, what was found, what is allowed. (transfer full)
 */
NsimDamonPlan *nsim_damo_read(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same, with what errors call the text. */
NsimDamonPlan *nsim_damo_read_named(const char *text, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All of the file at `path`, a text that can be read; NULL with `error`. (transfer full) */
char *nsim_damo_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
