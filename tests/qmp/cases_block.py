# SPDX-License-Identifier: GPL-2.0-or-later
"""Images and media: what there is, what comes and goes, and what is refused."""
import os
import shutil
import struct
import subprocess

from client import Machine

CASES = []
MIB = 1 << 20


def case(function):
    CASES.append(function)
    return function


def raw(env, name, size=MIB):
    path = os.path.join(env["folder"], name)
    with open(path, "wb") as f:
        f.truncate(size)
    return path


def qcow2(env, name, size=MIB):
    """An empty image of version 3 with clusters of 4 KiB, made by hand."""
    cluster, path = 4096, os.path.join(env["folder"], name)
    head = struct.pack(">IIQIIQIIQQIIQQQQII", 0x514649FB, 3, 0, 0, 12, size, 0, 1, 3 * cluster, cluster, 1, 0, 0,
                       0, 0, 0, 4, 104)
    table = struct.pack(">Q", 2 * cluster)
    counts = struct.pack(">4H", 1, 1, 1, 1)
    with open(path, "wb") as f:
        f.write(b"".join(part.ljust(cluster, b"\0") for part in (head, table, counts, b"")))
    return path


def drives(qmp):
    return {d["qdev"] if "qdev" in d else d["device"]: d for d in qmp.cmd("query-block")}


@case
def nodes_come_and_go(env):
    path, other = qcow2(env, "come.qcow2"), raw(env, "come.raw")
    with Machine(*env["malta"], "-S") as m:
        qmp = m.qmp.negotiate()
        qmp.cmd("blockdev-add", {"driver": "file", "node-name": "f0", "filename": path})
        qmp.cmd("blockdev-add", {"driver": "qcow2", "node-name": "n0", "file": "f0", "backing": None})
        qmp.cmd("blockdev-add", {"driver": "raw", "node-name": "n1", "read-only": True,
                                "file": {"driver": "file", "filename": other}})
        nodes = {n["node-name"]: n for n in qmp.cmd("query-named-block-nodes", {"flat": True})}
        assert nodes["n0"]["drv"] == "qcow2" and nodes["n0"]["image"]["cluster-size"] == 4096
        assert nodes["n0"]["image"]["virtual-size"] == MIB and not nodes["n0"]["ro"] and nodes["n1"]["ro"]
        assert nodes["n0"]["image"]["format-specific"]["data"]["compat"] == "1.1"
        assert nodes["f0"]["file"] == path
        assert "in use" in qmp.error("blockdev-del", {"node-name": "f0"})
        assert "node of that name" in qmp.error("blockdev-add", {"driver": "null-co", "node-name": "n0"})
        assert "another process" in qmp.error("blockdev-add", {"driver": "file", "node-name": "f1", "filename": path})
        assert "cannot be null" in qmp.error("blockdev-add", {"driver": "null-co", "node-name": "x", "size": None})
        qmp.cmd("block_resize", {"node-name": "n0", "size": 5 * MIB})
        assert "Operation not supported" in qmp.error("block_resize", {"node-name": "n0", "size": MIB}) or \
            "cannot be made so" in qmp.error("block_resize", {"node-name": "n0", "size": MIB})
        stats = {s["node-name"]: s for s in qmp.cmd("query-blockstats", {"query-nodes": True})}
        assert stats["n0"]["parent"]["node-name"] == "f0"
        for name in ("n0", "f0", "n1"):
            qmp.cmd("blockdev-del", {"node-name": name})
        assert "Failed to find node" in qmp.error("blockdev-del", {"node-name": "n0"})
        assert qmp.cmd("query-named-block-nodes") == []


@case
def drives_and_media(env):
    first, second = raw(env, "first.iso"), raw(env, "second.iso", 2 * MIB)
    disk = qcow2(env, "disk.qcow2")
    with Machine(*env["malta"], "-S", "-drive", f"file={first},format=raw,if=none,id=cd,media=cdrom,readonly=on",
                 "-device", "ide-cd,drive=cd,id=cd0", "-drive", f"file={disk},format=qcow2,if=none,id=hd",
                 "-device", "virtio-blk-pci,drive=hd,id=hd0") as m:
        qmp = m.qmp.negotiate()
        all_drives = drives(qmp)
        assert all_drives["cd0"]["removable"] and not all_drives["cd0"]["tray_open"]
        assert all_drives["cd0"]["inserted"]["file"] == first and all_drives["cd0"]["device"] == "cd"
        assert not all_drives["hd0"]["removable"] and "tray_open" not in all_drives["hd0"]
        assert all_drives["hd0"]["inserted"]["image"]["format"] == "qcow2"
        assert "not removable" in qmp.error("eject", {"id": "hd0"})
        assert "not open" in qmp.error("blockdev-remove-medium", {"id": "cd0"})
        assert "exactly one" in qmp.error("eject", {"id": "cd0", "device": "cd"})
        assert "not found" in qmp.error("eject", {"id": "nobody"}, class_="DeviceNotFound")
        qmp.cmd("blockdev-open-tray", {"id": "cd0"})
        event = qmp.event("DEVICE_TRAY_MOVED")
        assert event["data"] == {"device": "cd", "id": "cd0", "tray-open": True}, event
        qmp.cmd("blockdev-remove-medium", {"id": "cd0"})
        assert "inserted" not in drives(qmp)["cd0"] and drives(qmp)["cd0"]["tray_open"]
        qmp.cmd("blockdev-add", {"driver": "raw", "node-name": "iso", "read-only": True,
                                "file": {"driver": "file", "filename": second}})
        assert "not found" in qmp.error("blockdev-insert-medium", {"id": "cd0", "node-name": "nobody"})
        qmp.cmd("blockdev-insert-medium", {"id": "cd0", "node-name": "iso"})
        assert "already is a medium" in qmp.error("blockdev-insert-medium", {"id": "cd0", "node-name": "iso"})
        qmp.cmd("blockdev-close-tray", {"id": "cd0"})
        assert qmp.event("DEVICE_TRAY_MOVED")["data"]["tray-open"] is False
        assert drives(qmp)["cd0"]["inserted"]["node-name"] == "iso"
        assert "in use" in qmp.error("blockdev-del", {"node-name": "iso"})
        qmp.cmd("blockdev-change-medium", {"id": "cd0", "filename": first, "format": "raw"})
        assert drives(qmp)["cd0"]["inserted"]["file"] == first and drives(qmp)["cd0"]["inserted"]["ro"]
        qmp.cmd("blockdev-del", {"node-name": "iso"})
        assert "No such file" in qmp.error("blockdev-change-medium", {"id": "cd0", "filename": first + "x"})
        assert drives(qmp)["cd0"]["inserted"]["file"] == first
        qmp.cmd("eject", {"device": "cd"})
        assert "inserted" not in drives(qmp)["cd0"]
        qmp.cmd("block_resize", {"device": "hd", "size": 3 * MIB})
        assert drives(qmp)["hd0"]["inserted"]["image"]["virtual-size"] == 3 * MIB
        stats = qmp.cmd("query-blockstats")
        assert {s["qdev"] for s in stats} == {"cd0", "hd0"}


@case
def text_of_drives(env):
    first, disk = raw(env, "text.iso"), qcow2(env, "text.qcow2")
    with Machine(*env["malta"], "-S", "-cdrom", first, "-drive", f"file={disk},format=qcow2,if=virtio,id=hd") as m:
        hmp = m.qmp.negotiate().hmp
        text = hmp("info block")
        assert f"hd (#block" in text and f"{disk} (qcow2)" in text and "tray closed" in text, text
        assert disk in hmp("info block hd") and "not found" in hmp("info block nobody")
        assert f"{disk} (qcow2)" in hmp("info block -n")
        assert hmp("info blockstats").count("rd_bytes=0") == 2
        assert "no snapshot" in hmp("info snapshots")
        assert hmp("eject ide1-cd0") == "" and "ide1-cd0: [not inserted]" in hmp("info block")
        assert hmp(f"change ide1-cd0 {first} raw") == "" and first in hmp("info block ide1-cd0")
        assert "not removable" in hmp("eject hd") and "must be" in hmp("eject") and "must be" in hmp("change hd")
        assert hmp("block_resize hd 7") == "" and "virtual-size" not in hmp("info block")
        assert m.qmp.cmd("query-named-block-nodes")[-1]["image"]["virtual-size"] in (7 * MIB, MIB)


@case
def snapshots_and_backing(env):
    """What another program has put into the image is told."""
    if not shutil.which("qemu-img"):
        return
    base, top = os.path.join(env["folder"], "b.qcow2"), os.path.join(env["folder"], "t.qcow2")
    for command in (["create", "-q", "-f", "qcow2", base, "4M"],
                    ["create", "-q", "-f", "qcow2", "-b", "b.qcow2", "-F", "qcow2", top],
                    ["snapshot", "-c", "before", top]):
        subprocess.run(["qemu-img", *command], check=True)
    with Machine(*env["malta"], "-S", "-drive", f"file={top},format=qcow2,if=virtio,id=hd") as m:
        m.qmp.negotiate()
        medium = [d for d in m.qmp.cmd("query-block") if d["device"] == "hd"][0]["inserted"]
        assert medium["backing_file_depth"] == 1 and medium["backing_file"] == base
        image = medium["image"]
        assert image["backing-filename"] == "b.qcow2" and image["full-backing-filename"] == base
        assert image["backing-filename-format"] == "qcow2" and image["backing-image"]["virtual-size"] == 4 * MIB
        assert [s["name"] for s in image["snapshots"]] == ["before"]
        assert "before" in m.qmp.hmp("info snapshots") and f"{base} (chain depth: 1)" in m.qmp.hmp("info block hd")


@case
def writes_that_vanish(env):
    """-snapshot: the image may be write-protected and stays as it is; what CD-ROMs have needs no overlay."""
    path, iso = raw(env, "vanish.raw"), raw(env, "vanish.iso")
    os.chmod(path, 0o444)
    for options in (["-snapshot", "-drive", f"file={path},format=raw,if=virtio,id=hd"],
                    ["-drive", f"file={path},format=raw,if=virtio,id=hd,snapshot=on"]):
        with Machine(*env["malta"], "-S", *options, "-cdrom", iso) as m:
            m.qmp.negotiate()
            medium = drives(m.qmp)["hd"]["inserted"] if "hd" in drives(m.qmp) else \
                [d for d in m.qmp.cmd("query-block") if d["device"] == "hd"][0]["inserted"]
            assert medium["drv"] == "temporary" and not medium["ro"] and medium["backing_file_depth"] == 1, medium
            assert medium["file"] == path and medium["backing_file"] == path
            assert medium["image"]["backing-image"]["format"] == "raw"
            cdrom = [d for d in m.qmp.cmd("query-block") if d["device"] == "ide1-cd0"][0]["inserted"]
            assert cdrom["drv"] == "raw" and cdrom["ro"]
            # Nobody has the image for writing: another may read it, with locks.
            with Machine(*env["malta"], "-S", "-drive", f"file={path},format=raw,if=none,id=hd,readonly=on") as other:
                assert other.qmp.negotiate().cmd("query-block")[0]["inserted"]["ro"]
    os.chmod(path, 0o644)
