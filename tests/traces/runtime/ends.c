/* SPDX-License-Identifier: MIT */
/* The ways a program can end, or change, by name; before that it stores to each line of 4 MiB. */
#include <numasim/capture.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES ((size_t)4 << 20)

static char *memory;

static void
touch(void)
{
    for (size_t i = 0; i < BYTES; i += 64)
        memory[i]++;
}

static void
handler(int number)
{
    (void)number;
    touch();
    _exit(7);
}

static int __attribute__((noinline)) overflow(volatile char *before)
{
    volatile char frame[4096];
    frame[0] = (char)(before[0] + 1);
    return overflow(frame) + frame[0];
}

static void *
run_on(void *nothing)
{
    for (volatile unsigned long count = 0;; count++)
        continue;
    return nothing;
}

/* A child that ends with status 0 when its own memory is as it should be. */
static int
child(pid_t pid)
{
    int status = 1;
    if (pid == 0) {
        touch();
        exit(memory[64] == 2 ? 0 : 1);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 1;
    touch();
    return memory[64] == 2 ? status : 1;
}

int
main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    pthread_t thread;
    memory = nsim_capture_map("memory", BYTES);
    touch();
    if (strcmp(how, "exit-in-thread") == 0 && pthread_create(&thread, NULL, run_on, NULL) == 0)
        exit(5);
    if (strcmp(how, "_exit") == 0)
        _exit(3);
    if (strcmp(how, "quick_exit") == 0)
        quick_exit(4);
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "fault") == 0)
        *(volatile int *)8 = 1;
    if (strcmp(how, "overflow") == 0)
        return overflow("a");
    if (strcmp(how, "signal") == 0)
        raise(argc > 2 ? atoi(argv[2]) : SIGTERM);
    if (strcmp(how, "handler") == 0) {
        signal(SIGTERM, handler);
        raise(SIGTERM);
    }
    if (strcmp(how, "fork") == 0)
        return child(fork());
    if (strcmp(how, "vfork") == 0) {
        const pid_t pid = vfork();
        if (pid == 0)
            _exit(6);
        int status = 0;
        waitpid(pid, &status, 0);
        touch();
        return WEXITSTATUS(status) == 6 ? 0 : 1;
    }
    if (strcmp(how, "wait") == 0) { /* no child but those the program has made */
        const pid_t any = wait(NULL);
        return any == -1 ? 0 : 1;
    }
    if (strcmp(how, "exec") == 0) {
        execl("/bin/echo", "echo", "replaced", (char *)NULL);
        return 1;
    }
    return 0;
}
