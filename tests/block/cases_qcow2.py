# SPDX-License-Identifier: GPL-2.0-or-later
"""qcow2 images of many kinds: what is written is read, by others too, and the image is sound afterwards."""
import os
import struct

from images import BlockIo, Disk, check, converted, create, info, qcow2, tool

MIB = 1 << 20


def path_of(env, name):
    return os.path.join(env["folder"], name)


def exercise(env, path, disk, seed, count=60, options=None, discard=None, threads=True):
    """Random requests, one by one and then many at once; the contents and the image at each end."""
    options = options or {}
    with BlockIo(env, qcow2(path, **options)) as io:
        disk.verify(io)
        for _ in range(count):
            io.do(disk.request(discard=discard))
        disk.verify(io)
        io.do("flush")
        disk.verify(io)
    check(path)
    assert converted(path, env["folder"]) == disk.contents
    if threads:
        many(env, path, disk, seed, options, discard)
    with BlockIo(env, qcow2(path, **{"read-only": True})) as io:
        disk.verify(io)


def many(env, path, disk, seed, options, discard):
    """Sixteen threads; those of one part of the disk follow each other, with a flush now and then."""
    parts, rounds = 16, 6
    edges = [len(disk) * i // parts for i in range(parts + 1)]
    with BlockIo(env, qcow2(path, **options), threads=16) as io:
        for _ in range(rounds):
            lines = [disk.request(edges[i], edges[i + 1], discard=discard and None) for i in range(parts)]
            lines += ["flush", f"sum 0 {min(len(disk), MIB)}"]
            disk.rng.shuffle(lines)
            for line in lines + ["wait"]:
                io.send(line)
            for _ in range(len(lines) + 1):
                number, reply = io.receive()
                assert not reply.startswith("error") and reply != "gone", (number, reply)
        disk.verify(io)
    check(path)
    assert converted(path, env["folder"]) == disk.contents


def fresh(env, name, size, *options, **more):
    path = path_of(env, name)
    create(path, size, *options)
    disk = Disk(env, bytes(size), name)
    bits = [o for o in options if o.startswith("cluster_size=")]
    cluster = int(bits[0].split("=")[1]) if bits else 65536
    exercise(env, path, disk, name, discard=cluster, **more)
    return path, disk


def case_cluster_sizes(env):
    for cluster in (512, 1024, 4096, 65536, 2 * MIB):
        fresh(env, f"c{cluster}", 10 * MIB + 512 * 7, f"cluster_size={cluster}")


def case_refcount_widths(env):
    for bits in (1, 2, 4, 8, 16, 32, 64):
        fresh(env, f"r{bits}", 12 * MIB, f"refcount_bits={bits}", "cluster_size=512", count=40)


def case_version_2(env):
    fresh(env, "v2", 9 * MIB, "compat=0.10")
    fresh(env, "v2small", 9 * MIB, "compat=0.10", "cluster_size=4096")


def case_preallocated(env):
    for how in ("metadata", "falloc", "full"):
        fresh(env, f"p{how}", 6 * MIB, f"preallocation={how}", count=30)


def case_lazy(env):
    path, _ = fresh(env, "lazy", 8 * MIB, "lazy_refcounts=on", options={"lazy-refcounts": True})
    assert info(path)["format-specific"]["data"]["lazy-refcounts"]


def case_small_caches(env):
    """Tables go in and out all the time."""
    fresh(env, "caches", 16 * MIB, "cluster_size=1024",
          options={"l2-cache-size": 4096, "refcount-cache-size": 4096})
    fresh(env, "total", 8 * MIB, "cluster_size=4096", options={"cache-size": 65536})
    with BlockIo(env, qcow2(path_of(env, "total"), **{"cache-size": 4096, "l2-cache-size": 8192}),
                 must_fail=True) as io:
        assert "cache-size" in io.error


def case_direct(env):
    fresh(env, "direct", 8 * MIB, options={"cache": {"direct": True}, "file": {
        "driver": "file", "filename": path_of(env, "direct")}})
    fresh(env, "direct512", 4 * MIB, "cluster_size=512", options={"cache": {"direct": True}}, count=20)


def case_empty_and_odd(env):
    path = path_of(env, "empty")
    create(path, 0)
    with BlockIo(env, qcow2(path)) as io:
        assert io.ask("size") == "0" and io.ask("write 0 1 0") == "error 5"
        assert io.ask("truncate 100000") == "error 22"      # no whole sector
        io.do("truncate 100352")
        io.do("write 99000 1000 5")
        assert io.ask("truncate 5000") == "error 95"
    check(path)
    assert converted(path, env["folder"])[99000:100000] == env["bytes"][5:1005]


def source(env, name, size, seed):
    """A raw image with data and holes, and what is in it."""
    disk = Disk(env, bytes(size), seed)
    for _ in range(12):
        disk.request()
    with open(path_of(env, name), "wb") as f:
        f.write(disk.contents)
    return path_of(env, name), disk


def case_compressed(env):
    for kind, cluster in (("zlib", 65536), ("zstd", 65536), ("zlib", 4096), ("zstd", 4096), ("zlib", 2 * MIB)):
        raw, disk = source(env, "source.raw", 5 * MIB + 512, f"{kind}{cluster}")
        disk.contents[MIB:3 * MIB] = b"All work and no play makes Jack a dull boy. " * (2 * MIB // 44) + b"." * (
            2 * MIB % 44)
        with open(raw, "wb") as f:
            f.write(disk.contents)
        path = path_of(env, "compressed")
        tool("qemu-img", "convert", "-c", "-O", "qcow2", "-o", f"compression_type={kind},cluster_size={cluster}",
             raw, path)
        with BlockIo(env, qcow2(path)) as io:
            assert f'"compression-type":"{kind}"' in io.ask("info").replace(" ", "")
        exercise(env, path, disk, "compressed", discard=cluster)


def case_data_of_others(env):
    """Another program's writes, zeros and discards."""
    path = path_of(env, "others")
    create(path, 4 * MIB)
    tool("qemu-io", "-f", "qcow2", "-d", "unmap", "-c", "write -P 17 0 1M", "-c", "write -z 256k 128k",
         "-c", "write -z -u 512k 128k", "-c", "discard 768k 64k", "-c", "write -P 33 3000k 9000", path)
    disk = Disk(env, converted(path, env["folder"]), "others")
    assert disk.contents[3000 << 10] == 33
    exercise(env, path, disk, "others", discard=65536)


def case_backing_chain(env):
    """Each image longer or shorter than the one below, names relative to the images' folder."""
    os.makedirs(path_of(env, "sub"), exist_ok=True)
    _, base = source(env, "sub/base.raw", 3 * MIB, "base")
    create(path_of(env, "sub/middle"), 5 * MIB, "cluster_size=4096", backing="base.raw", backing_format="raw")
    middle = Disk(env, base.contents + bytes(2 * MIB), "middle")
    with BlockIo(env, qcow2(path_of(env, "sub/middle"))) as io:
        middle.verify(io)
        for _ in range(20):
            io.do(middle.request(discard=4096))
        assert "backing=base.raw format=raw" in io.ask("info")
    check(path_of(env, "sub/middle"))
    for size, name, compat in ((7 * MIB, "long", "1.1"), (4 * MIB + 1536, "short", "1.1"), (6 * MIB, "old", "0.10")):
        path = path_of(env, f"sub/{name}")
        create(path, size, f"compat={compat}", backing="middle", backing_format="qcow2")
        disk = Disk(env, (middle.contents + bytes(size))[:size], name)
        exercise(env, path, disk, name, discard=65536 if compat == "1.1" else None)
    assert converted(path_of(env, "sub/middle"), env["folder"]) == middle.contents
    with open(path_of(env, "sub/base.raw"), "rb") as f:
        assert f.read() == base.contents


def case_grow_over_backing(env):
    """What a longer backing image has behind the old end does not appear."""
    _, base = source(env, "long.raw", 4 * MIB, "long")
    for compat in ("1.1", "0.10"):
        path = path_of(env, f"grown{compat}")
        create(path, MIB + 5 * 512, f"compat={compat}", backing=path_of(env, "long.raw"), backing_format="raw")
        disk = Disk(env, base.contents[:MIB + 5 * 512], "grown")
        with BlockIo(env, qcow2(path)) as io:
            io.do(disk.write(MIB, 1000))
            for size in (MIB + 9 * 512, 3 * MIB, 70 * MIB):
                io.do(f"truncate {size}")
                disk.grow(size)
                disk.verify(io)
            io.do(disk.write(69 * MIB, MIB))
        check(path)
        assert info(path)["virtual-size"] == 70 * MIB
        assert converted(path, env["folder"]) == disk.contents


def case_backing_options(env):
    raw, base = source(env, "b.raw", MIB, "b")
    other, theirs = source(env, "c.raw", MIB, "c")
    path = path_of(env, "over")
    create(path, MIB, backing=raw, backing_format="raw")
    described = {"driver": "raw", "file": {"driver": "file", "filename": other}}
    for options, expected in ((qcow2(path), base), (qcow2(path, backing=None), Disk(env, bytes(MIB), 0)),
                              (qcow2(path, backing=described), theirs)):
        with BlockIo(env, options) as io:
            expected.verify(io)
    with BlockIo(env, qcow2(path, backing="nobody"), must_fail=True) as io:
        assert "no node of that name" in io.error
    os.unlink(raw)
    with BlockIo(env, qcow2(path), must_fail=True) as io:
        assert "b.raw" in io.error and "No such file" in io.error
    with BlockIo(env, f"qcow2,file.driver=file,file.filename={path},backing="):
        pass


def case_backing_names(env):
    """A description in JSON, a scheme, and no format."""
    raw, base = source(env, "n.raw", MIB, "n")
    path = path_of(env, "names")
    create(path, MIB)
    for name, form in ((f'json:{{"driver":"raw","file":{{"driver":"file","filename":"{raw}"}}}}', "raw"),
                       (f"file:{raw}", "raw")):
        tool("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", name, "-F", form, path)
        with BlockIo(env, qcow2(path)) as io:
            base.verify(io)
    tool("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", "ssh://localhost:1/x", "-F", "raw", path)
    with BlockIo(env, qcow2(path), must_fail=True) as io:
        assert "only files of the host" in io.error


def case_backing_loops(env):
    first, second = path_of(env, "loop1"), path_of(env, "loop2")
    create(first, MIB)
    create(second, MIB)
    for image, below in ((first, second), (second, first)):
        tool("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", below, "-F", "qcow2", image)
    with BlockIo(env, qcow2(first, **{"read-only": True}), must_fail=True) as io:
        assert "its own backing image" in io.error
    BlockIo(env, qcow2(first), must_fail=True)


def case_backing_depth(env):
    """Long chains are read; those that are too long are refused."""
    below, images = None, []
    for i in range(205):
        path = path_of(env, f"deep{i}")
        create(path, MIB, "cluster_size=4096")
        if below:
            tool("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", below, "-F", "qcow2", path)
        images.append(path)
        below = path
    with BlockIo(env, qcow2(images[0])) as io:
        io.do("write 5000 1000 0")
    with BlockIo(env, qcow2(images[150])) as io:
        disk = Disk(env, bytes(MIB), 0)
        disk.contents[5000:6000] = env["bytes"][:1000]
        disk.verify(io)
    with BlockIo(env, qcow2(images[-1]), must_fail=True) as io:
        assert "stand on each other" in io.error


def case_snapshots(env):
    """What a snapshot has stays as it was, however the disk is written to."""
    for compat, cluster in (("1.1", 65536), ("0.10", 4096), ("1.1", 512)):
        path = path_of(env, f"snap{compat}{cluster}")
        create(path, 6 * MIB, f"compat={compat}", f"cluster_size={cluster}")
        disk = Disk(env, bytes(6 * MIB), path)
        exercise(env, path, disk, "before", count=20, discard=cluster, threads=False)
        kept = []
        for name in ("first", "second"):
            tool("qemu-img", "snapshot", "-c", name, path)
            kept.append((name, bytes(disk.contents)))
            exercise(env, path, disk, name, count=25, discard=cluster)
        with BlockIo(env, qcow2(path, **{"read-only": True})) as io:
            assert "snapshots=first,second, " in io.ask("info")
        for name, contents in kept:
            tool("qemu-img", "snapshot", "-a", name, path)
            check(path)
            assert converted(path, env["folder"]) == contents, name
            with BlockIo(env, qcow2(path, **{"read-only": True})) as io:
                Disk(env, contents, 0).verify(io)
        tool("qemu-img", "snapshot", "-d", "first", path)
        tool("qemu-img", "snapshot", "-d", "second", path)
        check(path)


def case_dirty(env):
    """Killed writers with lazy refcounts: repaired before it is written to, readable without."""
    for bits, cluster in ((16, 65536), (1, 512), (64, 4096)):
        path = path_of(env, f"dirty{bits}")
        create(path, 24 * MIB, "lazy_refcounts=on", f"refcount_bits={bits}", f"cluster_size={cluster}")
        tool("qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 8M", "-c", "write -P 9 20M 1000k", "-c", "discard 2M 1M",
             "-c", "flush", "-c", "sigraise 9", path, fails=True)
        assert info(path)["dirty-flag"]
        disk = Disk(env, bytes(24 * MIB), path)
        disk.contents[MIB:9 * MIB] = b"\7" * (8 * MIB)
        disk.contents[20 * MIB:(20 << 20) + (1000 << 10)] = b"\x09" * (1000 << 10)
        with BlockIo(env, qcow2(path, **{"read-only": True})) as io:
            assert "dirty=1" in io.ask("info")
            disk.contents[2 * MIB:3 * MIB] = bytes(MIB) if io.ask(f"sum {2 * MIB} 4096") != io.ask(
                f"sum {3 * MIB} 4096") else b"\7" * MIB
            disk.verify(io)
        with BlockIo(env, qcow2(path)) as io:
            assert "dirty=0" in io.ask("info")
            disk.verify(io)
        assert not info(path)["dirty-flag"]
        check(path)
        exercise(env, path, disk, path, discard=cluster, count=20)


def case_dirty_snapshots(env):
    path = path_of(env, "dirtysnap")
    create(path, 8 * MIB, "lazy_refcounts=on")
    tool("qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 2M", path)
    tool("qemu-img", "snapshot", "-c", "s", path)
    tool("qemu-io", "-f", "qcow2", "-c", "write -P 8 2M 3M", "-c", "flush", "-c", "sigraise 9", path, fails=True)
    disk = Disk(env, bytes(MIB) + b"\7" * MIB + b"\x08" * (3 * MIB) + bytes(3 * MIB), path)
    exercise(env, path, disk, path, discard=65536)


def patch(path, offset, form, *values):
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(struct.pack(form, *values))


def case_refused(env):
    """What is not there is named."""
    def refused(path, part, **more):
        with BlockIo(env, qcow2(path, **more), must_fail=True) as io:
            assert part in io.error, io.error
    path = path_of(env, "refused")
    tool("qemu-img", "create", "-q", "-f", "qcow2", "--object", "secret,id=s,data=x", "-o",
         "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", path, "1M")
    refused(path, "is encrypted (LUKS)")
    create(path, MIB, f"data_file={path_of(env, 'refused.data')}")
    refused(path, "external data file")
    create(path, MIB, "extended_l2=on")
    refused(path, "extended L2 entries")
    create(path, MIB)
    patch(path, 72, ">Q", 1 << 40)
    refused(path, "unknown feature")
    patch(path, 72, ">Q", 2)
    refused(path, "marked as corrupt")
    with BlockIo(env, qcow2(path, **{"read-only": True})) as io:
        assert io.ask("size") == str(MIB) and io.ask("writable") != "ok"
    patch(path, 72, ">Q", 0)
    patch(path, 4, ">I", 4)
    refused(path, "version 4")
    refused(env["data"], "is no qcow2 image")


def case_autoclear(env):
    """Bitmaps and what is unknown are out of date after a write, and the clusters of bitmaps stay."""
    path = path_of(env, "bitmaps")
    create(path, 4 * MIB)
    tool("qemu-img", "bitmap", "--add", "-f", "qcow2", path, "b0")
    tool("qemu-io", "-f", "qcow2", "-c", "write -P 5 0 1M", path)
    with BlockIo(env, qcow2(path, **{"read-only": True})):
        pass
    with open(path, "rb") as f:
        assert f.read(96)[88:96] == struct.pack(">Q", 1)
    with BlockIo(env, qcow2(path)) as io:
        io.do("write 100 5000 77")
    with open(path, "rb") as f:
        assert f.read(96)[88:96] == bytes(8)
    check(path, leaks=True)


def case_becomes_writable(env):
    """auto-read-only: the file is written to when the image above it is."""
    path = path_of(env, "auto")
    create(path, MIB)
    options = {"driver": "qcow2", "read-only": True,
               "file": {"driver": "file", "filename": path, "read-only": False, "auto-read-only": True}}
    with BlockIo(env, options) as io:
        assert io.ask("write 0 512 0") == "error 1"
        tool("qemu-io", "-r", "-f", "qcow2", "-c", "read 0 512", path)
        io.do("writable")
        io.do("write 0 512 0")
        io.do("flush")
        tool("qemu-io", "-f", "qcow2", "-c", "read 0 512", path, fails=True)
    check(path)
    assert converted(path, env["folder"])[:512] == env["bytes"][:512]


def case_space(env):
    """Discarded space goes back to the host and is used again; sequential writes do not leak."""
    path = path_of(env, "space")
    create(path, 64 * MIB)
    with BlockIo(env, qcow2(path)) as io:
        for at in range(0, 32):
            io.do(f"write {at * MIB} {MIB} 0")
        io.do("flush")
        full = os.stat(path).st_blocks * 512
        assert 32 * MIB <= full < 33.5 * MIB, full
        io.do(f"discard 0 {32 * MIB}")
        io.do("flush")
        assert os.stat(path).st_blocks * 512 < 2 * MIB, os.stat(path).st_blocks * 512
        for at in range(32, 64):
            io.do(f"write {at * MIB} {MIB} 0")
    assert os.stat(path).st_size < 34 * MIB, os.stat(path).st_size
    check(path)


def case_contiguous(env):
    """A disk that is written from its start on lies so in the file."""
    path = path_of(env, "row")
    create(path, 32 * MIB)
    with BlockIo(env, qcow2(path)) as io:
        for at in range(0, 32 * MIB, 256 << 10):
            io.do(f"write {at} {256 << 10} 0")
    assert "0.00% fragmented" in check(path) or "100.00% allocated" in check(path)
    extents = tool("qemu-img", "map", "-f", "qcow2", path).splitlines()[1:]
    assert len(extents) <= 2, extents


CASES = [value for name, value in list(globals().items()) if name.startswith("case_")]
