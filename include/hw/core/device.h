/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device: a DeviceType that describes it in tables, and a structure that begins with
 * Device. Machine lock held for everything here, unless said otherwise.
 */
#ifndef HW_CORE_DEVICE_H
#define HW_CORE_DEVICE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hw/core/irq.h"
#include "hw/core/prop.h"
#include "hw/core/reg.h"
#include "hw/core/state.h"
#include "system/machine.h"

typedef struct DeviceType DeviceType;

struct Device {
    const DeviceType *type;
    Machine *machine;
    char *id;                       /* of -device id=, or NULL */
    bool realized;
    bool user_added;                /* by -device or device_add */
    struct Bus *on_bus;             /* set by the bus that made it; NULL: the board's own */
    void (*detach)(Device *dev);    /* set by the bus: takes the device off it */
    const IrqTap *input_tap;        /* who listens to the unnamed inputs, or NULL */
};

struct DeviceType {
    const char *name;
    size_t size;                    /* of the instance; Device is its first member */
    const char *parent;             /* for introspection; NULL means "device" */
    const char *description;
    bool user_creatable;            /* -device may make one */
    bool graphics;                  /* it has displays (ui/display.h), from the start of the program only */

    const Reg *regs;                /* ascending addresses, ended by { 0 }; may be NULL */
    uint8_t reg_width;              /* bytes of a register: 1, 2 or 4; 0 means 4 */
    MemEndian reg_endian;

    const VmField *state;           /* ended by { 0 } */
    uint32_t state_version;         /* of the wire format, from 1; 0 means 1 */
    const Prop *props;              /* ended by { 0 }; may be NULL */

    const IrqPins *inputs, *outputs;    /* ended by { 0 }; may be NULL */

    const void *bus_info;           /* what the bus wants to know: PciInfo for PCI devices */

    /* Makes regions, timers and connections. False with err; the device is then freed. */
    bool (*realize)(Device *dev, GError **err);
    /* After the registers of the table have their reset values. */
    void (*reset)(Device *dev);
    /* Frees what realize made, also when that failed half-way. */
    void (*finalize)(Device *dev);
    /* Brings the fields up to date before they are saved. */
    void (*pre_save)(Device *dev);
    /* Derives from the loaded fields what is not saved, and refuses impossible values. */
    bool (*post_load)(Device *dev, GError **err);
};

/* A device of the type on machine, properties at their defaults; owned by the caller. */
Device *device_new(Machine *machine, const DeviceType *type);
/* Realizes it, adds it to machine->devices and to the resets; takes ownership: on failure
 * (false, err) the device is freed. */
bool device_realize(Device *dev, GError **err);
/* Detaches and frees the device, which must not be in machine->devices. NULL is allowed. */
void device_free(Device *dev);
/* Of one that is in machine->devices: takes it out, and off its bus, and frees it. No vCPU runs. */
void device_unrealize(Device *dev);
/* Power-on state: table registers first, then the type's reset. */
void device_reset(Device *dev);
/* For a handler of unnamed inputs: tells who listens that input n has this level now. */
static inline void device_input_heard(Device *dev, int n, bool level)
{
    if (dev->input_tap) {
        dev->input_tap->heard(dev->input_tap->opaque, n, level);
    }
}

/* The group of pins called name (NULL: the unnamed ones) of a table of the type, or NULL. */
const IrqPins *irq_pins_find(const IrqPins *table, const char *name);
/* Output n of the group. */
IrqLine *device_output(Device *dev, const IrqPins *pins, int n);
/* What messages call it: its id or its type's name. */
const char *device_name(const Device *dev);

/* ---- all types ---- */

/* The types of this program, ended by NULL, in alphabetical order. */
const DeviceType *const *device_types(void);
/* NULL when there is none of that name. */
const DeviceType *device_type_find(const char *name);

#endif
