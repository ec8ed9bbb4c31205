/* SPDX-License-Identifier: MIT */
/*
 * A kernel and the model side by side:
 *
 *     compare FOLDER
 *
 * FOLDER has summaries by tests/kernel/record. Runs of a pattern are compared by regime (docs/kernel-judge.md), each
 * with as many runs of the model in the same regime. What schemes and balancing did is compared by schemes.c. Status: 0
 * all figures agree, 1 some do not, 2 wrong use.
 */
#include "compare.h"
#include "figures.h"
#include "model.h"
#include "recording.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Runs of the model that are averaged, and how many seeds may be tried for them. */
#define MODEL_RUNS 6u
#define SEEDS_MAX 40u
/* Compact runs have some twenty regions, fragmented ones hundreds. */
#define FRAGMENTED_FROM 100.0
/* How far apart means may be. An aggregation takes a tenth of a second: nothing is known to better than that. */
#define HOT_SHARE 0.05
#define COLD_COUNTS 0.05
#define REGION_SHARE 0.20
#define POINTS 0.05
#define STEP_S 0.11
#define LEAST_RUNS 3u
#define DEVIATIONS 2.0
/* Below it hot memory is not found, and how long that takes says nothing. */
#define FOUND_RECALL 0.5

typedef struct {
    double mean, least, most;
    double deviation; /* standard deviation; 0 for fewer than three runs */
} Spread;

typedef struct {
    bool fragmented, full;
} Regime;

/* ---- Runs of a regime ----------------------------------------------------------------------------------------------
 */

static Regime
regime_of(const FigureRun *figures)
{
    return (Regime){figures->regions >= FRAGMENTED_FROM, figures->full >= 0.5};
}

/*
 * By which threshold regions merge decides a region that was hit by all samples; where nothing is hot that does not
 * tell regimes apart, and yet it tells runs apart.
 */
static bool
same_regime(Regime a, Regime b)
{
    return a.fragmented == b.fragmented && a.full == b.full;
}

static Spread
spread_of(const GArray *figures, size_t offset)
{
    Spread spread = {0, INFINITY, -INFINITY, 0};
    double squares = 0;
    for (guint i = 0; i < figures->len; i++) {
        const double value = G_STRUCT_MEMBER(double, &g_array_index(figures, FigureRun, i), offset);
        spread.mean += value / figures->len;
        squares += value * value;
        spread.least = MIN(spread.least, value);
        spread.most = MAX(spread.most, value);
    }
    if (figures->len >= LEAST_RUNS)
        spread.deviation = sqrt(fmax(squares - figures->len * spread.mean * spread.mean, 0) / (figures->len - 1));
    return spread;
}

/* Delays after moves count one by one; those that were never over as the ten seconds that they had. */
static Spread
move_delays(const GArray *figures)
{
    Spread spread = {0, INFINITY, -INFINITY, 0};
    uint32_t count = 0;
    for (guint i = 0; i < figures->len; i++) {
        const FigureRun *run = &g_array_index(figures, FigureRun, i);
        for (uint32_t m = 0; m < run->move_count; m++, count++) {
            const double delay = run->move_delay_s[m] >= 0 ? run->move_delay_s[m] : (double)RUN_MOVE_US / 1e6;
            spread.mean += delay;
            spread.least = MIN(spread.least, delay);
            spread.most = MAX(spread.most, delay);
        }
    }
    spread.mean /= MAX(count, 1);
    return spread;
}

/* Runs of the model in the same regime as `recorded`. */
static GArray *
run_model(const Run *run, double accesses_per_s, Regime regime)
{
    GArray *figures = g_array_new(FALSE, FALSE, sizeof(FigureRun));
    for (uint64_t seed = 1; seed <= SEEDS_MAX && figures->len < MODEL_RUNS; seed++) {
        const FigureRun one = model_run(run, accesses_per_s, seed);
        if (same_regime(regime_of(&one), regime))
            g_array_append_val(figures, one);
    }
    return figures;
}

/* ---- Rows ----------------------------------------------------------------------------------------------------------
 */

static void
print_verdict(Verdict *verdict, bool near, bool within)
{
    verdict->figures++;
    verdict->near += near;
    verdict->within += !near && within;
    printf("%s\n", near ? "ok" : within ? "ok by spread" : "NOT");
}

void
compare_numbers(Verdict *verdict, const char *what, double kernel, double model, double tolerance)
{
    printf("    %-24s %10.2f %10.2f  +-%-9.2f ", what, kernel, model, tolerance);
    print_verdict(verdict, fabs(model - kernel) <= tolerance, false);
}

void
compare_failed(Verdict *verdict, const char *why)
{
    printf("    %s ", why);
    print_verdict(verdict, false, false);
}

/* Nothing is known to better than `unit`. A single run is that far from the mean of others in one case of twenty. */
static bool
lies_among(double mean, Spread spread, double unit)
{
    return (mean >= spread.least - unit && mean <= spread.most + unit) ||
           fabs(mean - spread.mean) <= DEVIATIONS * spread.deviation;
}

/* The means are near each other, or one lies among the runs of the other. */
static void
compare_spreads(Verdict *verdict, const char *what, Spread kernel, Spread model, double tolerance, double unit)
{
    const bool near = fabs(model.mean - kernel.mean) <= tolerance;
    const bool within = lies_among(model.mean, kernel, unit) || lies_among(kernel.mean, model, unit);
    printf("    %-12s %8.3f [%7.3f %7.3f]  %8.3f [%7.3f %7.3f]  +-%-7.3f ", what, kernel.mean, kernel.least,
           kernel.most, model.mean, model.least, model.most, tolerance);
    print_verdict(verdict, near, within);
}

/* Where hot memory is found at all. */
static void
compare_delays(Verdict *verdict, const Run *run, const GArray *kernel, const GArray *model)
{
    const size_t delay = offsetof(FigureRun, delay_s), recall = offsetof(FigureRun, recall);
    if (spread_of(kernel, recall).mean < FOUND_RECALL)
        return;
    compare_spreads(verdict, "delay_s", spread_of(kernel, delay), spread_of(model, delay), STEP_S, STEP_S);
    if (run->pattern == RUN_HOT_MOVES)
        compare_spreads(verdict, "move_delay_s", move_delays(kernel), move_delays(model), STEP_S, STEP_S);
}

static void
compare_regime(Verdict *verdict, const Run *run, double accesses_per_s, const GArray *kernel)
{
    const Regime regime = regime_of(&g_array_index(kernel, FigureRun, 0));
    const bool hot = figure_has_hot(run);
    g_autoptr(GArray) model = run_model(run, accesses_per_s, regime);
    printf("%s, %s%s: %u of the kernel, %u of the model\n", run->name, regime.fragmented ? "fragmented" : "compact",
           hot || !regime.full ? "" : " with a full region", kernel->len, model->len);
    if (model->len == 0) {
        printf("    the model is never in this regime     ");
        print_verdict(verdict, false, false);
        return;
    }
#define FIGURE(name, tolerance)                                                                                        \
    do {                                                                                                               \
        const Spread recorded = spread_of(kernel, offsetof(FigureRun, name));                                          \
        compare_spreads(verdict, #name, recorded, spread_of(model, offsetof(FigureRun, name)), tolerance, 0);          \
    } while (0)
    FIGURE(regions, REGION_SHARE * recorded.mean);
    if (hot)
        FIGURE(hot, HOT_SHARE * recorded.mean);
    FIGURE(cold, COLD_COUNTS);
    if (!hot || run->huge)
        return;
    FIGURE(recall, POINTS);
    FIGURE(precision, POINTS);
#undef FIGURE
    compare_delays(verdict, run, kernel, model);
}

/* ---- All of it -----------------------------------------------------------------------------------------------------
 */

/* The recordings of one run, regime by regime; `done` marks those that were compared. */
static void
compare_run(Verdict *verdict, const GPtrArray *recordings, guint from, bool *done)
{
    const Recording *first = recordings->pdata[from];
    const FigureRun figures = figure_run(first->run, first->rows);
    const Regime regime = regime_of(&figures);
    double accesses_per_s = 0;
    g_autoptr(GArray) kernel = g_array_new(FALSE, FALSE, sizeof(FigureRun));
    for (guint i = from; i < recordings->len; i++) {
        const Recording *recording = recordings->pdata[i];
        const FigureRun one = figure_run(recording->run, recording->rows);
        if (recording->run != first->run || !same_regime(regime_of(&one), regime))
            continue;
        done[i] = true;
        accesses_per_s += recording->accesses_per_s;
        g_array_append_val(kernel, one);
    }
    compare_regime(verdict, first->run, accesses_per_s / kernel->len, kernel);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    Verdict verdict = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: compare FOLDER\n");
        return 2;
    }
    g_autoptr(GPtrArray) recordings = recordings_read(argv[1], &error);
    if (recordings == NULL) {
        fprintf(stderr, "compare: %s\n", error->message);
        return 2;
    }
    g_autofree bool *done = g_new0(bool, recordings->len);
    printf("Linux %s and the model: mean [least, most] of the runs, allowed difference\n",
           ((const Recording *)recordings->pdata[0])->release);
    for (guint i = 0; i < recordings->len; i++) {
        const Recording *recording = recordings->pdata[i];
        if (recording->run->kind == RUN_MONITOR && !done[i])
            compare_run(&verdict, recordings, i, done);
    }
    compare_balancing(&verdict, recordings);
    compare_schemes(&verdict, recordings);
    const unsigned agree = verdict.near + verdict.within + verdict.known;
    printf("%u figures: %u near, %u within the spread of the runs, %u NOT but as known, %u neither\n", verdict.figures,
           verdict.near, verdict.within, verdict.known, verdict.figures - agree);
    return agree == verdict.figures ? 0 : 1;
}
