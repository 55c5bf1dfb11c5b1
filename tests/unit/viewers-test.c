/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Displays: who looks at them, and who is told of what; keymaps. */
#include <string.h>
#include "system/input.h"
#include "ui/display.h"
#include "ui/keymap.h"

typedef struct {
    Machine *machine;
    Display *display;
    int collected, updated, invalidated;
    int x, y, width, height;            /* what the next update says has changed; width 0: nothing */
} Card;

typedef struct {
    int resized, changed, drawn, shapes, moves;
    int x, y, width, height;            /* of the last change */
} Eye;

static void card_collect(void *opaque)
{
    ((Card *)opaque)->collected++;
}

static void card_update(void *opaque)
{
    Card *c = opaque;
    c->updated++;
    if (c->width) {
        display_changed(c->display, c->x, c->y, c->width, c->height);
    }
}

static void card_invalidate(void *opaque)
{
    ((Card *)opaque)->invalidated++;
}

static const DisplayOps card_ops = { card_collect, card_update, card_invalidate, NULL };

static void eye_resized(void *opaque)
{
    ((Eye *)opaque)->resized++;
}

static void eye_changed(void *opaque, int x, int y, int width, int height)
{
    Eye *e = opaque;
    e->changed++;
    e->x = x;
    e->y = y;
    e->width = width;
    e->height = height;
}

static void eye_drawn(void *opaque)
{
    ((Eye *)opaque)->drawn++;
}

static void eye_shape(void *opaque)
{
    ((Eye *)opaque)->shapes++;
}

static void eye_moved(void *opaque)
{
    ((Eye *)opaque)->moves++;
}

static const ViewerOps eye_ops = { eye_resized, eye_changed, eye_drawn, eye_shape, eye_moved };

static void card_init(Card *c)
{
    memset(c, 0, sizeof(*c));
    c->machine = machine_new(NULL);
    c->machine->displays = display_set_new(c->machine);
    c->display = display_add(c->machine->displays, "card", 0, &card_ops, c);
}

static void card_end(Card *c)
{
    DisplaySet *set = c->machine->displays;
    display_remove(c->display);
    machine_free(c->machine);
    display_set_free(set);
}

/* Lets the main loop do what it has to for that long; how often it ran. */
static int run_for(int ms)
{
    int64_t end = g_get_monotonic_time() + ms * 1000;
    int rounds = 0;
    while (g_get_monotonic_time() < end) {
        if (g_main_context_iteration(NULL, FALSE)) {
            rounds++;
        } else {
            g_usleep(500);
        }
    }
    return rounds;
}

static void test_rate(void)
{
    Card c;
    Eye e = { 0 };
    card_init(&c);
    c.width = c.height = 4;
    Viewer *v = display_add_viewer(c.display, &eye_ops, &e);
    int64_t begin = g_get_monotonic_time();
    while (g_get_monotonic_time() - begin < 1000000) {
        display_request(c.display);
        run_for(1);
    }
    int64_t ms = (g_get_monotonic_time() - begin) / 1000;
    g_assert_cmpint(c.updated, <=, ms * 30 / 1000 + 2);
    g_assert_cmpint(c.updated, >, 10);
    g_assert_cmpint(c.collected, ==, c.updated);
    g_assert_cmpint(e.drawn, ==, c.updated);
    display_remove_viewer(v);
    card_end(&c);
}

/* What does not change and what nobody looks at does not run at all. */
static void test_still(void)
{
    Card c;
    Eye e = { 0 };
    card_init(&c);
    for (int i = 0; i < 5; i++) {
        display_request(c.display);
        run_for(40);
    }
    g_assert_cmpint(c.updated, ==, 0);
    Viewer *v = display_add_viewer(c.display, &eye_ops, &e);
    run_for(100);
    g_assert_cmpint(c.updated, ==, 1);
    g_assert_cmpint(run_for(300), ==, 0);
    g_assert_cmpint(c.updated, ==, 1);
    display_request(c.display);
    run_for(100);
    g_assert_cmpint(c.updated, ==, 2);
    g_assert_cmpint(e.drawn, ==, 1);            /* the second update found nothing new */
    display_remove_viewer(v);
    display_request(c.display);
    run_for(100);
    g_assert_cmpint(c.updated, ==, 2);
    card_end(&c);
}

static void test_settled(void)
{
    Card c;
    Eye e = { 0 };
    card_init(&c);
    Viewer *v = display_add_viewer(c.display, &eye_ops, &e);
    run_for(100);
    c.width = c.height = 1;
    display_settled(c.display);                 /* known without being asked: drawn without a collection */
    run_for(60);
    g_assert_cmpint(c.updated, ==, 2);
    g_assert_cmpint(c.collected, ==, 1);
    g_assert_cmpint(e.drawn, ==, 2);
    display_remove_viewer(v);
    card_end(&c);
}

static void test_viewers(void)
{
    Card c;
    Eye first = { 0 }, second = { 0 };
    card_init(&c);
    Viewer *v = display_add_viewer(c.display, &eye_ops, &first);
    g_assert_cmpint(c.invalidated, ==, 1);
    run_for(100);
    g_assert_cmpint(first.resized, ==, 1);
    g_assert_cmpint(first.shapes, ==, 1);
    g_assert_cmpint(first.changed, ==, 1);
    g_assert_cmpint(first.width, ==, 640);
    g_assert_cmpint(first.height, ==, 480);
    Viewer *w = display_add_viewer(c.display, &eye_ops, &second);
    g_assert_cmpint(c.invalidated, ==, 1);      /* the surface was looked at: it is right */
    c.x = 5;
    c.width = c.height = 2;
    run_for(100);
    g_assert_cmpint(first.resized, ==, 1);
    g_assert_cmpint(first.changed, ==, 2);
    g_assert_cmpint(first.width, ==, 2);
    g_assert_cmpint(second.resized, ==, 1);
    g_assert_cmpint(second.width, ==, 640);     /* all of it, once */
    g_assert_cmpint(second.changed, ==, 1);
    display_remove_viewer(w);
    display_request(c.display);
    run_for(100);
    g_assert_cmpint(first.drawn, ==, 3);
    g_assert_cmpint(second.drawn, ==, 1);
    display_remove_viewer(v);
    card_end(&c);
}

static void expect_cut(Card *c, Eye *e, int x, int y, int width, int height, const int *cut)
{
    int before = e->changed;
    c->x = x;
    c->y = y;
    c->width = width;
    c->height = height;
    display_update_now(c->display);
    g_assert_cmpint(e->changed, ==, before + (cut != NULL));
    if (cut) {
        g_assert_cmpint(e->x, ==, cut[0]);
        g_assert_cmpint(e->y, ==, cut[1]);
        g_assert_cmpint(e->width, ==, cut[2]);
        g_assert_cmpint(e->height, ==, cut[3]);
    }
}

static void test_cut(void)
{
    Card c;
    Eye e = { 0 };
    card_init(&c);
    Viewer *v = display_add_viewer(c.display, &eye_ops, &e);
    display_update_now(c.display);
    expect_cut(&c, &e, -10, -5, 20, 10, (int[]){ 0, 0, 10, 5 });
    expect_cut(&c, &e, 630, 470, 100, 100, (int[]){ 630, 470, 10, 10 });
    expect_cut(&c, &e, -10, -10, 2000, 2000, (int[]){ 0, 0, 640, 480 });
    expect_cut(&c, &e, 640, 0, 10, 10, NULL);
    expect_cut(&c, &e, 0, 480, 10, 10, NULL);
    expect_cut(&c, &e, -10, 0, 10, 10, NULL);
    expect_cut(&c, &e, 10, 10, -5, 10, NULL);
    display_remove_viewer(v);
    card_end(&c);
}

static void test_resize(void)
{
    Card c;
    Eye e = { 0 };
    card_init(&c);
    Viewer *v = display_add_viewer(c.display, &eye_ops, &e);
    display_update_now(c.display);
    display_resize(c.display, 800, 600);
    display_update_now(c.display);
    g_assert_cmpint(e.resized, ==, 2);
    g_assert_cmpint(e.width, ==, 800);
    display_resize(c.display, 800, 600);
    display_update_now(c.display);
    g_assert_cmpint(e.resized, ==, 2);
    display_resize(c.display, 0, 100000);
    g_assert_cmpuint(display_width(c.display), ==, 1);
    g_assert_cmpuint(display_height(c.display), ==, 8192);
    display_remove_viewer(v);
    card_end(&c);
}

static void test_cursor(void)
{
    Card c;
    Eye e = { 0 };
    card_init(&c);
    Viewer *v = display_add_viewer(c.display, &eye_ops, &e);
    display_update_now(c.display);
    pixman_image_t *image = pixman_image_create_bits(PIXMAN_a8r8g8b8, 8, 8, NULL, 32);
    display_set_cursor(c.display, image, 2, 3);
    pixman_image_unref(image);
    display_move_cursor(c.display, 10, 11, true);
    display_move_cursor(c.display, 10, 11, true);
    g_assert_cmpint(e.shapes, ==, 2);
    g_assert_cmpint(e.moves, ==, 1);
    const DisplayCursor *cursor = display_cursor(c.display);
    g_assert_true(cursor->image == image && cursor->visible);
    g_assert_cmpint(cursor->hot_x + cursor->hot_y + cursor->x + cursor->y, ==, 26);
    display_set_cursor(c.display, NULL, 0, 0);
    g_assert_null(display_cursor(c.display)->image);
    display_remove_viewer(v);
    card_end(&c);
}

/* Each character that is printed on a key is found, and what is on no key is not. */
static void test_keymap(void)
{
    GError *err = NULL;
    KeymapPlace place;
    Keymap *map = keymap_new(NULL, &err);
    g_assert_no_error(err);
    for (uint32_t c = 0x20; c < 0x7f; c++) {
        g_assert_true(keymap_find(map, c, &place) && place.is_character && place.key != KEY_UNMAPPED);
    }
    g_assert_true(keymap_find(map, 0xffbe, &place) && place.key == KEY_F1 && !place.is_character);
    g_assert_true(keymap_find(map, 0xffd5, &place) && place.key == KEY_F24);
    g_assert_true(keymap_find(map, 0x01000041, &place) && place.key == KEY_A);
    g_assert_false(keymap_find(map, 0xe9, &place));
    g_assert_false(keymap_find(map, 0, &place));
    keymap_free(map);
    g_assert_null(keymap_new("nowhere", &err));
    g_assert_nonnull(strstr(err->message, "-k nowhere: "));
    g_error_free(err);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/viewers/rate", test_rate);
    g_test_add_func("/viewers/still", test_still);
    g_test_add_func("/viewers/settled", test_settled);
    g_test_add_func("/viewers/viewers", test_viewers);
    g_test_add_func("/viewers/cut", test_cut);
    g_test_add_func("/viewers/resize", test_resize);
    g_test_add_func("/viewers/cursor", test_cursor);
    g_test_add_func("/viewers/keymap", test_keymap);
    return g_test_run();
}
