/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P2000.L server: requests, versions, flushing. The dialect is Linux's (messages 6 to 77) on top of
 * 9P2000; 9P2000 and 9P2000.u themselves are not spoken.
 *
 * A request that is flushed is carried out all the same, as nobody can tell a system call to end; the answer
 * to the flush comes after its own.
 */
#include <errno.h>
#include <string.h>
#include "fsdev/errno.h"
#include "fsdev/p9.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/iov.h"
#include "util/log.h"

typedef int (*Message)(P9Call *c);

/* ---- sessions ---- */

static int no_auth(P9Call *c)
{
    return -EOPNOTSUPP;
}

/* The target is done with, or there was none. */
static int nothing_to_flush(P9Call *c)
{
    return 0;
}

/* A new session: what the client held before is gone. */
static int version(P9Call *c)
{
    uint32_t msize = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *name = p9_get_string(&c->in);
    bool known = strcmp(name, "9P2000.L") == 0;
    if (c->in.bad) {
        return -EPROTO;
    }
    if (msize < P9_MIN_MSIZE) {
        return -EMSGSIZE;
    }
    msize = MIN(msize, P9_MAX_MSIZE);
    g_mutex_lock(&c->s->lock);
    c->s->session++;
    c->s->msize = known ? msize : 0;
    g_mutex_unlock(&c->s->lock);
    fid_forget_all(c->s);
    p9_put(&c->out, 4, msize);
    p9_put_string(&c->out, known ? "9P2000.L" : "unknown");
    return 0;
}

static const struct {
    Message carry_out;
    bool changes;                   /* the share: not when that is read-only */
} messages[P9_TYPES] = {
    [P9_TSTATFS] = { p9_statfs }, [P9_TLOPEN] = { p9_lopen }, [P9_TLCREATE] = { p9_lcreate, true },
    [P9_TSYMLINK] = { p9_symlink, true }, [P9_TMKNOD] = { p9_mknod, true },
    [P9_TRENAME] = { p9_rename, true }, [P9_TREADLINK] = { p9_readlink }, [P9_TGETATTR] = { p9_getattr },
    [P9_TSETATTR] = { p9_setattr, true }, [P9_TXATTRWALK] = { p9_xattrwalk },
    [P9_TXATTRCREATE] = { p9_xattrcreate, true }, [P9_TREADDIR] = { p9_readdir },
    [P9_TFSYNC] = { p9_fsync }, [P9_TLOCK] = { p9_lock }, [P9_TGETLOCK] = { p9_getlock },
    [P9_TLINK] = { p9_link, true }, [P9_TMKDIR] = { p9_mkdir, true }, [P9_TRENAMEAT] = { p9_renameat, true },
    [P9_TUNLINKAT] = { p9_unlinkat, true }, [P9_TVERSION] = { version }, [P9_TAUTH] = { no_auth },
    [P9_TATTACH] = { p9_attach }, [P9_TFLUSH] = { nothing_to_flush }, [P9_TWALK] = { p9_walk },
    [P9_TREAD] = { p9_read }, [P9_TWRITE] = { p9_write }, [P9_TCLUNK] = { p9_clunk },
    [P9_TREMOVE] = { p9_remove },       /* which ends the fid in any case */
};

/* ---- one request ---- */

uint32_t p9_room(const P9Call *c, uint32_t count)
{
    uint64_t room = MIN(c->r->in_bytes, c->msize) - P9_DATA;
    return (uint32_t)MIN(room, count);
}

uint32_t p9_iounit(const P9Call *c)
{
    return (c->msize - P9_WRITE_DATA - 1) / 4096 * 4096;
}

static int check(const P9Call *c)
{
    const P9Request *r = c->r;
    bool first = r->type == P9_TVERSION;
    if (r->size < P9_HEAD || r->size > r->out_bytes || r->size > (first ? P9_MESSAGE : c->msize)) {
        return c->msize || first ? -EMSGSIZE : -EPROTO;
    }
    if (r->type >= P9_TYPES || !messages[r->type].carry_out) {
        return -EOPNOTSUPP;
    }
    if (r->size > P9_MESSAGE && r->type != P9_TWRITE) {
        return -ENAMETOOLONG;           /* strings are all that makes a message long */
    }
    return messages[r->type].changes && c->share->read_only ? -EROFS : 0;
}

/* The message's copy, which the guest cannot change any more. */
static int call(P9Call *c, uint8_t *message)
{
    P9Request *r = c->r;
    int error = check(c);
    if (error) {
        return error;
    }
    uint32_t size = MIN(r->size, r->type == P9_TWRITE ? P9_WRITE_DATA : P9_MESSAGE);
    iov_to_buf(r->out, r->nout, P9_HEAD, message, size - P9_HEAD);
    c->in = (P9In){ message, message + size - P9_HEAD, false };
    error = messages[r->type].carry_out(c);
    if (!error && c->out.full) {
        error = -ENOBUFS;
    }
    return error;
}

static uint32_t put_reply(const P9Request *r, uint8_t type, uint8_t *reply, uint32_t size, uint32_t data)
{
    store_le(reply, 4, size + data);
    reply[4] = type;
    store_le(reply + 5, 2, r->tag);
    iov_from_buf(r->in, r->nin, 0, reply, size);
    return size + data;
}

static uint32_t put_error(const P9Request *r, int error)
{
    uint8_t reply[P9_HEAD + 4];
    store_le(reply + P9_HEAD, 4, errno_for_guest(error));
    return put_reply(r, P9_RLERROR, reply, sizeof(reply), 0);
}

static void carry_out(P9Request *r)
{
    uint8_t reply[P9_REPLY];
    g_autofree uint8_t *message = g_malloc(P9_MESSAGE);
    P9Server *s = r->server;
    g_mutex_lock(&s->lock);
    P9Call c = { .s = s, .r = r, .share = s->share, .msize = s->msize, .session = s->session };
    g_mutex_unlock(&s->lock);
    c.out = (P9Out){ reply + P9_HEAD, reply + MIN(sizeof(reply), r->in_bytes), false };
    int error = call(&c, message);
    if (error) {
        if (error == -EPROTO || error == -EMSGSIZE || error == -EBADF) {
            guest_log("%s: message %u of 9P: %s", s->device, r->type, g_strerror(-error));
        }
        r->written = put_error(r, -error);
    } else {
        r->written = put_reply(r, (uint8_t)(r->type + 1), reply, (uint32_t)(c.out.at - reply), c.data);
    }
}

/* ---- queues ---- */

/* Set's lock held: r is finished, and then those are that wait for it. */
static void finish(P9Server *s, P9Request *r)
{
    GQueue over = G_QUEUE_INIT;
    g_queue_push_tail(&over, r);
    while ((r = g_queue_pop_head(&over))) {
        uint8_t reply[P9_HEAD];
        if (r->type == P9_TFLUSH && r->written == 0) {
            r->written = put_reply(r, P9_TFLUSH + 1, reply, sizeof(reply), 0);
        }
        for (GSList *f = r->flushes; f; f = f->next) {
            g_queue_push_tail(&over, f->data);
        }
        g_clear_pointer(&r->flushes, g_slist_free);
        g_queue_remove(&s->pending, r);
        g_queue_push_tail(&s->finished, r);
    }
}

void p9_carry_out(P9Request *r)
{
    FsdevSet *set = r->server->set;
    carry_out(r);
    g_mutex_lock(&set->lock);
    finish(r->server, r);
    g_cond_broadcast(&set->some_finished);
    g_mutex_unlock(&set->lock);
}

/* Set's lock held: the request that a flush is for, which may itself be a flush; NULL: there is none. */
static P9Request *target_of(P9Server *s, const P9Request *flush)
{
    uint8_t tag[2];
    if (flush->size < P9_HEAD + sizeof(tag) || flush->size > flush->out_bytes) {
        return NULL;
    }
    iov_to_buf(flush->out, flush->nout, P9_HEAD, tag, sizeof(tag));
    for (GList *l = s->pending.tail; l; l = l->prev) {
        P9Request *r = l->data;
        if (r->tag == load_le(tag, 2)) {
            return r;
        }
    }
    return NULL;
}

void p9_submit(P9Server *s, P9Request *r)
{
    uint8_t head[P9_HEAD] = { 0 };
    iov_to_buf(r->out, r->nout, 0, head, MIN(sizeof(head), r->out_bytes));
    r->server = s;
    r->size = (uint32_t)load_le(head, 4);
    r->type = head[4];
    r->tag = (uint16_t)load_le(head + 5, 2);
    r->written = 0;
    r->flushes = NULL;
    s->inflight++;
    g_mutex_lock(&s->set->lock);
    P9Request *target = r->type == P9_TFLUSH ? target_of(s, r) : NULL;
    if (target) {
        target->flushes = g_slist_append(target->flushes, r);
    }
    g_queue_push_tail(&s->pending, r);
    g_mutex_unlock(&s->set->lock);
    if (!target) {
        g_thread_pool_push(s->set->pool, r, NULL);
    }
}

bool p9_deliver(P9Server *s)
{
    g_mutex_lock(&s->set->lock);
    P9Request *r = g_queue_pop_head(&s->finished);
    g_mutex_unlock(&s->set->lock);
    if (r) {
        s->inflight--;
        r->done(r, r->written);
    }
    return r != NULL;
}

/* ---- life ---- */

void p9_drain(P9Server *s)
{
    while (s->inflight) {
        g_mutex_lock(&s->set->lock);
        while (g_queue_is_empty(&s->finished)) {
            g_cond_wait(&s->set->some_finished, &s->set->lock);
        }
        g_mutex_unlock(&s->set->lock);
        p9_deliver(s);
    }
}

void p9_reset(P9Server *s)
{
    p9_drain(s);
    g_mutex_lock(&s->lock);
    s->msize = 0;
    s->session++;
    g_mutex_unlock(&s->lock);
    fid_forget_all(s);
}

P9Server *p9_server_new(FsdevSet *set, const char *id, const char *device, GError **err)
{
    Share *share = set ? fsdev_find(set, id) : NULL;
    if (!share) {
        error_set(err, "%s: fsdev=%s: there is no -fsdev with that id", device, id);
        return NULL;
    }
    P9Server *s = g_new0(P9Server, 1);
    s->set = set;
    s->share = share;
    s->device = g_strdup(device);
    names_init(&s->tree);
    g_mutex_init(&s->lock);
    s->fids = g_hash_table_new(NULL, NULL);
    g_queue_init(&s->pending);
    g_queue_init(&s->finished);
    g_ptr_array_add(set->servers, s);
    return s;
}

void p9_server_free(P9Server *s)
{
    if (!s) {
        return;
    }
    p9_reset(s);
    g_ptr_array_remove(s->set->servers, s);
    g_hash_table_destroy(s->fids);
    names_clear(&s->tree);
    g_mutex_clear(&s->lock);
    g_free(s->device);
    g_free(s);
}
