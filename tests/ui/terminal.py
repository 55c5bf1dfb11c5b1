#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
terminal.py VALLETTA WORK: terminals among the displays, in a window, over VNC and on a terminal (tmux, which
says what is on it). What is typed in the monitor's is seen by what the machine does. TAP.
"""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import rfb
import x11
from screen import run

PROGRAM, WORK = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
shutil.rmtree(WORK, ignore_errors=True)
WORK.mkdir(parents=True)
CTRL, ALT, SHIFT, RETURN, PAGE_UP = 0xffe3, 0xffe9, 0xffe1, 0xff0d, 0xff55
LOOP = WORK / "loop"             # firmware that jumps to where it is
LOOP.write_bytes(bytes.fromhex("ffff0010 00000000").ljust(4096, b"\0"))
BARE = ["-M", "malta", "-bios", str(LOOP), "-nodefaults", "-S", "-vga", "std"]


def until(condition, what):
    end = time.time() + 20
    while not condition():
        assert time.time() < end, what() if callable(what) else what
        time.sleep(0.05)


class Machine:
    """The program with a QMP socket; leaving the context asks it to quit."""

    def __init__(self, *options, start):
        self.path = str(WORK / "qmp")
        pathlib.Path(self.path).unlink(missing_ok=True)
        self.process = start([PROGRAM, *options, "-qmp", f"unix:{self.path},server=on,wait=off"])
        until(lambda: os.path.exists(self.path), "it does not start")
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)
        self.file = self.sock.makefile("rw")
        json.loads(self.file.readline())
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while "event" in (reply := json.loads(self.file.readline())):
            pass
        return reply["return"]

    def runs(self):
        return self.ask("query-status")["running"]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.ask("quit")
        elif self.process:
            self.process.kill()
        if self.process:
            assert self.process.wait(20) == 0 or kind is not None


class Tmux:
    """A terminal of 100 by 30."""

    def __init__(self):
        self.socket = tempfile.mktemp(dir=WORK)         # the one before may not be gone yet

    def __call__(self, *words, check=True):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *words], capture_output=True, text=True,
                              timeout=20, check=check, env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout

    def start(self, command):
        self("new-session", "-d", "-x", "100", "-y", "30", "sh", "-c", 'echo before; "$@"; echo "ended $?"; sleep 1000',
             "sh", *command)

    def text(self):
        return self("capture-pane", "-p")

    def wait(self, *wanted):
        until(lambda: all(w in self.text() for w in wanted), lambda: f"not {wanted}:\n{self.text()}")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self("kill-server", check=False)


def curses():
    with Tmux() as t:
        with Machine(*BARE, "-display", "curses", "-monitor", "vc", "-serial", "vc", start=t.start) as m:
            t.wait("VGA: a picture of 640 x 480", "Alt-1 to Alt-9")
            assert "\u2580" in t.text()
            t("send-keys", "M-3")
            t.wait("(valletta)")
            assert not m.runs()
            t("send-keys", "info statux", "BSpace", "s", "Enter")
            t.wait("VM status: paused")
            t("send-keys", "cont", "Enter")
            until(m.runs, "cont was not heard")
            t("resize-window", "-x", "120", "-y", "35")
            t("send-keys", "M-1")
            until(lambda: len(t.text().splitlines()[0]) == 90, t.text)      # as large as it gets
            t("send-keys", "M-2")               # the serial console says nothing
            until(lambda: not t.text().strip(), t.text)
        t.wait("before", "ended 0")             # and the terminal is as it was


def port(m, number):
    answer = m.ask("human-monitor-command", **{"command-line": f"i /b {number:#x}"})
    return int(answer.split()[-1], 16)


def curses_keys_are_pressed():
    """What is typed at a picture is typed at the machine's keyboard: the 8042 has it."""
    with Tmux() as t:
        with Machine(*BARE, "-display", "curses", "-k", "de", start=t.start) as m:
            t.wait("a picture")
            m.ask("cont")
            for where, value in ((0x64, 0x60), (0x60, 0x40)):       # the keyboard is on, in set 1
                m.ask("human-monitor-command", **{"command-line": f"o /b {where:#x} {value:#x}"})
            t("send-keys", "Z")                 # Shift and what is Y elsewhere
            until(lambda: port(m, 0x64) & 1, "the keyboard controller has nothing")
            codes = []
            while port(m, 0x64) & 1:
                codes.append(port(m, 0x60))
                time.sleep(0.1)
            assert codes == [0x2a, 0x15, 0x95, 0xaa], codes


def curses_needs_a_terminal():
    done = subprocess.run([PROGRAM, *BARE, "-display", "curses"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20, check=False)
    assert done.returncode == 1 and "must be a terminal" in done.stderr, done
    done = subprocess.run([PROGRAM, *BARE, "-display", "curses", "-serial", "stdio"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1 and "needs the terminal" in done.stderr, done


def start(command):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


class Vnc(rfb.Client):
    def chord(self, *keysyms):
        for down in (1, 0):
            for keysym in keysyms if down else reversed(keysyms):
                self.key(keysym, down)

    def type(self, text):
        for c in text:
            self.chord(RETURN if c == "\n" else ord(c) if ord(c) < 0x100 else 0x1000000 | ord(c))

    def picture(self):
        self.request(incremental=False)
        self.update()
        return self.width, self.height, bytes(self.frame)


def vnc():
    with Machine(*BARE, "-vnc", f"unix:{WORK}/vnc", "-monitor", "vc:90Cx20C", start=start) as m:
        client = Vnc(None, path=f"{WORK}/vnc")
        assert client.picture()[:2] == (640, 480)
        client.chord(CTRL, ALT, ord("2"))
        until(lambda: client.picture()[:2] != (640, 480), "the display is the same")
        width, height, _ = client.picture()
        assert width % 90 == 0 and height % 20 == 0, (width, height)
        until(lambda: len(set(client.picture()[2])) > 8, "there is no prompt")
        client.type("cont\n")
        until(m.runs, "cont was not heard")
        client.type("stop\n")
        until(lambda: not m.runs(), "stop was not heard")
        client.type("help\n" * 3)               # some screens
        time.sleep(0.5)
        last = client.picture()
        client.chord(SHIFT, PAGE_UP)
        until(lambda: client.picture() != last, "what has left the screen is not seen again")
        client.chord(CTRL, ALT, ord("1"))
        until(lambda: client.picture()[:2] == (640, 480), "the first display does not come back")
        client.close()


def a_window_for_any_graphics():
    """Without -display, whatever device there is something to see of."""
    servers = x11.x_server(WORK)

    def in_window(command):
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=x11.ENV)

    try:
        for options in (("-vga", "none", "-device", "virtio-gpu-pci"),
                        ("-vga", "none", "-device", '{"driver": "virtio-gpu-pci", "id": "g"}'),
                        ("-nodefaults", "-device", "VGA")):
            with Machine("-bios", str(LOOP), "-S", *options, start=in_window):
                x11.window("Valletta [paused]")
        with Machine("-bios", str(LOOP), "-S", "-vga", "none", "-device", "virtio-rng-pci", start=in_window):
            time.sleep(0.5)
            assert not x11.windows(), x11.windows()
    finally:
        for process in reversed(servers):
            process.terminate()
            process.wait(10)


def newcomers_window():
    """Without any option: a window, in which the consoles are a key away."""
    servers = x11.x_server(WORK)

    def in_window(command):
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=x11.ENV)

    try:
        with Machine("-bios", str(LOOP), "-monitor", "vc", start=in_window) as m:
            x11.focus(x11.window("Valletta [running]"))
            x11.tool("xdotool", "key", "ctrl+alt+2")
            x11.focus(x11.window("Valletta (serial0) [running]"))
            x11.tool("xdotool", "key", "ctrl+alt+3")
            number = x11.window("Valletta (compat_monitor0) [running]")
            x11.focus(number)
            x11.tool("xdotool", "type", "--delay", "20", "stoq")
            x11.tool("xdotool", "key", "BackSpace", "p", "Return")
            until(lambda: not m.runs(), "stop was not heard")
            picture = x11.picture(number)
            x11.tool("xdotool", "key", "ctrl+l", "Up")
            until(lambda: x11.picture(number) != picture, "neither Ctrl nor an arrow is seen")
            x11.tool("xdotool", "key", "ctrl+alt+3")
            until(lambda: len(x11.windows()) == 2, lambda: str(x11.windows()))
    finally:
        for process in reversed(servers):
            process.terminate()
            process.wait(10)


def vc_stays():
    with Machine(*BARE, "-chardev", "vc,id=c", start=start) as m:
        for command, arguments in (("chardev-remove", {"id": "c"}),
                                   ("chardev-add", {"id": "d", "backend": {"type": "vc", "data": {}}})):
            m.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            m.file.flush()
            assert "error" in json.loads(m.file.readline()), command


CASES = [curses, curses_keys_are_pressed, curses_needs_a_terminal, vnc, newcomers_window, a_window_for_any_graphics,
         vc_stays]
if not shutil.which("tmux"):
    print("# tmux is missing: nothing on a terminal is tested")
    CASES = [case for case in CASES if not case.__name__.startswith("curses")]
if x11.missing():
    print(f"# {x11.missing()} is missing: no window is tested")
    CASES.remove(newcomers_window)
    CASES.remove(a_window_for_any_graphics)
run(CASES)
