/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CL-GD5446. The BitBLT engine is compared with one that goes pixel by pixel. */
#include "vga-bench.h"

#define MEMORY (1u << 20)

static Bench *cirrus_bench(bool big)
{
    return bench_card(big, "cirrus-vga,vgamem_mb=1");
}

static void set_hidden(Bench *b, uint8_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        inb(b, 0x3c6);
    }
    outb(b, 0x3c6, value);
}

/* ---- registers ---- */

static void test_registers(void)
{
    Bench *b = bench_card(true, "cirrus-vga");
    g_assert_cmphex(pci_config_read(card, 0, 4), ==, 0x00b81013);
    g_assert_cmphex(get_reg(b, 0x3d4, 0x27), ==, 0xb8);
    g_assert_cmphex(get_reg(b, 0x3c4, 0x0f) & 0x98, ==, 0x98);         /* 4 MiB */
    g_assert_cmphex(get_reg(b, 0x3c4, 0x06), ==, 0x12);
    set_seq(b, 0x09, 0x5a);
    set_seq(b, 0x06, 0x00);
    g_assert_cmphex(get_reg(b, 0x3c4, 0x06), ==, 0x0f);
    set_seq(b, 0x09, 0xff);                                            /* locked */
    set_gr(b, 0x34, 0xff);
    set_seq(b, 0x06, 0x12);
    g_assert_cmphex(get_reg(b, 0x3c4, 0x09), ==, 0x5a);
    g_assert_cmphex(get_reg(b, 0x3ce, 0x34), ==, 0x00);
    outb(b, 0x3c6, 0x7f);
    set_hidden(b, 0xc1);
    g_assert_cmphex(inb(b, 0x3c6), ==, 0x7f);
    inb(b, 0x3c8);                                                     /* starts the count anew */
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(inb(b, 0x3c6), ==, 0x7f);
    }
    g_assert_cmphex(inb(b, 0x3c6), ==, 0xc1);
    /* The same registers in BAR 1, and the engine's own addresses there. */
    phys_write(b, REGISTERS + 0x0e, 0x20, 1);
    phys_write(b, REGISTERS + 0x0f, 0x77, 1);
    g_assert_cmphex(phys_read(b, REGISTERS + 0x108, 1), ==, 0x77);
    phys_write(b, REGISTERS + 0x110, 0x33221100, 4);                   /* big endian: 0x33 comes first */
    g_assert_cmphex(get_reg(b, 0x3ce, 0x28), ==, 0x33);
    g_assert_cmphex(get_reg(b, 0x3ce, 0x2a), ==, 0x11);
    bench_card_free(b);
}

static void test_banks(void)
{
    Bench *b = cirrus_bench(false);
    set_seq(b, 7, 1);
    set_gr(b, 6, 5);
    set_gr(b, 9, 0x21);
    set_gr(b, 0x0a, 0x30);
    phys_write(b, WINDOW + 0x123, 0xab, 1);                            /* pieces of 4 KiB */
    g_assert_cmphex(phys_read(b, FRAME + 0x21123, 1), ==, 0xab);
    set_gr(b, 0x0b, 0x21);                                             /* of 16 KiB, two banks */
    phys_write(b, WINDOW + 0x7001, 0xcd, 1);
    phys_write(b, WINDOW + 0x9002, 0xef, 1);
    g_assert_cmphex(phys_read(b, FRAME + ((0x84000 + 0x7001) & (MEMORY - 1)), 1), ==, 0xcd);
    g_assert_cmphex(phys_read(b, FRAME + ((0xc0000 + 0x1002) & (MEMORY - 1)), 1), ==, 0xef);
    /* Write mode 5 by 8: bits become pixels in two colours, also in linear memory. */
    set_gr(b, 0x0b, 0x06);
    set_gr(b, 5, 5);
    set_gr(b, 0, 0x5b);
    set_gr(b, 1, 0xc3);
    phys_write(b, FRAME + 0x100, 0xa1, 1);
    set_gr(b, 0x0b, 0);
    g_assert_cmphex(phys_read(b, FRAME + 0x800, 4), ==, 0x5bc35bc3);
    g_assert_cmphex(phys_read(b, FRAME + 0x804, 4), ==, 0xc35b5b5b);
    bench_card_free(b);
}

/* ---- pictures ---- */

static void check_depth(Bench *b, uint8_t sr7, uint8_t hidden, unsigned bytes)
{
    unsigned pitch = 320 * bytes, start = 0x40004;
    set_seq(b, 7, sr7);
    set_hidden(b, hidden);
    set_size(b, 40, 200, pitch / 8 & 0xff);
    set_cr(b, 0x1b, (uint8_t)((pitch / 8 & 0x100) >> 4 | (start / 4 >> 16 & 1)));
    set_cr(b, 0x0c, (uint8_t)(start / 4 >> 8));
    set_cr(b, 0x0d, (uint8_t)(start / 4));
    for (unsigned i = 0; i < 200 * pitch; i += 4) {
        phys_write(b, FRAME + start + i, i * 2654435761u, 4);
    }
    update();
    check_size(320, 200);
    for (unsigned i = 0; i < 320 * 200; i += 3) {
        uint32_t v = 0;
        for (unsigned n = 0; n < bytes; n++) {
            v |= (uint32_t)phys_read(b, FRAME + start + i * bytes + n, 1) << 8 * n;
        }
        uint32_t r = v >> 11, g = v >> 5 & 63, five = v & 31;
        uint32_t wanted = bytes == 1 ? test_colour(v) : bytes > 2 ? v & 0xffffff
                        : (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 | (five << 3 | five >> 2);
        g_assert_cmphex(pixel_at(i % 320, i / 320), ==, wanted);
    }
}

static void test_depths(void)
{
    Bench *b = cirrus_bench(false);
    set_seq(b, 1, 1);
    set_gr(b, 6, 5);
    set_palette(b);
    screen_on(b);
    check_depth(b, 0xa1, 0x00, 1);
    check_depth(b, 0xa7, 0xc1, 2);
    check_depth(b, 0xa5, 0xc5, 3);
    check_depth(b, 0xa9, 0xc5, 4);
    bench_card_free(b);
}

static void move_cursor(Bench *b, unsigned x, unsigned y)
{
    set_seq(b, (uint8_t)(0x10 | (x & 7) << 5), (uint8_t)(x >> 3));
    set_seq(b, (uint8_t)(0x11 | (y & 7) << 5), (uint8_t)(y >> 3));
}

/* What somebody sees who looks at nothing but what is told, and how wide that was at most. */
static uint32_t seen[320 * 200];
static int widest;

static void on_changed(void *opaque, int x, int y, int width, int height)
{
    widest = MAX(widest, width);
    for (int i = 0; i < width * height; i++) {
        int column = x + i % width, row = y + i / width;
        seen[row * 320 + column] = pixel_at((unsigned)column, (unsigned)row);
    }
}

static void check_cursor(unsigned at_x, unsigned at_y, unsigned size, uint64_t plane0, uint64_t plane1)
{
    update();
    for (unsigned y = 0; y < 200; y++) {
        for (unsigned x = 0; x < 320; x++) {
            uint32_t wanted = test_colour(5);
            if (x >= at_x && x < at_x + size && y >= at_y && y < at_y + size) {
                unsigned n = size - 1 - (x - at_x), a = plane0 >> n & 1, c = plane1 >> n & 1;
                wanted = c ? (a ? 0xffffff : 0x410000) : a ? wanted ^ 0xffffff : wanted;
            }
            g_assert_cmphex(pixel_at(x, y), ==, wanted);
            g_assert_cmphex(seen[y * 320 + x], ==, wanted);
        }
    }
}

static void test_cursor(void)
{
    static const ViewerOps ops = { .changed = on_changed };
    const uint64_t plane0 = 0x5a5a0ff05a5a0ff0, plane1 = 0x00ffff00ff00ff00;
    Bench *b = cirrus_bench(false);
    set_seq(b, 1, 1);
    set_seq(b, 7, 1);
    set_gr(b, 6, 5);
    set_palette(b);
    set_size(b, 40, 200, 40);
    set_seq(b, 0x12, 2);
    outb(b, 0x3c8, 0);
    outb(b, 0x3c9, 16);
    outb(b, 0x3c9, 0);
    outb(b, 0x3c9, 0);
    outb(b, 0x3c8, 15);
    for (unsigned i = 0; i < 3; i++) {
        outb(b, 0x3c9, 63);
    }
    screen_on(b);
    for (unsigned i = 0; i < 320 * 200; i++) {
        phys_write(b, FRAME + i, 5, 1);
    }
    for (unsigned i = 0; i < 128; i++) {
        phys_write(b, FRAME + MEMORY - 0x4000 + 0x300 + i, plane0 >> (8 * (3 - i % 4)) & 0xff, 1);
        phys_write(b, FRAME + MEMORY - 0x4000 + 0x380 + i, plane1 >> (8 * (3 - i % 4)) & 0xff, 1);
    }
    Viewer *viewer = display_add_viewer(display_at(displays, 0), &ops, NULL);
    check_cursor(0, 0, 0, 0, 0);
    widest = 0;
    set_seq(b, 0x13, 3);
    set_seq(b, 0x12, 1);
    move_cursor(b, 101, 55);
    check_cursor(101, 55, 32, plane0 & 0xffffffff, plane1 & 0xffffffff);
    move_cursor(b, 303, 190);           /* cut off at the edges */
    check_cursor(303, 190, 32, plane0 & 0xffffffff, plane1 & 0xffffffff);
    for (unsigned i = 0; i < 1024; i++) {
        uint64_t plane = i % 16 < 8 ? plane0 : plane1;
        phys_write(b, FRAME + MEMORY - 0x4000 + i, plane >> (8 * (7 - i % 8)) & 0xff, 1);
    }
    set_seq(b, 0x13, 0);
    set_seq(b, 0x12, 5);
    move_cursor(b, 3, 9);
    check_cursor(3, 9, 64, plane0, plane1);
    set_seq(b, 0x12, 0);
    check_cursor(0, 0, 0, 0, 0);
    g_assert_cmpint(widest, <=, 64);
    display_remove_viewer(viewer);
    bench_card_free(b);
}

/* ---- block transfers ---- */

typedef struct {
    unsigned mode, ext, rop, skip, width, height, dst_pitch, src_pitch, dst, src, key;
    uint8_t fore[4], back[4];
} Blt;

static uint8_t model[MEMORY];

static unsigned depth_of(const Blt *t)
{
    return (t->mode >> 4 & 3) + 1;
}

static uint8_t *cell(unsigned at)
{
    return &model[at & (MEMORY - 1)];
}

/* The operations' names as the manual lists them, in the order of what they make of S = 0011, D = 0101. */
static const uint8_t rop_codes[16] = {
    0x00, 0x05, 0x09, 0x0d, 0x50, 0x06, 0x59, 0x6d, 0x90, 0x95, 0x0b, 0xad, 0xd0, 0xd6, 0xda, 0x0e,
};

static uint8_t rop_byte(unsigned rop, uint8_t s, uint8_t d)
{
    uint8_t out = 0;
    unsigned n = 0;
    while (rop_codes[n] != rop) {
        n++;
    }
    for (unsigned i = 0; i < 8; i++) {
        unsigned row = (s >> i & 1) * 2 + (d >> i & 1);
        out |= (uint8_t)((n >> (3 - row) & 1) << i);
    }
    return out;
}

/* One pixel of the source, or what it is expanded to; false: it is not drawn. from: what the CPU gives. */
static bool source_pixel(const Blt *t, unsigned x, unsigned y, const uint8_t *from, uint8_t out[4])
{
    unsigned depth = depth_of(t), pixels = (t->width + depth - 1) / depth;
    bool system = t->mode & 4, expand = t->mode & 0x80, transparent = t->mode & 8;
    bool invert = transparent && (t->ext & 2), set = true;
    if (expand && (t->ext & 4)) {
        memcpy(out, t->fore, 4);
        return true;
    }
    if (expand) {
        unsigned at, n = x % 8;
        if (t->mode & 0x40) {
            unsigned line = (y + t->src) % 8;
            at = system ? from[line] : *cell((t->src & ~7u) + line);
        } else {
            unsigned row = (pixels + 7) / 8;
            row = system && (t->ext & 1) ? (row + 3) & ~3u : row;
            at = system ? from[y * row + x / 8] : *cell(t->src + y * row + x / 8);
        }
        set = (at >> (7 - n) & 1) != invert;
        memcpy(out, set && !invert ? t->fore : t->back, 4);
        return set || !transparent;
    }
    for (unsigned i = 0; i < depth; i++) {
        if (t->mode & 0x40) {
            unsigned row = depth == 3 ? 32 : 8 * depth, at = (y + t->src) % 8 * row + x % 8 * depth + i;
            out[i] = system ? from[at] : *cell((t->src & ~(8 * row - 1)) + at);
        } else if (system) {
            out[i] = from[y * ((t->width + 3) & ~3u) + x * depth + i];
        } else {
            bool back = t->mode & 1;
            unsigned line = y * t->src_pitch, first = back ? t->src - line - (t->width - 1) : t->src + line;
            out[i] = *cell(first + x * depth + i);
        }
    }
    return true;
}

static void model_row(const Blt *t, unsigned y, const uint8_t *from)
{
    unsigned depth = depth_of(t), pixels = (t->width + depth - 1) / depth;
    bool back = (t->mode & 1) && !(t->mode & 0xc0);
    unsigned first = back ? t->dst - y * t->dst_pitch - (t->width - 1) : t->dst + y * t->dst_pitch;
    unsigned skip = !(t->mode & 0xc0) ? 0 : depth == 3 ? t->skip & 31 : (t->skip & 7) * depth;
    static uint8_t row[8196];
    static bool drawn[8196];
    for (unsigned x = 0; x < pixels; x++) {
        bool draw = source_pixel(t, x, y, from, row + x * depth);
        for (unsigned i = 0; i < depth; i++) {
            drawn[x * depth + i] = draw;
        }
    }
    for (unsigned x = 0; x < t->width; x++) {
        row[x] = rop_byte(t->rop, row[x], *cell(first + x));
    }
    for (unsigned x = 0; x < t->width; x += depth) {
        bool keyed = (t->mode & 8) && !(t->mode & 0x80) && depth <= 2;
        bool is_key = row[x] == (t->key & 0xff) &&
                      (depth == 1 || x + 1 >= t->width || row[x + 1] == t->key >> 8);
        for (unsigned i = 0; i < depth && x + i < t->width; i++) {
            if (drawn[x + i] && !(keyed && is_key) && x + i >= skip) {
                *cell(first + x + i) = row[x + i];
            }
        }
    }
}

static void set_engine(Bench *b, const Blt *t)
{
    static const uint8_t colour[4] = { 0x00, 0x10, 0x12, 0x14 };
    for (unsigned i = 0; i < 4; i++) {
        set_gr(b, colour[i], t->back[i]);
        set_gr(b, colour[i] + 1, t->fore[i]);
    }
    const struct { uint8_t at, bytes; unsigned value; } regs[] = {
        { 0x20, 2, t->width - 1 }, { 0x22, 2, t->height - 1 }, { 0x24, 2, t->dst_pitch },
        { 0x26, 2, t->src_pitch }, { 0x2c, 3, t->src }, { 0x2f, 1, t->skip }, { 0x30, 1, t->mode },
        { 0x32, 1, t->rop }, { 0x33, 1, t->ext }, { 0x34, 2, t->key }, { 0x28, 3, t->dst },
    };
    for (unsigned n = 0; n < G_N_ELEMENTS(regs); n++) {
        for (unsigned i = 0; i < regs[n].bytes; i++) {
            set_gr(b, (uint8_t)(regs[n].at + i), (uint8_t)(regs[n].value >> 8 * i));
        }
    }
}

static unsigned system_bytes(const Blt *t)
{
    unsigned depth = depth_of(t), bits = ((t->width + depth - 1) / depth + 7) / 8;
    if (t->mode & 0x40) {
        return t->mode & 0x80 ? 8 : depth == 3 ? 256 : 64 * depth;
    }
    return t->height * (t->mode & 0x80 ? (t->ext & 1 ? (bits + 3) & ~3u : bits) : (t->width + 3) & ~3u);
}

static unsigned busy(Bench *b)
{
    return get_reg(b, 0x3ce, 0x31) & 0x0b;
}

static void compare(Bench *b)
{
    uint8_t *memory = g_malloc(MEMORY);
    as_read_buf(b->m->as, FRAME, memory, MEMORY);
    for (unsigned i = 0; i < MEMORY; i++) {
        if (memory[i] != model[i]) {
            g_test_message("at 0x%x", i);
            g_assert_cmphex(memory[i], ==, model[i]);
        }
    }
    g_free(memory);
}

static void run(Bench *b, const Blt *t, GRand *rand)
{
    bool system = (t->mode & 4) && !((t->mode & 0x80) && (t->ext & 4));
    unsigned bytes = system_bytes(t);
    uint8_t *from = g_malloc0(bytes + 8);
    bool automatic = g_rand_boolean(rand);
    set_gr(b, 0x31, automatic ? 0x80 : 0x00);
    for (unsigned i = 0; i < bytes; i++) {
        from[i] = (uint8_t)g_rand_int(rand);
    }
    set_engine(b, t);
    if (!automatic) {
        set_gr(b, 0x31, 0x02);
    }
    g_assert_cmphex(busy(b) != 0, ==, system);
    if (system) {
        unsigned where = g_rand_boolean(rand) ? 0 : 0x1000000;
        as_write_buf(b->m->as, FRAME + where, from, bytes - 1);
        g_assert_cmphex(busy(b), !=, 0);
        if (g_rand_int_range(rand, 0, 16) == 0) {
            check_round_trip(&card->dev);
        }
        as_write_buf(b->m->as, FRAME + where + bytes - 1, from + bytes - 1, 1);
        g_assert_cmphex(busy(b), ==, 0);
    }
    for (unsigned y = 0; y < t->height; y++) {
        model_row(t, y, from);
    }
    g_free(from);
}

static void test_transfers(void)
{
    Bench *b = cirrus_bench(false);
    GRand *rand = g_rand_new_with_seed(46);
    for (unsigned i = 0; i < MEMORY; i += 4) {
        store_le(model + i, 4, g_rand_int(rand));
    }
    as_write_buf(b->m->as, FRAME, model, MEMORY);
    for (unsigned n = 0; n < 1500; n++) {
        static const uint8_t sources[] = { 0x00, 0x00, 0x01, 0x04, 0x40, 0x44, 0x80, 0x84, 0xc0, 0xc4 };
        bool large = n % 100 == 0;
        Blt t = {
            .mode = sources[g_rand_int(rand) % sizeof(sources)] | (g_rand_int(rand) & 0x38),
            .ext = g_rand_int(rand) & (n % 4 ? 0x03 : 0x07), .rop = rop_codes[g_rand_int(rand) & 15],
            .skip = g_rand_int(rand) & 31, .key = g_rand_int(rand) & 0x0101,
            .width = g_rand_int(rand) % (large ? 8192 : 200) + 1,
            .height = g_rand_int(rand) % (large ? 60 : 20) + 1,
            .dst_pitch = g_rand_int(rand) & 0x1fff, .src_pitch = g_rand_int(rand) & 0x1fff,
            .dst = g_rand_int(rand) & 0x3fffff, .src = g_rand_int(rand) & 0x3fffff,
        };
        for (unsigned i = 0; i < 4; i++) {
            t.fore[i] = (uint8_t)g_rand_int(rand);
            t.back[i] = (uint8_t)g_rand_int(rand);
        }
        run(b, &t, rand);
        if (n % 50 == 0) {
            compare(b);
        }
    }
    compare(b);
    g_rand_free(rand);
    bench_card_free(b);
}

/* What the CPU reads of a transfer to it: rows in steps of four bytes. */
static void test_to_system(void)
{
    Bench *b = cirrus_bench(false);
    Blt t = { .mode = 0x02, .rop = 0x0d, .width = 21, .height = 3, .src_pitch = 100, .src = 5000 };
    uint8_t got[24];
    for (unsigned i = 0; i < 1000; i++) {
        phys_write(b, FRAME + 5000 + i, i & 0xff, 1);
    }
    set_gr(b, 0x31, 0);
    set_engine(b, &t);
    set_gr(b, 0x31, 2);
    for (unsigned y = 0; y < 3; y++) {
        g_assert_cmphex(busy(b), !=, 0);
        as_read_buf(b->m->as, FRAME + 0x1000000, got, sizeof(got));
        for (unsigned x = 0; x < 24; x++) {
            g_assert_cmpuint(got[x], ==, x < 21 ? 100 * y + x : 0);
        }
        check_round_trip(&card->dev);
    }
    g_assert_cmphex(busy(b), ==, 0);
    bench_card_free(b);
}

/* A reset ends what waits for the CPU; what the manual rules out ends at once. */
static void test_reset_and_refused(void)
{
    Bench *b = cirrus_bench(false);
    Blt t = { .mode = 0x04, .rop = 0x0d, .width = 8, .height = 2, .dst = 64, .dst_pitch = 8 };
    set_gr(b, 0x31, 0);
    set_engine(b, &t);
    set_gr(b, 0x31, 2);
    g_assert_cmphex(busy(b), !=, 0);
    set_gr(b, 0x31, 4);
    g_assert_cmphex(busy(b), ==, 0);
    set_gr(b, 0x31, 0);
    phys_write(b, FRAME + 64, 0x12, 1);
    g_assert_cmphex(phys_read(b, FRAME + 64, 1), ==, 0x12);
    t.mode = 0x06;
    set_engine(b, &t);
    set_gr(b, 0x31, 2);
    g_assert_cmphex(busy(b), ==, 0);
    bench_card_free(b);
}

/* The first transfer with the CPU takes the linear window away from it; much plain access gives it back. */
static void test_direct(void)
{
    Bench *b = cirrus_bench(false);
    Blt t = { .mode = 0x84, .rop = 0x0d, .width = 8, .height = 1, .dst = 64 };
    g_assert_nonnull(as_span(b->m->as, FRAME).host);
    set_gr(b, 0x31, 0);
    set_engine(b, &t);
    set_gr(b, 0x31, 2);
    g_assert_null(as_span(b->m->as, FRAME).host);
    for (unsigned i = 0; i < 8192; i++) {
        phys_write(b, FRAME + 4 * i, i, 4);
    }
    g_assert_nonnull(as_span(b->m->as, FRAME).host);
    g_assert_cmphex(phys_read(b, FRAME + 4000, 4), ==, 1000);
    bench_card_free(b);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cirrus/registers", test_registers);
    g_test_add_func("/cirrus/banks", test_banks);
    g_test_add_func("/cirrus/depths", test_depths);
    g_test_add_func("/cirrus/cursor", test_cursor);
    g_test_add_func("/cirrus/transfers", test_transfers);
    g_test_add_func("/cirrus/to-system", test_to_system);
    g_test_add_func("/cirrus/reset-and-refused", test_reset_and_refused);
    g_test_add_func("/cirrus/direct", test_direct);
    return g_test_run();
}
