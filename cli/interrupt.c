/* SPDX-License-Identifier: MIT */
/*
 * The first SIGINT asks the runs to end soon, so that what is known is still reported. The handler may do next to
 * nothing; it wakes a thread through a pipe, which does the rest.
 */
#include <cli/cli.h>

#include <glib-unix.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

struct _NsimInterrupt {
    GCancellable *cancel;
    GThread *thread;
    int read_fd;
    struct sigaction old_action;
};

/* A signal handler has no other way to learn where to write. -1: nobody listens. */
static volatile sig_atomic_t wake_fd = -1;

static void
on_interrupt(int number)
{
    const int saved = errno;
    (void)number;
    if (wake_fd >= 0 && write(wake_fd, "i", 1) < 0) {
        /* Nothing can be done here; a second signal ends the program. */
    }
    errno = saved;
}

static gpointer
listen(gpointer data)
{
    NsimInterrupt *interrupt = data;
    char byte = 0;
    ssize_t got;
    do {
        got = read(interrupt->read_fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1 && byte == 'i')
        g_cancellable_cancel(interrupt->cancel);
    return NULL;
}

NsimInterrupt *
nsim_interrupt_new(GCancellable *cancel)
{
    int fds[2];
    if (!g_unix_open_pipe(fds, FD_CLOEXEC, NULL))
        return NULL; /* without it SIGINT just ends the program */
    NsimInterrupt *interrupt = g_new0(NsimInterrupt, 1);
    /* SA_RESETHAND: the second signal finds the default action. */
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
    sigemptyset(&action.sa_mask);
    interrupt->cancel = g_object_ref(cancel);
    interrupt->read_fd = fds[0];
    wake_fd = fds[1];
    interrupt->thread = g_thread_new("interrupt", listen, interrupt);
    sigaction(SIGINT, NULL, &interrupt->old_action);
    /* Who started us with SIGINT ignored (nohup, a shell's background job) wants it ignored. */
    if (interrupt->old_action.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
    return interrupt;
}

void
nsim_interrupt_free(NsimInterrupt *interrupt)
{
    if (!interrupt)
        return;
    sigaction(SIGINT, &interrupt->old_action, NULL);
    const int fd = wake_fd;
    wake_fd = -1;
    if (write(fd, "q", 1) == 1)
        g_thread_join(interrupt->thread);
    else
        g_thread_unref(interrupt->thread);
    close(fd);
    close(interrupt->read_fd);
    g_object_unref(interrupt->cancel);
    g_free(interrupt);
}
