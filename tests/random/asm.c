/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/random/asm.h"

void asm_init(Asm *a, uint64_t va, unsigned max)
{
    *a = (Asm){ .va = va, .max = max, .words = g_new0(uint32_t, max), .kept = g_new0(uint8_t, max),
                .labels = g_array_new(FALSE, FALSE, sizeof(int)),
                .fixups = g_array_new(FALSE, FALSE, sizeof(Fixup)) };
}

void asm_clear(Asm *a)
{
    g_free(a->words);
    g_free(a->kept);
    g_array_free(a->labels, TRUE);
    g_array_free(a->fixups, TRUE);
}

void asm_emit(Asm *a, uint32_t word)
{
    if (a->n < a->max) {
        a->kept[a->n] = a->keep;
        a->words[a->n++] = word;
    }
}

Label asm_label(Asm *a)
{
    int none = -1;
    g_array_append_val(a->labels, none);
    return a->labels->len - 1;
}

void asm_bind(Asm *a, Label label)
{
    g_array_index(a->labels, int, label) = (int)a->n;
}

Label asm_here(Asm *a)
{
    Label label = asm_label(a);
    asm_bind(a, label);
    return label;
}

static void use(Asm *a, uint32_t word, Label label, int kind)
{
    Fixup f = { a->n, label, kind };
    g_array_append_val(a->fixups, f);
    asm_emit(a, word);
}

void asm_branch(Asm *a, uint32_t word, Label label)
{
    use(a, word, label, FIX_BRANCH);
}

void asm_jump(Asm *a, uint32_t word, Label label)
{
    use(a, word, label, FIX_JUMP);
}

void asm_la(Asm *a, unsigned reg, Label label)
{
    use(a, I_TYPE(OP_LUI, reg, 0, 0), label, FIX_HIGH);
    use(a, I_TYPE(OP_ORI, reg, reg, 0), label, FIX_LOW);
}

void asm_li(Asm *a, unsigned reg, uint32_t value)
{
    int16_t low = (int16_t)value;
    if ((uint32_t)(int32_t)low == value) {
        asm_emit(a, I_TYPE(OP_ADDIU, reg, R_ZERO, value));
        return;
    }
    asm_emit(a, I_TYPE(OP_LUI, reg, 0, value >> 16));
    if (value & 0xffff) {
        asm_emit(a, I_TYPE(OP_ORI, reg, reg, value));
    }
}

uint64_t asm_address(const Asm *a, Label label)
{
    int at = g_array_index(a->labels, int, label);
    g_assert(at >= 0);
    return a->va + 4 * (uint64_t)at;
}

void asm_finish(Asm *a)
{
    for (unsigned i = 0; i < a->fixups->len; i++) {
        const Fixup *f = &g_array_index(a->fixups, Fixup, i);
        uint64_t to = asm_address(a, f->label), from = a->va + 4 * (uint64_t)f->at;
        uint32_t *word = &a->words[f->at];
        if (f->at >= a->max) {
            continue;
        }
        switch (f->kind) {
        case FIX_BRANCH: *word |= (uint32_t)((to - from - 4) >> 2) & 0xffff; break;
        case FIX_JUMP:   *word |= (uint32_t)(to >> 2) & 0x03ffffff; break;
        case FIX_HIGH:   *word |= (uint32_t)to >> 16; break;
        default:         *word |= (uint32_t)to & 0xffff; break;
        }
    }
}
