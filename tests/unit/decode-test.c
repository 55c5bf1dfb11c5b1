/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction table: no ambiguous lines, levels respected, disassembly. */
#include "target/mips/decode.h"

static void test_unambiguous(void)
{
    MipsDecoder *d = mips_decoder_new();
    g_autofree char *pairs = mips_decoder_ambiguities(d);
    g_assert_cmpstr(pairs, ==, NULL);
    mips_decoder_free(d);
}

/* Each line's own pattern, its operand bits zero, decodes to that line. */
static void test_each_line(void)
{
    MipsDecoder *d = mips_decoder_new();
    for (unsigned n = 0; n < mips_insn_count(); n++) {
        uint32_t zeros = 0, ones = 0;
        for (const char *p = mips_insn_bits(n); *p; p++) {
            if (*p != ' ') {
                zeros = zeros << 1 | (*p == '1');
                ones = ones << 1 | (*p != '0');
            }
        }
        g_assert_cmpstr(mips_insn_name(mips_decode(d, NULL, ones)), ==, mips_insn_name(n));
        unsigned other = mips_decode(d, NULL, zeros);
        g_assert_cmpuint(other, <, mips_insn_count());
    }
    mips_decoder_free(d);
}

static unsigned decode_on(const MipsDecoder *d, const char *cpu, uint32_t word)
{
    const MipsModel *m = mips_model_find(cpu, true, NULL);
    g_assert_nonnull(m);
    return mips_decode(d, m, word);
}

static void test_levels(void)
{
    MipsDecoder *d = mips_decoder_new();
    const uint32_t ext = 0x7c221000 | 3 << 6, daddu = 0x0043082d, add_ps = 0x46c20840, dext = 0x7c220803;
    g_assert_cmpuint(decode_on(d, "4Kc", ext), ==, INSN_RESERVED);
    g_assert_cmpuint(decode_on(d, "24Kf", ext), ==, INSN_EXT);
    g_assert_cmpuint(decode_on(d, "5Kc", ext), ==, INSN_RESERVED);
    g_assert_cmpuint(decode_on(d, "MIPS64R2-generic", ext), ==, INSN_EXT);
    g_assert_cmpuint(decode_on(d, "24Kf", daddu), ==, INSN_RESERVED);
    g_assert_cmpuint(decode_on(d, "5Kc", daddu), ==, INSN_DADDU);
    g_assert_cmpuint(decode_on(d, "5Kc", dext), ==, INSN_RESERVED);
    g_assert_cmpuint(decode_on(d, "24Kf", add_ps), ==, INSN_RESERVED);
    g_assert_cmpuint(decode_on(d, "20Kc", add_ps), ==, INSN_ADD_PS);
    mips_decoder_free(d);
}

/* DSP, MSA, MIPS16e jumps, R6 and MT encodings are reserved until they are modelled. */
static void test_absent(void)
{
    static const uint32_t words[] = {
        0x7c221010,     /* addu.qb */
        0x7820000e,     /* MSA */
        0x74000000,     /* jalx */
        0xd8200000,     /* R6 compact branch, here ldc2 */
        0x41600bc1,     /* dmt */
        0x7c000038,     /* extr.w */
    };
    MipsDecoder *d = mips_decoder_new();
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        unsigned line = decode_on(d, "34Kf", words[i]);
        g_assert_true(line == INSN_RESERVED || line == INSN_LDC2);
    }
    mips_decoder_free(d);
}

static void test_disassembly(void)
{
    static const struct { uint32_t word; const char *text; } cases[] = {
        { 0x27bdffe0, "addiu   sp, sp, -32" }, { 0x8fbf001c, "lw      ra, 28(sp)" }, { 0x00000000, "nop" },
        { 0x1000ffff, "beq     zero, zero, 0x80001000" }, { 0x0c000400, "jal     0x80001000" },
        { 0x7c831044, "ins     v1, a0, 1, 2" }, { 0x7c831045 & ~0x3fu, "ext     v1, a0, 1, 3" },
        { 0x74000000, ".word   0x74000000" }, { 0x40896000, "mtc0    t1, $12, 0" },
        { 0x46020840, "add.s   $f1, $f1, $f2" }, { 0x7ca33900, "ext     v1, a1, 4, 8" },
    };
    MipsDecoder *d = mips_decoder_new();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        mips_disassemble(d, cases[i].word, 0xffffffff80001000, false, text);
        g_assert_cmpstr(text->str, ==, cases[i].text);
    }
    mips_decoder_free(d);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decode/unambiguous", test_unambiguous);
    g_test_add_func("/decode/each-line", test_each_line);
    g_test_add_func("/decode/levels", test_levels);
    g_test_add_func("/decode/absent", test_absent);
    g_test_add_func("/decode/disassembly", test_disassembly);
    return g_test_run();
}
