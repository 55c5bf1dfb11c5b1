/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A random program: what it is made for, its memory, and where things lie in it. */
#ifndef TESTS_RANDOM_PROGRAM_H
#define TESTS_RANDOM_PROGRAM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "target/mips/model.h"
#include "tests/random/asm.h"

/* Physical addresses. */
enum {
    MEM_VECTORS = 0,
    MEM_PRIVATE = 0x1000,       /* of the handlers; not compared */
    MEM_DIGEST = 0x2000,        /* see DIGEST_* */
    MEM_DUMP = 0x3000,          /* registers at the end */
    MEM_SYSTEM = 0x4000,        /* start, end, handlers */
    MEM_CONSTANTS = 0x7000,     /* first values of registers */
    MEM_TABLES = 0x8000,        /* page tables */
    MEM_CODE = 0x10000,
    MEM_DATA = 0x20000,
    MEM_STACK = 0x30000,
    MEM_PAGES = 0x40000,        /* of the user's address space */
    MEM_SIZE = 0x80000,
    MEM_BELL = 0x1f000000,      /* a store ends the run */
    CODE_SIZE = 0x10000,
    CODE_TABLES = 0xf000,       /* in the code: tables of code addresses */
};

/* More exceptions end the program. */
#define MAX_EXCEPTIONS 1500

/* In the digest's page. */
enum {
    DIGEST_SUM = 0, DIGEST_COUNT = 8,
    DIGEST_LOG = 0x100, DIGEST_LOG_ENTRIES = 64,    /* Cause, EPC, BadVAddr, and the count: 32 bytes */
};

/* In the dump: 64 bits each. */
enum {
    DUMP_GPR = 0, DUMP_HI = 32, DUMP_LO = 33, DUMP_FPR = 34, DUMP_FCSR = 66, DUMP_FCCR = 67, DUMP_CP0 = 68,
    DUMP_END = 80,
};

/* In the constants. */
enum { CONST_GPR = 0, CONST_HILO = 0x100, CONST_FPR = 0x110, CONST_FCSR = 0x210 };

typedef enum {
    KIND_INT,                   /* integer instructions, memory, branches, calls */
    KIND_FPU,                   /* mostly floating point */
    KIND_MMU,                   /* user mode, with pages that come and go */
    KIND_COUNT,
    KIND_KNOWN = KIND_COUNT,    /* the seed is the number of a program that found something */
} Kind;

typedef struct {
    const char *name;
    bool big_endian, is_64bit;
    const char *const *models;  /* ends with NULL */
} Target;

extern const Target targets[4];

typedef struct {
    uint64_t seed;
    Kind kind;
    const Target *target;
    const MipsModel *model;
    bool fr;                    /* it begins with FR = 1 */
    bool mapped;                /* kernel mode: code and some data go through wired TLB entries */
    bool wide, px;              /* user mode has 64-bit addresses, or operations only */
    bool oracle;                /* it does only what the outside oracle does the same way: see oracle.c */
    uint32_t exit_at;           /* physical, of the branch to itself at the end */
    unsigned timer;             /* Count's ticks between interrupts; 0: none */
    uint8_t *ram;               /* MEM_SIZE bytes: all of it but the code */
    Asm code;
    uint64_t start;             /* where the CPU begins */
} Program;

const char *kind_name(Kind kind);
/* Of those that found something: how many, and their names. */
unsigned program_known_count(void);
const char *program_known_name(unsigned n);
Program *program_known(unsigned n);
/* Makes the program of that seed: always the same one. oracle: one for the outside oracle. */
Program *program_new(uint64_t seed, Kind kind, const Target *target, const MipsModel *model, bool oracle);
void program_free(Program *p);
/* Memory as it is at the start, code included. */
void program_load(const Program *p, uint8_t *ram);

void program_put(const Program *p, uint8_t *ram, uint32_t at, unsigned size, uint64_t value);
uint64_t program_get(const Program *p, const uint8_t *ram, uint32_t at, unsigned size);

#endif
