/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person at the machine does and sees. */
#include <string.h>
#include "monitor/qmp/qmp.h"
#include "monitor/screen.h"
#include "system/input.h"
#include "util/error.h"

#define MOST_HOLD_MS 600000

/* A KeyValue; KEY_UNMAPPED with err when its number is no key's. */
static Key key_of(JsonObject *value, GError **err)
{
    if (strcmp(qmp_text(value, "type"), "qcode") == 0) {
        return key_by_name(qmp_text(value, "data"));
    }
    int64_t number = qmp_int(value, "data", 0);
    Key key = number > 0 && number < 256 ? key_by_number((unsigned)number) : KEY_UNMAPPED;
    if (key == KEY_UNMAPPED) {
        error_set(err, "Key number %" G_GINT64_FORMAT " is not known: numbers are scan codes of set 1, "
                  "plus 0x80 for those behind E0", number);
    }
    return key;
}

QMP(send_key)
{
    Input *input = call->c->machine->input;
    JsonArray *list = json_object_get_array_member(args, "keys");
    int64_t hold = qmp_int(args, "hold-time", 100);
    if (hold < 0 || hold > MOST_HOLD_MS) {
        return error_set(err, "Parameter 'hold-time' expects milliseconds, 0 to %d", MOST_HOLD_MS);
    }
    if (!input_takes(input, INPUT_KEY)) {
        return error_set(err, "this machine has no keyboard");
    }
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(Key));
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        GError *wrong = NULL;
        Key key = key_of(json_array_get_object_element(list, i), &wrong);
        if (wrong) {
            g_propagate_error(err, wrong);
            return false;
        }
        g_array_append_val(keys, key);
    }
    return input_press(input, (const Key *)(void *)keys->data, keys->len, (unsigned)hold) ||
           error_set(err, "too many keys wait to be pressed");
}

/* An InputEvent of the table. */
static bool read_event(JsonObject *value, InputEvent *event, GError **err)
{
    const char *type = qmp_text(value, "type");
    JsonObject *data = qmp_object(value, "data");
    if (strcmp(type, "key") == 0) {
        GError *wrong = NULL;
        *event = (InputEvent){ INPUT_KEY, key_of(qmp_object(data, "key"), &wrong), qmp_bool(data, "down") };
        if (wrong) {
            g_propagate_error(err, wrong);
            return false;
        }
    } else if (strcmp(type, "btn") == 0) {
        InputButton button = 0;
        while (strcmp(input_button_name(button), qmp_text(data, "button")) != 0) {
            button++;
        }
        *event = (InputEvent){ INPUT_BUTTON, button, qmp_bool(data, "down") };
    } else {
        bool absolute = strcmp(type, "abs") == 0;
        int64_t v = qmp_int(data, "value", 0);
        *event = (InputEvent){
            absolute ? INPUT_ABS : INPUT_REL, strcmp(qmp_text(data, "axis"), "x") == 0 ? AXIS_X : AXIS_Y,
            (int)CLAMP(v, absolute ? 0 : -INPUT_ABS_MAX, INPUT_ABS_MAX),
        };
    }
    return true;
}

QMP(input_send_event)
{
    static const char *const kinds[] = { "key", "btn", "rel", "abs" };
    Input *input = call->c->machine->input;
    JsonArray *list = json_object_get_array_member(args, "events");
    if (qmp_text(args, "device")) {
        g_set_error(err, VALLETTA_ERROR, ERROR_DEVICE_NOT_FOUND, "Device '%s' not found",
                    qmp_text(args, "device"));
        return false;
    }
    g_autoptr(GArray) events = g_array_new(FALSE, FALSE, sizeof(InputEvent));
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        InputEvent event;
        if (!read_event(json_array_get_object_element(list, i), &event, err)) {
            return false;
        }
        if (!input_takes(input, event.kind)) {
            return error_set(err, "Input handler not found for event type %s", kinds[event.kind]);
        }
        g_array_append_val(events, event);
    }
    for (unsigned i = 0; i < events->len; i++) {
        input_send(input, &g_array_index(events, InputEvent, i));
    }
    input_sync(input);
    return true;
}

QMP(query_mice)
{
    const Input *input = call->c->machine->input;
    JsonArray *list = qmp_return_array(ret);
    bool current = true;
    for (unsigned i = 0; input_taker(input, i); i++) {
        const InputTaker *t = input_taker(input, i);
        const InputOps *ops = input_taker_ops(t);
        if (ops->kinds & (1u << INPUT_REL | 1u << INPUT_ABS)) {
            JsonObject *mouse = json_object_new();
            json_object_set_string_member(mouse, "name", ops->name);
            json_object_set_int_member(mouse, "index", input_taker_number(t));
            json_object_set_boolean_member(mouse, "current", current);
            json_object_set_boolean_member(mouse, "absolute", (ops->kinds & 1u << INPUT_ABS) != 0);
            json_array_add_object_element(list, mouse);
            current = false;
        }
    }
    return true;
}

QMP(screendump)
{
    const char *format = qmp_text(args, "format"), *device = qmp_text(args, "device");
    return screen_dump(call->c, device, qmp_int(args, "head", 0), qmp_text(args, "filename"),
                       format ? format : "ppm", err);
}

const QmpCommand qmp_input_commands[] = {
    { "input-send-event", input_send_event,
      MEMBERS({ "device?", "str", "a display; its events go to a device of their own" },
              { "head?", "int", NULL }, { "events", "[InputEvent]", "which happen at one moment" }),
      .doc = "Moves the pointer, presses and releases buttons and keys." },
    { "query-mice", query_mice, .ret = "[MouseInfo]", .doc = "The pointers, the one in use first." },
    { "screendump", screendump,
      MEMBERS({ "filename", "str", NULL }, { "device?", "str", "whose display; the first there is" },
              { "head?", "int", "which of the device's displays; 0" }, { "format?", "ImageFormat", "ppm" }),
      .doc = "Writes a picture of a display." },
    { "send-key", send_key,
      MEMBERS({ "keys", "[KeyValue]", "pressed in this order, released in the other" },
              { "hold-time?", "int", "milliseconds of guest time; 100" }),
      .doc = "Presses keys." },
    { 0 },
};
