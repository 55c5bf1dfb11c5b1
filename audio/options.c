/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -audiodev takes for every driver: "out." and "in.", each with the form of the samples. */
#include "audio/backend.h"
#include "util/error.h"

#define DEFAULT_RATE 44100
#define DEFAULT_PERIOD_US 10000

static bool on_only(KeyVal *props, const char *key, const char *why, GError **err)
{
    bool on = true;
    return keyval_get_bool(props, key, &on, err) &&
           (on || error_set(err, "%s %s=off: %s", keyval_option(props), key, why));
}

static bool read_format(KeyVal *props, const char *key, AudioFormat *format, GError **err)
{
    const char *text = keyval_get(props, key);
    return !text || audio_format_parse(text, format) ||
           error_set(err, "%s %s=%s: must be u8, s8, u16, s16, u32, s32 or f32", keyval_option(props), key,
                     text);
}

static bool read_number(KeyVal *props, const char *side, const char *name, uint64_t min, uint64_t max,
                        unsigned *out, GError **err)
{
    g_autofree char *key = g_strconcat(side, name, NULL);
    uint64_t value = *out;
    if (!keyval_get_number(props, key, min, max, &value, err)) {
        return false;
    }
    *out = (unsigned)value;
    return true;
}

static bool read_form(KeyVal *props, const char *side, AudioForm *form, GError **err)
{
    g_autofree char *mixing = g_strconcat(side, "mixing-engine", NULL);
    g_autofree char *fixed = g_strconcat(side, "fixed-settings", NULL);
    g_autofree char *format = g_strconcat(side, "format", NULL);
    *form = (AudioForm){ .rate = DEFAULT_RATE, .channels = 2, .format = FORMAT_S16 };
    return on_only(props, mixing, "all cards are mixed, also a single one", err) &&
           on_only(props, fixed, "sound is converted to one form, that of frequency, channels and format",
                   err) &&
           read_number(props, side, "frequency", 8000, 192000, &form->rate, err) &&
           read_number(props, side, "channels", 1, 2, &form->channels, err) &&
           read_number(props, side, "voices", 1, 1000, &form->voices, err) &&
           read_number(props, side, "buffer-length", 1, 1000000, &form->latency, err) &&
           read_format(props, format, &form->format, err);
}

bool audio_options_read(Audiodev *dev, KeyVal *props, GError **err)
{
    unsigned period = DEFAULT_PERIOD_US;
    if (!read_form(props, "out.", &dev->out, err) || !read_form(props, "in.", &dev->in, err) ||
        !read_number(props, "", "timer-period", 1000, 100000, &period, err)) {
        return false;
    }
    dev->period = (int64_t)period * 1000;
    return true;
}

static JsonObject *describe_form(const AudioForm *form)
{
    JsonObject *o = json_object_new();
    json_object_set_boolean_member(o, "mixing-engine", TRUE);
    json_object_set_boolean_member(o, "fixed-settings", TRUE);
    json_object_set_int_member(o, "frequency", form->rate);
    json_object_set_int_member(o, "channels", form->channels);
    json_object_set_string_member(o, "format", audio_format_name(form->format));
    if (form->voices) {
        json_object_set_int_member(o, "voices", form->voices);
    }
    if (form->latency) {
        json_object_set_int_member(o, "buffer-length", form->latency);
    }
    return o;
}

JsonObject *audio_options_describe(const Audiodev *dev)
{
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "id", dev->id);
    json_object_set_string_member(o, "driver", dev->driver->name);
    json_object_set_int_member(o, "timer-period", dev->period / 1000);
    json_object_set_object_member(o, "in", describe_form(&dev->in));
    json_object_set_object_member(o, "out", describe_form(&dev->out));
    return o;
}
