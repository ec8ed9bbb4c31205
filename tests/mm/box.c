/* SPDX-License-Identifier: MIT */
/* A machine, its memory and spaces for the tests of mm/ and policies/. */
#include "box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* First frame of the spaces made by box_add(). */
#define FRAME_FIRST 0x80000u

char *
box_yaml(unsigned near_mib, unsigned far_mib)
{
    return g_strdup_printf("nodes:\n"
                           "  - {id: D0, kind: dram, capacity: %uMiB, read: 20GB/s, at: C0}\n"
                           "  - {id: D1, kind: dram, capacity: %uMiB, read: 20GB/s, at: C1}\n"
                           "  - {id: X, kind: cxl, capacity: %uMiB, read: 10GB/s, at: hub}\n"
                           "points: [hub]\n"
                           "accessors: [{id: C0, cores: 4}, {id: C1, cores: 4}]\n"
                           "links:\n"
                           "  - {id: L0, between: [C0, hub], bandwidth: 30GB/s}\n"
                           "  - {id: L1, between: [C1, hub], bandwidth: 30GB/s}\n"
                           "relative_latency:\n"
                           "  {anchor: 100ns, nodes: [D0, D1, X], C0: [10, 30, 20], C1: [30, 10, 20]}\n",
                           near_mib, near_mib, far_mib);
}

NsimMachine *
box_machine(const char *yaml)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDocument) document = nsim_document_parse(yaml, strlen(yaml), "test", &error);
    NsimMachine *machine =
        document == NULL ? NULL : nsim_machine_from_value(nsim_document_root(document), ".", &error);
    if (machine == NULL) {
        fprintf(stderr, "a machine of the tests is refused: %s\n%s\n", error->message, yaml);
        abort();
    }
    return machine;
}

void
box_open(Box *box, const char *yaml)
{
    *box = (Box){ .machine = box_machine(yaml) };
    box->memory = nsim_memory_new(box->machine);
    box->events = nsim_event_queue_new();
}

void
box_audit(const Box *box)
{
    nsim_space_audit((const NsimSpace *const *)box->spaces, box->space_count, box->memory, NULL);
}

void
box_close(Box *box)
{
    box_audit(box);
    nsim_mm_free(box->mm);
    for (uint32_t s = 0; s < box->space_count; s++)
        nsim_space_free(box->spaces[s]);
    nsim_event_queue_free(box->events);
    nsim_memory_free(box->memory);
    nsim_machine_unref(box->machine);
}

NsimSpace *
box_add_ranges(Box *box, const char *workload, const uint64_t *frames, uint64_t frame_count,
               const NsimSpaceRange *ranges, uint32_t range_count, uint32_t unit_pages)
{
    g_autoptr(GError) error = NULL;
    NsimSpace *space =
        nsim_space_new(box->memory, workload, frames, frame_count, ranges, range_count, unit_pages, &error);
    if (space == NULL || box->space_count == BOX_SPACES_MAX || box->mm != NULL) {
        fprintf(stderr, "no space '%s': %s\n", workload, error == NULL ? "the box is full or started" : error->message);
        abort();
    }
    box->spaces[box->space_count++] = space;
    return space;
}

NsimSpace *
box_add(Box *box, const char *workload, uint64_t frame_count, uint32_t unit_pages)
{
    g_autofree uint64_t *frames = g_new(uint64_t, frame_count);
    for (uint64_t f = 0; f < frame_count; f++)
        frames[f] = FRAME_FIRST + f;
    const NsimSpaceRange whole = { "data", (uint64_t)FRAME_FIRST << 21, frame_count << 21 };
    return box_add_ranges(box, workload, frames, frame_count, &whole, 1, unit_pages);
}

void
box_start(Box *box)
{
    box->mm = nsim_mm_new(box->machine, box->memory, box->spaces, box->space_count, box->events, 1);
}

bool
box_attach(Box *box, const NsimPolicyClass *policy, const void *config, GError **error)
{
    if (box->mm == NULL)
        box_start(box);
    return nsim_mm_attach(box->mm, policy, config, error);
}

bool
box_touch(Box *box, NsimSpaceId space, NsimPage page, uint32_t count, NsimAccessorId accessor)
{
    const NsimFault fault = { .time_ps = box->mm->now_ps,
                              .page = page,
                              .count = count,
                              .space = space,
                              .accessor = accessor,
                              .kind = NSIM_FAULT_FIRST_TOUCH };
    return nsim_mm_fault(box->mm, &fault, 1);
}

uint64_t
box_count(const Box *box, NsimSpaceId space, NsimNodeId node)
{
    const NsimSpace *pages = box->spaces[space];
    uint64_t count = 0;
    for (NsimPage page = 0; page < pages->page_count; page++) {
        const uint16_t state = nsim_space_state(pages, page);
        count += (state & NSIM_PAGE_ABSENT) == 0 && (state & NSIM_PAGE_NODE) == node;
    }
    return count;
}

char *
box_picture(const Box *box, NsimSpaceId space, NsimPage page, uint32_t count)
{
    GString *text = g_string_new(NULL);
    for (uint32_t i = 0; i < count; i++) {
        const uint16_t state = nsim_space_state(box->spaces[space], page + i);
        g_string_append_c(text, (state & NSIM_PAGE_ABSENT) != 0 ? '.' : (char)('0' + (state & NSIM_PAGE_NODE)));
    }
    return g_string_free(text, FALSE);
}
