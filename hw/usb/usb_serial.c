/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A serial line on USB, "usb-serial", as FTDI's FT232BM has it (FT232BM data sheet 1.8): each packet to the
 * host begins with modem and line status. Not modelled: rates, parity and flow control (they are taken and
 * mean nothing between a guest and its host), the EEPROM; nor the latency timer: a packet goes when there are
 * data or another status, and an idle line costs nothing.
 */
#include <string.h>
#include "chardev/chardev_set.h"
#include "hw/usb/usb.h"
#include "util/error.h"

#define FIFO 384u
#define PACKET 64u
#define STATUS_BYTES 2u

enum { RESET = 0, SET_MODEM = 1, SET_FLOW = 2, SET_RATE = 3, SET_DATA = 4, GET_MODEM = 5, SET_EVENT_CHAR = 6,
       SET_ERROR_CHAR = 7, SET_LATENCY = 9, GET_LATENCY = 10 };
enum { PURGE_INPUT = 1 };
#define DATA_BREAK 0x4000u
enum { MODEM_ALWAYS = 0x01, MODEM_READY = 0xb0 };       /* CTS, DSR and the carrier */
enum { LINE_BREAK = 0x10, LINE_EMPTY = 0x60 };

typedef struct {
    UsbDevice usb;
    char *chardev;              /* property */
    Chardev *chr;
    uint8_t fifo[FIFO];         /* from the host's end */
    uint16_t first, count;
    uint8_t modem, latency;
    bool got_break, sends_break, news;      /* news: a status that the guest has not seen */
} UsbSerial;

/* ---- the host's end ---- */

static size_t can_receive(void *opaque)
{
    const UsbSerial *s = opaque;
    return s->usb.configuration ? FIFO - s->count : 0;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
    UsbSerial *s = opaque;
    for (size_t i = 0; i < len && s->count < FIFO; i++) {
        s->fifo[(s->first + s->count++) % FIFO] = data[i];
    }
    usb_wake(&s->usb);
}

static void event(void *opaque, ChardevEvent what)
{
    UsbSerial *s = opaque;
    if (what == CHR_BREAK) {
        s->got_break = true;
    } else {
        s->modem = what == CHR_OPENED ? MODEM_ALWAYS | MODEM_READY : MODEM_ALWAYS;
    }
    s->news = true;
    usb_wake(&s->usb);
}

static void written(void *opaque)
{
    usb_wake(&((UsbSerial *)opaque)->usb);
}

/* ---- the guest's ---- */

static void put_status(UsbSerial *s, uint8_t *out)
{
    out[0] = s->modem;
    out[1] = (uint8_t)(LINE_EMPTY | (s->got_break ? LINE_BREAK : 0));
    s->got_break = s->news = false;
}

static UsbResult give(UsbSerial *s, UsbPacket *p)
{
    unsigned part = MIN(s->count, PACKET - STATUS_BYTES);
    if (!part && !s->news) {
        return USB_NAK;
    }
    if (STATUS_BYTES + part > p->len) {
        return USB_BABBLE;
    }
    put_status(s, p->data);
    for (unsigned i = 0; i < part; i++) {
        p->data[STATUS_BYTES + i] = s->fifo[(s->first + i) % FIFO];
    }
    s->first = (uint16_t)((s->first + part) % FIFO);
    s->count = (uint16_t)(s->count - part);
    p->actual = STATUS_BYTES + part;
    chardev_accept_input(s->chr);
    return USB_ACK;
}

static UsbResult serial_data(UsbDevice *d, UsbPacket *p)
{
    UsbSerial *s = (UsbSerial *)d;
    if (p->pid == USB_IN) {
        return give(s, p);
    }
    if (chardev_output_pending(s->chr)) {
        return USB_NAK;
    }
    chardev_write(s->chr, p->data, p->len);
    p->actual = p->len;
    return USB_ACK;
}

static void drop_input(UsbSerial *s)
{
    s->first = s->count = 0;
    chardev_accept_input(s->chr);
}

static int set(UsbSerial *s, const UsbSetup *setup)
{
    switch (setup->request) {
    case RESET:
        if (setup->value <= PURGE_INPUT) {
            drop_input(s);
        }
        return 0;
    case SET_DATA:
        if ((setup->value & DATA_BREAK) && !s->sends_break) {
            chardev_send_break(s->chr);
        }
        s->sends_break = setup->value & DATA_BREAK;
        return 0;
    case SET_LATENCY:
        s->latency = (uint8_t)setup->value;
        return 0;
    case SET_MODEM: case SET_FLOW: case SET_RATE: case SET_EVENT_CHAR: case SET_ERROR_CHAR:
        return 0;
    default:
        return -1;
    }
}

static int serial_control(UsbDevice *d, const UsbSetup *setup, uint8_t *data)
{
    UsbSerial *s = (UsbSerial *)d;
    if (setup->type == 0x40) {
        return set(s, setup);
    }
    if (setup->type == 0xc0 && setup->request == GET_MODEM) {
        put_status(s, data);
        return STATUS_BYTES;
    }
    if (setup->type == 0xc0 && setup->request == GET_LATENCY) {
        data[0] = s->latency;
        return 1;
    }
    return -1;
}

static void serial_configured(UsbDevice *d)
{
    drop_input((UsbSerial *)d);
}

static void serial_reset(UsbDevice *d)
{
    UsbSerial *s = (UsbSerial *)d;
    s->latency = 16;
    s->got_break = s->sends_break = s->news = false;
    drop_input(s);
}

/* ---- the device ---- */

static bool serial_realize(Device *dev, GError **err)
{
    static const ChardevFrontend frontend = { can_receive, receive, event, NULL, written };
    UsbSerial *s = (UsbSerial *)dev;
    g_autofree char *user = g_strdup_printf("device '%s'", device_name(dev));
    if (!s->chardev) {
        return error_set(err, "%s: needs chardev=, the id of a -chardev", device_name(dev));
    }
    s->modem = MODEM_ALWAYS;
    s->chr = chardev_set_claim(dev->machine->chardevs, dev->type->name, s->chardev, user, err);
    if (s->chr) {
        chardev_attach(s->chr, &frontend, s);
    }
    return s->chr != NULL;
}

static bool serial_post_load(Device *dev, GError **err)
{
    UsbSerial *s = (UsbSerial *)dev;
    s->first %= FIFO;
    s->count = MIN(s->count, FIFO);
    return usb_post_load(&s->usb, err);
}

static void serial_finalize(Device *dev)
{
    UsbSerial *s = (UsbSerial *)dev;
    if (s->chr) {
        chardev_attach(s->chr, NULL, NULL);
        chardev_release(s->chr);
    }
}

static const VmField serial_state[] = {
    VM_STRUCT(UsbSerial, usb, usb_state), VM_BUFFER(UsbSerial, fifo), VM_U16(UsbSerial, first),
    VM_U16(UsbSerial, count), VM_U8(UsbSerial, latency), VM_BOOL(UsbSerial, got_break),
    VM_BOOL(UsbSerial, sends_break), VM_BOOL(UsbSerial, news), { 0 }
};
static const Prop serial_props[] = {
    { "chardev", PROP_STRING, offsetof(UsbSerial, chardev), NULL, "id of the -chardev at the host's end" },
    USB_PROPS(UsbSerial, usb),
    { 0 }
};

static const UsbDescription serial_description = {
    .vendor = 0x0403, .product = 0x6001, .release = 0x0400, .max_packet0 = 8, .interface_class = 0xff,
    .subclass = 0xff, .protocol = 0xff, .name = "USB Serial",
    .endpoint = { { 0x81, USB_BULK, PACKET, 0 }, { 0x02, USB_BULK, PACKET, 0 } }, .endpoints = 2,
};
static const UsbKind serial_kind = {
    .desc = &serial_description, .control = serial_control, .data = serial_data, .reset = serial_reset,
    .configured = serial_configured,
};

const DeviceType usb_serial_type = {
    "usb-serial", sizeof(UsbSerial), .parent = "usb-device", .description = "USB serial line (FT232BM)",
    .user_creatable = true, .state = serial_state, .props = serial_props, .bus_info = &serial_kind,
    .realize = serial_realize, .reset = usb_device_reset, .finalize = serial_finalize,
    .post_load = serial_post_load,
};
