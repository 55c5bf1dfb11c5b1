/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An interrupt line: a wire with a level and one sink. Machine lock held for all. */
#ifndef HW_CORE_IRQ_H
#define HW_CORE_IRQ_H

#include <stdbool.h>

typedef void (*IrqHandler)(void *opaque, int n, bool level);

/* Held by value in the device that drives it. */
typedef struct {
    IrqHandler handler;     /* NULL: not connected */
    void *opaque;
    int n;                  /* input number at the sink */
    bool level;
} IrqLine;

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
