/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audiodevs of a machine and their drivers. */
#include <string.h>
#include "audio/backend.h"
#include "util/error.h"

#define WHAT_THERE_IS "there are none, wav and sdl"

static bool none_open(Audiodev *dev, KeyVal *props, GError **err)
{
    return true;
}

/* Cards keep time by themselves; nobody listens and it is quiet. */
static const AudioDriver audio_none = { "none", "nobody hears it, and silence is recorded", none_open };

static const AudioDriver *const drivers[] = { &audio_none, &audio_wav, &audio_sdl };

static const AudioDriver *find_driver(const char *option, const char *name, GError **err)
{
    static const char *const elsewhere[] = { "alsa", "coreaudio", "dbus", "dsound", "jack", "oss", "pa",
                                             "pipewire", "sndio", "spice" };
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (strcmp(drivers[i]->name, name) == 0) {
            return drivers[i];
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(elsewhere); i++) {
        if (strcmp(elsewhere[i], name) == 0) {
            error_set(err, "%s %s: not there yet: " WHAT_THERE_IS "; sdl reaches PipeWire, PulseAudio, ALSA "
                      "and others (SDL_AUDIODRIVER=NAME in the environment chooses)", option, name);
            return NULL;
        }
    }
    error_set(err, "%s %s: there is no such driver; " WHAT_THERE_IS, option, name);
    return NULL;
}

char *audio_help(void)
{
    GString *text = g_string_new("Sound (-audiodev DRIVER,id=ID[,OPTION=VALUE...]; a card finds it by "
                                 "audiodev=ID):\n");
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        g_string_append_printf(text, "  %-5s %s\n", drivers[i]->name, drivers[i]->text);
    }
    g_string_append(text,
        "Options of all; what begins with out. is there with in. too, for what is recorded:\n"
        "  timer-period=US        how often samples are handed over (10000)\n"
        "  out.frequency=HZ       8000 to 192000 (44100)\n"
        "  out.channels=N         1 or 2 (2)\n"
        "  out.format=FORMAT      u8, s8, u16, s16, u32, s32 or f32 (s16)\n"
        "  out.voices=N           streams at the host, at most: all cards are mixed into one\n"
        "  out.buffer-length=US   what the host should keep before it is heard\n");
    return g_string_free(text, FALSE);
}

AudioSet *audio_set_new(void)
{
    AudioSet *set = g_new0(AudioSet, 1);
    set->devs = g_ptr_array_new();
    return set;
}

static void dev_free(Audiodev *dev)
{
    audio_mix_clear(dev);
    g_ptr_array_free(dev->voices, TRUE);
    g_clear_pointer(&dev->described, json_object_unref);
    g_free(dev->id);
    g_free(dev);
}

void audio_set_free(AudioSet *set)
{
    if (!set) {
        return;
    }
    for (guint i = 0; i < set->devs->len; i++) {
        Audiodev *dev = g_ptr_array_index(set->devs, i);
        if (dev->driver->close) {
            dev->driver->close(dev);
        }
        dev_free(dev);
    }
    g_ptr_array_free(set->devs, TRUE);
    g_free(set);
}

bool audio_set_has(const AudioSet *set, const char *id)
{
    for (guint i = 0; i < set->devs->len; i++) {
        if (strcmp(((const Audiodev *)g_ptr_array_index(set->devs, i))->id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* What is under way is the driver's until everything is known to be right. */
static bool open_dev(Audiodev *dev, KeyVal *props, GError **err)
{
    if (!audio_options_read(dev, props, err) || !dev->driver->open(dev, props, err)) {
        return false;
    }
    if (!keyval_finish(props, err)) {
        if (dev->driver->close) {
            dev->driver->close(dev);
        }
        return false;
    }
    audio_mix_init(dev);
    dev->described = audio_options_describe(dev);
    if (keyval_get(props, "path")) {
        json_object_set_string_member(dev->described, "path", keyval_get(props, "path"));
    }
    return true;
}

bool audio_set_add(AudioSet *set, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props), *name = keyval_get(props, "driver");
    const char *id = keyval_get(props, "id");
    if (!name) {
        return error_set(err, "%s: needs driver=; " WHAT_THERE_IS, option);
    }
    const AudioDriver *driver = find_driver(option, name, err);
    if (!driver) {
        return false;
    }
    if (!id || !*id) {
        return error_set(err, "%s %s: needs id=ID, by which a card finds it", option, name);
    }
    if (audio_set_has(set, id)) {
        return error_set(err, "%s id=%s: there is one with that id already", option, id);
    }
    Audiodev *dev = g_new0(Audiodev, 1);
    dev->set = set;
    dev->driver = driver;
    dev->id = g_strdup(id);
    dev->voices = g_ptr_array_new();
    if (!open_dev(dev, props, err)) {
        dev_free(dev);
        return false;
    }
    g_ptr_array_add(set->devs, dev);
    return true;
}

JsonArray *audio_set_describe(const AudioSet *set)
{
    JsonArray *list = json_array_new();
    for (guint i = 0; set && i < set->devs->len; i++) {
        const Audiodev *dev = g_ptr_array_index(set->devs, i);
        json_array_add_object_element(list, json_object_ref(dev->described));
    }
    return list;
}
