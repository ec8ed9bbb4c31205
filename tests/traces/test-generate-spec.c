/* SPDX-License-Identifier: MIT */
/* Goal: phases have their lengths and mixtures their shares. Method: read generated traces back and count. */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <string.h>
#include <traces/generate.h>

#define PART(pattern_name, range_number, weight_of)                                                                    \
    .pattern = NSIM_GENERATE_##pattern_name, .range = (range_number), .weight = (weight_of), .burst_lines = 1,         \
    .stride_lines = 64, .theta = 0.99, .gap = 1000, .hot_pages = 1

static GArray *
read_bursts(NsimTrace *trace, uint32_t thread)
{
    GArray *bursts = g_array_new(FALSE, FALSE, sizeof(NsimBurst));
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, 12, NULL);
    while (nsim_trace_cursor_fill(cursor, NULL) && cursor->filled > 0)
        g_array_append_vals(bursts, cursor->bursts, cursor->filled);
    return bursts;
}

static NsimTrace *
generate(const NsimGenerateSpec *spec)
{
    g_autofree char *path = test_path("spec.trace");
    g_autoptr(GError) error = NULL;
    if (!nsim_trace_generate_spec(path, spec, &error)) {
        g_printerr("%s\n", error->message);
        CU_FAIL_FATAL("not generated");
    }
    NsimTrace *trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_TRUE(nsim_trace_check(trace, &error));
    g_remove(path);
    return trace;
}

static void
test_mixture(void)
{
    /* Two ranges of 2 MiB; 7 : 2 : 1. What a part does is what it does alone. */
    enum { RECORDS = 300000 };
    const NsimGenerateRange ranges[] = {{"table", 512, true}, {"log", 512, true}};
    const NsimGeneratePart parts[] = {{PART(ZIPF, 0, 700)}, {PART(SEQUENTIAL, 1, 200)}, {PART(CHASE, 0, 100)}};
    const NsimGeneratePhase phase = {"all", RECORDS, false, parts, 3};
    const NsimGenerateSpec spec = {.threads = 1,
                                   .records = RECORDS,
                                   .seed = 5,
                                   .ranges = ranges,
                                   .range_count = 2,
                                   .phases = &phase,
                                   .phase_count = 1,
                                   .gap_unit = NSIM_GAP_PS};
    g_autoptr(NsimTrace) trace = generate(&spec);
    g_autoptr(GArray) bursts = read_bursts(trace, 0);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    CU_ASSERT_EQUAL_FATAL(bursts->len, RECORDS);
    CU_ASSERT_EQUAL(info->mark_count, 0);
    CU_ASSERT_EQUAL_FATAL(info->region_count, 2);
    CU_ASSERT_STRING_EQUAL(info->regions[1].name, "log");
    CU_ASSERT_EQUAL(info->regions[1].address, NSIM_GENERATE_ADDRESS + (UINT64_C(2) << 21));
    uint32_t counts[3] = {0}, chased[512] = {0};
    for (guint i = 0; i < bursts->len; i++) {
        const NsimBurst *burst = &g_array_index(bursts, NsimBurst, i);
        const uint32_t part = burst->page >= 512 ? 1 : burst->flags == NSIM_BURST_DEPENDENT ? 2 : 0;
        if (part == 1) /* the stream goes on through all that lies between */
            CU_ASSERT_EQUAL_FATAL((burst->page - 512) * 64u + burst->line, counts[1] % (512 * 64));
        if (part == 2)
            CU_ASSERT_EQUAL_FATAL(chased[burst->page]++, counts[2] / 512);
        counts[part]++;
    }
    CU_ASSERT_TRUE(counts[0] > 208500 && counts[0] < 211500); /* 210000 +- 251 */
    CU_ASSERT_TRUE(counts[1] > 58700 && counts[1] < 61300);
    CU_ASSERT_TRUE(counts[2] > 29000 && counts[2] < 31000);
}

static void
test_phases(void)
{
    /* 1000 sequential runs and 3000 uniform ones of 3 threads, twice and a half; they meet after the second phase. */
    const NsimGenerateRange ranges[] = {{"own", 3 * 512, false}, {"all", 512, true}};
    const NsimGeneratePart load[] = {{PART(SEQUENTIAL, 0, 1)}};
    const NsimGeneratePart serve[] = {{PART(UNIFORM, 1, 1)}};
    const NsimGeneratePhase phases[] = {{"load", 1000, false, load, 1}, {"serve", 3000, true, serve, 1}};
    const NsimGenerateSpec spec = {.threads = 3,
                                   .records = 10001,
                                   .seed = 5,
                                   .ranges = ranges,
                                   .range_count = 2,
                                   .phases = phases,
                                   .phase_count = 2,
                                   .gap_unit = NSIM_GAP_PS};
    g_autoptr(NsimTrace) trace = generate(&spec);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    CU_ASSERT_EQUAL_FATAL(info->mark_count, 2);
    CU_ASSERT_STRING_EQUAL(info->marks[0], "load");
    CU_ASSERT_STRING_EQUAL(info->marks[1], "serve");
    CU_ASSERT_EQUAL_FATAL(info->region_count, 4);
    CU_ASSERT_STRING_EQUAL(info->regions[2].name, "own/thread-2");
    CU_ASSERT_STRING_EQUAL(info->regions[3].name, "all");
    for (uint32_t thread = 0; thread < 3; thread++) {
        g_autoptr(GArray) bursts = read_bursts(trace, thread);
        uint32_t runs = 0, streamed = 0, marks = 0, barriers = 0;
        for (guint i = 0; i < bursts->len; i++) {
            const NsimBurst *burst = &g_array_index(bursts, NsimBurst, i);
            const bool loading = runs % 1333 < 333; /* 1000 / 3 and 3000 / 3 */
            if (burst->op == NSIM_OP_MARK) {
                CU_ASSERT_EQUAL_FATAL(burst->page, marks++ % 2);
                CU_ASSERT_EQUAL_FATAL(runs % 1333, burst->page == 0 ? 0 : 333);
            } else if (burst->op == NSIM_OP_BARRIER) {
                barriers++;
                CU_ASSERT_EQUAL_FATAL(runs, barriers * 1333);
            } else if (loading) {
                CU_ASSERT_EQUAL_FATAL(burst->page * 64u + burst->line, thread * 512 * 64 + streamed);
                streamed++;
                runs++;
            } else {
                CU_ASSERT_TRUE_FATAL(burst->page >= 3 * 512);
                runs++;
            }
        }
        CU_ASSERT_EQUAL(runs, thread < 2 ? 3334 : 3333);
        CU_ASSERT_EQUAL(marks, thread == 0 ? 6 : 0);
        CU_ASSERT_EQUAL(barriers, 2);
    }
}

/* A thread with one run more than the others passes the end of a phase alone: nobody meets there. */
static void
test_last_meeting(void)
{
    const NsimGenerateRange range = {"all", 4, true};
    const NsimGeneratePart part = {PART(UNIFORM, 0, 1)};
    const NsimGeneratePhase phases[] = {{"a", 20, true, &part, 1}, {"b", 20, true, &part, 1}};
    for (uint64_t records = 58; records <= 62; records++) {
        const NsimGenerateSpec spec = {.threads = 2,
                                       .records = records,
                                       .ranges = &range,
                                       .range_count = 1,
                                       .phases = phases,
                                       .phase_count = 2,
                                       .gap_unit = NSIM_GAP_PS};
        g_autoptr(NsimTrace) trace = generate(&spec);
        for (uint32_t thread = 0; thread < 2; thread++) {
            g_autoptr(GArray) bursts = read_bursts(trace, thread);
            uint32_t barriers = 0;
            for (guint i = 0; i < bursts->len; i++)
                barriers += g_array_index(bursts, NsimBurst, i).op == NSIM_OP_BARRIER;
            CU_ASSERT_EQUAL(barriers, records < 60 ? 2 : 3);
        }
    }
}

static char *
digest_of(const NsimGenerateSpec *spec)
{
    g_autofree char *path = test_path("digest.trace");
    CU_ASSERT_TRUE_FATAL(nsim_trace_generate_spec(path, spec, NULL));
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    g_remove(path);
    return nsim_trace_sha256(trace, NULL);
}

static void
test_determinism(void)
{
    const NsimGenerateRange range = {"all", 1000, true};
    NsimGeneratePart parts[] = {{PART(ZIPF, 0, 3)}, {PART(HOTSET, 0, 1)}};
    const NsimGeneratePhase phase = {"all", 1, false, parts, 2};
    NsimGenerateSpec spec = {.threads = 3,
                             .records = 20000,
                             .seed = 1,
                             .level = 3,
                             .ranges = &range,
                             .range_count = 1,
                             .phases = &phase,
                             .phase_count = 1,
                             .gap_unit = NSIM_GAP_PS};
    g_autofree char *first = digest_of(&spec);
    g_autofree char *again = digest_of(&spec);
    spec.seed = 2;
    g_autofree char *other = digest_of(&spec);
    spec.seed = 1;
    parts[1].weight = 2;
    g_autofree char *heavier = digest_of(&spec);
    CU_ASSERT_STRING_EQUAL(first, again);
    CU_ASSERT_STRING_NOT_EQUAL(first, other);
    CU_ASSERT_STRING_NOT_EQUAL(first, heavier);
}

/* The description and the specification of a single pattern differ in words only. */
static void
test_single(void)
{
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pages = 300;
    options.records = 5000;
    options.threads = 2;
    options.write_ppm = 300000;
    g_autofree char *path = test_path("single.trace");
    CU_ASSERT_TRUE_FATAL(nsim_trace_generate(path, &options, NULL));
    g_autoptr(NsimTrace) single = nsim_trace_open(path, NULL);
    const NsimGenerateRange range = {"all", 300, false};
    NsimGeneratePart part = {PART(ZIPF, 0, 9)};
    part.write_ppm = 300000;
    const NsimGeneratePhase phase = {"all", 1, false, &part, 1};
    const NsimGenerateSpec spec = {.threads = 2,
                                   .records = 5000,
                                   .seed = options.seed,
                                   .ranges = &range,
                                   .range_count = 1,
                                   .phases = &phase,
                                   .phase_count = 1,
                                   .gap_unit = NSIM_GAP_PS};
    g_autoptr(NsimTrace) trace = generate(&spec);
    for (uint32_t thread = 0; thread < 2; thread++) {
        g_autoptr(GArray) a = read_bursts(single, thread);
        g_autoptr(GArray) b = read_bursts(trace, thread);
        CU_ASSERT_EQUAL_FATAL(a->len, b->len);
        CU_ASSERT_EQUAL(memcmp(a->data, b->data, a->len * sizeof(NsimBurst)), 0);
    }
    g_remove(path);
}

static void
test_refused(void)
{
    const NsimGenerateRange range = {"all", 10, true};
    const NsimGenerateRange large[] = {{"a", NSIM_GENERATE_PAGES_MAX, true}, {"b", 1, true}};
    const NsimGeneratePart good = {PART(UNIFORM, 0, 1)};
    const NsimGeneratePart far = {PART(UNIFORM, 1, 1)}, light = {PART(UNIFORM, 0, 0)};
    const NsimGeneratePart heavy = {PART(UNIFORM, 0, NSIM_GENERATE_WEIGHT_MAX + 1)};
    const NsimGeneratePhase phases[] = {
        {"good", 1, false, &good, 1},   {"good too", 1, false, &good, 1},
        {"far", 1, false, &far, 1},     {"light", 1, false, &light, 1},
        {"heavy", 1, false, &heavy, 1}, {"empty", 1, false, &good, 0},
        {"none", 0, false, &good, 1},   {"many", 1, false, &good, NSIM_GENERATE_PARTS_MAX + 1}};
    const struct {
        NsimGenerateSpec spec;
        const char *words;
    } cases[] = {
        {{.ranges = &range, .range_count = 0, .phases = phases, .phase_count = 1}, "0 ranges are outside 1..16"},
        {{.ranges = &range, .range_count = 17, .phases = phases, .phase_count = 1}, "17 ranges"},
        {{.ranges = large, .range_count = 2, .phases = phases, .phase_count = 1}, "4294967297 pages together"},
        {{.ranges = &range, .range_count = 1, .phases = phases, .phase_count = 0}, "0 phases are outside 1..64"},
        {{.ranges = &range, .range_count = 1, .phases = phases, .phase_count = 65}, "65 phases"},
        {{.ranges = &range, .range_count = 1, .phases = phases + 2, .phase_count = 1}, "range 1 is outside 0..0"},
        {{.ranges = &range, .range_count = 1, .phases = phases + 3, .phase_count = 1}, "weight 0 is outside 1.."},
        {{.ranges = &range, .range_count = 1, .phases = phases + 4, .phase_count = 1}, "weight 1000001"},
        {{.ranges = &range, .range_count = 1, .phases = phases + 5, .phase_count = 1}, "phase 'empty': its 0"},
        {{.ranges = &range, .range_count = 1, .phases = phases + 6, .phase_count = 2}, "phase 'none': 0 records"},
        {{.ranges = &range, .range_count = 1, .phases = phases + 7, .phase_count = 1}, "phase 'many': its 257"},
    };
    g_autofree char *path = test_path("refused.trace");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        NsimGenerateSpec spec = cases[i].spec;
        spec.threads = 1;
        spec.records = 10;
        spec.gap_unit = NSIM_GAP_PS;
        CU_ASSERT_FALSE(nsim_trace_generate_spec(path, &spec, &error));
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
        if (error != NULL && strstr(error->message, cases[i].words) == NULL) {
            g_printerr("'%s' does not say '%s'\n", error->message, cases[i].words);
            CU_FAIL("wrong message");
        }
        CU_ASSERT_EQUAL(test_file_count(), 0);
    }
}

bool
test_generate_spec_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/generate specifications", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "mixture", test_mixture) != NULL &&
           CU_add_test(suite, "phases", test_phases) != NULL &&
           CU_add_test(suite, "last meeting", test_last_meeting) != NULL &&
           CU_add_test(suite, "determinism", test_determinism) != NULL &&
           CU_add_test(suite, "single pattern", test_single) != NULL &&
           CU_add_test(suite, "impossible specifications", test_refused) != NULL;
}
