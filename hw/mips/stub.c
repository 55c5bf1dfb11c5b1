/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot stub. It programs the GT-64120 windows and the PIIX4 as YAMON leaves them, loads
 * the argument registers and jumps to the kernel. YAMON's services answer print and exit;
 * the others return at once.
 */
#include "hw/mips/stub.h"

#include <glib.h>
#include "util/bits.h"

enum { ZERO = 0, V0 = 2, A0 = 4, A1 = 5, T0 = 8, T1 = 9, T2 = 10, SP = 29, RA = 31 };

typedef struct {
    uint8_t *flash;
    unsigned at;                /* offset of the next instruction */
    const StubConfig *config;
} Asm;

static void emit(Asm *a, uint32_t word)
{
    if (a->config->big_endian) {
        store_be(a->flash + a->at, 4, word);
    } else {
        store_le(a->flash + a->at, 4, word);
    }
    a->at += 4;
}

static void emit_i(Asm *a, unsigned op, unsigned rs, unsigned rt, unsigned imm)
{
    emit(a, op << 26 | rs << 21 | rt << 16 | (imm & 0xffff));
}

static void lui(Asm *a, unsigned rt, unsigned imm) { emit_i(a, 0x0f, 0, rt, imm); }
static void ori(Asm *a, unsigned rt, unsigned rs, unsigned imm) { emit_i(a, 0x0d, rs, rt, imm); }
static void sw(Asm *a, unsigned rt, unsigned offset, unsigned base) { emit_i(a, 0x2b, base, rt, offset); }
static void jr(Asm *a, unsigned rs) { emit(a, rs << 21 | 8); emit(a, 0); }

/* A 32-bit value, sign-extended on 64-bit CPUs. */
static void li(Asm *a, unsigned rt, uint32_t v)
{
    lui(a, rt, v >> 16);
    ori(a, rt, rt, v);
}

static void li_address(Asm *a, unsigned rt, uint64_t v)
{
    if ((uint64_t)(int32_t)v == v || !a->config->is_64bit) {
        li(a, rt, (uint32_t)v);
        return;
    }
    lui(a, rt, v >> 48 & 0xffff);
    ori(a, rt, rt, v >> 32 & 0xffff);
    emit(a, rt << 16 | rt << 11 | 16 << 6 | 0x38);      /* dsll rt, rt, 16 */
    ori(a, rt, rt, v >> 16 & 0xffff);
    emit(a, rt << 16 | rt << 11 | 16 << 6 | 0x38);
    ori(a, rt, rt, v & 0xffff);
}

/* What YAMON writes: GT-64120 registers, by physical address, configuration registers behind it, as the
 * address register has them, and bytes of I/O ports. */
typedef struct {
    enum { GT, PCI, PORT } kind;
    uint32_t at, value;
} BoardWrite;

#define PCI_AT(slot, function, reg) (0x80000000u | (slot) << 11 | (function) << 8 | (reg))
#define PCI_ADDRESS 0x1be00cf8
#define PCI_DATA 0x1be00cfc
#define PORTS 0x18000000

static const BoardWrite board_writes[] = {
    { GT, 0x14000068, 0x1be00000 >> 21 },       /* from where it is after reset */
    { GT, 0x1be00048, 0x18000000 >> 21 },       /* PCI I/O: 2 MiB */
    { GT, 0x1be00050, 0x40 },
    { GT, 0x1be00058, 0x10000000 >> 21 },       /* PCI memory 0: 128 MiB */
    { GT, 0x1be00060, 0x3f },
    { GT, 0x1be00080, 0x18200000 >> 21 },       /* PCI memory 1: to 0x1bdfffff */
    { GT, 0x1be00088, 0x5e },
    { PCI, PCI_AT(10u, 0u, 0x60u), 0x0b0b0a0a },    /* PIIX4: PIRQ A, B to IRQ 10, C, D to 11 */
    { PORT, 0x4d1, 0x0c },                      /* which are level-triggered: cards share them */
    { PCI, PCI_AT(10u, 3u, 0x90u), 0x00001101 },    /* its SMBus at port 0x1100, */
    { PCI, PCI_AT(10u, 3u, 0xd0u), 0x00090000 },    /* enabled, with IRQ 9 */
    { PCI, PCI_AT(10u, 3u, 0x04u), 0x00000001 },
    { PCI, PCI_AT(10u, 3u, 0x40u), 0x1001 },        /* power management registers at I/O 0x1000 */
    { PCI, PCI_AT(10u, 3u, 0x80u), 0x01 },          /* and decoded */
};

/* One word as the CPU keeps it, through kseg1. */
static void store_word(Asm *a, uint32_t paddr, uint32_t value)
{
    li(a, T0, 0xa0000000 | (paddr & ~0xfffu));
    li(a, T1, value);
    sw(a, T1, paddr & 0xfff, T0);
}

static void store_port(Asm *a, unsigned port, uint8_t value)
{
    li(a, T0, 0xa0000000 | PORTS);
    ori(a, T1, ZERO, value);
    emit_i(a, 0x28, T0, T1, port);                  /* sb t1, port(t0) */
}

/* GT-64120 registers are little endian whatever the CPU is; configuration data of other
 * devices are swapped by the GT-64120, so they are written as the CPU has them. */
static uint32_t gt_order(const Asm *a, uint32_t value)
{
    return a->config->big_endian ? __builtin_bswap32(value) : value;
}

static void set_up_board(Asm *a)
{
    for (size_t i = 0; i < G_N_ELEMENTS(board_writes); i++) {
        const BoardWrite *w = &board_writes[i];
        if (w->kind == GT) {
            store_word(a, w->at, gt_order(a, w->value));
        } else if (w->kind == PORT) {
            store_port(a, w->at, (uint8_t)w->value);
        } else {
            store_word(a, PCI_ADDRESS, gt_order(a, w->at));
            store_word(a, PCI_DATA, w->value);
        }
    }
}

void stub_set_up_board(AddressSpace *as, bool big_endian)
{
    for (size_t i = 0; i < G_N_ELEMENTS(board_writes); i++) {
        const BoardWrite *w = &board_writes[i];
        if (w->kind == GT) {
            as_write(as, w->at, 4, false, w->value);
        } else if (w->kind == PORT) {
            as_write(as, PORTS + w->at, 1, false, w->value);
        } else {
            as_write(as, PCI_ADDRESS, 4, false, w->at);
            as_write(as, PCI_DATA, 4, big_endian, w->value);
        }
    }
}

static void enter_kernel(Asm *a)
{
    const StubConfig *c = a->config;
    bool wide = (uint64_t)(int32_t)c->entry != c->entry;
    li(a, T1, 0x00400000u | (wide ? 0xe0 : 0));     /* BEV; KX SX UX for an xkphys kernel */
    emit(a, 0x40800000u | T1 << 16 | 12 << 11);     /* mtc0 t1, Status */
    li_address(a, SP, c->sp);
    for (unsigned i = 0; i < 4; i++) {
        li_address(a, A0 + i, c->args[i]);
    }
    li_address(a, T0, c->entry);
    jr(a, T0);
}

/* t0 = the address of the first UART; spoils t0, t1. */
static void putchar_a0(Asm *a)
{
    li(a, T0, 0xb80003f8);
    unsigned loop = a->at;
    emit_i(a, 0x24, T0, T1, 5);                     /* lbu t1, 5(t0): LSR */
    emit_i(a, 0x0c, T1, T1, 0x20);                  /* andi t1, t1, THRE */
    emit_i(a, 0x04, T1, ZERO, (unsigned)((int)(loop - a->at - 4) / 4));
    emit(a, 0);
    emit_i(a, 0x28, T0, A0, 0);                     /* sb a0, 0(t0) */
}

static void print_count(Asm *a)                     /* a1 text, a2 length */
{
    enum { A2 = 6 };
    emit(a, A1 << 21 | T2 << 11 | 0x21);            /* move t2, a1 */
    emit(a, A1 << 21 | A2 << 16 | A2 << 11 | 0x21); /* addu a2, a1, a2: the end */
    unsigned loop = a->at;
    emit_i(a, 0x04, T2, A2, 12);                    /* beq t2, a2, done */
    emit(a, 0);
    emit_i(a, 0x24, T2, A0, 0);
    putchar_a0(a);
    emit_i(a, 0x09, T2, T2, 1);
    emit_i(a, 0x04, ZERO, ZERO, (unsigned)((int)(loop - a->at - 4) / 4));
    emit(a, 0);
    jr(a, RA);
}

static void print_text(Asm *a)                      /* a1 text, ended by 0 */
{
    emit(a, A1 << 21 | T2 << 11 | 0x21);
    unsigned loop = a->at;
    emit_i(a, 0x24, T2, A0, 0);
    emit_i(a, 0x04, A0, ZERO, 11);
    emit(a, 0);
    putchar_a0(a);
    emit_i(a, 0x09, T2, T2, 1);
    emit_i(a, 0x04, ZERO, ZERO, (unsigned)((int)(loop - a->at - 4) / 4));
    emit(a, 0);
    jr(a, RA);
}

static void leave_board(Asm *a)                     /* exit: the FPGA's soft reset */
{
    li(a, T0, 0xbf000500);
    ori(a, T1, ZERO, 0x42);
    sw(a, T1, 0, T0);
    emit(a, 0x1000ffff);                            /* b . */
    emit(a, 0);
}

static void vector(Asm *a, unsigned offset, unsigned routine)
{
    a->at = offset;
    emit(a, (uint32_t)(int32_t)(0xbfc00000u + routine));
}

void stub_write(uint8_t *flash, const StubConfig *config)
{
    static const unsigned plain[] = { 0x50c, 0x510, 0x514, 0x518, 0x51c, 0x524, 0x528, 0x52c, 0x530, 0x538,
                                      0x53c, 0x540, 0x544, 0x548, 0x54c, 0x550, 0x554 };
    Asm a = { .flash = flash, .config = config };
    lui(&a, T0, 0xbfc0);
    ori(&a, T0, T0, 0x0600);
    jr(&a, T0);
    a.at = 0x600;
    set_up_board(&a);
    enter_kernel(&a);
    unsigned nothing = 0x980, count = 0x9a0, text = 0xa00, leave = 0xa80;
    g_assert(a.at <= nothing);
    a.at = nothing;
    emit(&a, V0 << 11 | 0x21);                      /* move v0, zero */
    jr(&a, RA);
    a.at = count;
    print_count(&a);
    a.at = text;
    print_text(&a);
    a.at = leave;
    leave_board(&a);
    for (unsigned i = 0; i < G_N_ELEMENTS(plain); i++) {
        vector(&a, plain[i], nothing);
    }
    vector(&a, 0x500, leave);
    vector(&a, 0x504, count);
    vector(&a, 0x520, leave);
    vector(&a, 0x534, text);
}
