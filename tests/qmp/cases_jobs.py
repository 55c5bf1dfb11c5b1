# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots of images in use, and jobs that make chains of them shorter, as clients drive them."""
import json
import os
import random
import shutil
import subprocess

from client import Machine

CASES = []
MIB = 1 << 20


def case(function):
    def skipping(env):
        if shutil.which("qemu-img") and shutil.which("qemu-io"):
            function(env)
    skipping.__name__ = function.__name__
    CASES.append(skipping)
    return function


def tool(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def chain(env, name, depth, form="qcow2"):
    """Images that each add something to the one below; their paths, the lowest first."""
    paths = [os.path.join(env["folder"], f"{name}{i}.{form if i == 0 else 'qcow2'}") for i in range(depth)]
    tool("qemu-img", "create", "-q", "-f", form, paths[0], "8M")
    for below, path in zip(paths, paths[1:]):
        tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", below, "-F", form if below == paths[0] else "qcow2", path)
    for i, path in enumerate(paths):
        tool("qemu-io", "-f", form if i == 0 else "qcow2", "-c", f"write -P {i + 1} {i}M 2M",
             "-c", f"write -P {0x10 + i} {7 * MIB + i * 5000} 5000", "-c", f"write -z {6 * MIB + i * 65536} 64k", path)
    return paths


def contents(env, path, form="qcow2"):
    out = os.path.join(env["folder"], "contents.raw")
    tool("qemu-img", "convert", "-f", form, "-O", "raw", path, out)
    with open(out, "rb") as file:
        return file.read()


def sound(path):
    tool("qemu-img", "check", "-q", "-f", "qcow2", path)


def info(path):
    return json.loads(tool("qemu-img", "info", "--output=json", path))


def statuses(qmp, job, last):
    """What the job goes through until that status."""
    seen = []
    while not seen or seen[-1] != last:
        data = qmp.event("JOB_STATUS_CHANGE")["data"]
        assert data["id"] == job, data
        seen.append(data["status"])
    return seen


def medium(qmp, device="hd"):
    return [d for d in qmp.cmd("query-block") if d["device"] == device][0]["inserted"]


def boot(env, path, form="qcow2"):
    return Machine(*env["malta"], "-S", "-drive", f"file={path},format={form},if=virtio,id=hd")


@case
def snapshot_by_file(env):
    base = chain(env, "sync", 1)[0]
    over, again = (os.path.join(env["folder"], name) for name in ("sync-over.qcow2", "sync-again.qcow2"))
    before = contents(env, base)
    with boot(env, base) as m:
        qmp = m.qmp.negotiate()
        qmp.cmd("blockdev-snapshot-sync", {"device": "hd", "snapshot-file": over, "snapshot-node-name": "over"})
        got = medium(qmp)
        assert got["file"] == over and got["node-name"] == "over" and not got["ro"] and got["backing_file"] == base
        nodes = {n["file"]: n for n in qmp.cmd("query-named-block-nodes") if n["drv"] == "qcow2"}
        assert nodes[base]["ro"]
        assert "qcow2 only" in qmp.error("blockdev-snapshot-sync", {"device": "hd", "snapshot-file": again,
                                                                   "format": "raw"})
        assert "already in use" in qmp.error("blockdev-snapshot-sync", {
            "node-name": "over", "snapshot-file": again, "snapshot-node-name": "over"})
        assert "exactly one" in qmp.error("blockdev-snapshot-sync", {"snapshot-file": again})
        assert "Could not create" in qmp.error("blockdev-snapshot-sync", {"device": "hd", "snapshot-file": "/no/x"})
        assert medium(qmp)["node-name"] == "over"
        tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", over, "-F", "qcow2", "-u", again, "8M")
        qmp.cmd("blockdev-snapshot-sync", {"device": "hd", "snapshot-file": again, "mode": "existing"})
        assert medium(qmp)["backing_file_depth"] == 2
    assert info(over)["full-backing-filename"] == base and info(over)["backing-filename-format"] == "qcow2"
    assert info(over)["virtual-size"] == 8 * MIB
    for path in (base, over, again):
        sound(path)
    assert contents(env, again) == before


@case
def snapshots_all_or_none(env):
    disks = [chain(env, f"all{i}-", 1)[0] for i in range(2)]
    overs = [os.path.join(env["folder"], f"all-over{i}.qcow2") for i in range(2)]
    with Machine(*env["malta"], "-S", *(word for i, path in enumerate(disks) for word in
                                        ("-drive", f"file={path},format=qcow2,if=virtio,id=hd{i}"))) as m:
        qmp = m.qmp.negotiate()
        actions = [{"type": "blockdev-snapshot-sync", "data": {"device": f"hd{i}", "snapshot-file": path}}
                   for i, path in enumerate(overs)]
        bad = {"type": "blockdev-snapshot", "data": {"node": medium(qmp, "hd1")["node-name"], "overlay": "nobody"}}
        assert "nobody" in qmp.error("transaction", {"actions": [actions[0], bad]})
        assert "two snapshots" in qmp.error("transaction", {"actions": [
            actions[0], {"type": "blockdev-snapshot-sync", "data": {"device": "hd0", "snapshot-file": overs[1]}}]})
        assert "does not accept value 'backup'" in qmp.error("transaction", {"actions": [{"type": "backup",
                                                                                         "data": {}}]})
        assert [medium(qmp, f"hd{i}")["file"] for i in range(2)] == disks
        qmp.cmd("transaction", {"actions": actions})
        assert [medium(qmp, f"hd{i}")["file"] for i in range(2)] == overs
        assert [medium(qmp, f"hd{i}")["backing_file"] for i in range(2)] == disks


@case
def image_made_and_put_on_top(env):
    """As libvirt does it: a file, an image in it, a node, a transaction."""
    base = chain(env, "made", 1)[0]
    path = os.path.join(env["folder"], "made-over.qcow2")
    before = contents(env, base)
    with Machine(*env["malta"], "-S", "-blockdev", f"driver=file,node-name=s1,filename={base},auto-read-only=on",
                 "-blockdev", "driver=qcow2,node-name=f1,file=s1", "-device", "virtio-blk-pci,drive=f1,id=hd") as m:
        qmp = m.qmp.negotiate()
        qmp.cmd("blockdev-create", {"job-id": "c0", "options": {"driver": "file", "filename": path, "size": 0}})
        assert statuses(qmp, "c0", "concluded") == ["created", "running", "waiting", "pending", "concluded"]
        assert "already in use" in qmp.error("blockdev-create", {"job-id": "c0", "options": {
            "driver": "file", "filename": path, "size": 0}})
        assert [j["status"] for j in qmp.cmd("query-jobs")] == ["concluded"]
        qmp.cmd("job-dismiss", {"id": "c0"})
        assert statuses(qmp, "c0", "null") == ["null"]
        assert "Job not found" in qmp.error("job-dismiss", {"id": "c0"})
        qmp.cmd("blockdev-add", {"driver": "file", "node-name": "s2", "filename": path, "auto-read-only": True,
                                "discard": "unmap"})
        options = {"driver": "qcow2", "file": "s2", "size": 8 * MIB, "backing-file": base, "backing-fmt": "qcow2"}
        qmp.cmd("blockdev-create", {"job-id": "c1", "options": {**options, "cluster-size": 1000}})
        assert statuses(qmp, "c1", "concluded")[-2:] == ["aborting", "concluded"]
        assert "power of two" in qmp.cmd("query-jobs")[0]["error"]
        qmp.cmd("job-dismiss", {"id": "c1"})
        assert statuses(qmp, "c1", "null") == ["null"]
        qmp.cmd("blockdev-create", {"job-id": "c2", "options": options})
        statuses(qmp, "c2", "concluded")
        assert "error" not in qmp.cmd("query-jobs")[0] and qmp.cmd("query-block-jobs") == []
        qmp.cmd("job-dismiss", {"id": "c2"})
        qmp.cmd("blockdev-add", {"driver": "qcow2", "node-name": "f2", "file": "s2", "backing": None})
        assert "in use" in qmp.error("blockdev-create", {"job-id": "c3", "options": options})
        qmp.cmd("transaction", {"actions": [{"type": "blockdev-snapshot", "data": {"node": "f1", "overlay": "f2"}}]})
        assert "already has a backing" in qmp.error("blockdev-snapshot", {"node": "f1", "overlay": "f2"})
        assert "in use" in qmp.error("blockdev-del", {"node-name": "f1"})
        assert qmp.cmd("query-block")[0]["inserted"]["node-name"] == "f2"
    assert contents(env, path) == before
    sound(path)


def commit_active(env, name, form):
    paths = chain(env, name, 3, form)
    before = contents(env, paths[-1])
    with boot(env, paths[-1]) as m:
        qmp = m.qmp.negotiate()
        qmp.cmd("block-commit", {"device": "hd", "job-id": "j", "base": paths[0], "auto-dismiss": False})
        assert statuses(qmp, "j", "ready") == ["created", "running", "ready"]
        ready = qmp.event("BLOCK_JOB_READY")["data"]
        assert ready["type"] == "commit" and ready["len"] == ready["offset"] == 8 * MIB, ready
        job = qmp.cmd("query-block-jobs")[0]
        assert job["ready"] and job["device"] == "j" and job["status"] == "ready" and not job["auto-dismiss"]
        for command, arguments in (("block-commit", {"device": "hd", "job-id": "k"}),
                                   ("blockdev-snapshot-sync", {"device": "hd", "snapshot-file": "/tmp/none"}),
                                   ("block-stream", {"device": "hd", "job-id": "k"})):
            assert "works on it" in qmp.error(command, arguments), command
        assert "resource busy" in qmp.error("block_resize", {"device": "hd", "size": 16 * MIB}).lower()
        qmp.cmd("system_reset")
        qmp.cmd("job-pause", {"id": "j"})
        assert "paused" in qmp.error("job-complete", {"id": "j"})
        qmp.cmd("job-resume", {"id": "j"})
        assert statuses(qmp, "j", "standby")[-1] == "standby" and statuses(qmp, "j", "ready") == ["ready"]
        qmp.cmd("job-complete", {"id": "j"})
        assert "error" not in qmp.event("BLOCK_JOB_COMPLETED")["data"]
        assert statuses(qmp, "j", "concluded") == ["waiting", "pending", "concluded"]
        got = medium(qmp)
        assert got["file"] == paths[0] and not got["ro"] and got["backing_file_depth"] == 0, got
        qmp.cmd("job-dismiss", {"id": "j"})
        assert qmp.cmd("query-jobs") == []
    assert contents(env, paths[0], form) == before


@case
def commit_of_the_image_in_use(env):
    commit_active(env, "active-q", "qcow2")


@case
def commit_to_a_raw_image(env):
    commit_active(env, "active-r", "raw")


@case
def commit_between(env):
    paths = chain(env, "between", 4)
    before = contents(env, paths[3])
    with boot(env, paths[3]) as m:
        qmp = m.qmp.negotiate()
        assert "not in the" in qmp.error("block-commit", {"device": "hd", "job-id": "j", "top": paths[1],
                                                         "base": paths[2]})
        assert "no image in the chain" in qmp.error("block-commit", {"device": "hd", "job-id": "j", "top": "/x"})
        qmp.cmd("block-commit", {"device": "hd", "top": paths[2], "base": paths[1], "auto-finalize": False,
                                "backing-file": os.path.basename(paths[1])})
        assert statuses(qmp, "hd", "pending") == ["created", "running", "waiting", "pending"]
        assert qmp.event("BLOCK_JOB_PENDING")["data"] == {"id": "hd", "type": "commit"}
        assert medium(qmp)["backing_file_depth"] == 3
        qmp.cmd("job-finalize", {"id": "hd"})
        assert statuses(qmp, "hd", "null") == ["concluded", "null"]
        assert medium(qmp)["backing_file_depth"] == 2 and medium(qmp)["backing_file"] == paths[1]
        assert all(n["file"] != paths[2] for n in qmp.cmd("query-named-block-nodes"))
        assert [n["ro"] for n in qmp.cmd("query-named-block-nodes") if n["file"] == paths[1]] == [True, True]
    assert info(paths[3])["backing-filename"] == os.path.basename(paths[1])
    assert contents(env, paths[3]) == before
    for path in (paths[0], paths[1], paths[3]):
        sound(path)


@case
def stream_down_to_an_image_and_all(env):
    paths = chain(env, "stream", 4)
    before = contents(env, paths[3])
    with boot(env, paths[3]) as m:
        qmp = m.qmp.negotiate()
        qmp.cmd("block-stream", {"device": "hd", "base": paths[0]})
        statuses(qmp, "hd", "null")
        assert medium(qmp)["backing_file"] == paths[0] and medium(qmp)["backing_file_depth"] == 1
    assert info(paths[3])["full-backing-filename"] == paths[0] and contents(env, paths[3]) == before
    with boot(env, paths[3]) as m:
        qmp = m.qmp.negotiate()
        qmp.cmd("block-stream", {"device": "hd", "job-id": "all", "speed": 100 * MIB})
        assert statuses(qmp, "all", "null")[-1] == "null"
        assert qmp.event("BLOCK_JOB_COMPLETED")["data"]["type"] == "stream"
        assert medium(qmp)["backing_file_depth"] == 0
        assert "no backing image" in qmp.error("block-stream", {"device": "hd"})
    assert "backing-filename" not in info(paths[3])
    sound(paths[3])
    assert contents(env, paths[3]) == before


@case
def jobs_that_are_ended(env):
    """Cancelled while it copies and while it is ready, and by the end of the program: the chain is what it was."""
    paths = chain(env, "ended", 2)
    before = contents(env, paths[1])
    with boot(env, paths[1]) as m:
        qmp = m.qmp.negotiate()
        qmp.cmd("block-commit", {"device": "hd", "job-id": "j", "speed": 65536})
        qmp.cmd("block-job-set-speed", {"device": "j", "speed": 70000})
        assert qmp.cmd("query-block-jobs")[0]["speed"] == 70000
        assert "cannot accept command verb 'complete'" in qmp.error("job-complete", {"id": "j"})
        qmp.cmd("job-cancel", {"id": "j"})
        assert statuses(qmp, "j", "null")[-3:] == ["aborting", "concluded", "null"]
        assert qmp.event("BLOCK_JOB_CANCELLED")["data"]["device"] == "j"
        qmp.cmd("block-commit", {"device": "hd", "job-id": "j"})
        statuses(qmp, "j", "ready")
        qmp.cmd("block-job-cancel", {"device": "j"})
        assert statuses(qmp, "j", "null") == ["waiting", "pending", "concluded", "null"]
        assert "error" not in qmp.event("BLOCK_JOB_COMPLETED")["data"]
        assert medium(qmp)["file"] == paths[1] and medium(qmp)["backing_file_depth"] == 1
        assert "not found" in qmp.error("block-job-cancel", {"device": "j"}, class_="DeviceNotActive")
        qmp.cmd("block-commit", {"device": "hd", "job-id": "j", "speed": random.randrange(30000, 1000000)})
    assert contents(env, paths[1]) == before
    for path in paths:
        sound(path)


@case
def disks_of_a_server(env):
    """-drive file=nbd...: each spelling; a snapshot of one and its commit, back into the server's disk."""
    if not shutil.which("qemu-nbd"):
        return
    path, sock, over = (os.path.join(env["folder"], name) for name in ("nbd.raw", "nbd.sock", "nbd-over.qcow2"))
    with open(path, "wb") as file:
        file.write(b"\x5a" * MIB)
    server = subprocess.Popen(["qemu-nbd", "--persistent", "--shared=4", "-f", "raw", f"--socket={sock}", path])
    try:
        while not os.path.exists(sock):
            assert server.poll() is None
        for name in (f"nbd+unix:///?socket={sock}", f"nbd:unix:{sock}", f"nbd:unix:{sock}:exportname="):
            with Machine(*env["malta"], "-S", "-drive", f"file={name},format=raw,if=virtio,id=hd") as m:
                qmp = m.qmp.negotiate()
                assert medium(qmp)["file"] == f"nbd+unix:///?socket={sock}" and not medium(qmp)["ro"]
                assert medium(qmp)["image"]["virtual-size"] == MIB
                if name.endswith("="):
                    qmp.cmd("blockdev-snapshot-sync", {"device": "hd", "snapshot-file": over})
                    qmp.cmd("block-commit", {"device": "hd"})
                    statuses(qmp, "hd", "ready")
                    qmp.cmd("job-complete", {"id": "hd"})
                    statuses(qmp, "hd", "null")
                    assert medium(qmp)["file"] == f"nbd+unix:///?socket={sock}"
    finally:
        server.terminate()
        server.wait(10)
    for name, why in (("nbd://127.0.0.1:1/x", "refused"), ("nbd:here", "nbd:HOST:PORT"), ("nbd+unix:///x", "socket=")):
        done = subprocess.run([*env["malta"], "-drive", f"file={name},format=raw"], capture_output=True, text=True,
                              timeout=30, check=False)
        assert done.returncode == 1 and why in done.stderr, done.stderr
