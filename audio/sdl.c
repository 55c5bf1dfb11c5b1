/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's sound by SDL2. SDL's thread takes from a ring (or fills one) and waits for nobody; what does not
 * fit is dropped. Opening a device may take as long as a sound server likes, so a thread of ours does that
 * when somebody plays or records, and closes it when nobody has for some time: silence costs nothing.
 */
#define SDL_MAIN_HANDLED
#include <SDL2/SDL.h>
#include <string.h>
#include "audio/backend.h"
#include "util/error.h"
#include "util/sdl.h"

#define IDLE_US 3000000                 /* how long a silent device is kept open */
#define RETRY_US 5000000                /* after one that could not be opened */
#define CLOSE_US 1000000                /* how long the end of the program waits for the host */
#define LATENCY_US 80000
#define LEAST_FRAMES 256                /* that are kept, however little is wished */
#define RING_LATENCIES 5

#define SDL_AUDIO_FUNCTIONS(F) F(SDL_InitSubSystem) F(SDL_QuitSubSystem) F(SDL_GetError) \
    F(SDL_OpenAudioDevice) F(SDL_CloseAudioDevice) F(SDL_PauseAudioDevice)

typedef struct {
#define FUNCTION(name) __typeof__(&name) name;
    SDL_AUDIO_FUNCTIONS(FUNCTION)
#undef FUNCTION
} SdlAudioLib;

typedef struct Sdl Sdl;

/* One direction. Its owner's lock for all but what is set once. */
typedef struct {
    Sdl *sdl;
    bool capture;
    SDL_AudioSpec spec;
    uint8_t *ring;
    size_t size, at, fill;              /* bytes; at: of the first */
    size_t latency;                     /* bytes that are collected before they are heard */
    bool collecting;
    bool wanted;                        /* somebody plays or records */
    int64_t used, failed;               /* us: when it was last; failed 0: it did not */
    SDL_AudioDeviceID id;               /* 0: closed; the thread's */
} Stream;

struct Sdl {
    SdlAudioLib lib;
    GMutex lock;
    GCond changed;
    GThread *thread;
    bool end, ended, told;
    Stream play, record;
};

/* ---- SDL's threads ---- */

static void ring_put(Stream *s, const uint8_t *data, size_t len)
{
    size_t to = (s->at + s->fill) % s->size, first = MIN(len, s->size - to);
    memcpy(s->ring + to, data, first);
    memcpy(s->ring, data + first, len - first);
    s->fill += len;
}

static void ring_get(Stream *s, uint8_t *data, size_t len)
{
    size_t first = MIN(len, s->size - s->at);
    memcpy(data, s->ring + s->at, first);
    memcpy(data + first, s->ring, len - first);
    s->at = (s->at + len) % s->size;
    s->fill -= len;
}

static void ring_skip(Stream *s, size_t len)
{
    s->at = (s->at + len) % s->size;
    s->fill -= len;
}

/* The host's clock may be slower than the guest's; whole frames go, as all lengths are of such. */
static void on_play(void *opaque, Uint8 *data, int bytes)
{
    Stream *s = opaque;
    size_t len = (size_t)bytes;
    g_mutex_lock(&s->sdl->lock);
    if (s->fill > 2 * s->latency + len) {
        ring_skip(s, s->fill - s->latency - len);
    }
    if (s->collecting && s->wanted && s->fill < s->latency) {
        memset(data, s->spec.silence, len);
    } else {
        size_t n = MIN(len, s->fill);
        ring_get(s, data, n);
        memset(data + n, s->spec.silence, len - n);
        s->collecting = n < len;
    }
    if (s->fill == 0) {
        g_cond_signal(&s->sdl->changed);
    }
    g_mutex_unlock(&s->sdl->lock);
}

static void on_record(void *opaque, Uint8 *data, int bytes)
{
    Stream *s = opaque;
    size_t len = MIN((size_t)bytes, s->size);
    g_mutex_lock(&s->sdl->lock);
    if (s->fill + len > s->size) {
        ring_skip(s, s->fill + len - s->size);
    }
    ring_put(s, data, len);
    g_mutex_unlock(&s->sdl->lock);
}

/* ---- our thread ---- */

static SDL_AudioDeviceID open_device(Stream *s)
{
    Sdl *sdl = s->sdl;
    SDL_AudioSpec got;
    SDL_AudioDeviceID id = sdl->lib.SDL_OpenAudioDevice(NULL, s->capture, &s->spec, &got, 0);
    if (id) {
        s->spec.silence = got.silence;
        sdl->lib.SDL_PauseAudioDevice(id, 0);
    }
    return id;
}

static void close_device(Stream *s)
{
    if (s->id) {
        s->sdl->lib.SDL_CloseAudioDevice(s->id);
        s->id = 0;
    }
}

/* Opens or closes it; the lock is held, but not meanwhile. When there will be something to do, us. */
static int64_t tend(Stream *s)
{
    Sdl *sdl = s->sdl;
    int64_t now = g_get_monotonic_time();
    if (s->wanted && !s->id) {
        if (s->failed && now < s->failed + RETRY_US) {
            return s->failed + RETRY_US;
        }
        g_mutex_unlock(&sdl->lock);
        SDL_AudioDeviceID id = open_device(s);
        g_mutex_lock(&sdl->lock);
        s->id = id;
        s->failed = id ? 0 : g_get_monotonic_time();
        if (!id && !sdl->told) {
            g_printerr("valletta: -audiodev sdl: %s\n", sdl->lib.SDL_GetError());
        }
        sdl->told |= !id;
        return id ? s->used + IDLE_US : s->failed + RETRY_US;
    }
    if (s->id && now >= s->used + IDLE_US) {
        s->wanted = false;                  /* the machine stands */
        g_mutex_unlock(&sdl->lock);
        close_device(s);
        g_mutex_lock(&sdl->lock);
        return now;                         /* somebody may have begun meanwhile */
    }
    return s->id ? s->used + IDLE_US : INT64_MAX;
}

static void wait_until(Sdl *sdl, int64_t when)
{
    if (when == INT64_MAX) {
        g_cond_wait(&sdl->changed, &sdl->lock);
    } else {
        g_cond_wait_until(&sdl->changed, &sdl->lock, when);
    }
}

static gpointer run(gpointer opaque)
{
    Sdl *sdl = opaque;
    g_mutex_lock(&sdl->lock);
    while (!sdl->end) {
        int64_t a = tend(&sdl->play), b = tend(&sdl->record);
        if (!sdl->end) {
            wait_until(sdl, MIN(a, b));
        }
    }
    int64_t last = g_get_monotonic_time() + CLOSE_US / 2;
    while (sdl->play.id && sdl->play.fill && g_get_monotonic_time() < last) {
        wait_until(sdl, last);
    }
    g_mutex_unlock(&sdl->lock);
    close_device(&sdl->play);
    close_device(&sdl->record);
    g_mutex_lock(&sdl->lock);
    sdl->ended = true;
    g_cond_broadcast(&sdl->changed);
    g_mutex_unlock(&sdl->lock);
    return NULL;
}

/* ---- the driver ---- */

/* Somebody plays or records, with the lock held. */
static void use(Stream *s)
{
    s->used = g_get_monotonic_time();
    if (!s->wanted) {
        s->wanted = s->collecting = true;
        g_cond_signal(&s->sdl->changed);
    }
}

static void sdl_write(Audiodev *dev, const void *frames, size_t bytes)
{
    Stream *s = &((Sdl *)dev->state)->play;
    size_t frame = dev->out.channels * audio_format_bytes(dev->out.format);
    g_mutex_lock(&s->sdl->lock);
    use(s);
    ring_put(s, frames, MIN(bytes, (s->size - s->fill) / frame * frame));
    g_mutex_unlock(&s->sdl->lock);
}

static void set_wanted(Stream *s, bool wanted)
{
    g_mutex_lock(&s->sdl->lock);
    if (wanted && !s->wanted && s->capture) {
        ring_skip(s, s->fill);          /* what was said before nobody wanted to hear */
    }
    s->wanted = wanted;
    s->used = g_get_monotonic_time();
    g_cond_signal(&s->sdl->changed);
    g_mutex_unlock(&s->sdl->lock);
}

static void sdl_pause(Audiodev *dev)
{
    set_wanted(&((Sdl *)dev->state)->play, false);
}

static void sdl_record(Audiodev *dev, bool on)
{
    set_wanted(&((Sdl *)dev->state)->record, on);
}

static size_t sdl_read(Audiodev *dev, void *frames, size_t bytes)
{
    Stream *s = &((Sdl *)dev->state)->record;
    g_mutex_lock(&s->sdl->lock);
    use(s);
    size_t n = MIN(bytes, s->fill);
    ring_get(s, frames, n);
    g_mutex_unlock(&s->sdl->lock);
    return n;
}

static void sdl_free(Sdl *sdl)
{
    g_free(sdl->play.ring);
    g_free(sdl->record.ring);
    g_mutex_clear(&sdl->lock);
    g_cond_clear(&sdl->changed);
    g_free(sdl);
}

/* A device that hangs is left to the end of the process, with what its thread uses. */
static void sdl_close(Audiodev *dev)
{
    Sdl *sdl = dev->state;
    int64_t last = g_get_monotonic_time() + CLOSE_US;
    g_mutex_lock(&sdl->lock);
    sdl->end = true;
    g_cond_broadcast(&sdl->changed);
    while (!sdl->ended && g_cond_wait_until(&sdl->changed, &sdl->lock, last)) {
    }
    bool ended = sdl->ended;
    g_mutex_unlock(&sdl->lock);
    if (ended) {
        g_thread_join(sdl->thread);
        sdl->lib.SDL_QuitSubSystem(SDL_INIT_AUDIO);
        sdl_free(sdl);
    }
}

static bool set_stream(Sdl *sdl, Stream *s, const AudioForm *form, const char *side, GError **err)
{
    static const SDL_AudioFormat formats[] = {
        [FORMAT_U8] = AUDIO_U8, [FORMAT_S8] = AUDIO_S8, [FORMAT_U16] = AUDIO_U16SYS,
        [FORMAT_S16] = AUDIO_S16SYS, [FORMAT_U32] = 0, [FORMAT_S32] = AUDIO_S32SYS,
        [FORMAT_F32] = AUDIO_F32SYS,
    };
    if (!formats[form->format]) {
        return error_set(err, "-audiodev sdl,%s.format=%s: SDL has u8, s8, u16, s16, s32 and f32", side,
                         audio_format_name(form->format));
    }
    unsigned latency = form->latency ? form->latency : LATENCY_US, samples = 64;
    size_t frame = form->channels * audio_format_bytes(form->format);
    size_t frames = MAX((size_t)((uint64_t)form->rate * latency / 1000000), LEAST_FRAMES);
    while (samples * 4 <= frames && samples < 4096) {
        samples *= 2;
    }
    s->sdl = sdl;
    s->capture = s == &sdl->record;
    s->latency = frames * frame;
    s->size = MAX(RING_LATENCIES * frames, 8 * samples) * frame;
    s->ring = g_malloc0(s->size);
    s->spec = (SDL_AudioSpec){ .freq = (int)form->rate, .format = formats[form->format],
                               .channels = (Uint8)form->channels, .samples = (Uint16)samples,
                               .callback = s->capture ? on_record : on_play, .userdata = s };
    return true;
}

static bool load(Sdl *sdl, GError **err)
{
    GModule *module = sdl_library("plays sound", err);
    if (!module) {
        return false;
    }
    bool ok = true;
#define FUNCTION(name) ok = ok && g_module_symbol(module, #name, (gpointer *)&sdl->lib.name);
    SDL_AUDIO_FUNCTIONS(FUNCTION)
#undef FUNCTION
    return ok || error_set(err, "-audiodev sdl: the SDL library is too old");
}

/* The device is opened once, so that what is wrong is told at the start. */
static bool try_device(Sdl *sdl, GError **err)
{
    if (sdl->lib.SDL_InitSubSystem(SDL_INIT_AUDIO) != 0) {
        return error_set(err, "-audiodev sdl: no sound on this host (%s); -audiodev none and wav need none, "
                         "and SDL_AUDIODRIVER in the environment chooses another way to it",
                         sdl->lib.SDL_GetError());
    }
    sdl->play.id = open_device(&sdl->play);
    sdl->play.used = g_get_monotonic_time();
    if (!sdl->play.id) {
        error_set(err, "-audiodev sdl: the host's sound cannot be opened: %s", sdl->lib.SDL_GetError());
        sdl->lib.SDL_QuitSubSystem(SDL_INIT_AUDIO);
    }
    return sdl->play.id;
}

/* SDL opens devices in one thread only. */
static bool is_first(const AudioSet *set, GError **err)
{
    for (guint i = 0; i < set->devs->len; i++) {
        const Audiodev *other = g_ptr_array_index(set->devs, i);
        if (other->driver == &audio_sdl) {
            return error_set(err, "-audiodev sdl: there is one already, id=%s; any number of cards share it",
                             other->id);
        }
    }
    return true;
}

static bool sdl_open(Audiodev *dev, KeyVal *props, GError **err)
{
    if (!is_first(dev->set, err)) {
        return false;
    }
    Sdl *sdl = g_new0(Sdl, 1);
    g_mutex_init(&sdl->lock);
    g_cond_init(&sdl->changed);
    if (!set_stream(sdl, &sdl->play, &dev->out, "out", err) ||
        !set_stream(sdl, &sdl->record, &dev->in, "in", err) || !load(sdl, err) || !try_device(sdl, err)) {
        sdl_free(sdl);
        return false;
    }
    dev->state = sdl;
    sdl->thread = g_thread_new("sdl-audio", run, sdl);
    return true;
}

const AudioDriver audio_sdl = {
    "sdl", "the host's sound, also for recording", sdl_open, .write = sdl_write, .pause = sdl_pause,
    .record = sdl_record, .read = sdl_read, .close = sdl_close,
};
