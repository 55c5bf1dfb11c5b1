/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chardev/connect.h"

#include <unistd.h>
#include "util/error.h"

struct Connecting {
    Chardev *chr;           /* NULL: closed meanwhile; the main thread's */
    GMainContext *context;
    SockAddrUse use;
    SockAddr addr, local;
    char *option;
    bool awaited;
    Connected connected;
    int fd;
    GError *err;
};

static void connecting_free(gpointer data)
{
    struct Connecting *c = data;
    if (c->fd >= 0) {
        close(c->fd);
    }
    g_main_context_unref(c->context);
    sockaddr_clear(&c->addr);
    sockaddr_clear(&c->local);
    g_clear_error(&c->err);
    g_free(c->option);
    g_free(c);
}

void connect_tell(Chardev *chr, const GError *err)
{
    ChardevReady ready = chr->ready;
    chr->ready = NULL;
    if (ready) {
        ready(chr->ready_opaque, err);
    } else if (err) {
        g_printerr("valletta: %s\n", err->message);
    }
}

static gboolean connecting_done(gpointer data)
{
    struct Connecting *c = data;
    if (c->chr) {
        Machine *machine = c->chr->machine;
        machine_lock(machine);
        int fd = c->fd;
        c->fd = -1;
        c->chr->connecting = NULL;
        c->connected(c->chr, fd, &c->addr, c->err);
        machine_unlock(machine);
    }
    return G_SOURCE_REMOVE;
}

static gpointer connecting_thread(gpointer data)
{
    struct Connecting *c = data;
    c->fd = sockaddr_open(c->use, &c->addr, &c->local, c->option, CONNECT_SECONDS, &c->err);
    g_autoptr(GSource) source = g_idle_source_new();
    g_source_set_callback(source, connecting_done, c, connecting_free);
    g_source_attach(source, c->context);
    return NULL;
}

void connect_begin(Chardev *chr, SockAddrUse use, const SockAddr *addr, const SockAddr *local,
                   const char *option, bool awaited, Connected connected)
{
    struct Connecting *c = g_new0(struct Connecting, 1);
    *c = (struct Connecting){ .chr = chr, .context = g_main_context_ref(chr->machine->context), .use = use,
                              .addr = sockaddr_copy(addr), .local.fd = -1, .option = g_strdup(option),
                              .awaited = awaited, .connected = connected, .fd = -1 };
    if (local) {
        c->local = sockaddr_copy(local);
    }
    chr->connecting = c;
    g_thread_unref(g_thread_new("connect", connecting_thread, c));
}

void connect_stop(Chardev *chr)
{
    if (chr->connecting) {
        g_autoptr(GError) err = NULL;
        bool awaited = chr->connecting->awaited;
        error_set(&err, "Chardev '%s' was closed before it was connected", chr->id);
        chr->connecting->chr = NULL;
        chr->connecting = NULL;
        if (awaited) {
            connect_tell(chr, err);
        }
    }
}

bool connect_is_awaited(const Chardev *chr)
{
    return chr->connecting && chr->connecting->awaited;
}
