/* SPDX-License-Identifier: MIT */
/*
 * A store of objects and of associations between them, as a social graph's cache keeps: what the files of the kernel
 * share.
 *
 * Source: Bronson et al., "TAO: Facebook's Distributed Data Store for the Social Graph" (USENIX ATC 2013): operations,
 * their shares (requests.c), lists of associations with the newest first. Values are small. Left out: the database
 * behind, eviction, replication, inverse associations.
 *
 * Requests are served in epochs: any thread reads anything, as things were when the epoch began; then writes are done
 * in order, each by the thread that owns the key's shard. So no locks are needed, and the result is the same for any
 * number of threads.
 */
#pragma once

#include <traces/kernels/common/kernel.h>
#include <traces/kernels/common/random.h>

#define KVS_SHARDS 64u
#define KVS_TYPES 4u
#define KVS_NONE UINT32_MAX
#define KVS_OBJECT_WORDS 22u /* most words of a value */
#define KVS_RANGE_LIMIT 16u  /* associations that a range returns at most */

typedef enum {
    KVS_OBJ_GET,
    KVS_ASSOC_GET,
    KVS_ASSOC_RANGE,
    KVS_ASSOC_TIME_RANGE,
    KVS_ASSOC_COUNT,
    KVS_READ_OPS, /* the writes follow */
    KVS_ASSOC_ADD = KVS_READ_OPS,
    KVS_ASSOC_DEL,
    KVS_ASSOC_CHANGE_TYPE,
    KVS_OBJ_ADD,
    KVS_OBJ_UPDATE,
    KVS_OBJ_DELETE,
    KVS_OPS
} KvsOp;

typedef struct {
    uint32_t op, type;
    uint64_t id;    /* of the object, or that an association begins at */
    uint64_t other; /* where an association ends; for a new one too */
    uint64_t time;  /* of a new association; the earliest of a time range */
} KvsRequest;

typedef struct {
    uint64_t id;
    uint32_t next; /* of the same bucket */
    uint32_t version, words, unused;
    uint64_t value[KVS_OBJECT_WORDS];
} KvsObject;

typedef struct {
    uint64_t key; /* id * KVS_TYPES + type */
    uint32_t next, head, count, unused;
} KvsList;

typedef struct {
    uint64_t other, time;
    uint32_t next, unused;
    uint64_t data;
} KvsAssoc;

/* The free records of a shard: [used, end) of a pool. */
typedef struct {
    uint32_t used, end;
} KvsFree;

typedef struct {
    uint64_t object_mask, list_mask; /* buckets - 1 */
    uint32_t *object_heads, *list_heads;
    KvsObject *objects;
    KvsList *lists;
    KvsAssoc *assocs;
    KvsFree free_objects[KVS_SHARDS], free_lists[KVS_SHARDS], free_assocs[KVS_SHARDS];
} KvsStore;

/* What the input is made of. */
typedef struct {
    uint64_t seed, object_count, request_count, epoch_count;
} KvsShape;

/* Numbers that make an object's value and the associations that are there at first. */
static inline uint32_t
kvs_value_words(uint64_t id)
{
    return 4 + (uint32_t)random_below(11, id, KVS_OBJECT_WORDS - 3);
}

static inline uint64_t
kvs_value_word(uint64_t id, uint32_t version, uint32_t word)
{
    return random_at(id, (uint64_t)version * KVS_OBJECT_WORDS + word);
}

static inline uint64_t
kvs_assoc_data(uint64_t other, uint64_t time)
{
    return random_at(other, time);
}

/* How many associations a list has at first: mostly one or two, now and then a hundred. */
static inline uint32_t
kvs_first_count(const KvsShape *shape, uint64_t key)
{
    const uint64_t drawn = random_at(shape->seed + 3, key);
    const uint64_t rarity = (drawn & 0xffff) + 128;
    return 1 + (uint32_t)(16384 / rarity);
}

static inline uint64_t
kvs_first_other(const KvsShape *shape, uint64_t key, uint64_t index)
{
    return random_below(shape->seed + 4, key << 10 | index, shape->object_count);
}

static inline uint32_t
kvs_shard(uint64_t id)
{
    return (uint32_t)(random_at(5, id) % KVS_SHARDS);
}

/* ---- store.c: maps the regions, and puts in what is there at first. */
void kvs_store_make(KvsStore *store, const KvsShape *shape);
/* Serve a request; a number made from all that was read. */
uint64_t kvs_store_read(const KvsStore *store, const KvsRequest *request);
uint64_t kvs_store_write(KvsStore *store, const KvsRequest *request);

/* ---- requests.c */
void kvs_make_requests(const KvsShape *shape, KvsRequest *requests);

/* ---- shadow.c: the same requests on plain arrays; the sums of the epochs. */
void kvs_shadow_run(const KvsShape *shape, const KvsRequest *requests, uint64_t *sums);
