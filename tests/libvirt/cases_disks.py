# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks: snapshots of those in use, and chains that are made shorter, by virsh."""
import json
import os
import re
import shutil
import subprocess
import time

from console import Skip
from domain import NO_DEVICES, SERIAL, SLOWNESS, Domain

CASES = []
MIB = 1 << 20


def case(function):
    CASES.append(function)
    return function


def tool(*words):
    if not shutil.which(words[0]):
        raise Skip(f"{words[0]} (Debian's qemu-utils) is not installed")
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def image(env, name):
    path = os.path.join(env.daemon.writable, name)
    tool("qemu-img", "create", "-q", "-f", "qcow2", path, "16M")
    tool("qemu-io", "-f", "qcow2", "-c", "write -P 1 1M 3M", path)
    os.chmod(path, 0o666)
    return path


def disk(path, target="vda"):
    return f"""<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{path}'/>
      <target dev='{target}' bus='virtio'/>
      <address type='pci' domain='0' bus='0' slot='0x{0x12 + ord(target[2]) - ord("a"):x}' function='0'/></disk>"""


def with_disks(env, name, *paths):
    disks = "".join(disk(path, "vd" + chr(ord("a") + i)) for i, path in enumerate(paths))
    return Domain(env.daemon, name, "mipsel", boot=f"<kernel>{env.guests.kernel('mipsel')}</kernel>"
                  f"<initrd>{env.guests.initrd('mipsel')}</initrd><cmdline>console=ttyS0</cmdline>",
                  devices=NO_DEVICES + SERIAL + disks)


def source(domain, target="vda"):
    for line in domain.virsh("domblklist").splitlines():
        if line.split()[0] == target:
            return line.split()[1]
    raise AssertionError(f"no {target}")


def snapshot(domain, *paths):
    specs = [word for i, path in enumerate(paths)
             for word in ("--diskspec", f"vd{chr(ord('a') + i)},snapshot=external,file={path}")]
    domain.virsh("snapshot-create-as", "--disk-only", "--atomic", "--no-metadata", *specs)


def over(env, name):
    return os.path.join(env.daemon.writable, name)


def nodes(domain):
    reply = domain.virsh("qemu-monitor-command", '{"execute": "query-named-block-nodes"}')
    return [n["file"] for n in json.loads(reply)["return"] if n["drv"] == "qcow2"]


@case
def snapshots_and_commit(env):
    """Two snapshots of two disks at once; the one between is merged, then those in use."""
    disks = [image(env, f"base{i}.qcow2") for i in range(2)]
    firsts, seconds = ([over(env, f"{name}{i}.qcow2") for i in range(2)] for name in ("first", "second"))
    with with_disks(env, "disks", *disks) as d:
        d.virsh("start")
        snapshot(d, *firsts)
        assert [source(d, t) for t in ("vda", "vdb")] == firsts
        assert "rd_req" in d.virsh("domblkstat", "vda") and "Capacity" in d.virsh("domblkinfo", "vda")
        assert "block.1.path=" + firsts[1] in d.virsh("domstats", "--block")
        snapshot(d, *seconds)
        assert [source(d, t) for t in ("vda", "vdb")] == seconds
        d.virsh("blockcommit", "vda", "--top", firsts[0], "--base", disks[0], "--wait", "--verbose")
        assert firsts[0] not in nodes(d) and seconds[0] in nodes(d)
        assert json.loads(tool("qemu-img", "info", "-U", "--output=json",
                               seconds[0]))["full-backing-filename"] == disks[0]
        for target in ("vda", "vdb"):
            d.virsh("blockcommit", target, "--active", "--pivot", "--verbose", "--wait")
        assert [source(d, t) for t in ("vda", "vdb")] == disks
        assert sorted(nodes(d)) == sorted(disks), nodes(d)
        assert d.state() == "running"
        d.virsh("destroy")
    for path in disks:
        tool("qemu-img", "check", "-q", path)
        assert re.search(r"3145728/3145728", tool("qemu-io", "-r", "-f", "qcow2", "-c", "read -P 1 1M 3M", path))


@case
def commit_by_steps_and_abort(env):
    """A job that stays ready until it is told, or is given up; blockpull."""
    base, top = image(env, "step.qcow2"), over(env, "step-top.qcow2")
    with with_disks(env, "steps", base) as d:
        d.virsh("start")
        snapshot(d, top)
        d.virsh("blockcommit", "vda", "--active", "--bandwidth", "100")
        wait_ready(d)
        d.virsh("blockjob", "vda", "--abort")
        assert source(d) == top and d.state() == "running"
        d.virsh("blockcommit", "vda", "--active")
        wait_ready(d)
        d.virsh("reset")
        d.virsh("blockjob", "vda", "--pivot")
        assert source(d) == base
        os.unlink(top)
        snapshot(d, top)
        d.virsh("blockpull", "vda", "--wait")
        assert source(d) == top and nodes(d) == [top], nodes(d)
        d.virsh("destroy")
    assert "backing-filename" not in tool("qemu-img", "info", "--output=json", top)
    assert "3145728/3145728" in tool("qemu-io", "-r", "-f", "qcow2", "-c", "read -P 1 1M 3M", top)


def wait_ready(domain):
    """All is copied: the job follows the guest."""
    end = time.monotonic() + 10 * SLOWNESS
    while True:
        job = dict(line.strip().split("=") for line in domain.virsh("blockjob", "vda", "--raw").splitlines()
                   if "=" in line)
        if job.get("end", "0") != "0" and job["cur"] == job["end"]:
            return
        assert time.monotonic() < end, job
        time.sleep(0.1)


@case
def shared_folders(env):
    """<filesystem>: in each access mode the folder is opened and the device is there; one that is not there is said."""
    folder = os.path.join(env.daemon.writable, "shared")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o777)

    def domain(path):
        shares = "".join(f"""<filesystem type='mount' accessmode='{mode}'><source dir='{path}'/><target dir='{mode}'/>{more}
          <address type='pci' domain='0' bus='0' slot='0x{0x12 + i:x}' function='0'/></filesystem>"""
                         for i, (mode, more) in enumerate([("mapped", ""), ("squash", "<readonly/>"), ("passthrough", "")]))
        return Domain(env.daemon, "shares", "mipsel", boot=f"<kernel>{env.guests.kernel('mipsel')}</kernel>"
                      f"<initrd>{env.guests.initrd('mipsel')}</initrd><cmdline>console=ttyS0</cmdline>",
                      devices=NO_DEVICES + SERIAL + shares)

    with domain(folder) as d:
        d.virsh("start")
        tree = d.hmp("info qtree")
        assert tree.count("virtio-9p-pci") == 3, tree
        for mode in ("mapped", "squash", "passthrough"):
            assert f"mount_tag = {mode}\n" in tree, tree
        assert d.state() == "running"
    with domain(folder + "/nothing") as d:
        text = d.refusal()
        assert "shared/nothing" in text and "No such file" in text, text
