/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-9p-pci: the tag, messages on the real queue, resets. What messages mean is the unit test fsdev's. */
#include "virtio.h"

#include <glib/gstdio.h>
#include <stdarg.h>
#include <string.h>
#include "util/bits.h"

#define REPLY (VD_DATA + 0x10000u)
#define ROOM 8192u

enum { T_LOPEN = 12, T_VERSION = 100, T_ATTACH = 104, T_FLUSH = 108, T_WALK = 110, T_READ = 116 };

typedef struct {
    uint8_t bytes[512];
    uint32_t len;
} Message;

static void put(Message *m, unsigned size, uint64_t value)
{
    store_le(m->bytes + m->len, size, value);
    m->len += size;
}

static void put_string(Message *m, const char *text)
{
    put(m, 2, strlen(text));
    memcpy(m->bytes + m->len, text, strlen(text));
    m->len += (uint32_t)strlen(text);
}

static Message message(uint8_t type, uint16_t tag)
{
    Message m = { .len = 4 };
    put(&m, 1, type);
    put(&m, 2, tag);
    return m;
}

/* Offers m from VD_DATA + at on, in two pieces, with room for the reply in two more. */
static void offer(Virtio *v, Message *m, unsigned at)
{
    store_le(m->bytes, 4, m->len);
    ram_write(v->q, VD_DATA + at, m->bytes, m->len);
    const VdBuffer b[] = {
        { VD_DATA + at, 7, false }, { VD_DATA + at + 7, m->len - 7, false },
        { REPLY + 16 * at, 11, true }, { REPLY + 16 * at + 11, ROOM - 11, true },
    };
    vd_add(v, 0, b, G_N_ELEMENTS(b), at & 0x200);
    vd_kick(v, 0);
}

/* The type of the reply, whose length must be what the queue says. */
static uint8_t ask(Virtio *v, Message m)
{
    uint8_t head[7];
    offer(v, &m, 0);
    uint32_t len = vd_wait(v, 0);
    ram_read(v->q, REPLY, head, sizeof(head));
    g_assert_cmpuint(load_le(head, 4), ==, len);
    g_assert_cmpuint(load_le(head + 5, 2), ==, load_le(m.bytes + 5, 2));
    return head[4];
}

static uint8_t say_version(Virtio *v)
{
    Message m = message(T_VERSION, 0xffff);
    put(&m, 4, 8192);
    put_string(&m, "9P2000.L");
    return ask(v, m);
}

static Message attach(uint32_t fid)
{
    Message m = message(T_ATTACH, 1);
    put(&m, 4, fid);
    put(&m, 4, UINT32_MAX);
    put_string(&m, "u");
    put_string(&m, "");
    put(&m, 4, 0);
    return m;
}

static Message walk(uint32_t fid, const char *name, uint16_t tag)
{
    Message m = message(T_WALK, tag);
    put(&m, 4, 1);
    put(&m, 4, fid);
    put(&m, 2, 1);
    put_string(&m, name);
    return m;
}

static void start(Virtio *v)
{
    vd_accept(v, 1 | (vd_offered(v) & VD_INDIRECT));
    vd_queue(v, 0);
    vd_ready(v);
}

static void test_tag(Virtio *v)
{
    char tag[6] = "";
    g_assert_cmphex(vd_offered(v) & 1, ==, 1);
    vd_accept(v, 1);
    g_assert_cmpuint(vd_config(v, 0, 2), ==, 5);
    for (unsigned i = 0; i < 5; i++) {
        tag[i] = (char)vd_config(v, 2 + i, 1);
    }
    g_assert_cmpstr(tag, ==, "share");
    g_assert_cmphex(pci_read(v->q, 13, 0, 8) >> 16, ==, 0x0002);
}

static void test_read(Virtio *v)
{
    char text[21] = "";
    start(v);
    g_assert_cmpuint(say_version(v), ==, T_VERSION + 1);
    g_assert_cmpuint(ask(v, attach(1)), ==, T_ATTACH + 1);
    g_assert_cmpuint(ask(v, walk(2, "file", 3)), ==, T_WALK + 1);
    Message m = message(T_LOPEN, 4);
    put(&m, 4, 2);
    put(&m, 4, 0);
    g_assert_cmpuint(ask(v, m), ==, T_LOPEN + 1);
    m = message(T_READ, 5);
    put(&m, 4, 2);
    put(&m, 8, 5);
    put(&m, 4, 100);
    g_assert_cmpuint(ask(v, m), ==, T_READ + 1);
    g_assert_cmpuint(vd_isr(v), ==, 1);
    uint8_t count[4];
    ram_read(v->q, REPLY + 7, count, 4);
    g_assert_cmpuint(load_le(count, 4), ==, 15);
    ram_read(v->q, REPLY + 11, text, 15);
    g_assert_cmpstr(text, ==, "is in the share");
}

/* Many at once, each with its own reply, in whatever order; and a flush of nothing. */
static void test_many(Virtio *v)
{
    uint32_t len;
    start(v);
    say_version(v);
    ask(v, attach(1));
    for (unsigned i = 0; i < 16; i++) {
        Message m = walk(10 + i, i & 1 ? "file" : "none", (uint16_t)(100 + i));
        offer(v, &m, 0x200 * i);
    }
    for (unsigned i = 0; i < 16; i++) {
        vd_wait(v, 0);
    }
    g_assert_false(vd_used(v, 0, &len));
    for (unsigned i = 0; i < 16; i++) {
        uint8_t head[7];
        ram_read(v->q, REPLY + 16 * 0x200 * i, head, 7);
        g_assert_cmpuint(load_le(head + 5, 2), ==, 100 + i);
        g_assert_cmpuint(head[4], ==, i & 1 ? T_WALK + 1 : 7);
    }
    Message m = message(T_FLUSH, 7);
    put(&m, 2, 100);
    g_assert_cmpuint(ask(v, m), ==, T_FLUSH + 1);
}

/* A reset in the middle: the client is forgotten, and all goes on from the beginning. */
static void test_reset(Virtio *v)
{
    start(v);
    say_version(v);
    ask(v, attach(1));
    for (unsigned i = 0; i < 16; i++) {
        Message m = walk(10 + i, "file", (uint16_t)(100 + i));
        offer(v, &m, 0x200 * i);
    }
    vd_reset(v);
    start(v);
    g_assert_cmpuint(ask(v, attach(1)), ==, 7);
    g_assert_cmpuint(say_version(v), ==, T_VERSION + 1);
    g_assert_cmpuint(ask(v, attach(1)), ==, T_ATTACH + 1);
    qt_reset(v->q);
    vd_init(v, v->q, 13, v->legacy);
    start(v);
    g_assert_cmpuint(ask(v, attach(1)), ==, 7);
}

/* Without a head, and without room for an error: the driver is told that it is broken. */
static void test_broken(Virtio *v)
{
    const VdBuffer b[] = { { VD_DATA, 7, false }, { REPLY, 10, true } };
    start(v);
    vd_add(v, 0, b, 2, false);
    vd_kick(v, 0);
    g_assert_cmphex(vd_status(v) & VD_NEEDS_RESET, ==, VD_NEEDS_RESET);
    vd_reset(v);
    start(v);
    g_assert_cmpuint(say_version(v), ==, T_VERSION + 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = g_dir_make_tmp("p9-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "file", NULL);
    g_file_set_contents(file, "this is in the share", -1, NULL);
    g_autofree char *args = g_strdup_printf("-fsdev local,id=f,path=%s,security_model=none,readonly=on "
                                            "-device virtio-9p-pci,fsdev=f,mount_tag=share,addr=0d", folder);
    vd_add_test("/virtio-9p/tag", args, test_tag);
    vd_add_test("/virtio-9p/read", args, test_read);
    vd_add_test("/virtio-9p/many", args, test_many);
    vd_add_test("/virtio-9p/reset", args, test_reset);
    vd_add_test("/virtio-9p/broken", args, test_broken);
    int status = g_test_run();
    g_unlink(file);
    g_rmdir(folder);
    return status;
}
