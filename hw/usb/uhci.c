/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A UHCI controller, function 2 of the 82371AB (PIIX4) and of the 82371SB (PIIX3): Universal Host Controller
 * Interface Design Guide 1.1, chapter 2, and the 82371AB's data sheet (order 290562), chapter 6.
 *
 * When frames are walked. The guest's driver links descriptors into memory and touches no register, so an
 * idle schedule has to be looked at now and then: each millisecond while anything is done and 32 ms more,
 * then each 8 ms, and after a second without anything each 32 ms, since each time the host's main thread
 * wakes (some 70 us). Each walk makes up for the frames since the last one, so that none of the frame list is
 * left out, but walks a queue once where nothing has changed (uhci_walk.c). Devices say when they have
 * something (usb_wake), and the driver's writes to registers count as something done: both make the next walk
 * come at once. What a first transfer after a pause can lose is therefore 32 ms; a transfer that is under way
 * is walked as on a real bus. FRNUM is computed from the clock.
 *
 * Not modelled: SOFMOD's effect on the length of a frame, software debugging (SWDBG), bandwidth beside data,
 * trapping of ports 60h and 64h (USBLEGSUP keeps what is written), over-current.
 */
#include "hw/usb/uhci.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/log.h"

enum { CFG_SBRN = 0x60, CFG_LEGSUP = 0xc0 };
#define LEGSUP_RESET 0x2000u            /* the interrupt goes to PIRQD */
#define LEGSUP_WRITABLE 0x20bfu
#define LEGSUP_EVENTS 0x8f00u

enum { ENABLE_ERROR = 1, ENABLE_RESUME = 2, ENABLE_COMPLETE = 4, ENABLE_SHORT = 8 };
#define PORT_ALWAYS 0x0080u
#define PORT_LINE_PLUS 0x0010u
#define PORT_LINE_MINUS 0x0020u
#define PORT_WRITABLE (UHCI_PORT_ENABLED | UHCI_PORT_RESUME | UHCI_PORT_RESET | UHCI_PORT_SUSPENDED)
#define PORT_CHANGES (UHCI_PORT_CONNECT_CHANGE | UHCI_PORT_ENABLE_CHANGE)

/* From so many walks without anything, so many frames are walked at once. */
static const struct {
    uint32_t walks;
    int frames;
} pace[] = { { 32 + 125, 32 }, { 32, 8 }, { 0, 1 } };

static void update_irq(Uhci *u)
{
    bool level = (u->status & (UHCI_STS_HOST_ERROR | UHCI_STS_PROCESS_ERROR)) ||
                 ((u->status & UHCI_STS_ERROR) && (u->enable & ENABLE_ERROR)) ||
                 ((u->status & UHCI_STS_RESUME) && (u->enable & ENABLE_RESUME)) ||
                 ((u->causes & UHCI_CAUSE_COMPLETE) && (u->enable & ENABLE_COMPLETE)) ||
                 ((u->causes & UHCI_CAUSE_SHORT) && (u->enable & ENABLE_SHORT));
    level = level && (pci_config_get(&u->pci, CFG_LEGSUP, 2) & LEGSUP_RESET);
    if (level != u->pci.irq_level) {
        pci_device_set_irq(&u->pci, level);
    }
}

/* ---- frames ---- */

static bool is_running(const Uhci *u)
{
    return !(u->status & UHCI_STS_HALTED);
}

static int64_t now(const Uhci *u)
{
    return clock_now(u->pci.dev.machine->clock, CLOCK_VIRTUAL);
}

/* Frames that have ended and were not walked. */
static int64_t frames_due(const Uhci *u)
{
    int64_t late = is_running(u) ? now(u) - u->frame_at : -1;
    return late < 0 ? 0 : late / UHCI_FRAME_NS + 1;
}

static void pass_frames(Uhci *u, int64_t count)
{
    u->frame = (uint16_t)((u->frame + count) & 0x7ff);
    u->frame_at += count * UHCI_FRAME_NS;
}

static void schedule(Uhci *u)
{
    unsigned n = 0;
    while (u->quiet < pace[n].walks) {
        n++;
    }
    if (is_running(u)) {
        timer_arm(u->timer, u->frame_at + (pace[n].frames - 1) * UHCI_FRAME_NS);
    } else {
        timer_cancel(u->timer);
    }
}

static void walk(void *opaque)
{
    Uhci *u = opaque;
    UhciSeen seen = { 0 };
    bool event = false;
    int64_t due = frames_due(u);
    if (due > UHCI_MOST_FRAMES) {
        pass_frames(u, due - UHCI_MOST_FRAMES);
    }
    for (due = MIN(due, UHCI_MOST_FRAMES); due > 0 && is_running(u); due--) {
        event |= uhci_walk_frame(u, &seen);
        pass_frames(u, 1);
    }
    u->quiet = event ? 0 : MIN(u->quiet + 1, pace[0].walks);
    update_irq(u);
    schedule(u);
}

/* There may be something to do. */
static void look(Uhci *u)
{
    u->quiet = 0;
    schedule(u);
}

void uhci_halt(Uhci *u)
{
    pass_frames(u, frames_due(u));
    u->command &= (uint16_t)~UHCI_CMD_RUN;
    u->status |= UHCI_STS_HALTED;
}

/* ---- ports ---- */

static void connected(Uhci *u, unsigned n)
{
    u->portsc[n] &= (uint16_t)~(UHCI_PORT_LOW_SPEED | UHCI_PORT_SUSPENDED | UHCI_PORT_RESUME);
    u->portsc[n] |= UHCI_PORT_CONNECTED | UHCI_PORT_CONNECT_CHANGE;
    u->portsc[n] |= usb_port_is_low_speed(&u->port[n]) ? UHCI_PORT_LOW_SPEED : 0;
}

/* A connection, its end or a device that wakes: what ends a global suspend (section 2.1.1, FGR). */
static void resume(Uhci *u)
{
    if (u->command & UHCI_CMD_SUSPEND) {
        u->command |= UHCI_CMD_RESUME;
        u->status |= UHCI_STS_RESUME;
        update_irq(u);
    }
}

static void port_attached(UsbPort *port)
{
    Uhci *u = port->opaque;
    connected(u, port->index);
    resume(u);
}

static void port_detached(UsbPort *port)
{
    Uhci *u = port->opaque;
    uint16_t *sc = &u->portsc[port->index];
    if (*sc & UHCI_PORT_ENABLED) {
        *sc |= UHCI_PORT_ENABLE_CHANGE;
    }
    *sc &= (uint16_t)~(UHCI_PORT_CONNECTED | UHCI_PORT_ENABLED | UHCI_PORT_LOW_SPEED | UHCI_PORT_SUSPENDED |
                       UHCI_PORT_RESUME);
    *sc |= UHCI_PORT_CONNECT_CHANGE;
    resume(u);
    look(u);
}

static void port_woken(UsbPort *port, bool may_resume)
{
    Uhci *u = port->opaque;
    if (may_resume && (u->portsc[port->index] & UHCI_PORT_SUSPENDED)) {
        u->portsc[port->index] |= UHCI_PORT_RESUME;
        u->resuming |= (uint8_t)(1u << port->index);
    }
    if (may_resume) {
        resume(u);
    }
    look(u);
}

static uint64_t port_read(Device *dev, const Reg *reg)
{
    uint64_t value = reg_stored(dev, reg) | PORT_ALWAYS;
    if ((value & UHCI_PORT_CONNECTED) && !(value & (UHCI_PORT_RESET | UHCI_PORT_RESUME))) {
        value |= value & UHCI_PORT_LOW_SPEED ? PORT_LINE_MINUS : PORT_LINE_PLUS;
    }
    return value;
}

static void port_written(Device *dev, const Reg *reg, uint64_t value)
{
    Uhci *u = (Uhci *)dev;
    unsigned n = (reg->addr - 0x10) / 2;
    uint16_t *sc = &u->portsc[n], bit = (uint16_t)(1u << n);
    if (*sc & UHCI_PORT_RESET) {
        usb_port_reset(&u->port[n]);
        *sc &= (uint16_t)~(UHCI_PORT_ENABLED | UHCI_PORT_SUSPENDED | UHCI_PORT_RESUME);
    }
    if (!(*sc & UHCI_PORT_CONNECTED)) {
        *sc &= (uint16_t)~(UHCI_PORT_ENABLED | UHCI_PORT_SUSPENDED | UHCI_PORT_RESUME);
    }
    if ((u->resuming & bit) && !(*sc & UHCI_PORT_RESUME)) {
        *sc &= (uint16_t)~UHCI_PORT_SUSPENDED;      /* the end of the resume signal */
    }
    u->resuming = (uint8_t)((u->resuming & ~bit) | (*sc & UHCI_PORT_RESUME ? bit : 0));
    look(u);
}

/* ---- registers ---- */

/* What HCRESET does. */
static void host_reset(Uhci *u)
{
    for (const Reg *r = u->pci.dev.type->regs; r->name; r++) {
        reg_store(&u->pci.dev, r, r->reset);
    }
    u->causes = u->resuming = 0;
    u->quiet = 0;
    for (unsigned n = 0; n < UHCI_PORTS; n++) {
        if (u->port[n].dev) {
            connected(u, n);
        }
    }
    timer_cancel(u->timer);
    update_irq(u);
}

static void command_written(Device *dev, const Reg *reg, uint64_t value)
{
    Uhci *u = (Uhci *)dev;
    if (value & UHCI_CMD_GLOBAL_RESET) {
        for (unsigned n = 0; n < UHCI_PORTS; n++) {
            usb_port_reset(&u->port[n]);
        }
    }
    if (value & (UHCI_CMD_HOST_RESET | UHCI_CMD_GLOBAL_RESET)) {
        host_reset(u);
        u->command = value & UHCI_CMD_GLOBAL_RESET;
        return;
    }
    bool run = value & UHCI_CMD_RUN;
    if (run && !is_running(u)) {
        u->status &= (uint16_t)~UHCI_STS_HALTED;
        u->frame_at = now(u) + UHCI_FRAME_NS;
    } else if (!run && is_running(u)) {
        uhci_halt(u);
    }
    look(u);
}

static void status_written(Device *dev, const Reg *reg, uint64_t value)
{
    Uhci *u = (Uhci *)dev;
    u->causes = u->status & UHCI_STS_INT ? u->causes : 0;
    update_irq(u);
    look(u);
}

static void enable_written(Device *dev, const Reg *reg, uint64_t value)
{
    update_irq((Uhci *)dev);
}

static uint64_t frame_read(Device *dev, const Reg *reg)
{
    const Uhci *u = (const Uhci *)dev;
    return (uint64_t)(u->frame + frames_due(u)) & 0x7ff;
}

static void frame_written(Device *dev, const Reg *reg, uint64_t value)
{
    Uhci *u = (Uhci *)dev;
    if (is_running(u)) {
        guest_log("%s: FRNUM is written while frames run", device_name(dev));
        u->frame_at = now(u) + UHCI_FRAME_NS;
    }
    look(u);
}

static void base_written(Device *dev, const Reg *reg, uint64_t value)
{
    look((Uhci *)dev);
}

static const Reg uhci_regs[] = {
    /* addr  name    reset   rw      w1c */
    { 0x00, "USBCMD", 0, 0x00ff, 0, AT(Uhci, command), .written = command_written },
    { 0x02, "USBSTS", UHCI_STS_HALTED, 0, 0x001f, AT(Uhci, status), .written = status_written },
    { 0x04, "USBINTR", 0, 0x000f, 0, AT(Uhci, enable), .written = enable_written },
    { 0x06, "FRNUM", 0, 0x07ff, 0, AT(Uhci, frame), .read = frame_read, .written = frame_written },
    { 0x08, "FRBASEADD", 0, 0xf000, 0, AT(Uhci, base[0]), .written = base_written },
    { 0x0a, "FRBASEADD_HIGH", 0, 0xffff, 0, AT(Uhci, base[1]), .written = base_written },
    { 0x0c, "SOFMOD", 0x40, 0x7f, 0, AT(Uhci, sofmod) },
    { 0x10, "PORTSC1", 0, PORT_WRITABLE, PORT_CHANGES, AT(Uhci, portsc[0]), .read = port_read,
      .written = port_written },
    { 0x12, "PORTSC2", 0, PORT_WRITABLE, PORT_CHANGES, AT(Uhci, portsc[1]), .read = port_read,
      .written = port_written },
    { 0x14, "RESERVED", 0, 0, 0, 0, 0 },            /* where drivers look for a third port */
    { 0 }
};

static void config_written(PciDevice *pci, unsigned reg, unsigned size)
{
    update_irq((Uhci *)pci);
}

/* ---- the device ---- */

static bool uhci_realize(Device *dev, GError **err)
{
    static const UsbPortOps ops = { port_attached, port_detached, port_woken };
    Uhci *u = (Uhci *)dev;
    u->io = reg_region_new(dev, "uhci", 32);
    pci_device_add_bar(&u->pci, 4, true, u->io);
    store_le(u->pci.wmask + CFG_LEGSUP, 2, LEGSUP_WRITABLE);
    store_le(u->pci.w1c + CFG_LEGSUP, 2, LEGSUP_EVENTS);
    u->timer = timer_new(dev->machine->clock, CLOCK_VIRTUAL, walk, u);
    usb_bus_init(&u->bus, dev->machine, dev);
    for (unsigned n = 0; n < UHCI_PORTS; n++) {
        usb_add_port(&u->bus, &u->port[n], NULL, n + 1, &ops, u);
    }
    return true;
}

static void uhci_reset(Device *dev)
{
    Uhci *u = (Uhci *)dev;
    pci_device_reset(&u->pci);
    pci_config_set(&u->pci, CFG_SBRN, 0x10, 1);
    pci_config_set(&u->pci, CFG_LEGSUP, LEGSUP_RESET, 2);
    host_reset(u);
}

static bool uhci_post_load(Device *dev, GError **err)
{
    Uhci *u = (Uhci *)dev;
    int64_t next = now(u) + UHCI_FRAME_NS;
    u->frame &= 0x7ff;
    u->quiet = 0;
    if (u->frame_at < 0 || u->frame_at > next) {
        u->frame_at = next;
    }
    pci_device_post_load(&u->pci);
    update_irq(u);
    schedule(u);
    return true;
}

static void uhci_finalize(Device *dev)
{
    Uhci *u = (Uhci *)dev;
    if (u->timer) {
        timer_free(u->timer);
    }
    usb_bus_clear(&u->bus);
    mem_free(u->io);
}

static const VmField uhci_state[] = {
    PCI_STATE(Uhci, pci), VM_U16(Uhci, command), VM_U16(Uhci, status), VM_U16(Uhci, enable),
    VM_U16(Uhci, frame), VM_ARRAY(Uhci, base), VM_U16(Uhci, sofmod), VM_ARRAY(Uhci, portsc),
    VM_U8(Uhci, causes), VM_U8(Uhci, resuming), VM_I64(Uhci, frame_at),
    { 0 }
};

static const PciInfo piix3_info = {
    .vendor = 0x8086, .device = 0x7020, .revision = 0x01, .class_code = 0x0c03, .status = 0x0280,
    .command_mask = 0x0005, .int_pin = 4, .config_written = config_written,
};
static const PciInfo piix4_info = {
    .vendor = 0x8086, .device = 0x7112, .revision = 0x01, .class_code = 0x0c03, .status = 0x0280,
    .command_mask = 0x0005, .int_pin = 4, .config_written = config_written,
};

#define UHCI_TYPE(name, what, info) \
    { name, sizeof(Uhci), .parent = "pci-device", .description = what, .user_creatable = true, \
      .regs = uhci_regs, .reg_width = 2, .state = uhci_state, .bus_info = &(info), .realize = uhci_realize, \
      .reset = uhci_reset, .finalize = uhci_finalize, .post_load = uhci_post_load }

const DeviceType piix3_uhci_type = UHCI_TYPE("piix3-usb-uhci", "82371SB (PIIX3) USB controller", piix3_info);
const DeviceType piix4_uhci_type = UHCI_TYPE("piix4-usb-uhci", "82371AB (PIIX4) USB controller", piix4_info);
