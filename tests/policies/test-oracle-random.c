/* SPDX-License-Identifier: MIT */
/*
 * Goal: on random small problems the oracle is close to the best there is. Method: the least makespan over all splits
 * of the classes in eighths that fit, by trying every one, against the makespan of the placement the oracle made; loads
 * are computed here from the routes, not by the oracle's code.
 */
#include "test-policies.h"

#include "future.h"

#include <CUnit/CUnit.h>

#define SEEDS 40
#define CLASSES 3u
#define PAGES 160u /* of each class */
#define EIGHTHS 8u
#define RESOURCES_MAX 64u
/* What smoothing the maximum and dealing whole pages may cost. */
#define SLACK 1.06

typedef struct {
    uint32_t lines[CLASSES][2][2]; /* of one page, by accessor, reads and writes */
    const NsimMachine *machine;
    uint32_t window;
} Problem;

/* Time of the slowest resource or accessor when `pages[class][node]` pages lie there. */
static double
makespan(const Problem *problem, double pages[CLASSES][3])
{
    double load[RESOURCES_MAX] = { 0 }, most = 0;
    for (uint32_t a = 0; a < 2; a++) {
        double own = 0;
        for (uint32_t c = 0; c < CLASSES; c++) {
            for (uint32_t n = 0; n < 3; n++) {
                for (uint32_t dir = 0; dir < NSIM_DIRS; dir++) {
                    const NsimRoute *route =
                        nsim_machine_route(problem->machine, (NsimAccessorId)a, (NsimNodeId)n, (NsimDir)dir);
                    const double lines = pages[c][n] * problem->lines[c][a][dir];
                    own += lines * (double)route->fixed_ps / problem->window;
                    for (uint32_t h = 0; h < route->hop_count; h++)
                        load[route->hops[h].resource] += lines * route->hops[h].service_ps;
                }
            }
        }
        most = MAX(most, own);
    }
    for (uint32_t r = 1; r < problem->machine->resource_count; r++)
        most = MAX(most, load[r]);
    return most;
}

/* Every split of each class in eighths over the three nodes. */
static double
best_makespan(const Problem *problem)
{
    double best = 1e300, pages[CLASSES][3];
    uint32_t splits[45][3], count = 0;
    for (uint32_t i = 0; i <= EIGHTHS; i++) {
        for (uint32_t j = 0; i + j <= EIGHTHS; j++) {
            splits[count][0] = i;
            splits[count][1] = j;
            splits[count++][2] = EIGHTHS - i - j;
        }
    }
    for (uint32_t x = 0; x < count * count * count; x++) {
        const uint32_t pick[CLASSES] = { x % count, x / count % count, x / count / count };
        bool fits = true;
        for (uint32_t n = 0; n < 3; n++) {
            double used = 0;
            for (uint32_t c = 0; c < CLASSES; c++) {
                pages[c][n] = splits[pick[c]][n] * (double)PAGES / EIGHTHS;
                used += pages[c][n];
            }
            fits = fits && used <= (double)(problem->machine->nodes[n].capacity_bytes >> 12);
        }
        if (fits)
            best = MIN(best, makespan(problem, pages));
    }
    return best;
}

static void
check_seed(uint64_t seed)
{
    NsimRandom random;
    Problem problem;
    Stage stage;
    Future future;
    nsim_random_init(&random, seed, "oracle");
    g_autofree char *yaml = box_yaml(1, 4);
    stage_open(&stage, yaml);
    (void)box_add(&stage.box, "w", 1, 1);
    problem.machine = stage.box.machine;
    problem.window = 1u << nsim_random_below(&random, 8);
    future_init(&future, &stage.box, problem.window);
    for (uint32_t c = 0; c < CLASSES; c++) {
        for (uint32_t a = 0; a < 2; a++) {
            /* Powers of four, so that no two kinds of pages fall into one class. */
            problem.lines[c][a][0] = 1u << 2 * nsim_random_below(&random, 5);
            problem.lines[c][a][1] = nsim_random_below(&random, 2) == 0 ? 0 : 1u << 2 * nsim_random_below(&random, 5);
            future_fill(&future, 0, a, c * PAGES, PAGES, problem.lines[c][a][0], problem.lines[c][a][1]);
        }
    }
    box_start(&stage.box);
    stage.box.mm->future = &future.view;
    g_autofree char *problem_text = stage_attach(&stage, "oracle");
    CU_ASSERT_STRING_EQUAL(problem_text, "");
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 0));
    double pages[CLASSES][3] = { 0 };
    for (NsimPage page = 0; page < CLASSES * PAGES; page++)
        pages[page / PAGES][nsim_page_node(&stage.box.mm->host, 0, page)]++;
    const double found = makespan(&problem, pages), best = best_makespan(&problem);
    CU_ASSERT_TRUE(found <= SLACK * best);
    if (found > SLACK * best)
        fprintf(stderr, "seed %u: %g found, %g is possible\n", (unsigned)seed, found, best);
    stage_close(&stage);
    future_clear(&future);
}

static void
test_random(void)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        check_seed(seed);
}

bool
test_oracle_random_register(void)
{
    CU_pSuite suite = CU_add_suite("oracle, random problems", NULL, NULL);
    return suite && CU_add_test(suite, "against every split in eighths", test_random);
}
