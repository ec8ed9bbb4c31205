/* SPDX-License-Identifier: MIT */
/*
 * A child process with limits. Parent and child share one anonymous mapping for the result and nothing else.
 *
 * The child of a program with threads may deadlock on a lock that another thread held; its alarm ends it then, and the
 * caller sees NSIM_ISOLATE_DIED.
 */
#include <models/isolate.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_GOOD = 0, EXIT_REFUSED = 3 };

/* Address sanitizers reserve terabytes, so the limit on address space cannot hold for them. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static void
set_limit(int resource, rlim_t value)
{
    const struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    setrlimit((__rlimit_resource_t)resource, &limit);
}

/* Dying quietly: no core, no handler of the program, nothing on its terminal. */
static void
confine(void)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM, SIGXCPU};
    sigset_t none;
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        signal(deadly[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_CPU, NSIM_ISOLATE_SECONDS_MAX);
    if (!SANITIZED)
        set_limit(RLIMIT_AS, NSIM_ISOLATE_BYTES_MAX);
    alarm(NSIM_ISOLATE_SECONDS_MAX);
}

static NsimIsolateOutcome
await(pid_t child)
{
    int status;
    pid_t got;
    do {
        got = waitpid(child, &status, 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return NSIM_ISOLATE_FAILED;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_GOOD)
        return NSIM_ISOLATE_GOOD;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED)
        return NSIM_ISOLATE_REFUSED;
    return NSIM_ISOLATE_DIED;
}

NsimIsolateOutcome
nsim_isolate_run(NsimIsolateFunc run, const void *data, size_t length, void *ret_result, size_t result_bytes)
{
    void *shared = mmap(NULL, result_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return NSIM_ISOLATE_FAILED;
    const pid_t child = fork();
    if (child == 0) {
        confine();
        /* _exit: the parent's exit handlers and unwritten output are not the child's to run and write. */
        _exit(run(data, length, shared) ? EXIT_GOOD : EXIT_REFUSED);
    }
    const NsimIsolateOutcome outcome = child < 0 ? NSIM_ISOLATE_FAILED : await(child);
    const int reason = errno;
    if (outcome == NSIM_ISOLATE_GOOD)
        memcpy(ret_result, shared, result_bytes);
    munmap(shared, result_bytes);
    errno = reason;
    return outcome;
}
