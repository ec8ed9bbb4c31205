/* SPDX-License-Identifier: MIT */
/* A program for i386 without a library: reads 1 MiB, 16384 lines, three times and ends with status 5. */
#define WORDS (1u << 18)
#define EXIT_GROUP 252

static volatile unsigned array[WORDS];

void _start(void);

void
_start(void)
{
    unsigned sum = 0;
    for (int pass = 0; pass < 3; pass++)
        for (unsigned i = 0; i < WORDS; i++)
            sum += array[i];
    array[0] = sum;
    __asm__ volatile("int $0x80" : : "a"(EXIT_GROUP), "b"(5));
}
