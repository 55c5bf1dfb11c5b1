/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Malta board: what main hands to it. */
#ifndef HW_MIPS_MALTA_H
#define HW_MIPS_MALTA_H

#include <glib.h>
#include <stdbool.h>
#include "chardev/chardev.h"
#include "system/machine.h"

#define MALTA_MAX_RAM (UINT64_C(2) << 30)
#define MALTA_SERIALS 3     /* ttyS0, ttyS1, the CBUS UART */

/* A network device on the board. */
typedef struct {
    char *model;            /* NULL: pcnet */
    char *netdev, *mac;     /* NULL: plugged into nothing; one is chosen */
    char *addr;             /* of the PCI bus; NULL: slot 11 for a PCnet that is the first, else a free one */
} MaltaNic;

typedef struct {
    Chardev *serial[MALTA_SERIALS];     /* NULL: the port is there, nothing is connected */
    Chardev *printer;                   /* on the parallel port; likewise */
    Chardev *display;                   /* ASCII display of the FPGA; may be NULL */
    MemRegion *ram;                     /* of ram_size, somebody else's; NULL: the board makes its own */
    const MaltaNic *nics;
    unsigned nic_count;
    const char *bios;                   /* flash image, or NULL: the built-in boot stub */
} MaltaConfig;

/* Builds the board on a machine whose ram_size, byte order and CPUs are set: memory map,
 * chips, wiring; nothing runs yet. False with err naming what could not be made; the
 * machine is then only good for machine_free. Caller holds the lock. */
bool malta_build(Machine *machine, const MaltaConfig *config, GError **err);

/* What MaltaNic.model may be, a line each; the caller frees it. */
char *malta_nic_models(void);

typedef enum { MALTA_BIOS_UNKNOWN, MALTA_BIOS_LITTLE, MALTA_BIOS_BIG } MaltaBiosOrder;

/* The byte order of the -bios image at path, told by its first word: UNKNOWN when that is no
 * instruction that firmware begins with, or is one both ways. False with err ("-bios FILE:
 * ...") when the file cannot be read. */
bool malta_bios_probe(const char *path, MaltaBiosOrder *order, GError **err);

/* Host address of RAM offset 0 (all RAM is one block) for the kernel loader. */
uint8_t *malta_ram(Machine *machine);
/* Host address of the 4 MiB flash image, in guest memory order. */
uint8_t *malta_flash(Machine *machine);

#endif
