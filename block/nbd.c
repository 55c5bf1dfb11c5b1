/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks that a server has, by the NBD protocol (github.com/NetworkBlockDevice/nbd, doc/proto.md) as libnbd
 * speaks it: fixed newstyle, without TLS. Where the server lets several connections see each other's
 * writes, so many requests are under way at once.
 *
 * A request whose connection is lost is sent once more on a new one; when there is none within
 * reconnect-delay (s, 0: at once) it fails with an I/O error, and later ones try again.
 */
#include <errno.h>
#include <gio/gio.h>
#include <libnbd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "block/driver.h"
#include "util/error.h"

#define LINKS 4u
#define CONNECT_SECONDS 10
#define ANSWER_SECONDS 60           /* without a word of the server the connection is given up */
#define PIECE (8 * MIB)             /* of one read or write */

typedef struct {
    char *host, *path, *export;     /* path: of a Unix socket, else NULL */
    uint16_t port;
    uint64_t reconnect_delay, align;
    bool can_flush, can_trim, can_zero;
    unsigned links;
    GMutex lock, edges;             /* edges: blocks that are written in part */
    GCond freed;
    struct nbd_handle *link[LINKS]; /* NULL: to be connected; used by who has taken it */
    bool taken[LINKS];              /* lock */
    gint64 next_try;                /* us; atomic: the server was not there, and is not asked before */
} Nbd;

/* ---- names ---- */

static bool describe_old(const char *name, KeyVal *kv, GError **err)
{
    static const char mark[] = ":exportname=";
    const char *export = strstr(name, mark), *rest = name + strlen("nbd:");
    g_autofree char *where = export ? g_strndup(rest, (size_t)(export - rest)) : g_strdup(rest);
    keyval_set(kv, "file.export", export ? export + strlen(mark) : "");
    if (g_str_has_prefix(where, "unix:")) {
        keyval_set(kv, "file.server.type", "unix");
        keyval_set(kv, "file.server.path", where + strlen("unix:"));
        return true;
    }
    char *colon = strrchr(where, ':');
    if (!colon || colon == where) {
        return error_set(err, "file=%s: must be nbd:HOST:PORT or nbd:unix:PATH", name);
    }
    *colon = '\0';
    keyval_set(kv, "file.server.type", "inet");
    keyval_set(kv, "file.server.host", where);
    keyval_set(kv, "file.server.port", colon + 1);
    return true;
}

bool block_describe_nbd(const char *name, KeyVal *kv, GError **err)
{
    keyval_set(kv, "file.driver", "nbd");
    if (g_str_has_prefix(name, "nbd:") && !g_str_has_prefix(name, "nbd://")) {
        return describe_old(name, kv, err);
    }
    g_autoptr(GUri) uri = g_uri_parse(name, G_URI_FLAGS_NONE, err);
    if (!uri) {
        g_prefix_error(err, "file=%s: ", name);
        return false;
    }
    const char *path = g_uri_get_path(uri), *host = g_uri_get_host(uri), *query = g_uri_get_query(uri);
    bool local = strcmp(g_uri_get_scheme(uri), "nbd+unix") == 0;
    keyval_set(kv, "file.export", *path == '/' ? path + 1 : path);
    keyval_set(kv, "file.server.type", local ? "unix" : "inet");
    if (local) {
        if (!query || !g_str_has_prefix(query, "socket=")) {
            return error_set(err, "file=%s: must be nbd+unix:///EXPORT?socket=PATH", name);
        }
        keyval_set(kv, "file.server.path", query + strlen("socket="));
        return true;
    }
    g_autofree char *port = g_strdup_printf("%d", g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : 10809);
    if (!host || !*host || query) {
        return error_set(err, "file=%s: must be nbd://HOST:PORT/EXPORT", name);
    }
    keyval_set(kv, "file.server.host", host);
    keyval_set(kv, "file.server.port", port);
    return true;
}

/* ---- connections ---- */

static void hang_up(struct nbd_handle *h)
{
    if (h && nbd_aio_is_ready(h) == 1 && nbd_aio_disconnect(h, 0) == 0) {
        for (unsigned i = 0; i < 10 && nbd_aio_is_closed(h) == 0 && nbd_aio_is_dead(h) == 0; i++) {
            nbd_poll(h, 100);
        }
    }
    nbd_close(h);
}

/* A descriptor of its own, or -1 with err. */
static int dial(const Nbd *n, GError **err)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketConnectable) to = n->path ? G_SOCKET_CONNECTABLE(g_unix_socket_address_new(n->path))
                                               : g_network_address_new(n->host, n->port);
    g_socket_client_set_timeout(client, CONNECT_SECONDS);
    g_socket_client_set_enable_proxy(client, FALSE);
    g_autoptr(GSocketConnection) connection = g_socket_client_connect(client, to, NULL, err);
    if (!connection) {
        return -1;
    }
    int fd = dup(g_socket_get_fd(g_socket_connection_get_socket(connection)));
    if (fd < 0) {
        error_set(err, "%s", g_strerror(errno));
    }
    return fd;
}

static bool shake_hands(struct nbd_handle *h, GError **err)
{
    gint64 end = g_get_monotonic_time() + CONNECT_SECONDS * G_USEC_PER_SEC;
    while (nbd_aio_is_connecting(h) == 1) {
        if (nbd_poll(h, 1000) < 0) {
            return error_set(err, "%s", nbd_get_error());
        }
        if (g_get_monotonic_time() > end) {
            return error_set(err, "no answer");
        }
    }
    return nbd_aio_is_ready(h) == 1 || error_set(err, "%s", nbd_get_error() ? nbd_get_error() : "refused");
}

/* NULL with err. */
static struct nbd_handle *connect_server(const BlockNode *node, GError **err)
{
    const Nbd *n = node->state;
    g_autoptr(GError) why = NULL;
    struct nbd_handle *h = nbd_create();
    int fd = h && nbd_set_export_name(h, n->export) == 0 ? dial(n, &why) : -1;
    bool good = fd >= 0;
    if (good && nbd_aio_connect_socket(h, fd) != 0) {
        good = error_set(&why, "%s", nbd_get_error());
    }
    good = good && shake_hands(h, &why);
    if (good && node->size && nbd_get_size(h) < (int64_t)node->size) {
        good = error_set(&why, "the export is smaller now");
    }
    if (!good) {
        error_set(err, "%s: %s", node->filename, why ? why->message : nbd_get_error());
        nbd_close(h);
        return NULL;
    }
    return h;
}

/* ---- opening ---- */

static const char *either(KeyVal *options, const char *key, const char *other)
{
    const char *value = keyval_get(options, key), *short_form = keyval_get(options, other);
    return value ? value : short_form;
}

static bool read_server(BlockNode *node, KeyVal *options, GError **err)
{
    Nbd *n = node->state;
    const char *type = keyval_get(options, "server.type"), *host = either(options, "server.host", "host");
    const char *path = either(options, "server.path", "path"), *port = either(options, "server.port", "port");
    const char *export = keyval_get(options, "export");
    uint64_t number = 10809;
    if (type && strcmp(type, "inet") != 0 && strcmp(type, "unix") != 0) {
        return error_set(err, "server.type=%s: must be inet or unix", type);
    }
    bool local = type ? strcmp(type, "unix") == 0 : path != NULL;
    if ((local ? !path : !host) || (local ? host != NULL : path != NULL)) {
        return error_set(err, "driver=nbd: needs server.type=inet with server.host= and server.port=, or "
                         "server.type=unix with server.path=");
    }
    if (port && (!g_ascii_string_to_unsigned(port, 10, 1, 65535, &number, NULL) || local)) {
        return error_set(err, "server.port=%s: must be the number of a TCP port", port);
    }
    n->path = local ? g_strdup(path) : NULL;
    n->host = local ? NULL : g_strdup(host);
    n->port = (uint16_t)number;
    n->export = g_strdup(export ? export : "");
    node->filename = local ? g_strdup_printf("nbd+unix:///%s?socket=%s", n->export, path)
                           : g_strdup_printf("nbd://%s:%u/%s", host, n->port, n->export);
    return keyval_get_number(options, "reconnect-delay", 0, UINT32_MAX, &n->reconnect_delay, err);
}

static bool look(BlockNode *node, struct nbd_handle *h, GError **err)
{
    Nbd *n = node->state;
    int64_t size = nbd_get_size(h), align = nbd_get_block_size(h, LIBNBD_SIZE_MINIMUM);
    if (size < 0) {
        return error_set(err, "%s: %s", node->filename, nbd_get_error());
    }
    n->align = align > 1 ? (uint64_t)align : 1;
    node->size = (uint64_t)size / n->align * n->align;
    n->can_flush = nbd_can_flush(h) == 1;
    n->can_trim = nbd_can_trim(h) == 1;
    n->can_zero = nbd_can_zero(h) == 1;
    n->links = nbd_can_multi_conn(h) == 1 ? LINKS : 1;
    return node->read_only || nbd_is_read_only(h) != 1 ||
           error_set(err, "%s: the server lets it be read only; read-only=on would work", node->filename);
}

static void release(Nbd *n)
{
    for (unsigned i = 0; i < LINKS; i++) {
        hang_up(n->link[i]);
    }
    g_free(n->host);
    g_free(n->path);
    g_free(n->export);
    g_mutex_clear(&n->lock);
    g_mutex_clear(&n->edges);
    g_cond_clear(&n->freed);
}

static bool nbd_driver_open(BlockNode *node, KeyVal *options, GError **err)
{
    Nbd *n = node->state;
    g_mutex_init(&n->lock);
    g_mutex_init(&n->edges);
    g_cond_init(&n->freed);
    if (read_server(node, options, err)) {
        n->link[0] = connect_server(node, err);
        if (n->link[0] && look(node, n->link[0], err)) {
            return true;
        }
    }
    release(n);
    return false;
}

static bool nbd_make_writable(BlockNode *node, GError **err)
{
    Nbd *n = node->state;
    struct nbd_handle *h = n->link[0] ? n->link[0] : (n->link[0] = connect_server(node, err));
    return h && (nbd_is_read_only(h) != 1 ||
                 error_set(err, "%s: the server lets it be read only", node->filename));
}

static void nbd_driver_close(BlockNode *node)
{
    release(node->state);
}

/* ---- requests ---- */

typedef struct {
    BlockOp op;
    bool keep;                      /* ZERO: not as a hole */
    uint64_t offset, bytes;
    void *buf;
} Command;

static int64_t begin(struct nbd_handle *h, const Command *c)
{
    switch (c->op) {
    case BLOCK_READ:
        return nbd_aio_pread(h, c->buf, c->bytes, c->offset, NBD_NULL_COMPLETION, 0);
    case BLOCK_WRITE:
        return nbd_aio_pwrite(h, c->buf, c->bytes, c->offset, NBD_NULL_COMPLETION, 0);
    case BLOCK_FLUSH:
        return nbd_aio_flush(h, NBD_NULL_COMPLETION, 0);
    case BLOCK_DISCARD:
        return nbd_aio_trim(h, c->bytes, c->offset, NBD_NULL_COMPLETION, 0);
    case BLOCK_ZERO:
        return nbd_aio_zero(h, c->bytes, c->offset, NBD_NULL_COMPLETION,
                            c->keep ? LIBNBD_CMD_FLAG_NO_HOLE : 0);
    }
    return -1;
}

/* 0, the server's word on it as a negative errno, or -ENOTCONN: the connection is of no use any more. */
static int carry_out(struct nbd_handle *h, const Command *c)
{
    gint64 end = g_get_monotonic_time() + ANSWER_SECONDS * G_USEC_PER_SEC;
    int64_t cookie = begin(h, c);
    int done = cookie < 0 ? -1 : 0;
    while (done == 0 && (done = nbd_aio_command_completed(h, (uint64_t)cookie)) == 0) {
        if (nbd_poll(h, 1000) < 0 || g_get_monotonic_time() > end) {
            return -ENOTCONN;
        }
    }
    if (done == 1) {
        return 0;
    }
    int error = nbd_get_errno();
    bool lives = nbd_aio_is_ready(h) == 1 || nbd_aio_is_processing(h) == 1;
    return lives ? (error && error != ENOTCONN ? -error : -EIO) : -ENOTCONN;
}

static unsigned take_link(Nbd *n)
{
    g_mutex_lock(&n->lock);
    for (;;) {
        for (unsigned i = 0; i < n->links; i++) {
            if (!n->taken[i]) {
                n->taken[i] = true;
                g_mutex_unlock(&n->lock);
                return i;
            }
        }
        g_cond_wait(&n->freed, &n->lock);
    }
}

static void give_link(Nbd *n, unsigned i)
{
    g_mutex_lock(&n->lock);
    n->taken[i] = false;
    g_cond_signal(&n->freed);
    g_mutex_unlock(&n->lock);
}

/* A server that was away is asked once a second; NULL: it is. */
static struct nbd_handle *try_again(BlockNode *node)
{
    Nbd *n = node->state;
    if (__atomic_load_n(&n->next_try, __ATOMIC_RELAXED) > g_get_monotonic_time()) {
        return NULL;
    }
    struct nbd_handle *h = connect_server(node, NULL);
    gint64 next = h ? 0 : g_get_monotonic_time() + G_USEC_PER_SEC;
    __atomic_store_n(&n->next_try, next, __ATOMIC_RELAXED);
    return h;
}

/* The link that was taken; NULL: there is no server until the time is over. */
static struct nbd_handle *live_link(BlockNode *node, unsigned i)
{
    Nbd *n = node->state;
    gint64 end = g_get_monotonic_time() + (gint64)n->reconnect_delay * G_USEC_PER_SEC;
    while (!n->link[i]) {
        n->link[i] = try_again(node);
        if (!n->link[i] && g_get_monotonic_time() >= end) {
            return NULL;
        }
        if (!n->link[i]) {
            g_usleep(G_USEC_PER_SEC / 10);
        }
    }
    return n->link[i];
}

static int run(BlockNode *node, const Command *c)
{
    Nbd *n = node->state;
    unsigned i = take_link(n);
    int r = -ENOTCONN;
    for (unsigned tries = 0; tries < 2 && r == -ENOTCONN; tries++) {
        struct nbd_handle *h = live_link(node, i);
        if (!h) {
            break;
        }
        r = carry_out(h, c);
        if (r == -ENOTCONN) {
            nbd_close(h);
            n->link[i] = NULL;
        }
    }
    give_link(n, i);
    return r == -ENOTCONN ? -EIO : r;
}

static int transfer(BlockNode *node, bool write, uint64_t offset, uint8_t *buf, uint64_t bytes)
{
    int r = 0;
    for (uint64_t done = 0, n; done < bytes && r == 0; done += n) {
        n = MIN(bytes - done, PIECE);
        r = run(node, &(Command){ write ? BLOCK_WRITE : BLOCK_READ, false, offset + done, n, buf + done });
    }
    return r;
}

/* Through one buffer of whole blocks of the server; those that are written in part are read first. */
static int go(BlockNode *node, bool write, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    Nbd *n = node->state;
    uint64_t bytes = iov_bytes(iov, niov), first = offset / n->align * n->align;
    uint64_t whole = (offset + bytes - first + n->align - 1) / n->align * n->align;
    bool edges = write && (first != offset || whole != bytes);
    if (niov == 1 && first == offset && whole == bytes) {
        return transfer(node, write, offset, iov->iov_base, bytes);
    }
    g_autofree uint8_t *buf = g_malloc(whole);
    if (edges) {
        g_mutex_lock(&n->edges);
    }
    int r = !write || edges ? transfer(node, false, first, buf, whole) : 0;
    if (r == 0 && write) {
        iov_to_buf(iov, niov, 0, buf + (offset - first), bytes);
        r = transfer(node, true, first, buf, whole);
    } else if (r == 0) {
        iov_from_buf(iov, niov, 0, buf + (offset - first), bytes);
    }
    if (edges) {
        g_mutex_unlock(&n->edges);
    }
    return r;
}

static int nbd_readv(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    return go(node, false, offset, iov, niov);
}

static int nbd_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    return go(node, true, offset, iov, niov);
}

static int in_pieces(BlockNode *node, Command c, uint64_t bytes)
{
    int r = 0;
    for (uint64_t end = c.offset + bytes; c.offset < end && r == 0; c.offset += c.bytes) {
        c.bytes = MIN(end - c.offset, GIB);
        r = run(node, &c);
    }
    return r;
}

static int nbd_driver_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap)
{
    const Nbd *n = node->state;
    if (!n->can_zero || offset % n->align || bytes % n->align) {
        return -ENOTSUP;
    }
    return in_pieces(node, (Command){ .op = BLOCK_ZERO, .keep = !unmap, .offset = offset }, bytes);
}

static int nbd_driver_discard(BlockNode *node, uint64_t offset, uint64_t bytes)
{
    const Nbd *n = node->state;
    uint64_t first = (offset + n->align - 1) / n->align * n->align;
    uint64_t end = (offset + bytes) / n->align * n->align;
    if (!n->can_trim || first >= end) {
        return 0;
    }
    return in_pieces(node, (Command){ .op = BLOCK_DISCARD, .offset = first }, end - first);
}

static int nbd_driver_flush(BlockNode *node)
{
    const Nbd *n = node->state;
    return n->can_flush && !node->no_flush ? run(node, &(Command){ .op = BLOCK_FLUSH }) : 0;
}

const BlockDriver block_driver_nbd = {
    "nbd", sizeof(Nbd), .open = nbd_driver_open, .close = nbd_driver_close, .readv = nbd_readv,
    .writev = nbd_writev, .zero = nbd_driver_zero, .discard = nbd_driver_discard, .flush = nbd_driver_flush,
    .make_writable = nbd_make_writable,
};
