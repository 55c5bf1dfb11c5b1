#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py VALLETTA FOLDER [--host-emulator qemu|valletta|both] [--quick] [--budget MINUTES] [--only REGEX]

KVM on MIPS for real: an emulated Malta boots a Linux that is a KVM host (trap and emulate),
and in it our own program, cross-built before (make cross HOST=mipsel), uses its /dev/kvm.
Consoles are kept in FOLDER. TAP on standard output, progress in its comments."""
import argparse
import os
import re
import shutil
import sys
import time

from image import Failure, Parts, Skip, guest, kernel
from judge import CHECKS, ENDED, MARKER, Result, answered, booted, in_software, refused, tap, under_kvm
from console import BAD_LINE, SLOWNESS, Console

GUEST = '-m 64 -kernel /boot/te-guest -initrd /boot/initrd -nographic -no-reboot -append "console=ttyS0 panic=-1 {}"'
PLAIN = "-m 64 -kernel /boot/kseg0 -nographic -no-reboot"
RUN = "/bin/valletta -M malta,{} "
TE = RUN.format("accel=kvm,kvm-type=TE")
BEGIN = re.compile(r"^NESTED-BEGIN (\S+)\n", re.MULTILINE)
END = re.compile(r"^NESTED-END (\S+) rc=(\S+) cpu=([\d.]+) wall=([\d.]+)\n", re.MULTILINE)
# Of the machine that is not ours: a register of its PCI bridge.
OTHERS_TROUBLE = re.compile(r"\[Firmware Bug\]: .*invalid.*can't size")


class Case:
    """A command on the emulated host, and what is expected of it."""

    def __init__(self, name, seconds, command, judge):
        self.name, self.seconds, self.command, self.judge = name, seconds, command, judge


class Host:
    """An emulated machine's kernel, and the cases that are run on it, in one boot."""

    def __init__(self, name, make_kernel, cases, quick=True):
        self.name, self.make_kernel, self.cases, self.quick = name, make_kernel, cases, quick


BOOT_KVM = Case("boot-kvm", 120, TE + GUEST.format("mode=reboot"), under_kvm(booted(CHECKS, MARKER, ENDED)))
FIGURE_KVM = Case("figure-kvm", 60, TE + "-d kvm " + GUEST.format("mode=bench"), under_kvm(booted(MARKER, ENDED)))
FIGURE_TCG = Case("figure-tcg", 180, RUN.format("accel=tcg") + GUEST.format("mode=bench"),
                  booted(MARKER, ENDED))
QUERY = "-m 64 -kernel /boot/te-guest -S -nodefaults -display none -qmp stdio < /boot/qmp"
QUERY_KVM = Case("query-kvm", 30, TE + QUERY, answered('"enabled": true', '"present": true'))
KVM_TEST = Case("kvm-test", 120, "/bin/valletta-kvm-test", tap)

HOSTS = [
    Host("te-host", lambda: kernel("te-host"), [
        Case("refuse-vz", 20, RUN.format("accel=kvm,kvm-type=VZ") + GUEST.format("mode=reboot"),
             refused("VZ", "te-guest", "0x40")),
        Case("refuse-other-type", 20, RUN.format("accel=kvm,kvm-type=VZ") + PLAIN,
             refused("VZ", "kseg0", "0x80", "TE only", "accel=tcg")),
        Case("refuse-te", 20, TE + PLAIN, refused("TE", "kseg0", "0x80")),
        Case("plain-software", 30, RUN.format("accel=kvm") + PLAIN, in_software(booted("KSEG0-RAN"), "VZ")),
        KVM_TEST, QUERY_KVM, BOOT_KVM, FIGURE_KVM, FIGURE_TCG]),
    Host("no-kvm", lambda: guest.debian("mipsel", "vmlinuz-*"), [
        Case("fall-back", 240, TE + GUEST.format("mode=bench"),
             in_software(booted(MARKER, ENDED), "/dev/kvm")),
        Case("query-no-kvm", 30, TE + QUERY, answered('"enabled": false', '"present": false')),
        Case("no-fall-back", 20, "/bin/valletta -M malta,kvm-type=TE -accel kvm,fallback=off " +
             GUEST.format("mode=bench"), refused("/dev/kvm"))]),
    Host("te-host-nodyn", lambda: kernel("te-host-nodyn"), [KVM_TEST, BOOT_KVM, FIGURE_KVM], quick=False),
]


class Report:
    """TAP, numbered as it comes."""

    def __init__(self, budget):
        self.number, self.failed, self.start, self.budget = 0, 0, time.monotonic(), budget

    def seconds(self):
        return time.monotonic() - self.start

    def progress(self, text):
        print(f"# {self.seconds():5.0f} s  {text}", flush=True)

    def test(self, name, judge, *arguments):
        self.number += 1
        try:
            lines, skip = judge(*arguments), ""
            print(f"ok {self.number} - {name}")
        except Skip as reason:
            lines, skip = [], f" # SKIP {reason}"
            print(f"ok {self.number} - {name}{skip}")
        except Failure as failure:
            lines = str(failure).splitlines()
            self.failed += 1
            print(f"not ok {self.number} - {name}")
        for line in lines or ():
            print("#    " + line)
        sys.stdout.flush()

    def skip(self, name, reason):
        def judge():
            raise Skip(reason)
        self.test(name, judge)


class Run:
    """One boot of a host under one emulator."""

    def __init__(self, emulator, binary, host, parts, report, only):
        self.emulator, self.binary, self.host, self.parts, self.report = emulator, binary, host, parts, report
        self.name = f"{emulator}-{host.name}"
        self.cases = [case for case in host.cases if re.search(only, f"{self.name}/{case.name}")]
        self.results = {}

    def test_name(self, case):
        return f"{self.emulator}/{self.host.name}/{case.name}"

    def start(self):
        factor = SLOWNESS * (1 if self.emulator == "qemu" else 4)
        commands = [f"{case.name} {case.seconds * factor:.0f} {case.command}" for case in self.cases
                    if case is not KVM_TEST or self.parts.has_test]
        self.limit = sum(case.seconds for case in self.cases) * factor + 60 * factor
        command = [self.binary, "-M", "malta", "-cpu", "24Kf", "-m", "256", "-vga", "none", "-net", "none",
                   "-nographic", "-no-reboot", "-kernel", self.host.make_kernel(), "-initrd",
                   self.parts.initramfs(self.name, commands), "-append", "console=ttyS0 panic=-1"]
        return Console(self.name, command, self.parts.folder, log_guest=False)

    def collect(self, console):
        """Takes what has ended since it looked last, says what has begun."""
        while True:
            end = END.search(console.text, console.mark)
            begin = BEGIN.search(console.text, console.mark)
            if begin and begin.group(1) not in self.results and self.running != begin.group(1):
                self.running = begin.group(1)
                self.report.progress(f"{self.name}: {self.running}")
            if not end:
                return
            text = console.text[begin.end():end.start()] if begin else ""
            self.results[end.group(1)] = Result(text, end.group(2), float(end.group(3)), float(end.group(4)))
            self.between += console.text[console.mark:begin.start() if begin else end.start()]
            console.mark = end.end()

    def boot(self):
        console = self.start()
        self.running, self.between, end = None, "", time.monotonic() + self.limit
        self.report.progress(f"{self.name}: booting the host (console: {console.path})")
        try:
            while not console.ended and time.monotonic() < end:
                console.read_some(1)
                self.collect(console)
            if "NESTED-DONE" not in console.text:
                console.complain("the host ended early" if console.ended else "the host's time was up")
            for line in (self.between + console.text[console.mark:]).splitlines():
                if BAD_LINE.search(line) and not (self.emulator == "qemu" and OTHERS_TROUBLE.search(line)):
                    raise Failure(f"the host's console has: {line.strip()} ({console.path})")
        finally:
            console.close()

    def judge(self, case, trouble):
        if case is KVM_TEST and not self.parts.has_test:
            raise Skip("build-mipsel has no valletta-kvm-test")
        if case.name not in self.results:
            raise Failure(trouble or "the host did not run it")
        return case.judge(self.results[case.name])

    def figures(self):
        kvm, tcg = self.results.get("figure-kvm"), self.results.get("figure-tcg")
        if kvm and tcg and kvm.status == tcg.status == "0" and kvm.cpu > 0:
            print(f"# figures {self.name}: nested boot, CPU s of the host:  kvm {kvm.cpu:.2f}"
                  f"   software {tcg.cpu:.2f}   ratio {tcg.cpu / kvm.cpu:.2f}"
                  f"   (wall {kvm.wall:.2f} and {tcg.wall:.2f})", flush=True)
        if kvm and kvm.status == "0" and kvm.cpu > 0:
            self.exits(kvm)

    def exits(self, kvm):
        """How often the guest left KVM, by kind, in each second that the program used."""
        counts = re.search(r"KVM: CPU 0: (.*)", kvm.text)
        if counts:
            kinds = re.findall(r"(\d+) ([^;,\d]+)", counts.group(1))
            rates = ", ".join(f"{kind.strip()} {int(n) / kvm.cpu:.0f}" for n, kind in kinds)
            print(f"# figures {self.name}: for each CPU second: {rates}", flush=True)

    def all(self):
        trouble = None
        try:
            self.boot()
        except Failure as failure:
            trouble = str(failure)
        except Skip as skip:
            for case in self.cases:
                self.report.skip(self.test_name(case), str(skip))
            return
        for case in self.cases:
            self.report.test(self.test_name(case), self.judge, case, trouble)
        self.report.test(f"{self.emulator}/{self.host.name}/host-console", self.judge_host, trouble)
        self.figures()

    @staticmethod
    def judge_host(trouble):
        if trouble:
            raise Failure(trouble)


def emulators(options):
    """(name, program) of the machines that the hosts are booted on, the faster one first."""
    qemu = shutil.which("qemu-system-mipsel")
    both = [("qemu", qemu), ("valletta", os.path.abspath(options.valletta))]
    if options.host_emulator != "both":
        both = [pair for pair in both if pair[0] == options.host_emulator]
    elif options.quick:
        both = both[:1] if qemu else both[1:]
    return both


def run_all(options, report):
    os.makedirs(options.folder, exist_ok=True)
    for old in os.listdir(options.folder):
        if old.startswith("initramfs-"):
            os.unlink(os.path.join(options.folder, old))
    try:
        report.progress("making the host's initramfs")
        parts = Parts(os.path.abspath(options.folder))
    except Skip as skip:
        report.skip("everything", str(skip))
        return
    except Failure as failure:
        def fail(reason=failure):
            raise reason
        report.test("the host's initramfs", fail)
        return
    for name, binary in emulators(options):
        for host in HOSTS:
            run = Run(name, binary, host, parts, report, options.only)
            if not run.cases or (options.quick and not host.quick):
                continue
            if not binary:
                report.skip(run.name, "qemu-system-mipsel is not installed (scripts/setup.sh test)")
            elif options.budget and report.seconds() > options.budget * 60:
                report.skip(run.name, f"the budget of {options.budget} minutes is used up")
            else:
                run.all()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("valletta", help="the emulator, built for this machine")
    parser.add_argument("folder", help="where consoles and images are kept")
    parser.add_argument("--host-emulator", choices=("qemu", "valletta", "both"), default="both",
                        help="what the MIPS host is booted on")
    parser.add_argument("--quick", action="store_true",
                        help="one emulator (the faster) and no host without rewriting")
    parser.add_argument("--budget", type=float, metavar="MINUTES", help="begin no boot after this time")
    parser.add_argument("--only", default="", metavar="REGEX",
                        help="cases by their names, EMULATOR-HOST/CASE")
    options = parser.parse_args()
    report = Report(options.budget)
    run_all(options, report)
    print(f"1..{report.number}")
    report.progress(f"{report.number} tests, {report.failed} failed")
    return 1 if report.failed else 0


sys.exit(main())
