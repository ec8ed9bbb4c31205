/* SPDX-License-Identifier: MIT */
/* Futures made by hand. */
#include "future.h"

void
future_init(Future *future, const Box *box, uint32_t window)
{
    const uint32_t accessors = box->machine->accessor_count;
    const size_t rows = (size_t)accessors * box->space_count;
    future->accessor_count = accessors;
    future->view = (NsimFuture){ .accessor_count = accessors,
                                 .space_count = box->space_count,
                                 .reads = g_new0(uint32_t *, rows),
                                 .writes = g_new0(uint32_t *, rows),
                                 .gap_ps = g_new0(NsimTime, accessors),
                                 .window_lines = g_new0(uint32_t, accessors) };
    for (size_t row = 0; row < rows; row++) {
        const uint64_t pages = box->spaces[row / accessors]->page_count;
        future->view.reads[row] = g_new0(uint32_t, pages);
        future->view.writes[row] = g_new0(uint32_t, pages);
    }
    for (uint32_t a = 0; a < accessors; a++)
        future->view.window_lines[a] = window;
}

void
future_clear(Future *future)
{
    for (size_t row = 0; row < (size_t)future->accessor_count * future->view.space_count; row++) {
        g_free(future->view.reads[row]);
        g_free(future->view.writes[row]);
    }
    g_free(future->view.reads);
    g_free(future->view.writes);
    g_free(future->view.gap_ps);
    g_free(future->view.window_lines);
}

void
future_fill(Future *future, uint32_t space, uint32_t accessor, NsimPage page, uint32_t count, uint32_t reads,
            uint32_t writes)
{
    const size_t row = (size_t)space * future->accessor_count + accessor;
    for (uint32_t i = 0; i < count; i++) {
        future->view.reads[row][page + i] = reads;
        future->view.writes[row][page + i] = writes;
    }
}
