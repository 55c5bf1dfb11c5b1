/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound of the host: formats, the sample clock, mixing and conversion into WAVE files, SDL. */
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "audio/backend.h"
#include "audio/pace.h"
#include "util/bits.h"

#define HEADER 44

static char *folder, *path;
static AudioSet *set;

static bool add(const char *text, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-audiodev");
    return keyval_parse(kv, text, "driver", err) && audio_set_add(set, kv, err);
}

static void begin(const char *text)
{
    GError *err = NULL;
    set = audio_set_new();
    g_autofree char *full = strstr(text, "path=") ? g_strdup(text)
                          : g_strconcat("wav,id=a,path=", path, *text ? "," : "", text, NULL);
    add(full, &err);
    g_assert_no_error(err);
}

static AudioVoice *voice(AudioDirection direction)
{
    GError *err = NULL;
    AudioVoice *v = audio_voice_new(set, NULL, "test", direction, &err);
    g_assert_no_error(err);
    return v;
}

/* What the file has behind its header, which must be right. */
static uint8_t *finish(size_t *len)
{
    char *data;
    audio_set_free(set);
    g_assert_true(g_file_get_contents(path, &data, len, NULL));
    g_assert_cmpuint(*len, >=, HEADER);
    g_assert_cmpuint(load_le(data + 4, 4), ==, *len - 8);
    *len = (size_t)load_le(data + 40, 4);
    memmove(data, data + HEADER, *len);
    return (uint8_t *)data;
}

static int16_t sample(const uint8_t *data, size_t n)
{
    return (int16_t)load_le(data + 2 * n, 2);
}

/* ---- parts ---- */

static void test_formats(void)
{
    static const float in[] = { 0, 0.5f, -0.5f, 1, -1, 3, -3, NAN };
    for (AudioFormat f = FORMAT_U8; f <= FORMAT_F32; f++) {
        uint8_t raw[sizeof(in)];
        float back[G_N_ELEMENTS(in)];
        AudioFormat again;
        audio_from_float(f, raw, in, G_N_ELEMENTS(in) - 1);
        audio_to_float(f, back, raw, G_N_ELEMENTS(in) - 1);
        for (unsigned i = 0; i < G_N_ELEMENTS(in) - 1; i++) {
            g_assert_cmpfloat(fabsf(back[i] - CLAMP(in[i], -1.0f, 1.0f)), <=, 1.0f / 127);
        }
        g_assert_true(audio_format_parse(audio_format_name(f), &again));
        g_assert_cmpint(again, ==, f);
    }
    int16_t s;
    for (int i = -32768; i < 32768; i++) {          /* nothing is lost on the way */
        static const float one[2] = { 1, 1 };
        float pair[2];
        int16_t v = (int16_t)i;
        audio_int16_to_frames(pair, 2, &v, 1, one, 1);
        audio_from_float(FORMAT_S16, &s, pair, 1);
        g_assert_cmpint(s, ==, i);
    }
}

static void test_pace(void)
{
    AudioPace p;
    int64_t now = 5;
    audio_pace_start(&p, now, 44100);
    g_assert_cmpuint(audio_pace_due(&p, now), ==, 0);
    for (unsigned i = 0; i < 1000; i++) {           /* ten seconds and never a frame too many or few */
        now = audio_pace_when(&p, 441);
        g_assert_cmpuint(audio_pace_due(&p, now - 1), ==, 440);
        g_assert_cmpuint(audio_pace_due(&p, now), ==, 441);
        audio_pace_did(&p, 441);
    }
    g_assert_cmpint(now, ==, 5 + INT64_C(10000000000));
    /* 150 ms late: all of it is due. A second: most of it was not played. */
    g_assert_cmpuint(audio_pace_due(&p, now + 150000000), ==, 6615);
    g_assert_cmpuint(audio_pace_due(&p, now + 1000000000), ==, 8820);
    audio_pace_did(&p, 8820);
    g_assert_cmpint(audio_pace_when(&p, 441), ==, now + 1010000000);
    g_assert_cmpuint(audio_pace_due(&p, now - 1000000000), ==, 0);
}

/* ---- files ---- */

static void test_same_form(void)
{
    static const int16_t frames[] = { 1, -1, 32767, -32768, 0, 0, 123, 456 };
    size_t len;
    begin("");
    AudioVoice *v = voice(AUDIO_PLAY);
    audio_voice_set_form(v, 44100, 2);
    for (unsigned i = 0; i < 2; i++) {
        audio_voice_run(v, true);
        audio_voice_play(v, frames, 4);
        audio_voice_run(v, false);
    }
    audio_voice_free(v);
    uint8_t *data = finish(&len);
    g_assert_cmpuint(len, ==, 32);
    for (unsigned i = 0; i < 16; i++) {
        g_assert_cmpint(sample(data, i), ==, frames[i % 8]);
    }
    g_free(data);
}

static void play_sine(AudioVoice *v, unsigned rate, unsigned channels, double hz, unsigned at, unsigned n)
{
    g_autofree int16_t *frames = g_new(int16_t, n * channels);
    for (unsigned i = 0; i < n * channels; i++) {
        frames[i] = (int16_t)lrint(12000 * sin(2 * M_PI * hz * (at + i / channels) / rate));
    }
    audio_voice_play(v, frames, n);
}

/* The amplitude of a frequency in a channel of the file. */
static double amplitude(const uint8_t *data, size_t frames, unsigned channels, unsigned channel, double hz,
                        unsigned rate)
{
    double s = 0, c = 0;
    for (size_t i = 0; i < frames; i++) {
        double x = sample(data, i * channels + channel), w = 2 * M_PI * hz * (double)i / rate;
        s += x * sin(w);
        c += x * cos(w);
    }
    return 2 * hypot(s, c) / (double)frames;
}

/* From many rates: as long as it was, as loud, and not something else. */
static void test_rates(void)
{
    static const unsigned rates[] = { 8000, 11025, 22050, 44100, 47999, 48000, 96000 };
    for (unsigned i = 0; i < G_N_ELEMENTS(rates); i++) {
        size_t len;
        begin("");
        AudioVoice *v = voice(AUDIO_PLAY);
        audio_voice_set_form(v, rates[i], 1);
        audio_voice_set_volume(v, 1, 0.5f);
        audio_voice_run(v, true);
        for (unsigned at = 0; at < rates[i]; at += 100) {
            play_sine(v, rates[i], 1, 1000, at, MIN(100, rates[i] - at));
        }
        audio_voice_run(v, false);
        audio_voice_free(v);
        uint8_t *data = finish(&len);
        g_assert_cmpint(labs((long)(len / 4) - 44100), <=, 12);
        g_assert_cmpfloat(fabs(amplitude(data, 44000, 2, 0, 1000, 44100) - 12000), <, 120);
        g_assert_cmpfloat(fabs(amplitude(data, 44000, 2, 1, 1000, 44100) - 6000), <, 60);
        g_assert_cmpfloat(amplitude(data, 44000, 2, 0, 1100, 44100), <, 60);
        g_free(data);
    }
}

/* Two cards at the same time, one of which begins later and ends before. */
static void test_mixing(void)
{
    size_t len;
    begin("out.channels=1,out.frequency=48000");
    AudioVoice *a = voice(AUDIO_PLAY), *b = voice(AUDIO_PLAY);
    audio_voice_set_form(a, 48000, 2);
    audio_voice_set_form(b, 24000, 1);
    audio_voice_run(a, true);
    for (unsigned ms = 0; ms < 1000; ms += 10) {
        if (ms == 200 || ms == 700) {
            audio_voice_run(b, ms == 200);
        }
        if (ms >= 200 && ms < 700) {
            play_sine(b, 24000, 1, 500, (ms - 200) * 24, 240);
        }
        play_sine(a, 48000, 2, 1000, ms * 48, 480);
    }
    audio_voice_run(a, false);
    audio_voice_free(a);
    audio_voice_free(b);
    uint8_t *data = finish(&len);
    g_assert_cmpuint(len, ==, 2 * 48000);
    g_assert_cmpfloat(fabs(amplitude(data, 48000, 1, 0, 1000, 48000) - 12000), <, 120);
    g_assert_cmpfloat(amplitude(data, 9500, 1, 0, 500, 48000), <, 120);
    g_assert_cmpfloat(fabs(amplitude(data + 2 * 9600, 23040, 1, 0, 500, 48000) - 12000), <, 240);
    g_assert_cmpfloat(amplitude(data + 2 * 34080, 13920, 1, 0, 500, 48000), <, 120);
    g_free(data);
}

/* One that runs and gives nothing is not waited for, and what is too loud is clipped. */
static void test_stuck_and_loud(void)
{
    static const int16_t loud[] = { 30000, -30000 };
    size_t len;
    begin("");
    AudioVoice *a = voice(AUDIO_PLAY), *b = voice(AUDIO_PLAY);
    audio_voice_set_form(a, 44100, 2);
    audio_voice_set_form(b, 44100, 2);
    audio_voice_run(a, true);
    audio_voice_run(b, true);
    audio_voice_play(a, loud, 1);
    audio_voice_play(b, loud, 1);
    for (unsigned i = 1; i < 44100; i++) {
        audio_voice_play(a, loud, 1);
    }
    char *seen;
    size_t now;
    for (unsigned i = 0; i < 500; i++) {            /* it is in the file before anybody ends */
        g_assert_true(g_file_get_contents(path, &seen, &now, NULL));
        g_free(seen);
        if (now > 44100 * 3) {
            break;
        }
        g_usleep(10000);
    }
    g_assert_cmpuint(now, >, 44100 * 3);
    audio_voice_free(a);
    audio_voice_free(b);
    uint8_t *data = finish(&len);
    g_assert_cmpuint(len, ==, 4 * 44100);
    g_assert_cmpint(sample(data, 0), ==, 30000);
    g_assert_cmpint(sample(data, 2), ==, 32767);
    g_assert_cmpint(sample(data, 3), ==, -32768);
    g_assert_cmpint(sample(data, 4), ==, 30000);
    g_free(data);
}

/* A card that starts and stops all the time does not fill the disk with the ends of sounds. */
static void test_many_starts(void)
{
    static const int16_t frame[] = { 30000, 30000 };
    size_t len;
    begin("");
    AudioVoice *v = voice(AUDIO_PLAY);
    for (unsigned i = 0; i < 2000; i++) {
        audio_voice_run(v, true);
        audio_voice_play(v, frame, 1);
        audio_voice_run(v, false);
    }
    audio_voice_free(v);
    g_free(finish(&len));
    g_assert_cmpuint(len, <=, 4 * 2000);
}

static void test_file_formats(void)
{
    static const int16_t frame[] = { 16384, -16384 };
    static const struct { const char *name; unsigned bytes, kind; uint64_t left, right; } formats[] = {
        { "u8", 1, 1, 0xc0, 0x40 }, { "s16", 2, 1, 0x4000, 0xc000 }, { "s32", 4, 1, 0x40000000, 0xc0000000 },
        { "f32", 4, 3, 0x3f000000, 0xbf000000 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *text = g_strconcat("out.format=", formats[i].name, NULL), *head;
        unsigned bytes = formats[i].bytes;
        size_t len;
        begin(text);
        AudioVoice *v = voice(AUDIO_PLAY);
        audio_voice_set_form(v, 44100, 2);
        audio_voice_run(v, true);
        audio_voice_play(v, frame, 1);
        audio_voice_free(v);
        uint8_t *data = finish(&len);
        g_assert_cmpuint(len, ==, 2 * bytes);
        g_assert_cmphex(load_le(data, bytes), ==, formats[i].left);
        g_assert_cmphex(load_le(data + bytes, bytes), ==, formats[i].right);
        g_assert_true(g_file_get_contents(path, &head, &len, NULL));
        g_assert_cmpuint(load_le(head + 20, 2), ==, formats[i].kind);
        g_assert_cmpuint(load_le(head + 28, 4), ==, 44100 * 2 * bytes);
        g_assert_cmpuint(load_le(head + 34, 2), ==, 8 * bytes);
        g_free(data);
    }
}

static void test_silence(void)
{
    int16_t frames[200];
    begin("");
    AudioVoice *v = voice(AUDIO_RECORD);
    audio_voice_set_form(v, 22050, 1);
    audio_voice_run(v, true);
    memset(frames, 1, sizeof(frames));
    audio_voice_record(v, frames, 150);
    g_assert_cmpint(frames[0], ==, 0);
    g_assert_cmpint(frames[149], ==, 0);
    g_assert_cmpint(frames[150], !=, 0);
    audio_voice_free(v);
    audio_set_free(set);
}

/* ---- SDL, with what it has for tests ---- */

/* Its disk writes what it plays to a file, at once or as slowly as it is told. */
static void test_sdl_plays(void)
{
    g_autofree char *raw = g_build_filename(folder, "raw", NULL);
    GError *err = NULL;
    char *data;
    size_t len;
    g_setenv("SDL_AUDIODRIVER", "disk", TRUE);
    g_setenv("SDL_DISKAUDIOFILE", raw, TRUE);
    set = audio_set_new();
    add("sdl,id=a", &err);
    g_assert_no_error(err);
    g_assert_false(add("sdl,id=b", &err));
    g_assert_nonnull(strstr(err->message, "id=a"));
    g_clear_error(&err);
    AudioVoice *v = voice(AUDIO_PLAY);
    audio_voice_set_form(v, 48000, 2);
    audio_voice_run(v, true);
    for (unsigned ms = 0; ms < 600; ms += 10) {
        play_sine(v, 48000, 2, 1000, ms * 48, 480);
        g_usleep(10000);
    }
    audio_voice_free(v);
    audio_set_free(set);
    g_assert_true(g_file_get_contents(raw, &data, &len, NULL));
    double most = 0;
    for (size_t at = 0; at + 4 * 4410 <= len; at += 4 * 441) {
        most = MAX(most, amplitude((uint8_t *)data + at, 4410, 2, 0, 1000, 44100));
    }
    g_assert_cmpfloat(fabs(most - 12000), <, 600);
    g_free(data);
    g_unlink(raw);
}

/* A host that takes nothing: everybody goes on at once, the end too. */
static void test_sdl_stalls(void)
{
    GError *err = NULL;
    g_setenv("SDL_AUDIODRIVER", "disk", TRUE);
    g_setenv("SDL_DISKAUDIOFILE", "/dev/null", TRUE);
    g_setenv("SDL_DISKAUDIODELAY", "100000", TRUE);
    set = audio_set_new();
    add("sdl,id=a", &err);
    g_assert_no_error(err);
    AudioVoice *v = voice(AUDIO_PLAY);
    audio_voice_set_form(v, 44100, 2);
    audio_voice_run(v, true);
    int64_t start = g_get_monotonic_time();
    for (unsigned i = 0; i < 1000; i++) {
        play_sine(v, 44100, 2, 1000, 0, 441);
    }
    audio_voice_free(v);
    audio_set_free(set);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
    g_unsetenv("SDL_DISKAUDIODELAY");
}

/* The disk records from a file, too: what it has is what two voices get, each all of it. */
static void test_sdl_records(void)
{
    g_autofree char *raw = g_build_filename(folder, "in", NULL);
    g_autofree int16_t *out = g_new(int16_t, 2 * 441000);
    GError *err = NULL;
    for (unsigned i = 0; i < 441000; i++) {
        out[2 * i] = (int16_t)lrint(12000 * sin(2 * M_PI * 1000 * i / 44100));
        out[2 * i + 1] = 0;
    }
    g_assert_true(g_file_set_contents(raw, (char *)out, 4 * 441000, NULL));
    g_setenv("SDL_DISKAUDIOFILE", "/dev/null", TRUE);
    g_setenv("SDL_DISKAUDIOFILEIN", raw, TRUE);
    set = audio_set_new();
    add("sdl,id=a", &err);
    g_assert_no_error(err);
    AudioVoice *v[2] = { voice(AUDIO_RECORD), voice(AUDIO_RECORD) };
    int16_t got[2][2 * 480];
    double most[2] = { 0, 0 };
    for (unsigned i = 0; i < 2; i++) {
        audio_voice_set_form(v[i], 48000, 2);
        audio_voice_run(v[i], true);
    }
    for (unsigned n = 0; n < 300 && (most[0] < 11000 || most[1] < 11000); n++) {
        g_usleep(10000);
        for (unsigned i = 0; i < 2; i++) {
            audio_voice_record(v[i], got[i], 480);
            most[i] = MAX(most[i], amplitude((uint8_t *)got[i], 480, 2, 0, 1000, 48000));
            g_assert_cmpint(got[i][479], ==, 0);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpfloat(fabs(most[i] - 12000), <, 600);
        audio_voice_free(v[i]);
    }
    audio_set_free(set);
    g_unlink(raw);
}

/* ---- mistakes ---- */

static void refused(const char *text, const char *wanted)
{
    GError *err = NULL;
    g_assert_false(add(text, &err));
    if (!strstr(err->message, wanted)) {
        g_error("%s: \"%s\" lacks \"%s\"", text, err->message, wanted);
    }
    g_error_free(err);
}

static void test_errors(void)
{
    GError *err = NULL;
    g_autofree char *twice = g_strconcat("wav,id=none,path=", path, NULL);
    set = audio_set_new();
    add("none,id=none,out.voices=1", &err);
    g_assert_no_error(err);
    refused("none", "id=");
    refused("id=x", "driver=");
    refused(twice, "already");
    refused("alsa,id=x", "sdl reaches");
    refused("piano,id=x", "none, wav and sdl");
    refused("none,id=x,out.freqency=1", "out.frequency");
    refused("none,id=x,out.frequency=7999", "8000");
    refused("none,id=x,in.channels=3", "in.channels");
    refused("none,id=x,in.voices=0", "in.voices");
    refused("none,id=x,out.format=s24", "f32");
    refused("none,id=x,out.mixing-engine=off", "mixing-engine");
    refused("none,id=x,out.fixed-settings=off", "one form");
    refused("none,id=x,path=y", "path");
    refused("wav,id=x", "path=FILE");
    refused("wav,id=x,path=/dev/null", "/dev/null");
    refused("wav,id=x,path=/nonexistent/x", "/nonexistent/x");
    refused("wav,id=x,path=x,out.format=s8", "s8");
    refused("{\"driver\":\"none\",\"id\":\"x\",\"out\":{\"channels\":0}}", "out.channels");
    AudioVoice *v = voice(AUDIO_PLAY), *w = voice(AUDIO_PLAY);      /* both in the one voice of the host */
    audio_voice_free(w);
    g_assert_null(audio_voice_new(set, "other", "card", AUDIO_PLAY, &err));
    g_assert_nonnull(strstr(err->message, "other"));
    g_clear_error(&err);
    audio_voice_free(v);
    audio_set_free(set);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("audio-test-XXXXXX", NULL);
    path = g_build_filename(folder, "out.wav", NULL);
    g_test_add_func("/audio/formats", test_formats);
    g_test_add_func("/audio/pace", test_pace);
    g_test_add_func("/audio/same-form", test_same_form);
    g_test_add_func("/audio/rates", test_rates);
    g_test_add_func("/audio/mixing", test_mixing);
    g_test_add_func("/audio/stuck-and-loud", test_stuck_and_loud);
    g_test_add_func("/audio/many-starts", test_many_starts);
    g_test_add_func("/audio/file-formats", test_file_formats);
    g_test_add_func("/audio/silence", test_silence);
    g_test_add_func("/audio/sdl-plays", test_sdl_plays);
    g_test_add_func("/audio/sdl-stalls", test_sdl_stalls);
    g_test_add_func("/audio/sdl-records", test_sdl_records);
    g_test_add_func("/audio/errors", test_errors);
    int result = g_test_run();
    g_unlink(path);
    g_rmdir(folder);
    g_free(path);
    g_free(folder);
    return result;
}
