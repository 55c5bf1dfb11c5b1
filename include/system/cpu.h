/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the machine and its board know of a CPU; the CPU itself is in target/. */
#ifndef SYSTEM_CPU_H
#define SYSTEM_CPU_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Cpu Cpu;
typedef struct Machine Machine;

/* What a debugger sees of a CPU; vCPU parked, machine lock held. */
typedef struct {
    /* The target description of that name ("target.xml"); NULL: there is none. The caller frees it. */
    char *(*description)(Cpu *cpu, const char *name);
    /* Bytes of register n of the description, at most 8; 0: there is no such register. */
    unsigned (*register_size)(Cpu *cpu, unsigned n);
    /* Register n, register_size bytes in the CPU's byte order. What cannot be written is ignored. */
    void (*read_register)(Cpu *cpu, unsigned n, uint8_t *bytes);
    void (*write_register)(Cpu *cpu, unsigned n, const uint8_t *bytes);
    /* The instruction that comes next; of a pending delay slot its branch. */
    uint64_t (*get_pc)(Cpu *cpu);
    void (*set_pc)(Cpu *cpu, uint64_t pc);
    /* An address as the CPU's registers hold it. */
    uint64_t (*canonical)(Cpu *cpu, uint64_t vaddr);
    /* Virtual to physical, the kernel's segments in every mode; no side effects; false: no mapping. */
    bool (*translate)(Cpu *cpu, uint64_t vaddr, uint64_t *paddr);
} CpuDebugOps;

typedef struct {
    /* Puts the CPU into its state after power-on; vCPU thread parked, machine lock held. */
    void (*reset)(Cpu *cpu);
    /* After reset: as firmware leaves it that jumps to entry, with a stack and a0 to a3. */
    void (*enter)(Cpu *cpu, uint64_t entry, uint64_t sp, const uint64_t args[4]);
    /* Drives hardware interrupt input line (0..5 = IP2..IP7). Machine lock held. */
    void (*set_irq)(Cpu *cpu, unsigned line, bool level);
    /* "info registers"; vCPU parked. */
    void (*describe)(Cpu *cpu, GString *out);
    /* Virtual to physical as the CPU sees it now, without side effects; false = no mapping. */
    bool (*translate)(Cpu *cpu, uint64_t vaddr, uint64_t *paddr);
    /* "info tlb"; vCPU parked. */
    void (*describe_tlb)(Cpu *cpu, GString *out);
    /* The 4 bytes of the instruction at vaddr as text, without a newline. */
    void (*disassemble)(Cpu *cpu, uint64_t vaddr, const uint8_t *bytes, GString *out);
    /* The register called name ("pc", "sp", "r29", "status"); false: none. vCPU parked. */
    bool (*get_register)(Cpu *cpu, const char *name, uint64_t *value);
    /* Whether it waits for an interrupt (a hint, any thread). */
    bool (*halted)(Cpu *cpu);
    void (*free)(Cpu *cpu);
    const CpuDebugOps *debug;
} CpuOps;

struct Cpu {
    const CpuOps *ops;
    Machine *machine;
    unsigned index;
    bool big_endian;
    bool is_64bit;
    const char *model;      /* its name, as -cpu takes it */
    int thread_id;          /* the host's, of the thread that runs it; 0: none yet. Atomic */
};

#endif
