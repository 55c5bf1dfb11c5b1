/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports and the way of a frame. A frame is handed over at once when the other end takes it; else a
 * copy waits there. Nobody is entered twice: what arrives for a port while its owner sends waits
 * until that is done, so that a device need not expect frames in the middle of its own work.
 */
#include "net/backend.h"

#include <string.h>

/* What may wait for one port. A TCP window of a megabyte fits, and no guest can make us keep more. */
#define QUEUE_FRAMES 1024
#define QUEUE_BYTES  (2u << 20)
/* With more than this the sender is asked to stop: the answer to a frame that is being sent waits, too. */
#define QUEUE_STOP   32

typedef struct {
    size_t len;
    uint8_t data[];
} Frame;

struct NetPort {
    Machine *machine;
    NetSet *set;                /* NULL: a machine without one */
    char *name, *kind, *info;
    bool is_device, has_mac;
    uint8_t mac[NET_MAC_LEN];
    const NetPortOps *ops;
    void *opaque;
    NetPort *peer;
    bool switched_off;
    bool sending;               /* its owner is in net_send */
    bool receiving;             /* its owner is in receive */
    bool peer_waits;            /* the peer was told that there is no room */
    GQueue queue;               /* of Frame *, for the owner */
    size_t queued;              /* bytes */
    GPtrArray *filters;         /* of const NetFilter * */
};

struct NetSet {
    Machine *machine;
    GPtrArray *ports;           /* of NetPort *, owned by their makers */
    GArray *macs;               /* of uint8_t[NET_MAC_LEN] that devices have */
    GPtrArray *announces;       /* of NetAnnounce * */
};

/* ---- the set ---- */

static void set_free(void *opaque)
{
    NetSet *set = opaque;
    for (guint i = 0; i < set->ports->len; i++) {
        ((NetPort *)g_ptr_array_index(set->ports, i))->set = NULL;
    }
    set->machine->net = NULL;
    g_ptr_array_free(set->announces, TRUE);
    g_ptr_array_free(set->ports, TRUE);
    g_array_free(set->macs, TRUE);
    g_free(set);
}

static void run_state_changed(void *opaque, RunState now)
{
    NetSet *set = ((Machine *)opaque)->net;
    for (guint i = 0; set && now == RUN_RUNNING && i < set->ports->len; i++) {
        net_port_flush(g_ptr_array_index(set->ports, i));
    }
}

NetSet *net_set_new(Machine *machine)
{
    NetSet *set = g_new0(NetSet, 1);
    g_assert(!machine->net);
    set->machine = machine;
    set->ports = g_ptr_array_new();
    set->macs = g_array_new(FALSE, FALSE, NET_MAC_LEN);
    set->announces = g_ptr_array_new_with_free_func((GDestroyNotify)net_announce_free);
    machine->net = set;
    machine_add_state_listener(machine, run_state_changed, machine);
    machine_add_cleanup(machine, set_free, set);
    return set;
}

GPtrArray *net_set_announces(NetSet *set)
{
    return set->announces;
}

Machine *net_set_machine(NetSet *set)
{
    return set->machine;
}

NetPort *net_set_at(NetSet *set, unsigned n)
{
    return set && n < set->ports->len ? g_ptr_array_index(set->ports, n) : NULL;
}

NetPort *net_set_find(NetSet *set, const char *name)
{
    NetPort *port;
    for (unsigned i = 0; (port = net_set_at(set, i)); i++) {
        if (strcmp(port->name, name) == 0) {
            return port;
        }
    }
    return NULL;
}

/* ---- ports ---- */

NetPort *net_port_new(Machine *machine, const char *name, const char *kind, bool is_device,
                      const NetPortOps *ops, void *opaque)
{
    NetPort *port = g_new0(NetPort, 1);
    *port = (NetPort){ .machine = machine, .set = machine->net, .name = g_strdup(name),
                       .kind = g_strdup(kind), .info = g_strdup(""), .is_device = is_device, .ops = ops,
                       .opaque = opaque, .filters = g_ptr_array_new() };
    g_queue_init(&port->queue);
    if (port->set) {
        g_ptr_array_add(port->set->ports, port);
    }
    return port;
}

static void tell_link(NetPort *port)
{
    if (port->ops->link_changed) {
        port->ops->link_changed(port->opaque);
    }
}

static void unplug(NetPort *port)
{
    NetPort *peer = port->peer;
    if (peer) {
        port->peer = NULL;
        peer->peer = NULL;
        peer->peer_waits = false;
        tell_link(peer);
    }
}

void net_port_free(NetPort *port)
{
    if (!port) {
        return;
    }
    g_assert(!port->sending && !port->receiving);
    unplug(port);
    net_port_purge(port);
    if (port->set) {
        g_ptr_array_remove(port->set->ports, port);
    }
    for (guint i = 0; i < port->filters->len; i++) {
        const NetFilter *filter = g_ptr_array_index(port->filters, i);
        filter->gone(filter->opaque);
    }
    g_ptr_array_free(port->filters, TRUE);
    g_free(port->name);
    g_free(port->kind);
    g_free(port->info);
    g_free(port);
}

void net_port_plug(NetPort *a, NetPort *b)
{
    g_assert(!a->peer && !b->peer && a != b);
    a->peer = b;
    b->peer = a;
    tell_link(a);
    tell_link(b);
}

NetPort *net_port_peer(const NetPort *port)
{
    return port->peer;
}

const char *net_port_name(const NetPort *port)
{
    return port->name;
}

const char *net_port_kind(const NetPort *port)
{
    return port->kind;
}

bool net_port_is_device(const NetPort *port)
{
    return port->is_device;
}

void net_port_set_info(NetPort *port, const char *info)
{
    g_free(port->info);
    port->info = g_strdup(info);
}

const char *net_port_info(const NetPort *port)
{
    return port->info;
}

void net_port_set_mac(NetPort *port, const uint8_t mac[NET_MAC_LEN])
{
    memcpy(port->mac, mac, NET_MAC_LEN);
    port->has_mac = true;
}

const uint8_t *net_port_mac(const NetPort *port)
{
    return port->has_mac ? port->mac : NULL;
}

/* ---- link ---- */

bool net_port_link(const NetPort *port)
{
    return port->peer && !port->switched_off && !port->peer->switched_off;
}

void net_port_set_link(NetPort *port, bool up)
{
    port->switched_off = !up;
    if (port->peer && port->peer->is_device) {
        port->peer->switched_off = !up;
    }
    if (!up) {
        net_port_purge(port);
        if (port->peer) {
            net_port_purge(port->peer);
        }
    }
    tell_link(port);
    if (port->peer) {
        tell_link(port->peer);
    }
}

/* ---- frames ---- */

/* The filter behind number at, on the way of what port sends or is sent; before the first: -1 or the end. */
static int next_filter(int at, bool sent)
{
    return sent ? at + 1 : at - 1;
}

/* Through the filters behind number at; false: one of them has it. */
static bool pass_filters(NetPort *port, int at, bool sent, const uint8_t *frame, size_t len)
{
    for (at = next_filter(at, sent); at >= 0 && at < (int)port->filters->len; at = next_filter(at, sent)) {
        const NetFilter *filter = g_ptr_array_index(port->filters, (guint)at);
        if (!filter->frame(filter->opaque, sent, frame, len)) {
            return false;
        }
    }
    return true;
}

/* Whether port's owner may be entered with a frame of len bytes now. */
static bool takes(const NetPort *port, size_t len)
{
    return !port->sending && !port->receiving &&
           (!port->is_device || port->machine->state == RUN_RUNNING) &&
           (!port->ops->can_receive || port->ops->can_receive(port->opaque, len));
}

static void hand_over(NetPort *port, const uint8_t *frame, size_t len)
{
    port->receiving = true;
    port->ops->receive(port->opaque, frame, len);
    port->receiving = false;
}

/* False when it is lost. */
static bool keep(NetPort *port, const uint8_t *data, size_t len)
{
    if (port->queue.length >= QUEUE_FRAMES || port->queued + len > QUEUE_BYTES) {
        if (port->ops->lost) {
            port->ops->lost(port->opaque);
        }
        return false;
    }
    Frame *frame = g_malloc(sizeof(Frame) + len);
    frame->len = len;
    memcpy(frame->data, data, len);
    g_queue_push_tail(&port->queue, frame);
    port->queued += len;
    return true;
}

static void tell_room(NetPort *port)
{
    NetPort *peer = port->peer;
    if (peer && port->peer_waits) {
        port->peer_waits = false;
        if (peer->ops->room) {
            peer->ops->room(peer->opaque);
        }
    }
}

void net_port_flush(NetPort *port)
{
    if (port->queue.length == 0 || port->sending || port->receiving) {
        return;                 /* whoever is in there does it at the end */
    }
    while (port->queue.length > 0 && takes(port, ((Frame *)g_queue_peek_head(&port->queue))->len)) {
        Frame *frame = g_queue_pop_head(&port->queue);
        port->queued -= frame->len;
        hand_over(port, frame->data, frame->len);
        g_free(frame);
    }
    if (port->queue.length == 0) {
        tell_room(port);
    }
}

void net_port_purge(NetPort *port)
{
    g_queue_clear_full(&port->queue, g_free);
    port->queued = 0;
    tell_room(port);
}

/* To port's owner, now or when it takes it; from, the other end, is not entered meanwhile. NULL: there is
 * none. */
static void deliver(NetPort *port, NetPort *from, const uint8_t *data, size_t len)
{
    bool was_sending = from && from->sending;
    if (from) {
        from->sending = true;
    }
    if (port->queue.length == 0 && takes(port, len)) {
        hand_over(port, data, len);
    } else {
        keep(port, data, len);
    }
    if (from) {
        from->sending = was_sending;
    }
    net_port_flush(port);
    if (from) {
        net_port_flush(from);
    }
}

/* The frame has left port. */
static bool send_on(NetPort *port, const uint8_t *data, size_t len)
{
    NetPort *to = port->peer;
    if (!net_port_link(port) || len > NET_FRAME_MAX ||
        !pass_filters(to, (int)to->filters->len, false, data, len)) {
        return true;
    }
    deliver(to, port, data, len);
    if (port->peer != to || to->queue.length <= QUEUE_STOP) {
        return true;
    }
    to->peer_waits = true;
    return false;
}

bool net_send(NetPort *port, const void *data, size_t len)
{
    if (port->sending) {
        return true;            /* hubs in a ring: it would go round for ever */
    }
    return !pass_filters(port, -1, true, data, len) || send_on(port, data, len);
}

/* ---- filters ---- */

void net_port_add_filter(NetPort *port, const NetFilter *filter, unsigned at)
{
    g_ptr_array_insert(port->filters, (gint)at, (gpointer)filter);
}

void net_port_remove_filter(NetPort *port, const NetFilter *filter)
{
    g_ptr_array_remove(port->filters, (gpointer)filter);
}

unsigned net_port_filters(const NetPort *port)
{
    return port->filters->len;
}

int net_port_find_filter(const NetPort *port, const char *id)
{
    for (guint i = 0; i < port->filters->len; i++) {
        if (strcmp(((const NetFilter *)g_ptr_array_index(port->filters, i))->id, id) == 0) {
            return (int)i;
        }
    }
    return -1;
}

void net_filter_pass(NetPort *port, const NetFilter *filter, bool sent, const uint8_t *frame, size_t len)
{
    guint at = 0;
    if (!g_ptr_array_find(port->filters, filter, &at) || len > NET_FRAME_MAX ||
        !pass_filters(port, (int)at, sent, frame, len)) {
        return;
    }
    if (sent) {
        send_on(port, frame, len);
    } else {
        deliver(port, port->peer, frame, len);
    }
}

/* ---- addresses ---- */

bool net_mac_parse(const char *text, uint8_t mac[NET_MAC_LEN])
{
    uint8_t bytes[NET_MAC_LEN];
    for (unsigned i = 0; i < NET_MAC_LEN; i++) {
        if (i > 0 && *text != ':' && *text != '-') {
            return false;
        }
        text += i > 0;
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1])) {
            return false;
        }
        bytes[i] = (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
        text += 2;
    }
    if (*text || (bytes[0] & 1)) {
        return false;
    }
    memcpy(mac, bytes, NET_MAC_LEN);
    return true;
}

static int mac_index(const NetSet *set, const uint8_t *mac)
{
    for (guint i = 0; i < set->macs->len; i++) {
        if (memcmp(set->macs->data + i * NET_MAC_LEN, mac, NET_MAC_LEN) == 0) {
            return (int)i;
        }
    }
    return -1;
}

void net_mac_default(NetSet *set, uint8_t mac[NET_MAC_LEN])
{
    static const uint8_t first[NET_MAC_LEN] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
    memcpy(mac, first, NET_MAC_LEN);
    while (set && mac_index(set, mac) >= 0) {
        mac[5]++;
        mac[4] = (uint8_t)(mac[4] + (mac[5] == 0));
    }
    net_mac_take(set, mac);
}

void net_mac_take(NetSet *set, const uint8_t mac[NET_MAC_LEN])
{
    if (set) {
        g_array_append_vals(set->macs, mac, 1);
    }
}

void net_mac_release(NetSet *set, const uint8_t mac[NET_MAC_LEN])
{
    int at = set ? mac_index(set, mac) : -1;
    if (at >= 0) {
        g_array_remove_index(set->macs, (guint)at);
    }
}

char *net_mac_text(const uint8_t m[NET_MAC_LEN])
{
    return g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}
