/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of the guest's cases, and its code. */
#include <string.h>
#include "tests/kvm/blob.h"
#include "tests/kvm/modes.h"

#define KVM (MODE_KVM_TE | MODE_KVM_VZ)
#define SOFT (MODE_SOFT_TE | MODE_SOFT_STD)
#define TE (MODE_KVM_TE | MODE_SOFT_TE)
#define VZ (MODE_KVM_VZ | MODE_SOFT_STD)
#define ALL (KVM | SOFT)

const GuestCase guest_cases[] = {
#define CASE(function, name, modes, fatal, needs) { name, modes, fatal, needs },
#include "tests/kvm/guest/cases.def"
#undef CASE
};

const unsigned guest_case_count = G_N_ELEMENTS(guest_cases);

unsigned guest_case_find(const char *name)
{
    unsigned n = 0;
    while (strcmp(guest_cases[n].name, name) != 0) {
        n++;
        g_assert(n < guest_case_count);
    }
    return n;
}

const unsigned char *mode_blob(bool big_endian, size_t *size)
{
#ifdef HAVE_BLOB_LE
    if (!big_endian) {
        *size = blob_le_size;
        return blob_le;
    }
#endif
#ifdef HAVE_BLOB_BE
    if (big_endian) {
        *size = blob_be_size;
        return blob_be;
    }
#endif
    return NULL;
}
