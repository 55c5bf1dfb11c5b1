/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which line of the instruction table a word is. */
#ifndef TARGET_MIPS_DECODE_H
#define TARGET_MIPS_DECODE_H

#include "target/mips/insn.h"

/* The line of word on that model (any model when NULL), or INSN_RESERVED. */
unsigned mips_decode(const MipsDecoder *decoder, const MipsModel *model, uint32_t word);

#endif
