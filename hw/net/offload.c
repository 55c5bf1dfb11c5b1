/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums (RFC 1071) and segmentation of TCP (RFC 9293) over IPv4 (RFC 791) and IPv6 (RFC 8200). */
#include "hw/net/offload.h"

#include <glib.h>
#include <string.h>
#include "util/bits.h"

enum { ETH_HEAD = 14, VLAN_TAG = 4, IP4_HEAD = 20, IP6_HEAD = 40, TCP_HEAD = 20, IP_TCP = 6 };
enum { TCP_FIN = 0x01, TCP_PSH = 0x08, TCP_CWR = 0x80 };

/* Such a sum is the same in both byte orders but for its own two bytes (RFC 1071, 2(B)): it is made of words
 * as the host has them. */
uint16_t nic_sum(const uint8_t *data, size_t len, uint32_t seed)
{
    uint64_t sum = 0;
    uint32_t word;
    for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, data, sizeof(word));
        sum += word;
    }
    word = 0;
    memcpy(&word, data, len);
    sum += word;
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum = GUINT16_FROM_BE((uint16_t)sum) + (uint64_t)seed;
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

bool offload_sum(uint8_t *frame, size_t len, size_t start, size_t offset)
{
    if (start >= len || offset + 2 > len - start) {
        return false;
    }
    uint16_t sum = (uint16_t)~nic_sum(frame + start, len - start, 0);
    store_be(frame + start + offset, 2, sum ? sum : 0xffff);
    return true;
}

typedef struct {
    size_t ip, tcp, data;       /* where in the frame they begin */
    bool v6;
} Layout;

static bool find_tcp(const uint8_t *frame, size_t len, Layout *at)
{
    *at = (Layout){ .ip = ETH_HEAD };
    if (len < ETH_HEAD + VLAN_TAG + IP4_HEAD) {
        return false;
    }
    unsigned type = (unsigned)load_be(frame + 12, 2);
    if (type == 0x8100) {
        type = (unsigned)load_be(frame + 16, 2);
        at->ip += VLAN_TAG;
    }
    const uint8_t *ip = frame + at->ip;
    at->v6 = type == 0x86dd;
    if (at->v6 ? len < at->ip + IP6_HEAD || ip[6] != IP_TCP : type != 0x0800 || ip[9] != IP_TCP) {
        return false;
    }
    at->tcp = at->ip + (at->v6 ? IP6_HEAD : (ip[0] & 15) * 4u);
    if (at->tcp < at->ip + IP4_HEAD || len < at->tcp + TCP_HEAD) {
        return false;
    }
    at->data = at->tcp + (frame[at->tcp + 12] >> 4) * 4u;
    return at->data >= at->tcp + TCP_HEAD && at->data < len;
}

static void put_tcp_sum(uint8_t *frame, size_t len, const Layout *at)
{
    const uint8_t *ip = frame + at->ip;
    size_t body = len - at->tcp;
    uint16_t pseudo = nic_sum(ip + (at->v6 ? 8 : 12), at->v6 ? 32 : 8, (uint32_t)(IP_TCP + body));
    store_be(frame + at->tcp + 16, 2, pseudo);
    offload_sum(frame, len, at->tcp, 16);
}

/* The head of segment n, which has data bytes behind it. */
static void put_head(uint8_t *frame, const Layout *at, unsigned n, size_t offset, size_t data, bool last)
{
    uint8_t *ip = frame + at->ip, *tcp = frame + at->tcp;
    size_t len = at->data + data;
    if (at->v6) {
        store_be(ip + 4, 2, len - at->ip - IP6_HEAD);
    } else {
        store_be(ip + 2, 2, len - at->ip);
        store_be(ip + 4, 2, load_be(ip + 4, 2) + n);
        store_be(ip + 10, 2, 0);
        store_be(ip + 10, 2, (uint16_t)~nic_sum(ip, at->tcp - at->ip, 0));
    }
    store_be(tcp + 4, 4, load_be(tcp + 4, 4) + offset);
    tcp[13] &= (uint8_t)(last ? 0xff : ~(TCP_FIN | TCP_PSH));
    tcp[13] &= (uint8_t)(n == 0 ? 0xff : ~TCP_CWR);
    put_tcp_sum(frame, len, at);
}

bool offload_segment(const uint8_t *frame, size_t len, size_t mss, uint8_t *scratch, OffloadSend send,
                     void *opaque)
{
    Layout at;
    if (mss < OFFLOAD_MIN_MSS || !find_tcp(frame, len, &at)) {
        return false;
    }
    size_t all = len - at.data;
    unsigned n = 0;
    for (size_t offset = 0; offset < all; offset += mss, n++) {
        size_t part = MIN(mss, all - offset);
        memcpy(scratch, frame, at.data);
        memcpy(scratch + at.data, frame + at.data + offset, part);
        put_head(scratch, &at, n, offset, part, offset + part == all);
        send(opaque, scratch, at.data + part);
    }
    return true;
}
