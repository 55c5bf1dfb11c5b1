/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process has one log, as it has one stderr: the only state kept outside a Machine. */
#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "util/error.h"

#define GUEST_LINES_PER_FORMAT 1000

static struct {
    atomic_int mask;
    GMutex lock;                /* for what follows */
    FILE *file;                 /* NULL: stderr */
    GHashTable *guest_lines;    /* format string -> how many lines it has made */
} log_state;

static const struct {
    const char *name;
    LogMask bit;
    const char *help;
} log_items[] = {
    { "guest_errors", LOG_GUEST_ERRORS, "what the guest did that its manual forbids" },
    { "unimp", LOG_UNIMP, "what the guest used that is not modelled" },
    { "in_asm", LOG_IN_ASM, "guest code of each new block" },
    { "ir", LOG_IR, "intermediate code as the decoder made it" },
    { "ir_opt", LOG_IR_OPT, "intermediate code after the optimizer" },
    { "out_asm", LOG_OUT_ASM, "code for the engine that runs it" },
    { "int", LOG_INT, "exceptions and interrupts" },
    { "exec", LOG_EXEC, "each block that is entered" },
    { "cpu", LOG_CPU, "CPU registers before each block" },
    { "mmu", LOG_MMU, "TLB writes and refills" },
    { "cpu_reset", LOG_CPU_RESET, "CPU registers at each reset" },
    { "mmio", LOG_MMIO, "each access to a device register" },
    { "page", LOG_PAGE, "the physical memory map, when it changes" },
    { "kvm", LOG_KVM, "exits of KVM by kind, at the end" },
};

LogMask log_mask(void)
{
    return (LogMask)atomic_load_explicit(&log_state.mask, memory_order_relaxed);
}

static int item_bits(const char *name)
{
    int all = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        if (strcmp(name, log_items[i].name) == 0) {
            return (int)log_items[i].bit;
        }
        all |= (int)log_items[i].bit;
    }
    return strcmp(name, "all") == 0 ? all : 0;
}

static bool unknown_item(const char *name, GError **err)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        g_string_append_printf(known, "%s, ", log_items[i].name);
    }
    return error_set(err, "unknown log item '%s'; there are %sall, none", name, known->str);
}

bool log_set_items(const char *items, GError **err)
{
    g_auto(GStrv) names = g_strsplit(items, ",", -1);
    int mask = 0;
    for (char **name = names; *name; name++) {
        if (strcmp(*name, "none") == 0) {
            mask = 0;
            continue;
        }
        int bits = item_bits(*name);
        if (bits == 0) {
            return unknown_item(*name, err);
        }
        mask |= bits;
    }
    atomic_store_explicit(&log_state.mask, mask, memory_order_relaxed);
    return true;
}

const char *log_item(unsigned n, LogMask *bit)
{
    if (n >= G_N_ELEMENTS(log_items)) {
        return NULL;
    }
    *bit = log_items[n].bit;
    return log_items[n].name;
}

unsigned log_switch(const char *pattern, bool on)
{
    int bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        if (g_pattern_match_simple(pattern, log_items[i].name)) {
            bits |= (int)log_items[i].bit;
            count++;
        }
    }
    int mask = (int)log_mask();
    atomic_store_explicit(&log_state.mask, on ? mask | bits : mask & ~bits, memory_order_relaxed);
    return count;
}

/* path with one %d replaced by the pid and %% by %; NULL when it has any other %. */
static char *expand_pid(const char *path)
{
    GString *out = g_string_new(NULL);
    for (const char *p = path; *p; p++) {
        if (*p != '%') {
            g_string_append_c(out, *p);
        } else if (p[1] == 'd') {
            g_string_append_printf(out, "%d", (int)getpid());
            p++;
        } else if (p[1] == '%') {
            g_string_append_c(out, '%');
            p++;
        } else {
            g_string_free(out, TRUE);
            return NULL;
        }
    }
    return g_string_free(out, FALSE);
}

bool log_set_file(const char *path, GError **err)
{
    g_autofree char *name = expand_pid(path);
    if (!name) {
        return error_set(err, "'%s': only %%d (the process id) and %%%% may follow a %%", path);
    }
    FILE *file = fopen(name, "we");
    if (!file) {
        return error_set(err, "cannot write the log to '%s': %s", name, g_strerror(errno));
    }
    setvbuf(file, NULL, _IOLBF, 1 << 16);
    g_mutex_lock(&log_state.lock);
    FILE *old = log_state.file;
    log_state.file = file;
    g_mutex_unlock(&log_state.lock);
    if (old) {
        fclose(old);
    }
    return true;
}

char *log_items_help(void)
{
    GString *out = g_string_new("Log items (comma separated):\n");
    for (size_t i = 0; i < G_N_ELEMENTS(log_items); i++) {
        g_string_append_printf(out, "%-15s %s\n", log_items[i].name, log_items[i].help);
    }
    g_string_append_printf(out, "%-15s %s\n", "all", "all of these");
    g_string_append_printf(out, "%-15s %s\n", "none", "nothing");
    return g_string_free(out, FALSE);
}

static void put_line(GString *line)
{
    if (line->len == 0 || line->str[line->len - 1] != '\n') {
        g_string_append_c(line, '\n');
    }
    if (!log_state.file && isatty(STDERR_FILENO)) {
        g_string_replace(line, "\n", "\r\n", 0);     /* the terminal may be in raw mode */
    }
    fwrite(line->str, 1, line->len, log_state.file ? log_state.file : stderr);
}

void log_line(LogMask what, const char *format, ...)
{
    if (!log_enabled(what)) {
        return;
    }
    g_autoptr(GString) line = g_string_new(NULL);
    va_list args;
    va_start(args, format);
    g_string_append_vprintf(line, format, args);
    va_end(args);
    g_mutex_lock(&log_state.lock);
    put_line(line);
    g_mutex_unlock(&log_state.lock);
}

/* How many lines this format has made, this one included; log_state.lock held. */
static unsigned count_guest_line(const char *format)
{
    if (!log_state.guest_lines) {
        log_state.guest_lines = g_hash_table_new(g_str_hash, g_str_equal);
    }
    unsigned n = GPOINTER_TO_UINT(g_hash_table_lookup(log_state.guest_lines, format));
    if (n <= GUEST_LINES_PER_FORMAT) {
        g_hash_table_insert(log_state.guest_lines, (char *)format, GUINT_TO_POINTER(++n));
    }
    return n;
}

void guest_log(const char *format, ...)
{
    if (!log_enabled(LOG_GUEST_ERRORS)) {
        return;
    }
    g_mutex_lock(&log_state.lock);
    unsigned n = count_guest_line(format);
    /* The count stops one past the limit, so the remark is written once. */
    bool remark = n == GUEST_LINES_PER_FORMAT;
    if (n <= GUEST_LINES_PER_FORMAT) {
        g_autoptr(GString) line = g_string_new("guest: ");
        va_list args;
        va_start(args, format);
        g_string_append_vprintf(line, format, args);
        va_end(args);
        put_line(line);
        if (remark) {
            g_string_printf(line, "guest: (%d lines like this one; no more of them)", GUEST_LINES_PER_FORMAT);
            put_line(line);
        }
    }
    g_mutex_unlock(&log_state.lock);
}
