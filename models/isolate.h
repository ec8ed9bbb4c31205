/* SPDX-License-Identifier: MIT */
/*
 * Running a library that is not hardened on data that may be hostile: in a child process with bounded memory and time,
 * whose crash is a failed call and nothing more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Fills `result`, which starts as zeros; false: the data is refused. Runs in the child: nothing else it does lasts. */
typedef bool (*NsimIsolateFunc)(const void *data, size_t length, void *result);

typedef enum {
    NSIM_ISOLATE_GOOD,    /* `ret_result` holds what the function wrote */
    NSIM_ISOLATE_REFUSED, /* the function returned false */
    NSIM_ISOLATE_DIED,    /* it crashed, or took more memory or time than allowed */
    NSIM_ISOLATE_FAILED   /* no child could be made; errno says why */
} NsimIsolateOutcome;

#define NSIM_ISOLATE_BYTES_MAX ((size_t)2 << 30) /* address space of the child */
#define NSIM_ISOLATE_SECONDS_MAX 10u

/*
 * Call `run(data, length, result)` in a child; copy `result_bytes` of what it wrote to `ret_result` when it is good.
 * The bytes come from a process that handled hostile data: check them.
 */
NsimIsolateOutcome nsim_isolate_run(NsimIsolateFunc run, const void *data, size_t length, void *ret_result,
                                    size_t result_bytes);
