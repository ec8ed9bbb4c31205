/* SPDX-License-Identifier: MIT */
/* Streams of a known number of lines, in named memory, and calls whose accesses the linker's wrappers count. */
#include <numasim/capture.h>

#include <stdio.h>
#include <string.h>

#define BYTES ((size_t)64 << 20)

int
main(void)
{
    uint64_t *a = nsim_capture_map("a", BYTES), *b = nsim_capture_map("b", BYTES), sum = 0;
    const size_t count = BYTES / sizeof *a;
    nsim_capture_mark("fill");
    for (size_t i = 0; i < count; i++)
        a[i] = i;
    nsim_capture_mark("read");
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < count; i++)
            sum += a[i];
    nsim_capture_mark("copy");
    memcpy(b, a, BYTES);
    nsim_capture_mark("end");
    printf("%llu %d\n", (unsigned long long)sum, memcmp(a, b, BYTES));
    return 0;
}
