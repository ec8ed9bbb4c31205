/* SPDX-License-Identifier: MIT */
/* What a trace holds, as text for people: `numasim trace info`. */
#pragma once

#include <traces/info-scan.h>
#include <traces/trace.h>

/*
 * A description of several lines. Without `scan` it says what header and trailer say, at once whatever the length; with
 * it every record is read, and footprint, working set, streams, reuse, sharing, passes between marks and hottest ranges
 * follow, with a summary in words. (transfer full); NULL with `error`, only with `scan`.
 */
char *nsim_trace_describe(NsimTrace *trace, bool scan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same with a scan made before; NULL for none. (transfer full) */
char *nsim_trace_describe_scan(const NsimTrace *trace, const NsimTraceScan *scan);
