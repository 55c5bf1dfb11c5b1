/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads and stores that leave the guest: widths, extension, byte order, delay slots. */
#include "lib.h"

#define FILE_ID 2
#define AREA8(n) (*(volatile u8 *)bell_area(n))
#define AREA16(n) (*(volatile u16 *)bell_area(n))
#define AREA32(n) (*(volatile u32 *)bell_area(n))

/* 0x80 0x91 0xa2 0xb3 0x44 0x35 0x26 0x17: both signs, no two equal. */
static u32 pattern(u32 n)
{
    return n < 4 ? 0x80 + n * 0x11 : 0x44 - (n - 4) * 0xf;
}

static void fill_area(void)
{
    for (u32 i = 0; i < 8; i++) {
        AREA8(i) = (u8)pattern(i);
    }
}

/* What a load of that many bytes at offset n gives. */
static u32 bytes(u32 n, u32 width)
{
    u32 v = 0;
    for (u32 i = 0; i < width; i++) {
#ifdef __MIPSEL__
        v |= pattern(n + i) << 8 * i;
#else
        v = v << 8 | pattern(n + i);
#endif
    }
    return v;
}

static u32 extended(u32 v, u32 width)
{
    u32 shift = 32 - 8 * width;
    return (u32)((int)(v << shift) >> shift);
}

#define LOAD(insn, offset) ({ u32 v_; \
    asm volatile(insn " %0, 0(%1)" : "=r"(v_) : "r"(bell_area(offset)) : "memory"); v_; })
#define STORE(insn, offset, v) \
    asm volatile(insn " %0, 0(%1)" : : "r"(v), "r"(bell_area(offset)) : "memory")

void case_mmio_loads(Env *e)
{
    fill_area();
    for (u32 i = 0; i < 8; i++) {
        CHECK_EQ(LOAD("lb", i), extended(bytes(i, 1), 1));
        CHECK_EQ(LOAD("lbu", i), bytes(i, 1));
        CHECK_EQ(*bell(BELL_LAST_WIDTH), 1);
    }
    for (u32 i = 0; i < 8; i += 2) {
        CHECK_EQ(LOAD("lh", i), extended(bytes(i, 2), 2));
        CHECK_EQ(LOAD("lhu", i), bytes(i, 2));
        CHECK_EQ(*bell(BELL_LAST_WIDTH), 2);
    }
    *bell(BELL_ACCESSES) = 0;
    CHECK_EQ(LOAD("lw", 0), bytes(0, 4));
    CHECK_EQ(LOAD("lw", 4), bytes(4, 4));
    CHECK_EQ(*bell(BELL_LAST_WIDTH), 4);
    CHECK_EQ(*bell(BELL_ACCESSES), 2);
    asm volatile("lw $0, 0(%0)" : : "r"(bell_area(0)) : "memory");      /* r0 stays */
    u32 zero;
    asm volatile("move %0, $0" : "=r"(zero));
    CHECK_EQ(zero, 0);
}

void case_mmio_stores(Env *e)
{
    AREA32(0) = AREA32(4) = 0;
    *bell(BELL_ACCESSES) = 0;
    STORE("sw", 0, 0x01020304);
    CHECK_EQ(*bell(BELL_LAST_WIDTH), 4);
    CHECK_EQ(LOAD("lw", 0), 0x01020304);
    CHECK_EQ(LOAD("lw", 4), 0);
    STORE("sh", 2, 0x1234a5b6);
    CHECK_EQ(*bell(BELL_LAST_WIDTH), 2);
    CHECK_EQ(LOAD("lhu", 2), 0xa5b6);
    STORE("sb", 5, 0xffffff77);
    CHECK_EQ(*bell(BELL_LAST_WIDTH), 1);
    CHECK_EQ(LOAD("lbu", 4), 0);
    CHECK_EQ(LOAD("lbu", 5), 0x77);
    CHECK_EQ(LOAD("lhu", 6), 0);
    STORE("sw", 4, 0);
    CHECK_EQ(LOAD("lw", 4), 0);
    CHECK_EQ(*bell(BELL_ACCESSES), 11);
}

void case_mmio_byte_order(Env *e)
{
    AREA32(8) = 0x11223344;
#ifdef __MIPSEL__
    CHECK_EQ(AREA8(8), 0x44);
    CHECK_EQ(AREA8(11), 0x11);
    CHECK_EQ(AREA16(8), 0x3344);
#else
    CHECK_EQ(AREA8(8), 0x11);
    CHECK_EQ(AREA8(11), 0x44);
    CHECK_EQ(AREA16(8), 0x1122);
#endif
    volatile u32 *p = page_at(e, 0);
    *p = 0x11223344;
    for (u32 i = 0; i < 4; i++) {
        CHECK_EQ(AREA8(8 + i), ((volatile u8 *)p)[i]);
    }
}

/* A load or store in the delay slot: done once, whether the branch is taken or not, except
 * after a branch-likely that is not. */
void case_mmio_delay_slot(Env *e)
{
    u32 v, w, area = (u32)(unsigned long)bell_area(16), seven = 7;
    AREA32(16) = 0x89abcdef;
    *bell(BELL_ACCESSES) = 0;
    asm volatile(".set push\n\t.set noreorder\n\tli %1, 1\n\tb 1f\n\tlw %0, 0(%2)\n\tli %1, 2\n1:\t.set pop"
                 : "=&r"(v), "=&r"(w) : "r"(area) : "memory");
    CHECK_EQ(v, 0x89abcdef);
    CHECK_EQ(w, 1);
    asm volatile(".set push\n\t.set noreorder\n\tli %1, 1\n\tbne $0, $0, 1f\n\tlh %0, 0(%2)\n\tli %1, 2\n1:\t"
                 ".set pop" : "=&r"(v), "=&r"(w) : "r"(area) : "memory");
    CHECK_EQ(w, 2);
    CHECK_EQ(v, extended(AREA16(16), 2));
    asm volatile(".set push\n\t.set noreorder\n\tli %0, 5\n\tbnel $0, $0, 1f\n\tlw %0, 0(%1)\n1:\t.set pop"
                 : "=&r"(v) : "r"(area) : "memory");
    CHECK_EQ(v, 5);
    asm volatile(".set push\n\t.set noreorder\n\tbal 1f\n\tlbu %0, 1(%2)\n1:\tmove %1, $31\n\t.set pop"
                 : "=&r"(v), "=&r"(w) : "r"(area) : "$31", "memory");
    CHECK_EQ(v, AREA8(17));
    asm volatile(".set push\n\t.set noreorder\n\tli %0, 1\n\tbeql $0, $0, 1f\n\tsb %2, 3(%1)\n\t"
                 "li %0, 2\n1:\t.set pop" : "=&r"(w) : "r"(area), "r"(seven) : "memory");
    CHECK_EQ(w, 1);
    CHECK_EQ(AREA8(19), 7);
    /* The branch reads the register that its slot loads. */
    asm volatile(".set push\n\t.set noreorder\n\tmove %0, $0\n\tli %1, 1\n\tbeqz %0, 1f\n\tlw %0, 0(%2)\n\t"
                 "li %1, 2\n1:\t.set pop" : "=&r"(v), "=&r"(w) : "r"(area) : "memory");
    CHECK_EQ(w, 1);
    CHECK_EQ(v, AREA32(16));
    CHECK_EQ(*bell(BELL_ACCESSES), 9);
}

#define LOAD_PART(insn, p, n) ({ u32 v_ = 0x11223344; \
    asm volatile(insn " %0, 0(%1)" : "+r"(v_) : "r"((volatile u8 *)(p) + (n)) : "memory"); v_; })

void case_mmio_partial_loads(Env *e)
{
    volatile u32 *p = page_at(e, 0);
    fill_area();
    p[0] = AREA32(0);
    p[1] = AREA32(4);
    for (u32 i = 0; i < 8; i++) {
        CHECK_EQ(LOAD_PART("lwl", bell_area(0), i), LOAD_PART("lwl", p, i));
        CHECK_EQ(LOAD_PART("lwr", bell_area(0), i), LOAD_PART("lwr", p, i));
    }
}

#define STORE_PART(insn, p, n) \
    asm volatile(insn " %0, 0(%1)" : : "r"(0x55667788), "r"((volatile u8 *)(p) + (n)) : "memory")

/* The bytes beside those stored must stay. Hosts up to now write what was in the buffer. */
void case_mmio_partial_stores(Env *e)
{
    volatile u32 *p = page_at(e, 0);
    u32 kept = 1;
    for (u32 i = 0; i < 4; i++) {
        for (u32 left = 0; left < 2; left++) {
            p[0] = AREA32(0) = 0xa1b2c3d4;
            u32 dummy = *bell(BELL_MODE);       /* what else the buffer may hold */
            (void)dummy;
            if (left) {
                STORE_PART("swl", bell_area(0), i);
                STORE_PART("swl", p, i);
            } else {
                STORE_PART("swr", bell_area(0), i);
                STORE_PART("swr", p, i);
            }
            u32 got = AREA32(0);
            if (got != p[0] && e->mode & (MODE_KVM_TE | MODE_KVM_VZ)) {
                kept = 0;
            } else {
                CHECK_EQ(got, p[0]);
            }
        }
    }
    if (!kept) {
        report_defect(DEFECT_PARTIAL_STORE);
    }
}

#define REGISTER(n) do { u32 v_; \
    asm volatile("lw $" #n ", 0(%1)\n\tsw $" #n ", 4(%1)\n\tmove %0, $" #n \
                 : "=r"(v_) : "r"(bell_area(32)) : "$" #n, "memory"); \
    CHECK_EQ(v_, 0xcafe0032); \
    CHECK_EQ(AREA32(36), 0xcafe0032); \
    AREA32(36) = 0; \
} while (0)

/* A load ends in the register that it names. $29 is left out: the stack. */
void case_mmio_registers(Env *e)
{
    AREA32(32) = 0xcafe0032;
    REGISTER(2);
    REGISTER(3);
    REGISTER(4);
    REGISTER(5);
    REGISTER(6);
    REGISTER(7);
    REGISTER(8);
    REGISTER(9);
    REGISTER(10);
    REGISTER(11);
    REGISTER(12);
    REGISTER(13);
    REGISTER(14);
    REGISTER(15);
    REGISTER(16);
    REGISTER(17);
    REGISTER(18);
    REGISTER(19);
    REGISTER(20);
    REGISTER(21);
    REGISTER(22);
    REGISTER(23);
    REGISTER(24);
    REGISTER(25);
    REGISTER(30);
    REGISTER(31);
}

/* RAM through 0x8... and 0xa...: under trap-and-emulate that, too, leaves the guest. */
void case_mmio_ram(Env *e)
{
    volatile u32 *own = page_at(e, 1);
    u32 phys = GUEST_PAGES + (1u << e->page_shift);
    for (u32 k = 0; k < 2; k++) {
        volatile u32 *p = (volatile u32 *)(unsigned long)((k ? 0xa0000000u : 0x80000000u) + phys);
        own[0] = 0x12345678 + k;
        CHECK_EQ(p[0], 0x12345678 + k);
        p[1] = 0x9abcdef0 + k;
        CHECK_EQ(own[1], 0x9abcdef0 + k);
        ((volatile u8 *)p)[9] = 0x5a;
        ((volatile u16 *)p)[5] = 0xa55a;
        CHECK_EQ(((volatile u8 *)own)[9], 0x5a);
        CHECK_EQ(((volatile u16 *)own)[5], 0xa55a);
        CHECK_EQ(((volatile u8 *)p)[3], ((volatile u8 *)own)[3]);
        own[2] = 0;
    }
}
