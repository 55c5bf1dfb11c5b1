/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kvm/result.h"

Result *result_new(void)
{
    Result *r = g_new0(Result, 1);
    r->failures = g_ptr_array_new_with_free_func(g_free);
    r->notes = g_ptr_array_new_with_free_func(g_free);
    r->defects = g_ptr_array_new_with_free_func(g_free);
    return r;
}

void result_free(Result *r)
{
    if (r) {
        g_ptr_array_free(r->failures, TRUE);
        g_ptr_array_free(r->notes, TRUE);
        g_ptr_array_free(r->defects, TRUE);
        g_free(r->skip);
        g_free(r);
    }
}

void result_fail(Result *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(r->failures, g_strdup_vprintf(format, args));
    va_end(args);
}

void result_note(Result *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(r->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

void result_defect(Result *r, const char *text)
{
    g_ptr_array_add(r->defects, g_strdup(text));
}

void result_skip(Result *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_free(r->skip);
    r->skip = g_strdup_vprintf(format, args);
    va_end(args);
}

/* Results of ioctls are small or a negated errno. */
static char *shown(gint64 v)
{
    if (v < 0 && v > -200) {
        return g_strdup_printf("%d (%s)", (int)v, g_strerror((int)-v));
    }
    return v >= 0 && v < 4096 ? g_strdup_printf("%d", (int)v)
                              : g_strdup_printf("0x%" G_GINT64_MODIFIER "x", (guint64)v);
}

bool result_check(Result *r, const char *file, int line, const char *what, gint64 got, gint64 want)
{
    r->checks++;
    if (got == want) {
        return true;
    }
    g_autofree char *g = shown(got), *w = shown(want), *name = g_path_get_basename(file);
    result_fail(r, "%s:%d: %s is %s, expected %s", name, line, what, g, w);
    return false;
}
