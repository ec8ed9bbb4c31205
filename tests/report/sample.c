/* SPDX-License-Identifier: MIT */
/* Results made by hand. The figures are invented, but they add up: shares, speed-ups and bytes fit each other. */
#include "sample.h"

static const char *const policy_names[] = {"first-touch", "local",  "interleave", "weighted-interleave",
                                           "preferred",   "oracle", "bind",       "nop"};
static const char *const node_ids[] = {"DRAM1", "CXL1", "DRAM2", "CXL2"};
static const char *const link_ids[] = {"upi", "cxl1", "cxl2"};

void
sample_set(char **string, const char *value)
{
    g_free(*string);
    *string = g_strdup(value);
}

static NsimLatencySummary
latency(uint64_t mean_ps)
{
    return (NsimLatencySummary){.mean_ps = mean_ps,
                                .p50_ps = mean_ps - mean_ps / 8,
                                .p90_ps = mean_ps + mean_ps / 2,
                                .p99_ps = mean_ps * 3 + 125,
                                .max_ps = mean_ps * 20 + 1};
}

static void
fill_places(NsimResult *result, NsimRunResult *run, uint32_t index)
{
    run->accessors = g_new0(NsimAccessorResult, result->accessor_count);
    run->nodes = g_new0(NsimNodeResult, result->node_count);
    run->links = g_new0(NsimLinkResult, result->link_count);
    for (uint32_t i = 0; i < result->node_count; i++) {
        NsimNodeResult *node = &run->nodes[i];
        node->id = result->node_count <= 4 ? g_strdup(node_ids[i]) : g_strdup_printf("node%u", i);
        node->capacity_bytes = (uint64_t)(i % 2 ? 2048 : 470) << 20;
        node->used_bytes = node->used_peak_bytes = (uint64_t)(100 + 50 * i + 10 * index) << 20;
        node->read_bytes = (uint64_t)(i + 1) * 1000000 * 64 * 3 / 4;
        node->write_bytes = (uint64_t)(i + 1) * 1000000 * 64 / 4;
        node->utilisation_ppm = (210000 + 150000 * i + 20000 * index) % 1000001;
        node->queue_ps = (uint64_t)(i + 1) * 123456789012u;
    }
    for (uint32_t i = 0; i < result->link_count; i++) {
        NsimLinkResult *link = &run->links[i];
        link->id = result->link_count <= 3 ? g_strdup(link_ids[i]) : g_strdup_printf("link%u", i);
        link->forward_bytes = (uint64_t)(i + 1) * 16000000;
        link->reverse_bytes = (uint64_t)(i + 1) * 48000000;
        link->utilisation_ppm = i == 2 ? 5000 : 480000 / (i + 1) + 10000 * index;
        link->queue_ps = (uint64_t)(i + 1) * 1001;
    }
    for (uint32_t i = 0; i < result->accessor_count; i++) {
        NsimAccessorResult *accessor = &run->accessors[i];
        accessor->id = g_strdup_printf("CPU%u", i + 1);
        accessor->runtime_ps = run->runtime_ps - i * 1500;
        accessor->stall_ps = run->runtime_ps / 2;
        accessor->kernel_ps = run->runtime_ps / 1000;
        accessor->node_access_count = g_new0(uint64_t, result->node_count);
        for (uint32_t node = 0; node < result->node_count; node++) {
            /* Later policies use the nodes more evenly. */
            const uint64_t even = 1000000 / result->node_count, shift = 2000 * (8 - (uint64_t)index);
            accessor->node_access_count[node] = node % 2 ? even + shift : even > shift ? even - shift : 0;
            accessor->access_count += accessor->node_access_count[node];
        }
        run->access_count += accessor->access_count;
    }
}

static void
fill_counters(NsimRunResult *run, uint32_t index)
{
    run->operation_count = 2;
    run->operations = g_new0(NsimOperationResult, 2);
    run->operations[0] =
        (NsimOperationResult){.name = g_strdup("prompt"), .count = 1, .time = latency(950000000000u / (index + 1))};
    run->operations[1] =
        (NsimOperationResult){.name = g_strdup("token"), .count = 16, .time = latency(180000000000u / (index + 1))};
    run->vmstat_count = 2;
    run->vmstat = g_new0(NsimCounterResult, 2);
    run->vmstat[0] = (NsimCounterResult){g_strdup("pgfault"), g_strdup(""), 280000};
    run->vmstat[1] = (NsimCounterResult){g_strdup("numa_miss"), g_strdup(""), 1000u * index};
    if (index == 3) {
        run->policy_stat_count = 2;
        run->policy_stats = g_new0(NsimCounterResult, 2);
        run->policy_stats[0] = (NsimCounterResult){g_strdup("fallback_pages"), g_strdup("pages"), 12345};
        run->policy_stats[1] = (NsimCounterResult){g_strdup("unused"), g_strdup("count"), 0};
        run->option_count = 1;
        run->options = g_new0(NsimOptionResult, 1);
        run->options[0] = (NsimOptionResult){g_strdup("weights"), g_strdup("auto")};
    }
}

static void
fill_run(NsimResult *result, uint32_t index)
{
    NsimRunResult *run = &result->runs[index];
    /* Speed-ups of 1, 1.1, 1.2 ... */
    run->speedup_ppm = 1000000 + index * 100000;
    run->runtime_ps = 3221400000000u / (10 + index) * 10;
    run->policy = g_strdup(policy_names[index]);
    run->label = g_strdup(policy_names[index]);
    run->complete = true;
    run->future = g_str_equal(run->policy, "oracle");
    run->burst_count = 150000;
    run->latency = latency(241300 - index * 15000);
    run->blocked = latency(1000000);
    run->bound = (NsimBoundKind)((index + 2) % 5);
    run->bound_by = g_strdup(run->bound == NSIM_BOUND_RESOURCE ? "CXL1" : "");
    run->bound_ppm = 970000 - index * 50000;
    run->barrier_ps = 1000000000u * index;
    fill_places(result, run, index);
    fill_counters(run, index);
}

NsimResult *
sample_new_sized(uint32_t run_count, uint32_t accessor_count, uint32_t node_count, uint32_t link_count)
{
    NsimResult *result = nsim_result_new();
    result->config = g_strdup("topo.yaml");
    result->machine = g_strdup("seed-2x4");
    result->seed = 1;
    result->input_count = 1;
    result->inputs = g_new0(NsimInputResult, 1);
    result->inputs[0].name = g_strdup("llama.trace");
    result->inputs[0].sha256 = g_strdup("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    result->accessor_count = accessor_count;
    result->node_count = node_count;
    result->link_count = link_count;
    result->run_count = run_count;
    result->runs = g_new0(NsimRunResult, run_count);
    for (uint32_t i = 0; i < run_count; i++)
        fill_run(result, i);
    return result;
}

NsimResult *
sample_new(uint32_t run_count)
{
    return sample_new_sized(run_count, 2, 4, 3);
}

void
sample_add_timeline(NsimResult *result, uint32_t rows)
{
    result->timeline_interval_ps = 100 * NSIM_MS;
    for (uint32_t r = 0; r < result->run_count; r++) {
        NsimRunResult *run = &result->runs[r];
        run->timeline = g_new0(NsimTimelineRow, rows);
        run->timeline_count = rows;
        for (uint32_t i = 0; i < rows; i++) {
            NsimTimelineRow *row = &run->timeline[i];
            row->time_ps = (i + 1) * result->timeline_interval_ps;
            row->access_count = 1000 + i;
            row->latency_mean_ps = 100500 + i;
            row->node_read_bytes = g_new0(uint64_t, result->node_count);
            row->node_write_bytes = g_new0(uint64_t, result->node_count);
            row->link_forward_bytes = g_new0(uint64_t, result->link_count);
            row->link_reverse_bytes = g_new0(uint64_t, result->link_count);
            for (uint32_t node = 0; node < result->node_count; node++) {
                row->node_read_bytes[node] = (uint64_t)(i + 1) * (node + 1) * 640;
                row->node_write_bytes[node] = (uint64_t)(i + 1) * 64;
            }
            for (uint32_t link = 0; link < result->link_count; link++) {
                row->link_forward_bytes[link] = (uint64_t)i * 16;
                row->link_reverse_bytes[link] = (uint64_t)i * 80;
            }
        }
    }
}

static void
charge(NsimMigrationResult *migration, const char *payer, NsimTime charged_ps)
{
    migration->charged = g_renew(NsimChargeResult, migration->charged, migration->charged_count + 1);
    migration->charged[migration->charged_count] = (NsimChargeResult){g_strdup(payer), charged_ps};
    migration->charged_count++;
}

/* The whole cost, 20 ms x (index + 1), is that of the steps. */
static void
fill_charges(NsimMigrationResult *migration, uint32_t index)
{
    const NsimTime part = NSIM_MS * (index + 1);
    charge(migration, "CPU1", 3 * part);
    charge(migration, "CPU2", part);
    charge(migration, "worker", 4 * part);
    charge(migration, "kdamond.0", 9 * part);
    charge(migration, "kswapd.DRAM1", part / 2);
    charge(migration, "kswapd.CXL1", part - part / 2);
    charge(migration, index % 2 ? "group:batch" : "group:serving", 2 * part);
}

void
sample_add_migrations(NsimResult *result, uint32_t index)
{
    NsimRunResult *run = &result->runs[index];
    NsimMigrationResult *migration = &run->migration;
    const NsimTime part = NSIM_MS * (index + 1);
    *migration = (NsimMigrationResult){
        .pages = 50000 * (uint64_t)(index + 1),
        .bytes = 50000 * 4096 * (uint64_t)(index + 1),
        .promoted_pages = 30000 * (uint64_t)(index + 1),
        .demoted_pages = 19000 * (uint64_t)(index + 1),
        .failed_pages = 1287,
        .failed_by_cause = {[NSIM_CAUSE_LOCKED] = 250,
                            [NSIM_CAUSE_PINNED] = 1000,
                            [NSIM_CAUSE_WRITEBACK] = 1,
                            [NSIM_CAUSE_NO_DESTINATION] = 10,
                            [NSIM_CAUSE_DIRTIED] = 20,
                            [NSIM_CAUSE_CANCELLED] = 3,
                            [NSIM_CAUSE_THROTTLED] = 2,
                            [NSIM_CAUSE_UNREACHABLE] = 1},
        .ping_pong_pages = 777,
        .retried_pages = 2048,
        .shadow_pages = 512,
        .exchanged_pages = 64,
        .copied_bytes = {[NSIM_COPIER_CPU] = 100000000, [NSIM_COPIER_MTCPU] = 4096, [NSIM_COPIER_DMA] = 98304000},
        .cost_ps = {[NSIM_PHASE_ISOLATE] = part,
                    [NSIM_PHASE_UNMAP] = 2 * part,
                    [NSIM_PHASE_FLUSH] = 3 * part,
                    [NSIM_PHASE_COPY] = 9 * part + 125,
                    [NSIM_PHASE_REMAP] = 2 * part - 125,
                    [NSIM_PHASE_RELEASE] = part,
                    [NSIM_PHASE_WAIT] = 2 * part}};
    fill_charges(migration, index);
    run->group_count = 1;
    run->groups = g_new0(NsimGroupResult, 1);
    run->groups[0] = (NsimGroupResult){.id = g_strdup("serving"),
                                       .migrated_bytes = migration->bytes / 2,
                                       .cpu_ps = 2 * part,
                                       .throttled_pages = 4096,
                                       .throttled_ps = 12345678901};
    run->blocked_count = 4321 * (uint64_t)(index + 1);
    for (uint32_t i = 0; i < result->accessor_count; i++)
        run->accessors[i].blocked_ps = run->blocked_count * run->blocked.mean_ps / result->accessor_count;
    for (uint32_t i = 0; i < run->timeline_count; i++)
        run->timeline[i].migrated_bytes = migration->bytes / run->timeline_count;
}

static NsimDamonSchemeResult
sample_scheme(bool hot, bool wide)
{
    NsimDamonSchemeResult scheme = {.action = g_strdup(hot ? "migrate_hot" : "migrate_cold"),
                                    .destination = g_strdup(hot ? "DRAM1:3 DRAM2:1 CXL <b>:7" : "CXL1"),
                                    .nr_tried = 12,
                                    .sz_tried = wide ? 123456789012345 : 49152,
                                    .nr_applied = 11,
                                    .sz_applied = wide ? 999999999999 : 45056,
                                    .sz_ops_filter_passed = 47104,
                                    .qt_exceeds = 2,
                                    .nr_snapshots = 40,
                                    .has_quota = !wide,
                                    .effective_bytes = 209715200,
                                    .goals = g_new0(NsimDamonGoalResult, 2),
                                    .goal_count = hot ? 2 : 1};
    scheme.goals[0] =
        (NsimDamonGoalResult){g_strdup("node_mem_free_bp DRAM1"), 50, wide ? UINT64_MAX : 49, wide ? UINT64_MAX : 9800};
    if (hot)
        scheme.goals[1] = (NsimDamonGoalResult){g_strdup("user_input"), 1000, 3, 30};
    return scheme;
}

void
sample_add_damon(NsimResult *result, uint32_t index, uint32_t kdamonds)
{
    NsimDamonResult *damon = g_new0(NsimDamonResult, 1);
    damon->args =
        g_strdup("damo start \\\n    --numa_node 0 --regions \"1-2 3-4\" --damos_action migrate_cold 1 "
                 "--damos_filter reject <young> \\\n    --damos_nr_filters 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 "
                 "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1");
    damon->kdamond_count = kdamonds;
    damon->kdamonds = g_new0(NsimKdamondResult, kdamonds);
    for (uint32_t k = 0; k < kdamonds; k++) {
        const bool wide = k + 1 == kdamonds;
        const uint64_t factor = wide ? 999 : 1;
        damon->kdamonds[k] = (NsimKdamondResult){.number = wide ? 255 : k,
                                                 .ops = g_strdup("paddr"),
                                                 .primitive = g_strdup(wide ? "hw_sample" : "page_table"),
                                                 .watches = g_strdup(wide ? "4294967296-8589934592 <i>" : "DRAM1"),
                                                 .sample_ps = 5 * NSIM_MS * factor,
                                                 .sample_min_ps = 5 * NSIM_MS,
                                                 .sample_max_ps = 10 * NSIM_S,
                                                 .aggr_ps = 100 * NSIM_MS * factor,
                                                 .aggr_min_ps = 100 * NSIM_MS,
                                                 .aggr_max_ps = 200 * NSIM_S,
                                                 .regions = 1000 * factor,
                                                 .regions_mean = 777 * factor,
                                                 .samples = 4000,
                                                 .aggregations = 200,
                                                 .cpu_ps = 123456789012,
                                                 .cpu_ppm = wide ? 1000000 : 12345,
                                                 .migrating_ps = wide ? 98765 * NSIM_MS : 0,
                                                 .schemes = g_new0(NsimDamonSchemeResult, 2),
                                                 .scheme_count = 2};
        damon->kdamonds[k].schemes[0] = sample_scheme(false, wide);
        damon->kdamonds[k].schemes[1] = sample_scheme(true, wide);
    }
    result->runs[index].damon = damon;
}
