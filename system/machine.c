/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system/machine.h"

#include <stdatomic.h>
#include "system/fdset.h"
#include "system/input.h"
#include "util/log.h"

struct ResetHook {
    void (*func)(void *opaque);
    void *opaque;
};

typedef struct {
    void (*func)(void *opaque, RunState now);
    void *opaque;
} StateListener;

typedef struct {
    void (*func)(void *opaque, const MachineEvent *event);
    void *opaque;
} EventListener;

/* What other threads asked for; the main thread takes it from here. */
struct RequestSource {
    GSource source;
    Machine *machine;
    atomic_bool reset, host_reset;
    atomic_bool stop, debug_stop;
    atomic_int shutdown;        /* a ShutdownCause */
};

bool shutdown_cause_is_guest(ShutdownCause cause)
{
    return cause == SHUTDOWN_GUEST_POWEROFF || cause == SHUTDOWN_GUEST_RESET;
}

const char *shutdown_cause_name(ShutdownCause cause)
{
    static const char *const names[] = {
        [SHUTDOWN_NONE] = "none",
        [SHUTDOWN_GUEST_POWEROFF] = "guest-shutdown",
        [SHUTDOWN_GUEST_RESET] = "guest-reset",
        [SHUTDOWN_HOST_SIGNAL] = "host-signal",
        [SHUTDOWN_MONITOR_QUIT] = "host-qmp-quit",
        [SHUTDOWN_MONITOR_RESET] = "host-qmp-system-reset",
        [SHUTDOWN_UI] = "host-ui",
    };
    return names[cause];
}

static void set_state(Machine *machine, RunState state)
{
    bool ran = machine->state == RUN_RUNNING, runs = state == RUN_RUNNING;
    machine->state = state;
    for (guint i = 0; i < machine->state_listeners->len; i++) {
        StateListener *listener = g_ptr_array_index(machine->state_listeners, i);
        listener->func(listener->opaque, state);
    }
    if (ran != runs) {
        machine_event(machine, runs ? MACHINE_RESUMED : MACHINE_STOPPED, SHUTDOWN_NONE, 0);
    }
}

static void do_shutdown(Machine *machine, ShutdownCause cause)
{
    machine_event(machine, MACHINE_SHUTDOWN, cause, 0);
    if (machine->no_shutdown && shutdown_cause_is_guest(cause)) {
        machine_stop(machine, RUN_SHUTDOWN);
        return;
    }
    machine->shutdown_cause = cause;
    g_main_loop_quit(machine->loop);
}

static void do_reset(Machine *machine, ShutdownCause cause)
{
    if (machine->no_reboot && cause == SHUTDOWN_GUEST_RESET) {
        do_shutdown(machine, SHUTDOWN_GUEST_RESET);
        return;
    }
    bool parked = machine->state != RUN_RUNNING || !machine->runner;
    if (!parked) {
        machine->runner->pause(machine);
    }
    machine_reset(machine);
    machine_event(machine, MACHINE_RESET, cause, 0);
    if (!parked) {
        machine->runner->resume(machine);
    } else if (machine->state == RUN_SHUTDOWN || machine->state == RUN_INTERNAL_ERROR) {
        set_state(machine, RUN_PRELAUNCH);      /* it may be started again */
    }
}

static gboolean request_dispatch(GSource *base, GSourceFunc func, gpointer data)
{
    struct RequestSource *source = (struct RequestSource *)base;
    Machine *machine = source->machine;
    g_source_set_ready_time(base, -1);
    machine_lock(machine);
    ShutdownCause cause = (ShutdownCause)atomic_exchange(&source->shutdown, SHUTDOWN_NONE);
    bool reset = atomic_exchange(&source->reset, false);
    bool host_reset = atomic_exchange(&source->host_reset, false);
    if (atomic_exchange(&source->debug_stop, false) && machine->debug && machine->debug->pending) {
        machine_stop(machine, RUN_DEBUG);
    }
    if (atomic_exchange(&source->stop, false)) {
        machine_stop(machine, RUN_INTERNAL_ERROR);
    }
    if (cause != SHUTDOWN_NONE) {
        do_shutdown(machine, cause);
    } else if (reset || host_reset) {
        do_reset(machine, host_reset ? SHUTDOWN_MONITOR_RESET : SHUTDOWN_GUEST_RESET);
    }
    machine_unlock(machine);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs request_source_funcs = { .dispatch = request_dispatch };

static void cpu_free(gpointer data)
{
    Cpu *cpu = data;
    cpu->ops->free(cpu);
}

Machine *machine_new(GMainContext *context)
{
    Machine *machine = g_new0(Machine, 1);
    g_rec_mutex_init(&machine->lock);
    machine->context = g_main_context_ref(context ? context : g_main_context_default());
    machine->loop = g_main_loop_new(machine->context, FALSE);
    machine->clock = clock_new(machine->context, &machine->lock);
    machine->input = input_new(machine->clock);
    machine->memory = mem_container_new("system", UINT64_MAX);
    machine->fdsets = fdsets_new();
    machine->as = as_new("memory", machine->memory);
    machine->cpus = g_ptr_array_new_with_free_func(cpu_free);
    machine->devices = g_ptr_array_new();
    machine->buses = g_ptr_array_new();
    machine->state = RUN_PRELAUNCH;
    machine->reset_hooks = g_ptr_array_new_with_free_func(g_free);
    machine->state_listeners = g_ptr_array_new_with_free_func(g_free);
    machine->event_listeners = g_ptr_array_new_with_free_func(g_free);
    machine->power_buttons = g_ptr_array_new_with_free_func(g_free);
    machine->cleanups = g_ptr_array_new_with_free_func(g_free);

    machine->requests = (struct RequestSource *)g_source_new(&request_source_funcs,
                                                             sizeof(struct RequestSource));
    machine->requests->machine = machine;
    g_source_set_name(&machine->requests->source, "machine requests");
    g_source_attach(&machine->requests->source, machine->context);
    return machine;
}

void machine_free(Machine *machine)
{
    if (!machine) {
        return;
    }
    machine_lock(machine);
    while (machine->cleanups->len > 0) {
        ResetHook *last = g_ptr_array_steal_index(machine->cleanups, machine->cleanups->len - 1);
        last->func(last->opaque);
        g_free(last);
    }
    g_ptr_array_free(machine->cleanups, TRUE);
    mem_batch_begin(machine->as);       /* never committed: nobody looks any more */
    while (machine->devices->len > 0) {
        g_ptr_array_remove_index(machine->devices, machine->devices->len - 1);
    }
    g_ptr_array_free(machine->devices, TRUE);
    g_ptr_array_free(machine->buses, TRUE);
    g_ptr_array_free(machine->cpus, TRUE);
    as_free(machine->as);
    mem_free(machine->memory);
    machine_unlock(machine);

    g_source_destroy(&machine->requests->source);
    g_source_unref(&machine->requests->source);
    input_free(machine->input);
    clock_free(machine->clock);
    g_ptr_array_free(machine->reset_hooks, TRUE);
    g_ptr_array_free(machine->state_listeners, TRUE);
    g_ptr_array_free(machine->event_listeners, TRUE);
    g_ptr_array_free(machine->power_buttons, TRUE);
    g_main_loop_unref(machine->loop);
    g_main_context_unref(machine->context);
    g_rec_mutex_clear(&machine->lock);
    debug_free(machine->debug);
    fdsets_free(machine->fdsets);
    g_free(machine->name);
    g_free(machine);
}

void machine_add_reset(Machine *machine, void (*func)(void *opaque), void *opaque)
{
    ResetHook *hook = g_new(ResetHook, 1);
    hook->func = func;
    hook->opaque = opaque;
    g_ptr_array_add(machine->reset_hooks, hook);
}

void machine_remove_reset(Machine *machine, void *opaque)
{
    for (guint i = 0; i < machine->reset_hooks->len; i++) {
        if (((ResetHook *)g_ptr_array_index(machine->reset_hooks, i))->opaque == opaque) {
            g_ptr_array_remove_index(machine->reset_hooks, i);
            return;
        }
    }
}

void machine_add_cleanup(Machine *machine, void (*func)(void *opaque), void *opaque)
{
    ResetHook *hook = g_new(ResetHook, 1);
    hook->func = func;
    hook->opaque = opaque;
    g_ptr_array_add(machine->cleanups, hook);
}

void machine_add_state_listener(Machine *machine, void (*func)(void *opaque, RunState now), void *opaque)
{
    StateListener *listener = g_new(StateListener, 1);
    listener->func = func;
    listener->opaque = opaque;
    g_ptr_array_add(machine->state_listeners, listener);
}

void machine_add_event_listener(Machine *machine, void (*func)(void *opaque, const MachineEvent *event),
                                void *opaque)
{
    EventListener *listener = g_new(EventListener, 1);
    listener->func = func;
    listener->opaque = opaque;
    g_ptr_array_add(machine->event_listeners, listener);
}

void machine_remove_event_listener(Machine *machine, void *opaque)
{
    for (guint i = machine->event_listeners->len; i > 0; i--) {
        EventListener *listener = g_ptr_array_index(machine->event_listeners, i - 1);
        if (listener->opaque == opaque) {
            g_ptr_array_remove_index(machine->event_listeners, i - 1);
        }
    }
}

static void tell(Machine *machine, const MachineEvent *event)
{
    for (guint i = 0; i < machine->event_listeners->len; i++) {
        EventListener *listener = g_ptr_array_index(machine->event_listeners, i);
        listener->func(listener->opaque, event);
    }
}

void machine_event(Machine *machine, MachineEventKind kind, ShutdownCause cause, int64_t seconds)
{
    const MachineEvent event = { kind, cause, seconds, NULL };
    tell(machine, &event);
}

void machine_device_event(Machine *machine, const struct Device *device)
{
    const MachineEvent event = { MACHINE_DEVICE_DELETED, SHUTDOWN_NONE, 0, device };
    tell(machine, &event);
}

void machine_add_power_button(Machine *machine, void (*func)(void *opaque), void *opaque)
{
    ResetHook *hook = g_new(ResetHook, 1);
    hook->func = func;
    hook->opaque = opaque;
    g_ptr_array_add(machine->power_buttons, hook);
}

void machine_press_power_button(Machine *machine)
{
    machine_event(machine, MACHINE_POWERDOWN, SHUTDOWN_NONE, 0);
    for (guint i = 0; i < machine->power_buttons->len; i++) {
        ResetHook *hook = g_ptr_array_index(machine->power_buttons, i);
        hook->func(hook->opaque);
    }
}

void machine_reset(Machine *machine)
{
    for (guint i = 0; i < machine->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(machine->cpus, i);
        cpu->ops->reset(cpu);
    }
    for (guint i = 0; i < machine->reset_hooks->len; i++) {
        ResetHook *hook = g_ptr_array_index(machine->reset_hooks, i);
        hook->func(hook->opaque);
    }
    for (guint i = 0; log_enabled(LOG_CPU_RESET) && i < machine->cpus->len; i++) {
        Cpu *cpu = g_ptr_array_index(machine->cpus, i);
        g_autoptr(GString) text = g_string_new(NULL);
        cpu->ops->describe(cpu, text);
        log_line(LOG_CPU_RESET, "CPU %u after reset\n%s", cpu->index, text->str);
    }
}

void machine_request_reset(Machine *machine)
{
    atomic_store(&machine->requests->reset, true);
    g_source_set_ready_time(&machine->requests->source, 0);
}

void machine_request_host_reset(Machine *machine)
{
    atomic_store(&machine->requests->host_reset, true);
    g_source_set_ready_time(&machine->requests->source, 0);
}

void machine_request_error_stop(Machine *machine)
{
    atomic_store(&machine->requests->stop, true);
    g_source_set_ready_time(&machine->requests->source, 0);
}

void machine_request_debug_stop(Machine *machine)
{
    atomic_store(&machine->requests->debug_stop, true);
    g_source_set_ready_time(&machine->requests->source, 0);
}

void machine_request_shutdown(Machine *machine, ShutdownCause cause)
{
    int none = SHUTDOWN_NONE;
    /* The first cause counts, except that the guest's must not hide the host's. */
    if (!atomic_compare_exchange_strong(&machine->requests->shutdown, &none, cause) &&
        !shutdown_cause_is_guest(cause)) {
        atomic_store(&machine->requests->shutdown, cause);
    }
    g_source_set_ready_time(&machine->requests->source, 0);
}

void machine_start(Machine *machine)
{
    if (machine->state == RUN_RUNNING) {
        return;
    }
    if (machine->state == RUN_SHUTDOWN) {
        machine_reset(machine);
    }
    clock_set_running(machine->clock, true);
    set_state(machine, RUN_RUNNING);
    if (machine->runner) {
        machine->runner->resume(machine);
    }
}

void machine_stop(Machine *machine, RunState state)
{
    g_assert(state != RUN_RUNNING);
    if (machine->state == state) {
        return;
    }
    if (machine->state == RUN_RUNNING) {
        if (machine->runner) {
            machine->runner->pause(machine);
        }
        clock_set_running(machine->clock, false);
    }
    debug_stopped(machine);
    set_state(machine, state);
}

void machine_hold(Machine *machine)
{
    if (machine->state == RUN_RUNNING && machine->runner) {
        machine->runner->pause(machine);
    }
}

void machine_release(Machine *machine)
{
    if (machine->state == RUN_RUNNING && machine->runner) {
        machine->runner->resume(machine);
    }
}

const char *run_state_name(RunState state)
{
    static const char *const names[] = {
        [RUN_PRELAUNCH] = "prelaunch",
        [RUN_RUNNING] = "running",
        [RUN_PAUSED] = "paused",
        [RUN_DEBUG] = "debug",
        [RUN_SHUTDOWN] = "shutdown",
        [RUN_INTERNAL_ERROR] = "internal-error",
    };
    return names[state];
}

ShutdownCause machine_run(Machine *machine)
{
    machine->shutdown_cause = SHUTDOWN_NONE;
    g_main_loop_run(machine->loop);
    return machine->shutdown_cause;
}
