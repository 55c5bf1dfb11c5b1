/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AC'97 card on the bench: codec, bus masters, pace, and what is heard, in a file. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>
#include "hw-test.h"
#include "hw/audio/ac97_internal.h"
#include "hw/core/bus.h"
#include "hw/pci/pci.h"
#include "util/keyval.h"

#define NAM   0x1000u
#define NABM  0x1200u
#define RING  0x10000u              /* descriptors */
#define DATA  0x20000u
#define MS    INT64_C(1000000)
enum { PI = NABM, PO = NABM + 0x10, MC = NABM + 0x20, CNT = NABM + 0x2c, STA = NABM + 0x30,
       CAS = NABM + 0x34 };
enum { BDBAR = 0, CIV = 4, LVI = 5, SR = 6, PICB = 8, PIV = 10, CR = 11 };
enum { IOC = 0x8000, BUP = 0x4000 };

static PciDevice *card;
static AudioSet *audio;
static char *wav;

/* ---- accesses ---- */

static uint32_t in_port(Bench *b, unsigned port, unsigned size)
{
    uint64_t v = phys_read(b, PCI_IO_BASE + port, size);
    return (uint32_t)(b->m->big_endian ? GUINT64_SWAP_LE_BE(v) >> (64 - 8 * size) : v);
}

static void out_port(Bench *b, unsigned port, uint32_t value, unsigned size)
{
    uint64_t v = b->m->big_endian ? GUINT64_SWAP_LE_BE((uint64_t)value) >> (64 - 8 * size) : value;
    phys_write(b, PCI_IO_BASE + port, v, size);
}

static uint16_t codec(Bench *b, unsigned reg)
{
    return (uint16_t)in_port(b, NAM + reg, 2);
}

static void set_codec(Bench *b, unsigned reg, uint16_t value)
{
    out_port(b, NAM + reg, value, 2);
}

static void put_le(Bench *b, PhysAddr addr, uint32_t value, unsigned size)
{
    uint8_t bytes[4];
    store_le(bytes, size, value);
    g_assert_cmpint(as_write_buf(b->m->as, addr, bytes, size), ==, MEM_OK);
}

static void put_desc(Bench *b, unsigned n, uint32_t addr, uint16_t samples, uint16_t flags)
{
    put_le(b, RING + 8 * n, addr, 4);
    put_le(b, RING + 8 * n + 4, samples | (uint32_t)flags << 16, 4);
}

/* ---- the bench ---- */

static Bench *bench_sound(bool big)
{
    Bench *b = bench_new(big);
    GError *err = NULL;
    g_autoptr(KeyVal) dev = keyval_new("-audiodev"), props = keyval_new("-device");
    keyval_set(dev, "driver", "wav");
    keyval_set(dev, "id", "a");
    keyval_set(dev, "path", wav);
    keyval_set(dev, "out.frequency", "48000");
    audio = b->m->audio = audio_set_new();
    bool good = audio_set_add(audio, dev, &err) &&
                keyval_parse(props, "AC97,audiodev=a", "driver", &err) && device_add(b->m, props, &err);
    g_assert_no_error(err);
    g_assert_true(good);
    card = bench_device(b, "AC97");
    device_reset(&card->dev);
    pci_config_write(card, PCI_BAR0, NAM, 4);
    pci_config_write(card, PCI_BAR0 + 4, NABM, 4);
    pci_config_write(card, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MASTER, 2);
    out_port(b, CNT, CNT_COLD, 4);
    set_codec(b, AC97_MASTER, 0);
    set_codec(b, AC97_PCM, 0x0808);
    return b;
}

/* The end; what was heard, and how many samples. */
static int16_t *bench_heard(Bench *b, size_t *samples)
{
    char *data;
    size_t len;
    check_round_trip(&card->dev);
    bench_free(b);
    audio_set_free(audio);
    g_assert_true(g_file_get_contents(wav, &data, &len, NULL));
    *samples = (len - 44) / 2;
    int16_t *heard = g_new(int16_t, *samples + 1);
    for (size_t i = 0; i < *samples; i++) {
        heard[i] = (int16_t)load_le(data + 44 + 2 * i, 2);
    }
    g_free(data);
    return heard;
}

static void bench_end(Bench *b)
{
    size_t samples;
    g_free(bench_heard(b, &samples));
}

static bool irq(void)
{
    return card->irq_level;
}

/* Buffers of that many frames that count up from 1, left and right. */
static void make_ring(Bench *b, unsigned buffers, unsigned frames, uint16_t flags)
{
    for (unsigned n = 0; n < buffers; n++) {
        put_desc(b, n, DATA + n * frames * 4, (uint16_t)(frames * 2), flags);
        for (unsigned i = 0; i < frames; i++) {
            put_le(b, DATA + (n * frames + i) * 4, 1 + n * frames + i, 2);
            put_le(b, DATA + (n * frames + i) * 4 + 2, 0u - (1 + n * frames + i), 2);
        }
    }
    out_port(b, PO + BDBAR, RING, 4);
    out_port(b, PO + LVI, buffers - 1, 1);
}

/* ---- codec ---- */

static void test_codec(gconstpointer big)
{
    Bench *b = bench_sound(GPOINTER_TO_INT(big));
    g_assert_cmphex(pci_config_read(card, 0, 4), ==, 0x24158086);
    g_assert_cmphex(pci_config_read(card, 8, 4), ==, 0x04010001);
    g_assert_cmphex(in_port(b, STA, 4), ==, STA_PCR);
    g_assert_cmphex(codec(b, AC97_VENDOR1), ==, 0x8384);
    g_assert_cmphex(codec(b, AC97_POWER), ==, 0x000f);
    set_codec(b, AC97_MASTER, 0xffff);
    g_assert_cmphex(codec(b, AC97_MASTER), ==, 0x9f1f);         /* 5 bits of attenuation */
    set_codec(b, AC97_PCM, 0x7f5f);
    g_assert_cmphex(codec(b, AC97_PCM), ==, 0x1f1f);
    out_port(b, NAM + AC97_PCM + 1, 0x05, 1);
    g_assert_cmphex(codec(b, AC97_PCM), ==, 0x051f);
    out_port(b, NAM + AC97_RECORD_SELECT, 0x8f0affff, 4);       /* two registers */
    g_assert_cmphex(in_port(b, NAM + AC97_RECORD_SELECT, 4), ==, 0x8f0a0707);
    set_codec(b, AC97_VENDOR1, 0);
    g_assert_cmphex(codec(b, AC97_VENDOR1), ==, 0x8384);
    g_assert_cmphex(codec(b, 0x5a), ==, 0);                     /* nothing is there */
    /* Rates are fixed until they may vary, and are so again. */
    set_codec(b, AC97_DAC_RATE, 22050);
    g_assert_cmpuint(codec(b, AC97_DAC_RATE), ==, 48000);
    set_codec(b, AC97_EXTENDED, 9);
    set_codec(b, AC97_DAC_RATE, 22050);
    set_codec(b, AC97_ADC_RATE, 7999);
    set_codec(b, AC97_MIC_RATE, 48001);
    g_assert_cmpuint(codec(b, AC97_DAC_RATE), ==, 22050);
    g_assert_cmpuint(codec(b, AC97_ADC_RATE), ==, 8000);
    g_assert_cmpuint(codec(b, AC97_MIC_RATE), ==, 48000);
    set_codec(b, AC97_EXTENDED, 8);
    g_assert_cmpuint(codec(b, AC97_DAC_RATE), ==, 48000);
    set_codec(b, AC97_POWER, 0x0b00);
    g_assert_cmphex(codec(b, AC97_POWER), ==, 0x0b00);
    set_codec(b, AC97_RESET, 0);
    g_assert_cmphex(codec(b, AC97_MASTER), ==, 0x8000);
    g_assert_cmphex(codec(b, AC97_POWER), ==, 0x000f);
    bench_end(b);
}

/* Whether it can be spoken with. */
static void test_link(gconstpointer big)
{
    Bench *b = bench_sound(GPOINTER_TO_INT(big));
    g_assert_cmphex(codec(b, 0x80), ==, 0xffff);                /* a second codec */
    g_assert_cmphex(in_port(b, STA, 4), ==, STA_PCR | STA_RCS);
    out_port(b, STA, STA_RCS, 4);
    g_assert_cmphex(in_port(b, STA, 4), ==, STA_PCR);
    set_codec(b, AC97_LINE, 0x1234);
    set_codec(b, AC97_POWER, 0x1000);                           /* the link stops */
    g_assert_cmphex(in_port(b, STA, 4), ==, 0);
    g_assert_cmphex(codec(b, AC97_LINE), ==, 0xffff);
    set_codec(b, AC97_LINE, 0);
    out_port(b, CNT, CNT_COLD | CNT_WARM, 4);
    g_assert_cmphex(in_port(b, CNT, 4), ==, CNT_COLD);
    g_assert_cmphex(codec(b, AC97_LINE), ==, 0x1214);
    out_port(b, CNT, 0, 1);                                     /* held in reset */
    g_assert_cmphex(in_port(b, STA, 4) & STA_PCR, ==, 0);
    g_assert_cmphex(codec(b, AC97_LINE), ==, 0xffff);
    out_port(b, CNT, CNT_COLD, 1);
    g_assert_cmphex(codec(b, AC97_LINE), ==, 0x8808);
    g_assert_cmphex(in_port(b, CAS, 1), ==, 0);                 /* nobody; now somebody */
    g_assert_cmphex(in_port(b, CAS, 1), ==, 1);
    codec(b, AC97_LINE);
    g_assert_cmphex(in_port(b, CAS, 4), ==, 0);
    bench_end(b);
}

/* ---- playing ---- */

static void test_play(gconstpointer big)
{
    Bench *b = bench_sound(GPOINTER_TO_INT(big));
    size_t samples;
    make_ring(b, 3, 480, IOC);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, SR_DCH);
    out_port(b, PO + CR, CR_RPBM | CR_IOCE | CR_LVBIE, 1);
    g_assert_cmphex(in_port(b, PO + CIV, 4), ==, 0x0200);       /* CIV, LVI, SR */
    g_assert_cmphex(in_port(b, PO + PICB, 4), ==, 0x150103c0);  /* PICB, PIV, CR */
    g_assert_false(irq());
    bench_step(b->m, 5 * MS);
    g_assert_cmpuint(in_port(b, PO + PICB, 2), ==, 480);
    bench_step(b->m, 5 * MS + 1000);
    g_assert_cmpuint(in_port(b, PO + CIV, 1), ==, 1);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, SR_BCIS);
    g_assert_true(irq());
    g_assert_cmphex(in_port(b, STA, 4), ==, STA_PCR | STA_PO);
    out_port(b, PO + SR, SR_BCIS, 2);
    g_assert_false(irq());
    bench_step(b->m, 10 * MS);
    out_port(b, PO + SR, SR_BCIS, 2);
    bench_step(b->m, 10 * MS);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, SR_DCH | SR_CELV | SR_LVBCI | SR_BCIS);
    g_assert_cmpuint(in_port(b, PO + CIV, 1), ==, 2);
    g_assert_cmpuint(in_port(b, PO + PICB, 2), ==, 0);
    out_port(b, PO + SR, 0x1c, 1);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, SR_DCH | SR_CELV);
    g_assert_cmpint(clock_next_deadline(b->m->clock), >, b->m->clock->now[0] + 100 * MS);   /* all is quiet */
    /* More buffers: it goes on by itself. */
    put_desc(b, 3, DATA, 96, BUP);
    out_port(b, PO + LVI, 3, 1);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, 0);
    bench_step(b->m, 10 * MS);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, SR_DCH | SR_CELV | SR_LVBCI);
    out_port(b, PO + CR, 0, 1);
    int16_t *heard = bench_heard(b, &samples);
    /* After the third buffer its last sample fades, as nothing else was wanted. */
    g_assert_cmpuint(samples, ==, 2 * (1440 + 64 + 48));
    for (unsigned i = 0; i < 1440; i++) {
        g_assert_cmpint(heard[2 * i], ==, 1 + (int)i);
        g_assert_cmpint(heard[2 * i + 1], ==, -1 - (int)i);
    }
    for (unsigned i = 1440; i < 1504; i++) {
        g_assert_cmpint(heard[2 * i], <, heard[2 * i - 2]);
    }
    for (unsigned i = 0; i < 48; i++) {
        g_assert_cmpint(heard[2 * (1504 + i)], ==, 1 + (int)i);
    }
    g_free(heard);
}

static void test_pause_and_reset(gconstpointer big)
{
    Bench *b = bench_sound(GPOINTER_TO_INT(big));
    size_t samples;
    make_ring(b, 2, 480, IOC);
    out_port(b, PO + CR, CR_RPBM | CR_IOCE, 1);
    bench_step(b->m, 5 * MS);
    out_port(b, PO + CR, CR_IOCE, 1);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, SR_DCH);
    bench_step(b->m, 100 * MS);
    g_assert_cmpuint(in_port(b, PO + PICB, 2), ==, 480);
    check_round_trip(&card->dev);
    out_port(b, PO + CR, CR_RPBM | CR_IOCE, 1);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, 0);
    bench_step(b->m, 6 * MS);
    check_round_trip(&card->dev);
    g_assert_cmpuint(in_port(b, PO + CIV, 1), ==, 1);
    g_assert_true(irq());
    out_port(b, PO + CR, CR_IOCE, 1);
    out_port(b, PO + CR, CR_IOCE | CR_RR, 1);
    g_assert_false(irq());
    g_assert_cmphex(in_port(b, PO + BDBAR, 4), ==, 0);
    g_assert_cmphex(in_port(b, PO + CIV, 4), ==, 0x00010000);
    g_assert_cmphex(in_port(b, PO + PICB, 4), ==, 0x10000000);  /* what enables interrupts is left */
    int16_t *heard = bench_heard(b, &samples);
    for (unsigned i = 0; i < samples / 2; i++) {
        g_assert_cmpint(heard[2 * i], ==, 1 + (int)i);
    }
    g_assert_cmpuint(samples / 2, >=, 520);
    g_assert_cmpuint(samples / 2, <=, 530);
    g_free(heard);
}

static void test_volume(gconstpointer big)
{
    /* Master, PCM, and what is heard of 8000 on both sides. */
    static const struct { uint16_t master, pcm; int left, right; } steps[] = {
        { 0x0000, 0x0808, 8000, 8000 }, { 0x0400, 0x0808, 4009, 8000 }, { 0x0000, 0x0006, 31850, 11300 },
        { 0x8000, 0x0808, 0, 0 }, { 0x0000, 0x8808, 0, 0 }, { 0x1f1f, 0x0808, 38, 38 },
    };
    Bench *b = bench_sound(GPOINTER_TO_INT(big));
    size_t samples;
    for (unsigned i = 0; i < 48000; i++) {
        put_le(b, DATA + 2 * i, 8000, 2);
    }
    for (unsigned n = 0; n < 32; n++) {
        put_desc(b, n, DATA, 960, BUP);
    }
    out_port(b, PO + BDBAR, RING, 4);
    out_port(b, PO + LVI, 31, 1);
    out_port(b, PO + CR, CR_RPBM, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        set_codec(b, AC97_MASTER, steps[i].master);
        set_codec(b, AC97_PCM, steps[i].pcm);
        bench_step(b->m, 20 * MS);
    }
    set_codec(b, AC97_MASTER, 0);
    set_codec(b, AC97_PCM, 0x0808);
    set_codec(b, AC97_POWER, 0x0200);                           /* no DAC, no sound */
    bench_step(b->m, 20 * MS);
    int16_t *heard = bench_heard(b, &samples);
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        unsigned middle = 960 * i + 480 + 240;
        g_assert_cmpint(ABS(heard[2 * middle] - steps[i].left), <=, 2);
        g_assert_cmpint(ABS(heard[2 * middle + 1] - steps[i].right), <=, 2);
    }
    g_assert_cmpint(heard[samples - 100], ==, 0);
    g_free(heard);
}

/* Every rate takes as long as it says, whatever the buffers. */
static void test_rates(gconstpointer big)
{
    static const uint16_t rates[] = { 8000, 11025, 32000, 44100, 47999 };
    for (unsigned i = 0; i < G_N_ELEMENTS(rates); i++) {
        Bench *b = bench_sound(GPOINTER_TO_INT(big));
        size_t samples;
        unsigned interrupts = 0;
        make_ring(b, 32, 300, IOC);
        set_codec(b, AC97_EXTENDED, 1);
        set_codec(b, AC97_DAC_RATE, rates[i]);
        out_port(b, PO + CR, CR_RPBM | CR_IOCE, 1);
        for (unsigned us = 0; us < 2000000; us += 100) {
            bench_step(b->m, 100000);
            if (irq()) {
                out_port(b, PO + LVI, (in_port(b, PO + CIV, 1) + 31) % 32, 1);
                out_port(b, PO + SR, SR_BCIS, 2);
                interrupts++;
            }
        }
        g_assert_cmpuint(interrupts, ==, rates[i] * 2 / 300);
        out_port(b, PO + CR, 0, 1);
        g_free(bench_heard(b, &samples));
        g_assert_cmpint(labs((long)(samples / 2) - 96000), <=, 48);
    }
}

/* The guest stands for 40 ms: nothing is lost, and it has time for each buffer afterwards. */
static void test_slow_guest(gconstpointer big)
{
    Bench *b = bench_sound(GPOINTER_TO_INT(big));
    size_t samples;
    int64_t last = 0, shortest = INT64_MAX;
    make_ring(b, 4, 480, IOC);
    for (unsigned n = 4; n < 32; n++) {
        put_desc(b, n, DATA + n % 4 * 1920, 960, IOC);
    }
    out_port(b, PO + CR, CR_RPBM | CR_IOCE, 1);
    for (unsigned ms = 0; ms < 600; ms++) {
        bench_step(b->m, MS);
        bool stands = ms >= 100 && ms < 140;
        if (irq() && !stands) {
            shortest = MIN(shortest, last ? ms - last : INT64_MAX);
            last = ms;
            out_port(b, PO + LVI, (in_port(b, PO + CIV, 1) + 2) % 32, 1);   /* two buffers and no more */
            out_port(b, PO + SR, SR_BCIS, 2);
        }
        g_assert_cmphex(in_port(b, PO + SR, 2) & (SR_DCH | SR_LVBCI), ==, 0);
    }
    g_assert_cmpint(shortest, >=, 5);
    out_port(b, PO + CR, 0, 1);
    int16_t *heard = bench_heard(b, &samples);
    g_assert_cmpuint(samples, >, 2 * 48 * 590);
    for (unsigned i = 0; i < samples / 2; i++) {
        g_assert_cmpint(heard[2 * i], ==, 1 + (int)(i % 1920));
    }
    g_free(heard);
}

/* One that answers no interrupts is not waited for. */
static void test_no_answers(gconstpointer big)
{
    Bench *b = bench_sound(GPOINTER_TO_INT(big));
    make_ring(b, 32, 480, IOC);
    out_port(b, PO + CR, CR_RPBM | CR_IOCE, 1);
    bench_step(b->m, 15 * MS);
    out_port(b, PO + SR, SR_BCIS, 2);
    bench_step(b->m, 400 * MS);
    g_assert_cmphex(in_port(b, PO + SR, 2) & SR_DCH, ==, SR_DCH);
    bench_end(b);
}

/* ---- recording ---- */

static void test_record(gconstpointer big)
{
    Bench *b = bench_sound(GPOINTER_TO_INT(big));
    for (unsigned i = 0; i < 4096; i++) {
        put_le(b, DATA + 4 * i, 0x55555555, 4);
    }
    static const struct { unsigned port; uint32_t bit; unsigned channels; } masters[] = {
        { PI, STA_PI, 2 }, { MC, STA_MC, 1 },
    };
    for (unsigned i = 0; i < 2; i++) {
        unsigned at = masters[i].port;
        put_desc(b, 0, DATA + 0x100, (uint16_t)(480 * masters[i].channels), IOC);
        put_desc(b, 1, DATA + 0x100, (uint16_t)(480 * masters[i].channels), 0);
        out_port(b, at + BDBAR, RING, 4);
        out_port(b, at + LVI, 1, 1);
        out_port(b, at + CR, CR_RPBM | CR_IOCE, 1);
        bench_step(b->m, 10 * MS - 1000);
        g_assert_false(irq());
        bench_step(b->m, 2000);
        g_assert_true(irq());
        g_assert_cmphex(in_port(b, STA, 4), ==, STA_PCR | masters[i].bit);
        out_port(b, at + SR, SR_BCIS, 1);
        bench_step(b->m, 20 * MS);
        g_assert_cmphex(in_port(b, at + SR, 2), ==, SR_DCH | SR_CELV | SR_LVBCI);
        g_assert_cmphex(phys_read(b, DATA + 0xfc, 4), ==, 0x55555555);
        g_assert_cmphex(phys_read(b, DATA + 0x100, 4), ==, 0);
        g_assert_cmphex(phys_read(b, DATA + 0x100 + 960 * masters[i].channels - 4, 4), ==, 0);
        g_assert_cmphex(phys_read(b, DATA + 0x100 + 960 * masters[i].channels, 4), ==, 0x55555555);
        out_port(b, at + CR, CR_RR, 1);
        for (unsigned n = 0; n < 4096; n++) {
            put_le(b, DATA + 4 * n, 0x55555555, 4);
        }
    }
    bench_end(b);
}

/* ---- hostile guests ---- */

static void test_hostile(gconstpointer big)
{
    Bench *b = bench_sound(GPOINTER_TO_INT(big));
    for (unsigned n = 0; n < 32; n++) {                         /* buffers without samples, for ever */
        put_desc(b, n, DATA, 0, IOC);
    }
    out_port(b, PO + BDBAR, RING, 4);
    out_port(b, PO + CR, CR_RPBM, 1);
    for (unsigned i = 0; i < 100; i++) {
        out_port(b, PO + LVI, (in_port(b, PO + CIV, 1) + 31) % 32, 1);
        bench_step(b->m, MS);
    }
    out_port(b, PO + CR, 0, 1);
    out_port(b, PO + CR, CR_RR, 1);
    out_port(b, PO + BDBAR, 0xfffffff8, 4);                     /* descriptors where nothing is */
    out_port(b, PO + LVI, 5, 1);
    out_port(b, PO + CR, CR_RPBM, 1);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, SR_DCH);
    out_port(b, PO + CR, CR_RR, 1);
    put_desc(b, 0, 0xdeadbeef, 0xffff, IOC);                    /* samples too, and an odd number */
    put_desc(b, 1, DATA, 1, 0);
    out_port(b, PO + BDBAR, RING, 4);
    out_port(b, PO + LVI, 1, 1);
    out_port(b, PO + CR, CR_RPBM, 1);
    bench_step(b->m, 1000 * MS);
    g_assert_cmphex(in_port(b, PO + SR, 2), ==, SR_DCH | SR_CELV | SR_LVBCI | SR_BCIS);
    put_desc(b, 2, DATA + 4, 2, 0);
    put_le(b, DATA + 4, 0x40004000, 4);
    out_port(b, PO + LVI, 2, 1);
    for (unsigned i = 0; i < 5000; i++) {                       /* an underrun each 21 us */
        bench_step(b->m, 21000);
        in_port(b, PO + SR, 2);
        put_desc(b, (in_port(b, PO + CIV, 1) + 1) % 32, DATA + 4, 2, 0);
        out_port(b, PO + LVI, (in_port(b, PO + CIV, 1) + 1) % 32, 1);
    }
    out_port(b, PI + BDBAR, RING, 4);
    put_desc(b, 0, PCI_IO_BASE + NAM, 64, IOC);                 /* its own registers */
    out_port(b, PI + CR, CR_RPBM, 1);
    bench_step(b->m, 100 * MS);
    pci_config_write(card, PCI_COMMAND, PCI_COMMAND_IO, 2);
    out_port(b, PO + LVI, 2, 1);
    g_assert_cmphex(in_port(b, PO + SR, 2) & SR_DCH, ==, SR_DCH);
    size_t samples;
    g_free(bench_heard(b, &samples));
    g_assert_cmpuint(samples, <, 2 * 48000);                    /* what is in the file took its time */
}

/* States that cannot be are refused. */
static void test_bad_state(void)
{
    Bench *b = bench_sound(false);
    Ac97 *a = (Ac97 *)card;
    static const struct { size_t offset, size; uint32_t value; } bad[] = {
        { offsetof(Ac97, ch[1].civ), 1, 32 }, { offsetof(Ac97, ch[0].lvi), 1, 99 },
        { offsetof(Ac97, ch[2].piv), 1, 255 }, { offsetof(Ac97, ch[1].cr), 1, 0x40 },
        { offsetof(Ac97, ch[1].sr), 2, 0x100 }, { offsetof(Ac97, ch[1].bdbar), 4, 4 },
        { offsetof(Ac97, codec[AC97_DAC_RATE / 2]), 2, 100 },
        { offsetof(Ac97, codec[AC97_MASTER / 2]), 2, 0x40 },
        { offsetof(Ac97, glob_cnt), 4, 0x80 }, { offsetof(Ac97, glob_sta), 4, 1 },
        { offsetof(Ac97, cas), 1, 2 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        GByteArray *saved = g_byte_array_new();
        uint8_t *field = (uint8_t *)a + bad[i].offset, old[4];
        GError *err = NULL;
        size_t used;
        memcpy(old, field, bad[i].size);
        memcpy(field, &bad[i].value, bad[i].size);              /* a host that is little endian */
        state_save(&card->dev, saved);
        memcpy(field, old, bad[i].size);
        g_assert_false(state_load(&card->dev, saved->data, saved->len, &used, &err));
        g_assert_nonnull(err);
        g_clear_error(&err);
        device_reset(&card->dev);
        g_byte_array_free(saved, TRUE);
    }
    bench_end(b);
}

int main(int argc, char **argv)
{
    static const struct { const char *name; GTestDataFunc func; } tests[] = {
        { "codec", test_codec }, { "link", test_link }, { "play", test_play },
        { "pause-and-reset", test_pause_and_reset }, { "volume", test_volume }, { "rates", test_rates },
        { "slow-guest", test_slow_guest }, { "no-answers", test_no_answers }, { "record", test_record },
        { "hostile", test_hostile },
    };
    g_test_init(&argc, &argv, NULL);
    wav = g_strdup_printf("%s/ac97-test-%d.wav", g_get_tmp_dir(), (int)getpid());
    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        for (int big = 0; big < 2; big++) {
            g_autofree char *path = g_strdup_printf("/ac97/%s/%s", tests[i].name, big ? "be" : "le");
            g_test_add_data_func(path, GINT_TO_POINTER(big), tests[i].func);
        }
    }
    if (G_BYTE_ORDER == G_LITTLE_ENDIAN) {
        g_test_add_func("/ac97/bad-state", test_bad_state);
    }
    int result = g_test_run();
    g_unlink(wav);
    g_free(wav);
    return result;
}
