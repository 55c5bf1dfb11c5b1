/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82540EM, and 82545EM, which to a driver differs in its PCI identity alone. Follows the PCI/PCI-X
 * Family of Gigabit Ethernet Controllers Software Developer's
 * Manual (317453, revision 3.6 or later): this file registers and interrupts, chapter 13; e1000_rx.c and
 * e1000_tx.c chapter 3, e1000_phy.c the EEPROM and the PHY.
 *
 * Not modelled: flow control and other speeds than 1000 Mbit/s full duplex, delays of interrupts by RDTR,
 * RADV,
 * TIDV and TADV (ITR is heeded), early receive, small packet detection, the flash, wake-up and management,
 * writing of the EEPROM, the window on the packet buffer, counters of what cannot happen here.
 */
#include <string.h>
#include "hw/net/e1000_internal.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/log.h"

#define MEM_BYTES 0x20000u
#define IO_BYTES 0x40u
#define ITR_UNIT_NS 256
#define CTRL_RESET_VALUE 0x00140240u
#define STATUS_VALUE 0x00000281u        /* full duplex, 1000 Mbit/s */
#define PBA_RESET_VALUE 0x00100030u

/* ---- interrupts ---- */

void e1000_update_irq(E1000 *e)
{
    bool level = e1000_reg(e, R_ICR) & e1000_reg(e, R_IMS);
    if (level == e->pci.irq_level) {
        return;
    }
    if (level) {
        int64_t now = clock_now(e->pci.dev.machine->clock, CLOCK_VIRTUAL);
        if (now < e->next_irq) {
            timer_arm(e->irq_timer, e->next_irq);
            return;
        }
        e->next_irq = now + (int64_t)(e1000_reg(e, R_ITR) & 0xffff) * ITR_UNIT_NS;
    }
    pci_device_set_irq(&e->pci, level);
}

void e1000_cause(E1000 *e, uint32_t causes)
{
    e->reg[R_ICR / 4] |= causes;
    e1000_update_irq(e);
}

static void irq_timer(void *opaque)
{
    e1000_update_irq(opaque);
}

/* ---- statistics ---- */

void e1000_count(E1000 *e, unsigned at, uint32_t n)
{
    uint32_t *counter = &e->reg[at / 4];
    *counter = *counter > UINT32_MAX - n ? UINT32_MAX : *counter + n;
}

static void count64(E1000 *e, unsigned at, uint32_t n)
{
    uint64_t sum = (e->reg[at / 4] | (uint64_t)e->reg[at / 4 + 1] << 32) + n;
    e->reg[at / 4] = (uint32_t)sum;
    e->reg[at / 4 + 1] = (uint32_t)(sum >> 32);
}

void e1000_count_frame(E1000 *e, unsigned by_size, unsigned octets, uint32_t len)
{
    static const uint32_t limits[] = { 64, 127, 255, 511, 1023, UINT32_MAX };
    unsigned n = 0;
    while (len > limits[n]) {
        n++;
    }
    e1000_count(e, by_size + 4 * n, 1);
    count64(e, octets, len);
}

/* Reading clears; of the 64-bit ones the upper half does it for both. */
static uint32_t statistic_read(E1000 *e, unsigned at)
{
    static const uint16_t wide[] = { R_GORCL, R_GOTCL, R_TORL, R_TOTL };
    uint32_t value = e->reg[at / 4];
    for (size_t i = 0; i < G_N_ELEMENTS(wide); i++) {
        if (at == wide[i]) {
            return value;
        }
        if (at == wide[i] + 4u) {
            e->reg[at / 4 - 1] = 0;
        }
    }
    e->reg[at / 4] = 0;
    return value;
}

/* ---- registers ---- */

/* Those that keep what is written, and which bits. */
static const struct { uint16_t first, last; uint32_t bits; } plain[] = {
    { R_CTRL_EXT, R_CTRL_EXT, UINT32_MAX }, { 0x0028, 0x0030, UINT32_MAX }, { R_VET, R_VET, 0xffff },
    { R_ITR, R_ITR, 0xffff }, { R_RCTL, R_RCTL, UINT32_MAX }, { 0x0170, 0x0180, UINT32_MAX },
    { R_TCTL, R_TCTL, UINT32_MAX }, { 0x0410, 0x0410, UINT32_MAX }, { 0x0458, 0x0458, UINT32_MAX },
    { R_LEDCTL, R_LEDCTL, UINT32_MAX }, { R_PBA, R_PBA, UINT32_MAX }, { 0x2160, 0x2168, UINT32_MAX },
    { R_RDBAL, R_RDBAL, 0xfffffff0 }, { R_RDBAH, R_RDBAH, UINT32_MAX }, { R_RDLEN, R_RDLEN, 0xfff80 },
    { R_RDH, R_RDH, 0xffff }, { R_RDT, R_RDT, 0xffff }, { 0x2820, 0x282c, UINT32_MAX },
    { 0x2c00, 0x2c00, UINT32_MAX }, { 0x3000, 0x3000, UINT32_MAX }, { 0x3410, 0x3430, UINT32_MAX },
    { R_TDBAL, R_TDBAL, 0xfffffff0 }, { R_TDBAH, R_TDBAH, UINT32_MAX }, { R_TDLEN, R_TDLEN, 0xfff80 },
    { R_TDH, R_TDH, 0xffff }, { R_TDT, R_TDT, 0xffff }, { 0x3820, 0x3830, UINT32_MAX },
    { R_RXCSUM, R_RXCSUM, 0x3ff }, { R_MTA, 0x53fc, UINT32_MAX }, { R_RAL, R_RA_END - 4, UINT32_MAX },
    { R_VFTA, R_VFTA_END - 4, UINT32_MAX }, { 0x5800, 0x5ffc, UINT32_MAX },
};

static bool plain_bits(unsigned at, uint32_t *bits)
{
    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) {
        if (at >= plain[i].first && at <= plain[i].last) {
            *bits = plain[i].bits;
            return true;
        }
    }
    return false;
}

static uint64_t reg_read_at(void *opaque, PhysAddr addr, unsigned size)
{
    E1000 *e = opaque;
    unsigned at = (unsigned)addr;
    uint32_t bits, value;
    if (at >= E1000_REG_BYTES) {
        return 0;
    }
    if (at >= R_STATS && at < R_STATS_END) {
        return statistic_read(e, at);
    }
    switch (at) {
    case R_STATUS:
        return STATUS_VALUE | (net_port_link(e->nic.port) && (e1000_reg(e, R_CTRL) & CTRL_SLU) ? STATUS_LU
                               : 0);
    case R_ICR:
        value = e1000_reg(e, R_ICR);
        e->reg[R_ICR / 4] = 0;
        e1000_update_irq(e);
        return value;
    case R_CTRL: case 0x0004: case R_EECD: case R_EERD: case R_MDIC: case R_IMS:
        return e->reg[(at == 4 ? R_CTRL : at) / 4];
    default:
        if (!plain_bits(at, &bits)) {
            guest_log("e1000: read of 0x%05x, where no register is", at);
            return 0;
        }
        return e->reg[at / 4];
    }
}

static void mac_reset(E1000 *e);

static void ctrl_write(E1000 *e, uint32_t value)
{
    if (value & CTRL_RST) {
        mac_reset(e);
        return;
    }
    if (value & CTRL_PHY_RST) {
        e1000_phy_reset(e);
    }
    e->reg[R_CTRL / 4] = value & ~(uint32_t)(CTRL_RST | CTRL_PHY_RST);
}

static void plain_write(E1000 *e, unsigned at, uint32_t value)
{
    uint32_t bits;
    if (!plain_bits(at, &bits)) {
        guest_log("e1000: write to 0x%05x, where no register is", at);
        return;
    }
    e->reg[at / 4] = value & bits;
    if (at == R_TDT || at == R_TCTL) {
        e1000_transmit(e);
    } else if (at == R_RDT || at == R_RCTL) {
        net_port_flush(e->nic.port);
    } else if (at == R_ITR) {
        e->next_irq = 0;
        e1000_update_irq(e);
    }
}

static void reg_write_at(void *opaque, PhysAddr addr, uint64_t value64, unsigned size)
{
    E1000 *e = opaque;
    unsigned at = (unsigned)addr;
    uint32_t value = (uint32_t)value64;
    if (at >= E1000_REG_BYTES || (at >= R_STATS && at < R_STATS_END)) {
        return;
    }
    switch (at) {
    case R_CTRL: case 0x0004:
        ctrl_write(e, value);
        break;
    case R_STATUS:
        break;
    case R_EECD:
        e1000_eecd_write(e, value);
        break;
    case R_EERD:
        e1000_eerd_write(e, value);
        break;
    case R_MDIC:
        e1000_mdic_write(e, value);
        break;
    case R_ICR:
        e->reg[R_ICR / 4] &= ~value;
        e1000_update_irq(e);
        break;
    case R_ICS:
        e1000_cause(e, value & 0x1ffff);
        break;
    case R_IMS:
        e->reg[R_IMS / 4] |= value & 0x1ffff;
        e1000_update_irq(e);
        break;
    case R_IMC:
        e->reg[R_IMS / 4] &= ~value;
        e1000_update_irq(e);
        break;
    default:
        plain_write(e, at, value);
        break;
    }
}

/* IOADDR and IODATA: a window on the registers. */
static uint64_t io_read(void *opaque, PhysAddr addr, unsigned size)
{
    E1000 *e = opaque;
    return addr == 0 ? e->io_address : addr == 4 ? reg_read_at(e, e->io_address & ~3u, 4) : 0;
}

static void io_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    E1000 *e = opaque;
    if (addr == 0) {
        e->io_address = (uint32_t)value & (MEM_BYTES - 1);
    } else if (addr == 4) {
        reg_write_at(e, e->io_address & ~3u, value, 4);
    }
}

/* ---- the device ---- */

static void tx_timer(void *opaque)
{
    e1000_transmit(opaque);
}

static bool e1000_realize(Device *dev, GError **err)
{
    static const MemOps mem_ops = { .read = reg_read_at, .write = reg_write_at, .min_size = 4,
                                    .max_size = 4 };
    static const MemOps io_ops = { .read = io_read, .write = io_write, .min_size = 4, .max_size = 4 };
    E1000 *e = (E1000 *)dev;
    if (!nic_realize(&e->nic, dev, &e1000_port_ops, err)) {
        return false;
    }
    e->irq_timer = timer_new(dev->machine->clock, CLOCK_VIRTUAL, irq_timer, e);
    e->tx_timer = timer_new(dev->machine->clock, CLOCK_VIRTUAL, tx_timer, e);
    e->mem = mem_io_new("e1000-mem", MEM_BYTES, &mem_ops, e);
    e->io = mem_io_new("e1000-io", IO_BYTES, &io_ops, e);
    pci_device_add_bar(&e->pci, 0, false, e->mem);
    pci_device_add_bar(&e->pci, 2, true, e->io);
    return true;
}

/* What CTRL.RST resets: all but the PHY, the EEPROM and the configuration space. */
static void mac_reset(E1000 *e)
{
    memset(e->reg, 0, sizeof(e->reg));
    e->reg[R_CTRL / 4] = CTRL_RESET_VALUE;
    e->reg[R_PBA / 4] = PBA_RESET_VALUE;
    e->reg[R_LEDCTL / 4] = 0x07068302;
    e->reg[R_RXCSUM / 4] = 0;
    e->reg[R_RAL / 4] = (uint32_t)load_le(e->nic.mac, 4);
    e->reg[R_RAH / 4] = (uint32_t)load_le(e->nic.mac + 4, 2) | RAH_AV;
    e->context = (E1000Context){ 0 };
    e->frame = (E1000Frame){ 0 };
    e->next_irq = 0;
    e1000_eecd_write(e, 0);
    timer_cancel(e->irq_timer);
    timer_cancel(e->tx_timer);
    net_port_purge(e->nic.port);
    e1000_update_irq(e);
}

static void e1000_reset(Device *dev)
{
    E1000 *e = (E1000 *)dev;
    pci_device_reset(&e->pci);
    pci_config_set(&e->pci, PCI_SUBVENDOR, 0x8086, 2);
    pci_config_set(&e->pci, PCI_SUBDEVICE, E1000_SUBSYSTEM, 2);
    pci_config_set(&e->pci, 0x3e, 0x00ff, 2);       /* MIN_GNT */
    e->io_address = 0;
    e1000_eeprom_fill(e);
    e1000_phy_reset(e);
    mac_reset(e);
}

static bool e1000_post_load(Device *dev, GError **err)
{
    E1000 *e = (E1000 *)dev;
    uint32_t most = E1000_FRAME_MAX - 64 - (e->frame.segmented ? e->context.header : 0);
    if (e->frame.len > most || e->frame.header_len > e->context.header) {
        return error_set(err, "e1000: the saved state has a frame longer than there can be");
    }
    pci_device_post_load(&e->pci);
    e->next_irq = 0;
    e1000_update_irq(e);
    timer_arm(e->tx_timer, clock_now(dev->machine->clock, CLOCK_VIRTUAL));
    return true;
}

static void e1000_finalize(Device *dev)
{
    E1000 *e = (E1000 *)dev;
    nic_finalize(&e->nic, dev);
    if (e->irq_timer) {
        timer_free(e->irq_timer);
    }
    if (e->tx_timer) {
        timer_free(e->tx_timer);
    }
    mem_free(e->mem);
    mem_free(e->io);
}

static const VmField context_state[] = {
    VM_U8(E1000Context, ip_start), VM_U8(E1000Context, ip_offset), VM_U8(E1000Context, tu_start),
    VM_U8(E1000Context, tu_offset), VM_U8(E1000Context, header), VM_U16(E1000Context, ip_end),
    VM_U16(E1000Context, tu_end), VM_U16(E1000Context, mss), VM_BOOL(E1000Context, tcp),
    VM_BOOL(E1000Context, ipv4),
    { 0 }
};

static const VmField frame_state[] = {
    VM_BOOL(E1000Frame, begun), VM_BOOL(E1000Frame, segmented), VM_BOOL(E1000Frame, too_long),
    VM_BOOL(E1000Frame, failed), VM_U8(E1000Frame, options), VM_BOOL(E1000Frame, legacy_sum),
    VM_BOOL(E1000Frame, add_fcs), VM_BOOL(E1000Frame, tagged), VM_U8(E1000Frame, sum_start),
    VM_U8(E1000Frame, sum_offset), VM_U16(E1000Frame, tag), VM_U32(E1000Frame, len),
    VM_U32(E1000Frame, header_len), VM_U32(E1000Frame, segments),
    { 0 }
};

static const VmField e1000_state[] = {
    PCI_STATE(E1000, pci), VM_ARRAY(E1000, reg), VM_ARRAY(E1000, phy), VM_ARRAY(E1000, eeprom),
    VM_U32(E1000, io_address), VM_U32(E1000, shift), VM_U8(E1000, bits), VM_BOOL(E1000, started),
    VM_U16(E1000, out), VM_STRUCT(E1000, context, context_state), VM_STRUCT(E1000, frame, frame_state),
    VM_BUFFER(E1000, data), VM_BUFFER(E1000, header), VM_I64(E1000, next_irq),
    { 0 }
};

static const Prop e1000_props[] = { NIC_PROPS(E1000, nic), { 0 } };

#define INFO(id, rev) { .vendor = 0x8086, .device = id, .revision = rev, .class_code = 0x0200, \
                        .status = 0x0220, .command_mask = 0x0157, .int_pin = 1 }
static const PciInfo e1000_info = INFO(0x100e, 0x02), e1000_82545em_info = INFO(0x100f, 0x01);

#define TYPE(type, text, info) { \
    type, sizeof(E1000), .parent = "pci-device", .description = text " Gigabit Ethernet controller", \
    .user_creatable = true, .state = e1000_state, .props = e1000_props, .bus_info = &info, \
    .realize = e1000_realize, .reset = e1000_reset, .finalize = e1000_finalize, .post_load = e1000_post_load }
const DeviceType e1000_type = TYPE("e1000", "Intel 82540EM", e1000_info);
const DeviceType e1000_82545em_type = TYPE("e1000-82545em", "Intel 82545EM", e1000_82545em_info);
