/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames on a stream socket: each behind its length, 32 bits, big endian. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "net/backend.h"
#include "util/bits.h"

#define HEAD 4u
#define READ_CHUNK 65536u
/* What may wait for the host; more stops the guest's frames. */
#define OUT_MAX (1u << 20)

struct NetLink {
    NetBackend *netdev;
    int fd;
    NetWatch *watch;
    void (*ended)(NetBackend *netdev);
    GByteArray *in;             /* received, not yet a whole frame */
    GByteArray *out;            /* for the host, from out_head on */
    guint out_head;
    bool paused;                /* the guest takes nothing */
};

static void update(NetLink *link)
{
    net_watch_want(link->watch, (link->paused ? 0 : G_IO_IN) | (link->out->len ? G_IO_OUT : 0));
}

/* Gives the guest what is complete, until it takes no more. False: that is no such stream. */
static bool deliver(NetLink *link)
{
    guint at = 0;
    while (!link->paused && link->in->len - at >= HEAD) {
        uint32_t len = (uint32_t)load_be(link->in->data + at, HEAD);
        if (len > NET_FRAME_MAX) {
            return false;
        }
        if (link->in->len - at - HEAD < len) {
            break;
        }
        link->paused = !net_send(link->netdev->port, link->in->data + at + HEAD, len);
        at += HEAD + len;
    }
    if (at) {
        g_byte_array_remove_range(link->in, 0, at);
    }
    return true;
}

static bool read_some(NetLink *link)
{
    guint had = link->in->len;
    g_byte_array_set_size(link->in, had + READ_CHUNK);
    ssize_t n = recv(link->fd, link->in->data + had, READ_CHUNK, 0);
    int saved = errno;
    g_byte_array_set_size(link->in, had + (n > 0 ? (guint)n : 0));
    if (n <= 0) {
        return n < 0 && (saved == EAGAIN || saved == EINTR);
    }
    if (!deliver(link)) {
        g_printerr("valletta: network '%s': what the other side sends are no frames; disconnected\n",
                   net_port_name(link->netdev->port));
        return false;
    }
    return true;
}

static bool write_some(NetLink *link)
{
    ssize_t n = send(link->fd, link->out->data + link->out_head, link->out->len - link->out_head,
                     MSG_NOSIGNAL);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    link->out_head += (guint)n;
    if (link->out_head == link->out->len) {
        g_byte_array_set_size(link->out, 0);
        link->out_head = 0;
        net_port_flush(link->netdev->port);
    }
    return true;
}

static void ready(void *opaque, GIOCondition is)
{
    NetLink *link = opaque;
    bool good = !(is & G_IO_OUT) || write_some(link);
    if (good && (is & (G_IO_IN | G_IO_HUP | G_IO_ERR))) {
        good = read_some(link);
    }
    if (!good) {
        link->ended(link->netdev);
        return;
    }
    update(link);
}

NetLink *net_link_new(NetBackend *netdev, int fd, void (*ended)(NetBackend *netdev))
{
    NetLink *link = g_new0(NetLink, 1);
    *link = (NetLink){ .netdev = netdev, .fd = fd, .ended = ended, .in = g_byte_array_new(),
                       .out = g_byte_array_new() };
    link->watch = net_watch_new(netdev->machine, fd, ready, link);
    update(link);
    return link;
}

void net_link_free(NetLink *link)
{
    if (link) {
        net_watch_free(link->watch);
        close(link->fd);
        g_byte_array_free(link->in, TRUE);
        g_byte_array_free(link->out, TRUE);
        g_free(link);
    }
}

bool net_link_has_room(const NetLink *link)
{
    return link->out->len < OUT_MAX;
}

void net_link_send(NetLink *link, const uint8_t *frame, size_t len)
{
    uint8_t head[HEAD];
    struct iovec iov[2] = { { head, HEAD }, { (void *)frame, len } };
    struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
    size_t sent = 0;
    store_be(head, HEAD, len);
    if (link->out->len == 0) {
        ssize_t n = sendmsg(link->fd, &msg, MSG_NOSIGNAL);
        sent = n > 0 ? (size_t)n : 0;       /* an error shows when the socket is read */
    }
    if (sent < HEAD) {
        g_byte_array_append(link->out, head + sent, (guint)(HEAD - sent));
    }
    size_t of_frame = sent > HEAD ? sent - HEAD : 0;
    if (of_frame < len) {
        g_byte_array_append(link->out, frame + of_frame, (guint)(len - of_frame));
    }
    update(link);
}

void net_link_room(NetLink *link)
{
    link->paused = false;
    if (!deliver(link)) {
        shutdown(link->fd, SHUT_RDWR);      /* the watch sees the end */
    }
    update(link);
}
