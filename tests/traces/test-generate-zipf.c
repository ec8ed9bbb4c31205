/* SPDX-License-Identifier: MIT */
/* Goal: ranks by table are those of the exact sampler, one by one. Method: both on the same random stream. */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <traces/generate-zipf.h>

static const double thetas[] = {0.001, 0.3, 0.8, 0.99, 0.9999999, 1.0, 1.0001, 1.2, 2.0, 2.37, 4.0, 10.0};
static const uint64_t sizes[] = {1, 2, 3, 17, 1000, 262144, UINT64_C(1) << 24, UINT64_C(1) << 32};

static void
test_same_ranks(void)
{
    g_autofree NsimZipfTable *table = g_new(NsimZipfTable, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(thetas); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(sizes); j++) {
            NsimRandom fast, exact;
            nsim_zipf_table_init(table, sizes[j], thetas[i]);
            nsim_random_seed(&fast, 100 * i + j);
            exact = fast;
            for (uint32_t k = 0; k < 20000; k++) {
                const uint64_t rank = nsim_zipf_table_next(table, &fast);
                CU_ASSERT_TRUE_FATAL(rank < sizes[j]);
                CU_ASSERT_EQUAL_FATAL(rank, nsim_zipf_next(&table->exact, &exact));
            }
            /* Rejected numbers are drawn again in both. */
            CU_ASSERT_EQUAL(nsim_random_u64(&fast), nsim_random_u64(&exact));
        }
    }
}

/* Most ranks must come from the table, or it would be of no use: where the skew is an ordinary one. */
static void
test_table_is_used(void)
{
    g_autofree NsimZipfTable *table = g_new(NsimZipfTable, 1);
    const double ordinary[] = {0.5, 0.8, 0.99, 1.0, 1.2};
    for (size_t i = 0; i < G_N_ELEMENTS(ordinary); i++) {
        nsim_zipf_table_init(table, 262144, ordinary[i]);
        uint32_t exact_only = 0;
        double doubtful = 0;
        for (uint32_t k = 0; k < 1u << NSIM_ZIPF_TABLE_BITS; k++) {
            exact_only += table->bins[k].least > 1;
            doubtful += MIN(table->bins[k].least, 1.0);
        }
        CU_ASSERT_TRUE(exact_only < 300); /* of 4096 */
        CU_ASSERT_TRUE(doubtful < 500);
    }
}

bool
test_generate_zipf_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/generate-zipf", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "the exact sampler's ranks", test_same_ranks) != NULL &&
           CU_add_test(suite, "the table is used", test_table_is_used) != NULL;
}
