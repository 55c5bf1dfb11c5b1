/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pseudo terminal of its own. The host tells of nobody opening it, only (by a hang-up)
 * that nobody has it open; so while it is closed we look four times a second.
 */
#include "chardev/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#include "util/error.h"

#define LOOK_EVERY_MS 250

typedef struct {
    int master;         /* owned by the port */
    char *path;
    GSource *look;      /* NULL while somebody has it open */
} Pty;

static gboolean look(gpointer data)
{
    Chardev *chr = data;
    Pty *pty = chr->state;
    struct pollfd pfd = { .fd = pty->master, .events = POLLIN };
    machine_lock(chr->machine);
    bool closed = poll(&pfd, 1, 0) < 0 || (pfd.revents & POLLHUP);
    if (!closed) {
        g_clear_pointer(&pty->look, g_source_unref);
        chardev_set_connected(chr, true);
        fdport_set_input(chr->port, true);
    }
    machine_unlock(chr->machine);
    return closed ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void start_looking(Chardev *chr)
{
    Pty *pty = chr->state;
    pty->look = g_timeout_source_new(LOOK_EVERY_MS);
    g_source_set_callback(pty->look, look, chr, NULL);
    g_source_attach(pty->look, chr->machine->context);
}

static void pty_hangup(Chardev *chr)
{
    chardev_set_connected(chr, false);
    fdport_set_input(chr->port, false);
    start_looking(chr);
}

/* Raw mode of the slave lasts as long as the master is open. Opening and closing the slave
 * once also makes the host report the hang-up from now on. */
static bool prepare_slave(const char *path)
{
    int slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) {
        return false;
    }
    struct termios mode;
    bool ok = tcgetattr(slave, &mode) == 0;
    cfmakeraw(&mode);
    ok = ok && tcsetattr(slave, TCSANOW, &mode) == 0;
    close(slave);
    return ok;
}

static bool pty_open(Chardev *chr, KeyVal *props, GError **err)
{
    char path[128];
    if (!keyval_finish(props, err)) {
        return false;
    }
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
        ptsname_r(master, path, sizeof(path)) != 0 || !prepare_slave(path)) {
        error_set(err, "%s: pty: the host gives no pseudo terminal: %s", keyval_option(props),
                  g_strerror(errno));
        if (master >= 0) {
            close(master);
        }
        return false;
    }
    fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
    Pty *pty = g_new0(Pty, 1);
    pty->master = master;
    pty->path = g_strdup(path);
    chr->state = pty;
    chr->port = fdport_new(chr, master, master);
    fdport_set_input(chr->port, false);
    start_looking(chr);
    printf("char device redirected to %s (label %s)\n", path, chr->id);
    fflush(stdout);
    return true;
}

static void pty_close(Chardev *chr)
{
    Pty *pty = chr->state;
    if (!pty) {
        return;
    }
    if (pty->look) {
        g_source_destroy(pty->look);
        g_source_unref(pty->look);
    }
    g_free(pty->path);
    g_free(pty);
}

static char *pty_describe(const Chardev *chr)
{
    const Pty *pty = chr->state;
    return g_strdup_printf("pty:%s", pty->path);
}

const ChardevBackend pty_backend = {
    .name = "pty",
    .help = "a new pseudo terminal; its name is printed",
    .open = pty_open,
    .close = pty_close,
    .hangup = pty_hangup,
    .describe = pty_describe,
};
