/* SPDX-License-Identifier: MIT */
/* The suites of this folder. Each register function returns false when CUnit refuses it. */
#pragma once

#include <stdbool.h>

bool test_context_register(void);
bool test_damo_register(void);
bool test_kernel_register(void);
bool test_ops_space_register(void);
bool test_region_register(void);
bool test_tune_register(void);
