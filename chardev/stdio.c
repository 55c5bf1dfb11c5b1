/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal, pipe or file that the program was started on. */
#include "chardev/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util/error.h"

/*
 * Non-blocking mode would stick to the shell's own descriptor after us, so a terminal or
 * pipe is opened once more for output. Where that fails the copy blocks and fdport writes
 * only what is sure to fit.
 */
static int open_output(void)
{
    struct stat st;
    if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode))) {
        int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0) {
            return fd;
        }
    }
    return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static bool stdio_open(Chardev *chr, KeyVal *props, GError **err)
{
    bool signals = true;
    if (!keyval_get_bool(props, "signal", &signals, err) || !keyval_finish(props, err)) {
        return false;
    }
    int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    int out = open_output();
    if (in < 0 && out < 0) {
        return error_set(err, "%s: stdio: standard input and output are closed", keyval_option(props));
    }
    fflush(stdout);
    chr->state = isatty(STDIN_FILENO) ? chr : NULL;     /* only whether it is a terminal */
    tty_enter_raw(STDIN_FILENO, signals);
    chr->port = fdport_new(chr, in, out);
    chr->connected = true;
    return true;
}

static void stdio_close(Chardev *chr)
{
    tty_leave();
}

/*
 * End of input from a pipe or file: the guest's output goes on. A terminal in raw mode has
 * no end of input but its own: whoever holds the session (a make that waits for us) may not
 * have passed its hang-up on.
 */
static void stdio_hangup(Chardev *chr)
{
    fdport_set_input(chr->port, false);
    if (chr->state) {
        kill(getpid(), SIGHUP);
    }
}

static char *stdio_describe(const Chardev *chr)
{
    return g_strdup("stdio");
}

const ChardevBackend stdio_backend = {
    .name = "stdio",
    .help = "this terminal (signal=on|off: whether Ctrl-C ends the program)",
    .open = stdio_open,
    .close = stdio_close,
    .hangup = stdio_hangup,
    .describe = stdio_describe,
};
