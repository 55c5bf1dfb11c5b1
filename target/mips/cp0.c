/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CP0 registers. Not modelled and so never claimed by a model: EJTAG debug registers, watch
 * and performance counters, CDMM, CMGCR, cache error and parity. TagLo, DataLo and ErrCtl
 * only store what is written, for cache initialisation.
 */
#include "target/mips/cp0.h"

#include "accel/tcg/ir.h"
#include "target/mips/tlb.h"
#include "util/bits.h"
#include "util/log.h"

#define SLOT(field) offsetof(MipsCpu, cp0.field)

size_t cp0_plain_slot(const MipsModel *model, unsigned n, bool wide)
{
    size_t low = wide ? 0 : IR_LOW32;
    switch (n) {
    case CP0(4, 0):  return SLOT(context) + low;
    case CP0(8, 0):  return SLOT(badvaddr) + low;
    case CP0(10, 0): return SLOT(entryhi) + low;
    case CP0(14, 0): return SLOT(epc) + low;
    case CP0(30, 0): return SLOT(errorepc) + low;
    case CP0(20, 0): return model->is_64bit && wide ? SLOT(xcontext) : 0;
    case CP0(4, 2):  return model->config[3] & (1u << 13) ? SLOT(userlocal) + low : 0;
    case CP0(12, 0): return wide ? 0 : SLOT(status);
    case CP0(31, 2): case CP0(31, 3): case CP0(31, 4):
    case CP0(31, 5): case CP0(31, 6): case CP0(31, 7):
        return model->kscratch >> (n & 7) & 1 ? SLOT(kscratch) + 8 * (n & 7) + low : 0;
    default:
        return 0;
    }
}

size_t cp0_plain_write(const MipsModel *model, unsigned n)
{
    bool plain = n == CP0(14, 0) || n == CP0(30, 0) || n == CP0(4, 2) || n >> 3 == 31;
    return plain ? cp0_plain_slot(model, n, true) : 0;
}

bool cp0_write_changes_mode(unsigned n)
{
    switch (n) {
    case CP0(9, 0): case CP0(10, 0): case CP0(11, 0): case CP0(12, 0): case CP0(13, 0):
    case CP0(16, 0): case CP0(16, 5): case CP0(5, 1): case CP0(7, 0):
        return true;
    default:
        return false;
    }
}

static uint64_t entrylo_read(uint64_t v, bool wide)
{
    return wide ? v : (v & 0x3fffffff) | (v >> 32 & 0xc0000000);
}

static uint64_t count_read(MipsCpu *cpu)
{
    return mips_count_get(cpu);
}

static uint64_t random_read(MipsCpu *cpu)
{
    return tlb_random(cpu);
}

/* A model's register that is read by number, or 0. */
static uint64_t read_other(MipsCpu *cpu, unsigned n)
{
    const MipsCp0 *c = &cpu->cp0;
    unsigned sel = n & 7;
    switch (n >> 3) {
    case 12: return sel == 1 ? c->intctl : 0;
    case 15: return sel == 0 ? c->prid : sel == 1 ? c->ebase : 0;
    case 16: return c->config[sel];
    case 17: return sel == 0 ? c->lladdr : sel == 2 ? c->maari
                  : sel == 1 && c->maari < 2 ? c->maar[c->maari] : 0;
    case 28: return sel & 1 ? c->datalo : c->taglo;
    case 29: return sel & 1 ? c->datahi : c->taghi;
    default: return 0;
    }
}

uint64_t cp0_read(MipsCpu *cpu, unsigned n, bool wide)
{
    const MipsCp0 *c = &cpu->cp0;
    size_t slot = cp0_plain_slot(cpu->model, n, true);
    if (slot) {
        return *(const uint64_t *)((const char *)cpu + slot);
    }
    switch (n) {
    case CP0(0, 0):  return (uint64_t)(int32_t)c->index;
    case CP0(1, 0):  return random_read(cpu);
    case CP0(2, 0):  return entrylo_read(c->entrylo[0], wide);
    case CP0(3, 0):  return entrylo_read(c->entrylo[1], wide);
    case CP0(5, 0):  return c->pagemask;
    case CP0(5, 1):  return (uint64_t)(int32_t)c->pagegrain;
    case CP0(6, 0):  return c->wired;
    case CP0(7, 0):  return c->hwrena;
    case CP0(8, 1):  return c->config[3] & 1u << 26 ? (uint64_t)(int32_t)c->badinstr : 0;
    case CP0(8, 2):  return c->config[3] & 1u << 27 ? (uint64_t)(int32_t)c->badinstrp : 0;
    case CP0(9, 0):  return (uint64_t)(int32_t)count_read(cpu);
    case CP0(11, 0): return (uint64_t)(int32_t)c->compare;
    case CP0(12, 0): return (uint64_t)(int32_t)c->status;
    case CP0(13, 0):
        mips_timer_poll(cpu);
        return (uint64_t)(int32_t)mips_cause(cpu);
    case CP0(26, 0): return c->errctl;
    default:         return read_other(cpu, n);
    }
}

static void write_entrylo(MipsCpu *cpu, int which, uint64_t v, bool wide)
{
    if (!wide) {
        v = (v & 0x3fffffff) | (v & 0xc0000000) << 32;
    }
    uint64_t keep = BITS64(0, 6) | BITS64(6, cpu->model->pabits - 12u);
    keep |= (uint64_t)(cpu->cp0.pagegrain & 0xc0000000) << 32;
    cpu->cp0.entrylo[which] = v & keep;
}

static void write_pagemask(MipsCpu *cpu, uint32_t v)
{
    /* Pairs of ones from bit 13 upward, up to 256 MiB; other patterns are not taken. */
    uint32_t want = v & 0x1fffe000, mask = 0;
    while (mask < want) {
        mask = mask << 2 | 0x6000;
    }
    if (mask != want || mask > 0x1fffe000) {
        guest_log("PageMask: 0x%08x is not the mask of a page size", v);
        mask = want & (want >> 1 | want << 1) & 0x1fffe000;
        while (mask && (mask + 0x2000) & mask) {
            mask &= mask >> 2 | 0x6000;
        }
    }
    cpu->cp0.pagemask = mask;
}

static void write_entryhi(MipsCpu *cpu, uint64_t v, bool wide)
{
    uint64_t keep = tlb_vpn2_mask(cpu) | 0xff;
    if (extract32(cpu->model->config[4], 29, 2) >= 2) {
        keep |= 1u << 10;
    }
    if (!wide) {
        v = (uint64_t)(int32_t)v;
    }
    cpu->cp0.entryhi = cpu->base.is_64bit ? v & keep : (uint64_t)(int32_t)(v & keep);
    cpu->engine->mode_changed(cpu);
}

static void write_status(MipsCpu *cpu, uint32_t v)
{
    uint32_t rw = cpu->model->status_rw;
    cpu->cp0.status = (cpu->cp0.status & ~rw) | (v & rw);
    mips_mode_update(cpu);
}

static void write_cause(MipsCpu *cpu, uint32_t v)
{
    bool release2 = cpu->model->level >= MIPS32R2 && cpu->model->level != MIPS64;
    uint32_t rw = CA_IV | CA_IP_SW | (release2 ? CA_DC : 0);
    uint32_t old = cpu->cp0.cause;
    cpu->cp0.cause = (old & ~rw) | (v & rw);
    if ((old ^ cpu->cp0.cause) & CA_DC) {
        mips_count_stop(cpu, cpu->cp0.cause & CA_DC);
    }
    mips_kick(cpu);
}

static void write_config(MipsCpu *cpu, unsigned sel, uint32_t v)
{
    uint32_t rw = cpu->model->config_rw[sel];
    cpu->cp0.config[sel] = (cpu->cp0.config[sel] & ~rw) | (v & rw);
    mips_mode_update(cpu);
}

static uint64_t extend(uint64_t v, bool wide)
{
    return wide ? v : (uint64_t)(int32_t)v;
}

static void write_context(MipsCpu *cpu, uint64_t v)
{
    uint64_t base = ~BITS64(0, 23);
    cpu->cp0.context = (cpu->cp0.context & ~base) | (v & base);
}

static bool write_address_register(MipsCpu *cpu, unsigned n, uint64_t v, bool wide)
{
    MipsCp0 *c = &cpu->cp0;
    v = extend(v, wide);
    switch (n) {
    case CP0(4, 0):  write_context(cpu, v); return true;
    case CP0(15, 1):
        c->ebase = (uint64_t)(int32_t)((c->ebase & ~cpu->model->ebase_rw) | (v & cpu->model->ebase_rw));
        return true;
    case CP0(20, 0):
        if (cpu->model->is_64bit) {
            uint64_t base = ~BITS64(0, cpu->model->segbits - 13u + 6u);
            c->xcontext = (c->xcontext & ~base) | (v & base);
        }
        return cpu->model->is_64bit;
    default:
        break;
    }
    size_t slot = cp0_plain_write(cpu->model, n);
    if (slot) {
        *(uint64_t *)((char *)cpu + slot) = v;
    }
    return slot != 0;
}

static bool write_cache_register(MipsCpu *cpu, unsigned n, uint32_t v)
{
    MipsCp0 *c = &cpu->cp0;
    switch (n >> 3) {
    case 26: c->errctl = v; return true;
    case 28: *(n & 1 ? &c->datalo : &c->taglo) = v; return true;
    case 29: *(n & 1 ? &c->datahi : &c->taghi) = v; return true;
    default: return false;
    }
}

static bool write_maar(MipsCpu *cpu, unsigned n, uint64_t v)
{
    if (!(cpu->model->config[5] & 1u << 3)) {
        return false;
    }
    if (n == CP0(17, 2)) {
        v &= 0x3f;
        cpu->cp0.maari = v < 2 ? (uint32_t)v : v == 0x3f ? 1 : cpu->cp0.maari;
    } else {
        /* Attributes without effect here: no speculation to be kept from memory. */
        cpu->cp0.maar[cpu->cp0.maari] = v & 0x0ffff003;     /* of 32-bit physical addresses */
    }
    return true;
}

void cp0_write(MipsCpu *cpu, unsigned n, uint64_t v, bool wide)
{
    MipsCp0 *c = &cpu->cp0;
    switch (n) {
    case CP0(0, 0):
        c->index = (c->index & 0x80000000) | (v & 63);
        cpu->tlb_found = false;
        break;
    case CP0(1, 0):  break;
    case CP0(2, 0):  write_entrylo(cpu, 0, v, wide); break;
    case CP0(3, 0):  write_entrylo(cpu, 1, v, wide); break;
    case CP0(5, 0):  write_pagemask(cpu, (uint32_t)v); break;
    case CP0(5, 1):  c->pagegrain = (uint32_t)v & cpu->model->pagegrain_rw; break;
    case CP0(6, 0):  tlb_set_wired(cpu, (uint32_t)v); break;
    case CP0(7, 0):  c->hwrena = v & (cpu->model->config[3] & 1u << 13 ? 0x2000000f : 0xf); break;
    case CP0(8, 0): case CP0(15, 0): break;
    case CP0(9, 0):  mips_count_set(cpu, (uint32_t)v); break;
    case CP0(10, 0): write_entryhi(cpu, v, wide); break;
    case CP0(11, 0): mips_compare_set(cpu, (uint32_t)v); break;
    case CP0(12, 0): write_status(cpu, (uint32_t)v); break;
    case CP0(12, 1):
        c->intctl = (c->intctl & ~0x3e0u) | (cpu->model->vectored_irq ? v & 0x3e0 : 0);
        break;
    case CP0(13, 0): write_cause(cpu, (uint32_t)v); break;
    case CP0(16, 0): case CP0(16, 1): case CP0(16, 2): case CP0(16, 3):
    case CP0(16, 4): case CP0(16, 5): case CP0(16, 6): case CP0(16, 7):
        write_config(cpu, n & 7, (uint32_t)v);
        break;
    case CP0(17, 1): case CP0(17, 2):
        if (!write_maar(cpu, n, v)) {
            guest_log("write to MAAR, which %s has not", cpu->model->name);
        }
        break;
    case CP0(17, 0): c->lladdr = v & 1; cpu->llbit = cpu->llbit && (v & 1); break;
    default:
        if (!write_address_register(cpu, n, v, wide) && !write_cache_register(cpu, n, (uint32_t)v)) {
            guest_log("write of 0x%" G_GINT64_MODIFIER "x to CP0 register %u, %u, which %s has not",
                      v, n >> 3, n & 7, cpu->model->name);
        }
    }
}

void cp0_reset(MipsCpu *cpu)
{
    const MipsModel *m = cpu->model;
    cpu->cp0 = (MipsCp0){
        .status = ST_BEV | ST_ERL,
        .prid = m->prid,
        .intctl = m->level >= MIPS32R2 && m->level != MIPS64 ? 7u << 29 | 7u << 26 : 0,
        .ebase = (uint64_t)(int32_t)((cpu->useg_kernel ? 0x40000000u : 0x80000000u) | cpu->base.index),
        .random = m->tlb_entries - 1u,
    };
    memcpy(cpu->cp0.config, m->config, sizeof(m->config));
    if (cpu->big_endian) {
        cpu->cp0.config[0] |= 1u << 15;
    }
}
