/* SPDX-License-Identifier: MIT */
/* The suites of tests/policies/test-tiering. Each returns false when CUnit refuses to register it. */
#pragma once

#include <stdbool.h>

bool test_numab_register(void);
bool test_tpp_register(void);
