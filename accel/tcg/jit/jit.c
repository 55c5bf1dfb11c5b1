/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code as a back end: running, chaining, exceptions. */
#include "accel/tcg/flat.h"
#include "accel/tcg/jit/jit.h"

#include <xmmintrin.h>
#include "target/mips/fpu.h"

#define HOST_MXCSR 0x1f80

static void init(Tcg *tcg)
{
    Jit *jit = g_new0(Jit, 1);
    tcg->backend_data = jit;
    jit->avx = __builtin_cpu_supports("avx");
    jit->bmi2 = __builtin_cpu_supports("bmi2");
    jit->lzcnt = __builtin_cpu_supports("lzcnt");
    jit->sse41 = __builtin_cpu_supports("sse4.1");
    memset(tcg->cpu->temp, 0, sizeof(tcg->cpu->temp));
    jit_make_thunks(tcg, jit);
}

static void end(Tcg *tcg)
{
    g_free(tcg->backend_data);
}

static RunResult run(Tcg *tcg, const void *code)
{
    const Jit *jit = tcg->backend_data;
    uint64_t why = jit->enter(tcg->cpu, code);
    if (why == 0) {
        return (RunResult){ RUN_LOOKUP, NULL };
    }
    return why == 1 ? (RunResult){ RUN_HOT, NULL } : (RunResult){ RUN_EXIT, (BlockExit *)(uintptr_t)why };
}

static void put(uint8_t *at, int32_t v)
{
    memcpy(at, &v, 4);
}

/*
 * An exit's site is a jump with a distance of 32 bits, at first to what comes next: the way back to
 * the run loop. One that checks the page has a comparison of the page's exec entry with the
 * frame before the jump.
 */
static void chain(Tcg *tcg, BlockExit *exit, const Block *to)
{
    uint8_t *site = exit->site;
    if (exit->checks_page) {
        put(site + JIT_FRAME, (int32_t)flat_frame(to->phys));
    }
    if (exit->kind == EXIT_INDIRECT) {
        put(site + JIT_IC_PC, (int32_t)to->pc);
        put(site + JIT_IC_ENTRY, flat_exec_disp(to->pc, to->mode & MODE_KSU));
        put(site + JIT_IC_MISS, JIT_IC_LOOKUP - JIT_IC_MISS - 4);
    }
    put(site, (int32_t)((const uint8_t *)to->code - (site + 4 + tcg->space.exec)));
}

static void unchain(Tcg *tcg, BlockExit *exit)
{
    uint8_t *site = exit->site;
    put(site, 0);
    if (exit->kind == EXIT_INDIRECT) {
        put(site + JIT_IC_MISS, JIT_IC_FIRST - JIT_IC_MISS - 4);
    }
}

static void restore(Tcg *tcg)
{
    MipsCpu *cpu = tcg->cpu;
    const JitState *s = jit_state(cpu);
    const JitSnap *snap = cpu->cur_op;
    if (s->guest_csr) {
        cpu->mxcsr = _mm_getcsr();
        _mm_setcsr(HOST_MXCSR);
    }
    for (unsigned i = 0; i < snap->block->nhomes; i++) {
        const JitHome *h = &snap->block->homes[i];
        if (snap->dirty >> i & 1) {
            memcpy((char *)cpu + h->slot, h->xmm ? &s->xmm[h->reg] : &s->reg[h->reg], h->bytes);
        }
    }
    cpu->pc = snap->pc;
    cpu->exc.bd = snap->delay_slot;
}

static void print(const Tcg *tcg, const Block *b, GString *out)
{
    jit_disassemble(b->code, b->code_size - sizeof(b), out);
}

const TcgBackend jit_backend = {
    .name = "x86-64", .executable = true, .init = init, .free = end, .make = jit_generate, .run = run,
    .link = chain, .unlink = unchain, .restore = restore, .print = print,
};
