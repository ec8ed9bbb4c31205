/* SPDX-License-Identifier: MIT */
/* Results made by hand: what the renderers' tests print. */
#pragma once

#include <report/result.h>

/* A machine of two CPUs with DRAM and CXL memory each, `run_count` (1 to 8) policies; all fields filled, none absurd.
 */
NsimResult *
sample_new(uint32_t run_count);
/* The same for a machine of any size; ids are made up. */
NsimResult *
sample_new_sized(uint32_t run_count, uint32_t accessor_count, uint32_t node_count, uint32_t link_count);
/* Replace a string of the result. */
void
sample_set(char **string, const char *value);
/*
 * Make run `index` move pages: figures that add up (costs and charges, causes and failures), payers of every kind, a
 * group, accesses that waited; the timeline's rows too, where there is one.
 */
void
sample_add_migrations(NsimResult *result, uint32_t index);
/* Let run `index` have had `kdamonds` kdamonds, the last one with figures as wide as they get, and its schemes. */
void
sample_add_damon(NsimResult *result, uint32_t index, uint32_t kdamonds);
/* Give every run `rows` rows of timeline. */
void
sample_add_timeline(NsimResult *result, uint32_t rows);
