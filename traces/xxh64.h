/* SPDX-License-Identifier: MIT */
/*
 * XXH64, the checksum of the trace format. Written from the public specification of the algorithm (Y. Collet, "xxHash
 * fast digest algorithm", XXH64 section); tested with the vectors published with it. Not a cryptographic hash: it finds
 * damage, not forgery, and readers validate every field as if there were no checksum.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t lanes[4];
    uint64_t seed, total_bytes;
    uint8_t tail[32]; /* bytes not yet consumed, fewer than 32 */
    uint32_t tail_bytes;
} NsimXxh64;

/* The hash of data that comes in pieces. */
void
nsim_xxh64_init(NsimXxh64 *hash, uint64_t seed);
void
nsim_xxh64_update(NsimXxh64 *hash, const void *data, size_t bytes);
uint64_t
nsim_xxh64_final(const NsimXxh64 *hash);

/* The hash of data that is all here. */
uint64_t
nsim_xxh64(const void *data, size_t bytes, uint64_t seed);
