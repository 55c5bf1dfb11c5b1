/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VNC servers: what they are asked for, who has come, and the picture that clients see. A display is looked
 * at as long as there is a client. What has been drawn is copied into the server's picture, from which each
 * client's thread takes what is new when its client wants it: what waits is a region, never pixels.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "system/objects.h"
#include "ui/vnc_internal.h"
#include "util/error.h"

#define MOST_CLIENTS 32
#define MOST_BOXES 64               /* of a client's damage; then it is what lies around them */

struct VncNotifier {
    GSource source;
    VncServer *server;
};

struct VncSet {
    Machine *machine;
    VncLib *lib;                    /* NULL until there is a server */
    GPtrArray *servers;             /* of VncServer * */
    VncListener listener;           /* or NULL */
    void *opaque;
};

static void tell(VncServer *server, VncEvent event, const VncClient *client)
{
    if (server->set->listener) {
        server->set->listener(server->set->opaque, event, server, client);
    }
}

/* ---- the display ---- */

void vnc_copy(pixman_image_t *from, pixman_image_t *to, const pixman_box32_t *box)
{
    pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, to, box->x1, box->y1, 0, 0, box->x1, box->y1,
                             box->x2 - box->x1, box->y2 - box->y1);
}

static void damage_clients(VncServer *server, const pixman_region32_t *region)
{
    for (guint i = 0; i < server->clients->len; i++) {
        VncClient *c = g_ptr_array_index(server->clients, i);
        pixman_region32_union(&c->damage, &c->damage, (pixman_region32_t *)region);
        if (pixman_region32_n_rects(&c->damage) > MOST_BOXES) {
            pixman_box32_t all = *pixman_region32_extents(&c->damage);
            pixman_region32_fini(&c->damage);
            pixman_region32_init_with_extents(&c->damage, &all);
        }
    }
}

static void wake_clients(VncServer *server)
{
    for (guint i = 0; i < server->clients->len; i++) {
        vnc_client_wake(g_ptr_array_index(server->clients, i));
    }
}

static void set_picture(VncServer *server, unsigned width, unsigned height)
{
    g_mutex_lock(&server->lock);
    if (server->picture) {
        pixman_image_unref(server->picture);
    }
    int w = (int)width, h = (int)height;
    server->picture = pixman_image_create_bits(PIXMAN_x8r8g8b8, w, h, NULL, w * 4);
    for (guint i = 0; i < server->clients->len; i++) {
        VncClient *c = g_ptr_array_index(server->clients, i);
        c->resized = true;
        pixman_region32_fini(&c->damage);
        pixman_region32_init_rect(&c->damage, 0, 0, width, height);
    }
    g_mutex_unlock(&server->lock);
}

static void on_resized(void *opaque)
{
    VncServer *server = opaque;
    unsigned width = display_width(server->display), height = display_height(server->display);
    pixman_region32_fini(&server->changed);
    pixman_region32_init(&server->changed);
    if ((int)width != pixman_image_get_width(server->picture) ||
        (int)height != pixman_image_get_height(server->picture)) {
        set_picture(server, width, height);
    }
}

static void on_changed(void *opaque, int x, int y, int width, int height)
{
    VncServer *server = opaque;
    pixman_region32_union_rect(&server->changed, &server->changed, x, y, (unsigned)width, (unsigned)height);
}

static void on_drawn(void *opaque)
{
    VncServer *server = opaque;
    pixman_image_t *surface = display_surface(server->display);
    int count;
    g_mutex_lock(&server->lock);
    pixman_box32_t *b = pixman_region32_rectangles(&server->changed, &count);
    for (int i = 0; i < count; i++) {
        vnc_copy(surface, server->picture, &b[i]);
    }
    damage_clients(server, &server->changed);
    g_mutex_unlock(&server->lock);
    pixman_region32_fini(&server->changed);
    pixman_region32_init(&server->changed);
    wake_clients(server);
}

/* The shape is "none" while the pointer is not to be seen. */
static void on_cursor_shape(void *opaque)
{
    VncServer *server = opaque;
    const DisplayCursor *from = display_cursor(server->display);
    VncCursor *c = &server->cursor;
    g_mutex_lock(&server->lock);
    g_clear_pointer(&c->pixels, g_free);
    if (from->image && from->visible) {
        c->width = pixman_image_get_width(from->image);
        c->height = pixman_image_get_height(from->image);
        c->pixels = g_malloc_n((gsize)c->width * (gsize)c->height, 4);
        pixman_image_t *copy = pixman_image_create_bits(PIXMAN_a8r8g8b8, c->width, c->height, c->pixels,
                                                        c->width * 4);
        vnc_copy(from->image, copy, &(pixman_box32_t){ 0, 0, c->width, c->height });
        pixman_image_unref(copy);
    }
    c->hot_x = CLAMP(from->hot_x, 0, MAX(c->width - 1, 0));
    c->hot_y = CLAMP(from->hot_y, 0, MAX(c->height - 1, 0));
    c->shape++;
    g_mutex_unlock(&server->lock);
    wake_clients(server);
}

static void on_cursor_moved(void *opaque)
{
    VncServer *server = opaque;
    const DisplayCursor *from = display_cursor(server->display);
    if (from->image && from->visible != (server->cursor.pixels != NULL)) {
        on_cursor_shape(server);
    }
    g_mutex_lock(&server->lock);
    server->cursor.x = from->x;
    server->cursor.y = from->y;
    g_mutex_unlock(&server->lock);
    wake_clients(server);
}

static void look(VncServer *server)
{
    static const ViewerOps ops = { .resized = on_resized, .changed = on_changed, .drawn = on_drawn,
                                   .cursor_shape = on_cursor_shape, .cursor_moved = on_cursor_moved };
    DisplaySet *set = server->machine->displays;
    server->display = server->number ? display_at(set, server->number) :
                      display_find(set, server->device, server->head);
    if (server->display) {
        set_picture(server, display_width(server->display), display_height(server->display));
        server->viewer = display_add_viewer(server->display, &ops, server);
    }
}

static void look_away(VncServer *server)
{
    display_remove_viewer(server->viewer);
    server->viewer = NULL;
    server->display = NULL;
}

/* ---- clients ---- */

static void client_free(gpointer opaque)
{
    VncClient *c = opaque;
    pixman_region32_fini(&c->damage);
    vnc_address_clear(&c->address);
    close(c->wake);
    g_free(c);
}

/* The thread ends soon. */
static void disconnect(VncClient *c)
{
    g_atomic_int_set(&c->closing, 1);
    g_mutex_lock(&c->server->lock);
    if (c->fd >= 0) {
        shutdown(c->fd, SHUT_RDWR);
    }
    g_mutex_unlock(&c->server->lock);
    vnc_client_wake(c);
}

void vnc_accepted(VncServer *server, const VncAddress *at, int fd, bool skip_auth)
{
    if (server->clients->len >= MOST_CLIENTS) {
        close(fd);
        return;
    }
    VncClient *c = g_new0(VncClient, 1);
    c->server = server;
    c->at = at;
    c->fd = fd;
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->last_x = -1;
    c->auth = server->auth && !skip_auth;
    if (c->wake < 0) {
        close(fd);
        g_free(c);
        return;
    }
    pixman_region32_init(&c->damage);
    vnc_address_of(fd, true, &c->address);
    g_ptr_array_add(server->clients, c);
    tell(server, VNC_CONNECTED, c);
    if (!server->viewer) {
        look(server);
    }
    c->thread = g_thread_new("vnc", vnc_client_run, c);
}

void vnc_server_add_client(VncServer *server, int fd, bool skip_auth)
{
    static const VncAddress nowhere = { (char *)"", (char *)"", "unknown" };
    const VncAddress *at = vnc_server_address(server, 0);
    vnc_accepted(server, at ? at : &nowhere, fd, skip_auth);
}

static void remove_client(VncServer *server, VncClient *c)
{
    g_thread_join(c->thread);
    tell(server, VNC_DISCONNECTED, c);
    g_mutex_lock(&server->lock);
    g_ptr_array_remove(server->clients, c);
    g_mutex_unlock(&server->lock);
    if (server->clients->len == 0) {
        look_away(server);
    }
}

void vnc_note(VncClient *client, unsigned notes)
{
    VncServer *server = client->server;
    g_mutex_lock(&server->lock);
    client->notes |= notes;
    g_source_set_ready_time(&server->notifier->source, 0);      /* under the lock: it may be gone behind it */
    g_mutex_unlock(&server->lock);
}

static void heed(VncServer *server, VncClient *c)
{
    g_mutex_lock(&server->lock);
    unsigned notes = c->notes;
    int width = c->want_width, height = c->want_height;
    unsigned number = c->want_display;
    c->notes = 0;
    g_mutex_unlock(&server->lock);
    if (notes & NOTE_INITIALIZED) {
        tell(server, VNC_INITIALIZED, c);
    }
    for (guint i = 0; notes & NOTE_EXCLUSIVE && i < server->clients->len; i++) {
        VncClient *other = g_ptr_array_index(server->clients, i);
        if (other != c) {
            disconnect(other);
        }
    }
    if (notes & NOTE_WINDOW && server->display) {
        display_set_window(server->display, (unsigned)width, (unsigned)height);
    }
    if (notes & NOTE_SWITCH) {
        look_away(server);
        g_clear_pointer(&server->device, g_free);
        server->head = 0;
        server->number = number;
        look(server);
    }
    if (notes & NOTE_GONE) {
        remove_client(server, c);
    }
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    VncServer *server = ((VncNotifier *)source)->server;
    g_source_set_ready_time(source, -1);
    machine_lock(server->machine);
    for (guint i = server->clients->len; i-- > 0;) {
        heed(server, g_ptr_array_index(server->clients, i));
    }
    machine_unlock(server->machine);
    return G_SOURCE_CONTINUE;
}

static void on_pointing(void *opaque)
{
    VncServer *server = opaque;
    for (guint i = 0; i < server->clients->len; i++) {
        VncClient *c = g_ptr_array_index(server->clients, i);
        g_atomic_int_set(&c->pointing_changed, 1);
        vnc_client_wake(c);
    }
}

/* ---- servers ---- */

static VncServer *server_new(VncSet *set, const char *id)
{
    static GSourceFuncs funcs = { .dispatch = dispatch };
    VncServer *server = g_new0(VncServer, 1);
    const char *name = set->machine->name;
    server->set = set;
    server->machine = set->machine;
    server->lib = set->lib;
    server->id = g_strdup(id ? id : "default");
    server->name = name ? g_strdup_printf("Valletta (%s)", name) : g_strdup("Valletta");
    server->sockets = g_ptr_array_new_with_free_func(vnc_socket_free);
    server->clients = g_ptr_array_new_with_free_func(client_free);
    server->expires = INT64_MAX;
    g_mutex_init(&server->lock);
    pixman_region32_init(&server->changed);
    set_picture(server, 640, 480);
    server->notifier = (VncNotifier *)g_source_new(&funcs, sizeof(VncNotifier));
    server->notifier->server = server;
    g_source_set_name(&server->notifier->source, "vnc");
    g_source_attach(&server->notifier->source, set->machine->context);
    input_add_listener(set->machine->input, on_pointing, server);
    return server;
}

/* Lock not held, for the threads may want it in their end. */
static void server_free(VncServer *server)
{
    machine_lock(server->machine);
    g_ptr_array_set_size(server->sockets, 0);
    input_remove_listener(server->machine->input, server);
    for (guint i = 0; i < server->clients->len; i++) {
        disconnect(g_ptr_array_index(server->clients, i));
    }
    machine_unlock(server->machine);
    for (guint i = 0; i < server->clients->len; i++) {
        g_thread_join(((VncClient *)g_ptr_array_index(server->clients, i))->thread);
    }
    machine_lock(server->machine);
    look_away(server);
    machine_unlock(server->machine);
    g_source_destroy(&server->notifier->source);
    g_source_unref(&server->notifier->source);
    g_ptr_array_free(server->clients, TRUE);
    g_ptr_array_free(server->sockets, TRUE);
    pixman_image_unref(server->picture);
    pixman_region32_fini(&server->changed);
    g_mutex_clear(&server->lock);
    keymap_free(server->keymap);
    g_free(server->cursor.pixels);
    g_free(server->password);
    g_free(server->device);
    g_free(server->id);
    g_free(server->name);
    g_free(server);
}

static bool read_share(const char *text, VncShare *share, GError **err)
{
    static const char *const names[] = { "allow-exclusive", "force-shared", "ignore" };
    for (unsigned i = 0; text && i < G_N_ELEMENTS(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *share = (VncShare)i;
            return true;
        }
    }
    return !text || error_set(err, "share=%s: must be allow-exclusive, force-shared or ignore", text);
}

/* The one of password-secret=, if there is one. */
static bool read_secret(VncServer *server, const char *id, GError **err)
{
    if (!id) {
        return true;
    }
    g_autoptr(GBytes) secret = object_secret(server->machine->objects, id, err);
    if (!secret) {
        return false;
    }
    gsize size;
    const char *data = g_bytes_get_data(secret, &size);
    server->auth = true;
    server->password = g_strndup(data, size);
    return true;
}

static bool read_head(VncServer *server, const char *text, GError **err)
{
    guint64 head = 0;
    if (text && !g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX, &head, NULL)) {
        return error_set(err, "head=%s: must be the number of one of the device's displays, from 0", text);
    }
    server->head = (unsigned)head;
    return true;
}

static bool read_options(VncServer *server, KeyVal *kv, uint64_t *to, GError **err)
{
    static const char *const absent[] = { "tls-creds", "tls-authz", "sasl", "sasl-authz", "websocket",
                                          "reverse" };
    if (!keyval_get_bool(kv, "password", &server->auth, err) ||
        !keyval_get_number(kv, "to", 0, 59635, to, err) ||
        !read_share(keyval_get(kv, "share"), &server->share, err) ||
        !read_secret(server, keyval_get(kv, "password-secret"), err)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(absent); i++) {
        const char *value = keyval_get(kv, absent[i]);
        if (value && strcmp(value, "off") != 0) {
            return error_set(err, "%s: is not there; there are password=on and a tunnel (ssh -L)", absent[i]);
        }
    }
    server->device = g_strdup(keyval_get(kv, "display"));
    keyval_get(kv, "audiodev");         /* clients do not hear; the caller looks the id up */
    keyval_get(kv, "id");
    return read_head(server, keyval_get(kv, "head"), err) && keyval_finish(kv, err);
}

static bool server_open(VncServer *server, KeyVal *kv, const char *where, const char *layout, GError **err)
{
    uint64_t to = 0;
    if (!read_options(server, kv, &to, err)) {
        return false;
    }
    if (server->device && !display_by_device(server->machine->displays, server->device, 0)) {
        return error_set(err, "display=%s: there is no graphics device of that id", server->device);
    }
    if (server->head && !display_find(server->machine->displays, server->device, server->head)) {
        return error_set(err, "head=%u: the graphics device has no such display", server->head);
    }
    server->keymap = keymap_new(layout, err);
    return server->keymap && vnc_listen(server, where, (unsigned)to, err);
}

bool vnc_set_add(VncSet *set, const char *text, const char *layout, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-vnc");
    if (!keyval_parse(kv, text, "vnc", err)) {
        return false;
    }
    const char *where = keyval_get(kv, "vnc"), *id = keyval_get(kv, "id");
    if (g_strcmp0(where, "none") == 0) {
        return keyval_finish(kv, err);
    }
    if (vnc_set_find(set, id ? id : "default")) {
        return error_set(err, "-vnc %s: there is a server with that id; give each its own id=", text);
    }
    if (!set->lib && !(set->lib = vnc_lib_load(err))) {
        g_prefix_error(err, "-vnc %s: ", text);
        return false;
    }
    VncServer *server = server_new(set, id);
    if (!server_open(server, kv, where ? where : "", layout, err)) {
        if (!g_str_has_prefix((*err)->message, "-")) {
            g_prefix_error(err, "-vnc %s: ", text);
        }
        server_free(server);
        return false;
    }
    g_ptr_array_add(set->servers, server);
    return true;
}

VncSet *vnc_set_new(Machine *machine)
{
    VncSet *set = g_new0(VncSet, 1);
    set->machine = machine;
    set->servers = g_ptr_array_new();
    return set;
}

void vnc_set_free(VncSet *set)
{
    if (set) {
        for (guint i = 0; i < set->servers->len; i++) {
            server_free(g_ptr_array_index(set->servers, i));
        }
        g_ptr_array_free(set->servers, TRUE);
        vnc_lib_free(set->lib);
        g_free(set);
    }
}

/* ---- for monitors ---- */

void vnc_set_listener(VncSet *set, VncListener listener, void *opaque)
{
    set->listener = listener;
    set->opaque = opaque;
}

VncServer *vnc_set_at(const VncSet *set, unsigned n)
{
    return n < set->servers->len ? g_ptr_array_index(set->servers, n) : NULL;
}

VncServer *vnc_set_find(const VncSet *set, const char *id)
{
    for (guint i = 0; i < set->servers->len; i++) {
        VncServer *server = g_ptr_array_index(set->servers, i);
        if (strcmp(server->id, id) == 0) {
            return server;
        }
    }
    return NULL;
}

const char *vnc_server_id(const VncServer *server)
{
    return server->id;
}

bool vnc_server_has_auth(const VncServer *server)
{
    return server->auth;
}

const VncAddress *vnc_server_address(const VncServer *server, unsigned n)
{
    return n < server->sockets->len ? &((VncSocket *)g_ptr_array_index(server->sockets, n))->address : NULL;
}

const VncClient *vnc_server_client(const VncServer *server, unsigned n)
{
    return n < server->clients->len ? g_ptr_array_index(server->clients, n) : NULL;
}

const VncAddress *vnc_client_address(const VncClient *client)
{
    return &client->address;
}

const VncAddress *vnc_client_server_address(const VncClient *client)
{
    return client->at;
}

static bool needs_auth(const VncServer *server, GError **err)
{
    return server->auth || error_set(err, "VNC server %s asks for no password; start it with password=on",
                                     server->id);
}

bool vnc_server_set_password(VncServer *server, const char *password, GError **err)
{
    if (!needs_auth(server, err)) {
        return false;
    }
    g_mutex_lock(&server->lock);
    g_free(server->password);
    server->password = password ? g_strdup(password) : NULL;
    g_mutex_unlock(&server->lock);
    return true;
}

bool vnc_server_expire_password(VncServer *server, int64_t time, GError **err)
{
    if (!needs_auth(server, err)) {
        return false;
    }
    g_mutex_lock(&server->lock);
    server->expires = time;
    g_mutex_unlock(&server->lock);
    return true;
}
