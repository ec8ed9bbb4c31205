/* SPDX-License-Identifier: MIT */
/*
 * Every atomic operation in every width, from four threads at once: counters must be exact, and results what the
 * operations promise. Status 0 when all are.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 20000 };

typedef unsigned __int128 Wide;

static int failures;

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("line %d: %s\n", __LINE__, #condition);                                                             \
            __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);                                                        \
        }                                                                                                              \
    } while (0)

#define WIDTH(name, type)                                                                                              \
    static type name##_added, name##_taken, name##_swapped, name##_flipped, name##_locked, name##_plain, name##_weak;  \
    static void name##_shared(void)                                                                                    \
    {                                                                                                                  \
        for (int i = 0; i < ROUNDS; i++) {                                                                             \
            __atomic_fetch_add(&name##_added, 1, __ATOMIC_RELAXED);                                                    \
            __atomic_sub_fetch(&name##_taken, 1, __ATOMIC_ACQ_REL);                                                    \
            __atomic_fetch_xor(&name##_flipped, 1, __ATOMIC_SEQ_CST);                                                  \
            type old = __atomic_load_n(&name##_swapped, __ATOMIC_ACQUIRE);                                             \
            while (!__atomic_compare_exchange_n(&name##_swapped, &old, old + 1, false, __ATOMIC_SEQ_CST,               \
                                                __ATOMIC_RELAXED))                                                     \
                continue;                                                                                              \
            old = __atomic_load_n(&name##_weak, __ATOMIC_RELAXED);                                                     \
            while (                                                                                                    \
                !__atomic_compare_exchange_n(&name##_weak, &old, old + 2, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))   \
                continue;                                                                                              \
        }                                                                                                              \
        for (int i = 0; i < ROUNDS / 10; i++) { /* a lock made of an exchange keeps a plain counter */                 \
            while (__atomic_exchange_n(&name##_locked, 1, __ATOMIC_ACQUIRE))                                           \
                continue;                                                                                              \
            name##_plain++;                                                                                            \
            __atomic_thread_fence(__ATOMIC_SEQ_CST);                                                                   \
            __atomic_signal_fence(__ATOMIC_SEQ_CST);                                                                   \
            __atomic_store_n(&name##_locked, 0, __ATOMIC_RELEASE);                                                     \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_check(void)                                                                                     \
    {                                                                                                                  \
        EXPECT(name##_added == (type)(THREADS * ROUNDS));                                                              \
        EXPECT((type)(name##_taken + (type)(THREADS * ROUNDS)) == 0);                                                  \
        EXPECT(name##_swapped == (type)(THREADS * ROUNDS));                                                            \
        EXPECT(name##_weak == (type)(2 * THREADS * ROUNDS));                                                           \
        EXPECT(name##_flipped == 0);                                                                                   \
        EXPECT(name##_plain == (type)(THREADS * (ROUNDS / 10)));                                                       \
        type value = (type) ~(type)0, expected = 1;                                                                    \
        EXPECT(__atomic_fetch_and(&value, (type)0x3c, __ATOMIC_RELAXED) == (type) ~(type)0);                           \
        EXPECT(__atomic_or_fetch(&value, (type)0x41, __ATOMIC_RELAXED) == (type)0x7d);                                 \
        EXPECT(__atomic_fetch_nand(&value, (type)0x0f, __ATOMIC_RELAXED) == (type)0x7d);                               \
        EXPECT(value == (type) ~(type)0x0d);                                                                           \
        EXPECT(!__atomic_compare_exchange_n(&value, &expected, (type)9, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));   \
        EXPECT(expected == (type) ~(type)0x0d);                                                                        \
        EXPECT(__atomic_compare_exchange_n(&value, &expected, (type)9, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));    \
        EXPECT(__atomic_exchange_n(&value, (type)8, __ATOMIC_SEQ_CST) == (type)9);                                     \
        EXPECT(__atomic_fetch_sub(&value, (type)9, __ATOMIC_SEQ_CST) == (type)8);                                      \
        EXPECT(value == (type) ~(type)0);                                                                              \
    }

WIDTH(byte, uint8_t)
WIDTH(half, uint16_t)
WIDTH(word, uint32_t)
WIDTH(pair, uint64_t)
#ifdef __x86_64__
WIDTH(wide, Wide)
#endif

static void *
work(void *nothing)
{
    byte_shared();
    half_shared();
    word_shared();
    pair_shared();
#ifdef __x86_64__
    wide_shared();
#endif
    return nothing;
}

int
main(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            return 2;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    byte_check();
    half_check();
    word_check();
    pair_check();
#ifdef __x86_64__
    wide_check();
    /* The upper half counts, too. */
    static Wide big;
    __atomic_store_n(&big, ((Wide)7 << 64) | UINT64_MAX, __ATOMIC_SEQ_CST);
    EXPECT(__atomic_add_fetch(&big, 1, __ATOMIC_SEQ_CST) == (Wide)8 << 64);
    EXPECT(__atomic_load_n(&big, __ATOMIC_SEQ_CST) >> 64 == 8);
#endif
    printf("%d failures\n", failures);
    return failures != 0;
}
