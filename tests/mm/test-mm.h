/* SPDX-License-Identifier: MIT */
/* The suites of this folder. Each register function returns false when CUnit refuses it. */
#pragma once

#include <stdbool.h>

bool test_frames_register(void);
bool test_host_register(void);
bool test_huge_register(void);
bool test_lru_register(void);
bool test_memory_register(void);
bool test_mover_register(void);
bool test_reclaim_register(void);
bool test_space_register(void);
bool test_space_random_register(void);
bool test_story_register(void);
bool test_tiers_register(void);
