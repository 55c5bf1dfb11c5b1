/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/random/oracle.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "util/bits.h"

/* Physical addresses beyond the programs' own. */
enum {
    DRIVER = 0x100000, STATE = 0x101000, IMAGES = 0x200000,
    STATE_NEXT = STATE, STATE_COUNT = STATE + 4,    /* the program that runs now, and how many there are */
    ELF_HEAD = 52, ELF_SEGMENT = 32, ELF_CODE = 0x1000,
};
#define KSEG0 0x80000000u

typedef struct {
    const Program *const *programs;
    unsigned n;
    uint8_t *ram;
    size_t ram_size;
    int ram_fd, elf_fd;
    uint32_t back;                              /* where programs go at their end */
} Boot;

char *oracle_find(const Target *target)
{
    g_autofree char *name = g_strdup_printf("qemu-system-mips%s%s", target->is_64bit ? "64" : "",
                                            target->big_endian ? "" : "el");
    return g_find_program_in_path(name);
}

/* ---- the driver: copies a program to where it runs, starts it, copies all back ---- */

static void emit_copy(Asm *a, unsigned from, unsigned to, unsigned checked)
{
    enum { WORDS = 4 };
    asm_li(a, R_T8, KSEG0 + MEM_SIZE);
    Label head = asm_here(a);
    for (unsigned i = 0; i < WORDS; i++) {
        asm_emit(a, I_TYPE(OP_LW, R_T0 + i, from, 4 * i));
    }
    for (unsigned i = 0; i < WORDS; i++) {
        asm_emit(a, I_TYPE(OP_SW, R_T0 + i, to, 4 * i));
    }
    asm_emit(a, I_TYPE(OP_ADDIU, from, from, 4 * WORDS));
    asm_emit(a, I_TYPE(OP_ADDIU, to, to, 4 * WORDS));
    asm_branch(a, I_TYPE(OP_BNE, checked, R_T8, 0), head);
    asm_emit(a, NOP);
}

/* A0 = where the program is kept, V0 = its number, A3 = the state. */
static void emit_find(Asm *a)
{
    asm_li(a, R_A3, KSEG0 + STATE);
    asm_emit(a, I_TYPE(OP_LW, R_V0, R_A3, 0));
    asm_emit(a, R_TYPE(FN_SLL, R_A0, 0, R_V0, 19));
    asm_li(a, R_T0, KSEG0 + IMAGES);
    asm_emit(a, R_TYPE(FN_ADDU, R_A0, R_A0, R_T0, 0));
    asm_li(a, R_A1, KSEG0);
}

static void emit_driver(Asm *a, uint32_t *back)
{
    Label done = asm_label(a), next = asm_here(a);
    emit_find(a);
    asm_emit(a, I_TYPE(OP_LW, R_V1, R_A3, 4));
    asm_branch(a, I_TYPE(OP_BEQ, R_V0, R_V1, 0), done);
    asm_emit(a, NOP);
    emit_copy(a, R_A0, R_A1, R_A1);
    asm_emit(a, (uint32_t)OP_J << 26 | MEM_SYSTEM >> 2);
    asm_emit(a, NOP);
    *back = (uint32_t)asm_address(a, asm_here(a));
    emit_find(a);
    emit_copy(a, R_A1, R_A0, R_A1);
    asm_emit(a, I_TYPE(OP_ADDIU, R_V0, R_V0, 1));
    asm_emit(a, I_TYPE(OP_SW, R_V0, R_A3, 0));
    asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), next);
    asm_emit(a, NOP);
    asm_bind(a, done);
    asm_li(a, R_T0, 0xbf000000);
    asm_emit(a, I_TYPE(OP_ADDIU, R_T1, R_ZERO, 0x42));
    asm_emit(a, I_TYPE(OP_SW, R_T1, R_T0, 0x500));      /* the board's reset */
    Label self = asm_here(a);
    asm_branch(a, I_TYPE(OP_BEQ, 0, 0, 0), self);
    asm_emit(a, NOP);
}

static void put(const Boot *b, uint8_t *at, unsigned size, uint64_t value)
{
    (b->programs[0]->target->big_endian ? store_be : store_le)(at, size, value);
}

static void put_words(const Boot *b, uint8_t *at, const uint32_t *words, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        put(b, at + 4 * i, 4, words[i]);
    }
}

/* The driver as an ELF kernel of one segment. */
static void make_kernel(Boot *b)
{
    static const uint16_t halves[] = { 2, 8 };          /* executable, MIPS */
    uint8_t file[ELF_CODE + 0x400] = { 0x7f, 'E', 'L', 'F', 1, 1, 1 };
    Asm a;
    asm_init(&a, KSEG0 + DRIVER, 0x400 / 4);
    emit_driver(&a, &b->back);
    asm_finish(&a);
    g_assert(!asm_full(&a, 1));
    const uint32_t words[] = { 1, KSEG0 + DRIVER, ELF_HEAD, 0, 0x70001001 };
    const uint32_t segment[] = { 1, ELF_CODE, KSEG0 + DRIVER, KSEG0 + DRIVER, 4 * a.n, 4 * a.n, 7, ELF_CODE };
    file[5] = b->programs[0]->target->big_endian ? 2 : 1;
    put(b, file + 16, 2, halves[0]);
    put(b, file + 18, 2, halves[1]);
    put_words(b, file + 20, words, G_N_ELEMENTS(words));
    put(b, file + 40, 2, ELF_HEAD);
    put(b, file + 42, 2, ELF_SEGMENT);
    put(b, file + 44, 2, 1);
    put_words(b, file + ELF_HEAD, segment, G_N_ELEMENTS(segment));
    put_words(b, file + ELF_CODE, a.words, a.n);
    b->elf_fd = memfd_create("oracle-kernel", 0);
    g_assert(write(b->elf_fd, file, sizeof(file)) == sizeof(file));
    asm_clear(&a);
}

/* ---- a boot ---- */

static uint8_t *image(const Boot *b, unsigned i)
{
    return b->ram + IMAGES + (size_t)i * MEM_SIZE;
}

static void make_ram(Boot *b)
{
    b->ram_size = 32u << 20;                    /* powers of two are what the board can have */
    while (b->ram_size < IMAGES + (size_t)b->n * MEM_SIZE) {
        b->ram_size *= 2;
    }
    b->ram_fd = memfd_create("oracle-ram", 0);
    g_assert(b->ram_fd >= 0 && ftruncate(b->ram_fd, (off_t)b->ram_size) == 0);
    b->ram = mmap(NULL, b->ram_size, PROT_READ | PROT_WRITE, MAP_SHARED, b->ram_fd, 0);
    g_assert(b->ram != MAP_FAILED);
    put(b, b->ram + STATE_COUNT, 4, b->n);
    for (unsigned i = 0; i < b->n; i++) {
        const Program *p = b->programs[i];
        g_assert(p->oracle && p->target == b->programs[0]->target && p->model == b->programs[0]->model);
        program_load(p, image(b, i));
        put(b, image(b, i) + p->exit_at, 4, (uint32_t)OP_J << 26 | ((b->back >> 2) & 0x03ffffff));
    }
}

static pid_t start(const Boot *b)
{
    g_autofree char *emulator = oracle_find(b->programs[0]->target);
    g_autofree char *kernel = g_strdup_printf("/dev/fd/%d", b->elf_fd);
    g_autofree char *size = g_strdup_printf("%zuM", b->ram_size >> 20);
    g_autofree char *ram = g_strdup_printf("memory-backend-file,id=ram,share=on,size=%s,mem-path=/dev/fd/%d",
                                           size, b->ram_fd);
    const char *const argv[] = {
        emulator, "-M", "malta,memory-backend=ram", "-cpu", b->programs[0]->model->name, "-m", size,
        "-object", ram, "-kernel", kernel, "-display", "none", "-monitor", "none", "-serial", "none",
        "-net", "none", "-vga", "none", "-no-reboot", NULL,
    };
    fflush(NULL);
    pid_t child = fork();
    g_assert(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
        execv(emulator, (char *const *)argv);
        _exit(127);
    }
    return child;
}

static unsigned progress(const Boot *b)
{
    const uint8_t *at = b->ram + STATE_NEXT;
    return (unsigned)(b->programs[0]->target->big_endian ? load_be : load_le)(at, 4);
}

/* Waits for its end, or for no progress; true if it is ended because of that. */
static bool wait_for(const Boot *b, pid_t child, double time_limit)
{
    gint64 since = g_get_monotonic_time();
    unsigned last = 0;
    bool killed = false;
    while (waitpid(child, NULL, WNOHANG) == 0) {
        unsigned now = progress(b);
        since = now != last ? g_get_monotonic_time() : since;
        last = now;
        if (!killed && (double)(g_get_monotonic_time() - since) > time_limit * 1e6) {
            kill(child, SIGKILL);
            killed = true;
        }
        g_usleep(2000);
    }
    return killed;
}

/* Boots with all programs; returns how many have an outcome: the last may be one that had no end. */
static unsigned boot(const Program *const *programs, unsigned n, double time_limit, Outcome **outcomes)
{
    Boot b = { .programs = programs, .n = n };
    make_kernel(&b);
    make_ram(&b);
    bool hangs = wait_for(&b, start(&b), time_limit);
    unsigned ended = MIN(progress(&b), n);
    for (unsigned i = 0; i < MIN(ended + 1, n); i++) {
        outcomes[i] = outcome_new();
        outcomes[i]->how = i < ended ? RUN_ENDED : hangs ? RUN_HANGS : RUN_CRASHES;
        memcpy(outcomes[i]->ram, image(&b, i), MEM_SIZE);
        program_put(programs[i], outcomes[i]->ram, programs[i]->exit_at, 4,
                    program_get(programs[i], programs[i]->ram, programs[i]->exit_at, 4));
    }
    munmap(b.ram, b.ram_size);
    close(b.ram_fd);
    close(b.elf_fd);
    return MIN(ended + 1, n);
}

void oracle_run(const Program *const *programs, unsigned n, double time_limit, Outcome **outcomes)
{
    for (unsigned done = 0; done < n;) {
        done += boot(programs + done, n - done, time_limit, outcomes + done);
    }
}
