/* SPDX-License-Identifier: MIT */
/* The reuse distances of reuse.h. */
#include <traces/reuse.h>

#include <sim/assert.h>
#include <string.h>

#define NOTHING UINT32_MAX
#define ENTRIES_FIRST 1024u
/* Times for each entry: the more, the rarer they are renumbered. */
#define TIMES_AN_ENTRY 4u

typedef struct {
    uint64_t line;
    uint32_t time; /* of the last touch */
} Entry;

struct _NsimReuse {
    unsigned shift;
    Entry *entries;
    uint32_t entry_count, entry_room;
    uint32_t *slots; /* open addressing: entry, or NOTHING; four for each entry that there is room for */
    uint32_t slot_mask;
    /* Time 0 is never used: the tree counts from 1. */
    uint32_t now, times;
    uint32_t *tree;
    uint32_t *at_time; /* the entry touched last at that time, NOTHING */
};

static uint32_t *
find_slot(const NsimReuse *reuse, uint64_t line)
{
    uint32_t at = (uint32_t)(nsim_reuse_hash(line) >> 32) & reuse->slot_mask;
    while (reuse->slots[at] != NOTHING && reuse->entries[reuse->slots[at]].line != line)
        at = (at + 1) & reuse->slot_mask;
    return &reuse->slots[at];
}

static void
add_to_tree(NsimReuse *reuse, uint32_t time, uint32_t amount)
{
    for (; time <= reuse->times; time += time & -time)
        reuse->tree[time] += amount;
}

/* Entries whose last touch is at `time` or before. */
static uint32_t
count_until(const NsimReuse *reuse, uint32_t time)
{
    uint32_t count = 0;
    for (; time > 0; time &= time - 1)
        count += reuse->tree[time];
    return count;
}

/* Number the times of last touch 1, 2, ... in their order. */
static void
renumber(NsimReuse *reuse)
{
    uint32_t next = 1;
    for (uint32_t time = 1; time <= reuse->now; time++) {
        const uint32_t entry = reuse->at_time[time];
        if (entry == NOTHING)
            continue;
        reuse->entries[entry].time = next;
        reuse->at_time[next++] = entry;
    }
    reuse->now = next - 1;
    for (uint32_t time = next; time <= reuse->times; time++)
        reuse->at_time[time] = NOTHING;
    /* The first `now` times have one entry each, the rest none. */
    for (uint32_t time = 1; time <= reuse->times; time++) {
        const uint32_t low = time - (time & -time);
        reuse->tree[time] = MIN(time, reuse->now) - MIN(low, reuse->now);
    }
}

/* Room for twice the entries. */
static void
grow(NsimReuse *reuse)
{
    nsim_assert(reuse->entry_room < UINT32_C(1) << 28);
    const uint32_t old_times = reuse->times;
    reuse->entry_room = reuse->entry_room == 0 ? ENTRIES_FIRST : reuse->entry_room * 2;
    reuse->times = reuse->entry_room * TIMES_AN_ENTRY;
    reuse->slot_mask = reuse->entry_room * 4 - 1;
    reuse->entries = g_renew(Entry, reuse->entries, reuse->entry_room);
    reuse->slots = g_renew(uint32_t, reuse->slots, (size_t)reuse->slot_mask + 1);
    reuse->tree = g_renew(uint32_t, reuse->tree, (size_t)reuse->times + 1);
    reuse->at_time = g_renew(uint32_t, reuse->at_time, (size_t)reuse->times + 1);
    for (uint32_t time = old_times + (old_times > 0); time <= reuse->times; time++)
        reuse->at_time[time] = NOTHING;
    memset(reuse->slots, 0xff, ((size_t)reuse->slot_mask + 1) * sizeof reuse->slots[0]);
    for (uint32_t i = 0; i < reuse->entry_count; i++)
        *find_slot(reuse, reuse->entries[i].line) = i;
    renumber(reuse);
}

NsimReuse *
nsim_reuse_new(unsigned shift)
{
    nsim_assert(shift <= 40);
    NsimReuse *reuse = g_new0(NsimReuse, 1);
    reuse->shift = shift;
    grow(reuse);
    return reuse;
}

void
nsim_reuse_free(NsimReuse *reuse)
{
    if (reuse == NULL)
        return;
    g_free(reuse->entries);
    g_free(reuse->slots);
    g_free(reuse->tree);
    g_free(reuse->at_time);
    g_free(reuse);
}

static void
set_time(NsimReuse *reuse, uint32_t entry)
{
    reuse->now++;
    reuse->entries[entry].time = reuse->now;
    reuse->at_time[reuse->now] = entry;
    add_to_tree(reuse, reuse->now, 1);
}

NsimReuseTouch
nsim_reuse_touch(NsimReuse *reuse, uint64_t line)
{
    if (reuse->now == reuse->times)
        renumber(reuse);
    uint32_t *slot = find_slot(reuse, line);
    if (*slot == NOTHING) {
        if (reuse->entry_count == reuse->entry_room) {
            grow(reuse);
            slot = find_slot(reuse, line);
        }
        const uint32_t entry = reuse->entry_count++;
        *slot = entry;
        reuse->entries[entry].line = line;
        set_time(reuse, entry);
        return (NsimReuseTouch){.entry = entry, .first = true};
    }
    const uint32_t entry = *slot, time = reuse->entries[entry].time;
    const uint64_t between = reuse->entry_count - count_until(reuse, time);
    add_to_tree(reuse, time, UINT32_MAX); /* minus 1 */
    reuse->at_time[time] = NOTHING;
    set_time(reuse, entry);
    return (NsimReuseTouch){.entry = entry, .distance = (between << reuse->shift) + 1};
}
