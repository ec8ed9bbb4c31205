/* SPDX-License-Identifier: MIT */
/* The kernel of kvs.h: epochs of requests, and what they returned against the shadow's. */
#include "kvs.h"

#include <stdlib.h>

enum { OBJECTS, REQUESTS, EPOCHS };

typedef struct {
    KvsShape shape;
    KvsStore store;
    KvsRequest *requests;
    uint32_t *writes;     /* numbers of the requests that write */
    uint64_t *write_ends; /* epoch: the end of its writes */
    uint64_t *sums;       /* epoch */
} Kvs;

static void
prepare(KernelRun *run)
{
    Kvs *kvs = run->state = kernel_alloc(1, sizeof *kvs);
    kvs->shape = (KvsShape){run->seed, run->values[OBJECTS] << 10, run->values[REQUESTS] << 10, run->values[EPOCHS]};
    const KvsShape *shape = &kvs->shape;
    kvs_store_make(&kvs->store, shape);
    kvs->requests = kernel_map("kvs-requests", shape->request_count * sizeof *kvs->requests);
    kvs_make_requests(shape, kvs->requests);
    kvs->writes = kernel_alloc(shape->request_count, sizeof *kvs->writes);
    kvs->write_ends = kernel_alloc(shape->epoch_count, sizeof *kvs->write_ends);
    kvs->sums = kernel_alloc(shape->epoch_count, sizeof *kvs->sums);
    uint64_t count = 0, at = 0;
    for (uint64_t epoch = 0; epoch < shape->epoch_count; epoch++) {
        for (; at < shape->request_count * (epoch + 1) / shape->epoch_count; at++)
            if (kvs->requests[at].op >= KVS_READ_OPS)
                kvs->writes[count++] = (uint32_t)at;
        kvs->write_ends[epoch] = count;
    }
}

/* A thread's part of the reads of an epoch, or the writes to the shards it owns. */
static uint64_t
serve_reads(const KernelRun *run, uint32_t thread, uint64_t epoch)
{
    const Kvs *kvs = run->state;
    const uint64_t first = kvs->shape.request_count * epoch / kvs->shape.epoch_count;
    const uint64_t end = kvs->shape.request_count * (epoch + 1) / kvs->shape.epoch_count;
    const KernelShare share = kernel_share(run, thread, end - first);
    uint64_t sum = 0;
    for (uint64_t i = first + share.first; i < first + share.end; i++)
        if (kvs->requests[i].op < KVS_READ_OPS)
            sum += checksum_add(i, kvs_store_read(&kvs->store, &kvs->requests[i]));
    return sum;
}

static uint64_t
serve_writes(KernelRun *run, uint32_t thread, uint64_t epoch)
{
    Kvs *kvs = run->state;
    uint64_t sum = 0;
    for (uint64_t at = epoch > 0 ? kvs->write_ends[epoch - 1] : 0; at < kvs->write_ends[epoch]; at++) {
        const KvsRequest *request = &kvs->requests[kvs->writes[at]];
        if (kvs_shard(request->id) % run->thread_count == thread)
            sum += checksum_add(kvs->writes[at], kvs_store_write(&kvs->store, request));
    }
    return sum;
}

static void
work(KernelRun *run, uint32_t thread)
{
    Kvs *kvs = run->state;
    for (uint64_t epoch = 0; epoch < kvs->shape.epoch_count; epoch++) {
        kernel_mark(thread, "epoch");
        uint64_t sum = serve_reads(run, thread, epoch);
        kernel_barrier(run);
        sum += serve_writes(run, thread, epoch);
        __atomic_fetch_add(&kvs->sums[epoch], sum, __ATOMIC_RELAXED);
        kernel_barrier(run);
    }
}

static bool
check(KernelRun *run)
{
    const Kvs *kvs = run->state;
    uint64_t *want = kernel_alloc(kvs->shape.epoch_count, sizeof *want);
    bool ok = true;
    kvs_shadow_run(&kvs->shape, kvs->requests, want);
    for (uint64_t epoch = 0; ok && epoch < kvs->shape.epoch_count; epoch++) {
        run->checksum = checksum_add(run->checksum, want[epoch]);
        ok = kvs->sums[epoch] == want[epoch];
        if (!ok)
            kernel_wrong("requests of epoch %llu returned %llx: the shadow says %llx", (unsigned long long)epoch,
                         (unsigned long long)kvs->sums[epoch], (unsigned long long)want[epoch]);
    }
    free(want);
    return ok;
}

const Kernel kvs_kernel = {
    .name = "kvs",
    .summary = "key-value serving of objects and associations with TAO's mix",
    .options = {{"objects", "number of objects, in 1024", 4, 1, 1u << 14},
                {"requests", "number of requests, in 1024", 16, 1, 1u << 16},
                {"epochs", "after each of which writes are done", 16, 1, 1u << 10}},
    .instructions_256ths = 1553,
    .instructions_per_s = 2300000000,
    .prepare = prepare,
    .work = work,
    .check = check,
};
