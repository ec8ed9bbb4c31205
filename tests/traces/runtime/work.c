/* SPDX-License-Identifier: MIT */
/*
 * Work of six kinds, to measure what capturing costs and how many instructions an access stands for: KIND [THREADS].
 * Each thread works on memory of its own; a sum is printed, the same however the program was built.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t (*Kind)(void);

static uint64_t
next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Read and write arrays in order: 3 x 16 MiB, ten times. */
static uint64_t
stream(void)
{
    const size_t count = (size_t)2 << 20;
    double *a = calloc(count, sizeof *a), *b = calloc(count, sizeof *b), *c = calloc(count, sizeof *c);
    for (size_t i = 0; i < count; i++)
        b[i] = (double)i;
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < count; i++)
            a[i] = b[i] + 3 * c[i];
    const uint64_t sum = (uint64_t)a[count - 1];
    free(a);
    free(b);
    free(c);
    return sum;
}

/* Words and how often they came: strings in a chained hash table. */
static uint64_t
table(void)
{
    typedef struct Word Word;
    struct Word {
        Word *next;
        uint64_t count;
        char text[24];
    };
    const size_t slots = (size_t)1 << 17;
    Word **heads = calloc(slots, sizeof *heads);
    uint64_t state = 1, most = 0;
    for (int i = 0; i < 400000; i++) {
        char text[24];
        snprintf(text, sizeof text, "word-%u", (unsigned)(next(&state) % 100000));
        uint64_t hash = 14695981039346656037u;
        for (const char *at = text; *at != '\0'; at++)
            hash = (hash ^ (unsigned char)*at) * 1099511628211u;
        Word **place = &heads[hash % slots];
        while (*place && strcmp((*place)->text, text) != 0)
            place = &(*place)->next;
        if (!*place) {
            *place = calloc(1, sizeof **place);
            strcpy((*place)->text, text);
        }
        most = ++(*place)->count > most ? (*place)->count : most;
    }
    for (size_t i = 0; i < slots; i++)
        for (Word *word = heads[i], *after; word; word = after) {
            after = word->next;
            free(word);
        }
    free(heads);
    return most;
}

/* Heap sort of half a million numbers. */
static uint64_t
sort(void)
{
    const size_t count = (size_t)1 << 19;
    uint32_t *numbers = malloc(count * sizeof *numbers);
    uint64_t state = 2;
    for (size_t i = 0; i < count; i++)
        numbers[i] = (uint32_t)next(&state);
    for (size_t start = count / 2, end = count; end > 1;) {
        if (start > 0) {
            start--;
        } else {
            const uint32_t last = numbers[--end];
            numbers[end] = numbers[0];
            numbers[0] = last;
        }
        size_t root = start;
        for (size_t child; (child = 2 * root + 1) < end; root = child) {
            child += child + 1 < end && numbers[child] < numbers[child + 1];
            if (numbers[root] >= numbers[child])
                break;
            const uint32_t other = numbers[root];
            numbers[root] = numbers[child];
            numbers[child] = other;
        }
    }
    const uint64_t middle = numbers[count / 2];
    free(numbers);
    return middle;
}

/* A product of matrices of 320 x 320 numbers, in the plainest way. */
static uint64_t
matrix(void)
{
    enum { SIDE = 320 };
    double *a = malloc(sizeof(double) * SIDE * SIDE), *b = malloc(sizeof(double) * SIDE * SIDE);
    double *c = calloc(SIDE * SIDE, sizeof(double));
    for (int i = 0; i < SIDE * SIDE; i++) {
        a[i] = i % 13;
        b[i] = i % 17;
    }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            double sum = 0;
            for (int k = 0; k < SIDE; k++)
                sum += a[i * SIDE + k] * b[k * SIDE + j];
            c[i * SIDE + j] = sum;
        }
    const uint64_t sum = (uint64_t)c[SIDE * SIDE / 2];
    free(a);
    free(b);
    free(c);
    return sum;
}

/* From one of a million nodes to the next, at random. */
static uint64_t
chase(void)
{
    const size_t count = (size_t)1 << 20;
    uint32_t *follows = malloc(count * sizeof *follows);
    uint64_t state = 3, at = 0;
    for (size_t i = 0; i < count; i++)
        follows[i] = (uint32_t)i;
    for (size_t i = count - 1; i > 0; i--) { /* one cycle (Sattolo 1986) */
        const size_t other = next(&state) % i;
        const uint32_t moved = follows[i];
        follows[i] = follows[other];
        follows[other] = moved;
    }
    for (size_t i = 0; i < 2 * count; i++)
        at = follows[at];
    free(follows);
    return at;
}

/* A grid of 1024 x 1024 where each point becomes the mean of its neighbours, ten times. */
static uint64_t
grid(void)
{
    enum { SIDE = 1024 };
    float *now = calloc(SIDE * SIDE, sizeof *now), *after = calloc(SIDE * SIDE, sizeof *after);
    for (int i = 0; i < SIDE * SIDE; i++)
        now[i] = (float)(i % 100);
    for (int round = 0; round < 10; round++) {
        for (int y = 1; y < SIDE - 1; y++)
            for (int x = 1; x < SIDE - 1; x++) {
                const int i = y * SIDE + x;
                after[i] = 0.25f * (now[i - 1] + now[i + 1] + now[i - SIDE] + now[i + SIDE]);
            }
        float *other = now;
        now = after;
        after = other;
    }
    const uint64_t sum = (uint64_t)now[SIDE * SIDE / 2 + 7];
    free(now);
    free(after);
    return sum;
}

static const struct {
    const char *name;
    Kind kind;
} kinds[] = {{"stream", stream}, {"table", table}, {"sort", sort},
             {"matrix", matrix}, {"chase", chase}, {"grid", grid}};

static void *
run(void *kind)
{
    return (void *)(uintptr_t)kinds[(size_t)(uintptr_t)kind].kind();
}

int
main(int argc, char **argv)
{
    const int count = argc > 2 ? atoi(argv[2]) : 1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (argc < 2 || strcmp(argv[1], kinds[i].name) != 0)
            continue;
        pthread_t threads[64];
        uint64_t sum = 0;
        for (int t = 1; t < count && t < 64; t++)
            if (pthread_create(&threads[t], NULL, run, (void *)(uintptr_t)i) != 0)
                return 1;
        sum += (uint64_t)(uintptr_t)run((void *)(uintptr_t)i);
        for (int t = 1; t < count && t < 64; t++) {
            void *part;
            pthread_join(threads[t], &part);
            sum += (uint64_t)(uintptr_t)part;
        }
        printf("%llu\n", (unsigned long long)sum);
        return 0;
    }
    fputs("usage: work stream|table|sort|matrix|chase|grid [THREADS]\n", stderr);
    return 2;
}
