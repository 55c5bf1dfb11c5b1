/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all USB devices do: Universal Serial Bus Specification 2.0, chapter 8 (toggles, handshakes, control
 * transfers) and 9 (standard requests). Not modelled: test modes, alternate settings and more than one
 * configuration.
 */
#include <string.h>
#include "hw/usb/usb.h"
#include "util/bits.h"
#include "util/error.h"

/* Of a control transfer: what comes next. */
enum { STAGE_NONE, STAGE_IN, STAGE_OUT, STAGE_STATUS_IN, STAGE_STATUS_OUT, STAGE_STALL, STAGE_COUNT };
enum { GET_STATUS = 0, CLEAR_FEATURE = 1, SET_FEATURE = 3, SET_ADDRESS = 5, GET_DESCRIPTOR = 6,
       GET_CONFIGURATION = 8, SET_CONFIGURATION = 9, GET_INTERFACE = 10, SET_INTERFACE = 11 };
enum { TO_HOST = 0x80, TO_DEVICE = 0x00, TO_INTERFACE = 0x01, TO_ENDPOINT = 0x02 };
enum { FEATURE_HALT = 0, FEATURE_REMOTE_WAKEUP = 1 };
#define KEEP_ADDRESS 0xff

/* ---- endpoints ---- */

static unsigned is_in(uint8_t endpoint)
{
    return endpoint >> 7;
}

static uint16_t bit_of(uint8_t endpoint)
{
    return (uint16_t)(1u << (endpoint & 15));
}

static const UsbEndpoint *find_endpoint(const UsbDevice *d, unsigned endpoint)
{
    const UsbDescription *desc = usb_kind(d)->desc;
    for (unsigned i = 0; i < desc->endpoints; i++) {
        if (desc->endpoint[i].address == endpoint) {
            return &desc->endpoint[i];
        }
    }
    return NULL;
}

void usb_halt(UsbDevice *d, uint8_t endpoint)
{
    d->halted[is_in(endpoint)] |= bit_of(endpoint);
}

bool usb_is_halted(const UsbDevice *d, uint8_t endpoint)
{
    return d->halted[is_in(endpoint)] & bit_of(endpoint);
}

static int unhalt(UsbDevice *d, uint8_t endpoint)
{
    d->halted[is_in(endpoint)] &= (uint16_t)~bit_of(endpoint);
    d->toggle[is_in(endpoint)] &= (uint16_t)~bit_of(endpoint);
    if (usb_kind(d)->unhalted) {
        usb_kind(d)->unhalted(d, endpoint);
    }
    return 0;
}

/* All but endpoint 0, which is in the middle of a transfer when it is asked for this. */
static void clear_endpoints(UsbDevice *d)
{
    for (unsigned in = 0; in < 2; in++) {
        d->halted[in] = 0;
        d->toggle[in] &= 1;
    }
}

/* ---- standard requests: chapter 9.4; the length of the data, or -1 ---- */

static bool is_endpoint(const UsbDevice *d, uint16_t index)
{
    return (index & 0x7f) == 0 || (d->configuration && find_endpoint(d, index));
}

static int get_status(const UsbDevice *d, const UsbSetup *s, uint8_t *data)
{
    data[0] = data[1] = 0;
    switch (s->type & 0x1f) {
    case TO_DEVICE:
        data[0] = (uint8_t)(usb_kind(d)->desc->self_powered | d->remote_wakeup << 1);
        return 2;
    case TO_INTERFACE:
        return d->configuration && s->index == 0 ? 2 : -1;
    case TO_ENDPOINT:
        data[0] = usb_is_halted(d, (uint8_t)s->index);
        return is_endpoint(d, s->index) ? 2 : -1;
    default:
        return -1;
    }
}

static int set_feature(UsbDevice *d, const UsbSetup *s, bool set)
{
    uint8_t to = s->type & 0x1f;
    if (to == TO_DEVICE && s->value == FEATURE_REMOTE_WAKEUP && usb_kind(d)->desc->wakes) {
        d->remote_wakeup = set;
        return 0;
    }
    if (to != TO_ENDPOINT || s->value != FEATURE_HALT || !is_endpoint(d, s->index)) {
        return -1;
    }
    if ((s->index & 0x7f) == 0) {
        return 0;                       /* endpoint 0 goes on with the next SETUP anyway */
    }
    if (!set) {
        return unhalt(d, (uint8_t)s->index);
    }
    usb_halt(d, (uint8_t)s->index);
    return 0;
}

static int set_configuration(UsbDevice *d, uint16_t value)
{
    if (value > 1 || !d->address) {
        return -1;
    }
    d->configuration = (uint8_t)value;
    clear_endpoints(d);
    if (usb_kind(d)->configured) {
        usb_kind(d)->configured(d);
    }
    return 0;
}

static int set_interface(UsbDevice *d, const UsbSetup *s)
{
    const UsbDescription *desc = usb_kind(d)->desc;
    if (!d->configuration || s->value || s->index) {
        return -1;
    }
    for (unsigned i = 0; i < desc->endpoints; i++) {
        unhalt(d, desc->endpoint[i].address);
    }
    return 0;
}

static int standard(UsbDevice *d, const UsbSetup *s)
{
    bool in = s->type & TO_HOST;
    switch (s->request) {
    case GET_STATUS:
        return in ? get_status(d, s, d->control) : -1;
    case CLEAR_FEATURE:
    case SET_FEATURE:
        return in ? -1 : set_feature(d, s, s->request == SET_FEATURE);
    case SET_ADDRESS:
        d->next_address = s->value < 128 ? (uint8_t)s->value : KEEP_ADDRESS;
        return s->value < 128 ? 0 : -1;
    case GET_DESCRIPTOR:
        return in ? usb_describe(usb_kind(d)->desc, d->serial, s->value, d->control) : -1;
    case GET_CONFIGURATION:
        d->control[0] = d->configuration;
        return in ? 1 : -1;
    case SET_CONFIGURATION:
        return in ? -1 : set_configuration(d, s->value);
    case GET_INTERFACE:
        d->control[0] = 0;
        return in && d->configuration && s->index == 0 ? 1 : -1;
    case SET_INTERFACE:
        return in ? -1 : set_interface(d, s);
    default:
        return -1;
    }
}

static int request(UsbDevice *d)
{
    const UsbKind *kind = usb_kind(d);
    const UsbSetup s = {
        .type = d->setup[0], .request = d->setup[1], .value = (uint16_t)load_le(d->setup + 2, 2),
        .index = (uint16_t)load_le(d->setup + 4, 2), .length = (uint16_t)load_le(d->setup + 6, 2),
    };
    bool is_standard = !(s.type & 0x60), to_interface = (s.type & 0x1f) == TO_INTERFACE;
    int len = -1;
    if (kind->control && (!is_standard || to_interface)) {
        len = kind->control(d, &s, d->control);
    }
    return len < 0 && is_standard ? standard(d, &s) : len;
}

/* ---- control transfers: section 8.5.3 ---- */

static void carry_out(UsbDevice *d)
{
    unsigned asked = (unsigned)load_le(d->setup + 6, 2);
    int len = request(d);
    if (len < 0) {
        d->stage = STAGE_STALL;
    } else if ((d->setup[0] & TO_HOST) && asked) {
        d->control_len = (uint16_t)MIN((unsigned)len, asked);
        d->control_pos = 0;
        d->stage = STAGE_IN;
    } else {
        d->stage = STAGE_STATUS_IN;
    }
}

static UsbResult setup(UsbDevice *d, UsbPacket *p)
{
    if (p->len != sizeof(d->setup)) {
        return USB_NOBODY;              /* what is no SETUP packet is not heard */
    }
    memcpy(d->setup, p->data, sizeof(d->setup));
    p->actual = p->len;
    d->next_address = KEEP_ADDRESS;
    d->toggle[0] |= 1;                  /* data and status begin with DATA1 */
    d->toggle[1] |= 1;
    d->control_pos = 0;
    d->control_len = (uint16_t)load_le(d->setup + 6, 2);
    if ((d->setup[0] & TO_HOST) || !d->control_len) {
        carry_out(d);
    } else {
        d->stage = d->control_len <= USB_CONTROL_MAX ? STAGE_OUT : STAGE_STALL;
    }
    return USB_ACK;
}

static UsbResult control_in(UsbDevice *d, UsbPacket *p)
{
    if (d->stage == STAGE_IN) {
        unsigned left = d->control_len - d->control_pos, part = MIN(left, usb_kind(d)->desc->max_packet0);
        if (part > p->len) {
            return USB_BABBLE;
        }
        memcpy(p->data, d->control + d->control_pos, part);
        d->control_pos = (uint16_t)(d->control_pos + part);
        p->actual = part;
        return USB_ACK;
    }
    if (d->stage != STAGE_STATUS_IN) {
        d->stage = STAGE_STALL;
        return USB_STALL;
    }
    d->stage = STAGE_NONE;
    if (d->next_address != KEEP_ADDRESS) {
        d->address = d->next_address;
        d->next_address = KEEP_ADDRESS;
    }
    return USB_ACK;
}

static UsbResult control_out(UsbDevice *d, UsbPacket *p)
{
    if (d->stage == STAGE_IN && p->len == 0) {
        d->stage = STAGE_NONE;          /* the status stage, perhaps before all was read */
        return USB_ACK;
    }
    if (d->stage != STAGE_OUT || p->len > (unsigned)(d->control_len - d->control_pos)) {
        d->stage = STAGE_STALL;
        return USB_STALL;
    }
    memcpy(d->control + d->control_pos, p->data, p->len);
    d->control_pos = (uint16_t)(d->control_pos + p->len);
    p->actual = p->len;
    if (d->control_pos == d->control_len) {
        carry_out(d);
        return d->stage == STAGE_STALL ? USB_STALL : USB_ACK;
    }
    return USB_ACK;
}

/* ---- transactions: section 8.6 ---- */

static bool hears(const UsbDevice *d, const UsbPacket *p)
{
    bool in = p->pid == USB_IN;
    return p->endpoint == 0 ||
           (d->configuration && p->pid != USB_SETUP && find_endpoint(d, p->endpoint | (in ? 0x80u : 0)));
}

static UsbResult answer(UsbDevice *d, UsbPacket *p)
{
    bool in = p->pid == USB_IN;
    uint16_t bit = bit_of(p->endpoint);
    p->actual = 0;
    if (!in && !(d->toggle[0] & bit) != !p->toggle) {
        p->actual = p->len;             /* the same once more: the host has not heard our answer */
        return USB_ACK;
    }
    if (p->endpoint) {
        return d->halted[in] & bit ? USB_STALL : usb_kind(d)->data(d, p);
    }
    return in ? control_in(d, p) : control_out(d, p);
}

UsbResult usb_transact(UsbDevice *d, UsbPacket *p)
{
    if (!hears(d, p)) {
        return USB_NOBODY;
    }
    if (p->pid == USB_SETUP) {
        return setup(d, p);
    }
    unsigned in = p->pid == USB_IN;
    uint16_t bit = bit_of(p->endpoint);
    bool toggle = d->toggle[in] & bit, again = !in && toggle != p->toggle;
    UsbResult r = answer(d, p);
    if (in) {
        p->toggle = toggle;
    }
    if (r == USB_ACK && !again) {
        d->toggle[in] ^= bit;
    }
    return r;
}

/* ---- life ---- */

void usb_device_reset(Device *dev)
{
    UsbDevice *d = (UsbDevice *)dev;
    d->address = d->configuration = 0;
    d->next_address = KEEP_ADDRESS;
    d->remote_wakeup = false;
    d->stage = STAGE_NONE;
    d->control_len = d->control_pos = 0;
    clear_endpoints(d);
    if (usb_kind(d)->reset) {
        usb_kind(d)->reset(d);
    }
}

bool usb_post_load(UsbDevice *d, GError **err)
{
    if (d->stage >= STAGE_COUNT || d->control_len > USB_CONTROL_MAX || d->control_pos > d->control_len ||
        d->address > 127 || d->configuration > 1) {
        return error_set(err, "%s: stage %u, byte %u of %u, address %u, configuration %u cannot be",
                         device_name(&d->dev), d->stage, d->control_pos, d->control_len, d->address,
                         d->configuration);
    }
    return true;
}

const VmField usb_state[] = {
    VM_U8(UsbDevice, address), VM_U8(UsbDevice, configuration), VM_U8(UsbDevice, next_address),
    VM_BOOL(UsbDevice, remote_wakeup), VM_ARRAY(UsbDevice, halted), VM_ARRAY(UsbDevice, toggle),
    VM_U8(UsbDevice, stage), VM_BUFFER(UsbDevice, setup), VM_U16(UsbDevice, control_len),
    VM_U16(UsbDevice, control_pos), VM_BUFFER(UsbDevice, control), { 0 }
};
