/* SPDX-License-Identifier: MIT */
/*
 * Names for what a program touched, from the memory maps of its emulator (/proc/PID/maps, proc(5)).
 *
 * Maps are taken several times, since mappings come and go; the first name of an address stays. An emulator has
 * mappings of its own among those of the program: only what was touched becomes a region, so they stay out. A mapped
 * program or library is one region from its first byte to the end of its zeroed data; anonymous mappings are numbered
 * by address; a page that no map had is "unnamed". A region goes from the first to the last page touched in it.
 */
#pragma once

#include <traces/trace.h>

typedef struct _NsimRegions NsimRegions;

NsimRegions *nsim_regions_new(void);
void nsim_regions_free(NsimRegions *regions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimRegions, nsim_regions_free)

/* A cache line was touched. Memory: 80 bytes for each 2 MiB frame touched, up to the trace format's limit of frames. */
void nsim_regions_touch(NsimRegions *regions, uint64_t line);
/* Take a map in; its address A is the program's address A - `base`. Lines that are not understood are passed over. */
void nsim_regions_read_map(NsimRegions *regions, const char *map, uint64_t base);
/* Anonymous memory that was there for a while; names that maps give go before. */
void nsim_regions_add_anonymous(NsimRegions *regions, uint64_t begin, uint64_t bytes);
/* What was anonymous for a while counts from now on. Call before names are given to what is anonymous. */
void nsim_regions_end_maps(NsimRegions *regions);
/* Name what is anonymous between two addresses. */
void nsim_regions_name(NsimRegions *regions, const char *name, uint64_t begin, uint64_t end);
/* Name a stack: what is anonymous around `address`, `below` and `above` it at most. */
void nsim_regions_name_stack(NsimRegions *regions, const char *name, uint64_t address, uint64_t below, uint64_t above);
/* Give the writer the regions; call once, at the end. */
void nsim_regions_write(NsimRegions *regions, NsimTraceWriter *writer);
