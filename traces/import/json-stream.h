/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259) read front to back in bounded memory, for files that are too large to be held as a tree: the caller
 * walks through the values in their order and skips those it does not want. `error` is never NULL. Strings are cut to
 * the buffer that is given; escapes stand for '?' except those of one character. Left out: checking numbers and UTF-8.
 */
#pragma once

#include <traces/import/input.h>

/* Nested deeper is damage. */
#define NSIM_JSON_STREAM_DEPTH 32u

typedef struct {
    NsimInput *input;
    const char *path; /* for messages */
    uint64_t line;    /* of what was read last, from 1 */
} NsimJsonStream;

void nsim_json_stream_init(NsimJsonStream *json, NsimInput *input, const char *path);

/* Does the next value begin with this character? False also with `error`. */
bool nsim_json_stream_is_next(NsimJsonStream *json, char first, GError **error);

/*
 * Walk through an array: true when an element is next, which the caller must read or skip; false after the last one, or
 * with `error`. `first` is true before the first call.
 */
bool nsim_json_stream_element(NsimJsonStream *json, bool *first, GError **error);
/* Walk through an object in the same way: true with the key in `key`, its value being next. */
bool nsim_json_stream_key(NsimJsonStream *json, bool *first, char *key, size_t key_bytes, GError **error);

/* A string, without quotes, a number, true, false or null, as text. */
bool nsim_json_stream_scalar(NsimJsonStream *json, char *text, size_t text_bytes, GError **error);
/* Any value. */
bool nsim_json_stream_skip(NsimJsonStream *json, GError **error);
/* There is nothing more. */
bool nsim_json_stream_end(NsimJsonStream *json, GError **error);
