/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scatter lists. */
#include <string.h>
#include "util/iov.h"

uint64_t iov_bytes(const struct iovec *iov, unsigned niov)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < niov; i++) {
        n += iov[i].iov_len;
    }
    return n;
}

unsigned iov_part(struct iovec *out, const struct iovec *iov, unsigned niov, uint64_t skip, uint64_t len)
{
    unsigned n = 0;
    for (unsigned i = 0; i < niov && len; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        size_t here = MIN(iov[i].iov_len - skip, len);
        out[n++] = (struct iovec){ (char *)iov[i].iov_base + skip, here };
        len -= here;
        skip = 0;
    }
    return n;
}

typedef enum { TO_LIST, FROM_LIST, ZERO_LIST } Direction;

static void copy(const struct iovec *iov, unsigned niov, uint64_t skip, uint8_t *buf, size_t len,
                 Direction way)
{
    for (unsigned i = 0; i < niov && len; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        size_t here = MIN(iov[i].iov_len - skip, len);
        uint8_t *at = (uint8_t *)iov[i].iov_base + skip;
        if (way == ZERO_LIST) {
            memset(at, 0, here);
        } else {
            memcpy(way == TO_LIST ? at : buf, way == TO_LIST ? buf : at, here);
            buf += here;
        }
        len -= here;
        skip = 0;
    }
}

void iov_from_buf(const struct iovec *iov, unsigned niov, uint64_t skip, const void *buf, size_t len)
{
    copy(iov, niov, skip, (uint8_t *)(uintptr_t)buf, len, TO_LIST);
}

void iov_to_buf(const struct iovec *iov, unsigned niov, uint64_t skip, void *buf, size_t len)
{
    copy(iov, niov, skip, buf, len, FROM_LIST);
}

void iov_zero(const struct iovec *iov, unsigned niov, uint64_t skip, size_t len)
{
    copy(iov, niov, skip, NULL, len, ZERO_LIST);
}
