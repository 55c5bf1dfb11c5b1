/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parallel port of the FDC37M817 (data sheet, "Parallel port": SPP and bidirectional modes), and a
 * printer on it whose paper is a character device. The handshake is that of IEEE 1284's compatibility mode.
 *
 * Without a printer nobody drives the status lines, and they are pulled up: busy, out of paper.
 * Not modelled: EPP and ECP, the time that a printer takes. A printer is busy while the host does not take
 * what it has got.
 */
#include "hw/char/parallel.h"

enum { CONTROL_STROBE = 0x01, CONTROL_IRQ = 0x10, CONTROL_INPUT = 0x20, CONTROL_BITS = 0x3f };
enum { STATUS_NO_ERROR = 0x08, STATUS_SELECTED = 0x10, STATUS_NO_PAPER = 0x20, STATUS_NO_ACK = 0x40,
       STATUS_NOT_BUSY = 0x80, STATUS_UNUSED = 0x07 };

static uint8_t status(const ParallelPort *p)
{
    uint8_t value = STATUS_UNUSED | STATUS_NO_ERROR | STATUS_SELECTED | STATUS_NO_ACK;
    if (!p->chr) {
        return value | STATUS_NO_PAPER;
    }
    return value | (chardev_output_room(p->chr) ? STATUS_NOT_BUSY : 0);
}

/* The end of the printer's ACK# pulse: it is what interrupts. */
static void acknowledge(ParallelPort *p)
{
    if (p->control & CONTROL_IRQ) {
        irq_raise(&p->irq);
    }
}

static void control_write(ParallelPort *p, uint8_t value)
{
    bool was = p->control & CONTROL_STROBE, is = value & CONTROL_STROBE;
    p->control = value & CONTROL_BITS;
    irq_lower(&p->irq);
    if (!p->chr || was == is) {
        return;
    }
    if (is) {
        if (chardev_output_room(p->chr)) {      /* a busy printer looks away */
            chardev_write(p->chr, &p->data, 1);
        }
    } else if (chardev_output_room(p->chr)) {
        acknowledge(p);
    } else {
        p->waiting = true;
    }
}

/* The host took something: a printer that was busy goes on. */
static void output_written(void *opaque)
{
    ParallelPort *p = opaque;
    if (p->waiting) {
        p->waiting = false;
        acknowledge(p);
    }
}

uint8_t parallel_read(ParallelPort *p, unsigned reg)
{
    switch (reg) {
    case 0:
        return p->control & CONTROL_INPUT ? 0xff : p->data;
    case 1:
        irq_lower(&p->irq);
        return status(p);
    case 2:
        return p->control;
    default:
        return 0xff;
    }
}

void parallel_write(ParallelPort *p, unsigned reg, uint8_t value)
{
    if (reg == 0) {
        p->data = value;
    } else if (reg == 2) {
        control_write(p, value);
    }
}

/* A printer has nothing to say. */
static size_t takes_nothing(void *opaque)
{
    return 0;
}

static void receives_nothing(void *opaque, const uint8_t *data, size_t len)
{
}

void parallel_init(ParallelPort *p, Chardev *chr)
{
    static const ChardevFrontend frontend = {
        .can_receive = takes_nothing, .receive = receives_nothing, .written = output_written,
    };
    p->chr = chr;
    if (chr) {
        chardev_attach(chr, &frontend, p);
    }
}

void parallel_free(ParallelPort *p)
{
    if (p->chr) {
        chardev_attach(p->chr, NULL, NULL);
    }
}

void parallel_reset(ParallelPort *p)
{
    p->data = p->control = 0;
    p->waiting = false;
    irq_lower(&p->irq);
}

const VmField parallel_state[] = { VM_U8(ParallelPort, data), VM_U8(ParallelPort, control),
                                    VM_BOOL(ParallelPort, waiting), { 0 } };
