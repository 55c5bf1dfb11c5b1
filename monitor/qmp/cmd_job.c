/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs: what begins them, what they are told, what is told of them. */
#include <string.h>
#include "block/job.h"
#include "monitor/media.h"
#include "monitor/qmp/jobs.h"
#include "util/error.h"

/* ---- events ---- */

static void set_int(JsonObject *o, const char *name, uint64_t value)
{
    json_object_set_int_member(o, name, (gint64)MIN(value, (uint64_t)G_MAXINT64));
}

/* What the events of block jobs have in common. */
static JsonObject *job_data(BlockJob *job)
{
    uint64_t done, total;
    block_job_progress(job, &done, &total);
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "type", block_job_type(job));
    json_object_set_string_member(o, "device", block_job_id(job));
    set_int(o, "len", total);
    set_int(o, "offset", done);
    set_int(o, "speed", block_job_options(job)->speed);
    return o;
}

void qmp_job_event(void *hub, BlockJob *job, BlockJobEvent event)
{
    static const char *const names[] = {
        [BLOCK_JOB_IS_READY] = "BLOCK_JOB_READY", [BLOCK_JOB_HAS_COMPLETED] = "BLOCK_JOB_COMPLETED",
        [BLOCK_JOB_WAS_CANCELLED] = "BLOCK_JOB_CANCELLED",
    };
    if (event == BLOCK_JOB_STATUS_CHANGED || event == BLOCK_JOB_IS_PENDING) {
        bool pending = event == BLOCK_JOB_IS_PENDING;
        JsonObject *o = json_object_new();
        json_object_set_string_member(o, "id", block_job_id(job));
        json_object_set_string_member(o, pending ? "type" : "status", pending ? block_job_type(job) :
                                      block_job_status_name(block_job_status(job)));
        if (!pending || block_job_copies(job)) {
            qmp_event(hub, pending ? "BLOCK_JOB_PENDING" : "JOB_STATUS_CHANGE", o);
        } else {
            json_object_unref(o);
        }
        return;
    }
    if (block_job_copies(job)) {
        JsonObject *o = job_data(job);
        if (event == BLOCK_JOB_HAS_COMPLETED && block_job_error(job)) {
            json_object_set_string_member(o, "error", block_job_error(job));
        }
        qmp_event(hub, names[event], o);
    }
}

/* ---- queries ---- */

static JsonObject *job_info(BlockJob *job)
{
    uint64_t done, total;
    block_job_progress(job, &done, &total);
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "id", block_job_id(job));
    json_object_set_string_member(o, "type", block_job_type(job));
    json_object_set_string_member(o, "status", block_job_status_name(block_job_status(job)));
    set_int(o, "current-progress", done);
    set_int(o, "total-progress", total);
    if (block_job_error(job)) {
        json_object_set_string_member(o, "error", block_job_error(job));
    }
    return o;
}

QMP(query_jobs)
{
    JsonArray *list = qmp_return_array(ret);
    BlockJob *job;
    for (unsigned i = 0; (job = block_job_at(call->c->machine->blocks, i)); i++) {
        json_array_add_object_element(list, job_info(job));
    }
    return true;
}

static JsonObject *block_job_info(BlockJob *job)
{
    BlockJobStatus status = block_job_status(job);
    bool ready = status == BLOCK_JOB_READY || status == BLOCK_JOB_STANDBY;
    JsonObject *o = job_data(job);
    json_object_set_boolean_member(o, "busy", status == BLOCK_JOB_RUNNING || status == BLOCK_JOB_READY);
    json_object_set_boolean_member(o, "paused", status == BLOCK_JOB_PAUSED || status == BLOCK_JOB_STANDBY);
    json_object_set_string_member(o, "io-status", "ok");
    json_object_set_boolean_member(o, "ready", ready);
    json_object_set_string_member(o, "status", block_job_status_name(status));
    json_object_set_boolean_member(o, "auto-finalize", !block_job_options(job)->keep_pending);
    json_object_set_boolean_member(o, "auto-dismiss", !block_job_options(job)->keep_concluded);
    if (block_job_error(job)) {
        json_object_set_string_member(o, "error", block_job_error(job));
    }
    return o;
}

QMP(query_block_jobs)
{
    JsonArray *list = qmp_return_array(ret);
    BlockJob *job;
    for (unsigned i = 0; (job = block_job_at(call->c->machine->blocks, i)); i++) {
        if (block_job_copies(job)) {
            json_array_add_object_element(list, block_job_info(job));
        }
    }
    return true;
}

/* ---- what they are told ---- */

static BlockJob *find(QmpCall *call, JsonObject *args, GError **err)
{
    const char *id = qmp_text(args, "id"), *device = qmp_text(args, "device");
    BlockJob *job = block_job_find(call->c->machine->blocks, id ? id : device);
    if (!job && id) {
        error_set(err, "Job not found");
    } else if (!job) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_ACTIVE, "Block job '%s' not found", device);
    }
    return job;
}

QMP(job_cancel)
{
    BlockJob *job = find(call, args, err);
    return job && block_job_cancel(job, qmp_text(args, "id") || qmp_bool(args, "force"), err);
}

QMP(job_complete)
{
    BlockJob *job = find(call, args, err);
    return job && block_job_complete(job, err);
}

QMP(job_finalize)
{
    BlockJob *job = find(call, args, err);
    return job && block_job_finalize(job, err);
}

QMP(job_dismiss)
{
    BlockJob *job = find(call, args, err);
    return job && block_job_dismiss(job, err);
}

QMP(job_pause)
{
    BlockJob *job = find(call, args, err);
    return job && block_job_pause(job, true, err);
}

QMP(job_resume)
{
    BlockJob *job = find(call, args, err);
    return job && block_job_pause(job, false, err);
}

QMP(job_set_speed)
{
    BlockJob *job = find(call, args, err);
    int64_t speed = qmp_int(args, "speed", 0);
    if (job && speed < 0) {
        return error_set(err, "Parameter 'speed' expects a non-negative value");
    }
    return job && block_job_set_speed(job, (uint64_t)speed, err);
}

/* ---- what begins them ---- */

/* By the id of a drive or device, or the name of a node; NULL with err. */
static BlockNode *node_of(QmpCall *call, const char *name, const char **drive, GError **err)
{
    BlockGraph *blocks = call->c->machine->blocks;
    BlockUser *user = NULL;
    for (unsigned i = 0; (user = block_user_at(blocks, i)); i++) {
        if (strcmp(media_name(user), name) == 0 && block_user_node(user)) {
            *drive = name;
            return block_user_node(user);
        }
    }
    BlockNode *node = block_find(blocks, name);
    if (!node) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Cannot find device='%s' nor node-name='%s'",
                    name, name);
    }
    return node;
}

static BlockJobOptions options_of(JsonObject *args, const char *drive)
{
    const char *id = qmp_text(args, "job-id");
    return (BlockJobOptions){
        .id = id ? id : drive, .speed = (uint64_t)MAX(qmp_int(args, "speed", 0), 0),
        .keep_pending = !json_object_get_boolean_member_with_default(args, "auto-finalize", true),
        .keep_concluded = !json_object_get_boolean_member_with_default(args, "auto-dismiss", true),
    };
}

/* The image of a chain that is called so, by the name of its node or of its file; otherwise when neither was
 * given. NULL with err. */
static BlockNode *in_chain(BlockNode *top, JsonObject *args, const char *node_key, const char *file_key,
                           BlockNode *otherwise, GError **err)
{
    const char *name = qmp_text(args, node_key), *file = qmp_text(args, file_key);
    if (name && file) {
        error_set(err, "'%s' and '%s' are mutually exclusive", node_key, file_key);
        return NULL;
    }
    for (BlockNode *n = top; n && (name || file); n = block_backing(n)) {
        if (name ? strcmp(block_name(n), name) == 0 : strcmp(block_filename(n), file) == 0) {
            return n;
        }
    }
    if (name || file) {
        error_set(err, "'%s' is no image in the chain of '%s'", name ? name : file, block_name(top));
        return NULL;
    }
    return otherwise;
}

static BlockNode *bottom(BlockNode *node)
{
    while (block_backing(node)) {
        node = block_backing(node);
    }
    return node;
}

static bool check_on_error(JsonObject *args, GError **err)
{
    const char *on_error = qmp_text(args, "on-error");
    return !on_error || strcmp(on_error, "report") == 0 ||
           error_set(err, "on-error=%s: not there; a job that fails ends (report)", on_error);
}

QMP(block_commit_command)
{
    const char *drive = NULL;
    BlockNode *active = node_of(call, qmp_text(args, "device"), &drive, err);
    BlockNode *top = active ? in_chain(active, args, "top-node", "top", active, err) : NULL;
    BlockNode *base = top ? in_chain(active, args, "base-node", "base", bottom(active), err) : NULL;
    BlockJobOptions options = options_of(args, drive);
    return base && check_on_error(args, err) &&
           block_commit(call->c->machine->blocks, active, top, base, qmp_text(args, "backing-file"), &options,
                        err);
}

QMP(block_stream_command)
{
    const char *drive = NULL;
    BlockNode *node = node_of(call, qmp_text(args, "device"), &drive, err);
    bool based = qmp_text(args, "base") || qmp_text(args, "base-node");
    BlockNode *base = node && based ? in_chain(node, args, "base-node", "base", NULL, err) : NULL;
    BlockJobOptions options = options_of(args, drive);
    return node && (base || !based) && check_on_error(args, err) &&
           block_stream(call->c->machine->blocks, node, base, qmp_text(args, "backing-file"), &options, err);
}

/* ---- blockdev-create ---- */

/* "size": bytes, of an object that was not checked. */
static bool size_of(JsonObject *o, const char *name, int64_t otherwise, uint64_t *size, GError **err)
{
    JsonNode *value = json_object_get_member(o, name);
    int64_t n = otherwise;
    if ((value && !json_number_int(value, &n)) || n < 0) {
        return error_set(err, "Parameter 'options.%s' expects bytes", name);
    }
    *size = (uint64_t)n;
    return true;
}

static bool check_names(JsonObject *o, const char *words, GError **err)
{
    g_auto(GStrv) known = g_strsplit(words, " ", -1);
    JsonObjectIter iter;
    const char *key;
    json_object_iter_init_ordered(&iter, o);
    while (json_object_iter_next_ordered(&iter, &key, NULL)) {
        if (!g_strv_contains((const char *const *)known, key)) {
            return error_set(err, "Parameter 'options.%s' is not there; there are %s", key, words);
        }
    }
    return true;
}

static bool create_file(QmpCall *call, JsonObject *o, const BlockJobOptions *options, GError **err)
{
    const char *path = qmp_text(o, "filename");
    uint64_t size;
    if (!path) {
        return error_set(err, "Parameter 'options.filename' is missing");
    }
    return check_names(o, "driver filename size", err) && size_of(o, "size", -1, &size, err) &&
           block_create_file(call->c->machine->blocks, path, size, options, err);
}

static bool fill_layout(JsonObject *o, Qcow2Layout *layout, GError **err)
{
    const char *version = qmp_text(o, "version");
    if (!check_names(o, "driver file size cluster-size backing-file backing-fmt version", err) ||
        !size_of(o, "size", -1, &layout->size, err) ||
        !size_of(o, "cluster-size", 65536, &layout->cluster_size, err)) {
        return false;
    }
    if (version && strcmp(version, "v2") != 0 && strcmp(version, "v3") != 0) {
        return error_set(err, "Parameter 'options.version' does not accept value '%s'", version);
    }
    layout->version = version && version[1] == '2' ? 2 : 3;
    layout->backing_name = g_strdup(qmp_text(o, "backing-file"));
    layout->backing_format = g_strdup(qmp_text(o, "backing-fmt"));
    return true;
}

static bool create_qcow2(QmpCall *call, JsonObject *o, const BlockJobOptions *options, GError **err)
{
    Qcow2Layout layout = { 0 };
    BlockGraph *blocks = call->c->machine->blocks;
    JsonObject *described = qmp_object(o, "file");
    const char *name = described ? NULL : qmp_text(o, "file");
    BlockNode *file = name ? block_find(blocks, name) : NULL;
    if (!described && !file) {
        return name ? error_set(err, "Cannot find node '%s'", name)
                    : error_set(err, "Parameter 'options.file' is missing");
    }
    if (!fill_layout(o, &layout, err)) {
        return false;
    }
    if (described) {
        g_autoptr(KeyVal) kv = keyval_new("blockdev-create");
        keyval_add_json(kv, described);
        file = block_open(blocks, kv, err);
    } else {
        block_ref(file);
    }
    bool good = file && block_create_qcow2(blocks, file, &layout, options, err);
    block_unref(file);
    return good;
}

QMP(blockdev_create)
{
    JsonObject *o = qmp_object(args, "options");
    BlockJobOptions options = { .id = qmp_text(args, "job-id"), .keep_concluded = true };
    const char *driver = qmp_text(o, "driver");
    if (g_strcmp0(driver, "file") == 0) {
        return create_file(call, o, &options, err);
    }
    if (g_strcmp0(driver, "qcow2") == 0) {
        return create_qcow2(call, o, &options, err);
    }
    return error_set(err, "Driver '%s' does not support blockdev-create; qcow2 and file do",
                     driver ? driver : "");
}

#define JOB_OPTIONS { "job-id?", "str", "the drive's id" }, \
    { "speed?", "int", "bytes per second; 0: no limit" }, { "on-error?", "BlockdevOnError", "report" }, { "auto-finalize?", "bool", "true" }, \
    { "auto-dismiss?", "bool", "true" }
#define ID MEMBERS({ "id", "str", NULL })
#define DEVICE MEMBERS({ "device", "str", "id of the job" })

const QmpCommand qmp_job_commands[] = {
    { "block-commit", block_commit_command,
      MEMBERS({ "device", "str", "id of -drive, or a node" }, { "top-node?", "str", "the node of device" },
              { "top?", "str", "instead: its file" }, { "base-node?", "str", "the lowest image" },
              { "base?", "str", "instead: its file" },
              { "backing-file?", "str", "how the image above top names base from then on" }, JOB_OPTIONS),
      .doc = "Writes what the images from top down to base add into base. Without an image above top the job "
             "becomes ready; job-complete moves the device to base." },
    { "block-job-cancel", job_cancel,
      MEMBERS({ "device", "str", "id of the job" },
              { "force?", "bool", "also one that is ready, which else ends well where it is" }),
      .doc = "Ends a job of images." },
    { "block-job-complete", job_complete, DEVICE, .doc = "As job-complete." },
    { "block-job-dismiss", job_dismiss, ID, .doc = "As job-dismiss." },
    { "block-job-finalize", job_finalize, ID, .doc = "As job-finalize." },
    { "block-job-pause", job_pause, DEVICE, .doc = "As job-pause." },
    { "block-job-resume", job_resume, DEVICE, .doc = "As job-resume." },
    { "block-job-set-speed", job_set_speed,
      MEMBERS({ "device", "str", "id of the job" }, { "speed", "int", "bytes per second; 0: no limit" }),
      .doc = "How fast a job may be." },
    { "block-stream", block_stream_command,
      MEMBERS({ "device", "str", "id of -drive, or a node" }, { "base-node?", "str", "none: all is copied" },
              { "base?", "str", "instead: its file" },
              { "backing-file?", "str", "how the image names base from then on" }, JOB_OPTIONS),
      .doc = "Copies what an image shows of those below it into it, down to base." },
    { "blockdev-create", blockdev_create,
      MEMBERS({ "job-id", "str", NULL }, { "options", "BlockdevCreateOptions", NULL }),
      .doc = "Makes an image, as a job, which is to be dismissed." },
    { "job-cancel", job_cancel, ID, .doc = "Ends a job; what it was for is not done." },
    { "job-complete", job_complete, ID, .doc = "What a job that is ready was for is done, and it ends." },
    { "job-dismiss", job_dismiss, ID, .doc = "Forgets a job that has ended." },
    { "job-finalize", job_finalize, ID, .doc = "Lets a pending job change what it was for." },
    { "job-pause", job_pause, ID, .doc = "A job stands." },
    { "job-resume", job_resume, ID, .doc = "A job goes on." },
    { "query-block-jobs", query_block_jobs, .ret = "[BlockJobInfo]", .doc = "The jobs that copy images." },
    { "query-jobs", query_jobs, .ret = "[JobInfo]", .doc = "All jobs." },
    { 0 },
};
