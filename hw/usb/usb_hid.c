/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB human interface devices: Device Class Definition for HID 1.11, chapter 7: requests, boot and report
 * protocol, idle rate. A device gets input before others from when the guest configures it until it does not
 * use it any more.
 */
#include "hw/usb/usb_hid.h"

#include <string.h>

enum { GET_DESCRIPTOR = 0x06, DESC_HID = 0x21, DESC_REPORT = 0x22 };
enum { GET_REPORT = 1, GET_IDLE = 2, GET_PROTOCOL = 3, SET_REPORT = 9, SET_IDLE = 10, SET_PROTOCOL = 11 };
enum { REPORT_INPUT = 1, REPORT_OUTPUT = 2 };
#define IDLE_NS INT64_C(4000000)

static void begin_idle(UsbHid *h)
{
    if (h->idle && h->usb.configuration) {
        timer_arm(h->timer, clock_now(h->usb.dev.machine->clock, CLOCK_VIRTUAL) + h->idle * IDLE_NS);
    } else {
        timer_cancel(h->timer);
    }
}

static void idle_over(void *opaque)
{
    UsbHid *h = opaque;
    h->due = true;
    usb_wake(&h->usb);
}

void hid_changed(UsbHid *h)
{
    usb_wake(&h->usb);
}

/* ---- requests: chapter 7 ---- */

static int get_descriptor(const UsbHid *h, const UsbSetup *s, uint8_t *data)
{
    const UsbDescription *d = usb_kind(&h->usb)->desc;
    if (s->value == DESC_REPORT << 8) {
        memcpy(data, h->kind->report_descriptor, h->kind->report_descriptor_bytes);
        return (int)h->kind->report_descriptor_bytes;
    }
    if (s->value == DESC_HID << 8) {
        memcpy(data, d->extra, d->extra_bytes);
        return d->extra_bytes;
    }
    return -1;
}

static int to_host(UsbHid *h, const UsbSetup *s, uint8_t *data)
{
    switch (s->request) {
    case GET_REPORT:
        if (s->value == REPORT_OUTPUT << 8 && h->kind->set_output) {
            data[0] = h->output;
            return 1;
        }
        return s->value == REPORT_INPUT << 8 ? (int)h->kind->report(h, data) : -1;
    case GET_IDLE:
        data[0] = h->idle;
        return 1;
    case GET_PROTOCOL:
        data[0] = !h->boot;
        return 1;
    default:
        return -1;
    }
}

static int to_device(UsbHid *h, const UsbSetup *s, const uint8_t *data)
{
    bool has_boot = usb_kind(&h->usb)->desc->subclass;
    switch (s->request) {
    case SET_REPORT:
        if (s->value != REPORT_OUTPUT << 8 || !h->kind->set_output || s->length != 1) {
            return -1;
        }
        h->output = data[0];
        h->kind->set_output(h, data[0]);
        return 0;
    case SET_IDLE:
        if (s->value & 0xff) {
            return -1;                  /* there is one report, without a number */
        }
        h->idle = (uint8_t)(s->value >> 8);
        h->due = false;
        begin_idle(h);
        return 0;
    case SET_PROTOCOL:
        if (!has_boot || s->value > 1) {
            return -1;
        }
        h->boot = !s->value;
        return 0;
    default:
        return -1;
    }
}

int hid_control(UsbDevice *d, const UsbSetup *s, uint8_t *data)
{
    UsbHid *h = (UsbHid *)d;
    switch (s->type) {
    case 0x81:
        return s->request == GET_DESCRIPTOR ? get_descriptor(h, s, data) : -1;
    case 0xa1:
        return d->configuration ? to_host(h, s, data) : -1;
    case 0x21:
        return d->configuration ? to_device(h, s, data) : -1;
    default:
        return -1;
    }
}

UsbResult hid_data(UsbDevice *d, UsbPacket *p)
{
    UsbHid *h = (UsbHid *)d;
    uint8_t report[HID_REPORT_MAX];
    if (!h->kind->pending(h) && !h->due) {
        return USB_NAK;
    }
    unsigned len = h->kind->report(h, report);
    h->due = false;
    begin_idle(h);
    if (len > p->len) {
        return USB_BABBLE;
    }
    memcpy(p->data, report, len);
    p->actual = len;
    return USB_ACK;
}

/* ---- life ---- */

void hid_configured(UsbDevice *d)
{
    UsbHid *h = (UsbHid *)d;
    if (d->configuration) {
        input_prefer(h->taker);
    } else {
        input_retire(h->taker);
    }
    h->kind->forget(h);
    begin_idle(h);
}

void hid_reset(UsbDevice *d)
{
    UsbHid *h = (UsbHid *)d;
    h->boot = 0;
    h->idle = h->kind->idle;
    h->due = false;
    h->output = 0;
    if (h->kind->set_output) {
        h->kind->set_output(h, 0);
    }
    hid_configured(d);
}

bool hid_realize(UsbHid *h, const HidKind *kind)
{
    h->kind = kind;
    h->timer = timer_new(h->usb.dev.machine->clock, CLOCK_VIRTUAL, idle_over, h);
    h->taker = input_add(h->usb.dev.machine->input, kind->input, h);
    return true;
}

void hid_finalize(Device *dev)
{
    UsbHid *h = (UsbHid *)dev;
    if (h->timer) {
        timer_free(h->timer);
    }
    input_remove(h->taker);
}

bool hid_post_load(UsbHid *h, GError **err)
{
    if (!usb_post_load(&h->usb, err)) {
        return false;
    }
    if (h->kind->set_output) {
        h->kind->set_output(h, h->output);
    }
    if (h->usb.configuration) {
        input_prefer(h->taker);
    }
    begin_idle(h);
    return true;
}

const VmField hid_state[] = {
    VM_STRUCT(UsbHid, usb, usb_state), VM_U8(UsbHid, boot), VM_U8(UsbHid, idle), VM_U8(UsbHid, output),
    VM_BOOL(UsbHid, due), { 0 }
};
