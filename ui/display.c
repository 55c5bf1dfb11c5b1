/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Displays: when they are drawn, and who is told. */
#include "ui/display.h"
#include <string.h>

#define INTERVAL_US (1000000 / 30)
#define MOST_PIXELS 8192

struct Viewer {
    Display *display;
    const ViewerOps *ops;
    void *opaque;
    bool is_new;
};

struct Display {
    DisplaySet *set;
    char *name;
    unsigned head;
    const DisplayOps *ops;
    void *opaque;
    pixman_image_t *surface;
    GPtrArray *viewers;             /* of Viewer * */
    DisplayCursor cursor;
    int64_t collected_at;           /* atomic: g_get_monotonic_time() of the last collection, 0: never */
    int wanted, settled;            /* atomic flags */
    bool changed;                   /* in the update that runs */
};

typedef struct {
    GSource source;
    DisplaySet *set;
} Ticker;

struct DisplaySet {
    Machine *machine;
    GPtrArray *displays;            /* of Display * */
    Ticker *ticker;                 /* its ready time is when the next display is to be drawn */
};

/* ---- when ---- */

/* At the time or before, in the main thread. Any thread. */
static void wake_by(DisplaySet *set, int64_t time)
{
    int64_t ready = g_source_get_ready_time(&set->ticker->source);
    if (ready < 0 || time < ready) {
        g_source_set_ready_time(&set->ticker->source, time);
    }
}

static int64_t next_collection(const Display *d)
{
    return __atomic_load_n(&d->collected_at, __ATOMIC_RELAXED) + INTERVAL_US;
}

/* What is wanted already has woken the main thread, or waits for somebody to look. */
void display_request(Display *d)
{
    if (!__atomic_exchange_n(&d->wanted, 1, __ATOMIC_ACQ_REL)) {
        wake_by(d->set, next_collection(d));
    }
}

void display_settled(Display *d)
{
    __atomic_store_n(&d->settled, 1, __ATOMIC_RELEASE);
    wake_by(d->set, 0);
}

static void tell_all_of_it(Viewer *v)
{
    const Display *d = v->display;
    v->is_new = false;
    if (v->ops->resized) {
        v->ops->resized(v->opaque);
    }
    if (v->ops->cursor_shape) {
        v->ops->cursor_shape(v->opaque);
    }
    if (v->ops->changed) {
        v->ops->changed(v->opaque, 0, 0, (int)display_width(d), (int)display_height(d));
    }
}

static void draw(Display *d)
{
    __atomic_store_n(&d->settled, 0, __ATOMIC_RELEASE);
    d->changed = false;
    d->ops->update(d->opaque);
    for (unsigned i = 0; i < d->viewers->len; i++) {
        Viewer *v = g_ptr_array_index(d->viewers, i);
        bool was_new = v->is_new;
        if (was_new) {
            tell_all_of_it(v);
        }
        if ((d->changed || was_new) && v->ops->drawn) {
            v->ops->drawn(v->opaque);
        }
    }
}

static void collect(Display *d, int64_t now)
{
    __atomic_store_n(&d->wanted, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&d->collected_at, now, __ATOMIC_RELAXED);
    if (d->ops->collect) {
        d->ops->collect(d->opaque);
    }
}

/* Draws a display that is due; returns when it wants to be looked at again, -1: when it says so. */
static int64_t serve(Display *d, int64_t now)
{
    bool wanted = __atomic_load_n(&d->wanted, __ATOMIC_ACQUIRE);
    if (d->viewers->len == 0) {
        return -1;
    }
    if (wanted && now >= next_collection(d)) {
        collect(d, now);
        draw(d);
        wanted = false;
        if (d->ops->collect && as_polls_writes(d->set->machine->as)) {
            /* Nobody tells of the next write. */
            __atomic_store_n(&d->wanted, 1, __ATOMIC_RELEASE);
            wanted = true;
        }
    } else if (__atomic_load_n(&d->settled, __ATOMIC_ACQUIRE)) {
        draw(d);
    }
    return wanted ? next_collection(d) : -1;
}

static gboolean tick(GSource *source, GSourceFunc callback, gpointer data)
{
    DisplaySet *set = ((Ticker *)source)->set;
    int64_t next = -1, now = g_source_get_time(source);
    g_source_set_ready_time(source, -1);
    machine_lock(set->machine);
    for (unsigned i = 0; i < set->displays->len; i++) {
        int64_t at = serve(g_ptr_array_index(set->displays, i), now);
        next = at >= 0 && (next < 0 || at < next) ? at : next;
    }
    machine_unlock(set->machine);
    if (next >= 0) {
        wake_by(set, next);
    }
    return G_SOURCE_CONTINUE;
}

void display_update_now(Display *d)
{
    collect(d, g_get_monotonic_time());
    draw(d);
}

/* ---- the set ---- */

DisplaySet *display_set_new(Machine *machine)
{
    static GSourceFuncs funcs = { .dispatch = tick };
    DisplaySet *set = g_new0(DisplaySet, 1);
    set->machine = machine;
    set->displays = g_ptr_array_new();
    set->ticker = (Ticker *)g_source_new(&funcs, sizeof(Ticker));
    set->ticker->set = set;
    g_source_set_name(&set->ticker->source, "displays");
    g_source_attach(&set->ticker->source, machine->context);
    return set;
}

void display_set_free(DisplaySet *set)
{
    if (set) {
        g_assert(set->displays->len == 0);
        g_source_destroy(&set->ticker->source);
        g_source_unref(&set->ticker->source);
        g_ptr_array_free(set->displays, TRUE);
        g_free(set);
    }
}

Display *display_at(DisplaySet *set, unsigned n)
{
    return n < set->displays->len ? g_ptr_array_index(set->displays, n) : NULL;
}

Display *display_by_device(DisplaySet *set, const char *name, unsigned head)
{
    for (unsigned i = 0; i < set->displays->len; i++) {
        Display *d = g_ptr_array_index(set->displays, i);
        if (d->head == head && strcmp(d->name, name) == 0) {
            return d;
        }
    }
    return NULL;
}

Display *display_find(DisplaySet *set, const char *name, unsigned head)
{
    const Display *first = display_at(set, 0);
    name = name ? name : first ? first->name : NULL;
    return name ? display_by_device(set, name, head) : NULL;
}

/* ---- for graphics devices ---- */

static pixman_image_t *new_surface(unsigned width, unsigned height)
{
    return pixman_image_create_bits(PIXMAN_x8r8g8b8, (int)width, (int)height, NULL, (int)width * 4);
}

Display *display_add(DisplaySet *set, const char *name, unsigned head, const DisplayOps *ops, void *opaque)
{
    Display *d = g_new0(Display, 1);
    d->set = set;
    d->name = g_strdup(name);
    d->head = head;
    d->ops = ops;
    d->opaque = opaque;
    d->surface = new_surface(640, 480);
    d->viewers = g_ptr_array_new_with_free_func(g_free);
    unsigned place = set->displays->len;
    while (!ops->key && place > 0 && display_takes_keys(display_at(set, place - 1))) {
        place--;                        /* terminals come behind */
    }
    g_ptr_array_insert(set->displays, (int)place, d);
    return d;
}

void display_remove(Display *d)
{
    if (d) {
        g_ptr_array_remove(d->set->displays, d);
        g_ptr_array_free(d->viewers, TRUE);
        pixman_image_unref(d->surface);
        if (d->cursor.image) {
            pixman_image_unref(d->cursor.image);
        }
        g_free(d->name);
        g_free(d);
    }
}

pixman_image_t *display_surface(const Display *d)
{
    return d->surface;
}

unsigned display_width(const Display *d)
{
    return (unsigned)pixman_image_get_width(d->surface);
}

unsigned display_height(const Display *d)
{
    return (unsigned)pixman_image_get_height(d->surface);
}

void display_resize(Display *d, unsigned width, unsigned height)
{
    width = CLAMP(width, 1, MOST_PIXELS);
    height = CLAMP(height, 1, MOST_PIXELS);
    if (width == display_width(d) && height == display_height(d)) {
        return;
    }
    pixman_image_unref(d->surface);
    d->surface = new_surface(width, height);
    d->changed = true;
    for (unsigned i = 0; i < d->viewers->len; i++) {
        ((Viewer *)g_ptr_array_index(d->viewers, i))->is_new = true;
    }
}

void display_changed(Display *d, int x, int y, int width, int height)
{
    int right = MIN(x + width, (int)display_width(d)), bottom = MIN(y + height, (int)display_height(d));
    x = MAX(x, 0);
    y = MAX(y, 0);
    if (x >= right || y >= bottom) {
        return;
    }
    d->changed = true;
    for (unsigned i = 0; i < d->viewers->len; i++) {
        Viewer *v = g_ptr_array_index(d->viewers, i);
        if (!v->is_new && v->ops->changed) {
            v->ops->changed(v->opaque, x, y, right - x, bottom - y);
        }
    }
}

void display_set_cursor(Display *d, pixman_image_t *image, int hot_x, int hot_y)
{
    if (image) {
        pixman_image_ref(image);
    }
    if (d->cursor.image) {
        pixman_image_unref(d->cursor.image);
    }
    d->cursor.image = image;
    d->cursor.hot_x = hot_x;
    d->cursor.hot_y = hot_y;
    for (unsigned i = 0; i < d->viewers->len; i++) {
        Viewer *v = g_ptr_array_index(d->viewers, i);
        if (!v->is_new && v->ops->cursor_shape) {
            v->ops->cursor_shape(v->opaque);
        }
    }
}

void display_move_cursor(Display *d, int x, int y, bool visible)
{
    if (x == d->cursor.x && y == d->cursor.y && visible == d->cursor.visible) {
        return;
    }
    d->cursor.x = x;
    d->cursor.y = y;
    d->cursor.visible = visible;
    for (unsigned i = 0; i < d->viewers->len; i++) {
        Viewer *v = g_ptr_array_index(d->viewers, i);
        if (!v->is_new && v->ops->cursor_moved) {
            v->ops->cursor_moved(v->opaque);
        }
    }
}

/* ---- for those who look ---- */

Viewer *display_add_viewer(Display *d, const ViewerOps *ops, void *opaque)
{
    Viewer *v = g_new0(Viewer, 1);
    *v = (Viewer){ d, ops, opaque, true };
    g_ptr_array_add(d->viewers, v);
    if (d->viewers->len == 1) {
        d->ops->invalidate(d->opaque);      /* what happened while nobody looked */
    }
    __atomic_store_n(&d->wanted, 1, __ATOMIC_RELEASE);
    wake_by(d->set, next_collection(d));
    return v;
}

void display_remove_viewer(Viewer *v)
{
    if (v) {
        g_ptr_array_remove(v->display->viewers, v);
    }
}

const char *display_name(const Display *d)
{
    return d->name;
}

const DisplayCursor *display_cursor(const Display *d)
{
    return &d->cursor;
}

bool display_takes_keys(const Display *d)
{
    return d->ops->key;
}

void display_key(Display *d, const DisplayKey *key)
{
    d->ops->key(d->opaque, key);
}

bool display_text(const Display *d, DisplayText *text)
{
    return d->ops->text && d->ops->text(d->opaque, text);
}

void display_set_window(Display *d, unsigned width, unsigned height)
{
    if (d->ops->window) {
        d->ops->window(d->opaque, width, height);
    }
}
