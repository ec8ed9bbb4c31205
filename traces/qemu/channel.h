/* SPDX-License-Identifier: MIT */
/*
 * The memory that the plug-in in the emulator (plugin.c) and the recorder in numasim (recorder.c) share.
 *
 * Accesses travel in chunks: a guest thread fills one, hands it over by a queue and takes an empty one from a second
 * queue; the recorder returns it when its records went through cache and writer. The emulator's process owns no file
 * and no library of ours, so what the guest does to its descriptors and signals cannot damage the trace, and when it is
 * killed everything that it had put into chunks is still there. Both queues are arrays with ever-growing positions and
 * more slots than there are chunks, so nothing in them is overwritten before it was read, and no lock is held by a
 * process that may die.
 *
 * The guest shares the emulator's address space and may scribble anywhere; the recorder trusts no number in here.
 */
#pragma once

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NSIM_CHANNEL_VERSION 2u
#define NSIM_CHANNEL_THREADS 4096u /* guest threads that can be told apart: the trace format's limit */
#define NSIM_CHANNEL_CHUNKS 5120u  /* one a thread, and some under way */
#define NSIM_CHANNEL_SLOTS 8192u
#define NSIM_CHANNEL_RECORDS 1023u
#define NSIM_CHANNEL_WATCHES 64u
#define NSIM_CHANNEL_NODES 64u
/* Of a thread's recently told lines, looked up by the line's low bits. */
#define NSIM_CHANNEL_RECENT 64u

/*
 * What a record says; the operand is a line, for a mark its number, for anonymous memory its first page. A line of a
 * whole machine is where the emulator says that it is: see NsimChannelNode.
 */
enum { NSIM_CHANNEL_LOAD, NSIM_CHANNEL_STORE, NSIM_CHANNEL_MARK, NSIM_CHANNEL_MAP };
#define NSIM_CHANNEL_BY_KERNEL 4u /* beside LOAD or STORE */
#define NSIM_CHANNEL_KIND_BITS 3u
#define NSIM_CHANNEL_PAGE_SHIFT 12u

typedef struct {
    uint64_t what;  /* operand << KIND_BITS | kind */
    uint64_t clock; /* instructions of this thread while recording; of anonymous memory: its bytes */
} NsimChannelRecord;

/* The thread that filled a chunk owns it until it is in the queue, the recorder until it is in the free one. */
enum { NSIM_CHUNK_FREE, NSIM_CHUNK_FILLING, NSIM_CHUNK_QUEUED };

typedef struct {
    uint32_t thread;
    _Atomic uint32_t state;
    _Atomic uint32_t filled; /* records that are complete */
    uint32_t reserved;
    NsimChannelRecord records[NSIM_CHANNEL_RECORDS];
} NsimChannelChunk;

/* What is known of a thread beyond its records; written by it now and then. */
typedef struct {
    _Atomic uint64_t clock;         /* instructions while recording */
    _Atomic uint64_t instructions;  /* all */
    _Atomic uint64_t first_address; /* its first access: its stack, as a rule */
    uint64_t reserved[5];
} NsimChannelThread;

typedef enum { NSIM_WATCH_START, NSIM_WATCH_STOP, NSIM_WATCH_MARK } NsimWatchAction;

/* ... for it exits, or another takes its place. */
enum { NSIM_CHANNEL_EXITS = 1, NSIM_CHANNEL_IS_REPLACED };

/* Something happens when the instruction at `address` runs. */
typedef struct {
    _Atomic uint64_t address; /* 0: not known yet */
    _Atomic uint64_t calls;   /* so far */
    uint64_t nth;             /* START, STOP: act on this call, from 1 */
    uint32_t action, mark;
} NsimChannelWatch;

/*
 * A node of a whole machine. QEMU 7.2 tells the physical address of memory that has a backend of its own too high, by
 * where that memory begins; later versions do not. So the guest makes an access whose address is known, in each node,
 * and `shift` is by how much it was told too high.
 */
typedef struct {
    uint64_t begin, end; /* physical addresses; set before the emulator starts */
    _Atomic uint64_t shift;
    _Atomic uint32_t is_known;
    uint32_t reserved;
} NsimChannelNode;

/* Whose accesses are told, of a whole machine. */
enum { NSIM_CHANNEL_USER = 1, NSIM_CHANNEL_KERNEL = 2 };

typedef struct {
    _Atomic uint64_t slots[NSIM_CHANNEL_SLOTS]; /* position + 1 (so that an old one is not taken) << 16 | chunk */
    _Atomic uint64_t head, tail;
    _Atomic uint32_t wake; /* futex; counts what was put in */
    _Atomic uint32_t sleepers;
} NsimChannelQueue;

typedef struct {
    uint32_t version;
    int32_t recorder; /* its process */
    /* Set before the emulator starts. */
    uint64_t start_count, stop_count; /* instructions of all threads; UINT64_MAX: not by count */
    uint32_t window;                  /* a line told at most so many records ago need not be told again */
    uint32_t watch_count;
    NsimChannelWatch watches[NSIM_CHANNEL_WATCHES];
    uint32_t node_count; /* 0: one program and not a machine */
    uint32_t accesses;   /* of a machine: NSIM_CHANNEL_USER, NSIM_CHANNEL_KERNEL or both */
    NsimChannelNode nodes[NSIM_CHANNEL_NODES];
    /* Either side changes these. */
    _Atomic uint32_t recording;
    _Atomic uint32_t over;     /* the recorder wants no more */
    _Atomic uint32_t attached; /* the plug-in was loaded */
    _Atomic uint32_t stopped;  /* a stop was reached */
    _Atomic uint32_t leaving;  /* the program is about to end by its own will: the map asked for is its last ... */
    _Atomic uint64_t guest_base;
    _Atomic uint64_t heap_begin, heap_end; /* where brk() was and is; 0: unknown */
    _Atomic uint32_t thread_count;         /* that have a number */
    _Atomic uint32_t thread_lost;          /* for which there was none */
    _Atomic uint32_t unresolved;           /* watches without an address: tell when code is mapped */
    /* "Look at the memory map now, I wait": the recorder makes `answer` equal to `request`. */
    _Atomic uint32_t request, answer;
    NsimChannelQueue full, free;
    NsimChannelThread threads[NSIM_CHANNEL_THREADS];
    NsimChannelChunk chunks[NSIM_CHANNEL_CHUNKS];
} NsimChannel;

/* Sleep until `*word` is no longer `value`, at most `ms`. */
static inline void
nsim_channel_sleep(_Atomic uint32_t *word, uint32_t value, unsigned ms)
{
    const struct timespec timeout = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &timeout, NULL, 0);
}

static inline void
nsim_channel_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static inline void
nsim_channel_put(NsimChannelQueue *queue, uint32_t chunk)
{
    const uint64_t at = atomic_fetch_add(&queue->tail, 1);
    atomic_store(&queue->slots[at % NSIM_CHANNEL_SLOTS], (at + 1) << 16 | chunk);
    atomic_fetch_add(&queue->wake, 1);
    if (atomic_load(&queue->sleepers) > 0)
        nsim_channel_wake(&queue->wake);
}

/* A chunk's number, or UINT32_MAX when there is none. Any number of takers. */
static inline uint32_t
nsim_channel_take(NsimChannelQueue *queue)
{
    uint64_t head = atomic_load(&queue->head);
    for (;;) {
        const uint64_t slot = atomic_load(&queue->slots[head % NSIM_CHANNEL_SLOTS]);
        if (slot >> 16 == head + 1) {
            if (atomic_compare_exchange_weak(&queue->head, &head, head + 1))
                return (uint32_t)(slot & 0xffff);
        } else {
            const uint64_t now = atomic_load(&queue->head);
            if (now == head) /* nothing there, or its putter is about to */
                return UINT32_MAX;
            head = now;
        }
    }
}
