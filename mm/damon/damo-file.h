/* SPDX-License-Identifier: MIT */
/* Values of a kdamonds file, for its two readers. A key that is missing or null leaves what is there. */
#pragma once

#include <mm/damon/damo-private.h>

typedef struct {
    bool raw; /* written by `damo args damon --raw`: times of some keys are nanoseconds, whatever the key says */
} NsimDamoFile;

/* The value of a key; NULL when it is missing or null. */
const NsimValue *nsim_damo_file_get(const NsimValue *map, const char *key);
/* A list or a map of that key; `*ret` NULL when there is none. False: it is something else. */
bool nsim_damo_file_child(const NsimValue *map, const char *key, NsimValueKind kind, const NsimValue **ret,
                          GError **error);
bool nsim_damo_file_unit(const NsimValue *map, const char *key, NsimDamoUnit unit, uint64_t *ret, GError **error);
/* The same as simulated time, "max" as NSIM_TIME_MAX. */
bool nsim_damo_file_time(const NsimValue *map, const char *key, NsimDamoUnit unit, NsimTime *ret, GError **error);
bool nsim_damo_file_count(const NsimValue *map, const char *key, uint32_t most, uint32_t *ret, GError **error);
bool nsim_damo_file_bool(const NsimValue *map, const char *key, bool *ret, GError **error);
bool nsim_damo_file_name(const NsimValue *map, const char *key, const char *const *names, uint32_t *ret,
                         GError **error);
/* "{start, end}" or a list of two. */
bool nsim_damo_file_range(const NsimValue *value, uint64_t *start, uint64_t *end, GError **error);

bool nsim_damo_file_scheme(const NsimDamoFile *file, const NsimValue *value, GPtrArray *schemes, GError **error);
