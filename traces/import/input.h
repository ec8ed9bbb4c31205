/* SPDX-License-Identifier: MIT */
/*
 * A file to import, read front to back in bounded memory: plain, or compressed by gzip, xz, zstd or zlib, or a zip
 * archive, whose files come one behind the other; which of these is found out from its first bytes. Gives lines or bytes.
 * Left out: seeking.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct _NsimInput NsimInput;

/* Longest line of a text that is accepted. */
#define NSIM_INPUT_LINE_MAX (1u << 20)

/* The unread part of the buffer: readers of binary formats go through it by themselves and call more() when it is short. */
struct _NsimInput {
    const uint8_t *at, *end;
    /* private fields follow in the implementation */
};

/* `path` "-" is standard input. (transfer full); NULL with `error` (NSIM_TRACE_ERROR_IO). */
NsimInput *
nsim_input_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Bytes in memory, as if they were a file; not copied. (transfer full) */
NsimInput *
nsim_input_new_from_memory(const void *data, size_t bytes);
void
nsim_input_free(NsimInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimInput, nsim_input_free)

/*
 * Have at least `bytes` (up to NSIM_INPUT_LINE_MAX) unread in the buffer, which may move. True when there are; false at
 * the end of the input, with what is left in the buffer, or with `error` when it cannot be read or decompressed.
 */
bool
nsim_input_more(NsimInput *input, size_t bytes, GError **error);
/* Offset in the decompressed data of the first unread byte. */
uint64_t
nsim_input_offset(const NsimInput *input);
/* Lines read so far. */
uint64_t
nsim_input_line_number(const NsimInput *input);
/* Bytes of the file read so far and in all (0: not known), compressed if it is. */
void
nsim_input_progress(const NsimInput *input, uint64_t *ret_done, uint64_t *ret_total);

/*
 * The next line without its line end (LF or CR LF), valid until the next call; not terminated. False at the end, or with
 * `error` also when a line is longer than NSIM_INPUT_LINE_MAX.
 */
bool
nsim_input_line(NsimInput *input, const char **ret_line, size_t *ret_length, GError **error);
