/* SPDX-License-Identifier: MIT */
/* What a reader wants to know of a result and no field holds: shares, what bounds a run, the conclusion in words. */
#pragma once

#include <report/result.h>

/* Accesses of all accessors that `node` served in this run. */
uint64_t
nsim_run_node_access_count(const NsimResult *result, const NsimRunResult *run, uint32_t node);
/* The same as a share of the accesses to all nodes. */
uint64_t
nsim_run_node_share_ppm(const NsimResult *result, const NsimRunResult *run, uint32_t node);
/* Bytes of all lines accessed. */
uint64_t
nsim_run_access_bytes(const NsimRunResult *run);
/*
 * "CXL1 97 % busy" (a long name goes without "busy"), "latency 83 %", "compute 71 %", "barriers 40 %", "kernel 12 %", "blocked 9 %":
 * at most 18 columns. (transfer full)
 */
char *
nsim_run_bound_words(const NsimRunResult *run);
/* The kind as reports for programs have it: "compute", "latency", "resource", "barrier", "kernel", "blocked". (transfer
 * none) */
const char *
nsim_bound_name(NsimBoundKind kind);
/* What such a word means, the word first. (transfer none) */
const char *
nsim_bound_explanation(NsimBoundKind kind);
/* The fastest run of a policy that does not know the future; the earliest of equals. run_count must not be 0. */
uint32_t
nsim_result_best(const NsimResult *result);
/* Number of runs that ended before their work did. */
uint32_t
nsim_result_incomplete_count(const NsimResult *result);
/* "llama.trace on seed-2x4 (topo.yaml), seed 1". (transfer full) */
char *
nsim_result_title(const NsimResult *result);
/* "5 policies, 1.23 M accesses (78.9 MB) each, baseline first-touch". (transfer full) */
char *
nsim_result_subtitle(const NsimResult *result);
/* The conclusion: one or two sentences. (transfer full) */
char *
nsim_result_conclusion(const NsimResult *result);
