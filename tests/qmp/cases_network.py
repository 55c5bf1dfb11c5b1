# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks on the command line and in the monitors."""
import socket
import struct

from cases_options import refused
from client import Machine

CASES = []


def case(function):
    CASES.append(function)
    return function


def network_of(env, *options):
    """What info network says of a board with these; -nodefaults is left out."""
    line = [env["program"], "-M", "malta,endian=little", "-bios", env["firmware"], "-serial", "null", "-S", *options]
    with Machine(*line) as m:
        return m.qmp.negotiate().hmp("info network").replace("\r", "")


@case
def what_the_options_make(env):
    first = "pcnet.0: index=0,type=nic,model=pcnet,macaddr=52:54:00:12:34:56\n"
    user = "index=0,type=user,net=10.0.2.0,restrict=off\n"
    assert network_of(env) == f"{first} \\ #net0: {user}"
    assert network_of(env, "-nodefaults") == ""
    assert network_of(env, "-nic", "none") == "" == network_of(env, "-net", "none")
    assert network_of(env, "-netdev", "user,id=lone") == f"lone: {user}"
    assert network_of(env, "-nic", "user,id=u,mac=52:54:00:00:00:01,restrict=on") == \
        "pcnet.0: index=0,type=nic,model=pcnet,macaddr=52:54:00:00:00:01\n" \
        " \\ u: index=0,type=user,net=10.0.2.0,restrict=on\n"
    two = network_of(env, "-nic", "user", "-nic", "user,model=e1000")
    assert "macaddr=52:54:00:12:34:56" in two and "model=e1000,macaddr=52:54:00:12:34:57" in two, two
    hub = network_of(env, "-net", "nic", "-net", "user", "-net", "nic,model=e1000,macaddr=52:54:00:00:00:02")
    assert hub == f"hub 0\n \\ #hub0port0: {first} \\ #hub0port1: #net0: {user}" \
        " \\ #hub0port2: e1000.0: index=0,type=nic,model=e1000,macaddr=52:54:00:00:00:02\n", hub
    own = network_of(env, "-netdev", '{"type": "user", "id": "n", "hostfwd": [{"str": "tcp:127.0.0.1:0-:22"}]}',
                     "-device", '{"driver": "e1000", "netdev": "n", "id": "card", "addr": "0x13"}')
    assert own == f"card: index=0,type=nic,model=e1000,macaddr=52:54:00:12:34:56\n \\ n: {user}", own


@case
def where_devices_are(env):
    line = [env["program"], "-M", "malta,endian=little", "-bios", env["firmware"], "-serial", "null", "-S"]
    with Machine(*line, "-nic", "user", "-nic", "user", "-nic", "user,addr=13") as m:
        devices = m.qmp.negotiate().cmd("query-pci")[0]["devices"]
        slots = [d["slot"] for d in devices if d["id"] == {"device": 0x2000, "vendor": 0x1022}]
        assert slots == [11, 18, 19], slots


@case
def what_is_refused(env):
    malta = env["malta"]
    for options, part in ((("-nic", "user,model=frob"), "model=help"), (("-nic", "frob"), "no network back end 'frob'"),
                          (("-nic", "user,mac=1"), "mac=1"), (("-net", "nic,netdev=x"), "no such -netdev"),
                          (("-device", "pcnet,netdev=x"), "no such -netdev"),
                          (("-netdev", "user,id=n", "-device", "pcnet,netdev=n", "-device", "pcnet,netdev=n"), "in use"),
                          (("-netdev", "user,id=n,hostfwd=tcp::1-"), "hostfwd="),
                          (("-object", "filter-dump,id=f,netdev=x,file=/dev/null"), "no such -netdev"),
                          (("-object", "filter-mirror,id=f"), "needs netdev=ID"),
                          (("-netdev", "user,id=n", "-object", "filter-mirror,id=f,netdev=n,outdev=x"),
                           "no -chardev with id=x"),
                          (("-netdev", "user,id=n", "-object", "filter-buffer,id=f,netdev=n"), "interval="),
                          (("-object", "filter-replay,id=f"), "recorded")):
        text = refused(*malta, *options)
        assert part in text, text
    assert "no board" in refused(*env["none"], "-nic", "user")


@case
def forwarding(env):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    with Machine(*env["malta"], "-netdev", "user,id=n", "-device", "pcnet,netdev=n") as m:
        qmp = m.qmp.negotiate()
        assert qmp.hmp(f"hostfwd_add n tcp:127.0.0.1:{port}-:22") == ""
        assert f"127.0.0.1 {port}" in qmp.hmp("info usernet")
        socket.create_connection(("127.0.0.1", port), 10).close()
        assert "cannot be had" in qmp.hmp(f"hostfwd_add tcp:127.0.0.1:{port}-:23")
        assert "no user network 'x'" in qmp.hmp(f"hostfwd_add x tcp:127.0.0.1:{port}-:23")
        assert "removed" in qmp.hmp(f"hostfwd_remove n tcp:127.0.0.1:{port}")
        assert "no forwarding" in qmp.hmp(f"hostfwd_remove n tcp:127.0.0.1:{port}")
        assert "TCP[HOST_FORWARD]" not in qmp.hmp("info usernet")


@case
def added_and_taken_away(env):
    with Machine(*env["malta"]) as m:
        qmp = m.qmp.negotiate()
        assert qmp.hmp("netdev_add user,id=n") == ""
        qmp.cmd("device_add", {"driver": "pcnet", "netdev": "n", "id": "card"})
        assert "\\ n: index=0" in qmp.hmp("info network")
        assert qmp.cmd("qom-get", {"path": "/machine/peripheral/card", "property": "mac"}) == "52:54:00:12:34:56"
        assert qmp.hmp("set_link card off") == "" and "link=down" in qmp.hmp("info network")
        assert qmp.hmp("set_link card on") == "" and "link=down" not in qmp.hmp("info network")
        assert qmp.hmp("netdev_del n") == ""
        assert qmp.hmp("info network").replace("\r", "") == \
            "card: index=0,type=nic,model=pcnet,macaddr=52:54:00:12:34:56\n"
        qmp.cmd("netdev_add", {"type": "user", "id": "n"})


@case
def a_dump_of_what_passes(env):
    """Two hubs' ports in one machine, a frame from outside through a socket."""
    path = env["folder"] + "/dump.pcap"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with Machine(*env["malta"], "-netdev", f"socket,id=s,connect=127.0.0.1:{port}", "-netdev", "hubport,id=a,hubid=1,netdev=s",
                     "-netdev", "hubport,id=b,hubid=1", "-object", f"filter-dump,id=f,netdev=s,file={path},maxlen=20") as m:
            qmp = m.qmp.negotiate()
            peer = server.accept()[0]
            frame = bytes(range(100))
            peer.sendall(struct.pack(">I", 100) + frame)
            peer.sendall(struct.pack(">I", 100) + frame)
            peer.sendall(struct.pack(">I", 1 << 20))        # no frame: it is disconnected
            assert peer.recv(1) == b""
            peer.close()
            assert "disconnected" in qmp.hmp("info network")
    with open(path, "rb") as file:
        data = file.read()
    assert struct.unpack("=IHHiIII", data[:24]) == (0xa1b2c3d4, 2, 4, 0, 0, 20, 1)
    assert len(data) == 24 + 2 * (16 + 20) and data[40:60] == frame[:20]
    assert struct.unpack("=II", data[32:40]) == (20, 100)


@case
def frames_on_character_devices(env):
    """A mirror's stream, an announcement through it, and one that comes in by a redirector."""
    with Machine(*env["malta"], "-netdev", "user,id=n", "-device", "pcnet,netdev=n,id=card", "-chardev",
                 "socket,id=out,host=127.0.0.1,port=0,server=on,wait=off") as m:
        qmp = m.qmp.negotiate()
        name = next(d["filename"] for d in qmp.cmd("query-chardev") if d["label"] == "out")
        peer = socket.create_connection(("127.0.0.1", int(name.split(",")[0].rsplit(":", 1)[1])), 20)
        qmp.cmd("object-add", {"qom-type": "filter-mirror", "id": "m", "netdev": "n", "outdev": "out", "queue": "rx"})
        assert "is busy" in qmp.error("chardev-remove", {"id": "out"})
        assert qmp.cmd("qom-get", {"path": "/objects/m", "property": "status"}) == "on"
        qmp.cmd("announce-self", {"initial": 50, "max": 100, "rounds": 1, "step": 10})
        data = b""
        while len(data) < 64:
            data += peer.recv(100)
        assert data == b"\0\0\0\x3c" + b"\xff" * 6 + bytes.fromhex("525400123456") + \
            bytes.fromhex("8035 0001 0800 0604 0003 525400123456 00000000 525400123456 00000000") + bytes(18), data
        qmp.cmd("qom-set", {"path": "/objects/m", "property": "status", "value": "off"})
        assert qmp.hmp("announce_self card x") == "" and "no network device" in qmp.hmp("announce_self n")
        qmp.cmd("qom-set", {"path": "/objects/m", "property": "status", "value": "on"})
        assert "should be" in qmp.error("qom-set", {"path": "/objects/m", "property": "status", "value": "maybe"})
        assert "only be given" in qmp.error("qom-set", {"path": "/objects/m", "property": "netdev", "value": "n"})
        assert qmp.hmp("qom-set /objects/m status off") == ""
        qmp.cmd("announce-self", {"initial": 50, "max": 100, "rounds": 0, "step": 10, "id": "x"})
        assert "no network device" in qmp.error("announce-self", {"initial": 1, "max": 1, "rounds": 1, "step": 1,
                                                                  "interfaces": ["n"]})
        assert "rounds" in qmp.error("announce-self", {"initial": 1, "max": 1, "rounds": -1, "step": 1})
        qmp.cmd("object-del", {"id": "m"})
        qmp.cmd("object-add", {"qom-type": "filter-buffer", "id": "b", "netdev": "n", "interval": 1000})
        qmp.cmd("qom-set", {"path": "/objects/b", "property": "interval", "value": 2000})
        assert qmp.cmd("qom-get", {"path": "/objects/b", "property": "interval"}) == 2000
        qmp.cmd("netdev_del", {"id": "n"})
        qmp.cmd("object-del", {"id": "b"})
        qmp.cmd("chardev-remove", {"id": "out"})
        peer.close()
