/* SPDX-License-Identifier: MIT */
/* What the parts of `numasim trace capture` share: one for each way to capture, and what runs an emulator. */
#pragma once

#include <cli/cli.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <traces/qemu/recorder.h>

/* A file that belongs to the program: beside it in a build tree, else where it is installed. (transfer full) */
char *nsim_capture_find_part(const char *name);

/* ---- trace-capture-run.c -------------------------------------------------------------------------------------------
 */

/* How an emulator came to its end. */
typedef enum { NSIM_CAPTURE_BY_ITSELF, NSIM_CAPTURE_OVER, NSIM_CAPTURE_LATE } NsimCaptureEnd;

/* What is different where the emulator is a machine in which the program runs, and not the program. */
typedef struct {
    /* In the new process, before it becomes the emulator. */
    void (*prepare)(void *context, pid_t parent);
    /* Many times a second while it runs, and once after its end. */
    void (*step)(void *context);
    /* Did the program run at all, and did it end by itself? */
    bool (*ran)(void *context);
    bool (*ended)(void *context);
    /* Say how it ended, or why it did not run. */
    void (*say_end)(void *context);
    void (*say_failure)(void *context, bool is_attached);
} NsimCaptureGuest;

typedef struct {
    const NsimRecorderOptions *options;
    const char *name;     /* of the program, as the user has it */
    const char *path;     /* of its executable */
    const char *emulator; /* in messages */
    bool end_when_over, quiet;
    int64_t timeout_us; /* 0: none */
    /* The emulator's command line; it inherits this descriptor for the plug-in. (transfer full) */
    char **(*make_arguments)(void *context, int channel_fd);
    const NsimCaptureGuest *guest; /* NULL: none */
    void *context;
} NsimCaptureRun;

/* Run it and write the trace; returns an exit status. */
int nsim_capture_run(const NsimCaptureRun *run);

/* ---- trace-capture-system.c ----------------------------------------------------------------------------------------
 */

/* Options as the user has them; NULL: not given. */
typedef struct {
    char *kernel, *append, *memory, *nodes, *cpus, *accesses, *timeout;
    char **includes;
} NsimSystemTexts;

void nsim_system_texts_clear(NsimSystemTexts *texts);
/* The name of one that is given, or NULL. */
const char *nsim_system_texts_given(const NsimSystemTexts *texts);

typedef struct {
    const NsimRecorderOptions *options; /* but what a machine adds */
    const NsimSystemTexts *texts;
    char **program;             /* and its arguments, NULL-terminated */
    const char *path, *plugin;  /* of the executable, and of our plug-in */
    const char *emulator, *cpu; /* NULL: the usual one */
    bool end_when_over, quiet;
} NsimSystemCapture;

/* Run the program in a guest and write the trace; returns an exit status. */
int nsim_system_capture(const NsimCommand *command, const NsimSystemCapture *capture);

/* ---- trace-capture-lackey.c ----------------------------------------------------------------------------------------
 */

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
bool nsim_lackey_is_there(void);
/* Run the program and write the trace; returns an exit status. */
int nsim_lackey_capture(const NsimLackeyCapture *capture);
