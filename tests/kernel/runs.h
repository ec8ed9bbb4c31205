/* SPDX-License-Identifier: MIT */
/*
 * The runs that a kernel and the model are compared on: what the program in the guest accesses and what watches it.
 * Read by the guest's program, by what boots it and by what compares, so that there is one definition.
 *
 * The area has 65536 pages of 4 KiB. "Hot" is a tenth of its pages that gets nine tenths of the accesses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RUN_PAGE_BYTES 4096u
#define RUN_AREA_PAGES 65536u
#define RUN_TENTH_PAGES 6553u
#define RUN_TENTHS 10u
/* The tenth that is hot, one after the other every 10 s where it moves. */
#define RUN_MOVES                                                                                                      \
    {                                                                                                                  \
        4, 1, 7, 3, 9, 0                                                                                               \
    }
#define RUN_MOVES_MAX 6u
#define RUN_MOVE_US UINT64_C(10000000)
/* The program's accesses begin so long before anything watches them. */
#define RUN_LEAD_US UINT64_C(1200000)

typedef enum { RUN_MONITOR, RUN_SCHEMES, RUN_BALANCING } RunKind;
typedef enum { RUN_HOT, RUN_HOT_MOVES, RUN_SWEEP, RUN_IDLE } RunPattern;

typedef struct {
    const char *name;
    RunKind kind;
    RunPattern pattern;
    uint32_t accesses_per_s;
    uint32_t accesses_per_page; /* sweeps: in a row */
    bool huge;                  /* huge pages */
    bool fixed;                 /* `fvaddr` on the area alone, else `vaddr` */
    bool far;                   /* the area starts on node 1 */
    uint32_t seconds;           /* it is watched for so long */
} Run;

/* One row a line. */
/* clang-format off */
static const Run runs[] = {
    /* name      kind           pattern        rate     row huge   fixed  far    s */
    { "a",       RUN_MONITOR,   RUN_HOT,       1000000, 1,  false, false, false, 24 },
    { "fa",      RUN_MONITOR,   RUN_HOT,       1000000, 1,  false, true,  false, 24 },
    { "alow",    RUN_MONITOR,   RUN_HOT,       200000,  1,  false, false, false, 24 },
    { "falow",   RUN_MONITOR,   RUN_HOT,       200000,  1,  false, true,  false, 24 },
    { "b",       RUN_MONITOR,   RUN_HOT_MOVES, 1000000, 1,  false, false, false, 52 },
    { "c",       RUN_MONITOR,   RUN_SWEEP,     262144,  16, false, false, false, 24 },
    { "cfast",   RUN_MONITOR,   RUN_SWEEP,     655360,  1,  false, false, false, 24 },
    { "idle",    RUN_MONITOR,   RUN_IDLE,      0,       1,  false, false, false, 16 },
    { "thp",     RUN_MONITOR,   RUN_HOT,       1000000, 1,  true,  false, false, 24 },
    { "demote",  RUN_SCHEMES,   RUN_HOT,       500000,  1,  false, false, false, 30 },
    { "promote", RUN_SCHEMES,   RUN_HOT,       500000,  1,  false, false, true,  20 },
    { "both",    RUN_SCHEMES,   RUN_HOT_MOVES, 500000,  1,  false, false, false, 50 },
    { "fed",     RUN_SCHEMES,   RUN_HOT,       500000,  1,  false, false, false, 40 },
    { "closed",  RUN_SCHEMES,   RUN_HOT,       500000,  1,  false, false, false, 45 },
    { "nb",      RUN_BALANCING, RUN_HOT,       500000,  1,  false, false, true,  70 },
    { "nbhi",    RUN_BALANCING, RUN_HOT,       2000000, 1,  false, false, true,  40 },
};
/* clang-format on */
#define RUN_COUNT (sizeof runs / sizeof runs[0])

/* First page of the hot tenth, `time_us` after the accesses began. */
static inline uint32_t
run_hot_first(const Run *run, uint64_t time_us)
{
    static const uint32_t moves[RUN_MOVES_MAX] = RUN_MOVES;
    const uint64_t move = run->pattern == RUN_HOT_MOVES ? time_us / RUN_MOVE_US : 0;
    return RUN_TENTH_PAGES * moves[move < RUN_MOVES_MAX ? move : RUN_MOVES_MAX - 1];
}
