/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The moment at which Count reaches Compare. A vCPU that sleeps in WAIT wakes itself; one
 * that runs is interrupted by a timer of its own thread, whose signal asks it to leave the
 * guest's code. No other thread is woken for a tick.
 */
#include <signal.h>
#include <time.h>
#include "accel/tcg/tcg.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define DEADLINE_SIGNAL (SIGRTMIN + 1)

static void on_deadline(int number, siginfo_t *info, void *context)
{
    mips_kick(info->si_value.sival_ptr);
}

void tcg_deadline_init(Tcg *tcg)
{
    struct sigaction action = { .sa_sigaction = on_deadline, .sa_flags = SA_SIGINFO | SA_RESTART };
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = DEADLINE_SIGNAL, .sigev_value.sival_ptr = tcg->cpu,
    };
    event.sigev_notify_thread_id = gettid();
    sigemptyset(&action.sa_mask);
    if (sigaction(DEADLINE_SIGNAL, &action, NULL) != 0 ||
        timer_create(CLOCK_MONOTONIC, &event, &tcg->deadline_timer) != 0) {
        g_error("the host gives no timer: %m");
    }
    tcg->deadline = INT64_MAX;
}

void tcg_deadline_end(Tcg *tcg)
{
    timer_delete(tcg->deadline_timer);
}

static void set_timer(Tcg *tcg, int64_t at)
{
    struct itimerspec spec = { .it_value = { at / 1000000000, at % 1000000000 } };
    timer_settime(tcg->deadline_timer, TIMER_ABSTIME, &spec, NULL);
}

/* The condition wakes it as precisely, and a signal costs more than two calls. */
void tcg_deadline_sleep(Tcg *tcg)
{
    if (tcg->deadline == INT64_MAX) {
        g_cond_wait(&tcg->changed, &tcg->lock);
        return;
    }
    set_timer(tcg, 0);
    if (g_cond_wait_until(&tcg->changed, &tcg->lock, (tcg->deadline + 999) / 1000)) {
        set_timer(tcg, tcg->deadline);
    }
}

void tcg_deadline_set(Tcg *tcg)
{
    int64_t at = clock_monotonic(tcg->cpu->base.machine->clock, tcg->cpu->compare_at);
    tcg->deadline = at == INT64_MAX ? at : MAX(at, 1);      /* 0 would disarm */
    set_timer(tcg, at == INT64_MAX ? 0 : tcg->deadline);
}
