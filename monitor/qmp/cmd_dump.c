/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dump-guest-memory: an ELF core of all RAM and of the CPUs' registers, for gdb and readelf. Segments
 * below 512 MiB have their kseg0 address, so that a kernel's symbols fit; others that of xkphys or, where
 * the CPU has none, their physical one.
 */
#include <elf.h>
#include <string.h>
#include "monitor/commands.h"
#include "monitor/qmp/save.h"
#include "util/error.h"

#define STEP 0x10000u                       /* RAM comes in whole ones of these */
#define PHYS_END (UINT64_C(1) << 32)
#define KSEG_SIZE 0x20000000u
#define FLAGS_32 0x70001000u                /* MIPS32R2, o32 */
#define FLAGS_64 0x80000000u                /* MIPS64R2, n64 */
#define GREGS 45                            /* of elf_gregset_t */

struct QmpDump {
    QmpHub *hub;
    Machine *machine;
    const char *status;
    uint64_t total, completed;
    Save *running;
    bool resume;            /* the guest ran before */
};

void qmp_dump_free(QmpDump *dump)
{
    g_free(dump);
}

/* ---- the file ---- */

typedef struct {
    GByteArray *out;
    bool big, wide;         /* wide: ELF64 */
} Elf;

static void put(Elf *e, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * (e->big ? size - 1 - i : i));
        g_byte_array_append(e->out, &byte, 1);
    }
}

/* A word of the class's size. */
static void put_word(Elf *e, uint64_t value)
{
    put(e, value, e->wide ? 8 : 4);
}

static void put_zeros(Elf *e, unsigned count)
{
    put(e, 0, MIN(count, 8));
    if (count > 8) {
        put_zeros(e, count - 8);
    }
}

static void put_header(Elf *e, unsigned segments)
{
    const uint8_t ident[EI_NIDENT] = {
        ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, e->wide ? ELFCLASS64 : ELFCLASS32,
        e->big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT,
    };
    unsigned header = e->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    g_byte_array_append(e->out, ident, sizeof(ident));
    put(e, ET_CORE, 2);
    put(e, EM_MIPS, 2);
    put(e, EV_CURRENT, 4);
    put_word(e, 0);                 /* entry */
    put_word(e, header);            /* program headers follow */
    put_word(e, 0);
    put(e, e->wide ? FLAGS_64 : FLAGS_32, 4);
    put(e, header, 2);
    put(e, e->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), 2);
    put(e, segments, 2);
    put_zeros(e, 6);                /* no sections */
}

static void put_segment(Elf *e, uint32_t type, uint64_t offset, uint64_t vaddr, uint64_t paddr, uint64_t size)
{
    uint32_t flags = type == PT_LOAD ? PF_R | PF_W | PF_X : 0;
    put(e, type, 4);
    if (e->wide) {
        put(e, flags, 4);
    }
    put_word(e, offset);
    put_word(e, vaddr);
    put_word(e, paddr);
    put_word(e, size);
    put_word(e, type == PT_LOAD ? size : 0);
    if (!e->wide) {
        put(e, flags, 4);
    }
    put_word(e, 0);                 /* alignment */
}

/* Bytes of a NT_PRSTATUS note with its header. */
static unsigned note_size(const Elf *e)
{
    return 12 + 8 + (e->wide ? 480 : 256);
}

/* elf_prstatus as Linux has it for o32 and n64; the registers are those that gdb sees, PC as EPC. */
static void put_note(Elf *e, Cpu *cpu)
{
    static const unsigned behind[] = { 33, 34, 37, 35, 32, 36 };    /* lo hi pc badvaddr status cause */
    unsigned before = e->wide ? 112 : 72, pid_at = e->wide ? 32 : 24, lead = e->wide ? 0 : 6;
    put(e, 5, 4);
    put(e, note_size(e) - 20, 4);
    put(e, NT_PRSTATUS, 4);
    g_byte_array_append(e->out, (const uint8_t *)"CORE\0\0\0", 8);
    put_zeros(e, pid_at);
    put(e, cpu->index + 1, 4);
    put_zeros(e, before - pid_at - 4);
    for (unsigned i = 0; i < GREGS; i++) {
        unsigned n = i - lead;
        uint8_t bytes[8] = { 0 };
        n = n < 32 ? n : n < 38 ? behind[n - 32] : UINT_MAX;
        unsigned size = i >= lead && n != UINT_MAX ? cpu->ops->debug->register_size(cpu, n) : 0;
        if (size == (e->wide ? 8u : 4u)) {
            cpu->ops->debug->read_register(cpu, n, bytes);
        }
        g_byte_array_append(e->out, bytes, e->wide ? 8 : 4);
    }
    put_zeros(e, e->wide ? 8 : 4);
}

static uint64_t virtual_of(const Elf *e, uint64_t paddr)
{
    if (paddr < KSEG_SIZE) {
        return (e->wide ? UINT64_C(0xffffffff80000000) : 0x80000000u) + paddr;
    }
    return e->wide ? UINT64_C(0x9800000000000000) + paddr : paddr;
}

/* ---- what is in it ---- */

/* All RAM within begin and end, each byte once, at its lowest address; of SavePiece. */
static GArray *find_ram(Machine *machine, uint64_t begin, uint64_t end)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(SavePiece));
    g_autoptr(GHashTable) seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    for (uint64_t at = begin; at < end; at += STEP - at % STEP) {
        MemSpan span = as_span(machine->as, at);
        gpointer block = (gpointer)(uintptr_t)(span.ram_id - at % STEP);
        if (!span.host || !span.writable || !g_hash_table_add(seen, block)) {
            continue;
        }
        SavePiece p = { at, MIN(MIN(STEP - at % STEP, span.len), end - at) };
        SavePiece *last = found->len ? &g_array_index(found, SavePiece, found->len - 1) : NULL;
        if (last && last->addr + last->len == at) {
            last->len += p.len;
        } else {
            g_array_append_val(found, p);
        }
    }
    return found;
}

static void add_pieces(Save *s, const SavePiece *segment)
{
    for (uint64_t done = 0; done < segment->len; done += SAVE_PIECE) {
        SavePiece p = { segment->addr + done, MIN(SAVE_PIECE, segment->len - done) };
        g_array_append_val(s->pieces, p);
    }
}

/* Headers and notes into s->head, the RAM into s->pieces; the bytes of RAM. */
static uint64_t lay_out(Save *s, GPtrArray *cpus, const GArray *ram)
{
    const Cpu *first = g_ptr_array_index(cpus, 0);
    Elf e = { s->head, first->big_endian, first->is_64bit };
    unsigned header = e.wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    unsigned each = e.wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    uint64_t notes_at = header + (1 + ram->len) * each, notes = (uint64_t)note_size(&e) * cpus->len;
    uint64_t total = 0;
    put_header(&e, 1 + ram->len);
    put_segment(&e, PT_NOTE, notes_at, 0, 0, notes);
    for (guint i = 0; i < ram->len; i++) {
        const SavePiece *p = &g_array_index(ram, SavePiece, i);
        put_segment(&e, PT_LOAD, notes_at + notes + total, virtual_of(&e, p->addr), p->addr, p->len);
        add_pieces(s, p);
        total += p->len;
    }
    for (guint i = 0; i < cpus->len; i++) {
        put_note(&e, g_ptr_array_index(cpus, i));
    }
    return total;
}

/* ---- the commands ---- */

static JsonObject *query(const QmpDump *dump)
{
    JsonObject *info = json_object_new();
    json_object_set_string_member(info, "status", dump->status);
    json_object_set_int_member(info, "completed", (int64_t)(dump->running
        ? __atomic_load_n(&dump->running->written, __ATOMIC_RELAXED) : dump->completed));
    json_object_set_int_member(info, "total", (int64_t)dump->total);
    return info;
}

static void dump_done(void *opaque, const GError *err)
{
    QmpDump *dump = opaque;
    dump->completed = dump->running->written;
    dump->running = NULL;
    dump->status = err ? "failed" : "completed";
    JsonObject *data = json_object_new();
    json_object_set_object_member(data, "result", query(dump));
    if (err) {
        json_object_set_string_member(data, "error", err->message);
    }
    qmp_event(dump->hub, "DUMP_COMPLETED", data);
    if (dump->resume && dump->machine->state == RUN_PAUSED) {
        machine_start(dump->machine);
    }
}

static QmpDump *dump_of(QmpCall *call)
{
    QmpDump **slot = qmp_hub_dump(call->c->hub);
    if (!*slot) {
        *slot = g_new0(QmpDump, 1);
        **slot = (QmpDump){ .hub = call->c->hub, .machine = call->c->machine, .status = "none" };
    }
    return *slot;
}

static bool check(QmpCall *call, JsonObject *args, GError **err)
{
    bool begin = json_object_has_member(args, "begin"), length = json_object_has_member(args, "length");
    if (qmp_bool(args, "paging")) {
        return error_set(err, "Parameter 'paging' expects false: there are physical addresses only");
    }
    if (begin != length) {
        return error_set(err, "Parameter '%s' is missing", begin ? "length" : "begin");
    }
    if (begin && (qmp_int(args, "begin", 0) < 0 || qmp_int(args, "length", 0) <= 0)) {
        return error_set(err, "Parameter 'length' expects a number of bytes behind begin");
    }
    if (dump_of(call)->running) {
        return error_set(err, "There is a dump in process, please wait.");
    }
    return call->c->machine->cpus->len || error_set(err, "the machine has no CPU and so no ELF class");
}

/* "file:PATH" or "fd:NAME"; NULL with err. */
static Save *open_protocol(QmpCall *call, const char *protocol, GError **err)
{
    bool is_fd = g_str_has_prefix(protocol, "fd:");
    if (!is_fd && !g_str_has_prefix(protocol, "file:")) {
        error_set(err, "Parameter 'protocol' expects file:PATH or fd:NAME");
        return NULL;
    }
    const char *name = strchr(protocol, ':') + 1;
    Save *s = save_new(call->c, name);
    if (is_fd) {
        s->fd = qmp_named_fd(call->monitor, name);
    }
    bool good = is_fd ? s->fd >= 0 || error_set(err, "File descriptor named '%s' has not been found", name)
                      : save_take_fdset(s, err);
    if (!good) {
        save_free(s);
    }
    return good ? s : NULL;
}

QMP(dump_guest_memory)
{
    Machine *machine = call->c->machine;
    if (!check(call, args, err)) {
        return false;
    }
    int64_t begin = qmp_int(args, "begin", 0), length = qmp_int(args, "length", (int64_t)PHYS_END);
    uint64_t end = MIN((uint64_t)begin + (uint64_t)length, PHYS_END);
    g_autoptr(GArray) ram = find_ram(machine, (uint64_t)begin, end);
    Save *s = ram->len ? open_protocol(call, qmp_text(args, "protocol"), err) : NULL;
    if (!s) {
        return ram->len ? false : error_set(err, "there is no memory to be dumped");
    }
    QmpDump *dump = dump_of(call);
    dump->resume = machine->state == RUN_RUNNING;
    if (dump->resume) {
        machine_stop(machine, RUN_PAUSED);
    }
    dump->total = lay_out(s, machine->cpus, ram);
    dump->completed = 0;
    dump->status = "active";
    dump->running = s;
    s->done = dump_done;
    s->opaque = dump;
    save_start(s, qmp_bool(args, "detach") ? NULL : call);
    return true;
}

QMP(query_dump)
{
    json_node_take_object(*ret = json_node_new(JSON_NODE_OBJECT), query(dump_of(call)));
    return true;
}

QMP(query_capability)
{
    JsonArray *formats = json_array_new();
    json_array_add_string_element(formats, "elf");
    json_object_set_array_member(qmp_return_object(ret), "formats", formats);
    return true;
}

const QmpCommand qmp_dump_commands[] = {
    { "dump-guest-memory", dump_guest_memory,
      MEMBERS({ "paging", "bool", "must be false" }, { "protocol", "str", "file:PATH or fd:NAME" },
              { "detach?", "bool", "reply at once; DUMP_COMPLETED tells the end" },
              { "begin?", "int", "physical address" }, { "length?", "int", "bytes" },
              { "format?", "DumpGuestMemoryFormat", NULL }),
      .doc = "Writes an ELF core of the guest's RAM and registers; the guest stands meanwhile." },
    { "query-dump", query_dump, .ret = "DumpQueryResult", .doc = "How far the last dump is." },
    { "query-dump-guest-memory-capability", query_capability, .ret = "DumpGuestMemoryCapability",
      .doc = "The formats of dumps." },
    { 0 },
};
