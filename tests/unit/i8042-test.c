/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw-test.h"
#include "hw/input/i8042.h"

static uint8_t ask(Bench *b, uint8_t command)
{
    outb(b, 0x64, command);
    g_assert_cmphex(inb(b, 0x64) & 1, ==, 1);
    uint8_t v = inb(b, 0x60);
    g_assert_cmphex(inb(b, 0x64) & 1, ==, 0);
    return v;
}

static void test_controller(void)
{
    Bench *b = bench_new(false);
    g_assert_cmphex(inb(b, 0x64), ==, 0x10);
    g_assert_cmphex(ask(b, 0xaa), ==, 0x55);
    g_assert_cmphex(inb(b, 0x64) & 4, ==, 4);
    g_assert_cmphex(ask(b, 0xab), ==, 0x00);
    g_assert_cmphex(ask(b, 0xa9), ==, 0x00);
    outb(b, 0x64, 0x60);
    outb(b, 0x60, 0x47);
    g_assert_cmphex(ask(b, 0x20), ==, 0x47);
    outb(b, 0x64, 0xa7);
    outb(b, 0x64, 0xad);
    g_assert_cmphex(ask(b, 0x20), ==, 0x77);
    outb(b, 0x64, 0x65);
    outb(b, 0x60, 0x99);
    g_assert_cmphex(ask(b, 0x25), ==, 0x99);
    g_assert_cmphex(ask(b, 0xd0) & 3, ==, 3);
    bench_free(b);
}

static void expect_bytes(Bench *b, unsigned aux, const char *hex)
{
    g_autoptr(GString) got = g_string_new(NULL);
    while ((inb(b, 0x64) & 0x21) == (aux ? 0x21 : 0x01)) {
        g_string_append_printf(got, "%s%02x", got->len ? " " : "", inb(b, 0x60));
    }
    g_assert_cmpstr(got->str, ==, hex);
    g_assert_cmphex(inb(b, 0x64) & 1, ==, 0);
}

static void to_mouse(Bench *b, uint8_t byte, const char *hex)
{
    outb(b, 0x64, 0xd4);
    outb(b, 0x60, byte);
    expect_bytes(b, 1, hex);
}

static void to_keyboard(Bench *b, uint8_t byte, const char *hex)
{
    outb(b, 0x60, byte);
    expect_bytes(b, 0, hex);
}

static void set_mode(Bench *b, uint8_t mode)
{
    outb(b, 0x64, 0x60);
    outb(b, 0x60, mode);
}

static void stroke(Bench *b, Key key, const char *hex)
{
    input_key(b->m->input, key, true);
    input_key(b->m->input, key, false);
    expect_bytes(b, 0, hex);
}

/* Scan codes of the Microsoft specification's table. */
static void test_keys(void)
{
    Bench *b = bench_new(false);
    set_mode(b, 0x00);
    stroke(b, KEY_A, "1c f0 1c");
    stroke(b, KEY_UP, "e0 75 e0 f0 75");
    stroke(b, KEY_F7, "83 f0 83");
    stroke(b, KEY_PRINT, "e0 12 e0 7c e0 f0 7c e0 f0 12");
    stroke(b, KEY_PAUSE, "e1 14 77 e1 f0 14 f0 77");
    stroke(b, KEY_AGAIN, "");
    stroke(b, KEY_LANG1, "f2");
    set_mode(b, 0x40);
    stroke(b, KEY_A, "1e 9e");
    stroke(b, KEY_UP, "e0 48 e0 c8");
    stroke(b, KEY_F7, "41 c1");
    stroke(b, KEY_PRINT, "e0 2a e0 37 e0 b7 e0 aa");
    stroke(b, KEY_PAUSE, "e1 1d 45 e1 9d c5");
    input_key(b->m->input, KEY_ALT, true);
    expect_bytes(b, 0, "38");
    stroke(b, KEY_PRINT, "54 d4");
    input_key(b->m->input, KEY_ALT, false);
    expect_bytes(b, 0, "b8");
    input_key(b->m->input, KEY_CTRL_R, true);
    expect_bytes(b, 0, "e0 1d");
    stroke(b, KEY_PAUSE, "e0 46 e0 c6");
    bench_free(b);
}

static void test_keyboard_commands(void)
{
    Bench *b = bench_new(false);
    set_mode(b, 0x00);
    to_keyboard(b, 0xff, "fa aa");
    to_keyboard(b, 0xfe, "aa");
    to_keyboard(b, 0xee, "ee");
    to_keyboard(b, 0xf2, "fa ab 83");
    to_keyboard(b, 0xed, "fa");
    to_keyboard(b, 0x06, "fa");
    g_assert_cmphex(input_leds(b->m->input), ==, LED_NUM | LED_CAPS);
    to_keyboard(b, 0xf0, "fa");
    to_keyboard(b, 0x00, "fa 02");
    to_keyboard(b, 0xf0, "fa");
    to_keyboard(b, 0x03, "fe");
    to_keyboard(b, 0xf0, "fa");
    to_keyboard(b, 0x01, "fa");
    stroke(b, KEY_UP, "e0 48 e0 c8");
    to_keyboard(b, 0xf5, "fa");
    stroke(b, KEY_A, "");
    to_keyboard(b, 0xf4, "fa");
    stroke(b, KEY_A, "1c f0 1c");
    to_keyboard(b, 0x02, "fe");
    set_mode(b, 0x40);
    to_keyboard(b, 0xf2, "fa ab 41");
    bench_free(b);
}

/* Keys that nobody fetches neither mix with answers nor leave half a code behind. */
static void test_full(void)
{
    Bench *b = bench_new(false);
    set_mode(b, 0x00);
    input_key(b->m->input, KEY_A, true);
    input_key(b->m->input, KEY_B, true);
    outb(b, 0x64, 0xaa);
    expect_bytes(b, 0, "1c 55 32");
    outb(b, 0x60, 0xee);
    expect_bytes(b, 0, "ee");
    for (unsigned i = 0; i < 300; i++) {
        input_key(b->m->input, KEY_UP, i % 2 == 0);
    }
    unsigned bytes = 0, last = 0;
    for (; inb(b, 0x64) & 1; bytes++) {
        last = inb(b, 0x60);
    }
    g_assert_cmphex(last, ==, 0x75);
    g_assert_cmpint(bytes, >=, 250);
    g_assert_cmpint(bytes, <=, 258);
    bench_free(b);
}

static void move(Bench *b, int x, int y)
{
    input_send(b->m->input, &(InputEvent){ INPUT_REL, AXIS_X, x });
    input_send(b->m->input, &(InputEvent){ INPUT_REL, AXIS_Y, y });
    input_sync(b->m->input);
}

static void test_mouse(void)
{
    Bench *b = bench_new(false);
    set_mode(b, 0x00);
    to_mouse(b, 0xff, "fa aa 00");
    to_mouse(b, 0xf2, "fa 00");
    to_mouse(b, 0xe9, "fa 00 02 64");
    move(b, 5, 5);
    expect_bytes(b, 1, "");
    to_mouse(b, 0xf4, "fa");
    move(b, 5, -3);
    expect_bytes(b, 1, "08 05 03");
    move(b, -300, 2);
    expect_bytes(b, 1, "38 01 fe 18 d3 00");
    input_button(b->m->input, BUTTON_LEFT, true);
    input_button(b->m->input, BUTTON_MIDDLE, true);
    expect_bytes(b, 1, "09 00 00 0d 00 00");
    to_mouse(b, 0xe9, "fa 26 02 64");
    input_button(b->m->input, BUTTON_WHEEL_UP, true);
    expect_bytes(b, 1, "");
    to_mouse(b, 0xeb, "fa 0d 00 00");
    to_mouse(b, 0xe7, "fa");
    move(b, 3, 0);
    expect_bytes(b, 1, "0d 03 00");
    move(b, 10, 0);
    expect_bytes(b, 1, "0d 14 00");
    to_mouse(b, 0xee, "fa");
    to_mouse(b, 0x42, "42");
    to_mouse(b, 0xec, "fa");
    bench_free(b);
}

static void rates(Bench *b, const uint8_t rate[3])
{
    for (unsigned i = 0; i < 3; i++) {
        to_mouse(b, 0xf3, "fa");
        to_mouse(b, rate[i], "fa");
    }
}

static void test_wheel(void)
{
    Bench *b = bench_new(false);
    set_mode(b, 0x00);
    rates(b, (const uint8_t[]){ 200, 200, 80 });
    to_mouse(b, 0xf2, "fa 00");
    rates(b, (const uint8_t[]){ 200, 100, 80 });
    to_mouse(b, 0xf2, "fa 03");
    to_mouse(b, 0xf4, "fa");
    input_button(b->m->input, BUTTON_WHEEL_UP, true);
    expect_bytes(b, 1, "08 00 00 ff");
    rates(b, (const uint8_t[]){ 200, 200, 80 });
    to_mouse(b, 0xf2, "fa 04");
    input_button(b->m->input, BUTTON_EXTRA, true);
    expect_bytes(b, 1, "08 00 00 20");
    input_button(b->m->input, BUTTON_WHEEL_DOWN, true);
    expect_bytes(b, 1, "08 00 00 21");
    check_round_trip(bench_device(b, "ps2-mouse"));
    check_round_trip(bench_device(b, "ps2-kbd"));
    bench_free(b);
}

/* Movement that nobody fetches is added up and not lost. */
static void test_slow_guest(void)
{
    Bench *b = bench_new(false);
    set_mode(b, 0x00);
    to_mouse(b, 0xf4, "fa");
    for (unsigned i = 0; i < 1000; i++) {
        move(b, 3, 0);
    }
    int x = 0;
    while (inb(b, 0x64) & 1) {
        uint8_t first = inb(b, 0x60), dx = inb(b, 0x60);
        x += first & 0x10 ? dx - 256 : dx;
        inb(b, 0x60);
    }
    g_assert_cmpint(x, ==, 3000);
    bench_free(b);
}

static void test_pressed(void)
{
    Bench *b = bench_new(false);
    set_mode(b, 0x00);
    g_assert_true(input_press(b->m->input, (const Key[]){ KEY_CTRL, KEY_C }, 2, 100));
    g_assert_true(input_press(b->m->input, (const Key[]){ KEY_A }, 1, 10));
    expect_bytes(b, 0, "14 21");
    bench_step(b->m, 99999999);
    expect_bytes(b, 0, "");
    bench_step(b->m, 1);
    expect_bytes(b, 0, "f0 21 f0 14");
    bench_step(b->m, 100000000);
    expect_bytes(b, 0, "1c");
    bench_step(b->m, 10000000);
    expect_bytes(b, 0, "f0 1c");
    for (unsigned i = 0; i < 1000; i++) {
        input_press(b->m->input, (const Key[]){ KEY_A }, 1, 10);
    }
    g_assert_false(input_press(b->m->input, (const Key[]){ KEY_A }, 1, 10));
    bench_free(b);
}

static void test_interrupts(void)
{
    Bench *b = bench_new(false);
    I8042 *k = bench_device(b, "i8042");
    outb(b, 0x64, 0x60);
    outb(b, 0x60, 0x03);
    outb(b, 0x64, 0xd2);
    outb(b, 0x60, 0x1c);
    g_assert_true(k->irq_kbd.level && !k->irq_aux.level);
    g_assert_cmpint(k->irq_kbd.n, ==, 1);
    check_round_trip(&k->dev);
    g_assert_cmphex(inb(b, 0x60), ==, 0x1c);
    g_assert_false(k->irq_kbd.level);
    outb(b, 0x64, 0xd3);
    outb(b, 0x60, 0x08);
    g_assert_true(k->irq_aux.level && !k->irq_kbd.level);
    g_assert_cmpint(k->irq_aux.n, ==, 12);
    bench_free(b);
}

static void test_reset(void)
{
    static const uint8_t sequences[][3] = { { 0x64, 0xfe }, { 0x64, 0xd1, 0x00 } };
    for (unsigned i = 0; i < 2; i++) {
        Bench *b = bench_new(false);
        b->m->no_reboot = true;
        outb(b, 0x64, 0xff);                /* pulses nothing */
        outb(b, sequences[i][0], sequences[i][1]);
        if (i) {
            outb(b, 0x60, sequences[i][2]);
        }
        machine_unlock(b->m);
        while (g_main_context_iteration(b->m->context, FALSE)) {
        }
        machine_lock(b->m);
        g_assert_cmpint(b->m->shutdown_cause, ==, SHUTDOWN_GUEST_RESET);
        bench_free(b);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i8042/controller", test_controller);
    g_test_add_func("/i8042/keys", test_keys);
    g_test_add_func("/i8042/keyboard-commands", test_keyboard_commands);
    g_test_add_func("/i8042/full", test_full);
    g_test_add_func("/i8042/mouse", test_mouse);
    g_test_add_func("/i8042/wheel", test_wheel);
    g_test_add_func("/i8042/slow-guest", test_slow_guest);
    g_test_add_func("/i8042/pressed", test_pressed);
    g_test_add_func("/i8042/interrupts", test_interrupts);
    g_test_add_func("/i8042/reset", test_reset);
    return g_test_run();
}
