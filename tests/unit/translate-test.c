/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest code to IR: what becomes of small pieces of code, as text. */
#include "target/mips/translate.h"

#include <string.h>

#define PC UINT64_C(0xffffffff80001000)

typedef struct {
    MipsDecoder *decoder;
    MipsCpu *cpu;
    IrRegion *region;
    MipsBlockInfo info;
    GString *text;
} Fixture;

static void begin(Fixture *f, gconstpointer unused)
{
    (void)unused;
    f->decoder = mips_decoder_new();
    f->cpu = g_new0(MipsCpu, 1);
    f->cpu->model = mips_model_find("24Kf", false, NULL);
    f->region = ir_region_new();
    f->text = g_string_new(NULL);
}

static void end(Fixture *f, gconstpointer unused)
{
    (void)unused;
    mips_decoder_free(f->decoder);
    g_free(f->cpu);
    ir_region_free(f->region);
    g_string_free(f->text, TRUE);
}

/* The region is well formed; its text is f->text. */
static void print(Fixture *f)
{
    g_assert_cmpstr(ir_verify(f->region), ==, NULL);
    g_string_truncate(f->text, 0);
    ir_print(f->region, mips_slot_name, f->text);
}

static void expect(Fixture *f, const char *what)
{
    if (!strstr(f->text->str, what)) {
        g_error("no '%s' in\n%s", what, f->text->str);
    }
}

static void store_code(uint8_t *to, const uint32_t *code, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t word = GUINT32_TO_LE(code[i]);
        memcpy(to + 4 * i, &word, 4);
    }
}

/* 1000: bnez a0, 1010; nop; 1008: jr ra; nop; 1010: bnez a0, 1010; addiu a0, a0, -1; 1018: jr ra; nop */
static const uint32_t loop_code[] = {
    0x14800003, 0, 0x03e00008, 0, 0x1480ffff, 0x2484ffff, 0x03e00008, 0,
};

static void test_loop(Fixture *f, gconstpointer unused)
{
    uint8_t code[sizeof(loop_code)];
    (void)unused;
    store_code(code, loop_code, G_N_ELEMENTS(loop_code));
    const MipsRegionBlock blocks[] = { { PC, code, 16 }, { PC + 16, code + 16, 16 } };
    mips_translate_region(f->cpu, f->decoder, f->region, MODE_CP0, blocks, 2, blocks[0].pc, &f->info);
    print(f);
    g_assert_cmpuint(f->info.insns, ==, 4);
    expect(f, "label L0   ; pc 0xffffffff80001000\n");
    expect(f, "br_if L1 %");
    expect(f, "goto 0xffffffff80001008");
    expect(f, "label L1   ; pc 0xffffffff80001010 loop\n");
    expect(f, "goto 0xffffffff80001018");
}

/* A sequence that runs into the start of another goes on there. */
static void test_runs_into(Fixture *f, gconstpointer unused)
{
    uint8_t code[sizeof(loop_code)];
    (void)unused;
    store_code(code, loop_code, G_N_ELEMENTS(loop_code));
    const MipsRegionBlock blocks[] = { { PC + 12, code + 12, 20 }, { PC + 16, code + 16, 16 } };
    mips_translate_region(f->cpu, f->decoder, f->region, MODE_CP0, blocks, 2, blocks[0].pc, &f->info);
    print(f);
    expect(f, "br L1\n");
    expect(f, "br_if L1 %");
}

/* A loop over two pages, entered in the middle: each way from one to the other makes sure of its page. */
static void test_two_pages(Fixture *f, gconstpointer unused)
{
    uint8_t code[sizeof(loop_code)];
    (void)unused;
    store_code(code, loop_code, G_N_ELEMENTS(loop_code));
    /* PC + 16 branches to itself; the same code 4096 bytes on is what its delay slot leads to. */
    const MipsRegionBlock blocks[] = { { PC + 16 - 4096, code + 8, 4, 5 }, { PC + 16, code + 16, 16, 7 } };
    mips_translate_region(f->cpu, f->decoder, f->region, 0, blocks, 2, PC + 16, &f->info);
    print(f);
    expect(f, "br L1\n         label L0");
    expect(f, "label L1   ; pc 0xffffffff80001010 loop\n");
    g_assert_null(strstr(f->text->str, "exit_moved"));

    static const uint32_t away[] = { 0x1480fc00, 0 };       /* bne a0, zero, PC + 16 - 4096 from PC + 12 */
    store_code(code, away, G_N_ELEMENTS(away));
    const MipsRegionBlock apart[] = { { PC + 16 - 4096, code, 8, 5 }, { PC + 12, code, 8, 7 } };
    mips_translate_region(f->cpu, f->decoder, f->region, 0, apart, 2, PC + 12, &f->info);
    print(f);
    expect(f, "exit_if 0xffffffff80001014 %");
    expect(f, "exit_moved %");
    expect(f, "br L0\n");
}

/* The delay slot lies beyond what may be read: it is deferred, and the region goes on. */
static void test_no_slot(Fixture *f, gconstpointer unused)
{
    uint8_t code[sizeof(loop_code)];
    (void)unused;
    store_code(code, loop_code, G_N_ELEMENTS(loop_code));
    const MipsRegionBlock blocks[] = { { PC, code, 4 }, { PC + 16, code + 16, 16 } };
    mips_translate_region(f->cpu, f->decoder, f->region, MODE_CP0, blocks, 2, blocks[0].pc, &f->info);
    print(f);
    expect(f, "set btarget");
    expect(f, "leave\n         label L1");
}

/* Calls and returns, for the prediction of returns. */
static void test_calls(Fixture *f, gconstpointer unused)
{
    static const uint32_t jal[] = { 0x0c000800, 0 }, jr[] = { 0x03e00008, 0 }, bltz[] = { 0x04100004, 0 };
    uint8_t code[8];
    (void)unused;
    store_code(code, jal, 2);
    mips_translate_block(f->cpu, f->decoder, f->region, PC, MODE_CP0, code, 8, 63, &f->info);
    print(f);
    expect(f, "push_ret 0xffffffff80001008\n         goto 0xffffffff80002000");
    store_code(code, jr, 2);
    mips_translate_block(f->cpu, f->decoder, f->region, PC, MODE_CP0, code, 8, 63, &f->info);
    print(f);
    expect(f, "; returns");
    store_code(code, bltz, 2);                  /* bltzal zero: never taken */
    mips_translate_block(f->cpu, f->decoder, f->region, PC, MODE_CP0, code, 8, 63, &f->info);
    print(f);
    g_assert_null(strstr(f->text->str, "push_ret"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add(path, Fixture, NULL, begin, test, end)
    ADD("/translate/region/loop", test_loop);
    ADD("/translate/region/runs-into", test_runs_into);
    ADD("/translate/region/no-slot", test_no_slot);
    ADD("/translate/region/two-pages", test_two_pages);
    ADD("/translate/calls", test_calls);
    return g_test_run();
}
