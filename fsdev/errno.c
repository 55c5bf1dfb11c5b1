/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fsdev/errno.h"

#include <errno.h>
#include <glib.h>

uint32_t errno_for_guest(int error)
{
    static const struct { int host; uint32_t guest; } numbers[] = {
        { EDEADLK, 45 }, { ENAMETOOLONG, 78 }, { ENOLCK, 46 }, { ENOSYS, 89 }, { ENOTEMPTY, 93 },
        { ELOOP, 90 }, { ENODATA, 61 }, { EPROTO, 71 }, { EBADMSG, 77 }, { EOVERFLOW, 79 }, { EILSEQ, 88 },
        { EUSERS, 94 },
        { EMSGSIZE, 97 }, { EOPNOTSUPP, 122 }, { ENOBUFS, 132 }, { ETIMEDOUT, 145 }, { EUCLEAN, 135 },
        { EREMOTEIO, 140 }, { EALREADY, 149 }, { EINPROGRESS, 150 }, { ESTALE, 151 }, { ECANCELED, 158 },
        { ENOMEDIUM, 159 }, { EMEDIUMTYPE, 160 }, { ENOKEY, 161 }, { EKEYEXPIRED, 162 }, { EKEYREVOKED, 163 },
        { EKEYREJECTED, 164 }, { EHWPOISON, 168 }, { EDQUOT, 1133 }, { ENOTCONN, 134 }, { ESHUTDOWN, 143 },
        { ECONNREFUSED, 146 }, { EHOSTDOWN, 147 }, { EHOSTUNREACH, 148 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i].host == error) {
            return numbers[i].guest;
        }
    }
    /* 1 to 34 are the same everywhere. */
    return error > 0 && error < 35 ? (uint32_t)error : EIO;
}
