/* SPDX-License-Identifier: MIT */
/*
 * Where kdamonds run, as text: what `taskset` does to a kernel thread. damo has no spelling for it.
 *
 *     TEXT = CPU { ("," | " ") CPU }        CPU = a number, or "any"
 *
 * CPUs are numbered through all CPU accessors in the machine's order, as in filters of access reports (report.h). One
 * is for all kdamonds; several are one for each.
 */
#pragma once

#include <mm/cpus.h>
#include <mm/damon/plan.h>

/* Numbers, int32_t, "any" as -1. NULL with `error`: where in the text, what was found, what is allowed. (transfer full)
 */
GArray *nsim_damon_cores_read(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Give them to the kdamonds of a plan that have none. False with `error`: the machine has no such CPU, or the number of
 * them is neither 1 nor that of the kdamonds. */
bool nsim_damon_cores_set(const char *text, const NsimDamonPlan *plan, const NsimCpus *cpus,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
