/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chardev/backend.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define COMPACT_ABOVE (64u << 10)

Chardev *chardev_new(Machine *machine, const ChardevBackend *backend, const char *id)
{
    Chardev *chr = g_new0(Chardev, 1);
    chr->backend = backend;
    chr->machine = machine;
    chr->id = g_strdup(id);
    chr->log_fd = -1;
    chr->queue = g_byte_array_new();
    return chr;
}

static void drop_fds(Chardev *chr)
{
    while (chr->nfds > 0) {
        close(chr->fds[--chr->nfds]);
    }
}

void chardev_drop_wire(Chardev *chr)
{
    if (chr->wire) {
        chr->wire->detached = true;
        g_clear_pointer(&chr->wire, wire_unref);
    }
}

/* The host's end: the back end's own, its descriptors, log and queue. */
static void close_host_end(Chardev *chr)
{
    if (chr->backend->close) {
        chr->backend->close(chr);
    }
    fdport_free(chr->port);
    chardev_drop_wire(chr);
    drop_fds(chr);
    if (chr->log_fd >= 0) {
        close(chr->log_fd);
    }
    g_byte_array_free(chr->queue, TRUE);
}

void chardev_free(Chardev *chr)
{
    if (!chr) {
        return;
    }
    close_host_end(chr);
    g_free(chr->user);
    g_free(chr->id);
    g_free(chr);
}

const char *chardev_id(const Chardev *chr)
{
    return chr->id;
}

/* ---- from the host to the front end ---- */

size_t chardev_room(const Chardev *chr)
{
    return chr->frontend ? chr->frontend->can_receive(chr->opaque) : CHARDEV_CHUNK;
}

void chardev_deliver(Chardev *chr, const uint8_t *data, size_t len)
{
    if (chr->frontend && len > 0) {
        chr->frontend->receive(chr->opaque, data, len);
    }
}

size_t chardev_input_room(const Chardev *chr)
{
    const Wire *wire = chr->wire;
    if (wire && wire_pending(wire) > WIRE_BACKLOG) {
        return 0;               /* it asks and asks and does not read the answers */
    }
    return wire && !wire->open ? CHARDEV_CHUNK : chardev_room(chr);
}

/* What the wire has made of bytes goes to the front end, which may close the connection. */
static void deliver_from_wire(Chardev *chr, Wire *wire)
{
    if (wire->open) {
        chardev_set_connected(chr, true);
    }
    if (wire->in->len > 0 && !wire->detached) {
        chardev_deliver(chr, wire->in->data, wire->in->len);
    }
    g_byte_array_set_size(wire->in, 0);
    if (wire->broke && !wire->detached) {
        chardev_event(chr, CHR_BREAK);
    }
    wire->broke = false;
}

bool chardev_receive(Chardev *chr, const uint8_t *data, size_t len)
{
    if (!chr->wire) {
        chardev_deliver(chr, data, len);
        return true;
    }
    Wire *wire = wire_ref(chr->wire);
    while (len > 0 && !wire->ended && !wire->detached) {
        size_t n = wire->type->receive(wire, data, len);
        deliver_from_wire(chr, wire);
        data += n;
        len -= n;
    }
    if (!wire->detached) {
        chardev_flush(chr);
    }
    bool ended = wire->ended && !wire->detached;
    wire_unref(wire);
    return !ended;
}

void chardev_event(Chardev *chr, ChardevEvent event)
{
    if (chr->frontend && chr->frontend->event) {
        chr->frontend->event(chr->opaque, event);
    }
}

void chardev_focus(Chardev *chr, bool here)
{
    if (chr->frontend && chr->frontend->focus) {
        chr->frontend->focus(chr->opaque, here);
    }
}

void chardev_add_fd(Chardev *chr, int fd)
{
    if (chr->nfds == CHARDEV_FDS) {
        close(fd);
    } else {
        chr->fds[chr->nfds++] = fd;
    }
}

int chardev_take_fd(Chardev *chr)
{
    chr = chr->below ? chr->below : chr;
    if (chr->nfds == 0) {
        return -1;
    }
    int fd = chr->fds[0];
    memmove(chr->fds, chr->fds + 1, --chr->nfds * sizeof(chr->fds[0]));
    return fd;
}

static void announce_opened(Chardev *chr)
{
    chardev_event(chr, CHR_OPENED);
    if (!chr->below || mux_has_focus(chr)) {
        chardev_focus(chr, true);
    }
}

static void frontend_changed(Chardev *chr)
{
    if (chr->backend->frontend_changed) {
        chr->backend->frontend_changed(chr);
    }
    if (chr->port) {
        fdport_update(chr->port);
    }
}

void chardev_attach(Chardev *chr, const ChardevFrontend *frontend, void *opaque)
{
    chr->frontend = frontend;
    chr->opaque = opaque;
    if (frontend && chr->connected) {
        announce_opened(chr);
    }
    frontend_changed(chr);
}

void chardev_accept_input(Chardev *chr)
{
    frontend_changed(chr);
}

void chardev_set_connected(Chardev *chr, bool connected)
{
    if (chr->connected == connected) {
        return;
    }
    chr->connected = connected;
    if (!connected) {
        drop_fds(chr);
        g_byte_array_set_size(chr->queue, 0);
        chr->queue_head = 0;
    }
    if (connected) {
        announce_opened(chr);
    } else {
        chardev_event(chr, CHR_CLOSED);
    }
}

void chardev_change_begin(Chardev *chr, const ChardevBackend *backend)
{
    chr->backend = backend;
    chr->state = NULL;
    chr->port = NULL;
    chr->wire = NULL;
    chr->connecting = NULL;
    chr->ready = NULL;
    chr->background = true;
    chr->connected = false;
    chr->frontend = NULL;
    chr->log_fd = -1;
    chr->nfds = 0;
    chr->queue = g_byte_array_new();
    chr->queue_head = 0;
}

void chardev_change_end(Chardev *chr, Chardev *old, bool good)
{
    const ChardevFrontend *frontend = old->frontend;
    if (!good) {
        close_host_end(chr);
        *chr = *old;
        return;
    }
    close_host_end(old);
    chr->frontend = frontend;
    if (old->connected) {
        chardev_event(chr, CHR_CLOSED);
    }
    chardev_attach(chr, frontend, chr->opaque);
}

/* ---- from the front end to the host ---- */

bool chardev_output_pending(const Chardev *chr)
{
    if (chr->below) {
        return chardev_output_pending(chr->below);
    }
    return chr->queue_head < chr->queue->len || (chr->wire && wire_pending(chr->wire) > 0);
}

size_t chardev_output_room(const Chardev *chr)
{
    chr = chr->below ? chr->below : chr;
    return CHARDEV_QUEUE_MAX - (chr->queue->len - chr->queue_head);
}

static void enqueue(Chardev *chr, const uint8_t *data, size_t len)
{
    if (len > CHARDEV_QUEUE_MAX) {
        data += len - CHARDEV_QUEUE_MAX;
        len = CHARDEV_QUEUE_MAX;
    }
    if (chr->queue_head > COMPACT_ABOVE) {
        g_byte_array_remove_range(chr->queue, 0, chr->queue_head);
        chr->queue_head = 0;
    }
    g_byte_array_append(chr->queue, data, (guint)len);
    if (chr->queue->len - chr->queue_head > CHARDEV_QUEUE_MAX) {
        chr->queue_head = chr->queue->len - CHARDEV_QUEUE_MAX;
    }
}

/* Whether all that the wire has said is with the host, or can never be; else errno is EAGAIN. */
static bool flush_wire(Chardev *chr)
{
    while (wire_pending(chr->wire) > 0) {
        ssize_t n = fdport_write(chr->port, wire_output(chr->wire), wire_pending(chr->wire));
        if (n < 0 && errno == EAGAIN) {
            return false;
        }
        if (n < 0 && errno != EINTR) {      /* the reading side notices that the peer is gone */
            n = (ssize_t)wire_pending(chr->wire);
        }
        wire_written(chr->wire, (size_t)MAX(n, 0));
    }
    return true;
}

/* One write: how many of the bytes are taken, or -1 with errno. */
static ssize_t put(Chardev *chr, const uint8_t *data, size_t len)
{
    if (!chr->wire) {
        return fdport_write(chr->port, data, len);
    }
    if (!flush_wire(chr)) {
        return -1;
    }
    len = MIN(len, CHARDEV_CHUNK);
    chr->wire->type->send(chr->wire, data, len);
    return (ssize_t)len;
}

/* How many bytes the host took now; fewer than len when it wants to be asked later. */
static size_t give(Chardev *chr, const uint8_t *data, size_t len)
{
    size_t done = 0;
    while (done < len && chr->port) {
        ssize_t n = put(chr, data + done, len - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            return len;     /* the reading side notices that the peer is gone */
        }
    }
    return done;
}

void chardev_written(Chardev *chr)
{
    if (chr->frontend && chr->frontend->written) {
        chr->frontend->written(chr->opaque);
    }
}

void chardev_flush(Chardev *chr)
{
    guint left = chr->queue->len - chr->queue_head;
    bool pending = chardev_output_pending(chr);
    if (left > 0) {
        chr->queue_head += (guint)give(chr, chr->queue->data + chr->queue_head, left);
    }
    if (chr->wire && chr->port) {
        flush_wire(chr);
    }
    if (chr->queue_head == chr->queue->len) {
        g_byte_array_set_size(chr->queue, 0);
        chr->queue_head = 0;
        if (pending && !chardev_output_pending(chr)) {
            chardev_written(chr);
        }
    }
}

static void write_log(Chardev *chr, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(chr->log_fd, data, len);
        if (n < 0 && errno != EINTR) {
            g_printerr("valletta: -chardev %s: logfile: %s; no more is logged\n", chr->id, g_strerror(errno));
            close(chr->log_fd);
            chr->log_fd = -1;
            return;
        }
        data += MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
}

void chardev_write(Chardev *chr, const void *data, size_t len)
{
    if (chr->log_fd >= 0) {
        write_log(chr, data, len);
    }
    if (chr->backend->send) {
        chr->backend->send(chr, data, len);
        return;
    }
    if (!chr->port || !chr->connected) {
        return;
    }
    size_t done = chr->queue_head < chr->queue->len ? 0 : give(chr, data, len);
    if (chr->wire) {
        flush_wire(chr);
    }
    if (done < len) {
        enqueue(chr, (const uint8_t *)data + done, len - done);
    }
    if (chardev_output_pending(chr)) {
        fdport_update(chr->port);
    }
}

/* Less than a queue holds. */
#define PIECE (CHARDEV_QUEUE_MAX / 4)

void chardev_write_from(Chardev *chr, GString *out)
{
    while (out->len > 0 && !chardev_output_pending(chr)) {
        gsize n = MIN(out->len, PIECE);
        chardev_write(chr, out->str, n);
        g_string_erase(out, 0, (gssize)n);
    }
}

void chardev_send_break(Chardev *chr)
{
    if (chr->below) {
        chardev_send_break(chr->below);
    } else if (chr->backend->send_break) {
        chr->backend->send_break(chr);
    }
}
