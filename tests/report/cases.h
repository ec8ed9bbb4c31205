/* SPDX-License-Identifier: MIT */
/* Whole results that several tests print: an ordinary one and odd ones. */
#pragma once

#include <report/result.h>

typedef struct {
    const char *name;
    NsimResult *(*make)(void);
} ResultCase;

/* Ended by a NULL name. */
extern const ResultCase result_cases[];
