/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of jobs and VNC servers. */
#ifndef MONITOR_QMP_JOBS_H
#define MONITOR_QMP_JOBS_H

#include "block/job.h"
#include "monitor/qmp/qmp.h"
#include "ui/vnc.h"

/* For block_graph_on_job; hub: a QmpHub. */
void qmp_job_event(void *hub, BlockJob *job, BlockJobEvent event);
/* For vnc_set_listener; hub: a QmpHub. */
void qmp_vnc_event(void *hub, VncEvent event, const VncServer *server, const VncClient *client);

#endif
