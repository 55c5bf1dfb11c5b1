/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound. */
#include "audio/audio.h"
#include "monitor/qmp/qmp.h"

QMP(query_audiodevs)
{
    *ret = json_node_new(JSON_NODE_ARRAY);
    json_node_take_array(*ret, audio_set_describe(call->c->machine->audio));
    return true;
}

const QmpCommand qmp_audio_commands[] = {
    { "query-audiodevs", query_audiodevs, .ret = "[Audiodev]", .doc = "What was made by -audiodev." },
    { 0 },
};
