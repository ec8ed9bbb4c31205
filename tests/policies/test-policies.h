/* SPDX-License-Identifier: MIT */
/* The suites of this folder and what they share. Each register function returns false when CUnit refuses it. */
#pragma once

#include <experiment/policy-spec.h>
#include <tests/mm/box.h>

bool test_abi_register(void);
bool test_bind_register(void);
bool test_fail_register(void);
bool test_first_touch_register(void);
bool test_hot_threshold_register(void);
bool test_holistic_place_register(void);
bool test_interleave_register(void);
bool test_node_list_register(void);
bool test_oracle_register(void);
bool test_oracle_random_register(void);
bool test_plugins_register(void);
bool test_preferred_register(void);
bool test_scripted_register(void);
bool test_weighted_interleave_register(void);

/* A box and a policy as a user writes it. */
typedef struct {
    Box box;
    NsimPlugins *plugins;
    NsimPolicySpec *spec;
} Stage;

/* Open a stage on this machine; spaces are added to `stage->box`. */
void stage_open(Stage *stage, const char *yaml);
/* Attach the policy `text` says ("interleave:nodes=D0+X"). "" when it is attached, or why not. (transfer full) */
char *stage_attach(Stage *stage, const char *text);
void stage_close(Stage *stage);

/* Open a stage with box_yaml(near, far), one space and a policy; a policy that is refused is a failed test. */
void stage_open_simple(Stage *stage, unsigned near_mib, unsigned far_mib, uint64_t frame_count, const char *text);
/* Assert that the pages from `page` on are where `picture` says: '0' to '9' the node, '.' no memory. */
void stage_expect(const Stage *stage, NsimPage page, const char *picture);
