/* SPDX-License-Identifier: MIT */
/*
 * What the guest's program prints (guest/guest.c), line by line, into one summary file a run:
 *
 * # run, seed, kernel, how long it took on this machine
 * # area, accesses really done a second while it was watched
 * # for schemes: the span of the area on node 0
 * a header line and rows: FIGURE_HEADER (figures.h) for monitoring, REDUCE_HEADER for schemes and balancing
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "recording.h"

/* Of the row that print_row() of guest/guest.c prints; then six columns for each scheme. */
#define REDUCE_HEADER                                                                                                  \
    "time_us,accesses,cpu_us,near0,near1,near2,near3,near4,near5,near6,near7,near8,near9,pte_updates,hint_faults,"     \
    "promoted,demoted,migrated"
#define REDUCE_SCHEME_HEADER ",nr_tried%u,sz_tried%u,nr_applied%u,sz_applied%u,qt_exceeds%u,effective_bytes%u"

typedef struct _Reduce Reduce;

/* Files go into `folder`; with `keep_regions` NAME.regions beside each, a line a region. (transfer full) */
Reduce *reduce_new(const char *folder, bool keep_regions);
/* A line without its end. A run that is over is written and told to standard output. False with `error`. */
bool reduce_line(Reduce *reduce, const char *line, GError **error);
/* How many runs are over. */
unsigned reduce_runs(const Reduce *reduce);
void reduce_free(Reduce *reduce);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reduce, reduce_free)
