/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What query-command-line-options tells of the options: their keys, where they have some. */
#include "app/options.h"

#include <string.h>

/* Words "key:type", where type is s(tring), b(oolean), n(umber) or z (size). */
static const struct { const char *option, *keys; } params[] = {
    { "machine", "type:s accel:s kvm-type:s endian:s graphics:b usb:b mem-merge:b dump-guest-core:b "
      "memory-backend:s kernel:s initrd:s append:s dtb:s firmware:s" },
    { "accel", "accel:s fallback:b interpreter:b tier2:b page-tables:b victims:b "
      "tb-size:n one-insn-per-tb:b" },
    { "m", "size:z maxmem:z slots:n" },
    { "smp", "cpus:n maxcpus:n sockets:n dies:n clusters:n cores:n threads:n" },
    { "rtc", "base:s clock:s driftfix:s" },
    { "name", "guest:s process:s debug-threads:b" },
    { "boot", "order:s strict:b menu:b" },
    { "chardev", "backend:s id:s mux:b logfile:s logappend:b path:s host:s port:s fd:s server:b wait:b "
      "nodelay:b abstract:b signal:b" },
    { "add-fd", "fd:n set:n opaque:s" },
    { "mon", "chardev:s id:s mode:s pretty:b" },
    { "msg", "timestamp:b guest-name:b" },
    { "sandbox", "enable:b obsolete:s elevateprivileges:s spawn:s resourcecontrol:s" },
    { "overcommit", "mem-lock:b cpu-pm:b" },
    { "object", "qom-type:s id:s" },
    { "netdev", "type:s id:s" },
    { "nic", "type:s id:s model:s mac:s" },
    { "net", "type:s id:s name:s model:s macaddr:s netdev:s" },
    { "fsdev", "fsdriver:s id:s path:s security_model:s readonly:b writeout:s multidevs:s fmode:s dmode:s" },
    { "virtfs", "fsdriver:s id:s path:s mount_tag:s security_model:s readonly:b writeout:s multidevs:s "
      "fmode:s dmode:s" },
    { "device", "driver:s id:s bus:s addr:s" },
    { "display", "type:s grab-mod:s show-cursor:b window-close:b full-screen:b" },
    { "vnc", "vnc:s id:s display:s head:n password:b password-secret:s to:n share:s audiodev:s" },
    { "audio", "driver:s model:s id:s" },
    { "audiodev", "driver:s id:s timer-period:n path:s out.frequency:n out.channels:n out.format:s "
      "out.voices:n out.buffer-length:n out.mixing-engine:b out.fixed-settings:b in.frequency:n "
      "in.channels:n in.format:s in.voices:n in.buffer-length:n in.mixing-engine:b in.fixed-settings:b" },
};

static const char *type_name(char letter)
{
    return letter == 'b' ? "boolean" : letter == 'n' ? "number" : letter == 'z' ? "size" : "string";
}

static JsonArray *parameters_of(const char *option)
{
    JsonArray *list = json_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(params); i++) {
        g_auto(GStrv) words = g_strsplit(params[i].keys, " ", -1);
        for (char **word = words; strcmp(params[i].option, option) == 0 && *word; word++) {
            g_auto(GStrv) pair = g_strsplit(*word, ":", 2);
            JsonObject *info = json_object_new();
            json_object_set_string_member(info, "name", pair[0]);
            json_object_set_string_member(info, "type", type_name(pair[1][0]));
            json_array_add_object_element(list, info);
        }
    }
    return list;
}

JsonArray *options_describe(void)
{
    JsonArray *list = json_array_new();
    for (const Option *o = option_table; o->name || o->help; o++) {
        if (!o->name) {
            continue;
        }
        JsonObject *info = json_object_new();
        json_object_set_string_member(info, "option", o->name);
        json_object_set_array_member(info, "parameters", parameters_of(o->name));
        json_array_add_object_element(list, info);
    }
    return list;
}
