/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/sound.h"

#include <string.h>
#include "hw/core/bus.h"
#include "util/error.h"

static const struct { const char *model, *driver, *text; } models[] = {
    { "ac97", "AC97", "Intel 82801AA (ICH) with an AC'97 codec" },
};

char *sound_help(const char *text)
{
    g_autoptr(KeyVal) kv = keyval_new("-audio");
    if (!keyval_parse(kv, text, "driver", NULL)) {
        return NULL;
    }
    if (keyval_wants_help(kv)) {
        return audio_help();
    }
    if (g_strcmp0(keyval_get(kv, "model"), "help") != 0) {
        return NULL;
    }
    GString *help = g_string_new("Sound cards:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        g_string_append_printf(help, "  %-6s %s (-device %s)\n", models[i].model, models[i].text,
                               models[i].driver);
    }
    return g_string_free(help, FALSE);
}

/* The number-th -audio: what is left in kv is -audiodev's. *device gets the card's type, or NULL when none is
 * asked for. */
static bool split_audio(KeyVal *kv, const char *text, unsigned number, const char **device, GError **err)
{
    *device = NULL;
    if (!keyval_parse(kv, text, "driver", err)) {
        return false;
    }
    if (!keyval_get(kv, "id")) {
        g_autofree char *id = g_strdup_printf("audio%u", number);
        keyval_set(kv, "id", id);
    }
    g_autofree char *model = keyval_take(kv, "model");
    for (size_t i = 0; model && i < G_N_ELEMENTS(models); i++) {
        if (g_ascii_strcasecmp(model, models[i].model) == 0) {
            *device = models[i].driver;
        }
    }
    return !model || *device ||
           error_set(err, "-audio model=%s: not there yet; the cards are: ac97", model);
}

bool sound_open(AudioSet *set, const Settings *s, GError **err)
{
    for (guint i = 0; i < s->audiodevs->len; i++) {
        g_autoptr(KeyVal) kv = keyval_new("-audiodev");
        if (!keyval_parse(kv, g_ptr_array_index(s->audiodevs, i), "driver", err) ||
            !audio_set_add(set, kv, err)) {
            return false;
        }
    }
    for (guint i = 0; i < s->audios->len; i++) {
        g_autoptr(KeyVal) kv = keyval_new("-audio");
        const char *device;
        if (!split_audio(kv, g_ptr_array_index(s->audios, i), i, &device, err) ||
            !audio_set_add(set, kv, err)) {
            return false;
        }
    }
    return true;
}

bool sound_plug(Machine *machine, const Settings *s, GError **err)
{
    for (guint i = 0; i < s->audios->len; i++) {
        const char *text = g_ptr_array_index(s->audios, i), *device;
        g_autoptr(KeyVal) kv = keyval_new("-audio"), props = keyval_new("-audio");
        if (!split_audio(kv, text, i, &device, err)) {
            return false;
        }
        if (!device) {
            continue;
        }
        keyval_set(props, "driver", device);
        keyval_set(props, "audiodev", keyval_get(kv, "id"));
        if (!device_add(machine, props, err)) {
            g_prefix_error(err, "-audio %s: ", text);
            return false;
        }
    }
    return true;
}
