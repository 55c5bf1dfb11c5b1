/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP and unix sockets, as server (one client at a time) or client. */
#include "chardev/backend.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chardev/sockaddr.h"
#include "util/error.h"

#define CONNECT_SECONDS 10

typedef struct {
    SockAddr addr;
    char *made_path;        /* absolute: the process may change its folder */
    bool server, wait, nodelay;
    int listen_fd;
    GSource *accept;        /* while a server has no client */
} Socket;

static bool is_unix(int fd)
{
    struct sockaddr_storage name = { 0 };
    socklen_t len = sizeof(name);
    return getsockname(fd, (struct sockaddr *)&name, &len) == 0 && name.ss_family == AF_UNIX;
}

static void use_connection(Chardev *chr, int fd)
{
    Socket *s = chr->state;
    int on = s->nodelay;
    if (s->addr.port) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    chr->port = fdport_new(chr, fd, fd);
    if (is_unix(fd)) {
        fdport_set_takes_fds(chr->port);
    }
    chardev_set_connected(chr, true);
    fdport_update(chr->port);
}

static gboolean accept_client(gint listen_fd, GIOCondition condition, gpointer data)
{
    Chardev *chr = data;
    Socket *s = chr->state;
    machine_lock(chr->machine);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        g_clear_pointer(&s->accept, g_source_unref);
        use_connection(chr, fd);
    }
    machine_unlock(chr->machine);
    return fd >= 0 ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void start_accepting(Chardev *chr)
{
    Socket *s = chr->state;
    s->accept = g_unix_fd_source_new(s->listen_fd, G_IO_IN);
    g_source_set_callback(s->accept, G_SOURCE_FUNC(accept_client), chr, NULL);
    g_source_attach(s->accept, chr->machine->context);
}

static void socket_hangup(Chardev *chr)
{
    Socket *s = chr->state;
    g_clear_pointer(&chr->port, fdport_free);
    chardev_set_connected(chr, false);
    if (s->server) {
        start_accepting(chr);
    }
}

/* ---- connecting in the background ---- */

/* TCP may take minutes, names too: a thread connects, the main thread takes over what came of it. */
struct Connecting {
    Chardev *chr;           /* NULL: closed meanwhile; the main thread's */
    GMainContext *context;
    SockAddr addr;
    char *option;
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
    g_clear_error(&c->err);
    g_free(c->option);
    g_free(c);
}

static void tell_ready(Chardev *chr, const GError *err)
{
    ChardevReady ready = chr->ready;
    chr->connecting = NULL;
    chr->ready = NULL;
    if (ready) {
        ready(chr->ready_opaque, err);      /* which may free chr */
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
        if (c->fd >= 0) {
            use_connection(c->chr, c->fd);
            c->fd = -1;
        }
        tell_ready(c->chr, c->err);
        machine_unlock(machine);
    }
    return G_SOURCE_REMOVE;
}

static gpointer connecting_thread(gpointer data)
{
    struct Connecting *c = data;
    c->fd = sockaddr_connect(&c->addr, c->option, CONNECT_SECONDS, &c->err);
    g_autoptr(GSource) source = g_idle_source_new();
    g_source_set_callback(source, connecting_done, c, connecting_free);
    g_source_attach(source, c->context);
    return NULL;
}

static void connect_later(Chardev *chr, const char *option)
{
    Socket *s = chr->state;
    struct Connecting *c = g_new0(struct Connecting, 1);
    *c = (struct Connecting){ .chr = chr, .context = g_main_context_ref(chr->machine->context),
                              .addr = sockaddr_copy(&s->addr), .option = g_strdup(option), .fd = -1 };
    chr->connecting = c;
    g_thread_unref(g_thread_new("connect", connecting_thread, c));
}

static void stop_connecting(Chardev *chr)
{
    if (chr->connecting) {
        g_autoptr(GError) err = NULL;
        error_set(&err, "Chardev '%s' was closed before it was connected", chr->id);
        chr->connecting->chr = NULL;
        tell_ready(chr, err);
    }
}

/* ---- opening and closing ---- */

static bool connect_client(Chardev *chr, const char *option, GError **err)
{
    Socket *s = chr->state;
    if (chr->background && s->addr.port) {
        connect_later(chr, option);
        return true;
    }
    int fd = sockaddr_connect(&s->addr, option, chr->background ? CONNECT_SECONDS : 0, err);
    if (fd >= 0) {
        use_connection(chr, fd);
    }
    return fd >= 0;
}

/* What others have and we have not: named, so that nobody looks for the mistake. */
static bool refuse_absent(KeyVal *props, GError **err)
{
    static const char *const absent[] = { "telnet", "websocket", "tn3270" };
    for (size_t i = 0; i < G_N_ELEMENTS(absent); i++) {
        bool on = false;
        if (!keyval_get_bool(props, absent[i], &on, err)) {
            return false;
        }
        if (on) {
            return error_set(err, "%s: %s is not there yet; without it the socket is plain bytes (nc, socat)",
                             keyval_option(props), absent[i]);
        }
    }
    static const char *const valued[] = { "reconnect", "reconnect-ms", "tls-creds", "to" };
    for (size_t i = 0; i < G_N_ELEMENTS(valued); i++) {
        const char *value = keyval_get(props, valued[i]);
        if (value && g_strcmp0(value, "0") != 0) {
            return error_set(err, "%s: %s= is not there yet", keyval_option(props), valued[i]);
        }
    }
    return true;
}

static bool socket_open(Chardev *chr, KeyVal *props, GError **err)
{
    Socket *s = g_new0(Socket, 1);
    chr->state = s;
    s->listen_fd = -1;
    s->addr.fd = -1;
    s->wait = true;
    bool has_wait = keyval_get(props, "wait") != NULL;
    if (!sockaddr_parse(&s->addr, props, err) || !refuse_absent(props, err) ||
        !keyval_get_bool(props, "server", &s->server, err) ||
        !keyval_get_bool(props, "wait", &s->wait, err)) {
        return false;
    }
    bool delay = true;
    if (!keyval_get_bool(props, "nodelay", &s->nodelay, err) ||
        !keyval_get_bool(props, "delay", &delay, err)) {
        return false;
    }
    s->nodelay |= !delay;
    if (!s->server && has_wait) {
        return error_set(err, "%s: wait= is for servers; add server=on", keyval_option(props));
    }
    /* All properties must be right before a socket is made. */
    if (!keyval_finish(props, err)) {
        return false;
    }
    if (!s->server) {
        return connect_client(chr, keyval_option(props), err);
    }
    s->listen_fd = sockaddr_listen(&s->addr, keyval_option(props), err);
    if (s->listen_fd < 0) {
        return false;
    }
    if (s->addr.path && !s->addr.abstract) {
        s->made_path = g_canonicalize_filename(s->addr.path, NULL);
    }
    start_accepting(chr);
    return true;
}

static void socket_close(Chardev *chr)
{
    Socket *s = chr->state;
    if (!s) {
        return;
    }
    stop_connecting(chr);
    if (s->accept) {
        g_source_destroy(s->accept);
        g_source_unref(s->accept);
    }
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
        if (s->made_path) {
            unlink(s->made_path);
        }
    }
    g_free(s->made_path);
    sockaddr_clear(&s->addr);
    g_free(s);
}

static bool socket_waits(const Chardev *chr)
{
    const Socket *s = chr->state;
    return s->server && s->wait && !chr->connected;
}

static char *socket_describe(const Chardev *chr)
{
    const Socket *s = chr->state;
    g_autofree char *addr = sockaddr_describe(&s->addr);
    return g_strconcat(chr->connected ? "" : "disconnected:", addr, s->server ? ",server=on" : "", NULL);
}

const ChardevBackend socket_backend = {
    .name = "socket",
    .help = "TCP or unix socket (host=,port= | path=,abstract=on|off | fd=; server=on|off, wait=on|off, "
            "nodelay=on|off)",
    .open = socket_open,
    .close = socket_close,
    .hangup = socket_hangup,
    .waits = socket_waits,
    .describe = socket_describe,
};
