/* SPDX-License-Identifier: MIT */
/* The policies built into the program: one explicit table, in the order `numasim policies` lists them. */
#pragma once

#include <numasim/policy.h>

/* NULL-terminated. */
extern const NsimPolicyClass *const *const nsim_builtin_policies[];
