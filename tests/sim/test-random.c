/* SPDX-License-Identifier: MIT */
/*
 * Goal: the published generators, unbiased bounded numbers, independent streams, logarithm and exponential to 1e-13 and
 * the same bits on every machine, Zipf by its law. Method: published test vectors; libm as the judge of accuracy (tests
 * only); golden bits; chi-square on fixed seeds.
 */
#include "test-sim.h"

#include <math.h>

#include <CUnit/CUnit.h>
#include <glib.h>

#include <sim/random.h>

static void
test_vectors(void)
{
    /* SplitMix64 from 1234567: the values that implementations of Vigna's splitmix64.c are checked with. */
    static const uint64_t splitmix[] = { 6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                         4593380528125082431u };
    /* xoshiro256starstar.c of the same site, from the state 1, 2, 3, 4. */
    static const uint64_t xoshiro[] = { 11520u,
                                        0u,
                                        1509978240u,
                                        1215971899390074240u,
                                        1216172134540287360u,
                                        607988272756665600u,
                                        16172922978634559625u,
                                        8476171486693032832u,
                                        10595114339597558777u,
                                        2904607092377533576u };
    /* Both together: xoshiro256** seeded with 42 by SplitMix64. */
    static const uint64_t seeded[] = { 1546998764402558742u, 6990951692964543102u, 12544586762248559009u,
                                       17057574109182124193u };
    NsimRandom random;
    nsim_random_seed(&random, 1234567);
    for (uint32_t i = 0; i < G_N_ELEMENTS(splitmix); i++)
        CU_ASSERT_EQUAL(random.state[i], splitmix[i]);
    random = (NsimRandom){ .state = { 1, 2, 3, 4 } };
    for (uint32_t i = 0; i < G_N_ELEMENTS(xoshiro); i++)
        CU_ASSERT_EQUAL(nsim_random_u64(&random), xoshiro[i]);
    nsim_random_seed(&random, 42);
    for (uint32_t i = 0; i < G_N_ELEMENTS(seeded); i++)
        CU_ASSERT_EQUAL(nsim_random_u64(&random), seeded[i]);
}

/* Mean and largest deviation of the number of bits in which two streams differ: binomial, mean 32, deviation 4. */
static void
check_unrelated(NsimRandom *a, NsimRandom *b)
{
    const uint32_t draws = 20000;
    uint64_t bits = 0;
    uint32_t equal = 0;
    for (uint32_t i = 0; i < draws; i++) {
        const uint64_t differs = nsim_random_u64(a) ^ nsim_random_u64(b);
        bits += (uint64_t)__builtin_popcountll(differs);
        equal += differs == 0;
    }
    CU_ASSERT_EQUAL(equal, 0);
    CU_ASSERT_DOUBLE_EQUAL((double)bits / draws, 32.0, 5.0 * 4.0 / sqrt(draws));
}

static void
test_streams(void)
{
    static const char *const names[] = { "", "a", "b", "ab", "ba", "policy:oracle", "policy:nop" };
    for (uint32_t i = 0; i < G_N_ELEMENTS(names); i++) {
        NsimRandom a, b;
        for (uint32_t j = 0; j < i; j++) {
            nsim_random_init(&a, 1, names[i]);
            nsim_random_init(&b, 1, names[j]);
            check_unrelated(&a, &b);
        }
        for (uint64_t seed = 0; seed < 3; seed++) {
            nsim_random_init(&a, seed, names[i]);
            nsim_random_init(&b, seed + 1, names[i]);
            check_unrelated(&a, &b);
        }
        /* The same seed and name give the same stream. */
        nsim_random_init(&a, 7, names[i]);
        nsim_random_init(&b, 7, names[i]);
        CU_ASSERT_EQUAL(nsim_random_u64(&a), nsim_random_u64(&b));
    }
    /* Golden: stored reports depend on the derivation. */
    NsimRandom random;
    nsim_random_init(&random, 1, "a");
    CU_ASSERT_EQUAL(nsim_random_u64(&random), 0x80ff0c14f91a9c55u);
    nsim_random_init(&random, 2, "a");
    CU_ASSERT_EQUAL(nsim_random_u64(&random), 0xc4a7b17a515d2250u);
}

static void
test_below(void)
{
    NsimRandom random;
    nsim_random_init(&random, 1, "below");
    CU_ASSERT_EQUAL(nsim_random_below(&random, 1), 0);
    /* With 3 * 2^62 values, a plain multiplication or remainder would favour a third of them two to one. */
    const uint64_t bound = (uint64_t)3 << 62;
    uint32_t third[3] = { 0 }, range[3] = { 0 }, outside = 0;
    const uint32_t draws = 300000;
    for (uint32_t i = 0; i < draws; i++) {
        const uint64_t value = nsim_random_below(&random, bound);
        outside += value >= bound;
        third[value % 3]++;
        range[value >> 62]++;
    }
    CU_ASSERT_EQUAL(outside, 0);
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_DOUBLE_EQUAL(third[i], draws / 3.0, 5.0 * sqrt(draws * 2.0 / 9.0));
        CU_ASSERT_DOUBLE_EQUAL(range[i], draws / 3.0, 5.0 * sqrt(draws * 2.0 / 9.0));
    }
    /* A small bound: chi-square with 9 degrees of freedom, mean 9, deviation 4.2. */
    uint32_t digits[10] = { 0 };
    for (uint32_t i = 0; i < 100000; i++)
        digits[nsim_random_below(&random, 10)]++;
    double chi_square = 0;
    for (uint32_t i = 0; i < 10; i++)
        chi_square += (digits[i] - 10000.0) * (digits[i] - 10000.0) / 10000.0;
    CU_ASSERT_TRUE(chi_square < 30.0);
}

static void
test_unit_and_exponential(void)
{
    NsimRandom random;
    nsim_random_init(&random, 1, "unit");
    const uint32_t draws = 1000000;
    double unit_sum = 0, unit_squares = 0, sum = 0, squares = 0;
    uint32_t outside = 0, above_three = 0;
    for (uint32_t i = 0; i < draws; i++) {
        const double u = nsim_random_unit(&random), e = nsim_random_exponential(&random);
        outside += (uint32_t)!(u >= 0 && u < 1) + (uint32_t)!(e >= 0 && e < 40);
        unit_sum += u;
        unit_squares += u * u;
        sum += e;
        squares += e * e;
        above_three += e > 3;
    }
    /* Each within five deviations of its estimate. */
    CU_ASSERT_EQUAL(outside, 0);
    CU_ASSERT_DOUBLE_EQUAL(unit_sum / draws, 0.5, 5 * 0.289e-3);
    CU_ASSERT_DOUBLE_EQUAL(unit_squares / draws, 1.0 / 3.0, 5 * 0.299e-3);
    CU_ASSERT_DOUBLE_EQUAL(sum / draws, 1.0, 5e-3);
    CU_ASSERT_DOUBLE_EQUAL(squares / draws, 2.0, 5 * 4.48e-3);
    CU_ASSERT_DOUBLE_EQUAL((double)above_three / draws, exp(-3), 5 * 0.218e-3);
}

static void
test_accuracy(void)
{
    const double bound = 1e-15;
    NsimRandom random;
    nsim_random_init(&random, 1, "accuracy");
    double log_worst = 0, log_near_worst = 0, exp_worst = 0;
    for (uint32_t i = 0; i < 500000; i++) {
        const double u = nsim_random_unit(&random);
        const double wide = exp2((u - 0.5) * 2040.0), near = 0.5 + 1.5 * u, x = (u - 0.5) * 1416.0;
        log_worst = fmax(log_worst, fabs((double)((nsim_log(wide) - logl(wide)) / logl(wide))));
        log_near_worst = fmax(log_near_worst, fabs((double)((nsim_log(near) - logl(near)) / logl(near))));
        exp_worst = fmax(exp_worst, fabs((double)((nsim_exp(x) - expl(x)) / expl(x))));
    }
    CU_ASSERT_TRUE(log_worst < bound);
    CU_ASSERT_TRUE(log_near_worst < bound);
    CU_ASSERT_TRUE(exp_worst < bound);
    CU_ASSERT_EQUAL(nsim_log(1.0), 0.0);
    CU_ASSERT_TRUE(isinf(nsim_log(INFINITY)));
    CU_ASSERT_EQUAL(nsim_exp(0.0), 1.0);
    CU_ASSERT_EQUAL(nsim_exp(-1e9), 0.0);
    CU_ASSERT_TRUE(isinf(nsim_exp(710.0)));
    CU_ASSERT_TRUE(nsim_exp(709.78) < INFINITY);
}

static const struct {
    double x, y;
} golden_log[] = {
    { 0x0.0000000000001p-1022, -0x1.74385446d71c3p+9 }, { 0x1.56e1fc2f8f359p-997, -0x1.5963447f87fb5p+9 },
    { 0x1.999999999999ap-4, -0x1.26bb1bbb55515p+1 }, { 0x1p-1, -0x1.62e42fefa39efp-1 },
    { 0x1.6a09e667f3bccp-1, -0x1.62e42fefa39f1p-2 }, { 0x1.fffffffffffffp-1, -0x1p-53 },
    { 0x1.0000000000001p+0, 0x1p-52 }, { 0x1.8p+0, 0x1.9f323ecbf984cp-2 },
    { 0x1p+1, 0x1.62e42fefa39efp-1 }, { 0x1.921fb54442d18p+1, 0x1.250d048e7a1bdp+0 },
    { 0x1.4p+3, 0x1.26bb1bbb55516p+1 }, { 0x1.81cd6c8b43958p+13, 0x1.2d79559791e31p+3 },
    { 0x1.7e43c8800759cp+996, 0x1.5963447f87fb5p+9 },
};

static const struct {
    double x, y;
} golden_exp[] = {
    { -0x1.748cccccccccdp+9, 0x0.0000000000001p-1022 }, { -0x1.624p+9, 0x0.e6cf6d08897acp-1022 },
    { -0x1.9p+6, 0x1.a8c1f14e2af5dp-145 }, { -0x1p+0, 0x1.78b56362cef38p-2 },
    { -0x1p-1, 0x1.368b2fc6f960ap-1 }, { -0x1.b7cdfd9d7bdbbp-34, 0x1.ffffffff2419p-1 },
    { 0x0p+0, 0x1p+0 }, { 0x1.70ef54646d497p-57, 0x1p+0 },
    { 0x1.999999999999ap-4, 0x1.1aec7b35a00d4p+0 }, { 0x1.62e42fefa39efp-2, 0x1.6a09e667f3bccp+0 },
    { 0x1p+0, 0x1.5bf0a8b14576ap+1 }, { 0x1.4p+1, 0x1.85d6fd931e0bbp+3 },
    { 0x1.9p+6, 0x1.3494a9b171bf5p+144 }, { 0x1.62d999999999ap+9, 0x1.d75ae7a50ee14p+1023 },
};

static void
test_golden(void)
{
    static const double exponential[] = { 0x1.e2099e4e32259p+0, 0x1.82615506836eap-1, 0x1.98e2767dff96ep+0,
                                          0x1.a8941abc1fc58p+0 };
    static const double unit[] = { 0x1.c2013bffef5e4p-1, 0x1.15a51afaed9ccp-1, 0x1.038e0444df45cp-2,
                                   0x1.eef6d964bed86p-2 };
    static const uint64_t below[] = { 572162945, 605096733, 481716734, 179218239 };
    static const struct {
        double theta;
        uint64_t values[6];
    } zipf_golden[] = { { 0.5, { 940877, 386980, 146565, 646965, 357378, 23588 } },
                        { 0.99, { 67390, 320310, 9486, 4151, 16599, 38 } },
                        { 1.0, { 7, 6248, 270, 1, 612, 373726 } },
                        { 1.5, { 49, 1, 15, 57, 0, 0 } } };

    for (uint32_t i = 0; i < G_N_ELEMENTS(golden_log); i++)
        CU_ASSERT_EQUAL(nsim_log(golden_log[i].x), golden_log[i].y);
    for (uint32_t i = 0; i < G_N_ELEMENTS(golden_exp); i++)
        CU_ASSERT_EQUAL(nsim_exp(golden_exp[i].x), golden_exp[i].y);
    NsimRandom random;
    nsim_random_init(&random, 42, "golden");
    for (uint32_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(nsim_random_exponential(&random), exponential[i]);
    for (uint32_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(nsim_random_unit(&random), unit[i]);
    for (uint32_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(nsim_random_below(&random, 1000000007), below[i]);
    for (uint32_t k = 0; k < G_N_ELEMENTS(zipf_golden); k++) {
        NsimZipf zipf;
        nsim_zipf_init(&zipf, 1000000, zipf_golden[k].theta);
        for (uint32_t i = 0; i < 6; i++)
            CU_ASSERT_EQUAL(nsim_zipf_next(&zipf, &random), zipf_golden[k].values[i]);
    }
}

/* Chi-square of `draws` draws against the exact law; ranks expected less than ten times are pooled. */
static void
check_zipf(uint64_t n, double theta, NsimRandom *random)
{
    const uint32_t draws = 400000;
    g_autofree uint32_t *seen = g_new0(uint32_t, n);
    NsimZipf zipf;
    nsim_zipf_init(&zipf, n, theta);
    for (uint32_t i = 0; i < draws; i++) {
        const uint64_t k = nsim_zipf_next(&zipf, random);
        CU_ASSERT_TRUE_FATAL(k < n);
        seen[k]++;
    }
    double norm = 0;
    for (uint64_t k = n; k > 0; k--)
        norm += pow((double)k, -theta);
    double chi_square = 0, pool_expected = 0, pool_seen = 0;
    uint32_t bins = 0;
    for (uint64_t k = 0; k < n; k++) {
        pool_expected += draws * pow((double)k + 1, -theta) / norm;
        pool_seen += seen[k];
        if (pool_expected >= 10 || k == n - 1) {
            chi_square += (pool_seen - pool_expected) * (pool_seen - pool_expected) / fmax(pool_expected, 1);
            pool_expected = pool_seen = 0;
            bins++;
        }
    }
    /* Mean and deviation of chi-square with bins - 1 degrees of freedom; one bin leaves nothing to vary. */
    const double freedom = bins - 1;
    CU_ASSERT_TRUE(chi_square <= freedom + 5 * sqrt(2 * freedom) + 1e-9);
}

static void
test_zipf(void)
{
    static const uint64_t sizes[] = { 1, 2, 3, 10, 1000, 100000 };
    static const double thetas[] = { 0.01, 0.5, 0.99, 1.0, 1.01, 1.5, 3.0, 20.0 };
    NsimRandom random;
    nsim_random_init(&random, 1, "zipf");
    for (uint32_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (uint32_t j = 0; j < G_N_ELEMENTS(thetas); j++)
            check_zipf(sizes[i], thetas[j], &random);
    }
    /* The largest range there is: half of a law with theta just above 0 lies in the upper half. */
    NsimZipf zipf;
    nsim_zipf_init(&zipf, UINT64_MAX, 1e-6);
    uint32_t upper = 0;
    for (uint32_t i = 0; i < 10000; i++)
        upper += nsim_zipf_next(&zipf, &random) >> 63 != 0;
    CU_ASSERT_DOUBLE_EQUAL(upper, 5000.0, 250.0);
}

bool
test_random_register(void)
{
    CU_pSuite suite = CU_add_suite("sim/random", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "published vectors", test_vectors) != NULL &&
           CU_add_test(suite, "streams are unrelated", test_streams) != NULL &&
           CU_add_test(suite, "bounded numbers have no bias", test_below) != NULL &&
           CU_add_test(suite, "unit and exponential moments", test_unit_and_exponential) != NULL &&
           CU_add_test(suite, "accuracy of log and exp", test_accuracy) != NULL &&
           CU_add_test(suite, "golden bits", test_golden) != NULL && CU_add_test(suite, "zipf", test_zipf) != NULL;
}
