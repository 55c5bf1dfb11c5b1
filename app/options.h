/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: one table of options, the parser that walks it, its help. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include "app/settings.h"

typedef struct {
    const char *name;       /* without the dash; NULL: a heading in help */
    const char *arg;        /* what follows, as -help shows it; NULL: nothing follows */
    const char *help;
    /* Puts arg (NULL when none is taken) into the settings; name is as it was typed,
     * without dashes. False with err. */
    bool (*handle)(Settings *s, const char *name, const char *arg, GError **err);
} Option;

/* Ended by an entry without name and help. */
extern const Option option_table[];

/* What users of other emulators may type that is not there, ended by { 0 }. */
typedef struct {
    const char *name, *reason;
} AbsentOption;
extern const AbsentOption absent_options[];

/* Reads the whole line; "-opt" and "--opt" are the same. False with err at the first
 * mistake. Stops early, true, once s->print is set. */
bool options_parse(Settings *s, int argc, char *const *argv, GError **err);
/* All options with the keys they take, as query-command-line-options tells them. */
JsonArray *options_describe(void);
/* The text of -help; the caller frees it. */
char *options_help(void);
/* The option of that name, without dashes, or NULL. */
const Option *options_find(const char *name);
/* Of the known and absent names the one that typed is nearest to, or NULL. */
const char *options_nearest(const char *typed);

#endif
