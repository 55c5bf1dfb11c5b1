/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading of kernels for Malta: what the file is, where it goes, what it is told. */
#ifndef HW_MIPS_BOOT_H
#define HW_MIPS_BOOT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "system/machine.h"

typedef enum {
    KERNEL_STANDARD,    /* kseg0 or xkphys */
    KERNEL_USEG,        /* 0x40000000..0x5fffffff: a trap-and-emulate guest */
    KERNEL_RAW,         /* no header that tells: loaded at 0x80100000 */
} KernelKind;

typedef struct {
    KernelKind kind;
    bool elf;           /* the four below come from an ELF header */
    bool uimage;
    bool is_64bit;      /* ELF class */
    bool big_endian;
    unsigned arch;      /* e_flags bits 31..28: 0 MIPS I .. 7 MIPS32R2, 8 MIPS64R2, 9/10 R6 */
    uint64_t entry;     /* sign-extended virtual address */
} BootKernel;

typedef struct {
    const char *kernel, *initrd, *append, *dtb;     /* NULL: not given */
} BootConfig;

/* Reads the head of the kernel file. False with err ("-kernel FILE: ...") when it is
 * missing, unreadable or not for a MIPS; nothing else is touched. */
bool boot_probe(const char *path, BootKernel *out, GError **err);

/* Reads kernel and initrd, checks that they fit, and registers the reset hook that puts
 * them, the tables and the boot stub into RAM and flash. The board is built; lock held. */
bool boot_load(Machine *machine, const BootConfig *config, GError **err);

#endif
