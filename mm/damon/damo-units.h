/* SPDX-License-Identifier: MIT */
/*
 * Numbers as damo writes and reads them: "200MB" (of 2^20 bytes), "1 h 3 s", "99.7%", "1,000", "min", "max". A bare
 * number is in the unit of its field. Exact: fractions to nine digits in integers, the rest cut off.
 *
 * Source: the damo tool's manual and its output, mid-2026. Left out: exponents, signs.
 */
#pragma once

#include <glib.h>
#include <numasim/types.h>

typedef enum {
    NSIM_DAMO_NUMBER,
    NSIM_DAMO_SIZE,    /* bytes */
    NSIM_DAMO_NS,      /* nanoseconds; a bare number too */
    NSIM_DAMO_US,      /* microseconds, cut off */
    NSIM_DAMO_MS,      /* milliseconds, cut off */
    NSIM_DAMO_BP,      /* 1/10000 */
    NSIM_DAMO_PERMIL,  /* 1/1000 */
    NSIM_DAMO_PERCENT, /* a bare number is percent, the result millionths */
    NSIM_DAMO_UNITS
} NsimDamoUnit;

/* UINT64_MAX for "max" and what is larger. False: not such a number; nsim_damo_unit_allowed() says what is. */
bool nsim_damo_unit_parse(const char *text, NsimDamoUnit unit, uint64_t *ret) G_GNUC_WARN_UNUSED_RESULT;
const char *nsim_damo_unit_allowed(NsimDamoUnit unit);
/* An address: as a size, or hexadecimal after 0x. */
bool nsim_damo_address_parse(const char *text, uint64_t *ret) G_GNUC_WARN_UNUSED_RESULT;
