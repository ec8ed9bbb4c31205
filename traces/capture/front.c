/* SPDX-License-Identifier: MIT */
/*
 * The threads of an automatic capture: each puts its events into a batch of its own, and batches into the ring.
 *
 * A line that a thread touched a moment ago, and that is in its front, is not told again before the next batch, so
 * each line in use is told once a batch and keeps its age in the last-level cache. Signal handlers may come at any
 * time: one that interrupts an event being put has its own accesses counted as skipped; handing over blocks all
 * signals. One that leaves by siglongjmp() leaves a mark of the frame it interrupted, which is seen to be gone when an
 * older frame puts an event. (With an alternate signal stack above the thread's, frames do not compare: events of a
 * moment may then be lost or told twice.) Nothing here takes memory from the program's allocator.
 */
#include "automatic.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAIT_MS 100
/* Rounds in which pthreads destroys thread-specific data: only in the last is a thread let go. */
#define ROUNDS 4u
/* Room that an access needs in a batch: its event, and a control with its operand. */
#define ROOM 3u

_Atomic bool nsim_auto_on;
__thread NsimAutoThread *nsim_auto_self;
/* The calling thread is becoming one of the capture, or has been. */
static __thread bool is_outside;

static pthread_key_t key;
static bool has_key;
static _Atomic uint32_t list_lock;
static NsimAutoThread *threads;

uint64_t
nsim_auto_block_signals(void)
{
    const uint64_t all = UINT64_MAX;
    uint64_t before = 0;
    /* Not pthread_sigmask(): it leaves the signal of pthread_cancel() out. */
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before, sizeof all);
    return before;
}

void
nsim_auto_restore_signals(uint64_t before)
{
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
}

static void
take_lock(_Atomic uint32_t *lock)
{
    uint32_t free = 0;
    if (atomic_compare_exchange_strong(lock, &free, 1))
        return;
    while (atomic_exchange(lock, 2) != 0)
        nsim_auto_futex_wait(lock, 2, WAIT_MS);
}

static void
release_lock(_Atomic uint32_t *lock)
{
    if (atomic_exchange(lock, 0) == 2)
        nsim_auto_futex_wake(lock);
}

/* ---- The ring ------------------------------------------------------------------------------------------------ */

static void
ring_bell(NsimAutoShared *shared)
{
    atomic_fetch_add(&shared->bell, 1);
    nsim_auto_futex_wake(&shared->bell);
}

/* With the lock: one batch in. False when nobody takes batches out any more. */
static bool
put_batch(NsimAutoShared *shared, NsimAutoThread *thread)
{
    const uint32_t head = atomic_load(&shared->head);
    for (uint32_t tail; head - (tail = atomic_load(&shared->tail)) == NSIM_AUTO_BATCHES;) {
        atomic_store(&shared->program_sleeps, 1);
        if (atomic_load(&shared->tail) == tail)
            nsim_auto_futex_wait(&shared->tail, tail, WAIT_MS);
        atomic_store(&shared->program_sleeps, 0);
        if (atomic_load(&shared->state) == NSIM_AUTO_DONE || nsim_auto_writer_lost())
            return false;
    }
    NsimAutoBatch *batch = &shared->batches[head % NSIM_AUTO_BATCHES];
    batch->thread = thread->index;
    batch->count = thread->fill;
    memcpy(batch->events, thread->events, thread->fill * sizeof thread->events[0]);
    atomic_store(&shared->head, head + 1);
    if (atomic_load(&shared->writer_sleeps))
        ring_bell(shared);
    return true;
}

/* How far the thread is, for others that begin now. */
static void
tell_state(NsimAutoShared *shared, NsimAutoThread *thread)
{
    uint64_t progress = atomic_load_explicit(&shared->progress, memory_order_relaxed);
    while (progress < thread->accesses &&
           !atomic_compare_exchange_weak_explicit(&shared->progress, &progress, thread->accesses, memory_order_relaxed,
                                                  memory_order_relaxed))
        continue;
    if (thread->skipped) {
        atomic_fetch_add_explicit(&shared->skipped, thread->skipped, memory_order_relaxed);
        thread->skipped = 0;
    }
}

/* A control that tells of the accesses since the last event. There is room for it. */
static void
put_pending(NsimAutoThread *thread)
{
    if (thread->pending == 0)
        return;
    thread->events[thread->fill++] = NSIM_AUTO_CONTROL << NSIM_AUTO_LINE_SHIFT | NSIM_AUTO_PASS;
    thread->events[thread->fill++] = thread->pending;
    thread->accesses += thread->pending;
    thread->pending = 0;
}

/* Signals are blocked. */
static void
hand_over(NsimAutoThread *thread)
{
    NsimAutoShared *shared = nsim_auto_shared;
    /* A child that shares this memory (vfork) or has a copy of it (clone) puts nothing in. */
    if (!shared || syscall(SYS_getpid) != nsim_auto_process) {
        thread->skipped += thread->fill;
        thread->fill = 0;
        return;
    }
    prctl(PR_GET_NAME, shared->threads[thread->index].name);
    take_lock(&shared->lock);
    if (atomic_load(&shared->state) != NSIM_AUTO_RUNNING) {
        atomic_store(&nsim_auto_on, false);
    } else if (thread->fill > 0 && put_batch(shared, thread)) {
        tell_state(shared, thread);
    }
    thread->fill = 0; /* under the lock: it says what is still to hand over */
    release_lock(&shared->lock);
    memset(thread->front, 0xff, sizeof thread->front);
}

static void
flush(NsimAutoThread *thread)
{
    const uint64_t before = nsim_auto_block_signals();
    hand_over(thread);
    nsim_auto_restore_signals(before);
}

/* With signals blocked: hand over also the accesses that no event has told of. */
static void
hand_over_all(NsimAutoThread *thread)
{
    if (thread->fill > NSIM_AUTO_EVENTS - ROOM)
        hand_over(thread);
    put_pending(thread);
    hand_over(thread);
}

void
nsim_auto_close_ring(int32_t ending)
{
    NsimAutoShared *shared = nsim_auto_shared;
    NsimAutoThread *self = nsim_auto_self;
    uint32_t running = NSIM_AUTO_RUNNING;
    atomic_store(&nsim_auto_on, false);
    if (self && !self->busy)
        hand_over_all(self);
    take_lock(&list_lock);
    take_lock(&shared->lock);
    /* Who closes first says why: when the program ends later the writer may not have read it yet. */
    if (atomic_load(&shared->state) == NSIM_AUTO_RUNNING) {
        atomic_store(&shared->ending, ending);
        bool going = true;
        for (NsimAutoThread *thread = threads; thread && going; thread = thread->next) {
            going = thread->fill == 0 || put_batch(shared, thread);
            tell_state(shared, thread);
            thread->fill = 0;
        }
        atomic_compare_exchange_strong(&shared->state, &running, NSIM_AUTO_CLOSING);
        ring_bell(shared);
    }
    release_lock(&shared->lock);
    release_lock(&list_lock);
}

/* ---- Threads ------------------------------------------------------------------------------------------------- */

static void
forget(NsimAutoThread *thread)
{
    take_lock(&list_lock);
    *thread->link = thread->next;
    if (thread->next)
        thread->next->link = thread->link;
    release_lock(&list_lock);
    nsim_auto_self = NULL;
    munmap(thread, sizeof *thread);
}

/* A thread ends. Destructors of the program may still come after this one, so it asks to come again. */
static void
leave(void *data)
{
    NsimAutoThread *thread = data;
    if (thread != nsim_auto_self) /* of the process this one was forked from */
        return;
    const uint64_t before = nsim_auto_block_signals();
    hand_over_all(thread);
    is_outside = true;
    if (++thread->rounds < ROUNDS && pthread_setspecific(key, thread) == 0)
        is_outside = false;
    else
        forget(thread);
    nsim_auto_restore_signals(before);
}

bool
nsim_auto_init_threads(void)
{
    has_key = has_key || pthread_key_create(&key, leave) == 0;
    return has_key;
}

void
nsim_auto_forget_threads(void)
{
    atomic_store(&list_lock, 0);
    threads = NULL;
    nsim_auto_self = NULL;
    is_outside = false;
}

static void
stop_for_memory(NsimAutoShared *shared)
{
    if (atomic_exchange(&shared->message_told, 1) == 0)
        nsim_auto_tell(STDERR_FILENO, "no memory for one more thread: the capture ends here, the program goes on");
    nsim_auto_close_ring(NSIM_AUTO_NO_MEMORY);
}

static NsimAutoThread *
new_thread(NsimAutoShared *shared)
{
    const uint32_t index = atomic_fetch_add(&shared->thread_count, 1);
    if (index >= NSIM_AUTO_THREADS) {
        atomic_store(&shared->thread_count, NSIM_AUTO_THREADS);
        return NULL;
    }
    NsimAutoThread *thread = mmap(NULL, sizeof *thread, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (thread == MAP_FAILED) {
        stop_for_memory(shared);
        return NULL;
    }
    memset(thread->front, 0xff, sizeof thread->front);
    thread->index = index;
    /* It begins when the others are where they are. */
    thread->pending = atomic_load_explicit(&shared->progress, memory_order_relaxed);
    atomic_store(&shared->threads[index].stack, (uintptr_t)__builtin_frame_address(0));
    prctl(PR_GET_NAME, shared->threads[index].name);
    take_lock(&list_lock);
    thread->next = threads;
    thread->link = &threads;
    if (threads)
        threads->link = &thread->next;
    threads = thread;
    release_lock(&list_lock);
    return thread;
}

NsimAutoThread *
nsim_auto_enter(void)
{
    NsimAutoShared *shared = nsim_auto_shared;
    if (!shared || !atomic_load_explicit(&nsim_auto_on, memory_order_relaxed))
        return NULL;
    if (is_outside) {
        atomic_fetch_add_explicit(&shared->skipped, 1, memory_order_relaxed);
        return NULL;
    }
    const uint64_t before = nsim_auto_block_signals();
    NsimAutoThread *thread = NULL;
    is_outside = true;
    if (syscall(SYS_getpid) == nsim_auto_process && atomic_load(&shared->state) == NSIM_AUTO_RUNNING)
        thread = new_thread(shared);
    /* This may call the program's own allocator, whose accesses are outside. */
    if (thread)
        pthread_setspecific(key, thread);
    nsim_auto_self = thread;
    is_outside = !thread;
    nsim_auto_restore_signals(before);
    return thread;
}

/* ---- Events -------------------------------------------------------------------------------------------------- */

/* Count a new event's accesses in; its low bits. */
static uint64_t
take_pending(NsimAutoThread *thread)
{
    uint64_t accesses = thread->pending;
    thread->accesses += accesses;
    thread->pending = 0;
    if (accesses > NSIM_AUTO_ACCESSES_MAX) {
        thread->events[thread->fill++] = NSIM_AUTO_CONTROL << NSIM_AUTO_LINE_SHIFT | NSIM_AUTO_PASS;
        thread->events[thread->fill++] = accesses - 1;
        accesses = 1;
    }
    return accesses;
}

void
nsim_auto_push(NsimAutoThread *thread, uint64_t address, uint64_t bytes, bool is_write)
{
    const uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    if (thread->busy && frame < thread->busy) {
        thread->skipped++;
        return;
    }
    thread->busy = frame;
    atomic_signal_fence(memory_order_seq_cst);
    const uint64_t end = address + bytes;
    for (uint64_t at = address; at < end;) {
        const uint64_t line = at >> NSIM_LINE_SHIFT;
        const uint64_t next = (line + 1) << NSIM_LINE_SHIFT, stop = next < end ? next : end;
        thread->pending += (stop - at + NSIM_AUTO_ACCESS_BYTES - 1) / NSIM_AUTO_ACCESS_BYTES;
        if (stop < end && bytes <= NSIM_AUTO_ACCESS_BYTES)
            thread->pending--; /* one access, though to two lines */
        if (thread->fill > NSIM_AUTO_EVENTS - ROOM)
            flush(thread);
        thread->front[line % NSIM_AUTO_FRONT] = line << 1 | is_write;
        const uint64_t accesses = take_pending(thread);
        thread->events[thread->fill++] = line << NSIM_AUTO_LINE_SHIFT | (is_write ? NSIM_AUTO_WRITE : 0) | accesses;
        at = stop;
    }
    atomic_signal_fence(memory_order_seq_cst);
    thread->busy = 0;
}

/* The number of the mark called so; NSIM_AUTO_MARKS: there are too many. */
static uint32_t
mark_number(NsimAutoShared *shared, const char *name)
{
    char cut[NSIM_AUTO_NAME_BYTES] = "";
    strncpy(cut, name, sizeof cut - 1);
    take_lock(&shared->lock);
    uint32_t number = 0;
    const uint32_t count = atomic_load(&shared->mark_count);
    while (number < count && strcmp(shared->marks[number], cut) != 0)
        number++;
    if (number == count && number < NSIM_AUTO_MARKS) {
        memcpy(shared->marks[number], cut, sizeof cut);
        atomic_store(&shared->mark_count, number + 1);
    }
    release_lock(&shared->lock);
    return number;
}

void
nsim_auto_mark(const char *name)
{
    NsimAutoThread *thread = nsim_auto_self ? nsim_auto_self : nsim_auto_enter();
    NsimAutoShared *shared = nsim_auto_shared;
    if (!thread || !shared || thread->busy)
        return;
    const uint64_t before = nsim_auto_block_signals();
    const uint32_t number = mark_number(shared, name);
    if (number < NSIM_AUTO_MARKS) {
        if (thread->fill > NSIM_AUTO_EVENTS - ROOM - 2)
            hand_over(thread);
        put_pending(thread);
        thread->events[thread->fill++] = NSIM_AUTO_CONTROL << NSIM_AUTO_LINE_SHIFT | NSIM_AUTO_MARK;
        thread->events[thread->fill++] = number;
    }
    nsim_auto_restore_signals(before);
}

void
nsim_auto_flush(void)
{
    NsimAutoThread *thread = nsim_auto_self;
    if (thread && !thread->busy && nsim_auto_is_captured())
        flush(thread);
}
