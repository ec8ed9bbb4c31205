/* SPDX-License-Identifier: MIT */
/* An open-addressing table from an object's number to its place. Nothing is ever removed. */
#include <traces/import/objects.h>

#include <traces/burst.h>

#define SLOTS_LOG2_MIN 10u
#define LINES_BITS 26u /* 4 GiB of 64-byte lines */

/* Lines less one in the low bits; above the first line, counted from 1 at the base, so that 0 is an empty slot. */
typedef struct {
    uint64_t number, place;
} Slot;

struct _NsimObjects {
    Slot *slots;
    unsigned slots_log2;
    uint32_t count;
    uint64_t base, next_line;
};

NsimObjects *
nsim_objects_new(uint64_t base)
{
    NsimObjects *objects = g_new0(NsimObjects, 1);
    objects->slots_log2 = SLOTS_LOG2_MIN;
    objects->slots = g_new0(Slot, (gsize)1 << SLOTS_LOG2_MIN);
    objects->base = base;
    objects->next_line = 1;
    return objects;
}

void
nsim_objects_free(NsimObjects *objects)
{
    if (objects == NULL)
        return;
    g_free(objects->slots);
    g_free(objects);
}

/* The slot of this number, or the empty one where it belongs. */
static Slot *
slot_of(Slot *slots, unsigned slots_log2, uint64_t number)
{
    const uint64_t mask = (UINT64_C(1) << slots_log2) - 1;
    /* The golden ratio's multiple spreads numbers that follow each other; the fold spreads those that share low bits. */
    uint64_t at = ((number ^ number >> 32) * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - slots_log2);
    while (slots[at].place != 0 && slots[at].number != number)
        at = (at + 1) & mask;
    return &slots[at];
}

static bool
grow(NsimObjects *objects)
{
    const unsigned slots_log2 = objects->slots_log2 + 1;
    Slot *slots = g_try_new0(Slot, (gsize)1 << slots_log2);
    if (slots == NULL)
        return false;
    for (uint64_t i = 0; i < UINT64_C(1) << objects->slots_log2; i++)
        if (objects->slots[i].place != 0)
            *slot_of(slots, slots_log2, objects->slots[i].number) = objects->slots[i];
    g_free(objects->slots);
    objects->slots = slots;
    objects->slots_log2 = slots_log2;
    return true;
}

static uint64_t
address_of(const NsimObjects *objects, const Slot *slot)
{
    return objects->base + (((slot->place >> LINES_BITS) - 1) << NSIM_LINE_SHIFT);
}

uint64_t
nsim_objects_place(NsimObjects *objects, uint64_t number, uint32_t bytes, const char **ret_problem)
{
    const uint64_t more = bytes > 0 ? (bytes - 1) >> NSIM_LINE_SHIFT : 0; /* lines less one */
    Slot *slot = slot_of(objects->slots, objects->slots_log2, number);
    if (G_LIKELY(slot->place != 0 && (slot->place & ((UINT64_C(1) << LINES_BITS) - 1)) >= more))
        return address_of(objects, slot);
    if (slot->place == 0) {
        if (objects->count >= NSIM_OBJECTS_MAX) {
            *ret_problem = "more than 2^24 objects";
            return 0;
        }
        if (((uint64_t)objects->count + 1) * 2 > UINT64_C(1) << objects->slots_log2) {
            if (!grow(objects)) {
                *ret_problem = "no memory for so many objects";
                return 0;
            }
            slot = slot_of(objects->slots, objects->slots_log2, number);
        }
        objects->count++;
    }
    if (nsim_objects_bytes(objects) + ((more + 1) << NSIM_LINE_SHIFT) > NSIM_OBJECTS_BYTES_MAX) {
        *ret_problem = "objects of more than 8 TiB together";
        return 0;
    }
    slot->number = number;
    slot->place = objects->next_line << LINES_BITS | more;
    objects->next_line += more + 1;
    return address_of(objects, slot);
}

uint64_t
nsim_objects_count(const NsimObjects *objects)
{
    return objects->count;
}

uint64_t
nsim_objects_bytes(const NsimObjects *objects)
{
    return (objects->next_line - 1) << NSIM_LINE_SHIFT;
}
