/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each clock has a heap of armed timers and a timerfd set to the earliest of them, so
 * that arming a timer from any thread wakes the main thread without further ado.
 */
#include "system/clock.h"

#include <stdatomic.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#ifndef TFD_TIMER_CANCEL_ON_SET
#define TFD_TIMER_CANCEL_ON_SET (1 << 1)
#endif

#define NOT_ARMED (-1)
#define CLOCK_TYPES 2

struct Timer {
    Clock *clock;
    ClockType type;
    TimerFunc func;
    void *opaque;
    int64_t deadline;   /* as armed */
    int64_t key;        /* order in the heap: deadline, but see heap_key */
    uint64_t serial;    /* breaks ties: first armed, first fired */
    int index;          /* in the heap, or NOT_ARMED */
};

typedef struct {
    GPtrArray *heap;        /* of Timer *, smallest key first */
    int fd;
    gpointer fd_tag;
    int64_t programmed;     /* the deadline that fd is set to; INT64_MAX: none */
    int64_t firing_until;   /* timers up to here are being fired; INT64_MIN outside that */
} Queue;

typedef struct {
    GSource source;
    Clock *clock;
} ClockSource;

struct Clock {
    GRecMutex *lock;
    ClockSource *source;
    Queue queues[CLOCK_TYPES];
    uint64_t serial;

    /* Virtual time = monotonic + offset while running, else offset alone. Written under
     * the lock between two increments of sequence, read without it. */
    atomic_uint sequence;
    atomic_bool running;
    atomic_int_fast64_t offset;
    bool manual;            /* the offset is all there is to the virtual time */
};

static int64_t host_time(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_now(Clock *clock, ClockType type)
{
    if (type == CLOCK_HOST) {
        return host_time(CLOCK_REALTIME);
    }
    unsigned before, after;
    int64_t now;
    do {
        before = atomic_load_explicit(&clock->sequence, memory_order_acquire);
        now = atomic_load_explicit(&clock->offset, memory_order_relaxed);
        if (atomic_load_explicit(&clock->running, memory_order_relaxed) && !clock->manual) {
            now += host_time(CLOCK_MONOTONIC);
        }
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&clock->sequence, memory_order_relaxed);
    } while ((before & 1) || before != after);
    return now;
}

int64_t clock_monotonic(Clock *clock, int64_t when)
{
    unsigned before, after;
    int64_t offset;
    bool running;
    do {
        before = atomic_load_explicit(&clock->sequence, memory_order_acquire);
        offset = atomic_load_explicit(&clock->offset, memory_order_relaxed);
        running = atomic_load_explicit(&clock->running, memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        after = atomic_load_explicit(&clock->sequence, memory_order_relaxed);
    } while ((before & 1) || before != after);
    return running && !clock->manual && when != INT64_MAX ? when - offset : INT64_MAX;
}

/* ---- the heap ---- */

static bool before_than(const Timer *a, const Timer *b)
{
    return a->key != b->key ? a->key < b->key : a->serial < b->serial;
}

static void heap_put(Queue *q, int index, Timer *timer)
{
    g_ptr_array_index(q->heap, index) = timer;
    timer->index = index;
}

static void heap_up(Queue *q, Timer *timer)
{
    int i = timer->index;
    while (i > 0) {
        Timer *parent = g_ptr_array_index(q->heap, (i - 1) / 2);
        if (!before_than(timer, parent)) {
            break;
        }
        heap_put(q, i, parent);
        i = (i - 1) / 2;
    }
    heap_put(q, i, timer);
}

static void heap_down(Queue *q, Timer *timer)
{
    int i = timer->index, len = (int)q->heap->len;
    for (int child = 2 * i + 1; child < len; child = 2 * i + 1) {
        Timer *least = g_ptr_array_index(q->heap, child);
        if (child + 1 < len && before_than(g_ptr_array_index(q->heap, child + 1), least)) {
            least = g_ptr_array_index(q->heap, child + 1);
        }
        if (!before_than(least, timer)) {
            break;
        }
        int next = least->index;
        heap_put(q, i, least);
        i = next;
    }
    heap_put(q, i, timer);
}

static void heap_remove(Queue *q, Timer *timer)
{
    Timer *last = g_ptr_array_index(q->heap, q->heap->len - 1);
    g_ptr_array_set_size(q->heap, (int)q->heap->len - 1);
    if (last != timer) {
        heap_put(q, timer->index, last);
        heap_up(q, last);
        heap_down(q, last);
    }
    timer->index = NOT_ARMED;
}

static Timer *heap_first(const Queue *q)
{
    return q->heap->len ? g_ptr_array_index(q->heap, 0) : NULL;
}

/* ---- the timerfd ---- */

/* Sets the timerfd for the first timer unless it wakes us early enough anyway: a wake-up
 * too early costs less than a system call for each arming. */
static void program(Clock *clock, ClockType type)
{
    Queue *q = &clock->queues[type];
    Timer *first = heap_first(q);
    if (!first || (type == CLOCK_VIRTUAL && !clock->running) || first->key >= q->programmed) {
        return;
    }
    int64_t at = type == CLOCK_VIRTUAL ? first->key - clock->offset : first->key;
    if (clock->manual && type == CLOCK_VIRTUAL && at > 0) {
        return;     /* it is for clock_advance to reach it */
    }
    if (first->key < 0 || at < 1) {
        at = 1;     /* 0 would disarm */
    }
    struct itimerspec spec = { .it_value = { .tv_sec = at / 1000000000, .tv_nsec = at % 1000000000 } };
    int flags = TFD_TIMER_ABSTIME | (type == CLOCK_HOST ? TFD_TIMER_CANCEL_ON_SET : 0);
    int rc = timerfd_settime(q->fd, flags, &spec, NULL);
    g_assert(rc == 0);
    q->programmed = first->key;
}

static void fire_due(Clock *clock, ClockType type)
{
    Queue *q = &clock->queues[type];
    q->firing_until = clock_now(clock, type);
    Timer *first;
    while ((first = heap_first(q)) && first->key <= q->firing_until) {
        heap_remove(q, first);
        first->func(first->opaque);
        if (type == CLOCK_VIRTUAL && !clock->running) {
            break;      /* it stopped the machine */
        }
    }
    q->firing_until = INT64_MIN;
}

static void fire_expired(Clock *clock, ClockType type)
{
    Queue *q = &clock->queues[type];
    uint64_t count;
    /* Fails when it was not due, or when the host's time was set: program again then. */
    ssize_t got = read(q->fd, &count, sizeof(count));
    (void)got;
    q->programmed = INT64_MAX;
    if (type == CLOCK_VIRTUAL && !clock->running) {
        return;
    }
    fire_due(clock, type);
    program(clock, type);
}

static gboolean clock_dispatch(GSource *source, GSourceFunc func, gpointer data)
{
    Clock *clock = ((ClockSource *)source)->clock;
    g_rec_mutex_lock(clock->lock);
    for (int type = 0; type < CLOCK_TYPES; type++) {
        if (g_source_query_unix_fd(source, clock->queues[type].fd_tag) & G_IO_IN) {
            fire_expired(clock, (ClockType)type);
        }
    }
    g_rec_mutex_unlock(clock->lock);
    return G_SOURCE_CONTINUE;
}

static gboolean clock_check(GSource *source)
{
    Clock *clock = ((ClockSource *)source)->clock;
    for (int type = 0; type < CLOCK_TYPES; type++) {
        if (g_source_query_unix_fd(source, clock->queues[type].fd_tag) & G_IO_IN) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean clock_prepare(GSource *source, gint *timeout)
{
    *timeout = -1;
    return FALSE;
}

static GSourceFuncs clock_source_funcs = {
    .prepare = clock_prepare,
    .check = clock_check,
    .dispatch = clock_dispatch,
};

Clock *clock_new(GMainContext *context, GRecMutex *lock)
{
    static const clockid_t ids[CLOCK_TYPES] = { CLOCK_MONOTONIC, CLOCK_REALTIME };
    Clock *clock = g_new0(Clock, 1);
    clock->lock = lock;
    clock->source = (ClockSource *)g_source_new(&clock_source_funcs, sizeof(ClockSource));
    clock->source->clock = clock;
    for (int type = 0; type < CLOCK_TYPES; type++) {
        Queue *q = &clock->queues[type];
        q->heap = g_ptr_array_new();
        q->fd = timerfd_create(ids[type], TFD_NONBLOCK | TFD_CLOEXEC);
        if (q->fd < 0) {
            g_error("the host gives no timer: %m");
        }
        q->fd_tag = g_source_add_unix_fd(&clock->source->source, q->fd, G_IO_IN);
        q->programmed = INT64_MAX;
        q->firing_until = INT64_MIN;
    }
    g_source_set_priority(&clock->source->source, G_PRIORITY_HIGH);
    /* It never runs a loop of its own; without this GLib takes the descriptors out and in at
     * each dispatch, with a wake-up for each. */
    g_source_set_can_recurse(&clock->source->source, TRUE);
    g_source_set_name(&clock->source->source, "clock");
    g_source_attach(&clock->source->source, context);
    return clock;
}

void clock_free(Clock *clock)
{
    if (!clock) {
        return;
    }
    g_source_destroy(&clock->source->source);
    g_source_unref(&clock->source->source);
    for (int type = 0; type < CLOCK_TYPES; type++) {
        Queue *q = &clock->queues[type];
        close(q->fd);
        g_ptr_array_free(q->heap, TRUE);
    }
    g_free(clock);
}

void clock_set_running(Clock *clock, bool running)
{
    if (clock->running == running) {
        return;
    }
    int64_t now = host_time(CLOCK_MONOTONIC);
    atomic_fetch_add_explicit(&clock->sequence, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    if (!clock->manual) {
        atomic_store_explicit(&clock->offset, clock->offset + (running ? -now : now), memory_order_relaxed);
    }
    atomic_store_explicit(&clock->running, running, memory_order_relaxed);
    atomic_fetch_add_explicit(&clock->sequence, 1, memory_order_release);
    clock->queues[CLOCK_VIRTUAL].programmed = INT64_MAX;
    program(clock, CLOCK_VIRTUAL);
}

/* ---- a clock that is moved by hand ---- */

void clock_set_manual(Clock *clock)
{
    g_assert(!clock->running);
    clock->manual = true;
    atomic_store_explicit(&clock->offset, 0, memory_order_relaxed);
}

bool clock_is_manual(const Clock *clock)
{
    return clock->manual;
}

int64_t clock_advance(Clock *clock, int64_t to)
{
    Queue *q = &clock->queues[CLOCK_VIRTUAL];
    Timer *first;
    g_assert(clock->manual);
    while (clock->running) {
        int64_t now = clock_now(clock, CLOCK_VIRTUAL);
        first = heap_first(q);
        if (!first || first->key > to) {
            atomic_store_explicit(&clock->offset, MAX(now, to), memory_order_relaxed);
            break;
        }
        atomic_store_explicit(&clock->offset, MAX(now, first->key), memory_order_relaxed);
        fire_due(clock, CLOCK_VIRTUAL);
    }
    program(clock, CLOCK_VIRTUAL);
    return clock_now(clock, CLOCK_VIRTUAL);
}

/* ---- timers ---- */

Timer *timer_new(Clock *clock, ClockType type, TimerFunc func, void *opaque)
{
    Timer *timer = g_new0(Timer, 1);
    timer->clock = clock;
    timer->type = type;
    timer->func = func;
    timer->opaque = opaque;
    timer->index = NOT_ARMED;
    return timer;
}

void timer_free(Timer *timer)
{
    if (timer) {
        timer_cancel(timer);
        g_free(timer);
    }
}

/* A timer armed by a timer function for a moment already past takes its turn after those
 * that are due now: else it could keep the main thread here for ever. */
static int64_t heap_key(const Queue *q, int64_t deadline)
{
    return deadline <= q->firing_until ? q->firing_until + 1 : deadline;
}

void timer_arm(Timer *timer, int64_t deadline)
{
    Queue *q = &timer->clock->queues[timer->type];
    timer_cancel(timer);
    timer->deadline = deadline;
    timer->key = heap_key(q, deadline);
    timer->serial = timer->clock->serial++;
    timer->index = (int)q->heap->len;
    g_ptr_array_add(q->heap, timer);
    heap_up(q, timer);
    if (q->firing_until == INT64_MIN) {
        program(timer->clock, timer->type);
    }
}

void timer_cancel(Timer *timer)
{
    if (timer->index != NOT_ARMED) {
        heap_remove(&timer->clock->queues[timer->type], timer);
    }
}

bool timer_armed(const Timer *timer)
{
    return timer->index != NOT_ARMED;
}

int64_t timer_deadline(const Timer *timer)
{
    return timer_armed(timer) ? timer->deadline : INT64_MAX;
}

int64_t clock_next_deadline(Clock *clock)
{
    Timer *first = heap_first(&clock->queues[CLOCK_VIRTUAL]);
    return first ? first->deadline : INT64_MAX;
}
