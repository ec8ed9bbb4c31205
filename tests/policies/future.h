/* SPDX-License-Identifier: MIT */
/* Futures made by hand: which lines of which page each accessor will read and write. */
#pragma once

#include <tests/mm/box.h>

typedef struct {
    NsimFuture view;
    uint32_t accessor_count;
} Future;

/*
 * A future in which nothing is touched, for the spaces in the box; each accessor can have `window` lines outstanding.
 */
void future_init(Future *future, const Box *box, uint32_t window);
void future_clear(Future *future);
/* The accessor reads and writes so many lines of each of `count` pages from `page` on. */
void future_fill(Future *future, uint32_t space, uint32_t accessor, NsimPage page, uint32_t count, uint32_t reads,
                 uint32_t writes);
