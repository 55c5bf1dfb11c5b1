# SPDX-License-Identifier: GPL-2.0-or-later
"""<graphics type='vnc'/>: where it is, its password, and a client that looks."""
import os
import pathlib
import re
import sys

from cases_life import idle
from domain import NO_DEVICES, SERIAL

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "ui"))
from rfb import Client, Refused          # pylint: disable=wrong-import-position

CASES = []
NO_CARD = NO_DEVICES + SERIAL + "<video><model type='none'/></video>"


def case(function):
    CASES.append(function)
    return function


def refused(**kwargs):
    try:
        Client(0, **kwargs)
    except (Refused, ConnectionError):
        return
    raise AssertionError("it was not refused")


@case
def vnc_port(env):
    graphics = "<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1' keymap='de'/>"
    with idle(env, "seen", devices=NO_CARD + graphics) as d:
        d.virsh("start")
        place = d.virsh("vncdisplay").strip()
        number = re.fullmatch(r"127\.0\.0\.1:(\d+)", place)
        assert number, place
        assert d.virsh("domdisplay").strip() == f"vnc://{place}"
        assert f"Server: 127.0.0.1:{5900 + int(number[1])} (ipv4)" in d.hmp("info vnc")
        assert d.state() == "running"


@case
def vnc_socket_and_password(env):
    path = os.path.join(env.folder, "vnc.sock")
    os.chmod(env.folder, 0o777)
    graphics = f"<graphics type='vnc' passwd='secret'><listen type='socket' socket='{path}'/></graphics>"
    with idle(env, "seen", devices=NO_CARD + graphics) as d:
        d.virsh("start")
        client = Client(0, path=path, password="secret")
        assert client.name == "Valletta (seen)", client.name
        refused(path=path, password="Secret")
        xml = os.path.join(env.folder, "graphics.xml")
        with open(xml, "w", encoding="ascii") as out:
            out.write(graphics.replace("'secret'", "'another'"))
        os.chmod(xml, 0o666)
        d.virsh("update-device", xml)
        refused(path=path, password="secret")
        Client(0, path=path, password="another")
        client.close()
        d.virsh("destroy")
        assert not os.path.exists(path)
