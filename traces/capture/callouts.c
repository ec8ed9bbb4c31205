/* SPDX-License-Identifier: MIT */
/*
 * The functions that `gcc -fsanitize=thread` calls before each access of a program, served by the capture runtime
 * instead of by the sanitizer's library, which is not linked.
 *
 * Source: the call-outs that GCC 12's tsan.c and sanitizer.def emit, tried out one by one: accesses of 1 to 16 bytes
 * known to be aligned have a function for each size; all others, 32-byte vectors among them, arrive as ranges. Atomic
 * operations are replaced by calls that must perform them. (Clang's instrumentation leaves out accesses wider than 16
 * bytes: it does not serve.) Left out: memory that C library functions touch (wrap.c), and 16-byte atomics on machines
 * other than x86-64.
 */
#include "runtime.h"

/* A function with its prototype: no header has one. */
#define CALLOUT(type, name, ...)                                                                                       \
    __attribute__((visibility("default"))) type name(__VA_ARGS__);                                                     \
    type name(__VA_ARGS__)

/* From a constructor of each file, before those of the program. */
CALLOUT(void, __tsan_init, void)
{
    nsim_auto_begin();
}

CALLOUT(void, __tsan_func_entry, void *caller)
{
    (void)caller;
}

/* No argument is passed, whatever GCC's table of built-in functions says. */
CALLOUT(void, __tsan_func_exit, void *nothing)
{
    (void)nothing;
}

#define ACCESSES(bytes)                                                                                                \
    CALLOUT(void, __tsan_read##bytes, void *address)                                                                   \
    {                                                                                                                  \
        nsim_capture_access((uintptr_t)address, bytes, false);                                                         \
    }                                                                                                                  \
    CALLOUT(void, __tsan_write##bytes, void *address)                                                                  \
    {                                                                                                                  \
        nsim_capture_access((uintptr_t)address, bytes, true);                                                          \
    }                                                                                                                  \
    CALLOUT(void, __tsan_volatile_read##bytes, void *address)                                                          \
    {                                                                                                                  \
        nsim_capture_access((uintptr_t)address, bytes, false);                                                         \
    }                                                                                                                  \
    CALLOUT(void, __tsan_volatile_write##bytes, void *address)                                                         \
    {                                                                                                                  \
        nsim_capture_access((uintptr_t)address, bytes, true);                                                          \
    }

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)

#define UNALIGNED_ACCESSES(bytes)                                                                                      \
    CALLOUT(void, __tsan_unaligned_read##bytes, void *address)                                                         \
    {                                                                                                                  \
        nsim_capture_access((uintptr_t)address, bytes, false);                                                         \
    }                                                                                                                  \
    CALLOUT(void, __tsan_unaligned_write##bytes, void *address)                                                        \
    {                                                                                                                  \
        nsim_capture_access((uintptr_t)address, bytes, true);                                                          \
    }

UNALIGNED_ACCESSES(2)
UNALIGNED_ACCESSES(4)
UNALIGNED_ACCESSES(8)
UNALIGNED_ACCESSES(16)

CALLOUT(void, __tsan_read_range, void *address, long bytes)
{
    if (bytes > 0)
        nsim_capture_access((uintptr_t)address, (uint64_t)bytes, false);
}

CALLOUT(void, __tsan_write_range, void *address, long bytes)
{
    if (bytes > 0)
        nsim_capture_access((uintptr_t)address, (uint64_t)bytes, true);
}

CALLOUT(void, __tsan_vptr_read, void *address)
{
    nsim_capture_access((uintptr_t)address, sizeof(void *), false);
}

CALLOUT(void, __tsan_vptr_update, void *address, void *value)
{
    (void)value;
    nsim_capture_access((uintptr_t)address, sizeof(void *), true);
}

/* The orders asked for are not known to be constants here: the strongest serves for all. */
#define ATOMIC_MODIFY(bits, name)                                                                                      \
    CALLOUT(uint##bits##_t, __tsan_atomic##bits##_##name, volatile void *address, uint##bits##_t value, int order)     \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        nsim_capture_access((uintptr_t)address, bits / 8, true);                                                       \
        return __atomic_##name((volatile uint##bits##_t *)address, value, __ATOMIC_SEQ_CST);                           \
    }

#define ATOMIC_COMPARE(bits, name, weak)                                                                               \
    CALLOUT(bool, __tsan_atomic##bits##_##name, volatile void *address, void *expected, uint##bits##_t desired,        \
            int order, int failure_order)                                                                              \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        (void)failure_order;                                                                                           \
        nsim_capture_access((uintptr_t)address, bits / 8, true);                                                       \
        return __atomic_compare_exchange_n((volatile uint##bits##_t *)address, (uint##bits##_t *)expected, desired,    \
                                           weak, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                                  \
    }

#define ATOMICS(bits)                                                                                                  \
    CALLOUT(uint##bits##_t, __tsan_atomic##bits##_load, const volatile void *address, int order)                       \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        nsim_capture_access((uintptr_t)address, bits / 8, false);                                                      \
        return __atomic_load_n((const volatile uint##bits##_t *)address, __ATOMIC_SEQ_CST);                            \
    }                                                                                                                  \
    CALLOUT(void, __tsan_atomic##bits##_store, volatile void *address, uint##bits##_t value, int order)                \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        nsim_capture_access((uintptr_t)address, bits / 8, true);                                                       \
        __atomic_store_n((volatile uint##bits##_t *)address, value, __ATOMIC_SEQ_CST);                                 \
    }                                                                                                                  \
    CALLOUT(uint##bits##_t, __tsan_atomic##bits##_exchange, volatile void *address, uint##bits##_t value, int order)   \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        nsim_capture_access((uintptr_t)address, bits / 8, true);                                                       \
        return __atomic_exchange_n((volatile uint##bits##_t *)address, value, __ATOMIC_SEQ_CST);                       \
    }                                                                                                                  \
    ATOMIC_MODIFY(bits, fetch_add)                                                                                     \
    ATOMIC_MODIFY(bits, fetch_sub)                                                                                     \
    ATOMIC_MODIFY(bits, fetch_and)                                                                                     \
    ATOMIC_MODIFY(bits, fetch_or)                                                                                      \
    ATOMIC_MODIFY(bits, fetch_xor)                                                                                     \
    ATOMIC_MODIFY(bits, fetch_nand)                                                                                    \
    ATOMIC_COMPARE(bits, compare_exchange_strong, false)                                                               \
    ATOMIC_COMPARE(bits, compare_exchange_weak, true)

ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

#ifdef __x86_64__
/*
 * 16 bytes at once: every x86-64 processor but the first has cmpxchg16b, and programs that use such atomics need it
 * themselves. It stores what it found where the comparison fails, so that a load needs writable memory.
 */
typedef unsigned __int128 Wide;

static Wide
swap_wide(volatile void *address, Wide expected, Wide desired)
{
    uint64_t low = (uint64_t)expected, high = (uint64_t)(expected >> 64);
    __asm__ volatile("lock cmpxchg16b %0"
                     : "+m"(*(volatile Wide *)address), "+a"(low), "+d"(high)
                     : "b"((uint64_t)desired), "c"((uint64_t)(desired >> 64))
                     : "memory", "cc");
    return (Wide)high << 64 | low;
}

#define WIDE_MODIFY(name, new_value)                                                                                   \
    CALLOUT(Wide, __tsan_atomic128_##name, volatile void *address, Wide value, int order)                              \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        nsim_capture_access((uintptr_t)address, sizeof(Wide), true);                                                   \
        Wide old = swap_wide(address, 0, 0);                                                                           \
        for (Wide found; (found = swap_wide(address, old, new_value)) != old;)                                         \
            old = found;                                                                                               \
        return old;                                                                                                    \
    }

WIDE_MODIFY(exchange, value)
WIDE_MODIFY(fetch_add, old + value)
WIDE_MODIFY(fetch_sub, old - value)
WIDE_MODIFY(fetch_and, old &value)
WIDE_MODIFY(fetch_or, old | value)
WIDE_MODIFY(fetch_xor, old ^ value)
WIDE_MODIFY(fetch_nand, ~(old &value))

#define WIDE_COMPARE(name)                                                                                             \
    CALLOUT(bool, __tsan_atomic128_##name, volatile void *address, void *expected, Wide desired, int order,            \
            int failure_order)                                                                                         \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        (void)failure_order;                                                                                           \
        nsim_capture_access((uintptr_t)address, sizeof(Wide), true);                                                   \
        const Wide wanted = *(Wide *)expected, found = swap_wide(address, wanted, desired);                            \
        *(Wide *)expected = found;                                                                                     \
        return found == wanted;                                                                                        \
    }

WIDE_COMPARE(compare_exchange_strong)
WIDE_COMPARE(compare_exchange_weak)

CALLOUT(Wide, __tsan_atomic128_load, const volatile void *address, int order)
{
    (void)order;
    nsim_capture_access((uintptr_t)address, sizeof(Wide), false);
    return swap_wide((volatile void *)(uintptr_t)address, 0, 0);
}

CALLOUT(void, __tsan_atomic128_store, volatile void *address, Wide value, int order)
{
    __tsan_atomic128_exchange(address, value, order);
}
#endif

CALLOUT(void, __tsan_atomic_thread_fence, int order)
{
    (void)order;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

CALLOUT(void, __tsan_atomic_signal_fence, int order)
{
    (void)order;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
