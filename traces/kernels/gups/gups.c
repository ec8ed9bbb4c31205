/* SPDX-License-Identifier: MIT */
/*
 * GUPS: exclusive-or of random numbers into random places of a table, RandomAccess of the HPC Challenge.
 *
 * Source: Luszczek et al., "Introduction to the HPC Challenge Benchmark Suite" (2005): the numbers are a shift register
 * over x^64 + x^2 + x + 1, drawn as 128 streams that take turns, and the check runs all updates again, after which
 * the table must be as it was. Updates are atomic here, so that no error is allowed, where HPCC allows one in a hundred
 * places; and the sequence begins at a random place, since the powers of x it begins with have few bits set. Left out:
 * the four updates for each place of the table; a shipped run does a share of them.
 */
#include <traces/kernels/common/kernel.h>
#include <traces/kernels/common/random.h>

enum { TABLE, UPDATES };

#define STREAMS 128u

typedef struct {
    uint64_t *table;
    uint64_t starts[STREAMS]; /* the numbers before the first ones of the streams */
    uint64_t rounds;          /* updates of a stream */
} Gups;

static inline uint64_t
next_number(uint64_t number)
{
    return number << 1 ^ ((number >> 63) * 7);
}

/* Number n of the sequence that begins with 1: x^n modulo the polynomial, by squaring. */
static uint64_t
number_at(uint64_t n)
{
    uint64_t result = 1;
    for (unsigned bit = 64; bit-- > 0;) {
        uint64_t square = 0, shifted = result;
        for (unsigned i = 0; i < 64; i++, shifted = next_number(shifted))
            if (result >> i & 1)
                square ^= shifted;
        result = n >> bit & 1 ? next_number(square) : square;
    }
    return result;
}

/* The updates of streams [first, end). */
static void
update(const KernelRun *run, KernelShare streams)
{
    const Gups *gups = run->state;
    const uint64_t mask = ((uint64_t)1 << run->values[TABLE]) - 1;
    uint64_t numbers[STREAMS];
    memcpy(numbers, gups->starts, sizeof numbers);
    for (uint64_t round = 0; round < gups->rounds; round++) {
        for (uint64_t i = streams.first; i < streams.end; i++) {
            numbers[i] = next_number(numbers[i]);
            __atomic_fetch_xor(&gups->table[numbers[i] & mask], numbers[i], __ATOMIC_RELAXED);
        }
    }
}

static void
prepare(KernelRun *run)
{
    Gups *gups = run->state = kernel_alloc(1, sizeof *gups);
    const uint64_t count = (uint64_t)1 << run->values[TABLE];
    gups->table = kernel_map("gups-table", count * sizeof *gups->table);
    for (uint64_t i = 0; i < count; i++)
        gups->table[i] = i;
    gups->rounds = (run->values[UPDATES] << 10) / STREAMS;
    for (uint64_t i = 0; i < STREAMS; i++)
        gups->starts[i] = number_at((random_at(run->seed, 0) >> 8) + gups->rounds * i);
}

static void
work(KernelRun *run, uint32_t thread)
{
    kernel_mark(thread, "updates");
    update(run, kernel_share(run, thread, STREAMS));
}

static bool
check(KernelRun *run)
{
    const Gups *gups = run->state;
    const uint64_t count = (uint64_t)1 << run->values[TABLE];
    uint64_t sum = 0, changed = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum = checksum_add(sum, gups->table[i]);
        changed += gups->table[i] != i;
    }
    run->checksum = sum;
    if (changed == 0)
        return kernel_wrong("no place of the table has changed");
    update(run, (KernelShare){0, STREAMS});
    for (uint64_t i = 0; i < count; i++)
        if (gups->table[i] != i)
            return kernel_wrong("place %llu is %llx after all updates were undone", (unsigned long long)i,
                                (unsigned long long)gups->table[i]);
    return true;
}

const Kernel gups_kernel = {
    .name = "gups",
    .summary = "HPCC RandomAccess",
    .options = {{"table", "binary logarithm of the places of the table", 14, 4, 32},
                {"updates", "number of updates, in 1024", 32, 1, 1u << 24}},
    .instructions_256ths = 961,
    .instructions_per_s = 2000000000,
    .prepare = prepare,
    .work = work,
    .check = check,
};
