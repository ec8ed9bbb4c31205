/* SPDX-License-Identifier: MIT */
/* What the files of `numasim trace info` share. Private to traces/. */
#pragma once

#include <traces/info-scan.h>

/* Longer tables are cut: nobody reads the 4096th thread. */
#define NSIM_INFO_ROWS_MAX 64u

/* "1.50 MiB" */
void nsim_append_size(GString *text, uint64_t bytes);
/* The same in a column of 11 and a space before. */
void nsim_append_size_column(GString *text, uint64_t bytes);
/* "12.34" for a part of a whole times `scale`, rounded. */
void nsim_append_ratio(GString *text, uint64_t part, uint64_t whole, unsigned scale);
/* "224.14 ms" */
void nsim_append_time(GString *text, uint64_t ps);
/* A line when `count` rows are more than are shown. */
void nsim_append_more(GString *text, uint32_t count, const char *what);
uint64_t nsim_sum_saturated(uint64_t a, uint64_t b);
uint64_t nsim_line_bytes(uint64_t lines);

/* The tables that only a scan has. */
void nsim_append_figures(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan);
/* The same in sentences, by rules that know nothing of any program. */
void nsim_append_words(GString *text, const NsimTraceInfo *info, const NsimTraceScan *scan);
