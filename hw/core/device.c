/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: their life. */
#include "hw/core/device.h"

Device *device_new(Machine *machine, const DeviceType *type)
{
    g_assert(type->size >= sizeof(Device));
    Device *dev = g_malloc0(type->size);
    dev->type = type;
    dev->machine = machine;
    prop_init(dev);
    return dev;
}

static void reset_hook(void *opaque)
{
    device_reset(opaque);
}

static void free_hook(void *opaque)
{
    device_free(opaque);
}

bool device_realize(Device *dev, GError **err)
{
    g_assert(!dev->realized);
    if (dev->type->realize && !dev->type->realize(dev, err)) {
        device_free(dev);
        return false;
    }
    dev->realized = true;
    g_ptr_array_set_free_func(dev->machine->devices, free_hook);
    g_ptr_array_add(dev->machine->devices, dev);
    device_reset(dev);
    machine_add_reset(dev->machine, reset_hook, dev);
    return true;
}

void device_free(Device *dev)
{
    if (!dev) {
        return;
    }
    if (dev->type->finalize) {
        dev->type->finalize(dev);
    }
    if (dev->detach) {
        dev->detach(dev);
    }
    prop_clear(dev);
    g_free(dev->id);
    g_free(dev);
}

void device_unrealize(Device *dev)
{
    GPtrArray *devices = dev->machine->devices;
    guint at = 0;
    bool found = g_ptr_array_find(devices, dev, &at);
    g_assert(found);
    device_reset(dev);              /* what is under way ends, lines go low, nothing is decoded any more */
    machine_device_event(dev->machine, dev);
    machine_remove_reset(dev->machine, dev);
    g_ptr_array_steal_index(devices, at);
    device_free(dev);
}

void device_reset(Device *dev)
{
    reg_reset(dev);
    if (dev->type->reset) {
        dev->type->reset(dev);
    }
}

const IrqPins *irq_pins_find(const IrqPins *table, const char *name)
{
    for (const IrqPins *p = table; p && p->count; p++) {
        if (g_strcmp0(p->name, name) == 0) {
            return p;
        }
    }
    return NULL;
}

IrqLine *device_output(Device *dev, const IrqPins *pins, int n)
{
    g_assert(n >= 0 && n < pins->count);
    return (IrqLine *)(void *)((char *)dev + pins->lines) + n;
}

const char *device_name(const Device *dev)
{
    return dev->id ? dev->id : dev->type->name;
}
