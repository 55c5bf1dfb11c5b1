/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When displays are drawn: not without somebody who looks, not more often than 30 times a second, and not at
 * all while nothing changes. */
#include "ui/display.h"

typedef struct {
    Machine *m;
    DisplaySet *set;
    Display *d;
    unsigned collections, updates, wakes;
    bool writes;                /* the guest writes on: each collection finds something */
} Fixture;

static void collect(void *opaque)
{
    Fixture *f = opaque;
    f->collections++;
    if (f->writes) {
        display_request(f->d);
    }
}

static void update(void *opaque)
{
    ((Fixture *)opaque)->updates++;
}

static void invalidate(void *opaque)
{
}

static const DisplayOps ops = { collect, update, invalidate, NULL };

static void set_up(Fixture *f, gconstpointer data)
{
    *f = (Fixture){ .m = machine_new(NULL) };
    f->set = display_set_new(f->m);
    f->d = display_add(f->set, "test", 0, &ops, f);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    display_remove(f->d);
    machine_free(f->m);
    display_set_free(f->set);
}

static gboolean end(gpointer data)
{
    *(bool *)data = true;
    return G_SOURCE_REMOVE;
}

/* Lets the main loop run; counts how often it was woken. */
static void run(Fixture *f, unsigned ms)
{
    bool over = false;
    g_timeout_add(ms, end, &over);
    f->collections = f->updates = f->wakes = 0;
    while (!over) {
        g_main_context_iteration(NULL, TRUE);
        f->wakes++;
    }
}

static void test_still(Fixture *f, gconstpointer data)
{
    static const ViewerOps viewer_ops = { 0 };
    display_request(f->d);              /* nobody looks */
    run(f, 200);
    g_assert_cmpuint(f->updates + f->collections, ==, 0);
    unsigned woken = 0;
    for (unsigned i = 0; i < 100; i++) {
        display_request(f->d);          /* and nobody is woken for it */
        woken += g_main_context_iteration(NULL, FALSE);
    }
    g_assert_cmpuint(woken, <=, 1);
    Viewer *viewer = display_add_viewer(f->d, &viewer_ops, NULL);
    run(f, 200);
    g_assert_cmpuint(f->updates, ==, 1);
    run(f, 300);                        /* a still screen */
    g_assert_cmpuint(f->updates + f->collections, ==, 0);
    g_assert_cmpuint(f->wakes, <=, 2);
    display_remove_viewer(viewer);
}

static void test_rate(Fixture *f, gconstpointer data)
{
    static const ViewerOps viewer_ops = { 0 };
    Viewer *viewer = display_add_viewer(f->d, &viewer_ops, NULL);
    f->writes = true;
    run(f, 500);
    g_assert_cmpuint(f->updates, >=, 2);
    g_assert_cmpuint(f->updates, <=, 17);
    f->writes = false;
    run(f, 100);
    run(f, 200);
    g_assert_cmpuint(f->updates, ==, 0);
    display_remove_viewer(viewer);
}

/* What is known to have changed is drawn at once. */
static void test_settled(Fixture *f, gconstpointer data)
{
    static const ViewerOps viewer_ops = { 0 };
    Viewer *viewer = display_add_viewer(f->d, &viewer_ops, NULL);
    run(f, 100);
    display_settled(f->d);
    run(f, 100);
    g_assert_cmpuint(f->updates, ==, 1);
    g_assert_cmpuint(f->collections, ==, 0);
    display_remove_viewer(viewer);
}

/* An engine that does not tell of writes is asked on, while somebody looks. */
static void no_collection(void *opaque, MemWritten *w)
{
}

static void test_polled(Fixture *f, gconstpointer data)
{
    static const MemWriteEngine engine = { true, no_collection };
    static const ViewerOps viewer_ops = { 0 };
    as_set_write_engine(f->m->as, &engine, f);
    Viewer *viewer = display_add_viewer(f->d, &viewer_ops, NULL);
    run(f, 500);
    g_assert_cmpuint(f->collections, >=, 4);
    g_assert_cmpuint(f->collections, <=, 17);
    display_remove_viewer(viewer);
    run(f, 100);
    run(f, 200);
    g_assert_cmpuint(f->collections, ==, 0);
    as_set_write_engine(f->m->as, NULL, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/display/still", Fixture, NULL, set_up, test_still, tear_down);
    g_test_add("/display/rate", Fixture, NULL, set_up, test_rate, tear_down);
    g_test_add("/display/settled", Fixture, NULL, set_up, test_settled, tear_down);
    g_test_add("/display/polled", Fixture, NULL, set_up, test_polled, tear_down);
    return g_test_run();
}
