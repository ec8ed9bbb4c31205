/* SPDX-License-Identifier: MIT */
/* Runs of schemes as scheme-run.h says. */
#include "scheme-run.h"

#include "accesses.h"

#include <tests/mm/damon/rig.h>

/* The guest's nodes. */
#define NEAR_MIB 384u
#define FAR_MIB 512u
#define HUGE_PAGES 512u
#define GOAL UINT64_C(10000)

/*
 * Schemes as guest.c sets them. Demotion watches the span of the area, from the beginning of node 0 here. The other
 * kdamond of `both` watches node 1: its target is the second one, so that it takes the second --numa_node.
 */
#define COLD(quota)                                                                                                    \
    "--ops paddr --regions 0-SPAN --damos_action migrate_cold 1 --damos_access_rate 0 0 --damos_age 1s max "           \
    "--damos_quotas 0 " quota " 1s 0 500 500 "
#define PROMOTE                                                                                                        \
    "--numa_node 1 --damos_action migrate_hot 0 --damos_access_rate 5% max --damos_quotas 0 8MiB 1s 0 500 500 "
#define STEERED COLD("64MiB") "--damos_quota_goal user_input TARGET 0"

static const struct {
    const char *run, *args;
} schemes[] = {
    {"demote", "damo start " COLD("16MiB")},
    {"promote", "damo start " PROMOTE},
    {"both", "damo start --numa_node 0 " COLD("16MiB") PROMOTE "--nr_targets 1 1 --nr_schemes 1 1 --nr_ctxs 1 1"},
    {"fed", "damo start " STEERED},
    {"closed", "damo start " STEERED}};
/* What the guest's program tells `fed`, by tens of seconds. */
static const uint64_t fed_scores[] = {5000, 12000, 9000, 10000};
#define FED_S 10u

#define AREA_BYTES ((uint64_t)RUN_AREA_PAGES * RUN_PAGE_BYTES)

static char *
make_args(const Run *run, uint64_t span_bytes, const char *target)
{
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
        if (g_str_equal(schemes[i].run, run->name)) {
            GString *args = g_string_new(schemes[i].args);
            g_autofree char *span = g_strdup_printf("%" G_GUINT64_FORMAT, MAX(span_bytes, AREA_BYTES));
            g_string_replace(args, "SPAN", span, 0);
            g_string_replace(args, "TARGET", target, 0);
            return g_string_free(args, FALSE);
        }
    return NULL;
}

char *
scheme_args(const Run *run, uint64_t span_bytes)
{
    return make_args(run, span_bytes, "10000");
}

uint32_t
scheme_hot_tenth(const SchemeRun *run, guint row)
{
    return run_hot_first(run->run, run->rows[row].time_us) / RUN_TENTH_PAGES;
}

uint64_t
scheme_fed_score(guint second)
{
    return fed_scores[MIN(second / FED_S, G_N_ELEMENTS(fed_scores) - 1)];
}

char *
scheme_policy(const Run *run, uint64_t span_bytes, uint64_t begin_us)
{
    const bool closed = g_str_equal(run->name, "closed");
    /* Shares are in 1/10000 of all pages: half of them on node 1 is met. */
    g_autoptr(GString) feed = g_string_new(closed ? "pages:area@X" : "");
    for (guint i = 0; g_str_equal(run->name, "fed") && i < G_N_ELEMENTS(fed_scores); i++)
        g_string_append_printf(feed, "%s%" G_GUINT64_FORMAT "us:%" G_GUINT64_FORMAT, i > 0 ? "," : "",
                               begin_us + i * FED_S * G_USEC_PER_SEC, fed_scores[i]);
    g_autofree char *args = make_args(run, span_bytes, closed ? "5000" : "10000");
    return g_strdup_printf("{name: damon, damon_rules: \"6.12\", %s%s%sargs: \"%s\"}",
                           feed->len > 0 ? "damon_feed: \"" : "", feed->str, feed->len > 0 ? "\", " : "", args);
}

uint64_t
scheme_score(const SchemeRow *row)
{
    double near = 0;
    for (uint32_t tenth = 0; tenth < RUN_TENTHS; tenth++)
        near += row->near[tenth];
    return GOAL * (uint64_t)(RUN_AREA_PAGES - near) / (RUN_AREA_PAGES / 2);
}

/* ---- The kernel ------------------------------------------------------------------------------------------------- */

static double
number(const Recording *recording, guint row, const char *name, unsigned n)
{
    g_autofree char *column = g_strdup_printf("%s%u", name, n);
    return (double)recording_number(recording, row, column);
}

SchemeRun
scheme_run_recorded(const Recording *recording)
{
    const unsigned count = (g_strv_length(recording->columns) - RECORDING_COLUMNS) / RECORDING_SCHEME_COLUMNS;
    SchemeRun run = {.run = recording->run,
                     .span_bytes = recording->span_bytes,
                     .count = MIN(recording_count(recording), SCHEME_ROWS_MAX)};
    for (guint i = 0; i < run.count; i++) {
        SchemeRow *row = &run.rows[i];
        row->time_us = recording_number(recording, i, "time_us");
        for (uint32_t tenth = 0; tenth < RUN_TENTHS; tenth++)
            row->near[tenth] = number(recording, i, "near", tenth);
        for (unsigned k = 0; k < MIN(count, SCHEMES_MAX); k++) {
            row->moved_bytes += number(recording, i, "sz_applied", k);
            row->tried_bytes[k] = number(recording, i, "sz_tried", k);
            row->quota_bytes[k] = number(recording, i, "effective_bytes", k);
        }
    }
    return run;
}

/* ---- The model -------------------------------------------------------------------------------------------------- */

static void
open_rig(Rig *rig, const Run *run, uint64_t seed)
{
    static const uint32_t moves[RUN_MOVES_MAX] = RUN_MOVES;
    rig_open(rig, NEAR_MIB, FAR_MIB, RUN_AREA_PAGES / HUGE_PAGES, 1);
    rig->box.machine->migration.isolate_ps += RIG_GUEST_MOVE_PS;
    rig_start(rig);
    rig->box.mm->seed = seed;
    nsim_random_init(&rig->random, seed, "accesses");
    NsimKdamondConfig *config = nsim_damon_session_config(rig->session);
    config->rules = nsim_damon_rules_v6_12;
    config->scheme_rules = nsim_damos_rules_v6_12;
    if (!nsim_mm_need_frames(rig->box.mm, NULL))
        g_error("no frames for the model of %s", run->name);
    (void)nsim_space_place(rig->box.spaces[0], 0, RUN_AREA_PAGES, run->far ? 1 : 0);
    rig->hot_first = run_hot_first(run, 0);
    rig->hot_pages = RUN_TENTH_PAGES;
    rig->accesses_per_tick = run->accesses_per_s / ACCESS_TICKS_PER_S;
    if (run->pattern == RUN_HOT_MOVES) {
        rig->move_ps = RUN_MOVE_US * NSIM_US;
        rig->windows = moves;
        rig->window_count = RUN_MOVES_MAX;
    }
    rig_access(rig);
    rig_run(rig, RUN_LEAD_US * NSIM_US);
}

static SchemeRow
read_row(const Rig *rig)
{
    SchemeRow row = {.time_us = rig->box.mm->now_ps / NSIM_US};
    for (uint32_t tenth = 0; tenth < RUN_TENTHS; tenth++) {
        const uint32_t first = tenth * RUN_TENTH_PAGES;
        const uint32_t end = tenth + 1 < RUN_TENTHS ? first + RUN_TENTH_PAGES : RUN_AREA_PAGES;
        row.near[tenth] = (double)rig_count(rig, first, end - first, 0);
    }
    for (uint32_t k = 0; k < MIN(nsim_damon_session_count(rig->session), SCHEMES_MAX); k++) {
        const NsimDamos *scheme = nsim_kdamond_scheme(nsim_damon_session_at(rig->session, k), 0);
        row.moved_bytes += (double)scheme->stats.sz_applied;
        row.tried_bytes[k] = (double)scheme->stats.sz_tried;
        row.quota_bytes[k] = (double)scheme->quota.size_bytes;
    }
    return row;
}

/* What else lies in the span: memory of the kernel and of other programs, which DAMON passes over and nothing moves. */
static uint64_t
rest_pages(uint64_t span_bytes)
{
    return MAX(span_bytes, AREA_BYTES) / RUN_PAGE_BYTES - RUN_AREA_PAGES;
}

SchemeRun
scheme_run_model(const Run *run, uint64_t span_bytes, uint64_t seed)
{
    g_autofree char *args = scheme_args(run, span_bytes);
    static Rig rig;
    g_autoptr(GError) error = NULL;
    SchemeRun result = {.run = run, .span_bytes = span_bytes, .count = run->seconds + 1};
    open_rig(&rig, run, seed);
    nsim_memory_take(rig.box.memory, 0, rest_pages(span_bytes));
    if (!nsim_damon_session_run_args(rig.session, args, &error))
        g_error("the model of %s: %s", run->name, error->message);
    for (guint row = 0; row < result.count; row++) {
        rig_run(&rig, (RUN_LEAD_US + row * UINT64_C(1000000)) * NSIM_US);
        result.rows[row] = read_row(&rig);
        /* False, where there is no goal, is no matter. */
        (void)nsim_kdamond_feed(nsim_damon_session_at(rig.session, 0), 0, 0, scheme_score(&result.rows[row]));
    }
    nsim_memory_give(rig.box.memory, 0, rest_pages(span_bytes));
    rig_close(&rig);
    return result;
}
