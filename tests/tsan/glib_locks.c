/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GLib's locks as pthread ones, for builds with the thread sanitizer. GLib's own are futexes in a library
 * that is not instrumented: the sanitizer does not see them, and reports what they protect. These take their
 * place in the program; what GLib locks within itself keeps GLib's. The sizes and all-zero first values are
 * GLib's public ones: pointers to what is made at the first use.
 */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <time.h>

static void must(int result)
{
    g_assert(result == 0);
}

static pthread_mutex_t *mutex_new(int type)
{
    pthread_mutex_t *m = g_new(pthread_mutex_t, 1);
    pthread_mutexattr_t attr;
    must(pthread_mutexattr_init(&attr));
    must(pthread_mutexattr_settype(&attr, type));
    must(pthread_mutex_init(m, &attr));
    must(pthread_mutexattr_destroy(&attr));
    return m;
}

static void mutex_free(pthread_mutex_t *m)
{
    if (m) {
        must(pthread_mutex_destroy(m));
        g_free(m);
    }
}

/* What *where points to, made when it is the first time. */
static pthread_mutex_t *mutex_at(gpointer *where, int type)
{
    pthread_mutex_t *m = __atomic_load_n(where, __ATOMIC_ACQUIRE);
    gpointer none = NULL;
    if (m) {
        return m;
    }
    m = mutex_new(type);
    if (!__atomic_compare_exchange_n(where, &none, m, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        mutex_free(m);
        m = none;
    }
    return m;
}

static pthread_mutex_t *plain(GMutex *mutex)
{
    return mutex_at(&mutex->p, PTHREAD_MUTEX_NORMAL);
}

static pthread_mutex_t *recursive(GRecMutex *mutex)
{
    return mutex_at(&mutex->p, PTHREAD_MUTEX_RECURSIVE);
}

void g_mutex_init(GMutex *mutex)
{
    mutex->p = NULL;
}

void g_mutex_clear(GMutex *mutex)
{
    mutex_free(mutex->p);
    mutex->p = NULL;
}

void g_mutex_lock(GMutex *mutex)
{
    must(pthread_mutex_lock(plain(mutex)));
}

gboolean g_mutex_trylock(GMutex *mutex)
{
    return pthread_mutex_trylock(plain(mutex)) == 0;
}

void g_mutex_unlock(GMutex *mutex)
{
    must(pthread_mutex_unlock(plain(mutex)));
}

void g_rec_mutex_init(GRecMutex *mutex)
{
    mutex->p = NULL;
}

void g_rec_mutex_clear(GRecMutex *mutex)
{
    mutex_free(mutex->p);
    mutex->p = NULL;
}

void g_rec_mutex_lock(GRecMutex *mutex)
{
    must(pthread_mutex_lock(recursive(mutex)));
}

gboolean g_rec_mutex_trylock(GRecMutex *mutex)
{
    return pthread_mutex_trylock(recursive(mutex)) == 0;
}

void g_rec_mutex_unlock(GRecMutex *mutex)
{
    must(pthread_mutex_unlock(recursive(mutex)));
}

/* ---- conditions ---- */

static pthread_cond_t *cond_at(GCond *cond)
{
    pthread_cond_t *c = __atomic_load_n(&cond->p, __ATOMIC_ACQUIRE);
    pthread_condattr_t attr;
    gpointer none = NULL;
    if (c) {
        return c;
    }
    c = g_new(pthread_cond_t, 1);
    must(pthread_condattr_init(&attr));
    must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
    must(pthread_cond_init(c, &attr));
    must(pthread_condattr_destroy(&attr));
    if (!__atomic_compare_exchange_n(&cond->p, &none, (gpointer)c, FALSE, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        must(pthread_cond_destroy(c));
        g_free(c);
        c = none;
    }
    return c;
}

void g_cond_init(GCond *cond)
{
    cond->p = NULL;
}

void g_cond_clear(GCond *cond)
{
    if (cond->p) {
        must(pthread_cond_destroy(cond->p));
        g_free(cond->p);
        cond->p = NULL;
    }
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
    must(pthread_cond_wait(cond_at(cond), plain(mutex)));
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
    struct timespec until = { end_time / G_USEC_PER_SEC, end_time % G_USEC_PER_SEC * 1000 };
    int result = pthread_cond_timedwait(cond_at(cond), plain(mutex), &until);
    g_assert(result == 0 || result == ETIMEDOUT);
    return result == 0;
}

void g_cond_signal(GCond *cond)
{
    must(pthread_cond_signal(cond_at(cond)));
}

void g_cond_broadcast(GCond *cond)
{
    must(pthread_cond_broadcast(cond_at(cond)));
}
