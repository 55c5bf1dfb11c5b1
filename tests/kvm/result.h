/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one case of one mode came to. */
#ifndef TESTS_KVM_RESULT_H
#define TESTS_KVM_RESULT_H

#include <glib.h>
#include <stdbool.h>

typedef struct {
    GPtrArray *failures;    /* of char * */
    GPtrArray *notes;       /* of char *, not about success */
    GPtrArray *defects;     /* of char *: known ones of the host's kernel that showed */
    char *skip;             /* why the case cannot be had here */
    unsigned checks;
} Result;

Result *result_new(void);
void result_free(Result *r);
void result_fail(Result *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void result_note(Result *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
void result_defect(Result *r, const char *text);
void result_skip(Result *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* One check; values are shown in decimal when small or negative, else in hex. Returns got == want. */
bool result_check(Result *r, const char *file, int line, const char *what, gint64 got, gint64 want);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Result, result_free)

#endif
