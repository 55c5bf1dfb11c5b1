/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 82540EM: the EEPROM, read by its wires (section 5.3, a 93C46) or through EERD (13.4.4), and the PHY
 * (13.4.6, 11
 * and 12). */
#include <string.h>
#include "hw/net/e1000_internal.h"
#include "util/bits.h"

enum { EECD_SK = 1, EECD_CS = 2, EECD_DI = 4, EECD_DO = 8, EECD_FWE = 0x30, EECD_REQ = 0x40, EECD_GNT = 0x80,
       EECD_PRES = 0x100 };
#define EECD_WRITABLE (EECD_SK | EECD_CS | EECD_DI | EECD_FWE | EECD_REQ)
enum { EERD_START = 1, EERD_DONE = 0x10 };

#define EEPROM_SUM 0xbaba
/* Microwire: after the start bit two of operation and six of address. */
#define COMMAND_BITS 8u
#define OPERATION_READ 2u

enum { PHY_CONTROL, PHY_STATUS, PHY_ID1, PHY_ID2, PHY_ADVERTISE, PHY_PARTNER, PHY_EXPANSION,
       PHY_1000T_CONTROL = 9,
       PHY_1000T_STATUS, PHY_EXTENDED = 15, PHY_SPEC_CONTROL, PHY_SPEC_STATUS, PHY_EXT_CONTROL = 20 };
#define PHY_ADDRESS 1u
#define CONTROL_RESET 0x8000
#define CONTROL_LOOP 0x4000
#define CONTROL_RESTART 0x0200
#define STATUS_LINK 0x0024
#define SPEC_LINKED 0xac00          /* 1000 Mbit/s, full duplex, resolved, link */
#define MDIC_READY 0x10000000u
#define MDIC_INTERRUPT 0x20000000u
#define MDIC_ERROR 0x40000000u

/* ---- EEPROM ---- */

void e1000_eeprom_fill(E1000 *e)
{
    uint16_t sum = 0;
    memset(e->eeprom, 0, sizeof(e->eeprom));
    for (unsigned i = 0; i < 3; i++) {
        e->eeprom[i] = (uint16_t)load_le(e->nic.mac + 2 * i, 2);
    }
    e->eeprom[0x0a] = 0x4408;       /* initialization control 1 */
    e->eeprom[0x0b] = E1000_SUBSYSTEM;
    e->eeprom[0x0c] = 0x8086;
    e->eeprom[0x0d] = ((const PciInfo *)e->pci.dev.type->bus_info)->device;
    e->eeprom[0x0e] = 0x8086;
    e->eeprom[0x0f] = 0x3040;       /* initialization control 2 */
    for (unsigned i = 0; i < E1000_EEPROM_WORDS - 1; i++) {
        sum = (uint16_t)(sum + e->eeprom[i]);
    }
    e->eeprom[E1000_EEPROM_WORDS - 1] = (uint16_t)(EEPROM_SUM - sum);
}

/* A rising clock: a bit goes in, or out once the command is whole. */
static void eeprom_clock(E1000 *e, bool in)
{
    if (!e->started) {
        e->started = in;
    } else if (e->bits < COMMAND_BITS) {
        e->shift = e->shift << 1 | in;
        if (++e->bits == COMMAND_BITS && e->shift >> 6 == OPERATION_READ) {
            e->out = e->eeprom[e->shift % E1000_EEPROM_WORDS];
            e->reg[R_EECD / 4] &= ~(uint32_t)EECD_DO;       /* the dummy bit */
        }
    } else {
        uint32_t *eecd = &e->reg[R_EECD / 4];
        *eecd = (*eecd & ~(uint32_t)EECD_DO) | (e->out & 0x8000 ? EECD_DO : 0);
        e->out = (uint16_t)(e->out << 1);
    }
}

void e1000_eecd_write(E1000 *e, uint32_t value)
{
    uint32_t *eecd = &e->reg[R_EECD / 4], before = *eecd;
    *eecd = (before & ~(uint32_t)(EECD_WRITABLE | EECD_GNT)) | (value & EECD_WRITABLE) | EECD_PRES |
            (value & EECD_REQ ? EECD_GNT : 0);
    if (!(value & EECD_CS)) {
        e->started = false;
        e->bits = 0;
        e->shift = 0;
        e->out = 0;
        *eecd |= EECD_DO;           /* pulled up; also what says ready */
    } else if ((value & EECD_SK) && !(before & EECD_SK)) {
        eeprom_clock(e, value & EECD_DI);
    }
}

void e1000_eerd_write(E1000 *e, uint32_t value)
{
    unsigned word = value >> 8 & 0xff;
    if (value & EERD_START) {
        uint16_t data = word < E1000_EEPROM_WORDS ? e->eeprom[word] : 0xffff;
        value = (uint32_t)data << 16 | (value & 0xff00) | EERD_DONE;
    }
    e->reg[R_EERD / 4] = value;
}

/* ---- PHY ---- */

void e1000_phy_reset(E1000 *e)
{
    memset(e->phy, 0, sizeof(e->phy));
    e->phy[PHY_CONTROL] = 0x1140;
    e->phy[PHY_STATUS] = 0x7949;
    e->phy[PHY_ID1] = 0x0141;
    e->phy[PHY_ID2] = 0x0c20;       /* 88E1011 */
    e->phy[PHY_ADVERTISE] = 0x0de1;
    e->phy[PHY_1000T_CONTROL] = 0x0e00;
    e->phy[PHY_EXTENDED] = 0x3000;
    e->phy[PHY_SPEC_CONTROL] = 0x0360;
    e->phy[PHY_EXT_CONTROL] = 0x0d60;
}

static uint16_t phy_read(const E1000 *e, unsigned n)
{
    bool link = net_port_link(e->nic.port);
    switch (n) {
    case PHY_STATUS:
        return (uint16_t)(e->phy[n] | (link ? STATUS_LINK : 0));
    case PHY_PARTNER:
        return link ? 0xcde1 : 0;
    case PHY_EXPANSION:
        return link ? 0x0005 : 0x0004;
    case PHY_1000T_STATUS:
        return link ? 0x3c00 : 0;
    case PHY_SPEC_STATUS:
        return link ? SPEC_LINKED : 0;
    default:
        return e->phy[n];
    }
}

static void phy_write(E1000 *e, unsigned n, uint16_t value)
{
    switch (n) {
    case PHY_CONTROL:
        if (value & CONTROL_RESET) {
            e1000_phy_reset(e);
        } else {
            e->phy[n] = value & (uint16_t)~CONTROL_RESTART;
        }
        break;
    case PHY_STATUS: case PHY_ID1: case PHY_ID2: case PHY_PARTNER: case PHY_EXPANSION: case PHY_1000T_STATUS:
    case PHY_EXTENDED: case PHY_SPEC_STATUS:
        break;
    default:
        e->phy[n] = value;
        break;
    }
}

void e1000_mdic_write(E1000 *e, uint32_t value)
{
    enum { WRITE = 1, READ = 2 };
    unsigned n = value >> 16 & 0x1f, address = value >> 21 & 0x1f, operation = value >> 26 & 3;
    value &= ~(MDIC_READY | MDIC_ERROR);
    if (address != PHY_ADDRESS || (operation != READ && operation != WRITE)) {
        value |= MDIC_ERROR;
    } else if (operation == READ) {
        value = (value & 0xffff0000) | phy_read(e, n);
    } else {
        phy_write(e, n, (uint16_t)value);
    }
    e->reg[R_MDIC / 4] = value | MDIC_READY;
    if (value & MDIC_INTERRUPT) {
        e1000_cause(e, ICR_MDAC);
    }
}

bool e1000_loops(const E1000 *e)
{
    return (e1000_reg(e, R_RCTL) & RCTL_LBM) || (e->phy[PHY_CONTROL] & CONTROL_LOOP);
}

void e1000_link_changed(void *opaque)
{
    e1000_cause(opaque, ICR_LSC);
}
