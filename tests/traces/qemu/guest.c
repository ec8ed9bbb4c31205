/* SPDX-License-Identifier: MIT */
/*
 * A program to be captured, which does what its first argument says. Its memory traffic is known: an array of 4 MiB,
 * 65536 lines, is written once and then read from end to end by each call of pass().
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS (4u << 20 >> 3)
#define THREADS_MAX 64

static uint64_t array[WORDS] __attribute__((aligned(4096)));
static uint64_t *slices;

__attribute__((noinline)) uint64_t
pass(const uint64_t *words, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += ((const volatile uint64_t *)words)[i];
    return sum;
}

__attribute__((noinline)) void
fill(uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((volatile uint64_t *)words)[i] = i;
}

static void *
read_slice(void *data)
{
    const uintptr_t number = (uintptr_t)data;
    return (void *)(uintptr_t)(pass(slices + number * WORDS, WORDS) & 1);
}

static void
run_threads(unsigned count)
{
    pthread_t threads[THREADS_MAX];
    slices = mmap(NULL, count * sizeof array, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (slices == MAP_FAILED)
        exit(9);
    for (uintptr_t i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, read_slice, (void *)i) != 0)
            exit(9);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* Threads that come and go, one at a time. */
static void
run_many_threads(unsigned count)
{
    slices = array;
    for (unsigned i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, read_slice, NULL) != 0)
            exit(9);
        pthread_join(thread, NULL);
    }
}

/* A child that reads as much as ten passes, which must not be seen. */
static void
run_child(void)
{
    const pid_t pid = fork();
    int status = 0;
    if (pid == 0) {
        for (unsigned i = 0; i < 10; i++)
            pass(array, WORDS);
        _exit(5);
    }
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 5)
        exit(9);
}

/* Close what a daemon closes, and use the numbers for files of its own. */
static void
run_daemon(const char *path)
{
    for (int fd = 3; fd < 256; fd++)
        close(fd);
    for (unsigned i = 0; i < 8; i++) {
        const int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
        if (fd < 0 || write(fd, "mine\n", 5) != 5)
            exit(9);
    }
}

/* Reads and writes in an order that no stream follows, all by this program's own instructions. */
static void
run_mix(void)
{
    uint64_t state = 1;
    for (unsigned i = 0; i < 400000; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        volatile uint64_t *word = &array[(state >> 33) % (WORDS / 4)];
        if (state >> 63)
            *word = state;
        else
            state += *word;
    }
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (strcmp(what, "mix") == 0) {
        run_mix();
        return 0;
    }
    fill(array, WORDS);
    if (strcmp(what, "pass") == 0)
        for (unsigned i = 0; i < count; i++)
            pass(array, WORDS);
    else if (strcmp(what, "threads") == 0 && count <= THREADS_MAX)
        run_threads(count);
    else if (strcmp(what, "many-threads") == 0)
        run_many_threads(count);
    else if (strcmp(what, "status") == 0)
        return (int)count;
    else if (strcmp(what, "fork") == 0)
        run_child();
    else if (strcmp(what, "daemon") == 0)
        run_daemon(argv[2]);
    else if (strcmp(what, "exec") == 0)
        execl("/bin/echo", "echo", "replaced", (char *)NULL);
    else if (strcmp(what, "crash") == 0)
        *(volatile int *)16 = 1;
    else if (strcmp(what, "unmap") == 0) {
        slices = mmap(NULL, sizeof array, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        pass(slices, WORDS);
        munmap(slices, sizeof array);
    } else if (strcmp(what, "wait") == 0) {
        puts("ready");
        fflush(stdout);
        for (;;)
            pass(array, WORDS);
    } else if (strcmp(what, "echo") == 0) {
        for (int c; (c = getchar()) != EOF;)
            putchar(c);
    }
    return 0;
}
