/* SPDX-License-Identifier: MIT */
/*
 * Goal: mean and maximum are exact, quantiles within 0.8 % of the exact order statistic. Method: the same values in a
 * histogram and in a sorted array, over several shapes and up to the largest value.
 */
#include "test-sim.h"

#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include <sim/histogram.h>
#include <sim/random.h>

#define VALUES 20000u

static void
test_index(void)
{
    /* Buckets follow each other without gap or overlap, and the last value has the last bucket. */
    CU_ASSERT_EQUAL(nsim_histogram_index(0), 0);
    CU_ASSERT_EQUAL(nsim_histogram_index(UINT64_MAX), NSIM_HISTOGRAM_BUCKETS - 1);
    uint32_t wrong = 0;
    for (uint64_t value = 0; value < 128; value++)
        wrong += nsim_histogram_index(value) != value;
    for (uint32_t bit = 6; bit < 64; bit++) {
        for (uint64_t sixth = 64; sixth < 128; sixth++) {
            const uint64_t first = sixth << (bit - 6);
            wrong += nsim_histogram_index(first) != nsim_histogram_index(first - 1) + 1;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static int
compare_u64(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Values of one shape. */
static uint64_t
draw(NsimRandom *random, uint32_t shape)
{
    switch (shape) {
    case 0: /* latencies: 80 ns and an exponential wait */
        return 80000 + (uint64_t)(30000.0 * nsim_random_exponential(random));
    case 1: /* all magnitudes */
        return nsim_random_u64(random) >> nsim_random_below(random, 64);
    case 2: /* small integers, many equal */
        return nsim_random_below(random, 90);
    default: /* two far modes */
        return nsim_random_below(random, 100) < 97 ? 1000 : NSIM_S + nsim_random_below(random, NSIM_S);
    }
}

static void
test_against_sorted(void)
{
    static const uint32_t quantiles_ppm[] = { 0, 1, 10000, 250000, 500000, 900000, 990000, 999000, 999999, 1000000 };
    g_autofree NsimHistogram *histogram = g_new(NsimHistogram, 1);
    g_autofree uint64_t *values = g_new(uint64_t, VALUES);
    NsimRandom random;
    nsim_random_init(&random, 1, "histogram");
    for (uint32_t shape = 0; shape < 4; shape++) {
        nsim_histogram_clear(histogram);
        unsigned __int128 sum = 0;
        for (uint32_t i = 0; i < VALUES; i++) {
            values[i] = draw(&random, shape);
            nsim_histogram_record(histogram, values[i], 1);
            sum += values[i];
        }
        qsort(values, VALUES, sizeof *values, compare_u64);
        CU_ASSERT_EQUAL(histogram->count, VALUES);
        CU_ASSERT_EQUAL(histogram->max, values[VALUES - 1]);
        CU_ASSERT_EQUAL(nsim_histogram_mean(histogram), (uint64_t)(sum / VALUES));
        for (uint32_t q = 0; q < G_N_ELEMENTS(quantiles_ppm); q++) {
            const uint64_t rank = ((uint64_t)quantiles_ppm[q] * VALUES + 999999) / 1000000;
            const uint64_t exact = values[rank == 0 ? 0 : rank - 1];
            const uint64_t got = nsim_histogram_quantile(histogram, quantiles_ppm[q]);
            const uint64_t difference = got > exact ? got - exact : exact - got;
            /* Half a bucket: one part in 128, 0.78 %. */
            CU_ASSERT_TRUE(difference <= exact / 128);
            CU_ASSERT_TRUE(got <= histogram->max);
        }
    }
}

static void
test_weights_and_merge(void)
{
    g_autofree NsimHistogram *all = g_new0(NsimHistogram, 1), *left = g_new0(NsimHistogram, 1);
    g_autofree NsimHistogram *right = g_new0(NsimHistogram, 1), *single = g_new0(NsimHistogram, 1);
    NsimRandom random;
    nsim_random_init(&random, 2, "histogram");
    for (uint32_t i = 0; i < 1000; i++) {
        const uint64_t value = draw(&random, i % 4), weight = 1 + nsim_random_below(&random, 16);
        nsim_histogram_record(all, value, weight);
        nsim_histogram_record(i % 3 == 0 ? left : right, value, weight);
        for (uint64_t k = 0; k < weight; k++)
            nsim_histogram_record(single, value, 1);
    }
    nsim_histogram_merge(left, right);
    CU_ASSERT_EQUAL(memcmp(left, all, sizeof *all), 0);
    CU_ASSERT_EQUAL(memcmp(single, all, sizeof *all), 0);
}

static void
test_extremes(void)
{
    g_autofree NsimHistogram *histogram = g_new0(NsimHistogram, 1), *other = g_new0(NsimHistogram, 1);
    CU_ASSERT_EQUAL(nsim_histogram_mean(histogram), 0);
    CU_ASSERT_EQUAL(nsim_histogram_quantile(histogram, 500000), 0);
    /* Sums beyond 64 bits: by carry, by one product, and through a merge. */
    nsim_histogram_record(histogram, UINT64_MAX, 1);
    nsim_histogram_record(histogram, UINT64_MAX, 2);
    nsim_histogram_record(histogram, UINT64_MAX - 3, 1);
    nsim_histogram_merge(other, histogram);
    nsim_histogram_merge(other, histogram);
    CU_ASSERT_EQUAL(other->count, 8);
    CU_ASSERT_EQUAL(nsim_histogram_mean(other), UINT64_MAX - 1);
    CU_ASSERT_EQUAL(nsim_histogram_quantile(other, 1000000), UINT64_MAX);
    nsim_histogram_clear(histogram);
    nsim_histogram_record(histogram, 81000, 99);
    CU_ASSERT_EQUAL(nsim_histogram_quantile(histogram, 1000000), 81000);
    CU_ASSERT_TRUE(nsim_histogram_quantile(histogram, 500000) <= 81000);
    nsim_histogram_clear(histogram);
    CU_ASSERT_EQUAL(histogram->count, 0);
    CU_ASSERT_EQUAL(histogram->max, 0);
}

bool
test_histogram_register(void)
{
    CU_pSuite suite = CU_add_suite("sim/histogram", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "bucket index", test_index) != NULL &&
           CU_add_test(suite, "against a sorted array", test_against_sorted) != NULL &&
           CU_add_test(suite, "weights and merging", test_weights_and_merge) != NULL &&
           CU_add_test(suite, "extremes", test_extremes) != NULL;
}
