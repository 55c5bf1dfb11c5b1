/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses to memory and ports: single ones as the bus makes them, and blocks in memory order. */
#include <string.h>
#include "accel/qtest/internal.h"

/* What one request may ask for: a reply is twice as long, in one piece. */
#define BLOCK_MAX ((uint64_t)64 << 20)
#define MEMSET_MAX ((uint64_t)4 << 30)
#define MEMSET_PIECE 65536

/* ---- single accesses ---- */

static void read_one(Qtest *q, char **words, unsigned size)
{
    uint64_t addr, value;
    if (qtest_number(q, words[0], &addr)) {
        as_read(q->machine->as, addr, size, q->machine->big_endian, &value);
        qtest_reply(q, "OK 0x%016" G_GINT64_MODIFIER "x", value);
    }
}

static void write_one(Qtest *q, char **words, unsigned size)
{
    uint64_t addr, value;
    if (qtest_number(q, words[0], &addr) && qtest_number(q, words[1], &value)) {
        as_write(q->machine->as, addr, size, q->machine->big_endian, value);
        qtest_reply(q, "OK");
    }
}

/* The ports' address space and a port in it; NULL after a reply. */
static AddressSpace *find_port(Qtest *q, const char *word, uint64_t *port)
{
    if (!qtest_number(q, word, port)) {
        return NULL;
    }
    if (*port > 0xffff) {
        qtest_reply(q, "FAIL port %s: ports end at 0xffff", word);
        return NULL;
    }
    if (!q->machine->io) {
        qtest_reply(q, "FAIL this machine has no ports");
        return NULL;
    }
    if (!q->io) {
        q->io = as_new("ports", q->machine->io);
        as_set_bus(q->io, &q->machine->lock, q->machine->big_endian);
    }
    return q->io;
}

static void in_one(Qtest *q, char **words, unsigned size)
{
    uint64_t port, value;
    AddressSpace *io = find_port(q, words[0], &port);
    if (io) {
        as_read(io, port, size, q->machine->big_endian, &value);
        qtest_reply(q, "OK 0x%04" G_GINT64_MODIFIER "x", value);
    }
}

static void out_one(Qtest *q, char **words, unsigned size)
{
    uint64_t port, value;
    AddressSpace *io = find_port(q, words[0], &port);
    if (io && qtest_number(q, words[1], &value)) {
        as_write(io, port, size, q->machine->big_endian, value);
        qtest_reply(q, "OK");
    }
}

#define SIZED(name, what, size) \
    static void name(Qtest *q, char **words) \
    { \
        what(q, words, size); \
    }
SIZED(run_readb, read_one, 1)
SIZED(run_readw, read_one, 2)
SIZED(run_readl, read_one, 4)
SIZED(run_readq, read_one, 8)
SIZED(run_writeb, write_one, 1)
SIZED(run_writew, write_one, 2)
SIZED(run_writel, write_one, 4)
SIZED(run_writeq, write_one, 8)
SIZED(run_inb, in_one, 1)
SIZED(run_inw, in_one, 2)
SIZED(run_inl, in_one, 4)
SIZED(run_outb, out_one, 1)
SIZED(run_outw, out_one, 2)
SIZED(run_outl, out_one, 4)

/* ---- blocks ---- */

/* Address and length of a request; false after a reply. */
static bool block(Qtest *q, char **words, uint64_t max, uint64_t *addr, uint64_t *len)
{
    if (!qtest_number(q, words[0], addr) || !qtest_number(q, words[1], len)) {
        return false;
    }
    if (*len > max) {
        qtest_reply(q, "FAIL %s bytes: %" G_GUINT64_FORMAT " are the most", words[1], max);
        return false;
    }
    if (*len && *addr + (*len - 1) < *addr) {
        qtest_reply(q, "FAIL the block goes beyond the last address");
        return false;
    }
    return true;
}

static uint8_t *read_block(Qtest *q, char **words, uint64_t *len)
{
    uint64_t addr;
    if (!block(q, words, BLOCK_MAX, &addr, len)) {
        return NULL;
    }
    if (*len == 0) {
        qtest_reply(q, "ERR invalid argument size");
        return NULL;
    }
    uint8_t *data = g_malloc(*len);
    as_read_buf(q->machine->as, addr, data, *len);
    return data;
}

static void run_read(Qtest *q, char **words)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t len;
    g_autofree uint8_t *data = read_block(q, words, &len);
    if (!data) {
        return;
    }
    g_autofree char *text = g_malloc(2 * len + 1);
    for (uint64_t i = 0; i < len; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
    text[2 * len] = '\0';
    qtest_reply(q, "OK 0x%s", text);
}

static void run_b64read(Qtest *q, char **words)
{
    uint64_t len;
    g_autofree uint8_t *data = read_block(q, words, &len);
    if (data) {
        g_autofree char *text = g_base64_encode(data, len);
        qtest_reply(q, "OK %s", text);
    }
}

/* Pairs of digits into at most len bytes, what is missing stays; false: one was no digit. */
static bool parse_hex(const char *text, uint8_t *data, uint64_t len)
{
    for (uint64_t i = 0; i < len && text[2 * i]; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]), low = 0;
        if (high >= 0 && text[2 * i + 1]) {
            low = g_ascii_xdigit_value(text[2 * i + 1]);
        } else if (high >= 0) {
            data[i] = (uint8_t)(high << 4);
            return true;
        }
        if (high < 0 || low < 0) {
            return false;
        }
        data[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void run_write(Qtest *q, char **words)
{
    uint64_t addr, len;
    if (!block(q, words, BLOCK_MAX, &addr, &len)) {
        return;
    }
    if (strlen(words[2]) < 3) {
        qtest_reply(q, "ERR invalid argument size");
        return;
    }
    g_autofree uint8_t *data = g_malloc0(len + 1);
    if (!g_str_has_prefix(words[2], "0x") || !parse_hex(words[2] + 2, data, len)) {
        qtest_reply(q, "FAIL the data must be hexadecimal, with 0x before it");
        return;
    }
    as_write_buf(q->machine->as, addr, data, len);
    qtest_reply(q, "OK");
}

static void run_b64write(Qtest *q, char **words)
{
    uint64_t addr, len;
    gsize got;
    if (!block(q, words, BLOCK_MAX, &addr, &len)) {
        return;
    }
    if (len == 0) {
        qtest_reply(q, "ERR invalid argument size");
        return;
    }
    g_autofree guchar *data = g_base64_decode(words[2], &got);
    if (got != len) {
        qtest_reply(q, "FAIL the data has %zu bytes, not %" G_GUINT64_FORMAT, (size_t)got, len);
        return;
    }
    as_write_buf(q->machine->as, addr, data, len);
    qtest_reply(q, "OK");
}

static void run_memset(Qtest *q, char **words)
{
    uint64_t addr, len, value;
    uint8_t piece[MEMSET_PIECE];
    if (!block(q, words, MEMSET_MAX, &addr, &len) || !qtest_number(q, words[2], &value)) {
        return;
    }
    memset(piece, (uint8_t)value, sizeof(piece));
    while (len) {
        uint64_t n = MIN(len, sizeof(piece));
        as_write_buf(q->machine->as, addr, piece, n);
        addr += n;
        len -= n;
    }
    qtest_reply(q, "OK");
}

const QtestCommand qtest_memory_commands[] = {
    { "readb", 1, 1, " ADDR", run_readb },
    { "readw", 1, 1, " ADDR", run_readw },
    { "readl", 1, 1, " ADDR", run_readl },
    { "readq", 1, 1, " ADDR", run_readq },
    { "writeb", 2, 2, " ADDR VALUE", run_writeb },
    { "writew", 2, 2, " ADDR VALUE", run_writew },
    { "writel", 2, 2, " ADDR VALUE", run_writel },
    { "writeq", 2, 2, " ADDR VALUE", run_writeq },
    { "inb", 1, 1, " PORT", run_inb },
    { "inw", 1, 1, " PORT", run_inw },
    { "inl", 1, 1, " PORT", run_inl },
    { "outb", 2, 2, " PORT VALUE", run_outb },
    { "outw", 2, 2, " PORT VALUE", run_outw },
    { "outl", 2, 2, " PORT VALUE", run_outl },
    { "read", 2, 2, " ADDR LEN", run_read },
    { "write", 3, 3, " ADDR LEN 0xDATA", run_write },
    { "b64read", 2, 2, " ADDR LEN", run_b64read },
    { "b64write", 3, 3, " ADDR LEN BASE64", run_b64write },
    { "memset", 3, 3, " ADDR LEN BYTE", run_memset },
    { 0 }
};
