/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a network chip does for its driver: checksums, and large TCP frames cut into segments. */
#ifndef HW_NET_OFFLOAD_H
#define HW_NET_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ones' complement sum of bytes, as words in network order (RFC 1071), on top of seed. */
uint16_t nic_sum(const uint8_t *data, size_t len, uint32_t seed);
/* Puts the checksum of frame from start to its end at start + offset, where the sum of the pseudo header is;
 * false when that is not within the frame. */
bool offload_sum(uint8_t *frame, size_t len, size_t start, size_t offset);

/* The least data of a segment: what the least MTU of IPv4 (RFC 791: 68) leaves. It bounds how many one frame
 * becomes. */
#define OFFLOAD_MIN_MSS 28u

typedef void (*OffloadSend)(void *opaque, const uint8_t *frame, size_t len);
/* Sends an Ethernet frame of TCP over IPv4 or IPv6 as segments of mss bytes of data, each with its own
 * length, sequence number, flags and checksums. scratch: room for len bytes. False when it is no such frame
 * or mss is too small. */
bool offload_segment(const uint8_t *frame, size_t len, size_t mss, uint8_t *scratch, OffloadSend send,
                     void *opaque);

#endif
