/* SPDX-License-Identifier: MIT */
/*
 * The caches in front of a capture. Goal: they let through exactly what the definition says. Method: small cases worked
 * out by hand, and random accesses against a model that keeps each set as a list in order of use.
 */
#include "test-capture.h"

#include <string.h>

#include <CUnit/Basic.h>
#include <glib.h>

#include <traces/capture/filter.h>

#define MOVED_MAX 64u

typedef struct {
    struct {
        NsimOp op;
        uint64_t line;
    } moved[MOVED_MAX];
    unsigned count;
} Log;

static void
log_line(void *context, NsimOp op, uint64_t line)
{
    Log *log = context;
    if (log->count < MOVED_MAX) {
        log->moved[log->count].op = op;
        log->moved[log->count].line = line;
    }
    log->count++;
}

/* The next thing logged is this one; `*at` moves on. */
static bool
next_is(const Log *log, unsigned *at, NsimOp op, uint64_t line)
{
    const unsigned i = (*at)++;
    return i < log->count && log->moved[i].op == op && log->moved[i].line == line;
}

static void
test_misses_and_victims(void)
{
    Log log = {.count = 0};
    unsigned at = 0;
    /* One set of two ways. */
    NsimFilter *filter = nsim_filter_new(1, 1, 2, log_line);
    nsim_filter_access(filter, 0, 0, false, &log); /* line 0 is a line like others */
    nsim_filter_access(filter, 0, 0, false, &log);
    CU_ASSERT(next_is(&log, &at, NSIM_OP_READ, 0));
    CU_ASSERT_EQUAL(log.count, 1);
    nsim_filter_access(filter, 0, 7, true, &log);
    CU_ASSERT(next_is(&log, &at, NSIM_OP_RFO, 7));
    nsim_filter_access(filter, 0, 0, true, &log); /* a hit makes it dirty without traffic, and younger than 7 */
    CU_ASSERT_EQUAL(log.count, 2);
    nsim_filter_access(filter, 0, 9, false, &log); /* 7 goes */
    CU_ASSERT(next_is(&log, &at, NSIM_OP_WRITE, 7));
    CU_ASSERT(next_is(&log, &at, NSIM_OP_READ, 9));
    nsim_filter_access(filter, 0, 11, false, &log); /* 0 goes, dirty by the hit */
    CU_ASSERT(next_is(&log, &at, NSIM_OP_WRITE, 0));
    CU_ASSERT(next_is(&log, &at, NSIM_OP_READ, 11));
    nsim_filter_access(filter, 0, 0, false, &log); /* 9 goes, clean */
    CU_ASSERT(next_is(&log, &at, NSIM_OP_READ, 0));
    CU_ASSERT_EQUAL(log.count, at);
    nsim_filter_free(filter);
}

static void
test_sets_are_apart(void)
{
    Log log = {.count = 0};
    NsimFilter *filter = nsim_filter_new(1, 4, 1, log_line);
    for (int round = 0; round < 3; round++)
        for (uint64_t line = 100; line < 104; line++)
            nsim_filter_access(filter, 0, line, false, &log);
    CU_ASSERT_EQUAL(log.count, 4);
    nsim_filter_access(filter, 0, 104, false, &log); /* the set of 100 */
    nsim_filter_access(filter, 0, 101, false, &log);
    CU_ASSERT_EQUAL(log.count, 5);
    nsim_filter_access(filter, 0, 100, false, &log);
    CU_ASSERT_EQUAL(log.count, 6);
    nsim_filter_free(filter);
}

static void
test_two_caches(void)
{
    Log log = {.count = 0};
    unsigned at = 0;
    NsimFilter *filter = nsim_filter_new(2, 2, 2, log_line);
    nsim_filter_access(filter, 0, 4, true, &log);
    CU_ASSERT(next_is(&log, &at, NSIM_OP_RFO, 4));
    nsim_filter_access(filter, 1, 4, false, &log); /* a load of the other's dirty line: written back, not fetched */
    CU_ASSERT(next_is(&log, &at, NSIM_OP_WRITE, 4));
    CU_ASSERT_EQUAL(log.count, at);
    nsim_filter_access(filter, 0, 4, false, &log); /* both have it */
    nsim_filter_access(filter, 1, 4, false, &log);
    CU_ASSERT_EQUAL(log.count, at);
    nsim_filter_access(filter, 1, 4, true, &log); /* the first loses it, without traffic */
    CU_ASSERT_EQUAL(log.count, at);
    nsim_filter_access(filter, 0, 4, true, &log); /* a store to the other's dirty line: it moves, still dirty */
    CU_ASSERT_EQUAL(log.count, at);
    nsim_filter_access(filter, 1, 6, false, &log);
    CU_ASSERT(next_is(&log, &at, NSIM_OP_READ, 6));
    nsim_filter_access(filter, 0, 6, false, &log); /* a clean line comes from the other cache, too */
    CU_ASSERT_EQUAL(log.count, at);
    nsim_filter_access(filter, 0, 8, false, &log); /* the set of 4, its oldest and the dirty one's only copy */
    CU_ASSERT(next_is(&log, &at, NSIM_OP_WRITE, 4));
    CU_ASSERT(next_is(&log, &at, NSIM_OP_READ, 8));
    CU_ASSERT_EQUAL(log.count, at);
    nsim_filter_free(filter);
}

/* ---- The model ----------------------------------------------------------------------------------------------- */

#define MODEL_CACHES 3u
#define MODEL_SETS 8u
#define MODEL_WAYS 4u

typedef struct {
    uint64_t lines[MODEL_WAYS]; /* most recent first */
    bool dirty[MODEL_WAYS];
    unsigned used;
} ModelSet;

typedef struct {
    ModelSet sets[MODEL_CACHES][MODEL_SETS];
} Model;

static unsigned
model_find(const ModelSet *set, uint64_t line)
{
    unsigned way = 0;
    while (way < set->used && set->lines[way] != line)
        way++;
    return way;
}

static void
model_remove(ModelSet *set, unsigned way)
{
    set->used--;
    for (unsigned i = way; i < set->used; i++) {
        set->lines[i] = set->lines[i + 1];
        set->dirty[i] = set->dirty[i + 1];
    }
}

static void
model_insert(ModelSet *set, uint64_t line, bool dirty)
{
    for (unsigned i = set->used; i > 0; i--) {
        set->lines[i] = set->lines[i - 1];
        set->dirty[i] = set->dirty[i - 1];
    }
    set->lines[0] = line;
    set->dirty[0] = dirty;
    set->used++;
}

/* Take the line from the other caches for a store, or clean it there for a load. True when one had it. */
static bool
model_ask_others(Model *model, unsigned cache, uint64_t line, bool is_write, bool own, Log *log)
{
    bool found = false;
    for (unsigned i = 0; i < MODEL_CACHES; i++) {
        ModelSet *set = &model->sets[i][line % MODEL_SETS];
        const unsigned way = model_find(set, line);
        if (i == cache || way == set->used)
            continue;
        found = true;
        if (is_write) {
            model_remove(set, way);
        } else if (!own && set->dirty[way]) {
            log_line(log, NSIM_OP_WRITE, line);
            set->dirty[way] = false;
        }
    }
    return found;
}

static void
model_access(Model *model, unsigned cache, uint64_t line, bool is_write, Log *log)
{
    ModelSet *set = &model->sets[cache][line % MODEL_SETS];
    const unsigned way = model_find(set, line);
    const bool own = way < set->used;
    bool dirty = is_write;
    const bool others = model_ask_others(model, cache, line, is_write, own, log);
    if (own) {
        dirty |= set->dirty[way];
        model_remove(set, way);
    } else {
        if (set->used == MODEL_WAYS) {
            if (set->dirty[MODEL_WAYS - 1])
                log_line(log, NSIM_OP_WRITE, set->lines[MODEL_WAYS - 1]);
            set->used--;
        }
        if (!others)
            log_line(log, is_write ? NSIM_OP_RFO : NSIM_OP_READ, line);
    }
    model_insert(set, line, dirty);
}

static void
test_random_against_model(void)
{
    static Model model;
    memset(&model, 0, sizeof model);
    NsimFilter *filter = nsim_filter_new(MODEL_CACHES, MODEL_SETS, MODEL_WAYS, log_line);
    uint64_t state = 12345, moved = 0;
    unsigned differences = 0;
    for (unsigned i = 0; i < 200000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const unsigned cache = (unsigned)(state >> 60) % MODEL_CACHES;
        /* Few lines, so that caches fill and share; some far ones, so that guesses collide. */
        const uint64_t line = (state >> 33) % 90 + (state >> 50 & 1) * 65536;
        const bool is_write = (state >> 40) % 4 == 0;
        Log got = {.count = 0}, want = {.count = 0};
        nsim_filter_access(filter, cache, line, is_write, &got);
        model_access(&model, cache, line, is_write, &want);
        moved += want.count;
        bool same = got.count == want.count;
        for (unsigned k = 0; same && k < got.count && k < MOVED_MAX; k++)
            same = got.moved[k].op == want.moved[k].op && got.moved[k].line == want.moved[k].line;
        differences += !same;
    }
    CU_ASSERT_EQUAL(differences, 0);
    CU_ASSERT(moved > 50000 && moved < 350000);
    nsim_filter_free(filter);
}

bool
test_filter_register(void)
{
    CU_pSuite suite = CU_add_suite("filter", NULL, NULL);
    return suite && CU_add_test(suite, "misses and victims", test_misses_and_victims) &&
           CU_add_test(suite, "sets are apart", test_sets_are_apart) &&
           CU_add_test(suite, "two caches", test_two_caches) &&
           CU_add_test(suite, "random accesses against a model", test_random_against_model);
}
