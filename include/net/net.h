/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks: ports, which are the ends of cables, and what is plugged together. A device's
 * port is one end, a back end's (-netdev) the other. Everything with the machine lock held;
 * callbacks too, from a vCPU's thread or the main thread.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "system/machine.h"

/* Bytes of the longest frame, without its check sequence; longer ones are lost. */
#define NET_FRAME_MAX 65536u
#define NET_MAC_LEN 6

typedef struct NetPort NetPort;
typedef struct NetSet NetSet;       /* machine->net: all ports of a machine */

typedef struct {
    /* Takes one Ethernet frame, without check sequence and maybe shorter than 60 bytes. */
    void (*receive)(void *opaque, const uint8_t *frame, size_t len);
    /* Whether it takes one of that length now; what comes while it does not waits until net_port_flush. NULL:
     * always. */
    bool (*can_receive)(void *opaque, size_t len);
    /* A frame for it was lost, as too many wait. May be NULL. */
    void (*lost)(void *opaque);
    /* The other end takes frames again, after net_send returned false. May be NULL. */
    void (*room)(void *opaque);
    /* net_port_link has changed. May be NULL. */
    void (*link_changed)(void *opaque);
} NetPortOps;

/* Sees every frame that a port sends or is sent, as it passes, until the port is gone. */
typedef struct {
    const char *id;
    /* True: the frame goes on. False: the filter has it, and may hand it on later (net_filter_pass). */
    bool (*frame)(void *opaque, bool sent, const uint8_t *frame, size_t len);
    void (*gone)(void *opaque);
    void *opaque;
} NetFilter;

/* The machine's set, empty, as machine->net; machine_free frees it. */
NetSet *net_set_new(Machine *machine);

/* ---- ports ---- */

/* A port called name on machine, plugged into nothing. kind: what info
 * network calls it. A device's port gets frames only while the machine runs. */
NetPort *net_port_new(Machine *machine, const char *name, const char *kind, bool is_device,
                      const NetPortOps *ops, void *opaque);
/* Unplugs it. NULL is allowed. */
void net_port_free(NetPort *port);
/* Plugs two ports together that are plugged into nothing. */
void net_port_plug(NetPort *a, NetPort *b);
/* The other end, or NULL. */
NetPort *net_port_peer(const NetPort *port);
const char *net_port_name(const NetPort *port);
const char *net_port_kind(const NetPort *port);
bool net_port_is_device(const NetPort *port);
/* What info network says behind the kind: "key=value,..."; a copy is kept. */
void net_port_set_info(NetPort *port, const char *info);
const char *net_port_info(const NetPort *port);
/* The address of a device; NULL: it has told none. */
void net_port_set_mac(NetPort *port, const uint8_t mac[NET_MAC_LEN]);
const uint8_t *net_port_mac(const NetPort *port);

/* Sends one frame to the other end, which may answer before this returns: what comes back waits until then. A
 * frame without another end, with the link down or too long is lost. False: it waits or was lost, and no more
 * should be sent until room() is called. */
bool net_send(NetPort *port, const void *frame, size_t len);
/* Delivers what waits for port, as far as can_receive allows. */
void net_port_flush(NetPort *port);
/* Drops what waits for port: its device was reset. */
void net_port_purge(NetPort *port);
/* Whether something is at the other end and neither end was switched off. */
bool net_port_link(const NetPort *port);
/* Switches the link of port and of a device at its other end on or off. */
void net_port_set_link(NetPort *port, bool up);

/* As filter number at of the port: what it sends passes them from the first to the last, what it is sent from
 * the last to the first. */
void net_port_add_filter(NetPort *port, const NetFilter *filter, unsigned at);
void net_port_remove_filter(NetPort *port, const NetFilter *filter);
unsigned net_port_filters(const NetPort *port);
/* The number of the one called id, or -1. */
int net_port_find_filter(const NetPort *port, const char *id);
/* Hands a frame to the filters behind filter, then to where it is sent; not from within frame(). */
void net_filter_pass(NetPort *port, const NetFilter *filter, bool sent, const uint8_t *frame, size_t len);

/* ---- all of them ---- */

/* The oldest of that name; NULL when there is none (or set is NULL). */
NetPort *net_set_find(NetSet *set, const char *name);
/* Port n in the order they were made, or NULL. */
NetPort *net_set_at(NetSet *set, unsigned n);

/* ---- addresses ---- */

/* "52:54:00:12:34:56" or with '-'. False when text is anything else or a group address. */
bool net_mac_parse(const char *text, uint8_t mac[NET_MAC_LEN]);
/* The first of 52:54:00:12:34:56 and those after it that no device has; marks any mac as taken. */
void net_mac_default(NetSet *set, uint8_t mac[NET_MAC_LEN]);
void net_mac_take(NetSet *set, const uint8_t mac[NET_MAC_LEN]);
void net_mac_release(NetSet *set, const uint8_t mac[NET_MAC_LEN]);
/* Freed by the caller. */
char *net_mac_text(const uint8_t mac[NET_MAC_LEN]);

#endif
