/* SPDX-License-Identifier: MIT */
/*
 * A second reader of the native trace format, written from docs/trace-format.md alone and sharing nothing with traces/:
 * the whole file in memory, one value at a time, no thought of speed. The tests compare the two readers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    unsigned op;
    bool dependent, prefetchable;
    uint64_t line; /* virtual line number; 0 in control records */
    uint32_t count, gap, step;
    uint32_t operand; /* of control records, else 0 */
} ReferenceRecord;

typedef struct {
    char name[4097];
    uint64_t records, reads, writes, rfos, compute;
    ReferenceRecord *list;
} ReferenceThread;

typedef struct {
    char name[4097];
    uint64_t address, bytes;
} ReferenceRegion;

typedef struct {
    unsigned gap_unit;
    bool filtered;
    uint64_t gap_per_s;
    char program[4097], capture[4097], filter[4097];
    uint32_t thread_count, region_count, mark_count, barrier_count, frame_count;
    ReferenceThread *threads;
    ReferenceRegion *regions;
    char (*marks)[4097];
    uint32_t *barriers;
    uint64_t *frames;    /* by number, that is in order of first appearance */
    const char *problem; /* NULL: the file was read */
} ReferenceTrace;

/* Read a file; never NULL. Free with reference_free(). */
ReferenceTrace *
reference_read(const char *path);
void
reference_free(ReferenceTrace *trace);

/* Number of a line's page of 2^shift bytes in replay's numbering. */
uint64_t
reference_page(const ReferenceTrace *trace, uint64_t line, unsigned shift);

/* XXH64, seed 0, by the same rule: slow and separate. */
uint64_t
reference_xxh64(const uint8_t *data, uint64_t bytes);
