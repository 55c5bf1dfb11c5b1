/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine: what hangs off it, its run state and its life cycle.
 *
 * Lock: machine->lock protects devices, interrupt lines, timers, the run state and the
 * region tree. vCPU threads take it for device accesses only. machine_* may be called
 * from any thread unless said otherwise.
 */
#ifndef SYSTEM_MACHINE_H
#define SYSTEM_MACHINE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "system/clock.h"
#include "system/cpu.h"
#include "system/debug.h"
#include "system/memory.h"

typedef enum {
    RUN_PRELAUNCH,      /* -S: not started yet */
    RUN_RUNNING,
    RUN_PAUSED,
    RUN_DEBUG,          /* a breakpoint, a watchpoint, or the end of a step */
    RUN_SHUTDOWN,       /* the guest powered off and -no-shutdown keeps us */
    RUN_INTERNAL_ERROR,
} RunState;

typedef enum {
    SHUTDOWN_NONE,
    SHUTDOWN_GUEST_POWEROFF,
    SHUTDOWN_GUEST_RESET,       /* a reset that -no-reboot turned into the end */
    SHUTDOWN_HOST_SIGNAL,
    SHUTDOWN_MONITOR_QUIT,
    SHUTDOWN_MONITOR_RESET,     /* the monitor's reset, only as the cause of a reset */
    SHUTDOWN_UI,                /* Ctrl-a x */
} ShutdownCause;

/* What management wants to hear of. */
typedef enum {
    MACHINE_STOPPED, MACHINE_RESUMED,
    MACHINE_RESET,              /* cause */
    MACHINE_SHUTDOWN,           /* cause; before the program ends or, with no_shutdown, stops */
    MACHINE_POWERDOWN,          /* the power button was pressed */
    MACHINE_BALLOON_CHANGED,    /* seconds: bytes of memory that the guest has left */
    MACHINE_RTC_CHANGED,        /* seconds: how far the guest has moved its clock from the host's */
    MACHINE_DEVICE_DELETED,     /* device, which is freed right after */
} MachineEventKind;

typedef struct {
    MachineEventKind kind;
    ShutdownCause cause;
    int64_t seconds;
    const struct Device *device;
} MachineEvent;

/* A memory balloon, for the monitor. Lock held. */
typedef struct {
    uint64_t (*bytes)(void *opaque);                /* that the guest has now */
    void (*ask)(void *opaque, uint64_t bytes);      /* the guest is told when its driver runs */
    void *opaque;
} Balloon;

/* What runs the vCPUs; accel/ implements it. */
typedef struct {
    const char *name;
    bool no_flash_code;     /* code in flash cannot be executed: kernels are entered without a boot stub */
    /* All vCPUs leave guest code and wait (returns when they do), or go on. Lock held. */
    void (*pause)(Machine *machine);
    void (*resume)(Machine *machine);
    /* Threads are ended and joined. Lock not held. */
    void (*stop)(Machine *machine);
    /* Whether machine->debug is heeded, as of the next resume; false with err. NULL: it is not. Lock held. */
    bool (*can_debug)(Machine *machine, DebugKind kind, GError **err);
} MachineRunner;

typedef struct ResetHook ResetHook;

struct Machine {
    GRecMutex lock;
    GMainContext *context;      /* the main thread's */
    GMainLoop *loop;
    Clock *clock;
    char *name;                 /* -name, or NULL */
    struct BlockGraph *blocks;  /* disk images (block/block.h); NULL in tests without */
    struct ObjectSet *objects;  /* of -object (system/objects.h); NULL in tests without */
    struct ChardevSet *chardevs;    /* of -chardev (chardev/chardev_set.h); the same */
    struct Input *input;        /* keyboards and pointers (system/input.h) */
    struct DisplaySet *displays;    /* what graphics devices show (ui/display.h); NULL in tests without */
    struct VncSet *vncs;        /* servers of these (ui/vnc.h); NULL in tests without */
    const Balloon *balloon;     /* NULL: there is none */
    struct NetSet *net;         /* all ends of networks (net/net.h); NULL: there is no network */
    struct FsdevSet *fsdevs;    /* shared folders (fsdev/fsdev.h); NULL in tests without */
    struct AudioSet *audio;     /* sound of the host (audio/audio.h); NULL: there is none */
    struct FdSets *fdsets;      /* descriptors that are files by name (system/fdset.h) */

    uint64_t ram_size;          /* bytes */
    bool big_endian;
    bool is_64bit;
    bool useg_kernel;           /* the kernel is linked in useg (0x40000000): trap-and-emulate segments */

    MemRegion *memory;          /* physical memory, 2^64 */
    AddressSpace *as;
    MemRegion *io;              /* the ports of the board's buses, its bridge's; NULL: there are none */
    GPtrArray *cpus;            /* of Cpu * */
    GPtrArray *devices;         /* of Device *, in the order they were realized */
    GPtrArray *buses;           /* of Bus *, owned by what made them */
    void *board;                /* the board's own structure */

    /* A device's word on the access just made, nanoseconds: what is polled there stays as it is for that
     * long. Atomic; 0: nothing known. */
    int64_t poll_ns;

    const MachineRunner *runner;
    void *runner_data;

    Debug *debug;               /* what a debugger asks for; NULL: there was none yet */

    RunState state;
    ShutdownCause shutdown_cause;
    bool no_reboot, no_shutdown;
    bool rtc_localtime;
    ClockType rtc_clock;        /* what the real-time clock runs on */
    int64_t rtc_offset;         /* seconds that -rtc base= adds to the host's UTC */
    GPtrArray *reset_hooks;     /* of ResetHook * */
    GPtrArray *state_listeners; /* private */
    GPtrArray *event_listeners; /* private */
    GPtrArray *power_buttons;   /* private: of ResetHook * */
    GPtrArray *cleanups;        /* private */
    struct RequestSource *requests; /* private */
};

/* A machine without board or CPUs, in RUN_PRELAUNCH, on the calling thread's context. */
Machine *machine_new(GMainContext *context);
/* The runner must have been stopped. Frees devices, CPUs, memory and clock. */
void machine_free(Machine *machine);

/* func runs at every reset, after the CPUs' own reset and in the order of registration;
 * lock held, vCPUs parked. */
void machine_add_reset(Machine *machine, void (*func)(void *opaque), void *opaque);
void machine_remove_reset(Machine *machine, void *opaque);
/* func runs in machine_free, the last one added first, before devices and memory go. */
void machine_add_cleanup(Machine *machine, void (*func)(void *opaque), void *opaque);
/* func runs after every change of the run state, lock held. */
void machine_add_state_listener(Machine *machine, void (*func)(void *opaque, RunState now), void *opaque);

/* func runs at every event, lock held; machine_remove_event_listener takes it away again. */
void machine_add_event_listener(Machine *machine, void (*func)(void *opaque, const MachineEvent *event),
                                void *opaque);
void machine_remove_event_listener(Machine *machine, void *opaque);
/* Tells them; lock held. */
void machine_event(Machine *machine, MachineEventKind kind, ShutdownCause cause, int64_t seconds);
/* MACHINE_DEVICE_DELETED. */
void machine_device_event(Machine *machine, const struct Device *device);
/* func runs when the power button is pressed; lock held. */
void machine_add_power_button(Machine *machine, void (*func)(void *opaque), void *opaque);
/* Presses it; main thread, lock held. Whether anything comes of it is the guest's. */
void machine_press_power_button(Machine *machine);

/* Resets everything now; main thread, lock held, vCPUs parked. */
void machine_reset(Machine *machine);
/* Asks the main thread for a reset or the end; returns at once. The vCPU that asked goes
 * on for a few instructions at most. */
void machine_request_reset(Machine *machine);
/* The same, asked for by the monitor: no_reboot does not matter then. */
void machine_request_host_reset(Machine *machine);
void machine_request_shutdown(Machine *machine, ShutdownCause cause);
/* Asks for a stop in RUN_INTERNAL_ERROR: a vCPU cannot go on. */
void machine_request_error_stop(Machine *machine);
/* Asks for a stop in RUN_DEBUG: a vCPU has noted one in machine->debug. */
void machine_request_debug_stop(Machine *machine);
/* Start and stop virtual time and vCPUs; main thread, lock held. Starting after
 * RUN_SHUTDOWN resets first. */
void machine_start(Machine *machine);
void machine_stop(Machine *machine, RunState state);
/* Until machine_release no vCPU is in a device or about to enter one, and time goes on: something may be
 * freed. Main thread, lock held. */
void machine_hold(Machine *machine);
void machine_release(Machine *machine);
const char *run_state_name(RunState state);
/* "guest-shutdown" ...: as QMP calls it; and whether it was the guest. */
const char *shutdown_cause_name(ShutdownCause cause);
bool shutdown_cause_is_guest(ShutdownCause cause);
/* Runs the main loop until a shutdown; returns the cause. Lock not held. */
ShutdownCause machine_run(Machine *machine);

static inline void machine_lock(Machine *machine)
{
    g_rec_mutex_lock(&machine->lock);
}

static inline void machine_unlock(Machine *machine)
{
    g_rec_mutex_unlock(&machine->lock);
}

#endif
