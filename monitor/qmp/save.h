/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory on its way to a file. A thread writes, for a file may be a pipe that nobody reads: the
 * machine goes on, and so do out-of-band commands.
 */
#ifndef MONITOR_QMP_SAVE_H
#define MONITOR_QMP_SAVE_H

#include "monitor/qmp/qmp.h"

/* The most that a piece may be long. */
#define SAVE_PIECE (256u << 10)

typedef struct {
    PhysAddr addr;
    uint64_t len;
} SavePiece;

typedef struct Save {
    QmpCall *call;          /* whose reply comes at the end; NULL: nobody's */
    Machine *machine;
    QmpGate *gate;
    GByteArray *head;       /* is written first */
    GArray *pieces;         /* of SavePiece, in order */
    char *path;             /* also what errors call it */
    int fd;                 /* -1: path is still to be opened */
    /* At the end, before the reply; main thread, machine lock held. err NULL: all is written. */
    void (*done)(void *opaque, const GError *err);
    void *opaque;
    uint64_t written;       /* bytes of the pieces; atomic */
    GError *err;
} Save;

/* Nothing in it yet. */
Save *save_new(const MonitorContext *c, const char *path);
/* Of one that was not started. */
void save_free(Save *s);
/* A path of the form /dev/fdset/N becomes fd. False with err. */
bool save_take_fdset(Save *s, GError **err);
/* Frees s at the end; call, when there is one, is detached. */
void save_start(Save *s, QmpCall *call);

#endif
