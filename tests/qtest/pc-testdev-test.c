/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte order between CPU and ISA: what is written in one size is read in the others. */
#include "client.h"

#define WORDS (QT_IO + 0xe0)
#define BYTES (QT_IO + 0xe8)

static void test_sizes(QTest *q)
{
    static const uint8_t le[4] = { 0x21, 0x43, 0x65, 0x87 };
    qt_write(q, WORDS, 0x87654321, 4);
    g_assert_cmphex(qt_read(q, WORDS, 4), ==, 0x87654321);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(qt_read(q, WORDS + i, 1), ==, le[qt_big(q) ? 3 - i : i]);
    }
    g_assert_cmphex(qt_read(q, WORDS + 2, 2), ==, qt_big(q) ? 0x4321 : 0x8765);
    qt_write(q, WORDS, 0x1234, 2);
    g_assert_cmphex(qt_read(q, WORDS, 4), ==, qt_big(q) ? 0x12344321 : 0x87651234);
}

static void test_split(QTest *q)
{
    qt_write(q, BYTES, 0x87654321, 4);
    g_assert_cmphex(qt_read(q, WORDS, 4), ==, 0x87654321);
    qt_write(q, WORDS + 2, 0xabcd, 2);
    g_assert_cmphex(qt_read(q, BYTES + 2, 2), ==, 0xabcd);
    g_autofree char *bytes = qt_ok(q, "read 0x%x 4", WORDS);
    g_assert_cmpstr(bytes, ==, qt_big(q) ? "0x8765abcd" : "0x2143cdab");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/pc-testdev/sizes", "-device pc-testdev", test_sizes);
    qt_add("/pc-testdev/split", "-device pc-testdev", test_split);
    return g_test_run();
}
