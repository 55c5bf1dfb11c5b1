/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request a line, words apart by single spaces; one line of reply: "OK ...", "FAIL ..."
 * or "ERR ...". Changes of intercepted lines ("IRQ raise N", "IRQ lower N") come before the
 * reply to what caused them.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "accel/qtest/internal.h"
#include "util/error.h"

/* More than any sensible write has; a client that sends no newline is not to take all memory. */
#define LINE_MAX_BYTES ((gsize)256 << 20)
/* Where a clock of nanoseconds stops making sense: 146 years. */
#define CLOCK_END (INT64_MAX / 2)

void qtest_reply(Qtest *q, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    q->host->send(q->opaque, line, strlen(line));
}

bool qtest_number(Qtest *q, const char *word, uint64_t *value)
{
    char *end;
    errno = 0;
    bool negative = *word == '-';
    guint64 v = g_ascii_strtoull(word + negative, &end, 0);
    if (errno || !g_ascii_isdigit(word[negative]) || *end) {
        qtest_reply(q, "FAIL '%s' is not a number of at most 64 bits", word);
        return false;
    }
    *value = negative ? -v : v;
    return true;
}

/* ---- time ---- */

static bool has_clock(Qtest *q)
{
    if (!clock_is_manual(q->machine->clock)) {
        qtest_reply(q, "FAIL the clock runs by itself; only -accel qtest lets it be moved");
        return false;
    }
    return true;
}

static void run_clock_step(Qtest *q, char **words)
{
    Clock *clock = q->machine->clock;
    uint64_t ns;
    if (!has_clock(q)) {
        return;
    }
    int64_t before = clock_now(clock, CLOCK_VIRTUAL), to;
    if (words[0]) {
        if (!qtest_number(q, words[0], &ns)) {
            return;
        }
        to = ns > (uint64_t)(CLOCK_END - before) ? before : before + (int64_t)ns;
    } else {
        to = clock_next_deadline(clock);
        if (to == INT64_MAX) {
            qtest_reply(q, "FAIL no timer is armed that the clock could go to");
            return;
        }
        to = MIN(to, CLOCK_END);
    }
    int64_t after = clock_advance(clock, to);
    if (after > before) {
        qtest_reply(q, "OK %" G_GINT64_FORMAT, after);
    } else {
        qtest_reply(q, "FAIL the clock did not advance");
    }
}

static void run_clock_set(Qtest *q, char **words)
{
    uint64_t ns;
    if (!has_clock(q) || !qtest_number(q, words[0], &ns)) {
        return;
    }
    int64_t after = clock_now(q->machine->clock, CLOCK_VIRTUAL);
    if (ns <= CLOCK_END) {
        after = clock_advance(q->machine->clock, (int64_t)ns);
    }
    qtest_reply(q, "%s %" G_GINT64_FORMAT, (uint64_t)after == ns ? "OK" : "FAIL", after);
}

/* ---- interrupt lines ---- */

void qtest_irq(Qtest *q, int n, bool level)
{
    if (n >= 0 && n < QTEST_IRQS && q->level[n] != level) {
        q->level[n] = level;
        qtest_reply(q, "IRQ %s %d", level ? "raise" : "lower", n);
    }
}

/* Takes err. */
static void reply_done(Qtest *q, bool good, GError *err)
{
    if (good) {
        qtest_reply(q, "OK");
    } else {
        qtest_reply(q, "FAIL %s", err->message);
        g_error_free(err);
    }
}

static void run_intercept_in(Qtest *q, char **words)
{
    GError *err = NULL;
    bool good = q->host->intercept(q->opaque, words[0], false, NULL, &err);
    reply_done(q, good, err);
}

static void run_intercept_out(Qtest *q, char **words)
{
    GError *err = NULL;
    bool good = q->host->intercept(q->opaque, words[0], true, words[1], &err);
    reply_done(q, good, err);
}

static void run_set_irq_in(Qtest *q, char **words)
{
    GError *err = NULL;
    uint64_t n, level;
    if (!qtest_number(q, words[2], &n) || !qtest_number(q, words[3], &level)) {
        return;
    }
    const char *name = strcmp(words[1], "unnamed-gpio-in") == 0 ? NULL : words[1];
    bool good = q->host->set_input(q->opaque, words[0], name, n > INT_MAX ? -1 : (int)n, level != 0, &err);
    reply_done(q, good, err);
}

/* ---- the rest ---- */

static void run_endianness(Qtest *q, char **words)
{
    qtest_reply(q, "OK %s", q->machine->big_endian ? "big" : "little");
}

static void run_module_load(Qtest *q, char **words)
{
    qtest_reply(q, "FAIL %s%s: this program has no modules", words[0], words[1]);
}

static const QtestCommand commands[] = {
    { "endianness", 0, 0, "", run_endianness },
    { "clock_step", 0, 1, " [NS]", run_clock_step },
    { "clock_set", 1, 1, " NS", run_clock_set },
    { "irq_intercept_in", 1, 1, " PATH", run_intercept_in },
    { "irq_intercept_out", 1, 2, " PATH [NAME]", run_intercept_out },
    { "set_irq_in", 4, 4, " PATH NAME NUMBER LEVEL", run_set_irq_in },
    { "module_load", 2, 2, " PREFIX NAME", run_module_load },
    { 0 }
};

static const QtestCommand *find_command(const char *name)
{
    const QtestCommand *tables[] = { commands, qtest_memory_commands };
    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
        for (const QtestCommand *c = tables[t]; c->name; c++) {
            if (strcmp(c->name, name) == 0) {
                return c;
            }
        }
    }
    return NULL;
}

static void run_line(Qtest *q, char *line)
{
    q->host->received(q->opaque, line);
    if (!g_utf8_validate(line, -1, NULL)) {
        qtest_reply(q, "FAIL Unknown command: the line is no text");
        return;
    }
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    unsigned n = g_strv_length(words);
    const QtestCommand *c = find_command(n ? words[0] : "");
    if (!c) {
        qtest_reply(q, "FAIL Unknown command '%s'", n ? words[0] : "");
        return;
    }
    if (n - 1 < c->min_words || n - 1 > c->max_words) {
        qtest_reply(q, "FAIL %u words; it is: %s%s", n, c->name, c->usage);
        return;
    }
    c->run(q, words + 1);
}

/* A line is complete, but for what was dropped of it. */
static void end_line(Qtest *q)
{
    if (q->overflow) {
        qtest_reply(q, "FAIL the line is too long");
    } else {
        if (q->in->len && q->in->str[q->in->len - 1] == '\r') {
            g_string_truncate(q->in, q->in->len - 1);
        }
        run_line(q, q->in->str);
        /* What a device armed for now happens before the client goes on. */
        if (clock_is_manual(q->machine->clock)) {
            clock_advance(q->machine->clock, clock_now(q->machine->clock, CLOCK_VIRTUAL));
        }
    }
    q->overflow = false;
    g_string_truncate(q->in, 0);
}

void qtest_input(Qtest *q, const uint8_t *data, size_t len)
{
    while (len) {
        const uint8_t *end = memchr(data, '\n', len);
        size_t n = end ? (size_t)(end - data) : len;
        q->overflow = q->overflow || q->in->len + n > LINE_MAX_BYTES;
        if (!q->overflow) {
            g_string_append_len(q->in, (const char *)data, (gssize)n);
        }
        if (!end) {
            return;
        }
        end_line(q);
        data += n + 1;
        len -= n + 1;
    }
}

/* ---- life ---- */

Qtest *qtest_new(Machine *machine, const QtestHost *host, void *opaque)
{
    Qtest *q = g_new0(Qtest, 1);
    q->machine = machine;
    q->host = host;
    q->opaque = opaque;
    q->in = g_string_new(NULL);
    return q;
}

void qtest_free(Qtest *q)
{
    if (!q) {
        return;
    }
    if (q->io) {
        as_free(q->io);
    }
    g_string_free(q->in, TRUE);
    g_free(q);
}

void qtest_opened(Qtest *q)
{
    q->overflow = false;
    g_string_truncate(q->in, 0);
    memset(q->level, 0, sizeof(q->level));
}
