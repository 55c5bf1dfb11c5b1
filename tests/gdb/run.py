#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py VALLETTA BUILDDIR [--only REGEX]

The gdb server: the protocol by hand, and Debian's gdb, on a program for each kind of CPU and both
engines. TAP on standard output.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time
import traceback

here = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, here)
import cases_devices
import cases_gdb
import cases_kernel
import cases_protocol
from rsp import Machine, Rsp

O32 = ["-mabi=32", "-march=mips32r2", "-mfp32", "-Wl,--defsym=BASE=0x80100000"]
N64 = ["-mabi=64", "-march=mips64r2", "-msym32", "-Wl,--defsym=BASE=0xffffffff80100000"]
TARGETS = {"le32": ("mipsel-linux-gnu-gcc", O32), "be32": ("mips-linux-gnu-gcc", O32),
           "le64": ("mips64el-linux-gnuabi64-gcc", N64), "be64": ("mips64-linux-gnuabi64-gcc", N64)}
ENGINES = {"jit": "tcg", "interpreter": "tcg,interpreter=on", "tier1": "tcg,tier2=off"}


def build(target, out):
    """The program for target, or None without its compiler."""
    cc, flags = TARGETS[target]
    if not shutil.which(cc):
        return None
    source = os.path.join(here, "guest")
    elf = os.path.join(out, target)
    subprocess.run([cc, *flags, "-g", "-O1", "-G0", "-mno-abicalls", "-fno-pic", "-static", "-no-pie",
                    "-ffreestanding", "-nostdlib", "-fno-stack-protector", "-Wall", "-Werror", "-Wl,-N",
                    "-Wl,--build-id=none", "-Wl,-z,noexecstack", "-Wl,-T," + source + "/guest.ld",
                    source + "/start.S", source + "/debug.c", "-o", elf], check=True)
    return elf


class Start:
    """Starts machines with the program for a target on an engine."""
    def __init__(self, valletta, target, elf, engine):
        self.valletta, self.target, self.elf, self.engine = valletta, target, elf, engine

    def __call__(self, *args, **more):
        return Machine(self.valletta, self.elf, "-accel", ENGINES[self.engine], *args, **more)


def with_gdb(start):
    with start() as m:
        cases_gdb.session(m, start.elf)


def with_kernel(start, symbols, folder, label):
    start.console = os.path.join(folder, label + ".log")
    cases_kernel.session(start, symbols, folder)


def kernel_jobs(o):
    for target in TARGETS:
        files = cases_kernel.kept(target)
        for engine in ("jit", "interpreter"):
            label = f"kernel.{target}.{engine}"
            if not files or not shutil.which("gdb-multiarch"):
                yield label, None, "no gdb-multiarch" if files else \
                    f"no {target} kernel is kept yet: tests/boot/kernel/build.sh {target} makes it"
                continue
            yield label, lambda s, f=files[1], n=label: with_kernel(s, f, o.builddir, n), \
                Start(o.valletta, target, files[0], engine)


def code_of(start, out, gdb):
    """What is translated while the program goes round, host addresses left out."""
    log = os.path.join(out, f"code-{start.target}-{gdb}")
    with start("-d", "in_asm,out_asm", "-D", log, stopped=gdb) as m:
        if gdb:
            c = Rsp(m.gdb)
            assert c.ask(f"Z0,{m.symbols['leaf'] & 0xffffffff:x},4") == "OK"
            assert c.ask(f"z0,{m.symbols['leaf'] & 0xffffffff:x},4") == "OK"
            assert c.ask("D") == "OK"
        time.sleep(0.5)
    text = open(log, encoding="utf-8").read()
    os.remove(log)
    blocks = re.split(r"^(?=IN: pc)", text, flags=re.M)[1:]
    host = re.compile(r"^  [0-9a-f]{6,} |0x[0-9a-f]{9,12}(?![0-9a-f])|\[rip[^\]]*\]", re.M)
    return {host.sub("HOST", b) for b in blocks}


def same_code(start, out):
    """A guest that is served but has no breakpoints runs the code that it runs without a server."""
    with_server, without = code_of(start, out, True), code_of(start, out, False)
    assert len(without) > 20, len(without)
    different = with_server ^ without
    assert not different, sorted(different)[:2]


def random_packets(start):
    p = subprocess.run([os.path.join(here, "fuzz.py"), start.valletta, start.elf, "--runs", "60"],
                       capture_output=True, text=True, timeout=120)
    assert p.returncode == 0, p.stdout + p.stderr


def jobs(o, elves):
    for target, elf in elves.items():
        for engine in ("jit", "interpreter"):
            label = f"gdb-multiarch.{target}.{engine}"
            if not elf or not shutil.which("gdb-multiarch"):
                yield label, None, "no " + (TARGETS[target][0] if not elf else "gdb-multiarch")
                continue
            yield label, with_gdb, Start(o.valletta, target, elf, engine)
    for target, engine in (("le32", "jit"), ("be64", "interpreter"), ("be32", "interpreter"), ("le64", "jit")):
        if elves[target]:
            for func in cases_protocol.CASES:
                yield f"{func.__name__}.{target}.{engine}", func, Start(o.valletta, target, elves[target], engine)
        if elves[target]:
            yield f"random_packets.{target}", random_packets, Start(o.valletta, target, elves[target], engine)
    for func in cases_devices.CASES if elves["le64"] else []:
        yield f"{func.__name__}.le64", func, Start(o.valletta, "le64", elves["le64"], "jit")
    if elves["be32"]:
        yield "same_code.be32", lambda s: same_code(s, o.builddir), Start(o.valletta, "be32", elves["be32"], "tier1")


def run(job):
    label, func, start = job
    if not func:
        return label, "ok", " # SKIP " + start, ""
    try:
        func(start)
        return label, "ok", "", ""
    except cases_devices.Skip as skip:
        return label, "ok", " # SKIP " + str(skip), ""
    except Exception:
        return label, "not ok", "", traceback.format_exc()


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("valletta")
    ap.add_argument("builddir")
    ap.add_argument("--only", default="")
    o = ap.parse_args()
    os.makedirs(o.builddir, exist_ok=True)
    elves = {target: build(target, o.builddir) for target in TARGETS}
    todo = [j for j in [*kernel_jobs(o), *jobs(o, elves)] if re.search(o.only, j[0])]
    print(f"1..{len(todo)}")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for n, (label, result, skip, trace) in enumerate(pool.map(run, todo), 1):
            for line in trace.splitlines():
                print("#   " + line)
            print(f"{result} {n} - gdb/{label}{skip}", flush=True)
            failed += result != "ok"
    sys.exit(1 if failed else 0)


main()
