/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network devices that the board is asked to have: a PCnet in slot 11, where a Malta has its own, others
 * where there is room. */
#include <string.h>
#include "hw/mips/malta.h"
#include "hw/mips/malta_internal.h"
#include "util/error.h"

#define NIC_SLOT      "0b"
#define DEFAULT_MODEL "pcnet"
#define CLASS_ETHERNET 0x0200

static bool is_nic(const DeviceType *type)
{
    const PciInfo *info = g_strcmp0(type->parent, "pci-device") == 0 ? type->bus_info : NULL;
    return info && type->user_creatable && info->class_code == CLASS_ETHERNET;
}

char *malta_nic_models(void)
{
    GString *out = g_string_new("Network devices (model=):\n");
    for (const DeviceType *const *t = device_types(); *t; t++) {
        if (is_nic(*t)) {
            g_string_append_printf(out, "%-16s %s\n", (*t)->name, (*t)->description);
        }
    }
    return g_string_free(out, FALSE);
}

static bool set_props(Device *dev, const MaltaNic *nic, GError **err)
{
    return (!nic->netdev || prop_set(dev, "netdev", nic->netdev, err)) &&
           (!nic->mac || prop_set(dev, "mac", nic->mac, err));
}

static bool add(Bus *bus, const MaltaNic *nic, bool first, GError **err)
{
    const char *model = nic->model ? nic->model : DEFAULT_MODEL;
    const DeviceType *type = device_type_find(model);
    if (!type || !is_nic(type)) {
        return error_set(err, "-nic model=%s: there is no such network device; model=help lists those that are",
                         model);
    }
    g_autoptr(KeyVal) props = keyval_new("-nic");
    bool own = first && strcmp(model, DEFAULT_MODEL) == 0;
    if (nic->addr || own) {
        keyval_set(props, "addr", nic->addr ? nic->addr : NIC_SLOT);
    }
    Device *dev = bus->make(bus, type, props, err);
    if (!dev) {
        return false;
    }
    if (!set_props(dev, nic, err)) {
        device_free(dev);
        return false;
    }
    return bus->realize(bus, dev, err);
}

bool malta_add_nics(Malta *b, const MaltaConfig *config, GError **err)
{
    for (unsigned i = 0; i < config->nic_count; i++) {
        if (!add(&b->gt->bus->bus, &config->nics[i], i == 0, err)) {
            return false;
        }
    }
    return true;
}
