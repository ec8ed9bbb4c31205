/* SPDX-License-Identifier: MIT */
/*
 * STREAM: copy, scale, add and triad over three arrays of doubles, a contiguous share for each thread.
 *
 * Source: McCalpin, "Memory Bandwidth and Machine Balance in Current High Performance Computers" (1995), for the four
 * loops and their checks. Left out: timing.
 */
#include <traces/kernels/common/kernel.h>
#include <traces/kernels/common/random.h>

enum { ELEMENTS, ROUNDS };

#define SCALAR 3.0

typedef struct {
    double *a, *b, *c;
} Stream;

static void
prepare(KernelRun *run)
{
    Stream *stream = run->state = kernel_alloc(1, sizeof *stream);
    const uint64_t count = run->values[ELEMENTS] << 10;
    stream->a = kernel_map("stream-a", count * sizeof(double));
    stream->b = kernel_map("stream-b", count * sizeof(double));
    stream->c = kernel_map("stream-c", count * sizeof(double));
    for (uint64_t i = 0; i < count; i++) {
        stream->a[i] = 1;
        stream->b[i] = 2;
    }
}

static void
work(KernelRun *run, uint32_t thread)
{
    const Stream *stream = run->state;
    double *restrict const a = stream->a, *restrict const b = stream->b, *restrict const c = stream->c;
    const KernelShare share = kernel_share(run, thread, run->values[ELEMENTS] << 10);
    for (uint64_t round = 0; round < run->values[ROUNDS]; round++) {
        kernel_mark(thread, "copy");
        for (uint64_t i = share.first; i < share.end; i++)
            c[i] = a[i] + 0.0; /* the sum keeps the loop from becoming a call of memcpy() */
        kernel_barrier(run);
        kernel_mark(thread, "scale");
        for (uint64_t i = share.first; i < share.end; i++)
            b[i] = SCALAR * c[i];
        kernel_barrier(run);
        kernel_mark(thread, "add");
        for (uint64_t i = share.first; i < share.end; i++)
            c[i] = a[i] + b[i];
        kernel_barrier(run);
        kernel_mark(thread, "triad");
        for (uint64_t i = share.first; i < share.end; i++)
            a[i] = b[i] + SCALAR * c[i];
        kernel_barrier(run);
    }
}

/* All numbers are small integers times powers of three: exact for a dozen rounds. */
static bool
check(KernelRun *run)
{
    const Stream *stream = run->state;
    double a = 1, b = 2, c = 0;
    for (uint64_t round = 0; round < run->values[ROUNDS]; round++) {
        c = a;
        b = SCALAR * c;
        c = a + b;
        a = b + SCALAR * c;
    }
    for (uint64_t i = 0; i < run->values[ELEMENTS] << 10; i++)
        if (stream->a[i] != a || stream->b[i] != b || stream->c[i] != c)
            return kernel_wrong("element %llu is %g, %g, %g: want %g, %g, %g", (unsigned long long)i, stream->a[i],
                                stream->b[i], stream->c[i], a, b, c);
    run->checksum = checksum_add(checksum_add((uint64_t)a, (uint64_t)b), (uint64_t)c);
    return true;
}

const Kernel stream_kernel = {
    .name = "stream",
    .summary = "STREAM copy, scale, add and triad",
    .options = {{"elements", "elements of an array, in 1024", 16, 1, 1u << 20},
                {"rounds", "of the four loops", 2, 1, 12}},
    .instructions_256ths = 141,
    .instructions_per_s = 4000000000,
    .prepare = prepare,
    .work = work,
    .check = check,
};
