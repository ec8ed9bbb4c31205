/* SPDX-License-Identifier: MIT */
/*
 * What a program may call when its memory accesses are captured: numasim-capture(3), docs/capture.md.
 *
 * A program compiled with the flags of `pkg-config --cflags numasim-capture` and linked with those of `--libs` is
 * captured from its start to its end when the environment variable NUMASIM_CAPTURE names a file; it need not call
 * anything. With the calls it names memory, sets marks, and says what part of the run is wanted. Besides this automatic
 * mode there is one with turns, for programs written for it: threads run one at a time in a fixed order, and the same
 * trace comes out each time. Without NSIM_CAPTURE, which those flags define, everything here does nothing and the
 * program runs as it is. This header needs the C library only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A kind of work, and how many instructions one captured access stands for in it, in 1/256. */
typedef struct {
    const char *name;
    uint32_t instructions_256ths;
} NsimCaptureWork;

typedef struct {
    const char *path;    /* of the trace to write */
    const char *program; /* what is captured, in words */
    const char *method;  /* more about how, appended to what the runtime says itself; NULL: nothing */
    unsigned thread_count;
    /* Last-level caches in front of the trace: threads are dealt to `cache_count` caches in equal contiguous shares. */
    unsigned cache_count, cache_ways;
    uint64_t cache_bytes; /* of one cache; sets are a power of two */
    /* Threads take turns of this many instructions. */
    uint64_t turn_instructions;
    uint64_t instructions_per_s; /* declared in the trace: what a thread does when memory never keeps it waiting */
    int level;                   /* zstd */
    const NsimCaptureWork *works;
    unsigned work_count;
    /* NULL, or a file that receives every access as it comes, before the cache: NsimCaptureRaw records. */
    const char *raw_path;
} NsimCaptureOptions;

/* One access in the file at raw_path. */
typedef struct {
    uint64_t address;
    uint32_t bytes;
    uint16_t thread;
    uint16_t is_write;
} NsimCaptureRaw;

/* What was captured. `elsewhere` are accesses to memory without a name: they drive the clock, not the caches. */
typedef struct {
    uint64_t instruction_count;
    uint64_t access_count, elsewhere_count;
    uint64_t read_lines, rfo_lines, write_lines;
    uint64_t run_count;
    uint64_t turn_count;
    uint64_t work_access_count[16];
} NsimCaptureStats;

#define NSIM_CAPTURE_WORKS_MAX 16u
#define NSIM_CAPTURE_THREADS_MAX 256u
#define NSIM_CAPTURE_CACHES_MAX 16u
#define NSIM_CAPTURE_REGIONS_MAX 256u
#define NSIM_CAPTURE_BARRIERS_MAX 64u

#ifdef NSIM_CAPTURE

#pragma GCC visibility push(default)

/* ---- In both modes ------------------------------------------------------------------------------------------- */

/*
 * Memory for the program, zeroed, named in the trace, at an address that is the same in every run. NULL when memory
 * cannot be had. May be called before the capture starts.
 */
void *nsim_capture_map(const char *name, size_t bytes);
void nsim_capture_unmap(void *address, size_t bytes);
/* Name memory the program has already. The capture is repeatable only if its address is. */
void nsim_capture_region(const char *name, const void *address, size_t bytes);
/* The calling thread passes the mark. */
void nsim_capture_mark(const char *name);

/* ---- Automatic mode ------------------------------------------------------------------------------------------ */

/* Accesses of all threads count from here, and no longer: what option start=manual of the environment waits for. */
void nsim_capture_on(void);
void nsim_capture_off(void);

/* ---- With turns ---------------------------------------------------------------------------------------------- */

/* A barrier of so many threads; its number. */
unsigned nsim_capture_add_barrier(unsigned members);

/* Begin. NULL, or what went wrong. The caller is not one of the captured threads. */
const char *nsim_capture_start(const NsimCaptureOptions *options);
/* Write what is left and close the trace, when every thread has left. NULL, or what went wrong. */
const char *nsim_capture_stop(NsimCaptureStats *ret_stats);

/* The calling thread is thread `index` of the capture from here; its accesses count. Waits for the other threads. */
void nsim_capture_join(unsigned index);
void nsim_capture_leave(void);
/* The calling thread does work number `work` of the options' table from here. */
void nsim_capture_work(unsigned work);
/*
 * The calling thread reaches a barrier. True: it was waited for here. False: the thread is not captured and must wait
 * by its own means. Threads of a capture take turns, so they must not wait for each other in any other way.
 */
bool nsim_capture_barrier(unsigned barrier);

/*
 * The compiler does not report what these C library functions touch: captured programs call these instead. (A program
 * linked with the flags of pkg-config does so without asking: see docs/capture.md.)
 */
void *nsim_capture_memcpy(void *to, const void *from, size_t bytes);
void *nsim_capture_memmove(void *to, const void *from, size_t bytes);
void *nsim_capture_memset(void *to, int value, size_t bytes);

#pragma GCC visibility pop

#else

static inline void *
nsim_capture_map(const char *name, size_t bytes)
{
    const size_t page = 4096;
    (void)name;
    if (bytes == 0 || bytes > SIZE_MAX / 2)
        return NULL;
    void *address = aligned_alloc(page, (bytes + page - 1) / page * page);
    if (address)
        __builtin_memset(address, 0, bytes);
    return address;
}

static inline void
nsim_capture_unmap(void *address, size_t bytes)
{
    (void)bytes;
    free(address);
}

static inline void
nsim_capture_region(const char *name, const void *address, size_t bytes)
{
    (void)name;
    (void)address;
    (void)bytes;
}

static inline void
nsim_capture_on(void)
{
}

static inline void
nsim_capture_off(void)
{
}

static inline unsigned
nsim_capture_add_barrier(unsigned members)
{
    (void)members;
    return 0;
}

static inline const char *
nsim_capture_start(const NsimCaptureOptions *options)
{
    (void)options;
    return "this program was built without capture";
}

static inline const char *
nsim_capture_stop(NsimCaptureStats *ret_stats)
{
    __builtin_memset(ret_stats, 0, sizeof *ret_stats);
    return NULL;
}

static inline void
nsim_capture_join(unsigned index)
{
    (void)index;
}

static inline void
nsim_capture_leave(void)
{
}

static inline void
nsim_capture_work(unsigned work)
{
    (void)work;
}

static inline void
nsim_capture_mark(const char *name)
{
    (void)name;
}

static inline bool
nsim_capture_barrier(unsigned barrier)
{
    (void)barrier;
    return false;
}

#endif

#ifdef __cplusplus
}
#endif
