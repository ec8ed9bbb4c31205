/* SPDX-License-Identifier: MIT */
/* Export to libCacheSim's oracleGeneral format: see tool-export.h. Private to traces/. */
#pragma once

#include <traces/tool-export.h>

bool nsim_export_oracle(NsimTrace *trace, const NsimExportOptions *options, NsimExportFunc sink, void *user_data,
                        const NsimTraceTick *tick, GError **error) G_GNUC_WARN_UNUSED_RESULT;
