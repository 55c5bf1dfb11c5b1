/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State lists: saving and loading. */
#include <string.h>
#include "hw/core/device.h"
#include "util/bits.h"
#include "util/error.h"

typedef struct {
    const uint8_t *p, *end;
    uint32_t version;
    bool failed;                /* it ends early */
    const char *wrong;          /* the part that cannot be */
} Reader;

static uint64_t int_get(const void *p, size_t size)
{
    switch (size) {
    case 1:
        return *(const uint8_t *)p;
    case 2:
        return *(const uint16_t *)p;
    case 4:
        return *(const uint32_t *)p;
    case 8:
        return *(const uint64_t *)p;
    }
    g_assert_not_reached();
}

static void int_put(void *p, size_t size, uint64_t value)
{
    switch (size) {
    case 1:
        *(uint8_t *)p = (uint8_t)value;
        return;
    case 2:
        *(uint16_t *)p = (uint16_t)value;
        return;
    case 4:
        *(uint32_t *)p = (uint32_t)value;
        return;
    case 8:
        *(uint64_t *)p = value;
        return;
    }
    g_assert_not_reached();
}

static void save_part(const VmField *f, const void *p, GByteArray *out)
{
    const uint8_t none[4] = { 0 };
    guint start = out->len;
    g_byte_array_append(out, none, sizeof(none));
    f->part->save(p, out);
    store_be(out->data + start, 4, out->len - start - sizeof(none));
}

static void save_fields(const VmField *list, const char *base, GByteArray *out)
{
    for (const VmField *f = list; f && f->name; f++) {
        for (size_t i = 0; i < f->count; i++) {
            const char *p = base + f->offset + i * f->size;
            uint8_t wire[8];
            if (f->kind == VM_KIND_STRUCT) {
                save_fields(f->fields, p, out);
            } else if (f->kind == VM_KIND_PART) {
                save_part(f, p, out);
            } else if (f->kind == VM_KIND_BUFFER) {
                g_byte_array_append(out, (const uint8_t *)p, (guint)f->size);
            } else if (f->kind == VM_KIND_BOOL) {
                wire[0] = *(const bool *)p;
                g_byte_array_append(out, wire, 1);
            } else {
                store_be(wire, (unsigned)f->size, int_get(p, f->size));
                g_byte_array_append(out, wire, (guint)f->size);
            }
        }
    }
}

static const uint8_t *take(Reader *r, size_t size)
{
    if ((size_t)(r->end - r->p) < size) {
        r->failed = true;
        return NULL;
    }
    r->p += size;
    return r->p - size;
}

static void load_part(const VmField *f, void *p, Reader *r)
{
    const uint8_t *head = take(r, 4);
    size_t len = head ? (size_t)load_be(head, 4) : 0;
    const uint8_t *data = head ? take(r, len) : NULL;
    if (data && !f->part->load(p, data, len)) {
        r->wrong = f->name;
    }
}

static void load_fields(const VmField *list, char *base, Reader *r)
{
    for (const VmField *f = list; f && f->name; f++) {
        if (f->since > r->version) {
            continue;
        }
        for (size_t i = 0; i < f->count && !r->failed && !r->wrong; i++) {
            char *p = base + f->offset + i * f->size;
            if (f->kind == VM_KIND_STRUCT) {
                load_fields(f->fields, p, r);
                continue;
            }
            if (f->kind == VM_KIND_PART) {
                load_part(f, p, r);
                continue;
            }
            const uint8_t *wire = take(r, f->kind == VM_KIND_BOOL ? 1 : f->size);
            if (!wire) {
                return;
            }
            if (f->kind == VM_KIND_BUFFER) {
                memcpy(p, wire, f->size);
            } else if (f->kind == VM_KIND_BOOL) {
                *(bool *)p = wire[0] != 0;
            } else {
                int_put(p, f->size, load_be(wire, (unsigned)f->size));
            }
        }
    }
}

static uint32_t version_of(const DeviceType *type)
{
    return type->state_version ? type->state_version : 1;
}

void state_save(Device *dev, GByteArray *out)
{
    if (dev->type->pre_save) {
        dev->type->pre_save(dev);
    }
    uint8_t head[8] = { 0 };
    guint start = out->len;
    g_byte_array_append(out, head, sizeof(head));
    save_fields(dev->type->state, (const char *)dev, out);
    store_be(out->data + start, 4, version_of(dev->type));
    store_be(out->data + start + 4, 4, out->len - start - sizeof(head));
}

bool state_load(Device *dev, const uint8_t *data, size_t len, size_t *used, GError **err)
{
    if (len < 8 || load_be(data + 4, 4) > len - 8) {
        return error_set(err, "%s: the saved state ends early", device_name(dev));
    }
    size_t size = (size_t)load_be(data + 4, 4);
    Reader r = { data + 8, data + 8 + size, (uint32_t)load_be(data, 4), false, NULL };
    if (r.version < 1 || r.version > version_of(dev->type)) {
        return error_set(err, "%s: the saved state has version %u, this program reads 1 to %u",
                         device_name(dev), r.version, version_of(dev->type));
    }
    load_fields(dev->type->state, (char *)dev, &r);
    if (r.wrong) {
        return error_set(err, "%s: the saved state has something as %s that cannot be", device_name(dev),
                         r.wrong);
    }
    if (r.failed || r.p != r.end) {
        return error_set(err, "%s: the saved state has %s bytes than version %u", device_name(dev),
                         r.failed ? "fewer" : "more", r.version);
    }
    *used = size + 8;
    return !dev->type->post_load || dev->type->post_load(dev, err);
}

bool state_covers(const VmField *list, size_t offset, size_t size)
{
    for (const VmField *f = list; f && f->name; f++) {
        size_t end = f->offset + f->size * f->count;
        if (offset < f->offset || offset + size > end) {
            continue;
        }
        if (f->kind != VM_KIND_STRUCT) {
            return true;
        }
        size_t inside = (offset - f->offset) % f->size;
        if (state_covers(f->fields, inside, size)) {
            return true;
        }
    }
    return false;
}
