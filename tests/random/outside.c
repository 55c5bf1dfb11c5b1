/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/random/outside.h"

#include <stdlib.h>
#include "tests/random/oracle.h"

static int by_machine(const void *a, const void *b)
{
    const Program *x = *(Program *const *)a, *y = *(Program *const *)b;
    if (x->target != y->target) {
        return x->target < y->target ? -1 : 1;
    }
    if (x->model != y->model) {
        return x->model < y->model ? -1 : 1;
    }
    return x->seed < y->seed ? -1 : x->seed > y->seed;
}

/* Those that one boot can run. */
static unsigned same_machine(Program **programs, unsigned n)
{
    unsigned k = 1;
    while (k < n && k < ORACLE_MOST && programs[k]->target == programs[0]->target &&
           programs[k]->model == programs[0]->model) {
        k++;
    }
    return k;
}

void outside_compare(Program **programs, unsigned n, const Engine *engine, double time_limit,
                     OutsideReport *report, void *opaque)
{
    qsort(programs, n, sizeof(*programs), by_machine);
    for (unsigned i = 0, size; i < n; i += size) {
        Outcome *theirs[ORACLE_MOST];
        size = same_machine(programs + i, n - i);
        oracle_run((const Program *const *)programs + i, size, time_limit, theirs);
        for (unsigned k = 0; k < size; k++) {
            g_autoptr(Outcome) expected = theirs[k];
            g_autoptr(Outcome) ours = run_program(programs[i + k], engine, time_limit, false);
            /* A runaway recursion has written into the code, and no SYNCI has followed. */
            Program *p = programs[i + k];
            bool wild = outcome_given_up(p, expected) && outcome_given_up(p, ours);
            report(opaque, p, engine, ours, !wild && outcomes_differ(expected, ours));
        }
    }
}
