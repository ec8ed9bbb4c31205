/* SPDX-License-Identifier: MIT */
/*
 * Addresses for traces of requests to a cache of objects, which name objects and not places. An object gets its place
 * when it is first asked for, behind the one before, in whole cache lines, as a store that appends would put it. When it
 * is asked for with a larger size than it has room for, it gets a new place.
 *
 * Left out: frees, and so reuse of room: the places together are as large as all objects that ever were.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* More objects are refused: the table then has 512 MiB. */
#define NSIM_OBJECTS_MAX (UINT32_C(1) << 24)
/* Their places together are at most this large. */
#define NSIM_OBJECTS_BYTES_MAX (UINT64_C(1) << 43)

typedef struct _NsimObjects NsimObjects;

/* With the first object at `base`, a multiple of 64 that is not 0. (transfer full) */
NsimObjects *
nsim_objects_new(uint64_t base);
void
nsim_objects_free(NsimObjects *objects);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimObjects, nsim_objects_free)

/*
 * The address of the object with this number, `bytes` (0 counts as 1) large. 0 when there are too many objects or too large
 * ones, and `ret_problem` says so.
 */
uint64_t
nsim_objects_place(NsimObjects *objects, uint64_t number, uint32_t bytes, const char **ret_problem);
uint64_t
nsim_objects_count(const NsimObjects *objects);
/* Of all places together. */
uint64_t
nsim_objects_bytes(const NsimObjects *objects);
