/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trace events: the items of the log (-d), one by one. */
#include <string.h>
#include "monitor/qmp/qmp.h"
#include "util/error.h"
#include "util/log.h"

static bool unknown(const char *name, GError **err)
{
    return error_set(err, "unknown event \"%s\"; the log's items are the events", name);
}

static bool is_pattern(const char *name)
{
    return strpbrk(name, "*?") != NULL;
}

QMP(get_state)
{
    const char *pattern = qmp_text(args, "name"), *name;
    JsonArray *list = qmp_return_array(ret);
    LogMask bit;
    for (unsigned i = 0; (name = log_item(i, &bit)); i++) {
        if (!g_pattern_match_simple(pattern, name)) {
            continue;
        }
        JsonObject *info = json_object_new();
        json_object_set_string_member(info, "name", name);
        json_object_set_string_member(info, "state", log_mask() & bit ? "enabled" : "disabled");
        json_array_add_object_element(list, info);
    }
    return json_array_get_length(list) || is_pattern(pattern) || unknown(pattern, err);
}

QMP(set_state)
{
    const char *pattern = qmp_text(args, "name");
    return log_switch(pattern, qmp_bool(args, "enable")) || is_pattern(pattern) ||
           qmp_bool(args, "ignore-unavailable") || unknown(pattern, err);
}

const QmpCommand qmp_trace_commands[] = {
    { "trace-event-get-state", get_state, MEMBERS({ "name", "str", "an item of -d help; may hold * and ?" }),
      .ret = "[TraceEventInfo]", .doc = "What is logged." },
    { "trace-event-set-state", set_state,
      MEMBERS({ "name", "str", "an item of -d help; may hold * and ?" }, { "enable", "bool", NULL },
              { "ignore-unavailable?", "bool", "it is no error that there is none" }),
      .doc = "Logs these from now on, or not any more." },
    { 0 },
};
