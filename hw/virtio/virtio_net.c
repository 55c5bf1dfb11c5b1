/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network card on virtio, "virtio-net-pci": VIRTIO 1.1, section 5.1. Not modelled: several pairs of queues,
 * UDP segmentation, large frames and unchecked sums to the guest, announcements.
 */
#include <string.h>
#include "hw/net/nic.h"
#include "hw/net/offload.h"
#include "hw/virtio/virtio.h"
#include "util/error.h"
#include "util/iov.h"
#include "util/log.h"

#define F(n) (UINT64_C(1) << (n))
#define F_CSUM       F(0)
#define F_MAC        F(5)
#define F_HOST_TSO4  F(11)
#define F_HOST_TSO6  F(12)
#define F_HOST_ECN   F(13)
#define F_MRG_RXBUF  F(15)
#define F_STATUS     F(16)
#define F_CTRL_VQ    F(17)
#define F_CTRL_RX    F(18)
#define F_CTRL_VLAN  F(19)
#define F_CTRL_RX_EXTRA F(20)
#define F_CTRL_MAC   F(23)

enum { HDR_NEEDS_CSUM = 1 };
enum { GSO_NONE = 0, GSO_TCPV4 = 1, GSO_TCPV6 = 4, GSO_ECN = 0x80 };
enum { CTRL_RX = 0, CTRL_MAC = 1, CTRL_VLAN = 2 };
enum { CTRL_OK = 0, CTRL_ERR = 1 };
enum { RX_PROMISC, RX_ALLMULTI, RX_ALLUNI, RX_NOMULTI, RX_NOUNI, RX_NOBCAST, RX_MODES };

#define QUEUE 256
#define HDR_MAX 12u
#define MACS_MAX 64u
#define BATCH 256u                  /* frames that are sent before somebody else gets the lock */
#define VLANS 4096u

typedef struct {
    VirtioDevice v;
    Nic nic;
    VirtQueue *rx, *tx, *ctrl;
    uint32_t tx_size, rx_size;      /* properties */
    uint32_t boot_index;
    uint8_t mac[NET_MAC_LEN];       /* in use: the driver may have changed it */
    uint8_t mode[RX_MODES];
    uint8_t macs[MACS_MAX][NET_MAC_LEN];    /* unicast ones first */
    uint16_t n_unicast, n_macs;
    bool any_unicast, any_multicast;        /* there were more than fit */
    uint8_t vlans[VLANS / 8];
    bool stalled;                   /* the other end takes no more frames now */
    Timer *more;                    /* armed: frames wait to be sent */
    uint8_t frame[NET_FRAME_MAX + 64], scratch[NET_FRAME_MAX + 64];
} VirtioNet;

/* With mergeable buffers, and with 1.x, the header tells how many buffers a frame has. */
static size_t header_size(const VirtioNet *d)
{
    return virtio_has(&d->v, F_MRG_RXBUF) || virtio_has(&d->v, VIRTIO_F_VERSION_1) ? 12 : 10;
}

/* ---- to the network: section 5.1.6.2 ---- */

static void send_frame(void *opaque, const uint8_t *frame, size_t len)
{
    VirtioNet *d = opaque;
    d->stalled |= !net_send(d->nic.port, frame, len);
}

/* Returns about how many frames it was. */
static unsigned send_with_header(VirtioNet *d, const uint8_t *hdr, size_t len)
{
    unsigned gso = hdr[1] & (unsigned)~GSO_ECN;
    size_t mss = virtio_get(&d->v, hdr + 4, 2), start = virtio_get(&d->v, hdr + 6, 2);
    size_t offset = virtio_get(&d->v, hdr + 8, 2);
    const char *name = device_name(&d->v.pci.dev);
    if (gso == GSO_TCPV4 || gso == GSO_TCPV6) {
        if (!offload_segment(d->frame, len, mss, d->scratch, send_frame, d)) {
            guest_log("%s: a frame to be segmented is none of TCP, or into too many; lost", name);
        }
        return (unsigned)(len / MAX(mss, 1)) + 1;
    } else if (gso != GSO_NONE) {
        guest_log("%s: segmentation of type %u, which was not offered; lost", name, gso);
    } else if ((hdr[0] & HDR_NEEDS_CSUM) && !offload_sum(d->frame, len, start, offset)) {
        guest_log("%s: a checksum outside of its frame; lost", name);
    } else {
        send_frame(d, d->frame, len);
    }
    return 1;
}

static void transmit(VirtioNet *d)
{
    VirtqElement e;
    unsigned n = 0;
    size_t head = header_size(d);
    while (!d->stalled && n < BATCH && virtq_pop(d->tx, &e)) {
        uint8_t hdr[HDR_MAX] = { 0 };
        uint64_t len = e.out.bytes;
        if (len < head || len - head > NET_FRAME_MAX) {
            guest_log("%s: a frame of %" G_GUINT64_FORMAT " bytes with its header; lost",
                      device_name(&d->v.pci.dev), len);
        } else {
            iov_to_buf(dma_list_iov(&e.out), e.out.iov->len, 0, hdr, head);
            iov_to_buf(dma_list_iov(&e.out), e.out.iov->len, head, d->frame, len - head);
            n += send_with_header(d, hdr, len - head) - 1;
        }
        virtq_push(d->tx, &e, 0);
        n++;
    }
    if (n) {
        virtq_notify(d->tx);
    }
    if (n >= BATCH) {
        timer_arm(d->more, clock_now(d->v.pci.dev.machine->clock, CLOCK_VIRTUAL));
    }
}

static void send_more(void *opaque)
{
    transmit(opaque);
}

static void room(void *opaque)
{
    VirtioNet *d = opaque;
    d->stalled = false;
    transmit(d);
}

/* ---- from the network: section 5.1.6.4 ---- */

static bool is_listed(const VirtioNet *d, const uint8_t *mac, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        if (memcmp(d->macs[i], mac, NET_MAC_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_wanted_vlan(const VirtioNet *d, const uint8_t *frame, size_t len)
{
    if (!virtio_has(&d->v, F_CTRL_VLAN) || len < 18 || frame[12] != 0x81 || frame[13] != 0) {
        return true;
    }
    unsigned vlan = (unsigned)(frame[14] << 8 | frame[15]) % VLANS;
    return d->vlans[vlan / 8] >> (vlan % 8) & 1;
}

static bool is_wanted(const VirtioNet *d, const uint8_t *frame, size_t len)
{
    if (len < 14 || !is_wanted_vlan(d, frame, len)) {
        return false;
    }
    if (d->mode[RX_PROMISC]) {
        return true;
    }
    if (nic_is_broadcast(frame)) {
        return !d->mode[RX_NOBCAST];
    }
    if (nic_is_multicast(frame)) {
        return !d->mode[RX_NOMULTI] &&
               (d->mode[RX_ALLMULTI] || d->any_multicast || is_listed(d, frame, d->n_unicast, d->n_macs));
    }
    return !d->mode[RX_NOUNI] &&
           (d->mode[RX_ALLUNI] || d->any_unicast || memcmp(frame, d->mac, NET_MAC_LEN) == 0 ||
            is_listed(d, frame, 0, d->n_unicast));
}

static bool can_receive(void *opaque, size_t len)
{
    VirtioNet *d = opaque;
    return !virtio_running(&d->v) || virtq_waiting(d->rx);
}

/* Takes chains until there is room for need bytes; 0 when there is not. */
static unsigned gather(VirtioNet *d, VirtqElement *e, unsigned most, size_t need)
{
    size_t have = 0;
    unsigned n = 0;
    while (have < need && n < most && virtq_pop(d->rx, &e[n])) {
        have += e[n++].in.bytes;
        if (e[0].in.bytes < header_size(d)) {
            virtio_broken(&d->v, "a buffer for frames has no room for the header");
            break;
        }
    }
    if (have >= need && virtio_running(&d->v)) {
        return n;
    }
    while (n) {
        virtq_unpop(d->rx, &e[--n]);
    }
    return 0;
}

static void receive(void *opaque, const uint8_t *frame, size_t len)
{
    enum { MOST = 64 };
    VirtioNet *d = opaque;
    VirtqElement e[MOST];
    uint8_t hdr[HDR_MAX] = { 0 };
    size_t head = header_size(d), done = 0;
    if (!virtio_running(&d->v) || !is_wanted(d, frame, len)) {
        return;
    }
    unsigned n = gather(d, e, virtio_has(&d->v, F_MRG_RXBUF) ? MOST : 1, head + len);
    if (!n) {
        guest_log("%s: no room for a frame of %zu bytes; lost", device_name(&d->v.pci.dev), len);
        return;
    }
    virtio_put(&d->v, hdr + 10, 2, n);
    for (unsigned i = 0; i < n; i++) {
        const struct iovec *iov = dma_list_iov(&e[i].in);
        size_t skip = i ? 0 : head, part = MIN(e[i].in.bytes - skip, len - done);
        if (i == 0) {
            iov_from_buf(iov, e[i].in.iov->len, 0, hdr, head);
        }
        iov_from_buf(iov, e[i].in.iov->len, skip, frame + done, part);
        done += part;
        virtq_push(d->rx, &e[i], skip + part);
    }
    virtq_notify(d->rx);
}

static void link_changed(void *opaque)
{
    virtio_config_changed(opaque);
}

/* ---- control: section 5.1.6.5 ---- */

/* One list of the table: a count, then addresses; returns the bytes it has, 0 when it is cut short. */
static size_t read_macs(VirtioNet *d, const uint8_t *data, size_t len, bool *overflow)
{
    size_t count = len < 4 ? 0 : virtio_get(&d->v, data, 4);
    if (len < 4 || count > (len - 4) / NET_MAC_LEN) {
        return 0;
    }
    *overflow = count > MACS_MAX - d->n_macs;
    for (size_t i = 0; i < count && !*overflow; i++) {
        memcpy(d->macs[d->n_macs++], data + 4 + i * NET_MAC_LEN, NET_MAC_LEN);
    }
    return 4 + count * NET_MAC_LEN;
}

static bool set_table(VirtioNet *d, const uint8_t *data, size_t len)
{
    d->n_macs = d->n_unicast = 0;
    size_t unicast = read_macs(d, data, len, &d->any_unicast);
    d->n_unicast = d->n_macs;
    return unicast && read_macs(d, data + unicast, len - unicast, &d->any_multicast);
}

static bool set_vlan(VirtioNet *d, unsigned command, unsigned vlan)
{
    if (command > 1 || vlan >= VLANS) {
        return false;
    }
    uint8_t bit = (uint8_t)(1u << (vlan % 8));
    d->vlans[vlan / 8] = (uint8_t)(command == 0 ? d->vlans[vlan / 8] | bit : d->vlans[vlan / 8] & ~bit);
    return true;
}

static bool control(VirtioNet *d, unsigned class, unsigned command, const uint8_t *data, size_t len)
{
    switch (class) {
    case CTRL_RX:
        if (command >= RX_MODES || len < 1) {
            return false;
        }
        d->mode[command] = data[0] != 0;
        return true;
    case CTRL_MAC:
        if (command == 1 && len >= NET_MAC_LEN) {
            memcpy(d->mac, data, NET_MAC_LEN);
            return true;
        }
        return command == 0 && set_table(d, data, len);
    case CTRL_VLAN:
        return len >= 2 && set_vlan(d, command, (unsigned)virtio_get(&d->v, data, 2));
    }
    return false;
}

static void control_notified(VirtioNet *d)
{
    VirtqElement e;
    while (virtq_pop(d->ctrl, &e)) {
        size_t len = MIN(e.out.bytes, sizeof(d->scratch));
        uint8_t ack = CTRL_ERR;
        iov_to_buf(dma_list_iov(&e.out), e.out.iov->len, 0, d->scratch, len);
        if (len >= 2 && control(d, d->scratch[0], d->scratch[1], d->scratch + 2, len - 2)) {
            ack = CTRL_OK;
        }
        iov_from_buf(dma_list_iov(&e.in), e.in.iov->len, 0, &ack, MIN(1, e.in.bytes));
        virtq_push(d->ctrl, &e, MIN(1, e.in.bytes));
    }
    virtq_notify(d->ctrl);
    net_port_flush(d->nic.port);
}

/* ---- the device ---- */

static void notified(VirtioDevice *vdev, VirtQueue *q)
{
    VirtioNet *d = (VirtioNet *)vdev;
    if (q == d->tx) {
        transmit(d);
    } else if (q == d->rx) {
        net_port_flush(d->nic.port);
    } else {
        control_notified(d);
    }
}

static uint64_t features(VirtioDevice *vdev)
{
    return F_CSUM | F_MAC | F_HOST_TSO4 | F_HOST_TSO6 | F_HOST_ECN | F_MRG_RXBUF | F_STATUS | F_CTRL_VQ |
           F_CTRL_RX | F_CTRL_RX_EXTRA | F_CTRL_VLAN | F_CTRL_MAC;
}

static void get_config(VirtioDevice *vdev, uint8_t *config)
{
    VirtioNet *d = (VirtioNet *)vdev;
    memcpy(config, d->mac, NET_MAC_LEN);
    virtio_put(vdev, config + 6, 2, net_port_link(d->nic.port));
}

/* Only the legacy interface sets the address here. */
static void set_config(VirtioDevice *vdev, const uint8_t *config)
{
    if (!virtio_has(vdev, VIRTIO_F_VERSION_1)) {
        memcpy(((VirtioNet *)vdev)->mac, config, NET_MAC_LEN);
    }
}

static void reset(VirtioDevice *vdev)
{
    VirtioNet *d = (VirtioNet *)vdev;
    memset(d->mode, 0, sizeof(d->mode));
    d->mode[RX_PROMISC] = 1;            /* a driver that does not filter gets everything */
    d->n_macs = d->n_unicast = 0;
    d->any_unicast = d->any_multicast = d->stalled = false;
    memset(d->vlans, 0, sizeof(d->vlans));
    memcpy(d->mac, d->nic.mac, NET_MAC_LEN);
    timer_cancel(d->more);
    net_port_purge(d->nic.port);
}

static bool is_queue_size(uint32_t n)
{
    return n >= 64 && n <= VIRTIO_QUEUE_SIZE && !(n & (n - 1));
}

static bool virtio_net_realize(Device *dev, GError **err)
{
    static const VirtioKind kind = {
        .id = 1, .config_size = 8, .features = features, .get_config = get_config, .set_config = set_config,
        .notified = notified, .reset = reset,
    };
    static const NetPortOps ops = {
        .receive = receive, .can_receive = can_receive, .room = room, .link_changed = link_changed,
    };
    VirtioNet *d = (VirtioNet *)dev;
    if (!is_queue_size(d->rx_size) || !is_queue_size(d->tx_size)) {
        return error_set(err, "%s: rx_queue_size=%u, tx_queue_size=%u: must be powers of two from 64 to %u",
                         device_name(dev), d->rx_size, d->tx_size, VIRTIO_QUEUE_SIZE);
    }
    if (!nic_realize(&d->nic, dev, &ops, err)) {
        return false;
    }
    d->more = timer_new(dev->machine->clock, CLOCK_VIRTUAL, send_more, d);
    d->rx = virtio_add_queue(&d->v, (uint16_t)d->rx_size);
    d->tx = virtio_add_queue(&d->v, (uint16_t)d->tx_size);
    d->ctrl = virtio_add_queue(&d->v, 64);
    return virtio_realize(&d->v, &kind, err);
}

static bool virtio_net_post_load(Device *dev, GError **err)
{
    VirtioNet *d = (VirtioNet *)dev;
    if (d->n_macs > MACS_MAX || d->n_unicast > d->n_macs) {
        return error_set(err, "%s: %u addresses, of which %u are unicast", device_name(dev), d->n_macs,
                         d->n_unicast);
    }
    return virtio_post_load(dev, err);
}

static void virtio_net_finalize(Device *dev)
{
    VirtioNet *d = (VirtioNet *)dev;
    nic_finalize(&d->nic, dev);
    timer_free(d->more);
    virtio_finalize(&d->v);
}

static const Prop virtio_net_props[] = {
    NIC_PROPS(VirtioNet, nic),
    { "rx_queue_size", PROP_U32, offsetof(VirtioNet, rx_size), "256", "entries of the queue to the guest" },
    { "tx_queue_size", PROP_U32, offsetof(VirtioNet, tx_size), "256", "entries of the queue from the guest" },
    { "bootindex", PROP_U32, offsetof(VirtioNet, boot_index), NULL,
      "accepted: firmware is not told in which order to look" },
    VIRTIO_PROPS(VirtioNet, v),
    { 0 }
};

static const VmField virtio_net_state[] = {
    VM_STRUCT(VirtioNet, v, virtio_state), VM_BUFFER(VirtioNet, mac), VM_BUFFER(VirtioNet, mode),
    VM_BUFFER(VirtioNet, macs), VM_U16(VirtioNet, n_unicast), VM_U16(VirtioNet, n_macs),
    VM_BOOL(VirtioNet, any_unicast), VM_BOOL(VirtioNet, any_multicast), VM_BUFFER(VirtioNet, vlans),
    { 0 }
};
static const PciInfo virtio_net_info = VIRTIO_PCI_INFO(0x1000, 0x0200);

const DeviceType virtio_net_type = {
    "virtio-net-pci", sizeof(VirtioNet), .parent = "pci-device", .description = "virtio network card",
    .user_creatable = true, .state = virtio_net_state, .props = virtio_net_props,
    .bus_info = &virtio_net_info, .realize = virtio_net_realize, .reset = virtio_reset,
    .finalize = virtio_net_finalize, .post_load = virtio_net_post_load,
};
