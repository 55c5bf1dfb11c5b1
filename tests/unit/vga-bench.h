/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A graphics card on the bench, with a display. For one .c file of a test program. */
#ifndef TESTS_UNIT_VGA_BENCH_H
#define TESTS_UNIT_VGA_BENCH_H

#include "hw-test.h"
#include "hw/core/bus.h"
#include "hw/pci/pci.h"
#include "ui/display.h"
#include "util/keyval.h"

/* PCI memory 0 shows the PCI addresses from 0, so that what is below 1 MiB can be reached. */
#define PCI_MEM   0x10000000u
#define BAR0_AT   0x02000000u
#define BAR1_AT   0x01000000u           /* the second BAR of the card, BAR 1 or 2 */
#define FRAME     (PCI_MEM + BAR0_AT)
#define REGISTERS (PCI_MEM + BAR1_AT)
#define WINDOW    (PCI_MEM + 0xa0000u)

static PciDevice *card;
static DisplaySet *displays;

static inline Bench *bench_card(bool big, const char *device)
{
    Bench *b = bench_new(big);
    GError *err = NULL;
    displays = b->m->displays = display_set_new(b->m);
    gt_write(b, GT_BASE, 0x0f8, 0);
    KeyVal *props = keyval_new("-device");
    bool good = keyval_parse(props, device, "driver", &err) && device_add(b->m, props, &err);
    g_assert_no_error(err);
    g_assert_true(good);
    card = bench_device(b, keyval_get(props, "driver"));
    keyval_free(props);
    device_reset(&card->dev);
    pci_config_write(card, PCI_BAR0, BAR0_AT, 4);
    pci_config_write(card, PCI_BAR0 + 4, BAR1_AT, 4);
    pci_config_write(card, PCI_BAR0 + 8, BAR1_AT, 4);
    pci_config_write(card, PCI_COMMAND, PCI_COMMAND_MEM, 2);
    return b;
}

static inline void bench_card_free(Bench *b)
{
    check_round_trip(&card->dev);
    bench_free(b);
    display_set_free(displays);
}

static inline void set_seq(Bench *b, uint8_t index, uint8_t value)
{
    outb(b, 0x3c4, index);
    outb(b, 0x3c5, value);
}

static inline void set_gr(Bench *b, uint8_t index, uint8_t value)
{
    outb(b, 0x3ce, index);
    outb(b, 0x3cf, value);
}

static inline void set_cr(Bench *b, uint8_t index, uint8_t value)
{
    outb(b, 0x3d4, index);
    outb(b, 0x3d5, value);
}

static inline void set_ar(Bench *b, uint8_t index, uint8_t value)
{
    inb(b, 0x3da);
    outb(b, 0x3c0, index);
    outb(b, 0x3c0, value);
}

static inline uint8_t get_reg(Bench *b, unsigned port, uint8_t index)
{
    outb(b, port, index);
    return inb(b, port + 1);
}

static inline void screen_on(Bench *b)
{
    inb(b, 0x3da);
    outb(b, 0x3c0, 0x20);
}

/* The sixteen colours are the palette's first ones, which are all different. */
static inline uint32_t test_colour(unsigned index)
{
    unsigned rgb[3] = { index & 63, (index * 5 + 7) & 63, (63 - index) & 63 };
    uint32_t out = 0;
    for (unsigned i = 0; i < 3; i++) {
        out = out << 8 | rgb[i] << 2 | rgb[i] >> 4;
    }
    return out;
}

static inline void set_palette(Bench *b)
{
    outb(b, 0x3c8, 0);
    for (unsigned i = 0; i < 256; i++) {
        outb(b, 0x3c9, i & 63);
        outb(b, 0x3c9, (i * 5 + 7) & 63);
        outb(b, 0x3c9, (63 - i) & 63);
    }
    for (unsigned i = 0; i < 16; i++) {
        set_ar(b, (uint8_t)i, (uint8_t)i);
    }
    set_ar(b, 0x12, 0x0f);
}

/* columns of 8 dots (9 while seq[1] says so) and lines that are shown. */
static inline void set_size(Bench *b, unsigned columns, unsigned lines, unsigned offset)
{
    set_cr(b, 0x11, 0);
    set_cr(b, 0x01, (uint8_t)(columns - 1));
    set_cr(b, 0x12, (uint8_t)(lines - 1));
    set_cr(b, 0x07, (uint8_t)(((lines - 1) >> 8 & 1) << 1 | ((lines - 1) >> 9 & 1) << 6));
    set_cr(b, 0x13, (uint8_t)offset);
    set_cr(b, 0x17, 0xa3);
}

static inline uint32_t pixel_at(unsigned x, unsigned y)
{
    pixman_image_t *s = display_surface(display_at(displays, 0));
    g_assert_cmpuint(x, <, (unsigned)pixman_image_get_width(s));
    g_assert_cmpuint(y, <, (unsigned)pixman_image_get_height(s));
    return pixman_image_get_data(s)[y * (unsigned)pixman_image_get_stride(s) / 4 + x] & 0xffffff;
}

static inline void update(void)
{
    display_update_now(display_at(displays, 0));
}

static inline void check_size(unsigned width, unsigned height)
{
    g_assert_cmpuint(display_width(display_at(displays, 0)), ==, width);
    g_assert_cmpuint(display_height(display_at(displays, 0)), ==, height);
}

#endif
