/* SPDX-License-Identifier: MIT */
/* The words of a command line, as a shell would cut it, and where they stand. */
#pragma once

#include <glib.h>
#include <numasim/types.h>

typedef struct {
    char *text;            /* unquoted; words.items own it */
    uint32_t line, column; /* from 1; columns count bytes */
    uint32_t number;       /* from 1 */
} NsimDamoWord;

typedef struct {
    NsimDamoWord *items;
    uint32_t count;
    const char *name; /* of the text, for errors; borrowed */
} NsimDamoWords;

/*
 * Quotes, backslashes and comments as in sh, except that a backslash with blanks behind it is a line break that a YAML
 * text folded, and that `$(command)` is one word that stays as it is. False with `error`.
 */
bool nsim_damo_words_split(const char *text, const char *name, NsimDamoWords *ret, GError **error);
void nsim_damo_words_clear(NsimDamoWords *words);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NsimDamoWords, nsim_damo_words_clear)

/* "NAME, word N (line L, column C): message". `word` NULL: the end of the text. Always returns false. */
bool nsim_damo_word_error(const NsimDamoWords *words, const NsimDamoWord *word, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
