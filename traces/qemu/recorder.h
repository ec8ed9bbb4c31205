/* SPDX-License-Identifier: MIT */
/*
 * The receiving end of a capture: what the plug-in of plugin.h tells through channel.h goes through one last-level
 * cache that all threads share (traces/capture/filter.h), is merged into runs and written in the native format.
 *
 * Accesses of different threads reach the cache by chunks of up to 1023 and not in the order in which the processors
 * made them, so which of two threads misses a shared line first may differ from run to run. One thread alone gives the
 * same file each time when the program itself does the same, at the same addresses.
 */
#pragma once

#include <traces/trace.h>

#include <sys/types.h>

/* Where recording starts or stops, or a mark is. */
typedef struct {
    enum { NSIM_WHERE_NOWHERE, NSIM_WHERE_SYMBOL, NSIM_WHERE_ADDRESS, NSIM_WHERE_COUNT } kind;
    char *symbol;
    uint64_t address; /* as the program's file has it; a displacement is added */
    uint64_t nth;     /* SYMBOL, ADDRESS: the call that counts, from 1 */
    uint64_t count;   /* COUNT: instructions of all threads */
} NsimWhere;

/*
 * "NAME", "NAME@N", "0xADDRESS", "0xADDRESS@N" or "+INSTRUCTIONS". False: `*ret_problem` says what is wrong (transfer
 * full). nsim_where_clear() frees what is in it.
 */
bool nsim_where_parse(const char *text, NsimWhere *ret, char **ret_problem);
void nsim_where_clear(NsimWhere *where);

typedef struct {
    NsimWhere where;
    char *name; /* in the trace */
} NsimRecorderMark;

#define NSIM_RECORDER_MARKS_MAX 62u
#define NSIM_RECORDER_NODES_MAX 64u

/* Whose accesses are recorded, of a whole machine. */
typedef enum { NSIM_ACCESSES_USER = 1, NSIM_ACCESSES_KERNEL = 2, NSIM_ACCESSES_ALL = 3 } NsimAccesses;

/* All texts belong to the caller and stay while the recorder lives. */
typedef struct {
    const char *output;       /* the trace */
    const char *program_path; /* the executable that the emulator runs */
    const char *program;      /* texts of the trace's header */
    const char *capture;
    uint64_t rate;        /* declared instructions a second */
    uint64_t cache_bytes; /* 0: no cache */
    uint32_t ways;
    int level;            /* of zstd */
    uint64_t records_max; /* UINT64_MAX: no limit */
    const char *toggle;   /* record while this file exists; NULL: always */
    NsimWhere start, stop;
    const NsimRecorderMark *marks;
    uint32_t mark_count;
    /*
     * A whole machine: its nodes' bytes. Node 0 begins at physical address 0, each other one where the one before ends;
     * they are regions of the trace, and processors are its threads. Recording begins and ends when the guest says so:
     * no start, stop, marks or toggle.
     */
    const uint64_t *node_bytes;
    uint32_t node_count; /* 0: one program */
    NsimAccesses accesses;
} NsimRecorderOptions;

#define NSIM_RECORDER_CACHE_MAX (UINT64_C(1) << 30)
#define NSIM_RECORDER_WAYS_MAX 64u

typedef struct {
    bool attached;      /* the emulator loaded the plug-in */
    bool limited;       /* there were records_max */
    bool start_unknown; /* the symbol to start at was in nothing that was loaded */
    bool stop_unknown;
    bool replaced; /* the program became another one by exec() */
    uint32_t marks_unknown;
    uint32_t thread_count, thread_lost;
    uint64_t records, read_lines, rfo_lines, write_lines;
    uint64_t kernel_lines;   /* of a machine: of these, what the kernel's accesses caused */
    uint64_t outside_count;  /* accesses to what is in none of its nodes */
    uint32_t unplaced_count; /* nodes whose place is not known */
    uint64_t instructions, instructions_recorded;
} NsimRecorderTotals;

typedef struct _NsimRecorder NsimRecorder;

/* NULL with `error`. The cache is a power of two of sets. */
NsimRecorder *nsim_recorder_new(const NsimRecorderOptions *options, GError **error);
/* The descriptor that the emulator inherits for the plug-in. */
int nsim_recorder_fd(const NsimRecorder *recorder);
/* Work for a moment, or wait for something to do for at most 10 ms. `pid` is the emulator. */
void nsim_recorder_step(NsimRecorder *recorder, pid_t pid);
/*
 * Nothing more is recorded: a stop was reached (of a machine, which ends then: no), a limit too, or the trace cannot be
 * written.
 */
bool nsim_recorder_is_over(const NsimRecorder *recorder);
bool nsim_recorder_failed(const NsimRecorder *recorder);
/* The emulator has ended: take what is left, and fill in the totals. */
void nsim_recorder_drain(NsimRecorder *recorder, NsimRecorderTotals *ret);
/* Finish the trace. False with `error`: there is none. Frees. */
bool nsim_recorder_close(NsimRecorder *recorder, GError **error);
/* Free, and leave no trace. */
void nsim_recorder_abandon(NsimRecorder *recorder);
