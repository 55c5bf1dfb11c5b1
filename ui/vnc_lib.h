/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvncserver, loaded when a server is made: it brings cryptography and pictures with it, which take a third
 * of the time that the program takes to start. */
#ifndef UI_VNC_LIB_H
#define UI_VNC_LIB_H

#include <glib.h>
#include <rfb/rfb.h>

#define VNC_FUNCTIONS(F) F(rfbGetScreen) F(rfbScreenCleanup) F(rfbNewClient) F(rfbClientConnectionGone) \
    F(rfbCloseClient) F(rfbProcessClientMessage) F(rfbUpdateClient) F(rfbNewFramebuffer) \
    F(rfbMarkRectAsModified) F(rfbSetCursor) F(rfbEncryptBytes) F(rfbLogEnable) F(rfbReadExact) \
    F(rfbWriteExact) F(rfbRegisterProtocolExtension) F(rfbUnregisterProtocolExtension)

typedef struct VncLib {
#define FUNCTION(name) __typeof__(&name) name;
    VNC_FUNCTIONS(FUNCTION)
#undef FUNCTION
    /* The library keeps lists for the whole process: held where it makes and greets clients. */
    GMutex lock;
    rfbProtocolExtension extension;     /* of vnc_client.c */
    int encodings[3];
} VncLib;

/* NULL with err: it is not installed. */
VncLib *vnc_lib_load(GError **err);
void vnc_lib_free(VncLib *lib);

#endif
