/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU models: facts of the cores' software user's manuals, less what is not modelled here.
 * No model claims: watch registers, performance counters, EJTAG, MIPS16e, microMIPS, DSP,
 * MT, MSA, VZ, segmentation control, secondary caches, 1 KiB pages, coprocessor 2, NaN2008.
 * Caches are claimed small (4 KiB, 2-way, 32-byte lines): nothing is cached, so the loops
 * that walk them are only overhead.
 */
#include "target/mips/model.h"

#include <string.h>
#include "util/bits.h"
#include "util/error.h"

#define CFG0(at, ar)        (0x80000082u | (at) << 13 | (ar) << 10)
#define CFG1(m, tlb, fp)    ((uint32_t)(m) << 31 | ((tlb) - 1u) << 25 | 4u << 19 | 1u << 16 | 4u << 10 | \
                             1u << 7 | (fp))
#define MORE                0x80000000u
#define ULRI_VINT           (1u << 13 | 1u << 5)
#define K0_RW               { 0x7 }
#define STATUS_32           (0x1840ff17u)       /* CU0 RP BEV IM UM ERL EXL IE */
#define STATUS_64           (0x18c0ffffu)       /* and PX, KX, SX, UX, KSU */
#define FPU_32              (0x20000000u)       /* CU1 */
#define FPU_64              (0x24000000u)       /* CU1 FR */
#define FCR31_RW            0xff83ffffu         /* FCC, FS, Cause, Enables, Flags, RM */

#define R1_32(tlb)  .level = MIPS32, .config = { CFG0(0u, 0u), CFG1(0, tlb, 0) }, .tlb_entries = tlb, \
                    .segbits = 32, .pabits = 32, .status_rw = STATUS_32, .count_hz = 100000000
#define R2_32(tlb, fp) .level = MIPS32R2, .config = { CFG0(0u, 1u), CFG1(1, tlb, fp), MORE, ULRI_VINT }, \
                    .tlb_entries = tlb, .segbits = 32, .pabits = 32, .vectored_irq = true, \
                    .ebase_rw = 0x3ffff000, .count_hz = 160000000
#define R1_64(tlb, fp) .is_64bit = true, .level = MIPS64, .config = { CFG0(2u, 0u), CFG1(0, tlb, fp) }, \
                    .tlb_entries = tlb, .pabits = 36, .count_hz = 100000000
#define R2_64(tlb, fp) .is_64bit = true, .level = MIPS64R2, .tlb_entries = tlb, \
                    .config = { CFG0(2u, 1u), CFG1(1, tlb, fp), MORE, ULRI_VINT }, \
                    .segbits = 42, .pabits = 36, .vectored_irq = true, .ebase_rw = 0x3ffff000, \
                    .count_hz = 160000000
#define ALL         .config_rw = K0_RW, .ccres = 2, .synci_step = 32, .fcr31_rw = FCR31_RW

static const MipsModel models[] = {
    { .name = "4Kc", .about = "MIPS32 R1", R1_32(16), .prid = 0x00018000, ALL },
    { .name = "4KEcR1", .about = "MIPS32 R1", R1_32(16), .prid = 0x00018400, ALL },
    { .name = "4KEc", .about = "MIPS32 R2", R2_32(16, 0), .prid = 0x00019000, .status_rw = STATUS_32, ALL },
    { .name = "24Kc", .about = "MIPS32 R2", R2_32(64, 0), .prid = 0x00019300, .status_rw = STATUS_32, ALL },
    { .name = "24KEc", .about = "MIPS32 R2, without its DSP ASE", R2_32(64, 0), .prid = 0x00019600,
      .status_rw = STATUS_32, ALL },
    { .name = "24Kf", .about = "MIPS32 R2, FPU", R2_32(64, 1), .prid = 0x00019300, .fcr0 = 0x00739300,
      .status_rw = STATUS_32 | FPU_64, ALL },
    { .name = "34Kf", .about = "MIPS32 R2, FPU, without its DSP and MT ASEs", R2_32(64, 1),
      .prid = 0x00019500, .fcr0 = 0x00739500, .status_rw = STATUS_32 | FPU_64, ALL },
    { .name = "74Kf", .about = "MIPS32 R2, FPU, without its DSP ASE", R2_32(64, 1), .prid = 0x00019700,
      .fcr0 = 0x00739700, .status_rw = STATUS_32 | FPU_64, ALL },
    { .name = "M14Kc", .about = "MIPS32 R3, without microMIPS", R2_32(16, 0), .prid = 0x00019c00,
      .status_rw = STATUS_32, ALL },
    { .name = "P5600", .about = "MIPS32 R5, FPU, without EVA, XPA, MSA and VZ", .level = MIPS32R5,
      .config = { CFG0(0u, 1u), CFG1(1, 64, 1), MORE, MORE | ULRI_VINT | 1u << 12 | 1u << 26 | 1u << 27,
                  MORE | 3u << 29 | 0x1cu << 16, 1u << 3 },
      .tlb_entries = 64, .segbits = 32, .pabits = 32, .vectored_irq = true, .ebase_rw = 0x3ffff000,
      .count_hz = 160000000, .kscratch = 0x1c, .pagegrain_rw = 0xc8000000, .prid = 0x0001a800,
      .fcr0 = 0x00730300, .status_rw = STATUS_32 | FPU_64, ALL },
    { .name = "5Kc", .about = "MIPS64 R1", R1_64(32, 0), .segbits = 42, .prid = 0x00018100,
      .status_rw = STATUS_64, ALL },
    { .name = "5Kf", .about = "MIPS64 R1, FPU", R1_64(32, 1), .segbits = 42, .prid = 0x00018100,
      .fcr0 = 0x00038100, .status_rw = STATUS_64 | FPU_64, ALL },
    { .name = "20Kc", .about = "MIPS64 R1, FPU with paired single, without MIPS-3D", R1_64(48, 1),
      .segbits = 40, .prid = 0x000182a0, .fcr0 = 0x00078200, .status_rw = STATUS_64 | FPU_64, ALL },
    { .name = "5KEc", .about = "MIPS64 R2", R2_64(32, 0), .prid = 0x00018900, .status_rw = STATUS_64, ALL },
    { .name = "5KEf", .about = "MIPS64 R2, FPU", R2_64(32, 1), .prid = 0x00018900, .fcr0 = 0x00738900,
      .status_rw = STATUS_64 | FPU_64, ALL },
    { .name = "MIPS64R2-generic", .about = "MIPS64 R2, FPU with paired single", R2_64(64, 1),
      .prid = 0x00010000, .fcr0 = 0x00770000, .status_rw = STATUS_64 | FPU_64, ALL },
};

const MipsModel *mips_model_at(unsigned n)
{
    return n < G_N_ELEMENTS(models) ? &models[n] : NULL;
}

const char *mips_model_default(bool is_64bit_target)
{
    return is_64bit_target ? "MIPS64R2-generic" : "24Kf";
}

const MipsModel *mips_model_find(const char *name, bool is_64bit_target, GError **err)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        const MipsModel *m = &models[i];
        if (g_ascii_strcasecmp(name, m->name) == 0) {
            if (m->is_64bit && !is_64bit_target) {
                error_set(err, "-cpu %s: a 64-bit CPU, but the machine is a 32-bit one "
                          "(a 64-bit kernel or the name qemu-system-mips64 makes it 64-bit)", name);
                return NULL;
            }
            return m;
        }
        if (!m->is_64bit || is_64bit_target) {
            g_string_append_printf(known, "%s%s", known->len ? ", " : "", m->name);
        }
    }
    error_set(err, "-cpu %s: no such CPU model; there are %s", name, known->str);
    return NULL;
}

char *mips_model_help(void)
{
    GString *out = g_string_new("CPU models (-cpu MODEL):\n");
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        bool first = strcmp(models[i].name, mips_model_default(models[i].is_64bit)) == 0;
        g_string_append_printf(out, "  %-18s %s%s\n", models[i].name, models[i].about,
                               first ? models[i].is_64bit ? " (default for 64-bit kernels)"
                                                          : " (default for 32-bit kernels)" : "");
    }
    return g_string_free(out, FALSE);
}

static const struct { const char *name; MipsLevel level; bool wide; } elf_archs[] = {
    { "MIPS I", MIPS1, false }, { "MIPS II", MIPS2, false }, { "MIPS III", MIPS3, true },
    { "MIPS IV", MIPS4, true }, { "MIPS V", MIPS5, true }, { "MIPS32", MIPS32, false },
    { "MIPS64", MIPS64, true }, { "MIPS32R2", MIPS32R2, false }, { "MIPS64R2", MIPS64R2, true },
    { "MIPS32R6", 0, false }, { "MIPS64R6", 0, true },
};

/* Whether every instruction of a level is one of the model's. */
static bool level_covers(const MipsModel *model, MipsLevel level, bool wide)
{
    if (level == 0 || (wide && !model->is_64bit)) {
        return false;
    }
    if (model->level == MIPS64) {
        return level <= MIPS32 || level == MIPS64;
    }
    return level <= model->level;
}

bool mips_model_can_run(const MipsModel *model, unsigned elf_arch, bool elf64, GError **err)
{
    if (elf64 && !model->is_64bit) {
        return error_set(err, "the kernel is a 64-bit one, but -cpu %s is a 32-bit CPU; "
                         "leave -cpu out or choose a 64-bit model (-cpu help)", model->name);
    }
    if (elf_arch >= G_N_ELEMENTS(elf_archs)) {
        return error_set(err, "the kernel is for an unknown MIPS architecture (e_flags %x)", elf_arch);
    }
    if (!level_covers(model, elf_archs[elf_arch].level, elf_archs[elf_arch].wide)) {
        bool r6 = elf_archs[elf_arch].level == 0;
        return error_set(err, "the kernel is built for %s, which -cpu %s (%s) does not run%s",
                         elf_archs[elf_arch].name, model->name, model->about,
                         r6 ? "; Release 6 is not supported yet" : "; choose another model (-cpu help)");
    }
    return true;
}
