/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread that makes regions, so that the vCPU goes on meanwhile. */
#ifndef ACCEL_TCG_COMPILER_H
#define ACCEL_TCG_COMPILER_H

#include "accel/tcg/tcg.h"

#define REGION_HEAD_EXITS 4
#define REGION_PAGES 3

/* A page of code as it was when the request was made. */
typedef struct {
    uint64_t pc, phys;          /* of its first byte */
    uint64_t serial;            /* of the code page */
    unsigned kills;
    unsigned first, end;        /* bytes that the region depends on */
    uint8_t code[4096];
} RegionPage;

/* What a region is made of. Everything in it is the thread's from compiler_ask to compiler_take. */
typedef struct {
    uint64_t pc, phys;          /* of its first block */
    uint32_t mode;
    RegionPage pages[REGION_PAGES];     /* the first block's is the first */
    unsigned npages;
    MipsRegionBlock blocks[MIPS_MAX_REGION];
    unsigned nblocks;
    BlockExit head_exits[REGION_HEAD_EXITS];
    Block *region;              /* what the thread makes */
    unsigned insns;
    int64_t ns;                 /* it took */
    Block head;                 /* its first block, for later regions */
} RegionRequest;

typedef struct Compiler Compiler;

/* The thread, for tcg; started by the first request. */
Compiler *compiler_new(Tcg *tcg);
/* Ends and joins it; requests are dropped. */
void compiler_free(Compiler *c);
/* Requests that are not finished yet. The vCPU's thread, as what follows. */
unsigned compiler_pending(Compiler *c);
void compiler_ask(Compiler *c, RegionRequest *request);
/* Until all of them are finished. */
void compiler_wait(Compiler *c);
/* The next finished request, or NULL; the caller frees it with g_free. */
RegionRequest *compiler_take(Compiler *c);

#endif
