/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of the text monitor: recursive descent, 64 bits, wrapping. */
#include <errno.h>
#include <string.h>
#include "monitor/commands.h"
#include "util/error.h"

#define DEPTH_MAX 50

typedef struct {
    const MonitorContext *c;
    const char *at;
    unsigned depth;
    GError **err;
} Expr;

static bool parse_level(Expr *e, unsigned level, uint64_t *value);

static char peek(Expr *e)
{
    e->at += strspn(e->at, " ");
    return *e->at;
}

static bool parse_register(Expr *e, uint64_t *value)
{
    size_t len = 0;
    while (g_ascii_isalnum(e->at[len]) || e->at[len] == '_') {
        len++;
    }
    g_autofree char *name = g_strndup(e->at, len);
    Cpu *cpu = e->c->machine->cpus->len ? g_ptr_array_index(e->c->machine->cpus, 0) : NULL;
    if (!cpu || !cpu->ops->get_register(cpu, name, value)) {
        return error_set(e->err, "'$%s': no such register", name);
    }
    e->at += len;
    return true;
}

static bool parse_number(Expr *e, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = g_ascii_strtoull(e->at, &end, 0);
    if (end == e->at || errno || !g_ascii_isdigit(*e->at)) {
        return error_set(e->err, "'%s': needs an address or number, such as 0x80100000 or $pc", e->at);
    }
    e->at = end;
    return true;
}

static bool parse_unary(Expr *e, uint64_t *value)
{
    char c = peek(e);
    if (c == '(' || c == '-' || c == '+' || c == '~') {
        e->at++;
        if (++e->depth > DEPTH_MAX) {
            return error_set(e->err, "an expression nested too deep");
        }
        bool good = c == '(' ? parse_level(e, 0, value) : parse_unary(e, value);
        e->depth--;
        *value = c == '-' ? -*value : c == '~' ? ~*value : *value;
        if (good && c == '(' && peek(e) != ')') {
            return error_set(e->err, "')' is missing");
        }
        e->at += good && c == '(';
        return good;
    }
    if (c == '$') {
        e->at++;
        return parse_register(e, value);
    }
    return parse_number(e, value);
}

static bool apply(Expr *e, char op, uint64_t *value, uint64_t right)
{
    if ((op == '/' || op == '%') && right == 0) {
        return error_set(e->err, "division by zero");
    }
    switch (op) {
    case '&': *value &= right; break;
    case '|': *value |= right; break;
    case '^': *value ^= right; break;
    case '+': *value += right; break;
    case '-': *value -= right; break;
    case '*': *value *= right; break;
    case '/': *value /= right; break;
    default: *value %= right; break;
    }
    return true;
}

/* Operators that bind weakest first. */
static bool parse_level(Expr *e, unsigned level, uint64_t *value)
{
    static const char *const levels[] = { "&|^", "+-", "*/%" };
    if (level == G_N_ELEMENTS(levels)) {
        return parse_unary(e, value);
    }
    bool good = parse_level(e, level + 1, value);
    while (good && peek(e) && strchr(levels[level], *e->at)) {
        char op = *e->at++;
        uint64_t right;
        good = parse_level(e, level + 1, &right) && apply(e, op, value, right);
    }
    return good;
}

bool expr_parse(const MonitorContext *context, const char *text, uint64_t *value, const char **end,
                GError **err)
{
    Expr e = { .c = context, .at = text, .err = err };
    *value = 0;
    if (!parse_level(&e, 0, value)) {
        return false;
    }
    if (end) {
        peek(&e);
        *end = e.at;
        return true;
    }
    return !peek(&e) || error_set(err, "'%s': something behind the expression", e.at);
}
