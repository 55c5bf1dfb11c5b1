/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perf's map and dump files (Linux, tools/perf/Documentation: jit-interface, jitdump-specification). */
#include "accel/tcg/perf.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "util/error.h"

struct PerfLog {
    FILE *map, *dump;
    void *marker;               /* a page of the dump, mapped: perf finds the file by it */
    uint64_t index;
};

#define MAGIC 0x4a695444u
#define MACHINE_X86_64 62u

typedef struct {
    uint32_t magic, version, size, machine, pad, pid;
    uint64_t time, flags;
} DumpHeader;

/* JIT_CODE_LOAD; the name and the code follow. */
typedef struct {
    uint32_t id, size;
    uint64_t time;
    uint32_t pid, tid;
    uint64_t vma, address, code_size, index;
} DumpLoad;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static FILE *create(char *path, const char *option, GError **err)
{
    FILE *f = fopen(path, "w+");
    if (!f) {
        error_set(err, "-%s: %s: %s", option, path, g_strerror(errno));
    }
    g_free(path);
    return f;
}

static bool open_dump(PerfLog *log, GError **err)
{
    DumpHeader h = { MAGIC, 1, sizeof(h), MACHINE_X86_64, 0, (uint32_t)getpid(), now_ns(), 0 };
    log->dump = create(g_strdup_printf("jit-%d.dump", (int)getpid()), "jitdump", err);
    if (!log->dump) {
        return false;
    }
    fwrite(&h, sizeof(h), 1, log->dump);
    fflush(log->dump);
    log->marker = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fileno(log->dump), 0);
    return log->marker != MAP_FAILED ||
           error_set(err, "-jitdump: the host does not map the file: %s", g_strerror(errno));
}

PerfLog *perf_log_new(bool map, bool dump, GError **err)
{
    PerfLog *log = g_new0(PerfLog, 1);
    log->marker = MAP_FAILED;
    if (map) {
        log->map = create(g_strdup_printf("/tmp/perf-%d.map", (int)getpid()), "perfmap", err);
    }
    if ((map && !log->map) || (dump && !open_dump(log, err))) {
        perf_log_free(log);
        return NULL;
    }
    return log;
}

void perf_log_free(PerfLog *log)
{
    if (!log) {
        return;
    }
    if (log->map) {
        fclose(log->map);
    }
    if (log->marker != MAP_FAILED) {
        munmap(log->marker, 4096);
    }
    if (log->dump) {
        fclose(log->dump);
    }
    g_free(log);
}

void perf_log_block(PerfLog *log, const Block *b)
{
    char name[64];
    uintptr_t at = (uintptr_t)b->code;
    int len = g_snprintf(name, sizeof(name), "guest:%" G_GINT64_MODIFIER "x:tier%u:mode%x", b->pc, b->tier,
                         b->mode);
    if (log->map) {
        fprintf(log->map, "%lx %x %s\n", (unsigned long)at, b->code_size, name);
    }
    if (log->dump) {
        DumpLoad load = {
            .size = (uint32_t)(sizeof(load) + (size_t)len + 1 + b->code_size), .time = now_ns(),
            .pid = (uint32_t)getpid(), .tid = (uint32_t)gettid(), .vma = at, .address = at,
            .code_size = b->code_size, .index = log->index++,
        };
        fwrite(&load, sizeof(load), 1, log->dump);
        fwrite(name, (size_t)len + 1, 1, log->dump);
        fwrite(b->code, b->code_size, 1, log->dump);
    }
}
