/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cutting a stream into JSON values, by its brackets and strings alone; util/json_text.c then reads
 * the value. So a mistake inside brackets costs the value up to its end, and a byte that can be
 * nowhere costs what was begun and what follows it up to something that may begin anew.
 */
#include "monitor/qmp/frame.h"

#include <string.h>
#include "util/error.h"
#include "util/json_text.h"

#define VALUE_MAX (64u << 20)

struct Framer {
    FramerGot got;
    void *opaque;
    GString *text;              /* of the value that was begun */
    enum { BETWEEN, STRING, ESCAPE, WORD, RECOVERY } state;
    char quote;                 /* of the string */
    unsigned depth;             /* brackets that are open, whatever their kind */
};

Framer *framer_new(FramerGot got, void *opaque)
{
    Framer *f = g_new0(Framer, 1);
    *f = (Framer){ .got = got, .opaque = opaque, .text = g_string_new(NULL) };
    return f;
}

void framer_free(Framer *f)
{
    g_string_free(f->text, TRUE);
    g_free(f);
}

void framer_reset(Framer *f)
{
    g_string_free(f->text, TRUE);       /* it may have been large */
    f->text = g_string_new(NULL);
    f->depth = 0;
    f->state = BETWEEN;
}

static void fail(Framer *f, const char *problem)
{
    g_autoptr(GError) err = NULL;
    error_set(&err, "JSON parse error: %s", problem);
    framer_reset(f);
    f->got(f->opaque, NULL, err);
    f->state = RECOVERY;
}

static void emit(Framer *f)
{
    g_autoptr(GError) err = NULL;
    JsonNode *value = json_text_read(f->text->str, f->text->len, &err);
    framer_reset(f);
    f->got(f->opaque, value, err);
}

static void between(Framer *f, char c)
{
    bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
    if (!json_is_word_byte(c) && (!c || !strchr("{}[]:,\"' \t\r\n", c))) {
        fail(f, "a character that can be nowhere");
    } else if (f->depth == 0 && (closes || c == ':' || c == ',')) {
        fail(f, closes ? "a bracket that closes nothing" : "',' or ':' outside of brackets");
    } else if (opens && f->depth == JSON_DEPTH_MAX) {
        fail(f, "nested too deep");
    } else if (f->depth || !g_ascii_isspace(c)) {
        g_string_append_c(f->text, c);
        f->depth += opens;
        f->depth -= closes;
        /* A single quote is wrong, but what follows is meant as a string and read over as one. */
        f->state = c == '"' || c == '\'' ? STRING : json_is_word_byte(c) ? WORD : BETWEEN;
        f->quote = c;
        if (closes && f->depth == 0) {
            emit(f);
        }
    }
}

static void in_string(Framer *f, char c)
{
    unsigned char byte = (unsigned char)c;
    if (byte < 0x20 || byte >= 0xfe) {
        fail(f, byte < 0x20 ? "a control character in a string" : "a string that is not UTF-8");
        return;
    }
    g_string_append_c(f->text, c);
    if (f->state == ESCAPE) {
        f->state = STRING;
    } else if (c == '\\') {
        f->state = ESCAPE;
    } else if (c == f->quote) {
        f->state = BETWEEN;
        if (f->depth == 0) {
            emit(f);
        }
    }
}

static void feed_byte(Framer *f, char c)
{
    unsigned char byte = (unsigned char)c;
    if (f->text->len >= VALUE_MAX) {
        fail(f, "a value of more than 64 MiB");
    }
    if (f->state == RECOVERY) {
        bool consumed = (byte < 0x20 && c != '\t') || byte >= 0xfe;
        if (!consumed && c != '{' && c != '[') {
            return;
        }
        f->state = BETWEEN;
        if (consumed) {
            return;
        }
    }
    if (f->state == WORD && !json_is_word_byte(c)) {
        f->state = BETWEEN;
        if (f->depth == 0) {
            emit(f);
        }
    }
    if (f->state == WORD) {
        g_string_append_c(f->text, c);
    } else if (f->state == BETWEEN) {
        between(f, c);
    } else {
        in_string(f, c);
    }
}

void framer_feed(Framer *f, const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        feed_byte(f, ((const char *)data)[i]);
    }
}
