/* SPDX-License-Identifier: MIT */
/* XXH64 from its public specification: see xxh64.h. */

#include <traces/xxh64.h>

#include <glib.h>
#include <string.h>

/* The five primes of the specification. */
#define PRIME_1 UINT64_C(0x9E3779B185EBCA87)
#define PRIME_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME_3 UINT64_C(0x165667B19E3779F9)
#define PRIME_4 UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME_5 UINT64_C(0x27D4EB2F165667C5)

#define STRIPE_BYTES 32u

static inline uint64_t
rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static inline uint64_t
load_64(const uint8_t *data)
{
    uint64_t value;
    memcpy(&value, data, sizeof value);
    return GUINT64_FROM_LE(value);
}

static inline uint32_t
load_32(const uint8_t *data)
{
    uint32_t value;
    memcpy(&value, data, sizeof value);
    return GUINT32_FROM_LE(value);
}

static inline uint64_t
mix_lane(uint64_t lane, uint64_t input)
{
    return rotate_left(lane + input * PRIME_2, 31) * PRIME_1;
}

static inline uint64_t
merge_lane(uint64_t hash, uint64_t lane)
{
    return (hash ^ mix_lane(0, lane)) * PRIME_1 + PRIME_4;
}

static void
start_lanes(uint64_t lanes[4], uint64_t seed)
{
    lanes[0] = seed + PRIME_1 + PRIME_2;
    lanes[1] = seed + PRIME_2;
    lanes[2] = seed;
    lanes[3] = seed - PRIME_1;
}

/* Consume whole stripes; returns the bytes consumed. */
static size_t
mix_stripes(uint64_t lanes[4], const uint8_t *data, size_t bytes)
{
    uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
    size_t at = 0;
    for (; bytes - at >= STRIPE_BYTES; at += STRIPE_BYTES) {
        a = mix_lane(a, load_64(data + at));
        b = mix_lane(b, load_64(data + at + 8));
        c = mix_lane(c, load_64(data + at + 16));
        d = mix_lane(d, load_64(data + at + 24));
    }
    lanes[0] = a;
    lanes[1] = b;
    lanes[2] = c;
    lanes[3] = d;
    return at;
}

static uint64_t
finish(const uint64_t lanes[4], uint64_t seed, uint64_t total_bytes, const uint8_t *tail, size_t tail_bytes)
{
    uint64_t hash = seed + PRIME_5;
    if (total_bytes >= STRIPE_BYTES) {
        hash =
            rotate_left(lanes[0], 1) + rotate_left(lanes[1], 7) + rotate_left(lanes[2], 12) + rotate_left(lanes[3], 18);
        for (unsigned i = 0; i < 4; i++)
            hash = merge_lane(hash, lanes[i]);
    }
    hash += total_bytes;

    size_t at = 0;
    for (; tail_bytes - at >= 8; at += 8)
        hash = rotate_left(hash ^ mix_lane(0, load_64(tail + at)), 27) * PRIME_1 + PRIME_4;
    if (tail_bytes - at >= 4) {
        hash = rotate_left(hash ^ load_32(tail + at) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        at += 4;
    }
    for (; at < tail_bytes; at++)
        hash = rotate_left(hash ^ tail[at] * PRIME_5, 11) * PRIME_1;

    hash = (hash ^ hash >> 33) * PRIME_2;
    hash = (hash ^ hash >> 29) * PRIME_3;
    return hash ^ hash >> 32;
}

void
nsim_xxh64_init(NsimXxh64 *hash, uint64_t seed)
{
    memset(hash, 0, sizeof *hash);
    hash->seed = seed;
    start_lanes(hash->lanes, seed);
}

void
nsim_xxh64_update(NsimXxh64 *hash, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    if (bytes == 0)
        return;
    hash->total_bytes += bytes;
    if (hash->tail_bytes > 0) {
        const size_t room = STRIPE_BYTES - hash->tail_bytes;
        const size_t take = bytes < room ? bytes : room;
        memcpy(hash->tail + hash->tail_bytes, at, take);
        hash->tail_bytes += (uint32_t)take;
        at += take;
        bytes -= take;
        if (hash->tail_bytes < STRIPE_BYTES)
            return;
        mix_stripes(hash->lanes, hash->tail, STRIPE_BYTES);
        hash->tail_bytes = 0;
    }
    const size_t consumed = mix_stripes(hash->lanes, at, bytes);
    memcpy(hash->tail, at + consumed, bytes - consumed);
    hash->tail_bytes = (uint32_t)(bytes - consumed);
}

uint64_t
nsim_xxh64_final(const NsimXxh64 *hash)
{
    return finish(hash->lanes, hash->seed, hash->total_bytes, hash->tail, hash->tail_bytes);
}

uint64_t
nsim_xxh64(const void *data, size_t bytes, uint64_t seed)
{
    uint64_t lanes[4];
    start_lanes(lanes, seed);
    const uint8_t *start = data;
    const size_t consumed = mix_stripes(lanes, start, bytes);
    return finish(lanes, seed, bytes, start + consumed, bytes - consumed);
}
