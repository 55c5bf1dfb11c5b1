/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's code, as far as there was a cross compiler for it: loaded at GUEST_CODE. */
#ifndef TESTS_KVM_BLOB_H
#define TESTS_KVM_BLOB_H

#include <stddef.h>

extern const unsigned char blob_le[], blob_be[];
extern const size_t blob_le_size, blob_be_size;

#endif
