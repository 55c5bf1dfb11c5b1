/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/plan.h"

#include <string.h>
#include "hw/mips/malta.h"
#include "util/error.h"

#define DEFAULT_RAM (128 * MIB)

/* ---- -machine ---- */

/* A property that has only one possible value so far. */
static bool only_off(KeyVal *kv, const char *key, const char *reason, GError **err)
{
    bool on = false;
    if (!keyval_get_bool(kv, key, &on, err)) {
        return false;
    }
    return !on || error_set(err, "%s: %s=on is not there yet: %s", keyval_option(kv), key, reason);
}

/* -machine kernel=F is -kernel F; the option itself wins. */
static void take_alias(Settings *s, const char *key, char **where)
{
    const char *value = keyval_get(s->machine, key);
    if (value && !*where) {
        *where = g_strdup(value);
    }
}

static bool check_machine(Plan *plan, Settings *s, GError **err)
{
    const char *type = keyval_get(s->machine, "type");
    bool usb = true;                    /* the board has it, whatever is said */
    plan->no_board = g_strcmp0(type, "none") == 0;
    if (type && strcmp(type, "malta") != 0 && !plan->no_board) {
        return error_set(err, "-machine %s: there is no such machine; there are malta and none", type);
    }
    plan->memory_backend = keyval_get(s->machine, "memory-backend");
    plan->dump_guest_core = true;
    const char *kvm_type = keyval_get(s->machine, "kvm-type");
    if (kvm_type && !kvm_type_parse(kvm_type, &plan->kvm.type, err)) {
        return false;
    }
    take_alias(s, "kernel", &s->kernel);
    take_alias(s, "initrd", &s->initrd);
    take_alias(s, "append", &s->append);
    take_alias(s, "dtb", &s->dtb);
    take_alias(s, "firmware", &s->bios);
    keyval_get(s->machine, "accel");
    keyval_get(s->machine, "endian");
    return keyval_get_bool(s->machine, "usb", &usb, err) &&
           only_off(s->machine, "graphics", "there is no display", err) &&
           only_off(s->machine, "mem-merge", "guest memory is not shared with other processes", err) &&
           keyval_get_bool(s->machine, "dump-guest-core", &plan->dump_guest_core, err) &&
           keyval_finish(s->machine, err);
}

static bool check_accel(Plan *plan, Settings *s, GError **err)
{
    const char *property = keyval_get(s->machine, "accel");
    accel_config_init(&plan->accel);
    plan->accel.perf_map = s->perfmap;
    plan->accel.perf_dump = s->jitdump;
    if (property && s->accels->len > 0) {
        return error_set(err, "-machine accel=%s: -accel is given too; leave one of them out", property);
    }
    if (s->accels->len == 0) {
        return !property || accel_parse(&plan->accel, property, err);
    }
    for (guint i = 0; i < s->accels->len; i++) {
        if (!accel_parse(&plan->accel, g_ptr_array_index(s->accels, i), err)) {
            return false;
        }
    }
    return true;
}

/* ---- -m, -smp ---- */

static bool check_memory(Plan *plan, Settings *s, GError **err)
{
    uint64_t max = 0, slots = 0, size = plan->no_board ? 0 : DEFAULT_RAM;
    plan->ram_given = keyval_get(s->memory, "size") != NULL;
    if (!keyval_get_size(s->memory, "size", MIB, &size, err) ||
        !keyval_get_size(s->memory, "maxmem", MIB, &max, err) ||
        !keyval_get_number(s->memory, "slots", 0, UINT32_MAX, &slots, err) ||
        !keyval_finish(s->memory, err)) {
        return false;
    }
    if (slots || (max && max != size)) {
        return error_set(err, "-m: memory cannot be added later; leave out slots= and maxmem=");
    }
    if (size > MALTA_MAX_RAM) {
        return error_set(err, "-m %" G_GUINT64_FORMAT "M: a Malta's memory map has room for 2G of RAM",
                         size / MIB);
    }
    if ((size < MIB || size % MIB != 0) && (plan->ram_given || !plan->no_board)) {
        return error_set(err, "-m %s: must be a multiple of 1M, from 1M to 2G",
                         keyval_get(s->memory, "size"));
    }
    plan->ram_size = size;
    return true;
}

static bool check_smp(Settings *s, GError **err)
{
    static const char *const keys[] = { "cpus", "maxcpus", "sockets", "dies", "clusters", "cores",
                                        "threads" };
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        uint64_t n = 1;
        if (!keyval_get_number(s->smp, keys[i], 1, UINT32_MAX, &n, err)) {
            return false;
        }
        if (n != 1) {
            return error_set(err, "-smp %s=%" G_GUINT64_FORMAT ": not there yet: there is one CPU",
                             keys[i], n);
        }
    }
    return keyval_finish(s->smp, err);
}

/* ---- -rtc, -name, -boot, -msg ---- */

bool plan_rtc_offset(const char *base, int64_t now, int64_t *offset, GError **err)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *text = strchr(base, 'T') ? g_strdup(base) : g_strconcat(base, "T00:00:00", NULL);
    g_autoptr(GDateTime) date = g_date_time_new_from_iso8601(text, utc);
    if (!date) {
        return error_set(err, "-rtc base=%s: must be utc, localtime or a date as 2026-01-31T12:00:00", base);
    }
    *offset = g_date_time_to_unix(date) - now;
    return true;
}

static bool check_rtc(Plan *plan, Settings *s, GError **err)
{
    const char *base = keyval_get(s->rtc, "base"), *source = keyval_get(s->rtc, "clock");
    const char *drift = keyval_get(s->rtc, "driftfix");
    if (!keyval_finish(s->rtc, err)) {
        return false;
    }
    if (source && strcmp(source, "vm") != 0 && strcmp(source, "host") != 0) {
        return error_set(err, "-rtc clock=%s: must be host (it runs on while the machine is stopped) or vm",
                         source);
    }
    plan->rtc_clock = source && strcmp(source, "vm") == 0 ? CLOCK_VIRTUAL : CLOCK_HOST;
    if (drift && strcmp(drift, "none") != 0) {
        return error_set(err, "-rtc driftfix=%s: not there yet; driftfix=none is so", drift);
    }
    if (!base || strcmp(base, "utc") == 0) {
        return true;
    }
    plan->rtc_localtime = strcmp(base, "localtime") == 0;
    return plan->rtc_localtime || plan_rtc_offset(base, g_get_real_time() / 1000000, &plan->rtc_offset, err);
}

static bool check_name(Plan *plan, Settings *s, GError **err)
{
    bool threads = true;        /* they have names in any case */
    plan->name = keyval_get(s->guest_name, "guest");
    plan->process = keyval_get(s->guest_name, "process");
    return keyval_get_bool(s->guest_name, "debug-threads", &threads, err) &&
           keyval_finish(s->guest_name, err);
}

static bool check_boot_order(Settings *s, GError **err)
{
    bool strict = false;
    const char *order = keyval_get(s->boot, "order");
    if (order) {
        return error_set(err, "-boot %s: what boots is what -kernel or -bios names; there are no disks",
                         order);
    }
    return keyval_get_bool(s->boot, "strict", &strict, err) &&
           only_off(s->boot, "menu", "there is no boot menu", err) && keyval_finish(s->boot, err);
}

/* ---- kernel, firmware, CPU ---- */

/* The file itself or one of that name in a -L folder; NULL with err. */
static char *find_bios(Settings *s, GError **err)
{
    if (g_file_test(s->bios, G_FILE_TEST_EXISTS)) {
        return g_strdup(s->bios);
    }
    for (guint i = 0; i < s->data_dirs->len; i++) {
        g_autofree char *path = g_build_filename(g_ptr_array_index(s->data_dirs, i), s->bios, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            return g_steal_pointer(&path);
        }
    }
    error_set(err, "-bios %s: no such file%s", s->bios,
              s->data_dirs->len ? ", nor one in the -L folders" : "");
    return NULL;
}

/* What runs nothing needs nothing to run. */
static bool needs_boot(const Plan *plan)
{
    return !plan->no_board && !plan->accel.qtest;
}

static bool check_files(Plan *plan, Settings *s, GError **err)
{
    const struct {
        const char *option, *value;
    } companions[] = { { "-initrd", s->initrd }, { "-append", s->append }, { "-dtb", s->dtb } };
    for (size_t i = 0; i < G_N_ELEMENTS(companions) && !s->kernel; i++) {
        if (companions[i].value) {
            return error_set(err, "%s %s: needs -kernel FILE", companions[i].option, companions[i].value);
        }
    }
    if (plan->no_board && (s->kernel || s->bios)) {
        return error_set(err, "-machine none: has no CPU that could run %s; leave it out",
                         s->kernel ? s->kernel : s->bios);
    }
    if (!s->kernel && !s->bios) {
        return !needs_boot(plan) ||
               error_set(err, "nothing to boot: give a kernel (-kernel FILE -append \"console=ttyS0\") "
                              "or firmware (-bios FILE)");
    }
    if (s->kernel && s->bios) {
        return error_set(err, "-bios %s: takes the place of a kernel; leave out one of -bios and -kernel",
                         s->bios);
    }
    if (s->bios) {
        plan->bios = find_bios(s, err);
        return plan->bios != NULL;
    }
    plan->has_kernel = true;
    plan->boot = (BootConfig){ s->kernel, s->initrd, s->append, s->dtb };
    return boot_probe(s->kernel, &plan->kernel, err);
}

static const char *order_name(bool big)
{
    return big ? "big" : "little";
}

/* Firmware tells its byte order where nothing else does: the board swaps big-endian firmware
 * for a little-endian machine, and refuses the reverse. */
static bool ask_firmware(const char *path, ByteOrder *order, GError **err)
{
    MaltaBiosOrder found;
    if (!malta_bios_probe(path, &found, err)) {
        return false;
    }
    if (found != MALTA_BIOS_UNKNOWN) {
        *order = found == MALTA_BIOS_BIG ? BYTE_ORDER_BIG : BYTE_ORDER_LITTLE;
    }
    return true;
}

/* The program's name, -machine endian= and an ELF header must not contradict each other. */
static bool check_byte_order(Plan *plan, Settings *s, GError **err)
{
    ByteOrder order = s->target.order;
    const char *endian = keyval_get(s->machine, "endian");
    const char *file = s->kernel ? s->kernel : s->bios, *option = s->kernel ? "-kernel" : "-bios";
    if (endian) {
        ByteOrder asked = strcmp(endian, "big") == 0 ? BYTE_ORDER_BIG : BYTE_ORDER_LITTLE;
        if (asked == BYTE_ORDER_LITTLE && strcmp(endian, "little") != 0) {
            return error_set(err, "-machine endian=%s: must be little or big", endian);
        }
        if (order != BYTE_ORDER_ANY && order != asked) {
            return error_set(err, "-machine endian=%s: qemu-system-%s is the other byte order; call valletta",
                             endian, s->target.name);
        }
        order = asked;
    }
    if (plan->has_kernel && plan->kernel.elf) {
        const char *who = endian ? "-machine endian= says otherwise" : "the program's name says otherwise";
        bool big = plan->kernel.big_endian;
        if (order != BYTE_ORDER_ANY && big != (order == BYTE_ORDER_BIG)) {
            return error_set(err, "-kernel %s: is %s-endian, but %s; call valletta without it",
                             file, order_name(big), who);
        }
        order = big ? BYTE_ORDER_BIG : BYTE_ORDER_LITTLE;
    }
    if (order == BYTE_ORDER_ANY && plan->bios && !ask_firmware(plan->bios, &order, err)) {
        return false;
    }
    if (order == BYTE_ORDER_ANY && file) {
        return error_set(err, "%s %s: does not tell its byte order; add -machine endian=little or =big",
                         option, file);
    }
    plan->big_endian = order == BYTE_ORDER_BIG;
    return true;
}

static bool check_cpu(Plan *plan, Settings *s, GError **err)
{
    bool elf = plan->has_kernel && plan->kernel.elf;
    bool kernel_64 = plan->has_kernel && plan->kernel.is_64bit;
    const char *name = s->cpu ? keyval_get(s->cpu, "model") : NULL;
    if (s->cpu && !keyval_finish(s->cpu, err)) {
        return false;
    }
    if (s->target.name && !s->target.is_64bit && kernel_64) {
        return error_set(err, "-kernel %s: is 64-bit, but qemu-system-%s is a 32-bit target; call valletta",
                         s->kernel, s->target.name);
    }
    bool target_64 = s->target.name ? s->target.is_64bit : kernel_64;
    /* Where nothing fixes the word size the model that was asked for does. */
    bool may_64 = s->target.name ? s->target.is_64bit : true;
    plan->model = name ? mips_model_find(name, may_64, err)
                       : mips_model_find(mips_model_default(target_64), target_64, err);
    if (!plan->model) {
        return false;
    }
    if (elf && !mips_model_can_run(plan->model, plan->kernel.arch, kernel_64, err)) {
        g_prefix_error(err, "-kernel %s: ", s->kernel);
        return false;
    }
    return true;
}

/* What KVM must know of the guest; a type that cannot run it is an error whatever runs it. */
static bool check_kvm_type(Plan *plan, const Settings *s, GError **err)
{
    KvmRequest *r = &plan->kvm;
    r->kernel = !plan->has_kernel ? KVM_KERNEL_NONE
              : plan->kernel.kind == KERNEL_USEG ? KVM_KERNEL_USEG : KVM_KERNEL_STANDARD;
    r->path = plan->boot.kernel;
    r->entry = plan->kernel.entry;
    r->is_64bit = plan->model->is_64bit;
    r->big_endian = plan->big_endian;
    r->cpus = 1;
    r->cpu_given = s->cpu != NULL;
    return kvm_request_check(r, err);
}

static const char *target_name(const Plan *plan, const Settings *s)
{
    static const char *const names[] = { "mipsel", "mips", "mips64el", "mips64" };
    return s->target.name ? s->target.name : names[plan->model->is_64bit * 2 + plan->big_endian];
}

static bool check_process(Plan *plan, Settings *s, GError **err)
{
    plan->target = target_name(plan, s);
    return sandbox_parse(&plan->sandbox, s->sandbox, err) &&
           keyval_get_bool(s->overcommit, "mem-lock", &plan->mem_lock, err) &&
           only_off(s->overcommit, "cpu-pm", "the guest's WAIT always gives the host's CPU back", err) &&
           keyval_finish(s->overcommit, err);
}

/* ---- console ---- */

static bool names_stdio(const char *text)
{
    text += g_str_has_prefix(text, "mon:") ? strlen("mon:") : 0;
    return g_str_has_prefix(text, "stdio");
}

static bool stdio_taken(const Settings *s)
{
    const GPtrArray *lists[] = { s->serials, s->monitors, s->chardevs };
    for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
        for (guint i = 0; i < lists[l]->len; i++) {
            if (names_stdio(g_ptr_array_index(lists[l], i))) {
                return true;
            }
        }
    }
    if ((s->parallel && names_stdio(s->parallel)) || (s->qtest && names_stdio(s->qtest)) ||
        (s->gdb && names_stdio(s->gdb))) {
        return true;
    }
    for (guint i = 0; i < s->qmps->len; i++) {
        if (names_stdio((const char *)g_ptr_array_index(s->qmps, i) + 1)) {
            return true;
        }
    }
    return false;
}

static bool has_monitor(const Settings *s)
{
    for (guint i = 0; i < s->serials->len; i++) {
        if (g_str_has_prefix(g_ptr_array_index(s->serials, i), "mon:")) {
            return true;
        }
    }
    return s->monitors->len > 0 || s->mons->len > 0 || s->qmps->len > 0;
}

/* Console and monitor on the terminal, as far as they were not asked for elsewhere. */
static bool choose_console(Plan *plan, Settings *s, GError **err)
{
    bool taken = stdio_taken(s);
    if (s->serials->len > PLAN_SERIALS) {
        return error_set(err, "-serial %s: a Malta has three serial ports",
                         (char *)g_ptr_array_index(s->serials, PLAN_SERIALS));
    }
    if (s->daemonize && taken) {
        return error_set(err, "-daemonize: leaves no terminal for stdio; use pty, unix: or tcp: instead");
    }
    for (guint i = 0; i < s->serials->len; i++) {
        plan->serial[i] = g_ptr_array_index(s->serials, i);
    }
    plan->parallel = s->parallel && strcmp(s->parallel, "none") != 0 ? s->parallel : NULL;
    bool no_console = s->serials->len == 0, no_monitor = !has_monitor(s);
    if (plan->accel.qtest || s->qtest || s->nodefaults || taken || (!no_console && !no_monitor)) {
        return true;
    }
    if (s->daemonize) {
        return !s->nographic ||
               error_set(err, "-daemonize: leaves no terminal for -nographic; use -display none instead");
    }
    if (plan->no_board) {
        plan->monitor = no_monitor ? "stdio" : NULL;
    } else if (no_console) {
        plan->serial[0] = no_monitor ? "mon:stdio" : "stdio";
    } else {
        plan->monitor = "stdio";
    }
    return true;
}

bool plan_make(Plan *plan, Settings *s, GError **err)
{
    *plan = (Plan){ 0 };
    return check_machine(plan, s, err) && check_accel(plan, s, err) && check_memory(plan, s, err) &&
           check_smp(s, err) && check_rtc(plan, s, err) && check_name(plan, s, err) &&
           check_boot_order(s, err) &&
           check_files(plan, s, err) && check_byte_order(plan, s, err) && check_cpu(plan, s, err) &&
           check_kvm_type(plan, s, err) && check_process(plan, s, err) &&
           screens_plan(&plan->screens, s, err) &&
           choose_console(plan, s, err);
}

void plan_clear(Plan *plan)
{
    accel_config_clear(&plan->accel);
    g_free(plan->bios);
}
