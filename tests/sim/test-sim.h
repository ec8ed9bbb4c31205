/* SPDX-License-Identifier: MIT */
/* The suites of this folder, one for each source file of sim/. Each returns false when CUnit refuses to register it. */
#pragma once

#include <stdbool.h>

bool test_event_queue_register(void);
bool test_histogram_register(void);
bool test_integer_register(void);
bool test_random_register(void);
bool test_time_register(void);
