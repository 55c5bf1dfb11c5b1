/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One MIPS CPU as the machine knows it: made, reset, interrupted, described. */
#include "target/mips/cpu.h"

#include "accel/tcg/ir.h"
#include "target/mips/cp0.h"
#include "target/mips/fpu.h"
#include "target/mips/gdb.h"
#include "target/mips/tlb.h"
#include "target/mips/translate.h"
#include "util/bits.h"
#include "util/error.h"

/* Linux trap-and-emulate guests take this for granted (CONFIG_KVM_GUEST_TIMER_FREQ). */
#define USEG_KERNEL_COUNT_HZ 100000000

static const char *const gpr_names[32] = {
    "r0", "at", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7",
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "t8", "t9", "k0", "k1", "gp", "sp", "s8", "ra",
};

static void reset(Cpu *base)
{
    MipsCpu *cpu = mips_cpu(base);
    memset(cpu->gpr, 0, sizeof(cpu->gpr));
    memset(cpu->fpr, 0, sizeof(cpu->fpr));
    cpu->hi = cpu->lo = cpu->btarget = 0;
    fpu_set_fcsr(cpu, 0);
    cpu->llbit = false;
    cpu->halted = 0;
    cpu->exc.bd = false;
    cp0_reset(cpu);
    mips_timer_reset(cpu);
    tlb_reset(cpu);
    cpu->pc = 0xffffffffbfc00000;
    if (cpu->engine) {
        mips_mode_update(cpu);
    }
}

static void enter(Cpu *base, uint64_t entry, uint64_t sp, const uint64_t args[4])
{
    enum { A0 = 4, SP = 29 };
    MipsCpu *cpu = mips_cpu(base);
    bool compat = (uint64_t)(int32_t)entry == entry;
    cpu->cp0.status = ST_BEV | (compat ? 0 : ST_KX | ST_SX | ST_UX);
    cpu->pc = entry;
    cpu->gpr[SP] = sp;
    memcpy(&cpu->gpr[A0], args, 4 * sizeof(args[0]));
    if (cpu->engine) {
        mips_mode_update(cpu);
    }
}

static void set_irq(Cpu *base, unsigned line, bool level)
{
    MipsCpu *cpu = mips_cpu(base);
    uint32_t bit = 1u << (10 + line);
    g_assert(line < 6);
    if (level) {
        __atomic_or_fetch(&cpu->irq_lines, bit, __ATOMIC_ACQ_REL);
    } else {
        __atomic_and_fetch(&cpu->irq_lines, ~bit, __ATOMIC_ACQ_REL);
    }
    mips_kick(cpu);
    if (cpu->engine && cpu->engine->wake) {
        cpu->engine->wake(cpu);
    }
}

static void describe(Cpu *base, GString *out)
{
    MipsCpu *cpu = mips_cpu(base);
    int width = base->is_64bit ? 16 : 8;
    uint64_t mask = base->is_64bit ? ~UINT64_C(0) : 0xffffffff;
#define HEX "%0*" G_GINT64_MODIFIER "x"
    g_string_append_printf(out, "pc=" HEX " hi=" HEX " lo=" HEX " mode=%s%s\n", width, cpu->pc & mask, width,
                           cpu->hi & mask, width, cpu->lo & mask,
                           (const char *[]){ "kernel", "supervisor", "user", "user" }[mips_ksu(cpu)],
                           cpu->useg_kernel ? ", trap-and-emulate segments" : "");
    for (int i = 0; i < 32; i++) {
        g_string_append_printf(out, "%3s=" HEX "%c", gpr_names[i], width, mips_gpr(cpu, i) & mask,
                               i % 4 == 3 ? '\n' : ' ');
    }
    g_string_append_printf(out, "Status %08x  Cause %08x  EPC " HEX "  BadVAddr " HEX "\n", cpu->cp0.status,
                           mips_cause(cpu), width, cpu->cp0.epc & mask, width, cpu->cp0.badvaddr & mask);
    g_string_append_printf(out, "EntryHi " HEX "  Context " HEX "  EBase " HEX "  ErrorEPC " HEX "\n", width,
                           cpu->cp0.entryhi & mask, width, cpu->cp0.context & mask, width,
                           cpu->cp0.ebase & mask, width, cpu->cp0.errorepc & mask);
    g_string_append_printf(out, "Config %08x %08x %08x %08x  PRId %08x (%s)\n", cpu->cp0.config[0],
                           cpu->cp0.config[1], cpu->cp0.config[2], cpu->cp0.config[3], cpu->cp0.prid,
                           cpu->model->name);
    if (cpu->model->fcr0) {
        for (int i = 0; i < 32; i++) {
            g_string_append_printf(out, "%sf%d=%016" G_GINT64_MODIFIER "x%c", i < 10 ? " " : "", i,
                                   cpu->fpr[i], i % 4 == 3 ? '\n' : ' ');
        }
        g_string_append_printf(out, "FCSR %08x  FIR %08x\n", fpu_fcsr(cpu), cpu->model->fcr0);
    }
#undef HEX
}

static bool translate(Cpu *base, uint64_t vaddr, uint64_t *paddr)
{
    MipsCpu *cpu = mips_cpu(base);
    MipsMapping map;
    bool refill;
    if (!base->is_64bit) {
        vaddr = (uint64_t)(int32_t)vaddr;
    }
    if (mips_translate(cpu, vaddr, ACCESS_LOAD, &map, &refill) != EXC_NONE &&
        mips_translate(cpu, vaddr, ACCESS_FETCH, &map, &refill) != EXC_NONE) {
        return false;
    }
    *paddr = map.paddr;
    return true;
}

static void describe_tlb(Cpu *base, GString *out)
{
    MipsCpu *cpu = mips_cpu(base);
    for (unsigned i = 0; i < cpu->tlb_entries; i++) {
        const MipsTlbEntry *e = &cpu->tlb[i];
        if (!e->valid) {
            g_string_append_printf(out, "%2u: invalid\n", i);
            continue;
        }
        g_autofree char *asid = e->global ? g_strdup(" G") : g_strdup_printf("%02x", e->asid);
        g_string_append_printf(out, "%2u: VPN2 %016" G_GINT64_MODIFIER "x size %5u KiB ASID %s", i, e->vpn2,
                               (unsigned)(((uint64_t)e->mask + 0x2000) >> 11), asid);
        for (int half = 0; half < 2; half++) {
            g_string_append_printf(out, "  PA%d %09" G_GINT64_MODIFIER "x C%u %c%c", half,
                                   e->pfn[half], (unsigned)e->page[half].cca, e->page[half].v ? 'V' : '-',
                                   e->page[half].d ? 'D' : '-');
        }
        g_string_append_c(out, '\n');
    }
}

static void disassemble(Cpu *base, uint64_t vaddr, const uint8_t *bytes, GString *out)
{
    MipsDecoder *decoder = mips_decoder_new();
    uint32_t word = (uint32_t)(base->big_endian ? load_be(bytes, 4) : load_le(bytes, 4));
    mips_disassemble(decoder, word, vaddr, base->is_64bit, out);
    mips_decoder_free(decoder);
}

static bool get_register(Cpu *base, const char *name, uint64_t *value)
{
    MipsCpu *cpu = mips_cpu(base);
    const struct { const char *name; uint64_t value; } others[] = {
        { "pc", cpu->pc }, { "hi", cpu->hi }, { "lo", cpu->lo }, { "epc", cpu->cp0.epc },
        { "status", cpu->cp0.status }, { "cause", mips_cause(cpu) }, { "badvaddr", cpu->cp0.badvaddr },
        { "zero", 0 }, { "fp", mips_gpr(cpu, 30) },
    };
    for (unsigned i = 0; i < 32; i++) {
        char number[8];
        g_snprintf(number, sizeof(number), "r%u", i);
        if (strcmp(name, gpr_names[i]) == 0 || strcmp(name, number) == 0) {
            *value = mips_gpr(cpu, i);
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (strcmp(name, others[i].name) == 0) {
            *value = others[i].value;
            return true;
        }
    }
    return false;
}

static bool halted(Cpu *base)
{
    return __atomic_load_n(&mips_cpu(base)->halted, __ATOMIC_RELAXED);
}

static void cpu_free(Cpu *base)
{
    MipsCpu *cpu = mips_cpu(base);
    g_free(cpu);
}

static const CpuOps mips_cpu_ops = {
    .reset = reset, .enter = enter, .set_irq = set_irq, .describe = describe, .translate = translate,
    .describe_tlb = describe_tlb, .disassemble = disassemble, .get_register = get_register, .halted = halted,
    .free = cpu_free, .debug = &mips_debug_ops,
};

Cpu *mips_cpu_new(Machine *machine, const MipsModel *model, unsigned index, GError **err)
{
    if (model->is_64bit && !machine->is_64bit) {
        error_set(err, "-cpu %s: a 64-bit CPU on a 32-bit machine", model->name);
        return NULL;
    }
    MipsCpu *cpu = g_new0(MipsCpu, 1);
    cpu->base = (Cpu){ .ops = &mips_cpu_ops, .machine = machine, .index = index,
                       .big_endian = machine->big_endian, .is_64bit = model->is_64bit, .model = model->name };
    cpu->model = model;
    cpu->big_endian = machine->big_endian;
    cpu->useg_kernel = machine->useg_kernel;
    cpu->count_hz = machine->useg_kernel ? USEG_KERNEL_COUNT_HZ : model->count_hz;
    cpu->tlb_entries = model->tlb_entries;
    cpu->random_seed = 1;
    g_ptr_array_add(machine->cpus, &cpu->base);
    return &cpu->base;
}

const char *mips_slot_name(uint16_t slot, IrType type)
{
    static const char *const fcc_names[8] = {
        "fcc0", "fcc1", "fcc2", "fcc3", "fcc4", "fcc5", "fcc6", "fcc7",
    };
    size_t gpr0 = offsetof(MipsCpu, gpr), fcc0 = offsetof(MipsCpu, fcc);
    (void)type;
    if (slot >= gpr0 && slot < gpr0 + 256) {
        return gpr_names[(slot - gpr0) / 8];
    }
    if (slot >= fcc0 && slot < fcc0 + 32) {
        return fcc_names[(slot - fcc0) / 4];
    }
    static const struct { size_t at; const char *name; } others[] = {
        { offsetof(MipsCpu, hi), "hi" }, { offsetof(MipsCpu, lo), "lo" }, { offsetof(MipsCpu, pc), "pc" },
        { offsetof(MipsCpu, btarget), "btarget" }, { offsetof(MipsCpu, fcr31), "fcsr" },
        { offsetof(MipsCpu, mode), "mode" }, { offsetof(MipsCpu, cp0.status), "status" },
        { offsetof(MipsCpu, cp0.epc), "epc" }, { offsetof(MipsCpu, cp0.badvaddr), "badvaddr" },
        { offsetof(MipsCpu, cp0.context), "context" }, { offsetof(MipsCpu, cp0.entryhi), "entryhi" },
        { offsetof(MipsCpu, cp0.userlocal), "userlocal" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (slot == others[i].at || slot == others[i].at + IR_LOW32) {
            return others[i].name;
        }
    }
    return NULL;
}
