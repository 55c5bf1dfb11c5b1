# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that come and go while a domain runs, by virsh."""
import os
import socket
import struct
import tempfile

from cases_life import idle
from domain import NO_DEVICES, SERIAL

CASES = []
ADDRESS = "<address type='pci' domain='0x0000' bus='0x00' slot='0x{:x}' function='0x0'/>"
SCSI = "<controller type='scsi' index='0' model='virtio-scsi'>" + ADDRESS.format(0x12) + "</controller>"
CHANNELS = "<controller type='virtio-serial' index='0'>" + ADDRESS.format(0x15) + "</controller>"
BUSY_SLOT, FREE_SLOT = 0x13, 0x14


def case(function):
    CASES.append(function)
    return function


def file(env, name, data):
    path = os.path.join(env.daemon.writable, name)
    with open(path, "wb") as out:
        out.write(data)
    os.chmod(path, 0o666)
    return path


def xml(env, name, text):
    return file(env, name + ".xml", text.encode())


def disk_xml(path, slot):
    return f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{path}'/>" \
           f"<target dev='vda' bus='virtio'/>{ADDRESS.format(slot)}</disk>"


def nic_xml(model, slot):
    return f"<interface type='user'><mac address='52:54:00:00:00:09'/><model type='{model}'/>{ADDRESS.format(slot)}" \
           "</interface>"


def devices(d):
    return d.hmp("info qtree")


@case
def disks_come_and_go(env):
    path = file(env, "unit.img", bytes(1 << 20))
    with idle(env, "units", devices=NO_DEVICES + SERIAL + SCSI) as d:
        d.virsh("start")
        for _ in range(3):
            d.virsh("attach-disk", path, "sda", "--targetbus", "scsi", "--driver", "qemu", "--subdriver", "raw", "--live")
            assert "dev: scsi-hd" in devices(d) and path in d.virsh("domblklist")
            d.virsh("detach-disk", "sda", "--live")
            assert "dev: scsi-hd" not in devices(d) and path not in d.virsh("domblklist")
        for _ in range(3):
            d.virsh("attach-device", xml(env, "vda", disk_xml(path, FREE_SLOT)), "--live")
            assert "dev: virtio-blk-pci" in devices(d)
            d.virsh("detach-disk", "vda", "--live")
            assert "dev: virtio-blk-pci" not in devices(d)
        assert "unit.img" not in d.virsh("qemu-monitor-command", '{"execute": "query-named-block-nodes"}')
        assert d.state() == "running"


@case
def usb(env):
    """The controller that libvirt adds by itself, what is on it from the start, and what comes later."""
    path = file(env, "usb.img", bytes(1 << 20))
    disk = f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{path}'/>" \
        "<target dev='sda' bus='usb' removable='on'/></disk>"
    tablet, keyboard = "<input type='tablet' bus='usb'/>", "<input type='keyboard' bus='usb'/>"
    with idle(env, "usb", devices="<memballoon model='none'/>" + SERIAL + "<hub type='usb'/>" + tablet + keyboard) as d:
        d.virsh("start")
        assert "dev: piix3-usb-uhci" in devices(d)
        listed = d.hmp("info usb")
        assert "USB Tablet, ID: input" in listed and "USB Keyboard, ID: input" in listed, listed
        for _ in range(3):
            d.virsh("attach-device", xml(env, "usb-disk", disk), "--live")
            assert "Product USB Disk, ID: usb-disk" in d.hmp("info usb") and path in d.virsh("domblklist")
            d.virsh("detach-disk", "sda", "--live")
            assert "USB Disk" not in d.hmp("info usb") and path not in d.virsh("domblklist")
        d.virsh("attach-device", xml(env, "usb-mouse", "<input type='mouse' bus='usb'/>"), "--live")
        assert "USB Mouse" in d.hmp("info usb")


@case
def cards_and_channels_come_and_go(env):
    with idle(env, "cards", devices=NO_DEVICES + SERIAL + CHANNELS) as d:
        d.virsh("start")
        for model in ("virtio", "pcnet", "e1000"):
            nic = xml(env, "nic", nic_xml(model, FREE_SLOT))
            d.virsh("attach-device", nic, "--live")
            assert "52:54:00:00:00:09" in d.virsh("domiflist") and "52:54:00:00:00:09" in d.hmp("info network")
            d.virsh("detach-interface", "user", "--mac", "52:54:00:00:00:09", "--live")
            assert "52:54:00:00:00:09" not in d.virsh("domiflist") and "user" not in d.hmp("info network")
        folder = tempfile.mkdtemp(dir=env.daemon.writable)
        os.chmod(folder, 0o777)
        channel = xml(env, "channel", f"<channel type='unix'><source mode='bind' path='{folder}/c'/>"
                      "<target type='virtio' name='org.valletta.0'/></channel>")
        for _ in range(2):
            d.virsh("attach-device", channel, "--live")
            assert "dev: virtserialport" in devices(d)
            d.virsh("detach-device", channel, "--live")
            assert "dev: virtserialport" not in devices(d) and f"{folder}/c" not in d.hmp("info chardev")


@case
def lines_by_telnet_and_udp(env):
    """As libvirt writes them; a client that comes back."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = [other.getsockname()[1]]
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.bind(("127.0.0.1", 0))
                ports.append(sock.getsockname()[1])
        lines = f"""<serial type='tcp'><source mode='bind' host='127.0.0.1' service='{ports[1]}'/>
            <protocol type='telnet'/><target port='0'/></serial>
          <serial type='udp'><source mode='bind' host='127.0.0.1' service='{ports[2]}'/>
            <source mode='connect' host='127.0.0.1' service='9'/><target port='1'/></serial>
          <serial type='tcp'><source mode='connect' host='127.0.0.1' service='{ports[0]}'>
            <reconnect enabled='yes' timeout='1'/></source><protocol type='raw'/><target port='2'/></serial>"""
        with idle(env, "lines", devices=NO_DEVICES + lines) as d:
            d.virsh("start")
            other.settimeout(30)
            for _ in range(2):
                other.accept()[0].close()
            text = d.hmp("info chardev")
            assert f"telnet:127.0.0.1:{ports[1]},server=on" in text, text
            assert f"udp:127.0.0.1:9@127.0.0.1:{ports[2]}" in text, text
            with socket.create_connection(("127.0.0.1", ports[1]), 20) as client:
                client.settimeout(20)
                assert client.recv(3) == b"\xff\xfb\x01"


@case
def what_the_guest_has_stays(env):
    """Firmware that makes the function in one slot a bus master, again and again."""
    code = struct.pack("<16I", 0x10000007, 0, 0, 0, 0, 0, 0, 0,        # over the board's number
                       0x3c08b400, 0x3c098000, 0x35290000 | BUSY_SLOT << 11 | 4,   # t0: the bridge
                       0xad090cf8, 0x240a0004, 0xad0a0cfc, 0x1000fffc, 0)
    firmware = file(env, "master.bin", code.ljust(4096, b"\0"))
    os.chmod(firmware, 0o644)
    with idle(env, "busy", firmware=firmware) as d:
        d.virsh("start")
        nic = xml(env, "busy", nic_xml("virtio", BUSY_SLOT))
        d.virsh("attach-device", nic, "--live")
        text = d.error("detach-device", nic, "--live")
        assert "in use by the guest" in text and f"0000:00:{BUSY_SLOT:x}.0/remove" in text, text
        assert "52:54:00:00:00:09" in d.virsh("domiflist") and d.state() == "running"
        d.virsh("suspend")
        d.virsh("reset")                # the function is nobody's then
        d.virsh("detach-device", nic, "--live")
        assert "52:54:00:00:00:09" not in d.virsh("domiflist")
