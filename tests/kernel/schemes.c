/* SPDX-License-Identifier: MIT */
/*
 * DAMON's schemes: what a kernel's did, and beside it what numasim's policy `damon` does with the same accesses, if it
 * has one. Those rows have no verdict: numasim's rules are those of Linux 7.2, where the first window of a quota has
 * its size, and one run differs from the next. The feedback loop that steers a quota by a goal is the same, and is
 * checked.
 */
#include "compare.h"
#include "engine.h"
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

/* ---- The model -----------------------------------------------------------------------------------------------------
 */

#define DEMOTE                                                                                                         \
    "--ops paddr --regions 0-268435456 --damos_action migrate_cold 1 --damos_access_rate 0 0 --damos_age 1s max "      \
    "--damos_quotas 0 16MiB 1s 0 500 500 "
#define PROMOTE                                                                                                        \
    "--numa_node 1 --damos_action migrate_hot 0 --damos_access_rate 5% max --damos_quotas 0 8MiB 1s 0 500 500 "
#define MOVE_NS 4000u
#define ACCESS_PS 60000u

/* The area is the first of node 0, as the guest's schemes watch its span. */
static const struct {
    const char *run, *policy;
} models[] = {
    {"demote", "{name: damon, args: \"damo start " DEMOTE "\"}"},
    {"promote", "{name: damon, args: \"damo start " PROMOTE "\"}"},
    {"both", "{name: damon, args: \"damo start " DEMOTE PROMOTE "--nr_targets 1 1 --nr_schemes 1 1 --nr_ctxs 1 1\"}"}};

static void
print_model(const Recording *recording, const char *policy)
{
    const guint count = recording_count(recording);
    const uint64_t begin_us = recording_number(recording, 0, "time_us");
    g_autoptr(GError) error = NULL;
    const TraceOptions accesses = {.seed = 1,
                                   .before_us = recording_number(recording, 0, "cpu_us"),
                                   .us = recording_number(recording, count - 1, "time_us"),
                                   .gap_ps = ACCESS_PS};
    json_t *report =
        engine_run(recording->run, &accesses, &(EngineOptions){.policies = policy, .move_ns = MOVE_NS}, &error);
    if (report == NULL) {
        printf("    no model beside it: %s\n", error->message);
        return;
    }
    printf("    %s\n    s after the scheme began: moved, MiB, kernel and model; accesses served near\n", policy);
    for (guint row = 0; row < count; row += PRINT_EVERY) {
        const uint64_t time_us = recording_number(recording, row, "time_us") - begin_us + accesses.before_us;
        printf("    %5.1f  %7.1f %7.1f  %4.2f %4.2f\n", (double)(time_us - accesses.before_us) / 1e6,
               (double)recording_number(recording, row, "migrated") * RUN_PAGE_BYTES / MIB,
               engine_moved(report, time_us) * RUN_PAGE_BYTES / MIB, recording_near_share(recording, row),
               engine_near_share(report, time_us));
    }
    json_decref(report);
}

void
compare_schemes(Verdict *verdict, const GPtrArray *recordings)
{
    for (guint i = 0; i < recordings->len; i++) {
        const Recording *recording = recordings->pdata[i];
        if (recording->run->kind != RUN_SCHEMES)
            continue;
        print_kernel(recording);
        /* Once for each run: it is not the kernel's seeds that decide where regions are cut. */
        if (i > 0 && ((const Recording *)recordings->pdata[i - 1])->run == recording->run)
            continue;
        for (size_t m = 0; m < G_N_ELEMENTS(models); m++)
            if (g_str_equal(models[m].run, recording->run->name))
                print_model(recording, models[m].policy);
        if (g_str_equal(recording->run->name, "fed"))
            compare_numbers(verdict, "seconds explained", recording_count(recording) - 1, count_explained(recording),
                            0);
    }
}
