/* SPDX-License-Identifier: MIT */
/*
 * How much a DAMOS action wants a region, 0 to 99: only the best ones are tried when a quota does not reach for all.
 *
 * Source: damon_hot_score(), damon_cold_score() in Linux mm/damon/ops-common.c, 6.12 to 7.2, written anew. As there,
 * the weight of sizes is accepted and has no effect.
 */
#pragma once

#include <mm/damon/quota.h>

/* `aggr_samples`: samples of an aggregation interval; `aggr_ps`: its length, which turns ages into time. */
uint32_t nsim_damos_hot_score(const NsimDamonRegion *region, uint32_t aggr_samples, NsimTime aggr_ps,
                              uint32_t weight_rate, uint32_t weight_age);

/* Hot, cold, or indifferent (99), by what the plan's action is for. */
uint32_t nsim_damos_score(const NsimDamosPlan *plan, const NsimDamonContext *context, const NsimDamonRegion *region);
