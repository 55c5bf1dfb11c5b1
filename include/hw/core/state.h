/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State lists: what of a device is saved, as a versioned wire format. */
#ifndef HW_CORE_STATE_H
#define HW_CORE_STATE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Device Device;
typedef struct DeviceType DeviceType;
typedef struct VmField VmField;

typedef enum { VM_KIND_INT, VM_KIND_BOOL, VM_KIND_BUFFER, VM_KIND_STRUCT, VM_KIND_PART } VmKind;

/* State that has no fixed size, of the field at p. */
typedef struct {
    void (*save)(const void *p, GByteArray *out);       /* appends it */
    bool (*load)(void *p, const uint8_t *data, size_t len);     /* of all len bytes; false: it cannot be */
} VmPart;

struct VmField {
    const char *name;
    VmKind kind;
    size_t offset;
    size_t size;                /* of one element */
    size_t count;
    const VmField *fields;      /* of a structure */
    uint32_t since;             /* first version that has it; 0 means 1 */
    const VmPart *part;
};

#define VM_SIZEOF(Type, f) sizeof(((Type *)0)->f)
#define VM_SCALAR(Type, f, kind, ctype) \
    { #f, kind, offsetof(Type, f) + 0 * sizeof(&((Type *)0)->f == (ctype *)0), sizeof(ctype), 1, NULL, 0 }
#define VM_U8(Type, f)   VM_SCALAR(Type, f, VM_KIND_INT, uint8_t)
#define VM_U16(Type, f)  VM_SCALAR(Type, f, VM_KIND_INT, uint16_t)
#define VM_U32(Type, f)  VM_SCALAR(Type, f, VM_KIND_INT, uint32_t)
#define VM_U64(Type, f)  VM_SCALAR(Type, f, VM_KIND_INT, uint64_t)
#define VM_I32(Type, f)  VM_SCALAR(Type, f, VM_KIND_INT, int32_t)
#define VM_I64(Type, f)  VM_SCALAR(Type, f, VM_KIND_INT, int64_t)
#define VM_BOOL(Type, f) VM_SCALAR(Type, f, VM_KIND_BOOL, bool)
/* An array of integers. */
#define VM_ARRAY(Type, f) \
    { #f, VM_KIND_INT, offsetof(Type, f), VM_SIZEOF(Type, f[0]), VM_SIZEOF(Type, f) / VM_SIZEOF(Type, f[0]), \
      NULL, 0 }
/* An array of bytes. */
#define VM_BUFFER(Type, f) { #f, VM_KIND_BUFFER, offsetof(Type, f), VM_SIZEOF(Type, f), 1, NULL, 0 }
/* One structure, and an array of them. */
#define VM_STRUCT(Type, f, list) \
    { #f, VM_KIND_STRUCT, offsetof(Type, f), VM_SIZEOF(Type, f), 1, list, 0 }
#define VM_STRUCTS(Type, f, list) \
    { #f, VM_KIND_STRUCT, offsetof(Type, f), VM_SIZEOF(Type, f[0]), \
      VM_SIZEOF(Type, f) / VM_SIZEOF(Type, f[0]), list, 0 }
/* What functions save and load: on the wire its length and its bytes. */
#define VM_PART(Type, f, what) \
    { #f, VM_KIND_PART, offsetof(Type, f), VM_SIZEOF(Type, f), 1, NULL, 0, what }

/* Appends the device's state: version, length of what follows, fields in the order of the
 * list, numbers big endian. Machine lock held. */
void state_save(Device *dev, GByteArray *out);
/* Reads back what state_save wrote, of this or an older version (later fields then keep
 * their reset value). *used gets the bytes consumed. False with err naming the device;
 * the device must then be reset before use. Machine lock held. */
bool state_load(Device *dev, const uint8_t *data, size_t len, size_t *used, GError **err);
/* Whether the bytes [offset, offset + size) of the instance are in the list. */
bool state_covers(const VmField *list, size_t offset, size_t size);

#endif
