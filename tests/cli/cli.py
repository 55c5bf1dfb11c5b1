#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""cli.py VALLETTA: what the program does with its terminal, signals, files and exit code.

The guest is firmware of nothing but "branch to itself", so that nothing is needed from
outside. TAP on standard output."""
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

VALLETTA = os.path.abspath(sys.argv[1])
TESTS = []
STARTED = []
LOOP = struct.pack("<II", 0x1000FFFF, 0)        # b . ; nop


def test(function):
    TESTS.append(function)
    return function


def start(command, **more):
    """A process that does not outlive its test."""
    child = subprocess.Popen(command, **more)
    STARTED.append(child)
    return child


def end_started():
    for child in STARTED:
        if child.poll() is None:
            child.kill()
            child.wait()
    STARTED.clear()


class Terminal:
    """valletta on a terminal of its own, in a session of its own."""

    def __init__(self, *args):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave = slave

        def own_terminal():
            os.setsid()
            import fcntl
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = start([VALLETTA, *args], stdin=slave, stdout=slave, stderr=slave,
                                        preexec_fn=own_terminal)
        self.output = ""

    def read(self, wanted, seconds=20):
        end = time.time() + seconds
        while wanted not in self.output and time.time() < end:
            ready, _, _ = select.select([self.master], [], [], 0.1)
            if ready:
                try:
                    self.output += os.read(self.master, 65536).decode("latin-1")
                except OSError:
                    break
        assert wanted in self.output, f"no '{wanted}' in {self.output!r}"

    def type(self, text):
        self.output = ""
        os.write(self.master, text.encode("latin-1"))

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def until(self, condition, what, seconds=20):
        end = time.time() + seconds
        while not condition():
            assert time.time() < end, what
            time.sleep(0.02)

    def wait_raw(self):
        self.until(self.is_raw, "the terminal never became raw")

    def end(self, status=0):
        end = time.time() + 20
        while self.process.poll() is None and time.time() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                self.output += os.read(self.master, 65536).decode("latin-1")
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            raise AssertionError("it did not end")
        now = termios.tcgetattr(self.slave)
        os.close(self.master)
        os.close(self.slave)
        assert self.process.returncode == status, f"exit {self.process.returncode}: {self.output}"
        assert now == self.before, "the terminal is not as it was"


def run(*args, **more):
    return subprocess.run([VALLETTA, *args], capture_output=True, text=True, timeout=30, check=False,
                          stdin=subprocess.DEVNULL, **more)


@test
def ctrl_a_x_quits_and_restores():
    t = Terminal("-bios", FIRMWARE, "-M", "endian=little", "-nographic")
    t.wait_raw()
    # A bare newline of the guest is a step down, not the start of a line.
    assert not termios.tcgetattr(t.slave)[1] & termios.OPOST
    t.type("\x01h")
    t.read("Ctrl-a x")
    t.type("\x03")                      # Ctrl-C belongs to the guest here
    time.sleep(0.2)
    assert t.process.poll() is None
    t.type("\x01x")
    t.end()


@test
def ctrl_a_c_reaches_the_monitor():
    t = Terminal("-bios", FIRMWARE, "-M", "endian=little")
    t.wait_raw()
    t.type("\x01c")
    t.read("(valletta) ")
    t.type("info status\r")
    t.read("VM status: running")
    t.type("stop\rinfo status\r")
    t.read("VM status: paused")
    t.type("c\rinfo registers\r")
    t.read("bfc0000")
    t.type("q\r")
    t.end()


@test
def sigterm_and_sighup_end_it():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        t = Terminal("-bios", FIRMWARE, "-M", "endian=little", "-nographic")
        t.wait_raw()
        t.process.send_signal(number)
        t.end()


@test
def the_terminal_goes_away():
    """Nobody sends SIGHUP here, for the terminal controls no session."""
    for start, ends in (([VALLETTA], True), (["nohup", VALLETTA], False)):
        master, slave = pty.openpty()
        process = subprocess.Popen([*start, "-bios", FIRMWARE, "-M", "endian=little", "-serial", "stdio",
                                    "-monitor", "none"], stdin=slave, stdout=slave, stderr=subprocess.DEVNULL)
        end = time.time() + 20
        while termios.tcgetattr(slave)[3] & termios.ICANON and start == [VALLETTA] and time.time() < end:
            time.sleep(0.02)
        os.close(slave)
        os.close(master)
        try:
            process.wait(20 if ends else 1)
            assert ends and process.returncode == 0, f"{start}: {process.returncode}"
        except subprocess.TimeoutExpired:
            assert not ends, "it did not end"
            process.terminate()
            assert process.wait(20) == 0


@test
def ctrl_c_ends_plain_stdio():
    t = Terminal("-bios", FIRMWARE, "-M", "endian=little", "-serial", "stdio")
    t.wait_raw()
    t.type("\x03")
    t.end()


@test
def a_crash_restores_the_terminal():
    t = Terminal("-bios", FIRMWARE, "-M", "endian=little", "-nographic")
    t.wait_raw()
    t.process.send_signal(signal.SIGQUIT)
    t.end(-signal.SIGQUIT)


@test
def stop_and_continue():
    t = Terminal("-bios", FIRMWARE, "-M", "endian=little", "-nographic")
    t.wait_raw()
    t.process.send_signal(signal.SIGTSTP)
    t.until(lambda: not t.is_raw(), "raw while stopped")
    t.process.send_signal(signal.SIGCONT)
    t.wait_raw()
    t.type("\x01x")
    t.end()


@test
def end_of_input_is_not_the_end():
    process = start([VALLETTA, "-bios", FIRMWARE, "-M", "endian=little", "-nographic"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"\x01cinfo version\n")
    process.stdin.close()
    time.sleep(1)
    assert process.poll() is None, "ended with its input"
    process.terminate()
    output = process.stdout.read().decode()
    assert process.wait(20) == 0
    assert "valletta 0." in output, output


@test
def a_closed_output_is_not_the_end():
    process = start([VALLETTA, "-bios", FIRMWARE, "-M", "endian=little", "-nographic"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.close()
    process.stdin.write(b"\x01chelp\nhelp\n")
    process.stdin.flush()
    time.sleep(0.5)
    assert process.poll() is None
    process.stdin.write(b"quit\n")
    process.stdin.flush()
    assert process.wait(20) == 0


@test
def errors_are_one_line_and_status_1():
    lines = [
        ["-bogus"], ["-hda", "x"], [], ["-kernel", "/nonexistent"], ["-bios", FIRMWARE, "-serial", "tty"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-serial", "tcp:127.0.0.1:1"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-d", "bogus"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-D", "/nonexistent/x"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-pidfile", "/nonexistent/x"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-chardev", "null,id=a", "-chardev", "null,id=a"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-mon", "nobody"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-chardev", "null,id=a", "-mon", "a,mode=frob"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-chardev", "null,id=a", "-serial", "chardev:a", "-mon", "a"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-audiodev", "pa,id=a"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-audiodev", "none,id=a", "-device", "AC97,audiodev=b"],
        ["-bios", FIRMWARE, "-M", "endian=little", "-audio", "none,model=hda"],
    ]
    for line in lines:
        done = run(*line)
        assert done.returncode == 1, f"{line}: {done}"
        assert done.stderr.startswith("valletta: ") and done.stderr.count("\n") == 1, f"{line}: {done.stderr}"
        assert done.stdout == "", f"{line}: {done.stdout}"


@test
def printing_options_print():
    for line in (["-help"], ["-version"], ["-M", "help"], ["-cpu", "help"], ["-accel", "help"], ["-d", "help"],
                 ["-audiodev", "help"], ["-audio", "help"], ["-audio", "none,model=help"]):
        done = run(*line)
        assert done.returncode == 0 and done.stdout and not done.stderr, f"{line}: {done}"


@test
def sound_in_its_forms():
    """Each with a card, and a file whose header is right however the program ends."""
    here = ["-bios", FIRMWARE, "-M", "endian=little", "-nographic", "-serial", "none"]
    wav = os.path.join(FOLDER, "sound.wav")
    forms = [["-audiodev", "none,id=a", "-device", "AC97,audiodev=a"], ["-device", "AC97"],
             ["-audio", "driver=none,model=ac97"], ["-audio", "none,model=ac97,id=b"], ["-audio", "none"],
             ["-audiodev", '{"driver":"none","id":"a"}', "-device", "AC97"],
             ["-audiodev", f'{{"driver":"wav","id":"a","path":"{wav}","out":{{"channels":1,"frequency":8000}}}}',
              "-device", "AC97", "-device", "AC97,audiodev=a"]]
    for form in forms:
        for how in ("quit", "term"):
            if os.path.exists(wav):
                os.remove(wav)
            monitor_path = os.path.join(FOLDER, "sound-monitor")
            process = start([VALLETTA, *here, *form, "-monitor", f"unix:{monitor_path},server=on,wait=off"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            s = monitor(monitor_path)
            cards = form.count("-device") + sum("model=" in word for word in form)
            assert ask(s, "info pci\ninfo status", "VM status: running").count("8086:2415") == cards, form
            if how == "quit":
                s.sendall(b"quit\n")
            else:
                process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0 and process.stdout.read() == b"", form
            s.close()
            process.stdout.close()
            assert os.path.exists(wav) == (wav in form[1])
            if wav in form[1]:
                with open(wav, "rb") as file:
                    data = file.read()
                assert struct.unpack("<4sI4s4sIHHIIHH4sI", data) == \
                    (b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", 0), data


@test
def names_fix_the_target():
    link = os.path.join(FOLDER, "qemu-system-mips")
    os.symlink(VALLETTA, link)
    done = subprocess.run([link, "-bios", FIRMWARE, "-M", "endian=little"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "qemu-system-mips" in done.stderr, done


def monitor(path):
    s = socket.socket(socket.AF_UNIX)
    for _ in range(200):
        try:
            s.connect(path)
            return s
        except OSError:
            time.sleep(0.05)
    raise AssertionError("no monitor socket")


def ask(s, line, wanted):
    s.settimeout(20)
    s.sendall(line.encode() + b"\n")
    text = ""
    while wanted not in text:
        data = s.recv(4096)
        assert data, f"closed before '{wanted}': {text!r}"
        text += data.decode()
    return text


@test
def daemon_with_pid_file_and_socket():
    sock, pid_file = os.path.join(FOLDER, "mon"), os.path.join(FOLDER, "pid")
    options = ["-bios", FIRMWARE, "-M", "endian=little", "-display", "none", "-serial", "null", "-pidfile", "pid",
               "-daemonize", "-monitor", "unix:mon,server=on,wait=off", "-D", "log-%d", "-d", "guest_errors"]
    done = run(*options, cwd=FOLDER)
    assert done.returncode == 0, done
    with open(pid_file, encoding="ascii") as file:
        pid = int(file.read())
    os.kill(pid, 0)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert os.path.exists(os.path.join(FOLDER, f"log-{pid}"))
    second = run(*options[:-6], "-monitor", "none", cwd=FOLDER)
    assert second.returncode == 1 and "pid" in second.stderr, second
    s = monitor(sock)
    ask(s, "info status", "running")
    s.sendall(b"quit\n")
    for _ in range(200):
        if not os.path.exists(pid_file):
            break
        time.sleep(0.05)
    assert not os.path.exists(pid_file) and not os.path.exists(sock)


@test
def daemon_tells_its_errors():
    done = run("-bios", FIRMWARE, "-M", "endian=little", "-display", "none", "-daemonize", "-serial",
               "file:/nonexistent/x")
    assert done.returncode == 1 and "/nonexistent/x" in done.stderr, done


@test
def inherited_descriptors_are_files():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out")
        with open(path, "wb") as out:
            fd = out.fileno()
            line = [VALLETTA, "-machine", "none", "-nodefaults", "-display", "none", "-S"]
            name = f"fd={fd},set=5,opaque=serial0-source"
            child = start([*line, "-add-fd", name, "-chardev", "file,id=c,path=/dev/fdset/5", "-mon", "c"],
                          pass_fds=[fd], stdin=subprocess.DEVNULL)
            end = time.monotonic() + 20
            while os.path.getsize(path) == 0:       # the monitor's greeting
                assert time.monotonic() < end and child.poll() is None
                time.sleep(0.02)
            child.terminate()
            assert child.wait(20) == 0
            for wrong, wanted in ((f"fd={fd}", "set=M"), ("fd=1,set=0", "inherited"), ("fd=99,set=0", "inherited"),
                                  (f"fd={fd},set=x", "set=x"), (f"fd={fd},set=0,frob=1", "frob")):
                done = subprocess.run([*line, "-add-fd", wrong], pass_fds=[fd], capture_output=True, text=True,
                                      timeout=20)
                assert done.returncode == 1 and "-add-fd" in done.stderr and wanted in done.stderr, done.stderr
            done = subprocess.run([*line, "-add-fd", name, "-add-fd", name], pass_fds=[fd], capture_output=True,
                                  text=True, timeout=20)
            assert done.returncode == 1 and "inherited" in done.stderr, done.stderr


@test
def stopped_until_cont():
    sock = os.path.join(FOLDER, "mon2")
    process = start([VALLETTA, "-bios", FIRMWARE, "-M", "endian=little", "-S", "-serial", "null",
                                "-monitor", f"unix:{sock},server=on", "-name", "guest=g,process=vproc"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    s = monitor(sock)
    ask(s, "info status", "prelaunch")
    with open(f"/proc/{process.pid}/comm", encoding="ascii") as file:
        assert file.read() == "vproc\n"
    ask(s, "info name", "g\r\n")
    ask(s, "cont", "(valletta) ")
    ask(s, "info status", "status: running")
    ask(s, "xp /1xw 0x1e000000", "0x1000ffff")
    s.sendall(b"quit\n")
    assert process.wait(20) == 0


def hear_signals():
    """What nohup or a background job ignores would be ignored by the programs tested here too."""
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def main():
    failed = False
    hear_signals()
    print(f"1..{len(TESTS)}")
    for number, function in enumerate(TESTS, 1):
        name = function.__name__.replace("_", "-")
        try:
            function()
            print(f"ok {number} - {name}", flush=True)
        except Exception:       # pylint: disable=broad-except
            failed = True
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
        end_started()
    return failed


with tempfile.TemporaryDirectory(prefix="valletta-cli-") as FOLDER:
    FIRMWARE = os.path.join(FOLDER, "firmware")
    with open(FIRMWARE, "wb") as firmware:
        firmware.write(LOOP * 512)
    sys.exit(main())
