/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers and strings of messages: little endian, strings with their length in 16 bits. */
#include <string.h>
#include "fsdev/p9.h"
#include "util/bits.h"

uint64_t p9_get(P9In *in, unsigned size)
{
    if ((size_t)(in->end - in->at) < size) {
        in->bad = true;
        return 0;
    }
    in->at += size;
    return load_le(in->at - size, size);
}

char *p9_get_string(P9In *in)
{
    size_t len = p9_get(in, 2);
    if (in->bad || (size_t)(in->end - in->at) < len || memchr(in->at, '\0', len)) {
        in->bad = true;
        return g_strdup("");
    }
    in->at += len;
    return g_strndup((const char *)in->at - len, len);
}

void p9_put(P9Out *out, unsigned size, uint64_t value)
{
    if ((size_t)(out->end - out->at) < size) {
        out->full = true;
        return;
    }
    store_le(out->at, size, value);
    out->at += size;
}

void p9_put_string(P9Out *out, const char *text)
{
    size_t len = strlen(text);
    if (len > UINT16_MAX || (size_t)(out->end - out->at) < len + 2) {
        out->full = true;
        return;
    }
    p9_put(out, 2, len);
    memcpy(out->at, text, len);
    out->at += len;
}

uint8_t p9_qid_type(mode_t mode)
{
    return S_ISDIR(mode) ? 0x80 : S_ISLNK(mode) ? 0x02 : 0;
}

void p9_put_qid(P9Out *out, const Share *s, const struct stat *st)
{
    p9_put(out, 1, p9_qid_type(st->st_mode));
    p9_put(out, 4, (uint32_t)((uint64_t)st->st_mtime ^ (uint64_t)st->st_size << 8));
    p9_put(out, 8, share_file_number(s, st->st_dev, st->st_ino));
}
