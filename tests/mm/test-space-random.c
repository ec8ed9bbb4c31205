/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever is done to spaces, in any order, the books agree with the pages. Method: thousands of random
 * operations with fixed seeds on random small machines, beside a model that keeps one plain record for each page; both
 * are compared page by page after each batch, and the audit counts everything again.
 */
#include "test-mm.h"

#include "box.h"

#include <string.h>

#include <CUnit/CUnit.h>

#define SEEDS 60
#define BATCHES 20
#define OPERATIONS 100
#define NODES_MAX 5u
#define PAGES_MAX 2048u

/* The model: what is true of each page, without heads, sets or counters. */
typedef struct {
    int node; /* -1: absent */
    bool armed;
    bool copy[NODES_MAX];
} ModelPage;

typedef struct {
    ModelPage pages[BOX_SPACES_MAX][PAGES_MAX];
    uint64_t capacity[NODES_MAX];
    uint32_t node_count;
} Model;

static uint64_t
model_used(const Model *model, uint32_t node)
{
    uint64_t used = 0;
    for (uint32_t s = 0; s < BOX_SPACES_MAX; s++) {
        for (uint32_t p = 0; p < PAGES_MAX; p++)
            used += (uint64_t)(model->pages[s][p].node == (int)node) + model->pages[s][p].copy[node];
    }
    return used;
}

static void
make_machine(Box *box, Model *model, NsimRandom *random)
{
    static const char *const page_sizes[] = { "4KiB", "16KiB", "64KiB" };
    static const unsigned page_kib[] = { 4, 16, 64 };
    const uint64_t size = nsim_random_below(random, 3);
    g_autoptr(GString) yaml = g_string_new(NULL);
    memset(model, 0, sizeof *model);
    model->node_count = 1 + (uint32_t)nsim_random_below(random, NODES_MAX);
    g_string_append_printf(yaml, "page: %s\naccessors: [{id: C}]\nnodes:\n", page_sizes[size]);
    for (uint32_t n = 0; n < model->node_count; n++) {
        model->capacity[n] = 1 + nsim_random_below(random, 700);
        g_string_append_printf(yaml, "  - {id: N%u, kind: dram, capacity: %uKiB, latency: 80ns, read: 1GB/s, at: C}\n",
                               n, (unsigned)model->capacity[n] * page_kib[size]);
    }
    for (uint32_t s = 0; s < BOX_SPACES_MAX; s++) {
        for (uint32_t p = 0; p < PAGES_MAX; p++)
            model->pages[s][p].node = -1;
    }
    box_open(box, yaml->str);
    const uint32_t space_count = 1 + (uint32_t)nsim_random_below(random, BOX_SPACES_MAX);
    for (uint32_t s = 0; s < space_count; s++)
        (void)box_add(box, "w", 1 + nsim_random_below(random, 4), 1u << nsim_random_below(random, 4));
}

static uint64_t
model_place(Model *model, uint32_t s, NsimPage page, uint64_t count, uint32_t node)
{
    uint64_t room = model->capacity[node] - model_used(model, node), done = 0;
    for (; done < count; done++) {
        ModelPage *entry = &model->pages[s][page + done];
        if (entry->node >= 0)
            continue;
        if (room == 0)
            break;
        room--;
        entry->node = (int)node;
        entry->armed = false;
    }
    return done;
}

static uint64_t
model_arm(Model *model, uint32_t s, NsimPage page, uint64_t count, bool armed)
{
    uint64_t changed = 0;
    for (uint64_t i = 0; i < count; i++) {
        ModelPage *entry = &model->pages[s][page + i];
        if (entry->node < 0 || entry->armed == armed)
            continue;
        entry->armed = armed;
        changed++;
    }
    return changed;
}

static bool
model_copy(Model *model, uint32_t s, NsimPage page, uint32_t node, bool add)
{
    ModelPage *entry = &model->pages[s][page];
    if (add ? entry->node < 0 || entry->node == (int)node || entry->copy[node] ||
                  model_used(model, node) == model->capacity[node]
            : !entry->copy[node])
        return false;
    entry->copy[node] = add;
    return true;
}

static uint32_t
model_drop(Model *model, uint32_t s, NsimPage page)
{
    uint32_t dropped = 0;
    for (uint32_t n = 0; n < NODES_MAX; n++)
        dropped += model->pages[s][page].copy[n];
    memset(model->pages[s][page].copy, 0, sizeof model->pages[s][page].copy);
    return dropped;
}

/* One random operation on both; false when they answer differently. */
static bool
operate(Box *box, Model *model, NsimRandom *random)
{
    const uint32_t s = (uint32_t)nsim_random_below(random, box->space_count);
    NsimSpace *space = box->spaces[s];
    const uint32_t node = (uint32_t)nsim_random_below(random, model->node_count);
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    NsimPage page = nsim_random_below(random, space->page_count);
    uint64_t count = nsim_random_below(random, 30);
    switch (nsim_random_below(random, 8)) {
    case 0: /* whole frames, which may stay uniform */
        page -= page % frame_pages;
        count = frame_pages * (1 + nsim_random_below(random, 2));
        G_GNUC_FALLTHROUGH;
    case 1:
    case 2:
        count = MIN(count, space->page_count - page);
        return nsim_space_place(space, page, count, (NsimNodeId)node) == model_place(model, s, page, count, node);
    case 3:
    case 4:
        count = MIN(count, space->page_count - page);
        const bool armed = nsim_random_below(random, 2) == 0;
        return nsim_space_arm(space, page, count, armed) == model_arm(model, s, page, count, armed);
    case 5:
        return nsim_space_add_copy(space, page, (NsimNodeId)node) == model_copy(model, s, page, node, true);
    case 6:
        return nsim_space_drop_copy(space, page, (NsimNodeId)node) == model_copy(model, s, page, node, false);
    default:
        return nsim_space_drop_copies(space, page) == model_drop(model, s, page);
    }
}

static bool
same_page(const NsimSpace *space, NsimPage page, const ModelPage *entry, uint32_t node_count)
{
    const uint16_t state = nsim_space_state(space, page);
    bool copied = false;
    if ((state & NSIM_PAGE_ABSENT) != 0)
        return entry->node < 0 && state == NSIM_PAGE_FRESH;
    for (uint32_t n = 0; n < node_count; n++) {
        /* Seen from this node alone: the node itself when the page or a copy is there. */
        const NsimNodeId order = (NsimNodeId)n;
        const bool there = nsim_space_nearest(space, page, &order, 1) == n;
        copied |= entry->copy[n];
        if (there != (entry->copy[n] || entry->node == (int)n))
            return false;
    }
    return (state & NSIM_PAGE_NODE) == (unsigned)entry->node && ((state & NSIM_PAGE_ARMED) != 0) == entry->armed &&
           ((state & NSIM_PAGE_COPIED) != 0) == copied;
}

static bool
same(const Box *box, const Model *model)
{
    for (uint32_t s = 0; s < box->space_count; s++) {
        for (NsimPage page = 0; page < box->spaces[s]->page_count; page++) {
            if (!same_page(box->spaces[s], page, &model->pages[s][page], model->node_count))
                return false;
        }
    }
    for (uint32_t n = 0; n < model->node_count; n++) {
        const NsimNodeMemory *node = &box->memory->nodes[n];
        if (node->used_pages != model_used(model, n) || node->peak_pages < node->used_pages ||
            node->peak_pages > node->capacity_pages)
            return false;
    }
    return true;
}

static void
test_random(void)
{
    g_autofree Model *model = g_new0(Model, 1);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        NsimRandom random;
        Box box;
        bool good = true;
        nsim_random_init(&random, seed, "space");
        make_machine(&box, model, &random);
        NsimFrames *frames = nsim_frames_new(box.memory, box.spaces, box.space_count, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(frames);
        for (int b = 0; b < BATCHES && good; b++) {
            for (int i = 0; i < OPERATIONS && good; i++)
                good = operate(&box, model, &random);
            box_audit(&box);
            nsim_frames_audit(frames);
            good = good && same(&box, model);
        }
        CU_ASSERT_TRUE(good);
        nsim_frames_free(frames);
        box_close(&box);
    }
}

bool
test_space_random_register(void)
{
    CU_pSuite suite = CU_add_suite("space, random operations", NULL, NULL);
    return suite && CU_add_test(suite, "against a plain model", test_random);
}
