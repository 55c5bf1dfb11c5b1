/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Intel 82540EM and 82545EM Gigabit Ethernet controllers. */
#ifndef HW_NET_E1000_H
#define HW_NET_E1000_H

#include "hw/net/nic.h"
#include "hw/pci/pci.h"

#define E1000_REG_BYTES 0x6000u     /* registers lie below */
#define E1000_EEPROM_WORDS 64
#define E1000_PHY_REGS 32
#define E1000_FRAME_MAX 16384u      /* bytes of a frame that is sent; the chip's own limit is 16288 */
#define E1000_HEADER_MAX 256u       /* of segmentation */

/* What the last context descriptor said. */
typedef struct {
    uint8_t ip_start, ip_offset, tu_start, tu_offset, header;
    uint16_t ip_end, tu_end, mss;
    bool tcp, ipv4;
} E1000Context;

/* A frame that is being put together from descriptors. */
typedef struct {
    bool begun, segmented, too_long, failed;
    uint8_t options;                /* POPTS of the first data descriptor: which sums */
    bool legacy_sum, add_fcs, tagged;
    uint8_t sum_start, sum_offset;  /* of legacy descriptors */
    uint16_t tag;
    uint32_t len;                   /* in data; with segmentation the payload behind the header */
    uint32_t header_len;            /* of segmentation, collected so far */
    uint32_t segments;              /* sent */
} E1000Frame;

typedef struct {
    PciDevice pci;
    Nic nic;
    uint32_t reg[E1000_REG_BYTES / 4];
    uint16_t phy[E1000_PHY_REGS];
    uint16_t eeprom[E1000_EEPROM_WORDS];
    uint32_t io_address;            /* IOADDR */
    /* The EEPROM's wires. */
    uint32_t shift;                 /* bits that came in since chip select, after the start bit */
    uint8_t bits;                   /* how many */
    bool started;
    uint16_t out;                   /* what goes out, the highest bit first */
    E1000Context context;
    E1000Frame frame;
    uint8_t data[E1000_FRAME_MAX];
    uint8_t header[E1000_HEADER_MAX];
    int64_t next_irq;               /* not before this time, by ITR */

    Timer *irq_timer, *tx_timer;
    uint8_t received[E1000_FRAME_MAX];
    MemRegion *mem, *io;
} E1000;

extern const DeviceType e1000_type, e1000_82545em_type;

#endif
