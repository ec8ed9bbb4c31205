/* SPDX-License-Identifier: MIT */
/*
 * The requests: operations with the shares that the TAO paper publishes (reads 99.8 % of all), keys by a Zipf
 * distribution of exponent 1 scattered over the objects.
 */
#include "kvs.h"

#include <traces/kernels/common/zipf.h>

#define WRITES_OF_10000 20u

/* Shares of reads and of writes, in tenths of a percent, in the order of KvsOp. */
static const uint32_t read_shares[] = {289, 157, 409, 28, 117};
static const uint32_t write_shares[] = {525, 83, 9, 165, 207, 20};

static uint32_t
pick(const uint32_t *shares, uint32_t count, uint64_t drawn)
{
    uint32_t total = 0, op = 0;
    for (uint32_t i = 0; i < count; i++)
        total += shares[i];
    for (uint64_t left = drawn % total; left >= shares[op]; op++)
        left -= shares[op];
    return op;
}

void
kvs_make_requests(const KvsShape *shape, KvsRequest *requests)
{
    Zipf zipf;
    uint64_t added = 0;
    zipf_init(&zipf, shape->object_count);
    for (uint64_t i = 0; i < shape->request_count; i++) {
        const uint64_t drawn = random_at(shape->seed + 6, i), rank = zipf_rank(&zipf, random_unit(shape->seed + 7, i));
        KvsRequest *request = &requests[i];
        request->op = (drawn & 0xffff) * 10000 >> 16 < WRITES_OF_10000
                          ? KVS_READ_OPS + pick(write_shares, KVS_OPS - KVS_READ_OPS, drawn >> 16 & 0xffff)
                          : pick(read_shares, KVS_READ_OPS, drawn >> 16 & 0xffff);
        request->type = (uint32_t)(drawn >> 32 & 0xffff) % KVS_TYPES;
        request->id = zipf_scatter(rank, shape->object_count);
        /* Times of the associations that are there at first are below 2^20, those of new ones above. */
        request->time = request->op == KVS_ASSOC_TIME_RANGE ? drawn >> 44 : ((uint64_t)1 << 20) + i;
        if (request->op == KVS_OBJ_ADD)
            request->id = shape->object_count + added++;
        const uint64_t key = request->id * KVS_TYPES + request->type;
        request->other = request->op == KVS_ASSOC_ADD
                             ? random_below(shape->seed + 8, i, shape->object_count)
                             : kvs_first_other(shape, key, (drawn >> 48) % kvs_first_count(shape, key));
    }
    zipf_clear(&zipf);
}
