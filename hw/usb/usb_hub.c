/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hub with eight ports, "usb-hub": Universal Serial Bus Specification 2.0, chapter 11, at full speed. Not
 * modelled: switching of power, over-current, indicators; a reset of a port takes no time.
 */
#include <string.h>
#include "hw/usb/usb.h"
#include "util/bits.h"

#define PORTS 8u
#define DESC_HUB 0x29
enum { GET_STATUS = 0, CLEAR_FEATURE = 1, SET_FEATURE = 3, GET_DESCRIPTOR = 6 };
/* Of a port's status, and of its changes; a feature's number is the bit, of a change 16 more. */
enum { P_CONNECTED = 0x001, P_ENABLED = 0x002, P_SUSPENDED = 0x004, P_RESET = 0x010, P_POWER = 0x100,
       P_LOW_SPEED = 0x200 };
enum { FEATURE_ENABLE = 1, FEATURE_SUSPEND = 2, FEATURE_RESET = 4, FEATURE_POWER = 8, FEATURE_CHANGE = 16 };
#define CHANGES 0x001fu

typedef struct {
    UsbDevice usb;
    UsbPort port[PORTS];
    uint16_t status[PORTS], change[PORTS];
} UsbHub;

/* ---- ports ---- */

static UsbPort *hub_port(UsbDevice *d, unsigned n)
{
    UsbHub *h = (UsbHub *)d;
    return n < PORTS && h->port[n].ops ? &h->port[n] : NULL;
}

static bool hub_passes(UsbDevice *d, unsigned n)
{
    return (((UsbHub *)d)->status[n] & (P_ENABLED | P_SUSPENDED)) == P_ENABLED;
}

static void set_connected(UsbHub *h, unsigned n)
{
    h->status[n] = P_POWER | P_CONNECTED | (usb_port_is_low_speed(&h->port[n]) ? P_LOW_SPEED : 0);
    h->change[n] |= P_CONNECTED;
}

static void port_attached(UsbPort *port)
{
    UsbHub *h = port->opaque;
    set_connected(h, port->index);
    usb_wake(&h->usb);
}

static void port_detached(UsbPort *port)
{
    UsbHub *h = port->opaque;
    h->change[port->index] |= P_CONNECTED;
    h->status[port->index] = P_POWER;
    usb_wake(&h->usb);
}

static void port_woken(UsbPort *port, bool resume)
{
    UsbHub *h = port->opaque;
    unsigned n = port->index;
    if ((h->status[n] & P_SUSPENDED) && resume) {
        h->status[n] &= (uint16_t)~P_SUSPENDED;
        h->change[n] |= P_SUSPENDED;
    }
    /* What resumes below goes up through a hub whatever it has been told (section 11.4). */
    if (h->usb.port && h->usb.port->dev == &h->usb) {
        h->usb.port->ops->woken(h->usb.port, resume || h->usb.remote_wakeup);
    }
}

/* ---- requests: section 11.24.2 ---- */

static int put_descriptor(uint8_t *data)
{
    static const uint8_t descriptor[] = {
        9, DESC_HUB, PORTS, 0x12, 0x00, 50, 0,      /* no power switching, no over-current protection */
        0x00, 0xff,
    };
    memcpy(data, descriptor, sizeof(descriptor));
    return sizeof(descriptor);
}

static void set_port(UsbHub *h, unsigned n, unsigned feature)
{
    switch (feature) {
    case FEATURE_SUSPEND:
        h->status[n] |= h->status[n] & P_ENABLED ? P_SUSPENDED : 0;
        break;
    case FEATURE_RESET:
        usb_port_reset(&h->port[n]);
        h->status[n] &= (uint16_t)~P_SUSPENDED;
        h->status[n] |= h->status[n] & P_CONNECTED ? P_ENABLED : 0;
        h->change[n] |= P_RESET;
        usb_wake(&h->usb);
        break;
    default:
        break;                          /* POWER is always on; the others do nothing */
    }
}

static void clear_port(UsbHub *h, unsigned n, unsigned feature)
{
    if (feature >= FEATURE_CHANGE) {
        h->change[n] &= (uint16_t)~(1u << (feature - FEATURE_CHANGE));
    } else if (feature == FEATURE_ENABLE) {
        h->status[n] &= (uint16_t)~(P_ENABLED | P_SUSPENDED);
    } else if (feature == FEATURE_SUSPEND && (h->status[n] & P_SUSPENDED)) {
        h->status[n] &= (uint16_t)~P_SUSPENDED;
        h->change[n] |= P_SUSPENDED;
        usb_wake(&h->usb);
    }
}

static int port_request(UsbHub *h, const UsbSetup *s, uint8_t *data)
{
    unsigned n = (s->index & 0xffu) - 1;
    if (n >= PORTS || s->value > FEATURE_CHANGE + 6) {
        return -1;
    }
    switch (s->request) {
    case GET_STATUS:
        store_le(data, 2, h->status[n]);
        store_le(data + 2, 2, h->change[n]);
        return 4;
    case SET_FEATURE:
        set_port(h, n, s->value);
        return 0;
    case CLEAR_FEATURE:
        clear_port(h, n, s->value);
        return 0;
    default:
        return -1;
    }
}

static int hub_control(UsbDevice *d, const UsbSetup *s, uint8_t *data)
{
    switch (s->type) {
    case 0xa0:
        if (s->request == GET_DESCRIPTOR && (s->value >> 8 == DESC_HUB || s->value >> 8 == 0)) {
            return put_descriptor(data);
        }
        if (s->request == GET_STATUS) {
            memset(data, 0, 4);         /* its power is good */
            return 4;
        }
        return -1;
    case 0x20:
        return s->request == CLEAR_FEATURE || s->request == SET_FEATURE ? 0 : -1;
    case 0x23:
        return s->request == GET_STATUS ? -1 : port_request((UsbHub *)d, s, data);
    case 0xa3:
        return s->request == GET_STATUS ? port_request((UsbHub *)d, s, data) : -1;
    default:
        return -1;
    }
}

/* Which ports have changed: section 11.12.4. */
static UsbResult hub_data(UsbDevice *d, UsbPacket *p)
{
    const UsbHub *h = (const UsbHub *)d;
    unsigned bits = 0;
    for (unsigned n = 0; n < PORTS; n++) {
        bits |= h->change[n] & CHANGES ? 2u << n : 0;
    }
    if (!bits) {
        return USB_NAK;
    }
    if (p->len < 2) {
        return USB_BABBLE;
    }
    store_le(p->data, 2, bits);
    p->actual = 2;
    return USB_ACK;
}

static void hub_reset(UsbDevice *d)
{
    UsbHub *h = (UsbHub *)d;
    for (unsigned n = 0; n < PORTS; n++) {
        h->status[n] = P_POWER;
        h->change[n] = 0;
        if (h->port[n].dev) {
            set_connected(h, n);
        }
    }
}

/* ---- the device ---- */

static bool hub_realize(Device *dev, GError **err)
{
    static const UsbPortOps ops = { port_attached, port_detached, port_woken };
    UsbHub *h = (UsbHub *)dev;
    for (unsigned n = 0; n < PORTS; n++) {
        usb_add_port(h->usb.bus, &h->port[n], &h->usb, n + 1, &ops, h);
    }
    return true;
}

static bool hub_post_load(Device *dev, GError **err)
{
    UsbHub *h = (UsbHub *)dev;
    for (unsigned n = 0; n < PORTS; n++) {
        h->change[n] &= CHANGES;
    }
    return usb_post_load(&h->usb, err);
}

static void hub_finalize(Device *dev)
{
    UsbHub *h = (UsbHub *)dev;
    for (unsigned n = 0; n < PORTS; n++) {
        if (h->port[n].ops) {
            usb_remove_port(h->usb.bus, &h->port[n]);
        }
    }
}

static const VmField hub_state[] = {
    VM_STRUCT(UsbHub, usb, usb_state), VM_ARRAY(UsbHub, status), VM_ARRAY(UsbHub, change), { 0 }
};
static const Prop hub_props[] = { USB_PROPS(UsbHub, usb), { 0 } };

static const UsbDescription hub_description = {
    .vendor = 0x0409, .product = 0x55aa, .device_class = USB_CLASS_HUB, .max_packet0 = 8,
    .self_powered = true, .wakes = true, .interface_class = USB_CLASS_HUB, .name = "USB Hub",
    .endpoint = { { 0x81, USB_INTERRUPT, 2, 32 } }, .endpoints = 1,
};
static const UsbKind hub_kind = {
    .desc = &hub_description, .control = hub_control, .data = hub_data, .reset = hub_reset, .port = hub_port,
    .passes = hub_passes,
};

const DeviceType usb_hub_type = {
    "usb-hub", sizeof(UsbHub), .parent = "usb-device", .description = "USB hub with eight ports",
    .user_creatable = true, .state = hub_state, .props = hub_props, .bus_info = &hub_kind,
    .realize = hub_realize, .reset = usb_device_reset, .finalize = hub_finalize, .post_load = hub_post_load,
};
