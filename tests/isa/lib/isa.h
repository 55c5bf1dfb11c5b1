/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs share: output, digests, traps, operands. */
#ifndef ISA_H
#define ISA_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned long word;             /* of the CPU */

/* The program's own part. */
void test_main(void);

/* One line: the instruction's name and the digest of all its results. */
void digest_begin(void);
void digest(u64 v);
void digest_end(const char *name);
void print(const char *text);
void print_hex(u64 v, int digits);
void leave(void);

/* The same random numbers on each machine. */
u64 random64(void);
void random_start(u32 seed);

/* The last trap, and where it goes on. */
extern volatile u32 trap_vector, trap_cause, trap_status, trap_count;
extern volatile word trap_epc, trap_badvaddr, trap_resume;
void digest_trap(word start);           /* ExcCode, CE, BD, EPC - start, the vector */

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
extern const word corner[];             /* operands worth trying */
extern const unsigned corners;

#define STR1(x) #x
#define STR(x) STR1(x)

#endif
