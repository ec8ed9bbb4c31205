/* SPDX-License-Identifier: MIT */
/* numasim's model of DAMON on the accesses of a run. */
#pragma once

#include "figures.h"

/*
 * The figures of one run of the model, as Linux 6.12 has its rules, with statistical accesses of the rate that was
 * really done (tests/mm/damon/pattern.h).
 */
FigureRun model_run(const Run *run, double accesses_per_s, uint64_t seed);
