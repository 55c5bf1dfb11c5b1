/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-serial-pci with a console and a port: VIRTIO 1.1, section 5.3. */
#include "virtio.h"

#include <string.h>
#include <unistd.h>

enum { F_MULTIPORT = 1 << 1 };
enum { DEVICE_READY, PORT_ADD, PORT_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME };

#define OUT VD_DATA
#define CTRL_IN(i) (VD_DATA + 0x1000u + 0x100u * (i))
#define CTRL_OUT (VD_DATA + 0x4000u)
#define BIG (3u << 20)

static char *console_path, *port_path;

static void start(Virtio *v, uint64_t features, unsigned queues)
{
    vd_accept(v, features);
    for (unsigned n = 0; n < queues; n++) {
        vd_queue(v, n);
    }
    vd_ready(v);
}

static void expect_file(const char *path, const char *text)
{
    for (int i = 0; i < 5000; i++) {
        g_autofree char *got = NULL;
        gsize len;
        g_assert_true(g_file_get_contents(path, &got, &len, NULL));
        if (len >= strlen(text)) {
            g_assert_cmpstr(got, ==, text);
            return;
        }
        g_usleep(1000);
    }
    g_assert_not_reached();
}

/* A driver that knows of one console only. */
static void test_console(Virtio *v)
{
    const VdBuffer b[] = { { OUT, 4, false }, { OUT + 0x100, 5, false } };
    start(v, 0, 2);
    ram_write(v->q, OUT, "hell", 4);
    ram_write(v->q, OUT + 0x100, "o all", 5);
    vd_do(v, 1, b, 2);
    expect_file(console_path, "hello all");
}

static void control(Virtio *v, unsigned id, unsigned event, unsigned value)
{
    const VdBuffer b = { CTRL_OUT, 8, false };
    vd_put(v, CTRL_OUT, 4, id);
    vd_put(v, CTRL_OUT + 4, 2, event);
    vd_put(v, CTRL_OUT + 6, 2, value);
    vd_do(v, 3, &b, 1);
}

/* Message n from the device. */
static void expect(Virtio *v, unsigned n, unsigned id, unsigned event, unsigned value)
{
    g_assert_cmpuint(vd_wait(v, 2), >=, 8);
    g_assert_cmpuint(vd_get(v, CTRL_IN(n), 4), ==, id);
    g_assert_cmpuint(vd_get(v, CTRL_IN(n) + 4, 2), ==, event);
    g_assert_cmpuint(vd_get(v, CTRL_IN(n) + 6, 2), ==, value);
}

static void test_ports(Virtio *v)
{
    char name[3] = { 0 };
    uint32_t len;
    start(v, F_MULTIPORT, 6);
    g_assert_cmpuint(vd_config(v, 4, 4), ==, 2);
    for (unsigned i = 0; i < 8; i++) {
        const VdBuffer b = { CTRL_IN(i), 0x100, true };
        vd_add(v, 2, &b, 1, false);
    }
    vd_kick(v, 2);
    control(v, UINT32_MAX, DEVICE_READY, 1);
    expect(v, 0, 0, PORT_ADD, 1);
    expect(v, 1, 1, PORT_ADD, 1);
    control(v, 1, PORT_READY, 1);
    expect(v, 2, 1, PORT_NAME, 1);
    ram_read(v->q, CTRL_IN(2) + 8, name, 2);
    g_assert_cmpstr(name, ==, "pn");
    expect(v, 3, 1, PORT_OPEN, 1);                              /* the host's end is */
    control(v, 0, PORT_READY, 1);
    expect(v, 4, 0, CONSOLE_PORT, 1);
    control(v, 7, PORT_READY, 1);                               /* no such port */
    const VdBuffer b = { OUT, 3, false };
    ram_write(v->q, OUT, "abc", 3);
    vd_do(v, 5, &b, 1);
    expect_file(port_path, "abc");
    /* More than the host keeps of one buffer: the device goes on, and nothing is lost after it. */
    const VdBuffer big = { 0x1000000, BIG, false };
    vd_do(v, 5, &big, 1);
    vd_do(v, 5, &b, 1);
    vd_reset(v);
    g_assert_false(vd_used(v, 2, &len));
}

static char *empty_file(void)
{
    char *path;
    close(g_file_open_tmp("valletta-vser-XXXXXX", &path, NULL));
    return path;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    console_path = empty_file();
    port_path = empty_file();
    g_autofree char *args = g_strdup_printf("-chardev file,id=c,path=%s -chardev file,id=p,path=%s "
        "-device virtio-serial-pci,addr=0d,max_ports=2 -device virtconsole,chardev=c "
        "-device virtserialport,chardev=p,name=pn", console_path, port_path);
    vd_add_test("/virtio-serial/console", args, test_console);
    vd_add_test("/virtio-serial/ports", args, test_ports);
    int result = g_test_run();
    unlink(console_path);
    unlink(port_path);
    g_free(console_path);
    g_free(port_path);
    return result;
}
