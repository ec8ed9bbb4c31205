/* SPDX-License-Identifier: MIT */
/*
 * Thread-block order: a kernel launched as a grid of blocks on simulated streaming multiprocessors.
 *
 * Each multiprocessor is a thread of the trace. It holds `resident_count` blocks and lets each do one step in turn, as
 * warps that wait for memory let others run. At first block b goes to multiprocessor b mod M, wave by wave; then the
 * next block in the order of the numbers goes to where one has ended first. A launch begins when the one before has
 * ended. Left out: warps inside a block (a step does the work of all of them), concurrent launches, and clusters.
 */
#pragma once

#include <traces/kernels/common/kernel.h>

#define GPU_RESIDENT_MAX 32u

/*
 * The clock counts instructions of a warp: 32 of the scalar code that steps are written in. The declared rate is one a
 * cycle of the V100 at the 1.53 GHz that NVIDIA states.
 */
#define GPU_INSTRUCTIONS_PER_S UINT64_C(1530000000)

typedef struct {
    uint64_t id;
    uint32_t step; /* steps done so far */
    void *on_chip; /* zeroed at the block's begin: registers and shared memory, not part of the trace */
} GpuBlock;

typedef struct {
    const char *mark; /* "kernel:NAME", passed by the first multiprocessor when the launch begins */
    uint64_t block_count;
    uint64_t on_chip_bytes;
    /* One step of a block; false when it was its last. */
    bool (*step)(void *context, const GpuBlock *block);
    void *context;
} GpuLaunch;

/* Every multiprocessor calls it with the same launch; returns when all blocks have ended. */
void gpu_launch(KernelRun *run, uint32_t processor, const GpuLaunch *launch);
