/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB buses: Universal Serial Bus Specification 2.0, chapter 4: ports, and devices that are plugged in by the
 * path of their port ("1", or "1.2" for port 2 of the hub at port 1). Not modelled: power that runs short.
 */
#include "hw/usb/usb.h"

#include <string.h>
#include "util/error.h"

/* ---- ports ---- */

void usb_add_port(UsbBus *b, UsbPort *port, const UsbDevice *hub, unsigned number, const UsbPortOps *ops,
                  void *opaque)
{
    *port = (UsbPort){
        .ops = ops, .opaque = opaque, .index = number - 1, .hubs = hub ? hub->port->hubs + 1 : 0,
    };
    if (hub) {
        g_snprintf(port->path, sizeof(port->path), "%s.%u", hub->port->path, number);
    } else {
        g_snprintf(port->path, sizeof(port->path), "%u", number);
    }
    g_ptr_array_add(b->ports, port);
}

void usb_remove_port(UsbBus *b, UsbPort *port)
{
    g_assert(!port->dev);
    g_ptr_array_remove(b->ports, port);
}

static UsbPort *port_at(const UsbBus *b, guint n)
{
    return n < b->ports->len ? g_ptr_array_index(b->ports, n) : NULL;
}

static UsbPort *find_port(const UsbBus *b, const char *path)
{
    UsbPort *port;
    for (guint n = 0; (port = port_at(b, n)); n++) {
        if (strcmp(port->path, path) == 0) {
            return port;
        }
    }
    return NULL;
}

static UsbPort *free_port(const UsbBus *b, unsigned *count)
{
    UsbPort *port, *first = NULL;
    *count = 0;
    for (guint n = 0; (port = port_at(b, n)); n++) {
        if (!port->dev) {
            first = first ? first : port;
            ++*count;
        }
    }
    return first;
}

UsbDevice *usb_find(const UsbPort *port, uint8_t address)
{
    UsbDevice *d = port->dev;
    if (!d || d->address == address) {
        return d;
    }
    const UsbKind *kind = usb_kind(d);
    UsbPort *behind;
    for (unsigned n = 0; kind->port && (behind = kind->port(d, n)); n++) {
        UsbDevice *found = kind->passes(d, n) ? usb_find(behind, address) : NULL;
        if (found) {
            return found;
        }
    }
    return NULL;
}

void usb_port_reset(UsbPort *port)
{
    if (port->dev) {
        usb_device_reset(&port->dev->dev);
    }
}

void usb_wake(UsbDevice *d)
{
    if (d->port && d->port->dev == d) {
        d->port->ops->woken(d->port, d->remote_wakeup);
    }
}

/* ---- the bus that -device sees ---- */

static bool is_hub(const DeviceType *type)
{
    return ((const UsbKind *)type->bus_info)->port != NULL;
}

static UsbPort *choose_port(UsbBus *b, const DeviceType *type, const char *path, GError **err)
{
    unsigned count;
    UsbPort *port = path ? find_port(b, path) : free_port(b, &count);
    if (!port) {
        error_set(err, path ? "USB: bus '%s' has no port %s; ports behind a hub are PORT.N, once it is there"
                            : "USB: no port of bus '%s' is free%s", b->id, path ? path : "");
        return NULL;
    }
    if (port->dev) {
        error_set(err, "USB: port %s of bus '%s' is taken by '%s'; another port= would work", port->path,
                  b->id, device_name(&port->dev->dev));
        return NULL;
    }
    if (is_hub(type) && port->hubs == USB_MAX_HUBS) {
        error_set(err, "USB: there can be no more than %u hubs one behind the other", USB_MAX_HUBS);
        return NULL;
    }
    return port;
}

static bool realize_device(Bus *bus, Device *dev, GError **err);

/* Who does not say where puts a hub into the last port that is free, so that there is always one more. */
static bool extend(UsbBus *b, GError **err)
{
    unsigned count;
    UsbPort *port = free_port(b, &count);
    if (count != 1 || port->hubs == USB_MAX_HUBS) {
        return true;
    }
    UsbDevice *hub = (UsbDevice *)device_new(b->machine, device_type_find("usb-hub"));
    hub->bus = b;
    hub->port = port;
    hub->dev.on_bus = &b->bus;
    return realize_device(&b->bus, &hub->dev, err);
}

static Device *make_device(Bus *bus, const DeviceType *type, KeyVal *props, GError **err)
{
    UsbBus *b = bus->opaque;
    const char *path = keyval_get(props, "port");
    if (!path && !is_hub(type) && !extend(b, err)) {
        return NULL;
    }
    UsbPort *port = choose_port(b, type, path, err);
    if (!port) {
        return NULL;
    }
    UsbDevice *d = (UsbDevice *)device_new(b->machine, type);
    d->bus = b;
    d->port = port;
    d->dev.on_bus = bus;
    return &d->dev;
}

static void detach(Device *dev)
{
    UsbDevice *d = (UsbDevice *)dev;
    if (d->port->dev == d) {
        d->port->ops->detached(d->port);
        d->port->dev = NULL;
    }
}

static bool realize_device(Bus *bus, Device *dev, GError **err)
{
    UsbDevice *d = (UsbDevice *)dev;
    dev->detach = detach;
    if (!device_realize(dev, err)) {
        return false;
    }
    d->port->dev = d;
    if (usb_kind(d)->complete && !usb_kind(d)->complete(d, err)) {
        d->port->dev = NULL;            /* nobody has seen it */
        dev->user_added = false;
        device_unrealize(dev);
        return false;
    }
    d->port->ops->attached(d->port);
    return true;
}

/* USB devices may be pulled at any time. */
static bool may_remove(const Bus *bus, const Device *dev, GError **err)
{
    return true;
}

/* What is plugged into a hub goes with it. */
static Device *device_behind(const Bus *bus, Device *dev)
{
    UsbDevice *d = (UsbDevice *)dev;
    UsbPort *port;
    for (unsigned n = 0; usb_kind(d)->port && (port = usb_kind(d)->port(d, n)); n++) {
        if (port->dev) {
            return &port->dev->dev;
        }
    }
    return NULL;
}

static bool is_full(const Bus *bus)
{
    unsigned count;
    return !free_port(bus->opaque, &count);
}

static char *device_address(const Bus *bus, const Device *dev)
{
    const UsbDevice *d = (const UsbDevice *)dev;
    return g_strdup_printf("port = %s, address = %u", d->port->path, d->address);
}

void usb_bus_init(UsbBus *b, Machine *machine, Device *owner)
{
    Bus *other;
    for (unsigned n = 0; (other = bus_at(machine, n)); n++) {
        b->number += other->make == make_device;
    }
    b->machine = machine;
    b->ports = g_ptr_array_new();
    b->id = owner->id ? g_strdup_printf("%s.0", owner->id) : g_strdup("usb-bus.0");
    for (unsigned n = 1; bus_find(machine, b->id); n++) {
        g_free(b->id);
        b->id = g_strdup_printf("usb-bus.%u", n);
    }
    b->bus = (Bus){ .id = b->id, .type = "usb-bus", .takes = "usb-device", .owner = owner,
                    .make = make_device, .realize = realize_device, .may_remove = may_remove,
                    .behind = device_behind, .full = is_full, .address = device_address, .opaque = b };
    bus_add(machine, &b->bus);
}

void usb_bus_clear(UsbBus *b)
{
    if (b->machine) {
        bus_remove(b->machine, &b->bus);
        g_ptr_array_free(b->ports, TRUE);
        g_free(b->id);
    }
}

/* ---- "info usb" ---- */

char *usb_list(Machine *machine)
{
    GString *out = g_string_new(NULL);
    Bus *bus;
    bool any = false;
    for (unsigned n = 0; (bus = bus_at(machine, n)); n++) {
        UsbPort *port;
        for (guint i = 0; bus->make == make_device && (port = port_at(bus->opaque, i)); i++) {
            const UsbDevice *d = port->dev;
            if (d) {
                g_string_append_printf(out, "  Device %u.%u, Port %s, Speed %s Mb/s, Product %s",
                                       d->bus->number, d->address, port->path,
                                       usb_port_is_low_speed(port) ? "1.5" : "12", usb_kind(d)->desc->name);
                g_string_append_printf(out, d->dev.id ? ", ID: %s\n" : "\n", d->dev.id);
            }
        }
        any = any || bus->make == make_device;
    }
    if (!any) {
        g_string_append(out, "USB support not enabled\n");
    }
    return g_string_free(out, FALSE);
}
