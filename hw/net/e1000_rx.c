/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82540EM: receiving. Manual, sections 3.2 (descriptors, checksums) and 9 (VLAN); filters: 13.4.22, 13.5. */
#include <stdatomic.h>
#include <string.h>
#include "hw/net/e1000_internal.h"
#include "util/bits.h"
#include "util/log.h"

#define DESC_BYTES 16u
enum { RX_DD = 1, RX_EOP = 2, RX_IXSM = 4, RX_VP = 8, RX_TCPCS = 0x20, RX_IPCS = 0x40, RX_PIF = 0x80 };
enum { RX_TCPE = 0x20, RX_IPE = 0x40 };
#define LONGEST 1522u           /* with check sequence, unless long frames are wanted */
#define ETHER_HEAD 14u

/* ---- checksums ---- */

/* Status bits of a frame's own sums, and errors where they are wrong. IPv4 without options of segmentation.
 * */
static unsigned check_sums(const E1000 *e, const uint8_t *frame, size_t len, unsigned *errors)
{
    uint32_t wanted = e1000_reg(e, R_RXCSUM);
    unsigned status = 0;
    if (len < ETHER_HEAD + 20 || load_be(frame + 12, 2) != 0x0800 || frame[14] >> 4 != 4) {
        return RX_IXSM;
    }
    const uint8_t *ip = frame + ETHER_HEAD;
    size_t head = (ip[0] & 0xfu) * 4, total = (size_t)load_be(ip + 2, 2);
    if (head < 20 || total < head || ETHER_HEAD + total > len) {
        return RX_IXSM;
    }
    if (wanted & RXCSUM_IPOFL) {
        status |= RX_IPCS;
        *errors |= nic_sum(ip, head, 0) == 0xffff ? 0 : RX_IPE;
    }
    bool fragment = load_be(ip + 6, 2) & 0x3fff, tcp = ip[9] == 6, udp = ip[9] == 17;
    const uint8_t *body = ip + head;
    size_t body_len = total - head;
    if (!(wanted & RXCSUM_TUOFL) || fragment || !(tcp || udp) || body_len < (tcp ? 20u : 8u)) {
        return status;
    }
    if (udp && load_be(body + 6, 2) == 0) {         /* the sender made none */
        return status;
    }
    uint32_t pseudo = (uint32_t)nic_sum(ip + 12, 8, 0) + ip[9] + (uint32_t)body_len;
    status |= RX_TCPCS;
    *errors |= nic_sum(body, body_len, pseudo) == 0xffff ? 0 : RX_TCPE;
    return status;
}

/* ---- filters ---- */

static bool vlan_passes(const E1000 *e, const uint8_t *frame, size_t len)
{
    if (!(e1000_reg(e, R_RCTL) & RCTL_VFE) || len < 16 || load_be(frame + 12, 2) != e1000_reg(e, R_VET)) {
        return true;
    }
    unsigned id = (unsigned)load_be(frame + 14, 2) & 0xfff;
    return e1000_reg(e, R_VFTA + (id >> 5) * 4) >> (id & 31) & 1;
}

static bool exact_match(const E1000 *e, const uint8_t *frame)
{
    for (unsigned at = R_RAL; at < R_RA_END; at += 8) {
        uint32_t high = e1000_reg(e, at + 4);
        if ((high & RAH_AV) && load_le(frame, 4) == e1000_reg(e, at) && load_le(frame + 4,
                                                                                2) == (high & 0xffff)) {
            return true;
        }
    }
    return false;
}

static bool hash_match(const E1000 *e, const uint8_t *frame)
{
    static const uint8_t shifts[] = { 4, 3, 2, 0 };
    unsigned shift = shifts[e1000_reg(e, R_RCTL) >> 12 & 3];
    unsigned hash = ((unsigned)load_le(frame + 4, 2) >> shift) & 0xfff;
    return e1000_reg(e, R_MTA + (hash >> 5) * 4) >> (hash & 31) & 1;
}

/* *near: by address, which PIF (passed inexactly) tells. */
static bool passes(const E1000 *e, const uint8_t *frame, size_t len, bool *exact)
{
    uint32_t rctl = e1000_reg(e, R_RCTL);
    *exact = true;
    if (!vlan_passes(e, frame, len)) {
        return false;
    }
    if (nic_is_broadcast(frame) && (rctl & RCTL_BAM)) {
        return true;
    }
    if (exact_match(e, frame)) {
        return true;
    }
    *exact = false;
    return nic_is_multicast(frame) ? (rctl & RCTL_MPE) || hash_match(e, frame) : (rctl & RCTL_UPE) != 0;
}

/* ---- the ring ---- */

static uint32_t buffer_bytes(const E1000 *e)
{
    uint32_t rctl = e1000_reg(e, R_RCTL), size = 2048u >> (rctl >> 16 & 3);
    return (rctl & RCTL_BSEX) && size < 2048 ? 16 * size : size;
}

static uint32_t ring_length(const E1000 *e)
{
    return e1000_reg(e, R_RDLEN) / DESC_BYTES;
}

static uint32_t buffers_free(const E1000 *e)
{
    uint32_t head = e1000_reg(e, R_RDH), tail = e1000_reg(e, R_RDT), length = ring_length(e);
    return head >= length || tail >= length ? 0 : tail >= head ? tail - head : length - head + tail;
}

static uint64_t desc_address(const E1000 *e, uint32_t n)
{
    return (e1000_reg(e, R_RDBAL) | (uint64_t)e1000_reg(e, R_RDBAH) << 32) + (uint64_t)n * DESC_BYTES;
}

typedef struct {
    uint32_t status, errors, sum, tag;
} Result;

/* Fills buffers with what is in e->received. */
static void store(E1000 *e, uint32_t len, const Result *r)
{
    uint32_t done = 0, head = e1000_reg(e, R_RDH);
    do {
        uint8_t desc[DESC_BYTES];
        uint64_t at = desc_address(e, head);
        if (!pci_dma_read(&e->pci, at, desc, sizeof(desc))) {
            guest_log("e1000: the receive ring is not in memory, or bus mastering is off");
            return;
        }
        uint64_t buffer = load_le(desc, 8);
        uint32_t part = MIN(len - done, buffer_bytes(e));
        if (buffer && !pci_dma_write(&e->pci, buffer, e->received + done, part)) {
            guest_log("e1000: a receive buffer is not in memory");
        }
        done += part;
        bool last = done == len;
        store_le(desc + 8, 2, part);
        store_le(desc + 10, 2, r->sum);
        desc[12] = 0;
        desc[13] = (uint8_t)r->errors;
        store_le(desc + 14, 2, last ? r->tag : 0);
        pci_dma_write(&e->pci, at + 8, desc + 8, 8);
        atomic_thread_fence(memory_order_release);
        desc[12] = (uint8_t)(RX_DD | (last ? RX_EOP | r->status : 0));
        pci_dma_write(&e->pci, at + 12, desc + 12, 1);
        head = head + 1 < ring_length(e) ? head + 1 : 0;
    } while (done < len);
    e->reg[R_RDH / 4] = head;
    uint32_t few = ring_length(e) >> ((e1000_reg(e, R_RCTL) >> 8 & 3) + 1);
    e1000_cause(e, ICR_RXT0 | (buffers_free(e) <= few ? ICR_RXDMT0 : 0));
}

static void count(E1000 *e, const uint8_t *frame, uint32_t len)
{
    e1000_count(e, R_GPRC, 1);
    e1000_count(e, R_TPR, 1);
    if (nic_is_broadcast(frame)) {
        e1000_count(e, R_BPRC, 1);
    } else if (nic_is_multicast(frame)) {
        e1000_count(e, R_MPRC, 1);
    }
    e1000_count_frame(e, R_PRC64, R_GORCL, len);
    uint64_t total = e1000_reg(e, R_TORL) + (uint64_t)len;
    e->reg[R_TORL / 4] = (uint32_t)total;
    e->reg[R_TORL / 4 + 1] += (uint32_t)(total >> 32);
}

static bool has_room(E1000 *e, size_t len)
{
    size_t whole = MAX(len, NIC_FRAME_MIN) + NIC_FCS;
    return (uint64_t)buffers_free(e) * buffer_bytes(e) >= whole;
}

static void take(E1000 *e, const uint8_t *frame, size_t len)
{
    bool exact;
    size_t padded = MAX(len, NIC_FRAME_MIN);
    uint32_t rctl = e1000_reg(e, R_RCTL), whole = (uint32_t)(padded + NIC_FCS);
    if (len < ETHER_HEAD || whole > E1000_FRAME_MAX || (whole > LONGEST && !(rctl & RCTL_LPE)) ||
        !passes(e, frame, len, &exact)) {
        return;
    }
    if (!has_room(e, len)) {
        e1000_count(e, R_MPC, 1);
        e1000_cause(e, ICR_RXO);
        return;
    }
    count(e, frame, whole);
    memcpy(e->received, frame, len);
    memset(e->received + len, 0, padded - len);
    Result r = { .status = exact ? 0 : RX_PIF };
    uint32_t out = (uint32_t)padded;
    if ((e1000_reg(e, R_CTRL) & CTRL_VME) && load_be(frame + 12, 2) == e1000_reg(e, R_VET)) {
        r.tag = (uint32_t)load_be(frame + 14, 2);
        r.status |= RX_VP;
        memmove(e->received + 12, e->received + 16, padded - 16);
        out -= 4;
    }
    r.status |= check_sums(e, e->received, out, &r.errors);
    if (!(rctl & RCTL_SECRC)) {
        store_le(e->received + out, NIC_FCS, nic_fcs(frame, len, padded - len));
        out += NIC_FCS;
    }
    uint32_t from = MIN(e1000_reg(e, R_RXCSUM) & 0xff, out);
    /* The sum is big endian on the wire, and so it is in memory. */
    r.sum = (uint32_t)bswap_size(nic_sum(e->received + from, out - from, 0), 2);
    store(e, out, &r);
}

static void receive(void *opaque, const uint8_t *frame, size_t len)
{
    E1000 *e = opaque;
    if ((e1000_reg(e, R_RCTL) & RCTL_EN) && !e1000_loops(e)) {
        take(e, frame, len);
    }
}

void e1000_loop(E1000 *e, const uint8_t *frame, size_t len)
{
    if (e1000_reg(e, R_RCTL) & RCTL_EN) {
        take(e, frame, len);
    }
}

/* What will be dropped in any case is taken: while the receiver is off, and what the whole ring could not
 * hold. */
static bool can_receive(void *opaque, size_t len)
{
    E1000 *e = opaque;
    uint64_t most = ring_length(e) ? (uint64_t)(ring_length(e) - 1) * buffer_bytes(e) : 0;
    return !(e1000_reg(e, R_RCTL) & RCTL_EN) || MAX(len, NIC_FRAME_MIN) + NIC_FCS > most || has_room(e, len);
}

static void lost(void *opaque)
{
    E1000 *e = opaque;
    e1000_count(e, R_MPC, 1);
    e1000_count(e, R_RNBC, 1);
    e1000_cause(e, ICR_RXO);
}

const NetPortOps e1000_port_ops = {
    .receive = receive, .can_receive = can_receive, .lost = lost, .link_changed = e1000_link_changed,
};
