/* SPDX-License-Identifier: MIT */
/* Goal: each pattern is what its name says. Method: read generated traces back and count. */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <string.h>
#include <traces/generate.h>

/* All bursts of a thread at 4 KiB pages. */
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
generate(const NsimGenerateOptions *options)
{
    g_autofree char *path = test_path("generated.trace");
    g_autoptr(GError) error = NULL;
    if (!nsim_trace_generate(path, options, &error)) {
        g_printerr("%s\n", error->message);
        CU_FAIL_FATAL("not generated");
    }
    NsimTrace *trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_TRUE(nsim_trace_check(trace, &error));
    g_remove(path); /* stays readable while open */
    return trace;
}

static void
test_zipf(void)
{
    /* 2048 pages: 4 frames, all touched, so that dense pages are pages of the footprint. */
    enum { PAGES = 2048, RECORDS = 400000 };
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pages = PAGES;
    options.records = RECORDS;
    options.write_ppm = 250000;
    uint32_t hottest[2] = {0};
    for (uint64_t seed = 1; seed <= 2; seed++) {
        options.seed = seed;
        g_autoptr(NsimTrace) trace = generate(&options);
        CU_ASSERT_EQUAL_FATAL(nsim_trace_info(trace)->frame_count, 4);
        g_autoptr(GArray) bursts = read_bursts(trace, 0);
        CU_ASSERT_EQUAL(bursts->len, RECORDS);
        uint32_t counts[PAGES] = {0}, lines[64] = {0}, writes = 0, top = 0, frames[4] = {0};
        for (guint i = 0; i < bursts->len; i++) {
            const NsimBurst *burst = &g_array_index(bursts, NsimBurst, i);
            counts[burst->page]++;
            lines[burst->line]++;
            writes += burst->op == NSIM_OP_WRITE;
            CU_ASSERT_TRUE_FATAL(burst->count == 1 && burst->gap == 1000 && burst->flags == 0);
        }
        for (uint32_t i = 1; i < PAGES; i++)
            top = counts[i] > counts[top] ? i : top;
        hottest[seed - 1] = top;
        /* H(2048, 0.99) = 8.55: the first page has 1/8.55 of 400000 = 46800, 1 % of that is five deviations. */
        CU_ASSERT_TRUE(counts[top] > 46200 && counts[top] < 47400);
        for (int i = 0; i < 64; i++)
            CU_ASSERT_TRUE(lines[i] > 5800 && lines[i] < 6700); /* 6250 +- 6 deviations */
        CU_ASSERT_TRUE(writes > 98000 && writes < 102000);
        /* Scattered: of the pages with more than 0.5 % (the 23 most popular), no frame has more than half. */
        uint32_t popular = 0;
        for (uint32_t i = 0; i < PAGES; i++) {
            frames[i / 512] += counts[i] > RECORDS / 200;
            popular += counts[i] > RECORDS / 200;
        }
        CU_ASSERT_TRUE(popular > 15 && popular < 30);
        for (int i = 0; i < 4; i++)
            CU_ASSERT_TRUE(frames[i] * 2 <= popular);
    }
    CU_ASSERT_EQUAL(hottest[0], hottest[1]);
}

static void
test_uniform(void)
{
    enum { PAGES = 1000 };
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pattern = NSIM_GENERATE_UNIFORM;
    options.pages = PAGES;
    options.records = 200000;
    options.burst_lines = 16;
    g_autoptr(NsimTrace) trace = generate(&options);
    g_autoptr(GArray) bursts = read_bursts(trace, 0);
    uint32_t counts[1024] = {0};
    for (guint i = 0; i < bursts->len; i++) {
        const NsimBurst *burst = &g_array_index(bursts, NsimBurst, i);
        counts[burst->page]++;
        CU_ASSERT_TRUE_FATAL(burst->count == 16 && burst->line % 16 == 0);
    }
    for (uint32_t i = 0; i < 1024; i++)
        CU_ASSERT_TRUE(i < PAGES ? counts[i] > 100 && counts[i] < 300 : counts[i] == 0);
}

static void
test_chase(void)
{
    /* Every page once in every round, each run dependent. 1023 pages: not a power of two. */
    enum { PAGES = 1023 };
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pattern = NSIM_GENERATE_CHASE;
    options.pages = PAGES;
    options.records = 3 * PAGES;
    g_autoptr(NsimTrace) trace = generate(&options);
    g_autoptr(GArray) bursts = read_bursts(trace, 0);
    uint32_t counts[PAGES] = {0}, neighbours = 0, last = 0;
    for (guint i = 0; i < bursts->len; i++) {
        const NsimBurst *burst = &g_array_index(bursts, NsimBurst, i);
        CU_ASSERT_TRUE_FATAL(burst->page < PAGES && burst->flags == NSIM_BURST_DEPENDENT);
        CU_ASSERT_EQUAL_FATAL(counts[burst->page], i / PAGES);
        counts[burst->page]++;
        neighbours += burst->page == last + 1;
        last = burst->page;
    }
    CU_ASSERT_TRUE(neighbours < 30);
}

static void
test_sequential(void)
{
    /* Two threads on one range begin at its start and its middle; runs of two pages are cut. */
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pattern = NSIM_GENERATE_SEQUENTIAL;
    options.threads = 2;
    options.shared = true;
    options.pages = 1024;
    options.records = 1001; /* 501 and 500 */
    options.burst_lines = 128;
    options.step = 32;
    g_autoptr(NsimTrace) trace = generate(&options);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    CU_ASSERT_EQUAL(info->threads[0].burst_count, 501);
    CU_ASSERT_EQUAL(info->threads[1].burst_count, 500);
    CU_ASSERT_EQUAL(info->region_count, 1);
    CU_ASSERT_STRING_EQUAL(info->regions[0].name, "data");
    for (uint32_t thread = 0; thread < 2; thread++) {
        g_autoptr(GArray) bursts = read_bursts(trace, thread);
        CU_ASSERT_EQUAL_FATAL(bursts->len, thread == 0 ? 1002 : 1000);
        for (guint i = 0; i < bursts->len; i++) {
            const NsimBurst *burst = &g_array_index(bursts, NsimBurst, i);
            CU_ASSERT_EQUAL_FATAL(burst->page, (i + thread * 512) % 1024);
            CU_ASSERT_EQUAL_FATAL(burst->gap, i % 2 == 0 ? 1000 : 2);
            CU_ASSERT_TRUE_FATAL(burst->count == 64 && burst->flags == NSIM_BURST_PREFETCHABLE);
        }
    }
}

static void
test_stride(void)
{
    /* 4 pages are 256 lines; runs of 2 lines at a stride of 16: all 128 places before any comes again. */
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pattern = NSIM_GENERATE_STRIDE;
    options.pages = 4;
    options.records = 256;
    options.burst_lines = 2;
    options.stride_lines = 16;
    g_autoptr(NsimTrace) trace = generate(&options);
    g_autoptr(GArray) bursts = read_bursts(trace, 0);
    uint32_t counts[256] = {0};
    for (guint i = 0; i < bursts->len; i++) {
        const NsimBurst *burst = &g_array_index(bursts, NsimBurst, i);
        const uint32_t line = burst->page * 64 + burst->line;
        CU_ASSERT_EQUAL_FATAL(line, i % 16 * 16 + i / 16 % 8 * 2);
        counts[line]++;
    }
    for (uint32_t i = 0; i < 256; i++)
        CU_ASSERT_EQUAL(counts[i], i % 2 == 0 ? 2 : 0);
}

/* The window of an eighth that drifts by its own size: its share of the runs, its places one after the other. */
static void
test_hotset_drifts(void)
{
    enum { PAGES = 512, HOT = 64, EVERY = 20000, MOVES = 12 };
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pattern = NSIM_GENERATE_HOTSET;
    options.pages = PAGES;
    options.records = EVERY * MOVES;
    options.hot_pages = HOT;
    options.hot_ppm = 800000;
    options.move_every = EVERY;
    options.move_pages = HOT;
    g_autoptr(NsimTrace) trace = generate(&options);
    g_autoptr(GArray) bursts = read_bursts(trace, 0);
    CU_ASSERT_EQUAL_FATAL(bursts->len, EVERY * MOVES);
    for (uint32_t move = 0; move < MOVES; move++) {
        uint32_t counts[PAGES] = {0}, inside = 0;
        for (uint32_t i = 0; i < EVERY; i++) {
            const uint32_t page = g_array_index(bursts, NsimBurst, move * EVERY + i).page;
            counts[page]++;
            inside += page / HOT == move % (PAGES / HOT);
        }
        /* 16000 +- 57; a hot page has 250 +- 16, a cold one 8.9 +- 3. */
        CU_ASSERT_TRUE(inside > 15700 && inside < 16300);
        for (uint32_t i = 0; i < PAGES; i++) {
            const bool hot = i / HOT == move % (PAGES / HOT);
            CU_ASSERT_TRUE_FATAL(hot ? counts[i] > 160 && counts[i] < 340 : counts[i] < 40);
        }
    }
}

/* A window that jumps: the same places for both threads of a shared range, wrapping round its end, rarely near. */
static void
test_hotset_jumps(void)
{
    enum { PAGES = 512, HOT = 4, EVERY = 500, MOVES = 100 };
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.pattern = NSIM_GENERATE_HOTSET;
    options.threads = 2;
    options.shared = true;
    options.pages = PAGES;
    options.records = 2 * EVERY * MOVES;
    options.hot_pages = HOT;
    options.hot_ppm = 1000000;
    options.move_every = EVERY;
    g_autoptr(NsimTrace) trace = generate(&options);
    uint32_t places[MOVES], distinct = 0;
    bool seen[PAGES] = {false};
    for (uint32_t thread = 0; thread < 2; thread++) {
        g_autoptr(GArray) bursts = read_bursts(trace, thread);
        for (uint32_t move = 0; move < MOVES; move++) {
            bool touched[PAGES] = {false};
            uint32_t first = PAGES, count = 0;
            for (uint32_t i = 0; i < EVERY; i++)
                touched[g_array_index(bursts, NsimBurst, move * EVERY + i).page] = true;
            for (uint32_t i = 0; i < PAGES; i++) {
                count += touched[i];
                if (touched[i] && !touched[(i + PAGES - 1) % PAGES])
                    first = i;
            }
            CU_ASSERT_EQUAL_FATAL(count, HOT);
            CU_ASSERT_TRUE_FATAL(first < PAGES && touched[(first + HOT - 1) % PAGES]);
            if (thread == 0)
                places[move] = first;
            else
                CU_ASSERT_EQUAL_FATAL(first, places[move]);
            distinct += !seen[first];
            seen[first] = true;
        }
    }
    CU_ASSERT_EQUAL(places[0], 0);
    CU_ASSERT_TRUE(distinct > 75); /* 91 of 100 drawn from 512 */
}

/* Nothing but the window, or nothing of it. */
static void
test_hotset_extremes(void)
{
    for (uint32_t ppm = 0; ppm <= 1000000; ppm += 1000000) {
        NsimGenerateOptions options;
        nsim_generate_options_init(&options);
        options.pattern = NSIM_GENERATE_HOTSET;
        options.pages = 512;
        options.records = 5000;
        options.hot_ppm = ppm;
        g_autoptr(NsimTrace) trace = generate(&options);
        g_autoptr(GArray) bursts = read_bursts(trace, 0);
        CU_ASSERT_EQUAL(bursts->len, 5000);
        for (guint i = 0; i < bursts->len; i++)
            CU_ASSERT_EQUAL_FATAL(g_array_index(bursts, NsimBurst, i).page<128, ppm> 0);
    }
}

static void
test_ranges_and_barriers(void)
{
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.threads = 3;
    options.pages = 3 * 512;
    options.records = 3 * 16999 + 1;
    options.barrier_every = 1000; /* 16 each: thread 0 has runs for 17, the others have not */
    g_autoptr(NsimTrace) trace = generate(&options);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    CU_ASSERT_EQUAL(info->barrier_count, 1);
    CU_ASSERT_EQUAL(info->barriers[0], 3);
    CU_ASSERT_EQUAL_FATAL(info->region_count, 3);
    for (uint32_t thread = 0; thread < 3; thread++) {
        g_autoptr(GArray) bursts = read_bursts(trace, thread);
        uint32_t barriers = 0;
        CU_ASSERT_EQUAL(info->regions[thread].address, NSIM_GENERATE_ADDRESS + thread * (UINT64_C(1) << 21));
        CU_ASSERT_EQUAL(info->regions[thread].bytes, 1 << 21);
        for (guint i = 0; i < bursts->len; i++) {
            const NsimBurst *burst = &g_array_index(bursts, NsimBurst, i);
            barriers += burst->op == NSIM_OP_BARRIER;
            CU_ASSERT_EQUAL_FATAL(burst->op == NSIM_OP_BARRIER, i % 1001 == 1000);
            CU_ASSERT_TRUE_FATAL(burst->op == NSIM_OP_BARRIER || burst->page / 512 == thread);
        }
        CU_ASSERT_EQUAL(barriers, 16);
    }
}

static void
test_seeds(void)
{
    g_autofree char *path = test_path("seed.trace");
    char *digests[3];
    for (uint64_t i = 0; i < 3; i++) {
        NsimGenerateOptions options;
        nsim_generate_options_init(&options);
        options.records = 20000;
        options.seed = i == 2 ? 7 : 3;
        CU_ASSERT_TRUE(nsim_trace_generate(path, &options, NULL));
        g_autoptr(NsimTrace) trace = nsim_trace_open(path, NULL);
        digests[i] = nsim_trace_sha256(trace, NULL);
    }
    CU_ASSERT_STRING_EQUAL(digests[0], digests[1]);
    CU_ASSERT_STRING_NOT_EQUAL(digests[0], digests[2]);
    for (int i = 0; i < 3; i++)
        g_free(digests[i]);
    g_remove(path);
}

typedef struct {
    uint64_t last, stop_at;
    unsigned calls;
} Ticks;

static bool
tick(uint64_t done, uint64_t total, void *user_data)
{
    Ticks *ticks = user_data;
    CU_ASSERT_TRUE(done > ticks->last && done <= total);
    ticks->last = done;
    ticks->calls++;
    return done < ticks->stop_at;
}

/* Progress goes from little to all; stopped, there is an error and no file. */
static void
test_ticks(void)
{
    g_autofree char *path = test_path("ticks.trace");
    g_autoptr(GError) error = NULL;
    Ticks ticks = {.stop_at = UINT64_MAX};
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.records = 100000;
    options.tick = tick;
    options.tick_data = &ticks;
    CU_ASSERT_TRUE(nsim_trace_generate(path, &options, NULL));
    CU_ASSERT_EQUAL(ticks.last, 100000);
    CU_ASSERT_TRUE(ticks.calls > 10);
    g_remove(path);
    ticks = (Ticks){.stop_at = 50000};
    CU_ASSERT_FALSE(nsim_trace_generate(path, &options, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
    CU_ASSERT_TRUE(ticks.last >= 50000 && ticks.last < 60000);
    CU_ASSERT_EQUAL(test_file_count(), 0);
}

static void
test_refused(void)
{
    NsimGenerateOptions good;
    nsim_generate_options_init(&good);
    const struct {
        size_t offset;
        uint64_t value;
        unsigned bytes;
        const char *words;
    } cases[] = {
        {offsetof(NsimGenerateOptions, pattern), 6, 4, "pattern 6"},
        {offsetof(NsimGenerateOptions, threads), 0, 4, "0 threads are outside 1..4096"},
        {offsetof(NsimGenerateOptions, threads), 4097, 4, "4097 threads"},
        {offsetof(NsimGenerateOptions, threads), 1025, 4, "1024 pages are outside 1025.."},
        {offsetof(NsimGenerateOptions, pages), 0, 8, "0 pages are outside 1..4294967296"},
        {offsetof(NsimGenerateOptions, pages), (UINT64_C(1) << 32) + 1, 8, "4294967297 pages"},
        {offsetof(NsimGenerateOptions, burst_lines), 0, 4, "runs of 0 lines are outside 1..65536"},
        {offsetof(NsimGenerateOptions, burst_lines), 65537, 4, "runs of 65537 lines"},
        {offsetof(NsimGenerateOptions, theta), 0, 8, "theta 0 is not above 0"},
        {offsetof(NsimGenerateOptions, theta), UINT64_C(0x7ff8000000000000), 8, "theta nan"},
        {offsetof(NsimGenerateOptions, write_ppm), 1000001, 4, "write share"},
        {offsetof(NsimGenerateOptions, step), 65536, 4, "step 65536 is outside 0..65535"},
        {offsetof(NsimGenerateOptions, level), 99, 4, "compression level 99"},
        {offsetof(NsimGenerateOptions, gap_unit), NSIM_GAP_INSTRUCTIONS, 4, "declared rate above 0"},
    };
    g_autofree char *path = test_path("refused.trace");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        NsimGenerateOptions options = good;
        const uint32_t low = (uint32_t)cases[i].value;
        memcpy((char *)&options + cases[i].offset, cases[i].bytes == 4 ? (const void *)&low : &cases[i].value,
               cases[i].bytes);
        CU_ASSERT_FALSE(nsim_trace_generate(path, &options, &error));
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
        if (error != NULL && strstr(error->message, cases[i].words) == NULL) {
            g_printerr("'%s' does not say '%s'\n", error->message, cases[i].words);
            CU_FAIL("wrong message");
        }
        CU_ASSERT_EQUAL(test_file_count(), 0);
    }
    NsimGenerateOptions stride = good;
    stride.pattern = NSIM_GENERATE_STRIDE;
    stride.burst_lines = 10;
    stride.stride_lines = 9;
    CU_ASSERT_FALSE(nsim_trace_generate(path, &stride, NULL));
    const struct {
        uint64_t hot_pages, move_pages;
        uint32_t hot_ppm;
        const char *words;
    } hot[] = {{0, 1, 5, "hot set of 0 pages is outside 1..1024"},
               {1025, 1, 5, "hot set of 1025 pages is outside 1..1024"},
               {1, 1025, 5, "hot set moves 1025 pages, which is outside 0..1024"},
               {1, 1, 1000001, "hot share of 1000001 ppm is outside 0..1000000"}};
    for (size_t i = 0; i < G_N_ELEMENTS(hot); i++) {
        g_autoptr(GError) error = NULL;
        NsimGenerateOptions options = good;
        options.pattern = NSIM_GENERATE_HOTSET;
        options.hot_pages = hot[i].hot_pages;
        options.hot_ppm = hot[i].hot_ppm;
        options.move_every = 1;
        options.move_pages = hot[i].move_pages;
        CU_ASSERT_FALSE(nsim_trace_generate(path, &options, &error));
        CU_ASSERT_TRUE(error != NULL && strstr(error->message, hot[i].words) != NULL);
    }
}

bool
test_generate_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/generate", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "zipf", test_zipf) != NULL &&
           CU_add_test(suite, "uniform", test_uniform) != NULL && CU_add_test(suite, "chase", test_chase) != NULL &&
           CU_add_test(suite, "sequential", test_sequential) != NULL &&
           CU_add_test(suite, "stride", test_stride) != NULL &&
           CU_add_test(suite, "hot set drifts", test_hotset_drifts) != NULL &&
           CU_add_test(suite, "hot set jumps", test_hotset_jumps) != NULL &&
           CU_add_test(suite, "hot set alone and absent", test_hotset_extremes) != NULL &&
           CU_add_test(suite, "ranges and barriers", test_ranges_and_barriers) != NULL &&
           CU_add_test(suite, "seeds", test_seeds) != NULL && CU_add_test(suite, "ticks", test_ticks) != NULL &&
           CU_add_test(suite, "impossible options", test_refused) != NULL;
}
