/* SPDX-License-Identifier: MIT */
/* Unit tests of traces/qemu/: registers the suites and turns the number of failures into the exit status. */
#include "test-qemu.h"

#include <stdlib.h>

#include <CUnit/Basic.h>

int
main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    const bool registered = test_where_register() && test_elf_register() && test_regions_register() &&
                            test_resolver_register() && test_channel_register() && test_recorder_register() &&
                            test_cpio_register() && test_kernel_register() && test_guest_machine_register() &&
                            test_initramfs_register();
    bool passed = false;
    if (registered) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        /* The runner's own result says only that it could run: count what failed. */
        passed =
            CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 && CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    remove_files();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
