/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks and timers. The virtual clock is guest time: nanoseconds since the machine was
 * made, standing still while the machine is stopped. The realtime clock is the host's.
 */
#ifndef SYSTEM_CLOCK_H
#define SYSTEM_CLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { CLOCK_VIRTUAL, CLOCK_HOST } ClockType;

typedef struct Clock Clock;         /* one per machine; holds both */
typedef struct Timer Timer;

/* The timers fire in the thread that iterates context, with lock held. */
Clock *clock_new(GMainContext *context, GRecMutex *lock);
void clock_free(Clock *clock);

/* Now, in nanoseconds; any thread, no lock. */
int64_t clock_now(Clock *clock, ClockType type);
/* The CLOCK_MONOTONIC time (ns) at which the virtual clock reads when; INT64_MAX while it
 * stands or when that never comes. Any thread, no lock. */
int64_t clock_monotonic(Clock *clock, int64_t when);
/* Starts or stops virtual time; machine lock held. */
void clock_set_running(Clock *clock, bool running);

/* From now on virtual time stands at 0 and moves by clock_advance only; before the first start. Timers
 * that are armed for what is past still fire by themselves while the clock runs. */
void clock_set_manual(Clock *clock);
bool clock_is_manual(const Clock *clock);
/* Moves a manual clock to the moment to, firing each timer at its deadline; returns where it stands
 * then: not further than it was while the machine is stopped. Machine lock held. */
int64_t clock_advance(Clock *clock, int64_t to);

typedef void (*TimerFunc)(void *opaque);
/* A timer on the clock, not armed; fires once per arming. Machine lock for all of them. */
Timer *timer_new(Clock *clock, ClockType type, TimerFunc func, void *opaque);
void timer_free(Timer *timer);
/* Fires when the clock reaches deadline (ns); a past deadline fires at once. Replaces an
 * earlier arming. */
void timer_arm(Timer *timer, int64_t deadline);
void timer_cancel(Timer *timer);
bool timer_armed(const Timer *timer);
/* INT64_MAX when not armed. */
int64_t timer_deadline(const Timer *timer);

/* Earliest armed virtual deadline, INT64_MAX if none. Machine lock. */
int64_t clock_next_deadline(Clock *clock);

#endif
