#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vnc.py SCREEN WORK: the VNC server, seen from a client; and what of it arrives at the machine. TAP."""
import os
import pathlib
import socket
import struct
import sys
import time

import rfb
from rfb import Client, Refused
from screen import Screen, run

PROGRAM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
WORK.mkdir(parents=True, exist_ok=True)
BACKGROUND = 0x102030
SHIFT_L, CTRL_L, ALTGR = 0xffe1, 0xffe3, 0xfe03


def server(*args):
    return Screen(PROGRAM, *(args or ("127.0.0.1:37,to=99",)))


def refused(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except (Refused, ConnectionError):
        return
    raise AssertionError("it was not refused")


def picture():
    with server() as s:
        c = Client(s.port)
        s.expect("vnc connected ipv4", "vnc initialized ipv4")
        assert c.name == "Valletta (test)", c.name
        assert (c.width, c.height) == (640, 480)
        assert c.pixel_format[:13] == struct.pack(">BBBBHHHBBB", 32, 24, 0, 255, 255, 255, 255, 16, 8, 0), c.pixel_format
        c.request(incremental=False)
        c.update()
        c.until(lambda: c.pixel(639, 479) == BACKGROUND)
        assert c.pixel(0, 0) == BACKGROUND and c.pixel(320, 240) == BACKGROUND
        c.close()
        s.wait("vnc disconnected ipv4")


def only_what_changed():
    with server() as s:
        c = Client(s.port)
        c.until(lambda: c.pixel(639, 479) == BACKGROUND)
        c.request()
        s.do("fill 100 50 20 10 ff8000")
        c.update()
        assert c.rectangles == [(100, 50, 20, 10)], c.rectangles
        assert c.pixel(100, 50) == c.pixel(119, 59) == 0xff8000
        assert c.pixel(99, 50) == c.pixel(120, 59) == c.pixel(119, 60) == BACKGROUND
        # Two places between two requests: two rectangles, not what is around them.
        s.do("fill 0 0 8 8 1")
        time.sleep(0.1)
        s.do("fill 600 400 8 8 2")
        time.sleep(0.1)
        c.request()
        c.update()
        assert sorted(c.rectangles) == [(0, 0, 8, 8), (600, 400, 8, 8)], c.rectangles


def still_screen_costs_nothing():
    with server() as s:
        c = Client(s.port)
        c.until(lambda: c.pixel(639, 479) == BACKGROUND)
        c.request()
        time.sleep(0.2)
        before, received = s.stats(), c.received
        time.sleep(1.5)
        after = s.stats()
        c.sock.settimeout(0.1)
        refused_silently = False
        try:
            c.read(1)
        except TimeoutError:
            refused_silently = True
        assert refused_silently and c.received == received, "something was sent"
        assert after[0] == before[0], f"it was drawn {after[0] - before[0]} times"
        assert after[1] - before[1] <= 10, f"{after[1] - before[1]} ms of CPU time"


def nobody_looks():
    with server() as s:
        for color in range(5):
            s.do(f"fill 0 0 4 4 {color:x}")
            time.sleep(0.05)
        assert s.stats()[0] == 0
        c = Client(s.port)
        c.until(lambda: c.pixel(0, 0) == 4)
        drawn = s.stats()[0]
        assert drawn >= 1
        c.close()
        s.wait("vnc disconnected")
        s.do("fill 0 0 4 4 77")
        time.sleep(0.1)
        assert s.stats()[0] == drawn


def another_size():
    with server() as s:
        knows, simple = Client(s.port), Client(s.port, encodings=(rfb.RAW,))
        for c in knows, simple:
            c.until(lambda c=c: c.pixel(639, 479) == BACKGROUND)
        s.do("size 800 600")
        knows.until(lambda: (knows.width, knows.height) == (800, 600))
        knows.until(lambda: knows.pixel(799, 599) == BACKGROUND)
        s.do("size 320 200")
        knows.until(lambda: (knows.width, knows.height) == (320, 200))
        s.do("fill 310 190 10 10 abcdef")
        knows.until(lambda: knows.pixel(319, 199) == 0xabcdef)
        # One that has no word for it gets what fits.
        simple.until(lambda: simple.pixel(319, 199) == 0xabcdef)
        late = Client(s.port)
        assert (late.width, late.height) == (320, 200)


def many_clients():
    with server() as s:
        clients = [Client(s.port) for _ in range(8)]
        s.do("fill 5 5 5 5 123456")
        for c in clients:
            c.until(lambda c=c: c.pixel(9, 9) == 0x123456)


def old_protocols():
    with server("127.0.0.1:37,to=99,password=on") as s:
        s.do("password secret")
        for version in b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.008\n":
            Client(s.port, version=version, password="secret").request()
    with server() as s:
        for version in b"RFB 003.003\n", b"RFB 003.007\n":
            c = Client(s.port, version=version)
            c.until(lambda c=c: c.pixel(639, 479) == BACKGROUND)
        c = socket.create_connection(("127.0.0.1", int(s.port)))
        c.sendall(b"RFB 004.000\n")
        c.settimeout(10)
        c.recv(12)
        assert c.recv(1) == b""


def passwords():
    with server("127.0.0.1:37,to=99,password=on") as s:
        refused(Client, s.port, password="x")           # none is set: none is right
        s.do("password secret")
        Client(s.port, password="secret").until(lambda: True)
        refused(Client, s.port, password="Secret")
        refused(Client, s.port, password="x")
        refused(Client, s.port)                         # "no security" was not offered
        s.do("password longer-than-eight")
        Client(s.port, password="longer-than-eight")
        Client(s.port, password="longer-t")
        refused(Client, s.port, password="longer")
        s.do("expire 1")
        refused(Client, s.port, password="longer-t")
        s.do(f"expire {int(time.time()) + 1000}")
        Client(s.port, password="longer-t")
    with server("secret=hidden", "127.0.0.1:37,to=99,password-secret=s") as s:
        Client(s.port, password="hidden")
        refused(Client, s.port, password="s")


def two_servers_with_and_without():
    """The library has one list of what is offered for the whole process: it must not open the other server."""
    with server("127.0.0.1:37,to=99,password=on", f"unix:{WORK}/open,id=open") as s:
        s.do("password secret")
        waiting = socket.create_connection(("127.0.0.1", int(s.port)))
        waiting.settimeout(10)
        waiting.recv(12)
        waiting.sendall(b"RFB 003.008\n")
        assert waiting.recv(2) == b"\x01\x02"
        free = Client(0, path=f"{WORK}/open")
        free.until(lambda: free.pixel(0, 0) == BACKGROUND)
        waiting.sendall(b"\x01")
        assert waiting.recv(1) == b"", "it came in without the password"
        Client(s.port, password="secret")
    assert not os.path.exists(f"{WORK}/open")


def sharing():
    with server() as s:
        first = Client(s.port)
        Client(s.port, shared=False).until(lambda: True)
        refused(first.until, lambda: False)
    with server("127.0.0.1:37,to=99,share=force-shared") as s:
        first = Client(s.port)
        refused(Client, s.port, shared=False)
        first.until(lambda: first.pixel(0, 0) == BACKGROUND)
    with server("127.0.0.1:37,to=99,share=ignore") as s:
        first = Client(s.port)
        Client(s.port, shared=False).until(lambda: True)
        first.until(lambda: first.pixel(0, 0) == BACKGROUND)


def next_free_port():
    with server("127.0.0.1:37,to=99") as one, server("127.0.0.1:37,to=99") as two:
        assert 5937 <= int(one.port) < int(two.port) <= 5999
        s = Screen.__new__(Screen)
        try:
            s.__init__(PROGRAM, f"127.0.0.1:{int(one.port) - 5900}")
        except AssertionError:
            assert s.process.wait(10) == 1
        else:
            raise AssertionError("a port for two")


def pointer():
    with server() as s:
        c = Client(s.port)
        s.wait("vnc initialized")
        # A mouse: the first place is nowhere, then it moves.
        c.pointer(0, 100, 100)
        c.pointer(0, 110, 95)
        s.expect("rel x 10", "rel y -5")
        c.pointer(1, 110, 95)
        c.pointer(0, 110, 95)
        s.expect("button left 1", "button left 0")
        c.pointer(1 << 3, 110, 95)
        c.pointer(0, 110, 95)
        s.expect("button wheel-up 1", "button wheel-up 0")
        c.pointer(1 << 4 | 2, 110, 95)
        c.pointer(4, 110, 95)
        s.expect("button middle 1", "button wheel-down 1", "button middle 0", "button right 1",
                 "button wheel-down 0")
        c.pointer(0, 110, 95)
        s.expect("button right 0")
        s.do("tablet")
        c.pointer(0, 0, 479)
        s.expect("abs x 0", "abs y 32767")
        c.pointer(0, 639, 0)
        s.expect("abs x 32767", "abs y 0")
        # Outside of the picture is its edge.
        c.pointer(0, 60000, 60000)
        s.expect("abs x 32767", "abs y 32767")


def client_with(s, encoding):
    """A client that the server has told that it knows the encoding."""
    c = Client(s.port, encodings=(rfb.RAW, encoding))
    s.wait("vnc initialized")
    c.request(incremental=False)
    while not c.__dict__.get("pseudo"):
        c.update()
    assert (encoding, 0, 0, 0, 0) in c.pseudo, c.pseudo
    return c


def pointer_by_movements():
    with server() as s:
        c = client_with(s, rfb.POINTER_MODE)
        c.pointer(0, 0x7fff + 7, 0x7fff - 9)
        s.expect("rel x 7", "rel y -9")
        s.do("tablet")
        c.pseudo = []
        while not c.pseudo:
            c.update()
        assert c.pseudo == [(rfb.POINTER_MODE, 1, 0, 0, 0)], c.pseudo
        c.pointer(0, 0, 0)
        s.expect("abs x 0", "abs y 0")


def type_keys(s, client, keysym, *lines):
    client.key(keysym, True)
    client.key(keysym, False)
    s.expect(*lines)


def keys():
    with server() as s:
        c = Client(s.port)
        s.wait("vnc initialized")
        type_keys(s, c, ord("a"), "key a 1", "key a 0")
        type_keys(s, c, 0xff0d, "key ret 1", "key ret 0")
        type_keys(s, c, 0xffbe, "key f1 1", "key f1 0")
        type_keys(s, c, 0xffc9, "key f12 1", "key f12 0")
        type_keys(s, c, 0xff51, "key left 1", "key left 0")
        # A capital letter of a client that holds Shift, and of one that does not.
        c.key(SHIFT_L, True)
        s.expect("key shift 1")
        type_keys(s, c, ord("A"), "key a 1", "key a 0")
        # A client's layout may have with Shift what the guest's has without.
        type_keys(s, c, ord("/"), "key shift 0", "key slash 1", "key shift 1", "key slash 0")
        c.key(SHIFT_L, False)
        s.expect("key shift 0")
        type_keys(s, c, ord("A"), "key shift 1", "key a 1", "key shift 0", "key a 0")
        type_keys(s, c, ord("|"), "key shift 1", "key backslash 1", "key shift 0", "key backslash 0")
        # With the guest's Caps Lock on, a small letter needs Shift.
        s.do("leds 4")
        type_keys(s, c, ord("a"), "key shift 1", "key a 1", "key shift 0", "key a 0")
        type_keys(s, c, ord("A"), "key a 1", "key a 0")
        s.do("leds 0")
        # With Ctrl it is the place that counts.
        c.key(CTRL_L, True)
        type_keys(s, c, ord("C"), "key ctrl 1", "key c 1", "key c 0")
        c.key(CTRL_L, False)
        s.expect("key ctrl 0")
        # Shift goes up first, and the client says "7" of what it called "/".
        c.key(ord("/"), True)
        c.key(ord("7"), False)
        s.expect("key slash 1", "key slash 0")
        # A repeated key is repeated; one that goes up without having gone down is nothing.
        c.key(ord("x"), True)
        c.key(ord("x"), True)
        c.key(ord("x"), False)
        c.key(ord("y"), False)
        s.expect("key x 1", "key x 1", "key x 0")
        # Whoever leaves takes their fingers with them.
        c.key(CTRL_L, True)
        c.key(ord("z"), True)
        c.pointer(1, 0, 0)
        s.expect("key ctrl 1", "key z 1", "button left 1")
        c.close()
        assert {s.line(), s.line(), s.line()} == {"key ctrl 0", "key z 0", "button left 0"}


def layouts():
    cases = {
        "de": [("z", "key y 1", "key y 0"), ("ß", "key minus 1", "key minus 0"),
               ("ö", "key semicolon 1", "key semicolon 0"),
               ("/", "key shift 1", "key 7 1", "key shift 0", "key 7 0"),
               ("@", "key alt_r 1", "key q 1", "key alt_r 0", "key q 0"),
               ("{", "key alt_r 1", "key 7 1", "key alt_r 0", "key 7 0"),
               ("é", "key equal 1", "key equal 0", "key e 1", "key e 0"),
               ("È", "key shift 1", "key equal 1", "key shift 0", "key equal 0", "key shift 1", "key e 1", "key shift 0",
                "key e 0"),
               ("^", "key grave_accent 1", "key grave_accent 0", "key spc 1", "key spc 0"), ("я",)],
        "fr": [("a", "key q 1", "key q 0"), ("m", "key semicolon 1", "key semicolon 0"),
               ("1", "key shift 1", "key 1 1", "key shift 0", "key 1 0"), ("é", "key 2 1", "key 2 0"),
               ("@", "key alt_r 1", "key 0 1", "key alt_r 0", "key 0 0"),
               # Not where X has it, too: Shift and the key above Tab, which writes nothing elsewhere.
               ("~", "key alt_r 1", "key 2 1", "key alt_r 0", "key 2 0"),
               ("ü", "key shift 1", "key bracket_left 1", "key shift 0", "key bracket_left 0", "key u 1", "key u 0")],
        "sv": [("å", "key bracket_left 1", "key bracket_left 0")],
    }
    for layout, characters in cases.items():
        with server("-k", layout, "127.0.0.1:37,to=99") as s:
            c = Client(s.port)
            s.wait("vnc initialized")
            for character, *lines in characters:
                type_keys(s, c, ord(character), *lines)
            type_keys(s, c, 0xff1b, "key esc 1", "key esc 0")
            c.key(ALTGR, True)
            s.expect("key alt_r 1")
            if layout == "de":
                type_keys(s, c, ord("@"), "key q 1", "key q 0")
                type_keys(s, c, 0x010020ac, "key e 1", "key e 0")


def key_codes():
    with server() as s:
        c = client_with(s, rfb.KEY_CODES)
        # What is printed on it does not matter: number 0x1e is where a US keyboard has A.
        c.key_code(ord("q"), 0x1e, True)
        c.key_code(ord("q"), 0x1e, False)
        c.key_code(0xff51, 0xcb, True)
        c.key_code(0xff51, 0xcb, False)
        c.key_code(0, 0xffff, True)
        c.key_code(0, 0x01, True)
        s.expect("key a 1", "key a 0", "key left 1", "key left 0", "key esc 1")


def cursor():
    with server() as s:
        c = Client(s.port, encodings=(rfb.RAW, rfb.RICH_CURSOR))
        c.until(lambda: c.pixel(0, 0) == BACKGROUND)
        c.request()
        s.do("cursor 16 00ff00")
        while not any(p[0] == rfb.RICH_CURSOR and p[3] == 16 for p in c.pseudo):
            c.update()
            c.request()
        assert (rfb.RICH_CURSOR, 1, 1, 16, 16) in c.pseudo, c.pseudo
        assert c.cursor[0][:3] == b"\x00\xff\x00" and c.cursor[1] == b"\xff" * 32
        # A client that draws no pointers gets it in the picture, where the device has it.
        plain = Client(s.port)
        plain.until(lambda: plain.pixel(25, 25) == 0x00ff00)
        assert plain.pixel(18, 18) == plain.pixel(36, 36) == BACKGROUND


def bad_clients_hold_up_nobody():
    """Some stop in the middle, some never read, some flood: the others and the machine go on."""
    with server() as s:
        good = Client(s.port)
        good.until(lambda: good.pixel(0, 0) == BACKGROUND)
        bad = []
        for _ in range(3):
            half = Client(s.port)
            half.sock.sendall(b"\x04\x01\x00")          # three bytes of a key
            silent = socket.create_connection(("127.0.0.1", int(s.port)))
            deaf = Client(s.port)
            for _ in range(30):
                deaf.request(incremental=False)         # 35 MB that it never reads
            bad += [half, silent, deaf]
        flood = Client(s.port)
        flood.sock.sendall(struct.pack(">BBHI", 4, 1, 0, 0xfff000) * 20000)
        for color in range(1, 11):
            begin = time.time()
            s.do(f"fill 0 0 640 480 {color:x}")
            assert time.time() - begin < 3, "the machine was held up"
            good.until(lambda color=color: good.pixel(639, 479) == color)
        assert time.time() - begin < 15
        half = Client(s.port)
        half.sock.shutdown(socket.SHUT_WR)              # says no more, and is let go
        half.sock.settimeout(5)
        while half.sock.recv(65536):
            pass
        with open(f"/proc/{s.process.pid}/status", encoding="ascii") as status:
            rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        assert rss < 400000, f"{rss} KiB"


def no_more_than_32():
    with server() as s:
        socks = [socket.create_connection(("127.0.0.1", int(s.port))) for _ in range(40)]
        time.sleep(0.5)
        closed = 0
        for sock in socks:
            sock.settimeout(2)
            closed += sock.recv(12) == b""
        assert closed == 8, closed


run([picture, only_what_changed, still_screen_costs_nothing, nobody_looks, another_size, many_clients, old_protocols,
     passwords, two_servers_with_and_without, sharing, next_free_port, pointer, pointer_by_movements, keys, layouts,
     key_codes, cursor, bad_clients_hold_up_nobody, no_more_than_32])
