/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An interrupt line: a wire with a level and one sink. Machine lock held for all. */
#ifndef HW_CORE_IRQ_H
#define HW_CORE_IRQ_H

#include <stdbool.h>
#include <stddef.h>

typedef void (*IrqHandler)(void *opaque, int n, bool level);

/* Somebody who listens in: told of every level that is driven, also when it does not change. */
typedef struct {
    IrqHandler heard;
    void *opaque;
    int n;                  /* what heard calls the line */
} IrqTap;

/* Held by value in the device that drives it. */
typedef struct {
    IrqHandler handler;     /* NULL: not connected */
    void *opaque;
    int n;                  /* input number at the sink */
    bool level;
    const IrqTap *tap;      /* NULL: nobody listens; stays when the line is connected anew */
} IrqLine;

/* One group of a device's lines, for those who reach it by name. */
typedef struct {
    const char *name;       /* NULL: the unnamed ones */
    int count;              /* 0 ends a table */
    size_t lines;           /* outputs: where in the device the first IrqLine is */
    IrqHandler input;       /* inputs: drives input n; opaque is the device */
} IrqPins;

static inline void irq_connect(IrqLine *line, IrqHandler handler, void *opaque, int n)
{
    line->handler = handler;
    line->opaque = opaque;
    line->n = n;
    line->level = false;
}

static inline void irq_set(IrqLine *line, bool level)
{
    line->level = level;
    if (line->handler) {
        line->handler(line->opaque, line->n, level);
    }
    if (line->tap) {
        line->tap->heard(line->tap->opaque, line->tap->n, level);
    }
}

static inline void irq_raise(IrqLine *line)
{
    irq_set(line, true);
}

static inline void irq_lower(IrqLine *line)
{
    irq_set(line, false);
}

#endif
