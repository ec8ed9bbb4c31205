/* SPDX-License-Identifier: MIT */
/*
 * The judge: the same requests on arrays indexed by the identifier, without hash tables, pools or chains, by one
 * thread.
 */
#include "kvs.h"

#include <stdlib.h>

typedef struct {
    uint64_t *others, *times; /* oldest first */
    uint32_t count, room;
} List;

typedef struct {
    List *lists;        /* id * KVS_TYPES + type */
    uint32_t *versions; /* KVS_NONE: no such object */
} Shadow;

static uint64_t
append(List *list, uint64_t other, uint64_t time)
{
    if (list->count == list->room) {
        const uint32_t room = list->room ? list->room * 2 : 4;
        uint64_t *grown = kernel_alloc(2 * (uint64_t)room, sizeof *grown);
        for (uint32_t i = 0; i < list->count; i++) {
            grown[i] = list->others[i];
            grown[room + i] = list->times[i];
        }
        free(list->others);
        list->others = grown;
        list->times = grown + room;
        list->room = room;
    }
    list->others[list->count] = other;
    list->times[list->count] = time;
    return ++list->count;
}

/* Place of the newest association to `other`, or the count. */
static uint32_t
place_of(const List *list, uint64_t other)
{
    for (uint32_t i = list->count; i-- > 0;)
        if (list->others[i] == other)
            return i;
    return list->count;
}

static uint64_t
erase(List *list, uint64_t other)
{
    const uint32_t place = place_of(list, other);
    if (place == list->count)
        return 0;
    for (uint32_t i = place + 1; i < list->count; i++) {
        list->others[i - 1] = list->others[i];
        list->times[i - 1] = list->times[i];
    }
    list->count--;
    return 1;
}

static uint64_t
shadow_read(const Shadow *shadow, const KvsRequest *request)
{
    const List *list = &shadow->lists[request->id * KVS_TYPES + request->type];
    uint64_t sum = 0;
    switch (request->op) {
    case KVS_OBJ_GET:
        if (shadow->versions[request->id] == KVS_NONE)
            return 0;
        sum = shadow->versions[request->id];
        for (uint32_t i = 0; i < kvs_value_words(request->id); i++)
            sum += kvs_value_word(request->id, shadow->versions[request->id], i);
        return sum;
    case KVS_ASSOC_GET: {
        const uint32_t place = place_of(list, request->other);
        return place == list->count ? 0 : kvs_assoc_data(request->other, list->times[place]);
    }
    case KVS_ASSOC_COUNT:
        return list->count;
    default:
        for (uint32_t i = 0; i < KVS_RANGE_LIMIT && i < list->count; i++) {
            const uint32_t place = list->count - 1 - i;
            if (request->op == KVS_ASSOC_TIME_RANGE && list->times[place] < request->time)
                break;
            sum = checksum_add(sum, kvs_assoc_data(list->others[place], list->times[place]));
        }
        return sum;
    }
}

static uint64_t
shadow_write(Shadow *shadow, const KvsRequest *request)
{
    List *lists = &shadow->lists[request->id * KVS_TYPES];
    uint32_t *version = &shadow->versions[request->id];
    switch (request->op) {
    case KVS_ASSOC_ADD:
        return append(&lists[request->type], request->other, request->time);
    case KVS_ASSOC_DEL:
        return erase(&lists[request->type], request->other);
    case KVS_ASSOC_CHANGE_TYPE:
        return erase(&lists[request->type], request->other)
                   ? append(&lists[(request->type + 1) % KVS_TYPES], request->other, request->time)
                   : 0;
    case KVS_OBJ_DELETE:
        if (*version == KVS_NONE)
            return 0;
        *version = KVS_NONE;
        return 1;
    default:
        return *version = *version == KVS_NONE ? 0 : *version + 1;
    }
}

static void
fill_shadow(Shadow *shadow, const KvsShape *shape)
{
    const uint64_t most = shape->object_count + shape->request_count; /* every request may add an object */
    shadow->lists = kernel_alloc(most * KVS_TYPES, sizeof *shadow->lists);
    shadow->versions = kernel_alloc(most, sizeof *shadow->versions);
    memset(shadow->versions + shape->object_count, 0xff, shape->request_count * sizeof *shadow->versions);
    for (uint64_t key = 0; key < shape->object_count * KVS_TYPES; key++)
        for (uint32_t i = 0; i < kvs_first_count(shape, key); i++)
            append(&shadow->lists[key], kvs_first_other(shape, key, i), i);
}

void
kvs_shadow_run(const KvsShape *shape, const KvsRequest *requests, uint64_t *sums)
{
    Shadow shadow;
    fill_shadow(&shadow, shape);
    for (uint64_t epoch = 0; epoch < shape->epoch_count; epoch++) {
        const uint64_t first = shape->request_count * epoch / shape->epoch_count;
        const uint64_t end = shape->request_count * (epoch + 1) / shape->epoch_count;
        for (uint64_t i = first; i < end; i++)
            if (requests[i].op < KVS_READ_OPS)
                sums[epoch] += checksum_add(i, shadow_read(&shadow, &requests[i]));
        for (uint64_t i = first; i < end; i++)
            if (requests[i].op >= KVS_READ_OPS)
                sums[epoch] += checksum_add(i, shadow_write(&shadow, &requests[i]));
    }
    for (uint64_t i = 0; i < (shape->object_count + shape->request_count) * KVS_TYPES; i++)
        free(shadow.lists[i].others);
    free(shadow.lists);
    free(shadow.versions);
}
