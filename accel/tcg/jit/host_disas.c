/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine code as text, by capstone. The library is loaded when it is first asked for: its
 * tables take longer to relocate than the rest of the program takes to start.
 */
#include "accel/tcg/jit/jit.h"

#include <capstone/capstone.h>
#include <gmodule.h>
#include <inttypes.h>

#define CAPSTONE_LIBRARY "libcapstone.so." G_STRINGIFY(CS_API_MAJOR)

typedef struct Capstone {
    cs_err (*open)(cs_arch arch, cs_mode mode, csh *handle);
    size_t (*disasm)(csh handle, const uint8_t *code, size_t size, uint64_t pc, size_t count, cs_insn **out);
    void (*free)(cs_insn *insns, size_t count);
    cs_err (*close)(csh *handle);
    csh handle;
} Capstone;

static bool load(GModule *module, Capstone *c)
{
    return g_module_symbol(module, "cs_open", (gpointer *)&c->open)
        && g_module_symbol(module, "cs_disasm", (gpointer *)&c->disasm)
        && g_module_symbol(module, "cs_free", (gpointer *)&c->free)
        && g_module_symbol(module, "cs_close", (gpointer *)&c->close)
        && c->open(CS_ARCH_X86, CS_MODE_64, &c->handle) == CS_ERR_OK;
}

void jit_disassemble(const uint8_t *code, size_t size, GString *out)
{
    Capstone c;
    cs_insn *insns;
    GModule *module = g_module_open(CAPSTONE_LIBRARY, G_MODULE_BIND_LOCAL);
    if (!module || !load(module, &c)) {
        g_string_append_printf(out, "  %zu bytes, not shown: " CAPSTONE_LIBRARY " is missing\n", size);
        return;
    }
    g_module_make_resident(module);
    size_t n = c.disasm(c.handle, code, size, (uintptr_t)code, 0, &insns);
    for (size_t i = 0; i < n; i++) {
        g_string_append_printf(out, "  %012" PRIx64 "  %-7s %s\n", insns[i].address, insns[i].mnemonic,
                               insns[i].op_str);
    }
    if (n) {
        c.free(insns, n);
    }
    c.close(&c.handle);
}
