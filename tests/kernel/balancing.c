/* SPDX-License-Identifier: MIT */
/*
 * NUMA balancing's tiering mode: a kernel's run beside numasim with the policy `numab`. What the program's accesses and
 * a promotion cost in CPU time is taken from the recording (calibrated); the rest is predicted.
 */
#include "compare.h"
#include "engine.h"
#include "recording.h"

#include <math.h>
#include <stdio.h>

#define PS_PER_US 1000000.0
#define AFTER_US UINT64_C(5000000)
/* Of a hint fault in the model's machine (engine.c). */
#define HINT_NS 2000.0
/* ... and of moving a base page: isolate, unmap, copy by one core, remap, release, without the start. */
#define MOVE_NS 4780.0
#define SHARE 0.10
#define SECOND_S 1.05
#define SHARE_POINTS 0.05

/* What the kernel did, from its rows. */
typedef struct {
    guint scan;        /* the first row after the scan */
    double gap_us;     /* CPU time of an access */
    double promote_us; /* ... of a fault that promotes */
    double before_us;  /* CPU time before the accesses began */
    guint last;        /* the row that is compared */
} Balanced;

static double
number(const Recording *recording, guint row, const char *column)
{
    return (double)recording_number(recording, row, column);
}

static bool
read_balanced(const Recording *recording, Balanced *ret)
{
    const guint count = recording_count(recording);
    guint scan = 1;
    while (scan < count && recording_number(recording, scan, "pte_updates") == 0)
        scan++;
    if (scan >= count || scan < 2)
        return false;
    const double accesses = number(recording, scan, "accesses") - number(recording, scan - 1, "accesses");
    ret->scan = scan;
    ret->before_us = number(recording, 0, "cpu_us");
    ret->gap_us = (number(recording, scan - 1, "cpu_us") - ret->before_us) /
                  (number(recording, scan - 1, "accesses") - number(recording, 0, "accesses"));
    ret->promote_us =
        (number(recording, scan, "cpu_us") - number(recording, scan - 1, "cpu_us") - ret->gap_us * accesses) /
        fmax(number(recording, scan, "promoted"), 1);
    for (ret->last = scan; ret->last + 1 < count && recording_number(recording, ret->last, "time_us") <
                                                        recording_number(recording, scan, "time_us") + AFTER_US;)
        ret->last++;
    return true;
}

static json_t *
run_engine(const Recording *recording, const Balanced *kernel, GError **error)
{
    const TraceOptions accesses = {.seed = g_ascii_strtoull(recording->seed, NULL, 10),
                                   .before_us = (uint64_t)kernel->before_us,
                                   .us = recording_number(recording, kernel->last, "time_us"),
                                   .gap_ps = (uint64_t)(kernel->gap_us * PS_PER_US)};
    const double move_ns = fmax(kernel->promote_us * 1000 - HINT_NS - MOVE_NS, 0);
    const EngineOptions options = {.policies = "numab", .move_ns = (uint64_t)move_ns};
    return engine_run(recording->run, &accesses, &options, error);
}

static void
compare_balancing_run(Verdict *verdict, const Recording *recording)
{
    Balanced kernel;
    g_autoptr(GError) error = NULL;
    printf("%s, seed %s: NUMA balancing, `numab`\n", recording->run->name, recording->seed);
    if (!read_balanced(recording, &kernel)) {
        printf("    the kernel has not scanned\n");
        return;
    }
    json_t *report = run_engine(recording, &kernel, &error);
    if (report == NULL) {
        compare_failed(verdict, error->message);
        return;
    }
    const uint64_t scan_us = engine_first_move_us(report), before_us = (uint64_t)kernel.before_us;
    const double seen_s = number(recording, kernel.scan, "time_us") / 1e6 - 0.5;
    const double promoted = number(recording, kernel.last, "promoted");
    printf("    %-24s %10s %10s   calibrated: an access %.0f ns, a promotion %.1f us of CPU time\n", "", "kernel",
           "model", kernel.gap_us * 1000, kernel.promote_us);
    compare_numbers(verdict, "first scan, s", seen_s, ((double)scan_us - (double)before_us) / 1e6, SECOND_S);
    compare_numbers(verdict, "pages armed by it", number(recording, kernel.scan, "pte_updates"),
                    fmin(engine_number(report, "policy_stats", "numa_pte_updates"), RUN_AREA_PAGES),
                    SHARE * RUN_AREA_PAGES);
    compare_numbers(verdict, "hint faults after 5 s", number(recording, kernel.last, "hint_faults"),
                    engine_number(report, "policy_stats", "numa_hint_faults"), SHARE * RUN_AREA_PAGES);
    compare_numbers(verdict, "promoted after 5 s", promoted, engine_number(report, "policy_stats", "pgpromote_success"),
                    SHARE * promoted);
    compare_numbers(verdict, "accesses served near", recording_near_share(recording, kernel.last),
                    engine_near_share(report, UINT64_MAX), SHARE_POINTS);
    json_decref(report);
}

void
compare_balancing(Verdict *verdict, const GPtrArray *recordings)
{
    for (guint i = 0; i < recordings->len; i++) {
        const Recording *recording = recordings->pdata[i];
        if (recording->run->kind == RUN_BALANCING)
            compare_balancing_run(verdict, recording);
    }
}
