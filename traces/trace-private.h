/* SPDX-License-Identifier: MIT */
/* What the files of traces/ share about an open trace. Private to traces/ and its tests. */
#pragma once

#include <traces/format.h>

/* Where the index has a thread's blocks. */
typedef struct {
    uint64_t first_entry, block_count;
    uint32_t block_bytes_max;
} NsimThreadIndex;

struct _NsimTrace {
    int reference_count; /* atomic */
    int fd;
    char *path;
    bool verify_checksums;
    NsimTraceInfo info;
    uint64_t index_offset;
    NsimThreadIndex *thread_index;
    uint32_t *frame_map; /* frame number -> dense frame; NULL: the identity */
    GMutex lock;         /* of sha256 */
    char *sha256;
};

/*
 * Open from a descriptor, which the trace owns from now on, also on failure. Without `verify_checksums` wrong checksums
 * are not noticed: that is for fuzzing, where no mutation would get past them.
 */
NsimTrace *
nsim_trace_open_fd(int fd, const char *name, bool verify_checksums, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Read exactly `bytes` bytes at `offset`. */
bool
nsim_trace_read_at(const NsimTrace *trace, void *buffer, size_t bytes, uint64_t offset,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Parse header, footer, trailer and index into an empty trace whose fd, path and info.file_bytes are set. */
bool
nsim_trace_parse(NsimTrace *trace, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Set `error` to this, after the trace's path. Always false, for `return nsim_trace_fail(...)`. */
bool
nsim_trace_fail(const NsimTrace *trace, NsimTraceError code, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
