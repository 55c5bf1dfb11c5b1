/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two Intel 8259A in cascade, as in the 82371AB (PIIX4), with its edge/level control
 * registers at 0x4d0 and 0x4d1. Follows the 8259A data sheet (order 231468).
 *
 * Not modelled: the 8080 call sequence (ICW4 bit 0 clear delivers the same vector),
 * buffered mode, and the loss of an edge request whose input drops before it is
 * acknowledged (it stays latched here; the chip would answer with its lowest input).
 */
#include "hw/intc/i8259.h"
#include "util/log.h"

#define CASCADE 2

/* Inputs of each chip that cannot be made level-triggered: 0, 1, 2, 8, 13. */
static const uint8_t elcr_writable[2] = { 0xf8, 0xde };

static uint8_t level_inputs(const I8259 *pic, unsigned c)
{
    const I8259Chip *chip = &pic->chip[c];
    uint8_t level = chip->all_level ? 0xff : chip->elcr;
    return c == 0 ? level | 1 << CASCADE : level;
}

/* Position of the highest-priority bit of mask: 0 is the best, 8 means none. */
static unsigned best_rank(const I8259Chip *chip, uint8_t mask)
{
    unsigned rank = 0;
    while (rank < 8 && !(mask & (1u << ((chip->lowest + 1 + rank) & 7)))) {
        rank++;
    }
    return rank;
}

static unsigned input_of(const I8259Chip *chip, unsigned rank)
{
    return (chip->lowest + 1 + rank) & 7;
}

/* The input that the chip asks to serve, or -1. */
static int requested(const I8259 *pic, unsigned c)
{
    const I8259Chip *chip = &pic->chip[c];
    uint8_t in_service = chip->isr;
    if (chip->nested && c == 0) {
        in_service &= (uint8_t)~(1 << CASCADE);
    }
    uint8_t asking = chip->irr & (uint8_t)~chip->imr;
    if (chip->special_mask) {
        /* Everything that is not masked interrupts, but never its own service. */
        asking &= (uint8_t)~chip->isr;
        in_service = 0;
    }
    unsigned rank = best_rank(chip, asking);
    return rank < best_rank(chip, in_service) ? (int)input_of(chip, rank) : -1;
}

static void set_input(I8259 *pic, unsigned c, unsigned n, bool level)
{
    I8259Chip *chip = &pic->chip[c];
    uint8_t bit = (uint8_t)(1u << n);
    if (level_inputs(pic, c) & bit) {
        chip->irr = level ? chip->irr | bit : chip->irr & (uint8_t)~bit;
    } else if (level && !(chip->lines & bit)) {
        chip->irr |= bit;
    }
    chip->lines = level ? chip->lines | bit : chip->lines & (uint8_t)~bit;
}

static void update(I8259 *pic)
{
    set_input(pic, 0, CASCADE, requested(pic, 1) >= 0);
    bool asking = requested(pic, 0) >= 0;
    if (asking != pic->intr.level) {
        irq_set(&pic->intr, asking);
    }
}

void i8259_set_irq(void *opaque, int n, bool level)
{
    I8259 *pic = opaque;
    g_assert(n >= 0 && n < 16);
    if (n == CASCADE) {
        return;
    }
    device_input_heard(&pic->dev, n, level);
    set_input(pic, (unsigned)n / 8, (unsigned)n % 8, level);
    update(pic);
}

/* The chip's side of an INTA cycle for its input n. */
static void into_service(I8259 *pic, unsigned c, unsigned n)
{
    I8259Chip *chip = &pic->chip[c];
    uint8_t bit = (uint8_t)(1u << n);
    if (!(level_inputs(pic, c) & bit)) {
        chip->irr &= (uint8_t)~bit;
    }
    if (!chip->auto_eoi) {
        chip->isr |= bit;
    } else if (chip->rotate_auto) {
        chip->lowest = (uint8_t)n;
    }
}

uint8_t i8259_acknowledge(I8259 *pic)
{
    int n = requested(pic, 0);
    uint8_t vector;
    if (n < 0) {
        /* Nobody asks any more: input 7, which does not enter service. */
        vector = pic->chip[0].base | 7;
    } else if (n == CASCADE) {
        int m = requested(pic, 1);
        into_service(pic, 0, CASCADE);
        if (m >= 0) {
            into_service(pic, 1, (unsigned)m);
        }
        vector = pic->chip[1].base | (uint8_t)(m >= 0 ? m : 7);
    } else {
        into_service(pic, 0, (unsigned)n);
        vector = pic->chip[0].base | (uint8_t)n;
    }
    update(pic);
    return vector;
}

/* ---- commands ---- */

static void write_icw1(I8259 *pic, I8259Chip *chip, uint8_t value)
{
    unsigned c = chip == &pic->chip[1];
    chip->imr = 0;
    chip->isr = 0;
    chip->lowest = 7;
    chip->special_mask = chip->read_isr = chip->poll = false;
    chip->nested = chip->auto_eoi = chip->rotate_auto = false;
    chip->single = value & 2;
    chip->needs_icw4 = value & 1;
    chip->all_level = value & 8;
    chip->init_step = 2;
    chip->irr = chip->lines & level_inputs(pic, c);
}

static void write_data(I8259Chip *chip, uint8_t value)
{
    switch (chip->init_step) {
    case 2:
        chip->base = value & 0xf8;
        chip->init_step = !chip->single ? 3 : chip->needs_icw4 ? 4 : 0;
        break;
    case 3:
        /* The wiring of the cascade is fixed: nothing to keep of ICW3. */
        chip->init_step = chip->needs_icw4 ? 4 : 0;
        break;
    case 4:
        chip->auto_eoi = value & 2;
        chip->nested = value & 0x10;
        chip->init_step = 0;
        break;
    default:
        chip->imr = value;
        break;
    }
}

/* OCW2: end of interrupt and rotation. */
static void write_ocw2(I8259Chip *chip, uint8_t value)
{
    unsigned n = value & 7, rank;
    bool rotate = value & 0x80;
    switch ((value >> 5) & 3) {
    case 0:         /* rotate in automatic EOI mode: set, clear */
        chip->rotate_auto = rotate;
        break;
    case 1:         /* non-specific EOI */
        rank = best_rank(chip, chip->special_mask ? chip->isr & (uint8_t)~chip->imr : chip->isr);
        if (rank < 8) {
            n = input_of(chip, rank);
            chip->isr &= (uint8_t)~(1u << n);
            if (rotate) {
                chip->lowest = (uint8_t)n;
            }
        }
        break;
    case 2:         /* set priority, or nothing */
        if (rotate) {
            chip->lowest = (uint8_t)n;
        }
        break;
    case 3:         /* specific EOI */
        chip->isr &= (uint8_t)~(1u << n);
        if (rotate) {
            chip->lowest = (uint8_t)n;
        }
        break;
    }
}

static void write_ocw3(I8259Chip *chip, uint8_t value)
{
    if (value & 0x40) {
        chip->special_mask = value & 0x20;
    }
    if (value & 4) {
        chip->poll = true;
    } else if (value & 2) {
        chip->read_isr = value & 1;
    }
}

static void chip_write(I8259 *pic, unsigned c, PhysAddr addr, uint8_t value)
{
    I8259Chip *chip = &pic->chip[c];
    if (addr & 1) {
        write_data(chip, value);
    } else if (value & 0x10) {
        write_icw1(pic, chip, value);
    } else if (value & 8) {
        write_ocw3(chip, value);
    } else {
        write_ocw2(chip, value);
    }
    update(pic);
}

static uint8_t poll_word(I8259 *pic, unsigned c)
{
    int n = requested(pic, c);
    if (n < 0) {
        return 7;
    }
    into_service(pic, c, (unsigned)n);
    update(pic);
    return (uint8_t)(0x80 | n);
}

static uint8_t chip_read(I8259 *pic, unsigned c, PhysAddr addr)
{
    I8259Chip *chip = &pic->chip[c];
    if (chip->poll) {
        chip->poll = false;
        return poll_word(pic, c);
    }
    if (addr & 1) {
        return chip->imr;
    }
    return chip->read_isr ? chip->isr : chip->irr;
}

static uint64_t master_read(void *opaque, PhysAddr addr, unsigned size)
{
    return chip_read(opaque, 0, addr);
}

static void master_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    chip_write(opaque, 0, addr, (uint8_t)value);
}

static uint64_t slave_read(void *opaque, PhysAddr addr, unsigned size)
{
    return chip_read(opaque, 1, addr);
}

static void slave_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    chip_write(opaque, 1, addr, (uint8_t)value);
}

static uint64_t elcr_read(void *opaque, PhysAddr addr, unsigned size)
{
    I8259 *pic = opaque;
    return pic->chip[addr & 1].elcr;
}

static void elcr_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    I8259 *pic = opaque;
    I8259Chip *chip = &pic->chip[addr & 1];
    uint8_t old = chip->elcr;
    chip->elcr = (uint8_t)value & elcr_writable[addr & 1];
    /* What becomes level-triggered follows its line from now on. */
    uint8_t now_level = chip->elcr & (uint8_t)~old;
    chip->irr = (chip->irr & (uint8_t)~now_level) | (chip->lines & now_level);
    update(pic);
}

/* ---- the device ---- */

static const MemOps chip_ops[2] = {
    { .read = master_read, .write = master_write, .max_size = 1 },
    { .read = slave_read, .write = slave_write, .max_size = 1 },
};
static const MemOps elcr_ops = { .read = elcr_read, .write = elcr_write, .max_size = 1 };

static bool i8259_realize(Device *dev, GError **err)
{
    I8259 *pic = (I8259 *)dev;
    pic->io[0] = mem_io_new("pic-master", 2, &chip_ops[0], pic);
    pic->io[1] = mem_io_new("pic-slave", 2, &chip_ops[1], pic);
    pic->elcr_io = mem_io_new("elcr", 2, &elcr_ops, pic);
    return true;
}

static void i8259_reset(Device *dev)
{
    I8259 *pic = (I8259 *)dev;
    for (unsigned c = 0; c < 2; c++) {
        uint8_t lines = pic->chip[c].lines;
        pic->chip[c] = (I8259Chip){ .lowest = 7, .lines = lines & (uint8_t)(c ? 0xff : ~(1 << CASCADE)) };
    }
    irq_lower(&pic->intr);
}

static bool i8259_post_load(Device *dev, GError **err)
{
    I8259 *pic = (I8259 *)dev;
    irq_set(&pic->intr, requested(pic, 0) >= 0);
    return true;
}

static void i8259_finalize(Device *dev)
{
    I8259 *pic = (I8259 *)dev;
    mem_free(pic->io[0]);
    mem_free(pic->io[1]);
    mem_free(pic->elcr_io);
}

static const VmField chip_state[] = {
    VM_U8(I8259Chip, lines), VM_U8(I8259Chip, irr), VM_U8(I8259Chip, isr), VM_U8(I8259Chip, imr),
    VM_U8(I8259Chip, elcr), VM_U8(I8259Chip, base), VM_U8(I8259Chip, lowest), VM_U8(I8259Chip, init_step),
    VM_BOOL(I8259Chip, single), VM_BOOL(I8259Chip, needs_icw4), VM_BOOL(I8259Chip, all_level),
    VM_BOOL(I8259Chip, nested), VM_BOOL(I8259Chip, auto_eoi), VM_BOOL(I8259Chip, rotate_auto),
    VM_BOOL(I8259Chip, special_mask), VM_BOOL(I8259Chip, read_isr), VM_BOOL(I8259Chip, poll),
    { 0 }
};

static const VmField i8259_state[] = { VM_STRUCTS(I8259, chip, chip_state), { 0 } };

static const IrqPins i8259_inputs[] = { { NULL, 16, .input = i8259_set_irq }, { 0 } };
static const IrqPins i8259_outputs[] = { { NULL, 1, offsetof(I8259, intr) }, { 0 } };

const DeviceType i8259_type = {
    "isa-i8259", sizeof(I8259), .parent = "isa-device", .description = "pair of 8259A interrupt controllers",
    .state = i8259_state, .realize = i8259_realize, .reset = i8259_reset, .finalize = i8259_finalize,
    .post_load = i8259_post_load,
    .inputs = i8259_inputs, .outputs = i8259_outputs,
};
