# SPDX-License-Identifier: GPL-2.0-or-later
"""Linux to its marker and a clean end: Debian's kernels, ours of big endian, the installers."""
import time

import guest
from console import Console, Failure

MARKER, CHECKS = "GUEST-UP", "CHECKS PASSED"
# What Linux does on a Malta that the manuals forbid or that leads nowhere, and why it is so.
LINUX_QUIRKS = ()


class Boot:
    """A kernel with our initramfs: to the marker with all checks passed, then as `ending` says."""

    def __init__(self, name, kernel, target, cpu=None, options=(), append="", ending=None, seconds=12, ram="256"):
        self.name, self.kernel, self.target, self.cpu = name, kernel, target, cpu
        self.options, self.append, self.ending = options, append, ending or power_off
        self.seconds, self.ram = seconds, ram

    def start(self, context, kernel=None):
        command = [context.valletta, "-M", "malta", "-m", self.ram, "-kernel", kernel or self.kernel(),
                   "-initrd", guest.initramfs(self.target, context.folder),
                   "-append", f"console=ttyS0 {self.append}", "-nographic", *self.options]
        if self.cpu:
            command += ["-cpu", self.cpu]
        return Console(self.name, command, context.folder, LINUX_QUIRKS)

    def run(self, context):
        console = self.start(context)
        try:
            console.wait_for(CHECKS, self.seconds * 4)
            console.wait_for(MARKER, self.seconds)
            self.ending(console)
        finally:
            console.close()


def prompt(console):
    console.wait_for("guest> ", 10)
    console.say("echo over the wire")
    console.wait_for("[over the wire]", 10)
    console.wait_for("guest> ", 10)


def power_off(console):
    prompt(console)
    console.say("off")
    console.wait_for("reboot: Power down", 10)
    console.expect_end()


def reboot(console):
    """With -no-reboot the softreset is the end."""
    prompt(console)
    console.say("reboot")
    console.wait_for("reboot: Restarting system", 10)
    console.expect_end()


def boot_twice(console):
    prompt(console)
    console.say("reboot")
    console.wait_for("reboot: Restarting system", 10)
    console.wait_for("Linux version", 20)
    console.wait_for(CHECKS, 50)
    console.wait_for(MARKER, 10)
    power_off(console)


def stay_after_power_off(console):
    """With -no-shutdown the machine stops and its monitor still answers."""
    prompt(console)
    console.say("off")
    console.wait_for("reboot: Power down", 10)
    console.quiet_for(2)
    if console.ended:
        console.complain("ended in spite of -no-shutdown")
    console.type("\x01c")
    console.wait_for("(valletta) ", 10)
    console.say("info status")
    console.wait_for("paused (shutdown)", 10)
    console.say("quit")
    console.expect_end()


def rtc_date(console):
    """-rtc base= is what the kernel reads from the RTC, and takes for its own time."""
    if "RTC 2031-07-09 " not in console.text:
        console.complain("the RTC does not have the date of -rtc base=")
    console.say("date")
    console.wait_for("DATE ", 10)
    console.wait_for("2031", 10)
    power_off(console)


class Installer:
    """Debian's installer: its first dialog, a choice in it by keyboard, the next dialog."""

    def __init__(self, name, port, ram, cpu=None):
        self.name, self.port, self.ram, self.cpu, self.seconds = name, port, ram, cpu, 100

    def run(self, context):
        command = [context.valletta, "-M", "malta", "-m", self.ram, "-kernel", guest.debian(self.port, "vmlinuz-*"),
                   "-initrd", guest.debian(self.port, "initrd.gz"), "-append", "console=ttyS0", "-nographic"]
        console = Console(self.name, command + (["-cpu", self.cpu] if self.cpu else []), context.folder, LINUX_QUIRKS)
        try:
            console.wait_for("Select a language", 150)
            console.wait_for("English", 30)
            console.quiet_for(3)
            at = len(console.text)
            console.type("\x1b[A")
            console.wait_for("\x1b[", 20)           # the chosen line moves: something is drawn anew
            console.quiet_for(2)
            if len(console.text) == at:
                raise Failure("the cursor key changed nothing on the screen")
            console.type("\x1b[B")
            console.quiet_for(2)
            console.type("\r")
            console.wait_for("Select your location", 60)
            console.type("\x01x")
            console.expect_end()
        finally:
            console.close()


class SharedHost(Boot):
    """A kernel that is itself a KVM host: a guest within the guest."""

    def __init__(self):
        super().__init__("kvm-te-host", None, None, seconds=25)

    def run(self, context):
        command = [context.valletta, "-M", "malta", "-m", "256", "-kernel", guest.shared("vmlinux-te-host"),
                   "-initrd", guest.shared("initramfs-mipsel.cpio.gz"), "-append", "console=ttyS0 mode=kvm",
                   "-nographic"]
        console = Console(self.name, command, context.folder, LINUX_QUIRKS)
        try:
            for marker in ("BOOT-OK", "KVM-RUN-OK", "KVM-DONE", "Power down"):
                console.wait_for(marker, self.seconds)
            console.expect_end()
        finally:
            console.close()


def uptime(console):
    """(the host's time, the guest's) in seconds."""
    console.say("echo UP=$(cut -d' ' -f1 /proc/uptime)=")
    console.wait_for("\nUP=", 10)
    there = time.monotonic()
    console.wait_for("=", 10)
    return there, float(console.text[:console.mark - 1].rsplit("UP=", 1)[1])


def check_rate(console, seconds):
    """The guest's clock runs at the host's rate: within 1 %."""
    here, there = uptime(console)
    console.quiet_for(seconds)
    here_later, there_later = uptime(console)
    ratio = (there_later - there) / (here_later - here)
    if not 0.99 < ratio < 1.01:
        console.complain(f"the guest's clock runs at {ratio:.3f} of the host's rate")


class TrapAndEmulateGuest(Boot):
    """A kernel linked at 0x40100000, made to be a trap-and-emulate guest: it runs without KVM."""

    def __init__(self):
        super().__init__("kvm-te-guest", None, None, seconds=85)

    def run(self, context):
        command = [context.valletta, "-M", "malta,accel=kvm,kvm-type=TE", "-m", "128", "-kernel",
                   guest.trap_and_emulate_guest(), "-initrd", guest.shared("initramfs-mipsel.cpio.gz"), "-append", "console=ttyS0 mode=shell",
                   "-nographic", "-no-reboot"]
        console = Console(self.name, command, context.folder,
                          (*LINUX_QUIRKS, "^valletta: warning: -accel kvm: "))
        try:
            console.wait_for("warning: -accel kvm: ", 10)
            console.wait_for("with trap-and-emulate segments", 10)
            console.wait_for("BOOT-OK", self.seconds)
            console.wait_for("/ #", 10)
            check_rate(console, 60)
            console.say("echo $((40 + 2)) && reboot -f")
            console.wait_for("42", 10)
            console.wait_for("Restarting system", 10)
            console.expect_end()
        finally:
            console.close()


class SharedMini(Boot):
    """The same kernels with an init that was not made here."""

    def run(self, context):
        command = [context.valletta, "-M", "malta", "-kernel", self.kernel(), "-initrd",
                   guest.shared(f"initramfs-mini-{self.target}.cpio.gz"), "-append", "console=ttyS0 mode=shell",
                   "-nographic"]
        console = Console(self.name, command, context.folder, LINUX_QUIRKS)
        try:
            console.wait_for("BOOT-OK", self.seconds * 2)
            console.wait_for("> ", 10)
            console.say("hello there")
            console.wait_for("echo:hello there", 10)
            console.say("off")
            console.wait_for("Power down", 10)
            console.expect_end()
        finally:
            console.close()


def typed_keys(console):
    """What the monitor's sendkey presses is what Linux's virtual terminal reads: both shifts, AltGr's neighbour Ctrl,
    the key pad with and without Num Lock, and a key that is taken back."""
    prompt(console)
    console.say("keys")
    console.wait_for("reading keys", 10)
    console.type("\x01c")
    console.wait_for("(valletta) ", 10)
    for keys in ("shift-h", "e", "l", "l 1", "o", "spc", "shift_r-4", "minus", "kp_subtract", "x", "backspace",
                 "caps_lock", "q", "caps_lock", "0x2c", "num_lock", "kp_7", "num_lock", "ret"):
        console.say("sendkey " + keys)
        console.wait_for("(valletta) ", 10)
    console.type("\x01c")
    console.wait_for("KEYS [Hello $--Qz7]", 20)
    power_off(console)


def debian(port):
    return lambda: guest.debian(port, "vmlinuz-*")


def built(name):
    return lambda: guest.built("kernel", name)


CASES = [
    Installer("installer-mipsel", "mipsel", "256"),
    Installer("installer-mips64el", "mips64el", "512"),
    Boot("debian-4kc-24Kf", debian("mipsel"), "le32", cpu="24Kf"),
    Boot("debian-4kc-4KEc-reboot", debian("mipsel"), "le32", cpu="4KEc", options=("-no-reboot",), ending=reboot),
    Boot("debian-4kc-2G-rtc", debian("mipsel"), "le32", options=("-rtc", "base=2031-07-09T12:00:00"),
         ending=rtc_date, ram="2G"),
    Boot("debian-4kc-keyboard", debian("mipsel"), "le32", ending=typed_keys),
    Boot("debian-5kc-generic", debian("mips64el"), "le64", cpu="MIPS64R2-generic", seconds=15),
    Boot("debian-5kc-5KEc", debian("mips64el"), "le64", cpu="5KEc", seconds=15, options=("-no-reboot",),
         ending=reboot, ram="512"),
    Boot("debian-5kc-o32-user", debian("mips64el"), "le32", seconds=15),
    Boot("be32", built("be32"), "be32", seconds=6, cpu="24Kf"),
    Boot("be32-boot-twice", built("be32"), "be32", seconds=6, ending=boot_twice, cpu="34Kf"),
    Boot("be32-no-reboot", built("be32"), "be32", seconds=6, options=("-no-reboot",), ending=reboot, cpu="74Kf"),
    Boot("be32-no-shutdown", built("be32"), "be32", seconds=6, options=("-no-shutdown",),
         ending=stay_after_power_off, cpu="M14Kc"),
    Boot("be32-P5600", built("be32"), "be32", seconds=6, cpu="P5600", ram="512"),
    Boot("be64", built("be64"), "be64", seconds=8),
    Boot("be64-o32-user", built("be64"), "be32", seconds=8, cpu="5KEf"),
    Boot("be64-boot-twice", built("be64"), "be64", seconds=8, ending=boot_twice, cpu="5KEc", ram="2G"),
    SharedHost(),
    TrapAndEmulateGuest(),
    SharedMini("be32-mini", built("be32"), "be32", seconds=6),
    SharedMini("be64-mini", built("be64"), "be64", seconds=8),
]
