/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/vnc_internal.h"
#include <gmodule.h>
#include "util/error.h"

#define LIBRARY "libvncserver.so.1"

VncLib *vnc_lib_load(GError **err)
{
    GModule *module = g_module_open(LIBRARY, G_MODULE_BIND_LOCAL | G_MODULE_BIND_LAZY);
    if (!module) {
        error_set(err, LIBRARY " is missing, which serves VNC (Debian: libvncserver1)");
        return NULL;
    }
    VncLib *lib = g_new0(VncLib, 1);
    bool ok = true;
#define FUNCTION(name) ok = ok && g_module_symbol(module, #name, (gpointer *)&lib->name);
    VNC_FUNCTIONS(FUNCTION)
#undef FUNCTION
    g_module_make_resident(module);
    if (!ok) {
        g_free(lib);
        error_set(err, LIBRARY " is of another version than 0.9");
        return NULL;
    }
    g_mutex_init(&lib->lock);
    lib->rfbLogEnable(FALSE);
    vnc_client_extension(lib);
    lib->rfbRegisterProtocolExtension(&lib->extension);
    return lib;
}

void vnc_lib_free(VncLib *lib)
{
    if (lib) {
        lib->rfbUnregisterProtocolExtension(&lib->extension);
        g_mutex_clear(&lib->lock);
        g_free(lib);
    }
}
