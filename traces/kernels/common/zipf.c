/* SPDX-License-Identifier: MIT */
/* The distribution of zipf.h. */
#include "zipf.h"

#include <stdlib.h>

#include "kernel.h"

void
zipf_init(Zipf *zipf, uint64_t count)
{
    zipf->count = count;
    zipf->sums = kernel_alloc(count, sizeof *zipf->sums);
    double sum = 0;
    for (uint64_t k = 0; k < count; k++) {
        sum += 1 / (double)(k + 1);
        zipf->sums[k] = sum;
    }
}

void
zipf_clear(Zipf *zipf)
{
    free(zipf->sums);
    zipf->sums = NULL;
}

uint64_t
zipf_rank(const Zipf *zipf, double unit)
{
    const double want = unit * zipf->sums[zipf->count - 1];
    uint64_t low = 0, high = zipf->count - 1;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (zipf->sums[middle] > want)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Multiplying by a number without a common factor is one-to-one modulo the count; most primes above 2^32 have none. */
uint64_t
zipf_scatter(uint64_t rank, uint64_t count)
{
    static const uint64_t primes[] = {4294967311u, 4294967357u, 4294967371u};
    uint64_t prime = primes[0];
    for (unsigned i = 1; count % prime == 0; i++)
        prime = primes[i % 3];
    return (uint64_t)((unsigned __int128)rank * prime % count);
}
