/* SPDX-License-Identifier: MIT */
/* The table of built-in policies. A new one is named here and in local.mk, nowhere else. */
#include <policies/builtin.h>

extern const NsimPolicyClass *const nsim_policy_first_touch, *const nsim_policy_local, *const nsim_policy_bind,
    *const nsim_policy_preferred, *const nsim_policy_interleave, *const nsim_policy_weighted_interleave,
    *const nsim_policy_nop, *const nsim_policy_oracle, *const nsim_policy_scripted, *const nsim_policy_fail, *const nsim_policy_damon;

const NsimPolicyClass *const *const nsim_builtin_policies[] = {
    &nsim_policy_first_touch, &nsim_policy_local,
    &nsim_policy_bind,        &nsim_policy_preferred,
    &nsim_policy_interleave,  &nsim_policy_weighted_interleave,
    &nsim_policy_nop,         &nsim_policy_oracle,
    &nsim_policy_scripted,    &nsim_policy_fail,
    &nsim_policy_damon,
    NULL,
};
