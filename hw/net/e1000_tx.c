/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82540EM: transmitting. Manual, section 3.3 (descriptors), 3.4 (ring), 3.5 (segmentation), 3.6 (checksums).
 * */
#include <stdatomic.h>
#include <string.h>
#include "hw/net/e1000_internal.h"
#include "util/bits.h"
#include "util/log.h"

#define DESC_BYTES 16u
enum { CMD_EOP = 0x01, CMD_IFCS = 0x02, CMD_IC = 0x04, CMD_TSE = 0x04, CMD_RS = 0x08, CMD_DEXT = 0x20,
       CMD_VLE = 0x40 };
enum { POPTS_IXSM = 1, POPTS_TXSM = 2 };
enum { TUCMD_TCP = 0x01, TUCMD_IP = 0x02 };
#define STA_DD 1
#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define IPV6_HEAD 40u

/* Descriptors and bytes in one go; what the guest has beyond waits for the timer. */
#define BATCH_DESCS 1024u
#define BATCH_BYTES (1u << 20)
#define AGAIN_NS 20000

/* ---- sums ---- */

/* The sum from start to end (0: the frame's) goes to offset. What lies beyond the frame is left alone. */
static void put_sum(uint8_t *frame, uint32_t len, uint32_t start, uint32_t offset, uint32_t end)
{
    uint32_t stop = end && end < len ? end + 1 : len;
    if (start < stop && offset + 2 <= len) {
        store_be(frame + offset, 2, (uint16_t)~nic_sum(frame + start, stop - start, 0));
    }
}

/* ---- frames ---- */

static void count(E1000 *e, const uint8_t *frame, uint32_t len)
{
    e1000_count(e, R_GPTC, 1);
    e1000_count(e, R_TPT, 1);
    if (nic_is_broadcast(frame)) {
        e1000_count(e, R_BPTC, 1);
    } else if (nic_is_multicast(frame)) {
        e1000_count(e, R_MPTC, 1);
    }
    e1000_count_frame(e, R_PTC64, R_GOTCL, len);
    uint64_t total = e1000_reg(e, R_TOTL) + (uint64_t)len;
    e->reg[R_TOTL / 4] = (uint32_t)total;
    e->reg[R_TOTL / 4 + 1] += (uint32_t)(total >> 32);
}

/* On the wire, after sums, with room for four bytes more behind len. */
static void put_on_wire(E1000 *e, uint8_t *frame, uint32_t len)
{
    const E1000Frame *f = &e->frame;
    if (!f->add_fcs) {              /* software's own, which is checked as whoever gets it does */
        if (len < 14 + NIC_FCS || nic_fcs(frame, len - NIC_FCS, 0) != load_le(frame + len - NIC_FCS,
                                                                              NIC_FCS)) {
            return;
        }
        len -= NIC_FCS;
    }
    if (f->tagged && (e1000_reg(e, R_CTRL) & CTRL_VME) && len >= 12) {
        memmove(frame + 16, frame + 12, len - 12);
        store_be(frame + 12, 2, e1000_reg(e, R_VET));
        store_be(frame + 14, 2, f->tag);
        len += 4;
    }
    if (len < NIC_FRAME_MIN && (e1000_reg(e, R_TCTL) & TCTL_PSP)) {
        memset(frame + len, 0, NIC_FRAME_MIN - len);
        len = NIC_FRAME_MIN;
    }
    count(e, frame, len + NIC_FCS);
    if (e1000_loops(e)) {
        e1000_loop(e, frame, len);
    } else {
        net_send(e->nic.port, frame, len);
    }
}

static void sum_and_send(E1000 *e, uint8_t *frame, uint32_t len)
{
    const E1000Frame *f = &e->frame;
    const E1000Context *c = &e->context;
    if (f->options & POPTS_TXSM) {
        put_sum(frame, len, c->tu_start, c->tu_offset, c->tu_end);
    }
    if (f->options & POPTS_IXSM) {
        put_sum(frame, len, c->ip_start, c->ip_offset, c->ip_end);
    }
    if (f->legacy_sum) {
        put_sum(frame, len, f->sum_start, f->sum_offset, 0);
    }
    put_on_wire(e, frame, len);
}

/* One segment: the header with its lengths and numbers, and len bytes of payload. The payload lies behind the
 * header's place already. */
static void send_segment(E1000 *e, uint32_t len, bool last)
{
    const E1000Context *c = &e->context;
    uint8_t *frame = e->data;
    uint32_t whole = c->header + len, n = e->frame.segments++;
    memcpy(frame, e->header, c->header);
    if (c->ip_start + (c->ipv4 ? 20u : IPV6_HEAD) > c->header || c->tu_start + (c->tcp ? 20u
                                                                                : 8u) > c->header) {
        guest_log("e1000: segmentation of a header of %u bytes, which is too short", c->header);
        return;
    }
    uint8_t *ip = frame + c->ip_start, *tu = frame + c->tu_start;
    if (c->ipv4) {
        store_be(ip + 2, 2, whole - c->ip_start);
        store_be(ip + 4, 2, load_be(ip + 4, 2) + n);
    } else {
        store_be(ip + 4, 2, whole - c->ip_start - IPV6_HEAD);
    }
    uint32_t body = whole - c->tu_start;
    if (c->tcp) {
        store_be(tu + 4, 4, load_be(tu + 4, 4) + (uint64_t)n * c->mss);
        tu[13] = (uint8_t)(tu[13] & (last ? 0xff : ~(TCP_FIN | TCP_PSH)));
    } else {
        store_be(tu + 4, 2, body);
    }
    /* The sum of the pseudo header lacks the length, which is each segment's own. */
    if ((e->frame.options & POPTS_TXSM) && c->tu_offset + 2u <= c->header) {
        uint8_t length[2];
        store_be(length, 2, body);
        store_be(frame + c->tu_offset, 2, nic_sum(length, 2, (uint32_t)load_be(frame + c->tu_offset, 2)));
    }
    sum_and_send(e, frame, whole);
}

static void end_frame(E1000 *e)
{
    E1000Frame *f = &e->frame;
    if (f->failed || f->too_long) {
        guest_log("e1000: a frame is not sent: %s", f->failed ? "a buffer is not in memory" : "too long");
    } else if (f->segmented) {
        if (f->len || !f->segments) {
            send_segment(e, f->len, true);
        }
        e1000_count(e, R_TSCTC, 1);
    } else if (f->len) {
        sum_and_send(e, e->data, f->len);
    }
    *f = (E1000Frame){ 0 };
}

/* ---- data ---- */

/* Adds len bytes at addr to a buffer; what cannot be had is remembered. */
static void fetch(E1000 *e, uint64_t addr, uint8_t *to, uint32_t len)
{
    if (!pci_dma_read(&e->pci, addr, to, len)) {
        e->frame.failed = true;
        memset(to, 0, len);
    }
}

static void add_plain(E1000 *e, uint64_t addr, uint32_t len)
{
    E1000Frame *f = &e->frame;
    if (len > E1000_FRAME_MAX - 64 - f->len) {      /* with room for a tag and padding */
        f->too_long = true;
        return;
    }
    fetch(e, addr, e->data + f->len, len);
    f->len += len;
}

/* Header first, then payload; a segment goes when there is more than it holds, so that the last is known. */
static void add_segmented(E1000 *e, uint64_t addr, uint32_t len)
{
    E1000Frame *f = &e->frame;
    const E1000Context *c = &e->context;
    uint32_t room = MIN(c->mss, E1000_FRAME_MAX - 64u - c->header);
    if (c->mss < OFFLOAD_MIN_MSS || !c->header) {
        f->too_long = true;
        return;
    }
    uint32_t head = MIN(len, c->header - f->header_len);
    fetch(e, addr, e->header + f->header_len, head);
    f->header_len += head;
    addr += head;
    len -= head;
    while (len && !f->failed) {
        if (f->len == room) {
            send_segment(e, f->len, false);
            f->len = 0;
        }
        uint32_t part = MIN(len, room - f->len);
        fetch(e, addr, e->data + c->header + f->len, part);
        f->len += part;
        addr += part;
        len -= part;
    }
}

static void set_context(E1000 *e, const uint8_t *d)
{
    E1000Context *c = &e->context;
    c->ip_start = d[0];
    c->ip_offset = d[1];
    c->ip_end = (uint16_t)load_le(d + 2, 2);
    c->tu_start = d[4];
    c->tu_offset = d[5];
    c->tu_end = (uint16_t)load_le(d + 6, 2);
    c->tcp = d[11] & TUCMD_TCP;
    c->ipv4 = d[11] & TUCMD_IP;
    c->header = d[13];
    c->mss = (uint16_t)load_le(d + 14, 2);
}

/* What is added to a frame on its way. */
static void set_ends(E1000Frame *f, const uint8_t *d, bool add_fcs)
{
    f->add_fcs = add_fcs;
    f->tagged = d[11] & CMD_VLE;
    f->tag = (uint16_t)load_le(d + 14, 2);
}

/* Returns the bytes that it moved. */
static uint32_t do_descriptor(E1000 *e, const uint8_t *d)
{
    enum { CONTEXT = 0, DATA = 1 };
    E1000Frame *f = &e->frame;
    uint8_t command = d[11];
    bool extended = command & CMD_DEXT;
    unsigned type = d[10] >> 4;
    if (extended && type == CONTEXT) {
        if (f->begun) {             /* it would be about a part of a frame */
            guest_log("e1000: a context descriptor within a frame; ignored");
        } else {
            set_context(e, d);
        }
        return 0;
    }
    if (extended && type != DATA) {
        guest_log("e1000: transmit descriptor of type %u, which is not there", type);
        return 0;
    }
    uint32_t len = (uint32_t)load_le(d + 8, extended ? 4 : 2) & (extended ? 0xfffff : 0xffff);
    if (!f->begun) {
        f->begun = true;
        f->segmented = extended && (command & CMD_TSE);
        f->options = extended ? d[13] : 0;
        if (f->segmented) {         /* segments go before the last descriptor is there */
            set_ends(f, d, true);
        }
    }
    if (!extended && (command & CMD_IC)) {
        f->legacy_sum = true;
        f->sum_offset = d[10];
        f->sum_start = d[13];
    }
    if (f->segmented) {
        add_segmented(e, load_le(d, 8), len);
    } else {
        add_plain(e, load_le(d, 8), len);
    }
    if (command & CMD_EOP) {
        if (!f->segmented) {
            set_ends(f, d, command & CMD_IFCS);
        }
        end_frame(e);
    }
    return len;
}

/* ---- the ring ---- */

void e1000_transmit(E1000 *e)
{
    uint32_t moved = 0, causes = 0, length = e1000_reg(e, R_TDLEN) / DESC_BYTES;
    uint64_t base = e1000_reg(e, R_TDBAL) | (uint64_t)e1000_reg(e, R_TDBAH) << 32;
    unsigned n = 0;
    if (!(e1000_reg(e, R_TCTL) & TCTL_EN) || e1000_reg(e, R_TDH) >= length || e1000_reg(e, R_TDT) >= length) {
        return;
    }
    while (e1000_reg(e, R_TDH) != e1000_reg(e, R_TDT)) {
        uint32_t head = e1000_reg(e, R_TDH);
        uint8_t d[DESC_BYTES];
        if (n++ == BATCH_DESCS || moved >= BATCH_BYTES) {
            timer_arm(e->tx_timer, clock_now(e->pci.dev.machine->clock, CLOCK_VIRTUAL) + AGAIN_NS);
            break;
        }
        if (!pci_dma_read(&e->pci, base + (uint64_t)head * DESC_BYTES, d, sizeof(d))) {
            guest_log("e1000: the transmit ring is not in memory, or bus mastering is off");
            break;
        }
        e->reg[R_TDH / 4] = head + 1 < length ? head + 1 : 0;
        moved += do_descriptor(e, d);
        if (d[11] & CMD_RS) {
            d[12] |= STA_DD;
            atomic_thread_fence(memory_order_release);
            pci_dma_write(&e->pci, base + (uint64_t)head * DESC_BYTES + 12, d + 12, 1);
            causes |= ICR_TXDW;
        }
    }
    if (n && e1000_reg(e, R_TDH) == e1000_reg(e, R_TDT)) {
        causes |= ICR_TXQE;
    }
    if (causes) {
        e1000_cause(e, causes);
    }
}
