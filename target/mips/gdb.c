/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CPU as gdb sees it: general registers, CP0's and the FPU's, with the numbers and names
 * that gdb's manual asks for (features org.gnu.gdb.mips.cpu, .cp0 and .fpu).
 *
 * Where FR can be set, an FPU register is described with 64 bits at all times, as gdb asks for
 * the description once and FR changes: with FR = 0 an even register is the pair, an odd one the
 * pair's upper word.
 */
#include "target/mips/gdb.h"

#include "target/mips/cp0.h"
#include "target/mips/fpu.h"
#include "util/bits.h"

enum { R_STATUS = 32, R_LO, R_HI, R_BADVADDR, R_CAUSE, R_PC, R_F0, R_FCSR = 70, R_FIR, R_COUNT };

#define FIR_F64 (1u << 22)

static bool wide_fpu(const MipsCpu *cpu)
{
    return cpu->model->fcr0 & FIR_F64;
}

/* ---- the description ---- */

static void describe_reg(GString *out, const char *name, unsigned number, unsigned bytes, const char *more)
{
    g_string_append_printf(out, "    <reg name=\"%s\" bitsize=\"%u\" regnum=\"%u\"%s/>\n", name, 8 * bytes,
                           number, more);
}

static void describe_numbered(GString *out, char letter, unsigned first, unsigned bytes, const char *more)
{
    for (unsigned i = 0; i < 32; i++) {
        char name[8];
        g_snprintf(name, sizeof(name), "%c%u", letter, i);
        describe_reg(out, name, first + i, bytes, more);
    }
}

static void describe_fpu(const MipsCpu *cpu, GString *out)
{
    unsigned bytes = wide_fpu(cpu) ? 8 : 4;
    g_string_append(out, "  <feature name=\"org.gnu.gdb.mips.fpu\">\n");
    describe_numbered(out, 'f', R_F0, bytes, bytes == 8 ? " type=\"ieee_double\"" : " type=\"ieee_single\"");
    describe_reg(out, "fcsr", R_FCSR, 4, " group=\"float\"");
    describe_reg(out, "fir", R_FIR, 4, " group=\"float\"");
    g_string_append(out, "  </feature>\n");
}

static char *description(Cpu *base, const char *name)
{
    const MipsCpu *cpu = mips_cpu(base);
    unsigned word = base->is_64bit ? 8 : 4;
    if (strcmp(name, "target.xml") != 0) {
        return NULL;
    }
    GString *out = g_string_new("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n");
    g_string_append_printf(out, "<target version=\"1.0\">\n  <architecture>mips%s</architecture>\n",
                           base->is_64bit ? ":isa64r2" : ":isa32r2");
    g_string_append(out, "  <feature name=\"org.gnu.gdb.mips.cpu\">\n");
    describe_numbered(out, 'r', 0, word, "");
    describe_reg(out, "lo", R_LO, word, "");
    describe_reg(out, "hi", R_HI, word, "");
    describe_reg(out, "pc", R_PC, word, "");
    g_string_append(out, "  </feature>\n  <feature name=\"org.gnu.gdb.mips.cp0\">\n");
    describe_reg(out, "status", R_STATUS, word, "");
    describe_reg(out, "badvaddr", R_BADVADDR, word, "");
    describe_reg(out, "cause", R_CAUSE, word, "");
    g_string_append(out, "  </feature>\n");
    if (cpu->model->fcr0) {
        describe_fpu(cpu, out);
    }
    g_string_append(out, "</target>\n");
    return g_string_free(out, FALSE);
}

static unsigned register_size(Cpu *base, unsigned n)
{
    const MipsCpu *cpu = mips_cpu(base);
    if (n < R_F0) {
        return base->is_64bit ? 8 : 4;
    }
    if (n >= R_COUNT || !cpu->model->fcr0) {
        return 0;
    }
    return n < R_FCSR && wide_fpu(cpu) ? 8 : 4;
}

/* ---- values ---- */

/* With FR = 0 registers are halves of the even one. */
static uint64_t read_fpr(const MipsCpu *cpu, unsigned n)
{
    if (cpu->cp0.status & ST_FR) {
        return cpu->fpr[n];
    }
    return n & 1 ? cpu->fpr[n & ~1u] >> 32 : wide_fpu(cpu) ? cpu->fpr[n] : (uint32_t)cpu->fpr[n];
}

static void write_fpr(MipsCpu *cpu, unsigned n, uint64_t v)
{
    uint64_t *even = &cpu->fpr[n & ~1u];
    if ((cpu->cp0.status & ST_FR) || (wide_fpu(cpu) && !(n & 1))) {
        cpu->fpr[n] = v;
    } else {
        *even = deposit64(*even, n & 1 ? 32 : 0, 32, v & 0xffffffff);
    }
}

/* What is pending with the next instruction, a branch or half an access, is not lost. */
static void mode_update(MipsCpu *cpu)
{
    uint32_t keep = cpu->mode & (MODE_DS | MODE_SPLIT);
    mips_mode_update(cpu);
    cpu->mode |= keep;
}

static uint64_t get_pc(Cpu *base)
{
    const MipsCpu *cpu = mips_cpu(base);
    return cpu->mode & MODE_DS ? cpu->pc - 4 : cpu->pc;
}

static uint64_t canonical(Cpu *base, uint64_t vaddr)
{
    return base->is_64bit ? vaddr : (uint64_t)(int32_t)vaddr;
}

static void set_pc(Cpu *base, uint64_t pc)
{
    MipsCpu *cpu = mips_cpu(base);
    if (canonical(base, pc) != get_pc(base)) {
        cpu->halted = 0;
    }
    cpu->pc = canonical(base, pc);
    cpu->mode &= ~(uint32_t)(MODE_DS | MODE_SPLIT);
    cpu->btarget = 0;
}

static uint64_t read_value(Cpu *base, unsigned n)
{
    MipsCpu *cpu = mips_cpu(base);
    switch (n) {
    case R_STATUS:   return (uint64_t)(int32_t)cpu->cp0.status;
    case R_LO:       return cpu->lo;
    case R_HI:       return cpu->hi;
    case R_BADVADDR: return cpu->cp0.badvaddr;
    case R_CAUSE:    return (uint64_t)(int32_t)mips_cause(cpu);
    case R_PC:       return get_pc(base);
    case R_FCSR:     return fpu_fcsr(cpu);
    case R_FIR:      return cpu->model->fcr0;
    default:         return n < 32 ? mips_gpr(cpu, n) : read_fpr(cpu, n - R_F0);
    }
}

static void write_gpr(MipsCpu *cpu, unsigned n, uint64_t v)
{
    if (n != 0) {
        cpu->gpr[n] = canonical(&cpu->base, v);
    }
}

/* FCSR's reserved bits stay as they are. */
static void write_fcsr(MipsCpu *cpu, uint32_t v)
{
    uint32_t rw = cpu->model->fcr31_rw;
    fpu_set_fcsr(cpu, (fpu_fcsr(cpu) & ~rw) | (v & rw));
    mode_update(cpu);
}

static void write_value(Cpu *base, unsigned n, uint64_t v)
{
    MipsCpu *cpu = mips_cpu(base);
    uint32_t keep = cpu->mode & (MODE_DS | MODE_SPLIT);
    switch (n) {
    case R_STATUS:
        cp0_write(cpu, CP0(12, 0), v, false);
        cpu->mode |= keep;
        break;
    case R_LO:       cpu->lo = canonical(base, v); break;
    case R_HI:       cpu->hi = canonical(base, v); break;
    case R_BADVADDR: cpu->cp0.badvaddr = canonical(base, v); break;
    case R_CAUSE:    cp0_write(cpu, CP0(13, 0), v, false); break;
    case R_PC:       set_pc(base, v); break;
    case R_FCSR:     write_fcsr(cpu, (uint32_t)v); break;
    case R_FIR:      break;
    default:
        if (n < 32) {
            write_gpr(cpu, n, v);
        } else {
            write_fpr(cpu, n - R_F0, v);
        }
    }
}

static void read_register(Cpu *base, unsigned n, uint8_t *bytes)
{
    unsigned size = register_size(base, n);
    uint64_t v = read_value(base, n);
    if (base->big_endian) {
        store_be(bytes, size, v);
    } else {
        store_le(bytes, size, v);
    }
}

static void write_register(Cpu *base, unsigned n, const uint8_t *bytes)
{
    unsigned size = register_size(base, n);
    write_value(base, n, base->big_endian ? load_be(bytes, size) : load_le(bytes, size));
}

/* ---- memory ---- */

static bool translate(Cpu *base, uint64_t vaddr, uint64_t *paddr)
{
    MipsCpu *cpu = mips_cpu(base);
    if (base->ops->translate(base, vaddr, paddr)) {
        return true;
    }
    uint32_t status = cpu->cp0.status;
    cpu->cp0.status |= ST_EXL;                  /* the same once more, as the kernel would see it */
    bool found = base->ops->translate(base, vaddr, paddr);
    cpu->cp0.status = status;
    return found;
}

const CpuDebugOps mips_debug_ops = {
    .description = description, .register_size = register_size, .read_register = read_register,
    .write_register = write_register, .get_pc = get_pc, .set_pc = set_pc, .canonical = canonical,
    .translate = translate,
};
