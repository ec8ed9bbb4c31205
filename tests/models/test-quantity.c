/* SPDX-License-Identifier: MIT */
/*
 * Goal: numbers with units are read exactly and refused with a useful sentence. Method: tables of texts with the value
 * computed by hand, texts that must be refused with the whole message, and a round trip of formatted values.
 */
#include "test-models.h"

#include <models/quantity.h>

#include <CUnit/CUnit.h>

typedef struct {
    const char *text;
    NsimQuantityKind kind;
    uint64_t value;
} Good;

static const Good good[] = {
    {"85ns", NSIM_QUANTITY_TIME, 85000},
    {"85 ns", NSIM_QUANTITY_TIME, 85000},
    {"0ns", NSIM_QUANTITY_TIME, 0},
    {"1ps", NSIM_QUANTITY_TIME, 1},
    {"1.5us", NSIM_QUANTITY_TIME, 1500000},
    {"2ms", NSIM_QUANTITY_TIME, 2000000000},
    {"1s", NSIM_QUANTITY_TIME, NSIM_S},
    {"2min", NSIM_QUANTITY_TIME, 120 * NSIM_S},
    {"1h", NSIM_QUANTITY_TIME, 3600 * NSIM_S},
    {"0.0004ns", NSIM_QUANTITY_TIME, 0}, /* rounds down */
    {"0.0005ns", NSIM_QUANTITY_TIME, 1}, /* half rounds up */
    {"0.000000000000000001h", NSIM_QUANTITY_TIME, 0},
    {"18446744.073709551615s", NSIM_QUANTITY_TIME, UINT64_MAX},
    {"64GiB", NSIM_QUANTITY_BYTES, (uint64_t)64 << 30},
    {"64GB", NSIM_QUANTITY_BYTES, 64000000000},
    {"1.5KiB", NSIM_QUANTITY_BYTES, 1536},
    {"0.1KiB", NSIM_QUANTITY_BYTES, 102}, /* 102.4 */
    {"4096B", NSIM_QUANTITY_BYTES, 4096},
    {"16777215TiB", NSIM_QUANTITY_BYTES, (uint64_t)16777215 << 40},
    {"38.4GB/s", NSIM_QUANTITY_RATE, 38400000000},
    {"100MiB/s", NSIM_QUANTITY_RATE, 104857600},
    {"2.3GHz", NSIM_QUANTITY_FREQUENCY, 2300000000},
    {"5%", NSIM_QUANTITY_RATIO, 50000},
    {"0.05", NSIM_QUANTITY_RATIO, 50000},
    {"150%", NSIM_QUANTITY_RATIO, 1500000},
    {"33.33335%", NSIM_QUANTITY_RATIO, 333334},
    {"7", NSIM_QUANTITY_COUNT, 7},
    {"1.5k", NSIM_QUANTITY_COUNT, 1500},
    {"2M", NSIM_QUANTITY_COUNT, 2000000},
    {"18446744073709551615", NSIM_QUANTITY_COUNT, UINT64_MAX},
    {"007", NSIM_QUANTITY_COUNT, 7},
    {"1.0", NSIM_QUANTITY_COUNT, 1},
};

static void
test_good(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        uint64_t value = 12345;
        g_autofree char *problem = NULL;
        CU_ASSERT_TRUE(nsim_quantity_parse(good[i].text, good[i].kind, &value, &problem));
        CU_ASSERT_EQUAL(value, good[i].value);
        CU_ASSERT_PTR_NULL(problem);
    }
}

typedef struct {
    const char *text;
    NsimQuantityKind kind;
    const char *problem;
} Bad;

#define TIME_UNITS "; write a time with unit ps, ns, us, ms, s, min or h"
#define COUNT_UNITS "; write a whole number with unit none, k, M or G"

static const Bad bad[] = {
    {"85", NSIM_QUANTITY_TIME, "\"85\" has no unit" TIME_UNITS},
    {"85 ", NSIM_QUANTITY_TIME, "\"85 \" has no unit" TIME_UNITS},
    {"", NSIM_QUANTITY_TIME, "\"\" does not begin with a digit" TIME_UNITS},
    {"ns", NSIM_QUANTITY_TIME, "\"ns\" does not begin with a digit" TIME_UNITS},
    {" 85ns", NSIM_QUANTITY_TIME, "\" 85ns\" does not begin with a digit" TIME_UNITS},
    {"+85ns", NSIM_QUANTITY_TIME, "\"+85ns\" does not begin with a digit" TIME_UNITS},
    {"-85ns", NSIM_QUANTITY_TIME, "\"-85ns\" is negative" TIME_UNITS},
    {"1e3ns", NSIM_QUANTITY_TIME, "\"1e3ns\" has an unknown unit" TIME_UNITS},
    {"0x10ns", NSIM_QUANTITY_TIME, "\"0x10ns\" has an unknown unit" TIME_UNITS},
    {"85nsx", NSIM_QUANTITY_TIME, "\"85nsx\" has an unknown unit" TIME_UNITS},
    {"85NS", NSIM_QUANTITY_TIME, "\"85NS\" has an unknown unit" TIME_UNITS},
    {"1.ns", NSIM_QUANTITY_TIME, "\"1.ns\" needs 1 to 18 digits after the point" TIME_UNITS},
    {"1.0000000000000000000ns", NSIM_QUANTITY_TIME,
     "\"1.0000000000000000000ns\" needs 1 to 18 digits after the point" TIME_UNITS},
    {"18446744.073709551616s", NSIM_QUANTITY_TIME, "\"18446744.073709551616s\" is too large" TIME_UNITS},
    {"99999999999999999999ps", NSIM_QUANTITY_TIME, "\"99999999999999999999ps\" is too large" TIME_UNITS},
    {"4KB", NSIM_QUANTITY_BYTES,
     "\"4KB\" has an unknown unit; write a size with unit B, kB, MB, GB, TB, KiB, MiB, GiB or TiB"},
    {"4GB", NSIM_QUANTITY_RATE,
     "\"4GB\" has an unknown unit; write a rate with unit B/s, kB/s, MB/s, GB/s, TB/s, KiB/s, MiB/s, GiB/s or TiB/s"},
    {"2", NSIM_QUANTITY_FREQUENCY, "\"2\" has no unit; write a frequency with unit Hz, kHz, MHz or GHz"},
    {"5ppm", NSIM_QUANTITY_RATIO, "\"5ppm\" has an unknown unit; write a ratio with unit % or none (5% or 0.05)"},
    {"1.5", NSIM_QUANTITY_COUNT, "\"1.5\" is not a whole number" COUNT_UNITS},
    {"1.0001k", NSIM_QUANTITY_COUNT, "\"1.0001k\" is not a whole number" COUNT_UNITS},
    {"18446744073709551616", NSIM_QUANTITY_COUNT, "\"18446744073709551616\" is too large" COUNT_UNITS},
};

static void
test_bad(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        uint64_t value = 12345;
        g_autofree char *problem = NULL;
        CU_ASSERT_FALSE(nsim_quantity_parse(bad[i].text, bad[i].kind, &value, &problem));
        CU_ASSERT_EQUAL(value, 12345);
        CU_ASSERT_STRING_EQUAL(problem, bad[i].problem);
    }
}

static void
test_format(void)
{
    static const Good cases[] = {
        {"85ns", NSIM_QUANTITY_TIME, 85000},
        {"0ps", NSIM_QUANTITY_TIME, 0},
        {"999ps", NSIM_QUANTITY_TIME, 999},
        {"1.67ns", NSIM_QUANTITY_TIME, 1667},
        {"16.7ns", NSIM_QUANTITY_TIME, 16670},
        {"1us", NSIM_QUANTITY_TIME, 999600},
        {"999ns", NSIM_QUANTITY_TIME, 999400},
        {"1.05us", NSIM_QUANTITY_TIME, 1050000},
        {"10us", NSIM_QUANTITY_TIME, 9996000},
        {"7200s", NSIM_QUANTITY_TIME, 7200 * NSIM_S},
        {"1.5GiB", NSIM_QUANTITY_BYTES, (uint64_t)3 << 29},
        {"470MiB", NSIM_QUANTITY_BYTES, (uint64_t)470 << 20},
        {"1023B", NSIM_QUANTITY_BYTES, 1023},
        {"1023KiB", NSIM_QUANTITY_BYTES, 1023 << 10},
        {"1MiB", NSIM_QUANTITY_BYTES, (1 << 20) - 1},
        {"38.4GB/s", NSIM_QUANTITY_RATE, 38400000000},
        {"3.35TB/s", NSIM_QUANTITY_RATE, 3350000000000},
        {"2.3GHz", NSIM_QUANTITY_FREQUENCY, 2300000000},
        {"12.5%", NSIM_QUANTITY_RATIO, 125000},
        {"1234567", NSIM_QUANTITY_COUNT, 1234567},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = nsim_quantity_format(cases[i].value, cases[i].kind);
        CU_ASSERT_STRING_EQUAL(text, cases[i].text);
    }
}

/* What is written can be read, within the three digits it keeps. */
static void
test_round_trip(void)
{
    static const NsimQuantityKind kinds[] = {NSIM_QUANTITY_TIME, NSIM_QUANTITY_BYTES, NSIM_QUANTITY_RATE,
                                             NSIM_QUANTITY_FREQUENCY};
    uint32_t wrong = 0;
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        for (uint64_t value = 1; value < (uint64_t)1 << 50; value += value / 7 + 1) {
            uint64_t back = 0;
            g_autofree char *problem = NULL;
            g_autofree char *text = nsim_quantity_format(value, kinds[k]);
            const bool read = nsim_quantity_parse(text, kinds[k], &back, &problem);
            const uint64_t error = back > value ? back - value : value - back;
            wrong += !read || error > value / 180;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

bool
test_quantity_register(void)
{
    CU_pSuite suite = CU_add_suite("quantity", NULL, NULL);
    return suite && CU_add_test(suite, "texts that are right", test_good) &&
           CU_add_test(suite, "texts that are refused", test_bad) && CU_add_test(suite, "formatting", test_format) &&
           CU_add_test(suite, "round trip", test_round_trip);
}
