/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-gpu-pci: VIRTIO 1.1, section 5.7. What is shown is read from pictures by the monitor. */
#include "virtio.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define SLOT 13u
#define COMMAND VD_DATA
#define REPLY (VD_DATA + 0x1000)
#define BACKING (VD_DATA + 0x100000)
#define EDID_FEATURE 2u
enum { OK = 0x1100, OK_INFO, OK_EDID = 0x1104, UNSPEC = 0x1200, NO_MEMORY, NO_SCANOUT, NO_RESOURCE,
       PARAMETER = 0x1205 };
enum { INFO = 0x100, CREATE, UNREF, SCANOUT, FLUSH, TRANSFER, ATTACH, DETACH, EDID = 0x10a,
       UPDATE_CURSOR = 0x300, MOVE_CURSOR };

/* ---- commands ---- */

static void start(Virtio *v)
{
    vd_accept(v, EDID_FEATURE);
    vd_queue(v, 0);
    vd_queue(v, 1);
    vd_ready(v);
}

static void put_command(Virtio *v, uint32_t type, const uint32_t *words, unsigned n)
{
    uint8_t zeros[24] = { 0 };
    ram_write(v->q, COMMAND, zeros, sizeof(zeros));
    ram_put(v->q, COMMAND, 4, type);
    for (unsigned i = 0; i < n; i++) {
        ram_put(v->q, COMMAND + 24 + 4 * i, 4, words[i]);
    }
}

/* The reply's type. */
static uint32_t ask(Virtio *v, uint32_t type, const uint32_t *words, unsigned n)
{
    const VdBuffer buffers[] = { { COMMAND, 24 + 4 * n, false }, { REPLY, 2048, true } };
    put_command(v, type, words, n);
    uint32_t len = vd_do(v, 0, buffers, 2);
    uint32_t reply = (uint32_t)ram_get(v->q, REPLY, 4);
    g_assert_cmpuint(len, ==, reply == OK_INFO ? 24 + 384 : reply == OK_EDID ? 24 + 8 + 1024 : 24);
    g_assert_cmphex(ram_get(v->q, REPLY + 4, 4), ==, 0);
    return reply;
}

#define WORDS(...) (const uint32_t[]){ __VA_ARGS__ }, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4
#define ASK(v, type, ...) ask(v, type, WORDS(__VA_ARGS__))
#define DO(v, type, ...) g_assert_cmphex(ASK(v, type, __VA_ARGS__), ==, OK)
#define REFUSED(error, v, type, ...) g_assert_cmphex(ASK(v, type, __VA_ARGS__), ==, error)
#define RECT(x, y, width, height) x, y, width, height

static void attach(Virtio *v, uint32_t id, uint32_t addr, uint32_t bytes)
{
    DO(v, ATTACH, id, 1, addr, 0, bytes, 0);
}

/* A resource with a backing at BACKING. */
static void make(Virtio *v, uint32_t id, uint32_t format, uint32_t width, uint32_t height)
{
    DO(v, CREATE, id, format, width, height);
    attach(v, id, BACKING, width * height * 4);
}

/* ---- pictures ---- */

typedef struct {
    char *data;
    const uint8_t *pixels;
    unsigned width, height;
} Picture;

static Picture picture_of(Virtio *v, unsigned head)
{
    Picture p = { 0 };
    gsize size;
    g_autofree char *path = NULL;
    int consumed = 0, fd = g_file_open_tmp("gpu-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_autofree char *command = g_strdup_printf(
        "{\"execute\": \"screendump\", \"arguments\": {\"filename\": \"%s\", \"device\": \"g\", "
        "\"head\": %u}}", path, head);
    g_autoptr(JsonNode) reply = qt_qmp(v->q, command);
    g_assert_nonnull(reply);
    g_assert_true(g_file_get_contents(path, &p.data, &size, NULL));
    g_unlink(path);
    g_assert_cmpint(sscanf(p.data, "P6 %u %u 255%n", &p.width, &p.height, &consumed), ==, 2);
    p.pixels = (const uint8_t *)p.data + consumed + 1;
    g_assert_cmpuint(size, ==, (gsize)consumed + 1 + (gsize)p.width * p.height * 3);
    return p;
}

static uint32_t dot(const Picture *p, unsigned x, unsigned y)
{
    const uint8_t *at = p->pixels + ((size_t)y * p->width + x) * 3;
    g_assert_true(x < p->width && y < p->height);
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static void check_size(const Picture *p, unsigned width, unsigned height)
{
    g_assert_cmpuint(p->width, ==, width);
    g_assert_cmpuint(p->height, ==, height);
}

static void check_dark(Virtio *v, unsigned width, unsigned height)
{
    Picture p = picture_of(v, 0);
    check_size(&p, width, height);
    for (unsigned i = 0; i < width * height; i++) {
        g_assert_cmphex(dot(&p, i % width, i / width), ==, 0);
    }
    g_free(p.data);
}

/* ---- what the device says of itself ---- */

static void test_identity(Virtio *v)
{
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 0), ==, 0x10501af4);
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 8) >> 16, ==, 0x0380);
    g_assert_cmphex(pci_read(v->q, SLOT, 0, 0x10), ==, 0);
    g_assert_cmphex(vd_offered(v) & 0xffffff, ==, EDID_FEATURE);
    g_assert_cmpuint(vd_config(v, 0, 4), ==, 0);
    g_assert_cmpuint(vd_config(v, 8, 4), ==, 2);
    g_assert_cmpuint(vd_config(v, 12, 4), ==, 0);
    start(v);
    static const uint32_t wanted[3][6] = { { 0, 0, 800, 600, 1, 0 }, { 800, 0, 800, 600, 1, 0 }, { 0 } };
    g_assert_cmphex(ask(v, INFO, NULL, 0), ==, OK_INFO);
    for (unsigned i = 0; i < 16; i++) {
        for (unsigned j = 0; j < 6; j++) {
            g_assert_cmpuint(ram_get(v->q, REPLY + 24 + 24 * i + 4 * j, 4), ==, wanted[MIN(i, 2)][j]);
        }
    }
}

static void test_edid(Virtio *v)
{
    uint8_t edid[1024], sum = 0;
    start(v);
    REFUSED(NO_SCANOUT, v, EDID, 2, 0);
    g_assert_cmphex(ASK(v, EDID, 1, 0), ==, OK_EDID);
    g_assert_cmpuint(ram_get(v->q, REPLY + 24, 4), ==, 128);
    ram_read(v->q, REPLY + 32, edid, sizeof(edid));
    g_assert_cmpmem(edid, 8, "\0\xff\xff\xff\xff\xff\xff\0", 8);
    for (unsigned i = 0; i < 128; i++) {
        sum = (uint8_t)(sum + edid[i]);
    }
    g_assert_cmpuint(sum, ==, 0);
    g_assert_cmpuint(edid[56] | (edid[58] & 0xf0) << 4, ==, 800);
    g_assert_cmpuint(edid[59] | (edid[61] & 0xf0) << 4, ==, 600);
    for (unsigned i = 128; i < sizeof(edid); i++) {
        g_assert_cmpuint(edid[i], ==, 0);
    }
}

static void test_no_edid(Virtio *v)
{
    g_assert_cmphex(vd_offered(v) & EDID_FEATURE, ==, 0);
    vd_accept(v, 0);
    vd_queue(v, 0);
    vd_ready(v);
    REFUSED(UNSPEC, v, EDID, 0, 0);
}

/* ---- pictures ---- */

/* Each format has the bytes of its name in that order; the same for drivers of both byte orders. */
static void test_formats(Virtio *v)
{
    static const struct { uint32_t format; const char *bytes; } formats[] = {
        { 1, "BGRA" }, { 2, "BGRX" }, { 3, "ARGB" }, { 4, "XRGB" }, { 67, "RGBA" }, { 68, "XBGR" },
        { 121, "ABGR" }, { 134, "RGBX" },
    };
    start(v);
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        uint8_t pixel[4];
        for (unsigned j = 0; j < 4; j++) {
            char c = formats[i].bytes[j];
            pixel[j] = c == 'R' ? 0x12 : c == 'G' ? 0x34 : c == 'B' ? 0x56 : 0x77;
        }
        ram_write(v->q, BACKING, pixel, 4);
        make(v, i + 1, formats[i].format, 1, 1);
        DO(v, TRANSFER, RECT(0, 0, 1, 1), 0, 0, i + 1, 0);
        DO(v, SCANOUT, RECT(0, 0, 1, 1), 0, i + 1);
        Picture p = picture_of(v, 0);
        check_size(&p, 1, 1);
        g_assert_cmphex(dot(&p, 0, 0), ==, 0x123456);
        g_free(p.data);
    }
    REFUSED(PARAMETER, v, CREATE, 100, 5, 1, 1);
    REFUSED(PARAMETER, v, CREATE, 100, 0, 1, 1);
}

static uint32_t colour_at(unsigned x, unsigned y)
{
    return (x * 0x30507 + y * 0x10b1d + 0x123) & 0xffffff;
}

/* A picture of W by H in pieces of memory in no order, of which parts are copied, shown and made anew. */
#define W 40u
#define H 30u

static uint64_t scattered(unsigned offset)
{
    /* Pieces of 1000 bytes, the last one first; 1000 is no whole row. */
    return BACKING + 0x2000u * (9 - offset / 1000) + offset % 1000;
}

static void put_dot(Virtio *v, unsigned x, unsigned y, uint32_t value)
{
    ram_put(v->q, scattered((y * W + x) * 4), 4, value);
}

static void make_scattered(Virtio *v)
{
    uint32_t words[2 + 4 * 5] = { 1, 5 };
    DO(v, CREATE, 1, 2, W, H);
    for (unsigned i = 0; i < 5; i++) {
        words[2 + 4 * i] = (uint32_t)scattered(1000 * i);
        words[4 + 4 * i] = 1000;
    }
    g_assert_cmphex(ask(v, ATTACH, words, G_N_ELEMENTS(words)), ==, OK);
    for (unsigned i = 0; i < W * H; i++) {
        put_dot(v, i % W, i / W, colour_at(i % W, i / W));
    }
}

static void test_parts(Virtio *v)
{
    start(v);
    make_scattered(v);
    DO(v, TRANSFER, RECT(0, 0, W, H), 0, 0, 1, 0);
    DO(v, SCANOUT, RECT(5, 3, 20, 10), 0, 1);
    Picture p = picture_of(v, 0);
    check_size(&p, 20, 10);
    for (unsigned i = 0; i < 200; i++) {
        g_assert_cmphex(dot(&p, i % 20, i / 20), ==, colour_at(5 + i % 20, 3 + i / 20));
    }
    g_free(p.data);
    /* All is new in memory; only a part is copied. */
    for (unsigned i = 0; i < W * H; i++) {
        put_dot(v, i % W, i / W, ~colour_at(i % W, i / W));
    }
    DO(v, TRANSFER, RECT(7, 4, 3, 2), (4 * W + 7) * 4, 0, 1, 0);
    DO(v, FLUSH, RECT(7, 4, 3, 2), 1, 0);
    /* And a part from somewhere else. */
    DO(v, TRANSFER, RECT(12, 5, 2, 2), 0, 0, 1, 0);
    DO(v, FLUSH, RECT(0, 0, W, H), 1, 0);
    p = picture_of(v, 0);
    for (unsigned i = 0; i < 200; i++) {
        unsigned x = 5 + i % 20, y = 3 + i / 20;
        bool there = x >= 7 && x < 10 && y >= 4 && y < 6, elsewhere = x >= 12 && x < 14 && y >= 5 && y < 7;
        uint32_t wanted = there ? ~colour_at(x, y) : elsewhere ? ~colour_at(x - 12, y - 5) : colour_at(x, y);
        g_assert_cmphex(dot(&p, x - 5, y - 3), ==, wanted & 0xffffff);
    }
    g_free(p.data);
}

static void fill(Virtio *v, uint32_t id, uint32_t width, uint32_t height, uint8_t byte)
{
    make(v, id, 2, width, height);
    g_free(qt_ok(v->q, "memset 0x%x %u %u", BACKING, width * height * 4, byte));
    DO(v, TRANSFER, RECT(0, 0, width, height), 0, 0, id, 0);
}

/* Flips, several displays, and the end of what is shown. */
static void test_scanouts(Virtio *v)
{
    start(v);
    check_dark(v, 640, 480);
    fill(v, 1, 64, 32, 0x11);
    fill(v, 2, 48, 16, 0x22);
    DO(v, SCANOUT, RECT(0, 0, 64, 32), 0, 1);
    DO(v, SCANOUT, RECT(8, 0, 40, 16), 1, 2);
    Picture first = picture_of(v, 0), second = picture_of(v, 1);
    check_size(&first, 64, 32);
    check_size(&second, 40, 16);
    g_assert_cmphex(dot(&first, 63, 31), ==, 0x111111);
    g_assert_cmphex(dot(&second, 39, 15), ==, 0x222222);
    g_free(first.data);
    g_free(second.data);
    DO(v, SCANOUT, RECT(0, 0, 48, 16), 0, 2);
    first = picture_of(v, 0);
    check_size(&first, 48, 16);
    g_assert_cmphex(dot(&first, 0, 0), ==, 0x222222);
    g_free(first.data);
    DO(v, SCANOUT, RECT(0, 0, 0, 0), 0, 0);
    check_dark(v, 48, 16);
    DO(v, SCANOUT, RECT(0, 0, 64, 32), 0, 1);
    g_free(picture_of(v, 0).data);              /* dark, a display is as large as it was */
    DO(v, UNREF, 1, 0);
    check_dark(v, 64, 32);
    DO(v, SCANOUT, RECT(0, 0, 48, 16), 0, 2);
    g_free(picture_of(v, 0).data);
    vd_reset(v);
    check_dark(v, 48, 16);
    start(v);
    REFUSED(NO_RESOURCE, v, UNREF, 2, 0);
}

/* ---- what drivers do wrong ---- */

static void test_numbers(Virtio *v)
{
    start(v);
    DO(v, CREATE, 1, 1, 16, 8);
    REFUSED(NO_RESOURCE, v, CREATE, 1, 1, 16, 8);
    REFUSED(NO_RESOURCE, v, CREATE, 0, 1, 16, 8);
    REFUSED(PARAMETER, v, CREATE, 2, 1, 0, 8);
    REFUSED(PARAMETER, v, CREATE, 2, 1, 16, 0);
    REFUSED(PARAMETER, v, CREATE, 2, 1, 0xffffffff, 1);
    REFUSED(PARAMETER, v, CREATE, 2, 1, 0x40000001, 1);
    for (unsigned i = 0; i < 6; i++) {
        static const uint32_t bad[][4] = { { 0, 0, 17, 8 }, { 0, 0, 16, 9 }, { 16, 0, 1, 1 }, { 0, 8, 1, 1 },
                                           { 0xffffffff, 0, 2, 1 }, { 0, 0, 0, 1 } };
        const uint32_t *r = bad[i];
        REFUSED(PARAMETER, v, SCANOUT, r[0], r[1], r[2], r[3], 0, 1);
        REFUSED(PARAMETER, v, FLUSH, r[0], r[1], r[2], r[3], 1, 0);
        attach(v, 1, BACKING, 16 * 8 * 4);
        REFUSED(PARAMETER, v, TRANSFER, r[0], r[1], r[2], r[3], 0, 0, 1, 0);
        DO(v, DETACH, 1, 0);
    }
    REFUSED(NO_SCANOUT, v, SCANOUT, RECT(0, 0, 16, 8), 2, 1);
    REFUSED(NO_RESOURCE, v, SCANOUT, RECT(0, 0, 16, 8), 0, 9);
    REFUSED(NO_RESOURCE, v, FLUSH, RECT(0, 0, 1, 1), 9, 0);
    REFUSED(NO_RESOURCE, v, TRANSFER, RECT(0, 0, 1, 1), 0, 0, 9, 0);
    REFUSED(NO_RESOURCE, v, ATTACH, 9, 0);
    REFUSED(NO_RESOURCE, v, DETACH, 9, 0);
    REFUSED(NO_RESOURCE, v, UNREF, 9, 0);
    for (uint32_t type = 0; type < 0x400; type += type == 0x10f ? 0x1f0 : 1) {
        if ((type < INFO || type > DETACH) && type != EDID) {
            g_assert_cmphex(ASK(v, type, 0, 0, 0, 0, 0, 0, 0, 0), ==, UNSPEC);
        }
    }
    /* A display no larger than displays are. */
    DO(v, CREATE, 3, 1, 8193, 1);
    REFUSED(PARAMETER, v, SCANOUT, RECT(0, 0, 8193, 1), 0, 3);
}

static void test_backing(Virtio *v)
{
    start(v);
    DO(v, CREATE, 1, 1, 16, 8);
    REFUSED(UNSPEC, v, TRANSFER, RECT(0, 0, 16, 8), 0, 0, 1, 0);
    REFUSED(UNSPEC, v, DETACH, 1, 0);
    REFUSED(UNSPEC, v, ATTACH, 1, 2, BACKING, 0, 64, 0);               /* of two entries one is there */
    REFUSED(UNSPEC, v, ATTACH, 1, 16385, BACKING, 0, 64, 0);
    REFUSED(UNSPEC, v, ATTACH, 1, 0xffffffff, BACKING, 0, 64, 0);
    REFUSED(PARAMETER, v, ATTACH, 1, 1, 0x1be00000, 0, 64, 0);         /* registers */
    REFUSED(PARAMETER, v, ATTACH, 1, 1, 0xfffffff0, 0xffffffff, 0x20, 0);
    REFUSED(PARAMETER, v, ATTACH, 1, 1, BACKING, 0, 0xffffffff, 0);
    REFUSED(UNSPEC, v, TRANSFER, RECT(0, 0, 1, 1), 0, 0, 1, 0);        /* nothing of those stayed */
    attach(v, 1, BACKING, 16 * 8 * 4 - 1);
    REFUSED(UNSPEC, v, ATTACH, 1, 1, BACKING, 0, 64, 0);
    REFUSED(PARAMETER, v, TRANSFER, RECT(0, 0, 16, 8), 0, 0, 1, 0);
    DO(v, TRANSFER, RECT(0, 0, 16, 7), 0, 0, 1, 0);
    REFUSED(PARAMETER, v, TRANSFER, RECT(0, 0, 1, 1), 16 * 8 * 4 - 4, 0, 1, 0);
    DO(v, TRANSFER, RECT(0, 0, 1, 1), 16 * 8 * 4 - 5, 0, 1, 0);
    REFUSED(PARAMETER, v, TRANSFER, RECT(0, 0, 1, 1), 0xfffffffc, 0xffffffff, 1, 0);
    DO(v, DETACH, 1, 0);
    DO(v, ATTACH, 1, 0);                                               /* a backing of nothing */
    REFUSED(PARAMETER, v, TRANSFER, RECT(0, 0, 1, 1), 0, 0, 1, 0);
}

/* max_hostmem=1M: pixels, and what else the device keeps for the driver. */
static void test_memory(Virtio *v)
{
    unsigned n = 0;
    start(v);
    REFUSED(NO_MEMORY, v, CREATE, 1, 1, 512, 512);
    DO(v, CREATE, 1, 1, 512, 511);
    REFUSED(NO_MEMORY, v, CREATE, 2, 1, 16, 16);
    REFUSED(NO_MEMORY, v, CREATE, 2, 1, 16384, 16384);
    DO(v, UNREF, 1, 0);
    DO(v, CREATE, 1, 1, 512, 511);
    DO(v, UNREF, 1, 0);
    while (ASK(v, CREATE, n + 1, 1, 1, 1) == OK) {
        n++;
    }
    g_assert_cmpuint(n, >, 500);
    g_assert_cmpuint(n, <, 1025);
    for (unsigned i = 0; i < n; i++) {
        DO(v, UNREF, i + 1, 0);
    }
    /* Entries of a backing count, too, until it is taken away. */
    DO(v, CREATE, 1, 1, 512, 500);
    g_autofree uint32_t *words = g_new0(uint32_t, 2 + 4 * 4000);
    words[0] = 1;
    words[1] = 4000;
    for (unsigned i = 0; i < 4000; i++) {
        words[2 + 4 * i] = BACKING;
        words[4 + 4 * i] = 1;
    }
    uint32_t at = BACKING + 0x100000;
    ram_write(v->q, at, words, 4 * (2 + 4 * 4000));
    put_command(v, ATTACH, NULL, 0);
    const VdBuffer buffers[] = {
        { COMMAND, 24, false }, { at, 4 * (2 + 4 * 4000), false }, { REPLY, 24, true },
    };
    g_assert_cmpuint(vd_do(v, 0, buffers, 3), ==, 24);
    g_assert_cmphex(ram_get(v->q, REPLY, 4), ==, NO_MEMORY);
    DO(v, UNREF, 1, 0);
    DO(v, CREATE, 1, 1, 8, 8);
    for (unsigned i = 0; i < 12; i++) {         /* together more than there is */
        put_command(v, ATTACH, NULL, 0);
        vd_do(v, 0, buffers, 3);
        g_assert_cmphex(ram_get(v->q, REPLY, 4), ==, OK);
        DO(v, TRANSFER, RECT(0, 0, 8, 8), 3744, 0, 1, 0);
        DO(v, DETACH, 1, 0);
    }
    DO(v, UNREF, 1, 0);
    DO(v, CREATE, 1, 1, 512, 511);
}

static void test_short(Virtio *v)
{
    start(v);
    put_command(v, CREATE, WORDS(1, 1, 16, 16));
    const VdBuffer cut[] = { { COMMAND, 39, false }, { REPLY, 24, true } };
    g_assert_cmpuint(vd_do(v, 0, cut, 2), ==, 24);
    g_assert_cmphex(ram_get(v->q, REPLY, 4), ==, UNSPEC);
    const VdBuffer no_reply[] = { { COMMAND, 40, false }, { REPLY, 23, true } };
    g_assert_cmpuint(vd_do(v, 0, no_reply, 2), ==, 0);
    g_assert_cmpuint(vd_do(v, 0, no_reply, 1), ==, 0);
    g_assert_cmpuint(vd_do(v, 0, &(VdBuffer){ REPLY, 24, true }, 1), ==, 24);
    g_assert_cmphex(ram_get(v->q, REPLY, 4), ==, UNSPEC);
    put_command(v, INFO, NULL, 0);
    const VdBuffer small[] = { { COMMAND, 24, false }, { REPLY, 407, true } };
    g_assert_cmpuint(vd_do(v, 0, small, 2), ==, 24);
    g_assert_cmphex(ram_get(v->q, REPLY, 4), ==, UNSPEC);
    /* In pieces of odd sizes it is as good as in one. */
    put_command(v, CREATE, WORDS(7, 1, 16, 16));
    const VdBuffer pieces[] = { { COMMAND, 5, false }, { COMMAND + 5, 26, false }, { COMMAND + 31, 9, false },
                                { REPLY, 3, true }, { REPLY + 3, 100, true } };
    g_assert_cmpuint(vd_do(v, 0, pieces, 5), ==, 24);
    g_assert_cmphex(ram_get(v->q, REPLY, 4), ==, OK);
    g_assert_false(vd_status(v) & VD_NEEDS_RESET);
}

/* ---- fences, pointers, many at once ---- */

static void test_fences(Virtio *v)
{
    const VdBuffer buffers[] = { { COMMAND, 32, false }, { REPLY, 24, true } };
    start(v);
    for (unsigned fence = 0; fence < 2; fence++) {
        put_command(v, UNREF, WORDS(1, 0));                            /* an error has its fence, too */
        ram_put(v->q, COMMAND + 4, 4, fence ? 0xffffffff : 0xfffffffe);
        ram_put(v->q, COMMAND + 8, 8, UINT64_C(0x123456789abcdef));
        ram_put(v->q, COMMAND + 16, 4, 77);
        g_assert_cmpuint(vd_do(v, 0, buffers, 2), ==, 24);
        g_assert_cmphex(ram_get(v->q, REPLY, 4), ==, NO_RESOURCE);
        g_assert_cmphex(ram_get(v->q, REPLY + 4, 4), ==, fence);
        g_assert_cmphex(ram_get(v->q, REPLY + 8, 8), ==, fence ? UINT64_C(0x123456789abcdef) : 0);
        g_assert_cmphex(ram_get(v->q, REPLY + 16, 4), ==, fence ? 77 : 0);
    }
}

static uint32_t ask_cursor(Virtio *v, uint32_t type, const uint32_t *words, unsigned n)
{
    const VdBuffer buffers[] = { { COMMAND, 56, false }, { REPLY, 24, true } };
    put_command(v, type, words, n);
    g_assert_cmpuint(vd_do(v, 1, buffers, 1), ==, 0);                  /* a reply is not asked for */
    g_assert_cmpuint(vd_do(v, 1, buffers, 2), ==, 24);
    return (uint32_t)ram_get(v->q, REPLY, 4);
}

/* Its pixels are tested by what sees them: the unit test, and VNC with Linux. */
static void test_cursor(Virtio *v)
{
    start(v);
    make(v, 1, 1, 64, 64);
    make(v, 2, 1, 64, 63);
    g_assert_cmphex(ask_cursor(v, UPDATE_CURSOR, WORDS(0, 5, 6, 0, 1, 3, 4, 0)), ==, OK);
    g_assert_cmphex(ask_cursor(v, UPDATE_CURSOR, WORDS(2, 5, 6, 0, 1, 3, 4, 0)), ==, NO_SCANOUT);
    g_assert_cmphex(ask_cursor(v, UPDATE_CURSOR, WORDS(0, 5, 6, 0, 9, 3, 4, 0)), ==, NO_RESOURCE);
    g_assert_cmphex(ask_cursor(v, UPDATE_CURSOR, WORDS(0, 5, 6, 0, 2, 3, 4, 0)), ==, PARAMETER);
    g_assert_cmphex(ask_cursor(v, UPDATE_CURSOR, WORDS(1, 5, 6, 0, 1, 0xffffffff, 0x80000000, 0)), ==, OK);
    g_assert_cmphex(ask_cursor(v, MOVE_CURSOR, WORDS(0, 0x80000000, 0x7fffffff, 0, 0, 0, 0, 0)), ==, OK);
    g_assert_cmphex(ask_cursor(v, MOVE_CURSOR, WORDS(2, 0, 0, 0, 0, 0, 0, 0)), ==, NO_SCANOUT);
    g_assert_cmphex(ask_cursor(v, UPDATE_CURSOR, WORDS(0, 0, 0, 0, 0, 0, 0, 0)), ==, OK);
    g_assert_cmphex(ask_cursor(v, FLUSH, WORDS(0, 0, 1, 1, 1, 0, 0, 0)), ==, UNSPEC);
    g_assert_cmphex(ASK(v, MOVE_CURSOR, 0, 0, 0, 0, 0, 0, 0, 0), ==, UNSPEC);
    g_free(picture_of(v, 0).data);
}

/* More to copy than is done at once: all comes to its end, in time, and in order. */
static void test_much(Virtio *v)
{
    uint32_t len;
    unsigned done = 0, before;
    start(v);
    DO(v, CREATE, 1, 2, 2048, 2048);
    attach(v, 1, BACKING, 2048 * 2048 * 4);
    put_command(v, TRANSFER, WORDS(RECT(0, 0, 2048, 2048), 0, 0, 1, 0));
    for (unsigned i = 0; i < 8; i++) {
        const VdBuffer buffers[] = { { COMMAND, 56, false }, { REPLY + 0x100 * i, 24, true } };
        ram_put(v->q, REPLY + 0x100 * i, 4, 0);
        vd_add(v, 0, buffers, 2, false);
    }
    vd_kick(v, 0);
    while (vd_used(v, 0, &len)) {
        done++;
    }
    g_assert_cmpuint(done, >, 0);
    g_assert_cmpuint(done, <, 8);
    vd_kick(v, 0);                              /* does not make it go on earlier */
    g_assert_false(vd_used(v, 0, &len));
    do {
        before = done;
        qt_step(v->q, 2000000);
        while (vd_used(v, 0, &len)) {
            done++;
        }
    } while (done > before);
    g_assert_cmpuint(done, ==, 8);
    for (unsigned i = 0; i < 8; i++) {
        g_assert_cmphex(ram_get(v->q, REPLY + 0x100 * i, 4), ==, OK);
    }
    g_assert_cmphex(ask(v, INFO, NULL, 0), ==, OK_INFO);
}

static void test_stays(Virtio *v)
{
    g_autoptr(JsonNode) reply = qt_qmp(v->q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"g\"}}");
    g_assert_null(reply);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define GPU "-device virtio-gpu-pci,id=g,addr=0d"
#define TWO GPU ",max_outputs=2,xres=800,yres=600"
    vd_add_modern_test("/virtio-gpu/identity", TWO, test_identity);
    vd_add_modern_test("/virtio-gpu/edid", TWO, test_edid);
    vd_add_modern_test("/virtio-gpu/no-edid", GPU ",edid=off", test_no_edid);
    vd_add_modern_test("/virtio-gpu/formats", TWO, test_formats);
    vd_add_modern_test("/virtio-gpu/parts", TWO, test_parts);
    vd_add_modern_test("/virtio-gpu/scanouts", TWO, test_scanouts);
    vd_add_modern_test("/virtio-gpu/numbers", TWO, test_numbers);
    vd_add_modern_test("/virtio-gpu/backing", TWO, test_backing);
    vd_add_modern_test("/virtio-gpu/memory", GPU ",max_hostmem=1M", test_memory);
    vd_add_modern_test("/virtio-gpu/short", TWO, test_short);
    vd_add_modern_test("/virtio-gpu/fences", TWO, test_fences);
    vd_add_modern_test("/virtio-gpu/cursor", TWO, test_cursor);
    vd_add_modern_test("/virtio-gpu/much", TWO, test_much);
    vd_add_modern_test("/virtio-gpu/stays", TWO, test_stays);
    return g_test_run();
}
