/* SPDX-License-Identifier: MIT */
/* Rate traces: written and read back, plain and packed; every complaint with its line; the description. */
#include "test-core.h"

#include <CUnit/CUnit.h>
#include <sim/random.h>
#include <traces/rate.h>

static const char head[] = "numasim-rate 1\nprogram a store\nthread server\nthread helper\nregion 0x1000 0x9000 heap\n";

/* All of a text read back as lines, or the complaint. */
static char *
read_all(const char *data, size_t bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimRateReader) reader = nsim_rate_open_memory(data, bytes, &error);
    GString *text = g_string_new(NULL);
    NsimRateInterval interval;
    while (reader != NULL && nsim_rate_next(reader, &interval, &error)) {
        g_string_append_printf(text, "%" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT ":", interval.start_ps, interval.end_ps);
        for (uint32_t i = 0; i < interval.range_count; i++) {
            const NsimRateRange *range = &interval.ranges[i];
            g_string_append_printf(text, " %u,%" G_GINT64_MODIFIER "x+%" G_GINT64_MODIFIER "x,%" G_GUINT64_FORMAT
                                         ",%" G_GUINT64_FORMAT ",%u,%u",
                                   range->thread, range->address, range->bytes, range->reads_per_s,
                                   range->writes_per_s, range->touched_ppm, range->texture);
        }
        g_string_append_c(text, '\n');
    }
    if (error != NULL)
        g_string_append(text, error->message);
    return g_string_free(text, FALSE);
}

static void
expect(const char *body, const char *expected)
{
    g_autofree char *text = g_strconcat(head, body, NULL);
    g_autofree char *found = read_all(text, strlen(text));
    CU_ASSERT_STRING_EQUAL(found, expected);
}

static void
test_reading(void)
{
    expect("", "");
    expect("# nothing\n\ninterval 0 1.5\n"
           "  range 0 0x1000 0x2000 10 20 1000000 uniform  \r\n"
           "range\t1 0x0 0xffffffffffffffff 0 1000000000000 0 sequential\n"
           "interval 7 8.001",
           "0..1500: 0,1000+1000,10,20,1000000,0 1,0+ffffffffffffffff,0,1000000000000,0,1\n7000..8001:\n");
}

static void
test_refusals(void)
{
    static const struct {
        const char *body, *message;
    } cases[] = {
        {"interval 1 1\n", "data:6: the interval ends at or before its start"},
        {"interval 1 x\n", "data:6: end: 'x' (nanoseconds with up to three decimals, below 106 days)"},
        {"interval 1 2.0005\n", "data:6: end: '2.0005' (nanoseconds with up to three decimals, below 106 days)"},
        {"interval 1 99999999999999999\n",
         "data:6: end: '99999999999999999' (nanoseconds with up to three decimals, below 106 days)"},
        {"interval 1\n", "data:6: end is missing"},
        {"interval 1 2 3\n", "data:6: '3' is too much on this line"},
        {"interval 0 2\ninterval 1 3\n", "data:7: the interval starts before the end of the one before"},
        {"interval 0 1\nrange 2 0x0 0x1 0 0 0 uniform\n", "data:7: thread: '2' (a whole number up to 1)"},
        {"interval 0 1\nrange 0 16 0x20 0 0 0 uniform\n",
         "data:7: begin: '16' (0x and hexadecimal digits, up to 18446744073709551615)"},
        {"interval 0 1\nrange 0 0x20 0x20 0 0 0 uniform\n", "data:7: the range ends at or before its begin"},
        {"interval 0 1\nrange 0 0x0 0x20 1000000000001 0 0 uniform\n",
         "data:7: reads per second: '1000000000001' (a whole number up to 1000000000000)"},
        {"interval 0 1\nrange 0 0x0 0x20 0 0 1000001 uniform\n",
         "data:7: touched: '1000001' (a whole number up to 1000000)"},
        {"interval 0 1\nrange 0 0x0 0x20 0 0 0 zipf\n", "data:7: texture: 'zipf' (one of uniform, sequential)"},
        {"interval 0 1\nrange 0 0x0 0x20 0 0 0\n", "data:7: texture: '' (one of uniform, sequential)"},
        {"interval 0 1\nrange 0 0x0 0x20 0 0 0 uniform\nrange 0 0x1f 0x30 0 0 0 uniform\n",
         "data:8: the range begins before the end of the one before"},
        {"interval 0 1\nrange 1 0x0 0x20 0 0 0 uniform\nrange 0 0x20 0x30 0 0 0 uniform\n",
         "data:8: a lower thread than the range before: ranges go by thread and address"},
        {"interval 0 1\nthread late\n", "data:7: unknown 'thread' (range or interval)"},
        {"program again\n", "data:6: a second 'program'"},
        {"region 0x8fff 0xa000 more\n", "data:6: the region overlaps 'heap'"},
        {"region 0x9000 0x9000 none\n", "data:6: the region ends at or before its begin"},
        {"what\n", "data:6: unknown 'what' (one of program, capture, thread, region, interval)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(cases[i].body, cases[i].message);
    g_autofree char *foreign = read_all("hello\n", 6), *later = read_all("numasim-rate 2\n", 15);
    g_autofree char *nothing = read_all("", 0), *bare = read_all("numasim-rate 1\n", 15);
    CU_ASSERT_STRING_EQUAL(foreign, "data: not a rate trace: it does not begin with 'numasim-rate 1'");
    CU_ASSERT_STRING_EQUAL(later, "data: rate trace version 2 is not known, this program reads version 1");
    CU_ASSERT_STRING_EQUAL(nothing, "data: not a rate trace: it does not begin with 'numasim-rate 1'");
    CU_ASSERT_STRING_EQUAL(bare, "data:1: no thread");
    g_autofree char *early = read_all("numasim-rate 1\ninterval 0 1\n", 28);
    CU_ASSERT_STRING_EQUAL(early, "data:2: an interval before any thread");
}

#define INTERVALS 200u
#define RANGES 50u

/* The ranges of interval `number`, always the same. */
static void
make_interval(uint32_t number, NsimRateRange *ranges, NsimRateInterval *ret)
{
    NsimRandom random;
    nsim_random_init(&random, number, "rates");
    *ret = (NsimRateInterval){number * 1000003u, number * 1000003u + 999999u, RANGES, ranges};
    for (uint32_t i = 0; i < RANGES; i++)
        ranges[i] = (NsimRateRange){.thread = i / (RANGES / 2),
                                    .address = (uint64_t)i << 40 | nsim_random_below(&random, 1u << 30),
                                    .bytes = 1 + nsim_random_below(&random, 1u << 30),
                                    .reads_per_s = nsim_random_below(&random, NSIM_RATE_PER_S_MAX),
                                    .writes_per_s = nsim_random_below(&random, 1000),
                                    .touched_ppm = (uint32_t)nsim_random_below(&random, 1000001),
                                    .texture = (uint32_t)nsim_random_below(&random, NSIM_RATE_TEXTURES)};
}

static bool
same_range(const NsimRateRange *a, const NsimRateRange *b)
{
    return a->address == b->address && a->bytes == b->bytes && a->reads_per_s == b->reads_per_s &&
           a->writes_per_s == b->writes_per_s && a->touched_ppm == b->touched_ppm && a->thread == b->thread &&
           a->texture == b->texture;
}

static void
test_round_trip(void)
{
    static const char *const names[] = {"r.rate", "r.rate.zst"};
    for (unsigned n = 0; n < G_N_ELEMENTS(names); n++) {
        g_autofree char *path = scratch_path(names[n]);
        g_autoptr(GError) error = NULL;
        NsimRateRange ranges[RANGES];
        NsimRateInterval expected, found;
        NsimRateWriter *writer = nsim_rate_writer_new(path, "a\nb", NULL, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(writer);
        nsim_rate_writer_add_thread(writer, "one");
        nsim_rate_writer_add_thread(writer, "two");
        nsim_rate_writer_add_region(writer, "heap", 4096, 8192);
        for (uint32_t i = 0; i < INTERVALS; i++) {
            make_interval(i, ranges, &expected);
            nsim_rate_writer_interval(writer, &expected);
        }
        CU_ASSERT_TRUE(nsim_rate_writer_close(writer, &error));
        g_autoptr(NsimRateReader) reader = nsim_rate_open(path, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(reader);
        const NsimRateInfo *info = nsim_rate_info(reader);
        CU_ASSERT_STRING_EQUAL(info->program, "a b");
        CU_ASSERT_STRING_EQUAL(info->capture, "");
        CU_ASSERT_TRUE(info->thread_count == 2 && info->region_count == 1);
        CU_ASSERT_STRING_EQUAL(info->threads[1], "two");
        CU_ASSERT_TRUE(info->regions[0].address == 4096 && info->regions[0].bytes == 8192);
        bool same = true;
        for (uint32_t i = 0; i < INTERVALS; i++) {
            make_interval(i, ranges, &expected);
            same = same && nsim_rate_next(reader, &found, &error) && found.start_ps == expected.start_ps &&
                   found.end_ps == expected.end_ps && found.range_count == RANGES;
            for (uint32_t r = 0; same && r < RANGES; r++)
                same = same_range(&found.ranges[r], &ranges[r]);
        }
        CU_ASSERT_TRUE(same);
        CU_ASSERT_FALSE(nsim_rate_next(reader, &found, &error));
        CU_ASSERT_PTR_NULL(error);
    }
    g_autoptr(GError) error = NULL;
    NsimRateWriter *full = nsim_rate_writer_new("/dev/full", NULL, NULL, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(full);
    CU_ASSERT_FALSE(nsim_rate_writer_close(full, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
}

static void
test_description(void)
{
    static const char body[] = "interval 0 1000000000\nrange 0 0x1000 0x5000 3000 1000 1000000 uniform\n"
                               "range 1 0x8000 0xa000 4000 0 500000 sequential\n";
    g_autofree char *text = g_strconcat(head, body, NULL), *path = scratch_path("d.rate");
    g_autoptr(GError) error = NULL;
    scratch_save("d.rate", text, strlen(text));
    g_autofree char *found = nsim_rate_describe(path, &error);
    CU_ASSERT_STRING_EQUAL(found, "format     numasim rate trace, version 1\n"
                                  "program    a store\n"
                                  "capture    \n"
                                  "time       1.000 s in 1 intervals, 2 ranges\n"
                                  "lines      7000 read, 1000 written\n"
                                  "addresses  0x0000000000001000 to 0x000000000000a000\n"
                                  "\nthreads\n   share                lines  name\n"
                                  "   50.0%                 4000  server\n"
                                  "   50.0%                 4000  helper\n"
                                  "\nregions\n   share                lines  name\n"
                                  "   75.0%                 6000  heap\n");
}

bool
test_rate_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/rate", NULL, NULL);
    return suite && CU_add_test(suite, "reading", test_reading) && CU_add_test(suite, "refusals", test_refusals) &&
           CU_add_test(suite, "round trip", test_round_trip) && CU_add_test(suite, "description", test_description);
}
