/* SPDX-License-Identifier: MIT */
/*
 * Writing JSON. Jansson holds every non-integer as a double and prints it as one; times and ratios here are exact
 * decimals of integers, so the text is written directly.
 */
#pragma once

#include <glib.h>
#include <numasim/types.h>

#define NSIM_JSON_DEPTH_MAX 16u

typedef struct {
    GString *out;
    unsigned depth;
    bool first;
    struct {
        char closer;
        bool inlined;
    } levels[NSIM_JSON_DEPTH_MAX];
} NsimJson;

/* Write to `out`, which stays the caller's. */
void
nsim_json_init(NsimJson *json, GString *out);
/*
 * Open an object or array; `key` is NULL inside an array and at the top. What is opened inline, and all in it, stays on
 * one line.
 */
void
nsim_json_object(NsimJson *json, const char *key);
void
nsim_json_object_inline(NsimJson *json, const char *key);
void
nsim_json_array(NsimJson *json, const char *key);
void
nsim_json_array_inline(NsimJson *json, const char *key);
/* Close the innermost one. */
void
nsim_json_end(NsimJson *json);

void
nsim_json_string(NsimJson *json, const char *key, const char *text);
void
nsim_json_uint(NsimJson *json, const char *key, uint64_t value);
void
nsim_json_null(NsimJson *json, const char *key);
void
nsim_json_bool(NsimJson *json, const char *key, bool value);
/* Picoseconds as nanoseconds with up to three decimals. */
void
nsim_json_ns(NsimJson *json, const char *key, NsimTime time_ps);
/* Parts per million as a ratio with six decimals. */
void
nsim_json_ratio(NsimJson *json, const char *key, uint64_t ppm);
