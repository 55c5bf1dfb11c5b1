/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chardev/chardev_set.h"

#include <fcntl.h>
#include <string.h>
#include "chardev/backend.h"
#include "chardev/connect.h"
#include "system/fdset.h"
#include "util/error.h"

#define FLUSH_MAX_US (1000 * 1000)

struct ChardevSet {
    Machine *machine;
    const ChardevScreens *screens;      /* NULL: nobody shows terminals */
    GPtrArray *list;        /* of Chardev *, in the order they were made */
    bool started;           /* connecting must not keep the main thread waiting any more */
};

ChardevSet *chardev_set_new(Machine *machine)
{
    ChardevSet *set = g_new0(ChardevSet, 1);
    set->machine = machine;
    set->list = g_ptr_array_new();
    return set;
}

void chardev_set_screens(ChardevSet *set, const ChardevScreens *screens)
{
    set->screens = screens;
}

void chardev_set_flush(ChardevSet *set)
{
    gint64 end = g_get_monotonic_time() + FLUSH_MAX_US;
    for (guint i = 0; i < set->list->len; i++) {
        Chardev *chr = g_ptr_array_index(set->list, i);
        gint64 left;
        while (chr->port && chardev_output_pending(chr) && (left = end - g_get_monotonic_time()) > 0) {
            fdport_wait_writable(chr->port, (int)(left / 1000) + 1);
            chardev_flush(chr);
        }
    }
}

static void free_device(Chardev *chr)
{
    Mux *mux = chr->mux;
    chardev_free(chr);
    mux_free(mux);
}

void chardev_set_free(ChardevSet *set)
{
    if (!set) {
        return;
    }
    while (set->list->len > 0) {        /* it leaves the list first: who waits for it may look there */
        free_device(g_ptr_array_steal_index(set->list, set->list->len - 1));
    }
    g_ptr_array_free(set->list, TRUE);
    g_free(set);
}

static Chardev *find(ChardevSet *set, const char *id)
{
    for (guint i = 0; i < set->list->len; i++) {
        Chardev *chr = g_ptr_array_index(set->list, i);
        if (strcmp(chr->id, id) == 0) {
            return chr;
        }
    }
    return NULL;
}

/* ---- making ---- */

static bool check_id(ChardevSet *set, const char *option, const char *id, GError **err)
{
    if (!id) {
        return error_set(err, "%s: needs id=NAME", option);
    }
    bool good = g_ascii_isalpha(id[0]);
    for (const char *p = id; *p; p++) {
        good = good && (g_ascii_isalnum(*p) || strchr("-._", *p));
    }
    if (!good) {
        return error_set(err, "%s: id=%s: must be letters, digits, '-', '.', '_', a letter first", option,
                         id);
    }
    if (find(set, id)) {
        return error_set(err, "%s: id=%s: there is one of that name already", option, id);
    }
    return true;
}

static bool open_log(Chardev *chr, KeyVal *props, bool append, GError **err)
{
    const char *path = keyval_get(props, "logfile");
    if (path) {
        chr->log_fd = fdsets_open(chr->machine->fdsets, path,
                                  O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), err);
        if (chr->log_fd < 0) {
            g_prefix_error(err, "%s: logfile: ", keyval_option(props));
            return false;
        }
    }
    return true;
}

static Chardev *stdio_user(ChardevSet *set)
{
    for (guint i = 0; i < set->list->len; i++) {
        Chardev *chr = g_ptr_array_index(set->list, i);
        if (chr->backend == &stdio_backend) {
            return chr;
        }
    }
    return NULL;
}

/* Windows know from their start on which terminals there are. */
static bool terminals_stay(const ChardevSet *set, const ChardevBackend *backend, const char *what,
                           GError **err)
{
    return !set->started || backend != &vc_backend ||
           error_set(err, "%s: a terminal (vc) is there from the start to the end of the program", what);
}

/* Makes the device that props describe ("backend" and what belongs to it). */
static Chardev *make(ChardevSet *set, KeyVal *props, const char *id, GError **err)
{
    const char *option = keyval_option(props), *name = keyval_get(props, "backend");
    bool mux = false, append = false;
    if (!name) {
        error_set(err, "%s: needs a back end first; see -chardev help", option);
        return NULL;
    }
    const ChardevBackend *backend = chardev_backend_find(option, name, err);
    keyval_get(props, "logfile");
    if (!backend || !check_id(set, option, id, err) || !keyval_get_bool(props, "mux", &mux, err) ||
        !keyval_get_bool(props, "logappend", &append, err)) {
        return NULL;
    }
    if (backend == &stdio_backend && stdio_user(set)) {
        error_set(err, "%s: stdio is taken by '%s'; for more than one use -chardev stdio,mux=on", option,
                  stdio_user(set)->id);
        return NULL;
    }
    if (!terminals_stay(set, backend, option, err)) {
        return NULL;
    }
    Chardev *chr = chardev_new(set->machine, backend, id);
    chr->screens = set->screens;
    chr->background = set->started;
    if (!backend->open(chr, props, err) || !open_log(chr, props, append, err)) {
        chardev_free(chr);
        return NULL;
    }
    if (mux) {
        chr->mux = mux_new(chr);
    }
    if (chr->port) {
        fdport_update(chr->port);
    }
    g_ptr_array_add(set->list, chr);
    return chr;
}

bool chardev_set_add(ChardevSet *set, const char *text, GError **err)
{
    g_autoptr(KeyVal) props = keyval_new("-chardev");
    return keyval_parse(props, text, "backend", err) &&
           make(set, props, keyval_get(props, "id"), err) != NULL;
}

bool chardev_set_add_props(ChardevSet *set, KeyVal *props, GError **err)
{
    return make(set, props, keyval_get(props, "id"), err) != NULL;
}

bool chardev_set_remove(ChardevSet *set, const char *id, GError **err)
{
    Chardev *chr = find(set, id);
    if (!chr) {
        return error_set(err, "Chardev '%s' not found", id);
    }
    if (chr->user || (chr->mux && mux_focus_user(chr->mux))) {
        return error_set(err, "Chardev '%s' is busy: %s uses it", id,
                         chr->user ? chr->user : mux_focus_user(chr->mux));
    }
    if (!terminals_stay(set, chr->backend, id, err)) {
        return false;
    }
    g_ptr_array_remove(set->list, chr);
    free_device(chr);
    return true;
}

bool chardev_set_connecting(ChardevSet *set, const char *id, ChardevReady ready, void *opaque)
{
    Chardev *chr = find(set, id);
    if (!chr || !connect_is_awaited(chr)) {
        return false;
    }
    chr->ready = ready;
    chr->ready_opaque = opaque;
    return true;
}

bool chardev_set_change(ChardevSet *set, const char *id, KeyVal *props, GError **err)
{
    Chardev *chr = find(set, id);
    const char *name = keyval_get(props, "backend");
    bool append = false;
    if (!chr) {
        return error_set(err, "Chardev '%s' does not exist", id);
    }
    if (chr->mux) {
        return error_set(err, "Chardev '%s' is a mux, which cannot be changed", id);
    }
    if (!name) {
        return error_set(err, "%s: needs a back end; see -chardev help", keyval_option(props));
    }
    const ChardevBackend *backend = chardev_backend_find(keyval_option(props), name, err);
    keyval_get(props, "logfile");
    if (!backend || !keyval_get_bool(props, "logappend", &append, err)) {
        return false;
    }
    if (backend == &stdio_backend && stdio_user(set)) {
        return error_set(err, "%s: stdio is taken by '%s'", keyval_option(props), stdio_user(set)->id);
    }
    if (!terminals_stay(set, chr->backend, id, err) ||
        !terminals_stay(set, backend, keyval_option(props), err)) {
        return false;
    }
    Chardev old = *chr;
    chardev_change_begin(chr, backend);
    bool good = backend->open(chr, props, err) && open_log(chr, props, append, err);
    chardev_change_end(chr, &old, good);
    return good;
}

/* The ring buffer called id; NULL with err. */
static Chardev *find_ring(ChardevSet *set, const char *id, GError **err)
{
    Chardev *chr = find(set, id);
    if (!chr) {
        error_set(err, "Device '%s' not found", id);
    } else if (chr->backend != &ringbuf_backend) {
        error_set(err, "%s is not a ringbuf device", id);
    } else {
        return chr;
    }
    return NULL;
}

bool chardev_set_ring_write(ChardevSet *set, const char *id, const void *data, size_t len, GError **err)
{
    Chardev *chr = find_ring(set, id, err);
    if (chr) {
        chardev_write(chr, data, len);
    }
    return chr != NULL;
}

GByteArray *chardev_set_ring_read(ChardevSet *set, const char *id, size_t max, GError **err)
{
    Chardev *chr = find_ring(set, id, err);
    return chr ? ringbuf_read(chr, max) : NULL;
}

/* ---- attaching ---- */

static Chardev *claim(Chardev *chr, const char *option, const char *user, GError **err)
{
    if (chr->mux) {
        chr = mux_add_port(chr->mux);
    } else if (chr->user) {
        error_set(err, "%s: '%s' is taken by %s; add mux=on to its -chardev to share it", option, chr->id,
                  chr->user);
        return NULL;
    }
    chr->user = g_strdup(user);
    return chr;
}

Chardev *chardev_set_claim(ChardevSet *set, const char *option, const char *id, const char *user,
                           GError **err)
{
    Chardev *chr = find(set, id);
    if (!chr) {
        error_set(err, "%s: no -chardev with id=%s", option, id);
        return NULL;
    }
    return claim(chr, option, user, err);
}

void chardev_release(Chardev *chr)
{
    chardev_attach(chr, NULL, NULL);
    if (!chr->below) {                      /* a port of a mux stays whose it was */
        g_clear_pointer(&chr->user, g_free);
    }
}

/* ---- the short forms ---- */

bool chardev_set_open(ChardevSet *set, const char *option, const char *id, const char *text,
                      Chardev **out, GError **err)
{
    g_autofree char *label = g_strdup_printf("%s %s", option, text);
    g_autoptr(KeyVal) props = keyval_new(label);
    *out = NULL;
    if (strcmp(text, "none") == 0) {
        return true;
    }
    if (g_str_has_prefix(text, "chardev:")) {
        *out = chardev_set_claim(set, label, text + strlen("chardev:"), id, err);
        return *out != NULL;
    }
    bool mux = g_str_has_prefix(text, "mon:");
    text += mux ? strlen("mon:") : 0;
    if (!chardev_expand(props, text, err)) {
        return false;
    }
    if (mux) {
        keyval_set(props, "mux", "on");
        if (g_strcmp0(keyval_get(props, "backend"), "stdio") == 0 && !keyval_get(props, "signal")) {
            keyval_set(props, "signal", "off");
        }
    }
    Chardev *chr = make(set, props, id, err);
    *out = chr ? claim(chr, label, id, err) : NULL;
    return *out != NULL;
}

/* ---- the rest ---- */

void chardev_set_wait(ChardevSet *set)
{
    set->started = true;
    for (guint i = 0; i < set->list->len; i++) {
        Chardev *chr = g_ptr_array_index(set->list, i);
        if (!chr->backend->waits || !chr->backend->waits(chr)) {
            continue;
        }
        g_autofree char *where = chr->backend->describe(chr);
        g_printerr("valletta: waiting for a connection on %s\n", where);
        while (chr->backend->waits(chr) && set->machine->shutdown_cause == SHUTDOWN_NONE) {
            g_main_context_iteration(set->machine->context, TRUE);
        }
    }
}

bool chardev_set_break(ChardevSet *set, const char *id, GError **err)
{
    Chardev *chr = find(set, id);
    if (!chr) {
        return error_set(err, "no character device '%s'; see info chardev", id);
    }
    chardev_event(chr, CHR_BREAK);
    return true;
}

bool chardev_set_info(ChardevSet *set, unsigned index, ChardevInfo *info)
{
    if (index >= set->list->len) {
        return false;
    }
    Chardev *chr = g_ptr_array_index(set->list, index);
    *info = (ChardevInfo){ .id = g_strdup(chr->id), .filename = chr->backend->describe(chr),
                           .backend = g_strdup(chr->backend->name), .frontend_open = chr->frontend != NULL };
    return true;
}

void chardev_info_clear(ChardevInfo *info)
{
    g_free(info->id);
    g_free(info->filename);
    g_free(info->backend);
}

char *chardev_set_describe(ChardevSet *set)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < set->list->len; i++) {
        Chardev *chr = g_ptr_array_index(set->list, i);
        g_autofree char *where = chr->backend->describe(chr);
        g_string_append_printf(out, "%s: filename=%s%s", chr->id, where, chr->mux ? ",mux" : "");
        const char *user = chr->mux ? mux_focus_user(chr->mux) : chr->user;
        if (user) {
            g_string_append_printf(out, chr->mux ? " (keyboard: %s)" : " (%s)", user);
        }
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}
