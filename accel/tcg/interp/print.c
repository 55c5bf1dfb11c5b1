/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interpreter's code as text. */
#include <inttypes.h>
#include "accel/tcg/interp/interp.h"

static const char *place_name(uint16_t at, char *buf, size_t size)
{
    size_t temps = offsetof(MipsCpu, temp);
    const char *name = mips_slot_name(at, IR_I64);
    if (name) {
        return name;
    }
    if (at >= temps && at < temps + sizeof(((MipsCpu *)0)->temp)) {
        g_snprintf(buf, size, "t%zu", (at - temps) / 8);
    } else {
        g_snprintf(buf, size, "[%#x]", at);
    }
    return buf;
}

static InterpCode code_of(int32_t handler)
{
    const int32_t *handlers = interp_handlers();
    unsigned k = 0;
    while (k < IOP_COUNT - 1 && handlers[k] != handler) {
        k++;
    }
    return k;
}

void interp_print(const Tcg *tcg, const Block *b, GString *out)
{
    const InterpBlock *extra = b->extra;
    for (unsigned i = 0; i < extra->nops; i++) {
        const InterpOp *op = (const InterpOp *)b->code + i;
        const uint16_t fields[] = { op->d, op->a, op->b, op->c };
        g_string_append_printf(out, "  %3u %-14s", i, interp_op_name(code_of(op->handler)));
        for (unsigned k = 0; k < G_N_ELEMENTS(fields); k++) {
            char buf[16];
            g_string_append_printf(out, " %-8s",
                                   fields[k] ? place_name(fields[k], buf, sizeof(buf)) : "-");
        }
        g_string_append_printf(out, " %" PRId32 "\n", op->imm);
    }
}
