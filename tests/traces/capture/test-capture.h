/* SPDX-License-Identifier: MIT */
/* The suites of the capture tests. */
#pragma once

#include <stdbool.h>

bool test_filter_register(void);
bool test_coalescer_register(void);
bool test_runtime_register(void);
bool test_settings_register(void);
bool test_maps_register(void);
