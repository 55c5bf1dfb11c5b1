/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * block-io [-t THREADS] DATA OPTIONS: opens the node that OPTIONS describe, as -blockdev does, and does
 * what the lines of its standard input say; each is answered with its number and "ok", "error ERRNO" or
 * what was asked for. With several threads the lines between two "wait" are done in any order.
 *
 *   write OFFSET BYTES FROM     bytes of the file DATA from FROM on
 *   sum OFFSET BYTES            SHA-256 of what is there
 *   zero OFFSET BYTES unmap|keep, discard OFFSET BYTES, flush, truncate BYTES, size, wait, writable
 *   save FILE                   the whole disk
 *   info                        what is known of the image
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "block/block.h"

typedef struct {
    BlockNode *node;
    char *data;
    gsize data_len;
    GMutex lock;
    GCond idle;
    unsigned busy;
} Tool;

typedef struct {
    char **words;
    unsigned number;
} Line;

static void answer(unsigned number, const char *text)
{
    printf("%u %s\n", number, text);
    fflush(stdout);
}

static void answer_error(unsigned number, int r)
{
    g_autofree char *text = r ? g_strdup_printf("error %d", -r) : g_strdup("ok");
    answer(number, text);
}

static uint64_t number_at(char **words, unsigned i)
{
    return i < g_strv_length(words) ? g_ascii_strtoull(words[i], NULL, 0) : 0;
}

static int do_write(Tool *t, uint64_t offset, uint64_t bytes, uint64_t from)
{
    if (from > t->data_len || bytes > t->data_len - from) {
        return -EINVAL;
    }
    /* In pieces of odd sizes, as a guest's scatter list has them. */
    struct iovec iov[3] = { { t->data + from, bytes / 3 }, { t->data + from + bytes / 3, bytes / 2 - bytes / 3 },
                            { t->data + from + bytes / 2, bytes - bytes / 2 } };
    return bytes % 3 ? block_writev(t->node, offset, iov, 3) : block_write(t->node, offset, t->data + from, bytes);
}

static void do_sum(Tool *t, unsigned number, uint64_t offset, uint64_t bytes)
{
    g_autofree guchar *buf = g_malloc(bytes + 1);
    int r = block_read(t->node, offset, buf, bytes);
    if (r) {
        answer_error(number, r);
        return;
    }
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, buf, bytes);
    answer(number, sum);
}

static int do_save(Tool *t, const char *path)
{
    enum { PIECE = 1 << 20 };
    FILE *out = fopen(path, "wb");
    g_autofree char *buf = g_malloc(PIECE);
    int r = out ? 0 : -errno;
    for (uint64_t at = 0; r == 0 && at < block_size(t->node); at += PIECE) {
        size_t n = MIN(PIECE, block_size(t->node) - at);
        r = block_read(t->node, at, buf, n);
        r = r == 0 && fwrite(buf, 1, n, out) != n ? -errno : r;
    }
    if (out) {
        fclose(out);
    }
    return r;
}

static void do_info(Tool *t, unsigned number)
{
    BlockInfo info;
    block_info(t->node, &info);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "cluster=%u dirty=%d backing=%s format=%s snapshots=", info.cluster_size,
                           info.dirty, info.backing_name, info.backing_format);
    for (unsigned i = 0; i < info.snapshot_count; i++) {
        g_string_append_printf(text, "%s,", info.snapshots[i].name);
    }
    if (info.specific) {
        JsonNode *node = json_node_init_object(json_node_alloc(), info.specific);
        g_autofree char *json = json_text_write(node, false);
        g_string_append_printf(text, " specific=%s", json);
        json_node_unref(node);
    }
    block_info_clear(&info);
    answer(number, text->str);
}

static int run(Tool *t, char **w)
{
    const char *verb = w[0];
    if (strcmp(verb, "write") == 0) {
        return do_write(t, number_at(w, 1), number_at(w, 2), number_at(w, 3));
    } else if (strcmp(verb, "zero") == 0) {
        return block_zero(t->node, number_at(w, 1), number_at(w, 2), g_strcmp0(w[3], "unmap") == 0);
    } else if (strcmp(verb, "discard") == 0) {
        return block_discard(t->node, number_at(w, 1), number_at(w, 2));
    } else if (strcmp(verb, "flush") == 0) {
        return block_flush(t->node);
    } else if (strcmp(verb, "truncate") == 0) {
        return block_truncate(t->node, number_at(w, 1));
    } else if (strcmp(verb, "save") == 0) {
        return do_save(t, w[1]);
    } else if (strcmp(verb, "writable") == 0) {
        g_autoptr(GError) err = NULL;
        bool good = block_make_writable(t->node, &err);
        return good ? 0 : -EPERM;
    }
    return -ENOSYS;
}

static void run_line(gpointer data, gpointer opaque)
{
    Tool *t = opaque;
    Line *line = data;
    char **w = line->words;
    if (strcmp(w[0], "sum") == 0) {
        do_sum(t, line->number, number_at(w, 1), number_at(w, 2));
    } else if (strcmp(w[0], "info") == 0) {
        do_info(t, line->number);
    } else if (strcmp(w[0], "size") == 0) {
        g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, block_size(t->node));
        answer(line->number, text);
    } else {
        answer_error(line->number, run(t, w));
    }
    g_strfreev(w);
    g_free(line);
    g_mutex_lock(&t->lock);
    t->busy--;
    g_cond_signal(&t->idle);
    g_mutex_unlock(&t->lock);
}

static void wait_idle(Tool *t)
{
    g_mutex_lock(&t->lock);
    while (t->busy) {
        g_cond_wait(&t->idle, &t->lock);
    }
    g_mutex_unlock(&t->lock);
}

static void read_lines(Tool *t, GThreadPool *pool)
{
    char text[4096];
    for (unsigned number = 1; fgets(text, sizeof(text), stdin); number++) {
        g_strchomp(text);
        if (strcmp(text, "wait") == 0) {
            wait_idle(t);
            answer(number, "ok");
            continue;
        }
        Line *line = g_new(Line, 1);
        *line = (Line){ g_strsplit(text, " ", -1), number };
        g_mutex_lock(&t->lock);
        t->busy++;
        g_mutex_unlock(&t->lock);
        if (pool) {
            g_thread_pool_push(pool, line, NULL);
        } else {
            run_line(line, t);
        }
    }
    wait_idle(t);
}

int main(int argc, char **argv)
{
    unsigned threads = 1;
    if (argc > 2 && strcmp(argv[1], "-t") == 0) {
        threads = (unsigned)atoi(argv[2]);
        argv += 2;
        argc -= 2;
    }
    Tool t = { 0 };
    g_autoptr(GError) err = NULL;
    g_autoptr(KeyVal) options = keyval_new("block-io");
    if (argc != 3 || !g_file_get_contents(argv[1], &t.data, &t.data_len, &err) ||
        !keyval_parse(options, argv[2], "driver", &err)) {
        fprintf(stderr, "block-io: %s\n", err ? err->message : "block-io [-t THREADS] DATA OPTIONS");
        return 2;
    }
    Machine *machine = machine_new(NULL);
    BlockGraph *graph = block_graph_new(machine);
    t.node = block_open(graph, options, &err);
    int status = t.node ? 0 : 1;
    if (t.node) {
        GThreadPool *pool = threads > 1 ? g_thread_pool_new(run_line, &t, (int)threads, TRUE, NULL) : NULL;
        answer(0, "ok");
        read_lines(&t, pool);
        if (pool) {
            g_thread_pool_free(pool, FALSE, TRUE);
        }
        block_unref(t.node);
    } else {
        fprintf(stderr, "block-io: %s\n", err->message);
    }
    block_graph_free(graph);
    machine_free(machine);
    g_free(t.data);
    return status;
}
