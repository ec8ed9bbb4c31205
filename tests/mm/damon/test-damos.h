/* SPDX-License-Identifier: MIT */
/* The suites of schemes and kdamonds. Each register function returns false when CUnit refuses it. */
#pragma once

#include <stdbool.h>

bool test_feed_register(void);
bool test_filter_register(void);
bool test_kdamond_register(void);
bool test_ops_plugin_register(void);
bool test_quota_register(void);
bool test_recorded_register(void);
bool test_report_register(void);
bool test_walk_register(void);
