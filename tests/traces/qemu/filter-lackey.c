/* SPDX-License-Identifier: MIT */
/*
 * Puts what valgrind's lackey says on standard input (--trace-mem=yes) through a cache of the size given and prints the
 * lines read, read for ownership and written back.
 */
#include <traces/capture/filter.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WAYS 16u
#define LINE_BYTES 64u

static void
on_line(void *context, NsimOp op, uint64_t line)
{
    uint64_t *counts = context;
    (void)line;
    counts[op]++;
}

int
main(int argc, char **argv)
{
    const unsigned long bytes = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    char text[256];
    uint64_t counts[3] = {0};
    if (bytes < LINE_BYTES * WAYS)
        return 2;
    NsimFilter *filter = nsim_filter_new(1, (uint32_t)(bytes / LINE_BYTES / WAYS), WAYS, on_line);
    if (filter == NULL)
        return 1;
    while (fgets(text, sizeof text, stdin) != NULL) {
        uint64_t address;
        unsigned size;
        if (text[0] != ' ' || sscanf(text + 2, " %" SCNx64 ",%u", &address, &size) != 2 || size == 0)
            continue;
        for (uint64_t line = address / LINE_BYTES; line <= (address + size - 1) / LINE_BYTES; line++) {
            if (text[1] != 'S')
                nsim_filter_access(filter, 0, line, false, counts);
            if (text[1] != 'L')
                nsim_filter_access(filter, 0, line, true, counts);
        }
    }
    nsim_filter_free(filter);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", counts[NSIM_OP_READ], counts[NSIM_OP_RFO], counts[NSIM_OP_WRITE]);
    return 0;
}
