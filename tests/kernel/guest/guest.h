/* SPDX-License-Identifier: MIT */
/*
 * The program that a real kernel is watched with (guest.c): in a guest machine, as root, linked statically. What it
 * prints is read by tests/kernel/record.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#include "../runs.h"

/* ---- The program that accesses memory (workload.c), a process of its own ------------------------------------------
 */

#define WORKLOAD_LOG_MAX 1024u
#define WORKLOAD_LOG_US UINT64_C(100000)

typedef struct {
    uint64_t time_us, accesses, dropped;
} WorkloadLog;

/* What it shares with the controller. */
typedef struct {
    volatile uint32_t ready, go, stop;
    volatile uint64_t start_ns; /* CLOCK_MONOTONIC, when its accesses began */
    volatile uint64_t area;     /* address */
    volatile uint64_t accesses; /* done so far */
    volatile uint32_t logged;
    WorkloadLog log[WORKLOAD_LOG_MAX];
} Workload;

/* In the process: the accesses of a run until it is told to stop. */
void workload_main(const Run *run, uint64_t seed, Workload *shared);

/* ---- Small things (guest.c) ----------------------------------------------------------------------------------------
 */

uint64_t now_ns(void);
void sleep_us(uint64_t us);
void pin(pid_t pid, unsigned cpu);
/* Ends the program with what did not work. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- Files of the kernel (files.c) ---------------------------------------------------------------------------------
 */

/* Write a value; the path is made as by printf. A kernel that refuses ends the program. */
void put(const char *value, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_number(uint64_t value, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Is the file there? */
bool has(const char *path);
/* A number that a file holds; 0: it is not there. */
uint64_t get_number(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A counter of /proc/vmstat, of all that begin with `name`. */
uint64_t get_vmstat(const char *name);
/* Events that are recorded: one of DAMON's, until trace_stop(). */
void trace_start(const char *event);
void trace_stop(void);
/* Each event: when, and the text behind its name. */
void trace_read(const char *event, void (*each)(uint64_t time_ns, const char *text, void *data), void *data);

/* ---- DAMON (damon.c) -----------------------------------------------------------------------------------------------
 */

typedef struct {
    const char *action;
    int target_node;
    uint32_t least_accesses, most_accesses, least_age;
    uint64_t quota_bytes;
    uint32_t quota_ms;
    bool goal; /* user_input, of 10000 */
} Scheme;

typedef struct {
    const char *operations;
    pid_t pid;           /* 0: physical addresses */
    uint64_t start, end; /* 0: all */
    const Scheme *scheme;
} Kdamond;

/* What a scheme has done, and its quota. */
typedef struct {
    uint64_t nr_tried, sz_tried, nr_applied, sz_applied, qt_exceeds, effective_bytes;
} SchemeState;

/* Switch them on, each on processor `cpu`; the usual intervals and region counts. */
void damon_on(const Kdamond *kdamonds, unsigned count, unsigned cpu);
void damon_off(unsigned count);
SchemeState damon_scheme_state(unsigned kdamond);
/* How near its goal a scheme is, in 1/10000. */
void damon_feed(unsigned kdamond, uint64_t score);

/* ---- Where memory is (place.c) -------------------------------------------------------------------------------------
 */

typedef struct {
    uint32_t near[RUN_TENTHS];  /* pages of each tenth on node 0; the last one has the rest, too */
    uint32_t near_pages, pages; /* on node 0, and there at all */
    uint64_t first, end;        /* physical addresses of those on node 0 */
} Placement;

/* Node 1 begins at physical address `split`. */
Placement place_of(pid_t pid, uint64_t area, uint64_t split);
