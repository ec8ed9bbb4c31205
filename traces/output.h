/* SPDX-License-Identifier: MIT */
/*
 * A file that appears complete or not at all: written under a temporary name beside its final one, then renamed. A
 * path that names something other than a regular file (a pipe, a device) is written to directly. Private to traces/.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct _NsimOutput NsimOutput;

/* (transfer full); NULL with `error` (NSIM_TRACE_ERROR_IO). */
NsimOutput *
nsim_output_new(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Append. The first error is kept, after which nothing is written. */
void
nsim_output_write(NsimOutput *output, const void *data, size_t bytes);
/* Bytes appended so far: the offset of the next. */
uint64_t
nsim_output_offset(const NsimOutput *output);
bool
nsim_output_failed(const NsimOutput *output);
/* Write what is left and give the file its name. False with `error`: nothing is left behind. Frees either way. */
bool
nsim_output_close(NsimOutput *output, GError **error);
/* Remove the temporary file and free. */
void
nsim_output_abandon(NsimOutput *output);
