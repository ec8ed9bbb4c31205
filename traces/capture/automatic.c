/* SPDX-License-Identifier: MIT */
/*
 * The life of an automatic capture (automatic.h): it begins with the first constructor or call-out of the program, and
 * ends with the last destructor, at _exit(), quick_exit(), or a signal. A child process is not captured, unless the
 * file's name has its number in it (%p).
 */
#include "automatic.h"
#include "runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 100

/* One of the call-outs (callouts.c). */
void __tsan_read8(void *address);

NsimAutoShared *nsim_auto_shared;
NsimSettings nsim_auto_settings;
char nsim_auto_path[NSIM_SETTINGS_PATH_MAX];
long nsim_auto_process;

static char pattern[NSIM_SETTINGS_PATH_MAX];
static pid_t writer;

void
nsim_auto_tell(int descriptor, const char *format, ...)
{
    char text[1024] = "numasim-capture: ";
    const size_t room = sizeof text - 1, prefix = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text + prefix, room - prefix, format, arguments);
    va_end(arguments);
    size_t end = length < 0 ? prefix : prefix + (size_t)length;
    end = end < room ? end : room - 1;
    text[end++] = '\n';
    /* There is nobody to tell that it cannot be told. */
    const ssize_t written = write(descriptor, text, end);
    (void)written;
}

void
nsim_auto_futex_wait(_Atomic uint32_t *word, uint32_t value, long milliseconds)
{
    const struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &timeout, NULL, 0);
}

void
nsim_auto_futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

bool
nsim_auto_is_captured(void)
{
    return nsim_auto_shared && syscall(SYS_getpid) == nsim_auto_process;
}

bool
nsim_auto_writer_lost(void)
{
    NsimAutoShared *shared = nsim_auto_shared;
    siginfo_t info = {.si_pid = 0};
    const int error = waitid(P_PID, (id_t)writer, &info, WEXITED | WNOHANG | WNOWAIT | (int)__WCLONE);
    if (error == 0 && info.si_pid == 0)
        return false;
    if (atomic_exchange(&shared->state, NSIM_AUTO_DONE) != NSIM_AUTO_DONE &&
        atomic_exchange(&shared->message_told, 1) == 0)
        nsim_auto_tell(STDERR_FILENO, "the process that writes the trace was killed: no capture, the program goes on");
    return true;
}

/* ---- Start --------------------------------------------------------------------------------------------------- */

/* Is this thread the only one? A copy of the process then finds every lock free. */
static bool
is_alone(void)
{
    struct stat status;
    return stat("/proc/self/task", &status) != 0 || status.st_nlink <= 3;
}

static void
give_up(const char *problem)
{
    nsim_auto_tell(STDERR_FILENO, "%s: no capture, the program goes on", problem);
    if (nsim_auto_shared)
        munmap(nsim_auto_shared, sizeof *nsim_auto_shared);
    nsim_auto_shared = NULL;
}

/* Make the writing process, and wait until it has its file. */
static void
start(bool is_on)
{
    nsim_auto_process = syscall(SYS_getpid);
    if (!nsim_settings_expand(pattern, nsim_auto_process, nsim_auto_path)) {
        give_up("the name in NUMASIM_CAPTURE is too long");
        return;
    }
    if (!is_alone()) {
        give_up("the program has several threads before the capture could begin");
        return;
    }
    NsimAutoShared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || !nsim_auto_init_threads()) {
        nsim_auto_shared = shared == MAP_FAILED ? NULL : shared;
        give_up("no memory to begin");
        return;
    }
    const uint64_t before = nsim_auto_block_signals();
    writer = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (writer == 0)
        nsim_auto_drain(shared);
    nsim_auto_restore_signals(before);
    nsim_auto_shared = shared;
    if (writer < 0) {
        give_up(errno == EAGAIN ? "no more processes may be made" : "cannot make the writing process");
        return;
    }
    while (atomic_load(&shared->state) == NSIM_AUTO_STARTING) {
        nsim_auto_futex_wait(&shared->state, NSIM_AUTO_STARTING, WAIT_MS);
        if (nsim_auto_writer_lost())
            break;
    }
    if (atomic_load(&shared->state) == NSIM_AUTO_RUNNING) {
        atomic_store(&nsim_auto_on, is_on);
        return;
    }
    waitpid(writer, NULL, (int)__WCLONE); /* it has told why */
    munmap(shared, sizeof *shared);
    nsim_auto_shared = NULL;
}

/* Does another library serve the program's call-outs? It does when the program was linked with -fsanitize=thread. */
static bool
is_served_elsewhere(void)
{
    void *served = dlsym(RTLD_DEFAULT, "__tsan_read8");
    return served && served != (void *)(uintptr_t)__tsan_read8;
}

/* In the child of a fork. The parent's shared memory is not the child's to touch. */
static void
after_fork(void)
{
    if (!nsim_auto_shared)
        return;
    const bool was_on = atomic_exchange(&nsim_auto_on, false);
    munmap(nsim_auto_shared, sizeof *nsim_auto_shared);
    nsim_auto_shared = NULL;
    nsim_auto_forget_threads();
    if (strstr(pattern, "%p"))
        start(was_on);
}

static void
finish_normally(void)
{
    nsim_auto_finish(NSIM_AUTO_ENDED);
}

void
nsim_auto_begin(void)
{
    static bool has_begun;
    if (has_begun)
        return;
    has_begun = true;
    const char *name = secure_getenv("NUMASIM_CAPTURE");
    char problem[512];
    if (!name || name[0] == '\0')
        return;
    nsim_settings_init(&nsim_auto_settings);
    if (!nsim_settings_parse(&nsim_auto_settings, secure_getenv("NUMASIM_CAPTURE_OPTIONS"), problem, sizeof problem)) {
        nsim_auto_tell(STDERR_FILENO, "NUMASIM_CAPTURE_OPTIONS: %s: no capture, the program goes on", problem);
        return;
    }
    if (is_served_elsewhere()) {
        give_up("the sanitizer's own library serves this program's calls (link without -fsanitize=thread)");
        return;
    }
    if (strlen(name) >= sizeof pattern) {
        give_up("the name in NUMASIM_CAPTURE is too long");
        return;
    }
    memcpy(pattern, name, strlen(name) + 1);
    start(!nsim_auto_settings.manual);
    if (!nsim_auto_shared)
        return;
    pthread_atfork(NULL, NULL, after_fork);
    at_quick_exit(finish_normally);
    nsim_auto_watch_signals();
}

/* The lowest priority that is the program's: before its own constructors, after its own destructors. */
__attribute__((constructor(101))) static void
begin(void)
{
    nsim_auto_begin();
}

__attribute__((destructor(101))) static void
end(void)
{
    nsim_auto_finish(NSIM_AUTO_ENDED);
}

void
nsim_auto_finish(int32_t ending)
{
    if (!nsim_auto_is_captured())
        return;
    NsimAutoShared *shared = nsim_auto_shared;
    const uint64_t before = nsim_auto_block_signals();
    nsim_auto_close_ring(ending);
    for (uint32_t state; (state = atomic_load(&shared->state)) != NSIM_AUTO_DONE;) {
        nsim_auto_futex_wait(&shared->state, state, WAIT_MS);
        if (nsim_auto_writer_lost())
            break;
    }
    waitpid(writer, NULL, (int)__WCLONE);
    nsim_auto_restore_signals(before);
}

/* ---- What the program asks ----------------------------------------------------------------------------------- */

void
nsim_auto_region(const char *name, const void *address, size_t bytes)
{
    NsimAutoShared *shared = nsim_auto_shared;
    const uint32_t index = atomic_fetch_add(&shared->region_count, 1);
    if (index >= NSIM_AUTO_REGIONS) {
        atomic_store(&shared->region_count, NSIM_AUTO_REGIONS);
        return;
    }
    shared->regions[index].address = (uintptr_t)address;
    shared->regions[index].bytes = bytes;
    strncpy(shared->regions[index].name, name, NSIM_AUTO_NAME_BYTES - 1);
    atomic_store(&shared->regions[index].ready, 1);
}

void
nsim_capture_on(void)
{
    if (nsim_auto_is_captured() && atomic_load(&nsim_auto_shared->state) == NSIM_AUTO_RUNNING)
        atomic_store(&nsim_auto_on, true);
}

void
nsim_capture_off(void)
{
    atomic_store(&nsim_auto_on, false);
}
