/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text monitor: its line, completion, commands. */
#include "chardev-test.h"

static const AccelReport fake_accel = { .name = "tcg", .mode = (char *)"translator",
                                       .why = (char *)"no KVM" };
static const KvmRequest fake_request = { .type = KVM_TYPE_TE };

/* Its objects and properties are freed with free_context. */
static MonitorContext context_of(Fixture *f)
{
    JsonObject *properties = json_object_new();
    json_object_set_string_member(properties, "kvm-type", "TE");
    return (MonitorContext){ .machine = f->machine, .chardevs = f->set, .objects = object_set_new(),
                             .version = "9.9.9", .uuid = "the-uuid", .target = "mips",
                                 .machine_type = "malta",
                             .properties = properties, .accel = &fake_accel, .kvm = &fake_request };
}

static void free_context(MonitorContext *context)
{
    object_set_free(context->objects);
    json_object_unref(context->properties);
}

static void test_monitor(Fixture *f, gconstpointer data)
{
    int fd;
    Chardev *chr = socket_pair(f, "", &fd);
    MonitorContext context = context_of(f);
    Monitor *monitor = monitor_new(&context, chr);
    g_autofree char *greeting = read_now(fd);
    g_assert_nonnull(strstr(greeting, "9.9.9"));
    g_assert_true(g_str_has_suffix(greeting, "(valletta) "));

    /* Backspace, ^U, completion, history. */
    const char *keys = "junk\025inX\177fo st\t\r";
    g_assert_cmpint(write(fd, keys, strlen(keys)), ==, (ssize_t)strlen(keys));
    iterate(30);
    g_autofree char *answer = read_now(fd);
    g_assert_nonnull(strstr(answer, "VM status: paused (prelaunch)\r\n"));
    g_assert_cmpint(write(fd, "\033[A\r", 4), ==, 4);
    iterate(30);
    g_autofree char *again = read_now(fd);
    g_assert_nonnull(strstr(again, "VM status"));
    g_assert_cmpint(write(fd, "frobnicate\n", 11), ==, 11);
    iterate(30);
    g_autofree char *unknown = read_now(fd);
    g_assert_nonnull(strstr(unknown, "unknown command: 'frobnicate'; \"help\""));
    g_assert_cmpint(write(fd, "quit\n", 5), ==, 5);
    g_assert_cmpint(machine_run(f->machine), ==, SHUTDOWN_MONITOR_QUIT);
    monitor_free(monitor);
    free_context(&context);
    close(fd);
}

static void expect_run(const MonitorContext *context, const char *line, const char *part)
{
    g_autofree char *out = monitor_run(context, line);
    if (!strstr(out, part)) {
        g_error("'%s' printed '%s', not '%s'", line, out, part);
    }
}

static void expect_completions(const MonitorContext *context, const char *text, const char *wanted)
{
    g_auto(GStrv) words = monitor_complete(context, text);
    g_autofree char *list = g_strjoinv(" ", words);
    g_assert_cmpstr(list, ==, wanted);
}

static void test_completion(Fixture *f, gconstpointer data)
{
    MonitorContext context = context_of(f);
    open_chr(f, "serial0", "null");
    open_chr(f, "second", "null");
    g_assert_true(object_set_add_text(context.objects, "-object", "rng-builtin,id=rng7", NULL));
    expect_completions(&context, "system_", "system_powerdown system_reset");
    expect_completions(&context, "migrat", "");     /* not there, and not offered */
    expect_completions(&context, "info st", "status");
    expect_completions(&context, "info qom-tree /obj", "/objects /objects/rng7");
    expect_completions(&context, "help sto", "stop");
    expect_completions(&context, "chardev-remove s", "serial0 second");
    expect_completions(&context, "object_del r", "rng7");
    expect_completions(&context, "object_add rng", "rng-builtin rng-random");
    expect_completions(&context, "log guest", "guest_errors");
    expect_completions(&context, "qom-get /machine/per", "/machine/peripheral /machine/peripheral-anon");
    expect_completions(&context, "qom-get /machine ty", "");
    free_context(&context);
}

static void test_monitor_commands(Fixture *f, gconstpointer data)
{
    MonitorContext context = context_of(f);
    MemRegion *ram = mem_ram_new("ram", 64 << 10, NULL);
    mem_add(f->machine->memory, 0, ram, 0);
    memcpy(mem_host(ram) + 16, "\x01\x02\x03\x04\x80\xff\xff\xff", 8);
    open_chr(f, "serial0", "null");
    expect_run(&context, "help", "system_reset");
    expect_run(&context, "info version", "9.9.9");
    expect_run(&context, "info accelerators", "[*] tcg");
    expect_run(&context, "info kvm", "kvm support: disabled\nmode: translator: no KVM\n");
    expect_run(&context, "qom-get /machine kvm-type", "\"TE\"\n");
    expect_run(&context, "qom-get /machine frob", "no such property");
    expect_run(&context, "info uuid", "the-uuid");
    expect_run(&context, "info chardev", "serial0: filename=null");
    expect_run(&context, "info mtree", "ram");
    expect_run(&context, "info nothing", "not known");
    expect_run(&context, "xp/2xw 0x10", "0000000000000010: 0x04030201 0xffffff80\n");
    expect_run(&context, "xp /1dw 0x14", " -128\n");
    expect_run(&context, "xp /3xb 17", " 0x02 0x03 0x04\n");
    expect_run(&context, "xp /1xg 0x10", " 0xffffff8004030201\n");
    expect_run(&context, "xp 0x40000000", "nothing there");
    expect_run(&context, "xp /1zw 0", "Error: 'z'");
    expect_run(&context, "xp /1xw zero", "Error: 'zero'");
    f->machine->big_endian = true;
    expect_run(&context, "xp/1xw 0x10", "0x01020304");
    expect_run(&context, "x/1xw 0x10", "not mapped");
    expect_run(&context, "log bogus", "Error: unknown log item");
    expect_run(&context, "sendbreak nobody", "Error: no character device 'nobody'");
    expect_run(&context, "system_powerdown", "");
    expect_run(&context, "print (1 + 2) * 0x10 - 3", "0x2d\n");
    expect_run(&context, "p/d -5", "-5\n");
    expect_run(&context, "p 1/0", "Error: division by zero");
    expect_run(&context, "p $pc", "Error: '$pc': no such register");
    expect_run(&context, "xp /1i 0x10", "Error: No CPU available");
    expect_run(&context, "sum 16 8", "41934\n");
    expect_run(&context, "sendkey a", "Error: sendkey: this machine has no keyboard");
    expect_run(&context, "object_add rng-builtin,id=r", "");
    expect_run(&context, "info qom-tree /objects", "  /r (rng-builtin)\n");
    expect_run(&context, "object_del r", "");
    expect_run(&context, "object_del r", "Error: object 'r' not found");
    expect_run(&context, "cont", "");
    g_assert_cmpint(f->machine->state, ==, RUN_RUNNING);
    expect_run(&context, "info status", "running");
    expect_run(&context, "stop", "");
    g_assert_cmpint(f->machine->state, ==, RUN_PAUSED);
    free_context(&context);
    mem_free(ram);
}

#define ADD(name, func) g_test_add("/chardev/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    g_test_init(&argc, &argv, NULL);
    ADD("monitor", test_monitor);
    ADD("completion", test_completion);
    ADD("monitor-commands", test_monitor_commands);
    return g_test_run();
}
