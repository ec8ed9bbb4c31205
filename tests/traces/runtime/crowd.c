/* SPDX-License-Identifier: MIT */
/* Threads beyond what memory is left for, each storing a little; then all memory is taken, and the program goes on. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

static char slots[64][4096];

static void *
work(void *slot)
{
    for (unsigned i = 0; i < 4096; i += 64)
        ((char *)slot)[i] = 1;
    return slot;
}

int
main(void)
{
    int sum = 0;
    pthread_t threads[64];
    pthread_attr_t attributes;
    void *stacks[64];
    pthread_attr_init(&attributes);
    for (int i = 0; i < 64; i++)
        stacks[i] = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* From here there is no memory to be had, not a page. */
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_AS, &none) != 0)
        return 2;
    for (int i = 0; i < 64; i++) {
        pthread_attr_setstack(&attributes, stacks[i], 65536);
        if (pthread_create(&threads[i], &attributes, work, slots[i]) != 0)
            return 3;
    }
    for (int i = 0; i < 64; i++) {
        pthread_join(threads[i], NULL);
        for (unsigned at = 0; at < 4096; at++)
            sum += slots[i][at];
    }
    printf("%d\n", sum);
    return 0;
}
