/* SPDX-License-Identifier: MIT */
/* The second reader: see reference-reader.h. */
#include "reference-reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

typedef struct {
    const uint8_t *data;
    uint64_t bytes;
} File;

/* ---- Numbers and checksums ----------------------------------------------------------------------------------- */

static uint64_t
number(const uint8_t *data, unsigned bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value * 256 + data[bytes];
    return value;
}

static uint64_t
rotated(uint64_t value, int left)
{
    return value << left | value >> (64 - left);
}

uint64_t
reference_xxh64(const uint8_t *data, uint64_t bytes)
{
    const uint64_t p1 = 11400714785074694791u, p2 = 14029467366897019727u, p3 = 1609587929392839161u;
    const uint64_t p4 = 9650029242287828579u, p5 = 2870177450012600261u;
    uint64_t accumulators[4] = {p1 + p2, p2, 0, 0 - p1};
    uint64_t hash = p5, at = 0;
    if (bytes >= 32) {
        while (bytes - at >= 32) {
            for (int i = 0; i < 4; i++, at += 8)
                accumulators[i] = rotated(accumulators[i] + number(data + at, 8) * p2, 31) * p1;
        }
        const int turns[4] = {1, 7, 12, 18};
        hash = 0;
        for (int i = 0; i < 4; i++)
            hash += rotated(accumulators[i], turns[i]);
        for (int i = 0; i < 4; i++)
            hash = (hash ^ rotated(accumulators[i] * p2, 31) * p1) * p1 + p4;
    }
    hash += bytes;
    while (bytes - at >= 8) {
        hash = rotated(hash ^ rotated(number(data + at, 8) * p2, 31) * p1, 27) * p1 + p4;
        at += 8;
    }
    if (bytes - at >= 4) {
        hash = rotated(hash ^ number(data + at, 4) * p1, 23) * p2 + p3;
        at += 4;
    }
    while (at < bytes)
        hash = rotated(hash ^ data[at++] * p5, 11) * p1;
    hash = (hash ^ hash >> 33) * p2;
    hash = (hash ^ hash >> 29) * p3;
    return hash ^ hash >> 32;
}

/* ---- Trailer ------------------------------------------------------------------------------------------------- */

/* Take `bytes` bytes from the front of a part of the file; NULL when it has fewer. */
static const uint8_t *
next(File *part, uint64_t bytes)
{
    if (part->bytes < bytes)
        return NULL;
    const uint8_t *data = part->data;
    part->data += bytes;
    part->bytes -= bytes;
    return data;
}

static bool
next_number(File *part, unsigned bytes, uint64_t *value)
{
    const uint8_t *data = next(part, bytes);
    if (data == NULL)
        return false;
    *value = number(data, bytes);
    return true;
}

static bool
next_text(File *part, char text[4097])
{
    uint64_t length;
    if (!next_number(part, 4, &length) || length > 4096)
        return false;
    const uint8_t *data = next(part, length);
    if (data == NULL)
        return false;
    memcpy(text, data, length);
    text[length] = '\0';
    return true;
}

/* Room for `count` things; the tests' files are small, so sizes need no care beyond this. */
static void *
room(uint64_t count, size_t bytes)
{
    void *memory = calloc((size_t)count + 1, bytes);
    if (memory == NULL)
        abort();
    return memory;
}

static bool
read_trailer(ReferenceTrace *trace, File part, uint64_t *block_counts)
{
    uint64_t counts[6];
    for (int i = 0; i < 6; i++)
        if (!next_number(&part, 4, &counts[i]))
            return false;
    if (counts[0] > 4096 || counts[1] > 65536 || counts[2] > 65536 || counts[3] > 1024 || counts[4] > 8388608)
        return false;
    if (!next_text(&part, trace->program) || !next_text(&part, trace->capture) || !next_text(&part, trace->filter))
        return false;
    trace->threads = room(counts[0], sizeof *trace->threads);
    trace->thread_count = (uint32_t)counts[0];
    for (uint32_t i = 0; i < counts[0]; i++) {
        ReferenceThread *thread = &trace->threads[i];
        if (!next_number(&part, 8, &thread->records) || !next_number(&part, 8, &thread->reads) ||
            !next_number(&part, 8, &thread->writes) || !next_number(&part, 8, &thread->rfos) ||
            !next_number(&part, 8, &thread->compute) || !next_number(&part, 8, &block_counts[i]) ||
            !next_text(&part, thread->name))
            return false;
    }
    trace->regions = room(counts[1], sizeof *trace->regions);
    trace->region_count = (uint32_t)counts[1];
    for (uint32_t i = 0; i < counts[1]; i++)
        if (!next_number(&part, 8, &trace->regions[i].address) || !next_number(&part, 8, &trace->regions[i].bytes) ||
            !next_text(&part, trace->regions[i].name))
            return false;
    trace->marks = room(counts[2], sizeof *trace->marks);
    trace->mark_count = (uint32_t)counts[2];
    for (uint32_t i = 0; i < counts[2]; i++)
        if (!next_text(&part, trace->marks[i]))
            return false;
    trace->barriers = room(counts[3], sizeof *trace->barriers);
    trace->barrier_count = (uint32_t)counts[3];
    for (uint32_t i = 0; i < counts[3]; i++) {
        uint64_t members;
        if (!next_number(&part, 4, &members))
            return false;
        trace->barriers[i] = (uint32_t)members;
    }
    trace->frames = room(counts[4], sizeof *trace->frames);
    trace->frame_count = (uint32_t)counts[4];
    for (uint32_t i = 0; i < counts[4]; i++)
        if (!next_number(&part, 8, &trace->frames[i]))
            return false;
    return part.bytes == 0;
}

/* ---- Blocks -------------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t base, width;
    uint8_t *data; /* unpacked */
} Column;

static uint64_t
value(const Column *column, uint32_t record)
{
    return column->base + number(column->data + record * column->width, (unsigned)column->width);
}

/* Unpack the columns; false when the block is not as the page says. The caller frees their data. */
static bool
unpack(File rest, const uint8_t *descriptors, uint32_t records, Column columns[7])
{
    for (int i = 0; i < 7; i++) {
        const uint8_t *descriptor = descriptors + 16 * i;
        const uint64_t stored = number(descriptor + 8, 4);
        const uint8_t *data = next(&rest, stored);
        columns[i].base = number(descriptor, 8);
        columns[i].width = descriptor[12];
        const uint64_t bytes = columns[i].width * records;
        columns[i].data = room(bytes, 1);
        if (data == NULL)
            return false;
        if (descriptor[13] == 1) {
            if (ZSTD_decompress(columns[i].data, bytes, data, stored) != bytes)
                return false;
        } else {
            if (stored != bytes)
                return false;
            memcpy(columns[i].data, data, bytes);
        }
    }
    return rest.bytes == 0;
}

static bool
place(const ReferenceTrace *trace, ReferenceRecord *record, uint64_t frame, uint64_t line)
{
    if (record->op >= 4)
        return true;
    if (frame >= trace->frame_count || record->count < 1 || line + record->count > 32768)
        return false;
    record->line = trace->frames[frame] * 32768 + line;
    return true;
}

static bool
fill_records(const ReferenceTrace *trace, const Column columns[7], uint32_t records, unsigned lag, const uint8_t *seeds,
             ReferenceRecord *list)
{
    uint64_t *ends = room((uint64_t)records + lag, sizeof *ends); /* ends[lag + i] is the end of record i */
    bool ok = true;
    for (unsigned i = 0; i < lag; i++)
        ends[i] = number(seeds + 8 * i, 8);
    for (uint32_t i = 0; i < records && ok; i++) {
        ReferenceRecord *record = &list[i];
        const uint64_t kind = value(&columns[5], i), d = value(&columns[0], i);
        record->op = kind % 8;
        record->dependent = kind / 8 % 2 != 0;
        record->prefetchable = kind / 16 % 2 != 0;
        record->count = (uint32_t)value(&columns[2], i);
        record->gap = (uint32_t)value(&columns[3], i);
        record->step = (uint32_t)value(&columns[4], i);
        record->operand = record->op >= 4 ? (uint32_t)value(&columns[6], i) : 0;
        if (lag == 0) {
            ok = place(trace, record, d, value(&columns[1], i));
        } else {
            const uint64_t position = d % 2 == 0 ? ends[i] + d / 2 : ends[i] - d / 2 - 1;
            ends[i + lag] = position + record->count;
            ok = place(trace, record, position / 32768, position % 32768);
        }
        ok = ok && record->op != 3 && record->op != 7 && kind < 32;
    }
    free(ends);
    return ok;
}

static bool
read_block(const ReferenceTrace *trace, File file, const uint8_t *entry, uint32_t thread, uint64_t first,
           ReferenceRecord *list)
{
    const uint64_t offset = number(entry, 8), bytes = number(entry + 8, 4);
    const uint32_t records = (uint32_t)number(entry + 12, 4);
    if (number(entry + 16, 8) != first || bytes < 152 || offset > file.bytes || bytes > file.bytes - offset)
        return false;
    const uint8_t *block = file.data + offset;
    if (reference_xxh64(block + 8, bytes - 8) != number(block, 8) || memcmp(block + 8, "NBLK", 4) != 0 ||
        number(block + 12, 4) != bytes || number(block + 16, 4) != thread || number(block + 20, 4) != records ||
        number(block + 24, 8) != first)
        return false;
    const unsigned lag = block[32];
    File rest = {block + 152, bytes - 152};
    const uint8_t *seeds = next(&rest, 8 * (uint64_t)lag);
    Column columns[7] = {0};
    const bool ok = seeds != NULL && unpack(rest, block + 40, records, columns) &&
                    fill_records(trace, columns, records, lag, seeds, list);
    for (int i = 0; i < 7; i++)
        free(columns[i].data);
    return ok;
}

static const char *
read_file(ReferenceTrace *trace, File file)
{
    if (file.bytes < 64 + 24 + 64 || memcmp(file.data, "\x8eNST\r\n\x1a\n", 8) != 0)
        return "no header";
    if (number(file.data + 8, 4) != 1 || reference_xxh64(file.data, 56) != number(file.data + 56, 8))
        return "bad header";
    trace->gap_unit = (unsigned)number(file.data + 16, 4);
    trace->filtered = number(file.data + 20, 4) % 2 != 0;
    trace->gap_per_s = number(file.data + 24, 8);

    const uint8_t *footer = file.data + file.bytes - 64;
    if (memcmp(footer, "\x8eNSTEND\n", 8) != 0 || reference_xxh64(footer, 56) != number(footer + 56, 8))
        return "bad footer";
    const uint64_t index_at = number(footer + 8, 8), index_bytes = number(footer + 16, 8);
    const uint64_t trailer_at = number(footer + 24, 8), trailer_bytes = number(footer + 32, 8);
    if (index_at < 64 || trailer_at < index_at || trailer_at - index_at != index_bytes ||
        file.bytes - 64 < trailer_at || file.bytes - 64 - trailer_at != trailer_bytes)
        return "parts do not fill the file";
    if (reference_xxh64(file.data + index_at, index_bytes) != number(footer + 40, 8) ||
        reference_xxh64(file.data + trailer_at, trailer_bytes) != number(footer + 48, 8))
        return "bad checksum";
    uint64_t block_counts[4096];
    if (!read_trailer(trace, (File){file.data + trailer_at, trailer_bytes}, block_counts))
        return "bad trailer";

    File index = {file.data + index_at, index_bytes};
    for (uint32_t thread = 0; thread < trace->thread_count; thread++) {
        ReferenceThread *table = &trace->threads[thread];
        table->list = room(table->records, sizeof *table->list);
        uint64_t done = 0;
        for (uint64_t i = 0; i < block_counts[thread]; i++) {
            const uint8_t *entry = next(&index, 24);
            if (entry == NULL || number(entry + 12, 4) > table->records - done ||
                !read_block(trace, file, entry, thread, done, table->list + done))
                return "bad block";
            done += number(entry + 12, 4);
        }
        if (done != table->records)
            return "records are missing";
    }
    return index.bytes == 0 ? NULL : "blocks of no thread";
}

ReferenceTrace *
reference_read(const char *path)
{
    ReferenceTrace *trace = room(1, sizeof *trace);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        trace->problem = "cannot open";
        return trace;
    }
    uint64_t bytes = 0, size = 1 << 16;
    uint8_t *data = malloc(size);
    for (size_t got = 1; data != NULL && got > 0; bytes += got) {
        if (bytes == size)
            data = realloc(data, size *= 2);
        got = data == NULL ? 0 : fread(data + bytes, 1, size - bytes, stream);
    }
    fclose(stream);
    if (data == NULL)
        abort();
    trace->problem = read_file(trace, (File){data, bytes});
    free(data);
    return trace;
}

void
reference_free(ReferenceTrace *trace)
{
    for (uint32_t i = 0; i < trace->thread_count; i++)
        free(trace->threads[i].list);
    free(trace->threads);
    free(trace->regions);
    free(trace->marks);
    free(trace->barriers);
    free(trace->frames);
    free(trace);
}

uint64_t
reference_page(const ReferenceTrace *trace, uint64_t line, unsigned shift)
{
    uint64_t dense = 0;
    for (uint32_t i = 0; i < trace->frame_count; i++)
        dense += trace->frames[i] < line / 32768;
    return dense * (UINT64_C(1) << (21 - shift)) + line % 32768 / (UINT64_C(1) << (shift - 6));
}
