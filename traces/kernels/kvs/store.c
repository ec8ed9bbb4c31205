/* SPDX-License-Identifier: MIT */
/*
 * The store: hash tables with chained buckets over pools of records. A bucket belongs to one shard, and each shard
 * takes new records from a part of the pools of its own.
 */
#include "kvs.h"

/* Records of a pool that a shard has for new things beyond those there at first. */
#define SPARE 256u

static uint64_t
object_bucket(const KvsStore *store, uint64_t id)
{
    return ((random_at(9, id) & ~(uint64_t)(KVS_SHARDS - 1)) | kvs_shard(id)) & store->object_mask;
}

static uint64_t
list_bucket(const KvsStore *store, uint64_t key)
{
    return ((random_at(10, key) & ~(uint64_t)(KVS_SHARDS - 1)) | kvs_shard(key / KVS_TYPES)) & store->list_mask;
}

static uint32_t
find_object(const KvsStore *store, uint64_t id)
{
    uint32_t at = store->object_heads[object_bucket(store, id)];
    while (at != KVS_NONE && store->objects[at].id != id)
        at = store->objects[at].next;
    return at;
}

static uint32_t
find_list(const KvsStore *store, uint64_t key)
{
    uint32_t at = store->list_heads[list_bucket(store, key)];
    while (at != KVS_NONE && store->lists[at].key != key)
        at = store->lists[at].next;
    return at;
}

/* ---- Reads --------------------------------------------------------------------------------------------------- */

static uint64_t
read_object(const KvsObject *object)
{
    uint64_t sum = object->version;
    for (uint32_t i = 0; i < object->words; i++)
        sum += object->value[i];
    return sum;
}

/* Associations of a list from the newest on, as far as the request wants. */
static uint64_t
read_range(const KvsStore *store, const KvsList *list, uint64_t earliest)
{
    uint64_t sum = 0;
    uint32_t at = list->head;
    for (uint32_t i = 0; i < KVS_RANGE_LIMIT && at != KVS_NONE; i++) {
        const KvsAssoc *assoc = &store->assocs[at];
        if (assoc->time < earliest)
            break;
        sum = checksum_add(sum, assoc->data);
        at = assoc->next;
    }
    return sum;
}

static uint64_t
read_assoc(const KvsStore *store, const KvsList *list, uint64_t other)
{
    for (uint32_t at = list->head; at != KVS_NONE; at = store->assocs[at].next)
        if (store->assocs[at].other == other)
            return store->assocs[at].data;
    return 0;
}

uint64_t
kvs_store_read(const KvsStore *store, const KvsRequest *request)
{
    if (request->op == KVS_OBJ_GET) {
        const uint32_t at = find_object(store, request->id);
        return at == KVS_NONE ? 0 : read_object(&store->objects[at]);
    }
    const uint32_t at = find_list(store, request->id * KVS_TYPES + request->type);
    if (at == KVS_NONE)
        return 0;
    const KvsList *list = &store->lists[at];
    switch (request->op) {
    case KVS_ASSOC_GET:
        return read_assoc(store, list, request->other);
    case KVS_ASSOC_RANGE:
        return read_range(store, list, 0);
    case KVS_ASSOC_TIME_RANGE:
        return read_range(store, list, request->time);
    default:
        return list->count;
    }
}

/* ---- Writes -------------------------------------------------------------------------------------------------- */

static uint32_t
take_free(KvsFree *free)
{
    return free->used < free->end ? free->used++ : KVS_NONE;
}

static uint64_t
put_object(KvsStore *store, uint64_t id, uint32_t version)
{
    uint32_t at = find_object(store, id);
    if (at == KVS_NONE) {
        at = take_free(&store->free_objects[kvs_shard(id)]);
        if (at == KVS_NONE)
            return 0;
        uint32_t *head = &store->object_heads[object_bucket(store, id)];
        store->objects[at].id = id;
        store->objects[at].next = *head;
        *head = at;
    } else {
        version = store->objects[at].version + 1;
    }
    KvsObject *object = &store->objects[at];
    object->version = version;
    object->words = kvs_value_words(id);
    for (uint32_t i = 0; i < object->words; i++)
        object->value[i] = kvs_value_word(id, version, i);
    return version;
}

/* A deleted object leaves its chain; its record is not used again. */
static uint64_t
delete_object(KvsStore *store, uint64_t id)
{
    uint32_t *link = &store->object_heads[object_bucket(store, id)];
    while (*link != KVS_NONE && store->objects[*link].id != id)
        link = &store->objects[*link].next;
    if (*link == KVS_NONE)
        return 0;
    *link = store->objects[*link].next;
    return 1;
}

static uint64_t
add_assoc(KvsStore *store, uint64_t key, uint64_t other, uint64_t time)
{
    const uint32_t shard = kvs_shard(key / KVS_TYPES);
    uint32_t at = find_list(store, key);
    if (at == KVS_NONE) {
        at = take_free(&store->free_lists[shard]);
        if (at == KVS_NONE)
            return 0;
        uint32_t *head = &store->list_heads[list_bucket(store, key)];
        store->lists[at] = (KvsList){.key = key, .next = *head, .head = KVS_NONE};
        *head = at;
    }
    const uint32_t record = take_free(&store->free_assocs[shard]);
    if (record == KVS_NONE)
        return 0;
    store->assocs[record] =
        (KvsAssoc){.other = other, .time = time, .next = store->lists[at].head, .data = kvs_assoc_data(other, time)};
    store->lists[at].head = record;
    return ++store->lists[at].count;
}

static uint64_t
delete_assoc(KvsStore *store, uint64_t key, uint64_t other)
{
    const uint32_t at = find_list(store, key);
    if (at == KVS_NONE)
        return 0;
    uint32_t *link = &store->lists[at].head;
    while (*link != KVS_NONE && store->assocs[*link].other != other)
        link = &store->assocs[*link].next;
    if (*link == KVS_NONE)
        return 0;
    *link = store->assocs[*link].next;
    store->lists[at].count--;
    return 1;
}

uint64_t
kvs_store_write(KvsStore *store, const KvsRequest *request)
{
    const uint64_t key = request->id * KVS_TYPES + request->type;
    switch (request->op) {
    case KVS_ASSOC_ADD:
        return add_assoc(store, key, request->other, request->time);
    case KVS_ASSOC_DEL:
        return delete_assoc(store, key, request->other);
    case KVS_ASSOC_CHANGE_TYPE:
        if (!delete_assoc(store, key, request->other))
            return 0;
        return add_assoc(store, request->id * KVS_TYPES + (request->type + 1) % KVS_TYPES, request->other,
                         request->time);
    case KVS_OBJ_DELETE:
        return delete_object(store, request->id);
    default:
        return put_object(store, request->id, 0);
    }
}

/* ---- What is there at first ---------------------------------------------------------------------------------- */

/* Give each shard as many records as it needs at first, and some more; the records of the pool. */
static uint64_t
divide_pool(KvsFree *free, const uint32_t *wanted)
{
    uint32_t at = 0;
    for (uint32_t shard = 0; shard < KVS_SHARDS; shard++) {
        free[shard].used = at;
        at += wanted[shard] + SPARE;
        free[shard].end = at;
    }
    return at;
}

static void
map_store(KvsStore *store, const KvsShape *shape)
{
    uint32_t objects[KVS_SHARDS] = {0}, lists[KVS_SHARDS] = {0}, assocs[KVS_SHARDS] = {0};
    for (uint64_t id = 0; id < shape->object_count; id++) {
        const uint32_t shard = kvs_shard(id);
        objects[shard]++;
        lists[shard] += KVS_TYPES;
        for (uint32_t type = 0; type < KVS_TYPES; type++)
            assocs[shard] += kvs_first_count(shape, id * KVS_TYPES + type);
    }
    uint64_t buckets = KVS_SHARDS;
    while (buckets < shape->object_count)
        buckets *= 2;
    store->object_mask = buckets - 1;
    store->list_mask = buckets * KVS_TYPES - 1;
    store->object_heads = kernel_map("kvs-object-index", buckets * sizeof(uint32_t));
    store->list_heads = kernel_map("kvs-list-index", buckets * KVS_TYPES * sizeof(uint32_t));
    memset(store->object_heads, 0xff, buckets * sizeof(uint32_t));
    memset(store->list_heads, 0xff, buckets * KVS_TYPES * sizeof(uint32_t));
    store->objects = kernel_map("kvs-objects", divide_pool(store->free_objects, objects) * sizeof *store->objects);
    store->lists = kernel_map("kvs-lists", divide_pool(store->free_lists, lists) * sizeof *store->lists);
    store->assocs = kernel_map("kvs-assocs", divide_pool(store->free_assocs, assocs) * sizeof *store->assocs);
}

/* Associations come round by round, one for each list, as they do over time: so those of a list lie apart. */
void
kvs_store_make(KvsStore *store, const KvsShape *shape)
{
    map_store(store, shape);
    uint32_t most = 0;
    for (uint64_t id = 0; id < shape->object_count; id++)
        put_object(store, id, 0);
    for (uint32_t round = 0; round == 0 || round < most; round++) {
        for (uint64_t key = 0; key < shape->object_count * KVS_TYPES; key++) {
            const uint32_t count = kvs_first_count(shape, key);
            most = count > most ? count : most;
            if (round < count)
                add_assoc(store, key, kvs_first_other(shape, key, round), round);
        }
    }
}
