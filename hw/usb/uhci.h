/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UHCI controller as its two files see it: registers and ports (uhci.c), the schedule (uhci_walk.c). */
#ifndef HW_USB_UHCI_H
#define HW_USB_UHCI_H

#include "hw/pci/pci.h"
#include "hw/usb/usb.h"

#define UHCI_PORTS 2u
#define UHCI_FRAME_NS INT64_C(1000000)
#define UHCI_FRAMES 1024u
#define UHCI_BANDWIDTH 1280u            /* bytes of data in a frame */
#define UHCI_MOST_FRAMES 64             /* walked at once; those before are left out */

enum { UHCI_CMD_RUN = 0x01, UHCI_CMD_HOST_RESET = 0x02, UHCI_CMD_GLOBAL_RESET = 0x04,
       UHCI_CMD_SUSPEND = 0x08, UHCI_CMD_RESUME = 0x10 };
enum { UHCI_STS_INT = 0x01, UHCI_STS_ERROR = 0x02, UHCI_STS_RESUME = 0x04, UHCI_STS_HOST_ERROR = 0x08,
       UHCI_STS_PROCESS_ERROR = 0x10, UHCI_STS_HALTED = 0x20 };
/* What has set UHCI_STS_INT. */
enum { UHCI_CAUSE_COMPLETE = 1, UHCI_CAUSE_SHORT = 2 };
enum { UHCI_PORT_CONNECTED = 0x0001, UHCI_PORT_CONNECT_CHANGE = 0x0002, UHCI_PORT_ENABLED = 0x0004,
       UHCI_PORT_ENABLE_CHANGE = 0x0008, UHCI_PORT_RESUME = 0x0040, UHCI_PORT_LOW_SPEED = 0x0100,
       UHCI_PORT_RESET = 0x0200, UHCI_PORT_SUSPENDED = 0x1000 };

typedef struct {
    PciDevice pci;
    UsbBus bus;
    UsbPort port[UHCI_PORTS];
    MemRegion *io;              /* 32 ports */
    Timer *timer;

    uint16_t command, status, enable, frame;    /* frame: the one that begins at frame_at */
    uint16_t base[2], sofmod, portsc[UHCI_PORTS];
    uint8_t causes;             /* UHCI_CAUSE_* */
    uint8_t resuming;           /* a bit for each port whose UHCI_PORT_RESUME was set */
    int64_t frame_at;           /* virtual time */
    uint32_t quiet;             /* walks since one that did something */
} Uhci;

/* The queue heads that were walked at this same moment, and how much had been done until then. */
#define UHCI_SEEN 64u
typedef struct {
    unsigned count, done;       /* done: transactions that changed something */
    struct {
        uint32_t addr;
        unsigned done;
    } queue[UHCI_SEEN];
} UhciSeen;

/* Walks u->frame; whether anything came of it. Sets status bits and causes, and stops after a fatal error. */
bool uhci_walk_frame(Uhci *u, UhciSeen *seen);
/* Ends running in the register bits. */
void uhci_halt(Uhci *u);

#endif
