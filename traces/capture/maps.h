/* SPDX-License-Identifier: MIT */
/*
 * The memory of a captured program: named ranges, learnt from /proc/PID/maps from time to time, of which those that
 * were touched become regions of the trace. The format is that of proc(5). A mapping that is gone keeps its range as
 * far as nothing else came to be there.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { NSIM_MAP_FILE, NSIM_MAP_DATA, NSIM_MAP_ZERO, NSIM_MAP_SPECIAL, NSIM_MAP_ANONYMOUS } NsimMapKind;

typedef struct {
    uint64_t address, end;
    char *name; /* of the file, without folders; or "[heap]"; anonymous memory: "" */
    NsimMapKind kind;
    bool is_touched;
} NsimMap;

typedef struct {
    GArray *maps; /* of NsimMap, by address, not overlapping */
} NsimMaps;

void nsim_maps_init(NsimMaps *maps);
void nsim_maps_clear(NsimMaps *maps);
/* Take in how things are now: the text of such a file. What is not understood is left out. */
void nsim_maps_update(NsimMaps *maps, const char *text);
/* The bytes from `address` were touched. False: there is nothing known there. */
bool nsim_maps_touch(NsimMaps *maps, uint64_t address, uint64_t bytes);
/* A range with this name, over all that is there. */
void nsim_maps_name(NsimMaps *maps, const char *name, uint64_t address, uint64_t bytes);
