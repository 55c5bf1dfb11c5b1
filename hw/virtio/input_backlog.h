/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that wait for the buffers of virtio-input's driver. Machine lock held for all. */
#ifndef HW_VIRTIO_INPUT_BACKLOG_H
#define HW_VIRTIO_INPUT_BACKLOG_H

#include "hw/core/state.h"

#define BACKLOG_GROUPS 64u
#define BACKLOG_EVENTS 33u          /* most of one group, its end included */
#define BACKLOG_ALL (BACKLOG_GROUPS * BACKLOG_EVENTS)
#define BACKLOG_CODES 0x300u        /* of keys and buttons */

enum { EV_SYNC = 0, EV_KEYS = 1, EV_REL = 2, EV_ABS = 3, EV_LED = 0x11, EV_REP = 0x14 };

/* Linux's, as on the wire. */
typedef struct {
    uint16_t type, code;
    int32_t value;
} BacklogEvent;

typedef struct {
    BacklogEvent event[BACKLOG_ALL];        /* a ring */
    unsigned first, count, groups;
    bool lost;                              /* a group had no room */
    uint8_t held[BACKLOG_CODES / 8];        /* which keys are down */
    uint8_t told[BACKLOG_CODES / 8];        /* and are to the driver, when it has all that waits */
} InputBacklog;

/* Nothing waits, no key is down. */
void backlog_clear(InputBacklog *b);
/* A group of up to BACKLOG_EVENTS, the last of which is EV_SYNC. When 64 wait it is lost; of its keys the
 * driver hears, as far as they have changed, behind what waits. */
void backlog_add(InputBacklog *b, const BacklogEvent *group, unsigned count);
/* The event that is next, or NULL; backlog_took: the driver has it. */
const BacklogEvent *backlog_next(const InputBacklog *b);
void backlog_took(InputBacklog *b);

extern const VmPart input_backlog_part;

#endif
