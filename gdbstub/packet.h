/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing of gdb's remote protocol: packets with checksums out of bytes and back, acknowledgements. */
#ifndef GDBSTUB_PACKET_H
#define GDBSTUB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest packet that is taken, without its frame. */
#define PACKET_MAX 0x4000u

typedef struct Packets Packets;

typedef struct {
    /* A packet has come, its escapes undone; data is good for the call. It may call packets_send. */
    void (*packet)(void *opaque, const char *data, size_t len);
    /* A packet that was too long, or whose checksum nobody will send again. */
    void (*refused)(void *opaque, const char *why);
    void (*interrupt)(void *opaque);
    void (*send)(void *opaque, const void *data, size_t len);
} PacketOps;

Packets *packets_new(const PacketOps *ops, void *opaque);
void packets_free(Packets *p);
/* Somebody new: nothing is under way, and packets are acknowledged. */
void packets_reset(Packets *p);
void packets_receive(Packets *p, const uint8_t *data, size_t len);
/* Frames data and sends it, after those whose acknowledgement is waited for. */
void packets_send(Packets *p, const char *data, size_t len);
/* After the answer to the packet that is being handled nothing is acknowledged. */
void packets_stop_acks(Packets *p);

#endif
