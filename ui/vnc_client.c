/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client of a VNC server (RFC 6143), in a thread of its own: the library waits for the rest of a message
 * and until the client has read. So one that is slow or stops in the middle holds up nobody else. The thread
 * works on copies; of the machine it touches only the input, with the lock.
 *
 * Security is chosen here, for the library keeps what it offers in a list for the whole process.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ui/vnc_internal.h"

#define GREETING_MS 30000           /* a client that has not introduced itself by then is not waited for */
#define MOST_WAIT_MS 10000          /* for the rest of a message, or until something more was read */
#define ENCODING_POINTER_MODE (-257)
#define ENCODING_KEY_CODES (-258)
#define MESSAGE_QEMU 255
#define MESSAGE_SET_DESKTOP_SIZE 251

void vnc_client_wake(VncClient *client)
{
    uint64_t one = 1;
    if (write(client->wake, &one, sizeof(one)) < 0) {
        g_assert(errno == EAGAIN);      /* it is awake already */
    }
}

static VncClient *client_of(rfbClientPtr rfb)
{
    return rfb->screen->screenData;
}

/* ---- what the client does ---- */

static void on_key(rfbBool down, rfbKeySym keysym, rfbClientPtr rfb)
{
    VncClient *client = client_of(rfb);
    machine_lock(client->server->machine);
    vnc_key(client, keysym, KEY_UNMAPPED, down);
    machine_unlock(client->server->machine);
}

static void on_pointer(int mask, int x, int y, rfbClientPtr rfb)
{
    VncClient *client = client_of(rfb);
    machine_lock(client->server->machine);
    vnc_pointer(client, (unsigned)mask, x, y, rfb->screen->width, rfb->screen->height);
    machine_unlock(client->server->machine);
}

static void on_cut_text(char *text, int len, rfbClientPtr rfb)
{
}

/* The size of its window: the guest may follow, later. */
static int on_desktop_size(int width, int height, int count, struct rfbExtDesktopScreen *screens,
                           rfbClientPtr rfb)
{
    VncClient *client = client_of(rfb);
    if (count != 1 || width < 1 || height < 1) {
        return rfbExtDesktopSize_InvalidScreenLayout;
    }
    g_mutex_lock(&client->server->lock);
    client->want_width = width;
    client->want_height = height;
    g_mutex_unlock(&client->server->lock);
    vnc_note(client, NOTE_WINDOW);
    return rfbExtDesktopSize_ResizeProhibited;
}

static rfbBool check_password(rfbClientPtr rfb, const char *response, int len)
{
    VncServer *server = client_of(rfb)->server;
    unsigned char expected[CHALLENGESIZE];
    g_mutex_lock(&server->lock);
    bool expired = g_get_real_time() / G_USEC_PER_SEC >= server->expires;
    bool valid = server->password && *server->password && !expired;
    if (valid) {
        memcpy(expected, rfb->authChallenge, sizeof(expected));
        server->lib->rfbEncryptBytes(expected, server->password);
    }
    g_mutex_unlock(&server->lock);
    /* The cipher refuses some keys; then nothing has been encrypted. */
    valid = valid && memcmp(expected, rfb->authChallenge, sizeof(expected)) != 0;
    return valid && len == CHALLENGESIZE && memcmp(expected, response, sizeof(expected)) == 0;
}

/* ---- extensions that the library has not: places of keys, movements of the pointer ---- */

static rfbBool on_encoding(rfbClientPtr rfb, void **data, int encoding)
{
    VncClient *client = client_of(rfb);
    if (encoding == ENCODING_KEY_CODES) {
        client->tell_key_codes = !client->key_codes;
        client->key_codes = true;
    } else if (encoding == ENCODING_POINTER_MODE) {
        client->tell_pointer_mode = !client->pointer_modes;
        client->pointer_modes = true;
    }
    return encoding == ENCODING_KEY_CODES || encoding == ENCODING_POINTER_MODE;
}

static rfbBool on_message(rfbClientPtr rfb, void *data, const rfbClientToServerMsg *message)
{
    VncClient *client = client_of(rfb);
    uint8_t m[11];                      /* kind, down (2 bytes), key symbol (4), key code (4) */
    if (message->type != MESSAGE_QEMU) {
        return FALSE;
    }
    if (client->server->lib->rfbReadExact(rfb, (char *)m, sizeof(m)) <= 0 || m[0] != 0) {
        client->server->lib->rfbCloseClient(rfb);
        return TRUE;
    }
    uint32_t keysym = (uint32_t)m[3] << 24 | (uint32_t)m[4] << 16 | (uint32_t)m[5] << 8 | m[6];
    uint32_t code = (uint32_t)m[7] << 24 | (uint32_t)m[8] << 16 | (uint32_t)m[9] << 8 | m[10];
    machine_lock(client->server->machine);
    vnc_key(client, keysym, code < 0x100 ? key_by_number(code) : KEY_UNMAPPED, m[1] | m[2]);
    machine_unlock(client->server->machine);
    return TRUE;
}

void vnc_client_extension(VncLib *lib)
{
    lib->encodings[0] = ENCODING_KEY_CODES;
    lib->encodings[1] = ENCODING_POINTER_MODE;
    lib->extension = (rfbProtocolExtension){
        .pseudoEncodings = lib->encodings, .enablePseudoEncoding = on_encoding, .handleMessage = on_message,
    };
}

/* An update of one rectangle without pixels. */
static void send_pseudo(VncClient *client, uint16_t x, int32_t encoding)
{
    uint32_t e = (uint32_t)encoding;
    uint8_t m[16] = { 0, 0, 0, 1, x >> 8, x & 0xff, [12] = e >> 24, e >> 16 & 0xff, e >> 8 & 0xff, e & 0xff };
    if (client->server->lib->rfbWriteExact(client->rfb, (const char *)m, sizeof(m)) < 0) {
        client->server->lib->rfbCloseClient(client->rfb);
    }
}

static void tell_extensions(VncClient *client)
{
    if (client->tell_key_codes) {
        client->tell_key_codes = false;
        send_pseudo(client, 0, ENCODING_KEY_CODES);
    }
    if (g_atomic_int_compare_and_exchange(&client->pointing_changed, 1, 0) && client->pointer_modes) {
        client->tell_pointer_mode = true;
    }
    if (client->tell_pointer_mode) {
        client->tell_pointer_mode = false;
        machine_lock(client->server->machine);
        bool absolute = input_is_absolute(client->server->machine->input);
        machine_unlock(client->server->machine);
        send_pseudo(client, absolute, ENCODING_POINTER_MODE);
    }
}

/* ---- the picture ---- */

static void set_format(rfbScreenInfoPtr screen)
{
    screen->serverFormat.depth = 24;
    screen->serverFormat.redShift = 16;
    screen->serverFormat.greenShift = 8;
    screen->serverFormat.blueShift = 0;
}

static pixman_image_t *new_frame(const VncServer *server)
{
    int width = pixman_image_get_width(server->picture), height = pixman_image_get_height(server->picture);
    return pixman_image_create_bits(PIXMAN_x8r8g8b8, width, height, NULL, width * 4);
}

/* The library's own form of the pointer; it frees it. */
static rfbCursorPtr make_cursor(const VncCursor *c)
{
    rfbCursorPtr cursor = calloc(1, sizeof(*cursor));
    size_t stride = (size_t)(c->width + 7) / 8, pixels = (size_t)c->width * (size_t)c->height;
    cursor->cleanup = cursor->cleanupMask = cursor->cleanupRichSource = cursor->cleanupSource = TRUE;
    cursor->width = (unsigned short)c->width;
    cursor->height = (unsigned short)c->height;
    cursor->xhot = (unsigned short)c->hot_x;
    cursor->yhot = (unsigned short)c->hot_y;
    cursor->mask = calloc(stride, (size_t)c->height);
    cursor->source = calloc(stride, (size_t)c->height);
    cursor->richSource = malloc(pixels * 4);
    memcpy(cursor->richSource, c->pixels, pixels * 4);
    for (size_t i = 0; i < pixels; i++) {
        size_t x = i % (size_t)c->width, y = i / (size_t)c->width, at = y * stride + x / 8;
        unsigned bit = 0x80u >> x % 8;
        if (c->pixels[i] >> 24 >= 0x80) {
            cursor->mask[at] |= bit;
            /* What has two colours only: dark is the background. */
            cursor->source[at] |= (c->pixels[i] >> 8 & 0xff) >= 0x80 ? bit : 0;
        }
    }
    cursor->foreRed = cursor->foreGreen = cursor->foreBlue = 0xffff;
    return cursor;
}

/* Takes over what the main thread has changed. */
static void take_changes(VncClient *client)
{
    VncServer *server = client->server;
    pixman_image_t *old = NULL;
    rfbCursorPtr cursor = NULL;
    pixman_region32_t damage;
    g_mutex_lock(&server->lock);
    bool resized = client->resized, shape = client->cursor_shape != server->cursor.shape;
    client->resized = false;
    if (resized) {
        old = client->frame;
        client->frame = new_frame(server);
    }
    damage = client->damage;
    pixman_region32_init(&client->damage);
    int count;
    pixman_box32_t *boxes = pixman_region32_rectangles(&damage, &count);
    for (int i = 0; i < count; i++) {
        vnc_copy(server->picture, client->frame, &boxes[i]);
    }
    client->cursor_shape = server->cursor.shape;
    if (shape && server->cursor.pixels) {
        cursor = make_cursor(&server->cursor);
    }
    int x = server->cursor.x, y = server->cursor.y;
    g_mutex_unlock(&server->lock);
    if (resized) {
        server->lib->rfbNewFramebuffer(client->screen, (char *)pixman_image_get_data(client->frame),
                                       pixman_image_get_width(client->frame),
                                       pixman_image_get_height(client->frame), 8, 3, 4);
        set_format(client->screen);
        client->screen->setTranslateFunction(client->rfb);
        pixman_image_unref(old);
    }
    for (int i = 0; i < count; i++) {
        server->lib->rfbMarkRectAsModified(client->screen, boxes[i].x1, boxes[i].y1, boxes[i].x2,
                                           boxes[i].y2);
    }
    pixman_region32_fini(&damage);
    if (shape) {
        server->lib->rfbSetCursor(client->screen, cursor);
    }
    client->screen->cursorX = x;
    client->screen->cursorY = y;
}

/* ---- the conversation ---- */

/* Bytes of the message that is due while the client introduces itself. */
static int greeting_size(const VncClient *client)
{
    switch (client->rfb->state) {
    case RFB_PROTOCOL_VERSION:
        return sz_rfbProtocolVersionMsg;
    case RFB_AUTHENTICATION:
        return CHALLENGESIZE;
    default:
        return 1;
    }
}

static void choose_security(VncClient *client)
{
    VncLib *lib = client->server->lib;
    rfbClientPtr rfb = client->rfb;
    uint8_t type;
    bool ok = lib->rfbReadExact(rfb, (char *)&type, 1) > 0;
    if (ok && client->auth) {
        ok = type == rfbSecTypeVncAuth && getrandom(rfb->authChallenge, CHALLENGESIZE, 0) == CHALLENGESIZE &&
             lib->rfbWriteExact(rfb, (const char *)rfb->authChallenge, CHALLENGESIZE) >= 0;
        rfb->state = RFB_AUTHENTICATION;
    } else {
        static const char welcome[4] = { 0 };
        ok = ok && type == rfbSecTypeNone &&
             (rfb->protocolMinorVersion < 8 || lib->rfbWriteExact(rfb, welcome, sizeof(welcome)) >= 0);
        rfb->state = RFB_INITIALISATION;
    }
    if (!ok) {
        lib->rfbCloseClient(rfb);
    }
}

/* With its message whole, so that nothing is waited for with the library locked. */
static void greet(VncClient *client, uint8_t first)
{
    VncServer *server = client->server;
    bool last = client->rfb->state == RFB_INITIALISATION;
    if (last && first == 0 && server->share == SHARE_FORCE_SHARED) {
        server->lib->rfbCloseClient(client->rfb);
        return;
    }
    if (client->rfb->state == RFB_SECURITY_TYPE) {
        choose_security(client);
        return;
    }
    g_mutex_lock(&server->lib->lock);
    server->lib->rfbProcessClientMessage(client->rfb);
    g_mutex_unlock(&server->lib->lock);
    if (last && client->rfb->state == RFB_NORMAL) {
        bool exclusive = first == 0 && server->share == SHARE_ALLOW_EXCLUSIVE;
        vnc_note(client, NOTE_INITIALIZED | (exclusive ? NOTE_EXCLUSIVE : 0));
    }
}

/* What a viewer needs; the library knows more (files, chat, scaling), which nobody asked for. */
static bool is_served(uint8_t type)
{
    return type == rfbSetPixelFormat || type == rfbFixColourMapEntries || type == rfbSetEncodings ||
           type == rfbFramebufferUpdateRequest || type == rfbKeyEvent || type == rfbPointerEvent ||
           type == rfbClientCutText || type == MESSAGE_QEMU || type == MESSAGE_SET_DESKTOP_SIZE;
}

static void read_message(VncClient *client)
{
    VncLib *lib = client->server->lib;
    int available = 0;
    uint8_t first;
    if (recv(client->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) != 1 ||
        ioctl(client->fd, FIONREAD, &available) != 0) {
        lib->rfbCloseClient(client->rfb);
    } else if (client->rfb->state == RFB_NORMAL) {
        if (is_served(first)) {
            lib->rfbProcessClientMessage(client->rfb);
        } else {
            lib->rfbCloseClient(client->rfb);
        }
    } else if (available >= greeting_size(client)) {
        greet(client, first);
    } else {
        g_usleep(10000);                /* the rest is on its way, or never comes: the greeting has an end */
    }
}

static bool is_open(const VncClient *client)
{
    return client->rfb && client->rfb->sock >= 0 && !g_atomic_int_get(&client->closing);
}

static void serve(VncClient *client)
{
    int64_t since = g_get_monotonic_time();
    while (is_open(client)) {
        bool greeted = client->rfb->state == RFB_NORMAL;
        struct pollfd fds[] = { { client->fd, POLLIN, 0 }, { client->wake, POLLIN, 0 } };
        int64_t left = GREETING_MS - (g_get_monotonic_time() - since) / 1000;
        if ((!greeted && left <= 0) || (poll(fds, 2, greeted ? -1 : (int)left) < 0 && errno != EINTR)) {
            client->server->lib->rfbCloseClient(client->rfb);
            break;
        }
        uint64_t count;
        if (fds[1].revents && read(client->wake, &count, sizeof(count)) < 0) {
            continue;
        }
        if (fds[0].revents) {
            read_message(client);
        }
        if (is_open(client) && client->rfb->state == RFB_NORMAL) {
            take_changes(client);
            tell_extensions(client);
            if (is_open(client)) {
                client->server->lib->rfbUpdateClient(client->rfb);
            }
        }
    }
}

static bool begin(VncClient *client)
{
    VncServer *server = client->server;
    static char has_password[] = "1";   /* the library asks only whether there is one */
    g_mutex_lock(&server->lock);
    client->frame = new_frame(server);
    client->resized = false;
    pixman_region32_union_rect(&client->damage, &client->damage, 0, 0,
                               (unsigned)pixman_image_get_width(client->frame),
                               (unsigned)pixman_image_get_height(client->frame));
    g_mutex_unlock(&server->lock);
    g_mutex_lock(&server->lib->lock);
    rfbScreenInfoPtr s = server->lib->rfbGetScreen(NULL, NULL, pixman_image_get_width(client->frame),
                                                   pixman_image_get_height(client->frame), 8, 3, 4);
    client->screen = s;
    if (s) {
        set_format(s);
        s->screenData = client;
        s->desktopName = server->name;
        s->frameBuffer = (char *)pixman_image_get_data(client->frame);
        s->cursor = NULL;
        s->alwaysShared = TRUE;
        s->permitFileTransfer = FALSE;
        s->deferUpdateTime = s->deferPtrUpdateTime = 0;
        s->maxClientWait = MOST_WAIT_MS;
        s->authPasswdData = client->auth ? has_password : NULL;
        s->passwordCheck = check_password;
        s->kbdAddEvent = on_key;
        s->ptrAddEvent = on_pointer;
        s->setXCutText = on_cut_text;
        s->setDesktopSizeHook = on_desktop_size;
    }
    g_mutex_unlock(&server->lib->lock);
    /* Outside of it: here the library waits 100 ms for a web socket, which is not what is served. */
    int fd = s ? fcntl(client->fd, F_DUPFD_CLOEXEC, 0) : -1;    /* the library closes its own when it likes */
    if (fd >= FD_SETSIZE) {             /* it has sets of descriptors */
        close(fd);
        fd = -1;
    }
    client->rfb = fd >= 0 ? server->lib->rfbNewClient(s, fd) : NULL;
    if (client->rfb && client->rfb->wsctx) {
        server->lib->rfbCloseClient(client->rfb);
    }
    return client->rfb;
}

/* What the library has noted for a client, and does not free itself. */
static void free_extensions(rfbClientPtr rfb)
{
    while (rfb->extensions) {
        rfbExtensionData *first = rfb->extensions;
        rfb->extensions = first->next;
        free(first);
    }
}

void *vnc_client_run(void *opaque)
{
    VncClient *client = opaque;
    VncServer *server = client->server;
    if (begin(client)) {
        serve(client);
        machine_lock(server->machine);
        vnc_release_all(client);
        machine_unlock(server->machine);
    }
    g_mutex_lock(&server->lock);
    close(client->fd);
    client->fd = -1;
    g_mutex_unlock(&server->lock);
    g_mutex_lock(&server->lib->lock);
    if (client->rfb) {
        free_extensions(client->rfb);
        server->lib->rfbClientConnectionGone(client->rfb);
    }
    if (client->screen) {
        server->lib->rfbScreenCleanup(client->screen);
    }
    g_mutex_unlock(&server->lib->lock);
    pixman_image_unref(client->frame);
    vnc_note(client, NOTE_GONE);
    return NULL;
}
