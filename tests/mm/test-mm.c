/* SPDX-License-Identifier: MIT */
/* Unit tests of mm/: registers the suites and turns the number of failures into the exit status. */
#include "test-mm.h"

#include <stdlib.h>

#include <CUnit/Basic.h>

int
main(void)
{
    bool passed = false;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    if (test_memory_register() && test_space_register() && test_space_random_register() && test_host_register() && test_frames_register() && test_huge_register() &&
        test_lru_register() && test_story_register() && test_tiers_register() &&
        test_mover_register() && test_reclaim_register()) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        /* The runner's own result says only that it could run: count what failed. */
        passed = CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 &&
                 CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
