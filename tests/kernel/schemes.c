/* SPDX-License-Identifier: MIT */
/*
 * DAMON's schemes: what a kernel's did, and where a rule of the model can be held against it: the feedback loop that
 * steers a quota by a goal.
 */
#include "compare.h"
#include "recording.h"

#include <mm/damon/tune.h>

#include <stdio.h>

#define MIB (1024.0 * 1024.0)
#define PRINT_EVERY 5u
/* The loop's value is kept in 1/10000 byte and begins at one byte. */
#define BP 10000u
/* What `fed` tells its goal, one every ten rows (guest/guest.c). */
#define FED_ROWS 10u
#define FED_SCORES                                                                                                     \
    {                                                                                                                  \
        5000, 12000, 9000, 10000                                                                                       \
    }
#define FED_COUNT 4u
#define STATES_MAX 64u

/* ---- What the kernel did -------------------------------------------------------------------------------------------
 */

static double
number(const Recording *recording, guint row, const char *name, unsigned scheme)
{
    g_autofree char *column = g_strdup_printf("%s%u", name, scheme);
    return (double)recording_number(recording, row, column);
}

static void
print_row(const Recording *recording, guint row, unsigned schemes)
{
    const uint64_t time_us = recording_number(recording, row, "time_us");
    const unsigned hot = run_hot_first(recording->run, time_us) / RUN_TENTH_PAGES;
    double near = 0;
    for (unsigned tenth = 0; tenth < RUN_TENTHS; tenth++)
        near += number(recording, row, "near", tenth);
    const double near_hot = number(recording, row, "near", hot);
    printf("    %5.1f s  near: %3.0f %% of the hot, %3.0f %% of the cold pages", (double)time_us / 1e6,
           100 * near_hot / RUN_TENTH_PAGES, 100 * (near - near_hot) / (RUN_AREA_PAGES - RUN_TENTH_PAGES));
    for (unsigned k = 0; k < schemes; k++)
        printf("; tried %6.1f MiB, applied %6.1f MiB, %2.0f windows used up, quota %.0f bytes",
               number(recording, row, "sz_tried", k) / MIB, number(recording, row, "sz_applied", k) / MIB,
               number(recording, row, "qt_exceeds", k), number(recording, row, "effective_bytes", k));
    printf("\n");
}

static void
print_kernel(const Recording *recording)
{
    const unsigned schemes = (g_strv_length(recording->columns) - RECORDING_COLUMNS) / RECORDING_SCHEME_COLUMNS;
    printf("%s, seed %s: schemes, the kernel alone\n", recording->run->name, recording->seed);
    for (guint row = 0; row < recording_count(recording); row += PRINT_EVERY)
        print_row(recording, row, schemes);
}

/* ---- The feedback loop ---------------------------------------------------------------------------------------------
 */

typedef struct {
    uint64_t values[STATES_MAX];
    unsigned count;
} States;

static void
add_state(States *states, uint64_t value, uint64_t effective)
{
    for (unsigned i = 0; i < states->count; i++)
        if (states->values[i] == value)
            return;
    if (value / BP == effective && states->count < STATES_MAX)
        states->values[states->count++] = value;
}

/*
 * From row to row a window of the quota ends, seldom none, and it saw this row's score or the one before: which values
 * can the loop have by now? None: it does something else.
 */
static guint
count_explained(const Recording *recording)
{
    static const uint64_t scores[FED_COUNT] = FED_SCORES;
    States states = {.values = {BP}, .count = 1};
    guint row = 1;
    for (; row < recording_count(recording); row++) {
        const uint64_t effective = recording_number(recording, row, "effective_bytes0");
        const uint64_t score = scores[MIN(row / FED_ROWS, FED_COUNT - 1)];
        const uint64_t before = scores[MIN((row - 1) / FED_ROWS, FED_COUNT - 1)];
        States next = {.count = 0};
        for (unsigned i = 0; i < states.count; i++) {
            add_state(&next, nsim_damon_next_input(states.values[i], score), effective);
            add_state(&next, nsim_damon_next_input(states.values[i], before), effective);
            add_state(&next, states.values[i], effective);
        }
        if (next.count == 0)
            break;
        states = next;
    }
    return row - 1;
}

void
compare_schemes(Verdict *verdict, const GPtrArray *recordings)
{
    for (guint i = 0; i < recordings->len; i++) {
        const Recording *recording = recordings->pdata[i];
        if (recording->run->kind != RUN_SCHEMES)
            continue;
        print_kernel(recording);
        if (g_str_equal(recording->run->name, "fed"))
            compare_numbers(verdict, "seconds explained", recording_count(recording) - 1, count_explained(recording),
                            0);
    }
}
