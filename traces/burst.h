/* SPDX-License-Identifier: MIT */
/*
 * The record that replay consumes: a burst of consecutive cache lines inside one page, by one thread.
 *
 * Runs on disk may span pages; the trace cursor cuts them, so that page work is done once for each burst.
 */
#pragma once

#include <numasim/types.h>

typedef enum {
    NSIM_OP_READ = 0,  /* lines are filled for loads */
    NSIM_OP_WRITE = 1, /* dirty lines are written back */
    NSIM_OP_RFO = 2,   /* lines are filled for stores: read traffic, but the page becomes dirty */
    /* Control records: `page` is the operand, no memory is touched. */
    NSIM_OP_PAUSE = 4,   /* compute for page * 2^32 gap units more before the next record */
    NSIM_OP_BARRIER = 5, /* wait for the other threads of barrier group `page` */
    NSIM_OP_MARK = 6     /* the thread passes mark `page` (an index into the trace's mark names) */
} NsimOp;

#define NSIM_OP_IS_CONTROL(op) ((op) >= NSIM_OP_PAUSE)

enum {
    NSIM_BURST_DEPENDENT = 1u << 0,   /* may issue only when the thread's previous burst has completed */
    NSIM_BURST_PREFETCHABLE = 1u << 1 /* part of a stream that hardware prefetchers follow: the streaming window holds */
};

/* 16 bytes. `gap` and `step` count in the unit the trace declares (instructions or picoseconds). */
typedef struct {
    uint32_t page;  /* dense base-page index in the trace's address space, in virtual-address order */
    uint16_t line;  /* first line in the page */
    uint16_t count; /* lines, at least 1; line + count <= lines in a page */
    uint32_t gap;   /* compute before the first line */
    uint16_t step;  /* compute between two lines, in 1/16 of the unit */
    uint8_t op;     /* NsimOp */
    uint8_t flags;
} NsimBurst;

_Static_assert(sizeof(NsimBurst) == 16, "bursts are stored and prefetched as 16-byte records");
