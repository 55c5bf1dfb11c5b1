/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that are added, used and taken out while the machine is there, again and again. */
#include "virtio.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define SLOT 12u
enum { COMMAND_IO = 1, COMMAND_MEM = 2, COMMAND_MASTER = 4 };

/* Whether the command was done. */
static bool try(QTest *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool try(QTest *q, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *command = g_strdup_vprintf(format, args);
    va_end(args);
    g_autoptr(JsonNode) reply = qt_qmp(q, command);
    return reply != NULL;
}

#define DO(...) g_assert_true(try(__VA_ARGS__))
#define REFUSED(...) g_assert_false(try(__VA_ARGS__))

static bool del(QTest *q, const char *id)
{
    return try(q, "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"%s\"}}", id);
}

/* more: further properties as JSON, each with a comma in front. */
static bool plug(QTest *q, const char *type, const char *id, const char *more)
{
    return try(q, "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"%s\", \"id\": \"%s\"%s}}",
               type, id, more);
}

static void set_command(QTest *q, unsigned value)
{
    pci_write(q, SLOT, 0, 4, value);
}

static char *make_image(void)
{
    char *path = NULL;
    int fd = g_file_open_tmp("hotplug-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
    close(fd);
    return path;
}

static void add_node(QTest *q, const char *path)
{
    DO(q, "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"raw\", \"node-name\": \"node\", "
       "\"file\": {\"driver\": \"file\", \"filename\": \"%s\"}}}", path);
}

/* ---- functions of the PCI bus ---- */

static void test_functions(QTest *q)
{
    static const char *const types[] = { "pcnet", "e1000", "virtio-net-pci", "virtio-rng-pci",
                                         "virtio-balloon-pci", "virtio-serial-pci", "virtio-keyboard-pci",
                                         "virtio-tablet-pci" };
    DO(q, "{\"execute\": \"netdev_add\", \"arguments\": {\"type\": \"hubport\", \"id\": \"n\", "
       "\"hubid\": 0}}");
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        bool nic = i < 3;
        for (int round = 0; round < 3; round++) {
            g_assert_cmphex(pci_read(q, SLOT, 0, 0), ==, 0xffffffff);
            g_assert_true(plug(q, types[i], "d", nic ? ", \"addr\": \"c\", \"netdev\": \"n\""
                                                     : ", \"addr\": \"c\""));
            uint32_t id = pci_read(q, SLOT, 0, 0);
            g_assert_cmphex(id, !=, 0xffffffff);
            g_assert_false(plug(q, types[i], "e", ", \"addr\": \"c\""));
            /* The guest uses it. */
            unsigned io = pci_read(q, SLOT, 0, 0x10) & 1 ? 0x10 : 0x14;
            pci_write(q, SLOT, 0, io, 0x1401);
            set_command(q, COMMAND_IO | COMMAND_MEM | COMMAND_MASTER);
            g_assert_false(del(q, "d"));
            g_assert_cmphex(pci_read(q, SLOT, 0, 0), ==, id);
            /* It lets go, and leaves the rest on, as Linux does. */
            set_command(q, COMMAND_IO | COMMAND_MEM);
            g_assert_true(del(q, "d"));
            g_assert_cmphex(qt_read(q, QT_IO + 0x1400, 4), ==, 0xffffffff);
            g_assert_false(del(q, "d"));
        }
    }
    qt_reset(q);
}

/* The interrupt that it held goes with it. */
static void test_interrupt(QTest *q)
{
    g_assert_true(plug(q, "virtio-rng-pci", "d", ", \"addr\": \"c\""));
    Virtio v;
    VdBuffer b = { VD_DATA, 16, true };
    vd_init(&v, q, SLOT, false);
    vd_accept(&v, 0);
    vd_queue(&v, 0);
    vd_ready(&v);
    pci_write(q, 10, 0, 0x60, 0x0b0a0b0a);      /* PIRQs to ISA interrupts 10 and 11 */
    qt_listen_in(q, "isa-i8259", 0);
    vd_do(&v, 0, &b, 1);
    g_assert_true(qt_level(q, 10) || qt_level(q, 11));
    set_command(q, 0);
    g_assert_true(del(q, "d"));
    qt_read(q, 0, 4);
    g_assert_false(qt_level(q, 10) || qt_level(q, 11));
}

/* A disk with requests under way: they end first; its node is free afterwards. */
static void test_disk(QTest *q)
{
    g_autofree char *path = make_image();
    add_node(q, path);
    for (int round = 0; round < 20; round++) {
        g_assert_true(plug(q, "virtio-blk-pci", "d", ", \"addr\": \"c\", \"drive\": \"node\""));
        g_assert_false(plug(q, "virtio-blk-pci", "e", ", \"drive\": \"node\""));
        Virtio v;
        vd_init(&v, q, SLOT, round & 1);
        vd_accept(&v, 0);
        vd_queue(&v, 0);
        vd_ready(&v);
        for (unsigned i = 0; i < 30; i++) {
            uint64_t at = VD_DATA + i * 0x2000;
            VdBuffer b[] = { { at, 16, false }, { at + 0x1000, 4096, false }, { at + 16, 1, true } };
            vd_put(&v, at, 4, 1);               /* write */
            vd_put(&v, at + 8, 8, i * 8);
            vd_add(&v, 0, b, 3, false);
        }
        vd_kick(&v, 0);
        g_assert_false(del(q, "d"));
        REFUSED(q, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"node\"}}");
        set_command(q, COMMAND_MEM);
        g_assert_true(del(q, "d"));
    }
    DO(q, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"node\"}}");
    g_unlink(path);
}

/* ---- units and ports ---- */

static void expect_event(Virtio *v, unsigned reason, unsigned lun)
{
    g_assert_cmpuint(vd_wait(v, 1), ==, 16);
    g_assert_cmphex(vd_get(v, VD_DATA, 4), ==, 1);
    g_assert_cmphex(vd_get(v, VD_DATA + 12, 4), ==, reason);
    uint8_t address[4];
    ram_read(v->q, VD_DATA + 4, address, 4);
    g_assert_cmphex(address[0], ==, 1);
    g_assert_cmphex(address[2], ==, 0);         /* Linux takes it for a part of the number */
    g_assert_cmphex(address[3], ==, lun);
}

static void test_units(QTest *q)
{
    g_autofree char *path = make_image();
    const VdBuffer event = { VD_DATA, 16, true };
    add_node(q, path);
    g_assert_true(plug(q, "virtio-scsi-pci", "s", ", \"addr\": \"c\""));
    Virtio v;
    vd_init(&v, q, SLOT, false);
    vd_accept(&v, 2);                           /* HOTPLUG */
    for (unsigned n = 0; n < 3; n++) {
        vd_queue(&v, n);
    }
    vd_ready(&v);
    for (int round = 0; round < 10; round++) {
        vd_add(&v, 1, &event, 1, false);
        vd_kick(&v, 1);
        g_assert_true(plug(q, "scsi-hd", "u", ", \"drive\": \"node\", \"scsi-id\": 0, \"lun\": 3"));
        expect_event(&v, 1, 3);
        /* A write that is under way when it goes. */
        uint8_t head[51] = { 1, 0, 0x40, 3, [19] = 0x2a, [27] = 8 };
        ram_write(q, VD_DATA + 0x1000, head, sizeof(head));
        VdBuffer b[] = { { VD_DATA + 0x1000, 51, false }, { VD_DATA + 0x4000, 4096, false },
                         { VD_DATA + 0x2000, 108, true } };
        vd_add(&v, 2, b, 3, false);
        vd_kick(&v, 2);
        vd_add(&v, 1, &event, 1, false);
        vd_kick(&v, 1);
        g_assert_true(del(q, "u"));
        vd_wait(&v, 2);
        expect_event(&v, 2, 3);
    }
    /* What is on the adapter goes with it. */
    g_assert_true(plug(q, "scsi-hd", "u", ", \"drive\": \"node\""));
    g_assert_true(plug(q, "scsi-cd", "c", ""));
    g_assert_false(del(q, "s"));
    set_command(q, COMMAND_MEM);
    g_assert_true(del(q, "s"));
    g_assert_false(del(q, "u"));
    g_assert_false(del(q, "c"));
    DO(q, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"node\"}}");
    g_assert_false(plug(q, "scsi-cd", "c", ""));        /* no bus any more */
    g_unlink(path);
}

static void test_ports(QTest *q)
{
    DO(q, "{\"execute\": \"chardev-add\", \"arguments\": {\"id\": \"c\", "
       "\"backend\": {\"type\": \"ringbuf\", \"data\": {}}}}");
    g_assert_true(plug(q, "virtio-serial-pci", "s", ", \"addr\": \"c\""));
    for (int round = 0; round < 50; round++) {
        g_assert_true(plug(q, "virtserialport", "p", ", \"chardev\": \"c\", \"name\": \"port\""));
        REFUSED(q, "{\"execute\": \"chardev-remove\", \"arguments\": {\"id\": \"c\"}}");
        g_assert_true(del(q, "p"));
    }
    /* A driver without several ports could not be told. */
    Virtio v;
    vd_init(&v, q, SLOT, false);
    vd_accept(&v, 0);
    vd_ready(&v);
    g_assert_true(plug(q, "virtserialport", "p", ", \"chardev\": \"c\""));
    g_assert_false(del(q, "p"));
    vd_reset(&v);
    vd_accept(&v, 2);
    for (unsigned n = 0; n < 4; n++) {
        vd_queue(&v, n);
    }
    vd_ready(&v);
    /* One that hears nothing of it: not for ever. */
    unsigned rounds = 0;
    while (del(q, "p") && rounds < 100) {
        g_assert_true(plug(q, "virtserialport", "p", ", \"chardev\": \"c\""));
        rounds++;
    }
    g_assert_cmpuint(rounds, >, 5);
    g_assert_cmpuint(rounds, <, 100);
    VdBuffer b = { VD_DATA, 64, true };
    for (unsigned i = 0; i < 64; i++) {
        vd_add(&v, 2, &b, 1, false);
    }
    vd_kick(&v, 2);
    g_assert_cmpuint(vd_wait(&v, 2), ==, 8);
    g_assert_true(del(q, "p"));
    DO(q, "{\"execute\": \"chardev-remove\", \"arguments\": {\"id\": \"c\"}}");
}

/* ---- what stays ---- */

static void test_refused(QTest *q)
{
    static const char *const ids[] = { "spd", "nobody", "/machine/unattached/device[0]", "/machine",
                                       "/machine/unattached/device[3]", "/nonsense", "" };
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_assert_false(del(q, ids[i]));
    }
    g_assert_true(plug(q, "pc-testdev", "t", ""));
    g_assert_false(del(q, "t"));
    g_assert_true(plug(q, "pcnet", "n", ""));
    g_assert_true(del(q, "/machine/peripheral/n"));
}

/* A thousand times; the sanitizer looks for what was left. */
static void test_thousand(QTest *q)
{
    static const char *const types[] = { "pcnet", "e1000", "virtio-net-pci", "virtio-blk-pci" };
    g_autofree char *path = make_image();
    add_node(q, path);
    DO(q, "{\"execute\": \"netdev_add\", \"arguments\": {\"type\": \"hubport\", \"id\": \"n\", "
       "\"hubid\": 0}}");
    g_assert_true(plug(q, "virtio-scsi-pci", "s", ""));
    for (unsigned i = 0; i < 1000; i++) {
        const char *type = types[i % G_N_ELEMENTS(types)];
        bool disk = i % G_N_ELEMENTS(types) == 3;
        g_assert_true(plug(q, type, "d", disk ? ", \"addr\": \"c\", \"drive\": \"node\""
                                              : ", \"addr\": \"c\", \"netdev\": \"n\""));
        set_command(q, i & 1 ? COMMAND_MEM | COMMAND_MASTER : 0);
        set_command(q, COMMAND_MEM);
        g_assert_true(del(q, "d"));
        g_assert_true(plug(q, "scsi-hd", "u", ", \"drive\": \"node\""));
        g_assert_true(del(q, "u"));
    }
    qt_reset(q);
    DO(q, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"node\"}}");
    DO(q, "{\"execute\": \"netdev_del\", \"arguments\": {\"id\": \"n\"}}");
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qt_add("/hotplug/functions", NULL, test_functions);
    qt_add("/hotplug/interrupt", NULL, test_interrupt);
    qt_add("/hotplug/disk", NULL, test_disk);
    qt_add("/hotplug/units", NULL, test_units);
    qt_add("/hotplug/ports", NULL, test_ports);
    qt_add("/hotplug/refused", NULL, test_refused);
    qt_add("/hotplug/thousand", NULL, test_thousand);
    return g_test_run();
}
