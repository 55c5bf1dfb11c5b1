/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MIPS Malta board with a GT-64120A core card: memory map, chips and wiring. Malta
 * user's manual (MIPS MD00048), chapters 4 (map), 5 (interrupts) and 6.
 *
 * Not modelled: the audio chip in slot 12; its configuration space answers nothing. The Ethernet chip in slot
 * 11 is there when MaltaConfig says so.
 */
#include <string.h>
#include "hw/mips/malta.h"
#include "hw/mips/malta_internal.h"
#include "util/error.h"
#include "util/log.h"

#define HOLE_BASE      (256 * MIB)
#define HOLE_END       (512 * MIB)
#define HIGH_BASE      UINT64_C(0x80000000)
#define FLASH_BASE     0x1e000000
#define FPGA_BASE      0x1f000000
#define CBUS_UART_BASE 0x900            /* in the FPGA's space */
#define CBUS_BASE      0x1c000000
#define CBUS_SIZE      0x04000000
#define BOOT_BASE      0x1fc00000
#define BOOT_SIZE      0x00400000
#define BOARD_ID_BASE  0x1fc00010
#define BOARD_ID       0x00000420       /* CoreLV: Malta with a GT-64120A */

#define PIIX4_SLOT 10

/* CPU interrupt inputs (user's manual, table 5.1). */
enum { INPUT_I8259, INPUT_SMI, INPUT_CBUS_UART, INPUT_COREHI, INPUT_CORELO };

/* ---- interrupts ---- */

static void cpu_input(void *opaque, int n, bool level)
{
    Machine *machine = opaque;
    Malta *b = machine->board;
    if (b) {
        device_input_heard(&b->dev, n, level);
    }
    if (machine->cpus->len) {
        Cpu *cpu = g_ptr_array_index(machine->cpus, 0);
        cpu->ops->set_irq(cpu, (unsigned)n, level);
    }
}

/* The same as an input of the board. */
static void board_input(void *opaque, int n, bool level)
{
    cpu_input(((Device *)opaque)->machine, n, level);
}

/* Slot 11 pin A is on PIRQB, slot 12 on PIRQC, the connectors (18..21) turn likewise. */
static int pci_route(void *opaque, unsigned slot, unsigned pin)
{
    return (int)((slot - PIIX4_SLOT + pin) & 3);
}

static uint8_t acknowledge(void *opaque)
{
    return i8259_acknowledge(opaque);
}

/* ---- memory ---- */

static uint64_t board_id_read(void *opaque, PhysAddr addr, unsigned size)
{
    return BOARD_ID;
}

static void board_id_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    guest_log("malta: write to the read-only board id");
}

/* The board's own bus has no way to say that nobody is there. */
static uint64_t cbus_read(void *opaque, PhysAddr addr, unsigned size)
{
    guest_log("malta: read of %u bytes at 0x%08x: nothing there", size, (unsigned)(CBUS_BASE + addr));
    return 0;
}

static void cbus_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    guest_log("malta: write of %u bytes at 0x%08x: nothing there", size, (unsigned)(CBUS_BASE + addr));
}

static bool make_ram(Malta *b, const MaltaConfig *config, GError **err)
{
    Machine *machine = b->dev.machine;
    uint64_t size = machine->ram_size;
    if (size == 0 || size > MALTA_MAX_RAM || size % (64 * 1024)) {
        return error_set(err, "-m: a Malta board cannot have %" G_GUINT64_FORMAT " KiB of memory; up to 2 "
                         "GiB in steps of 64 KiB would work", size / 1024);
    }
    b->own_ram = config->ram ? NULL : mem_ram_new("ram", size, err);
    b->ram = config->ram ? config->ram : b->own_ram;
    if (!b->ram) {
        return false;
    }
    b->ram_window[0] = mem_alias_new("ram-low", b->ram, 0, MIN(size, HOLE_BASE));
    mem_add(machine->memory, 0, b->ram_window[0], 0);
    if (size > HOLE_END) {
        b->ram_window[1] = mem_alias_new("ram-above-hole", b->ram, HOLE_END, size - HOLE_END);
        mem_add(machine->memory, HOLE_END, b->ram_window[1], 0);
    }
    b->ram_window[2] = mem_alias_new("ram-high", b->ram, 0, size);
    mem_add(machine->memory, HIGH_BASE, b->ram_window[2], 0);
    return true;
}

static void make_cbus(Malta *b)
{
    static const MemOps id_ops = {
        .read = board_id_read, .write = board_id_write, .endian = MEM_NATIVE, .min_size = 4, .max_size = 4,
    };
    static const MemOps nobody_ops = { .read = cbus_read, .write = cbus_write };
    MemRegion *memory = b->dev.machine->memory;
    b->nobody = mem_io_new("cbus-nobody", CBUS_SIZE, &nobody_ops, b);
    mem_add(memory, CBUS_BASE, b->nobody, -2);
    mem_add(memory, FPGA_BASE, b->fpga->io, 0);
    mem_add(b->fpga->io, CBUS_UART_BASE, b->cbus_uart->io, 0);
    mem_add(memory, FLASH_BASE, b->flash->mem, 0);
    b->boot_alias = mem_alias_new("boot-flash", b->flash->mem, 0, BOOT_SIZE);
    mem_add(memory, BOOT_BASE, b->boot_alias, 0);
    b->board_id = mem_io_new("board-id", 4, &id_ops, b);
    mem_add(memory, BOARD_ID_BASE, b->board_id, 1);
}

/* ---- chips ---- */

#define NEW(machine, Type, type) ((Type *)(void *)device_new(machine, &(type)))

static bool make_bridges(Malta *b, GError **err)
{
    Machine *machine = b->dev.machine;
    b->gt = NEW(machine, Gt64120, gt64120_type);
    irq_connect(&b->gt->irq, cpu_input, machine, INPUT_COREHI);
    if (!device_realize(&b->gt->dev, err) ||
        !pci_device_realize(pci_device_new(b->gt->bus, &gt64120_pci_type, PCI_DEVFN(0, 0)), err)) {
        return false;
    }
    b->pic = NEW(machine, I8259, i8259_type);
    irq_connect(&b->pic->intr, cpu_input, machine, INPUT_I8259);
    if (!device_realize(&b->pic->dev, err)) {
        return false;
    }
    b->gt->acknowledge = acknowledge;
    b->gt->acknowledge_opaque = b->pic;
    b->piix4 = (Piix4 *)pci_device_new(b->gt->bus, &piix4_type, PCI_DEVFN(PIIX4_SLOT, 0));
    b->piix4->pic = b->pic;
    if (!pci_device_realize(&b->piix4->pci, err)) {
        return false;
    }
    pci_bus_set_irqs(b->gt->bus, pci_route, piix4_set_pirq, b->piix4);
    b->ide = (Piix4Ide *)pci_device_new(b->gt->bus, &piix4_ide_type, PCI_DEVFN(PIIX4_SLOT, 1));
    for (unsigned c = 0; c < PIIX4_IDE_CHANNELS; c++) {
        isa_connect_irq(&b->piix4->isa, &b->ide->irq[c], 14 + c);
    }
    if (!pci_device_realize(&b->ide->pci, err)) {
        return false;
    }
    if (!pci_device_realize(pci_device_new(b->gt->bus, &piix4_uhci_type, PCI_DEVFN(PIIX4_SLOT, 2)), err)) {
        return false;
    }
    b->pm = (Piix4Pm *)pci_device_new(b->gt->bus, &piix4_pm_type, PCI_DEVFN(PIIX4_SLOT, 3));
    irq_connect(&b->pm->sci, piix4_set_sci, b->piix4, 0);
    return pci_device_realize(&b->pm->pci, err);
}

static bool make_timers(Malta *b, GError **err)
{
    Machine *machine = b->dev.machine;
    const IsaBus *isa = &b->piix4->isa;
    I8254 *pit = NEW(machine, I8254, i8254_type);
    isa_connect_irq(isa, &pit->out0, 0);
    if (!device_realize(&pit->dev, err)) {
        return false;
    }
    isa_add_io(isa, 0x40, pit->io);
    Port61 *port = NEW(machine, Port61, port61_type);
    port->pit = pit;
    if (!device_realize(&port->dev, err)) {
        return false;
    }
    isa_add_io(isa, 0x61, port->io);
    Mc146818 *rtc = NEW(machine, Mc146818, mc146818_type);
    isa_connect_irq(isa, &rtc->irq, 8);
    if (!device_realize(&rtc->dev, err)) {
        return false;
    }
    isa_add_io(isa, 0x70, rtc->io);
    Dma8237 *dma = NEW(machine, Dma8237, dma8237_type);
    dma->isa = isa;
    return device_realize(&dma->dev, err);
}

static bool make_superio(Malta *b, const MaltaConfig *config, GError **err)
{
    Machine *machine = b->dev.machine;
    I8042 *kbc = NEW(machine, I8042, i8042_type);
    kbc->kbd = &NEW(machine, Ps2Keyboard, ps2_keyboard_type)->ps2;
    kbc->mouse = &NEW(machine, Ps2Mouse, ps2_mouse_type)->ps2;
    if (!device_realize(&kbc->kbd->dev, err) || !device_realize(&kbc->mouse->dev, err)) {
        device_free(&kbc->dev);
        return false;
    }
    if (!device_realize(&kbc->dev, err)) {
        return false;
    }
    b->superio = NEW(machine, Superio, superio_type);
    b->superio->isa = &b->piix4->isa;
    b->superio->kbc = kbc;
    for (unsigned i = 0; i < SUPERIO_UARTS; i++) {
        b->superio->chr[i] = config->serial[i];
    }
    b->superio->printer = config->printer;
    return device_realize(&b->superio->dev, err);
}

/* What the memory module says of itself. */
static bool make_spd(Malta *b, I2cBus *bus, const char *id, GError **err)
{
    I2cEeprom *spd = NEW(b->dev.machine, I2cEeprom, i2c_eeprom_type);
    spd->dev.id = g_strdup(id);
    spd->bus = bus;
    spd->address = 0x50;
    spd->write_protected = true;
    spd_eeprom_fill(spd->contents, b->dev.machine->ram_size);
    return device_realize(&spd->dev, err);
}

/* Both the FPGA and the PIIX4 have a bus with the module on it. */
static bool make_eeproms(Malta *b, GError **err)
{
    Machine *machine = b->dev.machine;
    if (!make_spd(b, &b->fpga->i2c, "spd", err) || !make_spd(b, &b->pm->smbus.bus, "smbus-spd", err)) {
        return false;
    }
    /* The board's own EEPROM, as it is before firmware writes its serial number there. */
    I2cEeprom *board = NEW(machine, I2cEeprom, i2c_eeprom_type);
    board->dev.id = g_strdup("board-eeprom");
    board->bus = &b->fpga->i2c;
    board->address = 0x56;
    memset(board->contents, 0xff, sizeof(board->contents));
    return device_realize(&board->dev, err);
}

static bool make_board_chips(Malta *b, const MaltaConfig *config, GError **err)
{
    Machine *machine = b->dev.machine;
    b->fpga = NEW(machine, MaltaFpga, malta_fpga_type);
    b->fpga->display = config->display;
    if (!device_realize(&b->fpga->dev, err) || !make_eeproms(b, err)) {
        return false;
    }
    b->cbus_uart = NEW(machine, CbusUart, cbus_uart_type);
    b->cbus_uart->chr = config->serial[2];
    irq_connect(&b->cbus_uart->uart.irq, cpu_input, machine, INPUT_CBUS_UART);
    if (!device_realize(&b->cbus_uart->dev, err)) {
        return false;
    }
    b->flash = NEW(machine, CfiFlash, cfi_flash_type);
    if (!device_realize(&b->flash->dev, err)) {
        return false;
    }
    return !config->bios || malta_bios_load(b->flash, config->bios, err);
}

/* ---- the board ---- */

static void malta_finalize(Device *dev)
{
    Malta *b = (Malta *)dev;
    dev->machine->board = NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(b->ram_window); i++) {
        mem_free(b->ram_window[i]);
    }
    mem_free(b->boot_alias);
    mem_free(b->board_id);
    mem_free(b->nobody);
    mem_free(b->own_ram);
}

static const VmField malta_state[] = { { 0 } };

/* The CPU's interrupt inputs. */
static const IrqPins malta_inputs[] = { { NULL, INPUT_CORELO + 1, .input = board_input }, { 0 } };

const DeviceType malta_board_type = {
    "malta-board", sizeof(Malta), .description = "MIPS Malta board", .state = malta_state,
    .inputs = malta_inputs,
    .finalize = malta_finalize,
};

bool malta_build(Machine *machine, const MaltaConfig *config, GError **err)
{
    Malta *b = NEW(machine, Malta, malta_board_type);
    as_set_bus(machine->as, &machine->lock, machine->big_endian);
    mem_batch_begin(machine->as);
    bool good = make_ram(b, config, err) && make_bridges(b, err) && make_timers(b, err) &&
                make_superio(b, config, err) && make_board_chips(b, config, err) &&
                malta_add_nics(b, config, err);
    if (good) {
        make_cbus(b);
        machine->board = b;
        good = device_realize(&b->dev, err);
    } else {
        device_free(&b->dev);
    }
    mem_batch_commit(machine->as);
    return good;
}

uint8_t *malta_ram(Machine *machine)
{
    return mem_host(((Malta *)machine->board)->ram);
}

uint8_t *malta_flash(Machine *machine)
{
    return mem_host(((Malta *)machine->board)->flash->mem);
}
