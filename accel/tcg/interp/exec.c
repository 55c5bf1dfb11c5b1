/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running the code that lower.c makes: one function, direct-threaded. The meaning of the
 * integer operations comes from ops.def.
 */
#include <string.h>
#include "accel/tcg/interp/interp.h"
#include "accel/tcg/softmmu.h"
#include "accel/tcg/tcg.h"
#include "target/mips/fpu.h"
#include "util/bits.h"
#include "util/wide.h"

typedef uint32_t Reg32 __attribute__((may_alias));
typedef uint64_t Reg64 __attribute__((may_alias));

#define R32(field) (*(Reg32 *)((char *)cpu + ip->field))
#define R64(field) (*(Reg64 *)((char *)cpu + ip->field))
#define GO() goto *(base + ip->handler)
#define NEXT() do { ip++; GO(); } while (0)

#define S(v) ((SignedU)(v))

/* One integer operation at one width; Y is the second operand. */
#define EVAL(bits, xval, yval, expr) do { \
        typedef uint##bits##_t U; \
        typedef int##bits##_t SignedU; \
        enum { W = bits }; \
        U x = (U)(xval), y = (U)(yval), result; \
        (void)y, (void)sizeof(SignedU); \
        result = (U)(expr); \
        R##bits(d) = result; \
    } while (0)
#define TEST(bits, xval, yval, expr, then) do { \
        typedef uint##bits##_t U; \
        typedef int##bits##_t SignedU; \
        U x = (U)(xval), y = (U)(yval); \
        (void)sizeof(SignedU); \
        if (expr) { \
            then; \
        } \
    } while (0)
/* The immediate of a fused compare and exit. */
#define XIMM ((int32_t)((uint32_t)ip->d << 16 | ip->b))

/* ---- memory ---- */

#define ADDR_A32 ((uint64_t)(int32_t)(R32(a) + (uint32_t)ip->imm))
#define ADDR_A64 (R64(a) + (uint64_t)ip->imm)

#define HOST_A32(va, size, read) softmmu_flat_host(cpu, (uint32_t)va, size, read ? FLAT_READ : FLAT_WRITE)
#define HOST_A64(va, size, read) softmmu_wide_host(cpu, va, size, !(read))

#define LOAD(A, raw, size, conv, assign) do { \
        uint64_t va = ADDR_##A; \
        const void *p = HOST_##A(va, size, true); \
        raw v; \
        if (G_LIKELY(p)) { \
            memcpy(&v, p, size); \
            v = conv(v); \
        } else { \
            cpu->cur_op = ip; \
            v = (raw)softmmu_load(cpu, va, size); \
        } \
        assign; \
    } while (0)

#define STORE(A, raw, size, conv, value) do { \
        uint64_t va = ADDR_##A; \
        void *p = HOST_##A(va, size, false); \
        if (G_LIKELY(p)) { \
            raw v = conv((raw)(value)); \
            memcpy(p, &v, size); \
        } else { \
            cpu->cur_op = ip; \
            softmmu_store(cpu, va, size, (raw)(value)); \
        } \
    } while (0)

#define SAME(v) (v)
#define SWAP2(v) __builtin_bswap16(v)
#define SWAP4(v) __builtin_bswap32(v)
#define SWAP8(v) __builtin_bswap64(v)

#define LOADS(A) \
    L_LOAD##A##_U8_32: LOAD(A, uint8_t, 1, SAME, R32(d) = v); NEXT(); \
    L_LOAD##A##_S8_32: LOAD(A, uint8_t, 1, SAME, R32(d) = (uint32_t)(int8_t)v); NEXT(); \
    L_LOAD##A##_U16_32n: LOAD(A, uint16_t, 2, SAME, R32(d) = v); NEXT(); \
    L_LOAD##A##_S16_32n: LOAD(A, uint16_t, 2, SAME, R32(d) = (uint32_t)(int16_t)v); NEXT(); \
    L_LOAD##A##_32n: LOAD(A, uint32_t, 4, SAME, R32(d) = v); NEXT(); \
    L_LOAD##A##_U16_32s: LOAD(A, uint16_t, 2, SWAP2, R32(d) = v); NEXT(); \
    L_LOAD##A##_S16_32s: LOAD(A, uint16_t, 2, SWAP2, R32(d) = (uint32_t)(int16_t)v); NEXT(); \
    L_LOAD##A##_32s: LOAD(A, uint32_t, 4, SWAP4, R32(d) = v); NEXT(); \
    L_LOAD##A##_U8_64: LOAD(A, uint8_t, 1, SAME, R64(d) = v); NEXT(); \
    L_LOAD##A##_S8_64: LOAD(A, uint8_t, 1, SAME, R64(d) = (uint64_t)(int8_t)v); NEXT(); \
    L_LOAD##A##_U16_64n: LOAD(A, uint16_t, 2, SAME, R64(d) = v); NEXT(); \
    L_LOAD##A##_S16_64n: LOAD(A, uint16_t, 2, SAME, R64(d) = (uint64_t)(int16_t)v); NEXT(); \
    L_LOAD##A##_U32_64n: LOAD(A, uint32_t, 4, SAME, R64(d) = v); NEXT(); \
    L_LOAD##A##_S32_64n: LOAD(A, uint32_t, 4, SAME, R64(d) = (uint64_t)(int32_t)v); NEXT(); \
    L_LOAD##A##_64n: LOAD(A, uint64_t, 8, SAME, R64(d) = v); NEXT(); \
    L_LOAD##A##_U16_64s: LOAD(A, uint16_t, 2, SWAP2, R64(d) = v); NEXT(); \
    L_LOAD##A##_S16_64s: LOAD(A, uint16_t, 2, SWAP2, R64(d) = (uint64_t)(int16_t)v); NEXT(); \
    L_LOAD##A##_U32_64s: LOAD(A, uint32_t, 4, SWAP4, R64(d) = v); NEXT(); \
    L_LOAD##A##_S32_64s: LOAD(A, uint32_t, 4, SWAP4, R64(d) = (uint64_t)(int32_t)v); NEXT(); \
    L_LOAD##A##_64s: LOAD(A, uint64_t, 8, SWAP8, R64(d) = v); NEXT(); \
    L_STORE##A##_8: STORE(A, uint8_t, 1, SAME, R32(b)); NEXT(); \
    L_STORE##A##_16n: STORE(A, uint16_t, 2, SAME, R32(b)); NEXT(); \
    L_STORE##A##_32n: STORE(A, uint32_t, 4, SAME, R32(b)); NEXT(); \
    L_STORE##A##_64n: STORE(A, uint64_t, 8, SAME, R64(b)); NEXT(); \
    L_STORE##A##_16s: STORE(A, uint16_t, 2, SWAP2, R32(b)); NEXT(); \
    L_STORE##A##_32s: STORE(A, uint32_t, 4, SWAP4, R32(b)); NEXT(); \
    L_STORE##A##_64s: STORE(A, uint64_t, 8, SWAP8, R64(b)); NEXT();

/* ---- floating point ---- */

#define FP2(name, func) \
    L_##name##_S: cpu->cur_op = ip; R32(d) = func##_s(cpu, R32(a), R32(b)); NEXT(); \
    L_##name##_D: cpu->cur_op = ip; R64(d) = func##_d(cpu, R64(a), R64(b)); NEXT();
#define FP1(name, func) \
    L_##name##_S: cpu->cur_op = ip; R32(d) = func##_s(cpu, R32(a)); NEXT(); \
    L_##name##_D: cpu->cur_op = ip; R64(d) = func##_d(cpu, R64(a)); NEXT();

/* ---- leaving ---- */

static inline const InterpOp *jump_target(const MipsCpu *cpu, const Tcg *tcg, uint64_t pc)
{
    const JumpEntry *j = &tcg->jump[tcg_jump_index(pc)];
    uint64_t phys;
    return softmmu_code_at(cpu, pc, &phys) && j->pc == pc && j->mode == cpu->mode && j->phys == phys
           ? j->code : NULL;
}

#define ENTER(code) do { \
        ip = (code); \
        *current = ip; \
        GO(); \
    } while (0)
#define STOP_ASKED() G_UNLIKELY(__atomic_load_n(&cpu->exit_request, __ATOMIC_RELAXED))
#define TAKE_EXIT() do { \
        if (G_UNLIKELY(!ip->c) || STOP_ASKED()) { \
            return leave_by(cpu, *current, ip); \
        } \
        ENTER(chained_code(ip)); \
    } while (0)
#define CALLED() ((uint64_t (*)(void *, uint64_t, uint64_t, uint64_t))(INTERP_TEXT + ip->imm))

static inline const InterpOp *chained_code(const InterpOp *op)
{
    return (const InterpOp *)(const void *)((const char *)op + op->imm);
}

/* Out of the code, by an exit that is not chained or although it is. */
static BlockExit *leave_by(MipsCpu *cpu, const InterpOp *current, const InterpOp *op)
{
    if (op->c) {
        cpu->pc = block_of_code(chained_code(op))->pc;
        return NULL;
    }
    BlockExit *exit = &block_of_code(current)->exits[op->imm];
    cpu->pc = exit->pc;
    return exit;
}

static const char *const op_names[IOP_COUNT] = {
#define I(name) #name,
#include "accel/tcg/interp/iops.def"
};

const char *interp_op_name(InterpCode code)
{
    return op_names[code];
}

/* With handlers not NULL only the table of labels is handed out. */
static BlockExit *execute(MipsCpu *cpu, const InterpOp *first, const void **current,
                          const int32_t **handlers)
{
    static const int32_t labels[IOP_COUNT] = {
#define I(name) &&L_##name - &&L_MOV_32,
#include "accel/tcg/interp/iops.def"
    };
    const char *const base = &&L_MOV_32;
    if (handlers) {
        *handlers = labels;
        return NULL;
    }
    Tcg *tcg = cpu->engine_data;
    const InterpOp *ip;
    uint64_t target;
    ENTER(first);

#define IR_UN(name, text, flags, expr) \
    L_##name##_32: EVAL(32, R32(a), 0, expr); NEXT(); \
    L_##name##_64: EVAL(64, R64(a), 0, expr); NEXT();
#define IR_BIN(name, text, flags, expr) \
    L_##name##_32rr: EVAL(32, R32(a), R32(b), expr); NEXT(); \
    L_##name##_32ri: EVAL(32, R32(a), ip->imm, expr); NEXT(); \
    L_##name##_64rr: EVAL(64, R64(a), R64(b), expr); NEXT(); \
    L_##name##_64ri: EVAL(64, R64(a), ip->imm, expr); NEXT();
#define IR_CMP(name, text, flags, expr) \
    L_##name##_32rr: EVAL(32, R32(a), R32(b), expr); NEXT(); \
    L_##name##_32ri: EVAL(32, R32(a), ip->imm, expr); NEXT(); \
    L_##name##_64rr: EVAL(64, R64(a), R64(b), expr); NEXT(); \
    L_##name##_64ri: EVAL(64, R64(a), ip->imm, expr); NEXT(); \
    L_X##name##_32rr: TEST(32, R32(a), R32(b), expr, TAKE_EXIT()); NEXT(); \
    L_X##name##_32ri: TEST(32, R32(a), XIMM, expr, TAKE_EXIT()); NEXT(); \
    L_X##name##_64rr: TEST(64, R64(a), R64(b), expr, TAKE_EXIT()); NEXT(); \
    L_X##name##_64ri: TEST(64, R64(a), (int64_t)XIMM, expr, TAKE_EXIT()); NEXT();
#include "accel/tcg/ops.def"

    L_MOV_32: R32(d) = R32(a); NEXT();
    L_MOV_64: R64(d) = R64(a); NEXT();
    L_MOVI_32: R32(d) = (uint32_t)ip->imm; NEXT();
    L_MOVI_64: R64(d) = (uint64_t)ip->imm; NEXT();
    L_MOVI_64W: R64(d) = (uint32_t)ip->imm | (uint64_t)ip->b << 32 | (uint64_t)ip->c << 48; NEXT();
    L_SELECT_32: R32(d) = R32(a) ? R32(b) : R32(c); NEXT();
    L_SELECT_64: R64(d) = R64(a) ? R64(b) : R64(c); NEXT();
    L_EXTRACT_32: R32(d) = extract32(R32(a), ip->imm & 0xff, (unsigned)(ip->imm >> 8)); NEXT();
    L_EXTRACT_64: R64(d) = extract64(R64(a), ip->imm & 0xff, (unsigned)(ip->imm >> 8)); NEXT();
    L_DEPOSIT_32: R32(d) = deposit32(R32(a), ip->imm & 0xff, (unsigned)(ip->imm >> 8), R32(b)); NEXT();
    L_DEPOSIT_64: R64(d) = deposit64(R64(a), ip->imm & 0xff, (unsigned)(ip->imm >> 8), R64(b)); NEXT();
    L_EXT_S: R64(d) = (uint64_t)(int32_t)R32(a); NEXT();
    L_EXT_U: R64(d) = R32(a); NEXT();

    LOADS(A32)
    LOADS(A64)

    L_CALL: {
        cpu->cur_op = ip;
        R64(d) = CALLED()(cpu, R64(a), R64(b), R64(c));
        NEXT();
    }
    L_CALL_VOID: {
        cpu->cur_op = ip;
        CALLED()(cpu, R64(a), R64(b), R64(c));
        NEXT();
    }

    FP2(FADD, fpu_add)
    FP2(FSUB, fpu_sub)
    FP2(FMUL, fpu_mul)
    FP2(FDIV, fpu_div)
    FP1(FSQRT, fpu_sqrt)
    FP1(FRECIP, fpu_recip)
    FP1(FRSQRT, fpu_rsqrt)
    FP1(FABS, fpu_abs)
    FP1(FNEG, fpu_neg)
    L_FMULADD_S:
        cpu->cur_op = ip;
        R32(d) = fpu_muladd_s(cpu, R32(a), R32(b), R32(c), (unsigned)ip->imm);
        NEXT();
    L_FMULADD_D:
        cpu->cur_op = ip;
        R64(d) = fpu_muladd_d(cpu, R64(a), R64(b), R64(c), (unsigned)ip->imm);
        NEXT();
    L_FCVT_SD: cpu->cur_op = ip; R32(d) = fpu_d_to_s(cpu, R64(a)); NEXT();
    L_FCVT_DS: cpu->cur_op = ip; R64(d) = fpu_s_to_d(cpu, R32(a)); NEXT();
    L_FCVT_SI: cpu->cur_op = ip; R32(d) = fpu_w_to_s(cpu, R32(a)); NEXT();
    L_FCVT_SL: cpu->cur_op = ip; R32(d) = fpu_l_to_s(cpu, R64(a)); NEXT();
    L_FCVT_DI: cpu->cur_op = ip; R64(d) = fpu_w_to_d(cpu, R32(a)); NEXT();
    L_FCVT_DL: cpu->cur_op = ip; R64(d) = fpu_l_to_d(cpu, R64(a)); NEXT();
    L_FTOI_IS: cpu->cur_op = ip; R32(d) = fpu_s_to_w(cpu, R32(a), (unsigned)ip->imm); NEXT();
    L_FTOI_ID: cpu->cur_op = ip; R32(d) = fpu_d_to_w(cpu, R64(a), (unsigned)ip->imm); NEXT();
    L_FTOI_LS: cpu->cur_op = ip; R64(d) = fpu_s_to_l(cpu, R32(a), (unsigned)ip->imm); NEXT();
    L_FTOI_LD: cpu->cur_op = ip; R64(d) = fpu_d_to_l(cpu, R64(a), (unsigned)ip->imm); NEXT();
    L_FCMP_S: cpu->cur_op = ip; R32(d) = fpu_cmp_s(cpu, R32(a), R32(b), (unsigned)ip->imm); NEXT();
    L_FCMP_D: cpu->cur_op = ip; R32(d) = fpu_cmp_d(cpu, R64(a), R64(b), (unsigned)ip->imm); NEXT();

    L_EXIT_IF_32:
    if (R32(a)) {
        TAKE_EXIT();
    }
    NEXT();
    L_EXIT_IF_64:
    if (R64(a)) {
        TAKE_EXIT();
    }
    NEXT();
    L_TRAP_IF_32:
    if (R32(a)) {
        cpu->cur_op = ip;
        mips_raise(cpu, (MipsException)(ip->imm & 0xff));
    }
    NEXT();
    L_TRAP_IF_64:
    if (R64(a)) {
        cpu->cur_op = ip;
        mips_raise(cpu, (MipsException)(ip->imm & 0xff));
    }
    NEXT();
    L_GOTO:
    TAKE_EXIT();
    L_JUMP_32:
    target = (uint64_t)(int32_t)R32(a);
    goto jump;
    L_JUMP_64:
    target = R64(a);
jump: {
        const InterpOp *to = jump_target(cpu, tcg, target);
        if (G_UNLIKELY(!to) || STOP_ASKED()) {
            cpu->pc = target;
            return NULL;
        }
        ENTER(to);
    }
    L_RAISE:
    cpu->cur_op = ip;
    cpu->exc.ce = (uint8_t)(ip->imm >> 8);
    mips_raise(cpu, (MipsException)(ip->imm & 0xff));
    L_LEAVE:
    return NULL;
}

const int32_t *interp_handlers(void)
{
    const int32_t *labels;
    execute(NULL, NULL, NULL, &labels);
    return labels;
}

BlockExit *interp_run(MipsCpu *cpu, const InterpOp *code, const void **current)
{
    return execute(cpu, code, current, NULL);
}
