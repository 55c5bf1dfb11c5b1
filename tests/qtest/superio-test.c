/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FDC37M817: configuration ports and what they move. */
#include <glib/gstdio.h>
#include "client.h"

static char *paper;             /* what the printer prints on */

static void set(QTest *q, uint8_t index, uint8_t value)
{
    qt_out(q, 0x3f0, index);
    qt_out(q, 0x3f1, value);
}

static uint8_t get(QTest *q, uint8_t index)
{
    qt_out(q, 0x3f0, index);
    return qt_in(q, 0x3f1);
}

static void test_configuration(QTest *q)
{
    g_assert_cmphex(qt_in(q, 0x3f1), ==, 0xff);
    qt_out(q, 0x3f0, 0x55);
    set(q, 0x07, 4);
    g_assert_cmphex(get(q, 0x60) << 8 | get(q, 0x61), ==, 0x3f8);
    g_assert_cmphex(get(q, 0x70), ==, 4);
    qt_out(q, 0x3f0, 0xaa);
    g_assert_cmphex(qt_in(q, 0x3f1), ==, 0xff);
}

/* The first UART goes to port 0x2e8 and interrupt 10. */
static void test_move(QTest *q)
{
    qt_listen_in(q, "isa-i8259", 0);
    qt_out(q, 0x3f0, 0x55);
    set(q, 0x07, 4);
    set(q, 0x60, 0x02);
    set(q, 0x61, 0xe8);
    set(q, 0x70, 10);
    qt_out(q, 0x3f0, 0xaa);
    qt_out(q, 0x2ef, 0x77);
    g_assert_cmphex(qt_in(q, 0x2ef), ==, 0x77);
    g_assert_cmphex(qt_in(q, 0x3ff), ==, 0xff);
    qt_out(q, 0x2e9, 0x02);
    qt_out(q, 0x2ec, 0x08);
    g_assert_true(qt_level(q, 10));
    g_assert_false(qt_level(q, 4));
    qt_reset(q);
    g_assert_cmphex(qt_in(q, 0x3fd), ==, 0x60);
    g_assert_false(qt_level(q, 10));
}

/* ---- the floppy controller ---- */

#define FDC 0x3f0

static uint8_t fdc_status(QTest *q)
{
    return qt_in(q, FDC + 4);
}

static void fdc_command(QTest *q, const uint8_t *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmphex(fdc_status(q) & 0xc0, ==, 0x80);
        qt_out(q, FDC + 5, bytes[i]);
    }
}

static void fdc_expect(QTest *q, const uint8_t *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmphex(fdc_status(q) & 0xd0, ==, 0xd0);
        g_assert_cmphex(qt_in(q, FDC + 5), ==, bytes[i]);
    }
    g_assert_cmphex(fdc_status(q) & 0xd0, ==, 0x80);
}

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define COMMAND(q, ...) fdc_command(q, BYTES(__VA_ARGS__))
#define EXPECT(q, ...) fdc_expect(q, BYTES(__VA_ARGS__))

/* Out of reset the four drives are polled, with an interrupt. */
static void fdc_start(QTest *q)
{
    qt_listen_in(q, "isa-i8259", 0);
    g_assert_cmphex(fdc_status(q), ==, 0);
    qt_out(q, FDC + 2, 0x0c);
    g_assert_true(qt_level(q, 6));
    for (unsigned d = 0; d < 4; d++) {
        COMMAND(q, 0x08);
        EXPECT(q, 0xc0 | d, 0);
    }
    g_assert_false(qt_level(q, 6));
    COMMAND(q, 0x08);
    EXPECT(q, 0x80);
}

/* What a driver asks before it knows whether there are drives. */
static void test_fdc_identity(QTest *q)
{
    fdc_start(q);
    COMMAND(q, 0x10);
    EXPECT(q, 0x90);
    COMMAND(q, 0x18);
    EXPECT(q, 0x80);
    COMMAND(q, 0x03, 0xdf, 0x02);
    COMMAND(q, 0x13, 0x00, 0x18, 0x55);
    COMMAND(q, 0x94);
    EXPECT(q, 0x10);
    COMMAND(q, 0x0e);
    EXPECT(q, 0, 0, 0, 0, 0xdf, 0x02, 0, 0x80, 0x18, 0x55);
    /* Locked: a reset keeps the FIFO's threshold and the precompensation; polling is on again. */
    qt_out(q, FDC + 2, 0x00);
    qt_out(q, FDC + 2, 0x0c);
    for (unsigned d = 0; d < 4; d++) {
        COMMAND(q, 0x08);
        EXPECT(q, 0xc0 | d, 0);
    }
    COMMAND(q, 0x0e);
    EXPECT(q, 0, 0, 0, 0, 0xdf, 0x02, 0, 0x80, 0x08, 0x55);
    COMMAND(q, 0x04, 0x05);
    EXPECT(q, 0x2d);
}

/* Steps take their time; track 0 is never found, sectors neither. */
static void test_fdc_no_drive(QTest *q)
{
    fdc_start(q);
    COMMAND(q, 0x03, 0xdf, 0x02);               /* 3 ms a step at 500 kbit/s */
    qt_out(q, FDC + 7, 0);
    COMMAND(q, 0x0f, 0x01, 10);
    g_assert_cmphex(fdc_status(q), ==, 0x82);
    qt_step(q, 29000000);
    g_assert_false(qt_level(q, 6));
    qt_step(q, 2000000);
    g_assert_true(qt_level(q, 6));
    COMMAND(q, 0x08);
    EXPECT(q, 0x21, 10);
    COMMAND(q, 0x07, 0x01);
    qt_step(q, 236000000);
    g_assert_false(qt_level(q, 6));
    qt_step(q, 2000000);
    COMMAND(q, 0x08);
    EXPECT(q, 0x71, 0);
    COMMAND(q, 0xe6, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    qt_step(q, INT64_C(10000000000));
    g_assert_cmphex(fdc_status(q), ==, 0x10);
    g_assert_false(qt_level(q, 6));
    qt_out(q, FDC + 4, 0x80);
    g_assert_cmphex(fdc_status(q), ==, 0x80);
    g_assert_true(qt_level(q, 6));
}

/* ---- the parallel port ---- */

static void test_parallel_empty(QTest *q)
{
    g_assert_cmphex(qt_in(q, 0x379), ==, 0x7f);
    qt_out(q, 0x378, 0xa5);
    g_assert_cmphex(qt_in(q, 0x378), ==, 0xa5);
    qt_out(q, 0x37a, 0x2c);
    g_assert_cmphex(qt_in(q, 0x378), ==, 0xff);
    g_assert_cmphex(qt_in(q, 0x37a), ==, 0x2c);
}

static void test_parallel_printer(QTest *q)
{
    static const char text[] = "On paper.\n";
    qt_listen_in(q, "isa-i8259", 0);
    g_assert_cmphex(qt_in(q, 0x379), ==, 0xdf);
    for (const char *p = text; *p; p++) {
        qt_out(q, 0x378, (uint8_t)*p);
        qt_out(q, 0x37a, 0x1d);
        g_assert_false(qt_level(q, 7));
        qt_out(q, 0x37a, 0x1c);
        g_assert_true(qt_level(q, 7));
        g_assert_cmphex(qt_in(q, 0x379), ==, 0xdf);
        g_assert_false(qt_level(q, 7));
    }
    qt_out(q, 0x37a, 0x0c);
    g_autofree char *printed = NULL;
    for (int tries = 0; tries < 500 && g_strcmp0(printed, text) != 0; tries++) {
        g_usleep(10000);
        g_free(printed);
        g_assert_true(g_file_get_contents(paper, &printed, NULL, NULL));
    }
    g_assert_cmpstr(printed, ==, text);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = g_dir_make_tmp("superio-XXXXXX", NULL);
    paper = g_build_filename(folder, "paper", NULL);
    g_autofree char *printer = g_strdup_printf("-parallel file:%s", paper);
    qt_add("/superio/configuration", NULL, test_configuration);
    qt_add("/superio/move", NULL, test_move);
    qt_add("/superio/floppy/identity", NULL, test_fdc_identity);
    qt_add("/superio/floppy/no-drive", NULL, test_fdc_no_drive);
    qt_add("/superio/parallel/empty", NULL, test_parallel_empty);
    qt_add("/superio/parallel/printer", printer, test_parallel_printer);
    int failed = g_test_run();
    g_unlink(paper);
    g_rmdir(folder);
    g_free(paper);
    return failed;
}
