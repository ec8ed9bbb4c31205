/* SPDX-License-Identifier: MIT */
/*
 * Writing a damo command line: policies that are a set of DAMON schemes say so in the words of that tool, so that what
 * they do can be read, explained (numasim damo explain) and tried on a real machine.
 *
 * Call order: for each kdamond damo_text_node() or damo_text_range(), then damo_text_word() for its monitoring, then
 * for each of its schemes damo_text_scheme() and the words, goals and filters of that scheme; at the end
 * damo_text_end().
 */
#pragma once

#include <numasim/policy.h>

typedef struct {
    GString *text;
    GString *schemes, *goals, *filters; /* counts by kdamond, by scheme */
    GString *sample_filters;            /* counts by kdamond */
    uint32_t kdamonds, scheme_count, goal_count, filter_count;
    uint32_t sample_filter_count, sample_filters_all; /* of the kdamond, and in all */
} DamoText;

void damo_text_begin(DamoText *damo);
/* A kdamond for the memory of a node, by its number, or for physical addresses [start, end). */
void damo_text_node(DamoText *damo, int32_t nid);
void damo_text_range(DamoText *damo, uint64_t start, uint64_t end);
/* A kdamond for the virtual addresses of a workload, by its index. */
void damo_text_space(DamoText *damo, uint32_t space);
void damo_text_word(DamoText *damo, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Which access reports of the kdamond's primitive count. */
void damo_text_sample_filter(DamoText *damo, const char *filter);
/* Begin a scheme that moves to a node. */
void damo_text_scheme(DamoText *damo, const char *action, int32_t nid);
void damo_text_goal(DamoText *damo, const char *metric, uint64_t ppm, int32_t nid);
void damo_text_filter(DamoText *damo, const char *filter);
/* The whole line. (transfer full) */
char *damo_text_end(DamoText *damo);

/* A time or a share as damo reads it, for a word. (transfer full) */
char *damo_time(NsimTime time_ps);
char *damo_percent(uint64_t ppm);
