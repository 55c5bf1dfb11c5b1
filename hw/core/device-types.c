/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every type of device in this program: one line each. */
#include <string.h>
#include "hw/core/device.h"

extern const DeviceType ac97_type, cbus_uart_type, cfi_flash_type, cirrus_type, dma8237_type,
    e1000_82545em_type, e1000_type, gt64120_pci_type, gt64120_type, i2c_eeprom_type,
    i8042_type, i8254_type, i8259_type, ide_cd_type, ide_hd_type, malta_board_type, malta_fpga_type,
    mc146818_type, pc_testdev_type, pcnet_type,
    piix3_uhci_type, piix4_ide_type, piix4_pm_type, piix4_type, piix4_uhci_type, port61_type,
    ps2_keyboard_type, ps2_mouse_type, scsi_cd_type, scsi_hd_type, superio_type, usb_hub_type,
    usb_keyboard_type, usb_mouse_type, usb_serial_type, usb_storage_type, usb_tablet_type, vga_pci_type,
    virtconsole_type, virtio_9p_type, virtio_balloon_type, virtio_blk_type, virtio_gpu_type,
    virtio_keyboard_type, virtio_mouse_type, virtio_net_type, virtio_rng_type, virtio_scsi_type,
    virtio_serial_type, virtio_tablet_type, virtserialport_type;

const DeviceType *const *device_types(void)
{
    static const DeviceType *const types[] = {
        &ac97_type,             /* AC97 */
        &piix4_type,            /* PIIX4 */
        &piix4_pm_type,         /* PIIX4_PM */
        &vga_pci_type,          /* VGA */
        &cfi_flash_type,        /* cfi.pflash01 */
        &cirrus_type,           /* cirrus-vga */
        &e1000_type,            /* e1000 */
        &e1000_82545em_type,    /* e1000-82545em */
        &superio_type,          /* fdc37m81x-superio */
        &gt64120_type,          /* gt64120 */
        &gt64120_pci_type,      /* gt64120_pci */
        &i8042_type,            /* i8042 */
        &dma8237_type,          /* i8237 */
        &ide_cd_type,           /* ide-cd */
        &ide_hd_type,           /* ide-hd */
        &i8259_type,            /* isa-i8259 */
        &i8254_type,            /* isa-pit */
        &port61_type,           /* isa-port61 */
        &malta_board_type,      /* malta-board */
        &cbus_uart_type,        /* malta-cbus-uart */
        &malta_fpga_type,       /* malta-fpga */
        &mc146818_type,         /* mc146818rtc */
        &pc_testdev_type,       /* pc-testdev */
        &pcnet_type,            /* pcnet */
        &piix3_uhci_type,       /* piix3-usb-uhci */
        &piix4_ide_type,        /* piix4-ide */
        &piix4_uhci_type,       /* piix4-usb-uhci */
        &ps2_keyboard_type,     /* ps2-kbd */
        &ps2_mouse_type,        /* ps2-mouse */
        &scsi_cd_type,          /* scsi-cd */
        &scsi_hd_type,          /* scsi-hd */
        &i2c_eeprom_type,       /* smbus-eeprom */
        &usb_hub_type,          /* usb-hub */
        &usb_keyboard_type,     /* usb-kbd */
        &usb_mouse_type,        /* usb-mouse */
        &usb_serial_type,       /* usb-serial */
        &usb_storage_type,      /* usb-storage */
        &usb_tablet_type,       /* usb-tablet */
        &virtconsole_type,      /* virtconsole */
        &virtio_9p_type,        /* virtio-9p-pci */
        &virtio_balloon_type,   /* virtio-balloon-pci */
        &virtio_blk_type,       /* virtio-blk-pci */
        &virtio_gpu_type,       /* virtio-gpu-pci */
        &virtio_keyboard_type,  /* virtio-keyboard-pci */
        &virtio_mouse_type,     /* virtio-mouse-pci */
        &virtio_net_type,       /* virtio-net-pci */
        &virtio_rng_type,       /* virtio-rng-pci */
        &virtio_scsi_type,      /* virtio-scsi-pci */
        &virtio_serial_type,    /* virtio-serial-pci */
        &virtio_tablet_type,    /* virtio-tablet-pci */
        &virtserialport_type,   /* virtserialport */
        NULL,
    };
    return types;
}

const DeviceType *device_type_find(const char *name)
{
    for (const DeviceType *const *t = device_types(); *t; t++) {
        if (strcmp((*t)->name, name) == 0) {
            return *t;
        }
    }
    return NULL;
}
