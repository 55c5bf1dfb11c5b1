/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "isa.h"

volatile u32 trap_vector, trap_cause, trap_status, trap_count;
volatile word trap_epc, trap_badvaddr, trap_resume;

const word corner[] = {
    0, 1, 2, 7, 8, 31, 32, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x12345678, 0x7fffffff,
    (word)(int)0x80000000, (word)(int)0x80000001, (word)(int)0xfffffffe, (word)-1,
    (word)(int)0xa5a5a5a5, (word)-32768,
#ifdef __mips64
    0x7fffffffffffffff, 0x8000000000000000, 0x0123456789abcdef, 0x80000000, 0xffffffff, 0x100000000,
#endif
};
const unsigned corners = COUNT_OF(corner);

/* ---- the first UART, polled ---- */

#define UART ((volatile u8 *)(long)(int)0xb80003f8)

static void put(char c)
{
    while (!(UART[5] & 0x20)) {
    }
    UART[0] = (u8)c;
}

void print(const char *text)
{
    for (; *text; text++) {
        put(*text);
    }
}

void print_hex(u64 v, int digits)
{
    while (digits-- > 0) {
        put("0123456789abcdef"[v >> (4 * digits) & 15]);
    }
}

/* ---- digests: FNV-1a over 32-bit pieces ---- */

static u64 state;

void digest_begin(void)
{
    state = 0xcbf29ce484222325ull;
}

void digest(u64 v)
{
    state = (state ^ (u32)v) * 0x100000001b3ull;
    state = (state ^ (u32)(v >> 32)) * 0x100000001b3ull;
}

void digest_end(const char *name)
{
    print(name);
    print(" ");
    print_hex(state, 16);
    print("\n");
}

void digest_trap(word start)
{
    /* CE is UNPREDICTABLE unless a coprocessor was unusable. */
    digest(trap_cause & ((trap_cause & 0x7c) == 0x2c ? 0xb000007c : 0x8000007c));
    digest(trap_epc - start);
    digest(trap_vector);
    digest(trap_status & 0x1f);
}

void trap_unexpected(void)
{
    print("UNEXPECTED TRAP cause ");
    print_hex(trap_cause, 8);
    print(" epc ");
    print_hex(trap_epc, 2 * sizeof(word));
    print(" badvaddr ");
    print_hex(trap_badvaddr, 2 * sizeof(word));
    print("\n");
    leave();
}

static u64 seed = 1;

void random_start(u32 s)
{
    seed = 88172645463325252ull + s;
}

u64 random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

void *memset(void *p, int c, unsigned long n)
{
    for (u8 *q = p; n; n--) {
        *q++ = (u8)c;
    }
    return p;
}

void *memcpy(void *to, const void *from, unsigned long n)
{
    const u8 *f = from;
    for (u8 *t = to; n; n--) {
        *t++ = *f++;
    }
    return to;
}
