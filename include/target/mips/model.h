/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPU models: what a MIPS core is made of, as data. */
#ifndef TARGET_MIPS_MODEL_H
#define TARGET_MIPS_MODEL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Architecture levels, in order; an instruction line names its first (and last). */
typedef enum {
    MIPS1 = 1, MIPS2, MIPS3, MIPS4, MIPS5, MIPS32, MIPS32R2, MIPS32R3, MIPS32R5, MIPS64, MIPS64R2,
} MipsLevel;

typedef struct {
    const char *name;
    const char *about;
    bool is_64bit;
    MipsLevel level;        /* MIPS64 and MIPS64R2 include MIPS32 and MIPS32R2 */
    uint32_t prid;
    uint32_t config[8];     /* reset values; config[0] without the byte order bit */
    uint32_t config_rw[8];  /* bits that software may change */
    uint8_t tlb_entries;    /* 0: fixed mapping only is not modelled, so never 0 */
    bool vectored_irq;
    uint8_t segbits, pabits;
    uint8_t kscratch;       /* mask of KScratch registers, bits 7..2 */
    uint32_t fcr0;          /* 0: no FPU */
    uint32_t fcr31_rw;
    uint32_t status_rw;
    uint32_t pagegrain_rw;
    uint32_t ebase_rw;
    uint32_t count_hz;      /* of Count */
    uint8_t ccres;          /* RDHWR CCRes */
    uint8_t synci_step;
} MipsModel;

/* The model called name (any case) for a target of that word size, or NULL with err that
 * lists the models there are; a 32-bit target never gets a 64-bit model. */
const MipsModel *mips_model_find(const char *name, bool is_64bit_target, GError **err);
/* Model n, for a target of any word size; NULL behind the last. */
const MipsModel *mips_model_at(unsigned n);
/* 24Kf, or MIPS64R2-generic for a 64-bit target. */
const char *mips_model_default(bool is_64bit_target);
/* The lines of -cpu help, with a heading; the caller frees it. */
char *mips_model_help(void);
/* Whether the model runs code whose ELF header says e_flags.ARCH arch in that class;
 * false with err naming both. */
bool mips_model_can_run(const MipsModel *model, unsigned elf_arch, bool elf64, GError **err);

#endif
