/* SPDX-License-Identifier: MIT */
/* What readers of text share: going through the lines, telling a format by its first ones, times with a fraction. */
#pragma once

#include <traces/import/import.h>
#include <traces/import/text.h>

/* What one line says about the format of the file it is in. */
typedef enum {
    NSIM_LINE_FOREIGN, /* stands in no such file */
    NSIM_LINE_NEUTRAL, /* may stand in it, and in others: empty, a comment */
    NSIM_LINE_LIKELY,  /* would be right, in other formats too */
    NSIM_LINE_OWN      /* stands in no other file */
} NsimLineKind;

typedef NsimLineKind (*NsimLineJudge)(const char *line, size_t length);

/*
 * Judges the first 1000 lines, without a last one that is cut off. One foreign line: NO; else with a line of its own
 * SURE, with likely ones POSSIBLE.
 */
NsimMatch
nsim_lines_probe(const uint8_t *head, size_t bytes, NsimLineJudge judge);

/* The same for formats whose every line is of its own, or empty. */
NsimMatch
nsim_lines_probe_own(const uint8_t *head, size_t bytes, bool (*is_own)(const char *line, size_t length));

/* Takes a line; its number is nsim_input_line_number(). False with `error`. */
typedef bool (*NsimLineTaker)(void *context, const char *line, size_t length, GError **error);

/* Gives every line to `take` and keeps the import going. `error` is not NULL. */
bool
nsim_lines_read(NsimImport *import, NsimInput *input, NsimLineTaker take, void *context, GError **error);

/* A table is lines of text without those that are empty or begin with '#'. False with `error`, as of NsimLineTaker. */
typedef struct {
    /* The first line, which is no row where `*ret_is_header` is set. */
    bool (*begin)(void *context, const char *line, size_t length, bool *ret_is_header, GError **error);
    NsimLineTaker take_row;
} NsimLineTable;

/* As nsim_lines_read(); lines that are no rows are counted as skipped. */
bool
nsim_lines_read_table(NsimImport *import, NsimInput *input, const NsimLineTable *table, void *context, GError **error);

/* A message's usual quotation of a line: as "%.*s", cut. */
#define NSIM_LINE_SHOWN(line, length) ((int)MIN((size_t)(length), 60)), (line)

/* Time from one access to the next in formats without a clock, in 1/16 ps. */
uint64_t
nsim_lines_gap_16ths(const NsimImport *import);

/* A point in time, fine and far enough for picoseconds since 1970. */
typedef struct {
    uint64_t ns;
    uint32_t rest_ps; /* below 1000 */
} NsimInstant;

/*
 * A decimal number, a fraction allowed, of units of `unit_ps` (at most 10^12: a second). False: no number, or later
 * than 2^64 ns. Of the fraction 15 digits count, the rest is passed over.
 */
bool
nsim_text_take_instant(const char **at, const char *end, uint64_t unit_ps, NsimInstant *ret_instant);

/* Clock of an instant, 0 for those before the origin, which is the first one ever asked for. False: over 13 days. */
bool
nsim_lines_clock_16ths(NsimImport *import, const NsimInstant *instant, uint64_t *ret_16ths);
