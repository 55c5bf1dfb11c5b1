/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio-scsi-pci with scsi-hd and scsi-cd: VIRTIO 1.1, section 5.6; SPC-3; SBC-3. */
#include "virtio.h"

#include <string.h>
#include <unistd.h>
#include "util/bits.h"

#define BLOCK 512u
#define BLOCKS 2048u
#define COMMAND VD_DATA
#define ANSWER (VD_DATA + 0x1000u)
#define DATA (VD_DATA + 0x2000u)
#define HEAD 51u                    /* bytes in front of the data to the device */
#define ANSWER_BYTES 108u

enum { F_HOTPLUG = 1 << 1, F_CHANGE = 1 << 2 };
enum { OK = 0, OVERRUN = 1, BAD_TARGET = 3 };

typedef struct {
    unsigned response, status, key, asc, residue;
} Answer;

static void start(Virtio *v)
{
    vd_accept(v, F_HOTPLUG | F_CHANGE);
    for (unsigned n = 0; n < 3; n++) {
        vd_queue(v, n);
    }
    vd_ready(v);
}

/* A command for a target and unit, with out bytes at DATA to it and room for in bytes there. */
static Answer ask(Virtio *v, unsigned target, unsigned lun, const uint8_t *cdb, size_t len, uint32_t out,
                  uint32_t in)
{
    uint8_t head[HEAD] = { 1, (uint8_t)target, 0x40, (uint8_t)lun }, got[ANSWER_BYTES];
    VdBuffer b[] = { { COMMAND, HEAD, false }, { DATA, out, false }, { ANSWER, ANSWER_BYTES, true },
                     { DATA, in, true } };
    memcpy(head + 19, cdb, len);
    ram_write(v->q, COMMAND, head, HEAD);
    if (!out) {
        b[1] = b[2];
        b[2] = b[3];
    }
    vd_do(v, 2, b, 2u + (out != 0) + (in != 0));
    ram_read(v->q, ANSWER, got, ANSWER_BYTES);
    return (Answer){ got[11], got[10], got[12 + 2] & 15, got[12 + 12],
                     (unsigned)vd_get(v, ANSWER + 4, 4) };
}

#define ASK(v, lun, out, in, ...) \
    ask(v, 0, lun, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), out, in)

static void expect_good(Answer a)
{
    g_assert_cmpuint(a.response, ==, OK);
    g_assert_cmphex(a.status, ==, 0);
}

static void expect_check(Answer a, unsigned key, unsigned asc)
{
    g_assert_cmpuint(a.response, ==, OK);
    g_assert_cmphex(a.status, ==, 2);
    g_assert_cmphex(a.key, ==, key);
    g_assert_cmphex(a.asc, ==, asc);
}

static void fill(Virtio *v, unsigned value, uint32_t len)
{
    g_autofree uint8_t *data = g_malloc(len);
    memset(data, (int)value, len);
    ram_write(v->q, DATA, data, len);
}

static uint64_t be(Virtio *v, unsigned at, unsigned size)
{
    uint8_t bytes[8];
    ram_read(v->q, DATA + at, bytes, size);
    return load_be(bytes, size);
}

static void test_inquiry(Virtio *v)
{
    char text[9] = { 0 };
    start(v);
    expect_good(ASK(v, 0, 0, 36, 0x12, 0, 0, 0, 36));
    ram_read(v->q, DATA + 8, text, 8);
    g_assert_cmpstr(text, ==, "VALLETTA");
    g_assert_cmphex(be(v, 0, 4), ==, 0x00000502);
    expect_check(ASK(v, 0, 0, 0, 0x00), 6, 0x29);               /* power on */
    expect_good(ASK(v, 0, 0, 0, 0x00));
    static const uint8_t pages[] = { 0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2 };
    for (unsigned i = 0; i < sizeof(pages); i++) {
        expect_good(ASK(v, 0, 0, 255, 0x12, 1, pages[i], 0, 255));
        g_assert_cmphex(be(v, 1, 1), ==, pages[i]);
        g_assert_cmpuint(be(v, 2, 2), >, 0);
        for (unsigned n = 0; n < sizeof(pages) && i == 0; n++) {
            g_assert_cmphex(be(v, 4 + n, 1), ==, pages[n]);
        }
        if (pages[i] == 0x80) {
            g_assert_cmphex(be(v, 4, 2), ==, 'h' << 8 | 'd');
        } else if (pages[i] == 0x83) {                          /* the second: NAA */
            g_assert_cmphex(be(v, 4 + 14, 2), ==, 0x0103);
            g_assert_cmphex(be(v, 4 + 18, 8), ==, 0x5000c50012345678);
            g_assert_cmphex(be(v, 4 + 26, 8), ==, 0x0200000468657265);      /* "here" */
        }
    }
    expect_check(ASK(v, 0, 0, 255, 0x12, 1, 0x77, 0, 255), 5, 0x24);
    expect_check(ASK(v, 0, 0, 0, 0xff), 5, 0x20);
    /* A unit that is not there, a target that is not, and those that are. */
    expect_good(ASK(v, 5, 0, 36, 0x12, 0, 0, 0, 36));
    g_assert_cmphex(be(v, 0, 1), ==, 0x7f);
    expect_check(ASK(v, 5, 0, 0, 0x00), 5, 0x25);
    g_assert_cmpuint(ask(v, 7, 0, (const uint8_t[]){ 0 }, 1, 0, 0).response, ==, BAD_TARGET);
    expect_good(ASK(v, 0, 0, 64, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64));
    g_assert_cmpuint(be(v, 0, 4), ==, 16);
    g_assert_cmphex(be(v, 16, 2), ==, 1);
}

static void test_io(Virtio *v)
{
    start(v);
    ASK(v, 0, 0, 0, 0x00);
    expect_good(ASK(v, 0, 0, 8, 0x25));
    g_assert_cmpuint(be(v, 0, 4), ==, BLOCKS - 1);
    expect_good(ASK(v, 0, 0, 32, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32));
    g_assert_cmpuint(be(v, 0, 8), ==, BLOCKS - 1);
    fill(v, 0x66, 2 * BLOCK);
    expect_good(ASK(v, 0, 2 * BLOCK, 0, 0x2a, 8, 0, 0, 0, 9, 0, 0, 2));         /* with FUA */
    fill(v, 0x77, BLOCK);
    expect_good(ASK(v, 0, BLOCK, 0, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 1));
    fill(v, 0, 4 * BLOCK);
    expect_good(ASK(v, 0, 0, 4 * BLOCK, 0x08, 0, 0, 8, 4));                     /* READ (6) */
    g_assert_cmphex(be(v, 0, 1), ==, 8);
    g_assert_cmphex(be(v, BLOCK, 2), ==, 0x6666);
    g_assert_cmphex(be(v, 2 * BLOCK, 2), ==, 0x7777);
    g_assert_cmphex(be(v, 3 * BLOCK, 1), ==, 11);
    expect_good(ASK(v, 0, 0, BLOCK, 0x88, 0, 0, 0, 0, 0, 0, 0, 7, 255, 0, 0, 0, 1));
    g_assert_cmphex(be(v, 0, 1), ==, 0xff);
    expect_good(ASK(v, 0, 0, 0, 0x35));
    expect_good(ASK(v, 0, 0, 0, 0x2f, 0, 0, 0, 0, 0, 0, 1, 0));
    expect_check(ASK(v, 0, 0, BLOCK, 0x28, 0, 0, 0, 8, 0, 0, 0, 1), 5, 0x21);
    expect_check(ASK(v, 0, 0, BLOCK, 0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1), 5, 0x21);
    Answer a = ASK(v, 0, 0, BLOCK, 0x28, 0, 0, 0, 0, 0, 0, 0, 2);
    g_assert_cmpuint(a.response, ==, OVERRUN);
    a = ASK(v, 0, 0, 4 * BLOCK, 0x28, 0, 0, 0, 0, 0, 0, 0, 1);
    expect_good(a);
    g_assert_cmpuint(a.residue, ==, 3 * BLOCK);
    expect_good(ASK(v, 0, 0, 64, 0x1a, 0, 8, 0, 64));           /* caching page: the write cache is on */
    g_assert_cmphex(be(v, 4, 1), ==, 8);
    g_assert_cmphex(be(v, 6, 1), ==, 4);
    expect_good(ASK(v, 0, 0, 64, 0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 64));
    g_assert_cmpuint(be(v, 0, 2), ==, 6 + 12 + 20 + 12);
}

static void test_unmap(Virtio *v)
{
    static const uint8_t list[24] = { 0, 22, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 4 };
    start(v);
    ASK(v, 0, 0, 0, 0x00);
    ram_write(v->q, DATA, list, sizeof(list));
    expect_good(ASK(v, 0, 24, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 24));
    ram_put(v->q, DATA + 8, 1, 1);                              /* far away */
    expect_check(ASK(v, 0, 24, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 24), 5, 0x21);
    /* WRITE SAME: zeros, with and without data, and a pattern. */
    fill(v, 0, BLOCK);
    expect_good(ASK(v, 0, BLOCK, 0, 0x93, 8, 0, 0, 0, 0, 0, 0, 0, 30, 0, 0, 0, 2));
    expect_good(ASK(v, 0, 0, 0, 0x93, 1, 0, 0, 0, 0, 0, 0, 0, 33, 0, 0, 0, 1));
    fill(v, 0x42, BLOCK);
    expect_good(ASK(v, 0, BLOCK, 0, 0x93, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0));
    expect_check(ASK(v, 0, BLOCK, 0, 0x93, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0), 5, 0x24);
    expect_good(ASK(v, 0, 0, 5 * BLOCK, 0x28, 0, 0, 0, 0, 30, 0, 0, 5));
    g_assert_cmphex(be(v, 0, 8), ==, 0);
    g_assert_cmphex(be(v, BLOCK, 8), ==, 0);
    g_assert_cmphex(be(v, 2 * BLOCK, 1), ==, 32);
    g_assert_cmphex(be(v, 3 * BLOCK, 8), ==, 0);
    g_assert_cmphex(be(v, 4 * BLOCK, 1), ==, 34);
    for (unsigned at = 256; at < 768; at += 511) {
        expect_good(ASK(v, 0, 0, BLOCK, 0x28, 0, 0, 0, (uint8_t)(at >> 8), (uint8_t)at, 0, 0, 1));
        g_assert_cmphex(be(v, BLOCK - 8, 8), ==, 0x4242424242424242);
    }
}

/* The size of a disk changes: the next command is told, and the driver at once. */
static void test_change(Virtio *v)
{
    const VdBuffer event = { DATA + 0x1000, 16, true };
    start(v);
    ASK(v, 0, 0, 0, 0x00);
    vd_add(v, 1, &event, 1, false);
    vd_kick(v, 1);
    JsonNode *done = qt_qmp(v->q, "{\"execute\": \"block_resize\", \"arguments\": {\"device\": \"d\", "
                            "\"size\": 2097152}}");
    g_assert_nonnull(done);
    json_node_unref(done);
    g_assert_cmpuint(vd_wait(v, 1), ==, 16);
    g_assert_cmpuint(vd_get(v, DATA + 0x1000, 4), ==, 3);
    g_assert_cmphex(vd_get(v, DATA + 0x100c, 4), ==, 0x092a);
    expect_check(ASK(v, 0, 0, 0, 0x00), 6, 0x2a);
    expect_good(ASK(v, 0, 0, 8, 0x25));
    g_assert_cmpuint(be(v, 0, 4), ==, 4095);
}

/* The reader at unit 1: its medium is taken out. */
static void test_cd(Virtio *v)
{
    start(v);
    ASK(v, 1, 0, 0, 0x00);
    expect_good(ASK(v, 1, 0, 8, 0x25));
    g_assert_cmpuint(be(v, 0, 4), ==, BLOCKS / 4 - 1);
    g_assert_cmpuint(be(v, 4, 4), ==, 2048);
    expect_good(ASK(v, 1, 0, 4096, 0x28, 0, 0, 0, 0, 2, 0, 0, 2));
    g_assert_cmphex(be(v, 0, 1), ==, 8);
    g_assert_cmphex(be(v, 2048 + BLOCK, 1), ==, 13);
    expect_good(ASK(v, 1, 0, 64, 0x1a, 0, 0x2a, 0, 64));
    g_assert_cmphex(be(v, 4, 1), ==, 0x2a);
    expect_check(ASK(v, 1, 0, 4096, 0x28, 0, 0, 0, 0x10, 0, 0, 0, 1), 5, 0x21);
    JsonNode *done = qt_qmp(v->q, "{\"execute\": \"eject\", \"arguments\": {\"device\": \"c\"}}");
    g_assert_nonnull(done);
    json_node_unref(done);
    expect_check(ASK(v, 1, 0, 0, 0x00), 2, 0x3a);
}

static char *image(void)
{
    char *path;
    g_autofree char *data = g_malloc0(BLOCKS * BLOCK);
    for (unsigned i = 0; i < BLOCKS; i++) {
        data[i * BLOCK] = (char)i;
    }
    close(g_file_open_tmp("valletta-scsi-XXXXXX", &path, NULL));
    g_assert_true(g_file_set_contents(path, data, BLOCKS * BLOCK, NULL));
    return path;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *disk = image(), *cd = image();
    g_autofree char *args = g_strdup_printf("-device virtio-scsi-pci,addr=0d "
        "-drive file=%s,format=raw,if=none,id=d,discard=unmap "
        "-device scsi-hd,drive=d,serial=hd,wwn=0x5000c50012345678,device_id=here "
        "-drive file=%s,format=raw,if=none,id=c,media=cdrom -device scsi-cd,drive=c,scsi-id=0", disk, cd);
    vd_add_test("/virtio-scsi/inquiry", args, test_inquiry);
    vd_add_test("/virtio-scsi/io", args, test_io);
    vd_add_test("/virtio-scsi/cd", args, test_cd);
    vd_add_test("/virtio-scsi/change", args, test_change);
    vd_add_test("/virtio-scsi/unmap", args, test_unmap);
    int result = g_test_run();
    unlink(disk);
    unlink(cd);
    return result;
}
