/* SPDX-License-Identifier: MIT */
/* What trace-capture.c and trace-capture-lackey.c share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *output, *title; /* title: the program as the user typed it */
    char **program;             /* and its arguments, NULL-terminated */
    uint64_t cache_bytes;       /* 0: none */
    uint32_t ways;
    uint64_t instructions_per_s;
    int level;
    bool quiet;
} NsimLackeyCapture;

/* Is valgrind in the PATH? */
bool
nsim_lackey_is_there(void);
/* Run the program and write the trace; returns an exit status. */
int
nsim_lackey_capture(const NsimLackeyCapture *capture);
