/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A USB mouse, "usb-mouse", and a tablet, "usb-tablet", which tells places and not movements: Device Class
 * Definition for HID 1.11, appendix B.2 (boot mouse) and E.10, HID Usage Tables 1.12, pages 1 and 9.
 */
#include <string.h>
#include "hw/usb/usb_hid.h"

#define WAITING 16u
#define MOST_MOVEMENT 4096

typedef struct {
    int32_t x, y, wheel;                /* movements, or a tablet's place */
    uint8_t buttons;
} Report;

typedef struct {
    UsbHid hid;
    Report now, told;                   /* now: also what has happened since the last group */
    Report waiting[WAITING];
    uint8_t first, count;
} UsbPointer;

/* 5 buttons; X, Y and wheel of 8 bits, relative. */
static const uint8_t mouse_reports[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, 0x05, 0x09, 0x19, 0x01, 0x29, 0x05, 0x15,
    0x00, 0x25, 0x01, 0x95, 0x05, 0x75, 0x01, 0x81, 0x02, 0x95, 0x01, 0x75, 0x03, 0x81, 0x01, 0x05, 0x01,
    0x09, 0x30, 0x09, 0x31, 0x09, 0x38, 0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x03, 0x81, 0x06, 0xc0,
    0xc0,
};

/* 5 buttons; X and Y of 15 bits in 16, absolute; a wheel of 8, relative. */
static const uint8_t tablet_reports[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, 0x05, 0x09, 0x19, 0x01, 0x29, 0x05, 0x15,
    0x00, 0x25, 0x01, 0x95, 0x05, 0x75, 0x01, 0x81, 0x02, 0x95, 0x01, 0x75, 0x03, 0x81, 0x01, 0x05, 0x01,
    0x09, 0x30, 0x09, 0x31, 0x15, 0x00, 0x26, 0xff, 0x7f, 0x35, 0x00, 0x46, 0xff, 0x7f, 0x75, 0x10, 0x95,
    0x02, 0x81, 0x02, 0x09, 0x38, 0x15, 0x81, 0x25, 0x7f, 0x35, 0x00, 0x45, 0x00, 0x75, 0x08, 0x95, 0x01,
    0x81, 0x06, 0xc0, 0xc0,
};

static bool is_tablet(const UsbPointer *p)
{
    return p->hid.kind->input->kinds & 1u << INPUT_ABS;
}

static void button(UsbPointer *p, unsigned which, bool down)
{
    static const uint8_t bits[BUTTON_COUNT] = {
        [BUTTON_LEFT] = 1, [BUTTON_RIGHT] = 2, [BUTTON_MIDDLE] = 4, [BUTTON_SIDE] = 8, [BUTTON_EXTRA] = 16,
    };
    if (which == BUTTON_WHEEL_UP || which == BUTTON_WHEEL_DOWN) {
        p->now.wheel += !down ? 0 : which == BUTTON_WHEEL_UP ? 1 : -1;
    } else if (which < BUTTON_COUNT) {
        p->now.buttons = (uint8_t)(down ? p->now.buttons | bits[which] : p->now.buttons & ~bits[which]);
    }
}

static void pointer_event(void *opaque, const InputEvent *event)
{
    UsbPointer *p = opaque;
    int32_t *axis = event->code == AXIS_X ? &p->now.x : &p->now.y;
    switch (event->kind) {
    case INPUT_BUTTON:
        button(p, event->code, event->value);
        break;
    case INPUT_REL:
        *axis += CLAMP(event->value, -MOST_MOVEMENT, MOST_MOVEMENT);
        *axis = CLAMP(*axis, -MOST_MOVEMENT, MOST_MOVEMENT);
        break;
    case INPUT_ABS:
        *axis = CLAMP(event->value, 0, INPUT_ABS_MAX);
        break;
    default:
        break;
    }
}

/* The group becomes a report, or a part of the last one where the buttons are the same. */
static void pointer_sync(void *opaque)
{
    UsbPointer *p = opaque;
    Report *last = p->count ? &p->waiting[(p->first + p->count - 1u) % WAITING] : NULL;
    bool tablet = is_tablet(p);
    if (!p->hid.usb.configuration) {
        p->now.wheel = 0;
    } else if (last && (last->buttons == p->now.buttons || p->count == WAITING)) {
        last->x = tablet ? p->now.x : CLAMP(last->x + p->now.x, -MOST_MOVEMENT, MOST_MOVEMENT);
        last->y = tablet ? p->now.y : CLAMP(last->y + p->now.y, -MOST_MOVEMENT, MOST_MOVEMENT);
        last->wheel = CLAMP(last->wheel + p->now.wheel, -MOST_MOVEMENT, MOST_MOVEMENT);
        last->buttons = p->now.buttons;
    } else {
        p->waiting[(p->first + p->count++) % WAITING] = p->now;
    }
    if (!tablet) {
        p->now.x = p->now.y = 0;
    }
    p->now.wheel = 0;
    hid_changed(&p->hid);
}

static bool pending(const UsbHid *h)
{
    return ((const UsbPointer *)h)->count;
}

static int8_t take(int32_t *from)
{
    int32_t part = CLAMP(*from, -127, 127);
    *from -= part;
    return (int8_t)part;
}

/* Moves what one report can say from the first group that waits into told. */
static Report next_report(UsbPointer *p)
{
    Report said = { .buttons = p->told.buttons, .x = p->told.x, .y = p->told.y };
    if (!is_tablet(p)) {
        said.x = said.y = 0;
    }
    if (p->count) {
        Report *r = &p->waiting[p->first];
        said.buttons = r->buttons;
        said.wheel = take(&r->wheel);
        said.x = is_tablet(p) ? r->x : take(&r->x);
        said.y = is_tablet(p) ? r->y : take(&r->y);
        if (!r->wheel && (is_tablet(p) || (!r->x && !r->y))) {
            p->first = (uint8_t)((p->first + 1) % WAITING);
            p->count--;
        }
    }
    p->told = said;
    return said;
}

static unsigned report(UsbHid *h, uint8_t *out)
{
    const Report said = next_report((UsbPointer *)h);
    out[0] = said.buttons;
    if (is_tablet((const UsbPointer *)h)) {
        out[1] = (uint8_t)said.x;
        out[2] = (uint8_t)(said.x >> 8);
        out[3] = (uint8_t)said.y;
        out[4] = (uint8_t)(said.y >> 8);
        out[5] = (uint8_t)said.wheel;
        return 6;
    }
    out[0] &= h->boot ? 7 : 0x1f;
    out[1] = (uint8_t)said.x;
    out[2] = (uint8_t)said.y;
    out[3] = (uint8_t)said.wheel;
    return h->boot ? 3 : 4;
}

static void forget(UsbHid *h)
{
    UsbPointer *p = (UsbPointer *)h;
    memset(&p->now, 0, sizeof(p->now));
    memset(&p->told, 0, sizeof(p->told));
    p->first = p->count = 0;
}

/* ---- the devices ---- */

static bool mouse_realize(Device *dev, GError **err)
{
    static const InputOps input = {
        "USB Mouse", 1u << INPUT_BUTTON | 1u << INPUT_REL, pointer_event, pointer_sync,
    };
    static const HidKind kind = {
        .input = &input, .report_descriptor = mouse_reports, .report_descriptor_bytes = sizeof(mouse_reports),
        .pending = pending, .report = report, .forget = forget,
    };
    return hid_realize((UsbHid *)dev, &kind);
}

static bool tablet_realize(Device *dev, GError **err)
{
    static const InputOps input = {
        "USB Tablet", 1u << INPUT_BUTTON | 1u << INPUT_ABS, pointer_event, pointer_sync,
    };
    static const HidKind kind = {
        .input = &input, .report_descriptor = tablet_reports,
        .report_descriptor_bytes = sizeof(tablet_reports), .pending = pending, .report = report,
        .forget = forget,
    };
    return hid_realize((UsbHid *)dev, &kind);
}

static bool pointer_post_load(Device *dev, GError **err)
{
    UsbPointer *p = (UsbPointer *)dev;
    p->first %= WAITING;
    p->count = MIN(p->count, WAITING);
    for (unsigned i = 0; i < WAITING; i++) {
        Report *r = &p->waiting[i];
        r->x = CLAMP(r->x, is_tablet(p) ? 0 : -MOST_MOVEMENT, is_tablet(p) ? INPUT_ABS_MAX : MOST_MOVEMENT);
        r->y = CLAMP(r->y, is_tablet(p) ? 0 : -MOST_MOVEMENT, is_tablet(p) ? INPUT_ABS_MAX : MOST_MOVEMENT);
        r->wheel = CLAMP(r->wheel, -MOST_MOVEMENT, MOST_MOVEMENT);
    }
    p->now.x = CLAMP(p->now.x, -MOST_MOVEMENT, INPUT_ABS_MAX);
    p->now.y = CLAMP(p->now.y, -MOST_MOVEMENT, INPUT_ABS_MAX);
    p->now.wheel = CLAMP(p->now.wheel, -MOST_MOVEMENT, MOST_MOVEMENT);
    return hid_post_load(&p->hid, err);
}

static const VmField report_state[] = {
    VM_I32(Report, x), VM_I32(Report, y), VM_I32(Report, wheel), VM_U8(Report, buttons), { 0 }
};
static const VmField pointer_state[] = {
    VM_STRUCT(UsbPointer, hid, hid_state), VM_STRUCT(UsbPointer, now, report_state),
    VM_STRUCT(UsbPointer, told, report_state), VM_STRUCTS(UsbPointer, waiting, report_state),
    VM_U8(UsbPointer, first), VM_U8(UsbPointer, count), { 0 }
};
static const Prop pointer_props[] = { USB_PROPS(UsbPointer, hid.usb), { 0 } };

static const uint8_t mouse_hid[] = HID_DESCRIPTOR(sizeof(mouse_reports));
static const UsbDescription mouse_description = {
    .vendor = 0x0627, .product = 0x0001, .max_packet0 = 8, .low_speed = true, .wakes = true,
    .interface_class = USB_CLASS_HID, .subclass = 1, .protocol = 2, .extra = mouse_hid,
    .extra_bytes = sizeof(mouse_hid), .name = "USB Mouse", .endpoint = { { 0x81, USB_INTERRUPT, 4, 10 } },
    .endpoints = 1,
};
static const UsbKind mouse_kind = {
    .desc = &mouse_description, .control = hid_control, .data = hid_data, .reset = hid_reset,
    .configured = hid_configured,
};

static const uint8_t tablet_hid[] = HID_DESCRIPTOR(sizeof(tablet_reports));
static const UsbDescription tablet_description = {
    .vendor = 0x0627, .product = 0x0001, .max_packet0 = 8, .wakes = true,
    .interface_class = USB_CLASS_HID, .extra = tablet_hid, .extra_bytes = sizeof(tablet_hid),
    .name = "USB Tablet", .endpoint = { { 0x81, USB_INTERRUPT, 8, 10 } }, .endpoints = 1,
};
static const UsbKind tablet_kind = {
    .desc = &tablet_description, .control = hid_control, .data = hid_data, .reset = hid_reset,
    .configured = hid_configured,
};

const DeviceType usb_mouse_type = {
    "usb-mouse", sizeof(UsbPointer), .parent = "usb-device", .description = "USB mouse",
    .user_creatable = true, .state = pointer_state, .props = pointer_props, .bus_info = &mouse_kind,
    .realize = mouse_realize, .reset = usb_device_reset, .finalize = hid_finalize,
    .post_load = pointer_post_load,
};
const DeviceType usb_tablet_type = {
    "usb-tablet", sizeof(UsbPointer), .parent = "usb-device", .description = "USB tablet",
    .user_creatable = true, .state = pointer_state, .props = pointer_props, .bus_info = &tablet_kind,
    .realize = tablet_realize, .reset = usb_device_reset, .finalize = hid_finalize,
    .post_load = pointer_post_load,
};
