/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes between a PS/2 device and its host: IBM PS/2 Hardware Interface Technical Reference, "Keyboard". */
#include <string.h>
#include "hw/input/ps2.h"
#include "util/error.h"

static bool has_byte(const Ps2 *p)
{
    return p->reply_at < p->reply_count || p->count > 0;
}

static void drive(Ps2 *p)
{
    bool ready = has_byte(p);
    if (ready != p->ready.level) {
        irq_set(&p->ready, ready);
    }
}

bool ps2_push(Ps2 *p, const uint8_t *bytes, unsigned count)
{
    if (p->count + count > sizeof(p->queue)) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        p->queue[(uint8_t)(p->head + p->count)] = bytes[i];
        p->count++;
    }
    drive(p);
    return true;
}

void ps2_reply(Ps2 *p, const uint8_t *bytes, unsigned count)
{
    g_assert(count <= sizeof(p->reply));
    memcpy(p->reply, bytes, count);
    p->reply_at = 0;
    p->reply_count = (uint8_t)count;
    drive(p);
}

void ps2_clear(Ps2 *p)
{
    p->count = 0;
    p->reply_at = p->reply_count = 0;
    drive(p);
}

uint8_t ps2_read(Ps2 *p)
{
    if (p->reply_at < p->reply_count) {
        p->last = p->reply[p->reply_at++];
    } else if (p->count > 0) {
        p->last = p->queue[p->head++];
        p->count--;
        if (p->count == 0 && p->ops->drained) {
            p->ops->drained(p);
        }
    }
    drive(p);
    return p->last;
}

void ps2_write(Ps2 *p, uint8_t byte)
{
    if (byte == 0xfe) {
        ps2_reply(p, &p->last, 1);
    } else {
        p->ops->write(p, byte);
    }
}

bool ps2_loaded(Ps2 *p, GError **err)
{
    if (p->count > sizeof(p->queue) || p->reply_at > p->reply_count || p->reply_count > sizeof(p->reply)) {
        return error_set(err, "%s: more bytes wait than there can be", p->dev.type->name);
    }
    p->ready.level = has_byte(p);
    return true;
}

const VmField ps2_state[] = {
    VM_BUFFER(Ps2, queue), VM_U8(Ps2, head), VM_U16(Ps2, count), VM_BUFFER(Ps2, reply), VM_U8(Ps2, reply_at),
    VM_U8(Ps2, reply_count), VM_U8(Ps2, command), VM_U8(Ps2, last),
    { 0 }
};

const IrqPins ps2_outputs[] = { { NULL, 1, offsetof(Ps2, ready) }, { 0 } };
