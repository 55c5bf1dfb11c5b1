/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ATA and ATAPI drives have in common: signature, phases of a transfer, requests to the image. */
#include "hw/ide/ide.h"

#include <string.h>
#include "util/error.h"

void ide_drive_signature(IdeDrive *d)
{
    bool packet = d->kind->packet;
    d->count[0] = d->low[0] = 1;
    d->mid[0] = packet ? 0x14 : 0;
    d->high[0] = packet ? 0xeb : 0;
    d->count[1] = d->low[1] = d->mid[1] = d->high[1] = 0;
    d->device = 0;
    d->error = 0x01;            /* diagnostic code: no error */
    d->status = packet ? 0 : IDE_ST_DRDY | IDE_ST_DSC;
}

void ide_drive_stop(IdeDrive *d)
{
    d->stopping = true;
    if (d->block) {
        block_cancel(d->block);
    }
    dma_list_end(&d->list, d->list.bytes);      /* some of it may have been written */
    d->stopping = false;
    d->phase = IDE_IDLE;
    d->left = d->dma_left = d->pos = d->len = 0;
    d->status &= (uint8_t)~(IDE_ST_BSY | IDE_ST_DRQ);
    if (d->kind->stopped) {
        d->kind->stopped(d);
    }
}

static void finish(IdeDrive *d)
{
    d->phase = IDE_IDLE;
    d->dma_left = d->pos = d->len = 0;
    ide_drive_set_irq(d, true);
}

void ide_drive_done(IdeDrive *d)
{
    d->status = IDE_ST_DRDY | IDE_ST_DSC;
    finish(d);
}

void ide_drive_fail(IdeDrive *d, uint8_t error)
{
    d->error = error;
    d->status = IDE_ST_DRDY | IDE_ST_DSC | IDE_ST_ERR;
    finish(d);
}

void ide_drive_offer(IdeDrive *d, IdePhase phase, uint32_t len, bool irq)
{
    d->phase = (uint8_t)phase;
    d->pos = 0;
    d->len = len;
    d->status = IDE_ST_DRDY | IDE_ST_DSC | IDE_ST_DRQ;
    if (irq) {
        ide_drive_set_irq(d, true);
    }
}

void ide_drive_offer_dma(IdeDrive *d, IdePhase phase, uint32_t bytes)
{
    d->phase = (uint8_t)phase;
    d->dma_left = bytes;
    d->status = IDE_ST_DRDY | IDE_ST_DSC | IDE_ST_DRQ;
    d->channel->host.dma_ready(d->channel->host.opaque, d->channel);
}

void ide_drive_dma_moved(IdeDrive *d, uint32_t bytes)
{
    bool all = bytes == d->list.bytes;
    dma_list_end(&d->list, bytes);
    d->dma_left -= MIN(bytes, d->dma_left);
    d->channel->host.dma_moved(d->channel->host.opaque, d->channel, all);
}

uint32_t ide_drive_copy(IdeDrive *d, DmaList *list)
{
    uint32_t bytes = (uint32_t)MIN(list->bytes, d->len - d->pos);
    uint8_t *at = d->buffer + d->pos;
    if (list->to_memory) {
        iov_from_buf(dma_list_iov(list), list->iov->len, 0, at, bytes);
    } else {
        iov_to_buf(dma_list_iov(list), list->iov->len, 0, at, bytes);
    }
    d->pos += bytes;
    return bytes;
}

/* ---- requests ---- */

static void request_done(BlockRequest *r, int error)
{
    IdeDrive *d = r->opaque;
    if (!d->stopping) {
        d->kind->request_done(d, error);
    }
}

void ide_drive_request(IdeDrive *d, BlockOp op, uint64_t offset, uint64_t bytes, const struct iovec *iov,
                       unsigned niov)
{
    d->phase = d->phase == IDE_DMA_IN || d->phase == IDE_DMA_OUT ? d->phase : IDE_BUSY;
    d->status = IDE_ST_BSY;
    d->request_iov = (struct iovec){ d->buffer, bytes };
    d->request = (BlockRequest){
        .op = op, .offset = offset, .bytes = bytes, .iov = iov ? iov : &d->request_iov,
        .niov = iov ? niov : 1, .done = request_done, .opaque = d,
    };
    block_submit(d->block, &d->request);
}

/* ---- life ---- */

bool ide_drive_realize(IdeDrive *d, const IdeKind *kind, bool needs_medium, GError **err)
{
    BlockGraph *graph = d->dev.machine->blocks;
    d->kind = kind;
    if (!d->drive && needs_medium) {
        return error_set(err, "%s: needs drive=, the id of a -drive or the node-name of a -blockdev",
                         device_name(&d->dev));
    }
    if (!graph) {
        return error_set(err, "%s: this machine has no disk images", device_name(&d->dev));
    }
    d->block = block_user_claim(graph, d->drive, device_name(&d->dev), !kind->packet, err);
    if (d->block && needs_medium && !block_user_node(d->block)) {
        return error_set(err, "%s: drive '%s' is empty; a disk needs an image (file=)",
                         device_name(&d->dev), d->drive);
    }
    return d->block != NULL;
}

char *ide_default_serial(const IdeDrive *d)
{
    const char *id = d->channel->bus.id;
    return g_strdup_printf("VT%05u", 2 * (unsigned)g_ascii_digit_value(id[strlen(id) - 1]) + d->unit + 1);
}

void ide_drive_reset(IdeDrive *d)
{
    ide_drive_stop(d);
    memset(d->feature, 0, sizeof(d->feature));
    d->irq = false;
    d->multiple = 16;
    d->mode = 0;
    ide_drive_signature(d);
}

void ide_drive_finalize(IdeDrive *d)
{
    if (d->block) {
        ide_drive_stop(d);
        block_user_free(d->block);
    }
}

bool ide_drive_post_load(Device *dev, GError **err)
{
    const IdeDrive *d = (const IdeDrive *)dev;
    bool moves = d->phase == IDE_IN || d->phase == IDE_OUT;
    if (d->phase > IDE_DMA_OUT || d->len > IDE_BUFFER || d->filled > IDE_BUFFER || d->pos > IDE_BUFFER ||
        (moves && d->pos >= d->len) || d->multiple > IDE_MAX_MULTIPLE ||
        (d->multiple & (d->multiple - 1))) {
        return error_set(err, "%s: a transfer in phase %u, at %u of %u bytes (%u filled), %u sectors "
                         "at once, cannot be", device_name(dev), d->phase, d->pos, d->len, d->filled,
                         d->multiple);
    }
    return true;
}

const VmField ide_drive_state[] = {
    VM_BUFFER(IdeDrive, feature), VM_BUFFER(IdeDrive, count), VM_BUFFER(IdeDrive, low),
    VM_BUFFER(IdeDrive, mid), VM_BUFFER(IdeDrive, high), VM_U8(IdeDrive, device), VM_U8(IdeDrive, status),
    VM_U8(IdeDrive, error), VM_BOOL(IdeDrive, irq), VM_U8(IdeDrive, phase), VM_U8(IdeDrive, command),
    VM_U8(IdeDrive, multiple), VM_U8(IdeDrive, mode),
    VM_BOOL(IdeDrive, write_cache), VM_U64(IdeDrive, lba), VM_U32(IdeDrive, left),
    VM_U32(IdeDrive, dma_left), VM_U32(IdeDrive, pos), VM_U32(IdeDrive, len), VM_U32(IdeDrive, filled),
    VM_BUFFER(IdeDrive, buffer),
    { 0 }
};
