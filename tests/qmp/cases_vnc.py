# SPDX-License-Identifier: GPL-2.0-or-later
"""VNC servers as the monitors see them: who listens, who has come, passwords."""
import os
import pathlib
import socket
import sys
import time

import cases_options
from client import Machine

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "ui"))
from rfb import Client, Refused          # pylint: disable=wrong-import-position

CASES = []


def case(function):
    CASES.append(function)
    return function


def refused(port, **kwargs):
    try:
        Client(port, **kwargs)
    except (Refused, ConnectionError):
        return
    raise AssertionError("it was not refused")


@case
def vnc_is_not_heard(env):
    """An audiodev of a server has to be one, and who names it learns that clients do not hear."""
    for form in (("-vnc", "127.0.0.1:50,to=149,audiodev=nobody"), ("-display", "vnc=127.0.0.1:50,to=149,audiodev=nobody")):
        text = cases_options.refused(*env["malta"], "-S", "-audiodev", "none,id=a", *form)
        assert "audiodev=nobody" in text and "no -audiodev" in text, text
    with Machine(*env["malta"], "-S", "-audiodev", "none,id=a", "-vnc", "127.0.0.1:50,to=149,audiodev=a") as m:
        m.qmp.negotiate().cmd("quit")
        assert m.wait() == 0
        said = m.process.stdout.read().decode()
        assert said.count("\n") == 1 and "clients do not hear" in said and "audiodev=a" in said, said


@case
def vnc_server_and_clients(env):
    with Machine(*env["malta"], "-S", "-name", "box", "-vnc", "127.0.0.1:50,to=149,audiodev=audio0") as m:
        qmp = m.qmp.negotiate()
        info = qmp.cmd("query-vnc")
        port = int(info["service"])
        assert 5950 <= port <= 6049, info
        assert info == {"enabled": True, "host": "127.0.0.1", "service": str(port), "family": "ipv4",
                        "auth": "none", "clients": []}, info
        client = Client(port)
        assert client.name == "Valletta (box)", client.name
        connected, initialized = qmp.event("VNC_CONNECTED")["data"], qmp.event("VNC_INITIALIZED")["data"]
        me = {"host": "127.0.0.1", "service": str(client.sock.getsockname()[1]), "family": "ipv4",
              "websocket": False}
        assert connected == initialized, (connected, initialized)
        assert initialized == {"client": me, "server": {"host": "127.0.0.1", "service": str(port), "family": "ipv4",
                                                        "websocket": False, "auth": "none"}}, initialized
        assert qmp.cmd("query-vnc")["clients"] == [me]
        servers = qmp.cmd("query-vnc-servers")
        assert [(s["id"], s["auth"], s["clients"]) for s in servers] == [("default", "none", [me])], servers
        text = qmp.hmp("info vnc")
        assert f"Server: 127.0.0.1:{port} (ipv4)" in text and f":{me['service']} (ipv4)" in text, text
        client.close()
        assert qmp.event("VNC_DISCONNECTED")["data"]["client"] == me
        assert "password=on" in qmp.error("set_password", {"protocol": "vnc", "password": "x"})
    with Machine(*env["malta"], "-S") as m:
        qmp = m.qmp.negotiate()
        assert qmp.cmd("query-vnc") == {"enabled": False}
        assert qmp.cmd("query-vnc-servers") == []
        assert qmp.hmp("info vnc") == "None\n"
        qmp.error("set_password", {"protocol": "vnc", "password": "x"}, class_="DeviceNotActive")


@case
def vnc_passwords(env):
    path = os.path.join(env["folder"], "vnc")
    with Machine(*env["malta"], "-S", "-vnc", f"unix:{path},password=on") as m:
        qmp = m.qmp.negotiate()
        assert qmp.cmd("query-vnc")["auth"] == "vnc"
        refused(0, path=path, password="one")
        qmp.cmd("set_password", {"protocol": "vnc", "password": "one", "connected": "keep"})
        Client(0, path=path, password="one")
        refused(0, path=path, password="two")
        qmp.cmd("change-vnc-password", {"password": "two"})
        Client(0, path=path, password="two")
        assert qmp.hmp("set_password vnc three") == ""
        Client(0, path=path, password="three")
        assert qmp.hmp("change vnc password four") == ""
        Client(0, path=path, password="four")
        qmp.cmd("expire_password", {"protocol": "vnc", "time": "now"})
        refused(0, path=path, password="four")
        qmp.cmd("expire_password", {"protocol": "vnc", "time": "+2"})
        Client(0, path=path, password="four")
        time.sleep(2.5)
        refused(0, path=path, password="four")
        assert qmp.hmp("expire_password vnc never") == ""
        Client(0, path=path, password="four")
        assert "now, never" in qmp.error("expire_password", {"protocol": "vnc", "time": "soon"})
        qmp.error("expire_password", {"protocol": "vnc", "time": "now", "display": "no"}, class_="DeviceNotFound")
        assert "'keep'" in qmp.error("set_password", {"protocol": "vnc", "password": "x", "connected": "fail"})
        assert "spice" in qmp.error("set_password", {"protocol": "spice", "password": "x"})
    assert not os.path.exists(path)


@case
def vnc_client_by_descriptor(env):
    path = os.path.join(env["folder"], "vnc")
    with Machine(*env["malta"], "-S", "-vnc", f"unix:{path},password=on") as m:
        qmp = m.qmp.negotiate()
        assert "not been found" in qmp.error("add_client", {"protocol": "vnc", "fdname": "c"})
        for skip in True, False:
            ours, theirs = socket.socketpair()
            qmp.cmd("getfd", {"fdname": "c"}, fds=[theirs.fileno()])
            theirs.close()
            qmp.cmd("add_client", {"protocol": "vnc", "fdname": "c", "skipauth": skip})
            ours.settimeout(10)
            assert ours.recv(12) == b"RFB 003.008\n"
            ours.sendall(b"RFB 003.008\n")
            assert ours.recv(2) == (b"\1\1" if skip else b"\1\2")
            ours.close()
        assert "spice" in qmp.error("add_client", {"protocol": "spice", "fdname": "c"})


@case
def vnc_keys_reach_the_guest(env):
    """What a client types is a scan code in the keyboard controller."""
    with Machine(*env["malta"], "-vnc", "127.0.0.1:50,to=149") as m:
        qmp = m.qmp.negotiate()
        client = Client(int(qmp.cmd("query-vnc")["service"]))
        qmp.event("VNC_INITIALIZED")
        qmp.hmp("o /1xb 0x64 0x60")          # the controller is told to let the keyboard's bytes pass, in set 1
        qmp.hmp("o /1xb 0x60 0x40")
        for down, code in (True, 0x1e), (False, 0x9e):
            client.key(ord("a"), down)
            end = time.time() + 10
            while not int(qmp.hmp("i /1xb 0x64").split()[-1], 16) & 1:
                assert time.time() < end, "nothing came"
                time.sleep(0.02)
            assert int(qmp.hmp("i /1xb 0x60").split()[-1], 16) == code
