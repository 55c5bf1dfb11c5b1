/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82371AB (PIIX4), function 3: power management. Follows its data sheet (order
 * 290562, April 1997), chapter 7: the registers at PMBA, the PM timer, soft off. The SMBus is in
 * piix4_smbus.c.
 *
 * Soft off is taken at the write that sets SUS_EN: the stop-grant special cycle, for which
 * the chip would wait, is one that software behind a GT-64120 cannot always make. Not
 * modelled: clock control, device monitors and traps (their
 * registers keep what is written), suspend to RAM and disk.
 */
#include <string.h>
#include "hw/isa/piix4.h"
#include "util/bits.h"
#include "util/log.h"

enum { CFG_PMBA = 0x40, CFG_DEVRES = 0x44, CFG_PMREGMISC = 0x80, CFG_SMBBA = 0x90, CFG_SMBHSTCFG = 0xd2 };

#define TIMER_HZ   3579545
#define TMROF_STS  0x0001u
#define PWRBTN_STS 0x0100u
#define PM1_EVENTS 0x0521u              /* events that have an enable bit: TMROF, GBL, PWRBTN, RTC */
#define SCI_EN     0x0001u
#define SUS_EN     0x2000u

/* ---- PM timer ---- */

static uint64_t timer_ticks(const Piix4Pm *p)
{
    uint64_t ns = (uint64_t)clock_now(p->pci.dev.machine->clock, CLOCK_VIRTUAL);
    return ns / 1000000000 * TIMER_HZ + ns % 1000000000 * TIMER_HZ / 1000000000;
}

static int64_t tick_time(uint64_t tick)
{
    return (int64_t)(tick / TIMER_HZ * 1000000000 + tick % TIMER_HZ * 1000000000 / TIMER_HZ + 1);
}

/* TMROF_STS is set whenever bit 23 of the timer changes. */
static void collect_overflow(Piix4Pm *p)
{
    uint64_t ticks = timer_ticks(p);
    if (ticks >> 23 != p->overflow_at >> 23) {
        p->pm1 |= TMROF_STS;
    }
    p->overflow_at = ticks;
}

static void update(Piix4Pm *p)
{
    collect_overflow(p);
    uint32_t events = p->pm1 & (p->pm1 >> 16) & PM1_EVENTS;
    bool sci = (events && (p->control & SCI_EN)) || piix4_smbus_irq(&p->smbus);
    if (sci != p->sci.level) {
        irq_set(&p->sci, sci);
    }
    if ((p->pm1 >> 16 & TMROF_STS) && !(p->pm1 & TMROF_STS)) {
        timer_arm(p->timer, tick_time(((p->overflow_at >> 23) + 1) << 23));
    } else {
        timer_cancel(p->timer);
    }
}

static void timer_fired(void *opaque)
{
    update(opaque);
}

static void power_button(void *opaque)
{
    Piix4Pm *p = opaque;
    p->pm1 |= PWRBTN_STS;
    update(p);
}

static uint64_t timer_read(Device *dev, const Reg *reg)
{
    return timer_ticks((Piix4Pm *)dev) & 0xffffff;
}

/* ---- registers at PMBA ---- */

static uint64_t pm1_read(Device *dev, const Reg *reg)
{
    update((Piix4Pm *)dev);
    return ((Piix4Pm *)dev)->pm1;
}

static void pm1_written(Device *dev, const Reg *reg, uint64_t value)
{
    update((Piix4Pm *)dev);
}

/* SUS_TYP 0 is soft off; 1 to 5 are sleeps that nothing on this board wakes from. */
static void control_written(Device *dev, const Reg *reg, uint64_t value)
{
    Piix4Pm *p = (Piix4Pm *)dev;
    p->control &= ~SUS_EN;
    update(p);
    if (!(value & SUS_EN)) {
        return;
    }
    if (extract32((uint32_t)value, 10, 3) == 0) {
        machine_request_shutdown(dev->machine, SHUTDOWN_GUEST_POWEROFF);
    } else {
        log_line(LOG_UNIMP, "piix4-pm: suspend type %u is not modelled", extract32((uint32_t)value, 10, 3));
    }
}

/* Reading the power level registers would stop the CPU's clock: it goes on instead. */
static uint64_t level_read(Device *dev, const Reg *reg)
{
    return 0;
}

static uint64_t gpi_read(Device *dev, const Reg *reg)
{
    return 0x003fffff;          /* nothing pulls the inputs down */
}

static const Reg piix4_pm_regs[] = {
    /* addr  name     reset       rw          w1c */
    { 0x00, "PMSTS_PMEN", 0, 0x05210000, 0x8d31, AT(Piix4Pm, pm1), .read = pm1_read, .written = pm1_written },
    { 0x04, "PMCNTRL", 0, 0x00003c07, 0, AT(Piix4Pm, control), .written = control_written },
    { 0x08, "PMTMR", 0, 0, 0, 0, 0, .read = timer_read },
    { 0x0c, "GPSTS_GPEN", 0, 0x03010000, 0x0f81, AT(Piix4Pm, gp) },
    { 0x10, "PCNTRL", 0, 0x0003fe1e, 0, AT(Piix4Pm, processor) },
    { 0x14, "PLVL", 0, 0, 0, 0, 0, .read = level_read },
    { 0x18, "GLBSTS", 0, 0, 0x0c7d, AT(Piix4Pm, global_status) },
    { 0x1c, "DEVSTS", 0, 0, 0x3fff0000, AT(Piix4Pm, device_status) },
    { 0x20, "GLBEN", 0, 0x0000877f, 0, AT(Piix4Pm, global_enable) },
    { 0x28, "GLBCTL", 0, 0x07ffffff, 0, AT(Piix4Pm, global_control) },
    { 0x2c, "DEVCTL", 0, 0x1fffffff, 0, AT(Piix4Pm, device_control) },
    { 0x30, "GPIREG", 0, 0, 0, 0, 0, .read = gpi_read },
    { 0x34, "GPOREG", 0x7fffbfff, 0x7fffffff, 0, AT(Piix4Pm, gpo) },
    { 0 }
};

/* ---- configuration ---- */

static void place(Piix4Pm *p, MemRegion *io, uint32_t base, bool wanted, bool *mapped)
{
    wanted = wanted && base;
    if (wanted && *mapped) {
        mem_set_offset(io, base);
    } else if (wanted) {
        mem_add(p->pci.bus->io, base, io, 1);
    } else if (*mapped) {
        mem_del(io);
    }
    *mapped = wanted;
}

/* The command register's bit is that of the SMBus; the others have their own. */
static void place_io(Piix4Pm *p)
{
    bool smbus = pci_config_get(&p->pci, PCI_COMMAND, 2) & PCI_COMMAND_IO;
    bool power = pci_config_get(&p->pci, CFG_PMREGMISC, 1) & 1;
    place(p, p->io, pci_config_get(&p->pci, CFG_PMBA, 4) & 0xffc0, power, &p->mapped);
    place(p, p->smbus.io, pci_config_get(&p->pci, CFG_SMBBA, 4) & 0xfff0, smbus, &p->smbus.mapped);
    p->smbus.config = (uint8_t)pci_config_get(&p->pci, CFG_SMBHSTCFG, 1);
}

static void config_written(PciDevice *pci, unsigned reg, unsigned size)
{
    place_io((Piix4Pm *)pci);
    update((Piix4Pm *)pci);
}

static void smbus_changed(void *opaque)
{
    update(opaque);
}

static bool piix4_pm_realize(Device *dev, GError **err)
{
    Piix4Pm *p = (Piix4Pm *)dev;
    store_le(p->pci.wmask + CFG_PMBA, 4, 0xffc0);
    memset(p->pci.wmask + CFG_DEVRES, 0xff, 0x7c - CFG_DEVRES);
    p->pci.wmask[CFG_PMREGMISC] = 1;
    store_le(p->pci.wmask + CFG_SMBBA, 4, 0xfff0);
    store_le(p->pci.wmask + CFG_SMBHSTCFG, 4, 0xfefeff0f);      /* with the slave's addresses */
    piix4_smbus_init(&p->smbus, smbus_changed, p);
    p->timer = timer_new(dev->machine->clock, CLOCK_VIRTUAL, timer_fired, p);
    p->io = reg_region_new(dev, "piix4-pm", 64);
    machine_add_power_button(dev->machine, power_button, p);
    return true;
}

static void piix4_pm_reset(Device *dev)
{
    Piix4Pm *p = (Piix4Pm *)dev;
    pci_device_reset(&p->pci);
    pci_config_set(&p->pci, CFG_PMBA, 1, 4);
    pci_config_set(&p->pci, CFG_SMBBA, 1, 4);
    p->overflow_at = timer_ticks(p);
    piix4_smbus_reset(&p->smbus);
    place_io(p);
    update(p);
}

static bool piix4_pm_post_load(Device *dev, GError **err)
{
    Piix4Pm *p = (Piix4Pm *)dev;
    pci_device_post_load(&p->pci);
    place_io(p);
    irq_lower(&p->sci);
    update(p);
    return true;
}

static void piix4_pm_finalize(Device *dev)
{
    Piix4Pm *p = (Piix4Pm *)dev;
    if (p->timer) {
        timer_free(p->timer);
    }
    mem_free(p->io);
    piix4_smbus_clear(&p->smbus);
}

static const VmField piix4_pm_state[] = {
    PCI_STATE(Piix4Pm, pci), VM_U32(Piix4Pm, pm1), VM_U32(Piix4Pm, control), VM_U32(Piix4Pm, gp),
    VM_U32(Piix4Pm, processor), VM_U32(Piix4Pm, global_status), VM_U32(Piix4Pm, device_status),
    VM_U32(Piix4Pm, global_enable), VM_U32(Piix4Pm, global_control), VM_U32(Piix4Pm, device_control),
    VM_U32(Piix4Pm, gpo), VM_U64(Piix4Pm, overflow_at), VM_STRUCT(Piix4Pm, smbus, piix4_smbus_state),
    { 0 }
};

static const PciInfo piix4_pm_info = {
    .vendor = 0x8086, .device = 0x7113, .revision = 0x02, .class_code = 0x0680, .status = 0x0280,
    .command_mask = 0x0001, .int_pin = 1, .config_written = config_written,
};

static const IrqPins piix4_pm_outputs[] = { { NULL, 1, offsetof(Piix4Pm, sci) }, { 0 } };

const DeviceType piix4_pm_type = {
    "PIIX4_PM", sizeof(Piix4Pm), .parent = "pci-device", .description = "82371AB (PIIX4) power management",
    .regs = piix4_pm_regs, .state = piix4_pm_state, .bus_info = &piix4_pm_info, .realize = piix4_pm_realize,
    .reset = piix4_pm_reset, .finalize = piix4_pm_finalize, .post_load = piix4_pm_post_load,
    .state_version = 2, .outputs = piix4_pm_outputs,
};
