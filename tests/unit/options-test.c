/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/options.h"

#include <glib/gstdio.h>
#include <string.h>
#include "app/drives.h"
#include "app/plan.h"
#include "util/bits.h"

static bool parse_line(Settings *s, const char *line, GError **err)
{
    g_auto(GStrv) argv = NULL;
    int argc;
    g_autofree char *whole = g_strconcat("valletta ", line, NULL);
    g_assert_true(g_shell_parse_argv(whole, &argc, &argv, NULL));
    return options_parse(s, argc, argv, err);
}

static Settings *parsed(const char *line)
{
    Settings *s = settings_new("valletta");
    GError *err = NULL;
    g_assert_true(parse_line(s, line, &err));
    g_assert_no_error(err);
    return s;
}

/* What the whole command line is refused with. */
static char *refusal(const char *program, const char *line)
{
    g_autoptr(Settings) s = settings_new(program);
    g_autoptr(GError) err = NULL;
    Plan plan = { 0 };
    bool ok = parse_line(s, line, &err) && plan_make(&plan, s, &err);
    plan_clear(&plan);
    if (ok) {
        g_error("accepted: %s", line);
    }
    g_assert_null(strchr(err->message, '\n'));
    return g_strdup(err->message);
}

static void expect_refused(const char *program, const char *line, const char *part)
{
    g_autofree char *message = refusal(program, line);
    if (!strstr(message, part)) {
        g_error("%s: '%s' lacks '%s'", line, message, part);
    }
}

/* ---- a kernel that is only a header ---- */

static char *folder, *le32, *be32, *le64, *raw;

static void put(uint8_t *at, unsigned size, uint64_t value, bool big)
{
    if (big) {
        store_be(at, size, value);
    } else {
        store_le(at, size, value);
    }
}

static char *write_elf(const char *name, unsigned bits, bool big)
{
    uint8_t e[64] = { 0x7f, 'E', 'L', 'F', bits == 64 ? 2 : 1, big ? 2 : 1, 1 };
    bool wide = bits == 64;
    put(e + 16, 2, 2, big);                                 /* ET_EXEC */
    put(e + 18, 2, 8, big);                                 /* EM_MIPS */
    put(e + 20, 4, 1, big);
    put(e + 24, wide ? 8 : 4, 0xffffffff80100000, big);     /* the entry */
    put(e + (wide ? 48 : 36), 4, wide ? 0x80000000 : 0x70000000, big);  /* MIPS64R2, MIPS32R2 */
    put(e + (wide ? 52 : 40), 2, wide ? 64 : 52, big);
    char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, (char *)e, 64, NULL));
    return path;
}

static void make_files(void)
{
    static const char code[128] = { 0x10, 0, (char)0xff, (char)0xff };
    folder = g_dir_make_tmp("valletta-options-XXXXXX", NULL);
    le32 = write_elf("le32", 32, false);
    be32 = write_elf("be32", 32, true);
    le64 = write_elf("le64", 64, false);
    raw = g_build_filename(folder, "raw", NULL);
    g_assert_true(g_file_set_contents(raw, code, sizeof(code), NULL));
}

static void remove_files(void)
{
    char *files[] = { le32, be32, le64, raw };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_assert_cmpint(g_unlink(files[i]), ==, 0);
        g_free(files[i]);
    }
    g_rmdir(folder);
    g_free(folder);
}

/* ---- the line ---- */

static void test_both_dashes(void)
{
    g_autoptr(Settings) s = parsed("--kernel k -initrd i --append 'a b,c' -S --no-reboot -no-shutdown");
    g_assert_cmpstr(s->kernel, ==, "k");
    g_assert_cmpstr(s->initrd, ==, "i");
    g_assert_cmpstr(s->append, ==, "a b,c");
    g_assert_true(s->start_stopped && s->no_reboot && s->no_shutdown && !s->daemonize);
}

static void test_merge(void)
{
    g_autoptr(Settings) s = parsed("-M malta,usb=off -machine accel=tcg -m 64 -m size=1G "
                                   "-serial null -serial file:x -name a -name process=b");
    g_assert_cmpstr(keyval_get(s->machine, "type"), ==, "malta");
    g_assert_cmpstr(keyval_get(s->machine, "usb"), ==, "off");
    g_assert_cmpstr(keyval_get(s->machine, "accel"), ==, "tcg");
    g_assert_cmpstr(keyval_get(s->memory, "size"), ==, "1G");
    g_assert_cmpuint(s->serials->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(s->serials, 1), ==, "file:x");
    g_assert_cmpstr(keyval_get(s->guest_name, "guest"), ==, "a");
    g_assert_cmpstr(keyval_get(s->guest_name, "process"), ==, "b");
}

static void test_unknown(void)
{
    expect_refused("valletta", "-kernle x", "-kernle: unknown option; did you mean -kernel?");
    expect_refused("valletta", "--nographics", "did you mean -nographic?");
    expect_refused("valletta", "-xyzzy", "-xyzzy: unknown option; valletta -help");
    expect_refused("valletta", "-serial", "-serial: needs DEV");
    expect_refused("valletta", "disk.img", "disk.img: not an option");
    expect_refused("valletta", "-", "-: not an option");
}

/* Where displays are shown. */
static void test_displays(void)
{
    g_autoptr(Settings) s = parsed("-display vnc=:1,to=9 -vnc unix:/x -display none -k de "
                                   "-display sdl,show-cursor=on");
    g_assert_cmpuint(s->vncs->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(s->vncs, 0), ==, ":1,to=9");
    g_assert_cmpstr(s->display, ==, "sdl,show-cursor=on");
    g_assert_cmpstr(s->keyboard, ==, "de");
    expect_refused("valletta", "-display gtk", "none, sdl and vnc=:N");
    expect_refused("valletta", "-display sld", "no such display");
    expect_refused("valletta", "-display vnc", "-display vnc=:0");
}

/* Each is refused by its own name, and none of them is also an option. */
static void test_absent(void)
{
    for (const AbsentOption *a = absent_options; a->name; a++) {
        g_autofree char *line = g_strdup_printf("-%s x", a->name);
        g_autofree char *start = g_strdup_printf("-%s: not there yet: ", a->name);
        expect_refused("valletta", line, start);
        for (const Option *o = option_table; o->name || o->help; o++) {
            g_assert_cmpstr(o->name, !=, a->name);
        }
    }
    static const char *const habits[] = { "-fda f", "-device frob", "-curses",
        "-sd f", "-vga qxl", "-display gtk",
        "-icount 1" };
    for (size_t i = 0; i < G_N_ELEMENTS(habits); i++) {
        expect_refused("valletta", habits[i], "not there yet");
    }
}

/* USB is there; -usbdevice is short for other options. */
static void test_usb(void)
{
    g_autoptr(Settings) s = parsed("-usb -usbdevice keyboard -usbdevice disk:a,b.img -M malta,usb=on");
    g_assert_cmpuint(s->devices->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(s->devices, 0), ==, "usb-kbd");
    g_assert_cmpstr(g_ptr_array_index(s->devices, 1), ==, "usb-storage,drive=usbdevice0");
    const DriveOption *drive = g_ptr_array_index(s->drives, 0);
    g_assert_cmpstr(drive->text, ==, "file=a,,b.img,if=none,id=usbdevice0");
    expect_refused("valletta", "-usbdevice serial", "there are keyboard, mouse, tablet and disk:FILE");
    expect_refused("valletta", "-usbdevice disk:", "there are keyboard, mouse, tablet and disk:FILE");
}

static void test_help(void)
{
    g_autofree char *help = options_help();
    for (const Option *o = option_table; o->name || o->help; o++) {
        g_autofree char *text = o->name ? g_strdup_printf("\n-%s ", o->name) : g_strdup(o->help);
        g_assert_true(strstr(help, text) != NULL);
    }
    static const struct {
        const char *line, *part;
    } asked[] = {
        { "-help", "-kernel FILE" }, { "-h -bogus", "-kernel FILE" }, { "-version", "version 0." },
        { "-M help", "malta" }, { "-machine malta,help", "dump-guest-core" }, { "-d help", "guest_errors" },
        { "-chardev help", "socket" }, { "-cpu help", "24Kf" }, { "-accel help", "tcg" },
        { "-cpu ?", "24Kf" }, { "-object help", "rng-random" }, { "-device help", "device" },
        { "-netdev help", "hostfwd=" }, { "-nic user,model=help", "pcnet" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(asked); i++) {
        g_autoptr(Settings) s = parsed(asked[i].line);
        g_assert_nonnull(s->print);
        g_assert_nonnull(strstr(s->print, asked[i].part));
    }
}

/* ---- the plan ---- */

static void test_bad_values(void)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        { "", "nothing to boot" },
        { "-M pc", "-machine pc: there is no such machine; there are malta and none" },
        { "-M malta,frob=1", "-machine: unknown property 'frob'; it knows type" },
        { "-M usb=perhaps", "must be on or off" },
        { "-M kvm-type=XX", "-machine kvm-type=XX: must be TE" },
        { "-accel kvm,frob=1", "-accel kvm,frob=1: no such property" },
        { "-accel kvm,fallback=maybe", "on or off" },
        { "-accel kvm,kvm-type=TE", "is a property of the machine" },
        { "-M accel=tcg -accel tcg", "leave one of them out" },
        { "-accel bogus", "bogus" },
        { "-accel qtest:bogus", "bogus" },
        { "-accel kvm:qtest", "cannot stand in for kvm" },
        { "-accel qtest,frob=1", "it has no properties" },
        { "-accel qtest -kernel /nonexistent", "/nonexistent" },
        { "-m 3G", "2G" },
        { "-m 0", "-m 0" },
        { "-m 1.5M", "multiple of 1M" },
        { "-m lots", "-m: size=lots" },
        { "-m 64,slots=2,maxmem=1G", "cannot be added" },
        { "-smp 2", "-smp cpus=2" },
        { "-smp 1,cores=2", "cores=2" },
        { "-smp none", "-smp: cpus=none" },
        { "-rtc base=tomorrow", "-rtc base=tomorrow" },
        { "-rtc clock=rt", "must be host" },
        { "-boot d", "-boot d" },
        { "-boot menu=on", "menu=on" },
        { "-name a,frob=1", "-name: unknown property 'frob'" },
        { "-uuid 12", "-uuid 12" },
        { "-initrd x", "-initrd x: needs -kernel" },
        { "-kernel /nonexistent/k", "/nonexistent/k" },
        { "-bios /nonexistent/b", "-bios /nonexistent/b: no such file" },
        { "-bios b -kernel k", "leave out one" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        expect_refused("valletta", cases[i].line, cases[i].part);
    }
}

static void expect_refused_kernel(const char *program, const char *kernel, const char *more, const char *part)
{
    g_autofree char *line = g_strdup_printf("-kernel %s %s", kernel, more);
    expect_refused(program, line, part);
}

static void test_contradictions(void)
{
    expect_refused_kernel("/x/qemu-system-mips", le32, "", "is little-endian");
    expect_refused_kernel("qemu-system-mipsel", be32, "", "is big-endian");
    expect_refused_kernel("qemu-system-mipsel", le64, "", "64-bit");
    expect_refused_kernel("valletta", le64, "-cpu 24Kf", "24Kf");
    expect_refused_kernel("valletta", le32, "-M endian=big", "is little-endian");
    expect_refused_kernel("valletta", le32, "-cpu Pentium", "Pentium");
    expect_refused_kernel("valletta", raw, "", "endian=little");
    expect_refused_kernel("qemu-system-mips", raw, "-M endian=little", "other byte order");
    expect_refused_kernel("valletta", le32, "-serial null -serial null -serial null -serial null",
                          "three serial");
    expect_refused_kernel("valletta", le32, "-daemonize -nographic", "-daemonize");
    expect_refused_kernel("valletta", le32, "-daemonize -serial stdio", "-daemonize");
}

typedef struct {
    const char *program, *kernel, *more;
    bool big, wide;
    const char *serial0, *monitor;
} GoodCase;

static void check_good(const GoodCase *c)
{
    g_autoptr(Settings) s = settings_new(c->program);
    GError *err = NULL;
    Plan plan = { 0 };
    g_autofree char *line = g_strdup_printf("-kernel %s %s", c->kernel, c->more);
    g_test_message("%s %s", c->program, line);
    bool ok = parse_line(s, line, &err) && plan_make(&plan, s, &err);
    g_assert_no_error(err);
    g_assert_true(ok);
    g_assert_cmpint(plan.big_endian, ==, c->big);
    g_assert_cmpint(plan.model->is_64bit, ==, c->wide);
    g_assert_cmpstr(plan.serial[0], ==, c->serial0);
    g_assert_cmpstr(plan.monitor, ==, c->monitor);
    plan_clear(&plan);
}

static void test_good(void)
{
    const GoodCase cases[] = {
        { "valletta", le32, "", false, false, "mon:stdio", NULL },
        { "valletta", be32, "-nographic", true, false, "mon:stdio", NULL },
        { "valletta", le64, "-serial null", false, true, "null", "stdio" },
        { "valletta", le32, "-serial stdio", false, false, "stdio", NULL },
        { "valletta", le32, "-nodefaults", false, false, NULL, NULL },
        { "valletta", le32, "-monitor none", false, false, "stdio", NULL },
        { "valletta", le32, "-serial mon:stdio", false, false, "mon:stdio", NULL },
        { "valletta", le32, "-chardev stdio,id=c,mux=on -serial chardev:c -mon c", false, false,
          "chardev:c", NULL },
        { "valletta", le32, "-daemonize", false, false, NULL, NULL },
        { "valletta", le32, "-cpu 5KEc", false, true, "mon:stdio", NULL },
        { "valletta", raw, "-M endian=big", true, false, "mon:stdio", NULL },
        { "/usr/lib/valletta/bin/qemu-system-mips64el", le32, "", false, true, "mon:stdio", NULL },
        { "qemu-system-mips64", raw, "", true, true, "mon:stdio", NULL },
        { "valletta", le32, "-M malta,accel=tcg,usb=off,graphics=off -smp 1,sockets=1,cores=1,threads=1 "
                            "-boot strict=on "
          "-rtc base=utc,clock=vm -vga none -net none -nic none -display none -parallel none -no-user-config "
          "-name guest=x,debug-threads=on -msg timestamp=on -uuid 550e8400-e29b-41d4-a716-446655440000",
          false, false, "mon:stdio", NULL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        check_good(&cases[i]);
    }
}

static void test_memory(void)
{
    static const struct {
        const char *option;
        uint64_t bytes;
    } cases[] = {
        { "", 128 * MIB }, { "-m 512", 512 * MIB }, { "-m 512M", 512 * MIB }, { "-m size=1G", GIB },
        { "-m 2G", 2 * GIB }, { "-m 64,slots=0", 64 * MIB }, { "-m 0.5G", 512 * MIB },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = g_strdup_printf("-kernel %s %s", le32, cases[i].option);
        g_autoptr(Settings) s = parsed(line);
        GError *err = NULL;
        Plan plan = { 0 };
        g_assert_true(plan_make(&plan, s, &err));
        g_assert_cmpuint(plan.ram_size, ==, cases[i].bytes);
        plan_clear(&plan);
    }
}

static void test_aliases(void)
{
    g_autofree char *line = g_strdup_printf("-M malta,kernel=%s,append=a,,b", le32);
    g_autoptr(Settings) s = parsed(line);
    GError *err = NULL;
    Plan plan = { 0 };
    g_assert_true(plan_make(&plan, s, &err));
    g_assert_cmpstr(plan.boot.kernel, ==, le32);
    g_assert_cmpstr(plan.boot.append, ==, "a,b");
    plan_clear(&plan);
}

static void test_data_dir(void)
{
    g_autofree char *line = g_strdup_printf("-bios raw -L /nonexistent -L %s -M endian=little", folder);
    g_autoptr(Settings) s = parsed(line);
    GError *err = NULL;
    Plan plan = { 0 };
    g_assert_true(plan_make(&plan, s, &err));
    g_assert_cmpstr(plan.bios, ==, raw);
    g_assert_false(plan.has_kernel);
    plan_clear(&plan);
}

static void test_rtc(void)
{
    int64_t offset = 0;
    GError *err = NULL;
    g_assert_true(plan_rtc_offset("2026-01-31", 1000, &offset, &err));
    g_assert_cmpint(offset, ==, 1769817600 - 1000);
    g_assert_true(plan_rtc_offset("1999-12-31T23:59:58", 946684800, &offset, &err));
    g_assert_cmpint(offset, ==, -2);
    g_assert_false(plan_rtc_offset("2026-02-30", 0, &offset, &err));
    g_clear_error(&err);
    g_assert_false(plan_rtc_offset("", 0, &offset, &err));
    g_clear_error(&err);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    make_files();
    g_test_add_func("/options/both-dashes", test_both_dashes);
    g_test_add_func("/options/merge", test_merge);
    g_test_add_func("/options/unknown", test_unknown);
    g_test_add_func("/options/displays", test_displays);
    g_test_add_func("/options/absent", test_absent);
    g_test_add_func("/options/usb", test_usb);
    g_test_add_func("/options/help", test_help);
    g_test_add_func("/options/bad-values", test_bad_values);
    g_test_add_func("/options/contradictions", test_contradictions);
    g_test_add_func("/options/good", test_good);
    g_test_add_func("/options/memory", test_memory);
    g_test_add_func("/options/aliases", test_aliases);
    g_test_add_func("/options/data-dir", test_data_dir);
    g_test_add_func("/options/rtc", test_rtc);
    int status = g_test_run();
    remove_files();
    return status;
}
