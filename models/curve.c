/* SPDX-License-Identifier: MIT */
/*
 * Measured bandwidth-latency curves as integer tables: linear between neighbouring points, linear between neighbouring
 * read shares, clamped at both ends. Rounded to nearest, so that the same table gives the same figure everywhere.
 *
 * Left out: any fit or form of curve. A table says what was measured and nothing beyond it.
 */
#include <models/machine.h>

#include <sim/assert.h>
#include <sim/time.h>

/* y at x on the line through two points, x0 <= x <= x1, x0 < x1. */
static uint64_t
interpolate(uint64_t x, uint64_t x0, uint64_t x1, uint64_t y0, uint64_t y1)
{
    if (y1 >= y0)
        return y0 + nsim_mul_div(y1 - y0, x - x0, x1 - x0);
    return y0 - nsim_mul_div(y0 - y1, x - x0, x1 - x0);
}

static NsimTime
mix_latency(const NsimCurveMix *mix, uint64_t load_bytes_per_s)
{
    const uint64_t *load = mix->load_bytes_per_s;
    const NsimTime *latency_ps = mix->latency_ps;
    uint32_t low = 0, high = mix->point_count - 1;
    if (load_bytes_per_s <= load[low])
        return latency_ps[low];
    if (load_bytes_per_s >= load[high])
        return latency_ps[high];
    while (high - low > 1) {
        const uint32_t middle = (low + high) / 2;
        if (load[middle] <= load_bytes_per_s)
            low = middle;
        else
            high = middle;
    }
    return interpolate(load_bytes_per_s, load[low], load[high], latency_ps[low], latency_ps[high]);
}

static uint64_t
mix_rate_max(const NsimCurveMix *mix)
{
    return mix->load_bytes_per_s[mix->point_count - 1];
}

/* The mixes on both sides of a read share; the same one twice at and beyond the ends. */
static void
find_mixes(const NsimCurve *curve, uint32_t read_share_ppm, const NsimCurveMix **ret_low, const NsimCurveMix **ret_high)
{
    nsim_assert(curve->mix_count > 0);
    uint32_t high = 0;
    while (high < curve->mix_count - 1 && curve->mixes[high].read_share_ppm < read_share_ppm)
        high++;
    uint32_t low = high;
    if (high > 0 && curve->mixes[high].read_share_ppm > read_share_ppm)
        low = high - 1;
    *ret_low = &curve->mixes[low];
    *ret_high = &curve->mixes[high];
}

NsimTime
nsim_curve_latency(const NsimCurve *curve, uint64_t load_bytes_per_s, uint32_t read_share_ppm)
{
    const NsimCurveMix *low, *high;
    find_mixes(curve, read_share_ppm, &low, &high);
    if (low == high)
        return mix_latency(low, load_bytes_per_s);
    return interpolate(read_share_ppm, low->read_share_ppm, high->read_share_ppm, mix_latency(low, load_bytes_per_s),
                       mix_latency(high, load_bytes_per_s));
}

uint64_t
nsim_curve_rate_max(const NsimCurve *curve, uint32_t read_share_ppm)
{
    const NsimCurveMix *low, *high;
    find_mixes(curve, read_share_ppm, &low, &high);
    if (low == high)
        return mix_rate_max(low);
    return interpolate(read_share_ppm, low->read_share_ppm, high->read_share_ppm, mix_rate_max(low),
                       mix_rate_max(high));
}
