/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disassembler: the assembly column of the instruction table. */
#include <ctype.h>
#include "target/mips/decode.h"
#include "util/bits.h"

static const char *const gpr_names[32] = {
    "zero", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7",
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "t8", "t9", "k0", "k1", "gp", "sp", "s8", "ra",
};

static const char *const conditions[16] = {
    "f", "un", "eq", "ueq", "olt", "ult", "ole", "ule", "sf", "ngle", "seq", "ngl", "lt", "nge", "le", "ngt",
};

static bool is_fpu_line(const char *name, uint32_t word)
{
    unsigned major = word >> 26;
    (void)name;
    return major == 0x11 || major == 0x13 || major == 0x31 || major == 0x35 || major == 0x39 || major == 0x3d;
}

static uint64_t branch_target(uint32_t word, uint64_t pc)
{
    return pc + 4 + ((uint64_t)(int16_t)word << 2);
}

static void print_target(GString *out, uint64_t target, bool is_64bit)
{
    g_string_append_printf(out, "0x%" G_GINT64_MODIFIER "x", is_64bit ? target : target & 0xffffffff);
}

static void print_fpu_operand(GString *out, char letter, uint32_t w, uint64_t pc, bool is_64bit)
{
    switch (letter) {
    case 'D': g_string_append_printf(out, "$f%u", extract32(w, 6, 5)); break;
    case 'S': g_string_append_printf(out, "$f%u", extract32(w, 11, 5)); break;
    case 'T': g_string_append_printf(out, "$f%u", extract32(w, 16, 5)); break;
    case 'R': g_string_append_printf(out, "$f%u", extract32(w, 21, 5)); break;
    case 'A': g_string_append(out, gpr_names[extract32(w, 21, 5)]); break;
    case 'C': g_string_append_printf(out, "$%u", extract32(w, 11, 5)); break;
    case 't': g_string_append(out, gpr_names[extract32(w, 16, 5)]); break;
    case 'h': g_string_append_printf(out, "%u", extract32(w, 11, 5)); break;
    case 'c': g_string_append(out, conditions[w & 15]); break;
    case 'k':
        g_string_append_printf(out, "$fcc%u", extract32(w, (w & 0x30) == 0x30 ? 8 : 18, 3));
        break;
    case 'X':
        g_string_append_printf(out, "%s(%s)", gpr_names[extract32(w, 16, 5)], gpr_names[extract32(w, 21, 5)]);
        break;
    case 'o':
        g_string_append_printf(out, "%d(%s)", (int16_t)w, gpr_names[extract32(w, 21, 5)]);
        break;
    case 'b': print_target(out, branch_target(w, pc), is_64bit); break;
    default:  g_string_append_c(out, letter);
    }
}

/* Size operands of the field instructions: m = size of an extract, n = of an insert. */
static void print_field_size(GString *out, char letter, const char *name, uint32_t w)
{
    unsigned msb = extract32(w, 11, 5), lsb = extract32(w, 6, 5), add = 0;
    if (letter == 'm') {
        add = strcmp(name, "DEXTM") == 0 ? 33 : 1;
        g_string_append_printf(out, "%u", msb + add);
    } else {
        add = strcmp(name, "DINSM") == 0 ? 33 : 1;
        g_string_append_printf(out, "%u", msb + add - lsb);
    }
}

static bool is_upper_field(const char *name)
{
    return strcmp(name, "DEXTU") == 0 || strcmp(name, "DINSU") == 0;
}

static void print_operand(GString *out, char letter, const char *name, uint32_t w, uint64_t pc, bool is_64bit)
{
    switch (letter) {
    case 'd': g_string_append(out, gpr_names[extract32(w, 11, 5)]); break;
    case 's': g_string_append(out, gpr_names[extract32(w, 21, 5)]); break;
    case 't': g_string_append(out, gpr_names[extract32(w, 16, 5)]); break;
    case 'D': case 'R': g_string_append_printf(out, "$%u", extract32(w, 11, 5)); break;
    case 'a':
        g_string_append_printf(out, "%u", extract32(w, 6, 5) + (is_upper_field(name) ? 32 : 0));
        break;
    case 'm': case 'n': print_field_size(out, letter, name, w); break;
    case 'i': g_string_append_printf(out, "%d", (int16_t)w); break;
    case 'u': g_string_append_printf(out, "0x%x", w & 0xffff); break;
    case 'e': g_string_append_printf(out, "%u", extract32(w, (w & 63) == 59 ? 6 : 0, 3)); break;
    case 'h': g_string_append_printf(out, "0x%x", extract32(w, 16, 5)); break;
    case 'c': g_string_append_printf(out, "0x%x", extract32(w, 6, 20)); break;
    case 'k': g_string_append_printf(out, "$fcc%u", extract32(w, 18, 3)); break;
    case 'o':
        g_string_append_printf(out, "%d(%s)", (int16_t)w, gpr_names[extract32(w, 21, 5)]);
        break;
    case 'b': print_target(out, branch_target(w, pc), is_64bit); break;
    case 'j': print_target(out, ((pc + 4) & ~UINT64_C(0x0fffffff)) | (w & 0x03ffffff) << 2, is_64bit); break;
    default:  g_string_append_c(out, letter);
    }
}

void mips_disassemble(const MipsDecoder *decoder, uint32_t word, uint64_t pc, bool is_64bit, GString *out)
{
    unsigned line = mips_decode(decoder, NULL, word);
    if (word == 0) {
        g_string_append(out, "nop");
        return;
    }
    if (line == INSN_RESERVED) {
        g_string_append_printf(out, ".word   0x%08x", word);
        return;
    }
    const InsnLine *l = &insn_table[line];
    size_t start = out->len;
    for (const char *p = l->name; *p; p++) {
        g_string_append_c(out, *p == '_' ? '.' : (char)tolower((unsigned char)*p));
    }
    while (*l->args && out->len < start + 8) {
        g_string_append_c(out, ' ');
    }
    for (const char *p = l->args; *p; p++) {
        if (*p == ',') {
            g_string_append(out, ", ");
        } else if (is_fpu_line(l->name, word)) {
            print_fpu_operand(out, *p, word, pc, is_64bit);
        } else {
            print_operand(out, *p, l->name, word, pc, is_64bit);
        }
    }
}
