/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The debugging log of -d and -D: one mask, one file, lines from any thread. */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    LOG_GUEST_ERRORS = 1 << 0,  /* the guest did what its manual forbids */
    LOG_UNIMP        = 1 << 1,  /* the guest used what is not modelled */
    LOG_IN_ASM       = 1 << 2,  /* guest code of each new block */
    LOG_IR           = 1 << 3,  /* IR as the decoder made it */
    LOG_IR_OPT       = 1 << 4,  /* IR after the optimizer */
    LOG_OUT_ASM      = 1 << 5,  /* code for the engine that runs it */
    LOG_INT          = 1 << 6,  /* exceptions and interrupts */
    LOG_EXEC         = 1 << 7,  /* each block that is entered */
    LOG_CPU          = 1 << 8,  /* registers before each block */
    LOG_MMU          = 1 << 9,  /* TLB writes and refills */
    LOG_CPU_RESET    = 1 << 10, /* registers at each reset */
    LOG_MMIO         = 1 << 11, /* each access to a device register */
    LOG_PAGE         = 1 << 12, /* the physical memory map, when it changes */
    LOG_KVM          = 1 << 13, /* exits of KVM by kind, at the end */
} LogMask;

/* What is logged now; only util/log.c changes it, under no lock: a stale read
 * loses or adds a line at the moment of the change. */
LogMask log_mask(void);

static inline bool log_enabled(LogMask what)
{
    return G_UNLIKELY(log_mask() & what);
}

/* Parses "a,b,c" (names as -d help prints them, "all" included) and makes it the mask.
 * False with err naming the unknown item and listing the known ones. */
bool log_set_items(const char *items, GError **err);

/* Item n and its bit; NULL behind the last. */
const char *log_item(unsigned n, LogMask *bit);
/* The items of which pattern ("*" and "?" as in a shell) is true are logged from now on, or not any more; the
 * others as before. How many there are. Main thread. */
unsigned log_switch(const char *pattern, bool on);

/* Opens path ("%d" becomes the pid) for the log instead of stderr. */
bool log_set_file(const char *path, GError **err);

/* The table that -d help shows, one item a line; the caller frees it. */
char *log_items_help(void);

/* Writes one line if the mask has any bit of what; a newline is added when the text
 * has none. Any thread. */
void log_line(LogMask what, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A guest mistake, logged under -d guest_errors. At most 1000 lines from one format
 * string and then a remark, so that a guest cannot fill the disk. */
void guest_log(const char *format, ...) G_GNUC_PRINTF(1, 2);

#endif
