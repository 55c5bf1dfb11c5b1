/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/shares.h"

#include "hw/core/bus.h"
#include "util/error.h"

/* The part of -virtfs that is the device's: its tag, and the id of the folder, which is the tag by default.
 * What is left in kv is -fsdev's. NULL with err. */
static KeyVal *split_virtfs(KeyVal *kv, const char *text, GError **err)
{
    if (!keyval_parse(kv, text, "fsdriver", err)) {
        return NULL;
    }
    g_autofree char *tag = keyval_take(kv, "mount_tag");
    if (!tag) {
        error_set(err, "-virtfs %s: needs mount_tag=TAG, the name that the guest mounts", text);
        return NULL;
    }
    if (!keyval_get(kv, "id")) {
        keyval_set(kv, "id", tag);
    }
    KeyVal *device = keyval_new("-virtfs");
    keyval_set(device, "driver", "virtio-9p-pci");
    keyval_set(device, "fsdev", keyval_get(kv, "id"));
    keyval_set(device, "mount_tag", tag);
    return device;
}

static bool open_virtfs(FsdevSet *set, const char *text, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-virtfs");
    g_autoptr(KeyVal) device = split_virtfs(kv, text, err);
    return device && fsdev_set_add(set, kv, err);
}

bool shares_open(FsdevSet *set, const Settings *s, GError **err)
{
    for (guint i = 0; i < s->fsdevs->len; i++) {
        g_autoptr(KeyVal) kv = keyval_new("-fsdev");
        if (!keyval_parse(kv, g_ptr_array_index(s->fsdevs, i), "fsdriver", err) ||
            !fsdev_set_add(set, kv, err)) {
            return false;
        }
    }
    for (guint i = 0; i < s->virtfs->len; i++) {
        if (!open_virtfs(set, g_ptr_array_index(s->virtfs, i), err)) {
            return false;
        }
    }
    return true;
}

bool shares_plug(Machine *machine, const Settings *s, GError **err)
{
    for (guint i = 0; i < s->virtfs->len; i++) {
        const char *text = g_ptr_array_index(s->virtfs, i);
        g_autoptr(KeyVal) kv = keyval_new("-virtfs");
        g_autoptr(KeyVal) device = split_virtfs(kv, text, err);
        if (!device || !device_add(machine, device, err)) {
            g_prefix_error(err, "-virtfs %s: ", text);
            return false;
        }
    }
    return true;
}
