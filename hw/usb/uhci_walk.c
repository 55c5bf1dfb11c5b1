/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schedule of a UHCI controller: Universal Host Controller Interface Design Guide 1.1, chapter 3: frame
 * list, queue heads and transfer descriptors in the guest's memory.
 *
 * A frame ends when its 1280 bytes are moved, when the walk comes to a queue that it has walked before and
 * nothing was done in between (loops are legal and are how drivers use what is left of a frame), and after
 * MOST_STEPS. The time that packets take beside their data is not modelled.
 */
#include "hw/usb/uhci.h"
#include "util/bits.h"
#include "util/log.h"

#define MOST_STEPS 1024u        /* queues and descriptors of a frame */
#define NO_LENGTH 0x7ffu

enum { LINK_END = 1, LINK_QUEUE = 2, LINK_DEPTH = 4 };
#define LINK_ADDRESS 0xfffffff0u
enum { TD_LINK, TD_STATUS, TD_TOKEN, TD_BUFFER, TD_WORDS };
#define TD_LENGTH      0x000007ffu
#define TD_TIMEOUT     0x00040000u
#define TD_NAK         0x00080000u
#define TD_BABBLE      0x00100000u
#define TD_STALLED     0x00400000u
#define TD_ACTIVE      0x00800000u
#define TD_INTERRUPT   0x01000000u
#define TD_ISOCHRONOUS 0x02000000u
#define TD_ERRORS      0x18000000u
#define TD_ONE_ERROR   0x08000000u
#define TD_SHORT       0x20000000u
#define TOKEN_TOGGLE   0x00080000u

typedef enum { STAY, ADVANCE } Next;

typedef struct {
    Uhci *u;
    UhciSeen *seen;
    unsigned budget, steps;
    bool over;                  /* the frame is */
    bool event;                 /* something for the guest to see */
} Walk;

/* ---- memory ---- */

static void fatal(Walk *w, uint16_t status)
{
    w->u->status |= status;
    uhci_halt(w->u);
    w->over = w->event = true;
}

static bool fetch(Walk *w, uint32_t addr, uint32_t *words, unsigned count)
{
    uint8_t raw[4 * TD_WORDS];
    if (w->steps++ >= MOST_STEPS) {
        w->over = true;
        return false;
    }
    if (!pci_dma_read(&w->u->pci, addr, raw, 4 * (uint64_t)count)) {
        guest_log("uhci: the schedule leads to 0x%08x, where there is no memory", addr);
        fatal(w, UHCI_STS_HOST_ERROR);
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        words[i] = (uint32_t)load_le(raw + 4 * (size_t)i, 4);
    }
    return true;
}

static void store(Walk *w, uint32_t addr, uint32_t value)
{
    uint8_t raw[4];
    store_le(raw, 4, value);
    if (!pci_dma_write(&w->u->pci, addr, raw, 4)) {
        fatal(w, UHCI_STS_HOST_ERROR);
    }
}

/* ---- transfer descriptors: section 3.2 ---- */

static UsbDevice *find_device(const Uhci *u, uint8_t address)
{
    for (unsigned n = 0; n < UHCI_PORTS; n++) {
        uint16_t state = u->portsc[n] & (UHCI_PORT_ENABLED | UHCI_PORT_SUSPENDED);
        UsbDevice *d = state == UHCI_PORT_ENABLED ? usb_find(&u->port[n], address) : NULL;
        if (d) {
            return d;
        }
    }
    return NULL;
}

static void put_status(Walk *w, uint32_t addr, uint32_t *td, uint32_t status)
{
    if (status != td[TD_STATUS]) {
        td[TD_STATUS] = status;
        store(w, addr + 4 * TD_STATUS, status);
    }
}

/* It is over: with what else of the status. */
static void complete(Walk *w, uint32_t addr, uint32_t *td, uint32_t status)
{
    if (status & (TD_TIMEOUT | TD_BABBLE | TD_STALLED)) {
        w->u->status |= UHCI_STS_ERROR;
    }
    w->u->causes |= status & TD_INTERRUPT ? UHCI_CAUSE_COMPLETE : 0;
    put_status(w, addr, td, status & ~TD_ACTIVE);
}

static Next no_answer(Walk *w, uint32_t addr, uint32_t *td, uint32_t status)
{
    uint32_t left = status & TD_ERRORS;
    status |= TD_TIMEOUT;
    if (left == TD_ONE_ERROR) {
        complete(w, addr, td, (status & ~TD_ERRORS) | TD_STALLED);
    } else {
        put_status(w, addr, td, left ? status - TD_ONE_ERROR : status);
    }
    return STAY;
}

/* What an acknowledged packet means for its descriptor. */
static Next acknowledged(Walk *w, uint32_t addr, uint32_t *td, uint32_t status, const UsbPacket *p,
                         bool queue)
{
    bool in = p->pid == USB_IN, expected = td[TD_TOKEN] & TOKEN_TOGGLE;
    w->budget -= MIN(p->actual, w->budget);
    if (in && !p->isochronous && p->toggle != expected) {
        return STAY;                    /* what was there already: the device goes on with the next one */
    }
    if (in && p->actual && !pci_dma_write(&w->u->pci, td[TD_BUFFER], p->data, p->actual)) {
        fatal(w, UHCI_STS_HOST_ERROR);
        return STAY;
    }
    status = (status & ~(TD_LENGTH | TD_NAK)) | ((p->actual - 1) & TD_LENGTH);
    complete(w, addr, td, status);
    if (queue && in && (status & TD_SHORT) && p->actual < p->len) {
        w->u->causes |= UHCI_CAUSE_SHORT;
        return STAY;
    }
    return ADVANCE;
}

static Next one_shot(Walk *w, uint32_t addr, uint32_t *td, uint32_t status, UsbResult r)
{
    status = (status & ~TD_LENGTH) | NO_LENGTH;
    complete(w, addr, td, status | (r == USB_BABBLE ? TD_BABBLE : TD_TIMEOUT));
    return ADVANCE;
}

static Next take_result(Walk *w, uint32_t addr, uint32_t *td, UsbResult r, const UsbPacket *p, bool queue)
{
    uint32_t status = td[TD_STATUS];
    if (r != USB_NAK) {
        w->seen->done++;
        w->event = true;
    }
    if (r == USB_ACK) {
        return acknowledged(w, addr, td, status, p, queue);
    }
    if (p->isochronous) {
        return one_shot(w, addr, td, status, r);
    }
    switch (r) {
    case USB_NAK:
        put_status(w, addr, td, status | TD_NAK);
        return STAY;
    case USB_STALL:
        complete(w, addr, td, status | TD_STALLED);
        return STAY;
    case USB_BABBLE:
        complete(w, addr, td, status | TD_STALLED | TD_BABBLE);
        return STAY;
    default:
        return no_answer(w, addr, td, status);
    }
}

static Next run(Walk *w, uint32_t addr, uint32_t *td, bool queue)
{
    uint8_t data[USB_MAX_PACKET];
    uint32_t token = td[TD_TOKEN];
    UsbPacket p = {
        .pid = (uint8_t)token, .address = token >> 8 & 0x7f, .endpoint = token >> 15 & 15,
        .toggle = token & TOKEN_TOGGLE, .isochronous = td[TD_STATUS] & TD_ISOCHRONOUS,
        .data = data, .len = ((token >> 21) + 1) & 0x7ff,
    };
    if (!(td[TD_STATUS] & TD_ACTIVE)) {
        if (td[TD_STATUS] & TD_INTERRUPT) {         /* also of one that is over */
            w->u->causes |= UHCI_CAUSE_COMPLETE;
            w->event = true;
        }
        return STAY;
    }
    if ((p.pid != USB_IN && p.pid != USB_OUT && p.pid != USB_SETUP) || p.len > USB_MAX_PACKET) {
        guest_log("uhci: descriptor at 0x%08x: PID 0x%02x, %u bytes cannot be", addr, p.pid, p.len);
        fatal(w, UHCI_STS_PROCESS_ERROR);
        return STAY;
    }
    if (p.len > w->budget) {
        w->over = true;
        return STAY;
    }
    if (p.pid != USB_IN && p.len && !pci_dma_read(&w->u->pci, td[TD_BUFFER], data, p.len)) {
        fatal(w, UHCI_STS_HOST_ERROR);
        return STAY;
    }
    UsbDevice *d = find_device(w->u, p.address);
    return take_result(w, addr, td, d ? usb_transact(d, &p) : USB_NOBODY, &p, queue);
}

/* ---- queues: section 3.3 ---- */

static bool seen_before(Walk *w, uint32_t addr)
{
    UhciSeen *s = w->seen;
    for (unsigned i = 0; i < s->count; i++) {
        if (s->queue[i].addr == addr) {
            bool before = s->queue[i].done == s->done;
            s->queue[i].done = s->done;
            return before;
        }
    }
    if (s->count < UHCI_SEEN) {
        s->queue[s->count].addr = addr;
        s->queue[s->count++].done = s->done;
    }
    return false;
}

/* Returns where to go on. */
static uint32_t walk_queue(Walk *w, uint32_t addr)
{
    uint32_t queue[2], td[TD_WORDS];
    if (seen_before(w, addr) || !fetch(w, addr, queue, 2)) {
        return LINK_END;
    }
    uint32_t element = queue[1];
    while (!w->over && !(element & LINK_END)) {
        if (element & LINK_QUEUE) {
            return element;
        }
        if (!fetch(w, element & LINK_ADDRESS, td, TD_WORDS) ||
            run(w, element & LINK_ADDRESS, td, true) == STAY) {
            break;
        }
        element = td[TD_LINK];
        store(w, addr + 4, element);
        if (!(element & LINK_DEPTH)) {
            break;
        }
    }
    return queue[0];
}

bool uhci_walk_frame(Uhci *u, UhciSeen *seen)
{
    Walk w = { .u = u, .seen = seen, .budget = UHCI_BANDWIDTH };
    uint32_t link, td[TD_WORDS], base = (uint32_t)u->base[1] << 16 | (u->base[0] & 0xf000u);
    if (!fetch(&w, base + 4 * (u->frame % UHCI_FRAMES), &link, 1)) {
        return true;
    }
    while (!w.over && !(link & LINK_END)) {
        uint32_t addr = link & LINK_ADDRESS;
        if (link & LINK_QUEUE) {
            link = walk_queue(&w, addr);
        } else if (fetch(&w, addr, td, TD_WORDS)) {
            run(&w, addr, td, false);
            link = td[TD_LINK];
        }
    }
    u->status |= u->causes ? UHCI_STS_INT : 0;
    return w.event;
}
