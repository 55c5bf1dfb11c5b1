/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal belongs to the process, and so does this state: signal handlers and exit
 * must find it whatever the machine is doing. What handlers call is async-signal-safe.
 */
#include "chardev/backend.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct {
    volatile sig_atomic_t active;
    int fd;
    struct termios saved, raw;
    bool hooked;
} tty_state;

static const int deadly[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGSYS, SIGTRAP };

/* A background process that changed its terminal would be stopped for it. */
static bool in_foreground(void)
{
    return tcgetpgrp(tty_state.fd) == getpgrp();
}

static void apply(const struct termios *mode)
{
    if (tty_state.active && in_foreground()) {
        tcsetattr(tty_state.fd, TCSANOW, mode);
    }
}

void tty_leave(void)
{
    apply(&tty_state.saved);
    tty_state.active = 0;
}

static void on_deadly(int sig)
{
    apply(&tty_state.saved);
    raise(sig);         /* the default action, for the handler was reset on entry */
}

static void on_stop(int sig)
{
    int saved_errno = errno;
    apply(&tty_state.saved);
    kill(getpid(), SIGSTOP);
    errno = saved_errno;
}

static void on_continue(int sig)
{
    int saved_errno = errno;
    apply(&tty_state.raw);
    errno = saved_errno;
}

static void hook(int sig, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, old;
    sigemptyset(&action.sa_mask);
    /* Somebody else's handler (a sanitizer's) or "ignore" stays. */
    if (sigaction(sig, NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) && old.sa_handler == SIG_DFL) {
        sigaction(sig, &action, NULL);
    }
}

static void install_hooks(void)
{
    if (tty_state.hooked) {
        return;
    }
    tty_state.hooked = true;
    atexit(tty_leave);
    for (size_t i = 0; i < G_N_ELEMENTS(deadly); i++) {
        hook(deadly[i], on_deadly, (int)SA_RESETHAND | SA_NODEFER);
    }
    hook(SIGTSTP, on_stop, SA_RESTART);
    hook(SIGCONT, on_continue, SA_RESTART);
}

void tty_enter_raw(int fd, bool signals)
{
    if (!isatty(fd) || tcgetattr(fd, &tty_state.saved) != 0) {
        return;
    }
    tty_state.fd = fd;
    tty_state.raw = tty_state.saved;
    struct termios *raw = &tty_state.raw;
    raw->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    /* The guest's output goes out as it is: to a full-screen program of the guest a bare
     * newline is a step down. Our own messages end in "\r\n". */
    raw->c_oflag &= ~(tcflag_t)OPOST;
    raw->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    if (!signals) {
        raw->c_lflag &= ~(tcflag_t)ISIG;
    }
    raw->c_cflag = (raw->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    raw->c_cc[VMIN] = 1;
    raw->c_cc[VTIME] = 0;
    tty_state.active = 1;
    install_hooks();
    apply(raw);
}
