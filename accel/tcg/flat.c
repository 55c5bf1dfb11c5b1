/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flat page tables. An address space in use is one area of address space that takes memory only
 * where something was entered; the areas are few and go to the address spaces that were used
 * last. A part of a table is emptied by its log, which names lines of eight entries.
 */
#include "accel/tcg/flat.h"

#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "accel/tcg/writers.h"

#define SLOTS (sizeof(void *) == 8 ? 16 : 4)
#define HALF 0x400000u                  /* bytes of the entries of 2 GiB */
#define TABLE (3 * HALF)
#define TABLES 3
#define LINE 8                          /* entries */
#define LINES (HALF / 8 / LINE)
#define WORDS (LINES / 64)

/* 2 GiB of addresses. */
typedef struct {
    uint8_t *base;                      /* its first read entry */
    uint16_t *log;                      /* lines that something was entered in */
    unsigned logged, room;
    uint64_t lines[WORDS];              /* the same as bits */
} Part;

typedef struct {
    uint64_t used;                      /* when it was selected */
    uint8_t *area;
    Part low;
} Slot;

struct Flat {
    MipsCpu *cpu;
    int high_fd;                        /* memory of the high half, all three tables */
    Part unmapped, high;                /* below and above 0xc0000000 */
    unsigned nslots, current;
    uint16_t spaces[SLOTS];             /* what each slot is for */
    bool global[SLOTS];                 /* it has pages that are not of its ASID alone */
    Slot *slots[SLOTS];
    uint64_t clock;
    Writers *writers;
};

/* ---- parts ---- */

static uint64_t *entry(const Part *p, unsigned at, uint32_t table)
{
    return (uint64_t *)(void *)(p->base + table) + at;
}

/* Logs the line of an entry. */
static void note(Part *p, unsigned at)
{
    unsigned line = at / LINE;
    uint64_t bit = UINT64_C(1) << line % 64;
    if (p->lines[line / 64] & bit) {
        return;
    }
    p->lines[line / 64] |= bit;
    if (p->logged == p->room) {
        p->room = p->room ? 2 * p->room : 256;
        p->log = g_renew(uint16_t, p->log, p->room);
    }
    p->log[p->logged++] = (uint16_t)line;
}

/* Empties entries of one line; only what was filled is written to. */
static bool clear(Flat *flat, Part *p, unsigned first, unsigned last)
{
    bool any = false, exec = false;
    for (unsigned at = first; at <= last; at++) {
        uint64_t *r = entry(p, at, FLAT_READ), *w = entry(p, at, FLAT_WRITE), *x = entry(p, at, FLAT_EXEC);
        any = any || *r || *w;
        if (*r) {
            *r = 0;
        }
        if (*w) {
            *w = 0;
        }
        if (*x) {
            *x = 0;
            exec = true;
        }
    }
    flat->cpu->exec_epoch += exec;
    return any || exec;
}

static bool part_drop(Flat *flat, Part *p, unsigned first, unsigned last)
{
    bool any = false;
    for (unsigned line = first / LINE; line <= last / LINE;) {
        uint64_t ahead = p->lines[line / 64] >> line % 64;
        if (!ahead) {
            line = (line | 63) + 1;
            continue;
        }
        line += (unsigned)__builtin_ctzll(ahead);
        if (line <= last / LINE) {
            any |= clear(flat, p, MAX(first, line * LINE), MIN(last, line * LINE + LINE - 1));
        }
        line++;
    }
    return any;
}

static void part_empty(Flat *flat, Part *p)
{
    for (unsigned i = 0; i < p->logged; i++) {
        unsigned line = p->log[i];
        clear(flat, p, line * LINE, line * LINE + LINE - 1);
        p->lines[line / 64] = 0;
    }
    p->logged = 0;
}

/* ---- areas ---- */

static uint8_t *map(void *at, size_t size, int flags, int fd, off_t offset)
{
    void *p = mmap(at, size, PROT_READ | PROT_WRITE, flags, fd, offset);
    if (p == MAP_FAILED) {
        g_error("the host gives no memory for page tables: %m");
    }
    return p;
}

static unsigned slot_new(Flat *flat)
{
    Slot *s = g_new0(Slot, 1);
    s->area = map(NULL, TABLES * TABLE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    madvise(s->area, TABLES * TABLE, MADV_NOHUGEPAGE);
    for (unsigned i = 0; i < TABLES; i++) {
        map(s->area + i * TABLE, HALF, MAP_SHARED | MAP_FIXED, flat->high_fd, i * (off_t)HALF);
    }
    s->low.base = s->area + HALF;
    flat->slots[flat->nslots] = s;
    return flat->nslots++;
}

/* The slot of an address space: its own, a new one, or the one that is unused for longest. */
static unsigned find_slot(Flat *flat, unsigned space)
{
    unsigned found = 0;
    for (unsigned i = 0; i < flat->nslots; i++) {
        if (flat->spaces[i] == space) {
            return i;
        }
    }
    if (flat->nslots < SLOTS) {
        found = slot_new(flat);
    }
    for (unsigned i = 0; i < flat->nslots; i++) {
        found = flat->slots[i]->used < flat->slots[found]->used ? i : found;
    }
    part_empty(flat, &flat->slots[found]->low);
    flat->spaces[found] = (uint16_t)space;
    flat->global[found] = false;
    return found;
}

void flat_select(Flat *flat, unsigned space)
{
    if (flat->nslots && flat->spaces[flat->current] == space) {
        return;
    }
    flat->current = find_slot(flat, space);
    Slot *s = flat->slots[flat->current];
    s->used = ++flat->clock;
    flat->cpu->flat = s->low.base;
    flat->cpu->exec_epoch++;
}

/* ---- pages ---- */

static Part *part_of(Flat *flat, uint32_t vaddr)
{
    Part *low = &flat->slots[flat->current]->low;
    return vaddr >> 31 == 0 ? low : vaddr >> 30 == 2 ? &flat->unmapped : &flat->high;
}

void flat_fill(Flat *flat, uint32_t vaddr, const uint8_t *host, unsigned flags)
{
    Part *p = part_of(flat, vaddr);
    unsigned at = (vaddr & 0x7fffffff) >> 12;
    uint64_t page = (uintptr_t)host, addend = page - (vaddr & ~0xfffu);
    note(p, at);
    if (flags & FLAT_MAY_READ) {
        *entry(p, at, FLAT_READ) = addend;
    }
    if (flags & FLAT_MAY_WRITE) {
        uint64_t *w = entry(p, at, FLAT_WRITE);
        *w = addend;
        writers_add(flat->writers, page, w);
    }
    if (flags & FLAT_MAY_EXEC) {
        *entry(p, at, FLAT_EXEC) = (page >> 12) + 1;
    }
    if (flags & FLAT_GLOBAL) {
        flat->global[flat->current] = true;
    }
}

bool flat_has(Flat *flat, uint32_t vaddr, bool exec)
{
    return *entry(part_of(flat, vaddr), (vaddr & 0x7fffffff) >> 12, exec ? FLAT_EXEC : FLAT_READ) != 0;
}

bool flat_drop(Flat *flat, uint32_t vaddr, uint64_t size, unsigned asid)
{
    unsigned first = (vaddr & 0x7fffffff) >> 12, last = first + (unsigned)(size >> 12) - 1;
    bool any = false;
    if (vaddr >> 31) {
        return part_drop(flat, part_of(flat, vaddr), first, last);
    }
    for (unsigned i = 0; i < flat->nslots; i++) {
        if (asid == FLAT_ALL_ASIDS || flat->spaces[i] >> 1 == asid || flat->global[i]) {
            any |= part_drop(flat, &flat->slots[i]->low, first, last);
        }
    }
    return any;
}

void flat_drop_high(Flat *flat)
{
    part_empty(flat, &flat->high);
}

void flat_drop_mapped(Flat *flat)
{
    part_empty(flat, &flat->high);
    for (unsigned i = 0; i < flat->nslots; i++) {
        Part *p = &flat->slots[i]->low;
        if (flat->cpu->useg_kernel && !(flat->spaces[i] & 1)) {
            part_drop(flat, p, 0, 0x3ffff);
            part_drop(flat, p, 0x60000, 0x7ffff);       /* between lies what is unmapped */
        } else {
            part_empty(flat, p);
        }
        flat->global[i] = false;
    }
}

void flat_drop_all(Flat *flat)
{
    part_empty(flat, &flat->unmapped);
    part_empty(flat, &flat->high);
    for (unsigned i = 0; i < flat->nslots; i++) {
        part_empty(flat, &flat->slots[i]->low);
        flat->global[i] = false;
    }
    writers_clear(flat->writers);
}

void flat_protect(Flat *flat, uint64_t ram_id)
{
    writers_stop(flat->writers, ram_id);
}

/* ---- life ---- */

Flat *flat_new(MipsCpu *cpu)
{
    Flat *flat = g_new0(Flat, 1);
    flat->cpu = cpu;
    flat->high_fd = memfd_create("kernel page table", MFD_CLOEXEC);
    if (flat->high_fd < 0 || ftruncate(flat->high_fd, TABLES * (off_t)HALF) != 0) {
        g_error("the host gives no memory for page tables: %m");
    }
    flat->writers = writers_new();
    flat_select(flat, FLAT_NO_SPACE);
    flat->unmapped.base = flat->high.base = flat->slots[0]->area;
    return flat;
}

void flat_free(Flat *flat)
{
    for (unsigned i = 0; i < flat->nslots; i++) {
        munmap(flat->slots[i]->area, TABLES * TABLE);
        g_free(flat->slots[i]->low.log);
        g_free(flat->slots[i]);
    }
    close(flat->high_fd);
    g_free(flat->unmapped.log);
    g_free(flat->high.log);
    writers_free(flat->writers);
    g_free(flat);
}
