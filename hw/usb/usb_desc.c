/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB descriptors out of tables: Universal Serial Bus Specification 2.0, section 9.6. */
#include <string.h>
#include "hw/usb/usb.h"
#include "util/bits.h"

enum { DESC_DEVICE = 1, DESC_CONFIG = 2, DESC_STRING = 3, DESC_INTERFACE = 4, DESC_ENDPOINT = 5 };
enum { STRING_LANGUAGES, STRING_MAKER, STRING_PRODUCT, STRING_SERIAL };
enum { CONFIG_ALWAYS = 0x80, CONFIG_SELF_POWERED = 0x40, CONFIG_WAKES = 0x20 };

#define ENGLISH 0x0409
#define MILLIAMPERES 100u

static int put_device(const UsbDescription *d, const char *serial, uint8_t *out)
{
    const uint8_t head[] = {
        18, DESC_DEVICE, 0x10, 0x01, d->device_class, 0, 0, d->max_packet0, 0, 0, 0, 0, 0x00, 0x01,
        STRING_MAKER, STRING_PRODUCT, serial ? STRING_SERIAL : 0, 1,
    };
    memcpy(out, head, sizeof(head));
    store_le(out + 8, 2, d->vendor);
    store_le(out + 10, 2, d->product);
    store_le(out + 12, 2, d->release ? d->release : 0x0100);
    return sizeof(head);
}

static int put_config(const UsbDescription *d, uint8_t *out)
{
    uint8_t attributes = (uint8_t)(CONFIG_ALWAYS | (d->self_powered ? CONFIG_SELF_POWERED : 0) |
                                   (d->wakes ? CONFIG_WAKES : 0));
    const uint8_t head[] = {
        9, DESC_CONFIG, 0, 0, 1, 1, 0, attributes, MILLIAMPERES / 2,
        9, DESC_INTERFACE, 0, 0, (uint8_t)d->endpoints, d->interface_class, d->subclass, d->protocol, 0,
    };
    unsigned len = sizeof(head);
    memcpy(out, head, sizeof(head));
    if (d->extra) {
        memcpy(out + len, d->extra, d->extra_bytes);
        len += d->extra_bytes;
    }
    for (unsigned i = 0; i < d->endpoints; i++) {
        const UsbEndpoint *e = &d->endpoint[i];
        const uint8_t endpoint[] = { 7, DESC_ENDPOINT, e->address, e->type, e->max_packet, 0, e->interval };
        memcpy(out + len, endpoint, sizeof(endpoint));
        len += (unsigned)sizeof(endpoint);
    }
    store_le(out + 2, 2, len);
    return (int)len;
}

static int put_string(const char *text, uint8_t *out)
{
    size_t len = MIN(strlen(text), 126u);
    out[0] = (uint8_t)(2 + 2 * len);
    out[1] = DESC_STRING;
    for (size_t i = 0; i < len; i++) {
        store_le(out + 2 + 2 * i, 2, (uint8_t)text[i]);
    }
    return out[0];
}

int usb_describe(const UsbDescription *d, const char *serial, uint16_t value, uint8_t *out)
{
    switch (value) {
    case DESC_DEVICE << 8:
        return put_device(d, serial, out);
    case DESC_CONFIG << 8:
        return put_config(d, out);
    case DESC_STRING << 8 | STRING_LANGUAGES:
        out[0] = 4;
        out[1] = DESC_STRING;
        store_le(out + 2, 2, ENGLISH);
        return 4;
    case DESC_STRING << 8 | STRING_MAKER:
        return put_string("Valletta", out);
    case DESC_STRING << 8 | STRING_PRODUCT:
        return put_string(d->name, out);
    case DESC_STRING << 8 | STRING_SERIAL:
        return serial ? put_string(serial, out) : -1;
    default:
        return -1;
    }
}
