/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of operations, made from ops.def. */
#include "accel/tcg/ir.h"

const IrOpInfo ir_op_info[IR_OPCODES] = {
#define IR_UN(name, text, flags, expr) { #name, text, "t:t", IR_KIND_UN, 1, flags },
#define IR_BIN(name, text, flags, expr) { #name, text, "t:tt", IR_KIND_BIN, 2, flags },
#define IR_CMP(name, text, flags, expr) { #name, text, "t:tt", IR_KIND_CMP, 2, flags },
#define IR_OP(name, text, sig, effects) { #name, text, sig, IR_KIND_OTHER, sizeof(sig) - 3, effects },
#include "accel/tcg/ops.def"
};
