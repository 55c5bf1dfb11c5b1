/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM accelerator on a scripted kernel: memory slots and their dirty pages, registers both
 * ways, exits, interrupt lines, parking and giving up. The script says what each KVM_RUN does.
 */
#include <errno.h>
#include <string.h>
#include "accel/kvm/abi.h"
#include "accel/kvm/kvm.h"
#include "accel/kvm/slots.h"
#include "accel/kvm/vcpu.h"

#define PAGE 4096
#define RAM_SIZE 0x10000
#define DEVICE 0x1f000000

enum { SYSTEM_FD = 100, VM_FD = 200, CPU_FD = 300 };

typedef struct {
    unsigned reason;            /* KVM_EXIT_* */
    uint64_t addr;
    uint8_t data[8];            /* written, or expected after a load */
    unsigned len;
    bool write;
} Step;

typedef struct {
    KvmVm vm;
    Machine *machine;
    MemRegion *ram, *rom, *alias, *device;
    uint64_t device_value;
    GString *device_log;

    struct kvm_userspace_memory_region slots[16];
    unsigned long dirty[16];    /* first pages of each */
    int refuse_slot;            /* -errno of the next slot that is set */
    struct kvm_run *run;
    KvmMipsRegs regs;
    GHashTable *one_regs;       /* id -> value */
    GString *irqs;
    unsigned enabled;           /* bit 0: FPU, 1: MSA */
    const Step *script;
    unsigned steps, at;
    bool load_pending;
    unsigned completed;         /* loads */
    int stopped;                /* atomic: the script is done */
} Play;

/* ---- the kernel's side ---- */

static uint64_t *one_reg(Play *p, uint64_t id)
{
    uint64_t *v = g_hash_table_lookup(p->one_regs, &id);
    if (!v) {
        v = g_new0(uint64_t, 2);
        v[1] = id;
        g_hash_table_insert(p->one_regs, &v[1], v);
    }
    return v;
}

static const uint64_t listed[] = {
    KVM_MIPS_CP0_32(12, 0), KVM_MIPS_CP0_32(13, 0), KVM_MIPS_CP0_32(11, 0), KVM_MIPS_CP0_64(14, 0),
    KVM_MIPS_CP0_32(16, 0), KVM_MIPS_CP0_32(16, 1), KVM_MIPS_CP0_32(15, 0), KVM_MIPS_CP0_32(9, 0),
    KVM_MIPS_CP0_64(5, 5), KVM_MIPS_CP0_32(16, 3),
};

static int reg_list(struct kvm_reg_list *list)
{
    uint64_t room = list->n;
    list->n = G_N_ELEMENTS(listed);
    if (room < list->n) {
        return -E2BIG;
    }
    memcpy(list->reg, listed, sizeof(listed));
    return 0;
}

static int access_reg(Play *p, const struct kvm_one_reg *reg, bool set)
{
    uint64_t *value = one_reg(p, reg->id);
    bool narrow = (reg->id & KVM_MIPS_REG_SIZE) == (KVM_MIPS_REG_U32 & KVM_MIPS_REG_SIZE);
    void *user = (void *)(uintptr_t)reg->addr;
    if (set) {
        *value = narrow ? *(uint32_t *)user : *(uint64_t *)user;
    } else if (narrow) {
        *(uint32_t *)user = (uint32_t)*value;
    } else {
        *(uint64_t *)user = *value;
    }
    if ((reg->id & KVM_MIPS_REG_SIZE) == (KVM_MIPS_REG_U128 & KVM_MIPS_REG_SIZE) && !set) {
        ((uint64_t *)user)[1] = ~*value;
    }
    return 0;
}

/* The answer to the load before, as the real one takes it: on the next run. */
static void finish_load(Play *p)
{
    if (p->load_pending) {
        const Step *s = &p->script[p->at - 1];
        g_assert_cmpmem(p->run->mmio.data, s->len, s->data, s->len);
        p->load_pending = false;
        p->completed++;
        p->regs.pc += 4;
    }
}

static int play_run(Play *p)
{
    finish_load(p);
    if (p->run->immediate_exit) {
        return -EINTR;
    }
    if (p->at == p->steps) {
        __atomic_store_n(&p->stopped, 1, __ATOMIC_RELEASE);
        g_usleep(1000);
        return -EINTR;
    }
    const Step *s = &p->script[p->at++];
    p->run->exit_reason = s->reason;
    p->run->mmio.phys_addr = s->addr;
    p->run->mmio.len = s->len;
    p->run->mmio.is_write = s->write;
    if (s->write) {
        memcpy(p->run->mmio.data, s->data, 8);
    } else {
        memset(p->run->mmio.data, 0xee, 8);
    }
    p->load_pending = s->reason == KVM_EXIT_MMIO && !s->write;
    return 0;
}

static int set_slot(Play *p, const struct kvm_userspace_memory_region *r)
{
    g_assert_cmpuint(r->slot, <, 16);
    g_assert_cmpuint(r->guest_phys_addr % PAGE | r->memory_size % PAGE | r->userspace_addr % PAGE, ==, 0);
    struct kvm_userspace_memory_region *old = &p->slots[r->slot];
    if (p->refuse_slot && r->memory_size) {
        return p->refuse_slot;
    }
    for (unsigned i = 0; i < 16; i++) {
        const struct kvm_userspace_memory_region *o = &p->slots[i];
        bool overlap = i != r->slot && o->memory_size &&
                       r->guest_phys_addr < o->guest_phys_addr + o->memory_size &&
                       o->guest_phys_addr < r->guest_phys_addr + r->memory_size;
        g_assert_false(overlap && r->memory_size);
    }
    /* Neither size nor host address nor READONLY of a slot may change. */
    g_assert_true(!old->memory_size || !r->memory_size ||
                  (old->memory_size == r->memory_size && old->userspace_addr == r->userspace_addr &&
                   (old->flags & KVM_MEM_READONLY) == (r->flags & KVM_MEM_READONLY)));
    *old = *r;
    return 0;
}

static int play_ioctl(void *opaque, int fd, unsigned long request, uintptr_t arg)
{
    Play *p = opaque;
    void *at = (void *)arg;
    const KvmMipsInterrupt *irq = at;
    struct kvm_dirty_log *log = at;
    g_assert_cmpint(fd == VM_FD || fd == CPU_FD, !=, 0);
    switch (request) {
    case KVM_SET_USER_MEMORY_REGION: return set_slot(p, at);
    case KVM_GET_DIRTY_LOG:
        g_assert_true(p->slots[log->slot].flags & KVM_MEM_LOG_DIRTY_PAGES);
        *(unsigned long *)log->dirty_bitmap = p->dirty[log->slot];
        p->dirty[log->slot] = 0;
        return 0;
    case KVM_CREATE_VCPU: return CPU_FD;
    case KVM_SET_SIGNAL_MASK: g_assert_cmpuint(*(uint32_t *)at, ==, 16); return 0;
    case KVM_GET_REG_LIST: return reg_list(at);
    case KVM_ENABLE_CAP:
        p->enabled |= 1u << (((struct kvm_enable_cap *)at)->cap - KVM_MIPS_CAP_FPU);
        return 0;
    case KVM_GET_ONE_REG: return access_reg(p, at, false);
    case KVM_SET_ONE_REG: return access_reg(p, at, true);
    case KVM_MIPS_GET_REGS: memcpy(at, &p->regs, sizeof(p->regs)); return 0;
    case KVM_MIPS_SET_REGS: memcpy(&p->regs, at, sizeof(p->regs)); return 0;
    case KVM_INTERRUPT:
        g_assert_cmpuint(irq->cpu, ==, UINT32_MAX);
        g_string_append_printf(p->irqs, "%d ", irq->irq);
        return 0;
    case KVM_RUN: return play_run(p);
    default: g_error("ioctl %lx is none of this test", request);
    }
}

static void play_close(void *opaque, int fd)
{
}

static void *play_map(void *opaque, int fd, size_t len)
{
    Play *p = opaque;
    g_assert_cmpint(fd, ==, CPU_FD);
    return p->run = g_malloc0(len);
}

static void play_unmap(void *opaque, void *page, size_t len)
{
    g_free(page);
}

/* ---- a small machine ---- */

static uint64_t device_read(void *opaque, PhysAddr addr, unsigned size)
{
    Play *p = opaque;
    g_string_append_printf(p->device_log, "r%u@%x ", size, (unsigned)addr);
    return p->device_value;
}

static void device_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Play *p = opaque;
    g_string_append_printf(p->device_log, "w%u@%x=%x ", size, (unsigned)addr, (unsigned)value);
}

static void set_up(Play *p, gconstpointer data)
{
    static const MemOps ops = { device_read, device_write, MEM_LITTLE, 1, 4, .narrow_writes = true };
    p->vm = (KvmVm){ .system_fd = SYSTEM_FD, .fd = VM_FD, .type = data ? KVM_TYPE_VZ : KVM_TYPE_TE,
                     .slots = 16, .run_size = 2 * PAGE, .has_fpu = true, .has_msa = true,
                     .host = { .page_size = PAGE, .opaque = p, .ioctl = play_ioctl, .close = play_close,
                               .map = play_map, .unmap = play_unmap } };
    p->one_regs = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    p->irqs = g_string_new(NULL);
    p->device_log = g_string_new(NULL);
    p->device_value = 0x11223344;
    *one_reg(p, KVM_MIPS_CP0_32(16, 1)) = 0xfe211080;
    *one_reg(p, KVM_MIPS_CP0_64(5, 5)) = 0x5555;
    p->machine = machine_new(NULL);
    p->machine->useg_kernel = !data;
    machine_lock(p->machine);
    as_set_bus(p->machine->as, &p->machine->lock, false);
    p->ram = mem_ram_new("ram", RAM_SIZE, NULL);
    p->rom = mem_rom_new("rom", 0x10000, NULL);
    p->alias = mem_alias_new("alias", p->ram, 0, RAM_SIZE);
    p->device = mem_io_new("device", 0x1000, &ops, p);
    mem_add(p->machine->memory, 0, p->ram, 0);
    mem_add(p->machine->memory, 0x80000000, p->alias, 0);
    mem_add(p->machine->memory, 0x1fc00000, p->rom, 0);
    mem_add(p->machine->memory, DEVICE, p->device, 0);
    g_assert_nonnull(mips_cpu_new(p->machine, mips_model_find("24Kf", false, NULL), 0, NULL));
    machine_unlock(p->machine);
}

static void tear_down(Play *p, gconstpointer data)
{
    if (p->machine->runner) {
        p->machine->runner->stop(p->machine);
    }
    machine_lock(p->machine);
    mem_free(p->device);
    mem_free(p->alias);
    mem_free(p->rom);
    mem_free(p->ram);
    machine_unlock(p->machine);
    machine_free(p->machine);
    g_hash_table_destroy(p->one_regs);
    g_string_free(p->irqs, TRUE);
    g_string_free(p->device_log, TRUE);
}

static MipsCpu *cpu_of(Play *p)
{
    return mips_cpu(g_ptr_array_index(p->machine->cpus, 0));
}

static void start(Play *p)
{
    machine_lock(p->machine);
    g_assert_true(kvm_start(p->machine, &p->vm, false, NULL));
    machine_reset(p->machine);
    machine_unlock(p->machine);
}

static void run_script(Play *p, const Step *script, unsigned steps)
{
    p->script = script;
    p->steps = steps;
    p->at = 0;
    p->stopped = 0;
    machine_lock(p->machine);
    machine_start(p->machine);
    machine_unlock(p->machine);
    while (!__atomic_load_n(&p->stopped, __ATOMIC_ACQUIRE)) {
        g_usleep(500);
    }
}

static void stop(Play *p)
{
    machine_lock(p->machine);
    machine_stop(p->machine, RUN_PAUSED);
    machine_unlock(p->machine);
}

/* ---- memory ---- */

static const struct kvm_userspace_memory_region *slot_at(const Play *p, uint64_t addr)
{
    for (unsigned i = 0; i < 16; i++) {
        if (p->slots[i].memory_size && p->slots[i].guest_phys_addr == addr) {
            return &p->slots[i];
        }
    }
    return NULL;
}

static void test_slots(Play *p, gconstpointer data)
{
    machine_lock(p->machine);
    KvmSlots *slots = kvm_slots_new(&p->vm, p->machine->as);
    g_assert_true(kvm_slots_update(slots, NULL));
    g_assert_cmpuint(slot_at(p, 0)->memory_size, ==, RAM_SIZE);
    g_assert_cmpuint(slot_at(p, 0x80000000)->userspace_addr, ==, (uintptr_t)mem_host(p->ram));
    g_assert_cmpuint(slot_at(p, 0x1fc00000)->flags, ==, KVM_MEM_READONLY);
    g_assert_null(slot_at(p, DEVICE));
    /* A device over parts of two pages leaves both to us. */
    mem_del(p->device);
    mem_add(p->machine->memory, 2 * PAGE + 0x400, p->device, 1);
    g_assert_true(kvm_slots_update(slots, NULL));
    g_assert_cmpuint(slot_at(p, 0)->memory_size, ==, 2 * PAGE);
    g_assert_cmpuint(slot_at(p, 4 * PAGE)->memory_size, ==, RAM_SIZE - 4 * PAGE);
    /* A moved alias is another slot. */
    mem_set_offset(p->alias, 0x90000000);
    g_assert_true(kvm_slots_update(slots, NULL));
    g_assert_null(slot_at(p, 0x80000000));
    g_assert_nonnull(slot_at(p, 0x90000000));
    kvm_slots_free(slots);
    for (unsigned i = 0; i < 16; i++) {
        g_assert_cmpuint(p->slots[i].memory_size, ==, 0);
    }
    machine_unlock(p->machine);
}

static void test_slot_refused(Play *p, gconstpointer data)
{
    g_autoptr(GError) err = NULL;
    machine_lock(p->machine);
    p->refuse_slot = -EEXIST;
    g_assert_false(kvm_start(p->machine, &p->vm, false, &err));
    g_assert_nonnull(strstr(err->message, "KVM refuses writable memory at 0x0"));
    g_assert_null(p->machine->runner);
    g_clear_error(&err);
    p->refuse_slot = 0;
    p->vm.slots = 2;
    g_assert_false(kvm_start(p->machine, &p->vm, false, &err));
    g_assert_nonnull(strstr(err->message, "only 2 memory slots"));
    machine_unlock(p->machine);
}

static void test_dirty(Play *p, gconstpointer data)
{
    uint64_t bitmap[2] = { 0 };
    machine_lock(p->machine);
    KvmSlots *slots = kvm_slots_new(&p->vm, p->machine->as);
    g_assert_true(kvm_slots_update(slots, NULL) && kvm_slots_log_dirty(slots, true, NULL));
    p->dirty[slot_at(p, 0)->slot] = 1ul << 3;
    p->dirty[slot_at(p, 0x80000000)->slot] = 1ul << 5 | 1ul << 3;
    g_assert_true(kvm_slots_fetch_dirty(slots, mem_host(p->ram), RAM_SIZE, bitmap, NULL));
    g_assert_cmphex(bitmap[0], ==, 1 << 3 | 1 << 5);
    memset(bitmap, 0, sizeof(bitmap));
    g_assert_true(kvm_slots_fetch_dirty(slots, mem_host(p->ram), RAM_SIZE, bitmap, NULL));
    g_assert_cmphex(bitmap[0], ==, 0);
    /* A part of the block: bit 0 is its first page. */
    p->dirty[slot_at(p, 0)->slot] = 1ul << 3 | 1ul << 1;
    g_assert_true(kvm_slots_fetch_dirty(slots, mem_host(p->ram) + 2 * PAGE, 2 * PAGE, bitmap, NULL));
    g_assert_cmphex(bitmap[0], ==, 1 << 1);
    g_assert_true(kvm_slots_log_dirty(slots, false, NULL));
    g_assert_cmpuint(slot_at(p, 0)->flags, ==, 0);
    kvm_slots_free(slots);
    machine_unlock(p->machine);
}

static void touched(void *opaque, bool settled)
{
}

/* A display's memory is logged, nothing else; a collection settles what KVM tells of. */
static void test_watched(Play *p, gconstpointer data)
{
    machine_lock(p->machine);
    AddressSpace *as = p->machine->as;
    MemWritten *w = mem_watch_writes(as, p->ram, touched, NULL);
    KvmSlots *slots = kvm_slots_new(&p->vm, as);
    g_assert_true(kvm_slots_update(slots, NULL) && as_polls_writes(as));
    g_assert_cmpuint(slot_at(p, 0)->flags, ==, KVM_MEM_LOG_DIRTY_PAGES);
    for (unsigned page = 0; page < RAM_SIZE / 4096; page++) {
        g_assert_true(mem_take_written(w, page));
    }
    p->dirty[slot_at(p, 0x80000000)->slot] = 1ul << 3;
    as_write(as, 4096, 4, false, 1);
    mem_collect_writes(as, w);
    for (unsigned page = 0; page < RAM_SIZE / 4096; page++) {
        g_assert_cmpint(mem_take_written(w, page), ==, page == 1 || page / (PAGE / 4096) == 3);
    }
    kvm_slots_free(slots);
    machine_unlock(p->machine);
}

/* ---- exits ---- */

static void test_mmio(Play *p, gconstpointer data)
{
    static const Step script[] = {
        { KVM_EXIT_MMIO, DEVICE + 4, { 0x78, 0x56, 0x34, 0x12 }, 4, true },
        { KVM_EXIT_MMIO, DEVICE + 8, { 0x44, 0x33, 0x22, 0x11 }, 4, false },
        { KVM_EXIT_MMIO, DEVICE + 9, { 0xab }, 1, true },
        /* RAM, as trap-and-emulate guests reach it through 0x80000000. */
        { KVM_EXIT_MMIO, 0x2000, { 1, 2, 3, 4 }, 4, true },
        { KVM_EXIT_MMIO, 0x2002, { 3, 4 }, 2, false },
        { KVM_EXIT_MMIO, 0x2000, { 1, 2, 3, 4, 0, 0, 0, 0 }, 8, false },
        { KVM_EXIT_IRQ_WINDOW_OPEN },
        { KVM_EXIT_MMIO, 0x1e000000, { 0xff, 0xff, 0xff, 0xff }, 4, false },   /* nothing there */
    };
    start(p);
    run_script(p, script, G_N_ELEMENTS(script));
    stop(p);
    g_assert_cmpstr(p->device_log->str, ==, "w4@4=12345678 r4@8 w1@9=ab ");
    g_assert_cmpmem(mem_host(p->ram) + 0x2000, 4, "\1\2\3\4", 4);
    g_assert_cmpuint(p->completed, ==, 4);
    g_autoptr(GString) text = g_string_new(NULL);
    kvm_describe(p->machine, text);
    g_assert_nonnull(strstr(text->str, "4 to devices"));
    g_assert_nonnull(strstr(text->str, "3 to RAM, 1 to nothing; 1 ends of WAIT"));
}

/* A load that is pending when the machine stops is completed before registers are read. */
static void test_pending_load(Play *p, gconstpointer data)
{
    static const Step script[] = { { KVM_EXIT_MMIO, DEVICE, { 0x44, 0x33, 0x22, 0x11 }, 4, false } };
    start(p);
    run_script(p, script, 1);
    stop(p);
    g_assert_cmpuint(p->completed, ==, 1);
    g_assert_cmphex(cpu_of(p)->pc, ==, p->regs.pc);
}

static gboolean quit_loop(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static void test_internal_error(Play *p, gconstpointer data)
{
    static const Step script[] = { { KVM_EXIT_INTERNAL_ERROR } };
    p->script = script;
    p->steps = 1;
    if (g_test_subprocess()) {
        start(p);
        machine_lock(p->machine);
        machine_start(p->machine);
        machine_unlock(p->machine);
        g_timeout_add(300, quit_loop, p->machine->loop);
        g_main_loop_run(p->machine->loop);
        g_assert_cmpint(p->machine->state, ==, RUN_INTERNAL_ERROR);
        p->machine->runner->stop(p->machine);
        exit(0);
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("*KVM cannot go on*pc=*Status*system_reset*");
}

/* ---- registers ---- */

static void test_registers(Play *p, gconstpointer data)
{
    start(p);
    MipsCpu *cpu = cpu_of(p);
    /* The FPU was enabled, and Config is the kernel's, not the model's. */
    g_assert_cmphex(*one_reg(p, KVM_MIPS_CP0_32(16, 1)), ==, 0xfe211081);
    cpu->gpr[4] = 0xffffffff80001234;
    cpu->pc = 0x40100000;
    cpu->cp0.epc = 0x40104444;
    run_script(p, NULL, 0);
    g_assert_cmphex(p->regs.gpr[4], ==, 0xffffffff80001234);
    g_assert_cmphex(p->regs.pc, ==, 0x40100000);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_CP0_64(14, 0)), ==, 0x40104444);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_COUNT_CTL), ==, 0);
    g_assert_cmphex(cpu->cp0.config[1], ==, 0xfe211081);
    p->regs.gpr[2] = 77;
    p->regs.pc = 0x80001000;                                        /* as 32-bit hosts have it */
    *one_reg(p, KVM_MIPS_CP0_32(9, 0)) = 12345;
    *one_reg(p, KVM_MIPS_CP0_32(12, 0)) = 0x10000401;
    stop(p);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_COUNT_CTL), ==, 1);        /* a stopped machine's clock stops */
    g_assert_cmphex(cpu->gpr[2], ==, 77);
    g_assert_cmphex(cpu->cp0.status, ==, 0x10000401);
    /* Only what somebody changed is written back; Count goes on from where it stood. */
    *one_reg(p, KVM_MIPS_CP0_32(9, 0)) = 99999;
    *one_reg(p, KVM_MIPS_CP0_32(12, 0)) = 0xdead;
    cpu->cp0.epc = 0x40108888;
    g_assert_cmphex(cpu->pc, ==, 0xffffffff80001000);
    run_script(p, NULL, 0);
    stop(p);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_CP0_32(12, 0)), ==, 0xdead);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_CP0_64(14, 0)), ==, 0x40108888);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_CP0_32(9, 0)), ==, 12345);
    /* A register that the CPU structure does not have, as the guest left it. */
    *one_reg(p, KVM_MIPS_CP0_64(5, 5)) = 0xbad;
    machine_lock(p->machine);
    machine_reset(p->machine);
    machine_unlock(p->machine);
    run_script(p, NULL, 0);
    stop(p);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_CP0_32(9, 0)), ==, 0);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_CP0_64(5, 5)), ==, 0x5555);
}

/* Only a guest that sees the host's CPU has MSA; its registers come with FR = 1. */
static void test_vectors(Play *p, gconstpointer data)
{
    start(p);
    g_assert_cmphex(p->enabled, ==, p->vm.type == KVM_TYPE_VZ ? 3 : 1);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_CP0_32(16, 3)) >> 28, ==, p->vm.type == KVM_TYPE_VZ ? 1 : 0);
    run_script(p, NULL, 0);
    *one_reg(p, KVM_MIPS_CP0_32(12, 0)) = 0x34000000;
    *one_reg(p, KVM_MIPS_FPR64(7)) = 0x7777;
    *one_reg(p, KVM_MIPS_VEC128(7)) = 0x7777;
    stop(p);
    g_assert_cmphex(cpu_of(p)->fpr[7], ==, 0x7777);
    cpu_of(p)->fpr[7] = 0x8888;
    run_script(p, NULL, 0);
    g_assert_cmphex(*one_reg(p, KVM_MIPS_FPR64(7)), ==, 0x8888);
    if (p->vm.type == KVM_TYPE_VZ) {
        g_assert_cmphex(*one_reg(p, KVM_MIPS_VEC128(7)), ==, 0x8888);
    }
    stop(p);
}

/* ---- interrupts ---- */

static void set_line(Play *p, unsigned line, bool level)
{
    machine_lock(p->machine);
    cpu_of(p)->base.ops->set_irq(&cpu_of(p)->base, line, level);
    machine_unlock(p->machine);
}

static void test_lines(Play *p, gconstpointer data)
{
    start(p);
    set_line(p, 0, true);
    set_line(p, 2, true);
    set_line(p, 2, true);
    set_line(p, 3, true);       /* IP5: KVM knows no such line */
    set_line(p, 0, false);
    g_assert_cmpstr(p->irqs->str, ==, "2 4 -2 ");
    g_string_truncate(p->irqs, 0);
    run_script(p, NULL, 0);
    stop(p);
    if (p->vm.type == KVM_TYPE_TE) {    /* delivered once each time: raised again before each run */
        g_assert_true(g_str_has_prefix(p->irqs->str, "4 "));
    } else {
        g_assert_cmpstr(p->irqs->str, ==, "");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, func) g_test_add("/kvm-vcpu/" path, Play, NULL, set_up, func, tear_down)
    ADD("slots", test_slots);
    ADD("slot-refused", test_slot_refused);
    ADD("dirty", test_dirty);
    ADD("watched", test_watched);
    ADD("mmio", test_mmio);
    ADD("pending-load", test_pending_load);
    ADD("internal-error", test_internal_error);
    ADD("registers", test_registers);
    ADD("lines-te", test_lines);
    ADD("vectors-te", test_vectors);
    g_test_add("/kvm-vcpu/vectors-vz", Play, "vz", set_up, test_vectors, tear_down);
    g_test_add("/kvm-vcpu/lines-vz", Play, "vz", set_up, test_lines, tear_down);
    return g_test_run();
}
