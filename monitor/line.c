/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor/line.h"

#include <stdbool.h>
#include <string.h>

#define LINE_MAX_LEN 1023
#define HISTORY_MAX 100

enum { CTRL_A = 1, CTRL_C = 3, CTRL_D = 4, CTRL_E = 5, CTRL_H = 8, TAB = 9, CTRL_K = 11, CTRL_L = 12,
       CTRL_U = 21, CTRL_W = 23, ESC = 27, DEL = 127 };

struct Line {
    char *prompt;
    const LineOps *ops;
    void *opaque;
    GString *text;
    gsize cursor;
    GPtrArray *history;     /* of char *, oldest first */
    guint at;               /* in history; its length: the line being typed */
    char *typed;            /* that line, while an older one is shown */
    enum { PLAIN, ESCAPED, CSI } state;
    char csi;               /* the first parameter byte after ESC [ */
    bool last_was_return;   /* a newline after it is the same key */
};

Line *line_new(const char *prompt, const LineOps *ops, void *opaque)
{
    Line *line = g_new0(Line, 1);
    line->prompt = g_strdup(prompt);
    line->ops = ops;
    line->opaque = opaque;
    line->text = g_string_new(NULL);
    line->history = g_ptr_array_new_with_free_func(g_free);
    return line;
}

void line_free(Line *line)
{
    g_free(line->prompt);
    g_free(line->typed);
    g_string_free(line->text, TRUE);
    g_ptr_array_free(line->history, TRUE);
    g_free(line);
}

static void print(Line *line, const char *text)
{
    line->ops->print(line->opaque, text, strlen(text));
}

void line_reset(Line *line)
{
    g_string_truncate(line->text, 0);
    line->cursor = 0;
    line->at = line->history->len;
    g_clear_pointer(&line->typed, g_free);
    line->state = PLAIN;
    line->last_was_return = false;
}

void line_show(Line *line)
{
    g_autoptr(GString) out = g_string_new("\r\033[K");
    g_string_append(out, line->prompt);
    g_string_append(out, line->text->str);
    if (line->cursor < line->text->len) {
        g_string_append_printf(out, "\033[%uD", (unsigned)(line->text->len - line->cursor));
    }
    print(line, out->str);
}

static void set_text(Line *line, const char *text)
{
    g_string_assign(line->text, text);
    line->cursor = line->text->len;
    line_show(line);
}

static void insert(Line *line, const char *text)
{
    gsize len = strlen(text);
    if (line->text->len + len > LINE_MAX_LEN) {
        return;
    }
    bool at_end = line->cursor == line->text->len;
    g_string_insert(line->text, (gssize)line->cursor, text);
    line->cursor += len;
    if (at_end) {
        print(line, text);
    } else {
        line_show(line);
    }
}

static void erase(Line *line, gsize from, gsize to)
{
    if (from < to && to <= line->text->len) {
        g_string_erase(line->text, (gssize)from, (gssize)(to - from));
        line->cursor = from;
        line_show(line);
    }
}

static void erase_word(Line *line)
{
    gsize from = line->cursor;
    while (from > 0 && line->text->str[from - 1] == ' ') {
        from--;
    }
    while (from > 0 && line->text->str[from - 1] != ' ') {
        from--;
    }
    erase(line, from, line->cursor);
}

static void move(Line *line, gsize to)
{
    if (to <= line->text->len) {
        line->cursor = to;
        line_show(line);
    }
}

static void older(Line *line)
{
    if (line->at == 0) {
        return;
    }
    if (line->at == line->history->len) {
        g_free(line->typed);
        line->typed = g_strdup(line->text->str);
    }
    set_text(line, g_ptr_array_index(line->history, --line->at));
}

static void newer(Line *line)
{
    if (line->at < line->history->len) {
        line->at++;
        bool is_old = line->at < line->history->len;
        set_text(line, is_old ? g_ptr_array_index(line->history, line->at) : line->typed);
    }
}

static void remember(Line *line, const char *text)
{
    GPtrArray *history = line->history;
    bool again = history->len && strcmp(g_ptr_array_index(history, history->len - 1), text) == 0;
    if (*text && !again) {
        g_ptr_array_add(history, g_strdup(text));
        if (history->len > HISTORY_MAX) {
            g_ptr_array_remove_index(history, 0);
        }
    }
    line->at = history->len;
}

char *line_history(const Line *line)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < line->history->len; i++) {
        g_string_append_printf(out, "%u: '%s'\n", i, (char *)g_ptr_array_index(line->history, i));
    }
    return g_string_free(out, FALSE);
}

static void enter(Line *line)
{
    g_autofree char *text = g_strdup(line->text->str);
    print(line, "\r\n");
    remember(line, text);
    g_string_truncate(line->text, 0);
    line->cursor = 0;
    if (*text) {
        line->ops->entered(line->opaque, text);
    }
    line_show(line);
}

/* How many bytes all of words have in common; at least one word. */
static size_t common_length(char **words)
{
    size_t len = strlen(words[0]);
    for (char **word = words + 1; *word; word++) {
        size_t i = 0;
        while (i < len && words[0][i] == (*word)[i]) {
            i++;
        }
        len = i;
    }
    return len;
}

static void complete(Line *line)
{
    g_autofree char *before = g_strndup(line->text->str, line->cursor);
    const char *space = strrchr(before, ' '), *word = space ? space + 1 : before;
    g_auto(GStrv) words = line->ops->complete(line->opaque, before);
    if (!words || !words[0]) {
        return;
    }
    size_t common = common_length(words), have = strlen(word);
    if (common > have || !words[1]) {
        g_autofree char *more = g_strndup(words[0] + have, common - have);
        g_autofree char *text = g_strconcat(more, words[1] ? "" : " ", NULL);
        insert(line, text);
        return;
    }
    g_autofree char *list = g_strjoinv("  ", words);
    print(line, "\r\n");
    print(line, list);
    print(line, "\r\n");
    line_show(line);
}

static void control_key(Line *line, uint8_t byte)
{
    switch (byte) {
    case CTRL_A:
        move(line, 0);
        break;
    case CTRL_E:
        move(line, line->text->len);
        break;
    case CTRL_C:
        print(line, "^C\r\n");
        line->at = line->history->len;
        set_text(line, "");
        break;
    case CTRL_D:
        erase(line, line->cursor, line->cursor + 1);
        break;
    case CTRL_H:
    case DEL:
        if (line->cursor > 0) {
            erase(line, line->cursor - 1, line->cursor);
        }
        break;
    case CTRL_K:
        erase(line, line->cursor, line->text->len);
        break;
    case CTRL_L:
        print(line, "\033[H\033[2J");
        line_show(line);
        break;
    case CTRL_U:
        erase(line, 0, line->cursor);
        break;
    case CTRL_W:
        erase_word(line);
        break;
    case TAB:
        complete(line);
        break;
    default:
        break;
    }
}

/* The last byte of ESC [ ... */
static void csi_key(Line *line, char key)
{
    switch (key) {
    case 'A':
        older(line);
        break;
    case 'B':
        newer(line);
        break;
    case 'C':
        move(line, line->cursor + 1);
        break;
    case 'D':
        move(line, line->cursor ? line->cursor - 1 : 0);
        break;
    case 'H':
        move(line, 0);
        break;
    case 'F':
        move(line, line->text->len);
        break;
    case '~':
        if (line->csi == '3') {
            erase(line, line->cursor, line->cursor + 1);
        } else if (line->csi == '1' || line->csi == '4') {
            move(line, line->csi == '1' ? 0 : line->text->len);
        }
        break;
    default:
        break;
    }
}

static void plain_byte(Line *line, uint8_t byte)
{
    bool newline_of_return = byte == '\n' && line->last_was_return;
    line->last_was_return = byte == '\r';
    if (newline_of_return) {
        return;
    }
    if (byte == '\r' || byte == '\n') {
        enter(line);
    } else if (byte == ESC) {
        line->state = ESCAPED;
    } else if (byte < 0x20 || byte == DEL) {
        control_key(line, byte);
    } else if (byte < 0x7f) {
        insert(line, (char[]){ (char)byte, '\0' });
    }
}

void line_receive(Line *line, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (line->state) {
        case PLAIN:
            plain_byte(line, data[i]);
            break;
        case ESCAPED:
            line->state = data[i] == '[' || data[i] == 'O' ? CSI : PLAIN;
            line->csi = 0;
            break;
        case CSI:
            if (data[i] >= 0x40) {
                line->state = PLAIN;
                csi_key(line, (char)data[i]);
            } else if (!line->csi) {
                line->csi = (char)data[i];
            }
            break;
        }
    }
}
