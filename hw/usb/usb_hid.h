/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keyboards and pointers have in common: Device Class Definition for HID 1.11. */
#ifndef HW_USB_USB_HID_H
#define HW_USB_USB_HID_H

#include "hw/usb/usb.h"
#include "system/input.h"

#define HID_REPORT_MAX 8u
#define HID_OF_INTERFACE 9u             /* bytes of the HID descriptor */

/* A HID descriptor for a report descriptor of len bytes. */
#define HID_DESCRIPTOR(len) { HID_OF_INTERFACE, 0x21, 0x11, 0x01, 0, 1, 0x22, (len) & 0xff, (len) >> 8 }

typedef struct UsbHid UsbHid;
typedef struct {
    const InputOps *input;
    const uint8_t *report_descriptor;
    unsigned report_descriptor_bytes;
    uint8_t idle;                       /* after a reset, in units of 4 ms; 0: for ever */
    /* Whether there is something that the host does not know; and the report, which says it, in the protocol
     * of h: its length. */
    bool (*pending)(const UsbHid *h);
    unsigned (*report)(UsbHid *h, uint8_t *out);
    void (*set_output)(UsbHid *h, uint8_t value);   /* NULL: it has no lamps */
    void (*forget)(UsbHid *h);                      /* what is waiting and what is held */
} HidKind;

struct UsbHid {
    UsbDevice usb;
    const HidKind *kind;
    InputTaker *taker;
    Timer *timer;                       /* of the idle rate */
    uint8_t boot;                       /* 1: reports as the boot protocol has them */
    uint8_t idle, output;
    bool due;                           /* a report that says nothing new */
};

extern const VmField hid_state[];

bool hid_realize(UsbHid *h, const HidKind *kind);
void hid_finalize(Device *dev);
bool hid_post_load(UsbHid *h, GError **err);
/* There is something for the host. */
void hid_changed(UsbHid *h);

/* For UsbKind. */
int hid_control(UsbDevice *d, const UsbSetup *s, uint8_t *data);
UsbResult hid_data(UsbDevice *d, UsbPacket *p);
void hid_reset(UsbDevice *d);
void hid_configured(UsbDevice *d);

#endif
