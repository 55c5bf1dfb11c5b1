/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In regions, the two halves of an unaligned access become one: LWL with LWR, LDL with LDR, SWL with SWR,
 * SDL with SDR, in either order. Where its bytes cannot be accessed directly, or lie in two pages, the
 * region is left for a block in MODE_SPLIT, which does them one by one.
 */
#include "target/mips/decode.h"
#include "target/mips/pairs.h"
#include "util/bits.h"

typedef struct {
    unsigned left, right, size;
    bool store;
} PairKind;

static const PairKind kinds[] = {
    { INSN_LWL, INSN_LWR, 4, false }, { INSN_LDL, INSN_LDR, 8, false },
    { INSN_SWL, INSN_SWR, 4, true }, { INSN_SDL, INSN_SDR, 8, true },
};

static const PairKind *kind_of(unsigned first, unsigned second)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const PairKind *k = &kinds[i];
        if ((first == k->left && second == k->right) || (first == k->right && second == k->left)) {
            return k;
        }
    }
    return NULL;
}

/* By the major opcode: most words need not be decoded for this. */
static bool may_be_half(uint32_t word)
{
    const uint64_t majors = 1ull << 0x1a | 1ull << 0x1b | 1ull << 0x22 | 1ull << 0x26 | 1ull << 0x2a |
                            1ull << 0x2c | 1ull << 0x2d | 1ull << 0x2e;
    return majors >> (word >> 26) & 1;
}

/* The least offset of the access, if the two are halves of one: the left form names the byte that is the
 * most significant. */
static bool offset_of(const Trans *t, const PairKind *k, unsigned first, uint32_t a, uint32_t b,
                      int32_t *offset)
{
    int32_t left = (int16_t)(first == k->left ? a : b), right = (int16_t)(first == k->left ? b : a);
    *offset = MIN(left, right);
    return ((a ^ b) & 0x3ff0000) == 0 &&             /* the same registers */
           (t->cpu->big_endian ? right - left : left - right) == (int32_t)k->size - 1;
}

static void translate_access(Trans *t, const PairKind *k, unsigned rt, IrVal base, int32_t offset)
{
    IrRegion *r = t->ir;
    IrType type = k->size == 8 ? IR_I64 : IR_I32;
    unsigned mem = insn_mem(t, k->size, false);
    int64_t range = (int64_t)((uint32_t)offset | (uint64_t)(uint32_t)(offset + (int32_t)k->size - 1) << 32);
    IrVal page = ir_op(r, IR_PAGE, IR_I64, base, 0, 0, range);
    r->ops[page].mem = k->store;
    ir_br_if(r, ir_bin(r, IR_EQ, page, ir_const(r, IR_I64, 0)), 2 * MIPS_MAX_REGION + t->nsplits);
    t->splits[t->nsplits++] = t->pc;
    if (k->store) {
        ir_store_unaligned(r, mem, base, offset, k->size == 8 ? gpr(t, rt) : gpr32(t, rt), page);
    } else if (k->size == 8) {
        set_gpr(t, rt, ir_load_unaligned(r, type, mem, base, offset, page));
    } else {
        set_gpr32(t, rt, ir_load_unaligned(r, type, mem, base, offset, page));
    }
}

bool mips_translate_pair(Trans *t, const MipsDecoder *decoder, uint32_t a, uint32_t b, uint16_t lines[2])
{
    unsigned rs = extract32(a, 21, 5), rt = extract32(a, 16, 5);
    int32_t offset;
    if (!may_be_half(a) || !may_be_half(b)) {
        return false;
    }
    lines[0] = (uint16_t)mips_decode(decoder, t->model, a);
    lines[1] = (uint16_t)mips_decode(decoder, t->model, b);
    const PairKind *k = kind_of(lines[0], lines[1]);
    if (!k || t->nsplits == G_N_ELEMENTS(t->splits) || !offset_of(t, k, lines[0], a, b, &offset) ||
        (!k->store && (rs == rt || rt == 0)) ||
        (t->mode & MODE_ADDR64) || (k->size == 8 && !(t->mode & MODE_64))) {
        return false;
    }
    ir_begin_insn(t->ir, t->pc, false);
    translate_access(t, k, rt, insn_base(t, rs), offset);
    return true;
}

void mips_place_splits(Trans *t)
{
    for (unsigned i = 0; i < t->nsplits; i++) {
        ir_label(t->ir, 2 * MIPS_MAX_REGION + i, t->splits[i]);
        ir_set(t->ir, offsetof(MipsCpu, pc), ir_const(t->ir, IR_I64, (int64_t)t->splits[i]));
        ir_set(t->ir, offsetof(MipsCpu, mode), konst32(t, (int32_t)(t->mode | MODE_SPLIT)));
        ir_leave(t->ir);
    }
}
