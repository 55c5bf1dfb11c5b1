/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What machine code calls: slow paths of memory and floating point, exceptions. */
#include "accel/tcg/jit/jit.h"
#include "accel/tcg/softmmu.h"
#include "target/mips/fpu.h"

G_STATIC_ASSERT(sizeof(JitState) <= sizeof(((MipsCpu *)0)->temp));

#define LOAD(size) \
    static void load_##size(MipsCpu *cpu) \
    { \
        JitState *s = jit_state(cpu); \
        s->result = softmmu_load(cpu, s->arg[0], size); \
    }
#define STORE(size, type) \
    static void store_##size(MipsCpu *cpu) \
    { \
        JitState *s = jit_state(cpu); \
        softmmu_store(cpu, s->arg[0], size, (type)s->arg[1]); \
    }
LOAD(1) LOAD(2) LOAD(4) LOAD(8)
STORE(1, uint8_t) STORE(2, uint16_t) STORE(4, uint32_t) STORE(8, uint64_t)

static void exact(MipsCpu *cpu)
{
    JitState *s = jit_state(cpu);
    s->result = fpu_exact(cpu, (uint32_t)s->arg[3], s->arg[0], s->arg[1], s->arg[2]);
}

const JitFunc jit_slow_funcs[9] = {
    load_1, load_2, load_4, load_8, store_1, store_2, store_4, store_8, exact,
};

void jit_raise(MipsCpu *cpu)
{
    const JitSnap *snap = cpu->cur_op;
    uint64_t what = jit_state(cpu)->arg[0];
    cpu->exc.code = what & 0xff;
    cpu->exc.ce = what >> 8 & 0xff;
    cpu->exc.refill = false;
    cpu->exc.bd = snap->delay_slot;
    cpu->pc = snap->pc;
    ((Tcg *)cpu->engine_data)->stats.exceptions++;
    mips_take_exception(cpu);
}
