/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-blk-pci: VIRTIO 1.1, section 5.2. */
#include "virtio.h"

#include <string.h>
#include <unistd.h>

#define SECTOR 512u
#define SECTORS 2048u
#define HEAD VD_DATA
#define STATUS (VD_DATA + 0x1000u)
#define DATA (VD_DATA + 0x2000u)
#define BIG_PIECE (UINT32_C(1) << 20)
#define BIG_PIECES 64u

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum { OK = 0, IOERR = 1, UNSUPP = 2 };
enum { F_FLUSH = 1 << 9, F_DISCARD = 1 << 13, F_WRITE_ZEROES = 1 << 14 };

static void start(Virtio *v, uint64_t features)
{
    vd_accept(v, features);
    vd_queue(v, 0);
    vd_ready(v);
}

static void put_head(Virtio *v, uint32_t type, uint64_t sector)
{
    vd_put(v, HEAD, 4, type);
    vd_put(v, HEAD + 4, 4, 0);
    vd_put(v, HEAD + 8, 8, sector);
    ram_put(v->q, STATUS, 1, 0xee);
}

/* A request with len bytes of data at DATA; its status. */
static unsigned ask(Virtio *v, uint32_t type, uint64_t sector, uint32_t len)
{
    bool in = type == IN || type == GET_ID;
    const VdBuffer b[] = { { HEAD, 16, false }, { DATA, len, in }, { STATUS, 1, true } };
    put_head(v, type, sector);
    if (len) {
        vd_do(v, 0, b, 3);
    } else {
        const VdBuffer two[] = { b[0], b[2] };
        vd_do(v, 0, two, 2);
    }
    return (unsigned)ram_get(v->q, STATUS, 1);
}

static void fill(Virtio *v, unsigned value, uint32_t len)
{
    g_autofree uint8_t *data = g_malloc(len);
    memset(data, (int)value, len);
    ram_write(v->q, DATA, data, len);
}

static void test_io(Virtio *v)
{
    char id[21] = { 0 };
    start(v, F_FLUSH);
    g_assert_cmpuint(vd_config(v, 0, 8), ==, SECTORS);
    g_assert_cmpuint(vd_config(v, 20, 4), ==, SECTOR);
    fill(v, 0x5a, 2 * SECTOR);
    g_assert_cmpuint(ask(v, OUT, 3, 2 * SECTOR), ==, OK);
    g_assert_cmphex(vd_isr(v), ==, 1);
    g_assert_cmphex(vd_isr(v), ==, 0);
    fill(v, 0, 4 * SECTOR);
    g_assert_cmpuint(ask(v, IN, 2, 4 * SECTOR), ==, OK);
    g_assert_cmphex(ram_get(v->q, DATA, 1), ==, 2);             /* sector 2 as the image has it */
    g_assert_cmphex(ram_get(v->q, DATA + SECTOR, 8), ==, 0x5a5a5a5a5a5a5a5a);
    g_assert_cmphex(ram_get(v->q, DATA + 3 * SECTOR, 1), ==, 5);
    g_assert_cmpuint(ask(v, FLUSH, 0, 0), ==, OK);
    g_assert_cmpuint(ask(v, GET_ID, 0, 20), ==, OK);
    ram_read(v->q, DATA, id, 20);
    g_assert_cmpstr(id, ==, "abc");
}

static void test_bad(Virtio *v)
{
    start(v, 0);
    g_assert_cmpuint(ask(v, IN, SECTORS, SECTOR), ==, IOERR);
    g_assert_cmpuint(ask(v, IN, SECTORS - 1, 2 * SECTOR), ==, IOERR);
    g_assert_cmpuint(ask(v, IN, UINT64_MAX, SECTOR), ==, IOERR);
    g_assert_cmpuint(ask(v, OUT, 0, 100), ==, IOERR);
    g_assert_cmpuint(ask(v, IN, 0, 0), ==, IOERR);
    g_assert_cmpuint(ask(v, 77, 0, 0), ==, UNSUPP);
    g_assert_cmpuint(ask(v, DISCARD, 0, 16), ==, UNSUPP);       /* was not accepted */
    /* No room for a status: the device must be reset, and works then. */
    vd_isr(v);
    const VdBuffer head = { HEAD, 16, false };
    vd_add(v, 0, &head, 1, false);
    vd_kick(v, 0);
    g_assert_cmphex(vd_status(v) & VD_NEEDS_RESET, ==, VD_NEEDS_RESET);
    g_assert_cmphex(vd_isr(v) & 2, ==, 2);
    vd_reset(v);
    start(v, 0);
    g_assert_cmpuint(ask(v, IN, 9, SECTOR), ==, OK);
    g_assert_cmphex(ram_get(v->q, DATA, 1), ==, 9);
}

/* A chain that is a circle, one beyond memory, one that is to be read after one to be written. */
static void test_bad_chains(Virtio *v)
{
    const VdBuffer beyond = { UINT64_C(0x7fffffff0000), 16, false };
    const VdBuffer turned[] = { { STATUS, 1, true }, { HEAD, 16, false } };
    for (int i = 0; i < 3; i++) {
        vd_reset(v);
        start(v, 0);
        uint16_t head = vd_add(v, 0, i == 1 ? &beyond : turned, i == 1 ? 1 : 2, false);
        if (i == 0) {
            vd_put(v, v->queue[0].desc + 16u * head + 14, 2, head);
        }
        vd_kick(v, 0);
        g_assert_cmphex(vd_status(v) & VD_NEEDS_RESET, ==, VD_NEEDS_RESET);
    }
}

static unsigned ask_range(Virtio *v, uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
    vd_put(v, DATA, 8, sector);
    vd_put(v, DATA + 8, 4, sectors);
    vd_put(v, DATA + 12, 4, flags);
    return ask(v, type, 0, 16);
}

static void test_ranges(Virtio *v)
{
    start(v, F_DISCARD | F_WRITE_ZEROES);
    g_assert_cmpuint(ask_range(v, WRITE_ZEROES, 20, 2, 0), ==, OK);
    g_assert_cmpuint(ask_range(v, WRITE_ZEROES, 30, 1, 1), ==, OK);     /* may be unmapped */
    g_assert_cmpuint(ask(v, IN, 19, 4 * SECTOR), ==, OK);
    g_assert_cmphex(ram_get(v->q, DATA, 1), ==, 19);
    g_assert_cmphex(ram_get(v->q, DATA + SECTOR, 8), ==, 0);
    g_assert_cmphex(ram_get(v->q, DATA + 2 * SECTOR, 8), ==, 0);
    g_assert_cmphex(ram_get(v->q, DATA + 3 * SECTOR, 1), ==, 22);
    g_assert_cmpuint(ask(v, IN, 30, SECTOR), ==, OK);
    g_assert_cmphex(ram_get(v->q, DATA, 8), ==, 0);
    g_assert_cmpuint(ask_range(v, DISCARD, 40, 8, 0), ==, OK);
    g_assert_cmpuint(ask_range(v, DISCARD, 40, 8, 1), ==, UNSUPP);
    g_assert_cmpuint(ask_range(v, WRITE_ZEROES, 40, 8, 2), ==, UNSUPP);
    g_assert_cmpuint(ask_range(v, DISCARD, SECTORS - 1, 2, 0), ==, IOERR);
    g_assert_cmpuint(ask_range(v, WRITE_ZEROES, UINT64_MAX, 2, 0), ==, IOERR);
}

static void test_resize(Virtio *v)
{
    start(v, 0);
    g_assert_cmphex(vd_isr(v), ==, 0);
    JsonNode *done = qt_qmp(v->q, "{\"execute\": \"block_resize\", \"arguments\": {\"device\": \"d\", "
                            "\"size\": 2097152}}");
    g_assert_nonnull(done);
    json_node_unref(done);
    g_assert_cmphex(vd_isr(v), ==, 2);
    g_assert_cmpuint(vd_config(v, 0, 8), ==, 4096);
    g_assert_cmpuint(ask(v, IN, 4095, SECTOR), ==, OK);
    done = qt_qmp(v->q, "{\"execute\": \"block_resize\", \"arguments\": {\"device\": \"d\", "
                  "\"size\": 1048576}}");
    g_assert_nonnull(done);
    json_node_unref(done);
    g_assert_cmpuint(ask(v, IN, 4095, SECTOR), ==, IOERR);
}

static void test_rings(Virtio *v)
{
    const VdBuffer b[] = { { HEAD, 16, false }, { DATA, SECTOR, true }, { STATUS, 1, true } };
    start(v, VD_INDIRECT | VD_EVENT_IDX);
    put_head(v, IN, 7);
    vd_add(v, 0, b, 3, true);
    vd_kick(v, 0);
    g_assert_cmpuint(vd_wait(v, 0), ==, SECTOR + 1);
    g_assert_cmphex(ram_get(v->q, DATA, 1), ==, 7);
    vd_isr(v);
    vd_put(v, v->queue[0].avail + 4 + 2u * v->queue[0].size, 2, 2);     /* used_event: after the third */
    ask(v, IN, 1, SECTOR);
    g_assert_cmphex(vd_isr(v), ==, 0);
    ask(v, IN, 1, SECTOR);
    g_assert_cmphex(vd_isr(v), ==, 1);
    /* Around the rings' ends, and then some. */
    for (unsigned i = 0; i < 3u * v->queue[0].size; i++) {
        put_head(v, GET_ID, 0);
        vd_add(v, 0, b, 3, false);
        vd_kick(v, 0);
        vd_wait(v, 0);
    }
}

/* Reads that take a while: no more than the queue has entries, and a reset in the middle of them. */
static void test_in_flight(Virtio *v)
{
    static VdBuffer b[BIG_PIECES + 2];
    b[0] = (VdBuffer){ HEAD, 16, false };
    for (unsigned i = 1; i <= BIG_PIECES; i++) {
        b[i] = (VdBuffer){ DATA, BIG_PIECE, true };
    }
    b[BIG_PIECES + 1] = (VdBuffer){ STATUS, 1, true };
    start(v, VD_INDIRECT);
    g_assert_cmpuint(v->queue[0].size, ==, 4);
    put_head(v, IN, 0);
    for (unsigned i = 0; i < 4; i++) {
        vd_add(v, 0, b, BIG_PIECES + 2, true);
    }
    vd_kick(v, 0);
    vd_put(v, v->queue[0].avail + 2, 2, 8);                     /* the same ones again */
    vd_kick(v, 0);
    g_assert_cmphex(vd_status(v) & VD_NEEDS_RESET, ==, VD_NEEDS_RESET);
    vd_reset(v);
    start(v, VD_INDIRECT);
    g_assert_cmpuint(ask(v, IN, 0, SECTOR), ==, OK);
    /* A queue is taken out of use, or the device reset, under them; nothing comes afterwards. */
    put_head(v, IN, 0);
    vd_add(v, 0, b, BIG_PIECES + 2, true);
    vd_kick(v, 0);
    if (v->legacy) {
        le_write(v->q, QT_IO + 0x2000 + 8, 0, 4);
    }
    vd_reset(v);
    start(v, 0);
    g_usleep(50000);
    uint32_t len;
    g_assert_false(vd_used(v, 0, &len));
    g_assert_cmpuint(ask(v, IN, 0, SECTOR), ==, OK);
}

static gint64 statistic(QTest *q, const char *name)
{
    JsonNode *node = qt_qmp(q, "{\"execute\": \"query-blockstats\"}");
    JsonObject *first = json_array_get_object_element(json_node_get_array(node), 0);
    gint64 value = json_object_get_int_member(json_object_get_object_member(first, "stats"), name);
    json_node_unref(node);
    return value;
}

/* A reset waits for what is being done, and not for what has not begun. */
static void test_cancel(Virtio *v)
{
    static VdBuffer b[BIG_PIECES + 2];
    b[0] = (VdBuffer){ HEAD, 16, false };
    for (unsigned i = 1; i <= BIG_PIECES; i++) {
        b[i] = (VdBuffer){ DATA, BIG_PIECE, true };
    }
    b[BIG_PIECES + 1] = (VdBuffer){ STATUS, 1, true };
    start(v, VD_INDIRECT);
    put_head(v, IN, 0);
    vd_add(v, 0, b, BIG_PIECES + 2, true);
    for (unsigned i = 1; i < v->queue[0].size; i++) {           /* the same one, that is */
        vd_put(v, v->queue[0].avail + 4 + 2 * i, 2, 0);
    }
    vd_put(v, v->queue[0].avail + 2, 2, v->queue[0].size);
    vd_kick(v, 0);
    vd_reset(v);
    g_assert_cmpint(statistic(v->q, "failed_rd_operations"), >, 0);
    start(v, 0);
    g_assert_cmpuint(ask(v, IN, 0, SECTOR), ==, OK);
}

/* What a 1.x driver must do, and what cannot be changed once it is running. */
static void test_rules(Virtio *v)
{
    start(v, 0);
    if (v->legacy) {
        le_write(v->q, QT_IO + 0x2000 + 4, VD_EVENT_IDX, 4);    /* too late */
        g_assert_cmphex(le_read(v->q, QT_IO + 0x2000 + 4, 4), ==, 0);
        return;
    }
    le_write(v->q, 0x12100000 + 0x16, 0, 2);
    le_write(v->q, 0x12100000 + 0x18, 8, 2);                    /* the queue is enabled */
    g_assert_cmpuint(le_read(v->q, 0x12100000 + 0x18, 2), ==, v->queue[0].size);
    le_write(v->q, 0x12100000 + 0x14, 0, 1);
    le_write(v->q, 0x12100000 + 0x08, 0, 4);
    le_write(v->q, 0x12100000 + 0x0c, 0, 4);
    le_write(v->q, 0x12100000 + 0x14, VD_ACK | VD_DRIVER | VD_FEATURES_OK, 1);
    g_assert_cmphex(vd_status(v), ==, VD_ACK | VD_DRIVER);      /* without VERSION_1 */
}

/* 1.x is little endian from its first read on, whatever the guest is and has accepted. */
static void test_early(Virtio *v)
{
    vd_reset(v);
    g_assert_cmpuint(vd_config(v, 0, 8), ==, SECTORS);
    g_assert_cmpuint(vd_config(v, 20, 4), ==, SECTOR);
}

static char *image(bool big)
{
    char *path;
    g_autofree char *data = g_malloc0(SECTORS * SECTOR);
    for (unsigned i = 0; i < SECTORS; i++) {
        data[i * SECTOR] = (char)i;
    }
    close(g_file_open_tmp("valletta-vblk-XXXXXX", &path, NULL));
    g_assert_true(g_file_set_contents(path, data, SECTORS * SECTOR, NULL));
    g_assert_cmpint(truncate(path, big ? 256 << 20 : SECTORS * SECTOR), ==, 0);
    return path;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *disk = image(false), *big = image(true);
    g_autofree char *args = g_strdup_printf("-drive file=%s,format=raw,if=none,id=d,discard=unmap "
                                            "-device virtio-blk-pci,drive=d,serial=abc,addr=0d", disk);
    g_autofree char *slow = g_strdup_printf("-drive file=%s,format=raw,if=none,id=d "
                                            "-device virtio-blk-pci,drive=d,addr=0d,queue-size=4", big);
    g_autofree char *many = g_strdup_printf("-drive file=%s,format=raw,if=none,id=d "
                                            "-device virtio-blk-pci,drive=d,addr=0d,queue-size=256", big);
    vd_add_test("/virtio-blk/io", args, test_io);
    vd_add_test("/virtio-blk/early", args, test_early);
    vd_add_test("/virtio-blk/bad", args, test_bad);
    vd_add_test("/virtio-blk/bad-chains", args, test_bad_chains);
    vd_add_test("/virtio-blk/resize", args, test_resize);
    vd_add_test("/virtio-blk/rings", args, test_rings);
    vd_add_test("/virtio-blk/rules", args, test_rules);
    vd_add_test("/virtio-blk/in-flight", slow, test_in_flight);
    vd_add_test("/virtio-blk/cancel", many, test_cancel);
    vd_add_test("/virtio-blk/ranges", args, test_ranges);
    int result = g_test_run();
    unlink(disk);
    unlink(big);
    return result;
}
