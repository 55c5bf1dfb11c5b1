/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-keyboard-pci, virtio-mouse-pci and virtio-tablet-pci: VIRTIO 1.1, section 5.8. */
#include "virtio.h"

#include <string.h>

#define SLOT 13u
#define EVENT 8u
enum { NAME = 1, SERIAL = 2, DEVIDS = 3, PROPS = 0x10, BITS = 0x11, ABS = 0x12 };
enum { KEYS = 1, REL = 2, ABSOLUTE = 3, LED = 0x11, REP = 0x14 };

/* ---- configuration ---- */

/* What the device says of it, in data (128 bytes); its length. */
static unsigned ask(Virtio *v, unsigned select, unsigned subsel, uint8_t *data)
{
    vd_set_config(v, 0, 1, select);
    vd_set_config(v, 1, 1, subsel);
    unsigned size = (unsigned)vd_config(v, 2, 1);
    g_assert_cmpuint(vd_config(v, 0, 1), ==, select);
    g_assert_cmpuint(size, <=, 128);
    memset(data, 0, 128);
    for (unsigned i = 0; i < size; i++) {
        data[i] = (uint8_t)vd_config(v, 8 + i, 1);
    }
    return size;
}

static void check_text(Virtio *v, unsigned select, const char *wanted)
{
    uint8_t data[129] = { 0 };
    g_assert_cmpuint(ask(v, select, 0, data), ==, strlen(wanted));
    g_assert_cmpstr((const char *)data, ==, wanted);
    g_assert_cmpuint(ask(v, select, 1, data), ==, 0);
}

/* codes: in ascending order, ended by 0xffff; none: no such events. */
static void check_bits(Virtio *v, unsigned type, const uint16_t *codes)
{
    uint8_t data[128];
    unsigned size = ask(v, BITS, type, data), last = 0;
    for (unsigned bit = 0; bit < 1024; bit++) {
        bool wanted = bit == *codes;
        g_assert_cmpint(data[bit / 8] >> bit % 8 & 1, ==, wanted);
        last = wanted ? bit / 8 + 1 : last;
        codes += wanted;
    }
    g_assert_cmpuint(size, ==, last);
}

static void check_device(Virtio *v, unsigned product, const char *name)
{
    const uint8_t ids[] = { 6, 0, 0x27, 6, (uint8_t)product, 0, 1, 0 };
    uint8_t data[128];
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 0), ==, 0x10521af4);
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 8) & 0xff, ==, 1);
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 0x2c), ==, 0x11001af4);
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 0x10), ==, 0);             /* nothing of the legacy interface */
    check_text(v, NAME, name);
    check_text(v, SERIAL, "S-1");
    g_assert_cmpuint(ask(v, DEVIDS, 0, data), ==, sizeof(ids));
    g_assert_cmpmem(data, sizeof(ids), ids, sizeof(ids));
    g_assert_cmpuint(ask(v, PROPS, 0, data), ==, 0);
    g_assert_cmpuint(ask(v, 0, 0, data), ==, 0);
    g_assert_cmpuint(ask(v, 0x77, 0, data), ==, 0);
}

static const uint16_t none[] = { 0xffff };

static void test_keyboard(Virtio *v)
{
    static const uint16_t lamps[] = { 0, 1, 2, 0xffff };
    uint8_t data[128];
    check_device(v, 1, "Valletta Virtio Keyboard");
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 8) >> 16, ==, 0x0900);
    g_assert_cmpuint(ask(v, BITS, KEYS, data), >, 20);
    for (unsigned code = 1; code <= 83; code++) {                      /* a main block without holes */
        g_assert_cmpint(data[code / 8] >> code % 8 & 1, ==, 1);
    }
    g_assert_cmpint(data[0] & 1, ==, 0);
    g_assert_cmpuint(ask(v, BITS, REP, data), ==, 1);
    check_bits(v, LED, lamps);
    check_bits(v, REL, none);
    check_bits(v, ABSOLUTE, none);
    g_assert_cmpuint(ask(v, ABS, 0, data), ==, 0);
}

static const uint16_t buttons[] = { 0x110, 0x111, 0x112, 0x113, 0x114, 0xffff };

static void test_mouse(Virtio *v)
{
    static const uint16_t axes[] = { 0, 1, 6, 8, 0xffff };
    uint8_t data[128];
    check_device(v, 2, "Valletta Virtio Mouse");
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 8) >> 16, ==, 0x0902);
    check_bits(v, KEYS, buttons);
    check_bits(v, REL, axes);
    check_bits(v, ABSOLUTE, none);
    check_bits(v, LED, none);
    g_assert_cmpuint(ask(v, BITS, REP, data), ==, 0);
}

static void test_tablet(Virtio *v)
{
    static const uint16_t wheels[] = { 6, 8, 0xffff }, axes[] = { 0, 1, 0xffff };
    uint8_t data[128];
    check_device(v, 3, "Valletta Virtio Tablet");
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 8) >> 16, ==, 0x0980);
    check_bits(v, KEYS, buttons);
    check_bits(v, REL, wheels);
    check_bits(v, ABSOLUTE, axes);
    for (unsigned axis = 0; axis < 2; axis++) {
        static const uint8_t range[20] = { [4] = 0xff, [5] = 0x7f };
        g_assert_cmpuint(ask(v, ABS, axis, data), ==, 20);
        g_assert_cmpmem(data, 20, range, 20);
    }
    g_assert_cmpuint(ask(v, ABS, 2, data), ==, 0);
}

/* ---- events ---- */

static void start(Virtio *v)
{
    vd_accept(v, 0);
    vd_queue(v, 0);
    vd_queue(v, 1);
    vd_ready(v);
}

static void give(Virtio *v, unsigned buffers)
{
    for (unsigned i = 0; i < buffers; i++) {
        vd_add(v, 0, &(VdBuffer){ VD_DATA + EVENT * i, EVENT, true }, 1, false);
    }
    vd_kick(v, 0);
}

static void send(Virtio *v, const char *events)
{
    g_autofree char *command = g_strdup_printf(
        "{\"execute\": \"input-send-event\", \"arguments\": {\"events\": [%s]}}", events);
    g_autoptr(JsonNode) reply = qt_qmp(v->q, command);
    g_assert_nonnull(reply);
}

#define KEY_EVENT(key, down) \
    "{\"type\": \"key\", \"data\": {\"down\": " down ", \"key\": {\"type\": \"qcode\", \"data\": \"" key \
    "\"}}}"
#define BUTTON(button, down) \
    "{\"type\": \"btn\", \"data\": {\"down\": " down ", \"button\": \"" button "\"}}"
#define MOVE(kind, axis, value) \
    "{\"type\": \"" kind "\", \"data\": {\"axis\": \"" axis "\", \"value\": " value "}}"

/* The next event, in the buffer number n of those that were given together. */
static void expect(Virtio *v, unsigned n, unsigned type, unsigned code, int32_t value)
{
    uint32_t len = 0;
    uint64_t at = VD_DATA + EVENT * n;
    g_assert_true(vd_used(v, 0, &len));
    g_assert_cmpuint(len, ==, EVENT);
    g_assert_cmpuint(vd_get(v, at, 2), ==, type);
    g_assert_cmphex(vd_get(v, at + 2, 2), ==, code);
    g_assert_cmpint((int32_t)vd_get(v, at + 4, 4), ==, value);
}

static void expect_nothing(Virtio *v)
{
    uint32_t len;
    g_assert_false(vd_used(v, 0, &len));
}

static void test_keys(Virtio *v)
{
    send(v, KEY_EVENT("a", "true"));            /* nobody is there yet */
    start(v);
    give(v, 8);
    expect_nothing(v);
    send(v, KEY_EVENT("a", "true"));
    expect(v, 0, 1, 30, 1);
    expect(v, 1, 0, 0, 0);
    g_assert_cmphex(vd_isr(v), ==, 1);
    send(v, KEY_EVENT("kp_enter", "true") ", " KEY_EVENT("a", "false"));
    expect(v, 2, 1, 96, 1);
    expect(v, 3, 1, 30, 0);
    expect(v, 4, 0, 0, 0);
    expect_nothing(v);
    vd_reset(v);                                /* the PS/2 keyboard has them again */
    start(v);
    give(v, 8);
    expect_nothing(v);
    send(v, KEY_EVENT("f1", "true"));
    expect(v, 0, 1, 59, 1);
}

static void test_pointer(Virtio *v)
{
    start(v);
    give(v, 32);
    send(v, MOVE("rel", "x", "-5") ", " MOVE("rel", "y", "3000"));
    expect(v, 0, 2, 0, -5);
    expect(v, 1, 2, 1, 3000);
    expect(v, 2, 0, 0, 0);
    send(v, BUTTON("right", "true") ", " BUTTON("extra", "true") ", " BUTTON("left", "false"));
    expect(v, 3, 1, 0x111, 1);
    expect(v, 4, 1, 0x114, 1);
    expect(v, 5, 1, 0x110, 0);
    expect(v, 6, 0, 0, 0);
    send(v, BUTTON("wheel-up", "true") ", " BUTTON("wheel-up", "false"));
    expect(v, 7, 2, 8, 1);
    expect(v, 8, 0, 0, 0);
    send(v, BUTTON("wheel-down", "true") ", " BUTTON("wheel-left", "true") ", "
            BUTTON("wheel-right", "true"));
    expect(v, 9, 2, 8, -1);
    expect(v, 10, 2, 6, -1);
    expect(v, 11, 2, 6, 1);
    expect(v, 12, 0, 0, 0);
    send(v, BUTTON("wheel-down", "false"));     /* nothing to tell */
    expect_nothing(v);
}

static void test_places(Virtio *v)
{
    start(v);
    give(v, 8);
    send(v, MOVE("abs", "x", "0") ", " MOVE("abs", "y", "32767"));
    expect(v, 0, 3, 0, 0);
    expect(v, 1, 3, 1, 32767);
    expect(v, 2, 0, 0, 0);
    send(v, BUTTON("left", "true"));
    expect(v, 3, 1, 0x110, 1);
}

/* What there is no buffer for waits, in its order. */
static void test_no_room(Virtio *v)
{
    start(v);
    send(v, KEY_EVENT("a", "true"));
    send(v, KEY_EVENT("a", "false") ", " KEY_EVENT("b", "true"));
    expect_nothing(v);
    give(v, 3);
    expect(v, 0, 1, 30, 1);
    expect(v, 1, 0, 0, 0);
    expect(v, 2, 1, 30, 0);
    expect_nothing(v);
    send(v, KEY_EVENT("b", "false"));
    expect_nothing(v);
    give(v, 4);
    expect(v, 0, 1, 48, 1);
    expect(v, 1, 0, 0, 0);
    expect(v, 2, 1, 48, 0);
    expect(v, 3, 0, 0, 0);
    expect_nothing(v);
    send(v, KEY_EVENT("c", "true"));
    vd_reset(v);                                /* what waits is for the driver that was */
    start(v);
    give(v, 4);
    expect_nothing(v);
}

/* More groups than may wait: what was lost of keys is made good behind them. */
static void test_lost(Virtio *v)
{
    start(v);
    send(v, KEY_EVENT("a", "true"));
    send(v, KEY_EVENT("b", "true"));
    for (unsigned i = 0; i < 31; i++) {
        send(v, KEY_EVENT("c", "true"));
        send(v, KEY_EVENT("c", "false"));
    }
    send(v, KEY_EVENT("a", "false") ", " KEY_EVENT("d", "true"));       /* the 65th */
    send(v, KEY_EVENT("e", "true"));
    send(v, KEY_EVENT("e", "false") ", " KEY_EVENT("b", "false"));
    send(v, KEY_EVENT("b", "true"));
    for (unsigned i = 0; i < 64; i++) {
        unsigned n = 2 * i % 64;
        if (n == 0) {
            give(v, 64);
        }
        expect(v, n, 1, i == 0 ? 30 : i == 1 ? 48 : 46, i < 2 || i % 2 == 0);
        expect(v, n + 1, 0, 0, 0);
    }
    expect_nothing(v);
    give(v, 10);
    expect(v, 0, 1, 30, 0);
    expect(v, 1, 1, 32, 1);
    expect(v, 2, 0, 0, 0);
    expect_nothing(v);
    send(v, KEY_EVENT("d", "false"));
    expect(v, 3, 1, 32, 0);
    expect(v, 4, 0, 0, 0);
}

/* More at one moment than a queue has room for: several groups, each with its end. */
static void test_many(Virtio *v)
{
    g_autoptr(GString) events = g_string_new(KEY_EVENT("a", "true"));
    for (unsigned i = 1; i < 40; i++) {
        g_string_append(events, i & 1 ? ", " KEY_EVENT("a", "false") : ", " KEY_EVENT("a", "true"));
    }
    start(v);
    give(v, 60);
    send(v, events->str);
    for (unsigned i = 0; i < 42; i++) {
        bool end = i == 32 || i == 41;
        unsigned n = i < 32 ? i : i - 1;
        expect(v, i, end ? 0 : 1, end ? 0 : 30, end ? 0 : !(n & 1));
    }
    expect_nothing(v);
}

/* In pieces, a small one and one that is too small. */
static void test_buffers(Virtio *v)
{
    const VdBuffer pieces[] = { { VD_DATA, 3, true }, { VD_DATA + 0x100, 100, true } };
    uint8_t bytes[8];
    uint32_t len;
    start(v);
    vd_add(v, 0, pieces, 2, true);
    vd_add(v, 0, &(VdBuffer){ VD_DATA + 0x200, 4096, true }, 1, false);
    send(v, KEY_EVENT("z", "true"));
    g_assert_true(vd_used(v, 0, &len));
    g_assert_cmpuint(len, ==, EVENT);
    ram_read(v->q, VD_DATA, bytes, 3);
    ram_read(v->q, VD_DATA + 0x100, bytes + 3, 5);
    g_assert_cmpmem(bytes, 8, "\1\0\54\0\1\0\0\0", 8);
    vd_add(v, 0, &(VdBuffer){ VD_DATA, 8, true }, 1, false);
    vd_add(v, 0, &(VdBuffer){ VD_DATA, 7, true }, 1, false);
    send(v, KEY_EVENT("z", "false"));
    g_assert_true(vd_status(v) & VD_NEEDS_RESET);
    send(v, KEY_EVENT("z", "true"));            /* and the machine goes on */
    vd_reset(v);
    start(v);
    give(v, 2);
    send(v, KEY_EVENT("z", "false"));
    expect(v, 0, 1, 44, 0);
}

/* Events for lamps are taken, whatever they say; those that have no events too. */
static void test_status(Virtio *v)
{
    static const uint8_t events[][9] = { "\x11\0\1\0\1\0\0\0", "\x11\0\xff\xff\1\0\0\0",
                                         "\x14\0\0\0\xfa\0\0\0", "\1\0\36\0\1\0\0\0" };
    start(v);
    for (unsigned i = 0; i < 4; i++) {
        ram_write(v->q, VD_DATA, events[i], 8);
        g_assert_cmpuint(vd_do(v, 1, &(VdBuffer){ VD_DATA, 8, false }, 1), ==, 0);
    }
    g_assert_cmpuint(vd_do(v, 1, &(VdBuffer){ VD_DATA, 7, false }, 1), ==, 0);
    g_assert_cmpuint(vd_do(v, 1, &(VdBuffer){ VD_DATA, 8, true }, 1), ==, 0);
    g_assert_false(vd_status(v) & VD_NEEDS_RESET);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define AT ",addr=0d,serial=S-1"
    vd_add_modern_test("/virtio-input/keyboard", "-device virtio-keyboard-pci" AT, test_keyboard);
    vd_add_modern_test("/virtio-input/mouse", "-device virtio-mouse-pci" AT, test_mouse);
    vd_add_modern_test("/virtio-input/tablet", "-device virtio-tablet-pci" AT, test_tablet);
    vd_add_modern_test("/virtio-input/keys", "-device virtio-keyboard-pci" AT, test_keys);
    vd_add_modern_test("/virtio-input/pointer", "-device virtio-mouse-pci" AT, test_pointer);
    vd_add_modern_test("/virtio-input/places", "-device virtio-tablet-pci" AT, test_places);
    vd_add_modern_test("/virtio-input/no-room", "-device virtio-keyboard-pci" AT, test_no_room);
    vd_add_modern_test("/virtio-input/lost", "-device virtio-keyboard-pci" AT, test_lost);
    vd_add_modern_test("/virtio-input/many", "-device virtio-keyboard-pci" AT, test_many);
    vd_add_modern_test("/virtio-input/buffers", "-device virtio-keyboard-pci" AT, test_buffers);
    vd_add_modern_test("/virtio-input/status", "-device virtio-keyboard-pci" AT, test_status);
    return g_test_run();
}
