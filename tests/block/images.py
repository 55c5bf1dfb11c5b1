# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cases share: the programs, and a disk as it should be."""
import hashlib
import json
import os
import random
import subprocess

DATA_BYTES = 4 << 20


def tool(*args, fails=False):
    """qemu-img or qemu-io; its output. fails: it must."""
    done = subprocess.run(args, capture_output=True, text=True, timeout=120, check=False)
    out = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, f"{' '.join(args)}: status {done.returncode}: {out}"
    return out


def create(path, size, *options, backing=None, backing_format=None):
    command = ["qemu-img", "create", "-q", "-f", "qcow2"]
    for option in options:
        command += ["-o", option]
    if backing:
        command += ["-b", backing, "-F", backing_format]
    tool(*command, path, str(size))


def check(path, leaks=False):
    """The image is sound; leaks: clusters may be counted that nothing uses."""
    done = subprocess.run(["qemu-img", "check", "-f", "qcow2", path], capture_output=True, text=True, timeout=300,
                          check=False)
    assert done.returncode == 0 or (leaks and done.returncode == 3), \
        f"check: status {done.returncode}: {done.stdout[-3000:]}{done.stderr[-2000:]}"
    return done.stdout


def converted(path, folder, form="qcow2"):
    """Its contents as that tool reads them."""
    raw = os.path.join(folder, "converted.raw")
    tool("qemu-img", "convert", "-f", form, "-O", "raw", path, raw)
    with open(raw, "rb") as f:
        contents = f.read()
    os.unlink(raw)
    return contents


def info(path):
    return json.loads(tool("qemu-img", "info", "-U", "--output=json", path))


class BlockIo:
    """block-io on an image; each request is a line."""

    def __init__(self, env, options, threads=1, must_fail=False):
        if isinstance(options, dict):
            options = json.dumps(options)
        self.number = 0
        self.process = subprocess.Popen([env["block_io"], "-t", str(threads), env["data"], options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        self.error = None
        if line != b"0 ok\n":
            self.error = self.process.stderr.read().decode()
            self.process.wait(timeout=60)
            assert must_fail, f"{options}: {self.error}"
            assert self.process.returncode == 1, (self.process.returncode, self.error)
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.stderr.close()
        else:
            assert not must_fail, f"{options}: opened"

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.error is None:
            if kind:
                self.process.kill()
            errors = self.finish()
            assert kind or self.process.returncode == 0, (self.process.returncode, errors)

    def finish(self):
        errors = self.process.communicate(timeout=300)[1].decode()
        self.error = errors
        return errors

    def send(self, text):
        self.number += 1
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        return self.number

    def receive(self):
        number, _, text = self.process.stdout.readline().decode().rstrip("\n").partition(" ")
        return (int(number), text) if number else (0, "gone")

    def ask(self, text):
        number = self.send(text)
        got, reply = self.receive()
        assert got == number, f"{text}: {got} {reply}"
        return reply

    def do(self, text):
        reply = self.ask(text)
        assert reply == "ok", f"{text}: {reply}"


class Disk:
    """What an image must hold, and random requests to it."""

    def __init__(self, env, contents, seed):
        self.data, self.rng = env["bytes"], random.Random(seed)
        self.contents = bytearray(contents)

    def __len__(self):
        return len(self.contents)

    def grow(self, size):
        self.contents.extend(bytes(size - len(self.contents)))

    def range(self, low=0, high=None, most=3 << 20):
        high = len(self) if high is None else high
        length = self.rng.choice((self.rng.randint(1, 5000), self.rng.randint(1, 300000), 65536, 512, 4096,
                                  self.rng.randint(1, most)))
        length = min(length, high - low)
        offset = self.rng.randint(low, high - length)
        if self.rng.random() < 0.5:
            offset -= (offset - low) % 4096
        return offset, length

    def write(self, offset, length):
        start = self.rng.randrange(0, len(self.data) - length)
        self.contents[offset:offset + length] = self.data[start:start + length]
        return f"write {offset} {length} {start}"

    def zero(self, offset, length, unmap):
        self.contents[offset:offset + length] = bytes(length)
        return f"zero {offset} {length} {'unmap' if unmap else 'keep'}"

    def request(self, low=0, high=None, discard=None):
        """A random line; the disk is as it must be afterwards. discard: the cluster size when discarded clusters
        read as zeros."""
        offset, length = self.range(low, high)
        kind = self.rng.random()
        if kind < 0.7:
            return self.write(offset, length)
        if kind < 0.9 or not discard:
            return self.zero(offset, length, self.rng.random() < 0.5)
        first, end = -(-offset // discard) * discard, (offset + length) // discard * discard
        if offset + length == len(self):
            end = len(self)
        if first < end:
            self.contents[first:end] = bytes(end - first)
        return f"discard {offset} {length}"

    def verify(self, io, pieces=8):
        step = -(-len(self) // pieces)
        for at in range(0, len(self), step):
            part = self.contents[at:at + step]
            got = io.ask(f"sum {at} {len(part)}")
            if got != hashlib.sha256(part).hexdigest():
                raise AssertionError(f"wrong contents from {at} on: {self.narrow(io, at, len(part))}")

    def narrow(self, io, at, length):
        """The first 512 bytes that differ."""
        while length > 512:
            half = length // 2
            good = hashlib.sha256(self.contents[at:at + half]).hexdigest() == io.ask(f"sum {at} {half}")
            at, length = (at + half, length - half) if good else (at, half)
        return f"{at:#x}, {length} bytes"


def qcow2(path, **more):
    return {"driver": "qcow2", "discard": "unmap", "file": {"driver": "file", "filename": path}, **more}
