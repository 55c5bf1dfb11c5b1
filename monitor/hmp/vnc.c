/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VNC servers. */
#include "monitor/commands.h"
#include "monitor/vnc.h"

static void print_address(const VncAddress *a, GString *out)
{
    g_string_append_printf(out, *a->service ? "%s:%s (%s)" : "%s%s (%s)", a->host, a->service, a->family);
}

COMMAND(info_vnc)
{
    VncSet *set = c->machine->vncs;
    if (!set || !vnc_set_at(set, 0)) {
        g_string_append(out, "None\n");
    }
    for (unsigned i = 0; set && vnc_set_at(set, i); i++) {
        const VncServer *server = vnc_set_at(set, i);
        g_string_append_printf(out, "%s:\n", vnc_server_id(server));
        for (unsigned n = 0; vnc_server_address(server, n); n++) {
            g_string_append(out, "  Server: ");
            print_address(vnc_server_address(server, n), out);
            g_string_append_printf(out, "\n    Auth: %s\n", vnc_server_has_auth(server) ? "vnc" : "none");
        }
        for (unsigned n = 0; vnc_server_client(server, n); n++) {
            g_string_append(out, "  Client: ");
            print_address(vnc_client_address(vnc_server_client(server, n)), out);
            g_string_append_c(out, '\n');
        }
    }
    return true;
}

COMMAND(run_set_password)
{
    g_auto(GStrv) words = commands_words(args, 2, 3, "set_password vnc PASSWORD [keep]", err);
    return words && monitor_set_password(c, words[0], NULL, words[1], words[2], err);
}

COMMAND(run_expire_password)
{
    g_auto(GStrv) words = commands_words(args, 2, 2, "expire_password vnc now|never|+SECONDS|TIME", err);
    return words && monitor_expire_password(c, words[0], NULL, words[1], err);
}

const MonitorCommand hmp_vnc_commands[] = {
    { "expire_password", NULL, "vnc TIME", "a password's end: now, never, +SECONDS, or seconds since 1970",
      run_expire_password },
    { "set_password", NULL, "vnc PASSWORD [keep]", "another password; 8 bytes of it count",
      run_set_password },
    { 0 },
};

const MonitorCommand hmp_vnc_info[] = {
    { "vnc", NULL, "", "VNC servers and who looks", info_vnc },
    { 0 },
};
