/* SPDX-License-Identifier: MIT */
/*
 * Key `curve` of a node, or an entry of the machine's `curves:`, which nodes name when they share one:
 *
 *     curve:
 *       source: where it was measured
 *       mixes:
 *         - {reads: 100%, points: {0GB/s: 90ns, 15.4GB/s: 95ns, ...}}
 *         - {reads: 50%, points: {...}}
 */
#include <models/machine-build.h>

#include <models/quantity.h>
#include <string.h>

/* One `LOAD: LATENCY`. Loads must rise and latencies must not fall: a curve that turns back has no single latency. */
static bool
parse_point(const NsimValue *points, uint32_t i, NsimTime least_ps, uint64_t *load, NsimTime *latency_ps,
            GError **error)
{
    const NsimValue *value = nsim_value_item(points, i);
    const char *key = nsim_value_key(points, i);
    g_autofree char *problem = NULL;
    if (!nsim_quantity_parse(key, NSIM_QUANTITY_RATE, &load[i], &problem))
        return nsim_value_key_error(points, i, error, "the load of a point: %s", problem);
    if (!nsim_build_read_latency(points, key, true, &latency_ps[i], error))
        return false;
    if (i > 0 && load[i] <= load[i - 1])
        return nsim_value_key_error(points, i, error, "loads must rise from point to point, %s follows %s", key,
                                    nsim_value_key(points, i - 1));
    if (i > 0 && latency_ps[i] < latency_ps[i - 1])
        return nsim_value_error(value, error, "latency must not fall as the load rises, %s follows %s",
                                nsim_value_text(value), nsim_value_text(nsim_value_item(points, i - 1)));
    if (latency_ps[i] < least_ps)
        return nsim_value_error(value, error, "the latency of a point must be more than zero");
    return true;
}

bool
nsim_build_parse_points(NsimMachineBuild *build, const NsimValue *points, const char *key, NsimTime least_ps,
                        uint32_t *ret_count, const uint64_t **ret_loads, const NsimTime **ret_times, GError **error)
{
    if (nsim_value_kind(points) != NSIM_VALUE_MAP || nsim_value_count(points) < 2 ||
        nsim_value_count(points) > NSIM_CURVE_POINTS_MAX)
        return nsim_value_error(points, error,
                                "\"%s\" must be a map of 2 to %u pairs LOAD: LATENCY (NSIM_CURVE_POINTS_MAX)", key,
                                NSIM_CURVE_POINTS_MAX);
    const uint32_t count = nsim_value_count(points);
    uint64_t *load = nsim_build_alloc(build, count, sizeof *load);
    NsimTime *latency_ps = nsim_build_alloc(build, count, sizeof *latency_ps);
    for (uint32_t i = 0; i < count; i++) {
        if (!parse_point(points, i, least_ps, load, latency_ps, error))
            return false;
    }
    if (load[count - 1] < NSIM_RATE_MIN_BYTES_PER_S || load[count - 1] > NSIM_RATE_MAX_BYTES_PER_S)
        return nsim_value_key_error(points, count - 1, error, "the highest load must be 1MB/s to 64TB/s, found %s",
                                    nsim_value_key(points, count - 1));
    *ret_count = count;
    *ret_loads = load;
    *ret_times = latency_ps;
    return true;
}

static bool
parse_mix(NsimMachineBuild *build, const NsimValue *map, NsimCurveMix *mix, GError **error)
{
    static const char *const keys[] = {"reads", "points", NULL};
    uint64_t share_ppm = 0;
    if (!nsim_value_check_map(map, "a mix", keys, error) ||
        !nsim_value_read_ratio(map, "reads", true, &share_ppm, error))
        return false;
    if (share_ppm > 1000000)
        return nsim_value_error(nsim_value_get(map, "reads"), error, "\"reads\" must be 0%% to 100%%, found %s",
                                nsim_value_text(nsim_value_get(map, "reads")));
    const NsimValue *points = nsim_value_get(map, "points");
    if (!points)
        return nsim_value_error(map, error, "key \"points\" is missing");
    uint32_t count;
    const uint64_t *load;
    const NsimTime *latency_ps;
    if (!nsim_build_parse_points(build, points, "points", 1, &count, &load, &latency_ps, error))
        return false;
    *mix = (NsimCurveMix){.read_share_ppm = (uint32_t)share_ppm,
                          .point_count = count,
                          .load_bytes_per_s = load,
                          .latency_ps = latency_ps};
    return true;
}

/* Keep the mixes in ascending read share, whatever their order in the file. */
static bool
insert_mix(NsimCurveMix *mixes, uint32_t count, const NsimCurveMix *mix, const NsimValue *value, GError **error)
{
    uint32_t place = count;
    while (place > 0 && mixes[place - 1].read_share_ppm > mix->read_share_ppm)
        place--;
    if (place > 0 && mixes[place - 1].read_share_ppm == mix->read_share_ppm)
        return nsim_value_error(value, error, "two mixes of %s reads", nsim_value_text(nsim_value_get(value, "reads")));
    for (uint32_t i = count; i > place; i--)
        mixes[i] = mixes[i - 1];
    mixes[place] = *mix;
    return true;
}

static bool
parse_curve(NsimMachineBuild *build, const NsimValue *map, NsimCurve *ret, GError **error)
{
    static const char *const keys[] = {"source", "mixes", NULL};
    const NsimValue *list;
    if (!nsim_value_check_map(map, "curve", keys, error) ||
        !nsim_build_read_line(build, map, "source", "", &ret->source, error) ||
        !nsim_build_read_list(map, "mixes", true, NSIM_CURVE_MIXES_MAX, "NSIM_CURVE_MIXES_MAX", &list, error))
        return false;
    NsimCurveMix *mixes = nsim_build_alloc(build, nsim_value_count(list), sizeof *mixes);
    for (uint32_t i = 0; i < nsim_value_count(list); i++) {
        NsimCurveMix mix;
        if (!parse_mix(build, nsim_value_item(list, i), &mix, error) ||
            !insert_mix(mixes, i, &mix, nsim_value_item(list, i), error))
            return false;
    }
    ret->mix_count = nsim_value_count(list);
    ret->mixes = mixes;
    return true;
}

bool
nsim_build_parse_curves(NsimMachineBuild *build, GError **error)
{
    const NsimValue *curves = nsim_value_get(build->root, "curves");
    build->curves_value = curves;
    if (!curves)
        return true;
    if (nsim_value_kind(curves) != NSIM_VALUE_MAP || nsim_value_count(curves) > NSIM_NODES_MAX)
        return nsim_value_error(curves, error,
                                "\"curves\" must be a map from name to curve, of at most %u (NSIM_NODES_MAX)",
                                NSIM_NODES_MAX);
    build->curves = nsim_build_alloc(build, nsim_value_count(curves), sizeof *build->curves);
    for (uint32_t i = 0; i < nsim_value_count(curves); i++) {
        if (!parse_curve(build, nsim_value_item(curves, i), &build->curves[i], error))
            return false;
    }
    return true;
}

bool
nsim_build_parse_curve(NsimMachineBuild *build, const NsimValue *value, NsimCurve *ret, GError **error)
{
    if (nsim_value_kind(value) != NSIM_VALUE_SCALAR)
        return parse_curve(build, value, ret, error);
    const uint32_t count = build->curves_value ? nsim_value_count(build->curves_value) : 0;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(nsim_value_key(build->curves_value, i), nsim_value_text(value)) == 0) {
            *ret = build->curves[i];
            return true;
        }
        g_ptr_array_add(names, (gpointer)nsim_value_key(build->curves_value, i));
    }
    g_ptr_array_add(names, NULL);
    const char *near = nsim_nearest_word(nsim_value_text(value), (const char *const *)names->pdata);
    g_autofree char *found = nsim_value_excerpt(value);
    g_autofree char *hint = near ? g_strdup_printf(", did you mean \"%s\"?", near) : g_strdup("");
    return nsim_value_error(value, error, "no curve is called %s in \"curves\"%s", found, hint);
}
