/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCnet: the initialization block, descriptor rings and frames. Data sheet 21510, "Initialization Block",
 * "Receive Descriptors", "Transmit Descriptors", "Buffer Management". */
#include <stdatomic.h>
#include <string.h>
#include "hw/net/pcnet_internal.h"
#include "util/bits.h"
#include "util/log.h"

/* Of a descriptor's flags, which lie in the upper half of its second word. */
enum {
    DESC_OWN = 0x8000, DESC_ERR = 0x4000, DESC_STP = 0x0200, DESC_ENP = 0x0100,
    RX_OFLO = 0x1000, RX_CRC = 0x0800, RX_BUFF = 0x0400, RX_PHYSICAL = 0x0040, RX_LOGICAL = 0x0020,
    RX_BROADCAST = 0x0010, RX_SET = 0x7f70,
    TX_ADD_FCS = 0x2000, TX_LTINT = 0x1000,
};

/* Of a transmit descriptor's status. */
#define TX_BUFF (1u << 31)
#define TX_UFLO (1u << 30)
#define TX_LCAR (1u << 27)

/* Descriptors in one go; what the guest has beyond waits for the timer. */
#define TX_BATCH 256u
#define TX_AGAIN_NS 20000
/* Polling: 65536 periods of a 33 MHz clock at first, then less often as long as nothing is found, for a
 * driver that relies on it alone is hardly known and an idle guest should cost nothing. */
#define POLL_MIN_NS 1966080
#define POLL_MAX_NS (32 * POLL_MIN_NS)
#define RX_AGAIN_NS 500000

typedef struct {
    uint64_t at;
    uint32_t buffer, status, second;    /* second: the word that the flags are in, as it was */
    uint16_t flags;
    uint32_t size;              /* bytes of the buffer */
} Desc;

/* ---- descriptors ---- */

typedef struct {
    unsigned base, current, count, length;      /* which CSRs */
} Ring;

static const Ring rx_ring = { CSR_RX_BASE, CSR_RX_CURRENT, CSR_RX_COUNT, CSR_RX_LENGTH };
static const Ring tx_ring = { CSR_TX_BASE, CSR_TX_CURRENT, CSR_TX_COUNT, CSR_TX_LENGTH };

static uint32_t ring_length(const Pcnet *p, const Ring *ring)
{
    return 0x10000u - p->csr[ring->length];
}

/* The counter runs from minus the length up. */
static uint32_t ring_index(const Pcnet *p, const Ring *ring)
{
    uint32_t index = (uint16_t)(p->csr[ring->count] - p->csr[ring->length]);
    return index < ring_length(p, ring) ? index : 0;
}

static uint32_t desc_size(const Pcnet *p)
{
    return pcnet_style(p) == 0 ? 8 : 16;
}

static uint64_t desc_address(const Pcnet *p, const Ring *ring, uint32_t index)
{
    return (uint32_t)((pcnet_csr32(p, ring->base) & ~(desc_size(p) - 1)) + index * desc_size(p));
}

static uint32_t after(const Pcnet *p, const Ring *ring, uint32_t index)
{
    return index + 1 < ring_length(p, ring) ? index + 1 : 0;
}

static void advance(Pcnet *p, const Ring *ring)
{
    uint32_t next = after(p, ring, ring_index(p, ring));
    p->csr[ring->count] = (uint16_t)(p->csr[ring->length] + next);
    pcnet_set_csr32(p, ring->current, (uint32_t)desc_address(p, ring, next));
}

static bool desc_read(Pcnet *p, const Ring *ring, uint32_t index, Desc *d)
{
    uint8_t raw[16];
    d->at = desc_address(p, ring, index);
    if (!pci_dma_read(&p->pci, d->at, raw, desc_size(p))) {
        return false;
    }
    atomic_thread_fence(memory_order_acquire);      /* what the flags hand over is seen, too */
    uint32_t w[4];
    for (unsigned i = 0; i < 4; i++) {
        w[i] = (uint32_t)load_le(raw + (desc_size(p) / 4) * i, desc_size(p) / 4);
    }
    if (pcnet_style(p) == 0) {
        d->second = w[1];
        d->buffer = w[0] | (w[1] & 0xff) << 16 | (uint32_t)(p->csr[2] & 0xff00) << 16;
        d->flags = w[1] & 0xff00;
        d->size = 4096 - (w[2] & 0xfff);
        d->status = w[3];
        return true;
    }
    bool reordered = pcnet_style(p) == 3;
    d->second = w[1];
    d->buffer = reordered ? w[2] : w[0];
    d->flags = (uint16_t)(w[1] >> 16);
    d->size = 4096 - (w[1] & 0xfff);
    d->status = reordered ? w[0] : w[2];
    return true;
}

/* Status first, for the flags hand it back. */
static bool desc_write(Pcnet *p, const Desc *d)
{
    uint8_t raw[4];
    if (pcnet_style(p) == 0) {
        store_le(raw, 2, d->status);
        raw[2] = (uint8_t)(d->flags >> 8);
        if (!pci_dma_write(&p->pci, d->at + 6, raw, 2)) {
            return false;
        }
        atomic_thread_fence(memory_order_release);
        return pci_dma_write(&p->pci, d->at + 3, raw + 2, 1);
    }
    store_le(raw, 4, d->status);
    if (!pci_dma_write(&p->pci, d->at + (pcnet_style(p) == 3 ? 0 : 8), raw, 4)) {
        return false;
    }
    store_le(raw, 4, (uint32_t)d->flags << 16 | (d->second & 0xffff));
    atomic_thread_fence(memory_order_release);
    return pci_dma_write(&p->pci, d->at + 4, raw, 4);
}

/* ---- buffers ---- */

/* The bytes at addr as the FIFOs have them: with BSWP each double word of the bus is turned round. */
static bool buffer_read(Pcnet *p, uint64_t addr, uint8_t *data, uint32_t len)
{
    if (!(p->csr[3] & CSR3_BSWP)) {
        return pci_dma_read(&p->pci, addr, data, len);
    }
    for (uint32_t i = 0; i < len; i++) {
        if (!pci_dma_read(&p->pci, (addr + i) ^ 3, data + i, 1)) {
            return false;
        }
    }
    return true;
}

static bool buffer_write(Pcnet *p, uint64_t addr, const uint8_t *data, uint32_t len)
{
    if (!(p->csr[3] & CSR3_BSWP)) {
        return pci_dma_write(&p->pci, addr, data, len);
    }
    for (uint32_t i = 0; i < len; i++) {
        if (!pci_dma_write(&p->pci, (addr + i) ^ 3, data + i, 1)) {
            return false;
        }
    }
    return true;
}

/* The bus gave an error, or its mastership was not granted: nothing moves until software starts anew. */
static void bus_failed(Pcnet *p)
{
    guest_log("pcnet: a descriptor, buffer or the initialization block is not in memory, or bus mastering is "
              "off");
    p->csr[0] = (uint16_t)((p->csr[0] & ~(CSR0_TXON | CSR0_RXON)) | CSR0_MERR);
    p->csr[5] |= CSR5_SINT;
    pcnet_update_irq(p);
}

/* ---- initialization ---- */

static void set_ring(Pcnet *p, const Ring *ring, uint32_t base, unsigned log2_length)
{
    pcnet_set_csr32(p, ring->base, base);
    p->csr[ring->length] = (uint16_t)(0u - (1u << MIN(log2_length, 9u)));
    p->csr[ring->count] = p->csr[ring->length];
    pcnet_set_csr32(p, ring->current, (uint32_t)desc_address(p, ring, 0));
}

bool pcnet_read_init_block(Pcnet *p)
{
    uint8_t block[28];
    bool wide = pcnet_style(p) != 0;
    uint32_t addr = pcnet_csr32(p, 1);
    if (!pci_dma_read(&p->pci, addr & ~(wide ? 3u : 1u), block, wide ? 28 : 24)) {
        bus_failed(p);
        return false;
    }
    p->csr[CSR_MODE] = (uint16_t)load_le(block, 2);
    const uint8_t *address = block + (wide ? 4 : 2), *filter = block + (wide ? 12 : 8);
    for (unsigned i = 0; i < 3; i++) {
        p->csr[CSR_PADR + i] = (uint16_t)load_le(address + 2 * i, 2);
    }
    for (unsigned i = 0; i < 4; i++) {
        p->csr[CSR_LADRF + i] = (uint16_t)load_le(filter + 2 * i, 2);
    }
    if (wide) {
        set_ring(p, &rx_ring, (uint32_t)load_le(block + 20, 4), block[2] >> 4);
        set_ring(p, &tx_ring, (uint32_t)load_le(block + 24, 4), block[3] >> 4);
    } else {
        uint32_t upper = (uint32_t)(p->csr[2] & 0xff00) << 16;
        set_ring(p, &rx_ring, upper | ((uint32_t)load_le(block + 16, 4) & 0xffffff), block[19] >> 5);
        set_ring(p, &tx_ring, upper | ((uint32_t)load_le(block + 20, 4) & 0xffffff), block[23] >> 5);
    }
    return true;
}

/* ---- receiving ---- */

/* Which of the receive flags say why the frame is taken; 0: it is not. */
static unsigned match(const Pcnet *p, const uint8_t *frame)
{
    unsigned mode = p->csr[CSR_MODE];
    if (nic_is_broadcast(frame) && !(mode & MODE_DRCVBC)) {
        return RX_BROADCAST;
    }
    if (nic_is_multicast(frame)) {
        unsigned hash = ~nic_fcs(frame, NET_MAC_LEN, 0) >> 26;
        if (!nic_is_broadcast(frame) && (p->csr[CSR_LADRF + hash / 16] >> (hash % 16) & 1)) {
            return RX_LOGICAL;
        }
    } else if (!(mode & MODE_DRCVPA)) {
        uint8_t own[NET_MAC_LEN];
        for (unsigned i = 0; i < 3; i++) {
            store_le(own + 2 * i, 2, p->csr[CSR_PADR + i]);
        }
        if (memcmp(own, frame, NET_MAC_LEN) == 0) {
            return RX_PHYSICAL;
        }
    }
    return mode & MODE_PROM ? 1 : 0;
}

/* Padding of frames with a length field, and their check sequence, are taken away with ASTRP_RCV. */
static uint32_t stripped(const Pcnet *p, const uint8_t *frame, uint32_t len)
{
    uint32_t field = (uint32_t)load_be(frame + 12, 2);
    return (p->csr[4] & CSR4_ASTRP_RCV) && field < NIC_FRAME_MIN - 14 ? 14 + field : len;
}

/* Fills buffers with len bytes of p->received, and hands them to the guest. */
static void store(Pcnet *p, uint32_t len, unsigned flags)
{
    uint32_t done = 0;
    Desc d, next;
    if (!desc_read(p, &rx_ring, ring_index(p, &rx_ring), &d)) {
        bus_failed(p);
        return;
    }
    for (uint32_t n = 0; n < ring_length(p, &rx_ring); n++) {
        uint32_t part = MIN(d.size, len - done);
        bool last = done + part == len;
        if (!buffer_write(p, d.buffer, p->received + done, part)) {
            bus_failed(p);
            return;
        }
        done += part;
        d.flags = (uint16_t)((d.flags & ~(DESC_OWN | RX_SET)) | (n == 0 ? DESC_STP : 0));
        bool more = !last && desc_read(p, &rx_ring, after(p, &rx_ring, ring_index(p, &rx_ring)), &next) &&
                    (next.flags & DESC_OWN);
        d.status = 0;
        if (last) {
            d.flags = (uint16_t)(d.flags | DESC_ENP | (flags & RX_SET));
            d.status = len & 0xfff;
        } else if (!more) {
            d.flags |= DESC_ERR | RX_BUFF | RX_OFLO;
        }
        if (!desc_write(p, &d)) {
            bus_failed(p);
            return;
        }
        advance(p, &rx_ring);
        if (!more) {
            break;
        }
        d = next;
    }
    p->csr[0] |= CSR0_RINT;
    pcnet_update_irq(p);
}

static void lost(void *opaque)
{
    Pcnet *p = opaque;
    if (!(p->csr[0] & CSR0_RXON)) {
        return;
    }
    p->csr[0] |= CSR0_MISS;
    if (++p->csr[CSR_MISSED] == 0) {
        p->csr[4] |= CSR4_MFCO;
    }
    pcnet_update_irq(p);
}

/* has_fcs: the last four bytes are a check sequence, right or wrong. */
static void take(Pcnet *p, const uint8_t *frame, size_t len, bool has_fcs)
{
    size_t body = has_fcs ? len - NIC_FCS : len, padded = MAX(body, NIC_FRAME_MIN);
    if (body < 14 || padded + NIC_FCS >= PCNET_RX_MAX) {
        return;
    }
    unsigned why = match(p, frame);
    if (!why) {
        return;
    }
    memcpy(p->received, frame, body);
    memset(p->received + body, 0, padded - body);
    uint32_t fcs = nic_fcs(p->received, padded, 0);
    if (has_fcs && load_le(frame + body, NIC_FCS) != fcs) {
        why |= DESC_ERR | RX_CRC;
        fcs = (uint32_t)load_le(frame + body, NIC_FCS);
    }
    store_le(p->received + padded, NIC_FCS, fcs);
    store(p, stripped(p, p->received, (uint32_t)(padded + NIC_FCS)), pcnet_style(p) ? why : why & 0xff00);
}

static void receive(void *opaque, const uint8_t *frame, size_t len)
{
    Pcnet *p = opaque;
    if ((p->csr[0] & CSR0_RXON) && !pcnet_loops(p)) {
        take(p, frame, len, false);
    }
}

/* A ring that cannot be read has one, too: who uses it sees the error. */
static bool has_buffer(Pcnet *p)
{
    Desc d;
    return !desc_read(p, &rx_ring, ring_index(p, &rx_ring), &d) || (d.flags & DESC_OWN);
}

/* What comes while nothing is to be received is dropped, so it is taken; else it waits for a buffer. */
static bool can_receive(void *opaque)
{
    Pcnet *p = opaque;
    if (!(p->csr[0] & CSR0_RXON)) {
        return true;
    }
    if (p->csr[5] & CSR5_SPND) {
        return false;
    }
    if (!has_buffer(p)) {
        if (!timer_armed(p->rx_poll)) {
            timer_arm(p->rx_poll, clock_now(p->pci.dev.machine->clock, CLOCK_VIRTUAL) + RX_AGAIN_NS);
        }
        return false;
    }
    return true;
}

const NetPortOps pcnet_port_ops = {
    .receive = receive, .can_receive = can_receive, .lost = lost, .link_changed = pcnet_link_changed,
};

/* ---- transmitting ---- */

/* Sends len bytes of p->frame, which the guest's descriptors told what to do with. */
static void send(Pcnet *p, uint32_t len, bool add_fcs)
{
    bool has_fcs = (p->csr[CSR_MODE] & MODE_DXMTFCS) && !add_fcs;
    if (!has_fcs && (p->csr[4] & CSR4_APAD_XMT) && len < NIC_FRAME_MIN) {
        memset(p->frame + len, 0, NIC_FRAME_MIN - len);
        len = NIC_FRAME_MIN;
    }
    if (len > 1518 - (has_fcs ? 0 : NIC_FCS)) {
        p->csr[0] |= CSR0_BABL;
    }
    if (has_fcs && len < 14 + NIC_FCS) {
        return;
    }
    if (pcnet_loops(p)) {
        if ((p->csr[0] & CSR0_RXON) && has_buffer(p)) {
            take(p, p->frame, len, has_fcs);
        } else {
            lost(p);
        }
        return;
    }
    if (has_fcs && nic_fcs(p->frame, len - NIC_FCS, 0) != load_le(p->frame + len - NIC_FCS, NIC_FCS)) {
        return;                 /* whoever gets it drops it */
    }
    net_send(p->nic.port, p->frame, len - (has_fcs ? NIC_FCS : 0));
}

/* Ends the frame at d: its last descriptor, with errors in status. */
static bool end_frame(Pcnet *p, Desc *d, uint32_t status)
{
    bool interrupts = status || !(p->csr[5] & CSR5_TOKINTD);
    if ((p->csr[5] & CSR5_LTINTEN) && !(d->flags & TX_LTINT) && !status) {
        interrupts = false;
    }
    d->flags = (uint16_t)((d->flags & ~(DESC_OWN | DESC_ERR)) | (status ? DESC_ERR : 0));
    d->status = pcnet_style(p) == 0 ? status >> 16 : status;
    if (!desc_write(p, d)) {
        bus_failed(p);
        return false;
    }
    advance(p, &tx_ring);
    if (interrupts) {
        p->csr[0] |= CSR0_TINT;
    }
    return true;
}

/* The guest has no buffer where a frame goes on: the transmitter stops, unless told to go on. */
static bool underflow(Pcnet *p, Desc *d)
{
    if (!(p->csr[3] & CSR3_DXSUFLO)) {
        p->csr[0] &= (uint16_t)~CSR0_TXON;
    }
    return end_frame(p, d, TX_BUFF | TX_UFLO) && (p->csr[0] & CSR0_TXON);
}

/* One frame from the ring. False: there is none, or no more can be sent. *used: descriptors, counted up. */
static bool transmit_one(Pcnet *p, unsigned *used)
{
    Desc d, next;
    uint32_t len = 0;
    if (!desc_read(p, &tx_ring, ring_index(p, &tx_ring), &d)) {
        bus_failed(p);
        return false;
    }
    if (!(d.flags & DESC_OWN)) {
        return false;
    }
    ++*used;
    if (!(d.flags & DESC_STP)) {        /* the rest of a frame that was given up */
        d.flags &= (uint16_t)~DESC_OWN;
        advance(p, &tx_ring);
        return desc_write(p, &d) || (bus_failed(p), false);
    }
    bool add_fcs = d.flags & TX_ADD_FCS;
    p->csr[4] |= CSR4_TXSTRT;
    for (uint32_t n = 0; ; n++) {
        uint32_t part = MIN(d.size, PCNET_TX_MAX - len);
        if (!buffer_read(p, d.buffer, p->frame + len, part)) {
            bus_failed(p);
            return false;
        }
        len += d.size;                  /* more than there is room for: it is too long, see below */
        len = MIN(len, PCNET_TX_MAX);
        if (d.flags & DESC_ENP) {
            break;
        }
        if (n + 1 >= ring_length(p, &tx_ring) ||
            !desc_read(p, &tx_ring, after(p, &tx_ring, ring_index(p, &tx_ring)), &next) ||
            !(next.flags & DESC_OWN)) {
            return underflow(p, &d);
        }
        d.flags &= (uint16_t)~DESC_OWN;
        if (!desc_write(p, &d)) {
            bus_failed(p);
            return false;
        }
        advance(p, &tx_ring);
        d = next;
        ++*used;
    }
    bool carrier = net_port_link(p->nic.port) || pcnet_loops(p);
    if (!end_frame(p, &d, carrier ? 0 : TX_LCAR)) {
        return false;
    }
    if (len < PCNET_TX_MAX) {
        send(p, len, add_fcs);
    } else {
        p->csr[0] |= CSR0_BABL;
    }
    return true;
}

void pcnet_poll_later(Pcnet *p)
{
    int64_t now = clock_now(p->pci.dev.machine->clock, CLOCK_VIRTUAL);
    p->poll_ns = p->poll_ns ? MIN(2 * p->poll_ns, POLL_MAX_NS) : POLL_MIN_NS;
    timer_arm(p->tx_poll, now + p->poll_ns);
}

void pcnet_transmit(Pcnet *p)
{
    unsigned used = 0;
    while (pcnet_running(p, CSR0_TXON) && used < TX_BATCH && transmit_one(p, &used)) {
        continue;
    }
    if (used) {
        p->poll_ns = 0;
    }
    if (!pcnet_running(p, CSR0_TXON)) {
        timer_cancel(p->tx_poll);
    } else if (used >= TX_BATCH) {
        timer_arm(p->tx_poll, clock_now(p->pci.dev.machine->clock, CLOCK_VIRTUAL) + TX_AGAIN_NS);
    } else if (!(p->csr[4] & CSR4_TXDPOLL)) {
        pcnet_poll_later(p);
    }
    pcnet_update_irq(p);
}
