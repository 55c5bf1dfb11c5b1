/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio's graphics and keyboard from their inner side: pointers, windows, lamps, what is drawn, state. */
#include "vga-bench.h"

#include "hw/display/edid.h"
#include "hw/virtio/virtio_gpu.h"
#include "system/input.h"

#define BAR4_AT 0x03000000u
#define BAR4    (PCI_MEM + BAR4_AT)
#define RINGS   0x100000u               /* 0x10000 for each queue: descriptors, available, used */
#define DATA    0x200000u
#define BACKING 0x300000u

static uint16_t made_available[2];

static void reg(Bench *b, unsigned at, uint64_t value, unsigned size)
{
    phys_write(b, BAR4 + at, value, size);
}

static Bench *start(const char *device)
{
    Bench *b = bench_card(false, device);
    pci_config_write(card, 0x20, BAR4_AT, 4);
    pci_config_write(card, PCI_COMMAND, PCI_COMMAND_MEM | PCI_COMMAND_MASTER, 2);
    reg(b, 0x14, 3, 1);
    for (unsigned half = 0; half < 2; half++) {
        reg(b, 8, half, 4);
        reg(b, 0xc, half ? 1 : 2, 4);   /* VERSION_1; EDID */
    }
    reg(b, 0x14, 11, 1);
    for (unsigned n = 0; n < 2; n++) {
        reg(b, 0x16, n, 2);
        reg(b, 0x18, 8, 2);
        for (unsigned i = 0; i < 3; i++) {
            reg(b, 0x20 + 8 * i, RINGS + 0x10000 * n + 0x1000 * i, 4);
        }
        phys_write(b, RINGS + 0x10000 * n + 0x1002, 0, 2);
        reg(b, 0x1c, 1, 2);
        made_available[n] = 0;
    }
    reg(b, 0x14, 15, 1);
    g_assert_cmphex(phys_read(b, BAR4 + 0x14, 1), ==, 15);
    return b;
}

static void desc(Bench *b, unsigned queue, unsigned n, uint32_t addr, uint32_t len, unsigned flags)
{
    uint64_t at = RINGS + 0x10000 * queue + 16 * n;
    phys_write(b, at, addr, 8);
    phys_write(b, at + 8, len, 4);
    phys_write(b, at + 12, flags, 2);
    phys_write(b, at + 14, n + 1, 2);
}

static void kick(Bench *b, unsigned queue)
{
    uint64_t avail = RINGS + 0x10000 * queue + 0x1000;
    phys_write(b, avail + 4 + 2 * (made_available[queue] % 8), 0, 2);
    phys_write(b, avail + 2, ++made_available[queue], 2);
    reg(b, 0x3000 + 4 * queue, queue, 2);
}

/* A command with its words behind the header; the reply's type. */
static uint32_t ask(Bench *b, unsigned queue, uint32_t type, const uint32_t *words, unsigned n)
{
    for (unsigned i = 0; i < 6; i++) {
        phys_write(b, DATA + 4 * i, i ? 0 : type, 4);
    }
    for (unsigned i = 0; i < n; i++) {
        phys_write(b, DATA + 24 + 4 * i, words[i], 4);
    }
    phys_write(b, DATA + 0x1000, 0, 4);
    desc(b, queue, 0, DATA, 24 + 4 * n, 1);
    desc(b, queue, 1, DATA + 0x1000, 2048, 2);
    kick(b, queue);
    return (uint32_t)phys_read(b, DATA + 0x1000, 4);
}

#define WORDS(...) (const uint32_t[]){ __VA_ARGS__ }, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4
#define DO(b, queue, type, ...) g_assert_cmphex(ask(b, queue, type, WORDS(__VA_ARGS__)), ==, GPU_OK)

static void fill(Bench *b, uint32_t bytes, uint32_t pixel)
{
    for (uint32_t i = 0; i < bytes; i += 4) {
        phys_write(b, BACKING + i, pixel, 4);
    }
}

/* A resource full of that pixel. */
static void make(Bench *b, uint32_t id, uint32_t format, uint32_t width, uint32_t height, uint32_t pixel)
{
    DO(b, 0, 0x101, id, format, width, height);
    DO(b, 0, 0x106, id, 2, BACKING, 0, 1024, 0, BACKING + 1024, 0, width * height * 4 - 1024, 0);
    fill(b, width * height * 4, pixel);
    DO(b, 0, 0x105, 0, 0, width, height, 0, 0, id, 0);
}

/* ---- what is drawn ---- */

typedef struct {
    unsigned changes, resized;
    int x, y, width, height;            /* the last change */
} Seen;

static void on_changed(void *opaque, int x, int y, int width, int height)
{
    Seen *s = opaque;
    *s = (Seen){ s->changes + 1, s->resized, x, y, width, height };
}

static void on_resized(void *opaque)
{
    ((Seen *)opaque)->resized++;
}

static void test_drawn(void)
{
    static const ViewerOps ops = { .changed = on_changed, .resized = on_resized };
    Bench *b = start("virtio-gpu-pci");
    Seen seen = { 0 };
    Viewer *viewer = display_add_viewer(display_at(displays, 0), &ops, &seen);
    update();
    make(b, 1, 2, 64, 32, 0x00112233);
    DO(b, 0, 0x103, 0, 0, 64, 32, 0, 1);
    check_size(640, 480);               /* nothing is drawn in the CPU's thread */
    update();
    check_size(64, 32);
    g_assert_cmphex(pixel_at(63, 31), ==, 0x112233);
    g_assert_cmpuint(seen.resized, ==, 2);
    fill(b, 64 * 32 * 4, 0x00445566);
    seen.changes = 0;
    DO(b, 0, 0x105, 4, 5, 6, 7, (5 * 64 + 4) * 4, 0, 1, 0);
    DO(b, 0, 0x104, 4, 5, 6, 7, 1, 0);
    update();
    g_assert_cmpuint(seen.changes, ==, 1);
    g_assert_true(seen.x == 4 && seen.y == 5 && seen.width == 6 && seen.height == 7);
    g_assert_cmphex(pixel_at(4, 5), ==, 0x445566);
    g_assert_cmphex(pixel_at(10, 5), ==, 0x112233);
    seen.changes = 0;
    update();                           /* a still picture */
    g_assert_cmpuint(seen.changes, ==, 0);
    /* Very many parts become few. */
    for (unsigned i = 0; i < 64 * 32; i += 2) {
        DO(b, 0, 0x104, i % 64 + (i / 64 & 1), i / 64, 1, 1, 1, 0);
    }
    update();
    g_assert_cmpuint(seen.changes, <, 100);
    display_remove_viewer(viewer);
    bench_card_free(b);
}

/* ---- the pointer ---- */

static uint32_t cursor_pixel(const DisplayCursor *c, unsigned x, unsigned y)
{
    return pixman_image_get_data(c->image)[y * (unsigned)pixman_image_get_stride(c->image) / 4 + x];
}

static void test_pointer(void)
{
    Bench *b = start("virtio-gpu-pci");
    const DisplayCursor *c = display_cursor(display_at(displays, 0));
    make(b, 1, 1, 64, 64, 0x80402000);                  /* alpha is half and multiplied in */
    DO(b, 1, 0x300, 0, 100, 200, 0, 1, 3, 5, 0);
    g_assert_null(c->image);
    update();
    g_assert_nonnull(c->image);
    g_assert_true(c->visible);
    g_assert_cmpint(c->hot_x, ==, 3);
    g_assert_cmpint(c->hot_y, ==, 5);
    g_assert_cmpint(c->x, ==, 103);
    g_assert_cmpint(c->y, ==, 205);
    g_assert_cmphex(cursor_pixel(c, 63, 63), ==, 0x80804000);
    /* No alpha in the format's name, but in its bytes; and colours beyond what alpha allows. */
    make(b, 2, 2, 64, 64, 0x40ff1000);
    DO(b, 1, 0x300, 0, 0, 0, 0, 2, 700, 0x80000000, 0);
    update();
    g_assert_cmphex(cursor_pixel(c, 0, 0), ==, 0x40ff4000);
    g_assert_cmpint(c->hot_x, ==, 63);
    /* The picture was copied; moving keeps it. */
    DO(b, 0, 0x102, 2, 0);
    DO(b, 1, 0x301, 0, (uint32_t)-10, 20, 0, 0, 0, 0, 0);
    update();
    g_assert_cmpint(c->x, ==, 53);
    g_assert_cmpint(c->y, ==, 83);
    g_assert_true(c->visible);
    DO(b, 1, 0x301, 0, 0x80000000, 0x7fffffff, 0, 0, 0, 0, 0);
    update();
    DO(b, 1, 0x300, 0, 0, 0, 0, 0, 0, 0, 0);
    update();
    g_assert_false(c->visible);
    g_assert_null(c->image);
    bench_card_free(b);
}

/* ---- windows ---- */

static void check_told(Bench *b, unsigned head, unsigned width, unsigned height)
{
    g_assert_cmphex(ask(b, 0, 0x100, NULL, 0), ==, GPU_OK_DISPLAY_INFO);
    g_assert_cmpuint(phys_read(b, DATA + 0x1000 + 24 + 24 * head + 8, 4), ==, width);
    g_assert_cmpuint(phys_read(b, DATA + 0x1000 + 24 + 24 * head + 12, 4), ==, height);
    g_assert_cmphex(ask(b, 0, 0x10a, WORDS(head, 0)), ==, GPU_OK_EDID);
    uint64_t edid = DATA + 0x1000 + 32;
    g_assert_cmpuint(phys_read(b, edid + 56, 1) | (phys_read(b, edid + 58, 1) & 0xf0) << 4, ==, width);
    g_assert_cmpuint(phys_read(b, edid + 59, 1) | (phys_read(b, edid + 61, 1) & 0xf0) << 4, ==, height);
}

static void test_windows(void)
{
    Bench *b = start("virtio-gpu-pci,max_outputs=2");
    check_told(b, 0, 1280, 800);
    phys_read(b, BAR4 + 0x1000, 1);
    display_set_window(display_at(displays, 1), 1280, 800);            /* as it is */
    g_assert_cmphex(phys_read(b, BAR4 + 0x1000, 1), ==, 0);
    display_set_window(display_at(displays, 1), 1001, 703);
    g_assert_cmphex(phys_read(b, BAR4 + 0x1000, 1), ==, 2);
    g_assert_cmphex(phys_read(b, BAR4 + 0x2000, 4), ==, 1);
    reg(b, 0x2004, 1, 4);
    g_assert_cmphex(phys_read(b, BAR4 + 0x2000, 4), ==, 0);
    check_told(b, 0, 1280, 800);
    check_told(b, 1, 1001, 703);
    display_set_window(display_at(displays, 0), 1, 100000);
    check_told(b, 0, EDID_LEAST_PIXELS, EDID_MOST_PIXELS);
    bench_card_free(b);
}

/* ---- state ---- */

static GByteArray *saved_picture(Bench *b)
{
    make(b, 7, 1, 64, 64, 0xff00ff00);
    make(b, 1, 2, 32, 16, 0x00abcdef);
    make(b, 300, 4, 40, 20, 0x44332211);
    DO(b, 0, 0x107, 300, 0);
    DO(b, 0, 0x103, 8, 4, 24, 12, 1, 1);
    DO(b, 0, 0x103, 0, 0, 40, 20, 0, 300);
    DO(b, 1, 0x300, 1, 9, 8, 0, 7, 1, 2, 0);
    GByteArray *state = g_byte_array_new();
    state_save(&card->dev, state);
    return state;
}

static bool load(const GByteArray *state, const char *wanted)
{
    g_autoptr(GError) err = NULL;
    size_t used;
    bool good = state_load(&card->dev, state->data, state->len, &used, &err);
    if (wanted) {
        g_assert_false(good);
        g_assert_nonnull(strstr(err->message, wanted));
    }
    return good;
}

static void test_saved(void)
{
    Bench *b = start("virtio-gpu-pci,max_outputs=2");
    GByteArray *state = saved_picture(b), *again = g_byte_array_new();
    device_reset(&card->dev);
    update();
    g_assert_cmphex(pixel_at(0, 0), ==, 0);
    g_assert_true(load(state, NULL));
    bench_step(b->m, 1000);             /* what waited goes on */
    update();
    display_update_now(display_at(displays, 1));
    check_size(40, 20);
    g_assert_cmphex(pixel_at(39, 19), ==, 0x223344);    /* X, R, G, B in memory */
    g_assert_cmpuint(display_width(display_at(displays, 1)), ==, 24);
    g_assert_cmpint(display_cursor(display_at(displays, 1))->x, ==, 10);
    g_assert_true(display_cursor(display_at(displays, 1))->visible);
    state_save(&card->dev, again);
    g_assert_cmpmem(state->data, state->len, again->data, again->len);
    /* Backings are there, and what was taken away is not. */
    fill(b, 32 * 16 * 4, 0x00123456);
    DO(b, 0, 0x105, 0, 0, 32, 16, 0, 0, 1, 0);
    g_assert_cmphex(ask(b, 0, 0x105, WORDS(0, 0, 1, 1, 0, 0, 300, 0)), ==, GPU_ERR_UNSPEC);
    DO(b, 0, 0x104, 0, 0, 32, 16, 1, 0);
    g_byte_array_free(state, TRUE);
    g_byte_array_free(again, TRUE);
    bench_card_free(b);
}

/* Whatever a stream says; and what was loaded can be used. */
static void test_hostile(void)
{
    Bench *b = start("virtio-gpu-pci,max_outputs=2,max_hostmem=1M");
    GByteArray *state = saved_picture(b);
    GRand *rand = g_rand_new_with_seed(1);
    unsigned good = 0;
    /* From where the resources begin: the first has number 1. */
    static const uint8_t first[] = { 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 32, 0, 0, 0, 16, 0, 0, 0, 2 };
    const uint8_t *found = memmem(state->data, state->len, first, sizeof(first));
    g_assert_nonnull(found);
    guint resources = (guint)(found - state->data);
    for (unsigned i = 0; i < 4000; i++) {
        g_autofree uint8_t *bytes = g_memdup2(state->data, state->len);
        guint begin = i & 1 ? resources - 4 : 8, size = i & 1 ? 64 : state->len - 8;
        for (unsigned j = g_rand_int_range(rand, 1, 4); j; j--) {
            bytes[begin + (guint)g_rand_int_range(rand, 0, (gint)size)] = (uint8_t)g_rand_int(rand);
        }
        size_t used;
        if (state_load(&card->dev, bytes, state->len, &used, NULL)) {
            good++;
            update();
            display_update_now(display_at(displays, 1));
            bench_step(b->m, 1000000);
        }
        device_reset(&card->dev);
    }
    g_assert_cmpuint(good, >, 100);
    /* One that ends early, and says so or not. */
    for (guint len = 8; len < state->len; len += 509) {
        g_autofree uint8_t *bytes = g_memdup2(state->data, len);
        size_t used;
        g_assert_false(state_load(&card->dev, bytes, len, &used, NULL));
        store_be(bytes + 4, 4, len - 8);
        g_assert_false(state_load(&card->dev, bytes, len, &used, NULL));
        device_reset(&card->dev);
    }
    /* A display that shows what is not there. */
    memset(state->data + resources, 0, 3);
    state->data[resources + 3] = 9;
    load(state, "no part of a resource");
    device_reset(&card->dev);
    /* A resource twice. */
    state->data[resources + 3] = 7;
    load(state, "resources");
    device_reset(&card->dev);
    g_rand_free(rand);
    g_byte_array_free(state, TRUE);
    bench_card_free(b);
}

/* ---- the keyboard ---- */

static void set_lamp(Bench *b, unsigned code, bool on)
{
    phys_write(b, DATA, 0x11, 2);
    phys_write(b, DATA + 2, code, 2);
    phys_write(b, DATA + 4, on, 4);
    desc(b, 1, 0, DATA, 8, 0);
    kick(b, 1);
}

static void test_lamps(void)
{
    Bench *b = start("virtio-keyboard-pci");
    set_lamp(b, 1, true);
    g_assert_cmphex(input_leds(b->m->input), ==, LED_CAPS);
    set_lamp(b, 0, true);
    set_lamp(b, 2, true);
    set_lamp(b, 1, false);
    set_lamp(b, 3, true);
    g_assert_cmphex(input_leds(b->m->input), ==, LED_NUM | LED_SCROLL);
    GByteArray *state = g_byte_array_new();
    state_save(&card->dev, state);
    device_reset(&card->dev);
    g_assert_cmphex(input_leds(b->m->input), ==, 0);
    g_assert_true(load(state, NULL));
    g_assert_cmphex(input_leds(b->m->input), ==, LED_NUM | LED_SCROLL);
    g_assert_cmpstr(input_taker_ops(input_taker(b->m->input, 0))->name, ==, "Virtio Keyboard");
    device_reset(&card->dev);
    g_assert_cmpstr(input_taker_ops(input_taker(b->m->input, 0))->name, !=, "Virtio Keyboard");
    g_byte_array_free(state, TRUE);
    bench_card_free(b);
}

/* Keys that wait for buffers are kept with the rest. */
static void test_waiting_keys(void)
{
    Bench *b = start("virtio-keyboard-pci");
    GByteArray *state = g_byte_array_new();
    for (unsigned i = 0; i < 65; i++) {
        input_key(b->m->input, KEY_A, i % 2 == 0);      /* the last press is lost */
    }
    state_save(&card->dev, state);
    device_reset(&card->dev);
    g_assert_true(load(state, NULL));
    for (unsigned i = 0; i < 130; i++) {
        unsigned value = i % 2 ? 0 : i / 2 % 2 == 0;
        desc(b, 0, 0, DATA, 8, 2);
        kick(b, 0);
        g_assert_cmphex(phys_read(b, DATA, 2), ==, i % 2 ? 0 : 1);
        g_assert_cmphex(phys_read(b, DATA + 2, 2), ==, i % 2 ? 0 : 30);
        g_assert_cmphex(phys_read(b, DATA + 4, 4), ==, value);
        phys_write(b, DATA, 0xffff, 2);
    }
    desc(b, 0, 0, DATA, 8, 2);
    kick(b, 0);
    g_assert_cmphex(phys_read(b, DATA, 2), ==, 0xffff);
    /* Events without an end, half an event, a group too many. */
    uint8_t group[16], *end = state->data + state->len;
    uint32_t part = 2 * 0x300 / 8 + 1 + 64 * sizeof(group);
    memcpy(group, end - sizeof(group), sizeof(group));
    end[-7] = 1;
    load(state, "backlog");
    end[-7] = 0;
    for (unsigned more = 4; more <= sizeof(group); more += 12) {
        store_be(state->data + state->len - part - 4, 4, part + more);
        g_byte_array_append(state, group, more);
        store_be(state->data + 4, 4, state->len - 8);
        device_reset(&card->dev);
        load(state, "backlog");
        g_byte_array_set_size(state, state->len - more);
    }
    device_reset(&card->dev);
    g_byte_array_free(state, TRUE);
    bench_card_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-screen/drawn", test_drawn);
    g_test_add_func("/virtio-screen/pointer", test_pointer);
    g_test_add_func("/virtio-screen/windows", test_windows);
    g_test_add_func("/virtio-screen/saved", test_saved);
    g_test_add_func("/virtio-screen/hostile", test_hostile);
    g_test_add_func("/virtio-screen/lamps", test_lamps);
    g_test_add_func("/virtio-screen/waiting-keys", test_waiting_keys);
    return g_test_run();
}
