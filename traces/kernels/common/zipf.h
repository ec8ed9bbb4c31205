/* SPDX-License-Identifier: MIT */
/*
 * Ranks with a Zipf distribution of exponent 1: rank k, from 0, has a probability proportional to 1 / (k + 1). By a
 * table of sums and a search, so that the numbers need no mathematics library and are the same everywhere.
 */
#pragma once

#include <stdint.h>

typedef struct {
    double *sums; /* of the weights of ranks 0 to k */
    uint64_t count;
} Zipf;

void zipf_init(Zipf *zipf, uint64_t count);
void zipf_clear(Zipf *zipf);
/* The rank of a number from 0 to below 1. */
uint64_t zipf_rank(const Zipf *zipf, double unit);
/* Where rank `rank` of `count` lies when ranks are scattered; one-to-one. */
uint64_t zipf_scatter(uint64_t rank, uint64_t count);
