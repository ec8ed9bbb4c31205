/* SPDX-License-Identifier: MIT */
/*
 * Signals that end a captured program. Where the program has said nothing about one, the trace is closed and the signal
 * then does what it does by default. A program that sets a handler replaces this one; then its end is seen when it
 * exits, or by the writing process when it is gone. There is no handler for SIGKILL, nor a stack for one when the
 * thread's own has overflowed: then only what was handed over is in the trace.
 */
#include "automatic.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static const int watched[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGABRT, SIGBUS,  SIGFPE,
                              SIGSEGV, SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGSYS};

static void
ended_by(int signal_number, siginfo_t *info, void *context)
{
    (void)context;
    nsim_auto_finish(signal_number);
    struct sigaction plain;
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    sigaction(signal_number, &plain, NULL);
    /* A fault happens again on return; what was sent is sent again, and comes when the handler returns. */
    if (info->si_code <= 0 ||
        (signal_number != SIGSEGV && signal_number != SIGBUS && signal_number != SIGILL && signal_number != SIGFPE))
        raise(signal_number);
}

void
nsim_auto_watch_signals(void)
{
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++) {
        struct sigaction action;
        if (sigaction(watched[i], NULL, &action) != 0 || (action.sa_flags & SA_SIGINFO) || action.sa_handler != SIG_DFL)
            continue;
        memset(&action, 0, sizeof action);
        action.sa_sigaction = ended_by;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigfillset(&action.sa_mask);
        sigaction(watched[i], &action, NULL);
    }
}
