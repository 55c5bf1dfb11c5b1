/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input devices on virtio, "virtio-keyboard-pci", "virtio-mouse-pci" and "virtio-tablet-pci": VIRTIO 1.1,
 * section 5.8, which has the events of Linux (linux/input-event-codes.h). Not modelled: force feedback,
 * sounds, devices of the host.
 */
#include <string.h>
#include "hw/virtio/input_backlog.h"
#include "hw/virtio/virtio.h"
#include "system/input.h"
#include "util/bits.h"
#include "util/iov.h"
#include "util/log.h"

#define QUEUE 64u
#define EVENT 8u                    /* bytes of one */
#define MOST_EVENTS (BACKLOG_EVENTS - 1)
#define CONFIG_DATA 8u
#define MOST_DATA 128u
#define BUS_VIRTUAL 6u
#define VENDOR 0x0627u

enum { CFG_NAME = 1, CFG_SERIAL = 2, CFG_DEVIDS = 3, CFG_EVENTS = 0x11, CFG_ABS = 0x12 };
enum { REL_HWHEEL = 6, REL_WHEEL = 8 };

typedef struct {
    const char *name;
    uint16_t product;
    InputOps input;
    unsigned lamps;                 /* number of them; a keyboard */
} Model;

typedef struct {
    VirtioDevice v;
    VirtQueue *events, *status;
    const Model *model;
    InputTaker *taker;
    char *serial;                   /* property */
    uint8_t select, subsel;         /* what the configuration tells of */
    uint8_t lamps;                  /* LED_* */
    BacklogEvent group[BACKLOG_EVENTS];     /* not all of which has come; never between calls of the host */
    unsigned count;
    InputBacklog backlog;
} VirtioInput;

/* Linux's codes; 0: it is a wheel. */
static const uint16_t button_codes[BUTTON_COUNT] = {
    [BUTTON_LEFT] = 0x110, [BUTTON_RIGHT] = 0x111, [BUTTON_MIDDLE] = 0x112, [BUTTON_SIDE] = 0x113,
    [BUTTON_EXTRA] = 0x114,
};

static bool takes(const VirtioInput *d, InputKind kind)
{
    return d->model->input.kinds & 1u << kind;
}

/* ---- to the driver ---- */

/* One event a buffer, as many as there are buffers. A group may come in parts: its end is an event, too. */
static void deliver(VirtioInput *d)
{
    const BacklogEvent *event;
    VirtqElement e;
    bool any = false;
    while ((event = backlog_next(&d->backlog)) && virtq_pop(d->events, &e)) {
        uint8_t bytes[EVENT];
        if (e.in.bytes < EVENT) {
            virtq_unpop(d->events, &e);
            virtio_broken(&d->v, "a buffer for an event has fewer than 8 bytes");
            break;
        }
        store_le(bytes, 2, event->type);
        store_le(bytes + 2, 2, event->code);
        store_le(bytes + 4, 4, (uint32_t)event->value);
        iov_from_buf(dma_list_iov(&e.in), e.in.iov->len, 0, bytes, EVENT);
        virtq_push(d->events, &e, EVENT);
        backlog_took(&d->backlog);
        any = true;
    }
    if (any) {
        virtq_notify(d->events);
    }
}

static void end_group(VirtioInput *d)
{
    d->group[d->count++] = (BacklogEvent){ EV_SYNC, 0, 0 };
    backlog_add(&d->backlog, d->group, d->count);
    d->count = 0;
    deliver(d);
}

static void add(VirtioInput *d, unsigned type, unsigned code, int32_t value)
{
    if (d->count == MOST_EVENTS) {
        end_group(d);
    }
    d->group[d->count++] = (BacklogEvent){ (uint16_t)type, (uint16_t)code, value };
}

static void add_button(VirtioInput *d, unsigned button, bool down)
{
    if (button >= BUTTON_COUNT) {
        return;
    }
    if (button_codes[button]) {
        add(d, EV_KEYS, button_codes[button], down);
    } else if (down) {
        bool up = button == BUTTON_WHEEL_UP || button == BUTTON_WHEEL_RIGHT;
        bool across = button == BUTTON_WHEEL_LEFT || button == BUTTON_WHEEL_RIGHT;
        add(d, EV_REL, across ? REL_HWHEEL : REL_WHEEL, up ? 1 : -1);
    }
}

static void take_event(void *opaque, const InputEvent *event)
{
    VirtioInput *d = opaque;
    if (!virtio_running(&d->v)) {
        return;
    }
    switch (event->kind) {
    case INPUT_KEY:
        if (key_codes((Key)event->code)->evdev) {
            add(d, EV_KEYS, key_codes((Key)event->code)->evdev, event->value != 0);
        }
        break;
    case INPUT_BUTTON:
        add_button(d, event->code, event->value);
        break;
    case INPUT_REL:
        add(d, EV_REL, event->code, event->value);
        break;
    case INPUT_ABS:
        add(d, EV_ABS, event->code, CLAMP(event->value, 0, INPUT_ABS_MAX));
        break;
    }
}

static void take_sync(void *opaque)
{
    VirtioInput *d = opaque;
    if (d->count) {
        end_group(d);
    }
}

/* ---- from the driver ---- */

static void take_status(VirtioInput *d, const uint8_t *event)
{
    static const uint8_t lamps[] = { LED_NUM, LED_CAPS, LED_SCROLL };   /* by their codes */
    unsigned code = (unsigned)load_le(event + 2, 2);
    if (load_le(event, 2) == EV_LED && code < d->model->lamps) {
        bool on = load_le(event + 4, 4);
        d->lamps = (uint8_t)(on ? d->lamps | lamps[code] : d->lamps & ~lamps[code]);
        input_set_leds(d->v.pci.dev.machine->input, d->lamps);
    }
}

static void notified(VirtioDevice *vdev, VirtQueue *q)
{
    VirtioInput *d = (VirtioInput *)vdev;
    VirtqElement e;
    bool any = false;
    if (q == d->events) {
        deliver(d);
        return;
    }
    while (virtq_pop(q, &e)) {
        uint8_t event[EVENT];
        if (e.out.bytes >= EVENT) {
            iov_to_buf(dma_list_iov(&e.out), e.out.iov->len, 0, event, EVENT);
            take_status(d, event);
        } else {
            guest_log("%s: a status event of %u bytes, it has 8", device_name(&vdev->pci.dev),
                      (unsigned)e.out.bytes);
        }
        virtq_push(q, &e, 0);
        any = true;
    }
    if (any) {
        virtq_notify(q);
    }
}

/* ---- configuration ---- */

static void set_bit(uint8_t *data, unsigned bit, unsigned *size)
{
    data[bit / 8] |= (uint8_t)(1u << bit % 8);
    *size = MAX(*size, bit / 8 + 1);
}

/* Which codes of a type of events the device has, as a bitmap; its bytes. */
static unsigned codes(const VirtioInput *d, unsigned type, uint8_t *data)
{
    unsigned size = 0;
    bool keys = takes(d, INPUT_KEY), buttons = takes(d, INPUT_BUTTON);
    for (unsigned key = 1; type == EV_KEYS && keys && key < KEY_COUNT; key++) {
        if (key_codes((Key)key)->evdev) {
            set_bit(data, key_codes((Key)key)->evdev, &size);
        }
    }
    for (unsigned i = 0; type == EV_KEYS && buttons && i < BUTTON_COUNT; i++) {
        if (button_codes[i]) {
            set_bit(data, button_codes[i], &size);
        }
    }
    if (type == EV_REL && buttons) {
        set_bit(data, REL_WHEEL, &size);
        set_bit(data, REL_HWHEEL, &size);
    }
    if ((type == EV_REL && takes(d, INPUT_REL)) || (type == EV_ABS && takes(d, INPUT_ABS))) {
        set_bit(data, AXIS_X, &size);
        set_bit(data, AXIS_Y, &size);
    }
    for (unsigned i = 0; type == EV_LED && i < d->model->lamps; i++) {
        set_bit(data, i, &size);
    }
    /* The driver repeats keys: that there is something says so, there are no codes. */
    return type == EV_REP && keys ? 1 : size;
}

static unsigned text(const char *from, uint8_t *data)
{
    size_t size = from ? MIN(strlen(from), MOST_DATA) : 0;
    memcpy(data, from ? from : "", size);
    return (unsigned)size;
}

static unsigned ids(const VirtioInput *d, uint8_t *data)
{
    store_le(data, 2, BUS_VIRTUAL);
    store_le(data + 2, 2, VENDOR);
    store_le(data + 4, 2, d->model->product);
    store_le(data + 6, 2, 1);
    return 8;
}

/* Section 5.8.4; what the device does not have has no bytes. Properties (0x10) it has none. */
static void get_config(VirtioDevice *vdev, uint8_t *config)
{
    const VirtioInput *d = (VirtioInput *)vdev;
    uint8_t *data = config + CONFIG_DATA;
    unsigned size = 0;
    switch (d->select) {
    case CFG_NAME:   size = d->subsel ? 0 : text(d->model->name, data); break;
    case CFG_SERIAL: size = d->subsel ? 0 : text(d->serial, data); break;
    case CFG_DEVIDS: size = d->subsel ? 0 : ids(d, data); break;
    case CFG_EVENTS: size = codes(d, d->subsel, data); break;
    case CFG_ABS:
        if (takes(d, INPUT_ABS) && d->subsel <= AXIS_Y) {
            store_le(data + 4, 4, INPUT_ABS_MAX);       /* least, most, fuzz, flat, resolution */
            size = 20;
        }
        break;
    }
    config[0] = d->select;
    config[1] = d->subsel;
    config[2] = (uint8_t)size;
}

static void set_config(VirtioDevice *vdev, const uint8_t *config)
{
    VirtioInput *d = (VirtioInput *)vdev;
    d->select = config[0];
    d->subsel = config[1];
}

/* ---- life ---- */

static void started(VirtioDevice *vdev)
{
    input_prefer(((VirtioInput *)vdev)->taker);
}

static void reset(VirtioDevice *vdev)
{
    VirtioInput *d = (VirtioInput *)vdev;
    input_retire(d->taker);
    if (d->lamps) {
        input_set_leds(vdev->pci.dev.machine->input, 0);
    }
    d->lamps = d->select = d->subsel = 0;
    d->count = 0;
    backlog_clear(&d->backlog);
}

static bool input_realize(VirtioInput *d, const Model *model, GError **err)
{
    static const VirtioKind kind = {
        .id = 18, .config_size = CONFIG_DATA + MOST_DATA, .modern_only = true, .get_config = get_config,
        .set_config = set_config, .notified = notified, .started = started, .reset = reset,
    };
    d->model = model;
    d->taker = input_add(d->v.pci.dev.machine->input, &model->input, d);
    d->events = virtio_add_queue(&d->v, QUEUE);
    d->status = virtio_add_queue(&d->v, QUEUE);
    return virtio_realize(&d->v, &kind, err);
}

static bool keyboard_realize(Device *dev, GError **err)
{
    static const Model model = {
        "Valletta Virtio Keyboard", 1, { "Virtio Keyboard", 1u << INPUT_KEY, take_event, take_sync }, 3,
    };
    return input_realize((VirtioInput *)dev, &model, err);
}

static bool mouse_realize(Device *dev, GError **err)
{
    static const Model model = {
        "Valletta Virtio Mouse", 2,
        { "Virtio Mouse", 1u << INPUT_BUTTON | 1u << INPUT_REL, take_event, take_sync }, 0,
    };
    return input_realize((VirtioInput *)dev, &model, err);
}

static bool tablet_realize(Device *dev, GError **err)
{
    static const Model model = {
        "Valletta Virtio Tablet", 3,
        { "Virtio Tablet", 1u << INPUT_BUTTON | 1u << INPUT_ABS, take_event, take_sync }, 0,
    };
    return input_realize((VirtioInput *)dev, &model, err);
}

static bool input_post_load(Device *dev, GError **err)
{
    VirtioInput *d = (VirtioInput *)dev;
    d->lamps &= d->model->lamps ? LED_NUM | LED_CAPS | LED_SCROLL : 0;
    if (d->model->lamps) {
        input_set_leds(dev->machine->input, d->lamps);
    }
    if (!virtio_post_load(dev, err)) {
        return false;
    }
    if (virtio_running(&d->v)) {
        input_prefer(d->taker);
    }
    return true;
}

static void input_finalize(Device *dev)
{
    VirtioInput *d = (VirtioInput *)dev;
    input_remove(d->taker);
    virtio_finalize(&d->v);
}

static const Prop input_props[] = {
    { "serial", PROP_STRING, offsetof(VirtioInput, serial), NULL, "serial number, 128 bytes of it" },
    VIRTIO_MODERN_PROPS(VirtioInput, v),
    { 0 }
};

static const VmField input_state[] = {
    VM_STRUCT(VirtioInput, v, virtio_state), VM_U8(VirtioInput, select), VM_U8(VirtioInput, subsel),
    VM_U8(VirtioInput, lamps),
    { "backlog", VM_KIND_PART, offsetof(VirtioInput, backlog), sizeof(InputBacklog), 1, NULL, 2,
      &input_backlog_part },
    { 0 }
};

static const PciInfo keyboard_info = VIRTIO_PCI_INFO(0x1052, 0x0900);
static const PciInfo mouse_info = VIRTIO_PCI_INFO(0x1052, 0x0902);
static const PciInfo tablet_info = VIRTIO_PCI_INFO(0x1052, 0x0980);

const DeviceType virtio_keyboard_type = {
    "virtio-keyboard-pci", sizeof(VirtioInput), .parent = "pci-device", .description = "virtio keyboard",
    .user_creatable = true, .state = input_state, .state_version = 2, .props = input_props,
    .bus_info = &keyboard_info, .realize = keyboard_realize, .reset = virtio_reset,
    .finalize = input_finalize, .post_load = input_post_load,
};

const DeviceType virtio_mouse_type = {
    "virtio-mouse-pci", sizeof(VirtioInput), .parent = "pci-device", .description = "virtio mouse",
    .user_creatable = true, .state = input_state, .state_version = 2, .props = input_props,
    .bus_info = &mouse_info, .realize = mouse_realize, .reset = virtio_reset,
    .finalize = input_finalize, .post_load = input_post_load,
};

const DeviceType virtio_tablet_type = {
    "virtio-tablet-pci", sizeof(VirtioInput), .parent = "pci-device", .description = "virtio tablet",
    .user_creatable = true, .state = input_state, .state_version = 2, .props = input_props,
    .bus_info = &tablet_info, .realize = tablet_realize, .reset = virtio_reset,
    .finalize = input_finalize, .post_load = input_post_load,
};
