# SPDX-License-Identifier: GPL-2.0-or-later
"""U-Boot from flash to its prompt, in each byte order and word size."""
import guest
from console import Console, Failure

# U-Boot's flash driver tries chips of 8 and 16 bits, and AMD's reset command, on a bus that
# has two of 16 bits with one write strobe and Intel's commands.
UBOOT_QUIRKS = (r"cfi-flash: write of [12] bytes", r"cfi-flash: unknown command 0xf0")
PCI_IDS = ("0x11ab     0x4620", "0x8086     0x7110", "0x8086     0x7111", "0x8086     0x7113")


class Uboot:
    """No option tells the byte order: the image does."""

    def __init__(self, name, image, prompt, cpu=None):
        self.name, self.image, self.prompt, self.cpu, self.seconds = name, image, prompt, cpu, 5
        self.high = "ffffffff" if cpu else ""           # of a kseg address, in 64 bits

    def ask(self, console, line, *answers):
        console.say(line)
        for answer in answers:
            console.wait_for(answer, 10)
        console.wait_for(self.prompt, 10)

    def start(self, context, *options):
        command = [context.valletta, "-M", "malta", "-m", "256", "-bios", self.image(), "-nographic", *options]
        return Console(self.name, command + (["-cpu", self.cpu] if self.cpu else []), context.folder, UBOOT_QUIRKS)

    def until_prompt(self, console):
        console.wait_for("U-Boot 2", 10)
        console.wait_for("DRAM:  256 MiB", 10)
        console.wait_for("Flash: 4 MiB", 10)
        console.wait_for(self.prompt, 20)

    def run(self, context):
        console = self.start(context)
        try:
            self.until_prompt(console)
            self.ask(console, "version", "gcc")
            self.ask(console, "pci", *PCI_IDS)
            self.ask(console, "flinfo", "CFI conformant flash (32 x 16)  Size: 4 MB in 32 Sectors")
            self.write_flash(console)
            console.say("reset")
            self.until_prompt(console)
            self.ask(console, f"md.l {self.high}be3e0000 2", ": a1b2c3d4 a1b2c3d4")     # flash outlives a reset
            console.type("\x01x")
            console.expect_end()
        finally:
            console.close()

    def write_flash(self, console):
        """Erase a sector, copy from RAM into it, compare."""
        ram, flash, last = (self.high + address for address in ("81000000", "be3e0000", "be3fffff"))
        self.ask(console, f"mw.l {ram} a1b2c3d4 100")
        self.ask(console, f"protect off {flash} {last}", "Un-Protected 1 sectors")
        self.ask(console, f"erase {flash} {last}", "Erased 1 sectors")
        self.ask(console, f"cp.b {ram} {flash} 400", "done")
        self.ask(console, f"cmp.b {ram} {flash} 400", "were the same")


class UbootNoReboot(Uboot):
    """The FPGA's softreset ends the process under -no-reboot."""

    def run(self, context):
        console = self.start(context, "-no-reboot")
        try:
            self.until_prompt(console)
            console.say("reset")
            console.expect_end()
            if console.text.count("U-Boot 2") != 1:
                raise Failure("it started again in spite of -no-reboot")
        finally:
            console.close()


CASES = [
    Uboot("uboot-maltael", lambda: guest.packaged_uboot("maltael"), "maltael # "),
    Uboot("uboot-malta64el", lambda: guest.packaged_uboot("malta64el"), "maltael # ", cpu="5KEc"),
    Uboot("uboot-malta", lambda: guest.built("uboot", "malta"), "malta # "),
    Uboot("uboot-malta64", lambda: guest.built("uboot", "malta64"), "malta # ", cpu="5KEc"),
    UbootNoReboot("uboot-maltael-no-reboot", lambda: guest.packaged_uboot("maltael"), "maltael # "),
]
