/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 16550A UART core. Follows the PC16550D data sheet (National, June 1995), section 8.
 *
 * Not modelled: the time that characters take on the wire (DLL and DLM are kept and set
 * the receiver's time-out only; the transmitter is empty as soon as the host has room),
 * parity and framing errors, DMA signalling on TXRDY and RXRDY.
 */
#include <string.h>
#include "hw/char/uart16550.h"

enum { IER_RDA = 1, IER_THRE = 2, IER_LINE = 4, IER_MODEM = 8 };
enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_CLEAR_TX = 4 };
enum { LCR_BREAK = 0x40, LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 0x10 };
enum { LSR_DR = 1, LSR_OE = 2, LSR_PE = 4, LSR_FE = 8, LSR_BI = 0x10, LSR_THRE = 0x20, LSR_TEMT = 0x40,
       LSR_FIFO_ERROR = 0x80 };
enum { MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_RI = 0x40, MSR_DCD = 0x80 };
enum { IIR_NONE = 1, IIR_LINE = 6, IIR_RDA = 4, IIR_TIMEOUT = 0xc, IIR_THRE = 2, IIR_MODEM = 0,
       IIR_FIFOS = 0xc0 };

#define LSR_ERRORS (LSR_OE | LSR_PE | LSR_FE | LSR_BI)
#define DRAIN_POLL_NS 500000

static bool fifo_on(const Uart16550 *u)
{
    return u->fcr & FCR_ENABLE;
}

static unsigned trigger(const Uart16550 *u)
{
    static const uint8_t levels[4] = { 1, 4, 8, 14 };
    return fifo_on(u) ? levels[u->fcr >> 6] : 1;
}

/* ---- interrupts ---- */

/* The interrupt identification: what is pending with the highest priority. */
static uint8_t identify(const Uart16550 *u)
{
    if ((u->ier & IER_LINE) && (u->lsr & LSR_ERRORS)) {
        return IIR_LINE;
    }
    if ((u->ier & IER_RDA) && u->rx_count >= trigger(u)) {
        return IIR_RDA;
    }
    if ((u->ier & IER_RDA) && u->timeout_pending) {
        return IIR_TIMEOUT;
    }
    if ((u->ier & IER_THRE) && u->thre_pending) {
        return IIR_THRE;
    }
    if ((u->ier & IER_MODEM) && (u->msr & 0x0f)) {
        return IIR_MODEM;
    }
    return IIR_NONE;
}

static void update_irq(Uart16550 *u)
{
    bool level = identify(u) != IIR_NONE && (!u->gated || ((u->mcr & MCR_OUT2) && !(u->mcr & MCR_LOOP)));
    if (level != u->irq.level) {
        irq_set(&u->irq, level);
    }
}

/* ---- receiver ---- */

/* Four characters of ten bits at the programmed speed. */
static int64_t timeout_ns(const Uart16550 *u)
{
    int64_t divisor = u->dll | u->dlm << 8;
    int64_t ns = 40 * 16 * (divisor ? divisor : 1) * INT64_C(1000000000) / u->xtal;
    return MIN(ns, INT64_C(50000000));
}

static void restart_timeout(Uart16550 *u)
{
    u->timeout_pending = false;
    if (fifo_on(u) && u->rx_count) {
        u->timeout_at = clock_now(u->clock, CLOCK_VIRTUAL) + timeout_ns(u);
        timer_arm(u->timeout, u->timeout_at);
    } else {
        u->timeout_at = INT64_MAX;
        timer_cancel(u->timeout);
    }
}

static void timeout_fired(void *opaque)
{
    Uart16550 *u = opaque;
    u->timeout_at = INT64_MAX;
    u->timeout_pending = u->rx_count > 0;
    update_irq(u);
}

/* DR, the errors of the byte at the head, and the error that waits in the FIFO. */
static void refresh_lsr(Uart16550 *u)
{
    u->lsr &= (uint8_t)~(LSR_DR | LSR_FIFO_ERROR);
    if (!u->rx_count) {
        return;
    }
    u->lsr |= LSR_DR;
    u->lsr |= u->rx_flags[u->rx_head];
    u->rx_flags[u->rx_head] = 0;
    for (unsigned i = 0; fifo_on(u) && i < u->rx_count; i++) {
        if (u->rx_flags[(u->rx_head + i) % UART16550_FIFO]) {
            u->lsr |= LSR_FIFO_ERROR;
        }
    }
}

static void receive_byte(Uart16550 *u, uint8_t byte, uint8_t flags)
{
    unsigned room = fifo_on(u) ? UART16550_FIFO : 1;
    if (u->rx_count >= room) {
        u->lsr |= LSR_OE;
        if (!fifo_on(u)) {
            u->rx_data[u->rx_head] = byte;
        }
        return;
    }
    unsigned slot = (u->rx_head + u->rx_count) % UART16550_FIFO;
    u->rx_data[slot] = byte;
    u->rx_flags[slot] = flags;
    u->rx_count++;
    refresh_lsr(u);
    restart_timeout(u);
}

static uint8_t read_rbr(Uart16550 *u)
{
    if (!u->rx_count) {
        return u->rbr;
    }
    u->rbr = u->rx_data[u->rx_head];
    u->rx_head = (u->rx_head + 1) % UART16550_FIFO;
    u->rx_count--;
    refresh_lsr(u);
    restart_timeout(u);
    update_irq(u);
    if (u->chr) {
        chardev_accept_input(u->chr);
    }
    return u->rbr;
}

static void clear_rx(Uart16550 *u)
{
    u->rx_head = u->rx_count = 0;
    memset(u->rx_flags, 0, sizeof(u->rx_flags));
    u->lsr &= (uint8_t)~(LSR_DR | LSR_BI | LSR_FE | LSR_PE | LSR_FIFO_ERROR);
    restart_timeout(u);
}

static size_t can_receive(void *opaque)
{
    Uart16550 *u = opaque;
    if (u->mcr & MCR_LOOP) {
        return 0;
    }
    return (fifo_on(u) ? UART16550_FIFO : 1u) - MIN(u->rx_count, fifo_on(u) ? UART16550_FIFO : 1u);
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
    Uart16550 *u = opaque;
    for (size_t i = 0; i < len; i++) {
        receive_byte(u, data[i], 0);
    }
    update_irq(u);
}

/* ---- modem lines ---- */

static void set_modem_lines(Uart16550 *u, uint8_t lines)
{
    uint8_t change = (u->msr ^ lines) & 0xf0;
    uint8_t delta = change >> 4;
    if ((change & MSR_RI) && (lines & MSR_RI)) {
        delta &= (uint8_t)~4;      /* only the trailing edge of RI counts */
    }
    u->msr = (uint8_t)((u->msr & 0x0f) | lines | delta);
}

static void refresh_modem(Uart16550 *u, bool connected)
{
    uint8_t lines = connected ? MSR_CTS | MSR_DSR | MSR_DCD : 0;
    if (u->mcr & MCR_LOOP) {
        lines = (uint8_t)((u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
                          (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0));
    }
    set_modem_lines(u, lines);
}

static void event(void *opaque, ChardevEvent what)
{
    Uart16550 *u = opaque;
    if (what == CHR_BREAK) {
        receive_byte(u, 0, LSR_BI);
    } else {
        refresh_modem(u, what == CHR_OPENED);
    }
    update_irq(u);
}

/* ---- transmitter ---- */

/* Empty again, unless the host lags behind: then the guest waits instead of losing data. */
static void refresh_transmitter(Uart16550 *u)
{
    if (u->chr && chardev_output_pending(u->chr)) {
        u->lsr &= (uint8_t)~(LSR_THRE | LSR_TEMT);
        timer_arm(u->drain, clock_now(u->clock, CLOCK_HOST) + DRAIN_POLL_NS);
        return;
    }
    timer_cancel(u->drain);
    u->lsr |= LSR_THRE | LSR_TEMT;
    u->thre_pending = true;
}

static void drain_fired(void *opaque)
{
    refresh_transmitter(opaque);
    update_irq(opaque);
}

static void write_thr(Uart16550 *u, uint8_t byte)
{
    u->thre_pending = false;
    update_irq(u);
    if (u->mcr & MCR_LOOP) {
        receive_byte(u, byte, 0);
    } else if (u->chr) {
        chardev_write(u->chr, &byte, 1);
    }
    refresh_transmitter(u);
    update_irq(u);
}

/* ---- registers ---- */

static void write_ier(Uart16550 *u, uint8_t value)
{
    bool asks = (value & IER_THRE) && !(u->ier & IER_THRE);
    u->ier = value & 0x0f;
    if (asks && (u->lsr & LSR_THRE)) {
        u->thre_pending = true;
    }
}

static void write_fcr(Uart16550 *u, uint8_t value)
{
    bool toggles = (value ^ u->fcr) & FCR_ENABLE;
    u->fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
    if (toggles || (value & FCR_CLEAR_RX)) {
        clear_rx(u);
        if (u->chr) {
            chardev_accept_input(u->chr);
        }
    }
    /* The transmitter's FIFO is never filled: clearing it leaves nothing to do. */
}

static void write_lcr(Uart16550 *u, uint8_t value)
{
    if ((value & LCR_BREAK) && !(u->lcr & LCR_BREAK) && u->chr && !(u->mcr & MCR_LOOP)) {
        chardev_send_break(u->chr);
    }
    u->lcr = value;
}

static void write_mcr(Uart16550 *u, uint8_t value)
{
    bool leaves_loop = (u->mcr & MCR_LOOP) && !(value & MCR_LOOP);
    u->mcr = value & 0x1f;
    refresh_modem(u, u->chr != NULL);
    if (leaves_loop && u->chr) {
        chardev_accept_input(u->chr);
    }
}

void uart16550_write(Uart16550 *u, unsigned reg, uint8_t value)
{
    bool dlab = u->lcr & LCR_DLAB;
    switch (reg) {
    case 0:
        if (dlab) {
            u->dll = value;
        } else {
            write_thr(u, value);
        }
        break;
    case 1:
        if (dlab) {
            u->dlm = value;
        } else {
            write_ier(u, value);
        }
        break;
    case 2:
        write_fcr(u, value);
        break;
    case 3:
        write_lcr(u, value);
        break;
    case 4:
        write_mcr(u, value);
        break;
    case 7:
        u->scr = value;
        break;
    default:        /* LSR and MSR: a factory test, not for software */
        break;
    }
    update_irq(u);
}

uint8_t uart16550_read(Uart16550 *u, unsigned reg)
{
    uint8_t value = 0;
    switch (reg) {
    case 0:
        value = u->lcr & LCR_DLAB ? u->dll : read_rbr(u);
        break;
    case 1:
        value = u->lcr & LCR_DLAB ? u->dlm : u->ier;
        break;
    case 2:
        value = identify(u);
        if (value == IIR_THRE) {
            u->thre_pending = false;
        }
        value |= fifo_on(u) ? IIR_FIFOS : 0;
        break;
    case 3:
        value = u->lcr;
        break;
    case 4:
        value = u->mcr;
        break;
    case 5:
        value = u->lsr;
        u->lsr &= (uint8_t)~LSR_ERRORS;
        break;
    case 6:
        value = u->msr;
        u->msr &= 0xf0;
        break;
    case 7:
        value = u->scr;
        break;
    }
    update_irq(u);
    return value;
}

/* ---- life ---- */

void uart16550_init(Uart16550 *u, Clock *clock, Chardev *chr, uint32_t xtal, bool gated)
{
    static const ChardevFrontend frontend = { can_receive, receive, event };
    u->clock = clock;
    u->xtal = xtal;
    u->gated = gated;
    u->chr = chr;
    u->timeout = timer_new(clock, CLOCK_VIRTUAL, timeout_fired, u);
    u->drain = timer_new(clock, CLOCK_HOST, drain_fired, u);
    uart16550_reset(u);
    if (chr) {
        chardev_attach(chr, &frontend, u);
    }
}

void uart16550_free(Uart16550 *u)
{
    if (u->chr) {
        chardev_attach(u->chr, NULL, NULL);
        u->chr = NULL;
    }
    if (u->timeout) {
        timer_free(u->timeout);
        timer_free(u->drain);
        u->timeout = u->drain = NULL;
    }
}

void uart16550_reset(Uart16550 *u)
{
    u->ier = u->fcr = u->lcr = u->mcr = u->scr = u->rbr = 0;
    u->lsr = LSR_THRE | LSR_TEMT;
    u->dll = u->dlm = 0;
    u->thre_pending = u->timeout_pending = false;
    clear_rx(u);
    timer_cancel(u->drain);
    refresh_modem(u, u->chr != NULL);
    u->msr &= 0xf0;
    irq_lower(&u->irq);
}

void uart16550_post_load(Uart16550 *u)
{
    u->rx_head %= UART16550_FIFO;
    u->rx_count = MIN(u->rx_count, UART16550_FIFO);
    if (u->timeout_at != INT64_MAX) {
        timer_arm(u->timeout, u->timeout_at);
    } else {
        timer_cancel(u->timeout);
    }
    if (!(u->lsr & LSR_THRE)) {
        timer_arm(u->drain, clock_now(u->clock, CLOCK_HOST) + DRAIN_POLL_NS);
    }
    irq_lower(&u->irq);
    update_irq(u);
}

const VmField uart16550_state[] = {
    VM_U8(Uart16550, ier), VM_U8(Uart16550, fcr), VM_U8(Uart16550, lcr), VM_U8(Uart16550, mcr),
    VM_U8(Uart16550, lsr), VM_U8(Uart16550, msr), VM_U8(Uart16550, scr), VM_U8(Uart16550, dll),
    VM_U8(Uart16550, dlm), VM_BUFFER(Uart16550, rx_data), VM_BUFFER(Uart16550, rx_flags),
    VM_U8(Uart16550, rx_head), VM_U8(Uart16550, rx_count), VM_U8(Uart16550, rbr),
    VM_BOOL(Uart16550, thre_pending), VM_BOOL(Uart16550, timeout_pending), VM_I64(Uart16550, timeout_at),
    { 0 }
};
