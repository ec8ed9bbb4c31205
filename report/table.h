/* SPDX-License-Identifier: MIT */
/* Tables of aligned text. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct _NsimTable NsimTable;

/* (transfer full) */
NsimTable *
nsim_table_new(void);
void
nsim_table_free(NsimTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimTable, nsim_table_free)

/*
 * Add a column, before any row. The heading has two lines, the upper of which may be "": the tables of a report have
 * their units in the lower one. Numbers stand to the right.
 */
void
nsim_table_column(NsimTable *table, const char *upper, const char *lower, bool right);
void
nsim_table_row(NsimTable *table, bool bold);
/* The next cell of the last row; missing cells are empty. */
void
nsim_table_cell(NsimTable *table, const char *text);
void
nsim_table_take_cell(NsimTable *table, char *text);
/* Append the table; bold rows are marked for a terminal when `colour`. */
void
nsim_table_render(const NsimTable *table, GString *out, bool colour);
