/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire.h"

#include <glib/gstdio.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "util/bits.h"

#define SLOT 11u

QTest *wire_start(Wire *w, const char *model, bool big_endian)
{
    GError *err = NULL;
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    w->dir = g_dir_make_tmp("wire-XXXXXX", &err);
    g_assert_no_error(err);
    w->path = g_build_filename(w->dir, "wire", NULL);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(addr.sun_path, w->path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    g_autofree char *args = g_strdup_printf("-machine malta,endian=%s -netdev "
        "stream,id=n,addr.type=unix,addr.path=%s -device %s,netdev=n,addr=0b,mac=52:54:00:01:02:03",
        big_endian ? "big" : "little", w->path, model);
    QTest *q = qt_start(args, big_endian);
    w->fd = accept(listener, NULL, NULL);
    g_assert_cmpint(w->fd, >=, 0);
    close(listener);
    return q;
}

void wire_end(Wire *w, QTest *q)
{
    qt_end(q);
    close(w->fd);
    g_unlink(w->path);
    g_rmdir(w->dir);
    g_free(w->path);
    g_free(w->dir);
}

static void put(Wire *w, const void *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(w->fd, (const char *)data + done, len - done);
        g_assert_cmpint(n, >, 0);
        done += (size_t)n;
    }
}

void wire_send(Wire *w, const void *frame, size_t len)
{
    uint8_t head[4];
    store_be(head, 4, len);
    put(w, head, 4);
    put(w, frame, len);
}

static void get(Wire *w, void *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = read(w->fd, (char *)data + done, len - done);
        g_assert_cmpint(n, >, 0);
        done += (size_t)n;
    }
}

int wire_receive(Wire *w, void *frame, int ms)
{
    struct pollfd p = { .fd = w->fd, .events = POLLIN };
    uint8_t head[4];
    if (poll(&p, 1, ms) <= 0) {
        return -1;
    }
    get(w, head, 4);
    size_t len = load_be(head, 4);
    g_assert_cmpuint(len, <=, 65536);
    get(w, frame, len);
    return (int)len;
}

typedef struct {
    const char *model;
    bool big;
    void (*func)(QTest *q, Wire *w);
} Case;

static void run_case(gconstpointer data)
{
    const Case *c = data;
    Wire w;
    QTest *q = wire_start(&w, c->model, c->big);
    c->func(q, &w);
    wire_end(&w, q);
}

void wire_add(const char *path, const char *model, void (*func)(QTest *q, Wire *w))
{
    for (int big = 0; big < 2; big++) {
        g_autofree char *full = g_strconcat(path, big ? "/be" : "/le", NULL);
        Case *c = g_new(Case, 1);
        *c = (Case){ model, big, func };
        g_test_add_data_func_full(full, c, run_case, g_free);
    }
}

void wire_enable(QTest *q, uint32_t io, unsigned io_bar, uint32_t mem, unsigned mem_bar)
{
    pci_write(q, SLOT, 0, 0x10 + 4 * io_bar, io);
    pci_write(q, SLOT, 0, 0x10 + 4 * mem_bar, mem);
    pci_write(q, SLOT, 0, 0x04, 7);
}

uint64_t le_read(QTest *q, uint64_t addr, unsigned size)
{
    uint64_t value = qt_read(q, addr, size);
    return qt_big(q) ? bswap_size(value, size) : value;
}

void le_write(QTest *q, uint64_t addr, uint64_t value, unsigned size)
{
    qt_write(q, addr, qt_big(q) ? bswap_size(value, size) : value, size);
}

void ram_write(QTest *q, uint64_t addr, const void *data, size_t len)
{
    g_autofree char *text = g_base64_encode(data, len);
    g_free(qt_ok(q, "b64write 0x%" G_GINT64_MODIFIER "x 0x%zx %s", addr, len, text));
}

void ram_read(QTest *q, uint64_t addr, void *data, size_t len)
{
    g_autofree char *text = qt_ok(q, "b64read 0x%" G_GINT64_MODIFIER "x 0x%zx", addr, len);
    gsize got;
    g_autofree guchar *bytes = g_base64_decode(text, &got);
    g_assert_cmpuint(got, ==, len);
    memcpy(data, bytes, len);
}

void ram_put(QTest *q, uint64_t addr, unsigned size, uint64_t value)
{
    uint8_t bytes[8];
    store_le(bytes, size, value);
    ram_write(q, addr, bytes, size);
}

uint64_t ram_get(QTest *q, uint64_t addr, unsigned size)
{
    uint8_t bytes[8];
    ram_read(q, addr, bytes, size);
    return load_le(bytes, size);
}
