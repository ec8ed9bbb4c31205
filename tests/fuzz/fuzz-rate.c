/* SPDX-License-Identifier: MIT */
/* Fuzz target of rate traces: any bytes are an error with a message, or intervals that keep the promises of rate.h. */
#include <traces/rate-private.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimRateReader) reader = nsim_rate_open_memory(data, size, &error);
    NsimRateInterval interval;
    NsimTime last_ps = 0;
    if ((reader == NULL) != (error != NULL))
        abort();
    if (reader == NULL)
        return 0;
    const uint32_t thread_count = nsim_rate_info(reader)->thread_count;
    while (nsim_rate_next(reader, &interval, &error)) {
        if (interval.start_ps < last_ps || interval.end_ps <= interval.start_ps)
            abort();
        last_ps = interval.end_ps;
        for (uint32_t i = 0; i < interval.range_count; i++)
            if (nsim_rate_range_problem(i > 0 ? &interval.ranges[i - 1] : NULL, &interval.ranges[i], thread_count) != NULL)
                abort();
    }
    if (error != NULL && *error->message == '\0')
        abort();
    return 0;
}
