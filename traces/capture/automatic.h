/* SPDX-License-Identifier: MIT */
/*
 * The automatic capture: a program that knows nothing of it is captured from its start to its end. Private to
 * traces/capture/.
 *
 * Each thread of the program collects the lines it touches in a batch of its own and hands full batches over through a
 * ring in shared memory. A second process, a copy made when the program begins, takes them out in order and does the
 * rest: caches, runs, the trace file. So the program needs no memory or descriptors for that, none of its locks are
 * taken, and whatever ends it, what was handed over becomes a valid trace. The copy sends no signal when it ends and
 * wait() does not see it (clone(2) without an exit signal).
 *
 * The state is global, against the rule of the house, because the compiler's call-outs carry no context.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <traces/burst.h>
#include <traces/capture/settings.h>

#define NSIM_AUTO_EVENTS 1024u   /* of a batch */
#define NSIM_AUTO_BATCHES 256u   /* of the ring; a power of two */
#define NSIM_AUTO_THREADS 4096u  /* as many as a trace has */
#define NSIM_AUTO_REGIONS 4096u  /* named by the program */
#define NSIM_AUTO_MARKS 1024u    /* different ones */
#define NSIM_AUTO_NAME_BYTES 64u /* of a region or mark, cut, with its end */
#define NSIM_AUTO_FRONT 16u      /* lines a thread remembers: a power of two */

/*
 * An event is one word: the line, whether it is stored to, and the accesses since the event before, itself included.
 * With this line it is a control: the next word is an operand, and the low bits say what it is.
 */
#define NSIM_AUTO_LINE_SHIFT 13u
#define NSIM_AUTO_WRITE ((uint64_t)1 << 12)
#define NSIM_AUTO_ACCESSES_MAX (NSIM_AUTO_WRITE - 1)
#define NSIM_AUTO_CONTROL (UINT64_MAX >> NSIM_AUTO_LINE_SHIFT)
enum { NSIM_AUTO_PASS, NSIM_AUTO_MARK }; /* operand accesses pass; the mark with the operand's number */

/* An access as wide as the widest registers counts as one; a longer range as one for each of these bytes. */
#define NSIM_AUTO_ACCESS_BYTES 32u

typedef struct {
    uint32_t thread, count;
    uint64_t events[NSIM_AUTO_EVENTS];
} NsimAutoBatch;

/* What the capture is doing; only goes up. */
enum { NSIM_AUTO_STARTING, NSIM_AUTO_RUNNING, NSIM_AUTO_CLOSING, NSIM_AUTO_DONE };

/* How the program ended: a signal's number, or one of these. */
enum { NSIM_AUTO_ENDED = 0, NSIM_AUTO_VANISHED = -1, NSIM_AUTO_NO_MEMORY = -2 };

/* Shared between the program and the writing process. Words that are waited on are futexes. */
typedef struct {
    _Atomic uint32_t state;
    _Atomic uint32_t head, tail; /* batches put in and taken out, modulo 2^32 */
    _Atomic uint32_t lock;       /* of putting: 0 free, 1 taken, 2 and others wait */
    _Atomic uint32_t bell;       /* rung for the writing process */
    _Atomic uint32_t writer_sleeps, program_sleeps;
    _Atomic uint32_t message_told; /* one message about a capture that cannot go on */
    _Atomic int32_t ending;
    _Atomic uint32_t thread_count, region_count, mark_count;
    _Atomic uint64_t progress; /* the most accesses of any thread, as far as handed over */
    _Atomic uint64_t skipped;
    struct {
        _Atomic uint64_t stack; /* an address in it */
        char name[16];          /* as the kernel has it, when last handed over */
    } threads[NSIM_AUTO_THREADS];
    struct {
        uint64_t address, bytes;
        char name[NSIM_AUTO_NAME_BYTES];
        _Atomic uint32_t ready;
    } regions[NSIM_AUTO_REGIONS];
    char marks[NSIM_AUTO_MARKS][NSIM_AUTO_NAME_BYTES];
    NsimAutoBatch batches[NSIM_AUTO_BATCHES];
} NsimAutoShared;

/* A thread of the program, as it sees itself. */
typedef struct _NsimAutoThread NsimAutoThread;
struct _NsimAutoThread {
    uint64_t front[NSIM_AUTO_FRONT]; /* line << 1 | stored to; UINT64_MAX: none */
    uint64_t pending;                /* accesses since the last event */
    uint64_t accesses;               /* in events */
    volatile uintptr_t busy;         /* the stack frame that is putting an event; 0: none */
    volatile uint64_t skipped;
    uint32_t fill, index;
    unsigned rounds; /* of thread-specific data being destroyed */
    NsimAutoThread *next, **link;
    uint64_t events[NSIM_AUTO_EVENTS];
};

/* Accesses count. Only a hint that saves time: nothing breaks when it is seen late. */
extern _Atomic bool nsim_auto_on;
extern __thread NsimAutoThread *nsim_auto_self;
/* NULL: this process is not captured. */
extern NsimAutoShared *nsim_auto_shared;
extern NsimSettings nsim_auto_settings;
extern char nsim_auto_path[NSIM_SETTINGS_PATH_MAX];
extern long nsim_auto_process; /* the one captured */

/* ---- Threads and their events (front.c) ---------------------------------------------------------------------- */

/* The calling thread joins. NULL: it cannot, or not now. */
NsimAutoThread *nsim_auto_enter(void);
void nsim_auto_push(NsimAutoThread *thread, uint64_t address, uint64_t bytes, bool is_write);
void nsim_auto_mark(const char *name);
/* Hand over what the calling thread has. */
void nsim_auto_flush(void);
/* Make the key by which threads are seen to end. */
bool nsim_auto_init_threads(void);
/* In a child process: no thread is captured. */
void nsim_auto_forget_threads(void);
/* No more events; hand over what all threads have. `ending` as above. */
void nsim_auto_close_ring(int32_t ending);
/* All signals blocked, whatever they are; what they were before. */
uint64_t nsim_auto_block_signals(void);
void nsim_auto_restore_signals(uint64_t before);

/* ---- Life (automatic.c) -------------------------------------------------------------------------------------- */

/* The program begins: at the first of the call-outs and constructors. Does its work once. */
void nsim_auto_begin(void);
/* The program, or the wanted part of it, ends: close the trace and wait for it. Does its work once. */
void nsim_auto_finish(int32_t ending);
bool nsim_auto_is_captured(void);
void nsim_auto_region(const char *name, const void *address, size_t bytes);
/* On the standard error, after the library's name. */
void nsim_auto_tell(int descriptor, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The writing process is gone without a word? Then say so, once, and stop. */
bool nsim_auto_writer_lost(void);

/* ---- Signals (signals.c) ------------------------------------------------------------------------------------- */

/* Close the trace at signals that end the program, where it has not said what to do with them. */
void nsim_auto_watch_signals(void);

/* ---- The writing process (drain.c) --------------------------------------------------------------------------- */

_Noreturn void nsim_auto_drain(NsimAutoShared *shared);

/* Wait until *word is not `value`, for at most `milliseconds`. */
void nsim_auto_futex_wait(_Atomic uint32_t *word, uint32_t value, long milliseconds);
void nsim_auto_futex_wake(_Atomic uint32_t *word);

static inline void
nsim_auto_access(uint64_t address, uint64_t bytes, bool is_write)
{
    NsimAutoThread *thread = nsim_auto_self;
    if (__builtin_expect(!thread, 0) && !(thread = nsim_auto_enter()))
        return;
    const uint64_t line = address >> NSIM_LINE_SHIFT, end = (address + bytes - 1) >> NSIM_LINE_SHIFT;
    /* A store is told although a load of the line was; anything after a store to it is not. */
    if (line == end && (thread->front[line % NSIM_AUTO_FRONT] | !is_write) == (line << 1 | 1) &&
        bytes <= NSIM_AUTO_ACCESS_BYTES)
        thread->pending++;
    else
        nsim_auto_push(thread, address, bytes, is_write);
}
