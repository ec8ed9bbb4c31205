/* SPDX-License-Identifier: MIT */
/* The grid of gpu.h. */
#include "gpu.h"

#include <stdlib.h>

/* As aligned as vectors want it; cleared when a block begins. */
static void *
alloc_on_chip(uint64_t bytes)
{
    void *memory = bytes ? aligned_alloc(64, (bytes + 63) / 64 * 64) : NULL;
    if (bytes && !memory) {
        fputs("kernels: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static void
begin_block(const GpuLaunch *launch, GpuBlock *block, uint64_t id)
{
    block->id = id;
    block->step = 0;
    if (launch->on_chip_bytes)
        memset(block->on_chip, 0, launch->on_chip_bytes);
}

/*
 * What follows is of this block: with --block-marks the trace says so, where it is another one than before. What this
 * itself does to memory stays out of the trace.
 */
__attribute__((noinline, no_sanitize("thread"))) static void
begin_turn(const KernelRun *run, const GpuBlock *block, uint64_t *marked)
{
    char name[32];
    if (!run->block_marks || *marked == block->id)
        return;
    snprintf(name, sizeof name, "block:%llu", (unsigned long long)block->id);
    nsim_capture_mark(name);
    *marked = block->id;
}

void
gpu_launch(KernelRun *run, uint32_t processor, const GpuLaunch *launch)
{
    const uint64_t wave = (uint64_t)run->thread_count * run->resident_count;
    GpuBlock blocks[GPU_RESIDENT_MAX];
    uint32_t live = 0;
    uint64_t marked = UINT64_MAX; /* no block */
    kernel_barrier(run);
    if (processor == 0)
        __atomic_store_n(&run->gpu_next_block, wave, __ATOMIC_RELAXED);
    kernel_mark(processor, launch->mark);
    kernel_barrier(run);
    for (uint32_t slot = 0; slot < run->resident_count; slot++) {
        const uint64_t id = (uint64_t)slot * run->thread_count + processor;
        if (id >= launch->block_count)
            break;
        blocks[live].on_chip = alloc_on_chip(launch->on_chip_bytes);
        begin_block(launch, &blocks[live++], id);
    }
    while (live > 0) {
        for (uint32_t slot = 0; slot < live;) {
            GpuBlock *block = &blocks[slot];
            begin_turn(run, block, &marked);
            const bool more = launch->step(launch->context, block);
            block->step++;
            if (more) {
                slot++;
                continue;
            }
            const uint64_t next = __atomic_fetch_add(&run->gpu_next_block, 1, __ATOMIC_RELAXED);
            if (next < launch->block_count) {
                begin_block(launch, block, next);
                slot++;
            } else {
                free(block->on_chip);
                blocks[slot] = blocks[--live];
            }
        }
    }
    kernel_barrier(run);
}
