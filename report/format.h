/* SPDX-License-Identifier: MIT */
/*
 * Numbers and words as text. Everything is integer arithmetic, so that a report is the same to the byte on every
 * machine and under every locale.
 */
#pragma once

#include <glib.h>
#include <numasim/types.h>

/* Parts per million: the unit of every ratio in the result model. */
#define NSIM_PPM ((uint64_t)1000000)

/* value / 10^scale with exactly `digits` decimals, rounded half up; scale and digits at most 18. */
void
nsim_format_decimal(GString *out, uint64_t value, unsigned scale, unsigned digits);
/* value / 10^scale with as many decimals as it needs and no more. */
void
nsim_format_exact(GString *out, uint64_t value, unsigned scale);
/* Three significant digits and a decimal prefix: "9876", "12.3 k", "1.23 G"; nothing follows the prefix. */
void
nsim_format_si(GString *out, uint64_t value);

/* The same of bytes, with their unit: "640 B", "12.3 kB". */
void
nsim_format_bytes(GString *out, uint64_t bytes);

/* How a column of times is shown: in `unit` = 10^scale ps, with `digits` decimals. */
typedef struct {
    const char *unit;
    unsigned scale, digits;
} NsimTimeScale;

/* The unit that suits times between `low_ps` (the smallest above 0) and `high_ps`, with at most `digits_max` decimals.
 */
NsimTimeScale
nsim_time_scale(NsimTime low_ps, NsimTime high_ps, unsigned digits_max);
/* (transfer full) */
char *
nsim_time_in_scale(NsimTime time_ps, const NsimTimeScale *scale);

/* Sum, or UINT64_MAX when it does not fit. */
uint64_t
nsim_add_saturated(uint64_t a, uint64_t b);
/* part / whole in parts per million; 0 when whole is 0. */
uint64_t
nsim_share_ppm(uint64_t part, uint64_t whole);

/* Text from outside made safe to print: valid UTF-8, control characters replaced by '?'. (transfer full) */
char *
nsim_text_clean(const char *text);
/* Terminal columns that clean text takes. */
unsigned
nsim_text_columns(const char *text);
/* Clean text cut in the middle to at most `columns` (>= 5) columns: both ends of a label tell it apart. (transfer full)
 */
char *
nsim_text_fit(const char *text, unsigned columns);
/* Append a paragraph wrapped at `columns`, later lines indented, with a line feed at its end. */
void
nsim_text_wrap(GString *out, const char *text, unsigned indent, unsigned columns);
