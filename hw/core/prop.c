/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties of devices: text in, text out. */
#include <errno.h>
#include <string.h>
#include "hw/core/device.h"
#include "util/error.h"

const char *prop_kind_name(PropKind kind)
{
    static const char *const names[] = {
        [PROP_BOOL] = "bool", [PROP_U32] = "uint32", [PROP_U64] = "uint64", [PROP_STRING] = "str",
        [PROP_SIZE] = "size",
    };
    return names[kind];
}

static bool bad_value(const Device *dev, const Prop *p, const char *value, const char *wanted, GError **err)
{
    return error_set(err, "%s: property '%s' cannot be '%s'; %s would work", device_name(dev), p->name, value,
                     wanted);
}

static bool parse_bool(const char *value, bool *out)
{
    static const char *const words[][2] = { { "on", "off" }, { "yes", "no" }, { "true", "false" } };
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        for (unsigned j = 0; j < 2; j++) {
            if (strcmp(value, words[i][j]) == 0) {
                *out = j == 0;
                return true;
            }
        }
    }
    return false;
}

/* A number with, where suffixes are allowed, one of k, M, G, T behind it. */
static bool parse_number(const char *value, bool suffix, uint64_t max, uint64_t *out)
{
    char *end;
    if (!g_ascii_isdigit(*value)) {
        return false;
    }
    errno = 0;
    uint64_t v = g_ascii_strtoull(value, &end, 0);
    if (errno) {
        return false;
    }
    if (suffix && *end) {
        const char *found = strchr("kKmMgGtT", *end);
        unsigned shift = found ? 10 * (unsigned)((found - "kKmMgGtT") / 2 + 1) : 64;
        if (shift == 64 || v > UINT64_MAX >> shift) {
            return false;
        }
        v <<= shift;
        end++;
    }
    *out = v;
    return *end == 0 && v <= max;
}

static bool assign(Device *dev, const Prop *p, const char *value, GError **err)
{
    void *field = (char *)dev + p->offset;
    uint64_t number;
    switch (p->kind) {
    case PROP_BOOL:
        return parse_bool(value, field) || bad_value(dev, p, value, "'on' or 'off'", err);
    case PROP_U32:
        if (!parse_number(value, false, UINT32_MAX, &number)) {
            return bad_value(dev, p, value, "a number up to 0xffffffff", err);
        }
        *(uint32_t *)field = (uint32_t)number;
        return true;
    case PROP_U64:
    case PROP_SIZE:
        if (!parse_number(value, p->kind == PROP_SIZE, UINT64_MAX, &number)) {
            return bad_value(dev, p, value, p->kind == PROP_SIZE ? "a size such as 64M" : "a number", err);
        }
        *(uint64_t *)field = number;
        return true;
    case PROP_STRING:
        g_free(*(char **)field);
        *(char **)field = g_strdup(value);
        return true;
    }
    g_assert_not_reached();
}

static const Prop *find(const Device *dev, const char *name, GError **err)
{
    GString *known = g_string_new(NULL);
    for (const Prop *p = dev->type->props; p && p->name; p++) {
        if (strcmp(p->name, name) == 0) {
            g_string_free(known, TRUE);
            return p;
        }
        g_string_append_printf(known, "%s%s", known->len ? ", " : "", p->name);
    }
    error_set(err, "%s: there is no property '%s'; it has: %s", device_name(dev), name,
              known->len ? known->str : "none");
    g_string_free(known, TRUE);
    return NULL;
}

bool prop_set(Device *dev, const char *name, const char *value, GError **err)
{
    const Prop *p = find(dev, name, err);
    if (!p) {
        return false;
    }
    if (dev->realized) {
        return error_set(err, "%s: property '%s' can only be set when the device is made", device_name(dev),
                         name);
    }
    return assign(dev, p, value, err);
}

char *prop_get(const Device *dev, const char *name, GError **err)
{
    const Prop *p = find(dev, name, err);
    if (!p) {
        return NULL;
    }
    const void *field = (const char *)dev + p->offset;
    switch (p->kind) {
    case PROP_BOOL:
        return g_strdup(*(const bool *)field ? "on" : "off");
    case PROP_U32:
        return g_strdup_printf("%u", *(const uint32_t *)field);
    case PROP_U64:
    case PROP_SIZE:
        return g_strdup_printf("%" G_GUINT64_FORMAT, *(const uint64_t *)field);
    case PROP_STRING:
        return g_strdup(*(char *const *)field ? *(char *const *)field : "");
    }
    g_assert_not_reached();
}

void prop_init(Device *dev)
{
    for (const Prop *p = dev->type->props; p && p->name; p++) {
        GError *err = NULL;
        if (p->def && !assign(dev, p, p->def, &err)) {
            g_error("default of a property: %s", err->message);
        }
    }
}

void prop_clear(Device *dev)
{
    for (const Prop *p = dev->type->props; p && p->name; p++) {
        if (p->kind == PROP_STRING) {
            g_clear_pointer((char **)((char *)dev + p->offset), g_free);
        }
    }
}
