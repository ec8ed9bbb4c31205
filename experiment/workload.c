/* SPDX-License-Identifier: MIT */
/* Reading workloads: traces, and which of their threads run where. */
#include <experiment/migration.h>

#include <string.h>

static const char *const workload_keys[] = { "name", "trace", "threads", "initial", "unit", "start", "sleep", "group", NULL };
static const char *const initial_keys[] = { "by", NULL };

static bool
find_accessor(const NsimMachine *machine, const NsimValue *value, NsimAccessorId *ret, GError **error)
{
    const char *id = nsim_value_text(value);
    *ret = id == NULL ? NSIM_ACCESSOR_NONE : nsim_machine_find_accessor(machine, id);
    if (*ret != NSIM_ACCESSOR_NONE)
        return true;
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    for (uint32_t a = 0; a < machine->accessor_count; a++)
        g_ptr_array_add(ids, (gpointer)(uintptr_t)machine->accessors[a].id);
    g_ptr_array_add(ids, NULL);
    g_autofree char *all = g_strjoinv(", ", (char **)ids->pdata);
    return nsim_value_error(value, error, "no accessor '%s'; the machine has %s", id == NULL ? "" : id, all);
}

/* "3" or "0-3". */
static bool
parse_range(const char *text, uint32_t count, uint32_t *ret_first, uint32_t *ret_last)
{
    char *end = NULL;
    const guint64 first = g_ascii_strtoull(text, &end, 10);
    guint64 last = first;
    if (!g_ascii_isdigit(*text))
        return false;
    if (*end == '-') {
        const char *second = end + 1;
        if (!g_ascii_isdigit(*second))
            return false;
        last = g_ascii_strtoull(second, &end, 10);
    }
    if (*end != '\0' || last < first || last >= count)
        return false;
    *ret_first = (uint32_t)first;
    *ret_last = (uint32_t)last;
    return true;
}

/* Without `threads:` the threads go in equal blocks to the machine's CPUs, or to all accessors where it has none. */
static void
spread_threads(const NsimMachine *machine, NsimWorkload *workload, uint32_t thread_count)
{
    g_autofree NsimAccessorId *targets = g_new(NsimAccessorId, machine->accessor_count);
    uint32_t count = 0;
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        if (machine->accessors[a].kind == NSIM_ACCESSOR_CPU)
            targets[count++] = (NsimAccessorId)a;
    }
    for (uint32_t a = 0; count == 0 && a < machine->accessor_count; a++)
        targets[a] = (NsimAccessorId)a;
    count = count == 0 ? machine->accessor_count : count;
    for (uint32_t t = 0; t < thread_count; t++)
        workload->accessors[t] = targets[(uint64_t)t * count / thread_count];
}

static bool
read_threads(const NsimMachine *machine, NsimWorkload *workload, const NsimValue *value, GError **error)
{
    const uint32_t thread_count = nsim_trace_info(workload->trace)->thread_count;
    NsimAccessorId accessor;

    if (value == NULL) {
        spread_threads(machine, workload, thread_count);
        return true;
    }
    if (nsim_value_kind(value) == NSIM_VALUE_SCALAR) {
        if (!find_accessor(machine, value, &accessor, error))
            return false;
        for (uint32_t t = 0; t < thread_count; t++)
            workload->accessors[t] = accessor;
        return true;
    }
    if (nsim_value_kind(value) != NSIM_VALUE_MAP)
        return nsim_value_error(value, error, "'threads' must be an accessor or a map like {0-3: CPU1, 4-7: CPU2}");
    for (uint32_t i = 0; i < nsim_value_count(value); i++) {
        const NsimValue *item = nsim_value_item(value, i);
        uint32_t first, last;
        if (!parse_range(nsim_value_key(value, i), thread_count, &first, &last))
            return nsim_value_error(item, error,
                                    "'%s' is not a thread or a range of threads of trace '%s', which has 0 to %u",
                                    nsim_value_key(value, i), workload->trace_name, thread_count - 1);
        if (!find_accessor(machine, item, &accessor, error))
            return false;
        for (uint32_t t = first; t <= last; t++) {
            if (workload->accessors[t] != NSIM_ACCESSOR_NONE)
                return nsim_value_error(item, error, "thread %u is given to two accessors", t);
            workload->accessors[t] = accessor;
        }
    }
    for (uint32_t t = 0; t < thread_count; t++) {
        if (workload->accessors[t] == NSIM_ACCESSOR_NONE)
            return nsim_value_error(value, error, "thread %u of trace '%s' has no accessor", t, workload->trace_name);
    }
    return true;
}

/*
 * A trace in the place of the one that the config was written for may have other threads than its map names. They go in
 * equal blocks to the accessors of the map, in its order. False: the map fits, or has faults of its own to complain of.
 */
static bool
deal_threads(NsimExperiment *plan, NsimWorkload *workload, const NsimValue *map)
{
    const uint32_t thread_count = nsim_trace_info(workload->trace)->thread_count;
    g_autofree NsimAccessorId *targets = g_new(NsimAccessorId, plan->machine->accessor_count);
    uint32_t target_count = 0, named = 0;
    if (map == NULL || nsim_value_kind(map) != NSIM_VALUE_MAP)
        return false;
    for (uint32_t i = 0; i < nsim_value_count(map); i++) {
        const char *id = nsim_value_text(nsim_value_item(map, i));
        const NsimAccessorId accessor = id == NULL ? NSIM_ACCESSOR_NONE : nsim_machine_find_accessor(plan->machine, id);
        uint32_t first, last, known = 0;
        if (accessor == NSIM_ACCESSOR_NONE ||
            !parse_range(nsim_value_key(map, i), NSIM_TRACE_THREADS_MAX, &first, &last))
            return false;
        named = MAX(named, last + 1);
        while (known < target_count && targets[known] != accessor)
            known++;
        if (known == target_count)
            targets[target_count++] = accessor;
    }
    if (named == thread_count || target_count == 0)
        return false;
    for (uint32_t t = 0; t < thread_count; t++)
        workload->accessors[t] = targets[(uint64_t)t * target_count / thread_count];
    g_ptr_array_add(plan->warnings,
                    g_strdup_printf("trace '%s' has %u thread%s where '%s' maps %u: dealt out over the accessors of its map",
                                    workload->trace_name, thread_count, thread_count == 1 ? "" : "s", workload->name,
                                    named));
    return true;
}

/* Deal the threads of each accessor out over its cores in turn, all workloads together. */
static void
assign_cores(NsimExperiment *plan)
{
    g_autofree uint32_t *next = g_new0(uint32_t, plan->machine->accessor_count);
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        NsimWorkload *workload = &plan->workloads[w];
        for (uint32_t t = 0; t < nsim_trace_info(workload->trace)->thread_count; t++) {
            const NsimAccessorId accessor = workload->accessors[t];
            workload->cores[t] = next[accessor]++ % plan->machine->accessors[accessor].core_count;
        }
    }
    for (uint32_t a = 0; a < plan->machine->accessor_count; a++) {
        const NsimAccessor *accessor = &plan->machine->accessors[a];
        if (next[a] > accessor->core_count)
            g_ptr_array_add(plan->warnings,
                            g_strdup_printf("accessor '%s' runs %u threads on %u cores: threads of one core share its window "
                                            "and take turns computing",
                                            accessor->id, next[a], accessor->core_count));
    }
}

static bool
open_trace(NsimWorkload *workload, const char *path, const char *name, GError **error)
{
    workload->trace = nsim_trace_open(path, error);
    if (workload->trace == NULL)
        return false;
    const NsimTraceInfo *info = nsim_trace_info(workload->trace);
    if (info->thread_count == 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT, "%s: the trace has no threads", path);
        return false;
    }
    workload->trace_name = g_path_get_basename(name);
    workload->accessors = g_new(NsimAccessorId, info->thread_count);
    workload->cores = g_new0(uint32_t, info->thread_count);
    for (uint32_t t = 0; t < info->thread_count; t++)
        workload->accessors[t] = NSIM_ACCESSOR_NONE;
    return true;
}

static bool
read_unit(const NsimMachine *machine, NsimWorkload *workload, const NsimValue *map, GError **error)
{
    const uint64_t page_bytes = (uint64_t)1 << machine->page_shift;
    uint64_t unit_bytes = page_bytes;
    if (!nsim_value_read_bytes(map, "unit", false, &unit_bytes, error))
        return false;
    if (unit_bytes < page_bytes || unit_bytes > (2u << 20) || (unit_bytes & (unit_bytes - 1)) != 0)
        return nsim_value_error(nsim_value_get(map, "unit"), error,
                                "'unit' must be a power of two from the machine's page (%" G_GUINT64_FORMAT
                                " KiB) to 2MiB",
                                page_bytes >> 10);
    workload->unit_pages = (uint32_t)(unit_bytes >> machine->page_shift);
    return true;
}

static bool
read_workload(NsimExperiment *plan, NsimWorkload *workload, const NsimValue *map, const char *base_dir,
              const char *override, uint32_t number, GError **error)
{
    const char *name = NULL, *trace = NULL;
    if (!nsim_value_check_map(map, "a workload", workload_keys, error) ||
        !nsim_value_read_text(map, "name", false, &name, error) ||
        !nsim_value_read_text(map, "trace", override == NULL, &trace, error) ||
        !nsim_value_read_time(map, "start", false, &workload->start_ps, error) ||
        !nsim_value_read_time(map, "sleep", false, &workload->sleep_ps, error) ||
        !read_unit(plan->machine, workload, map, error))
        return false;
    if (workload->start_ps > NSIM_START_HOURS_MAX * 3600 * NSIM_S)
        return nsim_value_error(nsim_value_get(map, "start"), error, "'start' must be at most %uh, found %s",
                                NSIM_START_HOURS_MAX, nsim_value_text(nsim_value_get(map, "start")));
    workload->name = name != NULL ? g_strdup(name) : g_strdup_printf("workload%u", number);
    g_autofree char *path = override != NULL         ? g_strdup(override)
                            : g_path_is_absolute(trace) ? g_strdup(trace)
                                                        : g_build_filename(base_dir, trace, NULL);
    g_autoptr(GError) problem = NULL;
    if (!open_trace(workload, path, override != NULL ? override : trace, &problem)) {
        /* A file that is not there is a wrong name in the config; a damaged one is the trace's own fault. */
        if (override == NULL && g_error_matches(problem, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO))
            return nsim_value_error(nsim_value_get(map, "trace"), error, "%s", problem->message);
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    const NsimValue *threads = nsim_value_get(map, "threads");
    if (!(override != NULL && deal_threads(plan, workload, threads)) &&
        !read_threads(plan->machine, workload, threads, error))
        return false;

    if (nsim_value_get(map, "group") != NULL &&
        !nsim_plan_find_group(plan, nsim_value_get(map, "group"), &workload->group, error))
        return false;

    const NsimValue *initial = nsim_value_get(map, "initial");
    if (initial == NULL)
        return true;
    if (!nsim_value_check_map(initial, "initial", initial_keys, error))
        return false;
    if (nsim_value_get(initial, "by") == NULL)
        return nsim_value_error(initial, error, "'initial' needs 'by': the accessor that loads the pages");
    workload->loaded = true;
    return find_accessor(plan->machine, nsim_value_get(initial, "by"), &workload->loader, error);
}

/* A workload for a trace that the config says nothing about: its first thread's accessor loads it. */
static bool
default_workload(NsimExperiment *plan, NsimWorkload *workload, const char *path, GError **error)
{
    workload->unit_pages = 1;
    if (!open_trace(workload, path, path, error))
        return false;
    workload->name = g_strdup(workload->trace_name);
    spread_threads(plan->machine, workload, nsim_trace_info(workload->trace)->thread_count);
    workload->loaded = true;
    workload->loader = workload->accessors[0];
    return true;
}

static bool
names_are_unique(const NsimExperiment *plan, const NsimValue *list, GError **error)
{
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        for (uint32_t v = 0; v < w; v++) {
            if (list != NULL && strcmp(plan->workloads[w].name, plan->workloads[v].name) == 0)
                return nsim_value_error(nsim_value_item(list, w), error, "two workloads are called '%s'",
                                        plan->workloads[w].name);
        }
    }
    return true;
}

bool
nsim_plan_read_workloads(NsimExperiment *plan, const NsimValue *list, const char *base_dir, const char *const *traces,
                         GError **error)
{
    const uint32_t trace_count = traces == NULL ? 0 : g_strv_length((char **)(uintptr_t)traces);
    uint32_t count = trace_count;
    if (list != NULL) {
        count = nsim_value_count(list);
        if (nsim_value_kind(list) != NSIM_VALUE_LIST || count == 0 || count > NSIM_WORKLOADS_MAX)
            return nsim_value_error(list, error, "'workloads' must be a list of 1 to %u workloads", NSIM_WORKLOADS_MAX);
        if (trace_count > count) {
            g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE,
                        "%u traces given for the %u workloads of '%s'", trace_count, count, plan->config_name);
            return false;
        }
    }
    if (count == 0 || count > NSIM_WORKLOADS_MAX) {
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE,
                    count == 0 ? "nothing to run: '%s' has no 'workloads' and there is no --trace"
                               : "too many traces for '%s'",
                    plan->config_name);
        return false;
    }
    plan->workloads = g_new0(NsimWorkload, count);
    for (uint32_t w = 0; w < count; w++) {
        NsimWorkload *workload = &plan->workloads[plan->workload_count++];
        const char *override = w < trace_count ? traces[w] : NULL;
        workload->group = NSIM_GROUP_NONE;
        if (list == NULL ? !default_workload(plan, workload, override, error)
                         : !read_workload(plan, workload, nsim_value_item(list, w), base_dir, override, w, error))
            return false;
    }
    assign_cores(plan);
    return names_are_unique(plan, list, error);
}
