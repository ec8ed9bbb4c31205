/* SPDX-License-Identifier: MIT */
/*
 * What the environment asks of the automatic capture: NUMASIM_CAPTURE, the file's name, and NUMASIM_CAPTURE_OPTIONS,
 * KEY=VALUE,... (numasim-capture(3) has the list). Needs the C library only, and no memory: it is read before the
 * program's first instruction.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NSIM_SETTINGS_PATH_MAX 4096u

/*
 * What an access stands for where nothing else is known: instructions of programs over accesses that the call-outs saw
 * (docs/capture.md has the programs).
 */
#define NSIM_SETTINGS_INSTRUCTIONS_256THS (3u * 256)

typedef struct {
    uint64_t cache_bytes; /* of one last-level cache; sets are a power of two */
    uint32_t ways, caches;
    uint32_t threads_per_cache;   /* that follow each other by number */
    uint64_t instructions_per_s;  /* declared */
    uint32_t instructions_256ths; /* an access stands for; declared */
    uint64_t bytes_max;           /* of the trace; 0: any */
    int level;                    /* zstd */
    bool manual;                  /* nothing counts before nsim_capture_on() */
} NsimSettings;

void nsim_settings_init(NsimSettings *settings);
/* False with the problem in words in `message`. `text` NULL or empty: nothing to do. */
bool nsim_settings_parse(NsimSettings *settings, const char *text, char *message, size_t message_bytes);
/* `pattern` with %p as the number of the process and %% as %, into NSIM_SETTINGS_PATH_MAX bytes. False: too long. */
bool nsim_settings_expand(const char *pattern, long process, char *path);
