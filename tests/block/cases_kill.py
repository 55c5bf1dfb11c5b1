# SPDX-License-Identifier: GPL-2.0-or-later
"""Writers that are killed at any moment: the image is sound, and what was flushed is there."""
import os
import shutil
import signal
import threading

from images import BlockIo, Disk, check, converted, create, qcow2, tool

MIB = 1 << 20
RECORD = 4096


class Writer:
    """Sends requests of whole records with many on their way; knows what a record may hold after each."""

    def __init__(self, env, disk, io, cluster):
        self.env, self.disk, self.io, self.per_cluster = env, disk, io, max(1, cluster // RECORD)
        records = len(disk) // RECORD
        self.durable = [bytes(disk.contents[i * RECORD:(i + 1) * RECORD]) for i in range(records)]
        self.later = [[] for _ in range(records)]       # what was asked for since
        self.acked = 0

    def record(self, i):
        """A request for some records from i on, that no other request of the round has."""
        rng, data = self.disk.rng, self.env["bytes"]
        count = min(rng.choice((1, 1, 2, 16, 40)), len(self.durable) - i)
        offset, length, kind = i * RECORD, count * RECORD, rng.random()
        if kind < 0.75:
            start = rng.randrange(0, len(data) - length)
            new = [data[start + n * RECORD:start + (n + 1) * RECORD] for n in range(count)]
            line = f"write {offset} {length} {start}"
        elif kind < 0.9:
            new, line = [bytes(RECORD)] * count, f"zero {offset} {length} {rng.choice(('unmap', 'keep'))}"
        else:               # only whole clusters become zeros
            first = -(-i // self.per_cluster) * self.per_cluster
            end = (i + count) // self.per_cluster * self.per_cluster
            new = [bytes(RECORD) if first <= i + n < end else self.durable[i + n] for n in range(count)]
            line = f"discard {offset} {length}"
        for n in range(count):
            self.later[i + n].append(new[n])
        return line, count

    def round(self):
        """Requests in any order, all of them done, then a flush: from then on they are there."""
        lines, i = [], self.disk.rng.randrange(0, 200)
        while i < len(self.durable):
            line, count = self.record(i)
            lines.append(line)
            i += count + self.disk.rng.randrange(0, 600)
        self.disk.rng.shuffle(lines)
        for line in lines + ["wait", "flush"]:
            self.io.send(line)
        for _ in range(len(lines) + 2):
            number, reply = self.io.receive()
            if reply == "gone":
                return False
            assert reply == "ok", (number, reply)
        for n, later in enumerate(self.later):
            if later:
                self.durable[n] = later[-1]
                self.later[n] = []
        self.acked += 1
        return True

    def judge(self, contents):
        for i, durable in enumerate(self.durable):
            got = contents[i * RECORD:(i + 1) * RECORD]
            allowed = [durable] + self.later[i]
            # A request that was cut short may have done a part of a record, by sectors.
            for at in range(0, RECORD, 512):
                assert any(got[at:at + 512] == a[at:at + 512] for a in allowed), \
                    f"record {i} at {i * RECORD:#x}: lost after {self.acked} flushes"


def killed(env, path, contents, seed, options, cluster, delay):
    """One writer's life; what the disk holds after it."""
    disk = Disk(env, contents, seed)
    io = BlockIo(env, qcow2(path, **options), threads=8)
    writer = Writer(env, disk, io, cluster)
    timer = threading.Timer(delay, lambda: os.kill(io.process.pid, signal.SIGKILL))
    timer.start()
    try:
        while writer.round():
            pass
    except BrokenPipeError:
        pass
    timer.join()
    io.process.wait(timeout=60)
    for pipe in (io.process.stdin, io.process.stdout, io.process.stderr):
        try:
            pipe.close()
        except BrokenPipeError:
            pass
    check(path, leaks=True)
    after = converted(path, env["folder"])
    writer.judge(after)
    return after, writer.acked


def lives(env, path, contents, options, cluster, count, seed):
    acked = 0
    for n in range(count):
        delay = 0.02 + (n * 7919 % 97) / 97 * 0.5
        contents, more = killed(env, path, contents, f"{seed}{n}", options, cluster, delay)
        acked += more
    assert acked > count / 4, f"only {acked} flushes in {count} lives"
    with BlockIo(env, qcow2(path)) as io:
        Disk(env, contents, 0).verify(io)


def case_killed(env):
    path = os.path.join(env["folder"], "killed")
    create(path, 24 * MIB)
    lives(env, path, bytes(24 * MIB), {}, 65536, env["rounds"] or 12, "a")


def case_killed_small_clusters(env):
    """New L2 tables, refcount blocks and refcount tables all the time, and caches that are full."""
    path = os.path.join(env["folder"], "killed512")
    create(path, 12 * MIB, "cluster_size=512", "refcount_bits=64")
    lives(env, path, bytes(12 * MIB), {"l2-cache-size": 8192}, 512, env["rounds"] or 10, "b")


def case_killed_with_snapshot(env):
    path = os.path.join(env["folder"], "killedsnap")
    create(path, 12 * MIB, "cluster_size=4096")
    disk = Disk(env, bytes(12 * MIB), "snap")
    with BlockIo(env, qcow2(path)) as io:
        for _ in range(30):
            io.do(disk.request())
    tool("qemu-img", "snapshot", "-c", "s", path)
    lives(env, path, bytes(disk.contents), {}, 4096, env["rounds"] or 8, "c")
    copy = path + ".copy"
    shutil.copy(path, copy)
    tool("qemu-img", "snapshot", "-a", "s", copy)
    assert converted(copy, env["folder"]) == disk.contents


def case_killed_over_backing(env):
    base, path = os.path.join(env["folder"], "base"), os.path.join(env["folder"], "top")
    create(base, 10 * MIB)
    disk = Disk(env, bytes(12 * MIB), "back")
    with BlockIo(env, qcow2(base)) as io:
        for _ in range(20):
            io.do(disk.request(0, 10 * MIB))
    create(path, 12 * MIB, backing=base, backing_format="qcow2")
    lives(env, path, bytes(disk.contents), {}, 65536, env["rounds"] or 8, "d")


CASES = [value for name, value in list(globals().items()) if name.startswith("case_")]
