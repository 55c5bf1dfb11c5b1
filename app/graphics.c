/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The graphics card that a board has without being asked: -vga. */
#include "app/graphics.h"

#include <string.h>
#include "hw/core/bus.h"
#include "util/error.h"

#define DEFAULT "cirrus"

static const struct { const char *word, *type; } cards[] = {
    { "none", NULL }, { "std", "VGA" }, { "cirrus", "cirrus-vga" },
};

bool graphics_known(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) {
        if (strcmp(cards[i].word, word) == 0) {
            return true;
        }
    }
    return false;
}

/* One that takes the place of the board's own. */
static bool is_card(const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) {
        if (g_strcmp0(cards[i].type, type) == 0) {
            return type != NULL;
        }
    }
    return false;
}

static bool has_displays(const char *type)
{
    const DeviceType *t = type ? device_type_find(type) : NULL;
    return t && t->graphics;
}

/* Whether a -device is of such a type; what is wrong with a -device is said when it is made. */
static bool asked_for(const Settings *s, bool (*such)(const char *type))
{
    for (guint i = 0; i < s->devices->len; i++) {
        g_autoptr(KeyVal) props = keyval_new("-device");
        if (keyval_parse(props, g_ptr_array_index(s->devices, i), "driver", NULL) &&
            such(keyval_get(props, "driver"))) {
            return true;
        }
    }
    return false;
}

/* The word of -vga, or what stands for it. */
static const char *word_of(const Settings *s, bool qtest)
{
    return s->vga ? s->vga : s->nodefaults || qtest || asked_for(s, is_card) ? "none" : DEFAULT;
}

bool graphics_wanted(const Settings *s, bool qtest)
{
    return asked_for(s, has_displays) || strcmp(word_of(s, qtest), "none") != 0;
}

bool graphics_plug(Machine *machine, const Settings *s, bool qtest, GError **err)
{
    const char *word = word_of(s, qtest), *type = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(cards); i++) {
        type = strcmp(cards[i].word, word) == 0 ? cards[i].type : type;
    }
    if (!type) {
        return true;
    }
    g_autoptr(KeyVal) props = keyval_new("-vga");
    return device_add_type(machine, device_type_find(type), props, err);
}
