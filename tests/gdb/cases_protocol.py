# SPDX-License-Identifier: GPL-2.0-or-later
"""The protocol, by hand."""
import re
import socket
import time
from rsp import Machine, Rsp, View, frame

CASES = []


def case(func):
    CASES.append(func)
    return func


@case
def questions(start):
    with start() as m:
        c = View(m, start.target)
        said = c.ask("qSupported:multiprocess+;swbreak+;xmlRegisters=i386")
        for part in ("PacketSize=4000", "QStartNoAckMode+", "vContSupported+", "qXfer:features:read+"):
            assert part in said.split(";"), said
        assert c.ask("?").startswith("T05thread:1;")
        assert c.ask("vCont?") == "vCont;c;C;s;S;t;r"
        for question, answer in (("Hg0", "OK"), ("Hc-1", "OK"), ("Hg1", "OK"), ("Hg2", "E22"), ("Hx1", "E22"),
                                 ("qC", "QC1"), ("qfThreadInfo", "m1"), ("qsThreadInfo", "l"), ("T1", "OK"),
                                 ("T7", "E22"), ("qAttached", "1"), ("qAttached:1", "1"), ("qOffsets", ""),
                                 ("vMustReplyEmpty", ""), ("!", ""), ("", ""), ("qemu", ""),
                                 ("qqemu.PhyMemMode", "0"), ("qqemu.sstep", "0x3"),
                                 ("qqemu.sstepbits", "ENABLE=1,NOIRQ=2"), ("Qqemu.sstep=7", "E22")):
            assert c.ask(question) == answer, (question, c.ask(question))
        assert bytes.fromhex(c.ask("qThreadExtraInfo,1")).decode().startswith("CPU#0 ")
        assert "valletta" in c.rsp.monitor("info version")
        assert "info" in c.rsp.monitor("help") and "unknown" in c.rsp.monitor("frob")
        assert "through the server itself" in c.rsp.monitor("gdbserver none")


@case
def description(start):
    with start() as m:
        c = View(m, start.target)
        whole = c.ask("qXfer:features:read:target.xml:0,3fff")
        assert whole[0] == "l"
        parts = ""
        while (piece := c.ask(f"qXfer:features:read:target.xml:{len(parts):x},64"))[0] == "m":
            parts += piece[1:]
        assert parts + piece[1:] == whole[1:]
        numbers = {int(n): (name, int(bits) // 8) for name, bits, n in
                   re.findall(r'<reg name="(\w+)" bitsize="(\d+)" regnum="(\d+)"', whole)}
        assert sorted(numbers) == list(range(72)) and numbers[37][0] == "pc" and numbers[70][0] == "fcsr"
        everything = c.ask("g")
        assert len(everything) == 2 * sum(size for _, size in numbers.values())
        at = 0
        for n in range(72):
            size = 2 * numbers[n][1]
            assert c.ask(f"p{n:x}") == everything[at:at + size], numbers[n]
            at += size
        assert c.ask("p48") == c.ask("pffff") == "E22"
        for file in ("other.xml:0,10", "target.xml:ffff,10"):
            assert c.ask("qXfer:features:read:" + file) == "E00"


@case
def registers(start):
    with start() as m:
        c = View(m, start.target)
        before = c.ask("g")
        c.set_reg(2, 0x12345678)
        c.set_reg(0, 5)
        assert c.reg(2) == 0x12345678 and c.reg(0) == 0
        assert c.ask("G" + before) == "OK" and c.ask("g") == before
        assert c.ask("G" + before[:-2]) == "E22" and c.ask("G0") == "E22"
        assert c.ask("P2=12") == c.ask("P48=00000000") == c.ask("P2") == "E22"
        c.run_to("work")                       # FR is as the program has set it
        c.set_reg(32, c.reg(32) | 1 << 26)
        c.set_reg(38, 0x4000000011111111, 8)
        c.set_reg(39, 0x5000000011223344, 8)
        assert c.reg(39) == 0x5000000011223344 and c.reg(38) == 0x4000000011111111
        c.set_reg(32, c.reg(32) & ~(1 << 26))   # FR = 0: the odd one is the upper half of the even
        c.set_reg(38, 0x5566778801020304, 8)
        assert c.reg(39) == 0x55667788
        c.set_reg(39, 0x99, 8)
        assert c.reg(38) == 0x0000009901020304
        c.set_reg(70, 0x00800003, 4)
        assert c.reg(70) == 0x00800003


@case
def memory(start):
    with start() as m:
        c = View(m, start.target)
        c.run_to("work")
        data = c.at("guarded")
        physical = data & 0x1fffffff
        uncached = data & ~0x60000000 | 0x20000000 if c.size == 4 else data ^ 0x20000000
        c.write(data, 0x01020304)
        assert c.read(data) == c.read(uncached) == 0x01020304
        assert c.ask("Qqemu.PhyMemMode:1") == "OK" and c.ask("qqemu.PhyMemMode") == "1"
        assert c.read(physical) == 0x01020304
        c.write(physical, 0x0a0b0c0d)
        assert c.ask("Qqemu.PhyMemMode:0") == "OK" and c.read(data) == 0x0a0b0c0d
        assert c.ask("Qqemu.PhyMemMode:2") == "E22"
        assert c.ask(b"X%x,4:}\x03}\x04}\x5d\x01" % data) == "OK"
        assert c.ask(f"m{data:x},4") == "23247d01"
        assert c.ask(f"m{data:x},0") == "" and c.ask(f"M{data:x},0:") == "OK"
        for wrong in ("m", "m80", "m80,", "mx,4", f"M{data:x},4:0102", f"M{data:x},4", f"X{data:x},4:1", "m1,2,3",
                      "m11111111111111111,1"):
            assert c.ask(wrong) == "E22", wrong
        assert c.ask("m1000,4") == "E14"        # useg without a TLB entry
        flash = c.at("_start") & ~0x1fffffff | 0x3e000000 if c.size == 4 else 0xffffffffbe000000
        assert c.ask(f"M{flash:x},4:00000000") == "E14"
        c.set_reg(32, c.reg(32) | 0x10)         # user mode: the kernel can be seen nevertheless
        assert c.ask(f"m{data:x},4") == "23247d01"


@case
def breakpoints(start):
    with start() as m:
        c = View(m, start.target)
        for kind in (0, 1):
            leaf = c.at("leaf")
            assert c.point(kind, leaf) == c.point(kind, leaf) == "OK"
            c.ask("vCont;c")
            ra = c.reg(31)
            assert c.pc() == leaf and m.status() == "debug"
            c.ask("c")                          # goes on past the breakpoint that it stands at
            assert c.pc() == leaf and c.reg(31) != ra
            assert c.ask("s").startswith("T05") and c.pc() == leaf + 4
            assert c.point(kind, leaf, on=False) == c.point(kind, leaf, on=False) == "OK"
            c.run_to("on_trap")
        assert c.ask("Z5,0,4") == "" and c.ask("Z0,1,4") == c.ask("Z2,0,0") == c.ask("Z0,") == "E22"
        # Code that the debugger writes is what runs; and a breakpoint in it, too.
        c.run_to("slot_untaken")
        assert c.reg(9) == 1
        c.write(c.at("slot_target"), 0x24090005)        # li $9, 5
        c.run_to("slot_untaken")
        assert c.reg(9) == 5
        traps = c.read(c.at("traps"))
        c.run_to("on_trap")
        c.run_to("on_trap")
        assert c.read(c.at("traps")) == traps + 1
        assert m.status() == "debug" and m.events.count("STOP") == m.events.count("RESUME") > 5


@case
def delay_slots(start):
    with start() as m:
        c = View(m, start.target)
        c.run_to("slot_branch")
        t0, a0 = c.reg(8), c.reg(4)
        assert c.ask("vCont;s:1").startswith("T05thread:1;")
        assert c.pc() == c.at("slot_target") and c.reg(8) == t0 + a0
        c.ask("s")
        c.ask("vCont;s:1;c")
        assert c.pc() == c.at("slot_untaken", 8)
        # In the slot itself: pc is the branch, and both ways to go on are right.
        for command in ("vCont;c", "vCont;s"):
            assert c.point(0, c.at("slot")) == "OK"
            c.ask("vCont;c")
            t0, a0 = c.reg(8), c.reg(4)
            assert c.pc() == c.at("slot_branch"), hex(c.pc())
            assert c.point(0, c.at("slot"), on=False) == "OK"
            c.point(0, c.at("slot_target"))
            c.ask(command)
            assert c.pc() == c.at("slot_target") and c.reg(8) == t0 + a0
            c.point(0, c.at("slot_target"), on=False)
        # Writing pc forgets the branch.
        c.point(0, c.at("slot"))
        c.ask("c")
        c.set_reg(37, c.at("slot_target", -4))
        c.ask("s")
        assert c.pc() == c.at("slot_target") and c.reg(8) == 0


@case
def stepping(start):
    with start() as m:
        c = View(m, start.target)
        c.run_to("work")
        low, high = c.at("work"), c.at("test_main")
        for _ in range(300):                    # to the call of middle, at the latest
            if not low <= c.pc() < high:
                break
            assert c.ask(f"vCont;r{low:x},{high:x}:1").startswith("T05")
        assert c.pc() == c.at("middle"), hex(c.pc())
        c.run_to("provoke")
        while c.read(c.pc()) & 0xfc00003f != 0x0c:
            c.ask("s")
        syscall = c.pc()
        c.ask("vCont;s:1")
        assert c.pc() & 0xfff == 0x180 and c.reg(36) >> 2 & 31 == 8
        c.run_to("provoke", syscall - c.at("provoke") + 4)
        # Runs of the program by steps and by a run are the same.
        c.run_to("work")
        total = c.read(c.at("total"))
        for _ in range(150):
            c.ask("s")
        c.run_to("work")
        assert c.read(c.at("total")) == total + 100
        assert c.ask("vCont;x") == c.ask("vCont;c:9") == c.ask("vCont;r1") == c.ask("vCont;cc") == c.ask("Cxx") == "E22"
        assert c.ask("vCont;t").startswith("T00") and c.ask("S05").startswith("T05")


@case
def watchpoints(start):
    with start() as m:
        c = View(m, start.target)
        watched = c.at("guarded")
        c.run_to("work")
        for kind, word, offsets in ((2, "watch", (4, 4)), (3, "rwatch", (8, 8)), (4, "awatch", (4, 8, 4)),
                                    (2, "watch", (4, 4))):
            assert c.point(kind, watched, 16) == "OK"
            for offset in offsets:
                before = c.read(watched + offset)
                reply = c.ask("vCont;c")
                assert f";{word}:{watched + offset:x};" in reply, reply
                assert c.read(watched + offset) == before
                pc = c.pc()
                assert c.ask("s").startswith("T05") and c.pc() == pc + 4
            assert c.point(kind, watched, 16, on=False) == "OK"
        # A store in a delay slot: the stop is at the branch, before the store.
        c.write(c.at("spin_now"), 1)
        assert c.point(2, c.at("spins"), 4) == "OK"
        for n in range(1, 4):
            assert "watch:" in c.ask("vCont;c")
            assert c.pc() == c.at("spin_branch", 4) and c.read(c.at("spins")) == n - 1, (n, hex(c.pc()))
        # The neighbour of a watched byte is not watched.
        c.point(2, c.at("spins"), 4, on=False)
        assert c.point(2, c.at("spins", 4), 4) == "OK"
        c.rsp.send("c")
        time.sleep(0.2)
        assert c.rsp.interrupt().startswith("T02") and c.read(c.at("spins")) > 3


@case
def interrupts_by_hand(start):
    with start() as m:
        c = View(m, start.target)
        c.run_to("work")
        c.write(c.at("spin_now"), 1)
        c.run_to("spin_branch")
        last = 0
        for n in range(20):
            c.rsp.send("vCont;c")
            reply = c.rsp.interrupt()
            assert reply.startswith("T02thread:1;"), reply
            assert m.status() == "paused" and c.at("spin_branch") <= c.pc() <= c.at("spin_branch", 4), hex(c.pc())
            for _ in range(n % 4):
                c.ask("s")
            assert c.read(c.at("spins")) >= last and c.reg(9) - c.read(c.at("spins")) in (0, 1)
            last = c.read(c.at("spins"))
        # What the monitor stops the client hears of; what it asks meanwhile is answered.
        c.rsp.send("c")
        assert c.ask("g").startswith("E.the machine runs")
        m.qmp("stop")
        assert c.rsp.packet().startswith("T02")
        c.rsp.send("c")
        assert c.ask("vCtrlC") == "OK" and c.rsp.packet().startswith("T02")


@case
def frames(start):
    with start() as m:
        c = Rsp(m.gdb, acks=True)
        c.raw(b"$qC#00")
        assert c.byte() == b"-"
        c.raw(b"junk$garbage$qC#zz")
        assert c.byte() == b"-"
        c.raw(frame(b"qC"))
        assert c.byte() == b"+"
        first = b"".join(c.byte() for _ in range(7))
        c.raw(b"-")
        assert b"".join(c.byte() for _ in range(7)) == first == frame(b"QC1")
        c.raw(b"+-")                            # nothing is left to be sent again
        c.raw(b"$" + b"a" * 100000 + b"#%02x" % (97 * 100000 & 0xff))
        assert c.byte() == b"+" and c.packet() == "E.packet too long"
        assert c.ask("QStartNoAckMode") == "OK"
        c.acks = False
        assert c.ask("qC") == "QC1"
        c.raw(b"$qC#00")
        assert c.packet() == "E.wrong checksum"


@case
def clients(start):
    """Clients that are none, die, do not read, do not stop."""
    with start(stopped=False) as m:
        s = Rsp(m.gdb, acks=True)
        s.raw(bytes(i for i in range(256) if i != ord("$")) * 1000)
        assert m.status() == "running"
        s.close()
        s = View(m, start.target)               # dies while it has the machine stopped
        assert m.status() == "paused" and s.point(0, s.at("leaf")) == "OK"
        s.rsp.close()
        m.wait_status("running")
        s = View(m, start.target)               # and while it runs, with breakpoints set
        s.point(0, s.at("on_trap"))
        s.ask("c")
        s.write(s.at("spin_now"), 1)
        s.point(0, s.at("on_trap"), on=False)
        s.point(0, s.at("leaf"))
        s.point(2, s.at("product"), 8)
        s.rsp.raw(frame(b"vCont;c") * 3)
        s.rsp.close()
        m.wait_status("running")
        time.sleep(0.1)
        assert m.status() == "running"
        s = Rsp(m.gdb)                          # asks and asks and never reads
        s.socket.settimeout(0.3)
        try:
            for _ in range(2000):
                s.raw(frame(b"g") * 100 + b"-" * 100)
            raise AssertionError("the server has read two hundred thousand questions")
        except socket.timeout:
            pass
        assert m.status() == "paused"
        s.close()
        m.wait_status("running")
        s = Rsp(m.gdb, acks=True)               # half of a connection
        s.raw(frame(b"qC"))
        s.socket.shutdown(socket.SHUT_WR)
        assert s.byte() in (b"+", b"")
        s.close()
        s = View(m, start.target)
        assert s.ask("D") == "OK"
        m.wait_status("running")


@case
def served_by_the_monitor(start):
    with start(stopped=False) as m:
        other = m.dir + "/other"
        assert "Waiting for gdb" in m.hmp(f"gdbserver unix:{other}")
        s = Rsp(other)
        assert s.ask("qC") == "QC1" and m.status() == "paused"
        assert "Disabled" in m.hmp("gdbserver none")
        assert m.status() == "running" and s.socket.recv(10) == b""
        assert "unknown back end" in m.hmp("gdbserver frob")
        m.hmp(f"gdbserver unix:{other}")
        c = Rsp(other)
        assert c.ask("vKill;1") == "OK"
        assert m.process.wait(20) == 0


@case
def the_end_is_told(start):
    with start() as m:
        c = m.client()
        c.send("c")
        m.qmp("quit")
        assert c.packet() == "W00"
