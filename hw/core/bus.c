/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buses by name, and devices that users add to them. */
#include "hw/core/bus.h"

#include <string.h>
#include "util/error.h"

void bus_add(Machine *machine, Bus *bus)
{
    g_ptr_array_add(machine->buses, bus);
}

void bus_remove(Machine *machine, Bus *bus)
{
    g_ptr_array_remove(machine->buses, bus);
}

Bus *bus_at(Machine *machine, unsigned n)
{
    return n < machine->buses->len ? g_ptr_array_index(machine->buses, n) : NULL;
}

Bus *bus_find(Machine *machine, const char *id)
{
    Bus *bus;
    for (unsigned i = 0; (bus = bus_at(machine, i)); i++) {
        if (strcmp(bus->id, id) == 0) {
            return bus;
        }
    }
    return NULL;
}

/* The first that takes the type, and has room for another if there is such a one. */
static Bus *bus_for(Machine *machine, const DeviceType *type)
{
    Bus *bus, *first = NULL;
    for (unsigned i = 0; (bus = bus_at(machine, i)); i++) {
        bool fits = g_strcmp0(bus->takes, type->parent) == 0;
        if (fits && !(bus->full && bus->full(bus))) {
            return bus;
        }
        first = fits && !first ? bus : first;
    }
    return first;
}

Bus *bus_of(const Device *dev)
{
    return dev->on_bus ? dev->on_bus : bus_for(dev->machine, dev->type);
}

Device *device_find(Machine *machine, const char *id)
{
    for (unsigned i = 0; i < machine->devices->len; i++) {
        Device *dev = g_ptr_array_index(machine->devices, i);
        if (dev->user_added && g_strcmp0(dev->id, id) == 0) {
            return dev;
        }
    }
    return NULL;
}

static const DeviceType *find_type(const char *driver, GError **err)
{
    const DeviceType *type = driver ? device_type_find(driver) : NULL;
    if (!driver) {
        error_set(err, "Parameter 'driver' is missing");
    } else if (!type) {
        error_set(err, "'%s' is not a valid device model name; -device help lists those that are", driver);
    } else if (!type->user_creatable) {
        error_set(err, "'%s' is a part of the board and cannot be added", driver);
        return NULL;
    }
    return type;
}

static Bus *find_bus(Machine *machine, const DeviceType *type, const char *id, GError **err)
{
    Bus *bus = id ? bus_find(machine, id) : bus_for(machine, type);
    if (!bus) {
        error_set(err, id ? "Bus '%s' not found" : "No '%s' bus found for the device",
                  id ? id : type->parent);
        return NULL;
    }
    if (g_strcmp0(bus->takes, type->parent) != 0) {
        error_set(err, "Device '%s' can't go on %s bus", type->name, bus->type);
        return NULL;
    }
    if (!bus->make) {
        error_set(err, "Bus '%s' takes nothing beyond the board's own devices", bus->id);
        return NULL;
    }
    if (bus->full && bus->full(bus)) {
        error_set(err, "Bus '%s' is full", bus->id);
        return NULL;
    }
    return bus;
}

static bool check_id(Machine *machine, const char *id, GError **err)
{
    bool good = !id || g_ascii_isalpha(id[0]);
    for (const char *p = id; p && *p; p++) {
        good = good && (g_ascii_isalnum(*p) || strchr("-._", *p));
    }
    if (!good) {
        return error_set(err, "id '%s' must be letters, digits, '-', '.', '_', a letter first", id);
    }
    return !id || !device_find(machine, id) || error_set(err, "Duplicate device ID '%s'", id);
}

static bool set_props(Device *dev, KeyVal *props, GError **err)
{
    for (const Prop *p = dev->type->props; p && p->name; p++) {
        const char *value = keyval_get(props, p->name);
        if (value && !prop_set(dev, p->name, value, err)) {
            return false;
        }
    }
    return keyval_finish(props, err);
}

bool device_add(Machine *machine, KeyVal *props, GError **err)
{
    const DeviceType *type = find_type(keyval_get(props, "driver"), err);
    return type && device_add_type(machine, type, props, err);
}

bool device_plug(Machine *machine, KeyVal *props, GError **err)
{
    const DeviceType *type = find_type(keyval_get(props, "driver"), err);
    if (type && type->graphics) {
        return error_set(err, "Device '%s' does not support hotplugging: displays are there from the start "
                         "(-device %s)", type->name, type->name);
    }
    return type && device_add_type(machine, type, props, err);
}

bool device_add_type(Machine *machine, const DeviceType *type, KeyVal *props, GError **err)
{
    const char *id = keyval_get(props, "id"), *bus_id = keyval_get(props, "bus");
    Bus *bus = find_bus(machine, type, bus_id, err);
    if (!bus || !check_id(machine, id, err)) {
        return false;
    }
    Device *dev = bus->make(bus, type, props, err);
    if (!dev) {
        return false;
    }
    dev->id = g_strdup(id);
    dev->user_added = true;
    if (!set_props(dev, props, err)) {
        device_free(dev);
        return false;
    }
    return bus->realize(bus, dev, err);
}

/* ---- taking out ---- */

bool device_removable(const Device *dev)
{
    Bus *bus = bus_of(dev);
    return dev->user_added && !dev->type->graphics && bus && bus->may_remove;
}

static Device *first_on(Machine *machine, const Bus *bus)
{
    for (guint i = 0; i < machine->devices->len; i++) {
        Device *dev = g_ptr_array_index(machine->devices, i);
        if (dev->on_bus == bus) {
            return dev;
        }
    }
    return NULL;
}

/* What sits on its buses first, and what it carries on its own. */
static void take_out(Device *dev)
{
    Bus *bus = bus_of(dev);
    Device *behind;
    while (bus && bus->behind && (behind = bus->behind(bus, dev))) {
        take_out(behind);
    }
    for (unsigned i = 0; (bus = bus_at(dev->machine, i)); i++) {
        Device *child;
        while (bus->owner == dev && (child = first_on(dev->machine, bus))) {
            take_out(child);
        }
    }
    device_unrealize(dev);
}

bool device_remove(Device *dev, GError **err)
{
    Machine *machine = dev->machine;
    Bus *bus = bus_of(dev);
    if (!dev->user_added) {
        return error_set(err, "'%s' is a part of the board and cannot be taken out", device_name(dev));
    }
    if (!bus || !bus->may_remove) {
        return error_set(err, "Bus '%s' does not support hotplugging: '%s' stays as long as the machine",
                         bus ? bus->id : "main-system-bus", device_name(dev));
    }
    machine_hold(machine);          /* before the question: a vCPU could make the answer wrong */
    bool may = bus->may_remove(bus, dev, err);
    if (may) {
        take_out(dev);
    }
    machine_release(machine);
    return may;
}

char *device_help(const DeviceType *type)
{
    GString *out = g_string_new(NULL);
    if (type) {
        g_string_append_printf(out, "%s options:%s\n", type->name,
                               type->props && type->props->name ? "" : " it has none");
        for (const Prop *p = type->props; p && p->name; p++) {
            g_autofree char *head = g_strdup_printf("%s=<%s>", p->name, prop_kind_name(p->kind));
            g_string_append_printf(out, "  %-24s %s%s%s%s\n", head, p->description ? p->description : "",
                                   p->def ? " (default: " : "", p->def ? p->def : "", p->def ? ")" : "");
        }
        return g_string_free(out, FALSE);
    }
    for (const DeviceType *const *t = device_types(); *t; t++) {
        if ((*t)->user_creatable) {
            g_string_append_printf(out, "name \"%s\", bus %s, desc \"%s\"\n", (*t)->name,
                                   (*t)->parent ? (*t)->parent : "none", (*t)->description);
        }
    }
    if (out->len == 0) {
        g_string_append(out, "There is no device that could be added: the board has its own.\n");
    }
    return g_string_free(out, FALSE);
}
