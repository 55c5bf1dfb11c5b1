/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keymaps: X key symbols (X.Org, "X Window System Protocol", appendix A) to places. en-us is made here, other
 * layouts by libxkbcommon, which is loaded when one is asked for.
 */
#include "ui/keymap.h"
#include <gmodule.h>
#include <string.h>
#include <xkbcommon/xkbcommon.h>
#include "util/error.h"

#define LIBRARY "libxkbcommon.so.0"
#define XKB_OFFSET 8                /* an XKB key code is the event code and this */

#define UNICODE 0x01000000u         /* and a code point: a key symbol, too */

struct Keymap {
    GHashTable *places;             /* of KeymapPlace *, by key symbol */
    uint32_t (*to_unicode)(xkb_keysym_t keysym);        /* NULL: only what keymap_character knows */
};

static void add(Keymap *map, uint32_t keysym, Key key, unsigned modifiers, bool is_character)
{
    if (keysym == 0 || key == KEY_UNMAPPED || g_hash_table_contains(map->places, GUINT_TO_POINTER(keysym))) {
        return;                     /* the first way to make it is the simplest */
    }
    KeymapPlace *place = g_new(KeymapPlace, 1);
    *place = (KeymapPlace){ key, modifiers, is_character };
    g_hash_table_insert(map->places, GUINT_TO_POINTER(keysym), place);
}

/* ---- what is the same on every keyboard ---- */

static const struct { uint32_t keysym; Key key; } others[] = {
    { 0xff08, KEY_BACKSPACE }, { 0xff09, KEY_TAB }, { 0xfe20, KEY_TAB }, { 0xff0a, KEY_LF },
    { 0xff0d, KEY_RET }, { 0xff13, KEY_PAUSE }, { 0xff6b, KEY_PAUSE }, { 0xff14, KEY_SCROLL_LOCK },
    { 0xff15, KEY_SYSRQ }, { 0xff1b, KEY_ESC }, { 0xff50, KEY_HOME }, { 0xff51, KEY_LEFT },
    { 0xff52, KEY_UP }, { 0xff53, KEY_RIGHT }, { 0xff54, KEY_DOWN }, { 0xff55, KEY_PGUP },
    { 0xff56, KEY_PGDN }, { 0xff57, KEY_END }, { 0xff61, KEY_PRINT }, { 0xff63, KEY_INSERT },
    { 0xff65, KEY_UNDO }, { 0xff66, KEY_AGAIN }, { 0xff67, KEY_COMPOSE }, { 0xff68, KEY_FIND },
    { 0xff6a, KEY_HELP }, { 0xff7e, KEY_ALT_R }, { 0xff7f, KEY_NUM_LOCK }, { 0xff8d, KEY_KP_ENTER },
    { 0xff95, KEY_KP_7 }, { 0xff96, KEY_KP_4 }, { 0xff97, KEY_KP_8 }, { 0xff98, KEY_KP_6 },
    { 0xff99, KEY_KP_2 }, { 0xff9a, KEY_KP_9 }, { 0xff9b, KEY_KP_3 }, { 0xff9c, KEY_KP_1 },
    { 0xff9d, KEY_KP_5 }, { 0xff9e, KEY_KP_0 }, { 0xff9f, KEY_KP_DECIMAL }, { 0xffaa, KEY_KP_MULTIPLY },
    { 0xffab, KEY_KP_ADD }, { 0xffac, KEY_KP_COMMA }, { 0xffad, KEY_KP_SUBTRACT },
    { 0xffae, KEY_KP_DECIMAL }, { 0xffaf, KEY_KP_DIVIDE }, { 0xffb0, KEY_KP_0 }, { 0xffb1, KEY_KP_1 },
    { 0xffb2, KEY_KP_2 }, { 0xffb3, KEY_KP_3 }, { 0xffb4, KEY_KP_4 }, { 0xffb5, KEY_KP_5 },
    { 0xffb6, KEY_KP_6 }, { 0xffb7, KEY_KP_7 }, { 0xffb8, KEY_KP_8 }, { 0xffb9, KEY_KP_9 },
    { 0xffbd, KEY_KP_EQUALS }, { 0xffc8, KEY_F11 }, { 0xffc9, KEY_F12 }, { 0xffe1, KEY_SHIFT },
    { 0xffe2, KEY_SHIFT_R }, { 0xffe3, KEY_CTRL }, { 0xffe4, KEY_CTRL_R }, { 0xffe5, KEY_CAPS_LOCK },
    { 0xffe7, KEY_META_L }, { 0xffe8, KEY_META_R }, { 0xffe9, KEY_ALT }, { 0xffea, KEY_ALT_R },
    { 0xffeb, KEY_META_L }, { 0xffec, KEY_META_R }, { 0xfe03, KEY_ALT_R }, { 0xffff, KEY_DELETE },
};

static void add_others(Keymap *map)
{
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        add(map, others[i].keysym, others[i].key, 0, false);
    }
    for (unsigned i = 0; i < 10; i++) {
        add(map, 0xffbe + i, (Key)(KEY_F1 + i), 0, false);
    }
    for (unsigned i = 0; i < 12; i++) {
        add(map, 0xffca + i, (Key)(KEY_F13 + i), 0, false);
    }
}

/* ---- en-us ---- */

/* The keys of four rows, and what is printed on them below and above. */
static void add_row(Keymap *map, const Key *keys, const char *plain, const char *shifted)
{
    for (size_t i = 0; plain[i]; i++) {
        add(map, (unsigned char)plain[i], keys[i], 0, true);
        add(map, (unsigned char)shifted[i], keys[i], KEYMAP_SHIFT, true);
    }
}

static void add_en_us(Keymap *map)
{
    static const Key digits[] = { KEY_GRAVE_ACCENT, KEY_1, KEY_2, KEY_3, KEY_4, KEY_5, KEY_6, KEY_7, KEY_8,
                                  KEY_9, KEY_0, KEY_MINUS, KEY_EQUAL };
    static const Key upper[] = { KEY_Q, KEY_W, KEY_E, KEY_R, KEY_T, KEY_Y, KEY_U, KEY_I, KEY_O, KEY_P,
                                 KEY_BRACKET_LEFT, KEY_BRACKET_RIGHT, KEY_BACKSLASH };
    static const Key middle[] = { KEY_A, KEY_S, KEY_D, KEY_F, KEY_G, KEY_H, KEY_J, KEY_K, KEY_L,
                                  KEY_SEMICOLON, KEY_APOSTROPHE };
    static const Key lower[] = { KEY_Z, KEY_X, KEY_C, KEY_V, KEY_B, KEY_N, KEY_M, KEY_COMMA, KEY_DOT,
                                 KEY_SLASH };
    add_row(map, digits, "`1234567890-=", "~!@#$%^&*()_+");
    add_row(map, upper, "qwertyuiop[]\\", "QWERTYUIOP{}|");
    add_row(map, middle, "asdfghjkl;'", "ASDFGHJKL:\"");
    add_row(map, lower, "zxcvbnm,./", "ZXCVBNM<>?");
    add(map, ' ', KEY_SPC, 0, true);
}

/* ---- the others ---- */

#define XKB_FUNCTIONS(F) F(xkb_context_new) F(xkb_context_unref) F(xkb_keymap_new_from_names) \
    F(xkb_keymap_unref) F(xkb_state_new) F(xkb_state_unref) F(xkb_state_update_mask) \
    F(xkb_state_key_get_one_sym) F(xkb_keymap_mod_get_index) F(xkb_context_set_log_level) \
    F(xkb_keysym_to_utf32)

typedef struct {
#define FUNCTION(name) __typeof__(&name) name;
    XKB_FUNCTIONS(FUNCTION)
#undef FUNCTION
} Xkb;

static bool load(Xkb *x, GError **err)
{
    GModule *module = g_module_open(LIBRARY, G_MODULE_BIND_LOCAL);
    bool ok = module != NULL;
#define FUNCTION(name) ok = ok && g_module_symbol(module, #name, (gpointer *)&x->name);
    XKB_FUNCTIONS(FUNCTION)
#undef FUNCTION
    if (module) {
        g_module_make_resident(module);
    }
    return ok || error_set(err, LIBRARY " is missing, which knows all layouts but en-us");
}

/* Names that people know from elsewhere, and XKB's: layout, variant. */
static const struct { const char *name, *layout, *variant; } layouts[] = {
    { "ar", "ara", NULL }, { "da", "dk", NULL }, { "de-ch", "ch", "de" }, { "en-gb", "gb", NULL },
    { "et", "ee", NULL }, { "fr-be", "be", NULL }, { "fr-ca", "ca", "fr" }, { "fr-ch", "ch", "fr" },
    { "ja", "jp", NULL }, { "pt-br", "br", NULL }, { "sl", "si", NULL }, { "sv", "se", NULL },
};

/* What keys write with modifiers: that above Tab with some, or all others. */
static void add_level(Keymap *map, const Xkb *x, struct xkb_keymap *keys, unsigned modifiers, bool above_tab)
{
    static const char *const names[] = { "Shift", "Mod5" };
    struct xkb_state *state = x->xkb_state_new(keys);
    xkb_mod_mask_t mask = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        xkb_mod_index_t index = x->xkb_keymap_mod_get_index(keys, names[i]);
        mask |= modifiers >> i & 1 && index != XKB_MOD_INVALID ? 1u << index : 0;
    }
    x->xkb_state_update_mask(state, mask, 0, 0, 0, 0, 0);
    for (Key key = 1; key < KEY_COUNT; key++) {
        unsigned code = (key == KEY_GRAVE_ACCENT && modifiers) == above_tab ? key_codes(key)->evdev : 0;
        xkb_keysym_t sym = code ? x->xkb_state_key_get_one_sym(state, code + XKB_OFFSET) : 0;
        uint32_t character = x->xkb_keysym_to_utf32(sym);
        add(map, sym, key, modifiers, true);
        if (character > 0xff) {
            add(map, UNICODE | character, key, modifiers, true);
        }
    }
    x->xkb_state_unref(state);
}

/* The key above Tab comes last: with modifiers XKB has more on it than is printed there and others know. */
static void add_levels(Keymap *map, const Xkb *x, struct xkb_keymap *keys)
{
    for (unsigned above_tab = 0; above_tab <= 1; above_tab++) {
        for (unsigned modifiers = 0; modifiers <= (KEYMAP_SHIFT | KEYMAP_ALTGR); modifiers++) {
            add_level(map, x, keys, modifiers, above_tab);
        }
    }
}

static bool add_layout(Keymap *map, const char *name, GError **err)
{
    Xkb x;
    struct xkb_rule_names rules = { .rules = "evdev", .model = "pc105", .layout = name };
    for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
        if (strcmp(name, layouts[i].name) == 0) {
            rules.layout = layouts[i].layout;
            rules.variant = layouts[i].variant;
        }
    }
    if (!load(&x, err)) {
        return false;
    }
    struct xkb_context *context = x.xkb_context_new(XKB_CONTEXT_NO_ENVIRONMENT_NAMES);
    if (context) {
        x.xkb_context_set_log_level(context, XKB_LOG_LEVEL_CRITICAL);   /* our own error says it */
    }
    struct xkb_keymap *keys = context ? x.xkb_keymap_new_from_names(context, &rules, 0) : NULL;
    if (keys) {
        add_levels(map, &x, keys);
        x.xkb_keymap_unref(keys);
        map->to_unicode = x.xkb_keysym_to_utf32;
    }
    if (context) {
        x.xkb_context_unref(context);
    }
    return keys || error_set(err, "there is no keyboard layout of that name; some are en-us, de, fr, es, sv");
}

Keymap *keymap_new(const char *layout, GError **err)
{
    Keymap *map = g_new0(Keymap, 1);
    map->places = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    add_others(map);
    if (!layout || strcmp(layout, "en-us") == 0 || strcmp(layout, "us") == 0) {
        add_en_us(map);
    } else if (!add_layout(map, layout, err)) {
        g_prefix_error(err, "-k %s: ", layout);
        keymap_free(map);
        return NULL;
    }
    return map;
}

void keymap_free(Keymap *map)
{
    if (map) {
        g_hash_table_unref(map->places);
        g_free(map);
    }
}

bool keymap_find(const Keymap *map, uint32_t keysym, KeymapPlace *place)
{
    const KeymapPlace *found = g_hash_table_lookup(map->places, GUINT_TO_POINTER(keysym));
    /* A code point of Latin 1 is the plain symbol, too. */
    if (!found && keysym >> 8 == UNICODE >> 8) {
        found = g_hash_table_lookup(map->places, GUINT_TO_POINTER(keysym & 0xff));
    }
    if (found) {
        *place = *found;
    }
    return found;
}

/* ---- characters of two keys ---- */

/* X calls the key that puts a mark on the next letter by a symbol; the mark, in Unicode, behind a letter and
 * alone. */
static const struct { uint32_t dead, combining, alone; } marks[] = {
    { 0xfe50, 0x300, '`' }, { 0xfe51, 0x301, 0xb4 }, { 0xfe52, 0x302, '^' }, { 0xfe53, 0x303, '~' },
    { 0xfe54, 0x304, 0xaf }, { 0xfe55, 0x306, 0x2d8 }, { 0xfe56, 0x307, 0x2d9 }, { 0xfe57, 0x308, 0xa8 },
    { 0xfe58, 0x30a, 0x2da }, { 0xfe59, 0x30b, 0x2dd }, { 0xfe5a, 0x30c, 0x2c7 }, { 0xfe5b, 0x327, 0xb8 },
    { 0xfe5c, 0x328, 0x2db },
};

bool keymap_find_pair(const Keymap *map, uint32_t keysym, KeymapPlace *dead, KeymapPlace *base)
{
    uint32_t character = map->to_unicode ? map->to_unicode(keysym) : keymap_character(keysym);
    gunichar letter, mark;
    bool marked = g_unichar_decompose(character, &letter, &mark) && mark;
    for (size_t i = 0; character && i < G_N_ELEMENTS(marks); i++) {
        bool is_letter = marked && marks[i].combining == mark;
        if (is_letter || marks[i].alone == character) {
            uint32_t second = !is_letter ? ' ' : letter < 0x100 ? letter : UNICODE | letter;
            return keymap_find(map, marks[i].dead, dead) && keymap_find(map, second, base);
        }
    }
    return false;
}

uint32_t keymap_character(uint32_t keysym)
{
    if (keysym >> 24 == UNICODE >> 24) {
        return keysym & 0xffffff;
    }
    bool latin1 = (keysym >= 0x20 && keysym < 0x7f) || (keysym >= 0xa0 && keysym < 0x100);
    return latin1 ? keysym : 0;
}
