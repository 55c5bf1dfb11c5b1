#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sdl.py SCREEN WORK: windows on a virtual X server: title, picture, keys, pointer, close. TAP."""
import os
import pathlib
import subprocess
import sys
import time

from screen import Screen, run
from x11 import ENV, focus, missing, picture, pixel, tool, until, until_pixel, window, windows, x_server

PROGRAM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
WORK.mkdir(parents=True, exist_ok=True)
BACKGROUND = (0x10, 0x20, 0x30)


def opened(*args, **kwargs):
    return Screen(PROGRAM, *(args or ("sdl",)), env=ENV, **kwargs)


def title_and_picture():
    with opened() as s:
        number = window("Valletta - test [paused]")
        until_pixel(number, 639, 479, BACKGROUND)
        image = picture(number)
        assert image[:2] == (640, 480) and image[2] == bytes(BACKGROUND) * (640 * 480)
        s.do("fill 100 50 20 10 ff8000")
        until_pixel(number, 100, 50, (0xff, 0x80, 0))
        image = picture(number)
        for y in range(480):
            for x in range(90, 130):
                inside = 100 <= x < 120 and 50 <= y < 60
                assert pixel(image, x, y) == ((0xff, 0x80, 0) if inside else BACKGROUND), (x, y)
        s.do("start")
        window("Valletta - test [running]")


def another_size_and_scaling():
    with opened() as s:
        number = window("Valletta - test [paused]")
        s.do("size 800 600")
        until(lambda: picture(number)[:2] == (800, 600), lambda: str(picture(number)[:2]))
        until_pixel(number, 799, 599, BACKGROUND)
        s.do("fill 400 0 400 600 ffffff")
        until_pixel(number, 799, 599, (255, 255, 255))
        tool("xdotool", "windowsize", number, "400", "400")
        s.wait("window 400 400")
        # In its proportions: 400 by 300, black above and below.
        until_pixel(number, 300, 200, (255, 255, 255))
        image = picture(number)
        assert pixel(image, 100, 200) == BACKGROUND and pixel(image, 100, 20) == (0, 0, 0)
        s.do("tablet")
        tool("xdotool", "mousemove", "--window", number, "0", "50")
        s.wait("abs y 0")


def keys():
    with opened() as s:
        number = window("Valletta - test [paused]")
        focus(number)
        tool("xdotool", "key", "a")
        s.expect("key a 1", "key a 0")
        tool("xdotool", "key", "shift+F5")
        s.expect("key shift 1", "key f5 1")
        assert {s.line(), s.line()} == {"key f5 0", "key shift 0"}
        tool("xdotool", "key", "Left", "KP_Enter", "Escape")
        s.expect("key left 1", "key left 0", "key kp_enter 1", "key kp_enter 0", "key esc 1", "key esc 0")
        # What is held goes up when the window is no longer the one that is typed into.
        tool("xdotool", "keydown", "ctrl", "keydown", "x")
        s.expect("key ctrl 1")
        s.wait("key x 1")
        other = tool("xdotool", "getwindowfocus").strip()
        assert other == number
        tool("xdotool", "windowminimize", number)
        seen = set()
        while seen != {"key x 0", "key ctrl 0"}:
            line = s.line()
            if line != "key x 1":
                seen.add(line)
        tool("xdotool", "keyup", "ctrl", "keyup", "x")


def grab():
    with opened() as s:
        number = window("Valletta - test [paused]")
        focus(number)
        tool("xdotool", "mousemove", "--window", number, "100", "100")
        s.nothing()                         # a mouse that nobody has caught moves nothing
        tool("xdotool", "click", "1")
        window("Valletta - test [paused] - Ctrl-Alt-g releases mouse and keyboard")
        time.sleep(0.3)
        tool("xdotool", "mousemove_relative", "7", "0")
        assert s.wait("rel x") == "rel x 7"
        tool("xdotool", "click", "3")
        s.wait("button right 1")
        s.wait("button right 0")
        tool("xdotool", "click", "4")
        s.wait("button wheel-up 1")
        tool("xdotool", "key", "ctrl+alt+g")
        window("Valletta - test [paused]")


def tablet():
    with opened() as s:
        number = window("Valletta - test [paused]")
        s.do("tablet")
        tool("xdotool", "mousemove", "--window", number, "639", "479")
        s.wait("abs x 32767")
        s.wait("abs y 32767")
        tool("xdotool", "mousemove", "--window", number, "0", "0")
        s.wait("abs x 0")
        s.wait("abs y 0")
        tool("xdotool", "click", "1")
        s.expect("button left 1", "button left 0")


def device_pointer():
    with opened() as s:
        number = window("Valletta - test [paused]")
        until_pixel(number, 25, 25, BACKGROUND)
        s.do("cursor 16 00ff00")            # its point is 1,1 and lies at 20,20
        until_pixel(number, 19, 19, (0, 255, 0))
        image = picture(number)
        assert pixel(image, 34, 34) == (0, 255, 0) and pixel(image, 35, 35) == pixel(image, 18, 18) == BACKGROUND
        s.do("tablet")                      # now the host's pointer is the guest's
        s.do("fill 0 0 4 4 0")
        until_pixel(number, 19, 19, BACKGROUND)


def full_screen():
    with opened() as s:
        number = window("Valletta - test [paused]")
        focus(number)
        tool("xdotool", "key", "ctrl+alt+f")
        until(lambda: picture(number)[:2] == (1280, 1024), lambda: str(picture(number)[:2]))
        until_pixel(number, 640, 512, BACKGROUND)
        tool("xdotool", "key", "ctrl+alt+f")
        until(lambda: picture(number)[:2] == (640, 480), lambda: str(picture(number)[:2]))


def second_display():
    with opened("sdl-two") as s:
        number = window("Valletta - test [paused]")
        assert len(windows()) == 1, windows()
        focus(number)
        tool("xdotool", "key", "ctrl+alt+2")
        other = window("Valletta - test (other) [paused]")
        until_pixel(other, 5, 5, (0, 0x80, 0))
        focus(other)
        tool("xdotool", "key", "ctrl+alt+2")
        until(lambda: len(windows()) == 1, "it is still there")


def close(number):
    """By the window manager, as if its close button were pressed."""
    focus(number)
    tool("xdotool", "key", "alt+F4")


def closing_asks_first():
    with opened() as s:
        s.do("start")
        number = window("Valletta - test [running]")
        close(number)
        s.wait("power button")
        number = window("Valletta - test [running] - close it again to end the machine at once")
        close(number)
        s.wait("end")
        s.process.wait(10)


def still_window_costs_nothing():
    with opened() as s:
        until_pixel(window("Valletta - test [paused]"), 639, 479, BACKGROUND)
        time.sleep(0.5)
        before = s.stats()
        time.sleep(2)
        after = s.stats()
        assert after[0] == before[0], f"it was drawn {after[0] - before[0]} times"
        assert after[1] - before[1] <= 20, f"{after[1] - before[1]} ms of CPU time"


def no_screen():
    process = subprocess.run([PROGRAM, "sdl"], env={k: v for k, v in os.environ.items() if k != "DISPLAY"},
                             input="", capture_output=True, text=True, timeout=20, check=False)
    assert process.returncode == 1 and "no window can be opened" in process.stderr, process


if missing():
    print(f"1..0 # SKIP {missing()} is not installed")
    sys.exit(0)
servers = x_server(WORK)
try:
    run([title_and_picture, another_size_and_scaling, keys, grab, tablet, device_pointer, full_screen, second_display,
         closing_asks_first, still_window_costs_nothing, no_screen])
finally:
    for process in reversed(servers):
        process.terminate()
        process.wait(10)
