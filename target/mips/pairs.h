/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two instructions that are one unaligned access. */
#ifndef TARGET_MIPS_PAIRS_H
#define TARGET_MIPS_PAIRS_H

#include "target/mips/insn.h"

/* Translates words a, at t->pc, and b behind it as one access, if they are the halves of one; lines: theirs
 * in the table. In a region only. */
bool mips_translate_pair(Trans *t, const MipsDecoder *decoder, uint32_t a, uint32_t b, uint16_t lines[2]);
/* Where the region is left for accesses that must be split; after its last block. */
void mips_place_splits(Trans *t);

#endif
