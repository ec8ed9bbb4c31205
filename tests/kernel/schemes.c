/* SPDX-License-Identifier: MIT */
/*
 * DAMON's schemes: what a kernel's did, what the model's kdamonds do with 6.12's rules, and numasim itself with
 * `damon_rules=6.12`. One run differs from the next, as regions are cut at random; so a kernel's median is held against
 * the range of the model's runs, and one run of numasim against those of both. The feedback loop that steers a quota by
 * a goal is not random, and has to be exact.
 */
#include "compare.h"
#include "engine.h"
#include "recording.h"
#include "scheme-run.h"

#include <mm/damon/tune.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MIB (1024.0 * 1024.0)
#define SEEDS 11u
/* More of them than seeds and recordings there are. */
#define RUNS_MAX 16u

/* ---- The feedback loop ------------------------------------------------------------------------------------------ */

/* The loop's value is kept in 1/10000 byte and begins at one byte; the size quota bounds what is made of it. */
#define BP 10000u
#define FED_BOUND (64 * UINT64_C(1048576))
#define STATES_MAX 64u

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
    if (MIN(value / BP, FED_BOUND) == effective && states->count < STATES_MAX)
        states->values[states->count++] = value;
}

static uint64_t
score_at(const SchemeRun *run, guint row)
{
    return g_str_equal(run->run->name, "fed") ? scheme_fed_score(row) : scheme_score(&run->rows[row]);
}

/*
 * From row to row a window of the quota ends, seldom none, and it saw this row's score or the one before: which values
 * can the loop have by now? None: it does something else.
 */
static guint
count_explained(const SchemeRun *run)
{
    States states = {.values = {BP}, .count = 1};
    guint row = 1;
    for (; row < run->count; row++) {
        const uint64_t effective = (uint64_t)run->rows[row].quota_bytes[0];
        States next = {.count = 0};
        for (unsigned i = 0; i < states.count; i++) {
            add_state(&next, nsim_damon_next_input(states.values[i], score_at(run, row)), effective);
            add_state(&next, nsim_damon_next_input(states.values[i], score_at(run, row - 1)), effective);
            add_state(&next, states.values[i], effective);
        }
        if (next.count == 0)
            break;
        states = next;
    }
    return row - 1;
}

/* ---- Figures of a run ------------------------------------------------------------------------------------------- */

static guint
row_of(const SchemeRun *run, unsigned second)
{
    return MIN(second, run->count - 1);
}

static double
moved_mib(const SchemeRun *run, unsigned second)
{
    return run->rows[row_of(run, second)].moved_bytes / MIB;
}

/* When nearly all had moved that ever did. */
static double
stalled_s(const SchemeRun *run, unsigned unused)
{
    (void)unused;
    const double end = run->rows[run->count - 1].moved_bytes;
    guint row = 0;
    while (run->rows[row].moved_bytes < 0.99 * end)
        row++;
    return row;
}

static int
compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Tried in a window that had a size, by a scheme: the median of seconds in which it tried anything. */
static double
window_mib(const SchemeRun *run, unsigned scheme)
{
    double tried[SCHEME_ROWS_MAX] = {0};
    unsigned count = 0;
    for (guint row = 3; row < run->count; row++) {
        const double bytes = run->rows[row].tried_bytes[scheme] - run->rows[row - 1].tried_bytes[scheme];
        if (bytes > 0)
            tried[count++] = bytes / MIB;
    }
    return count > 0 ? median(tried, count) : 0;
}

static double
hot_near_percent(const SchemeRun *run, unsigned second)
{
    const guint row = row_of(run, second);
    return 100 * run->rows[row].near[scheme_hot_tenth(run, row)] / RUN_TENTH_PAGES;
}

static double
hot_moved_pages(const SchemeRun *run, unsigned second)
{
    const guint row = row_of(run, second);
    return RUN_TENTH_PAGES - run->rows[row].near[scheme_hot_tenth(run, row)];
}

/* The present tenth, in the last row before each move: the least of them. */
static double
caught_percent(const SchemeRun *run, unsigned unused)
{
    (void)unused;
    double least = 100;
    for (guint row = 0; row + 1 < run->count; row++)
        if (scheme_hot_tenth(run, row) != scheme_hot_tenth(run, row + 1))
            least = fmin(least, hot_near_percent(run, row));
    return least;
}

static double
goal_percent(const SchemeRun *run, unsigned second)
{
    return (double)scheme_score(&run->rows[row_of(run, second)]) / 100;
}

/* When the quota was above so many KiB. */
static double
quota_s(const SchemeRun *run, unsigned kib)
{
    guint row = 0;
    while (row + 1 < run->count && run->rows[row].quota_bytes[0] < 1024.0 * kib)
        row++;
    return row;
}

/* By how much the quota shrinks from window to window, once the goal is exceeded and nothing moves any more. */
static double
shrinks_percent(const SchemeRun *run, unsigned unused)
{
    (void)unused;
    double shares[SCHEME_ROWS_MAX] = {0};
    unsigned count = 0;
    for (guint row = run->count - 8; row < run->count; row++) {
        const double before = run->rows[row - 1].quota_bytes[0], now = run->rows[row].quota_bytes[0];
        if (before > 0 && now < before)
            shares[count++] = 100 * now / before;
    }
    return count > 0 ? median(shares, count) : 100;
}

#define LAST SCHEME_ROWS_MAX
/* What is not known better: a row a second; a page of a window; the kernel's rounding. */
#define STEP_S 1.0
#define STEP_MIB 0.01
#define STEP_PAGES 1.0
#define STEP_POINTS 1.0

/*
 * `known`: so far may a kernel's median lie outside the model's runs, where it is known to (docs/kernel-judge.md); 0:
 * nothing of the kind is known.
 */
static const struct {
    const char *run, *name;
    double (*of)(const SchemeRun *run, unsigned argument);
    unsigned argument;
    double unit, known;
} figures[] = {
    {"demote", "tried a window, MiB", window_mib, 0, STEP_MIB, 0},
    {"demote", "moved after 2 s, MiB", moved_mib, 2, STEP_MIB, 0},
    {"demote", "moved after 5 s, MiB", moved_mib, 5, STEP_MIB, 0},
    {"demote", "moved after 10 s, MiB", moved_mib, 10, STEP_MIB, 0},
    {"demote", "moved after 20 s, MiB", moved_mib, 20, STEP_MIB, 0},
    {"demote", "moved in the end, MiB", moved_mib, LAST, STEP_MIB, 0},
    {"demote", "stalled after, s", stalled_s, 0, STEP_S, 0},
    {"demote", "hot pages moved", hot_moved_pages, LAST, STEP_PAGES, 0},
    {"promote", "moved after 1 s, MiB", moved_mib, 1, STEP_MIB, 0},
    {"promote", "moved after 5 s, MiB", moved_mib, 5, STEP_MIB, 5},
    {"promote", "moved after 10 s, MiB", moved_mib, 10, STEP_MIB, 20},
    {"promote", "moved in the end, MiB", moved_mib, LAST, STEP_MIB, 10},
    {"promote", "stalled after, s", stalled_s, 0, STEP_S, 0},
    {"promote", "hot near after 2 s, %", hot_near_percent, 2, STEP_POINTS, 0},
    {"both", "tried down a window, MiB", window_mib, 0, STEP_MIB, 0},
    {"both", "tried up a window, MiB", window_mib, 1, STEP_MIB, 0},
    {"both", "moved after 10 s, MiB", moved_mib, 10, STEP_MIB, 0},
    {"both", "moved after 20 s, MiB", moved_mib, 20, STEP_MIB, 0},
    {"both", "moved in the end, MiB", moved_mib, LAST, STEP_MIB, 0},
    {"both", "least hot near at moves, %", caught_percent, 0, STEP_POINTS, 0},
    {"closed", "quota above 1 MiB after, s", quota_s, 1024, STEP_S, 0},
    {"closed", "quota above 32 MiB after, s", quota_s, 32 * 1024, STEP_S, 0},
    {"closed", "goal reached after 30 s, %", goal_percent, 30, STEP_POINTS, 0},
    {"closed", "goal reached after 35 s, %", goal_percent, 35, STEP_POINTS, 0},
    {"closed", "goal reached in the end, %", goal_percent, LAST, STEP_POINTS, 0},
    {"closed", "quota of the last, %", shrinks_percent, 0, STEP_POINTS, 0},
    {"closed", "hot pages moved", hot_moved_pages, LAST, STEP_PAGES, 50},
};

/* ---- Runs side by side ------------------------------------------------------------------------------------------ */

typedef struct {
    double median, least, most;
} Range;

typedef struct {
    unsigned count;
    SchemeRun of[RUNS_MAX];
} SchemeRuns;

static Range
range_of(const SchemeRuns *set, size_t figure)
{
    double values[RUNS_MAX] = {0};
    for (unsigned i = 0; i < set->count; i++)
        values[i] = figures[figure].of(&set->of[i], figures[figure].argument);
    const double middle = median(values, set->count);
    return (Range){middle, values[0], values[set->count - 1]};
}

static double
distance(double value, Range range)
{
    return fmax(0, fmax(range.least - value, value - range.most));
}

static void
print_verdict(Verdict *verdict, bool near, double off, double unit, double known)
{
    verdict->figures++;
    if (near) {
        verdict->near++;
        printf("ok\n");
    } else if (off <= unit) {
        verdict->within++;
        printf("ok by spread\n");
    } else if (off <= known) {
        verdict->known++;
        printf("NOT, by %.2f: known, at most %.2f\n", off, known);
    } else
        printf("NOT, by %.2f\n", off);
}

static void
compare_figure(Verdict *verdict, size_t figure, const SchemeRuns *recorded, const SchemeRuns *modelled)
{
    const Range kernel = range_of(recorded, figure), model = range_of(modelled, figure);
    const double unit = figures[figure].unit, known = figures[figure].known, off = distance(kernel.median, model);
    printf("    %-27s %8.2f [%7.2f %7.2f]  %8.2f [%7.2f %7.2f]  ", figures[figure].name, kernel.median, kernel.least,
           kernel.most, model.median, model.least, model.most);
    print_verdict(verdict, fabs(kernel.median - model.median) <= unit, off, unit, known);
}

/* ---- numasim ---------------------------------------------------------------------------------------------------- */

/* Starting a move, and an access: CPU times like those of the guest's program. */
#define MOVE_NS 4000u
#define ACCESS_PS 60000u
/* It runs so long only: what comes later says little more, for much time. */
#define NUMASIM_ROWS 21u
#define NUMASIM_CLOSED_ROWS 36u

static guint
numasim_rows(const Run *run)
{
    return g_str_equal(run->name, "closed") ? NUMASIM_CLOSED_ROWS : NUMASIM_ROWS;
}

/* What has moved, by numasim's report, all of it one way: the rest of the rows stays 0. */
static bool
run_numasim(const Recording *recording, SchemeRun *ret, GError **error)
{
    const Run *run = recording->run;
    const guint count = MIN(recording_count(recording), numasim_rows(run));
    const uint64_t begin_us = recording_number(recording, 0, "time_us");
    const TraceOptions accesses = {.seed = 1,
                                   .before_us = recording_number(recording, 0, "cpu_us"),
                                   .us = recording_number(recording, count - 1, "time_us"),
                                   .gap_ps = ACCESS_PS};
    g_autofree char *policy = scheme_policy(run, recording->span_bytes, accesses.before_us);
    json_t *report = engine_run(run, &accesses, &(EngineOptions){.policies = policy, .move_ns = MOVE_NS}, error);
    if (report == NULL)
        return false;
    *ret = (SchemeRun){.run = run, .count = count};
    for (guint row = 0; row < ret->count; row++) {
        const uint64_t time_us = recording_number(recording, row, "time_us") - begin_us + accesses.before_us;
        ret->rows[row].moved_bytes = engine_moved(report, time_us) * RUN_PAGE_BYTES;
        ret->rows[row].near[0] = RUN_AREA_PAGES - engine_moved(report, time_us);
    }
    json_decref(report);
    return true;
}

/* One run of it is to lie among those of the model and of the kernel. */
static void
compare_numasim(Verdict *verdict, const Recording *recording, const SchemeRuns *recorded, const SchemeRuns *modelled)
{
    g_autoptr(GError) error = NULL;
    SchemeRun run;
    if (!run_numasim(recording, &run, &error)) {
        compare_failed(verdict, error->message);
        return;
    }
    printf("    %-27s %8s %17s  %8s\n", "", "both", "", "numasim, damon_rules=6.12");
    for (size_t i = 0; i < G_N_ELEMENTS(figures); i++) {
        if (!g_str_equal(figures[i].run, recording->run->name) || figures[i].argument >= run.count ||
            (figures[i].of != moved_mib && figures[i].of != goal_percent))
            continue;
        const Range kernel = range_of(recorded, i), model = range_of(modelled, i);
        const Range both = {0, fmin(kernel.least, model.least), fmax(kernel.most, model.most)};
        const double value = figures[i].of(&run, figures[i].argument), unit = figures[i].unit;
        printf("    %-27s %8s [%7.2f %7.2f]  %8.2f %17s  ", figures[i].name, "", both.least, both.most, value, "");
        print_verdict(verdict, false, distance(value, both), unit, 0);
    }
}

/* Hardly any access a second: the loop does not depend on them. */
#define FED_ACCESSES_PER_S 1000u
/* In the third of the four scores. */
#define NUMASIM_FED_ROWS 26u

/* A run for each row, which ends there and says how large the quota is then. The loop has to explain all of them. */
static void
compare_fed(Verdict *verdict, const Recording *recording)
{
    Run slow = *recording->run;
    slow.accesses_per_s = FED_ACCESSES_PER_S;
    const uint64_t begin_us = recording_number(recording, 0, "cpu_us");
    g_autofree char *policy = scheme_policy(&slow, recording->span_bytes, begin_us);
    SchemeRun run = {.run = recording->run, .count = MIN(recording_count(recording), NUMASIM_FED_ROWS)};
    for (guint row = 1; row < run.count; row++) {
        g_autoptr(GError) error = NULL;
        const TraceOptions accesses = {
            .seed = 1, .before_us = begin_us, .us = row * UINT64_C(1000000), .gap_ps = ACCESS_PS};
        json_t *report = engine_run(&slow, &accesses, &(EngineOptions){.policies = policy, .move_ns = MOVE_NS}, &error);
        if (report == NULL) {
            compare_failed(verdict, error->message);
            return;
        }
        run.rows[row].quota_bytes[0] = engine_quota_bytes(report);
        json_decref(report);
    }
    printf("    numasim, damon_rules=6.12, damon_feed: quotas of");
    for (guint row = 1; row < run.count; row++)
        printf(" %.0f", run.rows[row].quota_bytes[0]);
    printf("\n");
    compare_numbers(verdict, "seconds explained", run.count - 1, count_explained(&run), 0);
}

static void
compare_run(Verdict *verdict, const Recording *recording, const SchemeRuns *recorded)
{
    const Run *run = recorded->of[0].run;
    const uint64_t span_bytes = recording->span_bytes; /* sorted: the longest */
    g_autofree SchemeRuns *modelled = g_new0(SchemeRuns, 1);
    for (; modelled->count < SEEDS; modelled->count++)
        modelled->of[modelled->count] = scheme_run_model(run, span_bytes, modelled->count + 1);
    printf("    %-27s %8s %17s  %8s\n", "median [least, most]", "kernel", "", "model");
    for (size_t i = 0; i < G_N_ELEMENTS(figures); i++)
        if (g_str_equal(figures[i].run, run->name))
            compare_figure(verdict, i, recorded, modelled);
    compare_numasim(verdict, recording, recorded, modelled);
}

void
compare_schemes(Verdict *verdict, const GPtrArray *recordings)
{
    g_autofree SchemeRuns *recorded = g_new0(SchemeRuns, 1);
    for (guint i = 0; i < recordings->len; i++) {
        const Recording *recording = recordings->pdata[i];
        if (recording->run->kind != RUN_SCHEMES)
            continue;
        const SchemeRun run = scheme_run_recorded(recording);
        printf("%s, seed %s: schemes\n", recording->run->name, recording->seed);
        if (g_str_equal(run.run->name, "fed") || g_str_equal(run.run->name, "closed"))
            compare_numbers(verdict, "seconds explained", run.count - 1, count_explained(&run), 0);
        if (recorded->count < RUNS_MAX)
            recorded->of[recorded->count++] = run;
        if (i + 1 < recordings->len && ((const Recording *)recordings->pdata[i + 1])->run == recording->run)
            continue;
        g_autofree char *args = scheme_args(run.run, run.span_bytes);
        if (g_str_equal(run.run->name, "fed"))
            compare_fed(verdict, recording);
        else if (args != NULL)
            compare_run(verdict, recording, recorded);
        recorded->count = 0;
    }
}
