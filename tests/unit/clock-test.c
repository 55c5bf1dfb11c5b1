/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system/clock.h"

#include <unistd.h>

#define MS INT64_C(1000000)

typedef struct {
    GMainContext *context;
    GRecMutex lock;
    Clock *clock;
    GArray *fired;      /* of int */
} Fixture;

typedef struct {
    Fixture *f;
    Timer *timer;
    int id;
    int again;          /* how often it arms itself for the past */
} Probe;

static void set_up(Fixture *f, gconstpointer data)
{
    f->context = g_main_context_new();
    g_rec_mutex_init(&f->lock);
    f->clock = clock_new(f->context, &f->lock);
    f->fired = g_array_new(FALSE, FALSE, sizeof(int));
}

static void tear_down(Fixture *f, gconstpointer data)
{
    clock_free(f->clock);
    g_rec_mutex_clear(&f->lock);
    g_main_context_unref(f->context);
    g_array_free(f->fired, TRUE);
}

static void probe_fire(void *opaque)
{
    Probe *p = opaque;
    g_assert_false(timer_armed(p->timer));
    g_array_append_val(p->f->fired, p->id);
    if (p->again-- > 0) {
        timer_arm(p->timer, 0);
    }
}

static Probe *probe_new(Fixture *f, ClockType type, int id)
{
    Probe *p = g_new0(Probe, 1);
    p->f = f;
    p->id = id;
    p->timer = timer_new(f->clock, type, probe_fire, p);
    return p;
}

static void probe_free(Probe *p)
{
    timer_free(p->timer);
    g_free(p);
}

/* Iterates until n timers have fired or ms have passed. */
static void iterate(Fixture *f, guint n, int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;
    while (f->fired->len < n && g_get_monotonic_time() < end) {
        if (!g_main_context_iteration(f->context, FALSE)) {
            g_usleep(200);
        }
    }
}

static void test_stands_still(Fixture *f, gconstpointer data)
{
    int64_t a = clock_now(f->clock, CLOCK_VIRTUAL);
    g_usleep(2000);
    g_assert_cmpint(clock_now(f->clock, CLOCK_VIRTUAL), ==, a);
    clock_set_running(f->clock, true);
    g_usleep(2000);
    int64_t b = clock_now(f->clock, CLOCK_VIRTUAL);
    g_assert_cmpint(b - a, >=, 2 * MS);
    clock_set_running(f->clock, false);
    int64_t c = clock_now(f->clock, CLOCK_VIRTUAL);
    g_assert_cmpint(c, >=, b);
    g_usleep(2000);
    g_assert_cmpint(clock_now(f->clock, CLOCK_VIRTUAL), ==, c);
    clock_set_running(f->clock, true);
    g_assert_cmpint(clock_now(f->clock, CLOCK_VIRTUAL) - c, <, 1000 * MS);
}

static void test_order(Fixture *f, gconstpointer data)
{
    Probe *p[40];
    clock_set_running(f->clock, true);
    int64_t now = clock_now(f->clock, CLOCK_VIRTUAL);
    for (int i = 0; i < 40; i++) {
        int turn = (i * 17) % 40;       /* a permutation */
        p[turn] = probe_new(f, CLOCK_VIRTUAL, turn);
        timer_arm(p[turn]->timer, now + 5 * MS + turn * 1000);
    }
    timer_cancel(p[13]->timer);
    g_assert_false(timer_armed(p[13]->timer));
    g_assert_cmpint(timer_deadline(p[13]->timer), ==, INT64_MAX);
    g_assert_cmpint(clock_next_deadline(f->clock), ==, now + 5 * MS);
    timer_arm(p[39]->timer, now + 4 * MS);      /* armed again: only the new deadline counts */
    g_assert_cmpint(clock_next_deadline(f->clock), ==, now + 4 * MS);
    iterate(f, 39, 2000);
    g_assert_cmpuint(f->fired->len, ==, 39);
    g_assert_cmpint(clock_now(f->clock, CLOCK_VIRTUAL) - now, >=, 5 * MS);
    g_assert_cmpint(g_array_index(f->fired, int, 0), ==, 39);
    for (int i = 1; i < 39; i++) {
        int expected = i - 1 < 13 ? i - 1 : i;
        g_assert_cmpint(g_array_index(f->fired, int, i), ==, expected);
    }
    g_assert_cmpint(clock_next_deadline(f->clock), ==, INT64_MAX);
    for (int i = 0; i < 40; i++) {
        probe_free(p[i]);
    }
}

static void test_stopped(Fixture *f, gconstpointer data)
{
    Probe *p = probe_new(f, CLOCK_VIRTUAL, 1);
    timer_arm(p->timer, -5);
    iterate(f, 1, 20);
    g_assert_cmpuint(f->fired->len, ==, 0);
    clock_set_running(f->clock, true);
    iterate(f, 1, 2000);
    g_assert_cmpuint(f->fired->len, ==, 1);
    timer_arm(p->timer, clock_now(f->clock, CLOCK_VIRTUAL) + 10 * MS);
    clock_set_running(f->clock, false);
    iterate(f, 2, 30);
    g_assert_cmpuint(f->fired->len, ==, 1);
    clock_set_running(f->clock, true);
    iterate(f, 2, 2000);
    g_assert_cmpuint(f->fired->len, ==, 2);
    probe_free(p);
}

/* One that arms itself for the past must not keep another from its turn. */
static void test_past(Fixture *f, gconstpointer data)
{
    clock_set_running(f->clock, true);
    Probe *greedy = probe_new(f, CLOCK_VIRTUAL, 1), *other = probe_new(f, CLOCK_VIRTUAL, 2);
    greedy->again = 1000000000;
    int64_t now = clock_now(f->clock, CLOCK_VIRTUAL);
    timer_arm(greedy->timer, now);
    timer_arm(other->timer, now + 2 * MS);
    gint64 end = g_get_monotonic_time() + 2000000;
    while (timer_armed(other->timer) && g_get_monotonic_time() < end) {
        g_main_context_iteration(f->context, FALSE);
    }
    g_assert_false(timer_armed(other->timer));
    probe_free(greedy);
    probe_free(other);
}

static void test_host(Fixture *f, gconstpointer data)
{
    Probe *p = probe_new(f, CLOCK_HOST, 7);
    int64_t now = clock_now(f->clock, CLOCK_HOST);
    g_assert_cmpint(ABS(now / 1000 - g_get_real_time()), <, 1000000);
    timer_arm(p->timer, now + 3 * MS);
    g_assert_cmpint(clock_next_deadline(f->clock), ==, INT64_MAX);
    iterate(f, 1, 2000);
    g_assert_cmpuint(f->fired->len, ==, 1);
    g_assert_cmpint(clock_now(f->clock, CLOCK_HOST), >=, now + 3 * MS);
    probe_free(p);
}

static gpointer arm_from_thread(gpointer data)
{
    Probe *p = data;
    g_usleep(20000);
    g_rec_mutex_lock(&p->f->lock);
    timer_arm(p->timer, clock_now(p->f->clock, CLOCK_VIRTUAL) + MS);
    g_rec_mutex_unlock(&p->f->lock);
    return NULL;
}

/* The main thread is in poll() with a far deadline when another thread arms a near one. */
static void test_thread(Fixture *f, gconstpointer data)
{
    clock_set_running(f->clock, true);
    Probe *far = probe_new(f, CLOCK_VIRTUAL, 1), *near = probe_new(f, CLOCK_VIRTUAL, 2);
    timer_arm(far->timer, clock_now(f->clock, CLOCK_VIRTUAL) + 5000 * MS);
    gint64 start = g_get_monotonic_time();
    GThread *thread = g_thread_new("arm", arm_from_thread, near);
    while (f->fired->len == 0) {
        g_main_context_iteration(f->context, TRUE);
    }
    g_assert_cmpint(g_get_monotonic_time() - start, <, 2000000);
    g_assert_cmpint(g_array_index(f->fired, int, 0), ==, 2);
    g_thread_join(thread);
    probe_free(far);
    probe_free(near);
}

/* Each timer sees its own deadline; one that arms itself for the past fires a nanosecond later. */
static void test_manual(Fixture *f, gconstpointer data)
{
    clock_set_manual(f->clock);
    g_assert_cmpint(clock_advance(f->clock, 5), ==, 0);     /* it does not run yet */
    clock_set_running(f->clock, true);
    g_usleep(2000);
    g_assert_cmpint(clock_now(f->clock, CLOCK_VIRTUAL), ==, 0);
    Probe *late = probe_new(f, CLOCK_VIRTUAL, 2), *soon = probe_new(f, CLOCK_VIRTUAL, 1);
    soon->again = 2;
    timer_arm(late->timer, 100);
    timer_arm(soon->timer, 10);
    iterate(f, 1, 20);
    g_assert_cmpuint(f->fired->len, ==, 0);
    g_assert_cmpint(clock_advance(f->clock, 11), ==, 11);
    g_assert_cmpuint(f->fired->len, ==, 2);
    g_assert_cmpint(clock_next_deadline(f->clock), ==, 0);
    g_assert_cmpint(clock_advance(f->clock, 99), ==, 99);
    g_assert_cmpuint(f->fired->len, ==, 3);
    g_assert_cmpint(clock_advance(f->clock, 50), ==, 99);
    timer_arm(soon->timer, 40);             /* what is past fires by itself */
    iterate(f, 4, 2000);
    g_assert_cmpuint(f->fired->len, ==, 4);
    g_assert_cmpint(clock_advance(f->clock, 100), ==, 100);
    g_assert_cmpint(g_array_index(f->fired, int, 4), ==, 2);
    probe_free(late);
    probe_free(soon);
}

#define ADD(name, func) g_test_add("/clock/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("stands-still", test_stands_still);
    ADD("order", test_order);
    ADD("stopped", test_stopped);
    ADD("past", test_past);
    ADD("host", test_host);
    ADD("thread", test_thread);
    ADD("manual", test_manual);
    return g_test_run();
}
