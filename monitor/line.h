/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line editor on a terminal in raw mode: editing keys, history, completion. */
#ifndef MONITOR_LINE_H
#define MONITOR_LINE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Line Line;

typedef struct {
    /* Sends len bytes to the terminal. */
    void (*print)(void *opaque, const char *text, size_t len);
    /* A line was entered (not remembered when empty); the prompt follows by itself. */
    void (*entered)(void *opaque, const char *line);
    /* What the text before the cursor may go on with; whole words, free with g_strfreev. */
    char **(*complete)(void *opaque, const char *text);
} LineOps;

Line *line_new(const char *prompt, const LineOps *ops, void *opaque);
void line_free(Line *line);
/* Forgets what was typed; the history stays. */
void line_reset(Line *line);
/* Prints the prompt and what was typed so far. */
void line_show(Line *line);
/* The lines entered, numbered, oldest first; the caller frees them. */
char *line_history(const Line *line);
/* Takes what the terminal sent. */
void line_receive(Line *line, const uint8_t *data, size_t len);

#endif
