/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that are the same on every host (splitmix64). */
#ifndef TESTS_RANDOM_RNG_H
#define TESTS_RANDOM_RNG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t state;
} Rng;

static inline uint64_t rng_next(Rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 .. n - 1; n > 0. */
static inline unsigned rng_below(Rng *r, unsigned n)
{
    return (unsigned)((rng_next(r) >> 32) * n >> 32);
}

static inline unsigned rng_between(Rng *r, unsigned first, unsigned last)
{
    return first + rng_below(r, last - first + 1);
}

/* True once in n. */
static inline bool rng_one_in(Rng *r, unsigned n)
{
    return rng_below(r, n) == 0;
}

/* A number as programs have them, or one that something begins or ends at. */
uint64_t rng_corner(Rng *r);

#endif
