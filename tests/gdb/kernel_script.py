# SPDX-License-Identifier: GPL-2.0-or-later
"""Run inside gdb, on a Linux kernel with symbols that stands at its reset; REMOTE names the server. Each step
checks what gdb makes of the guest; the last line is for whoever started gdb."""
import os

import gdb


def run(command):
    return gdb.execute(command, to_string=True)


def number(text):
    return int(gdb.parse_and_eval(text))


WORD = (1 << 8 * gdb.lookup_type("long").sizeof) - 1


def register(name):
    return number(f"(unsigned long)${name}") & WORD


def functions():
    """Names of the frames from the inside out."""
    names, frame = [], gdb.newest_frame()
    while frame and len(names) < 40:
        names.append("<exception>" if frame.type() == gdb.SIGTRAMP_FRAME else frame.name() or "?")
        frame = frame.older()
    return names


def stop_at(function):
    breakpoint = gdb.Breakpoint(function)
    run("continue")
    assert gdb.newest_frame().name() == function, (function, functions())
    breakpoint.delete()


def instruction():
    """(name, operands) of the one at pc."""
    text = gdb.newest_frame().architecture().disassemble(gdb.newest_frame().pc())[0]["asm"]
    name, _, operands = text.partition("\t")
    return name.strip(), operands.strip()


def slot_effect(pc):
    """For "move A,B" and "li A,N" at pc: the register and what it holds afterwards."""
    name, _, operands = gdb.newest_frame().architecture().disassemble(pc)[0]["asm"].partition("\t")
    parts = operands.strip().split(",")
    if name.strip() == "move" and len(parts) == 2:
        return parts[0], 0 if parts[1] == "zero" else register(parts[1])
    if name.strip() == "li" and len(parts) == 2:
        return parts[0], int(parts[1], 0) & WORD
    return None


def step_through_a_slot():
    """stepi from a call does its delay slot too, and is at the function then."""
    for _ in range(500):
        pc, (name, operands) = register("pc"), instruction()
        effect = slot_effect(pc + 4) if name == "jal" else None
        run("stepi")
        if effect:
            target = number(f"(unsigned long){operands.split()[0]}") & WORD
            # Some functions begin with branches or are entered by a thunk: here only the call counts.
            assert register("pc") == target, (hex(pc), operands, hex(register("pc")))
            assert register("ra") == pc + 8 and register(effect[0]) == effect[1], effect
            return
        assert register("pc") != pc or name in ("b", "beqz", "bnez", "bne", "beq"), hex(pc)
    raise AssertionError("no call with a slot that one can tell")


def finish_a_call():
    stop_at("memblock_reserve")
    caller = gdb.newest_frame().older()
    where, name = caller.pc(), caller.name()
    run("finish")
    assert str(gdb.history(0)) == "0", gdb.history(0)
    assert gdb.newest_frame().pc() == where and gdb.newest_frame().name() == name, functions()


def watch_the_tick():
    """The tick is counted in an interrupt handler. Linux changes to a stack for interrupts there and does not
    tell gdb of it, so that what was interrupted is behind EPC, and not in the backtrace."""
    before = number("jiffies_64")
    watchpoint = gdb.Breakpoint("jiffies_64", gdb.BP_WATCHPOINT)
    run("continue")
    assert number("jiffies_64") == before + 1 and watchpoint.hit_count == 1, number("jiffies_64") - before
    names = functions()
    watchpoint.delete()
    assert "plat_irq_dispatch" in names and names.index("plat_irq_dispatch") + 1 == names.index("<exception>"), names
    assert register("cause") & 0x7c == 0, hex(register("cause"))       # an interrupt


def out_of_an_exception():
    """A fault of the kernel itself: behind its handler are the system call that met it and the call's entry."""
    breakpoint = gdb.Breakpoint("do_page_fault")
    for _ in range(500):
        run("continue")
        names = functions()
        if any("gettimeofday" in name for name in names):
            break
    else:
        raise AssertionError(f"no fault in the system call; the last was {names}")
    breakpoint.delete()
    at = names.index("<exception>")
    assert names[0] == "do_page_fault" and "gettimeofday" in names[at + 1] and len(names) > at + 2, names
    frame = gdb.newest_frame()
    for _ in range(at + 1):
        frame = frame.older()
    # What faulted is a load or a store in a function of the kernel, and its frame has its own registers.
    insn = frame.architecture().disassemble(frame.pc())[0]["asm"].split("\t")
    assert insn[0].strip().startswith(("s", "l")), insn
    base = insn[1].rsplit("(", 1)[1].rstrip(")")
    offset = int(insn[1].rsplit("(", 1)[0].rsplit(",", 1)[1] or "0", 0)
    address = (int(frame.read_register(base)) + offset) & WORD
    assert abs(address - register("badvaddr")) < 8, (insn, hex(address), hex(register("badvaddr")))


def change_a_register():
    """The function that is called is the one that the debugger put into the register."""
    stop_at("do_one_initcall")
    gdb.execute("set $a0 = (long)&nr_processes")
    stop_at("nr_processes")
    assert "do_one_initcall" in functions()[:4], functions()
    run("finish")


def session():
    run("set confirm off")
    run("set pagination off")
    run("set debuginfod enabled off")
    run("target remote " + os.environ["REMOTE"])
    stop_at("start_kernel")
    step_through_a_slot()
    finish_a_call()
    watch_the_tick()
    change_a_register()
    out_of_an_exception()
    assert "status" in run("info registers") and "Thread 1" in run("info threads")
    run("detach")
    print("SESSION-OK")


try:
    session()
except Exception as error:          # pylint: disable=broad-except
    print(f"FAILED: {type(error).__name__} {error}")
    raise
