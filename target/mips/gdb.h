/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TARGET_MIPS_GDB_H
#define TARGET_MIPS_GDB_H

#include "system/cpu.h"

/* What a debugger sees of a MIPS CPU: registers by the numbers that gdb has given them. */
extern const CpuDebugOps mips_debug_ops;

#endif
