/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP and unix sockets, as server (one client at a time) or client, with plain bytes, telnet or websocket. A
 * client may connect again and again.
 */
#include "chardev/backend.h"

#include <errno.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chardev/connect.h"
#include "util/error.h"
#include "util/unix_socket.h"

/* How long a client of a websocket may take to say what it wants. */
#define HANDSHAKE_MS 10000
#define RECONNECT_MAX_MS (24ull * 3600 * 1000)

typedef struct {
    SockAddr addr;
    char *made_path;        /* absolute: the process may change its folder */
    char *option;           /* begins messages */
    char *peer;             /* "HOST:PORT" of a TCP connection */
    bool server, wait, nodelay;
    const WireType *speaks; /* NULL: plain bytes */
    uint64_t reconnect_ms;  /* 0: never again */
    bool said_why;          /* that it cannot be connected, for this time */
    int listen_fd;
    GSource *accept;        /* while a server has no client */
    GSource *timer;         /* connects again, or ends a handshake */
} Socket;

static void start_accepting(Chardev *chr);
static void connect_later(Chardev *chr);

static void stop_source(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}

static void start_timer(Chardev *chr, uint64_t ms, GSourceFunc func)
{
    Socket *s = chr->state;
    stop_source(&s->timer);
    s->timer = g_timeout_source_new((guint)ms);
    g_source_set_callback(s->timer, func, chr, NULL);
    g_source_attach(s->timer, chr->machine->context);
}

/* ---- connections ---- */

static bool is_unix(int fd)
{
    struct sockaddr_storage name = { 0 };
    socklen_t len = sizeof(name);
    return getsockname(fd, (struct sockaddr *)&name, &len) == 0 && name.ss_family == AF_UNIX;
}

static char *name_peer(int fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
        (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) ||
        getnameinfo((struct sockaddr *)&peer, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return NULL;
    }
    return g_strdup_printf(peer.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static void lose_connection(Chardev *chr)
{
    Socket *s = chr->state;
    stop_source(&s->timer);
    g_clear_pointer(&chr->port, fdport_free);
    chardev_drop_wire(chr);
    g_clear_pointer(&s->peer, g_free);
    chardev_set_connected(chr, false);
}

static gboolean handshake_late(gpointer data)
{
    Chardev *chr = data;
    Machine *machine = chr->machine;
    machine_lock(machine);
    Socket *s = chr->state;
    g_clear_pointer(&s->timer, g_source_unref);
    if (!chr->connected) {
        lose_connection(chr);
        start_accepting(chr);
    }
    machine_unlock(machine);
    return G_SOURCE_REMOVE;
}

static void use_connection(Chardev *chr, int fd)
{
    Socket *s = chr->state;
    int on = s->nodelay;
    if (s->addr.port) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    s->peer = name_peer(fd);
    s->said_why = false;
    chr->port = fdport_new(chr, fd, fd);
    if (is_unix(fd)) {
        fdport_set_takes_fds(chr->port);
    }
    if (s->speaks) {
        chr->wire = wire_new(s->speaks);
        chardev_flush(chr);
    }
    if (chr->wire && !chr->wire->open) {
        start_timer(chr, HANDSHAKE_MS, handshake_late);
    } else {
        chardev_set_connected(chr, true);
    }
    if (chr->port) {        /* the front end may have closed it */
        fdport_update(chr->port);
    }
}

static gboolean accept_client(gint listen_fd, GIOCondition condition, gpointer data)
{
    Chardev *chr = data;
    Socket *s = chr->state;
    Machine *machine = chr->machine;
    machine_lock(machine);
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        g_clear_pointer(&s->accept, g_source_unref);
        use_connection(chr, fd);
    }
    machine_unlock(machine);
    return fd >= 0 ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void start_accepting(Chardev *chr)
{
    Socket *s = chr->state;
    s->accept = g_unix_fd_source_new(s->listen_fd, G_IO_IN);
    g_source_set_callback(s->accept, G_SOURCE_FUNC(accept_client), chr, NULL);
    g_source_attach(s->accept, chr->machine->context);
}

static gboolean time_to_connect(gpointer data)
{
    Chardev *chr = data;
    Machine *machine = chr->machine;
    machine_lock(machine);
    Socket *s = chr->state;
    g_clear_pointer(&s->timer, g_source_unref);
    connect_later(chr);
    machine_unlock(machine);
    return G_SOURCE_REMOVE;
}

static void socket_hangup(Chardev *chr)
{
    Socket *s = chr->state;
    lose_connection(chr);
    if (s->server) {
        start_accepting(chr);
    } else if (s->reconnect_ms) {
        start_timer(chr, s->reconnect_ms, time_to_connect);
    }
}

/* ---- clients ---- */

static void client_connected(Chardev *chr, int fd, const SockAddr *addr, const GError *err)
{
    Socket *s = chr->state;
    if (fd >= 0) {
        use_connection(chr, fd);
        connect_tell(chr, NULL);
    } else if (s->reconnect_ms) {
        if (!s->said_why) {
            g_printerr("valletta: %s; it is tried again each %" G_GUINT64_FORMAT " ms\n", err->message,
                       s->reconnect_ms);
        }
        s->said_why = true;
        start_timer(chr, s->reconnect_ms, time_to_connect);
    } else {
        connect_tell(chr, err);
    }
}

static void connect_later(Chardev *chr)
{
    Socket *s = chr->state;
    connect_begin(chr, SOCKADDR_CONNECT, &s->addr, NULL, s->option, !s->reconnect_ms, client_connected);
}

static bool connect_client(Chardev *chr, GError **err)
{
    Socket *s = chr->state;
    if (s->reconnect_ms || (chr->background && !sockaddr_is_quick(SOCKADDR_CONNECT, &s->addr, NULL))) {
        connect_later(chr);
        return true;
    }
    int fd = sockaddr_connect(&s->addr, s->option, chr->background ? CONNECT_SECONDS : 0, err);
    if (fd >= 0) {
        use_connection(chr, fd);
    }
    return fd >= 0;
}

/* ---- servers ---- */

static void listening(Chardev *chr, int fd, const SockAddr *addr, const GError *err)
{
    Socket *s = chr->state;
    if (fd >= 0) {
        s->listen_fd = fd;
        sockaddr_clear(&s->addr);
        s->addr = sockaddr_copy(addr);
        start_accepting(chr);
    }
    connect_tell(chr, err);
}

static bool start_server(Chardev *chr, GError **err)
{
    Socket *s = chr->state;
    if (chr->background && s->addr.port && !sockaddr_is_quick(SOCKADDR_LISTEN, &s->addr, NULL)) {
        connect_begin(chr, SOCKADDR_LISTEN, &s->addr, NULL, s->option, true, listening);
        return true;
    }
    s->listen_fd = sockaddr_listen(&s->addr, s->option, err);
    if (s->listen_fd < 0) {
        return false;
    }
    if (s->addr.path && !s->addr.abstract) {
        s->made_path = g_canonicalize_filename(s->addr.path, NULL);
    }
    start_accepting(chr);
    return true;
}

/* ---- opening and closing ---- */

/* What others have and we have not: named, so that nobody looks for the mistake. */
static bool refuse_absent(KeyVal *props, GError **err)
{
    bool on = false;
    if (!keyval_get_bool(props, "tn3270", &on, err)) {
        return false;
    }
    if (on) {
        return error_set(err, "%s: tn3270 is for terminals of other machines; use telnet=on",
                         keyval_option(props));
    }
    static const char *const valued[] = { "tls-creds", "tls-authz", "to" };
    for (size_t i = 0; i < G_N_ELEMENTS(valued); i++) {
        if (keyval_get(props, valued[i])) {
            return error_set(err, "%s: %s= is not there yet", keyval_option(props), valued[i]);
        }
    }
    return true;
}

static bool get_wire(Socket *s, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    bool telnet = false, websocket = false;
    if (!keyval_get_bool(props, "telnet", &telnet, err) ||
        !keyval_get_bool(props, "websocket", &websocket, err)) {
        return false;
    }
    if (telnet && websocket) {
        return error_set(err, "%s: telnet=on and websocket=on exclude each other", option);
    }
    if (websocket && !s->server) {
        return error_set(err, "%s: websocket=on is for servers; add server=on", option);
    }
    s->speaks = telnet ? &telnet_wire : websocket ? &websocket_wire : NULL;
    return true;
}

static bool get_reconnect(Socket *s, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    uint64_t seconds = 0;
    bool in_ms = keyval_get(props, "reconnect-ms") != NULL;
    if (!keyval_get_number(props, "reconnect", 0, RECONNECT_MAX_MS / 1000, &seconds, err) ||
        !keyval_get_number(props, "reconnect-ms", 0, RECONNECT_MAX_MS, &s->reconnect_ms, err)) {
        return false;
    }
    if (in_ms && keyval_get(props, "reconnect")) {
        return error_set(err, "%s: reconnect= and reconnect-ms= exclude each other", option);
    }
    s->reconnect_ms = in_ms ? s->reconnect_ms : seconds * 1000;
    if (s->reconnect_ms && s->server) {
        return error_set(err, "%s: reconnect= is for clients; a server waits for the next one by itself",
                         option);
    }
    if (s->reconnect_ms && s->addr.fd >= 0) {
        return error_set(err, "%s: reconnect= needs an address, not fd=", option);
    }
    return true;
}

static bool get_options(Socket *s, KeyVal *props, GError **err)
{
    bool has_wait = keyval_get(props, "wait") != NULL, delay = true;
    if (!keyval_get_bool(props, "server", &s->server, err) ||
        !keyval_get_bool(props, "wait", &s->wait, err) ||
        !keyval_get_bool(props, "nodelay", &s->nodelay, err) ||
        !keyval_get_bool(props, "delay", &delay, err) || !get_wire(s, props, err) ||
        !get_reconnect(s, props, err)) {
        return false;
    }
    s->nodelay |= !delay;
    if (!s->server && has_wait) {
        return error_set(err, "%s: wait= is for servers; add server=on", keyval_option(props));
    }
    /* All properties must be right before a socket is made. */
    return keyval_finish(props, err);
}

static bool socket_open(Chardev *chr, KeyVal *props, GError **err)
{
    Socket *s = g_new0(Socket, 1);
    chr->state = s;
    s->listen_fd = -1;
    s->addr.fd = -1;
    s->wait = true;
    s->option = g_strdup(keyval_option(props));
    if (!sockaddr_parse(&s->addr, props, err) || !refuse_absent(props, err) || !get_options(s, props, err)) {
        return false;
    }
    return s->server ? start_server(chr, err) : connect_client(chr, err);
}

static void socket_close(Chardev *chr)
{
    Socket *s = chr->state;
    if (!s) {
        return;
    }
    connect_stop(chr);
    stop_source(&s->accept);
    stop_source(&s->timer);
    if (s->listen_fd >= 0) {
        close(s->listen_fd);
        if (s->made_path) {
            unix_socket_remove(s->made_path);
        }
    }
    g_free(s->made_path);
    g_free(s->option);
    g_free(s->peer);
    sockaddr_clear(&s->addr);
    g_free(s);
}

static bool socket_waits(const Chardev *chr)
{
    const Socket *s = chr->state;
    return s->server && s->wait && !chr->connected;
}

static void socket_send_break(Chardev *chr)
{
    if (chr->wire && chr->wire->open && chr->wire->type->send_break &&
        wire_pending(chr->wire) <= WIRE_BACKLOG) {
        chr->wire->type->send_break(chr->wire);
        fdport_update(chr->port);
    }
}

static char *socket_describe(const Chardev *chr)
{
    const Socket *s = chr->state;
    g_autofree char *addr = sockaddr_describe(&s->addr, s->speaks ? s->speaks->name : NULL);
    bool with_peer = chr->connected && s->peer && s->addr.port;
    return g_strconcat(chr->connected ? "" : "disconnected:", addr, s->server ? ",server=on" : "",
                       with_peer ? " <-> " : "", with_peer ? s->peer : "", NULL);
}

const ChardevBackend socket_backend = {
    .name = "socket",
    .help = "TCP or unix socket (host=,port= | path=,abstract=on|off | fd=; server=on|off, wait=on|off, "
            "nodelay=on|off, telnet=on|off, websocket=on|off, reconnect=SECONDS)",
    .open = socket_open,
    .close = socket_close,
    .hangup = socket_hangup,
    .send_break = socket_send_break,
    .waits = socket_waits,
    .describe = socket_describe,
};
