/* SPDX-License-Identifier: MIT */
/* Unit tests of traces/: registers the suites and turns the number of failures into the exit status. */
#include "test-tools.h"

#include <stdlib.h>

#include <CUnit/Basic.h>

int
main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    const bool registered = test_xxh64_register() && test_output_register() && test_encode_register() &&
                            test_decode_register() && test_writer_register() && test_parse_register() &&
                            test_cursor_register() && test_check_register() && test_info_register() &&
                            test_generate_register() && test_generate_spec_register() &&
                            test_generate_zipf_register() && test_generate_transformer_register() &&
                            test_reuse_register() && test_tool_order_register() && test_tool_cut_register() &&
                            test_tool_merge_register() && test_tool_export_register() && test_tool_filter_register() &&
                            test_tool_anonymise_register() && test_tool_sample_register();
    bool passed = false;
    if (registered) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        /* The runner's own result says only that it could run: count what failed. */
        passed =
            CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 && CU_get_number_of_tests_run() > 0;
    }
    CU_cleanup_registry();
    test_remove_directory();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
