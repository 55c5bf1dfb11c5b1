/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AMD Am79C973 PCnet-FAST III. Follows its data sheet (publication 21510): this file the access
 * to its registers, control and interrupts; pcnet_ring.c buffers and frames, pcnet_bcr.c the bus
 * configuration registers and the PHY.
 *
 * Not modelled: collisions and other faults of a wire (their counters and bits stay 0), the
 * limits of a half-duplex link, look-ahead packet processing, the software timer, magic packets
 * and power management, the expansion ROM, the EEPROM's own wires (its contents are there: it was
 * read at reset), auto-poll of the PHY. A frame that finds no receive buffer waits, as if the chip's
 * own memory were larger than its 12 KiB, and is missed only when too many do.
 */
#include <string.h>
#include "hw/net/pcnet_internal.h"
#include "util/bits.h"
#include "util/log.h"

#define PORTS 32u
#define CHIP_ID 0x02625003u         /* part 2625h, AMD */

/* Places of the registers with word and double word I/O. */
enum { REG_DATA, REG_ADDRESS, REG_RESET, REG_BUS_DATA };

/* ---- interrupts ---- */

void pcnet_update_irq(Pcnet *p)
{
    const uint16_t *c = p->csr;
    unsigned now = (c[0] & ~c[3] & 0x5f00) | ((c[4] >> 1) & ~c[4] & 0x0115) | (c[4] & CSR4_UINT) |
                   ((c[5] >> 1) & c[5] & 0x0448) | ((c[7] >> 1) & c[7] & 0x0555);
    p->csr[0] = (uint16_t)((c[0] & ~CSR0_INTR) | (now ? CSR0_INTR : 0));
    bool level = now && (c[0] & CSR0_IENA);
    if (level != p->pci.irq_level) {
        pci_device_set_irq(&p->pci, level);
    }
}

/* ---- control ---- */

static void stop(Pcnet *p)
{
    p->csr[0] = CSR0_STOP;
    p->csr[4] &= (uint16_t)~0x026a;
    p->csr[5] &= (uint16_t)~(CSR5_SPND | 0x0890);
    p->csr[7] &= (uint16_t)~0x0aaa;
    p->csr[CSR_MISSED] = 0;
    timer_cancel(p->tx_poll);
    timer_cancel(p->rx_poll);
    net_port_purge(p->nic.port);
}

static void soft_reset(Pcnet *p)
{
    stop(p);
    p->rap = 0;
    p->csr[3] = 0;
    p->csr[4] = 0x0115;
    p->csr[5] = 0;
    p->csr[7] = 0;
    p->csr[CSR_POLL] = 0;
    p->csr[80] = 0x1410;
    p->csr[100] = 0x0200;
    p->csr[125] = 0x603c;
    pcnet_update_irq(p);
}

static void initialize(Pcnet *p)
{
    p->csr[0] = (uint16_t)((p->csr[0] & ~CSR0_STOP) | CSR0_INIT);
    if (pcnet_read_init_block(p)) {
        p->csr[0] |= CSR0_IDON;
    } else {
        p->csr[0] |= CSR0_MERR;
    }
}

static void start(Pcnet *p)
{
    unsigned mode = p->csr[CSR_MODE];
    p->csr[0] = (uint16_t)((p->csr[0] & ~CSR0_STOP) | CSR0_STRT | (mode & MODE_DTX ? 0 : CSR0_TXON) |
                           (mode & MODE_DRX ? 0 : CSR0_RXON));
    pcnet_transmit(p);
}

static void write_csr0(Pcnet *p, uint16_t value)
{
    p->csr[0] &= (uint16_t)~(value & 0x7f00);
    p->csr[0] = (uint16_t)((p->csr[0] & ~CSR0_IENA) | (value & CSR0_IENA));
    if (value & CSR0_STOP) {
        stop(p);
    } else {
        if ((value & CSR0_INIT) && !(p->csr[0] & CSR0_INIT)) {
            initialize(p);
        }
        if ((value & CSR0_STRT) && !(p->csr[0] & CSR0_STRT)) {
            start(p);
        }
        if (value & CSR0_TDMD) {
            p->poll_ns = 0;
            pcnet_transmit(p);
        }
    }
    pcnet_update_irq(p);
    net_port_flush(p->nic.port);        /* the driver may have given buffers back */
}

static void write_csr5(Pcnet *p, uint16_t value)
{
    bool was_suspended = p->csr[5] & CSR5_SPND;
    p->csr[5] &= (uint16_t)~(value & 0x0890);
    p->csr[5] = (uint16_t)((p->csr[5] & ~0xc46f) | (value & 0xc46f));
    if (was_suspended && !(p->csr[5] & CSR5_SPND)) {
        pcnet_transmit(p);
        net_port_flush(p->nic.port);
    }
    pcnet_update_irq(p);
}

static void write_csr7(Pcnet *p, uint16_t value)
{
    p->csr[7] &= (uint16_t)~(value & 0x0aaa);
    p->csr[7] = (uint16_t)((p->csr[7] & ~0xd555) | (value & 0xd555));
    if (value & CSR7_RDMD) {
        net_port_flush(p->nic.port);
    }
    pcnet_update_irq(p);
}

/* ---- control and status registers ---- */

/* Those that hold what the chip works with. */
static bool needs_stop(unsigned n)
{
    return n == 1 || n == 2 || (n >= 8 && n <= 45) || (n >= 60 && n <= 79) || n == CSR_MISSED;
}

static uint16_t csr_read(Pcnet *p, unsigned n)
{
    if (n >= PCNET_CSRS) {
        return 0;
    }
    switch (n) {
    case 0:
        return (uint16_t)(p->csr[0] | (p->csr[0] & CSR0_ERRORS ? CSR0_ERR : 0));
    case 16: case 17:
        return p->csr[n - 15];
    case 58:
        return pcnet_bcr_read(p, 20);
    case 88:
        return (uint16_t)CHIP_ID;
    case 89:
        return (uint16_t)(CHIP_ID >> 16);
    default:
        return p->csr[n];
    }
}

static void csr_write(Pcnet *p, unsigned n, uint16_t value)
{
    if (n >= PCNET_CSRS) {
        guest_log("pcnet: write to CSR%u, which is not there", n);
        return;
    }
    if (needs_stop(n) && !pcnet_stands(p)) {
        guest_log("pcnet: write to CSR%u without STOP or SPND; ignored", n);
        return;
    }
    switch (n) {
    case 0:
        write_csr0(p, value);
        break;
    case 3:
        p->csr[3] = value & 0x5f7c;
        pcnet_update_irq(p);
        break;
    case 4:
        p->csr[4] &= (uint16_t)~(value & 0x026a);
        p->csr[4] = (uint16_t)((p->csr[4] & ~0xfd15) | (value & 0xfd15));
        p->csr[4] |= value & CSR4_UINTCMD ? CSR4_UINT : 0;
        pcnet_update_irq(p);
        break;
    case 5:
        write_csr5(p, value);
        break;
    case 7:
        write_csr7(p, value);
        break;
    case 16: case 17:
        p->csr[n - 15] = value;
        break;
    case 58:
        pcnet_bcr_write(p, 20, value);
        break;
    case 88: case 89:
        break;
    default:
        p->csr[n] = value;
        break;
    }
}

/* ---- ports ---- */

/* With words the registers are 2 bytes apart, with double words 4. */
static int register_at(const Pcnet *p, unsigned at, unsigned size)
{
    unsigned width = p->bcr[18] & BCR18_DWIO ? 4 : 2;
    unsigned n = (at - PCNET_APROM) / width;
    return size == width && at % width == 0 && n <= REG_BUS_DATA ? (int)n : -1;
}

static uint64_t port_read(void *opaque, PhysAddr addr, unsigned size)
{
    Pcnet *p = opaque;
    unsigned at = (unsigned)addr;
    if (at < PCNET_APROM) {
        return load_le(p->aprom + at, size);
    }
    switch (register_at(p, at, size)) {
    case REG_DATA:
        return csr_read(p, p->rap);
    case REG_ADDRESS:
        return p->rap;
    case REG_RESET:
        soft_reset(p);
        return 0;
    case REG_BUS_DATA:
        return pcnet_bcr_read(p, p->rap);
    default:
        guest_log("pcnet: read of %u bytes at 0x%02x, where no register is", size, at);
        return UINT32_MAX;
    }
}

static void port_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Pcnet *p = opaque;
    unsigned at = (unsigned)addr;
    if (at < PCNET_APROM) {
        if (p->bcr[2] & BCR2_APROMWE) {
            store_le(p->aprom + at, size, value);
        }
        return;
    }
    if (at == PCNET_APROM && size == 4) {
        p->bcr[18] |= BCR18_DWIO;       /* so double words are chosen, until the next hard reset */
    }
    switch (register_at(p, at, size)) {
    case REG_DATA:
        csr_write(p, p->rap, (uint16_t)value);
        break;
    case REG_ADDRESS:
        p->rap = value & 0xff;
        break;
    case REG_RESET:
        break;
    case REG_BUS_DATA:
        pcnet_bcr_write(p, p->rap, (uint16_t)value);
        break;
    default:
        guest_log("pcnet: write of %u bytes at 0x%02x, where no register is", size, at);
        break;
    }
}

/* ---- the device ---- */

static void tx_timer(void *opaque)
{
    pcnet_transmit(opaque);
    pcnet_update_irq(opaque);
}

static void rx_timer(void *opaque)
{
    net_port_flush(((Pcnet *)opaque)->nic.port);
}

static bool pcnet_realize(Device *dev, GError **err)
{
    static const MemOps ops = { .read = port_read, .write = port_write, .narrow_writes = true };
    Pcnet *p = (Pcnet *)dev;
    if (!nic_realize(&p->nic, dev, &pcnet_port_ops, err)) {
        return false;
    }
    p->tx_poll = timer_new(dev->machine->clock, CLOCK_VIRTUAL, tx_timer, p);
    p->rx_poll = timer_new(dev->machine->clock, CLOCK_VIRTUAL, rx_timer, p);
    p->io = mem_io_new("pcnet-io", PORTS, &ops, p);
    p->mem = mem_io_new("pcnet-mem", PORTS, &ops, p);
    pci_device_add_bar(&p->pci, 0, true, p->io);
    pci_device_add_bar(&p->pci, 1, false, p->mem);
    return true;
}

/* What the EEPROM has: the address, and a sum that drivers check. */
static void fill_aprom(Pcnet *p)
{
    unsigned sum = 0;
    memset(p->aprom, 0, sizeof(p->aprom));
    memcpy(p->aprom, p->nic.mac, NET_MAC_LEN);
    p->aprom[9] = 0x11;
    p->aprom[14] = p->aprom[15] = 'W';
    for (unsigned i = 0; i < PCNET_APROM; i++) {
        sum += p->aprom[i];
    }
    store_le(p->aprom + 12, 2, sum);
}

static void pcnet_reset(Device *dev)
{
    Pcnet *p = (Pcnet *)dev;
    pci_device_reset(&p->pci);
    pci_config_set(&p->pci, 0x3e, 0xff06, 2);       /* MIN_GNT, MAX_LAT */
    memset(p->csr, 0, sizeof(p->csr));
    pcnet_bcr_reset(p);
    fill_aprom(p);
    for (unsigned i = 0; i < 3; i++) {
        p->csr[CSR_PADR + i] = (uint16_t)load_le(p->nic.mac + 2 * i, 2);
    }
    p->poll_ns = 0;
    soft_reset(p);
}

static bool pcnet_post_load(Device *dev, GError **err)
{
    Pcnet *p = (Pcnet *)dev;
    pci_device_post_load(&p->pci);
    pcnet_update_irq(p);
    if (p->csr[0] & CSR0_TXON) {
        p->poll_ns = 0;
        pcnet_poll_later(p);
    }
    return true;
}

static void pcnet_finalize(Device *dev)
{
    Pcnet *p = (Pcnet *)dev;
    nic_finalize(&p->nic, dev);
    if (p->tx_poll) {
        timer_free(p->tx_poll);
    }
    if (p->rx_poll) {
        timer_free(p->rx_poll);
    }
    mem_free(p->io);
    mem_free(p->mem);
}

static const VmField pcnet_state[] = {
    PCI_STATE(Pcnet, pci), VM_U16(Pcnet, rap), VM_ARRAY(Pcnet, csr), VM_ARRAY(Pcnet, bcr),
    VM_ARRAY(Pcnet, phy), VM_BUFFER(Pcnet, aprom), VM_BOOL(Pcnet, link_was_down), VM_I64(Pcnet, poll_ns),
    { 0 }
};

static const Prop pcnet_props[] = { NIC_PROPS(Pcnet, nic), { 0 } };

static const PciInfo pcnet_info = {
    .vendor = 0x1022, .device = 0x2000, .revision = 0x40, .class_code = 0x0200, .status = 0x0280,
    .command_mask = 0x0147, .int_pin = 1,
};

const DeviceType pcnet_type = {
    "pcnet", sizeof(Pcnet), .parent = "pci-device", .description = "AMD Am79C973 PCnet Ethernet controller",
    .user_creatable = true, .state = pcnet_state, .props = pcnet_props, .bus_info = &pcnet_info,
    .realize = pcnet_realize, .reset = pcnet_reset, .finalize = pcnet_finalize, .post_load = pcnet_post_load,
};
