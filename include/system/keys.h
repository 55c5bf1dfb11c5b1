/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a keyboard, by their place and not by what is printed on them. */
#ifndef SYSTEM_KEYS_H
#define SYSTEM_KEYS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
#define KEY(id, name, linux, set2, usage) KEY_##id,
#include "system/keys.def"
#undef KEY
    KEY_COUNT
} Key;

#define KEY_EXTENDED 0x100u     /* of a set 2 code: behind the prefix E0 */

typedef struct {
    const char *name;           /* as QMP has it, "kp_enter" */
    uint16_t evdev;             /* Linux's event code; 0: none */
    uint16_t set2;              /* PS/2 scan code of set 2, with KEY_EXTENDED; 0: none */
    uint8_t usage;              /* on the USB usage page 7; 0: none */
} KeyCodes;

/* The codes of a key below KEY_COUNT. */
const KeyCodes *key_codes(Key key);
/* By its name; KEY_UNMAPPED when there is none of that name. */
Key key_by_name(const char *name);
/* By Linux's event code; KEY_UNMAPPED when the table has none. */
Key key_by_evdev(unsigned code);
/* By the number of set 1, bit 7 for those behind E0, which QMP and HMP call a key's number. */
Key key_by_number(unsigned number);
/* That number; 0: it has none. */
unsigned key_number(Key key);
/* What an 8042 makes of a byte of set 2 (below 0x80, or 0x83, 0x84): the one of set 1 (IBM, PS/2 Hardware
 * Interface Technical Reference, "Keyboard and Auxiliary Device Controller"). Others stay as they are. */
uint8_t key_set2_to_set1(uint8_t code);

#endif
