/* SPDX-License-Identifier: MIT */
/*
 * What a kernel is, and what it may ask of the program around it (main.c): options, named memory, threads, a barrier,
 * marks. A kernel makes its input in prepare(), by one thread and not captured; computes in work(), which every thread
 * calls; and says in check() whether the result is right.
 *
 * In GPU order (gpu.h) gpu_work() takes the place of work(), and a thread is a streaming multiprocessor.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <traces/capture/capture.h>

#define KERNEL_OPTIONS_MAX 8u
#define KERNEL_THREADS_MAX 64u

typedef struct KernelRun KernelRun;

/* A number that the command line may set. */
typedef struct {
    const char *name, *help;
    uint64_t value, least, most;
} KernelOption;

typedef struct {
    const char *name;
    const char *summary;                      /* what it computes, in the trace's description */
    KernelOption options[KERNEL_OPTIONS_MAX]; /* the first without a name ends them */
    /*
     * The clock (docs/kernels.md): instructions that a captured access stands for, in 1/256, and the declared rate of a
     * thread. A multiprocessor in GPU order has GPU_INSTRUCTIONS_PER_S.
     */
    uint32_t instructions_256ths, gpu_instructions_256ths;
    uint64_t instructions_per_s;
    void (*prepare)(KernelRun *run);
    void (*work)(KernelRun *run, uint32_t thread);
    void (*gpu_work)(KernelRun *run, uint32_t thread); /* NULL: has no GPU order */
    bool (*check)(KernelRun *run);
} Kernel;

struct KernelRun {
    const Kernel *kernel;
    uint64_t values[KERNEL_OPTIONS_MAX]; /* of the kernel's options, in their order */
    uint64_t seed;
    uint32_t thread_count;
    void *state;       /* the kernel's own */
    uint64_t checksum; /* of the result, set by check(): the same for any number of threads */
    /* Of main.c and gpu.c. */
    bool gpu, block_marks;
    uint32_t resident_count;
    uint64_t gpu_next_block;
    pthread_barrier_t barrier;
    unsigned capture_barrier;
};

typedef struct {
    uint64_t first, end;
} KernelShare;

/* Zeroed memory: a region of the trace. Ends the program when there is none. */
void *kernel_map(const char *name, uint64_t bytes);
/* Zeroed memory that is no part of the trace, for inputs in the making, checks and on-chip state. */
void *kernel_alloc(uint64_t count, uint64_t bytes);
/* Print why the result is wrong; returns false. */
bool kernel_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Wait for all threads. */
void kernel_barrier(KernelRun *run);

/* The contiguous part of `count` things that is the thread's. */
static inline KernelShare
kernel_share(const KernelRun *run, uint32_t thread, uint64_t count)
{
    return (KernelShare){count * thread / run->thread_count, count * (thread + 1u) / run->thread_count};
}

/* A phase begins: the first thread says so for all. */
static inline void
kernel_mark(uint32_t thread, const char *name)
{
    if (thread == 0)
        nsim_capture_mark(name);
}
