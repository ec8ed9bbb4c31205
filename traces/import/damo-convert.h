/* SPDX-License-Identifier: MIT */
/*
 * DAMON's reports as a rate trace (traces/rate.h): each target is a thread, each aggregation interval an interval. A page of
 * a range is taken to be read once, one line, in each sampling interval in which a check found it accessed, so a range of
 * P pages found accessed in a share F of the checks, T apart, has P * F / T reads a second: a lower bound, because a page
 * may be touched often between two checks. Of several targets the intervals are cut where one of them begins or ends.
 *
 * Left out: writes, and who reads, which DAMON does not tell; ages.
 */
#pragma once

#include <traces/import/damo-reader.h>

/*
 * From `path` to `output`. False with `error`. The memory is that of one snapshot; with several targets that of all, with
 * the limits of damo-rates.h.
 */
bool
nsim_damo_convert(const char *path, const char *output, const char *program, const NsimDamoOptions *options,
                  GError **error);
