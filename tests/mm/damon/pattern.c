/* SPDX-License-Identifier: MIT */
/* Statistical accesses: which pages are young, and the figures of a run. */
#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE ((uint64_t)4096)
#define MIB ((uint64_t)1 << 20)
#define AREA_PAGES 65536u
#define HOT_PAGES 6553u
#define HOT_FIRST (4 * HOT_PAGES)
#define HUGE_PAGES 512u
#define MOVE_PS (10 * NSIM_S)
/* The program's accesses began so long before DAMON. */
#define LEAD_PS (1200 * NSIM_MS)

/* Where the three areas of the recorded program were. Libraries lie behind the workload's pages. */
#define HEAP_START ((uint64_t)0x555550000000)
#define AREA_START ((uint64_t)0x7f0000000000)
#define AREA_TAIL_PAGES 1300u
#define STACK_START ((uint64_t)0x7ffd00000000)
#define STACK_PAGES 33u

typedef struct {
    const Pattern *pattern;
    NsimRandom random;
    uint64_t heap_bytes;
    uint32_t busy_stack_pages; /* at the end of the stack: touched all the time */
    NsimTime prepared_ps, walk_ps;
    PatternObserver observer;
    void *observer_data;
    /* results */
    NsimTime last_ps; /* of the aggregation before */
    GArray *rows;
} World;

typedef struct {
    NsimTime time_ps;
    uint32_t regions, max;
    double hot, cold, expected, recall, precision;
} Row;

/* ---- Accesses ----------------------------------------------------------------------------------------------- */

static bool
has_hot(const Pattern *pattern)
{
    return pattern->kind == PATTERN_HOT || pattern->kind == PATTERN_MOVES;
}

static uint64_t
hot_first(const Pattern *pattern, NsimTime now_ps)
{
    static const uint64_t windows[PATTERN_MOVES_MAX] = {4, 1, 7, 3, 9, 0};
    if (pattern->kind != PATTERN_MOVES)
        return HOT_FIRST;
    return HOT_PAGES * windows[MIN(now_ps / MOVE_PS, PATTERN_MOVES_MAX - 1)];
}

static double
seconds(NsimTime ps)
{
    return (double)ps / (double)NSIM_S;
}

/* Accesses a second of pages [first, first + count). */
static double
rate_of(const Pattern *pattern, uint64_t first, uint64_t count, NsimTime now_ps)
{
    const uint64_t start = hot_first(pattern, now_ps), end = start + HOT_PAGES;
    const uint64_t from = MAX(first, start), to = MIN(first + count, end);
    const uint64_t hot = to > from ? to - from : 0;
    const double rate = (double)pattern->accesses_per_s;
    return 0.9 * rate * (double)hot / HOT_PAGES + 0.1 * rate * (double)(count - hot) / (AREA_PAGES - HOT_PAGES);
}

/* Does a sweep come by a page in (from, to]? Times in steps of a page. */
static bool
sweep_passes(const Pattern *pattern, uint64_t page, NsimTime from_ps, NsimTime to_ps)
{
    const NsimTime step_ps = NSIM_S * pattern->accesses_per_page / pattern->accesses_per_s;
    const uint64_t from = from_ps / step_ps, to = to_ps / step_ps;
    const uint64_t next = from + 1 + (page + AREA_PAGES - (from + 1) % AREA_PAGES) % AREA_PAGES;
    return next <= to;
}

static bool
area_page_is_young(World *world, uint64_t page, NsimTime from_ps, NsimTime to_ps)
{
    const Pattern *pattern = world->pattern;
    const uint64_t first = pattern->huge ? page / HUGE_PAGES * HUGE_PAGES : page;
    if (page >= AREA_PAGES || pattern->kind == PATTERN_IDLE)
        return false;
    if (pattern->kind == PATTERN_SWEEP)
        return sweep_passes(pattern, page, from_ps, to_ps);
    const double rate = rate_of(pattern, first, pattern->huge ? HUGE_PAGES : 1, to_ps);
    return nsim_random_unit(&world->random) < 1 - nsim_exp(-rate * seconds(to_ps - from_ps));
}

static bool
is_young(World *world, uint64_t address, NsimTime from_ps, NsimTime to_ps)
{
    if (address >= STACK_START)
        return (address - STACK_START) / PAGE >= STACK_PAGES - world->busy_stack_pages;
    if (address >= AREA_START)
        return area_page_is_young(world, (address - AREA_START) / PAGE, from_ps, to_ps);
    return false;
}

/* ---- Operations --------------------------------------------------------------------------------------------- */

static NsimTime
pattern_init(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    const World *world = state;
    NsimDamonTarget *target = &context->targets[0];
    const NsimDamonRange three[] = {{HEAP_START, HEAP_START + world->heap_bytes},
                                    {AREA_START, AREA_START + (AREA_PAGES + AREA_TAIL_PAGES) * PAGE},
                                    {STACK_START, STACK_START + STACK_PAGES * PAGE}};
    const NsimDamonRange one = {AREA_START, AREA_START + AREA_PAGES * PAGE};
    (void)now_ps;
    if (world->pattern->fixed) {
        nsim_damon_target_set_ranges(target, &one, 1, PAGE);
        return 0;
    }
    nsim_damon_target_set_ranges(target, three, G_N_ELEMENTS(three), PAGE);
    nsim_damon_target_split_evenly(target, nsim_damon_target_bytes(target) / context->attrs.min_nr_regions, PAGE);
    return 0;
}

static NsimTime
pattern_prepare(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    World *world = state;
    NsimDamonTarget *target = &context->targets[0];
    world->prepared_ps = now_ps;
    for (uint32_t i = 0; i < target->count; i++)
        nsim_damon_choose(context, &target->regions[i]);
    return target->count * world->walk_ps;
}

static NsimTime
pattern_check(void *state, NsimDamonContext *context, NsimTime now_ps, uint32_t *ret_max)
{
    World *world = state;
    NsimDamonTarget *target = &context->targets[0];
    *ret_max = 0;
    for (uint32_t i = 0; i < target->count; i++) {
        NsimDamonRegion *region = &target->regions[i];
        const NsimTime offset_ps = LEAD_PS + i * world->walk_ps;
        const bool young =
            is_young(world, region->sampling_address, world->prepared_ps + offset_ps, now_ps + offset_ps);
        nsim_damon_count(context, region, young);
        *ret_max = MAX(*ret_max, region->nr_accesses);
    }
    return target->count * world->walk_ps;
}

static const NsimDamonOps pattern_ops = {
    .name = "pattern", .init = pattern_init, .prepare = pattern_prepare, .check = pattern_check};

/* ---- Figures ------------------------------------------------------------------------------------------------ */

static uint64_t
overlap(const NsimDamonRegion *region, uint64_t start, uint64_t end)
{
    const uint64_t from = MAX(region->start, start), to = MIN(region->end, end);
    return to > from ? to - from : 0;
}

static void
record(void *data, NsimDamonContext *context, NsimTime now_ps)
{
    World *world = data;
    const Pattern *pattern = world->pattern;
    const NsimDamonTarget *target = &context->targets[0];
    const uint64_t hot_start = AREA_START + PAGE * hot_first(pattern, now_ps + LEAD_PS);
    const uint64_t hot_end = hot_start + (has_hot(pattern) ? HOT_PAGES * PAGE : 0);
    /* A page is looked at one walk over all regions after it was cleared: half of what the loop adds to a sample. */
    const NsimTime sampled_ps = (now_ps - world->last_ps) / context->aggr_samples;
    const NsimTime window_ps = (context->attrs.sample_ps + sampled_ps) / 2;
    Row row = {.time_ps = now_ps, .regions = target->count};
    world->last_ps = now_ps;
    double hot_sum = 0, cold_sum = 0, hot_bytes = 0, cold_bytes = 0, found_hot = 0, found = 0;

    row.expected = !has_hot(pattern)
                       ? 0
                       : context->aggr_samples *
                             (1 - nsim_exp(-0.9 * (double)pattern->accesses_per_s / HOT_PAGES * seconds(window_ps)));
    for (uint32_t i = 0; i < target->count; i++) {
        const NsimDamonRegion *region = &target->regions[i];
        const double hot = (double)overlap(region, hot_start, hot_end);
        const double cold = (double)overlap(region, AREA_START, AREA_START + AREA_PAGES * PAGE) - hot;
        row.max = MAX(row.max, region->nr_accesses);
        hot_sum += hot * region->nr_accesses;
        cold_sum += cold * region->nr_accesses;
        hot_bytes += hot;
        cold_bytes += cold;
        if (region->nr_accesses >= row.expected / 2) {
            found_hot += hot;
            found += hot + cold;
        }
    }
    row.hot = hot_bytes > 0 ? hot_sum / hot_bytes : 0;
    row.cold = cold_sum / cold_bytes;
    row.recall = hot_bytes > 0 ? found_hot / hot_bytes : 0;
    row.precision = found > 0 ? found_hot / found : 0;
    g_array_append_val(world->rows, row);
}

/* Seconds from `since_ps` until hot bytes read 80 % of what is expected; negative: not before `until_ps`. */
static double
delay(const World *world, NsimTime since_ps, NsimTime until_ps)
{
    for (guint i = 0; i < world->rows->len; i++) {
        const Row *row = &g_array_index(world->rows, Row, i);
        if (row->time_ps >= since_ps && row->time_ps < until_ps && row->hot >= 0.8 * row->expected)
            return seconds(row->time_ps - since_ps);
    }
    return -1;
}

static Figures
summarise(const World *world, uint32_t samples)
{
    Figures figures = {0};
    const guint from = world->rows->len / 3, count = world->rows->len - from;
    for (guint i = from; i < world->rows->len; i++) {
        const Row *row = &g_array_index(world->rows, Row, i);
        figures.regions += row->regions;
        figures.hot += row->hot;
        figures.cold += row->cold;
        figures.expected_hot += row->expected;
        figures.recall += row->recall;
        figures.precision += row->precision;
        figures.full += row->max >= samples;
    }
    double *sums[] = {&figures.regions, &figures.hot,       &figures.cold, &figures.expected_hot,
                      &figures.recall,  &figures.precision, &figures.full};
    for (size_t i = 0; i < G_N_ELEMENTS(sums); i++)
        *sums[i] /= count;
    const NsimTime begin_ps = g_array_index(world->rows, Row, 0).time_ps;
    const NsimTime end_ps = g_array_index(world->rows, Row, world->rows->len - 1).time_ps;
    figures.interval_ms = 1e3 * seconds(end_ps - begin_ps) / (world->rows->len - 1);
    figures.delay_s = delay(world, begin_ps, MOVE_PS - LEAD_PS);
    for (NsimTime at = MOVE_PS; world->pattern->kind == PATTERN_MOVES && at < PATTERN_MOVES_MAX * MOVE_PS;
         at += MOVE_PS)
        figures.move_delay_s[figures.move_count++] = delay(world, at - LEAD_PS, at + MOVE_PS - LEAD_PS);
    return figures;
}

static void
tell(void *data, NsimDamonContext *context, NsimTime now_ps)
{
    World *world = data;
    world->observer(world->observer_data, &context->targets[0], AREA_START, now_ps + LEAD_PS);
}

static void
run(World *world, const NsimDamonRules *rules, uint64_t seed)
{
    const Pattern *pattern = world->pattern;
    g_autoptr(GError) error = NULL;
    nsim_random_init(&world->random, seed, pattern->name);
    /* Address randomisation: recorded heaps were 55 to 1024 MiB; in a quarter of the runs two pages of the stack were
     * busy. */
    world->heap_bytes = (55 + nsim_random_below(&world->random, 970)) * MIB;
    world->busy_stack_pages = nsim_random_below(&world->random, 4) == 0 ? 2 : 1;
    world->walk_ps = pattern->walk_ps > 0 ? pattern->walk_ps : PATTERN_WALK_PS;
    NsimDamonSetup setup = {.attrs = nsim_damon_attrs_default(),
                            .rules = *rules,
                            .min_region_bytes = PAGE,
                            .ops = &pattern_ops,
                            .ops_state = world,
                            .hooks = {.aggregated = world->observer != NULL ? tell : record, .data = world},
                            .seed = seed,
                            .stream = "damon"};
    setup.attrs.sample_ps = pattern->sample_ps;
    setup.attrs.aggr_ps = pattern->aggr_ps;
    setup.attrs.max_nr_regions = pattern->max_nr_regions;
    g_autoptr(NsimDamonContext) context = nsim_damon_context_new(&setup, &error);
    if (context == NULL) {
        fprintf(stderr, "a context of the tests is refused: %s\n", error->message);
        abort();
    }
    nsim_damon_add_target(context, NULL);
    for (NsimTime now_ps = nsim_damon_start(context, 0); now_ps < pattern->run_ps;)
        now_ps = nsim_damon_check(context, nsim_damon_prepare(context, now_ps));
}

void
pattern_watch(const Pattern *pattern, const NsimDamonRules *rules, uint64_t seed, PatternObserver observer, void *data)
{
    World world = {.pattern = pattern, .observer = observer, .observer_data = data};
    run(&world, rules, seed);
}

Figures
pattern_run(const Pattern *pattern, const NsimDamonRules *rules, uint64_t seed)
{
    World world = {.pattern = pattern, .rows = g_array_new(FALSE, FALSE, sizeof(Row))};
    run(&world, rules, seed);
    const Figures figures = summarise(&world, (uint32_t)(pattern->aggr_ps / pattern->sample_ps));
    g_array_unref(world.rows);
    return figures;
}
