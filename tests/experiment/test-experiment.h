/* SPDX-License-Identifier: MIT */
/* The suites of this folder. Each returns false when CUnit refuses to register it. */
#pragma once

#include <stdbool.h>

bool test_conservation_register(void);
bool test_damo_register(void);
bool test_fabric_register(void);
bool test_migration_register(void);
bool test_pages_register(void);
bool test_plan_register(void);
bool test_policy_spec_register(void);
bool test_replay_register(void);
bool test_tasks_register(void);
bool test_rivals_register(void);
bool test_damon_samples_register(void);
bool test_samples_register(void);
bool test_threads_register(void);
bool test_timeline_register(void);
