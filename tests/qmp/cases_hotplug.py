# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that are taken out while a guest runs: events, errors, what is free afterwards."""
import os

from client import Machine

CASES = []


def case(function):
    CASES.append(function)
    return function


def image(env, name):
    path = os.path.join(env["folder"], name)
    with open(path, "wb") as out:
        out.truncate(1 << 20)
    return path


@case
def deleted_devices_are_told(env):
    path = image(env, "hotplug.img")
    with Machine(*env["malta"], "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n,id=card", "-device",
                 "virtio-scsi-pci,id=s", monitors=2) as m:
        first, second = (client.negotiate() for client in m.clients)
        first.cmd("device_del", {"id": "card"})
        for client in (first, second):
            assert client.event("DEVICE_DELETED")["data"] == {"device": "card", "path": "/machine/peripheral/card"}
        assert "card" not in [d["name"] for d in first.cmd("qom-list", {"path": "/machine/peripheral"})]
        first.error("device_del", {"id": "card"}, class_="DeviceNotFound")
        first.cmd("device_add", {"driver": "pcnet", "netdev": "n", "id": "card"})
        # By its path; by the text monitor.
        first.cmd("device_del", {"id": "/machine/peripheral/card"})
        first.event("DEVICE_DELETED")
        first.cmd("device_add", {"driver": "e1000", "netdev": "n", "id": "card"})
        assert first.cmd("qom-get", {"path": "/machine/peripheral/card", "property": "hotpluggable"}) is True
        assert first.cmd("qom-get", {"path": "/machine/unattached/device[2]", "property": "hotpluggable"}) is False
        assert first.hmp("device_del card") == "" and "not found" in first.hmp("device_del card")
        first.event("DEVICE_DELETED")
        first.cmd("netdev_del", {"id": "n"})
        # A node; a drive goes with its device.
        first.cmd("blockdev-add", {"driver": "raw", "node-name": "node", "file": {"driver": "file", "filename": path}})
        for _ in range(3):
            first.cmd("device_add", {"driver": "scsi-hd", "bus": "s.0", "drive": "node", "id": "u"})
            assert [b["qdev"] for b in first.cmd("query-block") if b.get("qdev")]
            assert "in use" in first.error("blockdev-del", {"node-name": "node"})
            first.cmd("device_del", {"id": "u"})
            assert first.event("DEVICE_DELETED")["data"]["device"] == "u"
        first.cmd("blockdev-del", {"node-name": "node"})
        first.cmd("device_add", {"driver": "scsi-cd", "id": "c"})
        first.cmd("device_add", {"driver": "scsi-cd"})
        first.cmd("device_del", {"id": "s"})
        gone = [first.event("DEVICE_DELETED")["data"] for _ in range(3)]
        assert [g.get("device") for g in gone] == ["c", None, "s"], gone
        assert gone[1]["path"].startswith("/machine/peripheral-anon/device[")
        assert first.cmd("query-status")["running"]


@case
def parts_of_devices_are_not_told(env):
    """The disk in usb-storage, which nobody has added."""
    path = image(env, "usb.img")
    with Machine(*env["malta"], "-device", "usb-hub,id=hub,port=1", "-blockdev",
                 f"raw,node-name=n,file.driver=file,file.filename={path}") as m:
        qmp = m.qmp.negotiate()
        for name in ("one", "two"):
            qmp.cmd("device_add", {"driver": "usb-storage", "id": name, "drive": "n", "port": "1.2"})
            assert any(d["type"] == "child<scsi-hd>" for d in qmp.cmd("qom-list", {"path": "/machine/unattached"}))
            if name == "one":
                qmp.cmd("device_del", {"id": name})
                qmp.cmd("query-status")
                gone = [e["data"] for e in qmp.events if e["event"] == "DEVICE_DELETED"]
                assert gone == [{"device": name, "path": f"/machine/peripheral/{name}"}], gone
                qmp.events.clear()
        qmp.cmd("device_del", {"id": "hub"})         # and what is behind it
        qmp.cmd("query-status")
        gone = [e["data"].get("device") for e in qmp.events if e["event"] == "DEVICE_DELETED"]
        assert gone == ["two", "hub"], gone


@case
def a_drive_goes_with_its_device(env):
    path = image(env, "drive.img")
    with Machine(*env["malta"], "-drive", f"file={path},format=raw,if=none,id=d", "-device",
                 "virtio-blk-pci,drive=d,id=disk", "-drive",
                 "if=none,id=e,media=cdrom") as m:
        qmp = m.qmp.negotiate()
        assert [b["device"] for b in qmp.cmd("query-block")] == ["d", "e"]
        qmp.cmd("device_del", {"id": "disk"})
        qmp.event("DEVICE_DELETED")
        assert [b["device"] for b in qmp.cmd("query-block")] == ["e"]
        assert "d:" not in qmp.hmp("info block") and qmp.cmd("query-blockstats")
        qmp.error("block_resize", {"device": "d", "size": 1 << 21}, class_="DeviceNotFound")
        assert "d" in qmp.error("device_add", {"driver": "virtio-blk-pci", "drive": "d"})
        qmp.cmd("blockdev-add", {"driver": "raw", "node-name": "again", "file": {"driver": "file", "filename": path}})
        qmp.cmd("device_add", {"driver": "virtio-blk-pci", "drive": "again", "id": "disk"})
        qmp.cmd("system_reset")


@case
def what_cannot_be_taken_out(env):
    path = image(env, "ide.img")
    with Machine(*env["malta"], "-drive", f"file={path},format=raw,if=none,id=d", "-device", "ide-hd,drive=d,id=disk",
                 "-device", "pc-testdev,id=t") as m:
        qmp = m.qmp.negotiate()
        for name in ("disk", "t"):
            assert "does not support hotplugging" in qmp.error("device_del", {"id": name})
            assert "does not support hotplugging" in qmp.hmp(f"device_del {name}")
        paths = [f"/machine/unattached/{d['name']}" for d in qmp.cmd("qom-list", {"path": "/machine/unattached"})
                 if d["type"] == "child<PIIX4>"]
        assert "part of the board" in qmp.error("device_del", {"id": paths[0]})
        qmp.error("device_del", {"id": "/machine/unattached/device[0]"}, class_="DeviceNotFound")
        # While it stands, too.
        qmp.cmd("stop")
        qmp.cmd("device_add", {"driver": "pcnet", "id": "card"})
        qmp.cmd("device_del", {"id": "card"})
        assert qmp.event("DEVICE_DELETED")["data"]["device"] == "card"
        qmp.cmd("cont")
