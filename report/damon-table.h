/* SPDX-License-Identifier: MIT */
/* What DAMON did as tables: in the text report, at most 80 columns wide, and as columns of the CSV report. */
#pragma once

#include <report/csv.h>
#include <report/result.h>

/* Kdamonds, schemes, and the damo command lines of policies that wrote one; nothing without kdamonds. */
void nsim_damon_append_text(GString *out, const NsimResult *result, bool colour);

/* Columns kdamond.N.* and kdamond.N.scheme.S.*, as many as the run with the most of them needs. */
void nsim_damon_csv_heading(NsimCsv *csv, const NsimResult *result);
void nsim_damon_csv_row(NsimCsv *csv, const NsimResult *result, const NsimRunResult *run);

/* Goals with their scores in percent: "node_mem_free_bp DRAM1: 97.3". (transfer full) */
char *nsim_damon_goals_text(const NsimDamonSchemeResult *scheme);
