/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program for the outside oracle is made of: what the manual defines and QEMU does as it says. */
#ifndef TESTS_RANDOM_DEFINED_H
#define TESTS_RANDOM_DEFINED_H

#include <string.h>
#include "tests/random/generate.h"

/* Whether the name is in a list of words with a blank on either side. */
static inline bool is_one_of(const char *name, const char *list)
{
    g_autofree char *word = g_strdup_printf(" %s ", name);
    return strstr(list, word);
}

/* Models whose FPU QEMU has otherwise: it stays off. */
bool defined_lacks_fpu(const MipsModel *model);
/* Lines that such a program does not have. */
bool defined_lacks(const Gen *g, unsigned line);
/* CP0 registers that it neither reads nor writes. */
bool defined_lacks_cp0(const Gen *g, unsigned reg, unsigned sel);
/* Lines whose result is UNPREDICTABLE when an operand is no sign-extended word. */
bool defined_takes_words(unsigned line);

#endif
