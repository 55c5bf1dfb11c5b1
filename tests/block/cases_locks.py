# SPDX-License-Identifier: GPL-2.0-or-later
"""Image locks: who has an image keeps others out, and the other way round."""
import os
import subprocess

from images import BlockIo, create, qcow2, tool

MIB = 1 << 20


def images(env):
    raw, image = os.path.join(env["folder"], "l.raw"), os.path.join(env["folder"], "l.qcow2")
    create(image, MIB)
    with open(raw, "wb") as f:
        f.truncate(MIB)
    return ((image, "qcow2", qcow2(image)),
            (raw, "raw", {"driver": "raw", "file": {"driver": "file", "filename": raw}}))


class Holder:
    """qemu-io with an image open."""

    def __init__(self, path, form, *options):
        self.process = subprocess.Popen(["qemu-io", *options, "-f", form, path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.process.stdin.write(b"length\n")
        self.process.stdin.flush()
        got = b""
        while b"1 MiB" not in got:
            piece = os.read(self.process.stdout.fileno(), 4096)
            assert piece, got
            got += piece

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate(b"quit\n", timeout=60)


def case_ours_keeps_them_out(env):
    for path, form, options in images(env):
        with BlockIo(env, options) as io:
            io.do("write 0 512 0")
            commands = [("qemu-io", "-f", form, "-c", "read 0 512", path),
                        ("qemu-img", "resize", "-f", form, path, "2M")]
            if form == "qcow2":             # readers of a raw image do not mind
                commands += [("qemu-img", "info", "-f", form, path),
                             ("qemu-io", "-r", "-f", form, "-c", "read 0 512", path)]
            for command in commands:
                assert "lock" in tool(*command, fails=True), command
            tool("qemu-img", "info", "-U", "-f", form, path)
        tool("qemu-io", "-f", form, "-c", "write 0 512", path)


def case_our_reader_lets_them_read(env):
    for path, form, options in images(env):
        with BlockIo(env, dict(options, **{"read-only": True})) as io:
            tool("qemu-io", "-r", "-f", form, "-c", "read 0 512", path)
            assert "lock" in tool("qemu-io", "-f", form, "-c", "write 0 512", path, fails=True)
            assert io.ask("sum 0 512") != "gone"


def case_theirs_keeps_us_out(env):
    for path, form, options in images(env):
        read_only = dict(options, **{"read-only": True})
        with Holder(path, form):
            for mine in (options, read_only):
                with BlockIo(env, mine, must_fail=True) as io:
                    assert "another process uses the image" in io.error, io.error
            unlocked = dict(read_only, file={"driver": "file", "filename": path, "locking": "off"})
            with BlockIo(env, unlocked) as io:
                assert io.ask("size") == str(MIB)
        with Holder(path, form, "-r"):
            if form == "qcow2":
                with BlockIo(env, options, must_fail=True) as io:
                    assert "another process uses the image" in io.error, io.error
            with BlockIo(env, read_only) as io:
                assert io.ask("size") == str(MIB)
        with BlockIo(env, options) as io:
            io.do("write 0 512 0")


CASES = [value for name, value in list(globals().items()) if name.startswith("case_")]
