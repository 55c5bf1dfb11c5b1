/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties: what -device and -global may set, as a table of fields. */
#ifndef HW_CORE_PROP_H
#define HW_CORE_PROP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Device Device;

typedef enum { PROP_BOOL, PROP_U32, PROP_U64, PROP_STRING, PROP_SIZE } PropKind;

typedef struct {
    const char *name;
    PropKind kind;
    size_t offset;              /* of a bool, uint32_t, uint64_t, char *, uint64_t */
    const char *def;            /* default as a user would write it; NULL: false, 0 or NULL */
    const char *description;
} Prop;

/* "bool", "uint32", "uint64", "str" or "size". */
const char *prop_kind_name(PropKind kind);
/* Sets a property from text before the device is realized. Booleans: on/off, yes/no,
 * true/false; numbers in decimal, 0x hex or 0 octal; sizes with a suffix k, M, G. False
 * with err naming the device and what it knows. */
bool prop_set(Device *dev, const char *name, const char *value, GError **err);
/* The value as text, freed by the caller; NULL with err when there is no such property. */
char *prop_get(const Device *dev, const char *name, GError **err);
/* For device.c: defaults, and freeing of strings. */
void prop_init(Device *dev);
void prop_clear(Device *dev);

#endif
