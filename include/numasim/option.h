/* SPDX-License-Identifier: MIT */
/*
 * Options as data: one row describes an option once; parsing, range checks, help text, the manual and the JSON
 * schema of a plug-in are all made from it.
 */
#pragma once

#include <numasim/types.h>

typedef enum {
    NSIM_OPTION_BOOL,   /* bool: yes, no, true, false */
    NSIM_OPTION_INT,    /* uint64_t: a bare number */
    NSIM_OPTION_TIME,   /* NsimTime: needs a unit, 10us */
    NSIM_OPTION_BYTES,  /* uint64_t bytes: needs a unit, 64KiB */
    NSIM_OPTION_RATE,   /* uint64_t bytes/s: needs a unit, 2GB/s */
    NSIM_OPTION_RATIO,  /* uint64_t parts per million: 5% or 0.05 */
    NSIM_OPTION_ENUM,   /* uint32_t: index into `choices` */
    NSIM_OPTION_STRING, /* const char *, owned by the core, never NULL when a default is given */
    NSIM_OPTION_FILE,   /* the same, a path: what a config gives is looked for beside that config */
    NSIM_OPTION_DAMON   /* the same, a text for nsim_damon(), checked when it is read; a config may give {file: PATH} */
} NsimOptionType;

typedef struct {
    const char *key; /* as the user types it: lower case, digits, '_' */
    NsimOptionType type;
    size_t offset;              /* of the field in the plug-in's config struct */
    uint64_t min, max;          /* allowed range in the field's unit; both 0: any */
    const char *default_text;   /* as the user would type it; NULL: the option must be given */
    const char *const *choices; /* NSIM_OPTION_ENUM: NULL-terminated words */
    const char *help;           /* one sentence with the unit */
    const char *source;         /* where the default comes from: paper and section, kernel file and version */
} NsimOption;

/* A counter a plug-in exports; it appears in the report under policy_stats. */
typedef struct {
    const char *key;
    const char *unit; /* "pages", "bytes", "ns", "count" */
    const char *help;
} NsimCounter;
