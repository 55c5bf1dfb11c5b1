/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB: ports, devices and what goes between them; Universal Serial Bus Specification 2.0, chapters 8 and 9,
 * at low and full speed. A transaction is over when usb_transact returns. A device that answers NAK calls
 * usb_wake when it would answer otherwise: a controller need not ask before. Machine lock held for all.
 */
#ifndef HW_USB_USB_H
#define HW_USB_USB_H

#include "hw/core/bus.h"

#define USB_ENDPOINTS 16u
#define USB_MAX_PACKET 1280u            /* that any transaction of this controller has */
#define USB_CONTROL_MAX 512u            /* bytes of a control transfer's data */
#define USB_PATH_MAX 24u                /* "1.2.3" */
#define USB_MAX_HUBS 5u                 /* one behind the other (section 4.1.1) */

typedef struct UsbBus UsbBus;
typedef struct UsbPort UsbPort;
typedef struct UsbDevice UsbDevice;

enum { USB_OUT = 0xe1, USB_IN = 0x69, USB_SETUP = 0x2d };

/* NOBODY: there was no answer; BABBLE: more than the host has room for. */
typedef enum { USB_ACK, USB_NAK, USB_STALL, USB_NOBODY, USB_BABBLE } UsbResult;

typedef struct {
    uint8_t pid, address, endpoint;
    bool toggle;                /* DATA1: of what is sent; filled in for IN */
    bool isochronous;           /* no toggle, no handshake */
    uint8_t *data;              /* of len bytes: to send, or room */
    unsigned len, actual;       /* actual: that were moved */
} UsbPacket;

/* ---- what devices say of themselves ---- */

enum { USB_CLASS_HID = 3, USB_CLASS_STORAGE = 8, USB_CLASS_HUB = 9 };
enum { USB_BULK = 2, USB_INTERRUPT = 3 };

typedef struct {
    uint8_t address;            /* 0x80: in */
    uint8_t type;               /* USB_BULK, USB_INTERRUPT */
    uint8_t max_packet, interval;
} UsbEndpoint;

/* A device of one configuration with one interface, which is what there is here. */
typedef struct {
    uint16_t vendor, product;
    uint16_t release;           /* in BCD; 0: 1.00 */
    uint8_t device_class;       /* 0: the interface says */
    uint8_t max_packet0;        /* of endpoint 0 */
    bool low_speed, self_powered, wakes;
    uint8_t interface_class, subclass, protocol;
    const uint8_t *extra;       /* descriptor between the interface's and the endpoints', or NULL */
    uint8_t extra_bytes;
    const char *name;           /* the product's, in ASCII */
    UsbEndpoint endpoint[2];
    unsigned endpoints;
} UsbDescription;

/* The descriptors in out (of USB_CONTROL_MAX bytes); their length, or -1 for one that is not there. serial:
 * the string, or NULL. */
int usb_describe(const UsbDescription *d, const char *serial, uint16_t value, uint8_t *out);

/* ---- devices ---- */

typedef struct {
    uint8_t type, request;      /* bmRequestType, bRequest */
    uint16_t value, index, length;
} UsbSetup;

/* DeviceType.bus_info; all but desc may be NULL. */
typedef struct {
    const UsbDescription *desc;
    /* A request that is none of chapter 9, or is to the interface: the length of its data (IN: written to
     * data, which has USB_CONTROL_MAX bytes; OUT: anything that is not negative), or -1: it stalls. */
    int (*control)(UsbDevice *d, const UsbSetup *s, uint8_t *data);
    /* IN or OUT of an endpoint that is there, with the toggle it expects, while it is configured. */
    UsbResult (*data)(UsbDevice *d, UsbPacket *p);
    void (*reset)(UsbDevice *d);                        /* the bus's, or the machine's */
    void (*configured)(UsbDevice *d);                   /* d->configuration has been set */
    void (*unhalted)(UsbDevice *d, uint8_t endpoint);   /* by the host; an address */
    UsbPort *(*port)(UsbDevice *d, unsigned n);         /* of a hub: port n or NULL */
    bool (*passes)(UsbDevice *d, unsigned n);           /* whether a hub's port n lets packets through */
    /* Once the device is there: what comes with it. False with err: it goes again. */
    bool (*complete)(UsbDevice *d, GError **err);
} UsbKind;

struct UsbDevice {
    Device dev;
    UsbBus *bus;
    UsbPort *port;
    char *serial;               /* property */
    uint8_t address, configuration;
    uint8_t next_address;       /* after the status stage; 0xff: as it is */
    bool remote_wakeup;         /* the host lets it wake the bus */
    uint16_t halted[2], toggle[2];      /* a bit for each endpoint; of OUT, of IN */
    uint8_t stage;              /* of the control transfer */
    uint8_t setup[8];
    uint16_t control_len, control_pos;
    uint8_t control[USB_CONTROL_MAX];
};

extern const VmField usb_state[];       /* for VM_STRUCT */
#define USB_PROPS(Type, usb) \
    { "serial", PROP_STRING, offsetof(Type, usb.serial), NULL, "serial number that the device tells" }

static inline const UsbKind *usb_kind(const UsbDevice *d)
{
    return d->dev.type->bus_info;
}

/* Reset of every type: as it is after power on, or a reset of the bus. */
void usb_device_reset(Device *dev);
/* For each post_load: false with err for what cannot be. */
bool usb_post_load(UsbDevice *d, GError **err);
/* One transaction with a device. */
UsbResult usb_transact(UsbDevice *d, UsbPacket *p);
/* From now on an endpoint (its address) stalls, until the host clears that. */
void usb_halt(UsbDevice *d, uint8_t endpoint);
bool usb_is_halted(const UsbDevice *d, uint8_t endpoint);
/* The device has something to say: the controller looks, a suspended bus wakes if it may be woken. */
void usb_wake(UsbDevice *d);

/* ---- ports and buses ---- */

typedef struct {
    /* dev of the port is there, or goes. */
    void (*attached)(UsbPort *port);
    void (*detached)(UsbPort *port);
    /* Something behind the port has something to say; resume: it may wake what is suspended. */
    void (*woken)(UsbPort *port, bool resume);
} UsbPortOps;

struct UsbPort {
    const UsbPortOps *ops;
    void *opaque;
    unsigned index;             /* of its owner's ports, from 0 */
    unsigned hubs;              /* between it and the controller */
    char path[USB_PATH_MAX];
    UsbDevice *dev;             /* NULL: nothing is plugged in */
};

struct UsbBus {
    Bus bus;                    /* "usb-bus.0", or ID.0 */
    char *id;
    unsigned number;
    Machine *machine;
    GPtrArray *ports;           /* of UsbPort *, hubs' too */
};

/* Makes the bus of owner, a controller. */
void usb_bus_init(UsbBus *b, Machine *machine, Device *owner);
/* No device is on it any more. Also when it was not made. */
void usb_bus_clear(UsbBus *b);
/* Adds a port of the controller (hub NULL), or of a hub that is on the bus: number from 1. */
void usb_add_port(UsbBus *b, UsbPort *port, const UsbDevice *hub, unsigned number, const UsbPortOps *ops,
                  void *opaque);
void usb_remove_port(UsbBus *b, UsbPort *port);
/* The device of that address at the port or behind it; NULL. Ports that do not let packets through are not
 * asked, but the first is. */
UsbDevice *usb_find(const UsbPort *port, uint8_t address);
/* What a port's owner does to its device; nothing when there is none. */
void usb_port_reset(UsbPort *port);
static inline bool usb_port_is_low_speed(const UsbPort *port)
{
    return port->dev && usb_kind(port->dev)->desc->low_speed;
}
/* The lines of "info usb"; the caller frees it. */
char *usb_list(Machine *machine);

extern const DeviceType piix3_uhci_type, piix4_uhci_type;

#endif
