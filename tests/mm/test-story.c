/* SPDX-License-Identifier: MIT */
/*
 * Goal: a story keeps what was told of the watched pages and nothing else, in order, and holds the same again as one.
 * Method: a space that pages are placed and moved in, events told by hand, counts worked out by hand.
 */
#include "test-mm.h"

#include "box.h"

#include <mm/story.h>
#include <sim/time.h>

#include <CUnit/CUnit.h>

typedef struct {
    Box box;
    NsimStory *story;
} Scene;

/* Pages 10 to 19 of one space of 1024 are watched; with `moves`, all moves are. */
static void
scene_open(Scene *scene, bool moves)
{
    g_autofree char *yaml = box_yaml(8, 8);
    const NsimStoryRange range = {.space = 0, .first = moves ? 0 : 10, .count = moves ? 0 : 10};
    box_open(&scene->box, yaml);
    (void)box_add(&scene->box, "w", 2, 1);
    box_start(&scene->box);
    NsimMm *mm = scene->box.mm;
    scene->story = nsim_story_new(&range, scene->box.spaces, 1, 2, &mm->now_ps);
    nsim_mm_set_story(mm, scene->story);
}

static void
scene_close(Scene *scene)
{
    nsim_mm_set_story(scene->box.mm, NULL);
    nsim_story_free(scene->story);
    box_close(&scene->box);
}

/* A mover's last step, its own memory taken before. */
static void
move(Scene *scene, NsimPage page, uint64_t count, NsimNodeId from, NsimNodeId to, uint64_t batch)
{
    const NsimStoryMove told = {.batch = batch, .token = batch, .who = "mover", .reason = NSIM_REASON_PROMOTION};
    nsim_memory_take(scene->box.memory, to, count);
    nsim_story_settles(scene->story, &told);
    nsim_space_move(scene->box.spaces[0], page, count, to);
    nsim_story_settles(scene->story, NULL);
    nsim_memory_give(scene->box.memory, from, count);
}

static const NsimStoryEvent *
event_at(const Scene *scene, guint index)
{
    CU_ASSERT_FATAL(index < scene->story->events->len);
    return nsim_story_at(scene->story, index);
}

/* Only watched pages, and neighbours that fare alike are one event. */
static void
test_places(void)
{
    Scene scene;
    scene_open(&scene, false);
    CU_ASSERT_TRUE(box_touch(&scene.box, 0, 0, 12, 0));
    CU_ASSERT_TRUE(box_touch(&scene.box, 0, 12, 3, 0));
    CU_ASSERT_TRUE(box_touch(&scene.box, 0, 15, 100, 1));
    CU_ASSERT_EQUAL(scene.story->events->len, 2);
    const NsimStoryEvent *first = event_at(&scene, 0), *second = event_at(&scene, 1);
    CU_ASSERT_EQUAL(first->kind, NSIM_STORY_PLACED);
    CU_ASSERT_EQUAL(first->page, 10);
    CU_ASSERT_EQUAL(first->count, 5);
    CU_ASSERT_EQUAL(first->to, 0);
    CU_ASSERT_EQUAL(first->from, 0); /* wanted, and got */
    CU_ASSERT_EQUAL(first->accessor, 0);
    CU_ASSERT_FALSE(first->placed.by_policy);
    CU_ASSERT_EQUAL(second->page, 15);
    CU_ASSERT_EQUAL(second->count, 5);
    CU_ASSERT_EQUAL(second->to, 1);
    CU_ASSERT_EQUAL(second->address, nsim_space_address_of(scene.box.spaces[0], 15));
    scene_close(&scene);
}

/* Stays, costs by page, coming back, waiting. */
static void
test_moves(void)
{
    const NsimTime costs_ps[NSIM_PHASES] = {[NSIM_PHASE_COPY] = 8000, [NSIM_PHASE_FLUSH] = 401};
    Scene scene;
    scene_open(&scene, false);
    CU_ASSERT_TRUE(box_touch(&scene.box, 0, 0, 20, 0));
    nsim_story_access(scene.story, 0, 12, 1, false, 3, 300);
    scene.box.mm->now_ps = 50;
    move(&scene, 8, 8, 0, 2, 1); /* 10 to 15 of them are watched */
    nsim_story_waited(scene.story, 0, 12, 70);
    nsim_story_waited(scene.story, 0, 13, 20);
    nsim_story_waited(scene.story, 0, 9, 1000);
    nsim_story_costs(scene.story, 2, costs_ps, 1); /* another batch */
    nsim_story_costs(scene.story, 1, costs_ps, 8);
    nsim_story_access(scene.story, 0, 12, 1, false, 5, 500);
    nsim_story_access(scene.story, 0, 15, 0, true, 7, 7000);
    nsim_story_access(scene.story, 0, 16, 0, true, 11, 0); /* has not moved */
    nsim_story_access(scene.story, 0, 20, 0, true, 1000, 0);
    scene.box.mm->now_ps = 90;
    move(&scene, 14, 2, 2, 0, 3);
    CU_ASSERT_EQUAL(scene.story->events->len, 3);
    const NsimStoryEvent *placed = event_at(&scene, 0), *away = event_at(&scene, 1), *back = event_at(&scene, 2);
    CU_ASSERT_EQUAL(nsim_story_counts(scene.story, placed)[1].reads, 3);
    CU_ASSERT_EQUAL(nsim_story_counts(scene.story, placed)[0].writes, 11);
    CU_ASSERT_EQUAL(placed->end_ps, 50);
    CU_ASSERT_EQUAL(away->count, 6);
    CU_ASSERT_EQUAL(away->from, 0);
    CU_ASSERT_EQUAL(away->to, 2);
    CU_ASSERT_EQUAL(away->time_ps, 50);
    CU_ASSERT_EQUAL(away->move.cost_ps[NSIM_PHASE_COPY], 6000);
    CU_ASSERT_EQUAL(away->move.cost_ps[NSIM_PHASE_FLUSH], 300);
    CU_ASSERT_EQUAL(away->waits, 2);
    CU_ASSERT_EQUAL(away->wait_ps, 90);
    CU_ASSERT_EQUAL(away->wait_max_ps, 70);
    CU_ASSERT_EQUAL(away->move.back, 0);
    CU_ASSERT_EQUAL(nsim_story_counts(scene.story, away)[1].reads, 5);
    CU_ASSERT_EQUAL(nsim_story_counts(scene.story, away)[1].latency_ps, 500);
    CU_ASSERT_EQUAL(nsim_story_counts(scene.story, away)[0].writes, 7);
    CU_ASSERT_EQUAL(back->move.back, 2);
    CU_ASSERT_STRING_EQUAL(nsim_story_name(scene.story, back->who), "mover");
    scene_close(&scene);
}

/* Without pages: moves, and accesses of what has moved. */
static void
test_moves_only(void)
{
    Scene scene;
    scene_open(&scene, true);
    CU_ASSERT_TRUE(box_touch(&scene.box, 0, 0, 600, 0));
    nsim_story_access(scene.story, 0, 500, 0, false, 1, 1);
    CU_ASSERT_EQUAL(scene.story->events->len, 0);
    move(&scene, 500, 2, 0, 2, 1);
    move(&scene, 502, 1, 0, 2, 1); /* the same batch goes on */
    move(&scene, 503, 1, 0, 2, 2);
    nsim_story_access(scene.story, 0, 502, 0, false, 4, 1);
    CU_ASSERT_EQUAL(scene.story->events->len, 2);
    CU_ASSERT_EQUAL(event_at(&scene, 0)->count, 3);
    CU_ASSERT_EQUAL(nsim_story_counts(scene.story, event_at(&scene, 0))[0].reads, 4);
    scene_close(&scene);
}

static void
fail(Scene *scene, uint64_t token, uint64_t batch, NsimPage page, uint64_t count, NsimCause cause)
{
    const NsimStoryMove told = {.batch = batch, .token = token, .who = batch > 0 ? "mover" : NULL};
    const NsimDecision decision = {.space = 0, .page = page, .count = (uint32_t)count, .node = 2};
    nsim_story_failed(scene->story, &told, &decision, page, count, cause);
}

/* All moves: failures alike are one event with the pages, attempts and costs of all; two batches are under way at once.
 */
static void
test_failures(void)
{
    const NsimTime costs_ps[NSIM_PHASES] = {[NSIM_PHASE_ISOLATE] = 8000, [NSIM_PHASE_RELEASE] = 401};
    Scene scene;
    scene_open(&scene, true);
    scene.box.mm->now_ps = 50;
    fail(&scene, 7, 1, 100, 2, NSIM_CAUSE_NO_DESTINATION);
    fail(&scene, 8, 2, 300, 5, NSIM_CAUSE_NO_DESTINATION);
    fail(&scene, 7, 1, 104, 1, NSIM_CAUSE_LOCKED);
    fail(&scene, 8, 2, 309, 1, NSIM_CAUSE_NO_DESTINATION);
    scene.box.mm->now_ps = 90;
    nsim_story_costs(scene.story, 1, costs_ps, 8); /* two of them no destination, one locked */
    fail(&scene, 9, 0, 400, 10, NSIM_CAUSE_CANCELLED);
    nsim_story_costs(scene.story, 2, costs_ps, 6); /* all of them */
    nsim_story_costs(scene.story, 2, costs_ps, 6); /* nothing is left of it */
    CU_ASSERT_EQUAL(scene.story->events->len, 3);
    const NsimStoryEvent *full = event_at(&scene, 0), *locked = event_at(&scene, 1), *off = event_at(&scene, 2);
    CU_ASSERT_EQUAL(full->kind, NSIM_STORY_FAILED);
    CU_ASSERT_EQUAL(full->what, NSIM_CAUSE_NO_DESTINATION);
    CU_ASSERT_EQUAL(full->page, 100);
    CU_ASSERT_EQUAL(full->count, 8);
    CU_ASSERT_EQUAL(full->repeats, 2); /* requests */
    CU_ASSERT_EQUAL(full->to, 2);
    CU_ASSERT_EQUAL(full->move.cost_ps[NSIM_PHASE_ISOLATE], 2000 + 8000);
    CU_ASSERT_EQUAL(full->move.cost_ps[NSIM_PHASE_RELEASE], 100 + 401);
    CU_ASSERT_EQUAL(locked->count, 1);
    CU_ASSERT_EQUAL(locked->move.cost_ps[NSIM_PHASE_ISOLATE], 1000);
    CU_ASSERT_EQUAL(off->time_ps, 90);
    CU_ASSERT_EQUAL(off->move.cost_ps[NSIM_PHASE_ISOLATE], 0);
    scene_close(&scene);
}

/* What DAMON says again is one event until something else is said, or the page has moved. */
static void
test_same_again(void)
{
    Scene scene;
    NsimStoryEvent seen = {.kind = NSIM_STORY_SEEN, .damon = {.nr = 5, .nr_max = 20}};
    scene_open(&scene, false);
    CU_ASSERT_TRUE(box_touch(&scene.box, 0, 0, 20, 0));
    for (uint32_t age = 0; age < 4; age++) {
        seen.damon.age = age;
        scene.box.mm->now_ps = 100 + age;
        nsim_story_damon(scene.story, "kdamond.0", &seen);
        nsim_story_damon(scene.story, "kdamond.1", &seen);
    }
    CU_ASSERT_EQUAL(scene.story->events->len, 3);
    CU_ASSERT_EQUAL(event_at(&scene, 1)->repeats, 4);
    CU_ASSERT_EQUAL(event_at(&scene, 1)->time_ps, 100);
    CU_ASSERT_EQUAL(event_at(&scene, 1)->last_ps, 103);
    CU_ASSERT_EQUAL(event_at(&scene, 1)->damon.age, 0);
    CU_ASSERT_EQUAL(event_at(&scene, 1)->damon.last_age, 3);
    seen.damon.nr = 6;
    nsim_story_damon(scene.story, "kdamond.0", &seen);
    CU_ASSERT_EQUAL(scene.story->events->len, 4);
    move(&scene, 10, 1, 0, 2, 1);
    nsim_story_damon(scene.story, "kdamond.0", &seen);
    CU_ASSERT_EQUAL(scene.story->events->len, 6);
    CU_ASSERT_EQUAL(event_at(&scene, 5)->repeats, 1);
    scene_close(&scene);
}

/* A hint fault knows how long its page was armed. */
static void
test_hints(void)
{
    Scene scene;
    scene_open(&scene, false);
    CU_ASSERT_TRUE(box_touch(&scene.box, 0, 0, 20, 0));
    scene.box.mm->now_ps = 1000;
    nsim_story_armed(scene.story, 0, 0, 512);
    scene.box.mm->now_ps = 4000;
    const NsimFault faults[] = {{.time_ps = 4000, .page = 9, .count = 1, .kind = NSIM_FAULT_HINT},
                                {.time_ps = 4000, .page = 10, .count = 1, .kind = NSIM_FAULT_HINT, .accessor = 1}};
    nsim_story_faults(scene.story, faults, 2);
    nsim_story_faults(scene.story, NULL, 0);
    CU_ASSERT_EQUAL(scene.story->events->len, 3);
    CU_ASSERT_EQUAL(event_at(&scene, 1)->kind, NSIM_STORY_ARMED);
    CU_ASSERT_EQUAL(event_at(&scene, 1)->count, 10);
    CU_ASSERT_EQUAL(event_at(&scene, 2)->kind, NSIM_STORY_HINT);
    CU_ASSERT_EQUAL(event_at(&scene, 2)->armed.since_ps, 3000);
    CU_ASSERT_EQUAL(event_at(&scene, 2)->accessor, 1);
    scene_close(&scene);
}

/* Nobody watches: nothing to hold. */
static void
test_none(void)
{
    nsim_story_faults(NULL, NULL, 0);
    nsim_story_armed(NULL, 0, 0, 1);
    nsim_story_listed(NULL, 0, 0, 1, NSIM_LISTED_KEPT);
    nsim_story_settles(NULL, NULL);
    nsim_story_waited(NULL, 0, 0, 1);
    nsim_story_free(NULL);
}

bool
test_story_register(void)
{
    CU_pSuite suite = CU_add_suite("story", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "places", test_places) != NULL &&
           CU_add_test(suite, "moves", test_moves) != NULL &&
           CU_add_test(suite, "moves only", test_moves_only) != NULL &&
           CU_add_test(suite, "moves that fail", test_failures) != NULL &&
           CU_add_test(suite, "the same again", test_same_again) != NULL &&
           CU_add_test(suite, "hint faults", test_hints) != NULL && CU_add_test(suite, "none", test_none) != NULL;
}
