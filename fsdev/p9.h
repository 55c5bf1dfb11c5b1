/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P2000.L server, for its own files. A P9Call is a request that a thread carries out; a Fid is what the
 * client calls by a number: it never changes, another takes its place.
 *
 * Locks, in this order: tree.names, a fid's, the server's, tree.lock; the machine's, the set's.
 */
#ifndef FSDEV_P9_H
#define FSDEV_P9_H

#include "fsdev/fsdev.h"
#include "fsdev/object.h"
#include "fsdev/names.h"

enum {
    P9_RLERROR = 7, P9_TSTATFS = 8, P9_TLOPEN = 12, P9_TLCREATE = 14, P9_TSYMLINK = 16, P9_TMKNOD = 18,
    P9_TRENAME = 20, P9_TREADLINK = 22, P9_TGETATTR = 24, P9_TSETATTR = 26, P9_TXATTRWALK = 30,
    P9_TXATTRCREATE = 32, P9_TREADDIR = 40, P9_TFSYNC = 50, P9_TLOCK = 52, P9_TGETLOCK = 54, P9_TLINK = 70,
    P9_TMKDIR = 72, P9_TRENAMEAT = 74, P9_TUNLINKAT = 76, P9_TVERSION = 100, P9_TAUTH = 102, P9_TATTACH = 104,
    P9_TFLUSH = 108, P9_TWALK = 110, P9_TREAD = 116, P9_TWRITE = 118, P9_TCLUNK = 120, P9_TREMOVE = 122,
    P9_TYPES = 128,
};

#define P9_HEAD 7u                  /* size[4] type[1] tag[2] */
#define P9_DATA (P9_HEAD + 4)       /* where the data of Rread and Rreaddir begin */
#define P9_WRITE_DATA 23u           /* and those of Twrite */
#define P9_MAX_MSIZE (1u << 20)
#define P9_MIN_MSIZE 4096u
#define P9_MESSAGE 16384u           /* most bytes of a message, but for the data of Twrite */
#define P9_REPLY 8192u              /* and of a reply, but for those of Rread and Rreaddir */
#define P9_MAX_FIDS 65536u
#define P9_MAX_WALK 16u
#define P9_NO_FID UINT32_MAX
#define P9_XATTR_BYTES 65536u       /* most bytes of one attribute, or of the list of names */
#define P9_XATTR_TOTAL (8u << 20)   /* most bytes of all that are held for a client */

/* ---- p9_wire.c ---- */

typedef struct {
    const uint8_t *at, *end;
    bool bad;                       /* something was not there */
} P9In;

uint64_t p9_get(P9In *in, unsigned size);
/* A copy; "" when bad, as is one with a NUL in it. */
char *p9_get_string(P9In *in);

typedef struct {
    uint8_t *at, *end;
    bool full;
} P9Out;

void p9_put(P9Out *out, unsigned size, uint64_t value);
void p9_put_string(P9Out *out, const char *text);
void p9_put_qid(P9Out *out, const Share *s, const struct stat *st);
/* The byte of a qid for the kind of file. */
uint8_t p9_qid_type(mode_t mode);

/* ---- p9_fid.c ---- */

typedef enum { FID_NAME, FID_FILE, FID_FOLDER, FID_XATTR_READ, FID_XATTR_WRITE } FidKind;

typedef struct {
    int refs;                       /* atomic */
    FidKind kind;
    Node *node;
    uint32_t uid;                   /* who attached */
    int fd;                         /* FID_FILE, FID_FOLDER; else -1 */
    bool writable;                  /* it was opened so */
    GMutex lock;                    /* of what follows, and of where a folder's descriptor stands */
    char *xattr;                    /* name, as the host has it */
    uint8_t *value;
    uint32_t size, done;            /* of value; what has been written of it */
    uint32_t flags;                 /* of setxattr */
    FsdevSet *set;                  /* whose open files it counts in, or NULL */
    P9Server *server;
} Fid;

struct P9Server {
    FsdevSet *set;
    Share *share;
    char *device;
    Tree tree;
    GMutex lock;
    GHashTable *fids;               /* number to Fid * */
    uint32_t msize;                 /* 0: no version has been agreed on */
    unsigned session;               /* one more with each */
    uint32_t xattr_bytes;           /* held for the client */
    GQueue pending;                 /* of P9Request *, in the order they came, until they are carried out */
    GQueue finished;                /* those that are, and done was not called yet; both: the set's lock */
    unsigned inflight;              /* done not called yet; machine lock */
};

typedef struct {
    P9Server *s;
    P9Request *r;
    Share *share;
    uint32_t msize;
    unsigned session;
    P9In in;                        /* what follows the head, but for Twrite's data */
    P9Out out;                      /* what follows the reply's head */
    uint32_t data;                  /* bytes that were put into the room for the reply, from P9_DATA on */
} P9Call;

Fid *fid_new(P9Call *c, FidKind kind, Node *node, uint32_t uid);
void fid_unref(Fid *f);
/* The fid of that number, a reference; NULL with *error. */
Fid *fid_get(P9Call *c, uint32_t number, int *error);
/* Takes the reference in every case. -errno when the number is taken, or there are too many. */
int fid_add(P9Call *c, uint32_t number, Fid *f);
/* The same in the place of old, if it still is there. */
int fid_replace(P9Call *c, uint32_t number, Fid *old, Fid *f);
/* Out of the table; the reference is the caller's. */
Fid *fid_take(P9Call *c, uint32_t number, int *error);
void fid_forget_all(P9Server *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fid, fid_unref)

/* What the fid is at, in the hand: an open file's own descriptor, else by its name. */
int fid_object(P9Call *c, Fid *f, Object *o);
/* The same of a fid by its number, the last thing that was read of the message. */
int fid_number_object(P9Call *c, uint32_t number, Object *o);
/* names held: the folder of a node. */
int node_open(P9Server *s, const Node *n);

/* ---- fsdev.c ---- */

struct FsdevSet {
    Machine *machine;
    GPtrArray *shares, *servers;    /* machine lock */
    GThreadPool *pool;              /* those who carry out */
    struct Delivery *delivery;      /* of what they have finished (system/delivery.h) */
    GMutex lock;
    GCond some_finished;
    int open_files, max_open;       /* the first is atomic */
};

Share *fsdev_find(FsdevSet *set, const char *id);
/* Whether one more file may be open; fsdev_closed when it is not any more. */
bool fsdev_opened(FsdevSet *set);
void fsdev_closed(FsdevSet *set);

/* A thread of the set carries it out; from then on the server may be gone. */
void p9_carry_out(P9Request *r);
/* Calls done of one that is finished; false when there is none. Machine lock held. */
bool p9_deliver(P9Server *s);
/* Waits for all requests and calls done of each. Machine lock held. */
void p9_drain(P9Server *s);

/* ---- the messages: -errno, or 0 with the reply in c->out and c->data ---- */

int p9_attach(P9Call *c);           /* p9_name.c */
int p9_walk(P9Call *c);
int p9_symlink(P9Call *c);
int p9_mknod(P9Call *c);
int p9_mkdir(P9Call *c);
int p9_link(P9Call *c);
int p9_rename(P9Call *c);
int p9_renameat(P9Call *c);
int p9_unlinkat(P9Call *c);
int p9_remove(P9Call *c);
int p9_lopen(P9Call *c);            /* p9_file.c */
int p9_lcreate(P9Call *c);
int p9_read(P9Call *c);
int p9_write(P9Call *c);
int p9_readdir(P9Call *c);
int p9_fsync(P9Call *c);
int p9_lock(P9Call *c);             /* p9_lock.c */
int p9_getlock(P9Call *c);
int p9_getattr(P9Call *c);          /* p9_attr.c */
int p9_setattr(P9Call *c);
int p9_statfs(P9Call *c);
int p9_readlink(P9Call *c);
int p9_xattrwalk(P9Call *c);        /* p9_xattr.c */
int p9_xattrcreate(P9Call *c);
int p9_clunk(P9Call *c);

/* A part of an attribute's value, of at most count bytes into the reply. */
int p9_xattr_read(P9Call *c, Fid *f, uint64_t offset, uint32_t count);
int p9_xattr_write(P9Call *c, Fid *f, uint64_t offset, uint32_t count);
/* Bytes that one read or write had best have. */
uint32_t p9_iounit(const P9Call *c);
/* Room for the data of a reply. */
uint32_t p9_room(const P9Call *c, uint32_t count);

#endif
