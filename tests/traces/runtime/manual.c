/* SPDX-License-Identifier: MIT */
/* Says what part of the run is wanted, and names memory that it has already; the last name for a range is the one. */
#include <numasim/capture.h>

#include <stdlib.h>

#define BYTES ((size_t)16 << 20)

static void
touch(char *memory)
{
    for (size_t i = 0; i < BYTES; i += 64)
        memory[i]++;
}

int
main(void)
{
    char *unwanted = nsim_capture_map("unwanted", BYTES), *wanted = malloc(BYTES);
    touch(unwanted);
    nsim_capture_region("whole", wanted, BYTES);
    nsim_capture_region("second half", wanted + BYTES / 2, BYTES / 2);
    nsim_capture_on();
    nsim_capture_mark("begin");
    touch(wanted);
    nsim_capture_off();
    nsim_capture_mark("not seen");
    touch(unwanted);
    free(wanted);
    return 0;
}
