/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs that make images: one step each. */
#include "block/job_internal.h"
#include "block/qcow2_create.h"
#include "util/error.h"

static int qcow2_step(BlockJob *job)
{
    GError *err = NULL;
    return qcow2_format(job->file, &job->layout, &err) ? JOB_DONE : job_fail(job, err);
}

static int file_step(BlockJob *job)
{
    GError *err = NULL;
    return block_create_plain(job->path, job->layout.size, &err) ? JOB_DONE : job_fail(job, err);
}

static void create_end(BlockJob *job, bool committed)
{
    if (job->file) {
        job->file->job = NULL;
    }
    block_unref(g_steal_pointer(&job->file));
}

static const JobKind qcow2_kind = { "create", false, qcow2_step, NULL, create_end };
static const JobKind file_kind = { "create", false, file_step, NULL, create_end };

static bool check_file(BlockGraph *graph, BlockNode *file, GError **err)
{
    for (guint i = 0; i < graph->nodes->len; i++) {
        const BlockNode *n = g_ptr_array_index(graph->nodes, i);
        if (n->file == file || n->backing == file) {
            return error_set(err, "Node '%s' is in use by '%s'", file->name, n->name);
        }
    }
    for (guint i = 0; i < graph->users->len; i++) {
        if (block_user_node(g_ptr_array_index(graph->users, i)) == file) {
            return error_set(err, "Node '%s' is in use by a device", file->name);
        }
    }
    return block_is_free(file, err);
}

BlockJob *block_create_qcow2(BlockGraph *graph, BlockNode *file, const Qcow2Layout *layout,
                             const BlockJobOptions *options, GError **err)
{
    bool good = check_file(graph, file, err) && block_make_writable(file, err);
    BlockJob *job = good ? job_new(graph, &qcow2_kind, options, err) : NULL;
    if (!job) {
        g_free(layout->backing_name);
        g_free(layout->backing_format);
        return NULL;
    }
    job->file = block_ref(file);
    job->layout = *layout;
    __atomic_store_n(&job->total, 1, __ATOMIC_RELAXED);
    file->job = job;
    job_start(job);
    return job;
}

BlockJob *block_create_file(BlockGraph *graph, const char *path, uint64_t size,
                            const BlockJobOptions *options, GError **err)
{
    BlockJob *job = job_new(graph, &file_kind, options, err);
    if (job) {
        job->path = g_strdup(path);
        job->layout.size = size;
        __atomic_store_n(&job->total, 1, __ATOMIC_RELAXED);
        job_start(job);
    }
    return job;
}
