/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IDENTIFY DEVICE and IDENTIFY PACKET DEVICE: ATA/ATAPI-6, sections 8.15 and 8.16; words of ATA8-ACS
 * (T13 1699D) where a later driver looks for them. */
#include "hw/ide/ide.h"

#include <string.h>
#include "util/bits.h"

#define HEADS 16u
#define SECTORS 63u
#define MAX_CYLINDERS 16383u
#define MAX_LBA28 0x0fffffffu

static void put(uint8_t *page, unsigned word, unsigned value)
{
    store_le(page + 2 * word, 2, value);
}

/* ATA strings: the first character in the high byte of a word, blanks behind. */
static void put_string(uint8_t *page, unsigned word, unsigned words, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    for (unsigned i = 0; i < 2 * words; i++) {
        page[2 * word + (i ^ 1)] = i < len ? (uint8_t)text[i] : ' ';
    }
}

/* Words 49 to 93 that tell of transfer modes; mode: as SET FEATURES wrote it. */
static void put_modes(uint8_t *page, uint8_t mode)
{
    unsigned mwdma = mode >> 3 == 4 ? 0x100u << (mode & 7) : 0;
    unsigned udma = mode >> 3 == 8 ? 0x100u << (mode & 7) : 0;
    put(page, 49, 0x0300);              /* DMA, LBA */
    put(page, 53, 0x0006);              /* words 64 to 70 and 88 are valid */
    put(page, 63, 0x0007 | mwdma);
    put(page, 64, 0x0003);              /* PIO 3 and 4 */
    for (unsigned word = 65; word <= 68; word++) {
        put(page, word, 120);           /* ns of a cycle */
    }
    put(page, 80, 0x007e);              /* ATA-1 to ATA/ATAPI-6 */
    put(page, 88, 0x0007 | udma);       /* Ultra DMA 0 to 2: what the PIIX4 has */
    put(page, 93, 0x4001 | 0x2000);
}

static void put_names(const IdeDrive *d, uint8_t *page, const char *model)
{
    put_string(page, 10, 10, d->serial);
    put_string(page, 23, 4, d->version ? d->version : "1.0");
    put_string(page, 27, 20, d->model ? d->model : model);
}

static void put_features(const IdeDrive *d, uint8_t *page)
{
    unsigned cache = d->write_cache ? 0x20 : 0, wwn = d->wwn ? 0x100 : 0;
    put(page, 82, 0x4020);              /* NOP, write cache */
    put(page, 83, 0x7400);              /* FLUSH CACHE (EXT), LBA48 */
    put(page, 84, 0x4040 | wwn);        /* WRITE DMA FUA EXT */
    put(page, 85, 0x4000 | cache);
    put(page, 86, 0x3400);
    put(page, 87, 0x4040 | wwn);
    for (unsigned i = 0; i < 4 && d->wwn; i++) {
        put(page, 108 + i, (unsigned)(d->wwn >> (48 - 16 * i)) & 0xffff);
    }
}

void ide_identify_disk(const IdeDrive *d, uint64_t sectors, uint8_t *page)
{
    memset(page, 0, BLOCK_SECTOR);
    unsigned cylinders = (unsigned)CLAMP(sectors / (HEADS * SECTORS), 1, MAX_CYLINDERS);
    unsigned chs = cylinders * HEADS * SECTORS;
    put(page, 0, 0x0040);               /* ATA, not removable */
    put(page, 1, cylinders);
    put(page, 3, HEADS);
    put(page, 6, SECTORS);
    put_names(d, page, "VALLETTA HARDDISK");
    put(page, 47, 0x8010);              /* 16 sectors for READ MULTIPLE at most */
    put(page, 48, 1);                   /* 32-bit data register */
    put_modes(page, d->mode);
    put(page, 53, 0x0007);
    put(page, 54, cylinders);
    put(page, 55, HEADS);
    put(page, 56, SECTORS);
    put(page, 57, chs & 0xffff);
    put(page, 58, chs >> 16);
    put(page, 59, d->multiple ? 0x0100u | d->multiple : 0);
    uint32_t lba28 = (uint32_t)MIN(sectors, MAX_LBA28);
    put(page, 60, lba28 & 0xffff);
    put(page, 61, lba28 >> 16);
    put_features(d, page);
    for (unsigned i = 0; i < 4; i++) {
        put(page, 100 + i, (unsigned)(sectors >> (16 * i)) & 0xffff);
    }
    put(page, 105, 1);                  /* DATA SET MANAGEMENT: one block */
    put(page, 169, 1);
    put(page, 217, 1);                  /* does not rotate */
}

void ide_identify_packet(const IdeDrive *d, uint8_t *page)
{
    memset(page, 0, BLOCK_SECTOR);
    put(page, 0, 0x85c0);               /* ATAPI, CD-ROM, removable, 12-byte packets, DRQ at once */
    put_names(d, page, "VALLETTA DVD-ROM");
    put_modes(page, d->mode);
    put(page, 82, 0x4210);              /* NOP, DEVICE RESET, PACKET */
    put(page, 83, 0x4000);
    put(page, 84, 0x4000);
    put(page, 85, 0x4210);
    put(page, 87, 0x4000);
}
