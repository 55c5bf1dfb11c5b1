/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit fields and byte order of plain integers. */
#ifndef UTIL_BITS_H
#define UTIL_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A mask of len ones from bit pos upward; len 1..64. */
#define BITS64(pos, len) ((~UINT64_C(0) >> (64 - (len))) << (pos))
#define BITS32(pos, len) ((~UINT32_C(0) >> (32 - (len))) << (pos))

static inline uint32_t extract32(uint32_t v, unsigned pos, unsigned len)
{
    return (v >> pos) & (~UINT32_C(0) >> (32 - len));
}

static inline uint32_t deposit32(uint32_t v, unsigned pos, unsigned len, uint32_t field)
{
    uint32_t mask = BITS32(pos, len);
    return (v & ~mask) | ((field << pos) & mask);
}

static inline uint64_t extract64(uint64_t v, unsigned pos, unsigned len)
{
    return (v >> pos) & (~UINT64_C(0) >> (64 - len));
}

static inline uint64_t deposit64(uint64_t v, unsigned pos, unsigned len, uint64_t field)
{
    uint64_t mask = BITS64(pos, len);
    return (v & ~mask) | ((field << pos) & mask);
}

/* The low bits bits of v, sign-extended to 64; bits 1..64. */
static inline int64_t sign_extend(uint64_t v, unsigned bits)
{
    return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

/* The low size bytes of v in the other byte order; size 1, 2, 4 or 8. */
static inline uint64_t bswap_size(uint64_t v, unsigned size)
{
    return size == 1 ? (v & 0xff) : __builtin_bswap64(v) >> (64 - 8 * size);
}

/* size bytes at p as an unsigned number in the named byte order; size 1, 2, 4 or 8. */
static inline uint64_t load_le(const void *p, unsigned size)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < size; i++) {
        v |= (uint64_t)((const uint8_t *)p)[i] << (8 * i);
    }
    return v;
}

static inline void store_le(void *p, unsigned size, uint64_t v)
{
    for (unsigned i = 0; i < size; i++) {
        ((uint8_t *)p)[i] = (uint8_t)(v >> (8 * i));
    }
}

static inline uint64_t load_be(const void *p, unsigned size)
{
    return bswap_size(load_le(p, size), size);
}

static inline void store_be(void *p, unsigned size, uint64_t v)
{
    store_le(p, size, bswap_size(v, size));
}

#endif
