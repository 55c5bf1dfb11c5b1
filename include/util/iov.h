/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scatter lists: memory in pieces. */
#ifndef UTIL_IOV_H
#define UTIL_IOV_H

#include <glib.h>
#include <stdint.h>
#include <sys/uio.h>

/* Bytes of the list. */
uint64_t iov_bytes(const struct iovec *iov, unsigned niov);
/* The part of len bytes from skip, as a list in out (room for niov); returns its length. */
unsigned iov_part(struct iovec *out, const struct iovec *iov, unsigned niov, uint64_t skip, uint64_t len);
void iov_from_buf(const struct iovec *iov, unsigned niov, uint64_t skip, const void *buf, size_t len);
void iov_to_buf(const struct iovec *iov, unsigned niov, uint64_t skip, void *buf, size_t len);
void iov_zero(const struct iovec *iov, unsigned niov, uint64_t skip, size_t len);

#endif
