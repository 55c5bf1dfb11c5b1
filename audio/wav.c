/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is played, in a file: RIFF WAVE as the "Multimedia Programming Interface and Data Specifications 1.0"
 * has it. A thread writes, so that a slow disk keeps nobody waiting. The header is made right each second,
 * so a file is usable however the program ends. Not there: more than 4 GiB (RF64).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "audio/backend.h"
#include "util/bits.h"
#include "util/error.h"

#define HEADER_BYTES 44
#define MOST_BYTES (UINT32_MAX - 4096)  /* of samples: sizes have 32 bits */
#define BLOCK_BYTES 65536               /* that are handed to the thread at once */
#define QUEUE_BYTES (64 << 20)          /* that may wait for the disk */

typedef struct {
    Audiodev *dev;
    char *path;
    int fd;
    GThread *thread;
    GAsyncQueue *queue;                 /* of GByteArray *; an empty one is the end */
    GByteArray *block;                  /* for the next samples */
    int queued;                         /* bytes in the queue; atomic */
    bool lost;                          /* the disk was too slow for some; told once */
    /* Of the thread: */
    uint64_t written, in_header;        /* bytes of samples */
    bool ended;                         /* nothing more is written */
} Wav;

static void make_header(const AudioForm *form, uint32_t data_bytes, uint8_t *h)
{
    unsigned bytes = audio_format_bytes(form->format), frame = bytes * form->channels;
    memcpy(h, "RIFF", 4);
    store_le(h + 4, 4, HEADER_BYTES - 8 + data_bytes + (data_bytes & 1));
    memcpy(h + 8, "WAVEfmt ", 8);
    store_le(h + 16, 4, 16);
    store_le(h + 20, 2, form->format == FORMAT_F32 ? 3 : 1);    /* IEEE float, PCM */
    store_le(h + 22, 2, form->channels);
    store_le(h + 24, 4, form->rate);
    store_le(h + 28, 4, form->rate * frame);
    store_le(h + 32, 2, frame);
    store_le(h + 34, 2, bytes * 8);
    memcpy(h + 36, "data", 4);
    store_le(h + 40, 4, data_bytes);
}

/* ---- the thread ---- */

static bool put(Wav *w, const uint8_t *data, size_t len, uint64_t at)
{
    while (len) {
        ssize_t n = pwrite(w->fd, data, len, (off_t)at);
        if (n < 0 && errno != EINTR) {
            g_printerr("valletta: -audiodev wav,path=%s: %s; no more is written\n", w->path,
                       g_strerror(errno));
            w->ended = true;
            return false;
        }
        data += MAX(n, 0);
        at += (uint64_t)MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
    return true;
}

static void put_header(Wav *w)
{
    uint8_t h[HEADER_BYTES];
    make_header(&w->dev->out, (uint32_t)w->written, h);
    put(w, h, sizeof(h), 0);
    w->in_header = w->written;
}

/* Samples lie in the file as a PC has them: least significant byte first. */
static void to_little(uint8_t *data, size_t len, unsigned bytes)
{
    for (size_t i = 0; G_BYTE_ORDER == G_BIG_ENDIAN && bytes > 1 && i < len; i += bytes) {
        uint64_t sample = load_be(data + i, bytes);
        store_le(data + i, bytes, sample);
    }
}

static void put_samples(Wav *w, GByteArray *block)
{
    const AudioForm *form = &w->dev->out;
    unsigned bytes = audio_format_bytes(form->format);
    if (w->ended) {
        return;
    }
    if (w->written + block->len > MOST_BYTES) {
        g_printerr("valletta: -audiodev wav,path=%s: the file has 4 GiB; no more is written\n", w->path);
        w->ended = true;
        return;
    }
    to_little(block->data, block->len, bytes);
    if (put(w, block->data, block->len, HEADER_BYTES + w->written)) {
        w->written += block->len;
        if (w->written - w->in_header >= form->rate * form->channels * bytes) {
            put_header(w);
        }
    }
}

static gpointer run(gpointer opaque)
{
    Wav *w = opaque;
    for (bool more = true; more; ) {
        GByteArray *block = g_async_queue_pop(w->queue);
        more = block->len > 0;
        if (more) {
            put_samples(w, block);
        }
        g_atomic_int_add(&w->queued, -(int)block->len);
        g_byte_array_unref(block);
    }
    if (w->written & 1 && !w->ended) {
        put(w, (const uint8_t *)"", 1, HEADER_BYTES + w->written);
    }
    if (w->written != w->in_header) {
        put_header(w);
    }
    return NULL;
}

/* ---- the driver ---- */

static void hand_over(Wav *w)
{
    if (w->block->len == 0) {
        return;
    }
    if (g_atomic_int_get(&w->queued) > QUEUE_BYTES) {
        if (!w->lost) {
            g_printerr("valletta: -audiodev wav,path=%s: the disk is too slow; sound is missing\n", w->path);
        }
        w->lost = true;
        g_byte_array_set_size(w->block, 0);
        return;
    }
    g_atomic_int_add(&w->queued, (int)w->block->len);
    g_async_queue_push(w->queue, w->block);
    w->block = g_byte_array_sized_new(BLOCK_BYTES);
}

static void wav_write(Audiodev *dev, const void *frames, size_t bytes)
{
    Wav *w = dev->state;
    g_byte_array_append(w->block, frames, (guint)bytes);
    if (w->block->len >= BLOCK_BYTES / 2) {
        hand_over(w);
    }
}

static void wav_pause(Audiodev *dev)
{
    hand_over(dev->state);
}

static void wav_close(Audiodev *dev)
{
    Wav *w = dev->state;
    hand_over(w);
    g_async_queue_push(w->queue, g_byte_array_new());
    g_thread_join(w->thread);
    g_async_queue_unref(w->queue);
    g_byte_array_unref(w->block);
    close(w->fd);
    g_free(w->path);
    g_free(w);
}

static bool check_form(Audiodev *dev, GError **err)
{
    AudioFormat f = dev->out.format;
    return f == FORMAT_U8 || f == FORMAT_S16 || f == FORMAT_S32 || f == FORMAT_F32 ||
           error_set(err, "-audiodev wav,out.format=%s: such files have u8, s16, s32 or f32",
                     audio_format_name(f));
}

/* Only files whose beginning can be written again; nobody is waited for. */
static int open_file(const char *path, GError **err)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    int failed = fd < 0 ? errno : 0;
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        error_set(err, "-audiodev wav,path=%s: is no file that can be written anew", path);
        return -1;
    }
    if (fd >= 0 && ftruncate(fd, 0) != 0) {
        failed = errno;
        close(fd);
        fd = -1;
    }
    if (fd < 0) {
        error_set(err, "-audiodev wav,path=%s: %s", path, g_strerror(failed));
    }
    return fd;
}

static bool wav_open(Audiodev *dev, KeyVal *props, GError **err)
{
    const char *path = keyval_get(props, "path");
    if (!path || !*path) {
        return error_set(err, "-audiodev wav: needs path=FILE, which is written");
    }
    int fd = check_form(dev, err) ? open_file(path, err) : -1;
    if (fd < 0) {
        return false;
    }
    Wav *w = g_new0(Wav, 1);
    w->dev = dev;
    w->path = g_strdup(path);
    w->fd = fd;
    w->queue = g_async_queue_new();
    w->block = g_byte_array_sized_new(BLOCK_BYTES);
    dev->state = w;
    put_header(w);
    w->thread = g_thread_new("wav", run, w);
    return true;
}

const AudioDriver audio_wav = {
    "wav", "into a file: path=FILE; u8, s16, s32 or f32", wav_open, .write = wav_write, .pause = wav_pause,
    .close = wav_close,
};
