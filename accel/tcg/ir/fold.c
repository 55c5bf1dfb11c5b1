/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Integer operations on constants: the expressions of ops.def, compiled once per width. */
#include "accel/tcg/ir.h"
#include "util/wide.h"

#define S(v) ((SignedU)(v))

static bool fold32(IrCode code, uint32_t x, uint32_t y, uint32_t *out)
{
    typedef uint32_t U;
    typedef int32_t SignedU;
    enum { W = 32 };
    switch (code) {
#define IR_UN(name, text, flags, expr) case IR_##name: *out = (expr); return true;
#define IR_BIN(name, text, flags, expr) case IR_##name: *out = (expr); return true;
#define IR_CMP(name, text, flags, expr) case IR_##name: *out = (expr); return true;
#include "accel/tcg/ops.def"
    default:
        return false;
    }
}

static bool fold64(IrCode code, uint64_t x, uint64_t y, uint64_t *out)
{
    typedef uint64_t U;
    typedef int64_t SignedU;
    enum { W = 64 };
    switch (code) {
#define IR_UN(name, text, flags, expr) case IR_##name: *out = (expr); return true;
#define IR_BIN(name, text, flags, expr) case IR_##name: *out = (expr); return true;
#define IR_CMP(name, text, flags, expr) case IR_##name: *out = (expr); return true;
#include "accel/tcg/ops.def"
    default:
        return false;
    }
}

bool ir_fold(IrCode code, IrType type, int64_t x, int64_t y, int64_t *out)
{
    if (type == IR_I32) {
        uint32_t v;
        if (!fold32(code, (uint32_t)x, (uint32_t)y, &v)) {
            return false;
        }
        *out = (int32_t)v;
        return true;
    }
    uint64_t v;
    if (type != IR_I64 || !fold64(code, (uint64_t)x, (uint64_t)y, &v)) {
        return false;
    }
    *out = (int64_t)v;
    return true;
}
