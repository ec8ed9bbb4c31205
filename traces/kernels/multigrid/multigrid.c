/* SPDX-License-Identifier: MIT */
/*
 * V-cycles for Poisson's equation on a cube with zero at the border: the seven-point operator, a weighted Jacobi
 * sweep before and after, full weighting down and trilinear interpolation up.
 *
 * Source: Brandt, "Multi-Level Adaptive Solutions to Boundary-Value Problems" (1977); the point charges on the
 * right-hand side are those of the MG program of the NAS Parallel Benchmarks (Bailey et al. 1991). In GPU order each
 * part of a cycle is a launch of blocks of 32 x 8 columns that go through the cube plane by plane. Left out: periodic
 * borders, other shapes.
 *
 * Each level has the solution twice: a sweep reads one and writes the other. The cycle needs no third array, because
 * the second one is free for the residual where it is wanted:
 *   sweep 0 -> 1, residual of 1 -> 0, restrict 0, solve below, correct 1, sweep 1 -> 0.
 */
#include <traces/kernels/common/gpu.h>
#include <traces/kernels/common/random.h>

enum { BASE, LEVELS, CYCLES };

#define LEVELS_MAX 10u
#define WEIGHT (6.0 / 7.0)
#define CHARGES 10u
#define COARSEST_SWEEPS 40u /* even */
#define BLOCK_X 32u
#define BLOCK_Y 8u

typedef struct {
    uint64_t cells;  /* along an edge; points 0 and `cells` are the border */
    uint64_t stride; /* points of a row, filled up to whole lines */
    double *u[2];
    double *f; /* times the square of the spacing */
} Level;

typedef struct {
    Level levels[LEVELS_MAX]; /* 0: the finest */
    uint32_t level_count;
} Multigrid;

/* Inner points [x, x_end) x [y, y_end) of plane z. */
typedef struct {
    uint64_t x, x_end, y, y_end, z;
} Box;

typedef void (*Part)(const Multigrid *mg, uint32_t level, Box box);

static inline uint64_t
at(const Level *level, uint64_t y, uint64_t z)
{
    return (z * (level->cells + 1) + y) * level->stride;
}

/* ---- The parts of a cycle -------------------------------------------------------------------------------------- */

static inline void
sweep_box(const Level *level, const double *restrict from, double *restrict to, Box box)
{
    const uint64_t row = level->stride, plane = row * (level->cells + 1);
    for (uint64_t y = box.y; y < box.y_end; y++) {
        const double *restrict u = from + at(level, y, box.z), *restrict f = level->f + at(level, y, box.z);
        double *restrict out = to + at(level, y, box.z);
        for (uint64_t x = box.x; x < box.x_end; x++) {
            const double around = ((u[x - 1] + u[x + 1]) + (u[x - row] + u[x + row])) + (u[x - plane] + u[x + plane]);
            out[x] = u[x] + WEIGHT / 6 * (f[x] + around - 6 * u[x]);
        }
    }
}

static void
sweep_before(const Multigrid *mg, uint32_t level, Box box)
{
    sweep_box(&mg->levels[level], mg->levels[level].u[0], mg->levels[level].u[1], box);
}

static void
sweep_after(const Multigrid *mg, uint32_t level, Box box)
{
    sweep_box(&mg->levels[level], mg->levels[level].u[1], mg->levels[level].u[0], box);
}

static void
find_residual(const Multigrid *mg, uint32_t number, Box box)
{
    const Level *level = &mg->levels[number];
    const uint64_t row = level->stride, plane = row * (level->cells + 1);
    for (uint64_t y = box.y; y < box.y_end; y++) {
        const double *restrict u = level->u[1] + at(level, y, box.z), *restrict f = level->f + at(level, y, box.z);
        double *restrict out = level->u[0] + at(level, y, box.z);
        for (uint64_t x = box.x; x < box.x_end; x++) {
            const double around = ((u[x - 1] + u[x + 1]) + (u[x - row] + u[x + row])) + (u[x - plane] + u[x + plane]);
            out[x] = f[x] + around - 6 * u[x];
        }
    }
}

/* A row of a plane, added up along x with weights 1, 2, 1. */
static inline double
weigh(const double *row)
{
    return row[-1] + 2 * row[0] + row[1];
}

/* The box is of the coarse level `number`: its right-hand side from the residual above, its solution 0. */
static void
restrict_residual(const Multigrid *mg, uint32_t number, Box box)
{
    const Level *fine = &mg->levels[number - 1], *coarse = &mg->levels[number];
    const uint64_t row = fine->stride, plane = row * (fine->cells + 1);
    for (uint64_t y = box.y; y < box.y_end; y++) {
        const double *r = fine->u[0] + at(fine, 2 * y, 2 * box.z);
        double *f = coarse->f + at(coarse, y, box.z), *u = coarse->u[0] + at(coarse, y, box.z);
        for (uint64_t x = box.x; x < box.x_end; x++) {
            const double *middle = r + 2 * x, *before = middle - plane, *behind = middle + plane;
            const double sum = weigh(before - row) + 2 * weigh(before) + weigh(before + row) +
                               2 * (weigh(middle - row) + 2 * weigh(middle) + weigh(middle + row)) +
                               weigh(behind - row) + 2 * weigh(behind) + weigh(behind + row);
            f[x] = sum * (4.0 / 64); /* twice the spacing */
            u[x] = 0;
        }
    }
}

/* The box is of the fine level `number`: its solution, in 1, gets the one below, in 0. */
static void
correct(const Multigrid *mg, uint32_t number, Box box)
{
    const Level *fine = &mg->levels[number], *coarse = &mg->levels[number + 1];
    const uint64_t z = box.z / 2, z_next = (box.z + 1) / 2;
    for (uint64_t y = box.y; y < box.y_end; y++) {
        const double *a = coarse->u[0] + at(coarse, y / 2, z), *b = coarse->u[0] + at(coarse, (y + 1) / 2, z);
        const double *c = coarse->u[0] + at(coarse, y / 2, z_next), *d = coarse->u[0] + at(coarse, (y + 1) / 2, z_next);
        double *u = fine->u[1] + at(fine, y, box.z);
        for (uint64_t x = box.x; x < box.x_end; x++) {
            const uint64_t i = x / 2, j = (x + 1) / 2;
            u[x] += (((a[i] + a[j]) + (b[i] + b[j])) + ((c[i] + c[j]) + (d[i] + d[j]))) / 8;
        }
    }
}

/* ---- Cycles ---------------------------------------------------------------------------------------------------- */

static Box
whole_plane(const Level *level, uint64_t z)
{
    return (Box){1, level->cells, 1, level->cells, z};
}

typedef struct {
    const Multigrid *mg;
    Part part;
    uint32_t level;
} Launch;

/* One plane of the columns of a block. */
static bool
step_plane(void *context, const GpuBlock *block)
{
    const Launch *launch = context;
    const Level *level = &launch->mg->levels[launch->level];
    const uint64_t across = (level->cells - 1 + BLOCK_X - 1) / BLOCK_X;
    Box box = {.x = 1 + block->id % across * BLOCK_X, .y = 1 + block->id / across * BLOCK_Y, .z = 1 + block->step};
    box.x_end = box.x + BLOCK_X < level->cells ? box.x + BLOCK_X : level->cells;
    box.y_end = box.y + BLOCK_Y < level->cells ? box.y + BLOCK_Y : level->cells;
    launch->part(launch->mg, launch->level, box);
    return box.z + 1 < level->cells;
}

/* A part of a cycle on a level by all threads: a contiguous share of planes for each, or a launch. */
static void
do_part(KernelRun *run, uint32_t thread, uint32_t number, Part part, const char *name)
{
    const Multigrid *mg = run->state;
    const Level *level = &mg->levels[number];
    if (run->gpu) {
        const uint64_t points = level->cells - 1;
        Launch launch = {mg, part, number};
        gpu_launch(run, thread,
                   &(GpuLaunch){.mark = name,
                                .block_count = (points + BLOCK_X - 1) / BLOCK_X * ((points + BLOCK_Y - 1) / BLOCK_Y),
                                .step = step_plane,
                                .context = &launch});
        return;
    }
    const KernelShare share = kernel_share(run, thread, level->cells - 1);
    for (uint64_t z = share.first + 1; z < share.end + 1; z++)
        part(mg, number, whole_plane(level, z));
    kernel_barrier(run);
}

/* The coarsest level is small: one thread relaxes it until nothing is left. */
static void
solve_coarsest(KernelRun *run, uint32_t thread, uint32_t number)
{
    const Multigrid *mg = run->state;
    kernel_barrier(run);
    for (uint32_t sweep = 0; thread == 0 && sweep < COARSEST_SWEEPS; sweep++)
        for (uint64_t z = 1; z < mg->levels[number].cells; z++)
            (sweep % 2 ? sweep_after : sweep_before)(mg, number, whole_plane(&mg->levels[number], z));
    kernel_barrier(run);
}

static void
cycle(KernelRun *run, uint32_t thread)
{
    const Multigrid *mg = run->state;
    const uint32_t last = mg->level_count - 1;
    for (uint32_t level = 0; level < last; level++) {
        do_part(run, thread, level, sweep_before, "kernel:multigrid-sweep");
        do_part(run, thread, level, find_residual, "kernel:multigrid-residual");
        do_part(run, thread, level + 1, restrict_residual, "kernel:multigrid-restrict");
    }
    solve_coarsest(run, thread, last);
    for (uint32_t level = last; level-- > 0;) {
        do_part(run, thread, level, correct, "kernel:multigrid-correct");
        do_part(run, thread, level, sweep_after, "kernel:multigrid-sweep");
    }
}

static void
work(KernelRun *run, uint32_t thread)
{
    for (uint64_t i = 0; i < run->values[CYCLES]; i++) {
        if (!run->gpu)
            kernel_mark(thread, "cycle");
        cycle(run, thread);
    }
}

/* ---- Input and check ------------------------------------------------------------------------------------------ */

static uint64_t
level_points(const Level *level)
{
    return level->stride * (level->cells + 1) * (level->cells + 1);
}

static void
prepare(KernelRun *run)
{
    Multigrid *mg = run->state = kernel_alloc(1, sizeof *mg);
    uint64_t points = 0, finest;
    mg->level_count = (uint32_t)run->values[LEVELS];
    for (uint32_t i = 0; i < mg->level_count; i++) {
        Level *level = &mg->levels[i];
        level->cells = run->values[BASE] << (mg->level_count - 1 - i);
        level->stride = (level->cells + 1 + 7) / 8 * 8;
        points += i > 0 ? level_points(level) : 0;
    }
    Level *top = &mg->levels[0];
    finest = level_points(top) * sizeof(double);
    top->u[0] = kernel_map("multigrid-u", finest);
    top->u[1] = kernel_map("multigrid-v", finest);
    top->f = kernel_map("multigrid-f", finest);
    double *next = kernel_map("multigrid-coarse", (3 * points + 1) * sizeof(double));
    for (uint32_t i = 1; i < mg->level_count; i++) {
        Level *level = &mg->levels[i];
        level->u[0] = next;
        level->u[1] = level->u[0] + level_points(level);
        level->f = level->u[1] + level_points(level);
        next = level->f + level_points(level);
    }
    for (uint32_t i = 0; i < 2 * CHARGES; i++) {
        const uint64_t x = 1 + random_below(run->seed, 3 * i, top->cells - 1);
        const uint64_t y = 1 + random_below(run->seed, 3 * i + 1, top->cells - 1);
        const uint64_t z = 1 + random_below(run->seed, 3 * i + 2, top->cells - 1);
        top->f[at(top, y, z) + x] = i < CHARGES ? 1 : -1;
    }
}

/* Sums of squares of the right-hand side and of what the solution leaves of it, by the plainest loop. */
static bool
check(KernelRun *run)
{
    const Multigrid *mg = run->state;
    const Level *top = &mg->levels[0];
    const uint64_t row = top->stride, plane = row * (top->cells + 1);
    double before = 0, after = 0, bound = 0.15;
    for (uint64_t z = 1; z < top->cells; z++) {
        for (uint64_t y = 1; y < top->cells; y++) {
            for (uint64_t x = 1; x < top->cells; x++) {
                const double *u = top->u[0] + z * plane + y * row + x, f = top->f[z * plane + y * row + x];
                const double left = f - (6 * *u - u[1] - u[-1] - u[row] - *(u - row) - u[plane] - *(u - plane));
                uint64_t bits;
                before += f * f;
                after += left * left;
                memcpy(&bits, u, sizeof bits);
                run->checksum = checksum_add(run->checksum, bits);
            }
        }
    }
    /* The first cycle was seen to leave 0.027 of the square, and each further one 0.19 of what there was, or less. */
    for (uint64_t i = 0; i < run->values[CYCLES]; i++)
        bound *= 0.2;
    return after < bound * before || kernel_wrong("the square of the residual fell from %g to %g only", before, after);
}

const Kernel multigrid_kernel = {
    .name = "multigrid",
    .summary = "V-cycles for Poisson's equation on a cube",
    .options = {{"base", "cells along an edge of the coarsest level", 5, 3, 64},
                {"levels", "number of levels", 3, 2, 8},
                {"cycles", "number of cycles", 3, 1, 100}},
    .instructions_256ths = 357,
    .gpu_instructions_256ths = 11,
    .instructions_per_s = 6000000000,
    .prepare = prepare,
    .work = work,
    .gpu_work = work,
    .check = check,
};
