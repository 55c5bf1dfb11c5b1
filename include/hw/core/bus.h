/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The buses of a machine as -device and the monitor see them. Machine lock held for all. */
#ifndef HW_CORE_BUS_H
#define HW_CORE_BUS_H

#include "hw/core/device.h"
#include "util/keyval.h"

/* Held by value in what owns the bus; its id is what bus= names. */
typedef struct Bus Bus;
struct Bus {
    const char *id;
    const char *type;           /* "PCI", "ISA", "System" */
    const char *takes;          /* parent of the device types that fit: "pci-device" */
    Device *owner;              /* the bridge, or NULL */
    /* A device of the type that is not realized yet, at the address that props name; what it
     * reads there it looks up in props. NULL: nothing can be added. NULL with err. */
    Device *(*make)(Bus *bus, const DeviceType *type, KeyVal *props, GError **err);
    bool (*realize)(Bus *bus, Device *dev, GError **err);
    /* Whether dev can be taken out now; err tells what the guest must do first. NULL: nothing ever can. */
    bool (*may_remove)(const Bus *bus, const Device *dev, GError **err);
    /* A device that dev carries on this same bus (a hub's) and that goes before it; may be or give NULL. */
    Device *(*behind)(const Bus *bus, Device *dev);
    bool (*full)(const Bus *bus);   /* nothing more fits; NULL: there is always an answer from make */
    /* What "info qtree" adds to a device's line; may be NULL. The caller frees it. */
    char *(*address)(const Bus *bus, const Device *dev);
    void *opaque;
};

void bus_add(Machine *machine, Bus *bus);
void bus_remove(Machine *machine, Bus *bus);
/* The bus called id; NULL when there is none. */
Bus *bus_find(Machine *machine, const char *id);
/* Bus n in the order they were added, or NULL. */
Bus *bus_at(Machine *machine, unsigned n);
/* The bus that dev sits on, or NULL. */
Bus *bus_of(const Device *dev);

/* Makes what -device describes: "driver", "id", "bus" and properties; the caller keeps props.
 * False with err. */
bool device_add(Machine *machine, KeyVal *props, GError **err);
/* The same for a type that is known; "driver" is looked up by nobody. */
bool device_add_type(Machine *machine, const DeviceType *type, KeyVal *props, GError **err);
/* device_add for a machine that is complete: refuses graphics, as those who show displays know what was there
 * when they began. False with err. */
bool device_plug(Machine *machine, KeyVal *props, GError **err);
/* Takes a device out that was added, and what sits on its buses: MACHINE_DEVICE_DELETED for each. What it
 * used (drives, network back ends, character devices) is free then. Main thread. False with err. */
bool device_remove(Device *dev, GError **err);
/* Whether a device of its kind may be taken out at all. */
bool device_removable(const Device *dev);
/* The device that was added with that id, or NULL. */
Device *device_find(Machine *machine, const char *id);
/* The lines of "-device help" (type NULL) or "-device T,help"; the caller frees it. */
char *device_help(const DeviceType *type);

#endif
