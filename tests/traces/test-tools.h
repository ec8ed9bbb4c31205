/* SPDX-License-Identifier: MIT */
/* What the tests of the trace tools share: sound traces with everything in them, and records to compare. */
#pragma once

#include "test-traces.h"

#include <traces/tool-order.h>

bool test_reuse_register(void);
bool test_tool_anonymise_register(void);
bool test_tool_cut_register(void);
bool test_tool_export_register(void);
bool test_tool_filter_register(void);
bool test_tool_merge_register(void);
bool test_tool_order_register(void);
bool test_tool_sample_register(void);

typedef struct {
    uint32_t threads;
    uint32_t rounds; /* between barriers of all threads; thread 0 passes a mark at the begin of each */
    uint32_t runs;   /* of each thread in a round */
    uint32_t run_lines;
    uint64_t seed;
    bool filtered;
    bool in_ps;
} TestToolShape;

/* Random runs over three regions and the space between them. Opened; the file is gone when it is closed. */
NsimTrace *test_tool_trace(const char *name, const TestToolShape *shape);
/* Open what a tool has written, after it was found sound; the file is gone then. NULL with a failed assertion. */
NsimTrace *test_tool_open(const char *path);

/* A stored record with its virtual line. */
typedef struct {
    uint64_t line;
    uint64_t gap;
    uint32_t count, operand;
    uint16_t step;
    uint8_t op, flags;
} TestRecord;

/* All records of a thread; pauses are part of the gap. Free with g_array_unref(). */
GArray *test_tool_records(NsimTrace *trace, uint32_t thread);
/* Are all records of two traces, and their tables but for texts, the same? */
bool test_tool_same(NsimTrace *a, NsimTrace *b);

/* One line of a thread: line << 3 | op, of type uint64_t, appended to `lines`. */
void test_tool_lines(NsimTrace *trace, uint32_t thread, GArray *lines);
