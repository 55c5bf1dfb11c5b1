/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CP0 registers as software reads and writes them (MD00090, chapter 9). */
#ifndef TARGET_MIPS_CP0_H
#define TARGET_MIPS_CP0_H

#include <glib.h>
#include "target/mips/cpu.h"

#define CP0(reg, sel) ((reg) * 8 + (sel))

/* The slot that a read of register n (8 * number + select) may come from directly, or 0
 * when reading takes more than that or the register is not there. */
size_t cp0_plain_slot(const MipsModel *model, unsigned n, bool wide);
/* The 64-bit slot that a write of register n goes to as it is, sign-extended unless wide, or 0. */
size_t cp0_plain_write(const MipsModel *model, unsigned n);
/* Whether a write may change how following instructions run, so that the block must end. */
bool cp0_write_changes_mode(unsigned n);
/* MFC0/MTC0 (wide: DMFC0/DMTC0). Registers that the model has not read as 0, writes to
 * them are logged and ignored. */
uint64_t cp0_read(MipsCpu *cpu, unsigned n, bool wide);
void cp0_write(MipsCpu *cpu, unsigned n, uint64_t value, bool wide);
/* Reset values (MD00090, 9; power-on). */
void cp0_reset(MipsCpu *cpu);

#endif
