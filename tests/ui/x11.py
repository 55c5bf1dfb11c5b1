# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual X server with a window manager, and what is seen there."""
import os
import re
import shutil
import subprocess
import time

NEEDED = ["Xvfb", "xdotool", "import", "jwm"]
JWM = '<JWM><FocusModel>click</FocusModel><Key mask="A" key="F4">close</Key></JWM>'
ENV = {}


def x_server(work, size="1280x1024"):
    """The processes of one with a window manager; the number that it chose is in ENV."""
    read, write = os.pipe()
    process = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", size + "x24", "-nolisten", "tcp"],
                               pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as number:
        ENV.update(os.environ, DISPLAY=":" + number.readline().strip(), SDL_VIDEODRIVER="x11")
    config = work / "jwmrc"
    config.write_text(JWM)
    return process, subprocess.Popen(["jwm", "-f", config], env=ENV, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)


def tool(*words):
    return subprocess.run(words, env=ENV, capture_output=True, text=True, timeout=30, check=True).stdout


def windows():
    """X ids of the program's windows that are shown, by title."""
    found = {}
    done = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "^Valletta"], env=ENV, capture_output=True,
                          text=True, timeout=30, check=False)
    for number in done.stdout.split():
        found[tool("xdotool", "getwindowname", number).strip()] = number
    return found


def until(condition, what):
    end = time.time() + 10
    while not condition():
        assert time.time() < end, what() if callable(what) else what
        time.sleep(0.05)


def window(title):
    until(lambda: title in windows(), lambda: f"no window {title!r}: {windows()}")
    return windows()[title]


def picture(number):
    """Width, height and pixels of a window."""
    done = subprocess.run(["import", "-silent", "-window", number, "-depth", "8", "ppm:-"], env=ENV, timeout=30,
                          capture_output=True, check=True)
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", done.stdout)
    return int(head[1]), int(head[2]), done.stdout[head.end():]


def pixel(image, x, y):
    at = (y * image[0] + x) * 3
    return tuple(image[2][at:at + 3])


def until_pixel(number, x, y, color):
    until(lambda: pixel(picture(number), x, y) == color, lambda: f"{pixel(picture(number), x, y)} at {x},{y}")


def focus(number):
    tool("xdotool", "windowfocus", "--sync", number)
    time.sleep(0.2)


def missing():
    """What is not installed, or None."""
    return next((name for name in NEEDED if not shutil.which(name)), None)
