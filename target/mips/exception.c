/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions and interrupts: what they do to CP0 and where they go (MD00090, chapter 6). */
#include "target/mips/cpu.h"

#include "target/mips/fpu.h"
#include "util/bits.h"
#include "util/log.h"

const char *mips_exception_name(MipsException code)
{
    static const char *const names[32] = {
        [EXC_INT] = "Int", [EXC_MOD] = "Mod", [EXC_TLBL] = "TLBL", [EXC_TLBS] = "TLBS", [EXC_ADEL] = "AdEL",
        [EXC_ADES] = "AdES", [EXC_IBE] = "IBE", [EXC_DBE] = "DBE", [EXC_SYS] = "Sys", [EXC_BP] = "Bp",
        [EXC_RI] = "RI", [EXC_CPU] = "CpU", [EXC_OV] = "Ov", [EXC_TR] = "Tr", [EXC_FPE] = "FPE",
        [EXC_TLBRI] = "TLBRI", [EXC_TLBXI] = "TLBXI", [EXC_WATCH] = "WATCH",
    };
    return code < 32 && names[code] ? names[code] : "?";
}

void mips_raise(MipsCpu *cpu, MipsException code)
{
    cpu->exc.code = code;
    cpu->exc.refill = false;
    cpu->engine->unwind(cpu);
}

void mips_raise_coprocessor(MipsCpu *cpu, unsigned unit)
{
    cpu->exc.ce = (uint8_t)unit;
    mips_raise(cpu, EXC_CPU);
}

void mips_raise_addr(MipsCpu *cpu, MipsException code, uint64_t vaddr)
{
    cpu->exc.badvaddr = vaddr;
    mips_raise(cpu, code);
}

void mips_raise_tlb(MipsCpu *cpu, MipsException code, uint64_t vaddr, bool refill)
{
    cpu->exc.code = code;
    cpu->exc.badvaddr = vaddr;
    cpu->exc.refill = refill;
    cpu->engine->unwind(cpu);
}

uint32_t mips_cause(const MipsCpu *cpu)
{
    uint32_t cause = cpu->cp0.cause | (uint32_t)__atomic_load_n(&cpu->irq_lines, __ATOMIC_ACQUIRE);
    if (cpu->timer_pending) {
        cause |= 1u << 15 | (cpu->cp0.intctl ? CA_TI : 0);
    }
    return cause;
}

bool mips_irq_ready(const MipsCpu *cpu)
{
    uint32_t st = cpu->cp0.status;
    return (st & (ST_IE | ST_EXL | ST_ERL)) == ST_IE && (mips_cause(cpu) & st & ST_IM);
}

void mips_kick(MipsCpu *cpu)
{
    __atomic_store_n(&cpu->exit_request, 1, __ATOMIC_RELEASE);
}

void mips_mode_update(MipsCpu *cpu)
{
    uint32_t st = cpu->cp0.status, mode = mips_ksu(cpu);
    bool kernel = mode == 0;
    if (kernel || (st & ST_CU0)) {
        mode |= MODE_CP0;
    }
    if ((st & ST_CU1) && cpu->model->fcr0) {
        mode |= MODE_CU1 | (fpu_is_exact(cpu) ? MODE_FPX : 0);
    }
    if (st & ST_FR) {
        mode |= MODE_FR;
    }
    if (cpu->base.is_64bit) {
        uint32_t wide = kernel ? ST_KX : mips_ksu(cpu) == 1 ? ST_SX : ST_UX;
        if (kernel || (st & wide) || ((st & ST_PX) && mips_ksu(cpu) == 2)) {
            mode |= MODE_64;
        }
        if (kernel || (st & wide)) {
            mode |= MODE_ADDR64;
        }
    }
    cpu->mode = mode;
    if (mips_irq_ready(cpu)) {
        mips_kick(cpu);
    }
    cpu->engine->mode_changed(cpu);
}

static bool is_address_exception(MipsException code)
{
    return (code >= EXC_MOD && code <= EXC_ADES) || code == EXC_TLBRI || code == EXC_TLBXI;
}

static void set_fault_registers(MipsCpu *cpu, MipsException code)
{
    MipsCp0 *c = &cpu->cp0;
    uint64_t va = cpu->exc.badvaddr;
    c->badvaddr = va;
    if (code == EXC_ADEL || code == EXC_ADES) {
        return;
    }
    unsigned segbits = cpu->base.is_64bit ? cpu->model->segbits : 32;
    c->context = (c->context & ~BITS64(4, 19)) | extract64(va, 13, 19) << 4;
    if (cpu->base.is_64bit) {
        unsigned width = segbits - 13;
        c->xcontext = (c->xcontext & ~BITS64(4, width + 2)) | extract64(va, 13, width) << 4 |
                      va >> 62 << (4 + width);
        uint64_t keep = UINT64_C(3) << 62 | BITS64(13, width);
        c->entryhi = (c->entryhi & 0xff) | (va & keep);
    } else {
        c->entryhi = (uint64_t)(int32_t)((c->entryhi & 0xff) | (va & 0xffffe000));
    }
}

/* 64-bit addressing of the segment that vaddr is in: XTLB refill. */
static bool wide_refill(const MipsCpu *cpu)
{
    uint32_t st = cpu->cp0.status;
    if (!cpu->base.is_64bit) {
        return false;
    }
    switch (cpu->exc.badvaddr >> 62) {
    case 0:  return st & ST_UX;
    case 1:  return st & ST_SX;
    default: return st & ST_KX;
    }
}

/* The vectored interrupt number: the highest pending and enabled IP bit. */
static unsigned interrupt_offset(const MipsCpu *cpu)
{
    const MipsCp0 *c = &cpu->cp0;
    if (!(c->cause & CA_IV)) {
        return 0x180;
    }
    unsigned spacing = c->intctl & 0x3e0;
    uint32_t pending = (mips_cause(cpu) & c->status & ST_IM) >> 8;
    if ((c->status & ST_BEV) || !spacing || !(c->config[3] & 1u << 5) || !pending) {
        return 0x200;
    }
    return 0x200 + (31u - (unsigned)__builtin_clz(pending)) * spacing;
}

static unsigned vector_offset(const MipsCpu *cpu, MipsException code)
{
    if (code == EXC_INT) {
        return interrupt_offset(cpu);
    }
    if (cpu->exc.refill && !(cpu->cp0.status & ST_EXL)) {
        return wide_refill(cpu) ? 0x080 : 0x000;
    }
    return 0x180;
}

/* The instruction at pc once more, where it lies in memory. */
static bool read_instruction(MipsCpu *cpu, uint64_t pc, uint32_t *word)
{
    MipsMapping map;
    bool refill;
    uint64_t v;
    if (cpu->engine->peek_code(cpu, pc, word)) {
        return true;
    }
    if (mips_translate(cpu, pc, ACCESS_FETCH, &map, &refill) != EXC_NONE ||
        !as_span(cpu->base.machine->as, map.paddr).host ||
        as_read(cpu->base.machine->as, map.paddr, 4, cpu->big_endian, &v) != MEM_OK) {
        return false;
    }
    *word = (uint32_t)v;
    return true;
}

static void save_bad_instruction(MipsCpu *cpu)
{
    uint32_t config3 = cpu->cp0.config[3];
    if (config3 & 1u << 26) {
        read_instruction(cpu, cpu->pc, &cpu->cp0.badinstr);
    }
    if ((config3 & 1u << 26) && (config3 & 1u << 27) && cpu->exc.bd) {
        read_instruction(cpu, cpu->pc - 4, &cpu->cp0.badinstrp);
    }
}

/*
 * LWL, LWR, LDL and LDR load the aligned unit, but BadVAddr holds their own address: a
 * trap-and-emulate host takes from it which bytes a guest wants. (The stores probe theirs.)
 */
static void restore_partial_address(MipsCpu *cpu)
{
    uint32_t word;
    if ((cpu->exc.badvaddr & 3) || !read_instruction(cpu, cpu->pc, &word)) {
        return;
    }
    uint32_t op = word >> 26;
    uint64_t low = cpu->gpr[word >> 21 & 31] + (uint64_t)(int64_t)(int16_t)word;
    if (op == 0x22 || op == 0x26) {
        cpu->exc.badvaddr |= low & 3;
    } else if (op == 0x1a || op == 0x1b) {
        cpu->exc.badvaddr |= low & 7;
    }
}

void mips_take_exception(MipsCpu *cpu)
{
    MipsCp0 *c = &cpu->cp0;
    MipsException code = cpu->exc.code;
    bool fetch_fault = is_address_exception(code) && cpu->exc.badvaddr == cpu->pc;
    if (code != EXC_INT && !fetch_fault) {
        save_bad_instruction(cpu);
        if (code == EXC_TLBL || code == EXC_ADEL || code == EXC_TLBRI) {
            restore_partial_address(cpu);
        }
    }
    unsigned offset = vector_offset(cpu, code);
    if (is_address_exception(code)) {
        set_fault_registers(cpu, code);
    }
    if (log_enabled(LOG_INT)) {
        log_line(LOG_INT, "%s pc %016" G_GINT64_MODIFIER "x%s badvaddr %016" G_GINT64_MODIFIER "x "
                 "status %08x cause %08x", mips_exception_name(code), cpu->pc,
                 cpu->exc.bd ? " (delay slot)" : "", cpu->exc.badvaddr, c->status, mips_cause(cpu));
    }
    if (!(c->status & ST_EXL)) {
        c->epc = cpu->exc.bd ? cpu->pc - 4 : cpu->pc;
        c->cause = (c->cause & ~CA_BD) | (cpu->exc.bd ? CA_BD : 0);
    }
    uint32_t unit = code == EXC_CPU ? (uint32_t)cpu->exc.ce << 28 : 0;
    c->cause = (c->cause & ~(CA_EXC | CA_CE)) | (uint32_t)code << 2 | unit;
    c->status |= ST_EXL;
    uint64_t base = c->status & ST_BEV ? 0xffffffffbfc00200
                  : cpu->model->ebase_rw ? c->ebase & ~UINT64_C(0xfff) : 0xffffffff80000000;
    cpu->pc = base + offset;
    mips_mode_update(cpu);
}
