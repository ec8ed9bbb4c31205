/* SPDX-License-Identifier: MIT */
/*
 * Where the places that a user named are in the running program, from the emulator's memory maps: symbols in the
 * program first, then in its libraries as they are mapped. What the emulator had mapped before it loaded the program is
 * its own and not looked at.
 */
#pragma once

#include <traces/qemu/recorder.h>

#include <stdatomic.h>

typedef struct _NsimResolver NsimResolver;

NsimResolver *nsim_resolver_new(const char *program_path);
void nsim_resolver_free(NsimResolver *resolver);
/* `*address` is set, from 0, once the place is known. */
void nsim_resolver_add(NsimResolver *resolver, const NsimWhere *where, _Atomic uint64_t *address);
/*
 * Take in a map, /proc/PID/maps, of which the guest's part begins at `base`. The first is the one before there is a
 * program; false: this is no longer the process that the first was of.
 */
bool nsim_resolver_read_map(NsimResolver *resolver, const char *map, uint64_t base);
/* Was there a first map? */
bool nsim_resolver_has_base(const NsimResolver *resolver);
/* Places not found yet. */
uint32_t nsim_resolver_missing(const NsimResolver *resolver);
