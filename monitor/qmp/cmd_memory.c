/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory to a file, as it is. */
#include "monitor/commands.h"
#include "monitor/qmp/save.h"
#include "util/error.h"

#define PAGE 4096u
#define SIZE_MAX_SAVED (INT64_C(4) << 30)

/* Where the bytes are, page by page when the addresses are a CPU's, which stands meanwhile. */
static bool find_pieces(Save *s, Cpu *cpu, uint64_t at, uint64_t left, GError **err)
{
    while (left > 0) {
        SavePiece p = { at, MIN(left, SAVE_PIECE) };
        if (cpu) {
            p.len = MIN(left, PAGE - at % PAGE);
            if (!cpu->ops->translate(cpu, at, &p.addr)) {
                return error_set(err, "Invalid addr 0x%016" G_GINT64_MODIFIER "x/size %" G_GUINT64_FORMAT
                                 " specified: not mapped", at, left);
            }
        }
        g_array_append_val(s->pieces, p);
        at += p.len;
        left -= p.len;
    }
    return true;
}

static bool start(QmpCall *call, JsonObject *args, Cpu *cpu, GError **err)
{
    int64_t size = qmp_int(args, "size", 0);
    uint64_t at = qmp_address(args, "val");
    if (size <= 0 || size > SIZE_MAX_SAVED) {
        return error_set(err, "Parameter 'size' expects a number of bytes from 1 to 4 GiB");
    }
    Save *s = save_new(call->c, qmp_text(args, "filename"));
    bool running = commands_park(call->c);
    bool good = find_pieces(s, cpu, cpu && !cpu->is_64bit ? (uint64_t)(int32_t)at : at, (uint64_t)size, err);
    commands_unpark(call->c, running);
    if (!good || !save_take_fdset(s, err)) {
        save_free(s);
        return false;
    }
    save_start(s, call);
    return true;
}

QMP(pmemsave)
{
    return start(call, args, NULL, err);
}

QMP(memsave)
{
    int64_t index = qmp_int(args, "cpu-index", 0);
    GPtrArray *cpus = call->c->machine->cpus;
    if (index < 0 || index >= cpus->len) {
        return error_set(err, "Parameter 'cpu-index' expects a CPU number");
    }
    return start(call, args, g_ptr_array_index(cpus, (guint)index), err);
}

const QmpCommand qmp_memory_commands[] = {
    { "memsave", memsave,
      MEMBERS({ "val", "address", "virtual address" }, { "size", "int", "bytes" },
              { "filename", "str", "or /dev/fdset/N" },
              { "cpu-index?", "int", NULL }),
      .doc = "Writes memory at a virtual address to a file; the reply comes when that is done." },
    { "pmemsave", pmemsave,
      MEMBERS({ "val", "address", "physical address" }, { "size", "int", "bytes" },
              { "filename", "str", "or /dev/fdset/N" }),
      .doc = "Writes memory at a physical address to a file; the reply comes when that is done." },
    { 0 },
};
