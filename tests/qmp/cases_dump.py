# SPDX-License-Identifier: GPL-2.0-or-later
"""dump-guest-memory, as binutils and gdb read it."""
import os
import shutil
import struct
import subprocess

from client import Machine

CASES = []
MIB = 1 << 20
SIZE = 272 * MIB        # more than what is below the hole of the Malta's map


def case(function):
    CASES.append(function)
    return function


def tool(*line):
    return subprocess.run(line, capture_output=True, text=True, check=True, timeout=60).stdout


def loads(path):
    """(offset, vaddr, paddr, size) of each PT_LOAD."""
    rows = [line.split() for line in tool("readelf", "-lW", path).splitlines() if line.strip().startswith("LOAD")]
    return [tuple(int(word, 16) for word in row[1:5]) for row in rows]


def filled(path):
    with open(path, "wb") as out:
        out.truncate(SIZE)
        for at in (0x1234, *range(0, SIZE, MIB // 2), SIZE - 16):
            out.seek(at)
            out.write(b"at %013x" % at)


def check_memory(core, ram):
    """The segments are the whole RAM, in its order; a kibibyte in each half mebibyte and the end."""
    done = 0
    with open(core, "rb") as dump, open(ram, "rb") as memory:
        for offset, vaddr, paddr, size in loads(core):
            for at in (*range(0, size, MIB // 2), size - 1024):
                dump.seek(offset + at)
                memory.seek(done + at)
                assert dump.read(1024) == memory.read(1024), hex(paddr + at)
            if paddr < 512 * MIB:
                assert vaddr & 0xFFFFFFFF == 0x80000000 + paddr
            done += size
    assert done == SIZE


def machine(env, ram, word, order):
    firmware = os.path.join(env["folder"], "loop")
    with open(firmware, "wb") as out:
        out.write(struct.pack("<II" if order == "little" else ">II", 0x1000FFFF, 0) * 512)
    line = [env["program"], "-M", f"malta,endian={order},memory-backend=m", "-bios", firmware, "-nodefaults"]
    return Machine(*line, "-cpu", "24Kc" if word == 32 else "5Kc", "-m", "272", "-object",
                   f"memory-backend-file,id=m,size=272M,mem-path={ram},share=on", "-S")


@case
def cores_of_the_guest(env):
    ram, core = (os.path.join(env["folder"], name) for name in ("ram", "core"))
    filled(ram)
    for word, order in ((32, "little"), (64, "big")):
        with machine(env, ram, word, order) as m:
            qmp = m.qmp.negotiate()
            qmp.cmd("dump-guest-memory", {"paging": False, "protocol": f"file:{core}"})
            result = qmp.event("DUMP_COMPLETED")["data"]["result"]
            assert result == {"status": "completed", "completed": SIZE, "total": SIZE} == qmp.cmd("query-dump")
            check_memory(core, ram)
            header = tool("readelf", "-hW", core)
            assert f"ELF{word}" in header and f"{order} endian" in header and "CORE" in header and "MIPS" in header
            assert "NT_PRSTATUS" in tool("readelf", "-n", core)
            if shutil.which("gdb-multiarch"):
                text = tool("gdb-multiarch", "-nx", "-batch", "-ex", f"core-file {core}", "-ex", "p/x (unsigned)$pc",
                            "-ex", "x/s 0x80001234", "-ex", "p/x (unsigned)$sr")
                assert "0xbfc00000" in text and '"at 0000000001234' in text, text
                assert f"{int(qmp.hmp('p $status'), 0):#x}" in text, text
    os.unlink(ram)
    os.unlink(core)


@case
def dumps_to_descriptors(env):
    with Machine(*env["malta"], "-m", "4") as m:
        qmp = m.qmp.negotiate()
        ours, theirs = os.pipe()
        qmp.cmd("getfd", {"fdname": "pipe"}, fds=[theirs])
        os.close(theirs)
        # Nobody reads yet: the monitor goes on, the guest stands.
        qmp.cmd("dump-guest-memory", {"paging": False, "protocol": "fd:pipe", "detach": True})
        assert qmp.cmd("query-dump")["status"] == "active" and not qmp.cmd("query-status")["running"]
        assert "in process" in qmp.error("dump-guest-memory", {"paging": False, "protocol": "file:/dev/null"})
        with os.fdopen(ours, "rb") as reader:
            data = reader.read()
        assert data[:4] == b"\x7fELF" and len(data) > 4 * MIB
        assert qmp.event("DUMP_COMPLETED")["data"]["result"]["status"] == "completed"
        assert qmp.cmd("query-status")["running"]
        # A reader that goes is an error, and a range is what was asked for.
        ours, theirs = os.pipe()
        qmp.cmd("getfd", {"fdname": "pipe"}, fds=[theirs])
        os.close(theirs)
        os.close(ours)
        assert "Broken pipe" in qmp.error("dump-guest-memory", {"paging": False, "protocol": "fd:pipe"})
        assert qmp.cmd("query-dump")["status"] == "failed" and qmp.cmd("query-status")["running"]
        core = os.path.join(env["folder"], "core")
        qmp.cmd("dump-guest-memory", {"paging": False, "protocol": f"file:{core}", "begin": 0x1800, "length": 0x20000})
        assert [load[1:] for load in loads(core)] == [(0x80001800, 0x1800, 0x20000)]
        os.unlink(core)
