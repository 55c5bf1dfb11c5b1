/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person at the machine does and sees. */
#include <stdlib.h>
#include <string.h>
#include "monitor/commands.h"
#include "monitor/screen.h"
#include "system/input.h"
#include "util/error.h"

#define MOST_KEYS 16

static Key parse_key(const char *word)
{
    if (g_str_has_prefix(word, "0x")) {
        guint64 number;
        bool right = g_ascii_string_to_unsigned(word + 2, 16, 1, 255, &number, NULL);
        return right ? key_by_number((unsigned)number) : KEY_UNMAPPED;
    }
    return key_by_name(strcmp(word, "<") == 0 ? "less" : word);
}

COMMAND(run_sendkey)
{
    g_auto(GStrv) words = commands_words(args, 1, 2, "sendkey KEY[-KEY...] [MILLISECONDS]", err);
    guint64 hold = 100;
    if (!words) {
        return false;
    }
    if (words[1] && !g_ascii_string_to_unsigned(words[1], 10, 0, 600000, &hold, NULL)) {
        return error_set(err, "sendkey: '%s' must be milliseconds, 0 to 600000", words[1]);
    }
    if (!input_takes(c->machine->input, INPUT_KEY)) {
        return error_set(err, "sendkey: this machine has no keyboard");
    }
    g_auto(GStrv) names = g_strsplit(words[0], "-", -1);
    Key keys[MOST_KEYS];
    size_t count = 0;
    for (; names[count]; count++) {
        if (count == MOST_KEYS) {
            return error_set(err, "sendkey: more than %d keys at once", MOST_KEYS);
        }
        keys[count] = parse_key(names[count]);
        if (keys[count] == KEY_UNMAPPED) {
            return error_set(err, "sendkey: '%s' is no key; some are ctrl-alt-delete, shift-a, ret, spc, "
                             "minus, kp_5, f1 and 0x1c", names[count]);
        }
    }
    return input_press(c->machine->input, keys, count, (unsigned)hold) ||
           error_set(err, "sendkey: too many keys wait to be pressed");
}

COMMAND(run_mouse_move)
{
    g_auto(GStrv) words = commands_words(args, 2, 3, "mouse_move X Y [WHEEL]", err);
    gint64 v[3] = { 0 };
    if (!words) {
        return false;
    }
    for (unsigned i = 0; words[i]; i++) {
        if (!g_ascii_string_to_signed(words[i], 10, -INPUT_ABS_MAX, INPUT_ABS_MAX, &v[i], NULL)) {
            return error_set(err, "mouse_move: '%s' must be a number from -%d to %d", words[i], INPUT_ABS_MAX,
                             INPUT_ABS_MAX);
        }
    }
    Input *input = c->machine->input;
    InputKind kind = input_is_absolute(input) ? INPUT_ABS : INPUT_REL;
    for (unsigned axis = AXIS_X; axis <= AXIS_Y; axis++) {
        int value = kind == INPUT_ABS ? MAX((int)v[axis], 0) : (int)v[axis];
        input_send(input, &(InputEvent){ kind, axis, value });
    }
    if (v[2]) {
        InputButton wheel = v[2] > 0 ? BUTTON_WHEEL_UP : BUTTON_WHEEL_DOWN;
        input_button(input, wheel, true);
        input_button(input, wheel, false);
    }
    input_sync(input);
    return true;
}

/* The buttons that are down are told as a whole, and so this remembers nothing: each one is sent. */
COMMAND(run_mouse_button)
{
    static const InputButton buttons[] = { BUTTON_LEFT, BUTTON_RIGHT, BUTTON_MIDDLE };
    guint64 state;
    if (!g_ascii_string_to_unsigned(args, 10, 0, 7, &state, NULL)) {
        return error_set(err, "mouse_button: needs the buttons that are down: 1 left, 2 right, 4 middle, or "
                         "a sum");
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(buttons); i++) {
        input_send(c->machine->input, &(InputEvent){ INPUT_BUTTON, buttons[i], state >> i & 1 });
    }
    input_sync(c->machine->input);
    return true;
}

COMMAND(run_mouse_set)
{
    guint64 n;
    return (g_ascii_string_to_unsigned(args, 10, 0, G_MAXUINT, &n, NULL) &&
            input_prefer_number(c->machine->input, (unsigned)n)) ||
           error_set(err, "mouse_set: '%s' is no mouse; info mice has their numbers", args);
}

COMMAND(info_mice)
{
    const Input *input = c->machine->input;
    bool first = true;
    for (unsigned i = 0; input_taker(input, i); i++) {
        const InputTaker *t = input_taker(input, i);
        const InputOps *ops = input_taker_ops(t);
        if (ops->kinds & (1u << INPUT_REL | 1u << INPUT_ABS)) {
            g_string_append_printf(out, "%c Mouse #%u: %s%s\n", first ? '*' : ' ', input_taker_number(t),
                                   ops->name, ops->kinds & 1u << INPUT_ABS ? " (absolute)" : "");
            first = false;
        }
    }
    if (first) {
        g_string_append(out, "No mouse devices connected\n");
    }
    return true;
}

COMMAND(run_screendump)
{
    g_auto(GStrv) words = commands_words(args, 1, 5, "screendump FILE [DEVICE [HEAD]] [-f png|ppm]", err);
    const char *device = NULL, *format = "ppm";
    bool has_head = false;
    guint64 head = 0;
    if (!words) {
        return false;
    }
    for (char **word = words + 1; *word; word++) {
        if (strcmp(*word, "-f") == 0 && word[1]) {
            format = *++word;
        } else if (!device) {
            device = *word;
        } else if (has_head || !g_ascii_string_to_unsigned(*word, 10, 0, UINT32_MAX, &head, NULL)) {
            return error_set(err, "screendump: '%s' is no display's number", *word);
        } else {
            has_head = true;
        }
    }
    if (strcmp(format, "png") != 0 && strcmp(format, "ppm") != 0) {
        return error_set(err, "screendump: -f %s: pictures are png or ppm", format);
    }
    return screen_dump(c, device, (int64_t)head, words[0], format, err);
}

const MonitorCommand hmp_input_commands[] = {
    { "mouse_button", NULL, "BUTTONS", "these are down: 1 left, 2 right, 4 middle, or a sum",
      run_mouse_button },
    { "mouse_move", NULL, "X Y [WHEEL]", "move the pointer by, or with a tablet (0 to 32767) to, X and Y",
      run_mouse_move },
    { "mouse_set", NULL, "N", "choose the pointer that gets what is done", run_mouse_set },
    { "screendump", NULL, "FILE [DEVICE [HEAD]] [-f png|ppm]",
      "a picture of the display; ppm if it is not said", run_screendump, ARG_PATH },
    { "sendkey", NULL, "KEY[-KEY...] [MS]", "press keys together for MS milliseconds (100): ctrl-alt-f1",
      run_sendkey },
    { 0 },
};

const MonitorCommand hmp_input_info[] = {
    { "mice", NULL, "", "the pointers; * is in use", info_mice },
    { 0 },
};
