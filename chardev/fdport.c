/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One GSource for the two descriptors of a device. What to wait for is kept in one atomic
 * word, so that a vCPU thread that queues output needs only to wake the main thread, whose
 * prepare step then changes what is polled. A descriptor nobody waits for is not polled at
 * all: a hang-up would be reported without end.
 */
#include "chardev/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* In FdPort.wanted, beside G_IO_IN and G_IO_OUT: there is room for what was read before. */
#define WANT_REST (1 << 16)
#define DATAGRAM_MAX 65536
#define DATAGRAM_SENT 4096      /* of what is sent at once, at most */

/* A blocking descriptor that is ready takes this much without blocking: PIPE_BUF or less. */
#define READY_CHUNK 512

typedef struct {
    GSource source;
    FdPort *port;
} PortSource;

struct FdPort {
    Chardev *chr;
    int in_fd, out_fd;
    bool in_ended, out_ended;   /* nothing to be had there; the descriptor stays open */
    bool takes_fds;             /* in_fd is a unix socket */
    bool out_blocks;            /* out_fd is in blocking mode and may block */
    GByteArray *datagram;       /* when there are datagrams: the last, */
    guint delivered;            /* up to here with the front end */
    PortSource *source;
    atomic_int wanted;          /* G_IO_IN, G_IO_OUT, WANT_REST */
    int polled;                 /* what the tags below wait for; main thread */
    gpointer in_tag, out_tag;   /* the same tag when it is one descriptor */
};

static void drop_tags(FdPort *port)
{
    GSource *source = &port->source->source;
    if (port->in_tag) {
        g_source_remove_unix_fd(source, port->in_tag);
    }
    if (port->out_tag && port->out_tag != port->in_tag) {
        g_source_remove_unix_fd(source, port->out_tag);
    }
    port->in_tag = NULL;
    port->out_tag = NULL;
    port->polled = 0;
}

static void poll_for(FdPort *port, int wanted)
{
    GSource *source = &port->source->source;
    drop_tags(port);
    port->polled = wanted;
    if (port->in_fd == port->out_fd) {
        port->in_tag = wanted ? g_source_add_unix_fd(source, port->in_fd, (GIOCondition)wanted) : NULL;
        port->out_tag = port->in_tag;
        return;
    }
    if (wanted & G_IO_IN) {
        port->in_tag = g_source_add_unix_fd(source, port->in_fd, G_IO_IN);
    }
    if (wanted & G_IO_OUT) {
        port->out_tag = g_source_add_unix_fd(source, port->out_fd, G_IO_OUT);
    }
}

static gboolean port_prepare(GSource *source, gint *timeout)
{
    FdPort *port = ((PortSource *)source)->port;
    *timeout = -1;
    int wanted = atomic_load(&port->wanted), polled = wanted & ~WANT_REST;
    if (polled != port->polled) {
        poll_for(port, polled);
    }
    return (wanted & WANT_REST) != 0;
}

static int reported(FdPort *port, gpointer tag)
{
    return tag ? (int)g_source_query_unix_fd(&port->source->source, tag) : 0;
}

static gboolean port_check(GSource *source)
{
    FdPort *port = ((PortSource *)source)->port;
    return reported(port, port->in_tag) || reported(port, port->out_tag) ||
           (atomic_load(&port->wanted) & WANT_REST);
}

/* Descriptors that came along with a message. */
static void keep_fds(Chardev *chr, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
            chardev_add_fd(chr, fd);
        }
    }
}

static ssize_t receive(FdPort *port, void *buf, size_t len)
{
    union {
        char bytes[CMSG_SPACE(CHARDEV_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = { buf, len };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
                          .msg_controllen = sizeof(control.bytes) };
    if (!port->takes_fds) {
        return read(port->in_fd, buf, len);
    }
    ssize_t n = recvmsg(port->in_fd, &msg, MSG_CMSG_CLOEXEC);
    if (n > 0) {
        keep_fds(port->chr, &msg);
    }
    return n;
}

static bool has_rest(const FdPort *port)
{
    return port->datagram && port->delivered < port->datagram->len;
}

/* As much of the last datagram as there is room for. */
static void deliver_rest(FdPort *port)
{
    Chardev *chr = port->chr;
    size_t n = MIN(chardev_room(chr), port->datagram->len - port->delivered);
    const uint8_t *data = port->datagram->data + port->delivered;
    port->delivered += (guint)n;
    chardev_deliver(chr, data, n);
}

static void read_datagram(FdPort *port)
{
    GByteArray *d = port->datagram;
    if (has_rest(port)) {
        return;
    }
    g_byte_array_set_size(d, DATAGRAM_MAX);
    ssize_t n = recv(port->in_fd, d->data, d->len, MSG_DONTWAIT);
    g_byte_array_set_size(d, n > 0 ? (guint)n : 0);     /* errors tell of what was sent; nobody there yet */
    port->delivered = 0;
    deliver_rest(port);
}

static void read_some(FdPort *port)
{
    Chardev *chr = port->chr;
    uint8_t buf[CHARDEV_CHUNK];
    size_t room = MIN(chardev_input_room(chr), sizeof(buf));
    if (room == 0) {
        return;
    }
    if (port->datagram) {
        read_datagram(port);
        return;
    }
    ssize_t n = receive(port, buf, room);
    if (n > 0) {
        if (!chardev_receive(chr, buf, (size_t)n)) {
            chr->backend->hangup(chr);
        }
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        chr->backend->hangup(chr);
    }
}

static gboolean port_dispatch(GSource *source, GSourceFunc func, gpointer data)
{
    FdPort *port = ((PortSource *)source)->port;
    Machine *machine = port->chr->machine;
    machine_lock(machine);
    int in = reported(port, port->in_tag), out = reported(port, port->out_tag);
    if (out && (port->polled & G_IO_OUT)) {
        chardev_flush(port->chr);
    }
    if (has_rest(port) && !g_source_is_destroyed(source)) {
        deliver_rest(port);
    }
    if (in && (port->polled & G_IO_IN) && !g_source_is_destroyed(source)) {
        read_some(port);
    }
    if (!g_source_is_destroyed(source)) {
        fdport_update(port);
    }
    machine_unlock(machine);
    return G_SOURCE_CONTINUE;
}

static void port_finalize(GSource *source)
{
    FdPort *port = ((PortSource *)source)->port;
    if (port->datagram) {
        g_byte_array_free(port->datagram, TRUE);
    }
    g_free(port);
}

static GSourceFuncs port_source_funcs = {
    .prepare = port_prepare,
    .check = port_check,
    .dispatch = port_dispatch,
    .finalize = port_finalize,
};

static bool may_block(int fd)
{
    struct stat st;
    return fd >= 0 && !(fcntl(fd, F_GETFL) & O_NONBLOCK) && !(fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
}

FdPort *fdport_new(Chardev *chr, int in_fd, int out_fd)
{
    FdPort *port = g_new0(FdPort, 1);
    port->chr = chr;
    port->in_fd = in_fd;
    port->out_fd = out_fd;
    port->out_blocks = may_block(out_fd);
    port->source = (PortSource *)g_source_new(&port_source_funcs, sizeof(PortSource));
    port->source->port = port;
    g_source_set_name(&port->source->source, chr->id);
    g_source_attach(&port->source->source, chr->machine->context);
    return port;
}

void fdport_free(FdPort *port)
{
    if (!port) {
        return;
    }
    int in_fd = port->in_fd, out_fd = port->out_fd;
    g_source_destroy(&port->source->source);
    g_source_unref(&port->source->source);      /* frees port, now or after its dispatch */
    if (in_fd >= 0) {
        close(in_fd);
    }
    if (out_fd >= 0 && out_fd != in_fd) {
        close(out_fd);
    }
}

void fdport_update(FdPort *port)
{
    int wanted = 0;
    if (port->in_fd >= 0 && !port->in_ended && chardev_input_room(port->chr) > 0) {
        wanted |= has_rest(port) ? WANT_REST : G_IO_IN;
    }
    if (port->out_fd >= 0 && !port->out_ended && chardev_output_pending(port->chr)) {
        wanted |= G_IO_OUT;
    }
    if (atomic_exchange(&port->wanted, wanted) != wanted) {
        g_main_context_wakeup(port->chr->machine->context);
    }
}

ssize_t fdport_write(FdPort *port, const void *data, size_t len)
{
    if (port->out_fd < 0 || port->out_ended) {
        return (ssize_t)len;
    }
    if (port->out_blocks) {
        struct pollfd pfd = { .fd = port->out_fd, .events = POLLOUT };
        if (poll(&pfd, 1, 0) == 0) {
            errno = EAGAIN;
            return -1;
        }
        len = MIN(len, READY_CHUNK);
    }
    ssize_t n = write(port->out_fd, data, port->datagram ? MIN(len, DATAGRAM_SENT) : len);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        int saved = errno;
        if (port->out_fd != port->in_fd) {
            fdport_end_output(port);
        }
        errno = saved;
    }
    return n;
}

void fdport_set_takes_fds(FdPort *port)
{
    port->takes_fds = true;
}

void fdport_set_datagrams(FdPort *port)
{
    port->datagram = g_byte_array_new();
}

void fdport_set_input(FdPort *port, bool on)
{
    port->in_ended = !on;
    fdport_update(port);
}

void fdport_end_output(FdPort *port)
{
    port->out_ended = true;
    fdport_update(port);
}

void fdport_wait_writable(FdPort *port, int ms)
{
    struct pollfd pfd = { .fd = port->out_fd, .events = POLLOUT };
    if (port->out_fd >= 0 && !port->out_ended) {
        poll(&pfd, 1, ms);
    }
}
