/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Products of 128 bits on every host: 32-bit ones have no type that wide. */
#ifndef UTIL_WIDE_H
#define UTIL_WIDE_H

#include <stdint.h>

/* a * b / c rounded down, modulo 2^64; b and c up to 32 bits, c not 0. */
static inline uint64_t wide_muldiv(uint64_t a, uint32_t b, uint32_t c)
{
    uint64_t low = (a & UINT32_MAX) * b;
    uint64_t high = (a >> 32) * b + (low >> 32);
    return (high / c << 32) + ((high % c << 32) | (low & UINT32_MAX)) / c;
}

/* The upper 64 bits of a * b, from products of 32 bits. */
static inline uint64_t wide_mulhu_parts(uint64_t a, uint64_t b)
{
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t mid = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t mid2 = (a & UINT32_MAX) * (b >> 32) + (mid & UINT32_MAX);
    return (a >> 32) * (b >> 32) + (mid >> 32) + (mid2 >> 32);
}

/* The upper 64 bits of the unsigned product. */
static inline uint64_t wide_mulhu(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    return (uint64_t)((unsigned __int128)a * b >> 64);
#else
    return wide_mulhu_parts(a, b);
#endif
}

/* The upper 64 bits of the signed product. */
static inline int64_t wide_mulhs(int64_t a, int64_t b)
{
    uint64_t high = wide_mulhu((uint64_t)a, (uint64_t)b);
    return (int64_t)(high - (a < 0 ? (uint64_t)b : 0) - (b < 0 ? (uint64_t)a : 0));
}

#endif
