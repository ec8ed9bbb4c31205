/* SPDX-License-Identifier: MIT */
/* Writing CSV as RFC 4180 has it, with line feeds. */
#pragma once

#include <glib.h>
#include <numasim/types.h>

typedef struct {
    GString *out;
    bool started; /* the present line has a field */
} NsimCsv;

void
nsim_csv_text(NsimCsv *csv, const char *text);
/* Format a name of a column. */
void
nsim_csv_printf(NsimCsv *csv, const char *format, ...) G_GNUC_PRINTF(2, 3);
void
nsim_csv_uint(NsimCsv *csv, uint64_t value);
void
nsim_csv_ns(NsimCsv *csv, NsimTime time_ps);
void
nsim_csv_ratio(NsimCsv *csv, uint64_t ppm);
void
nsim_csv_empty(NsimCsv *csv);
void
nsim_csv_end_line(NsimCsv *csv);
