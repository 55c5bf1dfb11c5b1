/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/settings.h"

#include <string.h>
#include "app/drives.h"

static const Target targets[] = {
    { "mips", false, BYTE_ORDER_BIG },
    { "mipsel", false, BYTE_ORDER_LITTLE },
    { "mips64", true, BYTE_ORDER_BIG },
    { "mips64el", true, BYTE_ORDER_LITTLE },
};

static Target target_of(const char *program)
{
    static const char prefix[] = "qemu-system-";
    g_autofree char *base = g_path_get_basename(program);
    for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
        if (g_str_has_prefix(base, prefix) && strcmp(base + strlen(prefix), targets[i].name) == 0) {
            return targets[i];
        }
    }
    return (Target){ NULL, false, BYTE_ORDER_ANY };
}

Settings *settings_new(const char *program)
{
    Settings *s = g_new0(Settings, 1);
    s->target = target_of(program);
    s->machine = keyval_new("-machine");
    s->memory = keyval_new("-m");
    s->smp = keyval_new("-smp");
    s->rtc = keyval_new("-rtc");
    s->guest_name = keyval_new("-name");
    s->boot = keyval_new("-boot");
    s->msg = keyval_new("-msg");
    s->sandbox = keyval_new("-sandbox");
    s->overcommit = keyval_new("-overcommit");
    GPtrArray **lists[] = { &s->accels, &s->serials, &s->monitors, &s->mons, &s->chardevs, &s->data_dirs,
                            &s->fds, &s->netdevs, &s->nics, &s->objects, &s->devices, &s->qmps,
                            &s->blockdevs, &s->fsdevs, &s->virtfs,
                            &s->vncs };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        *lists[i] = g_ptr_array_new_with_free_func(g_free);
    }
    s->drives = g_ptr_array_new_with_free_func(drive_option_free);
    return s;
}

void settings_free(Settings *s)
{
    if (!s) {
        return;
    }
    KeyVal *sets[] = { s->machine, s->memory, s->smp, s->rtc, s->guest_name, s->boot, s->msg, s->cpu,
                       s->sandbox, s->overcommit };
    for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
        keyval_free(sets[i]);
    }
    GPtrArray *lists[] = { s->accels, s->serials, s->monitors, s->mons, s->chardevs, s->data_dirs,
                           s->fds, s->netdevs, s->nics, s->objects, s->devices, s->qmps,
                           s->blockdevs, s->drives, s->fsdevs, s->virtfs, s->vncs };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_ptr_array_free(lists[i], TRUE);
    }
    char *texts[] = { s->bios, s->kernel, s->initrd, s->append, s->dtb, s->pidfile, s->log_items, s->log_file,
                      s->uuid, s->vga, s->gdb, s->qtest, s->qtest_log, s->print,
                      s->display, s->keyboard, s->parallel };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(texts[i]);
    }
    g_free(s);
}
