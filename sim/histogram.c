/* SPDX-License-Identifier: MIT */
/*
 * What is read from a log-linear histogram: mean, quantiles, sums of histograms. The mean is exact; a quantile is the
 * middle of the bucket that holds the value of that rank (nearest-rank definition, no interpolation between ranks).
 */
#include <sim/histogram.h>

#include <string.h>

#include <sim/assert.h>

void
nsim_histogram_clear(NsimHistogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

void
nsim_histogram_merge(NsimHistogram *to, const NsimHistogram *from)
{
    to->count += from->count;
    to->sum_high += from->sum_high + (uint64_t)__builtin_add_overflow(to->sum_low, from->sum_low, &to->sum_low);
    to->max = from->max > to->max ? from->max : to->max;
    for (uint32_t i = 0; i < NSIM_HISTOGRAM_BUCKETS; i++)
        to->buckets[i] += from->buckets[i];
}

uint64_t
nsim_histogram_mean(const NsimHistogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    const unsigned __int128 sum = (unsigned __int128)histogram->sum_high << 64 | histogram->sum_low;
    return (uint64_t)(sum / histogram->count);
}

/* The middle value of a bucket; the inverse of nsim_histogram_index() up to half a bucket. */
static uint64_t
bucket_middle(uint32_t index)
{
    const uint32_t row = index >> NSIM_HISTOGRAM_BITS;
    if (row <= 1)
        return index;
    const uint32_t shift = row - 1;
    const uint64_t exact = index - (shift << NSIM_HISTOGRAM_BITS);
    return (exact << shift) + ((uint64_t)1 << (shift - 1));
}

uint64_t
nsim_histogram_quantile(const NsimHistogram *histogram, uint32_t ppm)
{
    if (histogram->count == 0)
        return 0;
    nsim_assert(ppm <= 1000000);
    /* Rank of the value asked for, from 1: the smallest that at least this share of all values does not exceed. */
    const unsigned __int128 scaled = (unsigned __int128)histogram->count * ppm;
    const uint64_t ceiling = (uint64_t)((scaled + 999999) / 1000000);
    const uint64_t rank = ceiling == 0 ? 1 : ceiling;
    if (rank == histogram->count)
        return histogram->max;

    uint64_t seen = 0;
    for (uint32_t i = 0; i < NSIM_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank) {
            const uint64_t middle = bucket_middle(i);
            return middle < histogram->max ? middle : histogram->max;
        }
    }
    return histogram->max;
}
