/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk on virtio, "virtio-blk-pci": VIRTIO 1.1, section 5.2. Not modelled: zoned disks, lifetime, secure
 * erase, SCSI commands of the legacy interface.
 */
#include <errno.h>
#include <string.h>
#include "block/block.h"
#include "hw/virtio/virtio.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/log.h"

enum { F_SEG_MAX = 1 << 2, F_GEOMETRY = 1 << 4, F_RO = 1 << 5, F_BLK_SIZE = 1 << 6, F_FLUSH = 1 << 9,
       F_TOPOLOGY = 1 << 10, F_CONFIG_WCE = 1 << 11, F_MQ = 1 << 12, F_DISCARD = 1 << 13,
       F_WRITE_ZEROES = 1 << 14 };
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

#define MAX_QUEUES 16u
#define HEADER 16u
#define ID_BYTES 20u
#define RANGE 16u
#define RANGE_UNMAP 1u
#define MAX_RANGE_SECTORS (UINT32_MAX / 2 / BLOCK_SECTOR)
#define HEADS 16u
#define SECTORS 63u

typedef struct {
    VirtioDevice v;
    BlockUser *block;
    char *drive, *serial;       /* properties */
    uint32_t queue_size, queues, boot_index;
    uint32_t logical, physical; /* block sizes, bytes; physical 0: the same */
    bool write_cache, discard, write_zeroes;
    bool caching;               /* the write cache as the driver wants it */
} VirtioBlk;

typedef struct {
    VirtioBlk *d;
    VirtQueue *q;
    VirtqElement e;
    BlockRequest request;
    uint32_t type;
    struct iovec *iov;          /* the data */
    unsigned niov;
    uint64_t bytes;             /* of it */
    bool unmap;
} Request;

/* ---- the end of a request ---- */

/* The status is the last byte that the driver gave room for. */
static void finish(Request *r, uint8_t status)
{
    const struct iovec *in = dma_list_iov(&r->e.in);
    uint64_t last = r->e.in.bytes - 1;
    iov_from_buf(in, r->e.in.iov->len, last, &status, 1);
    /* On failure what was read may be anything, but it has been written. */
    virtq_push(r->q, &r->e, r->e.in.bytes);
    g_free(r->iov);
    g_free(r);
}

static void request_done(BlockRequest *request, int error)
{
    Request *r = request->opaque;
    VirtQueue *q = r->q;
    finish(r, error ? error == -ENOTSUP ? S_UNSUPP : S_IOERR : S_OK);
    virtq_notify(q);
}

/* ---- what a driver asks for ---- */

static uint64_t capacity(const VirtioBlk *d)
{
    return block_size(block_user_node(d->block)) / BLOCK_SECTOR;
}

static void submit(Request *r, BlockOp op, uint64_t offset, uint64_t bytes)
{
    r->request = (BlockRequest){
        .op = op, .offset = offset, .bytes = bytes, .iov = r->iov, .niov = r->niov, .unmap = r->unmap,
        .done = request_done, .opaque = r,
    };
    block_submit(r->d->block, &r->request);
}

/* The data's part of a list, as a list of its own. */
static void take_data(Request *r, const DmaList *list, uint64_t skip, uint64_t bytes)
{
    r->iov = g_new(struct iovec, list->iov->len + 1);
    r->niov = iov_part(r->iov, dma_list_iov(list), list->iov->len, skip, bytes);
    r->bytes = bytes;
}

static bool in_range(const VirtioBlk *d, uint64_t sector, uint64_t sectors)
{
    return sector <= capacity(d) && sectors <= capacity(d) - sector;
}

/* Returns S_OK when it is under way. */
static uint8_t transfer(Request *r, uint64_t sector)
{
    VirtioBlk *d = r->d;
    bool write = r->type == T_OUT;
    if (write) {
        take_data(r, &r->e.out, HEADER, r->e.out.bytes - HEADER);
    } else {
        take_data(r, &r->e.in, 0, r->e.in.bytes - 1);
    }
    if (r->bytes == 0 || r->bytes % d->logical || sector % (d->logical / BLOCK_SECTOR) ||
        !in_range(d, sector, r->bytes / BLOCK_SECTOR) || (write && virtio_has(&d->v, F_RO))) {
        return S_IOERR;
    }
    submit(r, write ? BLOCK_WRITE : BLOCK_READ, sector * BLOCK_SECTOR, 0);
    return S_OK;
}

/* One range: the configuration says that a request has no more. */
static uint8_t range_request(Request *r)
{
    VirtioBlk *d = r->d;
    uint8_t bytes[RANGE];
    if (r->e.out.bytes != HEADER + RANGE || virtio_has(&d->v, F_RO)) {
        return r->e.out.bytes < HEADER + RANGE ? S_IOERR : S_UNSUPP;
    }
    iov_to_buf(dma_list_iov(&r->e.out), r->e.out.iov->len, HEADER, bytes, RANGE);
    uint64_t sector = virtio_get(&d->v, bytes, 8), sectors = virtio_get(&d->v, bytes + 8, 4);
    uint32_t flags = (uint32_t)virtio_get(&d->v, bytes + 12, 4);
    bool zero = r->type == T_WRITE_ZEROES;
    if ((flags & ~RANGE_UNMAP) || (!zero && flags)) {
        return S_UNSUPP;
    }
    if (!sectors || sectors > MAX_RANGE_SECTORS || !in_range(d, sector, sectors)) {
        return S_IOERR;
    }
    r->unmap = flags & RANGE_UNMAP;
    submit(r, zero ? BLOCK_ZERO : BLOCK_DISCARD, sector * BLOCK_SECTOR, sectors * BLOCK_SECTOR);
    return S_OK;
}

static void get_id(Request *r)
{
    char id[ID_BYTES] = { 0 };
    const char *serial = r->d->serial ? r->d->serial : "";
    memcpy(id, serial, MIN(strlen(serial), ID_BYTES));
    uint64_t room = MIN(r->e.in.bytes - 1, ID_BYTES);
    iov_from_buf(dma_list_iov(&r->e.in), r->e.in.iov->len, 0, id, room);
    finish(r, S_OK);
}

/* Begins a request; what does not go to the image is over at once. */
static void begin(Request *r, const uint8_t *header)
{
    VirtioBlk *d = r->d;
    uint8_t status = S_UNSUPP;
    r->type = (uint32_t)virtio_get(&d->v, header, 4);
    switch (r->type) {
    case T_IN:
    case T_OUT:
        status = transfer(r, virtio_get(&d->v, header + 8, 8));
        break;
    case T_FLUSH:
        submit(r, BLOCK_FLUSH, 0, 0);
        return;
    case T_GET_ID:
        get_id(r);
        return;
    case T_DISCARD:
        status = virtio_has(&d->v, F_DISCARD) ? range_request(r) : S_UNSUPP;
        break;
    case T_WRITE_ZEROES:
        status = virtio_has(&d->v, F_WRITE_ZEROES) ? range_request(r) : S_UNSUPP;
        break;
    }
    if (status != S_OK) {
        finish(r, status);
    }
}

static bool next_request(VirtioBlk *d, VirtQueue *q)
{
    uint8_t header[HEADER];
    Request *r = g_new0(Request, 1);
    r->d = d;
    r->q = q;
    if (!virtq_pop(q, &r->e)) {
        g_free(r);
        return false;
    }
    if (r->e.out.bytes < HEADER || r->e.in.bytes < 1) {
        virtio_broken(&d->v, "a request without header or without room for its status");
        virtq_push(q, &r->e, 0);
        g_free(r);
        return false;
    }
    iov_to_buf(dma_list_iov(&r->e.out), r->e.out.iov->len, 0, header, HEADER);
    begin(r, header);
    return true;
}

static void notified(VirtioDevice *vdev, VirtQueue *q)
{
    VirtioBlk *d = (VirtioBlk *)vdev;
    unsigned before = q->next_used;
    do {
        virtq_set_silent(q, true);
        while (next_request(d, q)) {
        }
    } while (virtq_set_silent(q, false));
    if (q->next_used != before) {
        virtq_notify(q);
    }
}

/* ---- configuration: section 5.2.4 ---- */

static void get_config(VirtioDevice *vdev, uint8_t *c)
{
    VirtioBlk *d = (VirtioBlk *)vdev;
    uint64_t sectors = capacity(d);
    unsigned physical = d->physical ? d->physical : d->logical;
    virtio_put(vdev, c, 8, sectors);
    virtio_put(vdev, c + 12, 4, d->queue_size - 2);
    virtio_put(vdev, c + 16, 2, MIN(sectors / (HEADS * SECTORS), 65535));
    c[18] = HEADS;
    c[19] = SECTORS;
    virtio_put(vdev, c + 20, 4, d->logical);
    c[24] = (uint8_t)g_bit_nth_msf(physical / d->logical, -1);
    virtio_put(vdev, c + 26, 2, physical / d->logical);
    c[32] = d->caching;
    virtio_put(vdev, c + 34, 2, d->queues);
    virtio_put(vdev, c + 36, 4, MAX_RANGE_SECTORS);
    virtio_put(vdev, c + 40, 4, 1);
    virtio_put(vdev, c + 44, 4, d->logical / BLOCK_SECTOR);
    virtio_put(vdev, c + 48, 4, MAX_RANGE_SECTORS);
    virtio_put(vdev, c + 52, 4, 1);
    c[56] = 1;
}

static void set_caching(VirtioBlk *d, bool on)
{
    d->caching = on;
    block_user_set_write_cache(d->block, on);
}

static void set_config(VirtioDevice *vdev, const uint8_t *c)
{
    if (virtio_has(vdev, F_CONFIG_WCE)) {
        set_caching((VirtioBlk *)vdev, c[32] & 1);
    }
}

static uint64_t features(VirtioDevice *vdev)
{
    VirtioBlk *d = (VirtioBlk *)vdev;
    uint64_t f = F_SEG_MAX | F_GEOMETRY | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY | F_CONFIG_WCE;
    f |= block_read_only(block_user_node(d->block)) ? F_RO : 0;
    f |= d->queues > 1 ? F_MQ : 0;
    f |= d->discard ? F_DISCARD : 0;
    return f | (d->write_zeroes ? F_WRITE_ZEROES : 0);
}

/* A driver that does not know of FLUSH relies on every write being safe. */
static void started(VirtioDevice *vdev)
{
    VirtioBlk *d = (VirtioBlk *)vdev;
    set_caching(d, virtio_has(vdev, F_FLUSH) && d->write_cache);
}

static void drain(VirtioDevice *vdev)
{
    block_cancel(((VirtioBlk *)vdev)->block);
}

static void reset(VirtioDevice *vdev)
{
    set_caching((VirtioBlk *)vdev, ((VirtioBlk *)vdev)->write_cache);
}

/* ---- the device ---- */

static void size_changed(void *opaque)
{
    virtio_config_changed(opaque);
}

static bool check_properties(VirtioBlk *d, GError **err)
{
    const char *name = device_name(&d->v.pci.dev);
    uint32_t n = d->queue_size, physical = d->physical ? d->physical : d->logical;
    if (n < 4 || n > VIRTIO_QUEUE_SIZE || (n & (n - 1))) {
        return error_set(err, "%s: queue-size=%u: must be a power of two from 4 to %u", name, n,
                         VIRTIO_QUEUE_SIZE);
    }
    if (d->queues < 1 || d->queues > MAX_QUEUES) {
        return error_set(err, "%s: num-queues=%u: must be 1 to %u", name, d->queues, MAX_QUEUES);
    }
    if (d->logical < BLOCK_SECTOR || d->logical > 32768 || (d->logical & (d->logical - 1)) ||
        physical < d->logical || physical > 2097152 || (physical & (physical - 1))) {
        return error_set(err, "%s: logical_block_size=%u, physical_block_size=%u: must be powers of two from "
                         "512 to 32768, the physical not below the logical", name, d->logical, physical);
    }
    return d->drive || error_set(err, "%s: needs drive=, the id of a -drive or the node-name of a -blockdev",
                                 name);
}

static bool virtio_blk_realize(Device *dev, GError **err)
{
    static const VirtioKind kind = {
        .id = 2, .config_size = 60, .features = features, .get_config = get_config, .set_config = set_config,
        .notified = notified, .started = started, .drain = drain,
        .reset = reset,
    };
    VirtioBlk *d = (VirtioBlk *)dev;
    if (!check_properties(d, err)) {
        return false;
    }
    d->block = block_user_claim(dev->machine->blocks, d->drive, device_name(dev), false, err);
    if (!d->block) {
        return false;
    }
    if (!block_user_node(d->block)) {
        return error_set(err, "%s: drive '%s' is empty; a disk needs an image (file=)", device_name(dev),
                         d->drive);
    }
    block_user_on_change(d->block, size_changed, d);
    for (unsigned i = 0; i < d->queues; i++) {
        virtio_add_queue(&d->v, (uint16_t)d->queue_size);
    }
    return virtio_realize(&d->v, &kind, err);
}

static bool virtio_blk_post_load(Device *dev, GError **err)
{
    VirtioBlk *d = (VirtioBlk *)dev;
    set_caching(d, d->caching);
    return virtio_post_load(dev, err);
}

static void virtio_blk_finalize(Device *dev)
{
    VirtioBlk *d = (VirtioBlk *)dev;
    block_user_free(d->block);
    d->block = NULL;
    virtio_finalize(&d->v);
}

#define PROP(n, k, f, d, t) { n, k, offsetof(VirtioBlk, f), d, t }

static const Prop virtio_blk_props[] = {
    PROP("drive", PROP_STRING, drive, NULL, "id of a -drive or node-name of a -blockdev"),
    PROP("serial", PROP_STRING, serial, NULL, "serial number, up to 20 characters"),
    PROP("queue-size", PROP_U32, queue_size, "256", "entries of a queue, a power of two up to 1024"),
    PROP("num-queues", PROP_U32, queues, "1", "queues, up to 16"),
    PROP("logical_block_size", PROP_U32, logical, "512", "bytes of the blocks that the guest addresses"),
    PROP("physical_block_size", PROP_U32, physical, "0", "bytes it had better write at once; 0: the same"),
    PROP("write-cache", PROP_BOOL, write_cache, "on", "whether the guest must flush"),
    PROP("discard", PROP_BOOL, discard, "on", "whether the guest may give space back"),
    PROP("write-zeroes", PROP_BOOL, write_zeroes, "on", "whether the guest may ask for zeros"),
    PROP("bootindex", PROP_U32, boot_index, NULL, "accepted: firmware is not told in which order to look"),
    VIRTIO_PROPS(VirtioBlk, v),
    { 0 }
};

static const VmField virtio_blk_state[] = {
    VM_STRUCT(VirtioBlk, v, virtio_state), VM_BOOL(VirtioBlk, caching), { 0 }
};
static const PciInfo virtio_blk_info = VIRTIO_PCI_INFO(0x1001, 0x0100);

const DeviceType virtio_blk_type = {
    "virtio-blk-pci", sizeof(VirtioBlk), .parent = "pci-device", .description = "virtio disk",
    .user_creatable = true, .state = virtio_blk_state, .props = virtio_blk_props,
    .bus_info = &virtio_blk_info,
    .realize = virtio_blk_realize, .reset = virtio_reset, .finalize = virtio_blk_finalize,
    .post_load = virtio_blk_post_load,
};
