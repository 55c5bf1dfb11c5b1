/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor flash of the Malta board: two Intel 28F160S5 (data sheet 290609) as the two
 * halves of a 32-bit bus; Common Flash Interface, command set 0001. A write is 32 bits
 * wide and reaches both chips, one with each half; narrower ones are refused, as the board
 * has one write strobe for the two. Words have the CPU's byte order.
 *
 * Reads come straight from memory while both chips are in read-array mode. Programming
 * and erasing take no time, so there is nothing to suspend. Not modelled: the full-chip
 * erase, Vpp faults.
 */
#include <string.h>
#include "hw/misc/cfi_flash.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/log.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define MANUFACTURER 0x0089
#define DEVICE_CODE  0x00d0
#define BLOCK_WORDS  0x8000u

enum { MODE_ARRAY, MODE_STATUS, MODE_ID, MODE_CFI, MODE_PROGRAM, MODE_ERASE, MODE_COUNT, MODE_BUFFER,
       MODE_CONFIRM, MODE_LOCK };
enum { ST_READY = 0x80, ST_ERASE = 0x20, ST_PROGRAM = 0x10, ST_LOCKED = 0x02 };

/* The CFI query from word 0x10 on. */
static const uint8_t cfi_query[] = {
    'Q', 'R', 'Y', 0x01, 0x00, 0x31, 0x00,              /* command set 1, its table at 0x31 */
    0x00, 0x00, 0x00, 0x00,                             /* no second command set */
    0x45, 0x55, 0x00, 0x00,                             /* Vcc 4.5 to 5.5 V, no Vpp pin limits */
    0x03, 0x06, 0x0a, 0x00,                             /* typical: 8 us word, 64 us buffer, 1 s block */
    0x02, 0x02, 0x02, 0x00,                             /* maximum: four times that */
    0x15, 0x02, 0x00, 0x05, 0x00,                       /* 2 MiB, x8/x16, 32 bytes of buffer */
    0x01, CFI_FLASH_BLOCKS - 1, 0x00, 0x00, 0x01,       /* one region: 32 blocks of 64 KiB */
    'P', 'R', 'I', '1', '0',
    0x08, 0x00, 0x00, 0x00,                             /* lock bits of each block */
    0x00, 0x01, 0x00,                                   /* no suspend; lock bit in block status */
    0x50, 0x00,                                         /* best Vcc 5.0 V */
};

/* ---- one chip ---- */

static uint8_t *cell(const CfiFlash *f, unsigned c, uint32_t word)
{
    unsigned half = f->dev.machine->big_endian ? 1 - c : c;
    return mem_host(f->mem) + (size_t)word * 4 + half * 2;
}

static uint16_t array_read(const CfiFlash *f, unsigned c, uint32_t word)
{
    const uint8_t *p = cell(f, c, word);
    return (uint16_t)(f->dev.machine->big_endian ? load_be(p, 2) : load_le(p, 2));
}

static void array_store(CfiFlash *f, unsigned c, uint32_t word, uint16_t value)
{
    uint8_t *p = cell(f, c, word);
    if (f->dev.machine->big_endian) {
        store_be(p, 2, value);
    } else {
        store_le(p, 2, value);
    }
}

static uint16_t chip_read(const CfiFlash *f, unsigned c, uint32_t word)
{
    const CfiFlashChip *chip = &f->chip[c];
    uint32_t query = word & 0xff;
    switch (chip->mode) {
    case MODE_ARRAY:
        return array_read(f, c, word);
    case MODE_ID:
        switch (word % BLOCK_WORDS) {
        case 0:
            return MANUFACTURER;
        case 1:
            return DEVICE_CODE;
        case 2:
            return chip->locked[word / BLOCK_WORDS];
        default:
            return 0;
        }
    case MODE_CFI:
        if (word % BLOCK_WORDS == 2) {
            return chip->locked[word / BLOCK_WORDS];
        }
        return query >= 0x10 && query - 0x10 < sizeof(cfi_query) ? cfi_query[query - 0x10] : 0;
    default:
        return chip->status;
    }
}

static bool refuse_locked(CfiFlashChip *chip, uint32_t word, uint8_t error)
{
    if (chip->locked[word / BLOCK_WORDS]) {
        chip->status |= error | ST_LOCKED;
        return true;
    }
    return false;
}

static void sequence_error(CfiFlashChip *chip, uint16_t value)
{
    guest_log("cfi-flash: 0x%02x does not continue the command", value & 0xff);
    chip->status |= ST_ERASE | ST_PROGRAM;
    chip->mode = MODE_STATUS;
}

/* Programming only turns ones into zeros. */
static void program(CfiFlash *f, unsigned c, uint32_t word, uint16_t value)
{
    if (!refuse_locked(&f->chip[c], word, ST_PROGRAM)) {
        array_store(f, c, word, array_read(f, c, word) & value);
        as_host_written(f->dev.machine->as, cell(f, c, word), 2);
    }
}

static void erase(CfiFlash *f, unsigned c, uint32_t word)
{
    if (refuse_locked(&f->chip[c], word, ST_ERASE)) {
        return;
    }
    uint32_t first = word - word % BLOCK_WORDS;
    for (uint32_t w = first; w < first + BLOCK_WORDS; w++) {
        array_store(f, c, w, 0xffff);
    }
    as_host_written(f->dev.machine->as, mem_host(f->mem) + (size_t)first * 4, (uint64_t)BLOCK_WORDS * 4);
}

static void command(CfiFlashChip *chip, uint16_t value)
{
    switch (value & 0xff) {
    case 0xff:
        chip->mode = MODE_ARRAY;
        break;
    case 0x70:
        chip->mode = MODE_STATUS;
        break;
    case 0x50:
        chip->status = ST_READY;
        break;
    case 0x90:
        chip->mode = MODE_ID;
        break;
    case 0x98:
        chip->mode = MODE_CFI;
        break;
    case 0x10:
    case 0x40:
        chip->mode = MODE_PROGRAM;
        break;
    case 0x20:
        chip->mode = MODE_ERASE;
        break;
    case 0x60:
        chip->mode = MODE_LOCK;
        break;
    case 0xe8:
        chip->mode = MODE_COUNT;
        break;
    case 0xb0:      /* suspend and resume: nothing is ever under way */
    case 0xd0:
        chip->mode = MODE_STATUS;
        break;
    default:
        guest_log("cfi-flash: unknown command 0x%02x", value & 0xff);
        break;
    }
}

static void buffer_load(CfiFlashChip *chip, uint32_t word, uint16_t value)
{
    if (word / BLOCK_WORDS != chip->buffer_block) {
        sequence_error(chip, value);
        return;
    }
    chip->buffer_at[chip->buffer_fill] = word;
    chip->buffer[chip->buffer_fill++] = value;
    if (chip->buffer_fill == chip->buffer_words) {
        chip->mode = MODE_CONFIRM;
    }
}

static void lock_command(CfiFlashChip *chip, uint32_t word, uint16_t value)
{
    if ((value & 0xff) == 0x01) {
        chip->locked[word / BLOCK_WORDS] = 1;
    } else if ((value & 0xff) == 0xd0) {
        memset(chip->locked, 0, sizeof(chip->locked));
    } else {
        sequence_error(chip, value);
    }
    chip->mode = MODE_STATUS;
}

static void chip_write(CfiFlash *f, unsigned c, uint32_t word, uint16_t value)
{
    CfiFlashChip *chip = &f->chip[c];
    switch (chip->mode) {
    case MODE_PROGRAM:
        program(f, c, word, value);
        chip->mode = MODE_STATUS;
        break;
    case MODE_ERASE:
        if ((value & 0xff) == 0xd0) {
            erase(f, c, word);
            chip->mode = MODE_STATUS;
        } else {
            sequence_error(chip, value);
        }
        break;
    case MODE_COUNT:
        if ((value & 0xff) >= CFI_FLASH_BUFFER) {
            sequence_error(chip, value);
        } else {
            chip->buffer_words = (uint8_t)((value & 0xff) + 1);
            chip->buffer_fill = 0;
            chip->buffer_block = word / BLOCK_WORDS;
            chip->mode = MODE_BUFFER;
        }
        break;
    case MODE_BUFFER:
        buffer_load(chip, word, value);
        break;
    case MODE_CONFIRM:
        if ((value & 0xff) == 0xd0) {
            for (unsigned i = 0; i < chip->buffer_fill; i++) {
                program(f, c, chip->buffer_at[i], chip->buffer[i]);
            }
            chip->mode = MODE_STATUS;
        } else {
            sequence_error(chip, value);
        }
        break;
    case MODE_LOCK:
        lock_command(chip, word, value);
        break;
    default:
        command(chip, value);
        break;
    }
}

/* ---- the bus ---- */

static void update_direct(CfiFlash *f)
{
    mem_set_direct_read(f->mem, f->chip[0].mode == MODE_ARRAY && f->chip[1].mode == MODE_ARRAY);
}

static uint64_t flash_read(void *opaque, PhysAddr addr, unsigned size)
{
    CfiFlash *f = opaque;
    uint32_t word = (uint32_t)addr / 4;
    return chip_read(f, 0, word) | (uint32_t)chip_read(f, 1, word) << 16;
}

static void flash_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    CfiFlash *f = opaque;
    uint32_t word = (uint32_t)addr / 4;
    if (size != 4) {
        guest_log("cfi-flash: write of %u bytes at 0x%x; it takes 32-bit words", size, (unsigned)addr);
        return;
    }
    chip_write(f, 0, word, (uint16_t)value);
    chip_write(f, 1, word, (uint16_t)(value >> 16));
    update_direct(f);
}

/* ---- the device ---- */

static bool cfi_flash_realize(Device *dev, GError **err)
{
    static const MemOps ops = {
        .read = flash_read, .write = flash_write, .endian = MEM_NATIVE, .min_size = 4, .max_size = 4,
        .narrow_writes = true,
    };
    CfiFlash *f = (CfiFlash *)dev;
    f->mem = mem_romd_new("flash", CFI_FLASH_SIZE, &ops, f, err);
    return f->mem != NULL;
}

static void cfi_flash_reset(Device *dev)
{
    CfiFlash *f = (CfiFlash *)dev;
    for (unsigned c = 0; c < CFI_FLASH_CHIPS; c++) {
        f->chip[c].mode = MODE_ARRAY;
        f->chip[c].status = ST_READY;
        f->chip[c].buffer_fill = f->chip[c].buffer_words = 0;
    }
    update_direct(f);
}

static bool cfi_flash_post_load(Device *dev, GError **err)
{
    CfiFlash *f = (CfiFlash *)dev;
    for (unsigned c = 0; c < CFI_FLASH_CHIPS; c++) {
        CfiFlashChip *chip = &f->chip[c];
        bool bad = chip->mode > MODE_LOCK || chip->buffer_words > CFI_FLASH_BUFFER ||
                   chip->buffer_fill > chip->buffer_words ||
                   (chip->mode == MODE_BUFFER && chip->buffer_fill == chip->buffer_words);
        for (unsigned i = 0; i < CFI_FLASH_BUFFER; i++) {
            bad = bad || chip->buffer_at[i] >= CFI_FLASH_SIZE / 4;
        }
        if (bad) {
            return error_set(err, "%s: the saved state is not one that the chip can be in", device_name(dev));
        }
    }
    update_direct(f);
    return true;
}

static void cfi_flash_finalize(Device *dev)
{
    mem_free(((CfiFlash *)dev)->mem);
}

static const VmField chip_state[] = {
    VM_U8(CfiFlashChip, mode), VM_U8(CfiFlashChip, status), VM_U8(CfiFlashChip, buffer_words),
    VM_U8(CfiFlashChip, buffer_fill), VM_U32(CfiFlashChip, buffer_block), VM_ARRAY(CfiFlashChip, buffer_at),
    VM_ARRAY(CfiFlashChip, buffer), VM_BUFFER(CfiFlashChip, locked),
    { 0 }
};

/* The contents are a memory block of their own. */
static const VmField cfi_flash_state[] = { VM_STRUCTS(CfiFlash, chip, chip_state), { 0 } };

const DeviceType cfi_flash_type = {
    "cfi.pflash01", sizeof(CfiFlash), .parent = "sys-bus-device",
    .description = "CFI flash, Intel command set",
    .state = cfi_flash_state, .realize = cfi_flash_realize, .reset = cfi_flash_reset,
    .finalize = cfi_flash_finalize, .post_load = cfi_flash_post_load,
};
