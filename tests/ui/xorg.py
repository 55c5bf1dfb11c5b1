#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""xorg.py VALLETTA FOLDER [--only cirrus|std|virtio]: X in an installed guest, seen and used from outside.

FOLDER is that of tests/install/run. The first run adds an overlay there and installs Debian's X server in it, from
the mirror; that takes some minutes. Then, on each graphics card, X is shown in our window and in Debian's VNC viewer
on a virtual X server: what is seen must be what the guest's X has drawn, dot by dot; the guest's pointer must be
where the host's is with a USB tablet, and move as far with the PS/2 mouse; and what is typed must arrive in a
terminal there, with all modifiers. Pictures are kept in FOLDER/xorg-*.png."""
import argparse
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "qmp"))
import x11                              # noqa: E402
from client import Qmp                  # noqa: E402

PACKAGES = "xserver-xorg-core xserver-xorg-video-fbdev xserver-xorg-input-libinput xterm x11-apps x11-utils " \
    "x11-xserver-utils xdotool"
# Options, width, height; X's own driver for the card.
CARDS = {
    "cirrus": (["-vga", "cirrus"], 1024, 768, "FBDEV"),
    "std": (["-vga", "std"], 1280, 800, "modeset"),
    "virtio": (["-vga", "none", "-device", "virtio-gpu-pci"], 1280, 800, "modeset"),
}
# What the driver fbdev must be told: else it takes the console's mode. And a mouse that accelerates cannot be measured.
FBDEV = """Section "Monitor"
Identifier "m"
HorizSync 30-80
VertRefresh 50-75
EndSection
Section "Screen"
Identifier "s"
Monitor "m"
DefaultDepth 16
SubSection "Display"
Modes "1024x768"
EndSubSection
EndSection
"""
FLAT = """Section "InputClass"
Identifier "flat"
MatchIsPointer "on"
Option "AccelProfile" "flat"
EndSection
"""
START = f"""
mkdir -p /etc/X11/xorg.conf.d
cd /etc/X11/xorg.conf.d
cat >flat.conf <<EOF
{FLAT}EOF
rm -f depth.conf
case $(cat /proc/fb) in *CL*) cat >depth.conf <<EOF
{FBDEV}EOF
esac
cd /root
setsid X :0 vt1 -ac -noreset >/root/x.log 2>&1 </dev/null &
export DISPLAY=:0
for n in $(seq 90); do xset q >/dev/null 2>&1 && break; sleep 1; done
xset s off -dpms
xsetroot -solid '#204060' -cursor_name left_ptr
setsid xterm -geometry 50x12+0+0 -e sh -c 'cat >/root/typed' >/dev/null 2>&1 </dev/null &
setsid xev -geometry 200x100+400+20 -event keyboard >/root/xev.log 2>&1 </dev/null &
setsid xeyes -geometry 100x80+20+300 >/dev/null 2>&1 </dev/null &
for n in $(seq 60); do [ $(xwininfo -root -children | grep -c '"xterm"\\|"xev"\\|"xeyes"') = 3 ] && break; sleep 1; done
xdpyinfo | grep dimensions
"""
COLOUR_SLACK = 2        # between ways to make 8 bits of 5
TERMINAL, KEYS_WINDOW, CORNER = (100, 100), (500, 80), (600, 440)
TEXT = "Hello, World 0123456789 {}[]|~@#$%^&*()_+-=;:'\"<>,.?/`\\ zyxZYX"
MODIFIERS = ["Shift_L", "Shift_R", "Control_L", "Control_R", "Alt_L", "Alt_R", "Super_L", "Super_R", "Caps_Lock",
             "Num_Lock"]


def install_module():
    path = os.path.join(os.path.dirname(HERE), "install", "run")
    loader = importlib.machinery.SourceFileLoader("install_run", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("install_run", loader))
    loader.exec_module(module)
    return module


INSTALL = install_module()
SLOWNESS = INSTALL.SLOWNESS


def check(condition, what):
    if not condition:
        raise INSTALL.Failure(what)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Guest:
    """One run of the installed system, with or without a card."""

    def __init__(self, job, name, options, display="none"):
        self.job, self.name = job, name
        job.port, self.vnc = free_port(), free_port()
        ours, other = socket.socketpair()
        line = f"console=ttyS0 root={job.disk}1 systemd.default_device_timeout_sec=900"
        log = job.path(f"xorg-{name}.log")
        self.process = subprocess.Popen(
            [*job.emulator(False, job.path("xorg.qcow2")), "-name", name, "-kernel", job.path("boot-vmlinu"), "-initrd",
             job.path("boot-initrd"), "-append", line, "-serial", f"file:{log}.console", "-display", display,
             "-chardev", f"socket,id=q,fd={other.fileno()}", "-mon", "chardev=q,mode=control",
             "-vnc", f"127.0.0.1:{self.vnc - 5900}", *options],
            env=x11.ENV or None, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL, stdout=open(log, "wb"),
            stderr=subprocess.STDOUT)
        other.close()
        self.qmp = Qmp(ours, 60).negotiate()

    def ssh(self, line, **more):
        return self.job.ssh(line, **more)

    def off(self):
        self.ssh("sync; systemctl poweroff || true")
        self.process.wait(120 * SLOWNESS)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def pointer(self):
        found = re.search(r"x:(\d+) y:(\d+)", self.ssh("DISPLAY=:0 xdotool getmouselocation"))
        return int(found[1]), int(found[2])


def prepare(job):
    """The overlay, with X installed."""
    if os.path.exists(job.path("xorg.done")):
        return
    INSTALL.say("installing X in an overlay")
    INSTALL.command("qemu-img", "create", "-q", "-f", "qcow2", "-b", "disk.qcow2", "-F", "qcow2", job.path("xorg.qcow2"))
    guest = Guest(job, "packages", [])
    try:
        guest.ssh("true", patience=900)
        guest.ssh(f"apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends {PACKAGES}")
        guest.off()
    finally:
        guest.kill()
    pathlib.Path(job.path("xorg.done")).touch()


# ---- what is seen ----

def ppm(data):
    head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
    return int(head[1]), int(head[2]), data[head.end():]


def differing(one, other, but, slack):
    """Dots that differ by more than slack, and the first of them; those within 48 of a place do not count."""
    check(one[:2] == other[:2], f"pictures of {one[:2]} and {other[:2]} dots")
    width, first, count = one[0], None, 0
    for y in range(one[1]):
        at, end = 3 * y * width, 3 * (y + 1) * width
        if one[2][at:end] == other[2][at:end]:
            continue
        for x in range(width):
            a, b = one[2][at + 3 * x:at + 3 * x + 3], other[2][at + 3 * x:at + 3 * x + 3]
            if a != b and max(abs(i - j) for i, j in zip(a, b)) > slack and (abs(x - but[0]) > 48 or abs(y - but[1]) > 48):
                first, count = first or (x, y), count + 1
    return count, first


def check_picture(guest, viewer, what):
    """What the guest's X has drawn is what our screendump and the window show."""
    place = guest.pointer()
    xwd = guest.job.path(f"xorg-{guest.name}.xwd")
    guest.ssh("DISPLAY=:0 xwd -root -silent >/root/screen.xwd; gzip -f /root/screen.xwd")
    with open(xwd + ".gz", "wb") as out:
        out.write(bytes.fromhex(guest.ssh("od -An -v -tx1 /root/screen.xwd.gz | tr -d ' \\n'")))
    subprocess.run(["gzip", "-df", xwd + ".gz"], check=True)
    with open(xwd, "rb") as data:
        width, height = struct.unpack(">6I", data.read(24))[4:]
    drawn = (width, height, subprocess.run(["convert", "xwd:" + xwd, "-depth", "8", "rgb:-"], capture_output=True,
                                           check=True).stdout)
    dump = guest.job.path(f"xorg-{guest.name}.ppm")
    guest.qmp.cmd("screendump", {"filename": dump})
    with open(dump, "rb") as data:
        shown = ppm(data.read())
    wrong = differing(drawn, shown, place, COLOUR_SLACK)
    check(not wrong[0], f"screendump: {wrong[0]} dots are not what X has drawn, first at {wrong[1]}")
    image = x11.picture(viewer)
    subprocess.run(["import", "-silent", "-window", "root", guest.job.path(f"xorg-{guest.name}-{what}.png")],
                   env=x11.ENV, check=True, timeout=60)
    wrong = differing(drawn, image, place, COLOUR_SLACK)
    check(not wrong[0], f"{what}: {wrong[0]} dots are not what X has drawn, first at {wrong[1]}")


# ---- pointers and keys ----

def move(window, x, y):
    x11.tool("xdotool", "mousemove", "--window", window, str(x), str(y))


def until_pointer(guest, x, y, slack, what):
    end = time.monotonic() + 10 * SLOWNESS
    while True:
        at = guest.pointer()
        if abs(at[0] - x) <= slack and abs(at[1] - y) <= slack:
            return at
        check(time.monotonic() < end, f"{what}: the guest's pointer is at {at[0]},{at[1]} and not at {x},{y}")


def check_tablet(guest, window, size, what):
    worst = 0
    for x, y in ((size[0] // 2, size[1] // 2), (0, 0), (size[0] - 1, size[1] - 1), (123, 77), (size[0] - 7, 201), CORNER):
        move(window, x, y)
        at = until_pointer(guest, x, y, 2, what)
        worst = max(worst, abs(at[0] - x), abs(at[1] - y))
    return f"pointer within {worst}"


def check_mouse(guest, window, what):
    """As far as the host's: the guest's pointer has a place of its own."""
    move(window, 300, 200)
    time.sleep(1)
    x, y = guest.pointer()
    for dx, dy in ((40, 0), (0, 25), (-70, -60), (33, 44), (1, -1)):
        x11.tool("xdotool", "mousemove_relative", "--", str(dx), str(dy))
        x, y = x + dx, y + dy
        x, y = until_pointer(guest, x, y, 1, what)


def check_keys(guest, window, what):
    guest.ssh(": >/root/xev.log; : >/root/typed")
    x11.focus(window)
    x11.tool("xdotool", "type", "--delay", "40", TEXT)
    x11.tool("xdotool", "key", "Return")
    end = time.monotonic() + 20 * SLOWNESS
    while (got := guest.ssh("cat /root/typed").replace("\0", "")) != TEXT + "\n":
        check(time.monotonic() < end, f"{what}: the terminal read {got!r}")
        time.sleep(0.5)


def check_modifiers(guest, window, what):
    x11.focus(window)
    for name in MODIFIERS:
        for _ in range(2 if name.endswith("_Lock") else 1):     # and back
            x11.tool("xdotool", "key", name)
    x11.tool("xdotool", "keydown", "shift", "keydown", "ctrl", "key", "Right", "keyup", "ctrl", "keyup", "shift")
    end = time.monotonic() + 20 * SLOWNESS
    while True:
        log = guest.ssh("cat /root/xev.log")
        seen = re.findall(r"(KeyPress|KeyRelease) event.*\n.*\n\s+state (0x\w+), keycode \d+ \(keysym \w+, (\w+)\)", log)
        lacking = [(kind, name) for name in MODIFIERS for kind in ("KeyPress", "KeyRelease")
                   if not any(s[0] == kind and s[2] == name for s in seen)]
        if not lacking and ("KeyPress", "0x5", "Right") in seen:
            return
        check(time.monotonic() < end, f"{what}: these did not come: {lacking}, of {seen}")
        time.sleep(0.5)


def use(guest, window, size, what):
    """Everything with the tablet, in one kind of window."""
    told = check_tablet(guest, window, size, what)
    check_picture(guest, window, what)
    move(window, *TERMINAL)
    until_pointer(guest, *TERMINAL, 2, what)
    check_keys(guest, window, what)
    move(window, *KEYS_WINDOW)
    until_pointer(guest, *KEYS_WINDOW, 2, what)
    check_modifiers(guest, window, what)
    INSTALL.say(f"{guest.name}, {what}: picture, {told}, keys and modifiers")


class Viewer:
    """Debian's VNC viewer."""

    def __init__(self, guest):
        self.process = subprocess.Popen(
            ["xtigervncviewer", "-RemoteResize=0", "-PreferredEncoding=Raw", "-AutoSelect=0", "-FullColor=1",
             f"127.0.0.1::{guest.vnc}"], env=x11.ENV, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.window = self.find(f"Valletta ({guest.name}) - TigerVNC")
        x11.focus(self.window)

    def find(self, title):
        end = time.monotonic() + 20 * SLOWNESS
        while True:
            done = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", f"^{re.escape(title)}"], env=x11.ENV,
                                  capture_output=True, text=True, check=False, timeout=30)
            if done.stdout.split():
                return done.stdout.split()[0]
            check(time.monotonic() < end, "no window of the VNC viewer")
            time.sleep(0.3)

    def close(self):
        self.process.terminate()
        self.process.wait(20)


def in_window(guest, size):
    title = f"Valletta - {guest.name} [running]"
    window = x11.window(title)
    x11.tool("xdotool", "windowmove", window, "20", "40")
    use(guest, window, size, "window")
    guest.qmp.cmd("device_del", {"id": "tablet"})
    x11.focus(window)
    move(window, 300, 200)
    x11.tool("xdotool", "click", "1")           # catches the mouse
    x11.window(title + " - Ctrl-Alt-g releases mouse and keyboard")
    check_mouse(guest, window, "window, PS/2")
    x11.tool("xdotool", "key", "ctrl+alt+g")
    x11.window(title)
    x11.tool("xdotool", "windowminimize", window)


def in_viewer(guest, size):
    viewer = Viewer(guest)
    try:
        check_mouse(guest, viewer.window, "VNC viewer, PS/2")
        INSTALL.say(f"{guest.name}: PS/2 mouse in both")
        guest.qmp.cmd("device_add", {"driver": "usb-tablet", "id": "tablet"})
        time.sleep(5 * SLOWNESS)                # until X has opened it
        use(guest, viewer.window, size, "VNC viewer")
    finally:
        viewer.close()


def try_card(job, name):
    options, width, height, driver = CARDS[name]
    guest = Guest(job, name, [*options, "-usb", "-device", "usb-tablet,id=tablet"], "sdl")
    try:
        guest.ssh("true", patience=900)
        said = guest.ssh("sh -s", text=START)
        check(f"{width}x{height}" in said, f"{name}: X says {said!r}")
        log = guest.ssh("cat /var/log/Xorg.0.log")
        check(f"{driver}(0)" in log, f"{name}: X uses another driver than {driver}")
        in_window(guest, (width, height))
        in_viewer(guest, (width, height))
        guest.off()
    finally:
        guest.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("valletta")
    parser.add_argument("folder")
    parser.add_argument("--only", choices=sorted(CARDS), action="append")
    parser.add_argument("--arch", choices=("mipsel", "mips64el"), default="mipsel")
    parser.add_argument("--bus", choices=("virtio", "ide"), default="virtio")
    options = parser.parse_args()
    job = INSTALL.Install(options.valletta, options.folder, options.arch, options.bus)
    lacking = x11.missing() or next((n for n in ("xtigervncviewer", "convert") if not INSTALL.shutil.which(n)), None)
    if lacking or not os.path.exists(job.path("boot-vmlinu")):
        print(f"xorg: {lacking} is not installed" if lacking else f"xorg: {job.folder} has no guest (tests/install/run)",
              file=sys.stderr)
        return 1
    failed = 0
    prepare(job)
    servers = x11.x_server(pathlib.Path(job.folder), "1600x1200")
    try:
        for name in options.only or CARDS:
            try:
                try_card(job, name)
            except Exception:           # pylint: disable=broad-except
                failed += 1
                traceback.print_exc()
    finally:
        for server in reversed(servers):
            server.terminate()
            server.wait(10)
    INSTALL.say("all of it holds" if not failed else f"{failed} cards failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
