/* SPDX-License-Identifier: MIT */
/*
 * Goal: reuse distances are the numbers of different lines in between. Method: a list of lines in the order of last
 * touch, kept in the plainest way, for random touches that make the tables grow and the times be renumbered many times.
 */
#include "test-tools.h"

#include <CUnit/CUnit.h>
#include <string.h>
#include <traces/reuse.h>

enum { LINES = 3000, TOUCHES = 60000 };

static void
test_against_list(void)
{
    uint64_t list[LINES]; /* the line touched last first */
    uint32_t count = 0, wrong = 0;
    NsimRandom random;
    NsimReuse *reuse = nsim_reuse_new(0);
    nsim_random_init(&random, 1, "reuse");
    for (uint32_t i = 0; i < TOUCHES; i++) {
        /* Skewed, so that distances are of all sizes. */
        const uint64_t line = nsim_random_below(&random, 1 + nsim_random_below(&random, LINES)) * 977;
        uint32_t at = 0;
        while (at < count && list[at] != line)
            at++;
        const NsimReuseTouch touch = nsim_reuse_touch(reuse, line);
        wrong += touch.first != (at == count);
        wrong += !touch.first && touch.distance != at + 1;
        wrong += touch.first && touch.entry != count;
        count += at == count;
        memmove(list + 1, list, at * sizeof list[0]);
        list[0] = line;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(count > 2000);
    nsim_reuse_free(reuse);
}

static void
test_sampled(void)
{
    /* A loop over so many lines: every distance is their number, and the sample has to say about as much. */
    const uint64_t lines = 40000;
    uint64_t sampled = 0, sum = 0, touches = 0;
    NsimReuse *reuse = nsim_reuse_new(4);
    for (unsigned round = 0; round < 3; round++) {
        for (uint64_t line = 0; line < lines; line++) {
            if (!nsim_reuse_wants(line, 4))
                continue;
            const NsimReuseTouch touch = nsim_reuse_touch(reuse, line);
            sampled += touch.first;
            touches += !touch.first;
            sum += touch.first ? 0 : touch.distance;
        }
    }
    CU_ASSERT_TRUE(sampled > lines / 16 * 9 / 10 && sampled < lines / 16 * 11 / 10);
    CU_ASSERT_EQUAL(touches, 2 * sampled);
    CU_ASSERT_TRUE(sum / touches > lines * 9 / 10 && sum / touches < lines * 11 / 10);
    nsim_reuse_free(reuse);
    nsim_reuse_free(NULL);
}

bool
test_reuse_register(void)
{
    CU_pSuite suite = CU_add_suite("reuse", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "distances agree with a list", test_against_list) != NULL &&
           CU_add_test(suite, "a sample is close", test_sampled) != NULL;
}
