/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A USB keyboard, "usb-kbd": Device Class Definition for HID 1.11, appendix B.1 and C (the report of boot
 * keyboards, which is its own, too), and HID Usage Tables 1.12, page 7.
 */
#include <string.h>
#include "hw/usb/usb_hid.h"

#define KEYS 6u                 /* that a report has room for */
#define HELD 16u
#define WAITING 64u             /* presses and releases that the host has not heard of */
#define ROLL_OVER 0x01
#define FIRST_MODIFIER 0xe0
#define RELEASE 0x100

typedef struct {
    UsbHid hid;
    uint8_t modifiers;
    uint8_t held[HELD], held_count;     /* usages, in the order in which they went down */
    uint16_t waiting[WAITING];          /* usages, with RELEASE */
    uint8_t first, count;
} UsbKeyboard;

/* 8 modifiers, a byte of nothing, 5 lamps out, 6 keys. */
static const uint8_t report_descriptor[] = {
    0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, 0x75,
    0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01, 0x75, 0x08, 0x81, 0x01, 0x95, 0x05, 0x75, 0x01, 0x05, 0x08,
    0x19, 0x01, 0x29, 0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x01, 0x95, 0x06, 0x75, 0x08, 0x15,
    0x00, 0x26, 0xff, 0x00, 0x05, 0x07, 0x19, 0x00, 0x2a, 0xff, 0x00, 0x81, 0x00, 0xc0,
};

static void apply(UsbKeyboard *k, unsigned change)
{
    uint8_t usage = (uint8_t)change;
    if (usage >= FIRST_MODIFIER && usage < FIRST_MODIFIER + 8) {
        uint8_t bit = (uint8_t)(1u << (usage - FIRST_MODIFIER));
        k->modifiers = (uint8_t)(change & RELEASE ? k->modifiers & ~bit : k->modifiers | bit);
        return;
    }
    uint8_t *at = memchr(k->held, usage, k->held_count);
    if (!(change & RELEASE)) {
        if (!at && k->held_count < HELD) {
            k->held[k->held_count++] = usage;
        }
    } else if (at) {
        memmove(at, at + 1, (size_t)(k->held + k->held_count - at - 1));
        k->held_count--;
    }
}

static void apply_first(UsbKeyboard *k)
{
    if (k->count) {
        apply(k, k->waiting[k->first]);
        k->first = (uint8_t)((k->first + 1) % WAITING);
        k->count--;
    }
}

static void key_event(void *opaque, const InputEvent *event)
{
    UsbKeyboard *k = opaque;
    uint8_t usage = key_codes((Key)event->code)->usage;
    if (!usage || !k->hid.usb.configuration) {
        return;
    }
    if (k->count == WAITING) {
        apply_first(k);                 /* the host hears of the next state only, but nothing stays down */
    }
    k->waiting[(k->first + k->count++) % WAITING] = (uint16_t)(usage | (event->value ? 0 : RELEASE));
    hid_changed(&k->hid);
}

static bool pending(const UsbHid *h)
{
    return ((const UsbKeyboard *)h)->count;
}

static unsigned report(UsbHid *h, uint8_t *out)
{
    UsbKeyboard *k = (UsbKeyboard *)h;
    apply_first(k);
    memset(out, 0, 2 + KEYS);
    out[0] = k->modifiers;
    if (k->held_count > KEYS) {
        memset(out + 2, ROLL_OVER, KEYS);
    } else {
        memcpy(out + 2, k->held, k->held_count);
    }
    return 2 + KEYS;
}

static void set_output(UsbHid *h, uint8_t value)
{
    unsigned leds = (value & 1 ? LED_NUM : 0) | (value & 2 ? LED_CAPS : 0) | (value & 4 ? LED_SCROLL : 0);
    if (h->usb.configuration) {
        input_set_leds(h->usb.dev.machine->input, leds);
    }
}

static void forget(UsbHid *h)
{
    UsbKeyboard *k = (UsbKeyboard *)h;
    k->modifiers = k->held_count = k->first = k->count = 0;
}

static bool keyboard_realize(Device *dev, GError **err)
{
    static const InputOps input = { "USB Keyboard", 1u << INPUT_KEY, key_event, NULL };
    static const HidKind kind = {
        .input = &input, .report_descriptor = report_descriptor,
        .report_descriptor_bytes = sizeof(report_descriptor), .idle = 125, .pending = pending,
        .report = report, .set_output = set_output, .forget = forget,
    };
    return hid_realize((UsbHid *)dev, &kind);
}

static bool keyboard_post_load(Device *dev, GError **err)
{
    UsbKeyboard *k = (UsbKeyboard *)dev;
    k->held_count = MIN(k->held_count, HELD);
    k->first %= WAITING;
    k->count = MIN(k->count, WAITING);
    return hid_post_load(&k->hid, err);
}

static const VmField keyboard_state[] = {
    VM_STRUCT(UsbKeyboard, hid, hid_state), VM_U8(UsbKeyboard, modifiers), VM_BUFFER(UsbKeyboard, held),
    VM_U8(UsbKeyboard, held_count), VM_ARRAY(UsbKeyboard, waiting), VM_U8(UsbKeyboard, first),
    VM_U8(UsbKeyboard, count), { 0 }
};
static const Prop keyboard_props[] = { USB_PROPS(UsbKeyboard, hid.usb), { 0 } };

static const uint8_t hid_descriptor[] = HID_DESCRIPTOR(sizeof(report_descriptor));
static const UsbDescription keyboard_description = {
    .vendor = 0x0627, .product = 0x0001, .max_packet0 = 8, .low_speed = true, .wakes = true,
    .interface_class = USB_CLASS_HID, .subclass = 1, .protocol = 1, .extra = hid_descriptor,
    .extra_bytes = sizeof(hid_descriptor), .name = "USB Keyboard",
    .endpoint = { { 0x81, USB_INTERRUPT, 8, 10 } }, .endpoints = 1,
};
static const UsbKind keyboard_kind = {
    .desc = &keyboard_description, .control = hid_control, .data = hid_data, .reset = hid_reset,
    .configured = hid_configured,
};

const DeviceType usb_keyboard_type = {
    "usb-kbd", sizeof(UsbKeyboard), .parent = "usb-device", .description = "USB keyboard",
    .user_creatable = true, .state = keyboard_state, .props = keyboard_props, .bus_info = &keyboard_kind,
    .realize = keyboard_realize, .reset = usb_device_reset, .finalize = hid_finalize,
    .post_load = keyboard_post_load,
};
