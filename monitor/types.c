/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of all types, collected from the tables that define them, and their ancestors. */
#include <string.h>
#include "hw/core/device.h"
#include "monitor/tree.h"
#include "target/mips/model.h"

static const TypeInfo bases[] = {
    { (char *)"object", NULL, true },
    { (char *)"accel", "object", true },
    { (char *)"bus", "object", true },
    { (char *)"chardev", "object", true },
    { (char *)"container", "object", false },
    { (char *)"cpu", "device", true },
    { (char *)"device", "object", true },
    { (char *)"ide-device", "device", true },
    { (char *)"isa-device", "device", true },
    { (char *)"machine", "object", true },
    { (char *)"memory-backend", "object", true },
    { (char *)"mips-cpu", "cpu", true },
    { (char *)"netfilter", "object", true },
    { (char *)"pci-device", "device", true },
    { (char *)"rng-backend", "object", true },
    { (char *)"scsi-device", "device", true },
    { (char *)"secret_common", "object", true },
    { (char *)"sys-bus-device", "device", true },
    { (char *)"usb-device", "device", true },
    { (char *)"IDE", "bus", false },
    { (char *)"virtio-serial-port", "device", true },
    { (char *)"ISA", "bus", false },
    { (char *)"PCI", "bus", false },
    { (char *)"SCSI", "bus", false },
    { (char *)"System", "bus", false },
    { (char *)"usb-bus", "bus", false },
    { (char *)"virtio-serial-bus", "bus", false },
    { (char *)"kvm-accel", "accel", false },
    { (char *)"qtest-accel", "accel", false },
    { (char *)"tcg-accel", "accel", false },
    { (char *)"malta-machine", "machine", false },
    { (char *)"none-machine", "machine", false },
};

static void info_free(gpointer data)
{
    g_free(((TypeInfo *)data)->name);
    g_free(data);
}

static void add(GPtrArray *types, char *name, const char *parent, bool abstract)
{
    TypeInfo *info = g_new(TypeInfo, 1);
    *info = (TypeInfo){ name, parent, abstract };
    g_ptr_array_add(types, info);
}

GPtrArray *types_all(void)
{
    GPtrArray *types = g_ptr_array_new_with_free_func(info_free);
    const MipsModel *model;
    for (size_t i = 0; i < G_N_ELEMENTS(bases); i++) {
        add(types, g_strdup(bases[i].name), bases[i].parent, bases[i].abstract);
    }
    for (const DeviceType *const *t = device_types(); *t; t++) {
        add(types, g_strdup((*t)->name), (*t)->parent ? (*t)->parent : "device", false);
    }
    for (unsigned i = 0; (model = mips_model_at(i)); i++) {
        add(types, g_strdup_printf("%s-mips-cpu", model->name), "mips-cpu", false);
    }
    for (const ObjectType *const *t = object_types(); *t; t++) {
        add(types, g_strdup((*t)->name), (*t)->parent, false);
    }
    for (const char *const *name = chardev_backend_names(); *name; name++) {
        add(types, g_strdup_printf("chardev-%s", *name), "chardev", false);
    }
    return types;
}

const TypeInfo *types_find(GPtrArray *types, const char *name)
{
    for (guint i = 0; i < types->len; i++) {
        const TypeInfo *info = g_ptr_array_index(types, i);
        if (strcmp(info->name, name) == 0) {
            return info;
        }
    }
    return NULL;
}

bool types_is_a(GPtrArray *types, const char *name, const char *ancestor)
{
    while (name && strcmp(name, ancestor) != 0) {
        const TypeInfo *info = types_find(types, name);
        name = info ? info->parent : NULL;
    }
    return name != NULL;
}
