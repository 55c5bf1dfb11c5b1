/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that wait for the buffers of virtio-input's driver. A release that is lost would leave a key down
 * for ever, which Linux repeats; so beside the groups that wait is kept which keys are down.
 */
#include "hw/virtio/input_backlog.h"

#include <string.h>
#include "util/bits.h"

#define WIRE_EVENT 8u

static bool bit(const uint8_t *bits, unsigned code)
{
    return bits[code / 8] >> code % 8 & 1;
}

static void note(uint8_t *bits, const BacklogEvent *e)
{
    if (e->type == EV_KEYS && e->code < BACKLOG_CODES) {
        uint8_t mask = (uint8_t)(1u << e->code % 8);
        bits[e->code / 8] = (uint8_t)(e->value ? bits[e->code / 8] | mask : bits[e->code / 8] & ~mask);
    }
}

void backlog_clear(InputBacklog *b)
{
    memset(b, 0, sizeof(*b));
}

static void append(InputBacklog *b, BacklogEvent e)
{
    b->event[(b->first + b->count++) % BACKLOG_ALL] = e;
    b->groups += e.type == EV_SYNC;
    note(b->told, &e);
}

void backlog_add(InputBacklog *b, const BacklogEvent *group, unsigned count)
{
    bool room = b->groups < BACKLOG_GROUPS;
    g_assert(count && count <= BACKLOG_EVENTS && group[count - 1].type == EV_SYNC);
    b->lost |= !room;
    for (unsigned i = 0; i < count; i++) {
        note(b->held, &group[i]);
        if (room) {
            append(b, group[i]);
        }
    }
}

const BacklogEvent *backlog_next(const InputBacklog *b)
{
    return b->count ? &b->event[b->first] : NULL;
}

/* What lost groups have changed; nothing waits. All codes are fewer than what the ring has room for. */
static void catch_up(InputBacklog *b)
{
    unsigned n = 0;
    for (unsigned code = 0; code < BACKLOG_CODES; code++) {
        bool down = bit(b->held, code);
        if (down != bit(b->told, code)) {
            append(b, (BacklogEvent){ EV_KEYS, (uint16_t)code, down });
            n++;
        }
        if (n == BACKLOG_EVENTS - 1 || (n && code == BACKLOG_CODES - 1)) {
            append(b, (BacklogEvent){ EV_SYNC, 0, 0 });
            n = 0;
        }
    }
    b->lost = false;
}

void backlog_took(InputBacklog *b)
{
    b->groups -= b->event[b->first].type == EV_SYNC;
    b->first = (b->first + 1) % BACKLOG_ALL;
    b->count--;
    if (!b->count && b->lost) {
        catch_up(b);
    }
}

/* ---- state: which keys are down, whether a group was lost, the events ---- */

static void save(const void *p, GByteArray *out)
{
    const InputBacklog *b = p;
    uint8_t lost = b->lost;
    g_byte_array_append(out, b->held, sizeof(b->held));
    g_byte_array_append(out, b->told, sizeof(b->told));
    g_byte_array_append(out, &lost, 1);
    for (unsigned i = 0; i < b->count; i++) {
        const BacklogEvent *e = &b->event[(b->first + i) % BACKLOG_ALL];
        uint8_t wire[WIRE_EVENT];
        store_be(wire, 2, e->type);
        store_be(wire + 2, 2, e->code);
        store_be(wire + 4, 4, (uint32_t)e->value);
        g_byte_array_append(out, wire, sizeof(wire));
    }
}

static bool load(void *p, const uint8_t *data, size_t len)
{
    InputBacklog *b = p;
    size_t head = 2 * sizeof(b->held) + 1;
    bool ended = true;              /* the last group is whole, but for one whose first events were taken */
    unsigned in_group = 0;
    backlog_clear(b);
    if (len < head || (len - head) % WIRE_EVENT || (len - head) / WIRE_EVENT > BACKLOG_ALL) {
        return false;
    }
    for (const uint8_t *e = data + head; e < data + len; e += WIRE_EVENT) {
        append(b, (BacklogEvent){ (uint16_t)load_be(e, 2), (uint16_t)load_be(e + 2, 2),
                                  (int32_t)load_be(e + 4, 4) });
        ended = load_be(e, 2) == EV_SYNC;
        in_group = ended ? 0 : in_group + 1;
        if (in_group == BACKLOG_EVENTS || b->groups > BACKLOG_GROUPS) {
            return false;
        }
    }
    memcpy(b->held, data, sizeof(b->held));
    memcpy(b->told, data + sizeof(b->held), sizeof(b->told));
    b->lost = data[head - 1];
    return ended;
}

const VmPart input_backlog_part = { save, load };
