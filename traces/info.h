/* SPDX-License-Identifier: MIT */
/* What a trace holds, as text for people: `numasim trace info`. */
#pragma once

#include <traces/trace.h>

/*
 * A description of several lines. Without `scan` it says what header and trailer say, at once whatever the length; with
 * it every record is read, for lines and touched 4 KiB pages of each region and passes of each mark. (transfer full);
 * NULL with `error`, only with `scan`.
 */
char *
nsim_trace_describe(NsimTrace *trace, bool scan, GError **error) G_GNUC_WARN_UNUSED_RESULT;
