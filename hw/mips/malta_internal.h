/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board as its files see it. */
#ifndef HW_MIPS_MALTA_INTERNAL_H
#define HW_MIPS_MALTA_INTERNAL_H

#include "hw/char/cbus_uart.h"
#include "hw/core/device.h"
#include "hw/ide/piix4_ide.h"
#include "hw/input/i8042.h"
#include "hw/isa/dma8237.h"
#include "hw/isa/piix4.h"
#include "hw/isa/port61.h"
#include "hw/isa/superio.h"
#include "hw/misc/cfi_flash.h"
#include "hw/misc/i2c_eeprom.h"
#include "hw/misc/malta_fpga.h"
#include "hw/mips/malta.h"
#include "hw/pci/gt64120.h"
#include "hw/timer/i8254.h"
#include "hw/timer/mc146818.h"
#include "hw/usb/usb.h"

/* The board is itself a device, realized last, so that it goes before its chips do. */
typedef struct {
    Device dev;
    MemRegion *ram, *own_ram;       /* own: to be freed with the board */
    MemRegion *ram_window[3];       /* below the hole, above it, and all of it at 2 GiB */
    MemRegion *boot_alias, *board_id, *nobody;

    Gt64120 *gt;
    Piix4 *piix4;
    Piix4Pm *pm;
    Piix4Ide *ide;
    I8259 *pic;
    MaltaFpga *fpga;
    CbusUart *cbus_uart;
    CfiFlash *flash;
    Superio *superio;
} Malta;

extern const DeviceType malta_board_type;

/* Reads the -bios image into flash. False with err naming the file and what would work. */
bool malta_bios_load(CfiFlash *flash, const char *path, GError **err);
/* The network devices of config, on the PCI bus. False with err. */
bool malta_add_nics(Malta *b, const MaltaConfig *config, GError **err);

#endif
