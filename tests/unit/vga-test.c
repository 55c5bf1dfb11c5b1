/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VGA and its card with the Bochs interface. */
#include "vga-bench.h"

static GString *told;

static void changed(void *opaque, int x, int y, int width, int height)
{
    g_string_append_printf(told, "%d,%d %dx%d;", x, y, width, height);
}

static const ViewerOps told_ops = { .changed = changed };

/* ---- registers ---- */

static void test_registers(void)
{
    for (int big = 0; big < 2; big++) {
        Bench *b = bench_card(big, "VGA,vgamem_mb=1");
        g_assert_cmphex(pci_config_read(card, 0, 4), ==, 0x11111234);
        g_assert_cmphex(pci_config_read(card, 8, 4) >> 8, ==, 0x030000);
        pci_config_write(card, PCI_BAR0, 0xffffffff, 4);
        g_assert_cmphex(pci_config_read(card, PCI_BAR0, 4), ==, 0xfff00008);
        /* After a reset the CRT controller is at 0x3b4. */
        set_cr(b, 0x0c, 0x12);
        outb(b, 0x3c2, 1);
        g_assert_cmphex(inb(b, 0x3cc), ==, 1);
        g_assert_cmphex(get_reg(b, 0x3d4, 0x0c), ==, 0);
        set_cr(b, 0x0c, 0x12);
        g_assert_cmphex(get_reg(b, 0x3d4, 0x0c), ==, 0x12);
        g_assert_cmphex(inb(b, 0x3b5), ==, 0xff);
        /* CR11 protects CR0 to CR7, but for bit 4 of CR7. */
        set_cr(b, 0x00, 0x55);
        set_cr(b, 0x11, 0x80);
        set_cr(b, 0x00, 0xaa);
        set_cr(b, 0x07, 0xff);
        g_assert_cmphex(get_reg(b, 0x3d4, 0x00), ==, 0x55);
        g_assert_cmphex(get_reg(b, 0x3d4, 0x07), ==, 0x10);
        set_gr(b, 0x08, 0xff);
        set_gr(b, 0x00, 0xff);
        g_assert_cmphex(get_reg(b, 0x3ce, 0x00), ==, 0x0f);
        g_assert_cmphex(get_reg(b, 0x3ce, 0x09), ==, 0xff);
        /* An index and its data in one access of two bytes, as the bus orders them. */
        phys_write(b, PCI_IO_BASE + 0x3c4, big ? 0x020c : 0x0c02, 2);
        g_assert_cmphex(get_reg(b, 0x3c4, 2), ==, 0x0c);
        bench_card_free(b);
    }
}

static void test_attributes_and_dac(void)
{
    Bench *b = bench_card(false, "VGA,vgamem_mb=1");
    outb(b, 0x3c2, 1);
    set_ar(b, 0x05, 0x7f);
    set_ar(b, 0x25, 0x01);              /* the screen has the palette: not written */
    inb(b, 0x3da);
    outb(b, 0x3c0, 0x05);
    g_assert_cmphex(inb(b, 0x3c1), ==, 0x3f);
    set_palette(b);
    outb(b, 0x3c7, 3);
    g_assert_cmphex(inb(b, 0x3c7), ==, 3);
    for (unsigned i = 3; i < 6; i++) {
        g_assert_cmpuint(inb(b, 0x3c9), ==, i);
        g_assert_cmpuint(inb(b, 0x3c9), ==, i * 5 + 7);
        g_assert_cmpuint(inb(b, 0x3c9), ==, 63 - i);
    }
    bench_card_free(b);
}

/* Software waits for both edges of both bits. */
static void test_retrace(void)
{
    Bench *b = bench_card(false, "VGA,vgamem_mb=1");
    unsigned seen[16] = { 0 };
    outb(b, 0x3c2, 1);
    for (unsigned i = 0; i < 20000; i++) {
        bench_step(b->m, 1000);
        seen[inb(b, 0x3da) & 9]++;
    }
    g_assert_cmpuint(seen[0], >, 10000);
    g_assert_cmpuint(seen[1], >, 1000);
    g_assert_cmpuint(seen[8], ==, 0);
    g_assert_cmpuint(seen[9], >, 30);
    bench_card_free(b);
}

/* ---- planes ---- */

/* The graphics controller bit by bit, as the manual tells it. */
typedef struct {
    uint8_t gr[9], planes, latch[4];
    uint8_t memory[4][0x10000];
} Model;

static bool bit(unsigned value, unsigned n)
{
    return value >> n & 1;
}

static bool model_bit(const Model *m, uint8_t value, unsigned plane, unsigned n)
{
    bool latch = bit(m->latch[plane], n), rotated = bit(value, (n + (m->gr[3] & 7)) % 8);
    bool set = bit(m->gr[0], plane), masked = bit(m->gr[8], n), data;
    switch (m->gr[5] & 3) {
    case 0:
        data = bit(m->gr[1], plane) ? set : rotated;
        break;
    case 1:
        return latch;
    case 2:
        data = bit(value, plane);
        break;
    default:
        data = set;
        masked = masked && rotated;
        break;
    }
    switch (m->gr[3] >> 3) {
    case 1:
        data = data && latch;
        break;
    case 2:
        data = data || latch;
        break;
    case 3:
        data = data != latch;
        break;
    default:
        break;
    }
    return masked ? data : latch;
}

static void model_write(Model *m, unsigned at, uint8_t value)
{
    for (unsigned p = 0; p < 4; p++) {
        uint8_t byte = 0;
        for (unsigned n = 0; n < 8; n++) {
            byte |= (uint8_t)(model_bit(m, value, p, n) << n);
        }
        if (bit(m->planes, p)) {
            m->memory[p][at] = byte;
        }
    }
}

static uint8_t model_read(Model *m, unsigned at)
{
    uint8_t out = 0;
    for (unsigned p = 0; p < 4; p++) {
        m->latch[p] = m->memory[p][at];
    }
    if (!(m->gr[5] & 8)) {
        return m->latch[m->gr[4]];
    }
    for (unsigned n = 0; n < 8; n++) {
        bool same = true;
        for (unsigned p = 0; p < 4; p++) {
            same = same && (!bit(m->gr[7], p) || bit(m->latch[p], n) == bit(m->gr[2], p));
        }
        out |= (uint8_t)(same << n);
    }
    return out;
}

static void model_set(Bench *b, Model *m, unsigned index, unsigned value)
{
    static const uint8_t bits[9] = { 15, 15, 15, 0x1f, 3, 0x0b, 0, 15, 255 };
    m->gr[index] = (uint8_t)value & bits[index];
    set_gr(b, (uint8_t)index, m->gr[index]);
}

static void check_planes(bool big)
{
    Bench *b = bench_card(big, "VGA,vgamem_mb=1");
    Model *m = g_new0(Model, 1);
    GRand *rand = g_rand_new_with_seed(7);
    set_seq(b, 4, 0x06);
    set_gr(b, 6, 0x05);
    for (unsigned i = 0; i < 30000; i++) {
        unsigned at = (unsigned)g_rand_int(rand) & 0xff, what = (unsigned)g_rand_int_range(rand, 0, 4);
        if (what == 0) {
            unsigned index = (unsigned)g_rand_int_range(rand, 0, 9);
            model_set(b, m, index == 6 ? 5 : index, g_rand_int(rand));
        } else if (what == 1) {
            m->planes = g_rand_int(rand) & 15;
            set_seq(b, 2, m->planes);
        } else if (what == 2) {
            g_assert_cmphex(phys_read(b, WINDOW + at, 1), ==, model_read(m, at));
        } else {
            uint8_t value = (uint8_t)g_rand_int(rand);
            phys_write(b, WINDOW + at, value, 1);
            model_write(m, at, value);
        }
    }
    for (unsigned at = 0; at < 0x100; at++) {
        for (unsigned p = 0; p < 4; p++) {
            g_assert_cmphex(phys_read(b, FRAME + at * 4 + p, 1), ==, m->memory[p][at]);
        }
    }
    g_rand_free(rand);
    g_free(m);
    bench_card_free(b);
}

static void test_planes(void)
{
    check_planes(false);
    check_planes(true);
}

static void test_chains(void)
{
    Bench *b = bench_card(false, "VGA,vgamem_mb=1");
    set_gr(b, 8, 0xff);
    set_seq(b, 2, 15);
    set_seq(b, 4, 0x0e);                /* chain 4 */
    set_gr(b, 6, 0x05);
    phys_write(b, WINDOW + 0x1234, 0x44332211, 4);
    g_assert_cmphex(phys_read(b, FRAME + 0x1234, 4), ==, 0x44332211);
    g_assert_cmphex(phys_read(b, WINDOW + 0x1235, 1), ==, 0x22);
    set_seq(b, 2, 0x05);                /* planes 0 and 2 alone */
    phys_write(b, WINDOW + 0x1234, 0xddccbbaa, 4);
    g_assert_cmphex(phys_read(b, FRAME + 0x1234, 4), ==, 0x44cc22aa);
    set_seq(b, 2, 3);
    set_seq(b, 4, 0x02);                /* odd and even */
    set_gr(b, 5, 0x10);
    set_gr(b, 6, 0x0e);
    phys_write(b, WINDOW + 0x18000, 0x4142, 2);
    g_assert_cmphex(phys_read(b, FRAME, 1), ==, 0x42);
    g_assert_cmphex(phys_read(b, FRAME + 1, 1), ==, 0x41);
    g_assert_cmphex(phys_read(b, WINDOW + 0x18000, 2), ==, 0x4142);
    g_assert_cmphex(phys_read(b, WINDOW, 1), ==, 0xff);         /* not decoded */
    bench_card_free(b);
}

/* ---- text ---- */

#define COLUMNS 40
#define ROWS    10
#define LINES   16

static uint8_t font_byte(unsigned character, unsigned line)
{
    return (uint8_t)(character * 37 + line * 91 + (character >> line % 5));
}

static void load_font(Bench *b, unsigned base, uint8_t flip)
{
    set_seq(b, 4, 0x06);
    set_seq(b, 2, 0x04);
    set_gr(b, 5, 0);
    set_gr(b, 6, 0x05);
    for (unsigned c = 0; c < 256; c++) {
        for (unsigned line = 0; line < LINES; line++) {
            phys_write(b, WINDOW + base + c * 32 + line, font_byte(c, line) ^ flip, 1);
        }
    }
    set_seq(b, 2, 0x03);
    set_seq(b, 4, 0x02);
    set_gr(b, 5, 0x10);
    set_gr(b, 6, 0x0e);
}

static Bench *text_bench(bool nine)
{
    Bench *b = bench_card(false, "VGA,vgamem_mb=1");
    outb(b, 0x3c2, 1);
    set_seq(b, 1, nine ? 0 : 1);
    set_gr(b, 8, 0xff);
    set_size(b, COLUMNS, ROWS * LINES, COLUMNS / 2);
    set_cr(b, 0x09, LINES - 1);
    set_cr(b, 0x0a, 13);
    set_cr(b, 0x0b, 14);
    set_palette(b);
    load_font(b, 0, 0);
    load_font(b, 0x4000, 0xff);
    set_seq(b, 3, 0x04);                /* bit 3 of an attribute chooses the second */
    set_ar(b, 0x10, 0x0c);
    screen_on(b);
    return b;
}

static void put_cell(Bench *b, unsigned n, uint16_t cell)
{
    phys_write(b, WINDOW + 0x18000 + 2 * n, cell, 2);
}

static uint32_t text_dot(uint16_t cell, unsigned x, unsigned y, bool cursor, bool hidden)
{
    unsigned c = cell & 0xff, attribute = cell >> 8;
    uint8_t bits = font_byte(c, y) ^ (attribute & 8 ? 0xff : 0);
    bool on = x < 8 ? bit(bits, 7 - x) : c >= 0xc0 && c < 0xe0 && bit(bits, 0);
    on = (on && !hidden) || (cursor && y >= 13 && y <= 14);
    return test_colour(on ? attribute & 15 : attribute >> 4 & 7);
}

static void check_text(const uint16_t *cells, unsigned width, unsigned cursor, bool hidden)
{
    update();
    check_size(COLUMNS * width, ROWS * LINES);
    for (unsigned y = 0; y < ROWS * LINES; y++) {
        for (unsigned x = 0; x < COLUMNS * width; x++) {
            unsigned n = y / LINES * COLUMNS + x / width;
            uint32_t wanted = text_dot(cells[n], x % width, y % LINES, n == cursor,
                                       hidden && (cells[n] & 0x8000));
            g_assert_cmphex(pixel_at(x, y), ==, wanted);
        }
    }
}

static void check_text_width(bool nine)
{
    Bench *b = text_bench(nine);
    uint16_t cells[COLUMNS * ROWS];
    unsigned width = nine ? 9 : 8;
    for (unsigned n = 0; n < G_N_ELEMENTS(cells); n++) {
        cells[n] = (uint16_t)(n * 2411 + 17);
        put_cell(b, n, cells[n]);
    }
    set_cr(b, 0x0f, 43);
    check_text(cells, width, 43, false);
    cells[99] = 0x1fc1;                 /* one cell, the cursor elsewhere */
    put_cell(b, 99, cells[99]);
    set_cr(b, 0x0f, 101);
    check_text(cells, width, 101, false);
    bench_step(b->m, 140 * 1000000);    /* it blinks, */
    check_text(cells, width, COLUMNS * ROWS, false);
    bench_step(b->m, 140 * 1000000);    /* characters half as often */
    check_text(cells, width, 101, true);
    set_cr(b, 0x0a, 0x20);
    bench_step(b->m, 270 * 1000000);
    check_text(cells, width, COLUMNS * ROWS, false);
    load_font(b, 0x4000, 0);            /* the cells are as they were, the font is not */
    set_seq(b, 3, 0);
    for (unsigned n = 0; n < G_N_ELEMENTS(cells); n++) {
        cells[n] &= 0xf7ff;
        put_cell(b, n, cells[n]);
    }
    check_text(cells, width, COLUMNS * ROWS, false);
    bench_card_free(b);
}

static void test_text(void)
{
    check_text_width(false);
    check_text_width(true);
}

/* ---- graphics ---- */

static void test_planar_picture(void)
{
    Bench *b = bench_card(false, "VGA,vgamem_mb=1");
    outb(b, 0x3c2, 1);
    set_seq(b, 1, 1);
    set_seq(b, 4, 6);
    set_gr(b, 6, 5);
    set_size(b, 80, 480, 40);
    set_palette(b);
    set_ar(b, 0x10, 1);
    screen_on(b);
    for (unsigned i = 0; i < 80 * 480 * 4; i += 4) {
        phys_write(b, FRAME + i, i * 2654435761u, 4);
    }
    update();
    check_size(640, 480);
    for (unsigned i = 0; i < 640 * 480; i += 13) {
        uint32_t word = (uint32_t)phys_read(b, FRAME + i / 8 * 4, 4);
        unsigned index = 0;
        for (unsigned p = 0; p < 4; p++) {
            index |= (word >> (8 * p + 7 - i % 8) & 1) << p;
        }
        g_assert_cmphex(pixel_at(i % 640, i / 640), ==, test_colour(index));
    }
    set_seq(b, 1, 0x21);                /* off */
    update();
    check_size(640, 480);
    g_assert_cmphex(pixel_at(8, 8), ==, 0);
    bench_card_free(b);
}

/* 320 by 200 in 256 colours, which the screen shows as 640 by 400. */
static void test_mode_13h(void)
{
    Bench *b = bench_card(false, "VGA,vgamem_mb=1");
    outb(b, 0x3c2, 1);
    set_seq(b, 1, 1);
    set_seq(b, 2, 15);
    set_seq(b, 4, 0x0e);
    set_gr(b, 5, 0x40);
    set_gr(b, 6, 5);
    set_gr(b, 8, 0xff);
    set_size(b, 80, 400, 40);
    set_cr(b, 9, 0x41);
    set_palette(b);
    screen_on(b);
    for (unsigned i = 0; i < 320 * 200; i += 4) {
        phys_write(b, WINDOW + i, i * 2654435761u, 4);
    }
    update();
    check_size(640, 400);
    for (unsigned i = 0; i < 640 * 400; i += 7) {
        unsigned x = i % 640, y = i / 640;
        uint8_t value = (uint8_t)phys_read(b, WINDOW + y / 2 * 320 + x / 2, 1);
        g_assert_cmphex(pixel_at(x, y), ==, test_colour(value));
    }
    told = g_string_new(NULL);
    Viewer *viewer = display_add_viewer(display_at(displays, 0), &told_ops, NULL);
    update();
    g_assert_cmpstr(told->str, ==, "0,0 640x400;");
    g_string_truncate(told, 0);
    phys_write(b, WINDOW + 100 * 320 + 7, phys_read(b, WINDOW + 100 * 320 + 7, 1) ^ 1, 1);
    update();
    g_assert_cmpstr(told->str, ==, "14,200 2x2;");
    display_remove_viewer(viewer);
    g_string_free(told, TRUE);
    bench_card_free(b);
}

/* ---- dispi ---- */

static void dispi(Bench *b, unsigned index, unsigned value)
{
    phys_write(b, REGISTERS + 0x500 + 2 * index, b->m->big_endian ? GUINT16_SWAP_LE_BE(value) : value, 2);
}

static unsigned get_dispi(Bench *b, unsigned index)
{
    unsigned v = (unsigned)phys_read(b, REGISTERS + 0x500 + 2 * index, 2);
    return b->m->big_endian ? GUINT16_SWAP_LE_BE(v) : v;
}

static void set_dispi(Bench *b, unsigned width, unsigned height, unsigned depth, unsigned flags)
{
    dispi(b, 4, 0);
    dispi(b, 1, width);
    dispi(b, 2, height);
    dispi(b, 3, depth);
    dispi(b, 4, flags);
}

static uint32_t scale(uint32_t value, unsigned bits)
{
    return (value << 8 | value << (8 - bits)) >> bits & 0xff;
}

static uint32_t wanted_pixel(const uint8_t *p, unsigned depth, bool big)
{
    unsigned bytes = (depth + 7) / 8;
    uint32_t v = (uint32_t)(big ? load_be(p, bytes) : load_le(p, bytes));
    switch (depth) {
    case 8:
        return test_colour(v);
    case 15:
        return scale(v >> 10 & 31, 5) << 16 | scale(v >> 5 & 31, 5) << 8 | scale(v & 31, 5);
    case 16:
        return scale(v >> 11, 5) << 16 | scale(v >> 5 & 63, 6) << 8 | scale(v & 31, 5);
    default:
        return v & 0xffffff;
    }
}

static void check_picture(Bench *b, unsigned depth, bool big, unsigned pitch, unsigned start)
{
    unsigned width = display_width(display_at(displays, 0)), height = display_height(display_at(displays, 0));
    uint8_t *memory = g_malloc(1 << 20);
    as_read_buf(b->m->as, FRAME, memory, 1 << 20);
    for (unsigned i = 0; i < width * height; i += 11) {
        unsigned x = i % width, y = i / width, at = start + y * pitch + x * ((depth + 7) / 8);
        g_assert_cmphex(pixel_at(x, y), ==, wanted_pixel(memory + at, depth, big));
    }
    g_free(memory);
}

static void check_dispi(bool big)
{
    static const uint8_t depths[] = { 8, 15, 16, 24, 32 };
    Bench *b = bench_card(big, "VGA,vgamem_mb=1");
    outb(b, 0x3c2, 1);
    set_palette(b);
    g_assert_cmphex(get_dispi(b, 0), ==, 0xb0c5);
    g_assert_cmphex(get_dispi(b, 10), ==, 16);
    phys_write(b, PCI_IO_BASE + 0x1ce, big ? 0x0a00 : 0x000a, 2);
    g_assert_cmphex(phys_read(b, PCI_IO_BASE + 0x1d0, 2), ==, big ? 0x1000 : 0x0010);
    for (unsigned n = 0; n < G_N_ELEMENTS(depths); n++) {
        unsigned bytes = (depths[n] + 7u) / 8, pitch = 400 * bytes;
        phys_write(b, FRAME, 1, 1);
        set_dispi(b, 320, 200, depths[n], 0x41);
        g_assert_cmphex(phys_read(b, FRAME, 1), ==, 0);         /* cleared */
        g_assert_cmpuint(get_dispi(b, 6), ==, 320);
        dispi(b, 6, 400);
        g_assert_cmpuint(get_dispi(b, 7), ==, (1 << 20) / pitch);
        dispi(b, 8, 5);
        dispi(b, 9, 7);
        screen_on(b);
        for (unsigned i = 0; i < 250 * pitch; i += 4) {
            phys_write(b, FRAME + i, i * 2654435761u, 4);
        }
        update();
        check_size(320, 200);
        check_picture(b, depths[n], big, pitch, 7 * pitch + 5 * bytes);
        phys_write(b, REGISTERS + 0x604, big ? 0x1e1e1e1e : 0xbebebebe, 4);
        update();
        check_picture(b, depths[n], !big, pitch, 7 * pitch + 5 * bytes);
        phys_write(b, REGISTERS + 0x604, big ? 0xbebebebe : 0x1e1e1e1e, 4);
    }
    bench_card_free(b);
}

static void test_dispi(void)
{
    check_dispi(false);
    check_dispi(true);
}

/* What does not fit is not shown; nothing of it reads beyond video memory. */
static void test_dispi_bad(void)
{
    static const uint16_t bad[][3] = {
        { 0, 100, 32 }, { 100, 0, 32 }, { 1024, 768, 32 }, { 65535, 65535, 32 }, { 640, 480, 4 },
        { 9000, 10, 8 }, { 640, 480, 200 },
    };
    Bench *b = bench_card(false, "VGA,vgamem_mb=1");
    screen_on(b);
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        set_dispi(b, bad[i][0], bad[i][1], bad[i][2], 0x41);
        g_assert_cmphex(get_dispi(b, 4) & 1, ==, 0);
        update();
    }
    set_dispi(b, 640, 400, 32, 0x41);
    dispi(b, 6, 700);                   /* too wide for the height */
    g_assert_cmpuint(get_dispi(b, 6), ==, 640);
    dispi(b, 8, 65535);
    dispi(b, 9, 65535);
    update();
    bench_card_free(b);
}

/* Only what has changed is told. */
static void test_changes(void)
{
    Bench *b = bench_card(false, "VGA,vgamem_mb=4");
    told = g_string_new(NULL);
    set_dispi(b, 1024, 768, 32, 0x41);
    screen_on(b);
    Viewer *viewer = display_add_viewer(display_at(displays, 0), &told_ops, NULL);
    update();
    g_assert_cmpstr(told->str, ==, "0,0 1024x768;");
    g_string_truncate(told, 0);
    update();
    g_assert_cmpstr(told->str, ==, "");
    phys_write(b, FRAME + 100 * 4096 + 8, 0xffffff, 4);
    phys_write(b, FRAME + 103 * 4096, 0xffffff, 4);
    phys_write(b, FRAME + 900 * 4096, 0xffffff, 4);             /* below the screen */
    update();
    g_assert_cmpstr(told->str, ==, "2,100 1x1;0,103 1x1;");
    g_assert_cmphex(pixel_at(2, 100), ==, 0xffffff);
    /* What is written as it was is no change. Lines one below the other are told together. */
    g_string_truncate(told, 0);
    phys_write(b, FRAME + 103 * 4096, 0xffffff, 4);
    for (unsigned y = 200; y < 216; y++) {
        phys_write(b, FRAME + y * 4096 + 4 * (500 + y % 2), y, 4);
        phys_write(b, FRAME + y * 4096 + 4 * (700 - y % 3), y, 4);
    }
    phys_write(b, FRAME + 767 * 4096 + 4 * 1023, 0xff, 4);
    update();
    g_assert_cmpstr(told->str, ==, "500,200 201x16;1023,767 1x1;");
    g_assert_cmphex(pixel_at(700, 201), ==, 201);
    display_remove_viewer(viewer);
    g_string_free(told, TRUE);
    bench_card_free(b);
}

/* Whatever is written, what is told and what was before make the picture. */
static void copy(void *opaque, int x, int y, int width, int height)
{
    for (int row = y; row < y + height; row++) {
        for (int column = x; column < x + width; column++) {
            ((uint32_t *)opaque)[row * 640 + column] = pixel_at((unsigned)column, (unsigned)row);
        }
    }
}

static void test_parts(void)
{
    static const ViewerOps ops = { .changed = copy };
    g_autofree uint32_t *seen = g_new0(uint32_t, 640 * 480);
    Bench *b = bench_card(false, "VGA,vgamem_mb=4");
    GRand *rand = g_rand_new_with_seed(7);
    set_palette(b);
    screen_on(b);
    for (unsigned depth = 8; depth <= 32; depth *= 2) {
        set_dispi(b, 640, 480, depth, 0x41);
        Viewer *viewer = display_add_viewer(display_at(displays, 0), &ops, seen);
        for (unsigned round = 0; round < 30; round++) {
            for (unsigned n = g_rand_int_range(rand, 0, 20); n; n--) {
                uint32_t at = (uint32_t)g_rand_int_range(rand, 0, 640 * 480 * (gint32)depth / 8);
                for (unsigned i = g_rand_int_range(rand, 1, 300); i; i--) {
                    phys_write(b, FRAME + at + i, g_rand_int_range(rand, 0, 3), 1);
                }
            }
            update();
            for (unsigned i = 0; i < 640 * 480; i++) {
                g_assert_cmphex(seen[i], ==, pixel_at(i % 640, i / 640));
            }
        }
        display_remove_viewer(viewer);
    }
    g_rand_free(rand);
    bench_card_free(b);
}

static void test_edid(void)
{
    Bench *b = bench_card(false, "VGA,vgamem_mb=16,xres=1920,yres=1080");
    uint8_t block[128], sum = 0;
    as_read_buf(b->m->as, REGISTERS, block, sizeof(block));
    g_assert_cmphex(load_be(block, 8), ==, 0x00ffffffffffff00);
    for (unsigned i = 0; i < 128; i++) {
        sum = (uint8_t)(sum + block[i]);
    }
    g_assert_cmpuint(sum, ==, 0);
    g_assert_cmpuint(block[56] | (block[58] & 0xf0u) << 4, ==, 1920);
    g_assert_cmpuint(block[59] | (block[61] & 0xf0u) << 4, ==, 1080);
    bench_card_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vga/registers", test_registers);
    g_test_add_func("/vga/attributes-and-dac", test_attributes_and_dac);
    g_test_add_func("/vga/retrace", test_retrace);
    g_test_add_func("/vga/planes", test_planes);
    g_test_add_func("/vga/chains", test_chains);
    g_test_add_func("/vga/text", test_text);
    g_test_add_func("/vga/planar-picture", test_planar_picture);
    g_test_add_func("/vga/mode-13h", test_mode_13h);
    g_test_add_func("/vga/dispi", test_dispi);
    g_test_add_func("/vga/dispi-bad", test_dispi_bad);
    g_test_add_func("/vga/changes", test_changes);
    g_test_add_func("/vga/parts", test_parts);
    g_test_add_func("/vga/edid", test_edid);
    return g_test_run();
}
