/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system/machine.h"

#include <string.h>

/* A runner and a CPU that only keep a diary. */
static GString *diary;
static bool parked;

static void fake_pause(Machine *machine)
{
    g_assert_false(parked);
    parked = true;
    g_string_append(diary, "pause ");
}

static void fake_resume(Machine *machine)
{
    g_assert_true(parked);
    parked = false;
    g_string_append(diary, "resume ");
}

static const MachineRunner runner = { "fake", .pause = fake_pause, .resume = fake_resume };

static void cpu_reset(Cpu *cpu)
{
    g_assert_true(parked);
    g_string_append(diary, "cpu ");
}

static void cpu_free(Cpu *cpu)
{
    g_string_append(diary, "freed ");
    g_free(cpu);
}

static const CpuOps cpu_ops = { .reset = cpu_reset, .free = cpu_free };

static void hook(void *opaque)
{
    g_string_append_printf(diary, "%s ", (const char *)opaque);
}

static void state_changed(void *opaque, RunState now)
{
    g_string_append_printf(diary, "=%s ", run_state_name(now));
}

static Machine *new_machine(void)
{
    diary = g_string_new(NULL);
    parked = true;
    Machine *machine = machine_new(NULL);
    Cpu *cpu = g_new0(Cpu, 1);
    cpu->ops = &cpu_ops;
    g_ptr_array_add(machine->cpus, cpu);
    machine->runner = &runner;
    machine_add_reset(machine, hook, (char *)"a");
    machine_add_reset(machine, hook, (char *)"b");
    machine_add_state_listener(machine, state_changed, NULL);
    return machine;
}

static void end(Machine *machine)
{
    g_string_truncate(diary, 0);
    machine_free(machine);
    g_assert_cmpstr(diary->str, ==, "freed ");
    g_string_free(diary, TRUE);
}

static void expect(const char *text)
{
    g_assert_cmpstr(diary->str, ==, text);
    g_string_truncate(diary, 0);
}

static void test_start_stop(void)
{
    Machine *machine = new_machine();
    g_assert_cmpint(machine->state, ==, RUN_PRELAUNCH);
    machine_lock(machine);
    machine_reset(machine);
    expect("cpu a b ");
    int64_t frozen = clock_now(machine->clock, CLOCK_VIRTUAL);
    g_usleep(1000);
    g_assert_cmpint(clock_now(machine->clock, CLOCK_VIRTUAL), ==, frozen);
    machine_start(machine);
    machine_start(machine);
    expect("=running resume ");
    g_usleep(1000);
    g_assert_cmpint(clock_now(machine->clock, CLOCK_VIRTUAL), >, frozen);
    machine_stop(machine, RUN_PAUSED);
    machine_stop(machine, RUN_PAUSED);
    expect("pause =paused ");
    frozen = clock_now(machine->clock, CLOCK_VIRTUAL);
    g_usleep(1000);
    g_assert_cmpint(clock_now(machine->clock, CLOCK_VIRTUAL), ==, frozen);
    machine_unlock(machine);
    end(machine);
}

static void started(Machine *machine)
{
    machine_lock(machine);
    machine_start(machine);
    machine_unlock(machine);
    g_string_truncate(diary, 0);
}

static gpointer shutdown_from_thread(gpointer data)
{
    g_usleep(10000);
    machine_request_shutdown(data, SHUTDOWN_GUEST_POWEROFF);
    return NULL;
}

static void test_shutdown(void)
{
    Machine *machine = new_machine();
    started(machine);
    GThread *thread = g_thread_new("vcpu", shutdown_from_thread, machine);
    g_assert_cmpint(machine_run(machine), ==, SHUTDOWN_GUEST_POWEROFF);
    g_thread_join(thread);
    end(machine);
}

static gboolean quit(gpointer data)
{
    machine_request_shutdown(data, SHUTDOWN_MONITOR_QUIT);
    return G_SOURCE_REMOVE;
}

static void test_no_shutdown(void)
{
    Machine *machine = new_machine();
    machine->no_shutdown = true;
    started(machine);
    machine_request_shutdown(machine, SHUTDOWN_GUEST_POWEROFF);
    g_timeout_add(30, quit, machine);
    g_assert_cmpint(machine_run(machine), ==, SHUTDOWN_MONITOR_QUIT);
    g_assert_cmpint(machine->state, ==, RUN_SHUTDOWN);
    expect("pause =shutdown ");
    machine_lock(machine);
    machine_start(machine);         /* what powered off begins anew */
    machine_unlock(machine);
    expect("cpu a b =running resume ");

    /* Or it is reset first, and then started. */
    machine_request_shutdown(machine, SHUTDOWN_GUEST_POWEROFF);
    g_timeout_add(30, quit, machine);
    g_assert_cmpint(machine_run(machine), ==, SHUTDOWN_MONITOR_QUIT);
    expect("pause =shutdown ");
    machine_request_host_reset(machine);
    g_timeout_add(30, quit, machine);
    machine_run(machine);
    expect("cpu a b =prelaunch ");
    started(machine);
    g_assert_cmpint(machine->state, ==, RUN_RUNNING);
    end(machine);
}

static void test_reset(void)
{
    Machine *machine = new_machine();
    started(machine);
    machine_request_reset(machine);
    machine_request_reset(machine);
    g_timeout_add(30, quit, machine);
    g_assert_cmpint(machine_run(machine), ==, SHUTDOWN_MONITOR_QUIT);
    expect("pause cpu a b resume ");
    machine_lock(machine);
    machine_stop(machine, RUN_PAUSED);
    machine_unlock(machine);
    g_string_truncate(diary, 0);
    machine_request_reset(machine);
    g_timeout_add(30, quit, machine);
    machine_run(machine);
    expect("cpu a b ");             /* a stopped machine stays stopped */
    end(machine);
}

static void test_no_reboot(void)
{
    Machine *machine = new_machine();
    machine->no_reboot = true;
    started(machine);
    machine_request_reset(machine);
    g_assert_cmpint(machine_run(machine), ==, SHUTDOWN_GUEST_RESET);
    expect("");
    end(machine);
}

static void test_host_wins(void)
{
    Machine *machine = new_machine();
    machine->no_shutdown = true;
    started(machine);
    machine_request_shutdown(machine, SHUTDOWN_GUEST_POWEROFF);
    machine_request_shutdown(machine, SHUTDOWN_HOST_SIGNAL);
    machine_request_reset(machine);
    g_assert_cmpint(machine_run(machine), ==, SHUTDOWN_HOST_SIGNAL);
    end(machine);
}

static void test_memory(void)
{
    Machine *machine = new_machine();
    GError *err = NULL;
    MemRegion *ram = mem_ram_new("ram", 64 << 10, &err);
    g_assert_no_error(err);
    mem_add(machine->memory, 0x1000000, ram, 0);
    uint64_t value = 0;
    g_assert_cmpint(as_write(machine->as, 0x1000010, 4, false, 0x12345678), ==, MEM_OK);
    g_assert_cmpint(as_read(machine->as, 0x1000010, 4, false, &value), ==, MEM_OK);
    g_assert_cmphex(value, ==, 0x12345678);
    mem_free(ram);
    end(machine);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/machine/start-stop", test_start_stop);
    g_test_add_func("/machine/shutdown", test_shutdown);
    g_test_add_func("/machine/no-shutdown", test_no_shutdown);
    g_test_add_func("/machine/reset", test_reset);
    g_test_add_func("/machine/no-reboot", test_no_reboot);
    g_test_add_func("/machine/host-wins", test_host_wins);
    g_test_add_func("/machine/memory", test_memory);
    return g_test_run();
}
