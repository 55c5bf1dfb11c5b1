# SPDX-License-Identifier: GPL-2.0-or-later
"""Images that somebody has broken, on purpose or not: errors, and never a crash, a hang or much memory."""
import os
import random
import resource
import shutil
import struct
import subprocess

from images import create, tool

MIB = 1 << 20
MEMORY = 200 * MIB


def build(env, name, *options, cluster, snapshot=True, packed=False):
    """A small image with a bit of all; its bytes."""
    path = os.path.join(env["folder"], name)
    raw = os.path.join(env["folder"], "raw")
    with open(raw, "wb") as f:
        f.write(env["bytes"][:MIB] + bytes(MIB) + b"text " * 30000)
    if packed:
        command = ["qemu-img", "convert", "-c", "-O", "qcow2"]
        for option in options + (f"cluster_size={cluster}",):
            command += ["-o", option]
        tool(*command, raw, path)
    else:
        create(path, 3 * MIB, f"cluster_size={cluster}", *options)
        tool("qemu-io", "-f", "qcow2", "-c", "write -P 5 0 300k", "-c", "write -P 6 2M 100k", path)
    if snapshot:
        tool("qemu-img", "snapshot", "-c", "one", path)
        tool("qemu-io", "-f", "qcow2", "-c", "write -P 7 100k 100k", "-c", "write -z 200k 64k", path)
    with open(path, "rb") as f:
        return bytearray(f.read())


def tables(image):
    """Places worth changing: (offset, length) of the header, the tables and what they lead to."""
    size = 1 << struct.unpack_from(">I", image, 20)[0]
    l1_entries, l1, refs = struct.unpack_from(">IQQ", image, 36)
    snapshots = struct.unpack_from(">Q", image, 64)[0]
    places = [(0, 112), (0, 112), (104, 300), (l1, l1_entries * 8), (refs, 64)]
    for i in range(l1_entries):
        l2 = struct.unpack_from(">Q", image, l1 + 8 * i)[0] & 0x00FFFFFFFFFFFE00
        if l2:
            places.append((l2, min(size, 1024)))
    block = struct.unpack_from(">Q", image, refs)[0]
    places += [(block, min(size, 128)), (snapshots, 200)] if snapshots else [(block, min(size, 128))]
    return [(at, n) for at, n in places if n and at + n <= len(image)]


def mutate(image, places, rng):
    """A copy with some of it changed."""
    broken = bytearray(image)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, length = rng.choice(places)
        kind = rng.randrange(7)
        if kind == 0:
            broken[at + rng.randrange(length)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            broken[at + rng.randrange(length)] = rng.choice((0, 0xFF, rng.randrange(256)))
        elif kind == 2:
            where = at + rng.randrange(length) // 8 * 8
            value = rng.choice((0, 1, (1 << 64) - 1, 1 << 62, 1 << 55, (1 << 63) | (len(image) // 512 * 512),
                                rng.getrandbits(64), rng.randrange(len(image)) // 512 * 512,
                                (1 << 63) | rng.randrange(len(image)) // 65536 * 65536))
            struct.pack_into(">Q", broken, min(where, len(broken) - 8), value)
        elif kind == 3:
            where = at + rng.randrange(length) // 4 * 4
            struct.pack_into(">I", broken, min(where, len(broken) - 4),
                             rng.choice((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x10000, rng.getrandbits(32))))
        elif kind == 4:
            other = rng.choice(places)
            n = min(other[1], length)
            broken[at:at + n] = image[other[0]:other[0] + n]
        elif kind == 5:
            struct.pack_into(">Q", broken, 72, rng.choice((1, 1, 8, 1 << rng.randrange(64))))
        else:
            del broken[rng.randrange(len(broken)):]
            broken += bytes(max(0, 120 - len(broken)))
            return broken
    return broken


LINES = """info
sum 0 1000000
sum 2000000 200000
write 0 70000 3
write 100000 5000 9
write 2500000 65536 1
zero 50000 200000 unmap
discard 0 3000000
flush
write 1000 300000 5
zero 70000 5000 keep
write 2000000 1000 1
flush
truncate 900000000
write 899000000 5000 1
sum 899000000 4096
flush
"""


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))


def attempt(env, options):
    """Its status and peak memory."""
    lines = os.path.join(env["folder"], "lines")
    with open(lines, "rb") as stdin, open(os.path.join(env["folder"], "out"), "wb") as out:
        process = subprocess.Popen([env["block_io"], "-t", "2", env["data"], options], stdin=stdin, stdout=out,
                                   stderr=out, preexec_fn=limit)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    return status, usage.ru_maxrss * 1024


def run(env, images, count, seed):
    rng = random.Random(seed)
    with open(os.path.join(env["folder"], "lines"), "w", encoding="ascii") as f:
        f.write(LINES)
    path = os.path.join(env["folder"], "broken")
    opened = 0
    for n in range(count):
        image = rng.choice(images)
        with open(path, "wb") as f:
            f.write(mutate(image, tables(image), rng))
        extra = rng.choice(("", "", ",read-only=on", ",cache-size=65536"))
        status, memory = attempt(env, f"qcow2,cache.no-flush=on,discard=unmap,file.driver=file,file.filename={path}{extra}")
        opened += status == 0
        if status not in (0, 1 << 8) or memory > MEMORY * (3 if env["sanitized"] else 1):
            shutil.copy(path, "broken.qcow2")
            with open(os.path.join(env["folder"], "out"), encoding="utf-8", errors="replace") as f:
                raise AssertionError(f"input {n} of seed {seed}: status {status:#x}, {memory} bytes: {f.read()[-3000:]}")
    assert opened > count / 10 and opened < count, opened


def case_broken_images(env):
    images = [build(env, "a", cluster=65536), build(env, "b", "compat=0.10", cluster=4096),
              build(env, "c", cluster=512), build(env, "d", "lazy_refcounts=on", cluster=65536, packed=True),
              build(env, "e", "compression_type=zstd", cluster=4096, packed=True, snapshot=False)]
    run(env, images, env["rounds"] or (250 if env["sanitized"] else 200), 5)


CASES = [value for name, value in list(globals().items()) if name.startswith("case_")]
