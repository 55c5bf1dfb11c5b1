/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic, logic, shifts, bit fields, conditional moves. */
#include "isa.h"

/* 32-bit operations on values that are no sign-extended words are UNPREDICTABLE. */
#define NARROW(v) ((word)(long)(int)(v))
#define ANY(v) (v)

#define THREE(id, text) THREE_OF(ANY, id, text)
#define THREE_OF(CONV, id, text) do { \
        digest_begin(); \
        for (unsigned i = 0; i < corners + 64; i++) { \
            for (unsigned j = 0; j < corners; j++) { \
                word a = CONV(i < corners ? corner[i] : NARROW(random64())), b = corner[j], r = 0x1234; \
                asm volatile(text " %0, %1, %2" : "+r"(r) : "r"(a), "r"(b)); \
                digest(r); \
            } \
        } \
        digest_end(#id); \
    } while (0)

/* rd = rt op rs, in the order of the assembler. */
#define IMM1(text, imm) IMM1_OF(ANY, text, imm)
#define IMM1_OF(CONV, text, imm) \
    for (unsigned i = 0; i < corners; i++) { \
        word r; \
        asm volatile(text " %0, %1, " #imm : "=r"(r) : "r"(CONV(corner[i]))); \
        digest(r); \
    }
#define SIGNED_IMM(id, text) do { \
        digest_begin(); \
        IMM1(text, 0) IMM1(text, 1) IMM1(text, -1) IMM1(text, 32767) IMM1(text, -32768) IMM1(text, 0x1234) \
        digest_end(#id); \
    } while (0)
#define UNSIGNED_IMM(id, text) do { \
        digest_begin(); \
        IMM1(text, 0) IMM1(text, 1) IMM1(text, 0xffff) IMM1(text, 0x8000) IMM1(text, 0x5a5a) \
        digest_end(#id); \
    } while (0)
#define SHIFT_IMM(id, text) SHIFT_IMM_OF(ANY, id, text)
#define SHIFT_IMM_OF(CONV, id, text) do { \
        digest_begin(); \
        IMM1_OF(CONV, text, 0) IMM1_OF(CONV, text, 1) IMM1_OF(CONV, text, 5) IMM1_OF(CONV, text, 16) \
        IMM1_OF(CONV, text, 31) \
        digest_end(#id); \
    } while (0)
#define TWO(id, text) do { \
        digest_begin(); \
        for (unsigned i = 0; i < corners + 64; i++) { \
            word a = i < corners ? corner[i] : (word)(long)(int)random64(), r; \
            asm volatile(text " %0, %1" : "=r"(r) : "r"(a)); \
            digest(r); \
        } \
        digest_end(#id); \
    } while (0)
#define FIELD1(text, pos, size) \
    for (unsigned i = 0; i < corners; i++) { \
        word r = corner[corners - 1 - i]; \
        asm volatile(text " %0, %1, " #pos ", " #size : "+r"(r) : "r"(corner[i])); \
        digest(r); \
    }

static void words(void)
{
    THREE(ADDU, "addu"); THREE(SUBU, "subu"); THREE(AND, "and"); THREE(OR, "or"); THREE(XOR, "xor");
    THREE(NOR, "nor"); THREE(SLT, "slt"); THREE(SLTU, "sltu"); THREE(MOVZ, "movz"); THREE(MOVN, "movn");
    THREE(SLLV, "sllv"); THREE(SRLV, "srlv"); THREE_OF(NARROW, SRAV, "srav"); THREE(ROTRV, "rotrv");
    THREE(MUL, "mul");
    SIGNED_IMM(ADDIU, "addiu"); SIGNED_IMM(SLTI, "slti"); SIGNED_IMM(SLTIU, "sltiu");
    UNSIGNED_IMM(ANDI, "andi"); UNSIGNED_IMM(ORI, "ori"); UNSIGNED_IMM(XORI, "xori");
    SHIFT_IMM(SLL, "sll"); SHIFT_IMM(SRL, "srl"); SHIFT_IMM_OF(NARROW, SRA, "sra"); SHIFT_IMM(ROTR, "rotr");
    TWO(CLZ, "clz"); TWO(CLO, "clo"); TWO(SEB, "seb"); TWO(SEH, "seh"); TWO(WSBH, "wsbh");
    digest_begin();
    FIELD1("ext", 0, 1) FIELD1("ext", 0, 32) FIELD1("ext", 31, 1) FIELD1("ext", 5, 11)
    digest_end("EXT");
    digest_begin();
    FIELD1("ins", 0, 1) FIELD1("ins", 0, 32) FIELD1("ins", 31, 1) FIELD1("ins", 5, 11)
    digest_end("INS");
    word r;
    digest_begin();
    asm volatile("lui %0, 0x8000" : "=r"(r));
    digest(r);
    asm volatile("lui %0, 0x1234" : "=r"(r));
    digest(r);
    digest_end("LUI");
}

#ifdef __mips64
static void doublewords(void)
{
    THREE(DADDU, "daddu"); THREE(DSUBU, "dsubu"); THREE(DSLLV, "dsllv"); THREE(DSRLV, "dsrlv");
    THREE(DSRAV, "dsrav"); THREE(DROTRV, "drotrv");
    SIGNED_IMM(DADDIU, "daddiu");
    SHIFT_IMM(DSLL, "dsll"); SHIFT_IMM(DSRL, "dsrl"); SHIFT_IMM(DSRA, "dsra"); SHIFT_IMM(DROTR, "drotr");
    SHIFT_IMM(DSLL32, "dsll32"); SHIFT_IMM(DSRL32, "dsrl32"); SHIFT_IMM(DSRA32, "dsra32");
    SHIFT_IMM(DROTR32, "drotr32");
    TWO(DCLZ, "dclz"); TWO(DCLO, "dclo"); TWO(DSBH, "dsbh"); TWO(DSHD, "dshd");
    digest_begin();
    FIELD1("dext", 0, 1) FIELD1("dext", 31, 32) FIELD1("dext", 7, 20)
    digest_end("DEXT");
    digest_begin();
    FIELD1("dextm", 0, 33) FIELD1("dextm", 0, 64) FIELD1("dextm", 20, 40)
    digest_end("DEXTM");
    digest_begin();
    FIELD1("dextu", 32, 1) FIELD1("dextu", 63, 1) FIELD1("dextu", 40, 20)
    digest_end("DEXTU");
    digest_begin();
    FIELD1("dins", 0, 1) FIELD1("dins", 0, 32) FIELD1("dins", 7, 20)
    digest_end("DINS");
    digest_begin();
    FIELD1("dinsm", 0, 33) FIELD1("dinsm", 31, 33) FIELD1("dinsm", 20, 40)
    digest_end("DINSM");
    digest_begin();
    FIELD1("dinsu", 32, 1) FIELD1("dinsu", 63, 1) FIELD1("dinsu", 40, 20)
    digest_end("DINSU");
}
#endif

void test_main(void)
{
    random_start(1);
    words();
#ifdef __mips64
    doublewords();
#endif
}
