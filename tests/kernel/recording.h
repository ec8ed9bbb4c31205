/* SPDX-License-Identifier: MIT */
/* Summaries that reduce.c wrote, read again; those whose names end in .gz are compressed. */
#pragma once

#include <glib.h>

#include "figures.h"

/* Columns of schemes and balancing, and more of them for each scheme (reduce.h). */
#define RECORDING_COLUMNS 18u
#define RECORDING_SCHEME_COLUMNS 6u

typedef struct {
    const Run *run;
    char *seed, *release; /* as written */
    double accesses_per_s;
    uint64_t span_bytes; /* schemes: memory of node 0 from the area's first page to its last; 0: not known */
    GArray *rows;    /* monitoring: FigureRow */
    char **columns;  /* schemes and balancing: names */
    GArray *numbers; /* ... uint64_t, row after row */
} Recording;

/* All of a folder, by run, span and seed; with `error`: none could be read, or one is wrong. (transfer full) */
GPtrArray *recordings_read(const char *folder, GError **error);
/* Rows of schemes and balancing; a column by its name, which must be there. */
guint recording_count(const Recording *recording);
uint64_t recording_number(const Recording *recording, guint row, const char *column);
/* Share of accesses that node 0 serves, by where pages are. */
double recording_near_share(const Recording *recording, guint row);
