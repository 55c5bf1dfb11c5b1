/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -qtest and -qtest-log: the protocol on a character device, with the machine's own lines. */
#ifndef APP_QTEST_H
#define APP_QTEST_H

#include "chardev/chardev.h"
#include "monitor/monitor.h"

typedef struct QtestServer QtestServer;

/* Answers what comes in on chr; log_file NULL or "none": no log. context and chr outlive it; the
 * machine lives on until it is freed. Lock held. NULL with err when the log cannot be written. */
QtestServer *qtest_server_new(const MonitorContext *context, Chardev *chr, const char *log_file,
                              GError **err);
/* NULL is allowed. Lock held, before the machine goes. */
void qtest_server_free(QtestServer *s);

#endif
