/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder: the bit patterns of the instruction lines, parsed once and indexed by major
 * opcode (bits 31..26) and function (bits 5..0), most specific first.
 */
#include "target/mips/decode.h"
#include "util/bits.h"

const InsnLine insn_table[INSN_COUNT] = {
#define INSN(id, bits, args, level, needs) { #id, bits, args, level, needs, trans_##id },
#include "target/mips/insns.def"
};

#define BUCKETS 4096

struct MipsDecoder {
    uint32_t mask[INSN_COUNT], value[INSN_COUNT];
    uint16_t start[BUCKETS + 1];    /* into lines */
    uint16_t *lines;
};

static void parse_bits(const char *bits, uint32_t *mask, uint32_t *value)
{
    int n = 0;
    *mask = *value = 0;
    for (; *bits; bits++) {
        if (*bits == ' ') {
            continue;
        }
        *mask = *mask << 1 | (*bits == '0' || *bits == '1');
        *value = *value << 1 | (*bits == '1');
        n++;
    }
    g_assert(n == 32);
}

static unsigned bucket_of(uint32_t word)
{
    return (word >> 26) << 6 | (word & 63);
}

static int by_rank(const void *a, const void *b, void *data)
{
    const MipsDecoder *d = data;
    uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    int fixed = __builtin_popcount(d->mask[y]) - __builtin_popcount(d->mask[x]);
    return fixed ? fixed : (int)x - (int)y;
}

/* Fills out (or only counts, when NULL) the lines that can match words of a bucket. */
static unsigned collect(const MipsDecoder *d, unsigned bucket, uint16_t *out)
{
    uint32_t word = (bucket >> 6) << 26 | (bucket & 63);
    unsigned n = 0;
    for (unsigned k = 0; k < INSN_COUNT; k++) {
        if (((word ^ d->value[k]) & d->mask[k] & 0xfc00003f) == 0) {
            if (out) {
                out[n] = (uint16_t)k;
            }
            n++;
        }
    }
    if (out) {
        g_qsort_with_data(out, (int)n, sizeof(*out), by_rank, (void *)d);
    }
    return n;
}

MipsDecoder *mips_decoder_new(void)
{
    MipsDecoder *d = g_new0(MipsDecoder, 1);
    for (unsigned k = 0; k < INSN_COUNT; k++) {
        parse_bits(insn_table[k].bits, &d->mask[k], &d->value[k]);
    }
    unsigned total = 0;
    for (unsigned b = 0; b < BUCKETS; b++) {
        d->start[b] = (uint16_t)total;
        total += collect(d, b, NULL);
    }
    g_assert(total <= UINT16_MAX);
    d->start[BUCKETS] = (uint16_t)total;
    d->lines = g_new(uint16_t, total);
    for (unsigned b = 0; b < BUCKETS; b++) {
        collect(d, b, d->lines + d->start[b]);
    }
    return d;
}

void mips_decoder_free(MipsDecoder *d)
{
    if (d) {
        g_free(d->lines);
        g_free(d);
    }
}

static bool line_exists(const MipsModel *model, const InsnLine *line)
{
    if (!model) {
        return true;
    }
    unsigned needs = line->needs;
    if (line->level > model->level) {
        return false;
    }
    /* 64-bit levels rank above 32-bit ones: MIPS32R2 lines are not in plain MIPS64. */
    if (model->level == MIPS64 && line->level >= MIPS32R2 && line->level <= MIPS32R5) {
        return false;
    }
    if ((needs & NEED_64) && !model->is_64bit) {
        return false;
    }
    if ((needs & NEED_PS) && !(model->fcr0 & (1u << 18))) {
        return false;
    }
    if ((needs & (NEED_F64 | NEED_COP1X)) && model->fcr0 && !(model->fcr0 & (1u << 22))) {
        return false;
    }
    if ((needs & NEED_TLBINV) && !extract32(model->config[4], 29, 2)) {
        return false;
    }
    return true;
}

unsigned mips_decode(const MipsDecoder *d, const MipsModel *model, uint32_t word)
{
    unsigned b = bucket_of(word);
    for (unsigned k = d->start[b]; k < d->start[b + 1]; k++) {
        unsigned line = d->lines[k];
        if ((word & d->mask[line]) == d->value[line] && line_exists(model, &insn_table[line])) {
            return line;
        }
    }
    return INSN_RESERVED;
}

char *mips_decoder_ambiguities(const MipsDecoder *d)
{
    GString *out = g_string_new(NULL);
    for (unsigned a = 0; a < INSN_COUNT; a++) {
        for (unsigned b = a + 1; b < INSN_COUNT; b++) {
            bool overlap = ((d->value[a] ^ d->value[b]) & d->mask[a] & d->mask[b]) == 0;
            bool nested = (d->mask[a] | d->mask[b]) == d->mask[a] || (d->mask[a] | d->mask[b]) == d->mask[b];
            if (overlap && (!nested || d->mask[a] == d->mask[b])) {
                g_string_append_printf(out, "%s and %s\n", insn_table[a].name, insn_table[b].name);
            }
        }
    }
    return out->len ? g_string_free(out, FALSE) : (g_string_free(out, TRUE), NULL);
}

unsigned mips_insn_count(void)
{
    return INSN_COUNT;
}

const char *mips_insn_name(unsigned n)
{
    return insn_table[n].name;
}

const char *mips_insn_bits(unsigned n)
{
    return insn_table[n].bits;
}
