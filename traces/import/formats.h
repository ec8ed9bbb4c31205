/* SPDX-License-Identifier: MIT */
/* Which formats there are, and which one a file is of. */
#pragma once

#include <traces/import/import.h>

extern const NsimTraceFormat nsim_trace_format_champsim;
extern const NsimTraceFormat nsim_trace_format_champsim_cloudsuite;
extern const NsimTraceFormat nsim_trace_format_csv;
extern const NsimTraceFormat nsim_trace_format_damo;
extern const NsimTraceFormat nsim_trace_format_dramsim3;
extern const NsimTraceFormat nsim_trace_format_drmemtrace;
extern const NsimTraceFormat nsim_trace_format_drmemtrace_text;
extern const NsimTraceFormat nsim_trace_format_lackey;
extern const NsimTraceFormat nsim_trace_format_libcachesim_csv;
extern const NsimTraceFormat nsim_trace_format_nsys;
extern const NsimTraceFormat nsim_trace_format_nvbit;
extern const NsimTraceFormat nsim_trace_format_oracle_general;
extern const NsimTraceFormat nsim_trace_format_perf_script;
extern const NsimTraceFormat nsim_trace_format_prospero;
extern const NsimTraceFormat nsim_trace_format_prospero_binary;
extern const NsimTraceFormat nsim_trace_format_ramulator;
extern const NsimTraceFormat nsim_trace_format_records16;
extern const NsimTraceFormat nsim_trace_format_uvm_log;

/*
 * The format with this name; with NULL, that of the file, by its content, else by the end of its name. NULL with `error`
 * that says what there is.
 */
const NsimTraceFormat *
nsim_trace_format_find(const char *name, const char *path, GError **error);
/* What these first bytes are of, with `path` for the end of its name (may be NULL). NULL: not known, or not surely. */
const NsimTraceFormat *
nsim_trace_format_guess(const uint8_t *head, size_t bytes, const char *path);
