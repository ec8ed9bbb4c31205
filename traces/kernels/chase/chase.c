/* SPDX-License-Identifier: MIT */
/*
 * Pointer chase: each thread follows the links of its own ring, which visits every cache line of its part of memory in
 * a random order.
 *
 * Source: the random ring of lmbench's lat_mem_rd (McVoy and Staelin 1996); the order is a random cycle by Sattolo's
 * algorithm (1986). Left out: more than one chase a thread.
 */
#include <stdlib.h>

#include <traces/kernels/common/kernel.h>
#include <traces/kernels/common/random.h>

enum { NODES, HOPS };

typedef struct {
    uint64_t next;   /* index in the ring */
    uint64_t number; /* random */
    uint8_t rest[48];
} Node;

_Static_assert(sizeof(Node) == 64, "a node is a cache line");

typedef struct {
    Node *nodes;
    uint64_t *sums; /* thread: what it found */
} Chase;

static uint64_t
ring_nodes(const KernelRun *run)
{
    return run->values[NODES] << 10;
}

static uint64_t
follow(const Node *ring, uint64_t hops)
{
    uint64_t at = 0, sum = 0;
    for (uint64_t hop = 0; hop < hops; hop++) {
        sum += ring[at].number ^ hop;
        at = ring[at].next;
    }
    return sum;
}

static void
prepare(KernelRun *run)
{
    Chase *chase = run->state = kernel_alloc(1, sizeof *chase);
    const uint64_t count = ring_nodes(run);
    chase->nodes = kernel_map("chase-ring", count * run->thread_count * sizeof *chase->nodes);
    chase->sums = kernel_alloc(run->thread_count, sizeof *chase->sums);
    for (uint32_t thread = 0; thread < run->thread_count; thread++) {
        Node *ring = chase->nodes + count * thread;
        for (uint64_t i = 0; i < count; i++)
            ring[i] = (Node){.next = i, .number = random_at(run->seed + 1, count * thread + i)};
        for (uint64_t i = count - 1; i > 0; i--) {
            const uint64_t other = random_below(run->seed + 2, count * thread + i, i), kept = ring[i].next;
            ring[i].next = ring[other].next;
            ring[other].next = kept;
        }
    }
}

static void
work(KernelRun *run, uint32_t thread)
{
    const Chase *chase = run->state;
    kernel_mark(thread, "chase");
    const uint64_t sum = follow(chase->nodes + ring_nodes(run) * thread, run->values[HOPS] << 10);
    chase->sums[thread] = sum;
}

/* Each ring is one cycle through all its nodes, and the sums come out again when the hops are told by it. */
static bool
check(KernelRun *run)
{
    const Chase *chase = run->state;
    const uint64_t count = ring_nodes(run), hops = run->values[HOPS] << 10;
    uint64_t *numbers = kernel_alloc(count, sizeof *numbers);
    for (uint32_t thread = 0; thread < run->thread_count; thread++) {
        const Node *ring = chase->nodes + count * thread;
        uint64_t at = 0, visited = 0, sum = 0;
        do {
            numbers[visited++] = random_at(run->seed + 1, count * thread + at);
            at = ring[at].next;
        } while (at != 0 && visited < count);
        if (at != 0 || visited != count) {
            free(numbers);
            return kernel_wrong("the ring of thread %u closes after %llu nodes", thread, (unsigned long long)visited);
        }
        for (uint64_t hop = 0; hop < hops; hop++)
            sum += numbers[hop % count] ^ hop;
        if (sum != chase->sums[thread]) {
            free(numbers);
            return kernel_wrong("thread %u found %llx: want %llx", thread, (unsigned long long)chase->sums[thread],
                                (unsigned long long)sum);
        }
    }
    free(numbers);
    run->checksum = chase->sums[0];
    return true;
}

const Kernel chase_kernel = {
    .name = "chase",
    .summary = "pointer chase, a random ring for each thread",
    .options = {{"nodes", "cache lines of a ring, in 1024", 4, 1, 1u << 20},
                {"hops", "of a thread, in 1024", 16, 1, 1u << 20}},
    .instructions_256ths = 1280,
    .instructions_per_s = 1300000000,
    .prepare = prepare,
    .work = work,
    .check = check,
};
