/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telnet (RFC 854 to 858): the side that echoes and sends single characters. A byte 255 goes doubled, a
 * break is a command, options are negotiated as the RFCs have it: BINARY in both directions, ECHO and
 * SUPPRESS-GO-AHEAD here. What else the peer offers or asks for is refused.
 */
#include "chardev/wire.h"

#include <string.h>

enum { SE = 240, BREAK = 243, ARE_YOU_THERE = 246, SB = 250, WILL = 251, WONT, DO, DONT, IAC };
enum { OPT_BINARY = 0, OPT_ECHO = 1, OPT_SUPPRESS = 3, OPTIONS = 256 };

enum { US_ON = 1, US_ASKED = 2, THEM_ON = 4, THEM_ASKED = 8 };

typedef enum { PLAIN, AFTER_CR, COMMAND, OPTION, INSIDE, INSIDE_COMMAND } State;

typedef struct {
    Wire wire;
    State state;
    uint8_t verb;
    uint8_t options[OPTIONS];
} Telnet;

static void say(Telnet *t, uint8_t verb, uint8_t option)
{
    const uint8_t bytes[] = { IAC, verb, option };
    g_byte_array_append(t->wire.out, bytes, sizeof(bytes));
}

static void telnet_start(Wire *wire)
{
    static const uint8_t ours[] = { OPT_ECHO, OPT_SUPPRESS, OPT_BINARY };
    Telnet *t = (Telnet *)wire;
    for (size_t i = 0; i < sizeof(ours); i++) {
        t->options[ours[i]] = US_ON | US_ASKED;
        say(t, WILL, ours[i]);
    }
    t->options[OPT_BINARY] |= THEM_ASKED;
    say(t, DO, OPT_BINARY);
    wire->open = true;
}

/* The peer wants us to do the option or not. */
static void asked_of_us(Telnet *t, uint8_t option, bool on)
{
    uint8_t *state = &t->options[option];
    bool may = option == OPT_ECHO || option == OPT_SUPPRESS || option == OPT_BINARY;
    bool answer = !(*state & US_ASKED);         /* else this is the answer to what we said */
    bool is_on = *state & US_ON;
    *state &= (uint8_t)~US_ASKED;
    if (on && !may) {
        say(t, WONT, option);
    } else if (on != is_on) {
        *state ^= US_ON;
        if (answer) {
            say(t, on ? WILL : WONT, option);
        }
    }
}

/* The peer offers to do the option or does so no more. */
static void told_of_them(Telnet *t, uint8_t option, bool on)
{
    uint8_t *state = &t->options[option];
    bool may = option == OPT_SUPPRESS || option == OPT_BINARY;
    bool answer = !(*state & THEM_ASKED);
    bool is_on = *state & THEM_ON;
    *state &= (uint8_t)~THEM_ASKED;
    if (on && !may) {
        say(t, DONT, option);
    } else if (on != is_on) {
        *state ^= THEM_ON;
        if (answer) {
            say(t, on ? DO : DONT, option);
        }
    }
}

static void negotiate(Telnet *t, uint8_t option)
{
    if (t->verb == DO || t->verb == DONT) {
        asked_of_us(t, option, t->verb == DO);
    } else {
        told_of_them(t, option, t->verb == WILL);
    }
}

static void put(Telnet *t, uint8_t byte)
{
    g_byte_array_append(t->wire.in, &byte, 1);
}

static void command(Telnet *t, uint8_t byte)
{
    t->state = PLAIN;
    switch (byte) {
    case IAC:
        put(t, byte);
        break;
    case WILL:
    case WONT:
    case DO:
    case DONT:
        t->verb = byte;
        t->state = OPTION;
        break;
    case SB:
        t->state = INSIDE;
        break;
    case BREAK:
        t->wire.broke = true;
        break;
    case ARE_YOU_THERE:
        g_byte_array_append(t->wire.out, (const uint8_t *)"\r\n[yes]\r\n", 9);
        break;
    default:                    /* NOP, GA, data mark and editing: nothing to do on a line of characters */
        break;
    }
}

/* A carriage return is followed by a NUL that means nothing, unless the peer sends binary. */
static void data_byte(Telnet *t, uint8_t byte)
{
    if (t->state == AFTER_CR && byte == 0) {
        t->state = PLAIN;
    } else if (byte == IAC) {
        t->state = COMMAND;
    } else {
        t->state = byte == '\r' && !(t->options[OPT_BINARY] & THEM_ON) ? AFTER_CR : PLAIN;
        put(t, byte);
    }
}

static size_t telnet_receive(Wire *wire, const uint8_t *data, size_t len)
{
    Telnet *t = (Telnet *)wire;
    size_t i = 0;
    while (i < len && !wire->broke) {
        uint8_t byte = data[i++];
        switch (t->state) {
        case PLAIN:
        case AFTER_CR:
            data_byte(t, byte);
            break;
        case COMMAND:
            command(t, byte);
            break;
        case OPTION:
            negotiate(t, byte);
            t->state = PLAIN;
            break;
        case INSIDE:            /* of an option that was never agreed upon */
            t->state = byte == IAC ? INSIDE_COMMAND : INSIDE;
            break;
        case INSIDE_COMMAND:
            t->state = byte == SE ? PLAIN : INSIDE;
            break;
        }
    }
    return i;
}

static void telnet_send(Wire *wire, const uint8_t *data, size_t len)
{
    static const uint8_t iac = IAC;
    while (len > 0) {
        const uint8_t *at = memchr(data, IAC, len);
        size_t n = at ? (size_t)(at - data) + 1 : len;
        g_byte_array_append(wire->out, data, (guint)n);
        if (at) {
            g_byte_array_append(wire->out, &iac, 1);
        }
        data += n;
        len -= n;
    }
}

static void telnet_send_break(Wire *wire)
{
    static const uint8_t bytes[] = { IAC, BREAK };
    g_byte_array_append(wire->out, bytes, sizeof(bytes));
}

const WireType telnet_wire = {
    .name = "telnet", .size = sizeof(Telnet), .start = telnet_start, .receive = telnet_receive,
    .send = telnet_send, .send_break = telnet_send_break,
};
