/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From guest code to IR: the decoder and the bodies of the instructions. */
#ifndef TARGET_MIPS_TRANSLATE_H
#define TARGET_MIPS_TRANSLATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "accel/tcg/ir.h"
#include "target/mips/cpu.h"

/* The index from instruction words to table lines, made once. Immutable afterwards: any
 * thread may use it. */
typedef struct MipsDecoder MipsDecoder;

MipsDecoder *mips_decoder_new(void);
void mips_decoder_free(MipsDecoder *decoder);
/* Pairs of lines that match a common word with equal rank, one text line each; NULL if
 * there are none. The caller frees it. */
char *mips_decoder_ambiguities(const MipsDecoder *decoder);

unsigned mips_insn_count(void);
/* Identifier and bit pattern of table line n. */
const char *mips_insn_name(unsigned n);
const char *mips_insn_bits(unsigned n);

#define MIPS_MAX_BLOCK 64

typedef struct {
    unsigned insns;             /* guest instructions translated */
    unsigned bytes;             /* guest bytes that the block depends on */
    uint16_t lines[MIPS_MAX_BLOCK + 1];     /* table line of each, for coverage */
} MipsBlockInfo;

/* Translates the block at virtual address pc with mode bits mode into r (reset first).
 * code points to the bytes at pc, of which avail (at least 4, up to the page's end) may be
 * read; at most max instructions are taken. */
void mips_translate_block(const MipsCpu *cpu, const MipsDecoder *decoder, IrRegion *r, uint64_t pc,
                          uint32_t mode, const uint8_t *code, unsigned avail, unsigned max,
                          MipsBlockInfo *info);

/* Where a basic block of a region begins, and how many bytes of it may be read. */
typedef struct {
    uint64_t pc;
    const uint8_t *code;
    unsigned avail;
    uint32_t frame;             /* what a branch from another page makes sure of; 0: nothing */
} MipsRegionBlock;

/* The most blocks of a region: as many labels again serve branches between pages, the rest unaligned
 * accesses. */
#define MIPS_MAX_REGION 48

/* Translates the blocks, at most MIPS_MAX_REGION, to one region that is entered at the one of pc entry;
 * branches among them stay in it, calls leave it. One mode, without MODE_DS and MODE_SPLIT. info->bytes
 * means nothing. */
void mips_translate_region(const MipsCpu *cpu, const MipsDecoder *decoder, IrRegion *r, uint32_t mode,
                           const MipsRegionBlock *blocks, unsigned nblocks, uint64_t entry,
                           MipsBlockInfo *info);

/* One instruction as assembly text; pc for branch targets. Never fails: unknown words
 * become ".word". */
void mips_disassemble(const MipsDecoder *decoder, uint32_t word, uint64_t pc, bool is_64bit, GString *out);

/* The name of a CPU slot for the IR printer, or NULL. */
const char *mips_slot_name(uint16_t slot, IrType type);

#endif
