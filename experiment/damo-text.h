/* SPDX-License-Identifier: MIT */
/* Numbers as damo shows them, exactly: what damo would round is written out. All results: (transfer full). */
#pragma once

#include <glib.h>
#include <numasim/types.h>

/* "1,000" */
char *nsim_damo_text_number(uint64_t number);
/* "64.000 MiB", "5,001 B", "max" */
char *nsim_damo_text_size(uint64_t bytes);
/* For sentences: "64 MiB", "about 5000 KiB" */
char *nsim_damo_text_short_size(uint64_t bytes);
/* "1 m 30 s", "5 ms", "max" for UINT64_MAX */
char *nsim_damo_text_time(uint64_t ns);
/* The same of simulated time, cut off to nanoseconds; NSIM_TIME_MAX is "max". */
char *nsim_damo_text_ps(NsimTime time_ps);
/* value / 10^scale percent: "0.5 %" */
char *nsim_damo_text_percent(uint64_t value, unsigned scale);
